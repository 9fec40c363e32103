//! The keys of steps, but for those that install packages.

use super::packages::{APK, APT, CONDA, DNF, PIP};
use super::recipe::{ENV, RECIPE_REF, SHELL};
use super::sources::{DOWNLOAD, FETCH, GIT_MOUNT, GIT_STEP};
use super::types::{COMMAND, Field, MODE, OWNER, Rule, TEXTS, Table, Type, USER, VALUE, key};

/// The step words. `env` is also an option of steps that run a program.
pub const WORDS: [&str; 15] = [
    "run", "apt", "dnf", "apk", "pip", "conda", "fetch", "git", "copy", "write", "link", "mkdir",
    "remove", "env", "use",
];
/// What may stand beside any word.
pub const BESIDE: [&str; 2] = ["name", "if"];
/// What may stand beside a word that runs a program.
pub const PROGRAM: [&str; 10] = [
    "env", "workdir", "shell", "user", "mounts", "cache", "secrets", "ssh", "network", "native",
];

/// Whether options of programs may stand beside a word.
pub(super) fn runs_program(word: &str) -> bool {
    matches!(word, "run" | "apt" | "dnf" | "apk" | "pip" | "conda")
}

/// A step: all words and options; which may stand together is in [`super::emit`].
pub static STEP: Table = Table {
    name: "step",
    of: "",
    fields: &STEP_FIELDS,
    rules: &[],
};

static STEP_FIELDS: [Field; 27] = [
    key(
        "name",
        Type::Text,
        "What the step is called in progress and history.",
    ),
    key("if", Type::Expr, "The step is done only where this holds."),
    key(
        "run",
        COMMAND,
        "Text for the shell, or a program and its arguments.",
    ),
    key(
        "apt",
        Type::Table(&APT),
        "Packages of Debian and Ubuntu. Nothing has to be cleaned up.",
    ),
    key(
        "dnf",
        Type::Table(&DNF),
        "Packages of Fedora, RHEL and their kin, by dnf, microdnf or yum.",
    ),
    key("apk", Type::Table(&APK), "Packages of Alpine."),
    key("pip", Type::Table(&PIP), "Python packages."),
    key(
        "conda",
        Type::Table(&CONDA),
        "Packages by conda, mamba or micromamba.",
    ),
    key(
        "fetch",
        Type::Table(&FETCH),
        "A download, which the builder makes by itself.",
    ),
    key("git", Type::Table(&GIT_STEP), "A checkout of a repository."),
    key(
        "copy",
        Type::Table(&COPY),
        "Files of the workspace, of a stage or of another image.",
    ),
    key(
        "write",
        Type::Table(&WRITE),
        "A file from text that stands here or in a template.",
    ),
    key("link", Type::Table(&LINK), "A symbolic link."),
    key(
        "mkdir",
        Type::Many(&Type::Either(&[Type::Text, Type::Table(&MKDIR)])),
        "Folders, with those above them.",
    ),
    key(
        "remove",
        Type::Many(&Type::Text),
        "Paths and globs that go away; nothing there is fine.",
    ),
    key(
        "env",
        ENV,
        "As a step: variables from here on. Beside a program: variables of this step only.",
    ),
    key(
        "use",
        Type::Text,
        "A snippet by its name in templates/steps, or by its path.",
    ),
    key(
        "with",
        Type::Map(&VALUE),
        "Values for the snippet's inputs.",
    ),
    key("workdir", Type::Text, "Working directory of this step."),
    key("shell", SHELL, "What interprets the text of this `run`."),
    key("user", USER, "Who runs this step; root otherwise."),
    key(
        "mounts",
        Type::List(&Type::Table(&MOUNT)),
        "What is there during this step only, and leaves no trace.",
    ),
    key(
        "cache",
        Type::List(&Type::Either(&[Type::Text, Type::Table(&CACHE)])),
        "Folders that are kept between builds and stay out of the image.",
    ),
    key(
        "secrets",
        Type::List(&Type::Table(&SECRET)),
        "Values of `kiln build --secret`, as a file or a variable during this step.",
    ),
    key(
        "ssh",
        TEXTS,
        "Agents of `kiln build --ssh` that this step may use.",
    ),
    key(
        "network",
        Type::Word("network", &["default", "none", "host"]),
        "What network this step has.",
    ),
    key(
        "native",
        Type::Bool,
        "`false`: emulate this step on a foreign platform even where native tools could do it.",
    ),
];

