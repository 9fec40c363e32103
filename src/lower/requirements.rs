//! pip's requirement files: which other files they name, and which version of a package.

use super::LocalFiles;

/// How deep files may name files.
const MAX_DEPTH: usize = 16;

/// Requirement files with everything they name.
#[derive(Debug, Default)]
pub(super) struct Requirements {
    files: Vec<String>,
    lines: Vec<String>,
    /// The lines that name files.
    named: Vec<String>,
    /// The lines that name indexes.
    indexes: Vec<IndexLine>,
}

/// An option of a requirement file that names an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexLine {
    /// The file's path in the workspace.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The option: `--extra-index-url`, `--index-url` or `-i`.
    pub word: String,
    /// What it names.
    url: String,
}

/// The lines of a requirement file, and of what it names, by which more than one index is asked for packages; see
/// [`Requirements::extra_indexes`]. What cannot be read is an error text.
pub fn extra_indexes(files: &LocalFiles, path: &str) -> Result<Vec<IndexLine>, String> {
    let mut all = Requirements::default();
    all.read(files, path)?;
    Ok(all.extra_indexes().into_iter().cloned().collect())
}

impl Requirements {
    /// The paths in the workspace, in the order of first mention.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str)
    }

    /// Everything that they say but comments, and which file names which.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> + Clone {
        let all = self.lines.iter().chain(&self.named);
        all.map(String::as_str)
    }

    /// The lines that make more than one index of all: each extra one, and each that names another default than one
    /// before it. uv stops at the first index that knows a name, pip takes the highest version of them all, so that
    /// the same files mean different packages.
    pub(super) fn extra_indexes(&self) -> Vec<&IndexLine> {
        let mut first = None;
        let mut extra = Vec::new();
        for line in &self.indexes {
            if line.word == EXTRA || *first.get_or_insert(&line.url) != &line.url {
                extra.push(line);
            }
        }
        extra
    }

    /// Reads a file and what it names by `-r` and `-c`.
    pub(super) fn read(&mut self, files: &LocalFiles, path: &str) -> Result<(), String> {
        self.read_at(files, path, 0)
    }

    fn read_at(&mut self, files: &LocalFiles, path: &str, depth: usize) -> Result<(), String> {
        if self.files.iter().any(|known| known == path) {
            return Ok(());
        }
        if depth > MAX_DEPTH {
            return Err(format!(
                "`{path}`: files name files deeper than {MAX_DEPTH}"
            ));
        }
        let text = files.read(path)?;
        self.files.push(path.to_owned());
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (number, line) in text.lines().enumerate() {
            let line = without_comment(line);
            self.indexes
                .extend(indexes(line).map(|(word, url)| IndexLine {
                    file: path.to_owned(),
                    line: number + 1,
                    word,
                    url,
                }));
            let Some(named) = named_file(line) else {
                if !line.is_empty() {
                    self.lines.push(line.to_owned());
                }
                continue;
            };
            self.named.push(line.to_owned());
            if named.contains("://") {
                continue;
            }
            let at = |message: String| format!("`{path}`, line {}: {message}", number + 1);
            let inner =
                join(folder, named).ok_or_else(|| at(format!("`{named}` leaves the workspace")))?;
            self.read_at(files, &inner, depth + 1).map_err(at)?;
        }
        Ok(())
    }

    /// The requirement of a bare name as it stands elsewhere, such as `torch==2.4.1`; nothing for a name
    /// that says more itself, or that stands nowhere.
    pub(super) fn version_of(&self, name: &str, install: &[String]) -> Option<String> {
        if bare_name(name) != name {
            return None;
        }
        let wanted = normalised(name);
        let lines = self.lines.iter().chain(install);
        let found = lines
            .filter(|line| !line.starts_with('-'))
            .find(|line| normalised(bare_name(line)) == wanted)?;
        // A marker says when a line counts; the step has decided that already.
        let requirement = found.split(';').next().unwrap_or_default();
        let requirement = requirement.split(" --hash").next().unwrap_or_default();
        // A line that goes on ends with it.
        let requirement = requirement.trim().trim_end_matches('\\');
        Some(requirement.replace(' ', ""))
    }
}

fn without_comment(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with('#') {
        return "";
    }
    line.split(" #").next().unwrap_or_default().trim()
}

/// The option of an index beside the default one.
const EXTRA: &str = "--extra-index-url";

/// The options of a line that name indexes, each with what it names; that may stand on the next line, and is then
/// empty.
fn indexes(line: &str) -> impl Iterator<Item = (String, String)> {
    let mut words = line
        .split_whitespace()
        .filter(move |_| line.starts_with('-'));
    let next = move || {
        loop {
            let word = words.next()?;
            let (option, url) = match word.split_once('=') {
                Some((option, url)) => (option, Some(url)),
                None => (word, None),
            };
            // A short option may have its value right behind it.
            let (option, url) = match word.strip_prefix("-i") {
                Some(url) if !url.is_empty() => ("-i", Some(url)),
                _ => (option, url),
            };
            if [EXTRA, "--index-url", "--pypi-url", "-i"].contains(&option) {
                let url = url.or_else(|| words.next()).unwrap_or_default();
                let url = url.trim_matches(['"', '\'']).trim_end_matches(['/', '\\']);
                return Some((option.to_owned(), url.to_owned()));
            }
        }
    };
    std::iter::from_fn(next)
}

