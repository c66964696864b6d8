//! Every kind of mail, about the histories that are kept (the golden files), with texts of
//! several lines and words that are wider than a phone. They are left in `target/mails`,
//! where `scripts/mail-pictures` draws them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use types::Timestamp;
use types::catalogue::Catalogue;
use types::effects::{Effect, MailKind, effects};
use types::ticket::{CloseReason, Event, EventKind, Ticket, replay};
use types::token::{Audience, TokenSecret};

use crate::letter::{About, Letter, letter};
use crate::message::recipients;
use crate::office::Office;

/// A word that is wider than a phone.
const LONG: &str = "https://intranet.uspec.gov.co/sistemas/correo/diagnostico?equipo=USPEC-BOG-0000123456789&usuario=ana.perez.rodriguez.de.la.oficina";

const FILE: &str = "captura_de_pantalla_del_mensaje_de_error_completo_2026-11-23.png";

/// A letter that was written, with what it was written about.
struct Written {
    name: String,
    kind: MailKind,
    event: Event,
    ticket: Ticket,
    letter: Letter,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn catalogue() -> Catalogue {
    Catalogue::shipped().unwrap()
}

pub fn office() -> Office {
    Office {
        base_url: "https://mesa.uspec.gov.co".to_owned(),
        from: "Mesa de Ayuda <soporte@uspec.gov.co>".parse().unwrap(),
        reply_address: "soporte@uspec.gov.co".parse().unwrap(),
        secret: TokenSecret::new(&"a".repeat(32)).unwrap(),
    }
}

/// A kept history, with longer texts in it.
fn history(path: &Path) -> Vec<Event> {
    let text = fs::read_to_string(path).unwrap();
    let long = LONG.replace('&', "\\u0026");
    let text = text
        .replace(": \"Nota\"", &format!(": \"Buenos días:\\n\\nSigue igual.\\nLlámeme a la 391.\\n\\n{long}\""))
        .replace(
            "\"Desde hoy no abre el correo.\"",
            &format!("\"Buenos días:\\n\\nDesde hoy no abre el correo.\\nSale este error:\\n\\n    0x8004010F\\n\\n{long}\""),
        )
        .replace("\"Funcionaria\"", "\"María Fernanda Rodríguez de la Hoz\"");
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(value["events"].clone()).unwrap()
}

/// Every mail that the kept histories owe.
fn written() -> Vec<Written> {
    let (catalogue, office) = (catalogue(), office());
    let folder = root().join("shared/types/tests/golden/v1");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let story = path.file_stem().unwrap().to_string_lossy().into_owned();
        let Some(story) = story.strip_prefix("history-") else {
            continue;
        };
        let events = history(&path);
        for (at, event) in events.iter().enumerate() {
            let ticket = replay(&events[..=at]).unwrap();
            for effect in effects(event, &ticket) {
                let Effect::Mail(kind) = effect else { continue };
                let to = recipients(kind, event, &ticket, &catalogue);
                let files = [FILE.to_owned()];
                let named = match kind {
                    MailKind::Assigned | MailKind::FollowUpToAgent => &files[..],
                    _ => &[],
                };
                let about = About {
                    event,
                    ticket: &ticket,
                    catalogue: &catalogue,
                    office: &office,
                    to: &to,
                    files: named,
                    left_out: &[],
                    question: Some("¿Qué equipo es?"),
                    now: event.at,
                };
                all.push(Written {
                    name: format!("{effect}.{story}-{}", event.seq),
                    kind,
                    event: event.clone(),
                    letter: letter(kind, &about).unwrap(),
                    ticket: ticket.clone(),
                });
            }
        }
    }
    all
}

#[test]
fn every_kind_is_there_to_be_looked_at() {
    let folder = root().join("target/mails");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut seen: BTreeMap<Effect, usize> = BTreeMap::new();
    for Written {
        name, kind, letter, ..
    } in written()
    {
        let count = seen.entry(Effect::Mail(kind)).or_default();
        *count += 1;
        // A few of each: the same about another history reads the same.
        if *count <= 2 {
            let html = letter.html(letter.subject).unwrap();
            fs::write(folder.join(format!("{name}.html")), html).unwrap();
            fs::write(folder.join(format!("{name}.txt")), letter.text().unwrap()).unwrap();
        }
    }
    for (name, written) in super::reviews::letters() {
        let html = written.letter.html(&written.subject).unwrap();
        fs::write(folder.join(format!("{name}.html")), html).unwrap();
        let text = written.letter.text().unwrap();
        fs::write(folder.join(format!("{name}.txt")), text).unwrap();
    }
    let mails = Effect::all().filter(|effect| *effect != Effect::Assign);
    let never: Vec<_> = mails.filter(|effect| !seen.contains_key(effect)).collect();
    assert!(never.is_empty(), "no kept history owes {never:?}");
}

#[test]
fn html_keeps_lines_and_breaks_long_words_as_text_does() {
    for Written { name, letter, .. } in written() {
        let (html, text) = (letter.html("x").unwrap(), letter.text().unwrap());
        let Some(quote) = &letter.quote else { continue };
        let place = html.find("<blockquote").unwrap_or_else(|| panic!("{name}"));
        let block = &html[place..place + html[place..].find('>').unwrap()];
        assert!(
            block.contains("pre-wrap") && block.contains("anywhere"),
            "{name}: {block}"
        );
        for line in quote.lines() {
            assert!(text.contains(line), "{name}: {line}");
        }
        for file in &letter.files {
            assert!(html.contains(file) && text.contains(file), "{name}");
        }
    }
}

