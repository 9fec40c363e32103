//! A builder that runs nothing: it pushes an image with the configuration it was given, as the real one
//! would, and behaves as it is told to.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use kiln::buildkit::{
    BuilderInfo, BuildkitError, Exporter, ImageExport, PlatformResult, Progress, ProgressSink,
    Received, Solve, SolveError, Solver,
};
use kiln::oci::{
    Descriptor, Digest, ImageConfig, Manifest, MediaType, Platform, Reference, canonical,
};
use kiln::registry::{ManifestRef, MemoryRegistry, Registry as _};
use tokio::sync::watch;

use super::archive::{Made, copied, laid_layers, send};
use super::probed::Probed;
use super::seen::{Act, Moment, Rule, Seen, Wrong, failed, lacking, prints, sources};

/// The type of the layers it makes.
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// The builder.
#[derive(Debug)]
pub(crate) struct FakeSolver {
    registry: Arc<MemoryRegistry>,
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
    sent: Mutex<Vec<Result<Received, String>>>,
    moments: Arc<Mutex<Vec<Moment>>>,
    /// The most solves in flight at once so far.
    peak: watch::Sender<usize>,
    /// Whether it answers no questions about itself.
    away: AtomicBool,
    pub(crate) probed: Probed,
}

impl FakeSolver {
    pub(crate) fn new(registry: &Arc<MemoryRegistry>) -> Self {
        Self {
            registry: Arc::clone(registry),
            rules: Mutex::default(),
            seen: Mutex::default(),
            sent: Mutex::default(),
            moments: Arc::default(),
            peak: watch::Sender::new(0),
            away: AtomicBool::new(false),
            probed: Probed::default(),
        }
    }

    /// What it does in solves for a platform (or all) whose graph contains a text.
    pub(crate) fn on(&self, platform: Option<Platform>, about: &'static str, act: Act) {
        let rule = Rule {
            platform,
            about,
            act,
        };
        self.rules.lock().unwrap().push(rule);
    }

    /// From now on it answers no questions about itself.
    pub(crate) fn go_away(&self) {
        self.away.store(true, Ordering::Relaxed);
    }

    /// All requests, in the order in which they came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The request for a repository whose name ends so, on a platform.
    pub(crate) fn seen_for(&self, repository: &str, platform: Platform) -> Seen {
        let fits = |seen: &Seen| {
            let named = seen.repository();
            seen.platform() == platform && named.is_some_and(|it| it.path().ends_with(repository))
        };
        let found = self.seen().into_iter().find(fits);
        found.unwrap_or_else(|| panic!("no solve of {repository} for {platform}"))
    }

    pub(crate) fn moments(&self) -> Vec<Moment> {
        self.moments.lock().unwrap().clone()
    }

    pub(crate) fn peak(&self) -> usize {
        *self.peak.borrow()
    }

    fn acts(&self, request: &Solve) -> Vec<Act> {
        let seen = Seen(request.clone());
        let fits = |rule: &&Rule| {
            rule.platform.is_none_or(|only| only == request.platform) && seen.has(rule.about)
        };
        let rules = self.rules.lock().unwrap();
        rules
            .iter()
            .filter(fits)
            .map(|rule| rule.act.clone())
            .collect()
    }

    fn begin(&self, request: &Solve) -> Flight {
        let mut seen = self.seen.lock().unwrap();
        let number = seen.len();
        seen.push(Seen(request.clone()));
        let mut moments = self.moments.lock().unwrap();
        moments.push(Moment::Began(number));
        let over = |moment: &&Moment| !matches!(moment, Moment::Began(_));
        let ended = moments.iter().filter(over).count();
        let flying = moments.len() - 2 * ended;
        self.peak.send_modify(|peak| *peak = flying.max(*peak));
        Flight {
            number,
            moments: Arc::clone(&self.moments),
            landed: false,
        }
    }