/// The file that a line names by `-r` or `-c`.
fn named_file(line: &str) -> Option<&str> {
    ["--requirement", "--constraint", "-r", "-c"]
        .iter()
        .find_map(|option| {
            let rest = line.strip_prefix(option)?;
            let rest = rest.strip_prefix('=').unwrap_or(rest);
            let is_option =
                rest.starts_with([' ', '\t']) || option.len() == 2 || line.contains('=');
            is_option.then(|| rest.trim())
        })
}

/// The name of the package that a requirement is about, as pip compares names.
pub fn name_of(requirement: &str) -> String {
    normalised(bare_name(requirement.trim()))
}

fn bare_name(requirement: &str) -> &str {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let end = requirement.find(|c| !fits(c)).unwrap_or(requirement.len());
    &requirement[..end]
}

/// Names count as equal across case and `-`, `_`, `.`.
fn normalised(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        let c = if matches!(c, '_' | '.') {
            '-'
        } else {
            c.to_ascii_lowercase()
        };
        if !(c == '-' && text.ends_with('-')) {
            text.push(c);
        }
    }
    text
}

fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    if path.starts_with('/') {
        return None;
    }
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::{LocalFiles, Requirements, extra_indexes};

    #[test]
    fn files_named_by_files_come_along_and_versions_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write(
            "a/top.txt",
            "# 주석\n-r sub/more.txt  # 더\n-c ../limits.txt\nTorch_Vision == 0.19.1 ; python_version > '3'\n",
        );
        write(
            "a/sub/more.txt",
            "torch==2.4.1\n--extra-index-url https://x/\n",
        );
        write("limits.txt", "numpy<2\n");
        let mut all = Requirements::default();
        all.read(&LocalFiles::new(folder.path()), "a/top.txt")
            .unwrap();
        assert_eq!(
            all.files().collect::<Vec<_>>(),
            ["a/top.txt", "a/sub/more.txt", "limits.txt"]
        );
        assert_eq!(
            all.version_of("torch", &[]).as_deref(),
            Some("torch==2.4.1")
        );
        assert_eq!(
            all.version_of("torch-vision", &[]).as_deref(),
            Some("Torch_Vision==0.19.1")
        );
        assert_eq!(all.version_of("torch>=2", &[]), None);
        assert_eq!(
            all.version_of("jax", &["jax[cuda]".into()]).as_deref(),
            Some("jax[cuda]")
        );
    }

    #[test]
    fn a_missing_file_is_named_with_the_line_that_wants_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("r.txt"), "numpy\n-r gone.txt\n").unwrap();
        let error = Requirements::default()
            .read(&LocalFiles::new(folder.path()), "r.txt")
            .unwrap_err();
        assert!(
            error.contains("`r.txt`, line 2") && error.contains("gone.txt"),
            "{error}"
        );
    }

    /// The lines that ask more than one index, of `r.txt` among some files.
    fn extra(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            std::fs::write(folder.path().join(path), text).unwrap();
        }
        let found = extra_indexes(&LocalFiles::new(folder.path()), "r.txt").unwrap();
        let shown = found.iter();
        shown
            .map(|it| format!("{}:{} {}", it.file, it.line, it.word))
            .collect()
    }

    #[test]
    fn extra_indexes_and_second_defaults_are_found_in_every_file_and_spelling() {
        let found = extra(&[
            (
                "r.txt",
                "# 색인\n--index-url https://a.example/simple\n-r more.txt\n-c limits.txt\ntorch\n",
            ),
            (
                "more.txt",
                "--extra-index-url=https://b.example/\n--index-url=https://c.example --no-binary x\n",
            ),
            (
                "limits.txt",
                "--pre --extra-index-url \\\n  https://d.example\n-ihttps://e.example\n",
            ),
        ]);
        assert_eq!(
            found,
            [
                "more.txt:1 --extra-index-url",
                "more.txt:2 --index-url",
                "limits.txt:1 --extra-index-url",
                "limits.txt:3 -i"
            ]
        );
    }

    #[test]
    fn one_index_however_often_it_is_named_and_other_options_are_no_extra_ones() {
        let found = extra(&[
            (
                "r.txt",
                "-i https://a.example/simple/\n-r more.txt\n# --extra-index-url https://b.example\n--pre\n",
            ),
            (
                "more.txt",
                "--index-url 'https://a.example/simple'\nname # --extra-index-url 한\n-e ./x\n",
            ),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_requirement_file_that_is_not_there_has_no_lines_but_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let found = extra_indexes(&LocalFiles::new(folder.path()), "없음.txt");
        assert!(found.unwrap_err().contains("없음.txt"));
    }
}
