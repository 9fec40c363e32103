//! `apt-get install` and what usually stands around it.

use super::{Installs, Typed, without_expressions};
use crate::lint::shell::Word;

/// What an `apt` step says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::lint) struct Apt {
    pub(in crate::lint) install: Vec<String>,
    pub(in crate::lint) recommends: bool,
    pub(in crate::lint) upgrade: bool,
}

/// Reads the words behind `apt-get`.
pub(super) fn read(words: &[Word], all: &mut Installs) -> Option<()> {
    let mut apt = Apt {
        recommends: true,
        ..Apt::default()
    };
    let is_option = |word: &&Word| word.text.starts_with('-');
    let verb = words.iter().find(|word| !is_option(word))?;
    let names = words.iter().skip_while(is_option).skip(1);
    let options = words.iter().filter(is_option);
    let names: Vec<&Word> = names.filter(|word| !is_option(word)).collect();
    for option in options {
        match option.text.as_str() {
            "--no-install-recommends" => apt.recommends = false,
            "--install-recommends" => apt.recommends = true,
            text if is_said_anyway(text) => {}
            text => all.unclear(text),
        }
    }
    let alone = names.is_empty();
    match verb.text.as_str() {
        "update" if alone => all.fresh = true,
        "clean" | "autoclean" if alone => {}
        "upgrade" if alone && all.typed.is_empty() => all.upgrade = true,
        "upgrade" if alone => all.unclear("upgrade"),
        "install" if !alone => {
            for name in names {
                if !(name.literal && is_package(&name.text)) {
                    all.unclear(&name.text);
                }
                apt.install.push(name.text.clone());
            }
            apt.upgrade = all.upgrade && all.typed.is_empty();
            all.typed.push(Typed::Apt(apt));
        }
        _ => return None,
    }
    Some(())
}

/// Options of every call of an `apt` step, and such that only ask for fewer words.
fn is_said_anyway(option: &str) -> bool {
    let letters = option.strip_prefix('-').unwrap_or_default();
    matches!(
        option,
        "--yes" | "--assume-yes" | "--quiet" | "--no-install-suggests"
    ) || (!letters.is_empty() && letters.chars().all(|c| "yq".contains(c)))
}

/// Whether a word is the name of a package, with architecture, version or release at most.
fn is_package(text: &str) -> bool {
    let plain = without_expressions(text);
    let fits = |c: char| c.is_ascii_alphanumeric() || "+-.:=~_/".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && plain.chars().all(fits)
        && !plain.ends_with(['-', '/', '=', ':'])
        && std::path::Path::new(&plain).extension() != Some("deb".as_ref())
}
