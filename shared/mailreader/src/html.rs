//! HTML made readable: a text with paragraphs, lists, quotes and the addresses of
//! links, and nothing that acts. One pass over the tags, without a tree.

use crate::limits::TEXT_BYTES;

/// Deepest quote and list that is shown as such.
const DEEPEST: usize = 8;

/// Most lists that are open at once.
const LISTS: usize = 100;

/// Longest address of a link that is shown.
const LINK_BYTES: usize = 2_000;

/// What is between these tags is no text.
const SILENT: [&str; 9] = [
    "script", "style", "title", "iframe", "noembed", "noframes", "template", "select", "object",
];

/// Makes HTML readable. A little more than [`TEXT_BYTES`] at most come out, so that
/// whoever cuts the text knows that there was more.
pub(crate) fn to_text(html: &str) -> String {
    let text = render(html, Hidden::Dropped);
    if text.is_empty() {
        // A mail that hides everything hides nothing.
        render(html, Hidden::Shown)
    } else {
        text
    }
}

/// What becomes of elements that are not displayed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Dropped,
    Shown,
}

fn render(html: &str, hidden: Hidden) -> String {
    let mut source = Source::new(html);
    let mut page = Page::default();
    let mut hiding: Option<(String, usize)> = None;
    while let Some(token) = source.next() {
        if page.out.len() > TEXT_BYTES {
            break;
        }
        match token {
            Token::Text(text) if hiding.is_none() => page.text(text),
            Token::Text(_) => {}
            Token::Open(tag) => {
                if let Some((name, depth)) = &mut hiding {
                    *depth += usize::from(*name == tag.name);
                } else if hidden == Hidden::Dropped && tag.is_hidden() {
                    hiding = Some((tag.name, 1));
                } else {
                    page.open(&tag);
                }
            }
            Token::Close(name) => match &mut hiding {
                Some((hidden, depth)) if *hidden == name => {
                    *depth -= 1;
                    if *depth == 0 {
                        hiding = None;
                    }
                }
                Some(_) => {}
                None => page.close(&name),
            },
        }
    }
    page.end()
}

enum Token<'a> {
    Text(&'a str),
    Open(Tag),
    Close(String),
}

struct Tag {
    name: String,
    href: Option<String>,
    alt: Option<String>,
    class: Option<String>,
    style: Option<String>,
    hidden: bool,
}

impl Tag {
    /// Whether a browser would not show it: the previews that newsletters begin
    /// with, and what Outlook keeps for itself. Elements without an end are left
    /// out, since nothing would end the hiding.
    fn is_hidden(&self) -> bool {
        let is_container = matches!(
            self.name.as_str(),
            "div" | "span" | "p" | "table" | "td" | "tr" | "center" | "section"
        );
        let style = self.style.as_deref().unwrap_or_default();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).collect();
        let style = style.to_ascii_lowercase();
        let is_hidden =
            self.hidden || style.contains("display:none") || style.contains("mso-hide:all");
        is_container && is_hidden
    }
}

/// The tags and texts of HTML, one after another. What looks for an end that does
/// not exist looks once, so that the time stays in proportion to the length.
struct Source<'a> {
    rest: &'a str,
    comments_end: bool,
    quotes_end: bool,
    silence_ends: [bool; SILENT.len()],
}

