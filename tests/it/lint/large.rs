//! Texts near the largest that a file may have: what a rule says of them is little, and costs little.

use super::found_by;

/// As many words as fit into a file.
fn many(word: &str) -> String {
    word.repeat(900_000 / word.len())
}

#[test]
fn of_one_text_a_rule_tells_the_first_places_only() {
    let text = format!("steps:\n  - run: \"echo 한 {}\"\n", many(" amd64"));
    let found = found_by("arch-literal", &text);
    assert_eq!(found.len(), 20);
    assert!(found[0].starts_with("6:19:"), "{found:?}");

    let text = format!("steps:\n  - run: |\n{}", many("      curl 한 | sh\n"));
    assert_eq!(found_by("pipe-to-shell", &text).len(), 20);
}

#[test]
fn a_long_command_that_names_a_tool_over_and_over_is_gone_through_once() {
    let text = format!("steps:\n  - run: \"echo {}\"\n", many("apt-get 한 "));
    assert!(found_by("apt-without-cleaning", &text).is_empty());
    let text = format!("steps:\n  - run: \"{} update\"\n", many("apt-get 한 "));
    assert_eq!(found_by("apt-without-cleaning", &text).len(), 1);
}

#[test]
fn an_architecture_in_an_expression_is_passed_over_and_one_behind_it_is_not() {
    let text = "steps:\n  - run: \"echo ${{ replace(arch, 'amd64', 'x') }} amd64 ${{ replace(arch, 'amd64', 'y') }}\"\n";
    assert_eq!(found_by("arch-literal", text).len(), 1);
}

#[test]
fn a_row_of_many_columns_is_looked_at_once_for_each() {
    let columns: Vec<String> = (0..300).map(|n| format!("c{n}: v{n}")).collect();
    let row = columns.join(", ");
    let text = format!(
        "tags: [\"${{{{ c0 }}}}-${{{{ c1 }}}}-x\"]\nrows:\n  - {{{row}}}\nuser: {{if: c0 == \"다른\", then: work}}\n"
    );
    let found = found_by("unreachable-condition", &text);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn comments_below_each_other_are_all_about_the_line_that_follows() {
    let comments = many("# kiln: allow unpinned-git: 이유\n\n");
    let step = "steps: [{pip: {install: [x]}}]\n";
    let text = format!("# kiln: allow pip-unversioned: 이유\n{comments}{step}");
    assert!(found_by("pip-unversioned", &text).is_empty());
    let text = format!("{comments}{step}");
    assert_eq!(found_by("pip-unversioned", &text).len(), 1);
}
