//! Taking a mail in: read it, decide, and write the outcome with what it does in
//! one transaction. A mail that comes twice finds its record; a process that
//! dies leaves none, and the mail comes back.

use cloud::clock;
use cloud::consumer::{Failure, Listener};
use cloud::desk::{Attempts, Desk, Halt};
use cloud::files::{Bucket, FileError, kept_mail, raw_mail};
use cloud::log::chain;
use cloud::notices::{Notice, Receipt, Received};
use cloud::queues::Watched;
use cloud::store::{CommitError, Guards, MailEntry, MailGuard, SenderLimit, StoreError};
use cloud::uploads::{Series, Uploads};
use data_encoding::HEXLOWER;
use futures_util::future::try_join_all;
use mailreader::{Attachment as File, Automatic, Origin, Reading, Unreadable, read};
use sha2::{Digest, Sha256};
use types::Timestamp;
use types::catalogue::Catalogue;
use types::command::{
    Application, Command, NewTicket, Rejection, Setting, admit, decide_with_files,
};
use types::effects::Effect;
use types::ids::{EmailAddress, MailId, TicketId, TicketNumber, printable};
use types::mail::{Became, MailOutcome, MailRecord, RefusalReason, VerbsAnswer};
use types::message::Doorbell;
use types::permission::Actor;
use types::ticket::{
    Attachment, Event, EventKind, Link, MAX_LINKS, Ticket, Visibility, apply_all, room_for,
};
use types::token::{Audience, TokenSecret, TokenUse};
use types::verbs::{Done, Hand, carry_out};

use crate::decision::{
    Candidate, Case, Clue, Decision, Labels, Outsiders, Sender, base, decide, whole,
};
use crate::marks::is_marked;

/// Largest mail that SES takes, with its headers.
const MAX_MAIL: u64 = 40 * 1024 * 1024;

/// Most ids of a mail's `In-Reply-To` and `References` that are looked up.
const MAX_ANSWERED: usize = 10;

/// Most of what a mail on file says that is kept beside it, in characters.
const MAX_FILED: usize = 2_000;

/// Mails that somebody who is known gets taken in an hour.
const KNOWN_AN_HOUR: u32 = 200;

/// Files of a mail that are stored at once.
const FILES_AT_ONCE: usize = 8;

/// Longest media type that is kept, in characters: RFC 6838 has 127 at most.
const MAX_TYPE: usize = 127;

/// What a mail is taken in with.
pub struct Inbox {
    pub desk: Desk,
    pub raw: Bucket,
    /// Where SES's notices wait.
    pub notices: Watched,
    pub files: Uploads,
    pub secret: TokenSecret,
    pub outsiders: Outsiders,
    /// What `name+label@` is.
    pub labels: Labels,
    /// The address that replies go to, and the one that we write from.
    pub own: Vec<EmailAddress>,
    /// Mails of one sender that are taken in an hour.
    pub sender_limit: u32,
    /// Short answers that one sender gets in an hour.
    pub answer_limit: u32,
}

/// A mail, as SES tells of it.
pub struct Arrival {
    pub id: MailId,
    pub received_at: Timestamp,
    pub envelope_from: Option<String>,
    /// None where no notice told of it: whom its header names.
    pub recipients: Vec<String>,
    pub receipt: Receipt,
}

impl Listener for Inbox {
    const QUEUE: &'static str = "inbound_mail";

    fn desk(&self) -> &Desk {
        &self.desk
    }

    async fn hear(&self, notice: Notice) -> Result<Vec<Doorbell>, Failure> {
        match notice {
            Notice::Received(received) => self.take_in(arrival(*received)?).await,
            // SES tries a rule out when it is made.
            Notice::Other(word) => {
                tracing::info!(word, "a notice that nothing follows from");
                Ok(vec![])
            }
            Notice::Bounce { .. } | Notice::Complaint { .. } | Notice::Reject { .. } => {
                Err(Failure::Poison("not for this queue".to_owned()))
            }
        }
    }
}

/// The mail that a notice tells of.
///
/// # Errors
/// Poison, where SES gave it no id that can be used.
pub fn arrival(received: Received) -> Result<Arrival, Failure> {
    let id = MailId::parse(&received.mail.message_id)
        .ok_or_else(|| Failure::Poison("SES gave no usable id".to_owned()))?;
    let source = received.mail.source.filter(|s| !s.is_empty() && s != "<>");
    Ok(Arrival {
        id,
        received_at: received.mail.timestamp,
        envelope_from: source,
        recipients: received.receipt.recipients.clone(),
        receipt: received.receipt,
    })
}

