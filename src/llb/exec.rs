//! Running a program: its arguments, environment and mounts.

use std::sync::Arc;

use super::vertex::{Inputs, Kind, Note, Output, State, Vertex};
use crate::oci::Platform;
use crate::proto::pb;

/// What is wrong with an exec, found when it is added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ExecError {
    /// There is no program.
    #[error("there is no program to run")]
    NoProgram,
    /// A mount's path is relative.
    #[error("`{path}` is no absolute path; a mount needs one")]
    RelativeMount {
        /// The path.
        path: String,
    },
    /// Two mounts at one path.
    #[error("two mounts are at `{path}`")]
    MountTwice {
        /// The path.
        path: String,
    },
    /// A cache mount without an id.
    #[error("the cache at `{path}` has no id")]
    CacheWithoutId {
        /// The path.
        path: String,
    },
}

/// The network a program sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NetworkMode {
    /// The daemon's usual one.
    #[default]
    Sandbox,
    /// The host's.
    Host,
    /// None.
    None,
}

/// Proxies, which never enter the cache key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyEnv {
    /// `http_proxy`.
    pub http: String,
    /// `https_proxy`.
    pub https: String,
    /// `ftp_proxy`.
    pub ftp: String,
    /// `no_proxy`.
    pub no: String,
    /// `all_proxy`.
    pub all: String,
}

/// A mount, before its input has a number.
#[derive(Debug, Clone)]
pub(super) struct MountAt {
    pub(super) path: String,
    pub(super) source: Option<State>,
    pub(super) mount: pb::Mount,
    /// Whether what is written there is an output of its own.
    pub(super) writes: bool,
}

/// A program to run.
#[derive(Debug, Clone)]
pub struct Exec {
    meta: pb::Meta,
    pub(super) mounts: Vec<MountAt>,
    pub(super) secret_env: Vec<pb::SecretEnv>,
    network: NetworkMode,
    privileged: bool,
    /// The platform that the daemon is told, where that is not the root's.
    machine: Option<Platform>,
}

/// What a run program leaves.
#[derive(Debug, Clone)]
pub struct Executed {
    root: State,
    vertex: Arc<Vertex>,
    /// Other outputs: path and number.
    outputs: Vec<(String, i64)>,
}

impl Executed {
    /// The root file system.
    pub fn root(&self) -> State {
        self.root.clone()
    }

    /// What was written below a path that was added by [`Exec::output`]; nothing for any other path.
    pub fn output(&self, path: &str) -> Option<State> {
        let (_, index) = self.outputs.iter().find(|(known, _)| known == path)?;
        Some(State {
            output: Some(Output {
                vertex: Arc::clone(&self.vertex),
                index: *index,
            }),
            platform: self.root.platform,
        })
    }
}

impl Exec {
    /// A program and its arguments; no shell is added.
    pub fn new(args: Vec<String>) -> Self {
        let meta = pb::Meta {
            args,
            cwd: "/".to_owned(),
            remove_mount_stubs_recursive: true,
            ..pb::Meta::default()
        };
        let network = NetworkMode::default();
        Self {
            meta,
            mounts: Vec::new(),
            secret_env: Vec::new(),
            network,
            privileged: false,
            machine: None,
        }
    }

    /// Runs it as a program of another platform than the root's is. The daemon then puts no emulator before it, and
    /// what it leaves is still a file system of the root's platform.
    #[must_use]
    pub fn on(mut self, machine: Platform) -> Self {
        self.machine = Some(machine);
        self
    }

    /// Environment as `NAME=value`, in order.
    #[must_use]
    pub fn env(mut self, env: Vec<String>) -> Self {
        self.meta.env = env;
        self
    }

