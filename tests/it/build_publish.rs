//! From legs to a published image: the order of writes, what is read back, and what is never touched.

use std::sync::Arc;

use kiln::ops::OpError;
use kiln::ops::build::{BuildOptions, EventSink, FailureKind, ImageState, run};
use kiln::registry::{Fault, Operation, Registry, Request};

use crate::build::{AMD64, ARM64, Rival, Workshop, forced, kinds, push};

const APP: &str = "tags: [\"1\", latest]\nbase: debian:12\nsteps:\n  - run: echo app\n";

fn only(platform: kiln::oci::Platform) -> BuildOptions {
    BuildOptions {
        platforms: [platform].into(),
        ..push()
    }
}

/// What was asked for in one way.
fn asked(requests: &[Request], operation: Operation) -> Vec<&str> {
    let requests = requests.iter().filter(|it| it.operation == operation);
    requests.map(|request| request.target.as_str()).collect()
}

#[tokio::test]
async fn children_come_first_then_the_index_then_the_tags_then_everything_is_read_back() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let report = shop.pushed().await;
    let (index, _) = shop.index("app:1").await;
    let digest = report.images[0].index.clone().unwrap().0.to_string();
    let children: Vec<String> = index
        .manifests
        .iter()
        .map(|entry| entry.digest.to_string())
        .collect();
    let puts = shop.puts();
    let mut first = puts[..2].to_vec();
    first.sort_by_key(|put| children.iter().position(|child| child == put));
    assert_eq!(first, children);
    assert_eq!(
        puts[2..],
        [digest.clone(), "1".to_owned(), "latest".to_owned()]
    );
    let requests = shop.registry.requests();
    let last = requests
        .iter()
        .rposition(|request| request.operation.is_write())
        .unwrap();
    let read = asked(&requests[last..], Operation::GetManifest);
    assert!(read.contains(&"1") && read.contains(&"latest"), "{read:?}");
    let seen = asked(&requests[last..], Operation::HeadManifest);
    let all = asked(&requests, Operation::GetManifest);
    for child in &children {
        assert!(seen.contains(&child.as_str()), "{child} was not looked for");
        // Its bytes were read, and found to have this digest, before the index named it.
        assert_eq!(all.iter().filter(|read| *read == child).count(), 1);
    }
    let index = requests.iter().position(|request| request.target == digest);
    let configs = asked(&requests[..index.unwrap()], Operation::GetBlob);
    assert!(configs.len() >= 2, "{configs:?}");
}

#[tokio::test]
async fn an_image_that_is_published_already_is_read_back_and_nothing_is_written() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.pushed().await;
    let (index, _) = shop.index("app:1").await;
    shop.registry.forget_requests();
    let report = shop.build(&forced()).await.unwrap();
    assert_eq!(report.images[0].state, ImageState::Built);
    let children = index.manifests.iter().map(|entry| entry.digest.to_string());
    let children: Vec<String> = children.collect();
    // The builder pushes its manifests; kiln itself has nothing to add.
    let puts = shop.puts();
    assert!(puts.iter().all(|put| children.contains(put)), "{puts:?}");
    let requests = shop.registry.requests();
    let mut read = asked(&requests, Operation::GetManifest);
    read.retain(|target| !target.starts_with("sha256:"));
    read.sort_unstable();
    assert_eq!(read, ["1", "12", "latest"], "each tag once, and the base");
}

#[tokio::test]
async fn a_tag_does_not_exist_before_all_platforms_are_done() {
    let mut shop = Workshop::new().await;
    shop.builders[0].slots = 1;
    shop.recipe("app", APP);
    shop.pushed().await;
    let puts = shop.puts();
    let tag = puts.iter().position(|put| put == "1").unwrap();
    assert_eq!(tag, 3, "two manifests and the index come before: {puts:?}");
}

#[tokio::test]
async fn index_bytes_are_the_same_from_run_to_run_and_entries_are_bare() {
    let mut texts = Vec::new();
    for slots in [1, 4] {
        let mut shop = Workshop::new().await;
        shop.builders[0].slots = slots;
        shop.recipe(
            "app",
            &format!("annotations: {{org.example.größe: 넓다}}\n{APP}"),
        );
        shop.pushed().await;
        let (index, text) = shop.index("app:latest").await;
        for (entry, architecture) in index.manifests.iter().zip(["amd64", "arm64"]) {
            assert!(entry.annotations.is_none());
            assert_eq!(entry.platform.as_ref().unwrap().architecture, architecture);
        }
        let annotations = index.annotations.unwrap();
        assert_eq!(annotations["org.example.größe"], "넓다");
        let (manifest, _) = shop.image("app:1", ARM64).await;
        assert_eq!(manifest.annotations.unwrap()["org.example.größe"], "넓다");
        assert_eq!(text.matches("annotations").count(), 1, "{text}");
        texts.push(text);
    }
    assert_eq!(texts[0], texts[1]);
}

