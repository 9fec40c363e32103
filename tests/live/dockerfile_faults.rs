//! Dockerfiles whose steps want, fail or are interrupted.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::Command;

use crate::daemon::until;
use crate::dockerfiles::{recipe, with};
use crate::lab::BOTH;
use crate::workspace::{run, start};

#[test]
fn a_secret_is_there_for_its_step_and_one_that_is_not_named_is_not() {
    let Some(space) = with(
        "FROM kiln-test/tiny:1\nRUN --mount=type=secret,id=token echo UNIQUE; wc -c < /run/secrets/token > /länge\n",
        "  secrets: [{id: token}]\n",
        "",
    ) else {
        return;
    };
    space.file("wert", "größer-UNIQUE");
    space
        .kiln(&["build"])
        .expect(2)
        .says(&["needs the secret `token`", "--secret id=token"]);
    let secret = "--secret=id=token,src=wert";
    let run = space.kiln(&["build", "--push", secret]).expect(0);
    let image = space.published();
    let value = format!("größer-{}", space.unique);
    for platform in BOTH {
        let built = image.on(platform);
        assert_eq!(built.text("länge").trim(), value.len().to_string());
        assert!(!built.config.to_string().contains(&value));
        assert!(!built.files().contains_key("run/secrets/token"));
    }
    assert!(!run.stderr.contains(&value));
    recipe(&space, "  args: {EGAL: UNIQUE}\n", "");
    space.file(
        "r/app/Dockerfile",
        "FROM kiln-test/tiny:1\nRUN --mount=type=secret,id=token,required echo anders UNIQUE\n",
    );
    space.kiln(&["build", secret]).expect(3).says(&[
        "r/app/Dockerfile:2:1",
        "secret token: not found",
        "name it in `secrets` of `dockerfile`",
    ]);
}

#[test]
fn the_bundle_is_there_for_a_step_that_mounts_it_and_proxies_leave_no_trace() {
    let Some(space) = with(
        "FROM kiln-test/tiny:1\n\
         RUN --mount=type=secret,id=kiln.ca,target=/run/kiln/ca.pem echo UNIQUE; wc -c < /run/kiln/ca.pem > /bundle\n\
         RUN echo $HTTP_PROXY > /proxy; echo $no_proxy >> /proxy\n",
        "",
        "",
    ) else {
        return;
    };
    let registry = space.lab.registry.clone();
    let bundle = std::fs::read(&space.lab.certificates).unwrap();
    space.bytes("größe.pem", &bundle);
    space.kiln_yaml(&registry, "trust: {ca: größe.pem}\n");
    let mut command = space.command(&["build", "--push"]);
    let proxy = format!("http://{}.example:3128", space.unique);
    command
        .env("HTTP_PROXY", &proxy)
        .env("NO_PROXY", "127.0.0.1,localhost");
    run(command).expect(0);
    let image = space.published();
    for platform in BOTH {
        let built = image.on(platform);
        let size: usize = built.text("bundle").trim().parse().unwrap();
        assert!(size >= bundle.len(), "{size}");
        assert_eq!(
            built.text("proxy"),
            format!("{proxy}\n127.0.0.1,localhost\n")
        );
        let config = built.config.to_string();
        assert!(!config.contains(&proxy), "{config}");
        assert!(!built.files().contains_key("run/kiln/ca.pem"));
    }
    // Another proxy is no other input.
    space
        .kiln(&["build", "--push", "--force"])
        .expect(0)
        .says(&["RUN echo $HTTP_PROXY"]);
    assert_eq!(space.published().digest, image.digest);
}

