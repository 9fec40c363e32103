//! A build by the daemon's own Dockerfile frontend, which makes the graph itself.
//!
//! Owns the names of the frontend's attributes, and what the session of such a build serves. A frontend asks
//! for two local folders by fixed names, `dockerfile` and `context`; so do the frontends that a `# syntax` line
//! names, which we do not know. Such a build therefore has a session of its own, in which these names mean its
//! own folders, and in which nothing is served that was not given to it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::buildkit::session::SessionContent;
use crate::oci::{Digest, Platform};

/// The name of the frontend that every daemon has built in.
pub(super) const FRONTEND: &str = "dockerfile.v0";

/// The names under which frontends ask for local folders.
const CONTEXT: &str = "context";
const DOCKERFILE: &str = "dockerfile";

/// A Dockerfile and what it is built with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The folder in which it lies.
    pub folder: PathBuf,
    /// Its name there.
    pub file: String,
    /// The folder that it copies from.
    pub context: PathBuf,
    /// Patterns of what is never sent of the folders, whatever its `.dockerignore` says.
    pub hidden: Vec<String>,
    /// Whose folders these are: the daemon keeps its copies of them apart by it.
    pub origin: String,
    /// The stage to build; the last one where there is none.
    pub target: Option<String>,
    /// Values of its `ARG`s.
    pub args: BTreeMap<String, String>,
    /// What stands for names in it: `docker-image://…` or `oci-layout://…`.
    pub contexts: BTreeMap<String, String>,
    /// Ids of the secrets it may ask for.
    pub secrets: BTreeSet<String>,
    /// Ids of the ssh agents it may ask for.
    pub agents: BTreeSet<String>,
    /// Whether results that the daemon knows may not be used.
    pub no_cache: bool,
}

impl Dockerfile {
    /// The attributes of a solve for a platform, see `frontend/dockerui/config.go` in BuildKit.
    pub(super) fn attributes(&self, platform: Platform) -> BTreeMap<String, String> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        let mut set = |key: String, value: &str| all.insert(key, value.to_owned());
        set("filename".to_owned(), &self.file);
        // Without it the result is for the daemon's own platform.
        set("platform".to_owned(), &platform.to_string());
        if let Some(target) = &self.target {
            set("target".to_owned(), target);
        }
        if self.no_cache {
            set("no-cache".to_owned(), "");
        }
        for (name, value) in &self.args {
            set(format!("build-arg:{name}"), value);
        }
        for (name, source) in &self.contexts {
            set(format!("context:{name}"), source);
        }
        all
    }

    /// What tells the session of this build from those of others: equal for the platforms of an image, which
    /// then share one transfer of the folders.
    ///
    /// The frontend only asks for files that the Dockerfile names, and a daemon deletes from its copy what
    /// was not asked for; so builds that may ask for other files have copies of their own.
    pub(super) fn session_key(&self) -> String {
        let words = format!(
            "{:?}",
            (
                &self.origin,
                &self.folder,
                &self.file,
                &self.context,
                &self.hidden,
                &self.target,
                &self.secrets,
                &self.agents,
            )
        );
        Digest::sha256_of(words.as_bytes()).hex()[..32].to_owned()
    }

    /// The part of what may be served that is served to this build.
    pub(super) fn content(&self, all: &SessionContent) -> SessionContent {
        let locals = [(CONTEXT, &self.context), (DOCKERFILE, &self.folder)];
        SessionContent {
            locals: locals
                .into_iter()
                .map(|(name, folder)| (name.to_owned(), folder.clone()))
                .collect(),
            hidden: self.hidden.clone(),
            secrets: chosen(&all.secrets, &self.secrets),
            agents: chosen(&all.agents, &self.agents),
            ..all.clone()
        }
    }
}

fn chosen<T: Clone>(all: &BTreeMap<String, T>, ids: &BTreeSet<String>) -> BTreeMap<String, T> {
    let named = all.iter().filter(|(id, _)| ids.contains(*id));
    named.map(|(id, it)| (id.clone(), it.clone())).collect()
}

