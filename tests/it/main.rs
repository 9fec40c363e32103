//! All integration tests in one binary, so that they are linked once.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "tests may stop where they stand, and say why they skip"
)]

mod context;
mod layers;
mod llb_vectors;
mod oci;
mod proto;
mod record;
mod registry;
mod tidy;
