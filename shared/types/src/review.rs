//! The quarterly review (refrendo) of the matrix of accounts (A3-FO-11): each chief says of
//! each account of his people whether it is still needed. What he signs is frozen; what he
//! withdraws is asked to be disabled (A3-FO-12), a request for each person.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::catalogue::{Catalogue, Role};
use crate::format::accounts::{Account, Change, Holder, HolderId, ReviewMark, Standing};
use crate::format::ending::{Opening, Section, Unopenable, account_words};
use crate::format::schema::systems;
use crate::ids::{EmailAddress, TicketNumber};
use crate::mail;
use crate::person::Person;
use crate::problem::FieldError;
use crate::quarter::Quarter;
use crate::spanish;

/// Reviews of one person that are remembered.
const MOST_MARKS: usize = 16;

/// Working days before the last one at which a chief is reminded.
const REMINDED: usize = 3;

/// Where decisions stand in what is sent.
const ROOT: &str = "decisions";

/// An account as it was granted: granted anew, it is another one, which nobody has decided on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct AccountId(pub String);

impl AccountId {
    /// The account of a person.
    pub fn of(holder: &HolderId, account: &Account) -> Self {
        let text = format!(
            "{holder}:{}:{}:{}:{}",
            account.system,
            account.username.to_lowercase(),
            account.profile,
            account.granted_at
        );
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
        AccountId(digest.chars().take(16).collect())
    }
}

/// What a chief says of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// It is still needed.
    Ratify,
    /// It is to be disabled.
    Withdraw,
}

impl Decision {
    /// The word of the API.
    pub fn word(self) -> &'static str {
        match self {
            Decision::Ratify => "ratify",
            Decision::Withdraw => "withdraw",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Decision::Ratify, Decision::Withdraw]
            .into_iter()
            .find(|decision| decision.word() == word)
    }
}

/// Until when a chief was asked to review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// The last day.
    pub last: Date,
    /// When that day's hours end.
    pub ends_at: Timestamp,
    /// When he is reminded; never, where there is no time for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reminded_at: Option<Timestamp>,
}

/// What a chief has decided in a quarter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub quarter: Quarter,
    pub chief: Person,
    pub opened_at: Timestamp,
    /// None, where he began it without being asked: his people came to him since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub term: Option<Term>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decisions: BTreeMap<AccountId, Decision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<Signed>,
    /// Grows with each change.
    pub version: u64,
}

/// A review that is frozen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signed {
    #[serde(flatten)]
    pub by: Person,
    pub role: Role,
    pub at: Timestamp,
    /// SHA-256 of what was signed, as canonical JSON (RFC 8785), in hexadecimal.
    pub sha256: String,
    /// Every account that was active, and what was decided on it.
    pub accounts: Vec<Reviewed>,
}

/// An account of a signed review.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reviewed {
    pub account: AccountId,
    pub holder: HolderId,
    /// Whose it was.
    pub name: String,
    /// Key of the system.
    pub system: String,
    pub username: String,
    /// Key of the profile.
    pub profile: String,
    pub granted_at: Timestamp,
    pub decision: Decision,
}

/// A quarter whose reviews were asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    pub quarter: Quarter,
    pub opened_at: Timestamp,
    pub term: Term,
    /// People with active accounts whose chief is nobody of the entity: nobody reviews them.
    #[serde(default)]
    pub without_chief: usize,
}

/// When the reviews of a quarter are asked for: as the first of its working days begins.
pub fn begins(quarter: Quarter, catalogue: &Catalogue) -> Option<Timestamp> {
    let first = quarter.begins();
    let day = catalogue
        .default_calendar()
        .and_then(|calendar| calendar.days_from(first, 1));
    match day {
        Some(day) => Some(day.from),
        None => mail::bounds(first).map(|(begins, _)| begins),
    }
}

/// Until when there is time for a review that is asked for at a moment.
pub fn term(asked_at: Timestamp, catalogue: &Catalogue) -> Option<Term> {
    let days = usize::from(catalogue.document().accounts.review_days);
    let today = mail::day(asked_at);
    let calendar = catalogue.default_calendar()?;
    let last = calendar.days_from(today, days)?;
    let reminded = calendar.days_before(last.date, REMINDED)?;
    Some(Term {
        last: last.date,
        ends_at: last.to,
        reminded_at: Some(reminded.from).filter(|at| *at > asked_at),
    })
}

/// What is told of a review, and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// To the chief: it is due.
    Invitation,
    /// To the chief: it will be over soon.
    Reminder,
    /// To the coordinators: who has not signed.
    Overdue,
}