impl Inbox {
    /// Takes a mail in, once, and moves it to those that are on record.
    ///
    /// # Errors
    /// See [`Failure`].
    pub async fn take_in(&self, arrival: Arrival) -> Result<Vec<Doorbell>, Failure> {
        let id = arrival.id.clone();
        // On the heap, as the move is: they are large, and stand on a small stack in tests.
        let owed = Box::pin(self.put_on_record(arrival)).await?;
        // Somebody who was faster may have recorded another time, and so another day.
        match self.desk.store.mail_record(&id).await {
            Ok(Some(record)) => Box::pin(self.keep(&record)).await,
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(mail.id = %id, error = chain(&error), "a mail is not moved yet");
            }
        }
        Ok(owed)
    }

    /// Moves the raw mail of a record to where such mails are kept: where SES writes,
    /// there is only what nobody put on record. What fails is done by the recovery.
    pub async fn keep(&self, record: &MailRecord) {
        let kept = kept_mail(&record.id, record.received_at);
        if let Err(error) = self.raw.relocate(&raw_mail(&record.id), &kept).await {
            tracing::warn!(mail.id = %record.id, error = chain(&error), "a mail is not moved yet");
        }
    }

    /// The raw mail of a record. It only ever goes from where SES wrote it to where it is
    /// kept, so that it is looked for in this order.
    ///
    /// # Errors
    /// See [`FileError`].
    pub async fn raw_of(&self, record: &MailRecord) -> Result<Vec<u8>, FileError> {
        let kept = kept_mail(&record.id, record.received_at);
        match Box::pin(self.raw.read(&raw_mail(&record.id), MAX_MAIL)).await {
            Err(FileError::Missing { .. }) => Box::pin(self.raw.read(&kept, MAX_MAIL)).await,
            read => read,
        }
    }

    async fn put_on_record(&self, mut arrival: Arrival) -> Result<Vec<Doorbell>, Failure> {
        if let Some(record) = self.desk.store.mail_record(&arrival.id).await? {
            return self.complete(&record).await;
        }
        // A virus is not opened.
        if arrival.receipt.virus_verdict.fails() {
            return self.refuse(&arrival, None, RefusalReason::Virus).await;
        }
        if arrival.receipt.spam_verdict.fails() {
            return self.refuse(&arrival, None, RefusalReason::Spam).await;
        }
        let raw = match self.raw.read(&raw_mail(&arrival.id), MAX_MAIL).await {
            Ok(raw) => raw,
            Err(FileError::TooLarge { .. }) => {
                return self.unreadable(&arrival, Unreadable::TooLarge).await;
            }
            Err(error @ (FileError::Retryable { .. } | FileError::Missing { .. })) => {
                // Somebody else was faster, and has moved it.
                if let Some(record) = self.desk.store.mail_record(&arrival.id).await? {
                    return self.complete(&record).await;
                }
                return Err(Failure::Retry {
                    after: None,
                    reason: chain(&error),
                });
            }
            Err(error @ FileError::Unexpected { .. }) => {
                return Err(Failure::Poison(chain(&error)));
            }
        };
        if arrival.recipients.is_empty() {
            for (header, reason) in [
                ("X-SES-Virus-Verdict", RefusalReason::Virus),
                ("X-SES-Spam-Verdict", RefusalReason::Spam),
            ] {
                if is_marked(&raw, header) {
                    return self.refuse(&arrival, None, reason).await;
                }
            }
        }
        match read(&raw, arrival.envelope_from.as_deref()) {
            Ok(reading) => {
                if arrival.recipients.is_empty() {
                    let named = reading.to.iter().chain(&reading.cc);
                    arrival.recipients = named.map(|to| to.address.to_string()).collect();
                }
                let reading = self.labels.fold(reading, &self.desk.entity_domains);
                // On the heap: it is the largest of all, and stands on a small stack in tests.
                Box::pin(self.act(&arrival, &reading)).await
            }
            Err(why) => self.unreadable(&arrival, why).await,
        }
    }

    /// Decides and writes; again where somebody else was faster.
    async fn act(
        &self,
        arrival: &Arrival,
        reading: &Reading<'_>,
    ) -> Result<Vec<Doorbell>, Failure> {
        let seal = self.seal(reading).await?;
        let ids = Series::begin();
        let mut attempts = Attempts::default();
        loop {
            let stored = self.desk.catalogue_for_queue().await?;
            let candidates = self.candidates(arrival, reading).await?;
            let recipients = bases(&arrival.recipients);
            let case = Case {
                reading,
                sender: sender(arrival, reading),
                recipients: &recipients,
                candidates: &candidates,
                catalogue: &stored.catalogue,
                entity_domains: &self.desk.entity_domains,
                outsiders: self.outsiders,
                own: &self.own,
            };
            let setting = Setting {
                now: clock::now(),
                catalogue: &stored.catalogue,
            };
            let decision = decide(&case);
            let mail = Mail {
                arrival,
                reading,
                ids,
                seal: seal.as_deref(),
                sender: case.sender,
                is_known: is_known(&case, &decision),
            };
            // Whose files are stored before it is known that they are wanted.
            let files_of = match &decision {
                Decision::Open { .. } => Some(ticket_id_of(&arrival.id, arrival.received_at)),
                Decision::Act { on, .. } | Decision::Ask { on, .. } => {
                    candidates.get(*on).map(|c| c.ticket.id)
                }
                Decision::File { .. } | Decision::Refuse { .. } => None,
            };
            let written = match decision {
                Decision::File { what, on } => {
                    let on = on.and_then(|on| candidates.get(on)).map(|c| &c.ticket);
                    self.file(&mail, what, on, setting).await
                }
                Decision::Refuse { reason, detail } => {
                    // A forged mail must not keep the true one out.
                    let seal = mail.seal.filter(|_| case.sender != Sender::Disowned);
                    let read = (Some(reading), seal);
                    self.turn_away(arrival, read, reason, detail).await
                }
                Decision::Open { application, actor } => {
                    self.open(&mail, *application, &actor, setting).await
                }
                Decision::Act { on, actor, command } => {
                    let ticket = &candidates[on].ticket;
                    self.add(&mail, ticket, &actor, command, setting).await
                }
                Decision::Ask {
                    on,
                    actor,
                    hand,
                    written,
                } => {
                    let ticket = &candidates[on].ticket;
                    let done = carry_out(&written, hand, ticket, &actor, setting);
                    match done {
                        Ok(done) => self.asked(&mail, ticket, &actor, hand, done, setting).await,
                        Err(rejection) => Err(rejection.into()),
                    }
                }
            };
            let lost = match written {
                Ok(doorbells) => return Ok(doorbells),
                Err(Stop::NotAllowed(detail)) => {
                    let read = (Some(reading), mail.seal);
                    let refused = self.turn_away(arrival, read, RefusalReason::NotAllowed, detail);
                    match refused.await {
                        Ok(doorbells) => return Ok(doorbells),
                        Err(Stop::Lost(lost)) => lost,
                        Err(other) => return Err(other.into()),
                    }
                }
                Err(Stop::Failed(failure)) => return Err(failure),
                Err(Stop::Lost(lost)) => lost,
            };
            let done = match lost {
                // Twice at once: whoever was first has done it, or most of it.
                CommitError::MailKnown => match self.desk.store.mail_record(&arrival.id).await? {
                    Some(record) => self.complete(&record).await,
                    None => Ok(vec![]),
                },
                CommitError::MessageIdKnown => {
                    self.duplicate(arrival, reading, seal.as_deref()).await
                }
                CommitError::SenderExceeded => {
                    self.exceeded(arrival, reading, seal.as_deref()).await
                }
                // What the mail does is decided anew: its ticket may be closed by now.
                other => {
                    attempts.another(other).await?;
                    continue;
                }
            };
            self.discard_files(ids, reading, files_of).await;
            return done;
        }
    }

    /// What stands for a mail. One that came before its content was part of that is
    /// known by its id, its sender and its subject.
    async fn seal(&self, reading: &Reading<'_>) -> Result<Option<String>, Failure> {
        let store = &self.desk.store;
        let Some(early) = early_seal(reading) else {
            return Ok(None);
        };
        if let Some(first) = store.mail_under(&early).await?
            && let Some(record) = store.mail_record(&first).await?
            && record.subject == reading.subject
        {
            return Ok(Some(early));
        }
        Ok(seal(reading))
    }

    /// The tickets that a mail may be about: first those whose mails it answers,
    /// by the ids that SES gave them, then those whose tokens stand in its
    /// recipients. A number in the subject is none of them.
    async fn candidates(
        &self,
        arrival: &Arrival,
        reading: &Reading<'_>,
    ) -> Result<Vec<Candidate>, Failure> {
        let local = |id: &String| id.split('@').next().map(str::to_owned);
        // A report names the mail that it is about; others name what they answer.
        let reported = match &reading.automatic {
            Some(Automatic::DeliveryReport(report)) => report.about.as_ref(),
            Some(Automatic::ReadReceipt { about }) => about.as_ref(),
            Some(_) | None => None,
        };
        let answered: Vec<String> = reported
            .into_iter()
            .chain(&reading.answers)
            .filter_map(local)
            .take(MAX_ANSWERED)
            .collect();
        let mut named = Vec::new();
        for sent in self.desk.store.sent_mails(&answered).await? {
            if let Effect::Mail(kind) = sent.effect {
                named.push((sent.ticket, kind.audience(), Clue::Id));
            }
        }
        // Nor does everybody answer us: who was copied answers the mail that made it.
        if named.is_empty() {
            let answered = &reading.answers[..reading.answers.len().min(MAX_ANSWERED)];
            for ticket in self.desk.store.threads(answered).await? {
                named.push((ticket, Audience::Requester, Clue::Thread));
            }
        }
        for recipient in &arrival.recipients {
            let label = recipient.split('@').next().and_then(|l| l.split_once('+'));
            if let Some((_, token)) = label
                && let Some((TokenUse::Reply(audience), ticket)) = self.secret.verify(token)
            {
                named.push((ticket, audience, Clue::Token));
            }
        }
        if let Some(ticket) = self.tagged(reading).await? {
            named.push((ticket, Audience::Provider, Clue::Tag));
        }
        let mut candidates: Vec<Candidate> = Vec::new();
        for (id, audience, clue) in named {
            let known = |c: &Candidate| (c.ticket.id, c.audience, c.clue) == (id, audience, clue);
            if !candidates.iter().any(known)
                && let Some(ticket) = self.desk.store.ticket(id).await?
            {
                candidates.push(Candidate {
                    ticket,
                    audience,
                    clue,
                });
            }
        }
        Ok(candidates)
    }

    /// The ticket whose tag stands in the subject of a provider's mail. Of anybody else
    /// a number proves nothing.
    async fn tagged(&self, reading: &Reading<'_>) -> Result<Option<TicketId>, Failure> {
        let stored = self.desk.catalogue_for_queue().await?;
        let providers = &stored.catalogue.document().providers;
        let from = reading.from.as_ref().map(|from| from.address.domain());
        let is_his = |domain: &str| {
            from.is_some_and(|from| from == domain || from.ends_with(&format!(".{domain}")))
        };
        let number = || {
            let subject = reading.subject.as_deref()?;
            let (_, tag) = subject.split_once("[USPEC #")?;
            let (digits, _) = tag.split_once(']')?;
            Some(TicketNumber(digits.parse().ok()?))
        };
        match number() {
            Some(number) if providers.iter().any(|p| is_his(p.email.domain())) => {
                Ok(self.desk.store.ticket_of(number).await?)
            }
            Some(_) | None => Ok(None),
        }
    }

    /// Writes a new ticket.
    async fn open(
        &self,
        mail: &Mail<'_>,
        application: Application,
        actor: &Actor,
        setting: Setting<'_>,
    ) -> Result<Vec<Doorbell>, Stop> {
        let passed_on = application.request.passed_on_by.is_some();
        let admission = admit(application, actor, setting).map_err(poison)?;
        // The commit asks both again. Whoever asks first takes no number and
        // stores no files for a mail that comes to nothing.
        if let Some(seal) = mail.seal
            && let Some(first) = self.desk.store.mail_under(seal).await?
        {
            return Err(if first == mail.arrival.id {
                // Another attempt at this very mail.
                CommitError::MailKnown.into()
            } else {
                CommitError::MessageIdKnown.into()
            });
        }
        if let Some(limit) = mail.limit(self.sender_limit)
            && !self
                .desk
                .store
                .has_room(limit, mail.arrival.received_at)
                .await?
        {
            return Err(CommitError::SenderExceeded.into());
        }
        let id = ticket_id_of(&mail.arrival.id, mail.arrival.received_at);
        let files = self
            .store_files(mail.ids, mail.reading, id, &[], Visibility::Public)
            .await?;
        // Whoever passes a mail on to another team may not add to its ticket.
        let filer = if passed_on { &Actor::System } else { actor };
        let record = |ticket: Link| mail.record(MailOutcome::Ticket { ticket });
        let written = self.desk.register(|number| {
            let new = admission.register(id, number);
            let new = with_files(new, files.as_ref(), filer, setting)?;
            let guards = self.guards(mail, record(new.ticket.link()));
            Ok((new.by_mail(&mail.arrival.id), guards))
        });
        let ticket = match written.await {
            Ok(ticket) => ticket,
            Err(Halt::Decision(rejection)) => return Err(poison(rejection)),
            Err(Halt::Commit(lost)) => return Err(lost.into()),
            Err(Halt::Key(known)) => return Err(Failure::from(known).into()),
        };
        Ok(self.link_back(&ticket).await?)
    }

    /// Carries a mail's command out on its ticket, with the files beside it.
    async fn add(
        &self,
        mail: &Mail<'_>,
        ticket: &Ticket,
        actor: &Actor,
        command: Command,
        setting: Setting<'_>,
    ) -> Result<Vec<Doorbell>, Stop> {
        // Before its files are stored.
        types::command::decide(ticket, &command, actor, setting)?;
        let visibility = visibility(&command);
        let files = self
            .store_files(
                mail.ids,
                mail.reading,
                ticket.id,
                &ticket.attachments,
                visibility,
            )
            .await?;
        let events = decide_with_files(ticket, &command, files.as_ref(), actor, setting)?;
        self.step(mail, ticket, events, None).await
    }

    /// Writes what was asked for with verbs, with the files beside it; its sender is
    /// told.
    async fn asked(
        &self,
        mail: &Mail<'_>,
        ticket: &Ticket,
        actor: &Actor,
        hand: Hand,
        done: Done,
        setting: Setting<'_>,
    ) -> Result<Vec<Doorbell>, Stop> {
        let mut events = done.events;
        let there = &ticket.attachments;
        let files = self.store_files(mail.ids, mail.reading, ticket.id, there, done.files);
        if let Some(command) = files.await? {
            let mut so_far = ticket.clone();
            apply_all(&mut so_far, &events);
            events.extend(types::command::decide(&so_far, &command, actor, setting)?);
        }
        let told = done.told;
        let answer = VerbsAnswer { hand, told };
        self.step(mail, ticket, events, Some(answer)).await
    }

    /// Commits a step that a mail brought about.
    async fn step(
        &self,
        mail: &Mail<'_>,
        ticket: &Ticket,
        events: Vec<Event>,
        verbs: Option<VerbsAnswer>,
    ) -> Result<Vec<Doorbell>, Stop> {
        let outcome = MailOutcome::FollowUp {
            ticket: ticket.link(),
            became: Became::of(&events),
        };
        let record = MailRecord {
            verbs,
            ..mail.record(outcome)
        };
        self.write(mail, ticket, events, record).await
    }

    async fn write(
        &self,
        mail: &Mail<'_>,
        ticket: &Ticket,
        mut events: Vec<Event>,
        record: MailRecord,
    ) -> Result<Vec<Doorbell>, Stop> {
        for event in &mut events {
            event.mail = Some(mail.arrival.id.clone());
        }
        // Its files stand beside what it says.
        let said = events
            .iter_mut()
            .find(|event| !matches!(event.kind, EventKind::AttachmentsAdded { .. }));
        if let Some(event) = said {
            event.whole = whole(mail.reading);
        }
        let guards = self.guards(mail, record);
        let carried = self.desk.commit_step(ticket, &events, &guards).await?;
        Ok(carried.doorbells)
    }

    /// What a commit depends on that a mail brought about.
    fn guards<'a>(&self, mail: &Mail<'a>, record: MailRecord) -> Guards<'a> {
        let entry = MailEntry {
            record,
            seal: mail.seal,
            counted: mail.limit(self.sender_limit),
        };
        Guards {
            mail: Some(MailGuard::Received(entry)),
            ..Guards::default()
        }
    }

    /// Puts a mail that nobody wrote on file; with a ticket, where it is open.
    async fn file(
        &self,
        mail: &Mail<'_>,
        what: &str,
        on: Option<&Ticket>,
        setting: Setting<'_>,
    ) -> Result<Vec<Doorbell>, Stop> {
        let what = what.to_owned();
        if let Some(ticket) = on {
            let text = printable(&mail.reading.reply);
            let command = Command::FileMail {
                what: what.clone(),
                text: text.chars().take(MAX_FILED).collect(),
            };
            if let Ok(events) = types::command::decide(ticket, &command, &Actor::System, setting) {
                let outcome = MailOutcome::Filed {
                    what,
                    ticket: Some(ticket.link()),
                };
                let record = mail.record(outcome);
                return self.write(mail, ticket, events, record).await;
            }
        }
        let outcome = MailOutcome::Filed { what, ticket: None };
        self.record(mail.arrival, Some(mail.reading), outcome, mail.seal, None)
            .await
    }

    /// A mail of a sender who has had his share: a person's is refused, what
    /// nobody wrote goes on file by itself.
    async fn exceeded(
        &self,
        arrival: &Arrival,
        reading: &Reading<'_>,
        seal: Option<&str>,
    ) -> Result<Vec<Doorbell>, Failure> {
        let recorded = match &reading.automatic {
            // What a person may have written is refused, and seen as such.
            None | Some(Automatic::AnswersUnwanted | Automatic::MailingList) => {
                let reason = RefusalReason::Flood;
                let detail = reason.sentence().to_owned();
                self.turn_away(arrival, (Some(reading), seal), reason, detail)
                    .await
            }
            // Nobody wrote it, and nobody is told.
            Some(_) => {
                let outcome = MailOutcome::Filed {
                    what: "flood".to_owned(),
                    ticket: None,
                };
                self.record(arrival, Some(reading), outcome, seal, None)
                    .await
            }
        };
        match recorded {
            Err(Stop::Lost(CommitError::MessageIdKnown)) => {
                self.duplicate(arrival, reading, seal).await
            }
            other => settled(other),
        }
    }

    async fn duplicate(
        &self,
        arrival: &Arrival,
        reading: &Reading<'_>,
        seal: Option<&str>,
    ) -> Result<Vec<Doorbell>, Failure> {
        let first = match seal {
            Some(seal) => self.desk.store.mail_under(seal).await?,
            None => None,
        };
        let of = first.ok_or_else(|| Failure::Retry {
            after: None,
            reason: "the mail that came first is not on record".to_owned(),
        })?;
        let outcome = MailOutcome::Duplicate { of };
        settled(
            self.record(arrival, Some(reading), outcome, None, None)
                .await,
        )
    }

    async fn refuse(
        &self,
        arrival: &Arrival,
        reading: Option<&Reading<'_>>,
        reason: RefusalReason,
    ) -> Result<Vec<Doorbell>, Failure> {
        let detail = reason.sentence().to_owned();
        let refused = self.turn_away(arrival, (reading, None), reason, detail);
        settled(refused.await)
    }

    /// Puts on record why a mail is not taken, with its seal where it has one, and tells
    /// whoever is owed that.
    async fn turn_away(
        &self,
        arrival: &Arrival,
        (reading, seal): (Option<&Reading<'_>>, Option<&str>),
        reason: RefusalReason,
        detail: String,
    ) -> Result<Vec<Doorbell>, Stop> {
        let stored = self.desk.catalogue_for_queue().await?;
        let owed = self.owed(arrival, reading, reason, &stored.catalogue);
        let outcome = MailOutcome::Refused { reason, detail };
        self.record(arrival, reading, outcome, seal, owed).await
    }

    /// Who is told that his mail was not taken: strangers, that they are none of this
    /// desk's; and whoever belongs here, whatever the reason was. Nobody is told who is
    /// named by somebody else, and nobody whose mail a machine wrote (RFC 3834).
    fn owed(
        &self,
        arrival: &Arrival,
        reading: Option<&Reading<'_>>,
        reason: RefusalReason,
        catalogue: &Catalogue,
    ) -> Option<Owed> {
        if reading.is_some_and(|reading| reading.automatic.is_some()) {
            return None;
        }
        let envelope = arrival.envelope_from.as_deref();
        let envelope = envelope.and_then(|path| EmailAddress::parse(path).ok())?;
        let providers = &catalogue.document().providers;
        let is_his = |domain: &str| envelope.domain() == domain;
        let belongs = self.desk.entity_domains.iter().any(|domain| is_his(domain))
            || providers
                .iter()
                .any(|provider| is_his(provider.email.domain()))
            || catalogue.person(&envelope).is_some();
        match reason {
            RefusalReason::OutsideSender => Some(Owed::Answer),
            RefusalReason::Unauthenticated => None,
            RefusalReason::Flood => belongs.then_some(Owed::OnceAnHour),
            RefusalReason::Virus
            | RefusalReason::Spam
            | RefusalReason::NoSender
            | RefusalReason::Unreadable
            | RefusalReason::NotAllowed => belongs.then_some(Owed::Answer),
        }
    }

    async fn unreadable(
        &self,
        arrival: &Arrival,
        why: Unreadable,
    ) -> Result<Vec<Doorbell>, Failure> {
        let detail = why.sentence().to_owned();
        let refused = self.turn_away(arrival, (None, None), RefusalReason::Unreadable, detail);
        settled(refused.await)
    }

    /// Records a mail that does nothing to a ticket. With `owed` its sender gets
    /// a short answer, unless he has had his share of them.
    async fn record(
        &self,
        arrival: &Arrival,
        reading: Option<&Reading<'_>>,
        outcome: MailOutcome,
        seal: Option<&str>,
        owed: Option<Owed>,
    ) -> Result<Vec<Doorbell>, Stop> {
        let entry = MailEntry {
            record: record(arrival, reading, outcome),
            seal,
            counted: None,
        };
        let to = arrival.envelope_from.as_deref().map(EmailAddress::parse);
        // Who is named in the envelope may have nothing to do with it.
        let named = arrival.receipt.spf_verdict.passes();
        let limit = match (&to, owed) {
            (Some(Ok(sender)), Some(owed)) if named && !sender.is_unread() => Some(match owed {
                Owed::Answer => SenderLimit {
                    what: "answered",
                    sender,
                    limit: self.answer_limit,
                },
                Owed::OnceAnHour => SenderLimit {
                    what: "flooded",
                    sender,
                    limit: 1,
                },
            }),
            (_, _) => None,
        };
        let written = self.desk.store.record_mail(&entry, limit).await;
        match written {
            Err(CommitError::SenderExceeded) => {
                Ok(self.desk.store.record_mail(&entry, None).await?)
            }
            other => Ok(other?),
        }
    }

    /// What follows from a mail on record and may have been cut off: that the
    /// ticket which it continues knows of it.
    async fn complete(&self, record: &MailRecord) -> Result<Vec<Doorbell>, Failure> {
        let MailOutcome::Ticket { ticket: link } = &record.outcome else {
            return Ok(vec![]);
        };
        let Some(ticket) = self.desk.store.ticket(link.id).await? else {
            return Ok(vec![]);
        };
        let mut doorbells = self.link_back(&ticket).await?;
        doorbells.extend(self.desk.store.owed(link.id).await?);
        Ok(doorbells)
    }

    /// Tells the tickets that a new one is linked to of it.
    async fn link_back(&self, ticket: &Ticket) -> Result<Vec<Doorbell>, Failure> {
        let mut doorbells = vec![];
        for earlier in &ticket.links {
            let visibility = earlier.visibility;
            let Some(earlier) = self.desk.store.ticket(earlier.id).await? else {
                continue;
            };
            if earlier.links.iter().any(|l| l.id == ticket.id) {
                continue;
            }
            let link = Link {
                visibility,
                ..ticket.link()
            };
            let command = Command::Link { link };
            // Somebody may have linked it in between.
            let rules = |earlier: &Ticket, setting: Setting<'_>| {
                // One that many wrote about has no room for more: the new one names it.
                let is_full = earlier.links.len() >= MAX_LINKS;
                if is_full || earlier.links.iter().any(|l| l.id == ticket.id) {
                    Ok(vec![])
                } else {
                    types::command::decide(earlier, &command, &Actor::System, setting)
                }
            };
            let carried = self
                .desk
                .carry_out(earlier, Guards::default(), None, rules)
                .await?;
            doorbells.extend(carried.doorbells);
        }
        Ok(doorbells)
    }

    /// Stores a mail's files under the ticket, as many as there is room for beside
    /// those that it has, and gives the command that adds them. A signature's logo that
    /// is there already is not one of them. What comes to nothing is removed later, whoever
    /// dies over it.
    pub async fn store_files(
        &self,
        ids: Series,
        reading: &Reading<'_>,
        ticket: TicketId,
        there: &[Attachment],
        visibility: Visibility,
    ) -> Result<Option<Command>, Failure> {
        let files = new_files(reading, there, visibility);
        let count = files.len();
        if count == 0 {
            return Ok(None);
        }
        let mut attachments: Vec<_> = files
            .iter()
            .map(|f| f.attachment(ids, visibility))
            .collect();
        attachments.truncate(room_for(there, &attachments));
        let stored: Vec<_> = files.iter().zip(&attachments).collect();
        for chunk in stored.chunks(FILES_AT_ONCE) {
            let mut writes = Vec::with_capacity(chunk.len());
            for (new, attachment) in chunk {
                let id = ids.file(new.number);
                let bytes = new.file.bytes().into_owned();
                writes.push(self.files.put(ticket, id, &attachment.content_type, bytes));
            }
            try_join_all(writes).await.map_err(of_file)?;
        }
        Ok(Some(Command::AddAttachments {
            left_out: count - attachments.len(),
            attachments,
        }))
    }

    /// Deletes what was stored under a ticket and came to nothing. What stays is removed by
    /// its mark.
    async fn discard_files(&self, ids: Series, reading: &Reading<'_>, ticket: Option<TicketId>) {
        let Some(ticket) = ticket else {
            return;
        };
        let numbers = 1..=reading.attachments.len();
        let ids: Vec<_> = numbers.map(|number| ids.file(number)).collect();
        if let Err(error) = self.files.withdraw(&self.desk.store, ticket, &ids).await {
            tracing::warn!(error = chain(&error), "files of a mail stay for the day");
        }
    }
}

