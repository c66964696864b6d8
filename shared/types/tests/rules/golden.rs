//! What was stored yesterday is read by today's code: histories and tickets as
//! version 1 of the schema has them, kept as files. A file is never changed; where
//! something is added to the schema, one is added that has it. A change of what is
//! written needs a new file only if the old ones are no longer read as they were.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use types::SignedDuration;
use types::catalogue::{Catalogue, CatalogueDocument};
use types::clock::ClockKind;
use types::command::{Command, WhenAway};
use types::effects::{Effect, QueueName};
use types::format::accounts::Holder;
use types::message::Doorbell;
use types::permission::Actor;
use types::person::RequesterKind;
use types::retention::{Disposition, Retention};
use types::review::{self, Review};
use types::ticket::{Attachment, Event, EventKind, State, Ticket, Visibility, replay};

use crate::world::{
    AGENT, CATALOGUE, COORDINATOR, COPIED, Story, address, commands, id, person, without,
};

/// What `UPDATE_GOLDEN=1` writes where it is missing, and nothing else does.
fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// The files whose names begin with `prefix`, read.
fn kept(prefix: &str) -> Vec<(String, Value)> {
    let mut files: Vec<_> = fs::read_dir(directory())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(prefix)
        })
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (
                path.display().to_string(),
                serde_json::from_str(&text).unwrap(),
            )
        })
        .collect()
}

fn keep(name: &str, value: &Value) {
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        return;
    }
    let path = directory().join(format!("{name}.json"));
    if !path.exists() {
        fs::create_dir_all(directory()).unwrap();
        fs::write(path, format!("{value:#}\n")).unwrap();
    }
}

