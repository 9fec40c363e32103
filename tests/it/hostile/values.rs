//! Values stay data: whatever a variable holds, it reaches the builder as it is or not at all.

use kiln::recipe::{Command, EnvChange, StepKind};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use crate::common::{Workbench, loaded, mistakes};

/// What a shell gives a meaning to, or a terminal, or a YAML reader.
const META: &str = "$`\"'\\|&;<>(){}[]*?!#~ \t\n\r\u{7}\u{1b}\u{7f}^한☕\u{202e}\u{a0}";

/// A text as YAML's double quotes want it.
fn quoted(text: &str) -> String {
    let inner = text.chars().map(|c| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() || "\u{85}\u{2028}\u{2029}\u{feff}\u{a0}".contains(c) => {
            format!("\\U{:08x}", u32::from(c))
        }
        c if matches!(u32::from(c), 0xfffe | 0xffff) => format!("\\U{:08x}", u32::from(c)),
        c => c.to_string(),
    });
    format!("\"{}\"", inner.collect::<String>())
}

/// An expression in a var's value would be one: a dollar more makes it text.
fn escaped(text: &str) -> String {
    quoted(&text.replace("${{", "$${{"))
}

fn recipe(value: &str, body: &str) -> String {
    format!("kiln: 1\nname: r\nbase: debian:12\ntags: [x]\nvars: {{v: {value}}}\n{body}")
}

const DATA: &str = "env: {V: \"${{ v }}\"}\nlabels: {l: \"${{ v }}\", m: \"a${{ v }}b\"}\n\
                    cmd: [\"${{ v }}\", \"-${{ v }}-\"]\n\
                    steps:\n- run: [printf, \"${{ v }}\"]\n- write: {path: /f, content: \"${{ v }}\"}\n";

/// Everything that a value becomes, in the order of [`DATA`].
fn made(value: &str) -> Vec<String> {
    let loaded = loaded(&recipe(value, DATA));
    let content = loaded.images[0].contents.values().next().unwrap();
    let EnvChange::Set(env) = &content.env[0].change else {
        panic!("{:?}", content.env)
    };
    let runtime = &content.runtime;
    let mut all = vec![
        env.clone(),
        runtime.labels["l"].clone(),
        runtime.labels["m"].clone(),
    ];
    all.extend(runtime.cmd.clone().unwrap());
    for step in &content.steps {
        match &step.kind {
            StepKind::Run(Command::Args(words), _) => all.push(words[1].clone()),
            StepKind::Write(write) => all.push(write.content.clone()),
            other => panic!("{other:?}"),
        }
    }
    all
}

fn expected(text: &str) -> Vec<String> {
    let (a, b) = (format!("a{text}b"), format!("-{text}-"));
    [text, text, &a, text, &b, text, text]
        .map(str::to_owned)
        .to_vec()
}

#[test]
fn every_metacharacter_is_kept_as_data_and_refused_in_shell_text() {
    for c in META.chars() {
        let text = format!("x{c}y");
        assert_eq!(made(&quoted(&text)), expected(&text), "{c:?}");
        for body in [
            "steps:\n- run: \"echo ${{ v }}\"\n",
            "healthcheck: {test: [CMD-SHELL, \"echo ${{ v }}\"]}\n",
        ] {
            let said = mistakes(&recipe(&quoted(&text), body));
            assert!(
                said.len() == 1 && said[0].contains("shell syntax here"),
                "{c:?} {body}: {said:?}"
            );
        }
    }
}

#[test]
fn a_value_from_the_command_line_is_data_as_well() {
    let text = "$(rm -rf /) `x` ${{ arch }} '\"";
    let bench = Workbench::with_recipe(&recipe("x", "labels: {l: \"${{ v }}\"}\n"));
    let loaded = bench.load(&[("v", text)]).unwrap();
    let content = loaded.images[0].contents.values().next().unwrap();
    assert_eq!(content.runtime.labels["l"], text);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_without_a_zero_byte_round_trips_as_data(text in any::<String>()) {
        let text = text.replace('\0', "");
        prop_assert_eq!(made(&escaped(&text)), expected(&text));
    }

    #[test]
    fn shell_text_receives_no_character_outside_of_the_allowed_set(text in "\\PC{0,8}|[a-z$`;&|\n \"']{0,6}") {
        let safe = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
        let body = "steps:\n- run: \"echo ${{ v }}\"\n";
        let said = mistakes(&recipe(&escaped(&text), body));
        if text.chars().all(safe) {
            prop_assert!(said.is_empty(), "{:?}: {:?}", text, said);
            let loaded = loaded(&recipe(&escaped(&text), body));
            let content = loaded.images[0].contents.values().next().unwrap();
            let StepKind::Run(Command::Script(script), _) = &content.steps[0].kind else {
                panic!("{:?}", content.steps)
            };
            prop_assert_eq!(script, &format!("echo {text}"));
        } else {
            prop_assert!(said.iter().any(|line| line.contains("shell syntax here")), "{:?}", said);
        }
    }
}
