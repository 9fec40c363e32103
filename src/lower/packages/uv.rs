//! `installer: uv`: pip's words, said to uv.

use super::installer::Tool;
use super::{quoted, uv_options};
use crate::lower::native::Python;
use crate::recipe::steps::Pip;

const CACHE: &str = "/run/kiln/uv-cache";

const ENV: &[(&str, &str)] = &[
    ("UV_CACHE_DIR", CACHE),
    ("UV_BREAK_SYSTEM_PACKAGES", "1"),
    // The cache is another file system, and no part of the image.
    ("UV_LINK_MODE", "copy"),
    ("UV_NO_PROGRESS", "1"),
    // Which package is of which index is said by sources.
    ("UV_NO_SOURCES", "0"),
    ("UV_PYTHON_DOWNLOADS", "never"),
];

/// uv locks the interpreter's packages by a file there or in the virtual environment, and leaves it; another user's is
/// none of ours.
const LOCKS: &str = "rm -f \"${TMPDIR:-/tmp}\"/uv-*.lock \"${python%/bin/*}/.lock\" || true";

/// uv wants the interpreter by its path: it takes a bare name for a version to look for, and then wants a virtual
/// environment.
fn found(python: &str) -> String {
    let missing = quoted(&format!("there is no {python} in the image"));
    let python = quoted(python);
    format!("python=$(command -v {python}) || {{ echo {missing} >&2; exit 127; }}")
}

/// kiln's own uv.
pub(super) fn kilns(pip: &Pip, python: &Python) -> Tool {
    let folders = uv_options::folders(&pip.options);
    let program = Python::program();
    let (beside, after) = python.around(CACHE);
    Tool {
        name: "uv",
        cache: CACHE,
        env: ENV,
        options: uv_options::known(&pip.options),
        reads_projects: true,
        before: Some(format!(
            "{}\n{}\n{beside}",
            found(&pip.python),
            python.before(&folders)
        )),
        after: Some(format!("{LOCKS}\n{after}")),
        install: format!("{program} pip install --no-config --python \"$python\""),
        uninstall: format!("{program} pip uninstall --no-config --python \"$python\""),
    }
}

/// The uv that a step mounts: a program of the path, or a module of the interpreter.
pub(super) fn tool(pip: &Pip) -> Tool {
    let advice = "there is no uv in the image, and none where the step mounts one: leave the mount out, and kiln \
                  brings its own";
    let before = [
        found(&pip.python),
        "if command -v uv >/dev/null 2>&1; then set -- uv".to_owned(),
        "elif \"$python\" -m uv --version >/dev/null 2>&1; then set -- \"$python\" -m uv"
            .to_owned(),
        format!("else echo '{advice}' >&2; exit 127; fi"),
    ];
    Tool {
        name: "uv",
        cache: CACHE,
        env: ENV,
        options: uv_options::known(&pip.options),
        reads_projects: true,
        before: Some(before.join("\n")),
        after: Some(LOCKS.to_owned()),
        install: "\"$@\" pip install --python \"$python\"".to_owned(),
        uninstall: "\"$@\" pip uninstall --python \"$python\"".to_owned(),
    }
}
