//! Accounts that end by themselves, and the quarterly review of them (A3-FO-11, A3-FO-12).

use std::collections::BTreeMap;

use serde_json::{Value, json};
use types::catalogue::Catalogue;
use types::command::{NewTicket, admit};
use types::format::accounts::{Change, Disabled, Holder};
use types::format::ending::{Opening, Step, Unopenable, opening};
use types::format::record::Values;
use types::format::turn::{Party, parties};
use types::format::view::FormatView;
use types::ids::{FormatCode, TicketNumber};
use types::permission::Actor;
use types::person::Person;
use types::quarter::Quarter;
use types::review::{
    AccountId, Asked, Check, Decision, Group, Notice, Progress, Review, ReviewView, Term, begins,
    checks, digest, lines, outcome, term,
};
use types::ticket::replay;
use types::{Date, Timestamp};

use crate::formats::{holder, signs};
use crate::world::{AGENT, CATALOGUE, OFFICER, Story, address, at, caller, fields, id, monday};

const FO_12: &str = "A3-FO-12";

/// Whoever supervises the contract.
const CHIEF: &str = "coordinador.mesa";

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A person whose contract ends on a day.
fn ending(end: &str) -> Holder {
    let mut holder = holder();
    holder.contract_end = Some(day(end));
    holder.armed(&CATALOGUE)
}

/// The catalogue with other content.
fn catalogue(change: impl FnOnce(&mut Value)) -> Catalogue {
    let mut document = json!(CATALOGUE.document());
    change(&mut document);
    Catalogue::new(serde_json::from_value(document).unwrap()).unwrap()
}

/// The ticket that an opening becomes.
fn opened(opening: &Opening) -> Story {
    let now = monday();
    let admission = admit(opening.application.clone(), &Actor::System, at(now)).unwrap();
    let registered = admission.register(id(), TicketNumber(1));
    let NewTicket { ticket, events } = opening.filled_in(registered);
    Story {
        ticket,
        events,
        now,
    }
}

// ---------------------------------------------------------------- the end of a contract

#[test]
fn it_is_asked_for_five_working_days_before() {
    for (end, at) in [
        // A Friday, and nothing between.
        ("2026-11-27", "2026-11-20T13:00:00Z"),
        // A weekend's day counts for nothing, the last one neither.
        ("2026-11-29", "2026-11-23T13:00:00Z"),
        // The 8th is a holiday.
        ("2026-12-11", "2026-12-03T13:00:00Z"),
        // Christmas and New Year.
        ("2027-01-04", "2026-12-24T13:00:00Z"),
        // It is over already, and nobody was asked.
        ("2026-10-09", "2026-10-02T13:00:00Z"),
    ] {
        let closing = ending(end).closing.unwrap();
        assert_eq!((closing.end, closing.at), (day(end), moment(at)), "{end}");
    }
    // By other days and hours.
    let other = catalogue(|document| {
        document["accounts"]["notice_days"] = json!(2);
        document["calendars"]["habil"]["closures"] =
            json!([{ "name": "Traslado", "from": "2026-11-25", "to": "2026-11-26" }]);
    });
    let closing = ending("2026-11-27").closes(&other).unwrap();
    assert_eq!(closing.at, moment("2026-11-23T13:00:00Z"));
}

#[test]
fn what_ends_is_the_contract_or_all_that_there_is() {
    let mut person = holder();
    assert_eq!(
        person.ends(),
        Some(day("2027-05-31")),
        "and not the first account"
    );
    person.contract_end = None;
    assert_eq!(person.ends(), Some(day("2027-05-31")), "the last of them");
    person.accounts[0].valid_until = None;
    assert_eq!(person.ends(), None, "one of them has no end: he stays");
    person.accounts[0].disabled = Some(Disabled {
        at: monday(),
        by: TicketNumber(9),
    });
    assert_eq!(
        person.ends(),
        Some(day("2027-03-31")),
        "of those that are active"
    );
    person.contract_end = Some(day("2027-05-31"));
    person.accounts[1].disabled = person.accounts[0].disabled.clone();
    assert_eq!((person.ends(), person.closes(&CATALOGUE)), (None, None));
}

