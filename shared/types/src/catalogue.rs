//! The catalogue: categories, teams, directory, providers and calendars
//! (section 5 and annex 1 of the procedure). A TOML file ships as the default;
//! coordinators replace it through `PUT /catalog`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use strum::{IntoStaticStr, VariantArray};

use crate::account_rules::AccountRules;
use crate::calendar::{Calendar, CalendarDefinition};
use crate::canned::{CannedText, MAX_TEXTS};
use crate::clock::{ClockKind, Step, Tells};
use crate::holidays::{self, HolidayRule, PublicHolidays};
use crate::ids::{
    CalendarId, CategoryId, EmailAddress, FormatCode, ProviderId, TeamId, parse_line,
};
use crate::input::{MAX_EXTENSION, MAX_NAME};
use crate::legal::LegalTerms;
use crate::mail;
use crate::person::{Person, RequesterKind};
use crate::privacy::{self, PrivacyNotice};
use crate::problem::FieldError;
use crate::retention::Retention;
use crate::shipped;
use crate::spanish;

/// The catalogue as it is written and answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CatalogueDocument {
    pub categories: Vec<Category>,
    pub teams: Vec<Team>,
    pub directory: Vec<DirectoryEntry>,
    #[serde(default)]
    pub providers: Vec<Provider>,
    /// What the desk writes again and again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub texts: Vec<CannedText>,
    pub calendars: BTreeMap<CalendarId, CalendarDefinition>,
    /// The public holidays; those that ship, where nothing is said.
    #[serde(default = "holidays::shipped")]
    pub holidays: Vec<HolidayRule>,
    /// The programs of the entity that write for people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub form_senders: Vec<FormSender>,
    /// What people are told of their data; the notice that ships, where nothing is said.
    /// It is written out all the same: what a version said must not change with what
    /// ships.
    #[serde(default = "privacy::shipped")]
    pub privacy_notice: PrivacyNotice,
    /// What the law gives the entity time for.
    #[serde(default, skip_serializing_if = "LegalTerms::is_default")]
    pub legal_terms: LegalTerms,
    /// How accounts end and are reviewed.
    #[serde(default)]
    pub accounts: AccountRules,
}

/// A program that writes mails for people, a form of the intranet for one: whoever it
/// names in `Reply-To` asks. An address alone is one that is called by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct FormSender {
    pub email: EmailAddress,
    pub name: String,
}

impl<'de> Deserialize<'de> for FormSender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FormSenderVisitor)
    }
}

struct FormSenderVisitor;

impl<'de> Visitor<'de> for FormSenderVisitor {
    type Value = FormSender;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("struct FormSender")
    }

    fn visit_str<E: de::Error>(self, address: &str) -> Result<FormSender, E> {
        let email = EmailAddress::parse(address).map_err(E::custom)?;
        let name = email.to_string();
        Ok(FormSender { email, name })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<FormSender, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Entry {
            email: EmailAddress,
            name: String,
        }
        let Entry { email, name } = Entry::deserialize(MapAccessDeserializer::new(map))?;
        Ok(FormSender { email, name })
    }
}

/// What a request can be about (annex 1 of the procedure).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Category {
    pub id: CategoryId,
    /// Name in Spanish.
    pub name: String,
    pub team: TeamId,
    /// Whether a solution is rated by the requester (section 5, activity 13).
    #[serde(default)]
    pub survey: bool,
    /// Formats that must be complete before a solution.
    #[serde(default)]
    pub formats: Vec<FormatCode>,
    /// Whether a registration says what is asked of the web page (section 5).
    #[serde(default)]
    pub web_request: bool,
    /// Whether its requests are security incidents: a registration says what is known, and
    /// the reports that the law asks for are waited for.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incident: bool,
    /// Whether its requests are seen by its team alone, and by whoever asked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted: bool,
    /// Limit of the attention clock, in minutes.
    #[serde(default = "default_attention_minutes")]
    pub attention_minutes: u64,
    /// Limit of the solution clock, in minutes.
    #[serde(default = "default_solution_minutes")]
    pub solution_minutes: u64,
    /// Limit of the validation clock, in minutes.
    #[serde(default = "default_validation_minutes")]
    pub validation_minutes: u64,
    /// How long somebody who is waited for has before he is reminded, and how often
    /// it is said again that something is late, in minutes.
    #[serde(default = "default_waiting_minutes")]
    pub waiting_minutes: u64,
    /// The calendar whose hours count.
    #[serde(default = "default_calendar")]
    pub calendar: CalendarId,
    /// Who is told when a clock nears its limit or passes it.
    #[serde(default = "default_steps")]
    pub steps: Vec<Step>,
    /// How long its requests are kept.
    #[serde(default, skip_serializing_if = "Retention::is_default")]
    pub retention: Retention,
    /// Nothing new goes there any more; what is open stays as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

