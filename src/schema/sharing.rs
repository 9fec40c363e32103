//! The keys around an image: kernels, tests, limits, snippets, Dockerfiles.

use super::recipe::{BASE, ENV, STEPS, VERSION};
use super::types::{COMMAND, Field, Rule, SIZE, TEXTS, Table, Type, USER, VALUE, key};

/// A snippet.
pub static SNIPPET: Table = Table {
    name: "snippet-file",
    of: "a snippet",
    fields: &[
        VERSION,
        key("description", Type::Text, "One sentence about the snippet.").literal(),
        key(
            "inputs",
            Type::Map(&Type::Table(&INPUT)),
            "What `with` gives it, by name.",
        )
        .literal(),
        key(
            "vars",
            Type::Map(&VALUE),
            "Named values for its expressions, evaluated where they are used.",
        ),
        key("steps", STEPS, "The steps that stand in place of `use`.").required(),
    ],
    rules: &[],
};

static INPUT: Table = Table {
    name: "input",
    of: "an input",
    fields: &[
        key(
            "type",
            Type::Word("input-type", &["str", "bool", "list", "path"]),
            "What its value is.",
        )
        .required(),
        key(
            "default",
            VALUE,
            "Its value where `with` gives none; without a default it must be given.",
        )
        .evaluated(),
        key("description", Type::Text, "What it is for."),
    ],
    rules: &[],
};

pub(super) static KERNEL: Table = Table {
    name: "kernel",
    of: "`kernel`",
    fields: &[
        key("runtime", Type::Text, "Label runtime-type, such as python."),
        key(
            "runtime_path",
            Type::Text,
            "Label runtime-path: the interpreter in the image.",
        ),
        key(
            "base_distro",
            Type::Text,
            "Label base-distro, such as ubuntu22.04.",
        ),
        key(
            "role",
            Type::Like(
                "role",
                "^([Cc][Oo][Mm][Pp][Uu][Tt][Ee]|[Ii][Nn][Ff][Ee][Rr][Ee][Nn][Cc][Ee]|[Ss][Yy][Ss][Tt][Ee][Mm])$",
            ),
            "Label role, such as COMPUTE or INFERENCE.",
        ),
        key("model_path", Type::Text, "Label model-path."),
        key("model_format", Type::Text, "Label model-format."),
        key("features", TEXTS, "Label features."),
        key("accelerators", TEXTS, "Label accelerators."),
        key(
            "corecount_envs",
            TEXTS,
            "Label envs.corecount: variables that get the number of cores.",
        ),
        key(
            "endpoints",
            TEXTS,
            "Label endpoint-ports: services that are endpoints.",
        ),
        key(
            "resources",
            Type::Table(&RESOURCES),
            "How much a session needs, can use and should have.",
        ),
        key(
            "services",
            Type::Map(&Type::Table(&SERVICE)),
            "Label service-ports: services by name.",
        ),
        key(
            "definitions",
            Type::Path,
            "Folder with NAME.json or NAME.json.hbs for each service.",
        ),
        key(
            "releases",
            TEXTS,
            "Which of the workspace's releases of Backend.AI the image is for; all by default.",
        ),
    ],
    rules: &[],
};

static RESOURCES: Table = Table {
    name: "resources",
    of: "`resources`",
    fields: &[
        key(
            "min",
            Type::Map(&Type::Text),
            "Amounts below which a session does not start, by slot.",
        ),
        key(
            "max",
            Type::Map(&Type::Text),
            "Amounts that a session cannot exceed, by slot.",
        ),
        key(
            "preferred",
            Type::Map(&Type::Text),
            "Amounts that a session gets unless it asks otherwise, by slot.",
        ),
    ],
    rules: &[],
};

static SERVICE: Table = Table {
    name: "service",
    of: "a service",
    fields: &[
        key(
            "protocol",
            Type::Word("protocol", &["http", "tcp", "preopen", "pty", "vnc", "rdp"]),
            "What is spoken; vnc and rdp since 26.2.",
        )
        .required(),
        key(
            "port",
            Type::Many(&Type::Int(1025, 65534)),
            "A port or several, from 1025 to 65534.",
        )
        .required(),
    ],
    rules: &[],
};

