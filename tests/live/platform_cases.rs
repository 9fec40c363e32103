//! Made-up labels, tags, ports and sizes: always the same ones, most of them almost right.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// What is held against the platform's code.
#[derive(Debug, Clone)]
pub(crate) enum Case {
    Labels(BTreeMap<String, String>),
    Tag(String),
    Ports(String),
    Size(String),
}

impl Case {
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Labels(labels) => json!({ "labels": labels }),
            Self::Tag(tag) => json!({ "tag": tag }),
            Self::Ports(ports) => json!({ "ports": ports }),
            Self::Size(size) => json!({ "size": size }),
        }
    }
}

/// Numbers that are the same in every run (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.next(all.len())]
    }

    /// One of the first in most cases, one of the second in some.
    fn mostly<'a>(&mut self, usual: &[&'a str], odd: &[&'a str]) -> &'a str {
        if self.next(4) == 0 {
            self.of(odd)
        } else {
            self.of(usual)
        }
    }
}

const GOOD: [(&str, &str); 5] = [
    ("kernelspec", "1"),
    ("features", "uid-match batch"),
    ("base-distro", "ubuntu22.04"),
    ("runtime-type", "python"),
    ("runtime-path", "/usr/bin/python3"),
];

/// Values of labels: what is right, what looks right, what was seen in real ones.
const VALUES: [(&str, &[&str]); 20] = [
    (
        "kernelspec",
        &[
            "1", "01", " 1\n", "+1", "1_", "0_1", "2", "0", "1.0", "", "one", "١", "1__0", "-1",
        ],
    ),
    (
        "features",
        &[
            "uid-match",
            "a b",
            "a  b",
            " a",
            "a ",
            "",
            "a,b",
            "a\tb",
            "é 한",
            "\n",
        ],
    ),
    (
        "base-distro",
        &[
            "ubuntu22.04",
            "ubuntu",
            "ubuntu18.04",
            "ubuntu99",
            "ubuntu1",
            "ubuntu22.04.1",
            "centos7.6",
            "centos9",
            "alpine3.19.1",
            "debian12",
            "rocky9",
            "Ubuntu22.04",
            "ubuntu-22.04",
            "u22.04",
            "22.04",
            "ubuntu22.04 ",
            " ubuntu22.04",
            "ubuntu.22",
            "ubuntu22.",
            "ubuntu22..04",
            "",
            "ubi9",
            "fedora40",
        ],
    ),
    (
        "runtime-type",
        &[
            "python",
            "app",
            "vendor.h2o",
            "vendor.aws_polly",
            "golang",
            "nodejs",
            "git",
            "r",
            "python3",
            "Python",
            "",
            " app",
        ],
    ),
    (
        "runtime-path",
        &["/usr/bin/python3", "python", "", " ", "/bin/true", "한"],
    ),
    (
        "role",
        &[
            "COMPUTE",
            "SYSTEM",
            "INFERENCE",
            "compute",
            "Inference",
            "",
            " COMPUTE",
        ],
    ),
    ("envs.corecount", &["A,B", "A", "", ",", "A, B"]),
    (
        "accelerators",
        &["cuda", "cuda,rocm", "", ",", "cuda, rocm"],
    ),
    ("endpoint-ports", &["api", "api,ui", "", ",", "api,", "x"]),
    ("model-path", &["/m", "", ".", "한"]),
    ("model-format", &["onnx", "", " "]),
    (
        "resource.min.cpu",
        &[
            "1", "0.5", " 1", "1_0", "1e2", "1e-2", ".5", "5.", "+1", "1_", "two", "", "1g", "1 1",
            "1e", "_", "--1",
        ],
    ),
    ("resource.min.cuda.device", &["0", "1", "0.5", "x", ""]),
    ("resource.min.cuda.shares", &["0.1", "x", "1/2", "inf"]),
    ("resource.min.plugin.slot", &["1", "many"]),
    ("resource.max.cpu", &["4", "x"]),
    ("resource.min", &["1"]),
    ("resource.maximum", &["1"]),
    (
        "resource.preferred.shmem",
        &["64m", "64Mi", "", "x", "1.0", "inf"],
    ),
    ("new-한", &["값", ""]),
];

const NUMBERS: [&str; 20] = [
    "1", "512", "1.5", "0", ".5", "1.", "1.0", "1e3", "1E2", "1e-1", "1_000", "_1", "1_", "+2",
    "007", "", "1..2", "-1", "１", "1.5e1",
];
const UNITS: [&str; 30] = [
    "", "k", "m", "g", "K", "M", "G", "t", "p", "e", "z", "y", "b", "B", "kb", "MB", "mib", "MiB",
    "Mi", "Gi", "gg", "kbytes", "kibyte", " m", " mb", " b", " bytes", "byte", "q", "i",
];

