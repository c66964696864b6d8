//! The matrix of accounts (A3-FO-11): who holds what, until when. Nobody writes it; it
//! comes of the forms that were signed.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::record::{Known, Values};
use super::schema::Section;
use crate::ids::{EmailAddress, TicketNumber};
use crate::quarter::Quarter;

/// Most accounts of one person that are kept: a row of the table holds them all.
pub const MAX_ACCOUNTS: usize = 200;

/// A person of the matrix, by the digest of his document: the number itself stands in no
/// key and in no log.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct HolderId(pub String);

impl fmt::Display for HolderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HolderId {
    /// Whoever has this document.
    pub fn of(document_type: &str, number: &str) -> Self {
        let number: String = number.chars().filter(|c| c.is_alphanumeric()).collect();
        let text = format!("{document_type}:{}", number.to_uppercase());
        let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(text));
        HolderId(digest.chars().take(32).collect())
    }

    /// Whom a format is about, once it says so.
    pub fn in_format(known: &Known<'_>) -> Option<Self> {
        let document = (known.text("document_type")?, known.text("document_number")?);
        Some(HolderId::of(document.0, document.1))
    }
}

/// A person and his accounts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Holder {
    pub id: HolderId,
    pub document_type: String,
    pub document_number: String,
    pub name: String,
    /// `official` or `contractor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// His address at the entity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Who answers for him: his supervisor, or his boss.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boss: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract_end: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_names: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_names: Option<String>,
    /// His contract, or the act that appointed him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contract: Option<String>,
    /// Whether he was given equipment; nothing, where no form says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equipment: Option<bool>,
    pub accounts: Vec<Account>,
    /// When somebody has to be asked to disable them, before all of them end: a timer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closing: Option<Closing>,
    /// For which ends that was asked already, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Asked>,
    /// The reviews that were carried out on them, the latest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reviewed: Vec<ReviewMark>,
    /// Grows with each change.
    pub version: u64,
}

/// That all accounts of a person are about to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Closing {
    /// The last day on which they are good.
    pub end: Date,
    /// When the request to disable them is opened.
    pub at: Timestamp,
}

/// That the accounts of somebody were asked to be disabled at their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub end: Date,
    /// The ticket by which that was asked.
    pub ticket: TicketNumber,
}

/// That what a chief decided on a person's accounts was carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewMark {
    pub quarter: Quarter,
    pub chief: EmailAddress,
    /// The ticket that takes away what was withdrawn; none, where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<TicketNumber>,
}

/// One account: a row of the matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Account {
    /// Key of the system.
    pub system: String,
    pub username: String,
    /// Key of the profile.
    pub profile: String,
    pub granted_at: Timestamp,
    /// The ticket whose form granted it.
    pub granted_by: TicketNumber,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Date>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// Why it stayed when the person left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// When a chief last said that it is still needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_reviewed: Option<Timestamp>,
}

/// That an account is none any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Disabled {
    pub at: Timestamp,
    /// The ticket whose form said so.
    pub by: TicketNumber,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    Active,
    /// Its last day is at most fifteen days away.
    Expiring,
    /// Its last day is over, and it is active.
    Expired,
    Disabled,
}

/// Days before the end from which on an account is about to end.
const SOON: i32 = 15;

impl Account {
    /// How it stands on a day.
    pub fn standing(&self, today: Date) -> Standing {
        if self.disabled.is_some() {
            return Standing::Disabled;
        }
        match self.valid_until {
            Some(last) if last < today => Standing::Expired,
            Some(last) if (last - today).get_days() <= SOON => Standing::Expiring,
            Some(_) | None => Standing::Active,
        }
    }

    /// Whether it is in use.
    pub fn is_active(&self) -> bool {
        self.disabled.is_none()
    }
}

impl Holder {
    /// The accounts that are in use.
    pub fn active(&self) -> impl Iterator<Item = &Account> {
        self.accounts.iter().filter(|account| account.is_active())
    }

    /// The last day of all that he has: of his contract, or where there is none, of the account
    /// that lasts longest. Nothing, where one of them has no end, or there is none left.
    pub fn ends(&self) -> Option<Date> {
        self.active().next()?;
        if self.contract_end.is_some() {
            return self.contract_end;
        }
        let ends: Option<Vec<_>> = self.active().map(|account| account.valid_until).collect();
        ends?.into_iter().max()
    }

    /// The ticket by which his accounts were asked to be disabled at an end.
    pub fn asked_for(&self, end: Date) -> Option<TicketNumber> {
        let mut asked = self.asked.iter();
        asked
            .find(|asked| asked.end == end)
            .map(|asked| asked.ticket)
    }

