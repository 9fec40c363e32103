//! One image on one platform: lower, marshal, solve, read back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::assign::emulated;
use super::event::{Event, EventSink, LegName, LegOutcomeKind, StepState};
use super::readback::read_back;
use super::report::{Failure, FailureKind, LegReport, LegState, Solved};
use crate::buildkit::{
    Entitlement, Exporter, ImageByDigest, Progress, ProgressSink, Solve, SolveError,
};
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
    /// Whether times in new layers are set back to the job's epoch.
    pub(super) rewrite_times: bool,
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
        let progress = self.progress();
        let result = self.builder.solver.solve(solve, progress).await;
        let result = result.map_err(|error| failure(error, &definition))?;
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
                    rewrite_times: self.rewrite_times,
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
            source_date_epoch: Some(self.job.epoch),
            ..Solve::new(definition.to_proto(), self.job.platform)
        })
    }

    fn progress(&self) -> ProgressSink {
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

/// A failed solve in the user's words: the vertex becomes the step it was written as.
fn failure(error: SolveError, definition: &Definition) -> Box<Failure> {
    match error {
        SolveError::StepFailed {
            vertex,
            name,
            exit_code,
            message,
            logs,
        } => {
            let places = definition.places_of(&vertex).to_vec();
            let message = match exit_code {
                Some(code) => format!("`{name}` ended with exit code {code}{}", explain(code)),
                None => format!("`{name}` failed: {}", plain(&message)),
            };
            let kind = FailureKind::Step {
                name,
                places,
                exit_code,
                logs,
            };
            Box::new(Failure {
                kind,
                message,
                next: None,
            })
        }
        SolveError::PushFailed { .. } => {
            let next = "check that the builder reaches the registry and may push there";
            Failure::registry(error.to_string(), next)
        }
        SolveError::Rejected { .. } => {
            let next = "look into the builder's log; what builds may do is set in buildkitd.toml";
            Failure::builder(error.to_string(), next)
        }
        SolveError::BadAnswer { .. } => Failure::builder(error.to_string(), "upgrade the builder"),
        SolveError::Cancelled { .. }
        | SolveError::DaemonLost { .. }
        | SolveError::SessionLost { .. } => {
            Failure::builder(error.to_string(), "run it again: finished steps are cached")
        }
    }
}

/// The builder's words without those about its own workings.
fn plain(message: &str) -> String {
    let workings = ["failed to compute cache key", "failed to load cache key"];
    let is_working =
        |part: &str| workings.contains(&part) || part.starts_with("failed to calculate checksum");
    let mut words = message;
    while let Some((part, rest)) = words.split_once(": ")
        && is_working(part)
    {
        words = rest;
    }
    let mismatch = words
        .strip_prefix("digest mismatch ")
        .and_then(|sums| sums.split_once(": "));
    match mismatch {
        Some((found, wanted)) => format!("the download is {found}, and the recipe says {wanted}"),
        None => words.to_owned(),
    }
}

/// What exit codes of killed programs mean.
fn explain(code: i64) -> &'static str {
    match code {
        137 => " (killed: most likely out of memory)",
        132 => " (illegal instruction: the emulator or the CPU lacks it)",
        139 => " (crashed; under emulation often a fault of the emulator)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_message_is_about_the_recipe_and_not_about_the_builders_workings() {
        let missing = "failed to compute cache key: failed to calculate checksum of ref a::b: \"/größe\": not found";
        assert_eq!(plain(missing), "\"/größe\": not found");
        assert_eq!(
            plain("failed to load cache key: invalid response status 404"),
            "invalid response status 404"
        );
        assert_eq!(
            plain("digest mismatch sha256:aa: sha256:bb"),
            "the download is sha256:aa, and the recipe says sha256:bb"
        );
        assert_eq!(
            plain("mkdir /bin/x: not a directory"),
            "mkdir /bin/x: not a directory"
        );
    }
}
