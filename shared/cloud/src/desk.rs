//! What every function of the desk works with, and the way that each command
//! goes: load, authorise, decide, commit, ring, answer.

use std::time::Duration;

use sha2::{Digest, Sha256};
use types::Timestamp;
use types::api::{EXPECTED_VERSION, Takes};
use types::catalogue::{Catalogue, CatalogueDocument, Role};
use types::command::{Command, CommandKind, NewTicket, Rejection, Setting, decide_with_files};
use types::effects::QueueName;
use types::format::accounts::{Change, Holder};
use types::format::signing;
use types::format::turn::{is_party_of_any, schema_of, turn};
use types::format::view::FormatView;
use types::handover;
use types::ids::{FormatCode, TicketId, TicketNumber, TicketRef, UploadId};
use types::input::{Asked, Fields, Input};
use types::message::Doorbell;
use types::permission::{Actor, Caller, may_read};
use types::person::Person;
use types::problem::{FieldError, Problem};
use types::ticket::{Event, EventKind, State, Ticket, Visibility, apply_all};
use types::token::{TokenSecret, TokenUse};
use types::view::{Reader, TicketView};
use ulid::Ulid;

use crate::clock;
use crate::config::{ConfigError, Environment};
use crate::http::{Answer, Call};
use crate::log::chain;
use crate::queues::Queues;
use crate::store::{
    CatalogueCache, Commit, CommitError, Guards, IdempotencyGuard, LoadGuard, Outcome, Replay,
    RequestKey, Store, StoreError, StoredCatalogue,
};
use crate::uploads::{Taker, Uploads};

/// The table, the queues and the catalogue.
pub struct Desk {
    pub store: Store,
    pub queues: Queues,
    catalogue: CatalogueCache,
    pub entity_domains: Vec<String>,
    /// What the links of mails are sealed with, in the functions that serve them.
    links: Option<TokenSecret>,
    /// Files on their way, in the functions that take them or have pages for it.
    uploads: Option<Uploads>,
    /// How often a message is tried before it goes to the dead letters.
    pub max_receives: u32,
}

/// What somebody asks for on a ticket: a command, with the uploads that belong to it, or
/// these alone.
pub struct Given {
    command: Option<Command>,
    files: Vec<UploadId>,
    /// Who may have the files.
    visibility: Visibility,
}

impl Given {
    /// A command, and what it says is shown by these files.
    pub fn with_files(command: Command, files: Vec<UploadId>, visibility: Visibility) -> Self {
        Given {
            command: Some(command),
            files,
            visibility,
        }
    }

    /// A file by itself.
    pub fn file(file: UploadId, visibility: Visibility) -> Self {
        Given {
            command: None,
            files: vec![file],
            visibility,
        }
    }

    fn kind(&self) -> CommandKind {
        let command = self.command.as_ref();
        command.map_or(CommandKind::AddAttachments, Command::kind)
    }
}

impl From<Command> for Given {
    fn from(command: Command) -> Self {
        Given::with_files(command, vec![], Visibility::Public)
    }
}

/// Commands of one step: the second is about the files of the first.
#[derive(Clone, Debug)]
pub struct Step {
    pub(crate) command: Command,
    pub(crate) files: Option<Command>,
}

impl From<Command> for Step {
    fn from(command: Command) -> Self {
        Step {
            command,
            files: None,
        }
    }
}

impl Step {
    fn decide(
        &self,
        ticket: &Ticket,
        actor: &Actor,
        setting: Setting<'_>,
    ) -> Result<Vec<Event>, Rejection> {
        decide_with_files(ticket, &self.command, self.files.as_ref(), actor, setting)
    }
}

/// What the rules make of a ticket, as it was read last: nothing, where there are
/// no events.
pub struct Decided {
    pub events: Vec<Event>,
    /// The load that a choice was made on.
    pub load: Option<LoadGuard>,
    /// What becomes of a person's accounts.
    pub accounts: Option<Change>,
}

