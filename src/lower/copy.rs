//! File steps: copy, write, mkdir.

use super::chain::Chain;
use super::local::as_pattern;
use super::program::{Call, file_owner};
use super::sources::{chosen, noted};
use super::stages::{Lowering, title};
use crate::context::is_glob;
use crate::llb::{CopyOptions, FileActions, FileMode, FileOwner, Note, State};
use crate::recipe::steps::{Copy, Mkdir, Mode, Write};
use crate::recipe::{Program, Step};
use crate::text::Spanned;

/// Where an appended text is mounted.
const APPENDED: &str = "/run/kiln/append";

/// One thing to copy: from which state, which path, to where.
struct Piece {
    from: State,
    src: String,
    to: String,
    include: Vec<String>,
    exclude: Vec<String>,
    wildcard: bool,
}

impl Lowering<'_> {
    pub(super) fn copy(&mut self, chain: &mut Chain, step: &Step, copy: &Copy) {
        let to = chain.absolute(&copy.to);
        let mut pieces = Vec::new();
        for src in &copy.src {
            pieces.extend(self.pieces(chain, copy, src, &to));
        }
        let sources: Vec<&str> = copy.src.iter().map(|src| src.value.as_str()).collect();
        let title = title(step, || format!("copy {} → {to}", sources.join(" ")));
        let owner = Some(copy.owner.as_ref().map_or(FileOwner::Ids(0, 0), file_owner));
        let mode = copy.mode.as_ref().map(file_mode);
        chain.files(&title, Some(step), |mut files| {
            for piece in pieces {
                // A mode would be given to folders that are made on the way, too.
                if mode.is_some() {
                    files = with_parents(files, &piece.to, owner.clone());
                }
                let options = CopyOptions {
                    contents: true,
                    wildcard: piece.wildcard,
                    include: piece.include,
                    exclude: piece.exclude,
                    owner: owner.clone(),
                    mode: mode.clone(),
                    ..CopyOptions::default()
                };
                files = files.copy(&piece.from, &piece.src, &piece.to, options);
            }
            files
        });
    }

    fn pieces(
        &mut self,
        chain: &Chain,
        copy: &Copy,
        src: &Spanned<String>,
        to: &str,
    ) -> Vec<Piece> {
        let platform = *chain.state.platform();
        let Some(from) = &copy.from else {
            return self
                .workspace_pieces(chain, copy, src, to)
                .unwrap_or_else(|message| {
                    self.error(&src.place, message);
                    Vec::new()
                });
        };
        let Some(state) = self.taken(&from.value, platform, &from.place) else {
            return Vec::new();
        };
        let path = format!("/{}", src.value.trim_start_matches('/'));
        let (path, to, include) = if copy.parents {
            kept_parents(&path, to)
        } else {
            (path, to.to_owned(), Vec::new())
        };
        let (state, path) = if is_glob(&path) && !copy.exclude.is_empty() {
            chosen(&state, &path, &copy.exclude, &src.place)
        } else {
            (state, path)
        };
        vec![Piece {
            from: state,
            wildcard: is_glob(&path),
            src: path,
            to,
            include,
            exclude: copy.exclude.clone(),
        }]
    }

    fn workspace_pieces(
        &self,
        chain: &Chain,
        copy: &Copy,
        src: &Spanned<String>,
        to: &str,
    ) -> Result<Vec<Piece>, String> {
        let platform = *chain.state.platform();
        let files = self.job.files;
        // The path below `/./`, else below the file's folder, is what `parents` keeps.
        let (below, path) = match src.value.split_once("/./") {
            Some((before, kept)) => (before, format!("{before}/{kept}")),
            None => (src.place.source.folder(), src.value.clone()),
        };
        let path = path.trim_matches('/');
        let mut exclude = files.ignored(src.place.source.folder())?;
        let mut matched = files.matches(path, &exclude)?;
        if !copy.exclude.is_empty() {
            exclude.extend(files.excluded(path, &matched, &copy.exclude));
            matched = files.matches(path, &exclude)?;
        }
        let include = if path.is_empty() {
            Vec::new()
        } else {
            vec![path.to_owned()]
        };
        let include = if is_glob(path) {
            include
        } else {
            include.iter().map(|path| as_pattern(path)).collect()
        };
        let note = Note {
            name: format!("workspace {path}"),
            places: vec![src.place.clone()],
            ignore_cache: false,
        };
        let from = files.state(include, exclude, &platform, note);
        let piece = |src: String, to: String, wildcard| Piece {
            from: from.clone(),
            src,
            to,
            include: Vec::new(),
            exclude: Vec::new(),
            wildcard,
        };
        if !copy.parents {
            return Ok(vec![piece(
                format!("/{path}"),
                to.to_owned(),
                is_glob(path),
            )]);
        }
        let below = format!("{below}/");
        Ok(matched
            .iter()
            .map(|found| {
                let kept = found.strip_prefix(&below).unwrap_or(found);
                let target = format!("{}/{kept}", to.trim_end_matches('/'));
                piece(format!("/{found}"), target, false)
            })
            .collect())
    }

    pub(super) fn write(&mut self, chain: &mut Chain, step: &Step, write: &Write) {
        let path = chain.absolute(&write.path);
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        let platform = *chain.state.platform();
        let text = FileActions::on(&State::scratch(&platform), Some(0))
            .mkfile(&format!("/{name}"), 0o644, write.content.as_bytes(), None)
            .state(noted(format!("text of {name}"), &step.place));
        if !write.append {
            let title = title(step, || format!("write {path}"));
            let owner = write
                .owner
                .as_ref()
                .map_or(FileOwner::Ids(0, 0), file_owner);
            // Written in place, a file that is there would keep its permissions and owner; a copy
            // replaces it, and what a link leads to is left alone.
            let options = CopyOptions {
                owner: Some(owner),
                mode: Some(FileMode::Bits(bits(&write.mode, false))),
                ..CopyOptions::default()
            };
            chain.files(&title, Some(step), |files| {
                with_parents(files, &path, None).copy(
                    &text,
                    &format!("/{name}"),
                    &format!("{folder}/"),
                    options,
                )
            });
            return;
        }
        // No file action adds to a file, so a small program does.
        let script = format!("cat {APPENDED} >> \"$1\"");
        let call = Call {
            args: ["/bin/sh", "-e", "-c", &script, "append", &path]
                .map(String::from)
                .to_vec(),
            env: Vec::new(),
            title: title(step, || format!("append to {path}")),
            mode: None,
        };
        let program = Program {
            network: crate::recipe::Network::None,
            ..Program::default()
        };
        self.program(chain, step, &program, call, |exec| {
            exec.bind(APPENDED, &text, &format!("/{name}"))
        });
    }
}

