//! `pip install` in its spellings.

use super::{Installs, Typed, without_expressions};
use crate::lint::shell::Word;

/// What a `pip` step says. Files are those of the image still.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::lint) struct Pip {
    /// The interpreter, where it is not the `python3` of the search path.
    pub(in crate::lint) python: Option<String>,
    /// Whether pip was called by a name that does not say whose it is.
    pub(in crate::lint) by_name: bool,
    pub(in crate::lint) requirements: Vec<String>,
    pub(in crate::lint) constraints: Vec<String>,
    pub(in crate::lint) install: Vec<String>,
    pub(in crate::lint) find_links: Vec<String>,
    pub(in crate::lint) index: Option<String>,
    pub(in crate::lint) upgrade: bool,
    pub(in crate::lint) no_deps: bool,
}

/// Reads a command; nothing comes back for one that is not pip's, or installs nothing.
pub(super) fn read(words: &[Word], all: &mut Installs) -> Option<()> {
    let (mut pip, words) = program(words)?;
    let verb = words.iter().position(|word| !word.text.starts_with('-'))?;
    let (before, behind) = (&words[..verb], &words[verb + 1..]);
    if words[verb].text == "cache" {
        return (behind.first()?.text == "purge").then_some(());
    }
    if words[verb].text != "install" {
        return None;
    }
    options(before, &mut pip, all);
    options(behind, &mut pip, all);
    let asked = [&pip.requirements, &pip.install];
    if asked.iter().all(|list| list.is_empty()) {
        all.unclear("install");
    }
    all.typed.push(Typed::Pip(pip));
    Some(())
}

/// Whose pip is called, and the words behind it.
fn program(words: &[Word]) -> Option<(Pip, &[Word])> {
    let first = words.first()?.text.as_str();
    let (folder, name) = match first.rsplit_once('/') {
        Some((folder, name)) => (Some(folder), name),
        None => (None, first),
    };
    let is_version = |text: &str| {
        let fits = |c: char| c.is_ascii_digit() || c == '.';
        text.chars().all(fits)
    };
    let mut pip = Pip::default();
    if name.strip_prefix("python").is_some_and(is_version) {
        let [_, option, module, rest @ ..] = words else {
            return None;
        };
        if option.text != "-m" || module.text != "pip" {
            return None;
        }
        pip.python = (first != "python3").then(|| first.to_owned());
        return Some((pip, rest));
    }
    let version = name.strip_prefix("pip").filter(|text| is_version(text))?;
    match folder {
        None if version.contains('.') => pip.python = Some(format!("python{version}")),
        // These folders hold programs of more than one interpreter.
        None | Some("/usr/bin" | "/usr/local/bin" | "/bin") => pip.by_name = true,
        Some(folder) => pip.python = Some(format!("{folder}/python3")),
    }
    Some((pip, &words[1..]))
}

/// Reads options and names.
fn options(words: &[Word], pip: &mut Pip, all: &mut Installs) {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.text.as_str();
        if !word.literal {
            all.unclear(text);
            continue;
        }
        let (option, mut value) = split(text);
        let takes = matches!(
            option,
            "-r" | "--requirement"
                | "-c"
                | "--constraint"
                | "-i"
                | "--index-url"
                | "-f"
                | "--find-links"
                | "--root-user-action"
                | "--progress-bar"
        );
        if takes && value.is_none() {
            let next = words.next().filter(|word| word.literal);
            value = next.map(|word| word.text.as_str());
        }
        match (option, value) {
            ("-r" | "--requirement", Some(path)) => pip.requirements.push(path.to_owned()),
            ("-c" | "--constraint", Some(path)) => pip.constraints.push(path.to_owned()),
            ("-i" | "--index-url", Some(url)) if is_url(url) && pip.index.is_none() => {
                pip.index = Some(url.to_owned());
            }
            ("-f" | "--find-links", Some(at)) if is_url(at) || at.starts_with('/') => {
                pip.find_links.push(at.to_owned());
            }
            ("--root-user-action", Some("ignore")) | ("--progress-bar", Some("off")) => {}
            ("-U" | "--upgrade", None) => pip.upgrade = true,
            ("--no-deps", None) => pip.no_deps = true,
            (option, None) if is_said_anyway(option) => {}
            (_, None) if is_requirement(text) => pip.install.push(text.to_owned()),
            _ => all.unclear(text),
        }
    }
}

/// An option and the value behind its `=`, or right behind its one letter.
fn split(text: &str) -> (&str, Option<&str>) {
    if text.starts_with("--") {
        return match text.split_once('=') {
            Some((option, value)) => (option, Some(value)),
            None => (text, None),
        };
    }
    let short = ["-r", "-c", "-i", "-f"].iter().find_map(|option| {
        let value = text.strip_prefix(option)?;
        (!value.is_empty()).then_some((*option, Some(value)))
    });
    short.unwrap_or((text, None))
}

fn is_url(text: &str) -> bool {
    text.starts_with("https://") || text.starts_with("http://")
}

/// Options of every call of a `pip` step, and such that change nothing of what is installed.
fn is_said_anyway(option: &str) -> bool {
    matches!(
        option,
        "--no-cache-dir"
            | "--break-system-packages"
            | "--disable-pip-version-check"
            | "--no-input"
            | "--no-warn-script-location"
            | "--quiet"
            | "-q"
            | "-qq"
            | "-qqq"
    )
}

/// Whether a word is the name of a package with extras and versions at most.
fn is_requirement(text: &str) -> bool {
    let plain = without_expressions(text);
    let in_name = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let end = plain.find(|c| !in_name(c)).unwrap_or(plain.len());
    let (name, mut rest) = plain.split_at(end);
    if let Some(inner) = rest.strip_prefix('[') {
        let Some((extras, behind)) = inner.split_once(']') else {
            return false;
        };
        if !extras.chars().all(|c| in_name(c) || ", ".contains(c)) {
            return false;
        }
        rest = behind;
    }
    let rest = rest.trim();
    let is_archive = [".whl", ".gz", ".zip"];
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !is_archive.iter().any(|end| name.ends_with(end))
        && (rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~']))
        && rest.chars().all(|c| in_name(c) || "=<>!~,*+ ".contains(c))
}
