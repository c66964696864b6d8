//! A spreadsheet as programs save it for others: a line a row, its cells apart by a
//! separator (RFC 4180). What people get out of theirs differs in separator and
//! encoding: both are found out, and nobody is asked for them.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord};

use crate::problem::FieldError;

/// Most bytes of a sheet.
pub const MAX_BYTES: usize = 2_000_000;

/// What stands between cells, in the order of preference.
const SEPARATORS: [char; 3] = [';', ',', '\t'];

/// What Excel writes before everything else, to say which separator it is.
const SAYS_SEPARATOR: &str = "sep=";

/// The characters of Windows-1252 from 0x80 to 0x9F; the rest are Latin-1's. The five
/// that it leaves free stand for themselves, as browsers have it.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// A row with something in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line of the file that it begins on, from 1.
    pub line: usize,
    /// Its cells, without blanks around them.
    pub cells: Vec<String>,
}

/// The text of a sheet, whatever its encoding.
///
/// # Errors
/// When it is none: too large, or what a spreadsheet keeps for itself.
pub fn text(bytes: &[u8]) -> Result<Cow<'_, str>, FieldError> {
    if bytes.len() > MAX_BYTES {
        let detail = format!("La hoja tiene más de {} MB.", MAX_BYTES / 1_000_000);
        return Err(FieldError::new("", "sheet_too_large", detail));
    }
    // A zip, which is what .xlsx and .ods are; and what .xls is.
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"\xd0\xcf\x11\xe0") {
        let detail = "Es un libro de la hoja de cálculo: guárdelo como CSV (delimitado por comas \
                      o por punto y coma).";
        return Err(FieldError::new("", "not_csv", detail));
    }
    let text = match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => one_byte(rest),
        [0xff, 0xfe, rest @ ..] => Cow::Owned(two_bytes(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(two_bytes(rest, u16::from_be_bytes)),
        bytes => one_byte(bytes),
    };
    match text.contains('\0') {
        true => {
            let detail = "No es texto: guarde la hoja como CSV.";
            Err(FieldError::new("", "not_csv", detail))
        }
        false => Ok(text),
    }
}

/// UTF-8; what is not, a program of Windows wrote.
fn one_byte(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().map(|byte| windows_1252(*byte)).collect()),
    }
}

fn windows_1252(byte: u8) -> char {
    let own = byte
        .checked_sub(0x80)
        .and_then(|at| WINDOWS_1252.get(usize::from(at)));
    own.copied().unwrap_or(char::from(byte))
}

fn two_bytes(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    let units = pairs.iter().map(|pair| unit(*pair));
    char::decode_utf16(units)
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The rows of a sheet; those that are blank are none.
///
/// # Errors
/// When a cell does not end on its line: from there on nobody knows which cell is whose.
pub fn rows(text: &str) -> Result<Vec<Row>, FieldError> {
    let (text, separator) = match said_separator(text) {
        Some(said) => said,
        None => (text, separator_of(text)),
    };
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b';'))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    let mut record = StringRecord::new();
    let mut place = Place::new(text);
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(rows),
            Err(_) => {
                return Err(FieldError::new("", "not_csv", "No se puede leer como CSV."));
            }
        }
        let line = place.line_from(record.position().map_or(0, csv::Position::byte));
        let cells = record.iter().map(|cell| cell.trim().to_owned());
        let cells: Vec<_> = cells.collect();
        if let Some(broken) = cells.iter().find(|cell| cell.contains('\n')) {
            let begins: String = broken
                .chars()
                .take_while(|c| !c.is_control())
                .take(30)
                .collect();
            let detail = format!(
                "Línea {line}: la celda que empieza por «{begins}» no termina en su línea. Puede ser \
                 una comilla que no se cierra."
            );
            let field = format!("lines[{line}]");
            return Err(FieldError::new(&field, "unclosed_cell", detail));
        }
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push(Row { line, cells });
        }
    }
}

/// A sheet that names its separator, from the line of its titles on. The line break of
/// that line stays: lines are counted from it.
fn said_separator(text: &str) -> Option<(&str, char)> {
    let rest = text.strip_prefix(SAYS_SEPARATOR)?;
    let mut letters = rest.chars();
    let separator = letters.next().filter(|c| SEPARATORS.contains(c))?;
    let rest = letters.as_str();
    rest.starts_with(['\r', '\n']).then_some((rest, separator))
}

/// The separator that stands most often between the titles.
fn separator_of(text: &str) -> char {
    let titles = text.lines().find(|line| !line.trim().is_empty());
    let count = |separator: &char| {
        let mut quoted = false;
        let outside = titles.unwrap_or_default().chars().filter(|c| {
            quoted ^= *c == '"';
            !quoted && c == separator
        });
        outside.count()
    };
    // The first of those that stand equally often.
    let most = SEPARATORS.iter().rev().max_by_key(|of| count(of));
    most.copied().unwrap_or(';')
}

/// How far a text has been counted through.
struct Place<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Place<'a> {
    fn new(text: &'a str) -> Self {
        Place {
            text,
            at: 0,
            line: 1,
        }
    }

    /// The line of the first row that begins at a byte or after it: blank lines come
    /// before a row, and are none.
    fn line_from(&mut self, byte: u64) -> usize {
        let from = usize::try_from(byte).unwrap_or(usize::MAX);
        let rest = self.text.get(from..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        let passed = self.text.get(self.at..from + blank).unwrap_or_default();
        self.line += passed.matches('\n').count();
        self.at = from + blank;
        self.line
    }
}
