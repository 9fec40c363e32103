//! Package steps as scripts of fixed shape.
//!
//! Every value that comes from a recipe is quoted as one word, so it stays data. Caches and everything
//! else the tools need for the step lie below `/run/kiln`, which is mounted and leaves nothing behind.

mod apk;
mod apt;
mod conda;
mod dnf;
mod installer;
mod pip;
mod project;
mod uv;
mod uv_options;

pub use project::{project, toml};

use super::chain::Chain;
use super::stages::Lowering;
use crate::llb::{CacheSharing, Exec, FileActions, Note, State};
use crate::oci::Platform;
use crate::recipe::Step;
use crate::recipe::steps::Package;

/// A package file that is there for the step only.
struct PackageFile {
    /// Where the tool finds it.
    path: String,
    state: State,
    /// Where it is in the state.
    selector: String,
}

impl Lowering<'_> {
    /// The package files by URL, each in a folder of its own: two may have one name. Tools know them by their
    /// ending, which a URL need not have.
    fn package_files(
        &mut self,
        chain: &Chain,
        step: &Step,
        packages: &[Package],
        folder: &str,
        ending: &str,
    ) -> Vec<PackageFile> {
        let platform = *chain.state.platform();
        let mut all = Vec::new();
        for package in packages {
            let Package::File(download) = package else {
                continue;
            };
            if let Some((state, Some(file))) = self.download(download, platform, &step.place) {
                let missing = if file.ends_with(ending) { "" } else { ending };
                all.push(PackageFile {
                    path: format!("{folder}/{}/{file}{missing}", all.len()),
                    state,
                    selector: format!("/{file}"),
                });
            }
        }
        all
    }
}

/// Mounts package files.
fn with_files(exec: Exec, files: &[PackageFile]) -> Exec {
    files.iter().fold(exec, |exec, file| {
        exec.bind(file.path.clone(), &file.state, &file.selector)
    })
}

/// Mounts a tool's cache. It is shared as the tool can bear it, and apart per architecture; a step that does
/// not run as root has a cache of its user's, since tools refuse one that they cannot write to or that holds
/// files of others.
fn with_cache(
    exec: Exec,
    path: &str,
    tool: &str,
    sharing: CacheSharing,
    user: Option<&str>,
    platform: &Platform,
) -> Exec {
    let id = format!("kiln/{tool}/{}", platform.architecture());
    match user.filter(|user| !matches!(user.split(':').next(), Some("root" | "0"))) {
        None => exec.cache(path, id, sharing, None),
        Some(user) => {
            // Whoever that is in the image: nobody else gets at this cache.
            let first = FileActions::on(&State::scratch(platform), Some(0))
                .mkdir("/cache", 0o777, None)
                .state(Note::named(format!("cache {path}")));
            let first = Some((&first, "/cache"));
            exec.cache(path, format!("{id}/{user}"), sharing, first)
        }
    }
}

/// The names and files to install, as words of a script.
fn installed(packages: &[Package], files: &[PackageFile]) -> String {
    let names = packages.iter().filter_map(|package| match package {
        Package::Name(name) => Some(quoted_path(name)),
        Package::File(_) => None,
    });
    let files = files.iter().map(|file| quoted(&file.path));
    names.chain(files).collect::<Vec<_>>().join(" ")
}

/// A package as a title shows it.
fn shown(package: &Package) -> &str {
    match package {
        Package::Name(name) => name,
        Package::File(download) => &download.url,
    }
}

/// What a step is called in history and progress.
fn words(tool: &str, upgrade: Option<&str>, remove: &[String], install: &[&str]) -> String {
    let mut words = vec![tool.to_owned()];
    words.extend(upgrade.map(str::to_owned));
    if !remove.is_empty() {
        words.push(format!("remove {}", remove.join(" ")));
    }
    if !install.is_empty() {
        words.push(format!("install {}", install.join(" ")));
    }
    words.join(" ")
}

/// A word that a shell takes as it is.
pub(in crate::lower) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// Several words.
fn quoted_all(words: &[String]) -> String {
    words
        .iter()
        .map(|word| quoted(word))
        .collect::<Vec<_>>()
        .join(" ")
}

/// A word that may be a path with `*` in it: the `*` is left to the shell, all else is quoted.
fn quoted_path(word: &str) -> String {
    if !(word.starts_with('/') || word.starts_with("./")) || !word.contains('*') {
        return quoted(word);
    }
    word.split('*')
        .map(|part| {
            if part.is_empty() {
                String::new()
            } else {
                quoted(part)
            }
        })
        .collect::<Vec<_>>()
        .join("*")
}

#[cfg(test)]
mod tests {
    use super::{quoted, quoted_path};

    #[test]
    fn a_value_never_becomes_shell_syntax() {
        assert_eq!(quoted("torch>=2,<3"), "'torch>=2,<3'");
        assert_eq!(quoted("it's $(id)"), "'it'\\''s $(id)'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("libnccl2=2.1+cuda12.3"), "libnccl2=2.1+cuda12.3");
        assert_eq!(quoted_path("/wheels/a b*.whl"), "'/wheels/a b'*.whl");
        assert_eq!(quoted_path("x*"), "'x*'");
    }
}