impl<'a> Source<'a> {
    fn new(html: &'a str) -> Self {
        Source {
            rest: html,
            comments_end: true,
            quotes_end: true,
            silence_ends: [true; SILENT.len()],
        }
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let at = bytes.min(self.rest.len());
        let (skipped, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, ""));
        self.rest = rest;
        skipped
    }

    fn next(&mut self) -> Option<Token<'a>> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let start = self.rest.find('<').unwrap_or(self.rest.len());
            if start > 0 {
                return Some(Token::Text(self.skip(start)));
            }
            let mut after = self.rest.bytes().skip(1);
            match after.next() {
                Some(b'!' | b'?') => self.declaration(),
                Some(b'/') => {
                    let length = self.rest.find('>').map_or(self.rest.len(), |at| at + 1);
                    let name = tag_name(self.skip(length).get(2..).unwrap_or_default());
                    if !name.is_empty() {
                        return Some(Token::Close(name));
                    }
                }
                Some(first) if first.is_ascii_alphabetic() => {
                    let tag = self.tag();
                    if let Some(kind) = SILENT.iter().position(|name| *name == tag.name) {
                        self.silence(kind);
                    } else {
                        return Some(Token::Open(tag));
                    }
                }
                // A `<` that begins nothing is text.
                Some(_) | None => return Some(Token::Text(self.skip(1))),
            }
        }
    }

    /// Skips a comment, a doctype, CDATA, or a condition of Outlook's.
    fn declaration(&mut self) {
        if self.rest.starts_with("<!--") && self.comments_end {
            // `<!-->` is a whole comment.
            let inner = self.rest.get(2..).unwrap_or_default();
            match inner.find("-->") {
                Some(at) => {
                    self.skip(at + 5);
                    return;
                }
                None => self.comments_end = false,
            }
        }
        let length = self.rest.find('>').map_or(self.rest.len(), |at| at + 1);
        self.skip(length);
    }

    /// Skips what is no text, up to its end tag.
    fn silence(&mut self, kind: usize) {
        let name = SILENT.get(kind).copied().unwrap_or_default();
        let ends = self.silence_ends.get_mut(kind);
        let Some(ends) = ends.filter(|ends| **ends) else {
            return;
        };
        let bytes = self.rest.as_bytes();
        let end = memchr::memchr_iter(b'<', bytes).find(|at| {
            let tag = bytes.get(at + 1..).unwrap_or_default();
            tag.first() == Some(&b'/')
                && tag
                    .get(1..=name.len())
                    .is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
                && tag
                    .get(name.len() + 1)
                    .is_none_or(|b| !b.is_ascii_alphanumeric())
        });
        match end {
            Some(at) => {
                self.skip(at);
            }
            // A script without an end is silent to the end, as in a browser; a style
            // sheet up to the next tag. Anything else would swallow the letter.
            None if name == "script" => self.rest = "",
            None => {
                *ends = false;
                if name == "style" {
                    let at = self.rest.find('<').unwrap_or(self.rest.len());
                    self.skip(at);
                }
            }
        }
    }

    /// Reads a start tag, its quoted attributes included.
    fn tag(&mut self) -> Tag {
        let length = self.tag_length();
        let whole = self.skip(length);
        let inner = whole.trim_start_matches('<');
        let inner = inner.strip_suffix('>').unwrap_or(inner);
        let name = tag_name(inner);
        let mut tag = Tag {
            href: None,
            alt: None,
            class: None,
            style: None,
            hidden: false,
            name,
        };
        let attributes = inner.get(tag.name.len()..).unwrap_or_default();
        // Of most tags no attribute matters.
        if !attributes.trim_ascii().is_empty() {
            tag.read_attributes(attributes);
        }
        tag
    }

    /// Length of the tag at the start: up to the first `>` outside of quotes.
    fn tag_length(&mut self) -> usize {
        let mut quote = None;
        if self.quotes_end {
            let mut previous = b' ';
            for (at, byte) in self.rest.bytes().enumerate() {
                match (quote, byte) {
                    (None, b'>') => return at + 1,
                    // A quote begins a value and nothing else.
                    (None, b'"' | b'\'') if previous == b'=' => quote = Some(byte),
                    (Some(open), _) if byte == open => quote = None,
                    _ => {}
                }
                if !byte.is_ascii_whitespace() {
                    previous = byte;
                }
            }
            self.quotes_end = false;
        }
        self.rest.find('>').map_or(self.rest.len(), |at| at + 1)
    }
}

fn tag_name(text: &str) -> String {
    let end = text
        .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, ':' | '-' | '_'))
        .unwrap_or(text.len());
    text.get(..end.min(32))
        .unwrap_or_default()
        .to_ascii_lowercase()
}