/// `mkdir`: folders with their parents.
pub(super) fn mkdir(chain: &mut Chain, step: &Step, folders: &[Mkdir]) {
    let paths: Vec<String> = folders
        .iter()
        .map(|folder| chain.absolute(&folder.path))
        .collect();
    let title = title(step, || format!("mkdir {}", paths.join(" ")));
    chain.files(&title, Some(step), |mut files| {
        for (folder, path) in folders.iter().zip(&paths) {
            let mode = folder.mode.as_ref().map_or(0o755, |mode| bits(mode, true));
            let owner = folder.owner.as_ref().map(file_owner);
            files = with_parents(files, path.trim_end_matches('/'), None);
            files = if mode > 0o777 {
                special_folder(files, path, mode, owner)
            } else {
                files.mkdir(path, mode, owner)
            };
        }
        files
    });
}

/// Makes the folder that a path lies in; one that ends in `/` is a folder itself.
pub(super) fn with_parents(
    files: FileActions,
    path: &str,
    owner: Option<FileOwner>,
) -> FileActions {
    match path.rsplit_once('/') {
        Some((parent, _)) if !parent.is_empty() => files.mkdir(parent, 0o755, owner),
        _ => files,
    }
}

/// A folder with the sticky or a set-id bit, which the action that makes folders drops.
fn special_folder(
    files: FileActions,
    path: &str,
    mode: u32,
    owner: Option<FileOwner>,
) -> FileActions {
    let (parent, name) = path
        .trim_end_matches('/')
        .rsplit_once('/')
        .unwrap_or(("", path));
    let folder = FileActions::on(&State::scratch(files.platform()), Some(0))
        .mkdir(&format!("/{name}"), 0o755, None)
        .state(Note::named(format!("folder {path}")));
    let options = CopyOptions {
        owner: Some(owner.unwrap_or(FileOwner::Ids(0, 0))),
        mode: Some(FileMode::Bits(mode)),
        ..CopyOptions::default()
    };
    files.copy(&folder, &format!("/{name}"), &format!("{parent}/"), options)
}

