//! Recipes that are meant to do harm, each in one way, and a harmless one to compare them with.
//!
//! Shared by the tests, which look at what is said of them, and the bench, which looks at how long it
//! takes. Every file is below the size that kiln reads.

use std::fmt::Write as _;

/// A hostile recipe.
pub(crate) struct Family {
    /// What it tries.
    pub(crate) name: &'static str,
    /// The file.
    pub(crate) text: String,
    /// Words that a message about it holds; none where it is a recipe like others.
    pub(crate) says: &'static str,
}

/// The bytes that a family fills, a little below the limit.
const FULL: usize = 1_000_000;

const HEAD: &str = "kiln: 1\nname: r\nbase: debian:12\n";

/// As many lines as fit, and no more than `most`: a file has a limit for its values as well.
fn lines(head: &str, most: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_owned();
    for number in 0..most {
        let line = line(number);
        if text.len() + line.len() > FULL {
            break;
        }
        text.push_str(&line);
    }
    text
}

/// A large recipe that a person might have written.
pub(crate) fn harmless() -> String {
    let words = "words of a command as they are, one after the other, until the line is long";
    lines(
        &format!("{HEAD}tags: [x]\nvars: {{a: 하나}}\nsteps:\n"),
        6_900,
        |number| {
            format!(
                "- run: \"echo step {number} of ${{{{ arch }}}} {words}\"\n  env: {{A: \"${{{{ a }}}}\"}}\n"
            )
        },
    )
}

fn recipe(body: &str) -> String {
    format!("{HEAD}tags: [x]\n{body}")
}

/// Every family.
pub(crate) fn all() -> Vec<Family> {
    let mut all = shapes();
    all.extend(words());
    all.extend(growth());
    all.extend(items());
    all.extend(depth());
    all.into_iter()
        .map(|(name, says, text)| Family { name, text, says })
        .collect()
}

type Raw = (&'static str, &'static str, String);

/// YAML that is large, deep or shared.
fn shapes() -> Vec<Raw> {
    let bomb = (1..20).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        let before = format!("*a{}", n - 1);
        text + &format!("a{n}: &a{n} [{before}, {before}, {before}]\n")
    });
    vec![
        ("an alias bomb", "aliases", recipe(&bomb)),
        ("open brackets", "nested deeper", recipe(&"[".repeat(FULL))),
        (
            "closed brackets",
            "nested deeper",
            recipe(&format!(
                "a: {}{}",
                "[".repeat(400_000),
                "]".repeat(400_000)
            )),
        ),
        (
            "deep blocks",
            "nested deeper",
            recipe(&(0..1000).fold(String::new(), |text, n| text + &" ".repeat(n) + "a:\n")),
        ),
        (
            "one key many times",
            "stands twice",
            lines(&recipe("labels:\n"), 24_000, |_| "  한: x\n".into()),
        ),
        (
            "many keys twice",
            "stands twice",
            lines(&recipe("labels:\n"), 24_000, |n| {
                format!("  k{}: x\n", n / 2)
            }),
        ),
        (
            "many labels",
            "values and keys",
            lines(&recipe("labels:\n"), FULL, |n| format!("  k{n}: x\n")),
        ),
        (
            "one long text",
            "",
            recipe(&format!("labels: {{l: \"{}\"}}\n", "한".repeat(FULL / 4))),
        ),
        (
            "one long comment",
            "",
            recipe(&format!("# {}\n", "x".repeat(FULL))),
        ),
        ("blank lines", "", recipe(&"\n".repeat(FULL))),
        (
            "anchors",
            "anchors",
            lines(&recipe("labels:\n"), 24_000, |n| {
                format!("  k{n}: &a{n} x\n")
            }),
        ),
        (
            "plain digits",
            "this is a number",
            recipe(&format!("labels: {{l: 1{}.5}}\n", "0".repeat(FULL / 2))),
        ),
        (
            "mistakes on one line",
            "is a number",
            recipe(&format!("cmd: [{}]\n", "1.5, ".repeat(FULL / 25))),
        ),
    ]
}

