//! Files that recipes share, where they are meant to do harm: they have the bounds of the recipe that uses them.

use std::fmt::Write as _;

use kiln::ops::OpError;

use super::STACK;
use crate::common::Workbench;

/// What is said of a workspace, read on a small stack.
fn said(files: &[(String, String)]) -> Vec<String> {
    let bench = Workbench::new();
    for (path, text) in files {
        bench.write(path, text);
    }
    let read = move || match bench.load(&[]) {
        Ok(_) => Vec::new(),
        Err(OpError::Invalid(findings)) => {
            let all = findings.sorted();
            all.iter()
                .map(|finding| format!("{} {}", finding.place, finding.message))
                .collect()
        }
        Err(error) => panic!("{error}"),
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(read);
    thread.unwrap().join().unwrap()
}

fn recipe(body: &str) -> (String, String) {
    let text = format!("kiln: 1\nname: r\nbase: debian:12\ntags: [x]\n{body}");
    ("r.yaml".to_owned(), text)
}

fn snippet(name: &str, text: &str) -> (String, String) {
    (
        format!("templates/steps/{name}.yaml"),
        format!("kiln: 1\n{text}"),
    )
}

/// A chain of snippets, each with vars in vars, of which only the last has a step.
fn chain(snippets: usize, vars: usize) -> Vec<(String, String)> {
    let mut files = vec![recipe("steps: [{use: s0}]\n")];
    for n in 0..snippets {
        let mut text = "inputs: {}\nvars:\n  v0: 끝\n".to_owned();
        for var in 1..=vars {
            let _ = writeln!(text, "  v{var}: \"${{{{ v{} }}}}\"", var - 1);
        }
        let step = if n + 1 < snippets {
            format!("{{if: v{vars} == \"끝\", use: s{}}}", n + 1)
        } else {
            format!("{{run: [echo, \"${{{{ v{vars} }}}}\"]}}")
        };
        let _ = writeln!(text, "steps: [{step}]");
        files.push(snippet(&format!("s{n}"), &text));
    }
    files
}

#[test]
fn a_chain_of_snippets_has_a_depth_that_a_small_stack_bears() {
    assert_eq!(said(&chain(16, 4)), Vec::<String>::new());
    let deep = said(&chain(16, 12));
    assert!(
        deep.iter().any(|line| line.contains("nested too deeply")),
        "{deep:?}"
    );
    let long = said(&chain(40, 1));
    assert!(
        long.iter().any(|line| line.contains("more than 16 deep")),
        "{long:?}"
    );
}

#[test]
fn snippets_that_double_each_other_end_at_a_number_of_uses() {
    let mut files = vec![recipe("steps: [{use: s0}]\n")];
    for n in 0..14 {
        let next = n + 1;
        let text = format!("inputs: {{}}\nsteps: [{{use: s{next}}}, {{use: s{next}}}]\n");
        files.push(snippet(&format!("s{n}"), &text));
    }
    files.push(snippet("s14", "inputs: {}\nsteps: [{run: echo 둘}]\n"));
    let said = said(&files);
    let wanted = "more than 256 snippets are used in one image";
    assert!(said.iter().any(|line| line.contains(wanted)), "{said:?}");
}

#[test]
fn what_snippets_make_is_paid_by_the_recipe_that_uses_them() {
    let long = vec!["가"; 2000].join(", ");
    let splices = "\"${{ list }}\", ".repeat(10);
    let uses = "- {use: wide, with: {list: \"${{ long }}\"}}\n".repeat(200);
    let files = [
        recipe(&format!("vars: {{long: [{long}]}}\nsteps:\n{uses}")),
        snippet(
            "wide",
            &format!("inputs: {{list: {{type: list}}}}\nsteps: [{{run: [echo, {splices}]}}]\n"),
        ),
    ];
    let said = said(&files);
    let wanted = "the recipe makes more than 1000000 values";
    assert!(said.iter().any(|line| line.contains(wanted)), "{said:?}");
}

#[test]
fn twenty_thousand_removals_of_what_is_not_inherited_are_told_apart_from_as_many_names() {
    let names = |word: &str| {
        let names: Vec<String> = (0..20_000).map(|n| format!("{word}{n}")).collect();
        names.join(", ")
    };
    let files = [
        (
            "shared.yaml".to_owned(),
            format!("kiln: 1\ncmd: [{}]\n", names("패키지-a")),
        ),
        recipe(&format!(
            "extends: shared.yaml\ncmd-: [{}]\n",
            names("패키지-b")
        )),
    ];
    let said = said(&files);
    assert_eq!(said.len(), 200);
    assert!(
        said[0].contains("is not in the inherited `cmd`"),
        "{}",
        said[0]
    );
}
