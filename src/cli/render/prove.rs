//! What a proof found, for people and for programs.

use serde_json::{Value, json};

use super::json::VERSION;
use super::table;
use super::words::{clean, cut_end};
use crate::cli::out::masked;
use crate::ops::build::BuildReport;
use crate::ops::prove::{Found, Proof, ProvedLeg};
use crate::ops::{OpError, with_causes};

/// Differences that are shown where not all are asked for.
const SHOWN: usize = 40;
/// Columns of a value, and of what made a layer.
const WIDE: usize = 80;

/// Each leg, and the verdict.
pub(in crate::cli) fn text(proof: &Proof, all: bool) -> String {
    let mut room = if all { usize::MAX } else { SHOWN };
    let mut text = String::new();
    for leg in &proof.legs {
        text.push_str(&self::leg(leg, all, &mut room));
        text.push_str("\n\n");
    }
    let verdict = match proof.differences() {
        0 => "no difference".to_owned(),
        1 => "1 difference".to_owned(),
        many => format!("{many} differences"),
    };
    let disk = table::bytes(proof.disk);
    format!("{text}{verdict}; the builds took {disk} of disk, and are removed")
}

fn leg(leg: &ProvedLeg, all: bool, room: &mut usize) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut row = |name: &str, cell: String| rows.push(vec![format!("  {name}"), cell]);
    for (number, step) in leg.steps.iter().enumerate() {
        let (line, _) = step.place.line_column();
        let (mode, why) = (step.mode.as_str(), clean(&step.why));
        let title = clean(&step.title);
        let cell = format!(
            "{}, {}:{line}: {mode}, {why}",
            cut_end(&title, WIDE),
            step.place.source.path()
        );
        row(if number == 0 { "steps" } else { "" }, cell);
    }
    if leg.uses_tools() == Some(false) {
        let words = "no step was made by native tools, so nothing of them is proven";
        row("", words.to_owned());
    }
    let seconds = |time: std::time::Duration| format!("{:.1} s", time.as_secs_f64());
    let [first, second] = leg.times.emulated.map(seconds);
    let tools = seconds(leg.times.tools);
    row(
        "time",
        format!("{tools} with native tools, {first} and {second} emulated"),
    );
    let (same, compared) = (leg.same_layers, leg.compared_layers);
    row(
        "layers",
        format!("{same} the same to the byte, {compared} compared"),
    );
    row("entries", leg.entries.to_string());
    row("by chance", leg.by_chance.len().to_string());
    let excused = leg.excused.iter();
    let excused: Vec<String> = excused
        .map(|(id, found)| format!("{id} {}", found.len()))
        .collect();
    if !excused.is_empty() {
        row("excused", excused.join(", "));
    }
    row("differences", leg.differences.len().to_string());
    let head = format!(
        "{} on {}, built by {}",
        leg.image, leg.platform, leg.builder
    );
    let mut lines = vec![head, table::render(&rows)];
    let shown = leg.differences.len().min(*room);
    *room -= shown;
    lines.extend(leg.differences.iter().take(shown).map(found));
    if shown < leg.differences.len() {
        let hidden = leg.differences.len() - shown;
        lines.push(format!("    {hidden} more; --all shows them"));
    }
    if all {
        for (id, excused) in &leg.excused {
            lines.push(format!("  excused, {id}"));
            lines.extend(excused.iter().map(found));
        }
        if !leg.by_chance.is_empty() {
            lines.push("  by chance".to_owned());
            lines.extend(leg.by_chance.iter().map(found));
        }
    }
    lines.join("\n")
}

fn found(found: &Found) -> String {
    let layer = found.layer.map(|number| format!("layer {number}"));
    let made_by = found.made_by.as_ref().map(|it| clean(it));
    let made_by = made_by.map(|it| cut_end(&it, WIDE).into_owned());
    let of: Vec<String> = layer.into_iter().chain(made_by).collect();
    let of = match &of[..] {
        [] => String::new(),
        of => format!(" ({})", of.join(", ")),
    };
    let path = clean(found.path.as_deref().unwrap_or("the image"));
    let cut = |text: &str| cut_end(&clean(text), WIDE).into_owned();
    let (tools, emulated) = (cut(&found.tools), cut(&found.emulated));
    let what = found.what;
    format!("    {path}{of}: {what}: {tools} with native tools, {emulated} emulated")
}

/// The same for programs, with all that was found.
pub(in crate::cli) fn json(proof: &Proof) -> String {
    let legs: Vec<Value> = proof.legs.iter().map(json_leg).collect();
    let document = json!({
        "version": VERSION,
        "state": if proof.differences() == 0 { "equal" } else { "different" },
        "differences": proof.differences(),
        "disk": proof.disk,
        "images": legs,
    });
    format!("{document:#}")
}

fn json_leg(leg: &ProvedLeg) -> Value {
    let steps = leg.steps.iter().map(|step| {
        json!({
            "title": step.title,
            "file": step.place.source.path(),
            "line": step.place.line_column().0,
            "mode": step.mode.as_str(),
            "why": step.why,
        })
    });
    let excused = leg.excused.iter();
    let excused: serde_json::Map<String, Value> = excused
        .map(|(id, all)| ((*id).to_owned(), json_all(all)))
        .collect();
    json!({
        "image": leg.image,
        "platform": leg.platform.to_string(),
        "builder": leg.builder,
        "steps": steps.collect::<Vec<Value>>(),
        "seconds": {
            "tools": leg.times.tools.as_secs_f64(),
            "emulated": leg.times.emulated.map(|time| time.as_secs_f64()),
        },
        "layers": {"same": leg.same_layers, "compared": leg.compared_layers},
        "entries": leg.entries,
        "by_chance": json_all(&leg.by_chance),
        "excused": excused,
        "differences": json_all(&leg.differences),
    })
}

