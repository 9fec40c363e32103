//! Ten thousand recipes beside ten thousand Dockerfiles that say the same for one variant of each, and one
//! beside one: how long do the linters take? Nobody is asked over a network.
//!
//! hadolint is run in the two ways in which people run it: all files in one process, and a part of the files in
//! each, as many processes at once as there are processors (`xargs -P`, and what pre-commit does).

use std::fmt::Write as _;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::Lab;
use crate::measure::{Cost, measure};
use crate::table::{Figure, Row, Wish};
use crate::{Fallible, Rounds, fault};

const PART: &str = "lint";
/// The files of the large case.
const MANY: usize = 10_000;
/// Files of one folder; the last one of each has a mistake that both linters know.
const IN_FOLDER: usize = 100;
/// Runs of a round, where one takes milliseconds.
const RUNS: usize = 10;
/// The memory that kiln may hold, in bytes.
const MEMORY: u64 = 300_000_000;

/// A linter, and how it is called.
#[derive(Clone, Copy)]
enum Way {
    Kiln,
    /// One process for all files.
    Whole,
    /// Processes for a hundred files each, one for each processor at a time.
    Parts,
}

/// Runs the part.
pub(crate) fn run(lab: &Lab, rounds: &Rounds) -> Fallible<Vec<Row>> {
    let many = vec![Wish::new(Figure::Wall, 0.05), Wish::memory(MEMORY)];
    let one = vec![Wish::new(Figure::Wall, 1.0)];
    let mut rows = beside(lab, rounds, MANY, &[Way::Whole, Way::Parts], &many)?;
    rows.extend(beside(lab, rounds, 1, &[Way::Whole], &one)?);
    Ok(rows)
}

fn beside(
    lab: &Lab,
    rounds: &Rounds,
    count: usize,
    peers: &[Way],
    wishes: &[Wish],
) -> Fallible<Vec<Row>> {
    let folder = lab.folder(&format!("{PART}-{count}"));
    let files = write(&folder, count)?;
    let what = if count == 1 {
        "1 file".to_owned()
    } else {
        format!("{count} files")
    };
    let runs = if count == 1 { RUNS } else { 1 };
    let ways: Vec<Way> = [&[Way::Kiln], peers].concat();
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); ways.len()];
    for round in rounds {
        for _ in 0..runs {
            for turn in 0..ways.len() {
                // Each goes first in its turn.
                let side = (turn + round.number) % ways.len();
                let way = ways[side];
                let log = lab.log(&format!("{PART}-{}", name(way)));
                let mut command = command(lab, way, &files)?;
                let cost = measure(command.current_dir(&folder), &log)?;
                told(way, &std::fs::read_to_string(&log)?, count)?;
                if runs == 1 {
                    round.tell(PART, &what, name(way), &cost);
                }
                costs[side].push(cost);
            }
        }
    }
    let mut costs = costs.into_iter();
    let ours = costs.next().unwrap_or_default();
    let rows = peers.iter().zip(costs).map(|(&peer, theirs)| {
        let both = [ours.clone(), theirs];
        Row::new(PART, &what, name(peer), both, wishes.to_vec())
    });
    rows.collect()
}

fn name(way: Way) -> &'static str {
    match way {
        Way::Kiln => "kiln",
        Way::Whole => "hadolint",
        Way::Parts => "hadolint, in parts",
    }
}

fn command(lab: &Lab, way: Way, files: &[PathBuf]) -> Fallible<Command> {
    Ok(match way {
        Way::Kiln => {
            let mut kiln = lab.kiln();
            kiln.arg("lint");
            kiln
        }
        Way::Whole => {
            let mut hadolint = lab.hadolint();
            hadolint.arg("--no-fail").args(files);
            hadolint
        }
        Way::Parts => {
            let list = lab.folder("dockerfiles");
            let mut names = String::new();
            for file in files {
                let _ = writeln!(names, "{}", file.display());
            }
            std::fs::write(&list, names)?;
            let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
            let mut xargs = lab.xargs();
            xargs.arg("-a").arg(list).arg("-P");
            xargs.arg(processors.to_string()).args(["-n", "100"]);
            xargs.arg(lab.hadolint().get_program()).arg("--no-fail");
            xargs
        }
    })
}

