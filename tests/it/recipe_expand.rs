//! The recipe language does what its page says: recipes to images, through the library.

use kiln::recipe::steps::Package;
use kiln::recipe::{Command, Content, EnvChange, EnvEntry, Image, StepKind};

use crate::common::{Workbench, loaded, mistakes};

pub(crate) const HEAD: &str = "kiln: 1\nname: r\nbase: debian:12\n";

fn images(body: &str) -> Vec<Image> {
    loaded(&format!("{HEAD}{body}")).images
}

fn names(images: &[Image]) -> Vec<String> {
    images.iter().map(|image| image.tag().to_owned()).collect()
}

/// The one image's content on a platform.
pub(crate) fn content(body: &str, platform: &str) -> Content {
    let images = images(&format!("tags: [x]\n{body}"));
    assert_eq!(images.len(), 1);
    images[0].contents[&platform.parse().unwrap()].clone()
}

fn label(body: &str, platform: &str) -> String {
    content(body, platform).runtime.labels["l"].clone()
}

pub(crate) fn words(content: &Content) -> Vec<String> {
    let words = content.steps.iter().map(|step| match &step.kind {
        StepKind::Run(Command::Script(text), _) => text.clone(),
        StepKind::Run(Command::Args(args), _) => args.join("|"),
        StepKind::Apt(apt, _) => {
            let names = apt.install.iter().map(|package| match package {
                Package::Name(name) => name.clone(),
                Package::File(file) => file.url.clone(),
            });
            format!("apt {}", names.collect::<Vec<_>>().join(" "))
        }
        StepKind::Write(write) => write.content.clone(),
        StepKind::Fetch(fetch) => fetch.download.sha256.clone().unwrap_or_default(),
        other => format!("{other:?}"),
    });
    words.collect()
}

#[test]
fn axes_come_as_written_the_first_slowest_then_rows() {
    let images = images(
        "tags: [\"${{ b }}-${{ a }}-${{ torch }}\"]\n\
         axes: {b: [z, g], a: [\"2\", \"1\"]}\n\
         rows: [{torch: \"2.5\"}, {torch: \"2.4\"}]\n",
    );
    let expected = [
        "z-2-2.5", "z-2-2.4", "z-1-2.5", "z-1-2.4", "g-2-2.5", "g-2-2.4", "g-1-2.5", "g-1-2.4",
    ];
    assert_eq!(names(&images), expected);
}

#[test]
fn an_exclusion_takes_pairs_away_and_a_variant_without_platforms_is_gone() {
    let images = images(
        "tags: [\"${{ accel }}-${{ torch }}\"]\n\
         axes: {accel: [cuda, cpu]}\n\
         rows: [{torch: 2.4.1}, {torch: 2.10.0}]\n\
         exclude:\n\
         - {if: accel == \"cuda\" and arch == \"arm64\" and torch < \"2.5\", reason: 바퀴가 없다}\n\
         - {if: accel == \"cpu\" and torch >= \"2.5\", reason: slow}\n",
    );
    assert_eq!(names(&images), ["cuda-2.4.1", "cuda-2.10.0", "cpu-2.4.1"]);
    let platforms: Vec<usize> = images.iter().map(|image| image.contents.len()).collect();
    assert_eq!(platforms, [1, 2, 2]);
    let excluded: Vec<_> = images[0]
        .excluded
        .iter()
        .map(|(platform, why)| format!("{platform} {why}"))
        .collect();
    assert_eq!(excluded, ["linux/arm64 바퀴가 없다"]);
}

#[test]
fn a_column_shadows_the_var_that_holds_its_default() {
    let images = images(
        "tags: [\"${{ name_ }}-py${{ replace(python, '.', '') }}\"]\n\
         vars: {python: \"3.12\"}\n\
         rows: [{name_: a}, {name_: b, python: \"3.10\"}]\n",
    );
    assert_eq!(names(&images), ["a-py312", "b-py310"]);
}

