//! From the built legs of an image to what was asked for: outputs, index, tags, record.

use tokio::task::spawn_blocking;

use super::event::Event;
use super::report::{Failure, ImageReport, ImageState, LegReport, LegState};
use super::settle::Settled;
use super::{publish, record};
use crate::key::{Parts, annotation};
use crate::oci::{Digest, Platform};
use crate::ops::places::Destination;
use crate::text::with_causes;

impl Settled<'_> {
    /// From the built legs of an image to what was asked for: outputs, then the registry. What can fail on
    /// this machine fails before a tag moves.
    pub(super) async fn complete(&self, number: usize, report: &mut ImageReport) {
        match self.leave(number, report).await {
            Ok(index) => {
                report.index = Some(index);
                if self.options.push {
                    self.published(&self.destinations[number], report).await;
                }
            }
            Err(failure) => self.unpublished(report, *failure),
        }
    }

    pub(super) fn unpublished(&self, report: &mut ImageReport, failure: Failure) {
        self.events.send(Event::NotPublished {
            image: report.image.clone(),
            message: failure.message.clone(),
        });
        self.fail(report, failure);
    }

    async fn leave(
        &self,
        number: usize,
        report: &ImageReport,
    ) -> Result<(Digest, u64), Box<Failure>> {
        let (planned, destination) = (&self.plan.images[number], &self.destinations[number]);
        let content = planned.image.contents.values().next();
        let annotations = content.map(|content| content.runtime.annotations.clone());
        let mut annotations = annotations.unwrap_or_default();
        for (platform, parts) in report.legs.iter().filter_map(parts) {
            annotation::write(&mut annotations, *platform, parts);
        }
        let assembled = publish::assemble(&report.legs, annotations)?;
        let added = self.outputs.add(number, planned, destination, &assembled);
        added.await?;
        if self.options.push {
            let registry = self.backends.origin.as_ref();
            let stop = &self.options.stop;
            publish::publish(&assembled, destination, registry, stop).await?;
        }
        Ok((assembled.digest, assembled.bytes.len() as u64))
    }

    pub(super) async fn published(&self, destination: &Destination, report: &mut ImageReport) {
        let Some((index, _)) = report.index.clone() else {
            return;
        };
        self.events.send(Event::Published {
            image: report.image.clone(),
            references: report.references.clone(),
            index,
        });
        self.remember(destination, report).await;
        // It is in index and record; thousands of legs need not hold it as well.
        for leg in report.legs.values_mut() {
            if let LegState::Built(solved) = &mut leg.state {
                solved.parts = None;
            }
        }
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

    pub(super) fn fail(&self, report: &mut ImageReport, failure: Failure) {
        self.board.failed();
        report.state = ImageState::Failed;
        report.error = Some(failure);
    }
}

fn parts<'a>((platform, leg): (&'a Platform, &'a LegReport)) -> Option<(&'a Platform, &'a Parts)> {
    match &leg.state {
        LegState::Built(solved) => Some((platform, solved.parts.as_ref()?)),
        _ => None,
    }
}
