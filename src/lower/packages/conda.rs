//! `conda`: one install, with its package cache in a mount.

use super::{quoted_all, quoted_path};
use crate::llb::CacheSharing;
use crate::lower::chain::Chain;
use crate::lower::program::Call;
use crate::lower::stages::{Lowering, title};
use crate::recipe::steps::Conda;
use crate::recipe::{Program, Step};

const CACHE: &str = "/run/kiln/conda/pkgs";

impl Lowering<'_> {
    pub(in crate::lower) fn conda(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        conda: &Conda,
        program: &Program,
    ) {
        let call = Call {
            args: arguments(conda),
            env: vec![("CONDA_PKGS_DIRS".to_owned(), CACHE.to_owned())],
            title: title(step, || {
                let install: Vec<&str> = conda.install.iter().map(String::as_str).collect();
                super::words("conda", None, &[], &install)
            }),
            mode: None,
        };
        let (platform, user) = (*chain.state.platform(), program.user.as_deref());
        self.program(chain, step, program, call, |exec| {
            // Private: packages are unpacked in the cache, where two at a time have met half of one.
            super::with_cache(exec, CACHE, "conda", CacheSharing::Private, user, &platform)
        });
    }
}

/// The program is run as it is: it needs no shell in the image, unless one is to look for files.
fn arguments(conda: &Conda) -> Vec<String> {
    let mut words = vec![conda.program.clone(), "install".to_owned(), "-y".to_owned()];
    for channel in &conda.channels {
        words.extend(["-c".to_owned(), channel.clone()]);
    }
    words.extend(conda.options.iter().cloned());
    let is_pattern = |name: &&String| name.starts_with(['/', '.']) && name.contains('*');
    if !conda.install.iter().any(|name| is_pattern(&name)) {
        words.extend(conda.install.iter().cloned());
        return words;
    }
    let names: Vec<String> = conda.install.iter().map(|name| quoted_path(name)).collect();
    let script = format!("{} {}", quoted_all(&words), names.join(" "));
    ["/bin/sh", "-e", "-c", &script].map(String::from).to_vec()
}
