//! The services of this repository: which there are, and that docs/services.md says what their recipe comes to.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::common::Workbench;

const TWELVE: [&str; 12] = [
    "ai",
    "bmad",
    "data",
    "integration",
    "knowledge",
    "monitoring",
    "notification",
    "realtime",
    "security",
    "storage",
    "testing",
    "workflow",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn asked(arguments: &[&str]) -> Vec<Value> {
    let bench = Workbench::new();
    for folder in ["recipes/ai-base", "recipes/services"] {
        bench.copy(&root().join(folder), folder);
    }
    bench.copy(&root().join("kiln.yaml"), "kiln.yaml");
    let ran = bench.kiln(arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    answer["images"].as_array().unwrap().clone()
}

/// The cells of the rows of docs/services.md that begin with a service's name.
fn rows(cells: usize) -> Vec<Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/services.md")).unwrap();
    let rows = page.lines().filter_map(|line| {
        let inner = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let row: Vec<String> = inner
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect();
        (line.starts_with("| `") && row.len() == cells).then_some(row)
    });
    rows.collect()
}

fn words(list: &Value) -> Vec<&str> {
    let items = list.as_array().unwrap();
    items.iter().map(|item| item.as_str().unwrap()).collect()
}

/// What the recipe shows of a service's images, on all platforms.
fn shown(service: &str, release: &str) -> Vec<Value> {
    let image = format!("stable/backend.ai-{service}:{release}");
    let images = asked(&["show", &image, "--format", "json"]);
    let platforms = images[0]["platforms"].as_object().unwrap();
    assert_eq!(platforms.len(), 2, "{image}");
    platforms.values().cloned().collect()
}

#[test]
fn each_service_is_planned_in_the_releases_that_have_its_package_and_so_are_the_twelve() {
    let planned: BTreeSet<String> = asked(&["plan", "backendai", "services", "--format", "json"])
        .iter()
        .map(|image| image["image"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = BTreeSet::from(["cerebral/ai-base:cuda".to_owned()]);
    for release in ["23.09", "24.03", "26.9"] {
        for service in ["manager", "agent", "storage-proxy", "web-server"] {
            expected.insert(format!("stable/backend.ai-{service}:{release}"));
        }
    }
    for service in ["app-proxy-coordinator", "app-proxy-worker"] {
        expected.insert(format!("stable/backend.ai-{service}:26.9"));
    }
    expected.extend(TWELVE.map(|service| format!("cerebral/{service}-services:latest")));
    assert_eq!(planned, expected);
}

#[test]
fn the_page_names_the_package_configuration_ports_and_user_of_each_service() {
    let rows = rows(5);
    assert_eq!(rows.len(), 6);
    for row in rows {
        for image in shown(&row[0], "26.9") {
            let package = image["stages"]["installed"]["steps"].to_string();
            assert!(
                package.contains(&format!("\"{}==26.9.6\"", row[1])),
                "{package}"
            );
            assert_eq!(words(&image["cmd"]).last(), Some(&row[2].as_str()));
            assert_eq!(words(&image["expose"]).join(", "), row[3]);
            let user = if row[4] == "root" { "0:0" } else { "1000:1000" };
            assert_eq!(image["user"], user, "{}", row[0]);
        }
    }
}

#[test]
fn the_page_names_what_each_service_is_asked_for_its_health() {
    let rows = rows(3);
    assert_eq!(rows.len(), 6);
    for row in rows {
        for (release, url) in [("23.09", &row[1]), ("24.03", &row[1]), ("26.9", &row[2])] {
            if !url.is_empty() {
                for image in shown(&row[0], release) {
                    assert_eq!(image["env"]["HEALTH_URL"], url.as_str(), "{}", row[0]);
                }
            }
        }
    }
}
