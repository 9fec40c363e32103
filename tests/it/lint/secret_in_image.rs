//! `secret-in-image`: names that hide something, and texts that open something.

use super::{bench, found_by, report, shown};

fn of(rest: &str) -> Vec<String> {
    found_by("secret-in-image", rest)
}

#[test]
fn environments_labels_arguments_and_stages_are_looked_at() {
    for (rest, place) in [
        ("env: {DB_PASSWORD: 열려라}\n", "5:20"),
        ("labels: {api-key: abcdef}\n", "5:19"),
        (
            "steps:\n  - run: [x]\n    env: {GITHUB_TOKEN: abcdef}\n",
            "7:25",
        ),
        ("steps:\n  - env: {SECRET: abcdef}\n", "6:19"),
        (
            "stages:\n  s: {base: scratch, env: {A_SECRET: abcdef}}\nbase: {stage: s}\n",
            "5:38",
        ),
    ] {
        let lines = of(rest);
        assert_eq!(lines.len(), 1, "{rest}: {lines:?}");
        assert!(
            lines[0].starts_with(&format!("{place}: error[")),
            "{lines:?}"
        );
    }
}

#[test]
fn arguments_of_a_dockerfile_stay_in_its_history() {
    let recipe = "kiln: 1\nname: a\ntags: [\"1\"]\ndockerfile: {args: {NPM_TOKEN: abcdef}}\n";
    let bench = bench(&[
        ("recipes/a.yaml", recipe),
        ("recipes/Dockerfile", "FROM scratch\n"),
    ]);
    let lines = shown(&report(&bench, &[]));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("[secret-in-image]"), "{lines:?}");
}

#[test]
fn a_token_in_a_script_is_known_by_its_form() {
    let token = format!("ghp_{}", "a1".repeat(18));
    let lines = of(&format!(
        "steps:\n  - run: git clone https://{token}@example.com/x\n"
    ));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("looks like a token"), "{lines:?}");
    let lines = of("env: {DATABASE: \"a://b, postgres://me:열려라@db/x\"}\n");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("a password in it"), "{lines:?}");
}

#[test]
fn names_that_only_speak_of_secrets_and_values_that_hide_nothing_are_left_alone() {
    for entry in [
        "TOKENIZERS_PARALLELISM: sometimes",
        "MAX_TOKENS: 4096",
        "PASSWORD_FILE: /run/secrets/x",
        "ALLOW_EMPTY_PASSWORD: \"yes\"",
        "TOKEN_URL: \"https://example.com\"",
        "GOOGLE_APPLICATION_CREDENTIALS: /run/secrets/g.json",
        "HOME: \"https://example.com/@a:b\"",
    ] {
        assert_eq!(of(&format!("env: {{{entry}}}\n")), [""; 0], "{entry}");
    }
    let secret = "steps:\n  - run: [x]\n    secrets: [{id: token, env: GITHUB_TOKEN}]\n";
    assert_eq!(of(secret), [""; 0]);
}
