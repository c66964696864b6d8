use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use cloud::log::chain;
use cloud::store::ListPlan;
use serde_json::json;
use types::Timestamp;
use types::api;
use types::catalogue::{Catalogue, Role};
use types::command::Setting;
use types::ids::{CategoryId, EmailAddress, TeamId};
use types::permission::{Caller, may_read};
use types::problem::{FieldError, Problem};
use types::ticket::{Status, Ticket};
use types::view::{Reader, TicketView, event_view};

use crate::account::account;
use crate::catalogue;

/// Items of a page, where the caller does not say.
const PAGE: usize = 50;
/// Most items of a page.
const MAX_PAGE: usize = 100;

/// Answers the routes of the read side.
pub async fn answer(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    match call.route.as_str() {
        "GET /tickets" => list(desk, call).await,
        "GET /tickets/{ref}" => show(desk, call).await,
        "GET /tickets/{ref}/events" => history(desk, call).await,
        "GET /tickets/{ref}/clocks" => clocks(desk, call).await,
        "GET /catalog" => catalogue::show(desk, call).await,
        "PUT /catalog" => catalogue::change(desk, call).await,
        _ => Err(unknown(call)),
    }
}

fn unknown(call: &Call) -> Problem {
    let methods = api::methods_of(&call.path);
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

async fn history(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let page = PageQuery::read(call, &[])?;
    let after = match page.cursor.as_deref().map(str::parse) {
        None => 0,
        Some(Ok(seq)) => seq,
        Some(Err(_)) => return Err(invalid_cursor()),
    };
    let ticket = desk.readable(call.ticket_ref()?, &caller).await?;
    let reader = Reader::of(&caller, &ticket);
    let (events, more) = desk
        .store
        .events(ticket.id, after, page.limit)
        .await
        .map_err(|e| problem_of(&e))?;
    let next = events
        .last()
        .filter(|_| more)
        .map(|event| event.seq.to_string());
    let items: Vec<_> = events
        .iter()
        .filter_map(|event| event_view(event, reader))
        .collect();
    Answer::json(200, &json!({ "items": items, "next_cursor": next }))
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

async fn list(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let page = PageQuery::read(
        call,
        &[
            "status",
            "team",
            "category",
            "assignee",
            "requester",
            "due_before",
            "q",
        ],
    )?;
    let filter = Filter::read(&page, &stored.catalogue)?;
    let Some(plan) = plan(&caller, &filter, &stored.catalogue) else {
        return Answer::json(200, &json!({ "items": [], "next_cursor": null }));
    };
    let found = desk
        .store
        .list(&plan, page.cursor.as_deref(), page.limit, |ticket| {
            may_read(&caller, ticket) && filter.lets_through(ticket)
        })
        .await
        .map_err(|e| problem_of(&e))?
        .map_err(|_| invalid_cursor())?;
    let now = clock::now();
    let items: Vec<_> = found
        .tickets
        .iter()
        .map(|ticket| TicketView::of(ticket, Reader::of(&caller, ticket), now))
        .collect();
    Answer::json(200, &json!({ "items": items, "next_cursor": found.next }))
}

/// The narrowest partitions that hold all that the caller may see and asks for.
fn plan(caller: &Caller, filter: &Filter, catalogue: &Catalogue) -> Option<ListPlan> {
    if let Some(requester) = &filter.requester {
        return Some(ListPlan::of_requester(requester));
    }
    let statuses: Vec<_> = filter
        .status
        .map_or(Status::ALL.to_vec(), |status| vec![status]);
    if let Some(assignee) = &filter.assignee {
        return Some(ListPlan::of_assignee(assignee, &statuses));
    }
    let everything = [Role::Coordinator, Role::Auditor, Role::Head]
        .into_iter()
        .any(|r| caller.is(r));
    let teams: Vec<TeamId> = if everything {
        catalogue
            .document()
            .teams
            .iter()
            .map(|team| team.id.clone())
            .collect()
    } else if caller.is(Role::Agent) {
        caller.teams.iter().cloned().collect()
    } else {
        // What was escalated to him; what he asked for himself is there with
        // `requester=`.
        if caller.is(Role::Officer) {
            return Some(ListPlan::of_officer(&caller.email, &statuses));
        }
        // Whoever works no team's queue sees what he asked for himself.
        return Some(ListPlan::of_requester(&caller.email));
    };
    let teams: Vec<_> = teams
        .into_iter()
        .filter(|team| filter.team.as_ref().is_none_or(|t| t == team))
        .collect();
    (!teams.is_empty()).then(|| ListPlan::of_teams(&teams, &statuses))
}

struct Filter {
    status: Option<Status>,
    team: Option<TeamId>,
    category: Option<CategoryId>,
    assignee: Option<EmailAddress>,
    requester: Option<EmailAddress>,
    due_before: Option<Timestamp>,
    /// Words to look for, in lower case.
    q: Option<String>,
}

impl Filter {
    fn read(page: &PageQuery, catalogue: &Catalogue) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut refuse = |name: &str, detail: &str| {
            errors.push(FieldError::new(name, "unknown_value", detail));
        };
        let filter = Filter {
            status: page.parsed("status", Status::parse, || {
                refuse(
                    "status",
                    "Debe ser uno de: new, assigned, on_hold, solved, closed.",
                );
            }),
            team: page.parsed(
                "team",
                |text| Some(TeamId::from(text)).filter(|team| catalogue.team(team).is_some()),
                || refuse("team", "No existe ese equipo."),
            ),
            category: page.parsed(
                "category",
                |text| Some(CategoryId::from(text)).filter(|id| catalogue.category(id).is_some()),
                || refuse("category", "No existe esa categoría."),
            ),
            assignee: page.parsed(
                "assignee",
                |text| EmailAddress::parse(text).ok(),
                || {
                    refuse("assignee", "No es una dirección de correo válida.");
                },
            ),
            requester: page.parsed(
                "requester",
                |text| EmailAddress::parse(text).ok(),
                || {
                    refuse("requester", "No es una dirección de correo válida.");
                },
            ),
            due_before: page.parsed(
                "due_before",
                |text| text.parse().ok(),
                || {
                    refuse(
                        "due_before",
                        "Debe ser una fecha y hora RFC 3339, por ejemplo 2026-11-23T13:00:00Z.",
                    );
                },
            ),
            q: page.value("q").map(str::to_lowercase),
        };
        if errors.is_empty() {
            Ok(filter)
        } else {
            Err(Problem::Validation(errors))
        }
    }

    /// On the ticket itself: an index may lag behind it.
    fn lets_through(&self, ticket: &Ticket) -> bool {
        let text = |q: &String| {
            [
                &ticket.request.title,
                &ticket.request.description,
                &ticket.request.requester.person.name,
            ]
            .into_iter()
            .any(|text| text.to_lowercase().contains(q))
                || ticket.number.0.to_string() == *q
        };
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
        self.status.is_none_or(|status| ticket.status() == status)
            && self
                .team
                .as_ref()
                .is_none_or(|team| ticket.policy.team == *team)
            && self
                .category
                .as_ref()
                .is_none_or(|category| ticket.policy.category == *category)
            && self
                .assignee
                .as_ref()
                .is_none_or(|email| ticket.assignee.as_ref().is_some_and(|a| a.email == *email))
            && self
                .requester
                .as_ref()
                .is_none_or(|email| ticket.request.requester.person.email == *email)
            && self.due_before.is_none_or(due_by)
            && self.q.as_ref().is_none_or(text)
    }
}

/// A page's bounds and the filters beside them.
struct PageQuery {
    limit: usize,
    cursor: Option<String>,
    rest: Vec<(String, String)>,
}

impl PageQuery {
    fn read(call: &Call, filters: &[&str]) -> Result<Self, Problem> {
        let mut errors = Vec::new();
        let mut page = PageQuery {
            limit: PAGE,
            cursor: None,
            rest: vec![],
        };
        for (i, (name, value)) in call.query().iter().enumerate() {
            if call.query()[..i].iter().any(|(earlier, _)| earlier == name) {
                errors.push(FieldError::new(
                    name,
                    "repeated_parameter",
                    "Este parámetro va una sola vez.",
                ));
                continue;
            }
            match name.as_str() {
                "limit" => match value.parse() {
                    Ok(limit) if (1..=MAX_PAGE).contains(&limit) => page.limit = limit,
                    Ok(_) | Err(_) => errors.push(FieldError::new(
                        "limit",
                        "out_of_range",
                        "Debe ser un número entero entre 1 y 100.",
                    )),
                },
                "cursor" => page.cursor = Some(value.clone()),
                known if filters.contains(&known) => page.rest.push((name.clone(), value.clone())),
                unknown => {
                    errors.push(FieldError::new(
                        unknown,
                        "unknown_parameter",
                        "Este parámetro no existe.",
                    ));
                }
            }
        }
        if errors.is_empty() {
            Ok(page)
        } else {
            Err(Problem::Validation(errors))
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.rest
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, v)| v.as_str())
    }

    fn parsed<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        refuse: impl FnOnce(),
    ) -> Option<T> {
        let parsed = parse(self.value(name)?);
        if parsed.is_none() {
            refuse();
        }
        parsed
    }
}

fn invalid_cursor() -> Problem {
    Problem::Validation(vec![FieldError::new(
        "cursor",
        "invalid_cursor",
        "No es un cursor que este servicio haya dado para esta lista.",
    )])
}
