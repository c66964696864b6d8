//! The text that comes of HTML: paragraphs, lists, quotes and the addresses of
//! links, and nothing that acts.

use super::Readable;
use super::source::Tag;
use crate::attachment::Embedded;
use crate::limits::{PARTS, TEXT_BYTES};
use crate::transfer::{base64, unescape};

/// Deepest quote and list that is shown as such.
const DEEPEST: usize = 8;

/// Most lists that are open at once.
const LISTS: usize = 100;

/// Longest address of a link that is shown.
const LINK_BYTES: usize = 2_000;

/// The text that comes of it.
#[derive(Default)]
pub(super) struct Page {
    out: String,
    /// Line breaks that are due before the next text: one or two.
    breaks: usize,
    /// Whether a blank is due before the next text.
    blank: bool,
    /// Depth of quotes, now and in the last line that was begun.
    quotes: usize,
    quotes_before: usize,
    /// Open lists: the number of the next item, or none where they have bullets.
    lists: Vec<Option<u32>>,
    /// Depth of `<pre>`.
    verbatim: usize,
    /// Where the open link leads, and where its text begins once there is some.
    link: Option<(String, Option<usize>)>,
    /// A mark that is due before the next text: a bullet, or what separates cells.
    mark: String,
    pictures: Vec<Embedded>,
}

impl Page {
    /// Whether it holds more than [`TEXT_BYTES`].
    pub(super) fn is_full(&self) -> bool {
        self.out.len() > TEXT_BYTES
    }

    fn is_at_line_start(&self) -> bool {
        self.out.is_empty() || self.breaks > 0
    }

    fn break_lines(&mut self, lines: usize) {
        self.breaks = self.breaks.max(lines);
        self.blank = false;
    }

    /// A block begins on a line of its own; the first one of an item or of a cell
    /// stands beside the bullet.
    fn begin_block(&mut self, lines: usize) {
        if self.mark.is_empty() {
            self.break_lines(lines);
        }
    }

    fn end_block(&mut self, lines: usize) {
        self.mark.clear();
        self.break_lines(lines);
    }

