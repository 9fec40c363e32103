//! Hostile values for every grammar of the kernel contract: judged like any others, in bounded words and time.

use std::collections::BTreeMap;

use kiln::diagnostic::Level;
use kiln::kernel::{
    DEFINITIONS, Fault, LabelKey, PREFIX, Weight, check, check_definition, check_item, check_port,
    check_service_name, check_tag, check_tag_and_labels, check_value, defines,
};
use kiln::ops::OpError;

use crate::common::Workbench;
use crate::recipe_expand::HEAD;

const MEGABYTE: usize = 1 << 20;

fn is_error(faults: &[Fault]) -> bool {
    faults.iter().any(|fault| fault.weight == Weight::Error)
}

fn value(key: &str, value: &str) -> Vec<Fault> {
    check_value(&format!("{PREFIX}{key}"), value)
}

/// What every release makes of a number that is written in the digits of another script, or beside a blank that only looks
/// like none.
#[test]
fn digits_of_other_scripts_and_blanks_that_nobody_sees_are_refused() {
    // Arabic, full width, bold, superscript, Roman: numbers, or looking like some.
    for digit in ["١", "１", "𝟏", "¹", "Ⅰ"] {
        for (key, text) in [
            ("kernelspec", digit.to_owned()),
            ("resource.min.cpu", digit.to_owned()),
            ("resource.min.mem", format!("{digit}g")),
            ("service-ports", format!("a:http:{}", digit.repeat(4))),
            ("base-distro", format!("debian{digit}")),
        ] {
            assert!(is_error(&value(key, &text)), "{key}={text}");
        }
        assert!(check_port(&digit.repeat(4)).is_err(), "{digit}");
        assert!(is_error(&check_tag(&format!("1.0-py{digit}"))), "{digit}");
    }
    // Zero width, a mark that joins nothing, no-break, byte order mark.
    for blank in ["\u{200b}", "\u{2060}", "\u{a0}", "\u{feff}"] {
        for (key, text) in [
            ("role", format!("COMPUTE{blank}")),
            ("runtime-type", format!("{blank}python")),
            ("base-distro", format!("ubuntu22.04{blank}")),
            ("service-ports", format!("a:http:8080,{blank}b:http:8081")),
            ("service-ports", format!("a{blank}:http:8080")),
        ] {
            assert!(is_error(&value(key, &text)), "{key}={text:?}");
        }
        assert!(
            is_error(&check_service_name(&format!("a{blank}"))),
            "{blank:?}"
        );
        assert!(
            is_error(&check_tag(&format!("1.0{blank}-py3"))),
            "{blank:?}"
        );
        let word = value("features", &format!("batch{blank}query"));
        assert_eq!(word.len(), 1, "{blank:?} parts no words: {word:?}");
    }
}

#[test]
fn numbers_at_the_edges_are_told_from_those_behind_them() {
    for (text, good) in [
        ("1024", false),
        ("1025", true),
        ("1999", true),
        ("2000", false),
        ("2003", false),
        ("2004", true),
        ("2199", true),
        ("2200", false),
        ("2201", true),
        ("7681", false),
        ("65534", true),
        ("65535", false),
        ("65536", false),
        ("67081", false),
        ("4294968321", false),
        ("18446744073709552641", false),
        ("0", false),
        ("-8080", false),
        ("8080.0", false),
        ("0x1f90", false),
    ] {
        assert_eq!(check_port(text).is_ok(), good, "{text}");
    }
    for (text, good) in [
        (format!("{}g", "9".repeat(11)), true),
        ("9".repeat(30), true),
        ("9".repeat(31), false),
        ("9".repeat(400), false),
        ("1e30k".to_owned(), true),
        ("1e29k".to_owned(), true),
        ("1e31k".to_owned(), false),
        ("1e-30k".to_owned(), true),
        ("1e999999999999g".to_owned(), false),
        (format!("0.{}1g", "0".repeat(40)), false),
    ] {
        assert_eq!(!is_error(&value("resource.min.mem", &text)), good, "{text}");
    }
}

