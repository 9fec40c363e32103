//! The kernel contract in tables: what each release makes of labels and tags.
//!
//! A row has a letter per release of [`RELEASES`], then what the image has beside the good labels. `x` is refused, lost
//! or starts nothing, `w` is taken and not heeded, `.` is taken. `-name` takes a label away; `␣`, `⇥` and `⏎` are white space.

use std::collections::BTreeMap;

use kiln::kernel::{Fault, Releases, check, check_repository, check_tag, check_tag_and_labels};

/// A release on each side of everything that has changed.
const RELEASES: [&str; 7] = ["23.09", "24.03", "24.09", "25.6", "25.19", "26.2", "26.8"];

/// The labels that stand beside those of a row.
const GOOD: [(&str, &str); 5] = [
    ("kernelspec", "1"),
    ("features", "uid-match"),
    ("base-distro", "ubuntu22.04"),
    ("runtime-type", "python"),
    ("runtime-path", "/usr/bin/python3"),
];

fn spelt(text: &str) -> String {
    text.replace('␣', " ").replace('⇥', "\t").replace('⏎', "\n")
}

fn labels(words: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from(GOOD.map(|(key, value)| (key.to_owned(), value.to_owned())));
    for word in words.split_whitespace() {
        if let Some(key) = word.strip_prefix('-') {
            all.remove(key);
        } else {
            let (key, value) = word.split_once('=').unwrap();
            all.insert(key.to_owned(), spelt(value));
        }
    }
    let own = |(key, value)| (format!("ai.backend.{key}"), value);
    all.into_iter().map(own).collect()
}

/// The letters of some faults.
fn letters(faults: &[Fault]) -> String {
    let letter = |release: &&str| {
        let one = Releases::new([release.parse().unwrap()]);
        if faults.iter().any(|fault| fault.is_error_in(&one)) {
            'x'
        } else if faults.iter().any(|fault| fault.concerns(&one)) {
            'w'
        } else {
            '.'
        }
    };
    RELEASES.iter().map(letter).collect()
}

