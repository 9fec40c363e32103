//! Platforms: operating system, architecture and variant, normalised.
//!
//! Owns the closed list of what we accept and the order in which platforms stand in an index. Never looks at the
//! machine that runs us: a platform is always given.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::text_form::serde_as_text;

const OPERATING_SYSTEMS: &[&str] = &["linux", "windows", "darwin", "freebsd"];

/// Architectures with the variants that they may have; the first variant is the one that goes without saying.
const ARCHITECTURES: &[(&str, &[&str])] = &[
    ("amd64", &["v1", "v2", "v3", "v4"]),
    (
        "arm64",
        &[
            "v8", "v8.0", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9",
            "v9", "v9.0",
        ],
    ),
    ("386", &[]),
    ("arm", &["v7", "v5", "v6", "v8"]),
    ("loong64", &[]),
    ("mips64le", &[]),
    ("ppc64le", &[]),
    ("riscv64", &[]),
    ("s390x", &[]),
];

/// What people write for an architecture, and the name that the image-spec (GOARCH) has for it.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("x86_64", "amd64"),
    ("x86-64", "amd64"),
    ("x64", "amd64"),
    ("aarch64", "arm64"),
    ("armv8", "arm64"),
    ("arm64v8", "arm64"),
    ("armhf", "arm/v7"),
    ("armv7", "arm/v7"),
    ("armv7l", "arm/v7"),
    ("armel", "arm/v6"),
    ("i386", "386"),
    ("i686", "386"),
    ("x86", "386"),
    ("ppc64el", "ppc64le"),
    ("loongarch64", "loong64"),
];

/// An operating system and architecture, with a variant where it matters; text form `linux/arm64`, `linux/arm/v7`.
///
/// Normalised: `linux/arm64/v8` is `linux/arm64`, `linux/amd64/v1` is `linux/amd64`, and `linux/arm` is `linux/arm/v7`.
/// Sorts as an index lists its entries: linux first, in it amd64, arm64, then the rest by name.
/// See image-spec v1.1, image-index.md, "Platform Variants".
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Platform {
    os: &'static str,
    architecture: &'static str,
    variant: Option<&'static str>,
}

impl Platform {
    /// `linux/amd64`.
    pub const LINUX_AMD64: Self = Self {
        os: "linux",
        architecture: "amd64",
        variant: None,
    };
    /// `linux/arm64`.
    pub const LINUX_ARM64: Self = Self {
        os: "linux",
        architecture: "arm64",
        variant: None,
    };

    /// Normalises the parts of a platform as documents carry them. An empty variant counts as none.
    pub fn from_parts(
        os: &str,
        architecture: &str,
        variant: Option<&str>,
    ) -> Result<Self, ParsePlatformError> {
        let text = || match variant {
            Some(variant) if !variant.is_empty() => format!("{os}/{architecture}/{variant}"),
            _ => format!("{os}/{architecture}"),
        };
        let os = *OPERATING_SYSTEMS
            .iter()
            .find(|known| **known == os)
            .ok_or_else(|| ParsePlatformError::UnknownOs {
                text: text(),
                os: os.to_owned(),
            })?;
        let (architecture, variants) = *ARCHITECTURES
            .iter()
            .find(|(known, _)| *known == architecture)
            .ok_or_else(|| ParsePlatformError::UnknownArchitecture {
                text: text(),
                architecture: architecture.to_owned(),
                suggestion: suggestion(os, architecture),
            })?;
        let variant = match variant.filter(|variant| !variant.is_empty()) {
            None => None,
            Some(given) => Some(*variants.iter().find(|known| **known == given).ok_or_else(
                || ParsePlatformError::UnknownVariant {
                    text: text(),
                    variant: given.to_owned(),
                    known: variants.join(", "),
                },
            )?),
        };
        Ok(Self {
            os,
            architecture,
            variant: normal_variant(architecture, variant),
        })
    }

    /// Whether a machine of another platform runs its programs only under emulation.
    pub fn is_foreign_to(self, machine: Self) -> bool {
        let runs_32_bit = machine.architecture == "amd64" && self.architecture == "386";
        self.architecture != machine.architecture && !runs_32_bit
    }

    /// The operating system, by its GOOS name.
    pub const fn os(&self) -> &'static str {
        self.os
    }

    /// The architecture, by its GOARCH name.
    pub const fn architecture(&self) -> &'static str {
        self.architecture
    }

    /// The variant where one remains after normalising: none for plain amd64 and arm64.
    pub const fn variant(&self) -> Option<&'static str> {
        self.variant
    }

    fn rank(&self) -> (u8, &'static str, u8, &'static str, Option<&'static str>) {
        let os = u8::from(self.os != "linux");
        let architecture = match self.architecture {
            "amd64" => 0,
            "arm64" => 1,
            _ => 2,
        };
        (os, self.os, architecture, self.architecture, self.variant)
    }
}

fn normal_variant(architecture: &str, variant: Option<&'static str>) -> Option<&'static str> {
    match (architecture, variant) {
        ("amd64", Some("v1")) | ("arm64", Some("v8" | "v8.0")) => None,
        ("arm64", Some("v9.0")) => Some("v9"),
        ("arm", None) => Some("v7"),
        (_, variant) => variant,
    }
}

fn suggestion(os: &str, architecture: &str) -> String {
    let lower = architecture.to_ascii_lowercase();
    let known = OTHER_NAMES
        .iter()
        .find(|(other, _)| *other == lower)
        .map(|(_, name)| *name)
        .or_else(|| {
            ARCHITECTURES
                .iter()
                .map(|(name, _)| *name)
                .find(|name| *name == lower)
        });
    if let Some(name) = known {
        return format!("write `{os}/{name}`");
    }
    let names: Vec<&str> = ARCHITECTURES.iter().map(|(name, _)| *name).collect();
    format!("expected one of {}", names.join(", "))
}

impl Ord for Platform {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Platform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Platform({self})")
    }
}