/// Words that are wrong, and that are looked up among many.
fn words() -> Vec<Raw> {
    let near = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefg";
    let vars = lines("", 4_000, |n| format!("  {near}{n:04}: x\n"));
    let unknown = |name: &str| {
        lines(&recipe(&format!("vars:\n{vars}cmd:\n")), 30_000, |n| {
            format!("- \"a ${{{{ {name}{:04} }}}}\"\n", n + 5000)
        })
    };
    vec![
        (
            "unknown keys",
            "unknown key",
            lines(&recipe(""), 24_000, |n| format!("step{n}: x\n")),
        ),
        (
            "one unknown key as long as the file",
            "unknown key",
            recipe(&format!("? \"{}\"\n: x\n", "installinstall".repeat(70_000))),
        ),
        ("unknown names near many", "unknown name", unknown(near)),
        (
            "unknown names in one text",
            "unknown name",
            recipe(&format!(
                "workdir: \"/{}\"\n",
                "${{ archh }}".repeat(FULL / 13)
            )),
        ),
        (
            "unknown names in one block",
            "unknown name",
            lines(&recipe("steps:\n- run: |\n"), FULL, |_| {
                "    echo ${{ archh }} 한\n".into()
            }),
        ),
        (
            "open expressions",
            "no `}}`",
            recipe(&format!("workdir: '/{}'\n", "${{ a".repeat(FULL / 6))),
        ),
        (
            "quotes in expressions",
            "no meaning",
            recipe(&format!(
                "workdir: \"/${{{{ '{}\"\n",
                "}}'${{".repeat(FULL / 7)
            )),
        ),
        (
            "unknown stages",
            "no stage",
            lines(&recipe("steps:\n"), 5_000, |n| {
                format!("- copy: {{from: s{n}, src: a, to: /a}}\n")
            }),
        ),
        (
            "escaped expressions",
            "",
            recipe(&format!("labels: {{l: '{}'}}\n", "$${{".repeat(FULL / 5))),
        ),
    ]
}

/// Small files that make much.
fn growth() -> Vec<Raw> {
    let ten = "[\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]";
    let axes = (0..10).fold(String::new(), |text, n| text + &format!("  x{n}: {ten}\n"));
    let doubles = (0..12).fold("  v12: 값\n".to_owned(), |mut text, n| {
        let next = format!("${{{{ v{} }}}}", n + 1);
        let _ = writeln!(text, "  v{n}: \"{next}{next}{next}{next}\"");
        text
    });
    let wide = lines(
        &recipe(&format!("axes:\n  a: {ten}\n  b: {ten}\nrows:\n- x: y\n")),
        20_000,
        |n| format!("  c{n}: x\n"),
    );
    let steps = lines("", 10_000, |n| format!("- run: echo {n}\n"));
    let thousand = format!("axes:\n  a: {ten}\n  b: {ten}\n  c: {ten}\n");
    let many = recipe("").replace("[x]", "[\"${{ a }}${{ b }}${{ c }}\"]");
    vec![
        (
            "ten axes of ten",
            "10000000000 variants",
            recipe(&format!("axes:\n{axes}")),
        ),
        (
            "a long axis times a long axis",
            "variants",
            recipe(&format!(
                "axes:\n{}{}",
                lines("  a:\n", 10_000, |n| format!("  - v{n}\n")),
                lines("  b:\n", 10_000, |n| format!("  - w{n}\n")),
            )),
        ),
        ("a wide row times axes", "names each", wide),
        (
            "many steps times many variants",
            "more than",
            format!("{many}{thousand}steps:\n{steps}"),
        ),
        (
            "a long text times many variants",
            "more than",
            format!(
                "{many}{thousand}labels: {{l: \"{}\"}}\n",
                "x".repeat(FULL - 400)
            ),
        ),
        (
            "vars that make each other four times as long",
            "longer than",
            recipe(&format!(
                "vars:\n{doubles}labels: {{l: \"${{{{ v0 }}}}\"}}\n"
            )),
        ),
    ]
}

