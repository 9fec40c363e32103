//! `dockerfile`, which stands instead of a base and of everything that is made on it.

use std::collections::BTreeSet;

use super::body::{base, entries};
use super::fields::{Fields, Keys};
use super::program::each;
use super::reader::{Pass, Reader, Text, is_conditional, scalar_text};
use super::scalars;
use crate::diagnostic::Finding;
use crate::recipe::image::Base;
use crate::recipe::{Dockerfile, name_in_file};
use crate::text::Spanned;
use crate::yaml::Node;

const DOCKERFILE: Keys = Keys {
    of: "`dockerfile`",
    known: &[
        "file",
        "context",
        "target",
        "args",
        "base_args",
        "contexts",
        "secrets",
        "ssh",
    ],
    later: &[],
};
const SECRET: Keys = Keys {
    of: "a secret of a Dockerfile",
    known: &["id", "required"],
    later: &[],
};

/// The keys that say what a Dockerfile says.
const INSTEAD: [&str; 7] = ["base", "stages", "steps", "env", "workdir", "user", "shell"];

/// The name of the file where none is written.
const DEFAULT_FILE: &str = "Dockerfile";

/// What the builder tells a Dockerfile itself; another value would be a lie about the platform, or give an
/// answer of another form.
const OF_THE_BUILDER: [&str; 9] = [
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
    "BUILDVARIANT",
    "BUILDKIT_MULTI_PLATFORM",
];

/// How contexts are written for buildx, and how they are written here.
const OTHER_TOOLS: [(&str, &str); 3] = [
    ("docker-image://", "write the image alone, `debian:12`"),
    ("oci-layout://", "write `{oci: \"folder:tag\"}`"),
    ("target:", "write `{recipe: NAME}`"),
];

