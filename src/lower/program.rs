//! Steps that run a program.

use super::chain::{Chain, joined};
use super::local::as_pattern;
use super::mode::{Said, why_emulated};
use super::sources::noted;
use super::stages::{Lowering, title};
use super::trust;
use crate::llb::{
    CacheSharing, CopyOptions, Exec, FileActions, FileOwner, NetworkMode, Note, State,
};
use crate::oci::Platform;
use crate::recipe::steps::Owner;
use crate::recipe::{Command, Mount, MountSource, Network, Program, SecretTarget, Step};

/// The variable in which programs look for the time to write into what they make, see
/// reproducible-builds.org.
const EPOCH: &str = "SOURCE_DATE_EPOCH";

/// What a program step runs, once its options are known.
pub(super) struct Call {
    /// Program and arguments.
    pub(super) args: Vec<String>,
    /// Variables that the tool needs for this step.
    pub(super) env: Vec<(String, String)>,
    /// For history and progress.
    pub(super) title: String,
    /// How it runs, and why, where that is not just as the builder has it.
    pub(super) mode: Option<Said>,
}

impl Lowering<'_> {
    pub(super) fn run_step(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        command: &Command,
        program: &Program,
    ) {
        let args = match command {
            Command::Args(args) => args.clone(),
            Command::Script(text) => {
                let mut args = program.shell.as_ref().unwrap_or(&chain.shell).0.clone();
                args.push(text.clone());
                args
            }
        };
        let words = match command {
            Command::Args(args) => args.join(" "),
            Command::Script(text) => text.trim().to_owned(),
        };
        let call = Call {
            args,
            env: Vec::new(),
            title: title(step, || format!("run {words}")),
            mode: None,
        };
        self.program(chain, step, program, call, |exec| exec);
    }

    /// Runs a call with the options of its step; `equip` adds the tool's own mounts.
    pub(super) fn program(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        program: &Program,
        call: Call,
        equip: impl FnOnce(Exec) -> Exec,
    ) {
        chain.flush();
        let mut env = chain.env_with(&program.env);
        for (name, value) in call.env {
            // What the user set for the step wins over what the tool would like.
            if !program.env.iter().any(|entry| entry.name == name) {
                env.retain(|(known, _)| *known != name);
                env.push((name, value));
            }
        }
        let epoch = self.job.epoch;
        if epoch.reproducible && !env.iter().any(|(name, _)| name == EPOCH) {
            env.push((EPOCH.to_owned(), epoch.seconds.to_string()));
        }
        let cwd = program
            .workdir
            .as_ref()
            .map_or(chain.cwd.clone(), |dir| chain.absolute(dir));
        let network = match program.network {
            Network::Default => NetworkMode::Sandbox,
            Network::None => NetworkMode::None,
            Network::Host => {
                self.needs.host_network = true;
                NetworkMode::Host
            }
        };
        let mut exec = Exec::new(call.args).cwd(cwd.clone()).network(network);
        if let Some(user) = &program.user {
            exec = exec.user(user.clone());
        }
        let platform = *chain.state.platform();
        match call.mode {
            Some(said) => self.note_said(&call.title, &step.place, said),
            None => self.note_mode(&call.title, &step.place, platform, why_emulated(&step.kind)),
        }
        exec = trust::equip(exec, self.job.form, network);
        exec = self.caches(exec, program, &cwd, &chain.state);
        exec = self.secrets(exec, program, &mut env);
        exec = equip(exec);
        for mount in &program.mounts {
            exec = self.mount(exec, mount, &cwd, platform);
        }
        let note = chain.note(&call.title, Some(step));
        match exec.env(joined(&env)).run(&chain.state, note) {
            Ok(executed) => chain.ran(executed.root(), &call.title),
            Err(error) => self.error(&step.place, error.to_string()),
        }
    }

    fn caches(&self, exec: Exec, program: &Program, cwd: &str, image: &State) -> Exec {
        let mut exec = exec;
        for cache in &program.caches {
            let path = below(cwd, &cache.path);
            let owner = cache.id.as_deref().unwrap_or(self.job.repository);
            let id = format!("kiln/{owner}/{}{path}", image.platform().architecture());
            // A cache belongs to the step's user: its first content is a folder owned by them.
            let user = program.user.as_deref();
            let first = user.map(|user| owned_folder(user, image, &path));
            let first = first.as_ref().map(|state| (state, "/cache"));
            exec = exec.cache(path, id, CacheSharing::Shared, first);
        }
        exec
    }

    pub(super) fn secrets(
        &mut self,
        exec: Exec,
        program: &Program,
        env: &mut Vec<(String, String)>,
    ) -> Exec {
        let mut exec = exec;
        for secret in &program.secrets {
            self.needs
                .secrets
                .insert((secret.id.clone(), secret.required));
            let optional = !secret.required;
            exec = match &secret.target {
                // Readable by the step's user, whoever that is.
                SecretTarget::Path(path) => exec.secret(path.clone(), &secret.id, 0o444, optional),
                SecretTarget::Env(name) => exec.secret_env(name.clone(), &secret.id, optional),
            };
        }
        for (at, id) in program.ssh.iter().enumerate() {
            self.needs.ssh.insert(id.clone());
            let socket = format!("/run/buildkit/ssh_agent.{at}");
            if at == 0 {
                env.push(("SSH_AUTH_SOCK".to_owned(), socket.clone()));
            }
            exec = exec.ssh(socket, id);
        }
        exec
    }

    fn mount(&mut self, exec: Exec, mount: &Mount, cwd: &str, platform: Platform) -> Exec {
        let path = below(cwd, &mount.path);
        let Some((state, selector)) = self.mounted(mount, platform) else {
            return if matches!(mount.source, MountSource::Tmpfs) {
                exec.tmpfs(path)
            } else {
                exec
            };
        };
        if mount.rw {
            exec.bind_scratch_copy(path, &state, &selector)
        } else {
            exec.bind(path, &state, &selector)
        }
    }

    /// What a mount shows, and which path of it.
    fn mounted(&mut self, mount: &Mount, platform: Platform) -> Option<(State, String)> {
        match &mount.source {
            MountSource::Tmpfs => None,
            MountSource::Files { src, from: None } => {
                let path = src.value.trim_end_matches('/');
                let ignored = self.job.files.ignored(src.place.source.folder());
                let found = ignored.and_then(|ignored| {
                    self.job.files.matches(path, &ignored)?;
                    Ok(ignored)
                });
                let ignored = match found {
                    Ok(ignored) => ignored,
                    Err(message) => {
                        self.error(&src.place, message);
                        return None;
                    }
                };
                let include = if path.is_empty() {
                    Vec::new()
                } else {
                    vec![as_pattern(path)]
                };
                let note = noted(format!("workspace {path}"), &src.place);
                let state = self.job.files.state(include, ignored, &platform, note);
                Some((state, format!("/{path}")))
            }
            MountSource::Files {
                src,
                from: Some(from),
            } => {
                let state = self.taken(&from.value, platform, &from.place)?;
                Some((state, format!("/{}", src.value.trim_matches('/'))))
            }
            MountSource::Fetch(download) => {
                let (state, file) = self.download(download, platform, &mount.place)?;
                Some((
                    state,
                    file.map_or_else(String::new, |file| format!("/{file}")),
                ))
            }
            MountSource::Git(git) => Some((self.git(git, platform, &mount.place), String::new())),
        }
    }
}

