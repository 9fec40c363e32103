//! What a `pip` step by uv needs besides uv: the interpreter that compiles, and what it runs.

use super::uv::OWN;
use super::{Decline, Libraries, SCRATCH, StepId, TWIN, TwinStep, Way, libraries};
use crate::llb::{CacheSharing, Exec, FileActions, Note, State};
use crate::lower::stages::Lowering;
use crate::oci::Platform;

/// The program around the installer.
const FINISH: &str = include_str!("finish.py");
const FOLDER: &str = "/run/kiln/py";
const CACHE: &str = "/run/kiln/pyc";
const UV: &str = "/run/kiln/uv";

/// What a `pip` step is made with.
#[derive(Debug, Clone)]
pub(in crate::lower) struct Python {
    uv: State,
    /// The twin's file system, and where its libraries are.
    twin: Option<(State, Libraries)>,
    finish: State,
    /// Whether uv is of another platform than the image.
    is_foreign: bool,
    /// Names that the step asks for; nothing where they cannot be known.
    pub(in crate::lower) names: Option<Vec<String>>,
}

impl Lowering<'_> {
    /// Puts together what a way needs: `uv` is for the platform that its op runs on.
    pub(in crate::lower) fn python(
        &self,
        id: &StepId,
        way: &Way,
        platform: Platform,
        uv: State,
    ) -> Python {
        let twin = match way {
            Way::Tools(step) if !self.has_declined(id, Decline::Interpreter) => twin(step),
            _ => None,
        };
        let finish = FileActions::on(&State::scratch(&platform), Some(0))
            .mkfile("/finish.py", 0o644, FINISH.as_bytes(), None)
            .state(Note::named("what follows an installer of packages"));
        Python {
            uv,
            twin,
            finish,
            is_foreign: matches!(way, Way::Tools(_)),
            names: None,
        }
    }
}

fn twin(step: &TwinStep) -> Option<(State, Libraries)> {
    let native = *step.before.platform();
    Some((step.before.clone(), libraries(native)?))
}

impl Python {
    /// uv, for the platform of the op.
    pub(in crate::lower) fn uv(&self) -> &State {
        &self.uv
    }

    /// What a script begins with: `python` is set, and `compiler` becomes what runs the twin's interpreter, or the
    /// image's own.
    pub(in crate::lower) fn before(&self, folders: &str) -> String {
        let tries = if self.is_foreign {
            let code = Decline::OwnUv.code();
            format!(
                "if [ -e {UV}/{OWN} ] && ! {UV}/uv --version >/dev/null 2>&1; then exit {code}; fi\n"
            )
        } else {
            String::new()
        };
        let asks = format!(
            "{tries}KILN_ASKED=$(\"$python\" -I {FOLDER}/finish.py ask{folders})
export KILN_ASKED
kiln_line() {{ printf '%s\\n' \"$KILN_ASKED\" | sed -n \"$1p\"; }}
kiln_index=$(kiln_line 4)
kiln_hosts=$(kiln_line 5)
[ -z \"$kiln_index\" ] || export UV_DEFAULT_INDEX=\"${{UV_DEFAULT_INDEX:-$kiln_index}}\"
[ -z \"$kiln_hosts\" ] || export UV_INSECURE_HOST=\"${{UV_INSECURE_HOST:-$kiln_hosts}}\"
"
        );
        let Some((_, libraries)) = &self.twin else {
            return format!(
                "{asks}compiler() {{ \"$python\" -I -S -B {FOLDER}/finish.py \"$@\"; }}"
            );
        };
        let Libraries {
            triplet,
            loader,
            musl,
        } = libraries;
        let code = Decline::Interpreter.code();
        format!(
            "{asks}kiln_python=$(kiln_line 1)
for kiln_loader in {TWIN}/usr/lib/{triplet}/{loader} {TWIN}/usr/lib64/{loader} {TWIN}/usr/lib/{loader} {TWIN}/lib/{musl}; do
    if [ -e \"$kiln_loader\" ]; then break; fi
done
kiln_libraries={TWIN}/usr/lib/{triplet}:{TWIN}${{kiln_python%/bin/*}}/lib:{TWIN}/usr/lib64:{TWIN}/usr/lib:{TWIN}/lib
compiler() {{ \"$kiln_loader\" --library-path \"$kiln_libraries\" \"{TWIN}$kiln_python\" -I -S -B {FOLDER}/finish.py \"$@\"; }}
[ -x \"{TWIN}$kiln_python\" ] && compiler check || exit {code}"
        )
    }

    /// What a script has beside the calls of the installer, whose cache is given: before them, and after.
    pub(in crate::lower) fn around(&self, wheels: &str) -> (String, String) {
        let names = self.names.as_ref().map(|names| names.join(","));
        let names = names.unwrap_or_else(|| "*".to_owned());
        let names = crate::lower::packages::quoted(&names);
        let flag = format!("{SCRATCH}/installed");
        (
            format!("compiler finish {CACHE} {names} {wheels} {flag} $$ &\nkiln_finish=$!"),
            format!(": > {flag}\nwait \"$kiln_finish\""),
        )
    }

    /// The program that installs, as a shell takes it.
    pub(in crate::lower) fn program() -> String {
        format!("{UV}/uv")
    }

    /// Mounts it all.
    pub(in crate::lower) fn equip(&self, exec: Exec, user: Option<&str>) -> Exec {
        let user = user.filter(|user| !matches!(user.split(':').next(), Some("root" | "0")));
        let exec = exec
            .tmpfs(SCRATCH)
            .bind_pinned(UV, &self.uv, "")
            .bind_pinned(FOLDER, &self.finish, "");
        // Byte code depends on no architecture, and root's cache is not to be written by anybody else.
        let exec = match user {
            None => exec.cache(CACHE, "kiln/pyc", CacheSharing::Shared, None),
            Some(_) => exec.tmpfs(CACHE),
        };
        match &self.twin {
            Some((twin, _)) => exec.bind_pinned(TWIN, twin, ""),
            None => exec,
        }
    }
}
