//! `kiln init`.

use std::path::PathBuf;

use super::exit::Exit;
use super::out;
use crate::ops::{OpError, init};

/// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The folder, made where it is missing
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
}

/// Runs the command.
pub(super) fn exec(args: &Args) -> Result<Exit, OpError> {
    let folder = &args.folder;
    for path in init(folder)? {
        let path = folder.join(path);
        let path = path.strip_prefix(".").unwrap_or(&path);
        out::result(&format!("wrote {}", path.display()));
    }
    let enter = if folder.as_os_str() == "." {
        String::new()
    } else {
        format!("  cd {}\n", folder.display())
    };
    out::result(&format!(
        "next:\n{enter}  kiln plan         # what would be built\n\
         \x20 kiln show hello   # what the recipe says, with every value in place\n\
         \x20 kiln doctor       # is there a builder?\n\
         \x20 kiln build hello  # both variants, on both platforms"
    ));
    Ok(Exit::Done)
}
