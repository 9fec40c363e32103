//! The files of a workspace that recipes are made of: each read once, whoever needs it.
//!
//! Recipes may be read on several threads; a fragment that all of them extend is parsed by one and
//! shared by the others. What is wrong inside a file belongs to the file, and is reported once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::extend::inherited;
use super::parse;
use super::snippet::Snippet;
use crate::diagnostic::{Finding, Findings};
use crate::text::{SourceFile, Spanned};
use crate::yaml::{self, Node};

/// The longest chain of files that extend, or of snippets that use, each other.
pub(crate) const MAX_DEPTH: usize = 16;

/// A file and its tree.
#[derive(Debug)]
pub struct File {
    source: Arc<SourceFile>,
    tree: Option<Node>,
    findings: Findings,
}

impl File {
    /// Reads a text that no library keeps: its mistakes are for the caller to report.
    pub fn parse(source: Arc<SourceFile>) -> Arc<Self> {
        let mut findings = Findings::new();
        let tree = yaml::parse(&source, &mut findings);
        Arc::new(Self {
            source,
            tree,
            findings,
        })
    }

    /// The text.
    pub fn source(&self) -> &Arc<SourceFile> {
        &self.source
    }

    /// The tree, if the text is YAML.
    pub fn tree(&self) -> Option<&Node> {
        self.tree.as_ref()
    }

    /// What is wrong with it as YAML.
    pub fn findings(&self) -> &Findings {
        &self.findings
    }

    fn has(&self, key: &str) -> bool {
        self.tree
            .as_ref()
            .is_some_and(|tree| tree.get(key).is_some())
    }
}

/// Reads a file by its path in the workspace; an error text where it cannot.
type Read = dyn Fn(&str) -> Result<String, String> + Send + Sync;

/// The files of a workspace, by path.
pub struct Library {
    read: Box<Read>,
    files: Shelf<Result<Arc<File>, String>>,
    /// Nothing for a file with mistakes that have been reported in its own lines.
    snippets: Shelf<Result<Option<Arc<Snippet>>, String>>,
    fragments: Mutex<BTreeMap<String, Arc<File>>>,
    /// Paths of files that others extend or use, by the paths of those.
    named: Mutex<BTreeMap<String, BTreeSet<String>>>,
}

impl Library {
    /// A library that reads files by their paths in the workspace.
    pub fn new(read: impl Fn(&str) -> Result<String, String> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self {
            read: Box::new(read),
            files: Shelf::default(),
            snippets: Shelf::default(),
            fragments: Mutex::default(),
            named: Mutex::default(),
        })
    }

    /// Takes in a file that has been read already.
    pub fn add(&self, source: &Arc<SourceFile>) -> Arc<File> {
        let file = || File::parse(Arc::clone(source));
        let kept = self.files.get(source.path(), || Ok(file()));
        kept.unwrap_or_else(|_| file())
    }

    /// A file by its path in the workspace.
    pub fn file(&self, path: &str) -> Result<Arc<File>, String> {
        self.files.get(path, || {
            let text = (self.read)(path)?;
            Ok(File::parse(SourceFile::new(path, text)))
        })
    }

    /// Takes in a file that is no recipe, as a fragment or as a snippet; says what it is, and whether it
    /// is without mistakes as far as can be seen from itself.
    pub fn add_part(&self, file: &Arc<File>) -> (&'static str, bool) {
        if file.has("inputs") {
            let snippet = self.snippet(file.source.path());
            let sound = matches!(snippet, Ok(Some(snippet)) if snippet.findings.is_empty());
            return ("snippet", sound);
        }
        self.add_fragment(file);
        let mut findings = Findings::new();
        parse::check_fragment(file, &mut findings);
        ("fragment", file.findings.is_empty() && findings.is_empty())
    }

    pub(crate) fn add_fragment(&self, file: &Arc<File>) {
        let path = file.source.path();
        let mut all = lock(&self.fragments);
        if !all.contains_key(path) {
            all.insert(path.to_owned(), Arc::clone(file));
        }
    }

    /// A snippet by its path in the workspace.
    pub(crate) fn snippet(&self, path: &str) -> Result<Option<Arc<Snippet>>, String> {
        self.snippets.get(path, || {
            let file = self.file(path)?;
            let Some(tree) = &file.tree else {
                return Ok(None);
            };
            if !file.has("kiln") {
                return Err(format!(
                    "`{path}` is no snippet: it does not begin with `kiln: 1`"
                ));
            }
            if file.has("name") {
                return Err(format!(
                    "`{path}` is a recipe, not a snippet: it has a `name`"
                ));
            }
            Ok(parse::snippet(tree).map(Arc::new))
        })
    }

    /// Keeps in mind that the file `from` extends or uses the one at a path.
    pub(crate) fn name(&self, from: &str, path: &str) {
        let mut named = lock(&self.named);
        if let Some(own) = named.get_mut(from) {
            if !own.contains(path) {
                own.insert(path.to_owned());
            }
        } else {
            named.insert(from.to_owned(), BTreeSet::from([path.to_owned()]));
        }
    }

    /// The paths of all files that another one extends or uses, as far as files have been looked at.
    pub fn named(&self) -> BTreeSet<String> {
        lock(&self.named).values().flatten().cloned().collect()
    }

    /// The paths of a file and of all that it extends and uses, and these in turn.
    pub fn made_of(&self, path: &str) -> BTreeSet<String> {
        let named = lock(&self.named);
        let mut all = BTreeSet::new();
        let mut open = vec![path];
        while let Some(next) = open.pop() {
            if all.insert(next.to_owned()) {
                open.extend(named.get(next).into_iter().flatten().map(String::as_str));
            }
        }
        all
    }

    /// The texts of all files that were read here, by path.
    pub fn sources(&self) -> Vec<Arc<SourceFile>> {
        let files = self.files.all().into_iter();
        files
            .filter_map(|(_, file)| Some(Arc::clone(&file.ok()?.source)))
            .collect()
    }

    /// The files of all snippets that were read here, by path.
    pub fn snippets(&self) -> Vec<Arc<File>> {
        let snippets = self.snippets.all().into_iter();
        let sound = snippets.filter(|(_, snippet)| matches!(snippet, Ok(Some(_))));
        sound
            .filter_map(|(path, _)| self.file(&path).ok())
            .collect()
    }

    /// What is wrong inside the files themselves: their YAML, and fragments and snippets that recipes
    /// have led to. To be asked once, when all recipes have been read.
    pub fn findings(&self) -> Findings {
        let mut all = Findings::new();
        let mut uses = BTreeMap::new();
        let mut fragments = BTreeSet::new();
        // Looking at one may lead to more.
        loop {
            let known = (uses.len(), fragments.len());
            for (path, snippet) in self.snippets.all() {
                if let Ok(Some(snippet)) = snippet
                    && !uses.contains_key(&path)
                {
                    all.extend(snippet.findings.clone());
                    uses.insert(path, parse::check_snippet(self, &snippet, &mut all));
                }
            }
            let found = lock(&self.fragments).clone();
            for (path, file) in found {
                if fragments.insert(path) {
                    parse::check_fragment(&file, &mut all);
                    inherited(self, &file, &mut all);
                }
            }
            if known == (uses.len(), fragments.len()) {
                break;
            }
        }
        let mut done = BTreeSet::new();
        for path in uses.keys() {
            circles(path, &uses, &mut Vec::new(), &mut done, &mut all);
        }
        for (_, file) in self.files.all() {
            all.extend(file.map_or_else(|_| Findings::new(), |file| file.findings.clone()));
        }
        all
    }
}

