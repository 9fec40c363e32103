//! The environment of the process: the only place that reads it.
//!
//! Precedence is flag, environment, `kiln.yaml`, default. Everything else in the crate takes values.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The variables kiln looks at, with what each means. The page on the environment is made of it.
pub const VARIABLES: [(&str, &str); 18] = [
    (
        "BUILDKIT_HOST",
        "address of the one builder to use, instead of those that `kiln.yaml` names: unix:///PATH, tcp://HOST:PORT, docker-container://NAME and others (docs/builders.md)",
    ),
    (
        "KILN_BUILDER_TLS",
        "TLS to the builder of `BUILDKIT_HOST`: a folder with `ca.pem` (or `ca.crt`), `cert.pem` (`tls.crt`) and `key.pem` (`tls.key`), each as needed; `system` trusts the system's authorities and shows no certificate",
    ),
    (
        "BUILDKIT_PROGRESS",
        "how progress is shown where no flag says it: auto, tty, plain, quiet, rawjson",
    ),
    (
        "SOURCE_DATE_EPOCH",
        "seconds since 1970: the time in the image's configuration, and the latest one in its new layers",
    ),
    (
        "DOCKER_CONFIG",
        "folder of Docker's config.json with logins; ~/.docker where it is not set",
    ),
    (
        "REGISTRY_AUTH_FILE",
        "file with logins in the same form, as podman and skopeo use it",
    ),
    (
        "SSL_CERT_FILE",
        "bundle of certificates that also networked steps get; the first of these four that is set counts",
    ),
    ("CURL_CA_BUNDLE", "as SSL_CERT_FILE"),
    ("REQUESTS_CA_BUNDLE", "as SSL_CERT_FILE"),
    ("PIP_CERT", "as SSL_CERT_FILE"),
    (
        "HTTP_PROXY, HTTPS_PROXY, FTP_PROXY, NO_PROXY, ALL_PROXY",
        "proxies that networked steps get, in upper or lower case; never stored, and their passwords are shown as ***",
    ),
    (
        "SSH_AUTH_SOCK",
        "socket of the ssh agent that `--ssh` forwards",
    ),
    (
        "NO_COLOR, CLICOLOR, CLICOLOR_FORCE",
        "whether there are colours, as no-color.org and bixense.com/clicolors say; without a word, on a terminal",
    ),
    (
        "CI",
        "where it is set and not `false`, progress is plain unless something else is asked for",
    ),
    (
        "GITHUB_STEP_SUMMARY",
        "file that `lint --format github` adds to what GitHub does not show as annotations",
    ),
    (
        "TERM",
        "`dumb` is a terminal without colours, whose lines cannot be redrawn",
    ),
    (
        "KILN_UV",
        "the uv that resolves packages for `kiln.lock`; where it is not set, `uv` of the path, or of Python",
    ),
    (
        "KILN_LOG",
        "what is logged to standard error, in the words of tracing's filters",
    ),
];

/// Proxies as the environment gives them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// `http_proxy`.
    pub http: String,
    /// `https_proxy`.
    pub https: String,
    /// `ftp_proxy`.
    pub ftp: String,
    /// `no_proxy`.
    pub no: String,
    /// `all_proxy`.
    pub all: String,
}

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `BUILDKIT_HOST`.
    pub buildkit_host: Option<String>,
    /// `KILN_BUILDER_TLS`.
    pub builder_tls: Option<PathBuf>,
    /// `BUILDKIT_PROGRESS`.
    pub progress: Option<String>,
    /// `SOURCE_DATE_EPOCH` as written.
    pub source_date_epoch: Option<String>,
    /// Files with logins, in the order they are looked at.
    pub auth_files: Vec<PathBuf>,
    /// Who names each of these files.
    pub auth_named_by: Vec<&'static str>,
    /// A bundle of certificates, and the variable that names it.
    pub ca_bundle: Option<(&'static str, PathBuf)>,
    /// Proxies.
    pub proxies: Proxies,
    /// `TERM`.
    pub terminal: Option<String>,
    /// Whether this is a run of a CI system, whose log is read as a file.
    pub ci: bool,
    /// `GITHUB_STEP_SUMMARY`.
    pub github_step_summary: Option<PathBuf>,
    /// `KILN_UV`.
    pub uv: Option<PathBuf>,
    /// The log filter.
    pub log: Option<String>,
}

impl Config {
    /// Reads the environment.
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn from_env() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let path = |name: &str| {
            env::var_os(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };
        let either = |name: &str| {
            text(&name.to_lowercase())
                .or_else(|| text(&name.to_uppercase()))
                .unwrap_or_default()
        };
        let podman = path("REGISTRY_AUTH_FILE").map(|file| (file, "REGISTRY_AUTH_FILE"));
        let docker = path("DOCKER_CONFIG").map(|folder| (folder, "DOCKER_CONFIG"));
        let docker = docker.or_else(|| Some((path("HOME")?.join(".docker"), "default")));
        let docker = docker.map(|(folder, by)| (folder.join("config.json"), by));
        let (auth_files, auth_named_by) = podman.into_iter().chain(docker).unzip();
        let ca_bundle = [
            "SSL_CERT_FILE",
            "CURL_CA_BUNDLE",
            "REQUESTS_CA_BUNDLE",
            "PIP_CERT",
        ]
        .into_iter()
        .find_map(|name| Some((name, path(name)?)));
        Self {
            buildkit_host: text("BUILDKIT_HOST"),
            builder_tls: path("KILN_BUILDER_TLS"),
            progress: text("BUILDKIT_PROGRESS"),
            source_date_epoch: text("SOURCE_DATE_EPOCH"),
            auth_files,
            auth_named_by,
            ca_bundle,
            proxies: Proxies {
                http: either("http_proxy"),
                https: either("https_proxy"),
                ftp: either("ftp_proxy"),
                no: either("no_proxy"),
                all: either("all_proxy"),
            },
            terminal: text("TERM"),
            ci: text("CI").is_some_and(|value| value != "false"),
            github_step_summary: path("GITHUB_STEP_SUMMARY"),
            uv: path("KILN_UV"),
            log: text("KILN_LOG"),
        }
    }
}

/// The value of a variable that the command line names, as bytes.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn variable(name: &str) -> Option<Vec<u8>> {
    env::var_os(name).map(OsString::into_encoded_bytes)
}

/// The socket of the running ssh agent, `SSH_AUTH_SOCK`.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn ssh_agent() -> Option<PathBuf> {
    env::var_os("SSH_AUTH_SOCK")
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}

/// Where systems keep the certificates they trust.
pub const SYSTEM_BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];
