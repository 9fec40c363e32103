//! What is checked of an image, and how it is sent, in a form without places: only the meaning counts.

use serde_json::{Value, json};

use crate::oci::{Digest, Packing};
use crate::recipe::{Command, Content, EnvChange, EnvEntry, Expect, FileTest, RunTest, TestKind};

/// The digest of tests and limits.
pub(super) fn checks(content: &Content) -> Digest {
    let tests = content.tests.iter().map(|test| match &test.kind {
        TestKind::Run(run) => self::run(run),
        TestKind::File(file) => self::file(file),
    });
    let tests: Vec<Value> = tests.collect();
    let limits = &content.limits;
    let size = |size: &Option<crate::text::Spanned<u64>>| size.as_ref().map(|it| it.value);
    digest(&json!({
        "image_size": size(&limits.image_size),
        "layer_size": size(&limits.layer_size),
        "tests": tests,
    }))
}

/// The digest of how an image leaves the builder. `epoch` is the time that was asked for.
pub(super) fn export(
    content: &Content,
    packing: Packing,
    epoch: Option<i64>,
    reproducible: bool,
) -> Digest {
    digest(&json!({
        "annotations": content.runtime.annotations,
        "compression": content.packing(packing).to_string(),
        "epoch": epoch,
        "reproducible": reproducible || epoch.is_some(),
    }))
}

fn digest(value: &Value) -> Digest {
    Digest::sha256_of(value.to_string().as_bytes())
}

fn run(run: &RunTest) -> Value {
    let command = match &run.command {
        Command::Script(text) => json!(text),
        Command::Args(args) => json!(args),
    };
    json!({
        "run": command,
        "env": run.env.iter().map(env).collect::<Vec<Value>>(),
        "user": run.user,
        "exit": run.exit,
        "stdout": run.stdout.as_ref().map(|it| expect(&it.value)),
        "stderr": run.stderr.as_ref().map(|it| expect(&it.value)),
    })
}

fn env(entry: &EnvEntry) -> Value {
    match &entry.change {
        EnvChange::Set(value) => json!([entry.name, value]),
        EnvChange::Extend { prepend, append } => json!([entry.name, prepend, append]),
    }
}

fn expect(expect: &Expect) -> Value {
    match expect {
        Expect::Equals(text) => json!({ "equals": text }),
        Expect::Contains(text) => json!({ "contains": text }),
        Expect::Matches(text) => json!({ "matches": text }),
    }
}

fn file(file: &FileTest) -> Value {
    json!({
        "file": file.path,
        "absent": file.absent,
        "executable": file.executable,
        "mode": file.mode,
        "contains": file.contains,
    })
}
