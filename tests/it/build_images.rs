//! What an image is given: its configuration, its times, its record and its metadata.

use kiln::oci::{History, Platform, Reference};
use kiln::ops::build::{BuildOptions, metadata};

use crate::build::{
    AMD64, ARM64, Workshop, forced, image_of, leg, push, put_image, put_index, solved,
};

/// A base with everything that an image can inherit, made at different times.
async fn rich_base(shop: &Workshop) {
    let reference: Reference = "reich:1".parse().unwrap();
    let mut entries = Vec::new();
    let times = [
        (AMD64, "2026-03-01T10:00:00Z"),
        (ARM64, "2026-03-01T10:00:07.9Z"),
    ];
    for (platform, created) in times {
        let mut config = image_of(platform, "basis");
        config.created = Some(created.to_owned());
        config.history.insert(
            0,
            History {
                created_by: Some("ENV A=1".to_owned()),
                empty_layer: true,
                ..History::default()
            },
        );
        config.config.env = vec!["PATH=/bin".to_owned(), "A=1".to_owned()];
        config.config.entrypoint = Some(vec!["/alt".to_owned()]);
        config.config.cmd = Some(vec!["--alt".to_owned()]);
        config.config.user = Some("root".to_owned());
        config.config.labels = Some([("basis".to_owned(), "ja".to_owned())].into());
        let entry = put_image(shop.registry.as_ref(), &reference, &config, "basis").await;
        entries.push(entry.with_platform(platform));
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
}

#[tokio::test]
async fn labels_environment_and_user_are_added_to_the_bases() {
    let shop = Workshop::new().await;
    rich_base(&shop).await;
    shop.recipe(
        "app",
        "base: reich:1\nenv: {A: \"2\", NAME: 값, PATH: {prepend: /opt/bin}}\nuser: \"1000:1000\"\nworkdir: /app\nexpose: [8080]\nlabels: {eigen: größe}\n",
    );
    shop.pushed().await;
    for platform in [AMD64, ARM64] {
        let (_, config) = shop.image("app:1", platform).await;
        assert_eq!(config.platform(), Ok(platform));
        let inner = config.config;
        assert_eq!(inner.env, ["PATH=/opt/bin:/bin", "A=2", "NAME=값"]);
        assert_eq!(inner.user.as_deref(), Some("1000:1000"));
        assert_eq!(inner.working_dir.as_deref(), Some("/app"));
        let labels = inner.labels.unwrap();
        assert_eq!(
            (labels["basis"].as_str(), labels["eigen"].as_str()),
            ("ja", "größe")
        );
        assert!(inner.exposed_ports.contains_key("8080/tcp"));
        assert_eq!(inner.entrypoint.unwrap(), ["/alt"]);
        assert_eq!(inner.cmd.unwrap(), ["--alt"]);
    }
}

#[tokio::test]
async fn an_entrypoint_drops_the_bases_cmd_and_a_cmd_alone_leaves_the_entrypoint() {
    let rows: [(&str, Option<&str>, Option<&str>); 4] = [
        ("entrypoint: [/neu]\n", Some("/neu"), None),
        ("cmd: [--neu]\n", Some("/alt"), Some("--neu")),
        (
            "entrypoint: [/neu]\ncmd: [--neu]\n",
            Some("/neu"),
            Some("--neu"),
        ),
        ("entrypoint: []\n", None, None),
    ];
    for (text, entrypoint, cmd) in rows {
        let shop = Workshop::new().await;
        rich_base(&shop).await;
        shop.recipe("app", &format!("base: reich:1\n{text}"));
        shop.pushed().await;
        let inner = shop.image("app:1", AMD64).await.1.config;
        let first = |list: Option<Vec<String>>| list.map(|list| list.join(" "));
        assert_eq!(first(inner.entrypoint).as_deref(), entrypoint, "{text}");
        assert_eq!(first(inner.cmd).as_deref(), cmd, "{text}");
    }
}

#[tokio::test]
async fn history_has_the_bases_lines_and_one_per_layer_that_was_added() {
    let shop = Workshop::new().await;
    rich_base(&shop).await;
    shop.recipe(
        "app",
        "base: reich:1\nworkdir: /app\nsteps:\n  - mkdir: /a\n  - run: echo eins\n  - env: {B: \"1\"}\n  - {name: Größe, run: echo zwei}\n",
    );
    shop.pushed().await;
    for platform in [AMD64, ARM64] {
        let (manifest, config) = shop.image("app:1", platform).await;
        let layers = config.history.iter().filter(|line| !line.empty_layer);
        assert_eq!(layers.count(), manifest.layers.len());
        assert_eq!(config.rootfs.diff_ids.len(), manifest.layers.len());
        let words: Vec<&str> = config
            .history
            .iter()
            .map(|line| line.created_by.as_deref().unwrap())
            .collect();
        assert_eq!(words[..2], ["ENV A=1", "어머니"]);
        assert_eq!(words.len(), 5, "{words:?}");
        let sent = shop.solver.seen_for("app", platform).config();
        assert_eq!(
            sent.history, config.history,
            "the builder was sent all of it"
        );
    }
}

#[tokio::test]
async fn times_come_from_the_newest_base_or_from_what_was_asked_for() {
    let shop = Workshop::new().await;
    rich_base(&shop).await;
    shop.recipe("app", "base: reich:1\nsteps:\n  - run: echo x\n");
    shop.recipe("child", "base: {recipe: app}\nsteps:\n  - run: echo y\n");
    shop.pushed().await;
    for name in ["app:1", "child:1"] {
        for platform in [AMD64, ARM64] {
            let (_, config) = shop.image(name, platform).await;
            assert_eq!(config.created.as_deref(), Some("2026-03-01T10:00:07Z"));
            let last = config.history.last().unwrap();
            assert_eq!(last.created.as_deref(), Some("2026-03-01T10:00:07Z"));
        }
    }
    let options = BuildOptions {
        epoch: Some(86_400),
        ..push()
    };
    shop.build(&options).await.unwrap();
    let (_, config) = shop.image("child:1", ARM64).await;
    assert_eq!(config.created.as_deref(), Some("1970-01-02T00:00:00Z"));
    let sent = shop.solver.seen().pop().unwrap();
    assert_eq!(sent.epoch(), Some(86_400));
}

#[tokio::test]
async fn a_base_made_before_1970_or_with_no_time_counts_as_1970() {
    for created in [Some("0001-01-01T00:00:00Z"), None, Some("gestern")] {
        let shop = Workshop::new().await;
        let reference: Reference = "alt:1".parse().unwrap();
        let mut config = image_of(AMD64, "x");
        config.created = created.map(str::to_owned);
        put_image(shop.registry.as_ref(), &reference, &config, "x").await;
        shop.recipe(
            "app",
            "platforms: [linux/amd64]\nbase: alt:1\nsteps:\n  - mkdir: /x\n",
        );
        shop.pushed().await;
        let sent = shop.solver.seen_for("app", AMD64);
        assert_eq!(sent.epoch(), Some(0), "{created:?}");
        let created = sent.config().created;
        assert_eq!(created.as_deref(), Some("1970-01-01T00:00:00Z"));
    }
}

#[tokio::test]
async fn the_record_holds_what_happened() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "tags: [\"${{ v }}\", latest]\nvars: {v: \"1\"}\nbase: debian:12\nsteps:\n  - run: echo x\n",
    );
    let loaded = shop.load();
    assert_eq!(loaded.images.len(), 1);
    let options = BuildOptions {
        set: [("v".to_owned(), "1".to_owned())].into(),
        ..push()
    };
    let report = shop.build(&options).await.unwrap();
    let record = shop.records().pop().unwrap().draft;
    assert_eq!(
        (record.image.as_str(), record.variant.as_str()),
        ("app", "1")
    );
    assert_eq!(
        record.references,
        ["app:1", "app:latest"].map(Workshop::reference)
    );
    assert_eq!(Some(&record.index.digest), shop.tag("app:1").as_ref());
    let (_, text) = shop.index("app:1").await;
    assert_eq!(record.index.size, text.len() as u64);
    assert_eq!(record.set, options.set);
    assert!(record.source.is_none(), "the workspace is no checkout");
    for platform in [AMD64, ARM64] {
        let (manifest, _) = shop.image("app:1", platform).await;
        let of = &record.platforms[&platform];
        let solved = solved(leg(&report, "app", platform));
        let put = solved.manifest.as_ref().unwrap();
        assert_eq!(
            (&of.manifest.digest, of.manifest.size),
            (&put.digest, put.size)
        );
        assert_eq!(
            (&of.config.digest, of.config.size),
            (&manifest.config.digest, manifest.config.size)
        );
        assert_eq!((of.layers, of.size), (2, manifest.layers_size()));
        let base = of.base.as_ref().unwrap();
        assert_eq!(base.name, "docker.io/library/debian:12");
        let seeded = shop.seed("debian:12", &[AMD64, ARM64]).await;
        assert_eq!(base.digest, seeded.manifests[&platform]);
        assert_eq!(
            (of.builder.as_str(), of.emulated),
            ("fake", platform == ARM64)
        );
        assert!(of.started <= of.finished);
    }
}

