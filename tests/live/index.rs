//! What is published: one index that everybody's tools take.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::lab::BOTH;
use crate::workspace::Workspace;

/// Bytes 18 and 19 of an ELF file.
fn machine(program: &[u8]) -> u16 {
    assert!(program.starts_with(b"\x7fELF"));
    u16::from_le_bytes([program[18], program[19]])
}

#[test]
fn an_image_for_two_platforms_is_one_index_with_the_right_configs_and_programs() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: uname -m > /machine; echo UNIQUE\n");
    let image = space.publish();
    let entries = image.index["manifests"].as_array().unwrap();
    let platforms: Vec<String> = entries
        .iter()
        .map(|entry| entry["platform"].to_string())
        .collect();
    assert_eq!(
        platforms,
        [
            r#"{"architecture":"amd64","os":"linux"}"#,
            r#"{"architecture":"arm64","os":"linux"}"#
        ]
    );
    for (entry, (platform, built)) in entries.iter().zip(image.images()) {
        assert_eq!(
            entry.as_object().unwrap().get("annotations"),
            None,
            "{platform}"
        );
        assert_eq!(entry["digest"], *built.digest);
    }
    for (platform, architecture, uname, elf) in [
        (BOTH[0], "amd64", "x86_64\n", 62),
        (BOTH[1], "arm64", "aarch64\n", 183),
    ] {
        let built = image.on(platform);
        assert_eq!(built.config["os"], "linux");
        assert_eq!(built.config["architecture"], architecture);
        assert_eq!(built.text("machine"), uname);
        assert_eq!(
            machine(&built.files()["bin/busybox"].content),
            elf,
            "{platform}"
        );
    }
}

#[test]
fn crane_skopeo_and_a_dockerfile_take_the_index() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE > /mark\n");
    let image = space.publish();
    let reference = space.reference();
    let digest = space.lab.text_of("crane", ["digest", &reference]);
    assert_eq!(digest.trim(), image.digest);
    let raw = space.lab.bytes_of(
        "skopeo",
        [
            "inspect",
            "--raw",
            "--tls-verify=false",
            &format!("docker://{reference}"),
        ],
    );
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&raw).unwrap(),
        image.index
    );
    for (platform, arch) in [(BOTH[0], "amd64"), (BOTH[1], "arm64")] {
        let chosen = space.lab.text_of(
            "skopeo",
            [
                "--override-arch",
                arch,
                "inspect",
                "--tls-verify=false",
                "--format={{.Architecture}}",
                &format!("docker://{reference}"),
            ],
        );
        assert_eq!(chosen.trim(), arch, "{platform}");
    }

    space.file(
        "d/Dockerfile",
        &format!("FROM {reference}\nRUN cat /mark && uname -m > /child\n"),
    );
    let child = format!("{}/{}:child", space.lab.registry, space.repository());
    let local = |name: &str| format!("{name}={}", space.path("d").display());
    space.lab.bytes_of(
        "buildctl",
        [
            "build",
            "--frontend=dockerfile.v0",
            "--progress=plain",
            &format!("--local={}", local("context")),
            &format!("--local={}", local("dockerfile")),
            &format!("--opt=platform={}", BOTH.join(",")),
            &format!("--output=type=image,name={child},push=true,registry.insecure=true"),
        ],
    );
    for (platform, machine) in [(BOTH[0], "x86_64"), (BOTH[1], "aarch64")] {
        let built = format!("--platform={platform}");
        let tar = space.lab.bytes_of("crane", ["export", &built, &child, "-"]);
        let files = crate::layers::entries(&tar);
        let found = files.iter().find(|entry| entry.path == "child").unwrap();
        assert_eq!(found.text().trim(), machine);
    }
}

#[test]
fn both_platforms_are_built_at_the_same_time() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE; sleep 2\n");
    let run = space.kiln(&["build", "--push"]).expect(0);
    assert!(run.took < Duration::from_secs(8), "{:?}", run.took);
    let records = space.records();
    assert_eq!(records.len(), 1);
    let time = |platform: &str, key: &str| {
        let text = records[0]["platforms"][platform][key].as_str().unwrap();
        text.parse::<Timestamp>().unwrap()
    };
    let began = BOTH
        .map(|platform| time(platform, "started"))
        .into_iter()
        .max()
        .unwrap();
    let ended = BOTH
        .map(|platform| time(platform, "finished"))
        .into_iter()
        .min()
        .unwrap();
    let overlap = ended.as_millisecond() - began.as_millisecond();
    assert!(overlap > 1500, "the platforms overlap by {overlap} ms");
}