/// A file of a mail that its ticket does not have.
struct NewFile<'a> {
    /// Its place among the mail's files.
    number: usize,
    file: &'a File<'a>,
    digest: Option<String>,
}

impl NewFile<'_> {
    /// What its ticket is to know of it.
    fn attachment(&self, ids: Series, visibility: Visibility) -> Attachment {
        let file = self.file;
        Attachment {
            id: ids.file(self.number).to_string(),
            name: file.name.clone(),
            content_type: file.content_type.chars().take(MAX_TYPE).collect(),
            size: u64::try_from(file.bytes().len()).unwrap_or(u64::MAX),
            visibility,
            digest: self.digest.clone(),
        }
    }
}

/// The files of a mail without the pictures of its text that came before: the same
/// bytes, where whoever may have the one may have the other.
fn new_files<'a>(
    reading: &'a Reading<'a>,
    there: &[Attachment],
    visibility: Visibility,
) -> Vec<NewFile<'a>> {
    let is_as_open = |known: &Attachment| match (known.visibility, visibility) {
        (Visibility::Public, _) | (Visibility::Internal, Visibility::Internal) => true,
        (Visibility::Internal, Visibility::Public) => false,
    };
    let known = there.iter().filter(|known| is_as_open(known));
    let mut known: Vec<String> = known.filter_map(|known| known.digest.clone()).collect();
    let mut new = Vec::new();
    for (at, file) in reading.attachments.iter().enumerate() {
        let is_picture = file.inline && file.content_type.starts_with("image/");
        let digest = is_picture.then(|| HEXLOWER.encode(&Sha256::digest(file.bytes())));
        if let Some(digest) = &digest {
            if known.contains(digest) {
                continue;
            }
            known.push(digest.clone());
        }
        new.push(NewFile {
            number: at + 1,
            file,
            digest,
        });
    }
    new
}

