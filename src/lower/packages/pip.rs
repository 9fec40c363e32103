//! `pip`: one exec; requirement files are mounted and not copied.

use std::fmt::Write as _;

use super::installer::{Chosen, Tool};
use super::project::{self, project};
use super::{quoted, quoted_all, quoted_path};
use crate::diagnostic::Finding;
use crate::llb::{CacheSharing, FileActions, Note, State};
use crate::lock::{PipList, PipPackage};
use crate::lower::PipAsked;
use crate::lower::chain::Chain;
use crate::lower::local::as_pattern;
use crate::lower::locking::{Locking, indexes, locking, version};
use crate::lower::program::Call;
use crate::lower::requirements::{Requirements, name_of};
use crate::lower::stages::{Lowering, title};
use crate::oci::Platform;
use crate::recipe::steps::Pip;
use crate::recipe::{Program, Step};
use crate::text::Spanned;

const FILES: &str = "/run/kiln/pip/files";

/// Where the lock's list is during the step.
const LIST: &str = "/run/kiln/pip/list";
/// Where it stands which package is of which index.
const PROJECT: &str = "/run/kiln/pip/project";
const OLD_UV: &str = "this uv is older than 0.4.23 and does not know which package is of which index: install a newer \
                      one, or say `installer: pip`";

impl Lowering<'_> {
    pub(in crate::lower) fn pip(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        pip: &Pip,
        program: &Program,
    ) {
        let requirements = self.requirements(&pip.requirements);
        let constraints = self.requirements(&pip.constraints);
        let platform = *chain.state.platform();
        let list = self.locked(
            chain,
            step,
            program,
            locking(pip, &requirements, &constraints),
        );
        let mounted = if let Some(list) = &list {
            Some((LIST, lists(pip, list, &platform)))
        } else {
            let files = requirements.files().chain(constraints.files());
            let mut paths: Vec<String> = files.map(as_pattern).collect();
            paths.sort();
            paths.dedup();
            (!paths.is_empty()).then(|| {
                let note = Note::named(format!("workspace {}", paths.join(" ")));
                (
                    FILES,
                    self.job.files.state(paths, Vec::new(), &platform, note),
                )
            })
        };
        // What waits is part of what the step begins with.
        chain.flush();
        let (id, before) = (self.step_id(chain, step), chain.state.clone());
        let first = chain.first.clone();
        let Some(chosen) = self.chosen(chain, step, pip, program, &id, &requirements) else {
            return;
        };
        let Chosen {
            tool,
            mode,
            python,
            machine,
        } = chosen;
        if list.is_none() && python.is_some() {
            self.refuse_extra_indexes(step, [&requirements, &constraints]);
        }
        let own = self.own_packages(step, pip, &requirements, &tool);
        let script = match &list {
            Some(list) => locked_script(pip, list, &tool),
            None => script(pip, &own, &tool),
        };
        let is_read = list.is_none() && reads_project(&tool, &own);
        let project = is_read.then(|| project_file(&own, &platform));
        let call = Call {
            args: ["/bin/sh", "-e", "-c", &script].map(String::from).to_vec(),
            env: tool
                .env
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            title: title(step, || words(pip)),
            mode,
        };
        let user = program.user.as_deref();
        self.program(chain, step, program, call, |exec| {
            let sharing = CacheSharing::Shared;
            let mut exec = super::with_cache(exec, tool.cache, tool.name, sharing, user, &platform);
            if let Some(python) = &python {
                exec = python.equip(exec, user);
            }
            if let Some(machine) = machine {
                exec = exec.on(machine);
            }
            if let Some(project) = &project {
                exec = exec.bind(PROJECT, project, "");
            }
            match &mounted {
                Some((path, files)) => exec.bind(*path, files, ""),
                None => exec,
            }
        });
        let uv = python.map(|python| python.uv().clone());
        self.leave_trail(id, first, before, chain, uv);
    }

    /// The indexes with packages of their own, as the tool is told. uv finds their versions where they stand, as it resolves
    /// all of the step at once.
    fn own_packages(
        &mut self,
        step: &Step,
        pip: &Pip,
        requirements: &Requirements,
        tool: &Tool,
    ) -> Vec<(String, Vec<String>)> {
        let said = pip.package_indexes.iter();
        let said = said.map(|index| (index.url.clone(), index.packages.clone()));
        let said: Vec<(String, Vec<String>)> = said.collect();
        let is_lost = |word: &String| word.starts_with("--no-sources");
        if let Some(message) = project::fault(&said) {
            let help =
                "`packages` are names, each of one index; files and checkouts stand in `install`";
            let finding = Finding::error(&step.place, message);
            self.findings.push(finding.with_help(help));
        } else if reads_project(tool, &said)
            && let Some(word) = pip.options.iter().find(|word| is_lost(word))
        {
            let message = format!("with `{word}` uv takes no package from an index of its own");
            self.error(&step.place, message);
        }
        if tool.reads_projects {
            said
        } else {
            indexes(pip, requirements)
        }
    }

    /// uv takes a package from the first index that has its name, pip the best version of all: what a file with
    /// several indexes means depends on the program.
    fn refuse_extra_indexes(&mut self, step: &Step, files: [&Requirements; 2]) {
        for line in files.into_iter().flat_map(Requirements::extra_indexes) {
            let message = format!(
                "`{}`, line {}: `{}` names another index, and uv would ask the first that has a package's name",
                line.file, line.line, line.word
            );
            let help =
                "say `index: [{url: URL, packages: [NAME]}]` in the step, or `installer: pip`";
            self.findings
                .push(Finding::error(&step.place, message).with_help(help));
        }
    }

    /// The lock's list for a step, where it has one; and a note for whoever makes locks.
    fn locked(
        &mut self,
        chain: &Chain,
        step: &Step,
        program: &Program,
        locking: Locking,
    ) -> Option<PipList> {
        let Locking::List(inputs) = locking else {
            return None;
        };
        let platform = *chain.state.platform();
        let env = chain.env_with(&program.env);
        let said = env.iter().find(|(name, _)| name == "PYTHON_VERSION");
        let said = said.and_then(|(_, value)| version(value));
        let python = inputs.python.clone().or(said);
        let list = self
            .job
            .pins
            .lock()
            .and_then(|lock| lock.pip(&inputs.id, platform));
        let list = list.cloned();
        if let (Some(list), Some(python)) = (&list, &python)
            && list.python != *python
        {
            let message = format!(
                "kiln.lock has the packages of this step for Python {}, and it runs {python}",
                list.python
            );
            let finding = Finding::error(&step.place, message);
            let help = "`kiln update --only pip` resolves them anew";
            self.findings.push(finding.with_help(help));
        }
        self.pip.push(PipAsked {
            inputs: *inputs,
            place: step.place.clone(),
            platform,
            python,
        });
        list
    }

    /// The files and what they name; what cannot be read is reported.
    fn requirements(&mut self, paths: &[Spanned<String>]) -> Requirements {
        let mut all = Requirements::default();
        for path in paths {
            if let Err(message) = all.read(self.job.files, &path.value) {
                self.error(&path.place, message);
            }
        }
        all
    }
}

