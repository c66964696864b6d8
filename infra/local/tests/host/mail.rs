//! Mail that comes in over SMTP, and what comes back of mail that is sent.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use ureq::http::Method;

use crate::{Host, LIMIT, data, eventually};

/// A client that says what it is told to.
struct Smtp(BufReader<TcpStream>);

impl Smtp {
    fn send(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    /// A reply: its code, and the text of its last line.
    fn reply(&mut self) -> (u16, String) {
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let (code, text) = line.split_at_checked(3).unwrap_or_default();
            if !text.starts_with('-') {
                return (code.parse().unwrap_or(0), text.trim().to_owned());
            }
        }
    }

    #[track_caller]
    fn says(&mut self, line: &str, code: u16) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        let (actual, text) = self.reply();
        assert_eq!(actual, code, "{line}: {text}");
        text
    }

    /// Sends a mail that is complete with its last line break, and returns the
    /// id that it was taken under.
    #[track_caller]
    fn mail(&mut self, from: &str, to: &[&str], mail: &str) -> String {
        self.says(&format!("MAIL FROM:<{from}>"), 250);
        for to in to {
            self.says(&format!("RCPT TO:<{to}>"), 250);
        }
        self.says("DATA", 354);
        let text = self.says(&format!("{mail}."), 250);
        text.rsplit(' ').next().unwrap().to_owned()
    }
}

impl Host {
    /// A client that was greeted.
    fn smtp(&self) -> Smtp {
        let stream = TcpStream::connect(("127.0.0.1", self.smtp_port.unwrap())).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut smtp = Smtp(BufReader::new(stream));
        assert_eq!(smtp.reply().0, 220);
        smtp.says("EHLO client.example", 250);
        smtp
    }

    /// The next message on a queue.
    fn message(&self, queue: &str) -> Value {
        let request = json!({ "WaitTimeSeconds": 15 });
        let answer = self.sqs("ReceiveMessage", queue, request);
        let message = &answer["Messages"][0];
        let receipt = json!({ "ReceiptHandle": message["ReceiptHandle"] });
        self.sqs("DeleteMessage", queue, receipt);
        serde_json::from_str(message["Body"].as_str().unwrap()).unwrap()
    }

    /// A mail as it was kept.
    fn kept(&self, id: &str) -> String {
        let path = format!("/mailbucket/inbound/{id}");
        let got = self.s3(Method::GET, &path, &[], b"");
        assert_eq!(got.status, 200, "{}", got.text);
        got.text
    }
}

