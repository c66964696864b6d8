//! What may be attached: how much, and of what kind. A file is what its bytes say, and
//! whoever sends it says what he takes it for: both have to agree, so that nobody opens
//! a program that came as a picture.

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};

use crate::file_name::extension;
use crate::problem::FieldError;

/// Most bytes of a file that comes by HTTP.
pub const MAX_FILE: u64 = 25 * 1024 * 1024;

/// Most files that come with one step.
pub const MAX_FILES_A_STEP: usize = 20;

/// Most bytes that an archive may come to once somebody opens it: forty times the
/// largest file. No document does, and a disk that is full is the least that would
/// happen to whoever opens one that is made for it.
const MAX_UNPACKED: u64 = 40 * MAX_FILE;

/// How much of a file's beginning says what it is.
const HEAD: usize = 8 * 1024;

/// How much of its end is kept: an archive's list of what is in it stands there.
const TAIL: usize = 256 * 1024;

/// Names of what Windows carries out when it is opened.
const PROGRAMS: [&str; 52] = [
    "ade",
    "adp",
    "apk",
    "app",
    "appx",
    "appxbundle",
    "bat",
    "chm",
    "cmd",
    "com",
    "cpl",
    "dll",
    "exe",
    "gadget",
    "hta",
    "inf",
    "ins",
    "isp",
    "jar",
    "jnlp",
    "js",
    "jse",
    "lnk",
    "mde",
    "msc",
    "msi",
    "msix",
    "msp",
    "mst",
    "ocx",
    "pif",
    "ps1",
    "ps1xml",
    "ps2",
    "psc1",
    "psd1",
    "psm1",
    "reg",
    "scf",
    "scr",
    "sct",
    "shb",
    "sys",
    "vb",
    "vbe",
    "vbs",
    "vxd",
    "wsc",
    "wsf",
    "wsh",
    "xll",
    "url",
];

/// Whether a file of this name is carried out when somebody opens it.
pub fn is_named_as_program(name: &str) -> bool {
    // Windows sees past dots and blanks at the end, and so does the name's cleaning.
    PROGRAMS.contains(&extension(name).as_str())
}

/// There is no such upload, or none that is the caller's to take.
pub fn unknown(field: &str) -> FieldError {
    let detail = "No existe ese archivo, o no es de esta solicitud.";
    FieldError::new(field, "unknown_upload", detail)
}

/// What is carried out instead of being read.
pub fn program(field: &str) -> FieldError {
    let detail = "Es un programa, y los programas no se reciben. Si la Mesa de Ayuda lo necesita, \
                  cuente en el texto dónde está.";
    FieldError::new(field, "program", detail)
}

/// There is nothing in it.
pub fn empty(field: &str) -> FieldError {
    FieldError::new(field, "empty_file", "El archivo está vacío.")
}

/// It is larger than any file may be.
pub fn too_large(field: &str) -> FieldError {
    let detail = format!(
        "Pesa más de {} MB, que es lo más que se recibe por archivo.",
        MAX_FILE / (1024 * 1024)
    );
    FieldError::new(field, "file_too_large", detail)
}

/// What a file's bytes come to, piece by piece: little of it is held at once.
#[derive(Default)]
pub struct Inspection {
    size: u64,
    digest: Sha256,
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// What is known of a file once all of it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub digest: String,
    /// What its first bytes say that it is, where they say it.
    pub found: Option<&'static str>,
    /// How many bytes it comes to once it is unpacked, where it says so.
    unpacked: Option<u64>,
}

impl Inspection {
    /// Takes the next piece in.
    pub fn take(&mut self, piece: &[u8]) {
        self.size = self.size.saturating_add(piece.len() as u64);
        self.digest.update(piece);
        let room = HEAD.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..room]);
        self.tail.extend_from_slice(piece);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    /// What it comes to.
    pub fn finish(self) -> Inspected {
        Inspected {
            size: self.size,
            digest: HEXLOWER.encode(&self.digest.finalize()),
            found: found(&self.head),
            unpacked: unpacked(&self.tail),
        }
    }
}

/// What somebody says of a file before its bytes are there.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    pub content_type: &'a str,
    pub size: u64,
    /// SHA-256 in hexadecimal.
    pub digest: Option<&'a str>,
}