    /// The same at the end that is to come.
    pub fn asked_for_end(&self) -> Option<TicketNumber> {
        self.asked_for(self.ends()?)
    }

    /// His chief, where he is of those who have an address.
    pub fn chief(&self) -> Option<EmailAddress> {
        EmailAddress::parse(self.boss.as_deref()?).ok()
    }

    /// The number of his document as others see it.
    pub fn masked(&self) -> String {
        format!("{} {}", self.document_type, masked(&self.document_number))
    }
}

/// A person of the matrix, as the API answers him.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct HolderView {
    pub id: HolderId,
    /// Of the number the first and the last two characters.
    pub document: String,
    pub name: String,
    /// `official` or `contractor`.
    pub kind: Option<String>,
    pub unit: Option<String>,
    pub position: Option<String>,
    pub email: Option<String>,
    pub boss: Option<String>,
    /// The day on which his contract ends.
    pub contract_end: Option<Date>,
    /// The ticket that asks to disable his accounts at their end, once it was opened.
    pub ends_by: Option<TicketNumber>,
    pub accounts: Vec<AccountRow>,
}

/// A row of the matrix.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AccountRow {
    #[serde(flatten)]
    pub account: Account,
    pub standing: Standing,
}

impl HolderView {
    /// The person as he stands on a day.
    pub fn of(holder: Holder, today: Date) -> Self {
        HolderView {
            document: holder.masked(),
            contract_end: holder.contract_end,
            ends_by: holder.asked_for_end(),
            id: holder.id,
            name: holder.name,
            kind: holder.kind,
            unit: holder.unit,
            position: holder.position,
            email: holder.email,
            boss: holder.boss,
            accounts: holder
                .accounts
                .into_iter()
                .map(|account| AccountRow {
                    standing: account.standing(today),
                    account,
                })
                .collect(),
        }
    }
}

/// The first and the last two characters, and that there is something between them.
pub fn masked(number: &str) -> String {
    let characters: Vec<char> = number.chars().collect();
    match characters.as_slice() {
        [a, b, .., y, z] if characters.len() > 5 => format!("{a}{b}·····{y}{z}"),
        _ => "·····".to_owned(),
    }
}

/// What a signature makes of a person's accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The person after it.
    pub holder: Holder,
    /// The version that it was decided on; none, where he was not in the matrix.
    pub over: Option<u64>,
}

/// When and by which ticket accounts change.
#[derive(Clone, Copy, Debug)]
pub struct Occasion {
    pub at: Timestamp,
    pub ticket: TicketNumber,
}

/// What signing a section makes of the person whom the format is about; nothing, where it
/// is none that grants or withdraws.
pub fn change(
    section: &Section,
    known: &Known<'_>,
    before: Option<&Holder>,
    occasion: Occasion,
) -> Option<Change> {
    if !section.grants && !section.withdraws {
        return None;
    }
    let mut holder = before.cloned().or_else(|| Holder::new(known))?;
    if section.grants {
        holder.grants(known, occasion);
    }
    if section.withdraws {
        holder.withdraws(known, occasion);
    }
    let is_somebody = !holder.accounts.is_empty();
    Change::of(before, holder).filter(|_| is_somebody)
}

impl Change {
    /// What becomes of a person, over what he was; nothing, where he stays the same.
    pub fn of(before: Option<&Holder>, mut after: Holder) -> Option<Self> {
        let over = before.map(|before| before.version);
        after.version = over.unwrap_or(0);
        if before == Some(&after) {
            return None;
        }
        after.version += 1;
        Some(Change {
            holder: after,
            over,
        })
    }
}

impl Holder {
    fn new(known: &Known<'_>) -> Option<Self> {
        let (document_type, document_number) =
            (known.text("document_type")?, known.text("document_number")?);
        let name = |id| known.text(id).unwrap_or_default();
        Some(Holder {
            id: HolderId::of(document_type, document_number),
            document_type: document_type.to_owned(),
            document_number: document_number.to_owned(),
            name: format!("{} {}", name("first_names"), name("last_names")),
            kind: None,
            unit: None,
            position: None,
            email: None,
            boss: None,
            contract_end: None,
            first_names: None,
            last_names: None,
            contract: None,
            equipment: None,
            accounts: vec![],
            closing: None,
            asked: vec![],
            reviewed: vec![],
            version: 0,
        })
    }

