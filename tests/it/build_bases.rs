//! What is asked of bases and files before the first solve.

use kiln::oci::{Descriptor, MediaType, Platform, Reference};
use kiln::ops::OpError;
use kiln::ops::build::{BuildOptions, ImageState};
use kiln::registry::{Fault, Operation};

use crate::build::{AMD64, ARM64, Workshop, findings, image_of, kinds, push, put_image, put_index};

/// A base whose entries are for other platforms than it says.
async fn liar(shop: &Workshop, name: &str) {
    let reference: Reference = name.parse().unwrap();
    let mut entries = Vec::new();
    for (listed, true_one, layer) in [(AMD64, AMD64, "a"), (ARM64, AMD64, "b")] {
        let config = image_of(true_one, layer);
        let entry = put_image(shop.registry.as_ref(), &reference, &config, layer).await;
        entries.push(entry.with_platform(listed));
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
}

fn from(base: &str) -> String {
    format!("base: {base}\nsteps:\n  - run: echo x\n")
}

#[tokio::test]
async fn wrong_bases_of_all_recipes_come_back_in_one_run_and_nothing_is_solved() {
    let shop = Workshop::new().await;
    shop.seed("only-amd:1", &[AMD64]).await;
    liar(&shop, "liar:1").await;
    shop.recipe("a", &from("nicht-da:1"));
    shop.recipe("b", &from("only-amd:1"));
    shop.recipe("c", &from("liar:1"));
    shop.recipe("d", &from("debian:12"));
    assert_eq!(
        findings(shop.build(&push()).await),
        [
            "recipes/a.yaml:5:7 the base `docker.io/library/nicht-da:1` does not exist",
            "recipes/b.yaml:5:7 the base `docker.io/library/only-amd:1` has no linux/arm64; it has linux/amd64",
            "recipes/c.yaml:5:7 the base `docker.io/library/liar:1` lies: its linux/arm64 entry is for linux/amd64",
        ]
    );
    assert!(shop.solver.seen().is_empty());
    assert!(!shop.path(".kiln/records.jsonl").exists());
}

#[tokio::test]
async fn a_base_that_two_recipes_name_is_reported_at_both_places_and_asked_for_once() {
    let shop = Workshop::new().await;
    shop.recipe("a", &from("nicht-da:1"));
    shop.recipe("b", &from("nicht-da:1"));
    assert_eq!(findings(shop.build(&push()).await).len(), 2);
    let requests = shop.registry.requests().into_iter();
    let requests = requests.filter(|it| it.repository.path() == "library/nicht-da");
    assert_eq!(requests.count(), 1);
}

#[tokio::test]
async fn a_base_is_resolved_once_and_pinned_by_its_index_on_every_platform() {
    let shop = Workshop::new().await;
    let seeded = shop.seed("python:3.12-slim", &[AMD64, ARM64]).await;
    shop.recipe("a", &from("python:3.12-slim"));
    shop.recipe("b", &from("python:3.12-slim"));
    shop.pushed().await;
    let by_tag = shop.registry.requests().into_iter();
    let by_tag = by_tag.filter(|request| request.target == "3.12-slim");
    assert_eq!(by_tag.count(), 1);
    for (name, platform) in [("a", AMD64), ("b", ARM64)] {
        let request = shop.solver.seen_for(name, platform);
        assert_eq!(
            request.sources(),
            [format!(
                "docker-image://docker.io/library/python:3.12-slim@{}",
                seeded.index
            )]
        );
        let (manifest, _) = shop.image(&format!("{name}:1"), platform).await;
        let annotations = manifest.annotations.unwrap();
        assert_eq!(
            annotations["org.opencontainers.image.base.name"],
            "docker.io/library/python:3.12-slim"
        );
        assert_eq!(
            annotations["org.opencontainers.image.base.digest"],
            seeded.manifests[&platform].as_str()
        );
    }
}

#[tokio::test]
async fn an_index_with_attestations_is_a_base_like_any_other() {
    let shop = Workshop::new().await;
    let reference: Reference = "bezeugt:1".parse().unwrap();
    let mut entries = Vec::new();
    for (platform, layer) in [(AMD64, "a"), (ARM64, "b")] {
        let config = image_of(platform, layer);
        let entry = put_image(shop.registry.as_ref(), &reference, &config, layer).await;
        entries.push(entry.clone().with_platform(platform));
        let proof = put_image(shop.registry.as_ref(), &reference, &config, "Beweis").await;
        let mut proof = Descriptor::new(MediaType::OciManifest, proof.digest, proof.size);
        let (kind, of) = ("vnd.docker.reference.type", "vnd.docker.reference.digest");
        proof.annotations = Some(
            [
                (kind.to_owned(), "attestation-manifest".to_owned()),
                (of.to_owned(), entry.digest.to_string()),
            ]
            .into(),
        );
        proof.platform = Some(kiln::oci::WirePlatform {
            architecture: "unknown".to_owned(),
            os: "unknown".to_owned(),
            ..Platform::LINUX_AMD64.into()
        });
        entries.push(proof);
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
    shop.recipe("app", &from("bezeugt:1"));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built);
}

#[tokio::test]
async fn a_base_without_an_index_serves_the_platform_it_is_for_and_no_other() {
    let shop = Workshop::new().await;
    let reference: Reference = "einzeln:1".parse().unwrap();
    let config = image_of(ARM64, "x");
    let entry = put_image(shop.registry.as_ref(), &reference, &config, "x").await;
    shop.recipe(
        "app",
        &format!("platforms: [linux/arm64]\n{}", from("einzeln:1")),
    );
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["built"]);
    let request = shop.solver.seen_for("app", ARM64);
    assert!(request.sources()[0].ends_with(entry.digest.as_str()));
    shop.recipe("both", &from("einzeln:1"));
    assert_eq!(
        findings(shop.build(&push()).await),
        [
            "recipes/both.yaml:5:7 the base `docker.io/library/einzeln:1` has no linux/amd64; it is for linux/arm64 only"
        ]
    );
}

