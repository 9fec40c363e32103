//! `kiln graph`: what it draws, and that it asks nobody.

use crate::build::{Ran, Workshop, kiln};

const TOOL: &str = "base: scratch
stages:
  made: {base: \"docker.io/library/golang:1.25\", steps: [{run: echo 만들기}]}
steps:
  - copy: {from: made, src: /a, to: /a}
  - copy: {from: {image: \"alpine:3.22\"}, src: /b, to: /b}
  - copy: {from: {recipe: base, accel: cpu}, src: /c, to: /c}
";

async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe(
        "base",
        "tags: [\"${{ accel }}\"]\naxes: {accel: [cpu, cuda]}\nbase: {match: accel, cases: {cuda: \"nvidia/cuda:12.4.1\", cpu: \"python:3.11-slim\"}}\n",
    );
    shop.recipe(
        "service",
        "base: {recipe: base, accel: cpu}\nsteps:\n  - run: echo 서비스\n",
    );
    shop.recipe("tool", TOOL);
    shop.write(
        "앱/Dockerfile",
        "FROM busybox:1.37 AS eins\nRUN echo größer\n",
    );
    shop.recipe("datei", "dockerfile: {context: ../앱}\n");
    shop.recipe(
        "wurzel",
        "base: {rootfs: \"../<b>größe & \\\"mehr\\\".tar\"}\n",
    );
    shop
}

fn graph(shop: &Workshop, arguments: &[&str]) -> Ran {
    kiln(&shop.path(""), &[], &[&["graph"], arguments].concat())
}

fn drawn(shop: &Workshop, arguments: &[&str]) -> String {
    let ran = graph(shop, arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
    ran.stdout
}

#[tokio::test]
async fn bases_and_images_are_drawn_in_every_form_and_nobody_is_asked() {
    let shop = shop().await;
    for format in ["text", "dot", "mermaid", "svg"] {
        let first = drawn(&shop, &["--format", format]);
        assert_eq!(first, drawn(&shop, &["--format", format]));
        insta::assert_snapshot!(format!("graph_{format}"), first);
    }
}

#[tokio::test]
async fn dependents_of_a_base_or_an_image_are_it_and_everything_below() {
    let shop = shop().await;
    let below = |reference: &str| drawn(&shop, &["--dependents-of", reference]);
    let of_python = below("python:3.11-slim");
    insta::assert_snapshot!("graph_dependents", of_python);
    assert_eq!(below("docker.io/library/python:3.11-slim"), of_python);
    let of_base = below("team/base:cpu");
    assert!(of_base.starts_with("team/base:cpu\n"), "{of_base}");
    assert_eq!(below("127.0.0.1:5999/team/base:cpu"), of_base);
    assert!(of_base.ends_with("3 images, 0 bases\n"), "{of_base}");
    assert!(below("busybox:1.37").contains("team/datei:1"));
    // So is a platform: an image without it is not there.
    shop.recipe("nur", "platforms: [linux/arm64]\nbase: busybox:1.37\n");
    let on = |platform: &str| drawn(&shop, &["--platform", platform]);
    assert!(on("linux/arm64").contains("team/nur:1"));
    assert!(!on("linux/amd64").contains("team/nur:1"));
    // A selection is drawn with what it needs.
    let service = drawn(&shop, &["service"]);
    assert!(service.ends_with("2 images, 1 base\n"), "{service}");
}

#[tokio::test]
async fn what_is_in_no_image_is_exit_2_with_the_nearest_name() {
    let ran = graph(&shop().await, &["--dependents-of", "python:3.12-slim"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("did you mean `python:3.11-slim`?"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("  next: "), "{}", ran.stderr);
}
