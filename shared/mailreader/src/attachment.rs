//! What a mail carries besides its text.

use std::borrow::Cow;

use types::file_name::{LONGEST, clean, safe, truncated};

use crate::header::groups;
use crate::mime::{Mail, Part};
use crate::transfer::Transfer;
use crate::words;

/// A file that came with a mail. Its bytes stay in the raw mail until they are
/// asked for, so that a mail of 40 MB is not held twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment<'a> {
    /// A file name for any system: no path, no control characters, no name that
    /// means something else, at most [`LONGEST`] bytes. Two attachments
    /// may have the same.
    pub name: String,
    /// `type/subtype` in lower case, as the mail says. It proves nothing about the
    /// bytes.
    pub content_type: String,
    /// Whether it is shown within the text: an image of a signature, for one.
    pub inline: bool,
    /// As it stands in the mail; what stood within a text is decoded already.
    body: Cow<'a, [u8]>,
    transfer: Transfer,
}

/// A file that stood within a text.
pub(crate) struct Embedded {
    /// What it is called there.
    pub(crate) name: String,
    pub(crate) content_type: String,
    /// Whether it is shown within the text.
    pub(crate) inline: bool,
    pub(crate) bytes: Vec<u8>,
}

impl<'a> Attachment<'a> {
    /// Decodes the bytes, as far as they can be. They are never more than the mail
    /// spent on them.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        self.transfer.decode(&self.body, usize::MAX)
    }

    /// The file that stood within a text; `number` names it where it has no name.
    pub(crate) fn within(embedded: Embedded, number: usize) -> Self {
        let name = safe(&embedded.name).filter(|name| has_extension(name));
        let named = || format!("imagen-{number}.{}", extension(&embedded.content_type));
        Attachment {
            name: name.unwrap_or_else(named),
            content_type: embedded.content_type,
            inline: embedded.inline,
            body: Cow::Owned(embedded.bytes),
            transfer: Transfer::AsIs,
        }
    }

    /// The file that `part` is; `number` names it where it has no name.
    pub(crate) fn of(mail: &Mail<'a>, part: &Part, number: usize) -> Self {
        let (body, transfer) = mail.body(part);
        let content_type = part.content.value.clone();
        let header = mail.header(part);
        let name = part
            .disposition
            .text("filename")
            .or_else(|| part.content.text("name"))
            .or_else(|| part.disposition.text("name"))
            .or_else(|| {
                header
                    .text("Content-Description")
                    .filter(|d| has_extension(d))
            })
            .as_deref()
            .and_then(safe);
        let name = match content_type.as_str() {
            "message/rfc822" | "message/global" => {
                let name = name.or_else(|| subject(body, transfer));
                with_extension(name, "mensaje", number, "eml")
            }
            "text/calendar" | "application/ics" => {
                with_extension(name, "invitacion", number, "ics")
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => {
                name.unwrap_or_else(|| "winmail.dat".to_owned())
            }
            kind => name.unwrap_or_else(|| format!("adjunto-{number}.{}", extension(kind))),
        };
        // RFC 2183, section 2.1; and what the text refers to (RFC 2392).
        let inline = match part.disposition.value.as_str() {
            "inline" => true,
            "" => header.has("Content-ID") && !content_type.starts_with("message/"),
            _ => false,
        };
        Attachment {
            name,
            content_type,
            inline,
            body: Cow::Borrowed(body),
            transfer,
        }
    }
}

/// What a mail that came along calls itself.
fn subject(body: &[u8], transfer: Transfer) -> Option<String> {
    const START: usize = 64 * 1024;
    let start = match transfer {
        Transfer::AsIs => body.get(..START).unwrap_or(body),
        Transfer::Base64 | Transfer::QuotedPrintable => body.get(..2 * START).unwrap_or(body),
    };
    let decoded = transfer.decode(start, START);
    let groups = groups(&decoded, 1);
    let fields = groups.first()?;
    let subject = fields
        .iter()
        .find(|field| field.name.eq_ignore_ascii_case(b"Subject"))?;
    let subject = words::line(&words::unfold(subject.value, None), 120)?;
    // A dot or a slash in a subject belongs to no path.
    clean(&subject.replace(['/', '\\'], "-"))
}

fn with_extension(name: Option<String>, stem: &str, number: usize, extension: &str) -> String {
    match name {
        Some(name)
            if name
                .to_ascii_lowercase()
                .ends_with(&format!(".{extension}")) =>
        {
            name
        }
        Some(name) => {
            let name = truncated(&name, LONGEST - extension.len() - 1);
            format!("{name}.{extension}")
        }
        None => format!("{stem}-{number}.{extension}"),
    }
}

fn has_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, e)| {
        (1..=5).contains(&e.len()) && e.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

/// The usual extension of a media type.
fn extension(content_type: &str) -> &'static str {
    match content_type {
        "application/pdf" => "pdf",
        "application/zip" | "application/x-zip-compressed" => "zip",
        "application/msword" => "doc",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document" => "docx",
        "application/vnd.ms-excel" => "xls",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => "xlsx",
        "application/pgp-signature" => "asc",
        "application/pkcs7-signature" | "application/x-pkcs7-signature" => "p7s",
        "application/pkcs7-mime" | "application/x-pkcs7-mime" => "p7m",
        "image/jpeg" | "image/jpg" | "image/pjpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/svg+xml" => "svg",
        "image/tiff" => "tif",
        "image/webp" => "webp",
        "image/heic" => "heic",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "video/mp4" => "mp4",
        "text/plain" => "txt",
        "text/html" => "html",
        "text/csv" => "csv",
        "text/vcard" | "text/x-vcard" | "text/directory" => "vcf",
        "text/rfc822-headers" | "message/delivery-status" => "txt",
        _ => "bin",
    }
}
