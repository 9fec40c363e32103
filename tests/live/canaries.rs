//! Words that must be nowhere, and the search for them in all the forms in which they could be somewhere.
//!
//! The search is grep's, over whole folders; what is compressed is unpacked beside it first.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::read::MultiGzDecoder;
use walkdir::WalkDir;

use crate::layers::{ZSTD, zstd};
use crate::published::hex;

/// Forms and what they are forms of.
#[derive(Debug)]
pub(crate) struct Canaries {
    forms: BTreeMap<String, String>,
}

impl Canaries {
    /// All forms of some words, by the name of each.
    pub(crate) fn new<'a>(words: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut all = BTreeMap::new();
        for (name, word) in words {
            for (form, text) in forms(word) {
                all.entry(text).or_insert_with(|| format!("{name}, {form}"));
            }
        }
        Self { forms: all }
    }

    /// Each form with its name.
    pub(crate) fn forms(&self) -> impl Iterator<Item = (&str, &str)> {
        let forms = self.forms.iter();
        forms.map(|(text, name)| (name.as_str(), text.as_str()))
    }

    /// Where the words are in a folder: `PATH: NAME, FORM`, sorted, each once.
    pub(crate) fn found_in(&self, folder: &Path) -> Vec<String> {
        let unpacked = tempfile::tempdir().unwrap();
        let mut hits = self.grep(folder);
        let origins = unpack(folder, unpacked.path());
        for hit in self.grep(unpacked.path()) {
            let (number, form) = hit.split_once(": ").unwrap();
            let number: usize = number.parse().unwrap();
            hits.push(format!("{} (unpacked): {form}", origins[number]));
        }
        hits.sort();
        hits.dedup();
        hits
    }

    fn grep(&self, folder: &Path) -> Vec<String> {
        let list = tempfile::NamedTempFile::new().unwrap();
        let all: Vec<&str> = self.forms.keys().map(String::as_str).collect();
        assert!(all.iter().all(|form| !form.contains('\n')));
        std::fs::write(list.path(), all.join("\n") + "\n").unwrap();
        let output = Command::new("grep")
            .args([
                "--recursive",
                "--text",
                "--fixed-strings",
                "--only-matching",
                "--null",
            ])
            .args(["--with-filename", "--devices=skip", "--file"])
            .arg(list.path())
            .arg("--")
            .arg(folder)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        // 1 is "nothing found".
        assert!(matches!(output.status.code(), Some(0 | 1)), "grep: {words}");
        let text = String::from_utf8_lossy(&output.stdout);
        let hits = text.lines().map(|line| {
            let (path, form) = line.split_once('\0').unwrap();
            let path = Path::new(path).strip_prefix(folder).unwrap().display();
            format!("{path}: {}", self.forms[form])
        });
        hits.collect()
    }
}

/// Unpacks every file with gzip's or zstd's first bytes to a file that is named by its number in the answer.
fn unpack(folder: &Path, to: &Path) -> Vec<String> {
    let mut origins = Vec::new();
    let files = WalkDir::new(folder).into_iter().map(Result::unwrap);
    for file in files.filter(|file| file.file_type().is_file()) {
        let mut packed = std::fs::File::open(file.path()).unwrap();
        let mut first = [0; 4];
        let is_short = packed.read_exact(&mut first).is_err();
        if is_short || !(first.starts_with(&[0x1f, 0x8b]) || first == ZSTD) {
            continue;
        }
        let name = file.path().strip_prefix(folder).unwrap();
        let mut plain = std::fs::File::create(to.join(origins.len().to_string())).unwrap();
        let rest = first.as_slice().chain(packed);
        // A file of the image may be cut short by intent; what came before has been written.
        if first == ZSTD {
            let mut rest = zstd(rest);
            let _ = rest.as_mut().map(|rest| std::io::copy(rest, &mut plain));
        } else {
            let _ = std::io::copy(&mut MultiGzDecoder::new(rest), &mut plain);
        }
        origins.push(name.display().to_string());
    }
    origins
}

/// A word as it may be written.
fn forms(word: &str) -> Vec<(&'static str, String)> {
    let query: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
    let mut all = vec![
        ("raw", word.to_owned()),
        ("JSON", json(word, false)),
        ("JSON in ASCII", json(word, true)),
        ("URL", query.replace('+', "%20")),
        ("URL query", query),
        ("hex", hex(word.as_bytes())),
    ];
    for skipped in 0..3 {
        // What surrounds the word decides the first and the last characters; the ones between are
        // decided by the word and by how many bytes stand before it.
        let mut bytes = vec![0; skipped];
        bytes.extend(word.bytes());
        let begin = (skipped * 8).div_ceil(6);
        let end = bytes.len() * 8 / 6;
        let name = ["base64", "base64 +1", "base64 +2"][skipped];
        let part = |text: String| text[begin..end].to_owned();
        all.push((name, part(STANDARD_NO_PAD.encode(&bytes))));
        all.push((name, part(URL_SAFE_NO_PAD.encode(&bytes))));
    }
    all
}

/// The inside of a JSON string.
fn json(word: &str, ascii: bool) -> String {
    let quoted = serde_json::Value::from(word).to_string();
    let inner = &quoted[1..quoted.len() - 1];
    let mut text = String::new();
    for c in inner.chars() {
        if !ascii || c.is_ascii() {
            text.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}
