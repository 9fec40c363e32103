//! Images that begin with a Dockerfile, made by a real frontend.

use crate::daemon::Daemon;
use crate::lab::BOTH;
use crate::published::Published;
use crate::workspace::{Workspace, run};

/// A workspace whose recipe has a Dockerfile in `r/app`, and what stands below `dockerfile`.
pub(crate) fn with(file: &str, keys: &str, rest: &str) -> Option<Workspace> {
    let space = Workspace::new()?;
    space.file("r/app/Dockerfile", file);
    recipe(&space, keys, rest);
    Some(space)
}

pub(crate) fn recipe(space: &Workspace, keys: &str, rest: &str) {
    space.file(
        "r/recipe.yaml",
        &format!(
            "kiln: 1\nname: image\nrepository: live/UNIQUE\ntags: [it]\n\
             dockerfile:\n  context: app\n{keys}{rest}"
        ),
    );
}

fn another(space: &Workspace, name: &str, body: &str) {
    let head = format!("kiln: 1\nname: {name}\nrepository: live/UNIQUE-{name}\ntags: [it]\n");
    space.file(&format!("{name}/recipe.yaml"), &format!("{head}{body}"));
}

fn published(space: &Workspace, name: &str) -> Published {
    let reference = format!("{}/{}-{name}:it", space.lab.registry, space.repository());
    Published::read(&space.lab, &reference)
}

const STAGES: &str = "FROM kiln-test/tiny:1 AS bau
ARG WORT
ARG TARGETARCH
RUN echo \"$WORT $TARGETARCH UNIQUE\" > /wort; uname -m > /machine
FROM kiln-test/tiny:1 AS fertig
COPY --from=bau /wort /machine /
ENV AUS=Dockerfile
LABEL von=Dockerfile
WORKDIR /srv
COPY . .
FROM nirgends.invalid/x AS unbenutzt
";

#[test]
fn a_target_of_many_stages_gets_args_and_files_and_the_recipes_labels_and_command() {
    let Some(space) = with(
        STAGES,
        "  target: fertig\n  args: {WORT: 'größer; $HOME \"${{ arch }}\"'}\n",
        "labels: {titel: 한글}\ncmd: [cat, /wort]\nhealthcheck: {test: [CMD, cat, /wort]}\n",
    ) else {
        return;
    };
    space.file("r/app/.dockerignore", "geheim\n*.tmp\n");
    for name in ["geheim", "x.tmp", "datei", "größe/한.txt"] {
        space.file(&format!("r/app/{name}"), "UNIQUE");
    }
    let image = space.publish();
    for (platform, machine) in BOTH.into_iter().zip(["x86_64", "aarch64"]) {
        let built = image.on(platform);
        let (_, arch) = platform.split_once('/').unwrap();
        assert_eq!(
            built.text("wort"),
            format!("größer; $HOME \"{arch}\" {arch} {}\n", space.unique)
        );
        assert_eq!(built.text("machine"), format!("{machine}\n"));
        let files = built.files();
        let in_srv: Vec<&str> = files
            .keys()
            .filter_map(|path| path.strip_prefix("srv/"))
            .collect();
        let expected = [
            ".dockerignore",
            "Dockerfile",
            "datei",
            "größe",
            "größe/한.txt",
        ];
        assert_eq!(in_srv, expected, "{platform}");
        let config = &built.config["config"];
        assert_eq!(config["Labels"]["titel"], "한글");
        assert_eq!(config["Labels"]["von"], "Dockerfile");
        assert_eq!(config["Cmd"], serde_json::json!(["cat", "/wort"]));
        assert_eq!(config["Healthcheck"]["Test"][0], "CMD");
        assert_eq!(config["WorkingDir"], "/srv");
        assert_eq!(built.env("AUS").as_deref(), Some("Dockerfile"));
        assert_eq!(built.config["architecture"], *arch);
        assert_eq!(built.layer_digests().len(), 4, "the recipe adds no layer");
    }
    space
        .kiln(&["build", "--push"])
        .expect(0)
        .says(&["[bau 2/2] RUN echo", "COPY . . (cached)"]);
    assert_eq!(space.published().digest, image.digest);
}

