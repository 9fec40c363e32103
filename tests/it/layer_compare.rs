//! In what two layers differ, aspect by aspect.

use kiln::layer::{Aspect, compare, shown};
use tar::EntryType;

use crate::layer_read::{Tar, tree};

/// Differences, a line each.
fn lines(first: Tar, second: Tar) -> Vec<String> {
    let (first, second) = (tree(&first.done()), tree(&second.done()));
    let found = compare(&first, &second).into_iter();
    let lines = found.map(|it| {
        let (path, what) = (shown(&it.path), it.aspect.as_str());
        format!("{path} {what}: {} | {}", it.first, it.second)
    });
    lines.collect()
}

/// One file, changed.
fn file(change: impl FnOnce(&mut tar::Header)) -> Tar {
    Tar::new().entry(EntryType::Regular, "größe", b"x", change)
}

#[test]
fn the_same_layer_in_another_order_and_at_another_time_does_not_differ() {
    let first = Tar::new().file("a", b"1").file("b", b"2");
    let second = Tar::new()
        .entry(EntryType::Regular, "./b", b"2", |it| it.set_mtime(99))
        .file("./a", b"1");
    assert_eq!(lines(first, second), Vec::<String>::new());
}

#[test]
fn each_aspect_is_a_difference_of_its_own() {
    let plain = || file(|_| {});
    assert_eq!(
        lines(plain(), file(|it| it.set_mode(0o4755))),
        ["größe mode: 0644 | 4755"]
    );
    assert_eq!(
        lines(plain(), file(|it| it.set_gid(33))),
        ["größe owner: 0:0 | 0:33"]
    );
    let attribute = |value: &[u8]| {
        let pairs = [("SCHILY.xattr.user.größe", value)];
        Tar::new().pax(&pairs).file("größe", b"x")
    };
    assert_eq!(
        lines(attribute(b"1"), attribute(b"\x02")),
        ["größe extended attributes: user.größe=1 | user.größe=\\x02"]
    );
    assert_eq!(
        lines(plain(), Tar::new()),
        ["größe presence: file | not there"]
    );
    let link = |target| Tar::new().link(EntryType::Symlink, "größe", target);
    assert_eq!(lines(link("a"), link("b")), ["größe link target: a | b"]);
    assert_eq!(
        lines(plain(), link("b")),
        ["größe type: file | symlink", "größe mode: 0644 | 0777"]
    );
    let device = |minor| {
        Tar::new().entry(EntryType::Block, "dev/sda", b"", |it| {
            it.set_device_major(8).unwrap();
            it.set_device_minor(minor).unwrap();
        })
    };
    assert_eq!(
        lines(device(0), device(1)),
        ["dev/sda device numbers: 8:0 | 8:1"]
    );
    let one = Tar::new().file("a", b"1").file("b", b"1");
    let two = Tar::new().file("a", b"1").link(EntryType::Link, "b", "a");
    assert_eq!(
        lines(one, two),
        ["a hard links: none | a b", "b hard links: none | a b"]
    );
    let removed = Tar::new().file("etc/.wh.alt", b"");
    assert_eq!(
        lines(Tar::new(), removed),
        ["etc/.wh.alt presence: not there | file"]
    );
    let found = lines(plain(), Tar::new().file("größe", "ß".as_bytes()));
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("größe content: 1 bytes, sha256:2d711642b726b044… | 2 bytes, "));
}

fn pyc(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/pyc");
    std::fs::read(format!("{folder}/{name}.pyc")).unwrap()
}

/// The aspects in which one file differs.
fn aspects(path: &str, first: &[u8], second: &[u8]) -> Vec<Aspect> {
    let of = |content| tree(&Tar::new().file(path, content).done());
    let found = compare(&of(first), &of(second)).into_iter();
    found.map(|it| it.aspect).collect()
}

#[test]
fn byte_code_differs_in_its_header_or_in_what_it_does() {
    let path = "a/__pycache__/ä.cpython-311.pyc";
    let plain = pyc("3.11-plain");
    assert_eq!(aspects(path, &plain, &plain), []);
    assert_eq!(aspects(path, &plain, &pyc("3.11-held")), [Aspect::Header]);
    assert_eq!(aspects(path, &plain, &pyc("3.11-other")), [Aspect::Code]);
    assert_eq!(aspects(path, &plain, &pyc("3.12-plain")), [Aspect::Code]);
    assert_eq!(aspects(path, &plain, &plain[..500]), [Aspect::Content]);
    // Only the time of the source is another one.
    let mut later = plain.clone();
    later[8] ^= 1;
    assert_eq!(aspects(path, &plain, &later), [Aspect::Header]);
    assert_eq!(aspects("a/ä", &plain, &later), [Aspect::Content]);
}

#[test]
fn scripts_and_lists_differ_in_their_text_or_in_what_they_say() {
    let script = |quote: &str, module: &str| {
        format!(
            "#!/bin/python3\nimport sys\nfrom {module} import größe\nif __name__ == {quote}__main__{quote}:\n    sys.exit(größe())\n"
        )
    };
    let one = script("'", "a");
    let path = "usr/local/bin/größe";
    let other = script("\"", "a");
    let found = aspects(path, one.as_bytes(), other.as_bytes());
    assert_eq!(found, [Aspect::LauncherText]);
    let other = script("'", "b");
    let found = aspects(path, one.as_bytes(), other.as_bytes());
    assert_eq!(found, [Aspect::Content]);
    let path = "x-1.dist-info/RECORD";
    let found = aspects(path, b"a,b,1\nx.pyc,,\n", b"a,b,1\r\n");
    assert_eq!(found, [Aspect::ListingText]);
    assert_eq!(aspects(path, b"a,b,1\n", b"a,b,2\n"), [Aspect::Content]);
}
