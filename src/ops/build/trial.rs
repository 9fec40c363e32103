//! Tests of a finished image on one platform: each a solve of its own, one after the other.
//!
//! A test begins on the image as it was pushed or sent, by digest, as a child of it would; where it went
//! nowhere, on its graph, which the builder has just solved. So a leg with tests takes the builder's slot
//! until they are done, nothing waits for them that does not have to, and an image without tests costs
//! nothing. A test that fails is an outcome; a builder that fails is a failure of the leg, as in a step.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::blame::failure;
use super::event::{Event, StepState};
use super::found::Look;
use super::leg::LegRun;
use super::report::{Failure, FailureKind};
use super::verdict::{self, Ended, Exit, Found, TestReport};
use crate::buildkit::{
    Exporter, ImageExport, ImageTarget, LogStream, Progress, ProgressSink, Solve, SolveError,
    fresh_id,
};
use crate::llb::Definition;
use crate::lower::{Lowered, Parent, Tested, finished};
use crate::oci::{Compression, History, ImageConfig, Packing, canonical};
use crate::recipe::{FileTest, RunTest, Test, TestKind};

/// Lines of a test that are kept for its failure.
const KEPT_LINES: usize = 30;
/// Bytes of each output that are kept. Builders clip far below, unless somebody told them not to.
const KEPT_BYTES: usize = 32 << 20;
/// How a builder says that it leaves out the rest of an output.
const CLIPPED: &str = "[output clipped, log limit ";
/// What to do about it.
const UNCLIP: &str = "let it write less, or raise BUILDKIT_STEP_LOG_MAX_SIZE and \
                      BUILDKIT_STEP_LOG_MAX_SPEED of the builder";
/// What a runtime says, and with which exit code it ends, where it could not even start the program.
const NOT_STARTED: &str = "unable to start container process: ";
/// What a test wrote.
#[derive(Debug, Default)]
struct Heard {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    lines: VecDeque<String>,
    clipped: Option<String>,
    /// Whether the builder told of its end, and so of all that came before.
    ended: bool,
}

impl Heard {
    fn hear(&mut self, progress: &Progress) {
        match progress {
            Progress::Output { stream, bytes, .. } => {
                let kept = match stream {
                    LogStream::Stdout => &mut self.stdout,
                    LogStream::Stderr => &mut self.stderr,
                };
                if kept.len() + bytes.len() <= KEPT_BYTES {
                    kept.extend_from_slice(bytes);
                } else {
                    self.clipped = Some(format!("more than 32 MiB are not kept: {UNCLIP}"));
                }
            }
            Progress::Log { line, .. } => {
                if line.starts_with(CLIPPED) {
                    let words = line.trim_matches(['[', ']']);
                    self.clipped = Some(format!("the builder says: {words}; {UNCLIP}"));
                }
                if self.lines.len() == KEPT_LINES {
                    self.lines.pop_front();
                }
                self.lines.push_back(line.clone());
            }
            Progress::VertexCompleted { .. } => self.ended = true,
            Progress::VertexStarted { .. } | Progress::Warning(_) => {}
        }
    }
}

impl Heard {
    /// Why the program was not even started, where a runtime says so in its place.
    fn not_started(&self) -> Option<String> {
        let (_, why) = self.lines.back()?.split_once(NOT_STARTED)?;
        Some(why.to_owned())
    }
}

/// Whether a builder says that a path leads nowhere. Its own content can be missing, too: that is said without
/// a path of the image.
fn leads_nowhere(message: &str) -> bool {
    let of_path = message.contains("lstat /");
    let ends = [": no such file or directory", ": not a directory"];
    (of_path && ends.iter().any(|end| message.ends_with(end))) || message.ends_with("\": not found")
}

/// The builder's words without the program's, which stand in the recipe.
fn plain(message: &str) -> String {
    let behind = message.split_once("did not complete successfully: ");
    behind.map_or(message, |(_, why)| why).to_owned()
}