#[test]
fn an_end_is_asked_for_once_and_an_extension_is_another_end() {
    let person = ending("2026-11-27");
    let before = moment("2026-11-20T12:59:59Z");
    assert_eq!(person.step(&CATALOGUE, before), Step::Nothing);
    let end = day("2026-11-27");
    for late in [
        "2026-11-20T13:00:00Z",
        "2026-11-27T13:00:00Z",
        "2027-01-01T00:00:00Z",
    ] {
        assert_eq!(
            person.step(&CATALOGUE, moment(late)),
            Step::Open { end },
            "{late}"
        );
    }
    let change = person.asked_by(end, TicketNumber(77)).unwrap();
    assert_eq!(change.over, Some(person.version));
    let asked = change.holder;
    assert_eq!(asked.asked_for_end(), Some(TicketNumber(77)));
    assert_eq!(asked.closing, None);
    let late = moment("2027-01-01T00:00:00Z");
    assert_eq!(asked.step(&CATALOGUE, late), Step::Nothing);

    // Extended, he waits for the other end; set back, that was asked for.
    let mut extended = asked.clone();
    extended.contract_end = Some(day("2027-05-31"));
    let extended = extended.armed(&CATALOGUE);
    assert_eq!(extended.closing.unwrap().end, day("2027-05-31"));
    let again = moment("2027-05-31T13:00:00Z");
    let end = day("2027-05-31");
    assert_eq!(extended.step(&CATALOGUE, again), Step::Open { end });
    assert_eq!(asked.armed(&CATALOGUE).closing, None);
}

#[test]
fn the_time_is_reckoned_again_before_it_is_acted_on() {
    let person = ending("2026-11-27");
    let other = catalogue(|document| document["accounts"]["notice_days"] = json!(2));
    let now = moment("2026-11-20T13:00:00Z");
    let Step::Arm(change) = person.step(&other, now) else {
        panic!("it is not the time yet");
    };
    assert_eq!(change.over, Some(person.version));
    assert_eq!(
        change.holder.closing.unwrap().at,
        moment("2026-11-25T13:00:00Z")
    );
    // Whoever has nothing left is not looked at any more.
    let mut gone = person;
    for account in &mut gone.accounts {
        account.disabled = Some(Disabled {
            at: monday(),
            by: TicketNumber(9),
        });
    }
    let Step::Arm(change) = gone.step(&CATALOGUE, now) else {
        panic!("a timer is left");
    };
    assert_eq!(change.holder.closing, None);
    assert_eq!(change.holder.step(&CATALOGUE, now), Step::Nothing);
}

#[test]
fn a_prorroga_that_grants_nothing_anew_is_kept_all_the_same() {
    let person = holder();
    let mut extended = person.clone();
    extended.contract_end = Some(day("2027-12-31"));
    let change = Change::of(Some(&person), extended).unwrap();
    assert_eq!((change.over, change.holder.version), (Some(1), 2));
    assert_eq!(Change::of(Some(&person), person.clone()), None);
}

