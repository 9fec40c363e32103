//! One workspace: recipes in parallel, then what concerns several of them, then levels and allows.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::places::Named;
use super::read;
use super::shared::{self, Local};
use crate::context::{PatternSet, expand as expand_glob};
use crate::diagnostic::{Finding, Findings, Level, kind};
use crate::lint::{
    Allows, Around, Files, Levels, RecipeView, Setting, Summary, WorkspaceView, apply,
    check_recipe, check_workspace,
};
use crate::lock::FILE_NAME as LOCK;
use crate::lower::LocalFiles;
use crate::ops::load::{defaults, follows, references};
use crate::ops::lock::PeriodFrom;
use crate::ops::places::destination;
use crate::plan::{Linked, check_links, check_names};
use crate::recipe::{Defaults, Facts, Library, Surroundings, expand};
use crate::text::Place;
use crate::workspace::{self, FILE_NAME, Workspace};

/// Below this many files threads cost more than they save.
const WORTH_THREADS: usize = 16;

/// What is kept of a file.
#[derive(Default)]
struct Seen {
    findings: Findings,
    summary: Option<Summary>,
    allows: Option<Allows>,
}

/// What is known of a workspace.
pub(super) struct Found {
    /// All findings, each once.
    pub(super) findings: Vec<Finding>,
    /// How many more there are of a level in a file.
    pub(super) left_out: Vec<(String, Level, usize)>,
    /// How many recipes it has.
    pub(super) recipes: usize,
}

impl Found {
    fn new(findings: &Findings, recipes: usize) -> Self {
        Self {
            findings: findings.sorted().into_iter().cloned().collect(),
            left_out: left_out(findings),
            recipes,
        }
    }
}

fn left_out(findings: &Findings) -> Vec<(String, Level, usize)> {
    let all = findings.left_out();
    all.map(|(path, level, count)| (path.to_owned(), level, count))
        .collect()
}

/// Looks at a workspace.
pub(super) fn lint(named: &Named, given: &[Setting]) -> Found {
    let mut findings = Findings::new();
    let Some(workspace) = read_workspace(named, &mut findings) else {
        return Found::new(&findings, 0);
    };
    let levels = Levels::new(&workspace, given, &mut findings);
    let paths = paths(&workspace, named, &mut findings);
    let files = LocalFiles::new(&workspace.root);
    let library = Library::new(move |path| files.read(path));
    let local = LocalFiles::new(&workspace.root);
    let local = Local(&local);
    let has_lock = workspace.root.join(LOCK).is_file();
    // What keeps it from being read is among the findings.
    let lock = crate::ops::lock::read(&workspace.root, &mut findings).ok();
    let lock = lock.flatten();
    let job = Job {
        workspace: &workspace,
        library: &library,
        levels: &levels,
        defaults: defaults(&workspace),
        has_lock,
        // Which commit it is does not change what is found, and asking git would take longer than all the rest.
        facts: Facts {
            git: Ok(("0".repeat(40), 0)),
            period: if has_lock && lock.is_none() {
                // Its mistake is reported where it is, and not once more for each use.
                Ok("2000Q1".to_owned())
            } else {
                PeriodFrom::Lock.of(lock.as_ref())
            },
        },
    };
    let mut summaries = Vec::new();
    let mut allows = Vec::new();
    for seen in job.all(&paths) {
        findings.extend(seen.findings);
        summaries.extend(seen.summary);
        allows.extend(seen.allows);
    }
    findings.extend(library.findings());
    let around = job.around(&local);
    shared::check_snippets(&library, &summaries, around, &levels, &mut findings);
    check_names(summaries.iter().map(|summary| &summary.name), &mut findings);
    links(&summaries, &mut findings);
    let broken: BTreeSet<String> = broken(&findings);
    let named = library.named();
    // A file that cannot be read may use whatever seems to be unused.
    let unused_snippets = if broken.is_empty() {
        shared::unused_snippets(&workspace, &library, &named)
    } else {
        Vec::new()
    };
    let view = WorkspaceView {
        workspace: &workspace,
        recipes: &summaries,
        unused_snippets: &unused_snippets,
    };
    check_workspace(&view, &levels, &mut findings);
    more_allows(&findings, &library, &mut allows);
    let recipes: BTreeSet<&str> = summaries
        .iter()
        .filter(|summary| summary.whole)
        .map(|summary| summary.name.place.source.path())
        .collect();
    let cut = left_out(&findings);
    let settled = |path: &str| {
        // Rules see a fragment in the recipes that extend it, and a snippet once something uses it.
        let is_seen =
            recipes.contains(path) || path == FILE_NAME || path == LOCK || named.contains(path);
        // What an allow was for may be among what was left out.
        !cut.iter().any(|(cut, ..)| cut == path)
            && !broken.contains(path)
            && is_seen
            && (recipes.contains(path) || broken.is_empty())
    };
    let kept = apply(findings, &allows, &levels, &settled);
    let mut all = Findings::new();
    for finding in kept {
        all.push(finding);
    }
    let mut found = Found::new(&all, summaries.len());
    found.left_out.extend(cut);
    found
}

/// The files with a mistake that kept rules from seeing all of it.
fn broken(findings: &Findings) -> BTreeSet<String> {
    let sorted = findings.sorted().into_iter();
    let mistakes = sorted.filter(|finding| is_mistake(finding));
    mistakes
        .map(|finding| finding.place.source.path().to_owned())
        .collect()
}

