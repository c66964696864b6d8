//! From a letter to a message (MIME, RFC 5322), and whom it goes to.

use cloud::notices::TICKET_HEADER;
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use std::collections::BTreeSet;
use types::Timestamp;
use types::catalogue::{Catalogue, Role};
use types::effects::{Effect, MailKind, Recipients, observers};
use types::format::turn::{Party, awaited_since};
use types::ids::{EmailAddress, TeamId, TicketId};
use types::mail::{MailOutcome, MailRecord, RefusalReason, VerbsAnswer};
use types::person::Person;
use types::ticket::{Event, EventKind, Ticket};
use types::token::{Audience, TokenUse};
use types::verbs::{Hand, Verb};

use crate::letter::Letter;
use crate::office::Office;

/// Whom a mail goes to: whoever the event was about when it happened.
pub fn recipients(
    kind: MailKind,
    event: &Event,
    ticket: &Ticket,
    catalogue: &Catalogue,
) -> Vec<EmailAddress> {
    // What is written for staff goes to no one else, whatever he was: where he is it
    // no more, whoever stands in his place.
    let is = |email: &EmailAddress, roles: [Role; 2]| {
        let entry = catalogue.person(email);
        entry.is_some_and(|entry| roles.iter().any(|role| entry.roles.contains(role)))
    };
    let requester = || ticket.request.requester.person.email.clone();
    let observers = || observers(event, ticket).map(|person| person.email.clone());
    let of = |person: Option<&Person>| person.map(|p| p.email.clone()).into_iter().collect();
    let coordinators = || -> Vec<EmailAddress> {
        let policy = &ticket.policy;
        let entries = catalogue.coordinators_of(&policy.team, policy.restricted);
        let entries = entries.into_iter();
        entries.map(|entry| entry.email.clone()).collect()
    };
    let heads = || -> Vec<EmailAddress> {
        let policy = &ticket.policy;
        let heads = catalogue
            .heads_of(&policy.team, policy.restricted)
            .into_iter();
        heads.map(|entry| entry.email.clone()).collect()
    };
    let agent = |person: Option<&Person>| match person {
        Some(person) if !is(&person.email, [Role::Agent, Role::Coordinator]) => coordinators(),
        person => of(person),
    };
    let officer = |person: Option<&Person>| match person {
        Some(person) if !is(&person.email, [Role::Officer, Role::Head]) => heads(),
        person => of(person),
    };
    let mailbox = |team: &TeamId| catalogue.team(team).and_then(|team| team.mailbox.clone());
    let to: Vec<_> = match kind.line().to {
        Recipients::Requester => vec![requester()],
        Recipients::Observers => observers().collect(),
        Recipients::OtherTeams => {
            let teams = ticket.request.other_teams.iter();
            teams.filter_map(mailbox).collect()
        }
        Recipients::NewAgent => match &event.kind {
            EventKind::Assigned { agent: new, .. } => agent(Some(new)),
            _ => agent(ticket.assignee.as_ref()),
        },
        Recipients::FormerAgent => match &event.kind {
            EventKind::Assigned {
                from: Some(from), ..
            }
            | EventKind::Released { from, .. }
                if is(&from.email, [Role::Agent, Role::Coordinator]) =>
            {
                of(Some(from))
            }
            _ => vec![],
        },
        Recipients::Agent => agent(ticket.assignee.as_ref()),
        Recipients::NewOfficer => match &event.kind {
            EventKind::Escalated { officer: new, .. } => officer(Some(new)),
            _ => officer(ticket.officer.as_ref()),
        },
        // Who lost it while he is an officer no more need not know.
        Recipients::FormerOfficer => match &event.kind {
            EventKind::Escalated {
                from: Some(from), ..
            } if is(&from.email, [Role::Officer, Role::Head]) => of(Some(from)),
            _ => vec![],
        },
        Recipients::Officer => officer(ticket.officer.as_ref()),
        Recipients::Provider => match &event.kind {
            EventKind::ProviderRequested { provider, .. } => {
                let provider = catalogue.provider(provider);
                provider.map(|p| p.email.clone()).into_iter().collect()
            }
            _ => vec![],
        },
        Recipients::InCharge => {
            let step = event.kind.step();
            let person = step.and_then(|(_, step)| step.responsible.as_ref());
            match kind {
                MailKind::StepToOfficer => officer(person),
                _ => agent(person),
            }
        }
        Recipients::Addressee => match &event.kind {
            EventKind::Forwarded { forwarding } => vec![forwarding.to.email.clone()],
            _ => vec![],
        },
        Recipients::Coordinators => coordinators(),
        Recipients::Heads => heads(),
        Recipients::FormerRequester => match &event.kind {
            EventKind::RequesterChanged { from, .. } => vec![from.email.clone()],
            _ => vec![],
        },
        Recipients::Signers => {
            let awaited = awaited_since(&event.kind, ticket);
            let parties = awaited.into_iter().flat_map(|awaited| awaited.parties);
            let told: BTreeSet<EmailAddress> = parties
                .flat_map(|party| match party {
                    Party::Person(email) => vec![email],
                    Party::Office(role) => {
                        let people = catalogue.with_role(role);
                        people.map(|entry| entry.email.clone()).collect()
                    }
                })
                .collect();
            // An office that nobody is in: somebody has to find who signs.
            match told.is_empty() {
                true => coordinators(),
                false => told.into_iter().collect(),
            }
        }
        Recipients::Desk => agent(ticket.assignee.as_ref())
            .into_iter()
            .chain(mailbox(&ticket.policy.team))
            .collect(),
    };
    let own = |email: &EmailAddress| match kind.audience() {
        // A number, or whoever takes it up again: what his own act leads to.
        Audience::Requester => false,
        Audience::Desk | Audience::Officer | Audience::Provider => {
            event.actor.email.as_ref() == Some(email)
        }
    };
    let to = to.into_iter();
    to.filter(|email| !own(email) && !email.is_unread())
        .collect()
}

