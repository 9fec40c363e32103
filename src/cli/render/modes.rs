//! How the steps of a planned leg would run.

use serde_json::{Value, json};

use super::table;
use super::words::clean;
use crate::oci::Platform;
use crate::ops::probe::Source;
use crate::ops::{LegModes, ShownBuilder, ShownStep};

/// What stands for a mode that is not known.
const UNKNOWN: &str = "unknown";

/// A leg and its steps, one per line.
pub(in crate::cli) fn text(image: &str, platform: Platform, modes: &LegModes) -> String {
    let mut lines = vec![format!(
        "{} {platform}: {}",
        clean(image),
        builder(modes.builder.as_ref())
    )];
    let rows: Vec<Vec<String>> = modes.steps.iter().map(row).collect();
    if !rows.is_empty() {
        lines.push(table::render(&rows));
    }
    lines.extend(fault(modes).map(|words| format!("  {words}")));
    lines.join("\n")
}

fn mode(step: &ShownStep) -> &'static str {
    step.mode_word().unwrap_or(UNKNOWN)
}

fn row(step: &ShownStep) -> Vec<String> {
    vec![
        format!("  {}", mode(step)),
        clean(&step.title),
        clean(&step.place.to_string()),
        clean(&step.why),
    ]
}

/// The same below other facts of a leg.
pub(in crate::cli) fn lines(modes: &LegModes) -> Vec<String> {
    let builder = match &modes.builder {
        Some(known) => builder(Some(known)),
        None => UNKNOWN.to_owned(),
    };
    let mut all = vec![format!("builder    {builder}")];
    all.extend(modes.steps.iter().map(|step| {
        let [mode, title, place, why] = [
            mode(step).to_owned(),
            clean(&step.title),
            clean(&step.place.to_string()),
            clean(&step.why),
        ];
        format!("mode       {mode}: {title} ({place}): {why}")
    }));
    all.extend(fault(modes).map(|words| format!("mode       {words}")));
    all
}

fn fault(modes: &LegModes) -> Option<String> {
    let fault = modes.fault.as_ref()?;
    Some(format!("nothing can be said: {}", clean(fault)))
}

fn builder(builder: Option<&ShownBuilder>) -> String {
    let Some(ShownBuilder {
        name,
        native,
        source,
    }) = builder
    else {
        return "unknown builder".to_owned();
    };
    let source = match source {
        Source::Remembered(Some(moment)) => format!("tried {moment}"),
        Source::Remembered(None) => "as it said".to_owned(),
        Source::Declared => "as kiln.yaml says".to_owned(),
    };
    format!("{} ({native}, {source})", clean(name))
}

/// The builder of a leg for programs.
pub(in crate::cli) fn builder_value(modes: Option<&LegModes>) -> Value {
    let Some(builder) = modes.and_then(|modes| modes.builder.as_ref()) else {
        return Value::Null;
    };
    let (source, tried) = match builder.source {
        Source::Remembered(moment) => ("remembered", moment),
        Source::Declared => ("declared", None),
    };
    json!({
        "name": builder.name,
        "native": builder.native.to_string(),
        "source": source,
        "tried": tried.map(|moment| moment.to_string()),
    })
}

/// Its steps for programs.
pub(in crate::cli) fn steps_value(modes: Option<&LegModes>) -> Value {
    let steps = modes.into_iter().flat_map(|modes| &modes.steps);
    let step = |step: &ShownStep| {
        json!({
            "title": step.title,
            "file": step.place.source.path(),
            "line": step.place.line_column().0,
            "mode": step.mode_word(),
            "why": step.why,
        })
    };
    Value::Array(steps.map(step).collect())
}
