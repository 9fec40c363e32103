//! `proto/` against BuildKit's own descriptors: numbers, types, enum values and call paths.
//!
//! The lab writes what the pinned BuildKit really speaks to `descriptors.json`
//! (`tests/tools/buildkit/descriptors`). Names of fields and enum values are ours; what is on the
//! wire is not.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use kiln::proto::DESCRIPTORS;
use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};
use serde::Deserialize;

/// What BuildKit speaks, as the lab wrote it down.
#[derive(Deserialize)]
struct Reference {
    buildkit: String,
    messages: BTreeMap<String, Vec<ReferenceField>>,
    enums: BTreeMap<String, BTreeMap<String, i32>>,
    rpcs: BTreeMap<String, Rpc>,
}

#[derive(Deserialize)]
struct ReferenceField {
    name: String,
    number: i32,
    #[serde(flatten)]
    shape: Shape,
}

/// What of a field is on the wire.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
struct Shape {
    label: String,
    kind: String,
    map_key: String,
    message: String,
    #[serde(rename = "enum")]
    enumeration: String,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Rpc {
    request: String,
    response: String,
    client_streaming: bool,
    server_streaming: bool,
}

/// Compares and collects what differs.
struct Comparison {
    reference: Reference,
    checked: BTreeMap<&'static str, usize>,
    faults: Vec<String>,
}

impl Comparison {
    fn count(&mut self, what: &'static str) {
        *self.checked.entry(what).or_default() += 1;
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = format!("{scope}.{}", message.name());
        for nested in &message.nested_type {
            if !is_map_entry(nested) {
                self.message(&name, nested);
            }
        }
        for nested in &message.enum_type {
            self.enumeration(&name, nested);
        }
        self.count("messages");
        let Some(theirs) = self.reference.messages.get(&name) else {
            self.faults
                .push(format!("message {name}: BuildKit has none of that name"));
            return;
        };
        let mut faults = Vec::new();
        for field in &message.field {
            let place = format!("field {name}.{} = {}", field.name(), field.number());
            let Some(their) = theirs.iter().find(|it| it.number == field.number()) else {
                faults.push(format!("{place}: BuildKit has no field of that number"));
                continue;
            };
            let (ours, their_shape) = (shape(message, field), &their.shape);
            if ours != *their_shape && !is_enum_as_number(&ours, their_shape) {
                faults.push(format!(
                    "{place}: we have {ours:?}, BuildKit's `{}` is {their_shape:?}",
                    their.name
                ));
            }
            if plain(field.name()) != plain(&their.name) && !is_renamed(&name, field, their) {
                faults.push(format!("{place}: BuildKit calls it `{}`", their.name));
            }
        }
        for _ in &message.field {
            self.count("fields");
        }
        self.faults.append(&mut faults);
    }

    fn enumeration(&mut self, scope: &str, ours: &EnumDescriptorProto) {
        let name = format!("{scope}.{}", ours.name());
        self.count("enums");
        let Some(theirs) = self.reference.enums.get(&name) else {
            self.faults
                .push(format!("enum {name}: BuildKit has none of that name"));
            return;
        };
        for value in &ours.value {
            let known = theirs
                .iter()
                .any(|(their, number)| their.ends_with(value.name()) && *number == value.number());
            if !known {
                self.faults.push(format!(
                    "enum value {name}.{} = {}: BuildKit has {theirs:?}",
                    value.name(),
                    value.number()
                ));
            }
        }
    }

