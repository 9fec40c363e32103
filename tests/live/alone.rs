//! The program in a network of its own, where only the lab's registry is: everything else does not exist there. The
//! builder is reached by its socket in the file system.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::thread;

use crate::workspace::Workspace;

/// Enters the network: sets up loopback, stands where the registry is, and becomes the program. The relay ends with it.
const ENTER: &str = r#"
import fcntl, os, socket, struct, sys, threading, time
host, port = sys.argv[1].rsplit(":", 1)
door, program = sys.argv[2], sys.argv[3:]
up = struct.pack("16sh22x", b"lo", 1)
fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, up)
listener = socket.create_server((host, int(port)))
if os.fork():
    listener.close()
    os.execv(program[0], program)
nothing = os.open("/dev/null", os.O_RDWR)
for stream in range(3):
    os.dup2(nothing, stream)
parent = os.getppid()
def watch():
    while os.getppid() == parent:
        time.sleep(0.1)
    os._exit(0)
threading.Thread(target=watch, daemon=True).start()
def pass_on(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
while True:
    inside, _ = listener.accept()
    outside = socket.socket(socket.AF_UNIX)
    outside.connect(door)
    for pair in ((inside, outside), (outside, inside)):
        threading.Thread(target=pass_on, args=pair, daemon=True).start()
"#;

/// A command that runs where there is nothing but the registry, or nothing with a word on why this machine cannot.
pub(crate) fn alone(space: &Workspace, command: &Command) -> Option<Command> {
    let able = Command::new("unshare").args(["-rn", "true"]).status();
    if !able.is_ok_and(|status| status.success()) {
        eprintln!("skipped: this machine gives no network of one's own (`unshare -rn`)");
        return None;
    }
    let door = space.path("registry.sock");
    if !door.exists() {
        let listener = UnixListener::bind(&door).unwrap();
        let registry = space.lab.registry.clone();
        thread::spawn(move || {
            for inside in listener.incoming().map_while(Result::ok) {
                let Ok(outside) = TcpStream::connect(&registry) else {
                    continue;
                };
                relay(inside, outside);
            }
        });
    }
    let mut alone = Command::new("unshare");
    alone.args(["-rn", "python3", "-c", ENTER, &space.lab.registry]);
    alone.arg(door).arg(command.get_program());
    alone.args(command.get_args()).current_dir(space.root());
    alone.env_clear();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            alone.env(name, value);
        }
    }
    Some(alone)
}

fn relay(inside: UnixStream, outside: TcpStream) {
    let (mut from, mut to) = (inside.try_clone().unwrap(), outside.try_clone().unwrap());
    thread::spawn(move || {
        let _ = pass_on(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
    let (mut from, mut to) = (outside, inside);
    thread::spawn(move || {
        let _ = pass_on(&mut from, &mut to);
        let _ = to.shutdown(std::net::Shutdown::Write);
    });
}

fn pass_on(from: &mut impl Read, to: &mut impl Write) -> io::Result<()> {
    io::copy(from, to).map(drop)
}
