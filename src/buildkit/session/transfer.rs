//! One transfer of a folder to the daemon, in the protocol of fsutil.
//!
//! We send a STAT for each entry and an empty one at the end; the daemon asks by number for the files
//! that it does not have; we send each as DATA and an empty DATA; it says FIN and so do we.
//!
//! Three things decide whether this works at all with many files:
//!
//! * Requests are read at once, whatever else is going on, and wait here in a list of numbers. HTTP/2
//!   libraries take a peer whose small frames stay unread for an attacker and close the connection.
//! * Nothing blocks the runtime: walking and reading happen on threads for that.
//! * A file that cannot be read, or changes meanwhile, ends the transfer with an error that names it.
//!   Ending its data instead would give an empty file in the image.
//!
//! Pipes, sockets and devices are left out with a note: a device of this machine is none of the image's,
//! and a pipe would wait in it for nobody.

use std::error::Error;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Status, Streaming};

use crate::buildkit::session::content::NoteSink;
use crate::context::{Entry, Filter, Kind, Stamp, SteadyFile, walk};
use crate::proto::fsutil::packet::PacketType;
use crate::proto::fsutil::{Packet, Stat};

/// Files that are sent at the same time.
const SENDERS: usize = 4;
/// Bytes of a file in one packet.
const CHUNK: usize = 64 << 10;
/// Packets that may wait to be sent.
const QUEUE: usize = 32;

/// A local folder that is served.
#[derive(Debug, Clone)]
pub(super) struct LocalDir {
    /// The name that the daemon knows.
    pub(super) name: String,
    /// Where it is.
    pub(super) root: PathBuf,
    /// Who hears what is left out of it.
    pub(super) notes: NoteSink,
}

/// The packets of one transfer. Dropping it ends the transfer.
#[derive(Debug)]
pub(super) struct Transfer {
    packets: ReceiverStream<Result<Packet, Status>>,
    _task: AbortOnDropHandle<()>,
}

impl Stream for Transfer {
    type Item = Result<Packet, Status>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.packets).poll_next(cx)
    }
}

impl Transfer {
    pub(super) fn start(dir: LocalDir, filter: Filter, requests: Streaming<Packet>) -> Transfer {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let run = Run {
            dir: Arc::new(dir),
            packets: sender,
            files: Arc::default(),
            counts: Arc::default(),
        };
        let task = tokio::spawn(run.serve(filter, requests));
        Transfer {
            packets: ReceiverStream::new(receiver),
            _task: AbortOnDropHandle::new(task),
        }
    }
}

/// Why a transfer ends before its time.
enum Fault {
    /// Our side fails; the daemon is told.
    Ours(String),
    /// The daemon is gone or has failed; there is nobody to tell.
    Theirs(String),
}

/// What the daemon says.
enum Demand {
    File(u32),
    Finish,
}

type Sender = mpsc::Sender<Result<Packet, Status>>;

#[derive(Clone)]
struct Run {
    dir: Arc<LocalDir>,
    packets: Sender,
    /// Path and stamp of every entry that has content, by the number of its STAT.
    files: Arc<Mutex<Vec<Promised>>>,
    counts: Arc<Counts>,
}

/// A file that may be asked for; `None` for an entry without content, and once it was asked for.
type Promised = Option<(String, Stamp)>;

/// What was sent, for the log.
#[derive(Debug, Default)]
struct Counts {
    entries: AtomicU64,
    files: AtomicU64,
    bytes: AtomicU64,
}

impl Run {
    async fn serve(self, filter: Filter, requests: Streaming<Packet>) {
        match self.attend(filter, requests).await {
            Ok(()) => {
                let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
                let Counts {
                    entries,
                    files,
                    bytes,
                } = self.counts.as_ref();
                let (entries, files, bytes) = (get(entries), get(files), get(bytes));
                tracing::debug!(folder = %self.dir.name, entries, files, bytes, "local folder sent");
            }
            Err(Fault::Ours(message)) => {
                let _ = self.packets.send(Ok(error_packet(&message))).await;
                let _ = self.packets.send(Err(Status::aborted(message))).await;
            }
            Err(Fault::Theirs(message)) => {
                let _ = self.packets.send(Err(Status::cancelled(message))).await;
            }
        }
    }

    async fn attend(&self, filter: Filter, requests: Streaming<Packet>) -> Result<(), Fault> {
        let (demand, mut demands) = mpsc::unbounded_channel();
        let _reading = AbortOnDropHandle::new(tokio::spawn(read_demands(requests, demand)));
        let mut tasks = JoinSet::new();
        let run = self.clone();
        tasks.spawn_blocking(move || run.send_stats(&filter));
        let mut walking = 1;
        loop {
            tokio::select! {
                Some(done) = tasks.join_next() => {
                    let was_walk: WasWalk = done.map_err(|error| panicked(&error))??;
                    walking -= usize::from(was_walk.0);
                }
                demand = demands.recv(), if tasks.len() < SENDERS + walking => match demand {
                    Some(Ok(Demand::File(id))) => {
                        let run = self.clone();
                        tasks.spawn_blocking(move || run.send_file(id));
                    }
                    Some(Ok(Demand::Finish)) => {
                        let fin = packet(PacketType::Fin);
                        return self.packets.send(Ok(fin)).await.map_err(|_| gone());
                    }
                    Some(Err(fault)) => return Err(fault),
                    None => return Err(gone()),
                }
            }
        }
    }

