//! `kiln lint`.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;

use super::common::{releases, report_error};
use super::exit::Exit;
use super::out;
use super::render::lint::{github, gitlab, json, sarif, text};
use crate::config::Config;
use crate::diagnostic::Level;
use crate::oci::Reference;
use crate::ops::lint::{
    Fixed, ImageOptions, LintOptions, LintReport, Setting, apply_fixes, lint, lint_images,
};
use crate::ops::{OpError, Release, apart};

/// How findings are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: the lines, what is wrong with them, and fixes as a diff
    #[default]
    Text,
    /// For programs; versioned
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// The code quality report of GitLab
    Gitlab,
}

/// The weakest level of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Least {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Everything
    Note,
}

/// What counts as an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    /// Warnings
    Warnings,
    /// Warnings and notes
    Notes,
}

/// Arguments of `lint`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Files whose findings are shown; rules see the whole workspace all the same. Without files: everything
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Look at a published image instead of recipes, whoever built it (can be repeated)
    #[arg(long = "image", value_name = "REF", conflicts_with_all = ["files", "fix"])]
    images: Vec<Reference>,
    /// With --image: ask what kernels of Backend.AI are asked, also of images without its labels
    #[arg(long, requires = "images")]
    kernel: bool,
    /// With --image: release of Backend.AI that must accept a kernel, such as 24.03 (comma list, can be repeated); those of
    /// kiln.yaml by default
    #[arg(
        long = "release",
        value_name = "RELEASE",
        value_delimiter = ',',
        requires = "images"
    )]
    releases: Vec<Release>,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Apply the fixes that are certainly safe, then look again
    #[arg(long)]
    fix: bool,
    /// Set the level of a rule, a group or all: error, warning, note, off (can be repeated)
    #[arg(long = "rule", value_name = "RULE=LEVEL", value_parser = Setting::parse)]
    rules: Vec<Setting>,
    /// Show findings of this level and above
    #[arg(long, value_enum, value_name = "LEVEL")]
    level: Option<Least>,
    /// Let weaker findings fail the run as well
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

/// Runs the command.
pub(super) async fn exec(args: &Args, config: &Config) -> Result<Exit, OpError> {
    let folder = std::env::current_dir().map_err(|source| OpError::File {
        action: "read",
        path: ".".to_owned(),
        source,
    })?;
    if !args.images.is_empty() {
        let options = ImageOptions {
            folder,
            images: args.images.clone(),
            levels: args.rules.clone(),
            releases: releases(&args.releases),
            kernel: args.kernel,
        };
        let (mut report, errors) = lint_images(&options, config).await?;
        let exit = print(args, config, &mut report);
        // What could not be looked at may be worse than what was found.
        let failed = errors.iter().map(report_error).min();
        return Ok(failed.unwrap_or(exit));
    }
    let options = LintOptions {
        folder,
        files: args.files.clone(),
        levels: args.rules.clone(),
    };
    let mut report = look(&options).await?;
    if args.fix {
        let fixed = apply_fixes(&report.findings)?;
        if fixed.fixes > 0 {
            report = look(&options).await?;
        }
        out::talk(&words(fixed));
    }
    Ok(print(args, config, &mut report))
}

/// Prints what was found, and gives the exit code.
fn print(args: &Args, config: &Config, report: &mut LintReport) -> Exit {
    let exit = exit(report, args.deny);
    let least = match args.level {
        Some(Least::Error) => Level::Error,
        Some(Least::Warning) => Level::Warning,
        Some(Least::Note) | None => Level::Note,
    };
    report.findings.retain(|one| one.finding.level <= least);
    report.left_out.retain(|(_, level, _)| *level <= least);
    match args.format {
        Format::Text => out::result(&text::report(report)),
        Format::Json => out::result(&json::report(report)),
        Format::Sarif => out::result(&sarif::report(report)),
        Format::Gitlab => out::result(&gitlab::report(report)),
        Format::Github => {
            let commands = github::report(report);
            out::result(&commands.log);
            summarise(config, commands.summary.as_deref());
        }
    }
    exit
}

/// Looks at everything on a thread of its own, so that an interrupt is heeded meanwhile.
async fn look(options: &LintOptions) -> Result<LintReport, OpError> {
    let options = options.clone();
    apart(move || lint(&options)).await
}

/// Adds to the summary of the step, where there is one and something to say. The findings are in the log as well, so that
/// a summary which cannot be written changes nothing.
fn summarise(config: &Config, summary: Option<&str>) {
    let (Some(path), Some(text)) = (&config.github_step_summary, summary) else {
        return;
    };
    let file = OpenOptions::new().append(true).create(true).open(path);
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        out::talk(&format!(
            "warning: cannot write {}: {error}",
            path.display()
        ));
    }
}

/// 2 where a file cannot be read, so that nobody knows what else is wrong with it; else 1 where something
/// counts as an error.
fn exit(report: &LintReport, deny: Option<Deny>) -> Exit {
    let least = match deny {
        None => Level::Error,
        Some(Deny::Warnings) => Level::Warning,
        Some(Deny::Notes) => Level::Note,
    };
    if report.is_unreadable() {
        Exit::Invalid
    } else if report.findings.iter().any(|one| one.finding.level <= least)
        || report.left_out.iter().any(|(_, level, _)| *level <= least)
    {
        Exit::Findings
    } else {
        Exit::Done
    }
}

/// What `--fix` did.
fn words(fixed: Fixed) -> String {
    let many = |count: usize, word: &str| {
        let end = if count == 1 { "" } else { "s" };
        format!("{count} {word}{end}")
    };
    let done = if fixed.fixes == 0 {
        "nothing fixed".to_owned()
    } else {
        let endings = (many(fixed.fixes, "finding"), many(fixed.files, "file"));
        format!("fixed {} in {}", endings.0, endings.1)
    };
    match fixed.overlapping {
        0 => done,
        count => format!("{done}; {count} more touch the same text: run it again"),
    }
}
