//! The catalogue entry by entry, in words: what each of its parts says, as whoever
//! reads it is told. Nothing of an entry is left out: the structures are taken
//! apart whole, so that a field that is added has to be told, too.

use strum::VariantArray;

use crate::account_rules::AccountRules;
use crate::calendar::{CalendarDefinition, ClosureDefinition, Holidays, WeekDefinition};
use crate::canned::CannedText;
use crate::catalogue::{
    CatalogueDocument, Category, DirectoryEntry, FormSender, Provider, Role, Team,
};
use crate::clock::{ClockKind, Step, Tells};
use crate::holidays::{HolidayKind, HolidayRule};
use crate::ids::{CalendarId, CategoryId, TeamId};
use crate::legal::LegalTerms;
use crate::person::RequesterKind;
use crate::privacy::PrivacyNotice;
use crate::retention::{Disposition, Retention};
use crate::spanish;

/// A list of the catalogue, in the order of its pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, VariantArray)]
pub enum Part {
    People,
    Teams,
    Categories,
    Providers,
    Calendars,
    Holidays,
    Texts,
    Forms,
    Notice,
    Terms,
    Accounts,
}

/// How many entries a part has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// As many as somebody adds.
    Any,
    /// One that is always there: nothing is added and nothing taken out.
    One,
}

impl Part {
    /// Every part.
    pub const ALL: &'static [Part] = Part::VARIANTS;

    /// The document's field.
    pub fn list(self) -> &'static str {
        match self {
            Part::People => "directory",
            Part::Teams => "teams",
            Part::Categories => "categories",
            Part::Providers => "providers",
            Part::Calendars => "calendars",
            Part::Holidays => "holidays",
            Part::Texts => "texts",
            Part::Forms => "form_senders",
            Part::Notice => "privacy_notice",
            Part::Terms => "legal_terms",
            Part::Accounts => "accounts",
        }
    }

    /// How many entries it has. One that is alone is the document's field itself.
    pub fn extent(self) -> Extent {
        match self {
            Part::People
            | Part::Teams
            | Part::Categories
            | Part::Providers
            | Part::Calendars
            | Part::Holidays
            | Part::Texts
            | Part::Forms => Extent::Any,
            Part::Notice | Part::Terms | Part::Accounts => Extent::One,
        }
    }

    /// The field by which an entry is known. A calendar is known by its place, and so is
    /// what there is once.
    pub fn key(self) -> &'static str {
        match self {
            Part::People | Part::Forms => "email",
            Part::Teams
            | Part::Categories
            | Part::Providers
            | Part::Calendars
            | Part::Holidays
            | Part::Texts
            | Part::Notice
            | Part::Terms
            | Part::Accounts => "id",
        }
    }

    /// What one of its entries is called.
    pub fn noun(self) -> &'static str {
        match self {
            Part::People => "Persona",
            Part::Teams => "Equipo",
            Part::Categories => "Categoría",
            Part::Providers => "Proveedor",
            Part::Calendars => "Calendario",
            Part::Holidays => "Festivo",
            Part::Texts => "Texto",
            Part::Forms => "Formulario",
            Part::Notice => "Aviso",
            Part::Terms => "Plazos",
            Part::Accounts => "Cuentas",
        }
    }

    /// The entry that an error of the document is about, by the field's path.
    pub fn of_path(path: &str) -> Option<(Part, &str)> {
        let part = Part::ALL.iter().copied();
        let mut found = part.filter_map(|part| Some((part, path.strip_prefix(part.list())?)));
        let (part, rest) = found.next()?;
        let place = match rest.strip_prefix('[') {
            Some(rest) => rest.split(']').next()?,
            None => rest.strip_prefix('.')?,
        };
        Some((part, place))
    }
}

/// What an entry is told to be that takes nothing new.
const RETIRED: &str = "Retirado de lo nuevo";

/// An entry: a person, a team, a category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub part: Part,
    /// Its address or its key.
    pub key: String,
    pub name: String,
    pub facts: Vec<Fact>,
}

