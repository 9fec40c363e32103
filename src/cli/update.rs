//! `kiln update`.

use clap::ValueEnum;

use super::common::{Format, Selection};
use super::exit::Exit;
use super::lock::options;
use super::out;
use super::render::lock as render;
use crate::config::Config;
use crate::ops::lock::{LockOptions, PeriodFrom, Pinned, current_period, update};
use crate::ops::{OpError, connect};

/// A kind of pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Only {
    /// Images that recipes begin with or take files from
    Base,
    /// Downloads
    Fetch,
    /// Checkouts
    Git,
    /// Packages of `pip` steps
    Pip,
}

/// Arguments of `update`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Move these pins only (comma list, can be repeated)
    #[arg(long, value_enum, value_name = "KIND", value_delimiter = ',')]
    only: Vec<Only>,
    /// Let packages without a wheel run their own code here, to learn their dependencies
    #[arg(long)]
    allow_builds: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command. Programs get an answer in their form whatever happened.
pub(super) async fn exec(args: &Args, config: &Config) -> Result<Exit, OpError> {
    let ended = run(args, config).await;
    if let (Format::Json, Err(error)) = (args.format, &ended) {
        out::result(&render::error(error));
    }
    ended
}

async fn run(args: &Args, config: &Config) -> Result<Exit, OpError> {
    let now = current_period()?;
    let period = if args.selection.is_partial() || !args.only.is_empty() {
        PeriodFrom::LockOr(now)
    } else {
        PeriodFrom::Moved(now)
    };
    let loaded = args.selection.load_in(period).await?;
    let kind = |only: &Only| match only {
        Only::Base => Pinned::Base,
        Only::Fetch => Pinned::Fetch,
        Only::Git => Pinned::Git,
        Only::Pip => Pinned::Pip,
    };
    let options = LockOptions {
        only: args.only.iter().map(kind).collect(),
        allow_builds: args.allow_builds,
        ..options(&args.selection)
    };
    let sources = connect::sources(config, &loaded.workspace)?;
    let report = update(&loaded, &options, &sources, now).await?;
    render::print(&report, args.format);
    Ok(Exit::Done)
}
