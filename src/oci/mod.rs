//! The nouns of the OCI standards: digests, platforms, references, descriptors, manifests, indexes, configurations.
//!
//! This module is pure: it reads no files, talks to no network and knows nothing of recipes, builders or registries.
//! Everything here is a value that holds its own rules by construction:
//!
//! * a [`Digest`] has a known algorithm and the right length,
//! * a [`Platform`] is one of a closed list, normalised, and never guessed from the machine that runs us,
//! * a [`Reference`] always has a tag or a digest,
//! * an [`Index`] that was [assembled](Index::assemble) has one entry per platform, in a fixed order, with bare entries.
//!
//! Documents become bytes in one place only, [`canonical`]: struct fields in the order of the image-spec, ordered maps,
//! compact JSON. The same value therefore always has the same digest, which is what makes "nothing to do" cheap and
//! a repeated push harmless. Documents made by others keep the members that we do not know.

pub mod canonical;
mod compression;
mod descriptor;
mod digest;
mod fault;
mod image_config;
mod index;
pub mod layout;
mod manifest;
mod platform;
mod reference;
mod repository;
mod text_form;
pub mod validate;

pub use self::canonical::EncodeError;
pub use self::compression::{Compression, Packing};
pub use self::descriptor::{Descriptor, MediaType, WirePlatform};
pub use self::digest::{Algorithm, Digest, Digester, ParseDigestError};
pub use self::image_config::{ContainerConfig, Empty, Healthcheck, History, ImageConfig, RootFs};
pub use self::index::{AssembleError, Index};
pub use self::manifest::Manifest;
pub use self::platform::{ParsePlatformError, Platform};
pub use self::reference::{ParseReferenceError, Reference, Tag, Target};
pub use self::repository::{ParseRepositoryError, RegistryHost, Repository};