/// Something that the catalogue says of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub label: &'static str,
    pub told: Told,
    /// What is said where there is nothing.
    pub nothing: &'static str,
}

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    One(Item),
    Many(Vec<Item>),
}

/// A value, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What the document has: two that read alike are told apart by it.
    pub key: String,
    pub text: String,
}

impl Item {
    fn new(key: impl ToString, text: impl Into<String>) -> Self {
        Item {
            key: key.to_string(),
            text: text.into(),
        }
    }

    /// A text that reads as it is written.
    fn plain(text: &str) -> Self {
        Item::new(text, text)
    }
}

impl Fact {
    fn one(label: &'static str, item: Item) -> Self {
        Fact {
            label,
            told: Told::One(item),
            nothing: "nada",
        }
    }

    fn many(label: &'static str, nothing: &'static str, items: Vec<Item>) -> Self {
        Fact {
            label,
            told: Told::Many(items),
            nothing,
        }
    }

    fn name(name: &str) -> Self {
        Fact::one("Nombre", Item::new(name, format!("«{name}»")))
    }

    fn flag(label: &'static str, is: bool) -> Self {
        let text = match is {
            true => "sí",
            false => "no",
        };
        Fact::one(label, Item::plain(text))
    }

    fn minutes(label: &'static str, minutes: u64) -> Self {
        let text = spanish::duration(minutes.saturating_mul(60));
        Fact::one(label, Item::new(minutes, text))
    }

    fn years(label: &'static str, years: u16) -> Self {
        let text = match years {
            1 => "1 año".to_owned(),
            years => format!("{years} años"),
        };
        Fact::one(label, Item::new(years, text))
    }

    fn optional(label: &'static str, nothing: &'static str, item: Option<Item>) -> Self {
        let item = item.unwrap_or_else(|| Item::new("", nothing));
        Fact::one(label, item)
    }

    /// Each thing that it says, in words.
    pub fn texts(&self) -> Vec<String> {
        match &self.told {
            Told::One(item) => vec![item.text.clone()],
            Told::Many(items) if items.is_empty() => vec![self.nothing.to_owned()],
            Told::Many(items) => items.iter().map(|item| item.text.clone()).collect(),
        }
    }

    /// All of it, in words.
    pub fn text(&self) -> String {
        spanish::list(&self.texts())
    }
}

impl Entry {
    /// Whether nothing new goes there.
    pub fn is_retired(&self) -> bool {
        self.fact(RETIRED).is_some_and(|fact| fact.text() == "sí")
    }

    /// What the catalogue says of it under a label.
    pub fn fact(&self, label: &str) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.label == label)
    }
}

/// The entries of a part, in the document's order.
pub fn entries(document: &CatalogueDocument, part: Part) -> Vec<Entry> {
    let CatalogueDocument {
        categories,
        teams,
        directory,
        providers,
        texts,
        calendars,
        holidays,
        form_senders,
        privacy_notice,
        legal_terms,
        accounts,
    } = document;
    match part {
        Part::People => directory.iter().map(|d| person(d, teams)).collect(),
        Part::Teams => teams.iter().map(|t| team(t, categories)).collect(),
        Part::Categories => categories.iter().map(|c| category(c, teams)).collect(),
        Part::Providers => providers.iter().map(provider).collect(),
        Part::Calendars => calendars.iter().map(|(id, c)| calendar(id, c)).collect(),
        Part::Holidays => holidays.iter().map(holiday).collect(),
        Part::Texts => texts.iter().map(|t| canned(t, categories)).collect(),
        Part::Forms => form_senders.iter().map(form).collect(),
        Part::Notice => vec![notice(privacy_notice)],
        Part::Terms => vec![terms(legal_terms)],
        Part::Accounts => vec![account_rules(*accounts)],
    }
}