// Section 5 of the procedure: 15 minutes to attend, 30 to solve, 1 day to
// validate. The day is a working day of the default calendar, 08:00 to 17:00.
fn default_attention_minutes() -> u64 {
    15
}

fn default_solution_minutes() -> u64 {
    30
}

fn default_validation_minutes() -> u64 {
    9 * 60
}

fn default_waiting_minutes() -> u64 {
    9 * 60
}

/// The calendar of what names none.
pub(crate) fn default_calendar() -> CalendarId {
    CalendarId::from("habil")
}

pub(crate) fn default_steps() -> Vec<Step> {
    Step::DEFAULT.to_vec()
}

/// A team of the desk or of the Technology Office.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    /// Mailbox that requests come to and that the team reads.
    #[serde(default)]
    pub mailbox: Option<EmailAddress>,
    /// Phone extensions.
    #[serde(default)]
    pub extensions: Vec<String>,
    /// The category of what comes in by mail, until somebody of the desk says
    /// better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Nothing new goes there any more; what is open stays as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// What a person may do here, in the order of the documentation.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Role {
    Requester,
    Agent,
    Officer,
    Coordinator,
    Personnel,
    Contracting,
    Administrative,
    Auditor,
    Head,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: &'static [Role] = Role::VARIANTS;

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// A person with a role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct DirectoryEntry {
    pub email: EmailAddress,
    pub name: String,
    pub roles: BTreeSet<Role>,
    #[serde(default)]
    pub teams: BTreeSet<TeamId>,
    /// Whether this person is there: has tickets, and gets new ones.
    #[serde(default = "default_available")]
    pub available: bool,
    /// The day on which this person is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub away_until: Option<Date>,
    /// Where this person works: whoever asks is not asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The phone extension of this person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// How this person belongs to the entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<RequesterKind>,
}

impl DirectoryEntry {
    /// Whether he works for a team's requests.
    pub fn is_agent_of(&self, team: &TeamId) -> bool {
        self.roles.contains(&Role::Agent) && self.teams.contains(team)
    }

    /// The person, as the record names him.
    pub fn person(&self) -> Person {
        Person {
            email: self.email.clone(),
            name: self.name.clone(),
        }
    }

    /// Whether this person is there.
    pub fn is_here(&self, now: Timestamp) -> bool {
        self.available && self.away_until.is_none_or(|day| mail::day(now) >= day)
    }

    /// The name, where people are chosen from: it says who is away.
    pub fn listed(&self, now: Timestamp) -> Cow<'_, str> {
        match self.is_here(now) {
            true => Cow::Borrowed(&self.name),
            false => Cow::Owned(format!("{} (ausente)", self.name)),
        }
    }

    /// That this person is away, after the name.
    pub fn absence(&self) -> String {
        match self.away_until {
            Some(day) => format!("está ausente hasta el {}", spanish::day(day, None)),
            None => "está ausente".to_owned(),
        }
    }

    /// Whether this person works the desk for a team.
    pub fn works_for(&self, team: &TeamId) -> bool {
        let agent = self.roles.contains(&Role::Agent) && self.teams.contains(team);
        agent || self.roles.contains(&Role::Coordinator)
    }

    /// Whether tickets are escalated to this person.
    pub fn is_technology(&self) -> bool {
        self.roles.contains(&Role::Officer) || self.roles.contains(&Role::Head)
    }
}

