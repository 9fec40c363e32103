//! `apt` with repositories of a test's own: signed, pinned, and packages by URL, on both platforms.

use std::collections::BTreeMap;
use std::path::Path;

use crate::apt::{listed, package};
use crate::lab::{BOTH, Lab};
use crate::published::sha256;
use crate::web::Web;
use crate::workspace::{Run, Workspace, run};

const DEBIAN: &str =
    "base: docker.io/library/debian:bookworm-slim\nplatforms: [linux/amd64, linux/arm64]\n";

fn built(space: &Workspace) -> Run {
    run(space.networked(&["build", "image", "--push", "--progress=plain"]))
}

/// Signs with keys of its own.
struct Signer<'a> {
    lab: &'a Lab,
    home: String,
}

impl<'a> Signer<'a> {
    fn new(space: &'a Workspace, name: &str) -> Self {
        let home = format!("/tmp/kiln-gpg-{}-{name}", space.unique);
        std::fs::create_dir(&home).unwrap();
        std::fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700))
            .unwrap();
        let signer = Self {
            lab: &space.lab,
            home,
        };
        let who = "가마 É <e@example.org>";
        signer.gpg(&["--quick-gen-key", who, "ed25519", "sign", "never"]);
        signer
    }

    fn gpg(&self, args: &[&str]) -> Vec<u8> {
        let own = [
            "--homedir",
            &self.home,
            "--batch",
            "--yes",
            "--passphrase",
            "",
        ];
        let pinentry = ["--pinentry-mode", "loopback"];
        self.lab
            .bytes_of("gpg", [&own[..], &pinentry, args].concat())
    }

    fn signed(&self, text: &Path) -> Vec<u8> {
        self.gpg(&["--output", "-", "--clearsign", &text.display().to_string()])
    }
}

impl Drop for Signer<'_> {
    fn drop(&mut self) {
        let args = ["--homedir", &self.home, "--kill", "gpg-agent"];
        let _ = std::process::Command::new("gpgconf").args(args).status();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// A signed repository without suites, with two versions of a package.
fn repository(space: &Workspace, signer: &Signer<'_>) -> Web {
    let versions = ["1", "2"].map(|version| {
        let deb = package(space, "kiln-signed", version, "Section: misc\n");
        (listed("kiln-signed", version, &deb), deb)
    });
    let [(first, older), (second, newer)] = versions;
    let all = first + &second;
    let release = format!(
        "Origin: 가마\nSuite: stable\nDate: Sat, 01 Jan 2022 00:00:00 UTC\n\
         Architectures: all amd64 arm64\nSHA256:\n {} {} Packages\n",
        sha256(all.as_bytes()).replace("sha256:", ""),
        all.len()
    );
    space.file("deb/Release", &release);
    let signed = signer.signed(&space.path("deb/Release"));
    Web::new(BTreeMap::from([
        ("/./InRelease", signed.clone()),
        ("/InRelease", signed),
        ("/./Packages", all.clone().into_bytes()),
        ("/Packages", all.into_bytes()),
        ("/./kiln-signed_1.deb", older.clone()),
        ("/kiln-signed_1.deb", older),
        ("/./kiln-signed_2.deb", newer.clone()),
        ("/kiln-signed_2.deb", newer),
    ]))
}

#[test]
fn a_signed_source_is_believed_by_its_own_key_alone_and_a_version_can_be_pinned() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (ours, strangers) = (Signer::new(&space, "ours"), Signer::new(&space, "other"));
    let web = repository(&space, &ours);
    space.bytes("r/keys/가마.asc", &ours.gpg(&["--armor", "--export"]));
    space.bytes("r/keys/kiln.gpg", &ours.gpg(&["--export"]));
    space.bytes("r/keys/other.gpg", &strangers.gpg(&["--export"]));
    let recipe = |key: &str| {
        space.recipe(&format!(
            "{DEBIAN}steps:
  - apt:
      install: [kiln-signed=1]
      sources: {{kiln: {{uris: \"{}/\", suites: ./, key: {key}}}}}
    env: {{RUN: UNIQUE}}
tests:
  - run: [cat, /opt/kiln-signed]
    stdout: {{contains: kiln-signed 1}}
  - run: test -z \"$(dpkg --audit)\" && apt-get check
",
            web.url("")
        ));
    };
    recipe("keys/other.gpg");
    built(&space)
        .expect(3)
        .says(&["r/recipe.yaml:8:5", "NO_PUBKEY"]);
    assert!(!space.is_published());
    for (key, name) in [("keys/가마.asc", "kiln.asc"), ("keys/kiln.gpg", "kiln.gpg")] {
        recipe(key);
        let _ = built(&space).expect(0);
        let image = space.published();
        for platform in BOTH {
            let source = image
                .on(platform)
                .text("etc/apt/sources.list.d/kiln.sources");
            let signed = format!("Signed-By: /etc/apt/keyrings/{name}\n");
            assert!(source.contains(&signed), "{platform}: {source}");
        }
    }
}
