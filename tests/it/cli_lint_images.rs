//! `kiln lint --image` and `kiln verify` from outside: published images over HTTP, every form, exit codes.

use serde_json::{Value, json};

use crate::build::{AMD64, ARM64, Draft};
use crate::common::{Ran, Workbench};
use crate::registry::server::{Answer, Server};

/// A registry with a kernel that passes, `stable/good:1`, and one with a fault of every level, `stable/bad:1-1`.
async fn registry() -> Server {
    let server = Server::start().await;
    let named = |draft: Draft, name: &str| draft.named(&format!("{}/{name}", server.host()));
    let good = named(Draft::kernel(), "stable/good:1");
    good.push(server.registry.as_ref()).await;
    let mut bad = named(Draft::kernel(), "stable/bad:1-1")
        .label(&[AMD64, ARM64], "ai.backend.resource.min.mem", "256Mi")
        .label(&[ARM64], "ai.backend.feature", "값");
    bad.index = |index| index["manifests"][1]["annotations"] = json!({"org.example.note": "주석"});
    bad.push(server.registry.as_ref()).await;
    let plain = named(Draft::plain(), "plain:1");
    plain.push(server.registry.as_ref()).await;
    server
}

/// What a run printed, with the address of the registry taken out.
fn kiln(bench: &Workbench, server: &Server, arguments: &[&str]) -> Ran {
    let host = server.host().to_string();
    let arguments = arguments
        .iter()
        .map(|text| text.replace("[registry]", &host));
    let arguments: Vec<String> = arguments.collect();
    // The server answers on this runtime while the program runs.
    let ran = tokio::task::block_in_place(|| {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        bench.kiln(&arguments)
    });
    let clean = |text: String| {
        text.replace(&host, "[registry]")
            .replace(&host.replace(':', "%3A"), "[registry]")
    };
    Ran {
        stdout: clean(ran.stdout),
        stderr: clean(ran.stderr),
        code: ran.code,
    }
}

const BAD: [&str; 5] = [
    "lint",
    "--image",
    "[registry]/stable/bad:1-1",
    "--format",
    "text",
];

