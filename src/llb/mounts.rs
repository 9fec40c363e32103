//! What a program finds mounted: parts of other states, caches, secrets, sockets.

use super::exec::{Exec, MountAt};
use super::vertex::State;
use crate::proto::pb;

/// How parallel users of a cache mount share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheSharing {
    /// All write at once.
    Shared,
    /// One after the other.
    Locked,
    /// Each has its own while others use it; a free one is used again.
    Private,
}

impl Exec {
    /// Part of another state, read-only.
    #[must_use]
    pub fn bind(self, path: impl Into<String>, from: &State, selector: &str) -> Self {
        self.bind_with(path, from, selector, pb::MountContentCache::Default)
    }

    /// The same of a state whose digest says what is in it: the daemon need not read it to know.
    #[must_use]
    pub fn bind_pinned(self, path: impl Into<String>, from: &State, selector: &str) -> Self {
        self.bind_with(path, from, selector, pb::MountContentCache::Off)
    }

    /// An empty folder that becomes an output of its own, see [`Executed::output`](super::exec::Executed::output).
    #[must_use]
    pub fn output(mut self, path: impl Into<String>) -> Self {
        let mount = pb::Mount {
            mount_type: pb::MountType::Bind.into(),
            ..pb::Mount::default()
        };
        self = self.add(path, None, mount);
        if let Some(at) = self.mounts.last_mut() {
            at.writes = true;
        }
        self
    }

    /// Part of another state, writable; what is written is thrown away.
    #[must_use]
    pub fn bind_scratch_copy(self, path: impl Into<String>, from: &State, selector: &str) -> Self {
        let mount = pb::Mount {
            selector: selector.to_owned(),
            output: -1,
            mount_type: pb::MountType::Bind.into(),
            ..pb::Mount::default()
        };
        self.add(path, Some(from.clone()), mount)
    }

    fn bind_with(
        self,
        path: impl Into<String>,
        from: &State,
        selector: &str,
        content: pb::MountContentCache,
    ) -> Self {
        let mount = pb::Mount {
            selector: selector.to_owned(),
            output: -1,
            readonly: true,
            mount_type: pb::MountType::Bind.into(),
            content_cache: content.into(),
            ..pb::Mount::default()
        };
        self.add(path, Some(from.clone()), mount)
    }

    /// A folder that stays between builds. Its first content, and so its owner, comes from `first`.
    #[must_use]
    pub fn cache(
        self,
        path: impl Into<String>,
        id: impl Into<String>,
        sharing: CacheSharing,
        first: Option<(&State, &str)>,
    ) -> Self {
        let sharing = match sharing {
            CacheSharing::Shared => pb::CacheSharingOpt::Shared,
            CacheSharing::Locked => pb::CacheSharingOpt::Locked,
            CacheSharing::Private => pb::CacheSharingOpt::Private,
        };
        let cache = pb::CacheOpt {
            id: id.into(),
            sharing: sharing.into(),
        };
        let mount = pb::Mount {
            selector: first
                .map(|(_, selector)| selector.to_owned())
                .unwrap_or_default(),
            output: -1,
            mount_type: pb::MountType::Cache.into(),
            cache: Some(cache),
            ..pb::Mount::default()
        };
        self.add(path, first.map(|(state, _)| state.clone()), mount)
    }

    /// An empty folder in memory.
    #[must_use]
    pub fn tmpfs(self, path: impl Into<String>) -> Self {
        let mount = pb::Mount {
            output: -1,
            mount_type: pb::MountType::Tmpfs.into(),
            tmpfs: Some(pb::TmpfsOpt::default()),
            ..pb::Mount::default()
        };
        self.add(path, None, mount)
    }

    /// A secret as a file with permission bits, owned by root.
    #[must_use]
    pub fn secret(
        self,
        path: impl Into<String>,
        id: impl Into<String>,
        mode: u32,
        optional: bool,
    ) -> Self {
        let secret = pb::SecretOpt {
            id: id.into(),
            mode,
            optional,
            ..pb::SecretOpt::default()
        };
        let mount = pb::Mount {
            mount_type: pb::MountType::Secret.into(),
            secret: Some(secret),
            ..pb::Mount::default()
        };
        self.add(path, None, mount)
    }

    /// A secret as a variable. One that is optional and missing is the empty text.
    #[must_use]
    pub fn secret_env(
        mut self,
        name: impl Into<String>,
        id: impl Into<String>,
        optional: bool,
    ) -> Self {
        self.secret_env.push(pb::SecretEnv {
            id: id.into(),
            name: name.into(),
            optional,
        });
        self
    }

    /// The socket of an ssh agent.
    #[must_use]
    pub fn ssh(self, path: impl Into<String>, id: impl Into<String>) -> Self {
        let ssh = pb::SshOpt {
            id: id.into(),
            mode: 0o600,
            ..pb::SshOpt::default()
        };
        let mount = pb::Mount {
            mount_type: pb::MountType::Ssh.into(),
            ssh: Some(ssh),
            ..pb::Mount::default()
        };
        self.add(path, None, mount)
    }

    fn add(mut self, path: impl Into<String>, source: Option<State>, mount: pb::Mount) -> Self {
        self.mounts.push(MountAt {
            path: path.into(),
            source,
            mount,
            writes: false,
        });
        self
    }
}
