//! `kiln verify` on images as they are in a registry, whole and damaged.

use crate::lab::BOTH;
use crate::workspace::Workspace;

fn published() -> Option<Workspace> {
    let space = Workspace::new()?;
    space.recipe("steps:\n  - run: echo UNIQUE > /a\n");
    space.publish();
    Some(space)
}

#[test]
fn what_was_published_is_whole_by_tag_and_by_digest() {
    let Some(space) = published() else { return };
    let image = space.published();
    let reference = space.reference();
    let by_digest = format!("{}@{}", reference.trim_end_matches(":it"), image.digest);
    for arguments in [
        vec!["verify", &reference],
        vec!["verify", "--deep", &by_digest],
    ] {
        let run = space.kiln(&arguments).expect(0);
        for text in [
            "whole",
            &image.digest,
            &image.on(BOTH[0]).digest,
            &image.on(BOTH[1]).digest,
        ] {
            assert!(run.stdout.contains(text), "no {text} in:\n{}", run.stdout);
        }
    }
    let json = space
        .kiln(&["verify", "--format=json", &reference])
        .expect(0)
        .json();
    assert_eq!(json["whole"], true);
    assert_eq!(json["index"], *image.digest);
    assert_eq!(
        json["platforms"][BOTH[1]]["manifest"],
        *image.on(BOTH[1]).digest
    );
}

#[test]
fn what_does_not_exist_is_no_damage() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let reference = format!("{}/live/none:1", space.lab.registry);
    space
        .kiln(&["verify", &reference])
        .expect(2)
        .says(&["does not exist"]);
}

#[test]
fn a_base_that_lies_is_not_whole() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let reference = format!("{}/kiln-test/liar:1", space.lab.registry);
    let run = space.kiln(&["verify", &reference]).expect(8);
    assert!(run.stdout.contains("NOT whole"), "{}", run.stdout);
    run.says(&["linux/arm64"]);
}

#[test]
fn a_single_manifest_is_no_index() {
    let Some(space) = published() else { return };
    let digest = space.published().on(BOTH[0]).digest.clone();
    let reference = format!("{}/{}@{digest}", space.lab.registry, space.repository());
    space
        .kiln(&["verify", &reference])
        .expect(8)
        .says(&["no index"]);
}

#[test]
fn a_lost_manifest_is_found() {
    let Some(space) = published() else { return };
    let digest = space.published().on(BOTH[1]).digest.clone();
    let reference = format!("{}/{}@{digest}", space.lab.registry, space.repository());
    space.lab.bytes_of("crane", ["delete", &reference]);
    space
        .kiln(&["verify", &space.reference()])
        .expect(8)
        .says(&["linux/arm64", &digest, "is not there"]);
}

#[test]
fn a_lost_layer_is_found_without_reading_and_a_damaged_one_by_reading() {
    let Some(space) = published() else { return };
    let layer = space.published().on(BOTH[1]).layer_digests().pop().unwrap();
    let folder = space.lab.folder.join("registry");
    let hex = layer.trim_start_matches("sha256:");
    let blob = folder.join(format!(
        "docker/registry/v2/blobs/sha256/{}/{hex}/data",
        &hex[..2]
    ));
    let content = std::fs::read(&blob).unwrap();

    let mut damaged = content.clone();
    *damaged.last_mut().unwrap() ^= 1;
    std::fs::write(&blob, &damaged).unwrap();
    space.kiln(&["verify", &space.reference()]).expect(0);
    let deep = space
        .kiln(&["verify", "--deep", &space.reference()])
        .expect(8);
    std::fs::remove_file(&blob).unwrap();
    let lost = space.kiln(&["verify", &space.reference()]).expect(8);
    std::fs::write(&blob, &content).unwrap();

    deep.says(&["linux/arm64", &layer]);
    lost.says(&["linux/arm64", &layer, "is not there"]);
    space
        .kiln(&["verify", "--deep", &space.reference()])
        .expect(0);
}
