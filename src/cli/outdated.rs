//! `kiln outdated`, and what it shares with the commands that ask the same.

use std::path::PathBuf;

use clap::ValueEnum;

use super::common::{Format, Selection, epoch};
use super::exit::Exit;
use super::out;
use super::render::json::build_error;
use super::render::outdated::{json, next, text};
use super::render::words::clean;
use crate::config::Config;
use crate::ops::{OpError, Outdated, OutdatedOptions, PlanOptions, PublishedBy, connect, outdated};

/// Arguments of `outdated`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    #[command(flatten)]
    published: Published,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Who says what is published.
#[derive(Debug, clap::Args)]
pub(super) struct Published {
    /// Who says what is published
    #[arg(long, value_enum, value_name = "WHO", default_value_t)]
    against: Against,
    /// Where the records are; .kiln/records.jsonl beside kiln.yaml by default
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Against {
    /// The registries that images go to
    #[default]
    Registry,
    /// This machine's latest record of each image; no tag is asked for
    Record,
}

impl Published {
    /// What a command line asks for.
    pub(super) fn options(
        &self,
        selection: &Selection,
        config: &Config,
    ) -> Result<OutdatedOptions, OpError> {
        Ok(OutdatedOptions {
            plan: plan_options(selection, config)?,
            against: match self.against {
                Against::Registry => PublishedBy::Registry,
                Against::Record => PublishedBy::Record,
            },
            record: self.record.clone(),
            now: None,
        })
    }
}

/// Which images a command line means.
pub(super) fn plan_options(selection: &Selection, config: &Config) -> Result<PlanOptions, OpError> {
    Ok(PlanOptions {
        selectors: selection.names.clone(),
        platforms: selection.platforms.iter().copied().collect(),
        epoch: epoch(config)?,
        ..PlanOptions::default()
    })
}

/// Lines of the ledger that are no records were passed over, and are told.
pub(super) fn tell_faults(faults: &[String]) {
    for fault in faults {
        out::talk(&format!("warning: {}", clean(fault)));
    }
}

/// Programs get an answer in their form whatever happened; people get it where all errors are told.
pub(super) fn answered<T>(format: Format, found: Result<T, OpError>) -> Result<T, OpError> {
    if let (Format::Json, Err(error)) = (format, &found) {
        out::result(&build_error(error));
    }
    found
}

/// Runs the command.
pub(super) async fn exec(args: Args, config: &Config) -> Result<Exit, OpError> {
    let found = answered(args.format, find(&args, config).await)?;
    tell_faults(&found.faults);
    out::result(&match args.format {
        Format::Json => json(&found),
        Format::Text => text(&found),
    });
    for step in next(found.images.iter().flat_map(|image| &image.reasons)) {
        out::talk(&format!("  next: {step}"));
    }
    Ok(if found.is_current() {
        Exit::Done
    } else {
        Exit::CheckFailed
    })
}

async fn find(args: &Args, config: &Config) -> Result<Outdated, OpError> {
    let loaded = args.selection.load().await?;
    let options = args.published.options(&args.selection, config)?;
    let origin = connect::origin(config, &loaded.workspace)?;
    let registry = connect::registry(config, &loaded.workspace)?;
    outdated(&loaded, &options, &origin, &registry).await
}
