//! Mail as its recipients see it.

use std::collections::BTreeSet;

use serde::Deserialize;

/// A mail that was sent.
#[derive(Clone, Debug, Deserialize)]
pub struct Mail {
    pub from: String,
    /// The envelope's recipients.
    pub to: Vec<String>,
    /// Decoded.
    pub subject: String,
    pub text: String,
    pub html: String,
    /// When the host took it, by the clock that `--now` sets.
    pub sent_at: jiff::Timestamp,
    headers: Vec<Header>,
}

#[derive(Clone, Debug, Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl Mail {
    /// The values of a header, as they were sent.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value.as_str())
            .collect()
    }

    /// The `Message-ID` that its recipients see, which SES gave it.
    ///
    /// # Panics
    /// Never: every mail has one.
    pub fn message_id(&self) -> &str {
        self.headers("Message-ID")[0]
    }

    /// The address that answers go to.
    ///
    /// # Panics
    /// When the mail names none.
    #[track_caller]
    pub fn reply_to(&self) -> &str {
        let reply_to = self.headers("Reply-To")[0];
        reply_to.trim_matches(['<', '>'])
    }

    /// All headers, as they were sent.
    pub(crate) fn all_headers(&self) -> impl Iterator<Item = (String, String)> {
        let headers = self.headers.iter();
        headers.map(|header| (header.name.clone(), header.value.clone()))
    }

    /// The names of all headers.
    pub fn header_names(&self) -> BTreeSet<&str> {
        self.headers.iter().map(|h| h.name.as_str()).collect()
    }

    /// What the subject says after the tag: `Solicitud registrada` of
    /// `[USPEC #000001] Solicitud registrada: No hay red`.
    pub fn kind(&self) -> &str {
        let rest = self.subject.split_once("] ").map_or("", |(_, rest)| rest);
        rest.split(':').next().unwrap_or_default()
    }

    /// The path of the link in the text that begins with `prefix`.
    pub fn path(&self, prefix: &str) -> Option<String> {
        self.text.split_whitespace().find_map(|word| {
            let (_, path) = word.strip_prefix("http://")?.split_once('/')?;
            let path = format!("/{path}");
            path.starts_with(prefix).then_some(path)
        })
    }
}
