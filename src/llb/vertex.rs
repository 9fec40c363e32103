//! Vertices and the states that point to them.
//!
//! The hard part is the byte order. The daemon decodes each op, encodes it again with Go's
//! deterministic encoder and hashes that. Go writes the member of a `oneof` behind all other fields;
//! an encoder that writes in order of field numbers builds fine, but its vertices have other digests
//! in the daemon's status stream and error details. So the plain fields and the member are encoded
//! apart and joined here.

use std::sync::Arc;

use prost::Message;
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::oci::{Digest, Platform};
use crate::proto::pb;
use crate::text::Place;

/// What is said about a vertex without being part of its identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// The name shown in progress.
    pub name: String,
    /// Where the user wrote it: several places where several steps became one op.
    pub places: Vec<Place>,
    /// Whether the daemon must run it even if it knows the result.
    pub ignore_cache: bool,
}

impl Note {
    /// A name without a place.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

/// One op with its bytes and digest.
#[derive(Debug)]
pub(super) struct Vertex {
    pub(super) bytes: Vec<u8>,
    pub(super) digest: Digest,
    pub(super) inputs: Vec<Arc<Self>>,
    pub(super) note: Note,
    pub(super) caps: Vec<&'static str>,
}

/// An output of a vertex.
#[derive(Debug, Clone)]
pub(super) struct Output {
    pub(super) vertex: Arc<Vertex>,
    pub(super) index: i64,
}

impl Output {
    pub(super) fn to_input(&self) -> pb::Input {
        pb::Input {
            digest: self.vertex.digest.to_string(),
            index: self.index,
        }
    }
}

/// An immutable handle on a file system: an output of a graph, or nothing at all (scratch).
#[derive(Debug, Clone)]
pub struct State {
    pub(super) output: Option<Output>,
    pub(super) platform: Platform,
}

impl State {
    /// An empty file system.
    pub fn scratch(platform: &Platform) -> Self {
        Self {
            output: None,
            platform: *platform,
        }
    }

    /// The platform its programs are for.
    pub fn platform(&self) -> &Platform {
        &self.platform
    }

    /// Whether nothing has been put in.
    pub fn is_scratch(&self) -> bool {
        self.output.is_none()
    }

    /// The digest of the op that yields it; nothing for scratch.
    pub fn digest(&self) -> Option<&Digest> {
        self.output.as_ref().map(|output| &output.vertex.digest)
    }

    pub(super) fn of(vertex: Vertex, platform: &Platform) -> Self {
        let output = Output {
            vertex: Arc::new(vertex),
            index: 0,
        };
        Self {
            output: Some(output),
            platform: *platform,
        }
    }
}

/// The kinds of ops, each with its field number in `pb.Op`.
#[derive(Debug)]
pub(super) enum Kind {
    Exec(Box<pb::ExecOp>),
    Source(pb::SourceOp),
    File(pb::FileOp),
    Merge(pb::MergeOp),
    Diff(pb::DiffOp),
}

impl Kind {
    fn number_and_bytes(&self) -> (u32, Vec<u8>) {
        match self {
            Self::Exec(op) => (2, op.encode_to_vec()),
            Self::Source(op) => (3, op.encode_to_vec()),
            Self::File(op) => (4, op.encode_to_vec()),
            Self::Merge(op) => (6, op.encode_to_vec()),
            Self::Diff(op) => (7, op.encode_to_vec()),
        }
    }
}

/// Inputs of an op: each output once, in the order of first use.
#[derive(Debug, Default)]
pub(super) struct Inputs {
    outputs: Vec<Output>,
}

impl Inputs {
    /// The index of a state among the inputs, -1 for scratch.
    pub(super) fn add(&mut self, state: &State) -> i64 {
        let Some(output) = &state.output else {
            return -1;
        };
        let same = |known: &Output| {
            known.vertex.digest == output.vertex.digest && known.index == output.index
        };
        let at = self.outputs.iter().position(same).unwrap_or_else(|| {
            self.outputs.push(output.clone());
            self.outputs.len() - 1
        });
        i64::try_from(at).unwrap_or(i64::MAX)
    }

    /// Adds an input even if it is there, as merge wants it.
    pub(super) fn push(&mut self, output: &Output) -> i64 {
        self.outputs.push(output.clone());
        i64::try_from(self.outputs.len() - 1).unwrap_or(i64::MAX)
    }

    pub(super) fn len(&self) -> usize {
        self.outputs.len()
    }
}

impl Vertex {
    /// An op with its identity. `platform` is given for ops whose result depends on it.
    pub(super) fn new(
        kind: &Kind,
        inputs: Inputs,
        platform: Option<&Platform>,
        caps: Vec<&'static str>,
        note: Note,
    ) -> Self {
        let plain = pb::Op {
            inputs: inputs.outputs.iter().map(Output::to_input).collect(),
            platform: platform.map(wire_platform),
            constraints: Some(pb::WorkerConstraints::default()),
            op: None,
        };
        let mut bytes = plain.encode_to_vec();
        let (number, member) = kind.number_and_bytes();
        encode_key(number, WireType::LengthDelimited, &mut bytes);
        encode_varint(member.len() as u64, &mut bytes);
        bytes.extend(member);
        let digest = Digest::sha256_of(&bytes);
        let inputs = inputs
            .outputs
            .into_iter()
            .map(|output| output.vertex)
            .collect();
        Self {
            bytes,
            digest,
            inputs,
            note,
            caps,
        }
    }
}

fn wire_platform(platform: &Platform) -> pb::Platform {
    pb::Platform {
        architecture: platform.architecture().to_owned(),
        os: platform.os().to_owned(),
        variant: platform.variant().unwrap_or_default().to_owned(),
        ..pb::Platform::default()
    }
}