/// Items that make much each.
fn items() -> Vec<Raw> {
    let list = format!("[{}]", "aaaaaaaa, ".repeat(2_000));
    let spliced = lines(
        &recipe(&format!("vars: {{many: {list}}}\ncmd:\n")),
        30_000,
        |_| "- \"${{ many }}\"\n".into(),
    );
    vec![
        ("a long list in every item", "more than", spliced),
        (
            "a long var in every item",
            "more than",
            lines(
                &recipe(&format!("vars: {{long: {}}}\ncmd:\n", "x".repeat(300_000))),
                30_000,
                |_| "- \"${{ long }}\"\n".into(),
            ),
        ),
        (
            "a search in a long list by every item",
            "more than",
            lines(
                &recipe(&format!("vars: {{many: {list}}}\ncmd:\n")),
                8_000,
                |_| "- {if: \"'b' in many\", then: x}\n".into(),
            ),
        ),
        (
            "a replacement that multiplies",
            "would make",
            recipe(&format!(
                "vars: {{a: {}, b: {}}}\nlabels: {{l: \"${{{{ replace(a, 'x', b) }}}}\"}}\n",
                "x".repeat(400_000),
                "y".repeat(400_000)
            )),
        ),
        (
            "all ports again and again",
            "more than",
            lines(&recipe("expose:\n"), 40_000, |_| "- 1-65535\n".into()),
        ),
        (
            "a match with many cases",
            "",
            lines(
                &recipe("labels:\n  l:\n    match: arch\n    else: x\n    cases:\n"),
                20_000,
                |n| format!("      case-{n}-with-a-long-name-to-keep-them-few: \"yes\"\n"),
            ),
        ),
    ]
}

/// Chains that are followed to their end.
fn depth() -> Vec<Raw> {
    let vars = lines(
        &recipe("labels: {l: \"${{ v0 }}\"}\nvars:\n"),
        20_000,
        |n| format!("  v{n}: \"${{{{ v{} }}}}\"\n", n + 1),
    );
    let stages = lines(&recipe("stages:\n"), 8_000, |n| {
        format!("  s{n}: {{base: {{stage: s{}}}}}\n", n + 1)
    });
    let nested = |inner: &str| {
        (0..50).fold(inner.to_owned(), |text, _| {
            format!(
                "{{if: arch == \"arm64\", then: {text}, else: {text2}}}",
                text2 = "x"
            )
        })
    };
    // Each var is a nest of conditions whose innermost condition needs the next var.
    let weave = (0..40).fold(String::new(), |mut text, n| {
        let call = "replace(".repeat(14) + &format!("v{}", n + 1) + &", 'a', 'b')".repeat(14);
        let condition = format!(
            "{{if: '{}', then: x}}",
            call.replace('\'', "\"") + " == \"x\""
        );
        let _ = writeln!(text, "  v{n}: {}", nested(&condition));
        text
    });
    let chained = |word: &str| format!("labels: {{l: {{if: 'arch == \"x\"{word}', then: x}}}}\n");
    vec![
        ("vars that need each other", "nested too deeply", vars),
        ("stages that begin with each other", "stages", stages),
        (
            "conditions in conditions in vars",
            "nested too deeply",
            recipe(&format!(
                "vars:\n{weave}  v40: a\nlabels: {{l: \"${{{{ v0 }}}}\"}}\n"
            )),
        ),
        (
            "a chain of `or`",
            "in one expression",
            recipe(&chained(&" or arch == \"y\"".repeat(FULL / 16))),
        ),
        (
            "a chain of `not`",
            "nested too deeply",
            recipe(&chained(&format!(
                " or {}arch == \"x\"",
                "not ".repeat(FULL / 5)
            ))),
        ),
        (
            "a list in an expression",
            "",
            recipe(&chained(&format!(
                " or arch in [{}\"y\"]",
                "\"x\", ".repeat(FULL / 6)
            ))),
        ),
    ]
}
