//! Package steps as scripts of fixed shape.
//!
//! Every value that comes from a recipe is quoted as one word, so it stays data. Caches and everything
//! else the tools need for the step lie below `/run/kiln`, which is mounted and leaves nothing behind.

mod apt;
mod pip;

/// A word that a shell takes as it is.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Several words.
fn quoted_all(words: &[String]) -> String {
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word that may be a path with `*` in it: the `*` is left to the shell, all else is quoted.
fn quoted_path(word: &str) -> String {
    if !(word.starts_with('/') || word.starts_with("./")) || !word.contains('*') {
        return quoted(word);
    }
    word.split('*')
        .map(|part| {
            if part.is_empty() {
                String::new()
            } else {
                quoted(part)
            }
        })
        .collect::<Vec<_>>()
        .join("*")
}

#[cfg(test)]
mod tests {
    use super::{quoted, quoted_path};

    #[test]
    fn a_value_never_becomes_shell_syntax() {
        assert_eq!(quoted("torch>=2,<3"), "'torch>=2,<3'");
        assert_eq!(quoted("it's $(id)"), "'it'\\''s $(id)'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("libnccl2=2.1+cuda12.3"), "libnccl2=2.1+cuda12.3");
        assert_eq!(quoted_path("/wheels/a b*.whl"), "'/wheels/a b'*.whl");
        assert_eq!(quoted_path("x*"), "'x*'");
    }
}
