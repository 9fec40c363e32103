//! Paths inside a root: symbolic links are followed with the root as `/`, never out of it. Owns
//! every look at the file system that a path from outside decides.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::context::error::ContextError;
use crate::context::glob::{expand_in, is_glob};
use crate::context::ignore::{PatternSet, clean};

/// Links that are followed for one path before it is taken for a loop (Linux stops at 40).
const MAX_LINKS: usize = 40;

/// A folder that no path leads out of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Root<'a> {
    path: &'a Path,
}

impl<'a> Root<'a> {
    /// Checks that `path` is a folder.
    pub(super) fn new(path: &'a Path) -> Result<Root<'a>, ContextError> {
        let metadata = fs::metadata(path).map_err(|source| read_error(path, source))?;
        if !metadata.is_dir() {
            return Err(ContextError::NotADirectory {
                path: path.to_owned(),
            });
        }
        Ok(Root { path })
    }

    /// Where the parts lie on this machine. The parts must come from [`Root::locate`] or be names.
    fn join(&self, parts: &[String]) -> PathBuf {
        let mut path = self.path.to_owned();
        path.extend(parts);
        path
    }

    /// What a path is, links in its folders followed, a link at its end not; `None` when there is
    /// nothing.
    pub(super) fn lstat(&self, parts: &[String]) -> Result<Option<Metadata>, ContextError> {
        let Some((name, above)) = parts.split_last() else {
            return self.metadata(&[]);
        };
        match self.locate(above, &mut |_| ())? {
            Some(mut real) => {
                real.push(name.clone());
                self.metadata(&real)
            }
            None => Ok(None),
        }
    }

    /// The names in a folder, sorted by bytes; none when it is no folder.
    pub(super) fn names(&self, parts: &[String]) -> Result<Vec<OsString>, ContextError> {
        let Some(real) = self.locate(parts, &mut |_| ())? else {
            return Ok(Vec::new());
        };
        let path = self.join(&real);
        match sorted_names(&path) {
            Ok(names) => Ok(names),
            Err(source) if is_absent(&source) => Ok(Vec::new()),
            Err(source) => Err(read_error(&path, source)),
        }
    }

    /// The same place without links on the way; `None` when there is nothing. Each link passed is
    /// told to `on_link`, by its own path without links.
    pub(super) fn locate(
        &self,
        parts: &[String],
        on_link: &mut dyn FnMut(&[String]),
    ) -> Result<Option<Vec<String>>, ContextError> {
        let mut at: Vec<String> = Vec::new();
        let mut rest: Vec<String> = parts.iter().rev().cloned().collect();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(part),
            }
            let Some(metadata) = self.metadata(&at)? else {
                return Ok(None);
            };
            if metadata.is_symlink() {
                on_link(&at);
                links += 1;
                if links > MAX_LINKS {
                    return Ok(None);
                }
                let target = read_link(&self.join(&at))?;
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                rest.extend(target.rsplit('/').map(str::to_owned));
            } else if !metadata.is_dir() && rest.iter().any(|part| part != ".") {
                return Ok(None);
            }
        }
        Ok(Some(at))
    }

    fn metadata(&self, parts: &[String]) -> Result<Option<Metadata>, ContextError> {
        let path = self.join(parts);
        match fs::symlink_metadata(&path) {
            Ok(metadata) => Ok(Some(metadata)),
            Err(source) if is_absent(&source) => Ok(None),
            Err(source) => Err(read_error(&path, source)),
        }
    }
}

/// What must be sent so that some paths can be followed where they lead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Followed {
    /// A path leads to the root itself.
    Everything,
    /// The paths without links, and every link on the way.
    Paths(BTreeSet<String>),
}

/// Resolves paths, which may hold wildcards. What does not exist gives nothing.
pub(super) fn follow(root: Root<'_>, paths: &[String]) -> Result<Followed, ContextError> {
    let mut found = BTreeSet::new();
    for path in paths {
        // With a `/` before it, `..` stops at the root.
        let path = clean(&format!("/{path}"));
        let path = path.trim_start_matches('/');
        let mut on_link = |link: &[String]| {
            found.insert(link.join("/"));
        };
        let paths = expand_in(root, path, &PatternSet::default())?;
        if paths.is_empty() {
            // There may still be links on the way to where nothing is.
            let known = path.split('/').take_while(|part| !is_glob(part));
            let known: Vec<String> = known.map(str::to_owned).collect();
            root.locate(&known, &mut on_link)?;
        }
        for path in paths {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            let mut on_link = |link: &[String]| {
                found.insert(link.join("/"));
            };
            match root.locate(&parts, &mut on_link)? {
                Some(real) if real.is_empty() => return Ok(Followed::Everything),
                Some(real) => {
                    found.insert(real.join("/"));
                }
                None => {}
            }
        }
    }
    Ok(Followed::Paths(found))
}

/// The target of a symbolic link as written.
pub(super) fn read_link(path: &Path) -> Result<String, ContextError> {
    let target = fs::read_link(path).map_err(|source| read_error(path, source))?;
    target
        .into_os_string()
        .into_string()
        .map_err(|_| ContextError::TargetNotUtf8 {
            path: path.to_owned(),
        })
}

/// The names in the folder `path`, sorted by their bytes.
pub(super) fn sorted_names(path: &Path) -> io::Result<Vec<OsString>> {
    let mut names = fs::read_dir(path)?
        .map(|entry| Ok(entry?.file_name()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Whether an error means that there is nothing.
pub(super) fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

pub(super) fn read_error(path: &Path, source: io::Error) -> ContextError {
    ContextError::Read {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::{Followed, Root, follow};

    fn followed(root: &std::path::Path, path: &str) -> Followed {
        follow(Root::new(root).unwrap(), &[path.to_owned()]).unwrap()
    }

    #[test]
    fn links_are_followed_inside_the_root_only() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("real/ünter")).unwrap();
        fs::write(root.join("real/ünter/f.txt"), "x").unwrap();
        fs::write(dir.path().join("secret"), "x").unwrap();
        symlink("real", root.join("link")).unwrap();
        symlink("/real/ünter/f.txt", root.join("abs")).unwrap();
        symlink("../../secret", root.join("out")).unwrap();
        symlink("../secret", root.join("real/out")).unwrap();
        symlink("loop/x", root.join("loop")).unwrap();
        symlink("..", root.join("up")).unwrap();
        let rows: [(&str, &[&str]); 9] = [
            ("link/ünter/f.txt", &["link", "real/ünter/f.txt"]),
            ("li*/ünter/*.txt", &["link", "real/ünter/f.txt"]),
            ("abs", &["abs", "real/ünter/f.txt"]),
            ("out", &["out"]),
            ("real/out", &["real/out"]),
            ("../../real/./ünter", &["real/ünter"]),
            ("nothing/here", &[]),
            ("out/*.txt", &["out"]),
            ("loop", &["loop"]),
        ];
        for (path, expected) in rows {
            let expected = expected.iter().map(|&path| path.to_owned()).collect();
            assert_eq!(followed(&root, path), Followed::Paths(expected), "{path}");
        }
        assert_eq!(followed(&root, "up"), Followed::Everything);
        assert_eq!(followed(&root, "/"), Followed::Everything);
    }
}
