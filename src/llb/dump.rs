//! A definition as text that people and snapshots can read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use prost::Message;

use super::definition::Definition;
use crate::proto::pb::{self, file_action, op};

/// The longest file content that is shown, in bytes.
const SHOWN: usize = 400;

/// One paragraph per op, numbered in order; inputs are named by number, so that the text does not
/// change wholesale when an early op does.
pub fn dump(definition: &Definition) -> String {
    let mut text = String::new();
    let mut numbers = BTreeMap::new();
    for (number, bytes) in definition.ops().iter().enumerate() {
        let digest = crate::oci::Digest::sha256_of(bytes).to_string();
        let Ok(op) = pb::Op::decode(bytes.as_slice()) else {
            continue;
        };
        let platform = op.platform.as_ref().map_or_else(String::new, |platform| {
            format!(" [{}/{}]", platform.os, platform.architecture)
        });
        let name = definition.name_of(&digest).unwrap_or_default();
        let inputs: Vec<String> = op
            .inputs
            .iter()
            .map(|input| match numbers.get(&input.digest) {
                Some(number) => format!("#{number}"),
                None => input.digest.clone(),
            })
            .collect();
        let from = if inputs.is_empty() {
            String::new()
        } else {
            format!(" ← {}", inputs.join(" "))
        };
        let _ = writeln!(text, "#{number}{platform}{from}  {name}");
        describe(&mut text, op.op.as_ref(), &inputs);
        numbers.insert(digest, number);
    }
    text
}

fn describe(text: &mut String, op: Option<&op::Op>, inputs: &[String]) {
    match op {
        None => text.push_str("  result\n"),
        Some(op::Op::Source(source)) => {
            let _ = writeln!(text, "  source {}", source.identifier);
            for (key, value) in &source.attrs {
                let _ = writeln!(text, "    {key} = {value}");
            }
        }
        Some(op::Op::Exec(exec)) => describe_exec(text, exec),
        Some(op::Op::File(file)) => {
            for action in &file.actions {
                describe_action(text, action, inputs);
            }
        }
        Some(op::Op::Merge(merge)) => {
            let _ = writeln!(text, "  merge of {}", merge.inputs.len());
        }
        Some(op::Op::Diff(_)) => text.push_str("  diff\n"),
    }
}

fn describe_exec(text: &mut String, exec: &pb::ExecOp) {
    let meta = exec.meta.clone().unwrap_or_default();
    let _ = writeln!(text, "  exec {:?}", meta.args);
    let _ = writeln!(text, "    cwd {}", meta.cwd);
    if !meta.user.is_empty() {
        let _ = writeln!(text, "    user {}", meta.user);
    }
    for variable in &meta.env {
        let _ = writeln!(text, "    env {variable}");
    }
    if exec.network != 0 {
        let _ = writeln!(text, "    network {:?}", exec.network());
    }
    for mount in &exec.mounts {
        let kind = format!("{:?}", mount.mount_type()).to_lowercase();
        let mut more = String::new();
        if let Some(cache) = &mount.cache {
            let _ = write!(more, " id={} {:?}", cache.id, cache.sharing());
        }
        if let Some(secret) = &mount.secret {
            let _ = write!(more, " id={} mode={:o}", secret.id, secret.mode);
            more.push_str(if secret.optional { " optional" } else { "" });
        }
        if !mount.selector.is_empty() {
            let _ = write!(more, " from {}", mount.selector);
        }
        if mount.readonly {
            more.push_str(" ro");
        }
        let _ = writeln!(
            text,
            "    mount {} {kind} {}→{}{more}",
            mount.dest, mount.input, mount.output
        );
    }
    for secret in &exec.secret_env {
        let optional = if secret.optional { " optional" } else { "" };
        let _ = writeln!(
            text,
            "    secret env {} id={}{optional}",
            secret.name, secret.id
        );
    }
}

fn describe_action(text: &mut String, action: &pb::FileAction, inputs: &[String]) {
    let mut line = match &action.action {
        Some(file_action::Action::Copy(copy)) => {
            let from = usize::try_from(action.secondary_input).ok();
            let from = from
                .and_then(|at| inputs.get(at))
                .map_or("?", String::as_str);
            let mut line = format!("copy {from} {} → {}", copy.src, copy.dest);
            for (word, set) in [
                ("contents", copy.dir_copy_contents),
                ("wildcard", copy.allow_wildcard),
                ("unpack", copy.attempt_unpack),
            ] {
                if set {
                    let _ = write!(line, " {word}");
                }
            }
            for (word, patterns) in [
                ("include", &copy.include_patterns),
                ("exclude", &copy.exclude_patterns),
            ] {
                if !patterns.is_empty() {
                    let _ = write!(line, " {word}={patterns:?}");
                }
            }
            if copy.mode >= 0 {
                let _ = write!(line, " mode={:o}", copy.mode);
            }
            if !copy.mode_str.is_empty() {
                let _ = write!(line, " mode={}", copy.mode_str);
            }
            line
        }
        Some(file_action::Action::Mkfile(file)) => {
            let content = match std::str::from_utf8(&file.data) {
                Ok(text) if text.len() <= SHOWN => format!("{text:?}"),
                _ => format!("{} bytes", file.data.len()),
            };
            format!("mkfile {} mode={:o} {content}", file.path, file.mode)
        }
        Some(file_action::Action::Mkdir(dir)) => format!("mkdir {} mode={:o}", dir.path, dir.mode),
        Some(file_action::Action::Rm(rm)) => {
            let mut line = format!("rm {}", rm.path);
            line.push_str(if rm.allow_wildcard { " wildcard" } else { "" });
            line.push_str(if rm.allow_not_found {
                " or nothing"
            } else {
                ""
            });
            line
        }
        Some(file_action::Action::Symlink(link)) => {
            format!("symlink {} → {}", link.newpath, link.oldpath)
        }
        None => "nothing".to_owned(),
    };
    line.push_str(&owner_of(action.action.as_ref()));
    let _ = writeln!(text, "  {line}");
}

/// The owner that an action gives, as ` owner=USER:GROUP`.
fn owner_of(action: Option<&file_action::Action>) -> String {
    let owner = match action {
        Some(file_action::Action::Copy(copy)) => &copy.owner,
        Some(file_action::Action::Mkfile(file)) => &file.owner,
        Some(file_action::Action::Mkdir(dir)) => &dir.owner,
        Some(file_action::Action::Symlink(link)) => &link.owner,
        Some(file_action::Action::Rm(_)) | None => &None,
    };
    let Some(owner) = owner else {
        return String::new();
    };
    let words = |who: &Option<pb::UserOpt>| match who.as_ref().and_then(|who| who.user.as_ref()) {
        Some(pb::user_opt::User::ByName(name)) => name.name.clone(),
        Some(pb::user_opt::User::ById(id)) => id.to_string(),
        None => "-".to_owned(),
    };
    format!(" owner={}:{}", words(&owner.user), words(&owner.group))
}
