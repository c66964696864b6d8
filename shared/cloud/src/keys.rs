//! The keys of the table, built here alone. See ARCHITECTURE.md for the access
//! patterns that each of them serves.

use jiff::Timestamp;
use jiff::civil::Date;
use types::effects::{Effect, QueueName};
use types::format::accounts::{Holder, HolderId};
use types::format::turn::Party;
use types::ids::{EmailAddress, MailId, TeamId, TicketId, TicketNumber};
use types::mail::MailRecord;
use types::quarter::Quarter;
use types::ticket::{Place, Status, Timer};

/// Partitions of the `due` index for one kind of row. Each takes 1,000 writes a
/// second; a sweep asks each of them once.
pub const SHARDS: u8 = 4;

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub pk: String,
    pub sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Key {
            pk: pk.into(),
            sk: sk.into(),
        }
    }
}

/// All that belongs to a ticket: itself, its events and what it owes.
pub fn ticket_partition(id: TicketId) -> String {
    format!("TICKET#{id}")
}

pub fn ticket(id: TicketId) -> Key {
    Key::new(ticket_partition(id), "TICKET")
}

/// The prefix that all events of a ticket share.
pub const EVENT_PREFIX: &str = "EVENT#";

/// The last sequence number that sorts as text; no ticket comes near it.
pub const LAST_EVENT: u64 = 99_999_999;

pub fn event(id: TicketId, seq: u64) -> Key {
    Key::new(ticket_partition(id), event_sort(seq))
}

pub fn event_sort(seq: u64) -> String {
    format!("{EVENT_PREFIX}{:08}", seq.min(LAST_EVENT))
}

/// The prefix that all outbox rows of a ticket share.
pub const OUTBOX_PREFIX: &str = "OUTBOX#";

pub fn outbox(id: TicketId, seq: u64, effect: Effect) -> Key {
    Key::new(
        ticket_partition(id),
        format!("{OUTBOX_PREFIX}{seq:08}#{effect}"),
    )
}

/// The outbox row that a key names.
pub fn parse_outbox(key: &Key) -> Option<(TicketId, u64, Effect)> {
    parse_effect(key, OUTBOX_PREFIX)
}

/// The event and effect that a key of a ticket's partition names.
pub fn parse_effect(key: &Key, prefix: &str) -> Option<(TicketId, u64, Effect)> {
    let id = parse_ticket(key)?;
    let (seq, effect) = key.sk.strip_prefix(prefix)?.split_once('#')?;
    Some((
        id,
        seq.parse().ok()?,
        Effect::try_from(effect.to_owned()).ok()?,
    ))
}

/// The prefix that all of a ticket's mails share that were owed and not sent.
pub const UNSENT_PREFIX: &str = "UNSENT#";

/// A mail that was owed and, for a reason on record, not sent.
pub fn unsent(id: TicketId, seq: u64, effect: Effect) -> Key {
    Key::new(
        ticket_partition(id),
        format!("{UNSENT_PREFIX}{seq:08}#{effect}"),
    )
}

/// The prefix that the rows of all who are copied on a ticket share.
pub const OBSERVER_PREFIX: &str = "OBSERVER#";

/// That somebody is copied on a ticket: he finds it among what he asked for himself.
pub fn observer(id: TicketId, email: &EmailAddress) -> Key {
    Key::new(ticket_partition(id), format!("{OBSERVER_PREFIX}{email}"))
}

/// The prefix that the rows of all share whom a ticket's formats wait for.
pub const AWAITED_PREFIX: &str = "AWAITS#";

/// That a format of a ticket waits for somebody: he finds it in his list.
pub fn awaited(id: TicketId, party: &Party) -> Key {
    Key::new(ticket_partition(id), awaited_partition(party))
}

/// Index `requester`: the tickets with a format that waits for somebody.
pub fn awaited_partition(party: &Party) -> String {
    match party {
        Party::Office(role) => format!("{AWAITED_PREFIX}{}", role.as_str()),
        Party::Person(email) => format!("{AWAITED_PREFIX}{email}"),
    }
}

/// A person of the matrix, with his accounts (A3-FO-11).
pub fn holder(id: &HolderId) -> Key {
    Key::new(format!("HOLDER#{id}"), "ACCOUNTS")
}

/// Index `requester`: everybody of the matrix, by their keys.
pub const HOLDERS: &str = "HOLDERS";

/// The person that a key of [`holder`] names.
pub fn parse_holder(key: &Key) -> Option<HolderId> {
    let id = key.pk.strip_prefix("HOLDER#")?;
    (key.sk == "ACCOUNTS").then(|| HolderId(id.to_owned()))
}

