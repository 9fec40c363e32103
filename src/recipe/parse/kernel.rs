//! The key `kernel`, and the labels of Backend.AI in `labels`.
//!
//! Both are read into the same labels and pass the same checks; see [`crate::kernel`]. A single value is
//! checked where it is written, also in a branch that no variant takes if every release minds; what concerns
//! several labels is checked where all are known.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

use super::body::entries;
use super::contract::together;
use super::definitions::definitions;
use super::fields::{Fields, Keys};
use super::reader::{Pass, Reader, Text};
use crate::diagnostic::Finding;
use crate::kernel::{
    Bound, Fault, KernelLabels, LabelKey, Protocol, Release, Releases, Role, ServicePort, Slot,
    check_item, check_port, check_ports, check_service_name, check_value, is_label,
};
use crate::recipe::image::Base;
use crate::recipe::kernel::{Kernel, ServiceDefinition};
use crate::text::{Place, Spanned};
use crate::yaml::{Node, NodeKind};

const KERNEL: Keys = Keys {
    of: "`kernel`",
    known: &[
        "runtime",
        "runtime_path",
        "base_distro",
        "role",
        "model_path",
        "model_format",
        "features",
        "accelerators",
        "corecount_envs",
        "endpoints",
        "resources",
        "services",
        "definitions",
        "releases",
    ],
    later: &[],
};
const RESOURCES: Keys = Keys {
    of: "`resources`",
    known: &["min", "max", "preferred"],
    later: &[],
};
const SERVICE: Keys = Keys {
    of: "a service",
    known: &["protocol", "port"],
    later: &[],
};

/// Labels that are being read from `kernel`.
struct Typed {
    labels: KernelLabels,
    /// Where each label stands.
    places: BTreeMap<String, Place>,
    /// Where each service stands.
    services: BTreeMap<String, Place>,
}

/// Reads `kernel`, and the platform's labels among `labels`; nothing comes back where there is neither.
pub(super) fn kernel(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    base: Option<&Spanned<Base>>,
) -> Option<Kernel> {
    let key = fields.key("kernel");
    // First, since what is wrong with a label depends on them.
    reader.releases = fields
        .get("kernel")
        .and_then(|node| reader.one(node, releases));
    let raw = raw(reader, fields);
    let typed = fields
        .get("kernel")
        .zip(key)
        .and_then(|(node, key)| reader.one(node, |reader, node| typed(reader, node, &key.place)));
    if raw.is_empty() && typed.is_none() {
        return None;
    }
    let place = key.map(|key| key.place.clone());
    let mut kernel = Kernel {
        place,
        raw,
        ..Kernel::default()
    };
    let services = if let Some((typed, definitions)) = typed {
        for (key, value) in typed.labels.to_map() {
            if let Some(place) = typed.places.get(&key) {
                let value = Spanned::new(value, place.clone());
                kernel.labels.insert(key, value);
            }
        }
        kernel.definitions = definitions;
        typed.services
    } else {
        BTreeMap::new()
    };
    twice(reader, &kernel);
    if let Pass::Expand(scope, _) = reader.pass {
        let narrowed = reader.releases.clone();
        kernel.releases = narrowed.unwrap_or_else(|| scope.releases.clone());
        together(reader, fields, &kernel, &services, base);
    }
    Some(kernel)
}

/// The releases that a kernel is for: some of the workspace's.
fn releases(reader: &mut Reader<'_>, kernel: &Node) -> Option<Releases> {
    let node = kernel.get("releases")?;
    let mut wanted = BTreeSet::new();
    for text in reader.list(node)?.into_iter().filter(|text| !text.opaque) {
        match text.value.parse::<Release>() {
            Ok(release) => {
                wanted.insert(release);
            }
            Err(error) => {
                reader.error(&text.place, error.to_string());
                return None;
            }
        }
    }
    let Pass::Expand(scope, _) = reader.pass else {
        return None;
    };
    let narrowed = scope.releases.only(&wanted);
    if narrowed.is_none() {
        let all: Vec<String> = scope.releases.iter().map(|one| one.to_string()).collect();
        let message = format!(
            "none of these is a release of the workspace: {}",
            all.join(", ")
        );
        let help = "name one of them, or add it to kiln.yaml: kernel: {releases: […]}";
        reader
            .findings
            .push(Finding::error(&node.place, message).with_help(help));
    }
    narrowed
}

