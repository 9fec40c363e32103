//! One image on one platform: lower, marshal, solve, read back, hold against limits, test.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::aim::Aim;
use super::assign::emulated;
use super::blame::failure;
use super::emulation;
use super::epoch::not_before;
use super::event::{Event, EventSink, LegName, LegOutcomeKind, StepState};
use super::limits;
use super::modes::{Modes, is_emulated};
use super::native_op::{declined, or_emulated, uses_tools};
use super::output::{LegArchive, STORE, Staging};
use super::readback::{ReadBack, read_back, read_staged};
use super::report::{Failure, LegReport, LegState, Solved};
use crate::buildkit::{
    Entitlement, Exporter, ImageExport, Progress, ProgressSink, Solve, SolveError,
};
use crate::llb::Definition;
use crate::lower::{Aid, Job, Lowered, Parent, PinnedImage, PinnedLayout, Trail, lower};
use crate::oci::{Descriptor, Digest, Packing, Reference, canonical};
use crate::ops::connect::Ready;
use crate::recipe::{Base, Content};
use crate::record::Utc;
use crate::registry::Registry;

/// Annotations that name a manifest's base, image-spec v1.1, annotations.md.
const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// Everything one leg needs.
pub(super) struct LegRun<'a> {
    pub(super) name: LegName,
    pub(super) job: Job<'a>,
    /// Typed steps that it may take programs from.
    pub(super) twin: Option<Trail>,
    pub(super) builder: &'a Ready,
    pub(super) aim: Aim<'a>,
    /// How layers are packed where the recipe does not say.
    pub(super) packing: Packing,
    /// Where images are kept that were sent to us.
    pub(super) staged: Option<&'a Arc<Staging>>,
    pub(super) registry: &'a dyn Registry,
    pub(super) events: &'a EventSink,
    /// How its steps run.
    pub(super) modes: Modes,
}

