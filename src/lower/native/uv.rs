//! kiln's own uv: a program without libraries, as its project publishes it for pip.
//!
//! An image that has a uv of its own has chosen that one. Else it is fetched by pip of the image, so that its mirrors and certificates apply, and checked by the checksum that
//! stands here. pip's cache keeps it, so that an earlier step that changes fetches nothing anew.

use crate::llb::{CacheSharing, Exec, Note, State};
use crate::lower::chain::{Chain, joined};
use crate::lower::stages::Lowering;
use crate::lower::trust;
use crate::oci::Platform;
use crate::recipe::{Network, Program, Step};

use super::super::packages::quoted;
use crate::llb::NetworkMode;

/// The version.
pub(in crate::lower) const VERSION: &str = "0.13.8";

/// The wheel of each platform: architecture and variant, pip's tag, checksum.
const WHEELS: [(&str, &str, &str); 4] = [
    (
        "amd64",
        "musllinux_1_1_x86_64",
        "29451c60f5e8b07403e0a175d5229efc36b0289b34143ff4aaa499a5dd52553a",
    ),
    (
        "arm64",
        "musllinux_1_1_aarch64",
        "0b3e8b1a4f5e405e31e2ff33de8af4744831e9f7338539671efbd8c3c94e791d",
    ),
    (
        "arm/v7",
        "musllinux_1_1_armv7l",
        "9cf0b7b12f13da6ab1c85694ab618d97a2bbd0c904cdea7f0172fb1dd768b9d5",
    ),
    (
        "riscv64",
        "musllinux_1_1_riscv64",
        "bfcaada3989c7716ad4b58673cd1413fad4fdc6b2e446f9553db0ef18da20850",
    ),
];

const FETCHED: &str = "/run/kiln/fetched";
/// The file beside it that says that it is the image's own.
pub(super) const OWN: &str = "own";
const CACHE: &str = "/run/kiln/pip/cache";

/// The wheel for a platform: pip's tag and the checksum; nothing where there is none without libraries.
pub(in crate::lower) fn wheel_of(platform: Platform) -> Option<(&'static str, &'static str)> {
    let variant = platform.variant().map(|variant| format!("/{variant}"));
    let name = format!(
        "{}{}",
        platform.architecture(),
        variant.filter(|it| it == "/v7").unwrap_or_default()
    );
    WHEELS
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, tag, hash)| (*tag, *hash))
}

/// Where uv is to come from.
#[derive(Debug, Clone, Copy)]
pub(in crate::lower) struct Wanted<'a> {
    /// The file system whose pip fetches it, which may be of another platform.
    pub(in crate::lower) root: &'a State,
    /// The platform that it runs on.
    pub(in crate::lower) platform: Platform,
    /// Whether the image's own is taken first. It may need libraries, so only where it runs in that image.
    pub(in crate::lower) own: bool,
}

/// Takes the image's own uv where that will do, be it a program or a module; else fetches kiln's by the first pip that
/// is there.
fn script(python: &str, (tag, hash): (&str, &str), wanted: Wanted<'_>) -> String {
    let own = wanted.own;
    // One of the image's own platform does work there, emulated.
    let at_last = wanted.root.platform() != &wanted.platform;
    let advice = if own {
        "there is neither pip nor uv in the image: install pip first, or mount uv for the step"
    } else {
        "the image's own uv runs on its own platform alone, and there is no pip to fetch another: install pip first, \
         or say `native: false`"
    };
    let failed = "uv could not be fetched: name an index that has it by PIP_INDEX_URL or pip.conf, install uv in the \
                  image, or say `installer: pip`";
    let python = quoted(python);
    format!(
        "take() {{ cp -L \"$1\" {FETCHED}/uv; : > {FETCHED}/{OWN}; exit 0; }}
if {own} && own=$(command -v uv); then take \"$own\"; fi
cd {SCRATCH}
echo 'uv=={VERSION} --hash=sha256:{hash}' > pin
for python in {python} python3 python; do
    command -v \"$python\" >/dev/null 2>&1 || continue
    if {own} && own=$(\"$python\" -c 'import uv; print(uv.find_uv_bin())' 2>/dev/null); then take \"$own\"; fi
    \"$python\" -c 'import pip' 2>/dev/null || continue
    \"$python\" -m pip download -q --no-deps --only-binary :all: --platform {tag} --require-hashes -d . -r pin ||
        {{ \"$python\" -m pip --version >/dev/null 2>&1 || continue; echo '{failed}' >&2; exit 1; }}
    \"$python\" -m zipfile -e uv-*.whl .
    cp uv-*.data/scripts/uv {FETCHED}/uv
    chmod 755 {FETCHED}/uv
    exit 0
done
if {at_last} && own=$(command -v uv); then take \"$own\"; fi
echo '{advice}' >&2
exit 127",
        SCRATCH = super::SCRATCH,
    )
}

impl Lowering<'_> {
    /// uv for a platform.
    pub(in crate::lower) fn uv(
        &mut self,
        chain: &Chain,
        step: &Step,
        program: &Program,
        python: &str,
        wanted: Wanted<'_>,
    ) -> Option<State> {
        let Wanted { root, platform, .. } = wanted;
        let Some(wheel) = wheel_of(platform) else {
            let message = format!("uv is not to be had for {platform} as one file");
            self.error(&step.place, message);
            return None;
        };
        // What the step's own work needs of its environment is not for this: only what tells pip where to ask.
        let env = chain.env_with(&program.env);
        let is_asked = |name: &str| {
            name.starts_with("PIP_") || matches!(name, "PATH" | "HOME" | "LANG" | "LC_ALL")
        };
        let mut env: Vec<(String, String)> =
            env.into_iter().filter(|(name, _)| is_asked(name)).collect();
        for (name, value) in [
            ("PIP_CACHE_DIR", CACHE),
            ("PIP_NO_INPUT", "1"),
            ("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
            ("PIP_ROOT_USER_ACTION", "ignore"),
        ] {
            env.push((name.to_owned(), value.to_owned()));
        }
        let network = match program.network {
            Network::Host => NetworkMode::Host,
            // The step may do without: what it installs from need not be the network.
            Network::Default | Network::None => NetworkMode::Sandbox,
        };
        let script = script(python, wheel, wanted);
        let args = ["/bin/sh", "-e", "-c", &script].map(String::from).to_vec();
        let mut exec = Exec::new(args).network(network);
        exec = trust::equip(exec, self.job.form, network);
        exec = self.secrets(exec, program, &mut env);
        let id = format!("kiln/pip/{}", root.platform().architecture());
        let exec = exec
            .cache(CACHE, id, CacheSharing::Shared, None)
            .tmpfs(super::SCRATCH)
            .output(FETCHED);
        let note = Note {
            ignore_cache: false,
            ..chain.note(&format!("uv {VERSION} for {platform}"), Some(step))
        };
        match exec.env(joined(&env)).run(root, note) {
            Ok(executed) => executed.output(FETCHED),
            Err(error) => {
                self.error(&step.place, error.to_string());
                None
            }
        }
    }
}