impl FromStr for Platform {
    type Err = ParsePlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('/').collect();
        match parts.as_slice() {
            [os, architecture] => Self::from_parts(os, architecture, None),
            [os, architecture, variant] if !variant.is_empty() => {
                Self::from_parts(os, architecture, Some(variant))
            }
            [name] if !name.is_empty() => {
                let named = ARCHITECTURES.iter().any(|(known, _)| known == name)
                    || OTHER_NAMES
                        .iter()
                        .any(|(known, _)| *known == name.to_ascii_lowercase());
                let suggestion = if named {
                    suggestion("linux", name)
                } else {
                    "for example `linux/arm64`".to_owned()
                };
                Err(ParsePlatformError::BadShape {
                    text: text.to_owned(),
                    suggestion,
                })
            }
            _ => Err(ParsePlatformError::BadShape {
                text: text.to_owned(),
                suggestion: "for example `linux/arm64`".to_owned(),
            }),
        }
    }
}

serde_as_text!(Platform);

/// Why a text or a document's parts are not a [`Platform`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParsePlatformError {
    /// Not two or three parts.
    #[error(
        "`{text}` is not a platform: expected `os/architecture` or `os/architecture/variant`, {suggestion}"
    )]
    BadShape {
        /// The text given.
        text: String,
        /// What to write instead.
        suggestion: String,
    },
    /// The operating system is none that we know.
    #[error(
        "`{text}` is not a platform: unknown operating system `{os}`, expected linux, windows, darwin or freebsd"
    )]
    UnknownOs {
        /// The text given.
        text: String,
        /// Its first part.
        os: String,
    },
    /// The architecture is none that we know.
    #[error("`{text}` is not a platform: unknown architecture `{architecture}`, {suggestion}")]
    UnknownArchitecture {
        /// The text given.
        text: String,
        /// Its second part.
        architecture: String,
        /// What to write instead.
        suggestion: String,
    },
    /// The architecture has no such variant.
    #[error(
        "`{text}` is not a platform: unknown variant `{variant}`, {}",
        known_variants(known)
    )]
    UnknownVariant {
        /// The text given.
        text: String,
        /// Its third part.
        variant: String,
        /// The variants that the architecture has, separated by commas; empty when it has none.
        known: String,
    },
}

fn known_variants(known: &str) -> String {
    if known.is_empty() {
        "this architecture has none".to_owned()
    } else {
        format!("expected one of {known}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(text: &str) -> Platform {
        text.parse().unwrap()
    }

    #[test]
    fn equal_platforms_are_written_in_one_way() {
        assert_eq!(platform("linux/arm64/v8"), Platform::LINUX_ARM64);
        assert_eq!(platform("linux/amd64/v1"), Platform::LINUX_AMD64);
        assert_eq!(platform("linux/arm").to_string(), "linux/arm/v7");
        assert_eq!(platform("linux/amd64/v3").variant(), Some("v3"));
        assert_eq!(
            Platform::from_parts("linux", "arm64", Some("")).unwrap(),
            Platform::LINUX_ARM64
        );
    }

    #[test]
    fn platforms_sort_as_an_index_lists_them() {
        let mut all: Vec<Platform> = [
            "windows/amd64",
            "linux/s390x",
            "linux/386",
            "linux/arm64",
            "linux/amd64/v2",
            "linux/amd64",
        ]
        .map(platform)
        .to_vec();
        all.sort();
        let texts: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "linux/amd64",
                "linux/amd64/v2",
                "linux/arm64",
                "linux/386",
                "linux/s390x",
                "windows/amd64"
            ]
        );
    }

    #[test]
    fn errors_suggest_what_was_meant() {
        let rows = [
            (
                "linux/aarch64",
                "`linux/aarch64` is not a platform: unknown architecture `aarch64`, write `linux/arm64`",
            ),
            (
                "arm64",
                "`arm64` is not a platform: expected `os/architecture` or `os/architecture/variant`, write `linux/arm64`",
            ),
            (
                "x86_64",
                "`x86_64` is not a platform: expected `os/architecture` or `os/architecture/variant`, write `linux/amd64`",
            ),
            (
                "리눅스/amd64",
                "`리눅스/amd64` is not a platform: unknown operating system `리눅스`, expected linux, windows, darwin or freebsd",
            ),
            (
                "linux/s390x/v2",
                "`linux/s390x/v2` is not a platform: unknown variant `v2`, this architecture has none",
            ),
            (
                "",
                "`` is not a platform: expected `os/architecture` or `os/architecture/variant`, for example `linux/arm64`",
            ),
        ];
        for (text, message) in rows {
            assert_eq!(text.parse::<Platform>().unwrap_err().to_string(), message);
        }
        let message = "linux/vax".parse::<Platform>().unwrap_err().to_string();
        assert!(
            message.contains("expected one of amd64, arm64, 386"),
            "{message}"
        );
        assert!("linux/amd64/".parse::<Platform>().is_err());
    }
}
