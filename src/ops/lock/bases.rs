//! Images: the digests of their indexes and of the platforms that are used.

use std::sync::Arc;

use super::unresolved::Unresolved;
use crate::lock::{Lock, Needs};
use crate::lower::Pins;
use crate::ops::resolve::{Unusable, Wanted, look_up_all};
use crate::registry::Registry;

/// Looks up every image that is wanted, and notes what the lock did not have. Images that it has are asked for by
/// digest: their configurations are needed for the steps on them.
pub(super) async fn bases(
    wanted: &Needs,
    lock: &mut Lock,
    registry: &Arc<dyn Registry>,
    unresolved: &mut Unresolved,
) -> Pins {
    let all = wanted.images.iter().map(|(reference, need)| {
        let mut uses = need.native.clone();
        uses.extend(need.platforms.clone());
        Wanted {
            reference: reference.clone(),
            uses,
            locked: lock.image(reference).cloned(),
            known: None,
        }
    });
    let all: Vec<Wanted> = all.collect();
    let mut pins = Pins::default();
    for (one, looked_up) in look_up_all(all, registry.as_ref()).await {
        let need = &wanted.images[&one.reference];
        let found = match looked_up {
            Ok(found) => found,
            Err(problem) => {
                unresolved.image(problem, &mut one.uses.values().flatten());
                continue;
            }
        };
        let mut lacks = Vec::new();
        let mut any = None;
        for (platform, pin) in found {
            match pin {
                Ok(pin) => {
                    if let Some(index) = pin.reference.digest() {
                        lock.set_image(&one.reference, index, platform, pin.manifest.clone());
                    }
                    any = Some(pin.clone());
                    pins.add_image(&one.reference, platform, pin);
                }
                // A builder of this platform cannot run the stage; others can.
                Err(Unusable::Wrong { .. }) if !need.platforms.contains_key(&platform) => {
                    lacks.push(platform);
                }
                Err(problem) => unresolved.image(problem, &mut one.uses[&platform].iter()),
            }
        }
        // A graph that belongs to no builder needs some image there.
        for (platform, pin) in lacks.into_iter().zip(any.into_iter().cycle()) {
            pins.add_image(&one.reference, platform, pin);
        }
    }
    pins
}
