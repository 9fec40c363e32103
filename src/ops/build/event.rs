//! What happens in a build, as data. Every display is a function of these events.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::oci::{Digest, Platform};

/// One image on one platform, by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LegName {
    /// `REPOSITORY:TAG`.
    pub image: String,
    /// The platform.
    pub platform: Platform,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// It runs.
    Started,
    /// It is done.
    Done {
        /// Whether the builder knew the result.
        cached: bool,
        /// How long it took.
        took: Option<Duration>,
    },
    /// It failed.
    Failed(String),
}

/// How a leg ended, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegOutcomeKind {
    /// Built.
    Built,
    /// Failed.
    Failed,
    /// Not begun, because something it needs failed.
    Skipped,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// What will be built, in order.
    Planned {
        /// Every leg.
        legs: Vec<LegName>,
    },
    /// A leg begins.
    LegStarted {
        /// Which.
        leg: LegName,
        /// Who builds it.
        builder: String,
        /// Whether its programs run under emulation there.
        emulated: bool,
    },
    /// A step moved on.
    Step {
        /// Of which leg.
        leg: LegName,
        /// Which step.
        vertex: String,
        /// Its name.
        name: String,
        /// How far it is.
        state: StepState,
    },
    /// A step wrote a line.
    Log {
        /// Of which leg.
        leg: LegName,
        /// Which step.
        vertex: String,
        /// The line.
        line: String,
    },
    /// The builder has a remark.
    Warning {
        /// Of which leg.
        leg: LegName,
        /// The remark.
        message: String,
    },
    /// The builder went away and the leg is solved again.
    LegRetried {
        /// Which.
        leg: LegName,
        /// Which retry this is, from 1.
        attempt: u32,
        /// How many retries there are.
        of: u32,
        /// What happened to the builder.
        message: String,
    },
    /// A leg ended.
    LegFinished {
        /// Which.
        leg: LegName,
        /// How.
        outcome: LegOutcomeKind,
        /// After how long.
        took: Duration,
        /// Words about it: why it failed or was skipped.
        message: Option<String>,
    },
    /// An image is in the registry, read back.
    Published {
        /// Which.
        image: String,
        /// Under which references.
        references: Vec<String>,
        /// Its index.
        index: Digest,
    },
    /// An image is published, and there is no record of it.
    NotRecorded {
        /// Which.
        image: String,
        /// Why.
        message: String,
    },
    /// An image was not published.
    NotPublished {
        /// Which.
        image: String,
        /// Why.
        message: String,
    },
}

/// Where events go. Cheap to clone; must not block.
#[derive(Clone)]
pub struct EventSink(Arc<dyn Fn(Event) + Send + Sync>);

impl EventSink {
    /// A sink that calls `receive` for each event.
    pub fn new(receive: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    /// A sink that drops everything.
    pub fn none() -> Self {
        Self::new(|_| ())
    }

    /// Passes an event on.
    pub fn send(&self, event: Event) {
        (self.0)(event);
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}
