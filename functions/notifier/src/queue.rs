//! Sending what the outbox owes. A row is claimed before its mail is sent and
//! struck off in the transaction that records the mail, so that a message that
//! comes twice, even at the same moment, sends one mail. What is left is the
//! time between SES taking the mail and that transaction: a process that dies
//! right there leaves a row whose mail goes out again (docs/adr/0005).

use std::time::Duration;

use cloud::clock;
use cloud::consumer::{Consumer, Failure, Work};
use cloud::desk::{Desk, Halt, claimant};
use cloud::files::{Bucket, FileError, attachment_key};
use cloud::log::chain;
use cloud::mailer::{ANSWER, MailError, Mailer};
use cloud::store::{CommitError, Guards, OutboxClaim, OutboxKey, Unsent};
use types::catalogue::Role;
use types::command::{Command, Setting, decide};
use types::effects::{Effect, MailKind, QueueName};
use types::ids::{EmailAddress, MailId};
use types::mail::{MailOutcome, RefusalReason};
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::{Attachment, BounceKind, Event, EventKind, Ticket, Visibility};
use types::token::Audience;
use types::{SignedDuration, Timestamp};

use crate::letter::{About, Annex, Letter, MAX_ANNEXES, going_along, is_still_true, letter};
use crate::message::recipients;
use crate::office::Office;

/// How long a claim holds after whoever has it is stopped: longer than clocks differ, so
/// that nobody sends while somebody still may.
pub(crate) const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// The time that one mail may take: SES answers or is given up, and there is time left to
/// put on record that it went out.
const ONE_MAIL: Duration = Duration::from_secs(ANSWER.as_secs() + 4);

/// Longest diagnosis that is kept, in characters.
pub const MAX_DETAIL: usize = 500;

/// Events that a step has at most, behind what was said with it.
const LED_TO: usize = 4;

/// How many events before a reminder the question is looked for.
const LOOKED_BACK: u64 = 100;

/// What the record says where a mail is not even tried.
const SUPPRESSED: &str =
    "Un correo anterior a esta dirección fue devuelto; por unos días no se le escribe.";

/// How often the record of a mail is tried: the mail is out, or never will be.
const ATTEMPTS: u32 = 4;

/// The consumer of the queue `notification`.
pub struct Postman {
    pub desk: Desk,
    /// The bucket of the tickets' files.
    pub files: Bucket,
    pub mailer: Mailer,
    pub office: Office,
}

/// The consumer of the queue `reminder`: the same work, from a queue of its own.
pub struct Reminders<'a>(pub &'a Postman);

impl Consumer for Reminders<'_> {
    const QUEUE: QueueName = QueueName::Reminder;
    const CONCURRENCY: usize = Postman::CONCURRENCY;
    const ONE_MESSAGE: Duration = Postman::ONE_MESSAGE;

    type Batch = ();

    fn desk(&self) -> &Desk {
        &self.0.desk
    }

    async fn work(&self, batch: &(), work: Work) -> Result<Vec<Doorbell>, Failure> {
        self.0.work(batch, work).await
    }
}

impl Consumer for Postman {
    const QUEUE: QueueName = QueueName::Notification;
    // Few at once: each of them is a mail that goes out twice if the process dies
    // at the wrong moment.
    const CONCURRENCY: usize = 2;
    const ONE_MESSAGE: Duration = ONE_MAIL;

    type Batch = ();

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn work(&self, (): &(), work: Work) -> Result<Vec<Doorbell>, Failure> {
        match work {
            Work::Outbox {
                row,
                event,
                ticket,
                until,
            } => match row.effect {
                // On the heap: it is large, and several are under way.
                Effect::Mail(kind) => {
                    Box::pin(self.deliver((row, until), kind, &event, &ticket)).await
                }
                Effect::Assign => Err(Failure::Poison(
                    "assignments are not for this queue".to_owned(),
                )),
            },
            Work::Answer { mail } => {
                self.answer(&mail).await?;
                Ok(vec![])
            }
            Work::ReviewNotice {
                quarter,
                chief,
                at,
                until,
            } => {
                let chief = chief.as_ref();
                Box::pin(self.tell_of_review(quarter, chief, at, until)).await?;
                Ok(vec![])
            }
            other @ (Work::Timer { .. }
            | Work::HandOver { .. }
            | Work::Ending { .. }
            | Work::Reviews { .. }
            | Work::ReviewSigned { .. }) => Err(other.misplaced()),
        }
    }
}

