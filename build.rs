//! Compiles `proto/` to Rust with protox, so that no machine needs `protoc`.
//!
//! Maps become `BTreeMap`: their order ends up in digests, and a hash map would change them from
//! run to run. Clients and servers are both made for every service, since the tests play the
//! daemon's part.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use protox::prost::Message;

const FOLDER: &str = "proto";

/// Messages whose content must not be printed; `src/proto.rs` writes their `Debug`.
const SECRET: [&str; 3] = [
    ".moby.buildkit.secrets.v1.GetSecretResponse",
    ".moby.filesync.v1.CredentialsResponse",
    ".moby.filesync.v1.FetchTokenResponse",
];

#[expect(
    clippy::disallowed_methods,
    reason = "cargo speaks to build scripts by variables"
)]
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={FOLDER}");

    let descriptors = protox::compile(proto_files()?, [FOLDER])?;
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set by cargo")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .btree_map(".")
        .bytes(".")
        .skip_debug(SECRET)
        .include_file("kiln_proto.rs")
        .compile_fds(descriptors)?;
    Ok(())
}

/// The files of `proto/`, sorted, so that the same tree gives the same code.
fn proto_files() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(FOLDER)? {
        let path = entry?.path();
        if path.extension() == Some("proto".as_ref()) {
            files.push(Path::new(FOLDER).join(path.file_name().ok_or("a file without a name")?));
        }
    }
    files.sort();
    Ok(files)
}
