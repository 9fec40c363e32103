//! The story of a build.
//!
//! 1. Plan: which legs, in which order.
//! 2. Builders: who makes which platform; a tag that would lose platforms is refused, and so is emulation
//!    where the recipe denies it.
//! 3. Bases: every name to a digest, on every platform.
//! 4. Rehearsal: every graph, without a builder; mistakes of all legs together.
//! 5. Legs, in parallel, each as soon as its parents' legs of its platform are done. A leg ends with the
//!    image's limits and tests on its platform: a leg whose test fails has failed, for children as well.
//! 6. Per image, as soon as its last leg is done: index, image layouts, tags, read-back, record.
//! 7. Archives, once all images are done.

use std::collections::BTreeMap;

use futures_util::future::{BoxFuture, join_all};
use tokio::task::spawn_blocking;

use super::aim::Aim;
use super::event::{Event, EventSink, LegName};
use super::leg::LegRun;
use super::options::BuildOptions;
use super::report::{BuildReport, Failure, ImageReport, ImageState, LegReport, LegState};
use super::schedule::{Finished, skipped};
use super::settle::{Settled, planned, settle};
use super::{epoch, publish, record};
use crate::lower::{Job, Parent};
use crate::oci::{Digest, Platform};
use crate::ops::connect::Backends;
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::ops::places::Destination;
use crate::plan::{Leg, Planned};
use crate::recipe::RecipeRef;
use crate::text::with_causes;

/// A parent of a leg: how the recipe calls it, what it is called, and what it is by now.
type Found = (RecipeRef, String, Parent);

/// Whether the options mean something in this workspace. Asks neither registry nor builder, so that a
/// slip on the command line is told whether or not they are there.
pub fn check(loaded: &Loaded, options: &BuildOptions) -> Result<(), OpError> {
    planned(loaded, options).map(drop)
}

/// Builds what the options ask for; its words are masked by [`super::masked`].
pub(super) async fn run(
    loaded: &Loaded,
    options: &BuildOptions,
    backends: &Backends,
    events: &EventSink,
) -> Result<BuildReport, OpError> {
    let settled = tokio::select! {
        biased;
        () = options.stop.cancelled() => return Err(OpError::Interrupted),
        settled = settle(loaded, options, backends, events) => settled?,
    };
    let legs = settled
        .plan
        .legs()
        .into_iter()
        .map(|leg| settled.leg_name(leg))
        .collect();
    events.send(Event::Planned { legs });
    let images = (0..settled.plan.images.len()).map(|index| settled.image(index));
    let images = join_all(images).await;
    // An image of which nothing was to be built is missing nowhere.
    let missing = |(image, planned): &(&ImageReport, &Planned)| {
        planned.requested && image.index.is_none() && !image.legs.is_empty()
    };
    let missing = images.iter().zip(&settled.plan.images).filter(missing);
    let missing: Vec<String> = missing.map(|(image, _)| image.image.clone()).collect();
    let outputs = settled.outputs.finish(&missing).await;
    Ok(BuildReport {
        images,
        outputs,
        warnings: settled.warnings,
    })
}

