//! Files for TLS that cannot be used: exit code 2, with the file and the setting that names it.

use rcgen::{CertificateParams, KeyPair};

use crate::build::closed_port;
use crate::common::{Ran, Workbench};
use crate::registry::secure::server;

/// A workspace with a certificate, its key, and the key of another one.
fn bench() -> Workbench {
    let bench = Workbench::new();
    bench.write(
        "recipes/r.yaml",
        "kiln: 1\nname: r\ntags: [x]\nbase: scratch\n",
    );
    let (own, other) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    let params = CertificateParams::new(["größe.example".to_owned()]).unwrap_or_default();
    bench.write(
        "tls/zertifikat.pem",
        params.self_signed(&own).unwrap().pem(),
    );
    bench.write("tls/own.key", own.serialize_pem());
    bench.write("tls/other.key", other.serialize_pem());
    bench.write(
        "tls/열쇠.key",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nTUlJ\n",
    );
    bench.write("tls/text.pem", "kein PEM\n");
    bench
}

fn build(bench: &Workbench, tls: &str) -> Ran {
    let address = format!("tcp://{}", closed_port());
    bench.write(
        "kiln.yaml",
        format!("kiln: 1\nbuilders:\n  - name: 굽는이\n    address: {address}\n    tls: {tls}\n"),
    );
    bench.kiln(&["build"])
}

#[test]
fn a_file_that_cannot_be_used_is_exit_2_with_its_place_and_its_path() {
    let bench = bench();
    let rows = [
        (
            "{ca: tls/없음.pem}",
            "kiln.yaml:5:15: `[workspace]/tls/없음.pem` could not be read: No such file",
        ),
        (
            "{ca: tls/text.pem}",
            "kiln.yaml:5:15: `[workspace]/tls/text.pem` is not a bundle of PEM certificates: it holds no certificate",
        ),
        (
            "{cert: tls/zertifikat.pem, key: tls/other.key}",
            "kiln.yaml:5:42: `[workspace]/tls/other.key` is not the key of `[workspace]/tls/zertifikat.pem`",
        ),
        (
            "{cert: tls/zertifikat.pem, key: tls/열쇠.key}",
            "kiln.yaml:5:42: `[workspace]/tls/열쇠.key` is a key behind a password",
        ),
        (
            "{cert: tls/zertifikat.pem, key: tls/text.pem}",
            "kiln.yaml:5:42: `[workspace]/tls/text.pem` holds no private key",
        ),
        (
            "{cert: tls/own.key, key: tls/own.key}",
            "kiln.yaml:5:17: `[workspace]/tls/own.key` is not a bundle of PEM certificates",
        ),
    ];
    for (tls, expected) in rows {
        let ran = build(&bench, tls);
        let expected = format!("error: {expected}");
        assert!(ran.stderr.starts_with(&expected), "{tls}: {}", ran.stderr);
        assert!(ran.stderr.contains("\n  next: "), "{}", ran.stderr);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{tls}");
    }
}

#[test]
fn files_that_fit_each_other_lead_to_the_builder() {
    let bench = bench();
    for tls in [
        "{ca: tls/zertifikat.pem, cert: tls/zertifikat.pem, key: tls/own.key}",
        "{}",
    ] {
        let ran = build(&bench, tls);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
        assert!(
            ran.stderr
                .starts_with("error: cannot reach builder `굽는이`"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn the_folder_of_the_environment_must_hold_what_is_needed() {
    let bench = bench();
    bench.write("leer/x", "");
    bench.write("halb/tls.crt", "x");
    let host = format!("tcp://{}", closed_port());
    let rows = [
        (
            host.as_str(),
            "leer",
            2,
            "KILN_BUILDER_TLS: there is no file for TLS in `leer`",
        ),
        (
            &host,
            "halb",
            2,
            "KILN_BUILDER_TLS: `halb` has a `cert.pem` and no `key.pem`",
        ),
        (
            "unix:///run/x.sock",
            "leer",
            2,
            "KILN_BUILDER_TLS: there is no",
        ),
        (
            "unix:///run/x.sock",
            "system",
            2,
            "KILN_BUILDER_TLS is set, and `unix:///run/x.sock` is not tcp://",
        ),
        (&host, "system", 4, "cannot reach builder `default`"),
    ];
    for (host, folder, code, expected) in rows {
        let ran = bench.kiln_with(
            &[("BUILDKIT_HOST", host), ("KILN_BUILDER_TLS", folder)],
            &["build"],
        );
        let expected = format!("error: {expected}");
        assert!(
            ran.stderr.starts_with(&expected),
            "{folder}: {}",
            ran.stderr
        );
        assert_eq!(ran.code, code, "{folder}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_certificate_is_exit_4_with_the_reason_and_the_file_that_was_trusted() {
    let rows = [
        (
            "127.0.0.1",
            true,
            true,
            "its certificate expired on 2020-02-03",
        ),
        (
            "xn--gre-6ka8i.example",
            false,
            true,
            "its certificate is not for `127.0.0.1` but for `xn--gre-6ka8i.example`",
        ),
        (
            "127.0.0.1",
            false,
            false,
            "its certificate is signed by no trusted authority",
        ),
    ];
    for (name, expired, known, expected) in rows {
        let (address, ca) = server(name, expired).await;
        let bench = bench();
        bench.write("tls/자기.pem", &ca.pem);
        let tls = if known { "{ca: tls/자기.pem}" } else { "{}" };
        bench.write(
            "kiln.yaml",
            format!("kiln: 1\nbuilders:\n  - name: 굽는이\n    address: \"tcp://{address}\"\n    tls: {tls}\n"),
        );
        let ran = tokio::task::spawn_blocking(move || bench.kiln(&["build"]));
        let ran = ran.await.unwrap();
        let trusted = if known {
            "`[workspace]/tls/자기.pem` (kiln.yaml:5:15)"
        } else {
            "the system's roots"
        };
        let line = format!(
            "error: no secure connection to builder `굽는이` at `tcp://{address}`: {expected} (trusted: {trusted})\n  next: "
        );
        assert!(ran.stderr.starts_with(&line), "{}\n{line}", ran.stderr);
        assert_eq!(ran.code, 4);
    }
}