/// The packages of a list by the index that they come from: those of each index with `packages`, then the rest.
fn by_index<'l>(pip: &Pip, list: &'l PipList) -> Vec<(Option<String>, Vec<&'l PipPackage>)> {
    let mut all: Vec<(Option<String>, Vec<&PipPackage>)> = Vec::new();
    let mut rest: Vec<&PipPackage> = list.packages.iter().collect();
    for index in &pip.package_indexes {
        let names: Vec<String> = index.packages.iter().map(|word| name_of(word)).collect();
        let (own, others) = rest
            .into_iter()
            .partition(|package| names.contains(&name_of(package.name())));
        all.push((Some(index.url.clone()), own));
        rest = others;
    }
    all.push((pip.index.clone(), rest));
    all.retain(|(_, packages)| !packages.is_empty());
    all
}

/// The lists as files, one for each index.
fn lists(pip: &Pip, list: &PipList, platform: &Platform) -> State {
    let scratch = State::scratch(platform);
    let mut files = FileActions::on(&scratch, Some(0));
    for (number, (_, packages)) in by_index(pip, list).iter().enumerate() {
        let mut text = String::new();
        for package in packages {
            text.push_str(&package.requirement);
            for hash in &package.hashes {
                let _ = write!(text, " --hash={hash}");
            }
            text.push('\n');
        }
        files = files.mkfile(&format!("/{number}.txt"), 0o644, text.as_bytes(), None);
    }
    files.state(Note::named("packages of kiln.lock"))
}

