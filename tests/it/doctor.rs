//! `kiln doctor` with a builder and a registry on loopback that do what a test wants.

use serde_json::Value;

use crate::build::{Emulates, closed_port};
use crate::common::{Ran, Workbench};
use crate::fake_builder::FakeBuilder;
use crate::registry::server::{Answer, Server};

const BOTH: &[(&str, &str)] = &[("linux", "amd64"), ("linux", "arm64")];

/// A workspace with a recipe for both platforms that goes to a registry.
fn bench(registry: &str, more: &str) -> Workbench {
    let bench = Workbench::new();
    bench.write(
        "recipes/r.yaml",
        "kiln: 1\nname: app # größe\nrepository: team/app\ntags: [x]\nbase: scratch\nplatforms: [linux/amd64, linux/arm64]\n",
    );
    bench.write(
        "kiln.yaml",
        format!("kiln: 1\nregistry: r\nregistries: {{r: {{url: \"http://{registry}\"}}}}\n{more}"),
    );
    bench
}

/// Runs it beside the servers of the test.
async fn doctor(bench: Workbench, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let own = |text: &&str| (*text).to_owned();
    let variables: Vec<(String, String)> =
        variables.iter().map(|(a, b)| (own(a), own(b))).collect();
    let arguments: Vec<String> = ["doctor"].iter().chain(arguments).map(own).collect();
    tokio::task::spawn_blocking(move || {
        let variables: Vec<(&str, &str)> = variables
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        bench.kiln_with(&variables, &arguments)
    })
    .await
    .unwrap()
}

/// The checks about something, as `state subject: message`.
fn about(ran: &Ran, about: &str) -> Vec<String> {
    let document: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(document["version"], 1);
    let checks = document["checks"].as_array().unwrap();
    checks
        .iter()
        .filter(|check| check["about"] == about)
        .map(|check| {
            let text = |key: &str| check[key].as_str().unwrap().to_owned();
            // What is not right always has a next step.
            assert!(
                check["state"] == "ok" || check["next"].is_string(),
                "{check}"
            );
            format!("{} {}: {}", text("state"), text("subject"), text("message"))
        })
        .collect()
}

const JSON: &[&str] = &["--format", "json"];

