//! S3, over raw HTTP.

use std::fs;

use serde_json::json;
use ureq::http::Method;

use crate::{Answer, Host, data};

impl Host {
    /// A request to S3 that nobody has signed.
    pub(crate) fn s3(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.send(self.aws_port, method, path, headers, body)
    }

    fn put(&self, key: &str, body: &[u8]) -> Answer {
        self.s3(Method::PUT, &format!("/mailbucket/{key}"), &[], body)
    }

    fn keys(&self, query: &str) -> (Vec<String>, String) {
        let path = format!("/mailbucket?list-type=2&{query}");
        let page = self.s3(Method::GET, &path, &[], b"");
        assert_eq!(page.status, 200, "{}", page.text);
        let between = |start: &str, end: &str| -> Vec<String> {
            let parts = page.text.split(start).skip(1);
            parts
                .map(|part| part.split(end).next().unwrap_or_default().to_owned())
                .collect()
        };
        let mut keys = between("<Key>", "</Key>");
        keys.extend(between("<CommonPrefixes><Prefix>", "</Prefix>"));
        let next = between("<NextContinuationToken>", "</NextContinuationToken>").pop();
        assert_eq!(
            next.is_some(),
            page.text.contains("<IsTruncated>true</IsTruncated>")
        );
        (keys, next.unwrap_or_default())
    }
}

#[track_caller]
fn check_error(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text);
    let expected = format!("<Code>{code}</Code>");
    assert!(answer.text.contains(&expected), "{}", answer.text);
}

#[test]
fn objects_are_kept_with_what_they_were_put_with() {
    let host = Host::start(&data("objects"), &[]);
    let path = "/mailbucket/a%20b/c%2Bd.txt";
    let headers = [
        ("content-type", "text/plain"),
        ("x-amz-meta-ticket", "000123"),
        ("content-disposition", "attachment"),
    ];
    let put = host.s3(Method::PUT, path, &headers, b"0123456789");
    assert_eq!(put.status, 200, "{}", put.text);
    let etag = "\"781e5e245d69b566979b86e28d23f2c7\"";
    assert_eq!(put.headers["etag"], etag);

    for (method, text) in [(Method::GET, "0123456789"), (Method::HEAD, "")] {
        let got = host.s3(
            method,
            "/mailbucket/a b/c+d.txt".replace(' ', "%20").as_str(),
            &[],
            b"",
        );
        assert_eq!((got.status, got.text.as_str()), (200, text));
        assert_eq!(got.headers["content-length"], "10");
        assert_eq!(got.headers["etag"], etag);
        assert!(got.headers.contains_key("last-modified"));
        for (name, value) in headers {
            assert_eq!(got.headers[name], value);
        }
    }
    let part = host.s3(Method::GET, path, &[("range", "bytes=2-4")], b"");
    assert_eq!((part.status, part.text.as_str()), (206, "234"));
    assert_eq!(part.headers["content-range"], "bytes 2-4/10");
    let beyond = host.s3(Method::GET, path, &[("range", "bytes=10-")], b"");
    check_error(&beyond, 416, "InvalidRange");
    let shown = format!("{path}?response-content-type=text%2Fcsv");
    let shown = host.s3(Method::GET, &shown, &[], b"");
    assert_eq!(shown.headers["content-type"], "text/csv");

    let missing = host.s3(Method::GET, "/mailbucket/nothing", &[], b"");
    check_error(&missing, 404, "NoSuchKey");
    let nowhere = host.s3(Method::PUT, "/nowhere/a", &[], b"x");
    check_error(&nowhere, 404, "NoSuchBucket");
    let head = host.s3(Method::HEAD, "/mailbucket/nothing", &[], b"");
    assert_eq!((head.status, head.text.as_str()), (404, ""));
    assert_eq!(host.s3(Method::HEAD, "/mailbucket", &[], b"").status, 200);
    assert_eq!(host.s3(Method::HEAD, "/nowhere", &[], b"").status, 404);
    let tags = host.s3(Method::GET, &format!("{path}?tagging"), &[], b"");
    check_error(&tags, 501, "NotImplemented");

    let only_new = [("if-none-match", "*")];
    let refused = host.s3(Method::PUT, path, &only_new, b"other");
    check_error(&refused, 412, "PreconditionFailed");
    let digest = [("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")];
    let refused = host.s3(Method::PUT, path, &digest, b"other");
    check_error(&refused, 400, "BadDigest");
    assert_eq!(host.s3(Method::GET, path, &[], b"").text, "0123456789");
    let sum = |sum| [("x-amz-checksum-sha256", sum)];
    let refused = host.s3(Method::PUT, path, &sum("AAAA"), b"other");
    check_error(&refused, 400, "BadDigest");
    let right = "2SmKENGwc1g33EvYXaxkGw887yekfl1TpU8vP1svz/o=";
    let summed = host.s3(Method::PUT, "/mailbucket/summed", &sum(right), b"other");
    assert_eq!(summed.headers["x-amz-checksum-sha256"], right);
    let new = host.s3(Method::PUT, "/mailbucket/new", &only_new, b"other");
    assert_eq!(new.status, 200);

    // A copy is another object, and has all that the first was put with.
    let copy = |source: &str| {
        let from = [("x-amz-copy-source", source)];
        host.s3(Method::PUT, "/mailbucket/kept/a%2Bb", &from, b"")
    };
    let copied = copy(path);
    assert_eq!(copied.status, 200, "{}", copied.text);
    assert!(
        copied.text.ends_with("</CopyObjectResult>"),
        "{}",
        copied.text
    );
    let tagged = |tag: &str| {
        let from = [
            ("x-amz-copy-source", path),
            ("x-amz-copy-source-if-match", tag),
        ];
        host.s3(Method::PUT, "/mailbucket/kept/tagged", &from, b"")
    };
    assert_eq!(tagged(etag).status, 200);
    check_error(&tagged("\"f00\""), 412, "PreconditionFailed");
    check_error(&copy("/mailbucket/nothing"), 404, "NoSuchKey");
    check_error(&copy("/elsewhere/a"), 404, "NoSuchBucket");
    check_error(&copy(&format!("{path}?versionId=1")), 501, "NotImplemented");
    for _ in 0..2 {
        assert_eq!(host.s3(Method::DELETE, path, &[], b"").status, 204);
    }
    check_error(&host.s3(Method::GET, path, &[], b""), 404, "NoSuchKey");
    check_error(&copy(path), 404, "NoSuchKey");
    let kept = host.s3(Method::GET, "/mailbucket/kept/a%2Bb", &[], b"");
    assert_eq!(kept.text, "0123456789");
    assert_eq!(kept.headers["x-amz-meta-ticket"], "000123");
}