impl Inspected {
    /// What the file is, by what it was said to be and what it turned out to be.
    ///
    /// # Errors
    /// Why it is not taken: it is another file than was said, or one that nobody is to
    /// open.
    pub fn kind(&self, declared: Declared<'_>) -> Result<String, FieldError> {
        if self.size == 0 {
            return Err(empty("size"));
        }
        if self.size > MAX_FILE {
            return Err(too_large("size"));
        }
        if self.size != declared.size {
            let detail = format!(
                "Llegaron {} bytes y se anunciaron {}.",
                self.size, declared.size
            );
            return Err(FieldError::new("size", "other_size", detail));
        }
        if declared.digest.is_some_and(|digest| digest != self.digest) {
            let detail = "Llegaron otros bytes que los anunciados: súbalo otra vez.";
            return Err(FieldError::new("sha256", "other_digest", detail));
        }
        if self.found.is_some_and(is_program) {
            return Err(program("content_type"));
        }
        if self.unpacked.is_some_and(|bytes| bytes > MAX_UNPACKED) {
            let detail = format!(
                "Al abrirlo ocuparía más de {} MB: no se recibe.",
                MAX_UNPACKED / (1024 * 1024)
            );
            return Err(FieldError::new("size", "unpacks_too_large", detail));
        }
        let said = essence(declared.content_type);
        match (family(&said), self.found) {
            // It says nothing of itself: what its bytes say counts.
            (Family::Anything, found) => Ok(found.map_or(said, str::to_owned)),
            (expected, found) if expected.takes(found) => Ok(said),
            (_, found) => {
                let found = found.map_or_else(
                    || "no lo es".to_owned(),
                    |found| format!("por dentro es {}", called(found)),
                );
                let detail = format!("Dice ser {}, y {found}.", called(&said));
                Err(FieldError::new("content_type", "other_type", detail))
            }
        }
    }
}

/// A type of file without its parameters, in lower case.
pub fn essence(content_type: &str) -> String {
    let essence = content_type.split(';').next().unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

/// What people call a type of file; its own name, where they have none.
fn called(essence: &str) -> String {
    let word = match essence {
        "application/pdf" => "un PDF",
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" | "image/heic"
        | "image/heif" | "image/tiff" => "una imagen",
        "text/html" => "una página web",
        "text/plain" => "un texto",
        "text/csv" => "una lista",
        "application/zip"
        | "application/gzip"
        | "application/x-7z-compressed"
        | "application/vnd.rar" => "un archivo comprimido",
        "video/mp4" | "video/quicktime" => "un video",
        word if word.contains("word") => "un documento de Word",
        excel if excel.contains("excel") || excel.contains("spreadsheet") => "un libro de Excel",
        slides if slides.contains("powerpoint") || slides.contains("presentation") => {
            "una presentación"
        }
        other => return format!("un archivo {other}"),
    };
    // Of a kind that has several, which one it is.
    match essence.strip_prefix("image/") {
        Some(kind) => format!("{word} {}", kind.to_ascii_uppercase()),
        None => word.to_owned(),
    }
}

/// The type that a file is given out as. Whatever a browser would carry out, it is told
/// nothing of: a file is saved, and never shown.
pub fn given_as(content_type: &str) -> &str {
    let is_active = ["html", "xml", "svg", "script", "flash"];
    match is_active.iter().any(|word| content_type.contains(word)) {
        // An office's documents have long names, and are none of it.
        true if !content_type.contains("officedocument") => "application/octet-stream",
        true | false => content_type,
    }
}

/// Files that one word or another may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// Nothing is said: `application/octet-stream`.
    Anything,
    /// Something that is known by its first bytes: by one of these.
    Known(&'static [&'static str]),
    /// Text of some kind, pages and tables among it.
    Text,
    /// A table of Excel, as systems write it: its own format, text, or a page.
    Table,
    /// What has no first bytes that are known here, or many.
    Other,
}

impl Family {
    fn takes(self, found: Option<&'static str>) -> bool {
        let is_text = found.is_none_or(|found| found.starts_with("text/"));
        match self {
            Family::Anything | Family::Other => true,
            Family::Known(kinds) => found.is_some_and(|found| kinds.contains(&found)),
            Family::Text => is_text,
            Family::Table => {
                is_text || found.is_some_and(|f| OFFICE.contains(&f) || OLE.contains(&f))
            }
        }
    }
}

/// Archives as `infer` names them, and what offices keep in them. One that is locked
/// with a password is kept as older documents are.
const OFFICE: &[&str] = &[
    "application/zip",
    "application/epub+zip",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
    "application/msword",
];

/// Older documents are all of one container.
const OLE: &[&str] = &[
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/x-ole-storage",
];

