//! Layers as trees: what is read of an entry, from archives that are packed in every way, and from broken ones.

use std::collections::BTreeSet;
use std::io::Write as _;

use kiln::layer::{Content, Entry, Form, Kind, Tree, read, shown};
use kiln::oci::Digest;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use tar::{Builder, EntryType, Header};

/// An archive in the making.
pub(crate) struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// Adds an entry.
    pub(crate) fn entry(
        mut self,
        kind: EntryType,
        path: &str,
        content: &[u8],
        change: impl FnOnce(&mut Header),
    ) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        change(&mut header);
        self.0.append_data(&mut header, path, content).unwrap();
        self
    }

    pub(crate) fn file(self, path: &str, content: &[u8]) -> Self {
        self.entry(EntryType::Regular, path, content, |_| {})
    }

    /// A link of either kind.
    pub(crate) fn link(mut self, kind: EntryType, path: &str, target: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        header.set_mode(0o777);
        self.0.append_link(&mut header, path, target).unwrap();
        self
    }

    /// Attributes of the entry that follows.
    pub(crate) fn pax(mut self, pairs: &[(&str, &[u8])]) -> Self {
        self.0.append_pax_extensions(pairs.iter().copied()).unwrap();
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }
}

pub(crate) fn tree(bytes: &[u8]) -> Tree {
    read(bytes).unwrap()
}

fn paths(tree: &Tree) -> Vec<String> {
    tree.entries.keys().map(|path| shown(path)).collect()
}

fn at<'a>(tree: &'a Tree, path: &str) -> &'a Entry {
    let found = tree.entries.get(path.as_bytes());
    found.unwrap_or_else(|| panic!("no {path} in {:?}", paths(tree)))
}

fn content<'a>(tree: &'a Tree, path: &str) -> &'a Content {
    match &at(tree, path).kind {
        Kind::File(content) => content,
        other => panic!("{path} is {other:?}"),
    }
}

/// A layer with one of each.
fn layer() -> Vec<u8> {
    let long = format!("{}/größe", "ordner".repeat(30));
    Tar::new()
        .entry(EntryType::Directory, "./etc/", b"", |it| {
            it.set_mode(0o41755);
            it.set_uid(7);
            it.set_gid(3_000_000);
        })
        .file("./etc/한글", "내용".as_bytes())
        .pax(&[
            ("SCHILY.xattr.security.capability", b"\x01\0\0\x02"),
            ("comment", b"x"),
        ])
        .file("etc/ping", b"elf")
        .file("etc/.wh.alt", b"")
        .link(EntryType::Symlink, "etc/zeiger", "../a b/größe")
        .link(EntryType::Link, "etc/zwei", "./etc/한글")
        .link(EntryType::Link, "etc/fremd", "usr/bin/perl")
        .entry(EntryType::Char, "dev/null", b"", |it| {
            it.set_device_major(1).unwrap();
            it.set_device_minor(3).unwrap();
        })
        .entry(EntryType::Fifo, "dev/rohr", b"", |_| {})
        .file(&long, b"1")
        .done()
}

#[test]
fn an_entry_has_all_that_a_user_could_see() {
    let tree = tree(&layer());
    let etc = at(&tree, "etc");
    assert_eq!(
        (&etc.kind, etc.mode, etc.owner),
        (&Kind::Folder, 0o1755, (7, 3_000_000))
    );
    let text = content(&tree, "etc/한글");
    assert_eq!(text.size, 6);
    assert_eq!(text.digest, Digest::sha256_of("내용".as_bytes()));
    let ping = at(&tree, "etc/ping");
    let attributes: Vec<_> = ping.xattrs.iter().collect();
    let expected = ("security.capability".to_owned(), vec![1, 0, 0, 2]);
    assert_eq!(attributes, [(&expected.0, &expected.1)]);
    assert!(at(&tree, "etc/.wh.alt").xattrs.is_empty());
    let target = "../a b/größe".as_bytes().to_vec();
    assert_eq!(at(&tree, "etc/zeiger").kind, Kind::Symlink(target));
    assert_eq!(at(&tree, "dev/null").kind, Kind::CharDevice(1, 3));
    assert_eq!(at(&tree, "dev/rohr").kind, Kind::Fifo);
    assert_eq!(
        at(&tree, "etc/fremd").kind,
        Kind::Link(b"usr/bin/perl".to_vec())
    );
    assert!(paths(&tree).iter().any(|path| path.ends_with("/größe")));
    assert_eq!(tree.entries.len(), 10);
}

