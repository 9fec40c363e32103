//! What the writing thread does: lines as they come, or frames ten times a second.

use std::io::{self, Write as _};
use std::time::Duration;

use super::frame::{Size, frame, is_condensed, one};
use super::screen::Screen;
use super::stage::{Above, Form, Phase, Shared, State};
use crate::cli::out;

/// Between two frames.
const FRAME: Duration = Duration::from_millis(100);
/// The size of a terminal that does not tell its size.
const USUAL: Size = Size {
    columns: 80,
    rows: 24,
};

/// Writes lines as they come. Who reads no more is no error.
pub(super) fn write(shared: &Shared) {
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
pub(super) fn draw(shared: &Shared) {
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
