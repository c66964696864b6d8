//! The pages that are read.

pub(crate) mod rail;

use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::files::Bucket;
use cloud::http::{Answer, Call};
use cloud::page::{Edition, page_key};
use cloud::store::{ListPlan, StoredCatalogue};
use futures_util::future::try_join;
use jiff::SignedDuration;
use pages::assets::{EDITION, asset};
use pages::call::{self, Known};
use pages::presence::Presence;
use pages::review::{self, Standings};
use pages::shell::{
    Notice, Section, Shell, View, address_of, oversees, sees_reviews, signs_formats, works_here,
};
use pages::talk::Reading;
use pages::today::{self, Extent};
use pages::{format, forms, mine, new, privacy, queue, request, ticket};
use types::Timestamp;
use types::api::pages::desk::Page;
use types::api::pages::{own, public};
use types::catalogue::Role;
use types::clock::ClockKind;
use types::command::Setting;
use types::compliance::Compliance;
use types::effects::QueueName;
use types::folding::folded;
use types::ids::{EmailAddress, TeamId, TicketNumber};
use types::mail::{bounds, day};
use types::permission::{Caller, may_read};
use types::problem::Problem;
use types::quarter::Quarter;
use types::review::{Progress, lines};
use types::spanish;
use types::ticket::{HoldReason, State, Ticket};
use types::view::Reader;
use types::views::Filter;

use crate::account::account;
use crate::handler::{parties_of, waits_for};
use crate::{files, formats, preferences, presence};

/// Rows of a page of the queue, and of somebody's own requests.
const ROWS: usize = 50;

/// What is due within that is due now, as people at the desk see it.
const SOON: SignedDuration = SignedDuration::from_mins(10);

/// What whoever coordinates sees coming.
const QUARTER: SignedDuration = SignedDuration::from_mins(15);

/// What is missing where messages of SES were given up, by the words of their queues.
const NOTICES_GIVEN_UP: [(&str, &str); 2] = [
    ("inbound_mail", "Correos recibidos sin procesar"),
    ("feedback", "Avisos de correos devueltos sin procesar"),
];

/// What is missing where a queue's doorbells were given up.
fn missing(queue: QueueName) -> &'static str {
    match queue {
        QueueName::Assignment => "Asignaciones automáticas sin hacer",
        QueueName::Escalation => "Avisos de plazos sin hacer",
        QueueName::Notification => "Correos sin salir",
        QueueName::Reminder => "Recordatorios sin salir",
        QueueName::Closure => "Cierres sin hacer",
        QueueName::Intake => "Desvinculaciones sin abrir",
    }
}

/// Tickets that a day's times are counted of, and how many are read at a time.
const MOST_COUNTED: usize = 1_000;
const COUNTED_AT_ONCE: usize = 100;

/// Other tickets of a requester that are looked at.
const OTHERS: usize = 20;

/// Answers a page. What goes wrong is a page, too.
pub async fn answer(desk: &Desk, files: &Bucket, call: &Call, page: Page) -> Answer {
    match show(desk, files, call, page).await {
        Ok(answer) => answer,
        Err(problem) => desk.page_of_problem(call, problem).await,
    }
}

/// Answers what somebody says of himself.
pub async fn answer_own(desk: &Desk, call: &Call, page: own::Page) -> Answer {
    let answered = match page {
        own::Page::Presence => presence::sign(desk, call).await,
        own::Page::SaveView => preferences::save_view(desk, call).await,
        own::Page::DropView => preferences::drop_view(desk, call).await,
        own::Page::Keys => preferences::keys(desk, call).await,
    };
    match answered {
        Ok(answer) => answer,
        Err(problem) => desk.page_of_problem(call, problem).await,
    }
}

/// Answers what needs no session.
pub async fn answer_anyone(desk: &Desk, files: &Bucket, call: &Call, page: public::Page) -> Answer {
    let shown = match page {
        public::Page::Asset => return asset_of(call),
        public::Page::Linked => linked(desk, call).await,
        public::Page::LinkedFile => linked_file(desk, files, call).await,
        public::Page::Privacy => privacy(desk, call).await,
    };
    match shown {
        Ok(answer) => answer,
        Err(problem) => desk.page_of_problem(call, problem).await,
    }
}