#[test]
fn a_mail_is_kept_and_told_of_as_ses_does() {
    let host = Host::start(&data("received"), &[]);
    let mail = "From: \"Gómez, Ana\" <ana@uspec.gov.co>\r\nTo: Mesa <desk@uspec.gov.co>, x@y.co\r\n\
                Subject: =?utf-8?q?Ma=C3=B1ana?=\r\nMessage-ID: <1@uspec.gov.co>\r\n\
                Date: Fri, 20 Nov 2026 16:55:00 -0500\r\nX-Folded: a\r\n  b\r\n\r\nHola\r\n";
    let to = ["desk+000123.token@uspec.gov.co", "any@lists.uspec.gov.co"];
    let id = host.smtp().mail("ana@uspec.gov.co", &to, mail);
    let kept = host.kept(&id);
    let (own, sent) = kept.split_at(kept.len() - mail.len());
    assert_eq!(sent, mail);
    let received = format!(
        "Return-Path: <ana@uspec.gov.co>\r\nReceived: from client.example (localhost [127.0.0.1])\r\n \
         by inbound-smtp.us-east-1.amazonaws.com with SMTP id {id};\r\n "
    );
    assert!(own.starts_with(&received), "{own}");
    for header in [
        "\r\nX-SES-Spam-Verdict: PASS\r\nX-SES-Virus-Verdict: PASS\r\nReceived-SPF: pass ",
        "\r\nAuthentication-Results: amazonses.com;\r\n spf=pass ",
        "\r\n dkim=pass header.i=@uspec.gov.co;\r\n dmarc=pass header.from=uspec.gov.co;\r\n",
        "\r\nX-SES-RECEIPT: ",
    ] {
        assert!(own.contains(header), "{own}");
    }

    let raw = host.message("InboundRaw");
    let envelope = host.message("Inbound");
    let topic = "arn:aws:sns:us-east-1:000000000000:MailTopic";
    assert_eq!(envelope["Type"], "Notification");
    assert_eq!(envelope["TopicArn"], topic);
    assert_eq!(envelope["Subject"], "Amazon SES Email Receipt Notification");
    let told: Value = serde_json::from_str(envelope["Message"].as_str().unwrap()).unwrap();
    assert_eq!(told, raw);

    assert_eq!(told["notificationType"], "Received");
    let pass = json!({ "status": "PASS" });
    let mut receipt = told["receipt"].clone();
    for name in ["timestamp", "processingTimeMillis"] {
        assert!(!receipt[name].take().is_null(), "{name}");
    }
    let expected = json!({
        "timestamp": null,
        "processingTimeMillis": null,
        "recipients": to,
        "spamVerdict": pass,
        "virusVerdict": pass,
        "spfVerdict": pass,
        "dkimVerdict": pass,
        "dmarcVerdict": pass,
        "action": {
            "type": "S3",
            "topicArn": topic,
            "bucketName": "mailbucket",
            "objectKeyPrefix": "inbound/",
            "objectKey": format!("inbound/{id}"),
        },
    });
    assert_eq!(receipt, expected);
    let about = &told["mail"];
    assert_eq!(about["source"], "ana@uspec.gov.co");
    assert_eq!(about["messageId"], id);
    assert_eq!(about["destination"], json!(["desk@uspec.gov.co", "x@y.co"]));
    assert_eq!(about["headersTruncated"], false);
    assert_eq!(about["timestamp"], told["receipt"]["timestamp"]);
    let headers: Vec<_> = about["headers"].as_array().unwrap().iter().collect();
    assert_eq!(
        headers[0],
        &json!({ "name": "Return-Path", "value": "<ana@uspec.gov.co>" })
    );
    assert!(headers.contains(&&json!({ "name": "X-Folded", "value": "a b" })));
    let common = json!({
        "returnPath": "ana@uspec.gov.co",
        "from": ["\"Gómez, Ana\" <ana@uspec.gov.co>"],
        "to": ["Mesa <desk@uspec.gov.co>", "x@y.co"],
        "subject": "Mañana",
        "messageId": "<1@uspec.gov.co>",
        "date": "Fri, 20 Nov 2026 16:55:00 -0500",
    });
    assert_eq!(about["commonHeaders"], common);
}

#[test]
fn a_mail_can_ask_for_its_verdicts() {
    let host = Host::start(&data("verdicts"), &[]);
    let mut smtp = host.smtp();
    let mail =
        "X-Local-Verdict: dmarc=FAIL; dmarc-policy=reject;\r\n virus=FAIL; spam=GRAY\r\n\r\n";
    let id = smtp.mail("", &["desk@uspec.gov.co"], mail);
    let told = host.message("InboundRaw");
    let receipt = &told["receipt"];
    assert_eq!(receipt["dmarcVerdict"]["status"], "FAIL");
    assert_eq!(receipt["dmarcPolicy"], "reject");
    assert_eq!(receipt["virusVerdict"]["status"], "FAIL");
    assert_eq!(receipt["spamVerdict"]["status"], "GRAY");
    assert_eq!(receipt["spfVerdict"]["status"], "PASS");
    // The null path, and a mail that names nobody.
    assert_eq!(told["mail"]["source"], "");
    assert_eq!(told["mail"]["destination"], json!(["desk@uspec.gov.co"]));
    let kept = host.kept(&id);
    assert!(kept.starts_with("Return-Path: <>\r\n"), "{kept}");
    assert!(kept.contains("\r\nX-SES-Virus-Verdict: FAIL\r\n"));
    assert!(kept.contains("\r\n for desk@uspec.gov.co;\r\n"));
    assert!(kept.contains(" dmarc=fail "));

    smtp.says("MAIL FROM:<a@b.co>", 250);
    smtp.says("RCPT TO:<desk@uspec.gov.co>", 250);
    smtp.says("DATA", 354);
    smtp.says("X-Local-Verdict: dmarc=MAYBE\r\n\r\n.", 554);
    assert_eq!(host.depth("InboundRaw"), (0, 0));
}

