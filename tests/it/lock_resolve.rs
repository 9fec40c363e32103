//! What names stand for is looked up, kept and moved.

use kiln::oci::Reference;
use kiln::ops::OpError;
use kiln::ops::build::BuildOptions;
use kiln::ops::lock::{LockOptions, LockReport, Pinned};
use kiln::registry::{Fault, Operation};

use crate::build::{AMD64, ARM64, findings, forced, kinds, push};
use crate::locksmith::{Locksmith, moved, said};

fn sum_of(text: &str) -> String {
    kiln::oci::Digest::sha256_of(text.as_bytes()).to_string()
}

#[tokio::test]
async fn a_base_is_locked_with_its_index_and_both_platforms_and_asked_for_once() {
    let smith = Locksmith::new().await;
    let seeded = smith.shop.seed("python:3.12-slim", &[AMD64, ARM64]).await;
    smith.shop.recipe("a", "base: python:3.12-slim\n");
    smith.shop.recipe("b", "base: python:3.12-slim\n");
    let report = smith.lock().await.unwrap();
    assert!(report.written && report.fresh);
    assert_eq!(report.period.to_string(), "2026Q4");
    let image = smith.read();
    let image = image.image(&"python:3.12-slim".parse().unwrap()).unwrap();
    assert_eq!(image.index, seeded.index);
    assert_eq!(image.platforms, seeded.manifests);
    let requests = smith.shop.registry.requests();
    let by_tag = requests
        .iter()
        .filter(|request| request.target == "3.12-slim");
    assert_eq!(by_tag.count(), 1, "{requests:?}");
    // One for the index, and for each platform one for its manifest and one for its configuration.
    assert_eq!(requests.len(), 5, "{requests:?}");
    smith.shop.registry.forget_requests();
    let again = smith.lock().await.unwrap();
    assert!(!again.written && again.changes.is_empty());
    assert_eq!(smith.shop.registry.requests(), []);
}

#[tokio::test]
async fn what_is_there_stays_what_is_new_is_added_and_what_nothing_uses_goes() {
    let smith = Locksmith::new().await;
    smith.shop.recipe("a", "base: debian:12\n");
    smith.lock().await.unwrap();
    let before = smith.read();
    moved(&smith.shop, "debian:12", "새것").await;
    smith.shop.seed("alpine:3", &[AMD64, ARM64]).await;
    smith.shop.recipe("b", "base: alpine:3\n");
    let report = smith.lock().await.unwrap();
    assert_eq!(report.changes.len(), 3, "{:?}", report.changes);
    let debian: Reference = "debian:12".parse().unwrap();
    assert_eq!(smith.read().image(&debian), before.image(&debian));
    smith.shop.recipe("a", "base: alpine:3\n");
    smith.lock().await.unwrap();
    assert_eq!(smith.read().image(&debian), None);
    assert!(!smith.text().contains("debian"));
}

#[tokio::test]
async fn an_update_moves_what_it_names_and_only_one_of_everything_begins_a_period() {
    let smith = Locksmith::new().await;
    smith.serve("/gr%C3%B6%C3%9Fe", "하나");
    let url = format!("{}/größe", smith.url);
    smith.shop.recipe(
        "a",
        &format!("base: debian:12\nsteps:\n  - fetch: {{url: \"{url}\", to: /f}}\n"),
    );
    smith.shop.seed("alpine:3", &[AMD64, ARM64]).await;
    smith.shop.recipe("b", "base: alpine:3\n");
    smith.lock().await.unwrap();
    moved(&smith.shop, "debian:12", "새것").await;
    moved(&smith.shop, "alpine:3", "새것").await;
    smith.serve("/gr%C3%B6%C3%9Fe", "둘");
    let shown = |report: &LockReport| -> Vec<String> {
        let all = report.changes.iter();
        let all = all.filter(|change| change.platform.is_none());
        all.map(|change| format!("{} {}", change.kind.as_str(), change.name))
            .collect()
    };
    let report = smith.update(&["a"], &[Pinned::Base]).await.unwrap();
    assert_eq!(shown(&report), ["base docker.io/library/debian:12"]);
    assert_eq!(report.changes.len(), 3);
    assert!(
        report
            .changes
            .iter()
            .all(|change| change.old.is_some() && change.new.is_some())
    );
    assert_eq!(report.period.to_string(), "2026Q4");
    let report = smith.update(&[], &[]).await.unwrap();
    assert_eq!(
        shown(&report),
        [
            "period ",
            "base docker.io/library/alpine:3",
            &format!("fetch {url}")
        ]
    );
    assert_eq!(report.period.to_string(), "2027Q1");
    assert_eq!(smith.read().fetch(&url).unwrap().to_string(), sum_of("둘"));
}

