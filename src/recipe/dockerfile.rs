//! An image that begins with what a Dockerfile makes.

use super::image::Base;
use crate::oci::Reference;
use crate::text::Spanned;

/// What is handed to the builder's Dockerfile frontend. Its result is the base of the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The file, as a path in the workspace.
    pub file: Spanned<String>,
    /// The folder it may copy from, as a path in the workspace; empty for its root.
    pub context: Spanned<String>,
    /// The stage to build; the last one where none is named.
    pub target: Option<Spanned<String>>,
    /// Values of its `ARG`s.
    pub args: Vec<(Spanned<String>, String)>,
    /// `ARG`s that receive the pinned reference of an image.
    pub base_args: Vec<(Spanned<String>, Spanned<Base>)>,
    /// Names of images and stages in the file, in the form the frontend compares, and what stands for them.
    pub contexts: Vec<(Spanned<String>, Spanned<Base>)>,
    /// Ids of secrets that it may mount, and whether each is required.
    pub secrets: Vec<(String, bool)>,
    /// Ids of ssh agents that it may mount.
    pub ssh: Vec<String>,
}

impl Base {
    /// The images that a Dockerfile is given; nothing for any other base.
    pub fn given(&self) -> impl Iterator<Item = &Spanned<Base>> {
        let dockerfile = match self {
            Base::Dockerfile(dockerfile) => Some(dockerfile),
            _ => None,
        };
        dockerfile.into_iter().flat_map(|it| {
            let all = it.base_args.iter().chain(&it.contexts);
            all.map(|(_, base)| base)
        })
    }
}

/// A name as the frontend compares it with what follows `FROM` and `--from=`: without Docker Hub's host, and
/// without the tag that is meant where none is written.
pub fn name_in_file(text: &str) -> Result<String, String> {
    let reference: Reference = text.parse().map_err(|error| format!("{error}"))?;
    let full = reference.to_string();
    let familiar = full.strip_prefix("docker.io/").unwrap_or(&full);
    let familiar = familiar.strip_prefix("library/").unwrap_or(familiar);
    Ok(familiar
        .strip_suffix(":latest")
        .unwrap_or(familiar)
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::name_in_file;

    #[test]
    fn a_name_is_compared_in_the_form_of_the_frontend() {
        for (written, compared) in [
            ("python", "python"),
            ("python:latest", "python"),
            ("docker.io/library/python:3.12", "python:3.12"),
            ("team/app", "team/app"),
            ("127.0.0.1:5000/library/x:1", "127.0.0.1:5000/library/x:1"),
        ] {
            assert_eq!(name_in_file(written).as_deref(), Ok(compared), "{written}");
        }
        assert!(name_in_file("größe").is_err());
    }
}