fn json_all(all: &[Found]) -> Value {
    let each = all.iter().map(|found| {
        json!({
            "layer": found.layer,
            "made_by": found.made_by,
            "path": found.path,
            "what": found.what,
            "tools": found.tools,
            "emulated": found.emulated,
        })
    });
    each.collect()
}

/// A proof of which a build failed.
pub(in crate::cli) fn json_failed(words: &str, report: &BuildReport) -> String {
    let images: Vec<Value> = report.images.iter().map(super::json::image).collect();
    let document = json!({
        "version": VERSION,
        "state": "failed",
        "images": [],
        "error": words,
        "build": images,
    });
    format!("{document:#}")
}

/// A proof that did not begin, or could not be ended.
pub(in crate::cli) fn json_error(error: &OpError) -> String {
    let findings: Vec<Value> = match error {
        OpError::Invalid(all) | OpError::Refused(all) => {
            all.sorted().into_iter().map(super::json::finding).collect()
        }
        _ => Vec::new(),
    };
    let document = json!({
        "version": VERSION,
        "state": "failed",
        "images": [],
        "error": masked(&with_causes(error)),
        "next": error.next_step().map(|next| masked(&next)),
        "findings": findings,
    });
    format!("{document:#}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use serde_json::Value;

    use super::{json, text};
    use crate::oci::Platform;
    use crate::ops::prove::{Found, Proof, ProvedLeg, Times};

    fn found(path: &str) -> Found {
        Found {
            layer: Some(2),
            made_by: Some("run echo\u{1b}[2J größe".to_owned()),
            path: Some(path.to_owned()),
            what: "mode",
            tools: "0600".to_owned(),
            emulated: "0644".to_owned(),
        }
    }

    fn proof(differences: usize) -> Proof {
        let leg = ProvedLeg {
            image: "team/app:1".to_owned(),
            platform: Platform::LINUX_ARM64,
            builder: "default".to_owned(),
            steps: Vec::new(),
            times: Times {
                tools: Duration::from_millis(12_340),
                emulated: [Duration::from_secs(108), Duration::from_secs(107)],
            },
            same_layers: 1,
            compared_layers: 2,
            entries: 12_668,
            by_chance: vec![found("/etc/machine-id")],
            excused: BTreeMap::from([("record", vec![found("/x.dist-info/RECORD")])]),
            differences: (0..differences)
                .map(|it| found(&format!("/größe/{it}")))
                .collect(),
        };
        let second = ProvedLeg {
            platform: Platform::LINUX_AMD64,
            ..leg.clone()
        };
        Proof {
            legs: vec![leg, second],
            disk: 312_400_000,
        }
    }

    #[test]
    fn what_differs_stands_below_what_was_compared() {
        let shown = text(&proof(1), false);
        let expected = "\
team/app:1 on linux/arm64, built by default
  time         12.3 s with native tools, 108.0 s and 107.0 s emulated
  layers       1 the same to the byte, 2 compared
  entries      12668
  by chance    1
  excused      record 1
  differences  1
    /größe/0 (layer 2, run echo größe): mode: 0600 with native tools, 0644 emulated

team/app:1 on linux/amd64";
        assert!(shown.starts_with(expected), "{shown}");
        let verdict = "\n\n2 differences; the builds took 312.4 MB of disk, and are removed";
        assert!(shown.ends_with(verdict), "{shown}");
        assert!(text(&proof(0), false).contains("\nno difference; "));
    }

    #[test]
    fn forty_are_shown_of_all_images_and_the_rest_is_counted() {
        let shown = text(&proof(30), false);
        assert_eq!(shown.matches(": mode: ").count(), 40);
        assert_eq!(shown.matches("    20 more; --all shows them").count(), 1);
        let all = text(&proof(30), true);
        // Each leg has one by chance and one excused as well.
        assert_eq!(all.matches(": mode: ").count(), 64);
        assert!(
            all.contains("\n  excused, record\n    /x.dist-info/RECORD (layer 2"),
            "{all}"
        );
        assert!(
            all.contains("\n  by chance\n    /etc/machine-id (layer 2"),
            "{all}"
        );
    }

    #[test]
    fn programs_get_everything() {
        let document: Value = serde_json::from_str(&json(&proof(50))).unwrap();
        assert_eq!(document["version"], 1);
        assert_eq!(
            (&document["state"], &document["differences"]),
            (&"different".into(), &100.into())
        );
        let leg = &document["images"][0];
        assert_eq!(leg["differences"].as_array().unwrap().len(), 50);
        assert_eq!(leg["differences"][0]["path"], "/größe/0");
        assert_eq!(leg["excused"]["record"][0]["layer"], 2);
        assert_eq!(leg["layers"]["compared"], 2);
        let document: Value = serde_json::from_str(&json(&proof(0))).unwrap();
        assert_eq!(document["state"], "equal");
    }
}
