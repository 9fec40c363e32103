//! The story of an image, for people and for programs.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{VERSION, reason};
use super::modes;
use super::outdated::grouped;
use super::table::short;
use super::words::clean;
use crate::oci::Digest;
use crate::ops::{Why, WhyLeg};

type Digests = BTreeMap<String, (Option<Digest>, Option<Digest>)>;

/// The stories, one below the other.
pub(in crate::cli) fn text(images: &[Why]) -> String {
    let stories: Vec<String> = images.iter().map(story).collect();
    stories.join("\n\n")
}

fn story(image: &Why) -> String {
    let mut text = format!("{}: {}", clean(&image.image), image.state.as_str());
    let mut line = |words: String| {
        text.push('\n');
        text.push_str(&words);
    };
    for (platforms, why) in grouped(&image.reasons) {
        let named: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        let named = if named.is_empty() {
            String::new()
        } else {
            format!("{}: ", named.join(", "))
        };
        line(format!("  because  {named}{why}"));
    }
    for reference in &image.references {
        line(format!("  tag      {reference}"));
    }
    if let Some(index) = &image.index {
        line(format!("  index    {index}"));
    }
    match &image.record {
        Some(record) => {
            let revision = record.revision.as_ref();
            let revision = revision.map(|it| format!(", from {}", clean(it)));
            line(format!(
                "  record   {}, by kiln {}{}",
                record.id,
                clean(&record.kiln),
                revision.unwrap_or_default()
            ));
        }
        None if image.index.is_some() => {
            line("  record   none on this machine".to_owned());
        }
        None => {}
    }
    for (parent, state) in &image.parents {
        line(format!("  parent   {}: {}", clean(parent), state.as_str()));
    }
    for (platform, one) in &image.platforms {
        let state = if one.is_current {
            "current"
        } else {
            "not current"
        };
        line(format!("  {platform}: {state}"));
        for words in leg(one) {
            line(format!("    {words}"));
        }
    }
    text
}

fn leg(leg: &WhyLeg) -> Vec<String> {
    let mut all = Vec::new();
    let unknown = |text: &Option<String>, otherwise: &str| {
        text.as_deref().map_or_else(|| otherwise.to_owned(), clean)
    };
    all.push(format!(
        "published  {}",
        unknown(&leg.published_key, "no key")
    ));
    all.push(format!(
        "now        {}",
        unknown(&leg.key, "not known before what it is made of")
    ));
    if let Some(manifest) = &leg.manifest {
        all.push(format!("manifest   {manifest}"));
    }
    if let Some(made) = &leg.made {
        let emulated = if made.emulated { ", emulated" } else { "" };
        all.push(format!(
            "built      {} by {}{emulated}",
            made.finished,
            clean(&made.builder)
        ));
    }
    all.extend(digests("base", &leg.bases));
    all.extend(digests("file", &leg.files));
    if leg.locked > 0 {
        all.push(format!("locked     {} facts", leg.locked));
    }
    if let Some(period) = &leg.period {
        all.push(format!("period     {}", clean(period)));
    }
    all.push(format!("steps      {}", leg.steps));
    all.extend(leg.modes.iter().flat_map(modes::lines));
    all
}

fn digests(what: &str, all: &Digests) -> Vec<String> {
    let word = |digest: &Option<Digest>| match digest {
        Some(digest) => short(digest.as_str()),
        None => "–".to_owned(),
    };
    let lines = all.iter().map(|(name, (then, now))| {
        let digests = if then == now {
            word(now)
        } else {
            format!("{} → {}", word(then), word(now))
        };
        format!("{what:<11}{}  {digests}", clean(name))
    });
    lines.collect()
}

/// The same for programs.
pub(in crate::cli) fn json(images: &[Why]) -> String {
    let images: Vec<Value> = images.iter().map(image).collect();
    format!("{:#}", json!({"version": VERSION, "images": images}))
}

fn image(image: &Why) -> Value {
    let parents = image.parents.iter();
    let parents: BTreeMap<&String, &str> = parents
        .map(|(name, state)| (name, state.as_str()))
        .collect();
    let record = image
        .record
        .as_ref()
        .map(|record| json!({"id": record.id, "kiln": record.kiln, "revision": record.revision}));
    let platforms = image.platforms.iter();
    let platforms: BTreeMap<String, Value> = platforms
        .map(|(platform, leg)| (platform.to_string(), leg_value(leg)))
        .collect();
    json!({
        "name": image.name,
        "variant": image.variant,
        "image": image.image,
        "references": image.references,
        "state": image.state.as_str(),
        "reasons": image.reasons.iter().map(reason).collect::<Vec<Value>>(),
        "index": image.index.as_ref().map(Digest::as_str),
        "parents": parents,
        "record": record,
        "platforms": platforms,
    })
}

fn leg_value(leg: &WhyLeg) -> Value {
    let pairs = |all: &Digests| {
        let pair = |(then, now): &(Option<Digest>, Option<Digest>)| {
            let text = |digest: &Option<Digest>| digest.as_ref().map(ToString::to_string);
            json!({"published": text(then), "now": text(now)})
        };
        let all = all.iter().map(|(name, both)| (name.clone(), pair(both)));
        all.collect::<BTreeMap<String, Value>>()
    };
    let made = leg.made.as_ref().map(|made| {
        json!({
            "builder": made.builder,
            "emulated": made.emulated,
            "steps": made.steps,
            "finished": made.finished,
        })
    });
    json!({
        "current": leg.is_current,
        "manifest": leg.manifest.as_ref().map(Digest::as_str),
        "key": {"published": leg.published_key, "now": leg.key},
        "bases": pairs(&leg.bases),
        "files": pairs(&leg.files),
        "locked": leg.locked,
        "period": leg.period,
        "steps": leg.steps,
        "builder": modes::builder_value(leg.modes.as_ref()),
        "modes": modes::steps_value(leg.modes.as_ref()),
        "built": made,
    })
}
