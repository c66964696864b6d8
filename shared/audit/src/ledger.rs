//! What partitions, indexes and buckets say of each other.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use cloud::files::{Object, attachment_key, kept_mail, mail_of_object, raw_mail};
use cloud::keys::{self, DueKind, Key};
use cloud::log::chain;
use cloud::store::{INDEXES, IndexEntry, Row, places};
use cloud::uploads::{KEPT, marked};
use jiff::{SignedDuration, Timestamp};
use types::catalogue::{Catalogue, CatalogueDocument, DirectoryEntry};
use types::effects::Effect;
use types::format::accounts::{Holder, HolderId, ReviewMark};
use types::format::signing::Granted;
use types::ids::{EmailAddress, MailId, TicketId, TicketNumber};
use types::mail::{MailOutcome, MailRecord};
use types::preferences::Preferences;
use types::presence::Sign;
use types::review::{Asked, Review, digest};
use types::ticket::Link;

use crate::finding::{Finding, Kind};
use crate::settings::Settings;
use crate::ticket::{self, Facts, place};

/// How long it takes to hand over what somebody had: a sweep more than it is kept for.
const HAND_OVER: SignedDuration = SignedDuration::from_mins(2);

/// How long a timer may wait for the sweep, and for whoever it rings for.
const SWEPT: SignedDuration = SignedDuration::from_mins(2);

/// What was read so far.
#[derive(Default)]
pub(crate) struct Ledger {
    tickets: HashMap<TicketId, Facts>,
    /// Tickets that could not be read: nothing else is said of them.
    unreadable: HashSet<TicketId>,
    numbers: BTreeMap<u64, Option<TicketId>>,
    taken: u64,
    accounted: u64,
    seen: u64,
    seen_at: Option<Timestamp>,
    loads: BTreeMap<String, i64>,
    sent: HashMap<(TicketId, u64, Effect), u32>,
    records: BTreeMap<MailId, MailRecord>,
    days: BTreeSet<(String, String)>,
    seals: Vec<(Key, String)>,
    /// Threads: key, ticket and mail.
    threads: Vec<(Key, Option<TicketId>, String)>,
    answers: Vec<(MailId, Option<Timestamp>)>,
    replays: Vec<(Key, TicketId, u64)>,
    /// Catalogues by version; the one in force beside them.
    catalogues: BTreeMap<i64, String>,
    in_force: Option<(i64, String)>,
    /// Versions whose changes of people are still to be looked after, and since when.
    hand_overs: Vec<(u64, Option<Timestamp>)>,
    holders: BTreeMap<HolderId, Holder>,
    reviews: Vec<Review>,
    /// Timers and owed work of reviews: where, and since when.
    reviews_due: Vec<(Key, Option<Timestamp>)>,
    /// Whether the matrix will be gone through.
    is_gone_through: bool,
    entries: HashSet<IndexEntry>,
    pub(crate) given_up: usize,
    pub(crate) rows: usize,
    pub(crate) findings: Vec<Finding>,
}

impl Ledger {
    pub(crate) fn tickets(&self) -> usize {
        self.tickets.len()
    }

