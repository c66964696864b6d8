//! Whose mails these are.

use std::fmt;
use std::str::FromStr;

use types::ids::{EmailAddress, InvalidEmail};
use types::token::TokenSecret;

/// Who writes, and where answers go.
pub struct Office {
    /// Where the API and the pages are, without a trailing slash.
    pub base_url: String,
    pub from: Sender,
    /// Address whose local part takes a token: `soporte@…` becomes
    /// `soporte+TOKEN@…`.
    pub reply_address: EmailAddress,
    pub secret: TokenSecret,
}

/// A name and an address, `Mesa de Ayuda <soporte@…>`.
pub struct Sender {
    pub name: Option<String>,
    pub address: EmailAddress,
}

impl FromStr for Sender {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        match text.rsplit_once('<') {
            Some((name, rest)) => {
                let address = rest.trim().strip_suffix('>').ok_or(InvalidEmail)?;
                let name = name.trim().trim_matches('"');
                Ok(Sender {
                    name: (!name.is_empty()).then(|| name.to_owned()),
                    address: EmailAddress::parse(address)?,
                })
            }
            None => Ok(Sender {
                name: None,
                address: EmailAddress::parse(text)?,
            }),
        }
    }
}

/// The envelope's sender: the address alone.
impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
