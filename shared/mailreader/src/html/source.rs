//! The tags and texts of HTML, one after another, as the tokenizer of the HTML
//! standard (section 13.2.5) tells them apart; without a tree.

use html5gum::emitters::callback::{Callback, CallbackEmitter, CallbackEvent};
use html5gum::{Error, Span, State, StringReader, Tokenizer};

use crate::limits::TEXT_BYTES;

/// What is between these tags is no text.
const SILENT: [&str; 9] = [
    "script", "style", "title", "iframe", "noembed", "noframes", "template", "select", "object",
];

/// The attributes that matter to the text.
const ATTRIBUTES: [&str; 6] = ["href", "src", "alt", "class", "style", "hidden"];

/// How much is read again, in bytes, where something without an end swallowed the
/// rest: each time may read to the end. Beyond that, what is swallowed stays so.
const READ_AGAIN: usize = 8 * TEXT_BYTES;

/// What a text is made of.
pub(super) enum Token {
    Text(String),
    Open(Tag),
    Close(String),
}

/// A start tag, its character references decoded.
#[derive(Default)]
pub(super) struct Tag {
    pub(super) name: String,
    attributes: Vec<(&'static str, String)>,
}

impl Tag {
    /// The value of one of [`ATTRIBUTES`]; of several, the first.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|(known, _)| *known == name);
        attribute.map(|(_, value)| value.as_str())
    }

    /// Whether it is none: people and programs put addresses in angle brackets.
    fn is_address(&self) -> bool {
        self.name.contains('@')
            || ["http:", "https:", "ftp:", "sftp:", "file:"].contains(&self.name.as_str())
    }

    /// Whether a browser would not show it: the previews that newsletters begin
    /// with, and what Outlook keeps for itself. Elements without an end are left
    /// out, since nothing would end the hiding.
    pub(super) fn is_hidden(&self) -> bool {
        let is_container = matches!(
            self.name.as_str(),
            "div" | "span" | "p" | "table" | "td" | "tr" | "center" | "section"
        );
        let style = self.attribute("style").unwrap_or_default();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        let style = style.to_ascii_lowercase();
        let is_hidden = self.attribute("hidden").is_some()
            || style.contains("display:none")
            || style.contains("mso-hide:all");
        is_container && is_hidden
    }
}

/// The tokens of HTML without what is no text. What has no end, a quote that is
/// never closed or a comment, ends for a browser with the document, and the letter
/// with it; here it ends at its first `>`.
pub(super) struct Source<'a> {
    rest: &'a str,
    events: Tokenizer<StringReader<'a>, CallbackEmitter<Events, Event, usize>>,
    /// Where the last event ended.
    at: usize,
    /// Whether the document ended within a tag.
    is_unfinished: bool,
    /// How much was read again.
    again: usize,
    /// Those of [`SILENT`] that are not known to lack an end.
    silent: Vec<&'static str>,
    /// The silent element that is being read, and where its content begins.
    within: Option<(&'static str, usize)>,
}

impl<'a> Source<'a> {
    pub(super) fn new(html: &'a str) -> Self {
        // The standard takes the beginning of an end tag at the very end for text.
        let html = html.strip_suffix("</").unwrap_or(html);
        Source {
            rest: html,
            events: Tokenizer::new_with_emitter(html, CallbackEmitter::default()),
            at: 0,
            is_unfinished: false,
            again: 0,
            silent: SILENT.to_vec(),
            within: None,
        }
    }

    /// At the end: reads on where something without an end swallowed the rest.
    fn mend(&mut self) -> Option<()> {
        if let Some((name, start)) = self.within.take() {
            self.silent.retain(|silent| *silent != name);
            let sheet = self.rest.get(start..)?;
            return match name {
                // A script is silent to the end, as in a browser; a style sheet up
                // to the next tag. Anything else would swallow the letter.
                "script" => None,
                "style" => self.read_on(start + sheet.find('<')?),
                _ => self.read_on(start),
            };
        }
        if !self.is_unfinished {
            return None;
        }
        let swallowed = self.rest.get(self.at..)?;
        self.read_on(self.at + swallowed.find('>')? + 1)
    }

