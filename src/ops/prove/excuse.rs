//! In what an image may differ when uv installs instead of pip: the table, in code and in `docs/prove.md`.
//!
//! An excuse is for one aspect of one kind of file. So a script that starts something else, a list that names
//! another file, or byte-code that does something else is no such difference, wherever it lies.

use std::fmt::Write as _;

use crate::layer::{Aspect, Difference, Entry, Kind, PathBytes, Tree};

/// A difference that is known, and does no harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Excuse {
    /// Its name in reports.
    pub id: &'static str,
    /// The files.
    pub files: &'static str,
    /// What may differ.
    pub differs: &'static str,
    /// Why it does, and does no harm.
    pub reason: &'static str,
}

/// All excuses, in the order in which they are tried.
pub const EXCUSES: [Excuse; 7] = [
    INSTALLER,
    REQUESTED,
    RECORD,
    DIRECT_URL,
    SCRIPT,
    PYC_HEADER,
    PYC_OF_BASE,
];

const INSTALLER: Excuse = Excuse {
    id: "installer",
    files: "`*.dist-info/INSTALLER`",
    differs: "content",
    reason: "It names the program that installed: `pip` or `uv`.",
};
const REQUESTED: Excuse = Excuse {
    id: "requested",
    files: "`*.dist-info/REQUESTED`",
    differs: "it is there with native tools only",
    reason: "pip marks what was asked for by name, uv marks every distribution. Only a note for tools that clean up.",
};
const RECORD: Excuse = Excuse {
    id: "record",
    files: "`*.dist-info/RECORD`",
    differs: "order and ends of lines, byte-code, and what is listed of the other files of this table",
    reason: "pip lists byte-code without a digest, uv does not. Removing by pip takes byte-code along with its source.",
};
const DIRECT_URL: Excuse = Excuse {
    id: "direct-url",
    files: "`*.dist-info/direct_url.json`",
    differs: "content",
    reason: "For what was installed from a URL or a file, pip notes its digest, uv only where it came from.",
};
const SCRIPT: Excuse = Excuse {
    id: "script",
    files: "`bin/*` that start an entry point",
    differs: "text; interpreter, module and function are the same",
    reason: "The text is the installer's, and changes with its version.",
};
const PYC_HEADER: Excuse = Excuse {
    id: "pyc-header",
    files: "`*.pyc`",
    differs: "the header; the code is the same",
    reason: "kiln compiles byte-code that does not go stale when the times of files are set back; pip writes the \
             time of the source into it.",
};
const PYC_OF_BASE: Excuse = Excuse {
    id: "pyc-of-base",
    files: "`__pycache__/*.pyc` whose source the layer does not have, and folders with nothing else in the layer",
    differs: "it is there in emulated builds only",
    reason: "Where a base comes without byte-code, Python leaves that of the modules which pip loads to run at all. uv \
             loads none.",
};

/// The excuse for a difference between a build with native tools and an emulated one, in this order. `emulated` is
/// the latter's layer.
pub(super) fn excuse(difference: &Difference, emulated: &Tree) -> Option<&'static Excuse> {
    let fits = |excuse: &&Excuse| match excuse.id {
        "installer" => is(difference, b"INSTALLER", Aspect::Content),
        "requested" => is_added(difference, b"REQUESTED"),
        "record" => is(difference, b"RECORD", Aspect::ListingText),
        "direct-url" => is(difference, b"direct_url.json", Aspect::Content),
        "script" => difference.aspect == Aspect::LauncherText,
        "pyc-header" => difference.aspect == Aspect::Header,
        "pyc-of-base" => is_pyc_of_base(difference, emulated),
        _ => false,
    };
    EXCUSES.iter().find(fits)
}

/// Whether it is a file of a distribution, and the aspect is this one.
fn is(difference: &Difference, name: &[u8], aspect: Aspect) -> bool {
    let mut parts = difference.path.rsplit(|byte| *byte == b'/');
    let is_named = parts.next() == Some(name);
    let folder = parts.next().unwrap_or_default();
    is_named && folder.ends_with(b".dist-info") && difference.aspect == aspect
}

/// Whether it is a file of a distribution that only the build with native tools has.
fn is_added(difference: &Difference, name: &[u8]) -> bool {
    is(difference, name, Aspect::Presence) && difference.first == "file"
}

/// Whether it is byte-code that only the emulated build has, of a source that is not of this layer, or its folder.
fn is_pyc_of_base(difference: &Difference, emulated: &Tree) -> bool {
    if difference.aspect != Aspect::Presence {
        return false;
    }
    let path = &difference.path;
    let is_pyc =
        |path: &[u8]| source_of(path).is_some_and(|it| !emulated.entries.contains_key(&it));
    // Of two layers with different paths, one has it.
    match emulated.entries.get(path).map(|it| &it.kind) {
        Some(Kind::File(_)) => is_pyc(path),
        Some(Kind::Folder) => {
            // A layer has the folders above what it adds, the base's own as well.
            let mut files = below(emulated, path).filter(|(_, entry)| entry.kind != Kind::Folder);
            let first = files.next();
            first.is_some_and(|(path, _)| is_pyc(path)) && files.all(|(path, _)| is_pyc(path))
        }
        _ => false,
    }
}

/// What a layer has below a folder.
fn below<'t>(tree: &'t Tree, folder: &[u8]) -> impl Iterator<Item = (&'t PathBytes, &'t Entry)> {
    let inside = [folder, b"/"].concat();
    let all = tree.entries.range(inside.clone()..);
    all.take_while(move |(path, _)| path.starts_with(&inside))
}

/// The source of byte-code: of `a/__pycache__/b.cpython-311.opt-1.pyc` it is `a/b.py` (PEP 3147, PEP 488).
fn source_of(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts = path.rsplitn(3, |byte| *byte == b'/');
    let name = parts.next()?.strip_suffix(b".pyc")?;
    if parts.next()? != b"__pycache__" {
        return None;
    }
    let mut stem = name.rsplitn(2, |byte| *byte == b'.');
    let tag = stem.next()?;
    let mut module = stem.next()?;
    if tag.starts_with(b"opt-") {
        let dot = module.iter().rposition(|byte| *byte == b'.')?;
        module = &module[..dot];
    }
    Some([parts.next()?, b"/", module, b".py"].concat())
}

/// The table, for `docs/prove.md`.
pub fn excuses_table() -> String {
    let mut text = String::from("| Name | Files | What may differ | Why |\n|---|---|---|---|\n");
    for Excuse {
        id,
        files,
        differs,
        reason,
    } in EXCUSES
    {
        let _ = writeln!(text, "| `{id}` | {files} | {differs} | {reason} |");
    }
    text
}
