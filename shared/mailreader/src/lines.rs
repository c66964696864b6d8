//! Lines of a mail, by what ends them in it.

/// What ends a line.
#[derive(Clone, Copy)]
pub(crate) enum LineEnd {
    Lf,
    /// A mail without a single LF, as systems of the last century wrote it. In
    /// any other mail a bare CR ends nothing: a header field that one reader sees
    /// and another does not is how mail is forged.
    Cr,
}

impl LineEnd {
    pub(crate) fn of(raw: &[u8]) -> Self {
        if memchr::memchr(b'\n', raw).is_none() && memchr::memchr(b'\r', raw).is_some() {
            LineEnd::Cr
        } else {
            LineEnd::Lf
        }
    }
}

/// A line: where it starts, where its text ends and where the next one starts.
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) next: usize,
}

/// The line that starts at `start`, unless the text ends there.
pub(crate) fn line_at(raw: &[u8], start: usize, line_end: LineEnd) -> Option<Line<'_>> {
    let rest = raw.get(start..).filter(|rest| !rest.is_empty())?;
    let mark = match line_end {
        LineEnd::Lf => b'\n',
        LineEnd::Cr => b'\r',
    };
    let (mut text, length) = match memchr::memchr(mark, rest) {
        Some(at) => (rest.get(..at).unwrap_or_default(), at + 1),
        None => (rest, rest.len()),
    };
    while let [before @ .., b'\r'] = text {
        text = before;
    }
    Some(Line {
        text,
        start,
        end: start + text.len(),
        next: start + length,
    })
}
