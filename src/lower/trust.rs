//! Private certificates and proxies in networked steps, without a trace in the image.
//!
//! The bundle is an *optional secret*: mounted for the step, readable by every user, gone with it. The
//! variables that tools look at hold the mount's path and come from the session too. Neither is part of
//! the platform form, so they decide nothing about the image's identity.
//!
//! They are left out altogether where the client has no bundle: the daemon turns an optional
//! variable that is missing into an empty one, and OpenSSL takes an empty `SSL_CERT_FILE` for "trust
//! nobody".

use super::{BuilderFacts, Form};
use crate::llb::{Exec, NetworkMode};

/// The secret that holds the bundle.
pub const CA_SECRET: &str = "kiln.ca";
const CA_PATH_SECRET: &str = "kiln.ca.path";
const CA_PATH: &str = "/run/kiln/ca.pem";
// apt looks at no variable for certificates, only at a file of its own.
const APT_SECRET: &str = "kiln.apt";
const APT_PATH_SECRET: &str = "kiln.apt.path";
const APT_PATH: &str = "/run/kiln/apt.conf";

/// What tools look at: OpenSSL and everything on it, pip, requests, curl, git, node, cargo.
const VARIABLES: [&str; 8] = [
    "SSL_CERT_FILE",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "GIT_SSL_CAINFO",
    "NODE_EXTRA_CA_CERTS",
    "CARGO_HTTP_CAINFO",
    "CONDA_SSL_VERIFY",
];

/// The secrets that a session with a bundle serves: id and content.
pub fn trust_secrets(bundle: &[u8]) -> [(&'static str, Vec<u8>); 4] {
    let apt = format!("Acquire::https::CAInfo \"{CA_PATH}\";\n");
    [
        (CA_SECRET, bundle.to_vec()),
        (CA_PATH_SECRET, CA_PATH.into()),
        (APT_SECRET, apt.into()),
        (APT_PATH_SECRET, APT_PATH.into()),
    ]
}

/// Adds what the builder form gives to a networked step.
pub(super) fn equip(exec: Exec, form: &Form, network: NetworkMode) -> Exec {
    let Form::Builder(BuilderFacts { trust, proxy, .. }) = form else {
        return exec;
    };
    if network == NetworkMode::None {
        return exec;
    }
    let mut exec = exec.proxy(proxy.clone());
    if *trust {
        exec = exec
            .secret(CA_PATH, CA_SECRET, 0o444, true)
            .secret(APT_PATH, APT_SECRET, 0o444, true);
        for variable in VARIABLES {
            exec = exec.secret_env(variable, CA_PATH_SECRET, true);
        }
        exec = exec.secret_env("APT_CONFIG", APT_PATH_SECRET, true);
    }
    exec
}
