//! `kiln plan`.

use std::path::PathBuf;
use std::sync::Arc;

use super::common::{Format, Selection, epoch};
use super::exit::Exit;
use super::out;
use super::render::{findings, json, modes, table};
use crate::config::Config;
use crate::ops::probe::known_builders;
use crate::ops::{OpError, PlanOptions, PlannedImage, Planning, apart, connect, plan, write_llb};

/// Arguments of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// Also show how each step that runs a program would run: native, by native tools, or emulated
    #[arg(long)]
    steps: bool,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Also resolve bases and write every graph to this folder, as `buildctl` reads it
    #[arg(long, value_name = "DIR")]
    llb: Option<PathBuf>,
    /// Resolve nothing: what kiln.lock does not have is an error
    #[arg(long, requires = "llb")]
    locked: bool,
}

/// Runs the command.
pub(super) async fn exec(args: Args, config: &Config) -> Result<Exit, OpError> {
    let loaded = Arc::new(args.selection.load().await?);
    let options = PlanOptions {
        selectors: args.selection.names.clone(),
        platforms: args.selection.platforms.iter().copied().collect(),
        epoch: epoch(config)?,
        locked: args.locked,
        builders: Some(known_builders(config, &loaded.workspace)),
        steps: args.steps || args.format == Format::Json,
    };
    let Planning { images, warnings } = {
        let (loaded, options) = (Arc::clone(&loaded), options.clone());
        apart(move || plan(&loaded, &options)).await?
    };
    for warning in &warnings {
        out::talk(&findings::one(warning));
    }
    if let Some(folder) = &args.llb {
        let registry = connect::registry(config, &loaded.workspace)?;
        let written = write_llb(&loaded, &options, &(Arc::new(registry) as _), folder).await?;
        for path in written {
            out::talk(&format!("wrote {}", path.display()));
        }
        for words in without_graph(&images) {
            out::talk(&words);
        }
    }
    out::result(&match args.format {
        Format::Json => json::plan(&images),
        Format::Text => text(&images),
    });
    Ok(Exit::Done)
}

/// What the graphs of a plan do not show.
fn without_graph(images: &[PlannedImage]) -> Vec<String> {
    let mut all = Vec::new();
    for image in images {
        let mut files = image.legs.iter().filter_map(|leg| leg.dockerfile.as_ref());
        if let Some((file, stand_in)) = files.next() {
            let name = &image.image;
            all.push(format!(
                "{name}: no graph shows {file}, since the builder's frontend makes it; \
                 what comes after begins with {stand_in}, which stands for its result"
            ));
        }
    }
    all
}

fn text(images: &[PlannedImage]) -> String {
    let mut rows = vec![
        ["IMAGE", "PLATFORM", "STEPS", "FROM"]
            .map(String::from)
            .to_vec(),
    ];
    for image in images {
        for leg in &image.legs {
            rows.push(vec![
                image.image.clone(),
                leg.platform.to_string(),
                leg.steps.to_string(),
                leg.base.clone(),
            ]);
        }
    }
    for image in images {
        for (platform, reason) in &image.excluded {
            let row = [
                &image.image,
                &platform.to_string(),
                "–",
                &format!("excluded: {reason}"),
            ];
            rows.push(row.map(ToString::to_string).to_vec());
        }
    }
    let legs: usize = images.iter().map(|image| image.legs.len()).sum();
    let mut parts = vec![table::render(&rows)];
    for image in images {
        for leg in &image.legs {
            let modes = leg.modes.iter();
            parts.extend(modes.map(|it| modes::text(&image.image, leg.platform, it)));
        }
    }
    parts.push(table::counts(images.len(), legs));
    parts.join("\n")
}
