//! A thousand images on two platforms, of which some fail.

use std::collections::BTreeMap;
use std::process::Command;

use kiln::oci::{Digest, Platform};
use kiln::ops::build::{BuildOptions, FailurePolicy, ImageState, LegState};

use crate::build::{AMD64, ARM64, Act, Seen, Workshop, push};

/// Bases, images on them, and images on those.
const TIERS: [usize; 3] = [10, 90, 900];

/// What the whole program may take.
const MAX_MEMORY_KB: u64 = 200 * 1024;

/// The names of all images in build order, each with its parent.
fn family() -> Vec<(String, Option<String>)> {
    let mut all = Vec::new();
    for (tier, count) in TIERS.into_iter().enumerate() {
        for number in 0..count {
            let parent = tier.checked_sub(1);
            let parent = parent.map(|above| format!("t{above}-{}", number % TIERS[above]));
            all.push((format!("t{tier}-{number}"), parent));
        }
    }
    all
}

/// Whether a leg fails: one in twenty does, always the same ones.
fn is_unlucky(name: &str, platform: Platform) -> bool {
    let digest = Digest::sha256_of(format!("불운 {name} {platform}").as_bytes());
    let start = digest.hex()[..4].to_owned();
    u32::from_str_radix(&start, 16).unwrap().is_multiple_of(20)
}

fn fails(request: &Seen) -> bool {
    let repository = request.repository().unwrap();
    let name = repository.path().rsplit('/').next().unwrap();
    is_unlucky(name, request.platform())
}

#[tokio::test]
async fn of_two_thousand_legs_exactly_the_dependents_of_what_failed_are_skipped() {
    let shop = Workshop::new().await;
    for (name, parent) in family() {
        let base = parent.map_or_else(|| "debian:12".to_owned(), |it| format!("{{recipe: {it}}}"));
        let steps = format!(
            "steps:\n  - run: echo {name} 단계\n  - write: {{path: /{name}, content: 있음}}\n"
        );
        shop.recipe(&name, &format!("base: {base}\n{steps}"));
    }
    shop.solver.on(None, "", Act::Unlucky(fails));
    let options = BuildOptions {
        failure: FailurePolicy::KeepGoing,
        ..push()
    };
    let minutes = std::time::Duration::from_secs(300);
    let report = shop.build_within(minutes, &options).await.unwrap();

    let mut expected: BTreeMap<(String, Platform), &str> = BTreeMap::new();
    for (name, parent) in family() {
        for platform in [AMD64, ARM64] {
            let above = parent.clone().map(|parent| expected[&(parent, platform)]);
            let state = match above {
                Some("failed" | "skipped") => "skipped",
                _ if is_unlucky(&name, platform) => "failed",
                _ => "built",
            };
            expected.insert((name.clone(), platform), state);
        }
    }
    let mut seen = BTreeMap::new();
    for image in &report.images {
        for (platform, leg) in &image.legs {
            let state = match &leg.state {
                LegState::Built(_) => "built",
                LegState::Failed(_) => "failed",
                LegState::Skipped(_) => "skipped",
            };
            seen.insert((image.name.clone(), *platform), state);
        }
        let whole = image
            .legs
            .values()
            .all(|leg| matches!(leg.state, LegState::Built(_)));
        assert_eq!(image.state == ImageState::Built, whole, "{}", image.name);
        assert_eq!(shop.tag(&format!("{}:1", image.name)).is_some(), whole);
    }
    assert_eq!(seen.len(), 2000);
    assert_eq!(seen, expected);
    let count = |state| seen.values().filter(|it| **it == state).count();
    assert!((50..150).contains(&count("failed")), "{}", count("failed"));
    assert!(count("skipped") > 50, "{}", count("skipped"));
    println!("peak {} kB", peak());
}

/// The most memory that this process has had, in kB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

#[test]
fn two_thousand_legs_take_less_than_200_mb() {
    // The test above in a process of its own.
    let name =
        "build_scale::of_two_thousand_legs_exactly_the_dependents_of_what_failed_are_skipped";
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .output()
        .unwrap();
    let words = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{words}");
    let peak = words.split("peak ").nth(1).unwrap();
    let peak: u64 = peak.split(' ').next().unwrap().parse().unwrap();
    assert!(peak < MAX_MEMORY_KB, "{peak} kB");
}
