//! What the language page says of mistakes and of forms, a sentence a test.
//!
//! What recipes come to is in `recipe_expand` and `recipe_content`; how mistakes look, in `recipe_errors`.

use kiln::recipe::{Base, StepKind};

use crate::common::{Workbench, loaded, mistakes};
use crate::recipe_expand::{HEAD, content, words};

/// The mistakes of a recipe that is whole but for `body`.
fn of(body: &str) -> Vec<String> {
    mistakes(&format!("{HEAD}tags: [x]\n{body}"))
}

/// That a recipe with `body` has mistakes, and that the first one says all of `words`.
#[track_caller]
fn refuses(body: &str, words: &[&str]) {
    let found = of(body);
    let first = found
        .first()
        .unwrap_or_else(|| panic!("no mistake in {body:?}"));
    for word in words {
        assert!(first.contains(word), "{body:?}: {found:?}");
    }
}

#[track_caller]
fn takes(body: &str) {
    assert_eq!(of(body), Vec::<String>::new(), "{body:?}");
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_nearest_one() {
    refuses(
        "worksdir: /a\n",
        &["unknown key `worksdir`", "did you mean `workdir`?"],
    );
    refuses(
        "steps:\n- apt: {instal: [git]}\n",
        &["unknown key `instal`", "`install`"],
    );
    refuses("한글: x\n", &["unknown key `한글`"]);
}

#[test]
fn all_mistakes_of_all_files_are_reported_in_one_run() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"*.yaml\"]\n");
    for name in ["a", "b"] {
        let text = format!("kiln: 1\nname: {name}\ntags: []\nbase: debian:12\nuser: 3.10\n");
        bench.write(&format!("{name}.yaml"), text);
    }
    let ran = bench.kiln(&["plan"]);
    assert_eq!(ran.code, 2);
    for place in ["a.yaml:3:7", "a.yaml:5:7", "b.yaml:3:7", "b.yaml:5:7"] {
        assert!(ran.stderr.contains(place), "{place} not in\n{}", ran.stderr);
    }
}

#[test]
fn a_boolean_or_nothing_at_all_is_no_text() {
    for value in ["true", "false"] {
        refuses(&format!("user: {value}\n"), &["r.yaml:5:7", "boolean"]);
    }
    for value in ["null", "~", ""] {
        assert!(!of(&format!("user: {value}\n")).is_empty(), "{value:?}");
    }
    takes("user: \"true\"\n");
}

#[test]
fn a_path_is_relative_to_its_file_and_a_leading_slash_is_the_workspace() {
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"*/*.yaml\"]\n");
    bench.write("팀/쪽.txt", "하나");
    bench.write("all.txt", "둘");
    bench.write(
        "팀/r.yaml",
        "kiln: 1\nname: r\ntags: [x]\nbase: scratch\nsteps:\n- copy: {src: 쪽.txt, to: /a/}\n- copy: {src: /all.txt, to: /b/}\n",
    );
    let loaded = bench.load(&[]).unwrap();
    let content = loaded.images[0].contents.values().next().unwrap();
    let sources: Vec<String> = content
        .steps
        .iter()
        .map(|step| match &step.kind {
            StepKind::Copy(copy) => copy.src[0].value.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sources, ["팀/쪽.txt", "all.txt"]);
}

#[test]
fn a_single_string_is_no_list_save_where_both_are_named() {
    refuses("expose: \"8080\"\n", &["a list should stand here"]);
    refuses(
        "steps:\n- apt: {install: git}\n",
        &["a list should stand here"],
    );
    takes("steps:\n- remove: /a\n- mkdir: /b\n- env: {PATH: {prepend: /c}}\n");
}

#[test]
fn modes_and_owners_have_their_forms() {
    takes(
        "steps:\n- mkdir: {path: /a, mode: \"0755\", owner: \"1000:1000\"}\n- mkdir: {path: /b, mode: \"u=rwX,go=rX\", owner: www-data}\n",
    );
    refuses(
        "steps:\n- mkdir: {path: /a, mode: \"999\"}\n",
        &["r.yaml:6:"],
    );
    refuses("healthcheck: {test: [NONE], interval: 30x}\n", &["30x"]);
    takes("healthcheck: {test: [CMD, \"true\"], interval: 1m30s}\n");
}

#[test]
fn no_expression_may_stand_in_keys_and_in_what_says_which_variants_there_are() {
    for body in [
        "labels: {\"${{ arch }}\": x}\n",
        "axes: {a: [\"${{ arch }}\"]}\n",
        "rows: [{a: \"${{ arch }}\"}]\n",
    ] {
        assert!(!of(body).is_empty(), "{body}");
    }
    let name = mistakes("kiln: 1\nname: \"${{ arch }}\"\ntags: [x]\nbase: scratch\n");
    assert!(
        name[0].contains("no expression may stand in `name`"),
        "{name:?}"
    );
}

