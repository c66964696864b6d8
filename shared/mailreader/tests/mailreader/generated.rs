//! Mails that are too large for files.

use mailreader::limits::{DEPTH, HEADER_BYTES, HEADER_FIELDS, MAIL_BYTES, PARTS};
use mailreader::{Reading, Unreadable, read};

const HEADER: &str = "From: Ana <ana@uspec.gov.co>\r\nSubject: Grande\r\n";

fn reading(raw: &[u8]) -> Reading<'_> {
    read(raw, None).expect("it is within the limits")
}

fn multipart(parts: usize) -> String {
    let part = |n: usize| {
        format!(
            "--b\r\nContent-Type: image/png; name=\"{n}.png\"\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n"
        )
    };
    let parts: String = (0..parts).map(part).collect();
    format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nVan fotos.\r\n{parts}--b--\r\n"
    )
}

#[test]
fn five_hundred_parts() {
    let raw = multipart(500);
    let reading = reading(raw.as_bytes());
    assert_eq!(reading.text, "Van fotos.");
    assert_eq!(reading.attachments.len(), 500);
    for (n, file) in reading.attachments.iter().enumerate() {
        assert_eq!(file.name, format!("{n}.png"));
        assert_eq!(&*file.bytes(), b"\x89PNG\r\n\x1a\n");
    }
}

#[test]
fn as_many_parts_as_are_allowed() {
    // The multipart itself and the text are two of them.
    assert_eq!(
        reading(multipart(PARTS - 2).as_bytes()).attachments.len(),
        PARTS - 2
    );
    let refused = read(multipart(PARTS - 1).as_bytes(), None).err();
    assert_eq!(refused, Some(Unreadable::TooManyParts));
}

fn nested(levels: usize) -> String {
    let open: String = (0..levels)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=\"b{n}.\"\r\n\r\n--b{n}.\r\n"))
        .collect();
    let close: String = (0..levels)
        .rev()
        .map(|n| format!("--b{n}.--\r\n"))
        .collect();
    format!("{HEADER}{open}\r\nEn el fondo.\r\n{close}")
}

#[test]
fn thirty_levels() {
    assert_eq!(reading(nested(30).as_bytes()).text, "En el fondo.");
    assert_eq!(reading(nested(DEPTH).as_bytes()).text, "En el fondo.");
    for levels in [DEPTH + 1, 100, 20_000] {
        let refused = read(nested(levels).as_bytes(), None).err();
        assert_eq!(refused, Some(Unreadable::TooDeep), "{levels} levels");
    }
}

#[test]
fn thirty_mails_in_one_another() {
    let mut raw = format!("{HEADER}\r\nEn el fondo.\r\n");
    for n in 0..30 {
        raw = format!(
            "{HEADER}Content-Type: multipart/mixed; boundary=\"b{n}.\"\r\n\r\n--b{n}.\r\n\r\nNivel {n}\r\n--b{n}.\r\nContent-Type: message/rfc822\r\n\r\n{raw}\r\n--b{n}.--\r\n"
        );
    }
    let reading = reading(raw.as_bytes());
    assert_eq!(reading.text, "Nivel 29");
    let [attached] = reading.attachments.as_slice() else {
        panic!("{} attachments", reading.attachments.len());
    };
    assert_eq!(attached.name, "Grande.eml");
    // Each of them can be read in its turn.
    let inner = attached.bytes();
    assert_eq!(self::reading(&inner).text, "Nivel 28");
}

#[test]
fn header_bombs() {
    let many = |n: usize| format!("{HEADER}{}\r\nHola\r\n", "X-Relleno: si\r\n".repeat(n));
    assert_eq!(reading(many(5_000).as_bytes()).text, "Hola");
    assert_eq!(
        read(many(HEADER_FIELDS).as_bytes(), None).err(),
        Some(Unreadable::TooManyHeaders)
    );
    let long = |n: usize| format!("{HEADER}X-Relleno: {}\r\n\r\nHola\r\n", "x\r\n ".repeat(n));
    assert_eq!(reading(long(100_000).as_bytes()).text, "Hola");
    assert_eq!(
        read(long(HEADER_BYTES).as_bytes(), None).err(),
        Some(Unreadable::HeadersTooLarge)
    );
    // Fields of parts count as well.
    let parts = format!("--b\r\n{}\r\nx\r\n", "A: b\r\n".repeat(20));
    let raw = format!(
        "{HEADER}Content-Type: multipart/mixed; boundary=b\r\n\r\n{}",
        parts.repeat(600)
    );
    assert_eq!(
        read(raw.as_bytes(), None).err(),
        Some(Unreadable::TooManyHeaders)
    );
}

