//! `aws-chunked`: how the SDKs frame a body whose checksum they only know at
//! its end. Signatures of chunks are not looked at, like any other.

use std::io::{self, Write};

/// No SDK writes a longer line between chunks; those of signatures have 90 bytes.
const LINE_LIMIT: usize = 8 * 1024;

/// Takes the frames off a body as it comes in.
#[derive(Default)]
pub(super) struct Unframed {
    state: State,
    /// A line that has not ended yet.
    line: Vec<u8>,
    /// Headers that came after the body, such as `x-amz-checksum-crc32`.
    pub(super) trailers: Vec<(String, String)>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum State {
    #[default]
    Size,
    Data(u64),
    AfterData,
    Trailers,
    End,
}

/// Why a body cannot be taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("the body is not aws-chunked")]
    Malformed,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Unframed {
    /// Takes a piece of the body, and writes what is in its frames.
    pub(super) fn take(
        &mut self,
        mut input: &[u8],
        output: &mut impl Write,
    ) -> Result<(), FrameError> {
        while !input.is_empty() {
            if let State::Data(left) = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
                let (data, rest) = input.split_at(here);
                output.write_all(data)?;
                input = rest;
                let left = left - here as u64;
                self.state = if left == 0 {
                    State::AfterData
                } else {
                    State::Data(left)
                };
                continue;
            }
            let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
                self.line.extend_from_slice(input);
                return if self.line.len() > LINE_LIMIT {
                    Err(FrameError::Malformed)
                } else {
                    Ok(())
                };
            };
            self.line.extend_from_slice(&input[..end]);
            input = &input[end + 1..];
            self.line()?;
        }
        Ok(())
    }

    /// Takes the line that has just ended.
    fn line(&mut self) -> Result<(), FrameError> {
        let line = std::mem::take(&mut self.line);
        let line = std::str::from_utf8(&line)
            .map_err(|_| FrameError::Malformed)?
            .trim_end();
        self.state = match self.state {
            State::Size => {
                let size = line.split(';').next().unwrap_or_default();
                match u64::from_str_radix(size, 16).map_err(|_| FrameError::Malformed)? {
                    0 => State::Trailers,
                    size => State::Data(size),
                }
            }
            State::AfterData if line.is_empty() => State::Size,
            State::Trailers if line.is_empty() => State::End,
            State::Trailers => {
                let (name, value) = line.split_once(':').ok_or(FrameError::Malformed)?;
                self.trailers
                    .push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                State::Trailers
            }
            State::AfterData | State::Data(_) | State::End => return Err(FrameError::Malformed),
        };
        Ok(())
    }

    /// Whether the body has come to its end. Some clients leave out the empty
    /// line after the last one.
    pub(super) fn is_complete(&self) -> bool {
        matches!(self.state, State::Trailers | State::End) && self.line.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_taken_off_wherever_the_body_is_cut() {
        let trailer = "x-amz-checksum-crc32:AAAAAA==\r\n";
        for (body, trailers) in [
            (format!("4\r\nab\r\n\r\n3\r\ncde\r\n0\r\n{trailer}\r\n"), 1),
            (
                "4;chunk-signature=1f\r\nab\r\n\r\n3;chunk-signature=2f\r\ncde\r\n0;chunk-signature=3f\r\n\r\n".to_owned(),
                0,
            ),
            ("7\r\nab\r\ncde\r\n0\r\n".to_owned(), 0),
        ] {
            for cut in 1..body.len() {
                let (mut unframed, mut output) = (Unframed::default(), Vec::new());
                let (head, tail) = body.as_bytes().split_at(cut);
                unframed.take(head, &mut output).unwrap();
                unframed.take(tail, &mut output).unwrap();
                assert_eq!(output, b"ab\r\ncde", "{cut}");
                assert!(unframed.is_complete(), "{cut}");
                assert_eq!(unframed.trailers.len(), trailers);
            }
        }
    }

    #[test]
    fn a_body_that_is_cut_short_or_not_framed_is_noticed() {
        #[track_caller]
        fn check(body: &str) {
            let mut unframed = Unframed::default();
            let taken = unframed.take(body.as_bytes(), &mut Vec::new());
            assert!(taken.is_err() || !unframed.is_complete(), "{body}");
        }
        check("");
        check("4\r\nab");
        check("2\r\nab\r\n");
        check("2\r\nabc\r\n0\r\n\r\n");
        check("plain text");
        check("0\r\n\r\nmore\r\n");
        check(&"0".repeat(LINE_LIMIT + 1));
    }
}