fn default_available() -> bool {
    true
}

/// An outside company that solves what the entity cannot (activity 10).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub id: ProviderId,
    pub name: String,
    pub email: EmailAddress,
    /// Nothing new goes there any more; what is open stays as it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub retired: bool,
}

/// A catalogue whose every reference holds.
#[derive(Debug)]
pub struct Catalogue {
    document: CatalogueDocument,
    calendars: BTreeMap<CalendarId, Calendar>,
}

/// The catalogue that ships, in TOML.
impl Catalogue {
    /// Checks a document and makes it usable.
    ///
    /// # Errors
    /// One entry for each key that leads nowhere, each duplicate key and each calendar
    /// that cannot be: a mistake is told once, however much hangs on it.
    pub fn new(document: CatalogueDocument) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let holidays = PublicHolidays::parse("holidays", &document.holidays);
        let holidays = holidays.unwrap_or_else(|wrong| {
            errors.extend(wrong);
            PublicHolidays::default()
        });
        let mut calendars = BTreeMap::new();
        for (id, definition) in &document.calendars {
            match Calendar::parse(definition, &holidays) {
                Ok(calendar) => {
                    calendars.insert(id.clone(), calendar);
                }
                Err(e) => errors.push(FieldError::new(
                    format!("calendars.{id}.{}", e.field(definition)).trim_end_matches('.'),
                    "invalid_calendar",
                    match e.day() {
                        None => format!(
                            "El calendario «{id}» no es válido: {}",
                            spanish::calendar_error(&e)
                        ),
                        Some(day) => format!(
                            "El calendario «{id}» no es válido el {}: {}",
                            spanish::weekday_of(day),
                            spanish::calendar_error(&e)
                        ),
                    },
                )),
            }
        }
        check_unique(
            &mut errors,
            "teams",
            document.teams.iter().map(|t| t.id.0.as_str()),
        );
        check_unique(
            &mut errors,
            "categories",
            document.categories.iter().map(|c| c.id.0.as_str()),
        );
        check_unique(
            &mut errors,
            "directory",
            document.directory.iter().map(|d| d.email.as_str()),
        );
        check_unique(
            &mut errors,
            "providers",
            document.providers.iter().map(|p| p.id.0.as_str()),
        );
        check_unique(
            &mut errors,
            "texts",
            document.texts.iter().map(|t| t.id.0.as_str()),
        );
        check_unique(
            &mut errors,
            "holidays",
            document.holidays.iter().map(|h| h.id.0.as_str()),
        );
        check_unique(
            &mut errors,
            "form_senders",
            document.form_senders.iter().map(|f| f.email.as_str()),
        );
        check_references(&mut errors, &document);
        for (i, category) in document.categories.iter().enumerate() {
            for (name, minutes) in [
                ("attention_minutes", category.attention_minutes),
                ("solution_minutes", category.solution_minutes),
                ("validation_minutes", category.validation_minutes),
                ("waiting_minutes", category.waiting_minutes),
            ] {
                // A year is more than any agreement on service levels gives.
                if minutes == 0 || minutes > 525_600 {
                    errors.push(FieldError::new(
                        &format!("categories[{i}].{name}"),
                        "out_of_range",
                        "Debe estar entre 1 y 525600 minutos.",
                    ));
                }
            }
            check_steps(&mut errors, i, &category.steps);
        }
        for (i, team) in document.teams.iter().enumerate() {
            let field = format!("teams[{i}].category");
            let category = document.categories.iter();
            let named = |id: &CategoryId| category.clone().find(|c| c.id == *id);
            match (
                team.category.as_ref(),
                team.category.as_ref().and_then(named),
            ) {
                (Some(_), Some(category)) if category.web_request => errors.push(FieldError::new(
                    &field,
                    "needs_web_request",
                    "Un correo no dice qué se pide de la página web.",
                )),
                (None, _) if team.mailbox.is_some() => errors.push(FieldError::required(&field)),
                (_, _) => {}
            }
        }
        for (i, category) in document.categories.iter().enumerate() {
            let place = format!("categories[{i}].retention");
            category.retention.check(&place, &mut errors);
        }
        check_people(&mut errors, &document);
        check_texts(&mut errors, &document);
        document.privacy_notice.check("privacy_notice", &mut errors);
        document.legal_terms.check("legal_terms", &mut errors);
        document.accounts.check("accounts", &mut errors);
        check_retired(&mut errors, &document);
        if errors.is_empty() {
            Ok(Catalogue {
                document,
                calendars,
            })
        } else {
            Err(errors)
        }
    }

    /// The catalogue that ships.
    ///
    /// # Errors
    /// Every mistake that was seen in it.
    pub fn shipped() -> Result<Self, Vec<FieldError>> {
        let document = serde_json::from_str(shipped::CATALOGUE)
            .map_err(|e| vec![FieldError::new("catalog", "malformed", e.to_string())])?;
        Catalogue::new(document)
    }

    /// The document behind it.
    pub fn document(&self) -> &CatalogueDocument {
        &self.document
    }

    /// A category by its key.
    pub fn category(&self, id: &CategoryId) -> Option<&Category> {
        self.document.categories.iter().find(|c| c.id == *id)
    }

    /// A team by its key.
    pub fn team(&self, id: &TeamId) -> Option<&Team> {
        self.document.teams.iter().find(|t| t.id == *id)
    }

    /// The categories that something new may be of.
    pub fn offered_categories(&self) -> impl Iterator<Item = &Category> {
        let categories = self.document.categories.iter();
        categories.filter(|category| !category.retired)
    }

    /// A category that something new may be of.
    ///
    /// # Errors
    /// When there is none of this key, or it is retired.
    pub fn offered_category(&self, id: &CategoryId) -> Result<&Category, FieldError> {
        let refused = |code, detail| Err(FieldError::new("category", code, detail));
        match self.category(id) {
            Some(category) if category.retired => refused(
                "retired",
                format!("La categoría «{}» ya no recibe solicitudes.", category.name),
            ),
            Some(category) => Ok(category),
            None => refused(
                "unknown_category",
                format!("La categoría «{id}» no existe."),
            ),
        }
    }

    /// The providers who may be asked something new.
    pub fn offered_providers(&self) -> impl Iterator<Item = &Provider> {
        let providers = self.document.providers.iter();
        providers.filter(|provider| !provider.retired)
    }

    /// A provider who may be asked something new.
    ///
    /// # Errors
    /// When there is none of this key, or he is retired.
    pub fn offered_provider(&self, id: &ProviderId) -> Result<&Provider, FieldError> {
        let refused = |code, detail| Err(FieldError::new("provider", code, detail));
        match self.provider(id) {
            Some(provider) if provider.retired => refused(
                "retired",
                format!("A «{}» ya no se le consulta nada nuevo.", provider.name),
            ),
            Some(provider) => Ok(provider),
            None => refused(
                "unknown_provider",
                format!("El proveedor «{id}» no existe."),
            ),
        }
    }

    /// The canned texts that are for a category, in the order of the catalogue.
    pub fn texts(&self, category: &CategoryId) -> impl Iterator<Item = &CannedText> {
        let texts = self.document.texts.iter();
        texts.filter(move |text| text.is_for(category))
    }

    /// Whether a program writes from there for people.
    pub fn is_form_sender(&self, address: &EmailAddress) -> bool {
        let mut forms = self.document.form_senders.iter();
        forms.any(|form| form.email == *address)
    }

    /// Whether an address is of a domain that the entity's people and mailboxes have.
    pub fn is_of_the_entity(&self, address: &EmailAddress) -> bool {
        let people = self.document.directory.iter().map(|entry| &entry.email);
        let mailboxes = self
            .document
            .teams
            .iter()
            .filter_map(|of| of.mailbox.as_ref());
        let mut known = people.chain(mailboxes);
        known.any(|known| known.domain() == address.domain())
    }

    /// Whether an address is where a team's requests come in.
    pub fn is_mailbox(&self, address: &EmailAddress) -> bool {
        let mut teams = self.document.teams.iter();
        teams.any(|team| team.mailbox.as_ref() == Some(address))
    }

    /// A provider by its key.
    pub fn provider(&self, id: &ProviderId) -> Option<&Provider> {
        self.document.providers.iter().find(|p| p.id == *id)
    }

    /// A calendar by its key.
    pub fn calendar(&self, id: &CalendarId) -> Option<&Calendar> {
        self.calendars.get(id)
    }

    /// The calendar of what is in no category: the default one; where there is none, that of
    /// the first category.
    pub fn default_calendar(&self) -> Option<&Calendar> {
        let first = || self.calendar(&self.document.categories.first()?.calendar);
        self.calendar(&default_calendar()).or_else(first)
    }

    /// A person of the directory.
    pub fn person(&self, email: &EmailAddress) -> Option<&DirectoryEntry> {
        self.document.directory.iter().find(|d| d.email == *email)
    }

    /// Everybody with `role`.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &DirectoryEntry> {
        self.document
            .directory
            .iter()
            .filter(move |d| d.roles.contains(&role))
    }

    /// The coordinators of a team; where it has none, all of them.
    pub fn coordinators(&self, team: &TeamId) -> Vec<&DirectoryEntry> {
        let all: Vec<_> = self.with_role(Role::Coordinator).collect();
        let own: Vec<_> = all
            .iter()
            .copied()
            .filter(|entry| entry.teams.contains(team))
            .collect();
        if own.is_empty() { all } else { own }
    }

    /// The coordinators who may know of a request: of one that is its team's alone, those
    /// who belong to it.
    pub fn coordinators_of(&self, team: &TeamId, restricted: bool) -> Vec<&DirectoryEntry> {
        let mut told = self.coordinators(team);
        told.retain(|entry| !restricted || entry.teams.contains(team));
        told
    }

    /// The heads of the Technology Office who may know of a request; where there is none,
    /// the coordinators.
    pub fn heads_of(&self, team: &TeamId, restricted: bool) -> Vec<&DirectoryEntry> {
        let mut told: Vec<_> = self.with_role(Role::Head).collect();
        told.retain(|entry| !restricted || entry.teams.contains(team));
        match told.is_empty() {
            true => self.coordinators_of(team, restricted),
            false => told,
        }
    }

    /// Whether somebody may have a team's tickets and is there to work on them.
    pub fn works_on(&self, email: &EmailAddress, team: &TeamId, now: Timestamp) -> bool {
        let entry = self.person(email);
        entry.is_some_and(|entry| entry.works_for(team) && entry.is_here(now))
    }

    /// Whether somebody of the Technology Office is there.
    pub fn has_officer(&self, email: &EmailAddress, now: Timestamp) -> bool {
        let entry = self.person(email);
        entry.is_some_and(|entry| entry.is_technology() && entry.is_here(now))
    }

    /// The agents of a team, in the order of the directory.
    pub fn agents(&self, team: &TeamId) -> impl Iterator<Item = &DirectoryEntry> {
        self.with_role(Role::Agent)
            .filter(move |d| d.teams.contains(team))
    }
}

