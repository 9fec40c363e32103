//! `latest-tag`: which references move by design.

use super::found_by;

#[test]
fn a_tag_that_comes_out_of_an_axis_is_seen_once_per_place() {
    let recipe = "axes: {tag: [\"24.04\", latest]}\ntags: [\"${{ tag }}\"]\nbase: ubuntu:${{ tag }}  # 기본\n";
    let lines = found_by("latest-tag", recipe);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].starts_with("5:7: warning"), "{lines:?}");
    assert!(
        lines[0].ends_with("is whatever was pushed last"),
        "{lines:?}"
    );
}

#[test]
fn a_digest_is_enough_and_so_is_a_tag_that_only_begins_like_it() {
    let digest = format!("base: ubuntu@sha256:{}\n", "a".repeat(64));
    let both = format!("base: ubuntu:latest@sha256:{}\n", "a".repeat(64));
    for base in [
        digest.as_str(),
        &both,
        "base: ubuntu:latest-2024\n",
        "base: scratch\n",
    ] {
        assert_eq!(found_by("latest-tag", base), [""; 0], "{base}");
    }
}

#[test]
fn images_that_files_are_copied_or_mounted_from_count_as_bases_do() {
    let recipe = "stages:\n  s: {base: alpine}\nsteps:\n  - copy: {from: {image: \"busybox:latest\"}, src: /bin/busybox, to: /bin/}\n  \
                  - copy: {from: s, src: /etc/passwd, to: /x}\n";
    let lines = found_by("latest-tag", recipe);
    assert_eq!(lines.len(), 2, "{lines:?}");
}