/// Lives that have every kind of event between them.
pub fn stories() -> Vec<(&'static str, Story)> {
    let coordinator = || person(COORDINATOR);
    let fire = |story: Story| story.when(&Actor::System, Command::FireSteps);
    let mut stories = vec![
        ("new", Story::in_state(State::New)),
        (
            "provider",
            Story::in_state(State::OnHold(types::ticket::HoldReason::Provider)),
        ),
        ("closed", Story::in_state(State::Closed)),
        (
            "overrun",
            fire(
                fire(fire(Story::assigned("plataforma").after_minutes(25)).after_minutes(10))
                    .after_minutes(60),
            ),
        ),
        (
            "reminded",
            fire(Story::solved("plataforma").after_minutes(300)),
        ),
    ];
    // Whatever can be done, one after the other, in every state that it leads to.
    let mut all = Story::assigned("cuentas_equipos");
    for _ in 0..4 {
        for (_, actor, command) in commands() {
            let _ = all.attempt(&actor, &command);
            all = all.after_minutes(1);
        }
    }
    stories.push(("everything", all));
    let declined = Story::registered("redes").when(
        &coordinator(),
        Command::Decline {
            reason: "No es de la mesa".to_owned(),
        },
    );
    stories.push(("declined", declined));
    stories.push(("formats", crate::formats::lived()));
    let expired = Story::observed_and_declined()
        .after_minutes(300)
        .when(&Actor::System, Command::FireSteps)
        .after_minutes(3 * 24 * 60)
        .when(&Actor::System, Command::ExpireValidation);
    stories.push(("declined-and-closed", expired));
    stories.push(("talked-about", talked_about()));
    let rejected = Story::solved("redes").when(
        &person(crate::world::REQUESTER),
        Command::Reject {
            reason: "Sigue igual".to_owned(),
        },
    );
    stories.push(("rejected", rejected));
    let returned = Story::escalated("redes").when(
        &person(crate::world::OFFICER),
        Command::Return {
            note: "Es de la mesa".to_owned(),
        },
    );
    stories.push(("returned", returned));
    let deferred = Story::registered("redes").when(&Actor::System, Command::DeferAssignment);
    stories.push(("deferred", deferred));
    let officer = || person(crate::world::OFFICER);
    let reported = Story::in_state(State::OnHold(types::ticket::HoldReason::Provider))
        .after_minutes(30)
        .when(
            &officer(),
            Command::RecordProviderReply {
                body: "Cambiamos el enlace".to_owned(),
            },
        )
        .when(
            &officer(),
            Command::ReportSolution {
                body: "El proveedor lo arregló".to_owned(),
            },
        );
    stories.push(("reported", reported));
    let resumed = Story::in_state(State::OnHold(types::ticket::HoldReason::Requester))
        .after_minutes(20)
        .when(&person(AGENT), Command::Resume { note: None });
    stories.push(("resumed", resumed));
    let wait = |reason| Story::in_state(State::OnHold(reason)).after_minutes(24 * 60);
    let reminded = fire(wait(types::ticket::HoldReason::Requester));
    stories.push(("waiting", reminded));
    stories.push((
        "provider-late",
        fire(wait(types::ticket::HoldReason::Provider)),
    ));
    let away = without(&[AGENT, crate::world::OFFICER]);
    let handed_over =
        Story::escalated("redes").when_under(&away, &Actor::System, Command::HandOver);
    stories.push(("handed-over", handed_over));
    let mut holiday = CATALOGUE.document().clone();
    for calendar in holiday.calendars.values_mut().filter(|c| !c.always) {
        calendar.closures.push(types::calendar::ClosureDefinition {
            name: "Día cívico".to_owned(),
            from: "2026-11-23".to_owned(),
            to: None,
            yearly: false,
        });
    }
    let holiday = Catalogue::new(holiday).unwrap();
    let mut moved = Story::assigned("redes").after_minutes(20);
    moved
        .attempt_under(&holiday, &Actor::System, &Command::FireSteps)
        .unwrap();
    stories.push(("hours-changed", moved));
    let mut rejected = Story::in_state(State::Assigned);
    for _ in 0..3 {
        let solution = "Se reinició".to_owned();
        let reason = "Sigue igual".to_owned();
        rejected = rejected
            .when(&person(AGENT), Command::Resolve { solution })
            .when(&person(crate::world::REQUESTER), Command::Reject { reason });
    }
    stories.push(("rejected-thrice", rejected));
    let taken_over = Story::in_state(State::Assigned)
        .after_minutes(5)
        .when(&coordinator(), Command::Take)
        .when(&coordinator(), Command::RevokeLink);
    stories.push(("taken-over", taken_over));
    let observed = Story::written_to_two_teams("redes")
        .when(&person(COORDINATOR), Command::Take)
        .when(&person(COORDINATOR), escalate("oficial1.tecnologia"))
        .when(&person(COORDINATOR), escalate("oficial2.tecnologia"))
        .when(&person(COPIED), Command::StopObserving);
    stories.push(("observed", observed));
    stories.push(("mailed", mailed()));
    let mended = Story::in_state(State::New).when(
        &coordinator(),
        Command::ChangeRequester {
            email: crate::world::address("rosa.diaz"),
            name: Some("Rosa Díaz".to_owned()),
        },
    );
    stories.push(("another-requester", mended));
    let objected = Story::in_state(State::Assigned)
        .when(
            &coordinator(),
            Command::Decline {
                reason: "No es de la mesa".to_owned(),
            },
        )
        .when(
            &person(crate::world::REQUESTER),
            Command::Reject {
                reason: "Sí lo es".to_owned(),
            },
        );
    stories.push(("declined-objected", objected));
    stories.push(("incident", crate::law::lived()));
    stories.push(("petition", crate::law::passed_on()));
    stories
}

/// An answer by mail, of which the quote below was folded, with a picture in it.
fn mailed() -> Story {
    let requester = || person(crate::world::REQUESTER);
    let mut story = Story::assigned("redes")
        .after_minutes(5)
        .when(
            &requester(),
            Command::FollowUp {
                body: "Sigue igual".to_owned(),
                visibility: Visibility::Public,
            },
        )
        .when(
            &requester(),
            Command::AddAttachments {
                attachments: vec![Attachment {
                    id: "0a1b-1".to_owned(),
                    name: "imagen-1.png".to_owned(),
                    content_type: "image/png".to_owned(),
                    size: 9,
                    visibility: Visibility::Public,
                    digest: Some("9f86d081".to_owned()),
                }],
                left_out: 0,
            },
        );
    for event in story.events.iter_mut().rev().take(2) {
        event.mail = Some(types::ids::MailId("0100-abc".to_owned()));
    }
    if let Some(event) = story.events.iter_mut().rev().nth(1) {
        event.whole = Some("Sigue igual\n\n> Estimado(a) Ana:".to_owned());
    }
    story
}

