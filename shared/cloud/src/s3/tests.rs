use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_credential_types::Credentials;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::aws::{Access, sdk_config};

/// The keys and the time of the examples in the S3 API Reference, "Signature
/// Calculations for the Authorization Header" and "Using Query Parameters".
fn of_examples() -> Credentials {
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    Credentials::new("AKIAIOSFODNN7EXAMPLE", secret, None, None, "examples")
}

fn signature(identity: &Identity) -> Signature<'_> {
    let time: Timestamp = "2013-05-24T00:00:00Z".parse().unwrap();
    Signature {
        identity,
        region: "us-east-1",
        time: time.into(),
    }
}

fn examplebucket() -> Place {
    Place {
        origin: "https://examplebucket.s3.amazonaws.com".to_owned(),
        root: "/".to_owned(),
    }
}

#[test]
fn signatures_in_headers_are_those_of_awss_examples() {
    let identity = of_examples().into();
    let check = |call: Call<'_>, headers: &str, expected: &str| {
        let request = signature(&identity).request(&examplebucket(), call);
        let request = request.unwrap();
        let authorization = request.headers().get("authorization").unwrap();
        let scope = "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request";
        let expected = format!(
            "AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={headers}, Signature={expected}"
        );
        assert_eq!(authorization, expected);
        assert_eq!(
            request.headers().get("x-amz-date"),
            Some("20130524T000000Z")
        );
    };
    check(
        Call {
            method: "GET",
            key: "test.txt",
            headers: &[("range", "bytes=0-9")],
            ..Call::default()
        },
        "host;range;x-amz-content-sha256;x-amz-date",
        "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    );
    check(
        Call {
            method: "PUT",
            key: "test$file.text",
            headers: &[
                ("date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            body: b"Welcome to Amazon S3.".to_vec(),
            ..Call::default()
        },
        "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
        "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    );
    check(
        Call {
            method: "GET",
            query: &[("lifecycle", "")],
            ..Call::default()
        },
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    );
    check(
        Call {
            method: "GET",
            query: &[("prefix", "J"), ("max-keys", "2")],
            ..Call::default()
        },
        "host;x-amz-content-sha256;x-amz-date",
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    );
}

#[test]
fn the_signature_in_a_link_is_that_of_awss_example() {
    let identity = of_examples().into();
    let day = Duration::from_secs(86_400);
    let url = "https://examplebucket.s3.amazonaws.com/test.txt";
    assert_eq!(
        signature(&identity).link("GET", url, &[], day).unwrap(),
        "https://examplebucket.s3.amazonaws.com/test.txt\
         ?X-Amz-Algorithm=AWS4-HMAC-SHA256\
         &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
         &X-Amz-Date=20130524T000000Z\
         &X-Amz-Expires=86400\
         &X-Amz-SignedHeaders=host\
         &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    );
}

#[test]
fn a_session_token_is_signed_too() {
    let examples = of_examples();
    let (id, secret) = (examples.access_key_id(), examples.secret_access_key());
    let token = Some("a/token+of=lambda".to_owned());
    let identity = Credentials::new(id, secret, token, None, "a role").into();
    let call = Call {
        method: "GET",
        key: "test.txt",
        ..Call::default()
    };
    let request = signature(&identity).request(&examplebucket(), call);
    let request = request.unwrap();
    let token = request.headers().get("x-amz-security-token");
    assert_eq!(token, Some("a/token+of=lambda"));
    let authorization = request.headers().get("authorization").unwrap();
    let signed = "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token, ";
    assert!(authorization.contains(signed), "{authorization}");

    let url = "https://examplebucket.s3.amazonaws.com/test.txt";
    let day = Duration::from_secs(86_400);
    let link = signature(&identity).link("GET", url, &[], day).unwrap();
    let token = "&X-Amz-Security-Token=a%2Ftoken%2Bof%3Dlambda";
    assert!(link.contains(token), "{link}");
    // The token is one of the things that are signed.
    let bare = signature(&of_examples().into())
        .link("GET", url, &[], day)
        .unwrap();
    let (_, unsigned) = bare.split_once("X-Amz-Signature=").unwrap();
    assert!(!link.contains(unsigned), "{link}");
}

#[test]
fn a_bucket_is_named_by_its_host_or_by_the_path() {
    let check = |bucket, endpoint, expected: &str| {
        let place = Place::of(bucket, "sa-east-1", endpoint);
        let target = place.target("tickets/1/2", &[]);
        assert_eq!(format!("{}{target}", place.origin), expected);
    };
    let host = "https://desk-files.s3.sa-east-1.amazonaws.com/tickets/1/2";
    check("desk-files", None, host);
    let path = "https://s3.sa-east-1.amazonaws.com/desk.files/tickets/1/2";
    check("desk.files", None, path);
    let local = "http://127.0.0.1:4566/desk-files/tickets/1/2";
    check("desk-files", Some("http://127.0.0.1:4566"), local);
    check("desk-files", Some("http://127.0.0.1:4566/"), local);
}

#[test]
fn a_key_is_encoded_once_and_keeps_its_slashes() {
    let check = |key: &str, expected: &str| {
        assert_eq!(examplebucket().target(key, &[]), expected);
    };
    check(
        "tickets/01J/informe a\u{f1}o.pdf",
        "/tickets/01J/informe%20a%C3%B1o.pdf",
    );
    check("a+b%20c", "/a%2Bb%2520c");
    check("a//b/../c", "/a//b/../c");
    check("-._~!*'()", "/-._~%21%2A%27%28%29");
    let query = [("prefix", "a b/c&d"), ("continuation-token", "x+/=")];
    let target = examplebucket().target("", &query);
    assert_eq!(
        target,
        "/?prefix=a%20b%2Fc%26d&continuation-token=x%2B%2F%3D"
    );
}

const LISTED: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <Name>bucket</Name><Prefix>inbound/</Prefix><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys>
  <IsTruncated>true</IsTruncated>
  <NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken>
  <Contents>
    <Key>inbound/a&amp;b&#x41;</Key><LastModified>2026-10-12T17:50:30.000Z</LastModified>
    <ETag>&quot;599bab3ed2c697f1d26842727561fd94&quot;</ETag><Size>857</Size>
    <ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><StorageClass>STANDARD</StorageClass>
  </Contents>
  <Contents>
    <Key>inbound/c</Key><LastModified>2026-10-12T17:51:00.000Z</LastModified><Size>0</Size>
  </Contents>
</ListBucketResult>"#;

#[test]
fn a_listing_is_read() {
    let entry = |key: &str, size, at: &str| Entry {
        key: key.to_owned(),
        size,
        written_at: at.parse().unwrap(),
    };
    assert_eq!(
        page(LISTED.as_bytes()).unwrap(),
        Page {
            entries: vec![
                entry("inbound/a&bA", 857, "2026-10-12T17:50:30Z"),
                entry("inbound/c", 0, "2026-10-12T17:51:00Z"),
            ],
            next: Some("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=".to_owned()),
        }
    );
    let empty = "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated>\
                 </ListBucketResult>";
    assert_eq!(page(empty.as_bytes()).unwrap(), Page::default());
}

/// What is cut off, or damaged, is never taken for a shorter listing.
#[test]
fn a_damaged_listing_is_refused() {
    for end in 0..LISTED.len() {
        let cut = page(&LISTED.as_bytes()[..end]);
        assert!(cut.is_err(), "cut at {end}: {cut:?}");
    }
    for (there, instead) in [
        ("<Size>857</Size>", "<Size>many</Size>"),
        ("<Size>857</Size>", ""),
        ("<Key>inbound/c</Key>", ""),
        ("2026-10-12T17:51:00.000Z", "yesterday"),
        ("<IsTruncated>true</IsTruncated>", ""),
        ("NextContinuationToken", "Other"),
        ("<KeyCount>2</KeyCount>", "<KeyCount>3</KeyCount>"),
        ("<KeyCount>2</KeyCount>", ""),
        ("ListBucketResult", "Error"),
        ("&#x41;", "&never;"),
    ] {
        let damaged = LISTED.replace(there, instead);
        assert!(page(damaged.as_bytes()).is_err(), "{there}: {instead}");
    }
    for no_xml in [
        &b"no XML"[..],
        b"",
        b"\xFF",
        b"</a></a>",
        b"<a",
        b"<a></b></a>",
    ] {
        assert!(page(no_xml).is_err());
    }
}

#[test]
fn refusals_are_read_and_told_apart() {
    let check = |status, said: &[u8], code: &str, passing| {
        let refusal = Refusal::read(status, said);
        assert_eq!(
            (refusal.code.as_str(), refusal.is_passing()),
            (code, passing)
        );
    };
    let error = |code: &str| format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code></Error>");
    check(503, error("SlowDown").as_bytes(), "SlowDown", true);
    check(
        500,
        error("InternalError").as_bytes(),
        "InternalError",
        true,
    );
    check(
        400,
        error("RequestTimeout").as_bytes(),
        "RequestTimeout",
        true,
    );
    check(502, b"<html>Bad gateway", "", true);
    check(503, b"", "", true);
    check(403, error("AccessDenied").as_bytes(), "AccessDenied", false);
    check(404, error("NoSuchBucket").as_bytes(), "NoSuchBucket", false);
    check(
        501,
        error("NotImplemented").as_bytes(),
        "NotImplemented",
        false,
    );
    check(
        301,
        error("PermanentRedirect").as_bytes(),
        "PermanentRedirect",
        false,
    );
}

/// A server that gives each request the next of its answers, and the last one
/// again and again.
struct Server {
    client: Client,
    requests: Arc<AtomicUsize>,
}

impl Server {
    async fn new(answers: &'static [&'static str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let access = Access::local(listener.local_addr().unwrap().port());
        let requests = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&requests);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                while read_request(&mut stream).await {
                    let number = count.fetch_add(1, Ordering::SeqCst);
                    let answer = answers.get(number).or(answers.last()).unwrap();
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if answer.contains("connection: close") || answer.is_empty() {
                        break;
                    }
                }
            }
        });
        let soon = Duration::from_millis(1);
        let sdk = sdk_config(access).into_builder();
        let sdk = sdk.retry_config(RetryConfig::standard().with_initial_backoff(soon));
        Server {
            client: Client::new(&sdk.build(), "bucket"),
            requests,
        }
    }

    /// What comes of a call, and how many requests it took.
    async fn see<T>(&self, call: impl Future<Output = Result<T, Failure>>) -> (String, usize)
    where
        T: std::fmt::Debug,
    {
        let outcome = match call.await {
            Ok(value) => format!("{value:?}"),
            Err(Failure::Missing) => "missing".to_owned(),
            Err(Failure::TooLarge(size)) => format!("{size} are too many"),
            Err(Failure::Passing(_)) => "passing".to_owned(),
            Err(Failure::Lasting(_)) => "lasting".to_owned(),
        };
        (outcome, self.requests.swap(0, Ordering::SeqCst))
    }

    async fn get(&self) -> (String, usize) {
        self.see(self.client.get("key", 4)).await
    }
}

