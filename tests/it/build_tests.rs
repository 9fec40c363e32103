//! What tests of an image decide about it.

use kiln::buildkit::SolveError;
use kiln::ops::build::{
    BuildOptions, Event, FailureKind, ImageState, LegState, StepState, TestReport,
};

use crate::build::{AMD64, ARM64, Act, Seen, Workshop, kinds, leg, push, solved};

const APP: &str = "base: debian:12
user: \"1000\"
workdir: /srv
env: {GREETING: 안녕}
steps:
  - run: echo gut
tests:
  - run: [prüfe, eins]
    stdout: {equals: 안녕}
  - run: zweite Prüfung
    name: die zweite
    exit: 2
    env: {MEHR: ja}
    user: other
  - file: conf
    mode: \"0640\"
    contains: größe=1
  - {if: arch == \"arm64\", file: /nur/arm64, absent: true}
";
const SECOND: Act = Act::Fail {
    step: "zweite",
    code: 2,
};

/// A workshop in which all tests of the app pass.
async fn shop() -> Workshop {
    let shop = Workshop::new().await;
    shop.recipe("app", APP);
    shop.solver.on(None, "prüfe", Act::Prints("안녕\n"));
    shop.solver.on(None, "zweite", SECOND);
    shop.solver
        .on(None, "/srv/conf", Act::Holds(0o640, "a=0\ngröße=1\n"));
    shop.solver.on(None, "/nur/arm64", Act::Lacks);
    shop
}

fn tested(tests: &[TestReport]) -> Vec<(&str, bool)> {
    tests
        .iter()
        .map(|test| (test.name.as_str(), test.passed()))
        .collect()
}

fn trials(shop: &Workshop) -> Vec<Seen> {
    let seen = shop.solver.seen().into_iter();
    seen.filter(|seen| seen.repository().is_none()).collect()
}

#[tokio::test]
async fn tests_that_pass_are_in_the_report_and_in_the_record_of_each_platform() {
    let shop = shop().await;
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built, "{report:#?}");
    let names = ["prüfe eins", "die zweite", "conf", "/nur/arm64"];
    for (platform, count) in [(AMD64, 3), (ARM64, 4)] {
        let expected: Vec<_> = names[..count].iter().map(|name| (*name, true)).collect();
        let leg = leg(&report, "app", platform);
        assert_eq!(tested(leg.tests()), expected);
        let record = &shop.records()[0].draft.platforms[&platform].tests;
        let recorded: Vec<_> = record
            .iter()
            .map(|it| (it.name.as_str(), it.passed))
            .collect();
        assert_eq!(recorded, expected);
    }
    assert!(shop.tag("app:1").is_some());
}

#[tokio::test]
async fn tests_run_on_the_image_that_was_pushed_and_not_on_the_graph_it_was_made_of() {
    let shop = shop().await;
    let report = shop.pushed().await;
    for platform in [AMD64, ARM64] {
        let manifest = solved(leg(&report, "app", platform)).manifest.as_ref();
        let pushed = format!("team/app@{}", manifest.unwrap().digest);
        for trial in trials(&shop).iter().filter(|it| it.platform() == platform) {
            let sources = trial.sources();
            assert!(sources[0].ends_with(&pushed), "{sources:?}");
            assert!(!trial.has("echo gut"));
        }
    }
}

#[tokio::test]
async fn a_program_is_run_as_the_image_s_user_in_its_folder_with_its_environment_and_without_network()
 {
    let shop = shop().await;
    shop.pushed().await;
    let exec = |text: &str| {
        let trials = trials(&shop);
        let trial = trials.iter().find(|trial| trial.has(text)).unwrap();
        (trial.last_exec(), trial.ignores_cache())
    };
    let (first, ignored) = exec("prüfe");
    let meta = first.meta.unwrap();
    assert_eq!(meta.args, ["prüfe", "eins"]);
    assert_eq!((meta.user.as_str(), meta.cwd.as_str()), ("1000", "/srv"));
    assert!(meta.env.contains(&"GREETING=안녕".to_owned()));
    assert_eq!(first.network, i32::from(kiln::proto::pb::NetMode::None));
    assert_eq!(
        ignored,
        [false, true],
        "the source may be known, the test never"
    );
    let (second, _) = exec("zweite");
    let meta = second.meta.unwrap();
    assert_eq!(meta.args, ["/bin/sh", "-e", "-c", "zweite Prüfung"]);
    assert_eq!(meta.user, "other");
    assert!(
        meta.env
            .ends_with(&["GREETING=안녕".to_owned(), "MEHR=ja".to_owned()])
    );
}

#[tokio::test]
async fn all_tests_run_though_some_fail_and_no_tag_moves() {
    let shop = shop().await;
    shop.pushed().await;
    let before = shop.tag("app:1");
    shop.recipe(
        "app",
        &APP.replace("equals: 안녕", "equals: 잘 가")
            .replace("0640", "0600"),
    );
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["tests", "tests"]);
    assert_eq!((shop.tag("app:1"), shop.records().len()), (before, 1));
    let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
        panic!();
    };
    assert_eq!(
        failure.message,
        "2 of 4 tests failed, the first is `prüfe eins`"
    );
    let tests = leg(&report, "app", ARM64).tests();
    let shown: Vec<String> = tests
        .iter()
        .map(|test| format!("{} {:?} {:?}", test.place, test.wrong, test.logs))
        .collect();
    assert_eq!(
        shown,
        [
            r#"recipes/app.yaml:12:5 ["stdout is not \"잘 가\": it is \"안녕\\n\""] ["안녕"]"#,
            "recipes/app.yaml:14:5 [] []",
            r#"recipes/app.yaml:19:5 ["its mode is 0640, not 0600"] []"#,
            "recipes/app.yaml:22:27 [] []",
        ]
    );
}

