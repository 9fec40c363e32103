//! The public list of kernel images against the recipes in `recipes/kernels`: every row is an image that is planned, or
//! stands in the table of those that are not built. Both are data: `tests/fixtures/kernels/catalogue.json` has the rows
//! and the reference of each, `recipes/kernels/not-built.json` the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use kiln::kernel::{Releases, check};
use kiln::oci::Platform;
use kiln::ops::{LoadOptions, Loaded, load};
use kiln::recipe::{Image, Kernel};
use serde_json::Value;

use crate::docs::page;

const FAMILIES: [&str; 4] = ["frameworks", "NGC", "languages", "accelerator matrix"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn json(path: &str) -> Value {
    let text = std::fs::read_to_string(root().join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'v>(row: &'v Value, key: &str) -> &'v str {
    row[key].as_str().unwrap_or("")
}

/// Which row of the list an entry is about: its line, name and version, which may be none.
fn key(row: &Value) -> (u64, String, String) {
    let name = text(row, "name").to_owned();
    let version = text(row, "version").to_owned();
    (row["line"].as_u64().unwrap(), name, version)
}

struct Catalogue {
    rows: Vec<Value>,
    /// Reasons of the rows that are not built.
    not_built: BTreeMap<(u64, String, String), String>,
    /// Reasons of the images that are no row.
    beyond: BTreeMap<String, String>,
    images: BTreeMap<String, Image>,
}

impl Catalogue {
    fn read() -> Self {
        let list = json("tests/fixtures/kernels/catalogue.json");
        let table = json("recipes/kernels/not-built.json");
        let entries = |key: &str| table[key].as_array().unwrap().clone();
        let not_built: Vec<Value> = entries("not_built");
        let reasons = not_built
            .iter()
            .map(|row| (key(row), text(row, "reason").to_owned()));
        let reasons: BTreeMap<_, _> = reasons.collect();
        assert_eq!(reasons.len(), not_built.len(), "a row stands twice");
        let beyond = entries("beyond");
        let beyond = beyond.iter().map(|one| {
            (
                text(one, "image").to_owned(),
                text(one, "reason").to_owned(),
            )
        });
        let of_kernels = |image: &Image| image.source.path().starts_with("recipes/kernels/");
        let images = loaded().images.into_iter().filter(of_kernels);
        Self {
            rows: list["rows"].as_array().unwrap().clone(),
            not_built: reasons,
            beyond: beyond.collect(),
            images: images.map(|image| (image.name(), image)).collect(),
        }
    }

    fn is_built(&self, row: &Value) -> bool {
        !self.not_built.contains_key(&key(row))
    }

    /// The rows that are built, each with its image.
    fn built(&self) -> impl Iterator<Item = (&Value, &Image)> {
        let rows = self.rows.iter().filter(|row| self.is_built(row));
        rows.map(|row| (row, &self.images[text(row, "image")]))
    }
}

fn loaded() -> Loaded {
    load(&LoadOptions {
        folder: root().to_path_buf(),
        ..LoadOptions::default()
    })
    .unwrap()
}

fn kernel(image: &Image) -> &Kernel {
    let content = image.contents.values().next().unwrap();
    content.kernel.as_ref().unwrap()
}

fn label(image: &Image, name: &str) -> Option<String> {
    kernel(image)
        .all_labels()
        .remove(&format!("ai.backend.{name}"))
}

fn has_arm64(image: &Image) -> bool {
    image
        .contents
        .keys()
        .any(|one| one.architecture() == "arm64")
}

#[test]
fn every_row_is_an_image_or_in_the_table_and_never_both() {
    let all = Catalogue::read();
    assert_eq!(all.rows.len(), 217);
    let mut claimed = BTreeMap::new();
    for row in &all.rows {
        let image = text(row, "image");
        if all.is_built(row) {
            assert!(
                all.images.contains_key(image),
                "{image} is not planned: {row}"
            );
            let before = claimed.insert(image.to_owned(), row);
            assert!(before.is_none(), "two rows are {image}");
        }
    }
    for row in all.rows.iter().filter(|row| !all.is_built(row)) {
        let reason = &all.not_built[&key(row)];
        let is_second = claimed.contains_key(text(row, "image"));
        assert_eq!(
            is_second,
            reason.starts_with("the same row as line "),
            "{row}"
        );
        assert!(
            is_second || !all.images.contains_key(text(row, "image")),
            "{row}"
        );
    }
    let rows: BTreeSet<_> = all.rows.iter().map(key).collect();
    for (row, reason) in &all.not_built {
        assert!(
            rows.contains(row),
            "the table has a row that the list lacks: {row:?}"
        );
        assert!(reason.len() > 40, "{row:?}: {reason}");
    }
    let own: BTreeSet<&String> = all
        .images
        .keys()
        .filter(|name| !claimed.contains_key(*name))
        .collect();
    assert_eq!(own, all.beyond.keys().collect());
}

#[test]
fn labels_say_what_the_row_says_and_every_release_named_accepts_them() {
    let all = Catalogue::read();
    for (row, image) in all.built() {
        let name = image.name();
        let features = label(image, "features").unwrap();
        let mut features: Vec<&str> = features.split(' ').collect();
        features.sort_unstable();
        let wanted: Vec<&str> = row["features"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        assert_eq!(features, wanted, "{name}");
        let is_language =
            text(row, "family") == "languages" && text(row, "name") != "lablup/kernel-python";
        let runtime = label(image, "runtime-type").unwrap();
        assert_eq!(runtime != "python", is_language, "{name}");
        assert!(label(image, "base-distro").is_some(), "{name}");
        let accelerators = label(image, "accelerators");
        let base = text(row, "base");
        let wanted = match (text(row, "family"), base) {
            ("NGC", _) | (_, "base-cuda") => Some("cuda"),
            (_, "base-TPU") => Some("tpu"),
            _ => None,
        };
        assert_eq!(accelerators.as_deref(), wanted, "{name}");
        let device =
            wanted.and_then(|device| label(image, &format!("resource.min.{device}.device")));
        assert_eq!(device.as_deref(), wanted.map(|_| "1"), "{name}");
        assert!(
            label(image, "resource.min.cuda.device").is_none() || wanted == Some("cuda"),
            "{name}"
        );
    }
    for (name, image) in &all.images {
        let kernel = kernel(image);
        let faults = check(&kernel.all_labels());
        let faults: Vec<_> = faults
            .iter()
            .filter(|(_, fault)| fault.concerns(&kernel.releases))
            .collect();
        assert!(faults.is_empty(), "{name}: {faults:#?}");
    }
}

#[test]
fn every_service_of_a_python_kernel_has_a_definition_of_its_own() {
    for (name, image) in Catalogue::read().images {
        let services = label(&image, "service-ports").unwrap_or_default();
        let services: BTreeSet<&str> = services
            .split(',')
            .filter_map(|one| one.split_once(':').map(|(service, _)| service))
            .collect();
        let defined = kernel(&image).definitions.iter();
        let defined: BTreeSet<&str> = defined.map(|one| one.name.as_str()).collect();
        assert_eq!(services, defined, "{name}");
        let is_python = label(&image, "runtime-type").as_deref() == Some("python");
        assert_eq!(services.contains("jupyterlab"), is_python, "{name}");
        assert_eq!(services.contains("ipython"), is_python, "{name}");
    }
}

#[test]
fn only_images_whose_runner_is_gone_leave_a_release_out() {
    for (name, image) in Catalogue::read().images {
        let releases: Vec<String> = kernel(&image)
            .releases
            .iter()
            .map(|one| one.to_string())
            .collect();
        let is_python = label(&image, "runtime-type").as_deref() == Some("python");
        let wanted: Vec<String> = if is_python {
            Releases::default()
                .iter()
                .map(|one| one.to_string())
                .collect()
        } else {
            vec!["23.09".into(), "24.03".into()]
        };
        assert_eq!(releases, wanted, "{name}");
    }
}

#[test]
fn a_platform_that_a_base_lacks_is_not_promised() {
    let all = Catalogue::read();
    for (row, image) in all.built() {
        let platforms: Vec<String> = image.contents.keys().map(Platform::to_string).collect();
        assert_eq!(platforms[0], "linux/amd64", "{}", image.name());
        let is_matrix = text(row, "family") == "accelerator matrix";
        assert!(!is_matrix || platforms.len() == 1, "{}", image.name());
        assert!(has_arm64(image) || platforms.len() == 1);
    }
    let lines = all.images.values().map(|image| {
        let platforms: Vec<&str> = image.contents.keys().map(Platform::architecture).collect();
        let get = |name: &str| label(image, name).unwrap_or_default();
        let (runtime, path) = (get("runtime-type"), get("runtime-path"));
        let (distro, devices) = (get("base-distro"), get("accelerators"));
        format!(
            "{} {} {runtime} {path} {distro} {devices}",
            image.name(),
            platforms.join("+")
        )
    });
    let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
    insta::assert_snapshot!("kernels_catalogue", lines.join("\n"));
}

/// The page's tables: counts per family, and the rows that are not built.
fn tables(all: &Catalogue) -> String {
    let mut text = String::from(
        "| Family | Rows | Images | of them for arm64 too | Not built |\n|---|--:|--:|--:|--:|\n",
    );
    let mut sums = [0; 4];
    for family in FAMILIES {
        let of = |row: &&Value| row["family"] == family;
        let rows = all.rows.iter().filter(of).count();
        let built: Vec<&Image> = all
            .built()
            .filter(|(row, _)| of(row))
            .map(|(_, image)| image)
            .collect();
        let arm64 = built.iter().filter(|image| has_arm64(image)).count();
        let counts = [rows, built.len(), arm64, rows - built.len()];
        let [rows, images, arm64, rest] = counts;
        let _ = writeln!(text, "| {family} | {rows} | {images} | {arm64} | {rest} |");
        sums = [0, 1, 2, 3].map(|at| sums[at] + counts[at]);
    }
    let [rows, images, arm64, rest] = sums;
    let _ = writeln!(text, "| **all** | {rows} | {images} | {arm64} | {rest} |\n");
    text.push_str("## Not built\n\n| Row | Why |\n|---|---|\n");
    for row in all.rows.iter().filter(|row| !all.is_built(row)) {
        let (line, name, version) = key(row);
        let reason = &all.not_built[&(line, name.clone(), version.clone())];
        let _ = writeln!(text, "| `{name}` {version} (line {line}) | {reason} |");
    }
    text.push_str("\n## Beside the list\n\n| Image | Why |\n|---|---|\n");
    for (image, reason) in &all.beyond {
        let _ = writeln!(text, "| `{image}` | {reason} |");
    }
    text
}

#[test]
fn the_page_on_the_catalogue_counts_what_is_planned() {
    let all = Catalogue::read();
    let before = include_str!("../fixtures/kernels/catalogue.md");
    page("catalogue.md", &format!("{before}\n{}", tables(&all)));
}
