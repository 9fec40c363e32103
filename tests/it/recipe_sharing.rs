//! Sharing between recipes: `extends` does what the language's page says.

use kiln::diagnostic::Findings;
use kiln::ops::OpError;
use kiln::recipe::{Content, EnvChange, Image, Library, Recipe, StepKind};
use kiln::text::SourceFile;
use kiln::yaml::{Entry, Node, NodeKind};

use crate::common::Workbench;
use crate::recipe_expand::words;

pub(crate) const HEAD: &str = "kiln: 1\nname: r\ntags: [x]\n";

/// A workspace of some files, of which `r.yaml` is the recipe.
pub(crate) fn bench(files: &[(&str, &str)]) -> Workbench {
    let bench = Workbench::new();
    for (path, text) in files {
        let text = if *path == "r.yaml" {
            format!("{HEAD}{text}")
        } else {
            format!("kiln: 1\n{text}")
        };
        bench.write(path, text);
    }
    bench
}

pub(crate) fn images(files: &[(&str, &str)]) -> Vec<Image> {
    match bench(files).load(&[]) {
        Ok(loaded) => loaded.images,
        Err(OpError::Invalid(findings)) => panic!("{findings:#?}"),
        Err(error) => panic!("{error}"),
    }
}

/// The one image's content on amd64, which is that on arm64 where a test does not say otherwise.
pub(crate) fn content(files: &[(&str, &str)]) -> Content {
    let images = images(files);
    assert_eq!(images.len(), 1);
    images[0].contents.values().next().unwrap().clone()
}

