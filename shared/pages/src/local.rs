//! What the local host shows by itself: the people that its issuer offers, and the
//! mail that went out.

use askama::Template;
use jiff::Timestamp;

use crate::shell::{Section, Shell};
use crate::words;

/// The page on which somebody says who he is: the local host asks for no password.
#[derive(Template)]
#[template(path = "people.html")]
pub struct People<'a> {
    shell: Shell<'a>,
    /// What is handed on, as it came.
    pub hidden: Vec<(&'static str, &'a str)>,
    pub groups: Vec<(&'static str, Vec<PersonLine<'a>>)>,
    /// What stood in the field and was no address.
    pub wrong: Option<&'a str>,
    /// Whether there is nothing on the desk yet.
    pub empty: bool,
}

/// Somebody to be.
pub struct PersonLine<'a> {
    pub name: &'a str,
    pub email: &'a str,
}

impl<'a> People<'a> {
    /// The page of these people.
    pub fn of(
        hidden: Vec<(&'static str, &'a str)>,
        groups: Vec<(&'static str, Vec<PersonLine<'a>>)>,
        wrong: Option<&'a str>,
        now: Timestamp,
    ) -> Self {
        People {
            shell: Shell::new("¿Con qué cuenta entra?", Section::Nowhere, now),
            hidden,
            groups,
            wrong,
            empty: false,
        }
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

/// The mail that went out.
#[derive(Template)]
#[template(path = "mailbox.html")]
pub struct Mailbox<'a> {
    shell: Shell<'a>,
    /// The latest first.
    pub mails: Vec<MailLine<'a>>,
    pub chosen: Option<Mail<'a>>,
}

/// A mail in the list.
pub struct MailLine<'a> {
    pub id: &'a str,
    pub subject: &'a str,
    pub to: String,
    pub at: Timestamp,
    pub stamp: String,
    pub current: bool,
}

/// A mail to be read.
pub struct Mail<'a> {
    pub subject: &'a str,
    pub from: &'a str,
    pub to: String,
    pub at: Timestamp,
    pub when: String,
    pub lines: Vec<TextLine<'a>>,
    pub html: &'a str,
    pub headers: Vec<(&'a str, &'a str)>,
}

/// A line of a mail's text: where it is an address, a link.
pub struct TextLine<'a> {
    pub text: &'a str,
    pub is_link: bool,
}

impl<'a> TextLine<'a> {
    /// The lines of a text.
    pub fn all(text: &'a str) -> Vec<Self> {
        let lines = text.lines().map(str::trim_end);
        lines
            .flat_map(
                |line| match line.find("http://").or_else(|| line.find("https://")) {
                    Some(at) => vec![(&line[..at], false), (&line[at..], true)],
                    None => vec![(line, false)],
                },
            )
            .map(|(text, is_link)| TextLine { text, is_link })
            .collect()
    }
}

impl<'a> Mailbox<'a> {
    /// The page of these mails.
    pub fn of(mails: Vec<MailLine<'a>>, chosen: Option<Mail<'a>>, now: Timestamp) -> Self {
        Mailbox {
            shell: Shell::new("Correo enviado", Section::Nowhere, now),
            mails,
            chosen,
        }
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

impl<'a> MailLine<'a> {
    /// A mail as a line.
    pub fn of(id: &'a str, subject: &'a str, to: &[String], at: Timestamp, now: Timestamp) -> Self {
        MailLine {
            id,
            subject,
            to: to.join(", "),
            at,
            stamp: words::stamp(at, now),
            current: false,
        }
    }
}
