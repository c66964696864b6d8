//! What is told of the quarterly review of accounts (A3-FO-11): to each chief that it is due,
//! and that it will be over soon; to the coordinators who has not signed. None of it is about
//! a ticket. Each goes out as every mail does: claimed, sent, and put on record with what is
//! told next (docs/adr/0005).

use cloud::clock;
use cloud::consumer::Failure;
use cloud::desk::claimant;
use cloud::log::chain;
use cloud::mailer::MailError;
use cloud::notices::TICKET_HEADER;
use cloud::store::{NoticeRow, OutboxClaim, Unsent};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::raw::Raw;
use types::catalogue::{Catalogue, Role};
use types::format::accounts::Holder;
use types::ids::EmailAddress;
use types::mail::{bounds, day};
use types::person::Person;
use types::quarter::Quarter;
use types::review::{Asked, Notice, Progress, Review, Term, lines};
use types::spanish;
use types::{Date, Timestamp};

use crate::letter::Letter;
use crate::office::Office;
use crate::queue::{Postman, SLACK};

/// Where a chief reviews.
const PAGE: &str = "/matriz/refrendo";

/// Where is seen who has signed.
const MATRIX: &str = "/matriz";

/// A letter of a review, with its subject.
pub struct Written {
    pub subject: String,
    pub letter: Letter,
    pub to: Vec<EmailAddress>,
}