#[tokio::test]
async fn a_build_stands_on_what_the_lock_says_though_the_tag_has_moved_and_writes_nothing() {
    let smith = Locksmith::new().await;
    smith
        .shop
        .recipe("a", "base: debian:12\nsteps:\n  - run: echo 가\n");
    smith.lock().await.unwrap();
    let text = smith.text();
    moved(&smith.shop, "debian:12", "새것").await;
    for locked in [false, true] {
        let options = BuildOptions { locked, ..forced() };
        let report = smith.shop.build(&options).await.unwrap();
        assert_eq!(kinds(&report.images[0]), ["built", "built"]);
    }
    let pinned = smith
        .read()
        .image(&"debian:12".parse().unwrap())
        .unwrap()
        .index
        .clone();
    let seen = smith.shop.solver.seen();
    assert_eq!(seen.len(), 4);
    let wanted = format!("library/debian:12@{pinned}");
    for solve in seen {
        let graph = solve.definition().concat();
        assert!(
            String::from_utf8_lossy(&graph).contains(&wanted),
            "{solve:?}"
        );
    }
    let asked = smith.shop.registry.requests();
    let tags = asked.iter().filter(|request| request.target == "12");
    assert_eq!(tags.count(), 0, "{asked:?}");
    assert_eq!(smith.text(), text);
}

#[tokio::test]
async fn a_build_without_everything_in_the_lock_looks_it_up_or_refuses() {
    let smith = Locksmith::new().await;
    smith.shop.recipe("a", "base: debian:12\n");
    smith.lock().await.unwrap();
    smith.shop.seed("alpine:3", &[AMD64, ARM64]).await;
    let recipe = "base: alpine:3\nsteps:\n  - fetch: {url: \"https://example.com/한\", to: /f}\n  \
                  - git: {url: \"https://example.com/r.git\", ref: main, to: /g}\n  - pip: {install: [numpy]}\n  \
                  - pip: {install: [./한글]}\n";
    smith.shop.recipe("b", recipe);
    assert_eq!(
        findings(smith.locked().await),
        [
            "recipes/b.yaml:5:7 kiln.lock does not have the digest of `docker.io/library/alpine:3` for linux/amd64, linux/arm64",
            "recipes/b.yaml:7:5 kiln.lock does not have the checksum of https://example.com/한",
            "recipes/b.yaml:8:5 kiln.lock does not have the commit of `main` of https://example.com/r.git",
            "recipes/b.yaml:9:5 kiln.lock does not have the packages of this step for linux/amd64",
            "recipes/b.yaml:9:5 kiln.lock does not have the packages of this step for linux/arm64",
            "recipes/b.yaml:10:5 the packages of this step cannot be locked: `./한글` is a file of the image",
        ]
    );
    assert!(smith.shop.solver.seen().is_empty());
    let report = smith.shop.build(&push()).await.unwrap();
    assert_eq!(kinds(&report.images[1]), ["built", "built"]);
    assert!(!smith.text().contains("alpine"));
}

