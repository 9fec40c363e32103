//! Parser events to [`Node`]s.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span as RawSpan};

use super::{Entry, MAX_DEPTH, Node, NodeKind, Scalar};
use crate::diagnostic::{Finding, Findings};
use crate::text::{Place, SourceFile, Span, Spanned};

/// The largest map in which a key is looked for one by one.
const SMALL_MAP: usize = 32;

/// Stops the reading: the finding is already noted.
struct Stop;

pub(super) fn parse(
    source: &Arc<SourceFile>,
    (max_bytes, max_nodes): (usize, usize),
    findings: &mut Findings,
) -> Option<Node> {
    if source.text().len() > max_bytes {
        let message = format!("the file is larger than {} KiB", max_bytes / 1024);
        findings.error_of("unreadable-file", &Place::file(source), message);
        return None;
    }
    let mut builder = Builder {
        source,
        findings,
        events: Parser::new_from_str(source.text()),
        nodes: 0,
        max_nodes,
        last: Span::default(),
        has_aliases: false,
    };
    let root = builder.document().ok()?;
    (!builder.has_aliases).then_some(root)
}

struct Builder<'a, I> {
    source: &'a Arc<SourceFile>,
    findings: &'a mut Findings,
    events: I,
    nodes: usize,
    max_nodes: usize,
    last: Span,
    /// What an alias stands for is unknown, so nothing more can be said of the file.
    has_aliases: bool,
}

