//! A private authority, a proxy's password, a registry's and a step's secret: what they are used for, and
//! that no byte of them stays anywhere.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::byte_serialize;
use walkdir::WalkDir;

use crate::authority::Authority;
use crate::canaries::Canaries;
use crate::daemon::{Daemon, Settings};
use crate::doors::Door;
use crate::lab::BOTH;
use crate::pip::wheel;
use crate::web::Web;
use crate::workspace::{Run, Workspace, run};

/// Everything of a test that must not be found, and the servers that want it.
struct Site {
    space: Workspace,
    authority: Authority,
    proxy: Door,
    registry: Door,
    token: String,
    key: String,
    proxy_password: String,
    login: String,
}

impl Site {
    fn new() -> Option<Self> {
        let space = Workspace::new()?;
        let word = |what: &str| format!("{what}-{}-\"비밀\"/+?&é", space.unique);
        // Clients send a login to a proxy in Latin-1, where they send it at all with such characters.
        let proxy_password = format!("proxy-{}-\"@\"/+?&", space.unique);
        let login = word("login");
        let site = Self {
            authority: Authority::new(&format!("kiln canary {} é", space.unique)),
            proxy: Door::proxy("pruefer", &proxy_password),
            registry: Door::registry("prüfer", &login, &space.lab.registry),
            token: word("token"),
            key: word("key"),
            proxy_password,
            login,
            space,
        };
        let space = &site.space;
        space.file("token.txt", &site.token);
        std::fs::copy(site.authority.certificate(), space.path("eigene.pem")).unwrap();
        let auth = STANDARD.encode(format!("prüfer:{}", site.login));
        let logins = serde_json::json!({"auths": {&site.registry.address: {"auth": auth}}});
        space.file("docker/config.json", &logins.to_string());
        space.kiln_yaml(&site.registry.address, "trust: {ca: eigene.pem}\n");
        Some(site)
    }

    fn canaries(&self) -> Canaries {
        let pem = self.authority.pem();
        let body: Vec<&str> = pem.lines().collect();
        let subject = format!("kiln canary {} é", self.space.unique);
        Canaries::new([
            ("token", self.token.as_str()),
            ("key", &self.key),
            ("proxy", &self.proxy_password),
            ("login", &self.login),
            ("authority's subject", &subject),
            ("authority's second line", body[2]),
            ("authority's fourth line", body[4]),
        ])
    }

    /// The program with everything given to it.
    fn command(&self, daemon: &Daemon, args: &[&str]) -> Command {
        let mut command = self.space.command(args);
        let escaped = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let (user, password) = (escaped("pruefer"), escaped(&self.proxy_password));
        let proxy = format!("http://{user}:{password}@{}", self.proxy.address);
        command
            .env("BUILDKIT_HOST", daemon.address())
            .env("DOCKER_CONFIG", self.space.path("docker"))
            .env("HTTP_PROXY", &proxy)
            .env("HTTPS_PROXY", &proxy)
            .env("ALL_PROXY", &proxy)
            .env("KEY_GIVEN", &self.key)
            .env("SOURCE_DATE_EPOCH", "1735689600");
        if args[0] == "build" {
            command.args([
                "--secret=id=token,src=token.txt",
                "--secret=id=key,env=KEY_GIVEN",
            ]);
        }
        command
    }
}

/// A folder in which everything is put that is searched, beside the daemon's own.
struct Evidence {
    folder: tempfile::TempDir,
    count: usize,
}

impl Evidence {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, count: 0 }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Keeps what the program said.
    fn said(&mut self, run: &Run) {
        self.count += 1;
        let count = self.count;
        std::fs::write(self.path(&format!("{count}.stdout")), &run.stdout).unwrap();
        std::fs::write(self.path(&format!("{count}.stderr")), &run.stderr).unwrap();
    }

    /// Everything that was ever pushed to a repository, whether a manifest leads to it or not.
    fn repository(&self, space: &Workspace) {
        let root = space.lab.folder.join("registry/docker/registry/v2");
        let repository = root.join("repositories").join(space.repository());
        let mut count = 0;
        for links in ["_layers/sha256", "_manifests/revisions/sha256"] {
            for link in std::fs::read_dir(repository.join(links)).unwrap() {
                let hash = link.unwrap().file_name().into_string().unwrap();
                let blob = root.join("blobs/sha256").join(&hash[..2]).join(&hash);
                std::fs::copy(blob.join("data"), self.path(&hash)).unwrap();
                count += 1;
            }
        }
        assert!(count > 4, "only {count} blobs");
    }

    /// The ledger and whatever else the program keeps beside a workspace.
    fn own_folder(&self, space: &Workspace) {
        let mut count = 0;
        for file in std::fs::read_dir(space.path(".kiln")).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), self.folder.path().join(file.file_name())).unwrap();
            count += 1;
        }
        assert!(count > 0);
    }
}

