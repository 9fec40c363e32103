//! What a build does when something fails, and what it leaves untouched.

use kiln::buildkit::{BuildkitError, SolveError};
use kiln::ops::build::{
    BuildOptions, Event, FailureKind, FailurePolicy, ImageState, LegOutcomeKind, LegState,
};
use kiln::ops::{OpError, SecretFrom};

use crate::build::{
    AMD64, ARM64, Act, Moment, Workshop, Wrong, kinds, leg, push, solved, step_places,
};

const ONE: &str = "base: debian:12\nsteps:\n  - run: echo gut\n  - run: echo kaputt\n";
const FAILS: Act = Act::Fail {
    step: "echo kaputt",
    code: 3,
};

fn with(failure: FailurePolicy) -> BuildOptions {
    BuildOptions { failure, ..push() }
}

#[tokio::test]
async fn a_step_that_fails_on_arm64_only_leaves_amd64_finished_and_the_tag_untouched() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.pushed().await;
    let before = shop.tag("app:1");
    assert!(before.is_some());
    shop.recipe("app", &format!("{ONE}  - run: echo neu\n"));
    shop.solver.on(Some(ARM64), "echo neu", FAILS);
    let report = shop.pushed().await;
    let image = &report.images[0];
    assert_eq!(
        (kinds(image), image.state),
        (vec!["built", "step"], ImageState::Failed)
    );
    assert!(image.is_partial() && image.index.is_none());
    assert!(solved(leg(&report, "app", AMD64)).manifest.is_some());
    assert_eq!((shop.tag("app:1"), shop.records().len()), (before, 1));
    assert_eq!(
        step_places(leg(&report, "app", ARM64)),
        ["recipes/app.yaml:8:5 run"]
    );
    let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
        panic!();
    };
    assert_eq!(failure.message, "`run echo kaputt` ended with exit code 3");
    let FailureKind::Step {
        exit_code, logs, ..
    } = &failure.kind
    else {
        panic!();
    };
    assert_eq!(
        (*exit_code, logs[0].as_str()),
        (Some(3), "letzte Zeile: größer als erlaubt")
    );
    let told = |event: &Event| matches!(event, Event::NotPublished { .. });
    assert!(shop.events().iter().any(told));
}

#[tokio::test]
async fn a_step_that_fails_everywhere_fails_on_each_platform_by_its_own_report() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.solver.on(None, "", FAILS);
    let report = shop.pushed().await;
    let image = &report.images[0];
    assert_eq!(kinds(image), ["step", "step"]);
    assert!(!image.is_partial());
    assert_eq!((shop.tag("app:1"), shop.records().len()), (None, 0));
}

#[tokio::test]
async fn a_killed_program_is_explained() {
    for (code, words) in [(137, "memory"), (139, "crashed"), (132, "instruction")] {
        let shop = Workshop::new().await;
        shop.recipe("app", ONE);
        let step = "echo gut";
        shop.solver.on(None, "", Act::Fail { step, code });
        let report = shop.pushed().await;
        let LegState::Failed(failure) = &leg(&report, "app", AMD64).state else {
            panic!();
        };
        assert!(failure.message.contains(words), "{}", failure.message);
    }
}

#[tokio::test]
async fn fail_fast_cancels_what_runs() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.recipe("other", "base: debian:12\nsteps:\n  - run: echo lang\n");
    shop.solver.on(Some(AMD64), "", Act::Hang);
    shop.solver.on(None, "echo lang", Act::Hang);
    shop.solver.on(Some(ARM64), "echo kaputt", Act::Meet(4));
    shop.solver.on(Some(ARM64), "echo kaputt", FAILS);
    let report = shop.build(&with(FailurePolicy::FailFast)).await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["skipped", "step"]);
    assert_eq!(kinds(&report.images[1]), ["skipped", "skipped"]);
    assert_eq!(report.images[1].state, ImageState::Skipped);
    let dropped = |moment: &&Moment| matches!(moment, Moment::Dropped(_));
    assert_eq!(shop.solver.moments().iter().filter(dropped).count(), 3);
    let ended = |event: &&Event| matches!(event, Event::LegFinished { .. });
    assert_eq!(
        shop.events().iter().filter(ended).count(),
        4,
        "every leg ends once"
    );
}

#[tokio::test]
async fn keep_going_builds_everything_that_does_not_need_what_failed() {
    let mut shop = Workshop::new().await;
    shop.builders[0].slots = 1;
    shop.recipe("a", ONE);
    shop.recipe("b", "base: {recipe: a}\nsteps:\n  - run: echo Kind\n");
    shop.recipe("c", "base: debian:12\nsteps:\n  - run: echo frei\n");
    shop.solver.on(Some(ARM64), "echo kaputt", FAILS);
    let report = shop.build(&with(FailurePolicy::KeepGoing)).await.unwrap();
    assert_eq!(kinds(&report.images[0]), ["built", "step"]);
    assert_eq!(kinds(&report.images[1]), ["built", "skipped"]);
    assert_eq!(report.images[1].state, ImageState::Skipped);
    assert_eq!(kinds(&report.images[2]), ["built", "built"]);
    let LegState::Skipped(why) = &leg(&report, "b", ARM64).state else {
        panic!();
    };
    assert_eq!(why, "its parent team/a:1 was not built for linux/arm64");
    let tags = ["a:1", "b:1", "c:1"].map(|name| shop.tag(name).is_some());
    assert_eq!(tags, [false, false, true]);
    assert_eq!(shop.records().len(), 1);
}

