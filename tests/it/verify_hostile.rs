//! Images that somebody pushed to see what happens: nothing panics, and every message is short, on one line, and names
//! what is wrong.

use kiln::ops::lint::{LintReport, lint_image};
use kiln::ops::{OpError, Outcome, Verified, VerifyOptions, verify};
use kiln::registry::{Fault, MemoryRegistry, Operation};
use serde_json::json;

use crate::build::{AMD64, ARM64, Draft};

async fn verified(draft: &Draft) -> Verified {
    let registry = MemoryRegistry::lenient();
    draft.push(&registry).await;
    let options = VerifyOptions::default();
    verify(&draft.reference, &options, &registry).await.unwrap()
}

/// The errors, each held against what every message promises.
fn errors(verified: &Verified) -> Vec<String> {
    for finding in &verified.findings {
        let all = [
            Some(&finding.message),
            finding.help.as_ref(),
            finding.platform.as_ref(),
        ];
        for text in all.into_iter().flatten() {
            assert!(!text.chars().any(char::is_control), "{text:?}");
            assert!(
                text.chars().count() < 700,
                "{} characters",
                text.chars().count()
            );
        }
    }
    verified.problems()
}

/// The whole configuration with other labels, which need not be JSON that a map can hold.
fn with_labels(labels: &str) -> Vec<u8> {
    let draft = Draft::plain();
    let config = &mut draft.configs[&AMD64].clone();
    config["config"]["Labels"] = json!("LABELS");
    config
        .to_string()
        .replace("\"LABELS\"", labels)
        .into_bytes()
}

#[tokio::test]
async fn an_image_without_labels_of_the_platform_is_asked_what_kernels_are_only_on_request() {
    let mut draft = Draft::plain().named("r.example/python:1-1");
    draft.index = |index| index["manifests"][0]["annotations"] = json!({});
    let seen = verified(&draft).await;
    assert!(!seen.kernel && seen.is_whole() && seen.findings.is_empty());
    let reason = Outcome::NotAsked("no kernel of Backend.AI".to_owned());
    assert_eq!(
        seen.checks
            .iter()
            .filter(|one| one.outcome == reason)
            .count(),
        11
    );
    let registry = MemoryRegistry::lenient();
    draft.push(&registry).await;
    let options = VerifyOptions {
        kernel: true,
        ..VerifyOptions::default()
    };
    let asked = verify(&draft.reference, &options, &registry).await.unwrap();
    let ids: Vec<&str> = asked.findings.iter().map(|one| one.check.id).collect();
    for id in [
        "entry-annotations",
        "kernel-labels",
        "tag-grammar",
        "repository-project",
    ] {
        assert!(ids.contains(&id), "{id}: {ids:?}");
    }
    assert!(asked.is_whole() && !asked.passes());
}

#[tokio::test]
async fn a_label_of_a_megabyte_is_judged_and_not_repeated() {
    for key in [
        "service-ports",
        "features",
        "base-distro",
        "resource.min.mem",
        "x",
    ] {
        let key = format!("ai.backend.{key}");
        let long = "값 ,".repeat(300_000);
        let both = Draft::kernel().label(&[AMD64, ARM64], &key, long.as_str());
        let seen = verified(&both).await;
        assert!(errors(&seen).len() < 10, "{key}: {}", seen.findings.len());
        let one = Draft::kernel().label(&[ARM64], &key, long.as_str());
        assert!(!errors(&verified(&one).await).is_empty(), "{key}");
        let named = Draft::kernel().label(&[AMD64], &format!("ai.backend.{long}"), "1");
        errors(&verified(&named).await);
    }
}

#[tokio::test]
async fn of_ten_thousand_bad_labels_the_first_are_said_and_the_rest_counted() {
    let mut draft = Draft::kernel();
    for config in draft.configs.values_mut() {
        let labels = config["config"]["Labels"].as_object_mut().unwrap();
        // An error behind all that is shown.
        labels.insert("ai.backend.role".to_owned(), json!("é"));
        for number in 0..10_000 {
            labels.insert(format!("ai.backend.resource.min.s{number}"), json!("é"));
        }
    }
    let seen = verified(&draft).await;
    let own = seen
        .findings
        .iter()
        .filter(|one| one.check.id == "kernel-labels");
    let own: Vec<_> = own.collect();
    assert_eq!(own.len(), 201);
    // Errors stand first, and what was left out holds one.
    assert_eq!(own[0].message, "9801 more things are wrong with the labels");
    assert_eq!(own[0].level.as_str(), "error");
}