#[test]
fn labels_of_a_megabyte_are_judged_in_bounded_words_and_time() {
    let fill = |unit: &str| unit.repeat(MEGABYTE / unit.len());
    for (key, text) in [
        ("kernelspec", fill("1")),
        ("kernelspec", fill(" ")),
        ("features", fill("batch ")),
        ("features", fill("한 ")),
        ("base-distro", fill("1.")),
        ("base-distro", fill("ubuntu")),
        ("runtime-type", fill("python")),
        ("runtime-path", fill("/")),
        ("role", fill("compute")),
        ("envs.corecount", fill("A, ")),
        ("accelerators", fill("cuda,")),
        ("service-ports", fill("a:http:8080,")),
        ("service-ports", fill("a:pty:1,")),
        ("service-ports", fill("a:vnc:9,")),
        ("service-ports", fill("a")),
        ("service-ports", fill("a:")),
        ("service-ports", fill("[1,")),
        ("service-ports", format!("a:http:[{}1]", fill("1,"))),
        ("service-ports", fill("sshd:tcp:9000,")),
        ("endpoint-ports", fill("api,")),
        ("resource.min.mem", fill("9")),
        ("resource.min.mem", fill("_")),
        ("resource.min.mem", fill("1k")),
        ("resource.min.cpu", fill(".")),
        ("resource.preferred.shmem", fill("e")),
        ("customized-image.owner", fill("user:")),
        ("이름", fill("값")),
    ] {
        let labels = BTreeMap::from([
            (format!("{PREFIX}{key}"), text),
            (format!("{PREFIX}role.x"), String::new()),
        ]);
        let faults = check(&labels);
        // Five labels are missing, and one is unknown.
        assert!(faults.len() <= 32, "{key}: {}", faults.len());
        for (_, fault) in faults {
            let help = fault.help.unwrap_or_default();
            assert!(fault.message.len() + help.len() < 4000, "{key}");
        }
    }
    let inference = BTreeMap::from(
        [
            ("role", "INFERENCE".to_owned()),
            ("service-ports", fill("a:preopen:9000,")),
            ("endpoint-ports", fill("api,")),
        ]
        .map(|(key, value)| (format!("{PREFIX}{key}"), value)),
    );
    assert!(check(&inference).len() <= 64);
    for tag in [fill("a-"), fill("-"), fill("1."), fill("a1-b2-"), fill("é")] {
        assert!(!check_tag(&tag).is_empty() || tag.starts_with('1'));
        let _ = check_tag_and_labels(&tag, &BTreeMap::new());
    }
    let words = (0..20_000).map(|n| {
        format!("{{\"action\": \"log\", \"args\": {{\"message\": \"{{x}}\"}}, \"ref\": \"r{n}\"}}")
    });
    let words: Vec<String> = words.collect();
    let words = words.join(",");
    let actions = format!("{{\"command\": [\"a\"], \"prestart\": [{words}]}}");
    assert!(!check_definition(&actions).is_empty());
    for text in [
        fill("["),
        fill("{\"a\":"),
        fill("{\"command\":[\"{ports}\"],"),
        fill("\""),
    ] {
        assert!(!check_definition(&text).is_empty());
    }
    let many = format!("{{\"command\": [{}\"{{x\"]}}", fill("\"{\","));
    assert!(!check_definition(&many).is_empty());
    let open = format!("{{\"command\": [\"{}\"]}}", fill("a{"));
    assert!(!check_definition(&open).is_empty());
}

#[test]
fn an_error_behind_many_warnings_is_not_lost() {
    let many = |one: &str, count: usize| -> String {
        let all = (0..count).map(|n| format!("{one}:{}", 9000 + n));
        all.collect::<Vec<_>>().join(",")
    };
    // Names of the platform's own are warned of, each time.
    let taken = format!("{},z:tcp:9000", many("sshd:tcp", 40));
    assert!(is_error(&value("service-ports", &taken)));
    // What only some releases mind must not hide what all of them do.
    let desks = format!("{},z:tcp:9000", many("desk:vnc", 40));
    let newest = kiln::kernel::Releases::new(["26.8".parse().unwrap()]);
    let faults = value("service-ports", &desks);
    assert!(
        faults.iter().any(|fault| fault.is_error_in(&newest)),
        "{faults:?}"
    );
}

#[test]
fn names_that_lead_elsewhere_are_no_names_of_services() {
    for name in [
        "",
        "..",
        "../x",
        "a/b",
        "a.b",
        "a\0",
        "a\n",
        "a:b",
        "é\u{301}",
    ] {
        assert!(is_error(&check_service_name(name)), "{name:?}");
    }
    for name in ["é", "한글", "jupyter-lab_2"] {
        assert!(!is_error(&check_service_name(name)), "{name}");
        assert_eq!(defines(name), format!("{DEFINITIONS}/{name}.json"));
    }
    assert!(is_error(&check_item(&LabelKey::EndpointPorts, "a b")));
}

/// Places and words of what is wrong in a recipe.
fn said(body: &str, files: &[(&str, &[u8])]) -> Vec<String> {
    let bench = Workbench::with_recipe(&format!("{HEAD}tags: [1.0-py312]\n{body}"));
    for (path, bytes) in files {
        bench.write(path, bytes);
    }
    let findings = match bench.load(&[]) {
        Ok(loaded) => loaded.notes,
        Err(OpError::Invalid(findings)) => findings,
        Err(error) => panic!("{error}"),
    };
    let errors = findings
        .sorted()
        .into_iter()
        .filter(|one| one.level == Level::Error);
    errors
        .map(|one| format!("{} {}", one.place, one.message))
        .collect()
}

