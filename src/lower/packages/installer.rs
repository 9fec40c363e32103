//! What installs the packages of a `pip` step: kiln's uv, pip of the image, or a uv that the step mounts.

use super::{quoted, uv_options};
use crate::lower::chain::Chain;
use crate::lower::mode::{Said, Typed};
use crate::lower::native::{Decline, Likeness, Python, StepId, Wanted, Way, wheel_of};
use crate::lower::requirements::Requirements;
use crate::lower::stages::Lowering;
use crate::oci::Platform;
use crate::recipe::steps::{Installer, Pip};
use crate::recipe::{Program, Step};

const CACHE: &str = "/run/kiln/pip/cache";

/// A program that installs Python packages. Names, files and options are the same words to all of them.
pub(super) struct Tool {
    pub(super) name: &'static str,
    /// Where its cache is mounted. Both are made for parallel use.
    pub(super) cache: &'static str,
    pub(super) env: &'static [(&'static str, &'static str)],
    /// The step's options, as far as the program knows them.
    pub(super) options: Vec<String>,
    /// Whether it reads from a project which package comes from which index.
    pub(super) reads_projects: bool,
    /// What a script begins and ends with.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    /// The call that installs, and the one that removes.
    pub(super) install: String,
    pub(super) uninstall: String,
}

/// pip of the image itself.
fn pip_itself(pip: &Pip) -> Tool {
    let python = quoted(&pip.python);
    Tool {
        name: "pip",
        cache: CACHE,
        env: &[
            ("PIP_CACHE_DIR", CACHE),
            ("PIP_NO_INPUT", "1"),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ("PIP_ROOT_USER_ACTION", "ignore"),
            ("PIP_BREAK_SYSTEM_PACKAGES", "1"),
        ],
        options: pip.options.clone(),
        reads_projects: false,
        before: None,
        after: None,
        install: format!("{python} -m pip install"),
        uninstall: format!("{python} -m pip uninstall -y"),
    }
}

/// What installs: the tool, how it runs and why, and what it needs besides.
pub(super) struct Chosen {
    pub(super) tool: Tool,
    pub(super) mode: Option<Said>,
    pub(super) python: Option<Python>,
    /// The platform of the op, where that is not the step's.
    pub(super) machine: Option<Platform>,
}

impl Lowering<'_> {
    /// What installs the packages of a step, and how.
    pub(super) fn chosen(
        &mut self,
        chain: &Chain,
        step: &Step,
        pip: &Pip,
        program: &Program,
        id: &StepId,
        requirements: &Requirements,
    ) -> Option<Chosen> {
        let platform = *chain.state.platform();
        let plain = |tool: Tool, mode: Option<Said>| Chosen {
            tool,
            mode,
            python: None,
            machine: None,
        };
        let stranger = self.stranger(platform);
        let is_yardstick = stranger.is_some_and(|facts| facts.typed == Typed::Emulated);
        let emulated = |why: &str| stranger.map(|_| Said::wanted(why));
        if pip.installer.unwrap_or_default() == Installer::Pip {
            let mode = emulated("`installer: pip`");
            return Some(plain(pip_itself(pip), mode));
        }
        if program.mounts.iter().any(|it| it.path.ends_with("/uv")) {
            let mode = emulated("the step mounts a uv of its own");
            return Some(plain(super::uv::tool(pip), mode));
        }
        if is_yardstick || wheel_of(platform).is_none() {
            let mode = emulated("pip of the image itself");
            return Some(plain(pip_itself(pip), mode));
        }
        let way = match self.way(chain, id, program) {
            Way::Tools(twin)
                if twin.uv.is_none() && wheel_of(*twin.before.platform()).is_none() =>
            {
                Way::Emulated(Said::fallback("there is no uv for the builder's platform"))
            }
            way => way,
        };
        let machine = match &way {
            Way::Tools(twin) => Some(*twin.before.platform()),
            Way::Native | Way::Emulated(_) => None,
        };
        let uv = match &way {
            Way::Tools(twin) if !self.has_declined(id, Decline::OwnUv) => twin.uv.clone(),
            _ => None,
        };
        let uv = if let Some(uv) = uv {
            uv
        } else {
            let root = match &way {
                Way::Tools(twin) if twin.likeness != Likeness::Base => &twin.before,
                _ => &chain.state,
            };
            let wanted = Wanted {
                root,
                platform: machine.unwrap_or(platform),
                own: machine.is_none(),
            };
            self.uv(chain, step, program, &pip.python, wanted)?
        };
        let mut python = self.python(id, &way, platform, uv);
        python.names = uv_options::asked(pip, requirements);
        let mode = match &way {
            Way::Native => None,
            Way::Emulated(said) => Some(said.clone()),
            Way::Tools(_) if self.has_declined(id, Decline::Interpreter) => {
                Some(Said::tools("uv; modules are compiled under emulation"))
            }
            Way::Tools(_) => Some(Said::tools("uv, and the twin's Python compiles")),
        };
        Some(Chosen {
            tool: super::uv::kilns(pip, &python),
            mode,
            python: Some(python),
            machine,
        })
    }
}
