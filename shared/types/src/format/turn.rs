//! Whose turn it is: sections are signed in order, each by whoever its schema says.

use std::collections::BTreeSet;

use super::record::{Filled, Format, Known, Values};
use super::schema::{Schema, Section, Signer, Signing, Who, newest, schema};
use crate::catalogue::Role;
use crate::ids::{EmailAddress, FormatCode, SectionId, SigningId};
use crate::ticket::{EventKind, HoldReason, State, Ticket};

/// The signature that a format waits for.
#[derive(Clone, Copy, Debug)]
pub struct Turn {
    pub schema: &'static Schema,
    pub section: &'static Section,
    /// Its place among the sections, from 0.
    pub place: usize,
    /// Which of its signatures, from 0.
    pub signing: usize,
}

impl Turn {
    /// The signature's line of the schema.
    pub fn line(&self) -> &'static Signing {
        &self.section.signings[self.signing]
    }

    /// The section as people call it: `sección 2, Recursos requeridos`.
    pub fn name(&self) -> String {
        format!("sección {}, {}", self.place + 1, self.section.title)
    }
}

/// Somebody, as far as signing goes.
#[derive(Clone, Copy, Debug)]
pub struct Signatory<'a> {
    pub email: &'a EmailAddress,
    pub roles: &'a BTreeSet<Role>,
}

/// Somebody whom a format waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party {
    /// Whoever has this role.
    Office(Role),
    Person(EmailAddress),
}

/// What a format of a ticket waits for.
#[derive(Clone, Debug)]
pub struct Awaited {
    pub code: FormatCode,
    pub turn: Turn,
    pub parties: BTreeSet<Party>,
}

/// The schema by which a ticket's format is filled in; none, where it is a code that
/// nobody knows, or was filled in before there were sections.
pub fn schema_of(ticket: &Ticket, code: &FormatCode) -> Option<&'static Schema> {
    match ticket.formats.get(code) {
        Some(format) => match format.version {
            Some(version) => schema(code, version),
            None if format.complete => None,
            None => newest(code),
        },
        None if ticket.policy.formats.contains(code) => newest(code),
        None => None,
    }
}

/// The formats of a ticket, those that its category asks for first.
pub fn codes(ticket: &Ticket) -> impl Iterator<Item = &FormatCode> {
    let asked = ticket.policy.formats.iter();
    let others = ticket.formats.keys();
    asked.chain(others.filter(|code| !ticket.policy.formats.contains(code)))
}

/// The signature that a format waits for; none, where all are there.
pub fn turn(schema: &'static Schema, format: Option<&Format>) -> Option<Turn> {
    let sections = schema.sections.iter().enumerate();
    let open = sections.map(|(place, section)| {
        let filled = format.and_then(|format| format.section(&section.id));
        (
            place,
            section,
            filled.map_or(0, |filled| filled.signatures.len()),
        )
    });
    let mut open = open.filter(|(_, section, signed)| *signed < section.signings.len());
    let (place, section, signing) = open.next()?;
    Some(Turn {
        schema,
        section,
        place,
        signing,
    })
}

/// The values that a signer's condition looks at.
fn values(format: Option<&Format>) -> Known<'_> {
    format.map_or(Known(vec![]), Format::known)
}

fn none() -> &'static Values {
    static NONE: std::sync::LazyLock<Values> = std::sync::LazyLock::new(Values::new);
    &NONE
}

impl Signer {
    /// Whether it may be that he signs, by what is filled in so far.
    fn may_be(&self, known: &Known<'_>) -> bool {
        let when = self.when.as_ref();
        when.is_none_or(|when| when.says(None, none(), known).unwrap_or(true))
    }

    /// Whether he signs, by what is filled in.
    fn is_it(&self, known: &Known<'_>) -> bool {
        let when = self.when.as_ref();
        when.is_none_or(|when| when.holds(None, none(), known))
    }