    fn grants(&mut self, known: &Known<'_>, occasion: Occasion) {
        let said = |id: &str| known.text(id).map(str::to_owned);
        self.name = format!(
            "{} {}",
            known.text("first_names").unwrap_or_default(),
            known.text("last_names").unwrap_or_default()
        );
        self.kind = said("kind");
        self.unit = said("unit");
        self.position = said("position");
        self.email = said("user_email");
        self.boss = said("supervisor").or_else(|| said("boss"));
        self.contract_end = known.text("contract_end").and_then(|day| day.parse().ok());
        self.first_names = said("first_names");
        self.last_names = said("last_names");
        self.contract = said("contract_number").or_else(|| said("appointment_act"));
        // What he was given before, nobody says that he gave back.
        let is_given = known.rows("equipment").next().is_some();
        self.equipment = Some(is_given || self.equipment == Some(true));
        let asked: Vec<_> = known.rows("accounts").collect();
        for row in known
            .rows("created")
            .filter(|row| says(row, "outcome", "created"))
        {
            let text = |id: &str| row.get(id).and_then(Value::as_str).unwrap_or_default();
            let (system, username) = (text("system"), text("username"));
            let profile = text("profile_granted");
            let asked = asked.iter().find(|asked| says(asked, "system", system));
            let until = asked.and_then(|row| row.get("valid_until")?.as_str()?.parse().ok());
            let is_it = |account: &&mut Account| {
                account.is_active()
                    && account.system == system
                    && account.username.eq_ignore_ascii_case(username)
            };
            let granted = Account {
                system: system.to_owned(),
                username: username.to_owned(),
                profile: profile.to_owned(),
                granted_at: occasion.at,
                granted_by: occasion.ticket,
                valid_until: until.or(self.contract_end),
                disabled: None,
                exception: None,
                last_reviewed: None,
            };
            match self.accounts.iter_mut().find(is_it) {
                Some(account) => *account = granted,
                None => self.accounts.push(granted),
            }
        }
        self.forget_oldest();
    }

    fn withdraws(&mut self, known: &Known<'_>, occasion: Occasion) {
        for row in known.rows("disabled") {
            let text = |id: &str| row.get(id).and_then(Value::as_str);
            let is_it = |account: &&mut Account| {
                account.is_active()
                    && text("system") == Some(&account.system)
                    && text("username")
                        .is_some_and(|name| name.eq_ignore_ascii_case(&account.username))
            };
            let Some(account) = self.accounts.iter_mut().find(is_it) else {
                continue;
            };
            match text("exception").filter(|_| says(row, "outcome", "excepted")) {
                Some(why) => account.exception = Some(why.to_owned()),
                None => {
                    let at = text("disabled_at").and_then(|at| at.parse().ok());
                    account.disabled = Some(Disabled {
                        at: at.unwrap_or(occasion.at),
                        by: occasion.ticket,
                    });
                }
            }
        }
    }

    /// The forms have all that ever was; here the latest of what is over is enough.
    fn forget_oldest(&mut self) {
        while self.accounts.len() > MAX_ACCOUNTS {
            match self
                .accounts
                .iter()
                .position(|account| !account.is_active())
            {
                Some(over) => self.accounts.remove(over),
                None => break,
            };
        }
    }
}

/// Whether a row's column says this.
fn says(row: &Values, column: &str, value: &str) -> bool {
    row.get(column).and_then(Value::as_str) == Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_the_same_however_it_is_written() {
        let one = HolderId::of("CC", "52.345.618");
        assert_eq!(one, HolderId::of("CC", "52345618"));
        assert_ne!(one, HolderId::of("CE", "52345618"));
        assert_eq!(one.0.len(), 32);
        assert_eq!(masked("52345618"), "52·····18");
        assert_eq!(masked("12345"), "·····");
    }

    #[test]
    fn an_account_ends() {
        let account = |until: Option<&str>| Account {
            system: "orfeo".to_owned(),
            username: "a".to_owned(),
            profile: "consulta".to_owned(),
            granted_at: Timestamp::UNIX_EPOCH,
            granted_by: TicketNumber(1),
            valid_until: until.map(|day| day.parse().unwrap()),
            disabled: None,
            exception: None,
            last_reviewed: None,
        };
        let today = "2026-11-27".parse().unwrap();
        for (until, standing) in [
            (None, Standing::Active),
            (Some("2026-11-26"), Standing::Expired),
            (Some("2026-11-27"), Standing::Expiring),
            (Some("2026-12-12"), Standing::Expiring),
            (Some("2026-12-13"), Standing::Active),
            (Some("2027-11-27"), Standing::Active),
        ] {
            assert_eq!(account(until).standing(today), standing, "{until:?}");
        }
    }
}
