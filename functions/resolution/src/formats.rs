//! The form of a format's section: a draft kept, a signature, a correction. What cannot be
//! taken comes back with all that was typed.

use cloud::clock;
use cloud::desk::Desk;
use cloud::http::{Answer, Call};
use cloud::page::{Sent, page_key};
use pages::catalogue::Resend;
use pages::format::{Again, Look, Page, values_of};
use pages::forms::sent as said;
use pages::shell::{Section, Shell};
use types::catalogue::Catalogue;
use types::command::Command;
use types::ids::{FormatCode, SectionId, parse_text};
use types::permission::{Actor, Caller, may_read_format};
use types::problem::{FieldError, Problem};
use types::ticket::Ticket;

/// Longest reason of a correction, in characters.
const MAX_REASON: usize = 2_000;

/// What a button of the form asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Draft,
    /// The same, for one row more.
    Row,
    Sign,
    Correct,
}

impl Step {
    fn of(word: Option<&str>) -> Option<Self> {
        Some(match word? {
            "guardar" => Step::Draft,
            "fila" => Step::Row,
            "firmar" => Step::Sign,
            "corregir" => Step::Correct,
            _ => return None,
        })
    }
}

/// Answers a form of a format.
pub async fn fill(desk: &Desk, call: &Call) -> Answer {
    let sent = Sent::of(call);
    let problem = match carry_out(desk, call, &sent).await {
        Ok(answer) => return answer,
        Err(problem) => problem,
    };
    match again(desk, call, &sent, &problem).await {
        Ok(answer) => answer,
        // Who he is is not known, or nothing can be read: what was typed is all there is.
        Err(Problem::SignedOut | Problem::Unavailable | Problem::Internal) => {
            resend(call, &sent, &problem)
        }
        Err(problem) => desk.page_of_problem(call, problem).await,
    }
}

fn resend(call: &Call, sent: &Sent, problem: &Problem) -> Answer {
    let now = clock::now();
    let page = Resend {
        shell: Shell::new("Error: no se guardó", Section::Nowhere, now),
        heading: "Formato",
        action: &call.path,
        sent: sent.typed(),
        key: sent.key_again(call, problem),
        problem,
    };
    Answer::page(call, problem.status(), page.written())
}

/// The ticket and format of a form, for whoever may read that.
async fn about(
    desk: &Desk,
    call: &Call,
    catalogue: &Catalogue,
) -> Result<(Caller, Ticket, FormatCode), Problem> {
    let caller = desk.sender(call, catalogue).await?;
    let code = FormatCode::from(call.parameter("code"));
    let sees = |ticket: &Ticket| may_read_format(&caller, ticket, &code);
    let ticket = desk.readable_to(call.ticket_ref()?, &caller, sees).await?;
    Ok((caller, ticket, code))
}

async fn carry_out(desk: &Desk, call: &Call, sent: &Sent) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let (caller, ticket, code) = about(desk, call, &stored.catalogue).await?;
    let typed = sent.typed();
    let step = Step::of(said(typed, "paso"))
        .ok_or_else(|| Problem::MalformedBody("El formulario no dice qué se pide.".to_owned()))?;
    let expected = said(typed, "expected_version").and_then(|version| version.parse().ok());
    let section = |name| SectionId::from(said(typed, name).unwrap_or_default());
    let command = match step {
        Step::Draft | Step::Row => Command::DraftSection {
            code: code.clone(),
            section: section("seccion"),
            fields: values_of(typed),
        },
        Step::Sign => Command::SignSection {
            code: code.clone(),
            section: section("seccion"),
            fields: Some(values_of(typed)),
            // Asked for of the desk alone: without a file, the rules say that there is none.
            on_paper: said(typed, "on_paper").map(str::to_owned),
            holder: None,
        },
        Step::Correct => Command::CorrectSection {
            code: code.clone(),
            section: section("corregir"),
            reason: reason(said(typed, "motivo").unwrap_or_default())?,
        },
    };
    let scope = caller.email.as_str().to_owned();
    let actor = Actor::Person(caller);
    let ticket = desk
        .execute(call, &scope, ticket, command, &actor, expected)
        .await?;
    let complete = ticket
        .formats
        .get(&code)
        .is_some_and(|format| format.complete);
    let done = match step {
        Step::Draft | Step::Row => "borrador",
        Step::Sign if complete => "completo",
        Step::Sign => "firmada",
        Step::Correct => "correccion",
    };
    let page = format!("/solicitudes/{}/formatos/{code}", ticket.number.0);
    Ok(Answer::see_other(&match step {
        // A browser goes back to where it was: to the list that has one row more.
        Step::Row => page,
        Step::Draft | Step::Sign | Step::Correct => format!("{page}?hecho={done}"),
    }))
}

fn reason(text: &str) -> Result<String, Problem> {
    let text = parse_text("reason", text, MAX_REASON);
    text.map_err(|error: FieldError| Problem::Validation(vec![error]))
}

/// The page again, with what was typed and what is wrong with it.
async fn again(
    desk: &Desk,
    call: &Call,
    sent: &Sent,
    problem: &Problem,
) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let (caller, ticket, code) = about(desk, call, &stored.catalogue).await?;
    let title = format!("Error: {} · {code}", problem.body().title);
    let shell = Shell::new(title, Section::Nowhere, clock::now());
    let shell = shell.seen_by(&caller).with_phones(&stored.catalogue);
    let holder = desk.holder_of(&ticket, &code).await?;
    let look = Look {
        ticket: &ticket,
        code: &code,
        caller: &caller,
        holder: holder.as_ref(),
    };
    let typed = Again {
        typed: sent.typed(),
        problem,
    };
    let key = match sent.key_again(call, problem) {
        key if key.is_empty() => page_key(),
        key => key,
    };
    let page = Page::of(shell, look, Some(typed), key);
    let page = page.ok_or(Problem::NotFound("La solicitud no lleva ese formato."))?;
    Ok(Answer::page(call, problem.status(), page.written()))
}
