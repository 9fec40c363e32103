//! The three examples of the language, built as they stand.
//!
//! What they take from hosts of the internet is made up (see `internet`): pages, wheels and repositories with
//! the right names and little in them. Debian's packages are the real ones, and so are those of Python in the first and third.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use crate::daemon::{Daemon, Settings};
use crate::internet::{Host, Internet, repository};
use crate::lab::BOTH;
use crate::pip::wheel_of;
use crate::published::Published;
use crate::workspace::{Run, Workspace, run};

/// A workspace with the examples' files, and a builder that lives in a made-up internet.
struct Examples {
    space: Workspace,
    internet: Internet,
    daemon: Daemon,
}

impl Examples {
    fn new(hosts: BTreeMap<&'static str, Host>) -> Option<Self> {
        let space = Workspace::for_long()?;
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/examples");
        copy(&from, &space, "");
        space.file(
            "kiln.yaml",
            "kiln: 1\nrecipes: [\"*/recipe.yaml\"]\nregistry: internal\nregistries:\n\
             \x20 internal: {url: \"http://REGISTRY\", prefix: REGISTRY/live/UNIQUE}\n\
             \x20 backendai: {url: \"http://REGISTRY\", prefix: REGISTRY/live/UNIQUE-stable}\n\
             mirrors: {docker.io: [\"http://REGISTRY\"], nvcr.io: [\"http://REGISTRY\"]}\n",
        );
        let internet = Internet::new(&space.lab, hosts);
        let daemon = Daemon::with(
            &space.lab,
            &Settings {
                environment: &internet.environment(),
                programs: Some(&internet.programs()),
                mirrored: &["nvcr.io"],
                ..Settings::default()
            },
        );
        Some(Self {
            space,
            internet,
            daemon,
        })
    }

    fn kiln(&self, args: &[&str]) -> Run {
        let mut command: Command = self.space.networked(args);
        command.envs(self.internet.environment());
        command.env("BUILDKIT_HOST", self.daemon.address());
        run(command)
    }

    fn published(&self, image: &str) -> Published {
        let reference = format!("{}/live/{image}", self.space.lab.registry);
        Published::read(&self.space.lab, &reference)
    }
}

fn copy(from: &Path, to: &Workspace, below: &str) {
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            copy(&path, to, &format!("{name}/"));
        } else {
            to.bytes(&name, &std::fs::read(&path).unwrap());
        }
    }
}

/// A page of an index with one wheel, and the wheel, under a path.
fn indexed(
    below: &str,
    name: &str,
    version: &str,
    files: &[(&str, &str)],
) -> Vec<(String, Vec<u8>)> {
    let module = name.replace('-', "_");
    let file = format!("{module}-{version}-py3-none-any.whl").replace('+', "%2B");
    let page =
        format!("<!DOCTYPE html><html><body><a href=\"{below}/{file}\">{module}</a></body></html>");
    vec![
        (format!("{below}/{name}/"), page.into_bytes()),
        (format!("{below}/{file}"), wheel_of(&module, version, files)),
    ]
}

/// What stands in for the index of torch: packages that know their versions.
fn pytorch() -> Host {
    let mut host = Host::default();
    for (wheels, cuda) in [("cu124", "'12.4'"), ("cpu", "None")] {
        let below = format!("/whl/{wheels}");
        let version = format!("2.4.1+{wheels}");
        let init = format!("from . import version\n__version__ = '{version}'\n");
        let cuda = format!("cuda = {cuda}\n");
        let torch = [
            ("torch/__init__.py", init.as_str()),
            ("torch/version.py", &cuda),
        ];
        host.files
            .extend(indexed(&below, "torch", &version, &torch));
        for (name, version) in [("torchvision", "0.19.1"), ("torchaudio", "2.4.1")] {
            let module = format!("{name}.py");
            host.files
                .extend(indexed(&below, name, version, &[(&module, "")]));
        }
    }
    host
}

#[test]
fn a_base_in_two_flavours_and_twelve_services_on_it_are_built_as_they_stand() {
    let Some(examples) = Examples::new(BTreeMap::from([("download.pytorch.org", pytorch())]))
    else {
        return;
    };
    examples
        .kiln(&["build", "--push", "ai-base", "services"])
        .expect(0);
    let unique = &examples.space.unique;
    for accel in ["cuda", "cpu"] {
        let base = examples.published(&format!("{unique}/cerebral/ai-base:{accel}"));
        for platform in BOTH {
            assert_eq!(
                base.on(platform).env("PYTHONUNBUFFERED").as_deref(),
                Some("1")
            );
        }
    }
    let records = examples.space.records();
    assert_eq!(records.len(), 14);
    for service in ["ai", "testing"] {
        let image = examples.published(&format!("{unique}/cerebral/{service}-services:latest"));
        for platform in BOTH {
            let built = image.on(platform);
            assert_eq!(built.config["config"]["User"], "1000:1000");
            assert!(
                built
                    .text("app/main.py")
                    .contains(&format!("{service} 서비스"))
            );
        }
    }
}