/// Whether a finding keeps a recipe from being used.
fn is_mistake(finding: &Finding) -> bool {
    finding.level == Level::Error && kind(finding.rule).is_some()
}

/// Files that are no recipes of their own, such as fragments elsewhere, have comments too.
fn more_allows(findings: &Findings, library: &Library, allows: &mut Vec<Allows>) {
    let mut known: BTreeSet<String> = allows.iter().map(|own| own.path().to_owned()).collect();
    let found = findings.sorted().into_iter();
    let found = found.map(|finding| Arc::clone(&finding.place.source));
    for source in library.sources().into_iter().chain(found) {
        if known.insert(source.path().to_owned()) {
            allows.extend(Allows::of(&source));
        }
    }
}

fn read_workspace(named: &Named, findings: &mut Findings) -> Option<Workspace> {
    if !named.has_file {
        let mut bare = Workspace::bare(&named.root);
        bare.recipes = if named.filtered {
            Vec::new()
        } else {
            vec!["*.yaml".to_owned()]
        };
        return Some(bare);
    }
    let source = read::source(&named.root, FILE_NAME, findings)?;
    workspace::parse(named.root.clone(), &source, findings)
}

/// The recipe files, each once.
fn paths(workspace: &Workspace, named: &Named, findings: &mut Findings) -> Vec<String> {
    let mut paths: BTreeSet<String> = named.files.clone();
    let Ok(none) = PatternSet::new::<&str>([]) else {
        return Vec::new();
    };
    for glob in &workspace.recipes {
        match expand_glob(&workspace.root, glob, &none) {
            Ok(found) => paths.extend(found),
            Err(error) => {
                if let Some(file) = &workspace.file {
                    let message = format!("`recipes: [{glob}]`: {error}");
                    findings.error(&Place::file(file), message);
                }
            }
        }
    }
    paths.remove(FILE_NAME);
    let is_file = |path: &String| named.files.contains(path) || !workspace.root.join(path).is_dir();
    paths.into_iter().filter(is_file).collect()
}

/// References between recipes. What may only follow from a recipe with mistakes is left unsaid.
fn links(summaries: &[Summary], findings: &mut Findings) {
    let mut linked = Vec::new();
    for summary in summaries {
        for image in &summary.images {
            linked.push(Linked {
                recipe: &summary.name,
                name: image.name.clone(),
                variant: &image.variant,
                platforms: image.platforms.clone(),
                links: image
                    .links
                    .iter()
                    .map(|(platform, reference, place)| (*platform, reference, place))
                    .collect(),
            });
        }
    }
    let has_mistakes = findings.has_errors();
    let mut own = Findings::new();
    check_links(&linked, &mut own);
    for finding in own.into_items() {
        if !has_mistakes || !follows(&finding) {
            findings.push(finding);
        }
    }
}

/// What all recipes of a workspace are looked at with.
struct Job<'a> {
    workspace: &'a Workspace,
    library: &'a Arc<Library>,
    levels: &'a Levels,
    defaults: Defaults,
    has_lock: bool,
    facts: Facts,
}

impl Job<'_> {
    /// What rules see around what they look at.
    fn around<'f>(&'f self, files: &'f dyn Files) -> Around<'f> {
        Around {
            workspace: self.workspace,
            files,
            has_lock: self.has_lock,
        }
    }

    /// Every file, in the order given.
    fn all(&self, paths: &[String]) -> Vec<Seen> {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        if paths.len() < WORTH_THREADS || threads == 1 {
            return paths.iter().map(|path| self.one(path)).collect();
        }
        let next = AtomicUsize::new(0);
        let work = || {
            let mut own = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(path) = paths.get(index) else {
                    return own;
                };
                own.push((index, self.one(path)));
            }
        };
        let mut all: BTreeMap<usize, Seen> = BTreeMap::new();
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                match worker.join() {
                    Ok(own) => all.extend(own),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        all.into_values().collect()
    }

    /// One file: read, checked, expanded, shown to the rules, and forgotten but for a summary.
    fn one(&self, path: &str) -> Seen {
        let mut seen = Seen::default();
        let Some(source) = read::source(&self.workspace.root, path, &mut seen.findings) else {
            return seen;
        };
        seen.allows = Allows::of(&source);
        let Some(recipe) = read::recipe(&source, self.library, &mut seen.findings) else {
            return seen;
        };
        let files = LocalFiles::new(&self.workspace.root);
        let templates = |path: &str| files.read(path);
        let folders = |path: &str| files.names(path);
        let set = BTreeMap::new();
        let around = Surroundings {
            defaults: &self.defaults,
            set: &set,
            facts: &self.facts,
            templates: &templates,
            folders: &folders,
        };
        let images = expand(&recipe, around, &mut seen.findings);
        seen.findings = self.levels.settle(std::mem::take(&mut seen.findings));
        let whole = !seen.findings.sorted().into_iter().any(is_mistake);
        let names = images.iter().map(|image| {
            let place = destination(self.workspace, image, &mut seen.findings);
            references(&place, image)
        });
        let names = names.collect();
        let files = Local(&files);
        let view = RecipeView::new(&recipe, &images, self.around(&files));
        check_recipe(&view, self.levels, &mut seen.findings);
        seen.summary = Some(Summary::new(&recipe, &images, names, whole));
        seen
    }
}
