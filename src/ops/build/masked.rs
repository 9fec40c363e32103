//! A build whose words hold no secret. Steps print what they like, and builders repeat it in their errors:
//! every event and the report pass through here, so that no display has to think of it.

use super::event::{Event, EventSink, StepState};
use super::options::BuildOptions;
use super::output::OutputState;
use super::report::{BuildReport, Failure, FailureKind, LegState};
use super::reuse::{Begun, begin};
use super::run::run as build;
use super::verdict::TestReport;
use crate::ops::connect::Backends;
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::ops::mask::Mask;

/// Builds what the options ask for. What happens to legs and images is in the report; an error means
/// that nothing was begun. Values of secrets and passwords of proxies are in neither events nor report.
pub async fn run(
    loaded: &Loaded,
    options: &BuildOptions,
    backends: &Backends,
    events: &EventSink,
) -> Result<BuildReport, OpError> {
    let (origin, registry) = (backends.origin.as_ref(), backends.registry.as_ref());
    let begun = tokio::select! {
        biased;
        () = options.stop.cancelled() => return Err(OpError::Interrupted),
        begun = begin(loaded, options, origin, registry) => begun?,
    };
    finish(loaded, options, begun, backends, events).await
}

/// The same for a build of which it is known already what is up to date.
pub async fn finish(
    loaded: &Loaded,
    options: &BuildOptions,
    begun: Begun,
    backends: &Backends,
    events: &EventSink,
) -> Result<BuildReport, OpError> {
    let mut mask = Mask::of_proxies(&options.proxy);
    mask.extend(options.given.mask());
    let (mask_events, sink) = (mask.clone(), events.clone());
    let events = EventSink::new(move |mut event| {
        hide_in_event(&mask_events, &mut event);
        sink.send(event);
    });
    let mut report = build(loaded, options, begun, backends, &events).await?;
    for image in &mut report.images {
        if let Some(failure) = &mut image.error {
            hide(&mask, failure);
        }
        for leg in image.legs.values_mut() {
            match &mut leg.state {
                LegState::Failed(failure) => hide(&mask, failure),
                LegState::Skipped(why) => mask.hide_in(why),
                LegState::Built(_) => {}
            }
        }
    }
    for output in &mut report.outputs {
        if let OutputState::Failed(failure) = &mut output.state {
            hide(&mask, failure);
        }
    }
    Ok(report)
}

fn hide_in_event(mask: &Mask, event: &mut Event) {
    match event {
        Event::Step {
            state: StepState::Failed(words),
            ..
        }
        | Event::Log { line: words, .. }
        | Event::Warning { message: words, .. }
        | Event::LegRetried { message: words, .. }
        | Event::LegFinished {
            message: Some(words),
            ..
        }
        | Event::NotRecorded { message: words, .. }
        | Event::NotPublished { message: words, .. } => mask.hide_in(words),
        Event::Planned { .. }
        | Event::LegStarted { .. }
        | Event::Step { .. }
        | Event::LegFinished { .. }
        | Event::Published { .. } => {}
    }
}

fn hide(mask: &Mask, failure: &mut Failure) {
    mask.hide_in(&mut failure.message);
    if let Some(next) = &mut failure.next {
        mask.hide_in(next);
    }
    match &mut failure.kind {
        FailureKind::Step { logs, .. } => logs.iter_mut().for_each(|line| mask.hide_in(line)),
        FailureKind::Tests(tests) => {
            let words = |test: &'_ mut TestReport| {
                let TestReport { wrong, logs, .. } = test;
                wrong
                    .iter_mut()
                    .chain(logs)
                    .for_each(|line| mask.hide_in(line));
            };
            tests.iter_mut().for_each(words);
        }
        _ => {}
    }
}
