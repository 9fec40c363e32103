//! What a finding is recognised by when the lines above it have moved: its rule, its file and the words it is about, and not
//! the number of a line.

use std::collections::BTreeMap;

use crate::oci::Digest;
use crate::ops::lint::Reported;

/// Hexadecimal digits of a fingerprint.
const LENGTH: usize = 32;

/// One fingerprint per finding, in their order. Findings that are alike are told apart by their number.
pub(super) fn fingerprints(findings: &[Reported]) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    findings
        .iter()
        .map(|one| {
            let about = about(one);
            let number = seen.entry(about.clone()).or_default();
            *number += 1;
            let digest = Digest::sha256_of(format!("{about}\0{number}").as_bytes());
            digest.hex().chars().take(LENGTH).collect()
        })
        .collect()
}

fn about(one: &Reported) -> String {
    let place = &one.finding.place;
    let (line, _) = place.line_column();
    let line = place.source.line(line).unwrap_or_default().trim();
    let words = place.source.slice(place.span);
    [one.finding.rule, &one.file(), line, words].join("\0")
}
