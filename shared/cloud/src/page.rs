//! Pages: who looks at one, the forms that give commands, and how a page is
//! answered.

use std::collections::BTreeSet;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::SignedDuration;
use lambda_http::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, HeaderName, VARY,
};
use pages::assets::Asset;
use pages::forms::{self, Act, DONE, Form, form, next_after_act};
use pages::shell::{POLICY, Section, Shell};
use pages::talk::{Reading, conversation};
use pages::{oneform, problem};
use types::api::Takes;
use types::catalogue::{Catalogue, Role};
use types::command::Setting;
use types::ids::EmailAddress;
use types::input::{Fields, Input};
use types::permission::Caller;
use types::problem::Problem;
use types::ticket::{Event, Person, State, Ticket};
use types::view::{Reader, TicketView};

use crate::clock;
use crate::desk::{Desk, Given, problem_of};
use crate::http::{Answer, Call};
use crate::log::chain;
use crate::session::COOKIE;
use crate::store::ListPlan;
use crate::trace;

/// A body under this is not worth compressing.
const WORTH_IT: usize = 1_000;

/// How long the link of a mail is good after the ticket was closed: a week.
pub const LINK_OUTLIVES: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Events of a ticket that a page reads; a longer history has its own pages.
const MOST_EVENTS: usize = 1_000;

/// Requests of one person that a page looks at.
const MOST_ASKED: usize = 20;

impl Answer {
    /// A page, compressed where the browser takes that.
    pub fn page(call: &Call, status: u16, html: Result<String, pages::Error>) -> Self {
        let html = match html {
            Ok(html) => html,
            Err(error) => {
                tracing::error!(error = chain(&error), "a page cannot be written");
                return Answer::problem(&Problem::Internal);
            }
        };
        let answer = Answer::of(status, "text/html; charset=utf-8", String::new())
            .with(CONTENT_SECURITY_POLICY, POLICY)
            .with(HeaderName::from_static("referrer-policy"), referrer(call))
            .with(
                HeaderName::from_static("cross-origin-opener-policy"),
                "same-origin",
            )
            .with(
                HeaderName::from_static("permissions-policy"),
                "camera=(), geolocation=(), microphone=()",
            )
            .with(
                HeaderName::from_static("strict-transport-security"),
                "max-age=31536000",
            );
        if html.len() < WORTH_IT || !call.takes_gzip() {
            return answer.saying(html);
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        match packed
            .write_all(html.as_bytes())
            .and_then(|()| packed.finish())
        {
            Ok(packed) => answer.with(CONTENT_ENCODING, "gzip").carrying(packed),
            Err(_) => answer.saying(html),
        }
    }

    /// The same page, which a browser may ask for again under this condition.
    #[must_use]
    pub fn tagged(self, tag: &str) -> Self {
        self.with(ETAG, tag)
            .with(CACHE_CONTROL, "private, no-cache")
    }

    /// The page that a browser has is still the one.
    pub fn unchanged(tag: &str) -> Self {
        Answer::of(304, "text/html; charset=utf-8", String::new()).tagged(tag)
    }

    /// A style sheet or a script. Under the address of its edition it stays as it
    /// is for ever.
    pub fn asset(call: &Call, asset: &Asset, edition: Edition) -> Self {
        let answer =
            Answer::of(200, asset.content_type, String::new()).with(VARY, "Accept-Encoding");
        let answer = match edition {
            Edition::Current => answer.with(CACHE_CONTROL, "public, max-age=31536000, immutable"),
            Edition::Other => answer,
        };
        match call.takes_gzip() {
            true => answer
                .with(CONTENT_ENCODING, "gzip")
                .carrying(asset.gzipped.to_vec()),
            false => answer.saying(asset.plain.to_owned()),
        }
    }
}

/// Whether an asset is asked for as this edition names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    Current,
    /// By a page of before, or of after, a deployment that is going on.
    Other,
}

impl Call {
    fn takes_gzip(&self) -> bool {
        self.header("accept-encoding")
            .is_some_and(|accepted| accepted.contains("gzip"))
    }

    /// Whether a script of ours asks, which puts the answer into its page.
    pub fn wants_json(&self) -> bool {
        !self.wants_html()
            && self
                .header("accept")
                .is_some_and(|accept| accept.contains("application/json"))
    }

