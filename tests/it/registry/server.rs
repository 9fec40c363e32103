//! A small HTTP server on loopback that serves an in-memory registry and fails where a test tells it to.
//!
//! One request per connection, HTTP/1.1, nothing that a test does not need.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use kiln::oci::{Digest, MediaType, RegistryHost, Repository, Tag};
use kiln::registry::{ManifestRef, MemoryRegistry, Mirror, Registry, RegistryError, Scheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// How many requests came before it.
    pub(crate) number: usize,
}

impl Seen {
    pub(crate) fn is(&self, method: &str, part_of_target: &str) -> bool {
        self.method == method && self.target.contains(part_of_target)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }
}

/// What the server sends back.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Send so many bytes of the body only, and hang up.
    pub(crate) cut: Option<usize>,
}

impl Answer {
    pub(crate) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }
}

/// Sees every request first, with the answer that the registry would give; returns the answer to send.
type Hook = dyn Fn(&Seen, Answer) -> Answer + Send + Sync;

/// A running server. It stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    pub(crate) registry: Arc<MemoryRegistry>,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A registry that works.
    pub(crate) async fn start() -> Self {
        Self::hooked(|_, answer| answer).await
    }

    /// A registry whose answers go through `hook`.
    pub(crate) async fn hooked(
        hook: impl Fn(&Seen, Answer) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let registry = Arc::new(MemoryRegistry::new());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let hook: Arc<Hook> = Arc::new(hook);
        let host = address.to_string().parse().expect("a host");
        let service = Service {
            registry: registry.clone(),
            seen: seen.clone(),
            hook,
            host,
        };
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move { service.serve(stream).await });
            }
        });
        Self {
            address,
            registry,
            seen,
            task,
        }
    }

    pub(crate) fn host(&self) -> RegistryHost {
        self.address.to_string().parse().expect("a host")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn repository(&self, path: &str) -> Repository {
        Repository::new(self.host(), path).expect("a repository")
    }

    pub(crate) fn mirror(&self, prefix: &str) -> Mirror {
        Mirror {
            scheme: Scheme::Http,
            host: self.host(),
            prefix: prefix.to_owned(),
        }
    }

    /// All requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no panic").clone()
    }

    /// All requests so far as `METHOD target`.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen()
            .iter()
            .map(|seen| format!("{} {}", seen.method, seen.target))
            .collect()
    }
}

#[derive(Clone)]
struct Service {
    registry: Arc<MemoryRegistry>,
    seen: Arc<Mutex<Vec<Seen>>>,
    hook: Arc<Hook>,
    host: RegistryHost,
}

impl Service {
    async fn serve(&self, mut stream: TcpStream) {
        let Some(mut request) = read_request(&mut stream).await else {
            return;
        };
        {
            let mut seen = self.seen.lock().expect("no panic");
            request.number = seen.len();
            seen.push(request.clone());
        }
        let answer = (self.hook)(&request, self.answer(&request).await);
        let length = answer.body.len().to_string();
        let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
        let answer = if answer
            .headers
            .iter()
            .any(|(name, _)| name == "content-length")
        {
            answer
        } else {
            answer.with("content-length", length)
        };
        for (name, value) in &answer.headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        if request.method != "HEAD" {
            bytes.extend_from_slice(&answer.body[..answer.cut.unwrap_or(answer.body.len())]);
        }
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
    }

    /// What a registry answers: distribution-spec v1.1, end-1 to end-8.
    async fn answer(&self, request: &Seen) -> Answer {
        let (path, query) = request
            .target
            .split_once('?')
            .unwrap_or((&request.target, ""));
        let Some((repository, kind, last)) = self.route(path) else {
            // end-1: it is a registry.
            return Answer::status(if path == "/v2/" { 200 } else { 404 });
        };
        let outcome = match (request.method.as_str(), kind) {
            ("GET" | "HEAD", "manifests") => self.manifest(&repository, last).await,
            ("PUT", "manifests") => self.put_manifest(&repository, last, request).await,
            ("GET" | "HEAD", "blobs") => self.blob(&repository, last).await,
            ("POST", "uploads") => {
                let session = format!(
                    "/v2/{}/blobs/uploads/session?_state=a%2Fb%3D",
                    repository.path()
                );
                Ok(Answer::status(202).with("location", session))
            }
            ("DELETE", "uploads") => Ok(Answer::status(204)),
            ("PUT", "uploads") => self.put_blob(&repository, query, request).await,
            ("GET", "tags") => self.tags(&repository, query).await,
            _ => Ok(Answer::status(405)),
        };
        outcome.unwrap_or_else(|error| {
            let code = error.code().unwrap_or("UNKNOWN");
            let body =
                serde_json::json!({"errors": [{"code": code, "message": error.to_string()}]});
            Answer::status(error.status().unwrap_or(500)).body(body.to_string())
        })
    }