#[test]
fn a_step_that_fails_is_quoted_from_the_dockerfile() {
    let Some(space) = with(
        "FROM kiln-test/tiny:1\n# größe\nRUN echo 출발 UNIQUE \\\n && if [ $(uname -m) = aarch64 ]; then exit 7; fi\n",
        "",
        "",
    ) else {
        return;
    };
    let run = space
        .kiln(&["build", "--push", "--progress=quiet"])
        .expect(7)
        .says(&[
            "r/app/Dockerfile:3:1",
            "3 | RUN echo 출발",
            "4 |  && if",
            "linux/arm64",
            "ended with exit code 7",
            "  │ 출발 ",
            "linux/amd64 was built; no tag of live/",
        ]);
    assert!(!run.stderr.contains("on linux/amd64"), "{}", run.stderr);
    assert!(!space.is_published());
}

#[test]
fn mistakes_in_a_dockerfile_are_shown_at_their_line() {
    let Some(space) = with("FROM kiln-test/tiny:1\nROM größe\n", "", "") else {
        return;
    };
    space.kiln(&["build"]).expect(3).says(&[
        "r/app/Dockerfile:2:1",
        "2 | ROM größe",
        "unknown instruction",
    ]);
    space.file("r/app/Dockerfile", "FROM kiln-test/tiny:1\nCOPY größe /\n");
    space.file("r/app/.dockerignore", "größe\n");
    space.file("r/app/größe", "한");
    space.kiln(&["build"]).expect(3).says(&[
        "r/app/Dockerfile:2:1",
        "\"/größe\": not found",
        "next: check that it is in the context, r/app",
    ]);
    recipe(&space, "  target: fretig\n", "");
    space
        .kiln(&["build"])
        .expect(3)
        .says(&["r/recipe.yaml:7:11", "target stage \"fretig\""]);
}

#[test]
fn a_base_of_another_platform_is_refused_at_its_line() {
    let Some(space) = with(
        "FROM kiln-test/tiny:1\nRUN echo UNIQUE\n",
        "",
        "platforms: [linux/amd64]\n",
    ) else {
        return;
    };
    let made = space.publish();
    let digest = &made.on(BOTH[0]).digest;
    let at = format!("{}/{}", space.lab.registry, space.repository());
    space
        .lab
        .bytes_of("crane", ["tag", &format!("{at}@{digest}"), "nur-amd64"]);
    space.file(
        "r/app/Dockerfile",
        "# größe\nFROM REGISTRY/live/UNIQUE:nur-amd64\nRUN true\n",
    );
    recipe(&space, "", "platforms: [linux/arm64]\n");
    space
        .kiln(&["build", "--push", "--allow-shrink"])
        .expect(3)
        .says(&[
            "r/app/Dockerfile:2:1",
            "expected \"linux/arm64\"",
            "next: choose a base that has the platform",
        ]);
    assert_eq!(space.published().digest, made.digest);
}

/// Whether a program whose words contain a text runs.
fn is_running(words: &str) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut lines =
        processes.filter_map(|it| std::fs::read(Path::new(&it.path()).join("cmdline")).ok());
    lines.any(|line| String::from_utf8_lossy(&line).contains(words))
}

#[test]
fn an_interrupted_build_ends_the_steps_of_a_dockerfile_and_leaves_the_tag_alone() {
    let Some(space) = with("FROM kiln-test/tiny:1\nRUN echo vorher UNIQUE\n", "", "") else {
        return;
    };
    let before = space.publish();
    space.file(
        "r/app/Dockerfile",
        "FROM kiln-test/tiny:1\nRUN echo schläft UNIQUE; sleep 60\n",
    );
    let mut child = start(space.command(&["build", "--push", "--progress=plain"]));
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("│   schläft") {
        line.clear();
        assert_ne!(
            reader.read_line(&mut line).unwrap(),
            0,
            "the step did not begin"
        );
    }
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let status = child.wait().unwrap();
    let mut rest = String::new();
    reader.read_to_string(&mut rest).unwrap();
    assert_eq!(status.code(), Some(130), "{rest}");
    assert!(rest.contains("interrupted"), "{rest}");
    let words = format!("schläft {}", space.unique);
    until("the step is ended", || !is_running(&words));
    assert_eq!(space.published().digest, before.digest);
    assert_eq!(space.records().len(), 1);
}