#[test]
fn files_that_are_one_have_each_others_names() {
    let linked = tree(&layer());
    let names = BTreeSet::from(["etc/한글", "etc/zwei"].map(|it| it.as_bytes().to_vec()));
    for path in ["etc/한글", "etc/zwei"] {
        assert_eq!(at(&linked, path).links.as_deref(), Some(&names));
    }
    assert_eq!(at(&linked, "etc/zwei"), at(&linked, "etc/한글"));
    assert_eq!(at(&linked, "etc/ping").links, None);
    // Over other links, in a circle, and replaced by a file.
    let bytes = Tar::new()
        .file("a", b"1")
        .link(EntryType::Link, "b", "a")
        .link(EntryType::Link, "c", "b")
        .link(EntryType::Link, "kreis", "kreis")
        .link(EntryType::Link, "d", "a")
        .file("d", b"2")
        .done();
    let tree = tree(&bytes);
    let names = BTreeSet::from([b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]);
    assert_eq!(at(&tree, "c").links.as_deref(), Some(&names));
    assert_eq!(at(&tree, "kreis").kind, Kind::Link(b"kreis".to_vec()));
    assert_eq!(
        (at(&tree, "d").links.as_ref(), content(&tree, "d").size),
        (None, 1)
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    compress_to_vec(bytes, CompressionLevel::Fastest)
}

/// A layer that is larger than what is read at once, and does not pack to nothing.
fn large() -> Vec<u8> {
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0] & 0x3f
    });
    let noise: Vec<u8> = noise.take(900_000).collect();
    Tar::new().file("lärm", &noise).file("nach", b"x").done()
}

#[test]
fn packed_layers_are_the_same_as_plain_ones() {
    for plain in [layer(), large()] {
        let expected = tree(&plain);
        let (begin, end) = plain.split_at(plain.len() / 3);
        let passed_over = [b"\x5a\x2a\x4d\x18\x05\0\0\0".as_slice(), b"egal\0"].concat();
        let packed = [
            ("gzip", gzip(&plain)),
            ("gzip in two members", [gzip(begin), gzip(end)].concat()),
            ("zstd", zstd(&plain)),
            (
                "zstd in two frames",
                [passed_over.clone(), zstd(begin), passed_over, zstd(end)].concat(),
            ),
        ];
        for (how, packed) in packed {
            assert_eq!(tree(&packed), expected, "{how}");
        }
    }
}

#[test]
fn a_layer_that_ends_early_is_an_error_and_no_half_a_tree() {
    let plain = large();
    for (how, whole) in [
        ("plain", plain.clone()),
        ("gzip", gzip(&plain)),
        ("zstd", zstd(&plain)),
    ] {
        for part in [1, 3, 7] {
            let end = whole.len() * part / 8;
            assert!(read(&whole[..end]).is_err(), "{how}: {end}");
        }
    }
    // What is lost behind the archive is missed as well.
    let whole = gzip(&plain);
    assert!(read(&whole[..whole.len() - 4]).is_err());
    assert!(read(b"\x50\x2a\x4d\x18\x05\0\0\0abc".as_slice()).is_err());
}

#[test]
fn what_is_no_archive_is_an_error() {
    let noise = "größe ".repeat(300);
    assert!(read(noise.as_bytes()).is_err());
    assert!(read(&gzip(noise.as_bytes())[..]).is_err());
    assert!(read(b"\x28\xb5\x2f\xfd\xff\xff\xff".as_slice()).is_err());
    assert_eq!(tree(b""), Tree::default());
}

#[test]
fn only_files_that_look_like_it_are_read_as_what_they_mean() {
    let script = b"#!/usr/bin/python3\nimport sys\nfrom a import b\nsys.exit(b())\n";
    let record = b"a/b.py,sha256=x,1\n";
    let pyc = std::fs::read(format!(
        "{}/tests/fixtures/pyc/3.12-plain.pyc",
        env!("CARGO_MANIFEST_DIR")
    ));
    let pyc = pyc.unwrap();
    let bytes = Tar::new()
        .file("opt/größe/bin/x", script)
        .file("opt/größe/x", script)
        .file("bin/sh", b"#!/bin/sh\n")
        .file("x-1.dist-info/RECORD", record)
        .file("x-1/RECORD", record)
        .file("a/__pycache__/ä.cpython-312.pyc", &pyc)
        .file("a/ä", &pyc)
        .file("a/kaputt.pyc", &pyc[..99])
        .done();
    let tree = tree(&bytes);
    let form = |path| match content(&tree, path).form {
        Form::Plain => "plain",
        Form::Compiled(_) => "compiled",
        Form::Launcher(_) => "launcher",
        Form::Listing(_) => "listing",
    };
    assert_eq!(form("opt/größe/bin/x"), "launcher");
    assert_eq!(form("x-1.dist-info/RECORD"), "listing");
    assert_eq!(form("a/__pycache__/ä.cpython-312.pyc"), "compiled");
    for path in ["opt/größe/x", "bin/sh", "x-1/RECORD", "a/ä", "a/kaputt.pyc"] {
        assert_eq!(form(path), "plain", "{path}");
    }
}
