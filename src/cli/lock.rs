//! `kiln lock`.

use super::common::{Format, Selection};
use super::exit::Exit;
use super::out;
use super::render::{findings, lock as render};
use crate::config::Config;
use crate::ops::lock::{LockOptions, PeriodFrom, check, current_period, lock};
use crate::ops::{OpError, apart, connect};

/// Arguments of `lock`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Say what is missing or old, without asking anybody and without writing
    #[arg(long)]
    check: bool,
    /// Let packages without a wheel run their own code here, to learn their dependencies
    #[arg(long, conflicts_with = "check")]
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
    if args.check {
        return checked(args).await;
    }
    let now = current_period()?;
    let loaded = args.selection.load_in(PeriodFrom::LockOr(now)).await?;
    let options = LockOptions {
        allow_builds: args.allow_builds,
        ..options(&args.selection)
    };
    let sources = connect::sources(config, &loaded.workspace)?;
    let report = lock(&loaded, &options, &sources, now).await?;
    render::print(&report, args.format);
    Ok(Exit::Done)
}

/// What both commands make of what is selected.
pub(super) fn options(selection: &Selection) -> LockOptions {
    LockOptions {
        selectors: selection.names.clone(),
        platforms: selection.platforms.iter().copied().collect(),
        set: selection.sets(),
        ..LockOptions::default()
    }
}

async fn checked(args: &Args) -> Result<Exit, OpError> {
    let loaded = args.selection.load().await?;
    let (names, set) = (args.selection.names.clone(), args.selection.sets());
    let found = apart(move || check(&loaded, &names, set)).await?;
    if args.format == Format::Json {
        out::result(&render::check(&found));
    } else if found.has_errors() {
        out::talk(&findings::render(&found));
    } else {
        for note in found.sorted() {
            out::talk(&findings::line(note));
        }
        out::result("kiln.lock has everything");
    }
    Ok(if found.has_errors() {
        Exit::CheckFailed
    } else {
        Exit::Done
    })
}
