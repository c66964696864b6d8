use proptest::prelude::*;

use super::*;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR";
const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";
const PROGRAM: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00";
const OLD_WORD: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\x00\x00\x00\x00";
const PHOTO: &[u8] = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic";

fn inspected(bytes: &[u8]) -> Inspected {
    let mut inspection = Inspection::default();
    inspection.take(bytes);
    inspection.finish()
}

fn kind(bytes: &[u8], content_type: &str) -> Result<String, &'static str> {
    let declared = Declared {
        content_type,
        size: bytes.len() as u64,
        digest: None,
    };
    inspected(bytes).kind(declared).map_err(|error| error.code)
}

/// An archive with one file in it, which says that it comes to so many bytes.
fn archive(unpacked: u32) -> Vec<u8> {
    let mut bytes = b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec();
    bytes.extend([0; 20]);
    bytes.extend(b"ceros.txt");
    let listed = bytes.len();
    bytes.extend(b"PK\x01\x02");
    bytes.extend([0; 20]);
    bytes.extend(unpacked.to_le_bytes());
    bytes.extend([9, 0, 0, 0, 0, 0]);
    bytes.extend([0; 12]);
    bytes.extend(b"ceros.txt");
    let length = u32::try_from(bytes.len() - listed).unwrap();
    bytes.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    bytes.extend(length.to_le_bytes());
    bytes.extend(u32::try_from(listed).unwrap().to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

#[test]
fn a_file_is_what_it_says_and_what_its_bytes_say() {
    let zip = archive(1_000);
    let (pdf, word) = ("application/pdf", "application/msword");
    let docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let other = Err("other_type");
    for (bytes, said, expected) in [
        (PNG, "image/png", Ok("image/png")),
        (PNG, "IMAGE/PNG; q=1", Ok("image/png")),
        (PNG, "application/octet-stream", Ok("image/png")),
        (PNG, pdf, other),
        (PNG, "image/jpeg", other),
        (PNG, "text/plain", other),
        (PDF, pdf, Ok(pdf)),
        (PDF, "image/png", other),
        (b"hola", pdf, other),
        (b"hola", "text/plain; charset=utf-8", Ok("text/plain")),
        (
            b"hola",
            "application/octet-stream",
            Ok("application/octet-stream"),
        ),
        // Letters that formats begin with are letters, too.
        (b"BMW de la entidad", "text/plain", Ok("text/plain")),
        (b"MZ;12;13", "text/csv", Ok("text/csv")),
        (b"<html ><p>x", "text/html", Ok("text/html")),
        (b"<html ><p>x", "image/png", other),
        (
            b"<?xml version='1.0'?><svg/>",
            "image/svg+xml",
            Ok("image/svg+xml"),
        ),
        (&zip, "application/zip", Ok("application/zip")),
        (&zip, docx, Ok(docx)),
        (&zip, pdf, other),
        // One with a password is no archive.
        (OLD_WORD, docx, Ok(docx)),
        (OLD_WORD, word, Ok(word)),
        (
            OLD_WORD,
            "application/vnd.ms-excel",
            Ok("application/vnd.ms-excel"),
        ),
        // What systems write, and browsers call so.
        (
            b"a;b;c",
            "application/vnd.ms-excel",
            Ok("application/vnd.ms-excel"),
        ),
        (
            b"<table ><tr>",
            "application/vnd.ms-excel",
            Ok("application/vnd.ms-excel"),
        ),
        (PNG, "application/vnd.ms-excel", other),
        (PHOTO, "image/heic", Ok("image/heic")),
        (b"algo", "application/dwg", Ok("application/dwg")),
        // A program is one, whatever it is called.
        (PROGRAM, pdf, Err("program")),
        (PROGRAM, "application/octet-stream", Err("program")),
        (PROGRAM, "application/dwg", Err("program")),
        (
            &[b"\x7fELF\x02\x01\x01", &[0; 60][..]].concat(),
            "image/png",
            Err("program"),
        ),
        (b"", "text/plain", Err("empty_file")),
    ] {
        let found = kind(bytes, said);
        assert_eq!(found.as_deref(), expected.as_deref(), "{said}: {bytes:?}");
    }
}

#[test]
fn people_are_told_what_it_is_in_their_words() {
    for (bytes, said, expected) in [
        (
            &b"<html ><p>x"[..],
            "application/pdf",
            "Dice ser un PDF, y por dentro es una página web.",
        ),
        (
            PNG,
            "image/jpeg",
            "Dice ser una imagen JPEG, y por dentro es una imagen PNG.",
        ),
        (
            b"hola",
            "application/zip",
            "Dice ser un archivo comprimido, y no lo es.",
        ),
        (
            PNG,
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "Dice ser un documento de Word, y por dentro es una imagen PNG.",
        ),
        (
            PDF,
            "audio/mp4",
            "Dice ser un archivo audio/mp4, y por dentro es un PDF.",
        ),
    ] {
        let declared = Declared {
            content_type: said,
            size: bytes.len() as u64,
            digest: None,
        };
        let refused = inspected(bytes).kind(declared).unwrap_err();
        assert_eq!(refused.detail, expected);
    }
}

#[test]
fn other_bytes_than_were_announced_are_not_taken() {
    let file = inspected(PNG);
    let right = Declared {
        content_type: "image/png",
        size: PNG.len() as u64,
        digest: Some(&file.digest),
    };
    let kind = |declared| {
        file.kind(declared)
            .map_err(|error| (error.field, error.code))
    };
    assert_eq!(kind(right), Ok("image/png".to_owned()));
    let smaller = Declared {
        size: right.size - 1,
        ..right
    };
    assert_eq!(kind(smaller), Err(("size".to_owned(), "other_size")));
    let nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let other = Declared {
        digest: Some(nothing),
        ..right
    };
    assert_eq!(kind(other), Err(("sha256".to_owned(), "other_digest")));
    assert_eq!(inspected(b"").digest, nothing);
}

#[test]
fn an_archive_that_fills_a_disk_is_not_taken() {
    let limit = u32::try_from(MAX_UNPACKED).unwrap();
    assert_eq!(
        kind(&archive(limit), "application/zip").as_deref(),
        Ok("application/zip")
    );
    for unpacked in [limit + 1, u32::MAX] {
        let refused = kind(&archive(unpacked), "application/zip");
        assert_eq!(refused, Err("unpacks_too_large"), "{unpacked}");
        // By whatever name it comes.
        let refused = kind(&archive(unpacked), "application/octet-stream");
        assert_eq!(refused, Err("unpacks_too_large"), "{unpacked}");
    }
    // What stands before the list of an archive that is longer than what is held.
    let mut large = vec![0; 3 * TAIL];
    large.extend(archive(limit + 1));
    assert_eq!(inspected(&large).unpacked, Some(MAX_UNPACKED + 1));
}

#[test]
fn programs_are_known_by_their_names() {
    for (name, expected) in [
        ("instalar.EXE", true),
        ("foto.jpg.scr", true),
        ("macro.ps1", true),
        ("informe.pdf", false),
        ("exe", false),
        ("notas.com.pdf", false),
    ] {
        assert_eq!(is_named_as_program(name), expected, "{name}");
    }
}

#[test]
fn what_a_browser_carries_out_is_given_as_bytes() {
    for (kept, given) in [
        ("image/png", "image/png"),
        ("application/pdf", "application/pdf"),
        ("text/plain", "text/plain"),
        ("text/html", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
    ] {
        assert_eq!(given_as(kept), given, "{kept}");
    }
}

proptest! {
    /// Whatever comes, in whatever pieces: it is looked at, and comes to the same.
    #[test]
    fn any_bytes_in_any_pieces(
        start in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"PK\x05\x06", b"MZ", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", b"RIFF", b"\x7fELF", b"<?xml", b"\x00\x00\x00\x18ftyp"]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
        piece in 1usize..40,
    ) {
        let bytes = [start, &rest].concat();
        let mut inspection = Inspection::default();
        for piece in bytes.chunks(piece) {
            inspection.take(piece);
        }
        prop_assert_eq!(inspection.finish(), inspected(&bytes));
    }
}