/// A ticket that everybody writes on who may.
fn talked_about() -> Story {
    let note = || Command::FollowUp {
        body: "Nota".to_owned(),
        visibility: Visibility::Public,
    };
    let link = types::ticket::Link {
        visibility: Visibility::Internal,
        ..Story::solved("redes").ticket.link()
    };
    Story::written_to_two_teams("redes")
        .when(&person(COORDINATOR), Command::Take)
        .when(&person(COORDINATOR), note())
        .when(&Actor::System, Command::Link { link })
        .when(&person(COORDINATOR), escalate("oficial1.tecnologia"))
        .when(&person(crate::world::REQUESTER), note())
        .when(
            &person(crate::world::OFFICER),
            Command::RequestProvider {
                provider: "redes_externo".into(),
                message: "Nota".to_owned(),
            },
        )
        .when(
            &crate::world::provider_mail(),
            Command::RecordProviderReply {
                body: "Nota".to_owned(),
            },
        )
}

fn escalate(officer: &str) -> Command {
    Command::Escalate {
        officer: address(officer),
        away: WhenAway::Ask,
        justification: "Servidor caído".to_owned(),
    }
}

#[test]
fn histories_and_tickets_of_version_1() {
    for (name, story) in stories() {
        let value = json!({ "events": story.events, "ticket": story.ticket });
        keep(&format!("history-{name}"), &value);
    }
    let mut kinds = BTreeSet::new();
    let files = kept("history-");
    assert!(!files.is_empty(), "there are no golden files");
    for (file, kept) in &files {
        let events: Vec<Event> = serde_json::from_value(kept["events"].clone())
            .unwrap_or_else(|e| panic!("{file}: {e}"));
        let ticket: Ticket = serde_json::from_value(kept["ticket"].clone())
            .unwrap_or_else(|e| panic!("{file}: {e}"));
        // A history read years from now makes the same ticket.
        assert_eq!(replay(&events).unwrap(), ticket, "{file}");
        assert_eq!(json!(events), kept["events"], "{file}");
        assert_eq!(json!(ticket), kept["ticket"], "{file}");
        for (event, stored) in events.iter().zip(kept["events"].as_array().unwrap()) {
            assert_eq!(stored["kind"], event.kind.as_str(), "{file}");
            kinds.insert(event.kind.as_str());
        }
    }
    let all = EventKind::WORDS.iter().copied().collect::<BTreeSet<_>>();
    let missing: Vec<_> = all.difference(&kinds).collect();
    assert!(missing.is_empty(), "no golden file has {missing:?}");
}

#[test]
fn messages_of_version_1() {
    let ticket = id();
    let at = crate::world::monday() + SignedDuration::from_mins(30);
    let outbox = Effect::all().map(|effect| Doorbell::Outbox {
        ticket,
        seq: 2,
        effect,
    });
    let timers = QueueName::ALL
        .iter()
        .map(|&queue| Doorbell::Timer { ticket, at, queue });
    let answer = Doorbell::Answer {
        mail: types::ids::MailId("0100-abc".to_owned()),
    };
    let hand_over = Doorbell::HandOver { version: 7 };
    let quarter = "2026-Q4".parse().unwrap();
    let chief = address("jefa.juridica");
    let of_accounts = [
        Doorbell::Ending {
            holder: crate::formats::holder().id,
            at,
        },
        Doorbell::Reviews { at },
        Doorbell::ReviewSigned {
            quarter,
            chief: chief.clone(),
        },
        Doorbell::ReviewNotice {
            quarter,
            chief: Some(chief),
            at,
        },
        Doorbell::ReviewNotice {
            quarter,
            chief: None,
            at,
        },
    ];
    let others = [answer, hand_over].into_iter().chain(of_accounts);
    let doorbells: Vec<_> = outbox.chain(timers).chain(others).collect();
    let bodies: Vec<_> = doorbells
        .iter()
        .map(|bell| bell.to_body().unwrap())
        .collect();
    keep("messages-8", &json!(bodies));
    let mut read = Vec::new();
    for (file, kept) in kept("messages") {
        for body in kept.as_array().unwrap() {
            let body = body.as_str().unwrap();
            let doorbell =
                Doorbell::from_body(body).unwrap_or_else(|e| panic!("{file}: {body}: {e}"));
            assert_eq!(doorbell.to_body().unwrap(), body, "{file}");
            read.push(doorbell);
        }
    }
    for doorbell in doorbells {
        assert!(read.contains(&doorbell), "no golden file has {doorbell:?}");
    }
}