impl LegRun<'_> {
    /// Runs all tests of the image, also when some fail. `image` is what was pushed or sent.
    pub(super) async fn tests(
        &self,
        lowered: &Lowered,
        image: Option<(&Parent, &ImageConfig)>,
    ) -> Result<Vec<TestReport>, Box<Failure>> {
        let content = self.job.content;
        if content.tests.is_empty() {
            return Ok(Vec::new());
        }
        let platform = self.job.platform;
        let pushed = image.and_then(|(image, config)| {
            Some((finished(image, &self.name.image, platform)?, config))
        });
        let is_graph = pushed.is_none();
        let (state, config) = pushed.unwrap_or_else(|| (lowered.state.clone(), &lowered.config));
        let tested = Tested {
            state,
            config,
            shell: &content.shell,
        };
        let mut reports = Vec::new();
        for test in &content.tests {
            let unique = format!("kiln-{}", fresh_id());
            let op = tested
                .test(test, &unique)
                .map_err(|error| Failure::bug(error.to_string()))?;
            let definition = Definition::of(&op).known_but_last();
            let mut solve = self.bare_solve(&definition);
            // What its graph needs; an image that was pushed needs nothing.
            if is_graph {
                solve.entitlements = Self::entitlements(lowered);
            }
            let trial = Trial {
                run: self,
                test,
                definition,
                unique,
            };
            reports.push(trial.report(solve).await?);
        }
        let failed = reports.iter().filter(|report| !report.passed()).count();
        if failed == 0 {
            return Ok(reports);
        }
        Err(Box::new(Failure {
            message: summary(&reports, failed),
            kind: FailureKind::Tests(reports),
            next: None,
        }))
    }
}

/// Which tests failed, in one line.
fn summary(reports: &[TestReport], failed: usize) -> String {
    let first = reports.iter().find(|report| !report.passed());
    let first = first.map_or("", |report| report.name.as_str());
    match (failed, reports.len()) {
        (1, 1) => format!("its test `{first}` failed"),
        (1, all) => format!("one of {all} tests failed: `{first}`"),
        (failed, all) => format!("{failed} of {all} tests failed, the first is `{first}`"),
    }
}

/// One test on its way.
struct Trial<'a> {
    run: &'a LegRun<'a>,
    test: &'a Test,
    definition: Definition,
    unique: String,
}

