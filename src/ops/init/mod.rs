//! A first workspace: `kiln.yaml`, a recipe, and the schemas that editors check both with.
//!
//! The schemas are kept in `.kiln/schema/` and are meant to be committed, so that a colleague's editor finds
//! them in a fresh clone; the rest of `.kiln/` is kept out by `.gitignore`. Nothing that is there is
//! overwritten: everything is looked for before anything is written.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::error::OpError;
use crate::schema::{Document, text};
use crate::workspace::FILE_NAME;

const RECIPE: &str = "recipes/hello/recipe.yaml";
const IGNORE: &str = ".gitignore";
/// What keeps kiln's own files out of a checkout, but for the schemas.
const IGNORED: &str =
    "# kiln's own files; its schemas are for editors, and shared.\n/.kiln/*\n!/.kiln/schema/\n";

/// Writes a first workspace into a folder, and says which files it wrote, in order.
pub fn init(folder: &Path) -> Result<Vec<String>, OpError> {
    let mut files = vec![
        (FILE_NAME.to_owned(), include_str!("kiln.yaml").to_owned()),
        (RECIPE.to_owned(), include_str!("recipe.yaml").to_owned()),
    ];
    for document in Document::ALL {
        let path = format!(".kiln/schema/{}.json", document.name());
        files.push((path, format!("{}\n", text(document))));
    }
    let is_there = |path: &&(String, String)| folder.join(&path.0).symlink_metadata().is_ok();
    let there: Vec<&str> = files
        .iter()
        .filter(is_there)
        .map(|(path, _)| path.as_str())
        .collect();
    if !there.is_empty() {
        return Err(OpError::Usage {
            message: format!("`{}` has {} already", folder.display(), there.join(", ")).replacen(
                "`.`",
                "this folder",
                1,
            ),
            next: Some(
                "nothing was written; move this away, or name another folder: kiln init DIR"
                    .to_owned(),
            ),
        });
    }
    let mut written = Vec::new();
    for (path, text) in files {
        write(folder, &path, &text)?;
        written.push(path);
    }
    if ignore(folder)? {
        written.push(IGNORE.to_owned());
    }
    Ok(written)
}

/// Writes a file that is not there, and the folders above it.
fn write(folder: &Path, path: &str, text: &str) -> Result<(), OpError> {
    let full = folder.join(path);
    let failed = |source| failed("write", &full, source);
    if let Some(parent) = full.parent() {
        std::fs::create_dir_all(parent).map_err(failed)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(&full);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(failed)
}

/// Adds what is to be ignored, unless a line speaks of `.kiln` already; says whether it did.
fn ignore(folder: &Path) -> Result<bool, OpError> {
    let path = folder.join(IGNORE);
    let before = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed("read", &path, error)),
    };
    let speaks_of_it = |line: &str| {
        line.trim()
            .trim_start_matches(['!', '/'])
            .starts_with(".kiln")
    };
    if before.lines().any(speaks_of_it) {
        return Ok(false);
    }
    let gap = if before.is_empty() || before.ends_with('\n') {
        ""
    } else {
        "\n"
    };
    let file = OpenOptions::new().append(true).create(true).open(&path);
    let added = file.and_then(|mut file| file.write_all(format!("{gap}{IGNORED}").as_bytes()));
    added.map_err(|error| failed("write", &path, error))?;
    Ok(true)
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> OpError {
    OpError::File {
        action,
        path: path.display().to_string(),
        source,
    }
}
