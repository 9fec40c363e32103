//! `doctor`: everything that a build needs from around it, tested, each with the next step.
//!
//! All questions are asked at once, and each has its own limit of time: a registry that is dead hides no
//! builder that is dead, too. Nothing is changed anywhere, unless a push is to be tried.

mod builders;
mod check;
mod emulation;
mod registries;
mod trust;

use std::collections::BTreeSet;
use std::time::Duration;

use super::apart::apart;
use super::error::OpError;
use super::load::{LoadOptions, Loaded, load, load_workspace};
use crate::config::Config;
use crate::oci::Platform;
use crate::text::with_causes;
use crate::workspace::Workspace;

pub use check::{About, Check, Diagnosis, Fault, State};

/// How long one builder or registry may take.
const LIMIT: Duration = Duration::from_secs(15);

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct DoctorOptions {
    /// The workspace.
    pub load: LoadOptions,
    /// Also begin an upload to a repository of each registry, and give it up again.
    pub push: bool,
}

/// Tests everything.
pub async fn doctor(config: &Config, options: &DoctorOptions) -> Diagnosis {
    let (workspace, loaded, mut checks) = read(options.clone()).await;
    let wanted = platforms(&workspace, loaded.as_ref());
    let repositories = loaded.as_ref().map(destinations).unwrap_or_default();
    let (builders, registries) = futures_util::join!(
        builders::check(config, &workspace, &wanted),
        registries::check(config, &workspace, &repositories, options.push),
    );
    checks.extend(builders);
    checks.extend(registries);
    checks.extend(trust::check(config, &workspace));
    Diagnosis { checks }
}

/// What the files say, read on a thread that may block.
async fn read(options: DoctorOptions) -> (Workspace, Option<Loaded>, Vec<Check>) {
    let folder = options.load.folder.clone();
    let read = move || {
        let mut checks = Vec::new();
        let (workspace, loaded) = workspace(&options, &mut checks);
        Ok((workspace, loaded, checks))
    };
    apart(read).await.unwrap_or_else(|error| {
        let checks = vec![mistakes("kiln.yaml", &error)];
        (Workspace::bare(&folder), None, checks)
    })
}

/// The workspace as far as it can be read, and all of it where nothing is wrong.
fn workspace(options: &DoctorOptions, checks: &mut Vec<Check>) -> (Workspace, Option<Loaded>) {
    let about = About::Workspace;
    let workspace = match load_workspace(&options.load) {
        Ok(workspace) => workspace,
        Err(error) => {
            checks.push(mistakes("kiln.yaml", &error));
            return (Workspace::bare(&options.load.folder), None);
        }
    };
    let root = workspace.root.display();
    checks.push(if workspace.file.is_some() {
        Check::ok(
            about,
            "kiln.yaml",
            format!("good; the workspace is `{root}`"),
        )
    } else {
        let message = format!("not there; the workspace is `{root}`, with defaults");
        Check::ok(about, "kiln.yaml", message)
    });
    match load(&options.load) {
        Ok(loaded) if loaded.images.is_empty() => {
            let message = format!("no file of `{}` is one", workspace.recipes.join("`, `"));
            let next = "write a recipe, or set `recipes` in kiln.yaml";
            checks.push(Check::warn(about, "recipes", message).next(next));
            (workspace, Some(loaded))
        }
        Ok(loaded) => {
            let (recipes, images) = (loaded.recipes.len(), loaded.images.len());
            let plural = |count: usize| if count == 1 { "" } else { "s" };
            let (r, i) = (plural(recipes), plural(images));
            let message = format!("good: {recipes} recipe{r}, {images} image{i}");
            checks.push(Check::ok(about, "recipes", message));
            (workspace, Some(loaded))
        }
        Err(error) => {
            checks.push(mistakes("recipes", &error));
            (workspace, None)
        }
    }
}

fn mistakes(subject: &str, error: &OpError) -> Check {
    let message = match error {
        OpError::Invalid(findings) => {
            let all = findings.sorted();
            let first = all.first();
            let first = first.map(|one| format!("; the first: {}: {}", one.place, one.message));
            format!("{error}{}", first.unwrap_or_default())
        }
        other => with_causes(other),
    };
    let next = error
        .next_step()
        .unwrap_or_else(|| "see all of it with `kiln plan`".to_owned());
    Check::fail(About::Workspace, subject, message, Fault::Invalid).next(next)
}

/// The platforms that the recipes want, else those of `defaults`, else both usual ones.
fn platforms(workspace: &Workspace, loaded: Option<&Loaded>) -> BTreeSet<Platform> {
    let wanted: BTreeSet<Platform> = loaded
        .and_then(|loaded| super::plan(loaded, &super::PlanOptions::default()).ok())
        .map(|planning| planning.images)
        .unwrap_or_default()
        .iter()
        .flat_map(|image| image.legs.iter().map(|leg| leg.platform))
        .collect();
    if !wanted.is_empty() {
        wanted
    } else if workspace.platforms.is_empty() {
        BTreeSet::from([Platform::LINUX_AMD64, Platform::LINUX_ARM64])
    } else {
        workspace.platforms.iter().copied().collect()
    }
}

fn destinations(loaded: &Loaded) -> Vec<crate::oci::Repository> {
    let all = loaded.destinations.iter();
    all.filter_map(|place| place.repository.clone()).collect()
}
