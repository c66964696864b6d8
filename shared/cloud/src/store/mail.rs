//! Mail that came in: one record for each, and what keeps the same mail from
//! being taken twice and one sender from drowning the desk.

use std::collections::{HashMap, HashSet};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use types::effects::Effect;
use types::ids::{EmailAddress, MailId, TicketId};
use types::mail::MailRecord;
use types::message::Doorbell;

use super::in_the_way::insist;
use super::item::Item;
use super::query::{Order, Query};
use super::transaction::{CommitError, Part, Parts};
use super::{Store, StoreError, condition_failed, failed};
use crate::clock;
use crate::keys::{self, DueKind};

/// How long a sender's hour is remembered.
const HOUR_REMEMBERED: SignedDuration = SignedDuration::from_hours(2);

/// How long an address that bounced is let alone. Then it is tried again: a mail
/// server that was set up wrongly for an hour refuses for good, too.
const SUPPRESSED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Longest Message-ID that a thread is found by, in bytes.
const MAX_THREAD: usize = 1_000;

/// A mail's record, as it is written with what the mail did.
#[derive(Clone)]
pub struct MailEntry<'a> {
    pub record: MailRecord,
    /// Stands for the Message-ID and its sender; nobody may have used it.
    pub seal: Option<&'a str>,
    /// Counts against the sender, up to so many an hour.
    pub counted: Option<SenderLimit<'a>>,
}

/// How many mails of one sender are taken in an hour.
#[derive(Clone, Copy)]
pub struct SenderLimit<'a> {
    /// What is counted.
    pub what: &'a str,
    pub sender: &'a EmailAddress,
    pub limit: u32,
}

/// A mail of ours that SES took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentMail {
    pub ticket: TicketId,
    pub seq: u64,
    pub effect: Effect,
}

impl Parts<'_> {
    /// The record of a mail that was not on record yet.
    pub(super) fn put_mail(&mut self, entry: &MailEntry<'_>) -> Result<(), StoreError> {
        let record = &entry.record;
        let absent = || Some(("attribute_not_exists(pk)", vec![]));
        let row = Item::with_doc(&keys::inbound(&record.id), record)?;
        self.put(Part::Mail, row, absent())?;
        self.put(Part::Mail, Item::new(&keys::mail_of_day(record)), None)?;
        if let Some(seal) = entry.seal {
            let row = Item::new(&keys::message_id(seal)).set("mail", record.id.0.clone());
            self.put(Part::MessageId, row, absent())?;
        }
        if let Some(limit) = entry.counted {
            self.count_sender(limit, record.received_at)?;
        }
        if record.verbs.is_some() {
            self.put_answer(&record.id)?;
        }
        self.put_thread(record)
    }

    /// What answers this mail belongs to its ticket. The first mail under an id counts.
    fn put_thread(&mut self, record: &MailRecord) -> Result<(), StoreError> {
        let id = record.message_id.as_deref();
        let id = id.filter(|id| id.len() <= MAX_THREAD);
        let (Some(id), Some(ticket)) = (id, record.ticket()) else {
            return Ok(());
        };
        self.update(Part::Mail, &keys::thread(id), |update| {
            update
                .update_expression(
                    "SET ticket = if_not_exists(ticket, :ticket), mail = if_not_exists(mail, :mail)",
                )
                .expression_attribute_values(":ticket", AttributeValue::S(ticket.id.to_string()))
                .expression_attribute_values(":mail", AttributeValue::S(record.id.0.clone()))
        })
    }

    /// An answer that is owed to the sender of a mail.
    fn put_answer(&mut self, id: &MailId) -> Result<(), StoreError> {
        let row = Item::new(&keys::answer(id))
            .set(
                "due_pk",
                keys::due_partition(DueKind::Outbox, keys::mail_shard(id)),
            )
            .set("due_sk", format!("{}#{id}", keys::sortable(clock::now())));
        self.put(Part::Mail, row, None)
    }

    /// The record of a mail that was refused, and is accepted now.
    pub(super) fn put_acceptance(&mut self, record: &MailRecord) -> Result<(), StoreError> {
        let row = Item::with_doc(&keys::inbound(&record.id), record)?.set("accepted", "yes");
        let waiting = "attribute_exists(pk) AND attribute_not_exists(accepted)";
        self.put(Part::Mail, row, Some((waiting, vec![])))?;
        // It waits for nobody any more, and the day's list says so without its record.
        let of_day = Item::new(&keys::mail_of_day(record)).set("accepted", "yes");
        self.put(Part::Mail, of_day, None)?;
        self.put_thread(record)
    }
}

