//! Random edits of small workspaces: an image that is called current is the one that would be built anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, SystemTime};

use crate::daemon::Daemon;
use crate::workspace::{Workspace, run};

/// Recipes of the workspace; each is edited once a round.
const RECIPES: usize = 10;

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end as u64)).unwrap()
    }
}

/// What a recipe says, and the files beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Model {
    steps: Vec<String>,
    env: BTreeMap<String, String>,
    labels: BTreeMap<String, String>,
    files: BTreeMap<String, (String, u32)>,
    user: String,
    /// What cannot matter.
    comment: String,
    unused: String,
    turned: bool,
}

impl Model {
    fn new(number: usize) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            steps: vec![
                text("  - copy: {src: app/, to: /srv/}"),
                format!("  - write: {{path: /하나, content: \"{number} UNIQUE\"}}"),
                text("  - link: {path: /l, target: 하나}"),
            ],
            env: BTreeMap::from([(text("LANG"), text("C.UTF-8"))]),
            labels: BTreeMap::from([(text("who"), text("나"))]),
            files: BTreeMap::from([
                (text("app/a"), (text("a"), 0o644)),
                (text("app/b/c"), (text("c"), 0o755)),
            ]),
            user: text("1000"),
            comment: text("처음"),
            unused: text("x"),
            turned: false,
        }
    }

    /// One edit, that may matter or not.
    fn edit(&mut self, dice: &mut Dice) {
        let word = format!("w{}", dice.below(5));
        match dice.below(14) {
            0 => self.comment = word,
            1 => self.unused = word,
            2 => self.turned = !self.turned,
            3 | 4 => {}
            5 => drop(self.labels.insert("who".to_owned(), word)),
            6 => drop(self.env.insert(word, "1".to_owned())),
            7 => {
                let content = (word, 0o644);
                drop(self.files.insert("app/a".to_owned(), content));
            }
            8 => {
                let name = format!("app/{word}");
                drop(self.files.insert(name, (String::new(), 0o644)));
            }
            9 => self.files.values_mut().for_each(|file| file.1 ^= 0o011),
            10 => self.steps.push(format!("  - mkdir: /d{word}")),
            11 => {
                self.steps.truncate(3);
            }
            12 => self.user = format!("{}", 1000 + dice.below(3)),
            _ => self.steps.push(format!(
                "  - write: {{path: /{word}, content: {word}, append: false}}"
            )),
        }
    }

    fn meaning(&self) -> Self {
        Self {
            comment: String::new(),
            unused: String::new(),
            turned: false,
            ..self.clone()
        }
    }

    fn write(&self, space: &Workspace, folder: &str) {
        let _ = std::fs::remove_dir_all(space.path(folder));
        let map = |map: &BTreeMap<String, String>| {
            let entries: Vec<String> = map.iter().map(|(k, v)| format!("{k}: \"{v}\"")).collect();
            format!("{{{}}}", entries.join(", "))
        };
        let mut parts = [
            format!("env: {}", map(&self.env)),
            format!("labels: {}", map(&self.labels)),
            format!("user: \"{}\"", self.user),
            format!("steps:\n{}", self.steps.join("\n")),
        ];
        if self.turned {
            parts.reverse();
        }
        let mut text = format!("# {}\nkiln: 1\n", self.comment);
        let _ = writeln!(text, "name: {folder}\nrepository: live/UNIQUE-{folder}");
        let _ = writeln!(text, "tags: [it]\nbase: docker.io/kiln-test/tiny:1");
        let _ = writeln!(text, "vars: {{unused: {}}}", self.unused);
        space.file(
            &format!("{folder}/recipe.yaml"),
            &(text + &parts.join("\n") + "\n"),
        );
        for (path, (content, mode)) in &self.files {
            let path = format!("{folder}/{path}");
            space.file(&path, content);
            let mode = std::fs::Permissions::from_mode(*mode);
            std::fs::set_permissions(space.path(&path), mode).unwrap();
            let file = std::fs::File::open(space.path(&path)).unwrap();
            let then = SystemTime::now() - Duration::from_secs(100);
            file.set_modified(then).unwrap();
        }
    }
}

/// State and index of each image, made by the lab's daemon or by one with an empty store.
fn build(
    space: &Workspace,
    fresh: Option<&Daemon>,
    more: &[&str],
) -> BTreeMap<String, (String, String)> {
    let mut command = space.command(&[&["build", "--push", "--format=json"], more].concat());
    command.env("SOURCE_DATE_EPOCH", "1750000000");
    if let Some(daemon) = fresh {
        command.env("BUILDKIT_HOST", daemon.address());
    }
    let images = run(command).expect(0).json()["images"].clone();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let images = images.as_array().unwrap().iter();
    images
        .map(|it| (text(&it["name"]), (text(&it["state"]), text(&it["index"]))))
        .collect()
}

fn rounds(space: &Workspace, rounds: usize, seed: u64) {
    let mut dice = Dice(seed);
    let mut models: Vec<Model> = (0..RECIPES).map(Model::new).collect();
    let folder = |number: usize| format!("r{number}");
    for (number, model) in models.iter().enumerate() {
        model.write(space, &folder(number));
    }
    build(space, None, &[]);
    let (mut current, mut stale) = (0, 0);
    for round in 0..rounds {
        let before: Vec<Model> = models.iter().map(Model::meaning).collect();
        for (number, model) in models.iter_mut().enumerate() {
            model.edit(&mut dice);
            model.write(space, &folder(number));
        }
        let first = build(space, None, &[]);
        let daemon = Daemon::start(&space.lab);
        let anew = build(space, Some(&daemon), &["--force"]);
        for (number, model) in models.iter().enumerate() {
            let (state, index) = &first[&folder(number)];
            let same = model.meaning() == before[number];
            let about = format!("seed {seed}, round {round}, recipe {number}: {model:?}");
            assert_eq!(state == "current", same, "{about}");
            assert_eq!(anew[&folder(number)].1, *index, "{about}");
            *(if same { &mut current } else { &mut stale }) += 1;
        }
    }
    println!("{current} current and {stale} stale images, each as it is built anew");
    assert!(current > 0 && stale > 0);
}

#[test]
fn what_is_called_current_is_what_would_be_built_anew() {
    let Some(space) = Workspace::new() else {
        return;
    };
    rounds(&space, 2, 20_261_121);
}

#[test]
fn of_a_thousand_random_edits_none_is_called_current_falsely() {
    let Some(space) = Workspace::for_long() else {
        return;
    };
    rounds(&space, 100, 7);
}