#[tokio::test]
async fn a_test_that_fails_on_arm64_only_leaves_amd64_built_and_the_tag_alone() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\ntests:\n  - run: [prüfe]\n");
    shop.recipe("child", "base: {recipe: app}\nsteps:\n  - run: echo Kind\n");
    let (step, code) = ("prüfe", 5);
    shop.solver
        .on(Some(ARM64), "prüfe", Act::Fail { step, code });
    let keep = BuildOptions {
        failure: kiln::ops::build::FailurePolicy::KeepGoing,
        ..push()
    };
    let report = shop.build(&keep).await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["built", "tests"]);
    assert_eq!(kinds(&report.images[1]), ["built", "skipped"]);
    assert_eq!((shop.tag("app:1"), shop.tag("child:1")), (None, None));
    assert_eq!(shop.records().len(), 0);
    let LegState::Skipped(why) = &leg(&report, "child", ARM64).state else {
        panic!();
    };
    assert_eq!(why, "its parent team/app:1 was not built for linux/arm64");
}

#[tokio::test]
async fn a_program_that_must_fail_is_shown_as_done() {
    let shop = shop().await;
    shop.pushed().await;
    let shown = |event: &Event| match event {
        Event::Step { name, state, .. } if name == "test die zweite" => Some(state.clone()),
        _ => None,
    };
    let states: Vec<StepState> = shop.events().iter().filter_map(shown).collect();
    assert_eq!(states.len(), 2);
    let done = |state: &StepState| matches!(state, StepState::Done { cached: false, .. });
    assert!(states.iter().all(done), "{states:?}");
}

#[tokio::test]
async fn a_builder_that_is_lost_in_a_test_is_waited_for_and_the_test_begins_anew() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\nplatforms: [linux/amd64]\ntests:\n  - run: [prüfe]\n    stdout: {equals: einmal}\n");
    let lost = SolveError::DaemonLost {
        builder: "fake".to_owned(),
        message: "Verbindung weg".to_owned(),
    };
    shop.solver.on(None, "prüfe", Act::Prints("einmal"));
    shop.solver.on(None, "prüfe", Act::Errors(lost, 3));
    let report = shop.pushed().await;
    assert_eq!(report.images[0].state, ImageState::Built, "{report:#?}");
    let retried = |event: &&Event| matches!(event, Event::LegRetried { .. });
    assert_eq!(shop.events().iter().filter(retried).count(), 2);
    assert_eq!(trials(&shop).len(), 3);
}

#[tokio::test]
async fn a_builder_that_fails_in_a_test_is_a_failing_builder_and_no_failing_test() {
    let shop = Workshop::new().await;
    shop.recipe("app", "base: debian:12\ntests:\n  - run: [prüfe]\n");
    let full = SolveError::DiskFull {
        builder: "fake".to_owned(),
        message: "kein Platz".to_owned(),
    };
    shop.solver.on(None, "prüfe", Act::Error(full));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["builder", "builder"]);
    assert_eq!(shop.tag("app:1"), None);
}

#[tokio::test]
async fn an_output_that_the_builder_did_not_tell_is_not_taken_for_an_empty_one() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\ntests:\n  - run: [prüfe]\n    stdout: {equals: \"\"}\n",
    );
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["builder", "builder"]);
}

#[tokio::test]
async fn without_a_push_the_graph_is_tested_and_its_steps_are_not_run_again() {
    let shop = shop().await;
    let options = BuildOptions {
        no_cache: true,
        ..BuildOptions::default()
    };
    let report = shop.build(&options).await.unwrap();
    assert_eq!(report.images[0].state, ImageState::Built, "{report:#?}");
    let trials = trials(&shop);
    let trial = trials.iter().find(|trial| trial.has("prüfe")).unwrap();
    assert!(trial.has("echo gut"));
    let ignores = trial.ignores_cache();
    assert_eq!(ignores.iter().filter(|ignored| **ignored).count(), 1);
    assert_eq!(ignores.last(), Some(&true));
}

#[tokio::test]
async fn an_image_without_tests_is_solved_once() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\ntests: []\nsteps:\n  - run: echo gut\n",
    );
    shop.pushed().await;
    assert_eq!(shop.solver.seen().len(), 2);
    let records = shop.records();
    let line = serde_json::to_string(&records[0]).unwrap();
    assert!(!line.contains("tests"), "{line}");
}

#[tokio::test]
async fn a_secret_that_a_test_prints_is_not_shown() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\ntests:\n  - run: [prüfe]\n    stdout: {equals: nichts}\n",
    );
    shop.solver.on(None, "prüfe", Act::Prints("geheim-비밀\n"));
    let mut options = push();
    shop.write("secret", "geheim-비밀");
    let from = kiln::ops::SecretFrom::File(shop.path("secret"));
    options.given.add_secret("s", &from).unwrap();
    let report = shop.build(&options).await.unwrap();
    let LegState::Failed(failure) = &leg(&report, "app", AMD64).state else {
        panic!();
    };
    let FailureKind::Tests(tests) = &failure.kind else {
        panic!("{failure:?}");
    };
    assert_eq!(
        tests[0].wrong[0],
        r#"stdout is not "nichts": it is "***\n""#
    );
    assert_eq!(tests[0].logs, ["***"]);
    assert!(!format!("{:?}", shop.events()).contains("geheim"));
}