/// What a notice comes to by the time that it is due.
enum Due {
    Send(Box<Written>),
    /// It is not to be told any more, for a reason.
    Leave(&'static str),
}

impl Postman {
    /// Tells whoever is to be told of a review, if it still is so, and says on his row what he
    /// is told next.
    pub(crate) async fn tell_of_review(
        &self,
        quarter: Quarter,
        chief: Option<&EmailAddress>,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<(), Failure> {
        let store = &self.desk.store;
        let now = clock::now().max(at);
        let Some(row) = store.notice(quarter, chief).await? else {
            return Ok(());
        };
        if row.due > now {
            return Ok(());
        }
        let me = claimant();
        let whose = (quarter, chief);
        match store
            .claim_notice(whose, row.notice, &me, until + SLACK)
            .await?
        {
            OutboxClaim::Mine => {}
            OutboxClaim::Gone => return Ok(()),
            OutboxClaim::Busy(left) => {
                return Err(Failure::Retry {
                    after: Some(left),
                    reason: "somebody else is sending this notice, or died doing it".to_owned(),
                });
            }
        }
        let catalogue = self.desk.catalogue_for_queue().await?.catalogue;
        let (due, term) = match chief {
            Some(chief) => self.due_to_chief(quarter, chief, row.notice, now).await?,
            None => (
                self.due_to_coordinators(quarter, &catalogue, now).await?,
                None,
            ),
        };
        let outcome = match due {
            Due::Leave(why) => why.to_owned(),
            Due::Send(written) => self.send_review(*written, now).await?,
        };
        let next = row
            .notice
            .next(term, now)
            .map(|(notice, due)| NoticeRow { notice, due });
        store
            .finish_notice(whose, row.notice, &me, &outcome, next)
            .await?;
        tracing::info!(%quarter, notice = row.notice.word(), outcome, "told of a review");
        Ok(())
    }

    async fn due_to_chief(
        &self,
        quarter: Quarter,
        chief: &EmailAddress,
        notice: Notice,
        now: Timestamp,
    ) -> Result<(Due, Option<Term>), Failure> {
        let store = &self.desk.store;
        let Some(stored) = store.review(quarter, chief).await? else {
            return Err(Failure::Poison("there is no such review".to_owned()));
        };
        let review = stored.review;
        let term = review.term;
        if review.signed.is_some() {
            return Ok((Due::Leave("signed"), None));
        }
        let begins = bounds(quarter.begins()).map_or(now, |(begins, _)| begins);
        let holders = store.people_of(chief, begins).await?;
        let Some(last) = term.map(|term| term.last) else {
            return Ok((Due::Leave("not asked for"), None));
        };
        if holders
            .iter()
            .all(|holder| holder.active().next().is_none())
        {
            return Ok((Due::Leave("nothing to review"), None));
        }
        let letter = to_chief(&self.office, &review, &holders, (notice, last), now);
        Ok((Due::Send(Box::new(letter)), term))
    }

    async fn due_to_coordinators(
        &self,
        quarter: Quarter,
        catalogue: &Catalogue,
        now: Timestamp,
    ) -> Result<Due, Failure> {
        let store = &self.desk.store;
        let Some(asked) = store.review_quarter(quarter).await? else {
            return Err(Failure::Poison("no reviews were asked for".to_owned()));
        };
        let begins = bounds(quarter.begins()).map_or(now, |(begins, _)| begins);
        let (mut unsigned, mut signed) = (Vec::new(), 0);
        for review in store.reviews(quarter).await? {
            match (&review.signed, review.term) {
                (Some(_), _) => signed += 1,
                (None, None) => {}
                (None, Some(_)) => {
                    let people = store.people_of(&review.chief.email, begins).await?;
                    if people.iter().any(|holder| holder.active().next().is_some()) {
                        unsigned.push(review.chief);
                    }
                }
            }
        }
        if unsigned.is_empty() && asked.without_chief == 0 {
            return Ok(Due::Leave("all signed"));
        }
        let mut written = to_coordinators(&self.office, &asked, &unsigned, signed);
        let coordinators = catalogue.with_role(Role::Coordinator);
        written.to = coordinators.map(|entry| entry.email.clone()).collect();
        Ok(Due::Send(Box::new(written)))
    }

    /// Sends a letter of a review. Says under which id SES took it, or why it was not sent.
    async fn send_review(&self, written: Written, now: Timestamp) -> Result<String, Failure> {
        let suppressed = self.desk.store.suppressed(&written.to).await?;
        let to: Vec<_> = written
            .to
            .iter()
            .filter(|address| !suppressed.contains(address))
            .cloned()
            .collect();
        if to.is_empty() {
            let why = match suppressed.is_empty() {
                true => Unsent::NoRecipient,
                false => Unsent::Undeliverable,
            };
            tracing::warn!(why = why.as_str(), "a notice of a review goes to nobody");
            return Ok(why.as_str().to_owned());
        }
        let message = self.office.of_review(&written, &to, now);
        let message =
            message.map_err(|e| Failure::Poison(format!("the mail cannot be written: {e}")))?;
        match self
            .mailer
            .send(&self.office.from.to_string(), &to, message)
            .await
        {
            Ok(id) => Ok(id),
            // He does not hear of it by mail; the coordinators see that he has not signed.
            Err(error @ MailError::Refused { .. }) if to.len() == 1 => {
                tracing::warn!(error = error.text(), "a notice of a review was refused");
                Ok(Unsent::Undeliverable.as_str().to_owned())
            }
            Err(error @ (MailError::Refused { .. } | MailError::Misconfigured { .. })) => {
                Err(Failure::Poison(format!("{error}: {}", error.text())))
            }
            Err(error @ MailError::Retryable(_)) => Err(Failure::Retry {
                after: None,
                reason: chain(&error),
            }),
        }
    }
}

fn greeting(person: &Person) -> String {
    match person.name == person.email.as_str() {
        true => "Buenos días:".to_owned(),
        false => format!("Buenos días, {}:", person.name),
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {many}"),
    }
}

/// To a chief: what is to be reviewed, and until when.
pub fn to_chief(
    office: &Office,
    review: &Review,
    holders: &[Holder],
    (notice, last): (Notice, Date),
    now: Timestamp,
) -> Written {
    let today = day(now);
    let progress = Progress::of(&lines(holders, review, today));
    let people = holders
        .iter()
        .filter(|holder| holder.active().next().is_some());
    let accounts = counted(progress.total, "cuenta activa", "cuentas activas");
    let people = counted(people.count(), "persona", "personas");
    let (quarter, last_day) = (review.quarter.words(), spanish::day(last, None));
    let until = match last < today {
        true => format!("El plazo terminó el {last_day}; todavía puede firmarlo."),
        false => format!("Tiene plazo hasta el {last_day}."),
    };
    let done = match (progress.decided(), progress.left()) {
        (0, _) => "Aún no ha decidido ninguna.".to_owned(),
        (_, 0) => "Ya decidió todas: solo falta firmar.".to_owned(),
        (decided, left) => format!(
            "Ha decidido {decided}; {}.",
            match left {
                1 => "falta 1".to_owned(),
                left => format!("faltan {left}"),
            }
        ),
    };
    let what = "De cada cuenta usted dice si todavía hace falta (la ratifica) o ya no (la retira). Lo que \
                retire se pide deshabilitar solo, al firmar.";
    let (subject, paragraphs) = match notice {
        Notice::Invitation | Notice::Overdue => (
            format!("Refrendo de las cuentas de su gente, {quarter}"),
            vec![
                format!(
                    "Empezó el refrendo del {quarter}. {people} a su cargo {} {accounts} en los \
                     sistemas de la entidad.",
                    if people.starts_with("1 ") {
                        "tiene"
                    } else {
                        "tienen"
                    }
                ),
                format!("{what} {until}"),
            ],
        ),
        Notice::Reminder => (
            format!("Falta su firma: refrendo de cuentas, {quarter}"),
            vec![
                format!("El refrendo del {quarter} sigue sin firmar. {done} {until}"),
                what.to_owned(),
            ],
        ),
    };
    Written {
        subject,
        letter: Letter {
            greeting: greeting(&review.chief),
            paragraphs,
            button: Some(("Revisar las cuentas", format!("{}{PAGE}", office.base_url))),
            facts: vec![
                (
                    "Formato",
                    "A3-FO-11, matriz de gestión de usuarios".to_owned(),
                ),
                ("Cuentas por revisar", progress.left().to_string()),
                ("Plazo", last_day),
            ],
            ..Letter::default()
        },
        to: vec![review.chief.email.clone()],
    }
}

/// To the coordinators: who has not signed by the end.
pub fn to_coordinators(
    office: &Office,
    asked: &Asked,
    unsigned: &[Person],
    signed: usize,
) -> Written {
    let quarter = asked.quarter.words();
    let last = spanish::day(asked.term.last, None);
    let mut paragraphs = vec![format!(
        "El plazo del refrendo del {quarter} terminó el {last}."
    )];
    let quote = match unsigned {
        [] => {
            paragraphs.push("Todos los jefes a quienes se les pidió firmaron.".to_owned());
            None
        }
        _ => {
            let firmaron = match signed {
                0 => "Nadie ha firmado".to_owned(),
                1 => "Firmó 1".to_owned(),
                signed => format!("Firmaron {signed}"),
            };
            let left = match unsigned.len() {
                1 => "falta quien sigue, que todavía puede firmar:".to_owned(),
                count => format!("faltan {count}, que todavía pueden firmar:"),
            };
            paragraphs.push(format!("{firmaron}; {left}"));
            let names = unsigned
                .iter()
                .map(|chief| match chief.name == chief.email.as_str() {
                    true => chief.name.clone(),
                    false => format!("{} ({})", chief.name, chief.email),
                });
            Some(names.collect::<Vec<_>>().join("\n"))
        }
    };
    let mut closing = Vec::new();
    if asked.without_chief > 0 {
        let who = match asked.without_chief {
            1 => "Una persona tiene".to_owned(),
            count => format!("{count} personas tienen"),
        };
        closing.push(format!(
            "{who} cuentas activas y ningún jefe de la entidad que las refrende. Corrija su jefe con \
             un A3-S1-FO-01."
        ));
    }
    Written {
        subject: match unsigned.len() {
            0 => format!("Refrendo de cuentas, {quarter}: personas sin jefe"),
            1 => format!("Refrendo de cuentas, {quarter}: falta 1 firma"),
            count => format!("Refrendo de cuentas, {quarter}: faltan {count} firmas"),
        },
        letter: Letter {
            greeting: "Buenos días:".to_owned(),
            paragraphs,
            quote,
            closing,
            button: Some((
                "Ver quién ha firmado",
                format!("{}{MATRIX}", office.base_url),
            )),
            ..Letter::default()
        },
        to: vec![],
    }
}

impl Office {
    /// A letter of a review as a message. It is about no ticket, and an answer to it is a
    /// request like any other.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn of_review(
        &self,
        written: &Written,
        to: &[EmailAddress],
        now: Timestamp,
    ) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let subject = format!("[USPEC] {}", written.subject);
        let addresses = to
            .iter()
            .map(|to| Address::new_address(None::<&str>, to.as_str()));
        let message = MessageBuilder::new()
            .from(Address::new_address(
                self.from.name.as_deref(),
                self.from.address.as_str(),
            ))
            .to(Address::new_list(addresses.collect()))
            .subject(subject.as_str())
            .date(now.as_second())
            .message_id(format!(
                "{}.review@{}",
                claimant(),
                self.reply_address.domain()
            ))
            .header("Auto-Submitted", Raw::new("auto-generated"))
            .header("X-Auto-Response-Suppress", Raw::new("All"))
            .header(TICKET_HEADER, Raw::new("none"))
            .text_body(written.letter.text()?)
            .html_body(written.letter.html(&subject)?);
        Ok(message.write_to_vec()?)
    }
}