impl Notice {
    /// The word in rows; it never changes.
    pub fn word(self) -> &'static str {
        match self {
            Notice::Invitation => "invitation",
            Notice::Reminder => "reminder",
            Notice::Overdue => "overdue",
        }
    }

    /// The notice of a word.
    pub fn parse(word: &str) -> Option<Self> {
        [Notice::Invitation, Notice::Reminder, Notice::Overdue]
            .into_iter()
            .find(|notice| notice.word() == word)
    }

    /// What is told after it, and when.
    pub fn next(self, term: Option<Term>, now: Timestamp) -> Option<(Notice, Timestamp)> {
        match self {
            Notice::Invitation => {
                let at = term?.reminded_at.filter(|at| *at > now)?;
                Some((Notice::Reminder, at))
            }
            Notice::Reminder | Notice::Overdue => None,
        }
    }
}

/// What is wrong with an account besides its standing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum Check {
    /// Its last day is over, and it is active.
    Expired { days: i32 },
    /// The person has another profile that does not go with it.
    Conflict { with: String, reason: String },
    /// The person is of no unit.
    NoUnit,
}

/// What is to be looked at in an account that is active.
pub fn checks(holder: &Holder, account: &Account, today: Date) -> Vec<Check> {
    let mut found = Vec::new();
    if let (Standing::Expired, Some(last)) = (account.standing(today), account.valid_until) {
        let days = (today - last).get_days();
        found.push(Check::Expired { days });
    }
    let this = (&*account.system, &*account.profile);
    for other in holder.active() {
        let conflict = systems().conflict(this, (&other.system, &other.profile));
        if let Some(conflict) = conflict {
            found.push(Check::Conflict {
                with: profile_words(other),
                reason: conflict.reason.clone(),
            });
        }
    }
    if holder
        .unit
        .as_deref()
        .is_none_or(|unit| unit.trim().is_empty())
    {
        found.push(Check::NoUnit);
    }
    found
}

/// A profile and its system, as people call them: `Aprobador de SIIF Nación`.
pub fn profile_words(account: &Account) -> String {
    let system = systems().get(&account.system);
    let profile = system.and_then(|system| system.profile(&account.profile));
    let profile = profile.map_or(&*account.profile, |profile| &profile.name);
    let name = system.map_or(&*account.system, |system| &system.name);
    format!("{profile} de {name}")
}

/// Where an account stands on the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Over, and still active: it can only be withdrawn.
    Expired,
    /// Its last day is at most fifteen days away.
    Expiring,
    Active,
    /// Disabled within the quarter.
    Disabled,
}

/// An account of the list.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    pub id: AccountId,
    pub group: Group,
    pub holder: &'a Holder,
    pub account: &'a Account,
    pub decision: Option<Decision>,
    pub checks: Vec<Check>,
}

impl Line<'_> {
    /// Whether somebody has to decide on it.
    pub fn is_open(&self) -> bool {
        self.group != Group::Disabled
    }
}

/// The list of a quarter: all that is active, and what was disabled within it. Each group by
/// people and accounts as they are called.
pub fn lines<'a>(holders: &'a [Holder], review: &Review, today: Date) -> Vec<Line<'a>> {
    let begins = review.quarter.begins();
    let mut lines: Vec<_> = holders
        .iter()
        .flat_map(|holder| holder.accounts.iter().map(move |account| (holder, account)))
        .filter_map(|(holder, account)| {
            let group = match (account.standing(today), &account.disabled) {
                (_, Some(disabled)) if mail::day(disabled.at) < begins => return None,
                (_, Some(_)) | (Standing::Disabled, None) => Group::Disabled,
                (Standing::Expired, None) => Group::Expired,
                (Standing::Expiring, None) => Group::Expiring,
                (Standing::Active, None) => Group::Active,
            };
            let id = AccountId::of(&holder.id, account);
            let decision = match review.decisions.get(&id) {
                // It was ratified, and its day has come since.
                Some(Decision::Ratify) if group == Group::Expired => None,
                decided => decided.copied(),
            };
            let checks = match group {
                Group::Disabled => vec![],
                Group::Expired | Group::Expiring | Group::Active => checks(holder, account, today),
            };
            Some(Line {
                decision: decision.filter(|_| group != Group::Disabled),
                id,
                group,
                holder,
                account,
                checks,
            })
        })
        .collect();
    lines.sort_by(|a, b| {
        let key = |line: &Line<'_>| {
            let system = systems().get(&line.account.system);
            let name = system.map_or(&*line.account.system, |system| &system.name);
            (
                line.group,
                crate::folding::folded(&line.holder.name),
                line.holder.id.clone(),
                name.to_owned(),
            )
        };
        key(a).cmp(&key(b))
    });
    lines
}

