//! `pip`: one exec; requirement files are mounted and not copied.

use std::fmt::Write as _;

use super::{quoted, quoted_all, quoted_path};
use crate::llb::{CacheSharing, Note};
use crate::lower::chain::Chain;
use crate::lower::local::as_pattern;
use crate::lower::program::Call;
use crate::lower::requirements::Requirements;
use crate::lower::stages::{Lowering, title};
use crate::recipe::steps::{Installer, Pip};
use crate::recipe::{Program, Step};
use crate::text::Spanned;

const CACHE: &str = "/run/kiln/pip/cache";
const FILES: &str = "/run/kiln/pip/files";

/// A program that installs Python packages. Names, files and options are the same words to all of them.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Where its cache is mounted. Both are made for parallel use.
    pub(super) cache: &'static str,
    pub(super) env: &'static [(&'static str, &'static str)],
    /// What a script begins and ends with.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// The call that installs, and the one that removes.
    pub(super) install: String,
    pub(super) uninstall: String,
}

fn tool(pip: &Pip) -> Tool {
    let python = quoted(&pip.python);
    match pip.installer.unwrap_or_default() {
        Installer::Uv => super::uv::tool(&pip.python),
        Installer::Pip => Tool {
            name: "pip",
            cache: CACHE,
            env: &[
                ("PIP_CACHE_DIR", CACHE),
                ("PIP_NO_INPUT", "1"),
                ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
                ("PIP_ROOT_USER_ACTION", "ignore"),
                ("PIP_BREAK_SYSTEM_PACKAGES", "1"),
            ],
            before: None,
            after: None,
            install: format!("{python} -m pip install"),
            uninstall: format!("{python} -m pip uninstall -y"),
        },
    }
}

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
        let script = script(pip, &requirements);
        let mut paths: Vec<String> = requirements
            .files()
            .chain(constraints.files())
            .map(as_pattern)
            .collect();
        paths.sort();
        paths.dedup();
        let platform = *chain.state.platform();
        let files = (!paths.is_empty()).then(|| {
            let note = Note::named(format!("workspace {}", paths.join(" ")));
            self.job.files.state(paths, Vec::new(), &platform, note)
        });
        let tool = tool(pip);
        let call = Call {
            args: ["/bin/sh", "-e", "-c", &script].map(String::from).to_vec(),
            env: tool
                .env
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            title: title(step, || words(pip)),
        };
        let user = program.user.as_deref();
        self.program(chain, step, program, call, |exec| {
            let sharing = CacheSharing::Shared;
            let exec = super::with_cache(exec, tool.cache, tool.name, sharing, user, &platform);
            match &files {
                Some(files) => exec.bind(FILES, files, ""),
                None => exec,
            }
        });
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

fn script(pip: &Pip, requirements: &Requirements) -> String {
    let tool = tool(pip);
    let options = if pip.options.is_empty() {
        String::new()
    } else {
        format!(" {}", quoted_all(&pip.options))
    };
    let constraints = options_of(
        "-c",
        pip.constraints.iter().map(|path| mounted(&path.value)),
    );
    let find_links = options_of("--find-links", pip.find_links.iter().cloned());
    let upgrade = if pip.upgrade { " --upgrade" } else { "" };
    let deps = if pip.deps { "" } else { " --no-deps" };
    let install = &tool.install;
    let install = format!("{install}{upgrade}{deps}{constraints}{find_links}{options}");
    let mut lines = Vec::from_iter(tool.before);
    if !pip.remove.is_empty() {
        let names = quoted_all(&pip.remove);
        lines.push(format!("{}{options} {names}", tool.uninstall));
    }
    for index in &pip.package_indexes {
        let names: Vec<String> = index
            .packages
            .iter()
            .map(|name| {
                requirements
                    .version_of(name, &pip.install)
                    .unwrap_or_else(|| name.clone())
            })
            .collect();
        let url = quoted(&index.url);
        lines.push(format!(
            "{install} --index-url {url} {}",
            quoted_all(&names)
        ));
    }
    let files = pip
        .requirements
        .iter()
        .map(|path| format!("-r {}", quoted(&mounted(&path.value))));
    let names = pip.install.iter().map(|word| quoted_path(word));
    let all: Vec<String> = files.chain(names).collect();
    if !all.is_empty() {
        let url = pip.index.as_ref();
        let url = url
            .map(|url| format!(" --index-url {}", quoted(url)))
            .unwrap_or_default();
        lines.push(format!("{install}{url} {}", all.join(" ")));
    }
    lines.extend(tool.after);
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