#[tokio::test]
async fn a_base_whose_parts_are_gone_or_damaged_is_refused_at_its_place() {
    let name: Reference = "debian:12".parse().unwrap();
    for gone in [true, false] {
        let shop = Workshop::new().await;
        let seeded = shop.seed("debian:12", &[AMD64, ARM64]).await;
        let config = &seeded.configs[&ARM64];
        if gone {
            shop.registry.remove(name.repository(), config);
        } else {
            shop.registry
                .damage(name.repository(), config, "verändert".as_bytes().to_vec());
        }
        shop.recipe("app", &from("debian:12"));
        let words = findings(shop.build(&push()).await);
        let expected = if gone {
            "is incomplete"
        } else {
            "cannot be read"
        };
        assert!(
            words[0].starts_with("recipes/app.yaml:5:7") && words[0].contains(expected),
            "{words:?}"
        );
    }
}

#[tokio::test]
async fn a_registry_that_is_down_at_the_beginning_is_no_mistake_of_the_recipe() {
    for fault in [Fault::Unreachable, Fault::Unavailable, Fault::Unauthorized] {
        let shop = Workshop::new().await;
        shop.recipe("app", &from("debian:12"));
        shop.registry
            .fail_always(Operation::GetManifest, None, fault.clone());
        let error = shop.build(&push()).await.unwrap_err();
        assert!(matches!(error, OpError::Registry(_)), "{error:?}");
        assert!(error.next_step().is_some());
        assert!(shop.solver.seen().is_empty());
    }
}

#[tokio::test]
async fn a_mistake_in_a_recipe_is_told_also_when_another_registry_is_down() {
    let shop = Workshop::new().await;
    shop.recipe("app", &from("debian:12"));
    shop.recipe("bad", &from("nicht-da:1"));
    shop.registry
        .fail_always(Operation::GetManifest, Some("12"), Fault::Unreachable);
    assert_eq!(findings(shop.build(&push()).await).len(), 1);
}

#[tokio::test]
async fn files_that_are_missing_are_found_for_all_images_before_any_solve() {
    let shop = Workshop::new().await;
    for name in ["a", "b"] {
        let copy = format!("  - copy: {{src: fehlt-{name}.txt, to: /}}\n");
        shop.recipe(name, &format!("{}{copy}", from("debian:12")));
    }
    shop.recipe("c", "base: {rootfs: nicht-da.tar}\n");
    let result = shop.build(&push()).await;
    let Err(OpError::Invalid(all)) = result else {
        panic!("{result:?}");
    };
    let words: Vec<String> = all
        .sorted()
        .iter()
        .map(|finding| format!("{} {}", finding.place, finding.message))
        .collect();
    assert_eq!(words.len(), 3, "{words:?}");
    for (word, file) in words.iter().zip(["a.yaml:8:", "b.yaml:8:", "c.yaml:5:"]) {
        assert!(word.starts_with(&format!("recipes/{file}")), "{word}");
    }
    assert!(shop.solver.seen().is_empty());
}

#[tokio::test]
async fn a_stage_on_a_platform_of_its_own_finds_its_base() {
    let shop = Workshop::new().await;
    shop.seed("tools:1", &[AMD64]).await;
    shop.recipe(
        "app",
        "base: debian:12\nstages:\n  make: {base: tools:1, platform: linux/amd64, steps: [run: echo stage]}\n\
         steps:\n  - copy: {from: make, src: /x, to: /x}\n",
    );
    let options = BuildOptions {
        platforms: [ARM64].into(),
        ..push()
    };
    let report = shop.build(&options).await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["built"]);
}

#[tokio::test]
async fn a_stage_that_runs_natively_finds_its_base_for_the_builders_platform() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\nstages:\n  make: {base: debian:12, platform: native, steps: [run: echo stage]}\n\
         steps:\n  - copy: {from: make, src: /x, to: /x}\n",
    );
    let options = BuildOptions {
        platforms: [ARM64].into(),
        ..push()
    };
    let report = shop.build(&options).await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["built"]);
}
