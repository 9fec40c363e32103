//! `kiln build`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::common::{Format, Selection, epoch, report_error};
use super::exit::Exit;
use super::render::progress::Progress;
use super::render::{findings, json, report};
use super::{out, output};
use crate::config::Config;
use crate::ops::build::{
    BuildOptions, BuildReport, EventSink, FailurePolicy, begin, check, finish, metadata,
};
use crate::ops::{Given, OpError, SecretFrom, connect};

/// Arguments of `build`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Push the images: platforms by digest, then the index, then the tags
    #[arg(long)]
    push: bool,
    /// Write the images: oci-layout=DIR into an image layout, type=oci,dest=FILE into a tar of one, `-` for standard output (can be repeated, and together with --push)
    #[arg(short, long = "output", value_name = "OUTPUT", value_parser = output::parse)]
    outputs: Vec<output::Asked>,
    /// Resolve nothing: what kiln.lock does not have is an error
    #[arg(long)]
    locked: bool,
    /// Let a tag lose platforms that this run leaves out
    #[arg(long)]
    allow_shrink: bool,
    /// Legs (an image on a platform) that are built at once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Build everything that does not need what failed
    #[arg(short, long)]
    keep_going: bool,
    /// Cancel everything when something fails
    #[arg(long, conflicts_with = "keep_going")]
    fail_fast: bool,
    /// Give a secret to steps that ask for it: id=ID,src=FILE or id=ID,env=NAME (can be repeated);
    /// where a step prints its value, `***` is shown
    #[arg(long = "secret", value_name = "SPEC", value_parser = secret)]
    secrets: Vec<(String, SecretFrom)>,
    /// Forward an ssh agent to steps that ask for it: ID or ID=SOCKET (can be repeated)
    #[arg(long = "ssh", value_name = "SPEC")]
    agents: Vec<String>,
    /// Run steps even if the builder knows their results
    #[arg(long)]
    no_cache: bool,
    /// Build images that are up to date as well
    #[arg(long)]
    force: bool,
    /// Write digests as buildx does, and those of each platform
    #[arg(long, value_name = "FILE")]
    metadata_file: Option<PathBuf>,
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

/// Runs the command.
pub(super) async fn exec(
    args: Args,
    config: &Config,
    stop: &CancellationToken,
) -> Result<Exit, OpError> {
    let built = async {
        let progress = Progress::choose(args.progress, config)?;
        let display = progress.start();
        let built = build(&args, config, stop, &display.sink()).await;
        let table = built.is_ok() && args.format == Format::Text && out::width().is_some();
        display.finish(table);
        built
    };
    let (report, exit) = match built.await {
        Ok(report) => {
            let exit = show(&args, &report);
            (report, exit)
        }
        Err(error) => {
            // Programs get an answer in their form whatever happened.
            if args.format == Format::Json {
                out::result(&json::build_error(&error));
            }
            (BuildReport::default(), report_error(&error))
        }
    };
    // What happened has been said by now, also when the file cannot be written.
    match write_metadata(args.metadata_file.as_deref(), &report) {
        Ok(()) => Ok(exit),
        Err(error) => Ok(exit.and(report_error(&error))),
    }
}

