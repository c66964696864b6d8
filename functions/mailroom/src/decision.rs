//! What becomes of a mail: the rules, without a look at the table or the clock.

use crate::receipts::is_receipt;
use mailreader::{Attachment, Automatic, Mailbox, Reading};
use types::catalogue::{Catalogue, Role, Team};
use types::command::{Application, Command};
use types::folding::folded;
use types::ids::{EmailAddress, beginning, printable};
use types::input::{MAX_TEXT, MAX_TITLE};
use types::mail::RefusalReason;
use types::permission::{Actor, Caller, may_read, reads_internal};
use types::ticket::{
    Channel, HoldReason, Link, MAX_OBSERVERS, Person, Request, State, Ticket, Visibility,
};
use types::token::Audience;
use types::verbs::{Hand, Verb, Written};

/// How the tag in the subjects of our mails begins.
const TAG: &str = "[USPEC ";

/// Whether the sender is who the mail says (DMARC, or SPF for the very domain
/// where the domain says nothing of DMARC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    Proven,
    /// Nobody vouches for him: he may ask, and touch nothing that is there.
    Unproven,
    /// His domain disowns the mail.
    Disowned,
}

/// What to do with people who are not of the entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outsiders {
    Refuse,
    Accept,
}

impl std::str::FromStr for Outsiders {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "refuse" => Ok(Outsiders::Refuse),
            "accept" => Ok(Outsiders::Accept),
            other => Err(format!("{other:?} is neither refuse nor accept")),
        }
    }
}

/// What `name+label@` of the entity's domains is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// `name@`: one person, whatever he sorts his mail by.
    Fold,
    /// Somebody else.
    Keep,
}

impl std::str::FromStr for Labels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "fold" => Ok(Labels::Fold),
            "keep" => Ok(Labels::Keep),
            other => Err(format!("{other:?} is neither fold nor keep")),
        }
    }
}

impl Labels {
    /// The people of a mail, each under his one address.
    pub fn fold<'a>(self, mut reading: Reading<'a>, entity_domains: &[String]) -> Reading<'a> {
        match self {
            Labels::Keep => reading,
            Labels::Fold => {
                let named = reading.to.iter_mut().chain(&mut reading.cc);
                for person in named.chain(&mut reading.from) {
                    if entity_domains.iter().any(|d| d == person.address.domain()) {
                        person.address = base(&person.address);
                    }
                }
                reading
            }
        }
    }
}

/// A ticket that a mail may be about, and for whom the mail was that it answers.
pub struct Candidate {
    pub ticket: Ticket,
    pub audience: Audience,
    pub clue: Clue,
}

/// What told of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clue {
    /// The mail answers one of ours; its id stands in whatever is passed on.
    Id,
    /// It answers a mail that came in and is on the ticket's record.
    Thread,
    /// It was sent to an address with the ticket's token.
    Token,
    /// Its subject has the ticket's tag, and it comes from where a provider is.
    Tag,
}

/// Everything that a decision looks at.
pub struct Case<'a> {
    pub reading: &'a Reading<'a>,
    pub sender: Sender,
    /// The envelope's recipients, without what follows a `+`.
    pub recipients: &'a [EmailAddress],
    /// The likeliest first.
    pub candidates: &'a [Candidate],
    pub catalogue: &'a Catalogue,
    pub entity_domains: &'a [String],
    pub outsiders: Outsiders,
    /// Addresses of the desk's own, which nobody observes from.
    pub own: &'a [EmailAddress],
}

/// What becomes of it.
#[derive(Debug)]
pub enum Decision {
    /// Nobody wrote it. `on` is the ticket that it goes on file with.
    File {
        what: &'static str,
        on: Option<usize>,
    },
    Refuse {
        reason: RefusalReason,
        detail: String,
    },
    /// A new ticket.
    Open {
        application: Box<Application>,
        actor: Actor,
    },
    /// Something on a ticket that is there.
    Act {
        on: usize,
        actor: Actor,
        command: Command,
    },
    /// What somebody who works on a ticket asks for with verbs.
    Ask {
        on: usize,
        actor: Actor,
        hand: Hand,
        written: Written,
    },
}