#[test]
fn a_conversation_goes_as_the_rfc_says() {
    let host = Host::start(&data("conversation"), &[]);
    let stream = TcpStream::connect(("127.0.0.1", host.smtp_port.unwrap())).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let mut smtp = Smtp(BufReader::new(stream));
    assert_eq!(smtp.reply().0, 220);
    smtp.says("MAIL FROM:<a@b.co>", 503);
    smtp.send(b"EHLO client.example\r\n");
    let mut offers = Vec::new();
    while offers
        .last()
        .is_none_or(|offer: &String| offer.starts_with("250-"))
    {
        let mut line = String::new();
        smtp.0.read_line(&mut line).unwrap();
        offers.push(line);
    }
    for offer in ["SIZE 41943040", "8BITMIME", "PIPELINING", "SMTPUTF8"] {
        assert!(
            offers.iter().any(|line| line[4..].trim() == offer),
            "{offer}"
        );
    }
    smtp.says("RCPT TO:<desk@uspec.gov.co>", 503);
    smtp.says("DATA", 503);
    smtp.says("MAIL FROM:<a@b.co> SIZE=41943041", 552);
    smtp.says("MAIL FROM:<a b@c>", 501);
    smtp.says("MAIL FROM:<a@b.co> COLOUR=red", 555);
    smtp.says("MAIL FROM:<a@b.co> SIZE=41943040 BODY=8BITMIME", 250);
    smtp.says("MAIL FROM:<a@b.co>", 503);
    smtp.says("RCPT TO:<someone@uspec.gov.co>", 550);
    smtp.says("RCPT TO:<nobody@uspec.gov.co>", 550);
    smtp.says("RCPT TO:<desk@sub.uspec.gov.co>", 550);
    smtp.says("DATA", 503);
    smtp.says("RCPT TO:<desk@uspec.gov.co>", 250);
    smtp.says("RSET", 250);
    smtp.says("DATA", 503);
    smtp.says("NOOP", 250);
    smtp.says("VRFY desk@uspec.gov.co", 252);
    smtp.says("EXPN desk", 502);
    smtp.says("STARTTLS", 502);
    smtp.says("HELLO", 500);
    smtp.says("", 500);
    smtp.says("QUIT", 221);
    assert_eq!(smtp.0.read_line(&mut String::new()).unwrap(), 0);

    let mut smtp = host.smtp();
    let (code, _) = {
        smtp.send(&[b'x'; 10_000]);
        smtp.reply()
    };
    assert_eq!(code, 500);
}

#[test]
fn a_mails_bytes_arrive_as_they_were_meant() {
    let host = Host::start(&data("bytes"), &[]);
    let mut smtp = host.smtp();
    let mut check = |sent: &str, expected: &str| {
        let id = smtp.mail("a@b.co", &["desk@uspec.gov.co"], sent);
        let kept = host.kept(&id);
        assert!(
            kept.ends_with(&format!("X-SES-RECEIPT;\r\n{expected}")),
            "{kept:?}"
        );
    };
    check("A: b\r\n\r\n..\r\n..a\r\n", "A: b\r\n\r\n.\r\n.a\r\n");
    // Only a line break that is one ends a line: RFC 5321, 2.3.8. Else a mail
    // could hide another.
    check("A: b\n\nx\n.\ny\r.\r\n", "A: b\n\nx\n.\ny\r.\r\n");
    check("", "");
    check("\r\n", "\r\n");
    check("no header at all\r\n", "no header at all\r\n");
    let folded = format!(
        "A: {}\r\n\r\n{}\r\n",
        "x".repeat(300_000),
        "y".repeat(100_000)
    );
    check(&folded, &folded);
    check("Ñ: ñ\r\n\r\nñ\r\n", "Ñ: ñ\r\n\r\nñ\r\n");

    smtp.says("MAIL FROM:<ñ@b.co> SMTPUTF8", 250);
    smtp.says("RCPT TO:<desk@uspec.gov.co>", 250);
    smtp.says("DATA", 354);
    smtp.send(b"A: b\r\n\r\n..c\r\n.\r\n");
    let (code, text) = smtp.reply();
    assert_eq!(code, 250, "{text}");
    let kept = host.kept(text.rsplit(' ').next().unwrap());
    assert!(kept.ends_with("\r\nA: b\r\n\r\n.c\r\n"), "{kept:?}");
    assert!(kept.starts_with("Return-Path: <ñ@b.co>\r\n"), "{kept:?}");
}

