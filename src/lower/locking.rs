//! What a `pip` step asks for, as far as a lock is concerned: which list it is, and what a resolver needs to make it.

use super::LocalFiles;
use super::requirements::Requirements;
use crate::lock::PipId;
use crate::recipe::steps::Pip;
use crate::text::Place;

/// Whether a `pip` step can be locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locking {
    /// It installs nothing.
    Nothing,
    /// By a list.
    List(Box<PipInputs>),
    /// Not at all, and why.
    Never(String),
}

/// Everything that decides which packages a `pip` step installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipInputs {
    /// Which list it is.
    pub id: PipId,
    /// Requirement files of the workspace.
    pub requirements: Vec<String>,
    /// Constraint files of the workspace.
    pub constraints: Vec<String>,
    /// These files, and all that they name.
    pub files: Vec<String>,
    /// Requirements that stand in the recipe.
    pub install: Vec<String>,
    /// Pages with links to packages.
    pub find_links: Vec<String>,
    /// The index, where the recipe names one.
    pub index: Option<String>,
    /// Indexes with the requirements that only they are asked for.
    pub package_indexes: Vec<(String, Vec<String>)>,
    /// The step's options that decide what is resolved, in the resolver's words.
    pub options: Vec<String>,
    /// Whether dependencies come along.
    pub deps: bool,
    /// The version of Python, where the interpreter's name says it.
    pub python: Option<String>,
}

/// What a step asks for; an error has the place of the file that cannot be read.
pub fn pip_inputs(pip: &Pip, files: &LocalFiles) -> Result<Locking, (Place, String)> {
    let mut all = [Requirements::default(), Requirements::default()];
    for (read, paths) in all.iter_mut().zip([&pip.requirements, &pip.constraints]) {
        for path in paths {
            read.read(files, &path.value)
                .map_err(|message| (path.place.clone(), message))?;
        }
    }
    let [requirements, constraints] = all;
    Ok(locking(pip, &requirements, &constraints))
}

/// The same of files that have been read.
pub(super) fn locking(
    pip: &Pip,
    requirements: &Requirements,
    constraints: &Requirements,
) -> Locking {
    if pip.requirements.is_empty() && pip.install.is_empty() && pip.package_indexes.is_empty() {
        return Locking::Nothing;
    }
    let written = requirements.lines().chain(constraints.lines());
    let written = written.chain(pip.install.iter().map(String::as_str));
    if let Some(why) = written.clone().find_map(unlockable) {
        return Locking::Never(why);
    }
    if let Some(link) = pip.find_links.iter().find(|link| !link.contains("://")) {
        return Locking::Never(format!("`{link}` is a folder of the image"));
    }
    let options = match options(&pip.options) {
        Ok(options) => options,
        Err(why) => return Locking::Never(why),
    };
    let paths = |files: &[crate::text::Spanned<String>]| -> Vec<String> {
        files.iter().map(|path| path.value.clone()).collect()
    };
    let mut files: Vec<String> = requirements
        .files()
        .chain(constraints.files())
        .map(str::to_owned)
        .collect();
    files.dedup();
    let mut inputs = PipInputs {
        id: PipId::of("", ""),
        requirements: paths(&pip.requirements),
        constraints: paths(&pip.constraints),
        files,
        install: pip.install.clone(),
        find_links: pip.find_links.clone(),
        index: pip.index.clone(),
        package_indexes: indexes(pip, requirements),
        options,
        deps: pip.deps,
        python: version_in(&pip.python),
    };
    inputs.id = id(&inputs, requirements, constraints);
    Locking::List(Box::new(inputs))
}

/// The indexes that some packages come from alone, with the requirements as they stand elsewhere in the step.
pub(super) fn indexes(pip: &Pip, requirements: &Requirements) -> Vec<(String, Vec<String>)> {
    let of = |name: &String| requirements.version_of(name, &pip.install);
    let all = pip.package_indexes.iter();
    all.map(|index| {
        let names = index.packages.iter();
        let names = names.map(|name| of(name).unwrap_or_else(|| name.clone()));
        (index.url.clone(), names.collect())
    })
    .collect()
}

/// Names the list by all that decides what is in it. What does not, such as comments, leaves it as it is.
fn id(inputs: &PipInputs, requirements: &Requirements, constraints: &Requirements) -> PipId {
    let lines = |read: &Requirements| -> Vec<String> { read.lines().map(str::to_owned).collect() };
    let text = serde_json::json!({
        "requirements": lines(requirements),
        "constraints": lines(constraints),
        "install": inputs.install,
        "find_links": inputs.find_links,
        "index": inputs.index,
        "package_indexes": inputs.package_indexes,
        "options": inputs.options,
        "deps": inputs.deps,
        "python": inputs.python,
    });
    let index = inputs.package_indexes.first();
    let first = inputs.requirements.first().or(inputs.install.first());
    let first = first.or(index.and_then(|(_, names)| names.first()));
    PipId::of(first.map_or("", String::as_str), &text.to_string())
}

/// Why a requirement cannot be locked: what it names is not known outside of the image, or has no checksum.
fn unlockable(line: &str) -> Option<String> {
    let word = line.trim();
    let target = word.split_once(" @ ").map_or(word, |(_, target)| target);
    let is_option = word.starts_with('-');
    if ["-e ", "-e=", "--editable"]
        .iter()
        .any(|option| word.starts_with(option))
    {
        return Some(format!("`{word}` is installed from a folder"));
    }
    if ["git+", "hg+", "svn+", "bzr+"]
        .iter()
        .any(|kind| target.starts_with(kind))
    {
        return Some(format!("`{word}` is a checkout, which has no checksum"));
    }
    let is_file = |text: &str| {
        let ends = [".whl", ".tar.gz", ".zip"];
        !text.contains("://") && ends.iter().any(|end| text.ends_with(end))
    };
    let starts = ["/", "./", "../", "file:", ".["];
    if !is_option
        && (target == "."
            || starts.iter().any(|start| target.starts_with(start))
            || is_file(target))
    {
        return Some(format!("`{word}` is a file of the image"));
    }
    None
}