/// Decides.
pub fn decide(case: &Case<'_>) -> Decision {
    let reading = case.reading;
    if reading.own || is_from_the_desk(case) {
        return Decision::File {
            what: "own",
            on: None,
        };
    }
    let automatic = reading.automatic.as_ref();
    let automatic = match automatic.filter(|automatic| !is_by_person(case, automatic)) {
        None if is_absence(case) => Some(&Automatic::AutoReplied),
        automatic => automatic,
    };
    if let Some(automatic) = automatic {
        return Decision::File {
            what: word(automatic),
            on: (!case.candidates.is_empty()).then_some(0),
        };
    }
    let Some(from) = &reading.from else {
        return refuse(RefusalReason::NoSender);
    };
    match case.sender {
        Sender::Disowned => refuse(RefusalReason::Unauthenticated),
        Sender::Proven => {
            let mut forbidden = false;
            let mut links: Vec<Link> = Vec::new();
            for (on, candidate) in case.candidates.iter().enumerate() {
                match answer(case, from, on, candidate) {
                    Reply::Decided(decision) => return decision,
                    Reply::Forbidden => forbidden = true,
                    // It stays apart; the desk sees that both are about one matter.
                    Reply::Stranger if links.iter().any(|l| l.id == candidate.ticket.id) => {}
                    Reply::Stranger => links.push(Link {
                        visibility: Visibility::Internal,
                        ..candidate.ticket.link()
                    }),
                }
            }
            if forbidden {
                return refuse(RefusalReason::NotAllowed);
            }
            open(case, from, links)
        }
        Sender::Unproven => open(case, from, vec![]),
    }
}

/// Whether it is from a mailbox of the desk's: it asks itself for nothing, and is not
/// answered in a circle.
fn is_from_the_desk(case: &Case<'_>) -> bool {
    let from = case.reading.from.as_ref();
    let from = from.map(|from| base(&from.address));
    from.is_some_and(|from| case.own.contains(&from) || case.catalogue.is_mailbox(&from))
}

/// Whether a person wrote all the same: one who only wants no automatic answers, or
/// somebody of the entity whose mail came over a list of the entity's own, which may
/// stand before the mailbox.
fn is_by_person(case: &Case<'_>, automatic: &Automatic) -> bool {
    let of_entity = |name: &str| {
        let mut domains = case.entity_domains.iter();
        domains.any(|domain| is_within(name, domain))
    };
    match automatic {
        Automatic::AnswersUnwanted => true,
        Automatic::MailingList => {
            let list = case.reading.list.as_deref();
            let from = case.reading.from.as_ref();
            from.is_some_and(|from| !from.address.is_unread() && of_entity(from.address.domain()))
                && list.is_none_or(of_entity)
        }
        Automatic::DeliveryReport(_)
        | Automatic::ReadReceipt { .. }
        | Automatic::AutoReplied
        | Automatic::CalendarAnswer
        | Automatic::AutoGenerated
        | Automatic::Bulk
        | Automatic::NullReturnPath => false,
    }
}

/// Whether a name is a domain, or within it.
fn is_within(name: &str, domain: &str) -> bool {
    let rest = name.strip_suffix(domain);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Somebody who is away, by a program that says so nowhere but in the subject: that
/// counts where the mail answers one of ours, or has our tag.
fn is_absence(case: &Case<'_>) -> bool {
    let subject = case.reading.subject.as_deref().unwrap_or_default();
    let ours = !case.candidates.is_empty() || subject.contains(TAG);
    ours && mailreader::sounds_out_of_office(subject)
}

#[expect(
    clippy::large_enum_variant,
    reason = "one is made for a mail, and taken apart at once"
)]
enum Reply {
    Decided(Decision),
    /// He may read the ticket, and not do this.
    Forbidden,
    /// The ticket is none of his business.
    Stranger,
}