/// The shard of a person's timer.
pub fn holder_shard(id: &HolderId) -> u8 {
    id.0.bytes().fold(0u8, u8::wrapping_add) % SHARDS
}

/// The timer of a person's end.
pub fn holder_sort(at: Timestamp, id: &HolderId) -> String {
    format!("{}#{id}", sortable(at))
}

/// Index `assignee`: the people of a chief.
pub fn chief_partition(chief: &EmailAddress) -> String {
    format!("{CHIEF_PREFIX}{chief}")
}

/// Where a person stands among a chief's people: those who have no active account any more
/// come first, by when they lost the last one.
pub fn chief_sort(holder: &Holder) -> String {
    let last = holder
        .accounts
        .iter()
        .filter_map(|account| account.disabled.as_ref())
        .map(|disabled| disabled.at)
        .max();
    match (holder.active().next(), last) {
        (None, Some(last)) => past_sort(last, &holder.id.0),
        (Some(_), _) | (None, None) => format!("1#{}", holder.id),
    }
}

/// Where those stand who have lost their last account since a time.
pub fn past_sort(since: Timestamp, id: &str) -> String {
    format!("0#{}#{id}", sortable(since))
}

/// The partition of a quarter's reviews.
pub fn review_partition(quarter: Quarter) -> String {
    format!("{REVIEW_PREFIX}{quarter}")
}

const REVIEW_PREFIX: &str = "REVIEW#";

/// The prefix of what belongs to a chief.
pub const CHIEF_PREFIX: &str = "CHIEF#";

const NOTICE_PREFIX: &str = "NOTICE#";

/// What a chief decides on in a quarter.
pub fn review(quarter: Quarter, chief: &EmailAddress) -> Key {
    Key::new(review_partition(quarter), format!("{CHIEF_PREFIX}{chief}"))
}

/// The review that a key of [`review`] names.
pub fn parse_review(key: &Key) -> Option<(Quarter, EmailAddress)> {
    let quarter = key.pk.strip_prefix(REVIEW_PREFIX)?.parse().ok()?;
    let chief = EmailAddress::parse(key.sk.strip_prefix(CHIEF_PREFIX)?).ok()?;
    Some((quarter, chief))
}

/// That a quarter's reviews were asked for.
pub fn review_quarter(quarter: Quarter) -> Key {
    Key::new(review_partition(quarter), "QUARTER")
}

/// What somebody is still to be told of a review: its chief, or the coordinators of all.
pub fn review_notice(quarter: Quarter, chief: Option<&EmailAddress>) -> Key {
    let chief = chief.map(EmailAddress::as_str).unwrap_or_default();
    Key::new(review_partition(quarter), format!("{NOTICE_PREFIX}{chief}"))
}

/// The notice that a key of [`review_notice`] names.
pub fn parse_review_notice(key: &Key) -> Option<(Quarter, Option<EmailAddress>)> {
    let quarter = key.pk.strip_prefix(REVIEW_PREFIX)?.parse().ok()?;
    match key.sk.strip_prefix(NOTICE_PREFIX)? {
        "" => Some((quarter, None)),
        chief => Some((quarter, Some(EmailAddress::parse(chief).ok()?))),
    }
}

/// A timer of a review.
pub fn review_sort(at: Timestamp, quarter: Quarter, chief: Option<&EmailAddress>) -> String {
    let chief = chief.map(EmailAddress::as_str).unwrap_or_default();
    format!("{}#{quarter}#{chief}", sortable(at))
}

/// When the matrix is gone through next.
pub fn reviews_next() -> Key {
    Key::new("REVIEWS", "NEXT")
}

/// The timer of that.
pub fn reviews_sort(at: Timestamp) -> String {
    format!("{}#REVIEWS", sortable(at))
}

/// A message that its consumer gave up on: it is among the dead letters.
pub fn given_up(queue: &str, at: Timestamp, message_id: &str) -> Key {
    Key::new(
        given_up_partition(queue),
        format!("{}#{message_id}", sortable(at)),
    )
}

/// The partition of what was given up on a queue.
pub fn given_up_partition(queue: &str) -> String {
    format!("{GIVEN_UP_PREFIX}{queue}")
}

/// The prefix of every partition of what was given up.
pub const GIVEN_UP_PREFIX: &str = "GIVENUP#";

/// The ticket that a key belongs to.
pub fn parse_ticket(key: &Key) -> Option<TicketId> {
    key.pk.strip_prefix("TICKET#")?.parse().ok()
}

/// What a number stands for: a ticket, or nothing (a void).
pub fn number(number: TicketNumber) -> Key {
    Key::new(format!("NUMBER#{}", number.0), "NUMBER")
}

/// The last number taken.
pub fn counter() -> Key {
    Key::new("COUNTER", "COUNTER")
}

