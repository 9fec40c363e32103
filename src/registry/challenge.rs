//! What a registry wants as a login: the `WWW-Authenticate` header, and the scopes of tokens.
//!
//! Owns both grammars. Fetches nothing.

use std::collections::{BTreeMap, BTreeSet};

/// The part of a 401 that says how to log in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Challenge {
    /// User name and password with every request (RFC 7617).
    Basic,
    /// A token from a token server (distribution's token specification).
    Bearer {
        /// Address of the token server.
        realm: String,
        /// Name of the registry there.
        service: Option<String>,
        /// Scopes that the request would have needed.
        scopes: Scopes,
    },
}

impl Challenge {
    /// The best challenge of the headers' values: a token rather than a password.
    pub(super) fn best<'a>(headers: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut basic = None;
        for challenge in headers.flat_map(split_challenges) {
            match challenge.scheme.to_ascii_lowercase().as_str() {
                "bearer" => {
                    if let Some(realm) = challenge.parameters.get("realm") {
                        return Some(Self::Bearer {
                            realm: realm.clone(),
                            service: challenge
                                .parameters
                                .get("service")
                                .filter(|name| !name.is_empty())
                                .cloned(),
                            scopes: challenge
                                .parameters
                                .get("scope")
                                .map(|text| Scopes::parse(text))
                                .unwrap_or_default(),
                        });
                    }
                }
                "basic" => basic = Some(Self::Basic),
                _ => {}
            }
        }
        basic
    }
}

struct Raw<'a> {
    scheme: &'a str,
    parameters: BTreeMap<String, String>,
}

/// Splits a header value into challenges: `Scheme name="value", name=value, Scheme2 …`.
fn split_challenges(header: &str) -> Vec<Raw<'_>> {
    let mut found: Vec<Raw<'_>> = Vec::new();
    let mut rest = header.trim_start_matches([' ', ',', '\t']);
    while !rest.is_empty() {
        let word_end = rest.find([' ', '=', ',', '\t']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(word_end);
        let after = after.trim_start_matches([' ', '\t']);
        match (after.strip_prefix('='), found.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, tail) = split_value(value.trim_start_matches([' ', '\t']));
                challenge
                    .parameters
                    .insert(word.to_ascii_lowercase(), value);
                rest = tail;
            }
            (Some(value), None) => rest = value,
            (None, _) => {
                found.push(Raw {
                    scheme: word,
                    parameters: BTreeMap::new(),
                });
                rest = after;
            }
        }
        rest = rest.trim_start_matches([' ', ',', '\t']);
    }
    found
}

/// A quoted or bare value, and what follows it.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (at, character) in quoted.char_indices() {
        match character {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => return (value, &quoted[at + 1..]),
            other => value.push(other),
        }
        escaped = false;
    }
    (value, "")
}

/// What a token allows: for each resource (`repository:team/image`) the actions.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scopes(BTreeMap<String, BTreeSet<String>>);

impl Scopes {
    /// Reading a repository, or reading and writing it.
    pub(super) fn of_repository(path: &str, write: bool) -> Self {
        let actions: &[&str] = if write { &["pull", "push"] } else { &["pull"] };
        Self(BTreeMap::from([(
            format!("repository:{path}"),
            actions.iter().map(ToString::to_string).collect(),
        )]))
    }

    /// Scopes separated by blanks, each `type:name:action,action`.
    fn parse(text: &str) -> Self {
        let mut scopes = Self::default();
        for scope in text.split_ascii_whitespace() {
            if let Some((resource, actions)) = scope.rsplit_once(':') {
                let actions = actions
                    .split(',')
                    .filter(|action| !action.is_empty())
                    .map(str::to_owned);
                scopes
                    .0
                    .entry(resource.to_owned())
                    .or_default()
                    .extend(actions);
            }
        }
        scopes
    }

    /// Both together.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        for (resource, actions) in &other.0 {
            all.0
                .entry(resource.clone())
                .or_default()
                .extend(actions.iter().cloned());
        }
        all
    }

    /// One text per resource, as the query of a token request carries them.
    pub(super) fn texts(&self) -> Vec<String> {
        let text = |(resource, actions): (&String, &BTreeSet<String>)| {
            let actions: Vec<&str> = actions.iter().map(String::as_str).collect();
            format!("{resource}:{}", actions.join(","))
        };
        self.0.iter().map(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bearer(header: &str) -> (String, Option<String>, Vec<String>) {
        match Challenge::best([header].into_iter()) {
            Some(Challenge::Bearer {
                realm,
                service,
                scopes,
            }) => (realm, service, scopes.texts()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_bearer_challenge_is_taken_apart() {
        let header = r#"Bearer realm="https://auth.example/t,o?a=\"b\"",service="레지스트리", scope="repository:a/b:pull,push repository:c:pull""#;
        let (realm, service, scopes) = bearer(header);
        assert_eq!(realm, r#"https://auth.example/t,o?a="b""#);
        assert_eq!(service.unwrap(), "레지스트리");
        assert_eq!(scopes, ["repository:a/b:pull,push", "repository:c:pull"]);
    }

    #[test]
    fn a_token_is_preferred_to_a_password() {
        assert_eq!(
            bearer(r#"Basic realm="x", Bearer realm="https://a/t""#).0,
            "https://a/t"
        );
        assert_eq!(
            Challenge::best(["Negotiate", "basic realm=x"].into_iter()),
            Some(Challenge::Basic)
        );
        for nothing in [
            "",
            "=,",
            "Bearer",
            "Bearer service=x",
            "Negotiate abc==",
            "=\"",
            "Bearer realm",
        ] {
            assert_eq!(Challenge::best([nothing].into_iter()), None, "{nothing}");
        }
        assert_eq!(bearer("BEARER Realm = \"https://a\\").0, "https://a");
    }

    #[test]
    fn scopes_of_one_resource_are_merged() {
        let wanted = Scopes::of_repository("a/b", false);
        let union = wanted.union(&Scopes::parse(
            "repository:a/b:push,pull registry:catalog:*",
        ));
        assert_eq!(
            union.texts(),
            ["registry:catalog:*", "repository:a/b:pull,push"]
        );
        assert_eq!(wanted.texts(), ["repository:a/b:pull"]);
    }
}
