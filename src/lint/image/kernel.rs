//! What kernels of Backend.AI are asked besides: does the platform see them, and take them?

use super::check::{ImageCheck, Scope};
use crate::diagnostic::Level;

/// A check of kernels.
const fn kernel(
    id: &'static str,
    level: Level,
    summary: &'static str,
    why: &'static str,
) -> ImageCheck {
    ImageCheck {
        id,
        scope: Scope::Kernel,
        of_index: false,
        level,
        settable: true,
        summary,
        why,
    }
}

/// A check of kernels' indexes.
const fn of_index(
    id: &'static str,
    level: Level,
    summary: &'static str,
    why: &'static str,
) -> ImageCheck {
    ImageCheck {
        of_index: true,
        ..kernel(id, level, summary, why)
    }
}

pub(crate) static ENTRY_ARCHITECTURE: ImageCheck = of_index(
    "entry-architecture",
    Level::Error,
    "image entries are for linux on amd64 or arm64, one for each",
    "The platform looks at the architecture alone: of entries that differ in system or variant it keeps the last. It has \
     agents for these two; another architecture is a warning.",
);
pub(crate) static ENTRY_ANNOTATIONS: ImageCheck = of_index(
    "entry-annotations",
    Level::Error,
    "image entries have no annotations, not even empty ones",
    "The scanner of plain registries takes an annotated entry for an attestation, and the platform loses that architecture. \
     Harbor's does not mind. Annotations of the index itself do no harm.",
);
pub(crate) static ATTESTATION_FORM: ImageCheck = of_index(
    "attestation-form",
    Level::Error,
    "attestations have the platform unknown/unknown and the annotations that BuildKit writes",
    "Without annotations an attestation is recorded as an image of the architecture `unknown`, and 23.09 loses the tag.",
);
pub(crate) static INDEX_MEDIA_TYPE: ImageCheck = of_index(
    "index-media-type",
    Level::Note,
    "releases before 25.10 with a plain registry on distribution 2.x see Docker lists only",
    "They ask for the Docker type alone, and this registry answers that there is nothing. Harbor and distribution 3.x \
     serve the OCI index all the same.",
);
pub(crate) static CONFIG_PRESENT: ImageCheck = kernel(
    "config-present",
    Level::Error,
    "a configuration has the object `config` and an architecture",
    "23.09 and 24.03 fail over a configuration without them.",
);
pub(crate) static LABELS_EQUAL: ImageCheck = kernel(
    "labels-equal",
    Level::Error,
    "the labels are the same on every platform",
    "The platform reads them per architecture: a session would have other limits, ports or programs by the agent it lands \
     on. A difference in labels that are not the platform's is a note.",
);
pub(crate) static KERNEL_LABELS: ImageCheck = ImageCheck {
    settable: false,
    ..kernel(
        "kernel-labels",
        Level::Error,
        "the chosen releases accept the labels",
        "A platform whose labels are refused is lost by itself; an amount of memory that does not read loses the scan of the \
         whole registry. What is found is named by the rule that recipes have for it, such as `kernel-quantity`.",
    )
};
pub(crate) static TAG_GRAMMAR: ImageCheck = kernel(
    "tag-grammar",
    Level::Error,
    "the tag is one that the chosen releases read",
    "The platform passes over an image with another tag and says so to nobody.",
);
pub(crate) static TAG_SINGLE: ImageCheck = kernel(
    "tag-single",
    Level::Note,
    "no other tag leads to the same index",
    "Up to 24.09 and in 25.1 to 25.3 the scanner for Harbor records the first tag of an index only. Looked for where the \
     repository has at most 32 tags.",
);
pub(crate) static REPOSITORY_PROJECT: ImageCheck = kernel(
    "repository-project",
    Level::Warning,
    "the repository is PROJECT/NAME",
    "The platform scans the projects of a registry, and what lies beside them is not found.",
);
pub(crate) static REFERRERS_TAG: ImageCheck = kernel(
    "referrers-tag",
    Level::Warning,
    "the repository has no tag `sha256-…`, as clients push where a registry has no referrers API",
    "Such a tag is an index whose entries have no platform: 26.8 then records nothing of the repository, and 23.09 and 24.03 \
     end the scan of the whole registry. Keep signatures and SBOMs inside the index.",
);