impl LegRun<'_> {
    /// Builds it. Dropping the future cancels the solve.
    pub(super) async fn run(self) -> LegReport {
        let builder = self.builder.info.name.clone();
        let (started, clock) = (Utc::now(), Instant::now());
        self.events.send(Event::LegStarted {
            leg: self.name.clone(),
            builder: builder.clone(),
            emulated: self.is_emulated(),
        });
        let state = match self.build().await {
            Ok(solved) => LegState::Built(Box::new(solved)),
            Err(failure) => LegState::Failed(failure),
        };
        let took = clock.elapsed();
        let (outcome, message) = match &state {
            LegState::Failed(failure) => (LegOutcomeKind::Failed, Some(failure.message.clone())),
            _ => (LegOutcomeKind::Built, None),
        };
        self.events.send(Event::LegFinished {
            leg: self.name,
            outcome,
            took,
            message,
        });
        let steps = self.modes.into_steps();
        LegReport {
            builder: Some(builder),
            emulated: is_emulated(&steps),
            steps,
            started: Some(started),
            finished: Some(Utc::now()),
            took,
            state,
        }
    }

    async fn build(&self) -> Result<Solved, Box<Failure>> {
        let base = &self.job.content.base;
        let Base::Dockerfile(dockerfile) = &base.value else {
            return self.graph(&self.job).await;
        };
        let first = self.dockerfile(base, dockerfile).await?;
        let (ran, cached) = (first.ran, first.cached);
        let Some(parent) = first.parent else {
            // No step follows on a Dockerfile, so there is nothing else to be cached.
            return Ok(Solved {
                ran,
                cached,
                ..Solved::default()
            });
        };
        let epoch = not_before(self.job.epoch, &parent);
        let mut pins = self.job.pins.clone();
        pins.set_dockerfile(parent);
        let job = Job {
            pins: &pins,
            epoch,
            ..self.job
        };
        let mut solved = self.graph(&job).await?;
        solved.ran += ran;
        solved.cached += cached;
        Ok(solved)
    }

    async fn graph(&self, job: &Job<'_>) -> Result<Solved, Box<Failure>> {
        let mut aid = Aid {
            twin: self.twin.clone(),
            ..Aid::default()
        };
        let (lowered, definition, archive, result) = loop {
            let lowered = lowered(&Job {
                aid: Some(&aid),
                ..*job
            })?;
            self.modes.set(&lowered);
            if aid.declined.is_empty() {
                for words in emulation::fallbacks(&lowered.modes) {
                    self.warn(words);
                }
            } else {
                emulation::still_denied(&job.content.limits, &lowered.modes)?;
            }
            let definition = Definition::of(&lowered.state);
            let archive = self.aim.archive();
            let solve = self.solve(job, &lowered, &definition, archive.as_ref())?;
            let result = self.attempt(&solve, &|| self.progress()).await;
            let declined = result
                .as_ref()
                .err()
                .and_then(|error| declined(error, &lowered));
            match declined {
                // Each is declined once, so that this comes to an end.
                Some((id, what)) if aid.declined.insert((id.clone(), what)) => {
                    self.warn(format!("{}: {}", id.place, what.words()));
                }
                _ => break (lowered, definition, archive, result),
            }
        };
        // The builder only knows that it could not send the image; why, is known here.
        let unwritten = archive.as_ref().and_then(|archive| archive.unwritten());
        let result = result.map_err(|error| match unwritten {
            Some(unwritten) => unwritten.into(),
            None => self.blamed(error, &definition, &lowered),
        })?;
        let mut solved = Solved {
            base: lowered.base.clone(),
            ran: result.ran,
            cached: result.cached,
            modes: lowered.modes.clone(),
            ..Solved::default()
        };
        if matches!(self.aim, Aim::Cache) {
            solved.tests = self.tests(&lowered, None).await?;
            solved.parent = Some(Parent::Graph(Box::new(lowered)));
            return Ok(solved);
        }
        let manifest = self.made(result.manifest)?;
        let read = self.read(self.aim, &manifest).await?;
        limits::sizes(&self.job.content.limits, &read.manifest, &read.config)?;
        let count = u32::try_from(read.manifest.layers.len()).unwrap_or(u32::MAX);
        solved.layers = (count, read.manifest.layers_size());
        let config = &read.manifest.config;
        solved.config = Some((config.digest.clone(), config.size));
        let config = read.config.clone();
        let parent = parent(self.aim, &manifest.digest, read);
        solved.tests = self.tests(&lowered, Some((&parent, &config))).await?;
        solved.parent = Some(parent);
        solved.manifest = Some(manifest);
        Ok(solved)
    }

    /// A failed solve in the user's words, with the way out where native tools did the step.
    fn blamed(
        &self,
        error: SolveError,
        definition: &Definition,
        lowered: &Lowered,
    ) -> Box<Failure> {
        let is_native_op = uses_tools(&error, lowered);
        let failure = failure(error, definition, self.is_emulated());
        if is_native_op {
            or_emulated(failure)
        } else {
            failure
        }
    }

    fn warn(&self, message: String) {
        let leg = self.name.clone();
        self.events.send(Event::Warning { leg, message });
    }

    /// Whether programs of the platform run under emulation.
    pub(super) fn is_emulated(&self) -> bool {
        emulated(self.builder, self.job.platform)
    }

    /// The manifest that a builder made.
    pub(super) fn made(&self, manifest: Option<Descriptor>) -> Result<Descriptor, Box<Failure>> {
        manifest.ok_or_else(|| {
            let pushed = self.aim.repository().is_some();
            let verb = if pushed { "pushed" } else { "sent" };
            Failure::builder(format!("the builder {verb} nothing"), "upgrade the builder")
        })
    }

    /// The layouts in which a parent of the image may be.
    pub(super) fn layouts(&self) -> BTreeMap<String, PathBuf> {
        let staged = self.staged.into_iter();
        staged
            .map(|staging| (STORE.to_owned(), staging.folder().to_owned()))
            .collect()
    }

    /// Reads what was made from where it went; where it went to two places, from both.
    pub(super) async fn read(
        &self,
        aim: Aim<'_>,
        manifest: &Descriptor,
    ) -> Result<ReadBack, Box<Failure>> {
        let platform = self.job.platform;
        let staged = aim.staging();
        let staged = staged.map(|staging| read_staged(staging, manifest, platform));
        let staged = staged.transpose()?;
        match (aim.repository(), staged) {
            (None, Some(staged)) => Ok(staged),
            (Some(from), _) => read_back(self.registry, from, manifest, platform).await,
            (None, None) => Err(Failure::bug("the image went nowhere")),
        }
    }

    fn solve(
        &self,
        job: &Job<'_>,
        lowered: &Lowered,
        definition: &Definition,
        archive: Option<&Arc<LegArchive>>,
    ) -> Result<Solve, Box<Failure>> {
        let exporter = match self.aim.target(archive) {
            Some(to) => {
                let (config, _) = canonical::encode(&lowered.config)
                    .map_err(|error| Failure::bug(error.to_string()))?;
                Exporter::Image(Box::new(ImageExport {
                    config,
                    base_config: lowered.base_config.clone(),
                    rewrite_times: job.epoch.reproducible,
                    annotations: annotations(job.content, lowered),
                    packing: Some(job.content.packing(self.packing)),
                    to,
                }))
            }
            None => Exporter::None,
        };
        Ok(Solve {
            exporter,
            entitlements: Self::entitlements(lowered),
            source_date_epoch: Some(job.epoch.seconds),
            ..self.bare_solve(definition)
        })
    }

    /// A solve of which nothing goes anywhere.
    pub(super) fn bare_solve(&self, definition: &Definition) -> Solve {
        Solve {
            layouts: self.layouts(),
            ..Solve::new(definition.to_proto(), self.job.platform)
        }
    }

    /// What the graph may do beyond the sandbox.
    pub(super) fn entitlements(lowered: &Lowered) -> BTreeSet<Entitlement> {
        let host = lowered.needs.host_network;
        host.then_some(Entitlement::NetworkHost)
            .into_iter()
            .collect()
    }

    pub(super) fn progress(&self) -> ProgressSink {
        let (leg, events) = (self.name.clone(), self.events.clone());
        let dockerfile = self.job.content.dockerfile();
        let file = dockerfile.map(|it| it.file.value.clone());
        ProgressSink::new(move |progress| {
            let leg = leg.clone();
            events.send(match progress {
                Progress::VertexStarted { vertex, name } => Event::Step {
                    leg,
                    vertex,
                    name,
                    state: StepState::Started,
                },
                Progress::VertexCompleted {
                    vertex,
                    name,
                    cached,
                    error,
                    took,
                } => {
                    let state = match error {
                        Some(error) => StepState::Failed(error),
                        None => StepState::Done { cached, took },
                    };
                    Event::Step {
                        leg,
                        vertex,
                        name,
                        state,
                    }
                }
                Progress::Log { vertex, line, .. } => Event::Log { leg, vertex, line },
                Progress::Output { .. } => return,
                Progress::Warning(warning) => Event::Warning {
                    leg,
                    message: match &file {
                        Some(file) => format!("{file}: {}", warning.message),
                        None => warning.message,
                    },
                },
            });
        })
    }
}

