//! Typed steps for a foreign platform, made by programs of the builder's own.
//!
//! A `run` step says only how, so its programs have to run, and on a foreign platform they are emulated. `apt` and
//! `pip` say what is wanted. Their op runs *in* the foreign file system, as an op of the builder's platform, with
//! native programs mounted into it; whatever foreign program they call still runs, emulated by the kernel. So the
//! result is right by construction, and each native program only saves time.
//!
//! The native programs come from the *twin*: the same image as it is built for the builder's own platform. `pip`
//! takes the interpreter of the twin before the step, `apt` the programs of the twin after the step, whose packages
//! are the same. Where no such leg is made by the same builder, the base alone is the twin. What a twin cannot give is found out by the op itself before it changes anything: it ends with a
//! code of its own, and the step is lowered anew without, see [`Decline`].

mod apt;
mod pip;
mod uv;

use std::collections::{BTreeMap, BTreeSet};

use super::chain::Chain;
use super::mode::{Said, Typed};
use super::stages::Lowering;
use super::{BuilderFacts, Form};
use crate::llb::State;
use crate::oci::{Digest, Platform};
use crate::recipe::{Program, Step};

pub(in crate::lower) use apt::Tools;
pub(in crate::lower) use pip::Python;
pub(in crate::lower) use uv::{Wanted, wheel_of};

/// Where a step's tools, the twin and scratch files are during the op.
pub(in crate::lower) const TOOLS: &str = "/run/kiln/tools";
pub(in crate::lower) const TWIN: &str = "/run/kiln/twin";
pub(in crate::lower) const SCRATCH: &str = "/run/kiln/tmp";

/// What tells a step of one leg from all others of it, and finds the same one in the leg of another platform.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepId {
    /// The stage; empty for the image itself.
    pub stage: String,
    /// Where it was written.
    pub place: String,
    /// Which one it is of those written there: a snippet may be used twice.
    pub number: usize,
}

/// How like the foreign leg the twin is. Programs that load modules of packages, as perl and Python do, are native only
/// where the twin has those packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::lower) enum Likeness {
    /// It has all packages that the foreign leg asks for.
    Same,
    /// By the recipe it does without some of them.
    Lacks,
    /// It is the base alone: then `before` and `after` are that base, without what steps have added.
    Base,
}

/// What a step of the twin gives to the same step of a foreign platform.
#[derive(Debug, Clone)]
pub struct TwinStep {
    /// How far its programs can be trusted with the foreign leg's packages.
    pub(in crate::lower) likeness: Likeness,
    /// The packages that steps up to this one have asked for.
    pub(in crate::lower) packages: BTreeSet<String>,
    /// The base that the twin's steps begin on.
    pub(in crate::lower) base: State,
    /// The file system before the step, and after.
    pub(in crate::lower) before: State,
    pub(in crate::lower) after: State,
    /// uv for the twin's platform, where the step needed it.
    pub(in crate::lower) uv: Option<State>,
}

impl TwinStep {
    /// What a base gives alone, where the image is not built for the builder's platform, or not by this builder.
    fn of_base(base: State) -> Self {
        Self {
            likeness: Likeness::Base,
            packages: BTreeSet::new(),
            before: base.clone(),
            after: base.clone(),
            base,
            uv: None,
        }
    }
}

/// The typed steps of a leg that others may take programs from.
pub type Trail = BTreeMap<StepId, TwinStep>;

/// What a step does without, after its op said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decline {
    /// Programs mounted over those of the image: the step's packages replace them.
    Overlay,
    /// Native tools altogether: the file system has what they need the place of.
    Tools,
    /// The twin's interpreter: it is missing, or its byte code is another.
    Interpreter,
    /// The image's own uv: it does not run in the file system of another platform.
    OwnUv,
}

impl Decline {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Overlay, Self::Tools, Self::Interpreter, Self::OwnUv];

    /// The exit code by which an op declines, before it has changed anything.
    pub fn code(self) -> i64 {
        match self {
            Self::Overlay => 86,
            Self::Tools => 87,
            Self::Interpreter => 88,
            Self::OwnUv => 89,
        }
    }

    /// What was found, and what is done instead.
    pub fn words(self) -> &'static str {
        match self {
            Self::Overlay => {
                "the step replaces dash or perl, which a native one would stand before: both are emulated"
            }
            Self::Tools => {
                "the image has files where native programs need theirs (`/lib64`, or packages of the builder's \
                 architecture), or `/bin` is a folder of its own: the step is emulated"
            }
            Self::Interpreter => {
                "the twin, for the builder's platform, has no Python of the same version there: modules are compiled under \
                 emulation"
            }
            Self::OwnUv => {
                "the image's own uv runs on its own platform alone: kiln's uv, which needs no libraries, installs there"
            }
        }
    }
}

