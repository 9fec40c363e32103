//! The keys that say how containers of the image are started.

use super::body::text_map;
use super::fields::{Fields, Keys};
use super::reader::{Reader, scalar_text};
use super::scalars;
use super::values::SHELL;
use crate::recipe::image::{Healthcheck, Runtime};
use crate::yaml::{Node, NodeKind};

const HEALTHCHECK: Keys = Keys {
    of: "`healthcheck`",
    known: &[
        "test",
        "interval",
        "timeout",
        "start_period",
        "start_interval",
        "retries",
    ],
    later: &[],
};

/// Reads the service definition and configuration keys.
pub(super) fn runtime(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Runtime {
    let mut words = |key: &str| -> Option<Vec<String>> {
        let items = reader.list(fields.get(key)?)?;
        Some(items.into_iter().map(|item| item.value).collect())
    };
    let (entrypoint, cmd) = (words("entrypoint"), words("cmd"));
    let volumes = words("volumes").unwrap_or_default();
    let mut expose = Vec::new();
    for text in fields
        .get("expose")
        .and_then(|node| reader.list(node))
        .unwrap_or_default()
    {
        // A range is short and its ports are many.
        if let Some(ports) = reader.convert(text, scalars::ports)
            && reader.charge(&ports.place, ports.value.len())
        {
            expose.extend(ports.value);
        }
    }
    let user = fields.get("user").and_then(|node| reader.text(node));
    let stop_signal = fields.get("stop_signal").and_then(|node| reader.text(node));
    Runtime {
        user: user
            .and_then(|text| reader.convert(text, scalars::user))
            .map(|u| u.value),
        entrypoint,
        cmd,
        expose,
        volumes,
        stop_signal: stop_signal
            .and_then(|text| reader.convert(text, signal))
            .map(|s| s.value),
        healthcheck: fields
            .get("healthcheck")
            .and_then(|node| healthcheck(reader, node)),
        labels: text_map(reader, fields, "labels"),
        annotations: text_map(reader, fields, "annotations"),
    }
}

fn signal(text: &str) -> Result<String, String> {
    let is_name = text.strip_prefix("SIG").is_some_and(|rest| {
        rest.chars()
            .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '+' || c == '-')
    });
    let is_number = text.parse::<u8>().is_ok_and(|n| (1..=64).contains(&n));
    if is_name || is_number {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no signal; write `SIGTERM` or a number from 1 to 64"
    ))
}

fn healthcheck(reader: &mut Reader<'_>, node: &Node) -> Option<Healthcheck> {
    reader.one(node, |reader, node| {
        let fields = Fields::read(reader, node, HEALTHCHECK)?;
        let test = fields
            .require(reader, "test")
            .and_then(|node| health_test(reader, node));
        let mut time = |key| {
            let text = reader.text(fields.get(key)?)?;
            reader
                .convert(text, scalars::duration)
                .map(|time| time.value)
        };
        let check = Healthcheck {
            interval: time("interval"),
            timeout: time("timeout"),
            start_period: time("start_period"),
            start_interval: time("start_interval"),
            retries: {
                let text = fields.get("retries").and_then(|node| reader.text(node));
                let parse = |text: &str| {
                    text.parse::<u16>()
                        .map(i64::from)
                        .map_err(|_| format!("`{text}` is no count; write a number such as 3"))
                };
                text.and_then(|text| reader.convert(text, parse))
                    .map(|count| count.value)
            },
            test: test?,
        };
        Some(check)
    })
}

fn health_test(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<String>> {
    // The text behind CMD-SHELL is read under the rules of shell text.
    if let NodeKind::List(items) = &node.kind
        && let [word, script] = items.as_slice()
        && scalar_text(word) == Some("CMD-SHELL")
    {
        let script = reader.text_with(script, SHELL)?;
        return Some(vec!["CMD-SHELL".into(), script.value]);
    }
    let items = reader.list(node)?;
    let fits = match items.first().map(|item| item.value.as_str()) {
        Some("NONE") => items.len() == 1,
        Some("CMD") => items.len() > 1,
        _ => items.iter().any(|item| item.opaque),
    };
    if !fits {
        let message = "a health check is `[CMD, program, …]`, `[CMD-SHELL, text]` or `[NONE]`";
        reader.error(&node.place, message);
        return None;
    }
    Some(items.into_iter().map(|item| item.value).collect())
}
