//! `fetch`: downloads, checked and unpacked by the builder.

use std::collections::BTreeMap;

use crate::lab::{BOTH, EPOCH};
use crate::layers::archive;
use crate::published::sha256;
use crate::web::Web;
use crate::workspace::Workspace;

fn bare(bytes: &[u8]) -> String {
    sha256(bytes).replace("sha256:", "")
}

#[test]
fn a_file_keeps_its_name_in_a_folder_and_is_readable() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let text = format!("내용 {}", space.unique).into_bytes();
    let web = Web::new(BTreeMap::from([("/x/tool.bin", text.clone())]));
    let url = web.url("/x/tool.bin");
    let sum = bare(&text);
    space.recipe(&format!(
        "steps:
  - fetch: {{url: \"{url}\", sha256: {sum}, to: /opt/}}
  - fetch: {{url: \"{url}\", sha256: {{amd64: {sum}, arm64: {sum}}}, to: /bin/tool, mode: \"0755\", owner: \"1:2\"}}
"
    ));
    let image = space.publish();
    image.adds(
        1,
        &[&[
            "d 0755 0:0 bin",
            "f 0755 1:2 bin/tool",
            "d 0755 0:0 opt",
            "f 0644 0:0 opt/tool.bin",
        ]],
    );
    for platform in BOTH {
        let files = image.on(platform).files();
        assert_eq!(files["opt/tool.bin"].content, text);
        assert_eq!(files["opt/tool.bin"].time, EPOCH);
        assert_eq!(files["bin/tool"].content, text);
    }
}

#[test]
fn a_wrong_checksum_is_an_error_with_both_sums() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let text = space.unique.clone().into_bytes();
    let (sum, wrong) = (bare(&text), bare(b"other"));
    let web = Web::new(BTreeMap::from([("/f", text)]));
    let url = web.url("/f");
    space.recipe(&format!(
        "steps:\n  - fetch: {{url: \"{url}\", sha256: {wrong}, to: /f}}\n"
    ));
    space.kiln(&["build", "--push"]).expect(3).says(&[
        "r/recipe.yaml:7:5",
        &format!("the download is sha256:{sum}, and sha256:{wrong} is what it should be"),
        "next: look at what has changed upstream",
        &url,
    ]);
    assert!(!space.is_published());
}

#[test]
fn a_missing_download_is_an_error_at_its_place() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let url = Web::new(BTreeMap::new()).url("/gone.tar.gz");
    space.recipe(&format!("steps:\n  - fetch: {{url: \"{url}\", to: /f}}\n"));
    space
        .kiln(&["build"])
        .expect(3)
        .says(&["r/recipe.yaml:7:5", &url, "404"]);
}

fn tool(unique: &str) -> Vec<u8> {
    archive([
        ("tool-1.0/bin/tool", 0o755, unique.as_bytes()),
        ("tool-1.0/lib/a.so", 0o644, b"so".as_slice()),
        ("tool-1.0/share/doc/read me", 0o600, b"lies".as_slice()),
        ("README", 0o644, b"top".as_slice()),
    ])
}

#[test]
fn an_archive_is_unpacked_whole() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let packed = tool(&space.unique);
    let sum = bare(&packed);
    let web = Web::new(BTreeMap::from([("/tool.tar.gz", packed)]));
    let url = web.url("/tool.tar.gz");
    space.recipe(&format!(
        "steps:\n  - fetch: {{url: \"{url}\", sha256: {sum}, extract: true, to: /opt/t}}\n"
    ));
    let image = space.publish();
    image.adds(
        1,
        &[&[
            "d 0755 0:0 opt",
            "d 0755 0:0 opt/t",
            "f 0644 0:0 opt/t/README",
            "d 0755 0:0 opt/t/tool-1.0",
            "d 0755 0:0 opt/t/tool-1.0/bin",
            "f 0755 0:0 opt/t/tool-1.0/bin/tool",
            "d 0755 0:0 opt/t/tool-1.0/lib",
            "f 0644 0:0 opt/t/tool-1.0/lib/a.so",
            "d 0755 0:0 opt/t/tool-1.0/share",
            "d 0755 0:0 opt/t/tool-1.0/share/doc",
            "f 0600 0:0 opt/t/tool-1.0/share/doc/read me",
        ]],
    );
    for platform in BOTH {
        let added = image.on(platform).layers().nth(1).unwrap();
        for entry in added.iter().filter(|entry| entry.kind != 'd') {
            assert_eq!(entry.time, EPOCH, "{platform}: {}", entry.line());
        }
    }
}

#[test]
fn an_archive_loses_leading_folders_and_what_is_not_included() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let web = Web::new(BTreeMap::from([("/tool.tar.gz", tool(&space.unique))]));
    let url = web.url("/tool.tar.gz");
    space.recipe(&format!(
        "steps:
  - fetch: {{url: \"{url}\", extract: {{strip: 1}}, to: /one}}
  - fetch: {{url: \"{url}\", extract: {{strip: 2, include: [tool-1.0/bin, \"tool-*/lib/*.so\"]}}, to: /two, owner: \"5:5\"}}
"
    ));
    space.publish().adds(
        1,
        &[&[
            "d 0755 0:0 one",
            "d 0755 0:0 one/bin",
            "f 0755 0:0 one/bin/tool",
            "d 0755 0:0 one/lib",
            "f 0644 0:0 one/lib/a.so",
            "d 0755 0:0 one/share",
            "d 0755 0:0 one/share/doc",
            "f 0600 0:0 one/share/doc/read me",
            "d 0755 5:5 two",
            "f 0644 5:5 two/a.so",
            "f 0755 5:5 two/tool",
        ]],
    );
}
