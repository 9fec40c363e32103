//! What the displays show.

use jiff::Timestamp;
use proptest::prelude::*;

use super::frame::{Size, frame, one};
use super::plain::{Plain, lasting};
use super::samples::{at, every_kind, finish, name, planned, start, step, text, tree};
use super::screen::Screen;
use super::tree::Tree;
use super::{Progress, rawjson};
use crate::cli::render::words::columns;
use crate::config::Config;
use crate::ops::build::{LegOutcomeKind, StepState};

fn size(columns: usize, rows: usize) -> Size {
    Size { columns, rows }
}

#[test]
fn frames_of_1_6_and_60_legs_at_80_and_200_columns() {
    for legs in [1, 6, 60] {
        for columns in [80, 200] {
            let lines = frame(&tree(legs), size(columns, 24), at(72));
            insta::assert_snapshot!(format!("frame_{legs}_{columns}"), text(&lines));
        }
    }
}

#[test]
fn more_legs_than_rows_leave_those_that_run_then_those_that_failed_and_a_count() {
    let lines = frame(&tree(20), size(120, 13), at(72));
    insta::assert_snapshot!(text(&lines));
}

#[test]
fn without_colours_every_state_is_a_word() {
    let shown = text(&frame(&tree(8), size(80, 24), at(72)));
    for word in ["waiting", "✓ built", "✗ failed: ", "– skipped: ", "● apt "] {
        assert!(shown.contains(word), "{word} is missing:\n{shown}");
    }
}