fn bad(format: &str) -> [&str; 5] {
    let mut all = BAD;
    all[4] = format;
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_of_lint_has_the_findings_of_an_image_with_its_name_as_the_place() {
    let (bench, server) = (Workbench::new(), registry().await);
    for format in ["text", "json", "github", "gitlab"] {
        let ran = kiln(&bench, &server, &bad(format));
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{format}");
        // Fingerprints are made of the name, and the port is another each time.
        let mut lines = ran
            .stdout
            .lines()
            .filter(|line| !line.contains("\"fingerprint\""));
        let text = lines.by_ref().collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(format!("image_{format}"), text);
    }
    let ran = kiln(&bench, &server, &bad("sarif"));
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(rules[index]["help"]["text"].as_str().unwrap().len() > 40);
        let place = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
        assert_eq!(place, "[registry]/stable/bad%3A1-1");
    }
    let results: Vec<&Value> = run["results"].as_array().unwrap().iter().collect();
    assert!(
        results
            .iter()
            .any(|one| one["ruleId"] == "entry-annotations")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_and_the_command_line_choose_releases_and_levels() {
    let (bench, server) = (Workbench::new(), registry().await);
    let ids = |ran: &Ran| -> Vec<String> {
        let document: Value = serde_json::from_str(&ran.stdout).unwrap();
        let findings = document["findings"].as_array().unwrap();
        let id = |one: &Value| format!("{} {}", one["level"], one["rule"]).replace('"', "");
        findings.iter().map(id).collect()
    };
    let new = ["--release", "26.8"];
    let ran = kiln(&bench, &server, &[&bad("json")[..], &new].concat());
    assert_eq!(
        ids(&ran),
        [
            "error entry-annotations",
            "error labels-equal",
            "error kernel-quantity",
            "error tag-grammar",
            "warning kernel-unknown-label",
        ]
    );
    bench.write(
        "kiln.yaml",
        "kiln: 1\nkernel: {releases: [\"26.8\"]}\nlint: {rules: {entry-annotations: off}}\n",
    );
    let more = [
        "--rule",
        "labels-equal=note",
        "--rule",
        "tag-grammar=warning",
    ];
    let ran = kiln(&bench, &server, &[&bad("json")[..], &more].concat());
    assert_eq!(
        ids(&ran),
        [
            "error kernel-quantity",
            "warning kernel-unknown-label",
            "warning tag-grammar",
            "note labels-equal",
        ]
    );
    let off = ["--rule", "image=off", "--rule", "tag-grammar=off"];
    let ran = kiln(&bench, &server, &[&bad("json")[..], &off].concat());
    assert_eq!(
        ids(&ran),
        ["error kernel-quantity", "warning kernel-unknown-label"]
    );
    for (rule, words) in [
        ("content-present=off", "cannot be changed"),
        ("kernel-labels=off", "cannot be changed"),
        ("entry-anotations=off", "did you mean `entry-annotations`?"),
    ] {
        let ran = kiln(
            &bench,
            &server,
            &[&bad("json")[..], &["--rule", rule]].concat(),
        );
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_images_are_looked_at_and_one_that_cannot_be_is_an_exit_code_of_its_own() {
    let (bench, server) = (Workbench::new(), registry().await);
    let good = [
        "lint",
        "--image",
        "[registry]/stable/good:1",
        "--image",
        "[registry]/plain:1",
    ];
    let ran = kiln(&bench, &server, &good);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{}", ran.stdout);
    assert!(ran.stdout.contains("2 images: 1 note"), "{}", ran.stdout);
    let ran = kiln(&bench, &server, &[&good[..], &["--deny", "notes"]].concat());
    assert_eq!(ran.code, 1);
    let all = [
        &good[..],
        &["--image", "[registry]/stable/none:1"],
        &BAD[1..3],
    ]
    .concat();
    let ran = kiln(&bench, &server, &all);
    assert_eq!(ran.code, 2);
    assert!(ran.stdout.contains("kernel-quantity"), "{}", ran.stdout);
    assert!(ran.stderr.contains("does not exist") && ran.stderr.contains("  next: "));
    let kernel = ["lint", "--image", "[registry]/plain:1", "--kernel"];
    let ran = kiln(&bench, &server, &kernel);
    assert_eq!(ran.code, 1);
    assert!(
        ran.stdout.contains("kernel-missing-label"),
        "{}",
        ran.stdout
    );
    for more in [&["--fix"][..], &["r.yaml"]] {
        assert_eq!(kiln(&bench, &server, &[&good[..], more].concat()).code, 2);
    }
    assert_eq!(kiln(&bench, &server, &["lint", "--kernel"]).code, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_shows_every_check_and_ends_with_8_for_errors_alone() {
    let (bench, server) = (Workbench::new(), registry().await);
    let ran = kiln(&bench, &server, &["verify", "[registry]/stable/good:1"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    insta::assert_snapshot!(
        "verify_good",
        format!("{}\n---\n{}", ran.stdout, ran.stderr)
    );
    let ran = kiln(&bench, &server, &["verify", "[registry]/stable/bad:1-1"]);
    assert_eq!(ran.code, 8);
    insta::assert_snapshot!("verify_bad", format!("{}\n---\n{}", ran.stdout, ran.stderr));
    let ran = kiln(&bench, &server, &["verify", "[registry]/plain:1"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    assert!(ran.stdout.ends_with("\nwhole\n"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("kernel-labels"), "{}", ran.stdout);
    let json = [
        "verify",
        "[registry]/stable/bad:1-1",
        "--format",
        "json",
        "--release",
        "24.03,26.8",
    ];
    let ran = kiln(&bench, &server, &json);
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["releases"], json!(["24.03", "26.8"]));
    assert_eq!(
        (&document["whole"], &document["passed"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(
        document["checks"].as_array().unwrap().len(),
        kiln::lint::image::CHECKS.len()
    );
    let labels = &document["platforms"]["linux/arm64"]["labels"];
    assert_eq!(labels["ai.backend.feature"], "값");
    for one in document["findings"].as_array().unwrap() {
        let mut keys: Vec<&str> = one
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        keys.sort_unstable();
        assert_eq!(
            keys.join(" "),
            "check help level message platform releases rule"
        );
    }
    assert_eq!(
        kiln(&bench, &server, &["verify", "a/b:1", "--release", "22.03"]).code,
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_wants_a_login_is_exit_5_with_its_name_and_what_to_do() {
    let server = Server::hooked(|_, _| Answer::status(401)).await;
    let bench = Workbench::new();
    for command in [
        &["verify", "[registry]/stable/x:1"][..],
        &["lint", "--image", "[registry]/stable/x:1"],
    ] {
        let ran = kiln(&bench, &server, command);
        assert_eq!(ran.code, 5, "{}", ran.stderr);
        assert!(ran.stderr.contains("[registry]"), "{}", ran.stderr);
        assert!(
            ran.stderr
                .contains("  next: log in with `docker login [registry]`"),
            "{}",
            ran.stderr
        );
    }
}
