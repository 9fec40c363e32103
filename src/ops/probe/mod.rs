//! Whether a builder's kernel runs foreign programs inside of an op of the builder's own platform.
//!
//! Typed steps for a foreign platform are made by native programs in a foreign root. What the root brings itself,
//! such as a package's scripts, is still run there, by an emulator that the kernel starts (binfmt). That must work
//! without a file of the root, so the emulator must have been opened when it was registered: the `F` flag. A daemon
//! also has emulators of its own, which it puts before the program of an op whose platform is foreign; they are no
//! help here, and a list of the daemon's platforms does not tell one from the other. So it is tried, with a program
//! of a hundred bytes that needs no base image.

mod known;
mod memory;
mod program;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::connect::Ready;
use crate::buildkit::{ProgressSink, Solve, SolveError, Solver};
use crate::llb::{Definition, Exec, ExecError, FileActions, NetworkMode, Note, State};
use crate::lower::Typed;
use crate::oci::Platform;
use crate::record::Utc;
use crate::text::with_causes;

pub use known::{KnownBuilder, Machine, Source, known_builders};
pub use memory::{BuilderId, Memory, Remembered};
pub use program::program;

/// How long a builder may take. The program ends at once, but on a builder that is busy it waits for its turn, as the
/// steps of the build would.
const LIMIT: Duration = Duration::from_secs(300);
/// How long builds believe that foreign programs run inside: a try takes half a second.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long they believe that they do not: somebody may be about to register an emulator.
const KEPT_IF_NOT: Duration = Duration::from_secs(10 * 60);
/// Where the program lies in its root.
const PATH: &str = "/kiln-probe";

/// Where programs of a foreign platform run on a builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runs {
    /// Inside of an op of the builder's own platform: native programs can be mixed with them.
    Inside,
    /// In ops of their own platform only.
    Apart,
    /// Nowhere, whatever the daemon says of itself.
    Nowhere,
}

/// What a builder's kernel lacks for [`Runs::Inside`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lack {
    /// No emulator is registered.
    Emulator,
    /// One is registered without the `F` flag: its file would have to be in every root.
    FixedFile,
    /// Something else, in the builder's words.
    Other(String),
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// Where the program ran.
    pub runs: Runs,
    /// Why not inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lack: Option<Lack>,
    /// When it was tried.
    pub tried: Utc,
}

impl Tried {
    /// Why native tools cannot be used, in half a sentence; nothing where they can.
    pub fn why_not(&self, platform: Platform) -> Option<String> {
        let architecture = platform.architecture();
        Some(match self.lack.as_ref()? {
            Lack::Emulator => {
                format!("its kernel has no emulator for {architecture} registered (binfmt)")
            }
            Lack::FixedFile => format!(
                "the emulator for {architecture} is registered without the F flag, so that no container finds it"
            ),
            Lack::Other(words) => format!("a program for {architecture} failed there: {words}"),
        })
    }

    fn is_fresh(&self, now: Utc) -> bool {
        let kept = match self.runs {
            Runs::Inside => KEPT,
            Runs::Apart | Runs::Nowhere => KEPT_IF_NOT,
        };
        // What is from a time to come was written by a clock that was wrong.
        let age = u128::try_from(now.as_millis() - self.tried.as_millis());
        age.is_ok_and(|age| age < kept.as_millis())
    }
}

/// Tries it on a builder of the platform `native`.
///
/// # Errors
/// In words: that nothing can be said, because the builder did something else than to run the program.
pub async fn probe(
    solver: &dyn Solver,
    native: Platform,
    platform: Platform,
) -> Result<Tried, String> {
    let (mut runs, lack) = match attempt(solver, native, platform).await? {
        Ok(()) => (Runs::Inside, None),
        Err(lack) => (Runs::Nowhere, Some(lack)),
    };
    // The daemon may still have an emulator of its own.
    if lack.is_some() && attempt(solver, platform, platform).await?.is_ok() {
        runs = Runs::Apart;
    }
    Ok(Tried {
        runs,
        lack,
        tried: Utc::now(),
    })
}

/// Runs the program of a platform in an op of the platform `machine`.
async fn attempt(
    solver: &dyn Solver,
    machine: Platform,
    platform: Platform,
) -> Result<Result<(), Lack>, String> {
    let architecture = platform.architecture();
    let program = program(architecture);
    let program = program.ok_or_else(|| format!("no program for {architecture} is known"))?;
    let op = op(&program, machine, platform).map_err(|error| error.to_string())?;
    let solve = Solve::new(Definition::of(&op).to_proto(), platform);
    let solved = timeout(LIMIT, solver.solve(solve, ProgressSink::none()));
    match solved.await {
        Ok(Ok(_)) => Ok(Ok(())),
        Ok(Err(error)) => failed(&error).map(Err),
        Err(_) => Err(format!("no answer within {} s", LIMIT.as_secs())),
    }
}

fn op(program: &[u8], machine: Platform, platform: Platform) -> Result<State, ExecError> {
    let note = Note::named(format!("probe: program for {platform}"));
    let root = FileActions::on(&State::scratch(&platform), Some(0))
        .mkfile(PATH, 0o755, program, None)
        .state(note);
    let note = Note {
        name: format!("probe: run it on {machine}"),
        places: Vec::new(),
        // What the daemon knows of another day says nothing of the kernel of today.
        ignore_cache: true,
    };
    let exec = Exec::new(vec![PATH.to_owned()]).network(NetworkMode::None);
    Ok(exec.on(machine).run(&root, note)?.root())
}

