//! A failed solve in the user's words: what failed, where it stands in the recipe, what to do.

use super::report::{Failure, FailureKind};
use crate::buildkit::{SolveError, SourceLines, Warning};
use crate::llb::Definition;
use crate::recipe::{Base, Dockerfile};
use crate::text::{Place, SourceFile, Span, Spanned};

/// What a program says that finds the disk full.
const NO_SPACE: &str = "No space left on device";

/// What frees space on a builder.
const FREE_SPACE: &str = "free space on the builder with `buildctl prune`, or give it a larger disk; then \
                          run it again: finished steps that were not pruned are cached";

/// How the names of compilers end, after that of a platform.
const COMPILERS: [&str; 5] = ["gcc", "g++", "cc", "c++", "clang"];

/// What to do where a compiler is missing.
const COMPILER: &str = "a package without a wheel for this platform wants a compiler: install one in a step before (as \
                        `apt: {install: [build-essential]}`), or ask for a version that has a wheel";

/// The frontend's rule about a base of another platform.
const FOREIGN_BASE: &str = "InvalidBaseImagePlatform";

/// What to do where the frontend itself cannot be had.
const SYNTAX: &str =
    "the builder pulls the frontend that `# syntax` names; without the line it takes its own";

/// What to do where a Dockerfile wants more than a sandbox.
const PRIVILEGES: &str = "a Dockerfile gets no more than the sandbox; a `run` step of a recipe can have \
                          `network: host`";

/// What a checksum of the recipe or the lock is, beside another one.
const EXPECTED: &str = "is what it should be";

/// What to do about a download that is another one by now.
const MOVED: &str = "look at what has changed upstream; where the new file is meant, change `sha256` in the recipe, or \
                     move kiln.lock's by `kiln update --only fetch`";

/// What is wrong with local files, and what to do about it.
const FILES: [(&str, &str); 2] = [
    (
        "changed while it was read",
        "run it again when nobody writes to the file, or leave it out by `.dockerignore`",
    ),
    (
        "is not valid UTF-8",
        "rename it, or leave it out by `.dockerignore` with a pattern such as `*.bak`",
    ),
];

/// A failed solve in the user's words: the vertex becomes the step it was written as.
pub(super) fn failure(error: SolveError, definition: &Definition, emulated: bool) -> Box<Failure> {
    match error {
        SolveError::StepFailed {
            vertex,
            name,
            exit_code,
            message,
            logs,
        } => {
            let places = definition.places_of(&vertex).to_vec();
            let message = ended(&name, exit_code, &message, emulated);
            let next = hint(&message, &logs);
            let kind = FailureKind::Step {
                name,
                places,
                exit_code,
                logs,
            };
            Box::new(Failure {
                kind,
                message,
                next: next.map(str::to_owned),
            })
        }
        SolveError::DockerfileFailed { .. } => Failure::bug(error.to_string()),
        SolveError::PushFailed { .. } => {
            let next = "check that the builder reaches the registry and may push there";
            Failure::registry(error.to_string(), next)
        }
        SolveError::Rejected { .. } => {
            let next = "look into the builder's log; what builds may do is set in buildkitd.toml";
            Failure::builder(error.to_string(), next)
        }
        SolveError::BadAnswer { .. } => Failure::builder(error.to_string(), "upgrade the builder"),
        SolveError::DiskFull { .. } => Failure::builder(error.to_string(), FREE_SPACE),
        SolveError::Cancelled { .. }
        | SolveError::Stalled { .. }
        | SolveError::DaemonLost { .. }
        | SolveError::SessionLost { .. } => {
            Failure::builder(error.to_string(), "run it again: finished steps are cached")
        }
    }
}

