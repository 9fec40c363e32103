//! The keys of `kiln.yaml`.

use super::packages::INSTALLER;
use super::recipe::VERSION;
use super::sharing::COMPRESSION;
use super::types::{PLATFORM, TEXTS, Table, Type, key};

/// `kiln.yaml`.
pub static WORKSPACE: Table = Table {
    name: "workspace-file",
    of: "kiln.yaml",
    fields: &[
        VERSION,
        key("recipes", TEXTS, "Globs of recipe files."),
        key(
            "registry",
            Type::Text,
            "Where recipes go that name no registry.",
        ),
        key(
            "registries",
            Type::Map(&Type::Table(&REGISTRY)),
            "Registries by name.",
        ),
        key(
            "mirrors",
            Type::Map(&TEXTS),
            "Per registry, what is asked before it: [http://]host[:port][/path].",
        ),
        key(
            "builders",
            Type::List(&Type::Table(&BUILDER)),
            "Who builds, and for which platforms.",
        ),
        key(
            "trust",
            Type::Table(&TRUST),
            "Certificates that every networked step gets, without a trace in the image.",
        ),
        key("lint", Type::Table(&LINT), "How much findings weigh."),
        key(
            "defaults",
            Type::Table(&DEFAULTS),
            "What recipes need not say.",
        ),
        key(
            "kernel",
            Type::Table(&RELEASES),
            "What Backend.AI kernels must satisfy.",
        ),
    ],
    rules: &[],
};

static REGISTRY: Table = Table {
    name: "registry",
    of: "a registry",
    fields: &[
        key(
            "url",
            Type::Like("registry-url", "^https?://"),
            "Where it is: https://HOST or http://HOST.",
        )
        .required(),
        key(
            "prefix",
            Type::Text,
            "What stands before each repository, from the host on.",
        ),
        key(
            "type",
            Type::Word("registry-type", &["docker", "harbor2"]),
            "What kind of registry it is.",
        ),
        key("project", Type::Text, "Its project, as Harbor calls it."),
        key(
            "media_types",
            Type::Word("media-types", &["oci"]),
            "The types of what is pushed.",
        ),
        key(
            "attestations",
            Type::Word("attestations", &["none"]),
            "Which attestations are pushed; none.",
        ),
        key(
            "compression",
            Type::Table(&COMPRESSION),
            "How layers are packed.",
        ),
    ],
    rules: &[],
};

static BUILDER: Table = Table {
    name: "builder",
    of: "a builder",
    fields: &[
        key("name", Type::Text, "What it is called in logs and records.").required(),
        key(
            "address",
            Type::Text,
            "Where it is: unix://…, tcp://…, docker-container://…, ssh://… and so on.",
        )
        .required(),
        key(
            "platforms",
            Type::List(&PLATFORM),
            "The platforms it is used for; all it has otherwise.",
        ),
        key(
            "slots",
            Type::Int(1, 64),
            "How many legs, images on a platform, it builds at once.",
        ),
        key(
            "tls",
            Type::Table(&TLS),
            "TLS to a tcp:// address; `{}` trusts the system's authorities.",
        ),
    ],
    rules: &[],
};

static TLS: Table = Table {
    name: "tls",
    of: "`tls`",
    fields: &[
        key("ca", Type::Path, "The authorities to trust."),
        key("cert", Type::Path, "The certificate of this client."),
        key("key", Type::Path, "The key of this client."),
    ],
    rules: &[
        super::Rule::Needs("cert", "key"),
        super::Rule::Needs("key", "cert"),
    ],
};

static TRUST: Table = Table {
    name: "trust",
    of: "`trust`",
    fields: &[key("ca", Type::Path, "A file of certificates.")],
    rules: &[],
};

static LINT: Table = Table {
    name: "lint",
    of: "`lint`",
    fields: &[key(
        "rules",
        Type::Map(&Type::Word("level", &["error", "warning", "note", "off"])),
        "Levels by rule.",
    )],
    rules: &[],
};

static DEFAULTS: Table = Table {
    name: "defaults",
    of: "`defaults`",
    fields: &[
        key(
            "platforms",
            Type::List(&PLATFORM),
            "Platforms of recipes that name none.",
        )
        .filled(),
        key(
            "shell",
            Type::Word("shell-name", &["sh", "bash"]),
            "What interprets `run` text where a recipe says nothing.",
        ),
        key("installer", INSTALLER, "What installs Python packages."),
        key(
            "reproducible",
            Type::Bool,
            "Whether images are the same bytes wherever and whenever they are built.",
        ),
        key(
            "publish",
            Type::Word("publish", &["image"]),
            "What is published together: an image with all its platforms.",
        ),
    ],
    rules: &[],
};

static RELEASES: Table = Table {
    name: "kernel-releases",
    of: "`kernel` in kiln.yaml",
    fields: &[key(
        "releases",
        TEXTS,
        "Backend.AI releases that labels must satisfy.",
    )],
    rules: &[],
};