    fn route<'a>(&self, path: &'a str) -> Option<(Repository, &'static str, &'a str)> {
        let rest = path.strip_prefix("/v2/")?;
        for (separator, kind) in [
            ("/blobs/uploads/", "uploads"),
            ("/manifests/", "manifests"),
            ("/blobs/", "blobs"),
            ("/tags/", "tags"),
        ] {
            if let Some((name, last)) = rest.rsplit_once(separator) {
                return Some((Repository::new(self.host.clone(), name).ok()?, kind, last));
            }
        }
        None
    }

    async fn manifest(&self, repository: &Repository, last: &str) -> Result<Answer, RegistryError> {
        let Some(at) = manifest_ref(last) else {
            return Ok(Answer::status(400));
        };
        let Some(raw) = self.registry.get_manifest(repository, &at).await? else {
            return Ok(Answer::status(404));
        };
        let answer = Answer::status(200).with("content-type", raw.media_type.as_str());
        Ok(answer
            .with("docker-content-digest", raw.digest.as_str())
            .body(raw.bytes.to_vec()))
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        last: &str,
        request: &Seen,
    ) -> Result<Answer, RegistryError> {
        let Some(at) = manifest_ref(last) else {
            return Ok(Answer::status(400));
        };
        let media_type = MediaType::from(request.header("content-type").unwrap_or_default());
        let bytes = Bytes::from(request.body.clone());
        let digest = self
            .registry
            .put_manifest(repository, &at, &media_type, bytes)
            .await?;
        Ok(Answer::status(201).with("docker-content-digest", digest.as_str()))
    }

    async fn blob(&self, repository: &Repository, last: &str) -> Result<Answer, RegistryError> {
        let Ok(digest) = last.parse::<Digest>() else {
            return Ok(Answer::status(400));
        };
        let found = self
            .registry
            .get_blob(repository, &digest, u64::MAX)
            .await?;
        Ok(found.map_or_else(
            || Answer::status(404),
            |bytes| Answer::status(200).body(bytes.to_vec()),
        ))
    }

    async fn put_blob(
        &self,
        repository: &Repository,
        query: &str,
        request: &Seen,
    ) -> Result<Answer, RegistryError> {
        if !query.starts_with("_state=a%2Fb%3D&digest=sha256") {
            return Ok(Answer::status(400)
                .with("content-type", "text/plain")
                .body("the session's query is lost"));
        }
        let digest = self
            .registry
            .put_blob(repository, Bytes::from(request.body.clone()))
            .await?;
        Ok(Answer::status(201).with("docker-content-digest", digest.as_str()))
    }

    /// Two tags per page.
    async fn tags(&self, repository: &Repository, query: &str) -> Result<Answer, RegistryError> {
        let tags = self.registry.tags(repository).await?;
        if tags.is_empty() {
            return Ok(Answer::status(404));
        }
        let last = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("last="))
            .unwrap_or_default();
        let rest: Vec<&Tag> = tags.iter().filter(|tag| tag.as_str() > last).collect();
        let page = &rest[..rest.len().min(2)];
        let answer = Answer::status(200)
            .body(serde_json::json!({"name": repository.path(), "tags": page}).to_string());
        if rest.len() <= 2 {
            return Ok(answer);
        }
        let next = format!(
            "</v2/{}/tags/list?n=2&last={}>; rel=\"next\"",
            repository.path(),
            page[1]
        );
        Ok(answer.with("link", next))
    }
}

fn manifest_ref(text: &str) -> Option<ManifestRef> {
    let by_digest = text.parse::<Digest>().map(ManifestRef::Digest);
    by_digest
        .or_else(|_| text.parse::<Tag>().map(ManifestRef::Tag))
        .ok()
}

async fn read_request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if !bytes[0].is_ascii_uppercase() {
            // The start of a TLS handshake; servers without TLS answer it so.
            let _ = stream.write_all(b"HTTP/1.0 400 Bad Request\r\n\r\n").await;
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let headers: BTreeMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length: usize = headers
        .get("content-length")
        .map_or(Some(0), |length| length.parse().ok())?;
    let mut body = bytes.split_off(head_end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen {
        method,
        target,
        headers,
        body,
        number: 0,
    })
}