#[test]
fn the_ignore_file_of_a_dockerfile_wins_over_that_of_the_context() {
    let Some(space) = with("FROM kiln-test/tiny:1\nCOPY . /d/\n", "", "") else {
        return;
    };
    space.file("r/app/.dockerignore", "nur-so\n");
    space.file(
        "r/app/Dockerfile.dockerignore",
        "Dockerfile*\n.docker*\nnur-anders\n",
    );
    for name in ["nur-so", "nur-anders", "UNIQUE"] {
        let name = name.replace("UNIQUE", &space.unique);
        space.file(&format!("r/app/{name}"), "한");
    }
    let image = space.publish();
    let files = image.on(BOTH[0]).files();
    let copied: Vec<&str> = files
        .keys()
        .filter_map(|it| it.strip_prefix("d/"))
        .collect();
    assert_eq!(copied, ["nur-so", space.unique.as_str()]);
}

#[test]
fn the_workspace_as_a_context_is_sent_without_kilns_own_files() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file(
        "r/Dockerfile",
        "FROM kiln-test/tiny:1\nCOPY . /d/\nRUN echo UNIQUE\n",
    );
    recipe(&space, "  file: Dockerfile\n", "");
    space.file(
        "r/recipe.yaml",
        "kiln: 1\nname: image\nrepository: live/UNIQUE\ntags: [it]\n\
         dockerfile: {context: /, file: Dockerfile}\n",
    );
    let first = space.publish();
    assert!(space.path(".kiln/records.jsonl").exists());
    assert_eq!(space.publish().digest, first.digest, "a record is no input");
    let files = first.on(BOTH[0]).files();
    assert!(files.contains_key("d/kiln.yaml"));
    assert!(
        !files.keys().any(|path| path.contains(".kiln")),
        "{files:?}"
    );
}

const ON_PARENTS: &str = "ARG BASE=nirgends.invalid/x
FROM python:3.99 AS bau
RUN cat /eltern > /gesehen
FROM ${BASE}
COPY --from=bau /gesehen /gesehen
RUN cat /eltern && echo UNIQUE
";
const GIVEN: &str =
    "  base_args: {BASE: {recipe: eltern}}\n  contexts: {\"python:3.99\": {recipe: eltern}}\n";

fn family() -> Option<Workspace> {
    let space = with(ON_PARENTS, GIVEN, "")?;
    let body =
        "base: docker.io/kiln-test/tiny:1\nsteps:\n  - run: echo UNIQUE $(uname -m) > /eltern\n";
    another(&space, "eltern", body);
    another(
        &space,
        "kind",
        "base: {recipe: image}\nsteps:\n  - run: cat /gesehen > /kind\n",
    );
    another(
        &space,
        "enkel",
        "base: {recipe: kind}\nsteps:\n  - run: cat /kind > /enkel\n",
    );
    Some(space)
}

#[test]
fn another_recipe_stands_for_an_arg_and_for_a_name_and_children_begin_with_the_result() {
    let Some(space) = family() else {
        return;
    };
    space.kiln(&["build", "--push"]).expect(0);
    let (parent, image) = (published(&space, "eltern"), space.published());
    let grandchild = published(&space, "enkel");
    for (platform, machine) in BOTH.into_iter().zip(["x86_64", "aarch64"]) {
        let layers = image.on(platform).layer_digests();
        let below = parent.on(platform).layer_digests();
        assert_eq!(layers[..below.len()], below, "{platform}");
        let words = format!("{} {machine}\n", space.unique);
        assert_eq!(image.on(platform).text("gesehen"), words);
        let above = grandchild.on(platform);
        assert_eq!(above.layer_digests()[..layers.len()], layers);
        assert_eq!(above.text("enkel"), words);
    }
    let child = published(&space, "kind");
    let annotations = &child.on(BOTH[1]).manifest["annotations"];
    assert_eq!(
        annotations["org.opencontainers.image.base.digest"],
        *image.on(BOTH[1]).digest
    );
}

