//! The SES API (version 1, query protocol), over the mail store.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mail_builder::MessageBuilder;
use mail_parser::MessageParser;
use ulid::Ulid;

use crate::arn::ses_arn;
use crate::roles::Need;
use crate::ses::mailbox::{Mailbox, Refusal};
use crate::wire::xml;

/// An error as the SDKs know it.
struct SesError {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl SesError {
    fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "InvalidParameterValue",
            message: message.into(),
        }
    }
}

impl From<Refusal> for SesError {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::NoSender | Refusal::NoDestination | Refusal::Unreadable => {
                Self::invalid(message)
            }
            Refusal::Address => Self {
                status: StatusCode::BAD_REQUEST,
                code: "MessageRejected",
                message,
            },
            Refusal::NoConfigurationSet(_) => Self {
                status: StatusCode::BAD_REQUEST,
                code: "ConfigurationSetDoesNotExist",
                message,
            },
            Refusal::Store(_) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                code: "InternalFailure",
                message,
            },
        }
    }
}

/// Carries out an operation.
pub(crate) fn call(mailbox: &Mailbox, body: &[u8]) -> Response {
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let action = form.get("Action").map_or("", String::as_str);
    let result = match action {
        "SendRawEmail" => send_raw(mailbox, &form),
        "SendEmail" => send(mailbox, &form),
        "GetSendQuota" => Ok(
            "<Max24HourSend>50000.0</Max24HourSend><MaxSendRate>14.0</MaxSendRate>\
                              <SentLast24Hours>0.0</SentLast24Hours>"
                .to_owned(),
        ),
        // Any address can send here.
        "ListIdentities" => Ok("<Identities/>".to_owned()),
        action => Err(SesError {
            status: StatusCode::BAD_REQUEST,
            code: "InvalidAction",
            message: format!("the emulator does not know {action}"),
        }),
    };
    let request_id = Ulid::generate();
    let (status, body) = match result {
        Ok(result) => (
            StatusCode::OK,
            format!(
                "<{action}Response xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><{action}Result>{result}\
                 </{action}Result><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
                 </{action}Response>"
            ),
        ),
        Err(SesError {
            status,
            code,
            message,
        }) => {
            let message = message
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
            (
                status,
                format!(
                    "<ErrorResponse xmlns=\"http://ses.amazonaws.com/doc/2010-12-01/\"><Error><Type>Sender</Type>\
                     <Code>{code}</Code><Message>{message}</Message></Error><RequestId>{request_id}</RequestId>\
                     </ErrorResponse>"
                ),
            )
        }
    };
    xml(status, "text/xml", body)
}

/// What a call needs to be allowed: to send as an identity, through a configuration set.
pub(crate) fn needs(body: &[u8]) -> Vec<Need> {
    let form: HashMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
    let action = format!("ses:{}", form.get("Action").map_or("", String::as_str));
    if !action.starts_with("ses:Send") {
        return vec![Need::new(action, "*")];
    }
    let from = form.get("RawMessage.Data").and_then(|data| {
        let raw = BASE64_STANDARD.decode(data).ok()?;
        let from = MessageParser::default().parse_headers(&raw)?;
        Some(from.from()?.first()?.address()?.to_owned())
    });
    let from = from
        .or_else(|| form.get("Source").cloned())
        .unwrap_or_default();
    let set = form.get("ConfigurationSetName");
    let resources = [
        Some(format!("identity/{from}")),
        set.map(|set| format!("configuration-set/{set}")),
    ];
    let needs = resources.into_iter().flatten().map(|resource| {
        let mut need = Need::new(action.clone(), ses_arn(&resource));
        need.context.push(("ses:FromAddress", vec![from.clone()]));
        need
    });
    needs.collect()
}

fn send_raw(mailbox: &Mailbox, form: &HashMap<String, String>) -> Result<String, SesError> {
    let data = form.get("RawMessage.Data").map_or("", String::as_str);
    let raw = BASE64_STANDARD
        .decode(data)
        .map_err(|_| SesError::invalid("RawMessage.Data is not base64"))?;
    if raw.is_empty() {
        return Err(SesError::invalid("RawMessage.Data is empty"));
    }
    let text = |name: &str| form.get(name).map(String::as_str);
    let destinations = members(form, "Destinations");
    let set = text("ConfigurationSetName");
    let id = mailbox.send(text("Source"), destinations, &raw, set)?;
    Ok(format!("<MessageId>{id}</MessageId>"))
}

fn send(mailbox: &Mailbox, form: &HashMap<String, String>) -> Result<String, SesError> {
    let text = |name: &str| form.get(name).cloned();
    let source = text("Source").ok_or(Refusal::NoSender)?;
    let lists =
        ["To", "Cc", "Bcc"].map(|list| members(form, &format!("Destination.{list}Addresses")));
    let mut message = MessageBuilder::new()
        .from(source.as_str())
        .to(lists[0].clone())
        .subject(text("Message.Subject.Data").unwrap_or_default());
    if !lists[1].is_empty() {
        message = message.cc(lists[1].clone());
    }
    let reply_to = members(form, "ReplyToAddresses");
    if !reply_to.is_empty() {
        message = message.reply_to(reply_to);
    }
    if let Some(body) = text("Message.Body.Text.Data") {
        message = message.text_body(body);
    }
    if let Some(body) = text("Message.Body.Html.Data") {
        message = message.html_body(body);
    }
    let raw = message
        .write_to_vec()
        .map_err(|error| SesError::invalid(error.to_string()))?;
    let set = text("ConfigurationSetName");
    let id = mailbox.send(Some(&source), lists.concat(), &raw, set.as_deref())?;
    Ok(format!("<MessageId>{id}</MessageId>"))
}

/// The values of a list, which the query protocol numbers from 1.
fn members(form: &HashMap<String, String>, list: &str) -> Vec<String> {
    (1..)
        .map_while(|index| form.get(&format!("{list}.member.{index}")).cloned())
        .collect()
}
