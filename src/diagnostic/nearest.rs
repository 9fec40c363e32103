//! What a misspelt word was probably meant to be.
//!
//! The words come from files that others wrote, so a comparison has a bound: long words are not
//! compared at all, and of two words only the part of the table that can decide is filled in.

/// The longest word that is compared, in characters: no key or name of the language comes near it.
const MAX_LETTERS: usize = 64;
/// The most changes between a word and what it was meant to be.
const MAX_CHANGES: usize = 5;
/// How many candidates of a fitting length are looked at.
const MAX_CANDIDATES: usize = 256;

/// The candidate that a misspelt word most likely stands for: at most a third of its letters apart.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = letters(word)?;
    let limit = (word.len() / 3).clamp(1, MAX_CHANGES);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((letters(candidate)?, candidate)))
        .filter(|(letters, _)| letters.len().abs_diff(word.len()) <= limit)
        .take(MAX_CANDIDATES)
        .filter_map(|(letters, candidate)| Some((distance(&word, &letters, limit)?, candidate)))
        .min()
        .map(|(_, candidate)| candidate)
}

/// A word's characters in lower case; nothing for one that is too long to be a mistake in typing.
fn letters(word: &str) -> Option<Vec<char>> {
    // Four bytes are the most that a character has; the first look costs no walk.
    if word.len() > MAX_LETTERS * 4 {
        return None;
    }
    let letters: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    (letters.len() <= MAX_LETTERS).then_some(letters)
}

/// Optimal string alignment distance (insert, delete, replace, swap of neighbours), or nothing where
/// it is above a limit. Cells further than the limit from the diagonal cannot be part of the answer.
fn distance(left: &[char], right: &[char], limit: usize) -> Option<usize> {
    let far = limit + 1;
    let mut earlier = vec![far; right.len() + 1];
    let mut above: Vec<usize> = (0..=right.len()).map(|j| j.min(far)).collect();
    let mut row = vec![far; right.len() + 1];
    for (i, a) in left.iter().enumerate() {
        let first = (i + 1).saturating_sub(limit);
        let last = (i + 1 + limit).min(right.len());
        row.fill(far);
        if first == 0 {
            row[0] = i + 1;
        }
        let mut least = row[0];
        for j in first.max(1)..=last {
            let b = right[j - 1];
            let change = above[j - 1] + usize::from(*a != b);
            let mut best = change.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 0 && j > 1 && *a == right[j - 2] && left[i - 1] == b {
                best = best.min(earlier[j - 2] + 1);
            }
            row[j] = best.min(far);
            least = least.min(row[j]);
        }
        // A swap reaches back two rows, so one row without hope is not enough to give up.
        if least > limit && above.iter().all(|&cell| cell > limit) {
            return None;
        }
        std::mem::swap(&mut earlier, &mut above);
        std::mem::swap(&mut above, &mut row);
    }
    Some(above[right.len()]).filter(|&distance| distance <= limit)
}

#[cfg(test)]
mod tests {
    use super::{distance, nearest};

    #[test]
    fn the_nearest_key_is_found_across_a_swap_and_a_missing_letter() {
        let keys = ["install", "remove", "options"];
        assert_eq!(nearest("instal", keys), Some("install"));
        assert_eq!(nearest("optoins", keys), Some("options"));
        assert_eq!(nearest("Remvoe", keys), Some("remove"));
        assert_eq!(nearest("zebra", keys), None);
        assert_eq!(nearest("이름들", ["이름을", "값"]), Some("이름을"));
    }

    #[test]
    fn a_word_of_a_megabyte_is_nobodys_mistake_in_typing() {
        let long = "a".repeat(1 << 20);
        assert_eq!(nearest(&long, ["install", long.as_str()]), None);
        assert_eq!(
            nearest("install", [long.as_str(), "instal"]),
            Some("instal")
        );
    }

    /// The whole table, without a limit.
    fn plain(left: &[char], right: &[char]) -> usize {
        let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
        for (i, a) in left.iter().enumerate() {
            let mut row = vec![i + 1];
            for (j, b) in right.iter().enumerate() {
                let change = rows[i][j] + usize::from(a != b);
                let mut best = change.min(rows[i][j + 1] + 1).min(row[j] + 1);
                if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                    best = best.min(rows[i - 1][j - 1] + 1);
                }
                row.push(best);
            }
            rows.push(row);
        }
        rows[left.len()][right.len()]
    }

    #[test]
    fn the_limit_changes_nothing_but_what_is_above_it() {
        // All words of up to four letters of two kinds.
        let words: Vec<Vec<char>> = (0..31_u32)
            .map(|n| format!("{:b}", n + 1).chars().skip(1).collect())
            .collect();
        for left in &words {
            for right in &words {
                for limit in 1..4 {
                    let whole = plain(left, right);
                    let expected = Some(whole).filter(|&d| d <= limit);
                    assert_eq!(distance(left, right, limit), expected, "{left:?} {right:?}");
                }
            }
        }
    }
}