/// Attention and solution tell those who work on it; validation reminds the
/// requester before its time is over, which closes the request.
fn check_steps(errors: &mut Vec<FieldError>, category: usize, steps: &[Step]) {
    for (i, step) in steps.iter().enumerate() {
        let mut refuse = |field: &str, detail: &str| {
            let field = format!("categories[{category}].steps[{i}].{field}");
            errors.push(FieldError::new(&field, "out_of_range", detail));
        };
        match (step.clock, step.tells) {
            (ClockKind::CsirtReport | ClockKind::SicReport | ClockKind::Forwarding, _) => {
                refuse(
                    "clock",
                    "Los avisos de los plazos de ley no se cambian aquí.",
                );
            }
            (ClockKind::Validation, Tells::Requester) => {
                if !(1..100).contains(&step.percent) {
                    refuse("percent", "Debe estar entre 1 y 99 en la validación.");
                }
            }
            (ClockKind::Validation, Tells::Responsible | Tells::Coordinator | Tells::Head) => {
                refuse("tells", "En la validación solo se recuerda al solicitante.");
            }
            (
                ClockKind::Attention | ClockKind::Solution | ClockKind::Provider,
                Tells::Requester,
            ) => {
                refuse("tells", "Debe ser responsible, coordinator o head.");
            }
            (ClockKind::Waiting, _)
            | (
                ClockKind::Attention | ClockKind::Solution | ClockKind::Provider,
                Tells::Responsible | Tells::Coordinator | Tells::Head,
            ) => {
                if !(1..=1_000).contains(&step.percent) {
                    refuse("percent", "Debe estar entre 1 y 1000.");
                }
            }
        }
        if steps[..i].contains(step) {
            let field = format!("categories[{category}].steps[{i}]");
            errors.push(duplicate(&field, &format!("{} %", step.percent)));
        }
    }
}