    /// Working directory; made if missing.
    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<String>) -> Self {
        self.meta.cwd = cwd.into();
        self
    }

    /// User, as a name, a number, or either with a group.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.meta.user = user.into();
        self
    }

    /// Network.
    #[must_use]
    pub fn network(mut self, network: NetworkMode) -> Self {
        self.network = network;
        self
    }

    /// Runs with all privileges; the daemon must be configured to allow it, and the solve must ask for it.
    #[must_use]
    pub fn privileged(mut self) -> Self {
        self.privileged = true;
        self
    }

    /// Proxies.
    #[must_use]
    pub fn proxy(mut self, proxy: ProxyEnv) -> Self {
        if proxy != ProxyEnv::default() {
            self.meta.proxy_env = Some(pb::ProxyEnv {
                http_proxy: proxy.http,
                https_proxy: proxy.https,
                ftp_proxy: proxy.ftp,
                no_proxy: proxy.no,
                all_proxy: proxy.all,
            });
        }
        self
    }

    /// Runs it on a root file system.
    pub fn run(mut self, root: &State, note: Note) -> Result<Executed, ExecError> {
        let mount = pb::Mount {
            output: 0,
            ..pb::Mount::default()
        };
        self.mounts.push(MountAt {
            path: "/".to_owned(),
            source: Some(root.clone()),
            mount,
            writes: false,
        });
        self.check()?;
        let caps = self.caps();
        let mut inputs = Inputs::default();
        // BuildKit's own order: by path, then secrets, then ssh; outputs are numbered along it.
        self.mounts.sort_by_key(|at| {
            let rank = match pb::MountType::try_from(at.mount.mount_type) {
                Ok(pb::MountType::Secret) => 1,
                Ok(pb::MountType::Ssh) => 2,
                _ => 0,
            };
            (rank, at.path.clone())
        });
        // The root, whose path is the shortest, is output 0.
        let mut outputs: Vec<(String, i64)> = Vec::new();
        let mut next = 1;
        let mounts = self
            .mounts
            .into_iter()
            .map(|at| {
                let input = at.source.map_or(-1, |source| inputs.add(&source));
                let mut output = at.mount.output;
                if at.writes {
                    output = next;
                    next += 1;
                    outputs.push((at.path.clone(), output));
                }
                pb::Mount {
                    input,
                    dest: at.path,
                    output,
                    ..at.mount
                }
            })
            .collect();
        let security = if self.privileged {
            pb::SecurityMode::Insecure
        } else {
            pb::SecurityMode::Sandbox
        };
        let network = match self.network {
            NetworkMode::Sandbox => pb::NetMode::Unset,
            NetworkMode::Host => pb::NetMode::Host,
            NetworkMode::None => pb::NetMode::None,
        };
        let kind = Kind::Exec(Box::new(pb::ExecOp {
            meta: Some(self.meta),
            mounts,
            network: network.into(),
            security: security.into(),
            secret_env: self.secret_env,
        }));
        let machine = self.machine.unwrap_or(root.platform);
        let vertex = Arc::new(Vertex::new(&kind, inputs, Some(&machine), caps, note));
        let output = Output {
            vertex: Arc::clone(&vertex),
            index: 0,
        };
        Ok(Executed {
            root: State {
                output: Some(output),
                platform: root.platform,
            },
            vertex,
            outputs,
        })
    }

    fn check(&self) -> Result<(), ExecError> {
        if self.meta.args.is_empty() {
            return Err(ExecError::NoProgram);
        }
        for (at, mount) in self.mounts.iter().enumerate() {
            let path = mount.path.clone();
            if !path.starts_with('/') {
                return Err(ExecError::RelativeMount { path });
            }
            let same =
                |other: &MountAt| other.path.trim_end_matches('/') == path.trim_end_matches('/');
            if self.mounts[..at].iter().any(same) {
                return Err(ExecError::MountTwice { path });
            }
            if mount
                .mount
                .cache
                .as_ref()
                .is_some_and(|cache| cache.id.is_empty())
            {
                return Err(ExecError::CacheWithoutId { path });
            }
        }
        Ok(())
    }

    /// The capabilities that the daemon must have for this op.
    fn caps(&self) -> Vec<&'static str> {
        let mut caps = vec!["exec.meta.base", "exec.mount.bind"];
        let uses = |kind: pb::MountType| {
            let kind = i32::from(kind);
            self.mounts
                .iter()
                .any(move |at| at.mount.mount_type == kind)
        };
        for (kind, cap) in [
            (pb::MountType::Cache, "exec.mount.cache"),
            (pb::MountType::Tmpfs, "exec.mount.tmpfs"),
            (pb::MountType::Secret, "exec.mount.secret"),
            (pb::MountType::Ssh, "exec.mount.ssh"),
        ] {
            if uses(kind) {
                caps.push(cap);
            }
        }
        if !self.secret_env.is_empty() {
            caps.push("exec.secretenv");
        }
        if self.privileged {
            caps.push("exec.meta.security");
        }
        if self.network != NetworkMode::Sandbox {
            caps.push("exec.meta.network");
        }
        if self.meta.proxy_env.is_some() {
            caps.push("exec.meta.proxyenv");
        }
        caps
    }
}