impl Store {
    /// Puts a mail on record that did nothing to a ticket. With `answer` its
    /// sender is owed a short answer, for which a doorbell comes back, as long
    /// as he has not had his share of them.
    ///
    /// # Errors
    /// See [`CommitError`]; nothing was written then.
    pub async fn record_mail(
        &self,
        entry: &MailEntry<'_>,
        answer: Option<SenderLimit<'_>>,
    ) -> Result<Vec<Doorbell>, CommitError> {
        let record = &entry.record;
        let mut parts = Parts::new(&self.table);
        parts.put_mail(entry)?;
        let mut doorbells = vec![];
        if let Some(limit) = answer {
            parts.put_answer(&record.id)?;
            parts.count_sender(limit, record.received_at)?;
            doorbells.push(Doorbell::Answer {
                mail: record.id.clone(),
            });
        }
        self.write(parts).await?;
        Ok(doorbells)
    }

    /// What became of a mail.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mail_record(&self, id: &MailId) -> Result<Option<MailRecord>, StoreError> {
        self.get(&keys::inbound(id))
            .await?
            .map(|item| item.doc())
            .transpose()
    }

    /// The mail that came first under a Message-ID.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mail_under(&self, seal: &str) -> Result<Option<MailId>, StoreError> {
        let row = self.get(&keys::message_id(seal)).await?;
        Ok(row.and_then(|row| row.text("mail").and_then(MailId::parse)))
    }

    /// Whether a sender may have one more mail taken in this hour.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn has_room(
        &self,
        limit: SenderLimit<'_>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let row = self
            .get(&keys::sender_hour(limit.what, limit.sender, at))
            .await?;
        let count = row.and_then(|row| row.number("count")).unwrap_or(0);
        Ok(count < i64::from(limit.limit))
    }

    /// The mails of ours that SES took under these ids.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sent_mails(&self, ids: &[String]) -> Result<Vec<SentMail>, StoreError> {
        let mut sent = Vec::new();
        for id in ids {
            let Some(row) = self.get(&keys::mail(id)).await? else {
                continue;
            };
            let ticket = row.text("ticket").and_then(|id| id.parse().ok());
            let seq = row.number("seq").and_then(|seq| u64::try_from(seq).ok());
            let effect = row
                .text("effect")
                .and_then(|effect| Effect::try_from(effect.to_owned()).ok());
            if let (Some(ticket), Some(seq), Some(effect)) = (ticket, seq, effect) {
                sent.push(SentMail {
                    ticket,
                    seq,
                    effect,
                });
            }
        }
        Ok(sent)
    }

    /// The tickets that mails which came in are on record of, by their Message-IDs, in
    /// the order of these.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn threads(&self, ids: &[String]) -> Result<Vec<TicketId>, StoreError> {
        let ids: Vec<_> = ids.iter().filter(|id| id.len() <= MAX_THREAD).collect();
        if ids.is_empty() {
            return Ok(vec![]);
        }
        let rows = self.get_many(ids.iter().map(|id| keys::thread(id))).await?;
        let mut tickets = HashMap::new();
        for row in &rows {
            let ticket = row.text("ticket").and_then(|id| id.parse().ok());
            if let Some(ticket) = ticket {
                tickets.insert(row.key()?.pk, ticket);
            }
        }
        let of = |id: &&String| tickets.get(&keys::thread(id).pk).copied();
        Ok(ids.iter().filter_map(of).collect())
    }

    /// The mails of a day with one outcome, the oldest first: up to `limit`
    /// after a cursor, and where to go on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mails_of_day(
        &self,
        day: Date,
        outcome: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<MailRecord>, Option<String>), StoreError> {
        let from = after.map_or_else(|| format!("{outcome}#"), |after| format!("{after}!"));
        let rows = self
            .query(Query {
                operation: "list the mails of a day",
                index: None,
                condition: "pk = :pk AND sk BETWEEN :from AND :to",
                values: vec![
                    (":pk", keys::mail_day(day)),
                    (":from", from),
                    (":to", format!("{outcome}$")),
                ],
                order: Order::Ascending,
                limit: Some(limit + 1),
            })
            .await?;
        let mut keys_of_day = Vec::with_capacity(rows.len());
        for row in &rows {
            keys_of_day.push(row.key()?);
        }
        let more = keys_of_day.len() > limit;
        keys_of_day.truncate(limit);
        let next = keys_of_day.last().filter(|_| more).map(|k| k.sk.clone());
        let ids = keys_of_day.iter().filter_map(keys::parse_mail_of_day);
        let items = self.get_many(ids.map(|id| keys::inbound(&id))).await?;
        let mut records: Vec<MailRecord> = items.iter().map(Item::doc).collect::<Result<_, _>>()?;
        records.sort_by(|a, b| (a.received_at, &a.id).cmp(&(b.received_at, &b.id)));
        Ok((records, next))
    }

    /// How many mails that were refused on a day nobody has accepted; at `most`, where
    /// that is enough to know.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn waiting_mails(&self, day: Date, most: usize) -> Result<usize, StoreError> {
        let mut from = "refused#".to_owned();
        let mut count = 0;
        loop {
            let rows = self
                .query(Query {
                    operation: "count the mails that wait for somebody",
                    index: None,
                    condition: "pk = :pk AND sk BETWEEN :from AND :to",
                    values: vec![
                        (":pk", keys::mail_day(day)),
                        (":from", from),
                        (":to", "refused$".to_owned()),
                    ],
                    order: Order::Ascending,
                    limit: Some(most),
                })
                .await?;
            count += rows
                .iter()
                .filter(|row| row.text("accepted").is_none())
                .count();
            match rows.last() {
                Some(last) if rows.len() == most && count < most => {
                    from = format!("{}!", last.key()?.sk);
                }
                Some(_) | None => return Ok(count.min(most)),
            }
        }
    }

    /// How many mails of a day had one outcome.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_mails(&self, day: Date, outcome: &str) -> Result<usize, StoreError> {
        let rows = self
            .query(Query {
                operation: "count the mails of a day",
                index: None,
                condition: "pk = :pk AND begins_with(sk, :prefix)",
                values: vec![
                    (":pk", keys::mail_day(day)),
                    (":prefix", format!("{outcome}#")),
                ],
                order: Order::Ascending,
                limit: None,
            })
            .await?;
        Ok(rows.len())
    }

    /// The records of some mails; those that are not on record are missing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn mail_records(
        &self,
        ids: impl Iterator<Item = &MailId>,
    ) -> Result<HashMap<MailId, MailRecord>, StoreError> {
        let items = self.get_many(ids.map(keys::inbound)).await?;
        let mut records = HashMap::new();
        for item in &items {
            let record: MailRecord = item.doc()?;
            records.insert(record.id.clone(), record);
        }
        Ok(records)
    }

    /// Takes the answer to a refused mail for oneself. It is taken before it is
    /// sent: an answer to a stranger goes out at most once.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn take_answer(&self, id: &MailId) -> Result<bool, StoreError> {
        let delete = self
            .client
            .delete_item()
            .table_name(&self.table)
            .set_key(Some(keys::answer(id).attributes()))
            .condition_expression("attribute_exists(pk)");
        match insist(|| delete.clone().send()).await {
            Ok(_) => Ok(true),
            Err(e) if condition_failed(&e) => Ok(false),
            Err(e) => Err(failed("take an answer", e)),
        }
    }

    /// Records that an address gets no more mail.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn suppress(&self, email: &EmailAddress) -> Result<(), CommitError> {
        let mut parts = Parts::new(&self.table);
        parts.put_suppression(email)?;
        self.write(parts).await
    }

    /// Of some addresses, those that get no more mail.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn suppressed(
        &self,
        emails: &[EmailAddress],
    ) -> Result<Vec<EmailAddress>, StoreError> {
        let items = self.get_many(emails.iter().map(keys::suppressed)).await?;
        let now = clock::now().as_second();
        let mut found = HashSet::new();
        for item in &items {
            // TTL takes days to delete a row.
            if item.number("expires_at").is_some_and(|end| end > now) {
                found.insert(item.key()?.pk);
            }
        }
        let is_found = |email: &&EmailAddress| found.contains(&keys::suppressed(email).pk);
        Ok(emails.iter().filter(is_found).cloned().collect())
    }
}

