//! Images that are the same wherever they are built.

use crate::daemon::Daemon;
use crate::lab::BOTH;
use crate::workspace::{Workspace, run};

/// A family of which every member has file steps and program steps.
fn family(space: &Workspace) {
    let registry = space.lab.registry.clone();
    space.kiln_yaml(&registry, "defaults: {reproducible: true}\n");
    space.file("r/app/größe", "UNIQUE");
    space.recipe(
        "workdir: /w\nsteps:\n  - copy: {src: app, to: .}\n\
         \x20 - write: {path: /한글, content: UNIQUE}\n\
         \x20 - run: mkdir -p /a/b && date > /dev/null && touch /a/b/c /etc/x && echo UNIQUE > /a/d\n\
         \x20 - run: echo $SOURCE_DATE_EPOCH > /seen\n",
    );
    space.file(
        "child/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
         steps:\n  - run: cp /seen /copy && rm /a/b/c\n  - mkdir: /m/n\n  - run: touch /m/n/o\n",
    );
}

#[test]
fn a_family_built_on_two_daemons_with_empty_stores_has_the_same_indexes() {
    let Some(space) = Workspace::new() else {
        return;
    };
    family(&space);
    let indexes = || {
        let daemon = Daemon::start(&space.lab);
        let mut command = space.command(&["build", "--push", "--format", "json"]);
        command.env("BUILDKIT_HOST", daemon.address());
        let built = run(command).expect(0).json();
        let images = built["images"].as_array().unwrap().clone();
        let index = |image: &serde_json::Value| image["index"].as_str().unwrap().to_owned();
        images.iter().map(index).collect::<Vec<String>>()
    };
    let first = indexes();
    assert_eq!(first.len(), 2);
    // Times in seconds must be able to differ.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(indexes(), first);
}

#[test]
fn a_reproducible_image_has_no_later_time_than_its_epoch_and_its_programs_see_it() {
    let Some(space) = Workspace::new() else {
        return;
    };
    family(&space);
    let image = space.publish();
    for platform in BOTH {
        let built = image.on(platform);
        let epoch = crate::lab::EPOCH;
        assert_eq!(built.text("seen"), format!("{epoch}\n"));
        for entry in built.layers().skip(1).flatten() {
            assert!(entry.time <= epoch, "{}", entry.line());
        }
        // It is the programs' and not the image's.
        assert!(
            !built.config["config"]["Env"]
                .to_string()
                .contains("SOURCE_DATE_EPOCH")
        );
    }
}
