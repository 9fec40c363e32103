//! How layers are compressed.

use std::fmt;
use std::str::FromStr;

/// How the layers of an image are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    Uncompressed,
    /// gzip, levels 0 to 9.
    Gzip {
        /// The builder's default when not given.
        level: Option<u8>,
    },
    /// zstd, levels 0 to 22.
    Zstd {
        /// The builder's default when not given.
        level: Option<u8>,
    },
    /// eStargz: gzip in an order that can be read lazily, levels 0 to 9.
    Estargz {
        /// The builder's default when not given.
        level: Option<u8>,
    },
}

impl Compression {
    /// Its name, as BuildKit and the recipe language write it.
    pub fn name(self) -> &'static str {
        match self {
            Compression::Uncompressed => "uncompressed",
            Compression::Gzip { .. } => "gzip",
            Compression::Zstd { .. } => "zstd",
            Compression::Estargz { .. } => "estargz",
        }
    }

    /// The level, where one was given.
    pub fn level(self) -> Option<u8> {
        match self {
            Compression::Uncompressed => None,
            Compression::Gzip { level }
            | Compression::Zstd { level }
            | Compression::Estargz { level } => level,
        }
    }

    /// The same at a level, written as a number.
    pub fn with_level(self, text: &str) -> Result<Self, String> {
        let most = match self {
            Compression::Uncompressed => return Err("what is not compressed has no level".into()),
            Compression::Gzip { .. } | Compression::Estargz { .. } => 9,
            Compression::Zstd { .. } => 22,
        };
        let level = text.parse::<u8>().ok().filter(|level| *level <= most);
        let level = Some(
            level.ok_or_else(|| format!("`{text}` is no level of {}: 0 to {most}", self.name()))?,
        );
        Ok(match self {
            Compression::Uncompressed => self,
            Compression::Gzip { .. } => Compression::Gzip { level },
            Compression::Zstd { .. } => Compression::Zstd { level },
            Compression::Estargz { .. } => Compression::Estargz { level },
        })
    }
}

impl FromStr for Compression {
    type Err = String;

    /// Those that recipes and registries may ask for, at the builder's default level.
    fn from_str(text: &str) -> Result<Self, String> {
        let level = None;
        match text {
            "gzip" => Ok(Compression::Gzip { level }),
            "zstd" => Ok(Compression::Zstd { level }),
            "estargz" => Ok(Compression::Estargz { level }),
            _ => Err(format!(
                "`{text}` is no compression; there are `gzip`, `zstd` and `estargz`"
            )),
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.level() {
            Some(level) => write!(f, ", level {level}"),
            None => Ok(()),
        }
    }
}

/// How the layers of an image leave the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packing {
    /// How they are compressed.
    pub compression: Compression,
    /// Whether it holds for layers that are packed already as well, the base's among them.
    pub every_layer: bool,
}

impl Packing {
    /// Where nobody says anything; docs/design/0020-compression.md has the figures. What is packed already stays: the
    /// base's layers are shared with the base.
    pub const USUAL: Packing = Packing {
        compression: Compression::Zstd { level: None },
        every_layer: false,
    };
    /// For readers that may know nothing newer than gzip. Of every layer, since a parent's may be packed otherwise; a
    /// layer that is gzip already stays.
    pub const FOR_OLD_READERS: Packing = Packing {
        compression: Compression::Gzip { level: Some(4) },
        every_layer: true,
    };

    /// As somebody said it: of all layers, whatever the builder has done before.
    pub fn said(compression: Compression) -> Packing {
        Packing {
            compression,
            every_layer: true,
        }
    }
}

impl fmt::Display for Packing {
    /// What was said reads as it was said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.compression.fmt(f)?;
        f.write_str(if self.every_layer {
            ""
        } else {
            ", new layers only"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Compression;

    #[test]
    fn each_kind_has_its_levels_and_no_others() {
        for (kind, most) in [("gzip", 9), ("zstd", 22), ("estargz", 9)] {
            let plain: Compression = kind.parse().unwrap();
            assert_eq!((plain.name(), plain.level()), (kind, None));
            let levelled = plain.with_level(&most.to_string()).unwrap();
            assert_eq!((levelled.name(), levelled.level()), (kind, Some(most)));
            for bad in [
                (most + 1).to_string(),
                "-1".into(),
                "아홉".into(),
                String::new(),
            ] {
                let error = plain.with_level(&bad).unwrap_err();
                assert!(error.contains(&format!("0 to {most}")), "{error}");
            }
        }
        assert!("lz4".parse::<Compression>().unwrap_err().contains("`zstd`"));
    }
}