impl Office {
    /// Writes the message.
    ///
    /// # Errors
    /// When it cannot be rendered or encoded.
    pub fn compose(
        &self,
        letter: &Letter,
        kind: MailKind,
        ticket: &Ticket,
        seq: u64,
        to: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let subject = format!(
            "[USPEC {}] {}: {}",
            ticket.number, letter.subject, ticket.request.title
        );
        let audience = kind.audience();
        // All mails of a ticket to one audience hang under one thread: the mail
        // that the requester wrote, where he did. Otherwise, since SES replaces
        // the Message-ID, a root that no mail has.
        let thread = format!(
            "{}.{}@{}",
            ticket.id,
            word(audience),
            self.reply_address.domain()
        )
        .to_ascii_lowercase();
        let written = ticket.request.message_id.clone();
        let answers = match audience {
            Audience::Requester => written.into_iter().chain([thread]).collect(),
            Audience::Desk | Audience::Officer | Audience::Provider => vec![thread],
        };
        let id = format!(
            "{}.{seq}.{}@{}",
            ticket.id,
            kind_word(kind),
            self.reply_address.domain()
        );
        let reply_to = match kind {
            // Whoever answers a petition answers whoever made it.
            MailKind::ForwardedToAddressee => ticket.request.requester.person.email.to_string(),
            _ => self.reply_to(audience, ticket.id),
        };
        let addresses = to
            .iter()
            .map(|a| Address::new_address(None::<&str>, a.as_str()))
            .collect();
        let message = MessageBuilder::new()
            .from(Address::new_address(
                self.from.name.as_deref(),
                self.from.address.as_str(),
            ))
            .to(Address::new_list(addresses))
            .reply_to(Address::new_address(None::<&str>, reply_to.as_str()))
            .subject(subject.as_str())
            .date(now.as_second())
            .message_id(id)
            .header(
                "In-Reply-To",
                HeaderType::from(MessageId::new(answers[0].clone())),
            )
            .header(
                "References",
                HeaderType::from(MessageId::new_list(answers.into_iter())),
            )
            // RFC 3834: nobody's automatic answer is asked for.
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .header(TICKET_HEADER, Raw::new(ticket.id.to_string()))
            .text_body(letter.text()?)
            .html_body(letter.html(&subject)?);
        let with = letter.annexes.iter().fold(message, |message, annex| {
            message.attachment(
                annex.content_type.as_str(),
                annex.name.as_str(),
                annex.bytes.as_slice(),
            )
        });
        Ok(with.write_to_vec()?)
    }
}