impl From<Vec<Event>> for Decided {
    /// Events that hang on nothing but the ticket.
    fn from(events: Vec<Event>) -> Self {
        Decided {
            events,
            load: None,
            accounts: None,
        }
    }
}

/// What decides on a ticket. It is asked again where somebody else was faster, and
/// nothing that it found out before has to hold any more. Rules that look at
/// nothing but the ticket are a closure.
pub trait Decide: Send {
    /// Why nothing is to be done.
    type Error: Send;

    /// Decides.
    fn decide(
        &mut self,
        ticket: &Ticket,
        setting: Setting<'_>,
    ) -> impl Future<Output = Result<Decided, Self::Error>> + Send;

    /// A load that a choice was made on was another one by then.
    fn load_changed(&mut self) {}
}

impl<F, E> Decide for F
where
    F: FnMut(&Ticket, Setting<'_>) -> Result<Vec<Event>, E> + Send,
    E: Send,
{
    type Error = E;

    async fn decide(&mut self, ticket: &Ticket, setting: Setting<'_>) -> Result<Decided, E> {
        Ok(self(ticket, setting)?.into())
    }
}

/// A command that was carried out.
pub struct Carried {
    /// The ticket after it.
    pub ticket: Ticket,
    /// What there is to ring for.
    pub doorbells: Vec<Doorbell>,
}

/// Why a command was not carried out.
#[derive(Debug)]
pub enum Halt<E> {
    /// The decision was not to.
    Decision(E),
    /// What is known of its idempotency key.
    Key(Outcome),
    /// What it depended on did not hold, at every attempt where another one might
    /// have helped; or the table failed.
    Commit(CommitError),
}

impl<E> From<CommitError> for Halt<E> {
    fn from(error: CommitError) -> Self {
        Halt::Commit(error)
    }
}

impl<E> From<StoreError> for Halt<E> {
    fn from(error: StoreError) -> Self {
        Halt::Commit(CommitError::Store(error))
    }
}

/// How often anything is tried that somebody else may be faster at.
const ATTEMPTS: u32 = 20;

/// Longest wait before an agent is chosen again: two that choose in step would
/// only get into each other's way again.
const BACK_OFF: Duration = Duration::from_millis(40);

/// Attempts at something that somebody else may be faster at.
#[derive(Default)]
pub struct Attempts(u32);

impl Attempts {
    /// Whether another attempt may help after one that was lost; waits where that
    /// is better.
    ///
    /// # Errors
    /// What the attempt was lost to, where it may not, or there were enough.
    pub async fn another(&mut self, lost: CommitError) -> Result<(), CommitError> {
        self.0 += 1;
        match lost {
            CommitError::VersionChanged | CommitError::NumberTaken | CommitError::HolderChanged
                if self.0 < ATTEMPTS =>
            {
                Ok(())
            }
            CommitError::LoadChanged if self.0 < ATTEMPTS => {
                tokio::time::sleep(clock::jitter(BACK_OFF)).await;
                Ok(())
            }
            CommitError::VersionChanged
            | CommitError::NumberTaken
            | CommitError::HolderChanged
            | CommitError::LoadChanged
            | CommitError::KeyUsed
            | CommitError::AlreadyDone
            | CommitError::MailKnown
            | CommitError::MessageIdKnown
            | CommitError::SenderExceeded
            | CommitError::Gone
            | CommitError::Store(_) => Err(lost),
        }
    }
}

/// A commit that was not made, as the caller is told of it.
pub fn problem_of_commit(error: &CommitError) -> Problem {
    match error {
        CommitError::Store(error) => problem_of(error),
        CommitError::Gone => Problem::NotFound("No existe esa solicitud."),
        CommitError::VersionChanged
        | CommitError::NumberTaken
        | CommitError::HolderChanged
        | CommitError::LoadChanged
        | CommitError::KeyUsed
        | CommitError::AlreadyDone
        | CommitError::MailKnown
        | CommitError::MessageIdKnown
        | CommitError::SenderExceeded => {
            tracing::warn!(%error, "somebody else was faster at every attempt");
            Problem::Unavailable
        }
    }
}

/// A failed call to the table as the caller is told of it; the log gets the rest.
pub fn problem_of(error: &StoreError) -> Problem {
    if matches!(error, StoreError::TooLarge) {
        return Problem::Validation(vec![FieldError::new(
            "",
            "too_large",
            "Es demasiado grande para guardarse: quite lo que ya no se usa.",
        )]);
    }
    if error.is_retryable() {
        tracing::warn!(error = chain(error), "the table did not answer");
        Problem::Unavailable
    } else {
        tracing::error!(error = chain(error), "the table failed");
        Problem::Internal
    }
}

/// A command that somebody gave, on the version that he saw.
struct ByPerson<'a> {
    store: &'a Store,
    step: Step,
    actor: &'a Actor,
    expected: Option<u64>,
}

