//! What is remembered of a published image.

use std::collections::BTreeMap;

use super::report::{LegReport, LegState};
use super::verdict::TestReport;
use crate::key::Parts;
use crate::oci::{Digest, Platform, Reference};
use crate::record::{BaseRecord, Content, Draft, PlatformRecord, Record, SourceRecord, TestRecord};

/// The record of an image that was read back.
pub(super) fn record(
    names: (&str, &str),
    references: &[Reference],
    index: (Digest, u64),
    legs: &BTreeMap<Platform, LegReport>,
    source: Option<(String, bool)>,
    set: &BTreeMap<String, String>,
) -> Record {
    let platforms = legs
        .iter()
        .filter_map(|(platform, leg)| Some((*platform, platform_record(leg)?)))
        .collect();
    Record::new(Draft {
        image: names.0.to_owned(),
        variant: names.1.to_owned(),
        references: references.to_vec(),
        index: Content {
            digest: index.0,
            size: index.1,
        },
        platforms,
        source: source.map(|(revision, dirty)| SourceRecord { revision, dirty }),
        set: set.clone(),
        kiln: env!("CARGO_PKG_VERSION").to_owned(),
    })
}

fn platform_record(leg: &LegReport) -> Option<PlatformRecord> {
    let LegState::Built(solved) = &leg.state else {
        return None;
    };
    let manifest = solved.manifest.as_ref()?;
    let (config, config_size) = solved.config.clone()?;
    let base = solved.base.as_ref().and_then(|base| {
        Some(BaseRecord {
            name: base.name.clone(),
            digest: base.digest.clone()?,
        })
    });
    Some(PlatformRecord {
        manifest: Content {
            digest: manifest.digest.clone(),
            size: manifest.size,
        },
        config: Content {
            digest: config,
            size: config_size,
        },
        layers: solved.layers.0,
        size: solved.layers.1,
        key: solved.parts.as_ref().map(Parts::key),
        parts: solved.parts.clone(),
        base,
        tests: solved.tests.iter().map(test_record).collect(),
        builder: leg.builder.clone()?,
        emulated: leg.emulated,
        steps: leg.steps.clone(),
        started: leg.started?,
        finished: leg.finished?,
    })
}

fn test_record(test: &TestReport) -> TestRecord {
    TestRecord {
        name: test.name.clone(),
        passed: test.passed(),
        took_ms: u64::try_from(test.took.as_millis()).unwrap_or(u64::MAX),
    }
}