fn answer(case: &Case<'_>, from: &Mailbox, on: usize, candidate: &Candidate) -> Reply {
    let ticket = &candidate.ticket;
    let act = |actor, command| Reply::Decided(Decision::Act { on, actor, command });
    let ask = |actor, hand, written| {
        Reply::Decided(Decision::Ask {
            on,
            actor,
            hand,
            written,
        })
    };
    if candidate.audience == Audience::Provider
        && let Some(actor) = provider(case, from, ticket)
    {
        return match ticket.state {
            // His system took it: he has not answered yet.
            State::OnHold(HoldReason::Provider) if is_receipt(case.reading) => {
                act(actor, internal(case.reading))
            }
            State::OnHold(HoldReason::Provider) => {
                let body = body(case.reading);
                act(actor, Command::RecordProviderReply { body })
            }
            State::New
            | State::Assigned
            | State::OnHold(HoldReason::Technology | HoldReason::Requester)
            | State::Solved => act(actor, internal(case.reading)),
            State::Closed => Reply::Forbidden,
        };
    }
    if candidate.clue == Clue::Tag {
        return Reply::Stranger;
    }
    let mut caller = identify(case, from);
    let asks = ticket.is_of(&caller.email);
    let observes = ticket.observer(&caller.email).is_some();
    // An outsider whose request the desk accepted.
    if asks {
        caller.roles.insert(Role::Requester);
    }
    if !may_read(&caller, ticket) {
        return Reply::Stranger;
    }
    if is_new_matter(case, candidate) {
        return Reply::Decided(open(case, from, vec![ticket.link()]));
    }
    let is = |person: &Option<Person>| person.as_ref().is_some_and(|p| p.email == caller.email);
    let actor = Actor::Person(caller.clone());
    if is(&ticket.officer) && ticket.state != State::Closed {
        return match asks_for(case.reading) {
            Some(written) => ask(actor, Hand::Officer, written),
            None => act(actor, internal(case.reading)),
        };
    }
    if observes
        && !asks
        && let Some(written) = asks_for(case.reading)
        && written.begins_with(Verb::Leave)
    {
        return ask(actor, Hand::Observer, written);
    }
    // Whoever works on it and is copied besides writes as one who works on it.
    if asks || (observes && !reads_internal(&caller, ticket)) {
        return match ticket.state {
            State::Closed => Reply::Decided(open(case, from, vec![ticket.link()])),
            // To a solution too: the rules say what his words mean.
            State::New | State::Assigned | State::OnHold(_) | State::Solved => {
                let body = body(case.reading);
                let visibility = Visibility::Public;
                act(actor, Command::FollowUp { body, visibility })
            }
        };
    }
    match ticket.state {
        State::Closed => Reply::Forbidden,
        State::New | State::Assigned | State::OnHold(_) | State::Solved if !caller.is_desk() => {
            act(actor, internal(case.reading))
        }
        State::New | State::Assigned | State::OnHold(_) | State::Solved => {
            match (asks_for(case.reading), candidate.audience) {
                (Some(written), _) => ask(actor, Hand::Desk, written),
                // Who answers our notice believes to write to the requester, and does.
                (None, Audience::Desk) => {
                    let body = body(case.reading);
                    let visibility = Visibility::Public;
                    act(actor, Command::FollowUp { body, visibility })
                }
                (None, Audience::Requester | Audience::Officer | Audience::Provider) => {
                    act(actor, internal(case.reading))
                }
            }
        }
    }
}