/// The same of a Dockerfile: the frontend says which of its lines it is about.
pub(super) fn dockerfile_failure(
    error: SolveError,
    base: &Spanned<Base>,
    dockerfile: &Dockerfile,
    emulated: bool,
) -> Box<Failure> {
    let SolveError::DockerfileFailed {
        step,
        exit_code,
        message,
        logs,
        at,
    } = error
    else {
        return failure(error, &Definition::default(), emulated);
    };
    let file = dockerfile.file.value.as_str();
    let mut places: Vec<Place> = at.iter().map(|lines| place(lines, file)).collect();
    if places.is_empty() {
        // It came to no line of the file; where it is named is the next best.
        let target = dockerfile.target.as_ref();
        let target = target.filter(|_| message.contains("target stage"));
        places.push(target.map_or(&base.place, |it| &it.place).clone());
    }
    let is_missing = message.contains("failed to calculate checksum");
    let words = match &step {
        Some(name) => ended(name, exit_code, &message, emulated),
        None => format!("`{file}`: {}", plain(&message)),
    };
    let syntax = at.first().is_some_and(SourceLines::names_a_frontend);
    let next = if syntax {
        Some(SYNTAX.to_owned())
    } else if message.ends_with("is not allowed") {
        Some(PRIVILEGES.to_owned())
    } else if is_missing && message.ends_with("not found") {
        let context = match dockerfile.context.value.as_str() {
            "" => "the workspace's folder",
            context => context,
        };
        let ignored = "that its .dockerignore does not leave it out";
        Some(format!(
            "check that it is in the context, {context}, and {ignored}"
        ))
    } else if message.contains("secret ") && message.ends_with("not found") {
        Some("name it in `secrets` of `dockerfile`, and give it with --secret".to_owned())
    } else {
        hint(&message, &logs).map(str::to_owned)
    };
    let name = step.unwrap_or_else(|| file.to_owned());
    let kind = FailureKind::Step {
        name,
        places,
        exit_code,
        logs,
    };
    Box::new(Failure {
        kind,
        message: words,
        next,
    })
}

/// Lines of a Dockerfile, from the first letter to the last. The frontend knows it by its name alone.
fn place(lines: &SourceLines, file: &str) -> Place {
    let name = file.rsplit('/').next().unwrap_or(file);
    let path = if lines.file == name {
        file
    } else {
        &lines.file
    };
    let source = SourceFile::new(path, lines.text.as_str());
    let (first, last) = lines.lines;
    let mut span = Span::default();
    let mut at = 0;
    for (number, line) in (1..).zip(lines.text.split_inclusive('\n')) {
        if number == first {
            span.start = at + line.len() - line.trim_start().len();
        }
        if (first..=last).contains(&number) && !line.trim().is_empty() {
            span.end = at + line.trim_end().len();
        }
        at += line.len();
    }
    Place::new(&source, span)
}

impl SourceLines {
    /// Whether it is the comment that names another frontend.
    fn names_a_frontend(&self) -> bool {
        let line = self.text.lines().nth(self.lines.0.saturating_sub(1));
        let words = line.and_then(|line| line.trim_start().strip_prefix('#'));
        words.is_some_and(|words| words.trim_start().starts_with("syntax"))
    }
}

/// A base that a Dockerfile took for a platform which it is not made for: the frontend only warns, and the
/// image would claim a platform whose programs it does not hold.
pub(super) fn foreign_base(
    warnings: &[Warning],
    dockerfile: &Dockerfile,
    text: &str,
) -> Option<Box<Failure>> {
    let found = warnings
        .iter()
        .find_map(|warning| warning.message.strip_prefix(FOREIGN_BASE))?;
    let words = found.trim_start_matches(':').trim();
    let line = words.rsplit_once("(line ").and_then(|(_, line)| {
        let line = line.strip_suffix(')')?;
        line.parse::<usize>().ok()
    });
    let line = line.unwrap_or(1);
    let file = dockerfile.file.value.as_str();
    let lines = SourceLines {
        file: file.to_owned(),
        text: text.to_owned(),
        lines: (line, line),
    };
    let kind = FailureKind::Step {
        name: file.to_owned(),
        places: vec![place(&lines, file)],
        exit_code: None,
        logs: Vec::new(),
    };
    let next = "choose a base that has the platform, or exclude the platform with a reason; a stage that \
                only builds may say `FROM --platform=$BUILDPLATFORM`";
    Some(Box::new(Failure {
        kind,
        message: format!("`{file}`: {words}"),
        next: Some(next.to_owned()),
    }))
}

