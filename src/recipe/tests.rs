//! What a finished image must do and may not exceed: `tests`, `limits` and `refresh` as data.

use super::image::{Command, EnvEntry};
use crate::text::{Place, Spanned};

/// One test of a finished image.
#[derive(Debug, Clone)]
pub struct Test {
    /// Where it stands.
    pub place: Place,
    /// Its `name`, where it has one.
    pub name: Option<String>,
    /// What it looks at.
    pub kind: TestKind,
}

impl Test {
    /// Its name, or words for it.
    pub fn title(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        match &self.kind {
            TestKind::Run(run) => match &run.command {
                Command::Args(args) => args.join(" "),
                Command::Script(text) => text.trim().to_owned(),
            },
            TestKind::File(file) => file.path.clone(),
        }
    }
}

/// What a test looks at.
#[derive(Debug, Clone)]
pub enum TestKind {
    /// How a program ends, and what it writes.
    Run(Box<RunTest>),
    /// A path.
    File(FileTest),
}

/// A program that is run in the image, as its user and without network.
#[derive(Debug, Clone)]
pub struct RunTest {
    /// The program, or text for the image's shell.
    pub command: Command,
    /// Environment besides the image's.
    pub env: Vec<EnvEntry>,
    /// User; the image's where there is none.
    pub user: Option<String>,
    /// The exit code it must end with.
    pub exit: i64,
    /// What standard output must hold.
    pub stdout: Option<Spanned<Expect>>,
    /// What standard error must hold.
    pub stderr: Option<Spanned<Expect>>,
}

/// What an output must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// This and nothing else, save line ends behind the last line.
    Equals(String),
    /// This somewhere.
    Contains(String),
    /// A match of this regular expression somewhere; it has been checked.
    Matches(String),
}

/// A path of the image. Links are followed, except where nothing must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileTest {
    /// The path; a relative one is below the image's working directory.
    pub path: String,
    /// Whether nothing must be there, not even a link that leads nowhere.
    pub absent: bool,
    /// Whether it must be a file that somebody may run, or must not be one.
    pub executable: Option<bool>,
    /// The permissions that it must have.
    pub mode: Option<u32>,
    /// A text that the file must hold.
    pub contains: Option<String>,
}

/// What an image may not exceed on a platform.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of all layers together, compressed, as the manifest has them.
    pub image_size: Option<Spanned<u64>>,
    /// Bytes of each layer, those of the base included.
    pub layer_size: Option<Spanned<u64>>,
    /// What is said of steps that a builder would emulate.
    pub emulation: Option<Spanned<Emulation>>,
}

/// What is said to emulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emulation {
    /// Nothing; so it is where nothing is written.
    Allow,
    /// The report says that it happened.
    Warn,
    /// Nothing is built.
    Deny,
}

/// How often what an image is made of is looked up anew: the length of the window that `period` names.
///
/// It is checked, shown in plans, and heeded by `rebuild --due` alone: no image is stale because time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// Each week.
    Weekly,
    /// Each month.
    Monthly,
    /// Each quarter of a year.
    Quarterly,
    /// Each year.
    Yearly,
    /// Only when somebody asks for it.
    Never,
}

impl Refresh {
    /// All of them, in the language's order.
    pub const ALL: [Self; 5] = [
        Self::Weekly,
        Self::Monthly,
        Self::Quarterly,
        Self::Yearly,
        Self::Never,
    ];

    /// The word in recipes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
            Self::Yearly => "yearly",
            Self::Never => "never",
        }
    }
}
