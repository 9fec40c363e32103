//! `dnf`: one exec of whichever tool the image has, that leaves neither lists nor archives nor logs.

use super::{PackageFile, quoted_all};
use crate::llb::CacheSharing;
use crate::lower::chain::Chain;
use crate::lower::program::Call;
use crate::lower::stages::{Lowering, title};
use crate::recipe::steps::{Dnf, DnfUpgrade};
use crate::recipe::{Program, Step};

/// Where dnf 4, dnf 5, and yum and microdnf keep lists and archives. No base image has hooks there, and the
/// tools do not agree on an option that names another folder.
const CACHES: [(&str, &str); 3] = [
    ("/var/cache/dnf", "dnf/4"),
    ("/var/cache/libdnf5", "dnf/5"),
    ("/var/cache/yum", "dnf/yum"),
];
const FILES: &str = "/run/kiln/dnf/files";

/// What the tools write besides packages and their own books.
const LEFTOVERS: &str = "rm -rf /var/log/dnf*.log* /var/log/hawkey.log* /var/log/yum.log \
/var/lib/dnf/repos/*/countme /var/cache/ldconfig/aux-cache";

impl Lowering<'_> {
    pub(in crate::lower) fn dnf(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        dnf: &Dnf,
        program: &Program,
    ) {
        let files = self.package_files(chain, step, &dnf.install, FILES, ".rpm");
        let call = Call {
            args: ["/bin/sh", "-e", "-c", &script(dnf, &files)]
                .map(String::from)
                .to_vec(),
            env: Vec::new(),
            title: title(step, || words(dnf)),
            mode: None,
        };
        let platform = *chain.state.platform();
        self.program(chain, step, program, call, |exec| {
            // Private: the tools lock a cache by process ids, which mean nothing in another container.
            let exec = CACHES.iter().fold(exec, |exec, (path, tool)| {
                super::with_cache(exec, path, tool, CacheSharing::Private, None, &platform)
            });
            super::with_files(exec, &files)
        });
    }
}

fn words(dnf: &Dnf) -> String {
    let upgrade = dnf.upgrade.map(|upgrade| match upgrade {
        DnfUpgrade::All => "upgrade",
        DnfUpgrade::Security => "upgrade for security",
    });
    let install: Vec<&str> = dnf.install.iter().map(super::shown).collect();
    super::words("dnf", upgrade, &dnf.remove, &install)
}

/// The calls after the choice of the tool. `$fresh` is for the first one: lists may be in the cache for long.
fn calls(dnf: &Dnf, files: &[PackageFile]) -> Vec<String> {
    let options = if dnf.options.is_empty() {
        String::new()
    } else {
        format!(" {}", quoted_all(&dnf.options))
    };
    let mut calls = Vec::new();
    match dnf.upgrade {
        None => {}
        Some(DnfUpgrade::All) => calls.push(format!("upgrade{options}")),
        Some(DnfUpgrade::Security) => calls.push(format!("upgrade --security{options}")),
    }
    if !dnf.remove.is_empty() {
        calls.push(format!("remove{options} {}", quoted_all(&dnf.remove)));
    }
    let install = super::installed(&dnf.install, files);
    if !install.is_empty() {
        calls.push(format!("install{options} {install}"));
    }
    calls
}

fn script(dnf: &Dnf, files: &[PackageFile]) -> String {
    let weak = u8::from(dnf.weak_deps);
    let settings = "-y --setopt=keepcache=1 --setopt=clean_requirements_on_remove=1";
    let mut lines = vec![
        "tool=none fresh=".to_owned(),
        "for name in yum microdnf dnf; do if command -v $name >/dev/null; then tool=$name; fi; done"
            .to_owned(),
        "case $tool in".to_owned(),
        format!("dnf) set -- {settings} --setopt=install_weak_deps={weak}; fresh=--refresh ;;"),
        // It asks for fresh lists by itself, keeps no archives, and takes no other settings.
        format!("microdnf) set -- -y --setopt=install_weak_deps={weak} ;;"),
        // It is older than weak dependencies.
        format!("yum) set -- {settings}; yum --enablerepo='*' clean expire-cache >/dev/null ;;"),
        "none) echo 'there is no dnf, microdnf or yum in the image' >&2; exit 127 ;;".to_owned(),
        "esac".to_owned(),
    ];
    // curl's library looks at no variable for certificates, and these two at a setting only.
    lines.push(
        "if [ -n \"$SSL_CERT_FILE\" ] && [ $tool != microdnf ]; \
         then set -- \"$@\" --setopt=sslcacert=\"$SSL_CERT_FILE\"; fi"
            .to_owned(),
    );
    if dnf.upgrade == Some(DnfUpgrade::Security) {
        let message = "microdnf cannot upgrade for security alone; write upgrade: all";
        lines.push(format!(
            "if [ $tool = microdnf ]; then echo '{message}' >&2; exit 1; fi"
        ));
    }
    for (at, call) in calls(dnf, files).into_iter().enumerate() {
        let fresh = if at == 0 { " $fresh" } else { "" };
        lines.push(format!("$tool \"$@\"{fresh} {call}"));
    }
    lines.push(LEFTOVERS.to_owned());
    lines.join("\n")
}