#[test]
fn its_party_looks_and_signs() {
    let person = ending("2026-11-27");
    let opening = opening(&person, day("2026-11-27"), &CATALOGUE, monday()).unwrap();
    let request = &opening.application.request;
    assert_eq!(request.requester.person.email, address(CHIEF));
    assert_eq!(
        request.title,
        "Deshabilitar las cuentas de Ricardo Pérez el viernes 27 de noviembre de 2026"
    );
    assert!(
        request.description.starts_with(
            "El contrato de Ricardo Pérez (Supervisión de Contratos) termina el viernes 27 de noviembre de 2026. \
             Tiene 2 cuentas activas: Correo institucional (ricardo.perez) y Orfeo (gestión \
             documental) (rperez).\n\nEsta solicitud se abrió sola"
        ),
        "{}",
        request.description
    );
    let story = opened(&opening);
    assert_eq!(replay(&story.events).unwrap(), story.ticket);
    let said = story.ticket.formats[&FormatCode::from(FO_12)].known();
    for (field, value) in [
        ("document_type", "CC"),
        ("document_number", "52345618"),
        ("first_names", "Ricardo"),
        ("last_names", "Pérez"),
        ("reason", "contract_end"),
        ("effective_at", "2026-11-28T04:59:00Z"),
        ("act_or_contract", "318 de 2026"),
        ("supervisor", "coordinador.mesa@uspec.gov.co"),
        ("has_equipment", "yes"),
    ] {
        assert_eq!(said.text(field), Some(value), "{field}");
    }
    // He is asked by name, beside the offices, and there is nothing to fill in.
    assert!(parties(&story.ticket).contains(&Party::Person(address(CHIEF))));
    signs(story, "leaving", CHIEF, None, None);
}

#[test]
fn somebody_asks_whatever_became_of_the_chief() {
    let asks = |person: &Holder, catalogue: &Catalogue| {
        let opening = opening(person, day("2026-11-27"), catalogue, monday())?;
        Ok(opening
            .application
            .request
            .requester
            .person
            .email
            .to_string())
    };
    let mut person = ending("2026-11-27");
    person.boss = Some("jefe@contratista.example".to_owned());
    let office = || Ok("contratos@uspec.gov.co".to_owned());
    assert_eq!(asks(&person, &CATALOGUE), office(), "nobody of the entity");
    person.boss = None;
    assert_eq!(asks(&person, &CATALOGUE), office());
    person.kind = Some("official".to_owned());
    assert_eq!(
        asks(&person, &CATALOGUE),
        Ok("personal@uspec.gov.co".to_owned())
    );
    let without = |roles: &'static [&str]| {
        catalogue(move |document| {
            let people = document["directory"].as_array_mut().unwrap();
            people.retain(|entry| {
                let own = entry["roles"].as_array().unwrap();
                !own.iter()
                    .any(|role| roles.contains(&role.as_str().unwrap()))
            });
        })
    };
    let coordinator = Ok("coordinador.mesa@uspec.gov.co".to_owned());
    assert_eq!(asks(&person, &without(&["personnel"])), coordinator);
    let nobody = without(&["personnel", "coordinator", "head"]);
    assert_eq!(asks(&person, &nobody), Err(Unopenable::NobodyAsks));
    let nowhere = catalogue(|document| {
        let categories = document["categories"].as_array_mut().unwrap();
        for category in categories {
            category["retired"] = json!(category["id"] == "desvinculacion");
        }
    });
    assert_eq!(asks(&person, &nowhere), Err(Unopenable::NoCategory));
    // The directory knows the name of whoever is in it; of a chief who is not, the address is
    // all there is.
    person.boss = Some("jefa.juridica@uspec.gov.co".to_owned());
    let opening = opening(&person, day("2026-11-27"), &CATALOGUE, monday()).unwrap();
    assert_eq!(
        opening.application.request.requester.person.name,
        "jefa.juridica@uspec.gov.co"
    );
}

// ------------------------------------------------------------------ the quarterly review

fn quarter() -> Quarter {
    "2026-Q4".parse().unwrap()
}

fn chief() -> Person {
    caller(CHIEF).person()
}

fn review() -> Review {
    let opened = begins(quarter(), &CATALOGUE).unwrap();
    Review::new(quarter(), chief(), opened, term(opened, &CATALOGUE))
}

/// Decisions on a person's accounts, in their order.
fn decisions(holder: &Holder, words: &[&str]) -> BTreeMap<AccountId, String> {
    let accounts = holder.accounts.iter().zip(words);
    accounts
        .map(|(account, word)| (AccountId::of(&holder.id, account), (*word).to_owned()))
        .collect()
}

fn today() -> Date {
    day("2026-11-23")
}

fn decided(holder: &Holder, words: &[&str]) -> Review {
    let mut review = review();
    let holders = [holder.clone()];
    review
        .decide(&holders, &decisions(holder, words), today())
        .unwrap();
    review.sign(&holders, chief(), monday()).unwrap();
    review
}