/// A style sheet or a script.
fn asset_of(call: &Call) -> Answer {
    let edition = match call.parameter("edition") == EDITION {
        true => Edition::Current,
        false => Edition::Other,
    };
    match asset(call.parameter("name")) {
        Some(asset) => Answer::asset(call, asset, edition),
        None => Answer::problem(&Problem::NotFound("Esta dirección no existe.")),
    }
}

async fn show(desk: &Desk, files: &Bucket, call: &Call, page: Page) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.visitor(call, &stored.catalogue).await?;
    if caller.roles.is_empty() {
        return Err(Problem::Forbidden(
            "Su cuenta no es de la entidad ni está en el directorio.",
        ));
    }
    let visit = Visit {
        desk,
        call,
        stored: &stored,
        caller: &caller,
        now: clock::now(),
    };
    match page {
        Page::Home => visit.home().await,
        Page::Mine => visit.mine().await,
        Page::New => visit.new_request().await,
        Page::Ticket => visit.ticket().await,
        Page::File => {
            let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
            files::give(files, call, &caller, &ticket).await
        }
        Page::Format => visit.format().await,
        Page::Formats => visit.formats().await,
        Page::Accounts => visit.accounts().await,
        Page::Review => visit.review().await,
        Page::Queue => visit.queue().await,
        Page::Next => visit.next().await,
        Page::Call => visit.call().await,
        Page::Today => visit.today().await,
    }
}

/// What stands around a page of somebody who works here, with the rail's counts.
pub async fn around<'a>(
    desk: &'a Desk,
    call: &'a Call,
    stored: &'a StoredCatalogue,
    caller: &'a Caller,
    title: &str,
    section: Section,
) -> Result<Shell<'a>, Problem> {
    let visit = Visit {
        desk,
        call,
        stored,
        caller,
        now: clock::now(),
    };
    let mut shell = visit.shell(title, section);
    visit.furnish(&mut shell).await?;
    Ok(shell)
}

/// A file of a request, to whoever holds its link.
async fn linked_file(desk: &Desk, files: &Bucket, call: &Call) -> Result<Answer, Problem> {
    let (caller, ticket) = desk.link_holder(call).await?;
    files::give(files, call, &caller, &ticket).await
}

/// What people are told of their data, before they sign in, too.
async fn privacy(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = match desk.visitor(call, &stored.catalogue).await {
        Ok(caller) => Some(caller),
        Err(Problem::SignedOut) => None,
        Err(problem) => return Err(problem),
    };
    let mut shell = Shell::new("Aviso de privacidad", Section::Nowhere, clock::now());
    shell = shell.with_phones(&stored.catalogue);
    if let Some(caller) = &caller {
        shell = shell.seen_by(caller);
    }
    let notice = &stored.catalogue.document().privacy_notice;
    let page = privacy::Page { shell, notice };
    Ok(Answer::page(call, 200, page.written()))
}

/// A request, to whoever holds its link: without a menu, and nothing else.
async fn linked(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let (caller, ticket) = desk.link_holder(call).await?;
    let events = desk.story(&ticket).await?;
    let now = clock::now();
    let reading = Reading {
        ticket: &ticket,
        catalogue: &stored.catalogue,
        reader: Reader::Requester,
        me: Some(&caller.email),
        now,
    };
    let title = format!("{} {}", ticket.number, ticket.request.title);
    let mut shell = Shell::new(title, Section::Nowhere, now).with_phones(&stored.catalogue);
    shell.notice = call.asked("hecho").and_then(Notice::of);
    let visit = request::Visit {
        caller: &caller,
        at: format!("/s/{}", call.parameter("token")),
        survey: desk.survey_link(&ticket),
    };
    let page = request::Page::of(shell, visit, &ticket, &events, reading, &page_key());
    Ok(desk.with_files(Answer::page(call, 200, page.written())))
}

/// Somebody who looks at a page.
struct Visit<'a> {
    desk: &'a Desk,
    call: &'a Call,
    stored: &'a StoredCatalogue,
    caller: &'a Caller,
    now: Timestamp,
}

