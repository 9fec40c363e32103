//! What every image is asked: is it one index, and is everything there that it names?

use super::check::{ImageCheck, Scope};
use crate::diagnostic::Level;

/// A check of any image. All of them are errors: who pulls the image gets nothing, or something else.
const fn any(id: &'static str, summary: &'static str, why: &'static str) -> ImageCheck {
    ImageCheck {
        id,
        scope: Scope::Any,
        of_index: true,
        level: Level::Error,
        settable: false,
        summary,
        why,
    }
}

/// A check of any image that a single manifest is asked as well.
const fn of_manifest(id: &'static str, summary: &'static str, why: &'static str) -> ImageCheck {
    ImageCheck {
        of_index: false,
        ..any(id, summary, why)
    }
}

pub(crate) static IMAGE_INDEX: ImageCheck = of_manifest(
    "image-index",
    "the reference leads to an index, also where there is one platform only",
    "A single manifest is pulled on every platform and runs on one. Backend.AI before 25.10 does not see it at all, and its \
     scanner for Harbor takes a Docker manifest for x86_64, whatever it is.",
);
pub(crate) static INDEX_FORM: ImageCheck = any(
    "index-form",
    "the index reads as one and is of version 2",
    "Readers differ in what they make of another document.",
);
pub(crate) static INDEX_ENTRIES: ImageCheck = any(
    "index-entries",
    "the index lists images, and each entry is a manifest of a size that manifests have",
    "An empty index is passed over without a word; entries of other types are refused by some readers.",
);
pub(crate) static INDEX_FLAT: ImageCheck = any(
    "index-flat",
    "the index lists no other index",
    "Few readers look into an index in an index, and Backend.AI loses the tag.",
);
pub(crate) static INDEX_ONE_FAMILY: ImageCheck = any(
    "index-one-family",
    "OCI manifests in an OCI index, or Docker manifests in a Docker list",
    "Backend.AI loses a Docker list with OCI manifests, and what becomes of the other mixture is left to each reader.",
);
pub(crate) static ENTRY_PLATFORM: ImageCheck = any(
    "entry-platform",
    "every image entry has a platform",
    "An entry without one is chosen by nobody. It fails the scan of the tag in Backend.AI, and in 23.09 and 24.03 that of \
     the whole registry.",
);
pub(crate) static ENTRY_DISTINCT: ImageCheck = any(
    "entry-distinct",
    "no platform stands twice",
    "Clients take the first entry of a platform, Backend.AI records the last.",
);
pub(crate) static ATTESTATION_SUBJECT: ImageCheck = any(
    "attestation-subject",
    "an attestation is about an image of the same index",
    "One that is about something else proves nothing.",
);
pub(crate) static CONTENT_PRESENT: ImageCheck = of_manifest(
    "content-present",
    "every manifest, configuration and layer is there, with the size and digest that are said of it",
    "A registry that lost content still serves the index. With `--deep` every layer is read and its digest computed.",
);
pub(crate) static MANIFEST_FORM: ImageCheck = of_manifest(
    "manifest-form",
    "every manifest reads as one, is of version 2 and has an image's configuration",
    "Readers differ in what they make of another document.",
);
pub(crate) static CONFIG_FORM: ImageCheck = of_manifest(
    "config-form",
    "every configuration reads as one: JSON, each key once, labels that are texts",
    "Of a key that stands twice readers take the one or the other, and most refuse a label that is a number.",
);
pub(crate) static CONFIG_PLATFORM: ImageCheck = of_manifest(
    "config-platform",
    "a configuration is for the platform that the index says",
    "The programs in the image are those of another platform, and do not start.",
);
pub(crate) static CONFIG_LAYERS: ImageCheck = of_manifest(
    "config-layers",
    "a configuration tells of the layers that its manifest has",
    "Builders count layers by the configuration and runtimes by the manifest.",
);
