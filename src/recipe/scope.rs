//! The names an expression may use, and their values for one variant on one platform.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::budget::Budget;
use super::expand::Surroundings;
use super::expr::Value;
use super::memo::{Fixed, Memos};
use super::merge::Dropped;
use super::model::Vars;
use super::snippet::Snippet;
use crate::diagnostic::nearest;
use crate::kernel::Releases;
use crate::oci::Platform;

/// The names that are always there, and need a platform.
pub(super) const PLATFORM_NAMES: [&str; 7] = [
    "platform",
    "os",
    "arch",
    "arch_variant",
    "arch_gnu",
    "arch_x64",
    "arch_nv",
];
/// The names that are always there, and speak of the workspace.
pub(super) const WORKSPACE_NAMES: [&str; 3] = ["git_commit", "git_time", "period"];

/// What the workspace's checkout and its lock say; an error text where they say nothing.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Commit and its time in UTC seconds.
    pub git: Result<(String, i64), String>,
    /// The refresh window that the lock's pins belong to.
    pub period: Result<String, String>,
}

/// The names of a recipe, without their values: what can be checked before anything is expanded.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    own: Arc<BTreeSet<String>>,
    with_platform: bool,
    of_snippet: bool,
    /// Whether all is there that was to be inherited. Otherwise nothing is missed.
    pub(crate) whole: bool,
    dropped: Arc<Dropped>,
    budget: Rc<Budget>,
    memos: Rc<Memos>,
}

impl Default for Names {
    /// No names at all.
    fn default() -> Self {
        Self {
            own: Arc::default(),
            with_platform: false,
            of_snippet: false,
            whole: true,
            dropped: Arc::default(),
            budget: Rc::default(),
            memos: Rc::default(),
        }
    }
}

/// The most of a recipe's names that a message lists.
const LISTED: usize = 20;

impl Names {
    /// The names of a recipe, with a new budget.
    pub(crate) fn of_recipe(
        own: Arc<BTreeSet<String>>,
        whole: bool,
        dropped: Arc<Dropped>,
    ) -> Self {
        Self {
            own,
            whole,
            dropped,
            ..Self::always_there()
        }
    }

    /// The names that need no recipe.
    pub(crate) fn always_there() -> Self {
        Self {
            with_platform: true,
            ..Self::default()
        }
    }

    /// The names that a snippet sees, which are none of its caller's.
    pub(crate) fn of_snippet(snippet: &Snippet) -> Self {
        Self {
            own: Arc::clone(&snippet.own),
            of_snippet: true,
            ..Self::always_there()
        }
    }

    /// The same without what needs a platform; they share budget and memory.
    pub(crate) fn without_platform(&self) -> Self {
        Self {
            with_platform: false,
            ..self.clone()
        }
    }

    /// The same with budget and memory of whoever uses them: what a snippet makes is part of its caller.
    pub(crate) fn shared_with(self, caller: &Self) -> Self {
        Self {
            budget: Rc::clone(&caller.budget),
            memos: Rc::clone(&caller.memos),
            ..self
        }
    }

    /// What is remembered by whoever reads with these names.
    pub(super) fn memos(&self) -> &Memos {
        &self.memos
    }

    /// What is left for whoever reads with these names.
    pub(crate) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Nothing if the name is known, else the message.
    pub(crate) fn check(&self, name: &str) -> Result<(), String> {
        if self.own.contains(name) || WORKSPACE_NAMES.contains(&name) {
            return Ok(());
        }
        if !self.whole && !PLATFORM_NAMES.contains(&name) {
            return Ok(());
        }
        if PLATFORM_NAMES.contains(&name) {
            return if self.with_platform {
                Ok(())
            } else {
                Err(format!(
                    "`{name}` has no value here: this may not depend on the platform"
                ))
            };
        }
        if let Some(by) = self.dropped.get(name) {
            let (key, place) = (&by.value, &by.place);
            let message =
                format!("unknown name `{name}`: it was inherited, and `{key}` at {place} drops it");
            return Err(if key.ends_with(['+', '-']) {
                message
            } else {
                format!("{message}; `{key}+` keeps what is inherited")
            });
        }
        if !self.budget.suggests() {
            return Err(format!("unknown name `{name}`"));
        }
        let known = self
            .own
            .iter()
            .map(String::as_str)
            .chain(PLATFORM_NAMES)
            .chain(WORKSPACE_NAMES);
        Err(match nearest(name, known) {
            Some(near) => format!("unknown name `{name}`; did you mean `{near}`?"),
            None if self.own.is_empty() => format!("unknown name `{name}`"),
            None => {
                let own = self.own.iter().take(LISTED);
                let own: Vec<_> = own.map(|name| format!("`{name}`")).collect();
                let more = if self.own.len() > LISTED { ", …" } else { "" };
                let (of, own) = (
                    if self.of_snippet { "snippet" } else { "recipe" },
                    own.join(", "),
                );
                format!("unknown name `{name}`; the {of} has {own}{more}")
            }
        })
    }
}