/// A review in which one of two accounts was withdrawn.
pub fn signed_review() -> Review {
    decided(&holder(), &["ratify", "withdraw"])
}

/// A quarter whose reviews were asked for.
pub fn asked() -> Asked {
    let opened_at = begins(quarter(), &CATALOGUE).unwrap();
    Asked {
        quarter: quarter(),
        opened_at,
        term: term(opened_at, &CATALOGUE).unwrap(),
        without_chief: 2,
    }
}

/// A person who has seen all that there is.
pub fn lived() -> Holder {
    let person = ending("2026-11-27");
    let outcome = outcome(&signed_review(), &person, &CATALOGUE, monday());
    let change = outcome
        .unwrap()
        .unwrap()
        .change(Some(TicketNumber(8)), &CATALOGUE);
    let person = change.unwrap().holder;
    let person = person
        .asked_by(day("2026-11-27"), TicketNumber(9))
        .unwrap()
        .holder;
    let mut extended = person;
    extended.contract_end = Some(day("2027-05-31"));
    extended.armed(&CATALOGUE)
}

#[test]
fn a_quarter_begins_and_ends_on_working_days() {
    // The 1st of October of 2026 is a Thursday; the 12th is a holiday.
    let opened = begins(quarter(), &CATALOGUE).unwrap();
    assert_eq!(opened, moment("2026-10-01T13:00:00Z"));
    let expected = Term {
        last: day("2026-10-22"),
        ends_at: moment("2026-10-22T22:00:00Z"),
        reminded_at: Some(moment("2026-10-19T13:00:00Z")),
    };
    assert_eq!(term(opened, &CATALOGUE), Some(expected));
    // New Year's day is none, nor the days about the Three Kings.
    let next = begins(quarter().next(), &CATALOGUE).unwrap();
    assert_eq!(next, moment("2027-01-04T13:00:00Z"));
    // Where there are two days, nobody is reminded.
    let short = catalogue(|document| document["accounts"]["review_days"] = json!(2));
    assert_eq!(term(opened, &short).unwrap().reminded_at, None);
    // What is told next.
    let asked = review().term;
    let remind = Some((Notice::Reminder, expected.reminded_at.unwrap()));
    assert_eq!(Notice::Invitation.next(asked, opened), remind);
    assert_eq!(
        Notice::Invitation.next(asked, expected.ends_at),
        None,
        "too late"
    );
    assert_eq!(Notice::Reminder.next(asked, opened), None);
}

#[test]
fn what_needs_a_decision_comes_first() {
    let mut person = holder();
    person.accounts[0].valid_until = Some(day("2026-11-20"));
    person.accounts[1].valid_until = Some(day("2026-12-05"));
    let mut gone = person.accounts[1].clone();
    let disabled = |at: &str| {
        Some(Disabled {
            at: moment(at),
            by: TicketNumber(3),
        })
    };
    gone.username = "antes".to_owned();
    gone.disabled = disabled("2026-10-01T15:00:00Z");
    let mut long_gone = gone.clone();
    long_gone.disabled = disabled("2026-09-30T15:00:00Z");
    let mut stays = person.accounts[1].clone();
    stays.username = "siif".to_owned();
    stays.valid_until = None;
    (stays.system, stays.profile) = ("siif".to_owned(), "registrador".to_owned());
    let mut clashes = stays.clone();
    clashes.profile = "aprobador".to_owned();
    person.accounts.extend([gone, long_gone, stays, clashes]);
    person.unit = None;
    let holders = [person];
    let review = review();
    let lines = lines(&holders, &review, today());
    let groups: Vec<_> = lines.iter().map(|line| line.group).collect();
    use Group::{Active, Disabled as Gone, Expired, Expiring};
    assert_eq!(groups, [Expired, Expiring, Active, Active, Gone]);
    let progress = Progress::of(&lines);
    assert_eq!((progress.total, progress.left()), (4, 4));
    assert_eq!(lines[0].checks, [Check::Expired { days: 3 }, Check::NoUnit]);
    let conflict = |line: usize| match &lines[line].checks[..] {
        [Check::Conflict { with, .. }, Check::NoUnit] => with.as_str(),
        other => panic!("{other:?}"),
    };
    assert_eq!(conflict(2), "Aprobador de SIIF Nación");
    assert_eq!(conflict(3), "Registrador de SIIF Nación");
    assert_eq!(checks(&holder(), &holder().accounts[0], today()), []);
}