fn ports(dice: &mut Dice) -> String {
    let mut text = String::new();
    for index in 0..dice.next(4) {
        if index > 0 {
            text += dice.mostly(&[","], &[", ", " ,", ";", ",,"]);
        }
        let name = dice.mostly(
            &["a", "api", "ui", "jup-yter", "x_1", "한글"],
            &["a b", "", "a.b", "é", "Ⅷ", "²", "sshd"],
        );
        let protocol = dice.mostly(
            &["http", "tcp", "preopen"],
            &["pty", "vnc", "rdp", "grpc", "HTTP", "", "internal"],
        );
        let port = dice.mostly(
            &[
                "8080",
                "8081",
                "9000",
                "9001",
                "[9100,9101]",
                "1025",
                "65534",
            ],
            &[
                "1024",
                "65535",
                "2000",
                "2004",
                "2200",
                "7681",
                "80",
                "99999",
                "",
                "x",
                "[8082]",
                "[]",
                "[8080,]",
                "[8080, 8081]",
                "08080",
                "+8080",
                "8080 ",
                "８０８０",
            ],
        );
        text += &match dice.next(20) {
            0 => [name, protocol].join(":"),
            1 => [name, protocol, port, "1"].join(":"),
            _ => [name, protocol, port].join(":"),
        };
    }
    text + dice.mostly(&["", "", "", ""], &["", ",", " ", "\n"])
}

fn size(dice: &mut Dice) -> String {
    match dice.next(20) {
        0 => dice
            .of(&[
                "inf", "infinity", "Infinite", "nan", "b", "ib", "  ", "é", "1 mb b", "\u{1c}1g",
            ])
            .to_owned(),
        _ => format!("{}{}", dice.of(&NUMBERS), dice.of(&UNITS)),
    }
}

fn tag(dice: &mut Dice) -> String {
    let mut text = dice
        .mostly(
            &["1.0", "latest", "2019b", "3.10", "v1"],
            &["", "a_b", "_x", "1.0.", "é", "."],
        )
        .to_owned();
    for _ in 0..dice.next(4) {
        text += dice.mostly(&["-"], &["--", "_", "."]);
        text += dice.mostly(
            &[
                "py3",
                "py38",
                "cuda11.4",
                "tf2",
                "ubuntu22.04",
                "arm64",
                "py3.11rc1",
                "cudnn8.9.1a",
                "cuda",
            ],
            &[
                "rc.1",
                "4",
                "tt_metal0.5",
                "_1",
                "a_1",
                "",
                "A1b",
                "a1B",
                "x.1",
                "a.",
                "1a",
                "é1",
                "py3..1",
                "py1.2a.3",
                "PY",
            ],
        );
    }
    text
}

/// Labels with none to three that are not the good ones, half of them for images that answer requests.
fn labels(dice: &mut Dice) -> BTreeMap<String, String> {
    let mut all: BTreeMap<&str, String> = GOOD.map(|(key, value)| (key, value.to_owned())).into();
    if dice.next(3) == 0 {
        let model = [
            ("role", "INFERENCE"),
            ("service-ports", "api:preopen:8080"),
            ("endpoint-ports", "api"),
            ("model-path", "/m"),
            ("model-format", "onnx"),
        ];
        all.extend(model.map(|(key, value)| (key, value.to_owned())));
    }
    for _ in 0..dice.next(4) {
        match dice.next(10) {
            0 => {
                let keys: Vec<&str> = all.keys().copied().collect();
                all.remove(dice.of(&keys));
            }
            1 | 2 => drop(all.insert("service-ports", ports(dice))),
            3 => drop(all.insert("resource.min.mem", size(dice))),
            _ => {
                let (key, values) = VALUES[dice.next(VALUES.len())];
                all.insert(key, dice.of(values).to_owned());
            }
        }
    }
    let own = |(key, value)| (format!("ai.backend.{key}"), value);
    all.into_iter().map(own).collect()
}

/// Five hundred of each kind.
pub(crate) fn cases() -> Vec<Case> {
    let mut dice = Dice(20_260_801);
    let mut all = Vec::new();
    for _ in 0..500 {
        all.push(Case::Labels(labels(&mut dice)));
        all.push(Case::Tag(tag(&mut dice)));
        all.push(Case::Ports(ports(&mut dice)));
        all.push(Case::Size(size(&mut dice)));
    }
    all
}
