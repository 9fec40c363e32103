//! The thread that writes progress, and what it shares with those who have something to tell.
//!
//! Events come between two reads of a builder's connection, and a terminal or a pipe may be stuck:
//! so telling only leaves word, and one thread writes.

use std::io::{self, Write as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::frame::{Size, frame, is_condensed, one};
use super::plain::{Plain, lasting};
use super::rawjson;
use super::screen::Screen;
use super::tree::Tree;
use crate::cli::out::{self, Voice};
use crate::ops::build::{Event, EventSink};

/// Between two frames.
const FRAME: Duration = Duration::from_millis(100);
/// How long a display that is given up may take for what it still has to say.
const PATIENCE: Duration = Duration::from_secs(1);
/// The size of a terminal that does not tell its size.
const USUAL: Size = Size {
    columns: 80,
    rows: 24,
};

/// What events become.
#[derive(Debug)]
enum Form {
    Tree(Tree),
    Plain(Plain),
    Json,
}

#[derive(Debug)]
struct State {
    form: Form,
    /// What is to be written, or to stand above the frame.
    texts: Vec<Above>,
    phase: Phase,
}

/// Something that is written once.
#[derive(Debug)]
enum Above {
    Text(String),
    /// A leg that is built: a line where the frame has no row for it any more.
    Built(usize),
}

/// How far a display is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
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
struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    begun: Instant,
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
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                form,
                texts: Vec::new(),
                phase: Phase::Open,
            }),
            wake: Condvar::new(),
            begun: Instant::now(),
        });
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
    /// A panic somewhere else is no reason to be silent.
    fn lock(&self) -> MutexGuard<'_, State> {
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

/// Writes lines as they come. Who reads no more is no error.
fn write(shared: &Shared) {
    let mut open = true;
    loop {
        let waiting = shared.lock();
        let idle = |state: &mut State| state.texts.is_empty() && state.phase == Phase::Open;
        let Ok(mut state) = shared.wake.wait_while(waiting, idle) else {
            return;
        };
        let texts = std::mem::take(&mut state.texts);
        let ended = state.phase != Phase::Open;
        drop(state);
        if open && !texts.is_empty() {
            let mut all = String::new();
            for text in texts {
                if let Above::Text(text) = text {
                    all.push_str(&text);
                    all.push('\n');
                }
            }
            open = out::lines(&all).is_ok();
        }
        if ended {
            return;
        }
    }
}

/// Draws frames, the last one when everything is told.
fn draw(shared: &Shared) {
    let colour = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
    let mut screen = Screen::new(colour);
    let mut open = true;
    loop {
        let state = shared.lock();
        let running = |state: &mut State| state.phase == Phase::Open;
        let Ok((mut state, _)) = shared.wake.wait_timeout_while(state, FRAME, running) else {
            return;
        };
        let ended = state.phase != Phase::Open;
        if state.phase == Phase::Still {
            return;
        }
        let bytes = next(&mut state, &mut screen, size(), shared.begun.elapsed());
        drop(state);
        if open && !bytes.is_empty() {
            open = io::stderr().lock().write_all(bytes.as_bytes()).is_ok();
        }
        if ended {
            return;
        }
    }
}

/// What brings the screen to the state of now.
fn next(state: &mut State, screen: &mut Screen, size: Size, now: Duration) -> String {
    let above = std::mem::take(&mut state.texts);
    let Form::Tree(tree) = &mut state.form else {
        return String::new();
    };
    let condensed = is_condensed(tree, size);
    let above = above.into_iter().filter_map(|it| match it {
        Above::Text(text) => Some(text),
        Above::Built(row) if condensed => Some(screen.above(&one(tree, row, size, now)?)),
        Above::Built(_) => None,
    });
    let above: Vec<String> = above.collect();
    let frame = match state.phase {
        Phase::Replaced => Vec::new(),
        Phase::Ended if tree.rows.is_empty() => Vec::new(),
        _ => frame(tree, size, now),
    };
    screen.next(&above, &frame, size)
}

fn size() -> Size {
    match terminal_size::terminal_size_of(io::stderr()) {
        Some((columns, rows)) if columns.0 > 0 && rows.0 > 0 => Size {
            columns: columns.0.into(),
            rows: rows.0.into(),
        },
        _ => USUAL,
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
    use super::{Above, Form, Phase, Screen, Size, State, next};
    use crate::cli::render::progress::samples::{at, tree};

    fn shown(legs: usize, phase: Phase, texts: Vec<Above>) -> String {
        let mut state = State {
            form: Form::Tree(tree(legs)),
            texts,
            phase,
        };
        let size = Size {
            columns: 80,
            rows: 24,
        };
        next(&mut state, &mut Screen::new(false), size, at(20))
    }

    #[test]
    fn lines_above_the_tree_stand_in_the_order_in_which_things_happened() {
        let texts = || {
            let published = "team/서비스: published".to_owned();
            vec![Above::Built(2), Above::Text(published)]
        };
        let condensed = shown(60, Phase::Open, texts());
        let built = condensed.find("✓ built").unwrap();
        assert!(built < condensed.find("published").unwrap());
        let whole = shown(6, Phase::Open, texts());
        let built = whole.find("✓ built").unwrap();
        assert!(
            whole.find("published").unwrap() < built,
            "it has its row in the tree"
        );
        assert_eq!(whole.matches("✓ built").count(), 1);
    }

    #[test]
    fn a_tree_that_is_replaced_leaves_only_what_stands_above_it() {
        let texts = vec![Above::Text("größe".to_owned())];
        let left = shown(6, Phase::Replaced, texts);
        assert!(
            left.contains("größe") && !left.contains("linux/"),
            "{left:?}"
        );
        assert!(shown(6, Phase::Ended, Vec::new()).contains("linux/"));
        assert!(!shown(0, Phase::Ended, Vec::new()).contains("preparing"));
        assert!(shown(0, Phase::Open, Vec::new()).contains("preparing"));
    }
}
