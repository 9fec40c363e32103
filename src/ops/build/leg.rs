//! One image on one platform: lower, marshal, solve, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::assign::emulated;
use super::blame::failure;
use super::event::{Event, EventSink, LegName, LegOutcomeKind, StepState};
use super::readback::read_back;
use super::report::{Failure, LegReport, LegState, Solved};
use crate::buildkit::{Entitlement, Exporter, ImageByDigest, Progress, ProgressSink, Solve};
use crate::llb::Definition;
use crate::lower::{Job, Lowered, PinnedImage, lower};
use crate::oci::{Reference, canonical};
use crate::ops::connect::Ready;
use crate::ops::places::Destination;
use crate::recipe::Content;
use crate::record::Utc;
use crate::registry::Registry;

/// Annotations that name a manifest's base, image-spec v1.1, annotations.md.
const BASE_NAME: &str = "org.opencontainers.image.base.name";
const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";

/// Everything one leg needs.
pub(super) struct LegRun<'a> {
    pub(super) name: LegName,
    pub(super) job: Job<'a>,
    pub(super) builder: &'a Ready,
    pub(super) destination: Option<&'a Destination>,
    pub(super) registry: &'a dyn Registry,
    pub(super) events: &'a EventSink,
}

impl LegRun<'_> {
    /// Builds it. Dropping the future cancels the solve.
    pub(super) async fn run(self) -> LegReport {
        let emulated = emulated(self.builder, self.job.platform);
        let builder = self.builder.info.name.clone();
        let (started, clock) = (Utc::now(), Instant::now());
        self.events.send(Event::LegStarted {
            leg: self.name.clone(),
            builder: builder.clone(),
            emulated,
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
        LegReport {
            builder: Some(builder),
            emulated,
            started: Some(started),
            finished: Some(Utc::now()),
            took,
            state,
        }
    }

    async fn build(&self) -> Result<Solved, Box<Failure>> {
        let lowered = lower(&self.job).map_err(|findings| {
            let words: Vec<String> = findings
                .iter()
                .map(|f| format!("{}: {}", f.place, f.message))
                .collect();
            Failure::bug(words.join("; "))
        })?;
        let definition = Definition::of(&lowered.state);
        let solve = self.solve(&lowered, &definition)?;
        let result = self.attempt(&solve).await;
        let emulated = emulated(self.builder, self.job.platform);
        let result = result.map_err(|error| failure(error, &definition, emulated))?;
        let mut solved = Solved {
            base: lowered.base.clone(),
            ran: result.ran,
            cached: result.cached,
            ..Solved::default()
        };
        let Some(destination) = self.destination.and_then(|d| d.repository.as_ref()) else {
            return Ok(solved);
        };
        let manifest = result
            .manifest
            .ok_or_else(|| Failure::builder("the builder pushed nothing", "upgrade the builder"))?;
        let platform = self.job.platform;
        let read = read_back(self.registry, destination, &manifest, platform).await?;
        let count = u32::try_from(read.manifest.layers.len()).unwrap_or(u32::MAX);
        solved.layers = (count, read.manifest.layers_size());
        solved.config = Some((read.manifest.config.digest, read.manifest.config.size));
        solved.pinned = Some(PinnedImage {
            reference: Reference::pinned(destination.clone(), manifest.digest.clone()),
            manifest: manifest.digest.clone(),
            config: read.config,
            config_bytes: read.config_bytes,
        });
        solved.manifest = Some(manifest);
        Ok(solved)
    }

    fn solve(&self, lowered: &Lowered, definition: &Definition) -> Result<Solve, Box<Failure>> {
        let mut entitlements = BTreeSet::new();
        if lowered.needs.host_network {
            entitlements.insert(Entitlement::NetworkHost);
        }
        let exporter = match self.destination {
            Some(Destination {
                repository: Some(repository),
                plain_http,
                ..
            }) => {
                let (config, _) = canonical::encode(&lowered.config)
                    .map_err(|error| Failure::bug(error.to_string()))?;
                Exporter::ImageByDigest(Box::new(ImageByDigest {
                    repository: repository.clone(),
                    config,
                    base_config: lowered.base_config.clone(),
                    rewrite_times: self.job.epoch.reproducible,
                    annotations: annotations(self.job.content, lowered),
                    insecure: *plain_http,
                    compression: None,
                }))
            }
            _ => Exporter::None,
        };
        Ok(Solve {
            exporter,
            entitlements,
            source_date_epoch: Some(self.job.epoch.seconds),
            ..Solve::new(definition.to_proto(), self.job.platform)
        })
    }

    pub(super) fn progress(&self) -> ProgressSink {
        let (leg, events) = (self.name.clone(), self.events.clone());
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
                Progress::Warning(warning) => Event::Warning {
                    leg,
                    message: warning.message,
                },
            });
        })
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