#[test]
fn a_layout_without_a_registry_has_what_a_push_publishes_and_a_build_alone_succeeds() {
    let Some(space) = family() else {
        return;
    };
    // Only the cache, first: what is passed on between images leaves nothing behind.
    space.kiln(&["build"]).expect(0);
    let left: Vec<_> = std::fs::read_dir(space.path(".kiln"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name() != "builders.json")
        .collect();
    assert!(left.is_empty(), "{left:?}");
    let run = space
        .kiln(&["build", "-o", "oci-layout=größe/out", "--format=json"])
        .expect(0);
    assert!(!space.is_published());
    let laid = run.json();
    let pushed = space
        .kiln(&["build", "--push", "--format=json"])
        .expect(0)
        .json();
    for image in 0..4 {
        let index = |document: &serde_json::Value| document["images"][image]["index"].clone();
        assert_eq!(index(&laid), index(&pushed), "{image}");
    }
    let name = format!(
        "oci:{}:{}:it",
        space.path("größe/out").display(),
        space.repository()
    );
    for platform in BOTH {
        let (_, arch) = platform.split_once('/').unwrap();
        let arguments = [
            "--override-arch",
            arch,
            "inspect",
            "--format={{.Architecture}}",
            &name,
        ];
        assert_eq!(space.lab.text_of("skopeo", arguments).trim(), arch);
    }
}

#[test]
fn contexts_whose_files_look_alike_are_kept_apart() {
    let Some(space) = with("FROM kiln-test/tiny:1\nCOPY datei /datei\n", "", "") else {
        return;
    };
    another(&space, "zwilling", "dockerfile: {context: app}\n");
    space.file(
        "zwilling/app/Dockerfile",
        "FROM kiln-test/tiny:1\nCOPY datei /datei\n",
    );
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for (path, text) in [
        ("r/app/datei", "eins UNIQUE"),
        ("zwilling/app/datei", "zwei UNIQUE"),
    ] {
        space.file(path, text);
        let file = std::fs::File::options()
            .write(true)
            .open(space.path(path))
            .unwrap();
        file.set_modified(time).unwrap();
    }
    for _ in 0..2 {
        space.kiln(&["build", "--push", "--no-cache"]).expect(0);
        for platform in BOTH {
            let text = |image: &Published| image.on(platform).text("datei");
            assert_eq!(text(&space.published()), format!("eins {}", space.unique));
            assert_eq!(
                text(&published(&space, "zwilling")),
                format!("zwei {}", space.unique)
            );
        }
    }
}

#[test]
fn a_reproducible_dockerfile_is_the_same_on_two_daemons_with_empty_stores() {
    let Some(space) = with(
        "ARG BASE\nFROM $BASE\nARG SOURCE_DATE_EPOCH\nWORKDIR /größe\nCOPY datei .\n\
         RUN echo $SOURCE_DATE_EPOCH UNIQUE > /seen; mkdir -p /a/b; touch /a/b/c\n",
        "  base_args: {BASE: docker.io/kiln-test/tiny:1}\n",
        "labels: {a: b}\n",
    ) else {
        return;
    };
    let registry = space.lab.registry.clone();
    space.kiln_yaml(&registry, "defaults: {reproducible: true}\n");
    space.file("r/app/datei", "UNIQUE");
    let index = || {
        let daemon = Daemon::start(&space.lab);
        let mut command = space.command(&["build", "--push", "--format", "json"]);
        command.env("BUILDKIT_HOST", daemon.address());
        run(command).expect(0).json()["images"][0]["index"].clone()
    };
    let first = index();
    // Times in seconds must be able to differ.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(index(), first);
    let image = space.published();
    for platform in BOTH {
        let built = image.on(platform);
        let epoch = crate::lab::EPOCH;
        assert_eq!(built.text("seen"), format!("{epoch} {}\n", space.unique));
        for entry in built.layers().skip(1).flatten() {
            assert!(entry.time <= epoch, "{}", entry.line());
        }
    }
}

#[test]
fn a_plan_says_that_no_graph_shows_the_dockerfile_and_buildctl_reads_the_rest() {
    let Some(space) = with(
        "FROM kiln-test/tiny:1\nRUN echo UNIQUE\n",
        "",
        "labels: {größe: klein}\n",
    ) else {
        return;
    };
    let run = space.kiln(&["plan", "--llb", "graphs"]).expect(0);
    assert!(
        run.stdout.contains("dockerfile r/app/Dockerfile"),
        "{}",
        run.stdout
    );
    let stand_in = format!("dockerfile.invalid/{}:unbuilt", space.repository());
    let run = run.says(&["no graph shows r/app/Dockerfile", &stand_in]);
    let named = format!("live_{}_it.linux-arm64.llb", space.unique);
    assert!(run.stderr.contains(&named), "{}", run.stderr);
    let graph = space.path("graphs").join(named);
    let read = space.lab.buildctl_reading(&["debug", "dump-llb"], &graph);
    assert!(String::from_utf8(read).unwrap().contains(&stand_in));
}
