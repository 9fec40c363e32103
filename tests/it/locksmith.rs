//! A workshop with everybody who is asked for a lock: a registry in memory, and a web server and a resolver of the
//! test's own.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kiln::lock::{Lock, Period};
use kiln::oci::Reference;
use kiln::ops::build::BuildOptions;
use kiln::ops::lock::{LockOptions, LockReport, Pinned, Sources, Uv, lock, update};
use kiln::ops::{OpError, PlanOptions, write_llb};
use kiln::registry::{RemoteConfig, Web};

use crate::build::{AMD64, ARM64, Workshop, image_of, push, put_image, put_index};

/// What a server has, by path.
type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A workshop with everybody who is asked for a lock.
pub(crate) struct Locksmith {
    pub(crate) shop: Workshop,
    files: Files,
    pub(crate) url: String,
    uv: PathBuf,
}

const THEN: (i16, i8) = (2026, 11);

fn then() -> Period {
    Period::of(THEN.0, THEN.1).unwrap()
}

impl Locksmith {
    pub(crate) async fn new() -> Self {
        let shop = Workshop::new().await;
        let files = Files::default();
        let url = serve(&files);
        let uv = shop.path("tools/uv");
        let tools = shop.path("tools");
        let folder = tools.display();
        shop.write(
            "tools/uv",
            &format!(
                "#!/bin/sh\n[ \"$1\" = --version ] && exit 0\necho \"$@\" >> {folder}/asked\n\
                 for word; do\n case $last in --python-platform) platform=$word;; -o) out=$word;; esac\n last=$word\ndone\n\
                 [ -f pylock.toml ] && cat pylock.toml >> {folder}/kept\n\
                 [ -f {folder}/$platform ] || {{ cat {folder}/refusal >&2; exit 1; }}\ncp {folder}/$platform $out\n"
            ),
        );
        std::fs::set_permissions(&uv, PermissionsExt::from_mode(0o755)).unwrap();
        Self {
            shop,
            files,
            url,
            uv,
        }
    }

    /// What the resolver answers for a platform.
    pub(crate) fn packages(&self, platform: &str, all: &[(&str, &str, char)]) {
        let mut text = "lock-version = \"1.0\"\n".to_owned();
        for (name, version, digit) in all {
            let sum: String = std::iter::repeat_n(digit, 64).collect();
            let _ = write!(
                text,
                "[[packages]]\nname = \"{name}\"\nversion = \"{version}\"\n\
                 wheels = [{{ url = \"https://example.com/{name}.whl\", hashes = {{ sha256 = \"{sum}\" }} }}]\n"
            );
        }
        self.shop.write(&format!("tools/{platform}"), &text);
    }

    pub(crate) fn serve(&self, path: &str, content: &str) {
        let mut files = self.files.lock().unwrap();
        files.insert(path.to_owned(), content.as_bytes().to_vec());
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            registry: Arc::clone(&self.shop.registry) as _,
            web: Web::new(&RemoteConfig::default()).unwrap(),
            uv: Uv::new(Some(self.uv.clone())),
            bundle: None,
        }
    }

    pub(crate) async fn lock(&self) -> Result<LockReport, OpError> {
        self.lock_with(&LockOptions::default()).await
    }

    pub(crate) async fn lock_with(&self, options: &LockOptions) -> Result<LockReport, OpError> {
        lock(&self.shop.load(), options, &self.sources(), then()).await
    }

    pub(crate) async fn update(
        &self,
        names: &[&str],
        only: &[Pinned],
    ) -> Result<LockReport, OpError> {
        let options = LockOptions {
            selectors: names.iter().map(|name| (*name).to_owned()).collect(),
            only: only.iter().copied().collect(),
            ..LockOptions::default()
        };
        let later = Period::of(2027, 1).unwrap();
        update(&self.shop.load(), &options, &self.sources(), later).await
    }

    pub(crate) fn read(&self) -> Lock {
        let lock = self.shop.load().lock;
        Lock::clone(&lock.expect("there is no lock"))
    }

    pub(crate) fn text(&self) -> String {
        std::fs::read_to_string(self.shop.path("kiln.lock")).unwrap()
    }

    /// Builds with nothing but the lock.
    pub(crate) async fn locked(&self) -> Result<kiln::ops::build::BuildReport, OpError> {
        let options = BuildOptions {
            locked: true,
            ..push()
        };
        self.shop.build(&options).await
    }

    /// The graphs of all legs, as text.
    pub(crate) async fn graphs(&self) -> String {
        let options = PlanOptions {
            locked: true,
            ..PlanOptions::default()
        };
        let folder = self.shop.path("graphs");
        let registry = Arc::clone(&self.shop.registry) as _;
        let written = write_llb(&self.shop.load(), &options, &registry, &folder).await;
        let texts = written.unwrap().into_iter().map(|path| {
            let path = path.with_extension("txt");
            std::fs::read_to_string(path).unwrap()
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// Serves files until the process ends. What begins with `->` is where to look instead.
fn serve(files: &Files) -> String {
    let files = Arc::clone(files);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut first = String::new();
            let _ = reader.read_line(&mut first);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|size| size > 2) {
                line.clear();
            }
            let path = first.split(' ').nth(1).unwrap_or_default();
            let path = path.split('?').next().unwrap_or_default();
            let found = files.lock().unwrap().get(path).cloned();
            let moved = found.as_deref().and_then(|body| body.strip_prefix(b"->"));
            let head = match (&found, moved) {
                (_, Some(to)) => format!("302 Found\r\nLocation: {}", String::from_utf8_lossy(to)),
                (Some(_), None) => "200 OK".to_owned(),
                (None, _) => "404 Not Found".to_owned(),
            };
            let body = found.unwrap_or_default();
            let size = body.len();
            let head =
                format!("HTTP/1.1 {head}\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n");
            let _ = stream
                .write_all(head.as_bytes())
                .and_then(|()| stream.write_all(&body));
        }
    });
    url
}

/// Puts another image under a tag of both platforms.
pub(crate) async fn moved(shop: &Workshop, name: &str, layer: &str) {
    let reference: Reference = name.parse().unwrap();
    let mut entries = Vec::new();
    for platform in [AMD64, ARM64] {
        let config = image_of(platform, layer);
        let entry = put_image(shop.registry.as_ref(), &reference, &config, layer).await;
        entries.push(entry.with_platform(platform));
    }
    put_index(shop.registry.as_ref(), &reference, entries).await;
    shop.registry.forget_requests();
}

pub(crate) fn said(result: Result<LockReport, OpError>) -> Vec<String> {
    match result {
        Err(OpError::Invalid(findings)) => findings
            .sorted()
            .iter()
            .map(|finding| format!("{} {}", finding.place, finding.message))
            .collect(),
        other => panic!("not invalid: {other:?}"),
    }
}
