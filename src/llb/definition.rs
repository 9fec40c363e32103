//! A graph as the daemon takes it.

use std::collections::BTreeMap;

use prost::Message;

use super::vertex::{State, Vertex};
use crate::oci::Digest;
use crate::proto::pb;
use crate::text::Place;

/// A marshalled graph: ops in the order of their dependencies, metadata by digest, and for each op the
/// place it was written at.
///
/// The same graph gives the same bytes: ops are visited depth first, inputs in their order, and maps
/// are sorted.
#[derive(Debug, Clone, Default)]
pub struct Definition {
    ops: Vec<Vec<u8>>,
    metadata: BTreeMap<String, pb::OpMetadata>,
    places: BTreeMap<String, Vec<Place>>,
}

impl Definition {
    /// Marshals the graph that a state stands for; scratch is an empty definition.
    pub fn of(state: &State) -> Self {
        let mut definition = Self::default();
        let Some(output) = &state.output else {
            return definition;
        };
        definition.visit(&output.vertex);
        let terminal = pb::Op {
            inputs: vec![output.to_input()],
            ..pb::Op::default()
        }
        .encode_to_vec();
        // The terminal op carries the capabilities that speak of the whole graph.
        let caps = ["constraints", "platform"].map(|cap| (cap.to_owned(), true));
        let metadata = pb::OpMetadata {
            caps: BTreeMap::from(caps),
            ..pb::OpMetadata::default()
        };
        definition
            .metadata
            .insert(Digest::sha256_of(&terminal).to_string(), metadata);
        definition.ops.push(terminal);
        definition
    }

    /// The same graph, in which only the op that yields the result must be run even if it is known.
    #[must_use]
    pub fn known_but_last(mut self) -> Self {
        let last = self.last().map(|digest| digest.to_string());
        for (digest, metadata) in &mut self.metadata {
            metadata.ignore_cache = last.as_ref() == Some(digest);
        }
        self
    }

    /// The digest of the op that yields the result.
    pub fn last(&self) -> Option<Digest> {
        self.ops.iter().rev().nth(1).map(|op| Digest::sha256_of(op))
    }

    fn visit(&mut self, vertex: &Vertex) {
        let digest = vertex.digest.to_string();
        for place in &vertex.note.places {
            let places = self.places.entry(digest.clone()).or_default();
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        if self.metadata.contains_key(&digest) {
            return;
        }
        self.metadata.insert(digest, metadata(vertex));
        for input in &vertex.inputs {
            self.visit(input);
        }
        self.ops.push(vertex.bytes.clone());
    }

    /// The ops' bytes, inputs before the ops that use them, the terminal op last.
    pub fn ops(&self) -> &[Vec<u8>] {
        &self.ops
    }

    /// Whether the result is scratch.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The digest of the terminal op, which stands for the whole graph; nothing for scratch.
    pub fn digest(&self) -> Option<Digest> {
        self.ops.last().map(|op| Digest::sha256_of(op))
    }

    /// The digests of the ops, in their order, without the terminal op.
    pub fn vertices(&self) -> Vec<Digest> {
        let vertices = self.ops.len().saturating_sub(1);
        let ops = self.ops.iter().take(vertices);
        ops.map(|op| Digest::sha256_of(op)).collect()
    }

    /// Where the op with a digest was written; several places where several steps became one op.
    pub fn places_of(&self, digest: &str) -> &[Place] {
        self.places.get(digest).map_or(&[], Vec::as_slice)
    }

    /// The name of the op with a digest.
    pub fn name_of(&self, digest: &str) -> Option<&str> {
        self.metadata
            .get(digest)?
            .description
            .get(CUSTOM_NAME)
            .map(String::as_str)
    }

    /// As the wire message `pb.Definition`.
    pub fn to_proto(&self) -> pb::Definition {
        pb::Definition {
            def: self.ops.iter().map(|op| op.clone().into()).collect(),
            metadata: self.metadata.clone(),
            source: Some(self.source_map()),
        }
    }

    /// The bytes that `buildctl build` and `buildctl debug dump-llb` read from standard input.
    pub fn encode(&self) -> Vec<u8> {
        self.to_proto().encode_to_vec()
    }

    /// The files by name only: the daemon echoes them in errors, whose size is limited.
    fn source_map(&self) -> pb::Source {
        let mut infos: Vec<pb::SourceInfo> = Vec::new();
        let mut locations = BTreeMap::new();
        for (digest, places) in &self.places {
            let all = places.iter().map(|place| {
                let path = place.source.path();
                let known = infos.iter().position(|info| info.filename == path);
                let index = known.unwrap_or_else(|| {
                    infos.push(pb::SourceInfo {
                        filename: path.to_owned(),
                        language: "YAML".to_owned(),
                        ..pb::SourceInfo::default()
                    });
                    infos.len() - 1
                });
                pb::Location {
                    source_index: narrow(index),
                    ranges: vec![range(place)],
                }
            });
            let locations_of_op = pb::Locations {
                locations: all.collect(),
            };
            locations.insert(digest.clone(), locations_of_op);
        }
        pb::Source { locations, infos }
    }
}

/// The key of a vertex's shown name.
const CUSTOM_NAME: &str = "llb.customname";

fn metadata(vertex: &Vertex) -> pb::OpMetadata {
    let mut description = BTreeMap::new();
    if !vertex.note.name.is_empty() {
        description.insert(CUSTOM_NAME.to_owned(), vertex.note.name.clone());
    }
    let caps = vertex
        .caps
        .iter()
        .map(|cap| ((*cap).to_owned(), true))
        .collect();
    let ignore_cache = vertex.note.ignore_cache;
    pb::OpMetadata {
        ignore_cache,
        description,
        caps,
        ..pb::OpMetadata::default()
    }
}

fn range(place: &Place) -> pb::Range {
    let position = |byte| {
        let (line, column) = place.source.line_column(byte);
        pb::Position {
            line: narrow(line),
            character: narrow(column),
        }
    };
    pb::Range {
        start: Some(position(place.span.start)),
        end: Some(position(place.span.end)),
    }
}

fn narrow(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
