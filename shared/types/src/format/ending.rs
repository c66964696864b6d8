//! Accounts that end by themselves: some working days before somebody's contract is over,
//! the request to disable them (A3-FO-12) is opened in the name of whoever answers for him,
//! filled in so far that it only has to be looked at and signed.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::accounts::{Account, Asked, Change, Closing, Holder};
use super::record::Values;
use super::schema::{newest, systems};
use crate::catalogue::{Catalogue, Category, Role};
use crate::command::{Application, NewTicket};
use crate::ids::{FormatCode, SectionId, TicketNumber};
use crate::person::Person;
use crate::spanish;
use crate::ticket::{Channel, Request, State, Ticket};

/// Ends of one person that are remembered.
const MOST_ENDS: usize = 24;

/// The format that disables accounts.
pub fn code() -> FormatCode {
    FormatCode::from("A3-FO-12")
}

/// Its section that says who leaves, and why.
fn leaving() -> SectionId {
    SectionId::from("leaving")
}

/// Its section that says what was disabled.
fn disabling() -> SectionId {
    SectionId::from("disabling")
}

/// What the sweep's word that somebody's accounts end comes to.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// The request is to be opened, for this end.
    Open { end: Date },
    /// It is not the time: the person's timer is set anew, or taken off.
    Arm(Box<Change>),
    /// There is nothing to do.
    Nothing,
}

impl Holder {
    /// When he has to be looked at before his accounts end, by the hours in force; nothing
    /// where they have no end, or that was asked for already.
    pub fn closes(&self, catalogue: &Catalogue) -> Option<Closing> {
        let end = self.ends()?;
        if self.asked_for(end).is_some() {
            return None;
        }
        let days = usize::from(catalogue.document().accounts.notice_days);
        let at = catalogue
            .default_calendar()
            .and_then(|calendar| calendar.days_before(end, days))
            .map(|day| day.from);
        // Without an open hour in a year it is the day itself.
        let at = at.or_else(|| crate::mail::bounds(end).map(|(begins, _)| begins))?;
        Some(Closing { end, at })
    }

    /// The same person, with the timer that belongs to what he has.
    #[must_use]
    pub fn armed(mut self, catalogue: &Catalogue) -> Self {
        self.closing = self.closes(catalogue);
        self
    }

    /// What is to be done about his end at a time.
    pub fn step(&self, catalogue: &Catalogue, now: Timestamp) -> Step {
        match self.closes(catalogue) {
            Some(closing) if closing.at <= now => Step::Open { end: closing.end },
            closing => {
                let mut after = self.clone();
                after.closing = closing;
                match Change::of(Some(self), after) {
                    Some(change) => Step::Arm(Box::new(change)),
                    None => Step::Nothing,
                }
            }
        }
    }

    /// The person once his end was asked for by a ticket.
    pub fn asked_by(&self, end: Date, ticket: TicketNumber) -> Option<Change> {
        let mut after = self.clone();
        after.closing = None;
        after.asked.push(Asked { end, ticket });
        let over = after.asked.len().saturating_sub(MOST_ENDS);
        after.asked.drain(..over);
        Change::of(Some(self), after)
    }

    /// Whoever answers for the person: his chief, if he is of the entity; else the office that
    /// looks after people like him; else the coordination.
    pub fn answered_for(&self, catalogue: &Catalogue, now: Timestamp) -> Option<Person> {
        let chief = self
            .chief()
            .filter(|chief| catalogue.is_of_the_entity(chief));
        if let Some(email) = chief {
            let name = catalogue.person(&email).map(|entry| entry.name.clone());
            return Some(Person {
                name: name.unwrap_or_else(|| email.to_string()),
                email,
            });
        }
        let office = match self.kind.as_deref() {
            Some("official") => Role::Personnel,
            Some(_) | None => Role::Contracting,
        };
        [office, Role::Coordinator, Role::Head]
            .into_iter()
            .find_map(|role| {
                let all: Vec<_> = catalogue.with_role(role).collect();
                let here = all.iter().find(|entry| entry.is_here(now));
                here.or(all.first()).map(|entry| entry.person())
            })
    }

    /// His names as two fields ask for them: as a form said them; else as names are put
    /// together here, two and two.
    fn names(&self) -> (String, String) {
        if let (Some(first), Some(last)) = (&self.first_names, &self.last_names) {
            return (first.clone(), last.clone());
        }
        let words: Vec<_> = self.name.split_whitespace().collect();
        let last = match words.len() {
            0 | 1 => 0,
            2 => 1,
            _ => 2,
        };
        let (first, last) = words.split_at(words.len() - last);
        (first.join(" "), last.join(" "))
    }

    /// What the format says of him that the matrix knows.
    pub(crate) fn leaving(&self, reason: &str, effective_at: Timestamp) -> Values {
        let (first, last) = self.names();
        let mut values = Values::new();
        let mut say = |field: &str, value: Option<Value>| {
            if let Some(value) = value.filter(|value| value.as_str() != Some("")) {
                values.insert(field.to_owned(), value);
            }
        };
        say("document_type", Some(self.document_type.as_str().into()));
        say(
            "document_number",
            Some(self.document_number.as_str().into()),
        );
        say("first_names", Some(first.into()));
        say("last_names", Some(last.into()));
        say("reason", Some(reason.into()));
        say("effective_at", Some(effective_at.to_string().into()));
        say("urgent", Some("no".into()));
        say(
            "supervisor",
            self.chief().map(|chief| chief.to_string().into()),
        );
        values
    }
}

