//! Texts with a grammar of their own: paths, modes, owners, ports, times, checksums.

use std::path::{Component, Path};

use super::reader::{Reader, Text};
use crate::recipe::steps::{Mode, Owner};
use crate::text::Spanned;

/// A path in the workspace, from one written in a file: relative to that file's folder, or with a
/// leading `/` to the workspace root. A trailing `/` is kept.
pub(crate) fn workspace_path(folder: &str, written: &str) -> Result<String, String> {
    if written.is_empty() {
        return Err("the path is empty".into());
    }
    if let [drive, b':', b'\\' | b'/', ..] = written.as_bytes()
        && drive.is_ascii_alphabetic()
    {
        return Err(format!(
            "`{written}` is a path of Windows; write it from this file's folder, with `/`"
        ));
    }
    let joined = match written.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if folder.is_empty() => written.to_owned(),
        None => format!("{folder}/{written}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in Path::new(&joined).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_str().unwrap_or_default()),
            Component::ParentDir => {
                if parts.pop().is_none() {
                    return Err(format!("`{written}` leaves the workspace"));
                }
            }
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    let mut path = parts.join("/");
    if written.ends_with('/') && !path.is_empty() {
        path.push('/');
    }
    Ok(path)
}

/// `user`, `uid` or `uid:gid`.
pub(crate) fn owner(text: &str) -> Result<Owner, String> {
    let bad = || format!("`{text}` is no owner; write `user`, `uid` or `uid:gid`");
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    match text.split_once(':') {
        Some((user, group)) if is_number(user) && is_number(group) => Ok(Owner::Ids(
            user.parse().map_err(|_| bad())?,
            group.parse().map_err(|_| bad())?,
        )),
        None if is_number(text) => {
            let id = text.parse().map_err(|_| bad())?;
            Ok(Owner::Ids(id, id))
        }
        None if is_account(text) => Ok(Owner::Name(text.to_owned())),
        _ => Err(bad()),
    }
}

fn is_account(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// A user as containers are started with: any of the owner's forms, and `user:group`.
pub(crate) fn user(text: &str) -> Result<String, String> {
    let fits = |part: &str| {
        is_account(part) || (!part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() <= 2 && parts.iter().all(|part| fits(part)) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "`{text}` is no user; write `user`, `uid`, `user:group` or `uid:gid`"
    ))
}

/// `"0755"`, or chmod's `u=rwX,go=rX`.
pub(crate) fn mode(text: &str) -> Result<Mode, String> {
    let bad = || format!("`{text}` is no mode; write \"0755\" or chmod's `u=rwX,go=rX`");
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return match u32::from_str_radix(text, 8) {
            Ok(bits) if bits <= 0o7777 && text.len() >= 3 => Ok(Mode::Octal(bits)),
            _ => Err(bad()),
        };
    }
    let clause = |clause: &str| {
        let Some(at) = clause.find(['=', '+', '-']) else {
            return false;
        };
        let (who, what) = clause.split_at(at);
        who.chars().all(|c| "ugoa".contains(c)) && what[1..].chars().all(|c| "rwxXst".contains(c))
    };
    if !text.is_empty() && text.split(',').all(clause) {
        Ok(Mode::Symbolic(text.to_owned()))
    } else {
        Err(bad())
    }
}

/// `30s`, `1m30s`, `500ms`: nanoseconds.
pub(crate) fn duration(text: &str) -> Result<i64, String> {
    let bad = || format!("`{text}` is no duration; write `30s`, `1m30s` or `500ms`");
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
        let count: i64 = rest[..digits].parse().map_err(|_| bad())?;
        rest = &rest[digits..];
        let unit = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let nanoseconds: i64 = match &rest[..unit] {
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(bad()),
        };
        total = count
            .checked_mul(nanoseconds)
            .and_then(|n| total.checked_add(n))
            .ok_or_else(bad)?;
        rest = &rest[unit..];
    }
    if total == 0 { Err(bad()) } else { Ok(total) }
}

/// `8080`, `53/udp`, `10205-10300`: each port as the image configuration writes it.
pub(crate) fn ports(text: &str) -> Result<Vec<String>, String> {
    let bad = || format!("`{text}` is no port; write `8080`, `53/udp` or `10205-10300`");
    let (range, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    if !matches!(protocol, "tcp" | "udp" | "sctp") {
        return Err(bad());
    }
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let first: u16 = first.parse().map_err(|_| bad())?;
    let last: u16 = last.parse().map_err(|_| bad())?;
    if first == 0 || last < first {
        return Err(bad());
    }
    Ok((first..=last)
        .map(|port| format!("{port}/{protocol}"))
        .collect())
}

/// 64 hexadecimal digits, with or without `sha256:` before them.
pub(crate) fn sha256(text: &str) -> Result<String, String> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text);
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if hex.len() == 64 && hex.bytes().all(is_hex) {
        return Ok(hex.to_owned());
    }
    Err(format!(
        "`{text}` is no sha256 checksum: 64 hexadecimal digits in lower case"
    ))
}