/// Installs the lists as they are: whatever is not in them, or has another checksum, is refused.
fn locked_script(pip: &Pip, list: &PipList, tool: &Tool) -> String {
    let options = spaced(&tool.options);
    let find_links = options_of("--find-links", pip.find_links.iter().cloned());
    let install = format!(
        "{} --no-deps --require-hashes{find_links}{options}",
        tool.install
    );
    let mut lines = Vec::from_iter(tool.before.clone());
    if !pip.remove.is_empty() {
        let names = quoted_all(&pip.remove);
        lines.push(format!("{}{options} {names}", tool.uninstall));
    }
    for (number, (url, _)) in by_index(pip, list).iter().enumerate() {
        let url = url
            .as_ref()
            .map(|url| format!(" --index-url {}", quoted(url)));
        let url = url.unwrap_or_default();
        lines.push(format!("{install}{url} -r {LIST}/{number}.txt"));
    }
    lines.extend(tool.after.clone());
    lines.join("\n")
}

/// Whether the tool is told by a project which package is of which index.
fn reads_project(tool: &Tool, own: &[(String, Vec<String>)]) -> bool {
    tool.reads_projects && !own.is_empty()
}

fn project_file(own: &[(String, Vec<String>)], platform: &Platform) -> State {
    let text = project(own);
    let files = FileActions::on(&State::scratch(platform), Some(0));
    let files = files.mkfile("/pyproject.toml", 0o644, text.as_bytes(), None);
    files.state(Note::named("which package is of which index"))
}

fn spaced(options: &[String]) -> String {
    if options.is_empty() {
        String::new()
    } else {
        format!(" {}", quoted_all(options))
    }
}

fn words(pip: &Pip) -> String {
    let mut words = vec!["pip".to_owned()];
    if !pip.remove.is_empty() {
        words.push(format!("remove {}", pip.remove.join(" ")));
    }
    let files = pip.requirements.iter().map(|path| {
        let name = path.value.rsplit('/').next().unwrap_or_default();
        format!("-r {name}")
    });
    let install: Vec<String> = files.chain(pip.install.iter().cloned()).collect();
    if !install.is_empty() {
        words.push(format!("install {}", install.join(" ")));
    }
    words.join(" ")
}

fn script(pip: &Pip, own: &[(String, Vec<String>)], tool: &Tool) -> String {
    let options = spaced(&tool.options);
    let constraints = options_of(
        "-c",
        pip.constraints.iter().map(|path| mounted(&path.value)),
    );
    let find_links = options_of("--find-links", pip.find_links.iter().cloned());
    let upgrade = if pip.upgrade { " --upgrade" } else { "" };
    let deps = if pip.deps { "" } else { " --no-deps" };
    let rest = format!("{constraints}{find_links}{options}");
    let alone = format!("{}{upgrade}{rest}", tool.install);
    let install = format!("{}{upgrade}{deps}{rest}", tool.install);
    let mut lines = Vec::from_iter(tool.before.clone());
    if !pip.remove.is_empty() {
        let names = quoted_all(&pip.remove);
        lines.push(format!("{}{options} {names}", tool.uninstall));
    }
    let default = pip.index.as_ref();
    let default = default.map(|url| format!(" --index-url {}", quoted(url)));
    let default = default.unwrap_or_default();
    let mut needing = Vec::new();
    if reads_project(tool, own) {
        lines.push(format!(
            "case $({} --help) in *--default-index*) ;; *) echo {} >&2; exit 1 ;; esac",
            tool.install,
            quoted(OLD_UV)
        ));
    } else {
        // pip knows one index at a time: the packages first, and then what they need.
        for (url, packages) in own {
            let (url, packages) = (quoted(url), quoted_all(packages));
            lines.push(format!("{alone} --no-deps --index-url {url} {packages}"));
            if pip.deps {
                needing.push(packages);
            }
        }
        if pip.upgrade && !needing.is_empty() {
            // They themselves are not to be had newer from elsewhere.
            let packages = std::mem::take(&mut needing).join(" ");
            lines.push(format!("{}{rest}{default} {packages}", tool.install));
        }
    }
    let project = reads_project(tool, own).then(|| format!("-r {PROJECT}/pyproject.toml"));
    let files = pip
        .requirements
        .iter()
        .map(|path| format!("-r {}", quoted(&mounted(&path.value))));
    let names = pip.install.iter().map(|word| quoted_path(word));
    let all = project.into_iter().chain(files).chain(names).chain(needing);
    let all: Vec<String> = all.collect();
    if !all.is_empty() {
        lines.push(format!("{install}{default} {}", all.join(" ")));
    }
    lines.extend(tool.after.clone());
    lines.join("\n")
}

/// Where a requirement file is during the step.
fn mounted(path: &str) -> String {
    format!("{FILES}/{path}")
}

/// An option once for each value.
fn options_of(option: &str, values: impl Iterator<Item = String>) -> String {
    values.fold(String::new(), |mut all, value| {
        let _ = write!(all, " {option} {}", quoted(&value));
        all
    })
}