#[test]
fn what_is_over_can_only_be_withdrawn_and_nobody_decides_for_others() {
    let mut person = holder();
    person.accounts[0].valid_until = Some(day("2026-11-20"));
    let holders = [person.clone()];
    let mut review = review();
    let mut refused = |given: &BTreeMap<AccountId, String>| {
        let errors = review.decide(&holders, given, today()).unwrap_err();
        assert!(review.decisions.is_empty());
        let errors = errors.into_iter();
        errors.map(|e| (e.field, e.code)).collect::<Vec<_>>()
    };
    let at = |account: usize| {
        let id = AccountId::of(&person.id, &person.accounts[account]);
        format!("decisions.{}", id.0)
    };
    assert_eq!(
        refused(&decisions(&person, &["ratify", "withdraw"])),
        [(at(0), "not_allowed")]
    );
    assert_eq!(
        refused(&decisions(&person, &["withdraw", "perhaps"])),
        [(at(1), "unknown_value")]
    );
    let others = BTreeMap::from([(AccountId("0".repeat(16)), "ratify".to_owned())]);
    let field = format!("decisions.{}", "0".repeat(16));
    assert_eq!(refused(&others), [(field, "unknown_reference")]);
}

#[test]
fn it_is_signed_when_all_is_decided_and_what_is_new_is_not() {
    let person = holder();
    let mut holders = [person.clone()];
    let mut review = review();
    let half = decisions(&person, &["ratify"]);
    review.decide(&holders, &half, today()).unwrap();
    let errors = review.sign(&holders, chief(), monday()).unwrap_err();
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].detail,
        "Falta decidir: Ricardo Pérez, Orfeo (gestión documental) (rperez)."
    );
    let rest = decisions(&person, &["ratify", "ratify"]);
    review.decide(&holders, &rest, today()).unwrap();
    // Granted anew in between, and another one gone: the first is not decided any more.
    holders[0].accounts[0].granted_at = moment("2026-11-23T12:00:00Z");
    holders[0].accounts[1].disabled = Some(Disabled {
        at: monday(),
        by: TicketNumber(3),
    });
    let errors = review.sign(&holders, chief(), monday()).unwrap_err();
    let new = AccountId::of(&person.id, &holders[0].accounts[0]);
    assert_eq!(errors[0].field, format!("decisions.{}", new.0));
    review
        .decide(&holders, &decisions(&holders[0], &["withdraw"]), today())
        .unwrap();
    assert_eq!(review.decisions.len(), 1, "what is gone is forgotten");
    review.sign(&holders, chief(), monday()).unwrap();
    let signed = review.signed.as_ref().unwrap();
    assert_eq!(signed.accounts.len(), 1);
    assert_eq!(signed.accounts[0].decision, Decision::Withdraw);
    assert_eq!(
        (signed.by.email.clone(), signed.at),
        (address(CHIEF), monday())
    );
    assert_eq!(
        signed.sha256,
        digest(quarter(), &address(CHIEF), &signed.accounts)
    );
    // What it expired to in between is not ratified.
    let mut ratified = self::review();
    let holders = [person.clone()];
    ratified.decide(&holders, &rest, today()).unwrap();
    let later = moment("2027-04-02T13:00:00Z");
    let errors = ratified.sign(&holders, chief(), later).unwrap_err();
    assert_eq!(errors.len(), 1);
    // And nobody signs nothing.
    assert!(self::review().sign(&[], chief(), monday()).is_err());
}