#[test]
fn a_name_that_steers_terminals_is_shown_without_that() {
    let mut tree = Tree::default();
    let leg = name("a\x1b[2J:1", "linux/amd64");
    tree.apply(planned([leg.clone()]), at(0));
    tree.apply(start(&leg, false), at(0));
    tree.apply(
        step(&leg, "run \x1b]0;x\x07größe\u{9b}1A", StepState::Started),
        at(0),
    );
    let shown = text(&frame(&tree, size(80, 24), at(0)));
    assert!(
        shown.starts_with("a:1 ─ linux/amd64 ● run größe1A"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn no_frame_is_larger_than_its_terminal(
        legs in 0usize..40, columns_ in 1usize..220, rows in 2usize..40, image in "\\PC{1,60}"
    ) {
        let mut tree = tree(legs);
        if let Some(row) = tree.rows.first_mut() {
            row.name.image = image;
        }
        let lines = frame(&tree, size(columns_, rows), at(7200));
        prop_assert!(lines.len() < rows.max(2));
        for line in &lines {
            let mut free = 0;
            for cell in &line.cells {
                prop_assert!(cell.column >= free, "{line:?}");
                free = cell.column + cell.pieces.iter().map(|(_, text)| columns(text)).sum::<usize>();
            }
            prop_assert!(free <= columns_, "{line:?}");
        }
    }
}

/// A terminal that keeps what scrolls out, and the text of all its rows.
struct Terminal(vt100::Parser);

impl Terminal {
    fn new(columns: u16, rows: u16) -> Self {
        Self(vt100::Parser::new(rows, columns, 500))
    }

    /// As a terminal gets it: with a carriage return before every line feed.
    fn write(&mut self, bytes: &str) {
        self.0.process(bytes.replace('\n', "\r\n").as_bytes());
    }

    fn all(&mut self) -> String {
        let screen = self.0.screen_mut();
        screen.set_scrollback(usize::MAX);
        let kept = screen.scrollback();
        let mut lines = Vec::new();
        for back in (1..=kept).rev() {
            screen.set_scrollback(back);
            lines.extend(screen.rows(0, 400).next());
        }
        screen.set_scrollback(0);
        lines.extend(screen.rows(0, 400));
        lines
            .iter()
            .map(|line| line.trim_end())
            .collect::<Vec<_>>()
            .join("\n")
            .trim_end()
            .to_owned()
    }
}

#[test]
fn a_frame_replaces_the_one_before_and_talk_stands_above_it() {
    let size = size(80, 10);
    let mut terminal = Terminal::new(80, 10);
    terminal.write("$ kiln build\n");
    let mut screen = Screen::new(true);
    let big = frame(&tree(6), size, at(10));
    let small = frame(&tree(1), size, at(11));
    for lines in [&small, &big, &big, &small] {
        let bytes = screen.next(&[], lines, size);
        terminal.write(&bytes);
    }
    assert_eq!(terminal.all(), format!("$ kiln build\n{}", text(&small)));
    let long = format!("\x1b[33m{}\x1b[0m", "길이".repeat(30));
    let bytes = screen.next(&[long, "zwei\nZeilen\x1b[2J".to_owned()], &big, size);
    terminal.write(&bytes);
    let wrapped = format!("{}\n{}", "길이".repeat(20), "길이".repeat(10));
    let expected = format!("$ kiln build\n{wrapped}\nzwei\nZeilen[2J\n{}", text(&big));
    assert_eq!(terminal.all(), expected);
    let screen = terminal.0.screen();
    assert_eq!(
        screen.cursor_position().1,
        0,
        "the cursor is at the start of a row"
    );
    assert!(!screen.hide_cursor());
}

#[test]
fn what_did_not_change_is_not_written_again() {
    let size = size(80, 24);
    let mut screen = Screen::new(false);
    let lines = frame(&tree(6), size, at(10));
    assert!(screen.next(&[], &lines, size).contains("cerebral/ai-base"));
    assert_eq!(screen.next(&[], &lines, size), "");
    let later = screen.next(&[], &frame(&tree(6), size, at(11)), size);
    assert!(
        later.contains("11.0 s") && !later.contains("✓ built"),
        "{later:?}"
    );
}

#[test]
fn after_a_resize_everything_is_drawn_for_the_new_size() {
    let mut screen = Screen::new(false);
    let mut terminal = Terminal::new(100, 24);
    let (wide, narrow) = (size(100, 24), size(60, 24));
    terminal.write(&screen.next(&[], &frame(&tree(6), wide, at(10)), wide));
    terminal.0.screen_mut().set_size(24, 60);
    let lines = frame(&tree(6), narrow, at(10));
    terminal.write(&screen.next(&[], &lines, narrow));
    assert_eq!(terminal.all(), text(&lines));
}

#[test]
fn colours_are_written_where_there_are_some_and_words_are_the_same() {
    let size = size(80, 24);
    let lines = frame(&tree(8), size, at(10));
    let coloured = Screen::new(true).next(&["\x1b[31mrot\x1b[0m".to_owned()], &lines, size);
    let bare = Screen::new(false).next(&["\x1b[31mrot\x1b[0m".to_owned()], &lines, size);
    let styles = |text: &str| text.matches("\x1b[32m").count() + text.matches("\x1b[31m").count();
    assert!(styles(&coloured) > 1);
    assert!(!bare.contains("\x1b[0m") && styles(&bare) == 0, "{bare:?}");
    let shown = |bytes: &str| {
        let mut terminal = Terminal::new(80, 24);
        terminal.write(bytes);
        terminal.all()
    };
    assert_eq!(shown(&coloured), shown(&bare));
}

#[test]
fn a_built_leg_that_has_no_row_any_more_is_a_line_above() {
    let mut tree = tree(60);
    let leg = tree.rows[0].name.clone();
    let built = tree.apply(finish(&leg, LegOutcomeKind::Built, None), at(20));
    assert_eq!(built, Some(0));
    let line = one(&tree, 0, size(80, 24), at(20)).unwrap();
    let screen = Screen::new(false);
    let shown = text(std::slice::from_ref(&line));
    assert_eq!(screen.above(&line), shown);
    assert!(
        shown.starts_with("cerebral/ai-base:cuda    ─ linux/amd64          ✓ built"),
        "{shown}"
    );
}

#[test]
fn plain_lines_begin_with_image_and_platform_and_have_no_control() {
    let mut plain = Plain::default();
    let lines: Vec<String> = every_kind().iter().map(|event| plain.line(event)).collect();
    let lines = lines.join("\n");
    assert!(!lines.chars().any(|c| c.is_control() && c != '\n'));
    insta::assert_snapshot!(lines);
}

#[test]
fn above_the_display_stands_what_is_no_state_of_a_leg() {
    let lines: Vec<String> = every_kind().iter().filter_map(lasting).collect();
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert_eq!(lines[0], "팀/앱:1 linux/arm64 │ warning: alt");
}

#[test]
fn every_event_is_one_json_object_on_one_line() {
    let time: Timestamp = "2026-11-21T09:05:01.25Z".parse().unwrap();
    let events = every_kind();
    let mut lines: Vec<String> = events
        .iter()
        .map(|event| rawjson::line(event, time))
        .collect();
    lines.push(rawjson::message("\x1b[31merror\x1b[0m: größer\nals", time));
    for line in &lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&value["version"], &value["time"]),
            (&1.into(), &"2026-11-21T09:05:01.250Z".into())
        );
        assert!(!line.chars().any(char::is_control), "{line}");
    }
    let log: serde_json::Value = serde_json::from_str(&lines[4]).unwrap();
    assert_eq!(
        log["line"], "\x1b[31mrot\x1b[0m\u{9b}2J\tspäter",
        "programs get the line as it was"
    );
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_page_on_progress_shows_every_event_and_a_frame_as_it_is() {
    let page = include_str!("../../../../docs/progress.md");
    let time = Timestamp::UNIX_EPOCH;
    for event in every_kind() {
        let line: serde_json::Value = serde_json::from_str(&rawjson::line(&event, time)).unwrap();
        let word = line["event"].as_str().unwrap();
        assert!(page.contains(&format!("| `{word}` |")), "{word} is missing");
        for field in line.as_object().unwrap().keys() {
            assert!(page.contains(&format!("`{field}`")), "{field} is missing");
        }
    }
    let shown = text(&frame(&tree(6), size(80, 24), at(72)));
    assert!(
        page.contains(&shown),
        "docs/progress.md lacks this frame:\n{shown}"
    );
}

#[test]
fn auto_draws_on_a_terminal_that_is_not_dumb_and_not_in_ci() {
    let config = |terminal: &str, ci| Config {
        terminal: Some(terminal.to_owned()),
        ci,
        ..Config::default()
    };
    let auto = |terminal, config| Progress::Auto.settle(terminal, &config).unwrap();
    assert_eq!(auto(true, config("xterm", false)), Progress::Tty);
    assert_eq!(auto(true, Config::default()), Progress::Tty);
    assert_eq!(auto(false, config("xterm", false)), Progress::Plain);
    assert_eq!(auto(true, config("dumb", false)), Progress::Plain);
    assert_eq!(auto(true, config("xterm", true)), Progress::Plain);
    let forced = |terminal| Progress::Tty.settle(terminal, &config("xterm", true));
    assert_eq!(forced(true).unwrap(), Progress::Tty);
    assert!(
        forced(false)
            .unwrap_err()
            .to_string()
            .contains("needs a terminal")
    );
}