/// How far the sweep has accounted for numbers.
pub fn numbers_audited() -> Key {
    Key::new("COUNTER", "AUDITED")
}

/// `scope` keeps one caller's keys apart from another's.
pub fn idempotency(scope: &str, key: &str) -> Key {
    Key::new(format!("IDEMPOTENCY#{scope}#{key}"), "IDEMPOTENCY")
}

/// What an agent has on his hands.
pub fn agent(email: &EmailAddress) -> Key {
    Key::new(format!("AGENT#{email}"), "LOAD")
}

/// A mail that SES took, by the id that SES gave it.
pub fn mail(message_id: &str) -> Key {
    Key::new(format!("MAIL#{message_id}"), "MAIL")
}

/// A mail that came in, by the id that SES gave it.
pub fn inbound(id: &MailId) -> Key {
    Key::new(format!("INBOUND#{id}"), "MAIL")
}

/// The answer that a refused mail's sender still is to get.
pub fn answer(id: &MailId) -> Key {
    Key::new(format!("INBOUND#{id}"), "ANSWER")
}

/// The partition of a day's mails.
pub fn mail_day(day: Date) -> String {
    format!("MAILDAY#{day}")
}

/// A mail among those of its day: by outcome, and in the order of time.
pub fn mail_of_day(record: &MailRecord) -> Key {
    let at = sortable(record.received_at);
    Key::new(
        mail_day(types::mail::day(record.received_at)),
        format!("{}#{at}#{}", record.outcome.word(), record.id),
    )
}

/// The mail that a key of [`mail_of_day`] names.
pub fn parse_mail_of_day(key: &Key) -> Option<MailId> {
    key.sk
        .rsplit_once('#')
        .and_then(|(_, id)| MailId::parse(id))
}

/// A Message-ID that was seen; `seal` stands for it and its sender.
pub fn message_id(seal: &str) -> Key {
    Key::new(format!("MESSAGEID#{seal}"), "MESSAGEID")
}

/// The ticket that a mail which came in is on record of, by its Message-ID: whatever
/// answers it belongs there.
pub fn thread(message_id: &str) -> Key {
    Key::new(format!("THREAD#{message_id}"), "TICKET")
}

/// How many mails of a sender were taken in an hour; `what` keeps one count
/// apart from another.
pub fn sender_hour(what: &str, email: &EmailAddress, at: Timestamp) -> Key {
    let hour = at.strftime("%Y-%m-%dT%H");
    Key::new(format!("SENDER#{what}#{email}#{hour}"), "COUNT")
}

/// An address that gets no more mail.
pub fn suppressed(email: &EmailAddress) -> Key {
    Key::new(format!("SUPPRESSED#{email}"), "SUPPRESSED")
}

/// The mail whose answer a key names.
pub fn parse_answer(key: &Key) -> Option<MailId> {
    let id = key.pk.strip_prefix("INBOUND#")?;
    (key.sk == "ANSWER").then(|| MailId::parse(id))?
}

/// The shard of a mail's answer.
pub fn mail_shard(id: &MailId) -> u8 {
    id.0.bytes().fold(0u8, u8::wrapping_add) % SHARDS
}

/// A session of the pages, by the digest of its cookie's value.
pub fn session(digest: &str) -> Key {
    Key::new(format!("SESSION#{digest}"), "SESSION")
}

/// Who is at a ticket: a row for each person.
pub fn presence_partition(id: TicketId) -> String {
    format!("PRESENCE#{id}")
}

/// That somebody is at a ticket.
pub fn presence(id: TicketId, email: &EmailAddress) -> Key {
    Key::new(presence_partition(id), email.as_str())
}

/// What somebody has set up for himself.
pub fn preferences(email: &EmailAddress) -> Key {
    Key::new(format!("PERSON#{email}"), "PREFERENCES")
}

/// The partition of the catalogue's versions.
pub const CATALOGUE: &str = "CATALOG";

pub fn catalogue_current() -> Key {
    Key::new(CATALOGUE, "CURRENT")
}

pub fn catalogue_version(version: u64) -> Key {
    Key::new(CATALOGUE, format!("VERSION#{version:08}"))
}

/// The prefix of what versions of the catalogue leave to do.
const HAND_OVER: &str = "HANDOVER#";

/// That a version changed who is there, until their requests have been looked at.
pub fn hand_over(version: u64) -> Key {
    Key::new(CATALOGUE, format!("{HAND_OVER}{version:08}"))
}

/// The version that a key of [`hand_over`] names.
pub fn parse_hand_over(key: &Key) -> Option<u64> {
    let version = key.sk.strip_prefix(HAND_OVER)?;
    (key.pk == CATALOGUE).then(|| version.parse().ok())?
}