/// The values of all names for one variant, and one platform where there is one.
pub(crate) struct Scope<'a> {
    pub(crate) bound: &'a BTreeMap<String, Value>,
    pub(crate) vars: &'a Vars,
    pub(super) platform: Option<&'a Platform>,
    pub(crate) facts: &'a Facts,
    /// Reads a Handlebars file by its path in the workspace.
    pub(crate) templates: &'a dyn Fn(&str) -> Result<String, String>,
    /// The names of the files in a folder of the workspace, sorted.
    pub(crate) folders: &'a dyn Fn(&str) -> Result<Vec<String>, String>,
    /// Releases of Backend.AI that kernels must satisfy.
    pub(crate) releases: &'a Releases,
    /// The vars being evaluated, to notice one that needs itself.
    pub(crate) open: RefCell<Vec<String>>,
    /// The vars that have been evaluated.
    pub(crate) known: RefCell<BTreeMap<String, Known>>,
    /// The names that were asked for, in order: what is read depends on them.
    pub(crate) asked: RefCell<Vec<String>>,
}

/// A var that has been evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Nothing where it has a mistake, which has been reported.
    pub(crate) value: Option<Value>,
    /// The names that it depends on.
    pub(crate) needs: Vec<String>,
    /// How many levels deeper than itself its value went.
    pub(crate) height: usize,
}

impl<'a> Scope<'a> {
    /// The scope of one variant, on one platform or without.
    pub(super) fn new(
        bound: &'a BTreeMap<String, Value>,
        vars: &'a Vars,
        platform: Option<&'a Platform>,
        around: Surroundings<'a>,
    ) -> Self {
        Self {
            bound,
            vars,
            platform,
            facts: around.facts,
            templates: around.templates,
            folders: around.folders,
            releases: &around.defaults.releases,
            open: RefCell::default(),
            known: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// The scope of a snippet: other names on the same platform of the same workspace.
    pub(crate) fn inside<'b>(&self, bound: &'b BTreeMap<String, Value>, vars: &'b Vars) -> Scope<'b>
    where
        'a: 'b,
    {
        Scope {
            bound,
            vars,
            platform: self.platform,
            facts: self.facts,
            templates: self.templates,
            folders: self.folders,
            releases: self.releases,
            open: RefCell::default(),
            known: RefCell::default(),
            asked: RefCell::default(),
        }
    }

    /// What was asked for inside of a snippet and is no name of the snippet itself, its caller depends on.
    /// (What its inputs depend on was asked for where their values stand.)
    pub(crate) fn depends_as(&self, inside: &Scope<'_>) {
        let always_there = |name: &&String| {
            let name = name.as_str();
            PLATFORM_NAMES.contains(&name) || WORKSPACE_NAMES.contains(&name)
        };
        let inner = inside.asked_in(0..inside.mark());
        let names = inner.iter().filter(always_there).cloned();
        self.asked.borrow_mut().extend(names);
    }

    /// The value of a name that is not a var. Whoever asks depends on it from now on.
    pub(crate) fn fixed(&self, name: &str) -> Option<Result<Value, String>> {
        self.asked.borrow_mut().push(name.to_owned());
        self.glance(name)
    }

    /// The platform. Whoever asks depends on it from now on.
    pub(crate) fn platform(&self) -> Option<&Platform> {
        self.asked.borrow_mut().push("platform".to_owned());
        self.platform
    }

    /// How many names have been asked for by now.
    pub(super) fn mark(&self) -> usize {
        self.asked.borrow().len()
    }

    /// The names asked for in a part of the time, each once.
    pub(super) fn asked_in(&self, part: Range<usize>) -> Vec<String> {
        let asked = self.asked.borrow();
        let mut names = asked.get(part).unwrap_or_default().to_vec();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The same as [`Self::fixed`] without a trace.
    pub(super) fn glance(&self, name: &str) -> Fixed {
        if let Some(value) = self.bound.get(name) {
            return Some(Ok(value.clone()));
        }
        let text = |text: &str| Some(Ok(Value::Text(text.to_owned())));
        match name {
            "git_commit" | "git_time" => Some(match &self.facts.git {
                Ok((commit, _)) if name == "git_commit" => Ok(Value::Text(commit.clone())),
                Ok((_, time)) => Ok(Value::Text(time.to_string())),
                Err(why) => Err(format!("`{name}` has no value: {why}")),
            }),
            "period" => Some(match &self.facts.period {
                Ok(period) => Ok(Value::Text(period.clone())),
                Err(why) => Err(format!("`period` has no value: {why}")),
            }),
            _ => {
                let platform = self.platform?;
                match name {
                    "platform" => text(&platform.to_string()),
                    "os" => text(platform.os()),
                    "arch" => text(platform.architecture()),
                    "arch_variant" => text(platform.variant().unwrap_or_default()),
                    "arch_gnu" | "arch_x64" | "arch_nv" => Some(spelling(name, platform)),
                    _ => None,
                }
            }
        }
    }

    /// A note which variant and platform a message is about.
    pub(crate) fn about(&self) -> String {
        self.platform
            .map_or_else(String::new, |platform| format!(" (platform {platform})"))
    }
}

/// Other spellings of an architecture: GNU's, the one of node and VS Code, NVIDIA's.
fn spelling(name: &str, platform: &Platform) -> Result<Value, String> {
    let (gnu, x64, nv) = match platform.architecture() {
        "amd64" => ("x86_64", "x64", "x86_64"),
        "arm64" => ("aarch64", "arm64", "sbsa"),
        other => {
            return Err(format!(
                "`{name}` has no spelling for {other}; use `match: arch`"
            ));
        }
    };
    Ok(Value::Text(
        match name {
            "arch_gnu" => gnu,
            "arch_x64" => x64,
            _ => nv,
        }
        .to_owned(),
    ))
}