/// Pictures of telephones, and films: all of one container.
const FILMS: &[&str] = &[
    "video/mp4",
    "video/x-m4v",
    "video/quicktime",
    "audio/m4a",
    "image/heif",
    "image/avif",
];

fn family(essence: &str) -> Family {
    match essence {
        "application/octet-stream" | "binary/octet-stream" | "application/x-download" => {
            Family::Anything
        }
        "application/pdf" | "application/x-pdf" => Family::Known(&["application/pdf"]),
        "image/png" => Family::Known(&["image/png"]),
        "image/jpeg" | "image/jpg" | "image/pjpeg" => Family::Known(&["image/jpeg"]),
        "image/gif" => Family::Known(&["image/gif"]),
        "image/webp" => Family::Known(&["image/webp"]),
        "image/bmp" | "image/x-ms-bmp" => Family::Known(&["image/bmp"]),
        "image/tiff" => Family::Known(&["image/tiff", "image/x-canon-cr2"]),
        "image/heic" | "image/heif" | "image/avif" | "video/mp4" | "video/quicktime"
        | "video/x-m4v" | "audio/mp4" | "audio/m4a" | "audio/x-m4a" => Family::Known(FILMS),
        "application/zip" | "application/x-zip-compressed" => Family::Known(OFFICE),
        "application/msword" | "application/vnd.ms-powerpoint" | "application/vnd.ms-outlook" => {
            Family::Known(OLE)
        }
        // What Windows calls whatever Excel opens, a list with commas, too.
        "application/vnd.ms-excel" => Family::Table,
        "application/gzip" | "application/x-gzip" => Family::Known(&["application/gzip"]),
        "application/x-7z-compressed" => Family::Known(&["application/x-7z-compressed"]),
        "application/vnd.rar" | "application/x-rar-compressed" => {
            Family::Known(&["application/vnd.rar"])
        }
        "application/json" | "application/xml" | "application/javascript" | "image/svg+xml" => {
            Family::Text
        }
        text if text.starts_with("text/") && text != "text/rtf" => Family::Text,
        office
            if office.starts_with("application/vnd.openxmlformats-officedocument")
                || office.starts_with("application/vnd.oasis.opendocument") =>
        {
            Family::Known(OFFICE)
        }
        _ => Family::Other,
    }
}

/// What first bytes say that a file is.
fn found(head: &[u8]) -> Option<&'static str> {
    let found = infer::get(head)?.mime_type();
    // Two letters are little: a text may begin with them. What really is one has bytes
    // that no text has.
    let is_text = !head
        .iter()
        .any(|b| *b < 0x20 && !b"\t\n\x0b\x0c\r\x1b".contains(b));
    match found {
        "image/bmp" | "application/vnd.microsoft.portable-executable" if is_text => None,
        found => Some(found),
    }
}

/// Whether a machine carries it out.
fn is_program(found: &str) -> bool {
    matches!(
        found,
        "application/vnd.microsoft.portable-executable"
            | "application/x-executable"
            | "application/x-mach-binary"
            | "application/x-llvm"
            | "application/java"
            | "application/vnd.android.dex"
            | "application/vnd.android.dey"
            | "application/vnd.debian.binary-package"
            | "application/x-rpm"
            | "application/x-google-chrome-extension"
    )
}

/// How many bytes a ZIP archive says that it comes to, by the end of it: its list of what
/// is in it stands there (APPNOTE.TXT, 4.3.12 and 4.3.16). None where it is none, or one
/// with a longer list.
fn unpacked(tail: &[u8]) -> Option<u64> {
    const END: &[u8] = b"PK\x05\x06";
    const ENTRY: &[u8] = b"PK\x01\x02";
    let short = |at: usize| Some(u16::from_le_bytes(tail.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(tail.get(at..at + 4)?.try_into().ok()?));
    let end = tail.windows(END.len()).rposition(|window| window == END)?;
    let listed = usize::try_from(long(end + 12)?).ok()?;
    let mut at = end.checked_sub(listed)?;
    let mut bytes = 0u64;
    while at < end {
        if tail.get(at..at + 4)? != ENTRY {
            break;
        }
        // What does not fit into four bytes is written as the largest that does.
        bytes = bytes.saturating_add(long(at + 24)?.into());
        let rest = [28, 30, 32].map(|field| short(at + field));
        let rest: usize = rest.into_iter().flatten().map(usize::from).sum();
        at += 46 + rest;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests;
