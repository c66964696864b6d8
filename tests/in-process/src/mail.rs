//! SES: it takes every mail, gives it an id, and keeps it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mail_parser::{MessageParser, MimeHeaders};

/// A mail, as it went out.
#[derive(Clone, Debug)]
pub struct Mail {
    /// The id that SES gave it.
    pub id: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// As it was handed to SES.
    pub raw: Vec<u8>,
}

impl Mail {
    /// The value of a header, without the space around it.
    pub fn header(&self, name: &str) -> Option<String> {
        let message = MessageParser::default().parse(&self.raw).unwrap();
        let value = message.header_raw(name.to_owned());
        value.map(|value| value.trim().to_owned())
    }

    /// The files that go along with it: their names and their bytes.
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let message = MessageParser::default().parse(&self.raw).unwrap();
        let parts = message.attachments();
        let file = |part: &mail_parser::MessagePart<'_>| {
            let name = part.attachment_name().unwrap_or_default().to_owned();
            (name, part.contents().to_vec())
        };
        parts.map(file).collect()
    }

    fn read(id: String, to: Vec<String>, raw: Vec<u8>) -> Self {
        let message = MessageParser::default().parse(&raw).unwrap();
        let text = |body: Option<std::borrow::Cow<'_, str>>| body.unwrap_or_default().into_owned();
        Mail {
            id,
            to,
            subject: message.subject().unwrap_or_default().to_owned(),
            text: text(message.body_text(0)),
            html: text(message.body_html(0)),
            raw,
        }
    }
}

/// What was sent.
#[derive(Default)]
pub(crate) struct Mails(pub(crate) Vec<Mail>);

impl Mails {
    /// Takes a mail, and answers as SES does.
    pub(crate) fn send(&mut self, form: &[(String, String)]) -> String {
        let value = |name: &str| {
            form.iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
        };
        let raw = value("RawMessage.Data").unwrap();
        let raw = BASE64_STANDARD.decode(raw).unwrap();
        let to = (1..).map_while(|i| value(&format!("Destinations.member.{i}")));
        let id = format!("ses-{}", self.0.len() + 1);
        self.0
            .push(Mail::read(id.clone(), to.map(str::to_owned).collect(), raw));
        format!(
            "<SendRawEmailResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><SendRawEmailResult>\
             <MessageId>{id}</MessageId></SendRawEmailResult></SendRawEmailResponse>"
        )
    }
}