#[test]
fn a_kernel_family_with_uneven_releases_is_built_as_it_stands() {
    let repositories = tempfile::tempdir().unwrap();
    let makefile = "install:\n\tmkdir -p /opt/OpenBLAS\n\t$(FC) --version | head -n 1 > /opt/OpenBLAS/fortran\n\techo $(TARGET) > /opt/OpenBLAS/target\n";
    repository(
        repositories.path(),
        "OpenMathLib/OpenBLAS.git",
        &[("Makefile", makefile)],
        "v0.3.30",
    );
    let mut github = Host {
        git: Some(repositories.path().to_owned()),
        ..Host::default()
    };
    for version in ["4.126.0", "4.104.2", "4.96.4"] {
        for arch in ["amd64", "arm64"] {
            let name = format!("code-server-{version}-linux-{arch}");
            let path = format!("/coder/code-server/releases/download/v{version}/{name}.tar.gz");
            github.files.insert(path, archive(&name));
        }
    }
    let mut pypi = Host::default();
    let main = "import sys, pathlib\np = pathlib.Path('/opt/kernelspec')\np.write_text('\\n'.join(sys.argv[1:]))\n";
    let kernel = [
        ("ipykernel/__init__.py", ""),
        ("ipykernel/__main__.py", main),
    ];
    pypi.files
        .extend(indexed("/simple", "ipykernel", "6.29.5", &kernel));
    for name in [
        "jupyterlab",
        "torch-scatter",
        "torch-sparse",
        "torch-geometric",
    ] {
        let module = format!("{}.py", name.replace('-', "_"));
        pypi.files
            .extend(indexed("/simple", name, "1.0", &[(&module, "")]));
    }
    // The index that pip asks where nobody names another.
    let index = concat!("py", "pi.org");
    let hosts = BTreeMap::from([("github.com", github), (index, pypi)]);
    let Some(examples) = Examples::new(hosts) else {
        return;
    };
    let lab = &examples.space.lab;
    for release in ["26.06", "25.10", "24.10"] {
        let from = format!("{}/library/python:3.11-slim", lab.registry);
        let to = format!("{}/nvidia/pytorch:{release}-py3", lab.registry);
        lab.text_of("crane", ["copy", &from, &to]);
    }
    examples.kiln(&["build", "--push", "ngc-pytorch"]).expect(0);
    let unique = &examples.space.unique;
    let image = format!("{unique}-stable/ngc-pytorch:25.10-pytorch2.9-py312-cuda13.0");
    let published = examples.published(&image);
    for (platform, target) in [(BOTH[0], "CORE2"), (BOTH[1], "ARMV8")] {
        let built = published.on(platform);
        assert_eq!(built.text("opt/OpenBLAS/target"), format!("{target}\n"));
        assert!(
            built
                .text("opt/kernelspec")
                .contains("PyTorch 2.9 (NGC 25.10) on Backend.AI")
        );
        assert!(
            built
                .text("usr/local/lib/code-server/bin/code-server")
                .contains("#!")
        );
        assert!(
            built
                .text("etc/backend.ai/service-defs/jupyter.json")
                .contains("prestart")
        );
        let labels = &built.config["config"]["Labels"];
        assert_eq!(labels["ai.backend.runtime-type"], "python");
        assert_eq!(labels["ai.backend.resource.min.mem"], "1g");
    }
    let old = examples.published(&format!(
        "{unique}-stable/ngc-pytorch:24.10-pytorch2.5-py310-cuda12.6"
    ));
    let platforms: Vec<&str> = old.images().map(|(platform, _)| platform).collect();
    assert_eq!(platforms, ["linux/amd64"]);
}

/// A tar archive with one program below one folder.
fn archive(name: &str) -> Vec<u8> {
    let packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(packed);
    let script = b"#!/bin/sh\necho code-server\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(script.len() as u64);
    header.set_mode(0o755);
    header.set_cksum();
    let path = format!("{name}/bin/code-server");
    tar.append_data(&mut header, path, script.as_slice())
        .unwrap();
    tar.into_inner().unwrap().finish().unwrap()
}