#[test]
fn commands_may_come_all_at_once() {
    let host = Host::start(&data("pipelined"), &[]);
    let mut smtp = host.smtp();
    let mut all = String::new();
    for n in 1..=20 {
        all.push_str(&format!(
            "MAIL FROM:<a{n}@b.co>\r\nRCPT TO:<no@b.co>\r\nRCPT TO:<desk@uspec.gov.co>\r\nDATA\r\nN: {n}\r\n\r\n.\r\n"
        ));
    }
    all.push_str("QUIT\r\n");
    smtp.send(all.as_bytes());
    for _ in 1..=20 {
        for code in [250, 550, 250, 354, 250] {
            let (actual, text) = smtp.reply();
            assert_eq!(actual, code, "{text}");
        }
    }
    assert_eq!(smtp.reply().0, 221);
    assert_eq!(host.depth("Inbound"), (20, 0));
}

#[test]
fn a_mail_may_have_forty_megabytes_and_not_a_byte_more() {
    let host = Host::start(&data("large"), &[]);
    let mut smtp = host.smtp();
    let line = [b"x".repeat(998).as_slice(), b"\r\n"].concat();
    let head = b"A: b\r\n\r\n";
    let mut body = line.repeat(41_944);
    body.splice(..0, head.iter().copied());
    body.truncate(40 * 1024 * 1024 - 2);
    body.extend_from_slice(b"\r\n");
    let mut send = |body: &[u8]| {
        smtp.says("MAIL FROM:<a@b.co>", 250);
        smtp.says("RCPT TO:<desk@uspec.gov.co>", 250);
        smtp.says("DATA", 354);
        smtp.send(body);
        smtp.send(b".\r\n");
        smtp.reply()
    };
    let (code, text) = send(&body);
    assert_eq!(code, 250, "{text}");
    let path = format!("/mailbucket/inbound/{}", text.rsplit(' ').next().unwrap());
    let kept = host.s3(Method::HEAD, &path, &[], b"");
    let size: usize = kept.headers["content-length"]
        .to_str()
        .unwrap()
        .parse()
        .unwrap();
    assert!(size > body.len() && size < body.len() + 2_000, "{size}");
    let end = host.s3(Method::GET, &path, &[("range", "bytes=-4")], b"");
    assert_eq!(end.text, "xx\r\n");
    body.insert(0, b'A');
    assert_eq!(send(&body).0, 552);
    // The next one is taken.
    smtp.mail("a@b.co", &["desk@uspec.gov.co"], "A: b\r\n");
    assert_eq!(host.depth("Inbound"), (2, 0));
    assert_eq!(fs::read_dir(host.data.join("objects")).unwrap().count(), 2);
}

#[test]
fn what_was_taken_survives_the_host_being_killed_and_what_was_not_is_gone() {
    let data = data("mail-killed");
    // Without `--sync normal`: it waits for the disk.
    let mut host = Host::start(&data, &["--sync", "full"]);
    let mut smtp = host.smtp();
    let id = smtp.mail("a@b.co", &["desk@uspec.gov.co"], "A: b\r\n\r\nkept\r\n");
    smtp.says("MAIL FROM:<a@b.co>", 250);
    smtp.says("RCPT TO:<desk@uspec.gov.co>", 250);
    smtp.says("DATA", 354);
    smtp.send(b"A: b\r\n\r\nnever ended\r\n");
    let files = || fs::read_dir(data.join("objects")).unwrap().count();
    eventually("it is being written", || files() == 2);
    host.kill();
    let mut host = Host::start(&data, &[]);
    assert_eq!(files(), 1);
    assert!(host.kept(&id).ends_with("kept\r\n"));
    assert_eq!(host.message("InboundRaw")["mail"]["messageId"], id);
    assert_eq!(host.depth("InboundRaw"), (0, 0));

    // A client that leaves takes its mail with it, and so does a host.
    let mut smtp = host.smtp();
    smtp.says("MAIL FROM:<a@b.co>", 250);
    smtp.says("RCPT TO:<desk@uspec.gov.co>", 250);
    smtp.says("DATA", 354);
    smtp.send(b"A: b\r\n\r\nnever ended\r\n");
    eventually("it is being written", || files() == 2);
    drop(smtp);
    eventually("it is gone", || files() == 1);
    assert!(host.terminate().success());
}