/// What a registration takes over from a person of the directory is what it would take
/// from himself.
fn check_people(errors: &mut Vec<FieldError>, document: &CatalogueDocument) {
    for (i, entry) in document.directory.iter().enumerate() {
        for (name, said, max) in [
            ("unit", &entry.unit, MAX_NAME),
            ("extension", &entry.extension, MAX_EXTENSION),
        ] {
            let field = format!("directory[{i}].{name}");
            let line = said.as_ref().map(|said| parse_line(&field, said, max));
            errors.extend(line.and_then(Result::err));
        }
    }
}

/// Canned texts are for categories that there are, and can be filled in.
fn check_texts(errors: &mut Vec<FieldError>, document: &CatalogueDocument) {
    if document.texts.len() > MAX_TEXTS {
        let detail = format!("No puede haber más de {MAX_TEXTS} textos.");
        errors.push(FieldError::new("texts", "too_many", detail));
    }
    for (i, text) in document.texts.iter().enumerate() {
        text.check(&format!("texts[{i}]"), errors);
    }
}

/// Nothing that takes what is new leads to something retired. It is told of what is
/// retired: that is the mistake, however many lead there.
fn check_retired(errors: &mut Vec<FieldError>, document: &CatalogueDocument) {
    let mut refuse = |field: String, detail: String| {
        errors.push(FieldError::new(&field, "retired", detail));
    };
    let taking = || document.categories.iter().filter(|of| !of.retired);
    for (i, team) in document.teams.iter().enumerate().filter(|(_, t)| t.retired) {
        let names = named(taking().filter(|category| category.team == team.id));
        if let Some(names) = names {
            refuse(
                format!("teams[{i}].retired"),
                format!("Todavía recibe solicitudes de {names}: pásela a otro equipo o retírela."),
            );
        }
    }
    for (id, _) in document.calendars.iter().filter(|(_, c)| c.retired) {
        let terms = &document.legal_terms;
        let by_law = [&terms.calendar, &terms.csirt_calendar];
        if by_law.contains(&&Some(id.clone())) {
            refuse(
                format!("calendars.{id}.retired"),
                "Por él se cuentan todavía los plazos de ley: nombre antes otro.".to_owned(),
            );
            continue;
        }
        let names = named(taking().filter(|category| category.calendar == *id));
        if let Some(names) = names {
            refuse(
                format!("calendars.{id}.retired"),
                format!("Por él se rige todavía {names}: dele otro calendario o retírela."),
            );
        }
    }
    for (i, category) in document.categories.iter().enumerate() {
        let mut teams = document.teams.iter();
        let takes_mails = |team: &&Team| {
            let takes = !team.retired || team.mailbox.is_some();
            takes && team.category.as_ref() == Some(&category.id)
        };
        if let Some(team) = teams.find(takes_mails).filter(|_| category.retired) {
            refuse(
                format!("categories[{i}].retired"),
                format!(
                    "En ella entran los correos del equipo «{}»: elija antes otra para ellos.",
                    team.name
                ),
            );
        }
    }
}