/// A path below the working directory, if it is not absolute.
pub(super) fn below(cwd: &str, path: &str) -> String {
    if path.starts_with('/') {
        path.to_owned()
    } else {
        format!("{}/{path}", cwd.trim_end_matches('/'))
    }
}

/// `/cache`, owned by a user. A name is looked up in the image, and the folder copied out of it: what the
/// cache begins with is then the same whatever else the image holds.
fn owned_folder(user: &str, image: &State, path: &str) -> State {
    let note = || Note::named(format!("cache {path}"));
    let scratch = State::scratch(image.platform());
    if let Some(owner) = owner_of(user) {
        return FileActions::on(&scratch, Some(0))
            .mkdir("/cache", 0o755, Some(owner))
            .state(note());
    }
    let name = user.split(':').next().unwrap_or_default().to_owned();
    let named = FileActions::on(image, Some(0))
        .mkdir("/run/kiln/cache", 0o755, Some(FileOwner::Name(name)))
        .state(note());
    FileActions::on(&scratch, Some(0))
        .copy(&named, "/run/kiln/cache", "/", CopyOptions::default())
        .state(note())
}

/// The owner that a user's text stands for; nothing for forms that need a look into the image.
fn owner_of(user: &str) -> Option<FileOwner> {
    let (user, group) = user.split_once(':').unwrap_or((user, user));
    Some(FileOwner::Ids(user.parse().ok()?, group.parse().ok()?))
}

/// An owner in the graph's words.
pub(super) fn file_owner(owner: &Owner) -> FileOwner {
    match owner {
        Owner::Ids(user, group) => FileOwner::Ids(*user, *group),
        Owner::Name(name) => FileOwner::Name(name.clone()),
    }
}