/// What a failure says of the kernel; in words where it says nothing.
fn failed(error: &SolveError) -> Result<Lack, String> {
    let SolveError::StepFailed {
        exit_code,
        message,
        logs,
        ..
    } = error
    else {
        return Err(with_causes(error));
    };
    let words = logs.iter().chain([message]);
    let words: Vec<String> = words.map(|line| line.to_lowercase()).collect();
    let says = |text: &str| words.iter().any(|line| line.contains(text));
    if says("exec format error") {
        return Ok(Lack::Emulator);
    }
    match exit_code {
        // The program is there, so what is not is the emulator's file.
        Some(_) if says("no such file or directory") => Ok(Lack::FixedFile),
        Some(code) => Ok(Lack::Other(
            logs.last()
                .map_or_else(|| format!("it ended with exit code {code}"), Clone::clone),
        )),
        None => Err(with_causes(error)),
    }
}

/// The builders of a plan, with what is known of the foreign platforms that each of them makes: remembered, else
/// tried now. Where nothing can be said, native tools are not used, and nothing is remembered.
pub(in crate::ops) async fn equipped(
    builders: &[Ready],
    assigned: &BTreeMap<Platform, usize>,
    typed: Typed,
    root: &Path,
) -> Vec<Ready> {
    let mut all = builders.to_vec();
    let memory = Memory::of(root);
    let used: BTreeSet<usize> = assigned.values().copied().collect();
    for number in used {
        memory.met(&builders[number].id(), &builders[number].info);
    }
    if typed == Typed::Emulated {
        return all;
    }
    let foreign = assigned
        .iter()
        .filter(|(platform, number)| platform.is_foreign_to(builders[**number].info.native));
    let asked = foreign.map(|(&platform, &number)| {
        let (builder, memory) = (&builders[number], &memory);
        async move { (number, platform, why_not(memory, builder, platform).await) }
    });
    for (number, platform, why_not) in join_all(asked).await {
        let builder = &mut all[number];
        match why_not {
            None => drop(builder.inside.insert(platform)),
            Some(why) => drop(builder.lacks.insert(platform, why)),
        }
    }
    all
}

/// Why native tools cannot be used for a platform on a builder; nothing where they can.
async fn why_not(memory: &Memory, builder: &Ready, platform: Platform) -> Option<String> {
    let remembered = memory.builder(&builder.id());
    let remembered = remembered.and_then(|mut it| it.foreign.remove(&platform));
    if let Some(tried) = remembered.filter(|it| it.is_fresh(Utc::now())) {
        return tried.why_not(platform);
    }
    match probe(builder.solver.as_ref(), builder.info.native, platform).await {
        Ok(tried) => {
            memory.found(&builder.id(), &builder.info, platform, &tried);
            tried.why_not(platform)
        }
        Err(words) => Some(format!(
            "whether its kernel runs {platform} inside of native steps could not be tried: {words}"
        )),
    }
}

/// After a leg of a platform failed on a builder: an emulator that is gone may be the reason, so it is tried again
/// before the next build.
pub(in crate::ops) fn doubt(builder: &Ready, platform: Platform, root: &Path) {
    if platform.is_foreign_to(builder.info.native) {
        Memory::of(root).forget(&builder.id(), &builder.info, platform);
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, KEPT_IF_NOT, Lack, Runs, Tried, failed};
    use crate::buildkit::SolveError;
    use crate::record::Utc;

    fn ended(exit_code: Option<i64>, line: &str) -> SolveError {
        SolveError::StepFailed {
            vertex: "sha256:00".to_owned(),
            name: "probe".to_owned(),
            exit_code,
            message: "process \"/kiln-probe\" did not complete successfully".to_owned(),
            logs: vec![line.to_owned()],
        }
    }

    #[test]
    fn the_way_in_which_a_program_does_not_start_tells_what_the_kernel_lacks() {
        let rows = [
            (
                Some(255),
                "exec /kiln-probe: exec format error",
                Lack::Emulator,
            ),
            (
                Some(1),
                "exec /kiln-probe: Exec format error",
                Lack::Emulator,
            ),
            (
                Some(255),
                "exec /kiln-probe: no such file or directory",
                Lack::FixedFile,
            ),
            (
                Some(139),
                "qemu: 처리되지 않은 신호",
                Lack::Other("qemu: 처리되지 않은 신호".to_owned()),
            ),
        ];
        for (code, line, lack) in rows {
            assert_eq!(failed(&ended(code, line)), Ok(lack), "{line}");
        }
    }

    #[test]
    fn what_is_no_program_that_ended_says_nothing_of_the_kernel() {
        let lost = SolveError::DaemonLost {
            builder: "굽는이".to_owned(),
            message: "broken pipe".to_owned(),
        };
        assert!(failed(&lost).is_err_and(|words| words.contains("broken pipe")));
        let unmounted = ended(None, "failed to mount: no such file or directory");
        assert!(failed(&unmounted).is_err());
    }

    #[test]
    fn that_they_run_is_believed_for_a_day_and_that_they_do_not_for_minutes() {
        for (runs, kept) in [(Runs::Inside, KEPT), (Runs::Apart, KEPT_IF_NOT)] {
            let tried = Tried {
                runs,
                lack: None,
                tried: Utc::from_millis(1_000_000_000).unwrap(),
            };
            let kept = i64::try_from(kept.as_millis()).unwrap();
            for (age, fresh) in [(-1, false), (0, true), (kept - 1, true), (kept, false)] {
                let now = Utc::from_millis(1_000_000_000 + age).unwrap();
                assert_eq!(tried.is_fresh(now), fresh, "{runs:?} {age}");
            }
        }
    }
}