/// What is owed to the sender of a mail that was not taken.
#[derive(Clone, Copy)]
enum Owed {
    /// A short answer.
    Answer,
    /// The same, once for all that came too many; the desk is told with him.
    OnceAnHour,
}

/// A mail that was read.
struct Mail<'a> {
    arrival: &'a Arrival,
    reading: &'a Reading<'a>,
    ids: Series,
    seal: Option<&'a str>,
    sender: Sender,
    /// He works here, or writes on a ticket of his.
    is_known: bool,
}

/// Whether the limit for machines is not for him: people of the directory, and whoever
/// writes on a ticket that he may write on.
fn is_known(case: &Case<'_>, decision: &Decision) -> bool {
    let from = case.reading.from.as_ref();
    let works_here = from.is_some_and(|from| case.catalogue.person(&from.address).is_some());
    match decision {
        Decision::Act { .. } | Decision::Ask { .. } => true,
        Decision::Open { .. } | Decision::File { .. } | Decision::Refuse { .. } => works_here,
    }
}

impl<'a> Mail<'a> {
    fn record(&self, outcome: MailOutcome) -> MailRecord {
        record(self.arrival, Some(self.reading), outcome)
    }

    fn limit(&self, limit: u32) -> Option<SenderLimit<'a>> {
        let from = self.reading.from.as_ref()?;
        Some(SenderLimit {
            // Whoever writes in somebody's name uses up nothing of his.
            what: match self.sender {
                Sender::Proven if self.is_known => "known",
                Sender::Proven => "taken",
                Sender::Unproven | Sender::Disowned => "unproven",
            },
            sender: &from.address,
            limit: match self.sender {
                Sender::Proven if self.is_known => limit.max(KNOWN_AN_HOUR),
                Sender::Proven | Sender::Unproven | Sender::Disowned => limit,
            },
        })
    }
}

