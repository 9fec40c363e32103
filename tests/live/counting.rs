//! What it costs to learn that everything is up to date, as the registry itself counts it.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::workspace::Workspace;

/// A registry of the test's own, which logs every request.
struct Registry {
    child: Child,
    host: String,
    log: std::path::PathBuf,
}

impl Registry {
    fn start(space: &Workspace) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = port.local_addr().unwrap().to_string();
        drop(port);
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{host}\", secret: 혼자}}\n",
            space.path("storage").display()
        );
        space.file("registry.yml", &config);
        let log = space.path("registry.log");
        let out = File::create(&log).unwrap();
        let mut command = space.lab.command("registry");
        command
            .args(["serve", "registry.yml"])
            .current_dir(space.root())
            .env("OTEL_TRACES_EXPORTER", "none")
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let begin = Instant::now();
        while TcpStream::connect(&host).is_err() {
            assert!(begin.elapsed() < Duration::from_secs(20), "no registry");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { child, host, log }
    }

    /// Requests so far that a client named kiln made.
    fn requests(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        let lines = text.lines().filter(|line| line.contains("\"kiln/"));
        lines
            .filter_map(|line| Some(line.split('"').nth(1)?.to_owned()))
            .collect()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_unchanged_costs_one_request_per_tag_and_one_per_distinct_base() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let registry = Registry::start(&space);
    let from = format!("{}/kiln-test/tiny:1", space.lab.registry);
    for base in ["eins", "zwei/zwei"] {
        let to = format!("{}/{base}:1", registry.host);
        space
            .lab
            .text_of("crane", ["copy", "--insecure", &from, &to]);
    }
    let host = &registry.host;
    space.file(
        "kiln.yaml",
        &format!(
            "# 세기
kiln: 1
recipes: [\"*.recipe.yaml\"]
registry: own
registries: {{own: {{url: \"http://{host}\"}}}}
"
        ),
    );
    for number in 0..8 {
        let base = ["eins", "zwei/zwei"][number % 2];
        space.file(
            &format!("{number}.recipe.yaml"),
            &format!(
                "kiln: 1\nname: i{number}\nrepository: i{number}\ntags: [a, b]\nplatforms: [linux/amd64, linux/arm64]\nbase: {}/{base}:1\nsteps:\n  - write: {{path: /x, content: UNIQUE}}\n",
                registry.host
            ),
        );
    }
    space.kiln(&["build", "--push"]).expect(0);
    let before = registry.requests().len();
    // No builder is there, and none is missed.
    let mut command = space.command(&["build", "--push", "--format=json"]);
    command.env("BUILDKIT_HOST", "tcp://127.0.0.1:1");
    let run = crate::workspace::run(command).expect(0);
    let images = run.json()["images"].as_array().unwrap().clone();
    assert!(images.iter().all(|it| it["state"] == "current"));
    let mut asked = registry.requests().split_off(before);
    asked.sort();
    let mut expected: Vec<String> = (0..8)
        .flat_map(|number| ["a", "b"].map(|tag| format!("i{number}/manifests/{tag}")))
        .chain([
            "eins/manifests/1".to_owned(),
            "zwei/zwei/manifests/1".to_owned(),
        ])
        .map(|path| format!("GET /v2/{path} HTTP/1.1"))
        .collect();
    expected.sort();
    assert_eq!(asked, expected);
}
