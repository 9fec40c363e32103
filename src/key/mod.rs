//! What decides an image on one platform, as one digest: the build key.
//!
//! ```text
//! graph without bases ─┐
//! digests of bases ────┤
//! configuration ───────┼─▶ Parts ──canonical JSON──▶ BuildKey  v1:sha256:…
//! files, lock, period ─┘
//! ```
//!
//! [`Parts`] names every ingredient, and the key is the digest of its bytes. Both are written at the top of the
//! pushed index, as annotations ([`annotation`]), so that any machine can answer whether an image is up to date, and
//! what has changed where it is not, with one request and no builder. Nothing here computes an ingredient: this
//! module knows neither recipes nor graphs nor files.
//!
//! What is no ingredient, and why, is told in docs/build-key.md: the clock, the host, paths of the checkout, the
//! builder, secrets, proxies and certificates.

pub mod annotation;
mod build_key;
mod parts;

pub use build_key::{BuildKey, ParseBuildKeyError};
pub use parts::{Change, FORM, Parts};