impl Postman {
    async fn deliver(
        &self,
        (row, until): (OutboxKey, Timestamp),
        kind: MailKind,
        event: &Event,
        ticket: &Ticket,
    ) -> Result<Vec<Doorbell>, Failure> {
        let store = &self.desk.store;
        let me = claimant();
        let now = clock::now();
        match store.claim_outbox(row, &me, now, until + SLACK).await? {
            OutboxClaim::Mine => {}
            OutboxClaim::Gone => return Ok(vec![]),
            OutboxClaim::Busy(left) => {
                return Err(Failure::Retry {
                    after: Some(left),
                    reason: "somebody else is sending this mail, or died doing it".to_owned(),
                });
            }
        }
        if !is_still_true(kind, event, ticket) {
            tracing::info!(ticket.id = %ticket.id, effect = %row.effect, "no longer so; not sent");
            store.leave_unsent(row, &me, Unsent::Outdated).await?;
            return Ok(vec![]);
        }
        let stored = self.desk.catalogue_for_queue().await?;
        let to = recipients(kind, event, ticket, &stored.catalogue);
        let suppressed = store.suppressed(&to).await?;
        let to: Vec<_> = to.into_iter().filter(|a| !suppressed.contains(a)).collect();
        if let ([], Some(gone)) = (to.as_slice(), suppressed.first())
            && kind != MailKind::Undeliverable
        {
            let why = (BounceKind::Permanent, SUPPRESSED.to_owned());
            return self.undeliverable(row, &me, ticket, gone, why).await;
        }
        if to.is_empty() {
            tracing::warn!(ticket.id = %ticket.id, effect = %row.effect, "there is nobody to write to");
            store.leave_unsent(row, &me, Unsent::NoRecipient).await?;
            return Ok(vec![]);
        }
        let (annexes, left_out) = self.annexes(kind, ticket).await?;
        let files = match kind {
            MailKind::ForwardedToAddressee => annexes.iter().map(|of| of.name.clone()).collect(),
            _ => self.files(kind, event, ticket).await?,
        };
        let question = self.question(kind, event, ticket).await?;
        let letter = letter(
            kind,
            &About {
                event,
                ticket,
                catalogue: &stored.catalogue,
                office: &self.office,
                to: &to,
                files: &files,
                left_out: &left_out,
                question: question.as_deref(),
                now,
            },
        );
        let message = letter
            .map_err(|e| e.to_string())
            .and_then(|letter| {
                let letter = Letter { annexes, ..letter };
                self.office
                    .compose(&letter, kind, ticket, event.seq, &to, now)
                    .map_err(|e| e.to_string())
            })
            .map_err(|e| Failure::Poison(format!("the mail cannot be written: {e}")))?;
        let message_id = match self
            .mailer
            .send(&self.office.from.to_string(), &to, message)
            .await
        {
            Ok(message_id) => message_id,
            // This address cannot be written to: the desk has to know, and to find
            // another way.
            Err(error @ MailError::Refused { .. })
                if to.len() == 1 && kind != MailKind::Undeliverable =>
            {
                let detail = error.text().chars().take(MAX_DETAIL).collect();
                let why = (BounceKind::Refused, detail);
                return self.undeliverable(row, &me, ticket, &to[0], why).await;
            }
            // Somebody has to look at it: the sweep need not ring again, and the
            // message ends among the dead letters.
            Err(error @ (MailError::Refused { .. } | MailError::Misconfigured { .. })) => {
                let reason = format!("{error}: {}", error.text());
                store.park_outbox(row, &me, &reason).await?;
                return Err(Failure::Poison(error.to_string()));
            }
            // The claim stands until it ends: an answer that was lost on the way
            // does not say that the mail was not sent.
            Err(error @ MailError::Retryable(_)) => {
                return Err(Failure::Retry {
                    after: None,
                    reason: chain(&error),
                });
            }
        };
        self.record(row, &me, &message_id).await?;
        // A mail owes nothing.
        Ok(vec![])
    }