/// Mail programs remember an address and offer it for the next matter: what answers
/// nothing of the ticket's, under another subject, is one of its own.
fn is_new_matter(case: &Case<'_>, candidate: &Candidate) -> bool {
    let ticket = &candidate.ticket;
    let answers = |other: &Candidate| other.ticket.id == ticket.id && other.clue != Clue::Token;
    if case.candidates.iter().any(answers) {
        return false;
    }
    let subject = case.reading.subject.as_deref().unwrap_or_default();
    let plain = folded(&without_marks(subject));
    let marked = case.reading.answers.is_empty() && is_marked_reply(subject);
    let tagged = subject.contains(&format!("{TAG}{}]", ticket.number));
    !(marked || tagged || plain.is_empty() || plain.contains(&folded(&ticket.request.title)))
}

/// A provider is known by his own domain, beside what leads to his ticket: its token,
/// a mail of ours that he answers, its tag.
fn provider(case: &Case<'_>, from: &Mailbox, ticket: &Ticket) -> Option<Actor> {
    let id = ticket.provider.as_ref()?;
    let provider = case.catalogue.provider(id)?;
    is_within(from.address.domain(), provider.email.domain()).then(|| Actor::Provider {
        id: id.clone(),
        email: from.address.clone(),
    })
}

fn identify(case: &Case<'_>, from: &Mailbox) -> Caller {
    Caller::identify(
        from.address.clone(),
        from.name.clone(),
        case.catalogue,
        case.entity_domains,
    )
}

fn open(case: &Case<'_>, from: &Mailbox, links: Vec<Link>) -> Decision {
    let reading = case.reading;
    if let Some(asker) = written_for(case, from) {
        return open_for(case, from, asker, links);
    }
    let mut caller = identify(case, from);
    // Whoever had a ticket may go on with it.
    if links
        .iter()
        .any(|link| link.visibility == Visibility::Public)
    {
        caller.roles.insert(Role::Requester);
    }
    if !caller.is(Role::Requester) {
        match case.outsiders {
            Outsiders::Refuse => return refuse(RefusalReason::OutsideSender),
            Outsiders::Accept => {
                caller.roles.insert(Role::Requester);
            }
        }
    }
    let requester = caller.person();
    match application(case, requester, links) {
        Some(application) => Decision::Open {
            application: Box::new(application),
            actor: Actor::Person(caller),
        },
        None => no_team(reading),
    }
}

fn no_team(reading: &Reading<'_>) -> Decision {
    let to = reading.to.first();
    let to = to.map_or("ese buzón", |to| to.address.as_str());
    Decision::Refuse {
        reason: RefusalReason::Unreadable,
        detail: format!("Ningún equipo recibe los correos de {to}."),
    }
}

/// Somebody else than the writer, who asks.
struct Asker {
    person: Mailbox,
    /// In whose capacity it is registered.
    by: Registrar,
    /// What the mail says that was passed on whole, beside what the text does.
    original: Option<Original>,
}

enum Registrar {
    /// The agent who passes his mail on.
    Agent,
    /// Himself, through a form.
    Himself,
}

/// A mail that came within another one.
struct Original {
    title: Option<String>,
    text: String,
    message_id: Option<String>,
}

/// Opens a ticket for somebody in whose place the mail was written; on record as
/// passed on.
fn open_for(case: &Case<'_>, from: &Mailbox, asker: Asker, links: Vec<Link>) -> Decision {
    let writer = identify(case, from);
    let caller = identify(case, &asker.person);
    let Some(mut application) = application(case, caller.person(), links) else {
        return no_team(case.reading);
    };
    let request = &mut application.request;
    request.passed_on_by = Some(writer.person());
    request.observers.retain(|o| o.email != writer.email);
    // It was the writer's, and what we write does not hang under it.
    request.message_id = None;
    if let Some(original) = asker.original {
        let beside = bounded(&case.reading.text, "");
        let parts = [beside.as_str(), original.text.as_str()];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        request.description = bounded(&parts.join("\n\n"), "(El correo no trae texto.)");
        request.message_id = original.message_id;
        if let Some(title) = original.title.filter(|_| case.reading.subject.is_none()) {
            request.title = title;
        }
    }
    Decision::Open {
        application: Box::new(application),
        actor: Actor::Person(match asker.by {
            Registrar::Agent => writer,
            Registrar::Himself => caller,
        }),
    }
}

