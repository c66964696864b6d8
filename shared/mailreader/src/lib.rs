#![doc = include_str!("../README.md")]

mod address;
mod attachment;
mod automatic;
mod body;
mod charset;
mod content;
mod forms;
mod forward;
mod header;
mod html;
pub mod limits;
mod lines;
mod mime;
mod quote;
mod thread;
mod transfer;
mod uuencode;
mod words;

use types::ids::EmailAddress;

pub use address::Mailbox;
pub use attachment::Attachment;
pub use automatic::{Automatic, DeliveryReport, Outcome, sounds_out_of_office};
pub use limits::Unreadable;

use header::Header;
use quote::Thread;

/// What a mail says. It borrows from the raw mail: the bytes of attachments stay
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'a> {
    /// Its `Message-ID`, without brackets, the first of several.
    pub message_id: Option<String>,
    /// Who wrote it: by `From`, and where that names nobody by `Sender`, or else by
    /// the envelope.
    pub from: Option<Mailbox>,
    /// Where `from` was found, and so what a verdict about the sender says of him.
    pub origin: Origin,
    /// `To`, at most [`limits::MAILBOXES`].
    pub to: Vec<Mailbox>,
    /// `Cc`, at most [`limits::MAILBOXES`].
    pub cc: Vec<Mailbox>,
    /// `Reply-To`: whom its writer asks to answer instead.
    pub reply_to: Vec<Mailbox>,
    /// Who wrote the mail that this one passes on, by the header that was copied into
    /// the text. It proves nothing.
    pub passed_on: Option<Mailbox>,
    /// One line, at most [`limits::SUBJECT_CHARS`]; none where there is nothing to
    /// read.
    pub subject: Option<String>,
    /// Ids of the mails that it answers, the nearest first: `In-Reply-To`, then
    /// `References` from its end. At most [`limits::ANSWERS`].
    pub answers: Vec<String>,
    /// All that there is to read, lines separated by `\n`, without control
    /// characters: the plain text, or the HTML made readable. What it quotes is in
    /// it. It is text: whoever shows it in HTML escapes it.
    pub text: String,
    /// Whether the mail says more than `text` can hold ([`limits::TEXT_BYTES`]).
    pub is_cut: bool,
    /// What of `text` the person newly wrote, without quotes and signature. For a
    /// new ticket `text` is the better choice: what a mail passes on is in it.
    pub reply: String,
    /// `reply` for people: where something between its lines was folded, a mark
    /// says so.
    pub shown: String,
    /// Everything that came along, in its order.
    pub attachments: Vec<Attachment<'a>>,
    /// Why nobody may be answered. None: a person wrote.
    pub automatic: Option<Automatic>,
    /// The id of the list that it came over (RFC 2919), in lower case; empty where only
    /// other fields of a list are there.
    pub list: Option<String>,
    /// Whether it carries our own header, `X-USPEC-Ticket`: it is one of our mails,
    /// come back.
    pub own: bool,
}

/// Where the sender of a mail was found. DMARC is about the one address in `From`
/// (RFC 7489, section 3.1); nothing else is ever authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The one address in the one `From`.
    From,
    /// `From` names several, of whom the first was taken, or has other words where
    /// the address should stand alone: a verdict may be about another one.
    SeveralInFrom,
    /// There is no address in `From`; `Sender` has one.
    Sender,
    /// Neither has one: the envelope's sender.
    Envelope,
    /// Nobody is named anywhere.
    Nobody,
}

/// Reads a mail as it was received. `envelope_from` is the sender of the envelope,
/// `<>` or empty for the null path, and none where it is not known.
///
/// # Errors
/// When a limit is exceeded or there is no mail; never because something in it is
/// damaged.
pub fn read<'a>(raw: &'a [u8], envelope_from: Option<&str>) -> Result<Reading<'a>, Unreadable> {
    // Nothing here should panic. If something does, the mail is put on record like
    // any other that cannot be read, instead of being tried for ever.
    std::panic::catch_unwind(|| read_mail(raw, envelope_from)).unwrap_or(Err(Unreadable::Defect))
}

fn read_mail<'a>(raw: &'a [u8], envelope_from: Option<&str>) -> Result<Reading<'a>, Unreadable> {
    if raw.len() > limits::MAIL_BYTES {
        return Err(Unreadable::TooLarge);
    }
    let mail = mime::parse(raw)?;
    let header = mail.root_header();
    // Bytes beyond ASCII in a header are most likely of the body's charset.
    let charset = mail
        .parts
        .iter()
        .find_map(|part| part.content.plain("charset"));
    let (from, origin) = sender(header, charset, envelope_from);
    let subject = header
        .all("Subject")
        .find_map(|value| words::line(&words::unfold(value, charset), limits::SUBJECT_CHARS));
    let answers = thread::answers(header);
    let body = body::read(&mail);
    let thread = Thread::of(subject.as_deref().unwrap_or_default(), &answers);
    let (to, cc) = (people(header, "To", charset), people(header, "Cc", charset));
    let addressed: Vec<EmailAddress> = to.iter().chain(&cc).map(|m| m.address.clone()).collect();
    let written = quote::written(&body.text, thread, &addressed);
    let automatic = automatic::classify(
        &mail,
        subject.as_deref().unwrap_or_default(),
        &body.text,
        envelope_from,
    );
    Ok(Reading {
        message_id: thread::own_id(header),
        from,
        origin,
        to,
        cc,
        reply_to: people(header, "Reply-To", charset),
        passed_on: forward::original(&body.text),
        subject,
        answers,
        reply: written.reply,
        shown: written.shown,
        text: body.text,
        is_cut: body.is_cut,
        attachments: body.attachments,
        automatic,
        list: automatic::list(header),
        own: header.has("X-USPEC-Ticket"),
    })
}

/// The people that a field names, wherever it stands.
fn people(header: Header<'_, '_>, name: &'static str, charset: Option<&str>) -> Vec<Mailbox> {
    let mut people: Vec<Mailbox> = Vec::new();
    for value in header.all(name) {
        let left = limits::MAILBOXES - people.len();
        people.extend(address::list(&words::unfold(value, charset), left));
    }
    people
}

fn sender(
    header: Header<'_, '_>,
    charset: Option<&str>,
    envelope_from: Option<&str>,
) -> (Option<Mailbox>, Origin) {
    let mut authors = people(header, "From", charset).into_iter();
    if let Some(author) = authors.next() {
        let is_loose = header
            .all("From")
            .any(|value| address::is_loose(&words::unfold(value, charset)));
        let is_one = header.all("From").count() == 1
            && !is_loose
            && authors.all(|other| other.address == author.address);
        let origin = if is_one {
            Origin::From
        } else {
            Origin::SeveralInFrom
        };
        return (Some(author), origin);
    }
    if let Some(sender) = people(header, "Sender", charset).into_iter().next() {
        return (Some(sender), Origin::Sender);
    }
    let path = envelope_from
        .map(str::to_owned)
        .or_else(|| header.text("Return-Path"));
    let envelope: Option<EmailAddress> = path.as_deref().and_then(address::address);
    match envelope {
        Some(address) => (
            Some(Mailbox {
                address,
                name: None,
            }),
            Origin::Envelope,
        ),
        None => (None, Origin::Nobody),
    }
}
