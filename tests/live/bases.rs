//! What images begin with besides an image of a registry.

use crate::lab::BOTH;
use crate::workspace::Workspace;

#[test]
fn nothing_at_all_with_one_static_program() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: scratch
steps:
  - copy: {from: {image: docker.io/kiln-test/tiny:1}, src: /bin/busybox, to: /bin/sh}
  - run: echo $0 UNIQUE > /made
entrypoint: [/bin/sh]
",
    );
    let image = space.publish();
    for (platform, built) in image.images() {
        let files = built.files();
        let paths: Vec<&str> = files.keys().map(String::as_str).collect();
        // Every container has the last three; whoever runs a program on nothing gets them.
        assert_eq!(
            paths,
            ["bin", "bin/sh", "dev", "made", "proc", "sys"],
            "{platform}"
        );
        assert_eq!(built.text("made"), format!("/bin/sh {}\n", space.unique));
        assert_eq!(built.config["os"], "linux");
        assert_eq!(
            built.manifest["annotations"]["org.opencontainers.image.base.name"],
            serde_json::Value::Null
        );
    }
    assert_eq!(image.on(BOTH[1]).config["architecture"], "arm64");
    assert!(
        space.records()[0]["platforms"][BOTH[0]]
            .get("base")
            .is_none()
    );
}

#[test]
fn nothing_at_all_without_steps_is_an_image_without_layers() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("base: scratch\nlabels: {run: UNIQUE}\n");
    assert_eq!(space.publish().images().count(), 2);
    space
        .kiln(&["verify", "--deep", &space.reference()])
        .expect(0);
}

#[test]
fn a_base_without_steps_is_the_base_with_another_config() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("labels: {run: UNIQUE}\nsteps: []\n");
    let image = space.publish();
    image.adds(1, &[]);
    assert_eq!(
        image.on(BOTH[1]).config["config"]["Labels"]["run"],
        *space.unique
    );
}

#[test]
fn a_tarball_of_each_platform() {
    let Some(space) = Workspace::new() else {
        return;
    };
    for (platform, arch) in [(BOTH[0], "amd64"), (BOTH[1], "arm64")] {
        let base = format!("{}/kiln-test/tiny:1", space.lab.registry);
        let tar = space.lab.bytes_of(
            "crane",
            ["export", &format!("--platform={platform}"), &base, "-"],
        );
        space.bytes(&format!("r/roots/root-{arch}.tar"), &tar);
    }
    space.recipe("base: {rootfs: \"roots/root-${{ arch }}.tar\"}\nsteps:\n  - run: uname -m > /made; echo UNIQUE\n");
    let image = space.publish();
    for (platform, machine) in [(BOTH[0], "x86_64\n"), (BOTH[1], "aarch64\n")] {
        let built = image.on(platform);
        let root = built.layers().next().unwrap();
        let busybox = root
            .iter()
            .find(|entry| entry.path == "bin/busybox")
            .unwrap();
        assert_eq!(
            (busybox.mode, busybox.owner, busybox.time),
            (0o755, (0, 0), crate::lab::EPOCH)
        );
        let tmp = root.iter().find(|entry| entry.path == "tmp").unwrap();
        assert_eq!(tmp.mode, 0o1777);
        assert!(!root.iter().any(|entry| {
            std::path::Path::new(&entry.path)
                .extension()
                .is_some_and(|kind| kind == "tar")
        }));
        assert_eq!(built.text("made"), machine);
        assert_eq!(built.config["history"].as_array().unwrap().len(), 2);
    }
}

#[test]
fn an_image_layout() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let base = format!("docker://{}/kiln-test/tiny:1", space.lab.registry);
    std::fs::create_dir(space.path("r")).unwrap();
    let to = format!("oci:{}:v1", space.path("r/layout").display());
    space.lab.bytes_of(
        "skopeo",
        ["copy", "--all", "--src-tls-verify=false", &base, &to],
    );
    space.recipe("base: {oci: \"layout:v1\"}\nsteps:\n  - run: uname -m > /made; echo UNIQUE\n");
    let image = space.publish();
    for (platform, machine) in [(BOTH[0], "x86_64\n"), (BOTH[1], "aarch64\n")] {
        let built = image.on(platform);
        assert_eq!(built.text("made"), machine);
        assert!(built.env("PATH").is_some());
        let annotations = &built.manifest["annotations"];
        assert_ne!(
            annotations["org.opencontainers.image.base.digest"],
            serde_json::Value::Null
        );
    }
}

#[test]
fn an_index_with_attestations_between_its_platforms() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: docker.io/kiln-test/attested:1\nsteps:\n  - run: uname -m > /made; echo UNIQUE\n",
    );
    let image = space.publish();
    assert_eq!(image.on(BOTH[0]).text("made"), "x86_64\n");
    assert_eq!(image.on(BOTH[1]).text("made"), "aarch64\n");
    assert_eq!(image.index["manifests"].as_array().unwrap().len(), 2);
    // The base says arm64/v8, which is arm64.
    assert_eq!(image.on(BOTH[1]).config.get("variant"), None);
}

#[test]
fn a_base_by_digest() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let base = format!("{}/kiln-test/tiny:1", space.lab.registry);
    let digest = space.lab.text_of("crane", ["digest", &base]);
    space.recipe(&format!(
        "base: docker.io/kiln-test/tiny@{}\nsteps:\n  - run: echo UNIQUE > /made\n",
        digest.trim()
    ));
    let image = space.publish();
    assert_eq!(
        image.on(BOTH[1]).text("made"),
        format!("{}\n", space.unique)
    );
}
