//! What a format asks for: sections in order, whoever signs each of them, fields and
//! their rules. It is data with a version (`infra/formats`); a ticket keeps the version
//! that it began with.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::catalogue::Role;
use crate::ids::{FieldId, FormatCode, SectionId, SigningId, SystemId};
use crate::shipped;

/// A format of the procedure, as one version of it asks.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    pub code: FormatCode,
    pub version: u32,
    /// Name in Spanish.
    pub name: String,
    /// In the order in which they are signed; none, where nobody fills it in.
    #[serde(default)]
    pub sections: Vec<Section>,
    /// It comes of these, once they are signed.
    #[serde(default)]
    pub generated_from: Vec<FormatCode>,
}

/// A part of a format that is frozen once it is signed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Section {
    pub id: SectionId,
    pub title: String,
    /// Who signs it, one after the other.
    pub signings: Vec<Signing>,
    pub fields: Vec<Field>,
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What it says was created is somebody's account from its signature on (A3-FO-11).
    #[serde(default)]
    pub grants: bool,
    /// What it says was disabled is nobody's account any more.
    #[serde(default)]
    pub withdraws: bool,
    /// What it ends with is a clearance (*paz y salvo*).
    #[serde(default)]
    pub clears: bool,
    /// The desk may say that it was signed on paper, with the scan.
    #[serde(default)]
    pub on_paper: bool,
}

/// One signature: whoever of these gives it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    pub id: SigningId,
    /// What it is for, where a section has several.
    pub title: Option<String>,
    pub by: Vec<Signer>,
}

/// Somebody who may give a signature.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signer {
    pub who: Who,
    /// The field that has his address, where he is named there.
    pub field: Option<FieldId>,
    pub when: Option<Condition>,
}

/// Who signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Grupo Administración de Personal.
    Personnel,
    /// Dirección de Gestión Contractual.
    Contracting,
    /// Grupo Administrativo.
    Administrative,
    /// Oficina de Tecnología: the officer who has the ticket.
    Technology,
    /// The desk's responsible.
    Desk,
    /// Whoever asked.
    Requester,
    /// Whoever a field names.
    Named,
}

impl Who {
    /// The role of an office, where it is one that signs.
    pub fn office(self) -> Option<Role> {
        match self {
            Who::Personnel => Some(Role::Personnel),
            Who::Contracting => Some(Role::Contracting),
            Who::Administrative => Some(Role::Administrative),
            Who::Technology | Who::Desk | Who::Requester | Who::Named => None,
        }
    }
}

/// Something that is asked for.
#[derive(Debug, Deserialize)]
pub struct Field {
    pub id: FieldId,
    /// Name in Spanish.
    pub label: String,
    pub hint: Option<String>,
    /// Whether it has to be there for a signature, where it applies.
    #[serde(default)]
    pub required: bool,
    /// When it applies; otherwise nothing may stand there.
    pub when: Option<Condition>,
    /// Who fills it in, of those who sign the section: the first, where it is not said.
    pub by: Option<SigningId>,
    #[serde(default)]
    pub shown: Shown,
    /// What it is proposed to be.
    pub prefill: Option<Prefill>,
    #[serde(flatten)]
    pub kind: Kind,
}

/// Who gets to see a field.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shown {
    /// Whoever sees the format.
    #[default]
    Plain,
    /// Its first and last characters, but for those who fill it in or work on the ticket.
    Masked,
    /// Nobody but those.
    Private,
}

/// What the ticket knows already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Prefill {
    RequesterName,
    RequesterUnit,
    /// What was asked of the web page at registration.
    WebAction,
    /// The version of the privacy notice in force: written when it is signed, by nobody.
    PrivacyNotice,
}

/// What a field may be.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Kind {
    /// A text on one line, of at most so many characters.
    Line {
        most: usize,
    },
    /// A text of several lines, of at most so many characters.
    Text {
        most: usize,
    },
    Choice {
        options: Vec<Choice>,
        /// What is refused, and under which rule.
        #[serde(default)]
        refused: Vec<Refused>,
    },
    /// `yes` or `no`.
    YesNo,
    /// Something that whoever signs accepts: nothing but `true` is signed.
    Accepted,
    Date,
    /// A date and time (RFC 3339).
    Moment,
    /// A whole number between these.
    Count {
        least: u64,
        most: u64,
    },
    Email,
    /// An address of the web, `https` alone.
    Url,
    /// An information system that accounts are given in.
    System,
    /// A profile of the system that the same row names.
    Profile,
    /// Rows, at most so many.
    List {
        most: usize,
        /// What one row is called.
        one: String,
        columns: Vec<Field>,
        /// The rows that it begins with: one for each of another list's.
        rows_of: Option<RowsOf>,
        /// The same for each active account of the person: column, and what of the
        /// account stands there.
        rows_of_accounts: Option<BTreeMap<FieldId, AccountPart>>,
    },
}

