//! The configuration of an image as far as the platform looks at it, read so that nothing in it is lost: keys that
//! stand twice, labels that are no texts.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

/// What is known of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenConfig {
    /// Its labels; of a key that stands twice the last one, as readers take it.
    pub labels: BTreeMap<String, String>,
    /// Labels that stand twice.
    pub doubled: Vec<String>,
    /// Labels that are no texts, with what they are.
    pub no_texts: Vec<(String, &'static str)>,
    /// Whether there is an object `config`.
    pub has_config: bool,
    /// Whether there is an architecture.
    pub has_architecture: bool,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    architecture: Option<Value>,
    #[serde(default)]
    config: Option<Container>,
}

#[derive(Deserialize)]
struct Container {
    #[serde(default, rename = "Labels")]
    labels: Option<Pairs>,
}

/// An object's keys and values in the order written, also keys that stand twice.
struct Pairs(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;

        impl<'de> Visitor<'de> for Seen {
            type Value = Pairs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of labels")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(Seen)
    }
}

impl SeenConfig {
    /// Reads a configuration.
    ///
    /// # Errors
    /// That it is no JSON, or of another shape.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let wire: Wire = serde_json::from_slice(bytes)?;
        // A list would be taken for the members in their order.
        if bytes.trim_ascii_start().first() != Some(&b'{') {
            return Err(serde_json::Error::custom("it is no object"));
        }
        let mut seen = Self {
            has_config: wire.config.is_some(),
            has_architecture: matches!(&wire.architecture, Some(Value::String(text)) if !text.is_empty()),
            ..Self::default()
        };
        let labels = wire.config.and_then(|config| config.labels);
        for (key, value) in labels.map(|pairs| pairs.0).unwrap_or_default() {
            let text = match value {
                Value::String(text) => text,
                other => {
                    seen.no_texts.push((key, kind_of(&other)));
                    continue;
                }
            };
            if seen.labels.insert(key.clone(), text).is_some() {
                seen.doubled.push(key);
            }
        }
        Ok(seen)
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::SeenConfig;

    fn read(text: &str) -> SeenConfig {
        SeenConfig::read(text.as_bytes()).unwrap()
    }

    #[test]
    fn doubled_labels_and_those_that_are_no_texts_are_seen() {
        let seen = read(
            r#"{"architecture":"amd64","config":{"Labels":{"가":"1","b":2,"가":"3","c":null}}}"#,
        );
        assert_eq!(seen.labels.get("가").map(String::as_str), Some("3"));
        assert_eq!(seen.doubled, ["가"]);
        let no_texts = [("b".to_owned(), "a number"), ("c".to_owned(), "null")];
        assert_eq!(seen.no_texts, no_texts);
        assert!(seen.has_config && seen.has_architecture);
    }

    #[test]
    fn what_is_not_there_is_told_from_what_is_of_another_shape() {
        for text in ["{}", r#"{"config":null,"architecture":""}"#] {
            let seen = read(text);
            assert!(!seen.has_config && !seen.has_architecture, "{text}");
        }
        assert!(read(r#"{"config":{"Labels":null}}"#).has_config);
        for bad in [
            "",
            "[]",
            "{",
            r#"{"config":7}"#,
            r#"{"config":{"Labels":[]}}"#,
        ] {
            assert!(SeenConfig::read(bad.as_bytes()).is_err(), "{bad}");
        }
        let deep = "[".repeat(100_000);
        assert!(SeenConfig::read(deep.as_bytes()).is_err());
    }
}
