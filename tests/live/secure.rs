//! Builders behind TLS: what a user reads when a certificate is not what it should be.

use std::net::TcpListener;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use crate::daemon::{Daemon, Settings};
use crate::lab::BOTH;
use crate::workspace::{Run, Workspace, run};

/// An authority.
struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self(Issuer::new(params, key), pem)
    }

    /// A certificate and its key.
    fn sign(&self, name: &str, expired: bool) -> (String, String) {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2019, 1, 1);
        if expired {
            params.not_after = date_time_ymd(2020, 2, 3);
        }
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.0).unwrap();
        (cert.pem(), key.serialize_pem())
    }
}

/// A workspace with all files, and a daemon that uses some of them.
struct Site {
    space: Workspace,
    _daemon: Daemon,
    port: u16,
}

impl Site {
    /// A daemon that wants certificates of its clients.
    fn mutual() -> Option<Self> {
        Self::of(false, true)
    }

    fn of(expired: bool, tls: bool) -> Option<Self> {
        let space = Workspace::new()?;
        space.recipe("steps: [{run: \"echo UNIQUE größer; uname -m > /maschine\"}]\n");
        let ours = Authority::new("unsere Autorität");
        let other = Authority::new("eine andere");
        let files = [
            ("server", ours.sign("127.0.0.1", expired)),
            ("client", ours.sign("kiln", false)),
            ("stranger", other.sign("kiln", false)),
        ];
        space.file("tls/autorität.pem", &ours.1);
        space.file("tls/other.pem", &other.1);
        for (name, (cert, key)) in files {
            space.file(&format!("tls/{name}.pem"), &cert);
            space.file(&format!("tls/{name}.key"), &key);
        }
        let port = TcpListener::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .unwrap()
            .port();
        let path = |name: &str| space.path(name).to_str().unwrap().to_owned();
        let arguments = [
            ("--tlscacert", path("tls/autorität.pem")),
            ("--tlscert", path("tls/server.pem")),
            ("--tlskey", path("tls/server.key")),
        ];
        let arguments = arguments.map(|(flag, file)| [flag.to_owned(), file]);
        let settings = Settings {
            address: Some(&format!("tcp://127.0.0.1:{port}")),
            arguments: if tls { arguments.as_flattened() } else { &[] },
            ..Settings::default()
        };
        let daemon = Daemon::with(&space.lab, &settings);
        Some(Self {
            space,
            _daemon: daemon,
            port,
        })
    }

    /// Builds on it as `kiln.yaml` says.
    fn build(&self, host: &str, tls: &str) -> Run {
        let registry = self.space.lab.registry.clone();
        let address = format!("tcp://{host}:{}", self.port);
        let more = format!("builders:\n  - {{name: fern, address: \"{address}\", {tls}}}\n");
        self.space.kiln_yaml(&registry, &more);
        let mut command = self.space.command(&["build", "--push"]);
        command.env_remove("BUILDKIT_HOST");
        run(command)
    }

    /// What is said when it cannot be reached, behind the words that all have in common.
    #[track_caller]
    fn refuses(&self, host: &str, tls: &str, reason: &str, next: &str) {
        let ran = self.build(host, tls).expect(4);
        let folder = self.space.root().canonicalize().unwrap();
        let said = ran.stderr.replace(folder.to_str().unwrap(), "[here]");
        let said = said.replace(self.space.root().to_str().unwrap(), "[here]");
        let (first, second) = said.split_once('\n').unwrap();
        let place = format!("`fern` at `tcp://{host}:{}`", self.port);
        let reason = format!("error: no secure connection to builder {place}: {reason}");
        assert!(first.starts_with(&reason), "{said}\n---\n{reason}");
        let next = format!("  next: {next}");
        assert!(second.starts_with(&next), "{said}\n---\n{next}");
        assert!(!self.space.is_published());
    }
}

const OURS: &str = "tls: {ca: tls/autorität.pem, cert: tls/client.pem, key: tls/client.key}";
const TRUSTED: &str = "`[here]/tls/autorität.pem` (kiln.yaml:7:";