/// How far a review has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Progress {
    /// Accounts that somebody has to decide on.
    pub total: usize,
    pub ratified: usize,
    pub withdrawn: usize,
}

impl Progress {
    /// Of a list.
    pub fn of(lines: &[Line<'_>]) -> Self {
        let mut progress = Progress::default();
        for line in lines.iter().filter(|line| line.is_open()) {
            progress.total += 1;
            match line.decision {
                Some(Decision::Ratify) => progress.ratified += 1,
                Some(Decision::Withdraw) => progress.withdrawn += 1,
                None => {}
            }
        }
        progress
    }

    /// How many are decided.
    pub fn decided(self) -> usize {
        self.ratified + self.withdrawn
    }

    /// How many are not.
    pub fn left(self) -> usize {
        self.total - self.decided()
    }
}

impl Review {
    /// A review that is about to begin.
    pub fn new(quarter: Quarter, chief: Person, opened_at: Timestamp, term: Option<Term>) -> Self {
        Review {
            quarter,
            chief,
            opened_at,
            term,
            decisions: BTreeMap::new(),
            signed: None,
            version: 0,
        }
    }

    /// Takes down what was decided on some accounts. What was decided on those that are no
    /// longer there is forgotten.
    ///
    /// # Errors
    /// Whatever cannot be decided so, each under its account.
    pub fn decide(
        &mut self,
        holders: &[Holder],
        given: &BTreeMap<AccountId, String>,
        today: Date,
    ) -> Result<(), Vec<FieldError>> {
        let mut errors = Vec::new();
        let open: BTreeMap<_, _> = lines(holders, self, today)
            .into_iter()
            .filter(Line::is_open)
            .map(|line| (line.id, line.group))
            .collect();
        let mut decided = BTreeMap::new();
        for (id, word) in given {
            let mut refuse = |code, detail: &str| {
                let field = format!("{ROOT}.{}", id.0);
                errors.push(FieldError::new(&field, code, detail));
            };
            match (open.get(id), Decision::parse(word)) {
                (None, _) => refuse(
                    "unknown_reference",
                    "No es una cuenta activa de su gente: puede haber cambiado.",
                ),
                (_, None) => refuse("unknown_value", "Debe ser «ratify» o «withdraw»."),
                (Some(Group::Expired), Some(Decision::Ratify)) => refuse(
                    "not_allowed",
                    "Ya venció: solo se puede retirar. Una prórroga pide A3-S1-FO-01.",
                ),
                (Some(_), Some(decision)) => drop(decided.insert(id.clone(), decision)),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.decisions.extend(decided);
        self.decisions.retain(|id, _| open.contains_key(id));
        Ok(())
    }

    /// Freezes it: every account is decided on.
    ///
    /// # Errors
    /// One for each that is not.
    pub fn sign(
        &mut self,
        holders: &[Holder],
        by: Person,
        now: Timestamp,
    ) -> Result<(), Vec<FieldError>> {
        let mut accounts = Vec::new();
        let mut errors = Vec::new();
        let lines = lines(holders, self, mail::day(now));
        for line in lines.into_iter().filter(Line::is_open) {
            let Some(decision) = line.decision else {
                let field = format!("{ROOT}.{}", line.id.0);
                let detail = format!(
                    "Falta decidir: {}, {}.",
                    line.holder.name,
                    account_words(line.account)
                );
                errors.push(FieldError::new(&field, "required", detail));
                continue;
            };
            accounts.push(Reviewed {
                account: line.id,
                holder: line.holder.id.clone(),
                name: line.holder.name.clone(),
                system: line.account.system.clone(),
                username: line.account.username.clone(),
                profile: line.account.profile.clone(),
                granted_at: line.account.granted_at,
                decision,
            });
        }
        if accounts.is_empty() && errors.is_empty() {
            let detail = "No hay cuentas activas de su gente que refrendar.";
            errors.push(FieldError::new(ROOT, "required", detail));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        accounts.sort_by(|a, b| a.account.cmp(&b.account));
        self.decisions = accounts
            .iter()
            .map(|reviewed| (reviewed.account.clone(), reviewed.decision))
            .collect();
        self.signed = Some(Signed {
            by,
            // A chief is no role of the desk: he signs as who he is.
            role: Role::Requester,
            at: now,
            sha256: digest(self.quarter, &self.chief.email, &accounts),
            accounts,
        });
        Ok(())
    }

    /// The people whose accounts a signed review is about.
    pub fn people(&self) -> BTreeSet<HolderId> {
        let signed = self.signed.iter();
        let accounts = signed.flat_map(|signed| &signed.accounts);
        accounts.map(|reviewed| reviewed.holder.clone()).collect()
    }
}

/// What a signature is for, hashed: keys are sorted, there are no spaces and no numbers, so
/// that this is the canonical JSON of RFC 8785.
pub fn digest(quarter: Quarter, chief: &EmailAddress, accounts: &[Reviewed]) -> String {
    let signed = json!({ "accounts": accounts, "chief": chief, "quarter": quarter });
    data_encoding::HEXLOWER.encode(&Sha256::digest(signed.to_string()))
}

/// What a signed review makes of a person.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The person, with what was ratified stamped.
    holder: Holder,
    over: Holder,
    mark: ReviewMark,
    /// The request that what was withdrawn needs.
    pub opens: Option<Opening>,
}

impl Outcome {
    /// The person after it: `ticket` is the one that was opened.
    pub fn change(&self, ticket: Option<TicketNumber>, catalogue: &Catalogue) -> Option<Change> {
        let mut after = self.holder.clone();
        after.reviewed.push(ReviewMark {
            ticket,
            ..self.mark.clone()
        });
        let over = after.reviewed.len().saturating_sub(MOST_MARKS);
        after.reviewed.drain(..over);
        Change::of(Some(&self.over), after.armed(catalogue))
    }
}

/// What a signed review still has to do to a person; nothing, where that was done. What was
/// disabled or granted anew in between is left alone: it is another account by now.
///
/// # Errors
/// Where the request that it needs cannot be opened.
pub fn outcome(
    review: &Review,
    holder: &Holder,
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Option<Outcome>, Unopenable> {
    let Some(signed) = &review.signed else {
        return Ok(None);
    };
    let chief = &review.chief.email;
    let is_this = |mark: &ReviewMark| mark.quarter == review.quarter && mark.chief == *chief;
    if holder.reviewed.iter().any(is_this) {
        return Ok(None);
    }
    let decided: BTreeMap<_, _> = signed
        .accounts
        .iter()
        .map(|reviewed| (&reviewed.account, reviewed.decision))
        .collect();
    let mut after = holder.clone();
    let (mut withdrawn, mut kept) = (Vec::new(), Vec::new());
    for account in &mut after.accounts {
        let decision = decided.get(&AccountId::of(&holder.id, account));
        match (account.is_active(), decision) {
            (true, Some(Decision::Ratify)) => {
                account.last_reviewed = Some(signed.at);
                kept.push(account.clone());
            }
            (true, Some(Decision::Withdraw)) => withdrawn.push(account.clone()),
            (_, _) => {}
        }
    }
    let opens = match withdrawn.as_slice() {
        [] => None,
        _ => Some(withdrawal(
            review,
            holder,
            (&withdrawn, &kept),
            catalogue,
            now,
        )?),
    };
    Ok(Some(Outcome {
        holder: after,
        over: holder.clone(),
        mark: ReviewMark {
            quarter: review.quarter,
            chief: chief.clone(),
            ticket: None,
        },
        opens,
    }))
}

/// The request to disable what was withdrawn. What was ratified stands there as the reasoned
/// exceptions that A3-FO-12 asks for, so that no active account is left without a word.
fn withdrawal(
    review: &Review,
    holder: &Holder,
    (withdrawn, kept): (&[Account], &[Account]),
    catalogue: &Catalogue,
    now: Timestamp,
) -> Result<Opening, Unopenable> {
    let signed_at = review.signed.as_ref().map_or(now, |signed| signed.at);
    let words = |accounts: &[Account]| {
        let words: Vec<_> = accounts.iter().map(account_words).collect();
        spanish::list(&words)
    };
    let quarter = review.quarter.words();
    let chief = &review.chief.name;
    let day = spanish::day(mail::day(signed_at), None);
    let name = &holder.name;
    let which = match withdrawn.len() {
        1 => "una cuenta".to_owned(),
        count => format!("{count} cuentas"),
    };
    let mut description = format!(
        "En el refrendo del {quarter}, firmado el {day}, {chief} retiró {which} de {name}: {}.",
        words(withdrawn)
    );
    if !kept.is_empty() {
        description.push_str("\n\nLas que ratificó siguen: ");
        description.push_str(&words(kept));
        description.push('.');
    }
    description.push_str(
        "\n\nEsta solicitud se abrió sola para que se deshabilite lo retirado con el formato \
         A3-FO-12, que ya dice cuáles son: revise la sección 1 y fírmela. La persona sigue en la \
         entidad; no hay equipo que devolver ni paz y salvo que expedir.",
    );
    let title = format!("Deshabilitar {which} de {name}, por refrendo");
    let mut leaving = holder.leaving("access_review", signed_at);
    leaving.insert("supervisor".to_owned(), review.chief.email.as_str().into());
    let row = |account: &Account| json!({ "system": account.system, "username": account.username });
    let why = format!("Ratificada por {chief} en el refrendo del {quarter}.");
    let why: String = why.chars().take(300).collect();
    let stays = |account: &Account| {
        let mut row = row(account);
        row["outcome"] = "excepted".into();
        row["by"] = chief.chars().take(120).collect::<String>().into();
        row["exception"] = why.as_str().into();
        row
    };
    let rows: Vec<Value> = withdrawn
        .iter()
        .map(row)
        .chain(kept.iter().map(stays))
        .collect();
    let mut disabling = crate::format::record::Values::new();
    disabling.insert("disabled".to_owned(), Value::Array(rows));
    let asks = match catalogue.is_of_the_entity(&review.chief.email) {
        true => Some(review.chief.clone()),
        false => holder.answered_for(catalogue, now),
    };
    let opening = Opening::of(asks, catalogue, title, description)?;
    Ok(opening
        .saying(Section::Leaving, leaving)
        .saying(Section::Disabling, disabling))
}

/// Who has signed in a quarter, and who has not.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ChiefView {
    pub chief: Person,
    /// The last day that he was given; none, where he began without being asked.
    pub due: Option<Date>,
    pub signed_at: Option<Timestamp>,
}

impl From<&Review> for ChiefView {
    fn from(review: &Review) -> Self {
        ChiefView {
            chief: review.chief.clone(),
            due: review.term.map(|term| term.last),
            signed_at: review.signed.as_ref().map(|signed| signed.at),
        }
    }
}

/// A review as the API answers it.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReviewView {
    pub quarter: Quarter,
    /// The last day for it; none, where nobody was asked.
    pub due: Option<Date>,
    /// As a change expects it; 0 where nothing was decided yet.
    pub version: u64,
    pub progress: Progress,
    /// Every account of the caller's people that is active, or was disabled this quarter.
    pub accounts: Vec<LineView>,
    pub signed: Option<SignedView>,
    /// Who else has signed and who has not, for those who oversee it; nothing for others.
    pub chiefs: Vec<ChiefView>,
}

/// An account of a review.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LineView {
    pub id: AccountId,
    pub group: Group,
    pub name: String,
    /// Of the number the first and the last two characters.
    pub document: String,
    pub unit: Option<String>,
    #[serde(flatten)]
    pub account: Account,
    pub decision: Option<Decision>,
    pub checks: Vec<Check>,
    /// The ticket that disables it, once there is one.
    pub request: Option<TicketNumber>,
}

/// A signature under a review.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SignedView {
    #[serde(flatten)]
    pub by: Person,
    pub role: Role,
    pub at: Timestamp,
    /// SHA-256 of what was signed, as canonical JSON (RFC 8785), in hexadecimal.
    pub sha256: String,
    pub accounts: Vec<Reviewed>,
}

