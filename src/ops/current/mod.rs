//! What is up to date, and why the rest is not.
//!
//! ```text
//! plan ─outline (every core, nobody asked)→ Outline ┐
//!      ─look (one question per tag and base)→ Seen ─┼─judge, parents first→ Standing per image
//! ledger ───────────────────────────────────────────┘
//! ```
//!
//! An image is current where each of its platforms has the build key that it would get now, all in one index, and all
//! tags lead to that. The answer is computed over the planned graph from the top: the child of a stale parent is
//! stale, and a current parent is known by its published manifest. No builder is asked.

mod candidate;
mod checks;
mod judge;
mod locked;
mod look;
mod outline;
mod reason;
mod stand_in;
mod taken;
mod told;
mod words;

use std::collections::BTreeMap;

use self::candidate::Candidate;
use self::judge::Judging;
use self::look::Seen;
pub(super) use self::look::{Answer, KnownBases};
pub(super) use self::outline::Outline;
use self::outline::Outlining;
use super::error::OpError;
use super::places::Destination;
use crate::context::Hasher;
use crate::lock::Lock;
use crate::lower::LocalFiles;
use crate::oci::Reference;
use crate::plan::{Leg, Plan};
use crate::record::{Ledger, Record};
use crate::registry::Registry;

pub(super) use reason::{Published, Standing};
pub use reason::{Reason, ReasonKind, State};
pub(super) use stand_in::stand_ins;
pub(super) use told::{Against, From, Told, ToldLeg, tell};
pub(super) use words::base_moved;

/// Where digests of local files are remembered, below the workspace.
const HASHES: &str = ".kiln/hashes";

/// What is asked about.
pub(super) struct Question<'a> {
    pub(super) plan: &'a Plan,
    pub(super) destinations: &'a [Destination],
    pub(super) files: &'a LocalFiles,
    /// The time that was asked for.
    pub(super) epoch: Option<i64>,
    pub(super) reproducible: bool,
    /// The workspace's lock.
    pub(super) lock: Option<&'a Lock>,
}

/// Computes digests of local files, and remembers them below the workspace.
pub(super) fn hasher(files: &LocalFiles) -> Hasher {
    let root = files.root();
    Hasher::new(root, Some(root.join(HASHES)))
}

/// Outlines every leg of a plan.
///
/// # Errors
/// A leg that cannot be outlined, such as one whose files are not there.
pub(super) fn outlines(question: &Question<'_>) -> Result<BTreeMap<Leg, Outline>, OpError> {
    let hasher = hasher(question.files);
    let outlines = Outlining {
        plan: question.plan,
        destinations: question.destinations,
        files: question.files,
        hasher: &hasher,
        epoch: question.epoch,
        reproducible: question.reproducible,
        lock: question.lock,
    };
    let outlines = outlines.all().map_err(OpError::Invalid)?;
    // Without it, files are read again.
    let _ = hasher.save();
    Ok(outlines)
}

/// Judges every image of a plan, in its order; says as well what was heard of bases.
///
/// # Errors
/// A ledger that cannot be read. A registry that does not answer is none: of what depends on it nothing is known.
pub(super) async fn standing(
    question: &Question<'_>,
    outlines: &BTreeMap<Leg, Outline>,
    origin: &dyn Registry,
    registry: &dyn Registry,
    ledger: &Ledger,
) -> Result<(Vec<Standing>, KnownBases), OpError> {
    let seen = look::look(question, outlines, origin, registry).await;
    let records = ledger.scan().map_err(OpError::Ledger)?.records;
    let mut nobody = |_: &Judging<'_>, _: Option<&Candidate>| {};
    let all = judge_all(
        question,
        outlines,
        (&seen, &records),
        Some(origin),
        &mut nobody,
    );
    let all = all.await;
    Ok((all, seen.known))
}

/// Asks for the bases alone, where nobody wants to know what is up to date: whoever builds takes what was heard.
pub(super) async fn bases(
    question: &Question<'_>,
    outlines: &BTreeMap<Leg, Outline>,
    registry: &dyn Registry,
) -> KnownBases {
    let question = Question {
        destinations: &[],
        ..*question
    };
    look::look(&question, outlines, registry, registry)
        .await
        .known
}

/// Who looks on while images are judged: each image, and the published index that it is held against.
type Onlooker<'a> = dyn FnMut(&Judging<'_>, Option<&Candidate>) + Send + 'a;

/// Judges every image of a plan by what registries and records say. Without `origin` nobody is asked any more.
async fn judge_all(
    question: &Question<'_>,
    outlines: &BTreeMap<Leg, Outline>,
    (seen, records): (&Seen, &[Record]),
    origin: Option<&dyn Registry>,
    onlooker: &mut Onlooker<'_>,
) -> Vec<Standing> {
    let (plan, destinations) = (question.plan, question.destinations);
    let records = by_reference(records);
    let mut all: Vec<Standing> = Vec::with_capacity(plan.images.len());
    for (number, planned) in plan.images.iter().enumerate() {
        let references = &destinations[number].references;
        let mut named = references.iter();
        let own = named.find_map(|reference| records.get(&reference.to_string()));
        let judging = Judging {
            planned,
            number,
            references,
            outlines,
            parents: &all,
            seen,
            records: own.map_or(&[][..], Vec::as_slice),
        };
        let (parts, mut reasons) = judging.parts();
        let extra = match origin {
            Some(origin) => extra(&judging, origin).await,
            None => None,
        };
        let best = judging.choose(&parts, &mut reasons, extra);
        onlooker(&judging, best.as_ref());
        let standing = judging.judge(&parts, reasons, best);
        all.push(standing);
    }
    all
}

/// What was published last, where a tag that should lead to it is not there.
async fn extra(judging: &Judging<'_>, origin: &dyn Registry) -> Option<Candidate> {
    let answer = |reference: &Reference| judging.seen.tags.get(&reference.to_string());
    let is_gone = |reference: &Reference| matches!(answer(reference), Some(Ok(None)));
    if !judging.references.iter().any(is_gone) {
        return None;
    }
    let record = judging.records.last()?;
    let repository = judging.references.first()?.repository().clone();
    let digest = record.draft.index.digest.clone();
    let raw = look::get(origin, &Reference::pinned(repository, digest)).await;
    Candidate::of(&raw.ok()??, judging.records)
}

/// Records by the references that they speak of, the latest last.
fn by_reference(records: &[Record]) -> BTreeMap<String, Vec<&Record>> {
    let mut all: BTreeMap<String, Vec<&Record>> = BTreeMap::new();
    for record in records {
        for reference in &record.draft.references {
            all.entry(reference.to_string()).or_default().push(record);
        }
    }
    all
}