    pub(crate) fn mails_in(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn mails_out(&self) -> usize {
        self.sent.len()
    }

    fn find(&mut self, kind: Kind, place: impl std::fmt::Display, detail: impl Into<String>) {
        self.findings.push(Finding::new(kind, place, detail));
    }

    /// Takes in all rows of one partition.
    pub(crate) fn take(&mut self, rows: &[Row], settings: &Settings) {
        self.rows += rows.len();
        for row in rows {
            self.entries.extend(row.index_entries());
        }
        let Some(first) = rows.first() else { return };
        if let Some(id) = keys::parse_ticket(&first.key) {
            match ticket::check(id, rows, settings, &mut self.findings) {
                Some(facts) => drop(self.tickets.insert(id, facts)),
                None => drop(self.unreadable.insert(id)),
            }
            return;
        }
        for row in rows {
            if !self.row(row) {
                let detail = "nothing here writes such a row";
                self.find(Kind::UnknownRow, place(&row.key), detail);
            }
        }
    }

    /// Takes in a row that is none of a ticket's; says whether it is a known one.
    fn row(&mut self, row: &Row) -> bool {
        let Key { pk, sk } = &row.key;
        let (kind, rest) = pk.split_once('#').unwrap_or((pk, ""));
        match (kind, sk.as_str()) {
            ("COUNTER", "COUNTER") => self.taken = whole(row, "taken"),
            ("COUNTER", "AUDITED") => {
                self.accounted = whole(row, "accounted");
                self.seen = whole(row, "seen");
                let seen_at = row.number("seen_at");
                self.seen_at = seen_at.and_then(|at| Timestamp::from_millisecond(at).ok());
            }
            ("NUMBER", "NUMBER") => {
                let Ok(number) = rest.parse() else {
                    return false;
                };
                let ticket = row.text("ticket").and_then(|id| id.parse().ok());
                if ticket.is_none() && row.text("void_since").is_none() {
                    let detail = "it is neither a ticket's nor void";
                    self.find(Kind::NumberDiffers, TicketNumber(number), detail);
                }
                self.numbers.insert(number, ticket);
            }
            ("IDEMPOTENCY", "IDEMPOTENCY") => {
                if let Some(ticket) = row.text("ticket") {
                    match ticket.parse() {
                        Ok(id) => {
                            let version = whole(row, "version");
                            self.replays.push((row.key.clone(), id, version));
                        }
                        Err(_) => return false,
                    }
                }
            }
            ("AGENT", "LOAD") => {
                let open = row.number("open").unwrap_or(0);
                self.loads.insert(rest.to_owned(), open);
            }
            ("MAIL", "MAIL") => {
                let ticket = row.text("ticket").and_then(|id| id.parse().ok());
                let effect = row
                    .text("effect")
                    .and_then(|e| Effect::try_from(e.to_owned()).ok());
                let (Some(ticket), Some(effect)) = (ticket, effect) else {
                    return false;
                };
                let key = (ticket, whole(row, "seq"), effect);
                *self.sent.entry(key).or_default() += 1;
            }
            ("INBOUND", "MAIL") => match row.doc::<MailRecord>() {
                Ok(record) => drop(self.records.insert(record.id.clone(), record)),
                Err(error) => self.find(Kind::UnreadableRow, place(&row.key), chain(&error)),
            },
            ("INBOUND", "ANSWER") => {
                let Some(mail) = keys::parse_answer(&row.key) else {
                    return false;
                };
                let shard = keys::due_partition(DueKind::Outbox, keys::mail_shard(&mail));
                let since = row.text("due_sk").and_then(|sort| sort.split('#').next());
                let since = since.filter(|_| row.text("due_pk") == Some(shard.as_str()));
                self.answers
                    .push((mail, since.and_then(|time| time.parse().ok())));
            }
            ("MAILDAY", _) => drop(self.days.insert((pk.clone(), sk.clone()))),
            ("MESSAGEID", "MESSAGEID") => {
                let mail = row.text("mail").unwrap_or_default().to_owned();
                self.seals.push((row.key.clone(), mail));
            }
            ("THREAD", "TICKET") => {
                let ticket = row.text("ticket").and_then(|id| id.parse().ok());
                let mail = row.text("mail").unwrap_or_default().to_owned();
                self.threads.push((row.key.clone(), ticket, mail));
            }
            ("HOLDER", "ACCOUNTS") => return self.holder(row),
            ("REVIEWS", "NEXT") => {
                self.is_gone_through = true;
                self.due_of_review(row);
            }
            ("REVIEW", _) => return self.review(row),
            ("CATALOG", _) => return self.catalogue(row),
            ("GIVENUP", _) => self.given_up += 1,
            ("PRESENCE", _) => return self.presence(row, rest),
            ("PERSON", "PREFERENCES") => {
                if let Err(error) = row.doc::<Preferences>() {
                    self.find(Kind::UnreadableRow, place(&row.key), chain(&error));
                }
            }
            ("SENDER", "COUNT") | ("SUPPRESSED", "SUPPRESSED") | ("SESSION", "SESSION") => {}
            (_, _) => return false,
        }
        true
    }

    /// That somebody is at a ticket: it stands under his own name.
    fn presence(&mut self, row: &Row, ticket: &str) -> bool {
        let Ok(id) = ticket.parse() else {
            return false;
        };
        match row.doc::<Sign>() {
            Ok(sign) => row.key == keys::presence(id, &sign.person.email),
            Err(error) => {
                self.find(Kind::UnreadableRow, place(&row.key), chain(&error));
                true
            }
        }
    }

    /// A person of the matrix: under his own key, at the version that he says.
    fn holder(&mut self, row: &Row) -> bool {
        let holder = match row.doc::<Holder>() {
            Ok(holder) => holder,
            Err(error) => {
                self.find(Kind::UnreadableRow, place(&row.key), chain(&error));
                return true;
            }
        };
        if row.key != keys::holder(&holder.id) {
            return false;
        }
        let version = row
            .number("version")
            .and_then(|version| u64::try_from(version).ok());
        let stands = places(&holder);
        let names = INDEXES.iter().flat_map(|(_, pk, sk)| [*pk, *sk]);
        let is_listed = |name| row.text(name) == stands.get(name).map(String::as_str);
        if version != Some(holder.version) || !names.into_iter().all(is_listed) {
            let detail = "its row and its document do not say the same";
            self.find(Kind::AccountsDiffer, place(&row.key), detail);
        }
        self.holders.insert(holder.id.clone(), holder);
        true
    }

    /// When somebody looks at a row of a review.
    fn due_of_review(&mut self, row: &Row) {
        if row.text("due_pk").is_some() {
            let at = row.text("due_sk").and_then(|sort| sort.split('#').next());
            let at = at.and_then(|time| time.parse().ok());
            self.reviews_due.push((row.key.clone(), at));
        }
    }

    /// A row of a quarter's reviews: what was asked for, a chief's, or whom it is told.
    fn review(&mut self, row: &Row) -> bool {
        self.due_of_review(row);
        if let Some(key) = keys::parse_review(&row.key) {
            match row.doc::<Review>() {
                Ok(review) if (review.quarter, review.chief.email.clone()) == key => {
                    self.reviews.push(review);
                }
                Ok(_) => return false,
                Err(error) => self.find(Kind::UnreadableRow, place(&row.key), chain(&error)),
            }
            return true;
        }
        if keys::parse_review_notice(&row.key).is_some() {
            return true;
        }
        match row.doc::<Asked>() {
            Ok(asked) => row.key == keys::review_quarter(asked.quarter),
            Err(error) => {
                self.find(Kind::UnreadableRow, place(&row.key), chain(&error));
                true
            }
        }
    }

    /// What ends is asked to be disabled, or will be; what was signed is what was signed, and
    /// carried out.
    fn ends_and_reviews(&mut self, settings: &Settings) {
        let mut found = Vec::new();
        let numbers: BTreeSet<_> = self.tickets.values().map(|facts| facts.number).collect();
        let is_missing =
            |number: &TicketNumber| self.unreadable.is_empty() && !numbers.contains(number);
        let is_late = |at: Timestamp| settings.is_old(at + SWEPT);
        if let Some(catalogue) = self.catalogue_now() {
            for holder in self.holders.values() {
                let expected = holder.closes(&catalogue).map(|closing| closing.end);
                let armed = holder.closing.map(|closing| closing.end);
                if expected != armed {
                    let detail =
                        format!("its accounts end {expected:?}, and it waits for {armed:?}");
                    found.push(Finding::new(Kind::EndNotArmed, &holder.id, detail));
                }
            }
        }
        for holder in self.holders.values() {
            if let Some(closing) = holder.closing.filter(|closing| is_late(closing.at)) {
                let detail = format!("it was to be looked at since {}", closing.at);
                found.push(Finding::new(Kind::EndOverdue, &holder.id, detail));
            }
            let asked = holder.asked.iter().map(|asked| asked.ticket);
            let reviewed = holder.reviewed.iter().filter_map(|mark| mark.ticket);
            for number in asked.chain(reviewed).filter(is_missing) {
                let detail = format!("there is no ticket {number}");
                found.push(Finding::new(Kind::AccountsDiffer, &holder.id, detail));
            }
        }
        if !self.is_gone_through && !self.holders.is_empty() {
            let detail = "nobody goes through the matrix";
            found.push(Finding::new(Kind::ReviewStuck, "REVIEWS / NEXT", detail));
        }
        for (key, at) in &self.reviews_due {
            if at.is_none_or(is_late) {
                let detail = format!("since {at:?}");
                found.push(Finding::new(Kind::ReviewStuck, place(key), detail));
            }
        }
        for review in &self.reviews {
            let key = keys::review(review.quarter, &review.chief.email);
            let Some(signed) = &review.signed else {
                continue;
            };
            if signed.sha256 != digest(review.quarter, &review.chief.email, &signed.accounts) {
                let detail = "its digest is another one's";
                found.push(Finding::new(Kind::ReviewDiffers, place(&key), detail));
            }
            // What is still under way is told above, once it takes too long.
            if self.reviews_due.iter().any(|(due, _)| *due == key) {
                continue;
            }
            for id in review.people() {
                let holder = self.holders.get(&id);
                let is_done = holder.is_none_or(|holder| {
                    let mut marks = holder.reviewed.iter();
                    let of_it = |mark: &ReviewMark| {
                        mark.quarter == review.quarter && mark.chief == review.chief.email
                    };
                    marks.any(of_it)
                });
                if !is_done {
                    let detail = format!("nothing was done to {id}");
                    found.push(Finding::new(Kind::ReviewStuck, place(&key), detail));
                }
            }
        }
        self.findings.append(&mut found);
    }

    /// What signed forms granted is in the matrix, and nothing else is.
    fn accounts(&mut self) {
        let mut found = Vec::new();
        let numbers: BTreeSet<_> = self.tickets.values().map(|facts| facts.number).collect();
        for facts in self.tickets.values() {
            for Granted {
                holder,
                system,
                username,
            } in &facts.granted
            {
                let holder = self.holders.get(holder);
                let has = holder.is_some_and(|holder| {
                    let mut accounts = holder.accounts.iter();
                    accounts.any(|account| {
                        account.system == *system && account.username.eq_ignore_ascii_case(username)
                    })
                });
                if !has {
                    let detail = format!("its account in {system} is not in the matrix");
                    found.push(Finding::new(Kind::AccountsDiffer, facts.id, detail));
                }
            }
        }
        // Of a ticket that cannot be read nobody knows what it granted.
        if self.unreadable.is_empty() {
            for holder in self.holders.values() {
                let unfounded = |number: &TicketNumber| !numbers.contains(number);
                if holder
                    .accounts
                    .iter()
                    .map(|account| &account.granted_by)
                    .any(unfounded)
                {
                    let detail = "an account that no form granted";
                    found.push(Finding::new(Kind::AccountsDiffer, &holder.id, detail));
                }
            }
        }
        self.findings.append(&mut found);
    }

    fn catalogue(&mut self, row: &Row) -> bool {
        if let Some(version) = keys::parse_hand_over(&row.key) {
            if let Err(error) = row.doc::<Vec<EmailAddress>>() {
                self.find(Kind::UnreadableRow, place(&row.key), chain(&error));
            }
            let since = row.text("due_sk").and_then(|time| time.parse().ok());
            self.hand_overs.push((version, since));
            return true;
        }
        let read = row.doc::<CatalogueDocument>().map_err(|e| chain(&e));
        let read = read.and_then(|document| {
            Catalogue::new(document)
                .map(|_| ())
                .map_err(|e| format!("{e:?}"))
        });
        if let Err(reason) = read {
            self.find(Kind::UnreadableRow, place(&row.key), reason);
            return true;
        }
        let version = row.number("version").unwrap_or(0);
        let text = row.doc_text().unwrap_or_default();
        if row.key == keys::catalogue_current() {
            self.in_force = Some((version, text));
            return true;
        }
        let named = u64::try_from(version).map(keys::catalogue_version);
        self.catalogues.insert(version, text);
        named.as_ref() == Ok(&row.key)
    }

    /// Holds everything that was taken in against each other, and against the
    /// indexes and the buckets. Gives what was found.
    pub(crate) fn close(
        mut self,
        index_entries: &[IndexEntry],
        raw_mails: &[Object],
        uploads: &[Object],
        files: &[Object],
        settings: &Settings,
    ) -> Self {
        self.numbers(settings);
        self.loads();
        self.mails_sent();
        self.mails_received(raw_mails, settings);
        self.idempotency();
        self.files(uploads, files, settings);
        self.catalogue_in_force();
        self.accounts();
        self.ends_and_reviews(settings);
        self.charges(settings);
        self.indexes(index_entries);
        self.findings.sort();
        self
    }

    fn numbers(&mut self, settings: &Settings) {
        let mut found = Vec::new();
        let mut find = |kind, place: String, detail: String| {
            found.push(Finding::new(kind, place, detail));
        };
        for facts in self.tickets.values() {
            let detail = match self.numbers.get(&facts.number.0) {
                Some(Some(id)) if *id == facts.id => continue,
                Some(Some(id)) => format!("{} stands for {id}", facts.number),
                Some(None) => format!("{} is void", facts.number),
                None => format!("{} stands for nothing", facts.number),
            };
            find(Kind::NumberDiffers, facts.id.to_string(), detail);
        }
        for (number, ticket) in &self.numbers {
            if let Some(id) = ticket
                && !self.tickets.contains_key(id)
                && !self.unreadable.contains(id)
            {
                let place = TicketNumber(*number).to_string();
                find(
                    Kind::NumberDiffers,
                    place,
                    format!("there is no ticket {id}"),
                );
            }
            if *number > self.taken {
                let detail = format!("the counter is at {}", self.taken);
                find(
                    Kind::CounterBehind,
                    TicketNumber(*number).to_string(),
                    detail,
                );
            }
        }
        for (what, value) in [("accounted", self.accounted), ("seen", self.seen)] {
            if value > self.taken {
                let detail = format!("{what} is {value}, the counter is at {}", self.taken);
                find(Kind::CounterBehind, "COUNTER / AUDITED".to_owned(), detail);
            }
        }
        // What was taken a moment ago may be a ticket in a moment.
        let noted = self.seen_at.is_some_and(|at| settings.is_old(at));
        let upto = if noted { self.seen } else { self.accounted };
        for number in 1..=upto.min(self.taken) {
            if !self.numbers.contains_key(&number) {
                let detail = "it is neither a ticket's nor void".to_owned();
                find(
                    Kind::NumberUnaccounted,
                    TicketNumber(number).to_string(),
                    detail,
                );
            }
        }
        self.findings.extend(found);
    }

    fn loads(&mut self) {
        let mut counted: BTreeMap<String, i64> = BTreeMap::new();
        for facts in self.tickets.values() {
            if let Some(agent) = &facts.loads {
                *counted.entry(agent.to_string()).or_default() += 1;
            }
        }
        // Of a ticket that cannot be read nobody knows whose it is.
        if !self.unreadable.is_empty() {
            return;
        }
        let agents: BTreeSet<_> = counted.keys().chain(self.loads.keys()).cloned().collect();
        for agent in agents {
            let is = self.loads.get(&agent).copied().unwrap_or(0);
            let should = counted.get(&agent).copied().unwrap_or(0);
            if is != should {
                let detail = format!("{is} on record, {should} open tickets");
                self.find(Kind::LoadDiffers, agent, detail);
            }
        }
    }

    fn mails_sent(&mut self) {
        let mut found = Vec::new();
        for facts in self.tickets.values() {
            for (seq, effect) in &facts.due {
                if !self.sent.contains_key(&(facts.id, *seq, *effect)) {
                    let detail = format!("event {seq} owes {effect}");
                    found.push(Finding::new(Kind::MailNotSent, facts.id, detail));
                }
            }
        }
        for ((id, seq, effect), times) in &self.sent {
            let detail = format!("event {seq}, {effect}");
            if *times > 1 {
                let detail = format!("{detail}: {times} times");
                found.push(Finding::new(Kind::MailTwice, id, detail));
            }
            let owed = self.tickets.get(id).map(|facts| &facts.owed);
            if !self.unreadable.contains(id)
                && owed.is_none_or(|owed| !owed.contains(&(*seq, *effect)))
            {
                found.push(Finding::new(Kind::MailUnfounded, id, detail));
            }
        }
        self.findings.extend(found);
    }

    fn mails_received(&mut self, raw_mails: &[Object], settings: &Settings) {
        let mut found = Vec::new();
        let objects: HashSet<&str> = raw_mails.iter().map(|o| o.key.as_str()).collect();
        let places = |record: &MailRecord| {
            let kept = kept_mail(&record.id, record.received_at);
            [raw_mail(&record.id), kept]
        };
        for object in raw_mails {
            let Some(id) = mail_of_object(&object.key) else {
                continue;
            };
            let record = self.records.get(&id);
            let is_recorded = record.is_some_and(|record| places(record).contains(&object.key));
            if !is_recorded && settings.is_old(object.written_at) {
                let detail = format!("it came at {}", object.written_at);
                found.push(Finding::new(Kind::MailUnrecorded, &object.key, detail));
            }
        }
        let mut days = self.days.clone();
        for record in self.records.values() {
            let [raw, kept] = places(record);
            if !objects.contains(raw.as_str()) && !objects.contains(kept.as_str()) {
                let detail = format!("{kept} is not in the bucket");
                found.push(Finding::new(Kind::RawMailMissing, &record.id, detail));
            }
            let day = keys::mail_of_day(record);
            if !days.remove(&(day.pk.clone(), day.sk.clone())) {
                let detail = format!("{} is missing", place(&day));
                found.push(Finding::new(Kind::MailDayDiffers, &record.id, detail));
            }
            for link in links(record) {
                let known = self.tickets.get(&link.id);
                if !self.unreadable.contains(&link.id)
                    && known.is_none_or(|facts| !facts.mails.contains(&record.id))
                {
                    let detail = format!("no event of {} came by it", link.id);
                    found.push(Finding::new(Kind::MailEventDiffers, &record.id, detail));
                }
            }
        }
        for (pk, sk) in days {
            let detail = "there is no such mail, or it had another outcome";
            let place = format!("{pk} / {sk}");
            found.push(Finding::new(Kind::MailDayDiffers, place, detail));
        }
        for facts in self.tickets.values() {
            for mail in &facts.mails {
                if !self.records.contains_key(mail) {
                    let detail = format!("an event came by mail {mail}, which is not on record");
                    found.push(Finding::new(Kind::MailEventDiffers, facts.id, detail));
                }
            }
        }
        for (key, mail) in &self.seals {
            let known = MailId::parse(mail).is_some_and(|id| self.records.contains_key(&id));
            if !known {
                let detail = format!("mail {mail} is not on record");
                found.push(Finding::new(Kind::SealDangling, place(key), detail));
            }
        }
        for (key, ticket, mail) in &self.threads {
            let record = MailId::parse(mail).and_then(|id| self.records.get(&id));
            let known = ticket.is_some_and(|id| self.tickets.contains_key(&id));
            let holds = known
                && record.is_some_and(|record| {
                    record.message_id.as_deref() == key.pk.strip_prefix("THREAD#")
                });
            if !holds {
                let detail = format!("mail {mail} is not on record of it");
                found.push(Finding::new(Kind::ThreadDangling, place(key), detail));
            }
        }
        for (mail, since) in &self.answers {
            let detail = match since {
                _ if !self.records.contains_key(mail) => "there is no such mail".to_owned(),
                None => "the sweep does not find it".to_owned(),
                Some(since) if settings.is_old(*since) => format!("it waits since {since}"),
                Some(_) => continue,
            };
            found.push(Finding::new(Kind::AnswerStuck, mail, detail));
        }
        self.findings.extend(found);
    }

    fn idempotency(&mut self) {
        let mut found = Vec::new();
        for (key, id, version) in &self.replays {
            let detail = match self.tickets.get(id) {
                Some(facts) if *version <= facts.version && *version > 0 => continue,
                Some(facts) => format!("version {version} of {id}, which is at {}", facts.version),
                None if self.unreadable.contains(id) => continue,
                None => format!("there is no ticket {id}"),
            };
            found.push(Finding::new(Kind::IdempotencyDangling, place(key), detail));
        }
        self.findings.extend(found);
    }

    fn files(&mut self, uploads: &[Object], objects: &[Object], settings: &Settings) {
        let mut found = Vec::new();
        let sizes: HashMap<&str, u64> = objects.iter().map(|o| (o.key.as_str(), o.size)).collect();
        // Whoever died over one may attach it yet; then it is removed.
        let begun = uploads
            .iter()
            .filter(|upload| upload.written_at > settings.now - 2 * KEPT)
            .filter_map(|upload| marked(&upload.key))
            .map(|(ticket, id)| attachment_key(ticket, &id.to_string()));
        let begun: HashSet<String> = begun.collect();
        let mut named: HashSet<&str> = begun.iter().map(String::as_str).collect();
        for facts in self.tickets.values() {
            for (key, size) in &facts.files {
                named.insert(key.as_str());
                match sizes.get(key.as_str()) {
                    None => {
                        found.push(Finding::new(Kind::FileMissing, key, "it is not there"));
                    }
                    Some(is) if is != size => {
                        let detail = format!("{is} bytes, not {size}");
                        found.push(Finding::new(Kind::FileDiffers, key, detail));
                    }
                    Some(_) => {}
                }
            }
        }
        for object in objects {
            let ticket = object.key.split('/').nth(1).and_then(|id| id.parse().ok());
            let unread = ticket.is_some_and(|id| self.unreadable.contains(&id));
            if !named.contains(object.key.as_str()) && !unread && settings.is_old(object.written_at)
            {
                let detail = format!("written at {}", object.written_at);
                found.push(Finding::new(Kind::FileOrphan, &object.key, detail));
            }
        }
        self.findings.extend(found);
    }

    fn catalogue_in_force(&mut self) {
        let latest = self.catalogues.keys().next_back().copied();
        let detail = match &self.in_force {
            None if latest.is_none() => return,
            None => "versions are kept, and none is in force".to_owned(),
            Some((version, text)) => match self.catalogues.get(version) {
                Some(kept) if kept == text && latest == Some(*version) => return,
                Some(kept) if kept == text => format!("version {version} is not the latest"),
                Some(_) => format!("version {version} was kept otherwise"),
                None => format!("version {version} is not kept"),
            },
        };
        self.find(Kind::CatalogueDiffers, "CATALOG / CURRENT", detail);
    }

    /// The catalogue in force, where it can be read.
    fn catalogue_now(&self) -> Option<Catalogue> {
        match &self.in_force {
            None => Catalogue::shipped().ok(),
            Some((_, text)) => serde_json::from_str(text)
                .ok()
                .and_then(|document| Catalogue::new(document).ok()),
        }
    }

    /// Whoever has an open ticket is still there to have it.
    fn charges(&mut self, settings: &Settings) {
        let mut found = Vec::new();
        for (version, since) in &self.hand_overs {
            if since.is_none_or(|since| settings.is_old(since + HAND_OVER)) {
                let detail = format!("since {since:?}");
                let place = format!("CATALOG / version {version}");
                found.push(Finding::new(Kind::HandOverStuck, place, detail));
            }
        }
        // What cannot be read is said already; and what is under way is not late.
        let Some(catalogue) = self.catalogue_now().filter(|_| self.hand_overs.is_empty()) else {
            self.findings.extend(found);
            return;
        };
        let tickets = self.tickets.values();
        for facts in tickets.filter(|facts| settings.is_old(facts.charge.since)) {
            let charge = &facts.charge;
            let entry = |email: &EmailAddress| catalogue.person(email);
            let agent = charge
                .agent
                .as_ref()
                .filter(|email| !entry(email).is_some_and(|entry| entry.works_for(&charge.team)));
            let officer = charge
                .officer
                .as_ref()
                .filter(|email| !entry(email).is_some_and(DirectoryEntry::is_technology));
            for who in agent.into_iter().chain(officer) {
                let detail = format!("{who} has it");
                found.push(Finding::new(Kind::NobodyThere, facts.id, detail));
            }
        }
        self.findings.extend(found);
    }

    fn indexes(&mut self, index_entries: &[IndexEntry]) {
        let is: HashSet<&IndexEntry> = index_entries.iter().collect();
        let mut found = Vec::new();
        for entry in self.entries.iter().filter(|entry| !is.contains(entry)) {
            found.push((entry.clone(), "the index does not have it"));
        }
        for entry in index_entries.iter().filter(|e| !self.entries.contains(*e)) {
            found.push((entry.clone(), "no row says so"));
        }
        for (entry, detail) in found {
            let IndexEntry {
                index,
                partition,
                sort,
                pk,
                sk,
            } = &entry;
            let detail = format!("{index}: {partition} / {sort}: {detail}");
            self.find(Kind::IndexStale, format!("{pk} / {sk}"), detail);
        }
    }
}

fn whole(row: &Row, name: &str) -> u64 {
    row.number(name)
        .and_then(|n| u64::try_from(n).ok())
        .unwrap_or(0)
}

/// The tickets whose histories have to know of a mail.
fn links(record: &MailRecord) -> Vec<&Link> {
    let outcome = match &record.outcome {
        MailOutcome::Ticket { ticket } | MailOutcome::FollowUp { ticket, .. } => Some(ticket),
        MailOutcome::Filed { ticket, .. } => ticket.as_ref(),
        MailOutcome::Refused { .. } | MailOutcome::Duplicate { .. } => None,
    };
    let accepted = record.accepted.as_ref().map(|a| &a.ticket);
    outcome.into_iter().chain(accepted).collect()
}