/// The platform's labels that are written as labels.
fn raw(reader: &mut Reader<'_>, fields: &Fields<'_>) -> BTreeMap<String, Spanned<String>> {
    let mut all = BTreeMap::new();
    let Some(node) = fields.get("labels") else {
        return all;
    };
    // What is no map has been reported with the other labels.
    for (name, value) in entries(reader, node, "labels") {
        if !is_label(&name.value) {
            continue;
        }
        if let Some(text) = reader.text(value) {
            if !text.opaque {
                reader.faults(&text.place, check_value(&name.value, &text.value));
            }
            all.insert(name.value.clone(), Spanned::new(text.value, text.place));
        }
    }
    all
}

/// A label may be written in one of the two places; which one would count is not for the reader to guess.
fn twice(reader: &mut Reader<'_>, kernel: &Kernel) {
    for (key, raw) in &kernel.raw {
        let Some(typed) = kernel.labels.get(key) else {
            continue;
        };
        let message = format!("`{key}` stands in `labels` and comes from `kernel`");
        let help = "write it in one of the two";
        for (place, other) in [(&raw.place, &typed.place), (&typed.place, &raw.place)] {
            let finding = Finding::error(place, message.clone()).with_help(help);
            reader
                .findings
                .push(finding.with_related(other, "the other one"));
        }
    }
}

fn typed(
    reader: &mut Reader<'_>,
    node: &Node,
    key: &Place,
) -> Option<(Typed, Vec<ServiceDefinition>)> {
    let fields = Fields::read(reader, node, KERNEL)?;
    let spec = LabelKey::Kernelspec.to_string();
    let mut all = Typed {
        labels: KernelLabels::default(),
        places: BTreeMap::from([(spec, key.clone())]),
        services: BTreeMap::new(),
    };
    all.labels.runtime = all.text(reader, &fields, "runtime", &LabelKey::RuntimeType);
    all.labels.runtime_path = all.text(reader, &fields, "runtime_path", &LabelKey::RuntimePath);
    all.labels.base_distro = all.text(reader, &fields, "base_distro", &LabelKey::BaseDistro);
    all.labels.model_path = all.text(reader, &fields, "model_path", &LabelKey::ModelPath);
    all.labels.model_format = all.text(reader, &fields, "model_format", &LabelKey::ModelFormat);
    all.labels.features = all.list(reader, &fields, "features", &LabelKey::Features);
    all.labels.accelerators = all.list(reader, &fields, "accelerators", &LabelKey::Accelerators);
    all.labels.corecount_envs =
        all.list(reader, &fields, "corecount_envs", &LabelKey::EnvsCorecount);
    all.labels.endpoints = all.list(reader, &fields, "endpoints", &LabelKey::EndpointPorts);
    if let Some(text) = fields.get("role").and_then(|node| reader.text(node)) {
        let place = text.place.clone();
        all.labels.role = parsed::<Role>(reader, &text);
        all.places.insert(LabelKey::Role.to_string(), place);
    }
    all.resources(reader, &fields);
    all.services(reader, &fields);
    let definitions = fields
        .get("definitions")
        .map(|node| definitions(reader, node));
    Some((all, definitions.unwrap_or_default()))
}

/// A text as a value of the platform; nothing, and no word, where it is unknown.
fn parsed<T: FromStr<Err = Fault>>(reader: &mut Reader<'_>, text: &Text) -> Option<T> {
    if text.opaque {
        return None;
    }
    let value = text.value.parse();
    value
        .map_err(|fault| reader.faults(&text.place, vec![fault]))
        .ok()
}

impl Typed {
    fn text(
        &mut self,
        reader: &mut Reader<'_>,
        fields: &Fields<'_>,
        key: &str,
        label: &LabelKey,
    ) -> Option<String> {
        let text = reader.text(fields.get(key)?)?;
        if !text.opaque {
            reader.faults(&text.place, check_value(&label.to_string(), &text.value));
        }
        self.places.insert(label.to_string(), text.place);
        Some(text.value)
    }