#[test]
fn vars_use_each_other_conditions_and_the_platform() {
    let body = "vars:\n  a: \"${{ b }}-${{ arch_nv }}\"\n  b: {match: arch, cases: {amd64: 하나}, else: 둘}\n\
                \x20 wheel: \"cu${{ replace(upto('12.8.1', 2), '.', '') }}\"\n\
                env: {A: \"${{ a }}\", W: \"${{ wheel }}\"}\n";
    let env = |platform: &str| -> Vec<String> {
        let values = content(body, platform)
            .env
            .into_iter()
            .map(|entry| match entry.change {
                EnvChange::Set(value) => value,
                EnvChange::Extend { .. } => panic!("{}", entry.name),
            });
        values.collect()
    };
    assert_eq!(env("linux/amd64"), ["하나-x86_64", "cu128"]);
    assert_eq!(env("linux/arm64"), ["둘-sbsa", "cu128"]);
}

#[test]
fn a_var_that_needs_itself_is_an_error_only_where_it_is_used() {
    let cycle = |uses: &str| {
        let recipe = "tags: [x]\nvars: {a: \"${{ b }}\", b: \"${{ a }}\"}\n";
        mistakes(&format!("{HEAD}{recipe}labels: {{l: \"{uses}\"}}\n"))
    };
    assert!(cycle("").is_empty());
    assert!(
        cycle("${{ a }}")[0].contains("needs itself"),
        "{:?}",
        cycle("${{ a }}")
    );
    // Each is defined by the other on one platform, which is no cycle.
    let apart = "vars:\n  a: {if: arch == \"arm64\", then: \"${{ b }}\", else: x}\n\
                 \x20 b: {if: arch == \"amd64\", then: \"${{ a }}\", else: x}\nenv: {V: \"${{ a }}${{ b }}\"}\n";
    assert_eq!(
        content(apart, "linux/arm64").env[0].change,
        EnvChange::Set("xx".into())
    );
}

#[test]
fn conditions_stand_in_lists_maps_and_values_and_null_yields_nothing() {
    let body = "cmd: [a, {if: arch == \"arm64\", then: [b, c]}, {match: arch, cases: {amd64: d}, else: null}, e]\n\
                user: {if: arch == \"arm64\", then: work}\n\
                labels: {l: x}\n\
                env: {K: {if: arch == \"arm64\", then: v}, L: {if: arch == \"amd64\", then: {prepend: /a}, else: /b}}\n";
    let (amd, arm) = (content(body, "linux/amd64"), content(body, "linux/arm64"));
    assert_eq!(amd.runtime.cmd.unwrap(), ["a", "d", "e"]);
    assert_eq!(arm.runtime.cmd.unwrap(), ["a", "b", "c", "e"]);
    assert_eq!(
        (amd.runtime.user, arm.runtime.user.as_deref()),
        (None, Some("work"))
    );
    let keys = |env: &[EnvEntry]| env.iter().map(|e| e.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (keys(&amd.env), keys(&arm.env)),
        (vec!["L".to_owned()], vec!["K".into(), "L".into()])
    );
}

#[test]
fn conditions_nest_and_an_else_takes_what_is_not_listed() {
    let body = |condition: &str| {
        format!(
            "labels:\n  l:\n    if: '{condition}'\n    then: a\n    else: {{match: os, cases: {{linux: b}}}}\n"
        )
    };
    assert_eq!(label(&body("not (os == \"linux\")"), "linux/arm64"), "b");
    assert_eq!(
        label(
            &body("\"한\" in [\"한\", \"글\"] or os == \"x\""),
            "linux/arm64"
        ),
        "a"
    );
}