    /// The capacity in which somebody is this signer, if he is, by what others wrote.
    fn capacity(&self, who: Signatory<'_>, ticket: &Ticket, known: &Known<'_>) -> Option<Role> {
        let is = |person: Option<&crate::person::Person>| {
            person.is_some_and(|person| person.email == *who.email)
        };
        let has = |role: Role| who.roles.contains(&role).then_some(role);
        match self.who {
            Who::Personnel | Who::Contracting | Who::Administrative => {
                self.who.office().and_then(has)
            }
            // Whoever it was escalated to; before that, whoever of them is asked.
            Who::Technology => {
                let head = has(Role::Head);
                let officer = has(Role::Officer).filter(|_| match with_officer(ticket) {
                    Some(officer) => officer.email == *who.email,
                    None => true,
                });
                officer.or(head)
            }
            Who::Desk => {
                let agent = has(Role::Agent).filter(|_| is(ticket.assignee.as_ref()));
                agent.or(has(Role::Coordinator))
            }
            Who::Requester => ticket.is_of(who.email).then_some(Role::Requester),
            Who::Named => {
                let address = self.field.as_ref().and_then(|field| known.text(&field.0));
                (address == Some(who.email.as_str())).then_some(Role::Requester)
            }
        }
    }

    /// Whoever asked may say that it is he: a supervisor who asks for the accounts of his
    /// contractor. Nobody else makes himself one who signs.
    fn names_himself(&self, who: Signatory<'_>, ticket: &Ticket, fields: &Values) -> Option<Role> {
        let field = self.field.as_ref()?;
        let address = fields.get(&field.0).and_then(|value| value.as_str());
        let is_he = ticket.is_of(who.email) && address == Some(who.email.as_str());
        is_he.then_some(Role::Requester)
    }

    /// The same, while nobody is named.
    fn may_name_himself(
        &self,
        turn: &Turn,
        who: Signatory<'_>,
        ticket: &Ticket,
        known: &Known<'_>,
    ) -> bool {
        let field = self.field.as_ref();
        field.is_some_and(|field| {
            let is_here = turn.section.field(field).is_some();
            is_here && known.get(&field.0).is_none() && ticket.is_of(who.email)
        })
    }

    /// Who that is, in a Spanish sentence.
    pub fn words(&self, known: &Known<'_>) -> String {
        match self.who {
            Who::Personnel => "el Grupo Administración de Personal".to_owned(),
            Who::Contracting => "la Dirección de Gestión Contractual".to_owned(),
            Who::Administrative => "el Grupo Administrativo".to_owned(),
            Who::Technology => "la Oficina de Tecnología".to_owned(),
            Who::Desk => "la Mesa de Ayuda".to_owned(),
            Who::Requester => "quien hizo la solicitud".to_owned(),
            Who::Named => {
                let field = self.field.as_ref();
                match field.and_then(|field| known.text(&field.0)) {
                    Some(address) => address.to_owned(),
                    None => "quien se nombra en el formato".to_owned(),
                }
            }
        }
    }
}

fn with_officer(ticket: &Ticket) -> Option<&crate::person::Person> {
    match ticket.state {
        State::OnHold(HoldReason::Technology | HoldReason::Provider) => ticket.officer.as_ref(),
        State::New
        | State::Assigned
        | State::OnHold(HoldReason::Requester)
        | State::Solved
        | State::Closed => None,
    }
}

/// A format as it is called: its code, and what it is for.
pub fn name_of(code: &FormatCode) -> String {
    match newest(code) {
        Some(schema) => format!("{code} ({})", schema.name),
        None => code.to_string(),
    }
}

/// Who gives a signature, in a Spanish sentence.
pub fn signers(signing: &Signing, format: Option<&Format>) -> String {
    let known = values(format);
    let may = || signing.by.iter().filter(|signer| signer.may_be(&known));
    // Who is to be named yet is not worth a word beside those who are known.
    let is_known = |signer: &&Signer| {
        let field = signer.field.as_ref();
        field.is_none_or(|field| known.text(&field.0).is_some())
    };
    let mut there: Vec<_> = may().filter(is_known).map(|of| of.words(&known)).collect();
    if there.is_empty() {
        there = may().map(|signer| signer.words(&known)).collect();
        there.dedup();
    }
    crate::spanish::either(&there)
}

