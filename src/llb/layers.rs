//! Ops on whole layers: put states on top of each other, or take what one adds to another.

use super::vertex::{Inputs, Kind, Note, State, Vertex};
use crate::oci::Platform;
use crate::proto::pb;

/// The layers of several states on top of each other, later ones winning. Layers are neither copied
/// nor compressed again. Scratch adds nothing; of a single state nothing is made.
pub fn merge(states: &[State], platform: &Platform, note: Note) -> State {
    let full: Vec<&State> = states.iter().filter(|state| !state.is_scratch()).collect();
    match full.as_slice() {
        [] => State::scratch(platform),
        [one] => State {
            output: one.output.clone(),
            platform: *platform,
        },
        many => {
            let mut inputs = Inputs::default();
            let merged = many
                .iter()
                .filter_map(|state| state.output.as_ref())
                .map(|output| pb::MergeInput {
                    input: inputs.push(output),
                })
                .collect();
            let kind = Kind::Merge(pb::MergeOp { inputs: merged });
            State::of(
                Vertex::new(&kind, inputs, None, vec!["mergeop"], note),
                platform,
            )
        }
    }
}

/// What `upper` adds to `lower`.
pub fn diff(lower: &State, upper: &State, note: Note) -> State {
    if lower.is_scratch() || upper.is_scratch() {
        return upper.clone();
    }
    let mut inputs = Inputs::default();
    let kind = Kind::Diff(pb::DiffOp {
        lower: Some(pb::LowerDiffInput {
            input: inputs.add(lower),
        }),
        upper: Some(pb::UpperDiffInput {
            input: inputs.add(upper),
        }),
    });
    State::of(
        Vertex::new(&kind, inputs, None, vec!["diffop"], note),
        &upper.platform,
    )
}
