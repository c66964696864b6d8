use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::files::Bucket;
use cloud::http::{Answer, Call};
use cloud::log::chain;
use cloud::store::ListPlan;
use types::Timestamp;
use types::api::desk::Route;
use types::api::pages::desk::Page as Shown;
use types::api::pages::{catalogue as revised, own, public};
use types::api::{self, Awaiting, HistoryQuery, Page, Routes, Takes, TicketQuery, invalid_cursor};
use types::catalogue::{Catalogue, Role};
use types::command::Setting;
use types::folding::{folded, joined};
use types::format::turn::{Party, parties};
use types::ids::TeamId;
use types::permission::{Caller, may_read};
use types::problem::{FieldError, Problem};
use types::ticket::{Status, Ticket};
use types::view::{EventView, Reader, TicketSummary, TicketView};

use crate::account::account;
use crate::{catalogue, catalogue_pages, enrolment, files, formats, pages};

/// How long a copy of the document is good, in seconds: it changes with a
/// deployment.
const DOCUMENT_KEPT: u32 = 300;

/// Answers the routes of the read side.
pub async fn answer(desk: &Desk, files: &Bucket, call: &Call) -> Result<Answer, Problem> {
    if let Some(page) = public::Page::of(&call.route) {
        return Ok(pages::answer_anyone(desk, files, call, page).await);
    }
    if let Some(page) = Shown::of(&call.route) {
        return Ok(pages::answer(desk, files, call, page).await);
    }
    if let Some(page) = revised::Page::of(&call.route) {
        return Ok(catalogue_pages::answer(desk, call, page).await);
    }
    if let Some(page) = own::Page::of(&call.route) {
        return Ok(pages::answer_own(desk, call, page).await);
    }
    let Some(route) = Route::of(&call.route) else {
        return lost(desk, call).await;
    };
    match route {
        Route::List(takes) => list(desk, call, takes).await,
        Route::Show => show(desk, call).await,
        Route::History(takes) => history(desk, call, takes).await,
        Route::Clocks => clocks(desk, call).await,
        Route::Attachment => files::download(desk, files, call).await,
        Route::Formats => formats::all(desk, call).await,
        Route::FormatSchema => formats::schema(desk, call).await,
        Route::Format => formats::show(desk, call).await,
        Route::Accounts(takes) => formats::accounts(desk, call, takes).await,
        Route::Review => review(desk, call).await,
        Route::Catalogue => catalogue::show(desk, call, route.row().access).await,
        Route::ChangeCatalogue(takes) => catalogue::change(desk, call, takes).await,
        Route::ImportDirectory(takes) => enrolment::import(desk, call, takes).await,
        Route::CatalogueVersions(takes) => catalogue::versions(desk, call, takes).await,
        Route::Document => Ok(Answer::fixed(api::DOCUMENT, DOCUMENT_KEPT)),
    }
}

/// An address that leads nowhere: a page for whoever looks at pages.
async fn lost(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.wants_html() {
        true => Ok(desk.page_of_problem(call, unknown(call)).await),
        false => Err(unknown(call)),
    }
}

fn unknown(call: &Call) -> Problem {
    let mut methods: Vec<_> = api::routes_of(&call.path).map(|row| row.method).collect();
    methods.extend(api::pages::methods_of(&call.path));
    if methods.is_empty() {
        Problem::NotFound("Esta dirección no existe.")
    } else {
        Problem::MethodNotAllowed(methods.join(", "))
    }
}

async fn show(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
    Answer::json(
        200,
        &TicketView::of(&ticket, Reader::of(&caller, &ticket), clock::now()),
    )
}

/// The quarterly review of the caller's people, and for those who oversee it who has signed.
async fn review(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    if caller.roles.is_empty() {
        return Err(Problem::Forbidden(
            "Su cuenta no es de la entidad ni está en el directorio.",
        ));
    }
    Answer::json(200, &desk.review_view(&caller, clock::now()).await?)
}

