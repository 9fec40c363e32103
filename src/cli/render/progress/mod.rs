//! The displays of a build's progress, all of them made of its events.
//!
//! [`tree`] and [`frame`] say what a terminal shows, [`screen`] how it gets there; [`plain`] and
//! [`rawjson`] make a line of each event; [`stage`] is where they are told
//! to, and [`pen`] the thread that writes.

mod frame;
mod pen;
mod plain;
mod rawjson;
#[cfg(test)]
mod samples;
mod screen;
mod stage;
#[cfg(test)]
mod tests;
mod tree;

use std::io::IsTerminal as _;

use clap::ValueEnum;
use stage::Stage;

use crate::config::Config;
use crate::ops::OpError;
use crate::ops::build::EventSink;

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Progress {
    /// As `tty` on a terminal, as `plain` elsewhere and in CI
    Auto,
    /// One line per image and platform, redrawn in place
    Tty,
    /// Every step and every line it writes
    Plain,
    /// Nothing
    Quiet,
    /// One JSON object per line
    Rawjson,
}

/// A display that runs. It ends by [`Display::finish`]; dropped before, it shows that the build was
/// interrupted.
#[derive(Debug)]
pub(in crate::cli) struct Display(Option<Stage>);

impl Progress {
    /// What the user asks for: the flag, then `BUILDKIT_PROGRESS`.
    pub(in crate::cli) fn choose(flag: Option<Self>, config: &Config) -> Result<Self, OpError> {
        let word = config.progress.as_deref();
        let chosen = match (flag, word) {
            (Some(flag), _) => flag,
            (None, None) => Self::Auto,
            (None, Some(word)) => Self::from_str(word, true).map_err(|_| OpError::Usage {
                message: format!("BUILDKIT_PROGRESS is `{word}`"),
                next: Some("set it to auto, tty, plain, quiet or rawjson".to_owned()),
            })?,
        };
        chosen.settle(std::io::stderr().is_terminal(), config)
    }

    /// The display for what standard error is.
    fn settle(self, terminal: bool, config: &Config) -> Result<Self, OpError> {
        let dumb = config.terminal.as_deref() == Some("dumb");
        match self {
            Self::Auto if terminal && !dumb && !config.ci => Ok(Self::Tty),
            Self::Auto => Ok(Self::Plain),
            Self::Tty if !terminal => Err(OpError::Usage {
                message: "progress `tty` needs a terminal, and standard error is none".to_owned(),
                next: Some("use --progress=plain, or auto, which looks at that".to_owned()),
            }),
            chosen => Ok(chosen),
        }
    }

    /// Begins to show.
    pub(in crate::cli) fn start(self) -> Display {
        Display(match self {
            Self::Quiet => None,
            Self::Tty => Some(Stage::tree()),
            Self::Auto | Self::Plain => Some(Stage::plain()),
            Self::Rawjson => Some(Stage::json()),
        })
    }
}

impl Display {
    /// Where events go.
    pub(in crate::cli) fn sink(&self) -> EventSink {
        self.0.as_ref().map_or_else(EventSink::none, Stage::sink)
    }

    /// Shows the end of it. A tree is taken away where a table with the same legs `follows` it.
    pub(in crate::cli) fn finish(self, follows: bool) {
        if let Some(stage) = self.0 {
            stage.finish(follows);
        }
    }
}
