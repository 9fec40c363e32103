//! All labels of an image together: what is there, what is missing, what contradicts.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::fault::{Fault, Rule};
use super::label::{LabelKey, PREFIX, REQUIRED, is_label};
use super::release::Range;
use super::resource::{Bound, Slot};
use super::service_ports::{Protocol, ServicePort, parse_ports};
use super::value::{OLD_RUNTIMES, check_value};

/// What sessions an image is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Computing.
    Compute,
    /// Answering requests to a model.
    Inference,
    /// The platform's own use.
    System,
}

impl Role {
    pub(super) const NAMES: [&'static str; 3] = ["COMPUTE", "INFERENCE", "SYSTEM"];

    /// The word in the label.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Compute => Self::NAMES[0],
            Self::Inference => Self::NAMES[1],
            Self::System => Self::NAMES[2],
        }
    }
}

impl FromStr for Role {
    type Err = Fault;

    /// In any case: the label has it in capitals.
    fn from_str(text: &str) -> Result<Self, Fault> {
        match text.to_uppercase().as_str() {
            "COMPUTE" => Ok(Self::Compute),
            "INFERENCE" => Ok(Self::Inference),
            "SYSTEM" => Ok(Self::System),
            _ => Err(Fault::error(Rule::Value, format!("`{text}` is no role"))
                .help("write compute, inference or system")),
        }
    }
}

/// The labels of a kernel image, typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KernelLabels {
    /// `features`.
    pub features: Option<Vec<String>>,
    /// `base-distro`.
    pub base_distro: Option<String>,
    /// `runtime-type`.
    pub runtime: Option<String>,
    /// `runtime-path`.
    pub runtime_path: Option<String>,
    /// `role`.
    pub role: Option<Role>,
    /// `envs.corecount`.
    pub corecount_envs: Option<Vec<String>>,
    /// `accelerators`.
    pub accelerators: Option<Vec<String>>,
    /// `service-ports`.
    pub services: Option<Vec<ServicePort>>,
    /// `endpoint-ports`.
    pub endpoints: Option<Vec<String>>,
    /// `model-path`.
    pub model_path: Option<String>,
    /// `model-format`.
    pub model_format: Option<String>,
    /// `resource.BOUND.SLOT`.
    pub resources: BTreeMap<(Bound, Slot), String>,
    /// Every other label that begins with the platform's prefix.
    pub other: BTreeMap<String, String>,
}

impl KernelLabels {
    /// The labels as the platform spells them; `kernelspec` is always among them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let mut map = BTreeMap::from([(LabelKey::Kernelspec.to_string(), "1".to_owned())]);
        let mut put = |key: LabelKey, value: Option<String>| {
            map.extend(value.map(|value| (key.to_string(), value)));
        };
        let joined = |items: &Option<Vec<String>>, by: &str| items.as_ref().map(|all| all.join(by));
        put(LabelKey::Features, joined(&self.features, " "));
        put(LabelKey::BaseDistro, self.base_distro.clone());
        put(LabelKey::RuntimeType, self.runtime.clone());
        put(LabelKey::RuntimePath, self.runtime_path.clone());
        put(
            LabelKey::Role,
            self.role.map(|role| role.as_str().to_owned()),
        );
        put(LabelKey::EnvsCorecount, joined(&self.corecount_envs, ","));
        put(LabelKey::Accelerators, joined(&self.accelerators, ","));
        let services = self
            .services
            .as_ref()
            .map(|all| all.iter().map(ToString::to_string));
        put(
            LabelKey::ServicePorts,
            services.map(|all| all.collect::<Vec<_>>().join(",")),
        );
        put(LabelKey::EndpointPorts, joined(&self.endpoints, ","));
        put(LabelKey::ModelPath, self.model_path.clone());
        put(LabelKey::ModelFormat, self.model_format.clone());
        for ((bound, slot), value) in &self.resources {
            put(
                LabelKey::Resource(*bound, slot.clone()),
                Some(value.clone()),
            );
        }
        map.extend(self.other.clone());
        map
    }

    /// The labels of an image, read as far as they can be: what cannot be is for [`check`] to say.
    pub fn read(labels: &BTreeMap<String, String>) -> Self {
        let mut all = Self::default();
        for (key, value) in labels {
            let split = |by: char| Some(value.split(by).map(str::to_owned).collect());
            let text = || Some(value.clone());
            match LabelKey::read(key) {
                None | Some(LabelKey::Kernelspec) => {}
                Some(LabelKey::Features) => all.features = split(' '),
                Some(LabelKey::BaseDistro) => all.base_distro = text(),
                Some(LabelKey::RuntimeType) => all.runtime = text(),
                Some(LabelKey::RuntimePath) => all.runtime_path = text(),
                Some(LabelKey::Role) => all.role = value.parse().ok(),
                Some(LabelKey::EnvsCorecount) => all.corecount_envs = split(','),
                Some(LabelKey::Accelerators) => all.accelerators = split(','),
                Some(LabelKey::ServicePorts) => all.services = Some(parse_ports(value).0),
                Some(LabelKey::EndpointPorts) => all.endpoints = split(','),
                Some(LabelKey::ModelPath) => all.model_path = text(),
                Some(LabelKey::ModelFormat) => all.model_format = text(),
                Some(LabelKey::Resource(bound, slot)) => {
                    all.resources.insert((bound, slot), value.clone());
                }
                Some(_) => {
                    all.other.insert(key.clone(), value.clone());
                }
            }
        }
        all
    }
}

