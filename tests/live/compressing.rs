//! How layers are compressed: by the recipe, else by the registry, else by who reads them.

use serde_json::Value;

use crate::lab::BOTH;
use crate::workspace::Workspace;

/// The media types of a platform's layers, without what they have in common, and their contents' first bytes.
fn layers(space: &Workspace, platform: &str, repository: &str) -> Vec<(String, [u8; 2])> {
    let reference = format!("{}/{repository}", space.lab.registry);
    let whole = format!("{reference}:it");
    let manifest = space
        .lab
        .text_of("crane", ["manifest", "--platform", platform, &whole]);
    let manifest: Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!(
        manifest["mediaType"],
        "application/vnd.oci.image.manifest.v1+json"
    );
    let layers = manifest["layers"].as_array().unwrap().iter();
    let kinds = layers.map(|layer| {
        let digest = layer["digest"].as_str().unwrap();
        let blob = format!("{reference}@{digest}");
        let bytes = space.lab.bytes_of("crane", ["blob", &blob]);
        let kind = layer["mediaType"].as_str().unwrap();
        let kind = kind.strip_prefix("application/vnd.oci.image.layer.v1.");
        (kind.unwrap().to_owned(), [bytes[0], bytes[1]])
    });
    kinds.collect()
}

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 2] = [0x28, 0xb5];

fn all(kind: &str, bytes: [u8; 2], count: usize) -> Vec<(String, [u8; 2])> {
    vec![(kind.to_owned(), bytes); count]
}

const STEPS: &str = "steps:\n  - write: {path: /f, content: \"내용 UNIQUE\"}\n";

#[test]
fn all_layers_get_what_the_recipe_says_else_what_the_registry_says() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let repository = space.repository();
    // Where nobody says anything the base's layer is the base's own.
    space.recipe(STEPS);
    space.publish();
    for platform in BOTH {
        let found = layers(&space, platform, &repository);
        let base = all("tar+gzip", GZIP, 1);
        assert_eq!(
            found,
            [base, all("tar+zstd", ZSTD, 1)].concat(),
            "{platform}"
        );
    }
    let registry = |compression: &str| {
        let yaml = std::fs::read_to_string(space.path("kiln.yaml")).unwrap();
        let yaml = yaml.split("registries:").next().unwrap().to_owned();
        let host = &space.lab.registry;
        space.file(
            "kiln.yaml",
            &format!(
                "{yaml}registries: {{lab: {{url: \"http://{host}\", compression: {compression}}}}}\n\
                 mirrors: {{docker.io: [\"http://{host}\"]}}\n"
            ),
        );
    };
    // What the builder has packed already must not decide.
    registry("{type: zstd, level: 3}");
    space.publish();
    for platform in BOTH {
        let found = layers(&space, platform, &repository);
        assert_eq!(found, all("tar+zstd", ZSTD, 2), "{platform}");
    }
    space.recipe(&format!("compression: {{type: gzip, level: 6}}\n{STEPS}"));
    space.publish();
    for platform in BOTH {
        let found = layers(&space, platform, &repository);
        assert_eq!(found, all("tar+gzip", GZIP, 2), "{platform}");
    }
    // The image is whole by its own account, whatever its layers are.
    let reference = space.reference();
    space.kiln(&["verify", "--deep", &reference]).expect(0);
}

#[test]
fn a_child_of_a_compressed_parent_is_of_one_kind_as_well() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(&format!("compression: {{type: zstd}}\n{STEPS}"));
    space.file(
        "child/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
         compression: {type: {if: arch == \"arm64\", then: estargz, else: zstd}}\n\
         steps: [{write: {path: /g, content: UNIQUE}}]\n",
    );
    space.kiln(&["build", "--push"]).expect(0);
    let child = format!("live/{}-child", space.unique);
    assert_eq!(layers(&space, BOTH[0], &child), all("tar+zstd", ZSTD, 3));
    assert_eq!(layers(&space, BOTH[1], &child), all("tar+gzip", GZIP, 3));
    let reference = format!("{}/{child}@sha256:", space.lab.registry);
    let manifest = space.lab.text_of(
        "crane",
        [
            "manifest",
            "--platform",
            BOTH[1],
            &reference.replace("@sha256:", ":it"),
        ],
    );
    let lazy = "containerd.io/snapshot/stargz/toc.digest";
    assert_eq!(manifest.matches(lazy).count(), 3, "{manifest}");
}

#[test]
fn what_old_engines_may_read_is_gzip_on_whatever_parent() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(STEPS);
    let yaml = std::fs::read_to_string(space.path("kiln.yaml")).unwrap();
    let host = &space.lab.registry;
    let two = format!(
        "registries: {{alt: {{url: \"http://{host}\", type: harbor2}}, lab: {{url: \"http://{host}\"}}}}"
    );
    let old = format!("registries: {{lab: {{url: \"http://{host}\"}}}}");
    assert!(yaml.contains(&old));
    space.file("kiln.yaml", &yaml.replace(&old, &two));
    space.file(
        "child/recipe.yaml",
        "kiln: 1\nname: child\nrepository: live/UNIQUE-child\ntags: [it]\nbase: {recipe: image}\n\
         registry: alt\nsteps: [{write: {path: /größe, content: UNIQUE}}]\n",
    );
    space.kiln(&["build", "--push"]).expect(0);
    let parent = layers(&space, BOTH[0], &space.repository());
    assert_eq!(parent[1..], all("tar+zstd", ZSTD, 1));
    let child = format!("live/{}-child", space.unique);
    for platform in BOTH {
        let found = layers(&space, platform, &child);
        assert_eq!(found, all("tar+gzip", GZIP, 3), "{platform}");
    }
}
