//! Text for a terminal: words of others without control, and cut by the columns they take.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr;

/// What stands where something was cut out.
const CUT: &str = "…";

/// Columns between two tabulator stops.
const TAB: usize = 8;

/// One line of somebody else's words: escape sequences are taken out, and so is everything else that
/// moves the cursor, turns the direction of writing, or cannot be seen.
pub(in crate::cli) fn clean(text: &str) -> String {
    let bare = anstream::adapter::strip_str(text).to_string();
    let mut clean = String::with_capacity(bare.len());
    for c in bare.chars() {
        match c {
            '\t' => clean.push_str(&" ".repeat(TAB - columns(&clean) % TAB)),
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => clean.push(' '),
            c if c.is_control() || is_invisible(c) => {}
            c => clean.push(c),
        }
    }
    clean
}

/// The same for a text of several lines.
pub(in crate::cli) fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Our own words, which may be coloured, as a terminal may get them: of control, only line ends,
/// tabulators and styles are left.
pub(in crate::cli) fn only_styled(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| !(c.is_control() || is_invisible(c)) || matches!(c, '\n' | '\t');
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(length) = style(rest) {
            kept.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if harmless(c) {
            kept.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    Cow::Owned(kept)
}

/// The length of the style that a text begins with: `ESC [`, digits and semicolons, `m`.
fn style(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\x1b[")?;
    let end = inside.find(|c: char| !(c.is_ascii_digit() || c == ';'))?;
    inside[end..].starts_with('m').then_some(end + 3)
}

/// Marks of direction, with which a text can look like another one, and the byte order mark.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'
            ..='\u{202e}' | '\u{2066}'
            ..='\u{2069}' | '\u{feff}'
    )
}

/// The columns a text takes: two for Korean and for most emoji.
pub(in crate::cli) fn columns(text: &str) -> usize {
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// A text in at most `width` columns, its end cut off. What is one character to a reader stays whole.
pub(in crate::cli) fn cut_end(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    if width == 0 {
        return Cow::Borrowed("");
    }
    Cow::Owned(format!("{}{CUT}", head(text, width - 1)))
}

/// A text in at most `width` columns, its middle cut out: of a name, the end tells most.
pub(in crate::cli) fn cut_middle(text: &str, width: usize) -> Cow<'_, str> {
    if columns(text) <= width {
        return Cow::Borrowed(text);
    }
    if width < 5 {
        return cut_end(text, width);
    }
    let front = head(text, (width - 1) / 2);
    let back = tail(text, width - 1 - columns(front));
    Cow::Owned(format!("{front}{CUT}{back}"))
}

/// The name of an image in at most `width` columns. Its folders go first; of the rest, name and tag
/// each keep their begin and end, because either may be what tells two images apart.
pub(in crate::cli) fn cut_image(image: &str, width: usize) -> Cow<'_, str> {
    if columns(image) <= width {
        return Cow::Borrowed(image);
    }
    let name = image.rsplit_once('/').map_or(image, |(_, name)| name);
    let short = format!("{CUT}/{name}");
    if columns(&short) <= width {
        return Cow::Owned(short);
    }
    let Some((name, tag)) = name.rsplit_once(':') else {
        return Cow::Owned(cut_middle(name, width).into_owned());
    };
    let room = width.saturating_sub(1);
    let for_tag = columns(tag).min((room / 2).max(room.saturating_sub(columns(name))));
    let name = cut_middle(name, room - for_tag.min(room));
    Cow::Owned(format!("{name}:{}", cut_middle(tag, for_tag)))
}

/// A text filled with blanks up to `width` columns.
pub(in crate::cli) fn padded(text: &str, width: usize) -> String {
    let blanks = width.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(blanks))
}

fn head(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        taken += grapheme.width();
        if taken > width {
            return &text[..at];
        }
    }
    text
}