#[test]
fn clients_that_wait_keep_nobody_out() {
    let host = Host::start(&data("clients"), &[]);
    let mut waiting: Vec<_> = (0..99).map(|_| host.smtp()).collect();
    let mut last = host.smtp();
    let stream = TcpStream::connect(("127.0.0.1", host.smtp_port.unwrap())).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    assert_eq!(Smtp(BufReader::new(stream)).reply().0, 421);
    last.mail("a@b.co", &["desk@uspec.gov.co"], "A: b\r\n");
    waiting.pop();
    eventually("there is room again", || {
        let stream = TcpStream::connect(("127.0.0.1", host.smtp_port.unwrap())).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        Smtp(BufReader::new(stream)).reply().0 == 220
    });
}

#[test]
fn a_host_without_receipt_rules_takes_no_mail_in() {
    let data = data("no-mail");
    fs::create_dir_all(&data).unwrap();
    let template = data.join("template.yaml");
    fs::write(&template, "Resources: { Q: { Type: 'AWS::SQS::Queue' } }").unwrap();
    let host = Host::start(&data, &["--template", template.to_str().unwrap()]);
    assert_eq!(host.smtp_port, None);
    let nowhere = host.s3(Method::GET, "/mailbucket/a", &[], b"");
    assert_eq!(nowhere.status, 404);
}

#[test]
fn the_mailbox_simulator_bounces_and_complains() {
    let host = Host::start(&data("simulator"), &[]);
    let send = |from: &str, to: &[&str], set: Option<&str>| {
        let raw = format!(
            "From: {from}\r\nTo: {}\r\nSubject: s\r\n\r\nx",
            to.join(", ")
        );
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", "SendRawEmail");
        form.append_pair("Source", from);
        let data = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, raw);
        form.append_pair("RawMessage.Data", &data);
        if let Some(set) = set {
            form.append_pair("ConfigurationSetName", set);
        }
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let form = form.finish();
        host.send(host.aws_port, Method::POST, "/", &headers, form.as_bytes())
    };
    let id = |answer: &crate::Answer| {
        let (_, rest) = answer.text.split_once("<MessageId>").unwrap();
        rest.split('<').next().unwrap().to_owned()
    };
    let simulator = "simulator.amazonses.com";
    let bounce = format!("bounce+000123@{simulator}");
    // By the set of the sender's identity.
    let sent = send(
        "Mesa <mesa@uspec.gov.co>",
        &[&bounce, "ana@uspec.gov.co"],
        None,
    );
    let event = host.message("InboundRaw");
    assert_eq!(event["eventType"], "Bounce");
    assert_eq!(event["mail"]["messageId"], id(&sent));
    assert_eq!(
        event["mail"]["destination"],
        json!([bounce, "ana@uspec.gov.co"])
    );
    assert_eq!(
        event["mail"]["tags"]["ses:configuration-set"],
        json!(["Sending"])
    );
    assert_eq!(event["mail"]["commonHeaders"]["subject"], "s");
    assert_eq!(event["bounce"]["bounceType"], "Permanent");
    let expected = json!([{
        "emailAddress": bounce,
        "action": "failed",
        "status": "5.1.1",
        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
    }]);
    assert_eq!(event["bounce"]["bouncedRecipients"], expected);
    let envelope = host.message("Inbound");
    assert_eq!(envelope["Subject"], "Amazon SES Email Event Notification");

    // By the set that the mail names.
    let complaint = format!("complaint@{simulator}");
    let sent = send("a@b.co", &[&complaint], Some("Sending"));
    let event = host.message("InboundRaw");
    assert_eq!(event["eventType"], "Complaint");
    assert_eq!(event["mail"]["messageId"], id(&sent));
    assert_eq!(event["complaint"]["complaintFeedbackType"], "abuse");
    let expected = json!([{ "emailAddress": complaint }]);
    assert_eq!(event["complaint"]["complainedRecipients"], expected);

    let refused = send("a@b.co", &[&complaint], Some("other"));
    assert_eq!(refused.status, 400);
    assert!(
        refused
            .text
            .contains("<Code>ConfigurationSetDoesNotExist</Code>")
    );
    // No set, no event; and others do not bounce.
    assert_eq!(send("a@b.co", &[&bounce], None).status, 200);
    let success = format!("success@{simulator}");
    assert_eq!(send("a@uspec.gov.co", &[&success], None).status, 200);
    let depths = host.get("/_local/queues").json();
    let depths = depths["items"].as_array().unwrap();
    let raw = depths.iter().find(|item| item["name"] == "InboundRaw");
    let raw = raw.unwrap();
    assert_eq!((&raw["visible"], &raw["delayed"]), (&json!(0), &json!(0)));
}
