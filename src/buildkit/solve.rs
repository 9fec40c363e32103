//! One build as a request, and the trait of whatever can do it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use async_trait::async_trait;
use bytes::Bytes;
use prost::Message;

use crate::buildkit::client::BuilderInfo;
use crate::buildkit::dockerfile::{Dockerfile, FRONTEND};
use crate::buildkit::error::{BuildkitError, SolveError};
use crate::buildkit::exporter::Exporter;
use crate::buildkit::progress::ProgressSink;
use crate::buildkit::result::PlatformResult;
use crate::oci::{Digest, Platform};
use crate::proto::{control, pb};

/// One build of one platform.
#[derive(Debug, Clone, PartialEq)]
pub struct Solve {
    /// The graph, with all its platforms and cache settings in it.
    pub definition: pb::Definition,
    /// A Dockerfile, from which the daemon makes the graph; the definition is empty then.
    pub dockerfile: Option<Box<Dockerfile>>,
    /// What the result is for. The graph and the exporter's configuration must say the same.
    pub platform: Platform,
    /// What becomes of the result.
    pub exporter: Exporter,
    /// Seconds since 1970 that bound the times in the image's configuration.
    pub source_date_epoch: Option<i64>,
    /// What the graph may do beyond the sandbox.
    pub entitlements: BTreeSet<Entitlement>,
    /// Whether the daemon enters the build in its history, which costs it as much again.
    pub in_history: bool,
    /// Whether the bytes that steps write are told, besides the lines.
    pub tells_output: bool,
    /// OCI layouts that the graph names and the session does not know yet, by the name of their store.
    pub layouts: BTreeMap<String, PathBuf>,
}

impl Solve {
    /// A build without export, entitlements or history.
    pub fn new(definition: pb::Definition, platform: Platform) -> Solve {
        Solve {
            definition,
            dockerfile: None,
            platform,
            exporter: Exporter::None,
            source_date_epoch: None,
            entitlements: BTreeSet::new(),
            in_history: false,
            tells_output: false,
            layouts: BTreeMap::new(),
        }
    }

    /// The same of a Dockerfile.
    pub fn of_dockerfile(dockerfile: Dockerfile, platform: Platform) -> Solve {
        Solve {
            dockerfile: Some(Box::new(dockerfile)),
            ..Solve::new(pb::Definition::default(), platform)
        }
    }

    /// Digests of the graph's ops that make something, as the progress names them. Sources are
    /// looked up in every build and the last op only names the result, so they are left out.
    pub(super) fn steps(&self) -> BTreeSet<String> {
        let makes = |op: &&Bytes| match pb::Op::decode(op.as_ref()) {
            Ok(op) => !matches!(op.op, None | Some(pb::op::Op::Source(_))),
            Err(_) => false,
        };
        let ops = self.definition.def.iter().filter(makes);
        ops.map(|op| Digest::sha256_of(op).to_string()).collect()
    }

    pub(super) fn into_proto(self, reference: String, session: String) -> control::SolveRequest {
        let exporters = self.exporter.to_proto(self.source_date_epoch, &reference);
        // A daemon takes a graph or a frontend, never both.
        let (definition, frontend, frontend_attrs) = match &self.dockerfile {
            None => (Some(self.definition), String::new(), BTreeMap::new()),
            Some(it) => (None, FRONTEND.to_owned(), it.attributes(self.platform)),
        };
        control::SolveRequest {
            r#ref: reference,
            definition,
            session,
            frontend,
            frontend_attrs,
            cache: None,
            entitlements: self
                .entitlements
                .into_iter()
                .map(|it| it.as_str().to_owned())
                .collect(),
            internal: !self.in_history,
            exporters,
        }
    }
}

/// Something a graph may do beyond the sandbox; the daemon must be configured to allow it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entitlement {
    /// Steps in the daemon's own network.
    NetworkHost,
    /// Steps with all privileges.
    SecurityInsecure,
}

impl Entitlement {
    /// BuildKit's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Entitlement::NetworkHost => "network.host",
            Entitlement::SecurityInsecure => "security.insecure",
        }
    }
}

/// Whatever builds: a daemon, or a stand-in for tests.
#[async_trait]
pub trait Solver: Send + Sync + std::fmt::Debug {
    /// What the builder is and can build for.
    async fn info(&self) -> Result<BuilderInfo, BuildkitError>;

    /// Builds, exports and waits for both. Dropping the future cancels the build.
    async fn solve(
        &self,
        request: Solve,
        progress: ProgressSink,
    ) -> Result<PlatformResult, SolveError>;
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use prost::Message;

    use super::{Dockerfile, Entitlement, Solve};
    use crate::oci::Platform;
    use crate::proto::pb;

    #[test]
    fn a_request_names_reference_session_and_entitlements() {
        let op = |kind: Option<pb::op::Op>| {
            let op = pb::Op {
                op: kind,
                ..pb::Op::default()
            };
            op.encode_to_vec().into()
        };
        let definition = pb::Definition {
            def: vec![
                op(Some(pb::op::Op::Source(pb::SourceOp::default()))),
                op(Some(pb::op::Op::File(pb::FileOp::default()))),
                op(None),
            ],
            ..pb::Definition::default()
        };
        let mut solve = Solve::new(definition, Platform::LINUX_ARM64);
        solve.entitlements.insert(Entitlement::NetworkHost);
        assert_eq!(solve.steps().len(), 1);
        let request = solve.into_proto("r".to_owned(), "s".to_owned());
        assert_eq!(request.r#ref, "r");
        assert_eq!(request.session, "s");
        assert_eq!(request.entitlements, ["network.host"]);
        assert!(request.internal);
        assert!(request.exporters.is_empty());
        assert!(request.definition.is_some() && request.frontend.is_empty());
    }

    #[test]
    fn a_request_for_a_dockerfile_has_a_frontend_and_no_graph() {
        let dockerfile = Dockerfile {
            folder: "/größe".into(),
            file: "Dockerfile".to_owned(),
            context: "/größe".into(),
            hidden: Vec::new(),
            origin: String::new(),
            target: None,
            args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            secrets: BTreeSet::new(),
            agents: BTreeSet::new(),
            no_cache: false,
        };
        let solve = Solve::of_dockerfile(dockerfile, Platform::LINUX_ARM64);
        let request = solve.into_proto("r".to_owned(), "s".to_owned());
        assert!(request.definition.is_none());
        assert_eq!(request.frontend, "dockerfile.v0");
        assert_eq!(request.frontend_attrs["platform"], "linux/arm64");
    }
}
