//! What of a mail is its text, and what are files that came along.

use std::borrow::Cow;

use types::file_name::safe;
use types::ids::composed;

use crate::attachment::{Attachment, Embedded};
use crate::limits::{PARTS, TEXT_BYTES};
use crate::mime::{Mail, Part};
use crate::words::is_unprintable;
use crate::{charset, forms, html, uuencode};

/// How much of a plain text is decoded: enough for [`TEXT_BYTES`] even where each
/// character takes four bytes.
const PLAIN_BYTES: usize = 4 * TEXT_BYTES;

/// What a part is to the mail.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Text,
    File,
}

/// The text of a mail and its files.
pub(crate) struct Body<'a> {
    pub(crate) text: String,
    pub(crate) is_cut: bool,
    pub(crate) attachments: Vec<Attachment<'a>>,
}

/// Reads the body: the text first, of each alternative the best one; then
/// everything that is no text, in its order.
pub(crate) fn read<'a>(mail: &Mail<'a>) -> Body<'a> {
    let Some(root) = mail.parts.first() else {
        return Body {
            text: String::new(),
            is_cut: false,
            attachments: Vec::new(),
        };
    };
    let mut files = Vec::new();
    collect_files(mail, root, Role::Text, &mut files);
    let mut embedded = Vec::new();
    let mut text = text_of(mail, root, Role::Text, &mut embedded);
    if text.is_empty() {
        // A text that has a name is a file; if there is no other, it is read too.
        let named = files
            .iter()
            .find(|part| is_text(part) && part.disposition.value != "attachment");
        text = named
            .map(|part| leaf_text(mail, part, &mut vec![]))
            .unwrap_or_default();
    }
    let is_cut = text.len() > TEXT_BYTES;
    if is_cut {
        text.truncate(text.floor_char_boundary(TEXT_BYTES));
        text.truncate(text.trim_end().len());
    }
    let parts = files.len();
    let of_parts = files
        .into_iter()
        .enumerate()
        .map(|(at, part)| Attachment::of(mail, part, at + 1));
    let within = embedded
        .into_iter()
        .enumerate()
        .map(|(at, file)| Attachment::within(file, parts + at + 1));
    let attachments = of_parts.chain(within).take(PARTS).collect();
    Body {
        text,
        is_cut,
        attachments,
    }
}

/// Whether a part is for reading: text of any kind but those that programs read, and
/// those that another program shows better.
fn is_text(part: &Part) -> bool {
    const FOR_PROGRAMS: [&str; 16] = [
        "calendar",
        "css",
        "csv",
        "directory",
        "ecmascript",
        "javascript",
        "rfc822-headers",
        "rtf",
        "tab-separated-values",
        "vcard",
        "watch-html",
        "x-amp-html",
        "x-vcalendar",
        "x-vcard",
        "x-pgp-key",
        "xml",
    ];
    let kind = part.content.value.strip_prefix("text/");
    kind.is_some_and(|kind| !FOR_PROGRAMS.contains(&kind))
}

/// Whether a part without children is read as text, where it may be.
fn is_body(part: &Part) -> bool {
    is_text(part) && !is_named(part) && part.disposition.value != "attachment"
}

/// Whether it has a name: one of blanks or dots is none.
fn is_named(part: &Part) -> bool {
    let names = [part.disposition.text("filename"), part.content.text("name")];
    names.iter().flatten().any(|name| safe(name).is_some())
}

/// The children of a multipart, and what each of them is (RFC 2046, section 5.1;
/// RFC 2387; RFC 1847; RFC 6522).
fn children<'m>(mail: &'m Mail<'_>, part: &Part) -> Vec<(&'m Part, Role)> {
    let children: Vec<&Part> = part
        .children
        .iter()
        .filter_map(|at| mail.parts.get(*at))
        .collect();
    let may_be_text = |part: &Part| !part.children.is_empty() || is_body(part);
    // Where one of them is the text, it is the first that can be.
    let only_one = match part.content.value.as_str() {
        "multipart/related" | "multipart/signed" | "multipart/report" => {
            children.iter().position(|child| may_be_text(child))
        }
        "multipart/encrypted" => Some(usize::MAX),
        _ => None,
    };
    children
        .into_iter()
        .enumerate()
        .map(|(at, child)| match only_one {
            Some(only) if only != at => (child, Role::File),
            Some(_) | None => (child, Role::Text),
        })
        .collect()
}