#[test]
fn long_fields_are_bounded() {
    let raw = format!(
        "From: {name} <ana@uspec.gov.co>\r\nTo: {to}\r\nSubject: {name}\r\nReferences: {ids}\r\n\r\nHola\r\n",
        name = "=?utf-8?Q?=C3=B1?= ".repeat(5_000),
        to = "a@uspec.gov.co, ".repeat(5_000),
        ids = (0..5_000).map(|n| format!("<{n}@x> ")).collect::<String>(),
    );
    let reading = reading(raw.as_bytes());
    assert_eq!(reading.subject.unwrap(), "ñ".repeat(998));
    assert_eq!(reading.from.unwrap().name.unwrap(), "ñ".repeat(200));
    assert_eq!(reading.to.len(), 500);
    assert_eq!(reading.answers.len(), 100);
    assert_eq!(reading.answers[0], "4999@x");
}

#[test]
fn long_texts_are_cut() {
    let line = "Una línea de un registro muy largo.\r\n";
    let raw = format!("{HEADER}\r\n{}", line.repeat(100_000));
    let plain = reading(raw.as_bytes());
    assert!(plain.is_cut && plain.text.len() <= 1024 * 1024);
    assert!(plain.text.len() > 1024 * 1024 - 100);
    let raw = format!(
        "{HEADER}Content-Type: text/html\r\n\r\n<img src=\"data:image/png;base64,{}\">{}",
        "A".repeat(3_000_000),
        "<p>Hola</p>".repeat(300_000)
    );
    let html = reading(raw.as_bytes());
    assert!(html.is_cut && html.text.starts_with("[imagen]\n\nHola\n\nHola"));
    assert_eq!(html.attachments[0].bytes().len(), 2_250_000);
    assert!(!reading(format!("{HEADER}\r\nHola").as_bytes()).is_cut);
}

#[test]
fn too_large() {
    let mut raw = format!("{HEADER}\r\n").into_bytes();
    raw.resize(MAIL_BYTES, b'x');
    assert!(reading(&raw).is_cut);
    raw.push(b'x');
    assert_eq!(read(&raw, None).err(), Some(Unreadable::TooLarge));
}

/// Each of these takes minutes if something is looked for again and again.
#[test]
fn nothing_takes_time_out_of_proportion() {
    let in_header = [
        "=?a?q?",
        "=?a?b?x?= ",
        "\"\\",
        "(",
        "<",
        "(;",
        ";(",
        "a:",
        "@:",
        "<a@b",
        ",",
        "x=(;",
        "name*0*=a;",
        "=?",
        "'",
        "\"",
        ";x=\"",
        "%",
        "&",
    ];
    for piece in in_header {
        let value = piece.repeat(100_000 / piece.len());
        for field in [
            "From",
            "Subject",
            "Content-Type: multipart/x; a",
            "Content-Disposition",
            "References",
        ] {
            let raw = format!("{HEADER}{field}: {value}\r\n\r\nx\r\n");
            read(raw.as_bytes(), None).unwrap();
        }
    }
    let in_body = [
        "--\r\n",
        "--b\r\n",
        "--b--\r\n",
        "> \r\n",
        "\r\n",
        "\r",
        "\r\r\n",
        "=\r\n",
        "= \r\n",
        " ",
        "-- \r\n",
        "El 1/1/2026 a\r\n",
        "De: a\r\n",
        "----\r\n",
        "On 2026 @\r\n",
        "<",
        "<!--",
        "<a b=\"",
        "&",
        "=?a?q?",
        "\u{0}",
        "From x\r\n",
        "--b\r\nContent-Type: multipart/x\r\n\r\n--\r\n",
    ];
    for piece in in_body {
        let body = piece.repeat(250_000 / piece.len());
        for head in [
            "\r\n",
            "Content-Type: text/html\r\n\r\n",
            "In-Reply-To: <a@b>\r\nContent-Type: text/plain; format=flowed\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n",
            "Content-Type: multipart/mixed; boundary=otra\r\n\r\n",
        ] {
            let raw = format!("{HEADER}{head}{body}");
            match read(raw.as_bytes(), None) {
                Ok(_)
                | Err(
                    Unreadable::TooManyParts | Unreadable::TooDeep | Unreadable::TooManyHeaders,
                ) => {}
                Err(reason) => panic!("{piece:?}: {reason}"),
            }
        }
    }
}

#[test]
fn reasons_are_words_and_sentences() {
    for reason in [
        Unreadable::TooLarge,
        Unreadable::TooManyParts,
        Unreadable::TooDeep,
        Unreadable::TooManyHeaders,
        Unreadable::HeadersTooLarge,
        Unreadable::NotAMail,
        Unreadable::Defect,
    ] {
        assert!(reason.sentence().ends_with('.'));
        assert!(
            reason
                .code()
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b == b'_')
        );
    }
}