impl Parts<'_> {
    /// An address that gets no more mail, unless that is known.
    pub(super) fn put_suppression(&mut self, email: &EmailAddress) -> Result<(), StoreError> {
        let now = clock::now();
        let row = Item::new(&keys::suppressed(email))
            .set("since", keys::sortable(now))
            .set_number("expires_at", (now + SUPPRESSED).as_second());
        let over = AttributeValue::N(now.as_second().to_string());
        let new = "attribute_not_exists(pk) OR expires_at < :now";
        self.put(Part::Mail, row, Some((new, vec![(":now", over)])))
    }

    fn count_sender(&mut self, limit: SenderLimit<'_>, at: Timestamp) -> Result<(), StoreError> {
        let key = keys::sender_hour(limit.what, limit.sender, at);
        let number = |n: i64| AttributeValue::N(n.to_string());
        self.update(Part::Sender, &key, |update| {
            update
                .update_expression("ADD #count :one SET expires_at = :end")
                .condition_expression("attribute_not_exists(#count) OR #count < :limit")
                .expression_attribute_names("#count", "count")
                .expression_attribute_values(":one", number(1))
                .expression_attribute_values(":limit", number(i64::from(limit.limit)))
                .expression_attribute_values(":end", number((at + HOUR_REMEMBERED).as_second()))
        })
    }
}