/// The text of a part. The depth of parts is limited, and with it the recursion.
fn text_of(mail: &Mail<'_>, part: &Part, role: Role, files: &mut Vec<Embedded>) -> String {
    if part.children.is_empty() {
        return if role == Role::Text && is_body(part) {
            leaf_text(mail, part, files)
        } else {
            String::new()
        };
    }
    let children = children(mail, part);
    if part.content.value == "multipart/alternative" {
        // Plain text before anything else, and else the first that says anything.
        let is_plain = |part: &Part| part.children.is_empty() && part.content.value == "text/plain";
        let (plain, rest): (Vec<_>, Vec<_>) = children.into_iter().partition(|(c, _)| is_plain(c));
        let mut first = |forms: Vec<(&Part, Role)>| {
            forms
                .into_iter()
                .map(|(child, role)| text_of(mail, child, role, files))
                .find(|text| !text.is_empty())
                .unwrap_or_default()
        };
        return forms::best(first(plain), first(rest));
    }
    let mut text = String::new();
    for (child, role) in children {
        if text.len() > TEXT_BYTES {
            break;
        }
        let more = text_of(mail, child, role, files);
        if !more.is_empty() && !text.is_empty() {
            text.push_str("\n\n");
        }
        text.push_str(&more);
    }
    text
}

/// The parts that are files, in their order.
fn collect_files<'m>(mail: &'m Mail<'_>, part: &'m Part, role: Role, into: &mut Vec<&'m Part>) {
    if !part.children.is_empty() {
        let is_alternative = part.content.value == "multipart/alternative";
        for (child, role) in children(mail, part) {
            // Another form of the text is no file: AMP for one.
            let is_other_form = is_alternative
                && child.children.is_empty()
                && child.content.value.starts_with("text/")
                && child.content.value != "text/calendar"
                && !is_named(child);
            if !is_other_form {
                collect_files(mail, child, role, into);
            }
        }
        return;
    }
    // What a report says to machines is in `Automatic`; it is no file of anybody's.
    let is_for_machines = matches!(
        part.content.value.as_str(),
        "message/delivery-status"
            | "message/global-delivery-status"
            | "message/disposition-notification"
            | "message/global-disposition-notification"
            | "text/rfc822-headers"
            | "message/global-headers"
    );
    let is_empty = mail.body(part).0.trim_ascii().is_empty();
    // An empty part without a name is damage, or the text of a mail without text.
    let is_nothing = is_empty && !is_named(part) && is_text(part);
    if (role == Role::File || !is_body(part)) && !is_for_machines && !is_nothing {
        into.push(part);
    }
}

/// The text of a part that is text: decoded, made readable, without anything that
/// no text holds.
fn leaf_text(mail: &Mail<'_>, part: &Part, files: &mut Vec<Embedded>) -> String {
    let (body, transfer) = mail.body(part);
    let label = part.content.plain("charset");
    if part.content.value == "text/html" {
        let bytes = transfer.decode_text(body, usize::MAX);
        return html_text(bytes, label, body.len(), files);
    }
    // A file that stands in the text is longer than any text.
    let has_file = memchr::memmem::find(body, uuencode::BEGIN.as_bytes()).is_some();
    let most = if has_file { usize::MAX } else { PLAIN_BYTES };
    let bytes = transfer.decode_text(body, most);
    if looks_like_html(&bytes) {
        return html_text(bytes, label, body.len(), files);
    }
    let text = clean(&charset::decode(bytes, label));
    let (text, found) = uuencode::take_out(&text);
    keep_files(found, body.len(), files);
    let text = match part.content.value.as_str() {
        "text/enriched" | "text/richtext" => forms::without_commands(&text),
        _ => text.into_owned(),
    };
    let is_flowed = part
        .content
        .plain("format")
        .is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
    let text = if is_flowed {
        let deletes_space = part
            .content
            .plain("delsp")
            .is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
        let joint = if deletes_space {
            Joint::Nothing
        } else {
            Joint::Space
        };
        unflow(&text, joint)
    } else {
        text
    };
    composed(trimmed(&text)).into_owned()
}

/// Keeps what was found within a text of so many bytes; no more than those came out.
fn keep_files(found: Vec<Embedded>, written: usize, files: &mut Vec<Embedded>) {
    let mut left = written;
    for file in found {
        let Some(rest) = left.checked_sub(file.bytes.len()) else {
            return;
        };
        left = rest;
        files.push(file);
    }
}