fn tail(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += grapheme.width();
        if taken > width {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{clean, clean_lines, columns, cut_end, cut_image, cut_middle, only_styled, padded};

    #[test]
    fn words_of_others_lose_what_steers_a_terminal() {
        for (text, left) in [
            ("\x1b[31mrot\x1b[0m und \x1b[2Jweg", "rot und weg"),
            ("\x1b]0;Titel\x07größe", "größe"),
            ("\x1b]8;;http://x\x1b\\Wort\x1b]8;;\x1b\\", "Wort"),
            ("a\x08\x08b\x7fc\u{9b}31md", "abc31md"),
            ("ab\u{202e}dc\u{2066}", "abdc"),
            ("eins\r\nzwei", "eins  zwei"),
            ("한\tx", "한      x"),
            ("👩‍💻 한국어", "👩‍💻 한국어"),
        ] {
            assert_eq!(clean(text), left, "{text:?}");
        }
        assert_eq!(clean_lines("a\x1b[1A\nb\x07"), "a\nb");
    }

    #[test]
    fn our_own_words_keep_their_colours_and_nothing_else() {
        let text = "\x1b[1;31merror\x1b[0m: 크기\n\tx";
        assert_eq!(only_styled(text), text);
        assert_eq!(only_styled("a\x1b[2Jb\x1b]0;t\x07c\x1b[3"), "a[2Jb]0;tc[3");
    }

    #[test]
    fn names_are_cut_by_columns_and_never_within_a_character() {
        assert_eq!(cut_end("이미지:태그", 6), "이미…");
        assert_eq!(cut_end("ab", 2), "ab");
        assert_eq!(cut_end("ab", 0), "");
        assert_eq!(
            cut_middle("cerebral/ai-services:latest", 15),
            "cerebra…:latest"
        );
        assert_eq!(cut_middle("팀/아주긴이름:최신", 12), "팀/아…:최신");
        assert_eq!(cut_end("👩‍👩‍👧‍👦👩‍👩‍👧‍👦x", 4), "👩‍👩‍👧‍👦…");
        assert_eq!(padded("이름", 6), "이름  ");
    }

    #[test]
    fn images_that_differ_in_name_or_tag_differ_when_they_are_cut() {
        let cut = |image| cut_image(image, 24).into_owned();
        assert_eq!(cut("team/größe:1"), "team/größe:1");
        assert_eq!(cut("cerebral/services/größe:1"), "…/größe:1");
        let long = [
            "cerebral/services/recommendation-3:2026.11-cuda12",
            "cerebral/services/recommendation-4:2026.11-cuda12",
            "cerebral/services/recommendation-4:2026.11-cuda11",
            "cerebral/services/recommendation-4:1",
            "cerebral/services/x:2026.11-cuda12-ubuntu24.04-x",
        ];
        assert_eq!(
            long.map(cut),
            [
                "recom…tion-3:2026.…uda12",
                "recom…tion-4:2026.…uda12",
                "recom…tion-4:2026.…uda11",
                "…/recommendation-4:1",
                "x:2026.11-cu…untu24.04-x"
            ]
        );
    }

    proptest! {
        #[test]
        fn what_is_cut_fits_and_what_is_clean_has_no_control(text in "\\PC{0,30}|.{0,30}", width in 0usize..40) {
            let text = clean(&text);
            prop_assert!(!text.chars().any(char::is_control));
            prop_assert!(columns(&cut_end(&text, width)) <= width);
            prop_assert!(columns(&cut_middle(&text, width)) <= width);
            prop_assert!(columns(&cut_image(&text, width)) <= width.max(1), "{}", cut_image(&text, width));
        }

        #[test]
        fn whatever_is_said_only_styles_reach_the_terminal(text in "(\x1b|\\[|m|;|[0-9]|\u{9b}|.|\n){0,40}") {
            let kept = only_styled(&text);
            prop_assert_eq!(only_styled(&kept), kept.as_ref());
            let sequences = kept.matches('\x1b').count();
            prop_assert!(sequences <= kept.matches('m').count());
        }
    }
}
