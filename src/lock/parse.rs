//! Text to a lock. Every mistake has its place, and all of them are reported together.

use std::str::FromStr;
use std::sync::Arc;

use super::{FILE_NAME, Lock, MAX_BYTES, MAX_NODES, MISTAKE, Period, PipList, VERSION, is_commit};
use crate::diagnostic::{Finding, Findings};
use crate::oci::Digest;
use crate::text::{Place, SourceFile, Span, Spanned};
use crate::yaml::{self, Entry, Keys, Node, NodeKind, checked_entries, parse_within};

const LOCK: Keys = Keys {
    of: FILE_NAME,
    known: &["lock", "period", "recipes", "images", "fetch", "git", "pip"],
    later: &[],
};
const LIST: Keys = Keys {
    of: "a list",
    known: &["python", "packages"],
    later: &[],
};

/// What git writes where two changes meet.
const MARKERS: [&str; 4] = ["<<<<<<<", "|||||||", "=======", ">>>>>>>"];

/// What makes a damaged file good again.
const ANEW: &str =
    "restore the line from the version control, or remove it: `kiln lock` looks up what is missing";

impl Lock {
    /// Reads a lock; nothing comes back where it has a mistake.
    pub fn parse(source: &Arc<SourceFile>, findings: &mut Findings) -> Option<Self> {
        let mut own = Findings::new();
        let lock = read(source, &mut own);
        let sound = !own.has_errors();
        findings.extend(own);
        lock.filter(|_| sound)
    }
}

fn read(source: &Arc<SourceFile>, findings: &mut Findings) -> Option<Lock> {
    if let Some(place) = marker(source) {
        let message =
            format!("a merge conflict is not resolved: {FILE_NAME} has git's marks in it");
        let help = "keep either side and remove the marks, then `kiln lock`: it adds what is missing and drops what \
                    nothing uses";
        findings.push(
            Finding::error(&place, message)
                .with_rule(MISTAKE)
                .with_help(help),
        );
        return None;
    }
    let root = parse_within(source, (MAX_BYTES, MAX_NODES), findings)?;
    version(source, &root, findings)?;
    checked_entries(&root, LOCK, findings)?;
    let period = root
        .get("period")
        .and_then(|node| value::<Period>(node, findings));
    if root.get("period").is_none() {
        let message = "`period` is missing: the window that the pins belong to";
        findings.push(mistake(&Place::file(source), message).with_help("`kiln update` sets it"));
    }
    // Without a period all else is still read, for its mistakes.
    let mut lock = Lock::new(period.or_else(|| Period::at(0))?);
    lock.source = Some(Arc::clone(source));
    for entry in entries(root.get("recipes"), findings) {
        if let Some(checksum) = value::<Digest>(&entry.value, findings) {
            lock.note("recipes", entry);
            lock.recipes.insert(entry.key.value.clone(), checksum);
        }
    }
    images(&mut lock, root.get("images"), findings);
    for entry in entries(root.get("fetch"), findings) {
        if let Some(checksum) = value::<Digest>(&entry.value, findings) {
            lock.note("fetch", entry);
            lock.fetch.insert(entry.key.value.clone(), checksum);
        }
    }
    git(&mut lock, root.get("git"), findings);
    pip(&mut lock, root.get("pip"), findings);
    Some(lock)
}

/// The first mark of a merge conflict. A line of seven `=` is one only where the others are.
fn marker(source: &Arc<SourceFile>) -> Option<Place> {
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        let text = line.trim_end();
        let is_mark = MARKERS.iter().any(|mark| {
            text.strip_prefix(mark)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        });
        if is_mark {
            let end = start + text.len();
            return Some(Place::new(source, Span { start, end }));
        }
        start += line.len();
    }
    None
}

/// A file of another version means something else: nothing more is said of it.
fn version(source: &Arc<SourceFile>, root: &Node, findings: &mut Findings) -> Option<()> {
    let Some(node) = root.get("lock") else {
        let message = format!("this is no {FILE_NAME}: it does not begin with `lock: {VERSION}`");
        let help = "`kiln lock` writes a new one where there is none";
        findings.push(mistake(&Place::file(source), message).with_help(help));
        return None;
    };
    let text = yaml::text(node, findings)?;
    match text.value.parse::<u32>() {
        Ok(VERSION) => Some(()),
        Ok(newer) if newer > VERSION => {
            let message =
                format!("{FILE_NAME} has version {newer}, and this kiln reads version {VERSION}");
            let help = "use the kiln that wrote it, or a newer one";
            findings.push(mistake(&text.place, message).with_help(help));
            None
        }
        _ => {
            let message = format!("`{}` is no version of {FILE_NAME}", text.value);
            findings
                .push(mistake(&text.place, message).with_help(format!("write `lock: {VERSION}`")));
            None
        }
    }
}

