//! A program as a connection. Owns the child process, which lives as long as the connection, and what it says when
//! there is none.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, BufReader, ReadBuf,
};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::time::timeout;
use tower::Service;

use crate::buildkit::command::Command;

/// How long a program that has closed its output may take to end.
const END: Duration = Duration::from_secs(2);

/// Lines of a program's standard error that are kept.
const LINES: usize = 5;

/// Most of one line that is kept.
const LINE_BYTES: u64 = 1000;

/// A program that led to no daemon.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{reason}")]
pub(super) struct PipeFault {
    pub(super) reason: String,
    pub(super) next: String,
}

/// Standard input and output of a running program.
#[derive(Debug)]
pub(super) struct Pipe {
    output: BufReader<ChildStdout>,
    input: ChildStdin,
    /// Killed when dropped.
    _child: Child,
}

/// Makes connections by a program for an HTTP client.
pub(super) fn connector(
    command: &Command,
) -> impl Service<Uri, Response = TokioIo<Pipe>, Error = PipeFault, Future: Send> + Send + 'static {
    let command = command.clone();
    tower::service_fn(move |_| {
        let command = command.clone();
        async move { Ok(TokioIo::new(Pipe::open(&command).await?)) }
    })
}

impl Pipe {
    /// Starts the program and waits for the daemon's first word: a program that fails looks like a broken connection
    /// otherwise.
    async fn open(command: &Command) -> Result<Self, PipeFault> {
        let program = command.program();
        let spawned = tokio::process::Command::new(program)
            .args(command.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What a terminal sends to all must not cut the connection before we have said goodbye.
            .process_group(0)
            .kill_on_drop(true)
            .spawn();
        let mut child = spawned.map_err(|error| PipeFault {
            reason: format!("`{program}` cannot be started: {error}"),
            next: format!("install `{program}`, or put its folder into PATH"),
        })?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(PipeFault {
                reason: format!("`{program}` has no standard input and output"),
                next: "try again".to_owned(),
            });
        };
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let listening = tokio::spawn(listen(errors, Arc::clone(&said)));
        let mut output = BufReader::new(output);
        if let Ok([_, ..]) = output.fill_buf().await {
            return Ok(Self {
                output,
                input,
                _child: child,
            });
        }
        drop(input);
        let ended = match timeout(END, child.wait()).await {
            Ok(Ok(status)) => match status.code() {
                Some(code) => format!("ended with exit code {code}"),
                None => "was killed".to_owned(),
            },
            _ => "closed its output".to_owned(),
        };
        let _ = timeout(END, listening).await;
        Err(failed(command, &ended, &said))
    }
}

fn failed(command: &Command, ended: &str, said: &Mutex<VecDeque<String>>) -> PipeFault {
    let said = said.lock().unwrap_or_else(PoisonError::into_inner);
    let lines: Vec<&str> = said.iter().map(String::as_str).collect();
    let said = if lines.is_empty() {
        "it said nothing".to_owned()
    } else {
        lines.join("; ")
    };
    let program = command.program();
    let next = match program {
        "ssh" => {
            "run this command by hand; the host needs buildctl, and ssh a key that it can use without asking"
        }
        "kubectl" => {
            "run this command by hand; check the pod with `kubectl get pods`, and that you may `exec`"
        }
        _ => "run this command by hand; check that the container runs and has buildctl",
    };
    PipeFault {
        reason: format!("`{}` {ended}: {said}", command.line()),
        next: next.to_owned(),
    }
}

/// Keeps the last lines of a program's standard error, and reads on so that it never waits.
async fn listen(errors: ChildStderr, said: Arc<Mutex<VecDeque<String>>>) {
    let mut errors = BufReader::new(errors);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line without an end comes in parts.
        let mut part = (&mut errors).take(LINE_BYTES);
        match part.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text: String = text.trim().chars().filter(|c| !c.is_control()).collect();
        if text.is_empty() {
            continue;
        }
        tracing::debug!(%text, "the program of a builder");
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        if said.len() == LINES {
            said.pop_front();
        }
        said.push_back(text);
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.output).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.input).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.input).poll_shutdown(cx)
    }
}
