//! The keys of a recipe: which variants there are, what an image contains, how its containers start.

use super::sharing::{COMPRESSION, DOCKERFILE, KERNEL, LIMITS, TEST};
use super::types::{DURATION, PLATFORM, TEXTS, Table, Type, USER, VALUE, key};
use super::types::{Field, Rule};

/// A recipe or fragment.
pub static RECIPE: Table = Table {
    name: "recipe-file",
    of: "a recipe",
    fields: &RECIPE_FIELDS,
    rules: &[],
};

/// `kiln: 1`.
pub(super) const VERSION: Field = key("kiln", Type::Int(1, 1), "The version of the language: 1.")
    .required()
    .literal();

static RECIPE_FIELDS: [Field; 33] = [
    VERSION,
    key("name", Type::Like("name", "^[a-z0-9][a-z0-9._/-]*$"), "The recipe's name, unique in the workspace. A file without it is a fragment for `extends`.").literal(),
    key("description", Type::Text, "One sentence about the image; becomes a label and an annotation."),
    key("extends", Type::Many(&Type::Text), "Recipes and fragments to start from, in this order; then this file applies, with `key+` and `key-`.").literal(),
    key("registry", Type::Text, "Which registry of kiln.yaml it is pushed to; the workspace's default otherwise."),
    key("repository", Type::Like("repository", "^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$"), "The repository below the registry's prefix; the recipe's name otherwise."),
    key("tags", Type::List(&Type::Like("tag", "^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")), "Tags of the image. The first names the variant in plans and logs.").filled(),
    key("platforms", Type::List(&PLATFORM), "Platforms it is built for, such as linux/arm64; the workspace's otherwise.").filled(),
    key("axes", Type::Map(&TEXTS), "Names with lists of values. Every combination is a variant.").literal(),
    key("rows", Type::List(&Type::Map(&VALUE)), "Names that are set together. Every row times every combination of the axes is a variant.").literal(),
    key("exclude", Type::List(&Type::Table(&EXCLUDE)), "Variants and platforms that are not built, each with a reason.").literal(),
    key("vars", Type::Map(&VALUE), "Named values for expressions, evaluated where they are used. An axis or column of the same name wins."),
    key("base", BASE, "What the image begins with."),
    key("stages", Type::Map(&Type::Table(&STAGE)), "Helpers by name; only what is copied or mounted from them gets into the image."),
    key("steps", STEPS, "What is done to the base, top to bottom."),
    key("env", ENV, "Variables for all steps and for containers. A dollar is written `$$`; `{prepend: …}` extends a list such as PATH."),
    key("workdir", Type::Like("absolute", "^/"), "Working directory of steps and containers; made where it is missing."),
    key("user", USER, "User of the running container. Steps run as root unless they say otherwise."),
    key("shell", SHELL, "What interprets `run` text: `sh`, `bash`, or a program with its arguments."),
    key("entrypoint", TEXTS, "The program of containers. Setting it drops the base's `cmd`; `[]` clears it."),
    key("cmd", TEXTS, "Arguments of the entrypoint, or the program where there is none; `[]` clears it."),
    key("expose", Type::List(&Type::Like("ports", "^[0-9]+(-[0-9]+)?(/(tcp|udp|sctp))?$")), "Ports such as 8080, 53/udp or 10205-10300."),
    key("volumes", TEXTS, "Paths that containers keep outside of the image."),
    key("stop_signal", Type::Like("signal", "^(SIG[A-Z0-9+-]*|[1-9]|[1-5][0-9]|6[0-4])$"), "What ends a container: SIGTERM, or a number."),
    key("healthcheck", Type::Table(&HEALTHCHECK), "How the runtime finds out whether a container is well."),
    key("labels", Type::Map(&Type::Text), "Labels in the image's configuration."),
    key("annotations", Type::Map(&Type::Text), "Annotations on the index and on each manifest."),
    key("kernel", Type::Table(&KERNEL), "What Backend.AI has to know; becomes its labels."),
    key("tests", Type::List(&TEST), "Checks in the finished image, on every platform, before any tag moves."),
    key("limits", Type::Table(&LIMITS), "What must not be exceeded."),
    key("refresh", Type::Word("period", &["weekly", "monthly", "quarterly", "yearly", "never"]), "How often unpinned packages are looked at anew."),
    key("compression", Type::Table(&COMPRESSION), "How layers are packed; the registry's way otherwise."),
    key("dockerfile", Type::Table(&DOCKERFILE), "A Dockerfile that makes the base, in place of `base`, `stages`, `steps`, `env`, `workdir`, `user` and `shell`."),
];