/// Where files are taken from, other than the workspace.
const FROM: Type = Type::Either(&[Type::Text, Type::Table(&FROM_MAP), RECIPE_REF]);

static FROM_MAP: Table = Table {
    name: "from-map",
    of: "`from`",
    fields: &[
        key(
            "image",
            Type::Text,
            "An image of a registry, by tag or digest.",
        )
        .required(),
        key(
            "recipe",
            Type::Text,
            "A recipe of this workspace; beside it values of its axes and columns.",
        ),
    ],
    rules: &[],
};

static COPY: Table = Table {
    name: "copy",
    of: "`copy`",
    fields: &[
        key(
            "src",
            Type::Many(&Type::Source),
            "Files, folders and globs, from this file's folder or from `from`.",
        )
        .required(),
        key(
            "from",
            FROM,
            "A stage, `{image: …}` or `{recipe: …}`; the workspace otherwise.",
        ),
        key(
            "to",
            Type::Text,
            "Path in the image; ends in `/` where there are several sources.",
        )
        .required(),
        key(
            "exclude",
            TEXTS,
            "Patterns of what stays behind, as in .dockerignore.",
        ),
        key(
            "parents",
            Type::Bool,
            "Whether the folders above a source are kept.",
        ),
        key("mode", MODE, "Permissions, quoted: \"0755\"."),
        key(
            "owner",
            OWNER,
            "`user`, `uid` or `uid:gid`; root otherwise.",
        ),
    ],
    rules: &[],
};

static WRITE: Table = Table {
    name: "write",
    of: "`write`",
    fields: &[
        key("path", Type::Text, "Path in the image.").required(),
        key("content", Type::Text, "The file's text."),
        key(
            "template",
            Type::Path,
            "A Handlebars file, which sees the same names as expressions.",
        ),
        key(
            "append",
            Type::Bool,
            "Whether the text goes behind what is there; false.",
        ),
        key("mode", MODE, "Permissions, quoted; \"0644\"."),
        key(
            "owner",
            OWNER,
            "`user`, `uid` or `uid:gid`; root otherwise.",
        ),
    ],
    rules: &[Rule::One(&["content", "template"])],
};

static LINK: Table = Table {
    name: "link",
    of: "`link`",
    fields: &[
        key("path", Type::Text, "Where the link is.").required(),
        key("target", Type::Text, "What it points to.").required(),
    ],
    rules: &[],
};

static MKDIR: Table = Table {
    name: "folder",
    of: "`mkdir`",
    fields: &[
        key("path", Type::Text, "Path in the image.").required(),
        key("mode", MODE, "Permissions, quoted: \"0755\"."),
        key(
            "owner",
            OWNER,
            "`user`, `uid` or `uid:gid`; root otherwise.",
        ),
    ],
    rules: &[],
};

static MOUNT: Table = Table {
    name: "mount",
    of: "a mount",
    fields: &[
        key("path", Type::Text, "Where it is seen.").required(),
        key(
            "rw",
            Type::Bool,
            "Whether it can be written to; what is written is thrown away.",
        ),
        key(
            "src",
            Type::Source,
            "A file or folder of the workspace, or of `from`.",
        ),
        key("from", FROM, "A stage, `{image: …}` or `{recipe: …}`."),
        key("fetch", Type::Table(&DOWNLOAD), "A download."),
        key(
            "git",
            Type::Table(&GIT_MOUNT),
            "A checkout of a repository.",
        ),
        key("tmpfs", Type::Bool, "`true`: an empty folder in memory."),
    ],
    rules: &[
        Rule::One(&["src", "fetch", "git", "tmpfs"]),
        Rule::Needs("from", "src"),
    ],
};

static CACHE: Table = Table {
    name: "cache",
    of: "a cache",
    fields: &[
        key("path", Type::Text, "The folder.").required(),
        key(
            "id",
            Type::Text,
            "Shared by all caches of this id; by those of the repository otherwise.",
        ),
    ],
    rules: &[],
};

static SECRET: Table = Table {
    name: "secret",
    of: "a secret",
    fields: &[
        key("id", Type::Text, "Its id in `kiln build --secret`.").required(),
        key(
            "path",
            Type::Text,
            "The file it is seen as; /run/secrets/ID.",
        ),
        key(
            "env",
            Type::Text,
            "The variable it is seen as, in place of a file.",
        ),
        key(
            "required",
            Type::Bool,
            "Whether the build fails without it; true.",
        ),
    ],
    rules: &[],
};