/// Whether a request came, read to its end.
async fn read_request(stream: &mut TcpStream) -> bool {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.split_once("content-length: ");
            let length = length.map_or("0", |(_, rest)| rest.lines().next().unwrap());
            if body.len() >= length.parse().unwrap() {
                return true;
            }
        }
        if stream.read_buf(&mut read).await.unwrap() == 0 {
            return false;
        }
    }
}

const GOOD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfour";
const WRITTEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
const DELETED: &str = "HTTP/1.1 204 No Content\r\n\r\n";
const SLOW_DOWN: &str = "HTTP/1.1 503 Slow Down\r\ncontent-length: 38\r\n\r\n\
                         <Error><Code>SlowDown</Code></Error>  ";
const GATEWAY: &str = "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
const DENIED: &str = "HTTP/1.1 403 Forbidden\r\ncontent-length: 40\r\n\r\n\
                      <Error><Code>AccessDenied</Code></Error>";
const NO_KEY: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 37\r\n\r\n\
                      <Error><Code>NoSuchKey</Code></Error>";
const TORN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\nconnection: close\r\n\r\nfo";
const LARGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfives";
const LARGE_IN_CHUNKS: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
                               3\r\nthr\r\n3\r\nthr\r\n0\r\n\r\n";

#[tokio::test]
async fn what_is_passing_is_tried_again_three_times_in_all() {
    let four = format!("{:?}", b"four");
    let check = async |answers, outcome: &str, requests| {
        let seen = Server::new(answers).await.get().await;
        assert_eq!(seen, (outcome.to_owned(), requests), "{answers:?}");
    };
    check(&[GOOD], &four, 1).await;
    check(&[SLOW_DOWN, GATEWAY, GOOD], &four, 3).await;
    check(&[SLOW_DOWN], "passing", 3).await;
    check(&[GATEWAY], "passing", 3).await;
    // The connection breaks instead of an answer.
    check(&["", GOOD], &four, 2).await;
    check(&[""], "passing", 3).await;
    check(&[DENIED], "lasting", 1).await;
    check(&[NO_KEY], "missing", 1).await;
}