impl Office {
    /// The short answer to a mail that was refused (RFC 3834).
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn refusal(
        &self,
        record: &MailRecord,
        to: &EmailAddress,
        now: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let (reason, why) = match &record.outcome {
            MailOutcome::Refused {
                reason: reason @ (RefusalReason::NotAllowed | RefusalReason::Unreadable),
                detail,
            } => (*reason, detail.as_str()),
            MailOutcome::Refused { reason, .. } => (*reason, reason.sentence()),
            MailOutcome::Ticket { .. }
            | MailOutcome::FollowUp { .. }
            | MailOutcome::Filed { .. }
            | MailOutcome::Duplicate { .. } => return Err("the mail was not refused".into()),
        };
        // What the mail said is not said back: who wrote it may be somebody else.
        let text = format!(
            "Su correo a la Mesa de Ayuda de la USPEC no fue recibido como solicitud.\n\n\
             {why}\n\n\
             {}\n\n\
             Mesa de Ayuda\nUnidad de Servicios Penitenciarios y Carcelarios\n",
            what_now(reason)
        );
        let message = self
            .answering(record, to, now)
            .subject("Su correo no fue recibido como solicitud")
            .header(TICKET_HEADER, Raw::new("none"))
            .text_body(text);
        Ok(message.write_to_vec()?)
    }

