//! Dockerfiles that cannot be built: found before anything is built, or shown at the line that failed.

use kiln::buildkit::{SolveError, SourceLines};
use kiln::ops::build::{FailureKind, LegState};

use crate::build::{AMD64, ARM64, Act, Workshop, findings, kinds, leg, push, step_places};

const FILE: &str = "ARG BASE=nichts\nFROM $BASE AS fertig\nRUN echo größer\n";

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.write("app/Dockerfile", FILE);
    shop.recipe("app", "dockerfile:\n  context: ../app\n  target: fertig\n");
    shop
}

#[tokio::test]
async fn what_is_wrong_on_this_machine_is_found_before_anything_is_built() {
    let shop = shop().await;
    shop.recipe("a", "dockerfile: {}\n");
    shop.recipe(
        "b",
        "dockerfile: {file: ../app/Dockerfile, context: ../nicht-da}\n",
    );
    shop.recipe(
        "c",
        "dockerfile: {context: ../app/Dockerfile, file: ../app/Dockerfile}\n",
    );
    shop.recipe(
        "d",
        "dockerfile: {context: ../app, base_args: {BASIS: debian:12, BSAE: debian:12}}\n",
    );
    std::os::unix::fs::symlink("/etc", shop.path("draußen")).unwrap();
    shop.recipe(
        "e",
        "dockerfile: {context: ../app, file: ../draußen/hostname}\n",
    );
    shop.write(
        "fremd/Dockerfile",
        "# syntax=example.com/fremd:1\nbeginne mit BASE\n",
    );
    shop.recipe(
        "f",
        "dockerfile: {context: ../fremd, base_args: {BASE: nicht-da:1}}\n",
    );
    shop.recipe(
        "g",
        "dockerfile: {context: ../app, contexts: {x: debian:12}}\n",
    );
    let wrong = findings(shop.build(&push()).await);
    assert_eq!(
        wrong,
        ["recipes/f.yaml:5:51 the base `docker.io/library/nicht-da:1` does not exist"]
    );
    shop.recipe(
        "f",
        "dockerfile: {context: ../fremd, base_args: {BASE: debian:12}}\n",
    );
    assert_eq!(
        findings(shop.build(&push()).await),
        [
            "recipes/a.yaml:5:13 there is no `recipes/Dockerfile` in the workspace",
            "recipes/b.yaml:5:48 there is no `nicht-da` in the workspace",
            "recipes/c.yaml:5:23 `app/Dockerfile` is no folder",
            "recipes/d.yaml:5:43 `app/Dockerfile` has no `ARG BASIS`",
            "recipes/d.yaml:5:61 `app/Dockerfile` has no `ARG BSAE`; did you mean `BASE`?",
            "recipes/e.yaml:5:37 `draußen/hostname` leads out of the workspace",
        ]
    );
    assert!(shop.solver.seen().is_empty());
}

fn failed(step: Option<&str>, exit_code: Option<i64>, message: &str, line: Option<usize>) -> Act {
    let at = line.map(|line| SourceLines {
        file: "Dockerfile".to_owned(),
        text: FILE.to_owned(),
        lines: (line, line),
    });
    Act::Error(SolveError::DockerfileFailed {
        step: step.map(str::to_owned),
        exit_code,
        message: message.to_owned(),
        logs: vec!["letzte Zeile".to_owned()],
        at: at.into_iter().collect(),
    })
}

#[tokio::test]
async fn a_step_of_a_dockerfile_that_fails_is_shown_in_the_dockerfile() {
    let shop = shop().await;
    let act = failed(
        Some("[2/2] RUN echo größer"),
        Some(3),
        "exit code: 3",
        Some(3),
    );
    shop.solver.on(Some(ARM64), "Dockerfile", act);
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built", "step"]);
    assert!(shop.tag("app:1").is_none());
    let leg = leg(&report, "app", ARM64);
    assert_eq!(step_places(leg), ["app/Dockerfile:3:1 RUN echo größer"]);
    let LegState::Failed(failure) = &leg.state else {
        panic!();
    };
    assert_eq!(
        failure.message,
        "`[2/2] RUN echo größer` ended with exit code 3"
    );
    let FailureKind::Step {
        exit_code, logs, ..
    } = &failure.kind
    else {
        panic!();
    };
    assert_eq!((*exit_code, logs.len()), (Some(3), 1));
}

#[tokio::test]
async fn what_the_frontend_refuses_without_a_line_is_shown_in_the_recipe_with_the_next_step() {
    let shop = shop().await;
    let rows = [
        (
            "target stage \"fertig\" could not be found",
            None,
            "recipes/app.yaml:7:11 fertig",
            None,
        ),
        (
            "failed to load LLB: network.host is not allowed",
            None,
            "recipes/app.yaml:5:1 dockerfile",
            Some("network: host"),
        ),
        (
            "failed to compute cache key: failed to calculate checksum of ref a::b: \"/größe\": not found",
            Some(3),
            "app/Dockerfile:3:1 RUN echo größer",
            Some("the context, app"),
        ),
        (
            "secret token: not found",
            Some(3),
            "app/Dockerfile:3:1 RUN echo größer",
            Some("`secrets` of `dockerfile`"),
        ),
    ];
    for (message, line, place, next) in rows {
        let shop_of_row = self::shop().await;
        let act = failed(None, None, message, line);
        shop_of_row.solver.on(None, "Dockerfile", act);
        let report = shop_of_row.pushed().await;
        let leg = leg(&report, "app", AMD64);
        assert_eq!(step_places(leg), [place], "{message}");
        let LegState::Failed(failure) = &leg.state else {
            panic!();
        };
        let told = failure.next.as_deref();
        assert_eq!(told.is_some(), next.is_some(), "{told:?}");
        assert!(told.unwrap_or_default().contains(next.unwrap_or_default()));
    }
    assert!(shop.solver.seen().is_empty());
}

#[tokio::test]
async fn a_base_of_another_platform_is_no_remark_but_a_failure() {
    let shop = shop().await;
    let remark = "InvalidBaseImagePlatform: Base image debian:12 was pulled with platform \"linux/amd64\", \
                  expected \"linux/arm64\" for current build (line 2)";
    shop.solver
        .on(Some(ARM64), "Dockerfile", Act::Remark(remark));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built", "step"]);
    let leg = leg(&report, "app", ARM64);
    assert_eq!(
        step_places(leg),
        ["app/Dockerfile:2:1 FROM $BASE AS fertig"]
    );
    assert!(shop.tag("app:1").is_none());
}

#[tokio::test]
async fn an_image_that_would_hold_programs_of_another_platform_is_refused_before_it_is_built() {
    let shop = shop().await;
    let write = |head: &str, from: &str| {
        let text = format!("{head}FROM --platform=$BUILDPLATFORM größe AS bau\n{from} AS fertig\n");
        shop.write("app/Dockerfile", &text);
    };
    write("", "FROM --platform=linux/amd64 debian:12");
    assert_eq!(
        findings(shop.build(&push()).await),
        [
            "app/Dockerfile:2:1 this makes an image of linux/amd64 programs, which is built for linux/arm64"
        ]
    );
    write("", "FROM bau");
    assert_eq!(
        findings(shop.build(&push()).await),
        [
            "app/Dockerfile:1:1 this makes an image of linux/amd64 programs, which is built for linux/arm64"
        ]
    );
    assert!(shop.solver.seen().is_empty());
    write("# check=skip=InvalidBaseImagePlatform\n", "FROM bau");
    shop.pushed().await;
    write("", "FROM --platform=$TARGETPLATFORM debian:12");
    shop.pushed().await;
}