impl Decide for ByPerson<'_> {
    type Error = Problem;

    async fn decide(&mut self, ticket: &Ticket, setting: Setting<'_>) -> Result<Decided, Problem> {
        if let Some(expected) = self.expected.filter(|seen| *seen != ticket.version) {
            return Err(Problem::VersionConflict {
                expected,
                actual: ticket.version,
            });
        }
        if let Command::SignSection {
            code,
            section,
            fields,
            holder,
            ..
        } = &mut self.step.command
        {
            // Whom it is about, and what he has, is looked up for each attempt.
            let asked = signing::about(ticket, code, section, fields.as_ref());
            *holder = match asked {
                Some(id) => {
                    let found = self.store.holder(&id).await;
                    found.map_err(|e| problem_of(&e))?.map(Box::new)
                }
                None => None,
            };
        }
        let events = match self.step.decide(ticket, self.actor, setting) {
            Err(Rejection::AlreadySo(_)) => vec![],
            decided => decided?,
        };
        let accounts = match &self.step.command {
            Command::SignSection { holder, .. } => {
                let mut events = events.iter();
                let change =
                    events.find_map(|event| signing::accounts(event, ticket, holder.as_deref()));
                // When its accounts end is reckoned by the hours in force.
                change.map(|change| Change {
                    holder: change.holder.armed(setting.catalogue),
                    ..change
                })
            }
            _ => None,
        };
        Ok(Decided {
            accounts,
            ..events.into()
        })
    }
}

impl Desk {
    /// Reads the configuration; `queues` are those that the function rings.
    ///
    /// # Errors
    /// When something that is needed is missing.
    pub async fn start(
        environment: &Environment,
        queues: &[QueueName],
    ) -> Result<Self, ConfigError> {
        let store = Store::new(environment)?;
        store.warm().await;
        Ok(Desk {
            queues: Queues::new(environment, queues)?,
            catalogue: CatalogueCache::new(store.clone()),
            entity_domains: environment.list("ENTITY_DOMAINS")?,
            links: None,
            uploads: None,
            max_receives: environment.parsed("MAX_RECEIVES")?,
            store,
        })
    }

    /// The same, serving the links of mails, which are sealed with this.
    #[must_use]
    pub fn serving_links(self, secret: TokenSecret) -> Self {
        Desk {
            links: Some(secret),
            ..self
        }
    }

    /// The same, taking files that come by HTTP.
    #[must_use]
    pub fn taking_files(self, uploads: Uploads) -> Self {
        Desk {
            uploads: Some(uploads),
            ..self
        }
    }

    /// Where the pages of this function send files, if it takes any.
    pub(crate) fn sends_files_to(&self) -> Option<&str> {
        self.uploads.as_ref().map(Uploads::origin)
    }

    /// Files on their way.
    ///
    /// # Errors
    /// When this function takes none.
    pub fn uploads(&self) -> Result<&Uploads, Problem> {
        self.uploads.as_ref().ok_or_else(|| {
            tracing::error!("a function without files was asked to take some");
            Problem::Internal
        })
    }

