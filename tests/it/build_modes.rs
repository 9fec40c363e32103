//! How steps run: what is tried on a builder, what is remembered, and what the record says of each leg.

use kiln::lower::Typed;
use kiln::ops::build::BuildOptions;
use kiln::ops::probe::{BuilderId, Memory, Remembered, Runs};
use kiln::record::{StepRecord, Utc};

use crate::build::{AMD64, ARM64, Act, Emulates, Workshop, forced, leg, push};

const BASE: &str = "base: debian:12\nsteps:\n  - run: echo größer\n  - mkdir: /srv\n";

/// What is remembered of the workshop's builder.
fn remembered(shop: &Workshop) -> Option<Remembered> {
    Memory::of(&shop.path("")).builder(&BuilderId {
        name: "fake".to_owned(),
        address: "tcp://fake:1234".to_owned(),
    })
}

/// Rewrites the file of what is remembered.
fn rewrite(shop: &Workshop, change: impl Fn(&str) -> String) {
    let path = ".kiln/builders.json";
    let text = std::fs::read_to_string(shop.path(path)).unwrap();
    let changed = change(&text);
    assert_ne!(text, changed);
    shop.write(path, &changed);
}

/// Sets back what is remembered by so many minutes.
fn age(shop: &Workshop, minutes: i64) {
    let tried = remembered(shop).unwrap().foreign[&ARM64].tried;
    let before = Utc::from_millis(tried.as_millis() - minutes * 60_000).unwrap();
    rewrite(shop, |text| {
        text.replace(&tried.to_string(), &before.to_string())
    });
}

fn tries(shop: &Workshop) -> usize {
    shop.solver.probed.tried().len()
}

#[tokio::test]
async fn a_foreign_platform_is_tried_in_a_native_op_and_not_again_in_the_next_build() {
    let shop = Workshop::new().await;
    shop.solver.probed.set(Emulates::Inside);
    shop.recipe("app", BASE);
    shop.recipe("other", BASE);
    shop.pushed().await;
    assert_eq!(shop.solver.probed.tried(), [("amd64".to_owned(), ARM64)]);
    let known = remembered(&shop).unwrap();
    assert_eq!((known.native, known.daemon.as_str()), (AMD64, "v0.25.0"));
    assert_eq!(known.foreign[&ARM64].runs, Runs::Inside);
    shop.build(&forced()).await.unwrap();
    assert_eq!(tries(&shop), 1);
    // What was tried is none of the build.
    assert_eq!(shop.solver.seen().len(), 8);
}

#[tokio::test]
async fn what_was_tried_is_tried_again_when_it_is_old_or_the_daemon_is_another_one() {
    for (how, minutes, each) in [
        (Emulates::Inside, 24 * 60, 1),
        (Emulates::Apart, 10, 2),
        (Emulates::Unfixed, 10, 2),
    ] {
        let shop = Workshop::new().await;
        shop.solver.probed.set(how);
        shop.recipe("app", BASE);
        shop.pushed().await;
        assert_eq!(tries(&shop), each, "{how:?}");
        age(&shop, minutes - 1);
        shop.build(&forced()).await.unwrap();
        assert_eq!(tries(&shop), each, "{how:?}");
        age(&shop, 1);
        shop.build(&forced()).await.unwrap();
        assert_eq!(tries(&shop), 2 * each, "{how:?}");
        rewrite(&shop, |text| text.replace("v0.25.0", "v0.24.9"));
        shop.build(&forced()).await.unwrap();
        assert_eq!(tries(&shop), 3 * each, "{how:?}");
        rewrite(&shop, |text| text[..text.len() / 2].to_owned());
        shop.build(&forced()).await.unwrap();
        assert_eq!(tries(&shop), 4 * each, "{how:?}");
    }
}

#[tokio::test]
async fn what_a_kernel_lacks_is_remembered_with_the_reason() {
    for (how, runs, why) in [
        (
            Emulates::Apart,
            Runs::Apart,
            "its kernel has no emulator for arm64 registered (binfmt)",
        ),
        (
            Emulates::Unfixed,
            Runs::Nowhere,
            "the emulator for arm64 is registered without the F flag, so that no container finds it",
        ),
    ] {
        let shop = Workshop::new().await;
        shop.solver.probed.set(how);
        shop.recipe("app", BASE);
        shop.pushed().await;
        let tried = &remembered(&shop).unwrap().foreign[&ARM64];
        assert_eq!(tried.runs, runs);
        assert_eq!(tried.why_not(ARM64).as_deref(), Some(why));
    }
}