/// A time as it sorts in a key: always with milliseconds.
pub fn sortable(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A time and a ticket: unique, and in the order of time.
pub fn time_sort(time: Timestamp, id: TicketId) -> String {
    format!("{}#{id}", sortable(time))
}

/// A timer: its time and ticket, and the queue of whoever acts on it, so that
/// the sweep need not read the ticket.
pub fn timer_sort(timer: Timer, id: TicketId) -> String {
    format!("{}#{}", time_sort(timer.at, id), timer.queue.as_str())
}

/// The queue that a timer's sort key names. The deadline of validation was the
/// only timer when it named none.
pub fn timer_queue(sort: &str) -> Option<QueueName> {
    match sort.split('#').nth(2) {
        Some(queue) => QueueName::parse(queue),
        None => Some(QueueName::Closure),
    }
}

/// Where a list places a ticket: times begin with a digit, so what waits comes
/// after all that is due.
pub fn place_sort(place: Place, id: TicketId) -> String {
    match place {
        Place::Due(at) | Place::Closed(at) => time_sort(at, id),
        Place::Waiting(since) => format!("WAITING#{}", time_sort(since, id)),
    }
}

/// Index `due`: partitions of what the sweep looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueKind {
    Outbox,
    Timer,
}

pub fn due_partition(kind: DueKind, shard: u8) -> String {
    match kind {
        DueKind::Outbox => format!("OUTBOX#{shard}"),
        DueKind::Timer => format!("TIMER#{shard}"),
    }
}

/// The shard of a ticket: calculated, so that a writer finds its row again. The
/// last bits of a ULID are random.
pub fn shard(id: TicketId) -> u8 {
    let [.., last] = id.0.to_bytes();
    last % SHARDS
}

/// Index `team`: the tickets of a team in one status.
pub fn team_partition(team: &TeamId, status: Status) -> String {
    format!("TEAM#{team}#{}", status.as_str())
}

/// Index `assignee`: the tickets of an agent in one status.
pub fn assignee_partition(email: &EmailAddress, status: Status) -> String {
    format!("ASSIGNEE#{email}#{}", status.as_str())
}

/// Index `officer`: the tickets that were escalated to somebody, in one status.
pub fn officer_partition(email: &EmailAddress, status: Status) -> String {
    format!("OFFICER#{email}#{}", status.as_str())
}

/// Index `requester`: the tickets of a requester and those that he is copied on, by
/// their ids, which sort by the time of registration.
pub fn requester_partition(email: &EmailAddress) -> String {
    format!("REQUESTER#{email}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_sort_as_text() {
        let earlier: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-11-23T08:00:00.5Z".parse().unwrap();
        assert_eq!(sortable(earlier), "2026-11-23T08:00:00.000Z");
        assert!(sortable(earlier) < sortable(later));
    }

    #[test]
    fn timers_name_their_queue_and_what_waits_comes_last() {
        let id: TicketId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        let at: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        for &queue in QueueName::ALL {
            let sort = timer_sort(Timer { at, queue }, id);
            assert!(
                sort.starts_with("2026-11-23T08:00:00.000Z#01ARZ3"),
                "{sort}"
            );
            assert_eq!(timer_queue(&sort), Some(queue));
        }
        assert_eq!(timer_queue(&time_sort(at, id)), Some(QueueName::Closure));
        let far = "9999-01-01T00:00:00Z".parse().unwrap();
        assert!(place_sort(Place::Due(far), id) < place_sort(Place::Waiting(at), id));
    }

    #[test]
    fn keys_of_accounts_and_reviews_come_back() {
        let id = HolderId("0123456789abcdef0123456789abcdef".to_owned());
        assert_eq!(parse_holder(&holder(&id)), Some(id));
        let quarter: Quarter = "2026-Q4".parse().unwrap();
        let chief = EmailAddress::parse("jefa@uspec.gov.co").unwrap();
        let of_chief = (quarter, chief.clone());
        assert_eq!(parse_review(&review(quarter, &chief)), Some(of_chief));
        for whom in [None, Some(chief)] {
            let key = review_notice(quarter, whom.as_ref());
            assert_eq!(parse_review_notice(&key), Some((quarter, whom)));
            assert_eq!(parse_review(&key), None);
        }
        let at: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        assert!(*past_sort(at, "f") < *"1#0");
    }

    #[test]
    fn outbox_keys_come_back() {
        let id: TicketId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        for effect in Effect::all() {
            assert_eq!(
                parse_outbox(&outbox(id, 12, effect)),
                Some((id, 12, effect))
            );
        }
        assert_eq!(parse_outbox(&ticket(id)), None);
        assert!(shard(id) < SHARDS);
    }
}
