//! Values as text for people, and as JSON for programs.

pub(super) mod doctor;
pub(super) mod findings;
pub(super) mod graph;
pub(super) mod json;
pub(super) mod lint;
pub(super) mod lock;
pub(super) mod modes;
pub(super) mod outdated;
pub(super) mod progress;
pub(super) mod prove;
pub(super) mod rebuild;
pub(super) mod report;
pub(super) mod shown;
pub(super) mod table;
mod trials;
pub(super) mod verify;
pub(super) mod why;
pub(super) mod words;
