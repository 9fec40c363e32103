//! Values that must not be printed.
//!
//! Owns [`Secret`] and [`Credential`]. Where they come from and where they go is the business of others.

use std::fmt;

use serde::{Deserialize, Deserializer};

/// A text that is never shown: it has no `Display`, and its `Debug` hides the content.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

/// A login: a user name and a password, or an identity token, which has no user name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// The user; empty for an identity token.
    pub username: String,
    /// The password or token.
    pub secret: Secret,
}

impl Credential {
    /// A login by user name and password.
    pub fn basic(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            username: username.into(),
            secret: Secret::new(password),
        }
    }

    /// A login by identity token, which is exchanged for access tokens.
    pub fn identity_token(token: impl Into<String>) -> Self {
        Self {
            username: String::new(),
            secret: Secret::new(token),
        }
    }

    /// Whether the secret is an identity token.
    pub fn is_identity_token(&self) -> bool {
        self.username.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_the_secret() {
        let text = format!("{:?}", Credential::basic("가마", "비밀"));
        assert!(text.contains("가마") && !text.contains("비밀"), "{text}");
    }
}
