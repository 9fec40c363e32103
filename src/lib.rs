//! kiln builds container images for several platforms from YAML recipes.
//!
//! ```text
//! recipe text ─parse→ Recipe ─expand→ Image ─plan→ Plan ─lower→ State ─marshal→ Definition
//!       ─solve→ PlatformResult ─assemble→ Index ─push→ (registry) ─append→ Record
//! ```
//!
//! Data flows one way, and each stage is a type: what has not been decided yet cannot be handed to a
//! stage that needs the decision. [`ops`] is the only place where stages meet; [`cli`] turns
//! arguments into options and values into text. Who may import whom is a table in
//! `docs/architecture.md`, and a test.
//!
//! The names are the field's own: OCI's descriptor, manifest, index and platform; BuildKit's op,
//! vertex, definition, solve, exporter and session. A *leg* is one image on one platform.

pub mod buildkit;
pub mod cli;
pub mod config;
pub mod context;
pub mod credentials;
pub mod diagnostic;
pub mod kernel;
pub mod key;
pub mod layer;
pub mod lint;
pub mod llb;
pub mod lock;
pub mod lower;
pub mod oci;
pub mod ops;
pub mod plan;
pub mod proto;
pub mod recipe;
pub mod record;
pub mod registry;
pub mod schema;
pub mod text;
pub mod workspace;
pub mod yaml;