async fn history(desk: &Desk, call: &Call, takes: Takes<HistoryQuery>) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let page = takes.query(call.query())?;
    let after = match page.cursor.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(seq)) => seq,
        Some(Err(_)) => return Err(invalid_cursor()),
    };
    let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
    let reader = Reader::of(&caller, &ticket);
    match reader {
        Reader::Staff => {
            let read = desk.store.events(ticket.id, after, page.limit).await;
            let (events, more) = read.map_err(|e| problem_of(&e))?;
            let last = events.last().filter(|_| more);
            Answer::json(
                200,
                &Page {
                    items: EventView::all(&events, reader).collect(),
                    next_cursor: last.map(|event| event.seq.to_string()),
                },
            )
        }
        // Counted as he sees it, so that a page of his knows of no other's.
        Reader::Requester => {
            let events = desk.story(&ticket).await?;
            let skipped = usize::try_from(after).unwrap_or(usize::MAX);
            let mut shown = EventView::all(&events, reader).skip(skipped);
            let items: Vec<_> = shown.by_ref().take(page.limit).collect();
            let more = shown.next().is_some();
            Answer::json(
                200,
                &Page {
                    next_cursor: more.then(|| (skipped + items.len()).to_string()),
                    items,
                },
            )
        }
    }
}

/// The clocks, with the account that defends their due times.
async fn clocks(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
    let setting = Setting {
        now: clock::now(),
        catalogue: &stored.catalogue,
    };
    let explained = account(&ticket, Reader::of(&caller, &ticket), setting);
    let explained = explained.map_err(|e| {
        tracing::error!(
            ticket.id = %ticket.id,
            ticket.number = ticket.number.0,
            error = chain(&e),
            "the clocks cannot be explained"
        );
        Problem::from(e)
    })?;
    Answer::json(200, &explained)
}

async fn list(desk: &Desk, call: &Call, takes: Takes<TicketQuery>) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let query = takes.query(call.query())?;
    let filter = Filter::of(query, &stored.catalogue)?;
    let Some(plan) = plan(&caller, &filter.query, &stored.catalogue) else {
        return Answer::json(200, &Page::<TicketSummary<'_>>::empty());
    };
    let query = &filter.query;
    let own = parties_of(&caller);
    let sees = |ticket: &Ticket| match query.awaiting {
        Some(Awaiting::Me) => waits_for(ticket, &own),
        None => may_read(&caller, ticket),
    };
    let found = desk
        .store
        .list(&plan, query.cursor.as_deref(), query.limit, |ticket| {
            sees(ticket) && filter.lets_through(ticket)
        })
        .await
        .map_err(|e| problem_of(&e))?
        .map_err(|_| invalid_cursor())?;
    let now = clock::now();
    let tickets = found.tickets.iter();
    let page = Page {
        items: tickets
            .map(|ticket| TicketSummary::of(ticket, now))
            .collect(),
        next_cursor: found.next,
    };
    Answer::json(200, &page)
}

/// The narrowest partitions that hold all that the caller may see and asks for.
fn plan(caller: &Caller, filter: &TicketQuery, catalogue: &Catalogue) -> Option<ListPlan> {
    if let Some(Awaiting::Me) = filter.awaiting {
        return Some(ListPlan::of_awaiting(&parties_of(caller)));
    }
    if let Some(requester) = &filter.requester {
        return Some(ListPlan::of_requester(requester));
    }
    let statuses: Vec<_> = filter
        .status
        .map_or(Status::ALL.to_vec(), |status| vec![status]);
    if let Some(assignee) = &filter.assignee {
        return Some(ListPlan::of_assignee(assignee, &statuses));
    }
    let wanted = |team: &&TeamId| filter.team.as_ref().is_none_or(|t| t == *team);
    let everything = [Role::Coordinator, Role::Auditor, Role::Head]
        .into_iter()
        .any(|r| caller.is(r));
    if everything {
        let teams = catalogue.document().teams.iter().map(|team| &team.id);
        let teams: Vec<_> = teams.filter(wanted).cloned().collect();
        return (!teams.is_empty()).then(|| ListPlan::of_teams(&teams, &statuses));
    }
    // What each of them asked for himself, or is copied on, is his to find, too.
    if caller.is(Role::Agent) {
        let teams: Vec<_> = caller.teams.iter().filter(wanted).cloned().collect();
        return Some(ListPlan::of_agent(&caller.email, &teams, &statuses));
    }
    if caller.is(Role::Officer) {
        return Some(ListPlan::of_officer_and_own(&caller.email, &statuses));
    }
    Some(ListPlan::of_requester(&caller.email))
}

