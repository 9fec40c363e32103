//! Hosts of the internet as a test makes them up, behind a proxy on loopback.
//!
//! A recipe names real hosts; some of them cannot be had everywhere, and none of them stays the same.
//! The proxy ends TLS for the hosts it was given, with a certificate of the test's own authority, and
//! leads every other connection to where it wants to go.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::authority::Authority;
use crate::lab::Lab;
use crate::web::{Request, git_backend, read};

/// What one host answers with.
#[derive(Debug, Default)]
pub(crate) struct Host {
    /// Contents by path.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// A folder with git repositories.
    pub(crate) git: Option<PathBuf>,
}

/// A proxy that lives as long as the test's process.
#[derive(Debug)]
pub(crate) struct Internet {
    proxy: String,
    folder: TempDir,
}

impl Internet {
    pub(crate) fn new(lab: &Lab, hosts: BTreeMap<&'static str, Host>) -> Self {
        let authority = Authority::new("테스트 인터넷");
        let names: Vec<String> = hosts.keys().map(|name| format!("DNS:{name}")).collect();
        let tls = authority.server_for(&names.join(","));
        let folder = tempfile::tempdir().unwrap();
        let known = std::fs::read_to_string(&lab.certificates).unwrap();
        let bundle = format!("{known}\n{}", authority.pem());
        std::fs::write(folder.path().join("bundle.pem"), bundle).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let hosts = Arc::new(hosts);
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let (hosts, tls) = (Arc::clone(&hosts), Arc::clone(&tls));
                // A client that goes away in between is its own business.
                thread::spawn(move || serve(connection, &hosts, tls));
            }
        });
        let internet = Self { proxy, folder };
        internet.wrap_git();
        internet
    }

    /// BuildKit hands proxies to git, but no certificates: a git before the real one adds them.
    fn wrap_git(&self) {
        use std::os::unix::fs::PermissionsExt as _;
        let bin = self.programs();
        std::fs::create_dir(&bin).unwrap();
        let bundle = self.bundle();
        let script = format!(
            "#!/bin/sh\nPATH=\"${{PATH#{}:}}\" GIT_SSL_CAINFO={} exec git \"$@\"\n",
            bin.display(),
            bundle.display()
        );
        std::fs::write(bin.join("git"), script).unwrap();
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(bin.join("git"), mode).unwrap();
    }

    /// A folder with programs that go before those of the system.
    pub(crate) fn programs(&self) -> PathBuf {
        self.folder.path().join("bin")
    }

    /// The certificates of this machine, and the authority's.
    pub(crate) fn bundle(&self) -> PathBuf {
        self.folder.path().join("bundle.pem")
    }

    /// What a program needs in its environment to live in this internet.
    pub(crate) fn environment(&self) -> Vec<(String, String)> {
        let bundle = self.bundle().display().to_string();
        let names = [("HTTPS_PROXY", &self.proxy), ("SSL_CERT_FILE", &bundle)];
        let pairs = names.map(|(name, value)| (name.to_owned(), value.clone()));
        let mut all = pairs.to_vec();
        all.push(("NO_PROXY".to_owned(), "127.0.0.1,localhost".to_owned()));
        all
    }
}

fn serve(
    mut client: TcpStream,
    hosts: &BTreeMap<&'static str, Host>,
    tls: Arc<ServerConfig>,
) -> std::io::Result<()> {
    let asked = read(&mut client)?;
    let target = asked.path.clone();
    let host = target.split(':').next().unwrap_or_default();
    let Some(host) = hosts.get(host) else {
        let Ok(server) = TcpStream::connect(&target) else {
            return client.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
        };
        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
        return tunnel(client, server);
    };
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n")?;
    let session = ServerConnection::new(tls).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(session, client);
    let request = read(&mut stream)?;
    answer(host, &request, &mut stream)?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn tunnel(client: TcpStream, server: TcpStream) -> std::io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    let there = thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let (mut from, mut to) = (server, client);
    std::io::copy(&mut from, &mut to)?;
    let _ = to.shutdown(Shutdown::Write);
    let _ = there.join();
    Ok(())
}

fn answer(host: &Host, request: &Request, out: &mut (impl Read + Write)) -> std::io::Result<()> {
    if let Some(body) = host.files.get(&request.path) {
        let kind = if request.path.ends_with('/') {
            "text/html"
        } else {
            "application/octet-stream"
        };
        let length = body.len();
        write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )?;
        let wants_body = request.method != "HEAD";
        return out.write_all(if wants_body { body } else { &[] });
    }
    let Some(folder) = host.git.as_ref().filter(|_| request.path.contains(".git/")) else {
        return out.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    out.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n")?;
    out.write_all(&git_backend(folder, request)?)
}

/// A bare repository with one commit of some files and one tag.
pub(crate) fn repository(folder: &Path, path: &str, files: &[(&str, &str)], tag: &str) {
    let work = tempfile::tempdir().unwrap();
    let git = |at: &Path, args: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=김", "-c", "user.email=kim@example.com"]);
        command.args(["-c", "init.defaultBranch=main"]);
        let status = command.args(args).current_dir(at).status().unwrap();
        assert!(status.success(), "git {args:?}");
    };
    git(work.path(), &["init", "-q"]);
    for (name, text) in files {
        std::fs::write(work.path().join(name), text).unwrap();
    }
    git(work.path(), &["add", "."]);
    git(work.path(), &["commit", "-q", "-m", "첫 판"]);
    git(work.path(), &["tag", tag]);
    let bare = folder.join(path);
    let bare = bare.to_str().unwrap();
    git(work.path(), &["clone", "-q", "--bare", ".", bare]);
}
