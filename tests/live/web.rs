//! A web server of a test's own, on loopback. The lab's builder shares this machine's network.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves until its process ends.
#[derive(Debug)]
pub(crate) struct Web {
    url: String,
}

pub(crate) struct Request {
    pub(crate) method: String,
    /// Path of the target, or for CONNECT the `host:port`.
    pub(crate) path: String,
    query: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Web {
    /// Serves contents by path, such as `/a.tar.gz`.
    pub(crate) fn new(files: BTreeMap<&'static str, Vec<u8>>) -> Self {
        Self::serve(None, Self::files(files))
    }

    /// The same over TLS.
    pub(crate) fn tls(tls: Arc<ServerConfig>, files: BTreeMap<&'static str, Vec<u8>>) -> Self {
        Self::serve(Some(tls), Self::files(files))
    }

    /// The same, and while `breaks` is set every wheel breaks off in its middle.
    pub(crate) fn breaking(
        files: BTreeMap<&'static str, Vec<u8>>,
        breaks: Arc<AtomicBool>,
    ) -> Self {
        let whole = Self::files(files);
        Self::serve(None, move |request, out| {
            let is_wheel = Path::new(&request.path)
                .extension()
                .is_some_and(|end| end == "whl");
            if !(is_wheel && breaks.load(Ordering::SeqCst)) {
                return whole(request, out);
            }
            let mut answer = Vec::new();
            whole(request, &mut answer)?;
            answer.truncate(answer.len() - 40);
            out.write_all(&answer)
        })
    }

    fn files(
        files: BTreeMap<&'static str, Vec<u8>>,
    ) -> impl Fn(&Request, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static {
        move |request, out| {
            let found = files.get(request.path.as_str());
            let status = if found.is_some() {
                "200 OK"
            } else {
                "404 Not Found"
            };
            let body = found.map(Vec::as_slice).unwrap_or_default();
            let kind = if request.path.ends_with('/') {
                "text/html"
            } else {
                "application/octet-stream"
            };
            write!(
                out,
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n",
                body.len()
            )?;
            if request.method == "HEAD" {
                Ok(())
            } else {
                out.write_all(body)
            }
        }
    }

    /// Serves the git repositories below a folder, as git's own server program does.
    pub(crate) fn git(folder: PathBuf) -> Self {
        Self::serve(None, Self::repositories(folder))
    }

    /// The same over TLS.
    pub(crate) fn git_tls(tls: Arc<ServerConfig>, folder: PathBuf) -> Self {
        Self::serve(Some(tls), Self::repositories(folder))
    }

    fn repositories(
        folder: PathBuf,
    ) -> impl Fn(&Request, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static {
        move |request, out| {
            let answer = git_backend(&folder, request)?;
            let status = answer.windows(8).any(|part| part == b"Status: ");
            out.write_all(if status {
                b"HTTP/1.1 404 Not Found\r\n"
            } else {
                b"HTTP/1.1 200 OK\r\n"
            })?;
            out.write_all(b"Connection: close\r\n")?;
            out.write_all(&answer)
        }
    }

    fn serve(
        tls: Option<Arc<ServerConfig>>,
        answer: impl Fn(&Request, &mut dyn Write) -> std::io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for mut connection in listener.incoming().flatten() {
                let (tls, answer) = (tls.clone(), Arc::clone(&answer));
                // A client that goes away in between is its own business.
                thread::spawn(move || {
                    let Some(tls) = tls else {
                        let request = read(&mut connection)?;
                        return answer(&request, &mut connection);
                    };
                    let session = ServerConnection::new(tls).map_err(std::io::Error::other)?;
                    let mut stream = StreamOwned::new(session, connection);
                    let request = read(&mut stream)?;
                    answer(&request, &mut stream)?;
                    stream.conn.send_close_notify();
                    stream.flush()
                });
            }
        });
        Self { url }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

pub(crate) fn read(connection: &mut impl Read) -> std::io::Result<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split(' ');
    let method = words.next().unwrap_or_default().to_owned();
    let target = words.next().unwrap_or_default().to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
    }
    let length = headers
        .get("content-length")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (path, query) = (path.to_owned(), query.to_owned());
    Ok(Request {
        method,
        path,
        query,
        headers,
        body,
    })
}

/// Headers and body as git's CGI program answers.
pub(crate) fn git_backend(folder: &Path, request: &Request) -> std::io::Result<Vec<u8>> {
    let header = |name: &str| request.headers.get(name).cloned().unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", folder)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REQUEST_METHOD", &request.method)
        .env("PATH_INFO", &request.path)
        .env("QUERY_STRING", &request.query)
        .env("CONTENT_TYPE", header("content-type"))
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(&request.body)?;
    }
    Ok(child.wait_with_output()?.stdout)
}