    /// The names of the files that belong to what a mail says: those that came with it, or
    /// all, for whoever gets the ticket.
    async fn files(
        &self,
        kind: MailKind,
        event: &Event,
        ticket: &Ticket,
    ) -> Result<Vec<String>, Failure> {
        let audience = kind.audience();
        let may_know = |file: &&Attachment| match (audience, file.visibility) {
            (Audience::Desk | Audience::Officer, _) | (_, Visibility::Public) => true,
            (Audience::Requester | Audience::Provider, Visibility::Internal) => false,
        };
        let names = |files: &[Attachment]| -> Vec<String> {
            let files = files.iter().filter(may_know);
            files.map(|file| file.name.clone()).collect()
        };
        match kind {
            MailKind::Assigned | MailKind::Escalated => Ok(names(&ticket.attachments)),
            _ if ticket.attachments.is_empty() => Ok(vec![]),
            // What came with it stands right behind, or behind what it led to.
            _ => {
                let after = self.desk.store.events(ticket.id, event.seq, LED_TO).await?;
                let with = after.0.iter().find_map(|after| match &after.kind {
                    EventKind::AttachmentsAdded { attachments, .. } if after.came_with(event) => {
                        Some(names(attachments))
                    }
                    _ => None,
                });
                Ok(with.unwrap_or_default())
            }
        }
    }

    /// The files that go along with a mail, and the names of those that there is no room
    /// for. A petition is passed on with all that belongs to it: whoever answers it has no
    /// login.
    async fn annexes(
        &self,
        kind: MailKind,
        ticket: &Ticket,
    ) -> Result<(Vec<Annex>, Vec<String>), Failure> {
        if kind != MailKind::ForwardedToAddressee {
            return Ok((vec![], vec![]));
        }
        let (going, left_out) = going_along(ticket);
        let mut left_out: Vec<_> = left_out.into_iter().map(|of| of.name.clone()).collect();
        let mut annexes = Vec::new();
        for file in going {
            let key = attachment_key(ticket.id, &file.id);
            let bytes = match self.files.read(&key, MAX_ANNEXES).await {
                Ok(bytes) => bytes,
                // Better without it, and said so, than not at all.
                Err(FileError::Missing { .. } | FileError::TooLarge { .. }) => {
                    left_out.push(file.name.clone());
                    continue;
                }
                Err(error @ (FileError::Retryable { .. } | FileError::Unexpected { .. })) => {
                    return Err(Failure::Retry {
                        after: None,
                        reason: chain(&error),
                    });
                }
            };
            annexes.push(Annex {
                name: file.name.clone(),
                content_type: file.content_type.clone(),
                bytes,
            });
        }
        Ok((annexes, left_out))
    }

    /// What the requester was asked, where he is reminded of it.
    async fn question(
        &self,
        kind: MailKind,
        event: &Event,
        ticket: &Ticket,
    ) -> Result<Option<String>, Failure> {
        if kind != MailKind::WaitingReminder {
            return Ok(None);
        }
        let from = event.seq.saturating_sub(LOOKED_BACK);
        let store = &self.desk.store;
        let (events, _) = store.events(ticket.id, from, 100).await?;
        let mut before = events.into_iter().filter(|other| other.seq < event.seq);
        let asked = before.rfind(|other| matches!(other.kind, EventKind::Held { .. }));
        Ok(asked.and_then(|asked| match asked.kind {
            EventKind::Held { note } => Some(note),
            _ => None,
        }))
    }

