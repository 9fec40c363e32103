//! The ledger: what is appended is read back, and what was damaged is reported with its line.

use std::collections::BTreeMap;
use std::fs;

use kiln::oci::{Digest, Platform};
use kiln::record::{
    BaseRecord, Content, Draft, FaultKind, Ledger, LedgerError, PlatformRecord, Record,
    SourceRecord, TestRecord,
};
use tempfile::TempDir;

fn content(name: &str, size: u64) -> Content {
    Content {
        digest: Digest::sha256_of(name.as_bytes()),
        size,
    }
}

fn platform(name: &str, finished: &str) -> PlatformRecord {
    PlatformRecord {
        key: None,
        parts: None,
        manifest: content(&format!("manifest {name}"), 700),
        config: content(&format!("config {name}"), 1500),
        layers: 2,
        size: 45_000_000,
        base: Some(BaseRecord {
            name: "docker.io/library/python:3.11-slim".to_owned(),
            digest: Digest::sha256_of(b"base"),
        }),
        tests: Vec::new(),
        builder: "unix:///run/buildkit/buildkitd.sock".to_owned(),
        emulated: name == "arm64",
        steps: Vec::new(),
        started: "2026-11-21T07:45:00Z".parse().expect("a time"),
        finished: finished.parse().expect("a time"),
    }
}

fn record(variant: &str) -> Record {
    Record::new(Draft {
        image: "ai-base".to_owned(),
        variant: variant.to_owned(),
        references: vec!["localhost:5000/ai/base:1".parse().expect("a reference")],
        index: content("index", 491),
        platforms: BTreeMap::from([
            (
                Platform::LINUX_ARM64,
                platform("arm64", "2026-11-21T07:47:30.5Z"),
            ),
            (
                Platform::LINUX_AMD64,
                platform("amd64", "2026-11-21T07:46:00.001Z"),
            ),
        ]),
        source: Some(SourceRecord {
            revision: "0a1b2c3".to_owned(),
            dirty: true,
        }),
        set: BTreeMap::from([("인사".to_owned(), "안녕".to_owned())]),
        kiln: "0.1.0".to_owned(),
    })
}

fn ledger() -> (TempDir, Ledger) {
    let folder = tempfile::tempdir().expect("a folder");
    let ledger = Ledger::at(folder.path().join("새 폴더/.kiln/records.jsonl"));
    (folder, ledger)
}

#[test]
fn records_are_read_back_as_appended() {
    let (_folder, ledger) = ledger();
    assert_eq!(ledger.scan().unwrap().records, []);
    let records = [record("cuda"), record("cpu"), record("cuda")];
    for record in &records {
        ledger.append(record).unwrap();
    }
    let scan = ledger.scan().unwrap();
    assert_eq!(
        (scan.records.as_slice(), scan.faults.as_slice()),
        (records.as_slice(), [].as_slice())
    );
    assert_eq!(scan.latest("ai-base", "cpu"), Some(&records[1]));
    assert_eq!(scan.latest("ai-base", "rocm"), None);
    assert_eq!(
        fs::read_to_string(ledger.path()).unwrap().lines().count(),
        3
    );
}