#[tokio::test]
async fn an_answer_is_whole_and_of_the_size_asked_for() {
    let check = async |answers, outcome: &str| {
        let seen = Server::new(answers).await.get().await;
        assert_eq!(seen, (outcome.to_owned(), 1), "{answers:?}");
    };
    check(&[TORN], "passing").await;
    check(&[LARGE], "5 are too many").await;
    check(&[LARGE_IN_CHUNKS], "6 are too many").await;
}

#[tokio::test]
async fn a_write_and_a_deletion_are_repeated_as_they_are() {
    let server = Server::new(&[SLOW_DOWN, WRITTEN]).await;
    let put = server.client.put("key", "text/plain", b"four".to_vec());
    assert_eq!(server.see(put).await, ("()".to_owned(), 2));
    let server = Server::new(&[GATEWAY, DELETED]).await;
    let delete = server.client.delete("key");
    assert_eq!(server.see(delete).await, ("()".to_owned(), 2));
}

const CHANGED: &str = "HTTP/1.1 412 Precondition Failed\r\ncontent-length: 46\r\n\r\n\
                       <Error><Code>PreconditionFailed</Code></Error>";

/// S3 says 200 before it copies: what came of it stands in the body.
#[tokio::test]
async fn a_copy_is_one_only_when_the_body_says_so() {
    const COPIED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 45\r\n\r\n\
                          <CopyObjectResult><ETag/></CopyObjectResult>\n";
    const BROKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 41\r\n\r\n\
                          <Error><Code>InternalError</Code></Error>";
    for (answers, outcome) in [
        (&[COPIED], "()"),
        (&[BROKEN], "passing"),
        (&[NO_KEY], "missing"),
        // What was there is another object by now.
        (&[CHANGED], "missing"),
    ] {
        let server = Server::new(answers).await;
        let copy = server.client.copy("a b", "c", Some("\"tag\""));
        let seen = server.see(copy).await;
        assert_eq!(seen, (outcome.to_owned(), 1), "{answers:?}");
    }
}