fn person(entry: &DirectoryEntry, all: &[Team]) -> Entry {
    let DirectoryEntry {
        email,
        name,
        roles,
        teams,
        available,
        away_until,
        unit,
        extension,
        kind,
    } = entry;
    let back = away_until.map(|day| Item::plain(&spanish::day(day, None)));
    let roles = roles.iter().map(|role| Item::plain(role_name(*role)));
    let teams = teams.iter().map(|id| team_named(id, all));
    Entry {
        part: Part::People,
        key: email.to_string(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::many("Funciones", "ninguna", roles.collect()),
            Fact::many("Equipos", "ninguno", teams.collect()),
            Fact::flag("Disponible", *available),
            Fact::optional("Ausente hasta", "sin fecha", back),
            Fact::optional(
                "Dependencia",
                "sin anotar",
                unit.as_deref().map(Item::plain),
            ),
            Fact::optional(
                "Extensión",
                "sin anotar",
                extension.as_deref().map(Item::plain),
            ),
            Fact::optional(
                "Vinculación",
                "sin anotar",
                kind.map(|kind| Item::plain(kind_name(kind))),
            ),
        ],
    }
}

fn team(entry: &Team, categories: &[Category]) -> Entry {
    let Team {
        id,
        name,
        mailbox,
        extensions,
        category,
        retired,
    } = entry;
    let mailbox = mailbox
        .as_ref()
        .map(|mailbox| Item::plain(mailbox.as_str()));
    let extensions = extensions.iter().map(|extension| Item::plain(extension));
    let category = category.as_ref().map(|id| category_named(id, categories));
    Entry {
        part: Part::Teams,
        key: id.0.clone(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::optional("Buzón", "ninguno", mailbox),
            Fact::many("Extensiones", "ninguna", extensions.collect()),
            Fact::optional("Categoría de los correos", "ninguna", category),
            Fact::flag(RETIRED, *retired),
        ],
    }
}

fn category(entry: &Category, teams: &[Team]) -> Entry {
    let Category {
        id,
        name,
        team,
        survey,
        formats,
        web_request,
        incident,
        restricted,
        attention_minutes,
        solution_minutes,
        validation_minutes,
        waiting_minutes,
        calendar,
        steps,
        retention,
        retired,
    } = entry;
    let Retention {
        series,
        office_years,
        central_years,
        disposition,
    } = retention;
    let formats = formats.iter().map(|format| Item::plain(&format.0));
    let steps = steps.iter().map(|step| {
        let Step {
            clock,
            percent,
            tells,
        } = step;
        let text = format!("{} al {percent} % {}", clock_name(*clock), told(*tells));
        Item::new(&text, &*text)
    });
    Entry {
        part: Part::Categories,
        key: id.0.clone(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::one("Equipo", team_named(team, teams)),
            Fact::minutes("Atención", *attention_minutes),
            Fact::minutes("Solución", *solution_minutes),
            Fact::minutes("Validación", *validation_minutes),
            Fact::minutes("Espera", *waiting_minutes),
            Fact::one("Calendario", Item::plain(&calendar.0)),
            Fact::flag("Encuesta", *survey),
            Fact::flag("Pregunta por la página web", *web_request),
            Fact::flag("Incidente de seguridad", *incident),
            Fact::flag("La ve solo su grupo", *restricted),
            Fact::many("Formatos", "ninguno", formats.collect()),
            Fact::many("Avisos", "ninguno", steps.collect()),
            Fact::optional(
                "Serie documental",
                "sin asignar",
                series.as_deref().map(Item::plain),
            ),
            Fact::years("Años en gestión", *office_years),
            Fact::years("Años en el archivo central", *central_years),
            Fact::one(
                "Disposición final",
                Item::plain(disposition_name(*disposition)),
            ),
            Fact::flag(RETIRED, *retired),
        ],
    }
}

fn provider(entry: &Provider) -> Entry {
    let Provider {
        id,
        name,
        email,
        retired,
    } = entry;
    Entry {
        part: Part::Providers,
        key: id.0.clone(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::one("Correo", Item::plain(email.as_str())),
            Fact::flag(RETIRED, *retired),
        ],
    }
}

