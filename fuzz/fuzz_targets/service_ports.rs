//! Service ports: the reading is that of the agent, told a second time without the pattern, and what is read is
//! read again from what is written.
#![no_main]

mod kernel;

use std::collections::BTreeSet;

use kernel::{errors, look};
use kiln::kernel::{RESERVED_PORTS, ServicePort, parse_ports};
use libfuzzer_sys::fuzz_target;

/// Whether the agent of a release takes a label.
fn is_taken(text: &str, protocols: &[&str]) -> bool {
    let mut used = BTreeSet::new();
    let mut rest = text;
    while !rest.is_empty() {
        let Some((name, behind)) = rest.split_once(':') else {
            return false;
        };
        let Some((protocol, behind)) = behind.split_once(':') else {
            return false;
        };
        let (ports, behind) = match behind.strip_prefix('[') {
            Some(behind) => match behind.split_once(']') {
                Some(parts) => parts,
                None => return false,
            },
            None => {
                let end = behind.find(',').unwrap_or(behind.len());
                if behind[..end].is_empty() {
                    return false;
                }
                behind.split_at(end)
            }
        };
        rest = match behind.strip_prefix(',') {
            Some(rest) => rest,
            None if behind.is_empty() => "",
            None => return false,
        };
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let is_name = |c: char| is_word(c) || c == '-';
        if name.is_empty() || !name.chars().all(is_name) || !protocol.chars().all(is_word) {
            return false;
        }
        let is_digits = |text: &str| !text.is_empty() && text.chars().all(char::is_numeric);
        if !ports.split(',').all(is_digits) {
            return false;
        }
        if protocol == "pty" {
            continue;
        }
        if !protocols.contains(&protocol) {
            return false;
        }
        for port in ports.split(',') {
            // Digits of other scripts are refused on purpose.
            let port = port.trim_start_matches('0').parse::<u16>().unwrap_or(0);
            let fits = port > 1024 && port < 65535 && !RESERVED_PORTS.contains(&port);
            if !fits || !used.insert(port) {
                return false;
            }
        }
    }
    true
}

/// Letters and numbers as the two readings take them for the same: combining marks that count as letters, and
/// numbers that are no digits, are told apart by nobody who writes a label.
fn is_plain(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii() || ('가'..='힣').contains(&c) || ('０'..='９').contains(&c))
}

fn written(services: &[ServicePort]) -> String {
    let all: Vec<String> = services.iter().map(ToString::to_string).collect();
    all.join(",")
}

fuzz_target!(|text: &str| {
    let (services, faults) = parse_ports(text);
    assert!(faults.len() <= 16);
    look(&faults, text);
    if is_plain(text) {
        let old = is_taken(text, &["tcp", "http", "preopen"]);
        let new = is_taken(text, &["tcp", "http", "preopen", "vnc", "rdp"]);
        for (release, taken) in [("23.09", old), ("24.03", old), ("26.8", new)] {
            assert_eq!(errors(&faults, release).is_empty(), taken, "`{text}` in {release}");
        }
    }
    if errors(&faults, "26.8").is_empty() && services.iter().all(|one| !one.ports.is_empty()) {
        let again = parse_ports(&written(&services));
        assert_eq!(services, again.0, "`{text}`");
        assert_eq!(faults, again.1, "`{text}`");
    }
});
