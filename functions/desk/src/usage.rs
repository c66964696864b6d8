//! What the open requests name of the catalogue: how many there are, and whether a
//! change takes away what they need.

use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::store::ListPlan;
use types::catalogue::{Catalogue, CatalogueDocument};
use types::consequences::{Consequence, Count, Open, consequences, in_use, where_open};
use types::entries::{Part, entries};
use types::handover;
use types::ids::EmailAddress;
use types::problem::{FieldError, Problem};
use types::ticket::{HoldReason, State, Status, Ticket};
use types::views::Filter;

/// Beyond that nobody counts what is open.
const MOST: usize = 100;

/// How many pages of a list are looked through for tickets that nobody lists by.
const LOOKS: usize = 10;

/// Versions of the catalogue that are looked through for a calendar.
const VERSIONS: usize = 1_000;

/// People whose requests are counted when a whole catalogue is written.
const PEOPLE: usize = 50;

/// A catalogue in force, beside the requests that are open under it.
#[derive(Clone, Copy)]
pub struct Usage<'a> {
    pub desk: &'a Desk,
    pub document: &'a CatalogueDocument,
    pub version: u64,
}

impl Usage<'_> {
    /// The open tickets that an entry has to do with.
    pub async fn open(self, part: Part, key: &str) -> Result<Open, Problem> {
        const NONE: Count = Count::Exactly(0);
        let mut escalated = NONE;
        let tickets = match part {
            Part::People => {
                let Ok(email) = EmailAddress::parse(key) else {
                    return Err(Problem::NotFound("Esta dirección no existe."));
                };
                escalated = self
                    .count(&ListPlan::of_officer(&email, &Status::OPEN))
                    .await?;
                self.count(&ListPlan::of_assignee(&email, &Status::OPEN))
                    .await?
            }
            Part::Teams => {
                self.count(&ListPlan::of_teams(&[key.into()], &Status::OPEN))
                    .await?
            }
            Part::Categories => {
                let of_it = |ticket: &Ticket| ticket.policy.category.0 == key;
                self.look(&Status::OPEN, of_it).await?
            }
            Part::Providers => {
                let waits = |ticket: &Ticket| {
                    ticket.state == State::OnHold(HoldReason::Provider)
                        && ticket.provider.as_ref().is_some_and(|own| own.0 == key)
                };
                self.look(&[Status::OnHold], waits).await?
            }
            Part::Calendars => {
                let goes_by = |ticket: &Ticket| {
                    let clocks = ticket.clocks.all().into_iter();
                    let mut own = clocks.filter_map(|(_, clock)| clock.calendar.as_ref());
                    ticket.policy.calendar.0 == key || own.any(|calendar| calendar.0 == key)
                };
                self.look(&Status::OPEN, goes_by).await?
            }
            Part::Holidays
            | Part::Texts
            | Part::Forms
            | Part::Notice
            | Part::Terms
            | Part::Accounts => NONE,
        };
        Ok(Open { tickets, escalated })
    }

    /// Why a catalogue cannot take the place of this one: what it takes away is needed
    /// by what is open.
    pub async fn needed(
        self,
        after: &CatalogueDocument,
        said: Said,
    ) -> Result<Vec<FieldError>, Problem> {
        let mut errors = Vec::new();
        for part in [
            Part::Teams,
            Part::Categories,
            Part::Providers,
            Part::Calendars,
        ] {
            let kept = entries(after, part);
            let gone = entries(self.document, part).into_iter();
            let gone = gone.filter(|entry| kept.iter().all(|other| other.key != entry.key));
            for entry in gone {
                let open = self.open(part, &entry.key).await?.tickets;
                let needed = in_use(part, &entry.name, open).into_iter();
                errors.extend(needed.map(|error| match said {
                    Said::OnAPage => error,
                    Said::ToAProgram => located(error, &where_open(part, &entry.key)),
                }));
            }
        }
        if errors.is_empty() {
            errors.extend(self.explains(after).await?);
            errors.extend(self.listed(after).await?);
            errors.extend(self.served(after).await?);
        }
        Ok(errors)
    }

    /// The account of a ticket's clocks, closed ones' too, is read with the calendars
    /// that they went by: one that ever ruled a category stays.
    async fn explains(self, after: &CatalogueDocument) -> Result<Vec<FieldError>, Problem> {
        let gone = self.document.calendars.keys();
        let gone: Vec<_> = gone
            .filter(|id| !after.calendars.contains_key(id))
            .collect();
        if gone.is_empty() {
            return Ok(vec![]);
        }
        let versions = self.desk.store.catalogue_versions(self.version, VERSIONS);
        let versions = versions.await.map_err(|e| problem_of(&e))?;
        let first = shipped()?;
        let kept = versions.iter().map(|version| &version.document);
        let all: Vec<_> = kept.chain([&first]).collect();
        let ruled = |id: &&&types::ids::CalendarId| {
            let mut categories = all.iter().flat_map(|document| &document.categories);
            let mut terms = all.iter().map(|document| &document.legal_terms);
            versions.len() == VERSIONS
                || categories.any(|of| of.calendar == ***id)
                || terms
                    .any(|of| [&of.calendar, &of.csirt_calendar].contains(&&Some((**id).clone())))
        };
        let ruled = gone.iter().filter(ruled).map(|id| {
            let detail = format!(
                "Calendario «{id}»: no se puede quitar; por él se rigieron solicitudes, y sus \
                 tiempos se explican con él. Retírelo de lo nuevo."
            );
            FieldError::new("calendars", "in_use", detail)
        });
        Ok(ruled.collect())
    }

    /// What is open in a team that takes nothing new needs its agents, too.
    async fn served(self, after: &CatalogueDocument) -> Result<Vec<FieldError>, Problem> {
        let mut errors = Vec::new();
        for team in &after.teams {
            let has_agents = |document: &CatalogueDocument| {
                let mut directory = document.directory.iter();
                directory.any(|entry| entry.is_agent_of(&team.id))
            };
            if !has_agents(self.document) || has_agents(after) {
                continue;
            }
            let open = self.open(Part::Teams, &team.id.0).await?.tickets;
            if let Some(count) = open.told() {
                let detail = format!(
                    "En el equipo «{}», que tiene {count}, no quedaría ningún agente.",
                    team.name
                );
                errors.push(FieldError::new("directory", "last_agent", detail));
            }
        }
        Ok(errors)
    }

    /// What a team did is listed by the team, also once it is closed.
    async fn listed(self, after: &CatalogueDocument) -> Result<Vec<FieldError>, Problem> {
        let mut errors = Vec::new();
        for team in &self.document.teams {
            if after.teams.iter().any(|other| other.id == team.id) {
                continue;
            }
            let plan = ListPlan::of_teams(std::slice::from_ref(&team.id), &[Status::Closed]);
            let closed = self.desk.store.list_keys(&plan, 1).await;
            if !closed.map_err(|e| problem_of(&e))?.is_empty() {
                let detail = format!(
                    "Equipo «{}»: no se puede quitar; sus solicitudes cerradas dejarían de verse \
                     en las listas. Retírelo de lo nuevo.",
                    team.name
                );
                errors.push(FieldError::new("teams", "in_use", detail));
            }
        }
        Ok(errors)
    }

    /// What is to be noticed of people whose place changes: what they leave open.
    pub async fn warnings(self, after: &CatalogueDocument) -> Result<Vec<String>, Problem> {
        let mut warnings = Vec::new();
        let now = clock::now();
        let concerned = handover::concerned(self.document, after);
        let people = self.document.directory.iter();
        let changed = people.filter(|entry| concerned.people.contains(&entry.email));
        for entry in changed.take(PEOPLE) {
            let key = entry.email.as_str();
            let open = self.open(Part::People, key).await?;
            let told = consequences(Part::People, key, self.document, after, open, now);
            for consequence in told.unwrap_or_default() {
                if let Consequence::Beware(text) = consequence {
                    warnings.push(format!("{}: {text}", entry.name));
                }
            }
        }
        let uncounted = concerned.people.len().saturating_sub(PEOPLE);
        if uncounted > 0 {
            warnings.push(format!(
                "De otras {uncounted} personas cambia lo que atienden: lo que tengan abierto y ya no \
                 puedan atender pasa enseguida a quien esté en el equipo."
            ));
        }
        Ok(warnings)
    }

    async fn count(self, plan: &ListPlan) -> Result<Count, Problem> {
        let keys = self.desk.store.list_keys(plan, MOST).await;
        let keys = keys.map_err(|e| problem_of(&e))?;
        Ok(counted(keys.len()))
    }

    /// The same, where the tickets themselves have to be asked.
    async fn look(
        self,
        statuses: &[Status],
        of_it: impl Fn(&Ticket) -> bool,
    ) -> Result<Count, Problem> {
        let teams = self.document.teams.iter();
        let teams: Vec<_> = teams.map(|team| team.id.clone()).collect();
        let plan = ListPlan::of_teams(&teams, statuses);
        let mut found = 0;
        let mut cursor = None;
        for _ in 0..LOOKS {
            let store = &self.desk.store;
            let page = store.list(&plan, cursor.as_deref(), MOST, &of_it).await;
            let page = page.map_err(|e| problem_of(&e))?;
            let page = page.map_err(|_| Problem::Internal)?;
            found += page.tickets.len();
            cursor = page.next;
            if cursor.is_none() || found >= MOST {
                return Ok(counted(found));
            }
        }
        Ok(Count::AtLeast(found))
    }
}

/// To whom it is said: a page has a link to what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    OnAPage,
    ToAProgram,
}

/// The same, with the address of what is open.
fn located(error: FieldError, filter: &Filter) -> FieldError {
    let pairs = filter.pairs().into_iter();
    let pairs: Vec<_> = pairs.map(|(name, of)| format!("{name}={of}")).collect();
    FieldError {
        detail: format!("{} Se ven en /cola?{}.", error.detail, pairs.join("&")),
        ..error
    }
}

fn counted(found: usize) -> Count {
    match found {
        found if found < MOST => Count::Exactly(found),
        _ => Count::AtLeast(MOST),
    }
}

/// The catalogue that ships.
pub fn shipped() -> Result<CatalogueDocument, Problem> {
    let shipped = Catalogue::shipped();
    shipped
        .map(|shipped| shipped.document().clone())
        .map_err(|_| Problem::Internal)
}
