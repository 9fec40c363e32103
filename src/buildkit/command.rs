//! Addresses that are reached by a program: it runs `buildctl dial-stdio` where the daemon is, and its standard
//! input and output are the connection.
//!
//! Owns the text forms and the programs' arguments; starts nothing. No part of an address can become an option of the
//! program or a word of a shell.

use std::fmt;

use url::form_urlencoded;

/// A program that leads to a daemon.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Command {
    text: String,
    program: &'static str,
    arguments: Vec<String>,
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

const DIAL: [&str; 2] = ["buildctl", "dial-stdio"];

impl Command {
    /// The program.
    pub fn program(&self) -> &str {
        self.program
    }

    /// Its arguments.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// The command line, for messages.
    pub fn line(&self) -> String {
        format!("{} {}", self.program, self.arguments.join(" "))
    }

    /// Reads an address; nothing where the scheme is not one of ours.
    pub(super) fn parse(text: &str, scheme: &str, rest: &str) -> Option<Result<Self, String>> {
        let made = match scheme {
            "docker-container" => container("docker", rest, Some("context")),
            "podman-container" => container("podman", rest, None),
            "nerdctl-container" => container("nerdctl", rest, Some("namespace")),
            "kube-pod" => pod(rest),
            "ssh" => ssh(rest),
            _ => return None,
        };
        Some(made.map(|(program, arguments)| Self {
            text: text.to_owned(),
            program,
            arguments,
        }))
    }
}

type Made = Result<(&'static str, Vec<String>), String>;

/// `NAME[?option=value]`.
fn container(program: &'static str, rest: &str, option: Option<&'static str>) -> Made {
    let known: Vec<&str> = option.into_iter().collect();
    let (name, options) = split(rest, &known)?;
    if !is_name(name) {
        return Err(format!(
            "write {program}-container://NAME, with the name of a container"
        ));
    }
    let option = options.first();
    let flag = |(key, value): &(String, String)| format!("--{key}={value}");
    let mut arguments: Vec<String> = Vec::new();
    match program {
        // The context belongs to the program, the namespace to its command; both take it here.
        "docker" | "nerdctl" => arguments.extend(option.map(flag)),
        _ => {}
    }
    arguments.extend(["exec", "-i", name].map(str::to_owned));
    arguments.extend(DIAL.map(str::to_owned));
    Ok((program, arguments))
}

/// `POD[?context=…&namespace=…&container=…]`.
fn pod(rest: &str) -> Made {
    let known = ["context", "namespace", "container"];
    let (name, options) = split(rest, &known)?;
    let named = |key: &str| options.iter().find(|(known, _)| known == key);
    let is_object = |name: &str| {
        is_name(name)
            && name
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-' | '.'))
    };
    if !is_object(name) {
        return Err("write kube-pod://POD, with the name of a pod".to_owned());
    }
    for key in ["namespace", "container"] {
        if named(key).is_some_and(|(_, value)| !is_object(value)) {
            return Err(format!("its `{key}` can be no name in Kubernetes"));
        }
    }
    let flag = |key: &str| named(key).map(|(key, value)| format!("--{key}={value}"));
    let mut arguments: Vec<String> = flag("context").into_iter().collect();
    arguments.extend(flag("namespace"));
    arguments.push("exec".to_owned());
    arguments.extend(flag("container"));
    arguments.extend(["-i", name, "--"].map(str::to_owned));
    arguments.extend(DIAL.map(str::to_owned));
    Ok(("kubectl", arguments))
}

/// `[user@]host[:port][/socket]`.
fn ssh(rest: &str) -> Made {
    const FORM: &str = "write ssh://[USER@]HOST[:PORT][/SOCKET]";
    if rest.contains(['?', '#']) {
        return Err(format!("{FORM}, without `?` and `#`"));
    }
    let (place, socket) = match rest.find('/') {
        Some(at) => (&rest[..at], Some(&rest[at..])),
        None => (rest, None),
    };
    let (user, place) = match place.rsplit_once('@') {
        Some((user, _)) if user.contains(':') => {
            return Err(format!("{FORM}, without a password; ssh has keys"));
        }
        Some((user, place)) => (Some(user), place),
        None => (None, place),
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port != 0);
    if !is_name(host) || user.is_some_and(|user| !is_name(user)) || !port.is_none_or(is_port) {
        return Err(FORM.to_owned());
    }
    // Nobody can type into a build: without a prompt, ssh says what it lacks.
    let mut arguments: Vec<String> = ["-o", "BatchMode=yes"].map(str::to_owned).to_vec();
    for (flag, value) in [("-l", user), ("-p", port)] {
        arguments.extend(
            value
                .map(|value| [flag, value].map(str::to_owned))
                .into_iter()
                .flatten(),
        );
    }
    arguments.extend(["--", host, "buildctl"].map(str::to_owned));
    match socket {
        None | Some("/") => {}
        // The shell at the other end reads this word, so it may hold nothing that a shell reads.
        Some(path) if path.chars().all(is_plain) => {
            arguments.push("--addr".to_owned());
            arguments.push(format!("unix://{path}"));
        }
        Some(_) => return Err("its socket has a character that a shell reads".to_owned()),
    }
    arguments.push("dial-stdio".to_owned());
    Ok(("ssh", arguments))
}

fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-')
}

