//! The keys of steps that install packages.

use super::sources::FILE;
use super::types::{TEXTS, Table, Type, URL, key};

/// A package's name, or a package file.
const PACKAGES: Type = Type::List(&Type::Either(&[Type::Text, Type::Table(&FILE)]));

pub(super) static APT: Table = Table {
    name: "apt",
    of: "`apt`",
    fields: &[
        key(
            "install",
            PACKAGES,
            "Packages, as apt names them, and package files by `{url, sha256}`.",
        ),
        key(
            "remove",
            TEXTS,
            "Packages that go away, with what became unneeded.",
        ),
        key("options", TEXTS, "Options of every call, as they stand."),
        key(
            "upgrade",
            Type::Bool,
            "Whether installed packages are upgraded; false.",
        ),
        key(
            "recommends",
            Type::Bool,
            "Whether recommended packages come along; false.",
        ),
        key(
            "sources",
            Type::Map(&Type::Table(&SOURCE)),
            "More package sources by name, each with its own key.",
        ),
    ],
    rules: &[],
};

static SOURCE: Table = Table {
    name: "package-source",
    of: "a package source",
    fields: &[
        key("uris", Type::Many(&Type::Text), "Where it is.").required(),
        key(
            "suites",
            Type::Many(&Type::Text),
            "Suites, or a path that ends in `/`.",
        )
        .required(),
        key(
            "components",
            Type::Many(&Type::Text),
            "Components, such as main.",
        ),
        key(
            "architectures",
            Type::Many(&Type::Text),
            "Architectures it has packages for.",
        ),
        key(
            "key",
            Type::Either(&[Type::Path, Type::Table(&FILE)]),
            "The key it is signed with: a file, or `{url, sha256}`.",
        ),
    ],
    rules: &[],
};

pub(super) static DNF: Table = Table {
    name: "dnf",
    of: "`dnf`",
    fields: &[
        key(
            "install",
            PACKAGES,
            "Packages, `@group`s, and package files by `{url, sha256}`.",
        ),
        key(
            "remove",
            TEXTS,
            "Packages that go away, with what became unneeded.",
        ),
        key("options", TEXTS, "Options of every call, as they stand."),
        key(
            "upgrade",
            Type::Word("dnf-upgrade", &["all", "security"]),
            "Whether installed packages are upgraded, all or where security asks for it.",
        ),
        key(
            "weak_deps",
            Type::Bool,
            "Whether weak dependencies come along; true.",
        ),
    ],
    rules: &[],
};

pub(super) static APK: Table = Table {
    name: "apk",
    of: "`apk`",
    fields: &[
        key("install", TEXTS, "Packages, as apk names them."),
        key("remove", TEXTS, "Packages that go away."),
        key("options", TEXTS, "Options of every call, as they stand."),
        key(
            "upgrade",
            Type::Bool,
            "Whether installed packages are upgraded; false.",
        ),
    ],
    rules: &[],
};

pub(super) static PIP: Table = Table {
    name: "pip",
    of: "`pip`",
    fields: &[
        key(
            "install",
            TEXTS,
            "Packages, as pip names them; also paths in the image.",
        ),
        key("remove", TEXTS, "Packages that go away first."),
        key(
            "find_links",
            TEXTS,
            "Folders in the image and pages to look for packages in.",
        ),
        key("options", TEXTS, "Options of every call, as they stand."),
        key(
            "requirements",
            Type::Many(&Type::Path),
            "Requirement files of the workspace; they do not get into the image.",
        ),
        key(
            "constraints",
            Type::Many(&Type::Path),
            "Constraint files of the workspace.",
        ),
        key(
            "index",
            Type::Many(&Type::Either(&[URL, Type::Table(&INDEX)])),
            "An index in place of the default, or indexes for some packages alone.",
        ),
        key(
            "upgrade",
            Type::Bool,
            "Whether what is installed is upgraded; false.",
        ),
        key(
            "deps",
            Type::Bool,
            "Whether dependencies are installed; true.",
        ),
        key("python", Type::Text, "Which Python installs; python3."),
        key(
            "installer",
            INSTALLER,
            "What installs; the workspace's default otherwise.",
        ),
    ],
    rules: &[],
};

/// What installs Python packages.
pub(super) const INSTALLER: Type = Type::Word("installer", &["uv", "pip"]);

static INDEX: Table = Table {
    name: "index",
    of: "an index",
    fields: &[
        key("url", URL, "Where it is.").required(),
        key("packages", TEXTS, "What is installed from it alone.").required(),
    ],
    rules: &[],
};

pub(super) static CONDA: Table = Table {
    name: "conda",
    of: "`conda`",
    fields: &[
        key("install", TEXTS, "Packages, as conda names them."),
        key(
            "channels",
            TEXTS,
            "Where they are looked for, in this order.",
        ),
        key("options", TEXTS, "Options of the call, as they stand."),
        key(
            "program",
            Type::Like("conda-program", "^(conda|mamba|micromamba|/.*)$"),
            "conda, mamba, micromamba or a path; conda.",
        ),
    ],
    rules: &[],
};