/// What the lowering of a foreign leg is helped by.
#[derive(Debug, Clone, Default)]
pub struct Aid {
    /// The same image for the builder's own platform.
    pub twin: Option<Trail>,
    /// What ops have declined so far.
    pub declined: BTreeSet<(StepId, Decline)>,
}

/// How a typed step goes about it.
#[derive(Debug, Clone)]
pub(in crate::lower) enum Way {
    /// As a program of its own platform, on a builder of that platform.
    Native,
    /// By programs of the twin.
    Tools(Box<TwinStep>),
    /// Under emulation, and why.
    Emulated(Said),
}

impl Lowering<'_> {
    /// The builder, where the chain's platform is foreign to it.
    pub(in crate::lower) fn stranger(&self, platform: Platform) -> Option<&BuilderFacts> {
        match self.job.form {
            Form::Builder(facts) if platform.is_foreign_to(facts.native) => Some(facts),
            _ => None,
        }
    }

    /// Names a step; to be called once for each.
    pub(in crate::lower) fn step_id(&mut self, chain: &Chain, step: &Step) -> StepId {
        let (stage, place) = (chain.stage.clone(), step.place.to_string());
        let number = self
            .numbers
            .entry((stage.clone(), place.clone()))
            .or_default();
        *number += 1;
        StepId {
            stage,
            place,
            number: *number,
        }
    }

    /// Which way a typed step goes.
    pub(in crate::lower) fn way(&self, chain: &Chain, id: &StepId, program: &Program) -> Way {
        let platform = *chain.state.platform();
        let Some(facts) = self.stranger(platform) else {
            return Way::Native;
        };
        let wanted = |why: &str| Way::Emulated(Said::wanted(why));
        let fallback = |why: &str| Way::Emulated(Said::fallback(why));
        if facts.typed == Typed::Emulated {
            return wanted("asked for");
        }
        if program.emulate {
            return wanted("`native: false`");
        }
        if !facts.inside.contains(&platform) {
            return fallback(
                "the builder's kernel has no emulator that native programs could call; `kiln doctor` says what to do",
            );
        }
        if self.has_declined(id, Decline::Tools) {
            return fallback("the image has files where native programs need theirs");
        }
        let trail = self.job.aid.and_then(|aid| aid.twin.as_ref());
        let step = trail.and_then(|trail| trail.get(id)).cloned();
        match step.or_else(|| chain.native_first.clone().map(TwinStep::of_base)) {
            Some(mut step) => {
                if step.likeness == Likeness::Same && !chain.packages.is_subset(&step.packages) {
                    step.likeness = Likeness::Lacks;
                }
                Way::Tools(Box::new(step))
            }
            None => fallback(&format!(
                "there is no twin to take programs from: this builder does not make the step for {}, and its base is no \
                 image of a registry that is there for it",
                facts.native
            )),
        }
    }

    /// Whether the step's op declined something.
    pub(in crate::lower) fn has_declined(&self, id: &StepId, what: Decline) -> bool {
        let declined = self.job.aid.map(|aid| &aid.declined);
        declined.is_some_and(|declined| declined.contains(&(id.clone(), what)))
    }

    /// Keeps what a foreign leg may take from this step, and which op may decline.
    pub(in crate::lower) fn leave_trail(
        &mut self,
        id: StepId,
        base: State,
        before: State,
        chain: &Chain,
        uv: Option<State>,
    ) {
        if let Some(digest) = chain.state.digest() {
            self.ops.insert(digest.clone(), id.clone());
        }
        let step = TwinStep {
            likeness: Likeness::Same,
            packages: chain.packages.clone(),
            base,
            before,
            after: chain.state.clone(),
            uv,
        };
        self.trail.insert(id, step);
    }
}

/// The places of native libraries and their loader in a root file system of a distribution.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower) struct Libraries {
    /// The folder of libraries below `/usr/lib`, as Debian names it.
    pub(in crate::lower) triplet: &'static str,
    /// The loader's file name.
    pub(in crate::lower) loader: &'static str,
    /// musl's, which has no folder of its own.
    pub(in crate::lower) musl: &'static str,
}

/// Those of a builder's platform.
pub(in crate::lower) fn libraries(native: Platform) -> Option<Libraries> {
    match native.architecture() {
        "amd64" => Some(Libraries {
            triplet: "x86_64-linux-gnu",
            loader: "ld-linux-x86-64.so.2",
            musl: "ld-musl-x86_64.so.1",
        }),
        "arm64" => Some(Libraries {
            triplet: "aarch64-linux-gnu",
            loader: "ld-linux-aarch64.so.1",
            musl: "ld-musl-aarch64.so.1",
        }),
        _ => None,
    }
}

/// The typed steps of a lowered leg by the digests of their ops.
pub type TypedOps = BTreeMap<Digest, StepId>;