/// Options that decide what is resolved, and what they are to the resolver; with a value but for the last.
const DECIDE: [(&str, &str); 12] = [
    ("--index-url", "--index-url"),
    ("-i", "--index-url"),
    ("--extra-index-url", "--extra-index-url"),
    ("--find-links", "--find-links"),
    ("-f", "--find-links"),
    ("--no-binary", "--no-binary"),
    ("--only-binary", "--only-binary"),
    ("--trusted-host", "--allow-insecure-host"),
    ("--pre", "--prerelease=allow"),
    ("--prerelease", "--prerelease"),
    ("--no-index", "--no-index"),
    ("--no-deps", "--no-deps"),
];
/// Those of them without a value.
const FLAGS: [&str; 3] = ["--pre", "--no-index", "--no-deps"];

/// Options that say how something is installed, and not what.
const HOW: [&str; 27] = [
    "--break-system-packages",
    "--compile",
    "--compile-bytecode",
    "--disable-pip-version-check",
    "--force-reinstall",
    "--ignore-installed",
    "--no-build-isolation",
    "--no-cache",
    "--no-cache-dir",
    "--no-clean",
    "--no-compile",
    "--no-input",
    "--no-progress",
    "--no-use-pep517",
    "--no-warn-conflicts",
    "--no-warn-script-location",
    "--prefer-binary",
    "--quiet",
    "--reinstall",
    "--require-hashes",
    "--system",
    "--upgrade",
    "--use-pep517",
    "--user",
    "--verbose",
    "-I",
    "-U",
];
/// The same with a value.
const HOW_WITH_VALUE: [&str; 13] = [
    "--cache-dir",
    "--config-settings",
    "--link-mode",
    "--prefix",
    "--progress-bar",
    "--retries",
    "--root",
    "--root-user-action",
    "--src",
    "--target",
    "--timeout",
    "--upgrade-strategy",
    "-t",
];

fn options(words: &[String]) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (word.as_str(), None),
        };
        if HOW.contains(&name) || matches!(name, "-q" | "-qq" | "-qqq" | "-v" | "-vv" | "-vvv") {
            continue;
        }
        let has_value = !FLAGS.contains(&name);
        let known = DECIDE.iter().find(|(known, _)| *known == name);
        if known.is_none() && !HOW_WITH_VALUE.contains(&name) {
            return Err(format!("what `{word}` does to the resolution is not known"));
        }
        let value = match value {
            None if has_value => words.next().cloned(),
            value => value,
        };
        let Some((_, theirs)) = known else { continue };
        if *theirs == "--find-links" && value.as_ref().is_some_and(|link| !link.contains("://")) {
            return Err(format!("`{word}` leads to a folder of the image"));
        }
        all.push((*theirs).to_owned());
        all.extend(value.filter(|_| has_value));
    }
    Ok(all)
}

/// The version that an interpreter's name ends in: `3.11` of `/usr/bin/python3.11`.
fn version_in(python: &str) -> Option<String> {
    let name = python.rsplit('/').next().unwrap_or_default();
    version(name.strip_prefix("python")?)
}

/// Major and minor version of what begins with them.
pub(super) fn version(text: &str) -> Option<String> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    (digits(major) && digits(minor)).then(|| format!("{major}.{minor}"))
}

#[cfg(test)]
mod tests {
    use super::{options, unlockable, version, version_in};

    #[test]
    fn a_version_stands_in_the_interpreters_name_or_nowhere() {
        assert_eq!(version_in("/usr/bin/python3.11").as_deref(), Some("3.11"));
        assert_eq!(version_in("python3.10").as_deref(), Some("3.10"));
        assert_eq!(version_in("python3"), None);
        assert_eq!(version_in("/opt/파이썬/bin/pypy3.10"), None);
        assert_eq!(version("3.11.9").as_deref(), Some("3.11"));
        assert_eq!(version("3"), None);
    }

    #[test]
    fn what_lies_in_the_image_or_has_no_checksum_cannot_be_locked() {
        for word in [
            "git+https://example.com/x.git",
            "한글 @ git+https://example.com/x.git@main",
            "-e .",
            "./wheels/x.whl",
            "/wheels/*.whl",
            "x-1-py3-none-any.whl",
            "x @ file:///x.whl",
        ] {
            assert!(unlockable(word).is_some(), "{word}");
        }
        for word in [
            "numpy",
            "torch>=2,<3",
            "x[extra]==1 ; python_version > '3'",
            "x @ https://example.com/x.whl",
            "--extra-index-url https://example.com/simple",
        ] {
            assert_eq!(unlockable(word), None, "{word}");
        }
    }

    #[test]
    fn options_are_said_in_the_resolvers_words_or_keep_a_step_from_being_locked() {
        let own = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            options(&words)
        };
        assert_eq!(
            own(&[
                "--pre",
                "--no-cache-dir",
                "--no-binary",
                "spacy",
                "-t",
                "/x"
            ])
            .unwrap(),
            ["--prerelease=allow", "--no-binary", "spacy"]
        );
        assert_eq!(
            own(&["--extra-index-url=https://example.com/s?a=b", "-q"]).unwrap(),
            ["--extra-index-url", "https://example.com/s?a=b"]
        );
        assert!(own(&["--erfunden"]).is_err());
        assert!(own(&["--find-links", "/wheels"]).is_err());
    }
}
