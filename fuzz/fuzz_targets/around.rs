//! What a recipe is expanded in: a workspace that consists of texts.

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln::diagnostic::Findings;
use kiln::lint::{Allows, Around, Files, Levels, RecipeView, check_recipe};
use kiln::oci::Platform;
use kiln::recipe::{Defaults, Facts, Image, Library, Recipe, Shell, Surroundings, expand};
use kiln::recipe::{lines, resolve, together};
use kiln::text::SourceFile;
use kiln::workspace::Workspace;

/// What stands between the files of one input.
const BETWEEN: &str = "\n=====\n";
/// Their names, in the order in which they stand there: the recipe, then what it may lead to.
const NAMES: [&str; 4] = ["r.yaml", "a.yaml", "b.yaml", "t.hbs"];

/// The files of an input, by name.
pub fn files(text: &str) -> BTreeMap<String, String> {
    let texts = text.splitn(NAMES.len(), BETWEEN).map(str::to_owned);
    NAMES.map(str::to_owned).into_iter().zip(texts).collect()
}

/// A workspace without folders.
struct Texts(BTreeMap<String, String>);

impl Texts {
    fn text(&self, path: &str) -> Result<String, String> {
        let text = self.0.get(path).cloned();
        text.ok_or_else(|| "there is no such file".to_owned())
    }
}

impl Files for Texts {
    fn copies(&self, source: &str, _folder: &str, _exclude: &[String]) -> Result<(), String> {
        self.text(source).map(drop)
    }

    fn exists(&self, path: &str) -> Result<(), String> {
        self.text(path).map(drop)
    }

    fn names(&self, _path: &str) -> Result<Vec<String>, String> {
        Ok(Vec::new())
    }

    fn is_executable(&self, path: &str) -> Result<bool, String> {
        self.text(path).map(|text| text.starts_with("#!"))
    }

    fn read(&self, path: &str) -> Result<String, String> {
        self.text(path)
    }
}

/// Reads, checks, expands, lints and shows the first of some files; the images of a recipe.
pub fn run(files: BTreeMap<String, String>, findings: &mut Findings) -> Option<Vec<Image>> {
    let text = files.get(NAMES[0])?;
    let source = SourceFile::new(NAMES[0], text.as_str());
    let texts = Arc::new(Texts(files));
    let reader = Arc::clone(&texts);
    let library = Library::new(move |path| reader.text(path));
    let file = library.add(&source);
    let recipe = Recipe::parse(&library, &file, findings);
    let allows = Allows::of(&source);
    assert!(allows.is_none_or(|own| own.path() == NAMES[0]));
    if file.tree().is_some() && recipe.is_none() {
        library.add_part(&file);
    }
    findings.extend(library.findings());
    let recipe = recipe?;
    let defaults = Defaults {
        platforms: vec![Platform::LINUX_AMD64, Platform::LINUX_ARM64],
        shell: Shell::sh(),
        installer: kiln::recipe::steps::Installer::default(),
        releases: kiln::kernel::Releases::default(),
    };
    let facts = Facts {
        period: Ok("2026Q4".to_owned()),
        git: Ok(("0123456789abcdef".to_owned(), 1_700_000_000)),
    };
    let around = Surroundings {
        defaults: &defaults,
        set: &BTreeMap::new(),
        facts: &facts,
        templates: &|path| texts.text(path),
        folders: &|_| Ok(Vec::new()),
    };
    let images = expand(&recipe, around, findings);
    let workspace = Workspace::bare("/w");
    let levels = Levels::new(&workspace, &[], findings);
    let beside = Around {
        workspace: &workspace,
        files: &*texts,
        has_lock: false,
    };
    let view = RecipeView::new(&recipe, &images, beside);
    check_recipe(&view, &levels, findings);
    if !findings.has_errors() {
        for image in &images {
            let platforms: Vec<Platform> = image.contents.keys().copied().collect();
            let shown = resolve(&recipe, &image.variant, &platforms, around, findings);
            let tree = shown.and_then(|shown| together(&shown.platforms));
            assert!(tree.is_some_and(|tree| !lines(&tree).is_empty()));
        }
    }
    Some(images)
}

/// Places are inside of their files, and on a line of them.
pub fn look(findings: &Findings) {
    for finding in findings.sorted() {
        let (line, column) = finding.place.line_column();
        assert!(line > 0 && column > 0);
        let _ = finding.place.source.slice(finding.place.span);
    }
}
