//! What is settled before the first leg begins: plan, builders, bases, graphs.

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::event::EventSink;
use super::options::BuildOptions;
use super::schedule::Board;
use super::{assign, epoch, rehearse, shrink};
use crate::config::Proxies;
use crate::diagnostic::Findings;
use crate::llb::ProxyEnv;
use crate::lower::{BuilderFacts, Form, LocalFiles, Lowered, Pins};
use crate::oci::Platform;
use crate::ops::connect::{Backends, Ready};
use crate::ops::error::OpError;
use crate::ops::facts;
use crate::ops::load::{Loaded, selectors};
use crate::ops::places::Destination;
use crate::ops::resolve::resolve;
use crate::plan::{Leg, Plan, plan};
use crate::record::Ledger;

/// Where records go, below the workspace.
const LEDGER: &str = ".kiln/records.jsonl";

/// Everything that is settled before the first leg begins.
pub(super) struct Settled<'a> {
    pub(super) plan: Plan,
    pub(super) destinations: Vec<Destination>,
    pub(super) pins: Pins,
    pub(super) epochs: Vec<i64>,
    pub(super) files: LocalFiles,
    pub(super) assigned: BTreeMap<Platform, usize>,
    pub(super) forms: Vec<Form>,
    pub(super) board: Board,
    pub(super) ledger: Ledger,
    pub(super) revision: Option<(String, bool)>,
    /// Whether an image has begun: its other platforms may then begin, too.
    pub(super) begun: Mutex<Vec<bool>>,
    pub(super) options: &'a BuildOptions,
    pub(super) backends: &'a Backends,
    pub(super) events: &'a EventSink,
}

/// Settles it, or says why nothing can begin.
pub(super) async fn settle<'a>(
    loaded: &Loaded,
    options: &'a BuildOptions,
    backends: &'a Backends,
    events: &'a EventSink,
) -> Result<Settled<'a>, OpError> {
    let mut findings = Findings::new();
    let images = loaded.images.clone();
    let selectors = selectors(loaded, &options.selectors);
    let plan = plan(images, &selectors, &options.platforms, &mut findings)?;
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    if plan.legs().is_empty() {
        return Err(OpError::usage(
            "there is nothing to build for these platforms",
        ));
    }
    let destinations: Vec<Destination> = plan
        .images
        .iter()
        .map(|planned| loaded.destination_of(&planned.image))
        .collect();
    let assigned = assign::assign(&plan, &backends.builders)?;
    if options.push {
        check_destinations(&plan, &destinations)?;
        if !options.allow_shrink {
            shrink::check(&plan, &destinations, backends).await?;
        }
    }
    let pins = resolve(&plan, &backends.registry, &loaded.workspace.root)
        .await?
        .pins;
    let epochs = epoch::epochs(&plan, &pins, options.epoch);
    let files = LocalFiles::new(&loaded.workspace.root);
    let rehearsed = rehearse::rehearse(&plan, &pins, &epochs, &files, &Form::Platform);
    let rehearsed = rehearsed.map_err(OpError::Invalid)?;
    check_needs(&rehearsed)?;
    let slots: Vec<usize> = backends.builders.iter().map(|ready| ready.slots).collect();
    let ledger = options
        .record
        .clone()
        .unwrap_or_else(|| loaded.workspace.root.join(LEDGER));
    Ok(Settled {
        board: Board::new(&plan, &slots, options.jobs, options.failure),
        begun: Mutex::new(vec![false; plan.images.len()]),
        forms: backends
            .builders
            .iter()
            .map(|ready| form(ready, options))
            .collect(),
        ledger: Ledger::at(ledger),
        revision: facts::revision(&loaded.workspace.root),
        plan,
        destinations,
        pins,
        epochs,
        files,
        assigned,
        options,
        backends,
        events,
    })
}

fn check_destinations(plan: &Plan, destinations: &[Destination]) -> Result<(), OpError> {
    for (planned, destination) in plan.images.iter().zip(destinations) {
        if destination.repository.is_none() {
            return Err(OpError::Usage {
                message: format!("`{}` has no registry to be pushed to", planned.image.name()),
                next: Some("name one by `registry` in kiln.yaml or in the recipe".to_owned()),
            });
        }
    }
    Ok(())
}

/// What the session cannot serve yet is said before anything is built.
fn check_needs(legs: &BTreeMap<Leg, Lowered>) -> Result<(), OpError> {
    for lowered in legs.values() {
        if let Some((id, _)) = lowered.needs.secrets.iter().find(|(_, required)| *required) {
            return Err(OpError::usage(format!(
                "a step needs the secret `{id}`; giving secrets is not supported yet"
            )));
        }
        if let Some(id) = lowered.needs.ssh.first() {
            return Err(OpError::usage(format!(
                "a step needs the ssh agent `{id}`; forwarding agents is not supported yet"
            )));
        }
    }
    Ok(())
}

fn form(ready: &Ready, options: &BuildOptions) -> Form {
    Form::Builder(BuilderFacts {
        native: ready.info.native,
        trust: ready.trust,
        proxy: proxy(&options.proxy),
        no_cache: options.no_cache,
    })
}

fn proxy(proxies: &Proxies) -> ProxyEnv {
    let Proxies {
        http,
        https,
        ftp,
        no,
        all,
    } = proxies.clone();
    ProxyEnv {
        http,
        https,
        ftp,
        no,
        all,
    }
}
