//! The quarterly review: what a chief decides on the accounts of his people, and his
//! signature. What follows from that is worked off by the queue.

use std::collections::BTreeMap;

use cloud::clock;
use cloud::desk::{Attempts, Desk, fingerprint, problem_of, problem_of_commit};
use cloud::http::{Answer, Call};
use cloud::page::{Sent, page_key};
use cloud::reviewing::Seen;
use cloud::store::{CommitError, RequestKey, Said};
use pages::catalogue::Resend;
use pages::review::{PLACE, Page};
use pages::shell::{Section, Shell};
use types::Timestamp;
use types::api::{ReviewDecisions, Takes};
use types::input::Input;
use types::mail::day;
use types::message::Doorbell;
use types::permission::Caller;
use types::problem::Problem;
use types::review::{AccountId, Line, lines};

const NOT_A_CHIEF: Problem =
    Problem::Forbidden("No hay personas a su cargo con cuentas en los sistemas de la entidad.");

/// What becomes of what was decided on accounts that are none of his people's, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unknown {
    Refused,
    /// A page that was open for a while names them.
    LeftOut,
}

/// Takes down what a chief decides, or signs it.
pub async fn decide(
    desk: &Desk,
    call: &Call,
    takes: Takes<ReviewDecisions>,
) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.caller(call, &stored.catalogue)?;
    let body = takes.body(&call.body)?;
    written(desk, call, &caller, body, Unknown::Refused).await?;
    Answer::json(200, &desk.review_view(&caller, clock::now()).await?)
}

/// The same from the page's form.
pub async fn by_form(desk: &Desk, call: &Call) -> Answer {
    let sent = Sent::of(call);
    let tried = async {
        let stored = desk.catalogue().await?;
        let caller = desk.sender(call, &stored.catalogue).await?;
        let body = read(&sent)?;
        let signs = body.sign;
        written(desk, call, &caller, body, Unknown::LeftOut).await?;
        Ok(Answer::see_other(&match signs {
            // The page says by whom and when.
            true => PLACE.to_owned(),
            false => format!("{PLACE}?hecho=decidido"),
        }))
    };
    match tried.await {
        Ok(answer) => answer,
        Err(problem) if call.wants_json() => Answer::problem(&problem),
        Err(problem) => match again(desk, call, &sent, &problem).await {
            Ok(answer) => answer,
            // Who he is is not known, or nothing can be read: what he chose is all there is.
            Err(Problem::SignedOut | Problem::Unavailable | Problem::Internal) => {
                resend(call, &sent, &problem)
            }
            Err(problem) => desk.page_of_problem(call, problem).await,
        },
    }
}

/// What the form says, as the API would.
fn read(sent: &Sent) -> Result<ReviewDecisions, Problem> {
    let typed = sent.typed();
    let signs = match pages::forms::sent(typed, "paso") {
        Some("firmar") => "true",
        Some("guardar") => "false",
        Some(_) | None => {
            let detail = "El formulario no dice qué se pide.".to_owned();
            return Err(Problem::MalformedBody(detail));
        }
    };
    let mut fields: Vec<_> = typed.to_vec();
    fields.retain(|(name, _)| name != "paso");
    fields.push(("sign".to_owned(), signs.to_owned()));
    let mut fields = types::input::Fields::form(&fields);
    let body = ReviewDecisions::read(&mut fields);
    fields.finish(body)
}

/// The decisions of a body. What is null is left as it is.
fn decisions(body: &ReviewDecisions) -> BTreeMap<AccountId, String> {
    let words = body.decisions.iter();
    words
        .filter_map(|(id, word)| Some((AccountId(id.clone()), word.as_str()?.to_owned())))
        .collect()
}

