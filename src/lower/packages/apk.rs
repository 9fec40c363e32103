//! `apk`: one exec that leaves neither indexes nor archives nor logs.

use super::{quoted_all, quoted_path};
use crate::llb::CacheSharing;
use crate::lower::chain::Chain;
use crate::lower::program::Call;
use crate::lower::stages::{Lowering, title};
use crate::recipe::steps::Apk;
use crate::recipe::{Program, Step};

/// A folder here is what turns apk's cache on, in versions 2 and 3 alike; an option for it is not enough
/// for version 3.
const CACHE: &str = "/etc/apk/cache";

impl Lowering<'_> {
    pub(in crate::lower) fn apk(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        apk: &Apk,
        program: &Program,
    ) {
        let call = Call {
            args: ["/bin/sh", "-e", "-c", &script(apk)]
                .map(String::from)
                .to_vec(),
            env: Vec::new(),
            title: title(step, || words(apk)),
            mode: None,
        };
        let platform = *chain.state.platform();
        self.program(chain, step, program, call, |exec| {
            // Private: apk locks the installed packages, not the cache.
            super::with_cache(exec, CACHE, "apk", CacheSharing::Private, None, &platform)
        });
    }
}

fn words(apk: &Apk) -> String {
    let install: Vec<&str> = apk.install.iter().map(String::as_str).collect();
    super::words(
        "apk",
        apk.upgrade.then_some("upgrade"),
        &apk.remove,
        &install,
    )
}

fn script(apk: &Apk) -> String {
    let options = if apk.options.is_empty() {
        String::new()
    } else {
        format!(" {}", quoted_all(&apk.options))
    };
    // The index may be in the cache for long; what removes needs none.
    let mut fresh = " --update-cache";
    let mut lines = Vec::new();
    if apk.upgrade {
        lines.push(format!("apk upgrade --no-progress{fresh}{options}"));
        fresh = "";
    }
    if !apk.remove.is_empty() {
        let names = quoted_all(&apk.remove);
        lines.push(format!("apk del --no-progress{options} {names}"));
    }
    if !apk.install.is_empty() {
        let names: Vec<String> = apk.install.iter().map(|name| quoted_path(name)).collect();
        let names = names.join(" ");
        lines.push(format!("apk add --no-progress{fresh}{options} {names}"));
    }
    lines.push("rm -rf /var/log/apk.log".to_owned());
    lines.join("\n")
}