static EXCLUDE: Table = Table {
    name: "exclusion",
    of: "an exclusion",
    fields: &[
        key("if", Type::Expr, "Which variants and platforms.").required(),
        key(
            "reason",
            Type::Text,
            "Why, for those who look for the missing image.",
        )
        .required(),
    ],
    rules: &[],
};

/// What an image or stage begins with.
pub(super) const BASE: Type = Type::Either(&[Type::Text, Type::Table(&BASE_MAP), RECIPE_REF]);
/// `{recipe: NAME, AXIS: VALUE, …}`; any axis or column may be a key.
pub(super) const RECIPE_REF: Type = Type::Table(&RECIPE_REF_MAP);

static BASE_MAP: Table = Table {
    name: "base-map",
    of: "`base`",
    fields: &[
        key(
            "recipe",
            Type::Text,
            "A recipe of this workspace; beside it values of its axes and columns, which choose the variant.",
        ),
        key("stage", Type::Text, "A stage of this recipe."),
        key("rootfs", Type::Path, "A tarball of a root filesystem."),
        key(
            "oci",
            Type::Path,
            "An image layout and a tag in it: `folder:tag`.",
        ),
    ],
    rules: &[Rule::One(&["stage", "rootfs", "oci"])],
};

/// Open: see [`super::emit`].
pub(super) static RECIPE_REF_MAP: Table = Table {
    name: "recipe-of-workspace",
    of: "",
    fields: &[key("recipe", Type::Text, "A recipe of this workspace; beside it values of its axes and columns, which choose the variant.").required()],
    rules: &[],
};

static STAGE: Table = Table {
    name: "stage",
    of: "a stage",
    fields: &[
        key("base", BASE, "What the stage begins with.").required(),
        key(
            "env",
            ENV,
            "Variables of its steps, and of images that begin with it.",
        ),
        key(
            "workdir",
            Type::Like("absolute", "^/"),
            "Working directory of its steps.",
        ),
        key(
            "shell",
            SHELL,
            "What interprets `run` text; the recipe's otherwise.",
        ),
        key("steps", STEPS, "What is done, top to bottom."),
        key(
            "platform",
            Type::Like(
                "stage-platform",
                "^(native|[a-z]+/[a-z0-9_]+(/[a-z0-9]+)?)$",
            ),
            "`native` for the builder's own platform, or a platform; the target otherwise.",
        ),
    ],
    rules: &[],
};

/// Steps.
pub(super) const STEPS: Type = Type::List(&Type::Step);
/// What interprets `run` text.
pub(super) const SHELL: Type = Type::Either(&[Type::Word("shell-name", &["sh", "bash"]), TEXTS]);
/// Variables.
pub(super) const ENV: Type = Type::Map(&Type::Either(&[Type::Variable, Type::Table(&EXTEND)]));

static EXTEND: Table = Table {
    name: "extended-variable",
    of: "a variable of `env`",
    fields: &[
        key(
            "prepend",
            Type::Many(&Type::Text),
            "What goes before the value there is, joined by `:`.",
        ),
        key(
            "append",
            Type::Many(&Type::Text),
            "What goes behind the value there is, joined by `:`.",
        ),
    ],
    rules: &[Rule::Any(&["prepend", "append"])],
};

static HEALTHCHECK: Table = Table {
    name: "healthcheck",
    of: "`healthcheck`",
    fields: &[
        key(
            "test",
            TEXTS,
            "`[CMD, program, …]`, `[CMD-SHELL, text]`, or `[NONE]` to switch off the base's.",
        )
        .required(),
        key("interval", DURATION, "Time between checks."),
        key("timeout", DURATION, "The longest time of one check."),
        key(
            "start_period",
            DURATION,
            "Time at the start in which failures do not count.",
        ),
        key(
            "start_interval",
            DURATION,
            "Time between checks during the start period.",
        ),
        key(
            "retries",
            Type::Int(0, 65535),
            "Failures in a row that make the container unhealthy.",
        ),
    ],
    rules: &[],
};