#[tokio::test]
async fn a_base_whose_content_is_gone_says_how_to_go_on() {
    let smith = Locksmith::new().await;
    let seeded = smith.shop.seed("python:3.12-slim", &[AMD64, ARM64]).await;
    smith.shop.recipe("a", "base: python:3.12-slim\n");
    smith.lock().await.unwrap();
    let reference: Reference = "python:3.12-slim".parse().unwrap();
    let gone = &seeded.manifests[&ARM64];
    smith.shop.registry.remove(reference.repository(), gone);
    let index = &seeded.index;
    assert_eq!(
        findings(smith.locked().await),
        [format!(
            "recipes/a.yaml:5:7 kiln.lock has `docker.io/library/python:3.12-slim@{index}`, and docker.io has it no more"
        )]
    );
}

#[tokio::test]
async fn a_platform_that_is_added_comes_from_the_index_that_is_pinned() {
    let smith = Locksmith::new().await;
    smith
        .shop
        .recipe("a", "platforms: [linux/amd64]\nbase: debian:12\n");
    smith.lock().await.unwrap();
    let before = smith.read();
    moved(&smith.shop, "debian:12", "새것").await;
    smith.shop.recipe("a", "base: debian:12\n");
    smith.lock().await.unwrap();
    let debian: Reference = "debian:12".parse().unwrap();
    let (before, after) = (before.image(&debian).cloned().unwrap(), smith.read());
    let after = after.image(&debian).unwrap();
    assert_eq!(after.index, before.index);
    assert_eq!((before.platforms.len(), after.platforms.len()), (1, 2));
}

#[tokio::test]
async fn a_download_is_followed_to_its_end_and_a_missing_one_is_a_mistake_at_its_step() {
    let smith = Locksmith::new().await;
    let url = |path: &str| format!("{}/{path}", smith.url);
    smith.serve("/a", &format!("->{}", url("b")));
    smith.serve("/b", "->/c");
    smith.serve("/c", "끝");
    smith.serve("/loop", "->/loop");
    let step = |path: &str| format!("  - fetch: {{url: \"{}\", to: /f}}\n", url(path));
    smith
        .shop
        .recipe("a", &format!("base: debian:12\nsteps:\n{}", step("a")));
    smith.lock().await.unwrap();
    assert_eq!(
        smith.read().fetch(&url("a")).unwrap().to_string(),
        sum_of("끝")
    );
    let text = smith.text();
    smith.shop.recipe(
        "a",
        &format!("base: debian:12\nsteps:\n{}{}", step("gone"), step("loop")),
    );
    assert_eq!(
        said(smith.lock().await),
        [
            format!(
                "recipes/a.yaml:7:5 this download has no checksum: {} answers 404 Not Found",
                url("gone")
            ),
            format!(
                "recipes/a.yaml:8:5 this download has no checksum: {} redirects more than 10 times",
                url("loop")
            ),
        ]
    );
    assert_eq!(smith.text(), text, "the old lock stays");
}

