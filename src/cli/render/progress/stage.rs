//! The thread that writes progress, and what it shares with those who have something to tell.
//!
//! Events come between two reads of a builder's connection, and a terminal or a pipe may be stuck:
//! so telling only leaves word, and one thread writes.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::pen::{draw, write};
use super::plain::{Plain, lasting};
use super::rawjson;
use super::tree::Tree;
use crate::cli::out::{self, Voice};
use crate::ops::build::{Event, EventSink};

/// How long a display that is given up may take for what it still has to say.
const PATIENCE: Duration = Duration::from_secs(1);
/// What events become.
#[derive(Debug)]
pub(super) enum Form {
    Tree(Tree),
    Plain(Plain),
    Json,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) form: Form,
    /// What is to be written, or to stand above the frame.
    pub(super) texts: Vec<Above>,
    pub(super) phase: Phase,
}

/// Something that is written once.
#[derive(Debug)]
pub(super) enum Above {
    Text(String),
    /// A leg that is built: a line where the frame has no row for it any more.
    Built(usize),
}

/// How far a display is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// There is more to come.
    Open,
    /// Nothing more will come.
    Ended,
    /// The same, and the last frame leaves nothing behind: a result that says the same follows.
    Replaced,
    /// Nothing more may be written: a panic has the word.
    Still,
    /// Everything is written.
    Done,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) wake: Condvar,
    pub(super) begun: Instant,
}

/// A display that runs.
#[derive(Debug)]
pub(super) struct Stage {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    after: After,
}

/// How talk goes when the display has ended.
#[derive(Debug, Clone, Copy)]
enum After {
    Text,
    Json,
}

impl Stage {
    /// A tree on the terminal.
    pub(super) fn tree() -> Self {
        let stage = Self::begin(Form::Tree(Tree::default()), After::Text, draw);
        still_on_panic(&stage.shared);
        stage
    }

    /// Lines with prefixes.
    pub(super) fn plain() -> Self {
        Self::begin(Form::Plain(Plain::default()), After::Text, write)
    }

    /// Lines of JSON.
    pub(super) fn json() -> Self {
        Self::begin(Form::Json, After::Json, write)
    }

    fn begin(form: Form, after: After, work: fn(&Shared)) -> Self {
        let shared = Arc::new(Shared::new(form));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("progress".to_owned())
            .spawn(move || {
                work(&theirs);
                theirs.lock().phase = Phase::Done;
                theirs.wake.notify_all();
            });
        // Without a thread there is no progress, and there is a build.
        let thread = thread.ok();
        if thread.is_some() {
            let voice: Arc<dyn Voice> = Arc::<Shared>::clone(&shared);
            out::speak_through(Some(voice));
        } else {
            shared.lock().phase = Phase::Done;
        }
        Self {
            shared,
            thread,
            after,
        }
    }

    /// Where events go.
    pub(super) fn sink(&self) -> EventSink {
        let shared = Arc::clone(&self.shared);
        EventSink::new(move |event| shared.event(event))
    }

    /// Ends the display when everything is told; its tree is gone then where it is `replaced`.
    pub(super) fn finish(mut self, replaced: bool) {
        self.end(if replaced {
            Phase::Replaced
        } else {
            Phase::Ended
        });
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }

    fn end(&self, phase: Phase) {
        out::speak_through(match self.after {
            After::Text => None,
            After::Json => Some(Arc::new(JsonVoice)),
        });
        let mut state = self.shared.lock();
        if state.phase == Phase::Open {
            state.phase = phase;
        }
        drop(state);
        self.shared.wake.notify_all();
    }
}

impl Drop for Stage {
    /// Where the build was interrupted. Nobody waits for long then, also not for a pipe that is stuck.
    fn drop(&mut self) {
        if self.thread.is_none() {
            return;
        }
        if let Form::Tree(tree) = &mut self.shared.lock().form {
            tree.interrupt();
        }
        self.end(Phase::Ended);
        let state = self.shared.lock();
        drop(
            self.shared
                .wake
                .wait_timeout_while(state, PATIENCE, |state| state.phase != Phase::Done),
        );
    }
}

impl Shared {
    fn new(form: Form) -> Self {
        Self {
            state: Mutex::new(State {
                form,
                texts: Vec::new(),
                phase: Phase::Open,
            }),
            wake: Condvar::new(),
            begun: Instant::now(),
        }
    }

    /// A panic somewhere else is no reason to be silent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn event(&self, event: Event) {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return;
        }
        let text = match &mut state.form {
            Form::Tree(tree) => {
                let text = lasting(&event).map(Above::Text);
                let built = tree.apply(event, self.begun.elapsed());
                text.or(built.map(Above::Built))
            }
            Form::Plain(plain) => Some(Above::Text(plain.line(&event))),
            Form::Json => Some(Above::Text(rawjson::line(&event, Timestamp::now()))),
        };
        state.texts.extend(text);
        drop(state);
        self.wake.notify_all();
    }
}

impl Voice for Shared {
    fn say(&self, text: &str) {
        let mut state = self.lock();
        let text = match &state.form {
            Form::Json => rawjson::message(text, Timestamp::now()),
            _ => text.to_owned(),
        };
        state.texts.push(Above::Text(text));
        drop(state);
        self.wake.notify_all();
    }
}

/// Talk as JSON when there is no display any more.
#[derive(Debug)]
pub(super) struct JsonVoice;

impl Voice for JsonVoice {
    fn say(&self, text: &str) {
        let line = rawjson::message(text, Timestamp::now());
        drop(out::lines(&format!("{line}\n")));
    }
}

/// What a panic says must not be drawn over.
fn still_on_panic(shared: &Arc<Shared>) {
    let shared = Arc::downgrade(shared);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if let Some(shared) = shared.upgrade()
            && let Ok(mut state) = shared.state.try_lock()
        {
            state.phase = Phase::Still;
        }
        before(info);
    }));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Form, Phase, Shared, still_on_panic};
    use crate::cli::render::progress::tree::Tree;

    #[test]
    fn after_a_panic_nothing_is_drawn_over_its_words() {
        let shared = Arc::new(Shared::new(Form::Tree(Tree::default())));
        still_on_panic(&shared);
        let thread = std::thread::spawn(|| panic!("größe"));
        assert!(thread.join().is_err());
        assert_eq!(shared.lock().phase, Phase::Still);
    }
}
