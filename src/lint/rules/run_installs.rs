//! `run-installs`: a `run` step that a typed step says better.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Fix, Level};
use crate::lint::installs::{
    Apt, Installs, Pip, Typed, in_workspace, is_harmless, is_shell, of_step,
};
use crate::lint::rewrite::{self, Value};
use crate::lint::rule::{Check, Example, MULTI_ARCH, Rule};
use crate::lint::tree::{StepView, entries, items, scalars, texts, values};
use crate::lint::view::{Report, Written};
use crate::yaml::Node;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "run-installs",
    group: MULTI_ARCH,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a `run` step only installs packages, as an `apt` or `pip` step does",
    why: "A `run` step says only how, so that its programs are emulated on every foreign platform. An `apt` or `pip` step says \
          what is wanted: native programs can do it for a foreign platform too, lists, archives and wheels are in cache mounts, \
          nothing is left to clean up, and the lock can hold the versions. `kiln lint --fix` writes the step where every word \
          of the call has its place in it. It is only suggested where the words do not say all: pip called by its bare name \
          in an image of which is not known that `python3` is its Python, or apt-get without fresh lists. `apt-get install` \
          takes recommended packages along, so the new step has `recommends: true`; most images do not need them.",
    bad: Example(&[(
        Example::PATH,
        "steps:\n  - run: apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*\n",
    )]),
    good: Example(&[(Example::PATH, "steps:\n  - apt: {install: [git]}\n")]),
    check: Check::Written(check),
};

/// What is around all steps, looked at once where a step asks for it.
#[derive(Default)]
struct Around {
    is_plain: OnceCell<bool>,
    pythons: OnceCell<Pythons>,
}

/// What the texts of a recipe say of interpreters.
#[derive(Clone, Copy)]
struct Pythons {
    /// Whether Debian's pip for `python3` is installed.
    has_debians: bool,
    /// Whether there is another interpreter, or another way to a pip.
    has_others: bool,
}

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    let around = Around::default();
    for (at, step) in view.steps().iter().enumerate() {
        if step.word.value == "run"
            && let Some(found) = of_step(step)
        {
            report.push(told(view, &around, at, &found));
        }
    }
}

fn told(view: &Written<'_>, around: &Around, at: usize, found: &Installs) -> Finding {
    let step = &view.steps()[at];
    let words = step_words(&found.words());
    let message = format!("this only installs packages, as {words} does");
    let finding = Finding::error(&step.word.place, message);
    let fixed = match fix(view, around, at, found) {
        Ok(fix) => return finding.with_fix(fix),
        Err(reason) => reason,
    };
    finding.with_help(format!("write {words}; not done by a fix: {fixed}"))
}

/// ``an `apt` step``, or ``an `apt` and a `pip` step``.
fn step_words(words: &[&str]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("{} `{word}`", article(word)))
        .collect();
    format!("{} step", words.join(" and "))
}

fn article(word: &str) -> &'static str {
    if word.starts_with('a') { "an" } else { "a" }
}

/// The rewritten step, or why there is none.
fn fix(view: &Written<'_>, around: &Around, at: usize, found: &Installs) -> Result<Fix, String> {
    let step = &view.steps()[at];
    if let Some(words) = &found.unclear {
        return Err(format!("`{words}` has no certain place in it"));
    }
    beside(step, found)?;
    let mut used = BTreeSet::new();
    let mut steps = Vec::new();
    for typed in &found.typed {
        steps.push(match typed {
            Typed::Apt(apt) => written_apt(apt),
            Typed::Pip(pip) => written_pip(view, at, pip, &mut used)?,
        });
    }
    let words = step_words(&found.words());
    let title = format!("write {words}");
    let fix = if is_sure(view, around, step, found) {
        Fix::safe(title)
    } else {
        Fix::suggested(title)
    };
    let fix =
        rewrite::replaced(fix, step, &steps).ok_or("its comments or its layout would be lost")?;
    let mounts = step.node.get("mounts").map_or(0, |node| items(node).len());
    if steps.len() == 1 && mounts > 0 && used.len() == mounts {
        return Ok(rewrite::without(fix, step, "mounts"));
    }
    Ok(fix)
}

/// Options beside the word that the new step could not have.
fn beside(step: &StepView<'_>, found: &Installs) -> Result<(), String> {
    let has = |key: &str| step.node.get(key).is_some();
    if has("shell") {
        return Err("it has a shell of its own".to_owned());
    }
    if has("user") && found.words().contains(&"apt") {
        return Err("`apt` always runs as root".to_owned());
    }
    let network = values(step.node, "network").into_iter().flat_map(texts);
    if network
        .into_iter()
        .any(|text| text.text != "default" && text.text != "host")
    {
        return Err("it has no network".to_owned());
    }
    Ok(())
}

fn written_apt(apt: &Apt) -> rewrite::Written {
    let mut keys = vec![("install", Value::List(apt.install.clone()))];
    for (key, flag) in [("upgrade", apt.upgrade), ("recommends", apt.recommends)] {
        if flag {
            keys.push((key, Value::Flag(true)));
        }
    }
    rewrite::Written { word: "apt", keys }
}

