//! What is settled before the first leg begins: plan, builders, bases, graphs.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::event::EventSink;
use super::options::BuildOptions;
use super::output::{self, Outputs};
use super::reuse::{self, Begun, Reused};
use super::schedule::Board;
use super::{assign, dockerfile, emulation, epoch, origin, rehearse, shrink};
use crate::config::Proxies;
use crate::diagnostic::Finding;
use crate::llb::ProxyEnv;
use crate::lower::{BuilderFacts, Epoch, Form, LocalFiles, Lowered, Pins, Typed};
use crate::oci::Platform;
use crate::ops::connect::{Backends, Ready};
use crate::ops::current::{KnownBases, Outline, Standing};
use crate::ops::error::OpError;
use crate::ops::facts;
use crate::ops::given::Given;
use crate::ops::load::{self, Loaded};
use crate::ops::lock;
use crate::ops::places::Destination;
use crate::ops::probe::equipped;
use crate::ops::resolve::resolve;
use crate::plan::{Leg, Plan};
use crate::record::{Ledger, LedgerError};

/// Where records go, below the workspace.
const LEDGER: &str = ".kiln/records.jsonl";

/// Everything that is settled before the first leg begins.
pub(super) struct Settled<'a> {
    pub(super) plan: Plan,
    pub(super) destinations: Vec<Destination>,
    pub(super) pins: Pins,
    pub(super) epochs: Vec<Epoch>,
    pub(super) files: LocalFiles,
    pub(super) assigned: BTreeMap<Platform, usize>,
    pub(super) forms: Vec<Form>,
    /// Images whose steps are run even where builders know their results, and what to say to each builder for that.
    pub(super) fresh: (BTreeSet<usize>, Vec<Form>),
    /// Every leg's graph with its parents' in it.
    pub(super) graphs: BTreeMap<Leg, Lowered>,
    pub(super) board: Board,
    pub(super) outputs: Outputs,
    pub(super) ledger: Ledger,
    pub(super) warnings: Vec<Finding>,
    /// What is known of each image; nothing where images are built whatever is known.
    pub(super) standings: Vec<Standing>,
    /// Legs that are published and up to date, as far as something needs them.
    pub(super) reused: BTreeMap<Leg, Reused>,
    /// What was heard of bases.
    pub(super) known: KnownBases,
    /// What decides each leg that has not begun, where images go somewhere.
    pub(super) outlines: Mutex<BTreeMap<Leg, Outline>>,
    pub(super) revision: Option<(String, bool)>,
    /// Whether an image has begun: its other platforms may then begin, too.
    pub(super) begun: Mutex<Vec<bool>>,
    pub(super) options: &'a BuildOptions,
    pub(super) backends: &'a Backends,
    pub(super) events: &'a EventSink,
}

/// What can be settled without asking anybody: images in build order, and where each goes.
pub(super) fn planned(
    loaded: &Loaded,
    options: &BuildOptions,
) -> Result<(Plan, Vec<Destination>), OpError> {
    let plan = load::planned(loaded, &options.selectors, &options.platforms)?;
    if plan.legs().is_empty() {
        return Err(nothing(options));
    }
    let destinations: Vec<Destination> = plan
        .images
        .iter()
        .map(|planned| loaded.destination_of(&planned.image))
        .collect();
    if options.push {
        check_destinations(&plan, &destinations)?;
    }
    output::check(&options.outputs)?;
    Ok((plan, destinations))
}

fn nothing(options: &BuildOptions) -> OpError {
    let (message, next) = if options.platforms.is_empty() {
        (
            "there is no image to build",
            "write a recipe where `recipes` of kiln.yaml looks for it, or name one by -f",
        )
    } else {
        (
            "there is nothing to build for these platforms",
            "choose platforms that the recipes have; `kiln plan` lists them",
        )
    };
    OpError::Usage {
        message: message.to_owned(),
        next: Some(next.to_owned()),
    }
}

