//! The certificates of this machine in steps, and nowhere else.

use crate::lab::BOTH;
use crate::published::Published;
use crate::workspace::{Workspace, run};

/// No byte of the bundle and no trace of its mounts may be in what was added to the base.
fn leaves_no_trace(image: &Published, base_layers: usize) {
    for (platform, built) in image.images() {
        for name in ["SSL_CERT_FILE", "PIP_CERT", "CURL_CA_BUNDLE", "APT_CONFIG"] {
            assert_eq!(built.env(name), None, "{platform}");
        }
        for entry in built.layers().skip(base_layers).flatten() {
            assert!(
                !entry.path.starts_with("run"),
                "{platform}: {}",
                entry.line()
            );
            let text = String::from_utf8_lossy(&entry.content);
            assert!(
                !text.contains("BEGIN CERTIFICATE"),
                "{platform}: {}",
                entry.line()
            );
        }
        assert!(!built.config.to_string().contains("kiln/ca"), "{platform}");
    }
}

const SHOW: &str = "steps:
  - run: |
      echo UNIQUE
      sha256sum \"$SSL_CERT_FILE\" | cut -d' ' -f1
      for name in PIP_CERT REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO; do
        eval \"test \\\"\\$$name\\\" = $SSL_CERT_FILE\"
      done
      grep CAInfo \"$APT_CONFIG\"
    user: nobody
";

#[test]
fn steps_get_the_bundle_that_the_environment_names_and_the_image_does_not() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(SHOW);
    let mut command = space.command(&["build", "--push"]);
    command.env("SSL_CERT_FILE", &space.lab.certificates);
    let built = run(command).expect(0);
    let sum = space.lab.text_of("sha256sum", [&space.lab.certificates]);
    for platform in BOTH {
        let lines = built.logged(platform);
        assert!(lines.iter().any(|line| sum.starts_with(line)), "{lines:?}");
        assert!(
            lines.contains(&"Acquire::https::CAInfo \"/run/kiln/ca.pem\";"),
            "{lines:?}"
        );
    }
    leaves_no_trace(&space.published(), 1);
    // The step wrote nothing, so its layer is empty.
    space.published().adds(1, &[&[]]);
}

#[test]
fn a_bundle_of_the_workspace_comes_after_the_public_certificates() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let private = std::fs::read_to_string(&space.lab.certificates).unwrap();
    let end = "-----END CERTIFICATE-----";
    let private = &private[..private.find(end).unwrap() + end.len()];
    space.file("eigene.pem", private);
    let registry = space.lab.registry.clone();
    space.kiln_yaml(&registry, "trust: {ca: eigene.pem}\n");
    space.recipe(
        "steps:\n  - run: echo UNIQUE; grep -c 'BEGIN CERT' $SSL_CERT_FILE; tail -n 1 $SSL_CERT_FILE\n",
    );
    let built = space.kiln(&["build", "--push"]).expect(0);
    for platform in BOTH {
        let lines = built.logged(platform);
        let count: usize = lines[1].parse().unwrap();
        assert!(count > 100, "{lines:?}");
        assert_eq!(lines[2], end);
    }
    leaves_no_trace(&space.published(), 1);
}

#[test]
fn another_bundle_is_no_reason_to_build_again() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE; wc -c < $SSL_CERT_FILE > /size\n");
    let build = |bundle: &str| {
        let mut command = space.command(&["build", "--push"]);
        command.env("SSL_CERT_FILE", bundle);
        run(command).expect(0)
    };
    build(space.lab.certificates.to_str().unwrap());
    let first = space.published();
    let more = std::fs::read_to_string(&space.lab.certificates)
        .unwrap()
        .repeat(2);
    space.file("more.pem", &more);
    build("more.pem");
    assert_eq!(space.published().digest, first.digest);
}

#[test]
fn a_step_without_network_gets_no_certificates() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE; test -z \"$SSL_CERT_FILE\"; test ! -e /run/kiln\n    network: none\n");
    let mut command = space.command(&["build"]);
    command.env("SSL_CERT_FILE", &space.lab.certificates);
    run(command).expect(0);
}

#[test]
fn pip_installs_over_tls_on_both_platforms_and_leaves_only_the_package() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "base: docker.io/library/python:3.11-slim
steps:
  - pip: {requirements: requirements.txt, constraints: limits.txt}
    env: {RUN: UNIQUE}
  - run: [python3, -c, \"import iniconfig, sys; print(iniconfig.__file__, sys.version_info[:2])\"]
    network: none
",
    );
    space.file("r/requirements.txt", "-r more.txt\n");
    space.file("r/more.txt", "iniconfig\n");
    space.file("r/limits.txt", "iniconfig==2.0.0\n");
    let built = run(space.networked(&["build", "--push"])).expect(0);
    let image = space.published();
    leaves_no_trace(&image, 2);
    for (platform, built_on) in image.images() {
        let shown = "/usr/local/lib/python3.11/dist-packages/iniconfig/__init__.py (3, 11)";
        assert!(
            built.logged(platform).contains(&shown),
            "{:?}",
            built.logged(platform)
        );
        let pip: Vec<String> = built_on
            .layers()
            .nth(2)
            .unwrap()
            .into_iter()
            .map(|e| e.path)
            .collect();
        assert!(
            pip.iter()
                .any(|path| path.ends_with("iniconfig/__init__.py"))
        );
        let folder = "usr/local/lib/python3.11/dist-packages";
        let strays: Vec<&String> = pip
            .iter()
            .filter(|path| !path.contains("/iniconfig") && !folder.starts_with(path.as_str()))
            // The lab's base lacks it, and every container has it.
            .filter(|path| *path != "dev")
            .collect();
        assert!(strays.is_empty(), "{platform}: {strays:?}");
    }
    // Everything is known by now, whatever the session.
    let again = run(space.networked(&["build", "--push"])).expect(0);
    assert!(!again.stderr.contains("│ ✓ pip"), "{}", again.stderr);
    assert_eq!(space.published().digest, image.digest);
}
