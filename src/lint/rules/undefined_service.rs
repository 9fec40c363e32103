//! `undefined-service`: services of a kernel beside the definitions that its steps put into the image.
//!
//! Definitions of the key `kernel` are held against its services where they are read; this is about those that
//! come in by other steps, or not at all.

use std::collections::BTreeSet;

use crate::diagnostic::{Finding, Level};
use crate::kernel::{DEFINITIONS, KernelLabels, LabelKey, check_services};
use crate::lint::rule::{CORRECTNESS, Check, Example, Rule};
use crate::lint::view::{RecipeView, Report};
use crate::recipe::{Base, Command, Content, Step, StepKind};
use crate::text::Place;

pub(in crate::lint) static RULE: Rule = Rule {
    id: "undefined-service",
    group: CORRECTNESS,
    level: Some(Level::Warning),
    fixed: false,
    summary: "a kernel's service without a definition, or a definition without its service",
    why: "Backend.AI starts a service with the command in `/etc/backend.ai/service-defs/NAME.json`. Without that file the service \
          is offered and cannot be opened, unless the image starts it itself (`preopen`) or the runner for Python knows it. A \
          file without a service in `service-ports` is never used.",
    bad: Example(&[(
        Example::PATH,
        "base: scratch\nrepository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}, services: {web: {protocol: http, port: 8080}}}\n",
    )]),
    good: Example(&[(
        Example::PATH,
        "base: scratch\nrepository: team/example\nplatforms: [linux/amd64]\n\
         kernel: {runtime: app, runtime_path: /bin/true, base_distro: ubuntu22.04, features: [batch], resources: {min: {cpu: 1, mem: 64m}}, services: {web: {protocol: http, port: 8080}}}\n\
         steps:\n  - write: {path: /etc/backend.ai/service-defs/web.json, content: '{\"command\": [\"/srv/web\", \"{ports[0]}\"]}'}\n",
    )]),
    check: Check::Recipe(check),
};

fn check(view: &RecipeView<'_>, report: &mut Report<'_>) {
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for content in view.images.iter().flat_map(|image| image.contents.values()) {
        for finding in of_content(content) {
            if seen.insert((finding.place.to_string(), finding.message.clone())) {
                report.push(finding);
            }
        }
    }
}

fn of_content(content: &Content) -> Vec<Finding> {
    let Some(kernel) = &content.kernel else {
        return Vec::new();
    };
    // Held against each other where they are read.
    if !kernel.definitions.is_empty() {
        return Vec::new();
    }
    let key = LabelKey::ServicePorts.to_string();
    let labels = KernelLabels::read(&kernel.all_labels());
    // Without a label the services are those of the base, which nobody knows here.
    let (Some(services), Some(place)) = (labels.services, kernel.place_of(&key)) else {
        return Vec::new();
    };
    let brought = Brought::of(content);
    let mut all = Vec::new();
    for (name, fault) in check_services(&services, &brought.names(), labels.runtime.as_deref()) {
        let defined = brought.files.iter().find(|(own, _)| *own == name);
        if defined.is_none() && brought.maybe {
            continue;
        }
        let place = defined.map_or(place, |(_, place)| place);
        let mut message = fault.message;
        if defined.is_none() && matches!(content.base.value, Base::Image(_)) {
            message.push_str(", unless the base has the file");
        }
        let finding = Finding {
            help: fault.help,
            ..Finding::error(place, message)
        };
        all.push(finding);
    }
    all
}

/// Definitions that come into an image.
struct Brought {
    /// The services, and where the file comes in.
    files: Vec<(String, Place)>,
    /// Whether there may be more.
    maybe: bool,
}

impl Brought {
    fn of(content: &Content) -> Self {
        let mut all = Self {
            files: Vec::new(),
            maybe: false,
        };
        let mut base = &content.base;
        let mut steps: Vec<&Step> = content.steps.iter().collect();
        for _ in 0..=content.stages.len() {
            match &base.value {
                Base::Stage(name) => match content.stages.get(name) {
                    Some(stage) => {
                        steps.extend(&stage.steps);
                        base = &stage.base;
                    }
                    None => break,
                },
                Base::Scratch => break,
                // Images of the platform's own makers have definitions.
                Base::Image(reference) => {
                    let repository = reference.repository();
                    let name = format!("{}/{}", repository.host().as_str(), repository.path());
                    all.maybe |= ["backend", "lablup", "kernel"]
                        .iter()
                        .any(|word| name.contains(word));
                    break;
                }
                Base::Recipe(_) | Base::Rootfs(_) | Base::Oci { .. } | Base::Dockerfile(_) => {
                    all.maybe = true;
                    break;
                }
            }
        }
        for step in steps {
            all.step(step);
        }
        all
    }

    fn names(&self) -> BTreeSet<String> {
        self.files.iter().map(|(name, _)| name.clone()).collect()
    }

    fn step(&mut self, step: &Step) {
        match &step.kind {
            StepKind::Write(write) => self.file(&write.path, &step.place),
            StepKind::Link(link) => self.file(&link.path, &step.place),
            StepKind::Copy(copy) => {
                for source in &copy.src {
                    let name = source.value.rsplit('/').next().unwrap_or_default();
                    self.taken(&copy.to, name, &source.place);
                }
            }
            StepKind::Fetch(fetch) => {
                let name = fetch.download.url.rsplit('/').next().unwrap_or_default();
                let name = if fetch.download.extract.is_some() {
                    ""
                } else {
                    name
                };
                self.taken(&fetch.to, name, &step.place);
            }
            StepKind::Git(_) => self.maybe = true,
            StepKind::Run(command, _) => {
                let has = |text: &str| text.contains("service-defs") || text.contains("backend");
                self.maybe |= match command {
                    Command::Script(text) => has(text),
                    Command::Args(words) => words.iter().any(|word| has(word)),
                };
            }
            _ => {}
        }
    }

    /// A file with its whole path.
    fn file(&mut self, path: &str, place: &Place) {
        let name = path
            .strip_prefix(DEFINITIONS)
            .and_then(|rest| rest.strip_prefix('/')?.strip_suffix(".json"));
        if let Some(name) = name.filter(|name| !name.contains('/')) {
            self.files.push((name.to_owned(), place.clone()));
        }
    }

    /// Something that is put below a path; without `.json` at its end it may be a folder.
    fn taken(&mut self, to: &str, name: &str, place: &Place) {
        let target = to.trim_end_matches('/');
        let is_file = name.strip_suffix(".json").is_some() && !name.contains(['*', '?', '[', '{']);
        if target == DEFINITIONS && is_file {
            self.file(&format!("{DEFINITIONS}/{name}"), place);
        } else if to.starts_with(DEFINITIONS) && to.strip_suffix(".json").is_some() {
            self.file(to, place);
        } else if target == DEFINITIONS
            || (DEFINITIONS.starts_with(&format!("{target}/")) && !is_file)
        {
            self.maybe = true;
        }
    }
}
