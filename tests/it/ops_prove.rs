//! What three builds are held against, and what counts as a difference, with a builder that makes the layers it is
//! told to.

use kiln::lower::Typed;
use kiln::oci::Platform;
use kiln::ops::OpError;
use kiln::ops::build::{BuildOptions, EventSink};
use kiln::ops::prove::{EXCUSES, Found, Proof, ProveOptions, ProvedLeg, Proving, Way, begin};
use tar::EntryType;

use crate::build::{AMD64, ARM64, Act, Seen, Workshop, Wrong};
use crate::layer_read::Tar;

const APP: &str = "base: debian:12\nsteps:\n  - run: echo größe\n";

fn of(selectors: &[&str]) -> ProveOptions {
    let selectors = selectors.iter().map(ToString::to_string).collect();
    ProveOptions {
        build: BuildOptions {
            selectors,
            ..BuildOptions::default()
        },
        scratch: None,
    }
}

fn begun(shop: &Workshop, options: &ProveOptions) -> Result<Proving, OpError> {
    begin(&shop.load(), options, &shop.backends())
}

/// All builds, which succeed, and the comparison.
async fn proven(shop: &Workshop, options: &ProveOptions) -> Result<Proof, OpError> {
    let mut proving = begun(shop, options)?;
    let (loaded, backends) = (shop.load(), shop.backends());
    for way in Way::ALL {
        let nobody = EventSink::none();
        let built = proving.build(way, &loaded, &backends, &nobody).await;
        built.unwrap();
        assert!(proving.is_whole(), "{way:?}");
    }
    proving.compare().await
}

/// The only leg of a proof.
fn only(proof: &Proof) -> &ProvedLeg {
    let [leg] = &proof.legs[..] else {
        panic!("{proof:#?}");
    };
    leg
}

fn lines(found: &[Found]) -> Vec<String> {
    let line = |it: &Found| {
        let path = it.path.as_deref().unwrap_or("–");
        format!("{path} {}: {} | {}", it.what, it.tools, it.emulated)
    };
    found.iter().map(line).collect()
}

/// What is left below the workspace's own folder.
fn left(shop: &Workshop) -> Vec<std::path::PathBuf> {
    let folder = std::fs::read_dir(shop.path(".kiln"));
    let entries = folder.into_iter().flatten().map(|it| it.unwrap().path());
    // What is known of builders stays between runs.
    entries
        .filter(|path| !path.ends_with("builders.json"))
        .collect()
}

/// A workspace with one image, whose layers for the foreign platform are these.
async fn app(layers: fn(usize) -> Vec<u8>) -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.solver.on(Some(ARM64), "", Act::Layers(layers));
    shop
}