async fn build(
    args: &Args,
    config: &Config,
    stop: &CancellationToken,
    events: &EventSink,
) -> Result<BuildReport, OpError> {
    let loaded = tokio::select! {
        loaded = args.selection.load() => loaded?,
        () = stop.cancelled() => return Err(OpError::Interrupted),
    };
    let options = options(args, config, stop)?;
    check(&loaded, &options)?;
    let registry = connect::registry(config, &loaded.workspace)?;
    let origin = connect::origin(config, &loaded.workspace)?;
    let begun = tokio::select! {
        begun = begin(&loaded, &options, &origin, &registry) => begun?,
        () = stop.cancelled() => return Err(OpError::Interrupted),
    };
    // Where everything is up to date, nobody has to have a builder.
    let builders = async {
        if begun.is_idle() {
            return Ok(Vec::new());
        }
        connect::builders(config, &loaded, &options.given).await
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
    finish(&loaded, &options, begun, &backends, events).await
}

fn options(
    args: &Args,
    config: &Config,
    stop: &CancellationToken,
) -> Result<BuildOptions, OpError> {
    Ok(BuildOptions {
        selectors: args.selection.names.clone(),
        platforms: args.selection.platforms.iter().copied().collect(),
        push: args.push,
        outputs: output::outputs(&args.outputs, args.format == Format::Json)?,
        locked: args.locked,
        allow_shrink: args.allow_shrink,
        jobs: args.jobs.map(usize::from),
        failure: match (args.keep_going, args.fail_fast) {
            (true, _) => FailurePolicy::KeepGoing,
            (_, true) => FailurePolicy::FailFast,
            _ => FailurePolicy::Finish,
        },
        no_cache: args.no_cache,
        force: args.force,
        set: args.selection.set(),
        record: args.record.clone(),
        given: given(&args.secrets, &args.agents)?,
        epoch: epoch(config)?,
        proxy: config.proxies.clone(),
        stop: stop.clone(),
        ..BuildOptions::default()
    })
}

fn write_metadata(path: Option<&Path>, report: &BuildReport) -> Result<(), OpError> {
    let Some(path) = path else { return Ok(()) };
    let text = format!("{:#}\n", metadata(report));
    std::fs::write(path, text).map_err(|source| OpError::File {
        action: "write",
        path: path.display().to_string(),
        source,
    })
}

fn show(args: &Args, report: &BuildReport) -> Exit {
    let failures = report::failures(report);
    if !failures.is_empty() {
        out::talk(&failures);
    }
    let reasons = report::reasons(report);
    let is_for_programs = args.progress == Some(Progress::Rawjson);
    if !reasons.is_empty() && !is_for_programs {
        out::talk(reasons.trim_end());
    }
    for warning in &report.warnings {
        out::talk(&findings::one(warning));
    }
    match args.format {
        Format::Json => out::result(&json::build(report)),
        // There is the archive.
        Format::Text if args.outputs.contains(&output::Asked::Stdout) => {
            out::talk(&report::table(report, args.push, None));
        }
        Format::Text => out::result(&report::table(report, args.push, out::width())),
    }
    Exit::of_report(report)
}

/// What the command line gives to steps that ask for it.
pub(super) fn given(secrets: &[(String, SecretFrom)], agents: &[String]) -> Result<Given, OpError> {
    let mut given = Given::default();
    given.on_note(|note| out::talk(&format!("note: {note}")));
    for (id, from) in secrets {
        given.add_secret(id, from)?;
    }
    out::hide(given.mask());
    for spec in agents {
        match spec.split_once('=') {
            Some((id, socket)) => given.add_agent(id, Some(PathBuf::from(socket)))?,
            None => given.add_agent(spec, None)?,
        }
    }
    Ok(given)
}

/// `id=ID,src=FILE` or `id=ID,env=NAME`, as buildx takes it.
pub(super) fn secret(text: &str) -> Result<(String, SecretFrom), String> {
    let (mut id, mut from) = (None, None);
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("id", value)) if !value.is_empty() => id = Some(value.to_owned()),
            Some(("src" | "source", value)) => from = Some(SecretFrom::File(PathBuf::from(value))),
            Some(("env", value)) => from = Some(SecretFrom::Variable(value.to_owned())),
            Some(("type", "file" | "env")) => {}
            _ => {
                return Err(format!(
                    "`{part}` is unknown; write id=ID,src=FILE or id=ID,env=NAME"
                ));
            }
        }
    }
    let id = id.ok_or("the secret has no `id`")?;
    // A variable of the same name is what buildx takes where nothing is said.
    let from = from.unwrap_or_else(|| SecretFrom::Variable(id.clone()));
    Ok((id, from))
}