impl<'a, I> Builder<'a, I>
where
    I: Iterator<Item = Result<(Event<'a>, RawSpan), ScanError>>,
{
    fn document(&mut self) -> Result<Node, Stop> {
        let root = loop {
            match self.next()? {
                (Event::StreamStart | Event::DocumentStart(..), _) => {}
                (Event::StreamEnd | Event::DocumentEnd, _) => {
                    let place = Place::file(self.source);
                    self.findings
                        .error_of("yaml-syntax", &place, "the file is empty");
                    return Err(Stop);
                }
                (event, span) => break self.node(event, span, 0)?,
            }
        };
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(root),
                (Event::DocumentEnd, _) => {}
                (_, span) => {
                    let place = Place::new(self.source, span);
                    let message = "a second document begins here; a file holds one";
                    self.findings.error_of("yaml-feature", &place, message);
                    return Err(Stop);
                }
            }
        }
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Stop> {
        match self.events.next() {
            Some(Ok((event, raw))) => {
                let span = raw.byte_range().map_or(self.last, |range| Span {
                    start: range.start,
                    end: range.end,
                });
                self.last = span;
                Ok((event, span))
            }
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, self.last)),
        }
    }

    fn syntax(&mut self, error: &ScanError) -> Stop {
        let start = error.marker().byte_offset().unwrap_or(self.last.end);
        let place = Place::new(self.source, Span { start, end: start });
        let info = error.info();
        if info.contains("unknown anchor") {
            self.not_here(&place, "aliases");
            return Stop;
        }
        if info.contains("recursion limit") {
            return self.too_deep(&place);
        }
        let help = if info.contains("tab") {
            "indent with blanks"
        } else {
            "quote text that holds `: `, ` #`, brackets, or `${{ }}` inside [ ] or { }"
        };
        let message = format!("not valid YAML: {info}");
        self.findings.push(
            Finding::error(&place, message)
                .with_rule("yaml-syntax")
                .with_help(help),
        );
        Stop
    }

    fn too_deep(&mut self, place: &Place) -> Stop {
        let message = format!("lists and maps are nested deeper than {MAX_DEPTH} here");
        self.findings.error_of("yaml-limits", place, message);
        Stop
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Stop> {
        let place = Place::new(self.source, span);
        self.nodes += 1;
        if depth > MAX_DEPTH {
            return Err(self.too_deep(&place));
        }
        if self.nodes > self.max_nodes {
            let message = format!("the file has more than {} values and keys", self.max_nodes);
            self.findings.error_of("yaml-limits", &place, message);
            return Err(Stop);
        }
        self.refuse_sharing(&event, &place);
        let kind = match event {
            Event::Scalar(text, style, ..) => NodeKind::Scalar(Scalar {
                text: text.into_owned(),
                plain: style == ScalarStyle::Plain,
            }),
            Event::SequenceStart(..) => self.list(depth)?,
            Event::MappingStart(..) => self.map(depth)?,
            // An alias has been reported; nothing can be said of its value.
            _ => NodeKind::Scalar(Scalar {
                text: "alias".into(),
                plain: false,
            }),
        };
        Ok(Node { place, kind })
    }

    fn refuse_sharing(&mut self, event: &Event<'_>, place: &Place) {
        let (anchor, tagged) = match event {
            Event::Scalar(_, _, anchor, tag)
            | Event::SequenceStart(_, anchor, tag)
            | Event::MappingStart(_, anchor, tag) => (*anchor, tag.is_some()),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.has_aliases = true;
                self.not_here(place, "aliases");
                return;
            }
            _ => (0, false),
        };
        if anchor != 0 {
            self.not_here(&self.mark_before(place, '&'), "anchors");
        }
        if tagged {
            self.not_here(&self.mark_before(place, '!'), "tags");
        }
    }

    /// The anchor or tag before a value: the parser gives the place of the value only.
    fn mark_before(&self, place: &Place, mark: char) -> Place {
        let before = &self.source.text()[..self.source.clamp(place.span).start];
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let Some(at) = before[line..].rfind(mark) else {
            return place.clone();
        };
        // A tag may begin with two of them.
        let start = line + before[line..=line + at].trim_end_matches(mark).len();
        let end = start + before[start..].trim_end().len();
        Place::new(self.source, Span { start, end })
    }

    fn not_here(&mut self, place: &Place, what: &str) {
        self.findings.push(
            Finding::error(place, format!("{what} are not part of the language"))
                .with_rule("yaml-feature")
                .with_help("share values with `vars`, or files with `extends` and `use`"),
        );
    }

    fn list(&mut self, depth: usize) -> Result<NodeKind, Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(NodeKind::List(items.into())),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<NodeKind, Stop> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut index = BTreeMap::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                return Ok(NodeKind::Map(entries.into()));
            }
            let key = self.node(event, span, depth + 1)?;
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            if let Some(key) = self.key(key, &entries, &mut index) {
                entries.push(Entry { key, value });
            }
        }
    }

    fn key(
        &mut self,
        key: Node,
        earlier: &[Entry],
        index: &mut BTreeMap<String, usize>,
    ) -> Option<Spanned<String>> {
        let NodeKind::Scalar(scalar) = key.kind else {
            self.findings
                .error_of("wrong-type", &key.place, "a key must be a string");
            return None;
        };
        if scalar.plain && scalar.text == "<<" {
            self.not_here(&key.place, "merge keys");
            return None;
        }
        if scalar.text.contains('\0') {
            let message = "a key cannot hold a zero byte";
            self.findings.error_of("wrong-type", &key.place, message);
            return None;
        }
        if let Some(first) = earlier_key(&scalar.text, earlier, index) {
            let message = format!("`{}` stands twice in this map", scalar.text);
            let finding = Finding::error(&key.place, message).with_rule("duplicate-key");
            self.findings
                .push(finding.with_related(&first.key.place, "first here"));
            return None;
        }
        Some(Spanned::new(scalar.text, key.place))
    }
}

/// The entry that has a key already. Maps are small, and comparing costs less than an index; a map that is
/// not gets one.
fn earlier_key<'e>(
    key: &str,
    earlier: &'e [Entry],
    index: &mut BTreeMap<String, usize>,
) -> Option<&'e Entry> {
    if earlier.len() <= SMALL_MAP {
        return earlier.iter().find(|entry| entry.key.value == key);
    }
    for (at, entry) in earlier.iter().enumerate().skip(index.len()) {
        index.insert(entry.key.value.clone(), at);
    }
    index.get(key).and_then(|&at| earlier.get(at))
}