/// Why a mail does not do what it is about.
enum Stop {
    /// Its sender may not do that on the ticket, or its state forbids it.
    NotAllowed(String),
    /// What it depended on did not hold.
    Lost(CommitError),
    Failed(Failure),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::InvalidTransition(detail) | Rejection::AlreadySo(detail) => {
                Stop::NotAllowed(detail)
            }
            Rejection::Denied(_) => {
                Stop::NotAllowed(RefusalReason::NotAllowed.sentence().to_owned())
            }
            Rejection::Validation(_) | Rejection::Fields(_) | Rejection::Calendar(_) => {
                poison(rejection)
            }
        }
    }
}

impl From<CommitError> for Stop {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Store(error) => Stop::Failed(error.into()),
            lost => Stop::Lost(lost),
        }
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Failed(error.into())
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Stop::Failed(failure)
    }
}

/// A mail that stops at something other than the ticket's rules.
impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::NotAllowed(detail) => Failure::Poison(detail),
            Stop::Lost(error) => error.into(),
            Stop::Failed(failure) => failure,
        }
    }
}

/// A rule that no mail should break.
fn poison(rejection: Rejection) -> Stop {
    Stop::Failed(Failure::Poison(rejection.to_string()))
}

/// Who may have the files of a mail: whoever may read what it says.
fn visibility(command: &Command) -> Visibility {
    match command {
        Command::FollowUp { visibility, .. } => *visibility,
        Command::Reject { .. } => Visibility::Public,
        _ => Visibility::Internal,
    }
}