/// People of the matrix and reviews, as they were stored: read, and written as they were.
#[test]
fn accounts_and_reviews_of_version_1() {
    let holder = crate::formats::holder();
    // Of before anything ended by itself.
    let mut before = json!(holder);
    let fields = before.as_object_mut().unwrap();
    for later in ["first_names", "last_names", "contract", "equipment"] {
        assert!(fields.remove(later).is_some(), "{later}");
    }
    keep("holder", &before);
    keep("holder-2", &json!(crate::accounts::lived()));
    keep("review", &json!(crate::accounts::signed_review()));
    keep("asked", &json!(crate::accounts::asked()));
    for kind in ["asked", "holder", "review"] {
        assert!(!kept(kind).is_empty(), "no golden file has {kind}");
    }
    for (file, kept) in kept("asked") {
        let read: review::Asked = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(json!(read), kept, "{file}");
    }
    for (file, kept) in kept("holder") {
        let read: Holder = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(json!(read), kept, "{file}");
    }
    for (file, kept) in kept("review") {
        let read: Review = serde_json::from_value(kept.clone()).unwrap();
        assert_eq!(json!(read), kept, "{file}");
        let signed = read.signed.unwrap();
        let digest = review::digest(read.quarter, &read.chief.email, &signed.accounts);
        assert_eq!(digest, signed.sha256, "{file}");
    }
}

#[test]
fn catalogues_of_version_1() {
    keep("catalogue", &json!(CATALOGUE.document()));
    // With holidays, and with something retired.
    let mut later = CATALOGUE.document().clone();
    later.teams.iter_mut().for_each(|team| team.retired = true);
    let retired = later.categories.iter_mut();
    retired.for_each(|category| category.retired = true);
    later.providers.iter_mut().for_each(|of| of.retired = true);
    later
        .calendars
        .values_mut()
        .for_each(|of| of.retired = true);
    later.teams.iter_mut().for_each(|team| team.mailbox = None);
    keep("catalogue-2", &json!(later));
    // With a notice, with how long a category is kept, and with where somebody sits.
    let mut said = CATALOGUE.document().clone();
    said.privacy_notice.version = 7;
    said.categories[0].retention = Retention {
        series: Some("300-36.2".to_owned()),
        office_years: 1,
        central_years: 4,
        disposition: Disposition::Elimination,
    };
    let known = &mut said.directory[0];
    known.unit = Some("Oficina de Tecnología".to_owned());
    known.extension = Some("391".to_owned());
    known.kind = Some(RequesterKind::Contractor);
    keep("catalogue-3", &json!(said));
    // With incidents that their group alone sees, and with what the law gives time for.
    keep("catalogue-4", &json!(CATALOGUE.document()));
    let files = kept("catalogue");
    assert!(!files.is_empty(), "there are no golden files");
    for (file, kept) in files {
        let document: CatalogueDocument =
            serde_json::from_value(kept).unwrap_or_else(|e| panic!("{file}: {e}"));
        if file.ends_with("catalogue-3.json") {
            assert_eq!(document.privacy_notice, said.privacy_notice);
            assert_eq!(
                document.categories[0].retention,
                said.categories[0].retention
            );
            assert_eq!(document.directory[0], said.directory[0]);
        }
        if file.ends_with("catalogue-4.json") {
            let of = |document: &CatalogueDocument| {
                let mut categories = document.categories.iter();
                categories
                    .find(|of| of.id.0 == "incidente_seguridad")
                    .cloned()
            };
            assert_eq!(document.legal_terms, CATALOGUE.document().legal_terms);
            assert_eq!(of(&document), of(CATALOGUE.document()));
        }
        assert!(Catalogue::new(document).is_ok(), "{file}");
    }
    // Every clock has steps that are kept with its tickets.
    let steps = CATALOGUE
        .document()
        .categories
        .iter()
        .flat_map(|c| &c.steps);
    let clocks: Vec<_> = steps.map(|step| step.clock).collect();
    let mut agreed = ClockKind::ALL.iter().filter(|clock| !clock.is_legal());
    assert!(agreed.all(|clock| clocks.contains(clock)));
}
