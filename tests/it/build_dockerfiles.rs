//! Images that begin with what a Dockerfile makes.

use kiln::buildkit::Dockerfile;
use kiln::ops::build::{BuildOptions, ImageState, Output};
use kiln::ops::{OpError, SecretFrom};

use crate::build::{AMD64, ARM64, Seen, Workshop, leg, push, solved};

const FILE: &str = "ARG BASE=nichts\nFROM $BASE AS fertig\nRUN echo größer\n";
const RECIPE: &str = "dockerfile:\n  context: ../app\n  target: fertig\n  \
                      args: {WORT: \"größer $x; ${{ arch }}\"}\n  \
                      base_args: {BASE: debian:12}\n\
                      labels: {titel: 한글}\ncmd: [eins, zwei]\n";

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.write("app/Dockerfile", FILE);
    shop.recipe("app", RECIPE);
    shop
}

/// The solves of Dockerfiles, in their order.
fn dockerfiles(shop: &Workshop) -> Vec<Seen> {
    let seen = shop.solver.seen().into_iter();
    seen.filter(|seen| seen.dockerfile().is_some()).collect()
}

fn dockerfile(seen: &Seen) -> &Dockerfile {
    seen.dockerfile().unwrap()
}

#[tokio::test]
async fn a_dockerfile_is_built_per_platform_and_its_result_is_the_base() {
    let shop = shop().await;
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
    let seen = shop.solver.seen();
    assert_eq!(seen.len(), 4, "two solves per platform");
    for platform in [AMD64, ARM64] {
        let own = seen.iter().filter(|seen| seen.platform() == platform);
        let own: Vec<&Seen> = own.collect();
        let [first, second] = own.as_slice() else {
            panic!("{own:?}");
        };
        assert!(first.definition().is_empty());
        let told = dockerfile(first);
        assert_eq!(
            told.folder,
            shop.path("app").canonicalize().unwrap(),
            "of the file"
        );
        assert_eq!((&*told.file, &told.context), ("Dockerfile", &told.folder));
        assert_eq!(told.target.as_deref(), Some("fertig"));
        assert_eq!(
            told.args["WORT"],
            format!("größer $x; {}", platform.architecture())
        );
        assert_eq!(first.epoch(), None, "no time was asked for");
        assert_eq!(first.repository(), second.repository());
        let (manifest, config) = shop.image("app:1", platform).await;
        assert_eq!(manifest.layers.len(), 1, "the recipe adds no layer");
        assert_eq!(config.config.env, ["WOHER=Dockerfile, größer"]);
        assert_eq!(config.config.cmd.unwrap(), ["eins", "zwei"]);
        assert_eq!(config.config.labels.unwrap()["titel"], "한글");
        assert_eq!(
            config.history[0].created_by.as_deref(),
            Some("RUN echo größer # buildkit")
        );
        assert_eq!(config.created.as_deref(), Some("2027-03-04T05:06:07Z"));
        let sources = second.sources();
        let [source] = sources.as_slice() else {
            panic!("{sources:?}");
        };
        let of = "docker-image://127.0.0.1:5999/team/app@sha256:";
        assert!(source.starts_with(of), "{source}");
        assert_eq!(solved(leg(&report, "app", platform)).ran, 2);
    }
}

#[tokio::test]
async fn images_are_given_by_digest_under_args_and_names() {
    let shop = shop().await;
    let debian = shop.seed("debian:12", &[AMD64, ARM64]).await.index;
    shop.recipe("eltern", "base: debian:12\nsteps:\n  - run: echo a\n");
    shop.recipe(
        "app",
        "dockerfile:\n  file: ../app/Dockerfile\n  context: ../app\n  base_args: {BASE: {recipe: eltern}}\n  \
         contexts: {\"docker.io/library/python:3.12\": debian:12, leer: scratch}\n",
    );
    let report = shop.pushed().await;
    for seen in dockerfiles(&shop) {
        let told = dockerfile(&seen);
        let parent = solved(leg(&report, "eltern", seen.platform()));
        let parent = parent.manifest.as_ref().unwrap();
        assert_eq!(
            told.args["BASE"],
            format!("127.0.0.1:5999/team/eltern@{}", parent.digest)
        );
        let contexts: Vec<_> = told.contexts.iter().collect();
        let pinned = format!("docker-image://docker.io/library/debian:12@{debian}");
        assert_eq!(
            contexts,
            [
                (&"leer".to_owned(), &"docker-image://scratch".to_owned()),
                (&"python:3.12".to_owned(), &pinned),
            ]
        );
    }
    assert_eq!(dockerfiles(&shop).len(), 2);
}

