//! A `kiln.yaml`.
#![no_main]

use std::path::PathBuf;

use kiln::diagnostic::Findings;
use kiln::text::SourceFile;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = SourceFile::new("kiln.yaml", text);
    let mut findings = Findings::new();
    let read = kiln::workspace::parse(PathBuf::from("/w"), &source, &mut findings);
    assert!(read.is_some() || findings.has_errors());
    for finding in findings.sorted() {
        let _ = finding.place.to_string();
    }
});
