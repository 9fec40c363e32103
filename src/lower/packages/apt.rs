//! `apt`: one exec that leaves neither lists nor archives nor logs.

use std::fmt::Write as _;

use super::{PackageFile, quoted, quoted_all};
use crate::llb::{CacheSharing, FileActions, State};
use crate::lower::chain::Chain;
use crate::lower::mode::Said;
use crate::lower::native::{SCRATCH, Tools, Way};
use crate::lower::program::Call;
use crate::lower::stages::{Lowering, title};
use crate::recipe::steps::{Apt, AptSource, Key, Package};
use crate::recipe::{Program, Step};

/// Lists and archives, away from the image's own folders: base images have hooks that empty those.
const LISTS: &str = "/run/kiln/apt/lists";
const ARCHIVES: &str = "/run/kiln/apt/archives";
const FILES: &str = "/run/kiln/apt/files";

/// What apt writes besides packages: logs, backups and caches with dates in them.
const LEFTOVERS: &str = "rm -rf /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log \
/var/cache/apt/pkgcache.bin /var/cache/apt/srcpkgcache.bin /var/cache/debconf/*-old \
/var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache";

impl Chain {
    /// Keeps in mind which packages there are after a step, by the names that recipes give them. Which files there are
    /// besides depends on the platform.
    fn asks_for(&mut self, apt: &Apt) {
        for name in &apt.remove {
            self.packages.remove(name);
        }
        let names = apt.install.iter().filter_map(|package| match package {
            Package::Name(name) => Some(name.clone()),
            Package::File(_) => None,
        });
        self.packages.extend(names);
    }
}

impl Lowering<'_> {
    pub(in crate::lower) fn apt(
        &mut self,
        chain: &mut Chain,
        step: &Step,
        apt: &Apt,
        program: &Program,
    ) {
        self.sources(chain, step, apt);
        let files = self.package_files(chain, step, &apt.install, FILES, ".deb");
        chain.flush();
        let (id, before, first) = (
            self.step_id(chain, step),
            chain.state.clone(),
            chain.first.clone(),
        );
        chain.asks_for(apt);
        let way = self.way(chain, &id, program);
        let tools = match &way {
            Way::Tools(twin) => self.apt_tools(chain, step, &id, twin),
            Way::Native | Way::Emulated(_) => None,
        };
        let script = script(apt, &files, tools.as_ref());
        let args = match &tools {
            Some(tools) => tools.args(&script),
            None => ["/bin/sh", "-e", "-c", &script].map(String::from).to_vec(),
        };
        let call = Call {
            args,
            env: vec![
                ("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned()),
                ("LC_ALL".to_owned(), "C.UTF-8".to_owned()),
            ],
            title: title(step, || words(apt)),
            mode: mode(&way, tools.as_ref()),
        };
        let arch = chain.state.platform().architecture().to_owned();
        self.program(chain, step, program, call, |exec| {
            let exec = match &tools {
                Some(tools) => tools.equip(exec),
                None => exec,
            };
            // Private: two images on one builder must neither wait for each other nor share a lock.
            let id = |what: &str| format!("kiln/apt/{what}/{arch}");
            let exec = exec
                .tmpfs(SCRATCH)
                .cache(LISTS, id("lists"), CacheSharing::Private, None)
                .cache(ARCHIVES, id("archives"), CacheSharing::Private, None);
            super::with_files(exec, &files)
        });
        self.leave_trail(id, first, before, chain, None);
    }

    /// Package sources in deb822 form, each with its own keyring.
    fn sources(&mut self, chain: &mut Chain, step: &Step, apt: &Apt) {
        let platform = *chain.state.platform();
        for (name, source) in &apt.sources {
            let keyring = format!("/etc/apt/keyrings/{name}");
            let (key, keyring) = match &source.key {
                None => (None, None),
                Some(Key::File(path)) => {
                    if let Err(message) = self.job.files.matches(&path.value, &[]) {
                        self.error(&path.place, message);
                        continue;
                    }
                    let state = self.job.files.one(&path.value, platform, &path.place);
                    let keyring = format!("{keyring}.{}", key_kind(&path.value));
                    (Some((state, format!("/{}", path.value))), Some(keyring))
                }
                Some(Key::Download(download)) => {
                    let Some((state, Some(file))) = self.download(download, platform, &step.place)
                    else {
                        continue;
                    };
                    let keyring = format!("{keyring}.{}", key_kind(&download.url));
                    (Some((state, format!("/{file}"))), Some(keyring))
                }
            };
            let text = deb822(source, keyring.as_deref());
            chain.files(&format!("apt source {name}"), Some(step), |files| {
                let files = with_key(files, key, keyring.as_deref());
                let path = format!("/etc/apt/sources.list.d/{name}.sources");
                files.mkdir("/etc/apt/sources.list.d", 0o755, None).mkfile(
                    &path,
                    0o644,
                    text.as_bytes(),
                    None,
                )
            });
        }
    }
}