    /// Tells the coordination that a sender's mails are not taken for the rest of an
    /// hour: where they are, and from whom.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn flooded(
        &self,
        record: &MailRecord,
        to: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let sender = record.from.as_ref().map(EmailAddress::as_str);
        let sender = sender
            .or(record.envelope_from.as_deref())
            .unwrap_or("Un remitente");
        let text = format!(
            "{sender} envió más correos en una hora de los que se reciben de una persona. Los que \
             lleguen de más en esta hora quedan en «Correo por revisar», donde puede leerlos y \
             aceptarlos:\n\n{}/correo\n\n\
             No se le avisa de cada uno.\n\n\
             Mesa de Ayuda\nUnidad de Servicios Penitenciarios y Carcelarios\n",
            self.base_url
        );
        let addresses = to
            .iter()
            .map(|to| Address::new_address(None::<&str>, to.as_str()));
        let message = MessageBuilder::new()
            .from(Address::new_address(
                self.from.name.as_deref(),
                self.from.address.as_str(),
            ))
            .to(Address::new_list(addresses.collect()))
            .subject("Correos que no se reciben: demasiados en una hora")
            .date(now.as_second())
            .message_id(format!(
                "{}.flooded@{}",
                record.id,
                self.reply_address.domain()
            ))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .header(TICKET_HEADER, Raw::new("none"))
            .text_body(text);
        Ok(message.write_to_vec()?)
    }

    /// What came of the verbs in a mail, to whoever gave them.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn verbs(
        &self,
        record: &MailRecord,
        answer: &VerbsAnswer,
        to: &EmailAddress,
        now: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let MailOutcome::FollowUp { ticket, .. } = &record.outcome else {
            return Err("the mail did nothing to a ticket".into());
        };
        let audience = match answer.hand {
            Hand::Desk => Audience::Desk,
            Hand::Officer => Audience::Officer,
            Hand::Observer => Audience::Requester,
        };
        let told: String = answer
            .told
            .iter()
            .map(|line| format!("- {line}\n"))
            .collect();
        let verbs: String = Verb::of(answer.hand)
            .map(|verb| format!("{}: {}.\n", verb.word(), verb.does()))
            .collect();
        let number = ticket.number;
        let text = format!(
            "Esto pasó con su correo sobre la solicitud {number}:\n\n{told}\n\
             Al comienzo de un renglón de su respuesta puede escribir:\n\n{verbs}\n\
             Ver la solicitud: {}/solicitudes/{}\n\n\
             Mesa de Ayuda\nUnidad de Servicios Penitenciarios y Carcelarios\n",
            self.base_url, number.0
        );
        let reply_to = self.reply_to(audience, ticket.id);
        let message = self
            .answering(record, to, now)
            .reply_to(Address::new_address(None::<&str>, reply_to.as_str()))
            .subject(format!("[USPEC {number}] Qué pasó con su correo"))
            .header(TICKET_HEADER, Raw::new(ticket.id.to_string()))
            .text_body(text);
        Ok(message.write_to_vec()?)
    }

    /// An answer to a mail that came in (RFC 3834), still without what it says.
    fn answering<'a>(
        &'a self,
        record: &'a MailRecord,
        to: &'a EmailAddress,
        now: Timestamp,
    ) -> MessageBuilder<'a> {
        let message = MessageBuilder::new()
            .from(Address::new_address(
                self.from.name.as_deref(),
                self.from.address.as_str(),
            ))
            .to(Address::new_address(None::<&str>, to.as_str()))
            .date(now.as_second())
            .message_id(format!(
                "{}.answer@{}",
                record.id,
                self.reply_address.domain()
            ))
            .header("Auto-Submitted", Raw::new("auto-replied"))
            .header("X-Auto-Response-Suppress", Raw::new("All"));
        match &record.message_id {
            Some(id) => message
                .header("In-Reply-To", HeaderType::from(MessageId::new(id.clone())))
                .header("References", HeaderType::from(MessageId::new(id.clone()))),
            None => message,
        }
    }

    /// The address that the answers of an audience come to.
    fn reply_to(&self, audience: Audience, ticket: TicketId) -> String {
        let token = self.secret.issue(TokenUse::Reply(audience), ticket);
        let address = self.reply_address.as_str();
        let local = address.split('@').next().unwrap_or_default();
        format!("{local}+{token}@{}", self.reply_address.domain())
    }
}

/// What whoever was refused may do, or need not.
fn what_now(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::OutsideSender | RefusalReason::Unauthenticated => {
            "Este buzón atiende a funcionarios y contratistas de la entidad."
        }
        RefusalReason::Flood => {
            "Los que lleguen de más en esta hora tampoco se reciben. La Mesa de Ayuda fue avisada y \
             puede aceptarlos; no hace falta que los repita."
        }
        RefusalReason::NotAllowed => {
            "Quedó entre los correos que la Mesa de Ayuda revisa. Si es un asunto nuevo, escriba un \
             correo nuevo."
        }
        RefusalReason::Virus => "Revise su equipo y envíe el correo de nuevo, sin el archivo.",
        RefusalReason::Spam | RefusalReason::NoSender | RefusalReason::Unreadable => {
            "Quedó entre los correos que la Mesa de Ayuda revisa. Si es urgente, registre la \
             solicitud en la página de la Mesa de Ayuda."
        }
    }
}

fn word(audience: Audience) -> &'static str {
    match audience {
        Audience::Requester => "requester",
        Audience::Desk => "desk",
        Audience::Officer => "officer",
        Audience::Provider => "provider",
    }
}

fn kind_word(kind: MailKind) -> &'static str {
    Effect::Mail(kind).as_str()
}
