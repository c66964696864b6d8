//! Header fields (RFC 5322), as they stand in a mail.

use crate::lines::{LineEnd, line_at};
use crate::words;

/// A header field: its name, and its value as it stands in the mail, folded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// The header fields of a mail or of a part.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header<'f, 'a>(pub(crate) &'f [Field<'a>]);

impl<'f, 'a> Header<'f, 'a> {
    /// The values of a field, in their order. Names are compared without case and
    /// otherwise strictly: `Fr om` is not `From`, or we would see another sender
    /// than whoever checked his signature.
    pub(crate) fn all(self, name: &'static str) -> impl Iterator<Item = &'a [u8]> + use<'f, 'a> {
        let is_it = move |field: &&Field<'a>| field.name.eq_ignore_ascii_case(name.as_bytes());
        self.0.iter().filter(is_it).map(|field| field.value)
    }

    /// The first value of a field that is not blank, unfolded.
    pub(crate) fn text(self, name: &'static str) -> Option<String> {
        self.all(name)
            .map(|value| words::unfold(value, None))
            .find(|value| !value.is_empty())
    }

    pub(crate) fn has(self, name: &'static str) -> bool {
        self.all(name).next().is_some()
    }
}

/// A line that is a header field: a name of printable ASCII, blanks perhaps, a
/// colon (RFC 5322, sections 2.2 and 4.5.8).
pub(crate) fn field(line: &[u8]) -> Option<Field<'_>> {
    let colon = memchr::memchr(b':', line)?;
    let name = line.get(..colon)?.trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(u8::is_ascii_graphic);
    is_name.then(|| Field {
        name,
        value: line.get(colon + 1..).unwrap_or_default(),
    })
}

/// The header fields of something that was decoded apart, a delivery status (RFC
/// 3464) or a mail that came back: groups of them, separated by empty lines, at
/// most `most`.
pub(crate) fn groups(raw: &[u8], most: usize) -> Vec<Vec<Field<'_>>> {
    let line_end = LineEnd::of(raw);
    let mut groups = Vec::new();
    let mut group: Vec<Field<'_>> = Vec::new();
    let (mut at, mut value_start) = (0, 0);
    while let Some(line) = line_at(raw, at, line_end) {
        at = line.next;
        if line.text.is_empty() {
            if !group.is_empty() {
                groups.push(std::mem::take(&mut group));
            }
            if groups.len() >= most {
                break;
            }
        } else if line.text.starts_with(b" ") || line.text.starts_with(b"\t") {
            if let Some(field) = group.last_mut() {
                field.value = raw.get(value_start..line.end).unwrap_or_default();
            }
        } else if let Some(field) = field(line.text) {
            value_start = line.end - field.value.len();
            group.push(field);
        }
    }
    if !group.is_empty() && groups.len() < most {
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::groups;

    #[test]
    fn groups_of_fields() {
        let raw = b"\r\nA: 1\r\n 2\r\nB: 3\r\n\r\n\r\nbasura\r\nA: 4";
        let found: Vec<Vec<_>> = groups(raw, 9)
            .iter()
            .map(|group| {
                group
                    .iter()
                    .map(|f| String::from_utf8_lossy(f.value).into_owned())
                    .collect()
            })
            .collect();
        assert_eq!(found, [vec![" 1\r\n 2", " 3"], vec![" 4"]]);
        assert_eq!(groups(raw, 1).len(), 1);
    }
}
