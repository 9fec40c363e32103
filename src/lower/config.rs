//! The image configuration, with full history.
//!
//! The base's history is taken over word for word, then comes exactly one entry per layer that was
//! added. If an entry were missing, the daemon would make one up from its own records, with texts
//! and times that differ from daemon to daemon, and equal images would have unequal digests.

use std::collections::BTreeMap;

use super::Job;
use super::chain::{Built, joined};
use super::program::below;
use crate::oci::{ContainerConfig, Empty, Healthcheck, ImageConfig};
use crate::recipe::{self, Runtime};

/// The configuration of a built image. `created` is the job's epoch: there is no clock in an image.
pub(super) fn image_config(job: &Job<'_>, built: &Built) -> ImageConfig {
    let mut config = built.base.config.clone();
    let fresh = ImageConfig::new(job.platform);
    config.os = fresh.os;
    config.architecture = fresh.architecture;
    config.variant = fresh.variant;
    config.created = Some(rfc3339(job.epoch.seconds));
    config.history.clone_from(&built.history);
    // The exporter fills in the layers it made.
    config.rootfs = fresh.rootfs;
    let inner = &mut config.config;
    inner.env = joined(&built.env);
    inner.working_dir = (built.cwd != "/").then(|| built.cwd.clone());
    runtime(inner, &job.content.runtime, &built.cwd);
    config
}

fn runtime(config: &mut ContainerConfig, runtime: &Runtime, cwd: &str) {
    if let Some(user) = &runtime.user {
        config.user = Some(user.clone());
    }
    // A new entrypoint would be called with arguments that were meant for the old one.
    if let Some(entrypoint) = &runtime.entrypoint {
        config.entrypoint = (!entrypoint.is_empty()).then(|| entrypoint.clone());
        config.cmd = None;
    }
    if let Some(cmd) = &runtime.cmd {
        config.cmd = (!cmd.is_empty()).then(|| cmd.clone());
    }
    config
        .exposed_ports
        .extend(runtime.expose.iter().map(|port| (port.clone(), Empty {})));
    config.volumes.extend(
        runtime
            .volumes
            .iter()
            .map(|path| (below(cwd, path), Empty {})),
    );
    if let Some(signal) = &runtime.stop_signal {
        config.stop_signal = Some(signal.clone());
    }
    if let Some(check) = &runtime.healthcheck {
        config.healthcheck = Some(healthcheck(check));
    }
    if !runtime.labels.is_empty() {
        let labels = config.labels.get_or_insert_with(BTreeMap::new);
        labels.extend(runtime.labels.clone());
    }
}

fn healthcheck(check: &recipe::Healthcheck) -> Healthcheck {
    Healthcheck {
        test: check.test.clone(),
        interval_ns: check.interval.unwrap_or_default(),
        timeout_ns: check.timeout.unwrap_or_default(),
        start_period_ns: check.start_period.unwrap_or_default(),
        start_interval_ns: check.start_interval.unwrap_or_default(),
        retries: check.retries.unwrap_or_default(),
        ..Healthcheck::default()
    }
}

/// Seconds since 1970 as RFC 3339 in UTC; what lies outside of four-digit years is 1970.
pub(super) fn rfc3339(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds)
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
        .to_string()
}