#[tokio::test]
async fn three_builds_are_made_of_which_two_are_emulated_and_run_all_steps() {
    let shop = app(|turn| {
        Tar::new()
            .file("zeit", &[u8::try_from(turn).unwrap()])
            .done()
    })
    .await;
    let proof = proven(&shop, &of(&["app"])).await.unwrap();
    let solves: Vec<Platform> = shop.solver.seen().iter().map(Seen::platform).collect();
    // The builder's own platform is in the first build only: native tools may come from its leg.
    assert_eq!(solves.len(), 4, "{solves:?}");
    let native = solves[..2].iter().filter(|it| **it == AMD64).count();
    assert_eq!((native, &solves[2..]), (1, &[ARM64, ARM64][..]));
    let seen = shop.solver.seen();
    let uncached = |number: usize| seen[number].ignores_cache().contains(&true);
    assert_eq!([0, 1, 2, 3].map(uncached), [false, false, true, true]);
    assert_eq!(only(&proof).image, "team/app:1");
    assert!(proof.disk > 0);
    assert_eq!((shop.tag("app:1"), shop.puts()), (None, Vec::new()));
    assert_eq!(left(&shop), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn a_file_on_which_the_emulated_builds_agree_is_a_difference_and_any_other_is_chance() {
    let shop = app(|turn| {
        let random = format!("schlüssel {turn}");
        let tool = if turn == 0 { "nativ" } else { "emuliert" };
        let mode = if turn == 0 { 0o600 } else { 0o644 };
        let tar = Tar::new()
            .file("etc/zufall", random.as_bytes())
            .file("etc/größe", tool.as_bytes())
            .file("etc/gleich", b"1")
            .entry(EntryType::Regular, "etc/beides", random.as_bytes(), |it| {
                it.set_mode(mode);
            });
        match turn {
            0 => tar.file("nur/nativ", b"").done(),
            1 => tar.file("nur/einmal", b"").done(),
            _ => tar.done(),
        }
    })
    .await;
    let proof = proven(&shop, &of(&["app"])).await.unwrap();
    let leg = only(&proof);
    let differences = lines(&leg.differences);
    assert_eq!(differences.len(), 3, "{differences:#?}");
    assert_eq!(differences[0], "/etc/beides mode: 0600 | 0644");
    assert!(differences[1].starts_with("/etc/größe content: 5 bytes, "));
    assert_eq!(differences[2], "/nur/nativ presence: file | not there");
    let chance: Vec<_> = leg.by_chance.iter().map(|it| it.path.clone()).collect();
    let expected = ["/etc/beides", "/etc/zufall", "/nur/einmal"].map(|it| Some(it.to_owned()));
    assert_eq!(chance, expected);
    assert_eq!(proof.differences(), 3);
    assert_eq!(
        (leg.same_layers, leg.compared_layers, leg.entries),
        (1, 1, 6)
    );
    let layer = &leg.differences[0];
    assert_eq!(layer.layer, Some(2));
    let made_by = layer.made_by.as_ref().unwrap();
    assert!(made_by.contains("echo größe"), "{made_by}");
    assert!(leg.excused.is_empty());
}

fn pyc(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pyc");
    std::fs::read(format!("{folder}/{name}.pyc")).unwrap()
}

/// What an installer writes around a distribution: pip's way or uv's.
fn installed(is_uv: bool, code: &str) -> Vec<u8> {
    let pick = |uv: &'static str, pip: &'static str| if is_uv { uv } else { pip };
    let info = "lib/größe-1.dist-info";
    let script = format!(
        "#!/usr/bin/python3\n{}import sys\nfrom größe import main\nif __name__ == '__main__':\n    sys.exit(main())\n",
        pick("", "import re\n")
    );
    let tar = Tar::new()
        .file(&format!("{info}/INSTALLER"), pick("uv", "pip\n").as_bytes())
        .file(
            &format!("{info}/RECORD"),
            pick("g.py,s,1\n", "g.pyc,,\r\ng.py,s,1\r\n").as_bytes(),
        )
        .file(
            &format!("{info}/direct_url.json"),
            pick("{}", "{\"hash\": 1}").as_bytes(),
        )
        .file("bin/größe", script.as_bytes())
        .file("lib/__pycache__/g.cpython-311.pyc", &pyc(code));
    if is_uv {
        tar.file(&format!("{info}/REQUESTED"), b"").done()
    } else {
        // Of a module of the base, which pip had to load.
        tar.entry(EntryType::Directory, "base", b"", |_| ())
            .entry(EntryType::Directory, "base/__pycache__", b"", |_| ())
            .file(
                "base/__pycache__/größe.cpython-311.opt-1.pyc",
                &pyc("3.11-plain"),
            )
            .done()
    }
}

#[tokio::test]
async fn what_uv_is_known_to_write_differently_is_excused_by_name() {
    let shop = app(|turn| {
        installed(
            turn == 0,
            if turn == 0 { "3.11-held" } else { "3.11-plain" },
        )
    });
    let proof = proven(&shop.await, &of(&["app"])).await.unwrap();
    let leg = only(&proof);
    assert_eq!(lines(&leg.differences), Vec::<String>::new());
    let mut expected: Vec<&str> = EXCUSES.iter().map(|excuse| excuse.id).collect();
    expected.sort_unstable();
    let found: Vec<&str> = leg.excused.keys().copied().collect();
    assert_eq!(found, expected);
    // The folders as well.
    let times = |id| if id == "pyc-of-base" { 3 } else { 1 };
    assert!(leg.excused.iter().all(|(id, all)| all.len() == times(*id)));
}

#[tokio::test]
async fn byte_code_that_does_something_else_has_no_excuse() {
    let shop = app(|turn| {
        installed(
            false,
            if turn == 0 {
                "3.11-other"
            } else {
                "3.11-plain"
            },
        )
    });
    let proof = proven(&shop.await, &of(&["app"])).await.unwrap();
    let [found] = &only(&proof).differences[..] else {
        panic!("{proof:#?}");
    };
    assert_eq!(found.what, "byte-code");
}

#[tokio::test]
async fn the_same_names_elsewhere_have_no_excuse_and_nor_has_the_other_way_round() {
    let shop = app(|turn| {
        let text = if turn == 0 { "uv" } else { "pip" };
        let tar = Tar::new()
            .file("etc/INSTALLER", text.as_bytes())
            .file("x.dist-info/licenses/INSTALLER", text.as_bytes())
            .file("x.dist-info/METADATA", text.as_bytes())
            .file("x.dist-info/RECORD", format!("a,{text},1\n").as_bytes())
            .file("bin/größe", format!("#!/bin/sh\n{text}\n").as_bytes())
            .file("kaputt.pyc", text.as_bytes());
        let tar = match turn {
            0 => tar.file("base/__pycache__/g.cpython-311.pyc", &pyc("3.11-plain")),
            _ => tar
                .file("x.dist-info/REQUESTED", b"")
                .file("base/g.cpython-311.pyc", &pyc("3.11-plain"))
                .entry(EntryType::Directory, "leer", b"", |_| ())
                .entry(EntryType::Directory, "eigen", b"", |_| ())
                .file("h.py", b"h = 1")
                .file("h.pyc", b"")
                .file("eigen/h.py", b"h = 1")
                .file("eigen/__pycache__/h.cpython-311.pyc", &pyc("3.11-plain")),
        };
        tar.done()
    });
    let proof = proven(&shop.await, &of(&["app"])).await.unwrap();
    let leg = only(&proof);
    assert_eq!(leg.differences.len(), 15, "{:#?}", lines(&leg.differences));
    assert!(leg.excused.is_empty() && leg.by_chance.is_empty());
}

#[tokio::test]
async fn layers_that_are_the_same_bytes_are_not_read() {
    // No archive could be read here.
    let shop = app(|_| "größe".as_bytes().to_vec()).await;
    let proof = proven(&shop, &of(&["app"])).await.unwrap();
    let leg = only(&proof);
    assert_eq!(
        (leg.same_layers, leg.compared_layers, leg.entries),
        (2, 0, 0)
    );
    assert_eq!(proof.differences(), 0);
}

#[tokio::test]
async fn a_layer_that_is_no_archive_is_named_and_nothing_is_left() {
    let shop = app(|turn| format!("größe {turn}").repeat(99).into_bytes()).await;
    let error = proven(&shop, &of(&["app"])).await.unwrap_err();
    let (words, next) = (error.to_string(), error.next_step().unwrap());
    assert!(words.starts_with("sha256:"), "{words}");
    assert!(next.starts_with("run it again"), "{next}");
    assert_eq!(left(&shop), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn only_images_that_were_asked_for_are_compared_and_on_foreign_platforms_only() {
    let shop = app(|turn| {
        Tar::new()
            .file("zeit", &[u8::try_from(turn).unwrap()])
            .done()
    })
    .await;
    shop.recipe("kind", "base: {recipe: app}\nsteps:\n  - run: echo kind\n");
    shop.recipe("anderes", APP);
    let proof = proven(&shop, &of(&["kind"])).await.unwrap();
    let leg = only(&proof);
    assert_eq!((leg.image.as_str(), leg.platform), ("team/kind:1", ARM64));
    // Its parent's layer is its own as well.
    assert_eq!((leg.same_layers, leg.compared_layers), (1, 2));
}

#[tokio::test]
async fn where_nothing_is_foreign_it_says_so_and_builds_nothing() {
    let mut shop = app(|_| Vec::new()).await;
    let both = [AMD64, ARM64];
    let arm = shop.builder("arm", ARM64, &[ARM64], 1);
    shop.builders.push(arm);
    let error = begun(&shop, &of(&["app"])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is nothing to prove: a builder has linux/amd64 and linux/arm64 natively"
    );
    assert!(error.next_step().unwrap().contains("emulates"));
    shop.builders = vec![shop.builder("fake", AMD64, &both, 1)];
    let mut options = of(&["app"]);
    options.build.platforms.insert(AMD64);
    let error = begun(&shop, &options).unwrap_err();
    assert!(error.to_string().ends_with("has linux/amd64 natively"));
    assert!(shop.solver.seen().is_empty() && !shop.path(".kiln").exists());
}

#[tokio::test]
async fn images_must_be_named_as_each_is_built_three_times() {
    let shop = app(|_| Vec::new()).await;
    let error = begun(&shop, &of(&[])).unwrap_err();
    assert!(error.next_step().unwrap().contains("kiln prove '*'"));
    assert_eq!(begun(&shop, &of(&["*"])).unwrap().legs(), 1);
    let error = begun(&shop, &of(&["größe"])).unwrap_err();
    assert!(matches!(error, OpError::Selector(_)), "{error}");
}

#[tokio::test]
async fn a_build_that_fails_ends_it_and_nothing_is_left() {
    for act in [
        Act::Fail {
            step: "größe",
            code: 3,
        },
        Act::Wrong(Wrong::Damaged),
    ] {
        let shop = Workshop::new().await;
        shop.recipe("app", APP);
        shop.solver.on(Some(ARM64), "", act);
        let mut proving = begun(&shop, &of(&["app"])).unwrap();
        let (loaded, backends) = (shop.load(), shop.backends());
        let nobody = EventSink::none();
        let built = proving.build(Way::Tools, &loaded, &backends, &nobody).await;
        let report = built.unwrap().clone();
        assert!(!proving.is_whole(), "{report:#?}");
        drop(proving);
        assert_eq!(left(&shop), Vec::<std::path::PathBuf>::new());
    }
}

#[tokio::test]
async fn the_builds_go_where_there_is_room() {
    let shop = app(|_| Tar::new().file("größe", b"1").done()).await;
    let mut options = of(&["app"]);
    options.scratch = Some(shop.path("anderswo/größe"));
    let proof = proven(&shop, &options).await.unwrap();
    assert_eq!(proof.differences(), 0);
    assert!(left(&shop).is_empty() && !shop.path("anderswo").exists());
    shop.write("datei", "");
    options.scratch = Some(shop.path("datei/größe"));
    let error = begun(&shop, &options).unwrap_err();
    assert!(error.to_string().starts_with("cannot write to "), "{error}");
    assert!(error.next_step().unwrap().contains("--scratch"));
}

#[test]
fn the_first_build_is_what_a_user_builds() {
    assert_eq!(BuildOptions::default().typed, Typed::Tools);
    let words: Vec<&str> = Way::ALL.iter().map(|way| way.as_str()).collect();
    let expected = ["with native tools", "emulated", "emulated once more"];
    assert_eq!(words, expected);
}