impl<'a> Visit<'a> {
    fn setting(&self) -> Setting<'a> {
        Setting {
            now: self.now,
            catalogue: &self.stored.catalogue,
        }
    }

    fn shell(&self, title: impl Into<String>, section: Section) -> Shell<'a> {
        let mut shell = Shell::new(title, section, self.now)
            .seen_by(self.caller)
            .with_phones(&self.stored.catalogue);
        shell.notice = self.call.asked("hecho").and_then(Notice::of);
        if let Some(number) = self.left() {
            shell.notice = shell.notice.map(|notice| notice.about(number));
        }
        shell
    }

    /// The ticket before this page.
    fn after(&self) -> Option<TicketNumber> {
        self.call.asked("tras")?.parse().ok().map(TicketNumber)
    }

    /// The ticket that whoever looks is done with and has just left for the next one: of
    /// which the page speaks that comes after it.
    fn left(&self) -> Option<TicketNumber> {
        let word = self.call.asked("hecho")?;
        let leads_on = word == forms::DONE || forms::leads_on(word);
        self.after().filter(|_| leads_on && works_here(self.caller))
    }

    /// Whether a ticket waits for whoever looks, and for nobody else.
    fn can_go_on(&self, ticket: &Ticket) -> bool {
        match ticket.state {
            State::OnHold(HoldReason::Requester | HoldReason::Provider) => false,
            State::OnHold(HoldReason::Technology) => {
                let officer = ticket.officer.as_ref();
                !ticket.is_with_officer()
                    || officer.is_some_and(|officer| officer.email == self.caller.email)
            }
            State::New | State::Assigned | State::Solved | State::Closed => true,
        }
    }

    /// Where somebody begins: whoever signs, at what waits for him, if something does.
    async fn home(&self) -> Result<Answer, Problem> {
        let caller = self.caller;
        let place = match (caller.is(Role::Coordinator), works_here(caller)) {
            (true, _) => "/hoy",
            (false, true) => "/cola",
            (false, false) if signs_formats(caller) && self.is_awaited().await? => "/formatos",
            (false, false) => "/solicitudes",
        };
        Ok(Answer::see_other(place))
    }

    /// Whether something waits for a signature of whoever looks.
    async fn is_awaited(&self) -> Result<bool, Problem> {
        let parties = parties_of(self.caller);
        let plan = ListPlan::of_awaiting(&parties);
        let (tickets, next) = self
            .list(&plan, |ticket| waits_for(ticket, &parties))
            .await?;
        Ok(!tickets.is_empty() || next.is_some() || self.review_left().await?.is_some())
    }

    async fn mine(&self) -> Result<Answer, Problem> {
        let plan = ListPlan::of_requester(&self.caller.email);
        let (tickets, next) = self.list(&plan, |_| true).await?;
        let next = next.map(|cursor| self.further(&cursor));
        let mut shell = self.shell("Mis solicitudes", Section::Mine);
        self.furnish(&mut shell).await?;
        let page = mine::Page::of(shell, &tickets, self.caller, self.setting(), next);
        Ok(Answer::page(self.call, 200, page.written()))
    }

    async fn new_request(&self) -> Result<Answer, Problem> {
        let mut shell = self.shell("Nueva solicitud", Section::New);
        self.furnish(&mut shell).await?;
        let typed = new::Typed::default();
        let page = new::Page::of(shell, &self.stored.catalogue, typed, page_key());
        let page = Answer::page(self.call, 200, page.written());
        Ok(self.desk.with_files(page))
    }

    async fn ticket(&self) -> Result<Answer, Problem> {
        let reference = self.call.ticket_ref()?;
        let ticket = self.desk.readable(reference, self.caller).await?;
        let events = self.desk.story(&ticket).await?;
        let reader = Reader::of(self.caller, &ticket);
        let reading = Reading {
            ticket: &ticket,
            catalogue: &self.stored.catalogue,
            reader,
            me: Some(&self.caller.email),
            now: self.now,
        };
        let title = format!("{} {}", ticket.number, ticket.request.title);
        let mut shell = self.shell(title, Section::Nowhere);
        let key = page_key();
        let page = match reader {
            Reader::Requester => {
                shell.section = Section::Mine;
                let own = ticket.is_of(&self.caller.email);
                let visit = request::Visit {
                    caller: self.caller,
                    at: format!("/solicitudes/{}", ticket.number.0),
                    survey: self.desk.survey_link(&ticket).filter(|_| own),
                };
                let page = request::Page::of(shell, visit, &ticket, &events, reading, &key);
                Answer::page(self.call, 200, page.written())
            }
            Reader::Staff => {
                if let (Some(word), None) = (self.call.asked("hecho"), self.left()) {
                    shell.notice = ticket::notice(word, &ticket, self.setting());
                }
                self.furnish(&mut shell).await?;
                let (others, presence) =
                    try_join(self.others(&ticket), self.presence(&ticket)).await?;
                let page = ticket::Page::of(shell, &ticket, &events, reading, &others, &key);
                let page = page.beside(presence);
                let page = self.explained(page, &ticket, reader);
                Answer::page(self.call, 200, page.written())
            }
        };
        Ok(self.desk.with_files(page))
    }

    /// A format of a ticket, to whoever reads the ticket or signs it.
    async fn format(&self) -> Result<Answer, Problem> {
        let (ticket, code) = formats::readable(self.desk, self.call, self.caller).await?;
        let title = format!("{code} · {}", ticket.number);
        let mut shell = self.shell(title, Section::Nowhere);
        self.furnish(&mut shell).await?;
        let holder = self.desk.holder_of(&ticket, &code).await?;
        let look = format::Look {
            ticket: &ticket,
            code: &code,
            caller: self.caller,
            holder: holder.as_ref(),
        };
        let page = format::Page::of(shell, look, None, page_key());
        let page = page.ok_or(Problem::NotFound("La solicitud no lleva ese formato."))?;
        Ok(Answer::page(self.call, 200, page.written()))
    }

    /// What waits for a signature of whoever looks.
    async fn formats(&self) -> Result<Answer, Problem> {
        let parties = parties_of(self.caller);
        let plan = ListPlan::of_awaiting(&parties);
        let (tickets, next) = self
            .list(&plan, |ticket| waits_for(ticket, &parties))
            .await?;
        let next = next.map(|cursor| self.further(&cursor));
        let mut shell = self.shell("Formatos por firmar", Section::Formats);
        self.furnish(&mut shell).await?;
        let review = self.review_left().await?;
        let rows = tickets.iter();
        let rows =
            rows.flat_map(|ticket| format::Waiting::of(ticket, &parties, self.setting().now));
        let page = format::List {
            shell,
            rows: rows.collect(),
            review,
            next,
        };
        Ok(Answer::page(self.call, 200, page.written()))
    }

    /// The matrix of accounts.
    async fn accounts(&self) -> Result<Answer, Problem> {
        if !sees_reviews(self.caller) {
            return Err(formats::NOT_FOR_YOU);
        }
        let after = self.call.asked("cursor").map(formats::after).transpose()?;
        let today = day(self.now);
        let standings = match &after {
            Some(_) => None,
            None => {
                let quarter = Quarter::of(today);
                let chiefs = self.desk.chiefs(quarter).await?;
                Some(Standings::of(quarter, &chiefs, today))
            }
        };
        if !oversees(self.caller) {
            let standings = standings.ok_or(formats::NOT_FOR_YOU)?;
            let mut shell = self.shell("Refrendo de las cuentas", Section::Accounts);
            self.furnish(&mut shell).await?;
            let page = format::Matrix::of_reviews(shell, standings);
            return Ok(Answer::page(self.call, 200, page.written()));
        }
        let found = self.desk.store.holders(after.as_ref(), ROWS).await;
        let found = found.map_err(|e| problem_of(&e))?;
        let next = found.next.map(|id| self.further(&id.to_string()));
        let mut shell = self.shell("Matriz de usuarios", Section::Accounts);
        self.furnish(&mut shell).await?;
        let page = format::Matrix::of(shell, standings, &found.holders, today, next);
        Ok(Answer::page(self.call, 200, page.written()))
    }

    /// The quarterly review of whoever looks: his people alone.
    async fn review(&self) -> Result<Answer, Problem> {
        let seen = self.desk.review_of(self.caller.person(), self.now).await?;
        let mut shell = self.shell("Refrendo de las cuentas", Section::Review);
        self.furnish(&mut shell).await?;
        let today = day(self.now);
        let page = review::Page::of(shell, &seen.review, &seen.holders, today, page_key());
        Ok(Answer::page(self.call, 200, page.written()))
    }

    /// What of the quarter's review waits for whoever looks, as his list says it.
    async fn review_left(&self) -> Result<Option<(usize, String)>, Problem> {
        let seen = self.desk.review_of(self.caller.person(), self.now).await?;
        let today = day(self.now);
        let progress = Progress::of(&lines(&seen.holders, &seen.review, today));
        let is_left = seen.review.signed.is_none() && progress.total > 0;
        let term = seen.review.term.filter(|_| is_left);
        Ok(term.map(|term| {
            let last = spanish::day(term.last, Some(today.year()));
            (progress.left(), format!(" · plazo: {last}"))
        }))
    }

    /// The page with the account of the clocks, where there is one.
    fn explained<'b>(
        &self,
        page: ticket::Page<'b>,
        ticket: &Ticket,
        reader: Reader,
    ) -> ticket::Page<'b> {
        let Ok(accounts) = account(ticket, reader, self.setting()) else {
            return page;
        };
        let sentences = |text: &str| text.lines().map(str::to_owned).collect();
        page.explaining(
            ClockKind::Attention,
            sentences(&accounts.attention.explanation),
        )
        .explaining(
            ClockKind::Solution,
            sentences(&accounts.solution.explanation),
        )
        .explaining(
            ClockKind::Validation,
            sentences(&accounts.validation.explanation),
        )
    }

    /// Who else is at a ticket. Looking at it says nothing yet: its page does, as
    /// long as somebody looks.
    async fn presence(&self, ticket: &Ticket) -> Result<Presence, Problem> {
        let lines = presence::at(self.desk, ticket, self.caller, self.now).await?;
        // By its id: a number has to be looked up.
        let signs = format!("/solicitudes/{}/presencia", ticket.id);
        Ok(Presence {
            lines,
            signs: types::presence::counts(self.caller, ticket).then_some(signs),
        })
    }

    /// What else the requester of a ticket has open.
    async fn others(&self, ticket: &Ticket) -> Result<Vec<Ticket>, Problem> {
        let whose = &ticket.request.requester.person.email;
        let plan = ListPlan::of_requester(whose);
        let open = |other: &Ticket| {
            let his = other.is_of(whose);
            let another = his && other.id != ticket.id;
            another && other.state != State::Closed && may_read(self.caller, other)
        };
        let store = &self.desk.store;
        let found = store.list(&plan, None, OTHERS, open).await;
        let found = found.map_err(|e| problem_of(&e))?;
        Ok(found.map(|page| page.tickets).unwrap_or_default())
    }

    async fn queue(&self) -> Result<Answer, Problem> {
        if !works_here(self.caller) {
            return self.home().await;
        }
        let view = self.filter().view;
        let Some(plan) = self.plan(view) else {
            return Err(Problem::Forbidden("Su función no trabaja ninguna cola."));
        };
        let mut shell = self.shell(view.name(), Section::Queue(view));
        let worklist = self.count(&mut shell).await?;
        let narrowing = Narrowing::of(self.filter());
        let tag = match (narrowing.filter.is_narrow(), self.call.asked("cursor")) {
            (false, None) => {
                let tag = self.tag(view, &worklist, &shell).await?;
                if self.call.has(&tag) {
                    return Ok(Answer::unchanged(&tag));
                }
                Some(tag)
            }
            (_, _) => None,
        };
        self.set_up(&mut shell, self.preferences().await?);
        let (tickets, next) = self
            .list(&plan, |ticket| {
                may_read(self.caller, ticket)
                    && belongs(view, ticket, self.now)
                    && narrowing.lets_through(ticket)
            })
            .await?;
        let next = next.map(|cursor| self.further(&cursor));
        let page = queue::Page {
            shell,
            view,
            groups: queue::groups(&tickets, self.caller, self.setting()),
            filters: self.filters(&narrowing),
            next,
            updated: self.now,
            agents: self.agents(),
        };
        let answer = Answer::page(self.call, 200, page.written());
        Ok(match tag {
            Some(tag) => answer.tagged(&tag),
            None => answer,
        })
    }

    /// What the address asks for, where it is the queue's.
    pub(super) fn filter(&self) -> Filter {
        let view = self.call.asked("vista").and_then(View::of);
        preferences::filter(view.unwrap_or(View::Open), |name| self.call.asked(name))
    }

    /// The next ticket of whoever asks: his own that is due next, then one that
    /// nobody has taken.
    async fn next(&self) -> Result<Answer, Problem> {
        let skipped = self.after();
        let done = self.call.asked("hecho").zip(self.left());
        let done = done.map(|(word, number)| format!("tras={}&hecho={word}", number.0));
        for view in [View::Own, View::Free] {
            let Some(plan) = self.plan(view) else {
                continue;
            };
            let (tickets, _) = self
                .list(&plan, |ticket| {
                    may_read(self.caller, ticket)
                        && belongs(view, ticket, self.now)
                        && Some(ticket.number) != skipped
                        && self.can_go_on(ticket)
                })
                .await?;
            if let Some(ticket) = tickets.first() {
                let done = done.map_or_else(String::new, |done| format!("?{done}"));
                let to = format!("/solicitudes/{}{done}", ticket.number.0);
                return Ok(Answer::see_other(&to));
            }
        }
        let done = done.map_or_else(String::new, |done| format!("&{done}"));
        Ok(Answer::see_other(&format!("/cola?vista=mias{done}")))
    }

    /// Somebody calls: who, and what he has open.
    async fn call(&self) -> Result<Answer, Problem> {
        if !self.caller.is_desk() {
            return Err(Problem::Forbidden(
                "Las llamadas las registra la Mesa de Ayuda.",
            ));
        }
        let catalogue = &*self.stored.catalogue;
        let asked = self.call.asked("quien").map(str::trim).unwrap_or_default();
        let email = EmailAddress::parse(asked).ok();
        let found = match &email {
            Some(_) => vec![],
            None => call::found(asked, catalogue, &self.desk.entity_domains),
        };
        // Nobody else can be meant.
        if let Some(person) = call::only(&found) {
            let link = person.link(self.calls_from(asked).unwrap_or_default());
            return Ok(Answer::see_other(&link));
        }
        let found = match call::extension(asked).filter(|_| found.is_empty()) {
            Some(extension) => self.gave(extension).await?,
            None => found,
        };
        let mut shell = self.shell("Registrar llamada", Section::Call);
        self.furnish(&mut shell).await?;
        let tickets = match &email {
            Some(email) => self.desk.asked_by(email).await?,
            None => vec![],
        };
        let typed = match &email {
            Some(email) => call::Typed::of_person(email, catalogue, &tickets),
            None => call::Typed::default(),
        };
        let typed = match self.calls_from(asked) {
            Some(extension) => typed.calling_from(extension),
            None => typed,
        };
        let known = match (&email, typed.name.is_empty()) {
            (None, _) => Known::Nobody,
            (Some(_), true) => Known::Address,
            (Some(_), false) => Known::Person,
        };
        let open = call::open(&tickets, self.caller, self.setting());
        let mut page = call::Page::of(shell, catalogue, typed, page_key())
            .called_by(known, open)
            .taken_by(self.caller, catalogue);
        page.found = found;
        asked.clone_into(&mut page.asked);
        let registered = self.call.asked("registrada");
        let registered = registered.and_then(|number| number.parse().ok());
        page.registered = registered.map(|number| TicketNumber(number).to_string());
        let team = self.call.asked("equipo").map(|id| TeamId(id.to_owned()));
        let team = team.and_then(|id| catalogue.team(&id));
        page.registered_with = team.map(|team| team.name.as_str());
        Ok(Answer::page(self.call, 200, page.written()))
    }

    /// The extension that the telephone shows: what is looked for, or was before.
    fn calls_from(&self, asked: &'a str) -> Option<&'a str> {
        let before = || self.call.asked("extension").and_then(call::extension);
        call::extension(asked).or_else(before)
    }

    /// Who gave an extension with what is open and whoever looks may read.
    async fn gave(&self, extension: &str) -> Result<Vec<call::Found<'a>>, Problem> {
        let Some(plan) = self.plan(View::Open) else {
            return Ok(vec![]);
        };
        let gave = |ticket: &Ticket| {
            let same = ticket.request.extension.as_deref() == Some(extension);
            same && may_read(self.caller, ticket)
        };
        let (tickets, _) = self.list(&plan, gave).await?;
        Ok(call::found_by_extension(extension, &tickets))
    }

    async fn list(
        &self,
        plan: &ListPlan,
        wanted: impl Fn(&Ticket) -> bool,
    ) -> Result<(Vec<Ticket>, Option<String>), Problem> {
        let store = &self.desk.store;
        let found = store.list(plan, self.call.asked("cursor"), ROWS, wanted);
        let found = found.await.map_err(|e| problem_of(&e))?;
        let page = found.map_err(|_| Problem::NotFound("Esa página de la lista ya no existe."))?;
        Ok((page.tickets, page.next))
    }

    /// This page's address, further on in its list.
    fn further(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.call.query() {
            if !["cursor", "hecho", "tras"].contains(&&**name) {
                query.append_pair(name, value);
            }
        }
        query.append_pair("cursor", cursor);
        format!("{}?{}", self.call.path, query.finish())
    }

    /// What today needs of whoever looks after all teams.
    async fn today(&self) -> Result<Answer, Problem> {
        if !oversees(self.caller) {
            return Err(Problem::Forbidden("Esa página es de la coordinación."));
        }
        let due = self
            .plan(View::Open)
            .map(|plan| plan.due_before(self.now + QUARTER));
        let due = self.of_today(due, |ticket| {
            first_due(ticket).is_some_and(|at| at < self.now + QUARTER)
        });
        let (due, due_extent) = due.await?;
        let is_late = |ticket: &&Ticket| first_due(ticket).is_some_and(|at| at < self.now);
        let (overdue, soon): (Vec<_>, Vec<_>) = due.iter().partition(is_late);
        let free = self.of_today(self.plan(View::Free), |ticket| ticket.state == State::New);
        let (free, free_extent) = free.await?;
        let waits = |ticket: &Ticket| belongs(View::Waiting, ticket, self.now);
        let (mut waiting, waiting_extent) = self.of_today(self.plan(View::Waiting), waits).await?;
        waiting.sort_by_key(today::waiting_since);
        let mut shell = self.shell("Hoy", Section::Today);
        self.furnish(&mut shell).await?;
        let list =
            |view, tickets: &[_], extent| today::List::of(view, tickets, extent, self.setting());
        // What is overdue comes before what is not yet: where the list was cut, there
        // may be more of the latter, and of the former only where it is all of it.
        let overdue_extent = match soon.is_empty() {
            true => due_extent,
            false => Extent::Whole,
        };
        let page = today::Page {
            overdue: list(View::Due, &overdue, overdue_extent),
            soon: list(View::Due, &soon, due_extent),
            free: list(View::Free, &free.iter().collect::<Vec<_>>(), free_extent),
            waiting: list(
                View::Waiting,
                &waiting.iter().collect::<Vec<_>>(),
                waiting_extent,
            ),
            given_up: self.given_up().await?,
            compliance: self.compliance().await?,
            shell,
        };
        Ok(Answer::page(self.call, 200, page.written()))
    }

    /// How the times were kept since the day began.
    async fn compliance(&self) -> Result<(Compliance, Extent), Problem> {
        let since = bounds(day(self.now)).map_or(self.now, |(start, _)| start);
        let mut tickets: Vec<Ticket> = Vec::new();
        // What is closed begins with the latest.
        for (view, last) in [(View::Closed, since), (View::Open, Timestamp::MIN)] {
            let Some(plan) = self.plan(view) else {
                continue;
            };
            let mut cursor = None;
            loop {
                if tickets.len() >= MOST_COUNTED {
                    let compliance = Compliance::between(&tickets, since, self.now);
                    return Ok((compliance, Extent::Beginning));
                }
                let store = &self.desk.store;
                let found = store.list(&plan, cursor.as_deref(), COUNTED_AT_ONCE, |_| true);
                let Ok(page) = found.await.map_err(|e| problem_of(&e))? else {
                    break;
                };
                let goes_on = page.tickets.last().is_some_and(|t| t.updated_at >= last);
                tickets.extend(page.tickets);
                cursor = page.next;
                if cursor.is_none() || !goes_on {
                    break;
                }
            }
        }
        let compliance = Compliance::between(&tickets, since, self.now);
        Ok((compliance, Extent::Whole))
    }

    /// The tickets of one of today's lists, and whether there are more.
    async fn of_today(
        &self,
        plan: Option<ListPlan>,
        wanted: impl Fn(&Ticket) -> bool,
    ) -> Result<(Vec<Ticket>, Extent), Problem> {
        let Some(plan) = plan else {
            return Ok((vec![], Extent::Whole));
        };
        let (tickets, next) = self.list(&plan, wanted).await?;
        let extent = match next {
            Some(_) => Extent::Beginning,
            None => Extent::Whole,
        };
        Ok((tickets, extent))
    }

    /// The messages that were given up, by what they were for.
    async fn given_up(&self) -> Result<Vec<today::GivenUp>, Problem> {
        let mut given_up = Vec::new();
        let queues = QueueName::ALL.iter();
        let queues = queues.map(|queue| (queue.as_str(), missing(*queue)));
        for (queue, what) in queues.chain(NOTICES_GIVEN_UP) {
            let messages = self.desk.store.given_up(queue).await;
            let count = messages.map_err(|e| problem_of(&e))?.len();
            if count > 0 {
                given_up.push(today::GivenUp { what, count });
            }
        }
        Ok(given_up)
    }

    /// Whom chosen requests may be assigned to, where whoever looks gives commands
    /// on them: a coordinator assigns, an agent takes.
    fn agents(&self) -> Option<Vec<queue::Choice<'a>>> {
        if !self.caller.is_desk() {
            return None;
        }
        if !self.caller.is(Role::Coordinator) {
            return Some(vec![]);
        }
        let agents = self.stored.catalogue.with_role(Role::Agent);
        let agents = agents.map(|agent| queue::Choice {
            value: agent.email.as_str(),
            label: agent.listed(self.now),
            chosen: false,
        });
        Some(agents.collect())
    }

    fn filters(&self, narrowing: &Narrowing) -> queue::Filters<'a> {
        let filter = &narrowing.filter;
        let document = self.stored.catalogue.document();
        let teams = document.teams.iter();
        let categories = document.categories.iter();
        let pairs = filter.pairs().into_iter();
        queue::Filters {
            q: filter.words.clone().unwrap_or_default(),
            teams: teams
                .filter(|team| team.retired || team.category.is_some())
                .map(|team| queue::Choice {
                    value: &team.id.0,
                    label: team.name.as_str().into(),
                    chosen: filter.team.as_ref() == Some(&team.id),
                })
                .collect(),
            categories: categories
                .map(|category| queue::Choice {
                    value: &category.id.0,
                    label: category.name.as_str().into(),
                    chosen: filter.category.as_ref() == Some(&category.id),
                })
                .collect(),
            any: filter.is_narrow(),
            pairs: pairs
                .map(|(name, value)| (name, value.to_owned()))
                .collect(),
            address: address_of(filter),
        }
    }
}