/// A test: a command that is run, or a file that is looked at.
pub(super) const TEST: Type = Type::Either(&[Type::Table(&COMMAND_TEST), Type::Table(&FILE_TEST)]);

const TEST_NAME: Field = key(
    "name",
    Type::Text,
    "What the test is called in progress and records.",
);
const TEST_IF: Field = key("if", Type::Expr, "The test is made only where this holds.");

static COMMAND_TEST: Table = Table {
    name: "command-test",
    of: "a test with `run`",
    fields: &[
        key("run", COMMAND, "Text for the shell, or a program and its arguments, as the image's user and without network.").required(),
        key("env", ENV, "Variables of this test."),
        key("user", USER, "Who runs it; the image's user otherwise."),
        key("exit", Type::Int(0, 255), "The exit code that is right; 0."),
        key("stdout", Type::Table(&OUTPUT), "What it must print."),
        key("stderr", Type::Table(&OUTPUT), "What it must print to standard error."),
        TEST_NAME,
        TEST_IF,
    ],
    rules: &[],
};

static FILE_TEST: Table = Table {
    name: "file-test",
    of: "a test with `file`",
    fields: &[
        key(
            "file",
            Type::Text,
            "A path in the image that must be there.",
        )
        .required(),
        key(
            "executable",
            Type::Bool,
            "Whether the file can be executed.",
        ),
        key(
            "mode",
            Type::Like("octal-mode", "^[0-7]{3,5}$"),
            "The file's permissions as a number, quoted: \"0755\".",
        ),
        key("contains", Type::Text, "A text that the file has."),
        key("absent", Type::Bool, "`true`: the path must not be there."),
        TEST_NAME,
        TEST_IF,
    ],
    rules: &[],
};

static OUTPUT: Table = Table {
    name: "output",
    of: "an output",
    fields: &[
        key("equals", Type::Text, "The whole output."),
        key("contains", Type::Text, "A part of it."),
        key(
            "matches",
            Type::Text,
            "A regular expression that is found in it.",
        ),
    ],
    rules: &[Rule::One(&["equals", "contains", "matches"])],
};

pub(super) static LIMITS: Table = Table {
    name: "limits",
    of: "`limits`",
    fields: &[
        key(
            "image_size",
            SIZE,
            "The most that all layers together may have, compressed: 8GB, 512MiB.",
        ),
        key(
            "layer_size",
            SIZE,
            "The most that a layer may have, compressed.",
        ),
        key(
            "emulation",
            Type::Word("emulation", &["allow", "warn", "deny"]),
            "What happens where a step would be emulated.",
        ),
    ],
    rules: &[],
};

pub(super) static COMPRESSION: Table = Table {
    name: "compression",
    of: "`compression`",
    fields: &[
        key(
            "type",
            Type::Word("compression-type", &["gzip", "zstd", "estargz"]),
            "How layers are packed.",
        )
        .required(),
        key("level", Type::Int(0, 22), "How hard it tries."),
    ],
    rules: &[],
};

pub(super) static DOCKERFILE: Table = Table {
    name: "dockerfile",
    of: "`dockerfile`",
    fields: &[
        key("file", Type::Path, "The Dockerfile; Dockerfile."),
        key(
            "context",
            Type::Path,
            "The folder that it copies from; this file's.",
        ),
        key(
            "target",
            Type::Text,
            "The stage that is built; the last one.",
        ),
        key("args", Type::Map(&Type::Text), "Build arguments."),
        key(
            "secrets",
            Type::List(&Type::Table(&GIVEN_SECRET)),
            "Secrets that it may mount.",
        ),
        key("ssh", TEXTS, "Agents that it may mount."),
        key(
            "base_args",
            Type::Map(&BASE),
            "Build arguments that get a base by digest: ARG to base.",
        ),
        key(
            "contexts",
            Type::Map(&BASE),
            "Images named in the file that become a base by digest: name to base.",
        ),
    ],
    rules: &[],
};

static GIVEN_SECRET: Table = Table {
    name: "secret-of-dockerfile",
    of: "a secret of a Dockerfile",
    fields: &[
        key(
            "id",
            Type::Text,
            "Its id, in the file and in `kiln build --secret`.",
        )
        .required(),
        key(
            "required",
            Type::Bool,
            "Whether the build fails without it; true.",
        ),
    ],
    rules: &[],
};