#[test]
fn bodies_come_as_the_sdks_frame_them() {
    let host = Host::start(&data("framed"), &[]);
    let framed = |body: &str, length: &str| {
        let headers = [
            ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
            ("x-amz-decoded-content-length", length),
            ("x-amz-trailer", "x-amz-checksum-crc32"),
            ("content-encoding", "aws-chunked"),
        ];
        host.s3(Method::PUT, "/mailbucket/framed", &headers, body.as_bytes())
    };
    let body = "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
    let put = framed(body, "11");
    assert_eq!(put.status, 200, "{}", put.text);
    assert_eq!(put.headers["x-amz-checksum-crc32"], "DUoRhQ==");
    let got = host.s3(
        Method::GET,
        "/mailbucket/framed",
        &[("x-amz-checksum-mode", "ENABLED")],
        b"",
    );
    assert_eq!(got.text, "hello world");
    assert_eq!(got.headers["x-amz-checksum-crc32"], "DUoRhQ==");
    assert_eq!(got.headers.get("content-encoding"), None);

    check_error(&framed(body, "12"), 400, "IncompleteBody");
    check_error(&framed(body, "10"), 400, "IncompleteBody");
    check_error(&framed("5\r\nhel", "5"), 400, "IncompleteBody");
    check_error(&framed("hello\nworld", "11"), 400, "InvalidArgument");
    let got = host.s3(Method::GET, "/mailbucket/framed", &[], b"");
    assert_eq!(got.text, "hello world");
}

#[test]
fn keys_are_listed_in_pages() {
    let host = Host::start(&data("listed"), &[]);
    for key in ["a/1", "a/2", "a/b/3", "b/4", "c%26d"] {
        assert_eq!(host.put(key, b"x").status, 200);
    }
    assert_eq!(host.keys("").0, ["a/1", "a/2", "a/b/3", "b/4", "c&amp;d"]);
    assert_eq!(host.keys("prefix=a%2F").0, ["a/1", "a/2", "a/b/3"]);
    assert_eq!(
        host.keys("prefix=a%2F&start-after=a%2F1").0,
        ["a/2", "a/b/3"]
    );
    assert_eq!(host.keys("delimiter=%2F").0, ["c&amp;d", "a/", "b/"]);
    assert_eq!(
        host.keys("delimiter=%2F&prefix=a%2F").0,
        ["a/1", "a/2", "a/b/"]
    );
    assert_eq!(host.keys("encoding-type=url&prefix=c").0, ["c%26d"]);
    for query in [
        "max-keys=1",
        "max-keys=1&delimiter=%2F",
        "max-keys=2&prefix=a%2F",
    ] {
        let (mut all, mut next) = host.keys(query);
        while !next.is_empty() {
            let token = next.replace('+', "%2B").replace('=', "%3D");
            let (more, then) = host.keys(&format!("{query}&continuation-token={token}"));
            assert!(!more.is_empty());
            all.extend(more);
            next = then;
        }
        let mut expected = host
            .keys(query.split_once('&').map_or("", |(_, rest)| rest))
            .0;
        expected.sort();
        all.sort();
        assert_eq!(all, expected, "{query}");
    }

    let body =
        b"<Delete><Object><Key>a/1</Key></Object><Object><Key>c&amp;d</Key></Object></Delete>";
    let answer = host.s3(Method::POST, "/mailbucket?delete", &[], body);
    assert!(
        answer
            .text
            .contains("<Deleted><Key>c&amp;d</Key></Deleted>"),
        "{}",
        answer.text
    );
    assert_eq!(host.keys("").0, ["a/2", "a/b/3", "b/4"]);
}