/// The steps that use all of it: pip through the proxy from a server that only the authority vouches for,
/// and one that prints its secrets.
fn recipe(index: &str) -> String {
    format!(
        "base: docker.io/library/python:3.11-slim
steps:
  - copy: {{src: app, to: /srv}}
  - pip: {{install: [kilnone], index: \"{index}\"}}
    env: {{RUN: UNIQUE}}
  - run: |
      echo it says
      cat /run/secrets/token
      echo
      echo \"and $KEY\" >&2
      echo \"by $https_proxy\"
      grep -c 'BEGIN CERT' \"$SSL_CERT_FILE\" > /dev/null
    secrets: [{{id: token}}, {{id: key, env: KEY}}]
    name: 비밀을 말하다
  - run: python3 -c 'import kilnone; print(kilnone.word)'
    network: none
"
    )
}

fn index(authority: &Authority) -> Web {
    let name = "kilnone-1.0-py3-none-any.whl";
    let page =
        format!("<!DOCTYPE html><html><body><a href=\"../../{name}\">{name}</a></body></html>");
    Web::tls(
        authority.server(),
        BTreeMap::from([
            ("/simple/kilnone/", page.into_bytes()),
            (
                "/kilnone-1.0-py3-none-any.whl",
                wheel("kilnone", "1.0", "over TLS"),
            ),
        ]),
    )
}

#[track_caller]
fn nothing_in(canaries: &Canaries, folder: &Path) {
    let hits = canaries.found_in(folder);
    let (files, forms) = (
        WalkDir::new(folder).into_iter().count(),
        canaries.forms().count(),
    );
    println!("{} hits of {forms} forms in {files} files", hits.len());
    assert!(
        hits.is_empty(),
        "{}:\n{}",
        folder.display(),
        hits.join("\n")
    );
}

#[test]
fn no_byte_of_authority_proxy_login_or_secret_stays_anywhere() {
    let Some(site) = Site::new() else {
        return;
    };
    let (space, mut evidence) = (&site.space, Evidence::new());
    let arguments = ["--debug".to_owned()];
    let settings = Settings {
        arguments: &arguments,
        ..Settings::default()
    };
    let mut daemon = Daemon::with(&space.lab, &settings);
    let web = index(&site.authority);
    space.file("r/app/안녕.txt", "app\n");
    space.recipe(&recipe(&web.url("/simple")));

    let metadata = evidence.path("metadata.json").display().to_string();
    let metadata = format!("--metadata-file={metadata}");
    let args = [
        "build",
        "--push",
        "--progress=plain",
        "--format=json",
        &metadata,
    ];
    let mut loud = site.command(&daemon, &args);
    let first = run({
        loud.env("KILN_LOG", "trace");
        loud
    })
    .expect(0);
    evidence.said(&first);
    for platform in BOTH {
        let said = first.logged(platform);
        for line in ["over TLS", "***", "and ***"] {
            assert!(said.contains(&line), "{platform}: no `{line}` in {said:#?}");
        }
        assert!(
            said.iter()
                .any(|line| line.starts_with("by http://") && line.contains(":***@"))
        );
    }
    // They were used: the proxy, the login, and in the trace there is something to be found.
    assert!(
        site.proxy
            .passed()
            .iter()
            .any(|line| line.starts_with("CONNECT 127.0.0.1:"))
    );
    assert!(
        site.registry
            .passed()
            .iter()
            .any(|line| line.starts_with("PUT "))
    );
    assert!(first.stderr.contains("TRACE") && first.stderr.contains("DEBUG"));

    evidence.said(&run(site.command(&daemon, &["build", "--push"])).expect(0));
    evidence.said(&run(site.command(&daemon, &["build", "--progress=quiet"])).expect(0));
    let llb = evidence.path("llb").display().to_string();
    evidence.said(&run(site.command(&daemon, &["plan", "--llb", &llb])).expect(0));
    fail(&site, &daemon, &mut evidence);

    evidence.repository(space);
    evidence.own_folder(space);
    std::fs::copy(
        space.lab.folder.join("log/registry.log"),
        evidence.path("registry.log"),
    )
    .unwrap();
    let canaries = site.canaries();
    let log = daemon.log();
    assert!(log.contains("level=debug"), "{log}");
    daemon.kill();
    nothing_in(&canaries, evidence.folder.path());
    nothing_in(&canaries, daemon.folder());
}

/// Steps that fail with a secret on their lips.
fn fail(site: &Site, daemon: &Daemon, evidence: &mut Evidence) {
    site.space.recipe(
        "steps:
  - run: |
      echo UNIQUE; cat /run/secrets/token; echo; echo \"weil $KEY\" >&2
      echo \"via $http_proxy\"; exit 7
    secrets: [{id: token}, {id: key, env: KEY}]
",
    );
    for args in [
        &["build", "--progress=quiet"] as &[&str],
        &["build", "--progress=plain", "--format=json"],
    ] {
        let failed = run(site.command(daemon, args)).expect(3);
        assert!(failed.stderr.contains("weil ***"), "{}", failed.stderr);
        evidence.said(&failed);
    }
}

#[test]
fn the_search_finds_what_is_there_in_every_form() {
    let Some(site) = Site::new() else {
        return;
    };
    let (space, evidence) = (&site.space, Evidence::new());
    let mut daemon = Daemon::start(&space.lab);
    let canaries = site.canaries();
    for (number, (_, text)) in canaries.forms().enumerate() {
        let text = format!("before {text} after");
        space.bytes(&format!("r/leaks/{number}"), text.as_bytes());
    }
    space.recipe("env: {TOKEN: leaked}\nsteps:\n  - copy: {src: leaks, to: /leaks}\n");
    run(site.command(&daemon, &["build", "--push"])).expect(0);
    evidence.repository(space);
    daemon.kill();
    for folder in [evidence.folder.path(), daemon.folder()] {
        let hits = canaries.found_in(folder);
        for (name, _) in canaries.forms() {
            let found = hits.iter().any(|hit| hit.ends_with(&format!(": {name}")));
            assert!(
                found,
                "{name} in {}:\n{}",
                folder.display(),
                hits.join("\n")
            );
        }
        // Also in what is compressed.
        assert!(
            hits.iter().any(|hit| hit.contains("(unpacked)")),
            "{hits:#?}"
        );
    }
    // Each base64 alignment is found in a text that is encoded whole.
    let whole = Evidence::new();
    for before in ["", "a", "ab"] {
        let text = STANDARD.encode(format!("{before}{}{before}", site.token));
        std::fs::write(whole.path("one"), text).unwrap();
        assert_eq!(canaries.found_in(whole.folder.path()).len(), 1, "{before}");
    }
}

#[test]
fn the_index_is_the_same_with_and_without_authority_proxy_login_and_secret() {
    let Some(site) = Site::new() else {
        return;
    };
    let space = &site.space;
    let daemon = Daemon::start(&space.lab);
    space.file("r/app/안녕.txt", "app\n");
    space.recipe(
        "steps:
  - copy: {src: app, to: /srv}
  - run: echo UNIQUE > /word; mkdir -p /var/one; date +%Y > /dev/null
  - run: test ! -e /run/secrets/token || sha256sum /run/secrets/token > /dev/null
    secrets: [{id: token, required: false}]
  - write: {path: /etc/motd, content: \"안녕\\n\"}
",
    );
    let digest = |run: Run| {
        run.json()["images"][0]["index"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let args = ["build", "--push", "--format=json"];
    let with = run(site.command(&daemon, &args)).expect(0);
    // Nothing of it, on a builder that has never seen any of this.
    space.kiln_yaml(&space.lab.registry, "");
    let mut without = space.command(&args);
    without.env("SOURCE_DATE_EPOCH", "1735689600");
    let without = run(without).expect(0);
    assert!(
        !without.stderr.contains("/word; mkdir -p /var/one (cached)"),
        "{}",
        without.stderr
    );
    assert_eq!(digest(with), digest(without));
}