fn images(lock: &mut Lock, node: Option<&Node>, findings: &mut Findings) {
    for entry in entries(node, findings) {
        let Some(reference) = key(entry, findings) else {
            continue;
        };
        let mut index = None;
        let mut platforms = Vec::new();
        for fact in entries(Some(&entry.value), findings) {
            let digest = value::<Digest>(&fact.value, findings);
            if fact.key.value == "index" {
                index = digest;
            } else if let (Some(platform), Some(digest)) = (key(fact, findings), digest) {
                platforms.push((platform, digest));
            }
        }
        let Some(index) = index else {
            if entry.value.get("index").is_none() {
                let message = format!(
                    "`{}` has no `index`: what the name stands for",
                    entry.key.value
                );
                findings.push(mistake(&entry.key.place, message).with_help(ANEW));
            }
            continue;
        };
        lock.note("images", entry);
        let platforms = platforms.into_iter().collect();
        let image = super::LockedImage { index, platforms };
        lock.images.insert(reference, image);
    }
}

fn git(lock: &mut Lock, node: Option<&Node>, findings: &mut Findings) {
    for entry in entries(node, findings) {
        for fact in entries(Some(&entry.value), findings) {
            let Some(commit) = yaml::text(&fact.value, findings) else {
                continue;
            };
            if !is_commit(&commit.value) {
                let message = format!("`{}` is no full commit", commit.value);
                findings.push(mistake(&commit.place, message).with_help(ANEW));
                continue;
            }
            lock.note("git", entry);
            lock.set_git(&entry.key.value, &fact.key.value, commit.value);
        }
    }
}

fn pip(lock: &mut Lock, node: Option<&Node>, findings: &mut Findings) {
    for entry in entries(node, findings) {
        let id = key(entry, findings);
        for of_platform in entries(Some(&entry.value), findings) {
            let platform = key(of_platform, findings);
            let list = list(of_platform, findings);
            if let (Some(id), Some(platform), Some(list)) = (&id, platform, list) {
                lock.note("pip", entry);
                lock.set_pip(id, platform, list);
            }
        }
    }
}

fn list(entry: &Entry, findings: &mut Findings) -> Option<PipList> {
    checked_entries(&entry.value, LIST, findings)?;
    let part = |name: &str, findings: &mut Findings| {
        let node = entry.value.get(name);
        if node.is_none() {
            let message = format!("`{}` has no `{name}`", entry.key.value);
            findings.push(mistake(&entry.key.place, message).with_help(ANEW));
        }
        node
    };
    let python = part("python", findings).and_then(|node| yaml::text(node, findings));
    let packages = part("packages", findings).and_then(|node| yaml::texts(node, findings))?;
    let packages = packages
        .iter()
        .filter_map(|text| converted(text, findings))
        .collect();
    Some(PipList {
        python: python?.value,
        packages,
    })
}

/// The entries of a map whose keys are names; none where there is no map.
fn entries<'n>(node: Option<&'n Node>, findings: &mut Findings) -> &'n [Entry] {
    let Some(node) = node else { return &[] };
    if let NodeKind::Map(entries) = &node.kind {
        return entries;
    }
    let message = format!("a map should stand here, not {}", node.describe());
    findings.push(mistake(&node.place, message).with_help(ANEW));
    &[]
}

fn key<T: FromStr<Err: ToString>>(entry: &Entry, findings: &mut Findings) -> Option<T> {
    converted(&entry.key, findings)
}

fn value<T: FromStr<Err: ToString>>(node: &Node, findings: &mut Findings) -> Option<T> {
    let text = yaml::text(node, findings)?;
    converted(&text, findings)
}

fn converted<T: FromStr<Err: ToString>>(
    text: &Spanned<String>,
    findings: &mut Findings,
) -> Option<T> {
    match text.value.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            findings.push(mistake(&text.place, error.to_string()).with_help(ANEW));
            None
        }
    }
}

fn mistake(place: &Place, message: impl Into<String>) -> Finding {
    Finding::error(place, message).with_rule(MISTAKE)
}

impl Lock {
    fn note(&mut self, section: &'static str, entry: &Entry) {
        let place = entry.key.place.clone();
        self.places
            .insert((section, entry.key.value.clone()), place);
    }
}
