//! Which images a command line means.

use crate::diagnostic::nearest;
use crate::recipe::Image;

/// `NAME` (all variants of a recipe) or `REPOSITORY:TAG`, each with `*` and `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    text: String,
}

/// A selector that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no image is called `{selector}`{}", hint(.near.as_deref(), .known))]
pub struct SelectorError {
    /// As written.
    pub selector: String,
    /// What was probably meant.
    pub near: Option<String>,
    /// Recipe names there are.
    pub known: Vec<String>,
}

fn hint(near: Option<&str>, known: &[String]) -> String {
    match near {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => "; the workspace has no recipe".to_owned(),
        None => format!("; there are {}", known.join(", ")),
    }
}

impl Selector {
    /// A selector as written.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into() }
    }

    /// Whether an image is meant.
    pub fn matches(&self, image: &Image) -> bool {
        if glob(&self.text, &image.recipe.value) {
            return true;
        }
        image.tags.iter().any(|tag| {
            glob(
                &self.text,
                &format!("{}:{}", image.repository.value, tag.value),
            )
        })
    }

    /// The error for a selector that matches none of these images.
    pub fn unknown(&self, images: &[Image]) -> SelectorError {
        let mut known: Vec<String> = images
            .iter()
            .map(|image| image.recipe.value.clone())
            .collect();
        known.dedup();
        let names: Vec<String> = images
            .iter()
            .map(Image::name)
            .chain(known.clone())
            .collect();
        let near = nearest(&self.text, names.iter().map(String::as_str)).map(str::to_owned);
        SelectorError {
            selector: self.text.clone(),
            near,
            known,
        }
    }
}

/// `*` is any text, `?` any one character.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    t = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::glob;

    #[test]
    fn globs_match_whole_names() {
        for (pattern, text, fits) in [
            ("ai-*", "ai-base", true),
            ("*:cpu", "cerebral/ai-base:cpu", true),
            ("ai", "ai-base", false),
            ("a?-b*e", "ai-base", true),
            ("*", "", true),
            ("한*", "한국", true),
            ("*a*b", "xaxbx", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
