//! `kiln init`: the first workspace builds, and what `kiln show` prints of it builds the same.

use crate::lab::BOTH;
use crate::published::Published;
use crate::workspace::{Workspace, run};

/// Runs the program in the new workspace.
fn inside(space: &Workspace, args: &[&str]) -> String {
    let mut command = space.command(args);
    command.current_dir(space.path("première"));
    run(command).expect(0).stdout
}

#[test]
fn the_first_workspace_builds_on_both_platforms_and_so_does_what_show_prints_of_it() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.kiln(&["init", "première"]).expect(0);
    // What its comments tell the user to add: where images go, here with the lab's own names.
    let file = space.path("première/kiln.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let more = "registry: lab\nregistries: {lab: {url: \"http://REGISTRY\"}}\nmirrors: {docker.io: [\"http://REGISTRY\"]}\n";
    space.file("première/kiln.yaml", &format!("{text}{more}"));
    let recipe = "première/recipes/hello/recipe.yaml";
    let text = std::fs::read_to_string(space.path(recipe)).unwrap();
    space.file(
        recipe,
        &text.replace(
            "\nname: hello\n",
            "\nname: hello\nrepository: live/UNIQUE-hello\n",
        ),
    );
    inside(&space, &["build", "--push"]);
    let reference = format!(
        "{}/{}-hello:1.0-loud",
        space.lab.registry,
        space.repository()
    );
    inside(&space, &["verify", "--deep", &reference]);
    let published = Published::read(&space.lab, &reference);
    for (platform, arch) in [(BOTH[0], "amd64"), (BOTH[1], "arm64")] {
        let built = published.on(platform);
        assert_eq!(
            built.config["config"]["Cmd"],
            serde_json::json!(["cat", "/greeting"])
        );
        let file = built
            .layers()
            .flatten()
            .find(|entry| entry.path == "srv/greeting.txt")
            .unwrap();
        assert_eq!(
            String::from_utf8(file.content).unwrap(),
            format!("HELLO from {arch}\n")
        );
    }
    let shown = inside(&space, &["show", "*:1.0-loud"]);
    space.file(recipe, &shown);
    inside(&space, &["build", "--push"]);
    let again = Published::read(&space.lab, &reference);
    for platform in BOTH {
        let layers = |published: &Published| published.on(platform).manifest["layers"].clone();
        assert_eq!(layers(&again), layers(&published), "{platform}");
    }
}