fn lowered(job: &Job<'_>) -> Result<Lowered, Box<Failure>> {
    lower(job).map_err(|findings| {
        let words: Vec<String> = findings
            .iter()
            .map(|f| format!("{}: {}", f.place, f.message))
            .collect();
        Failure::bug(words.join("; "))
    })
}

/// What a child of an image is built on.
pub(super) fn parent(aim: Aim<'_>, manifest: &Digest, read: ReadBack) -> Parent {
    let (manifest, config) = (manifest.clone(), read.config);
    let config_bytes = read.config_bytes;
    match aim.repository() {
        Some(repository) => Parent::Published(Box::new(PinnedImage {
            reference: Reference::pinned(repository.clone(), manifest.clone()),
            manifest,
            config,
            config_bytes,
        })),
        None => Parent::Laid(Box::new(PinnedLayout {
            store: STORE.to_owned(),
            digest: manifest.clone(),
            manifest,
            config,
            config_bytes,
        })),
    }
}

/// What stands on the manifest: the recipe's annotations, and its base.
fn annotations(content: &Content, lowered: &Lowered) -> BTreeMap<String, String> {
    let mut all = content.runtime.annotations.clone();
    if let Some(base) = &lowered.base {
        all.insert(BASE_NAME.to_owned(), base.name.clone());
        if let Some(digest) = &base.digest {
            all.insert(BASE_DIGEST.to_owned(), digest.to_string());
        }
    }
    all
}