/// A name that a program cannot take for an option.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

type Options = Vec<(String, String)>;

/// Name and options.
fn split<'t>(rest: &'t str, known: &[&str]) -> Result<(&'t str, Options), String> {
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let options: Options = form_urlencoded::parse(query.as_bytes())
        .map(|(key, value)| (key.into_owned(), value.into_owned()))
        .collect();
    for (key, value) in &options {
        if !known.contains(&key.as_str()) {
            let all = known.join("`, `");
            return Err(if known.is_empty() {
                format!("it takes no `{key}`")
            } else {
                format!("it takes no `{key}`, only `{all}`")
            });
        }
        if value.is_empty() || value.chars().any(char::is_control) {
            return Err(format!("its `{key}` is empty or no text"));
        }
    }
    Ok((name.trim_end_matches('/'), options))
}

#[cfg(test)]
mod tests {
    use crate::buildkit::Address;

    #[test]
    fn an_address_becomes_a_command_line() {
        let rows = [
            (
                "docker-container://bk",
                "docker exec -i bk buildctl dial-stdio",
            ),
            (
                "docker-container://bk?context=größe%20x",
                "docker --context=größe x exec -i bk buildctl dial-stdio",
            ),
            (
                "podman-container://bk_1",
                "podman exec -i bk_1 buildctl dial-stdio",
            ),
            (
                "nerdctl-container://bk?namespace=k8s.io",
                "nerdctl --namespace=k8s.io exec -i bk buildctl dial-stdio",
            ),
            (
                "kube-pod://bk-0",
                "kubectl exec -i bk-0 -- buildctl dial-stdio",
            ),
            (
                "kube-pod://bk-0?container=bk&namespace=build&context=me@prod",
                "kubectl --context=me@prod --namespace=build exec --container=bk -i bk-0 -- buildctl dial-stdio",
            ),
            (
                "ssh://host",
                "ssh -o BatchMode=yes -- host buildctl dial-stdio",
            ),
            (
                "ssh://kim@host.example:2222/run/user/1000/buildkit/buildkitd.sock",
                "ssh -o BatchMode=yes -l kim -p 2222 -- host.example buildctl --addr \
                 unix:///run/user/1000/buildkit/buildkitd.sock dial-stdio",
            ),
        ];
        for (text, expected) in rows {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            let Address::Command(command) = address else {
                panic!("{text}");
            };
            assert_eq!(command.line(), expected);
        }
    }

    #[test]
    fn nothing_becomes_an_option_or_a_word_of_a_shell() {
        let rows = [
            ("docker-container://", "with the name of a container"),
            (
                "docker-container://--privileged",
                "with the name of a container",
            ),
            ("docker-container://a b", "with the name of a container"),
            (
                "docker-container://a?namespace=x",
                "it takes no `namespace`, only `context`",
            ),
            ("podman-container://a?context=x", "it takes no `context`"),
            ("docker-container://a?context=", "its `context` is empty"),
            ("kube-pod://Größe", "with the name of a pod"),
            ("kube-pod://-n", "with the name of a pod"),
            (
                "kube-pod://a?namespace=-x",
                "its `namespace` can be no name",
            ),
            ("ssh://kim:geheim@host", "without a password"),
            ("ssh://-oProxyCommand=x", "write ssh://"),
            ("ssh://-l@host", "write ssh://"),
            ("ssh://host:0", "write ssh://"),
            ("ssh://host?x=1", "without `?`"),
            (
                "ssh://host/run/$(id).sock",
                "a character that a shell reads",
            ),
        ];
        for (text, part) in rows {
            let error = text.parse::<Address>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("geheim"), "{error}");
        }
    }
}
