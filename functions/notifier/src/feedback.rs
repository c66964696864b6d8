//! Bounces and complaints: who cannot or does not want to be written to is not
//! written to again, and the desk is told, once. So it is of a mail that SES gave up or
//! would not send.

use cloud::consumer::{Failure, Listener};
use cloud::desk::{Desk, Halt};
use cloud::notices::{Notice, Recipient};
use cloud::store::{CommitError, Guards, MailGuard};
use types::command::{Command, Rejection, Setting, decide};
use types::ids::EmailAddress;
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::{BounceKind, Ticket};

use crate::queue::MAX_DETAIL;

/// The consumer of the queue `feedback`.
pub struct Feedback<'a>(pub &'a Desk);

impl Listener for Feedback<'_> {
    const QUEUE: &'static str = "feedback";

    fn desk(&self) -> &Desk {
        self.0
    }

    async fn hear(&self, notice: Notice) -> Result<Vec<Doorbell>, Failure> {
        let (mail, why, recipients) = match notice {
            Notice::Bounce { mail, bounce } => {
                // SES says so once it has given up trying:
                // <https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html>.
                let why = match (&*bounce.bounce_type, bounce.bounce_sub_type.as_deref()) {
                    ("Permanent", _) => BounceKind::Permanent,
                    // Somebody's absence is told as one, too, and the mail is there.
                    ("Transient", Some("General")) => {
                        tracing::info!(mail.id = mail.message_id, "answered by a machine");
                        return Ok(vec![]);
                    }
                    (_, _) => BounceKind::GivenUp,
                };
                (mail, why, bounce.bounced_recipients)
            }
            Notice::Reject { mail, reject } => {
                let recipient = |email_address: &String| Recipient {
                    email_address: email_address.clone(),
                    diagnostic_code: Some(reject.reason.clone()),
                };
                let recipients = mail.destination.iter().map(recipient).collect();
                (mail, BounceKind::Refused, recipients)
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
            tracing::warn!(why = ?why, "a mail did not reach somebody");
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
        ticket: Option<Ticket>,
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
        let Some(ticket) = ticket else {
            return self.suppress(email, why).await;
        };
        let guards = Guards {
            mail: why.suppresses().then_some(MailGuard::Bounced(email)),
            ..Guards::default()
        };
        let rules = |ticket: &Ticket, setting: Setting<'_>| {
            decide(ticket, &command, &Actor::System, setting)
        };
        match self.0.carry_out(ticket, guards, None, rules).await {
            Ok(carried) => Ok(carried.doorbells),
            // No ticket is open that it could stand on.
            Err(Halt::Decision(Rejection::InvalidTransition(_))) => self.suppress(email, why).await,
            // Known already: the desk was told then.
            Err(Halt::Commit(CommitError::MailKnown)) => Ok(vec![]),
            Err(other) => Err(other.into()),
        }
    }

    /// Puts on record that an address gets no more mail, where that is so.
    async fn suppress(
        &self,
        email: &EmailAddress,
        why: BounceKind,
    ) -> Result<Vec<Doorbell>, Failure> {
        if !why.suppresses() {
            return Ok(vec![]);
        }
        match self.0.store.suppress(email).await {
            Ok(()) | Err(CommitError::MailKnown) => Ok(vec![]),
            Err(other) => Err(other.into()),
        }
    }
}