    fn service(&mut self, package: &str, service: &ServiceDescriptorProto) {
        for method in &service.method {
            self.count("calls");
            let path = format!("/{package}.{}/{}", service.name(), method.name());
            let ours = Rpc {
                request: bare(method.input_type()),
                response: bare(method.output_type()),
                client_streaming: method.client_streaming(),
                server_streaming: method.server_streaming(),
            };
            match self.reference.rpcs.get(&path) {
                Some(theirs) if *theirs == ours => {}
                Some(theirs) => self.faults.push(format!(
                    "call {path}: we have {ours:?}, BuildKit {theirs:?}"
                )),
                None => self
                    .faults
                    .push(format!("call {path}: BuildKit has no such call")),
            }
        }
    }
}

fn is_map_entry(message: &DescriptorProto) -> bool {
    message
        .options
        .as_ref()
        .is_some_and(prost_types::MessageOptions::map_entry)
}

/// A full name without the dot that descriptors put before it.
fn bare(name: &str) -> String {
    name.trim_start_matches('.').to_owned()
}

/// A name in whatever style.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

/// Names that we shortened on purpose; a new one must be entered here.
fn is_renamed(message: &str, field: &FieldDescriptorProto, their: &ReferenceField) -> bool {
    matches!(
        (message, field.name(), their.name.as_str()),
        (
            "pb.FileActionCopy",
            "attempt_unpack",
            "attemptUnpackDockerCompatibility"
        ) | ("pb.Mount", "tmpfs", "TmpfsOpt")
            | ("pb.Mount", "cache", "cacheOpt")
            | ("pb.Mount", "secret", "secretOpt")
            | ("pb.Mount", "ssh", "SSHOpt")
    )
}

/// An enum that we declare as a number has the same bytes.
fn is_enum_as_number(ours: &Shape, theirs: &Shape) -> bool {
    ours.kind == "int32" && theirs.kind == "enum" && ours.label == theirs.label
}

fn shape(message: &DescriptorProto, field: &FieldDescriptorProto) -> Shape {
    let entry = message
        .nested_type
        .iter()
        .find(|it| is_map_entry(it) && field.type_name().ends_with(&format!(".{}", it.name())));
    let (label, value) = match entry {
        Some(entry) => ("map", &entry.field[1]),
        None if field.label() == Label::Repeated => ("repeated", field),
        None => ("singular", field),
    };
    let mut shape = Shape {
        label: label.to_owned(),
        kind: kind(value),
        map_key: entry.map(|it| kind(&it.field[0])).unwrap_or_default(),
        ..Shape::default()
    };
    match value.r#type() {
        Type::Message => shape.message = bare(value.type_name()),
        Type::Enum => shape.enumeration = bare(value.type_name()),
        _ => {}
    }
    shape
}

fn kind(field: &FieldDescriptorProto) -> String {
    field
        .r#type()
        .as_str_name()
        .trim_start_matches("TYPE_")
        .to_lowercase()
}

#[test]
#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "the lab speaks through the environment"
)]
fn every_message_is_the_one_that_buildkit_speaks() {
    if std::env::var_os("KILN_LIVE").is_none() {
        eprintln!("skipped: KILN_LIVE is not set (`make test` sets it)");
        return;
    }
    let lab = std::env::var_os("KILN_LAB").expect("KILN_LAB names the lab's folder");
    let path = PathBuf::from(lab).join("descriptors.json");
    let text = fs::read(&path)
        .unwrap_or_else(|error| panic!("the lab wrote no {}: {error}", path.display()));
    let reference: Reference = serde_json::from_slice(&text).unwrap();
    let mut comparison = Comparison {
        reference,
        checked: BTreeMap::new(),
        faults: Vec::new(),
    };
    for file in FileDescriptorSet::decode(DESCRIPTORS).unwrap().file {
        if file.package() == "google.protobuf" {
            continue;
        }
        for message in &file.message_type {
            comparison.message(file.package(), message);
        }
        for enumeration in &file.enum_type {
            comparison.enumeration(file.package(), enumeration);
        }
        for service in &file.service {
            comparison.service(file.package(), service);
        }
    }
    let faults = comparison.faults.join("\n  ");
    assert!(
        faults.is_empty(),
        "proto/ differs from BuildKit {}:\n  {faults}",
        comparison.reference.buildkit
    );
    for (what, least) in [
        ("messages", 70),
        ("fields", 230),
        ("enums", 6),
        ("calls", 13),
    ] {
        let checked = comparison.checked.get(what).copied().unwrap_or_default();
        assert!(
            checked >= least,
            "only {checked} {what} were compared, there must be more"
        );
    }
}

#[test]
fn messages_with_secrets_do_not_print_them() {
    let text = format!(
        "{:?} {:?} {:?}",
        kiln::proto::secrets::GetSecretResponse {
            data: "geheim§".into()
        },
        kiln::proto::filesync::CredentialsResponse {
            username: "geheim§".to_owned(),
            secret: "geheim§".to_owned(),
        },
        kiln::proto::filesync::FetchTokenResponse {
            token: "geheim§".to_owned(),
            expires_in: 1,
            issued_at: 1,
        },
    );
    assert!(!text.contains("geheim"), "{text}");
}