#[test]
fn the_record_and_the_metadata_file_say_what_the_registry_has() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("vars: {word: a}\nsteps:\n  - run: echo UNIQUE ${{ word }}\n");
    let arguments = [
        "build",
        "--push",
        "--set=word=b",
        "--metadata-file=m.json",
        "--format=json",
    ];
    let run = space.kiln(&arguments).expect(0);
    let image = space.published();
    let record = space.records().remove(0);
    assert_eq!(record["index"]["digest"], *image.digest);
    assert_eq!(record["references"], serde_json::json!([space.reference()]));
    assert_eq!(record["set"]["word"], "b");
    let text = std::fs::read_to_string(space.path("m.json")).unwrap();
    let metadata: serde_json::Value = serde_json::from_str(&text).unwrap();
    let metadata = &metadata[format!("{}:it", space.repository())];
    assert_eq!(metadata["containerimage.digest"], *image.digest);
    let json = run.json();
    let shown = &json["images"][0];
    assert_eq!(shown["state"], "built");
    assert_eq!(shown["index"], *image.digest);
    for (platform, built) in image.images() {
        let of = &record["platforms"][platform];
        assert_eq!(of["manifest"]["digest"], *built.digest);
        assert_eq!(of["config"]["digest"], built.manifest["config"]["digest"]);
        assert_eq!(of["layers"], built.layers().count());
        assert_eq!(of["emulated"], platform != BOTH[0]);
        let base = space.lab.text_of(
            "crane",
            ["digest", &format!("--platform={platform}"), &tiny(&space)],
        );
        assert_eq!(of["base"]["digest"], base.trim());
        assert_eq!(
            metadata["kiln.platforms"][platform]["containerimage.digest"],
            *built.digest
        );
        assert_eq!(shown["platforms"][platform]["manifest"], *built.digest);
    }
}

fn tiny(space: &Workspace) -> String {
    format!("{}/kiln-test/tiny:1", space.lab.registry)
}

#[test]
fn one_platform_is_an_index_too() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("platforms: [linux/arm64]\nsteps:\n  - write: {path: /a, content: UNIQUE}\n");
    let image = space.publish();
    assert_eq!(
        image.index["mediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
    let platforms: BTreeSet<&str> = image.images().map(|(platform, _)| platform).collect();
    assert_eq!(platforms, BTreeSet::from(["linux/arm64"]));
    assert_eq!(image.on("linux/arm64").config["architecture"], "arm64");
}

#[test]
fn everything_a_container_starts_with_is_in_the_config() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe(
        "description: Ein Bild für Läufe
annotations: {org.example.größe: klein}
labels: {org.opencontainers.image.title: 한글}
env: {LANG: C.UTF-8, PATH: {prepend: /opt/bin, append: /last}, SEARCH: {append: /only}}
workdir: /srv/app
user: \"1000:1000\"
entrypoint: [/bin/sh, -c]
cmd: [\"echo UNIQUE\"]
expose: [8080, 53/udp]
volumes: [/data]
stop_signal: SIGINT
healthcheck: {test: [CMD, \"true\"], interval: 30s, retries: 2}
steps:
  - env: {LAST: only in the container}
",
    );
    let image = space.publish();
    for (platform, built) in image.images() {
        let config = &built.config["config"];
        assert_eq!(built.env("LANG").as_deref(), Some("C.UTF-8"));
        assert_eq!(
            built.env("PATH").as_deref(),
            Some("/opt/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/last")
        );
        assert_eq!(built.env("SEARCH").as_deref(), Some("/only"));
        assert_eq!(built.env("LAST").as_deref(), Some("only in the container"));
        assert_eq!(config["WorkingDir"], "/srv/app");
        assert_eq!(config["User"], "1000:1000");
        assert_eq!(config["Entrypoint"], serde_json::json!(["/bin/sh", "-c"]));
        assert_eq!(
            config["Cmd"],
            serde_json::json!([format!("echo {}", space.unique)])
        );
        assert_eq!(
            config["ExposedPorts"],
            serde_json::json!({"8080/tcp": {}, "53/udp": {}})
        );
        assert_eq!(config["Volumes"], serde_json::json!({"/data": {}}));
        assert_eq!(config["StopSignal"], "SIGINT");
        assert_eq!(
            config["Healthcheck"],
            serde_json::json!({"Test": ["CMD", "true"], "Interval": 30_000_000_000_u64, "Retries": 2})
        );
        assert_eq!(config["Labels"]["org.opencontainers.image.title"], "한글");
        assert_eq!(
            config["Labels"]["org.opencontainers.image.description"],
            "Ein Bild für Läufe"
        );
        assert_eq!(
            built.manifest["annotations"]["org.example.größe"], "klein",
            "{platform}"
        );
    }
    assert_eq!(image.index["annotations"]["org.example.größe"], "klein");
    // The working directory is there although no step made it.
    image.adds(1, &[&["d 0755 0:0 srv", "d 0755 0:0 srv/app"]]);
}