#[test]
fn a_signature_is_for_one_list() {
    let person = holder();
    let one = signed_review().signed.unwrap();
    let other = decided(&person, &["ratify", "ratify"]).signed.unwrap();
    assert_ne!(one.sha256, other.sha256);
    let of = |quarter, chief: &str| digest(quarter, &address(chief), &one.accounts);
    assert_eq!(of(quarter(), CHIEF), one.sha256);
    assert_ne!(of(quarter().next(), CHIEF), one.sha256);
    assert_ne!(of(quarter(), "jefa.juridica"), one.sha256);
    // By another hand: keys sorted, no spaces.
    let text = json!({ "accounts": one.accounts, "chief": address(CHIEF), "quarter": "2026-Q4" });
    let text = text.to_string();
    assert!(text.starts_with(r#"{"accounts":[{"account":""#), "{text}");
    assert!(text.ends_with(r#""chief":"coordinador.mesa@uspec.gov.co","quarter":"2026-Q4"}"#));
}

#[test]
fn what_was_decided_is_done_once() {
    let person = holder();
    let review = signed_review();
    let done = outcome(&review, &person, &CATALOGUE, monday())
        .unwrap()
        .unwrap();
    assert!(done.opens.is_some());
    let change = done.change(Some(TicketNumber(8)), &CATALOGUE).unwrap();
    let after = change.holder;
    assert_eq!(after.accounts[0].last_reviewed, Some(monday()));
    assert_eq!(after.accounts[1].last_reviewed, None, "it was withdrawn");
    assert_eq!(after.active().count(), 2, "until A3-FO-12 says so");
    assert!(after.closing.is_some());
    let again = outcome(&review, &after, &CATALOGUE, monday()).unwrap();
    assert!(again.is_none());
    // The next quarter is another one.
    let mut next = review.clone();
    next.quarter = next.quarter.next();
    assert!(
        outcome(&next, &after, &CATALOGUE, monday())
            .unwrap()
            .is_some()
    );
    // All ratified: nothing is opened.
    let kept = decided(&person, &["ratify", "ratify"]);
    let kept = outcome(&kept, &person, &CATALOGUE, monday())
        .unwrap()
        .unwrap();
    assert!(kept.opens.is_none());
    let after = kept.change(None, &CATALOGUE).unwrap().holder;
    assert!(
        after
            .active()
            .all(|account| account.last_reviewed.is_some())
    );
    // What was granted anew in between is another account: it is left alone.
    let mut renewed = person.clone();
    renewed.accounts[1].granted_at = moment("2026-11-24T13:00:00Z");
    let left = outcome(&review, &renewed, &CATALOGUE, monday())
        .unwrap()
        .unwrap();
    assert!(left.opens.is_none());
    // A chief's review says nothing of what nobody signed.
    let unsigned = self::review();
    assert!(
        outcome(&unsigned, &person, &CATALOGUE, monday())
            .unwrap()
            .is_none()
    );
    let nowhere = catalogue(|document| {
        for category in document["categories"].as_array_mut().unwrap() {
            category["retired"] = json!(category["id"] == "desvinculacion");
        }
    });
    let refused = outcome(&review, &person, &nowhere, monday());
    assert_eq!(refused.err(), Some(Unopenable::NoCategory));
}

/// What was withdrawn is disabled, what was ratified is a reasoned exception, and there is
/// neither equipment to give back nor a clearance.
#[test]
fn what_was_withdrawn_alone_is_disabled() {
    let person = holder();
    let review = signed_review();
    let done = outcome(&review, &person, &CATALOGUE, monday())
        .unwrap()
        .unwrap();
    let opening = done.opens.clone().unwrap();
    let request = &opening.application.request;
    assert_eq!(request.requester.person, chief());
    assert_eq!(
        request.title,
        "Deshabilitar una cuenta de Ricardo Pérez, por refrendo"
    );
    assert!(
        request.description.contains(
            "retiró una cuenta de Ricardo Pérez: Orfeo (gestión documental) (rperez).\n\nLas que \
             ratificó siguen: Correo institucional (ricardo.perez)."
        ),
        "{}",
        request.description
    );
    let matrix = done
        .change(Some(TicketNumber(1)), &CATALOGUE)
        .unwrap()
        .holder;
    let story = opened(&opening);
    // He looks and signs.
    let (story, _) = signs(story, "leaving", CHIEF, None, None);
    let drafted = &story.ticket.formats[&FormatCode::from(FO_12)];
    let rows = drafted.section(&"disabling".into()).unwrap().fields["disabled"].clone();
    assert_eq!(
        rows,
        json!([
            { "system": "orfeo", "username": "rperez" },
            {
                "system": "correo", "username": "ricardo.perez", "outcome": "excepted",
                "by": chief().name,
                "exception": format!(
                    "Ratificada por {} en el refrendo del cuarto trimestre de 2026.", chief().name
                )
            }
        ])
    );
    let mut rows = rows;
    rows[0]["outcome"] = json!("disabled");
    rows[0]["disabled_at"] = json!("2026-11-23T13:00:00Z");
    rows[0]["by"] = json!("Funcionario 1");
    let disabling: Values = fields(json!({ "disabled": rows }));
    let (story, change) = signs(story, "disabling", OFFICER, Some(disabling), Some(&matrix));
    let after = change.unwrap().holder;
    let active: Vec<_> = after.active().map(|account| &*account.system).collect();
    assert_eq!(active, ["correo"]);
    assert_eq!(after.accounts[0].last_reviewed, Some(monday()));
    assert!(
        after.accounts[0]
            .exception
            .as_ref()
            .unwrap()
            .starts_with("Ratificada por")
    );

    let keeps = fields(json!({ "keeps_equipment": true }));
    let (story, _) = signs(story, "returns", "administrativo", Some(keeps), None);
    let stays = fields(json!({ "stays": true }));
    let (mut story, _) = signs(story, "pending", CHIEF, Some(stays), None);
    story.ticket.assignee = Some(caller(AGENT).person());
    for (clearance, taken) in [
        ("issued", false),
        ("refused", false),
        ("not_applicable", true),
    ] {
        let command = types::command::Command::SignSection {
            code: FO_12.into(),
            section: "closing".into(),
            fields: Some(fields(
                json!({ "clearance": clearance, "clearance_reason": "x" }),
            )),
            on_paper: None,
            holder: None,
        };
        let signed = story.attempt(&crate::world::person(AGENT), &command);
        assert_eq!(signed.is_ok(), taken, "{clearance}: {signed:?}");
    }
    let view = FormatView::of(&story.ticket, &FO_12.into(), &caller(AGENT)).unwrap();
    assert!(view.complete && view.clearance.is_none());
}

#[test]
fn whoever_leaves_gets_a_clearance_or_is_told_what_is_missing() {
    let person = ending("2026-11-27");
    let opening = opening(&person, day("2026-11-27"), &CATALOGUE, monday()).unwrap();
    let schema = types::format::schema::newest(&FO_12.into()).unwrap();
    assert_eq!(schema.version, 2);
    let story = opened(&opening);
    assert_eq!(
        story.ticket.formats[&FormatCode::from(FO_12)].version,
        Some(2)
    );
    // The first version is still there for whoever began with it.
    assert!(types::format::schema::schema(&FO_12.into(), 1).is_some());
}

#[test]
fn the_api_says_what_the_page_says() {
    let holders = [holder()];
    let review = signed_review();
    let view = ReviewView::of(&review, &holders, today(), vec![]);
    assert_eq!(view.progress.decided(), 2);
    let json = json!(view);
    assert_eq!(json["quarter"], "2026-Q4");
    assert_eq!(json["due"], "2026-10-22");
    assert_eq!(json["accounts"][0]["document"], "CC 52·····18");
    assert_eq!(json["signed"]["sha256"].as_str().unwrap().len(), 64);
    assert!(
        !json.to_string().contains("52345618"),
        "the number is covered"
    );
}
