//! Image configurations: what runs, on which platform, from which layers, made how.
//!
//! Owns the wire form of image-spec v1.1, config.md, and the members that Docker added to it. A configuration made by
//! others is read and written back without loss: members that we do not know are kept beside those that we do.

#![expect(
    clippy::zero_sized_map_values,
    reason = "sets are written as maps to empty objects"
)]

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::digest::Digest;
use super::platform::{ParsePlatformError, Platform};
use super::text_form::null_as_default;

/// An image configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageConfig {
    /// When the image was made, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// GOARCH name.
    #[serde(default)]
    pub architecture: String,
    /// GOOS name.
    #[serde(default)]
    pub os: String,
    /// Version of the operating system; Windows only.
    #[serde(
        rename = "os.version",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub os_version: Option<String>,
    /// Features of the operating system; Windows only.
    #[serde(
        rename = "os.features",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub os_features: Vec<String>,
    /// Variant of the architecture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// How a container of the image runs.
    #[serde(default, deserialize_with = "null_as_default")]
    pub config: ContainerConfig,
    /// The layers' uncompressed contents.
    #[serde(default, deserialize_with = "null_as_default")]
    pub rootfs: RootFs,
    /// How each layer, and each change without a layer, came to be.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub history: Vec<History>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

impl ImageConfig {
    /// The configuration of an empty image of a platform: no layers, no history, nothing set.
    pub fn new(platform: Platform) -> Self {
        Self {
            created: None,
            author: None,
            architecture: platform.architecture().to_owned(),
            os: platform.os().to_owned(),
            os_version: None,
            os_features: Vec::new(),
            variant: platform.variant().map(str::to_owned),
            config: ContainerConfig::default(),
            rootfs: RootFs::default(),
            history: Vec::new(),
            other: BTreeMap::new(),
        }
    }

    /// The platform that the configuration names, normalised.
    pub fn platform(&self) -> Result<Platform, ParsePlatformError> {
        Platform::from_parts(&self.os, &self.architecture, self.variant.as_deref())
    }
}

/// How a container of an image runs: the member `config` of an image configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ContainerConfig {
    /// User, or user and group: `name`, `uid`, `name:group`, `uid:gid`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Ports that the image listens on: `8080/tcp`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub exposed_ports: BTreeMap<String, Empty>,
    /// Environment, each `NAME=value`, in order.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub env: Vec<String>,
    /// Program and first arguments.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    /// Default arguments, or the program where there is no entrypoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    /// Paths that hold data of the container's own.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub volumes: BTreeMap<String, Empty>,
    /// Working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Signal that stops a container: `SIGTERM`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    /// How to find out whether a container works; Docker's addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Healthcheck>,
    /// Triggers for images built on this one; Docker's addition.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub on_build: Vec<String>,
    /// Shell for commands in text form; Docker's addition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

/// A JSON object without members: the value of the sets that Go writes as maps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// How to find out whether a container works, as Docker stores it. Times are in nanoseconds; 0 means "inherited".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Healthcheck {
    /// `["CMD", program, …]`, `["CMD-SHELL", text]` or `["NONE"]`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub test: Vec<String>,
    /// Nanoseconds between two checks.
    #[serde(rename = "Interval", default, skip_serializing_if = "is_zero")]
    pub interval_ns: i64,
    /// Nanoseconds until a check counts as failed.
    #[serde(rename = "Timeout", default, skip_serializing_if = "is_zero")]
    pub timeout_ns: i64,
    /// Nanoseconds at the start in which failures do not count.
    #[serde(rename = "StartPeriod", default, skip_serializing_if = "is_zero")]
    pub start_period_ns: i64,
    /// Nanoseconds between two checks in the start period.
    #[serde(rename = "StartInterval", default, skip_serializing_if = "is_zero")]
    pub start_interval_ns: i64,
    /// Failures in a row that make a container unhealthy.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub retries: i64,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// The layers of an image by the digests of their uncompressed contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RootFs {
    /// Always `layers`.
    #[serde(rename = "type", default = "layers")]
    pub kind: String,
    /// Digests of the uncompressed layers, lowest first.
    #[serde(default, deserialize_with = "null_as_default")]
    pub diff_ids: Vec<Digest>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