/// A mail whose record somebody else wrote is done.
fn settled(written: Result<Vec<Doorbell>, Stop>) -> Result<Vec<Doorbell>, Failure> {
    match written {
        Ok(doorbells) => Ok(doorbells),
        Err(Stop::Lost(CommitError::MailKnown)) => Ok(vec![]),
        Err(other) => Err(other.into()),
    }
}

/// The ticket that a mail's registration makes, with the files that came with it.
///
/// # Errors
/// See [`Rejection`].
pub fn with_files(
    new: NewTicket,
    files: Option<&Command>,
    actor: &Actor,
    setting: Setting<'_>,
) -> Result<NewTicket, Rejection> {
    match files {
        Some(command) => new.then(command, actor, setting),
        None => Ok(new),
    }
}

/// Whether a mail stands on no ticket, so that its text is nowhere else to be read.
fn outcome_is_nothing(outcome: &MailOutcome) -> bool {
    match outcome {
        MailOutcome::Refused { .. } | MailOutcome::Duplicate { .. } => true,
        MailOutcome::Filed { ticket, .. } => ticket.is_none(),
        MailOutcome::Ticket { .. } | MailOutcome::FollowUp { .. } => false,
    }
}

/// How a mail begins.
fn beginning(reading: &Reading<'_>) -> String {
    printable(&reading.text).chars().take(MAX_FILED).collect()
}