/// The capacity in which somebody may give the signature that a format waits for, by what
/// `fields` add to it; none, where it is not his to give.
pub fn may_sign(turn: &Turn, who: Signatory<'_>, ticket: &Ticket, fields: &Values) -> Option<Role> {
    let format = ticket.formats.get(&turn.schema.code);
    let stored = values(format);
    let mut known = stored.clone();
    known.0.insert(0, fields);
    let mut by = turn.line().by.iter().filter(|signer| signer.is_it(&known));
    by.find_map(|signer| {
        let by_others = signer.capacity(who, ticket, &stored);
        by_others.or_else(|| signer.names_himself(who, ticket, fields))
    })
}

/// Whether the section that a format waits for may be somebody's to fill in. Who signs it
/// may hang on what he fills in.
pub fn may_fill(turn: &Turn, who: Signatory<'_>, ticket: &Ticket) -> bool {
    let known = values(ticket.formats.get(&turn.schema.code));
    let mut by = turn.line().by.iter().filter(|signer| signer.may_be(&known));
    by.any(|signer| {
        signer.capacity(who, ticket, &known).is_some()
            || signer.may_name_himself(turn, who, ticket, &known)
    })
}

/// Whether somebody answers for the desk: he may say that a section was signed on paper,
/// and open one again.
pub fn attests(who: Signatory<'_>, ticket: &Ticket) -> bool {
    let assignee = ticket.assignee.as_ref();
    let is_his = assignee.is_some_and(|agent| agent.email == *who.email);
    who.roles.contains(&Role::Coordinator) || (who.roles.contains(&Role::Agent) && is_his)
}

/// Whether somebody signs a section, sometime.
pub fn signs(section: &Section, code: &FormatCode, who: Signatory<'_>, ticket: &Ticket) -> bool {
    let known = values(ticket.formats.get(code));
    let mut by = section.signings.iter().flat_map(|signing| &signing.by);
    by.any(|signer| signer.may_be(&known) && signer.capacity(who, ticket, &known).is_some())
}

/// Whether somebody signs a format, sometime: he sees it, and nothing else of the ticket.
pub fn is_party(code: &FormatCode, who: Signatory<'_>, ticket: &Ticket) -> bool {
    let schema = schema_of(ticket, code);
    schema.is_some_and(|schema| {
        let mut sections = schema.sections.iter();
        sections.any(|section| signs(section, code, who, ticket))
    })
}

/// Whether somebody signs one of a ticket's formats.
pub fn is_party_of_any(who: Signatory<'_>, ticket: &Ticket) -> bool {
    codes(ticket).any(|code| is_party(code, who, ticket))
}

/// What the formats of a ticket wait for. Nothing is asked of anybody once there is an
/// answer to the request.
pub fn awaited(ticket: &Ticket) -> Vec<Awaited> {
    match ticket.state {
        State::New | State::Assigned | State::OnHold(_) => {}
        State::Solved | State::Closed => return vec![],
    }
    let waits = |code: &FormatCode| {
        let format = ticket.formats.get(code);
        let turn = turn(schema_of(ticket, code)?, format)?;
        let known = values(format);
        let by = turn.line().by.iter().filter(|signer| signer.may_be(&known));
        let parties = by
            .filter_map(|signer| party(signer, ticket, &known))
            .collect();
        Some(Awaited {
            code: code.clone(),
            turn,
            parties,
        })
    };
    ticket.policy.formats.iter().filter_map(waits).collect()
}

