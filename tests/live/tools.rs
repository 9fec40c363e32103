//! A private authority and a proxy as tools in steps meet them.

use std::collections::BTreeMap;
use std::process::Command;

use crate::authority::Authority;
use crate::doors::Door;
use crate::lab::BOTH;
use crate::pip::wheel;
use crate::web::Web;
use crate::workspace::{Workspace, run};

/// Debian's curl and git beside pip and apt: the same image in each run, so that the builder knows it.
const TOOLS: &str = "kiln: 1
name: tools
repository: live/tools
tags: [it]
platforms: [linux/amd64]
base: docker.io/library/python:3.11-slim
steps:
  - apt: {install: [curl, git]}
";

/// What each tool is asked for, from servers that only the private authority vouches for.
fn steps(files: &str, git: &str) -> String {
    format!(
        "base: REGISTRY/live/tools:it
platforms: [linux/amd64]
steps:
  - run: |
      set -eu
      echo UNIQUE
      echo \"curl $(curl --silent --show-error --fail {files}/wort)\"
      git clone --quiet {git}/r.git /tmp/r
      echo \"git $(cat /tmp/r/wort)\"
      echo \"python $(python3 -c 'import urllib.request as r; print(r.urlopen(\"{files}/wort\").read().decode())')\"
      echo 'deb [trusted=yes] {files}/ ./' > /etc/apt/sources.list
      rm -rf /etc/apt/sources.list.d
      apt-get --quiet --quiet update
      echo \"apt $(apt-cache show kiln-wort | sed -n 's/^Description: //p')\"
      for variable in NODE_EXTRA_CA_CERTS CARGO_HTTP_CAINFO CONDA_SSL_VERIFY; do
        eval \"file=\\$$variable\"
        test \"$(tail -n 1 \"$file\")\" = '-----END CERTIFICATE-----'
        grep -q AUTHORITY \"$file\"
        echo \"$variable yes\"
      done
    user: \"0\"
  - pip: {{install: [kilnone], index: \"{files}/simple\"}}
  - run: python3 -c 'import kilnone; print(\"pip\", kilnone.word)'
"
    )
}

const PACKAGES: &str = "Package: kiln-wort
Version: 1
Architecture: all
Maintainer: É <e@example.org>
Filename: ./w.deb
Size: 1
SHA256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
Description: 가마

";

/// The servers: files with an index of Python packages and one of Debian packages, and a git repository.
fn servers(space: &Workspace, authority: &Authority) -> (Web, Web) {
    let name = "kilnone-1.0-py3-none-any.whl";
    let page =
        format!("<!DOCTYPE html><html><body><a href=\"../../{name}\">{name}</a></body></html>");
    let files = Web::tls(
        authority.server(),
        BTreeMap::from([
            ("/wort", "가마".as_bytes().to_vec()),
            ("/simple/kilnone/", page.into_bytes()),
            (
                "/kilnone-1.0-py3-none-any.whl",
                wheel("kilnone", "1.0", "가마"),
            ),
            ("/./Packages", PACKAGES.into()),
            ("/Packages", PACKAGES.into()),
        ]),
    );
    space.file("git/r/wort", "가마");
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=é", "-c", "user.email=e@example.org"]);
        let done = command.args(args).current_dir(space.path("git/r")).output();
        let done = done.unwrap();
        let words = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "git {args:?}: {words}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "--message=가마"]);
    git(&["clone", "--quiet", "--bare", ".", "../r.git"]);
    (files, Web::git_tls(authority.server(), space.path("git")))
}

#[test]
fn tools_trust_the_private_authority_and_go_through_the_proxy() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.file("tools/recipe.yaml", TOOLS);
    run(space.networked(&["build", "tools", "--push"])).expect(0);
    let authority = Authority::new("Kiln-Prüfstelle");
    let (files, git) = servers(&space, &authority);
    let proxy = Door::proxy("pruefer", "p@ss/wort");
    let pem = authority.pem();
    let line = pem.lines().nth(2).unwrap();
    space.recipe(&steps(&files.url(""), &git.url("")).replace("AUTHORITY", line));

    // Without it nobody is trusted.
    space
        .kiln(&["build", "image"])
        .expect(3)
        .says(&["SSL certificate problem"]);

    std::fs::copy(authority.certificate(), space.path("eigene.pem")).unwrap();
    space.kiln_yaml(&space.lab.registry, "trust: {ca: eigene.pem}\n");
    let proxied = format!("http://pruefer:p%40ss%2Fwort@{}", proxy.address);
    let mut build = space.command(&["build", "image"]);
    build.env("https_proxy", &proxied);
    let said = run(build).expect(0);
    let said = said.logged(BOTH[0]);
    for line in [
        "curl 가마",
        "git 가마",
        "python 가마",
        "apt 가마",
        "pip 가마",
        "NODE_EXTRA_CA_CERTS yes",
        "CARGO_HTTP_CAINFO yes",
        "CONDA_SSL_VERIFY yes",
    ] {
        assert!(said.contains(&line), "no `{line}` in {said:#?}");
    }
    // Every one of them came through the proxy.
    let passed = proxy.passed();
    for (web, least) in [(&files, 4), (&git, 1)] {
        let target = web.url("").replace("https://", "CONNECT ");
        let through = passed.iter().filter(|line| line.starts_with(&target));
        assert!(through.count() >= least, "{target}: {passed:#?}");
    }
}
