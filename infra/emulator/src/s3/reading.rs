//! `GetObject` and `HeadObject`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use futures_util::stream::try_unfold;
use jiff::Timestamp;

use crate::s3::answers::{S3Error, insert};
use crate::s3::objects::Objects;
use crate::s3::request::{Query, text};

/// How much of a file is read at once.
const PIECE: usize = 128 * 1024;

/// An object, or the part of it that is asked for.
pub(super) fn get(
    objects: &Objects,
    parts: &Parts,
    bucket: &str,
    key: &str,
    query: &Query,
) -> Result<Response, S3Error> {
    let (object, mut file) = objects.get(bucket, key)?;
    let range = match text(&parts.headers, header::RANGE).map(|range| part(range, object.size)) {
        None | Some(Asked::Everything) => None,
        Some(Asked::Part(range)) => Some(range),
        Some(Asked::Nothing) => {
            return Err(S3Error::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            ));
        }
    };
    let sent = range.clone().unwrap_or(0..object.size);
    let mut response = if parts.method == Method::HEAD {
        Response::new(Body::empty())
    } else {
        file.seek(SeekFrom::Start(sent.start))?;
        Response::new(bytes_of(file, sent.end - sent.start))
    };
    let headers = response.headers_mut();
    let mut set = |name: &str, value: &str| insert(headers, name, value);
    // A checksum is that of all bytes, and given to whoever asks for it.
    let checksum = range.is_none()
        && text(&parts.headers, "x-amz-checksum-mode")
            .is_some_and(|mode| mode.eq_ignore_ascii_case("enabled"));
    for (name, value) in &object.headers {
        if checksum || !name.starts_with("x-amz-checksum-") {
            set(name, value);
        }
    }
    for (name, value) in query.overrides() {
        set(name, value);
    }
    set("content-length", &(sent.end - sent.start).to_string());
    set("accept-ranges", "bytes");
    set("etag", &format!("\"{}\"", object.etag));
    set("last-modified", &http_date(object.modified));
    if range.is_some() {
        let (first, last) = (sent.start, sent.end - 1);
        set(
            "content-range",
            &format!("bytes {first}-{last}/{}", object.size),
        );
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(response)
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq)]
enum Asked {
    /// It is none, or one that S3 does not know: several parts at once.
    Everything,
    Part(Range<u64>),
    /// What is not there.
    Nothing,
}

fn part(range: &str, size: u64) -> Asked {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::Everything;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(size),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..size,
        (Err(_), Ok(last)) if first.trim().is_empty() => size.saturating_sub(last)..size,
        _ => return Asked::Everything,
    };
    if range.is_empty() {
        Asked::Nothing
    } else {
        Asked::Part(range)
    }
}

/// A body that is read as it is sent.
fn bytes_of(file: File, length: u64) -> Body {
    Body::from_stream(try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok(None);
        }
        let wanted = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; wanted];
        // On the worker's own thread: what was written lately is in memory.
        file.read_exact(&mut piece)?;
        Ok::<_, io::Error>(Some((Bytes::from(piece), (file, left - wanted as u64))))
    }))
}

fn http_date(time: Timestamp) -> String {
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_s3_reads_them() {
        assert_eq!(part("bytes=0-3", 10), Asked::Part(0..4));
        assert_eq!(part("bytes=4-", 10), Asked::Part(4..10));
        assert_eq!(part("bytes=-3", 10), Asked::Part(7..10));
        assert_eq!(part("bytes=-30", 10), Asked::Part(0..10));
        assert_eq!(part("bytes=8-99", 10), Asked::Part(8..10));
        assert_eq!(part("bytes=10-", 10), Asked::Nothing);
        assert_eq!(part("bytes=-0", 10), Asked::Nothing);
        assert_eq!(part("bytes=0-0", 0), Asked::Nothing);
        assert_eq!(part("bytes=3-1", 10), Asked::Everything);
        assert_eq!(part("bytes=0-1,4-5", 10), Asked::Everything);
        assert_eq!(part("lines=1-2", 10), Asked::Everything);
    }
}