/// Rows that come of another list's.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowsOf {
    pub field: FieldId,
    /// A column of the new row, and the one that it is taken from.
    pub columns: BTreeMap<FieldId, FieldId>,
    /// Of which rows.
    pub when: Option<Condition>,
}

/// What of an account a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountPart {
    System,
    Username,
}

/// One of the values of a choice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// A value that is known, and not taken.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    pub value: String,
    pub detail: String,
}

/// That a field has one of these values. Within a row, its columns come first.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    pub field: FieldId,
    pub is: Vec<String>,
}

/// What has to hold of several fields when a section is signed.
#[derive(Debug, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case", deny_unknown_fields)]
pub enum Rule {
    /// One of them says something else than no.
    AnyOf {
        fields: Vec<FieldId>,
        detail: String,
        when: Option<Condition>,
    },
    /// A date after another.
    After { field: FieldId, than: FieldId },
    /// Dates that are not after another.
    NotAfter {
        field: FieldId,
        than: FieldId,
        detail: String,
    },
    /// A date that is today or later.
    NotInPast { field: FieldId },
    /// A date or time that has been.
    NotInFuture { field: FieldId },
    /// No two rows say the same.
    Unique { field: FieldId },
    /// A row for each of another list's, and none besides.
    OneEach {
        field: FieldId,
        of: FieldId,
        /// Of which rows.
        of_when: Option<Condition>,
        detail: String,
    },
    /// Nothing but digits, so many.
    Digits {
        field: FieldId,
        least: usize,
        most: usize,
        when: Option<Condition>,
    },
    /// Somebody of the directory.
    InDirectory { field: FieldId },
    /// An address of the entity's.
    OfTheEntity { field: FieldId },
    /// No two profiles of these rows are in conflict with each other (segregation of duties).
    NoConflicts { field: FieldId },
    /// The same of what was granted, and of what the person has already.
    NoGrantedConflicts { field: FieldId },
    /// One of these values alone is taken.
    Only {
        field: FieldId,
        is: Vec<String>,
        when: Option<Condition>,
        detail: String,
    },
    /// A signature that says so takes the format back to a section, for the reason that
    /// another field gives.
    Returns {
        field: FieldId,
        is: Vec<String>,
        to: SectionId,
        reason: FieldId,
    },
    /// Every active account of the person has its row (A3-FO-11).
    AccountsGone { field: FieldId },
}

/// An information system that accounts are given in.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    pub id: SystemId,
    pub name: String,
    /// Who answers for the accounts there.
    pub owner: Option<String>,
    pub profiles: Vec<Profile>,
}

/// What an account may do in its system.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub id: String,
    pub name: String,
}

/// Profiles that one person does not have together, each by its system and itself.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    pub profiles: [(SystemId, String); 2],
    pub reason: String,
}

/// All systems, and what does not go together.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Systems {
    pub systems: Vec<System>,
    pub conflicts: Vec<Conflict>,
}

impl Systems {
    /// A system by its key.
    pub fn get(&self, id: &str) -> Option<&System> {
        self.systems.iter().find(|system| system.id.0 == id)
    }

    /// Why two profiles do not go together, where they do not.
    pub fn conflict(&self, one: (&str, &str), other: (&str, &str)) -> Option<&Conflict> {
        let is = |wanted: &(SystemId, String), found: (&str, &str)| {
            (wanted.0.0.as_str(), wanted.1.as_str()) == found
        };
        self.conflicts.iter().find(|conflict| {
            let [a, b] = &conflict.profiles;
            (is(a, one) && is(b, other)) || (is(a, other) && is(b, one))
        })
    }
}

impl System {
    /// A profile of it, as it is called.
    pub fn profile(&self, id: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.id == id)
    }
}

impl Schema {
    /// A section by its key.
    pub fn section(&self, id: &SectionId) -> Option<(usize, &Section)> {
        let mut sections = self.sections.iter().enumerate();
        sections.find(|(_, section)| section.id == *id)
    }

    /// Every field of its own, with its section.
    pub fn fields(&self) -> impl Iterator<Item = (&Section, &Field)> {
        let sections = self.sections.iter();
        sections.flat_map(|section| section.fields.iter().map(move |field| (section, field)))
    }

    /// Whether it is nobody's to fill in.
    pub fn is_generated(&self) -> bool {
        !self.generated_from.is_empty()
    }
}

