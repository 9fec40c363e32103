//! On which day a base was made that moved.
//!
//! Costs two requests for each side of each base that moved on a platform of a stale image, and none where nothing
//! is stale. What the registry has no more, or does not say, is left out.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use super::super::current::{Against, From, ReasonKind, State, Told, ToldLeg, base_moved};
use super::super::resolve::MAX_CONFIG;
use crate::key::Change;
use crate::oci::{Digest, ImageConfig, Repository};
use crate::ops::places::Destination;
use crate::registry::{ManifestRef, Registry};

/// How many questions are open at once.
const PARALLEL: usize = 16;

/// A manifest that is asked for, by repository and digest.
type Name = (String, Digest);

/// A base of a leg that moved.
struct Moved {
    name: String,
    repository: Repository,
    /// Whether it is an image of the plan.
    is_own: bool,
    then: Digest,
    now: Digest,
}

/// Adds the days to the reasons that speak of bases that moved.
pub(super) async fn add(
    told: &mut [Told],
    destinations: &[Destination],
    against: Against<'_>,
    registry: &dyn Registry,
) {
    let mut wanted: BTreeMap<Name, (Repository, bool)> = BTreeMap::new();
    let mut all: Vec<(usize, Moved)> = Vec::new();
    for (number, one) in told.iter().enumerate() {
        if one.standing.state != State::Stale {
            continue;
        }
        for moved in one.legs.values().flat_map(|leg| moved(leg, destinations)) {
            for digest in [&moved.then, &moved.now] {
                let name = (moved.repository.to_string(), digest.clone());
                wanted.insert(name, (moved.repository.clone(), moved.is_own));
            }
            all.push((number, moved));
        }
    }
    let questions = wanted
        .into_iter()
        .filter_map(|(name, (repository, is_own))| {
            // Where records answer for what was published, its registry is not asked for anything.
            let whom = match (is_own, against) {
                (false, _) => registry,
                (true, Against::Registry(origin)) => origin,
                (true, Against::Record) => return None,
            };
            Some((name, repository, whom))
        });
    let questions: Vec<(Name, Repository, &dyn Registry)> = questions.collect();
    let days: BTreeMap<Name, String> = futures_util::stream::iter(questions)
        .map(|(name, repository, whom)| async move {
            let day = day(whom, &repository, &name.1).await;
            day.map(|day| (name, day))
        })
        .buffer_unordered(PARALLEL)
        .filter_map(std::future::ready)
        .collect()
        .await;
    for (number, moved) in all {
        let day = |digest: &Digest| {
            let name = (moved.repository.to_string(), digest.clone());
            days.get(&name).map(String::as_str)
        };
        let (then, now) = (&moved.then, &moved.now);
        let plain = base_moved(&moved.name, (then, None), (now, None));
        let dated = base_moved(&moved.name, (then, day(then)), (now, day(now)));
        for reason in &mut told[number].standing.reasons {
            if reason.kind == ReasonKind::Base && reason.message == plain {
                reason.message.clone_from(&dated);
            }
        }
    }
}

fn moved(leg: &ToldLeg, destinations: &[Destination]) -> Vec<Moved> {
    let Some(then) = leg.then.as_ref().filter(|_| leg.is_whole) else {
        return Vec::new();
    };
    let changes = leg.now.changes_since(then).into_iter();
    let moved = changes.filter_map(|change| {
        let Change::Base(name, Some(then), Some(now)) = change else {
            return None;
        };
        let (repository, is_own) = match leg.from.get(&name)? {
            From::Image(reference) => (reference.repository().clone(), false),
            From::Parent(number) => (destinations[*number].repository.clone()?, true),
        };
        Some(Moved {
            name,
            repository,
            is_own,
            then,
            now,
        })
    });
    moved.collect()
}

/// The day on which an image says that it was made.
async fn day(registry: &dyn Registry, repository: &Repository, digest: &Digest) -> Option<String> {
    let at = ManifestRef::Digest(digest.clone());
    let raw = registry.get_manifest(repository, &at).await.ok()??;
    let config = raw.manifest().ok()?.config.digest;
    let bytes = registry.get_blob(repository, &config, MAX_CONFIG).await;
    let config: ImageConfig = serde_json::from_slice(&bytes.ok()??).ok()?;
    let created: jiff::Timestamp = config.created?.parse().ok()?;
    Some(created.to_zoned(jiff::tz::TimeZone::UTC).date().to_string())
}
