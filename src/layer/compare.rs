//! In what two layers differ.

use super::tree::{Content, Entry, Form, Kind, PathBytes, Tree, shown};
use crate::oci::Digest;

/// In what an entry can differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aspect {
    /// Whether it is there.
    Presence,
    /// What it is.
    Kind,
    /// Its permissions.
    Mode,
    /// Its owner.
    Owner,
    /// The target of a symbolic link.
    Target,
    /// Its other names.
    Links,
    /// Its extended attributes.
    Xattrs,
    /// The numbers of a device.
    Device,
    /// What is in it.
    Content,
    /// What byte-code does.
    Code,
    /// Only the header of byte-code: how Python tells that it is stale.
    Header,
    /// Only the text of a script that starts the same.
    LauncherText,
    /// Only the form of a list that says the same.
    ListingText,
}

impl Aspect {
    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Kind => "type",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Target => "link target",
            Self::Links => "hard links",
            Self::Xattrs => "extended attributes",
            Self::Device => "device numbers",
            Self::Content => "content",
            Self::Code => "byte-code",
            Self::Header => "header of byte-code",
            Self::LauncherText => "text of a script that starts the same",
            Self::ListingText => "form of a list that says the same",
        }
    }
}

/// A difference of one entry in one aspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The entry.
    pub path: PathBytes,
    /// In what it differs.
    pub aspect: Aspect,
    /// What it is in the first layer, in words.
    pub first: String,
    /// What it is in the second.
    pub second: String,
}

/// In what two layers differ, by path and then by aspect.
pub fn compare(first: &Tree, second: &Tree) -> Vec<Difference> {
    let mut found = Vec::new();
    for (path, one) in &first.entries {
        match second.entries.get(path) {
            Some(other) => entry(path, one, other, &mut found),
            None => found.push(presence(path, one.kind.as_str(), NOT_THERE)),
        }
    }
    let only_second = second
        .entries
        .iter()
        .filter(|(path, _)| !first.entries.contains_key(*path));
    found.extend(only_second.map(|(path, other)| presence(path, NOT_THERE, other.kind.as_str())));
    found.sort_by(|one, other| (&one.path, one.aspect).cmp(&(&other.path, other.aspect)));
    found
}

const NOT_THERE: &str = "not there";

fn presence(path: &[u8], first: &str, second: &str) -> Difference {
    Difference {
        path: path.to_vec(),
        aspect: Aspect::Presence,
        first: first.to_owned(),
        second: second.to_owned(),
    }
}

fn entry(path: &[u8], one: &Entry, other: &Entry, found: &mut Vec<Difference>) {
    let mut add = |aspect, first, second| {
        if first != second {
            found.push(Difference {
                path: path.to_vec(),
                aspect,
                first,
                second,
            });
        }
    };
    let both = |of: &dyn Fn(&Entry) -> String| (of(one), of(other));
    let (first, second) = both(&|entry| format!("{:04o}", entry.mode));
    add(Aspect::Mode, first, second);
    let (first, second) = both(&|entry| format!("{}:{}", entry.owner.0, entry.owner.1));
    add(Aspect::Owner, first, second);
    let (first, second) = both(&xattrs);
    add(Aspect::Xattrs, first, second);
    let (first, second) = both(&links);
    add(Aspect::Links, first, second);
    let (first, second) = (one.kind.as_str(), other.kind.as_str());
    match (&one.kind, &other.kind) {
        (Kind::File(one), Kind::File(other)) => {
            if one.digest != other.digest {
                let (aspect, first, second) = content(one, other);
                add(aspect, first, second);
            }
        }
        (Kind::Symlink(one), Kind::Symlink(other)) | (Kind::Link(one), Kind::Link(other)) => {
            add(Aspect::Target, shown(one), shown(other));
        }
        (Kind::CharDevice(a, b), Kind::CharDevice(c, d))
        | (Kind::BlockDevice(a, b), Kind::BlockDevice(c, d)) => {
            add(Aspect::Device, format!("{a}:{b}"), format!("{c}:{d}"));
        }
        (Kind::Other(one), Kind::Other(other)) => {
            add(Aspect::Kind, format!("type {one}"), format!("type {other}"));
        }
        _ => add(Aspect::Kind, first.to_owned(), second.to_owned()),
    }
}

fn xattrs(entry: &Entry) -> String {
    let each = entry.xattrs.iter();
    let each = each.map(|(name, value)| format!("{}={}", shown(name.as_bytes()), shown(value)));
    otherwise(&each.collect::<Vec<_>>(), "none")
}

fn links(entry: &Entry) -> String {
    let each = entry.links.iter().flat_map(|links| links.iter());
    otherwise(&each.map(|path| shown(path)).collect::<Vec<_>>(), "none")
}

fn otherwise(words: &[String], nothing: &str) -> String {
    if words.is_empty() {
        nothing.to_owned()
    } else {
        words.join(" ")
    }
}

/// In what two contents differ that are not the same bytes.
fn content(one: &Content, other: &Content) -> (Aspect, String, String) {
    let (aspect, first, second) = match (&one.form, &other.form) {
        (Form::Compiled(a), Form::Compiled(b)) if a.magic == b.magic => {
            if a.code != b.code {
                return (Aspect::Code, sum(&one.digest), sum(&other.digest));
            }
            let (a, b) = (a.staleness(), b.staleness());
            (Aspect::Header, a.to_owned(), b.to_owned())
        }
        (Form::Compiled(a), Form::Compiled(b)) => {
            let words = |magic| format!("of magic number {magic}");
            (Aspect::Code, words(a.magic), words(b.magic))
        }
        (Form::Launcher(a), Form::Launcher(b)) if a == b => {
            (Aspect::LauncherText, size(one), size(other))
        }
        (Form::Listing(a), Form::Listing(b)) if a == b => {
            (Aspect::ListingText, size(one), size(other))
        }
        _ => {
            let words = |it: &Content| format!("{}, {}", size(it), sum(&it.digest));
            (Aspect::Content, words(one), words(other))
        }
    };
    if first == second {
        // The words are the same, the bytes are not.
        return (aspect, sum(&one.digest), sum(&other.digest));
    }
    (aspect, first, second)
}

fn size(content: &Content) -> String {
    format!("{} bytes", content.size)
}

/// The beginning of a digest.
fn sum(digest: &Digest) -> String {
    let hex = digest.hex();
    let begin = hex.get(..16).unwrap_or(hex);
    format!("{}:{begin}…", digest.algorithm().as_str())
}
