//! `kiln why`.

use super::common::{Format, Selection};
use super::exit::Exit;
use super::out;
use super::outdated::{Published, answered, tell_faults};
use super::render::outdated::next;
use super::render::why::{json, text};
use crate::config::Config;
use crate::ops::probe::known_builders;
use crate::ops::{OpError, Story, connect, why};

/// Arguments of `why`.
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

/// Runs the command.
pub(super) async fn exec(args: Args, config: &Config) -> Result<Exit, OpError> {
    let story = answered(args.format, find(&args, config).await)?;
    tell_faults(&story.faults);
    out::result(&match args.format {
        Format::Json => json(&story.images),
        Format::Text => text(&story.images),
    });
    for step in next(story.images.iter().flat_map(|image| &image.reasons)) {
        out::talk(&format!("  next: {step}"));
    }
    Ok(Exit::Done)
}

async fn find(args: &Args, config: &Config) -> Result<Story, OpError> {
    if args.selection.names.is_empty() {
        return Err(OpError::Usage {
            message: "no image is named".to_owned(),
            next: Some("name one: kiln why NAME; `kiln outdated` lists all of them".to_owned()),
        });
    }
    let loaded = args.selection.load().await?;
    let mut options = args.published.options(&args.selection, config)?;
    options.plan.builders = Some(known_builders(config, &loaded.workspace));
    let origin = connect::origin(config, &loaded.workspace)?;
    let registry = connect::registry(config, &loaded.workspace)?;
    why(&loaded, &options, &origin, &registry).await
}
