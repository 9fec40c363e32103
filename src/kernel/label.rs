//! The labels that the platform knows.

use std::fmt;

use super::resource::{Bound, Slot};

/// What every label of the platform begins with.
pub const PREFIX: &str = "ai.backend.";

/// Whether a label is one of the platform's.
pub fn is_label(key: &str) -> bool {
    key.starts_with(PREFIX)
}

/// A label of the platform: a closed list, and [`LabelKey::Other`] for what the platform keeps without
/// reading it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelKey {
    /// Version of the contract.
    Kernelspec,
    /// What the image can do.
    Features,
    /// The distribution whose C library the agent's binaries are chosen for.
    BaseDistro,
    /// Which runner is started.
    RuntimeType,
    /// The program that the runner runs.
    RuntimePath,
    /// What sessions the image is for.
    Role,
    /// Variables set to the number of cores.
    EnvsCorecount,
    /// Accelerators it can use.
    Accelerators,
    /// Ports of services.
    ServicePorts,
    /// The services that answer requests to a model.
    EndpointPorts,
    /// Where the model is.
    ModelPath,
    /// What the model is.
    ModelFormat,
    /// An amount of a resource.
    Resource(Bound, Slot),
    /// Begins like a resource and names none: new scanners stumble over it.
    ResourceWithoutSlot(String),
    /// Set by the platform when a session becomes an image: owner.
    CustomizedOwner,
    /// Set by the platform on containers, or read on its own helper images only.
    Internal(&'static str),
    /// Unknown to the platform; kept as it is.
    Other(String),
}

/// The labels that releases before 24.09 demand, and newer ones replace by a default.
pub const REQUIRED: [LabelKey; 5] = [
    LabelKey::Kernelspec,
    LabelKey::Features,
    LabelKey::BaseDistro,
    LabelKey::RuntimeType,
    LabelKey::RuntimePath,
];

/// Labels with a fixed name, without the prefix.
const NAMED: [(&str, LabelKey); 13] = [
    ("kernelspec", LabelKey::Kernelspec),
    ("features", LabelKey::Features),
    ("base-distro", LabelKey::BaseDistro),
    ("runtime-type", LabelKey::RuntimeType),
    ("runtime-path", LabelKey::RuntimePath),
    ("role", LabelKey::Role),
    ("envs.corecount", LabelKey::EnvsCorecount),
    ("accelerators", LabelKey::Accelerators),
    ("service-ports", LabelKey::ServicePorts),
    ("endpoint-ports", LabelKey::EndpointPorts),
    ("model-path", LabelKey::ModelPath),
    ("model-format", LabelKey::ModelFormat),
    ("customized-image.owner", LabelKey::CustomizedOwner),
];

/// Labels of containers and helper images, without the prefix.
const INTERNAL: [&str; 12] = [
    "internal.block-service-ports",
    "agent-id",
    "kernel-id",
    "session-id",
    "owner",
    "owner-user-id",
    "owner-project-id",
    "customized-image.name",
    "customized-image.id",
    "customized-image.user.email",
    "system",
    "version",
];

impl LabelKey {
    /// The key of a label; nothing for labels of others.
    pub fn read(key: &str) -> Option<Self> {
        let rest = key.strip_prefix(PREFIX)?;
        if let Some((_, known)) = NAMED.iter().find(|(name, _)| *name == rest) {
            return Some(known.clone());
        }
        if let Some(known) = INTERNAL.iter().find(|name| **name == rest) {
            return Some(Self::Internal(known));
        }
        Some(Self::resource(rest).unwrap_or_else(|| Self::Other(rest.to_owned())))
    }

    fn resource(rest: &str) -> Option<Self> {
        let inner = rest.strip_prefix("resource.")?;
        for bound in Bound::ALL {
            if let Some(slot) = inner.strip_prefix(bound.as_str()) {
                let slot = slot.strip_prefix('.').filter(|slot| !slot.is_empty());
                if let Some(slot) = slot {
                    return Some(Self::Resource(bound, Slot::new(slot)));
                }
            }
        }
        // The scanner takes the fifth part of whatever begins so.
        let stumbles = inner.starts_with("min") || inner.starts_with("max");
        (stumbles && !inner.contains('.')).then(|| Self::ResourceWithoutSlot(rest.to_owned()))
    }

    /// All names that may stand behind the prefix, for the search of a misspelt one.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMED.iter().map(|(name, _)| *name).chain(INTERNAL)
    }
}

impl fmt::Display for LabelKey {
    /// The whole key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        match self {
            Self::Resource(bound, slot) => write!(f, "resource.{}.{slot}", bound.as_str()),
            Self::ResourceWithoutSlot(rest) | Self::Other(rest) => f.write_str(rest),
            Self::Internal(rest) => f.write_str(rest),
            named => {
                let found = NAMED.iter().find(|(_, key)| key == named);
                f.write_str(found.map_or("", |(name, _)| name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bound, LabelKey, NAMED, PREFIX, Slot};

    #[test]
    fn every_key_is_written_as_it_is_read() {
        let keys = NAMED.map(|(name, _)| name).into_iter().chain([
            "resource.min.cuda.device",
            "resource.preferred.shmem",
            "resource.max",
            "owner",
            "종류",
        ]);
        for name in keys {
            let key = format!("{PREFIX}{name}");
            assert_eq!(LabelKey::read(&key).unwrap().to_string(), key);
        }
        assert_eq!(LabelKey::read("org.example"), None);
        assert_eq!(LabelKey::read("ai.backendx.features"), None);
    }

    #[test]
    fn a_resource_without_a_slot_is_told_from_one_with() {
        let read = |name: &str| LabelKey::read(&format!("{PREFIX}{name}")).unwrap();
        assert_eq!(
            read("resource.min.mem"),
            LabelKey::Resource(Bound::Min, Slot::new("mem"))
        );
        for name in ["resource.min", "resource.max", "resource.minimum"] {
            assert!(
                matches!(read(name), LabelKey::ResourceWithoutSlot(_)),
                "{name}"
            );
        }
        for name in [
            "resource.preferred",
            "resource.minimum.cpu",
            "resources.min",
        ] {
            assert!(matches!(read(name), LabelKey::Other(_)), "{name}");
        }
    }
}
