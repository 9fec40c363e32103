//! Files that are meant to do harm: each ends with a message at its place, or is data like any other.

#[path = "../../benches/beside/families.rs"]
mod families;
mod files;
mod shared;
mod signals;
mod values;

use kiln::diagnostic::MAX_PER_FILE;
use kiln::ops::OpError;

use crate::common::Workbench;
use families::{Family, all, harmless};

/// The stack of a thread that is not the first; recursion has to do with it, unoptimised as well.
const STACK: usize = 2 << 20;

/// What is said of a recipe, read on a small stack: places and messages.
fn said(text: &str) -> Vec<String> {
    let text = text.to_owned();
    let read = move || match Workbench::with_recipe(&text).load(&[]) {
        Ok(_) => Vec::new(),
        Err(OpError::Invalid(findings)) => {
            let all = findings.sorted();
            assert!(all.len() <= MAX_PER_FILE, "{} findings", all.len());
            all.iter()
                .map(|finding| format!("{} {}", finding.place, finding.message))
                .collect()
        }
        Err(error) => panic!("{error}"),
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(read);
    thread.unwrap().join().unwrap()
}

#[test]
fn every_hostile_recipe_ends_with_a_message_at_its_place_on_a_small_stack() {
    let mut wrong = Vec::new();
    for Family { name, text, says } in all() {
        assert!(
            text.len() < 1 << 20,
            "{name} is larger than a recipe may be"
        );
        let said = said(&text);
        let fits = if says.is_empty() {
            said.is_empty()
        } else {
            said.iter().any(|line| line.contains(says))
        };
        let placed = said.iter().all(|line| line.starts_with("r.yaml:"));
        let short = said.iter().all(|line| line.len() < 1200);
        if !(fits && placed && short) {
            let shown: Vec<&String> = said.iter().take(3).collect();
            wrong.push(format!("{name}: wanted `{says}`, got {shown:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_large_recipe_that_is_meant_well_is_read() {
    let text = harmless();
    assert!(text.len() > 900_000);
    assert_eq!(said(&text), Vec::<String>::new());
}

#[test]
fn lists_and_maps_may_lie_64_deep_and_no_deeper() {
    let nested = |levels: usize| {
        let open = "{if: arch == \"x\", then: b, else: ".repeat(levels);
        let text = open + "c" + &"}".repeat(levels);
        said(&format!(
            "kiln: 1\nname: r\nbase: debian:12\ntags: [x]\nlabels: {{l: {text}}}\n"
        ))
    };
    // The root, `labels` and the text itself are levels as well.
    assert_eq!(nested(61), Vec::<String>::new());
    assert!(nested(64)[0].contains("nested deeper"), "{:?}", nested(64));
}

#[test]
fn what_is_left_out_is_said_in_a_closing_line() {
    let bench = Workbench::with_recipe(&(0..300).fold(
        "kiln: 1\nname: r\nbase: debian:12\ntags: [x]\n".to_owned(),
        |text, n| text + &format!("key{n}: x\n"),
    ));
    let ran = bench.kiln(&["plan"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr
            .ends_with("\n\n… and at least 100 more in r.yaml\n\n200 or more errors\n"),
        "{}",
        &ran.stderr[ran.stderr.len() - 200..]
    );
}

#[test]
fn a_mistake_in_a_line_of_a_megabyte_is_named_without_the_line() {
    let text = format!(
        "kiln: 1\nname: r\nbase: debian:12\ntags: [x]\ncmd: [{} 1.5]\n",
        "한국어, ".repeat(40_000)
    );
    let bench = Workbench::with_recipe(&text);
    let ran = bench.kiln(&["plan"]);
    assert_eq!(ran.code, 2);
    let shown: String = ran.stderr.chars().take(400).collect();
    assert!(shown.contains("--> r.yaml:5:200008"), "{shown}");
    assert!(ran.stderr.len() < 1000, "{}", ran.stderr.len());
}