#[tokio::test]
async fn by_default_what_has_begun_is_finished_and_nothing_else_begins() {
    let mut shop = Workshop::new().await;
    shop.builders[0].slots = 1;
    shop.recipe("a", ONE);
    shop.recipe("b", "base: debian:12\nsteps:\n  - run: echo frei\n");
    shop.solver.on(Some(AMD64), "echo kaputt", FAILS);
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["step", "built"]);
    assert_eq!(kinds(&report.images[1]), ["skipped", "skipped"]);
    assert_eq!(shop.solver.seen().len(), 2);
    let skipped = |event: &&Event| matches!(event, Event::LegFinished { outcome, .. } if *outcome == LegOutcomeKind::Skipped);
    assert_eq!(shop.events().iter().filter(skipped).count(), 2);
}

#[tokio::test]
async fn a_lost_or_refusing_builder_is_the_builders_failure_with_a_next_step() {
    let builder = || "fake".to_owned();
    let message = || "Verbindung weg".to_owned();
    let errors = [
        SolveError::DaemonLost {
            builder: builder(),
            message: message(),
        },
        SolveError::SessionLost {
            builder: builder(),
            reason: message(),
        },
        SolveError::Cancelled {
            builder: builder(),
            message: message(),
        },
        SolveError::Rejected {
            builder: builder(),
            message: message(),
        },
        SolveError::BadAnswer {
            builder: builder(),
            problem: message(),
        },
    ];
    for error in errors {
        let shop = Workshop::new().await;
        shop.recipe("app", ONE);
        shop.solver.on(Some(ARM64), "", Act::Error(error.clone()));
        let report = shop.pushed().await;
        assert_eq!(kinds(&report.images[0]), ["built", "builder"]);
        let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
            panic!();
        };
        assert!(failure.message.contains("Verbindung weg"));
        assert!(failure.next.is_some(), "no next step: {error}");
        assert_eq!(shop.tag("app:1"), None);
    }
}

#[tokio::test]
async fn a_push_that_fails_is_the_registrys_failure() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    let error = SolveError::PushFailed {
        repository: Workshop::reference("app").repository().clone(),
        message: "denied".to_owned(),
    };
    shop.solver.on(None, "", Act::Error(error));
    let report = shop.pushed().await;
    assert_eq!(kinds(&report.images[0]), ["registry", "registry"]);
    let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
        panic!();
    };
    assert!(failure.next.is_some());
}

#[tokio::test]
async fn a_wrong_answer_fails_its_leg_before_any_tag_moves() {
    let rows = [
        (Wrong::Nothing, "pushed nothing"),
        (Wrong::Gone, "is not there"),
        (Wrong::Architecture, "riscv64"),
        (Wrong::Size, "bytes"),
        (Wrong::Layers, "layers"),
    ];
    for (wrong, words) in rows {
        let shop = Workshop::new().await;
        shop.recipe("app", ONE);
        shop.solver.on(Some(ARM64), "", Act::Wrong(wrong));
        let report = shop.pushed().await;
        let image = &report.images[0];
        assert_eq!(kinds(image)[0], "built");
        let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
            panic!("{wrong:?} went through: {image:?}");
        };
        assert!(failure.message.contains(words), "{}", failure.message);
        assert_eq!((shop.tag("app:1"), shop.records().len()), (None, 0));
        let tagged = shop.puts().iter().any(|put| put == "1");
        assert!(!tagged, "{wrong:?}");
    }
}

#[tokio::test]
async fn a_platform_that_no_builder_has_is_said_before_anything_is_built() {
    let mut shop = Workshop::new().await;
    shop.builders = vec![shop.builder("amd", AMD64, &[AMD64], 4)];
    shop.recipe("app", ONE);
    let error = shop.build(&push()).await.unwrap_err();
    let OpError::Builder(BuildkitError::PlatformMissing { platform, .. }) = &error else {
        panic!("{error:?}");
    };
    assert_eq!(*platform, ARM64);
    assert!(error.to_string().contains("`amd`"), "{error}");
    assert!(error.next_step().unwrap().contains("arm64"));
    assert!(shop.puts().is_empty() && shop.solver.seen().is_empty());
}

#[tokio::test]
async fn a_step_in_a_shared_layer_points_to_all_its_places() {
    let shop = Workshop::new().await;
    shop.recipe(
        "app",
        "base: debian:12\nsteps:\n  - mkdir: /größe\n  - write: {path: /größe/x, content: inhalt}\n",
    );
    let step = "größe";
    shop.solver.on(None, "", Act::Fail { step, code: 1 });
    let report = shop.pushed().await;
    let places = step_places(leg(&report, "app", AMD64));
    let lines: Vec<&str> = places
        .iter()
        .map(|place| &place[.."recipes/app.yaml:7:5".len()])
        .collect();
    assert_eq!(lines, ["recipes/app.yaml:7:5", "recipes/app.yaml:8:5"]);
}

#[tokio::test]
async fn what_a_step_prints_of_a_secret_is_hidden_from_events_and_report() {
    let shop = Workshop::new().await;
    shop.recipe("app", ONE);
    shop.solver.on(Some(ARM64), "", FAILS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("wort");
    std::fs::write(&file, "größer als\n").unwrap();
    let mut options = push();
    let from = SecretFrom::File(file);
    options.given.add_secret("wort", &from).unwrap();
    let report = shop.build(&options).await.unwrap();
    let LegState::Failed(failure) = &leg(&report, "app", ARM64).state else {
        panic!();
    };
    let FailureKind::Step { logs, .. } = &failure.kind else {
        panic!();
    };
    assert_eq!(logs[0], "letzte Zeile: *** erlaubt");
    let events = format!("{:?}", shop.events());
    assert!(!events.contains("größer als"), "{events}");
}