    /// The catalogue in force.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn catalogue(&self) -> Result<StoredCatalogue, Problem> {
        self.catalogue.get().await.map_err(|e| problem_of(&e))
    }

    /// The catalogue in force, for a consumer.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn catalogue_for_queue(&self) -> Result<StoredCatalogue, StoreError> {
        self.catalogue.get().await
    }

    /// The catalogue as this process last knew it.
    pub(crate) fn last_catalogue(&self) -> Option<StoredCatalogue> {
        self.catalogue.last()
    }

    /// The same as it is now: what is decided next goes by it, too.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn newest_catalogue(&self) -> Result<StoredCatalogue, StoreError> {
        self.catalogue.newest().await
    }

    /// Writes a catalogue over the one that is in force, and rings for those whose
    /// requests have to be looked at. Says `false` when somebody else wrote in
    /// between.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn write_catalogue(
        &self,
        document: &CatalogueDocument,
        over: &StoredCatalogue,
        by: &Person,
        request: Option<RequestKey<'_>>,
    ) -> Result<bool, StoreError> {
        let concerned = handover::concerned(over.catalogue.document(), document);
        let store = &self.store;
        let written = store.put_catalogue(document, over.version, &concerned, by, request);
        if !written.await? {
            return Ok(false);
        }
        let version = over.version + 1;
        tracing::info!(catalogue.version = version, "the catalogue was changed");
        if !concerned.is_empty() {
            self.queues.ring(&[Doorbell::HandOver { version }]).await;
        }
        Ok(true)
    }

    /// Who calls, with the roles that the directory gives.
    ///
    /// # Errors
    /// When the token did not say who it is.
    pub fn caller(&self, call: &Call, catalogue: &Catalogue) -> Result<Caller, Problem> {
        let identity = call.identity(&self.entity_domains)?;
        Ok(Caller::identify(
            identity.email,
            identity.name,
            catalogue,
            &self.entity_domains,
        ))
    }

    /// The ticket that a call is about: its path names it, or a link in it.
    ///
    /// # Errors
    /// When it names none.
    pub(crate) fn about(&self, call: &Call) -> Result<TicketRef, Problem> {
        match call.parameter("token") {
            "" => call.ticket_ref(),
            token => self
                .link(token)
                .map(|(ticket, _)| TicketRef::Id(ticket))
                .ok_or(Problem::NotFound("Este enlace no existe.")),
        }
    }

    /// The ticket that a mail's link is about, and the link's edition.
    pub(crate) fn link(&self, token: &str) -> Option<(TicketId, u8)> {
        let (what, ticket) = self.links.as_ref()?.verify(token)?;
        match what {
            TokenUse::Link { edition } => Some((ticket, edition)),
            TokenUse::Survey { .. } | TokenUse::Reply(_) => None,
        }
    }

    /// The link to the survey of a solution at hand.
    pub fn survey_link(&self, ticket: &Ticket) -> Option<String> {
        let round = u8::try_from(ticket.reopened).unwrap_or(u8::MAX);
        let links = self.links.as_ref()?;
        let asked = ticket.state == State::Solved && ticket.asks_survey();
        asked.then(|| {
            format!(
                "/surveys/{}",
                links.issue(TokenUse::Survey { round }, ticket.id)
            )
        })
    }

    /// The ticket that a caller asks to read.
    ///
    /// # Errors
    /// One that he may not read is answered like one that does not exist.
    pub async fn readable(&self, reference: TicketRef, caller: &Caller) -> Result<Ticket, Problem> {
        let sees = |ticket: &Ticket| may_read(caller, ticket);
        self.readable_to(reference, caller, sees).await
    }

    /// The ticket of which a caller asks to read what `sees` lets him.
    ///
    /// # Errors
    /// See [`Self::readable`].
    pub async fn readable_to(
        &self,
        reference: TicketRef,
        caller: &Caller,
        sees: impl Fn(&Ticket) -> bool,
    ) -> Result<Ticket, Problem> {
        match self
            .store
            .find(reference)
            .await
            .map_err(|e| problem_of(&e))?
        {
            Some(ticket) if sees(&ticket) => Ok(ticket),
            Some(_) => Err(Problem::NotFound("No existe esa solicitud.")),
            None => Err(self.nothing_at(reference, caller).await?),
        }
    }

    /// What is said of a reference that leads to no ticket. Whoever accounts for numbers
    /// is told that one of them is void; to others it is one like any that is not theirs.
    async fn nothing_at(&self, reference: TicketRef, caller: &Caller) -> Result<Problem, Problem> {
        let accounts = [Role::Agent, Role::Coordinator, Role::Head, Role::Auditor];
        if let TicketRef::Number(number) = reference
            && accounts.into_iter().any(|role| caller.is(role))
            && self
                .store
                .is_void(number)
                .await
                .map_err(|e| problem_of(&e))?
        {
            return Ok(Problem::VoidNumber(number));
        }
        Ok(Problem::NotFound("No existe esa solicitud."))
    }

    /// Carries out a command that somebody gave over HTTP, on the ticket that
    /// the path names.
    ///
    /// # Errors
    /// The problem that the caller is told of; nothing has changed then.
    pub async fn command<B: Input, G: Into<Given>>(
        &self,
        call: &Call,
        takes: Takes<B>,
        command: impl FnOnce(B) -> G,
    ) -> Result<Answer, Problem> {
        if takes.row().is_form(&call.route) {
            return self.command_by_form(call, takes, command).await;
        }
        let stored = self.catalogue().await?;
        let caller = self.caller(call, &stored.catalogue)?;
        let fields = call.fields()?;
        let (ticket, reader) = self.given(call, caller, fields, takes, command).await?;
        Answer::json(200, &TicketView::of(&ticket, reader, clock::now()))
    }

    /// Carries out the command that some fields are, for somebody who is known.
    ///
    /// # Errors
    /// The problem that he is told of; nothing has changed then.
    pub(crate) async fn given<B: Input, G: Into<Given>>(
        &self,
        call: &Call,
        caller: Caller,
        mut fields: Fields,
        takes: Takes<B>,
        command: impl FnOnce(B) -> G,
    ) -> Result<(Ticket, Reader), Problem> {
        let expected = EXPECTED_VERSION
            .ask(&mut fields, "expected_version")
            .flatten();
        let body = takes.read(&mut fields);
        let given: Given = command(fields.finish(body)?).into();
        if !takes.gives(given.kind()) {
            // Whoever may call the route is asked by the table; so it has to know.
            tracing::error!(
                route = takes.row().name,
                "the route's command is not in the table"
            );
            return Err(Problem::Internal);
        }
        let reference = self.about(call)?;
        let ticket = match given.kind().is_of_formats() {
            // Who signs a format need not read the ticket; the rules ask whether he does.
            true => {
                let sees = |ticket: &Ticket| {
                    may_read(&caller, ticket) || is_party_of_any(caller.signatory(), ticket)
                };
                self.readable_to(reference, &caller, sees).await?
            }
            false => self.readable(reference, &caller).await?,
        };
        let scope = caller.email.as_str().to_owned();
        let reader = Reader::of(&caller, &ticket);
        let Given {
            command,
            files,
            visibility,
        } = given;
        let taker = Taker {
            by: &caller.email,
            ticket: Some(ticket.id),
            there: &ticket.attachments,
            visibility,
        };
        let files = match (&command, files.as_slice()) {
            (_, []) => vec![],
            (None, _) => self.one_upload(&files, taker).await?,
            (Some(_), _) => self.uploads_of_step(&files, taker).await?,
        };
        let added = (!files.is_empty()).then(|| Command::AddAttachments {
            attachments: files.iter().map(|file| file.attachment.clone()).collect(),
            left_out: 0,
        });
        let step = match (command, added) {
            (Some(command), files) => Step { command, files },
            (None, Some(added)) => added.into(),
            (None, None) => return Err(Problem::Internal),
        };
        let actor = Actor::Person(caller);
        let id = ticket.id;
        if !files.is_empty() {
            // What is refused all the same leaves nothing behind.
            let catalogue = &*self.catalogue().await?.catalogue;
            let now = clock::now();
            match step.decide(&ticket, &actor, Setting { now, catalogue }) {
                Ok(_) | Err(Rejection::AlreadySo(_)) => {}
                Err(rejection) => return Err(rejection.into()),
            }
            self.uploads()?.keep(id, &files).await?;
        }
        let changed = self
            .execute(call, &scope, ticket, step, &actor, expected)
            .await?;
        if !files.is_empty() {
            self.uploads()?.forget(id, &files).await;
        }
        Ok((changed, reader))
    }

    /// The person of the matrix whom a format is about, where its turn asks for his accounts.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn holder_of(
        &self,
        ticket: &Ticket,
        code: &FormatCode,
    ) -> Result<Option<Holder>, Problem> {
        let turn =
            schema_of(ticket, code).and_then(|schema| turn(schema, ticket.formats.get(code)));
        let about = turn.and_then(|turn| signing::about(ticket, code, &turn.section.id, None));
        match about {
            Some(id) => self.store.holder(&id).await.map_err(|e| problem_of(&e)),
            None => Ok(None),
        }
    }

    /// Carries out a command on a format that somebody gave over HTTP, and answers with the
    /// format: who signs one need not read the ticket.
    ///
    /// # Errors
    /// The problem that the caller is told of; nothing has changed then.
    pub async fn format_command<B: Input>(
        &self,
        call: &Call,
        takes: Takes<B>,
        command: impl FnOnce(B) -> Command,
    ) -> Result<Answer, Problem> {
        let stored = self.catalogue().await?;
        let caller = self.caller(call, &stored.catalogue)?;
        let fields = call.fields()?;
        let given = self.given(call, caller.clone(), fields, takes, command);
        let (ticket, _) = given.await?;
        let code = FormatCode::from(call.parameter("code"));
        let view = FormatView::of(&ticket, &code, &caller);
        Answer::json(
            200,
            &view.ok_or(Problem::NotFound("No existe ese formato."))?,
        )
    }

    /// Carries out a command on a ticket that was just read, once for each
    /// idempotency key. Gives the ticket after it.
    ///
    /// # Errors
    /// The problem that the caller is told of; nothing has changed then.
    pub async fn execute(
        &self,
        call: &Call,
        scope: &str,
        ticket: Ticket,
        step: impl Into<Step>,
        actor: &Actor,
        expected: Option<u64>,
    ) -> Result<Ticket, Problem> {
        let step = step.into();
        let key = call.idempotency_key()?;
        let key = key.map(|key| (key, fingerprint(call)));
        let key = key.as_ref().map(|(key, fingerprint)| RequestKey {
            scope,
            key,
            fingerprint,
        });
        let guards = Guards {
            idempotency: key.map(IdempotencyGuard::Unused),
            ..Guards::default()
        };
        let rules = ByPerson {
            store: &self.store,
            step,
            actor,
            expected,
        };
        match self.carry_out(ticket, guards, None, rules).await {
            Ok(carried) => {
                self.queues.ring(&carried.doorbells).await;
                Ok(carried.ticket)
            }
            Err(Halt::Decision(problem)) => Err(problem),
            Err(Halt::Key(Outcome::Done(replay))) => self.replayed(replay).await,
            Err(Halt::Key(Outcome::Mismatch)) => Err(Problem::IdempotencyMismatch),
            Err(Halt::Key(Outcome::InProgress | Outcome::Fresh)) => Err(Problem::Unavailable),
            Err(Halt::Commit(error)) => Err(problem_of_commit(&error)),
        }
    }

    /// The one way of a command: looks at the key, decides, commits, and where
    /// somebody else was faster loads the ticket again and decides anew. What
    /// there is to ring for comes back, so that a batch rings once. `as_of` is for
    /// what was due at a time: the rules see that one where it is later than now.
    ///
    /// # Errors
    /// [`Halt`] says what stood in the way; nothing was written then.
    pub async fn carry_out<D: Decide>(
        &self,
        mut ticket: Ticket,
        mut guards: Guards<'_>,
        as_of: Option<Timestamp>,
        mut decider: D,
    ) -> Result<Carried, Halt<D::Error>> {
        let mut attempts = Attempts::default();
        loop {
            // After the ticket was read: what changed it may have been this very
            // request, sent twice, which is not to be refused then.
            self.check_key(&guards).await?;
            let stored = self.catalogue.get().await?;
            let now = clock::now();
            let setting = Setting {
                now: as_of.map_or(now, |at| at.max(now)),
                catalogue: &stored.catalogue,
            };
            let decided = decider.decide(&ticket, setting).await;
            let Decided {
                events,
                load,
                accounts,
            } = decided.map_err(Halt::Decision)?;
            if events.is_empty() {
                return Ok(Carried {
                    ticket,
                    doorbells: vec![],
                });
            }
            // Times go by other hours once, and by the newest: who knows those of before,
            // for some seconds more, would set them back, and be put right, each time.
            let changes_hours =
                |event: &Event| matches!(event.kind, EventKind::HoursChanged { .. });
            if events.iter().any(changes_hours)
                && self.catalogue.newest().await?.version != stored.version
            {
                continue;
            }
            guards.load = load;
            guards.accounts = accounts;
            let lost = match self.commit_step(&ticket, &events, &guards).await {
                Ok(carried) => return Ok(carried),
                Err(CommitError::KeyUsed) => {
                    self.check_key(&guards).await?;
                    // It was used, and is not any more.
                    return Err(Halt::Key(Outcome::Fresh));
                }
                Err(lost) => lost,
            };
            match lost {
                CommitError::LoadChanged => decider.load_changed(),
                CommitError::VersionChanged => {
                    let fresh = self.store.ticket(ticket.id).await?;
                    ticket = fresh.ok_or(CommitError::Gone)?;
                }
                CommitError::NumberTaken
                | CommitError::HolderChanged
                | CommitError::KeyUsed
                | CommitError::AlreadyDone
                | CommitError::MailKnown
                | CommitError::MessageIdKnown
                | CommitError::SenderExceeded
                | CommitError::Gone
                | CommitError::Store(_) => {}
            }
            attempts.another(lost).await?;
        }
    }

    /// Commits what was decided on a ticket, once. For whoever has to decide on
    /// more than this ticket when somebody else was faster.
    ///
    /// # Errors
    /// See [`CommitError`].
    pub async fn commit_step(
        &self,
        before: &Ticket,
        events: &[Event],
        guards: &Guards<'_>,
    ) -> Result<Carried, CommitError> {
        let mut after = before.clone();
        apply_all(&mut after, events);
        let commit = Commit {
            before: Some(before),
            after: &after,
            events,
            guards,
        };
        let doorbells = self.store.commit(&commit).await?;
        log_events(&after, events);
        Ok(Carried {
            ticket: after,
            doorbells,
        })
    }

    /// The one way of a registration: takes a number, writes the ticket under it,
    /// and rings. Where it cannot be written its number is void.
    ///
    /// # Errors
    /// [`Halt`] says what stood in the way; nothing but the void was written then.
    pub async fn register<'a, E>(
        &self,
        mut open: impl FnMut(TicketNumber) -> Result<(NewTicket, Guards<'a>), E> + Send,
    ) -> Result<Ticket, Halt<E>> {
        let mut attempts = Attempts::default();
        loop {
            let number = self.store.take_number().await?;
            let (NewTicket { ticket, events }, guards) = match open(number) {
                Ok(opened) => opened,
                Err(error) => {
                    self.void(number).await;
                    return Err(Halt::Decision(error));
                }
            };
            let commit = Commit {
                before: None,
                after: &ticket,
                events: &events,
                guards: &guards,
            };
            match self.store.commit(&commit).await {
                Ok(doorbells) => {
                    self.queues.ring(&doorbells).await;
                    log_events(&ticket, &events);
                    return Ok(ticket);
                }
                // The transaction may have gone through all the same: the sweep finds
                // out what the number stands for.
                Err(error @ CommitError::Store(_)) => return Err(error.into()),
                Err(lost) => {
                    tracing::warn!(ticket.number = number.0, error = %lost, "the number stays unused");
                    self.void(number).await;
                    match lost {
                        // The sweep voided it: another one.
                        CommitError::NumberTaken => attempts.another(lost).await?,
                        other => return Err(other.into()),
                    }
                }
            }
        }
    }

    async fn void(&self, number: TicketNumber) {
        if let Err(e) = self.store.void_number(number).await {
            tracing::warn!(error = chain(&e), "the sweep will record the void");
        }
    }

    /// Whether a request's key may be used: nobody has yet, or it is claimed.
    async fn check_key<E>(&self, guards: &Guards<'_>) -> Result<(), Halt<E>> {
        match guards.idempotency {
            None | Some(IdempotencyGuard::Claimed(_)) => Ok(()),
            Some(IdempotencyGuard::Unused(key)) => match self.store.look_up_key(key).await? {
                Outcome::Fresh => Ok(()),
                known @ (Outcome::Done(_) | Outcome::Mismatch | Outcome::InProgress) => {
                    Err(Halt::Key(known))
                }
            },
        }
    }

    /// The ticket as it was answered before.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn replayed(&self, replay: Replay) -> Result<Ticket, Problem> {
        self.store
            .ticket_at(replay.ticket, replay.version)
            .await
            .map_err(|e| problem_of(&e))
    }

    /// Waits for whoever is at a key to be done with it, for a few seconds.
    ///
    /// # Errors
    /// The problem that the caller is told of when he is not done by then.
    pub async fn await_key(&self, key: RequestKey<'_>) -> Result<Replay, Problem> {
        let mut pause = Duration::from_millis(10);
        let mut waited = Duration::ZERO;
        while waited < Duration::from_secs(5) {
            tokio::time::sleep(pause).await;
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(200));
            let known = self.store.look_up_key(key).await;
            match known.map_err(|e| problem_of(&e))? {
                Outcome::Done(replay) => return Ok(replay),
                Outcome::Mismatch => return Err(Problem::IdempotencyMismatch),
                // Given back: the one who had it was refused or failed.
                Outcome::Fresh => return Err(Problem::Unavailable),
                Outcome::InProgress => {}
            }
        }
        Err(Problem::Unavailable)
    }
}

/// What makes two requests the same: the route, the path and the body.
pub fn fingerprint(call: &Call) -> String {
    let mut hash = Sha256::new();
    for part in [call.method.as_bytes(), call.path.as_bytes(), &call.body] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    data_encoding::HEXLOWER.encode(&hash.finalize())
}

/// A new ticket's id.
pub fn new_ticket_id() -> TicketId {
    TicketId::new(clock::now(), Ulid::generate().random())
}

/// A word that is unique to this attempt.
pub fn claimant() -> String {
    Ulid::generate().to_string()
}

/// One line for each thing that happened.
fn log_events(ticket: &Ticket, events: &[Event]) {
    for event in events {
        let kind = event.kind.as_str();
        tracing::info!(
            ticket.id = %ticket.id,
            ticket.number = ticket.number.0,
            event.seq = event.seq,
            event.kind = kind,
            "ticket {}: {kind}",
            ticket.number
        );
    }
}