fn calendar(id: &CalendarId, definition: &CalendarDefinition) -> Entry {
    let CalendarDefinition {
        always,
        time_zone,
        hours,
        holidays,
        closures,
        retired,
    } = definition;
    let WeekDefinition {
        monday,
        tuesday,
        wednesday,
        thursday,
        friday,
        saturday,
        sunday,
    } = hours;
    let day = |label, intervals: &[String]| {
        let text = match (always, intervals) {
            (true, _) => "las 24 horas".to_owned(),
            (false, []) => "cerrado".to_owned(),
            (false, intervals) => spanish::list(intervals),
        };
        Fact::one(label, Item::new(intervals.join(", "), text))
    };
    let holidays = holidays_name(*holidays);
    let zone = time_zone.as_deref().map(Item::plain);
    Entry {
        part: Part::Calendars,
        key: id.0.clone(),
        name: id.0.clone(),
        facts: vec![
            Fact::flag("Siempre abierto", *always),
            Fact::optional("Zona horaria", "ninguna", zone),
            day("Lunes", monday),
            day("Martes", tuesday),
            day("Miércoles", wednesday),
            day("Jueves", thursday),
            day("Viernes", friday),
            day("Sábado", saturday),
            day("Domingo", sunday),
            Fact::one("Festivos", Item::plain(holidays)),
            Fact::many("Cierres", "ninguno", closures.iter().map(closure).collect()),
            Fact::flag(RETIRED, *retired),
        ],
    }
}

fn holiday(rule: &HolidayRule) -> Entry {
    let HolidayRule {
        id,
        name,
        kind,
        day,
        first_year,
        last_year,
        law,
    } = rule;
    let when = Item::new(format!("{kind:?}/{day}"), spanish::holiday_day(rule));
    let years = format!("{first_year}/{last_year:?}");
    let years = Item::new(years, spanish::holiday_years(rule));
    Entry {
        part: Part::Holidays,
        key: id.0.clone(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::one("Cuándo", when),
            Fact::one("Rige", years),
            Fact::one("Norma", Item::plain(law)),
        ],
    }
}

fn canned(entry: &CannedText, all: &[Category]) -> Entry {
    let CannedText {
        id,
        name,
        text,
        categories,
    } = entry;
    let categories = categories.iter().map(|id| category_named(id, all));
    Entry {
        part: Part::Texts,
        key: id.0.clone(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::many("Categorías", "todas", categories.collect()),
            Fact::one("Texto", Item::new(text, format!("«{text}»"))),
        ],
    }
}

fn form(entry: &FormSender) -> Entry {
    let FormSender { email, name } = entry;
    Entry {
        part: Part::Forms,
        key: email.to_string(),
        name: name.clone(),
        facts: vec![
            Fact::name(name),
            Fact::one("Correo", Item::plain(email.as_str())),
        ],
    }
}

fn notice(entry: &PrivacyNotice) -> Entry {
    let PrivacyNotice {
        version,
        text,
        contact,
        url,
    } = entry;
    Entry {
        part: Part::Notice,
        key: Part::Notice.list().to_owned(),
        name: "Aviso de privacidad".to_owned(),
        facts: vec![
            Fact::one("Versión", Item::new(version, version.to_string())),
            Fact::one("Canal para pedir y corregir datos", Item::plain(contact)),
            Fact::one("Política de tratamiento", Item::plain(url)),
            Fact::one("Texto", Item::new(text, format!("«{text}»"))),
        ],
    }
}

fn terms(entry: &LegalTerms) -> Entry {
    let LegalTerms {
        petition_days,
        sic_days,
        csirt_hours,
        calendar,
        csirt_calendar,
        petition_office,
    } = entry;
    let calendar_named = |id: &Option<CalendarId>| {
        let named = id.as_ref().map(|id| Item::plain(&id.0));
        named.unwrap_or_else(|| Item::plain("el de la categoría"))
    };
    let days = |days: u32| Item::new(days, format!("{days} días hábiles"));
    let office = petition_office
        .as_ref()
        .map(|office| Item::plain(&format!("{} <{}>", office.name, office.email)));
    Entry {
        part: Part::Terms,
        key: Part::Terms.list().to_owned(),
        name: "Plazos de ley".to_owned(),
        facts: vec![
            Fact::one("Traslado de peticiones", days(*petition_days)),
            Fact::optional("Se trasladan a", "quien se indique", office),
            Fact::one("Reporte a la SIC", days(*sic_days)),
            Fact::one("Calendario de los días", calendar_named(calendar)),
            Fact::one(
                "Reporte al CSIRT Gobierno",
                Item::new(csirt_hours, format!("{csirt_hours} horas")),
            ),
            Fact::one("Calendario de las horas", calendar_named(csirt_calendar)),
        ],
    }
}