/// What is uploaded is of the length, the type and the bytes that were announced: S3
/// refuses what comes with other headers than were signed.
#[tokio::test]
async fn an_address_to_write_to_names_what_has_to_come() {
    let server = Server::new(&[]).await;
    let headers = [
        ("content-length", "4"),
        ("content-type", "text/plain"),
        ("x-amz-checksum-sha256", "c3Vt"),
    ];
    let hour = Duration::from_secs(3_600);
    let place = server.client.place("uploads/a b", &headers, hour).await;
    let place = place.unwrap();
    for part in [
        "/bucket/uploads/a%20b?",
        "X-Amz-Expires=3600&",
        "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3Bx-amz-checksum-sha256&",
    ] {
        assert!(place.contains(part), "{place}");
    }
    let (_, signature) = place.split_once("X-Amz-Signature=").unwrap();
    let longer = [("content-length", "5"), headers[1], headers[2]];
    let other = server.client.place("uploads/a b", &longer, hour).await;
    assert!(!other.unwrap().contains(signature));
}

#[tokio::test]
async fn nobody_there_is_a_passing_fault() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let access = Access::local(listener.local_addr().unwrap().port());
    drop(listener);
    let soon = Duration::from_millis(1);
    let sdk = sdk_config(access).into_builder();
    let sdk = sdk.retry_config(RetryConfig::standard().with_initial_backoff(soon));
    let client = Client::new(&sdk.build(), "bucket");
    assert!(matches!(
        client.get("key", 4).await,
        Err(Failure::Passing(_))
    ));
}
