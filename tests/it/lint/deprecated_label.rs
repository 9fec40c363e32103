//! `deprecated-label`: names that nobody reads any more.

use super::found_by;

fn of(rest: &str) -> Vec<String> {
    found_by("deprecated-label", rest)
}

#[test]
fn a_label_of_the_past_is_pointed_at_by_its_key() {
    assert_eq!(
        of("labels: {maintainer: 김, org.label-schema.vcs-ref: abc}\n"),
        [
            "5:10: warning[deprecated-label]: `maintainer` is a label of the past",
            "5:25: warning[deprecated-label]: `org.label-schema.vcs-ref` is a label of the past",
        ]
    );
}

#[test]
fn labels_of_the_platform_that_no_release_reads_are_told_with_the_reason() {
    let lines = of("labels: {ai.backend.maxcores: 4, io.sorna.mode: query}\n");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].contains("`ai.backend.maxcores` belongs to a generation of labels"),
        "{lines:?}"
    );
    let kernel = "platforms: [linux/amd64]\nrepository: team/x\nkernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], \
                  resources: {min: {cpu: 1, mem: 64m}, max: {cpu: 4}}}\n";
    let lines = of(kernel);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("`max` is no limit"), "{lines:?}");
}

#[test]
fn labels_of_today_and_of_others_are_left_alone() {
    let rest = "labels: {org.opencontainers.image.authors: 김, com.example.maintainer: x}\n\
                env: {maintainer: x}\n";
    assert_eq!(of(rest), [""; 0]);
}