fn record(arrival: &Arrival, reading: Option<&Reading<'_>>, outcome: MailOutcome) -> MailRecord {
    MailRecord {
        id: arrival.id.clone(),
        received_at: arrival.received_at,
        object: kept_mail(&arrival.id, arrival.received_at),
        envelope_from: arrival.envelope_from.clone(),
        recipients: arrival.recipients.clone(),
        from: reading.and_then(|r| r.from.as_ref().map(|from| from.address.clone())),
        subject: reading.and_then(|r| r.subject.clone()),
        message_id: reading.and_then(|r| r.message_id.clone()),
        text: reading
            .filter(|_| outcome_is_nothing(&outcome))
            .map(beginning),
        outcome,
        accepted: None,
        verbs: None,
    }
}

/// Stands for a Message-ID, its sender and what he writes: the same mail, delivered
/// twice. Some devices write every mail under one Message-ID.
fn seal(reading: &Reading<'_>) -> Option<String> {
    let id = reading.message_id.as_deref()?;
    let subject = reading.subject.as_deref().unwrap_or_default();
    let from = reading
        .from
        .as_ref()
        .map_or("", |from| from.address.as_str());
    let text = &reading.text;
    Some(digest(&format!("{id}\n{from}\n{subject}\n{text}")))
}

/// The same, as it was before the content was part of it.
fn early_seal(reading: &Reading<'_>) -> Option<String> {
    let id = reading.message_id.as_deref()?;
    let from = reading.from.as_ref();
    let from = from.map_or("", |from| from.address.as_str());
    Some(digest(&format!("{id}\n{from}")))
}