fn layers() -> String {
    "layers".to_owned()
}

impl Default for RootFs {
    fn default() -> Self {
        Self {
            kind: layers(),
            diff_ids: Vec::new(),
            other: BTreeMap::new(),
        }
    }
}

/// One line of an image's history.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// When, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    /// By which instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// Anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Whether this line changed no file and so has no layer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty_layer: bool,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub other: BTreeMap<String, Value>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOREIGN: &str = r#"{
        "moby.buildkit.buildinfo.v1": "e30=", "docker_version": "20.10",
        "architecture": "arm64", "os": "linux", "variant": "v8", "created": "2026-01-02T03:04:05Z",
        "config": {
            "Hostname": "", "AttachStdin": false, "ArgsEscaped": true,
            "Env": ["PATH=/bin", "인사=안녕"], "Cmd": null, "Entrypoint": ["/run"], "Labels": {"b": "2", "a": "1"},
            "ExposedPorts": {"80/tcp": {}}, "Volumes": null, "Shell": ["/bin/bash", "-c"], "OnBuild": ["RUN x"],
            "Healthcheck": {"Test": ["CMD", "true"], "Interval": 30000000000, "Retries": 3, "New": 1}
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},
        "history": [{"created_by": "a"}, {"created_by": "b", "empty_layer": true, "note": 1}]
    }"#;

    #[test]
    fn a_foreign_configuration_survives_a_round_trip() {
        let config: ImageConfig = serde_json::from_str(FOREIGN).unwrap();
        let written = serde_json::to_string(&config).unwrap();
        let mut expected: Value = serde_json::from_str(FOREIGN).unwrap();
        let members = expected["config"].as_object_mut().unwrap();
        members.remove("Cmd");
        members.remove("Volumes");
        assert_eq!(serde_json::from_str::<Value>(&written).unwrap(), expected);
        assert_eq!(
            serde_json::from_str::<ImageConfig>(&written).unwrap(),
            config
        );
        assert_eq!(config.platform().unwrap(), Platform::LINUX_ARM64);
        assert_eq!(
            config.config.healthcheck.unwrap().interval_ns,
            30_000_000_000
        );
    }

    #[test]
    fn members_are_written_in_one_order() {
        let config: ImageConfig = serde_json::from_str(FOREIGN).unwrap();
        let expected = concat!(
            r#"{"created":"2026-01-02T03:04:05Z","architecture":"arm64","os":"linux","variant":"v8","config":{"#,
            r#""ExposedPorts":{"80/tcp":{}},"Env":["PATH=/bin","인사=안녕"],"Entrypoint":["/run"],"Labels":{"a":"1","b":"2"},"#,
            r#""Healthcheck":{"Test":["CMD","true"],"Interval":30000000000,"Retries":3,"New":1},"OnBuild":["RUN x"],"#,
            r#""Shell":["/bin/bash","-c"],"ArgsEscaped":true,"AttachStdin":false,"Hostname":""},"rootfs":{"type":"layers","#,
            r#""diff_ids":["sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]},"#,
            r#""history":[{"created_by":"a"},{"created_by":"b","empty_layer":true,"note":1}],"#,
            r#""docker_version":"20.10","moby.buildkit.buildinfo.v1":"e30="}"#,
        );
        assert_eq!(serde_json::to_string(&config).unwrap(), expected);
    }

    #[test]
    fn an_empty_configuration_has_its_platform_and_no_layers() {
        let config = ImageConfig::new(Platform::LINUX_AMD64);
        let text = serde_json::to_string(&config).unwrap();
        assert_eq!(
            text,
            r#"{"architecture":"amd64","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":[]}}"#
        );
    }
}
