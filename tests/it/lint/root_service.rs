//! `root-service`: who a service runs as, as far as is known.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("root-service", rest)
}

#[test]
fn root_by_name_or_number_is_a_warning_where_it_is_said() {
    assert_eq!(
        of("# 서비스\nexpose: [8080]\nuser: root\n"),
        ["7:7: warning[root-service]: this service runs as root"]
    );
    assert_eq!(of("expose: [8080]\nuser: \"0:0\"\n").len(), 1);
    let branch =
        "healthcheck: {test: [CMD, a]}\nuser: {if: arch == \"arm64\", then: root, else: work}\n";
    assert_eq!(
        of(branch),
        ["6:35: warning[root-service]: this service runs as root"]
    );
}

#[test]
fn nothing_but_the_base_to_say_it_is_a_note_and_no_base_a_warning() {
    let lines = of("expose: [8080]\n");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("5:1: note["), "{lines:?}");
    let lines = of("base: scratch\nexpose: [8080]\n");
    assert!(lines[0].starts_with("5:1: warning["), "{lines:?}");
}

#[test]
fn images_that_serve_nothing_or_run_as_somebody_are_left_alone() {
    for rest in [
        "user: root\n",
        "expose: [8080]\nuser: \"1000:1000\"\n",
        "expose: [8080]\nuser: rooty\n",
    ] {
        assert_eq!(of(rest), [""; 0], "{rest}");
    }
}
