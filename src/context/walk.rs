//! The walk over a folder: what is sent to a builder, in the order it wants. Owns filtering, order
//! and hard links; knows no wire format.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::context::error::ContextError;
use crate::context::follow::{
    Followed, Root, follow, is_absent, read_error, read_link, sorted_names,
};
use crate::context::ignore::{Inherited, PatternSet};
use crate::context::stat::{Entry, Kind};

/// How folders begin in which this program keeps what is not whole yet. They come and go while a
/// folder is walked, and are no part of it.
pub const SCRATCH: &str = ".kiln-output-";

/// Which entries of a folder are meant. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Patterns of what is taken; empty for everything.
    pub include: Vec<String>,
    /// Patterns of what is left out again.
    pub exclude: Vec<String>,
    /// Paths, wildcards allowed, that are taken as well, together with every symbolic link on the
    /// way and what it leads to inside the root.
    pub follow: Vec<String>,
}

/// Yields the entries below `root`: parents first (also those that are only there for what lies in
/// them), siblings by the bytes of their names. The root itself is no entry.
///
/// A file with several names is told once, the further names as links to the first one that was
/// yielded. Folders of [`SCRATCH`] and what vanishes during the walk are passed over. `visit` ends the walk
/// by breaking.
///
/// # Errors
/// A broken pattern, a folder that cannot be read, a name that is not UTF-8; none of them for what
/// the filter leaves out.
pub fn walk(
    root: &Path,
    filter: &Filter,
    visit: &mut dyn FnMut(Entry) -> ControlFlow<()>,
) -> Result<(), ContextError> {
    let mut walker = Walker {
        include: include_set(Root::new(root)?, filter)?,
        exclude: PatternSet::new(&filter.exclude)?,
        first_names: BTreeMap::new(),
        parents: Vec::new(),
        visit,
    };
    let names = sorted_names(root).map_err(|source| read_error(root, source))?;
    let _ = walker.entries(root, names, &Place::default())?;
    Ok(())
}

fn is_scratch(name: &std::ffi::OsStr) -> bool {
    name.as_encoded_bytes().starts_with(SCRATCH.as_bytes())
}

/// What may be sent, or `None` for everything.
fn include_set(root: Root<'_>, filter: &Filter) -> Result<Option<PatternSet>, ContextError> {
    let mut include = PatternSet::new(&filter.include)?;
    if include.is_empty() && filter.follow.is_empty() {
        return Ok(None);
    }
    match follow(root, &filter.follow)? {
        Followed::Everything => return Ok(None),
        Followed::Paths(paths) => {
            for path in paths {
                include.push_literal(&path);
            }
        }
    }
    Ok(Some(include))
}

struct Walker<'a> {
    include: Option<PatternSet>,
    exclude: PatternSet,
    /// Path of the first name yielded, by device and inode.
    first_names: BTreeMap<(u64, u64), String>,
    /// The folders the walk stands in, `None` once they are yielded.
    parents: Vec<Option<Entry>>,
    visit: &'a mut dyn FnMut(Entry) -> ControlFlow<()>,
}

/// A folder of the walk.
#[derive(Default)]
struct Place {
    /// Relative to the root; empty there. Lossy when `utf8` is false.
    path: String,
    not_utf8: bool,
    included: Inherited,
    excluded: Inherited,
}

/// What the filter says about an entry.
struct Verdict {
    place: Place,
    selected: bool,
    /// Whether something below could be selected.
    open: bool,
}

impl Walker<'_> {
    fn entries(
        &mut self,
        dir: &Path,
        names: Vec<std::ffi::OsString>,
        above: &Place,
    ) -> Result<ControlFlow<()>, ContextError> {
        for name in names {
            let full = dir.join(&name);
            let metadata = match fs::symlink_metadata(&full) {
                Ok(metadata) => metadata,
                Err(source) if is_absent(&source) => continue,
                Err(source) => return Err(read_error(&full, source)),
            };
            let Some(kind) = Kind::of(&metadata) else {
                continue;
            };
            if kind == Kind::Directory && is_scratch(&name) {
                continue;
            }
            let verdict = self.judge(&name, above);
            if verdict.selected && verdict.place.not_utf8 {
                return Err(ContextError::NotUtf8 { path: full });
            }
            let flow = match kind {
                Kind::Directory => self.directory(&full, &verdict, &metadata)?,
                _ if verdict.selected => self.leaf(&full, &verdict, kind, &metadata)?,
                _ => ControlFlow::Continue(()),
            };
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn judge(&self, name: &std::ffi::OsStr, above: &Place) -> Verdict {
        let text = name.to_string_lossy();
        let path = match above.path.as_str() {
            "" => text.into_owned(),
            dir => format!("{dir}/{text}"),
        };
        let (in_set, included) = match &self.include {
            Some(include) => include.matches_in_walk(&path, &above.included),
            None => (true, Inherited::default()),
        };
        let (out, excluded) = self.exclude.matches_in_walk(&path, &above.excluded);
        let below = |set: &PatternSet| set.may_match_below(&path);
        let open = (in_set || self.include.as_ref().is_some_and(below))
            && (!out || self.exclude.may_except_below(&path));
        Verdict {
            selected: in_set && !out,
            open,
            place: Place {
                path,
                not_utf8: above.not_utf8 || name.to_str().is_none(),
                included,
                excluded,
            },
        }
    }

    fn directory(
        &mut self,
        full: &Path,
        verdict: &Verdict,
        metadata: &Metadata,
    ) -> Result<ControlFlow<()>, ContextError> {
        if !verdict.open {
            return Ok(ControlFlow::Continue(()));
        }
        let names = match sorted_names(full) {
            Ok(names) => names,
            Err(source) if is_absent(&source) => return Ok(ControlFlow::Continue(())),
            Err(source)
                if !verdict.selected && source.kind() == io::ErrorKind::PermissionDenied =>
            {
                return Ok(ControlFlow::Continue(()));
            }
            Err(source) => return Err(read_error(full, source)),
        };
        let entry = Entry::new(verdict.place.path.clone(), Kind::Directory, metadata);
        self.parents.push(Some(entry));
        let mut flow = ControlFlow::Continue(());
        if verdict.selected {
            flow = self.yield_parents();
        }
        if flow.is_continue() {
            flow = self.entries(full, names, &verdict.place)?;
        }
        self.parents.pop();
        Ok(flow)
    }

    fn leaf(
        &mut self,
        full: &Path,
        verdict: &Verdict,
        kind: Kind,
        metadata: &Metadata,
    ) -> Result<ControlFlow<()>, ContextError> {
        let path = verdict.place.path.clone();
        let mut entry = Entry::new(path.clone(), kind, metadata);
        if kind == Kind::Symlink {
            match read_link(full) {
                Ok(target) => entry.link = Some(target),
                Err(ContextError::Read { source, .. }) if is_absent(&source) => {
                    return Ok(ControlFlow::Continue(()));
                }
                Err(error) => return Err(error),
            }
        } else if metadata.nlink() > 1 {
            let inode = (metadata.dev(), metadata.ino());
            match self.first_names.get(&inode) {
                Some(first) => entry.link = Some(first.clone()),
                None => {
                    self.first_names.insert(inode, path);
                }
            }
        }
        if self.yield_parents().is_break() {
            return Ok(ControlFlow::Break(()));
        }
        Ok((self.visit)(entry))
    }

    fn yield_parents(&mut self) -> ControlFlow<()> {
        for parent in &mut self.parents {
            if let Some(entry) = parent.take() {
                (self.visit)(entry)?;
            }
        }
        ControlFlow::Continue(())
    }
}
