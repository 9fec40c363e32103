//! What stands on an image of the workspace, or on a base.

use std::collections::BTreeSet;

use super::scope::below;
use crate::lower::{LocalFiles, images_of};
use crate::oci::{Reference, Tag};
use crate::ops::error::OpError;
use crate::ops::load::Loaded;
use crate::plan::{Plan, Planned, Selector};

/// The images below `base`, by their positions in the plan: below an image of the workspace, by its name or reference,
/// and below everything that begins with or copies from a base of that name.
pub(super) fn dependents(
    loaded: &Loaded,
    plan: &Plan,
    base: &str,
) -> Result<BTreeSet<usize>, OpError> {
    let selector = Selector::new(base);
    let wanted = Wanted::parse(base);
    let files = LocalFiles::new(&loaded.workspace.root);
    let (mut own, mut users) = (BTreeSet::new(), BTreeSet::new());
    for (number, planned) in plan.images.iter().enumerate() {
        let fits = |reference: &Reference| wanted.as_ref().is_some_and(|it| it.fits(reference));
        let references = loaded.destination_of(&planned.image).references;
        if selector.matches(&planned.image) || references.iter().any(fits) {
            own.insert(number);
        }
        if uses(planned, &files).iter().any(fits) {
            users.insert(number);
        }
    }
    if own.is_empty() && users.is_empty() {
        return Err(OpError::Usage {
            message: format!(
                "`{base}` is no image of this workspace, and none begins with it or copies from it"
            ),
            next: Some("`kiln plan` lists images and what they begin with".to_owned()),
        });
    }
    let mut all = below(plan, &own);
    all.extend(below(plan, &users));
    all.extend(users);
    Ok(all)
}

/// A base as it was asked for. What is not said fits everything.
struct Wanted {
    reference: Reference,
    tag: Option<Tag>,
}

impl Wanted {
    fn parse(text: &str) -> Option<Self> {
        let reference: Reference = text.parse().ok()?;
        let name = text.split('@').next().unwrap_or_default();
        let last = name.rsplit('/').next().unwrap_or_default();
        let tag = last
            .contains(':')
            .then(|| reference.tag().cloned())
            .flatten();
        Some(Self { reference, tag })
    }

    fn fits(&self, other: &Reference) -> bool {
        let digest = self.reference.digest();
        self.reference.repository() == other.repository()
            && self.tag.as_ref().is_none_or(|tag| other.tag() == Some(tag))
            && digest.is_none_or(|digest| other.digest() == Some(digest))
    }
}

/// The images of registries that an image begins with or copies from, on any platform.
fn uses(planned: &Planned, files: &LocalFiles) -> BTreeSet<Reference> {
    let mut all = BTreeSet::new();
    for content in planned.image.contents.values() {
        let images = content.images().into_iter();
        all.extend(images.map(|(reference, _)| reference.clone()));
        if let Some(dockerfile) = content.dockerfile() {
            // One that cannot be read is told by those who build it.
            let text = files.read(&dockerfile.file.value).unwrap_or_default();
            all.extend(images_of(dockerfile, &text));
        }
    }
    all
}