/// In whose place a mail was written, where it was in somebody's: a form's mailer names
/// him in `Reply-To`, and an agent passes on what he was written himself.
fn written_for(case: &Case<'_>, from: &Mailbox) -> Option<Asker> {
    let reading = case.reading;
    let of_entity = |person: &Mailbox| {
        let address = &person.address;
        let domain = address.domain();
        let ours = case.catalogue.is_mailbox(&base(address)) || case.own.contains(&base(address));
        case.entity_domains.iter().any(|d| d == domain) && !ours && *address != from.address
    };
    if is_form_sender(case, from) {
        let person = reading.reply_to.iter().find(|person| of_entity(person))?;
        return Some(Asker {
            person: person.clone(),
            by: Registrar::Himself,
            original: None,
        });
    }
    let passes_on = case.sender == Sender::Proven && identify(case, from).is_desk();
    if !passes_on {
        return None;
    }
    let (person, original) = passed_on(reading)?;
    of_entity(&person).then_some(Asker {
        person,
        by: Registrar::Agent,
        original,
    })
}

/// Who wrote the mail that this one passes on: as a mail within it, or copied into its
/// text. Without the mark in the subject a mail that comes along is a file like any
/// other, unless nothing is said beside it.
fn passed_on(reading: &Reading<'_>) -> Option<(Mailbox, Option<Original>)> {
    let subject = reading.subject.as_deref().unwrap_or_default().trim_start();
    let marked = FORWARD_MARKS.iter().any(|mark| starts_with(subject, mark));
    let is_mail = |file: &&Attachment<'_>| {
        file.content_type == "message/rfc822" || file.name.to_lowercase().ends_with(".eml")
    };
    let mut mails = reading.attachments.iter().filter(is_mail);
    if let (Some(mail), None) = (mails.next(), mails.next())
        && (marked || reading.text.trim().is_empty())
    {
        let raw = mail.bytes();
        let within = mailreader::read(&raw, None).ok()?;
        let title = within.subject.as_deref().map(without_marks);
        let title = title.map(|title| one_line(&title));
        let original = Original {
            title: title.filter(|title| !title.is_empty()),
            text: bounded(&within.text, ""),
            message_id: within.message_id,
        };
        return Some((within.from?, Some(original)));
    }
    if !marked {
        return None;
    }
    Some((reading.passed_on.clone()?, None))
}

/// A program of the entity that writes for people: the catalogue says so, or its address
/// says that nobody reads it.
fn is_form_sender(case: &Case<'_>, from: &Mailbox) -> bool {
    let of_entity = case
        .entity_domains
        .iter()
        .any(|d| d == from.address.domain());
    of_entity && (from.address.is_unread() || case.catalogue.is_form_sender(&from.address))
}

