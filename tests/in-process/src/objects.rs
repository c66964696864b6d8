//! S3: objects by bucket and key.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use types::Timestamp;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub written_at: Timestamp,
}

/// The tag of an object with these bytes.
pub(crate) fn tag(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Objects on a page of a listing.
const PAGE: usize = 1_000;

/// What an answer is made of.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

/// The buckets.
#[derive(Default)]
pub(crate) struct Objects(pub(crate) BTreeMap<(String, String), Object>);

impl Objects {
    /// Carries out a request on `/bucket/key`; a copy is made `of` another such path, as
    /// long as that has the tag that is wanted of it.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        (bucket, key): (&str, &str),
        query: &[(String, String)],
        (content_type, body): (&str, Vec<u8>),
        (of, wanted): (&str, &str),
        now: Timestamp,
    ) -> Answer {
        let place = (bucket.to_owned(), key.to_owned());
        match operation {
            "GetObject" => match self.0.get(&place) {
                Some(object) => Answer {
                    status: 200,
                    content_type: object.content_type.clone(),
                    body: object.bytes.clone(),
                },
                None => Answer::missing(),
            },
            "PutObject" => {
                let object = Object {
                    bytes: body,
                    content_type: content_type.to_owned(),
                    written_at: now,
                };
                self.0.insert(place, object);
                Answer::xml(200, "")
            }
            "CopyObject" => {
                let (from, key) = of.split_once('/').unwrap_or_default();
                match self.0.get(&(from.to_owned(), key.to_owned())) {
                    Some(object) if !wanted.is_empty() && wanted != tag(&object.bytes) => {
                        Answer::xml(412, "<Error><Code>PreconditionFailed</Code></Error>")
                    }
                    Some(object) => {
                        let copy = Object {
                            written_at: now,
                            ..object.clone()
                        };
                        self.0.insert(place, copy);
                        Answer::xml(200, "<CopyObjectResult></CopyObjectResult>")
                    }
                    None => Answer::missing(),
                }
            }
            "DeleteObject" => {
                self.0.remove(&place);
                Answer::xml(204, "")
            }
            "ListObjectsV2" => {
                let asked = |wanted: &str| {
                    let found = query.iter().find(|(name, _)| name == wanted);
                    found.map_or("", |(_, value)| value.as_str())
                };
                let prefix = asked("prefix");
                // A token is the key that the last page ended with.
                let token = asked("continuation-token");
                let after = (bucket.to_owned(), token.max(prefix).to_owned());
                let mut objects: Vec<_> = self
                    .0
                    .range(after..)
                    .take_while(|((b, key), _)| b == bucket && key.starts_with(prefix))
                    .filter(|((_, key), _)| key != token)
                    .take(PAGE + 1)
                    .collect();
                let more = objects.len() > PAGE;
                objects.truncate(PAGE);
                let count = objects.len();
                let next = match objects.last() {
                    Some(((_, key), _)) if more => {
                        format!("<NextContinuationToken>{key}</NextContinuationToken>")
                    }
                    Some(_) | None => String::new(),
                };
                let contents: String = objects
                    .into_iter()
                    .map(|((_, key), object)| {
                        format!(
                            "<Contents><Key>{key}</Key><LastModified>{:.3}</LastModified><Size>{}</Size></Contents>",
                            object.written_at,
                            object.bytes.len()
                        )
                    })
                    .collect();
                Answer::xml(
                    200,
                    &format!(
                        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name>\
                         <KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>{next}{contents}</ListBucketResult>"
                    ),
                )
            }
            other => panic!("no function calls S3's {other}"),
        }
    }
}

impl Answer {
    fn missing() -> Self {
        Answer::xml(
            404,
            "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
        )
    }

    fn xml(status: u16, body: &str) -> Self {
        Answer {
            status,
            content_type: "application/xml".to_owned(),
            body: body.as_bytes().to_vec(),
        }
    }
}
