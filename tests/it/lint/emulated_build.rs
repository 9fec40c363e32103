//! `emulated-build`: what compiles, and where.

use super::{bench, found_by, report, shown};

fn of(rest: &str) -> Vec<String> {
    found_by("emulated-build", rest)
}

#[test]
fn a_compiler_in_a_script_or_a_list_is_a_note() {
    let script = "steps:\n  - run: |\n      # 컴파일\n      cd /src && cargo build --release\n";
    assert_eq!(of(script).len(), 1);
    assert!(of(script)[0].contains(": note["), "{:?}", of(script));
    let list = of("steps:\n  - run: [make, -j4]\n");
    assert_eq!(list.len(), 1);
    assert!(list[0].starts_with("6:5: "), "{list:?}");
    assert_eq!(of("steps:\n  - run: [bash, -c, make -j4]\n").len(), 1);
}

#[test]
fn native_stages_single_architectures_and_mere_words_are_left_alone() {
    for rest in [
        "platforms: [linux/amd64]\nsteps:\n  - run: make -j4\n",
        "stages:\n  s: {base: \"rust:1.89\", platform: native, steps: [{run: cargo build}]}\nsteps:\n  - copy: {from: s, src: /a, to: /b}\n",
        "steps:\n  - run: echo make -j4\n",
        "steps:\n  - run: [echo, make -j4]\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}

#[test]
fn builders_of_both_platforms_emulate_nothing() {
    let both = "kiln: 1\nbuilders:\n  - {name: a, address: \"tcp://a.example:1234\", platforms: [linux/amd64]}\n  \
                - {name: b, address: \"tcp://b.example:1234\", platforms: [linux/arm64]}\n";
    let recipe = "kiln: 1\nname: a\ntags: [\"1\"]\nbase: scratch\nsteps: [{run: make -j4}]\n";
    let bench = bench(&[("recipes/a.yaml", recipe)]);
    assert_eq!(shown(&report(&bench, &[])).len(), 1);
    bench.write("kiln.yaml", both);
    assert_eq!(shown(&report(&bench, &[])), [""; 0]);
}