/// Holds every row of a table against what is found; how many there are.
fn hold(table: &str, found: impl Fn(&str) -> Vec<Fault>) -> usize {
    let rows = table.lines().map(str::trim).filter(|row| !row.is_empty());
    let mut wrong = Vec::new();
    let mut count = 0;
    for row in rows {
        count += 1;
        let (wanted, words) = row.split_once(' ').unwrap_or((row, ""));
        let faults = found(words.trim());
        let letters = letters(&faults);
        if letters != wanted {
            wrong.push(format!("{row}\n  is {letters}: {faults:?}"));
        }
        let all = faults.iter().map(ToString::to_string);
        wrong.extend(all.filter(|said| !said.contains("(Backend.AI ")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    count
}

fn of_labels(words: &str) -> Vec<Fault> {
    let all = check(&labels(words)).into_iter();
    all.map(|(_, fault)| fault).collect()
}

#[test]
fn single_labels_are_judged_as_each_release_reads_them() {
    let rows = hold(
        "
        .......
        .......  kernelspec=01
        .......  kernelspec=␣+1⏎
        xxxxxxx  kernelspec=2
        xxxxxxx  kernelspec=0
        xxxxxxx  kernelspec=-1
        xxxxxxx  kernelspec=1.0
        xxxxxxx  kernelspec=1__0
        xxxxxxx  kernelspec=one
        xxxxxxx  kernelspec=
        xx.....  -kernelspec
        .......  features=uid-match␣user-input␣batch␣query␣tty␣operation␣private
        wwwwwww  features=uid-match,batch
        wwwwwww  features=gpu
        wwwwwww  features=batch⇥query
        xxxxxxx  features=uid-match␣␣batch
        xxxxxxx  features=␣batch
        xxxxxxx  features=batch␣
        xxxxxxx  features=
        xx.....  -features
        .......  base-distro=ubuntu16.04
        .......  base-distro=ubuntu18.04
        .......  base-distro=ubuntu24.04
        .......  base-distro=ubuntu
        .......  base-distro=centos6
        .......  base-distro=centos9.0
        .......  base-distro=alpine3.19.1
        wwwwwww  base-distro=u22.04
        wwwwwww  base-distro=22.04
        xxxxxxx  base-distro=debian12
        xxxxxxx  base-distro=rocky9
        xxxxxxx  base-distro=ubi9
        xxxxxxx  base-distro=fedora40
        xxxxxxx  base-distro=Ubuntu22.04
        xxxxxxx  base-distro=ubuntu-22.04
        xxxxxxx  base-distro=ubuntu22.04␣
        xxxxxxx  base-distro=
        xx.....  -base-distro
        .......  runtime-type=app
        .......  runtime-type=vendor.aws_polly
        .......  runtime-type=vendor.h2o
        ....xxx  runtime-type=nodejs runtime-path=/usr/bin/node
        ....xxx  runtime-type=git runtime-path=/usr/bin/git
        xxxxxxx  runtime-type=python3
        xxxxxxx  runtime-type=Python
        xxxxxxx  runtime-type=
        xx.....  -runtime-type
        .......  runtime-path=/opt/conda/bin/python
        .......  runtime-type=app runtime-path=/bin/true
        wwwwwww  runtime-path=/usr/bin/node
        wwwwwww  runtime-path=python3
        wwwwwww  runtime-path=
        wwwwxxx  runtime-type=julia runtime-path=/usr/bin/python3
        xx.....  -runtime-path
        xx.....  -kernelspec -features -base-distro -runtime-type -runtime-path role=COMPUTE
        .......  role=COMPUTE
        .......  role=SYSTEM
        xxxxxxx  role=compute
        xxxxxxx  role=SERVICE
        xxxxxxx  role=
        .......  envs.corecount=OMP_NUM_THREADS,,NPROC
        wwwwwww  envs.corecount=A,␣B
        .......  accelerators=cuda,rocm
        wwwwwww  accelerators=cuda,␣rocm
        .......  maxcores=4
        .......  nvidia.enabled=yes
        wwwwwww  features-x=1
        wwwwwww  featuers=batch
        wwwwwww  kernel-id=x
        wwwwwww  internal.block-service-ports=1
        .......  customized-image.owner=user:f38dea23-50fa-42a0-b5ae-338f5f4693f4
        wwwwwww  customized-image.owner=f38dea23-50fa-42a0-b5ae-338f5f4693f4
        wwwwwww  customized-image.name=이름
        ",
        of_labels,
    );
    assert_eq!(rows, 73);
}

#[test]
fn service_ports_are_judged_as_the_strictest_reader_reads_them() {
    let ports = |words: &str| {
        let mut all = labels("");
        all.insert("ai.backend.service-ports".to_owned(), spelt(words));
        check(&all).into_iter().map(|(_, fault)| fault).collect()
    };
    let rows = hold(
        "
        .......
        .......  jupyter:http:8091
        .......  a:tcp:1025,b:preopen:65534,한_글-1:http:8080
        .......  a:http:8080,
        .......  triton:preopen:[8000,8001,8002]
        .......  one:http:[8080]
        .......  a:pty:80,b:pty:80
        .......  a:http:08080
        xxxxx..  desk:vnc:5900
        xxxxx..  desk:rdp:3389
        wwwwwww  a:tcp:9000,a:tcp:9001
        wwwwwww  sshd:tcp:9000
        wwwwwww  ttyd:http:9000
        xxxxxxx  a:http:8080,b:tcp:8080
        xxxxxxx  a:http:[8080,8080]
        xxxxxxx  a:http:80
        xxxxxxx  a:http:1024
        xxxxxxx  a:http:65535
        xxxxxxx  a:http:2000
        xxxxxxx  a:http:2003
        xxxxxxx  a:http:2200
        xxxxxxx  a:http:8080,␣ttyd:http:7681
        xxxxxxx  ttyd:http:7681
        xxxxxxx  a:grpc:8080
        xxxxxxx  a:internal:8080
        xxxxxxx  a:HTTP:8080
        xxxxxxx  a:http:8080,␣b:http:8081
        xxxxxxx  a:http:8080␣
        xxxxxxx  a:http:8080,,b:http:8081
        xxxxxxx  a:http
        xxxxxxx  a.b:http:8080
        xxxxxxx  :http:8080
        xxxxxxx  a:http:[]
        xxxxxxx  a:http:[8080,␣8081]
        xxxxxxx  a:http:+8080
        xxxxxxx  a:http:８０８０
        ",
        ports,
    );
    assert_eq!(rows, 36);
}

#[test]
fn amounts_are_judged_as_each_release_reads_them() {
    let rows = hold(
        "
        .......  resource.min.mem=1073741824
        .......  resource.min.mem=512m
        .......  resource.min.mem=1.5g
        .......  resource.min.mem=1.5␣GiB
        .......  resource.min.mem=1_048_576k
        .......  resource.min.mem=64MBYTES
        wwwwwww  resource.min.mem=512
        xxxxxxx  resource.min.mem=256Mi
        xxxxxxx  resource.min.mem=1gg
        xxxxxxx  resource.min.mem=1.5
        xxxxxx.  resource.min.mem=1073741824.0
        xxxxxxx  resource.min.mem=inf
        xxxxxxx  resource.min.mem=-1g
        xxxxxxx  resource.min.mem=
        .......  resource.min.cpu=1
        .......  resource.min.cpu=0.5
        .......  resource.min.cpu=1e1
        xxxxxxx  resource.min.cpu=two
        xxxxxxx  resource.min.cpu=1/2
        xxxxxxx  resource.min.cpu=
        .......  resource.min.cuda.device=1
        wwwwwww  resource.min.cuda.device=0.5
        xxxxxxx  resource.min.cuda.device=all
        .......  resource.min.cuda.shares=0.1
        xxxxxxx  resource.min.cuda.shares=half
        .......  resource.min.cuda.smp=1
        .......  resource.min.plugin.bytes=1g
        wwwwwww  resource.min.plugin.bytes=many
        .......  resource.max.cpu=무제한
        .......  resource.preferred.shmem=64m
        xxwwwww  resource.preferred.shmem=64Mi
        wwwwwww  resource.preferred.mem=1g
        ...xxxx  resource.min=1
        ...xxxx  resource.max=1
        ...xxxx  resource.minimum=1
        wwwwwww  resource.preferred=1
        ",
        of_labels,
    );
    assert_eq!(rows, 36);
}

#[test]
fn images_that_answer_requests_are_judged_as_the_manager_reads_them() {
    let inference = |words: &str| {
        let own = "role=INFERENCE service-ports=api:preopen:8080 endpoint-ports=api model-path=/m model-format=onnx";
        of_labels(&format!("{own} {words}"))
    };
    let rows = hold(
        "
        .......
        .......  service-ports=api:preopen:8080,ui:preopen:8081 endpoint-ports=api,ui
        .......  model-path=
        xxxxxxx  -endpoint-ports
        xxxxxxx  -model-path
        xxxxxxx  -model-format
        xxxxxxx  -service-ports
        xxxxxxx  model-format=
        xxxxxxx  endpoint-ports=
        xxxxxxx  endpoint-ports=api,
        xxxxxxx  endpoint-ports=web
        xxxxxxx  service-ports=api:http:8080
        xxxxxxx  service-ports=api:pty:8080
        xxxxxxx  service-ports=api:preopen:[8080,8081]
        .......  role=COMPUTE -model-path -model-format endpoint-ports=web
        ",
        inference,
    );
    assert_eq!(rows, 15);
}

#[test]
fn tags_are_judged_as_the_scanner_reads_them() {
    let rows = hold(
        "
        .......  latest
        .......  2019b
        .......  3.10-ubuntu22.04-cuda12.1
        .......  19.12-tf2-py3
        .......  1.0-arm64
        .......  1.0-py311rc1
        .......  a_b.c-x
        x......  1.0-tt_metal0.5
        x......  1.0-a_1
        xxxxxxx  1.0.0-rc.1-ubuntu22.04
        xxxxxxx  py38-cuda-11.4
        xxxxxxx  2.6-py38-py11.3
        xxxxxxx  1.0-py3_1
        xxxxxxx  1.0-a1B
        xxxxxxx  1.0-
        xxxxxxx  -a
        xxxxxxx  _a
        xxxxxxx  1.0-한1
        xxxxxxx
        xxxxxxx  sha256-0123456789abcdef.sig
        ",
        check_tag,
    );
    assert_eq!(rows, 20);
    let rows = hold(
        "
        .......  team/python
        .......  team/한/python
        ..wwwww  python
        ..wwwww  /python
        ",
        check_repository,
    );
    assert_eq!(rows, 4);
}

#[test]
fn words_on_cuda_are_held_against_the_labels() {
    let rows = hold(
        "
        .......  1.0-cuda12.4 accelerators=cuda
        .......  1.0-gpu resource.min.cuda.device=1
        .......  1.0-py3 accelerators=cuda
        .......  cuda12.4 accelerators=rocm
        .......  1.0-cpu accelerators=rocm
        wwwwwww  1.0-cuda12.4
        wwwwwww  1.0-cuda12.4 accelerators=rocm
        wwwwwww  1.0-gpu
        wwwwwww  1.0-cpu accelerators=cuda
        wwwwwww  1.0-cpu-py3 resource.min.cuda.shares=1
        ",
        |words| {
            let (tag, rest) = words.split_once(' ').unwrap_or((words, ""));
            check_tag_and_labels(tag, &labels(rest))
                .into_iter()
                .collect()
        },
    );
    assert_eq!(rows, 10);
}
