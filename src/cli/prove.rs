//! `kiln prove`.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::build::{given, secret};
use super::common::{Format, Selection, epoch, report_error};
use super::exit::Exit;
use super::out;
use super::render::progress::Progress;
use super::render::{findings, prove as render, report as built};
use crate::config::Config;
use crate::ops::build::{BuildOptions, BuildReport, check};
use crate::ops::prove::{Proof, ProveOptions, Proving, Way, begin};
use crate::ops::{Loaded, OpError, SecretFrom, connect};

/// Arguments of `prove`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Show all differences instead of 40, and those that are chance or excused as well
    #[arg(long)]
    all: bool,
    /// Also for the build with native tools, run steps even if the builder knows their results; the emulated builds
    /// always do
    #[arg(long)]
    no_cache: bool,
    /// Resolve nothing: what kiln.lock does not have is an error
    #[arg(long)]
    locked: bool,
    /// Legs (an image on a platform) that are built at once
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Folder for the builds while they are compared, instead of .kiln; a folder in it is made and removed again
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Give a secret to steps that ask for it: id=ID,src=FILE or id=ID,env=NAME (can be repeated);
    /// where a step prints its value, `***` is shown
    #[arg(long = "secret", value_name = "SPEC", value_parser = secret)]
    secrets: Vec<(String, SecretFrom)>,
    /// Forward an ssh agent to steps that ask for it: ID or ID=SOCKET (can be repeated)
    #[arg(long = "ssh", value_name = "SPEC")]
    agents: Vec<String>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// How progress is shown
    #[arg(long, value_enum)]
    progress: Option<Progress>,
}

/// How far it came.
enum Outcome {
    Proof(Proof),
    /// A build failed, and there is nothing to compare.
    Failed(Way, BuildReport),
    /// The user ended it.
    Interrupted,
}

/// Runs the command.
pub(super) async fn exec(
    args: Args,
    config: &Config,
    stop: &CancellationToken,
) -> Result<Exit, OpError> {
    let outcome = tokio::select! {
        outcome = prove(&args, config, stop) => outcome,
        // A build hears of it by itself, so that its solves end; nothing else has to.
        () = ended(stop) => return Ok(Exit::Interrupted),
    };
    Ok(match outcome {
        Ok(Outcome::Proof(proof)) => {
            out::result(&match args.format {
                Format::Json => render::json(&proof),
                Format::Text => render::text(&proof, args.all),
            });
            if proof.differences() == 0 {
                Exit::Done
            } else {
                Exit::CheckFailed
            }
        }
        Ok(Outcome::Failed(way, report)) => {
            let failures = built::failures(&report);
            if !failures.is_empty() {
                out::talk(&failures);
            }
            let words = format!("nothing was compared: the build {} failed", way.as_str());
            if args.format == Format::Json {
                out::result(&render::json_failed(&words, &report));
            }
            out::talk(&format!("error: {words}"));
            Exit::of_report(&report)
        }
        Ok(Outcome::Interrupted) => Exit::Interrupted,
        Err(error) => {
            // Programs get an answer in their form whatever happened.
            if args.format == Format::Json {
                out::result(&render::json_error(&error));
            }
            report_error(&error)
        }
    })
}

/// A moment after the end was asked for: a build then has cancelled what it runs.
async fn ended(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
}

async fn prove(args: &Args, config: &Config, stop: &CancellationToken) -> Result<Outcome, OpError> {
    let progress = Progress::choose(args.progress, config)?;
    let loaded = args.selection.load().await?;
    let options = options(args, config, stop)?;
    check(&loaded, &options.build)?;
    let backends = connect::Backends {
        registry: Arc::new(connect::registry(config, &loaded.workspace)?),
        origin: Arc::new(connect::origin(config, &loaded.workspace)?),
        builders: connect::builders(config, &loaded, &options.build.given).await?,
    };
    let proving = begin(&loaded, &options, &backends)?;
    build_all(proving, progress, &loaded, &backends, stop).await
}

async fn build_all(
    mut proving: Proving,
    progress: Progress,
    loaded: &Loaded,
    backends: &connect::Backends,
    stop: &CancellationToken,
) -> Result<Outcome, OpError> {
    for (number, way) in Way::ALL.into_iter().enumerate() {
        let builds = Way::ALL.len();
        out::talk(&format!(
            "build {} of {builds}: {}",
            number + 1,
            way.as_str()
        ));
        let display = progress.start();
        let built = proving
            .build(way, loaded, backends, &display.sink())
            .await
            .cloned();
        display.finish(false);
        let report = built?;
        if stop.is_cancelled() {
            return Ok(Outcome::Interrupted);
        }
        if way == Way::Tools {
            for warning in &report.warnings {
                out::talk(&findings::one(warning));
            }
        }
        if !proving.is_whole() {
            return Ok(Outcome::Failed(way, report));
        }
    }
    proving.compare().await.map(Outcome::Proof)
}

fn options(
    args: &Args,
    config: &Config,
    stop: &CancellationToken,
) -> Result<ProveOptions, OpError> {
    let build = BuildOptions {
        selectors: args.selection.names.clone(),
        platforms: args.selection.platforms.iter().copied().collect(),
        locked: args.locked,
        jobs: args.jobs.map(usize::from),
        no_cache: args.no_cache,
        set: args.selection.set(),
        given: given(&args.secrets, &args.agents)?,
        epoch: epoch(config)?,
        proxy: config.proxies.clone(),
        stop: stop.clone(),
        ..BuildOptions::default()
    };
    Ok(ProveOptions {
        build,
        scratch: args.scratch.clone(),
    })
}