    pub(super) fn open(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            // Two in a row are an empty line.
            "br" if self.mark.is_empty() => {
                self.break_lines((self.breaks + 1).min(2));
            }
            "p" => {
                // Outlook's paragraphs have no margin; an empty one is the margin.
                let class = tag.attribute("class").unwrap_or_default();
                let has_margin = !class.to_ascii_lowercase().contains("msonormal");
                self.begin_block(if has_margin { 2 } else { 1 });
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "dl" | "fieldset" => {
                self.begin_block(2);
            }
            "pre" | "xmp" | "listing" | "plaintext" => {
                self.begin_block(2);
                self.verbatim += 1;
            }
            "blockquote" => {
                self.end_block(2);
                self.quotes += 1;
            }
            "ul" | "ol" | "menu" => {
                self.end_block(if self.lists.is_empty() { 2 } else { 1 });
                if self.lists.len() < LISTS {
                    self.lists.push((tag.name == "ol").then_some(1));
                }
            }
            "li" => {
                self.end_block(1);
                let depth = self.lists.len().clamp(1, DEEPEST);
                let mark = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        let mark = format!("{number}. ");
                        *number = number.saturating_add(1);
                        mark
                    }
                    Some(None) | None => "- ".to_owned(),
                };
                self.mark = "  ".repeat(depth - 1) + &mark;
            }
            "td" | "th" if !self.is_at_line_start() => {
                self.mark = " | ".to_owned();
                self.blank = false;
            }
            "tr" => self.end_block(1),
            "hr" => {
                self.end_block(1);
                self.text("----------");
                self.break_lines(1);
            }
            "img" => {
                let alt = tag.attribute("alt").unwrap_or_default().trim();
                let src = tag.attribute("src").unwrap_or_default().trim();
                let name = if alt.is_empty() {
                    pasted(src)
                } else {
                    Some(alt)
                };
                if let Some(name) = name {
                    self.text(&format!("[{name}]"));
                }
                if self.pictures.len() < PARTS {
                    self.pictures.extend(written_out(src, alt));
                }
            }
            "a" => {
                self.end_link();
                let address = tag.attribute("href").unwrap_or_default();
                self.link = Some((address.to_owned(), None));
            }
            "div" | "section" | "article" | "header" | "footer" | "main" | "center" | "address"
            | "form" | "dt" | "dd" | "caption" | "tbody" | "thead" | "aside" | "figure"
            | "figcaption" | "nav" => self.begin_block(1),
            _ => {}
        }
    }

    pub(super) fn close(&mut self, name: &str) {
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "table" | "dl" | "fieldset" => {
                self.end_block(2);
            }
            "pre" | "xmp" | "listing" | "plaintext" => {
                self.end_block(2);
                self.verbatim = self.verbatim.saturating_sub(1);
            }
            "blockquote" => {
                self.end_block(2);
                self.quotes = self.quotes.saturating_sub(1);
            }
            "ul" | "ol" | "menu" => {
                self.lists.pop();
                self.end_block(if self.lists.is_empty() { 2 } else { 1 });
            }
            "li" | "tr" => self.end_block(1),
            "td" | "th" => self.blank = false,
            "p" | "div" | "section" | "article" | "header" | "footer" | "main" | "center"
            | "address" | "form" | "dt" | "dd" | "caption" | "figcaption" => {
                self.begin_block(1);
            }
            "a" => self.end_link(),
            _ => {}
        }
    }

    /// Writes the address of a link behind its text, unless the text says it.
    fn end_link(&mut self) {
        let Some((address, Some(start))) = self.link.take() else {
            return;
        };
        let address = address.trim();
        let scheme = address.split_once(':').map_or("", |(scheme, _)| scheme);
        let leads_somewhere = ["http", "https", "ftp", "mailto", "tel"]
            .iter()
            .any(|known| scheme.eq_ignore_ascii_case(known))
            && address.len() <= LINK_BYTES
            && !address.contains(char::is_whitespace);
        let text = self.out.get(start..).unwrap_or_default().trim();
        if !leads_somewhere || text.is_empty() {
            return;
        }
        let bare = |text: &str| {
            let text = text.trim_end_matches('/');
            let text = text.split_once("//").map_or(text, |(_, rest)| rest);
            let text = text.strip_prefix("mailto:").unwrap_or(text);
            text.strip_prefix("tel:").unwrap_or(text).to_lowercase()
        };
        let without_query = address.split('?').next().unwrap_or_default();
        if bare(text) == bare(address) || bare(text) == bare(without_query) {
            return;
        }
        let written = format!(" ({address})");
        self.out.push_str(&written);
    }

    /// Writes text: blanks run together.
    pub(super) fn text(&mut self, text: &str) {
        if self.verbatim > 0 {
            self.verbatim_text(text);
            return;
        }
        for c in text.chars() {
            if is_blank(c) {
                self.blank |= !self.is_at_line_start();
            } else if !is_invisible(c) {
                self.begin();
                self.out.push(c);
            }
            if self.is_full() {
                return;
            }
        }
        // A blank that does not break is a line that was meant to be empty.
        if self.breaks == 1 && text.contains('\u{a0}') {
            self.breaks = 2;
        }
    }

    fn verbatim_text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\n' => {
                    if self.breaks > 0 || self.out.is_empty() {
                        self.breaks = (self.breaks + 1).min(2);
                    } else {
                        self.breaks = 1;
                    }
                }
                '\r' => {}
                c if is_invisible(c) => {}
                c => {
                    self.begin();
                    self.out.push(if c == '\u{a0}' { ' ' } else { c });
                }
            }
            if self.is_full() {
                return;
            }
        }
    }

    /// Writes the breaks, quote marks, bullets and blanks that are due.
    fn begin(&mut self) {
        let is_first = self.out.is_empty();
        if self.breaks > 0 || is_first {
            let quotes = self.quotes.min(DEEPEST);
            let between = ">".repeat(quotes.min(self.quotes_before));
            for line in 0..if is_first { 0 } else { self.breaks } {
                if line > 0 {
                    self.out.push_str(&between);
                }
                self.out.push('\n');
            }
            self.out.push_str(&"> ".repeat(quotes));
            self.quotes_before = quotes;
            self.breaks = 0;
            self.blank = false;
        }
        if self.blank {
            self.out.push(' ');
            self.blank = false;
        }
        self.out.push_str(&self.mark);
        self.mark.clear();
        if let Some((_, start @ None)) = &mut self.link {
            *start = Some(self.out.len());
        }
    }

    pub(super) fn end(mut self) -> Readable {
        self.end_link();
        let mut text = self.out;
        text.truncate(text.trim_end().len());
        Readable {
            text,
            pictures: self.pictures,
        }
    }
}

/// What stands for a picture that somebody pasted and that has no name: what came
/// from elsewhere, a pixel that counts readers, leaves nothing.
fn pasted(src: &str) -> Option<&str> {
    const PASTED: &str = "imagen";
    if starts_with(src, "data:image/") {
        return Some(PASTED);
    }
    if !starts_with(src, "cid:") {
        return None;
    }
    // Outlook's ids begin with the name: `image001.png@01DB…`.
    let name = src.get(4..)?.split('@').next()?;
    let is_name = name.rsplit_once('.').is_some_and(|(_, extension)| {
        ["png", "jpg", "jpeg", "gif", "bmp", "webp"]
            .iter()
            .any(|e| extension.eq_ignore_ascii_case(e))
    });
    Some(if is_name { name } else { PASTED })
}

fn starts_with(text: &str, prefix: &str) -> bool {
    let start = text.get(..prefix.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// The picture that an address is itself: `data:image/png;base64,…` (RFC 2397).
fn written_out(src: &str, name: &str) -> Option<Embedded> {
    if !starts_with(src, "data:image/") {
        return None;
    }
    let (kind, data) = src.get(5..)?.split_once(',')?;
    let mut kind = kind.split(';').map(str::trim);
    let content_type = kind.next()?.to_ascii_lowercase();
    let bytes = if kind.any(|word| word.eq_ignore_ascii_case("base64")) {
        base64(data.as_bytes(), usize::MAX)
    } else {
        let mut bytes = Vec::new();
        unescape(data.as_bytes(), b'%', &mut bytes);
        bytes
    };
    let is_type = content_type.len() <= 127
        && content_type
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/.+-".contains(&b));
    (is_type && !bytes.is_empty()).then(|| Embedded {
        name: name.to_owned(),
        content_type,
        inline: true,
        bytes,
    })
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Soft hyphens, joiners and marks that newsletters fill previews with.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{feff}')
        || (c.is_control() && c != '\n' && c != '\t')
}