/// `/a/./b/c` to `/t` becomes `/t/b/c`; without `/./` the whole path is kept. A pattern in what is kept
/// chooses below what is before it: the source, the target, and the patterns.
fn kept_parents(path: &str, to: &str) -> (String, String, Vec<String>) {
    let (before, kept) = path.split_once("/./").unwrap_or(("", path));
    let kept = kept.trim_matches('/');
    let to = to.trim_end_matches('/');
    if is_glob(kept) {
        return (
            format!("{before}/"),
            format!("{to}/"),
            vec![kept.to_owned()],
        );
    }
    (
        format!("{before}/{kept}"),
        format!("{to}/{kept}"),
        Vec::new(),
    )
}

pub(super) fn file_mode(mode: &Mode) -> FileMode {
    match mode {
        Mode::Octal(bits) => FileMode::Bits(*bits),
        Mode::Symbolic(words) => FileMode::Symbolic(words.clone()),
    }
}

/// The bits of a new file or folder: symbolic words start from nothing.
fn bits(mode: &Mode, folder: bool) -> u32 {
    let words = match mode {
        Mode::Octal(bits) => return *bits,
        Mode::Symbolic(words) => words,
    };
    let mut bits = 0;
    for clause in words.split(',') {
        let Some(at) = clause.find(['=', '+', '-']) else {
            continue;
        };
        let (who, what) = clause.split_at(at);
        let who = if who.is_empty() { "a" } else { who };
        for class in who.chars() {
            let shifts: &[u32] = match class {
                'u' => &[6],
                'g' => &[3],
                'o' => &[0],
                _ => &[6, 3, 0],
            };
            let value = what[1..].chars().fold(0, |value, letter| {
                value
                    | match letter {
                        'r' => 4,
                        'w' => 2,
                        'x' => 1,
                        'X' if folder => 1,
                        _ => 0,
                    }
            });
            for shift in shifts {
                match &what[..1] {
                    "-" => bits &= !(value << shift),
                    "=" => bits = (bits & !(7 << shift)) | (value << shift),
                    _ => bits |= value << shift,
                }
            }
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::{bits, kept_parents};
    use crate::recipe::steps::Mode;

    #[test]
    fn symbolic_words_become_bits() {
        let words = |text: &str| Mode::Symbolic(text.into());
        assert_eq!(bits(&words("u=rwX,go=rX"), true), 0o755);
        assert_eq!(bits(&words("u=rwX,go=rX"), false), 0o644);
        assert_eq!(bits(&words("a=rw,o-w"), false), 0o664);
        assert_eq!(bits(&words("+x"), false), 0o111);
    }

    #[test]
    fn parents_are_kept_below_the_dot() {
        let none = Vec::new;
        assert_eq!(
            kept_parents("/a/./b/c", "/t/"),
            ("/a/b/c".into(), "/t/b/c".into(), none())
        );
        assert_eq!(
            kept_parents("/a/b", "/t"),
            ("/a/b".into(), "/t/a/b".into(), none())
        );
        assert_eq!(
            kept_parents("/usr/./lib/*.so", "/t"),
            ("/usr/".into(), "/t/".into(), vec!["lib/*.so".into()])
        );
    }
}