#[test]
fn a_list_is_spliced_in_and_a_sole_expression_keeps_its_type() {
    let body = "vars: {extra: [curl, vim], none: [], full: true}\n\
                steps:\n\
                - apt: {install: [git, \"${{ extra }}\", \"${{ none }}\", \"x-${{ arch }}\"], upgrade: \"${{ full }}\"}\n\
                - apt: {install: \"${{ extra }}\"}\n\
                entrypoint: \"${{ extra }}\"\n";
    let content = content(body, "linux/arm64");
    assert_eq!(
        words(&content),
        ["apt git curl vim x-arm64", "apt curl vim"]
    );
    assert_eq!(content.runtime.entrypoint.clone().unwrap(), ["curl", "vim"]);
    let StepKind::Apt(apt, _) = &content.steps[0].kind else {
        panic!()
    };
    assert!(apt.upgrade);
}

#[test]
fn versions_compare_by_pieces_and_equality_is_text() {
    for (expression, expected) in [
        ("v < \"12.10\"", "yes"),
        ("v < \"12.8.1\"", "no"),
        ("v >= \"12.8\"", "yes"),
        ("v == \"12.8.1\"", "yes"),
        ("v != \"12.8.01\"", "yes"),
        ("upto(v, 9) == v", "yes"),
        ("upto(v, 1) == \"12\" and not v in ['12']", "yes"),
        ("(v > \"13\" or v <= \"12.8.1\") and v > \"9\"", "yes"),
    ] {
        let body = format!(
            "vars: {{v: 12.8.1}}\nlabels:\n  l:\n    if: {expression}\n    then: \"yes\"\n    else: \"no\"\n"
        );
        assert_eq!(label(&body, "linux/amd64"), expected, "{expression}");
    }
}

#[test]
fn architectures_are_spelt_as_the_table_says() {
    let body = "env: {V: \"${{ platform }} ${{ os }} ${{ arch }} ${{ arch_gnu }} ${{ arch_x64 }} ${{ arch_nv }}[${{ arch_variant }}]\"}\n";
    for (platform, expected) in [
        ("linux/amd64", "linux/amd64 linux amd64 x86_64 x64 x86_64[]"),
        (
            "linux/arm64",
            "linux/arm64 linux arm64 aarch64 arm64 sbsa[]",
        ),
    ] {
        assert_eq!(
            content(body, platform).env[0].change,
            EnvChange::Set(expected.into())
        );
    }
    let riscv =
        "platforms: [linux/riscv64, linux/arm/v7]\nenv: {V: \"${{ arch }}${{ arch_variant }}\"}\n";
    assert_eq!(
        content(riscv, "linux/arm/v7").env[0].change,
        EnvChange::Set("armv7".into())
    );
}

#[test]
fn steps_are_guarded_one_by_one_and_together() {
    let body = "vars: {cuda: {if: arch == \"amd64\", then: \"12.4\", else: none}}\n\
                steps:\n\
                - run: echo one\n  if: arch == \"arm64\"\n\
                - if: arch == \"amd64\"\n  then:\n  - run: echo two\n  - {if: cuda == \"12.4\", then: {run: echo three}}\n  else:\n  - run: [echo, 넷]\n\
                - {match: arch, cases: {amd64: {run: echo five}}, else: null}\n\
                - run: echo ${{ arch }}\n";
    let amd = ["echo two", "echo three", "echo five", "echo amd64"];
    assert_eq!(words(&content(body, "linux/amd64")), amd);
    assert_eq!(
        words(&content(body, "linux/arm64")),
        ["echo one", "echo|넷", "echo arm64"]
    );
}

#[test]
fn what_a_guard_leaves_out_is_not_evaluated_but_still_checked() {
    let body = "axes: {accel: [cuda, cpu]}\ntags: [\"${{ accel }}\"]\n\
                steps:\n- run: echo {case}\n  if: accel == \"cuda\"\n";
    let fine = body.replace("{case}", "${{ wheels }}")
        + "vars: {wheels: {match: accel, cases: {cuda: cu124}}}\n";
    assert_eq!(images(&fine).len(), 2);
    let unknown = body.replace("{case}", "${{ nothing }}");
    assert!(mistakes(&format!("{HEAD}{unknown}"))[0].contains("unknown name `nothing`"));
}

