//! The kernel contract as it was measured: what the platform's code accepts passes, what it refuses is found,
//! and the releases are named.

use std::collections::BTreeMap;

use kiln::kernel::{Fault, Releases, Weight, check};

/// Labels that every release accepts.
fn good() -> BTreeMap<String, String> {
    labels(&[
        ("kernelspec", "1"),
        ("features", "uid-match batch query"),
        ("base-distro", "ubuntu22.04"),
        ("runtime-type", "python"),
        ("runtime-path", "/usr/bin/python3"),
    ])
}

fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let own = |(key, value): &(&str, &str)| (format!("ai.backend.{key}"), (*value).to_owned());
    pairs.iter().map(own).collect()
}

/// What is wrong once some of the good labels are replaced.
fn faults(pairs: &[(&str, &str)]) -> Vec<Fault> {
    let mut all = good();
    all.extend(labels(pairs));
    check(&all).into_iter().map(|(_, fault)| fault).collect()
}

fn releases(names: &[&str]) -> Releases {
    Releases::new(names.iter().map(|name| name.parse().unwrap()))
}

/// Whether images are refused for a workspace of these releases.
fn refused(pairs: &[(&str, &str)], names: &[&str]) -> bool {
    let chosen = releases(names);
    faults(pairs).iter().any(|fault| fault.is_error_in(&chosen))
}

fn weight(key: &str, value: &str) -> Option<Weight> {
    faults(&[(key, value)])
        .iter()
        .map(|fault| fault.weight)
        .min()
}

const INFERENCE: [(&str, &str); 5] = [
    ("role", "INFERENCE"),
    ("service-ports", "api:preopen:8080,ui:http:8081"),
    ("endpoint-ports", "api"),
    ("model-path", "/models/é"),
    ("model-format", "onnx"),
];

#[test]
fn what_every_release_accepts_passes_without_a_word() {
    assert_eq!(faults(&[]), []);
    for (key, value) in [
        ("kernelspec", " 01 "),
        (
            "features",
            "uid-match user-input batch query tty operation private",
        ),
        ("base-distro", "ubuntu16.04"),
        ("base-distro", "ubuntu24.04"),
        ("base-distro", "ubuntu"),
        ("base-distro", "centos6"),
        ("base-distro", "centos9.0"),
        ("base-distro", "alpine3.18.2"),
        ("runtime-type", "app"),
        ("runtime-type", "vendor.h2o"),
        ("role", "COMPUTE"),
        ("role", "SYSTEM"),
        (
            "envs.corecount",
            "OPENBLAS_NUM_THREADS,OMP_NUM_THREADS,NPROC",
        ),
        ("envs.corecount", ""),
        ("accelerators", "cuda,rocm"),
        ("accelerators", ""),
        ("service-ports", ""),
        (
            "service-ports",
            "ipython:pty:3000,jupyter:http:8070,jupyterlab:http:8090",
        ),
        (
            "service-ports",
            "triton:preopen:[8000,8001,8002],jupyter:http:8070",
        ),
        ("resource.min.cpu", "1"),
        ("resource.min.cpu", "0.5"),
        ("resource.min.mem", "256m"),
        ("resource.min.mem", "1073741824"),
        ("resource.min.mem", "1.5 GiB"),
        ("resource.min.cuda.device", "0"),
        ("resource.min.cuda.shares", "0.1"),
        ("resource.min.rocm.device", "1"),
        ("resource.max.cpu", "무제한"),
        ("resource.preferred.shmem", "64m"),
        (
            "customized-image.owner",
            "user:f38dea23-50fa-42a0-b5ae-338f5f4693f4",
        ),
        ("maxcores", "4"),
    ] {
        assert_eq!(faults(&[(key, value)]), [], "{key}={value}");
    }
    assert_eq!(faults(&INFERENCE), []);
}

#[test]
fn what_every_release_refuses_is_an_error_that_names_them() {
    for (key, value) in [
        ("kernelspec", "2"),
        ("kernelspec", "0"),
        ("kernelspec", "one"),
        ("kernelspec", "1.0"),
        ("kernelspec", ""),
        ("features", ""),
        ("features", "uid-match  batch"),
        ("features", " batch"),
        ("features", "batch "),
        ("base-distro", ""),
        ("base-distro", "debian12"),
        ("base-distro", "rocky9"),
        ("base-distro", "ubi9"),
        ("base-distro", "fedora40"),
        ("base-distro", "Ubuntu22.04"),
        ("base-distro", "ubuntu-22.04"),
        ("base-distro", "ubuntu22.04-lts"),
        ("runtime-type", ""),
        ("runtime-type", "python3"),
        ("runtime-type", "Python"),
        ("role", "compute"),
        ("role", ""),
        ("service-ports", "a:http:8080,b:http:8080"),
        ("service-ports", "a:http:2200"),
        ("service-ports", "a:http:80"),
        ("service-ports", "a:http:65535"),
        ("service-ports", "a:grpc:8080"),
        ("service-ports", "jupyter:http:8081, ttyd:http:7682"),
        ("service-ports", "jupyter:http:8081;b:http:8082"),
        ("resource.min.mem", "1gg"),
        ("resource.min.mem", "256Mi"),
        ("resource.min.mem", ""),
        ("resource.min.mem", "1.5"),
        ("resource.min.cpu", "two"),
        ("resource.min.cpu", ""),
        ("resource.min.cuda.shares", "half"),
    ] {
        let found = faults(&[(key, value)]);
        let errors: Vec<&Fault> = found
            .iter()
            .filter(|one| one.weight == Weight::Error)
            .collect();
        assert_eq!(errors.len(), 1, "{key}={value}: {found:?}");
        let shown = errors[0].to_string();
        assert!(shown.ends_with("(Backend.AI 23.09 to 26.8)"), "{shown}");
    }
}