fn env(content: &Content) -> Vec<(String, String)> {
    let entries = content.env.iter().map(|entry| match &entry.change {
        EnvChange::Set(value) => (entry.name.clone(), value.clone()),
        EnvChange::Extend { prepend, append } => (
            entry.name.clone(),
            format!("{}|{}", prepend.join(":"), append.join(":")),
        ),
    });
    entries.collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

pub(crate) const PART: &str = "base: debian:12\nworkdir: /home/work\nenv: {LANG: C.UTF-8, PYTHONUNBUFFERED: 1}\n\
                    cmd: [batch, query, uid-match]\n";

#[test]
fn what_a_file_extends_comes_first_then_the_file_itself() {
    let content = content(&[
        ("common/part.yaml", PART),
        ("r.yaml", "extends: common/part.yaml\nworkdir: /내\n"),
    ]);
    assert_eq!(content.workdir.as_ref().unwrap().value, "/내");
    assert_eq!(
        env(&content),
        pairs(&[("LANG", "C.UTF-8"), ("PYTHONUNBUFFERED", "1")])
    );
}

#[test]
fn files_are_applied_in_order_and_what_they_extend_first_each_once_at_its_first_mention() {
    // d before c, since c extends it; it is not applied again behind b, where it would win.
    let content = content(&[
        ("d.yaml", "base: debian:12\nenv: {A: d, B: d, C: d, D: d}\n"),
        ("c.yaml", "extends: d.yaml\nenv+: {C: c, B: c}\n"),
        ("b.yaml", "extends: [d.yaml]\nenv+: {B: b}\n"),
        (
            "r.yaml",
            "extends: [c.yaml, b.yaml, /d.yaml]\nenv+: {A: 나}\n",
        ),
    ]);
    assert_eq!(
        env(&content),
        pairs(&[("A", "나"), ("B", "b"), ("C", "c"), ("D", "d")])
    );
}

#[test]
fn a_recipe_can_be_extended_and_its_name_is_not_inherited() {
    let bench = bench(&[
        (
            "r.yaml",
            "extends: other.yaml\nvars+: {python: \"3.13\"}\nlabels: {l: \"${{ python }}\"}\n",
        ),
        (
            "other.yaml",
            "name: other\ntags: [y]\nbase: debian:12\nvars: {python: \"3.12\"}\ndescription: 다른\n",
        ),
    ]);
    let images = bench.load(&[]).unwrap().images;
    assert_eq!(images.len(), 1);
    assert_eq!(images[0].name(), "r:x");
    let content = images[0].contents.values().next().unwrap();
    assert_eq!(content.runtime.labels["l"], "3.13");
}

#[test]
fn a_plain_key_replaces() {
    let content = content(&[
        ("part.yaml", PART),
        (
            "r.yaml",
            "extends: part.yaml\nenv: {LANG: ko_KR.UTF-8}\ncmd: [a]\n",
        ),
    ]);
    assert_eq!(env(&content), pairs(&[("LANG", "ko_KR.UTF-8")]));
    assert_eq!(content.runtime.cmd.unwrap(), ["a"]);
}

#[test]
fn a_plus_appends_to_a_list_and_a_string_is_a_list_of_one() {
    let cmd = |own: &str| {
        let recipe = format!("extends: part.yaml\nvars: {{more: [x, 둘]}}\n{own}\n");
        let content = content(&[("part.yaml", PART), ("r.yaml", &recipe)]);
        content.runtime.cmd.unwrap()
    };
    let first = ["batch", "query", "uid-match"];
    assert_eq!(
        cmd("cmd+: [하나, b]"),
        [&first[..], &["하나", "b"]].concat()
    );
    assert_eq!(cmd("cmd+: 하나"), [&first[..], &["하나"]].concat());
    assert_eq!(cmd("cmd+: []"), first);
    assert_eq!(
        cmd("cmd+: [{if: os == \"linux\", then: c}, \"${{ more }}\"]"),
        [&first[..], &["c", "x", "둘"]].concat()
    );
}

#[test]
fn an_inherited_string_is_a_list_of_one_where_a_list_may_stand_as_well() {
    let content = content(&[
        (
            "part.yaml",
            "base: debian:12\nvars: {words: [a, b]}\ncmd: \"${{ words }}\"\nenv: {PATH: {prepend: /a}}\n",
        ),
        (
            "r.yaml",
            "extends: part.yaml\ncmd+: [다]\nenv+: {PATH+: {prepend+: /b, append: /c}}\n",
        ),
    ]);
    assert_eq!(content.runtime.cmd.clone().unwrap(), ["a", "b", "다"]);
    assert_eq!(env(&content), pairs(&[("PATH", "/a:/b|/c")]));
}

#[test]
fn a_plus_sets_entries_of_a_map_in_place_and_new_ones_at_the_end() {
    let content = content(&[
        ("part.yaml", PART),
        (
            "r.yaml",
            "extends: part.yaml\nenv+: {NEW: 새, LANG: ko_KR.UTF-8}\n",
        ),
    ]);
    assert_eq!(
        env(&content),
        pairs(&[
            ("LANG", "ko_KR.UTF-8"),
            ("PYTHONUNBUFFERED", "1"),
            ("NEW", "새")
        ])
    );
}

#[test]
fn entries_of_a_marked_map_may_carry_marks_again_and_plain_ones_replace() {
    let content = content(&[
        (
            "part.yaml",
            "base: debian:12\nstages:\n  build:\n    base: golang:1.24\n    env: {A: a, B: b}\n    steps: [{run: echo one}]\n\
             healthcheck: {test: [CMD, a], interval: 30s}\n",
        ),
        (
            "r.yaml",
            "extends: part.yaml\nstages+:\n  build+:\n    env: {C: 다}\n    steps+: [{run: echo two}]\n  late: {base: {stage: build}}\n\
             healthcheck+: {test+: [b], interval: 1m}\n",
        ),
    ]);
    let build = &content.stages["build"];
    assert_eq!(build.env.len(), 1);
    assert_eq!(build.steps.len(), 2);
    assert!(content.stages.contains_key("late"));
    let check = content.runtime.healthcheck.unwrap();
    assert_eq!(
        (check.test, check.interval),
        (
            ["CMD", "a", "b"].map(String::from).to_vec(),
            Some(60_000_000_000)
        )
    );
}

#[test]
fn a_minus_removes_items_by_value_and_entries_by_name() {
    let part = "base: debian:12\nlabels: {가: x, b: 나, c: z}\nexpose: [8080, \"53/udp\", 9000]\n\
                steps:\n- run: echo one\n- {env: {A: a, B: b}, if: os == \"linux\"}\n- run: [echo, two]\n";
    let content = content(&[
        ("part.yaml", part),
        (
            "r.yaml",
            "extends: part.yaml\nlabels-: [가, c]\nexpose-: [\"8080\", 53/udp]\n\
             steps-: [{run: [echo, \"two\"]}, {if: 'os == \"linux\"', env: {B: b, A: \"a\"}}]\n",
        ),
    ]);
    let labels: Vec<_> = content.runtime.labels.keys().collect();
    assert_eq!(labels, ["b"]);
    assert_eq!(content.runtime.expose, ["9000/tcp"]);
    assert_eq!(words(&content), ["echo one"]);
}

#[test]
fn more_vars_are_added_and_used_by_what_was_inherited() {
    let content = content(&[
        (
            "part.yaml",
            "base: debian:12\nvars: {python: \"3.12\", full: \"py${{ python }}\"}\nlabels: {l: \"${{ full }}\"}\n",
        ),
        (
            "r.yaml",
            "extends: part.yaml\nvars+: {python: \"3.13\", unused: 새}\n",
        ),
    ]);
    assert_eq!(content.runtime.labels["l"], "py3.13");
}

#[test]
fn paths_go_from_the_file_they_are_written_in() {
    let content = content(&[
        (
            "a/b/part.yaml",
            "extends: [../more.yaml]\nbase: debian:12\nsteps: [{copy: {src: [파일, /top], to: /a/}}]\n",
        ),
        ("a/more.yaml", "workdir: /w\n"),
        (
            "r.yaml",
            "extends: a/b/part.yaml\nsteps+: [{copy: {src: 파일, to: /b}}]\n",
        ),
    ]);
    let sources = content.steps.iter().map(|step| match &step.kind {
        StepKind::Copy(copy) => copy.src.iter().map(|src| src.value.clone()).collect(),
        other => panic!("{other:?}"),
    });
    let sources: Vec<Vec<String>> = sources.collect();
    assert_eq!(sources, [vec!["a/b/파일", "top"], vec!["파일"]]);
    assert_eq!(content.workdir.unwrap().value, "/w");
}

#[test]
fn every_value_of_the_result_says_the_file_it_came_from() {
    let bench = bench(&[
        ("part.yaml", PART),
        (
            "r.yaml",
            "extends: part.yaml\nenv+: {LANG: 한}\ncmd+: [b]\n",
        ),
    ]);
    let loaded = bench.load(&[]).unwrap();
    let tree = loaded.recipes[0].tree();
    let place = |node: Option<&Node>| node.unwrap().place.to_string();
    let env = tree.get("env").unwrap();
    assert_eq!(place(env.get("LANG")), "r.yaml:5:14");
    assert_eq!(place(env.get("PYTHONUNBUFFERED")), "part.yaml:4:40");
    let NodeKind::List(items) = &tree.get("cmd").unwrap().kind else {
        panic!()
    };
    let places: Vec<String> = items.iter().map(|item| item.place.to_string()).collect();
    assert_eq!(places[0], "part.yaml:5:7");
    assert_eq!(places[3], "r.yaml:6:8");
}

#[test]
fn the_example_of_the_page_comes_out_as_the_page_says() {
    let library = Library::new(|_| {
        Ok(
            "kiln: 1\nworkdir: /home/work\nenv: {LANG: C.UTF-8, PYTHONUNBUFFERED: 1}\n\
            kernel: {features: [batch, query, uid-match], resources: {min: {cpu: 1, mem: 256m}}}\n"
                .to_owned(),
        )
    });
    let text = format!(
        "{HEAD}base: debian:12\nextends: common/kernel.yaml\nenv+: {{LANG: ko_KR.UTF-8}}\n\
         kernel+:\n  features-: [query]\n  resources: {{min: {{cpu: 2, mem: 1g}}}}\n  runtime: python\n"
    );
    let file = library.add(&SourceFile::new("r.yaml", text));
    let recipe = Recipe::parse(&library, &file, &mut Findings::new()).unwrap();
    let of = |key: &str| written(recipe.tree().get(key).unwrap());
    assert_eq!(of("env"), "{LANG: ko_KR.UTF-8, PYTHONUNBUFFERED: 1}");
    assert_eq!(
        of("kernel"),
        "{features: [batch, uid-match], resources: {min: {cpu: 2, mem: 1g}}, runtime: python}"
    );
    assert_eq!(of("name"), "r");
}

/// A tree as text.
fn written(node: &Node) -> String {
    match &node.kind {
        NodeKind::Scalar(scalar) => scalar.text.clone(),
        NodeKind::List(items) => {
            let items: Vec<String> = items.iter().map(written).collect();
            format!("[{}]", items.join(", "))
        }
        NodeKind::Map(entries) => {
            let entry = |e: &Entry| format!("{}: {}", e.key.value, written(&e.value));
            let entries: Vec<String> = entries.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
