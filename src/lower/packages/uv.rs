//! `installer: uv`: pip's words, said to uv.

use super::pip::Tool;
use super::quoted;

const CACHE: &str = "/run/kiln/uv/cache";

/// uv is a program of the image or of a mount, or a module of the interpreter. That one is named by its path: uv
/// takes a bare name for a version to look for, and then wants a virtual environment.
pub(super) fn tool(python: &str) -> Tool {
    let advice = "there is no uv in the image: install it by a `pip` step with `installer: pip`, \
                  mount it, or let pip install";
    let missing = quoted(&format!("there is no {python} in the image"));
    let python = quoted(python);
    let before = [
        format!("python=$(command -v {python}) || {{ echo {missing} >&2; exit 127; }}"),
        "if command -v uv >/dev/null 2>&1; then set -- uv".to_owned(),
        "elif \"$python\" -m uv --version >/dev/null 2>&1; then set -- \"$python\" -m uv"
            .to_owned(),
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
        // uv locks the interpreter's packages by a file there, and leaves it; another user's is none of ours.
        after: Some("rm -f \"${TMPDIR:-/tmp}\"/uv-*.lock || true".to_owned()),
        install: "\"$@\" pip install --python \"$python\"".to_owned(),
        uninstall: "\"$@\" pip uninstall --python \"$python\"".to_owned(),
    }
}
