//! `kiln rebuild`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::build::{given, secret};
use super::common::{Format, Selection, epoch, report_error};
use super::exit::Exit;
use super::out;
use super::render::progress::Progress;
use super::render::{findings, rebuild as render, report as built};
use crate::config::Config;
use crate::ops::build::{BuildOptions, EventSink, check};
use crate::ops::lock::{PeriodFrom, current_period};
use crate::ops::rebuild::{
    Guard, RebuildOptions, RebuildReport, Scope, begin, finish, has_ended, move_period,
};
use crate::ops::{OpError, SecretFrom, connect};

/// Arguments of `rebuild`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Also what is current, and whose window of `refresh` has ended since it was made
    #[arg(long, conflicts_with_all = ["dependents_of", "changed_since"])]
    due: bool,
    /// Only what stands on this: an image of the workspace by name or reference, or a base such as debian:12
    #[arg(long, value_name = "BASE", conflicts_with = "changed_since")]
    dependents_of: Option<String>,
    /// Only what differs from this git revision (recipes, what they extend and use, templates, copied files), and what
    /// stands on it
    #[arg(long, value_name = "GITREF")]
    changed_since: Option<String>,
    /// Write a report: Markdown into FILE.md, JSON into FILE.json (can be repeated)
    #[arg(long = "report", value_name = "FILE", value_parser = report_file)]
    reports: Vec<ReportFile>,
    /// Let a tag lose platforms that this run leaves out
    #[arg(long)]
    allow_shrink: bool,
    /// Legs (an image on a platform) that are built at once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Give a secret to steps that ask for it: id=ID,src=FILE or id=ID,env=NAME (can be repeated);
    /// where a step prints its value, `***` is shown
    #[arg(long = "secret", value_name = "SPEC", value_parser = secret)]
    secrets: Vec<(String, SecretFrom)>,
    /// Forward an ssh agent to steps that ask for it: ID or ID=SOCKET (can be repeated)
    #[arg(long = "ssh", value_name = "SPEC")]
    agents: Vec<String>,
    /// Append the record to this file instead of .kiln/records.jsonl
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How progress is shown
    #[arg(long, value_enum)]
    progress: Option<Progress>,
}

/// A file for a report, in the form that its name asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ReportFile {
    Markdown(PathBuf),
    Json(PathBuf),
}

fn report_file(text: &str) -> Result<ReportFile, String> {
    let path = PathBuf::from(text);
    let ending = path.extension().and_then(|it| it.to_str());
    match ending {
        Some("md") => Ok(ReportFile::Markdown(path)),
        Some("json") => Ok(ReportFile::Json(path)),
        _ => Err("a report is a file that ends in .md or .json".to_owned()),
    }
}

/// Runs the command.
pub(super) async fn exec(
    args: Args,
    config: &Config,
    stop: &CancellationToken,
) -> Result<Exit, OpError> {
    let done = async {
        let progress = Progress::choose(args.progress, config)?;
        let display = progress.start();
        let done = rebuild(&args, config, stop, &display.sink()).await;
        let table = done.is_ok() && args.format == Format::Text && out::width().is_some();
        display.finish(table);
        done
    };
    let done = done.await;
    let exit = match &done {
        Ok(report) => show(&args, report),
        Err(error) => {
            // Programs get an answer in their form whatever happened.
            if args.format == Format::Json {
                out::result(&render::json_error(error));
            }
            report_error(error)
        }
    };
    // What happened has been said by now, also when a file cannot be written.
    let mut exit = exit;
    for file in &args.reports {
        if let Err(error) = write(file, &done) {
            exit = exit.and(report_error(&error));
        }
    }
    Ok(exit)
}

