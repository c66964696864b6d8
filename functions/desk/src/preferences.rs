//! What somebody who works here sets up for himself.

use ::pages::saveview;
use ::pages::shell::{Section, address_of, works_here};
use cloud::clock;
use cloud::desk::{Desk, problem_of};
use cloud::http::{Answer, Call};
use cloud::page::Sent;
use cloud::session::LASTS;
use serde_json::json;
use types::permission::Caller;
use types::preferences::{SavedView, SingleKeys};
use types::problem::{FieldError, Problem};
use types::views::{Filter, View};

use crate::pages::around;

/// The cookie of a browser in which somebody set something up: since when it is so. A
/// page that the browser kept from before is another one by it.
pub const SET_UP: &str = "__Host-propio";

/// What of the queue an address or a form asks for; `asked` gives a value by its name.
pub fn filter<'a>(view: View, asked: impl Fn(&str) -> Option<&'a str>) -> Filter {
    Filter {
        view,
        words: asked("q").map(str::to_owned),
        team: asked("equipo").map(Into::into),
        category: asked("categoria").map(Into::into),
    }
}

/// A form's field that is not blank.
fn typed<'a>(sent: &'a Sent, name: &str) -> Option<&'a str> {
    let value = ::pages::forms::sent(sent.typed(), name)?;
    Some(value).filter(|value| !value.trim().is_empty())
}

/// Who set something up: people who work here have something to.
async fn worker(desk: &Desk, call: &Call) -> Result<Caller, Problem> {
    let stored = desk.catalogue().await?;
    let caller = desk.sender(call, &stored.catalogue).await?;
    match works_here(&caller) {
        true => Ok(caller),
        false => Err(Problem::Forbidden("Su función no trabaja ninguna cola.")),
    }
}

/// Gives a name to a view of the queue. Kept is what the form's fields were read as;
/// whatever else it sent is not.
pub async fn save_view(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let sent = Sent::of(call);
    match save(desk, call, &sent).await {
        Err(problem @ Problem::Validation(_)) if !call.wants_json() => {
            let stored = desk.catalogue().await?;
            let caller = desk.visitor(call, &stored.catalogue).await?;
            let title = format!("Error: {}", problem.body().title);
            let shell = around(desk, call, &stored, &caller, &title, Section::Nowhere).await?;
            let page = saveview::Page::refused(shell, sent.typed(), &problem);
            Ok(Answer::page(call, problem.status(), page.written()))
        }
        answered => answered,
    }
}

async fn save(desk: &Desk, call: &Call, sent: &Sent) -> Result<Answer, Problem> {
    let caller = worker(desk, call).await?;
    let stored = desk.catalogue().await?;
    let view = typed(sent, "vista").and_then(View::of);
    let view = view.ok_or_else(|| unknown("vista", "No existe esa vista."))?;
    let filter = filter(view, |name| typed(sent, name));
    let name = typed(sent, "nombre").unwrap_or_default();
    let saved = desk.store.change_preferences(&caller.email, |own| {
        own.save(name, filter.clone(), &stored.catalogue)
    });
    saved
        .await
        .map_err(|e| problem_of(&e))?
        .map_err(Problem::Validation)?;
    done(call, &format!("{}&hecho=vista", address_of(&filter)))
}

/// Takes the name of a view back.
pub async fn drop_view(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let caller = worker(desk, call).await?;
    let sent = Sent::of(call);
    let name = typed(&sent, "nombre").unwrap_or_default();
    let dropped = desk
        .store
        .change_preferences(&caller.email, |own| Ok::<_, Problem>(own.remove(name)));
    let dropped: Option<SavedView> = dropped.await.map_err(|e| problem_of(&e))??;
    let at = dropped.map_or_else(
        || "/cola?vista=abiertas".to_owned(),
        |v| address_of(&v.filter),
    );
    done(call, &format!("{at}&hecho=sin-vista"))
}

/// Switches keys of a single character on or off.
pub async fn keys(desk: &Desk, call: &Call) -> Result<Answer, Problem> {
    let caller = worker(desk, call).await?;
    let sent = Sent::of(call);
    let wanted = typed(&sent, "letras").and_then(SingleKeys::of);
    let wanted = wanted.ok_or_else(|| unknown("letras", "Debe ser «si» o «no»."))?;
    let changed = desk.store.change_preferences(&caller.email, |own| {
        own.single_keys = Some(wanted);
        Ok::<_, Problem>(())
    });
    changed.await.map_err(|e| problem_of(&e))??;
    done(call, "/cola?vista=abiertas")
}

fn unknown(field: &str, detail: &str) -> Problem {
    Problem::Validation(vec![FieldError::new(field, "unknown_value", detail)])
}

/// Back to the queue; a script puts it there itself.
fn done(call: &Call, at: &str) -> Result<Answer, Problem> {
    let answer = match call.wants_json() {
        true => Answer::json(200, &json!({}))?,
        false => Answer::see_other(at),
    };
    let since = clock::now().as_millisecond().to_string();
    Ok(answer.keeping(SET_UP, &since, LASTS))
}
