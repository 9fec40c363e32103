//! Addresses without the passwords in them.

/// An address as it may be shown: whatever stands before an `@` is masked.
pub(super) fn without_password(address: &str) -> String {
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), address),
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}***@{place}"),
        None => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn whatever_stands_before_the_host_is_masked() {
        let rows = [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://größe:p%40ss@proxy:1/", "http://***@proxy:1/"),
            ("http://u:a@b@proxy:1", "http://***@proxy:1"),
            ("u:geheim@proxy:1", "***@proxy:1"),
            ("localhost,.example", "localhost,.example"),
        ];
        for (text, expected) in rows {
            assert_eq!(without_password(text), expected);
        }
    }
}
