//! A generic builder of BuildKit's low-level build graph (LLB).
//!
//! A [`State`] is an immutable handle on a file system that a graph of ops yields. Each op's bytes are
//! made when the op is added, in BuildKit's own canonical form, and its identity is the digest of
//! those bytes: there is no counter and no second pass, so the same graph is the same bytes on every
//! machine, and a part that two graphs share is the same vertex to the daemon.
//!
//! Every state has a platform, given by the caller and never guessed. Ops whose result does not
//! depend on it (files, downloads, local folders, merge, diff) are written without one, so that the
//! graphs of two platforms share them.
//!
//! Must not know recipes, labels or the network.

mod definition;
mod dump;
mod exec;
mod file;
mod layers;
mod local_use;
mod mounts;
mod source;
mod vertex;

pub use definition::Definition;
pub use dump::dump;
pub use exec::{Exec, ExecError, Executed, NetworkMode, ProxyEnv};
pub use file::{CopyOptions, FileActions, FileMode, FileOwner};
pub use layers::{diff, merge};
pub use local_use::LocalUse;
pub use mounts::CacheSharing;
pub use source::{GitSource, HttpSource, ImageSource, LocalSource, OciLayoutSource};
pub use vertex::{Note, State};