#[test]
fn platforms_may_not_depend_on_the_platform() {
    refuses(
        "platforms: [\"linux/${{ arch }}\"]\n",
        &["`arch` has no value here"],
    );
    takes("vars: {p: [linux/arm64]}\nplatforms: \"${{ p }}\"\n");
}

#[test]
fn if_and_match_take_the_expression_without_braces() {
    refuses(
        "user: {if: \"${{ arch == 'amd64' }}\", then: a}\n",
        &["without `${{ }}`"],
    );
    takes("user: {if: arch == 'amd64', then: a}\n");
}

#[test]
fn a_whole_number_is_no_operand() {
    refuses("user: {if: arch == 3, then: a}\n", &["r.yaml:5:"]);
    refuses("user: {if: arch, then: a}\n", &["true or false"]);
}

#[test]
fn a_match_without_a_fitting_case_is_an_error_for_the_platform() {
    refuses(
        "user: {match: arch, cases: {amd64: a}}\n",
        &["`match: arch` has no case for arm64", "linux/arm64"],
    );
    takes("user: {match: arch, cases: {amd64: a}, else: null}\n");
}

#[test]
fn a_name_is_an_axis_or_a_column_and_not_both() {
    refuses(
        "axes: {a: [x]}\nrows: [{a: z}]\n",
        &["`a` is an axis and a column of `rows`"],
    );
}

#[test]
fn an_exclusion_needs_a_reason_and_an_effect() {
    refuses(
        "exclude: [{if: arch == \"arm64\"}]\n",
        &["needs a `reason`"],
    );
    refuses(
        "exclude: [{if: arch == \"s390x\", reason: 없다}]\n",
        &["excludes nothing"],
    );
}

#[test]
fn what_an_index_has_once_may_not_differ_between_platforms() {
    let differs = |line: &str| mistakes(&format!("kiln: 1\nname: r\nbase: debian:12\n{line}"));
    for (line, key) in [
        ("tags: [\"${{ arch }}\"]\n", "`tags` differs"),
        (
            "tags: [x]\nrepository: \"a-${{ arch }}\"\n",
            "`repository` differs",
        ),
        (
            "tags: [x]\nlabels: {l: \"${{ arch }}\"}\n",
            "`labels` differs",
        ),
        (
            "tags: [x]\nannotations: {l: \"${{ arch }}\"}\n",
            "`annotations` differs",
        ),
    ] {
        assert!(
            differs(line)[0].contains(key),
            "{line}: {:?}",
            differs(line)
        );
    }
}