#[tokio::test]
async fn a_builder_that_is_lost_while_it_is_tried_is_not_known_and_the_build_goes_on() {
    let shop = Workshop::new().await;
    shop.solver.probed.set(Emulates::Lost);
    shop.recipe("app", BASE);
    shop.pushed().await;
    assert_eq!(shop.records().len(), 1);
    assert!(remembered(&shop).unwrap().foreign.is_empty());
    shop.build(&forced()).await.unwrap();
    assert_eq!(tries(&shop), 2);
}

#[tokio::test]
async fn nothing_is_tried_where_all_is_native_or_emulation_is_asked_for() {
    let mut shop = Workshop::new().await;
    shop.recipe("app", BASE);
    let options = BuildOptions {
        typed: Typed::Emulated,
        ..push()
    };
    shop.build(&options).await.unwrap();
    let arm = shop.builder("arm", ARM64, &[ARM64, AMD64], 4);
    shop.builders.push(arm);
    shop.build(&forced()).await.unwrap();
    assert_eq!(tries(&shop), 0);
    // Both builders are known all the same, for those who plan.
    assert_eq!(remembered(&shop).unwrap().native, AMD64);
}

#[tokio::test]
async fn after_a_leg_failed_its_platform_is_tried_again() {
    let shop = Workshop::new().await;
    shop.solver.probed.set(Emulates::Inside);
    shop.recipe("app", BASE);
    let (step, code) = ("größer", 1);
    shop.solver.on(Some(AMD64), "", Act::Fail { step, code });
    shop.pushed().await;
    assert_eq!(remembered(&shop).unwrap().foreign.len(), 1);
    shop.solver.on(Some(ARM64), "", Act::Fail { step, code });
    shop.build(&forced()).await.unwrap();
    assert_eq!(remembered(&shop).unwrap().foreign.len(), 0);
    shop.build(&forced()).await.unwrap();
    assert_eq!(tries(&shop), 2);
}

#[tokio::test]
async fn record_and_report_say_of_each_platform_how_each_step_ran() {
    let shop = Workshop::new().await;
    let stage =
        "  tool:\n    base: debian:12\n    platform: native\n    steps: [{run: make 도구}]\n";
    let copy = "  - copy: {from: tool, src: /t, to: /t}\n";
    shop.recipe("app", &format!("stages:\n{stage}{BASE}{copy}"));
    let report = shop.pushed().await;
    let step = |step: &str, mode: &str, why: &str| StepRecord {
        step: step.to_owned(),
        mode: mode.to_owned(),
        why: why.to_owned(),
    };
    let native = |title| step(title, "native", "linux/amd64 builder");
    let record = &shop.records()[0].draft.platforms;
    for (platform, steps) in [
        (AMD64, [native("run echo größer"), native("run make 도구")]),
        (
            ARM64,
            [
                step("run echo größer", "emulated", "a run step says only how"),
                native("run make 도구"),
            ],
        ),
    ] {
        assert_eq!(record[&platform].steps, steps);
        assert_eq!(leg(&report, "app", platform).steps, steps);
        assert_eq!(record[&platform].emulated, platform == ARM64);
    }
}

#[tokio::test]
async fn a_foreign_leg_whose_steps_run_no_program_is_not_emulated() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nsteps:\n  - mkdir: /größe\n");
    let report = shop.pushed().await;
    let record = &shop.records()[0].draft.platforms[&ARM64];
    assert_eq!((record.emulated, record.steps.len()), (false, 0));
    assert!(!leg(&report, "app", ARM64).emulated);
    // A record without steps is one of before there were any.
    let line = std::fs::read_to_string(shop.path(".kiln/records.jsonl")).unwrap();
    assert!(!line.contains("\"steps\":[]"), "{line}");
}

#[tokio::test]
async fn a_platform_that_is_taken_as_it_is_keeps_what_its_record_says() {
    let shop = Workshop::new().await;
    shop.recipe("app", BASE);
    shop.pushed().await;
    let tags = "tags: [\"1\", 둘]\n".replace('둘', "two");
    shop.recipe("app", &format!("{tags}{BASE}"));
    shop.pushed().await;
    let records = shop.records();
    let [first, second] = &records[..] else {
        panic!("{records:?}");
    };
    let steps = |record: &kiln::record::Record| record.draft.platforms[&ARM64].steps.clone();
    assert_eq!(steps(first).len(), 1);
    assert_eq!(steps(first), steps(second));
}
