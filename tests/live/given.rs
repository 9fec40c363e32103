//! Secrets and ssh agents that a command line gives.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::lab::BOTH;
use crate::workspace::{Workspace, run};

const SHOW: &str = "steps:
  - run: |
      echo UNIQUE
      sha256sum < /run/secrets/token | cut -d' ' -f1 > /file-sum
      printf %s \"$KEY\" | sha256sum | cut -d' ' -f1 > /variable-sum
      test -z \"$NONE\"
    secrets:
      - {id: token}
      - {id: key, env: KEY}
      - {id: none, env: NONE, required: false}
";

#[test]
fn secrets_reach_their_step_and_stay_nowhere() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let (token, key) = (
        format!("geheim-{}-비밀", space.unique),
        format!("key-{}", space.unique),
    );
    space.file("token.txt", &token);
    space.recipe(SHOW);
    let mut command = space.command(&[
        "build",
        "--push",
        "--progress=plain",
        "--secret=id=token,src=token.txt",
        "--secret=id=key,env=GIVEN_KEY",
    ]);
    command.env("GIVEN_KEY", &key);
    let done = run(command).expect(0);
    let image = space.published();
    for platform in BOTH {
        let built = image.on(platform);
        let sum = |path| built.text(path).trim().to_owned();
        assert_eq!(
            sum("file-sum"),
            crate::published::sha256(token.as_bytes()).replace("sha256:", "")
        );
        assert_eq!(
            sum("variable-sum"),
            crate::published::sha256(key.as_bytes()).replace("sha256:", "")
        );
        for value in [&token, &key] {
            assert!(
                !built.config.to_string().contains(value.as_str()),
                "{platform}"
            );
            for entry in built.layers().flatten() {
                let text = String::from_utf8_lossy(&entry.content);
                assert!(
                    !text.contains(value.as_str()),
                    "{platform}: {}",
                    entry.line()
                );
            }
        }
    }
    for value in [&token, &key] {
        assert!(!done.stderr.contains(value.as_str()) && !done.stdout.contains(value.as_str()));
        let records = format!("{:?}", space.records());
        assert!(!records.contains(value.as_str()), "{records}");
    }
}

#[test]
fn a_secret_that_cannot_be_read_is_named_before_anything_begins() {
    let Some(space) = Workspace::new() else {
        return;
    };
    space.recipe("steps:\n  - run: echo UNIQUE\n");
    space
        .kiln(&["build", "--secret=id=a,src=gone.txt"])
        .expect(2)
        .says(&["gone.txt"]);
    space
        .kiln(&["build", "--secret=id=a,env=NOT_SET"])
        .expect(2)
        .says(&["`a`", "$NOT_SET"]);
    space
        .kiln(&["build", "--secret=src=x"])
        .expect(2)
        .says(&["no `id`"]);
}

/// A running agent; ended with the test.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Lists the keys of the forwarded agent, then tries to remove them all.
const ASK: &str = "import os, socket, struct
def ask(kind):
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ['SSH_AUTH_SOCK'])
    s.sendall(struct.pack('>IB', 1, kind))
    size = struct.unpack('>I', s.recv(4, socket.MSG_WAITALL))[0]
    return s.recv(size, socket.MSG_WAITALL)
keys = ask(11)
print('keys', keys[0], struct.unpack('>I', keys[1:5])[0], b'kiln-test' in keys)
print('remove', ask(19)[0])
print('still', struct.unpack('>I', ask(11)[1:5])[0])
";

#[test]
fn an_agent_lists_keys_for_a_step_and_lets_nobody_remove_them() {
    let Some(space) = Workspace::new() else {
        return;
    };
    let socket = space.path("agent.sock");
    let child = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .spawn()
        .unwrap();
    let _agent = Agent(child);
    let begun = Instant::now();
    while !socket.exists() && begun.elapsed() < Duration::from_secs(10) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let key = space.path("key");
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "kiln-test", "-f"])
        .arg(&key)
        .status()
        .unwrap();
    assert!(made.success());
    let added = Command::new("ssh-add")
        .arg("-q")
        .arg(&key)
        .env("SSH_AUTH_SOCK", &socket)
        .status()
        .unwrap();
    assert!(added.success());
    space.file("r/ask.py", ASK);
    space.recipe(
        "base: python:3.11-slim\nsteps:\n  - run: [sh, -c, \"echo UNIQUE; python3 /ask.py > /said\"]\n\
         \x20   mounts: [{src: ask.py, path: /ask.py}]\n    ssh: [default]\n",
    );
    space
        .kiln(&["build", "--push"])
        .expect(2)
        .says(&["`default`", "--ssh default"]);
    let spec = format!("--ssh=default={}", socket.display());
    space.kiln(&["build", "--push", &spec]).expect(0);
    let image = space.published();
    for platform in BOTH {
        assert_eq!(
            image.on(platform).text("said"),
            "keys 12 1 True\nremove 5\nstill 1\n",
            "{platform}"
        );
    }
}