#[tokio::test]
async fn a_download_is_read_up_to_a_limit_and_followed_to_the_web_only() {
    let smith = Locksmith::new().await;
    smith.serve("/f", "네 글자");
    let web = kiln::registry::Web::new(&kiln::registry::RemoteConfig::default()).unwrap();
    let url = format!("{}/f", smith.url);
    let size = "네 글자".len() as u64;
    let (sum, read) = web.checksum(&url, size).await.unwrap();
    assert_eq!((sum.to_string(), read), (sum_of("네 글자"), size));
    let refused = web.checksum(&url, size - 1).await.unwrap_err();
    assert_eq!(refused.to_string(), format!("{url} has more than 9 bytes"));
    assert!(!refused.is_unavailable());
    smith.serve("/ftp", "->ftp://example.com/f");
    let refused = web
        .checksum(&format!("{}/ftp", smith.url), 9)
        .await
        .unwrap_err();
    assert!(
        refused.to_string().ends_with("redirects to no address"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_branch_is_locked_by_the_commit_that_git_tells() {
    let smith = Locksmith::new().await;
    let [main, tag, peeled] = ["a1", "b2", "c3"].map(|two| two.repeat(20));
    smith.serve(
        "/r.git/info/refs",
        &format!("{main}\trefs/heads/main\n{tag}\trefs/tags/v1\n{peeled}\trefs/tags/v1^{{}}\n"),
    );
    smith.serve("/r.git/HEAD", "ref: refs/heads/main\n");
    let url = format!("{}/r.git", smith.url);
    let step = |name: &str| format!("  - git: {{url: \"{url}\", ref: \"{name}\", to: /g}}\n");
    let full = "d4".repeat(20);
    let recipe = |names: &[&str]| {
        let steps: String = names.iter().map(|name| step(name)).collect();
        format!("base: debian:12\nsteps:\n{steps}")
    };
    smith.shop.recipe("a", &recipe(&["main", "v1", &full]));
    smith.lock().await.unwrap();
    let lock = smith.read();
    assert_eq!(lock.git(&url, "main"), Some(main.as_str()));
    assert_eq!(lock.git(&url, "v1"), Some(peeled.as_str()));
    assert_eq!(lock.git(&url, &full), None, "a commit needs no lock");
    let graphs = smith.graphs().await;
    assert!(graphs.contains(&format!("#{peeled}")), "{graphs}");
    smith.shop.recipe("a", &recipe(&["가지"]));
    assert_eq!(
        said(smith.lock().await),
        [format!(
            "recipes/a.yaml:7:5 {url} has no branch or tag `가지`"
        )]
    );
}

#[tokio::test]
async fn a_registry_that_is_away_leaves_the_old_lock() {
    let smith = Locksmith::new().await;
    smith.shop.recipe("a", "base: debian:12\n");
    smith.lock().await.unwrap();
    let text = smith.text();
    smith
        .shop
        .registry
        .fail_always(Operation::GetManifest, None, Fault::Unreachable);
    smith.shop.recipe("b", "base: alpine:3\n");
    assert!(matches!(smith.lock().await, Err(OpError::Registry(_))));
    assert_eq!(smith.text(), text);
    smith.shop.registry.heal();
}

#[tokio::test]
async fn a_stage_of_the_builders_platform_is_locked_for_the_platforms_that_its_base_has() {
    let smith = Locksmith::new().await;
    smith.shop.seed("only-amd:1", &[AMD64]).await;
    let recipe = "base: debian:12\nstages:\n  tools: {platform: native, base: only-amd:1, steps: [{run: echo 도구}]}\n\
                  steps:\n  - copy: {from: tools, src: /x, to: /x}\n";
    smith.shop.recipe("a", recipe);
    smith.lock().await.unwrap();
    let lock = smith.read();
    let tools = lock.image(&"only-amd:1".parse().unwrap()).unwrap();
    assert_eq!(tools.platforms.keys().copied().collect::<Vec<_>>(), [AMD64]);
    let report = smith.locked().await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["built", "built"]);
}

#[tokio::test]
async fn a_run_for_a_part_drops_nothing() {
    let smith = Locksmith::new().await;
    smith.shop.seed("alpine:3", &[AMD64, ARM64]).await;
    smith.shop.recipe("a", "base: debian:12\n");
    smith
        .shop
        .recipe("b", "vars: {base: \"debian:12\"}\nbase: ${{ base }}\n");
    smith.lock().await.unwrap();
    smith.shop.recipe("a", "base: alpine:3\n");
    let part = LockOptions {
        selectors: vec!["a".to_owned()],
        ..LockOptions::default()
    };
    smith.shop.recipe("b", "base: alpine:3\n");
    smith.lock_with(&part).await.unwrap();
    let text = smith.text();
    assert!(
        text.contains("debian:12") && text.contains("alpine:3"),
        "{text}"
    );
    smith.lock().await.unwrap();
    assert!(!smith.text().contains("debian:12"));
}
