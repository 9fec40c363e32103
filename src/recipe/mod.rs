//! Recipe text to images: what the user wrote, and what it says for each variant and platform.
//!
//! ```text
//! files ──yaml──▶ trees ──merge──▶ tree ──parse──▶ Recipe ──expand (variant × platform)──▶ Image
//! ```
//!
//! A [`Recipe`] is checked and still holds conditions and expressions; an [`Image`] holds plain values
//! only. Must not know LLB, the network, records or a terminal.

mod budget;
mod defaults;
mod dockerfile;
mod expand;
pub mod expr;
mod extend;
mod hbs;
mod image;
mod kernel;
mod library;
mod memo;
mod merge;
mod model;
mod parse;
mod resolve;
mod scope;
mod snippet;
pub mod steps;
mod tests;
mod uses;
mod variant;
mod view;

pub use dockerfile::{Dockerfile, name_in_file};
pub use expand::{Surroundings, expand};
pub use image::{
    Base, CacheMount, Command, Content, EnvChange, EnvEntry, From, Healthcheck, Image, Mount,
    MountSource, Network, Program, RecipeRef, Runtime, SecretTarget, SecretUse, Shell, Stage,
    StagePlatform, Step, StepKind,
};
pub use kernel::{Kernel, ServiceDefinition};
pub use library::{File, Library};
pub use model::{Defaults, Recipe};
pub(crate) use parse::workspace_path;
pub use parse::{finding, place_within};
pub use resolve::{Entry, Line, Origin, Resolved, Tree, TreeKind, lines, resolve, together};
pub use scope::Facts;
pub use tests::{Emulation, Expect, FileTest, Limits, Refresh, RunTest, Test, TestKind};
pub use variant::{Axis, Row, Variant};
