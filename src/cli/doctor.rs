//! `kiln doctor`.

use std::path::PathBuf;

use super::common::Format;
use super::exit::Exit;
use super::out;
use super::render::doctor::{json, text};
use crate::config::Config;
use crate::ops::doctor::{DoctorOptions, doctor};
use crate::ops::{LoadOptions, OpError};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recipe file (can be repeated), to find the workspace by
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Also begin an upload to each registry, and give it up again
    #[arg(long)]
    push: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub(super) async fn exec(args: &Args, config: &Config) -> Result<Exit, OpError> {
    let folder = std::env::current_dir().unwrap_or_default();
    let options = DoctorOptions {
        load: LoadOptions {
            folder,
            files: args.files.clone(),
            ..LoadOptions::default()
        },
        push: args.push,
    };
    let diagnosis = doctor(config, &options).await;
    out::result(&match args.format {
        Format::Text => text(&diagnosis),
        Format::Json => json(&diagnosis),
    });
    Ok(Exit::of_diagnosis(&diagnosis))
}