#[test]
fn presigned_requests_expire_and_pages_may_use_them() {
    let host = Host::start(&data("presigned"), &[]);
    let now = jiff::Zoned::now().timestamp();
    let url = |signed: jiff::Timestamp| {
        let date = signed.strftime("%Y%m%dT%H%M%SZ");
        format!(
            "/mailbucket/file?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=local%2F20261120%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date={date}&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=f00&x-id=PutObject"
        )
    };
    assert_eq!(host.s3(Method::PUT, &url(now), &[], b"x").status, 200);
    assert_eq!(host.s3(Method::GET, &url(now), &[], b"").text, "x");
    let old = url(now - jiff::SignedDuration::from_secs(61));
    check_error(&host.s3(Method::GET, &old, &[], b""), 403, "AccessDenied");
    check_error(&host.s3(Method::PUT, &old, &[], b"y"), 403, "AccessDenied");

    // What a function gives away is held to what it signed; here nobody signed it.
    host.put("inbound/1", b"x");
    let given = url(now).replace("local%2F", "probe%2F");
    let given = given.replace("/mailbucket/file", "/mailbucket/inbound/1");
    let taken = host.s3(Method::GET, &given, &[], b"");
    check_error(&taken, 403, "SignatureDoesNotMatch");
    // What may be sent is asked without any.
    let asked = [
        ("origin", "http://127.0.0.1:8080"),
        ("access-control-request-method", "PUT"),
    ];
    let preflight = host.s3(Method::OPTIONS, &given, &asked, b"");
    assert_eq!(preflight.status, 200, "{}", preflight.text);

    let asks = |origin: &str, method: &str| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", method),
            ("access-control-request-headers", "content-type"),
        ];
        host.s3(Method::OPTIONS, "/mailbucket/file", &headers, b"")
    };
    let page = "http://127.0.0.1:8080";
    let allowed = asks(page, "PUT");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.headers["access-control-allow-origin"], page);
    assert_eq!(allowed.headers["access-control-allow-methods"], "GET, PUT");
    assert_eq!(asks(page, "DELETE").status, 403);
    assert_eq!(asks("http://evil.example", "PUT").status, 403);
    let foreign = [("origin", "http://evil.example")];
    for (method, path) in [
        (Method::PUT, "/mailbucket/file"),
        (Method::POST, "/mailbucket?delete"),
        (Method::POST, "/2015-03-31/functions/probe/invocations"),
    ] {
        assert_eq!(host.s3(method, path, &foreign, b"x").status, 403, "{path}");
    }
    let got = host.s3(Method::GET, &url(now), &[("origin", page)], b"");
    assert_eq!(got.headers["access-control-allow-origin"], page);
    let got = host.s3(Method::GET, &url(now), &foreign, b"");
    assert_eq!(got.headers.get("access-control-allow-origin"), None);
}

#[test]
fn objects_survive_the_host_being_killed_and_leave_nothing_behind() {
    let data = data("objects-killed");
    let mut host = Host::start(&data, &[]);
    host.put("kept", b"first");
    host.put("kept", b"second");
    host.put("gone", b"x");
    host.s3(Method::DELETE, "/mailbucket/gone", &[], b"");
    let files = || fs::read_dir(data.join("objects")).unwrap().count();
    assert_eq!(files(), 1);
    host.kill();
    // What a host leaves that dies while it writes.
    fs::write(data.join("objects/01DRAFT"), "half").unwrap();

    let mut host = Host::start(&data, &[]);
    assert_eq!(files(), 1);
    assert_eq!(
        host.s3(Method::GET, "/mailbucket/kept", &[], b"").text,
        "second"
    );
    host.kill();
    let host = Host::start(&data, &["--reset"]);
    assert_eq!(files(), 0);
    assert_eq!(host.keys("").0, [""; 0]);
}

#[test]
fn services_are_told_apart_by_their_signatures_too() {
    let host = Host::start(&data("apart"), &[]);
    let signed = |service: &str| {
        format!(
            "AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=f00"
        )
    };
    let get = |path: &str, service: &str| {
        let headers = [("authorization", signed(service))];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        host.s3(Method::GET, path, &headers, b"")
    };
    assert!(
        get("/", "s3")
            .text
            .contains("<Bucket><Name>mailbucket</Name>")
    );
    let unknown = get("/v2/email/identities", "ses");
    assert_eq!(unknown.status, 400);
    assert!(
        unknown.text.contains("UnknownOperation"),
        "{}",
        unknown.text
    );
    let path = "/2015-03-31/functions/probe/invocations";
    let answer = host.s3(Method::POST, path, &[], b"{}").json();
    assert!(
        answer["environment"]
            .as_array()
            .unwrap()
            .contains(&json!(["BUCKET", "mailbucket"]))
    );
}
