//! Services and the files that define them.

use std::collections::BTreeSet;

use super::fault::{Fault, Rule};
use super::service_ports::{Protocol, ServicePort};

/// Where definitions are in an image.
pub const FOLDER: &str = "/etc/backend.ai/service-defs";

/// Services that the runner for Python starts by itself.
const OF_PYTHON: [&str; 7] = [
    "jupyter",
    "jupyterlab",
    "ipython",
    "digits",
    "tensorboard",
    "spectravis",
    "sftp",
];

/// The path of a service's definition in an image.
pub fn defines(name: &str) -> String {
    format!("{FOLDER}/{name}.json")
}

/// What is wrong between services and definitions: the name of a service or definition, and the fault. The
/// runner itself is known to start some services.
pub fn check_services(
    services: &[ServicePort],
    defined: &BTreeSet<String>,
    runtime: Option<&str>,
) -> Vec<(String, Fault)> {
    let own = |name: &str| runtime == Some("python") && OF_PYTHON.contains(&name);
    let lacking = services.iter().filter(|service| {
        !matches!(service.protocol, Protocol::Preopen | Protocol::Pty)
            && !defined.contains(&service.name)
            && !own(&service.name)
    });
    let lacking = lacking.map(|service| {
        let message = format!(
            "the service `{}` has no definition, and cannot be opened",
            service.name
        );
        let fault = Fault::warning(Rule::Definition, message).help(format!(
            "add {}.json, or the protocol preopen if the image starts it itself",
            service.name
        ));
        (service.name.clone(), fault)
    });
    let idle = defined
        .iter()
        .filter(|name| !services.iter().any(|service| service.name == **name));
    let idle = idle.map(|name| {
        let message = format!("`{name}` is defined and is no service of the image");
        (
            name.clone(),
            Fault::warning(Rule::Definition, message)
                .help("add it to `services`, or remove the file"),
        )
    });
    lacking.chain(idle).collect()
}
