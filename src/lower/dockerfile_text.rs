//! What is read in a Dockerfile on this side: few words, for mistakes that the frontend does not report.
//!
//! It is no parser of Dockerfiles. What is not understood is passed over, since the frontend reads it all.

use std::ops::Range;

/// A `FROM` and what it says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct From<'t> {
    pub(super) platform: Option<&'t str>,
    pub(super) base: &'t str,
    pub(super) stage: Option<&'t str>,
    /// The bytes of its line.
    pub(super) span: Range<usize>,
}

/// All `FROM`s, in their order.
pub(super) fn froms(text: &str) -> Vec<From<'_>> {
    let mut all = Vec::new();
    let mut at = 0;
    let mut goes_on = false;
    let mut heredoc: Option<&str> = None;
    for line in text.split_inclusive('\n') {
        let (start, words) = (at, line.trim());
        at += line.len();
        if let Some(end) = heredoc {
            heredoc = (words != end).then_some(end);
            continue;
        }
        if words.is_empty() || words.starts_with('#') {
            continue;
        }
        if !goes_on {
            let from = start + line.len() - line.trim_start().len();
            all.extend(from_of(words, from..from + words.len()));
        }
        goes_on = words.ends_with(['\\', '`']);
        heredoc = heredoc_of(words);
    }
    all
}

fn from_of(line: &str, span: Range<usize>) -> Option<From<'_>> {
    let mut words = line.split_whitespace();
    let is_from = words.next()?.eq_ignore_ascii_case("FROM");
    let mut platform = None;
    let mut base = words.next().filter(|_| is_from)?;
    while let Some(flag) = base.strip_prefix("--") {
        platform = flag.strip_prefix("platform=").or(platform);
        base = words.next()?;
    }
    let stage = match (words.next(), words.next()) {
        (Some(word), stage) if word.eq_ignore_ascii_case("AS") => stage,
        _ => None,
    };
    Some(From {
        platform,
        base,
        stage,
        span,
    })
}

/// The word that ends a text which begins on this line.
fn heredoc_of(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("<<")?;
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let rest = rest.trim_start_matches(['"', '\'']);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    (end > 0 && !rest.starts_with(|c: char| c.is_ascii_digit())).then(|| &rest[..end])
}

/// The stage that becomes the image, and those that it begins with.
pub(super) fn line_of<'f, 't>(froms: &'f [From<'t>], target: Option<&str>) -> Vec<&'f From<'t>> {
    let named = |name: &str, before: usize| {
        let is_named = |from: &From<'_>| from.stage.is_some_and(|it| it.eq_ignore_ascii_case(name));
        froms[..before].iter().rposition(is_named)
    };
    let number = |name: &str| name.parse().ok().filter(|&at: &usize| at < froms.len());
    let mut at = match target {
        Some(name) => named(name, froms.len()).or_else(|| number(name)),
        None => froms.len().checked_sub(1),
    };
    let mut line = Vec::new();
    while let Some(own) = at {
        line.push(&froms[own]);
        at = named(froms[own].base, own);
    }
    line
}

/// Whether its author has told the frontend that a base of another platform is meant.
pub(super) fn is_told_otherwise(text: &str) -> bool {
    let mut heads = text.lines().take_while(|line| line.starts_with('#'));
    heads.any(|line| {
        let words = line.trim_start_matches('#').trim();
        let skipped = words
            .strip_prefix("check")
            .and_then(|it| it.trim_start().strip_prefix('='));
        skipped.is_some_and(|it| it.contains("InvalidBaseImagePlatform"))
    })
}

/// Whether the first lines name a frontend that reads another language.
pub(super) fn has_other_frontend(text: &str) -> bool {
    let heads = text.lines().take_while(|line| line.starts_with('#'));
    heads
        .filter_map(|line| line.trim_start_matches('#').trim().split_once('='))
        .any(|(key, frontend)| {
            key.trim().eq_ignore_ascii_case("syntax") && !frontend.contains("docker/dockerfile")
        })
}

/// Every name that an `ARG` declares. Only names are looked for, so that what counts as a line need not be
/// known in all its cases.
pub(super) fn declared(text: &str) -> Vec<&str> {
    let mut all = Vec::new();
    let mut goes_on = false;
    for line in text.lines() {
        let mut words = line.split_whitespace().peekable();
        let begins = words
            .next_if(|word| word.eq_ignore_ascii_case("ARG"))
            .is_some();
        goes_on |= begins;
        if goes_on {
            all.extend(words.map(|word| word.split('=').next().unwrap_or(word)));
            goes_on = line.trim_end().ends_with(['\\', '`']);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{declared, froms, has_other_frontend, is_told_otherwise, line_of};

    #[test]
    fn args_are_found_with_and_without_values_and_on_further_lines() {
        let text = "# größe\narg BASE=debian:12 \\\n  OTHER\nFROM $BASE\nRUN echo ARG NOT\n  ARG Ä=\"x y\"\n";
        let found = declared(text);
        for name in ["BASE", "OTHER", "Ä"] {
            assert!(found.contains(&name), "{name}: {found:?}");
        }
        assert!(!found.contains(&"NOT"), "{found:?}");
    }

    #[test]
    fn a_frontend_of_another_language_is_known_by_its_first_lines() {
        assert!(has_other_frontend("# syntax=example.com/other:1\n"));
        assert!(!has_other_frontend(
            "# syntax=docker/dockerfile:1\nFROM x\n"
        ));
        assert!(!has_other_frontend("FROM x\n# syntax=example.com/other\n"));
    }

    /// Base and platform of each stage that becomes a part of the image.
    fn line(text: &str, target: Option<&str>) -> Vec<(String, Option<String>)> {
        let all = froms(text);
        let line = line_of(&all, target).into_iter();
        line.map(|from| (from.base.to_owned(), from.platform.map(str::to_owned)))
            .collect()
    }

    #[test]
    fn the_stages_of_an_image_are_followed_from_its_target() {
        let text = "from --platform=$BUILDPLATFORM debian:12 as Bau\n\
                    FROM --platform=linux/amd64 größe AS laufzeit\n\
                    RUN psql -c 'SELECT x \\\n  FROM y'\n\
                    RUN <<ENDE\nFROM nichts AS ende\nENDE\n\
                    # FROM nichts\n\
                    FROM Laufzeit AS fertig\n";
        let amd = ("größe".to_owned(), Some("linux/amd64".to_owned()));
        let own = ("Laufzeit".to_owned(), None);
        assert_eq!(line(text, None), [own.clone(), amd.clone()]);
        assert_eq!(line(text, Some("FERTIG")), [own, amd.clone()]);
        assert_eq!(line(text, Some("1")), [amd]);
        let native = ("debian:12".to_owned(), Some("$BUILDPLATFORM".to_owned()));
        assert_eq!(line(text, Some("bau")), [native]);
        assert_eq!(line(text, Some("nirgends")), []);
        assert_eq!(line("", None), []);
        let span = &froms(text)[1].span;
        assert_eq!(
            &text[span.clone()],
            "FROM --platform=linux/amd64 größe AS laufzeit"
        );
    }

    #[test]
    fn who_means_another_platform_says_so_in_the_first_lines() {
        assert!(is_told_otherwise(
            "# check=skip=StageNameCasing,InvalidBaseImagePlatform\nFROM x\n"
        ));
        assert!(!is_told_otherwise(
            "FROM x\n# check=skip=InvalidBaseImagePlatform\n"
        ));
    }
}
