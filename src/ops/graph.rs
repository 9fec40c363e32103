//! Images and what they are made of, as nodes and edges: the plan as a picture.

use std::collections::{BTreeMap, BTreeSet};

use super::current::State;
use super::error::OpError;
use super::load::Loaded;
use super::outdated::{OutdatedOptions, judged};
use super::plan::{PlanOptions, make};
use crate::diagnostic::nearest;
use crate::lower::{LocalFiles, images_of};
use crate::oci::Reference;
use crate::plan::{Plan, Planned, Selector};
use crate::recipe::{Base, Content};
use crate::registry::Registry;

/// What to show.
#[derive(Debug, Clone, Default)]
pub struct GraphOptions {
    /// Which images.
    pub plan: PlanOptions,
    /// An image or base: only it is shown, and what depends on it.
    pub dependents_of: Option<String>,
}

/// Images and bases. What something is made of stands before it.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// The nodes: bases by name, then images in build order.
    pub nodes: Vec<Node>,
    /// The edges, in the order of their nodes.
    pub edges: BTreeSet<Edge>,
}

/// An image, or what images begin with.
#[derive(Debug, Clone)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// `REPOSITORY:TAG` of an image; of a base its reference as people write it.
    pub name: String,
    /// Of an image, where registries were asked.
    pub state: Option<State>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    /// An image of the workspace.
    Image,
    /// An image of a registry, a layout or a folder of files.
    Base,
}

/// From what something is made of to what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Position of the base or parent.
    pub from: usize,
    /// Position of the image.
    pub to: usize,
    /// Whether files are copied only; it begins with it otherwise.
    pub copies: bool,
}

/// The graph of a plan. Nobody is asked.
pub fn graph(loaded: &Loaded, options: &GraphOptions) -> Result<Graph, OpError> {
    let plan = make(loaded, &options.plan)?;
    of(loaded, &plan, &[], options.dependents_of.as_deref())
}

/// The same with the state of each image. Asks whom [`outdated()`](super::outdated()) asks.
pub async fn graph_with_states(
    loaded: &Loaded,
    options: &GraphOptions,
    origin: &dyn Registry,
    registry: &dyn Registry,
) -> Result<Graph, OpError> {
    let judging = OutdatedOptions {
        plan: options.plan.clone(),
        ..OutdatedOptions::default()
    };
    let judged = judged(loaded, &judging, origin, registry).await?;
    let states = judged.told.iter().map(|told| told.standing.state);
    let states: Vec<State> = states.collect();
    of(
        loaded,
        &judged.plan,
        &states,
        options.dependents_of.as_deref(),
    )
}

/// What an image is made of: bases by name and parents by position, with whether files are copied only.
#[derive(Default)]
struct Made {
    bases: BTreeMap<String, bool>,
    parents: BTreeMap<usize, bool>,
}

impl Made {
    fn add(&mut self, base: &Base, copies: bool, planned: &Planned) {
        match base {
            Base::Image(reference) => self.base(reference.to_string(), copies),
            Base::Recipe(reference) => {
                if let Some(&parent) = planned.parents.get(reference) {
                    *self.parents.entry(parent).or_insert(true) &= copies;
                }
            }
            Base::Oci { folder, tag } => self.base(format!("oci {folder}:{tag}"), copies),
            Base::Rootfs(path) => self.base(format!("rootfs {path}"), copies),
            Base::Scratch | Base::Stage(_) | Base::Dockerfile(_) => {}
        }
    }

    fn base(&mut self, name: String, copies: bool) {
        *self.bases.entry(name).or_insert(true) &= copies;
    }
}

fn made(planned: &Planned, files: &LocalFiles) -> Made {
    let mut made = Made::default();
    let contents = planned.image.contents.iter();
    let contents = contents.filter(|(platform, _)| planned.platforms.contains(platform));
    for (_, content) in contents {
        for base in content.bases() {
            made.add(&base.value, true, planned);
        }
        for (reference, _) in content.images() {
            made.base(reference.to_string(), true);
        }
        for (reference, _) in content.recipes() {
            made.add(&Base::Recipe(reference.clone()), true, planned);
        }
        let own = beginning(content);
        made.add(own, false, planned);
        for base in own.given() {
            made.add(&base.value, false, planned);
        }
        if let Base::Dockerfile(dockerfile) = own {
            // One that cannot be read is told by those who need it.
            let text = files.read(&dockerfile.file.value).unwrap_or_default();
            for reference in images_of(dockerfile, &text) {
                made.base(reference.to_string(), false);
            }
        }
    }
    made
}

/// What an image begins with, also where it begins with a stage.
fn beginning(content: &Content) -> &Base {
    let mut base = &content.base.value;
    for _ in 0..=content.stages.len() {
        let Base::Stage(name) = base else { break };
        let Some(stage) = content.stages.get(name) else {
            break;
        };
        base = &stage.base.value;
    }
    base
}