    /// Nobody is left to write to: that goes on record in the mail's place, and
    /// the desk is told.
    async fn undeliverable(
        &self,
        row: OutboxKey,
        me: &str,
        ticket: &Ticket,
        gone: &EmailAddress,
        (why, detail): (BounceKind, String),
    ) -> Result<Vec<Doorbell>, Failure> {
        let command = Command::RecordBounce {
            recipient: gone.clone(),
            why,
            detail,
        };
        let guards = Guards {
            done: Some(row),
            ..Guards::default()
        };
        let rules = |ticket: &Ticket, setting: Setting<'_>| {
            decide(ticket, &command, &Actor::System, setting)
        };
        let carried = self.desk.carry_out(ticket.clone(), guards, None, rules);
        match carried.await {
            Ok(carried) => Ok(carried.doorbells),
            // The desk knows, or the ticket is closed.
            Err(Halt::Decision(_)) => {
                let store = &self.desk.store;
                store.leave_unsent(row, me, Unsent::Undeliverable).await?;
                Ok(vec![])
            }
            // The answer to an attempt of ours was lost.
            Err(Halt::Commit(CommitError::AlreadyDone)) => Ok(vec![]),
            Err(other) => Err(other.into()),
        }
    }

    /// Tells the sender of a refused mail that it was refused, or the sender of one
    /// with verbs what was done. Nothing that goes
    /// wrong here is tried again: two answers to a stranger are worse than none,
    /// and the refusal is on record.
    async fn answer(&self, mail: &MailId) -> Result<(), Failure> {
        let Some(record) = self.desk.store.mail_record(mail).await? else {
            return Err(Failure::Poison("there is no such mail".to_owned()));
        };
        // RFC 3834, 4: to the return path. Who gave verbs is proven.
        let to = match &record.verbs {
            Some(_) => record.from.clone(),
            None => {
                let path = record.envelope_from.as_deref();
                path.and_then(|path| EmailAddress::parse(path).ok())
            }
        };
        let Some(to) = to else {
            return Ok(());
        };
        let now = clock::now();
        let message = match &record.verbs {
            Some(answer) => self.office.verbs(&record, answer, &to, now),
            None => self.office.refusal(&record, &to, now),
        };
        let message =
            message.map_err(|e| Failure::Poison(format!("the answer cannot be written: {e}")))?;
        let to = [to];
        if !self.desk.store.take_answer(mail).await? {
            return Ok(());
        }
        if self.desk.store.suppressed(&to).await?.is_empty() && !to[0].is_unread() {
            self.tell(mail, &to, message).await;
        }
        // One of too many: the desk is told with him, once.
        if let MailOutcome::Refused {
            reason: RefusalReason::Flood,
            ..
        } = record.outcome
        {
            let stored = self.desk.catalogue_for_queue().await?;
            let coordinators = stored.catalogue.with_role(Role::Coordinator);
            let to: Vec<_> = coordinators.map(|entry| entry.email.clone()).collect();
            let message = self.office.flooded(&record, &to, now).map_err(|e| {
                Failure::Poison(format!("the word to the desk cannot be written: {e}"))
            })?;
            self.tell(mail, &to, message).await;
        }
        Ok(())
    }

    /// Sends what is said about a mail that came in, once.
    async fn tell(&self, mail: &MailId, to: &[EmailAddress], message: Vec<u8>) {
        let from = self.office.from.to_string();
        match self.mailer.send(&from, to, message).await {
            Ok(id) => tracing::info!(mail.id = id, mail.refused = %mail, "answered"),
            Err(error) => {
                tracing::warn!(mail.refused = %mail, error = chain(&error), "not answered");
            }
        }
    }

    async fn record(&self, row: OutboxKey, me: &str, message_id: &str) -> Result<(), Failure> {
        let mut attempt = 1;
        loop {
            match self
                .desk
                .store
                .finish_mail(row, me, message_id, clock::now())
                .await
            {
                Ok(()) => {
                    tracing::info!(ticket.id = %row.ticket, effect = %row.effect, mail.id = message_id, "mail sent");
                    return Ok(());
                }
                Err(error) if error.is_retryable() && attempt < ATTEMPTS => {
                    tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
                    attempt += 1;
                }
                Err(error) => {
                    tracing::error!(
                        ticket.id = %row.ticket, effect = %row.effect, mail.id = message_id, error = chain(&error),
                        "a mail is out and not on record; it may go out again"
                    );
                    return Err(error.into());
                }
            }
        }
    }
}