#[test]
fn set_replaces_a_var_everywhere_and_nothing_that_an_axis_sets() {
    let recipe = format!(
        "{HEAD}tags: [\"${{{{ accel }}}}-${{{{ python }}}}\"]\naxes: {{accel: [a]}}\nvars: {{python: \"3.11\", long: \"py${{{{ python }}}}\"}}\nenv: {{L: \"${{{{ long }}}}\"}}\n"
    );
    let bench = Workbench::with_recipe(&recipe);
    let images = bench.load(&[("python", "3.12")]).unwrap().images;
    assert_eq!(names(&images), ["a-3.12"]);
    let content = images[0].contents.values().next().unwrap();
    assert_eq!(content.env[0].change, EnvChange::Set("py3.12".into()));
    for name in ["accel", "gone"] {
        assert!(bench.load(&[(name, "x")]).is_err(), "{name}");
    }
}

#[test]
fn defaults_come_from_the_workspace_and_the_description_is_a_label_and_an_annotation() {
    let bench = Workbench::new();
    bench.write(
        "kiln.yaml",
        "kiln: 1\nregistry: lab\nregistries: {lab: {url: \"https://a.example\", prefix: a.example/b, project: c}}\n\
         defaults: {platforms: [linux/arm64], shell: bash}\n",
    );
    bench.write(
        "recipes/r.yaml",
        "kiln: 1\nname: 'r'\ntags: [x, z]\nbase: scratch\ndescription: 설명\n",
    );
    let loaded = bench.load(&[]).unwrap();
    let (platform, content) = loaded.images[0].contents.iter().next().unwrap();
    assert_eq!(
        (
            platform.to_string().as_str(),
            loaded.images[0].contents.len()
        ),
        ("linux/arm64", 1)
    );
    assert_eq!(content.shell.0[0], "/bin/bash");
    let key = "org.opencontainers.image.description";
    assert_eq!(
        (
            &content.runtime.labels[key],
            &content.runtime.annotations[key]
        ),
        (&"설명".to_owned(), &"설명".to_owned())
    );
    let plan = bench.plan(&[]);
    assert_eq!(
        plan["images"][0]["references"],
        serde_json::json!(["a.example/b/c/r:x", "a.example/b/c/r:z"])
    );
}

#[test]
fn the_plan_holds_parents_first_and_only_what_was_asked_for() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"*.yaml\"]\n");
    bench.write(
        "a.yaml",
        "kiln: 1\nname: a-child\ntags: [x]\nbase: {recipe: z-base, accel: cuda}\n",
    );
    bench.write("b.yaml", "kiln: 1\nname: other\ntags: [x]\nbase: scratch\n");
    bench.write("z.yaml", "kiln: 1\nname: z-base\ntags: [\"${{ accel }}\"]\naxes: {accel: [cpu, cuda]}\nbase: scratch\n");
    let plan = bench.plan(&["a-child"]);
    let images = plan["images"].as_array().unwrap();
    let shown: Vec<_> = images
        .iter()
        .map(|image| {
            (
                image["image"].as_str().unwrap(),
                image["requested"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [("z-base:cuda", false), ("a-child:x", true)]);
    assert_eq!(images[1]["parents"], serde_json::json!(["z-base:cuda"]));
}

#[test]
fn the_checkout_is_known_by_commit_and_time_and_is_missed_only_where_it_is_used() {
    let recipe = |uses: &str| format!("{HEAD}tags: [x]\nlabels: {{l: \"{uses}\"}}\n");
    assert!(mistakes(&recipe("")).is_empty());
    let found = mistakes(&recipe("${{ git_commit }}"));
    assert!(
        found[0].starts_with("r.yaml:5:18 `git_commit` has no value"),
        "{found:?}"
    );
}