    /// Whether the browser's copy has this tag.
    pub fn has(&self, tag: &str) -> bool {
        self.header("if-none-match")
            .is_some_and(|known| known == tag)
    }

    /// A parameter of the query.
    pub fn asked(&self, name: &str) -> Option<&str> {
        let mut query = self.query().iter();
        let found = query.find(|(n, _)| n == name);
        found
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// What a form sent, but for what is the form's own business.
pub struct Sent {
    fields: Vec<(String, String)>,
    /// Whether he wants the next ticket once this one is done.
    goes_on: bool,
}

impl Sent {
    /// What a call's form sent.
    pub fn of(call: &Call) -> Self {
        let mut fields = call.form();
        fields.retain(|(name, _)| name != FORM_KEY);
        let sent = fields.len();
        fields.retain(|(name, _)| name != GOES_ON);
        Sent {
            goes_on: fields.len() < sent,
            fields,
        }
    }

    /// As the API's bodies are read.
    pub fn fields(&self) -> Fields {
        Fields::form(&self.fields)
    }

    /// The key that the form has when it comes back: the one that it had, so that
    /// what was done after all is not done again.
    pub fn key_again(&self, call: &Call, problem: &Problem) -> String {
        if *problem == Problem::IdempotencyMismatch {
            // It stands for something else by now.
            page_key()
        } else {
            call.form_key().unwrap_or_default()
        }
    }

    /// What was typed.
    pub fn typed(&self) -> &[(String, String)] {
        &self.fields
    }
}

/// A key for the forms of a page: no other page has it.
pub fn page_key() -> String {
    ulid::Ulid::generate().to_string()
}

/// The field that says which sending of a form this is: pressing twice is one.
pub(crate) const FORM_KEY: &str = "idempotency_key";

/// The name of the button that leads to the next ticket.
const GOES_ON: &str = "luego";

impl Desk {
    /// Who looks at a page: whoever signed in, with the roles that the directory
    /// gives him now.
    ///
    /// # Errors
    /// [`Problem::SignedOut`] where nobody is, or not any more.
    pub async fn visitor(&self, call: &Call, catalogue: &Catalogue) -> Result<Caller, Problem> {
        let session = match call.cookie(COOKIE) {
            None => None,
            Some(value) => self
                .store
                .session(value, clock::now())
                .await
                .map_err(|e| problem_of(&e))?,
        };
        let identity = session.ok_or(Problem::SignedOut)?.identity();
        Ok(Caller::identify(
            identity.email,
            identity.name,
            catalogue,
            &self.entity_domains,
        ))
    }

    /// Who sent a form, which has to be one of ours.
    ///
    /// # Errors
    /// When another site sent it, or nobody is signed in.
    pub async fn sender(&self, call: &Call, catalogue: &Catalogue) -> Result<Caller, Problem> {
        if call.is_from_own_page() {
            match call.parameter("token") {
                "" => self.visitor(call, catalogue).await,
                _ => self.link_holder(call).await.map(|(caller, _)| caller),
            }
        } else {
            Err(Problem::Forbidden(
                "La petición no viene de una página de la Mesa de Ayuda.",
            ))
        }
    }

    /// Whether somebody with this address calls: by a token, or from a page.
    ///
    /// # Errors
    /// When nobody says who he is.
    pub async fn is_called_by(&self, call: &Call, email: &EmailAddress) -> Result<bool, Problem> {
        let stored = self.catalogue().await?;
        let caller = match call.is_form() {
            true => self.sender(call, &stored.catalogue).await,
            false => self.caller(call, &stored.catalogue),
        };
        match caller {
            Ok(caller) => Ok(caller.email == *email),
            // What becomes of his form is said where every form's is.
            Err(Problem::SignedOut) if call.is_form() => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Whoever holds the link of a mail that went to a requester alone, as that
    /// requester and nothing else, and the ticket that it is about.
    ///
    /// # Errors
    /// When it is no such link, or not any more.
    pub async fn link_holder(&self, call: &Call) -> Result<(Caller, Ticket), Problem> {
        const UNKNOWN: Problem = Problem::NotFound("Este enlace no existe.");
        let (ticket, edition) = self.link(call.parameter("token")).ok_or(UNKNOWN)?;
        let ticket = self.store.ticket(ticket).await;
        let ticket = ticket.map_err(|e| problem_of(&e))?.ok_or(UNKNOWN)?;
        if edition != ticket.link_edition {
            return Err(Problem::NotFound(
                "Este enlace fue anulado. El próximo correo trae uno nuevo; también puede entrar con su cuenta.",
            ));
        }
        let over =
            ticket.state == State::Closed && clock::now() > ticket.updated_at + LINK_OUTLIVES;
        if over {
            return Err(Problem::NotFound(
                "La solicitud se cerró hace más de siete días y este enlace ya no sirve. Entre con su cuenta para verla.",
            ));
        }
        let Person { email, name } = ticket.request.requester.person.clone();
        let caller = Caller {
            email,
            name,
            roles: [Role::Requester].into(),
            teams: BTreeSet::new(),
        };
        Ok((caller, ticket))
    }

    /// All that happened to a ticket.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn story(&self, ticket: &Ticket) -> Result<Vec<Event>, Problem> {
        let events = self.store.events(ticket.id, 0, MOST_EVENTS).await;
        let (events, _) = events.map_err(|e| problem_of(&e))?;
        Ok(events)
    }

    /// What somebody asked for, the latest first, as far as a page looks.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn asked_by(&self, email: &EmailAddress) -> Result<Vec<Ticket>, Problem> {
        let plan = ListPlan::of_requester(email);
        let his = |ticket: &Ticket| ticket.is_of(email);
        let found = self.store.list(&plan, None, MOST_ASKED, his).await;
        let found = found.map_err(|e| problem_of(&e))?;
        Ok(found.map(|page| page.tickets).unwrap_or_default())
    }

    /// Carries out a command that a page's form gives. It goes back to the ticket,
    /// or gives the form again with all that was typed.
    pub(crate) async fn command_by_form<B: Input, G: Into<Given>>(
        &self,
        call: &Call,
        takes: Takes<B>,
        command: impl FnOnce(B) -> G,
    ) -> Result<Answer, Problem> {
        let sent = Sent::of(call);
        let word = takes.row().word().unwrap_or_default();
        let act = Act::sent(word, sent.typed());
        match self.try_form(call, &sent, takes, command).await {
            Ok((ticket, reader)) if call.wants_json() => {
                Answer::json(200, &TicketView::of(&ticket, reader, clock::now()))
            }
            Ok((ticket, _)) => {
                let done = act.map_or(DONE, Act::done);
                Ok(Answer::see_other(&match sent.goes_on {
                    true => next_after_act(ticket.number, act),
                    false => format!("{}?hecho={done}", place(call, &ticket)),
                }))
            }
            Err(problem) => match act {
                Some(act) if !call.wants_json() => {
                    self.form_again(call, act, &sent, &problem).await
                }
                Some(_) | None => Err(problem),
            },
        }
    }

    async fn try_form<B: Input, G: Into<Given>>(
        &self,
        call: &Call,
        sent: &Sent,
        takes: Takes<B>,
        command: impl FnOnce(B) -> G,
    ) -> Result<(Ticket, Reader), Problem> {
        let stored = self.catalogue().await?;
        let caller = self.sender(call, &stored.catalogue).await?;
        self.given(call, caller, sent.fields(), takes, command)
            .await
    }

    /// The form that could not be taken, with what was typed, and with what
    /// happened to the ticket while it was.
    async fn form_again(
        &self,
        call: &Call,
        act: Act,
        sent: &Sent,
        problem: &Problem,
    ) -> Result<Answer, Problem> {
        let stored = self.catalogue().await?;
        let catalogue = &*stored.catalogue;
        let now = clock::now();
        let title = format!("Error: {}", problem.body().title);
        let key = sent.key_again(call, problem);
        let caller = match self.sender(call, catalogue).await {
            Ok(caller) => caller,
            // Who he is, and what he may see, is not known: his own words are all that
            // there is to show.
            Err(Problem::SignedOut) => {
                let shell = Shell::new(title, Section::Nowhere, now);
                let page = oneform::Page {
                    shell,
                    form: Form::blind(act, &call.path, sent.typed(), &key),
                    problem,
                    ticket: None,
                    back: "/".to_owned(),
                    meanwhile: vec![],
                };
                return Ok(Answer::page(call, problem.status(), page.written()));
            }
            Err(refused) => return Err(refused),
        };
        let ticket = self.readable(self.about(call)?, &caller).await?;
        let at = place(call, &ticket);
        let seen = forms::sent(sent.typed(), "expected_version");
        let seen = seen.and_then(|seen| seen.parse().ok());
        let events = match seen {
            Some(seen) if seen < ticket.version => {
                let events = self.store.events(ticket.id, seen, MOST_EVENTS).await;
                events.map_err(|e| problem_of(&e))?.0
            }
            Some(_) | None => vec![],
        };
        let reading = Reading {
            ticket: &ticket,
            catalogue,
            reader: Reader::of(&caller, &ticket),
            me: Some(&caller.email),
            now,
        };
        let errors = problem.body().errors;
        let mut form =
            form(act, &ticket, Setting { now, catalogue }, &at, "").again(sent.typed(), &errors);
        form.key = key;
        form.action.clone_from(&call.path);
        let shell = Shell::new(title, Section::Nowhere, now);
        let page = oneform::Page {
            shell: match call.parameter("token") {
                "" => shell.seen_by(&caller).with_phones(catalogue),
                _ => shell.with_phones(catalogue),
            },
            form,
            problem,
            ticket: Some((ticket.number.to_string(), &ticket.request.title)),
            back: at,
            meanwhile: conversation(&events, reading),
        };
        let page = Answer::page(call, problem.status(), page.written());
        Ok(self.with_files(page))
    }

    /// A problem, as whoever asked for a page is told of it: sent to sign in, where
    /// that is what is missing.
    pub async fn page_of_problem(&self, call: &Call, problem: Problem) -> Answer {
        if call.wants_json() {
            return Answer::problem(&problem);
        }
        if problem == Problem::SignedOut && call.method == "GET" {
            return Answer::see_other(&entrance(call));
        }
        let now = clock::now();
        let body = problem.body();
        let catalogue = self.catalogue().await.ok();
        let caller = match &catalogue {
            Some(stored) => self.visitor(call, &stored.catalogue).await.ok(),
            None => None,
        };
        let mut shell = Shell::new(body.title, Section::Nowhere, now);
        // Whoever cannot be answered has to know whom to call.
        let known = catalogue.or_else(|| self.last_catalogue());
        if let Some(stored) = &known {
            shell = shell.with_phones(&stored.catalogue);
        }
        if let Some(caller) = &caller {
            shell = shell.seen_by(caller);
        }
        let again = (call.method == "GET").then(|| address(call));
        let page = problem::page(
            shell,
            &problem,
            trace::origin().as_deref(),
            again.as_deref(),
        );
        Answer::page(call, problem.status(), page)
    }
}

/// The page of a ticket, for whoever calls: the one behind his link, if he came by
/// one.
fn place(call: &Call, ticket: &Ticket) -> String {
    match call.parameter("token") {
        "" => format!("/solicitudes/{}", ticket.number.0),
        token => format!("/s/{token}"),
    }
}

/// What a page's requests tell of its address: nothing to anybody else, and of a
/// link's no more than the host. `no-referrer` would tell even less, and make the
/// `Origin` of the page's own forms `null`: browsers that name no site would have
/// them refused.
fn referrer(call: &Call) -> &'static str {
    match call.parameter("token") {
        "" => "same-origin",
        _ => "strict-origin",
    }
}

/// Where a page that was asked for is, without what the one before it had to say.
fn address(call: &Call) -> String {
    let query: Vec<_> = call
        .query()
        .iter()
        .filter(|(name, _)| name != "hecho" && name != "tras")
        .collect();
    if query.is_empty() {
        return call.path.clone();
    }
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    for (name, value) in query {
        pairs.append_pair(name, value);
    }
    format!("{}?{}", call.path, pairs.finish())
}

/// Where whoever is not signed in goes, and from there back.
fn entrance(call: &Call) -> String {
    let mut to = form_urlencoded::Serializer::new(String::new());
    format!("/entrar?{}", to.append_pair("a", &address(call)).finish())
}