impl Tag {
    fn read_attributes(&mut self, text: &str) {
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            let end = rest
                .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/'))
                .unwrap_or(rest.len());
            let name = rest.get(..end).unwrap_or_default();
            rest = rest.get(end..).unwrap_or_default().trim_ascii_start();
            let mut value = "";
            if let Some(assigned) = rest.strip_prefix('=') {
                (value, rest) = attribute_value(assigned.trim_ascii_start());
            } else if name.is_empty() {
                return;
            }
            let slot = match name.to_ascii_lowercase().as_str() {
                "href" => &mut self.href,
                "alt" => &mut self.alt,
                "class" => &mut self.class,
                "style" => &mut self.style,
                "hidden" => {
                    self.hidden = true;
                    continue;
                }
                _ => continue,
            };
            slot.get_or_insert_with(|| value.to_owned());
        }
    }
}

/// An attribute's value, and what follows it.
fn attribute_value(text: &str) -> (&str, &str) {
    for quote in ['"', '\''] {
        if let Some(quoted) = text.strip_prefix(quote) {
            return quoted.split_once(quote).unwrap_or((quoted, ""));
        }
    }
    let end = text
        .find(|c: char| c.is_ascii_whitespace())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The text that comes of it.
#[derive(Default)]
struct Page {
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
}

impl Page {
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

    fn open(&mut self, tag: &Tag) {
        match tag.name.as_str() {
            // Two in a row are an empty line.
            "br" if self.mark.is_empty() => {
                self.break_lines((self.breaks + 1).min(2));
            }
            "p" => {
                // Outlook's paragraphs have no margin; an empty one is the margin.
                let class = tag.class.as_deref().unwrap_or_default();
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
                let alt = tag.alt.as_deref().unwrap_or_default().trim();
                if !alt.is_empty() {
                    self.text(&format!("[{alt}]"));
                }
            }
            "a" => {
                self.end_link();
                let address = tag.href.as_deref().map(decode_entities);
                self.link = Some((address.unwrap_or_default(), None));
            }
            "div" | "section" | "article" | "header" | "footer" | "main" | "center" | "address"
            | "form" | "dt" | "dd" | "caption" | "tbody" | "thead" | "aside" | "figure"
            | "figcaption" | "nav" => self.begin_block(1),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
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

    /// Writes text: blanks run together, entities decoded.
    fn text(&mut self, text: &str) {
        let text = decode_entities(text);
        if self.verbatim > 0 {
            self.verbatim_text(&text);
            return;
        }
        for c in text.chars() {
            if is_blank(c) {
                self.blank |= !self.is_at_line_start();
            } else if !is_invisible(c) {
                self.begin();
                self.out.push(c);
            }
            if self.out.len() > TEXT_BYTES {
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
            if self.out.len() > TEXT_BYTES {
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

    fn end(mut self) -> String {
        self.end_link();
        let mut out = self.out;
        out.truncate(out.trim_end().len());
        out
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace()
}

/// Soft hyphens, joiners and marks that newsletters fill previews with.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{feff}')
        || (c.is_control() && c != '\n' && c != '\t')
}

/// Replaces `&ntilde;`, `&#241;` and `&#xF1;` (HTML 4.01, section 24).
fn decode_entities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        match entity(from) {
            Some((c, length)) => {
                out.push(c);
                rest = from.get(length..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = from.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character that the reference at the start of `text` stands for, and the
/// length of the reference.
fn entity(text: &str) -> Option<(char, usize)> {
    let body = text.strip_prefix('&')?;
    if let Some(number) = body.strip_prefix('#') {
        let (digits, radix, prefix) = match number.strip_prefix(['x', 'X']) {
            Some(digits) => (digits, 16, 3),
            None => (number, 10, 2),
        };
        let length = digits
            .bytes()
            .take(10)
            .take_while(|b| char::from(*b).is_digit(radix))
            .count();
        let code = u32::from_str_radix(digits.get(..length)?, radix).ok()?;
        let c = match code {
            // The numbers of Windows-1252 that careless editors write.
            0x80..=0x9f => {
                let byte = [u8::try_from(code).ok()?];
                let (text, _, _) = encoding_rs::WINDOWS_1252.decode(&byte);
                text.chars().next()?
            }
            _ => char::from_u32(code)?,
        };
        let end = prefix + length;
        return Some((
            c,
            end + usize::from(text.as_bytes().get(end) == Some(&b';')),
        ));
    }
    let length = body
        .bytes()
        .take(8)
        .take_while(u8::is_ascii_alphanumeric)
        .count();
    let name = body.get(..length)?;
    let ends = body.as_bytes().get(length) == Some(&b';');
    if ends {
        let (_, c) = ENTITIES.iter().find(|(known, _)| *known == name)?;
        return Some((*c, length + 2));
    }
    // The oldest ones are read without their semicolon too.
    let (known, c) = [
        ("nbsp", '\u{a0}'),
        ("amp", '&'),
        ("lt", '<'),
        ("gt", '>'),
        ("quot", '"'),
    ]
    .into_iter()
    .find(|(known, _)| name == *known)?;
    Some((c, known.len() + 1))
}

/// The named characters of HTML 4.01, and `apos`.
#[rustfmt::skip]
const ENTITIES: [(&str, char); 253] = [
    ("AElig", '\u{c6}'), ("Aacute", '\u{c1}'), ("Acirc", '\u{c2}'), ("Agrave", '\u{c0}'),
    ("Alpha", '\u{391}'), ("Aring", '\u{c5}'), ("Atilde", '\u{c3}'), ("Auml", '\u{c4}'),
    ("Beta", '\u{392}'), ("Ccedil", '\u{c7}'), ("Chi", '\u{3a7}'), ("Dagger", '\u{2021}'),
    ("Delta", '\u{394}'), ("ETH", '\u{d0}'), ("Eacute", '\u{c9}'), ("Ecirc", '\u{ca}'),
    ("Egrave", '\u{c8}'), ("Epsilon", '\u{395}'), ("Eta", '\u{397}'), ("Euml", '\u{cb}'),
    ("Gamma", '\u{393}'), ("Iacute", '\u{cd}'), ("Icirc", '\u{ce}'), ("Igrave", '\u{cc}'),
    ("Iota", '\u{399}'), ("Iuml", '\u{cf}'), ("Kappa", '\u{39a}'), ("Lambda", '\u{39b}'),
    ("Mu", '\u{39c}'), ("Ntilde", '\u{d1}'), ("Nu", '\u{39d}'), ("OElig", '\u{152}'),
    ("Oacute", '\u{d3}'), ("Ocirc", '\u{d4}'), ("Ograve", '\u{d2}'), ("Omega", '\u{3a9}'),
    ("Omicron", '\u{39f}'), ("Oslash", '\u{d8}'), ("Otilde", '\u{d5}'), ("Ouml", '\u{d6}'),
    ("Phi", '\u{3a6}'), ("Pi", '\u{3a0}'), ("Prime", '\u{2033}'), ("Psi", '\u{3a8}'),
    ("Rho", '\u{3a1}'), ("Scaron", '\u{160}'), ("Sigma", '\u{3a3}'), ("THORN", '\u{de}'),
    ("Tau", '\u{3a4}'), ("Theta", '\u{398}'), ("Uacute", '\u{da}'), ("Ucirc", '\u{db}'),
    ("Ugrave", '\u{d9}'), ("Upsilon", '\u{3a5}'), ("Uuml", '\u{dc}'), ("Xi", '\u{39e}'),
    ("Yacute", '\u{dd}'), ("Yuml", '\u{178}'), ("Zeta", '\u{396}'), ("aacute", '\u{e1}'),
    ("acirc", '\u{e2}'), ("acute", '\u{b4}'), ("aelig", '\u{e6}'), ("agrave", '\u{e0}'),
    ("alefsym", '\u{2135}'), ("alpha", '\u{3b1}'), ("amp", '\u{26}'), ("and", '\u{2227}'),
    ("ang", '\u{2220}'), ("apos", '\u{27}'), ("aring", '\u{e5}'), ("asymp", '\u{2248}'),
    ("atilde", '\u{e3}'), ("auml", '\u{e4}'), ("bdquo", '\u{201e}'), ("beta", '\u{3b2}'),
    ("brvbar", '\u{a6}'), ("bull", '\u{2022}'), ("cap", '\u{2229}'), ("ccedil", '\u{e7}'),
    ("cedil", '\u{b8}'), ("cent", '\u{a2}'), ("chi", '\u{3c7}'), ("circ", '\u{2c6}'),
    ("clubs", '\u{2663}'), ("cong", '\u{2245}'), ("copy", '\u{a9}'), ("crarr", '\u{21b5}'),
    ("cup", '\u{222a}'), ("curren", '\u{a4}'), ("dArr", '\u{21d3}'), ("dagger", '\u{2020}'),
    ("darr", '\u{2193}'), ("deg", '\u{b0}'), ("delta", '\u{3b4}'), ("diams", '\u{2666}'),
    ("divide", '\u{f7}'), ("eacute", '\u{e9}'), ("ecirc", '\u{ea}'), ("egrave", '\u{e8}'),
    ("empty", '\u{2205}'), ("emsp", '\u{2003}'), ("ensp", '\u{2002}'), ("epsilon", '\u{3b5}'),
    ("equiv", '\u{2261}'), ("eta", '\u{3b7}'), ("eth", '\u{f0}'), ("euml", '\u{eb}'),
    ("euro", '\u{20ac}'), ("exist", '\u{2203}'), ("fnof", '\u{192}'), ("forall", '\u{2200}'),
    ("frac12", '\u{bd}'), ("frac14", '\u{bc}'), ("frac34", '\u{be}'), ("frasl", '\u{2044}'),
    ("gamma", '\u{3b3}'), ("ge", '\u{2265}'), ("gt", '\u{3e}'), ("hArr", '\u{21d4}'),
    ("harr", '\u{2194}'), ("hearts", '\u{2665}'), ("hellip", '\u{2026}'), ("iacute", '\u{ed}'),
    ("icirc", '\u{ee}'), ("iexcl", '\u{a1}'), ("igrave", '\u{ec}'), ("image", '\u{2111}'),
    ("infin", '\u{221e}'), ("int", '\u{222b}'), ("iota", '\u{3b9}'), ("iquest", '\u{bf}'),
    ("isin", '\u{2208}'), ("iuml", '\u{ef}'), ("kappa", '\u{3ba}'), ("lArr", '\u{21d0}'),
    ("lambda", '\u{3bb}'), ("lang", '\u{2329}'), ("laquo", '\u{ab}'), ("larr", '\u{2190}'),
    ("lceil", '\u{2308}'), ("ldquo", '\u{201c}'), ("le", '\u{2264}'), ("lfloor", '\u{230a}'),
    ("lowast", '\u{2217}'), ("loz", '\u{25ca}'), ("lrm", '\u{200e}'), ("lsaquo", '\u{2039}'),
    ("lsquo", '\u{2018}'), ("lt", '\u{3c}'), ("macr", '\u{af}'), ("mdash", '\u{2014}'),
    ("micro", '\u{b5}'), ("middot", '\u{b7}'), ("minus", '\u{2212}'), ("mu", '\u{3bc}'),
    ("nabla", '\u{2207}'), ("nbsp", '\u{a0}'), ("ndash", '\u{2013}'), ("ne", '\u{2260}'),
    ("ni", '\u{220b}'), ("not", '\u{ac}'), ("notin", '\u{2209}'), ("nsub", '\u{2284}'),
    ("ntilde", '\u{f1}'), ("nu", '\u{3bd}'), ("oacute", '\u{f3}'), ("ocirc", '\u{f4}'),
    ("oelig", '\u{153}'), ("ograve", '\u{f2}'), ("oline", '\u{203e}'), ("omega", '\u{3c9}'),
    ("omicron", '\u{3bf}'), ("oplus", '\u{2295}'), ("or", '\u{2228}'), ("ordf", '\u{aa}'),
    ("ordm", '\u{ba}'), ("oslash", '\u{f8}'), ("otilde", '\u{f5}'), ("otimes", '\u{2297}'),
    ("ouml", '\u{f6}'), ("para", '\u{b6}'), ("part", '\u{2202}'), ("permil", '\u{2030}'),
    ("perp", '\u{22a5}'), ("phi", '\u{3c6}'), ("pi", '\u{3c0}'), ("piv", '\u{3d6}'),
    ("plusmn", '\u{b1}'), ("pound", '\u{a3}'), ("prime", '\u{2032}'), ("prod", '\u{220f}'),
    ("prop", '\u{221d}'), ("psi", '\u{3c8}'), ("quot", '\u{22}'), ("rArr", '\u{21d2}'),
    ("radic", '\u{221a}'), ("rang", '\u{232a}'), ("raquo", '\u{bb}'), ("rarr", '\u{2192}'),
    ("rceil", '\u{2309}'), ("rdquo", '\u{201d}'), ("real", '\u{211c}'), ("reg", '\u{ae}'),
    ("rfloor", '\u{230b}'), ("rho", '\u{3c1}'), ("rlm", '\u{200f}'), ("rsaquo", '\u{203a}'),
    ("rsquo", '\u{2019}'), ("sbquo", '\u{201a}'), ("scaron", '\u{161}'), ("sdot", '\u{22c5}'),
    ("sect", '\u{a7}'), ("shy", '\u{ad}'), ("sigma", '\u{3c3}'), ("sigmaf", '\u{3c2}'),
    ("sim", '\u{223c}'), ("spades", '\u{2660}'), ("sub", '\u{2282}'), ("sube", '\u{2286}'),
    ("sum", '\u{2211}'), ("sup", '\u{2283}'), ("sup1", '\u{b9}'), ("sup2", '\u{b2}'),
    ("sup3", '\u{b3}'), ("supe", '\u{2287}'), ("szlig", '\u{df}'), ("tau", '\u{3c4}'),
    ("there4", '\u{2234}'), ("theta", '\u{3b8}'), ("thetasym", '\u{3d1}'), ("thinsp", '\u{2009}'),
    ("thorn", '\u{fe}'), ("tilde", '\u{2dc}'), ("times", '\u{d7}'), ("trade", '\u{2122}'),
    ("uArr", '\u{21d1}'), ("uacute", '\u{fa}'), ("uarr", '\u{2191}'), ("ucirc", '\u{fb}'),
    ("ugrave", '\u{f9}'), ("uml", '\u{a8}'), ("upsih", '\u{3d2}'), ("upsilon", '\u{3c5}'),
    ("uuml", '\u{fc}'), ("weierp", '\u{2118}'), ("xi", '\u{3be}'), ("yacute", '\u{fd}'),
    ("yen", '\u{a5}'), ("yuml", '\u{ff}'), ("zeta", '\u{3b6}'), ("zwj", '\u{200d}'),
    ("zwnj", '\u{200c}'),
];

#[cfg(test)]
mod tests {
    use super::to_text;

    #[track_caller]
    fn check(html: &str, expected: &str) {
        assert_eq!(to_text(html), expected, "{html}");
    }

    #[test]
    fn paragraphs_and_lines() {
        check("<p>Uno</p>\n<p>Dos<br>tres</p>", "Uno\n\nDos\ntres");
        check("<div>Uno</div><div><br></div><div>Dos</div>", "Uno\n\nDos");
        check("<div>Uno<div>Dos</div></div>Tres", "Uno\nDos\nTres");
        check("  a \n  b<b> c</b><i>d</i> ", "a b cd");
        check(
            "<p class=MsoNormal>Uno</p><p class=\"MsoNormal\">Dos</p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>Tres",
            "Uno\nDos\n\nTres",
        );
        check("<h1>T</h1>x<hr>y", "T\n\nx\n----------\ny");
        check("<pre>a\n  b\n\nc</pre>d", "a\n  b\n\nc\n\nd");
        check("a<br><br><br><br>b", "a\n\nb");
    }

    #[test]
    fn lists_tables_and_quotes() {
        check(
            "x<ul><li>a<li><p>b</p><ul><li>c</ul></ul>y",
            "x\n\n- a\n- b\n  - c\n\ny",
        );
        check("<ol><li>a</li><li></li><li>c</li></ol>", "1. a\n3. c");
        check(
            "<table><tr><th>Equipo</th><th>IP</th></tr><tr><td>PC 1</td><td><p>10.0.0.1</p></td></tr></table>",
            "Equipo | IP\nPC 1 | 10.0.0.1",
        );
        check(
            "a<blockquote>b<br>c<blockquote>d</blockquote></blockquote>e",
            "a\n\n> b\n> c\n>\n> > d\n\ne",
        );
    }

    #[test]
    fn links_and_images() {
        check(
            "<a href='https://x.co/a?b=1&amp;c=2'>aquí</a>.",
            "aquí (https://x.co/a?b=1&c=2).",
        );
        check("<a href=https://x.co/>x.co</a>", "x.co");
        check(
            "<a href=\"mailto:Ana@x.co?subject=y\">ana@x.co</a>",
            "ana@x.co",
        );
        check(
            "<a href=\"javascript:alert(1)\">clic</a> <a href=\"data:text/html,x\">dos</a>",
            "clic dos",
        );
        check(
            "<a href='https://x.co'><p>uno</p></a>dos",
            "uno (https://x.co)\ndos",
        );
        check("<img src=x alt=' Logo '><img src=y>", "[Logo]");
    }

    #[test]
    fn what_is_not_text() {
        check(
            "<script>if (a<b) alert('</div>')</script>x<style>p{}</style>",
            "x",
        );
        check("<!-- <p>no</p> -->x<!-->y<![if !mso]>z<![endif]>", "xyz");
        check("<!--[if mso]><p>no</p><![endif]-->x", "x");
        check(
            "<!doctype html><html><head><title>T</title></head><body>x",
            "x",
        );
        check("<div style='display: none'>no<div>no</div>no</div>x", "x");
        check(
            "<span hidden>no</span>x<p style=\"mso-hide:all\">no</p>",
            "x",
        );
        check("<div style='display:none'>solo esto", "solo esto");
        check("x<script>sin fin", "x");
        check("<style>p{}<p>x", "x");
        check("<title>T<p>x", "T\n\nx");
    }

    #[test]
    fn entities() {
        check(
            "se&ntilde;or &#241; &#xF1; &#150; &amp;lt; &nbsp;x",
            "señor ñ ñ – &lt; x",
        );
        check(
            "a &lt; b &gt c & d &nada; &#; &#x110000; &",
            "a < b > c & d &nada; &#; &#x110000; &",
        );
        check("&lt;script&gt;", "<script>");
        check("a\u{200b}b&shy;c", "abc");
        check("&#0;a&#7;", "a");
    }

    #[test]
    fn damaged() {
        check("a < b y c > d", "a < b y c > d");
        check("<a href=\"sin fin>x</a><p>y", "x\n\ny");
        check("<p title=\"a>b\">x", "x");
        check("x<", "x<");
        check("x<p", "x");
        check("</>x</", "x");
        check("<p>x</div></p></p>y", "x\ny");
        check("<!-- sin fin> x", "x");
    }

    /// Each of these would take hours if something were looked for again and again.
    #[test]
    fn time_in_proportion() {
        for piece in [
            "<",
            "<a ",
            "<a b=\"",
            "<!--",
            "<script",
            "<title>",
            "<style>",
            "<blockquote>x",
            "&",
            "&#",
            "<ul><li>",
            "</",
            "<div style=display:none>",
            "<p",
            "<a href=x>y",
            "<a b='>",
            "<td>",
        ] {
            to_text(&piece.repeat(200_000));
        }
    }
}