#[tokio::test]
async fn the_record_names_the_revision_and_its_own_file_makes_no_checkout_dirty() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nsteps:\n  - run: echo x\n");
    shop.git(&["init", "-q"]);
    shop.git(&["add", "."]);
    shop.git(&["commit", "-q", "-m", "처음"]);
    shop.pushed().await;
    shop.build(&forced()).await.unwrap();
    shop.write("recipes/neu.txt", "geändert");
    shop.build(&forced()).await.unwrap();
    let sources: Vec<_> = shop
        .records()
        .into_iter()
        .map(|record| record.draft.source.unwrap())
        .collect();
    assert!(sources.iter().all(|source| source.revision.len() == 40));
    let dirty: Vec<bool> = sources.iter().map(|source| source.dirty).collect();
    assert_eq!(dirty, [false, false, true]);
}

#[tokio::test]
async fn metadata_speaks_the_words_of_buildx_and_adds_the_platforms() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "tags: [\"1\", latest]\nbase: debian:12\nsteps:\n  - run: echo x\n",
    );
    let report = shop.pushed().await;
    let document = metadata(&report);
    let app = &document["team/app:1"];
    let digest = shop.tag("app:1").unwrap();
    let (_, text) = shop.index("app:1").await;
    assert_eq!(app["containerimage.digest"], digest.as_str());
    let descriptor = &app["containerimage.descriptor"];
    assert_eq!(descriptor["digest"], digest.as_str());
    assert_eq!(descriptor["size"], text.len());
    assert_eq!(
        descriptor["mediaType"],
        "application/vnd.oci.image.index.v1+json"
    );
    assert_eq!(
        app["image.name"],
        "127.0.0.1:5999/team/app:1,127.0.0.1:5999/team/app:latest"
    );
    for platform in [AMD64, ARM64] {
        let of = &app["kiln.platforms"][platform.to_string()];
        let (manifest, _) = shop.image("app:1", platform).await;
        assert_eq!(
            of["containerimage.config.digest"],
            manifest.config.digest.as_str()
        );
        let put = solved(leg(&report, "app", platform)).manifest.as_ref();
        assert_eq!(of["containerimage.digest"], put.unwrap().digest.as_str());
    }
    let unpushed = shop.build(&BuildOptions::default()).await.unwrap();
    let document = metadata(&unpushed);
    assert!(
        document["team/app:1"]
            .get("containerimage.digest")
            .is_none()
    );
}