impl Section {
    /// A field by its key.
    pub fn field(&self, id: &FieldId) -> Option<&Field> {
        self.fields.iter().find(|field| field.id == *id)
    }

    /// Which of those who sign the section fills a field in.
    pub fn signing_of(&self, field: &Field) -> usize {
        let by = field.by.as_ref();
        let place = by.and_then(|by| self.signings.iter().position(|of| of.id == *by));
        place.unwrap_or(0)
    }

    /// The rules that a signature has to keep: those that begin with a field of it.
    pub fn rules_of(&self, signing: usize) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| {
            let (list, _) = split(rule.field());
            let field = self.fields.iter().find(|field| field.id.0 == list);
            field.map_or(signing == 0, |field| self.signing_of(field) == signing)
        })
    }
}

/// A name that leads into the rows of a list: `accounts.valid_until`.
pub(super) fn split(id: &FieldId) -> (&str, Option<&str>) {
    match id.0.split_once('.') {
        Some((list, column)) => (list, Some(column)),
        None => (&id.0, None),
    }
}

impl Rule {
    /// The field that it is told at.
    pub(super) fn field(&self) -> &FieldId {
        match self {
            Rule::AnyOf { fields, .. } => &fields[0],
            Rule::After { field, .. }
            | Rule::NotAfter { field, .. }
            | Rule::NotInPast { field }
            | Rule::NotInFuture { field }
            | Rule::Unique { field }
            | Rule::OneEach { field, .. }
            | Rule::Digits { field, .. }
            | Rule::InDirectory { field }
            | Rule::OfTheEntity { field }
            | Rule::NoConflicts { field }
            | Rule::NoGrantedConflicts { field }
            | Rule::Only { field, .. }
            | Rule::Returns { field, .. }
            | Rule::AccountsGone { field } => field,
        }
    }

    /// The fields that it looks at.
    #[cfg(test)]
    fn looks_at(&self) -> Vec<&FieldId> {
        fn of(when: &Option<Condition>) -> Option<&FieldId> {
            when.as_ref().map(|when| &when.field)
        }
        match self {
            Rule::AnyOf { fields, when, .. } => fields.iter().chain(of(when)).collect(),
            Rule::After { field, than } | Rule::NotAfter { field, than, .. } => vec![field, than],
            Rule::OneEach { field, of, .. } => vec![field, of],
            Rule::Digits { field, when, .. } | Rule::Only { field, when, .. } => {
                [field].into_iter().chain(of(when)).collect()
            }
            Rule::Returns { field, reason, .. } => vec![field, reason],
            Rule::NotInPast { field }
            | Rule::NotInFuture { field }
            | Rule::Unique { field }
            | Rule::InDirectory { field }
            | Rule::OfTheEntity { field }
            | Rule::NoConflicts { field }
            | Rule::NoGrantedConflicts { field }
            | Rule::AccountsGone { field } => vec![field],
        }
    }
}

/// All versions of all formats, and the systems.
struct Library {
    schemas: Vec<Schema>,
    systems: Systems,
}

/// Read when the first of them is asked for. What cannot be read is as if it were not
/// there; a test reads it all.
static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library {
    schemas: serde_json::from_str(shipped::FORMATS).unwrap_or_default(),
    systems: serde_json::from_str(shipped::SYSTEMS).unwrap_or(Systems {
        systems: vec![],
        conflicts: vec![],
    }),
});

/// The newest version of every format, in the order of their codes.
pub fn formats() -> Vec<&'static Schema> {
    let mut newest: BTreeMap<&FormatCode, &Schema> = BTreeMap::new();
    for schema in &LIBRARY.schemas {
        let known = newest.entry(&schema.code).or_insert(schema);
        if known.version < schema.version {
            *known = schema;
        }
    }
    newest.into_values().collect()
}

/// The newest version of a format.
pub fn newest(code: &FormatCode) -> Option<&'static Schema> {
    formats().into_iter().find(|schema| schema.code == *code)
}

/// A version of a format.
pub fn schema(code: &FormatCode, version: u32) -> Option<&'static Schema> {
    let mut all = LIBRARY.schemas.iter();
    all.find(|schema| schema.code == *code && schema.version == version)
}

/// The systems that accounts are given in.
pub fn systems() -> &'static Systems {
    &LIBRARY.systems
}

impl Field {
    /// The columns of a list; none of anything else.
    pub fn columns(&self) -> &[Field] {
        match &self.kind {
            Kind::List { columns, .. } => columns,
            Kind::Line { .. }
            | Kind::Text { .. }
            | Kind::Choice { .. }
            | Kind::YesNo
            | Kind::Accepted
            | Kind::Date
            | Kind::Moment
            | Kind::Count { .. }
            | Kind::Email
            | Kind::Url
            | Kind::System
            | Kind::Profile => &[],
        }
    }

