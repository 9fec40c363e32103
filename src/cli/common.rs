//! What several commands share: options, errors, the way into a workspace.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::ValueEnum;

use super::exit::Exit;
use super::out;
use super::render::findings;
use crate::config::Config;
use crate::oci::Platform;
use crate::ops::lock::PeriodFrom;
use crate::ops::{LoadOptions, Loaded, OpError, Release, Releases, apart, load, with_causes};

/// How results are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs; versioned
    Json,
}

/// Which images, from which files, with which values.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Images: NAME for all variants of a recipe, or REPOSITORY:TAG; `*` and `?` are globs
    #[arg(value_name = "NAME")]
    pub(super) names: Vec<String>,
    /// Recipe file (can be repeated); without NAME its images are meant
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Platforms, such as linux/arm64 (comma list, can be repeated); all of each image by default
    #[arg(long = "platform", value_name = "PLATFORM", value_delimiter = ',')]
    pub(super) platforms: Vec<Platform>,
    /// Replace a var of the recipes (can be repeated)
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl Selection {
    pub(super) fn set(&self) -> BTreeMap<String, String> {
        self.set.iter().cloned().collect()
    }

    /// Whether vars have been given values.
    pub(super) fn sets(&self) -> bool {
        !self.set.is_empty()
    }

    /// Whether it is about a part of the workspace only.
    pub(super) fn is_partial(&self) -> bool {
        self.sets()
            || !self.names.is_empty()
            || !self.files.is_empty()
            || !self.platforms.is_empty()
    }

    /// Loads the workspace; notes are shown.
    pub(super) async fn load(&self) -> Result<Loaded, OpError> {
        self.load_in(PeriodFrom::Lock).await
    }

    /// The same with another period.
    pub(super) async fn load_in(&self, period: PeriodFrom) -> Result<Loaded, OpError> {
        let folder = std::env::current_dir().map_err(|source| OpError::File {
            action: "read",
            path: ".".to_owned(),
            source,
        })?;
        let options = LoadOptions {
            folder,
            files: self.files.clone(),
            set: self.set(),
            period,
        };
        let loaded = apart(move || load(&options)).await?;
        for finding in loaded.notes.sorted() {
            out::talk(&findings::line(finding));
        }
        loaded.is_somewhere()?;
        Ok(loaded)
    }
}

/// The releases of Backend.AI that were named; nothing where none was.
pub(super) fn releases(named: &[Release]) -> Option<Releases> {
    (!named.is_empty()).then(|| Releases::new(named.iter().copied()))
}

/// `SOURCE_DATE_EPOCH`, where it is set.
pub(super) fn epoch(config: &Config) -> Result<Option<i64>, OpError> {
    let Some(text) = &config.source_date_epoch else {
        return Ok(None);
    };
    match text.trim().parse::<i64>() {
        Ok(seconds) if seconds >= 0 => Ok(Some(seconds)),
        _ => Err(OpError::Usage {
            message: format!("SOURCE_DATE_EPOCH is `{text}`"),
            next: Some("set it to seconds since 1970, or unset it".to_owned()),
        }),
    }
}

/// Shows an error of a whole verb and gives its exit code.
pub(super) fn report_error(error: &OpError) -> Exit {
    if let OpError::Invalid(all) | OpError::Refused(all) = error {
        out::talk(&findings::render(all));
    } else {
        out::talk(&format!("error: {}", with_causes(error)));
    }
    if let Some(next) = error.next_step() {
        out::talk(&format!("  next: {next}"));
    }
    Exit::of_error(error)
}
