//! Rebuilds that are killed, repeated, and set off by a base that moved.

use std::collections::BTreeMap;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::lab::BOTH;
use crate::published::Published;
use crate::workspace::{Run, Workspace, run, start};

/// Files are told apart by nothing but their content, so builders that forget make the same layers.
const EPOCH: (&str, &str) = ("SOURCE_DATE_EPOCH", "1750000000");

fn rebuild(space: &Workspace, args: &[&str]) -> Run {
    let mut command = space.command(&[&["rebuild", "--progress=plain"], args].concat());
    command.env(EPOCH.0, EPOCH.1);
    run(command)
}

/// A recipe in a folder of its own; its repository is `live/UNIQUE-SERIES-NAME`.
fn recipe(space: &Workspace, series: &str, name: &str, body: &str) {
    let head =
        format!("kiln: 1\nname: {name}\nrepository: live/UNIQUE-{series}-{name}\ntags: [it]\n");
    space.file(&format!("{name}/recipe.yaml"), &format!("{head}{body}"));
}

/// Parent, child and grandchild. What a builder runs is another thing in each round, and what comes out is not.
fn family(space: &Workspace, round: usize) {
    let text = |word: &str| {
        format!(
            "steps:\n  - write: {{path: /{word}, content: \"{word} UNIQUE 한글\"}}\n\
             \x20 - run: cat /{word} > /made-{word}\n    env: {{RUNDE: \"{round}\"}}\n"
        )
    };
    let tiny = "base: docker.io/kiln-test/tiny:1\n";
    recipe(space, "x", "parent", &format!("{tiny}{}", text("a")));
    recipe(
        space,
        "x",
        "kind",
        &format!("base: {{recipe: parent}}\n{}", text("b")),
    );
    recipe(
        space,
        "x",
        "enkel",
        &format!("base: {{recipe: kind}}\n{}", text("c")),
    );
}

fn published(space: &Workspace, series: &str, name: &str) -> Published {
    let host = &space.lab.registry;
    let reference = format!("{host}/{}-{series}-{name}:it", space.repository());
    Published::read(&space.lab, &reference)
}

/// What is said of a run that was killed.
const ENDED_EARLY: &str = "did not come to its end";

const NAMES: [&str; 3] = ["parent", "kind", "enkel"];

/// Digests of indexes, and of the manifests in them.
fn digests(space: &Workspace) -> (Vec<String>, Vec<String>) {
    let images = NAMES.map(|name| published(space, "x", name));
    let manifests = images
        .iter()
        .flat_map(|image| BOTH.map(|platform| image.on(platform).digest.clone()));
    (
        images.iter().map(|image| image.digest.clone()).collect(),
        manifests.collect(),
    )
}

/// Numbers that look random and are the same in every run (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// Rebuilds and is killed after a while; what it said, if it was still at work then.
fn killed(space: &Workspace, after: Duration) -> Option<String> {
    let mut command = space.command(&["rebuild", "--progress=quiet"]);
    command.env(EPOCH.0, EPOCH.1);
    let mut child = start(command);
    sleep(after);
    let was_at_work = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    let said = child.wait_with_output().unwrap().stderr;
    was_at_work.then(|| String::from_utf8(said).unwrap())
}

fn killed_at_random(space: &Workspace, wanted: usize) {
    family(space, 0);
    rebuild(space, &[]).expect(0);
    let (_, undisturbed) = digests(space);
    // The first one has more to push than those that follow.
    family(space, 1);
    let clock = Instant::now();
    rebuild(space, &[]).expect(0);
    let length = u64::try_from(clock.elapsed().as_millis()).unwrap();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let (mut kills, mut campaigns, mut followed) = (0, 0, 0);
    while kills < wanted {
        campaigns += 1;
        family(space, campaigns + 1);
        for _ in 0..(wanted - kills).min(5) {
            let after = Duration::from_millis(random.below(length));
            let Some(said) = killed(space, after) else {
                break;
            };
            kills += 1;
            followed += usize::from(said.contains(ENDED_EARLY));
        }
        let last = rebuild(space, &[]).expect(0);
        followed += usize::from(last.stderr.contains(ENDED_EARLY));
        rebuild(space, &[]).expect(0).stdout_has("3 current");
        let disturbed = digests(space);
        assert_eq!(disturbed.1, undisturbed, "campaign {campaigns}");
        // The same once more in one go, whatever is there.
        let mut forced = space.command(&["build", "--push", "--force", "--progress=quiet"]);
        forced.env(EPOCH.0, EPOCH.1);
        run(forced).expect(0);
        assert_eq!(disturbed, digests(space), "campaign {campaigns}");
    }
    let torn = torn_lines(space);
    eprintln!(
        "{kills} kills in {campaigns} campaigns of {length} ms, {followed} noticed by the next run, {torn} torn lines in \
         the ledger: the same digests"
    );
    assert!(followed > 0, "no run was met after it had begun");
}

/// Lines of the ledger that were not written to their end.
fn torn_lines(space: &Workspace) -> usize {
    let text = std::fs::read_to_string(space.path(".kiln/records.jsonl")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty());
    let torn = lines.filter(|line| serde_json::from_str::<Value>(line).is_err());
    torn.count()
}

#[test]
fn a_campaign_that_is_killed_at_random_ends_in_the_digests_of_one_that_is_not() {
    let Some(space) = Workspace::new() else {
        return;
    };
    killed_at_random(&space, 5);
}

#[test]
fn a_campaign_that_is_killed_fifty_times_at_random_ends_in_the_digests_of_one_that_is_not() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    killed_at_random(&space, 50);
}

