//! From what is and what was published to what is stale, parents before their children.

use std::collections::BTreeMap;

use super::candidate::Candidate;
use super::look::{Answer, Seen};
use super::outline::Outline;
use super::reason::{LegStanding, Published, Reason, ReasonKind, Standing, State};
use super::words::{change, of_parent, short};
use crate::key::Parts;
use crate::oci::{Digest, Platform, Reference};
use crate::plan::{Leg, Planned};
use crate::record::Record;

/// One image, when its parents have been judged.
pub(super) struct Judging<'a> {
    pub(super) planned: &'a Planned,
    pub(super) number: usize,
    pub(super) references: &'a [Reference],
    pub(super) outlines: &'a BTreeMap<Leg, Outline>,
    pub(super) parents: &'a [Standing],
    pub(super) seen: &'a Seen,
    /// Records of this image, the latest last.
    pub(super) records: &'a [&'a Record],
}

impl Judging<'_> {
    /// The parts of each leg; of a leg whose parent is not current, or whose base cannot be looked at, the reason.
    pub(super) fn parts(&self) -> (BTreeMap<Platform, Parts>, Vec<Reason>) {
        let (mut all, mut reasons) = (BTreeMap::new(), Vec::new());
        for &platform in &self.planned.platforms {
            let leg = Leg {
                image: self.number,
                platform,
            };
            let Some(outline) = self.outlines.get(&leg) else {
                continue;
            };
            let before = reasons.len();
            let parts = self.bases(outline, platform, &mut reasons);
            if reasons.len() == before {
                all.insert(platform, parts);
            }
        }
        (all, reasons)
    }

    pub(super) fn bases(
        &self,
        outline: &Outline,
        own: Platform,
        reasons: &mut Vec<Reason>,
    ) -> Parts {
        let mut parts = outline.parts.clone();
        let mut no = |kind, name: &str, message| {
            reasons.push(Reason {
                kind,
                platform: Some(own),
                message,
                place: outline.places.get(name).cloned(),
            });
        };
        for (name, (reference, platform)) in &outline.images {
            match self.seen.bases.get(&reference.to_string()) {
                Some(Ok(children)) => match children.of(*platform) {
                    Some(digest) => drop(parts.bases.insert(name.clone(), digest.clone())),
                    None => no(
                        ReasonKind::Base,
                        name,
                        format!("the base `{reference}` has no {platform} any more"),
                    ),
                },
                // It cannot be built any more, whatever is published.
                Some(Err(_)) if self.is_gone(reference) => {
                    let message = format!("the base `{reference}` does not exist; name another");
                    no(ReasonKind::Base, name, message);
                }
                Some(Err(why)) => no(ReasonKind::Unreachable, name, why.clone()),
                None => {}
            }
        }
        for (name, &parent) in &outline.parents {
            let standing = self.parents[parent].legs.get(&own);
            if let Some(current) = standing.and_then(|leg| leg.current.as_ref()) {
                parts.bases.insert(name.clone(), current.digest.clone());
            } else {
                let is_unknown = self.parents[parent].state == State::Unknown;
                no(ReasonKind::Parent, name, of_parent(name, is_unknown));
            }
        }
        parts
    }

    fn is_gone(&self, base: &Reference) -> bool {
        matches!(self.seen.known.get(&base.to_string()), Some(Answer(None)))
    }

    /// What is published and most like what would be built. `extra` is an index that no tag leads to.
    pub(super) fn choose(
        &self,
        parts: &BTreeMap<Platform, Parts>,
        reasons: &mut Vec<Reason>,
        extra: Option<Candidate>,
    ) -> Option<Candidate> {
        let mut candidates: Vec<Candidate> = Vec::new();
        for reference in self.references {
            match self.seen.tags.get(&reference.to_string()) {
                Some(Ok(Some(raw))) => candidates.extend(Candidate::of(raw, self.records)),
                Some(Err(why)) => reasons.push(Reason {
                    kind: ReasonKind::Unreachable,
                    platform: None,
                    message: why.clone(),
                    place: None,
                }),
                _ => {}
            }
        }
        candidates.extend(extra);
        let mut best: Option<(usize, Candidate)> = None;
        for candidate in candidates {
            let fits = candidate.fits(parts);
            if best.as_ref().is_none_or(|(most, _)| fits > *most) {
                best = Some((fits, candidate));
            }
        }
        let best = best.map(|(_, candidate)| candidate);
        if best.is_none() {
            reasons.extend(self.nothing());
        }
        best
    }

    /// The verdict on what is published.
    pub(super) fn judge(
        &self,
        parts: &BTreeMap<Platform, Parts>,
        mut reasons: Vec<Reason>,
        best: Option<Candidate>,
    ) -> Standing {
        let mut legs = BTreeMap::new();
        for &platform in &self.planned.platforms {
            let mut is_same =
                |parts: &&Parts| self.compare(platform, parts, best.as_ref(), &mut reasons);
            let same = parts.get(&platform).filter(&mut is_same);
            let current = same.and_then(|_| best.as_ref()?.entry(platform));
            let parts = current.is_some().then(|| same.cloned()).flatten();
            legs.insert(platform, LegStanding { parts, current });
        }
        self.finish(best, legs, reasons)
    }

    /// Whether what is published of a platform is what would be built; why not, otherwise.
    fn compare(
        &self,
        platform: Platform,
        parts: &Parts,
        best: Option<&Candidate>,
        reasons: &mut Vec<Reason>,
    ) -> bool {
        let mut why = |kind, message: String, place| {
            reasons.push(Reason {
                kind,
                platform: Some(platform),
                message,
                place,
            });
        };
        let Some(best) = best else {
            return false;
        };
        let Some((key, then)) = best.keys.get(&platform) else {
            if best.entry(platform).is_none() {
                let message = format!("{platform} was never built");
                why(ReasonKind::NeverBuilt, message, None);
            } else if let Some(words) = best.odd.get(&platform) {
                why(ReasonKind::NoKey, words.clone(), None);
            } else {
                self.without_key(best, &mut why);
            }
            return false;
        };
        if *key == parts.key() {
            return true;
        }
        let Some(then) = then else {
            let message = "it was made from something else".to_owned();
            why(ReasonKind::Recipe, message, None);
            return false;
        };
        let leg = Leg {
            image: self.number,
            platform,
        };
        for one in parts.changes_since(then) {
            let (kind, message, place) = change(&one, &self.outlines[&leg], self.planned);
            why(kind, message, place);
        }
        false
    }

    /// Why nothing is to be compared with.
    fn nothing(&self) -> Option<Reason> {
        let answer = |reference: &&Reference| self.seen.tags.get(&reference.to_string());
        let mut unread = self.references.iter();
        let unread = unread.find(|reference| matches!(answer(reference), Some(Ok(Some(_)))));
        let unasked = self
            .references
            .iter()
            .any(|it| matches!(answer(&it), Some(Err(_))));
        let (kind, message) = match (self.references.first(), unread, self.records.last()) {
            (_, Some(reference), _) => (
                ReasonKind::NoKey,
                format!("{reference} is no index of images"),
            ),
            // That has been said.
            (Some(_), None, _) if unasked => return None,
            (Some(reference), None, Some(record)) => {
                let was = short(&record.draft.index.digest);
                let message =
                    format!("{reference} is not there any more; it was published as {was}");
                (ReasonKind::NeverBuilt, message)
            }
            (Some(reference), None, None) => (
                ReasonKind::NeverBuilt,
                format!("{reference} was never built"),
            ),
            (None, ..) => (ReasonKind::NeverBuilt, "it has no registry".to_owned()),
        };
        Some(Reason {
            kind,
            platform: None,
            message,
            place: None,
        })
    }

    /// The index says nothing of how it was made, and no record of it is here.
    fn without_key(
        &self,
        best: &Candidate,
        why: &mut dyn FnMut(ReasonKind, String, Option<crate::text::Place>),
    ) {
        let found: &Digest = &best.raw.digest;
        match self.records.last() {
            Some(record) => why(
                ReasonKind::TagMoved,
                format!(
                    "the tag leads to {}, which somebody else published; here {} was",
                    short(found),
                    short(&record.draft.index.digest)
                ),
                None,
            ),
            None => why(
                ReasonKind::NoKey,
                format!("{} says nothing of how it was made", short(found)),
                None,
            ),
        }
    }

    fn finish(
        &self,
        best: Option<Candidate>,
        legs: BTreeMap<Platform, LegStanding>,
        mut reasons: Vec<Reason>,
    ) -> Standing {
        let all_current = !legs.is_empty() && legs.values().all(|leg| leg.current.is_some());
        let index = best.filter(|_| legs.values().any(|leg| leg.current.is_some()));
        let index = index.map(|best| {
            let at = |reference: &&Reference| {
                let answer = self.seen.tags.get(&reference.to_string());
                !matches!(answer, Some(Ok(Some(raw))) if raw.digest == best.raw.digest)
            };
            let astray = self.references.iter().filter(at).cloned().collect();
            let others = best.index.images().into_keys();
            let extra: Vec<Platform> = others
                .filter(|platform| !self.planned.image.contents.contains_key(platform))
                .collect();
            (best, astray, extra)
        });
        let mut whole = all_current;
        if let Some((_, _, extra)) = &index {
            for platform in extra {
                whole = false;
                reasons.push(Reason {
                    kind: ReasonKind::Recipe,
                    platform: Some(*platform),
                    message: format!("the recipe has no {platform} any more"),
                    place: Some(self.planned.image.recipe.place.clone()),
                });
            }
        }
        let index = index.map(|(best, astray, _)| Published {
            digest: best.raw.digest,
            bytes: best.raw.bytes,
            astray,
        });
        let parents = self.planned.parents.values();
        let mut parents = parents.map(|&parent| self.parents[parent].state);
        // Of several parents, one that is certainly stale is enough.
        let worst = parents.clone().find(|it| *it == State::Stale);
        let unknown = worst.is_none() && parents.any(|it| it == State::Unknown);
        let state = state(whole, index.as_ref(), unknown, &mut reasons);
        Standing {
            state,
            reasons,
            legs,
            index,
        }
    }
}

/// `unknown_parents` says whether of parents nobody knows more than that nobody knows.
fn state(
    whole: bool,
    index: Option<&Published>,
    unknown_parents: bool,
    reasons: &mut Vec<Reason>,
) -> State {
    if let (true, Some(index)) = (whole, index) {
        reasons.clear();
        reasons.extend(index.astray.iter().map(|reference| Reason {
            kind: ReasonKind::TagMissing,
            platform: None,
            message: format!("{reference} does not lead to {}", short(&index.digest)),
            place: None,
        }));
        if reasons.is_empty() {
            return State::Current;
        }
        return State::TagMissing;
    }
    let is_unknown = |reason: &Reason| match reason.kind {
        ReasonKind::NoKey | ReasonKind::Unreachable => true,
        ReasonKind::Parent => unknown_parents,
        _ => false,
    };
    if reasons.iter().any(|reason| !is_unknown(reason)) {
        State::Stale
    } else {
        State::Unknown
    }
}
