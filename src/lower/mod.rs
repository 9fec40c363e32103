//! What a recipe means in LLB.
//!
//! An [`Image`](crate::recipe::Image)'s content for one platform becomes a [`State`], an image
//! configuration with full history, and a list of what the solve needs from the session. It is
//! lowered in one of two [`Form`]s:
//!
//! * the **platform form** has everything that decides the result and nothing else. It is the same
//!   whatever builder makes the image: no proxy, no trust, no native platform. Identity is taken from it;
//! * the **builder form** adds how a given builder makes it: proxies, the client's certificates, its own
//!   platform for stages that run natively, whether its cache may be used.
//!
//! Must not know the network or the plan: bases arrive resolved, in [`Pins`].

mod base;
mod chain;
mod config;
mod copy;
mod definitions;
mod dockerfile;
mod dockerfile_text;
mod local;
mod locking;
mod mode;
mod native;
mod packages;
mod pins;
mod program;
mod requirements;
mod sources;
mod stages;
mod tests;
mod trust;

use std::collections::BTreeSet;

use crate::diagnostic::Finding;
use crate::llb::{ProxyEnv, State};
use crate::oci::{ImageConfig, Platform};
use crate::recipe::Content;
use crate::text::Place;

pub use base::layout_name;
pub use dockerfile::{images_of, unbuilt};
pub use local::{CONTEXT, LocalFiles, Origin};
pub use locking::{Locking, PipInputs, pip_inputs};
pub use mode::{Mode, StepMode, Typed};
pub use native::{Aid, Decline, StepId, Trail, TwinStep, TypedOps};
pub use packages::{project, toml};
pub use pins::{BaseRecord, Parent, PinnedImage, PinnedLayout, Pins};
pub use requirements::{IndexLine, extra_indexes, name_of};
pub use tests::{Tested, finished};
pub use trust::{CA_SECRET, trust_secrets};

/// Who the graph is for.
#[derive(Debug, Clone)]
pub enum Form {
    /// What decides the result, the same for every builder.
    Platform,
    /// How a given builder makes it.
    Builder(BuilderFacts),
}

/// What the builder form depends on.
#[derive(Debug, Clone)]
pub struct BuilderFacts {
    /// The builder's own platform.
    pub native: Platform,
    /// Whether the session has a bundle of certificates for networked steps.
    pub trust: bool,
    /// Proxies for networked steps.
    pub proxy: ProxyEnv,
    /// Whether results that the builder knows may not be used.
    pub no_cache: bool,
    /// Foreign platforms whose programs run inside of an op of the builder's own platform: its kernel has an
    /// emulator for them that needs no file of the image.
    pub inside: BTreeSet<Platform>,
    /// How typed steps are made for foreign platforms.
    pub typed: Typed,
}

/// The time in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Epoch {
    /// Seconds since 1970.
    pub seconds: i64,
    /// Whether the image is to be the same bytes wherever and whenever it is built: programs see the
    /// epoch as `SOURCE_DATE_EPOCH`, and later times in new layers are set back to it.
    pub reproducible: bool,
}

/// Everything the lowering of one image on one platform needs.
#[derive(Debug)]
pub struct Job<'a> {
    /// What the image contains.
    pub content: &'a Content,
    /// The platform.
    pub platform: Platform,
    /// The image's repository: caches of its steps are kept apart by it.
    pub repository: &'a str,
    /// Time of everything made by file steps, and of the image.
    pub epoch: Epoch,
    /// What names resolve to.
    pub pins: &'a Pins,
    /// Files of the workspace.
    pub files: &'a LocalFiles,
    /// Who it is for.
    pub form: &'a Form,
    /// What helps with typed steps where the platform is foreign to the builder.
    pub aid: Option<&'a Aid>,
}

/// An image on one platform, ready to be solved.
#[derive(Debug, Clone)]
pub struct Lowered {
    /// The finished file system.
    pub state: State,
    /// The image's configuration; the layers' digests are filled in by the exporter.
    pub config: ImageConfig,
    /// The base's configuration as it was read: its layers and history are left alone.
    pub base_config: Option<Vec<u8>>,
    /// What the manifest says it is based on.
    pub base: Option<BaseRecord>,
    /// What the solve needs besides the graph.
    pub needs: Needs,
    /// Lists of packages that a lock could hold, in the order of the steps.
    pub pip: Vec<PipAsked>,
    /// How each step that runs a program runs it, in their order; empty in the platform form, which knows no
    /// builder.
    pub modes: Vec<StepMode>,
    /// Its typed steps, for the legs of other platforms.
    pub trail: Trail,
    /// The ops of typed steps, which may decline what is asked of them.
    pub ops: TypedOps,
}

/// What a solve needs from session and daemon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// Ids of secrets that steps name, with whether each is required.
    pub secrets: BTreeSet<(String, bool)>,
    /// Ids of ssh agents.
    pub ssh: BTreeSet<String>,
    /// Whether a step runs in the host's network.
    pub host_network: bool,
}

/// A list of packages that a step asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipAsked {
    /// What it asks for.
    pub inputs: PipInputs,
    /// Where the step stands.
    pub place: Place,
    /// The platform that it runs on.
    pub platform: Platform,
    /// The version of Python: the interpreter's name says it, or `PYTHON_VERSION` of the step's environment.
    pub python: Option<String>,
}

/// Lowers one image on one platform. What is wrong comes back with places: a file that is not there, a
/// name without a pin.
pub fn lower(job: &Job<'_>) -> Result<Lowered, Vec<Finding>> {
    let lowered = outline(job)?;
    let faults = definitions::check_labels(job, &lowered.config);
    if faults.is_empty() {
        Ok(lowered)
    } else {
        Err(faults)
    }
}

/// The same for pins that only stand for bases of which nothing is known yet, so that nothing can be said of
/// what is inherited from them.
pub fn outline(job: &Job<'_>) -> Result<Lowered, Vec<Finding>> {
    let mut lowering = stages::Lowering::new(job);
    match lowering.image() {
        Some(built) if lowering.findings.is_empty() => {
            let config = config::image_config(job, &built);
            Ok(Lowered {
                state: built.state,
                config,
                base_config: built.base.config_bytes,
                base: built.base.record,
                needs: lowering.needs,
                pip: lowering.pip,
                modes: lowering.modes,
                trail: lowering.trail,
                ops: lowering.ops,
            })
        }
        _ => Err(lowering.findings),
    }
}
