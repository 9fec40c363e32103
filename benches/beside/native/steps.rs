//! How long each step took, as both clients tell it: kiln by its own events, bake by the daemon's.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::table::seconds;
use crate::twins::Side;
use crate::{Fallible, fault};

/// Steps that took less are not told.
const WORTH_TELLING: Duration = Duration::from_millis(300);

/// The steps of the image that cost time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Apt,
    Pip,
}

impl Step {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Step::Apt => "apt",
            Step::Pip => "pip",
        }
    }

    /// Whether a step of this name is meant: kiln's steps have names, bake's are called by their commands.
    fn is(self, side: Side, name: &str) -> bool {
        match (self, side) {
            (Step::Apt, Side::Kiln) => name.starts_with("bench apt"),
            (Step::Pip, Side::Kiln) => name.starts_with("bench pip"),
            (Step::Apt, Side::Bake) => name.contains("] RUN") && name.contains("apt-get install"),
            (Step::Pip, Side::Bake) => name.contains("] RUN") && name.contains("pip install"),
        }
    }
}

/// Something that the daemon did.
#[derive(Debug)]
pub(super) struct Did {
    name: String,
    /// The platforms whose builds saw it. One that helps the foreign platform is seen by both.
    platforms: Vec<String>,
    took: Duration,
    /// Whether it was ever done, and not only found.
    done: bool,
}

impl Did {
    pub(super) fn tell(&self, part: &str, scope: &str, client: &str) {
        if self.took >= WORTH_TELLING {
            let name: String = self.name.chars().take(60).collect();
            let on = self.platforms.join(" ");
            eprintln!(
                "{part} {scope}, {client}:   {} {on} {name}",
                seconds(self.took)
            );
        }
    }
}

/// All that the daemon did for a client, from the client's log.
pub(super) fn read(side: Side, log: &Path) -> Fallible<Vec<Did>> {
    let text = std::fs::read_to_string(log)?;
    let mut all: BTreeMap<String, Did> = BTreeMap::new();
    // Other lines are the client's words to people.
    for line in text.lines().filter(|line| line.starts_with('{')) {
        match side {
            Side::Kiln => of_kiln(serde_json::from_str(line)?, &mut all),
            Side::Bake => of_bake(serde_json::from_str(line)?, &mut all)?,
        }
    }
    Ok(all.into_values().collect())
}

/// The durations of the wanted steps; `true` stands for the platform that is not `own`. A step that nobody
/// did makes the run worthless.
pub(super) fn wanted(
    side: Side,
    all: &[Did],
    both: bool,
    own: &str,
) -> Fallible<BTreeMap<(Step, bool), Duration>> {
    let mut found = BTreeMap::new();
    for did in all.iter().filter(|did| did.done) {
        // What both platforms' builds wait for is the own platform's step.
        let foreign = !did.platforms.iter().any(|platform| platform == own);
        for step in [Step::Apt, Step::Pip] {
            if step.is(side, &did.name) {
                let took: &mut Duration = found.entry((step, foreign)).or_default();
                *took += did.took;
            }
        }
    }
    for step in [Step::Apt, Step::Pip] {
        for foreign in [false, true].into_iter().take(1 + usize::from(both)) {
            if !found.contains_key(&(step, foreign)) {
                let message = format!(
                    "{} ran no {} step ({}): something was in a cache",
                    side.name(),
                    step.name(),
                    if foreign { "foreign" } else { "own" },
                );
                return Err(fault(message));
            }
        }
    }
    Ok(found)
}

/// An event of kiln, docs/progress.md.
#[derive(Debug, Deserialize)]
struct Event {
    #[serde(rename = "event")]
    kind: String,
    #[serde(default)]
    platform: String,
    #[serde(default)]
    vertex: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    state: String,
    seconds: Option<f64>,
}

fn of_kiln(event: Event, all: &mut BTreeMap<String, Did>) {
    if event.kind != "step" || !matches!(event.state.as_str(), "done" | "cached") {
        return;
    }
    let took = event
        .seconds
        .and_then(|it| Duration::try_from_secs_f64(it).ok());
    let done = event.state == "done";
    add(
        all,
        event.vertex,
        event.name,
        event.platform,
        took.filter(|_| done),
        done,
    );
}

/// A line of bake: the daemon's own words.
#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default)]
    vertexes: Vec<Vertex>,
}

#[derive(Debug, Deserialize)]
struct Vertex {
    digest: String,
    name: String,
    started: Option<String>,
    completed: Option<String>,
    #[serde(default)]
    cached: bool,
}

fn of_bake(status: Status, all: &mut BTreeMap<String, Did>) -> Fallible<()> {
    for vertex in status.vertexes {
        let (Some(started), Some(completed)) = (vertex.started, vertex.completed) else {
            continue;
        };
        let (started, completed): (Timestamp, Timestamp) = (started.parse()?, completed.parse()?);
        let took = Duration::try_from(completed.duration_since(started)).ok();
        let on = platform(&vertex.name)?;
        add(all, vertex.digest, vertex.name, on, took, !vertex.cached);
    }
    Ok(())
}

/// `[ai linux/arm64 2/3] RUN …`; an image for one platform names none.
fn platform(name: &str) -> Fallible<String> {
    let head = name.split(']').next().unwrap_or_default();
    let named = head
        .split([' ', '['])
        .find(|word| word.starts_with("linux/"));
    match named {
        // `linux/amd64->arm64` is how the daemon calls a step of a cross build.
        Some(named) => Ok(named.split("->").next().unwrap_or(named).to_owned()),
        None => Ok(crate::lab::native()?.to_owned()),
    }
}

fn add(
    all: &mut BTreeMap<String, Did>,
    vertex: String,
    name: String,
    platform: String,
    took: Option<Duration>,
    done: bool,
) {
    let did = all.entry(vertex).or_insert_with(|| Did {
        name,
        platforms: Vec::new(),
        took: Duration::ZERO,
        done: false,
    });
    if !did.platforms.contains(&platform) {
        did.platforms.push(platform);
    }
    did.took = did.took.max(took.unwrap_or_default());
    did.done |= done;
}