    /// Makes an image and puts it where it was asked for.
    async fn export(
        &self,
        image: &ImageExport,
        request: &Solve,
        wrong: Option<Wrong>,
        (holds, layer): (Option<(u32, &str)>, Option<Vec<u8>>),
    ) -> Result<PlatformResult, SolveError> {
        let mut made = self.make(image, request, wrong, layer).await;
        if let Some((mode, content)) = holds {
            made.blobs.insert(0, copied(request, mode, content));
        }
        if let Some(push) = image.to.push() {
            for blob in &made.blobs {
                let put = self.registry.put_blob(&push.repository, blob.clone());
                put.await.unwrap();
            }
            if wrong != Some(Wrong::Gone) {
                let at = ManifestRef::Digest(Digest::sha256_of(&made.manifest));
                let bytes = made.manifest.clone();
                let manifest = &MediaType::OciManifest;
                let put = self
                    .registry
                    .put_manifest(&push.repository, &at, manifest, bytes);
                put.await.unwrap();
            }
        }
        if let Some(archive) = image.to.archive() {
            let sent = send(archive, &made, wrong).await;
            self.sent.lock().unwrap().push(sent.clone());
            sent.map_err(|message| SolveError::Rejected {
                builder: "fake".to_owned(),
                message,
            })?;
        }
        let mut answer =
            Descriptor::of(MediaType::OciManifest, &made.manifest).with_platform(request.platform);
        if wrong == Some(Wrong::Size) {
            answer.size += 1;
        }
        // Real builders put facts on the descriptor that must not end up in an index.
        let created = (
            "org.opencontainers.image.created".to_owned(),
            "이제".to_owned(),
        );
        answer.annotations = Some(BTreeMap::from([created]));
        Ok(PlatformResult {
            manifest: (wrong != Some(Wrong::Nothing)).then_some(answer),
            config: Some(made.config),
            ..nothing(request.platform)
        })
    }

    /// How many solves for the platform of a request there were before it.
    fn turn(&self, request: &Solve) -> usize {
        let seen = self.seen.lock().unwrap();
        let same = seen.iter().filter(|it| it.platform() == request.platform);
        same.count() - 1
    }

    async fn make(
        &self,
        image: &ImageExport,
        request: &Solve,
        wrong: Option<Wrong>,
        layer: Option<Vec<u8>>,
    ) -> Made {
        let mut config = super::dockerfile::config(image, request);
        let mut layers = Vec::new();
        if let Some(base) = &image.base_config {
            layers = self.base_layers(request, base).await;
            let base: ImageConfig = serde_json::from_slice(base).unwrap();
            config.rootfs.diff_ids = base.rootfs.diff_ids;
        }
        let of_base = layers.len();
        let mut blobs: Vec<Bytes> = layers.iter().map(|layer| layer.1.clone().into()).collect();
        let mut layers: Vec<Descriptor> = layers.into_iter().map(|layer| layer.0).collect();
        let whole = config.history.iter().filter(|line| !line.empty_layer);
        let mut added = whole.count() - of_base;
        if wrong == Some(Wrong::Layers) {
            added += 1;
        }
        let result = match &request.dockerfile {
            Some(dockerfile) => Digest::sha256_of(format!("{dockerfile:?}").as_bytes()),
            None => Digest::sha256_of(request.definition.def.last().map_or(&[], |op| &op[..])),
        };
        for number in 0..added {
            let bytes = match &layer {
                Some(layer) => Bytes::from(layer.clone()),
                None => Bytes::from(format!("layer {number} of {result}")),
            };
            layers.push(Descriptor::of(MediaType::from(LAYER), &bytes));
            if wrong != Some(Wrong::Layers) || number + 1 < added {
                config.rootfs.diff_ids.push(Digest::sha256_of(&bytes));
            }
            blobs.push(bytes);
        }
        if wrong == Some(Wrong::Architecture) {
            "riscv64".clone_into(&mut config.architecture);
        }
        let (bytes, config) = canonical::encode(&config).unwrap();
        let mut manifest = Manifest::new(Descriptor::of(MediaType::OciConfig, &bytes), layers);
        manifest.annotations = Some(image.annotations.clone());
        blobs.push(Bytes::from(bytes));
        Made {
            blobs,
            manifest: canonical::encode(&manifest).unwrap().0.into(),
            config,
        }
    }

    /// What was said to each archive that was sent.
    pub(crate) fn sent(&self) -> Vec<Result<Received, String>> {
        self.sent.lock().unwrap().clone()
    }

