//! S3: objects by bucket and key.

use std::collections::BTreeMap;

use types::Timestamp;

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    pub bytes: Vec<u8>,
    pub content_type: String,
    pub written_at: Timestamp,
}

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
    /// Carries out a request on `/bucket/key`.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        (bucket, key): (&str, &str),
        query: &[(String, String)],
        content_type: &str,
        body: Vec<u8>,
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
                None => Answer::xml(
                    404,
                    "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>",
                ),
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
            "DeleteObject" => {
                self.0.remove(&place);
                Answer::xml(204, "")
            }
            "ListObjectsV2" => {
                let prefix = query.iter().find(|(name, _)| name == "prefix");
                let prefix = prefix.map_or("", |(_, value)| value.as_str());
                let objects = self.0.iter();
                let objects: Vec<_> = objects
                    .filter(|((b, key), _)| b == bucket && key.starts_with(prefix))
                    .collect();
                let count = objects.len();
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
                         <KeyCount>{count}</KeyCount><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
                    ),
                )
            }
            other => panic!("no function calls S3's {other}"),
        }
    }
}

impl Answer {
    fn xml(status: u16, body: &str) -> Self {
        Answer {
            status,
            content_type: "application/xml".to_owned(),
            body: body.as_bytes().to_vec(),
        }
    }
}
