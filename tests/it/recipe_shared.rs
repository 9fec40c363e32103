//! Variants and platforms share what is the same in them, and nothing else: each comes out as if it
//! were alone.

use std::collections::BTreeMap;

use crate::common::loaded;

const BODY: &str = r#"
vars:
  word: "${{ accel }}-${{ inner }}"
  inner: {match: arch, cases: {amd64: 하나}, else: 둘}
  plain: same
  list: ["${{ python }}", b]
env:
  A: "${{ word }}"
  B: {if: arch == "arm64", then: x}
  C: "${{ plain }}"
cmd: {if: accel == "cuda", then: ["${{ word }}"], else: [none]}
labels: {l: "${{ accel }}${{ python }}"}
entrypoint: "${{ list }}"
stages:
  s:
    base: debian:12
    env: {S: "${{ word }}"}
    steps:
    - run: [echo, "${{ word }}"]
steps:
- run: echo one
- run: [echo, "${{ inner }}"]
- {if: python == "3.12", then: [{run: echo two}, {run: [echo, "${{ word }}"]}]}
- apt: {install: ["${{ list }}", {if: accel == "cuda", then: "lib-${{ arch }}"}]}
- copy: {from: s, src: /a, to: "/${{ accel }}"}
- fetch: {url: "https://example.org/x", to: /x, sha256: {amd64: "AA", arm64: "BB"}}
"#;

/// Every content by variant and platform, as text.
fn contents(accels: &str, pythons: &str, platforms: &str) -> BTreeMap<String, String> {
    let body = BODY
        .replace("AA", &"a".repeat(64))
        .replace("BB", &"b".repeat(64));
    let loaded = loaded(&format!(
        "kiln: 1\nname: r\nbase: debian:12\ntags: [\"${{{{ accel }}}}-${{{{ python }}}}\"]\n\
         platforms: {platforms}\naxes:\n  accel: {accels}\n  python: {pythons}\n{body}"
    ));
    let each = loaded.images.iter().flat_map(|image| {
        let name = image.name();
        let contents = image.contents.iter();
        contents.map(move |(platform, content)| {
            let key = format!("{name} {platform} {:?}", image.tags);
            (key, format!("{content:#?}"))
        })
    });
    each.collect()
}

#[test]
fn a_variant_among_others_is_the_same_as_a_variant_alone() {
    let accels = ["cuda", "cpu"];
    let pythons: Vec<String> = (1..=12).map(|n| format!("\"3.{n}\"")).collect();
    let platforms = ["linux/amd64", "linux/arm64"];
    let list = |items: &[&str]| format!("[{}]", items.join(", "));
    let all: Vec<&str> = pythons.iter().map(String::as_str).collect();
    let together = contents(&list(&accels), &list(&all), &list(&platforms));
    assert_eq!(together.len(), 48);
    let mut alone = BTreeMap::new();
    for accel in accels {
        // One with more values than are remembered of a part is among them.
        for python in ["\"3.1\"", "\"3.2\"", "\"3.9\"", "\"3.12\""] {
            for platform in platforms {
                alone.extend(contents(
                    &list(&[accel]),
                    &list(&[python]),
                    &list(&[platform]),
                ));
            }
        }
    }
    assert_eq!(alone.len(), 16);
    for (name, content) in alone {
        assert_eq!(together.get(&name), Some(&content), "{name}");
    }
}