fn of(
    loaded: &Loaded,
    plan: &Plan,
    states: &[State],
    dependents_of: Option<&str>,
) -> Result<Graph, OpError> {
    let files = LocalFiles::new(&loaded.workspace.root);
    let all: Vec<Made> = plan.images.iter().map(|it| made(it, &files)).collect();
    let bases: BTreeSet<&String> = all.iter().flat_map(|made| made.bases.keys()).collect();
    let numbers: BTreeMap<&String, usize> = bases.iter().copied().zip(0..).collect();
    let mut graph = Graph::default();
    for base in &bases {
        graph.nodes.push(Node {
            kind: NodeKind::Base,
            name: familiar(base),
            state: None,
        });
    }
    for (number, (planned, made)) in plan.images.iter().zip(&all).enumerate() {
        let to = graph.nodes.len();
        graph.nodes.push(Node {
            kind: NodeKind::Image,
            name: planned.image.name(),
            state: states.get(number).copied(),
        });
        let of_bases = made
            .bases
            .iter()
            .map(|(base, &copies)| (numbers[base], copies));
        let parents = made.parents.iter();
        let parents = parents.map(|(parent, &copies)| (bases.len() + parent, copies));
        let edges = of_bases.chain(parents);
        graph
            .edges
            .extend(edges.map(|(from, copies)| Edge { from, to, copies }));
    }
    // An image that has none of the platforms that are asked for is none here.
    let has_any = |node: &usize| {
        let image = node.checked_sub(bases.len());
        image.is_none_or(|image| !plan.images[image].platforms.is_empty())
    };
    let all: BTreeSet<usize> = (0..graph.nodes.len()).filter(has_any).collect();
    let Some(text) = dependents_of else {
        return Ok(graph.only(&all));
    };
    let wanted = wanted(loaded, plan, &bases, text);
    if wanted.is_disjoint(&all) {
        return Err(unknown(text, &graph));
    }
    let below = graph.below(wanted);
    Ok(graph.only(&below.intersection(&all).copied().collect()))
}

/// The nodes that a text means: a base by its reference, an image by what selects it or by its full reference.
fn wanted(loaded: &Loaded, plan: &Plan, bases: &BTreeSet<&String>, text: &str) -> BTreeSet<usize> {
    let normal = text.parse::<Reference>().ok().map(|it| it.to_string());
    let means = |base: &String| *base == text || Some(base) == normal.as_ref();
    let of_bases = bases.iter().enumerate().filter(|(_, base)| means(base));
    let selector = Selector::new(text);
    let is_meant = |planned: &Planned| {
        let references = loaded.destination_of(&planned.image).references;
        selector.matches(&planned.image)
            || references.iter().any(|it| Some(it.to_string()) == normal)
    };
    let images = plan.images.iter().enumerate();
    let images = images.filter(|(_, planned)| is_meant(planned));
    let of_images = images.map(|(number, _)| bases.len() + number);
    of_bases
        .map(|(number, _)| number)
        .chain(of_images)
        .collect()
}

fn unknown(text: &str, graph: &Graph) -> OpError {
    let names = graph.nodes.iter().map(|node| node.name.as_str());
    let hint = nearest(text, names).map(|near| format!("; did you mean `{near}`?"));
    OpError::Usage {
        message: format!(
            "no image is called `{text}`, and none is made of it{}",
            hint.unwrap_or_default()
        ),
        next: Some("`kiln graph` lists images and bases".to_owned()),
    }
}

/// A reference as people write it: without Docker Hub's host, and with the beginning of a digest.
fn familiar(base: &str) -> String {
    let short = base.strip_prefix("docker.io/").unwrap_or(base);
    let short = short.strip_prefix("library/").unwrap_or(short);
    match short.split_once("@sha256:") {
        Some((name, hex)) if hex.len() == 64 && hex.is_ascii() => {
            format!("{name}@sha256:{}", &hex[..12])
        }
        _ => short.to_owned(),
    }
}

impl Graph {
    /// Some nodes, and everything that is made of them.
    fn below(&self, wanted: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut kept = wanted;
        // Edges lead from a node to a later one, and are in the order of where they begin.
        for edge in &self.edges {
            if kept.contains(&edge.from) {
                kept.insert(edge.to);
            }
        }
        kept
    }

    /// Some nodes, and the edges between them.
    fn only(&self, kept: &BTreeSet<usize>) -> Self {
        let numbers: BTreeMap<usize, usize> = kept.iter().copied().zip(0..).collect();
        let edges = self.edges.iter().filter_map(|edge| {
            Some(Edge {
                from: *numbers.get(&edge.from)?,
                to: *numbers.get(&edge.to)?,
                copies: edge.copies,
            })
        });
        let nodes = kept.iter().map(|&number| self.nodes[number].clone());
        Self {
            nodes: nodes.collect(),
            edges: edges.collect(),
        }
    }
}
