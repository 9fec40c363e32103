//! The program against a real builder and a real registry.
//!
//! Every test is one fact. It makes a workspace and a repository of its own and runs the program as a
//! user would, so tests run side by side and again and again. Without `KILN_LIVE=1` each says that it
//! is skipped; what takes minutes wants `KILN_LIVE_LONG=1` as well. `tests/lab/lab run` gives both
//! builder and registry.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "tests may stop where they stand, and say why they skip"
)]

// How tests see the world.
mod alone;
mod authority;
mod canaries;
mod daemon;
mod disk;
mod doors;
mod internet;
mod lab;
mod layers;
mod platform_cases;
mod published;
mod web;
mod workspace;

// What they find.
mod apk_conda;
mod apt;
mod apt_sources;
mod bases;
mod beginning;
mod canary;
mod checkouts;
mod committing;
mod compressing;
mod contexts;
mod copying;
mod counting;
mod dnf;
mod dockerfile_faults;
mod dockerfiles;
mod doctor;
mod editors;
mod examples;
mod failing;
mod fallbacks;
mod fetching;
mod files;
mod given;
mod graphs;
mod index;
mod interrupting;
mod keeping;
mod kernel_catalogue;
mod kernels;
mod keys;
mod locking;
mod losing;
mod mistakes;
mod mounting;
mod native;
mod outdated;
mod outputs;
mod parents;
mod pip;
mod platform;
mod probing;
mod programs;
mod proving;
mod reaching;
mod rebuilding;
mod recipes;
mod repeating;
mod reproducing;
mod running;
mod secure;
mod services;
mod sharing;
mod stages;
mod surroundings;
mod telling;
mod testing;
mod tools;
mod trust;
mod uv;
mod verifying;
mod verifying_kernels;