fn with_key(
    files: FileActions,
    key: Option<(State, String)>,
    keyring: Option<&str>,
) -> FileActions {
    let (Some((state, path)), Some(keyring)) = (key, keyring) else {
        return files;
    };
    let options = crate::llb::CopyOptions {
        owner: Some(crate::llb::FileOwner::Ids(0, 0)),
        mode: Some(crate::llb::FileMode::Bits(0o644)),
        ..crate::llb::CopyOptions::default()
    };
    files
        .mkdir("/etc/apt/keyrings", 0o755, None)
        .copy(&state, &path, keyring, options)
}

/// apt tells armoured keyrings from binary ones by their ending.
fn key_kind(path: &str) -> &'static str {
    if std::path::Path::new(path)
        .extension()
        .is_some_and(|kind| kind == "gpg")
    {
        "gpg"
    } else {
        "asc"
    }
}

fn deb822(source: &AptSource, keyring: Option<&str>) -> String {
    let mut text = String::from("Types: deb\n");
    for (field, values) in [
        ("URIs", &source.uris),
        ("Suites", &source.suites),
        ("Components", &source.components),
        ("Architectures", &source.architectures),
    ] {
        if !values.is_empty() {
            let _ = writeln!(text, "{field}: {}", values.join(" "));
        }
    }
    if let Some(keyring) = keyring {
        let _ = writeln!(text, "Signed-By: {keyring}");
    }
    text
}

fn words(apt: &Apt) -> String {
    let install: Vec<&str> = apt.install.iter().map(super::shown).collect();
    super::words(
        "apt",
        apt.upgrade.then_some("upgrade"),
        &apt.remove,
        &install,
    )
}

/// How it runs, and why; nothing where the builder is of the platform.
fn mode(way: &Way, tools: Option<&Tools>) -> Option<Said> {
    match (way, tools) {
        (Way::Native, _) => None,
        (Way::Emulated(said), _) => Some(said.clone()),
        (Way::Tools(_), Some(tools)) => Some(Said::tools(tools.words())),
        (Way::Tools(_), None) => {
            let why = "kiln knows no native tools for the builder's platform";
            Some(Said::fallback(why))
        }
    }
}

fn script(apt: &Apt, files: &[PackageFile], tools: Option<&Tools>) -> String {
    let settings = [
        format!("Dir::State::Lists={LISTS}"),
        format!("Dir::Cache::Archives={ARCHIVES}"),
        // What apt makes of the lists is kept from one call to the next, and not longer: it would be taken for that of
        // another image whose files have the same times.
        format!("Dir::Cache::pkgcache={SCRATCH}/pkgcache.bin"),
        format!("Dir::Cache::srcpkgcache={SCRATCH}/srcpkgcache.bin"),
        // The mounts belong to root, whom apt's own user could not read from.
        "APT::Sandbox::User=root".to_owned(),
        "APT::Keep-Downloaded-Packages=true".to_owned(),
        "Binary::apt::APT::Keep-Downloaded-Packages=true".to_owned(),
        format!("APT::Install-Recommends={}", apt.recommends),
        "Acquire::Retries=3".to_owned(),
        // Nobody reads descriptions here, and they are half of the lists.
        "Acquire::Languages=none".to_owned(),
        "Dpkg::Use-Pty=0".to_owned(),
        // A step whose machine stops is never kept, so no file has to be on the disk before the next is written.
        "Dpkg::Options::=--force-unsafe-io".to_owned(),
    ];
    let settings = settings.iter().fold(String::new(), |mut all, setting| {
        let _ = write!(all, " -o {}", quoted(setting));
        all
    });
    let options = if apt.options.is_empty() {
        String::new()
    } else {
        format!(" {}", quoted_all(&apt.options))
    };
    let call = format!("apt-get -y{settings}{options}");
    let mut lines = Vec::from_iter(tools.map(Tools::before));
    lines.push(format!("mkdir -p {LISTS}/partial {ARCHIVES}/partial"));
    lines.push(format!("{call} update"));
    let install = super::installed(&apt.install, files);
    if apt.upgrade {
        lines.extend(tools.and_then(|tools| tools.rehearsal(&format!("{call} upgrade"))));
    }
    if !install.is_empty() {
        lines.extend(tools.and_then(|tools| tools.rehearsal(&format!("{call} install {install}"))));
    }
    if apt.upgrade {
        lines.push(format!("{call} upgrade"));
    }
    if !apt.remove.is_empty() {
        lines.push(format!(
            "{call} --auto-remove remove {}",
            quoted_all(&apt.remove)
        ));
    }
    if !install.is_empty() {
        lines.push(format!("{call} install {install}"));
    }
    lines.push(LEFTOVERS.to_owned());
    lines.join("\n")
}
