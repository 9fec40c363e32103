//! The Backend.AI kernel contract: what the platform reads from an image, and what it makes of it.
//!
//! A kernel image tells the platform about itself with labels of its configuration, with files in
//! `/etc/backend.ai/service-defs`, and with its tag. Releases read them differently, and a label that one
//! of them cannot read is seen late: at the scan of a registry, where it may take other images with it, or at
//! the start of a session. Everything here is a pure function from text to a value or a [`Fault`], which says
//! which releases it concerns and what to do.
//!
//! The rules are what the platform's own code does, not its documentation, and accept what it accepts. Where
//! they are stricter on purpose, [`STRICTER`] names it; and the text of a definition is UTF-8 without a byte order
//! mark.
//!
//! Knows nothing of recipes, files or terminals.

mod braces;
mod definition;
mod distro;
mod fault;
mod json;
mod label;
mod labels;
mod page;
mod reference;
mod release;
mod resource;
mod retired;
mod service_ports;
mod services;
mod tag;
mod value;

pub use definition::{Definition, check_definition};
pub use distro::check_base_distro;
pub use fault::{Fault, Rule, Weight};
pub use label::{LabelKey, PREFIX, REQUIRED, is_label};
pub use labels::{KernelLabels, Role, check, check_set};
pub use page::{judged, page};
pub use reference::{Entry, LABELS, STRICTER};
pub use release::{NEWEST, OLDEST, ParseReleaseError, Range, Release, Releases};
pub use resource::{Bound, Quantity, Slot, mem, number};
pub use retired::{RETIRED, Retired, retired};
pub use service_ports::{
    Protocol, RESERVED_PORTS, ServicePort, check_port, check_ports, check_service_name, parse_ports,
};
pub use services::{FOLDER as DEFINITIONS, check_services, defines};
pub use tag::{check_repository, check_tag, check_tag_and_labels};
pub use value::{check_item, check_value};