#[tokio::test]
async fn a_configuration_that_is_too_large_or_none_at_all_is_said_with_its_platform() {
    let deep = "[".repeat(200_000);
    let rows: [(Vec<u8>, &str, &str); 9] = [
        (
            vec![b' '; 9 << 20],
            "content-present",
            "more than 8388608 bytes",
        ),
        (Vec::new(), "config-form", "EOF"),
        (b"[]".to_vec(), "config-form", "it is no object"),
        (b"{\"config\":{}".to_vec(), "config-form", "EOF"),
        (
            b"{\"os\":\"\xff\"}".to_vec(),
            "config-form",
            "configuration sha256:",
        ),
        (deep.into_bytes(), "config-form", "recursion limit"),
        (
            b"{\"config\":{},\"config\":{}}".to_vec(),
            "config-form",
            "duplicate field",
        ),
        (with_labels("[\"a\"]"), "config-form", "an object of labels"),
        (
            b"{\"config\":[]}".to_vec(),
            "config-form",
            "configuration sha256:",
        ),
    ];
    for (bytes, check, words) in rows {
        let mut draft = Draft::kernel();
        draft.raw.insert(ARM64, bytes);
        let seen = verified(&draft).await;
        let problems = errors(&seen);
        assert_eq!(problems.len(), 1, "{problems:#?}");
        let found = &seen.findings[0];
        assert_eq!(
            (found.check.id, found.platform.as_deref()),
            (check, Some("linux/arm64"))
        );
        assert!(problems[0].contains(words), "{words}: {problems:#?}");
        assert!(!seen.is_whole() && seen.kernel);
    }
}

#[tokio::test]
async fn labels_that_stand_twice_or_are_no_texts_are_named() {
    let mut draft = Draft::plain();
    draft
        .raw
        .insert(AMD64, with_labels(r#"{"가":"1","가":"2"}"#));
    let seen = verified(&draft).await;
    assert!(seen.passes());
    assert!(seen.findings[0].message.contains("`가` stands twice"));
    for (labels, words) in [
        (
            r#"{"ai.backend.kernelspec":1}"#,
            "`ai.backend.kernelspec` is a number",
        ),
        (r#"{"a":null,"b":{}}"#, "`a` is null"),
        (r#"{"a":true}"#, "`a` is a boolean"),
    ] {
        draft.raw.insert(AMD64, with_labels(labels));
        let problems = errors(&verified(&draft).await);
        assert!(problems[0].contains(words), "{problems:#?}");
    }
    draft.raw.insert(AMD64, with_labels("null"));
    assert!(verified(&draft).await.passes());
}

#[tokio::test]
async fn escape_sequences_in_labels_do_not_reach_the_terminal() {
    let evil = "ubuntu\u{1b}]0;t\u{7}\n\u{202e}22.04";
    let draft = Draft::kernel().label(&[AMD64, ARM64], "ai.backend.base-distro", evil);
    let problems = errors(&verified(&draft).await);
    assert!(
        problems[0].contains("\\u{1b}") && problems[0].contains("\\u{202e}"),
        "{problems:#?}"
    );
    let draft = Draft::kernel().label(&[AMD64], &format!("ai.backend.{evil}"), "x");
    assert!(!errors(&verified(&draft).await).is_empty());
}

#[tokio::test]
async fn a_registry_that_wants_a_login_is_named_with_what_to_do() {
    for (fault, words) in [
        (Fault::Unauthorized, "docker login registry.example.com"),
        (Fault::Denied, "ask for the right to read"),
        (Fault::Unreachable, "registry.example.com"),
    ] {
        for operation in [Operation::GetManifest, Operation::GetBlob] {
            let draft = Draft::kernel();
            let registry = MemoryRegistry::lenient();
            draft.push(&registry).await;
            registry.fail_always(operation, None, fault.clone());
            let options = VerifyOptions::default();
            let mut report = LintReport::default();
            let error = lint_image(&draft.reference, &options, &registry, &mut report).await;
            let error = error.unwrap_err();
            assert!(matches!(error, OpError::Registry(_)), "{error:?}");
            assert!(
                error.to_string().contains("registry.example.com"),
                "{error}"
            );
            assert!(error.next_step().unwrap().contains(words), "{error:?}");
            assert!(report.findings.is_empty() && report.images == 0);
        }
    }
}
