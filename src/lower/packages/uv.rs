//! `installer: uv`: pip's words, said to uv.

use super::pip::Tool;

const CACHE: &str = "/run/kiln/uv/cache";

/// uv is a program of the image or of a mount, or a module of the interpreter.
pub(super) fn tool(python: &str) -> Tool {
    let advice = "there is no uv in the image: install it by a `pip` step with `installer: pip`, \
                  mount it, or let pip install";
    let before = [
        "if command -v uv >/dev/null 2>&1; then set -- uv".to_owned(),
        format!("elif {python} -m uv --version >/dev/null 2>&1; then set -- {python} -m uv"),
        format!("else echo '{advice}' >&2; exit 127; fi"),
    ];
    Tool {
        name: "uv",
        cache: CACHE,
        env: &[
            ("UV_CACHE_DIR", CACHE),
            ("UV_BREAK_SYSTEM_PACKAGES", "1"),
            // The cache is another file system, and goes away with the step.
            ("UV_LINK_MODE", "copy"),
            ("UV_NO_PROGRESS", "1"),
            ("UV_PYTHON_DOWNLOADS", "never"),
        ],
        before: Some(before.join("\n")),
        install: format!("\"$@\" pip install --python {python}"),
        uninstall: format!("\"$@\" pip uninstall --python {python}"),
    }
}