/// The request that a mail makes: the mailbox decides on team and category.
pub fn application(case: &Case<'_>, requester: Person, links: Vec<Link>) -> Option<Application> {
    let reading = case.reading;
    let teams = &case.catalogue.document().teams;
    let takes = |team: &&Team| team.category.is_some();
    let addressed = |team: &&Team| {
        let mailbox = team.mailbox.as_ref();
        mailbox.is_some_and(|mailbox| case.recipients.contains(mailbox))
    };
    // Who writes to the address of replies without a ticket writes to the desk.
    let team = teams
        .iter()
        .filter(takes)
        .find(addressed)
        .or_else(|| teams.iter().filter(takes).find(|team| !team.retired))?;
    let written_to = |other: &&Team| {
        let headers = reading.to.iter().chain(&reading.cc);
        let mut headers = headers.map(|mailbox| base(&mailbox.address));
        let mailbox = other.mailbox.as_ref();
        addressed(other) || mailbox.is_some_and(|mailbox| headers.any(|to| to == *mailbox))
    };
    let others = teams.iter().filter(|other| other.id != team.id);
    let other_teams = others.filter(written_to).map(|other| other.id.clone());
    let mut observers: Vec<Person> = Vec::new();
    for copied in reading.to.iter().chain(&reading.cc) {
        let address = &copied.address;
        let plain = base(address);
        let mailbox = case.catalogue.is_mailbox(&plain);
        let ours = mailbox || case.own.contains(&plain) || *address == requester.email;
        let of_entity = case.entity_domains.iter().any(|d| d == address.domain());
        let known = observers.iter().any(|o| o.email == *address);
        // Somebody in another's name does not make the desk write to many.
        let proven = case.sender == Sender::Proven;
        if proven && !ours && of_entity && !known && observers.len() < MAX_OBSERVERS {
            let caller = identify(case, copied);
            observers.push(Person {
                email: caller.email,
                name: caller.name,
            });
        }
    }
    let text = bounded(&reading.text, "(El correo no trae texto.)");
    Some(Application {
        request: Request {
            observers,
            other_teams: other_teams.collect(),
            message_id: reading.message_id.clone(),
            ..Request::new(title(case), text, Channel::Email, requester)
        },
        category: team.category.clone()?,
        links,
    })
}

/// An address without what follows a `+`.
pub fn base(address: &EmailAddress) -> EmailAddress {
    let (local, domain) = (address.as_str(), address.domain());
    let local = local.split(['+', '@']).next().unwrap_or_default();
    EmailAddress::parse(&format!("{local}@{domain}")).unwrap_or_else(|_| address.clone())
}

/// What programs put before the subject of an answer, and of what is passed on.
const REPLY_MARKS: [&str; 6] = ["re:", "respuesta:", "res:", "aw:", "sv:", "antw:"];
const FORWARD_MARKS: [&str; 6] = ["rv:", "fw:", "fwd:", "reenv:", "enc:", "wg:"];

fn starts_with(text: &str, mark: &str) -> bool {
    let head = text.get(..mark.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(mark))
}

fn is_marked_reply(subject: &str) -> bool {
    let subject = subject.trim_start();
    REPLY_MARKS.iter().any(|mark| starts_with(subject, mark))
}

/// The subject without the marks that replies gather, and without our tag and what
/// our mails say behind it.
fn without_marks(subject: &str) -> String {
    let mut rest = subject.trim();
    loop {
        let before = rest;
        for mark in REPLY_MARKS.iter().chain(&FORWARD_MARKS) {
            if starts_with(rest, mark) {
                rest = rest[mark.len()..].trim_start();
            }
        }
        if let Some((_, tail)) = rest.strip_prefix(TAG).and_then(|tail| tail.split_once(']')) {
            let tail = tail.trim_start();
            rest = tail.split_once(": ").map_or(tail, |(_, title)| title);
        }
        if rest == before {
            return rest.to_owned();
        }
    }
}

/// The subject without what is not the writer's, or the first line. What answers a
/// mail of ours is called as its ticket, whatever our mail said before the title.
fn title(case: &Case<'_>) -> String {
    let reading = case.reading;
    let subject = reading.subject.as_deref().unwrap_or_default();
    let tagged = subject.contains(TAG);
    let titles = case
        .candidates
        .iter()
        .map(|c| c.ticket.request.title.as_str());
    let mut titles = titles.filter(|title| tagged && subject.trim_end().ends_with(title));
    let rest = titles
        .next()
        .map_or_else(|| without_marks(subject), str::to_owned);
    let rest = rest.as_str();
    let first_line = || reading.text.lines().map(str::trim).find(|l| !l.is_empty());
    let title = if rest.is_empty() {
        first_line().unwrap_or("(sin asunto)")
    } else {
        rest
    };
    let title = one_line(title);
    if title.is_empty() {
        "(sin asunto)".to_owned()
    } else {
        title
    }
}

