//! The verbs: what a user asks for, told as a story of the stages.
//!
//! The only place where stages meet. A verb takes options, asks its backends through traits, and gives
//! back values; it never prints, and knows neither the command line nor the terminal.

mod apart;
pub mod build;
mod builders;
pub mod connect;
mod current;
pub mod doctor;
mod error;
mod facts;
mod find;
mod given;
mod graph;
mod init;
mod layout;
pub mod lint;
mod load;
pub mod lock;
mod mask;
mod modes;
mod outdated;
mod password;
mod places;
mod plan;
pub mod probe;
pub mod prove;
pub mod rebuild;
mod resolve;
mod settings;
mod show;
mod source;
mod verify;
mod wanted;
mod why;
mod window;

pub use apart::apart;
pub use current::{Reason, ReasonKind, State};
pub use error::OpError;
pub use given::{Given, SecretFrom};
pub use graph::{Edge, Graph, GraphOptions, Node, NodeKind, graph, graph_with_states};
pub use init::init;
pub use load::{LoadOptions, Loaded, load, load_workspace};
pub use mask::Mask;
pub use modes::{LegModes, ShownBuilder, ShownStep};
pub use outdated::{Outdated, OutdatedImage, OutdatedOptions, PublishedBy, outdated};
pub use places::Destination;
pub use plan::{PlanOptions, PlannedImage, PlannedLeg, Planning, plan, write_llb};
pub use settings::{Setting, settings};
pub use show::{Entry, Line, Origin, ShowOptions, Shown, Tree, TreeKind, lines, show};
pub use verify::{Checked, Outcome, Verified, VerifiedPlatform, VerifyOptions, verify};
pub use why::{Story, Why, WhyLeg, WhyMade, WhyRecord, why};

/// The releases of Backend.AI that an image is held against.
pub use crate::kernel::{Release, Releases};
/// What is wrong with a published image.
pub use crate::lint::image::ImageFinding;
/// An error and its causes in one line.
pub use crate::text::with_causes;