/// Categories by their names, if there are any.
fn named<'a>(categories: impl Iterator<Item = &'a Category>) -> Option<String> {
    let names: Vec<_> = categories.map(|of| format!("«{}»", of.name)).collect();
    (!names.is_empty()).then(|| spanish::list(&names))
}

/// A key that an entry names another one by.
struct Reference<'a> {
    field: String,
    /// The list that it leads to.
    to: &'static str,
    key: &'a str,
}

fn references(document: &CatalogueDocument) -> Vec<Reference<'_>> {
    let mut found = Vec::new();
    let mut refers = |field: String, to, key| found.push(Reference { field, to, key });
    for (i, category) in document.categories.iter().enumerate() {
        refers(format!("categories[{i}].team"), "teams", &*category.team.0);
        let calendar = &*category.calendar.0;
        refers(format!("categories[{i}].calendar"), "calendars", calendar);
    }
    let terms = &document.legal_terms;
    for (name, calendar) in [
        ("calendar", &terms.calendar),
        ("csirt_calendar", &terms.csirt_calendar),
    ] {
        if let Some(calendar) = calendar {
            refers(format!("legal_terms.{name}"), "calendars", &*calendar.0);
        }
    }
    for (i, team) in document.teams.iter().enumerate() {
        if let Some(category) = &team.category {
            refers(format!("teams[{i}].category"), "categories", &*category.0);
        }
    }
    for (i, entry) in document.directory.iter().enumerate() {
        for team in &entry.teams {
            refers(format!("directory[{i}].teams"), "teams", &*team.0);
        }
    }
    for (i, text) in document.texts.iter().enumerate() {
        for category in &text.categories {
            refers(format!("texts[{i}].categories"), "categories", &*category.0);
        }
    }
    found
}