    /// A list; an empty one is no label at all.
    fn list(
        &mut self,
        reader: &mut Reader<'_>,
        fields: &Fields<'_>,
        key: &str,
        label: &LabelKey,
    ) -> Option<Vec<String>> {
        let node = fields.get(key)?;
        let items = reader.list(node)?;
        for item in items.iter().filter(|item| !item.opaque) {
            reader.faults(&item.place, check_item(label, &item.value));
        }
        let place = fields.key(key).map(|key| key.place.clone());
        self.places
            .extend(place.map(|place| (label.to_string(), place)));
        let items: Vec<String> = items.into_iter().map(|item| item.value).collect();
        (!items.is_empty()).then_some(items)
    }

    fn resources(&mut self, reader: &mut Reader<'_>, fields: &Fields<'_>) {
        let Some(node) = fields.get("resources") else {
            return;
        };
        let Some(fields) = reader.one(node, |reader, node| Fields::read(reader, node, RESOURCES))
        else {
            return;
        };
        for bound in [Bound::Min, Bound::Max, Bound::Preferred] {
            let Some(node) = fields.get(bound.as_str()) else {
                continue;
            };
            for (slot, value) in entries(reader, node, bound.as_str()) {
                let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
                if slot.value.is_empty() || !slot.value.chars().all(fits) {
                    let message = format!(
                        "`{}` is no resource; write cpu, mem, cuda.device, …",
                        slot.value
                    );
                    reader.error(&slot.place, message);
                    continue;
                }
                let Some(text) = reader.text(value) else {
                    continue;
                };
                let label = LabelKey::Resource(bound, Slot::new(&slot.value));
                if !text.opaque {
                    reader.faults(&text.place, check_value(&label.to_string(), &text.value));
                }
                self.places.insert(label.to_string(), text.place);
                let key = (bound, Slot::new(&slot.value));
                self.labels.resources.insert(key, text.value);
            }
        }
    }

    fn services(&mut self, reader: &mut Reader<'_>, fields: &Fields<'_>) {
        let Some((node, key)) = fields.get("services").zip(fields.key("services")) else {
            return;
        };
        let mut all = Vec::new();
        for (name, node) in entries(reader, node, "services") {
            let before = reader.findings.len();
            reader.faults(&name.place, check_service_name(&name.value));
            let service = reader.one(node, |reader, node| service(reader, node, &name.value));
            if let Some(service) = service {
                self.services.insert(name.value.clone(), name.place.clone());
                // Of exclusive branches both are there.
                if matches!(reader.pass, Pass::Expand(..)) && reader.findings.len() == before {
                    all.push(service);
                    let faults = check_ports(&all).into_iter();
                    let own = faults.filter(|(index, _)| *index + 1 == all.len());
                    reader.faults(&name.place, own.map(|(_, fault)| fault).collect());
                }
            }
        }
        if !all.is_empty() {
            self.labels.services = Some(all);
            self.places
                .insert(LabelKey::ServicePorts.to_string(), key.place.clone());
        }
    }
}

fn service(reader: &mut Reader<'_>, node: &Node, name: &str) -> Option<ServicePort> {
    let fields = Fields::read(reader, node, SERVICE)?;
    let protocol = fields
        .require(reader, "protocol")
        .and_then(|node| reader.text(node));
    let port_node = fields.require(reader, "port");
    let numbers = port_node.and_then(|node| reader.text_or_list(node));
    let protocol = protocol.and_then(|text| {
        let protocol = parsed::<Protocol>(reader, &text)?;
        reader.faults(&text.place, protocol.fault().into_iter().collect());
        Some(protocol)
    });
    let mut ports = Vec::new();
    for text in numbers? {
        if text.opaque {
            continue;
        }
        match check_port(&text.value) {
            Ok(port) => ports.push(port),
            Err(fault) => reader.faults(&text.place, vec![fault]),
        }
    }
    if ports.is_empty() {
        if let (Some(node), Pass::Expand(..)) = (port_node, reader.pass)
            && matches!(node.kind, NodeKind::List(_))
        {
            let about = reader.about_empty(node);
            reader.error(
                &node.place,
                format!("a service has at least one port{about}"),
            );
        }
        return None;
    }
    Some(ServicePort {
        name: name.to_owned(),
        protocol: protocol?,
        ports,
    })
}