fn digest(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// What a failed call to the files means for the mail at hand.
fn of_file(error: FileError) -> Failure {
    match error {
        FileError::Retryable { .. } => Failure::Retry {
            after: None,
            reason: chain(&error),
        },
        FileError::Missing { .. } | FileError::TooLarge { .. } | FileError::Unexpected { .. } => {
            Failure::Poison(chain(&error))
        }
    }
}

/// The id of the ticket that a mail makes: the same at every attempt.
pub fn ticket_id_of(mail: &MailId, received_at: Timestamp) -> TicketId {
    let hash = Sha256::digest(mail.0.as_bytes());
    let random = hash
        .iter()
        .take(10)
        .fold(0u128, |n, b| n << 8 | u128::from(*b));
    TicketId::new(received_at, random)
}

/// Addresses without what follows a `+`.
pub fn bases(recipients: &[String]) -> Vec<EmailAddress> {
    let parsed = recipients
        .iter()
        .filter_map(|r| EmailAddress::parse(r).ok());
    parsed.map(|address| base(&address)).collect()
}

/// What SES's verdicts say of the sender. SPF speaks for the envelope's domain:
/// it counts where the header says the same one, and the domain has no DMARC.
fn sender(arrival: &Arrival, reading: &Reading<'_>) -> Sender {
    let receipt = &arrival.receipt;
    if receipt.dmarc_verdict.fails() {
        // A domain that asks for nothing to be done may have been forwarded.
        return match receipt.dmarc_policy.as_deref() {
            Some("none") => Sender::Unproven,
            Some(_) | None => Sender::Disowned,
        };
    }
    // What the scanner could not clear is new at best; and the verdicts are about
    // the one address of the one `From`.
    if reading.origin != Origin::From
        || !receipt.virus_verdict.passes()
        || !receipt.spam_verdict.passes()
    {
        return Sender::Unproven;
    }
    let envelope = arrival.envelope_from.as_deref().map(EmailAddress::parse);
    let aligned = match (envelope, &reading.from) {
        (Some(Ok(envelope)), Some(from)) => envelope.domain() == from.address.domain(),
        (_, _) => false,
    };
    if receipt.dmarc_verdict.passes() || (receipt.spf_verdict.passes() && aligned) {
        Sender::Proven
    } else {
        Sender::Unproven
    }
}
