//! A tag never loses platforms by accident.

use crate::ops::connect::Backends;
use crate::ops::error::OpError;
use crate::ops::places::Destination;
use crate::plan::{Plan, Planned};
use crate::registry::{ManifestRef, Registry};

/// Refuses a run that would replace a published index by one with fewer platforms, where the run leaves
/// out platforms of the image.
pub(super) async fn check(
    plan: &Plan,
    destinations: &[Destination],
    backends: &Backends,
) -> Result<(), OpError> {
    for (planned, destination) in plan.images.iter().zip(destinations) {
        // An image of which nothing is built is not published either.
        if !planned.left_out().is_empty() && !planned.platforms.is_empty() {
            check_image(planned, destination, backends.origin.as_ref()).await?;
        }
    }
    Ok(())
}

async fn check_image(
    planned: &Planned,
    destination: &Destination,
    registry: &dyn Registry,
) -> Result<(), OpError> {
    for reference in &destination.references {
        let at = ManifestRef::of(reference);
        let Some(raw) = registry.get_manifest(reference.repository(), &at).await? else {
            continue;
        };
        if !raw.media_type.is_index() {
            continue;
        }
        let Ok(index) = raw.index() else { continue };
        let lost: Vec<String> = index
            .images()
            .keys()
            .filter(|platform| !planned.platforms.contains(platform))
            .map(ToString::to_string)
            .collect();
        if !lost.is_empty() {
            let reference = reference.to_string();
            return Err(OpError::WouldShrink {
                reference,
                platforms: lost,
            });
        }
    }
    Ok(())
}
