//! The order of versions.

use std::cmp::Ordering;

/// Compares dotted pieces from the left: two numbers as numbers, else as text; a missing piece comes
/// first. `2.9 < 2.10`, `2.9 < 2.9.0`. There is no rule for pre-releases.
pub fn version_cmp(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(a), Some(b)) => {
                let order = piece_cmp(a, b);
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

fn piece_cmp(left: &str, right: &str) -> Ordering {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !(is_number(left) && is_number(right)) {
        return left.cmp(right);
    }
    // Numbers of any length compare without a limit: by length first, once the zeros are gone.
    let (a, b) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::version_cmp;
    use std::cmp::Ordering::{Equal, Greater, Less};

    #[test]
    fn pieces_compare_as_numbers_and_a_missing_one_comes_first() {
        for (left, right, order) in [
            ("2.9", "2.10", Less),
            ("2.9", "2.9.0", Less),
            ("24.12", "25.03", Less),
            ("2.5.1", "2.5.1", Equal),
            ("2.0-rc0", "2.0", Greater),
            ("99999999999999999999999", "3", Greater),
            ("007", "7", Equal),
            ("", "0", Less),
        ] {
            assert_eq!(version_cmp(left, right), order, "{left} {right}");
            assert_eq!(version_cmp(right, left), order.reverse(), "{right} {left}");
        }
    }
}