#[tokio::test]
async fn the_same_recipe_gives_the_same_requests_in_two_folders() {
    let mut requests = Vec::new();
    for _ in 0..2 {
        let shop = Workshop::new().await;
        shop.recipe(
            "app",
            "base: debian:12\nsteps:\n  - write: {path: /größe, content: 내용}\n  - run: echo x\n",
        );
        shop.pushed().await;
        let of = |platform: Platform| {
            let seen = shop.solver.seen_for("app", platform);
            (seen.definition(), seen.image().config.clone())
        };
        requests.push([of(AMD64), of(ARM64)]);
    }
    assert!(requests[0] == requests[1]);
}

#[tokio::test]
async fn layers_are_compressed_as_the_recipe_says_else_as_the_registry_says() {
    let asked = async |registry: &str, recipe: &str| {
        let shop = Workshop::new().await;
        let yaml = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
        shop.write(
            "kiln.yaml",
            &yaml.replace("\"}", &format!("\"{registry}}}")),
        );
        shop.recipe("app", &format!("base: debian:12\n{recipe}"));
        shop.pushed().await;
        [AMD64, ARM64].map(|platform| {
            let seen = shop.solver.seen_for("app", platform);
            seen.image().packing.map(|it| it.to_string())
        })
    };
    let both = |text: &str| [Some(text.to_owned()), Some(text.to_owned())];
    let zstd = ", compression: {type: zstd, level: 3}";
    assert_eq!(asked("", "").await, both("zstd, new layers only"));
    assert_eq!(asked(zstd, "").await, both("zstd, level 3"));
    let recipe = "compression: {type: gzip, level: 6}\n";
    assert_eq!(asked("", recipe).await, both("gzip, level 6"));
    assert_eq!(asked(zstd, recipe).await, both("gzip, level 6"));
    let one = "compression: {if: arch == \"arm64\", then: {type: estargz}}\n";
    let mixed = ["zstd, level 3", "estargz"].map(|text| Some(text.to_owned()));
    assert_eq!(asked(zstd, one).await, mixed);
}

#[tokio::test]
async fn what_old_engines_may_read_is_packed_as_they_can() {
    let asked = async |registry: &str, recipe: &str| {
        let shop = Workshop::new().await;
        let yaml = std::fs::read_to_string(shop.path("kiln.yaml")).unwrap();
        shop.write(
            "kiln.yaml",
            &yaml.replace("\"}", &format!("\"{registry}}}")),
        );
        shop.recipe("app", &format!("base: debian:12\n{recipe}"));
        shop.pushed().await;
        let seen = shop.solver.seen_for("app", AMD64);
        seen.image().packing.unwrap().to_string()
    };
    let harbor = ", type: harbor2";
    assert_eq!(asked(harbor, "").await, "gzip, level 4");
    assert_eq!(asked(", type: docker", "").await, "zstd, new layers only");
    let said = "compression: {type: zstd}\n";
    assert_eq!(asked(harbor, said).await, "zstd");
    let both = ", type: harbor2, compression: {type: zstd, level: 9}";
    assert_eq!(asked(both, "").await, "zstd, level 9");
}
