//! `kiln config`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::common::Format;
use super::exit::Exit;
use super::out;
use super::render::table;
use crate::config::Config;
use crate::ops::{LoadOptions, OpError, Setting, settings};

const VERSION: u32 = 1;

/// Arguments of `config`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Recipe file (can be repeated), to find the workspace by
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Also say where each value comes from: a place in kiln.yaml, a variable, or `default`
    #[arg(long)]
    origin: bool,
    /// How the settings are printed; JSON always has the origins
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub(super) fn exec(args: &Args, config: &Config) -> Result<Exit, OpError> {
    let options = LoadOptions {
        folder: std::env::current_dir().unwrap_or_default(),
        files: args.files.clone(),
        ..LoadOptions::default()
    };
    let settings = settings(config, &options)?;
    out::result(&match args.format {
        Format::Text => text(&settings, args.origin),
        Format::Json => document(&settings),
    });
    Ok(Exit::Done)
}

fn text(settings: &[Setting], origin: bool) -> String {
    let shown = |value: &str| {
        if value.is_empty() {
            "–".to_owned()
        } else {
            value.to_owned()
        }
    };
    let width = if origin { 3 } else { 2 };
    let head = ["SETTING", "VALUE", "ORIGIN"].map(String::from);
    let rows = settings.iter().map(|setting| {
        let row = [
            setting.key.clone(),
            shown(&setting.value),
            setting.origin.clone(),
        ];
        row[..width].to_vec()
    });
    let rows: Vec<Vec<String>> = [head[..width].to_vec()].into_iter().chain(rows).collect();
    table::render(&rows)
}

fn document(settings: &[Setting]) -> String {
    let all: Vec<Value> = settings
        .iter()
        .map(|it| json!({"key": it.key, "value": it.value, "origin": it.origin}))
        .collect();
    format!("{:#}", json!({"version": VERSION, "settings": all}))
}