fn account_rules(entry: AccountRules) -> Entry {
    let AccountRules {
        notice_days,
        review_days,
    } = entry;
    let days = |days: u16| match days {
        1 => Item::new(days, "1 día hábil"),
        _ => Item::new(days, format!("{days} días hábiles")),
    };
    Entry {
        part: Part::Accounts,
        key: Part::Accounts.list().to_owned(),
        name: "Cuentas de usuario".to_owned(),
        facts: vec![
            Fact::one("Aviso antes de que terminen", days(notice_days)),
            Fact::one("Plazo del refrendo", days(review_days)),
        ],
    }
}

fn closure(definition: &ClosureDefinition) -> Item {
    let ClosureDefinition {
        name,
        from,
        to,
        yearly,
    } = definition;
    Item::new(
        format!("{name}/{from}/{to:?}/{yearly}"),
        spanish::closure_of(definition),
    )
}

/// A team by its name, and by its key where there is none.
fn team_named(id: &TeamId, teams: &[Team]) -> Item {
    let team = teams.iter().find(|team| team.id == *id);
    Item::new(id, team.map_or(&*id.0, |team| &*team.name))
}

fn category_named(id: &CategoryId, categories: &[Category]) -> Item {
    let category = categories.iter().find(|category| category.id == *id);
    Item::new(id, category.map_or(&*id.0, |category| &*category.name))
}

/// A role, as people of the entity call it.
pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Requester => "solicitante",
        Role::Agent => "agente",
        Role::Officer => "funcionario de Tecnología",
        Role::Coordinator => "coordinación",
        Role::Personnel => "Administración de Personal",
        Role::Contracting => "Gestión Contractual",
        Role::Administrative => "Grupo Administrativo",
        Role::Auditor => "auditoría",
        Role::Head => "jefatura de Tecnología",
    }
}

/// How somebody belongs to the entity.
pub fn kind_name(kind: RequesterKind) -> &'static str {
    match kind {
        RequesterKind::Official => "servidor público",
        RequesterKind::Contractor => "contratista",
    }
}

/// What becomes of records in the end, as archivists call it.
pub fn disposition_name(disposition: Disposition) -> &'static str {
    match disposition {
        Disposition::Permanent => "conservación total",
        Disposition::Selection => "selección",
        Disposition::Elimination => "eliminación",
    }
}

/// Whose holidays a calendar keeps.
pub fn holidays_name(holidays: Holidays) -> &'static str {
    match holidays {
        Holidays::None => "ninguno",
        Holidays::Colombia => "los de Colombia",
    }
}

/// How the day of a holiday is found.
pub fn holiday_kind_name(kind: HolidayKind) -> &'static str {
    match kind {
        HolidayKind::Fixed => "siempre el mismo día",
        HolidayKind::Monday => "ese día, o el lunes que sigue",
        HolidayKind::Easter => "por el Domingo de Pascua",
    }
}

/// A clock, in one word.
pub fn clock_name(clock: ClockKind) -> &'static str {
    match clock {
        ClockKind::Attention => "atención",
        ClockKind::Solution => "solución",
        ClockKind::Waiting => "espera del solicitante",
        ClockKind::Provider => "espera del proveedor",
        ClockKind::Validation => "validación",
        ClockKind::CsirtReport => "reporte al CSIRT",
        ClockKind::SicReport => "reporte a la SIC",
        ClockKind::Forwarding => "traslado de la petición",
    }
}

/// Whom a step tells.
pub fn told(tells: Tells) -> &'static str {
    match tells {
        Tells::Responsible => "a quien la tiene",
        Tells::Coordinator => "a la coordinación",
        Tells::Head => "a la jefatura",
        Tells::Requester => "a quien pidió",
    }
}