/// Who is told and finds it in his list. Before the desk has it, nobody of it is.
fn party(signer: &Signer, ticket: &Ticket, known: &Known<'_>) -> Option<Party> {
    match signer.who {
        Who::Personnel | Who::Contracting | Who::Administrative => {
            signer.who.office().map(Party::Office)
        }
        Who::Technology => Some(match with_officer(ticket) {
            Some(officer) => Party::Person(officer.email.clone()),
            None => Party::Office(Role::Officer),
        }),
        Who::Desk => {
            let agent = ticket.assignee.as_ref()?;
            Some(Party::Person(agent.email.clone()))
        }
        Who::Requester => Some(Party::Person(ticket.request.requester.person.email.clone())),
        Who::Named => {
            let address = known.text(&signer.field.as_ref()?.0)?;
            EmailAddress::parse(address).ok().map(Party::Person)
        }
    }
}

/// What waits for somebody because of an event, and still does by the ticket as it is:
/// whoever is told of it later is told what is true then.
pub fn awaited_since(event: &EventKind, ticket: &Ticket) -> Vec<Awaited> {
    let is_first = |awaited: &Awaited| (awaited.turn.place, awaited.turn.signing) == (0, 0);
    let is_of = |awaited: &Awaited, section: &SectionId| awaited.turn.section.id == *section;
    let since = |awaited: &Awaited| match event {
        EventKind::Registered(_) | EventKind::Recategorised { .. } => is_first(awaited),
        EventKind::SectionSigned {
            code,
            section,
            signature,
            reopens,
            ..
        } if awaited.code == *code => match reopens.first() {
            Some(first) => awaited.turn.signing == 0 && is_of(awaited, first),
            None => follows(&awaited.turn, section, &signature.signing),
        },
        EventKind::SectionReopened { code, sections, .. } => {
            let first = sections.first();
            let is_it = awaited.code == *code && awaited.turn.signing == 0;
            is_it && first.is_some_and(|first| is_of(awaited, first))
        }
        _ => false,
    };
    let mut awaited = awaited(ticket);
    awaited.retain(since);
    awaited
}

/// Whether a signature is the one right after another.
fn follows(turn: &Turn, section: &SectionId, signing: &SigningId) -> bool {
    let Some((place, before)) = turn.schema.section(section) else {
        return false;
    };
    let signed = before.signings.iter().position(|line| line.id == *signing);
    let next = match signed.map_or(0, |signed| signed + 1) {
        next if next < before.signings.len() => (place, next),
        _ => (place + 1, 0),
    };
    (turn.place, turn.signing) == next
}

/// Everybody whom a ticket's formats wait for.
pub fn parties(ticket: &Ticket) -> BTreeSet<Party> {
    let awaited = awaited(ticket).into_iter();
    awaited.flat_map(|awaited| awaited.parties).collect()
}

/// How a section stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SectionState {
    /// Those before it are not signed yet.
    Pending,
    /// It is being filled in.
    InProgress,
    Signed,
}

/// How a section stands.
pub fn section_state(
    section: &Section,
    filled: Option<&Filled>,
    turn: Option<&Turn>,
) -> SectionState {
    let signed = filled.map_or(0, |filled| filled.signatures.len());
    if signed >= section.signings.len() {
        SectionState::Signed
    } else if turn.is_some_and(|turn| turn.section.id == section.id) {
        SectionState::InProgress
    } else {
        SectionState::Pending
    }
}

/// The formats that are still to be signed before there is a solution: what nobody fills
/// in is there when what it comes of is.
pub fn missing(ticket: &Ticket) -> Vec<&FormatCode> {
    let is_complete = |code: &FormatCode| {
        let format = ticket.formats.get(code);
        format.is_some_and(|format| format.complete)
    };
    let asked = ticket.policy.formats.iter();
    asked
        .filter(|code| !is_complete(code))
        .filter(|code| match newest(code) {
            Some(schema) if schema.is_generated() => {
                let mut of = schema.generated_from.iter();
                of.any(|of| ticket.policy.formats.contains(of) && !is_complete(of))
            }
            Some(_) | None => true,
        })
        .collect()
}
