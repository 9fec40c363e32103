//! `kiln verify`.

use super::common::{Format, releases};
use super::exit::Exit;
use super::out;
use super::render::json;
use super::render::verify::{problem, text};
use crate::config::Config;
use crate::oci::Reference;
use crate::ops::{LoadOptions, OpError, Release, VerifyOptions, connect, load_workspace, verify};

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The image, by tag or digest
    #[arg(value_name = "REF")]
    reference: Reference,
    /// Read every layer and compute its digest
    #[arg(long)]
    deep: bool,
    /// Ask what kernels of Backend.AI are asked, also of an image without its labels
    #[arg(long)]
    kernel: bool,
    /// Release of Backend.AI that must accept a kernel, such as 24.03 (comma list, can be repeated); those of kiln.yaml by
    /// default
    #[arg(long = "release", value_name = "RELEASE", value_delimiter = ',')]
    releases: Vec<Release>,
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
    let options = VerifyOptions {
        deep: args.deep,
        kernel: args.kernel,
        ..VerifyOptions::of(&workspace, releases(&args.releases))
    };
    let verified = verify(&args.reference, &options, &registry).await?;
    out::result(&match args.format {
        Format::Json => json::verify(&verified),
        Format::Text => text(&verified),
    });
    for finding in &verified.findings {
        out::talk(&problem(finding));
    }
    Ok(if verified.passes() {
        Exit::Done
    } else {
        Exit::CheckFailed
    })
}