fn html_text(
    bytes: Cow<'_, [u8]>,
    label: Option<&str>,
    written: usize,
    files: &mut Vec<Embedded>,
) -> String {
    let in_document = if label.is_none() {
        declared_in_html(&bytes)
    } else {
        None
    };
    let text = charset::decode(bytes, label.or(in_document.as_deref()));
    let readable = html::read(&text);
    keep_files(readable.pictures, written, files);
    composed(trimmed(&clean(&readable.text))).into_owned()
}

/// HTML that calls itself plain text.
fn looks_like_html(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    [&b"<!doctype html"[..], b"<html", b"<head>", b"<body"]
        .iter()
        .any(|tag| {
            start
                .get(..tag.len())
                .is_some_and(|s| s.eq_ignore_ascii_case(tag))
        })
}

/// The charset that an HTML document declares at its beginning, for a mail that
/// does not.
fn declared_in_html(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..2048).unwrap_or(bytes);
    let start = String::from_utf8_lossy(start).to_ascii_lowercase();
    let (_, after) = start.split_once("charset=")?;
    let label: String = after
        .trim_start_matches(['"', '\''])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    // A document that can be read this far is not in UTF-16.
    (!label.is_empty() && !label.starts_with("utf-16")).then_some(label)
}

/// One kind of line break, and no character that no text holds.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\r' => {
                // CR CR LF is one line break that was sent through two systems.
                while characters.next_if_eq(&'\r').is_some() {}
                characters.next_if_eq(&'\n');
                out.push('\n');
            }
            '\n' | '\t' => out.push(c),
            '\u{2028}' | '\u{2029}' => out.push('\n'),
            c if is_unprintable(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// Without empty lines at its ends; the first line keeps its indentation.
pub(crate) fn trimmed(text: &str) -> &str {
    let text = text.trim_end();
    let blank = text.len() - text.trim_start().len();
    let start = text
        .get(..blank)
        .and_then(|s| s.rfind('\n'))
        .map_or(0, |at| at + 1);
    text.get(start..).unwrap_or_default()
}

/// What stands between two lines that flow together.
#[derive(Clone, Copy)]
enum Joint {
    Space,
    /// RFC 3676, section 4.1: `DelSp=yes`.
    Nothing,
}

/// Joins the lines of `format=flowed` (RFC 3676, section 4): a line that ends in a
/// blank goes on in the next one of the same depth of quotes.
fn unflow(text: &str, joint: Joint) -> String {
    let mut out = String::with_capacity(text.len());
    let mut flows: Option<usize> = None;
    for (at, line) in text.split('\n').enumerate() {
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let content = line.get(depth..).unwrap_or_default();
        // Section 4.4: one blank at the start was stuffed.
        let content = content.strip_prefix(' ').unwrap_or(content);
        let is_signature = content == "-- ";
        if flows != Some(depth) || is_signature || content.is_empty() {
            if at > 0 {
                out.push('\n');
            }
            out.push_str(&">".repeat(depth));
            if depth > 0 && !content.is_empty() {
                out.push(' ');
            }
        }
        flows = (content.ends_with(' ') && !is_signature).then_some(depth);
        match joint {
            Joint::Nothing if flows.is_some() => {
                out.push_str(content.strip_suffix(' ').unwrap_or(content));
            }
            Joint::Nothing | Joint::Space => out.push_str(content),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Joint, clean, trimmed, unflow};

    #[test]
    fn flowed() {
        let flowed =
            "Una línea \nque sigue.\n> citada \n> aquí\n otra\n>> a \n> b\n-- \nAna \nPérez";
        assert_eq!(
            unflow(flowed, Joint::Space),
            "Una línea que sigue.\n> citada aquí\notra\n>> a \n> b\n-- \nAna Pérez"
        );
        assert_eq!(unflow("ab \ncd \n\nef", Joint::Nothing), "abcd\n\nef");
    }

    #[test]
    fn cleaned() {
        assert_eq!(
            clean("a\r\nb\rc\r\r\nd\u{0}\u{202e}e\tf\u{85}"),
            "a\nb\nc\nde\tf"
        );
        assert_eq!(trimmed("\n \n  a\n b \n\n"), "  a\n b");
        assert_eq!(trimmed(" \n "), "");
    }
}
