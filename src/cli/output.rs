//! `--output`: from its text to where images go.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::ops::OpError;
use crate::ops::build::{ArchiveDest, ByteSink, Output};

const FORMS: &str = "write oci-layout=DIR or type=oci,dest=FILE (`-` is standard output)";

/// An output as it is written on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// A layout in a folder.
    Folder(PathBuf),
    /// An archive in a file.
    File(PathBuf),
    /// An archive on standard output.
    Stdout,
}

/// `oci-layout=DIR`, or the form of buildx: `type=oci,dest=FILE`, with `tar=false` for a folder.
pub(super) fn parse(text: &str) -> Result<Asked, String> {
    if let Some(folder) = text.strip_prefix("oci-layout=") {
        return match folder {
            "" => Err(format!("the output has no folder; {FORMS}")),
            "-" => Err(format!("a folder cannot go to standard output; {FORMS}")),
            _ => Ok(Asked::Folder(PathBuf::from(folder))),
        };
    }
    let (mut kind, mut dest, mut tar) = (None, None, None);
    for part in text.split(',') {
        match part.split_once('=') {
            Some(("type", value)) => kind = Some(value),
            Some(("dest", value)) => dest = Some(value).filter(|value| !value.is_empty()),
            Some(("tar", "true")) => tar = Some(true),
            Some(("tar", "false")) => tar = Some(false),
            _ => return Err(format!("`{part}` is unknown; {FORMS}")),
        }
    }
    let is_tar = match kind {
        Some("oci") => tar.unwrap_or(true),
        Some("oci-layout") => tar.unwrap_or(false),
        Some(kind) => return Err(format!("there is no output of type `{kind}`; {FORMS}")),
        None => return Err(format!("the output has no type; {FORMS}")),
    };
    match dest {
        None => Err(format!("the output has no `dest`; {FORMS}")),
        Some("-") if is_tar => Ok(Asked::Stdout),
        Some("-") => Err(format!("a folder cannot go to standard output; {FORMS}")),
        Some(dest) if is_tar => Ok(Asked::File(PathBuf::from(dest))),
        Some(dest) => Ok(Asked::Folder(PathBuf::from(dest))),
    }
}

/// The outputs of a command whose result is `json` or not.
pub(super) fn outputs(asked: &[Asked], json: bool) -> Result<Vec<Output>, OpError> {
    let streams = asked.contains(&Asked::Stdout);
    if streams && std::io::stdout().is_terminal() {
        return Err(OpError::Usage {
            message: "the archive would be written to the terminal".to_owned(),
            next: Some("redirect standard output, or name a file: dest=FILE".to_owned()),
        });
    }
    if streams && json {
        return Err(OpError::Usage {
            message: "the archive and --format json would both be written to standard output"
                .to_owned(),
            next: Some("name a file: dest=FILE, or use --metadata-file".to_owned()),
        });
    }
    let output = |asked: &Asked| match asked {
        Asked::Folder(folder) => Output::Layout(folder.clone()),
        Asked::File(file) => Output::Archive(ArchiveDest::File(file.clone())),
        Asked::Stdout => Output::Archive(ArchiveDest::Stream(ByteSink::new(std::io::stdout()))),
    };
    Ok(asked.iter().map(output).collect())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{Asked, parse};

    #[test]
    fn an_output_is_a_folder_a_file_or_standard_output() {
        let folder = |path| Ok(Asked::Folder(PathBuf::from(path)));
        let file = |path| Ok(Asked::File(PathBuf::from(path)));
        let rows = [
            ("oci-layout=größe,a=b", folder("größe,a=b")),
            ("type=oci-layout,dest=out", folder("out")),
            ("type=oci,tar=false,dest=out", folder("out")),
            ("type=oci,dest=한글.tar", file("한글.tar")),
            ("dest=a.tar,type=oci", file("a.tar")),
            ("type=oci,dest=-", Ok(Asked::Stdout)),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn other_outputs_are_refused_with_what_can_be_written() {
        let rows = [
            ("out", "`out` is unknown"),
            ("type=docker,dest=x", "there is no output of type `docker`"),
            ("type=oci", "the output has no `dest`"),
            ("type=oci,dest=", "the output has no `dest`"),
            ("dest=x", "the output has no type"),
            ("oci-layout=", "the output has no folder"),
            ("oci-layout=-", "a folder cannot go to standard output"),
            ("type=oci,dest=x,größe=1", "`größe=1` is unknown"),
        ];
        for (text, expected) in rows {
            let error = parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{text}: {error}");
            assert!(error.contains("oci-layout=DIR or type=oci,dest=FILE"));
        }
    }
}
