//! Servers on loopback that let in only who knows the password: a proxy, and a registry.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Lets through until its process ends.
#[derive(Debug)]
pub(crate) struct Door {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    passed: Arc<Mutex<Vec<String>>>,
}

impl Door {
    /// A proxy for `CONNECT`, which is what clients use for https.
    pub(crate) fn proxy(user: &str, password: &str) -> Self {
        let refusal =
            "407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"kiln\"";
        Self::open(
            "proxy-authorization",
            user,
            password,
            refusal,
            |head, client| {
                let target = head[0].split(' ').nth(1).unwrap_or_default();
                let server = TcpStream::connect(target)?;
                client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
                both_ways(client, &server)
            },
        )
    }

    /// A registry that asks for a login before another one that does not.
    pub(crate) fn registry(user: &str, password: &str, behind: &str) -> Self {
        let behind = behind.to_owned();
        let refusal = "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"kiln\"";
        Self::open(
            "authorization",
            user,
            password,
            refusal,
            move |head, client| {
                let mut server = TcpStream::connect(&behind)?;
                // One request per connection: the next one is looked at, too.
                let kept = head.iter().filter(|line| {
                    let name = line.split(':').next().unwrap_or_default().to_lowercase();
                    name != "authorization" && name != "connection"
                });
                let kept: Vec<&str> = kept.map(String::as_str).collect();
                write!(server, "{}\r\nConnection: close\r\n\r\n", kept.join("\r\n"))?;
                both_ways(client, &server)
            },
        )
    }

    /// The first lines of the requests that were let through.
    pub(crate) fn passed(&self) -> Vec<String> {
        self.passed.lock().unwrap().clone()
    }

    fn open(
        header: &'static str,
        user: &str,
        password: &str,
        refusal: &'static str,
        pass: impl Fn(&[String], &mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let expected = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let passed: Arc<Mutex<Vec<String>>> = Arc::default();
        let (log, pass) = (Arc::clone(&passed), Arc::new(pass));
        thread::spawn(move || {
            for mut client in listener.incoming().flatten() {
                let (log, pass, expected) = (Arc::clone(&log), Arc::clone(&pass), expected.clone());
                thread::spawn(move || {
                    let head = head(&mut client)?;
                    let known = head.iter().any(|line| {
                        let (name, value) = line.split_once(':').unwrap_or_default();
                        name.eq_ignore_ascii_case(header) && value.trim() == expected
                    });
                    if !known {
                        let end = "Content-Length: 0\r\nConnection: close\r\n\r\n";
                        return write!(client, "HTTP/1.1 {refusal}\r\n{end}");
                    }
                    log.lock().unwrap().push(head[0].clone());
                    // A client that goes away in between is its own business.
                    pass(&head, &mut client)
                });
            }
        });
        Self { address, passed }
    }
}

/// The lines of a request's head. Nothing behind it is read.
fn head(client: &mut TcpStream) -> std::io::Result<Vec<String>> {
    let mut all = Vec::new();
    let mut byte = [0];
    while !all.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        all.push(byte[0]);
    }
    let lines = BufReader::new(all.as_slice()).lines();
    lines
        .filter(|line| !matches!(line, Ok(line) if line.is_empty()))
        .collect()
}

/// Passes bytes on until the server has no more.
fn both_ways(client: &TcpStream, server: &TcpStream) -> std::io::Result<()> {
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
    let copied = std::io::copy(&mut &*server, &mut &*client);
    let _ = client.shutdown(Shutdown::Both);
    copied.map(|_| ())
}
