//! Images on images of the same workspace.

use crate::lab::BOTH;
use crate::published::Published;
use crate::workspace::Workspace;

fn family() -> Option<(Workspace, Published, Published)> {
    let space = Workspace::new()?;
    space.recipe("workdir: /srv\nsteps:\n  - run: echo parent UNIQUE > made\n  - write: {path: a, content: 둘}\n");
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
         steps:\n  - run: cat made a; echo child UNIQUE > child\n",
    );
    space.kiln(&["build", "--push", "child"]).expect(0);
    let (parent, child) = (space.published(), child(&space));
    Some((space, parent, child))
}

fn child(space: &Workspace) -> Published {
    let reference = format!("{}/{}-child:it", space.lab.registry, space.repository());
    Published::read(&space.lab, &reference)
}

#[test]
fn a_child_shares_all_layers_of_its_parent_and_names_its_manifest() {
    let Some((space, parent, child)) = family() else {
        return;
    };
    for platform in BOTH {
        let (parent, child) = (parent.on(platform), child.on(platform));
        let layers = parent.layer_digests();
        assert_eq!(layers.len(), 4, "base, workdir, run, write");
        assert_eq!(child.layer_digests()[..layers.len()], layers, "{platform}");
        assert_eq!(child.layer_digests().len(), layers.len() + 1);
        let annotations = &child.manifest["annotations"];
        assert_eq!(
            annotations["org.opencontainers.image.base.digest"],
            *parent.digest
        );
        assert_eq!(
            annotations["org.opencontainers.image.base.name"],
            *space.reference()
        );
        let history = |config: &serde_json::Value| config["history"].as_array().unwrap().clone();
        let inherited = history(&parent.config);
        assert_eq!(history(&child.config)[..inherited.len()], inherited);
        assert_eq!(child.text("srv/child"), format!("child {}\n", space.unique));
        assert_eq!(child.config["config"]["WorkingDir"], "/srv");
    }
    let records = space.records();
    let of = |name: &str| {
        records
            .iter()
            .find(|record| record["image"] == name)
            .unwrap()
    };
    for platform in BOTH {
        let base = &of("child")["platforms"][platform]["base"]["digest"];
        assert_eq!(
            *base,
            of("image")["platforms"][platform]["manifest"]["digest"]
        );
    }
}

#[test]
fn a_parent_is_built_and_published_with_the_child_that_needs_it() {
    let Some((space, parent, child)) = family() else {
        return;
    };
    // Again, from the cache: the same images, and nothing new.
    let run = space.kiln(&["build", "--push", "--force"]).expect(0);
    assert!(!run.stderr.contains("│ ✓ run"), "{}", run.stderr);
    assert_eq!(space.published().digest, parent.digest);
    assert_eq!(self::child(&space).digest, child.digest);
    assert_eq!(space.records().len(), 4);
}

#[test]
fn without_a_push_the_parent_is_part_of_the_childs_graph() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo parent UNIQUE > /made\n");
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
         steps:\n  - run: test \"$(cat /made)\" = \"parent UNIQUE\"\n",
    );
    space.kiln(&["build"]).expect(0);
    assert!(!space.is_published());
    assert!(space.records().is_empty());
}

#[test]
fn files_are_copied_from_another_recipe() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "steps:\n  - run: mkdir -p /out && uname -m > /out/machine && echo UNIQUE > /out/b\n",
    );
    space.file(
        "c/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: scratch\n\
         steps:\n  - copy: {from: {recipe: image}, src: /out, to: /in}\n",
    );
    space.kiln(&["build", "--push"]).expect(0);
    let image = child(&space);
    image.adds(
        0,
        &[&["d 0755 0:0 in", "f 0644 0:0 in/b", "f 0644 0:0 in/machine"]],
    );
    assert_eq!(image.on(BOTH[0]).text("in/machine"), "x86_64\n");
    assert_eq!(image.on(BOTH[1]).text("in/machine"), "aarch64\n");
}