    /// A column of a list.
    pub fn column(&self, id: &str) -> Option<&Field> {
        self.columns().iter().find(|column| column.id.0 == id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_is_read_and_leads_nowhere_wrong() {
        let shipped: Vec<Schema> = serde_json::from_str(shipped::FORMATS).unwrap();
        assert!(!LIBRARY.systems.systems.is_empty());
        let versions = LIBRARY.schemas.iter().map(|s| (&*s.code.0, s.version));
        // None is ever taken away: tickets keep the version that they began with.
        assert_eq!(
            versions.collect::<Vec<_>>(),
            [
                ("A3-FO-11", 1),
                ("A3-FO-12", 1),
                ("A3-FO-12", 2),
                ("A3-S1-FO-01", 1),
                ("A3-S1-FO-03", 1),
            ]
        );
        for schema in shipped {
            let known: BTreeSet<_> = schema.fields().map(|(_, field)| field.id.clone()).collect();
            assert_eq!(known.len(), schema.fields().count(), "{}", schema.code);
            let mut so_far: BTreeSet<FieldId> = BTreeSet::new();
            let sections: BTreeSet<_> = schema.sections.iter().map(|s| &s.id).collect();
            for section in &schema.sections {
                so_far.extend(section.fields.iter().map(|field| field.id.clone()));
                for field in &section.fields {
                    field_leads_somewhere(field, &so_far, &[]);
                    let by = field.by.as_ref();
                    assert!(
                        by.is_none_or(|by| section.signings.iter().any(|of| of.id == *by)),
                        "{}",
                        field.id
                    );
                }
                for rule in &section.rules {
                    let (own, _) = split(rule.field());
                    assert!(section.field(&FieldId::from(own)).is_some(), "{rule:?}");
                    for field in rule.looks_at() {
                        let (field, column) = split(field);
                        let id = FieldId::from(field);
                        assert!(so_far.contains(&id), "{}: {rule:?}", schema.code);
                        if let Some(column) = column {
                            let (_, list) = schema.fields().find(|(_, f)| f.id == id).unwrap();
                            assert!(list.column(column).is_some(), "{rule:?}");
                        }
                    }
                    if let Rule::Returns { to, .. } = rule {
                        assert!(sections.contains(to), "{rule:?}");
                    }
                }
                for signer in section.signings.iter().flat_map(|signing| &signing.by) {
                    assert_eq!(signer.who == Who::Named, signer.field.is_some());
                    for field in signer
                        .field
                        .iter()
                        .chain(signer.when.as_ref().map(|w| &w.field))
                    {
                        assert!(so_far.contains(field), "{field}");
                    }
                }
            }
            for code in &schema.generated_from {
                assert!(newest(code).is_some());
            }
        }
    }

    fn field_leads_somewhere(field: &Field, known: &BTreeSet<FieldId>, row: &[&FieldId]) {
        if let Some(when) = &field.when {
            assert!(
                known.contains(&when.field) || row.contains(&&when.field),
                "{}",
                field.id
            );
        }
        if let Kind::List {
            columns, rows_of, ..
        } = &field.kind
        {
            let row: Vec<_> = columns.iter().map(|column| &column.id).collect();
            for column in columns {
                field_leads_somewhere(column, known, &row);
                assert!(!matches!(column.kind, Kind::List { .. }), "{}", field.id);
            }
            assert!(rows_of.as_ref().is_none_or(|of| known.contains(&of.field)));
        }
    }

    #[test]
    fn no_format_has_a_field_for_a_password() {
        for schema in &LIBRARY.schemas {
            for (_, field) in schema.fields() {
                for field in [field].into_iter().chain(field.columns()) {
                    let words = format!("{} {}", field.id, field.label).to_lowercase();
                    for secret in ["password", "contraseña", "clave", "pin"] {
                        assert!(!words.split([' ', '_']).any(|w| w == secret), "{words}");
                    }
                }
            }
        }
    }

    #[test]
    fn conflicts_hold_both_ways() {
        let systems = systems();
        let (one, other) = (("siif", "registrador"), ("siif", "aprobador"));
        assert!(systems.conflict(one, other).is_some());
        assert!(systems.conflict(other, one).is_some());
        assert!(systems.conflict(one, one).is_none());
        for conflict in &systems.conflicts {
            for (system, profile) in &conflict.profiles {
                assert!(systems.get(&system.0).unwrap().profile(profile).is_some());
            }
        }
    }
}
