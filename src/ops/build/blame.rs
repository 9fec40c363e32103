//! A failed solve in the user's words: what failed, where it stands in the recipe, what to do.

use super::report::{Failure, FailureKind};
use crate::buildkit::SolveError;
use crate::llb::Definition;

/// What a program says that finds the disk full.
const NO_SPACE: &str = "No space left on device";

/// What frees space on a builder.
const FREE_SPACE: &str = "free space on the builder with `buildctl prune`, or give it a larger disk; then \
                          run it again: finished steps that were not pruned are cached";

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
            let message = match exit_code {
                Some(code) => format!(
                    "`{name}` ended with exit code {code}{}",
                    explain(code, emulated)
                ),
                None => format!("`{name}` failed: {}", plain(&message)),
            };
            let full = logs.iter().any(|line| line.contains(NO_SPACE));
            let next = if full {
                Some(FREE_SPACE)
            } else {
                let hint = FILES.iter().find(|(words, _)| message.contains(words));
                hint.map(|(_, next)| *next)
            };
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
        Some((found, wanted)) => format!("the download is {found}, and the recipe says {wanted}"),
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
    use super::plain;

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
            "the download is sha256:aa, and the recipe says sha256:bb"
        );
        assert_eq!(
            plain("mkdir /bin/x: not a directory"),
            "mkdir /bin/x: not a directory"
        );
    }
}
