//! Canonical bytes: ops encoded here have the digests that BuildKit's own encoder gives.

use kiln::llb::{CacheSharing, Definition, Exec, FileActions, ImageSource, Note};
use kiln::oci::Platform;

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The four ops of a small graph, with the bytes that the Go client makes of it.
const VECTORS: [(&str, &str); 4] = [
    (
        "520e0a05616d64363412056c696e75785a001a370a35646f636b65722d696d6167653a2f2f646f636b65722e696f2f6c6962726172792f64656269616e3a626f6f6b776f726d2d736c696d",
        "sha256:6a272ea499e7e3abf1049c8c91bb14ef4eaaf794729dd1d21783e8d206132d7e",
    ),
    (
        "0a490a477368613235363a36613237326561343939653765336162663130343963386339316262313465663465616166373934373239646431643231373833653864323036313332643765520e0a05616d64363412056c696e75785a00125a0a100a0273680a022d630a01781a012f580112031a012f122508ffffffffffffffffff011a022f6320ffffffffffffffffff013003a201060a0269641002121a08ffffffffffffffffff011a022f733001aa01060a0161208002",
        "sha256:6f7ab78f7d54a364aa587844e7b61cc6f588e394b2dcfba483774c4d299847c6",
    ),
    (
        "0a490a477368613235363a366637616237386637643534613336346161353837383434653762363163633666353838653339346232646366626134383337373463346432393938343763365a002224122210ffffffffffffffffff012a150a022f7810a4031a016128ffffffffffffffffff01",
        "sha256:e3a559c349272e876cd859a60aa8eaefa01c2fdfab9ffb40ea1760f74d1ead0f",
    ),
    (
        "0a490a477368613235363a65336135353963333439323732653837366364383539613630616138656165666130316332666466616239666662343065613137363066373464316561643066",
        "sha256:11fc1d0d09f4b20339ced20011af89ffab5f571b36ed39fd6a89122e970e0dcd",
    ),
];

#[test]
fn ops_are_the_bytes_that_buildkit_makes_itself() {
    let platform: Platform = "linux/amd64".parse().unwrap();
    let image = "docker.io/library/debian:bookworm-slim".parse().unwrap();
    let base = ImageSource::new(image).state(&platform, Note::default());
    let args = ["sh", "-c", "x"].map(String::from).to_vec();
    let ran = Exec::new(args)
        .cache("/c", "id", CacheSharing::Locked, None)
        .secret("/s", "a", 0o400, false)
        .run(&base, Note::default())
        .unwrap();
    let state = FileActions::on(&ran.root(), None)
        .mkfile("/x", 0o644, b"a", None)
        .state(Note::default());
    let definition = Definition::of(&state);
    for (op, (bytes, digest)) in definition.ops().iter().zip(VECTORS) {
        assert_eq!(hex(op), bytes);
        assert_eq!(kiln::oci::Digest::sha256_of(op).to_string(), digest);
    }
    assert_eq!(definition.ops().len(), VECTORS.len());
}
