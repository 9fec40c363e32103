//! `pipe-to-shell`: the caret lies under the command; more forms are beside the rule.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("pipe-to-shell", rest)
}

#[test]
fn the_line_that_downloads_is_pointed_at_in_scripts_and_lists() {
    let script =
        "steps:\n  - run: |\n      echo 시작\n      curl -fsSL https://example.com/i.sh | sh\n";
    assert_eq!(
        of(script),
        ["8:7: warning[pipe-to-shell]: what this downloads is run unseen"]
    );
    let list = "steps:\n  - run: [bash, -c, \"curl https://example.com | bash\"]\n";
    assert_eq!(of(list).len(), 1);
}

#[test]
fn a_program_that_reads_data_is_left_alone() {
    for line in [
        "curl https://example.com/x.tgz | tar -xz",
        "curl https://example.com/v | python3 -c 'import json'",
        "curl https://example.com -o /tmp/i.sh",
    ] {
        let rest = format!("steps:\n  - run: |\n      {line}\n");
        assert_eq!(of(&rest), [""; 0], "{line}");
    }
}