/// An `http://` or `https://` URL without credentials.
pub(crate) fn url(text: &str) -> Result<String, String> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))
        .ok_or_else(|| format!("`{text}` is no URL; it begins with https:// or http://"))?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() || text.contains(char::is_whitespace) {
        return Err(format!("`{text}` is no URL"));
    }
    if host.contains('@') {
        return Err(
            "a URL with credentials would stay in the image's history; use a secret".into(),
        );
    }
    Ok(text.to_owned())
}

/// What an expression may yield in shell text: nothing that a shell gives a meaning to.
pub(crate) fn shell_safe(value: &str) -> Result<(), String> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_.,:/@%+=-".contains(c);
    match value.chars().find(|&c| !safe(c)) {
        None => Ok(()),
        Some(c) => {
            let what = if c.is_whitespace() {
                "a blank".into()
            } else {
                format!("`{c}`")
            };
            Err(format!(
                "{what} is shell syntax here; pass it with `env`, or write `run` as a list"
            ))
        }
    }
}

/// A written value of `env`: `$$` is one `$`, and one that another tool would expand is refused.
pub(crate) fn env_literal(text: &str) -> Result<String, String> {
    let mut value = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        value.push_str(&rest[..=at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('$') {
            rest = behind;
        } else if rest.starts_with("{{") {
            // It was written `$${{`, which the template has made one dollar.
        } else if rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '{') {
            return Err(unexpanded(&value, rest));
        }
    }
    value.push_str(rest);
    Ok(value)
}

/// The error for a `$` that a shell would expand, with what was probably meant: a list such as `PATH` made
/// longer, or a dollar.
fn unexpanded(before: &str, behind: &str) -> String {
    let braced = behind.strip_prefix('{').unwrap_or(behind);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = braced.find(|c| !fits(c)).unwrap_or(braced.len());
    let (name, rest) = braced.split_at(end);
    let rest = rest.strip_prefix('}').unwrap_or(rest);
    let advice = match (before.strip_suffix(":$"), rest.strip_prefix(':')) {
        (Some(first), _) if rest.is_empty() => format!("write {name}: {{prepend: {first}}}"),
        (_, Some(last)) if before == "$" => format!("write {name}: {{append: {last}}}"),
        _ => "write what it stands for, or `$$` for a dollar".to_owned(),
    };
    format!("${name} is not expanded in `env`; {advice}")
}

impl Reader<'_> {
    /// A path in the workspace, resolved from the file it is written in.
    pub(crate) fn workspace_path(&mut self, text: Text) -> Option<Spanned<String>> {
        let source = text.place.source.clone();
        self.convert(text, |written| workspace_path(source.folder(), written))
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, mode, owner, ports, shell_safe, url, workspace_path};
    use crate::recipe::steps::{Mode, Owner};

    #[test]
    fn a_path_stays_in_the_workspace_and_keeps_its_slash() {
        for (folder, written, expected) in [
            ("recipes/ai", "app/", Ok("recipes/ai/app/")),
            ("recipes/ai", "/common/x", Ok("common/x")),
            ("recipes/ai", "../b/한.txt", Ok("recipes/b/한.txt")),
            ("", "./a/./b", Ok("a/b")),
            ("recipes", "../../etc", Err(())),
            ("recipes", "/../etc", Err(())),
            ("recipes", "", Err(())),
        ] {
            let found = workspace_path(folder, written);
            assert_eq!(
                found.as_deref().map_err(|_| ()),
                expected,
                "{folder} {written}"
            );
        }
    }

    #[test]
    fn grammars_take_their_forms_and_nothing_else() {
        assert_eq!(mode("0755"), Ok(Mode::Octal(0o755)));
        assert_eq!(
            mode("u=rwX,go=rX"),
            Ok(Mode::Symbolic("u=rwX,go=rX".into()))
        );
        for bad in ["9", "0999", "rwx", "u~x", ""] {
            assert!(mode(bad).is_err(), "{bad}");
        }
        assert_eq!(owner("1000:100"), Ok(Owner::Ids(1000, 100)));
        assert_eq!(owner("work"), Ok(Owner::Name("work".into())));
        assert!(owner("a:b").is_err() && owner("한").is_err());
        assert_eq!(duration("1m30s"), Ok(90_000_000_000));
        assert!(duration("30").is_err() && duration("s").is_err() && duration("0s").is_err());
        assert_eq!(ports("53/udp").unwrap(), ["53/udp"]);
        assert_eq!(ports("10-12").unwrap().len(), 3);
        assert!(ports("0").is_err() && ports("70000").is_err() && ports("9-1").is_err());
        assert!(url("ftp://x").is_err() && url("https://u:p@x/").is_err());
        assert!(shell_safe("cu12.4_x/y:z@1%+=-").is_ok());
        assert!(shell_safe("a b").unwrap_err().contains("a blank"));
    }
}
