//! `kiln schema`.

use clap::ValueEnum;

use super::exit::Exit;
use super::out;
use crate::schema::{Document, text};

/// A kind of file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A recipe, or a fragment that recipes extend
    #[default]
    Recipe,
    /// kiln.yaml
    Workspace,
    /// Steps with inputs
    Snippet,
}

/// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Which kind of file
    #[arg(value_enum, default_value_t)]
    kind: Kind,
}

/// Runs the command.
pub(super) fn exec(args: &Args) -> Exit {
    let document = match args.kind {
        Kind::Recipe => Document::Recipe,
        Kind::Workspace => Document::Workspace,
        Kind::Snippet => Document::Snippet,
    };
    out::result(&text(document));
    Exit::Done
}