/// Reads what an image begins with: its `base` or its `dockerfile`.
pub(super) fn beginning(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Spanned<Base>> {
    let Some(node) = fields.get("dockerfile") else {
        if fields.is_misspelt("dockerfile") {
            return None;
        }
        let node = fields.require(reader, "base")?;
        return base(reader, node);
    };
    beside(reader, fields, is_conditional(node));
    // In the check pass both may stand, each under its condition.
    let other = fields.get("base").and_then(|node| base(reader, node));
    let place = fields
        .key("dockerfile")
        .map_or(&node.place, |key| &key.place);
    let own = reader.one(node, dockerfile);
    own.map(|own| Spanned::new(own, place.clone())).or(other)
}

/// Reports what stands beside a Dockerfile and may not.
fn beside(reader: &mut Reader<'_>, fields: &Fields<'_>, conditional: bool) {
    for key in INSTEAD {
        let Some((name, value)) = fields.key(key).zip(fields.get(key)) else {
            continue;
        };
        // Which of two conditions holds is seen in the other pass.
        if matches!(reader.pass, Pass::Check(_)) && (conditional || is_conditional(value)) {
            continue;
        }
        let message = format!("`{key}` cannot stand beside `dockerfile`");
        let help = match key {
            "base" => "the Dockerfile has its own `FROM`; `base_args` or `contexts` replace it",
            _ => "say it in the Dockerfile, or in a recipe that begins with this one",
        };
        let finding = Finding::error(&name.place, message).with_help(help);
        reader.findings.push(finding);
    }
}

fn dockerfile(reader: &mut Reader<'_>, node: &Node) -> Option<Base> {
    let fields = Fields::read(reader, node, DOCKERFILE)?;
    let folder = node.place.source.folder();
    let context = match fields.get("context") {
        Some(node) => {
            let text = reader.text(node);
            text.and_then(|text| context(reader, text))
        }
        None => Some(Spanned::new(folder.to_owned(), node.place.clone())),
    };
    let file = match fields.get("file") {
        Some(node) => {
            let text = reader.text(node).filter(|text| !text.opaque);
            text.and_then(|text| reader.workspace_path(text))
        }
        // As in docker: where nothing is said, it lies in the context.
        None => context.clone().map(|folder| {
            folder.map(|folder| match folder.as_str() {
                "" => DEFAULT_FILE.to_owned(),
                folder => format!("{folder}/{DEFAULT_FILE}"),
            })
        }),
    };
    let target = fields.get("target").and_then(|node| reader.text(node));
    let target = target.and_then(|text| {
        reader.convert(text, |name| match name {
            "" => Err("`target` names no stage".to_owned()),
            name => Ok(name.to_owned()),
        })
    });
    let args = args(reader, &fields);
    let base_args = base_args(reader, &fields, &args);
    let contexts = contexts(reader, &fields);
    let secrets = each(reader, fields.get("secrets"), "secrets", secret);
    let ssh = fields.list(reader, "ssh").into_iter();
    let all = Dockerfile {
        target,
        args,
        base_args,
        contexts,
        secrets,
        ssh: ssh.map(|id| id.value).collect(),
        file: file?,
        context: context?,
    };
    Some(Base::Dockerfile(Box::new(all)))
}

/// The folder that is sent, without a slash at its end.
fn context(reader: &mut Reader<'_>, text: Text) -> Option<Spanned<String>> {
    let source = text.place.source.clone();
    reader.convert(text, |written| {
        if written.contains("://") || written.starts_with("git@") {
            return Err(format!(
                "`{written}` is no folder of the workspace; remote contexts are not taken, since nothing pins them"
            ));
        }
        let path = scalars::workspace_path(source.folder(), written)?;
        Ok(path.trim_end_matches('/').to_owned())
    })
}

fn args(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(Spanned<String>, String)> {
    let mut all = Vec::new();
    for (name, value) in named(reader, fields, "args") {
        if OF_THE_BUILDER.contains(&name.value.as_str()) {
            let message = format!("the builder sets {} itself, per platform", name.value);
            reader.error(&name.place, message);
        }
        if let Some(text) = reader.text(value) {
            all.push((name.clone(), text.value));
        }
    }
    all
}

fn base_args(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    args: &[(Spanned<String>, String)],
) -> Vec<(Spanned<String>, Spanned<Base>)> {
    let mut all = Vec::new();
    for (name, value) in named(reader, fields, "base_args") {
        if args.iter().any(|(other, _)| other.value == name.value) {
            let message = format!("{} is set in `args` and in `base_args`", name.value);
            reader.error(&name.place, message);
        }
        if let Some(base) = given(reader, value) {
            all.push((name.clone(), base));
        }
    }
    all
}

fn contexts(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<(Spanned<String>, Spanned<Base>)> {
    let mut all: Vec<(Spanned<String>, Spanned<Base>)> = Vec::new();
    let mut seen = BTreeSet::new();
    for (name, value) in named(reader, fields, "contexts") {
        let compared = match name.value.as_str() {
            "scratch" | "context" => Err(format!(
                "`{}` has a meaning of its own in a Dockerfile and cannot be replaced",
                name.value
            )),
            written => name_in_file(written),
        };
        let given = given(reader, value);
        match compared {
            Err(message) => reader.error(&name.place, message),
            Ok(compared) if !seen.insert(compared.clone()) => {
                reader.error(&name.place, format!("`{compared}` is replaced twice"));
            }
            Ok(compared) => {
                let name = Spanned::new(compared, name.place.clone());
                all.extend(given.map(|base| (name, base)));
            }
        }
    }
    all
}

/// The entries of a map whose keys are names in the Dockerfile. One whose condition yields nothing is absent.
fn named<'n>(
    reader: &mut Reader<'_>,
    fields: &Fields<'n>,
    key: &str,
) -> Vec<(&'n Spanned<String>, &'n Node)> {
    let Some(node) = fields.get(key) else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in entries(reader, node, key) {
        if name.value.contains("${{") {
            let message = "expressions stand in values, not in keys";
            reader.error(&name.place, message);
        } else if name.value.is_empty() || name.value.contains(['=', ' ', '\n']) {
            let message = format!("`{}` is no name in a Dockerfile", name.value);
            reader.error(&name.place, message);
        } else {
            all.push((name, value));
        }
    }
    all
}

/// An image that a Dockerfile is given.
fn given(reader: &mut Reader<'_>, node: &Node) -> Option<Spanned<Base>> {
    for branch in reader.branches(node) {
        let text = scalar_text(branch).unwrap_or_default();
        let other = OTHER_TOOLS.iter().find(|(how, _)| text.starts_with(how));
        let path = ["./", "../", "/"].iter().any(|how| text.starts_with(how));
        let (message, help) = match other {
            Some((how, help)) => (format!("an image is not written with `{how}` here"), *help),
            None if path || text == "." => (
                format!("`{text}` is a folder; a Dockerfile is given images"),
                "what it copies lies in `context`; choose one that has all of it",
            ),
            None => continue,
        };
        let finding = Finding::error(&branch.place, message).with_help(help);
        reader.findings.push(finding);
        return None;
    }
    let found = base(reader, node)?;
    let (what, help) = match &found.value {
        Base::Stage(_) => (
            "a stage of this recipe",
            "a recipe with a Dockerfile has no stages; make it a recipe and write `{recipe: NAME}`",
        ),
        Base::Rootfs(_) => (
            "a tarball of a root filesystem",
            "make a recipe with this `base`, and write `{recipe: NAME}`",
        ),
        _ => return Some(found),
    };
    let message = format!("{what} is no image that a Dockerfile can begin with");
    reader
        .findings
        .push(Finding::error(&found.place, message).with_help(help));
    None
}

fn secret(reader: &mut Reader<'_>, node: &Node) -> Option<(String, bool)> {
    let fields = Fields::read(reader, node, SECRET)?;
    let id = fields
        .require(reader, "id")
        .and_then(|node| reader.text(node));
    let required = fields.flag(reader, "required", true);
    Some((id?.value, required))
}