fn written_pip(
    view: &Written<'_>,
    at: usize,
    pip: &Pip,
    used: &mut BTreeSet<usize>,
) -> Result<rewrite::Written, String> {
    let mut keys = Vec::new();
    let files = [
        ("requirements", &pip.requirements),
        ("constraints", &pip.constraints),
    ];
    for (key, paths) in files {
        let mut written = Vec::new();
        for path in paths {
            let known = in_workspace(view, at, path)
                .ok_or_else(|| format!("`{path}` is not known to be a file of the workspace"))?;
            used.extend(known.mount);
            written.push(known.written);
        }
        match <[String; 1]>::try_from(written) {
            Ok([one]) => keys.push((key, Value::Text(one))),
            Err(all) if all.is_empty() => {}
            Err(all) => keys.push((key, Value::List(all))),
        }
    }
    for (key, list) in [("install", &pip.install), ("find_links", &pip.find_links)] {
        if !list.is_empty() {
            keys.push((key, Value::List(list.clone())));
        }
    }
    for (key, text) in [("index", &pip.index), ("python", &pip.python)] {
        if let Some(text) = text {
            keys.push((key, Value::Text(text.clone())));
        }
    }
    if pip.upgrade {
        keys.push(("upgrade", Value::Flag(true)));
    }
    if pip.no_deps {
        keys.push(("deps", Value::Flag(false)));
    }
    Ok(rewrite::Written { word: "pip", keys })
}

/// Whether the new step does the same, whatever the image is.
fn is_sure(view: &Written<'_>, around: &Around, step: &StepView<'_>, found: &Installs) -> bool {
    let calls_apt = found.words().contains(&"apt");
    if calls_apt && !found.fresh {
        return false;
    }
    let mut pips = found.typed.iter().filter_map(|typed| match typed {
        Typed::Pip(pip) => Some(pip),
        Typed::Apt(_) => None,
    });
    if !found.words().contains(&"pip") {
        return true;
    }
    // What stands around a step of a shared file is another thing for each of its users.
    let is_own = !view.is_snippet && step.node.place.source.path() == view.tree.place.source.path();
    // pip falls back to the home folder of a user who may not write elsewhere.
    let mut users = values(step.node, "user").into_iter().flat_map(texts);
    let is_roots = users.all(|user| matches!(user.text, "root" | "0" | "root:root" | "0:0"));
    is_own
        && is_roots
        && *around.is_plain.get_or_init(|| is_plain_around(view))
        && (pips.all(|pip| !pip.by_name) || is_of_python3(view, around, step))
}

/// Whether no setting for pip and no unusual shell is around.
fn is_plain_around(view: &Written<'_>) -> bool {
    let mut nodes: Vec<&Node> = vec![view.tree];
    for stages in values(view.tree, "stages") {
        nodes.extend(entries(stages).iter().map(|entry| &entry.value));
    }
    nodes.extend(view.steps().iter().map(|step| step.node));
    let mut env = nodes.iter().flat_map(|node| values(node, "env"));
    let sets = env.any(|env| {
        entries(env).iter().any(|entry| {
            let name = entry.key.value.as_str();
            let is_setting = ["PIP_", "UV_", "PYTHON"];
            is_setting.iter().any(|start| name.starts_with(start))
                && !is_harmless(name)
                && !matches!(
                    name,
                    "PYTHONUNBUFFERED" | "PYTHONDONTWRITEBYTECODE" | "PYTHON_VERSION"
                )
        })
    });
    let mut shells = nodes.iter().flat_map(|node| values(node, "shell"));
    let is_odd = shells.any(|shell| {
        let words = texts(shell);
        let mut words = words.iter().map(|word| word.text);
        let program = words.next().unwrap_or_default();
        // A login shell, or an interactive one, has a search path of its own.
        !is_shell(program) || words.any(|word| word.starts_with('-') && word.contains(['l', 'i']))
    });
    !sets && !is_odd
}

/// What a recipe says of interpreters.
fn pythons(view: &Written<'_>) -> Pythons {
    let others = [
        "get-pip",
        "update-alternatives",
        "deadsnakes",
        "pyenv",
        "conda",
        "python2",
        "python3.",
        "python-pip",
    ];
    let mut found = Pythons {
        has_debians: false,
        has_others: false,
    };
    scalars(view.tree, &mut |text| {
        let in_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let mut words = text.text.split(|c| !in_name(c));
        found.has_debians |= words.any(|word| word == "python3-pip");
        found.has_others |= others.iter().any(|other| text.text.contains(other));
    });
    found
}

/// Whether pip is that of `python3`: an official image of Python, or Debian's own package, and nothing in the recipe that
/// speaks of another one.
fn is_of_python3(view: &Written<'_>, around: &Around, step: &StepView<'_>) -> bool {
    let found = *around.pythons.get_or_init(|| pythons(view));
    let stages = values(view.tree, "stages").into_iter().flat_map(entries);
    let own = stages
        .filter(|stage| Some(stage.key.value.as_str()) == step.stage)
        .map(|stage| &stage.value);
    let own = own.chain(step.stage.is_none().then_some(view.tree));
    let bases = own.flat_map(|node| values(node, "base")).flat_map(texts);
    let bases: Vec<_> = bases.collect();
    let is_official = !bases.is_empty()
        && bases.iter().all(|base| {
            let name = base.text.split([':', '@']).next().unwrap_or_default();
            name == "python" || name.ends_with("/python")
        });
    !found.has_others && (found.has_debians || is_official)
}
