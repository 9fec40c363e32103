//! `kiln graph`.

use std::sync::Arc;

use clap::ValueEnum;

use super::common::Selection;
use super::exit::Exit;
use super::out;
use super::outdated::plan_options;
use super::render::graph;
use crate::config::Config;
use crate::ops::{self, GraphOptions, OpError, apart, connect};

/// Arguments of `graph`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    selection: Selection,
    /// How the graph is printed
    #[arg(long, value_enum, default_value_t)]
    format: GraphFormat,
    /// Also ask registries what is up to date, and say or colour it
    #[arg(long)]
    stale: bool,
    /// Only this image or base, such as python:3.11-slim, and everything that is made of it
    #[arg(long, value_name = "REF")]
    dependents_of: Option<String>,
}

/// How the graph is printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum GraphFormat {
    /// A tree for people
    #[default]
    Text,
    /// For Graphviz
    Dot,
    /// For pages in Markdown
    Mermaid,
    /// A picture
    Svg,
}

/// Runs the command.
pub(super) async fn exec(args: Args, config: &Config) -> Result<Exit, OpError> {
    let loaded = Arc::new(args.selection.load().await?);
    let options = GraphOptions {
        plan: plan_options(&args.selection, config)?,
        dependents_of: args.dependents_of.clone(),
    };
    let found = if args.stale {
        let origin = connect::origin(config, &loaded.workspace)?;
        let registry = connect::registry(config, &loaded.workspace)?;
        ops::graph_with_states(&loaded, &options, &origin, &registry).await?
    } else {
        apart(move || ops::graph(&loaded, &options)).await?
    };
    out::result(&match args.format {
        GraphFormat::Text => graph::text(&found),
        GraphFormat::Dot => graph::dot(&found),
        GraphFormat::Mermaid => graph::mermaid(&found),
        GraphFormat::Svg => graph::svg(&found),
    });
    Ok(Exit::Done)
}