/// Everything that is wrong with an image's labels, each with the label it is about. An image without any
/// label of the platform is none of its kernels, and nothing is wrong with it.
pub fn check(labels: &BTreeMap<String, String>) -> Vec<(String, Fault)> {
    if !labels.keys().any(|key| is_label(key)) {
        return Vec::new();
    }
    let single = labels.iter().flat_map(|(key, value)| {
        check_value(key, value)
            .into_iter()
            .map(|fault| (key.clone(), fault))
    });
    single.chain(check_set(labels)).collect()
}

/// What is wrong between labels: missing ones, and those that contradict each other.
pub fn check_set(labels: &BTreeMap<String, String>) -> Vec<(String, Fault)> {
    let mut faults: Vec<(String, Fault)> = REQUIRED
        .iter()
        .filter(|key| !labels.contains_key(&key.to_string()))
        .map(|key| (key.to_string(), missing(key)))
        .collect();
    let read = KernelLabels::read(labels);
    if labels.get(&LabelKey::Role.to_string()).map(String::as_str) == Some("INFERENCE") {
        faults.extend(inference(&read));
    }
    faults.extend(runtime(&read));
    faults
}

fn missing(key: &LabelKey) -> Fault {
    let name = key.to_string();
    let name = &name[PREFIX.len()..];
    let help = match key {
        LabelKey::Kernelspec => "write ai.backend.kernelspec: \"1\"",
        LabelKey::Features => "write kernel: {features: [uid-match]}",
        LabelKey::BaseDistro => {
            "write kernel: {base_distro: ubuntu22.04}, or another ubuntu, centos or alpine with the image's C library"
        }
        LabelKey::RuntimeType => "write kernel: {runtime: app}, or python",
        _ => "write kernel: {runtime_path: /usr/bin/python3}, or /bin/true for a runtime app",
    };
    Fault::error(
        Rule::Missing,
        format!("a kernel image needs the label `{name}`"),
    )
    .within(Range::before(24, 9))
    .help(help)
}

/// What the manager asks of images that answer requests to a model.
fn inference(labels: &KernelLabels) -> Vec<(String, Fault)> {
    let mut faults = Vec::new();
    let wanted = [
        (
            LabelKey::EndpointPorts,
            labels.endpoints.is_none(),
            "endpoints: [NAME]",
        ),
        (
            LabelKey::ModelPath,
            labels.model_path.is_none(),
            "model_path: /models/NAME",
        ),
        (
            LabelKey::ModelFormat,
            labels.model_format.is_none(),
            "model_format: onnx",
        ),
    ];
    for (key, lacks, write) in wanted {
        if lacks {
            let name = key.to_string();
            let message = format!(
                "the role INFERENCE needs the label `{}`",
                &name[PREFIX.len()..]
            );
            let fault =
                Fault::error(Rule::Missing, message).help(format!("write kernel: {{{write}}}"));
            faults.push((name, fault));
        }
    }
    if labels.model_format.as_deref() == Some("") {
        let fault = Fault::error(Rule::Value, "the model's format is empty");
        faults.push((
            LabelKey::ModelFormat.to_string(),
            fault.help("write one: onnx"),
        ));
    }
    if labels.endpoints.iter().flatten().any(String::is_empty) {
        let fault = Fault::error(Rule::Value, "an endpoint's name is empty");
        let fault = fault.help("write the names with a comma and nothing else between");
        faults.push((LabelKey::EndpointPorts.to_string(), fault));
    }
    // Of services with one name the last one counts.
    let services = labels.services.as_ref().map(|all| {
        let named = all.iter().map(|service| (service.name.as_str(), service));
        named.collect::<BTreeMap<_, _>>()
    });
    let named = labels.endpoints.iter().flatten();
    let wrong = named
        .filter(|name| !name.is_empty())
        .filter_map(|name| endpoint(name, services.as_ref()))
        .take(Fault::MOST);
    faults.extend(wrong.map(|fault| (LabelKey::EndpointPorts.to_string(), fault)));
    faults
}

