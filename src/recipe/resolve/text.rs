//! Values as they are written in a recipe, so that they are read back as they are.

use super::tree::{Origin, Tree, TreeKind};
use crate::recipe::expr::Value;

/// Text as it is written in a recipe.
pub(super) fn escaped(text: &str) -> String {
    text.replace("${{", "$${{")
}

/// The value of a variable as it is written in `env`.
pub(super) fn escaped_variable(text: &str) -> String {
    let mut all = String::new();
    for (at, c) in text.char_indices() {
        all.push(c);
        let behind = &text[at + c.len_utf8()..];
        let expands = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '$');
        if c == '$' && behind.starts_with(expands) {
            all.push('$');
        }
    }
    all
}

pub(super) fn of_value(
    origin: &Origin,
    value: Value,
    written: &dyn Fn(&str) -> String,
) -> TreeKind {
    match value {
        Value::Text(text) => TreeKind::Text(written(&text)),
        Value::Bool(value) => TreeKind::Bool(value),
        Value::List(items) => {
            let item = |text: &String| Tree::text(origin.clone(), written(text));
            TreeKind::List(items.iter().map(item).collect())
        }
    }
}

/// A path from the workspace's root, of one written in a folder. With `parents` what lies below that folder
/// is kept of it, unless it says itself from where on.
pub(super) fn from_root(folder: &str, path: &str, parents: bool) -> String {
    let dot = if parents && !path.contains("/./") {
        "./"
    } else {
        ""
    };
    match (path.starts_with('/'), folder) {
        (true, _) => path.to_owned(),
        (false, "") => format!("/{dot}{path}"),
        (false, folder) => format!("/{folder}/{dot}{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{escaped, escaped_variable, from_root};
    use crate::recipe::expr::split;

    #[test]
    fn a_dollar_of_a_value_is_written_so_that_it_is_read_back() {
        for (value, text, variable) in [
            ("한 ${{ x }}", "한 $${{ x }}", "한 $${{ x }}"),
            ("a$b$", "a$b$", "a$$b$"),
            ("$${{", "$$${{", "$$$${{"),
            ("${HOME} $1", "${HOME} $1", "$${HOME} $1"),
        ] {
            assert_eq!(escaped(value), text);
            assert_eq!(escaped_variable(value), variable);
            assert_eq!(split(text).unwrap().literal().unwrap(), value);
        }
    }
    #[test]
    fn a_path_of_another_folder_begins_at_the_root_of_the_workspace() {
        for (folder, path, parents, expected) in [
            ("common", "한.txt", false, "/common/한.txt"),
            ("", "a/b", false, "/a/b"),
            ("a/b", "../c/", false, "/a/b/../c/"),
            ("a", "/x", true, "/x"),
            ("a", "x/y", true, "/a/./x/y"),
            ("a", "x/./y", true, "/a/x/./y"),
        ] {
            assert_eq!(from_root(folder, path, parents), expected);
        }
    }
}