/// A linter that has not seen every file is not measured: it says what is wrong with each hundredth, and
/// nothing else.
fn told(way: Way, log: &str, count: usize) -> Fallible<()> {
    let mistakes = count / IN_FOLDER;
    let is_all = match way {
        Way::Kiln => {
            let seen = log.matches("[pip-unversioned]").count();
            let end = log.lines().last().unwrap_or_default();
            seen == mistakes && (mistakes == 0 || end.starts_with(&format!("{count} recipes")))
        }
        Way::Whole | Way::Parts => {
            log.matches(" DL3013 ").count() == mistakes && log.lines().count() == mistakes
        }
    };
    if is_all {
        Ok(())
    } else {
        let name = name(way);
        Err(fault(format!(
            "{name} should say {mistakes} things of {count} files, and says:\n{log:.2000}"
        )))
    }
}

/// Writes recipes and Dockerfiles; the paths of the latter, from the folder.
fn write(folder: &Path, count: usize) -> Fallible<Vec<PathBuf>> {
    let mut dockerfiles = Vec::new();
    for number in 0..count {
        let group = format!("gruppe-{}", number / IN_FOLDER);
        for kind in ["recipes", "docker"] {
            std::fs::create_dir_all(folder.join(kind).join(&group))?;
        }
        let recipe = folder.join("recipes").join(&group);
        std::fs::write(recipe.join(format!("{number}.yaml")), recipe_text(number))?;
        let dockerfile = Path::new("docker").join(&group);
        let dockerfile = dockerfile.join(format!("{number}.Dockerfile"));
        std::fs::write(folder.join(&dockerfile), dockerfile_text(number))?;
        dockerfiles.push(dockerfile);
    }
    std::fs::create_dir_all(folder.join("common"))?;
    std::fs::write(folder.join("common/service.yaml"), FRAGMENT)?;
    let workspace = "kiln: 1\nrecipes: [\"recipes/**/*.yaml\"]\n";
    std::fs::write(folder.join("kiln.yaml"), workspace)?;
    Ok(dockerfiles)
}

/// The version of a package: none where the mistake is.
fn version(number: usize) -> &'static str {
    if number % IN_FOLDER == IN_FOLDER - 1 {
        ""
    } else {
        "==0.30.1"
    }
}

/// What every recipe extends.
const FRAGMENT: &str = r#"kiln: 1
# 서비스: what all of them are
platforms: [linux/amd64, linux/arm64]
vars:
  extra: [requests==2.32.3, numpy==1.26.4]
env:
  APP_HOME: /srv/app
workdir: /srv/app
user: "1000:1000"
steps:
  - apt: {install: [curl=7.88.1]}
"#;

fn recipe_text(number: usize) -> String {
    let sum = format!("f{number:063x}");
    let (team, version) = (number % 40, version(number));
    format!(
        r#"kiln: 1
# 서비스 {number}
name: service-{number}
extends: /common/service.yaml
description: Service number {number}
repository: bench/service-{number}
tags: ["${{{{ python }}}}-${{{{ version }}}}"]
axes:
  python: ["3.10", "3.11", "3.12"]
vars+:
  version: 1.{number}.0
base: docker.io/library/python:${{{{ python }}}}-slim@sha256:{sum}
env+:
  VERSION: ${{{{ version }}}}
steps+:
  - pip: {{install: ["${{{{ extra }}}}", "uvicorn{version}"]}}
  - run: |
      echo "building ${{{{ version }}}} for ${{{{ arch_gnu }}}}"
      mkdir -p /var/lib/service-{number}
  - fetch:
      url: https://example.org/tool-${{{{ arch }}}}-{number}
      sha256: {sum}
      to: /usr/local/bin/tool
      mode: "0755"
entrypoint: [python3, -m, service]
expose: [8080]
labels:
  org.example.team: team-{team}
"#
    )
}

fn dockerfile_text(number: usize) -> String {
    let sum = format!("f{number:063x}");
    let (team, version) = (number % 40, version(number));
    format!(
        r#"# syntax=docker/dockerfile:1
# 서비스 {number}
FROM docker.io/library/python:3.10-slim@sha256:{sum}
ARG TARGETARCH
LABEL org.opencontainers.image.description="Service number {number}"
LABEL org.example.team="team-{team}"
ENV APP_HOME=/srv/app \
    VERSION=1.{number}.0
WORKDIR /srv/app
RUN apt-get update \
 && apt-get install -y --no-install-recommends curl=7.88.1 \
 && rm -rf /var/lib/apt/lists/*
RUN pip install --no-cache-dir \
    requests==2.32.3 \
    numpy==1.26.4 \
    uvicorn{version}
RUN echo "building 1.{number}.0 for x86_64" \
 && mkdir -p /var/lib/service-{number}
ADD --checksum=sha256:{sum} \
    --chmod=0755 \
    https://example.org/tool-amd64-{number} /usr/local/bin/tool
USER 1000:1000
ENTRYPOINT ["python3", "-m", "service"]
EXPOSE 8080
"#
    )
}
