//! As much of the shell's language as lint understands: commands one after the other, each a list of words.
//!
//! Everything else, such as pipes, redirections, loops and comments, is not guessed at.

use std::iter::Peekable;
use std::str::CharIndices;

/// A word of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// What it says, without quotes; an expression of the recipe stands in it as it is written.
    pub(super) text: String,
    /// Whether it means just that: no variable, no glob, no escape.
    pub(super) literal: bool,
}

impl Word {
    /// A word that means what it says.
    pub(super) fn literal(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            literal: true,
        }
    }
}

/// The commands of a script that runs one after the other; nothing for one that does anything else.
pub(super) fn commands(script: &str) -> Option<Vec<Vec<Word>>> {
    let mut reader = Reader {
        text: script,
        rest: script.char_indices().peekable(),
        commands: Vec::new(),
        words: Vec::new(),
        word: None,
    };
    reader.read()?;
    Some(reader.commands)
}

struct Reader<'a> {
    text: &'a str,
    rest: Peekable<CharIndices<'a>>,
    commands: Vec<Vec<Word>>,
    words: Vec<Word>,
    word: Option<Word>,
}

impl Reader<'_> {
    fn read(&mut self) -> Option<()> {
        while let Some((at, c)) = self.rest.next() {
            match c {
                '\n' | ';' => {
                    self.command();
                }
                '&' => {
                    let twice = self.rest.next_if(|(_, c)| *c == '&').is_some();
                    let led = self.command();
                    // The next command may stand on the next line.
                    while self.rest.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                    if !twice || !led || self.rest.peek().is_none() {
                        return None;
                    }
                }
                '\\' => match self.rest.next() {
                    Some((_, '\n')) => {}
                    Some((_, c)) => self.push(c, false),
                    None => return None,
                },
                c if c.is_whitespace() => self.end_of_word(),
                '|' | '<' | '>' | '(' | ')' | '`' => return None,
                '#' | '!' if self.word.is_none() => return None,
                '\'' => self.single()?,
                '"' => self.double()?,
                '$' => self.dollar(at)?,
                // A home folder, but only at the start.
                '~' if self.word.is_none() => self.push('~', false),
                c => self.push(c, !"*?{}".contains(c)),
            }
        }
        self.command();
        Some(())
    }

    fn push(&mut self, c: char, literal: bool) {
        let word = self.word.get_or_insert_with(|| Word::literal(""));
        word.text.push(c);
        word.literal &= literal;
    }

    fn end_of_word(&mut self) {
        self.words.extend(self.word.take());
    }

    /// Ends the command; false where there was none.
    fn command(&mut self) -> bool {
        self.end_of_word();
        if self.words.is_empty() {
            return false;
        }
        self.commands.push(std::mem::take(&mut self.words));
        true
    }

    fn single(&mut self) -> Option<()> {
        self.word.get_or_insert_with(|| Word::literal(""));
        loop {
            match self.rest.next()? {
                (_, '\'') => return Some(()),
                (_, c) => self.push(c, true),
            }
        }
    }

    fn double(&mut self) -> Option<()> {
        self.word.get_or_insert_with(|| Word::literal(""));
        loop {
            match self.rest.next()? {
                (_, '"') => return Some(()),
                (_, '`') => return None,
                (at, '$') => self.dollar(at)?,
                (_, c) => self.push(c, c != '\\'),
            }
        }
    }

    /// An expression of the recipe, or something of the shell's.
    fn dollar(&mut self, at: usize) -> Option<()> {
        let rest = &self.text[at..];
        if rest.starts_with("$(") {
            return None;
        }
        if !rest.starts_with("${{") {
            self.push('$', false);
            return Some(());
        }
        let end = rest.find("}}")? + "}}".len();
        let word = self.word.get_or_insert_with(|| Word::literal(""));
        word.text.push_str(&rest[..end]);
        while self.rest.next_if(|(next, _)| *next < at + end).is_some() {}
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    /// Commands joined by `;`, their words by `·`; words that mean something else in brackets.
    fn shown(script: &str) -> Option<String> {
        let commands = commands(script)?;
        let commands = commands.iter().map(|words| {
            let words = words.iter().map(|word| {
                if word.literal {
                    word.text.clone()
                } else {
                    format!("[{}]", word.text)
                }
            });
            words.collect::<Vec<_>>().join("·")
        });
        Some(commands.collect::<Vec<_>>().join(";"))
    }

    #[test]
    fn commands_one_after_the_other_are_told_apart_word_by_word() {
        for (script, expected) in [
            (
                "apt-get update && apt-get install -y 한",
                "apt-get·update;apt-get·install·-y·한",
            ),
            ("a \\\n  b\n\nc; d &&\n  e\n", "a·b;c;d;e"),
            (
                "pip install 'x>=1,<2' \"y[z]\"==1",
                "pip·install·x>=1,<2·y[z]==1",
            ),
            ("x==${{ v | f }} \"${{ a }}b\"", "x==${{ v | f }}·${{ a }}b"),
            (
                "rm -rf /a/* ~/b~ c~ $HOME \"$x\" a\\ b",
                "rm·-rf·[/a/*]·[~/b~]·c~·[$HOME]·[$x]·[a b]",
            ),
            ("a '' b#c", "a··b#c"),
        ] {
            assert_eq!(shown(script).as_deref(), Some(expected), "{script}");
        }
    }

    #[test]
    fn what_does_anything_else_is_not_read() {
        for script in [
            "a | b",
            "a || b",
            "a > b",
            "a < b",
            "a &",
            "a & b",
            "(a)",
            "a `b`",
            "a $(b)",
            "a \"$(b)\"",
            "a # 주석",
            "# 주석\na",
            "! a",
            "a 'b",
            "a \"b",
            "&& a",
            "a &&",
            "a; && b",
            "a \\",
            "${{ a",
        ] {
            assert_eq!(shown(script), None, "{script}");
        }
    }
}
