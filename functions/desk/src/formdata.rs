//! What an HTML form with a file sends (RFC 7578), as far as the forms here need it: few
//! parts, whole in memory.

/// Most parts that are looked at.
const MOST_PARTS: usize = 20;

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    pub name: String,
    /// Whether somebody picked a file there; a browser sends one without a name where
    /// nobody did.
    pub file: Option<String>,
    pub bytes: &'a [u8],
}

/// The boundary that a content type names, where it is such a form's.
pub fn boundary(content_type: &str) -> Option<&str> {
    let mut pieces = content_type.split(';').map(str::trim);
    let essence = pieces.next()?;
    if !essence.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let named = pieces.find_map(|piece| {
        let (name, value) = piece.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("boundary")
            .then_some(value)
    })?;
    Some(named.trim().trim_matches('"')).filter(|named| !named.is_empty())
}

/// The fields of a body, in its order; nothing that is not whole.
pub fn parts<'a>(boundary: &str, body: &'a [u8]) -> Vec<Part<'a>> {
    let mark = format!("\r\n--{boundary}").into_bytes();
    let first = format!("--{boundary}").into_bytes();
    let mut found = Vec::new();
    let Some(mut rest) = body.strip_prefix(first.as_slice()) else {
        return found;
    };
    while found.len() < MOST_PARTS {
        // After the last boundary there are two hyphens in its place.
        let Some(from) = rest.strip_prefix(b"\r\n") else {
            break;
        };
        let Some(end) = find(from, &mark) else {
            break;
        };
        let (part, after) = from.split_at(end);
        found.extend(read(part));
        rest = after.strip_prefix(mark.as_slice()).unwrap_or_default();
    }
    found
}

fn read(part: &[u8]) -> Option<Part<'_>> {
    let blank = b"\r\n\r\n";
    let end = find(part, blank)?;
    let (head, rest) = part.split_at(end);
    let head = String::from_utf8_lossy(head);
    let disposition = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("content-disposition")
            .then_some(value)
    })?;
    Some(Part {
        name: parameter(disposition, "name")?,
        file: parameter(disposition, "filename"),
        bytes: rest.strip_prefix(blank).unwrap_or_default(),
    })
}

/// A quoted parameter; browsers write a quote in it as `%22`.
fn parameter(disposition: &str, name: &str) -> Option<String> {
    let mark = format!("; {name}=\"");
    let (_, from) = disposition.split_once(&mark)?;
    let (value, _) = from.split_once('"')?;
    Some(value.to_owned())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] =
        b"--x1\r\nContent-Disposition: form-data; name=\"alcance\"\r\n\r\nwhole\r\n\
        --x1\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"gente.csv\"\r\n\
        Content-Type: text/csv\r\n\r\ncorreo;nombre\r\n\xc1\r\n\r\n--x1--\r\n";

    #[test]
    fn fields_and_files_come_as_they_were_sent() {
        let parts = parts("x1", BODY);
        let found: Vec<_> = parts
            .iter()
            .map(|part| (part.name.as_str(), part.file.as_deref(), part.bytes))
            .collect();
        let sheet: &[u8] = b"correo;nombre\r\n\xc1\r\n";
        assert_eq!(
            found,
            [
                ("alcance", None, b"whole".as_slice()),
                ("archivo", Some("gente.csv"), sheet)
            ]
        );
    }

    #[test]
    fn a_boundary_is_named_by_such_a_form_alone() {
        for (content_type, named) in [
            ("multipart/form-data; boundary=x1", Some("x1")),
            (
                "Multipart/Form-Data; charset=utf-8; boundary=\"a b\"",
                Some("a b"),
            ),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/mixed; boundary=x1", None),
            ("text/csv", None),
        ] {
            assert_eq!(boundary(content_type), named, "{content_type}");
        }
    }

    #[test]
    fn what_is_cut_short_is_left_out() {
        for end in 0..BODY.len() {
            let (cut, _) = BODY.split_at(end);
            assert!(parts("x1", cut).len() <= 2, "{end}");
        }
        assert_eq!(
            parts(
                "x1",
                b"--x1\r\nContent-Disposition: form-data\r\n\r\na\r\n--x1--"
            ),
            []
        );
        assert_eq!(parts("otra", BODY), []);
    }
}