    /// The layers of the image whose configuration is the base's, found among the graph's sources.
    async fn base_layers(&self, request: &Solve, config: &[u8]) -> Vec<(Descriptor, Vec<u8>)> {
        for source in sources(request) {
            if let Some(name) = source.strip_prefix("oci-layout://") {
                if let Some(layers) = laid_layers(request, name, config) {
                    return layers;
                }
                continue;
            }
            let Some(name) = source.strip_prefix("docker-image://") else {
                continue;
            };
            let reference: Reference = name.parse().unwrap();
            let repository = reference.repository();
            let get = |at| self.registry.get_manifest(repository, at);
            let at = ManifestRef::of(&reference);
            let mut found = get(&at).await.unwrap().unwrap();
            if found.media_type.is_index() {
                let child = found.index().unwrap().images()[&request.platform]
                    .digest
                    .clone();
                let at = ManifestRef::Digest(child);
                found = get(&at).await.unwrap().unwrap();
            }
            let manifest = found.manifest().unwrap();
            let of = &manifest.config.digest;
            let bytes = self.registry.get_blob(repository, of, 1 << 20).await;
            if bytes.unwrap().unwrap() != config {
                continue;
            }
            let mut layers = Vec::new();
            for layer in manifest.layers {
                let bytes = self.registry.get_blob(repository, &layer.digest, 1 << 20);
                let bytes = bytes.await.unwrap().unwrap().to_vec();
                layers.push((layer, bytes));
            }
            return layers;
        }
        panic!("no source of the graph has the base's configuration");
    }
}

/// Notes how a solve ends, also when nobody waits for it any more.
struct Flight {
    number: usize,
    moments: Arc<Mutex<Vec<Moment>>>,
    landed: bool,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let moment = if self.landed {
            Moment::Ended(self.number)
        } else {
            Moment::Dropped(self.number)
        };
        self.moments.lock().unwrap().push(moment);
    }
}

#[async_trait]
impl Solver for FakeSolver {
    async fn info(&self) -> Result<BuilderInfo, BuildkitError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(BuildkitError::NoWorker {
                builder: "fake".to_owned(),
            });
        }
        Ok(BuilderInfo {
            name: "fake".to_owned(),
            version: "v0.25.0".to_owned(),
            platforms: vec![Platform::LINUX_AMD64, Platform::LINUX_ARM64],
            native: Platform::LINUX_AMD64,
        })
    }

    async fn solve(
        &self,
        request: Solve,
        progress: ProgressSink,
    ) -> Result<PlatformResult, SolveError> {
        if let Some(answer) = self.probed.answer(&request) {
            return answer;
        }
        let mut flight = self.begin(&request);
        let (vertex, name) = ("sha256:00".to_owned(), "step".to_owned());
        progress.send(Progress::VertexStarted { vertex, name });
        let (mut wrong, mut holds, mut warnings) = (None, None, Vec::new());
        let mut layer = None;
        for act in self.acts(&request) {
            match act {
                Act::Fail { step, code } => {
                    flight.landed = true;
                    return Err(failed(&request, step, code));
                }
                Act::Error(error) => {
                    flight.landed = true;
                    return Err(error);
                }
                Act::Errors(error, times) if flight.number < times => {
                    flight.landed = true;
                    return Err(error);
                }
                Act::Unlucky(is) if is(&Seen(request.clone())) => {
                    flight.landed = true;
                    return Err(failed(&request, "echo", 1));
                }
                Act::Errors(..) | Act::Unlucky(_) => {}
                Act::Hang => std::future::pending().await,
                Act::Take(time) => tokio::time::sleep(time).await,
                Act::Meet(count) => {
                    let mut peak = self.peak.subscribe();
                    let met = peak.wait_for(|peak| *peak >= count);
                    let met = tokio::time::timeout(Duration::from_secs(5), met).await;
                    assert!(met.is_ok(), "there were never {count} solves at once");
                }
                Act::Lacks => {
                    flight.landed = true;
                    return Err(lacking(&request));
                }
                Act::Prints(text) => prints(&request, text, &progress),
                Act::Holds(mode, content) => holds = Some((mode, content)),
                Act::Layers(of) => layer = Some(of(self.turn(&request))),
                Act::Wrong(how) => wrong = Some(how),
                Act::Remark(text) => warnings.push(super::dockerfile::remark(text)),
            }
        }
        // Others get a turn, so that orders seen in tests are no accident of a single poll.
        tokio::task::yield_now().await;
        let answer = match &request.exporter {
            Exporter::None => nothing(request.platform),
            Exporter::Image(image) => {
                let content = (holds, layer);
                match self.export(image, &request, wrong, content).await {
                    Ok(answer) => answer,
                    Err(error) => {
                        flight.landed = true;
                        return Err(error);
                    }
                }
            }
        };
        flight.landed = true;
        Ok(PlatformResult { warnings, ..answer })
    }
}

pub(super) fn nothing(platform: Platform) -> PlatformResult {
    PlatformResult {
        platform,
        manifest: None,
        config: None,
        warnings: Vec::new(),
        ran: 1,
        cached: 0,
    }
}
