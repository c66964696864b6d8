//! Bounces and complaints: who cannot or does not want to be written to is not
//! written to again, and the desk is told, once.

use cloud::clock;
use cloud::consumer::{Failure, Listener};
use cloud::desk::Desk;
use cloud::notices::{Notice, Recipient};
use cloud::store::{CommitError, MailGuard};
use types::command::{Command, Rejection, Setting, decide};
use types::ids::EmailAddress;
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::{BounceKind, Ticket};

use crate::queue::MAX_DETAIL;

/// The consumer of the queue `feedback`.
pub struct Feedback<'a>(pub &'a Desk);

/// How often a ticket that somebody else changes is tried.
const ATTEMPTS: u32 = 4;

impl Listener for Feedback<'_> {
    const QUEUE: &'static str = "feedback";

    fn desk(&self) -> &Desk {
        self.0
    }

    async fn hear(&self, notice: Notice) -> Result<Vec<Doorbell>, Failure> {
        let (mail, why, recipients) = match notice {
            Notice::Bounce { mail, bounce } => {
                if bounce.bounce_type != "Permanent" {
                    // SES tries again by itself.
                    tracing::info!(mail.id = mail.message_id, "a mail bounced for now");
                    return Ok(vec![]);
                }
                (mail, BounceKind::Permanent, bounce.bounced_recipients)
            }
            Notice::Complaint { mail, complaint } => {
                let spam = complaint.complaint_feedback_type.as_deref() != Some("not-spam");
                if !spam || complaint.complained_recipients.len() != 1 {
                    tracing::warn!(
                        mail.id = mail.message_id,
                        "a complaint of nobody in particular"
                    );
                    return Ok(vec![]);
                }
                (mail, BounceKind::Complaint, complaint.complained_recipients)
            }
            // SES tries a destination out when it is made.
            Notice::Other(word) => {
                tracing::info!(word, "a notice that nothing follows from");
                return Ok(vec![]);
            }
            Notice::Received(_) => {
                return Err(Failure::Poison("not for this queue".to_owned()));
            }
        };
        // SES may be faster than whoever puts the mail on record, who may have died
        // before he did.
        let sent = self
            .0
            .store
            .sent_mails(std::slice::from_ref(&mail.message_id));
        let about = sent.await?.first().map(|sent| sent.ticket);
        let about = about.or_else(|| mail.ticket());
        let mut doorbells = Vec::new();
        for recipient in recipients {
            let Ok(email) = EmailAddress::parse(&recipient.email_address) else {
                continue;
            };
            tracing::warn!(why = ?why, "an address gets no more mail");
            let ticket = match about {
                Some(ticket) => self.0.store.ticket(ticket).await?,
                None => None,
            };
            doorbells.extend(self.record(ticket, &email, why, &recipient).await?);
        }
        Ok(doorbells)
    }
}

impl Feedback<'_> {
    async fn record(
        &self,
        mut ticket: Option<Ticket>,
        email: &EmailAddress,
        why: BounceKind,
        recipient: &Recipient,
    ) -> Result<Vec<Doorbell>, Failure> {
        let detail = recipient
            .diagnostic_code
            .as_deref()
            .unwrap_or("sin detalle");
        let command = Command::RecordBounce {
            recipient: email.clone(),
            why,
            detail: detail.chars().take(MAX_DETAIL).collect(),
        };
        for _ in 0..ATTEMPTS {
            let stored = self.0.catalogue_for_queue().await?;
            let setting = Setting {
                now: clock::now(),
                catalogue: &stored.catalogue,
            };
            let decided = ticket
                .as_ref()
                .map(|ticket| (ticket, decide(ticket, &command, &Actor::System, setting)));
            let written = match decided {
                Some((ticket, Ok(events))) => {
                    let guard = MailGuard::Bounced(email);
                    let step = self.0.commit_step(ticket, &events, None, None, Some(guard));
                    step.await
                }
                // No ticket is open that it could stand on.
                Some((_, Err(Rejection::InvalidTransition(_)))) | None => {
                    self.0.store.suppress(email).await.map(|()| vec![])
                }
                Some((_, Err(other))) => return Err(Failure::Poison(format!("{other:?}"))),
            };
            match written {
                Ok(doorbells) => return Ok(doorbells),
                // Known already: the desk was told then.
                Err(CommitError::MailKnown) => return Ok(vec![]),
                Err(CommitError::VersionChanged) => {
                    if let Some(id) = ticket.as_ref().map(|ticket| ticket.id) {
                        ticket = self.0.store.ticket(id).await?;
                    }
                }
                Err(other) => return Err(other.into()),
            }
        }
        Err(Failure::Retry {
            after: None,
            reason: "the ticket changed at every attempt".to_owned(),
        })
    }
}