#[test]
fn what_was_declined_is_never_said_to_be_solved() {
    let mut checked = Vec::new();
    for Written {
        name,
        kind,
        event,
        ticket,
        letter,
    } in written()
    {
        let declined = ticket.is_turned_away();
        let about_end = matches!(
            &event.kind,
            EventKind::Declined { .. }
                | EventKind::Forwarded { .. }
                | EventKind::ValidationReminded(_)
                | EventKind::Closed { .. }
        );
        if !declined || !about_end || kind == MailKind::ChangedToAgent {
            continue;
        }
        let all = format!("{}\n{}", letter.subject, letter.text().unwrap()).to_lowercase();
        let all = all.replace("no-resuelta", "");
        assert!(
            !all.contains("resuelt") && !all.contains("recordatorio"),
            "{name}: {all}"
        );
        assert!(
            !all.contains("evalú") && !all.contains("sin respuesta"),
            "{name}: {all}"
        );
        if kind == MailKind::Declined {
            assert!(
                all.contains("declinada") && all.contains("antes del") && all.contains("respond"),
                "{all}"
            );
        }
        if kind == MailKind::Forwarded {
            assert!(
                all.contains("trasladamos") && all.contains("antes del") && all.contains("respond"),
                "{all}"
            );
        }
        checked.push(kind);
    }
    for kind in [
        MailKind::Declined,
        MailKind::Forwarded,
        MailKind::ValidationReminder,
        MailKind::Closed,
    ] {
        assert!(
            checked.contains(&kind),
            "no kept history declines and owes {kind:?}"
        );
    }
}

#[test]
fn a_mail_that_asks_says_how_and_a_notice_names_its_words() {
    for Written {
        name, kind, letter, ..
    } in written()
    {
        let text = letter.text().unwrap();
        match kind {
            MailKind::Solved
            | MailKind::Declined
            | MailKind::Forwarded
            | MailKind::Held
            | MailKind::ValidationReminder
            | MailKind::WaitingReminder => {
                let (_, address) = letter.button.as_ref().unwrap_or_else(|| panic!("{name}"));
                assert!(
                    text.contains(address) && text.contains("responder a este correo"),
                    "{name}"
                );
            }
            MailKind::Assigned | MailKind::FollowUpToAgent => {
                assert!(
                    text.contains("#nota") && text.contains("#resolver"),
                    "{name}: {text}"
                );
            }
            MailKind::Escalated => assert!(
                text.contains("#solucion") && !text.contains("#tomar"),
                "{name}"
            ),
            _ => {}
        }
        if kind.audience() == Audience::Requester {
            assert!(!text.contains("#nota"), "{name}");
        }
    }
}

#[test]
fn a_late_warning_says_what_is_true_now() {
    let (catalogue, office) = (catalogue(), office());
    let events = history(&root().join("shared/types/tests/golden/v1/history-overrun.json"));
    let at = events
        .iter()
        .rposition(|event| event.kind.step().is_some())
        .unwrap();
    let ticket = replay(&events[..=at]).unwrap();
    let event = &events[at];
    let to = vec![];
    let said = |now: Timestamp| {
        let about = About {
            event,
            ticket: &ticket,
            catalogue: &catalogue,
            office: &office,
            to: &to,
            files: &[],
            left_out: &[],
            question: None,
            now,
        };
        let kind = match event.kind.step() {
            Some((_, step)) if step.percent > 100 => MailKind::StepToHead,
            _ => MailKind::StepToCoordinator,
        };
        letter(kind, &about).unwrap().text().unwrap()
    };
    let (clock, _) = event.kind.step().unwrap();
    let clock = ticket.clocks.get(clock);
    let calendar = catalogue
        .calendar(clock.calendar.as_ref().unwrap())
        .unwrap();
    for minutes in [0, 7, 31] {
        let now = event.at + types::SignedDuration::from_mins(minutes);
        let used = clock.used_at(calendar, now) / 60;
        let wanted = format!(
            "Lleva {used} min de los {} acordados.",
            clock.limit_seconds / 60
        );
        let said = said(now);
        assert!(said.contains(&wanted), "{wanted}: {said}");
    }
}

#[test]
fn a_star_of_a_mail_leads_to_the_survey_and_to_nothing_else() {
    let mut rated = 0;
    for Written {
        name,
        kind,
        ticket,
        letter,
        ..
    } in written()
    {
        let html = letter.html("x").unwrap();
        let stars = html.matches("?estrella=").count();
        let asks = matches!(kind, MailKind::Solved | MailKind::ValidationReminder);
        if asks && ticket.asks_survey() {
            let (_, survey) = letter.button.as_ref().unwrap();
            for star in 1..=5 {
                assert!(
                    html.contains(&format!("{survey}?estrella={star}\"")),
                    "{name}"
                );
            }
            assert_eq!(stars, 5, "{name}");
            rated += 1;
        } else {
            assert_eq!(stars, 0, "{name}");
        }
    }
    assert!(rated > 0);
}

#[test]
fn what_was_declined_is_closed_as_declined_and_only_time_says_that_nobody_objected() {
    let mut closed = 0;
    for Written {
        name,
        kind,
        event,
        ticket,
        letter,
    } in written()
    {
        let EventKind::Closed { reason } = &event.kind else {
            continue;
        };
        let to_requester = kind == MailKind::Closed;
        if !ticket.is_declined() || !(to_requester || kind == MailKind::ClosedToObservers) {
            continue;
        }
        let text = letter.text().unwrap();
        assert!(text.contains("abía sido declinada"), "{name}: {text}");
        let expired = *reason == CloseReason::ValidationExpired;
        let said = text.contains("nadie objetó en el plazo");
        assert_eq!(said, expired && to_requester, "{name}: {text}");
        closed += 1;
    }
    assert!(closed > 1);
}