#[test]
fn an_image_is_built_and_published_over_mutual_tls() {
    let Some(site) = Site::mutual() else { return };
    let built = site.build("127.0.0.1", OURS).expect(0);
    let image = site.space.published();
    for (platform, _) in image.images() {
        assert!(
            built
                .logged(platform)
                .iter()
                .any(|line| line.ends_with("größer")),
            "{}",
            built.stderr
        );
    }
    assert_eq!(image.images().count(), BOTH.len());
}

#[test]
fn a_folder_of_the_environment_is_read_by_the_names_that_buildctl_and_kubernetes_use() {
    let Some(site) = Site::mutual() else { return };
    let text = |name: &str| std::fs::read_to_string(site.space.path(name)).unwrap();
    for names in [
        ["ca.pem", "cert.pem", "key.pem"],
        ["ca.crt", "tls.crt", "tls.key"],
    ] {
        let folder = format!("{}-größe", names[1]);
        let from = ["tls/autorität.pem", "tls/client.pem", "tls/client.key"];
        for (name, from) in names.iter().zip(from) {
            site.space.file(&format!("{folder}/{name}"), &text(from));
        }
        let mut command = site.space.command(&["build"]);
        command
            .env("BUILDKIT_HOST", format!("tcp://127.0.0.1:{}", site.port))
            .env("KILN_BUILDER_TLS", &folder);
        run(command).expect(0);
    }
}

#[test]
fn a_certificate_of_an_unknown_authority_is_refused_with_the_file_that_was_used() {
    let Some(site) = Site::mutual() else { return };
    site.refuses(
        "127.0.0.1",
        "tls: {ca: tls/other.pem}",
        "its certificate is signed by no trusted authority (trusted: `[here]/tls/other.pem` (kiln.yaml:7:",
        "name the file with the authority that signed it: `tls: {ca: FILE}` in kiln.yaml",
    );
    site.refuses(
        "127.0.0.1",
        "tls: {}",
        "its certificate is signed by no trusted authority (trusted: the system's roots)",
        "name the file with the authority that signed it: `tls: {ca: FILE}` in kiln.yaml",
    );
}

#[test]
fn a_missing_and_a_strange_certificate_of_the_client_are_told_apart() {
    let Some(site) = Site::mutual() else { return };
    site.refuses(
        "127.0.0.1",
        "tls: {ca: tls/autorität.pem}",
        "it wants a certificate of the client, and none is set",
        "set `cert` and `key` in the builder's `tls`",
    );
    site.refuses(
        "127.0.0.1",
        "tls: {ca: tls/autorität.pem, cert: tls/stranger.pem, key: tls/stranger.key}",
        "it refused the client's certificate in `[here]/tls/stranger.pem` (kiln.yaml:7:",
        "have it signed by the authority that buildkitd is given by --tlscacert",
    );
}

#[test]
fn an_expired_certificate_is_named_with_its_last_day() {
    let Some(site) = Site::of(true, true) else {
        return;
    };
    site.refuses(
        "127.0.0.1",
        OURS,
        &format!("its certificate expired on 2020-02-03 (trusted: {TRUSTED}"),
        "renew the daemon's certificate; if it is good, set this machine's clock",
    );
}

#[test]
fn a_certificate_of_another_name_is_shown_with_the_names_it_has() {
    let Some(site) = Site::mutual() else { return };
    site.refuses(
        "localhost",
        OURS,
        &format!("its certificate is not for `localhost` but for `127.0.0.1` (trusted: {TRUSTED}"),
        "use an address that the certificate names, or have it made for `localhost` as well",
    );
}

#[test]
fn tls_asked_of_a_plain_daemon_and_the_reverse_are_seen() {
    let Some(plain) = Site::of(false, false) else {
        return;
    };
    plain.refuses(
        "127.0.0.1",
        OURS,
        "it does not speak TLS",
        "leave out `tls` (KILN_BUILDER_TLS) for this builder, or start buildkitd with --tlscert and --tlskey",
    );
    let Some(site) = Site::mutual() else { return };
    site.refuses(
        "127.0.0.1",
        "slots: 2",
        "it speaks TLS, and no `tls` is set for it",
        "add `tls: {ca: FILE, cert: FILE, key: FILE}` to the builder in kiln.yaml",
    );
}