#[test]
fn members_stand_in_one_order_with_the_version_first() {
    let text = serde_json::to_string(&record("cpu")).unwrap();
    assert!(
        text.starts_with(r#"{"version":1,"id":"20261121T074730500Z-"#),
        "{text}"
    );
    let arm64 = text
        .find(r#""linux/arm64":{"manifest":{"digest":"sha256:"#)
        .unwrap();
    assert!(text.find(r#""linux/amd64""#).unwrap() < arm64, "{text}");
    assert!(
        text.contains(
            r#""started":"2026-11-21T07:45:00.000Z","finished":"2026-11-21T07:47:30.500Z""#
        ),
        "{text}"
    );
    assert!(
        text.contains(r#""references":["localhost:5000/ai/base:1"]"#),
        "{text}"
    );
    assert_eq!(text, serde_json::to_string(&record("cpu")).unwrap());
    assert_ne!(record("cpu").id, record("cuda").id);
}

#[test]
fn records_with_tests_and_those_of_earlier_programs_without_are_read_alike() {
    let (_folder, ledger) = ledger();
    let mut tested = record("cpu").draft;
    for platform in tested.platforms.values_mut() {
        platform.tests = vec![TestRecord {
            name: "größe".to_owned(),
            passed: true,
            took_ms: 1250,
        }];
    }
    let (tested, earlier) = (Record::new(tested), record("cpu"));
    ledger.append(&earlier).unwrap();
    ledger.append(&tested).unwrap();
    let text = fs::read_to_string(ledger.path()).unwrap();
    let (first, second) = text.split_once('\n').unwrap();
    assert!(!first.contains("tests"), "{first}");
    let written = r#""tests":[{"name":"größe","passed":true,"took_ms":1250}],"builder""#;
    assert_eq!(second.matches(written).count(), 2, "{second}");
    assert_eq!(ledger.scan().unwrap().records, [earlier, tested]);
}

#[test]
fn a_torn_last_line_is_reported_and_passed_over() {
    let (_folder, ledger) = ledger();
    ledger.append(&record("cpu")).unwrap();
    let whole = fs::read(ledger.path()).unwrap();
    let half = [whole.as_slice(), &whole[..whole.len() / 2]].concat();
    fs::write(ledger.path(), half).unwrap();
    let scan = ledger.scan().unwrap();
    assert_eq!(scan.records.len(), 1);
    assert_eq!(
        (scan.faults[0].line, scan.faults[0].kind),
        (2, FaultKind::Torn)
    );
    assert!(
        scan.faults[0]
            .to_string()
            .contains("records.jsonl:2` is torn"),
        "{}",
        scan.faults[0]
    );
    ledger.append(&record("cuda")).unwrap();
    let scan = ledger.scan().unwrap();
    assert_eq!((scan.records.len(), scan.faults.len()), (2, 1));
    assert_eq!(scan.records[1], record("cuda"));
}

#[test]
fn a_broken_line_is_reported_with_file_and_line() {
    let (_folder, ledger) = ledger();
    ledger.append(&record("cpu")).unwrap();
    let mut text = fs::read_to_string(ledger.path()).unwrap();
    text.push_str("{\"version\":1,\"id\":\"가\"}\n\n{\"version\":0}\n");
    fs::write(ledger.path(), text).unwrap();
    let faults = ledger.scan().unwrap().faults;
    assert_eq!(
        faults
            .iter()
            .map(|fault| (fault.line, fault.kind))
            .collect::<Vec<_>>(),
        [(2, FaultKind::Broken), (4, FaultKind::Broken)]
    );
    assert!(
        faults[0]
            .to_string()
            .contains("records.jsonl:2` is no record: `가` is not a record id"),
        "{}",
        faults[0]
    );
}

#[test]
fn a_newer_version_is_refused_and_unknown_members_are_not() {
    let (_folder, ledger) = ledger();
    ledger.append(&record("cpu")).unwrap();
    let text = fs::read_to_string(ledger.path()).unwrap();
    let richer = text.replace(r#""kiln":"#, r#""새것":{"a":[1]},"kiln":"#);
    fs::write(ledger.path(), &richer).unwrap();
    assert_eq!(ledger.scan().unwrap().records, [record("cpu")]);
    fs::write(
        ledger.path(),
        format!("{richer}{{\"version\":7,\"other\":1}}\n"),
    )
    .unwrap();
    let error = ledger.scan().unwrap_err();
    assert!(
        matches!(
            error,
            LedgerError::NewerVersion {
                line: 2,
                found: 7,
                ..
            }
        ),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .ends_with("reads up to 1: use a newer kiln"),
        "{error}"
    );
}

#[test]
fn a_ledger_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Ledger::at(file.join("records.jsonl"))
        .append(&record("cpu"))
        .unwrap_err();
    assert!(matches!(error, LedgerError::Unwritable { .. }), "{error}");
}

#[test]
fn appends_of_many_threads_do_not_mix() {
    let (_folder, ledger) = ledger();
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let ledger = &ledger;
            scope.spawn(move || {
                for number in 0..10 {
                    ledger
                        .append(&record(&format!("{thread}-{number}")))
                        .unwrap();
                }
            });
        }
    });
    let scan = ledger.scan().unwrap();
    assert_eq!((scan.records.len(), scan.faults.len()), (80, 0));
}