async fn rebuild(
    args: &Args,
    config: &Config,
    stop: &CancellationToken,
    events: &EventSink,
) -> Result<RebuildReport, OpError> {
    let load = async || {
        tokio::select! {
            loaded = args.selection.load() => loaded,
            () = stop.cancelled() => Err(OpError::Interrupted),
        }
    };
    let mut loaded = load().await?;
    let options = options(args, config, stop)?;
    check(&loaded, &options.build)?;
    let guard = Guard::take(&loaded.workspace.root)?;
    if let Some(note) = guard.note() {
        out::talk(&format!("note: {note}"));
    }
    if options.scope == Scope::Due {
        let now = current_period()?;
        if has_ended(&loaded, now) {
            let moving = args.selection.load_in(PeriodFrom::Moved(now)).await?;
            let sources = connect::sources(config, &moving.workspace)?;
            let moved = tokio::select! {
                moved = move_period(&moving, &sources, now) => moved?,
                () = stop.cancelled() => return Err(OpError::Interrupted),
            };
            let (period, pins) = (moved.period, moved.changes.len());
            out::talk(&format!(
                "note: kiln.lock begins {period}: {pins} of its lines moved"
            ));
            loaded = load().await?;
        }
    }
    let registry = connect::registry(config, &loaded.workspace)?;
    let origin = connect::origin(config, &loaded.workspace)?;
    let started = tokio::select! {
        started = begin(guard, &loaded, &options, &origin, &registry) => started?,
        () = stop.cancelled() => return Err(OpError::Interrupted),
    };
    // Where nothing is to do, nobody has to have a builder.
    let builders = async {
        if started.is_idle() {
            return Ok(Vec::new());
        }
        connect::builders(config, &loaded, &options.build.given).await
    };
    let builders = tokio::select! {
        builders = builders => builders?,
        () = stop.cancelled() => return Err(OpError::Interrupted),
    };
    let backends = connect::Backends {
        registry: Arc::new(registry),
        origin: Arc::new(origin),
        builders,
    };
    finish(started, &loaded, &backends, events).await
}

fn options(
    args: &Args,
    config: &Config,
    stop: &CancellationToken,
) -> Result<RebuildOptions, OpError> {
    let scope = match (&args.dependents_of, &args.changed_since) {
        (Some(base), _) => Scope::DependentsOf(base.clone()),
        (_, Some(revision)) => Scope::ChangedSince(revision.clone()),
        _ if args.due => Scope::Due,
        _ => Scope::Stale,
    };
    let build = BuildOptions {
        selectors: args.selection.names.clone(),
        platforms: args.selection.platforms.iter().copied().collect(),
        push: true,
        allow_shrink: args.allow_shrink,
        jobs: args.jobs.map(usize::from),
        set: args.selection.set(),
        record: args.record.clone(),
        given: given(&args.secrets, &args.agents)?,
        epoch: epoch(config)?,
        proxy: config.proxies.clone(),
        stop: stop.clone(),
        ..BuildOptions::default()
    };
    Ok(RebuildOptions { scope, build })
}

fn show(args: &Args, report: &RebuildReport) -> Exit {
    let failures = built::failures(&report.build);
    if !failures.is_empty() {
        out::talk(&failures);
    }
    for error in render::still_stale(report) {
        out::talk(&error);
    }
    for warning in &report.build.warnings {
        out::talk(&findings::one(warning));
    }
    match args.format {
        Format::Json => out::result(&render::json(report)),
        Format::Text => out::result(&render::text(report)),
    }
    Exit::of_rebuild(report)
}

fn write(file: &ReportFile, done: &Result<RebuildReport, OpError>) -> Result<(), OpError> {
    let (path, text) = match (file, done) {
        (ReportFile::Markdown(path), Ok(report)) => (path, render::markdown(report)),
        (ReportFile::Markdown(path), Err(error)) => (path, render::markdown_error(error)),
        (ReportFile::Json(path), Ok(report)) => (path, render::json(report) + "\n"),
        (ReportFile::Json(path), Err(error)) => (path, render::json_error(error) + "\n"),
    };
    put(path, &text)
}

fn put(path: &Path, text: &str) -> Result<(), OpError> {
    std::fs::write(path, text).map_err(|source| OpError::File {
        action: "write",
        path: path.display().to_string(),
        source,
    })
}
