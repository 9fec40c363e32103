//! The list of what a Python distribution installed, `RECORD` in its `.dist-info`, by what it says.
//!
//! Installers differ in the order of its lines, in their ends, and in whether byte-code is listed, and they list
//! with digest and size the files that they write themselves. All else is the distribution's, and is the same
//! whoever installs it.

use std::collections::BTreeSet;

use crate::oci::{Digest, Digester};

/// Files in `.dist-info` that are the installer's own.
const OWN: [&str; 5] = [
    "INSTALLER",
    "REQUESTED",
    "RECORD",
    "direct_url.json",
    "uv_cache.json",
];

/// The digest of what a list says; nothing where it does not read.
pub fn listing(bytes: &[u8]) -> Option<Digest> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut says = BTreeSet::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut cells = line.rsplitn(3, ',');
        let (_size, _sum, path) = (cells.next()?, cells.next()?, cells.next()?);
        let is_compiled = path.trim_end_matches('"').as_bytes().ends_with(b".pyc");
        if is_compiled || is_own(path) {
            continue;
        }
        // The text of a script is the installer's.
        says.insert(if is_script(path) { path } else { line });
    }
    let mut digester = Digester::new();
    for line in says {
        digester.update(line.as_bytes());
        digester.update(b"\n");
    }
    Some(digester.finish())
}

fn is_own(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let (name, folder) = (parts.next(), parts.next());
    folder.is_some_and(|it| it.ends_with(".dist-info")) && name.is_some_and(|it| OWN.contains(&it))
}

/// Scripts lie outside of the folder that the list is about.
fn is_script(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    path.starts_with("../") && parts.nth(1) == Some("bin")
}

#[cfg(test)]
mod tests {
    use super::listing;

    const PIP: &str = "../../../bin/f2py,sha256=9Pf-,230\r\nx-1.dist-info/INSTALLER,sha256=zuu,4\r\n\
        x-1.dist-info/RECORD,,\r\nx-1.dist-info/REQUESTED,sha256=47D,0\r\nx/__init__.py,sha256=Wr_,5145\r\n\
        x/__pycache__/__init__.cpython-311.pyc,,\r\n\"x/größe,1.txt\",sha256=aa,3\r\n";
    const UV: &str = "x/__init__.py,sha256=Wr_,5145\n\"x/größe,1.txt\",sha256=aa,3\n../../../bin/f2py,sha256=DpI,312\n\
        x-1.dist-info/INSTALLER,sha256=5hh,2\nx-1.dist-info/RECORD,,\n";

    #[test]
    fn lists_of_two_installers_say_the_same() {
        assert!(listing(PIP.as_bytes()).is_some());
        assert_eq!(listing(PIP.as_bytes()), listing(UV.as_bytes()));
    }

    #[test]
    fn a_file_that_is_missing_or_another_is_seen() {
        let one = listing(UV.as_bytes());
        for (from, to) in [
            ("x/__init__.py,sha256=Wr_,5145\n", ""),
            ("sha256=Wr_", "sha256=Wr-"),
            (",5145", ",5146"),
            ("bin/f2py", "bin/f2py3"),
            ("größe", "groß"),
        ] {
            assert_ne!(listing(UV.replace(from, to).as_bytes()), one, "{from}");
        }
    }

    #[test]
    fn what_is_no_list_is_not_understood() {
        assert_eq!(listing(b"one cell\n"), None);
        assert_eq!(listing(b"a\xff,b,c\n"), None);
    }
}
