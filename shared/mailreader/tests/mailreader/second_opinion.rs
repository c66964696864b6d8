//! What another reader, mail-parser, makes of the same mails. Where a mail is
//! damaged, the two may differ; the mails on which they do are named here.

use mail_parser::{Address, MessageParser};

use crate::suite;

/// Mails that mail-parser 0.11 reads otherwise, and what it makes of them.
const DIFFERENT: [&str; 17] = [
    // No header, since it knows no line that ends in CR.
    "bare-cr",
    // A subject with a CR in it.
    "bare-cr-hides-nothing",
    // A blank instead of nothing.
    "blank-subject",
    // Without its optional charsets; we have them anyway.
    "charset-gb18030",
    // Replacement characters.
    "charset-koi8-r-raw-header",
    // Each letter as it was typed.
    "decomposed-plain",
    "eight-bit-header",
    // Without its last field.
    "header-without-end",
    // Without its optional charsets.
    "iso-2022-jp-words-mixed",
    "iso-2022-jp-words-three",
    "iso-2022-jp-words-two",
    // Nothing.
    "leading-empty-lines",
    // With control characters.
    "nul-bytes",
    // A blank more than was written.
    "rfc2047-broken",
    // A subject with line breaks in it.
    "rfc2047-injection",
    // Replacement characters.
    "rfc2047-split-character",
    // The last id, where we take the first.
    "several-message-ids",
];

#[test]
fn another_reader_agrees() {
    let mut different = Vec::new();
    for case in suite::cases() {
        let Ok(ours) = mailreader::read(&case.raw, None) else {
            continue;
        };
        let theirs = MessageParser::default().parse(&case.raw).unwrap();
        let from = theirs
            .from()
            .and_then(Address::first)
            .and_then(|a| a.address());
        let agrees = ours.message_id.as_deref() == theirs.message_id().filter(|id| !id.is_empty())
            && ours.subject.as_deref() == theirs.subject().filter(|s| !s.is_empty())
            && (ours.origin != mailreader::Origin::From
                || ours.from.as_ref().map(|m| m.address.as_str())
                    == from.map(str::to_lowercase).as_deref());
        if !agrees {
            different.push(case.name);
        }
    }
    assert_eq!(different, DIFFERENT);
}
