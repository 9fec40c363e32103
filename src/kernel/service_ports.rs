//! The service ports of an image: `NAME:PROTOCOL:PORT`, or `[PORT,PORT]`, joined by commas.
//!
//! The platform reads the label twice. The manager has it split at commas and drops, without a word, every
//! piece that is not whole by itself, so it sees no service with several ports. The agent reads it from left
//! to right and fails the session at the first thing that does not fit. What counts here is the agent's
//! reading, and what the manager misses of it is said where it matters.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use regex::Regex;

use super::fault::{Fault, Rule};
use super::release::Range;

/// Ports of the platform's own.
pub const RESERVED_PORTS: [u16; 6] = [2000, 2001, 2002, 2003, 2200, 7681];

/// Services that every session has, and their ports.
const INTRINSIC: [(&str, u16); 2] = [("sshd", 2200), ("ttyd", 7681)];

/// One service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub protocol: Protocol,
    /// Its ports, at least one.
    pub ports: Vec<u16>,
}

/// How a service is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// Any protocol over TCP.
    Tcp,
    /// HTTP.
    Http,
    /// Opened by the image itself before a session is ready.
    Preopen,
    /// A remote desktop.
    Vnc,
    /// A remote desktop.
    Rdp,
    /// Read, and passed over by every release.
    Pty,
}

impl Protocol {
    const NAMED: [(&str, Self); 6] = [
        ("tcp", Self::Tcp),
        ("http", Self::Http),
        ("preopen", Self::Preopen),
        ("vnc", Self::Vnc),
        ("rdp", Self::Rdp),
        ("pty", Self::Pty),
    ];

    /// The word in the label.
    pub fn as_str(self) -> &'static str {
        let found = Self::NAMED.iter().find(|(_, protocol)| *protocol == self);
        found.map_or("", |(word, _)| word)
    }

    /// What is wrong with it where some releases do not know it.
    pub fn fault(self) -> Option<Fault> {
        matches!(self, Self::Vnc | Self::Rdp).then(|| {
            let message = format!("the protocol `{}` is not known", self.as_str());
            Fault::error(Rule::ServicePort, message)
                .within(Range::before(26, 2))
                .help("write tcp, or name newer releases in kiln.yaml: kernel: {releases: […]}")
        })
    }
}

impl FromStr for Protocol {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let found = Self::NAMED.iter().find(|(word, _)| *word == text);
        found.map(|(_, protocol)| *protocol).ok_or_else(|| {
            Fault::error(
                Rule::ServicePort,
                format!("`{text}` is no protocol of a service"),
            )
            .help("write http, tcp, preopen, pty, or since 26.2 vnc or rdp")
        })
    }
}

impl fmt::Display for ServicePort {
    /// One port stands bare: in brackets the manager would not see it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.name, self.protocol.as_str())?;
        match self.ports.as_slice() {
            [port] => write!(f, "{port}"),
            ports => {
                let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", ports.join(","))
            }
        }
    }
}

impl ServicePort {
    /// Whether the manager sees it, who reads the label in pieces.
    pub fn is_seen_by_manager(&self) -> bool {
        self.ports.len() == 1 && self.protocol != Protocol::Pty
    }
}

#[expect(clippy::unwrap_used, reason = "the pattern is constant, and tested")]
static ITEM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([\p{L}\p{N}_-]+):([\p{L}\p{N}_]+):(\[\p{Nd}+(?:,\p{Nd}+)*\]|\p{Nd}+)(?:,|$)")
        .unwrap()
});

/// A service's name: letters and digits of any script, underscore, dash.
pub fn check_service_name(name: &str) -> Vec<Fault> {
    let fits = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(fits) || !ITEM.is_match(&format!("{name}:tcp:1")) {
        let message = format!("`{name}` is no name of a service");
        return vec![
            Fault::error(Rule::ServicePort, message).help("use letters, digits, `_` and `-`"),
        ];
    }
    intrinsic(name).into_iter().collect()
}

fn intrinsic(name: &str) -> Option<Fault> {
    let (_, port) = INTRINSIC.iter().find(|(own, _)| *own == name)?;
    let message = format!("every session has a service `{name}` of its own, at port {port}");
    Some(Fault::warning(Rule::ServicePort, message).help("choose another name"))
}

/// A port of a service: 1025 to 65534, and none of the platform's own.
pub fn check_port(text: &str) -> Result<u16, Fault> {
    let bad = |message: String| Fault::error(Rule::ServicePort, message);
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(bad(format!("`{text}` is no port")).help("write a number from 1025 to 65534"));
    }
    let port = text
        .parse::<u16>()
        .ok()
        .filter(|port| (1025..65535).contains(port));
    let Some(port) = port else {
        return Err(bad(format!(
            "a service port lies from 1025 to 65534, and {text} does not"
        )));
    };
    if RESERVED_PORTS.contains(&port) {
        let message = format!("port {port} is the platform's own");
        return Err(bad(message).help("2000 to 2003, 2200 and 7681 are taken; choose another"));
    }
    Ok(port)
}

