//! Files that stand within a text, as Unix and Notes wrote them before MIME:
//! `begin 644 name`, lines of their own alphabet, `end`.

use std::borrow::Cow;

use types::file_name::safe;

use crate::attachment::Embedded;

/// Most files that are looked for in a text.
const FILES: usize = 100;

/// What begins a file.
pub(crate) const BEGIN: &str = "begin ";

/// Takes the files out of a text. What does not end, or is no line of theirs, stays
/// in it.
pub(crate) fn take_out(text: &str) -> (Cow<'_, str>, Vec<Embedded>) {
    if !text.contains(BEGIN) {
        return (Cow::Borrowed(text), vec![]);
    }
    let lines: Vec<&str> = text.split('\n').collect();
    let mut kept: Vec<&str> = Vec::with_capacity(lines.len());
    let mut files = Vec::new();
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        let found = if files.len() < FILES {
            name(line).and_then(|name| Some((name, decoded(lines.get(at + 1..)?)?)))
        } else {
            None
        };
        let Some((name, (bytes, length))) = found else {
            kept.push(line);
            at += 1;
            continue;
        };
        files.push(Embedded {
            name,
            content_type: "application/octet-stream".to_owned(),
            inline: false,
            bytes,
        });
        at += 1 + length;
        // Of the empty lines around it, those before it are left.
        if kept.last().is_none_or(|line| line.trim().is_empty()) {
            let blank = |line: &&&str| line.trim().is_empty();
            at += lines.iter().skip(at).take_while(blank).count();
        }
    }
    (Cow::Owned(kept.join("\n")), files)
}

/// The name in the line that begins a file: `begin 644 error.txt`.
fn name(line: &str) -> Option<String> {
    let (mode, name) = line.strip_prefix(BEGIN)?.split_once(' ')?;
    let is_mode = (3..=4).contains(&mode.len()) && mode.bytes().all(|b| matches!(b, b'0'..=b'7'));
    is_mode.then(|| safe(name)).flatten()
}

/// The bytes of a file, and the number of its lines up to its end.
fn decoded(lines: &[&str]) -> Option<(Vec<u8>, usize)> {
    let mut bytes = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim_end();
        if line == "end" {
            return (!bytes.is_empty()).then_some((bytes, at + 1));
        }
        if !line.is_empty() {
            decode_line(line.as_bytes(), &mut bytes)?;
        }
    }
    None
}

/// A line: a sign for its length, and three bytes in four signs. Blanks at its end
/// may have been lost.
fn decode_line(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let value = |sign: u8| (b' '..=b'`').contains(&sign).then(|| (sign - b' ') & 0x3f);
    let (length, signs) = line.split_first()?;
    let length = usize::from(value(*length)?);
    let groups = length.div_ceil(3);
    // One sign more is a sum that some add.
    if signs.len() > groups * 4 + 1 {
        return None;
    }
    let mut left = length;
    for group in 0..groups {
        let mut bits = 0u32;
        for sign in 0..4 {
            let sign = signs.get(group * 4 + sign).copied().unwrap_or(b' ');
            bits = bits << 6 | u32::from(value(sign)?);
        }
        let three = [(bits >> 16) as u8, (bits >> 8) as u8, bits as u8];
        out.extend(three.iter().take(left));
        left = left.saturating_sub(3);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::take_out;

    #[test]
    fn files_within_a_text() {
        let block = "begin 644 hola.txt\n#0V%T\n`\nend";
        for (text, left) in [
            (format!("Va el registro.\n\n{block}\n"), "Va el registro.\n"),
            (format!("Uno\n\n{block}\n\nDos"), "Uno\n\nDos"),
            (format!("{block}\nFin"), "Fin"),
        ] {
            let (kept, files) = take_out(&text);
            assert_eq!(kept, left);
            assert_eq!(files.len(), 1, "{text}");
            assert_eq!(
                (files[0].name.as_str(), &files[0].bytes[..]),
                ("hola.txt", &b"Cat"[..])
            );
        }
        let (kept, files) =
            take_out("a\nbegin 755 x/y.bin\n#0V%T\nend\nb\nbegin 0644 z.bin\n#0V%T\n \nend");
        assert_eq!((kept.as_ref(), files.len()), ("a\nb", 2));
        assert_eq!(files[0].name, "x-y.bin");
        // A line that lost the blanks at its end.
        let (_, files) = take_out("begin 600 n\n$   0\n#\nend");
        assert_eq!(files[0].bytes, [0, 0, 16, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_none_stays() {
        for text in [
            "begin 644 a.txt\n#0V%T\nsin fin",
            "begin 644 a.txt\n#0V%T y más que eso\nend",
            "begin with the printer\nend",
            "begin 999 x\n#0V%T\nend",
            "begin 644 a.txt\nend",
            "begin 644 a.txt\nñandú\nend",
        ] {
            let (kept, files) = take_out(text);
            assert_eq!((kept.as_ref(), files.len()), (text, 0));
        }
    }
}