#[tokio::test]
async fn one_platform_gives_an_index_as_well() {
    let shop = Workshop::new().await;
    shop.recipe("app", &format!("platforms: [linux/arm64]\n{APP}"));
    shop.pushed().await;
    let (index, _) = shop.index("app:1").await;
    assert_eq!(index.images().into_keys().collect::<Vec<_>>(), [ARM64]);
}

#[tokio::test]
async fn a_tag_that_points_there_already_is_left_alone() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.pushed().await;
    shop.registry.forget_requests();
    let report = shop.build(&forced()).await.unwrap();
    assert_eq!(report.images[0].state, ImageState::Built);
    assert!(!shop.puts().contains(&"1".to_owned()), "{:?}", shop.puts());
    assert_eq!(shop.records().len(), 2);
}

#[tokio::test]
async fn a_tag_that_cannot_be_written_says_which_others_moved_and_leaves_no_record() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.registry
        .fail_next(Operation::PutManifest, Some("latest"), Fault::Unavailable);
    let report = shop.pushed().await;
    let image = &report.images[0];
    assert_eq!(image.state, ImageState::Failed);
    let failure = image.error.as_ref().unwrap();
    assert!(matches!(failure.kind, FailureKind::Registry));
    assert!(failure.next.is_some());
    assert!(failure.message.contains("`latest`"), "{}", failure.message);
    assert!(
        failure
            .message
            .contains("127.0.0.1:5999/team/app:1 points to"),
        "{}",
        failure.message
    );
    assert!(shop.tag("app:1").is_some() && shop.tag("app:latest").is_none());
    assert_eq!(shop.records().len(), 0);
    let again = shop.pushed().await;
    // Everything is there but the tag.
    assert_eq!(again.images[0].state, ImageState::Tagged);
    assert_eq!(shop.tag("app:1"), shop.tag("app:latest"));
}

#[tokio::test]
async fn a_registry_that_goes_down_before_the_index_leaves_the_tags_as_they_were() {
    let first = Workshop::new().await;
    first.recipe("app", APP);
    let index = first.pushed().await.images[0].index.clone().unwrap().0;
    let rows = [
        (Operation::PutManifest, index.as_str(), 1),
        (Operation::HeadManifest, "1", 1),
        (Operation::PutManifest, "1", 1),
    ];
    for (operation, target, images) in rows {
        let shop = Workshop::new().await;
        shop.recipe("app", APP);
        shop.registry
            .fail_always(operation, Some(target), Fault::Unreachable);
        let report = shop.pushed().await;
        let failure = report.images[0].error.as_ref().unwrap();
        assert!(matches!(failure.kind, FailureKind::Registry));
        assert!(failure.next.is_some());
        assert_eq!(kinds(&report.images[0]), ["built", "built"]);
        assert_eq!(report.images.len(), images);
        assert_eq!((shop.tag("app:1"), shop.records().len()), (None, 0));
    }
}

#[tokio::test]
async fn a_registry_that_goes_down_after_a_push_fails_the_leg_with_a_next_step() {
    let first = Workshop::new().await;
    first.recipe("app", APP);
    first.pushed().await;
    let (index, _) = first.index("app:1").await;
    let child = index.images()[&ARM64].digest.clone();
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.registry.fail_next(
        Operation::GetManifest,
        Some(child.as_str()),
        Fault::Unavailable,
    );
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built", "registry"]);
    let kiln::ops::build::LegState::Failed(failure) = &report.images[0].legs[&ARM64].state else {
        panic!();
    };
    assert!(failure.next.is_some(), "{failure:?}");
}

#[tokio::test]
async fn a_tag_that_reads_back_as_something_else_is_not_recorded() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let rival = Rival::new(Arc::clone(&shop.registry), "latest", "debian:12");
    let mut backends = shop.backends();
    backends.origin = Arc::new(rival) as Arc<dyn Registry>;
    let (loaded, options) = (shop.load(), push());
    let report = run(&loaded, &options, &backends, &EventSink::none()).await;
    let report = report.unwrap();
    let failure = report.images[0].error.as_ref().unwrap();
    assert!(failure.message.contains("reads back as"), "{failure:?}");
    assert!(failure.next.as_ref().unwrap().contains("somebody else"));
    assert_eq!(report.images[0].state, ImageState::Failed);
    assert_eq!(shop.records().len(), 0);
}

