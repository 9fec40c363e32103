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

use super::aim::Aim;
use super::epoch;
use super::event::{Event, EventSink, LegName};
use super::leg::LegRun;
use super::modes::Modes;
use super::options::BuildOptions;
use super::rehearse::twin_of;
use super::report::{BuildReport, ImageReport, ImageState, LegReport, LegState};
use super::reuse::Begun;
use super::schedule::{Finished, skipped};
use super::settle::{Settled, planned, settle};
use crate::key::Parts;
use crate::lower::{Epoch, Job, Parent, Pins, Trail, lower};
use crate::oci::{Platform, Reference};
use crate::ops::connect::Backends;
use crate::ops::current::{self, Outline};
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::ops::places::Destination;
use crate::plan::{Leg, Planned};
use crate::recipe::RecipeRef;

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
    begun: Begun,
    backends: &Backends,
    events: &EventSink,
) -> Result<BuildReport, OpError> {
    let settled = tokio::select! {
        biased;
        () = options.stop.cancelled() => return Err(OpError::Interrupted),
        settled = settle(loaded, options, begun, backends, events) => settled?,
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
        if let Some(report) = self.current(index).await {
            return report;
        }
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
            references: references(destination),
            state: state(&legs),
            index: None,
            legs,
            reasons: self
                .standings
                .get(index)
                .map_or_else(Vec::new, |standing| standing.reasons.clone()),
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
        if let Some(reused) = self.reused.get(&leg) {
            return reused.report();
        }
        let parents = match self.parents(leg).await {
            Ok(parents) => parents,
            Err(why) => return skipped(self.events, name, why),
        };
        // Before the leg takes a place among those that run: it may wait for others here.
        // Boxed, as all legs of a plan wait at once.
        let twin = Box::pin(self.twin(leg)).await;
        let builder = self.assigned[&leg.platform];
        let may_begin = || self.may_begin(leg.image);
        let begin = || Box::pin(self.solve(leg, parents, twin)) as BoxFuture<'_, LegReport>;
        let rank = self.options.sunk.get(&name.image).copied().unwrap_or(0);
        match self.board.run(builder, rank, may_begin, begin).await {
            Ok(report) => report,
            Err(why) => skipped(self.events, name, why),
        }
    }

    async fn solve(&self, leg: Leg, parents: Vec<Found>, twin: Option<Trail>) -> LegReport {
        let planned = &self.plan.images[leg.image];
        let (pins, epoch) = self.on(leg, parents);
        let builder = self.assigned[&leg.platform];
        let outline = self
            .outlines
            .lock()
            .ok()
            .and_then(|mut all| all.remove(&leg));
        let parts = outline.as_ref().and_then(|it| self.parts(leg, it, &pins));
        let run = LegRun {
            name: self.leg_name(leg),
            job: Job {
                content: &planned.image.contents[&leg.platform],
                platform: leg.platform,
                repository: &planned.image.repository.value,
                epoch,
                pins: &pins,
                files: &self.files,
                form: self.form(leg.image, builder),
                aid: None,
            },
            twin,
            builder: &self.backends.builders[builder],
            aim: Aim::new(
                self.options.push.then(|| &self.destinations[leg.image]),
                self.outputs.staging_of(leg.image),
            ),
            packing: self.destinations[leg.image].packing,
            staged: self.outputs.any_staging(),
            registry: self.backends.origin.as_ref(),
            events: self.events,
            modes: Modes::of(self.graphs.get(&leg)),
        };
        let mut report = run.run().await;
        self.doubt(leg, builder, &report);
        if let LegState::Built(solved) = &mut report.state {
            let outline = outline.as_ref();
            solved.parts = parts.filter(|_| outline.is_some_and(|it| self.still_holds(leg, it)));
        }
        report
    }

    /// What names stand for in a leg on its parents, and its time: that of its newest parent where that is later.
    fn on(&self, leg: Leg, parents: Vec<Found>) -> (Pins, Epoch) {
        let (mut pins, mut epoch) = (self.pins.clone(), self.epochs[leg.image]);
        for (reference, shown, parent) in parents {
            epoch = epoch::not_before(epoch, &parent);
            pins.add_parent(reference, leg.platform, shown, parent);
        }
        (pins, epoch)
    }

    /// The typed steps of the leg that this one may take programs from, as that leg itself makes them.
    async fn twin(&self, leg: Leg) -> Option<Trail> {
        let form = |platform| self.form(leg.image, self.assigned[&platform]);
        let twin = twin_of(&self.plan, leg, &form)?;
        let planned = &self.plan.images[leg.image];
        let parents = self.parents(twin).await.ok()?;
        let (pins, epoch) = self.on(twin, parents);
        let job = Job {
            content: &planned.image.contents[&twin.platform],
            platform: twin.platform,
            repository: &planned.image.repository.value,
            epoch,
            pins: &pins,
            files: &self.files,
            form: form(leg.platform),
            aid: None,
        };
        lower(&job).ok().map(|lowered| lowered.trail)
    }

    /// Whether the files of a leg are what they were at its beginning. Where they are not, nobody knows which of
    /// both was sent: then the image says nothing of how it was made, and is built again next time.
    fn still_holds(&self, leg: Leg, outline: &Outline) -> bool {
        let holds = outline.still_holds(&current::hasher(&self.files));
        if !holds {
            let message =
                "files of the workspace changed while it was built: it will be built again";
            self.events.send(Event::Warning {
                leg: self.leg_name(leg),
                message: message.to_owned(),
            });
        }
        holds
    }

    /// What decides a leg, now that all it begins with is known.
    fn parts(&self, leg: Leg, outline: &Outline, pins: &Pins) -> Option<Parts> {
        let image = |reference: &Reference, platform| {
            let pin = pins.image(reference, platform);
            pin.map(|pin| pin.manifest.clone())
                .or_else(|| self.heard(reference, platform))
        };
        let parents = &self.plan.images[leg.image].parents;
        outline.complete(image, |number| {
            let (reference, _) = parents.iter().find(|(_, it)| **it == number)?;
            match &pins.parent(reference, leg.platform)?.1 {
                Parent::Published(pin) => Some(pin.manifest.clone()),
                Parent::Laid(pin) => Some(pin.manifest.clone()),
                Parent::Graph(_) => None,
            }
        })
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
            let image = match self.reused.get(&of) {
                Some(reused) => reused.parent(),
                None => match self.board.wait(of).await {
                    Finished::Built(image) => image,
                    Finished::Missing => {
                        let platform = leg.platform;
                        return Err(format!("its parent {name} was not built for {platform}"));
                    }
                },
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
}

/// The names that an image is published under.
pub(super) fn references(destination: &Destination) -> Vec<String> {
    let references = destination.references.iter();
    references.map(ToString::to_string).collect()
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