impl Trial<'_> {
    async fn report(&self, solve: Solve) -> Result<TestReport, Box<Failure>> {
        let clock = Instant::now();
        let (wrong, logs) = match &self.test.kind {
            TestKind::Run(run) => self.run(run, solve).await?,
            TestKind::File(file) => (self.file(file, solve).await?, Vec::new()),
        };
        let took = clock.elapsed();
        self.tell(if wrong.is_empty() {
            let (cached, took) = (false, Some(took));
            StepState::Done { cached, took }
        } else {
            StepState::Failed(wrong.join("; "))
        });
        Ok(TestReport {
            name: Tested::title(self.test),
            place: self.test.place.clone(),
            took,
            logs: if wrong.is_empty() { Vec::new() } else { logs },
            wrong,
        })
    }

    async fn run(
        &self,
        test: &RunTest,
        mut solve: Solve,
    ) -> Result<(Vec<String>, Vec<String>), Box<Failure>> {
        let wants_output = test.stdout.is_some() || test.stderr.is_some();
        solve.tells_output = wants_output;
        let heard = Arc::new(Mutex::new(Heard::default()));
        let solved = self.run.attempt(&solve, &|| self.listen(&heard)).await;
        let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = std::mem::take(&mut *heard);
        let exit = match solved {
            Ok(_) => Exit::Code(0),
            Err(error) => match self.own(error)? {
                (Some(code), _) => match heard.not_started() {
                    Some(why) => Exit::NotRun(why),
                    None => Exit::Code(code),
                },
                (None, message) => Exit::NotRun(plain(&message)),
            },
        };
        if wants_output && !heard.ended && matches!(exit, Exit::Code(_)) {
            let name = Tested::title(self.test);
            let message = format!("the builder did not tell what `{name}` wrote");
            return Err(Failure::builder(message, "run it again"));
        }
        let ended = Ended {
            exit,
            stdout: heard.stdout,
            stderr: heard.stderr,
            clipped: heard.clipped,
        };
        let wrong = verdict::of_run(test, &ended, self.run.is_emulated());
        Ok((wrong, heard.lines.into()))
    }

    async fn file(&self, test: &FileTest, mut solve: Solve) -> Result<Vec<String>, Box<Failure>> {
        let look = Look::new(&self.unique, test.contains.as_deref());
        let mut config = ImageConfig::new(self.run.job.platform);
        config.history.push(History::default());
        let (config, _) =
            canonical::encode(&config).map_err(|error| Failure::bug(error.to_string()))?;
        solve.exporter = Exporter::Image(Box::new(ImageExport {
            config,
            base_config: None,
            rewrite_times: false,
            annotations: BTreeMap::new(),
            packing: Some(Packing::said(Compression::Uncompressed)),
            to: ImageTarget::Archive(look.target()),
        }));
        let heard = Arc::new(Mutex::new(Heard::default()));
        let solved = self.run.attempt(&solve, &|| self.listen(&heard)).await;
        let found = match solved {
            Ok(_) => look.found(),
            Err(error) => {
                let (_, message) = self.own(error)?;
                if !leads_nowhere(&message) {
                    return Ok(vec![format!("it cannot be looked at: {message}")]);
                }
                Found::Nothing
            }
        };
        Ok(verdict::of_file(test, found))
    }

    /// How the test itself failed: its exit code, where it has one, and the builder's words. What failed
    /// elsewhere is a failure of the leg.
    fn own(&self, error: SolveError) -> Result<(Option<i64>, String), Box<Failure>> {
        let op = self.definition.last().map(|digest| digest.to_string());
        match error {
            SolveError::StepFailed {
                vertex,
                exit_code,
                message,
                ..
            } if op.as_ref() == Some(&vertex) => Ok((exit_code, message)),
            error => Err(failure(error, &self.definition, self.run.is_emulated())),
        }
    }

    /// Tells displays how far the test is.
    fn tell(&self, state: StepState) {
        let vertex = self.definition.last().map(|digest| digest.to_string());
        let vertex = vertex.unwrap_or_default();
        let name = self.definition.name_of(&vertex).unwrap_or_default();
        self.run.events.send(Event::Step {
            leg: self.run.name.clone(),
            name: name.to_owned(),
            vertex,
            state,
        });
    }

    /// A sink that keeps what the test writes, from its beginning, and shows the test and nothing around it.
    fn listen(&self, heard: &Arc<Mutex<Heard>>) -> ProgressSink {
        *heard.lock().unwrap_or_else(PoisonError::into_inner) = Heard::default();
        let heard = Arc::clone(heard);
        let shown = self.run.progress();
        let op = self.definition.last().map(|digest| digest.to_string());
        ProgressSink::new(move |progress| {
            let vertex = match &progress {
                Progress::VertexStarted { vertex, .. }
                | Progress::VertexCompleted { vertex, .. }
                | Progress::Log { vertex, .. }
                | Progress::Output { vertex, .. } => vertex,
                Progress::Warning(warning) => &warning.vertex,
            };
            if op.as_ref() != Some(vertex) {
                return;
            }
            let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            heard.hear(&progress);
            drop(heard);
            // How it ended is said once it has been judged: a program may have to fail.
            if !matches!(progress, Progress::VertexCompleted { .. }) {
                shown.send(progress);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{leads_nowhere, plain};

    #[test]
    fn a_path_that_leads_nowhere_is_told_from_content_that_the_builder_lacks() {
        let rows = [
            ("lstat /opt/größe: no such file or directory", true),
            ("lstat /etc/passwd/x: not a directory", true),
            (
                "failed to calculate checksum of ref a::b: \"/größe\": not found",
                true,
            ),
            ("content sha256:aa: not found", false),
            ("failed to mount: no such file or directory", false),
            ("lstat /a: too many levels of symbolic links", false),
        ];
        for (message, expected) in rows {
            assert_eq!(leads_nowhere(message), expected, "{message}");
        }
    }

    #[test]
    fn the_words_of_a_program_are_not_repeated_where_it_could_not_be_run() {
        let message = "process \"größe\" did not complete successfully: unable to find user x";
        assert_eq!(plain(message), "unable to find user x");
        assert_eq!(plain("sonst etwas"), "sonst etwas");
    }
}
