//! `kiln lint --image`: published images, whoever built them, in the words of `verify` and as findings of lint.

use std::path::PathBuf;
use std::sync::Arc;

use super::{LintReport, Reported};
use crate::config::Config;
use crate::diagnostic::{Finding, Findings};
use crate::kernel::Releases;
use crate::lint::image::ImageFinding;
use crate::lint::{Levels, Setting};
use crate::oci::Reference;
use crate::ops::connect;
use crate::ops::error::OpError;
use crate::ops::load::{LoadOptions, load_workspace};
use crate::ops::verify::{VerifyOptions, verify};
use crate::registry::Registry;
use crate::text::{Place, SourceFile};

/// What to look at.
#[derive(Debug, Clone, Default)]
pub struct ImageOptions {
    /// The folder the command was started in.
    pub folder: PathBuf,
    /// The images.
    pub images: Vec<Reference>,
    /// Levels that win over those of `kiln.yaml`.
    pub levels: Vec<Setting>,
    /// The releases of Backend.AI that count, instead of those of `kiln.yaml`.
    pub releases: Option<Releases>,
    /// Whether images without a label of Backend.AI are asked what kernels are asked.
    pub kernel: bool,
}

/// Looks at every image. An image that cannot be looked at keeps none of the others from being reported: the errors
/// come beside the report.
pub async fn lint_images(
    options: &ImageOptions,
    config: &Config,
) -> Result<(LintReport, Vec<OpError>), OpError> {
    let workspace = load_workspace(&LoadOptions {
        folder: options.folder.clone(),
        ..LoadOptions::default()
    })?;
    let mut findings = Findings::new();
    let levels = Levels::new(&workspace, &options.levels, &mut findings);
    if findings.has_errors() {
        return Err(OpError::Invalid(findings));
    }
    let asked = VerifyOptions {
        kernel: options.kernel,
        levels,
        ..VerifyOptions::of(&workspace, options.releases.clone())
    };
    let (mut report, mut errors) = (LintReport::default(), Vec::new());
    for image in &options.images {
        let registry = connect::viewer(config, &workspace, image.repository().host())?;
        if let Err(error) = lint_image(image, &asked, &registry, &mut report).await {
            errors.push(error);
        }
    }
    Ok((report, errors))
}

/// Looks at an image and adds what is found.
pub async fn lint_image(
    image: &Reference,
    options: &VerifyOptions,
    registry: &dyn Registry,
    report: &mut LintReport,
) -> Result<(), OpError> {
    let verified = verify(image, options, registry).await?;
    report.images += 1;
    let place = Place::file(&SourceFile::new(image.to_string(), ""));
    let root = Arc::new(PathBuf::new());
    let mut findings = verified.findings;
    findings.sort_by_key(|finding| finding.level);
    report
        .findings
        .extend(findings.iter().map(|found| Reported {
            finding: finding(found, &place),
            prefix: "".into(),
            root: Arc::clone(&root),
        }));
    Ok(())
}

fn finding(found: &ImageFinding, place: &Place) -> Finding {
    let finding = Finding {
        level: found.level,
        ..Finding::error(place, found.to_string())
    };
    let finding = finding.with_rule(found.rule);
    match &found.help {
        Some(help) => finding.with_help(help),
        None => finding,
    }
}