/// As whom a format may wait for somebody.
pub fn parties_of(caller: &Caller) -> Vec<Party> {
    let roles = caller.roles.iter().copied();
    let offices = roles
        .filter(|role| *role != Role::Requester)
        .map(Party::Office);
    let himself = Party::Person(caller.email.clone());
    [himself].into_iter().chain(offices).collect()
}

/// Whether a format of a ticket waits for one of these.
pub fn waits_for(ticket: &Ticket, own: &[Party]) -> bool {
    let parties = parties(ticket);
    own.iter().any(|party| parties.contains(party))
}

/// Whether a ticket has these words, folded, or this number, however it is written. Hyphens
/// make no difference.
pub fn says(ticket: &Ticket, words: &str) -> bool {
    let whole = joined(words);
    [
        &ticket.request.title,
        &ticket.request.description,
        &ticket.request.requester.person.name,
    ]
    .into_iter()
    .map(|text| folded(text))
    .any(|text| {
        text.contains(words) || (!whole.trim().is_empty() && joined(&text).contains(&whole))
    }) || words.trim_start_matches(['#', '0', ' ']) == ticket.number.0.to_string()
}

/// What a list is narrowed by.
struct Filter {
    query: TicketQuery,
    /// Words to look for, folded.
    words: Option<String>,
}

impl Filter {
    /// A query whose team and category there are, whatever their capitals and accents.
    fn of(mut query: TicketQuery, catalogue: &Catalogue) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let document = catalogue.document();
        if let Some(asked) = &mut query.team {
            let mut teams = document.teams.iter().map(|team| &team.id);
            let meant = teams.find(|id| folded(&id.0) == folded(&asked.0));
            *asked = meant.unwrap_or(asked).clone();
        }
        if let Some(asked) = &mut query.category {
            let mut categories = document.categories.iter().map(|of| &of.id);
            let meant = categories.find(|id| folded(&id.0) == folded(&asked.0));
            *asked = meant.unwrap_or(asked).clone();
        }
        let mut refuse = |name: &str, detail: &str| {
            errors.push(FieldError::new(name, "unknown_value", detail));
        };
        if query
            .team
            .as_ref()
            .is_some_and(|team| catalogue.team(team).is_none())
        {
            refuse("team", "No existe ese equipo.");
        }
        let category = query.category.as_ref();
        if category.is_some_and(|category| catalogue.category(category).is_none()) {
            refuse("category", "No existe esa categoría.");
        }
        if errors.is_empty() {
            let words = query.q.as_deref().map(|q| folded(q.trim()));
            Ok(Filter { query, words })
        } else {
            Err(Problem::Validation(errors))
        }
    }

    /// On the ticket itself: an index may lag behind it.
    fn lets_through(&self, ticket: &Ticket) -> bool {
        let text = |q: &String| says(ticket, q);
        let clocks = [
            &ticket.clocks.attention,
            &ticket.clocks.solution,
            &ticket.clocks.validation,
        ];
        let due_by = |limit: Timestamp| {
            clocks
                .iter()
                .any(|c| c.running_since().is_some() && c.due_at.is_some_and(|due| due < limit))
        };
        let query = &self.query;
        query.status.is_none_or(|status| ticket.status() == status)
            && query
                .team
                .as_ref()
                .is_none_or(|team| ticket.policy.team == *team)
            && query
                .category
                .as_ref()
                .is_none_or(|category| ticket.policy.category == *category)
            && query
                .assignee
                .as_ref()
                .is_none_or(|email| ticket.assignee.as_ref().is_some_and(|a| a.email == *email))
            && query
                .requester
                .as_ref()
                .is_none_or(|email| ticket.is_of(email))
            && query.due_before.is_none_or(due_by)
            && self.words.as_ref().is_none_or(text)
    }
}
