//! `apt-without-cleaning`: which calls leave lists behind. Those that only install are `run-installs`'s.

use super::found_by;

fn of(step: &str) -> Vec<String> {
    found_by("apt-without-cleaning", &format!("steps:\n  - {step}\n"))
}

#[test]
fn the_call_itself_is_underlined_in_a_block() {
    let lines = of("run: |\n      echo 시작\n      apt-get -qq update && apt-get install -y git\n");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("8:7: "), "{lines:?}");
}

#[test]
fn who_cleans_or_caches_or_does_not_call_apt_is_left_alone() {
    for step in [
        "run: apt-get update && apt-get install -y git && make && rm -rf /var/lib/apt/lists/*",
        "{run: apt-get update && apt-get install -y git && make, cache: [/var/lib/apt/lists]}",
        "{run: apt-get update, cache: [{path: /var/lib/apt, id: apt}]}",
        "{run: apt-get update, mounts: [{tmpfs: true, path: /var/lib/apt/lists}]}",
        "run: echo adapt update",
        "run: apt-cache policy && echo update",
        "run: apt-get --version; echo update",
        "run: [echo, 업데이트]",
    ] {
        assert_eq!(of(step), [""; 0], "{step}");
    }
}
