//! What must not be shown: the values of secrets and the passwords of proxies, in the forms in which they
//! could get into a line. Owns the forms and the replacement; who shows what is the business of others.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use url::form_urlencoded;

use crate::config::Proxies;

/// What stands in the place of a value.
const HIDDEN: &str = "***";
/// Shorter values are shown: hiding `1` or `yes` would make lines unreadable and protect nothing.
const SHORTEST: usize = 4;
/// Shorter lines of a value with several are shown: a file such as a key or a JSON document has lines
/// like `{` and `"a": true`.
const SHORTEST_LINE: usize = 8;

/// Values that are hidden. Cheap where there are none.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a value that contains another one is hidden whole.
    words: Vec<String>,
}

impl Mask {
    /// Hides nothing.
    pub const fn new() -> Self {
        Self { words: Vec::new() }
    }

    /// The passwords of proxies.
    pub fn of_proxies(proxies: &Proxies) -> Self {
        let mut mask = Self::new();
        for proxy in [&proxies.http, &proxies.https, &proxies.ftp, &proxies.all] {
            mask.add_proxy(proxy);
        }
        mask
    }

    /// Hides a value, and each line of it where it has several.
    pub fn add(&mut self, value: &[u8]) {
        let text = String::from_utf8_lossy(value);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.len() >= SHORTEST {
            self.add_forms(text);
        }
        let lines = text.lines().map(str::trim);
        for line in lines.filter(|line| *line != text && line.len() >= SHORTEST_LINE) {
            self.add_forms(line);
        }
        self.sort();
    }

    /// Hides what another mask hides as well.
    pub fn extend(&mut self, other: &Self) {
        self.words.extend_from_slice(&other.words);
        self.sort();
    }

    /// A text without the values.
    pub fn apply<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut shown = Cow::Borrowed(text);
        for word in &self.words {
            if shown.contains(word.as_str()) {
                shown = Cow::Owned(shown.replace(word.as_str(), HIDDEN));
            }
        }
        shown
    }

    /// Hides the values in a text that is there.
    pub(super) fn hide_in(&self, text: &mut String) {
        if let Cow::Owned(shown) = self.apply(text) {
            *text = shown;
        }
    }

    /// What stands before the `@` of an address: the password, or a token that stands alone.
    fn add_proxy(&mut self, address: &str) {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        // A password may have an `@` that nobody escaped.
        let Some((login, _)) = host.rsplit_once('@') else {
            return;
        };
        let (user, secret) = login.split_once(':').unwrap_or(("", login));
        let plain = unescaped(secret);
        if plain.len() < SHORTEST {
            return;
        }
        for secret in [secret, &plain] {
            self.add_forms(secret);
        }
        // What tools show that print their headers.
        let basic = format!("{}:{plain}", unescaped(user));
        self.words.push(STANDARD.encode(basic));
        self.sort();
    }

    fn add_forms(&mut self, value: &str) {
        self.words.push(value.to_owned());
        let quoted = serde_json::Value::from(value).to_string();
        let inner = quoted.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        self.words.extend(inner.map(str::to_owned));
        let escaped: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
        self.words.push(escaped.replace('+', "%20"));
        self.words.push(escaped);
        for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE, &URL_SAFE_NO_PAD] {
            self.words.push(engine.encode(value));
        }
    }

    fn sort(&mut self) {
        let order = |a: &String, b: &String| (b.len(), b).cmp(&(a.len(), a));
        self.words.sort_by(order);
        self.words.dedup();
    }
}

impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Mask(…)")
    }
}

fn unescaped(text: &str) -> String {
    // `+` is a space in forms only.
    let text = text.replace('+', "%2B").replace('&', "%26");
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    // The whole text is the name of one pair, unless it has a `=`.
    match pairs.next() {
        Some((name, value)) if text.contains('=') => format!("{name}={value}"),
        Some((name, _)) => name.into_owned(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::Mask;
    use crate::config::Proxies;

    fn mask(values: &[&str]) -> Mask {
        let mut mask = Mask::new();
        for value in values {
            mask.add(value.as_bytes());
        }
        mask
    }

    #[test]
    fn values_are_hidden_in_every_form_they_are_printed_in() {
        let mask = mask(&["gehe\"im 비밀\n", "abc", "gehe", "ü"]);
        let rows = [
            ("sagt gehe\"im 비밀!", "sagt ***!"),
            (r#"{"error":"gehe\"im 비밀"}"#, r#"{"error":"***"}"#),
            ("?t=gehe%22im+%EB%B9%84%EB%B0%80&", "?t=***&"),
            ("gehe%22im%20%EB%B9%84%EB%B0%80", "***"),
            ("Z2VoZSJpbSDruYTrsIA=", "***"),
            ("gehen", "***n"),
            ("abc und ü sind zu kurz", "abc und ü sind zu kurz"),
        ];
        for (given, shown) in rows {
            assert_eq!(mask.apply(given), shown);
        }
        assert!(!format!("{mask:?}").contains("gehe"));
    }

    #[test]
    fn each_line_of_a_key_is_hidden_and_its_brackets_are_not() {
        let mask = mask(&["{\n  \"key\": \"långt värde\",\n  \"b\": 1\n}\n"]);
        assert_eq!(mask.apply("line \"key\": \"långt värde\","), "line ***");
        assert_eq!(mask.apply("{ \"b\": 1 }"), "{ \"b\": 1 }");
    }

    #[test]
    fn passwords_of_proxies_are_hidden_and_their_hosts_are_not() {
        let proxies = Proxies {
            http: "http://me:p%40ss=w@proxy.example:3128/".to_owned(),
            https: "ich:hält@proxy".to_owned(),
            all: "socks5://token-only@proxy".to_owned(),
            no: "localhost".to_owned(),
            ..Proxies::default()
        };
        let mask = Mask::of_proxies(&proxies);
        let rows = [
            (
                "http://me:p%40ss=w@proxy.example",
                "http://me:***@proxy.example",
            ),
            ("p@ss=w", "***"),
            ("Basic bWU6cEBzcz13", "Basic ***"),
            (
                "hält token-only localhost me ich",
                "*** *** localhost me ich",
            ),
        ];
        for (given, shown) in rows {
            assert_eq!(mask.apply(given), shown);
        }
    }
}
