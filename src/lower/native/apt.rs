//! `apt` by native programs: which of the twin's stand where, and what the script does before anything else.

use super::{Decline, Libraries, Likeness, SCRATCH, StepId, TOOLS, TWIN, TwinStep, libraries};
use crate::llb::{Exec, Note, State};
use crate::lower::chain::{Chain, joined};
use crate::lower::stages::Lowering;
use crate::oci::Platform;
use crate::recipe::Step;

/// What collects them.
const COLLECT: &str = include_str!("tools.sh");

/// Programs of the image that a native one is mounted over.
const DASH: &str = "/usr/bin/dash";
/// Its modules are those of the packages that are installed, so it takes a twin that has them all.
const PERL: &str = "/usr/bin/perl";

/// The native programs of an `apt` step.
#[derive(Debug, Clone)]
pub(in crate::lower) struct Tools {
    collected: State,
    after: State,
    libraries: Libraries,
    /// The builder's platform.
    pub(in crate::lower) native: Platform,
    overlays: bool,
    /// Of a twin that is not the same, Python and perl are not taken.
    likeness: Likeness,
}

/// The name of an architecture in dpkg's words.
fn debian(platform: Platform) -> &'static str {
    match (platform.architecture(), platform.variant()) {
        ("amd64", _) => "amd64",
        ("arm64", _) => "arm64",
        ("386", _) => "i386",
        ("arm", Some("v5" | "v6")) => "armel",
        ("arm", _) => "armhf",
        ("ppc64le", _) => "ppc64el",
        ("s390x", _) => "s390x",
        ("riscv64", _) => "riscv64",
        _ => "unknown",
    }
}

impl Lowering<'_> {
    /// The native programs for a step, collected from what the twin begins with.
    pub(in crate::lower) fn apt_tools(
        &mut self,
        chain: &Chain,
        step: &Step,
        id: &StepId,
        twin: &TwinStep,
    ) -> Option<Tools> {
        let native = *twin.base.platform();
        let libraries = libraries(native)?;
        let foreign = *chain.state.platform();
        let out = "/run/kiln/out";
        let args = ["/bin/sh", "-c", COLLECT, "tools", out, debian(foreign)];
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        let env = [
            ("PATH".to_owned(), path.to_owned()),
            ("LC_ALL".to_owned(), "C".to_owned()),
        ];
        let exec = Exec::new(args.map(String::from).to_vec()).env(joined(&env));
        let note = Note {
            ignore_cache: false,
            ..chain.note(&format!("apt's programs of {native}"), Some(step))
        };
        let collected = match exec.output(out).run(&twin.base, note) {
            Ok(executed) => executed.output(out)?,
            Err(error) => {
                self.error(&step.place, error.to_string());
                return None;
            }
        };
        Some(Tools {
            collected,
            after: twin.after.clone(),
            libraries,
            native,
            overlays: !self.has_declined(id, Decline::Overlay),
            likeness: twin.likeness,
        })
    }
}

impl Tools {
    /// Which programs of the builder's platform work.
    pub(in crate::lower) fn words(&self) -> String {
        let of = match self.likeness {
            Likeness::Same | Likeness::Lacks => "twin",
            Likeness::Base => "base",
        };
        let interpreters = match self.likeness {
            Likeness::Same => None,
            Likeness::Lacks => Some("as the twin has other packages"),
            Likeness::Base => Some("as there is no twin of the step"),
        };
        match (self.overlays, interpreters) {
            (true, None) => format!("apt, dpkg, dash, perl and Python of the {of}"),
            (false, None) => {
                format!(
                    "apt, dpkg and Python of the {of}; dash and perl are emulated, as the step replaces them"
                )
            }
            (true, Some(why)) => {
                format!("apt, dpkg and dash of the {of}; perl and Python are emulated, {why}")
            }
            (false, Some(why)) => format!(
                "apt and dpkg of the {of}; dash is emulated, as the step replaces it, and so are perl and Python, {why}"
            ),
        }
    }

    /// The loader, as the first word of a call: nothing in the foreign root could start a native program yet.
    fn loader(&self) -> String {
        let Libraries {
            triplet, loader, ..
        } = self.libraries;
        format!("/usr/lib/{triplet}/{loader}")
    }

    /// The call of a script.
    pub(in crate::lower) fn args(&self, script: &str) -> Vec<String> {
        let shell = format!("{TOOLS}/bin/dash");
        [&self.loader(), &shell, "-e", "-c", script]
            .map(str::to_owned)
            .to_vec()
    }

    /// What a script begins with. Programs name their loader by a path that the image does not have: a link stands
    /// there while the op runs. Never a mounted folder: packages take that for an image whose `/usr` is apart.
    pub(in crate::lower) fn before(&self) -> String {
        let code = Decline::Tools.code();
        let own = debian(self.native);
        let triplet = self.libraries.triplet;
        let link = if self.native.architecture() == "amd64" {
            format!(
                "if [ -e /lib64 ] || [ -L /lib64 ] || ! [ -x {TOOLS}/link ]; then exit {code}; fi
{loader} {TOOLS}/link -s usr/lib/{triplet} /lib64
trap 'rm -f /lib64' EXIT",
                loader = self.loader()
            )
        } else {
            String::new()
        };
        format!(
            "[ -L /bin ] || exit {code}
if [ -f /var/lib/dpkg/arch ]; then
    while read -r kiln_arch; do if [ \"$kiln_arch\" = {own} ]; then exit {code}; fi; done < /var/lib/dpkg/arch
fi
{link}
PATH={TOOLS}/bin:$PATH
APT_CONFIG={TOOLS}/apt.conf
if [ -f /run/kiln/apt.conf ]; then
    cat {TOOLS}/apt.conf /run/kiln/apt.conf > {SCRATCH}/apt.conf
    APT_CONFIG={SCRATCH}/apt.conf
fi
export PATH APT_CONFIG
: > {SCRATCH}/start"
        )
    }

    /// Looks into what a call of apt would do: dpkg cannot replace a file that something is mounted over.
    pub(in crate::lower) fn rehearsal(&self, call: &str) -> Option<String> {
        let code = Decline::Overlay.code();
        let overlaid = match self.likeness {
            Likeness::Same => "(dash|perl-base)",
            Likeness::Lacks | Likeness::Base => "dash",
        };
        self.overlays.then(|| {
            format!(
                "{call} -s > {SCRATCH}/rehearsed
if grep -q -E '^(Inst|Remv) {overlaid} ' {SCRATCH}/rehearsed; then exit {code}; fi"
            )
        })
    }

    /// Mounts it all.
    pub(in crate::lower) fn equip(&self, exec: Exec) -> Exec {
        let Libraries {
            triplet, loader, ..
        } = self.libraries;
        let libraries = format!("/usr/lib/{triplet}");
        let mut exec = exec
            .on(self.native)
            .bind_pinned(TOOLS, &self.collected, "")
            .bind_pinned(libraries.clone(), &self.after, &libraries);
        if self.native.architecture() == "arm64" {
            let path = format!("/usr/lib/{loader}");
            exec = exec.bind_pinned(path.clone(), &self.after, &path);
        }
        if self.overlays {
            exec = exec.bind_pinned(DASH, &self.after, DASH);
        }
        if self.likeness != Likeness::Same {
            return exec;
        }
        if self.overlays {
            exec = exec.bind_pinned(PERL, &self.after, PERL);
        }
        // Where Python is looked for that may stand aside.
        exec.bind_pinned(TWIN, &self.after, "")
    }
}