/// The ticket by which what a review withdrew of a person is disabled.
pub fn request_of(review: &Review, holder: &Holder) -> Option<TicketNumber> {
    let chief = &review.chief.email;
    let mut marks = holder.reviewed.iter();
    let mark = marks.find(|mark| mark.quarter == review.quarter && mark.chief == *chief);
    mark?.ticket
}

impl ReviewView {
    /// The review of a chief, as it stands on a day.
    pub fn of(review: &Review, holders: &[Holder], today: Date, chiefs: Vec<ChiefView>) -> Self {
        let lines = lines(holders, review, today);
        ReviewView {
            quarter: review.quarter,
            due: review.term.map(|term| term.last),
            version: review.version,
            progress: Progress::of(&lines),
            accounts: lines
                .into_iter()
                .map(|line| LineView {
                    request: request_of(review, line.holder)
                        .filter(|_| line.decision == Some(Decision::Withdraw)),
                    id: line.id,
                    group: line.group,
                    name: line.holder.name.clone(),
                    document: line.holder.masked(),
                    unit: line.holder.unit.clone(),
                    account: line.account.clone(),
                    decision: line.decision,
                    checks: line.checks,
                })
                .collect(),
            signed: review.signed.as_ref().map(|signed| SignedView {
                by: signed.by.clone(),
                role: signed.role,
                at: signed.at,
                sha256: signed.sha256.clone(),
                accounts: signed.accounts.clone(),
            }),
            chiefs,
        }
    }
}