/// A title as it is stored.
fn one_line(title: &str) -> String {
    let title: String = printable(title).replace(['\n', '\r', '\t'], " ");
    let title: String = title.trim().chars().take(MAX_TITLE).collect();
    title.trim_end().to_owned()
}

fn body(reading: &Reading<'_>) -> String {
    bounded(&reading.shown, "(El correo no trae texto.)")
}

/// All that a mail says, where what it answers or its signature was folded.
pub fn whole(reading: &Reading<'_>) -> Option<String> {
    (reading.reply != reading.text).then(|| bounded(&reading.text, ""))
}

fn internal(reading: &Reading<'_>) -> Command {
    Command::FollowUp {
        body: body(reading),
        visibility: Visibility::Internal,
    }
}

/// What a mail asks for with verbs, if it does.
fn asks_for(reading: &Reading<'_>) -> Option<Written> {
    let written = Written::read(&bounded(&reading.reply, ""));
    (!written.asked.is_empty()).then_some(written)
}

/// A text as a ticket takes it: cleaned, and with a word where it is cut.
pub fn bounded(text: &str, otherwise: &str) -> String {
    const CUT: &str = "\n[…] El texto completo está en el correo original.";
    let text = printable(text);
    let text = text.trim();
    if text.is_empty() {
        return otherwise.to_owned();
    }
    if beginning(text, MAX_TEXT) == text {
        return text.to_owned();
    }
    let kept = beginning(text, MAX_TEXT - CUT.chars().count());
    format!("{kept}{CUT}")
}

fn refuse(reason: RefusalReason) -> Decision {
    Decision::Refuse {
        reason,
        detail: reason.sentence().to_owned(),
    }
}