#[test]
fn what_is_taken_and_does_nothing_is_a_warning() {
    for (key, value) in [
        ("features", "uid-match,batch"),
        ("features", "uid_match"),
        ("runtime-path", ""),
        ("runtime-path", "python3"),
        ("runtime-path", "/opt/julia"),
        ("envs.corecount", "A, B"),
        ("accelerators", "cuda, rocm"),
        ("service-ports", "sshd:tcp:9000"),
        ("resource.min.mem", "512"),
        ("resource.min.cuda.device", "0.5"),
        ("resource.preferred.mem", "1g"),
        ("runtime", "python"),
        ("kernel-id", "x"),
        ("customized-image.owner", "somebody"),
    ] {
        assert_eq!(weight(key, value), Some(Weight::Warning), "{key}={value}");
    }
}

#[test]
fn each_required_label_is_missed_by_the_releases_that_require_it() {
    for key in good().keys() {
        let mut all = good();
        all.remove(key);
        let found = check(&all);
        assert_eq!(found.len(), 1, "{key}: {found:?}");
        assert_eq!(&found[0].0, key);
        assert!(
            found[0]
                .1
                .to_string()
                .ends_with("(Backend.AI before 24.09)")
        );
        assert!(found[0].1.is_error_in(&releases(&["24.03", "26.8"])));
        assert!(!found[0].1.concerns(&releases(&["24.09", "26.8"])));
    }
}

#[test]
fn what_releases_read_differently_concerns_only_those_that_mind() {
    for (pairs, refused_by, accepted_by) in [
        (("runtime-type", "golang"), "25.19", "25.18"),
        (("service-ports", "desk:vnc:5900"), "25.19", "26.2"),
        (("resource.min", "1"), "26.8", "24.03"),
        (("resource.min.mem", "1.0"), "24.03", "26.8"),
        (("resource.preferred.shmem", "64Mi"), "24.03", "24.09"),
    ] {
        assert!(refused(&[pairs], &[refused_by]), "{pairs:?} {refused_by}");
        assert!(
            !refused(&[pairs], &[accepted_by]),
            "{pairs:?} {accepted_by}"
        );
        assert!(
            refused(&[pairs], &[]),
            "{pairs:?}: the default is the strictest"
        );
    }
}

#[test]
fn an_image_that_answers_requests_declares_what_the_manager_asks_for() {
    for lacking in ["endpoint-ports", "model-path", "model-format"] {
        let pairs: Vec<_> = INFERENCE
            .into_iter()
            .filter(|(key, _)| *key != lacking)
            .collect();
        assert!(refused(&pairs, &["26.8"]), "{lacking}");
    }
    for (endpoints, services) in [
        ("", "api:preopen:8080"),
        ("api,", "api:preopen:8080"),
        ("api", "web:preopen:8080"),
        ("api", "api:http:8080"),
        ("api", "api:preopen:[8080,8081]"),
        ("api,ui", "api:preopen:8080,ui:http:8081"),
    ] {
        let mut pairs = INFERENCE.to_vec();
        pairs.extend([("endpoint-ports", endpoints), ("service-ports", services)]);
        assert!(refused(&pairs, &["26.8"]), "{endpoints} / {services}");
    }
    // The manager asks images of other roles for nothing.
    assert!(!refused(&[("endpoint-ports", "api")], &["26.8"]));
}

#[test]
fn a_value_of_a_megabyte_is_judged_like_any_other() {
    let long = "a:http:8080,".repeat(5_000);
    let ports = faults(&[("service-ports", &long)]);
    assert!(ports.iter().any(|fault| fault.weight == Weight::Error));
    let digits = "9".repeat(1 << 20);
    assert!(refused(&[("resource.min.mem", &digits)], &["26.8"]));
    let words = "한 ".repeat(1 << 18);
    assert!(refused(&[("features", &words)], &["26.8"]));
}
