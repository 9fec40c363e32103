//! The command tree, and the way from arguments to an exit code.

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Exit;
use super::{
    build, common, completion, config, doctor, examples, explain, graph, init, lint, lock, out,
    outdated, plan, prove, rebuild, schema, show, update, verify, why,
};
use crate::config::Config;
use crate::ops::{Mask, OpError};

/// How long an interrupted program may take to finish the tags it is moving and to say what it did.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// Builds container images for several platforms from YAML recipes, through BuildKit, into one OCI index
#[derive(Debug, Parser)]
#[command(name = "kiln", version, max_term_width = 100, after_help = examples::KILN)]
pub(super) struct App {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build images on all their platforms at once, and with --push publish one index for each
    #[command(after_help = examples::BUILD)]
    Build(build::Args),
    /// Build and publish what is stale, in order, and go on where a run before came to its end; fit for every night
    #[command(after_help = examples::REBUILD)]
    Rebuild(rebuild::Args),
    /// Print what would be built, in which order and on what; asks neither registry nor builder
    #[command(after_help = examples::PLAN)]
    Plan(plan::Args),
    /// Print what a recipe says for each variant: inherited, conditions decided, snippets and expressions in place;
    /// asks neither registry nor builder
    #[command(after_help = examples::SHOW)]
    Show(show::Args),
    /// Say which images are not up to date, and why, with the line; asks registries, and no builder
    #[command(after_help = examples::OUTDATED)]
    Outdated(outdated::Args),
    /// Tell everything that is known of an image: what decides it on each platform, now and when it was published
    #[command(after_help = examples::WHY)]
    Why(why::Args),
    /// Draw images and what they are made of; asks nobody, and with --stale what is up to date
    #[command(after_help = examples::GRAPH)]
    Graph(graph::Args),
    /// Print the JSON Schema of recipes, kiln.yaml or snippets, for editors
    #[command(after_help = examples::SCHEMA)]
    Schema(schema::Args),
    /// Write a first workspace: kiln.yaml, a recipe, and schemas for the editor
    #[command(after_help = examples::INIT)]
    Init(init::Args),
    /// Look for mistakes and for what is likely not meant so, in all recipes at once; asks nobody. With --image, in
    /// published images
    #[command(after_help = examples::LINT)]
    Lint(lint::Args),
    /// Say why a lint rule exists, with a bad and a good example
    #[command(after_help = examples::EXPLAIN)]
    Explain(explain::Args),
    /// Write down in kiln.lock what names stand for: digests, checksums, commits and lists of packages
    #[command(after_help = examples::LOCK)]
    Lock(lock::Args),
    /// Look up anew what names stand for, and say what has moved
    #[command(after_help = examples::UPDATE)]
    Update(update::Args),
    /// Walk a published image from its index to its layers and check that it is whole, and that Backend.AI takes it if it
    /// is a kernel
    #[command(after_help = examples::VERIFY)]
    Verify(verify::Args),
    /// Build images with native tools and twice emulated, compare every path, and say what differs; nothing is
    /// published
    #[command(after_help = examples::PROVE)]
    Prove(prove::Args),
    /// Test everything a build needs: workspace, builders, platforms, registries, logins, trust, proxies
    #[command(after_help = examples::DOCTOR)]
    Doctor(doctor::Args),
    /// Print the settings that count, from environment, kiln.yaml and defaults
    #[command(after_help = examples::CONFIG)]
    Config(config::Args),
    /// Print the completions for a shell
    #[command(after_help = examples::COMPLETION)]
    Completion(completion::Args),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let app = match App::try_parse() {
        Ok(app) => app,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                Exit::Invalid.into()
            } else {
                Exit::Done.into()
            };
        }
    };
    let config = Config::from_env();
    out::hide(&Mask::of_proxies(&config.proxies));
    log(&config);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            out::talk(&format!("error: cannot start: {error}"));
            return Exit::Bug.into();
        }
    };
    let exit = runtime.block_on(heed(app.command, &config));
    // A walk over local files may still hold a thread; nobody waits for it.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    exit.into()
}

/// Runs a command and heeds signals. The first one cancels: solves end, an image whose tags are being
/// moved is finished. The second one does not wait for that.
async fn heed(command: Command, config: &Config) -> Exit {
    let stop = CancellationToken::new();
    let mut running = pin!(run(command, config, &stop));
    let mut signals = Signals::listen();
    let exit = tokio::select! {
        biased;
        exit = signals.next() => exit,
        exit = &mut running => return exit,
    };
    out::talk("interrupted: solves are cancelled, and what was not published stays unpublished");
    stop.cancel();
    tokio::select! {
        biased;
        _ = signals.next() => out::talk("interrupted again: nothing is waited for"),
        () = tokio::time::sleep(LAST_WORDS) => {}
        _ = &mut running => {}
    }
    exit
}

async fn run(command: Command, config: &Config, stop: &CancellationToken) -> Exit {
    let result = match command {
        Command::Build(args) => build::exec(args, config, stop).await,
        Command::Rebuild(args) => rebuild::exec(args, config, stop).await,
        Command::Plan(args) => unless_stopped(plan::exec(args, config), stop).await,
        Command::Show(args) => unless_stopped(show::exec(&args), stop).await,
        Command::Outdated(args) => unless_stopped(outdated::exec(args, config), stop).await,
        Command::Why(args) => unless_stopped(why::exec(args, config), stop).await,
        Command::Graph(args) => unless_stopped(graph::exec(args, config), stop).await,
        Command::Schema(args) => Ok(schema::exec(&args)),
        Command::Init(args) => init::exec(&args),
        Command::Lint(args) => unless_stopped(lint::exec(&args, config), stop).await,
        Command::Explain(args) => explain::exec(&args),
        Command::Lock(args) => unless_stopped(lock::exec(&args, config), stop).await,
        Command::Update(args) => unless_stopped(update::exec(&args, config), stop).await,
        Command::Verify(args) => unless_stopped(verify::exec(args, config), stop).await,
        Command::Prove(args) => prove::exec(args, config, stop).await,
        Command::Doctor(args) => unless_stopped(doctor::exec(&args, config), stop).await,
        Command::Config(args) => config::exec(&args, config),
        Command::Completion(args) => Ok(completion::exec(&args, App::command())),
    };
    result.unwrap_or_else(|error| common::report_error(&error))
}

/// A verb that changes nothing can be dropped wherever it is.
async fn unless_stopped(
    verb: impl Future<Output = Result<Exit, OpError>>,
    stop: &CancellationToken,
) -> Result<Exit, OpError> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(Exit::Interrupted),
        ended = verb => ended,
    }
}

/// What the user or the system ends programs with.
struct Signals(Option<(Signal, Signal)>);

impl Signals {
    fn listen() -> Self {
        let interrupt = signal(SignalKind::interrupt());
        let terminate = signal(SignalKind::terminate());
        Self(interrupt.ok().zip(terminate.ok()))
    }

    async fn next(&mut self) -> Exit {
        let Some((interrupt, terminate)) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => Exit::Interrupted,
            _ = terminate.recv() => Exit::Terminated,
        }
    }
}

fn log(config: &Config) {
    let Some(filter) = &config.log else { return };
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| out::Talk)
        .try_init();
}