#[tokio::test]
async fn a_tag_that_would_lose_platforms_is_refused_before_the_first_solve() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.pushed().await;
    let before = shop.tag("app:1");
    let solves = shop.solver.seen().len();
    let error = shop.build(&only(ARM64)).await.unwrap_err();
    let OpError::WouldShrink { platforms, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(platforms, &["linux/amd64"]);
    assert!(error.next_step().unwrap().contains("--allow-shrink"));
    assert_eq!(
        (shop.tag("app:1"), shop.solver.seen().len()),
        (before.clone(), solves)
    );
    let options = BuildOptions {
        allow_shrink: true,
        ..only(ARM64)
    };
    let report = shop.build(&options).await.unwrap();
    assert_eq!(report.images[0].state, ImageState::Built);
    assert_ne!(shop.tag("app:1"), before);
    let (index, _) = shop.index("app:1").await;
    assert_eq!(index.images().into_keys().collect::<Vec<_>>(), [ARM64]);
    // Now it has one platform only, and that may be replaced.
    shop.build(&only(ARM64)).await.unwrap();
    shop.build(&only(AMD64)).await.unwrap_err();
}

#[tokio::test]
async fn without_push_platforms_may_be_left_out_freely() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.pushed().await;
    let options = BuildOptions {
        push: false,
        ..only(ARM64)
    };
    shop.build(&options).await.unwrap();
}

#[tokio::test]
async fn an_image_without_the_platforms_asked_for_is_skipped_and_its_tag_untouched() {
    for published in [false, true] {
        let shop = Workshop::new().await;
        shop.recipe("app", APP);
        shop.recipe(
            "amd-only",
            "platforms: [linux/amd64]\nbase: debian:12\nsteps:\n  - run: echo x\n",
        );
        if published {
            let selectors = vec!["amd-only".to_owned()];
            let options = BuildOptions {
                selectors,
                ..push()
            };
            shop.build(&options).await.unwrap();
        }
        let before = shop.tag("amd-only:1");
        let report = shop.build(&only(ARM64)).await.unwrap();
        let image = |name| report.images.iter().find(|it| it.name == name).unwrap();
        assert_eq!(image("amd-only").state, ImageState::Skipped);
        assert!(image("amd-only").error.is_none());
        assert_eq!(image("app").state, ImageState::Built);
        assert_eq!(shop.tag("amd-only:1"), before);
    }
}

#[tokio::test]
async fn a_platform_that_no_image_has_is_a_usage_error() {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    let options = BuildOptions {
        platforms: ["linux/riscv64".parse().unwrap()].into(),
        ..push()
    };
    let error = shop.build(&options).await.unwrap_err();
    assert!(matches!(error, OpError::Usage { .. }), "{error:?}");
}

#[tokio::test]
async fn a_workspace_without_a_registry_cannot_push_and_says_how_to_name_one() {
    let shop = Workshop::new().await;
    shop.write("kiln.yaml", "kiln: 1\nrecipes: [recipes/*.yaml]\n");
    shop.recipe("app", APP);
    let error = shop.build(&push()).await.unwrap_err();
    assert!(matches!(error, OpError::Usage { .. }), "{error:?}");
    assert!(error.next_step().unwrap().contains("registry"));
    shop.build(&BuildOptions::default()).await.unwrap();
}

#[tokio::test]
async fn variants_of_one_name_go_each_to_its_own_registry() {
    let shop = Workshop::new().await;
    shop.write(
        "kiln.yaml",
        "kiln: 1\nrecipes: [recipes/*.yaml]\nregistries:\n  a: {url: \"http://127.0.0.1:5998\"}\n  b: {url: \"http://127.0.0.1:5999\"}\n",
    );
    shop.recipe(
        "app",
        "axes: {where: [a, b]}\nregistry: \"${{ where }}\"\nbase: debian:12\nsteps:\n  - run: echo ${{ where }}\n",
    );
    let report = shop.pushed().await;
    let references: Vec<&str> = report
        .images
        .iter()
        .map(|image| image.references[0].as_str())
        .collect();
    assert_eq!(
        references,
        ["127.0.0.1:5998/team/app:1", "127.0.0.1:5999/team/app:1"]
    );
    let names: Vec<String> = kiln::ops::build::metadata(&report)
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect();
    assert_eq!(names, references, "metadata tells them apart");
}
