//! `kiln show`.

use clap::ValueEnum;

use super::common::Selection;
use super::exit::Exit;
use super::out;
use super::render::shown;
use crate::ops::{OpError, ShowOptions, apart, show};

/// How recipes are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Recipes, as kiln reads them
    #[default]
    Yaml,
    /// For programs; versioned
    Json,
}

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Also say where each value comes from: file and line, `--set`, or `default`
    #[arg(long)]
    origin: bool,
    /// How the images are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub(super) async fn exec(args: &Args) -> Result<Exit, OpError> {
    let loaded = args.selection.load().await?;
    let options = ShowOptions {
        selectors: args.selection.names.clone(),
        platforms: args.selection.platforms.iter().copied().collect(),
        set: args.selection.set(),
    };
    let images = apart(move || show(&loaded, &options)).await?;
    out::result(&match args.format {
        Format::Yaml => shown::yaml(&images, args.origin),
        Format::Json => shown::json(&images, args.origin),
    });
    Ok(Exit::Done)
}