/// Writes what was decided over the version that was seen, once for each key.
async fn written(
    desk: &Desk,
    call: &Call,
    caller: &Caller,
    body: ReviewDecisions,
    unknown: Unknown,
) -> Result<(), Problem> {
    if caller.roles.is_empty() {
        return Err(NOT_A_CHIEF);
    }
    let given = decisions(&body);
    let key = call.idempotency_key()?;
    let key = key.map(|key| (key, fingerprint(call)));
    let request = key.as_ref().map(|(key, fingerprint)| RequestKey {
        scope: caller.email.as_str(),
        key,
        fingerprint,
    });
    let mut attempts = Attempts::default();
    loop {
        let now = clock::now();
        let seen = desk.review_of(caller.person(), now).await?;
        let said = request.zip(seen.stored.as_ref());
        match said.and_then(|(request, stored)| stored.written_by(request)) {
            // It was written before this was sent again.
            Some(Said::TheSame) => {
                ring(desk, &seen).await;
                return Ok(());
            }
            Some(Said::SomethingElse) => return Err(Problem::IdempotencyMismatch),
            None => {}
        }
        let over = seen.stored.as_ref().map(|stored| stored.review.version);
        let after = decided(&seen, &body, given.clone(), unknown, caller, now)?;
        let wrote = desk.store.write_review(&after, over, request).await;
        if wrote.map_err(|e| problem_of(&e))? {
            ring(
                desk,
                &Seen {
                    review: after,
                    ..seen
                },
            )
            .await;
            return Ok(());
        }
        let another = attempts.another(CommitError::VersionChanged).await;
        another.map_err(|e| problem_of_commit(&e))?;
    }
}

/// The review with what was decided, by the matrix as it is.
fn decided(
    seen: &Seen,
    body: &ReviewDecisions,
    mut given: BTreeMap<AccountId, String>,
    unknown: Unknown,
    caller: &Caller,
    now: Timestamp,
) -> Result<types::review::Review, Problem> {
    if !seen.is_chief() {
        return Err(NOT_A_CHIEF);
    }
    let mut review = seen.review.clone();
    if let Some(signed) = &review.signed {
        return Err(Problem::InvalidTransition(format!(
            "El refrendo del {} ya está firmado y no se cambia: {}, {}.",
            review.quarter.words(),
            signed.by.name,
            types::spanish::in_words(signed.at)
        )));
    }
    if let Some(expected) = body.expected_version.filter(|seen| *seen != review.version) {
        return Err(Problem::VersionConflict {
            expected,
            actual: review.version,
        });
    }
    let today = day(now);
    if unknown == Unknown::LeftOut {
        let lines = lines(&seen.holders, &review, today);
        let is_there = |id: &AccountId| lines.iter().any(|of| Line::is_open(of) && of.id == *id);
        given.retain(|id, _| is_there(id));
    }
    let decided = review.decide(&seen.holders, &given, today);
    decided.map_err(Problem::Validation)?;
    if body.sign {
        let signed = review.sign(&seen.holders, caller.person(), now);
        signed.map_err(Problem::Validation)?;
    }
    review.version += 1;
    Ok(review)
}

/// What is signed is to be carried out: rung for now, and by the sweep as long as it is not.
async fn ring(desk: &Desk, seen: &Seen) {
    if seen.review.signed.is_some() {
        let doorbell = Doorbell::ReviewSigned {
            quarter: seen.review.quarter,
            chief: seen.review.chief.email.clone(),
        };
        desk.queues.ring(&[doorbell]).await;
    }
}

/// The page again, with what was chosen and what is wrong with it, by the matrix as it is now.
async fn again(
    desk: &Desk,
    call: &Call,
    said: &Sent,
    problem: &Problem,
) -> Result<Answer, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.sender(call, &stored.catalogue).await?;
    let now = clock::now();
    let seen = desk.review_of(caller.person(), now).await?;
    if !seen.is_chief() {
        return Err(NOT_A_CHIEF);
    }
    let title = format!("Error: {}", problem.body().title);
    let shell = Shell::new(title, Section::Review, now);
    let shell = shell.seen_by(&caller).with_phones(&stored.catalogue);
    let key = match said.key_again(call, problem) {
        key if key.is_empty() => page_key(),
        key => key,
    };
    let page = Page::of(shell, &seen.review, &seen.holders, day(now), key);
    let page = page.again(said.typed(), problem);
    Ok(Answer::page(call, problem.status(), page.written()))
}

fn resend(call: &Call, said: &Sent, problem: &Problem) -> Answer {
    let page = Resend {
        shell: Shell::new("Error: no se guardó", Section::Nowhere, clock::now()),
        heading: "Refrendo de las cuentas",
        action: &call.path,
        sent: said.typed(),
        key: said.key_again(call, problem),
        problem,
    };
    Answer::page(call, problem.status(), page.written())
}
