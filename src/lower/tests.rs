//! Tests of a finished image in LLB: one op each, on the image's own file system.
//!
//! They are no part of the image's graph, and each has one of its own, so that a test that fails ends no
//! other and none sees what another wrote.

use super::chain::{apply, joined, pairs, shorten};
use super::pins::Parent;
use super::program::below;
use crate::llb::{
    Exec, ExecError, FileActions, ImageSource, NetworkMode, Note, OciLayoutSource, State,
};
use crate::oci::{ImageConfig, Platform};
use crate::recipe::{Command, FileTest, RunTest, Shell, Test, TestKind};

/// A finished image that is tested.
#[derive(Debug, Clone)]
pub struct Tested<'a> {
    /// Its file system.
    pub state: State,
    /// Its configuration: environment, user and working directory.
    pub config: &'a ImageConfig,
    /// What runs text.
    pub shell: &'a Shell,
}

/// The file system of an image as it was pushed or sent: what children begin with. Nothing where there is
/// only a graph.
pub fn finished(image: &Parent, name: &str, platform: Platform) -> Option<State> {
    let note = Note::named(format!("from {name}"));
    match image {
        Parent::Published(pin) => {
            Some(ImageSource::new(pin.reference.clone()).state(&platform, note))
        }
        Parent::Laid(pin) => {
            let shown = super::base::layout_name(&pin.store);
            let source = OciLayoutSource::new(shown, pin.digest.clone(), &pin.store);
            Some(source.state(&platform, note))
        }
        Parent::Graph(_) => None,
    }
}

impl Tested<'_> {
    /// What a test is called: its name, or the beginning of what it runs or looks at.
    pub fn title(test: &Test) -> String {
        shorten(&test.title())
    }

    /// The op of a test. `unique` is different in each run: what a file test copies must come from no
    /// cache, and from no other platform's test that runs at the same time.
    pub fn test(&self, test: &Test, unique: &str) -> Result<State, ExecError> {
        let note = Note {
            name: format!("test {}", Self::title(test)),
            places: vec![test.place.clone()],
            ignore_cache: true,
        };
        match &test.kind {
            TestKind::Run(run) => self.run(run, note),
            TestKind::File(file) => Ok(self.file(file, unique, note)),
        }
    }

    fn run(&self, run: &RunTest, note: Note) -> Result<State, ExecError> {
        let args = match &run.command {
            Command::Args(args) => args.clone(),
            Command::Script(text) => {
                let shell = self.shell.0.iter().chain([text]);
                shell.cloned().collect()
            }
        };
        let mut env = pairs(&self.config.config.env);
        apply(&mut env, &run.env);
        let user = run.user.as_ref().or(self.config.config.user.as_ref());
        let mut exec = Exec::new(args)
            .cwd(self.cwd())
            .env(joined(&env))
            .network(NetworkMode::None);
        if let Some(user) = user.filter(|user| !user.is_empty()) {
            exec = exec.user(user.clone());
        }
        Ok(exec.run(&self.state, note)?.root())
    }

    /// What is at the path, alone in an empty file system. Of a folder only itself is taken.
    fn file(&self, file: &FileTest, unique: &str, note: Note) -> State {
        let path = below(&self.cwd(), &file.path);
        let nothing = State::scratch(self.state.platform());
        FileActions::on(&nothing, None)
            .copy_alone(&self.state, &path, &format!("/{unique}"), !file.absent)
            .state(note)
    }

    fn cwd(&self) -> String {
        let cwd = self.config.config.working_dir.as_deref();
        let cwd = cwd.filter(|dir| dir.starts_with('/'));
        cwd.unwrap_or("/").to_owned()
    }
}