/// What an automatic mail is, in the words of the record.
fn word(automatic: &Automatic) -> &'static str {
    match automatic {
        Automatic::DeliveryReport(_) => "delivery_report",
        Automatic::ReadReceipt { .. } => "read_receipt",
        Automatic::AutoReplied => "auto_replied",
        Automatic::CalendarAnswer => "calendar_answer",
        Automatic::AutoGenerated => "auto_generated",
        Automatic::MailingList => "mailing_list",
        Automatic::Bulk => "bulk",
        Automatic::AnswersUnwanted => "answers_unwanted",
        Automatic::NullReturnPath => "null_return_path",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(raw: &str) -> Reading<'_> {
        mailreader::read(raw.as_bytes(), Some("ana@uspec.gov.co")).unwrap()
    }

    fn title_of(raw: &str) -> String {
        let catalogue = Catalogue::shipped().unwrap();
        let reading = reading(raw);
        title(&Case {
            reading: &reading,
            sender: Sender::Proven,
            recipients: &[],
            candidates: &[],
            catalogue: &catalogue,
            entity_domains: &[],
            outsiders: Outsiders::Accept,
            own: &[],
        })
    }

    #[test]
    fn titles_lose_the_marks_of_replies() {
        for (subject, expected) in [
            ("No abre", "No abre"),
            ("RE: Rv: FWD: No abre", "No abre"),
            ("Re: [USPEC #000012] Solicitud resuelta: No abre", "No abre"),
            ("RV: [USPEC #000012] Qué pasó", "Qué pasó"),
            ("Re: [USPEC", "[USPEC"),
            ("Reparar: la silla", "Reparar: la silla"),
            ("", "Primera línea"),
        ] {
            let raw = format!(
                "From: a@uspec.gov.co\r\nContent-Type: text/plain; charset=utf-8\r\nSubject: {subject}\r\n\r\n\r\nPrimera línea\r\nSegunda\r\n"
            );
            assert_eq!(title_of(&raw), expected, "{subject}");
        }
        let raw = "From: a@uspec.gov.co\r\n\r\n";
        assert_eq!(title_of(raw), "(sin asunto)");
        assert_eq!(body(&reading(raw)), "(El correo no trae texto.)");
    }

    #[test]
    fn long_texts_say_that_they_are_cut() {
        let text = bounded(&"á".repeat(MAX_TEXT + 1), "");
        assert_eq!(text.chars().count(), MAX_TEXT);
        assert!(text.ends_with("correo original."));
        assert_eq!(bounded("a\u{202E}b\u{0}", ""), "ab");
        assert_eq!(bounded(" \u{200B} ", "nada"), "nada");
    }

    #[test]
    fn labels_are_left_out() {
        let address = |text: &str| EmailAddress::parse(text).unwrap();
        for (given, expected) in [("a+b@x.co", "a@x.co"), ("a@x.co", "a@x.co")] {
            assert_eq!(base(&address(given)), address(expected));
        }
    }

    use proptest::prelude::*;
    use types::command::{Setting, admit};

    /// Decides on a raw mail as it would be with nothing known of its sender, and
    /// checks that a ticket can be made of whatever is to become one.
    fn check_command(raw: &[u8], sender: Sender) {
        let Ok(reading) = mailreader::read(raw, Some("ana@uspec.gov.co")) else {
            return;
        };
        let catalogue = Catalogue::shipped().unwrap();
        let desk = [EmailAddress::parse("soporte@uspec.gov.co").unwrap()];
        let domains = ["uspec.gov.co".to_owned()];
        let case = Case {
            reading: &reading,
            sender,
            recipients: &desk,
            candidates: &[],
            catalogue: &catalogue,
            entity_domains: &domains,
            outsiders: Outsiders::Accept,
            own: &desk,
        };
        let Decision::Open { application, actor } = decide(&case) else {
            return;
        };
        let title = types::ids::parse_line("title", &application.request.title, MAX_TITLE);
        assert_eq!(title.as_ref(), Ok(&application.request.title));
        let text =
            types::ids::parse_text("description", &application.request.description, MAX_TEXT);
        assert_eq!(text.as_ref(), Ok(&application.request.description));
        assert!(application.request.observers.len() <= MAX_OBSERVERS);
        let setting = Setting {
            now: "2026-11-23T13:00:00Z".parse().unwrap(),
            catalogue: &catalogue,
        };
        assert!(admit(*application, &actor, setting).is_ok());
    }

    /// Pieces that a mail of chance is put together from.
    fn piece() -> impl Strategy<Value = Vec<u8>> {
        const WORDS: [&str; 12] = [
            "From: Ana <ana@uspec.gov.co>\r\n",
            "From: <a@b.co> <c@d.co>, e@f.co\r\n",
            "To: soporte@uspec.gov.co, luis@uspec.gov.co\r\n",
            "Subject: Re: [USPEC #000001] Re:\r\n",
            "Subject: =?utf-8?Q?=E2=80=AE?= \u{200B}\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
            "Content-Type: multipart/mixed; boundary=B\r\n",
            "\r\n",
            "--B\r\n",
            "#solucion\r\n",
            "<p>Hola</p>\u{0}\u{1b}\u{202e}\r\n",
            "> cita\r\n",
        ];
        prop_oneof![
            4 => proptest::sample::select(&WORDS[..]).prop_map(|w| w.as_bytes().to_vec()),
            1 => proptest::collection::vec(any::<u8>(), 0..40),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_comes_in_makes_a_sound_command_or_none(
            pieces in proptest::collection::vec(piece(), 0..30),
            sender in prop_oneof![Just(Sender::Proven), Just(Sender::Unproven), Just(Sender::Disowned)],
        ) {
            check_command(&pieces.concat(), sender);
        }
    }

    #[test]
    fn the_suites_mails_make_sound_commands() {
        let mails = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/mailreader/tests/mails"
        );
        let mut seen = 0;
        for entry in std::fs::read_dir(mails).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "eml") {
                check_command(&std::fs::read(&path).unwrap(), Sender::Proven);
                seen += 1;
            }
        }
        assert!(seen >= 60, "{seen}");
    }
}