/// Whether a name is that of an instruction other than `FROM`: `[2/3] RUN …`, `[stage 2/3] COPY …`.
pub(super) fn is_instruction(name: &str) -> bool {
    let Some((head, instruction)) = name.strip_prefix('[').and_then(|it| it.split_once("] "))
    else {
        return false;
    };
    let numbers = head.rsplit(' ').next().and_then(|it| it.split_once('/'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.is_some_and(|(own, all)| is_number(own) && is_number(all))
        && !instruction.starts_with("FROM ")
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::PathBuf;

    use super::Dockerfile;
    use crate::buildkit::session::{SecretBytes, SessionContent};
    use crate::oci::Platform;

    fn dockerfile() -> Dockerfile {
        Dockerfile {
            folder: PathBuf::from("/w/größe"),
            file: "Dockerfile".to_owned(),
            context: PathBuf::from("/w"),
            hidden: vec![".kiln".to_owned()],
            origin: "diese Werkstatt".to_owned(),
            target: None,
            args: BTreeMap::from([("WORT".to_owned(), "größer $x".to_owned())]),
            contexts: BTreeMap::from([(
                "python:3.12".to_owned(),
                "docker-image://x/y@sha256:aa".to_owned(),
            )]),
            secrets: BTreeSet::from(["token".to_owned()]),
            agents: BTreeSet::new(),
            no_cache: false,
        }
    }

    #[test]
    fn the_platform_is_always_told_and_the_rest_as_it_is_given() {
        let mut one = dockerfile();
        let told = one.attributes(Platform::LINUX_ARM64);
        let told: Vec<_> = told.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(
            told,
            [
                "build-arg:WORT=größer $x",
                "context:python:3.12=docker-image://x/y@sha256:aa",
                "filename=Dockerfile",
                "platform=linux/arm64",
            ]
        );
        one.target = Some("bau".to_owned());
        one.no_cache = true;
        let told = one.attributes(Platform::LINUX_AMD64);
        assert_eq!((&*told["target"], &*told["no-cache"]), ("bau", ""));
    }

    #[test]
    fn a_session_serves_what_was_given_to_it_and_nothing_else() {
        let mut all = SessionContent::default();
        let workspace = PathBuf::from("/w");
        all.locals.insert("context".to_owned(), workspace.clone());
        all.locals.insert("other".to_owned(), workspace.clone());
        for id in ["token", "geheim"] {
            let value = SecretBytes::new(id);
            all.secrets.insert(id.to_owned(), value);
        }
        all.agents.insert("default".to_owned(), workspace);
        let served = dockerfile().content(&all);
        let names: Vec<&str> = served.locals.keys().map(String::as_str).collect();
        assert_eq!(names, ["context", "dockerfile"]);
        assert_eq!(served.locals["dockerfile"], PathBuf::from("/w/größe"));
        assert_eq!(served.secrets.len(), 1);
        assert!(served.agents.is_empty());
    }

    #[test]
    fn the_instructions_of_a_dockerfile_are_known_by_their_names() {
        for (name, is) in [
            ("[2/3] RUN echo größe", true),
            ("[linux/arm64 bau 2/3] COPY . .", true),
            ("[bau 1/3] FROM docker.io/library/debian:12", false),
            ("[internal] load metadata for x", false),
            ("[context a/b] OCI load from client", false),
            ("exporting to image", false),
        ] {
            assert_eq!(super::is_instruction(name), is, "{name}");
        }
    }

    #[test]
    fn platforms_share_a_session_and_other_folders_and_workspaces_do_not() {
        let (one, mut other) = (dockerfile(), dockerfile());
        other.args.clear();
        assert_eq!(one.session_key(), other.session_key());
        other.context = PathBuf::from("/w/b");
        assert_ne!(one.session_key(), other.session_key());
        let mut other = dockerfile();
        other.origin = "eine andere".to_owned();
        assert_ne!(one.session_key(), other.session_key());
    }
}