/// An account in a sentence: its system, and by which name it is known there.
pub fn account_words(account: &Account) -> String {
    let system = systems().get(&account.system);
    let system = system.map_or(&*account.system, |system| &system.name);
    format!("{system} ({})", account.username)
}

/// Whether a request will still disable the accounts of its person: nobody has said yet which
/// ones are, and there is no answer to it.
pub fn still_disables(ticket: &Ticket) -> bool {
    match ticket.state {
        State::New | State::Assigned | State::OnHold(_) => {}
        State::Solved | State::Closed => return false,
    }
    let format = ticket.formats.get(&code());
    let disabled = format.and_then(|format| format.section(&disabling()));
    disabled.is_none_or(|filled| filled.signatures.is_empty())
}

/// The category of requests that disable accounts.
pub fn category(catalogue: &Catalogue) -> Option<&Category> {
    let mut offered = catalogue.offered_categories();
    offered.find(|category| category.formats.contains(&code()))
}

/// The last moment of a day.
fn end_of(day: Date) -> Option<Timestamp> {
    let zone = TimeZone::get("America/Bogota").ok()?;
    Some(day.at(23, 59, 0, 0).to_zoned(zone).ok()?.timestamp())
}

/// Why a request cannot open by itself: somebody has to change the catalogue first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unopenable {
    #[error("no category of the catalogue takes A3-FO-12")]
    NoCategory,
    #[error("nobody of the directory could ask for it: no office, coordinator or head")]
    NobodyAsks,
}

/// A request that opens by itself: what is asked, and what stands in its format already.
#[derive(Clone, Debug)]
pub struct Opening {
    pub application: Application,
    drafts: Vec<(SectionId, Values)>,
}

impl Opening {
    /// A request in somebody's name.
    pub(crate) fn of(
        asks: Option<Person>,
        catalogue: &Catalogue,
        title: String,
        description: String,
    ) -> Result<Self, Unopenable> {
        let asks = asks.ok_or(Unopenable::NobodyAsks)?;
        let category = category(catalogue).ok_or(Unopenable::NoCategory)?;
        Ok(Opening {
            application: Application {
                request: Request::new(title, description, Channel::Web, asks),
                category: category.id.clone(),
                links: vec![],
            },
            drafts: vec![],
        })
    }

    /// The same, with a section that is filled in.
    #[must_use]
    pub(crate) fn saying(mut self, section: Section, values: Values) -> Self {
        let id = match section {
            Section::Leaving => leaving(),
            Section::Disabling => disabling(),
        };
        self.drafts.push((id, values));
        self
    }

    /// The ticket that was registered, with what stands in its format already.
    pub fn filled_in(&self, mut ticket: NewTicket) -> NewTicket {
        let code = code();
        let Some(schema) = newest(&code) else {
            return ticket;
        };
        for (section, values) in &self.drafts {
            ticket = ticket.drafted(&code, schema.version, section, values.clone());
        }
        ticket
    }
}

/// The sections that are filled in beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    Leaving,
    Disabling,
}

/// The request that a person's end opens.
///
/// # Errors
/// Where the catalogue has nobody who could ask for it, or no category for it.
pub fn opening(
    holder: &Holder,
    end: Date,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Opening, Unopenable> {
    let asks = holder.answered_for(catalogue, now);
    let last = spanish::day(end, None);
    let is_over = end < crate::mail::day(now);
    let name = match &holder.unit {
        Some(unit) => format!("{} ({unit})", holder.name),
        None => holder.name.clone(),
    };
    let ends = match (holder.contract_end, is_over) {
        (Some(_), false) => format!("El contrato de {name} termina el {last}."),
        (Some(_), true) => format!("El contrato de {name} terminó el {last}."),
        (None, false) => format!("Las cuentas de {name} vencen el {last}."),
        (None, true) => format!("Las cuentas de {name} vencieron el {last}."),
    };
    let accounts: Vec<_> = holder.active().map(account_words).collect();
    let count = match accounts.len() {
        1 => "Tiene una cuenta activa".to_owned(),
        count => format!("Tiene {count} cuentas activas"),
    };
    let description = format!(
        "{ends} {count}: {}.\n\nEsta solicitud se abrió sola para que se deshabiliten con el formato \
         A3-FO-12. Su sección 1 ya dice lo que está en la matriz de usuarios: revísela y fírmela. Si \
         la persona sigue, pida la prórroga con un A3-S1-FO-01 y dígalo aquí.",
        spanish::list(&accounts)
    );
    let title = format!("Deshabilitar las cuentas de {} el {last}", holder.name);
    let mut values = holder.leaving("contract_end", end_of(end).unwrap_or(now));
    if let Some(contract) = &holder.contract {
        values.insert("act_or_contract".to_owned(), contract.as_str().into());
    }
    values.insert("mail_policy".to_owned(), json!("none"));
    if let Some(equipment) = holder.equipment {
        let word = if equipment { "yes" } else { "no" };
        values.insert("has_equipment".to_owned(), word.into());
    }
    let opening = Opening::of(asks, catalogue, title, description)?;
    Ok(opening.saying(Section::Leaving, values))
}