/// Three bases in the lab's registry, and images on them: two on the first, one of these below the other.
fn on_three_bases(space: &Workspace) {
    for name in ["eins", "zwei", "drei"] {
        base(space, name, "0");
    }
    let base = |name: &str| format!("base: REGISTRY/live/UNIQUE-base-{name}:it\n");
    let step = "steps:\n  - run: echo UNIQUE > /made\n";
    recipe(space, "x", "parent", &format!("{}{step}", base("eins")));
    recipe(
        space,
        "x",
        "kind",
        "base: {recipe: parent}\nsteps:\n  - run: cat /made > /b\n",
    );
    recipe(
        space,
        "x",
        "enkel",
        "base: {recipe: kind}\nsteps:\n  - run: cat /made > /c\n",
    );
    recipe(space, "x", "zwei", &format!("{}{step}", base("zwei")));
    recipe(space, "x", "drei", &format!("{}{step}", base("drei")));
}

/// Puts a base, made from the tiny one with a word in it, by a workspace of its own.
fn base(space: &Workspace, name: &str, word: &str) {
    let folder = space.path("bases");
    std::fs::create_dir_all(folder.join("r")).unwrap();
    let workspace = std::fs::read_to_string(space.path("kiln.yaml")).unwrap();
    std::fs::write(folder.join("kiln.yaml"), workspace).unwrap();
    space.file(
        "bases/r/recipe.yaml",
        &format!(
            "kiln: 1\nname: b\nrepository: live/UNIQUE-base-{name}\ntags: [it]\nbase: docker.io/kiln-test/tiny:1\n\
             steps:\n  - write: {{path: /wort, content: \"{name} {word} 한글\"}}\n"
        ),
    );
    let mut command = space.command(&["build", "--push", "--progress=quiet"]);
    command.current_dir(&folder);
    run(command).expect(0);
}

fn states(document: &Value) -> BTreeMap<&str, &str> {
    let images = document["images"].as_array().unwrap().iter();
    images
        .map(|it| (it["name"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect()
}

#[test]
fn one_base_of_three_that_moved_rebuilds_exactly_its_dependents_each_on_its_rebuilt_parent() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let plain = space.lab.registry.clone();
    space.kiln_yaml(&plain, "");
    on_three_bases(&space);
    rebuild(&space, &["--due"]).expect(0);
    let others = ["zwei", "drei"].map(|name| published(&space, "x", name).digest);
    let before = NAMES.map(|name| published(&space, "x", name));
    let records = space.records().len();
    base(&space, "eins", "1");
    let ended = rebuild(&space, &["--due", "--format=json", "--report=밤.md"]).expect(0);
    let document = ended.json();
    let expected = [
        ("drei", "current"),
        ("enkel", "published"),
        ("kind", "published"),
        ("parent", "published"),
        ("zwei", "current"),
    ];
    assert_eq!(states(&document), BTreeMap::from(expected));
    let new = &space.records()[records..];
    let order: Vec<&str> = new.iter().map(|it| it["image"].as_str().unwrap()).collect();
    assert_eq!(order, NAMES, "parents are published before their children");
    let after = NAMES.map(|name| published(&space, "x", name));
    let moved = Published::read(
        &space.lab,
        &format!("{plain}/{}-base-eins:it", space.repository()),
    );
    for platform in BOTH {
        let mut below = moved.on(platform);
        for (number, image) in after.iter().enumerate() {
            let own = image.on(platform);
            let was = before[number].on(platform);
            assert_ne!(own.digest, was.digest);
            let recorded = &new[number]["platforms"][platform]["base"]["digest"];
            // A base of a registry is named by its index, a parent by its manifest.
            if number > 0 {
                assert_eq!(*recorded, *below.digest);
            }
            let layers = below.layer_digests();
            assert_eq!(own.layer_digests()[..layers.len()], layers, "{platform}");
            below = own;
        }
        assert!(below.text("wort").contains("eins 1"));
    }
    assert_eq!(
        ["zwei", "drei"].map(|name| published(&space, "x", name).digest),
        others
    );
    let page = std::fs::read_to_string(space.path("밤.md")).unwrap();
    assert!(
        page.contains("## Published") && page.contains("2 current"),
        "{page}"
    );
    // Nothing is left to do, and nobody has to be there to do it.
    let mut idle = space.command(&["rebuild", "--due"]);
    idle.env(EPOCH.0, EPOCH.1)
        .env("BUILDKIT_HOST", "tcp://127.0.0.1:1");
    run(idle).expect(0).stdout_has("5 current");
}

#[test]
fn a_step_that_fails_is_in_the_report_with_place_and_log_and_its_child_with_the_cause() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let tiny = "base: docker.io/kiln-test/tiny:1\n";
    let fails = "steps:\n  - run: for i in $(seq 40); do echo Zeile $i UNIQUE; done; exit 3\n";
    recipe(&space, "f", "parent", &format!("{tiny}{fails}"));
    recipe(&space, "f", "kind", "base: {recipe: parent}\n");
    recipe(
        &space,
        "f",
        "gut",
        &format!("{tiny}steps:\n  - run: echo UNIQUE\n"),
    );
    let ended = rebuild(&space, &["--format=json", "--report=a.md"]).expect(3);
    let document = ended.json();
    let expected = [
        ("gut", "published"),
        ("kind", "skipped"),
        ("parent", "failed"),
    ];
    assert_eq!(states(&document), BTreeMap::from(expected));
    let page = std::fs::read_to_string(space.path("a.md")).unwrap();
    assert!(page.contains("parent/recipe.yaml:7:5"), "{page}");
    assert!(
        page.contains("Zeile 11 ") && !page.contains("Zeile 10 "),
        "{page}"
    );
    let repository = space.repository();
    let cause = format!("its parent {repository}-f-parent:it was not built for linux/amd64");
    assert!(page.contains(&cause), "{page}");
}