    /// Reads on from a place in what was being read.
    fn read_on(&mut self, at: usize) -> Option<()> {
        if self.again > READ_AGAIN {
            return None;
        }
        self.rest = self.rest.get(at..)?;
        self.again += self.rest.len();
        self.is_unfinished = false;
        self.events = Tokenizer::new_with_emitter(self.rest, CallbackEmitter::default());
        self.at = 0;
        Some(())
    }
}

impl Iterator for Source<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let Some(Ok(event)) = self.events.next() else {
                self.mend()?;
                continue;
            };
            let token = match event {
                Event::Text(text, end) => {
                    self.at = end;
                    Token::Text(text)
                }
                Event::Close(name, end) => {
                    self.at = end;
                    // None but its own end tag ends a silent element.
                    if self.within.take().is_some() {
                        continue;
                    }
                    Token::Close(name)
                }
                Event::Open(tag, end) => {
                    let start = std::mem::replace(&mut self.at, end);
                    if tag.is_address()
                        && let Some(written) = self.rest.get(start..end)
                        && written.starts_with('<')
                    {
                        return Some(Token::Text(written.to_owned()));
                    }
                    if let Some(name) = self.silent.iter().find(|name| **name == tag.name) {
                        self.within = Some((name, end));
                        self.events.set_state(State::RawText);
                        continue;
                    }
                    Token::Open(tag)
                }
                Event::Comment(start, end) => {
                    let is_closed = end < self.rest.len() || self.rest.ends_with("-->");
                    self.is_unfinished = !is_closed;
                    self.at = if is_closed { end } else { start };
                    continue;
                }
                Event::Unfinished(tag, named) => {
                    self.is_unfinished = true;
                    self.at = self.at.max(named);
                    if tag.name.is_empty() || SILENT.contains(&tag.name.as_str()) {
                        continue;
                    }
                    Token::Open(tag)
                }
            };
            if self.within.is_none() {
                return Some(token);
            }
        }
    }
}

/// What the tokenizer comes upon, with where it ends.
enum Event {
    Text(String, usize),
    Open(Tag, usize),
    Close(String, usize),
    /// A comment or a declaration, from where to where.
    Comment(usize, usize),
    /// The document, within a tag: a start tag if it has a name. The place is where
    /// the name of the last attribute with a value ended.
    Unfinished(Tag, usize),
}

/// Makes [`Event`]s of the tokenizer's.
#[derive(Default)]
struct Events {
    tag: Tag,
    /// Whether the value of the last attribute is wanted.
    is_wanted: bool,
    /// Where the name of the last attribute with a value ended.
    named: usize,
}

impl Callback<Event, usize> for Events {
    fn handle_event(&mut self, event: CallbackEvent<'_>, span: Span<usize>) -> Option<Event> {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = Tag {
                    name: text(name),
                    attributes: Vec::new(),
                };
                None
            }
            CallbackEvent::AttributeName { name } => {
                let known = ATTRIBUTES.into_iter().find(|a| a.as_bytes() == name);
                let wanted = known.filter(|name| self.tag.attribute(name).is_none());
                self.is_wanted = wanted.is_some();
                let attribute = wanted.map(|name| (name, String::new()));
                self.tag.attributes.extend(attribute);
                self.named = span.end;
                None
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some((_, known)) = self.tag.attributes.last_mut()
                    && self.is_wanted
                {
                    *known = text(value);
                }
                None
            }
            CallbackEvent::CloseStartTag { .. } => {
                Some(Event::Open(std::mem::take(&mut self.tag), span.end))
            }
            CallbackEvent::EndTag { name } => Some(Event::Close(text(name), span.end)),
            CallbackEvent::String { value } => Some(Event::Text(text(value), span.end)),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } => {
                Some(Event::Comment(span.start, span.end))
            }
            CallbackEvent::Error(Error::EofInTag) => {
                let tag = std::mem::take(&mut self.tag);
                Some(Event::Unfinished(tag, self.named))
            }
            CallbackEvent::Error(_) => None,
        }
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
