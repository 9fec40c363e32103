//! The command tree, and the way from arguments to an exit code.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::exit::Exit;
use super::{build, common, out, plan, verify};
use crate::config::Config;

/// Builds container images for several platforms from YAML recipes, through BuildKit, into one OCI index
#[derive(Debug, Parser)]
#[command(name = "kiln", version, max_term_width = 100)]
struct App {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build images on all their platforms at once, and with --push publish one index for each
    Build(build::Args),
    /// Show what would be built; asks neither registry nor builder
    Plan(plan::Args),
    /// Walk a published image from its index to its layers and check that it is whole
    Verify(verify::Args),
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
    let exit = runtime.block_on(async {
        tokio::select! {
            biased;
            exit = interrupted() => exit,
            exit = run(app.command, &config) => exit,
        }
    });
    // A walk over local files may still hold a thread; nobody waits for it.
    runtime.shutdown_timeout(std::time::Duration::from_millis(200));
    exit.into()
}

async fn run(command: Command, config: &Config) -> Exit {
    let result = match command {
        Command::Build(args) => build::exec(args, config).await,
        Command::Plan(args) => plan::exec(args, config).await,
        Command::Verify(args) => verify::exec(args, config).await,
    };
    result.unwrap_or_else(|error| common::report_error(&error))
}

/// Ends when the user or the system wants the program to end. Whatever runs is dropped by then, which
/// cancels solves; tags are as they were.
async fn interrupted() -> Exit {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
    ) else {
        return std::future::pending().await;
    };
    let exit = tokio::select! {
        _ = interrupt.recv() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Terminated,
    };
    out::talk("interrupted: solves are cancelled, and what was not published stays unpublished");
    exit
}

fn log(config: &Config) {
    let Some(filter) = &config.log else { return };
    let filter = tracing_subscriber::EnvFilter::new(filter);
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}