#[tokio::test(flavor = "multi_thread")]
async fn where_all_is_well_each_thing_is_ok_and_the_exit_is_0() {
    let (builder, server) = (FakeBuilder::start(BOTH).await, Server::start().await);
    let bench = bench(server.host().as_str(), "");
    bench.write(
        "docker/config.json",
        r#"{"auths": {"other.example": {"auth": "eDp5"}}}"#,
    );
    let ran = doctor(bench, &[("BUILDKIT_HOST", &builder.address)], &["--push"]).await;
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let shown = ran
        .stdout
        .replace(server.host().as_str(), "[registry]")
        .replace(&builder.address, "[builder]");
    let from = shown.find("ok    trust      kiln").unwrap();
    let to = shown.find("ok    trust      steps").unwrap();
    insta::assert_snapshot!(format!("{}{}", &shown[..from], &shown[to..]));
    // The upload was given up again.
    let lines = server.lines();
    assert!(
        lines
            .iter()
            .any(|line| line == "POST /v2/team/app/blobs/uploads/"),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.starts_with("DELETE ")),
        "{lines:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_registry_and_a_dead_builder_are_both_seen_and_the_first_decides_the_exit() {
    let nowhere = closed_port();
    let builders = format!(
        "builders: [{{name: 굽는이, address: \"tcp://{nowhere}\"}}]\nmirrors: {{docker.io: [\"http://{nowhere}\"]}}\n"
    );
    let ran = doctor(bench(&nowhere, &builders), &[], JSON).await;
    assert_eq!(ran.code, 4, "{}", ran.stdout);
    let reason = format!("fail 굽는이: cannot reach builder `굽는이` at `tcp://{nowhere}`");
    assert!(
        about(&ran, "builder")[0].starts_with(&reason),
        "{}",
        ran.stdout
    );
    assert_eq!(
        about(&ran, "platform"),
        [
            "fail linux/amd64: can be built by nobody: no builder answers",
            "fail linux/arm64: can be built by nobody: no builder answers",
        ]
    );
    let reason = format!("fail r: could not ask for the API of `{nowhere}`");
    assert!(
        about(&ran, "registry")[0].starts_with(&reason),
        "{}",
        ran.stdout
    );
    // A mirror is passed over in a build.
    assert!(
        about(&ran, "mirror")[0].starts_with("warn docker.io: "),
        "{}",
        ran.stdout
    );
    let builder = FakeBuilder::start(BOTH).await;
    let ran = doctor(
        bench(&nowhere, ""),
        &[("BUILDKIT_HOST", &builder.address)],
        JSON,
    )
    .await;
    assert_eq!(ran.code, 5, "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_no_builder_has_comes_with_the_way_to_get_it() {
    let builder = FakeBuilder::start(&BOTH[..1]).await;
    let server = Server::start().await;
    let bench = bench(server.host().as_str(), "");
    let ran = doctor(bench, &[("BUILDKIT_HOST", &builder.address)], &[]).await;
    assert_eq!(ran.code, 4);
    for words in [
        "ok    platform   linux/amd64: native on `default`\n",
        "fail  platform   linux/arm64: can be built by no builder\n",
        "next: add a builder whose machine is arm64, or register an emulator with the kernel of `default`",
    ] {
        assert!(ran.stdout.contains(words), "{words}\n{}", ran.stdout);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_that_is_limited_is_the_one_to_be_widened() {
    let builder = FakeBuilder::start(BOTH).await;
    let server = Server::start().await;
    let more = format!(
        "builders: [{{name: amd, address: \"{}\", platforms: [linux/amd64]}}]\n",
        builder.address
    );
    let ran = doctor(bench(server.host().as_str(), &more), &[], &[]).await;
    assert_eq!(ran.code, 4);
    let words = "next: add linux/arm64 to the `platforms` of `amd`, which has it";
    assert!(ran.stdout.contains(words), "{}", ran.stdout);
}

/// A registry that wants a login: `kim` with `ключ`.
async fn locked() -> Server {
    use base64::Engine as _;
    let good = base64::engine::general_purpose::STANDARD.encode("kim:ключ");
    Server::hooked(move |seen, answer| match seen.header("authorization") {
        Some(header) if header == format!("Basic {good}") => answer,
        _ => Answer::status(401).with("www-authenticate", "Basic realm=\"r\""),
    })
    .await
}

fn logged_in(bench: &Workbench, host: &str, login: &str) {
    use base64::Engine as _;
    let auth = base64::engine::general_purpose::STANDARD.encode(login);
    let text = serde_json::json!({"auths": {host: {"auth": auth}}}).to_string();
    bench.write(".docker/config.json", text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_told_by_its_place_and_never_by_its_secret() {
    let (builder, server) = (FakeBuilder::start(BOTH).await, locked().await);
    let host = server.host();
    let rows = [
        (
            None,
            6,
            "fail r: could not ask for the API of `HOST`: `HOST` wants a login",
        ),
        (
            Some("kim:ключ"),
            0,
            "ok r: taken; it is kept in `[workspace]/.docker/config.json`",
        ),
        (
            Some("kim:hunter2"),
            6,
            "fail r: could not ask for the API of `HOST`: `HOST` wants a login and refused the stored one; it is kept in `[workspace]/.docker/config.json`",
        ),
    ];
    for (login, code, expected) in rows {
        let bench = bench(host.as_str(), "");
        if let Some(login) = login {
            logged_in(&bench, host.as_str(), login);
        }
        let ran = doctor(bench, &[("BUILDKIT_HOST", &builder.address)], JSON).await;
        let logins = about(&ran, "login");
        assert_eq!(logins, [expected.replace("HOST", host.as_str())]);
        assert_eq!(ran.code, code, "{}", ran.stdout);
        // It is there, whatever it thinks of us.
        assert!(about(&ran, "registry")[0].starts_with("ok r: answers"));
        for secret in ["ключ", "hunter2", "aHVudGVy"] {
            assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_no_recipe_goes_to_is_only_a_warning() {
    let (builder, server) = (FakeBuilder::start(BOTH).await, Server::start().await);
    let other = locked().await;
    let bench = bench(server.host().as_str(), "");
    bench.write(
        "kiln.yaml",
        format!(
            "kiln: 1\nregistry: r\nregistries:\n  r: {{url: \"{}\"}}\n  tot: {{url: \"http://{}\"}}\n  zu: {{url: \"{}\"}}\n",
            server.url(),
            closed_port(),
            other.url()
        ),
    );
    let ran = doctor(bench, &[("BUILDKIT_HOST", &builder.address)], JSON).await;
    assert_eq!(ran.code, 0, "{}", ran.stdout);
    let registries = about(&ran, "registry");
    assert!(registries[1].starts_with("warn tot: "), "{registries:?}");
    assert!(
        registries[1].ends_with("; no recipe goes there"),
        "{registries:?}"
    );
    let logins = about(&ran, "login");
    assert!(logins[1].starts_with("warn zu: "), "{logins:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_to_push_that_is_missing_is_seen_before_the_build() {
    let builder = FakeBuilder::start(BOTH).await;
    let server = Server::hooked(|seen, answer| match seen.method.as_str() {
        "POST" => Answer::status(403).body(r#"{"errors":[{"code":"DENIED","message":"아니요"}]}"#),
        _ => answer,
    })
    .await;
    for (arguments, code) in [(&["--push"][..], 6), (&[], 0)] {
        let bench = bench(server.host().as_str(), "");
        let arguments = [JSON, arguments].concat();
        let ran = doctor(bench, &[("BUILDKIT_HOST", &builder.address)], &arguments).await;
        assert_eq!(ran.code, code, "{}", ran.stdout);
        assert_eq!(ran.stdout.contains("denied it (DENIED): 아니요"), code == 6);
    }
}

#[test]
fn mistakes_of_the_workspace_are_counted_and_the_rest_is_still_tested() {
    let bench = Workbench::new();
    bench.write(
        "kiln.yaml",
        "kiln: 1\nregistreis: {}\nrecipes: [größe/*.yaml]\n",
    );
    let host = format!("tcp://{}", closed_port());
    let variables = [
        ("BUILDKIT_HOST", host.as_str()),
        ("https_proxy", "http://kim:geheim@proxy.example:3128"),
        ("SSL_CERT_FILE", "nicht-da.pem"),
    ];
    let ran = bench.kiln_with(&variables, &["doctor", "--format", "json"]);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert_eq!(
        about(&ran, "workspace"),
        [
            "fail kiln.yaml: one mistake; the first: kiln.yaml:2:1: unknown key `registreis` in kiln.yaml; did you mean `registries`?"
        ]
    );
    assert!(about(&ran, "builder")[0].starts_with("fail default: "));
    assert!(
        about(&ran, "trust")[0]
            .starts_with("fail kiln: SSL_CERT_FILE: `nicht-da.pem` could not be read"),
        "{}",
        ran.stdout
    );
    assert_eq!(
        about(&ran, "proxy"),
        ["ok HTTPS_PROXY: `http://***@proxy.example:3128`; networked steps get it"]
    );
    assert!(!ran.stdout.contains("geheim"));
}

#[test]
fn certificates_that_end_are_named() {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "größe");
    params.not_after = date_time_ymd(2020, 2, 3);
    let key = KeyPair::generate().unwrap();
    let bench = Workbench::new();
    bench.write("ca.pem", params.self_signed(&key).unwrap().pem());
    bench.write("kiln.yaml", "kiln: 1\ntrust: {ca: ca.pem}\n");
    let ran = bench.kiln(&["doctor", "--format", "json"]);
    let trust = about(&ran, "trust");
    assert_eq!(
        trust[1],
        "warn certificates: in `[workspace]/ca.pem` (`trust.ca` at kiln.yaml:2:13): 1, of which 1 expired: `CN=größe` ends on 2020-02-03"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whether_typed_steps_get_native_tools_is_tried_and_what_to_do_where_they_do_not() {
    let rows = [
        (
            Emulates::Inside,
            "ok default: linux/arm64: native tools for typed steps",
            None,
        ),
        (
            Emulates::Apart,
            "warn default: linux/arm64: no native tools, so typed steps are emulated as a whole: its kernel has no emulator for arm64 registered (binfmt)",
            Some(
                "register an emulator with the F flag, on the builder's machine: install Debian's qemu-user-static, or `docker run --privileged --rm tonistiigi/binfmt --install arm64`",
            ),
        ),
        (
            Emulates::Unfixed,
            "warn default: linux/arm64: no program of it runs, although the builder lists it: the emulator for arm64 is registered without the F flag, so that no container finds it",
            Some("register the emulator again with the F flag, "),
        ),
        (
            Emulates::Lost,
            "warn default: linux/arm64: whether typed steps get native tools could not be tried: lost builder `default`: 연결이 끊겼다",
            Some("see what the log of buildkitd says"),
        ),
    ];
    for (emulates, expected, next) in rows {
        let builder = FakeBuilder::emulating(BOTH, emulates).await;
        let server = Server::start().await;
        let bench = bench(server.host().as_str(), "");
        let ran = doctor(bench, &[("BUILDKIT_HOST", &builder.address)], JSON).await;
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        assert_eq!(about(&ran, "builder")[1], expected);
        if let Some(next) = next {
            assert!(ran.stdout.contains(next), "{next}\n{}", ran.stdout);
        }
    }
}
