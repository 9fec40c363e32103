//! Words to and from the user: arguments in, text out.
//!
//! Results go to standard output, everything else to standard error. Must not know LLB, BuildKit or
//! registries: all of that is behind `ops`.

mod app;
mod build;
mod common;
mod completion;
mod config;
mod doctor;
mod examples;
mod exit;
mod explain;
mod graph;
mod init;
mod lint;
mod lock;
mod out;
mod outdated;
mod output;
mod plan;
mod prove;
mod rebuild;
mod render;
mod schema;
mod show;
mod update;
mod verify;
mod why;

pub use app::main;
pub use exit::Exit;
