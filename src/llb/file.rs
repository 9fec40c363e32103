//! File operations: a chain of actions that becomes one layer.

use super::vertex::{Inputs, Kind, Note, State, Vertex};
use crate::oci::Platform;
use crate::proto::pb::{self, file_action, user_opt};

/// The time of files that a chain makes, in nanoseconds since 1970.
type Nanoseconds = i64;

/// Who owns files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileOwner {
    /// By numbers.
    Ids(u32, u32),
    /// By the name of a user in the file system that is changed; its main group is not looked up, the
    /// group of the same name is. A name that is not there counts as root: check it before.
    Name(String),
}

/// Permissions of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileMode {
    /// As bits.
    Bits(u32),
    /// In chmod's symbolic words.
    Symbolic(String),
}

/// How files are copied.
#[derive(Debug, Clone, Default)]
pub struct CopyOptions {
    /// A folder gives its contents instead of itself.
    pub contents: bool,
    /// The source is a pattern; one that matches nothing is an error.
    pub wildcard: bool,
    /// An archive is unpacked.
    pub unpack: bool,
    /// Only what matches is copied.
    pub include: Vec<String>,
    /// What matches is not copied.
    pub exclude: Vec<String>,
    /// Owner; kept where none is given.
    pub owner: Option<FileOwner>,
    /// Permissions; kept where none are given.
    pub mode: Option<FileMode>,
}

/// A chain of actions on a file system.
///
/// Actions are applied in order. All of them together are one op and one layer.
#[derive(Debug)]
pub struct FileActions {
    base: State,
    base_input: i64,
    inputs: Inputs,
    actions: Vec<(i64, file_action::Action)>,
    timestamp: Nanoseconds,
}

impl FileActions {
    /// An empty chain. `timestamp` becomes the time of everything that is made; `None` keeps
    /// the times of what is copied and takes the time of the build for the rest.
    pub fn on(base: &State, timestamp: Option<Nanoseconds>) -> Self {
        let mut inputs = Inputs::default();
        let base_input = inputs.add(base);
        let timestamp = timestamp.unwrap_or(-1);
        Self {
            base: base.clone(),
            base_input,
            inputs,
            actions: Vec::new(),
            timestamp,
        }
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.actions.is_empty()
    }

    /// The platform of the file system that is changed.
    pub fn platform(&self) -> &Platform {
        self.base.platform()
    }

    /// Copies from another state; parents of `dest` are made.
    #[must_use]
    pub fn copy(self, from: &State, src: &str, dest: &str, options: CopyOptions) -> Self {
        self.add_copy(from, src, dest, options, false)
    }

    /// Copies what is at a path, of a folder only itself. A link is followed or copied.
    ///
    /// The daemon does not take the content into the op's identity: give each result a `dest` of its own.
    #[must_use]
    pub fn copy_alone(self, from: &State, src: &str, dest: &str, follow: bool) -> Self {
        let options = CopyOptions {
            exclude: vec!["**".to_owned()],
            ..CopyOptions::default()
        };
        self.add_copy(from, src, dest, options, follow)
    }

    fn add_copy(
        mut self,
        from: &State,
        src: &str,
        dest: &str,
        options: CopyOptions,
        follow: bool,
    ) -> Self {
        let input = self.inputs.add(from);
        let (mode, mode_str) = match options.mode {
            None => (-1, String::new()),
            Some(FileMode::Bits(bits)) => (signed(bits), String::new()),
            Some(FileMode::Symbolic(words)) => (-1, words),
        };
        let action = pb::FileActionCopy {
            src: src.to_owned(),
            dest: dest.to_owned(),
            owner: self.chown(options.owner),
            mode,
            mode_str,
            follow_symlink: follow,
            dir_copy_contents: options.contents,
            attempt_unpack: options.unpack,
            create_dest_path: true,
            allow_wildcard: options.wildcard,
            timestamp: self.timestamp,
            include_patterns: options.include,
            exclude_patterns: options.exclude,
            ..pb::FileActionCopy::default()
        };
        self.actions
            .push((input, file_action::Action::Copy(action)));
        self
    }

    /// Makes a file.
    #[must_use]
    pub fn mkfile(mut self, path: &str, mode: u32, data: &[u8], owner: Option<FileOwner>) -> Self {
        let owner = self.chown(owner);
        let action = pb::FileActionMkFile {
            path: path.to_owned(),
            mode: signed(mode),
            data: data.to_vec().into(),
            owner,
            timestamp: self.timestamp,
        };
        self.actions.push((-1, file_action::Action::Mkfile(action)));
        self
    }

    /// Makes a folder and its parents; one that is there stays as it is.
    #[must_use]
    pub fn mkdir(mut self, path: &str, mode: u32, owner: Option<FileOwner>) -> Self {
        let owner = self.chown(owner);
        let action = pb::FileActionMkDir {
            path: path.to_owned(),
            mode: signed(mode),
            make_parents: true,
            owner,
            timestamp: self.timestamp,
        };
        self.actions.push((-1, file_action::Action::Mkdir(action)));
        self
    }

    /// Removes a path or what a pattern matches; nothing there is fine.
    #[must_use]
    pub fn remove(mut self, path: &str) -> Self {
        let action = pb::FileActionRm {
            path: path.to_owned(),
            allow_not_found: true,
            allow_wildcard: true,
        };
        self.actions.push((-1, file_action::Action::Rm(action)));
        self
    }

    /// Makes a symbolic link at `path` that says `target`.
    #[must_use]
    pub fn symlink(mut self, target: &str, path: &str) -> Self {
        let action = pb::FileActionSymlink {
            oldpath: target.to_owned(),
            newpath: path.to_owned(),
            owner: None,
            timestamp: self.timestamp,
        };
        self.actions
            .push((-1, file_action::Action::Symlink(action)));
        self
    }

    /// The file system with all actions applied.
    pub fn state(self, note: Note) -> State {
        if self.actions.is_empty() {
            return self.base;
        }
        let count = i64::try_from(self.inputs.len()).unwrap_or(i64::MAX);
        let last = self.actions.len() - 1;
        let mut input = self.base_input;
        let mut actions = Vec::with_capacity(self.actions.len());
        for (at, (secondary_input, action)) in self.actions.into_iter().enumerate() {
            // Only the last result is an output; the others feed the next action.
            let output = if at == last { 0 } else { -1 };
            actions.push(pb::FileAction {
                input,
                secondary_input,
                output,
                action: Some(action),
            });
            input = count + i64::try_from(at).unwrap_or(i64::MAX);
        }
        let kind = Kind::File(pb::FileOp { actions });
        let vertex = Vertex::new(&kind, self.inputs, None, vec!["file.base"], note);
        State::of(vertex, &self.base.platform)
    }

    fn chown(&self, owner: Option<FileOwner>) -> Option<pb::ChownOpt> {
        let by_id = |id| pb::UserOpt {
            user: Some(user_opt::User::ById(id)),
        };
        let by_name = |name: String| {
            let input = self.base_input;
            pb::UserOpt {
                user: Some(user_opt::User::ByName(pb::NamedUserOpt { name, input })),
            }
        };
        let (user, group) = match owner? {
            FileOwner::Ids(user, group) => (by_id(user), by_id(group)),
            FileOwner::Name(name) => (by_name(name.clone()), by_name(name)),
        };
        Some(pb::ChownOpt {
            user: Some(user),
            group: Some(group),
        })
    }
}

fn signed(bits: u32) -> i32 {
    i32::try_from(bits).unwrap_or(0)
}