#[tokio::test]
async fn without_a_registry_a_parent_comes_out_of_the_layout_under_the_same_words() {
    let shop = shop().await;
    shop.recipe("eltern", "base: debian:12\nsteps:\n  - run: echo a\n");
    shop.recipe(
        "app",
        "dockerfile: {context: ../app, base_args: {BASE: {recipe: eltern}}}\n",
    );
    shop.pushed().await;
    let pushed = dockerfiles(&shop);
    let folder = tempfile::tempdir().unwrap();
    let options = BuildOptions {
        outputs: vec![Output::Layout(folder.path().join("größe"))],
        ..BuildOptions::default()
    };
    let report = shop.build(&options).await.unwrap();
    assert_eq!(report.images[1].state, ImageState::Built);
    let laid = &dockerfiles(&shop)[2..];
    assert_eq!(laid.len(), 2);
    for seen in laid {
        let told = dockerfile(seen);
        let same = pushed.iter().find(|it| it.platform() == seen.platform());
        let reference = &told.args["BASE"];
        assert_eq!(*reference, dockerfile(same.unwrap()).args["BASE"]);
        let (_, digest) = reference.split_once('@').unwrap();
        assert_eq!(
            told.contexts[reference],
            format!("oci-layout://kiln-output@{digest}")
        );
        assert_eq!(seen.stores(), ["kiln-output"]);
        assert!(seen.repository().is_none());
    }
}

#[tokio::test]
async fn a_build_that_leaves_nothing_exports_nothing_but_what_others_are_made_of() {
    let shop = shop().await;
    let report = shop.build(&BuildOptions::default()).await.unwrap();
    assert_eq!(report.images[0].state, ImageState::Built);
    let seen = shop.solver.seen();
    assert_eq!(seen.len(), 2, "there is nothing to add to a Dockerfile");
    assert!(seen.iter().all(|seen| !seen.exports()));

    shop.recipe("kind", "base: {recipe: app}\nsteps:\n  - run: echo kind\n");
    shop.recipe(
        "enkel",
        "base: {recipe: kind}\nsteps:\n  - run: echo enkel\n",
    );
    let report = shop.build(&BuildOptions::default()).await.unwrap();
    assert!(report.images.iter().all(|it| it.state == ImageState::Built));
    let seen = &shop.solver.seen()[2..];
    let enkel: Vec<_> = seen.iter().filter(|it| it.has("echo enkel")).collect();
    assert_eq!(enkel.len(), 2);
    for seen in enkel {
        assert!(!seen.exports());
        let sources = seen.sources();
        let real = |source: &String| source.starts_with("oci-layout://layout/kiln-output@sha256:");
        assert!(sources.iter().all(real), "{sources:?}");
        assert_eq!(seen.stores(), ["kiln-output"]);
    }
    // What was passed on is gone.
    assert_eq!(shop.own_files(), ["builders.json"]);
}

#[tokio::test]
async fn a_time_that_is_asked_for_reaches_the_dockerfile_as_tools_expect_it() {
    let shop = shop().await;
    let options = BuildOptions {
        epoch: Some(1_700_000_000),
        no_cache: true,
        ..push()
    };
    shop.build(&options).await.unwrap();
    for seen in dockerfiles(&shop) {
        let told = dockerfile(&seen);
        assert_eq!(told.args["SOURCE_DATE_EPOCH"], "1700000000");
        assert_eq!(seen.epoch(), Some(1_700_000_000));
        assert!(seen.image().rewrite_times);
        assert!(told.no_cache);
    }
    let (_, config) = shop.image("app:1", AMD64).await;
    assert_eq!(config.created.as_deref(), Some("2023-11-14T22:13:20Z"));
}

#[tokio::test]
async fn proxies_reach_the_dockerfile_as_docker_hands_them_and_the_recipe_wins() {
    let shop = shop().await;
    let recipe = RECIPE.replace("  args: {", "  args: {no_proxy: größe.example, ");
    shop.recipe("app", &recipe);
    let mut options = push();
    options.proxy.http = "http://proxy.example:3128".to_owned();
    options.proxy.no = "localhost".to_owned();
    shop.build(&options).await.unwrap();
    let seen = dockerfiles(&shop);
    let args = &dockerfile(&seen[0]).args;
    assert_eq!(args["HTTP_PROXY"], "http://proxy.example:3128");
    assert_eq!(args["http_proxy"], args["HTTP_PROXY"]);
    assert_eq!(args["NO_PROXY"], "localhost");
    assert_eq!(args["no_proxy"], "größe.example");
    assert!(!args.contains_key("FTP_PROXY"));
}

#[tokio::test]
async fn secrets_and_agents_are_those_that_the_recipe_names_and_must_be_given() {
    let shop = shop().await;
    shop.recipe(
        "app",
        "dockerfile:\n  context: ../app\n  secrets: [{id: token}, {id: egal, required: false}]\n",
    );
    let Err(OpError::Usage { message, next }) = shop.build(&push()).await else {
        panic!("it began");
    };
    assert_eq!(message, "a step needs the secret `token`");
    assert!(next.unwrap().contains("--secret id=token"));
    shop.write("wert", "größer");
    let mut options = push();
    let from = SecretFrom::File(shop.path("wert"));
    for id in ["token", "anderes"] {
        options.given.add_secret(id, &from).unwrap();
    }
    shop.build(&options).await.unwrap();
    let seen = dockerfiles(&shop);
    let ids: Vec<&str> = dockerfile(&seen[0])
        .secrets
        .iter()
        .map(String::as_str)
        .collect();
    assert_eq!(ids, ["egal", "token"]);
}