    /// Sends the STAT of every entry. Blocks.
    fn send_stats(&self, filter: &Filter) -> Result<WasWalk, Fault> {
        let mut sent = Ok(());
        walk(&self.dir.root, filter, &mut |entry| {
            if let Some(what) = entry.kind.special() {
                let path = &entry.path;
                self.dir
                    .notes
                    .tell(format!("`{path}` is {what} and is left out"));
                return ControlFlow::Continue(());
            }
            self.counts.entries.fetch_add(1, Ordering::Relaxed);
            // The number must be known before the daemon can ask for it.
            self.files
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((entry.kind == Kind::File).then(|| (entry.path.clone(), Stamp::of(&entry))));
            let stat = Packet {
                stat: Some(stat(entry)),
                ..packet(PacketType::Stat)
            };
            sent = self.send(stat);
            match sent {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        })
        .map_err(|error| Fault::Ours(self.name_fault(&error)))?;
        sent?;
        self.send(packet(PacketType::Stat))?;
        Ok(WasWalk(true))
    }

    /// Sends the content of one file. Blocks.
    fn send_file(&self, id: u32) -> Result<WasWalk, Fault> {
        let file = usize::try_from(id).ok().and_then(|index| {
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.get_mut(index).and_then(Option::take)
        });
        let Some((path, stamp)) = file else {
            let message = format!("the daemon asked for file number {id}, which is none");
            return Err(Fault::Ours(message));
        };
        let unreadable = |error: io::Error| {
            let name = &self.dir.name;
            Fault::Ours(format!(
                "cannot read `{path}` of local folder `{name}`: {error}"
            ))
        };
        let full = self.dir.root.join(&path);
        let mut file = SteadyFile::open(&full, stamp).map_err(unreadable)?;
        self.counts.files.fetch_add(1, Ordering::Relaxed);
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            let read = (&mut file).take(CHUNK as u64).read_to_end(&mut chunk);
            let size = read.map_err(unreadable)?;
            self.counts.bytes.fetch_add(size as u64, Ordering::Relaxed);
            let data = Packet {
                id,
                data: Bytes::from(chunk),
                ..packet(PacketType::Data)
            };
            // Empty data at the end of the file ends it for the daemon too.
            self.send(data)?;
            if size == 0 {
                return Ok(WasWalk(false));
            }
        }
    }

    fn send(&self, packet: Packet) -> Result<(), Fault> {
        self.packets.blocking_send(Ok(packet)).map_err(|_| gone())
    }

    fn name_fault(&self, error: &dyn Error) -> String {
        let cause = error
            .source()
            .map(|it| format!(": {it}"))
            .unwrap_or_default();
        format!("local folder `{}`: {error}{cause}", self.dir.name)
    }
}

/// Whether the task that ended was the walk.
struct WasWalk(bool);

/// Reads what the daemon wants as fast as it comes.
async fn read_demands(
    mut requests: Streaming<Packet>,
    demands: mpsc::UnboundedSender<Result<Demand, Fault>>,
) {
    loop {
        let demand = match requests.message().await {
            Ok(Some(packet)) => match packet.r#type() {
                PacketType::Req => Ok(Demand::File(packet.id)),
                PacketType::Fin => Ok(Demand::Finish),
                PacketType::Err => {
                    let text = String::from_utf8_lossy(&packet.data).into_owned();
                    Err(Fault::Theirs(text))
                }
                PacketType::Stat | PacketType::Data => continue,
            },
            Ok(None) => return,
            Err(status) => Err(Fault::Theirs(status.message().to_owned())),
        };
        if demands.send(demand).is_err() {
            return;
        }
    }
}

fn packet(kind: PacketType) -> Packet {
    Packet {
        r#type: kind.into(),
        ..Packet::default()
    }
}

fn error_packet(message: &str) -> Packet {
    Packet {
        data: Bytes::copy_from_slice(message.as_bytes()),
        ..packet(PacketType::Err)
    }
}

fn stat(entry: Entry) -> Stat {
    let (major, minor) = entry.device;
    Stat {
        mode: entry.go_mode(),
        size: i64::try_from(entry.size).unwrap_or(i64::MAX),
        mod_time: entry.modified_ns,
        linkname: entry.link.unwrap_or_default(),
        devmajor: major.into(),
        devminor: minor.into(),
        path: entry.path,
        ..Stat::default()
    }
}

fn gone() -> Fault {
    Fault::Theirs("the daemon ended the transfer".to_owned())
}

fn panicked(error: &JoinError) -> Fault {
    Fault::Ours(format!("the transfer broke off ({error})"))
}
