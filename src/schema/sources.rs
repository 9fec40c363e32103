//! The keys of what comes from elsewhere: downloads and repositories.

use super::types::{Field, MODE, OWNER, SHA256, TEXTS, Table, Type, URL, key};

/// A file of the web that is installed, mounted or kept.
pub(super) static DOWNLOAD: Table = Table {
    name: "download",
    of: "a download",
    fields: &[
        key("url", URL, "Where it is.").required(),
        key(
            "sha256",
            CHECKSUM,
            "Its checksum, or one for each architecture.",
        ),
        key("extract", EXTRACTED, "Whether, and how, it is unpacked."),
    ],
    rules: &[],
};

/// A file of the web that is used as it is: a package, or the key of a package source.
pub(super) static FILE: Table = Table {
    name: "file",
    of: "a file by URL",
    fields: &[
        key("url", URL, "Where it is.").required(),
        key(
            "sha256",
            CHECKSUM,
            "Its checksum, or one for each architecture.",
        ),
    ],
    rules: &[],
};

const CHECKSUM: Type = Type::Either(&[SHA256, Type::Map(&SHA256)]);
const EXTRACTED: Type = Type::Either(&[Type::Bool, Type::Table(&EXTRACT)]);

pub(super) static FETCH: Table = Table {
    name: "fetch",
    of: "`fetch`",
    fields: &[
        key("url", URL, "Where it is.").required(),
        key(
            "sha256",
            CHECKSUM,
            "Its checksum, or one for each architecture.",
        ),
        key(
            "extract",
            EXTRACTED,
            "Whether, and how, it is unpacked; `to` is then a folder.",
        ),
        key(
            "to",
            Type::Text,
            "Path in the image; with a `/` at the end the URL's file name is kept.",
        )
        .required(),
        key("mode", MODE, "Permissions, quoted: \"0755\"."),
        key(
            "owner",
            OWNER,
            "`user`, `uid` or `uid:gid`; root otherwise.",
        ),
    ],
    rules: &[],
};

static EXTRACT: Table = Table {
    name: "extract",
    of: "`extract`",
    fields: &[
        key(
            "strip",
            Type::Int(0, 16),
            "How many leading parts of each path are dropped.",
        ),
        key(
            "include",
            TEXTS,
            "Globs of the paths to take, as they stand in the archive.",
        ),
    ],
    rules: &[],
};

pub(super) static GIT_STEP: Table = Table {
    name: "git",
    of: "`git`",
    fields: &[
        GIT_URL,
        GIT_REF,
        GIT_SUBMODULES,
        GIT_KEEP,
        key("to", Type::Text, "Path in the image.").required(),
        key(
            "owner",
            OWNER,
            "`user`, `uid` or `uid:gid`; root otherwise.",
        ),
    ],
    rules: &[],
};
pub(super) static GIT_MOUNT: Table = Table {
    name: "git-mount",
    of: "`git`",
    fields: &[GIT_URL, GIT_REF, GIT_SUBMODULES, GIT_KEEP],
    rules: &[],
};
const GIT_URL: Field = key(
    "url",
    Type::Like("git-url", "^(https?://|ssh://|git@[^:]+:)\\S+$"),
    "Where the repository is.",
)
.required();
const GIT_REF: Field = key("ref", Type::Text, "A tag, branch or commit.").required();
const GIT_SUBMODULES: Field = key(
    "submodules",
    Type::Bool,
    "Whether submodules come along; true.",
);
const GIT_KEEP: Field = key("keep_git", Type::Bool, "Whether `.git` comes along; false.");
