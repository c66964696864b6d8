//! A format as the API answers it.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::accounts::masked;
use super::record::{Filled, Known, Signature, Values};
use super::schema::{Field, Schema, Section, Shown};
use super::turn::{self, SectionState, Turn, section_state, signers};
use crate::ids::{FormatCode, SectionId, SigningId};
use crate::permission::{Caller, reads_internal};
use crate::ticket::Ticket;

/// A format of a ticket.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TicketFormat"))]
pub struct FormatView<'a> {
    pub code: &'a FormatCode,
    pub name: &'a str,
    /// Version of the schema.
    pub version: u32,
    /// Number of the ticket.
    pub number: u64,
    /// Version of the ticket, as commands expect it.
    pub ticket_version: u64,
    /// Whether the category asks for it.
    pub required: bool,
    pub complete: bool,
    /// The signature that it waits for.
    pub awaiting: Option<AwaitingView<'a>>,
    pub sections: Vec<SectionView<'a>>,
    /// Of a format that nobody fills in: what the ticket makes of the matrix of accounts.
    pub accounts: Vec<AccountChange<'a>>,
    /// The technological clearance, once the format ends with one.
    pub clearance: Option<Clearance<'a>>,
}

/// The signature that a format waits for.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AwaitingView<'a> {
    pub section: &'a SectionId,
    pub title: &'a str,
    pub signing: &'a SigningId,
    /// Who gives it, in words.
    pub who: String,
    /// Whether it is the caller's to give.
    pub yours: bool,
}

/// A section of a format.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SectionView<'a> {
    pub id: &'a SectionId,
    pub title: &'a str,
    pub state: SectionState,
    /// How often it was opened again, to correct it.
    pub edition: u32,
    /// What the caller may see of it.
    pub fields: Values,
    pub signatures: &'a [Signature],
    /// Who signs it, in words, one after the other.
    pub signers: Vec<String>,
}

/// What a ticket makes of an account.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccountChange<'a> {
    pub system: &'a str,
    pub username: &'a str,
    pub change: AccountFate,
    pub at: Timestamp,
}

/// What becomes of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AccountFate {
    Granted,
    Disabled,
    /// It stays for a reason that is on record.
    Excepted,
}

/// A technological clearance (*paz y salvo*).
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Clearance<'a> {
    pub issued: bool,
    /// By which it is known to be true: the beginning of its signature's digest.
    pub code: &'a str,
    pub at: Timestamp,
}

/// Digits of a clearance's code.
const CODE: usize = 16;

/// What of a section somebody sees: whoever signs it or works on the ticket all of it.
pub fn shown(
    section: &Section,
    filled: &Filled,
    caller: &Caller,
    ticket: &Ticket,
    code: &FormatCode,
) -> Values {
    let clear =
        reads_internal(caller, ticket) || turn::signs(section, code, caller.signatory(), ticket);
    let mut values = filled.fields.clone();
    if !clear {
        values.retain(|id, value| match section.field(&id.as_str().into()) {
            Some(field) => hide(field, value),
            None => true,
        });
    }
    values
}

/// Whether something of a field may be seen; what may not is covered.
fn hide(field: &Field, value: &mut Value) -> bool {
    match (field.shown, &value) {
        (Shown::Plain, _) => true,
        (Shown::Masked, Value::String(text)) => {
            *value = masked(text).into();
            true
        }
        (Shown::Masked | Shown::Private, _) => false,
    }
}

impl<'a> FormatView<'a> {
    /// A ticket's format for somebody who may read it; nothing, where the ticket has no
    /// such format with sections.
    pub fn of(ticket: &'a Ticket, code: &FormatCode, caller: &Caller) -> Option<Self> {
        let schema = turn::schema_of(ticket, code)?;
        let format = ticket.formats.get(code);
        let turn = turn::turn(schema, format);
        let missing = turn::missing(ticket).contains(&code);
        let sections = schema.sections.iter();
        Some(FormatView {
            code: &schema.code,
            name: &schema.name,
            version: schema.version,
            number: ticket.number.0,
            ticket_version: ticket.version,
            required: ticket.policy.formats.contains(code),
            complete: match schema.is_generated() {
                true => !missing,
                false => format.is_some_and(|format| format.complete),
            },
            awaiting: turn
                .filter(|_| !schema.is_generated())
                .map(|turn| AwaitingView {
                    section: &turn.section.id,
                    title: &turn.section.title,
                    signing: &turn.line().id,
                    who: signers(turn.line(), format),
                    yours: turn::may_fill(&turn, caller.signatory(), ticket),
                }),
            sections: sections
                .map(|section| SectionView::of(section, ticket, code, turn.as_ref(), caller))
                .collect(),
            accounts: match schema.is_generated() {
                true => account_changes(ticket, schema),
                false => vec![],
            },
            clearance: clearance(ticket, schema),
        })
    }
}

impl<'a> SectionView<'a> {
    fn of(
        section: &'static Section,
        ticket: &'a Ticket,
        code: &FormatCode,
        turn: Option<&Turn>,
        caller: &Caller,
    ) -> Self {
        let format = ticket.formats.get(code);
        let filled = format.and_then(|format| format.section(&section.id));
        let signings = section.signings.iter();
        SectionView {
            id: &section.id,
            title: &section.title,
            state: section_state(section, filled, turn),
            edition: filled.map_or(0, |filled| filled.edition),
            fields: filled.map_or(Values::new(), |filled| {
                shown(section, filled, caller, ticket, code)
            }),
            signatures: filled.map_or(&[], |filled| &filled.signatures),
            signers: signings.map(|signing| signers(signing, format)).collect(),
        }
    }
}

/// What the signed forms of a ticket make of the matrix.
pub fn account_changes<'a>(ticket: &'a Ticket, generated: &Schema) -> Vec<AccountChange<'a>> {
    let mut changes = Vec::new();
    for code in &generated.generated_from {
        let (Some(schema), Some(format)) =
            (turn::schema_of(ticket, code), ticket.formats.get(code))
        else {
            continue;
        };
        for section in schema
            .sections
            .iter()
            .filter(|of| of.grants || of.withdraws)
        {
            let Some(filled) = format.section(&section.id) else {
                continue;
            };
            let Some(signature) = filled.signatures.last() else {
                continue;
            };
            let known = Known(vec![&filled.fields]);
            let rows = known.rows("created").chain(known.rows("disabled"));
            changes.extend(rows.filter_map(|row| {
                let text = |id: &str| row.get(id).and_then(Value::as_str);
                let change = match text("outcome")? {
                    "created" => AccountFate::Granted,
                    "excepted" => AccountFate::Excepted,
                    "refused" => return None,
                    _ => AccountFate::Disabled,
                };
                Some(AccountChange {
                    system: text("system")?,
                    username: text("username")?,
                    change,
                    at: signature.at,
                })
            }));
        }
    }
    changes
}

/// The clearance that a format ended with.
pub fn clearance<'a>(ticket: &'a Ticket, schema: &Schema) -> Option<Clearance<'a>> {
    let format = ticket.formats.get(&schema.code)?;
    let section = schema.sections.iter().find(|section| section.clears)?;
    let filled = format.section(&section.id)?;
    let signature = filled.signatures.last()?;
    let is_issued = match filled.fields.get("clearance")?.as_str()? {
        "issued" => true,
        // Whoever stays needs none.
        "not_applicable" => return None,
        _ => false,
    };
    Some(Clearance {
        issued: is_issued,
        code: signature.sha256.get(..CODE)?,
        at: signature.at,
    })
}
