//! `kiln verify`.

use super::common::Format;
use super::exit::Exit;
use super::out;
use super::render::{json, table};
use crate::config::Config;
use crate::oci::Reference;
use crate::ops::{LoadOptions, OpError, Verified, connect, load_workspace, verify};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The image, by tag or digest
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Read every layer and compute its digest
    #[arg(long)]
    deep: bool,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Runs the command.
pub(super) async fn exec(args: Args, config: &Config) -> Result<Exit, OpError> {
    let folder = std::env::current_dir().unwrap_or_default();
    let workspace = load_workspace(&LoadOptions {
        folder,
        ..LoadOptions::default()
    })?;
    let host = args.reference.repository().host();
    let registry = connect::viewer(config, &workspace, host)?;
    let verified = verify(&args.reference, args.deep, &registry).await?;
    out::result(&match args.format {
        Format::Json => json::verify(&verified),
        Format::Text => text(&verified),
    });
    for problem in &verified.problems {
        out::talk(&format!("error: {problem}"));
    }
    Ok(if verified.is_whole() {
        Exit::Done
    } else {
        Exit::CheckFailed
    })
}

fn text(verified: &Verified) -> String {
    let mut rows = vec![
        ["PLATFORM", "MANIFEST", "CONFIG", "LAYERS", "SIZE"]
            .map(String::from)
            .to_vec(),
    ];
    for platform in &verified.platforms {
        rows.push(vec![
            platform.platform.to_string(),
            platform.manifest.to_string(),
            table::short(platform.config.as_str()),
            platform.layers.to_string(),
            table::bytes(platform.size),
        ]);
    }
    let word = if verified.is_whole() {
        "whole"
    } else {
        "NOT whole"
    };
    let head = format!("{}@{}", verified.reference, verified.digest);
    format!("{head}\n{}\n{word}", table::render(&rows))
}
