//! `secret-in-image`: something that opens doors, in an image that everybody can read.

use crate::diagnostic::{Finding, Level};
use crate::lint::rule::{Check, Example, Rule, SECURITY};
use crate::lint::tree::{TextView, entries, scalars, texts, values};
use crate::lint::view::{Report, Written};
use crate::text::Spanned;
use crate::yaml::Node;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "secret-in-image",
    group: SECURITY,
    level: Some(Level::Error),
    fixed: false,
    summary: "a password, key or token stands in the recipe",
    why: "Environment, labels, arguments and the text of steps are in the image's configuration and history, and the recipe is \
          in git: everybody who can pull or clone can read them. `secrets` hands a file or variable to a step and leaves no \
          trace; what a service needs when it runs comes from where it runs.",
    bad: Example(&[(Example::PATH, "env: {DB_PASSWORD: hunter2}\n")]),
    good: Example(&[(
        Example::PATH,
        "steps:\n  - run: ./migrate.sh\n    secrets: [{id: db_password, env: DB_PASSWORD}]\n",
    )]),
    check: Check::Written(check),
};

/// What names of secrets contain.
const PARTS: [&str; 7] = [
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "API_KEY",
    "APIKEY",
    "ACCESS_KEY",
    "PRIVATE_KEY",
];
/// What they contain as a word of its own: `TOKENIZERS_PARALLELISM` has nothing to hide.
const WORDS: [&str; 4] = ["SECRET", "TOKEN", "CREDENTIAL", "CREDENTIALS"];
/// How names end that only say where a secret is, or something about it.
const ABOUT: [&str; 20] = [
    "_FILE",
    "_PATH",
    "_DIR",
    "_URL",
    "_URI",
    "_ID",
    "_NAME",
    "_TTL",
    "_LENGTH",
    "_TYPE",
    "_HEADER",
    "_EXPIRY",
    "_LIMIT",
    "_SIZE",
    "_COUNT",
    "_TIMEOUT",
    "_ALGORITHM",
    "_ENABLED",
    "_REQUIRED",
    "_PROVIDER",
];
/// How secrets of well-known services begin, and the fewest characters that follow.
const BEGINNINGS: [(&str, usize); 11] = [
    ("ghp_", 30),
    ("gho_", 30),
    ("ghs_", 30),
    ("github_pat_", 30),
    ("glpat-", 16),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("AKIA", 16),
    ("hf_", 30),
    ("pypi-AgE", 30),
    ("npm_", 30),
];

fn check(view: &Written<'_>, report: &mut Report<'_>) {
    let tree = view.tree;
    for key in ["env", "labels", "annotations"] {
        for map in values(tree, key) {
            named(map, report);
        }
    }
    for args in values(tree, "dockerfile")
        .into_iter()
        .flat_map(|map| values(map, "args"))
    {
        named(args, report);
    }
    for step in view.steps() {
        for map in values(step.node, "env") {
            named(map, report);
        }
        if step.word.value == "env" {
            named(step.value, report);
        }
    }
    for stages in values(tree, "stages") {
        for stage in entries(stages) {
            for map in values(&stage.value, "env") {
                named(map, report);
            }
        }
    }
    scalars(tree, &mut |text| well_known(text, report));
}

/// Entries of a map whose names say what they are.
fn named(map: &Node, report: &mut Report<'_>) {
    for entry in entries(map) {
        if !is_secret(&entry.key.value) {
            continue;
        }
        for text in texts(&entry.value) {
            if is_filled(text.text) {
                tell(&entry.key, text, report);
            }
        }
    }
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase().replace(['-', '.'], "_");
    let has = PARTS.iter().any(|part| upper.contains(part))
        || upper.split('_').any(|word| WORDS.contains(&word));
    has && !ABOUT.iter().any(|end| upper.ends_with(end))
}