#[test]
fn what_is_wrong_in_a_recipe_is_told_at_its_place() {
    for (body, place, words) in [
        (
            "kernel: {runtime: app, runtime: python}\n",
            "r.yaml:5:24",
            "`runtime`",
        ),
        (
            "labels: {ai.backend.role: COMPUTE, ai.backend.role: SYSTEM}\n",
            "r.yaml:5:36",
            "ai.backend.role",
        ),
        (
            "kernel: {services: {a: {protocol: http, port: 8080}, a: {protocol: tcp, port: 1}}}\n",
            "r.yaml:5:54",
            "`a`",
        ),
        (
            "kernel: {services: {a: {protocol: http, port: 8080}, 한: {protocol: tcp, port: [8081, 8080]}}}\n",
            "r.yaml:5:54",
            "port 8080",
        ),
        (
            "kernel: {services: {a: {protocol: http, port: ８０８０}}}\n",
            "r.yaml:5:47",
            "`８０８０` is no port",
        ),
        (
            "labels: {ai.backend.service-ports: \"a:http:8080, b:http:8081\"}\n",
            "r.yaml:5:36",
            "` b:http:8081`",
        ),
        (
            "kernel: {resources: {min: {mem: 256Mi}}}\n",
            "r.yaml:5:33",
            "`256Mi`",
        ),
        (
            "labels:\n  ai.backend.resource.min.mem: １g\n",
            "r.yaml:6:32",
            "`１g`",
        ),
        (
            "kernel: {features: [\"a b\"]}\n",
            "r.yaml:5:21",
            "two items",
        ),
        (
            "kernel: {base_distro: \"ubuntu22.04\u{a0}\"}\n",
            "r.yaml:5:23",
            "no binaries",
        ),
    ] {
        let found = said(body, &[]);
        let hit = found
            .iter()
            .any(|line| line.starts_with(&format!("{place} ")) && line.contains(words));
        assert!(hit, "{body}{found:#?}");
    }
}

#[test]
fn definitions_that_are_no_definitions_are_told_at_their_places() {
    let body =
        "kernel: {runtime: app, services: {a: {protocol: http, port: 8080}}, definitions: defs}\n";
    for (bytes, place, words) in [
        (&b""[..], "defs/a.json:1:1", "not valid JSON"),
        (b"\n\n  command: [x]\n", "defs/a.json:3:3", "not valid JSON"),
        (
            b"{\"command\": [\"a\"],}",
            "defs/a.json:1:19",
            "not valid JSON",
        ),
        (b"{'command': ['a']}", "defs/a.json:1:2", "not valid JSON"),
        (
            b"{\"command\": [\"a\"]} x",
            "defs/a.json:1:20",
            "not valid JSON",
        ),
        (b"{\"command\": NaN}", "defs/a.json:1:13", "not valid JSON"),
        (
            "\u{feff}{\"command\": [\"a\"]}".as_bytes(),
            "defs/a.json:1:1",
            "not valid JSON",
        ),
        ("[\"한\"]".as_bytes(), "defs/a.json:1:1", "an object"),
        (b"null", "defs/a.json:1:1", "an object"),
        (
            "{\"command\": [\"a\"],\n \"명령\": 1}".as_bytes(),
            "defs/a.json:2:2",
            "unknown key `명령`",
        ),
        (
            b"{\"command\": [\"a\", 1]}",
            "defs/a.json:1:19",
            "a list of texts",
        ),
        (b"{\"command\": [\"{a\"]}", "defs/a.json:1:14", "not closed"),
    ] {
        let found = said(body, &[("defs/a.json", bytes)]);
        let hit = found
            .iter()
            .any(|line| line.starts_with(&format!("{place} ")) && line.contains(words));
        assert!(hit, "{}\n{found:#?}", String::from_utf8_lossy(bytes));
    }
    // A byte that is no text has no place in a text, but a file.
    let found = said(body, &[("defs/a.json", b"{\"command\": [\"\xff\"]}")]);
    assert!(
        found.iter().any(|line| line.contains("defs/a.json")),
        "{found:?}"
    );
}

#[test]
fn a_key_of_a_definition_that_stands_twice_is_told_at_the_second() {
    let text = "{\"command\": [\"한\"],\n  \"env\": {\"A\": \"1\", \"A\": \"2\"},\n  \"command\": [\"b\"]}";
    let faults = check_definition(text);
    let places: Vec<&str> = faults.iter().map(|(at, _)| &text[at.clone()]).collect();
    assert_eq!(places, ["\"A\"", "\"command\""]);
    assert!(
        faults
            .iter()
            .all(|(_, fault)| fault.message.contains("stands twice"))
    );
}