/// When the first of a ticket's running clocks runs out.
fn first_due(ticket: &Ticket) -> Option<Timestamp> {
    let clocks = ticket.clocks.all().into_iter();
    let due = clocks.filter_map(|(_, clock)| clock.running_since().and(clock.due_at));
    due.min()
}

/// Whether a ticket is still one of a view's: an index lags behind it.
fn belongs(view: View, ticket: &Ticket, now: Timestamp) -> bool {
    let due = || first_due(ticket).is_some_and(|at| at < now + SOON);
    match (view, ticket.state) {
        (View::Due, State::New | State::Assigned | State::OnHold(_)) => due(),
        (View::Own, State::New | State::Assigned | State::OnHold(_))
        | (View::Free, State::New)
        | (View::Waiting, State::OnHold(_))
        | (View::Solved, State::Solved)
        | (View::Closed, State::Closed)
        | (View::Open, State::New | State::Assigned | State::OnHold(_) | State::Solved) => true,
        (
            View::Due
            | View::Own
            | View::Free
            | View::Waiting
            | View::Solved
            | View::Open
            | View::Closed,
            State::New | State::Assigned | State::OnHold(_) | State::Solved | State::Closed,
        ) => false,
    }
}

/// What the address of a queue narrows it by.
struct Narrowing {
    filter: Filter,
    /// Its words without capitals and accents.
    folded: Option<String>,
}

impl Narrowing {
    fn of(filter: Filter) -> Self {
        Narrowing {
            folded: filter.words.as_deref().map(|words| folded(words.trim())),
            filter,
        }
    }

    fn lets_through(&self, ticket: &Ticket) -> bool {
        let policy = &ticket.policy;
        let Filter { team, category, .. } = &self.filter;
        team.as_ref().is_none_or(|team| policy.team == *team)
            && category
                .as_ref()
                .is_none_or(|category| policy.category == *category)
            && self
                .folded
                .as_ref()
                .is_none_or(|words| crate::handler::says(ticket, words))
    }
}