/// Reads the label as the agent does. What cannot be read is left out of the services.
pub fn parse_ports(text: &str) -> (Vec<ServicePort>, Vec<Fault>) {
    let (mut services, mut faults) = (Vec::new(), Vec::new());
    let mut rest = text;
    // Behind so many errors nobody looks for more.
    while !rest.is_empty() && faults.len() < Fault::MOST {
        let Some(found) = ITEM.captures(rest) else {
            faults.push(stuck(rest));
            break;
        };
        let part = |number: usize| found.get(number).map_or("", |part| part.as_str());
        let protocol = part(2).parse::<Protocol>();
        let numbers: Vec<&str> = part(3).trim_matches(['[', ']']).split(',').collect();
        rest = &rest[part(0).len()..];
        match protocol {
            // Passed over before its ports are looked at.
            Ok(Protocol::Pty) => services.push(ServicePort {
                name: part(1).to_owned(),
                protocol: Protocol::Pty,
                ports: numbers
                    .iter()
                    .filter_map(|number| number.parse().ok())
                    .collect(),
            }),
            Ok(protocol) => {
                let ports = numbers.iter().map_while(|number| match check_port(number) {
                    Ok(port) => Some(Some(port)),
                    Err(fault) => {
                        faults.push(fault);
                        (faults.len() < Fault::MOST).then_some(None)
                    }
                });
                let ports = ports.flatten();
                let ports: Vec<u16> = ports.collect();
                if !ports.is_empty() {
                    services.push(ServicePort {
                        name: part(1).to_owned(),
                        protocol,
                        ports,
                    });
                }
            }
            Err(fault) => faults.push(fault),
        }
    }
    faults.extend(
        services
            .iter()
            .filter_map(|service| service.protocol.fault()),
    );
    faults.extend(
        services
            .iter()
            .filter_map(|service| intrinsic(&service.name)),
    );
    faults.extend(check_ports(&services).into_iter().map(|(_, fault)| fault));
    // What is left out must not be what decides: errors of every release stay, warnings go first.
    faults.sort_by_key(|fault| (fault.weight, fault.range != Range::ALL));
    faults.truncate(Fault::MOST);
    (services, faults)
}

/// Where the agent stops.
fn stuck(rest: &str) -> Fault {
    let shown: String = rest.chars().take(40).collect();
    let message = format!("the session fails at `{shown}`, which is no NAME:PROTOCOL:PORT");
    let help = if rest.starts_with(char::is_whitespace) {
        "write the services without blanks around the commas"
    } else {
        "write it like jupyter:http:8091,tensorboard:http:6006"
    };
    Fault::error(Rule::ServicePort, message).help(help)
}

/// What is wrong between services: the number of the later one, and the fault.
pub fn check_ports(services: &[ServicePort]) -> Vec<(usize, Fault)> {
    let mut faults = Vec::new();
    let mut names = BTreeSet::new();
    let mut ports: BTreeMap<u16, &str> = BTreeMap::new();
    let mut errors = 0;
    for (index, service) in services.iter().enumerate() {
        if errors >= Fault::MOST {
            break;
        }
        if service.protocol == Protocol::Pty {
            continue;
        }
        if !names.insert(&service.name) {
            let message = format!("`{}` is declared twice; the last one counts", service.name);
            faults.push((index, Fault::warning(Rule::ServicePort, message)));
        }
        for port in &service.ports {
            if let Some(first) = ports.insert(*port, &service.name) {
                let message = if first == service.name {
                    format!("port {port} stands twice in service `{first}`")
                } else {
                    format!("port {port} is that of service `{first}` already")
                };
                errors += 1;
                faults.push((index, Fault::error(Rule::ServicePort, message)));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{Protocol, parse_ports};
    use crate::kernel::Weight;

    fn errors(text: &str) -> Vec<String> {
        let (_, faults) = parse_ports(text);
        let errors = faults.iter().filter(|fault| fault.weight == Weight::Error);
        errors.map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_agent_reads_is_read_and_written_back() {
        for text in [
            "",
            "jupyter:http:8091",
            "a:tcp:1025,b:preopen:65534",
            "multi:tcp:[8080,8081],c:http:9000",
            "ipython:pty:3000",
            "한-글_1:http:8080",
        ] {
            let (services, faults) = parse_ports(text);
            assert!(faults.is_empty(), "{text}: {faults:?}");
            let written: Vec<String> = services.iter().map(ToString::to_string).collect();
            assert_eq!(written.join(","), text);
        }
        assert!(errors("a:http:8080,").is_empty());
        assert!(errors("a:pty:80,b:pty:80").is_empty());
    }

    #[test]
    fn what_one_reader_of_the_platform_stumbles_over_is_an_error() {
        for text in [
            "a:http:8080, b:http:8081",
            " a:http:8080",
            "a:http:8080,,b:http:8081",
            ",",
            "a:http",
            "a:http:8080;b:http:8081",
            "a:http:8080\n",
            "a b:http:8080",
            "a:grpc:8080",
            "a:internal:8080",
            "a:HTTP:8080",
            "a:http:1024",
            "a:http:65535",
            "a:http:99999999999999999999",
            "a:http:2000",
            "a:http:7681",
            "a:http:8080,b:tcp:8080",
            "a:http:[8080,8080]",
            "a:http:[]",
            "a:http:[8080, 8081]",
            "a:http:８０８０",
            ":http:8080",
        ] {
            assert_eq!(errors(text).len(), 1, "{text}: {:?}", errors(text));
        }
    }

    #[test]
    fn a_protocol_of_newer_releases_concerns_only_the_older_ones() {
        let (services, faults) = parse_ports("desk:vnc:5900");
        assert_eq!(services[0].protocol, Protocol::Vnc);
        assert_eq!(
            faults[0].to_string(),
            "the protocol `vnc` is not known (Backend.AI before 26.2)"
        );
    }

    #[test]
    fn names_that_are_taken_or_used_twice_are_warned_of() {
        let weights = |text: &str| -> Vec<Weight> {
            parse_ports(text)
                .1
                .iter()
                .map(|fault| fault.weight)
                .collect()
        };
        assert_eq!(weights("sshd:tcp:9000"), [Weight::Warning]);
        assert_eq!(weights("a:tcp:9000,a:tcp:9001"), [Weight::Warning]);
    }
}
