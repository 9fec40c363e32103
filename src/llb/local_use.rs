//! Which local files a graph asks for.

use prost::Message;

use super::definition::Definition;
use crate::oci::Digest;
use crate::proto::pb;
use crate::text::Place;

/// The scheme of sources that the client sends.
const SCHEME: &str = "local://";

/// A local folder as one op asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalUse {
    /// The name after `local://`.
    pub name: String,
    /// Patterns of what is taken; empty for everything.
    pub include: Vec<String>,
    /// Patterns of what is left out again.
    pub exclude: Vec<String>,
    /// Where the op was written.
    pub places: Vec<Place>,
}

impl Definition {
    /// Every local folder that its ops ask for, in their order.
    pub fn locals(&self) -> Vec<LocalUse> {
        let ops = self.ops().iter();
        ops.filter_map(|bytes| {
            let op = pb::Op::decode(bytes.as_slice()).ok()?;
            let Some(pb::op::Op::Source(source)) = op.op else {
                return None;
            };
            let patterns = |key: &str| {
                let text = source.attrs.get(key);
                let patterns = text.and_then(|text| serde_json::from_str(text).ok());
                patterns.unwrap_or_default()
            };
            Some(LocalUse {
                name: source.identifier.strip_prefix(SCHEME)?.to_owned(),
                include: patterns(super::source::INCLUDE),
                exclude: patterns(super::source::EXCLUDE),
                places: self.places_of(Digest::sha256_of(bytes).as_str()).to_vec(),
            })
        })
        .collect()
    }
}
