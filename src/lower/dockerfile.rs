//! An image that begins with what a Dockerfile makes.
//!
//! The Dockerfile itself is no part of the graph: the builder's frontend makes one of its own, and what comes
//! of it arrives here as a [`Parent`]. What can be wrong with it on this machine is found here, before
//! anything is built.

use super::Form;
use super::base::{empty, laid, layout_name, pinned};
use super::chain::Built;
use super::dockerfile_text::{declared, froms, has_other_frontend, is_told_otherwise, line_of};
use super::pins::Parent;
use super::stages::Lowering;
use crate::diagnostic::{Finding, nearest};
use crate::llb::{ImageSource, Note, State};
use crate::oci::{Platform, Reference};
use crate::recipe::{Dockerfile, name_in_file};
use crate::text::{Place, SourceFile, Span};

/// A host that no registry has (RFC 2606).
const NOWHERE: &str = "dockerfile.invalid";

/// What stands for the result of a Dockerfile in a graph that is made before it is built.
pub fn unbuilt(repository: &str) -> String {
    format!("{NOWHERE}/{repository}:unbuilt")
}

/// The images that a Dockerfile names behind `FROM` itself: not its own stages, what it is given under their
/// names, or names with a variable in them.
pub fn images_of(dockerfile: &Dockerfile, text: &str) -> Vec<Reference> {
    let given: Vec<&str> = dockerfile
        .contexts
        .iter()
        .map(|(name, _)| name.value.as_str())
        .collect();
    let froms = froms(text);
    let stages: Vec<&str> = froms.iter().filter_map(|from| from.stage).collect();
    let own = froms.iter().map(|from| from.base);
    own.filter(|base| !base.contains('$') && *base != "scratch")
        .filter(|base| !stages.iter().any(|stage| stage.eq_ignore_ascii_case(base)))
        .filter(|base| !name_in_file(base).is_ok_and(|name| given.contains(&name.as_str())))
        .filter_map(|base| base.parse().ok())
        .collect()
}

impl Lowering<'_> {
    /// What a Dockerfile has become, or a stand-in for it.
    pub(super) fn dockerfile(
        &mut self,
        dockerfile: &Dockerfile,
        place: &Place,
        platform: Platform,
    ) -> Option<Built> {
        let before = self.findings.len();
        self.check_files(dockerfile);
        self.needs
            .secrets
            .extend(dockerfile.secrets.iter().cloned());
        self.needs.ssh.extend(dockerfile.ssh.iter().cloned());
        if self.findings.len() > before {
            return None;
        }
        let title = format!("dockerfile {}", dockerfile.file.value);
        self.note_mode(&title, place, platform, "a Dockerfile says only how");
        let note = Note {
            name: format!("from {}", dockerfile.file.value),
            places: vec![place.clone()],
            ignore_cache: false,
        };
        let name = dockerfile.file.value.clone();
        let built = match self.job.pins.dockerfile() {
            Some(Parent::Published(pin)) => pinned(pin, &name, platform, note),
            Some(Parent::Laid(pin)) => laid(pin, layout_name(&pin.store), name, platform, note),
            // The frontend gives no graph.
            Some(Parent::Graph(_)) | None => {
                let reference = unbuilt(self.job.repository).parse::<Reference>();
                let state = reference.map_or_else(
                    |_| State::scratch(&platform),
                    |reference| ImageSource::new(reference).state(&platform, note),
                );
                empty(state, platform)
            }
        };
        Some(built.without_record())
    }

    fn check_files(&mut self, dockerfile: &Dockerfile) {
        let context = &dockerfile.context;
        let wrong = match self.job.files.inside(&context.value) {
            Ok(folder) if folder.is_dir() => None,
            Ok(_) => Some(format!("`{}` is no folder", context.value)),
            Err(message) => Some(message),
        };
        if let Some(message) = wrong {
            let finding = Finding::error(&context.place, message);
            let help = "`context` is a folder of the workspace, relative to this recipe";
            self.findings.push(finding.with_help(help));
        }
        let file = &dockerfile.file;
        let text = match self.job.files.read(&file.value) {
            Ok(text) => text,
            Err(message) => {
                let finding = Finding::error(&file.place, message);
                let help = "`file` is relative to this recipe; where it is not written, the file is `Dockerfile` in `context`";
                self.findings.push(finding.with_help(help));
                return;
            }
        };
        if has_other_frontend(&text) {
            return;
        }
        if !is_told_otherwise(&text) {
            let target = dockerfile.target.as_ref().map(|it| it.value.as_str());
            self.check_platform(&file.value, &text, target);
        }
        let declared = declared(&text);
        for (name, _) in &dockerfile.base_args {
            if declared.contains(&name.value.as_str()) {
                continue;
            }
            let near = nearest(&name.value, declared.iter().copied());
            let near = near.map(|near| format!("; did you mean `{near}`?"));
            let message = format!(
                "`{}` has no `ARG {}`{}",
                file.value,
                name.value,
                near.unwrap_or_default()
            );
            let help = "write `ARG NAME` before the first `FROM`, and `FROM $NAME`";
            let finding = Finding::error(&name.place, message);
            self.findings.push(finding.with_help(help));
        }
    }

    /// The frontend names the image's platform on whatever it makes. A `FROM` that asks for another one would
    /// give an image that claims programs which it does not hold.
    fn check_platform(&mut self, file: &str, text: &str, target: Option<&str>) {
        let own = self.job.platform;
        let native = match self.job.form {
            Form::Builder(facts) => facts.native,
            Form::Platform => own,
        };
        for from in line_of(&froms(text), target) {
            let asked = match from.platform {
                Some("$BUILDPLATFORM" | "${BUILDPLATFORM}") => Some(native),
                Some(words) => words.parse::<Platform>().ok(),
                None => None,
            };
            let Some(asked) = asked.filter(|asked| *asked != own) else {
                continue;
            };
            let message =
                format!("this makes an image of {asked} programs, which is built for {own}");
            let source = SourceFile::new(file, text);
            let span = Span {
                start: from.span.start,
                end: from.span.end,
            };
            let finding = Finding::error(&Place::new(&source, span), message);
            let help = "leave `--platform` out of the stage that becomes the image, or `exclude` the platform";
            self.findings.push(finding.with_help(help));
        }
    }
}
