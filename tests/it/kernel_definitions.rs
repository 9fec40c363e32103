//! Definitions of services: what each release's runner reads, and where a mistake stands.

use kiln::kernel::check_definition;

fn shown(text: &str) -> Vec<String> {
    let faults = check_definition(text);
    faults
        .iter()
        .map(|(at, fault)| format!("{} {fault}", at.start))
        .collect()
}

#[test]
fn definitions_that_every_release_reads_pass() {
    for text in [
        r#"{"command": ["jupyter", "--port={ports[0]}", "{runtime_path}"]}"#,
        r#"{"prestart": [{"action": "write_tempfile", "args": {"body": ["c = {{}}\n", "한 = {ports}"]}, "ref": "conf"}],
            "command": ["x", "{conf}"], "env": {"A": "{conf}"}, "url_template": "{protocol}://{host}",
            "allowed_envs": ["P"], "allowed_arguments": ["--a"], "default_arguments": {"--a": null, "--b": "c", "--d": ["e"]}}"#,
        r#"{"noop": true, "command": ["true"]}"#,
    ] {
        assert!(shown(text).is_empty(), "{:?}", shown(text));
    }
}

#[test]
fn mistakes_are_found_where_they_stand() {
    for (text, at, words) in [
        (
            r#"{"command": ["a"], "comand": 1}"#,
            19,
            "unknown key `comand`",
        ),
        (r#"{"noop": true}"#, 0, "needs `command`"),
        (r#"["a"]"#, 0, "a definition is an object"),
        (r#"{"command": ["a"],}"#, 18, "not valid JSON"),
        (
            r#"{"command": ["a"], "command": ["b"]}"#,
            19,
            "stands twice",
        ),
        (r#"{"command": ["a", "{\"x\": 1}"]}"#, 18, "is no value"),
        (r#"{"command": ["a", "{port}"]}"#, 18, "is no value"),
        (
            r#"{"command": ["a", "{ports"]}"#,
            18,
            "not closed, so the service does not start (Backend.AI before 26.8)",
        ),
        (
            r#"{"command": ["a", "x}"]}"#,
            18,
            "stands alone, so the service does not start (Backend.AI before 26.8)",
        ),
        (r#"{"command": []}"#, 12, "empty"),
        (
            r#"{"command": ["a"], "prestart": [{"action": "chmod", "args": {}}]}"#,
            32,
            "no action",
        ),
        (
            r#"{"command": ["a"], "prestart": [{"action": "mkdir", "args": {}}]}"#,
            60,
            "needs `path`",
        ),
        (
            r#"{"command": ["a"], "prestart": [{"action": "mkdir", "args": {"path": "/", "mode": "7"}}]}"#,
            74,
            "has no argument",
        ),
        (r#"{"command": ["a"], "env": {"A": 1}}"#, 32, "not a number"),
    ] {
        let found = shown(text);
        let hit = found
            .iter()
            .any(|line| line.starts_with(&format!("{at} ")) && line.contains(words));
        assert!(hit, "{text}: {found:?}");
    }
}

#[test]
fn what_only_some_releases_read_names_them() {
    let before = shown(r#"{"command": "echo {ports}", "shell": "bash"}"#);
    assert_eq!(before.len(), 2);
    assert!(
        before
            .iter()
            .all(|line| line.ends_with("(Backend.AI before 24.09)")),
        "{before:?}"
    );
    let newest = shown(r#"{"command": ["echo", "{{x}}"]}"#);
    assert!(newest[0].ends_with("(Backend.AI 26.8)"), "{newest:?}");
    let arguments = shown(r#"{"command": ["x"], "default_arguments": {"--port": "{ports[0]}"}}"#);
    assert_eq!(arguments.len(), 1, "{arguments:?}");
    assert!(arguments[0].contains("handed on as they stand (Backend.AI before 26.8)"));
}
