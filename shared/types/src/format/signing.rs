//! What a signature does besides being given: accounts that come and go (A3-FO-11).

use super::accounts::{Change, Holder, HolderId, Occasion, change};
use super::record::{Known, Values};
use super::schema::Rule;
use super::turn::schema_of;
use crate::ids::{FormatCode, SectionId};
use crate::ticket::{Event, EventKind, Ticket};

/// The person whose accounts a section's signature looks at or changes; none, where it has
/// nothing to do with any.
pub fn about(
    ticket: &Ticket,
    code: &FormatCode,
    section: &SectionId,
    fields: Option<&Values>,
) -> Option<HolderId> {
    let (_, section) = schema_of(ticket, code)?.section(section)?;
    let asks = section.rules.iter().any(|rule| match rule {
        Rule::AccountsGone { .. } | Rule::NoGrantedConflicts { .. } => true,
        Rule::AnyOf { .. }
        | Rule::After { .. }
        | Rule::NotAfter { .. }
        | Rule::NotInPast { .. }
        | Rule::NotInFuture { .. }
        | Rule::Unique { .. }
        | Rule::OneEach { .. }
        | Rule::Digits { .. }
        | Rule::InDirectory { .. }
        | Rule::OfTheEntity { .. }
        | Rule::NoConflicts { .. }
        | Rule::Only { .. }
        | Rule::Returns { .. } => false,
    });
    if !asks && !section.grants && !section.withdraws {
        return None;
    }
    let format = ticket.formats.get(code);
    let mut known = format.map_or(Known(vec![]), |format| format.known());
    known.0.extend(fields);
    HolderId::in_format(&known)
}

/// What a signature makes of a person's accounts.
pub fn accounts(event: &Event, ticket: &Ticket, before: Option<&Holder>) -> Option<Change> {
    let EventKind::SectionSigned {
        code,
        section,
        fields,
        reopens,
        ..
    } = &event.kind
    else {
        return None;
    };
    let (_, line) = schema_of(ticket, code)?.section(section)?;
    let format = ticket.formats.get(code)?;
    let others = format.sections.iter().filter(|(id, _)| *id != section);
    let mut known: Vec<&Values> = others.map(|(_, filled)| &filled.fields).collect();
    known.push(fields);
    let occasion = Occasion {
        at: event.at,
        ticket: ticket.number,
    };
    let changed = change(line, &Known(known), before, occasion);
    changed.filter(|_| reopens.is_empty())
}

/// An account that a signed form granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    pub holder: HolderId,
    pub system: String,
    pub username: String,
}

/// The accounts that the signed forms of a ticket granted.
pub fn granted(ticket: &Ticket) -> Vec<Granted> {
    let mut all = Vec::new();
    for (code, format) in &ticket.formats {
        let sections = schema_of(ticket, code).map_or(&[][..], |schema| &schema.sections);
        let granting = sections.iter().filter(|section| section.grants);
        let signed = granting.filter(|section| {
            let filled = format.section(&section.id);
            filled.is_some_and(|filled| !filled.signatures.is_empty())
        });
        let (Some(holder), true) = (HolderId::in_format(&format.known()), signed.count() > 0)
        else {
            continue;
        };
        let known = format.known();
        all.extend(known.rows("created").filter_map(|row| {
            let text = |id: &str| row.get(id).and_then(|value| value.as_str());
            (text("outcome") == Some("created")).then_some(())?;
            Some(Granted {
                holder: holder.clone(),
                system: text("system")?.to_owned(),
                username: text("username")?.to_owned(),
            })
        }));
    }
    all
}