/// Settles it, or says why nothing can begin.
pub(super) async fn settle<'a>(
    loaded: &Loaded,
    options: &'a BuildOptions,
    mut begun: Begun,
    backends: &'a Backends,
    events: &'a EventSink,
) -> Result<Settled<'a>, OpError> {
    let path = ledger_path(loaded, options);
    let ledger = Ledger::at(path.clone());
    let reused = reuse::read(&mut begun, backends.origin.as_ref(), &ledger).await?;
    reuse::take_out(&mut begun);
    let Begun {
        plan,
        destinations,
        outlines,
        standings,
        known,
        fresh,
    } = begun;
    let assigned = assign::assign(&plan, &backends.builders)?;
    if options.push && !options.allow_shrink {
        shrink::check(&plan, &destinations, backends).await?;
    }
    let root = &loaded.workspace.root;
    let builder = |platform: Platform| assigned[&platform];
    let native = |platform| backends.builders[builder(platform)].info.native;
    let builders = equipped(&backends.builders, &assigned, options.typed, root).await;
    if options.locked {
        lock::require(loaded, &plan)?;
    }
    let lock = loaded.lock.as_ref();
    let pins = resolve(&plan, &native, &known, &backends.registry, root, lock)
        .await?
        .pins;
    let reproducible = loaded.workspace.reproducible;
    let times = reuse::times(&reused);
    let epochs = epoch::epochs(&plan, &pins, &times, options.epoch, reproducible);
    let files = LocalFiles::new(root).sent_by(origin::origin(root));
    let forms = forms(&builders, options, options.no_cache);
    let fresh_forms = self::forms(&builders, options, true);
    let published = |leg: &Leg| reused.get(leg).and_then(Reused::parent);
    let graphs = rehearse::rehearse(&plan, &pins, &epochs, &files, &published, |platform| {
        &forms[builder(platform)]
    });
    let graphs = graphs.map_err(OpError::Invalid)?;
    // What everything is held against is emulated because it was asked for.
    let warnings = match options.typed {
        Typed::Tools => emulation::check(&plan, &assigned, &backends.builders, &graphs)?,
        Typed::Emulated => Vec::new(),
    };
    check_needs(&graphs, &options.given)?;
    let slots: Vec<usize> = backends.builders.iter().map(|ready| ready.slots).collect();
    let has_work = plan.images.iter().any(|it| !it.platforms.is_empty());
    if options.push && has_work {
        check_ledger(&path)?;
    }
    let mut outputs = Outputs::open(&options.outputs, root, &plan)?;
    if !options.push && options.outputs.is_empty() {
        outputs.pass_on(dockerfile::passed_on(&plan), root)?;
    }
    Ok(Settled {
        outputs,
        board: Board::new(&plan, &slots, options.jobs, options.failure, &options.stop),
        begun: Mutex::new(vec![false; plan.images.len()]),
        revision: has_work.then(|| facts::revision(root, &path)).flatten(),
        ledger,
        warnings,
        standings,
        reused,
        known,
        outlines: Mutex::new(outlines),
        graphs,
        forms,
        fresh: (fresh, fresh_forms),
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

/// The file of records.
pub(in crate::ops) fn ledger_path(loaded: &Loaded, options: &BuildOptions) -> PathBuf {
    let otherwise = || loaded.workspace.root.join(LEDGER);
    options.record.clone().unwrap_or_else(otherwise)
}

fn check_destinations(plan: &Plan, destinations: &[Destination]) -> Result<(), OpError> {
    for (planned, destination) in plan.images.iter().zip(destinations) {
        if destination.repository.is_none() && !planned.platforms.is_empty() {
            return Err(OpError::Usage {
                message: format!("`{}` has no registry to be pushed to", planned.image.name()),
                next: Some("name one by `registry` in kiln.yaml or in the recipe".to_owned()),
            });
        }
    }
    Ok(())
}

/// Where the record is to go must be writable: an image that is published without one is lost to
/// whoever reads records.
fn check_ledger(path: &Path) -> Result<(), OpError> {
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
    folder
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().append(true).create(true).open(path))
        .map(drop)
        .map_err(|source| {
            let path = path.to_path_buf();
            OpError::Ledger(LedgerError::Unwritable { path, source })
        })
}

/// What the session cannot serve yet is said before anything is built.
fn check_needs(legs: &BTreeMap<Leg, Lowered>, given: &Given) -> Result<(), OpError> {
    for lowered in legs.values() {
        let mut secrets = lowered.needs.secrets.iter();
        let missing = secrets.find(|(id, required)| *required && !given.secrets.contains_key(id));
        if let Some((id, _)) = missing {
            return Err(OpError::Usage {
                message: format!("a step needs the secret `{id}`"),
                next: Some(format!(
                    "give it: --secret id={id},src=FILE or --secret id={id},env=NAME"
                )),
            });
        }
        let mut agents = lowered.needs.ssh.iter();
        if let Some(id) = agents.find(|id| !given.agents.contains_key(*id)) {
            return Err(OpError::Usage {
                message: format!("a step needs the ssh agent `{id}`"),
                next: Some(format!("forward it: --ssh {id}")),
            });
        }
    }
    Ok(())
}

/// What images say to each builder.
fn forms(builders: &[Ready], options: &BuildOptions, no_cache: bool) -> Vec<Form> {
    builders
        .iter()
        .map(|ready| form(ready, options, no_cache))
        .collect()
}

fn form(ready: &Ready, options: &BuildOptions, no_cache: bool) -> Form {
    Form::Builder(BuilderFacts {
        native: ready.info.native,
        trust: ready.trust,
        proxy: proxy(&options.proxy),
        no_cache,
        inside: ready.inside.clone(),
        typed: options.typed,
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
