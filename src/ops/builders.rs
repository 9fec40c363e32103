//! Which builders there are: those of the environment, else of the workspace, else the usual socket.
//!
//! Owns the order of preference and how TLS is set; opens no connection.

use std::path::Path;

use super::connect::bundle;
use super::error::OpError;
use super::probe::BuilderId;
use crate::buildkit::{Address, Tls, TlsFile, TlsFiles};
use crate::config::Config;
use crate::oci::Platform;
use crate::text::Spanned;
use crate::workspace::{self, Workspace};

/// The builder where neither environment nor workspace names one.
pub(super) const DEFAULT_ADDRESS: &str = "unix:///run/buildkit/buildkitd.sock";

/// Legs that one builder makes at once where `slots` is not given.
pub(super) const DEFAULT_SLOTS: usize = 4;

/// What `KILN_BUILDER_TLS` says where no file is needed.
pub(super) const SYSTEM: &str = "system";

/// Names of the files in the folder `KILN_BUILDER_TLS`: those that `buildctl --tlsdir` knows.
const CA: [&str; 2] = ["ca.pem", "ca.crt"];
const CERT: [&str; 2] = ["cert.pem", "tls.crt"];
const KEY: [&str; 2] = ["key.pem", "tls.key"];

/// A builder as it is named somewhere.
#[derive(Debug)]
pub(super) struct Named<'w> {
    /// What messages call it.
    pub(super) name: &'w str,
    /// Its address as written.
    pub(super) address: &'w str,
    /// Who says so: `BUILDKIT_HOST`, a place in `kiln.yaml`, `default`.
    pub(super) origin: String,
    /// The platforms it is used for; all it has where none are named.
    pub(super) platforms: &'w [Platform],
    /// Legs it makes at once.
    pub(super) slots: usize,
    /// Its entry in `kiln.yaml`.
    pub(super) entry: Option<&'w workspace::Builder>,
}

/// All builders, by the environment, else by the workspace.
pub(super) fn named<'w>(config: &'w Config, workspace: &'w Workspace) -> Vec<Named<'w>> {
    let alone = |address, origin: &str| Named {
        name: "default",
        address,
        origin: origin.to_owned(),
        platforms: &[],
        slots: DEFAULT_SLOTS,
        entry: None,
    };
    if let Some(host) = &config.buildkit_host {
        return vec![alone(host, "BUILDKIT_HOST")];
    }
    if workspace.builders.is_empty() {
        return vec![alone(DEFAULT_ADDRESS, "default")];
    }
    let written = workspace.builders.iter().map(|builder| Named {
        name: &builder.name.value,
        address: &builder.address.value,
        origin: builder.address.place.to_string(),
        platforms: &builder.platforms,
        slots: builder.slots.unwrap_or(DEFAULT_SLOTS),
        entry: Some(builder),
    });
    written.collect()
}

impl Named<'_> {
    /// What it is remembered by.
    pub(super) fn id(&self) -> BuilderId {
        BuilderId {
            name: self.name.to_owned(),
            address: self.address.to_owned(),
        }
    }

    /// The address, and how it is spoken to securely.
    pub(super) fn target(
        &self,
        config: &Config,
        workspace: &Workspace,
    ) -> Result<(Address, Option<Tls>), OpError> {
        let address: Address = self
            .address
            .parse()
            .map_err(|error| OpError::usage(format!("{}: {error}", self.origin)))?;
        let Some(files) = self.files(config)? else {
            return Ok((address, None));
        };
        if !matches!(address, Address::Tcp { .. }) {
            let message = format!("KILN_BUILDER_TLS is set, and `{address}` is not tcp://");
            return Err(OpError::Usage {
                message,
                next: Some("unset KILN_BUILDER_TLS".to_owned()),
            });
        }
        let more = match files.ca {
            Some(_) => None,
            None => bundle(config, workspace)?,
        };
        let tls = Tls::load(&TlsFiles { more, ..files }).map_err(|error| OpError::Usage {
            message: error.to_string(),
            next: Some("name a file that can be read and holds what is asked for".to_owned()),
        })?;
        Ok((address, Some(tls)))
    }

    /// The files that are named; nothing without TLS.
    pub(super) fn files(&self, config: &Config) -> Result<Option<TlsFiles>, OpError> {
        match (&self.entry, &config.builder_tls) {
            (Some(entry), _) => Ok(entry.tls.as_ref().map(written)),
            // The variable belongs to BUILDKIT_HOST, not to the usual socket.
            (None, Some(folder)) if config.buildkit_host.is_some() => {
                folder_files(folder).map(Some)
            }
            _ => Ok(None),
        }
    }
}

fn written(tls: &workspace::Tls) -> TlsFiles {
    let file = |path: &Option<Spanned<std::path::PathBuf>>| {
        path.as_ref().map(|path| TlsFile {
            path: path.value.clone(),
            named: path.place.to_string(),
        })
    };
    TlsFiles {
        ca: file(&tls.ca),
        more: None,
        identity: file(&tls.cert).zip(file(&tls.key)),
    }
}

fn folder_files(folder: &Path) -> Result<TlsFiles, OpError> {
    if folder == Path::new(SYSTEM) {
        return Ok(TlsFiles::default());
    }
    let find = |names: [&str; 2]| {
        let paths = names.into_iter().map(|name| folder.join(name));
        paths.into_iter().find(|path| path.exists()).map(|path| {
            let named = "KILN_BUILDER_TLS".to_owned();
            TlsFile { path, named }
        })
    };
    let fault = |message: String| OpError::Usage {
        message,
        next: Some(format!(
            "name a folder with `{}`, `{}` and `{}`, or write `{SYSTEM}`",
            CA.join("` or `"),
            CERT.join("` or `"),
            KEY.join("` or `")
        )),
    };
    let (ca, cert, key) = (find(CA), find(CERT), find(KEY));
    let shown = folder.display();
    match (&cert, &key) {
        (None, None) if ca.is_none() => Err(fault(format!(
            "KILN_BUILDER_TLS: there is no file for TLS in `{shown}`"
        ))),
        (Some(_), None) | (None, Some(_)) => {
            let (has, lacks) = if cert.is_some() {
                (CERT, KEY)
            } else {
                (KEY, CERT)
            };
            Err(fault(format!(
                "KILN_BUILDER_TLS: `{shown}` has a `{}` and no `{}`",
                has[0], lacks[0]
            )))
        }
        _ => Ok(TlsFiles {
            ca,
            more: None,
            identity: cert.zip(key),
        }),
    }
}