impl fmt::Debug for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Library").finish_non_exhaustive()
    }
}

/// Things made once for each path, at the first question for it.
struct Shelf<T>(Mutex<BTreeMap<String, Arc<OnceLock<T>>>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Shelf<T> {
    /// While one thread makes a thing, others wait for that thing alone.
    fn get(&self, path: &str, make: impl FnOnce() -> T) -> T {
        let slot = {
            let mut slots = lock(&self.0);
            match slots.get(path) {
                Some(slot) => Arc::clone(slot),
                None => Arc::clone(slots.entry(path.to_owned()).or_default()),
            }
        };
        slot.get_or_init(make).clone()
    }

    /// All that are made, by path.
    fn all(&self) -> Vec<(String, T)> {
        let slots = lock(&self.0);
        let made = slots.iter();
        made.filter_map(|(path, slot)| Some((path.clone(), slot.get()?.clone())))
            .collect()
    }
}

/// A thread that panicked has left nothing half-made behind: what is locked are maps of finished things.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error for files that lead back to themselves, given each of them and where it is named. It is told
/// the same wherever the circle was entered: from its first file by name.
pub(crate) fn circle(word: &str, open: &[Spanned<String>], back: &Spanned<String>) -> Finding {
    let mut steps: Vec<_> = open.iter().chain([back]).collect();
    let first = (0..steps.len()).min_by_key(|&at| &steps[at].value);
    steps.rotate_left(first.unwrap_or(0));
    let leads_back = steps.first().copied().unwrap_or(back);
    let path = steps.into_iter().chain([leads_back]);
    let path: Vec<&str> = path.map(|step| step.value.as_str()).collect();
    let message = format!("`{word}` goes in a circle: {}", path.join(" → "));
    Finding::error(&leads_back.place, message).with_help("a file cannot be made of itself")
}

/// Depth first through the snippets that snippets use, as far as these may be used at all.
fn circles<'u>(
    path: &'u str,
    uses: &'u BTreeMap<String, Vec<Spanned<String>>>,
    trail: &mut Vec<Spanned<String>>,
    done: &mut BTreeSet<&'u str>,
    findings: &mut Findings,
) {
    for next in uses.get(path).into_iter().flatten() {
        if let Some(at) = trail.iter().position(|open| open.value == next.value) {
            findings.push(circle("use", &trail[at + 1..], next));
        } else if trail.len() <= MAX_DEPTH && done.insert(&next.value) {
            trail.push(next.clone());
            circles(&next.value, uses, trail, done, findings);
            trail.pop();
        }
    }
}
