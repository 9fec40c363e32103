//! Variants and platforms share what is the same in them, and nothing else: each comes out as if it
//! were alone.

use std::collections::BTreeMap;

use kiln::ops::OpError;

use crate::common::{Workbench, loaded};

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

/// The files around the recipes of [`whole`]: what they extend, use, render and define services by.
const AROUND: [(&str, &str); 9] = [
    (
        "shared/base.yaml",
        r#"kiln: 1
vars: {word: "${{ accel }}-${{ inner }}", inner: {match: arch, cases: {amd64: 하나}, else: 둘}}
env: {SHARED: "${{ word }}", ARCH: "${{ arch_gnu }}"}
steps:
- run: echo shared
- run: [echo, "${{ inner }}"]
- {use: nest, with: {who: "${{ accel }}"}}
labels: {l: "${{ accel }}"}
"#,
    ),
    (
        "templates/steps/leaf.yaml",
        r#"kiln: 1
inputs: {who: {type: str}, list: {type: list, default: ["${{ arch }}", b]}, active: {type: bool, default: true}}
vars: {both: "${{ who }}/${{ machine }}", machine: "${{ arch_x64 }}"}
steps:
- run: echo leaf
- run: [echo, "${{ who }}"]
- run: [echo, "${{ list }}"]
- {if: active, run: [echo, "${{ both }}"]}
- env: {MACHINE: "${{ machine }}"}
"#,
    ),
    (
        "templates/steps/nest.yaml",
        r#"kiln: 1
inputs: {who: {type: str}}
steps:
- {use: leaf, with: {who: "${{ who }}"}}
- {use: leaf, with: {who: 같은, active: {if: arch == "amd64", then: true, else: false}}}
- {if: who == "cuda", use: leaf, with: {who: only, list: ["${{ who }}"]}}
"#,
    ),
    (
        "page.hbs",
        "{{accel}} {{#if (eq arch \"amd64\")}}하나{{else}}{{word}}{{/if}}\n",
    ),
    (
        "defs/api.json.hbs",
        "{\"command\": [\"api\", \"{{word}}\", \"{{python}}\"]}\n",
    ),
    ("defs/web.json", "{\"command\": [\"웹\"]}\n"),
    ("app/Dockerfile", "ARG BASE\nFROM ${BASE}\n"),
    ("pins.txt", "x==1\n"),
    ("kiln.yaml", "kiln: 1\nrecipes: [r.yaml]\n"),
];

const IMAGE: &str = r#"base: {if: accel == "cpu", then: debian:12, else: "debian:${{ python }}"}
steps+:
- {use: nest, with: {who: "${{ python }}"}}
- {use: leaf, with: {who: "${{ word }}", list: ["${{ arch }}", "${{ accel }}"]}}
- write: {path: /쪽, template: page.hbs}
- {if: arch == "arm64", run: [echo, "${{ word }}"]}
- pip: {install: ["a==${{ python }}"]}
env+:
  OWN: {match: "accel", cases: {cuda: "${{ word }}"}, else: x}
kernel:
  runtime: python
  runtime_path: /usr/bin/python3
  base_distro: ubuntu22.04
  features: [uid-match]
  resources: {min: {cpu: 1, mem: 1g}}
  services: {api: {protocol: http, port: 8180}, web: {protocol: tcp, port: {if: accel == "cuda", then: "9000", else: "9001"}}}
  definitions: defs
"#;

const FROM_DOCKERFILE: &str = r#"dockerfile:
  context: app
  target: "${{ accel }}-${{ arch }}"
  args: {WORD: "${{ word }}", PY: "${{ python }}"}
  base_args: {BASE: {if: arch == "arm64", then: debian:12, else: debian:11}}
"#;

const BOTH: &str = r#"tests:
- {run: [echo, "${{ word }}"], if: accel != "cpu", stdout: {contains: "${{ inner }}"}}
- {file: "/etc/${{ arch }}", executable: true}
limits: {image_size: {if: accel == "cuda", then: 8GB, else: 3GB}, layer_size: {match: arch, cases: {amd64: 2GB}, else: 1GB}}
refresh: {if: accel == "cuda", then: quarterly, else: monthly}
compression: {type: {if: accel == "cuda", then: zstd, else: gzip}}
"#;

/// The contents of a recipe with all that the language has. Extends is of the image's form only: what a
/// Dockerfile says has no steps.
fn whole(
    form: &str,
    accels: &str,
    pythons: &str,
    platforms: &str,
    exclude: &str,
) -> BTreeMap<String, String> {
    let bench = Workbench::new();
    for (path, text) in AROUND {
        bench.write(path, text);
    }
    let (extends, vars) = if form == IMAGE {
        ("extends: shared/base.yaml\n", "")
    } else {
        (
            "",
            "vars: {word: \"${{ accel }}-${{ inner }}\", inner: {match: arch, cases: {amd64: 하나}, else: 둘}}\n",
        )
    };
    bench.write("r.yaml", format!(
        "kiln: 1\nname: r\n{extends}{vars}tags: [\"1.${{{{ python }}}}-${{{{ accel }}}}\"]\n\
         platforms: {platforms}\naxes:\n  accel: {accels}\n  python: {pythons}\n{exclude}{form}{BOTH}"
    ));
    let loaded = match bench.load(&[]) {
        Ok(loaded) => loaded,
        Err(OpError::Invalid(findings)) => panic!("{findings:#?}"),
        Err(error) => panic!("{error}"),
    };
    let each = loaded.images.iter().flat_map(|image| {
        let contents = image.contents.iter();
        contents.map(move |(platform, content)| {
            let key = format!(
                "{} {platform} {:?} {:?}",
                image.name(),
                image.tags,
                image.refresh
            );
            (key, format!("{content:#?}"))
        })
    });
    each.collect()
}

const EXCLUDE: &str = "exclude: [{if: accel == \"rocm\" and arch == \"arm64\", reason: 없음}]\n";

#[test]
fn so_is_one_with_all_that_the_language_has_and_one_of_a_dockerfile() {
    let platforms = ["linux/amd64", "linux/arm64"];
    let pythons = [
        "\"1\"", "\"2\"", "\"3\"", "\"4\"", "\"5\"", "\"6\"", "\"7\"", "\"8\"", "\"9\"", "\"10\"",
    ];
    for form in [IMAGE, FROM_DOCKERFILE] {
        let together = whole(
            form,
            "[cuda, cpu, rocm]",
            &format!("[{}]", pythons.join(", ")),
            "[linux/amd64, linux/arm64]",
            EXCLUDE,
        );
        assert_eq!(together.len(), 50);
        for accel in ["cuda", "cpu", "rocm"] {
            for python in ["\"1\"", "\"9\"", "\"10\""] {
                for platform in platforms {
                    let alone = whole(
                        form,
                        &format!("[{accel}]"),
                        &format!("[{python}]"),
                        &format!("[{platform}]"),
                        "# as many lines\n",
                    );
                    assert_eq!(alone.len(), 1);
                    for (name, content) in alone {
                        let is_excluded = accel == "rocm" && platform == "linux/arm64";
                        let expected = (!is_excluded).then_some(&content);
                        assert_eq!(together.get(&name), expected, "{name}");
                    }
                }
            }
        }
    }
}
