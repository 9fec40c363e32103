//! The walk over an image: its stages as they are needed, then its own steps.

use std::collections::BTreeMap;

use super::chain::{Built, Chain};
use super::copy::mkdir;
use super::definitions;
use super::native::{Trail, TypedOps};
use super::{Form, Job, Needs, PipAsked, StepMode};
use crate::diagnostic::Finding;
use crate::oci::Platform;
use crate::recipe::{EnvEntry, Shell, Stage, StagePlatform, Step, StepKind};
use crate::text::{Place, Spanned};

/// The lowering of one image on one platform.
pub(super) struct Lowering<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) findings: Vec<Finding>,
    pub(super) needs: Needs,
    pub(super) pip: Vec<PipAsked>,
    pub(super) modes: Vec<StepMode>,
    pub(super) trail: Trail,
    pub(super) ops: TypedOps,
    /// How many steps there were at a place of a stage.
    pub(super) numbers: BTreeMap<(String, String), usize>,
    /// Stages made so far: one that is used twice is lowered once.
    stages: BTreeMap<String, Built>,
}

/// How a file system begins, before its steps.
struct Start<'a> {
    /// The stage; empty for the image itself.
    stage: &'a str,
    env: &'a [EnvEntry],
    workdir: Option<&'a Spanned<String>>,
    shell: &'a Shell,
    steps: &'a [Step],
    /// Steps that nobody wrote as such, after all others.
    then: &'a [Step],
}

impl<'a> Lowering<'a> {
    pub(super) fn new(job: &'a Job<'a>) -> Self {
        Self {
            job,
            findings: Vec::new(),
            needs: Needs::default(),
            pip: Vec::new(),
            modes: Vec::new(),
            trail: Trail::new(),
            ops: TypedOps::new(),
            numbers: BTreeMap::new(),
            stages: BTreeMap::new(),
        }
    }

    pub(super) fn error(&mut self, place: &Place, message: impl Into<String>) {
        self.findings.push(Finding::error(place, message));
    }

    /// The image itself.
    pub(super) fn image(&mut self) -> Option<Built> {
        let content = self.job.content;
        let built = self.base(&content.base, self.job.platform)?;
        let then = definitions::steps(content);
        let start = Start {
            stage: "",
            env: &content.env,
            workdir: content.workdir.as_ref(),
            shell: &content.shell,
            steps: &content.steps,
            then: &then,
        };
        Some(self.run(built, &start))
    }

    /// A stage, made at its first use.
    pub(super) fn stage(&mut self, name: &str, place: &Place) -> Option<Built> {
        if let Some(built) = self.stages.get(name) {
            return Some(built.clone());
        }
        let Some(stage) = self.job.content.stages.get(name) else {
            self.error(place, format!("there is no stage `{name}`"));
            return None;
        };
        let platform = self.platform_of(stage);
        let built = self.base(&stage.base, platform)?;
        let start = Start {
            stage: name,
            env: &stage.env,
            workdir: stage.workdir.as_ref(),
            shell: &stage.shell,
            steps: &stage.steps,
            then: &[],
        };
        let built = self.run(built, &start);
        self.stages.insert(name.to_owned(), built.clone());
        Some(built)
    }

    fn platform_of(&self, stage: &Stage) -> Platform {
        match (&stage.platform, self.job.form) {
            (StagePlatform::Fixed(platform), _) => *platform,
            (StagePlatform::Native, Form::Builder(facts)) => facts.native,
            // The platform form knows no builder; the target stands for whatever it will be.
            (StagePlatform::Native, Form::Platform) | (StagePlatform::Target, _) => {
                self.job.platform
            }
        }
    }

    fn run(&mut self, built: Built, start: &Start<'_>) -> Built {
        let no_cache = matches!(self.job.form, Form::Builder(facts) if facts.no_cache);
        let seconds = self.job.epoch.seconds;
        let mut chain = Chain::on(built, start.stage, start.shell.clone(), seconds, no_cache);
        chain.set_env(start.env);
        if let Some(workdir) = start.workdir
            && workdir.value != chain.cwd
        {
            chain.cwd.clone_from(&workdir.value);
            if workdir.value != "/" {
                let title = format!("workdir {}", workdir.value);
                chain.files(&title, None, |files| {
                    files.mkdir(&workdir.value, 0o755, None)
                });
            }
        }
        for step in start.steps.iter().chain(start.then) {
            self.step(&mut chain, step);
        }
        chain.finish()
    }

    fn step(&mut self, chain: &mut Chain, step: &Step) {
        match &step.kind {
            StepKind::Run(command, program) => self.run_step(chain, step, command, program),
            StepKind::Apt(apt, program) => self.apt(chain, step, apt, program),
            StepKind::Dnf(dnf, program) => self.dnf(chain, step, dnf, program),
            StepKind::Apk(apk, program) => self.apk(chain, step, apk, program),
            StepKind::Conda(conda, program) => self.conda(chain, step, conda, program),
            StepKind::Pip(pip, program) => self.pip(chain, step, pip, program),
            StepKind::Copy(copy) => self.copy(chain, step, copy),
            StepKind::Write(write) => self.write(chain, step, write),
            StepKind::Link(link) => {
                let path = chain.absolute(&link.path);
                let title = title(step, || format!("link {path} → {}", link.target));
                chain.files(&title, Some(step), |files| {
                    let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let files = if parent.is_empty() {
                        files
                    } else {
                        files.mkdir(parent, 0o755, None)
                    };
                    files.remove(&path).symlink(&link.target, &path)
                });
            }
            StepKind::Mkdir(folders) => mkdir(chain, step, folders),
            StepKind::Remove(paths) => {
                let title = title(step, || format!("remove {}", paths.join(" ")));
                let paths: Vec<String> = paths.iter().map(|path| chain.absolute(path)).collect();
                chain.files(&title, Some(step), |files| {
                    paths.iter().fold(files, |files, path| files.remove(path))
                });
            }
            StepKind::Fetch(fetch) => self.fetch(chain, step, fetch),
            StepKind::Git(checkout) => self.checkout(chain, step, checkout),
            StepKind::Env(changes) => chain.set_env(changes),
        }
    }
}

/// A step's name, or words for it.
pub(super) fn title(step: &Step, words: impl FnOnce() -> String) -> String {
    let own = step.name.clone().unwrap_or_else(words);
    match &step.within {
        Some(within) => format!("{within}: {own}"),
        None => own,
    }
}