fn endpoint(name: &str, services: Option<&BTreeMap<&str, &ServicePort>>) -> Option<Fault> {
    let Some(services) = services else {
        let message =
            format!("the endpoint `{name}` is no service: there is no label `service-ports`");
        let help = format!("write services: {{{name}: {{protocol: preopen, port: …}}}}");
        return Some(Fault::error(Rule::Missing, message).help(help));
    };
    let bad = |message: String| Some(Fault::error(Rule::Contradiction, message));
    match services.get(name) {
        None => bad(format!("the endpoint `{name}` is no service of the image")).map(|fault| {
            fault.help(format!(
                "write services: {{{name}: {{protocol: preopen, port: …}}}}"
            ))
        }),
        Some(service) if service.protocol != Protocol::Preopen => bad(format!(
            "the endpoint `{name}` has the protocol {}",
            service.protocol.as_str()
        ))
        .map(|fault| fault.help("an endpoint has the protocol preopen")),
        Some(service) if !service.is_seen_by_manager() => bad(format!(
            "the manager does not see the endpoint `{name}`, which has several ports"
        ))
        .map(|fault| fault.help("give it one port")),
        Some(_) => None,
    }
}

/// A runner for Python that is given something else, or a runner for another language that is given Python.
fn runtime(labels: &KernelLabels) -> Option<(String, Fault)> {
    let path = labels
        .runtime_path
        .as_deref()
        .filter(|path| !path.is_empty())?;
    let runtime = labels.runtime.as_deref()?;
    let program = path.rsplit('/').next().unwrap_or(path);
    let is_python = ["python", "pypy", "conda"]
        .iter()
        .any(|name| program.starts_with(name));
    // `app` starts nothing by itself, so any path will do; so it is with those of vendors, which are Python.
    let wants_python = runtime == "python";
    let wants_other = OLD_RUNTIMES.contains(&runtime) && runtime != "git";
    ((wants_python && !is_python) || (wants_other && is_python)).then(|| {
        let message = format!("the runtime is {runtime}, and its path is `{path}`");
        let help = if wants_other {
            "write the path of that language's own program, or another runtime"
        } else {
            "write the path of a Python, or another runtime"
        };
        (
            LabelKey::RuntimePath.to_string(),
            Fault::warning(Rule::Contradiction, message).help(help),
        )
    })
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{KernelLabels, check};

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let own = |(key, value): &(&str, &str)| (format!("ai.backend.{key}"), (*value).to_owned());
        pairs.iter().map(own).collect()
    }

    #[test]
    fn typed_labels_are_written_as_they_were_read() {
        let labels = map(&[
            ("kernelspec", "1"),
            ("features", "uid-match batch"),
            ("base-distro", "ubuntu22.04"),
            ("runtime-type", "python"),
            ("runtime-path", "/usr/bin/python3"),
            ("role", "INFERENCE"),
            ("envs.corecount", "OMP_NUM_THREADS,NPROC"),
            ("accelerators", "cuda,rocm"),
            (
                "service-ports",
                "jupyter:http:8091,예측:preopen:8080,two:tcp:[9000,9001]",
            ),
            ("endpoint-ports", "예측"),
            ("model-path", "/models"),
            ("model-format", "onnx"),
            ("resource.min.mem", "1g"),
            ("resource.preferred.shmem", "256m"),
            ("something-new", "값"),
        ]);
        assert_eq!(KernelLabels::read(&labels).to_map(), labels);
        let faults = check(&labels);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].1.message.contains("something-new"));
    }

    #[test]
    fn an_image_without_labels_of_the_platform_has_no_faults() {
        assert!(check(&BTreeMap::new()).is_empty());
        assert!(check(&BTreeMap::from([("io.sorna.mode".into(), "x".into())])).is_empty());
    }
}