impl Settled<'_> {
    fn leg_name(&self, leg: Leg) -> LegName {
        LegName {
            image: self.plan.images[leg.image].image.name(),
            platform: leg.platform,
        }
    }

    /// One image: its legs, then its publication.
    async fn image(&self, index: usize) -> ImageReport {
        let planned = &self.plan.images[index];
        let legs = planned.platforms.iter().map(|&platform| async move {
            let leg = Leg {
                image: index,
                platform,
            };
            let report = self.leg(leg).await;
            self.board.post(leg, &report);
            (platform, report)
        });
        let legs: BTreeMap<Platform, LegReport> = join_all(legs).await.into_iter().collect();
        let destination = &self.destinations[index];
        let mut report = ImageReport {
            name: planned.image.recipe.value.clone(),
            variant: planned.image.tag().to_owned(),
            image: planned.image.name(),
            references: destination
                .references
                .iter()
                .map(ToString::to_string)
                .collect(),
            state: state(&legs),
            index: None,
            legs,
            error: None,
        };
        if report.state == ImageState::Built && self.leaves_something() {
            self.complete(index, &mut report).await;
        } else if report.is_partial() && self.leaves_something() {
            let why = if self.options.stop.is_cancelled() {
                "interrupted"
            } else {
                "some of its platforms failed"
            };
            let message = format!("not published: {why}; no tag was touched");
            let image = report.image.clone();
            self.events.send(Event::NotPublished { image, message });
        }
        report
    }

    /// Whether images are to be had elsewhere than in the builders' caches.
    fn leaves_something(&self) -> bool {
        self.options.push || self.outputs.staging().is_some()
    }

    /// One leg, from its parents to its result.
    async fn leg(&self, leg: Leg) -> LegReport {
        let name = self.leg_name(leg);
        let parents = match self.parents(leg).await {
            Ok(parents) => parents,
            Err(why) => return skipped(self.events, name, why),
        };
        let builder = self.assigned[&leg.platform];
        let may_begin = || self.may_begin(leg.image);
        let begin = || Box::pin(self.solve(leg, parents)) as BoxFuture<'_, LegReport>;
        match self.board.run(builder, may_begin, begin).await {
            Ok(report) => report,
            Err(why) => skipped(self.events, name, why),
        }
    }

    async fn solve(&self, leg: Leg, parents: Vec<Found>) -> LegReport {
        let planned = &self.plan.images[leg.image];
        let mut pins = self.pins.clone();
        let mut epoch = self.epochs[leg.image];
        for (reference, shown, parent) in parents {
            epoch = epoch::not_before(epoch, &parent);
            pins.add_parent(reference, leg.platform, shown, parent);
        }
        let builder = self.assigned[&leg.platform];
        let run = LegRun {
            name: self.leg_name(leg),
            job: Job {
                content: &planned.image.contents[&leg.platform],
                platform: leg.platform,
                repository: &planned.image.repository.value,
                epoch,
                pins: &pins,
                files: &self.files,
                form: &self.forms[builder],
            },
            builder: &self.backends.builders[builder],
            aim: Aim::new(
                self.options.push.then(|| &self.destinations[leg.image]),
                self.outputs.staging_of(leg.image),
            ),
            compression: self.destinations[leg.image].compression,
            staged: self.outputs.any_staging(),
            registry: self.backends.origin.as_ref(),
            events: self.events,
        };
        run.run().await
    }

    /// An image that has begun goes on; another one does not begin after a failure.
    fn may_begin(&self, image: usize) -> bool {
        let Ok(mut begun) = self.begun.lock() else {
            return false;
        };
        if !begun[image] && self.board.is_held() {
            return false;
        }
        begun[image] = true;
        true
    }

    /// Waits for the legs of the same platform that this one is made of.
    async fn parents(&self, leg: Leg) -> Result<Vec<Found>, String> {
        let mut parents = Vec::new();
        for (reference, &parent) in &self.plan.images[leg.image].parents {
            let of = Leg {
                image: parent,
                platform: leg.platform,
            };
            let name = &self.plan.images[parent].image.name();
            let Finished::Built(image) = self.board.wait(of).await else {
                return Err(format!(
                    "its parent {name} was not built for {}",
                    leg.platform
                ));
            };
            let image = match image {
                Some(image) => image,
                None => Parent::Graph(Box::new(self.graphs[&of].clone())),
            };
            let shown = self.destinations[parent].references.first();
            let shown = shown.map_or_else(|| name.clone(), ToString::to_string);
            parents.push((reference.clone(), shown, image));
        }
        Ok(parents)
    }

    /// From the built legs of an image to what was asked for: outputs, then the registry. What can fail on
    /// this machine fails before a tag moves.
    async fn complete(&self, number: usize, report: &mut ImageReport) {
        match self.leave(number, report).await {
            Ok(index) => {
                report.index = Some(index);
                if self.options.push {
                    self.published(&self.destinations[number], report).await;
                }
            }
            Err(failure) => {
                self.events.send(Event::NotPublished {
                    image: report.image.clone(),
                    message: failure.message.clone(),
                });
                self.fail(report, *failure);
            }
        }
    }

    async fn leave(
        &self,
        number: usize,
        report: &ImageReport,
    ) -> Result<(Digest, u64), Box<Failure>> {
        let (planned, destination) = (&self.plan.images[number], &self.destinations[number]);
        let content = planned.image.contents.values().next();
        let annotations = content.map(|content| content.runtime.annotations.clone());
        let assembled = publish::assemble(&report.legs, annotations.unwrap_or_default())?;
        let added = self.outputs.add(number, planned, destination, &assembled);
        added.await?;
        if self.options.push {
            let registry = self.backends.origin.as_ref();
            let stop = &self.options.stop;
            publish::publish(&assembled, destination, registry, stop).await?;
        }
        Ok((assembled.digest, assembled.bytes.len() as u64))
    }

    async fn published(&self, destination: &Destination, report: &mut ImageReport) {
        let Some((index, _)) = report.index.clone() else {
            return;
        };
        self.events.send(Event::Published {
            image: report.image.clone(),
            references: report.references.clone(),
            index,
        });
        self.remember(destination, report).await;
    }

    async fn remember(&self, destination: &Destination, report: &mut ImageReport) {
        let Some(index) = report.index.clone() else {
            return;
        };
        let record = record::record(
            (&report.name, &report.variant),
            &destination.references,
            index,
            &report.legs,
            self.revision.clone(),
            &self.options.set,
        );
        let line = serde_json::to_string(&record).unwrap_or_default();
        // Waiting for the disk would hold up all other images.
        let ledger = self.ledger.clone();
        let appended = spawn_blocking(move || ledger.append(&record)).await;
        let error = match appended {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(with_causes(&error)),
            Err(error) => Some(error.to_string()),
        };
        if let Some(error) = error {
            let message = format!("the image is published, and its record is lost: {error}");
            self.events.send(Event::NotRecorded {
                image: report.image.clone(),
                message: message.clone(),
            });
            let next = format!(
                "make way for `{}` and append this line to it: {line}",
                self.ledger.path().display(),
            );
            self.fail(report, *Failure::unrecorded(message, next));
        }
    }

    fn fail(&self, report: &mut ImageReport, failure: Failure) {
        self.board.failed();
        report.state = ImageState::Failed;
        report.error = Some(failure);
    }
}

fn state(legs: &BTreeMap<Platform, LegReport>) -> ImageState {
    let any = |wanted: fn(&LegState) -> bool| legs.values().any(|leg| wanted(&leg.state));
    if any(|state| matches!(state, LegState::Failed(_))) {
        ImageState::Failed
    } else if legs.is_empty() || any(|state| matches!(state, LegState::Skipped(_))) {
        ImageState::Skipped
    } else {
        ImageState::Built
    }
}
