//! One tested thing, as data.

use std::collections::BTreeMap;

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// `kiln.yaml` and the recipes.
    Workspace,
    /// A builder.
    Builder,
    /// A platform that the recipes want.
    Platform,
    /// A registry that images go to.
    Registry,
    /// The login for a registry.
    Login,
    /// A mirror of a registry.
    Mirror,
    /// Certificates.
    Trust,
    /// A proxy.
    Proxy,
}

impl About {
    /// The word shown to users.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Builder => "builder",
            Self::Platform => "platform",
            Self::Registry => "registry",
            Self::Login => "login",
            Self::Mirror => "mirror",
            Self::Trust => "trust",
            Self::Proxy => "proxy",
        }
    }
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Ok,
    /// A build may work, and something is likely not meant so.
    Warn,
    /// A build fails.
    Fail,
}

impl State {
    /// The word shown to users.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// Whose fault a failure is: what the exit code says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A file of the user's.
    Invalid,
    /// A builder.
    Builder,
    /// A registry.
    Registry,
    /// A right that is missing.
    Policy,
}

/// One tested thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is about.
    pub about: About,
    /// Which one: a name, a host, a variable.
    pub subject: String,
    /// How it ended.
    pub state: State,
    /// What was found, as a phrase behind the subject.
    pub message: String,
    /// What to do.
    pub next: Option<String>,
    /// Whose fault it is, where it failed.
    pub fault: Option<Fault>,
    /// The same for programs.
    pub facts: BTreeMap<&'static str, String>,
}

impl Check {
    fn new(about: About, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            about,
            subject: subject.into(),
            state: State::Ok,
            message: message.into(),
            next: None,
            fault: None,
            facts: BTreeMap::new(),
        }
    }

    /// Something that is as it should be.
    pub(super) fn ok(about: About, subject: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(about, subject, message)
    }

    /// Something to look at.
    pub(super) fn warn(
        about: About,
        subject: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            state: State::Warn,
            ..Self::new(about, subject, message)
        }
    }

    /// Something that a build fails on.
    pub(super) fn fail(
        about: About,
        subject: impl Into<String>,
        message: impl Into<String>,
        fault: Fault,
    ) -> Self {
        Self {
            state: State::Fail,
            fault: Some(fault),
            ..Self::new(about, subject, message)
        }
    }

    /// The same with a next step.
    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// The same with a fact.
    pub(super) fn fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.facts.insert(name, value.into());
        self
    }
}

/// All that was tested, in the order in which it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The checks.
    pub checks: Vec<Check>,
}

impl Diagnosis {
    /// How many checks ended so.
    pub fn count(&self, state: State) -> usize {
        let all = self.checks.iter();
        all.filter(|check| check.state == state).count()
    }
}
