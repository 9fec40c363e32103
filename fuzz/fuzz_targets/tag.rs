//! Tags: the platform's reading, told a second time by patterns; and every tag that is read is one of a registry.
#![no_main]

mod kernel;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use kernel::{errors, look};
use kiln::kernel::check_tag;
use kiln::oci::Tag;
use libfuzzer_sys::fuzz_target;
use regex::Regex;

fn pattern(text: &str) -> Regex {
    match Regex::new(text) {
        Ok(pattern) => pattern,
        Err(error) => panic!("{error}"),
    }
}

static WHOLE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\A[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?\z"));
static OLD: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\A([a-zA-Z]+)(?:[0-9]+(?:\.[0-9]+)*[a-z0-9]*)?\z"));
static NEW: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\A([a-zA-Z_]+)(?:[0-9]+(?:\.[0-9]+)*[a-z0-9]*)?\z"));

fn is_read(tag: &str, word: &Regex) -> bool {
    let mut seen = BTreeSet::new();
    WHOLE.is_match(tag)
        && tag.split('-').skip(1).all(|part| {
            let key = word.captures(part).and_then(|found| found.get(1));
            key.is_some_and(|key| seen.insert(key.as_str()))
        })
}

fuzz_target!(|text: &str| {
    let faults = check_tag(text);
    look(&faults, text);
    for (release, word) in [("23.09", &OLD), ("24.03", &NEW), ("26.8", &NEW)] {
        let read = errors(&faults, release).is_empty();
        assert_eq!(read, is_read(text, word), "`{text}` in {release}");
    }
    if faults.is_empty() && text.len() <= 128 {
        assert!(text.parse::<Tag>().is_ok(), "`{text}`");
    }
});
