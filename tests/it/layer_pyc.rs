//! Byte-code by what it does: files that Python 3.8 to 3.13 wrote, and what is left of them when they are damaged.
//!
//! `tests/fixtures/pyc/make.py` wrote the files.

use std::path::Path;

use kiln::layer::Compiled;
use proptest::prelude::*;

const VERSIONS: [&str; 6] = ["3.8", "3.9", "3.10", "3.11", "3.12", "3.13"];

fn bytes(version: &str, form: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pyc");
    std::fs::read(folder.join(format!("{version}-{form}.pyc"))).unwrap()
}

fn read(version: &str, form: &str) -> Compiled {
    let read = Compiled::read(&bytes(version, form));
    read.unwrap_or_else(|| panic!("{version}-{form} does not read"))
}

#[test]
fn code_is_the_same_however_often_its_parts_are_referred_to() {
    for version in VERSIONS {
        let plain = read(version, "plain");
        for form in ["held", "unreferenced"] {
            assert_ne!(bytes(version, form)[16..], bytes(version, "plain")[16..]);
            let other = read(version, form);
            assert_eq!(
                (other.code, other.magic),
                (plain.code, plain.magic),
                "{version}-{form}"
            );
            assert_ne!(other.header, plain.header);
        }
    }
}

#[test]
fn code_that_differs_in_one_text_deep_inside_is_other_code() {
    for version in VERSIONS {
        let (plain, other) = (read(version, "plain"), read(version, "other"));
        assert_eq!(plain.header, other.header);
        assert_ne!(plain.code, other.code, "{version}");
    }
}

#[test]
fn the_header_says_how_the_file_goes_stale() {
    let words = ["plain", "unreferenced", "held"].map(|form| read("3.11", form).staleness());
    let expected = [
        "stale by the time of its source",
        "never stale",
        "stale by the digest of its source",
    ];
    assert_eq!(words, expected);
}

#[test]
fn a_file_that_ends_early_or_late_does_not_read() {
    for version in VERSIONS {
        let whole = bytes(version, "plain");
        for end in 0..whole.len() {
            assert_eq!(Compiled::read(&whole[..end]), None, "{version}: {end}");
        }
        let more = [whole, vec![b'N']].concat();
        assert_eq!(Compiled::read(&more), None, "{version}");
    }
}

#[test]
fn versions_that_are_not_known_do_not_read() {
    let whole = bytes("3.13", "plain");
    // 3.7, a version between 3.10 and 3.11, and one after 3.14.
    for magic in [3394_u16, 3450, 3650, 0] {
        let mut other = whole.clone();
        other[..2].copy_from_slice(&magic.to_le_bytes());
        assert_eq!(Compiled::read(&other), None, "{magic}");
    }
    let mut other = whole;
    other[3] = b'x';
    assert_eq!(Compiled::read(&other), None);
}

/// Header and marshalled bytes.
fn with_body(magic: u16, body: &[u8]) -> Vec<u8> {
    [&magic.to_le_bytes()[..], b"\r\n", &[0; 12], body].concat()
}

/// A code object of 3.11 and later with these constants.
fn code(consts: &[u8]) -> Vec<u8> {
    let numbers = [0; 20];
    let after = [b"s\0\0\0\0".as_slice(), consts].concat();
    let values = b")\0)\0s\0\0\0\0z\x01az\x01bz\x01c\x01\0\0\0s\0\0\0\0s\0\0\0\0";
    [b"\xe3".as_slice(), &numbers, &after, values].concat()
}

#[test]
fn frozen_sets_have_no_order_and_tuples_have_one() {
    let read = |consts: &[u8]| {
        Compiled::read(&with_body(3495, &code(consts)))
            .unwrap()
            .code
    };
    let one = b">\x02\0\0\0\xda\x02ja\xda\x04nein";
    let other = b">\x02\0\0\0\x7a\x04nein\x7a\x02ja";
    assert_eq!(read(one), read(other));
    let (one, other) = (b")\x02z\x01xz\x01y", b")\x02z\x01yz\x01x");
    assert_ne!(read(one), read(other));
    // What a reference leads to counts, not how it is written.
    let (one, other) = (b")\x02\xda\x01xr\x01\0\0\0", b")\x02\xda\x01x\xda\x01x");
    assert_eq!(read(one), read(other));
}

#[test]
fn slices_of_python_3_14_are_read() {
    let slice = |stop: &[u8]| [b")\x01:i\x01\0\0\0".as_slice(), stop, b"N"].concat();
    let read = |consts: &[u8]| Compiled::read(&with_body(3627, &code(consts)));
    let (one, other) = (read(&slice(b"i\x02\0\0\0")), read(&slice(b"i\x03\0\0\0")));
    assert!(one.is_some() && other.is_some());
    assert_ne!(one, other);
}

#[test]
fn what_is_built_to_harm_does_not_read() {
    let read = |consts: &[u8]| Compiled::read(&with_body(3495, &code(consts)));
    assert!(read(b")\0").is_some());
    // References to nothing, and to what has not ended.
    assert_eq!(read(b"r\x63\0\0\0"), None);
    assert_eq!(read(b"r\0\0\0\0"), None);
    assert_eq!(read(b"\xa9\x01r\x01\0\0\0"), None);
    // Counts without what they count.
    for kind in b"([<>sutaA" {
        assert_eq!(read(&[*kind, 255, 255, 255, 255]), None, "{kind}");
    }
    assert_eq!(read(b"l\0\0\0\x80"), None);
    // Deeper than the parser of Python lets anybody write.
    let deep = |depth: usize| [b")\x01".repeat(depth), b"N".to_vec()].concat();
    assert!(read(&deep(400)).is_some());
    assert_eq!(read(&deep(100_000)), None);
    assert_eq!(read(&b"{".repeat(100_000)), None);
    let codes = code(&[]);
    let nested = codes[..26].repeat(100_000);
    assert_eq!(Compiled::read(&with_body(3495, &nested)), None);
}

proptest! {
    #[test]
    fn no_bytes_end_the_program(body in prop::collection::vec(any::<u8>(), 0..400)) {
        for magic in [3413, 3627] {
            let _ = Compiled::read(&with_body(magic, &body));
            let _ = Compiled::read(&with_body(magic, &[b"c".as_slice(), &body].concat()));
        }
    }

    #[test]
    fn no_damage_ends_the_program(at in 16_usize..2100, bit in 0_u32..8, version in 0_usize..6) {
        let mut damaged = bytes(VERSIONS[version], "plain");
        damaged[at] ^= 1 << bit;
        let _ = Compiled::read(&damaged);
    }
}
