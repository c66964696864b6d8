//! The secret of tokens changes: what was mailed before counts as long as the old
//! one is still taken, and no longer.

use serde_json::{Value, json};
use workbench::people::ANA;
use workbench::{Host, Letter};

use crate::mail::taken_at;
use crate::{assigned, assignee, last_mail, solution, survey_of};

const OLD: &str = "la de antes: 0123456789abcdef0123456789";
const NEW: &str = "la de ahora: 0123456789abcdef0123456789";

/// What the mails to Ana let her do without signing in.
#[derive(Debug, PartialEq)]
struct Mailed {
    link: String,
    survey: String,
    reply_to: String,
}

/// What stands in the mails of a solution.
#[track_caller]
fn solved(host: &Host, ticket: &Value) -> Mailed {
    host.client(assignee(ticket))
        .post(
            &format!("/tickets/{}/resolution", ticket["number"]),
            &solution(),
        )
        .must_be(200);
    host.settle();
    let mail = last_mail(host, ANA, "Solicitud resuelta");
    Mailed {
        link: mail.path("/s/").unwrap(),
        survey: survey_of(host, ANA),
        reply_to: mail.reply_to().to_owned(),
    }
}

/// The same host, with these secrets.
fn restart_with(host: &mut Host, secrets: &str) {
    assert!(host.stop().success());
    let parameter = format!("TokenSecret={secrets}");
    host.restart_with(&["--parameter", &parameter]);
}

/// What became of a mail that names no ticket but by the address that it goes to.
#[track_caller]
fn replied(host: &Host, mailed: &Mailed) -> Value {
    let letter = Letter::new(ANA, "Re: Otra cosa", "Una pregunta más.");
    taken_at(host, &letter, &mailed.reply_to)["outcome"].clone()
}

#[test]
fn what_was_mailed_before_counts_until_its_secret_is_gone() {
    let parameter = format!("TokenSecret={OLD}");
    let mut host = Host::start_with(&["--parameter", &parameter]);
    let [one, other] =
        ["Una", "Otra"].map(|title| assigned(&host.client(ANA), "plataforma", title));
    let before = solved(&host, &one);

    restart_with(&mut host, &format!("{NEW},{OLD}"));
    let nobody = host.nobody();
    nobody.get(&before.link).must_be(200);
    nobody.get(&before.survey).must_be(200);
    assert_eq!(replied(&host, &before), "follow_up");
    // What goes out now is of the new one.
    let after = solved(&host, &other);
    nobody.get(&after.link).must_be(200);

    restart_with(&mut host, NEW);
    let nobody = host.nobody();
    nobody.get(&before.link).must_be(404);
    nobody.get(&before.survey).must_be(404);
    let answer = json!({ "rating": 5 });
    nobody.post(&before.survey, &answer).must_be(404);
    assert_eq!(replied(&host, &before), "ticket");
    nobody.get(&after.link).must_be(200);
    nobody.get(&after.survey).must_be(200);
    assert_eq!(replied(&host, &after), "follow_up");
}