/// Whether a value may be a secret: neither empty, nor a path, a number or a switch.
fn is_filled(value: &str) -> bool {
    let dull = [
        "true", "false", "yes", "no", "on", "off", "none", "null", "optional", "required",
    ];
    let is_number = value.len() < 6 && value.bytes().all(|byte| byte.is_ascii_digit());
    let is_dull = dull.contains(&value.to_ascii_lowercase().as_str());
    !is_dull && !is_number && !value.starts_with('/')
}

fn tell(key: &Spanned<String>, text: TextView<'_>, report: &mut Report<'_>) {
    let message = format!("`{}` can be read by everybody who has the image", key.value);
    let finding = Finding::error(&text.node.place, message);
    report.push(finding.with_help("hand it to the step that needs it with `secrets`"));
}

/// A text with a token of a known form, a private key, or a password in a URL.
fn well_known(text: TextView<'_>, report: &mut Report<'_>) {
    let found = token(text.text)
        .map(|at| (at, "this looks like a token"))
        .or_else(|| {
            text.text
                .find("-----BEGIN ")
                .filter(|&at| text.text[at..].contains("PRIVATE KEY-----"))
                .map(|at| (at..at + 10, "this is a private key"))
        })
        .or_else(|| login(text.text).map(|at| (at, "this URL has a password in it")));
    if let Some((at, message)) = found {
        let finding = Finding::error(&text.part(at), message);
        report.push(
            finding.with_help("take it back, and hand the new one to the step with `secrets`"),
        );
    }
}

fn token(text: &str) -> Option<std::ops::Range<usize>> {
    BEGINNINGS.iter().find_map(|(start, fewest)| {
        // `npm_config_…` is a name, and not a token.
        let joined = matches!(
            *start,
            "github_pat_" | "glpat-" | "xoxb-" | "xoxp-" | "pypi-AgE"
        );
        let fits = |c: char| c.is_ascii_alphanumeric() || (joined && matches!(c, '_' | '-'));
        text.match_indices(start).find_map(|(at, _)| {
            let before = text[..at].chars().next_back();
            let rest = &text[at + start.len()..];
            let len = rest.find(|c| !fits(c)).unwrap_or(rest.len());
            let apart = before.is_none_or(|c| !c.is_ascii_alphanumeric());
            (apart && len >= *fewest).then(|| at..at + start.len() + len)
        })
    })
}

/// `scheme://user:password@host`, unless the password comes from an expression or a variable.
fn login(text: &str) -> Option<std::ops::Range<usize>> {
    text.match_indices("://").find_map(|(scheme, _)| {
        let start = scheme + 3;
        let authority = &text[start..];
        let end = authority
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '"' | '\'' | ','))
            .unwrap_or(authority.len());
        let (login, _) = authority[..end].rsplit_once('@')?;
        let (_, password) = login.split_once(':')?;
        (!password.is_empty() && !password.contains('$')).then(|| start..start + login.len())
    })
}

#[cfg(test)]
mod tests {
    use super::{is_filled, is_secret, login, token};

    #[test]
    fn a_name_says_what_it_is_unless_it_only_speaks_of_it() {
        for name in [
            "DB_PASSWORD",
            "aws_secret_access_key",
            "api-key",
            "GITHUB_TOKEN",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "PASSWORD_FILE",
            "TOKEN_URL",
            "SECRET_NAME",
            "PATH",
            "토큰",
            "TOKENIZERS_PARALLELISM",
            "MAX_TOKENS",
        ] {
            assert!(!is_secret(name), "{name}");
        }
        assert!(is_filled("hunter2") && !is_filled("/run/secrets/x") && !is_filled(""));
        assert!(!is_filled("yes") && !is_filled("4096") && is_filled("123456"));
    }

    #[test]
    fn tokens_and_logins_are_known_by_their_form() {
        assert!(token(&format!("x ghp_{}", "a".repeat(36))).is_some());
        assert!(token("ghp_short").is_none());
        assert!(token("npm_config_update_notifier_and_many_more_words").is_none());
        assert!(login("https://me:pw@a.example/x").is_some());
        assert!(login("https://me:$PW@a.example/x").is_none());
        assert!(login("https://a.example/@x:y").is_none());
    }
}