#[test]
fn the_language_is_version_1_and_a_name_is_unique_in_the_workspace() {
    let other = mistakes("kiln: 2\nname: r\ntags: [x]\nbase: scratch\n");
    assert!(other[0].contains("this kiln knows 1"), "{other:?}");
    let bench = Workbench::new();
    bench.write("kiln.yaml", "kiln: 1\nrecipes: [\"*.yaml\"]\n");
    for (file, tag) in [("a", "x"), ("b", "y")] {
        let text = format!("kiln: 1\nname: 같은\nrepository: r\ntags: [{tag}]\nbase: scratch\n");
        bench.write(&format!("{file}.yaml"), text.replace("같은", "same"));
    }
    let ran = bench.kiln(&["plan"]);
    assert!(
        ran.stderr.contains("two recipes are named `same`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_registry_is_one_of_the_workspace() {
    refuses("registry: nowhere\n", &["nowhere"]);
}

#[test]
fn an_image_has_at_least_one_tag_and_no_two_variants_share_one() {
    let none = mistakes(&format!("{HEAD}tags: []\n"));
    assert!(none[0].contains("at least one tag"), "{none:?}");
    let same = mistakes(&format!(
        "{HEAD}tags: [x]\naxes: {{python: [\"3.11\", \"3.12\"]}}\n"
    ));
    assert!(
        same[0].contains("python=3.11 and python=3.12 both become r:x"),
        "{same:?}"
    );
}

#[test]
fn a_base_is_written_in_one_of_its_forms() {
    let form = |text: &str| {
        let recipe = format!("kiln: 1\nname: r\ntags: [x]\nbase: {text}\n");
        let images = loaded(&recipe).images;
        let content = images[0].contents.values().next().unwrap();
        content.base.value.clone()
    };
    assert!(matches!(form("debian:12"), Base::Image(_)));
    let digest = format!("debian@sha256:{}", "0".repeat(64));
    assert!(matches!(form(&digest), Base::Image(_)));
    assert_eq!(form("scratch"), Base::Scratch);
    assert!(matches!(form("{rootfs: 뿌리.tar}"), Base::Rootfs(path) if path == "뿌리.tar"));
    assert!(matches!(form("{oci: \"dir:tag\"}"), Base::Oci { tag, .. } if tag == "tag"));
}

#[test]
fn a_step_has_one_word_beside_its_name_and_condition() {
    refuses(
        "steps:\n- {run: a, apt: {install: [b]}}\n",
        &["a step has one word"],
    );
    refuses("steps:\n- {name: 아무것도}\n", &["needs one of the words"]);
    let both = content(
        "steps:\n- {name: 이름, if: arch == \"amd64\", run: a}\n",
        "linux/amd64",
    );
    assert_eq!(both.steps[0].name.as_deref(), Some("이름"));
    assert_eq!(words(&both), ["a"]);
}

#[test]
fn a_word_of_install_that_begins_with_a_dash_is_an_error() {
    refuses(
        "steps:\n- apt: {install: [-y]}\n",
        &["`-y` is an option, not a package"],
    );
    takes("steps:\n- apt: {install: [git], options: [-y]}\n");
}

#[test]
fn an_expression_in_keys_of_a_secret_or_a_name_of_a_variable_is_refused() {
    refuses("env: {\"A B\": x}\n", &["no name of a variable"]);
}

#[test]
fn several_sources_need_a_folder_to_go_to() {
    let bench = Workbench::new();
    for file in ["a", "b"] {
        bench.write(file, "x");
    }
    let recipe = |to: &str| format!("{HEAD}tags: [x]\nsteps:\n- copy: {{src: [a, b], to: {to}}}\n");
    bench.write("r.yaml", recipe("/c"));
    assert!(bench.load(&[]).is_err());
    bench.write("r.yaml", recipe("/c/"));
    assert!(bench.load(&[]).is_ok());
}

#[test]
fn native_false_is_an_option_of_apt_and_pip_alone() {
    takes(
        "steps:\n- apt: {install: [git]}\n  native: false\n- pip: {install: [\"a==1\"]}\n  native: false\n",
    );
    refuses(
        "steps:\n- run: make\n  native: false\n",
        &["`native` is an option of `apt` and `pip`"],
    );
}

#[test]
fn a_refresh_is_one_of_five_words() {
    for word in ["weekly", "monthly", "quarterly", "yearly", "never"] {
        takes(&format!("refresh: {word}\n"));
    }
    refuses("refresh: dayly\n", &["dayly"]);
}

#[test]
fn keys_that_a_dockerfile_replaces_may_not_stand_beside_it() {
    let bench = Workbench::new();
    bench.write("Dockerfile", "FROM scratch\n");
    let head = "kiln: 1\nname: r\ntags: [x]\ndockerfile: {}\n";
    bench.write("r.yaml", format!("{head}labels: {{l: 그대로}}\ncmd: [a]\n"));
    assert!(bench.load(&[]).is_ok());
    for key in [
        "base: debian:12",
        "stages: {}",
        "steps: []",
        "env: {A: b}",
        "workdir: /w",
        "user: u",
        "shell: bash",
    ] {
        bench.write("r.yaml", format!("{head}{key}\n"));
        let ran = bench.kiln(&["plan", "-f", "r.yaml"]);
        assert_eq!(ran.code, 2, "{key}");
        assert!(ran.stderr.contains("dockerfile"), "{key}: {}", ran.stderr);
    }
}

#[test]
fn marks_that_cannot_work_are_errors() {
    let bench = Workbench::new();
    bench.write(
        "f.yaml",
        "kiln: 1\nenv: {A: \"1\"}\nuser: {if: arch == \"arm64\", then: u}\n",
    );
    for (marked, word) in [
        ("env: {B: x}\nenv+: {C: x}", "env"),
        ("labels+: {l: x}", "labels"),
        ("user+: x", "user"),
        ("env-: [Z]", "Z"),
    ] {
        let text = format!("{HEAD}tags: [x]\nextends: f.yaml\n{marked}\n");
        bench.write("r.yaml", text);
        let ran = bench.kiln(&["plan", "-f", "r.yaml"]);
        assert_eq!(ran.code, 2, "{marked}: {}", ran.stdout);
        assert!(ran.stderr.contains(word), "{marked}: {}", ran.stderr);
    }
}

#[test]
fn files_that_lead_back_to_themselves_are_an_error_that_names_them_all() {
    let bench = Workbench::new();
    bench.write("가.yaml", "kiln: 1\nextends: 나.yaml\n");
    bench.write("나.yaml", "kiln: 1\nextends: 가.yaml\n");
    bench.write("r.yaml", format!("{HEAD}tags: [x]\nextends: 가.yaml\n"));
    let ran = bench.kiln(&["plan", "-f", "r.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("가.yaml → 나.yaml → 가.yaml"),
        "{}",
        ran.stderr
    );
}