/// How a step ended.
fn ended(name: &str, exit_code: Option<i64>, message: &str, emulated: bool) -> String {
    match exit_code {
        Some(code) => format!(
            "`{name}` ended with exit code {code}{}",
            explain(code, emulated)
        ),
        None => format!("`{name}` failed: {}", plain(message)),
    }
}

/// What to do about a step that failed.
fn hint(message: &str, logs: &[String]) -> Option<&'static str> {
    if logs.iter().any(|line| line.contains(NO_SPACE)) {
        return Some(FREE_SPACE);
    }
    if logs.iter().any(|line| wants_compiler(line)) {
        return Some(COMPILER);
    }
    if message.ends_with(EXPECTED) {
        return Some(MOVED);
    }
    let hint = FILES.iter().find(|(words, _)| message.contains(words));
    hint.map(|(_, next)| *next)
}

/// Whether it is what builders of Python packages say that find no compiler: setuptools, older ones, and Meson.
fn wants_compiler(line: &str) -> bool {
    let named = line
        .split_once("No such file or directory: '")
        .or_else(|| line.split_once("error: command '"))
        .filter(|_| line.contains("No such file or directory"))
        .and_then(|(_, rest)| rest.split('\'').next());
    let is_compiler = |name: &str| COMPILERS.iter().any(|end| name.ends_with(end));
    named.is_some_and(is_compiler) || line.contains("Unknown compiler(s)")
}

/// The builder's words without those about its own workings.
fn plain(message: &str) -> String {
    let workings = ["failed to compute cache key", "failed to load cache key"];
    let is_working =
        |part: &str| workings.contains(&part) || part.starts_with("failed to calculate checksum");
    let mut words = message;
    while let Some((part, rest)) = words.split_once(": ")
        && is_working(part)
    {
        words = rest;
    }
    let mismatch = words
        .strip_prefix("digest mismatch ")
        .and_then(|sums| sums.split_once(": "));
    match mismatch {
        Some((found, wanted)) => format!("the download is {found}, and {wanted} {EXPECTED}"),
        None => words.to_owned(),
    }
}

/// What exit codes of killed programs mean.
pub(super) fn explain(code: i64, emulated: bool) -> &'static str {
    match (code, emulated) {
        (137, _) => " (killed: most likely out of memory)",
        (132, true) => {
            " (illegal instruction under emulation: the emulator lacks it; a native builder has it)"
        }
        (132, false) => " (illegal instruction: this machine's CPU lacks it)",
        (139, true) => {
            " (crashed under emulation: often a fault of the emulator; try a native builder)"
        }
        (139, false) => " (crashed: the program touched memory that is not its own)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{COMPILER, hint, plain};

    #[test]
    fn a_missing_compiler_is_said_to_be_one() {
        for line in [
            "         error: [Errno 2] No such file or directory: 'aarch64-linux-gnu-g++'",
            "error: command 'aarch64-linux-gnu-gcc' failed: No such file or directory",
            "../meson.build:1:0: ERROR: Unknown compiler(s): [['cc'], ['gcc']]",
        ] {
            let logs = ["größe".to_owned(), line.to_owned()];
            assert_eq!(hint("", &logs), Some(COMPILER), "{line}");
        }
        for other in [
            "cat: x: No such file or directory",
            "FileNotFoundError: [Errno 2] No such file or directory: 'größe.h'",
            "error: command 'gcc' failed with exit status 1",
        ] {
            assert_eq!(hint("", &[other.to_owned()]), None, "{other}");
        }
    }

    #[test]
    fn a_message_is_about_the_recipe_and_not_about_the_builders_workings() {
        let missing = "failed to compute cache key: failed to calculate checksum of ref a::b: \"/größe\": not found";
        assert_eq!(plain(missing), "\"/größe\": not found");
        assert_eq!(
            plain("failed to load cache key: invalid response status 404"),
            "invalid response status 404"
        );
        assert_eq!(
            plain("digest mismatch sha256:aa: sha256:bb"),
            "the download is sha256:aa, and sha256:bb is what it should be"
        );
        assert_eq!(
            plain("mkdir /bin/x: not a directory"),
            "mkdir /bin/x: not a directory"
        );
    }
}
