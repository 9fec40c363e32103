//! A lock as text: sections and names in a fixed order, one line per fact.

use std::fmt::Write as _;

use super::{Lock, VERSION};
use crate::yaml::scalar;

/// What the file begins with.
const HEAD: &str = "# Written by `kiln lock` and `kiln update`. After a merge: keep either side, then `kiln lock`.\n";

/// The longest key that may stand before its colon as it is: readers look no further than 1024 characters.
const SHORT_KEY: usize = 1000;

/// A key and its colon, which stands at `indent`.
fn key(text: &str, indent: usize) -> String {
    let text = scalar(text);
    if text.len() <= SHORT_KEY {
        format!("{text}:")
    } else {
        format!("? {text}\n{:indent$}:", "")
    }
}

impl Lock {
    /// The lock as it stands in its file; equal locks are equal texts.
    pub fn text(&self) -> String {
        let mut text = format!("{HEAD}lock: {VERSION}\nperiod: {}\n", self.period);
        if !self.recipes.is_empty() {
            text.push_str("recipes:\n");
        }
        for (name, checksum) in &self.recipes {
            let _ = writeln!(text, "  {} {checksum}", key(name, 2));
        }
        self.write_images(&mut text);
        if !self.fetch.is_empty() {
            text.push_str("fetch:\n");
        }
        for (url, checksum) in &self.fetch {
            let _ = writeln!(text, "  {} {checksum}", key(url, 2));
        }
        if !self.git.is_empty() {
            text.push_str("git:\n");
        }
        for (url, refs) in &self.git {
            let _ = writeln!(text, "  {}", key(url, 2));
            for (reference, commit) in refs {
                let _ = writeln!(text, "    {} {}", key(reference, 4), scalar(commit));
            }
        }
        self.write_pip(&mut text);
        text
    }

    fn write_images(&self, text: &mut String) {
        if !self.images.is_empty() {
            text.push_str("images:\n");
        }
        for (reference, image) in &self.images {
            let _ = writeln!(text, "  {}", key(&reference.to_string(), 2));
            let _ = writeln!(text, "    index: {}", image.index);
            for (platform, manifest) in &image.platforms {
                let _ = writeln!(text, "    {platform}: {manifest}");
            }
        }
    }

    fn write_pip(&self, text: &mut String) {
        if !self.pip.is_empty() {
            text.push_str("pip:\n");
        }
        for (id, lists) in &self.pip {
            let _ = writeln!(text, "  {}", key(&id.to_string(), 2));
            for (platform, list) in lists {
                let _ = writeln!(text, "    {platform}:");
                let _ = writeln!(text, "      python: {}", scalar(&list.python));
                if list.packages.is_empty() {
                    text.push_str("      packages: []\n");
                    continue;
                }
                text.push_str("      packages:\n");
                for package in &list.packages {
                    let _ = writeln!(text, "      - {}", scalar(&package.to_string()));
                }
            }
        }
    }
}