/// Every key leads somewhere. One that leads nowhere is one mistake, wherever it is
/// named: it is told where it is first.
fn check_references(errors: &mut Vec<FieldError>, document: &CatalogueDocument) {
    let there: BTreeSet<(&str, &str)> = document
        .teams
        .iter()
        .map(|team| ("teams", &*team.id.0))
        .chain(
            document
                .categories
                .iter()
                .map(|of| ("categories", &*of.id.0)),
        )
        // One that cannot be is there, and told of already.
        .chain(document.calendars.keys().map(|id| ("calendars", &*id.0)))
        .collect();
    let mut lost: Vec<(Reference<'_>, usize)> = Vec::new();
    for reference in references(document) {
        if there.contains(&(reference.to, reference.key)) {
            continue;
        }
        let same = |(other, _): &&mut (Reference<'_>, usize)| {
            (other.to, other.key) == (reference.to, reference.key)
        };
        match lost.iter_mut().find(same) {
            Some((_, others)) => *others += 1,
            None => lost.push((reference, 0)),
        }
    }
    for (Reference { field, key, .. }, others) in lost {
        let also = match others {
            0 => String::new(),
            1 => " Lo nombra otra entrada más.".to_owned(),
            others => format!(" Lo nombran otras {others} entradas."),
        };
        let detail = format!("«{key}» no existe en el catálogo.{also}");
        errors.push(FieldError::new(&field, "unknown_reference", detail));
    }
}

fn duplicate(field: &str, key: &str) -> FieldError {
    FieldError::new(field, "duplicate", format!("«{key}» está repetido."))
}

fn check_unique<'a>(errors: &mut Vec<FieldError>, list: &str, keys: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for (i, key) in keys.enumerate() {
        if key.trim().is_empty() {
            errors.push(FieldError::required(&format!("{list}[{i}]")));
        } else if !seen.insert(key) {
            errors.push(duplicate(&format!("{list}[{i}]"), key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Catalogue {
        Catalogue::shipped().unwrap()
    }

    #[test]
    fn the_shipped_catalogue_is_whole() {
        let catalogue = shipped();
        let asks: Vec<_> = catalogue
            .document()
            .categories
            .iter()
            .filter(|c| c.survey)
            .map(|c| c.id.0.as_str())
            .collect();
        assert_eq!(asks, ["plataforma", "ofimatica"]);
        assert!(catalogue.agents(&TeamId::from("soporte")).count() >= 3);
        assert!(catalogue.agents(&TeamId::from("impresion")).count() >= 2);
        for role in Role::VARIANTS
            .iter()
            .copied()
            .filter(|r| *r != Role::Requester)
        {
            assert!(catalogue.with_role(role).count() >= 1, "{role:?}");
        }
        assert!(catalogue.calendar(&CalendarId::from("24x7")).is_some());
    }

    #[test]
    fn broken_references_are_named() {
        let mut document = shipped().document().clone();
        document.categories[0].team = TeamId::from("nadie");
        document.categories[1].calendar = CalendarId::from("nunca");
        let step = |clock, percent, tells| Step {
            clock,
            percent,
            tells,
        };
        document.categories[2].steps = vec![
            step(ClockKind::Attention, 80, Tells::Responsible),
            step(ClockKind::Attention, 80, Tells::Responsible),
            step(ClockKind::Attention, 0, Tells::Head),
            step(ClockKind::Validation, 100, Tells::Requester),
            step(ClockKind::Solution, 50, Tells::Requester),
        ];
        document.directory[1].email = document.directory[0].email.clone();
        document.texts[1].id = document.texts[0].id.clone();
        document.texts[1].categories = [CategoryId::from("cocina")].into();
        document.texts[2].text = "Hola, {nombre}.".to_owned();
        let fields: Vec<_> = Catalogue::new(document)
            .unwrap_err()
            .into_iter()
            .map(|e| e.field)
            .collect();
        assert_eq!(
            fields,
            [
                "directory[1]",
                "texts[1]",
                "categories[0].team",
                "categories[1].calendar",
                "texts[1].categories",
                "categories[2].steps[1]",
                "categories[2].steps[2].percent",
                "categories[2].steps[3].percent",
                "categories[2].steps[4].tells",
                "texts[2].text"
            ]
        );
    }

    #[test]
    fn a_text_is_offered_where_it_is_for() {
        let catalogue = shipped();
        let offered = |category: &str| -> Vec<_> {
            let category = CategoryId::from(category);
            let texts = catalogue.texts(&category);
            texts.map(|text| text.id.0.as_str()).collect()
        };
        assert!(offered("impresion").contains(&"impresora"));
        assert!(!offered("redes").contains(&"impresora"));
        assert!(offered("redes").contains(&"saludo"));
        let mut many = catalogue.document().clone();
        let text = many.texts[0].clone();
        many.texts = (0..=MAX_TEXTS)
            .map(|i| CannedText {
                id: crate::ids::CannedTextId(i.to_string()),
                ..text.clone()
            })
            .collect();
        let errors = Catalogue::new(many.clone()).unwrap_err();
        assert_eq!(errors[0].code, "too_many");
        many.texts.pop();
        assert!(Catalogue::new(many).is_ok());
    }

    #[test]
    fn a_catalogue_without_texts_is_written_as_it_was() {
        let mut document = shipped().document().clone();
        document.texts.clear();
        let written = serde_json::to_value(&document).unwrap();
        assert!(written.get("texts").is_none(), "{written}");
        let read: CatalogueDocument = serde_json::from_value(written).unwrap();
        assert_eq!(read, document);
    }

    #[test]
    fn a_form_is_an_entry_or_an_address() {
        let read = |value: serde_json::Value| serde_json::from_value::<FormSender>(value);
        let form = read(serde_json::json!("Formularios@uspec.gov.co")).unwrap();
        assert_eq!(form.name, "formularios@uspec.gov.co");
        let entry = serde_json::json!({ "email": "formularios@uspec.gov.co", "name": "Intranet" });
        let form = read(entry.clone()).unwrap();
        assert_eq!(serde_json::to_value(&form).unwrap(), entry);
        for wrong in [
            serde_json::json!("nadie"),
            serde_json::json!({ "email": "a@b.co" }),
            serde_json::json!({ "email": "a@b.co", "name": "x", "more": 1 }),
            serde_json::json!(7),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
