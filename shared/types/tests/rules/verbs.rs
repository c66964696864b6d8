//! What the desk's people and the officers ask for by mail.

use types::command::Command;
use types::permission::Actor;
use types::ticket::{EventKind, State, Visibility};
use types::verbs::{Done, Hand, Verb, Written, carry_out};

use crate::world::{AGENT, OFFICER, Story, at, person};

#[track_caller]
fn first(text: &str) -> (Result<Verb, String>, String) {
    let asked = Written::read(text).asked.into_iter().next();
    let asked = asked.unwrap_or_else(|| panic!("no verb: {text:?}"));
    (asked.verb, asked.text)
}

#[test]
fn verbs_are_read_as_people_write_them() {
    for text in [
        "#solucion\nSe cambió el cable.",
        "#Solución: Se cambió el cable.",
        "#SOLUCIO\u{301}N\n\nSe cambió el cable.",
        "*#solución*\nSe cambió el cable.",
        "**#solución:** Se cambió el cable.",
        "Buenos días:\n\n#solucion. Se cambió el cable.",
        "Hola Ana,\n  #solucion - Se cambió el cable.",
        "Cordial saludo, #solucion Se cambió el cable.",
        "# solucion Se cambió el cable.",
        "\u{200B}#solucion\u{a0}Se cambió el cable.",
    ] {
        let expected = (Ok(Verb::Report), "Se cambió el cable.".to_owned());
        assert_eq!(first(text), expected, "{text:?}");
        assert_eq!(Written::read(text).before, "", "{text:?}");
    }
    // A word that is none is said to be none; a number, a heading and a word in the
    // middle are nothing.
    assert_eq!(first("#cerrar ya").0, Err("#cerrar".to_owned()));
    assert_eq!(
        first("#solucionado\nListo").0,
        Err("#solucionado".to_owned())
    );
    for text in [
        "#12 sigue",
        "# Pasos",
        "Use #nota en el asunto",
        "#",
        "Ver ticket #000012",
    ] {
        assert_eq!(Written::read(text).asked, [], "{text:?}");
    }
    let several = Written::read("El usuario confirma.\n#tomar\n#contacto Llamé.\nDos veces.");
    assert_eq!(several.before, "El usuario confirma.");
    assert_eq!(several.asked[1].text, "Llamé.\nDos veces.");
}

#[test]
fn each_hand_has_its_list() {
    let words = |hand| Verb::of(hand).map(Verb::word).collect::<Vec<_>>().join(" ");
    assert_eq!(
        words(Hand::Desk),
        "#tomar #contacto #espera #resolver #nota"
    );
    assert_eq!(words(Hand::Officer), "#nota #solucion #devolver");
    assert_eq!(words(Hand::Observer), "#salir");
}

fn does(story: &mut Story, who: &Actor, hand: Hand, text: &str) -> Done {
    let written = Written::read(text);
    let done = carry_out(&written, hand, &story.ticket, who, at(story.now)).unwrap();
    types::ticket::apply_all(&mut story.ticket, &done.events);
    story.events.extend(done.events.clone());
    done
}

fn kinds(done: &Done) -> Vec<&'static str> {
    done.events.iter().map(|e| e.kind.as_str()).collect()
}

#[test]
fn a_whole_case_by_mail() {
    let mut story = Story::registered("plataforma");
    let agent = person(AGENT);
    let done = does(
        &mut story,
        &agent,
        Hand::Desk,
        "#tomar\n#contacto Llamé a Ana.",
    );
    assert_eq!(kinds(&done), ["assigned", "contacted"]);
    assert_eq!(done.told.len(), 2);
    let done = does(
        &mut story,
        &agent,
        Hand::Desk,
        "Hola,\n#espera ¿Qué versión tiene?",
    );
    assert_eq!(kinds(&done), ["held"]);
    assert_eq!(
        story.ticket.state,
        State::OnHold(types::ticket::HoldReason::Requester)
    );
    let mut story = story.when(&agent, Command::Resume { note: None });
    let done = does(&mut story, &agent, Hand::Desk, "#resolver: Se reinició.");
    assert_eq!(story.ticket.solution.as_deref(), Some("Se reinició."));
    assert_eq!(done.files, Visibility::Public);
    assert!(done.told[0].starts_with("#resolver: "), "{:?}", done.told);
}

#[test]
fn what_cannot_be_done_is_told_and_its_text_is_kept() {
    let agent = person(AGENT);
    for (text, told) in [
        ("#cerrar Ya quedó", "«#cerrar» no se conoce."),
        ("#solucion Ya quedó", "#solucion no es para usted."),
        (
            "#tomar\nYa quedó",
            "#tomar: no se hizo. Usted ya es responsable de ella.",
        ),
    ] {
        let mut story = Story::assigned("plataforma");
        let done = does(&mut story, &agent, Hand::Desk, text);
        assert_eq!(
            done.told,
            [format!("{told} Su texto quedó como nota interna.")]
        );
        let EventKind::FollowedUp { body, visibility } = &done.events[0].kind else {
            panic!("{done:?}")
        };
        assert_eq!(
            (body.as_str(), *visibility),
            ("Ya quedó", Visibility::Internal)
        );
    }
    let mut story = Story::assigned("plataforma");
    let done = does(&mut story, &agent, Hand::Desk, "#resolver");
    assert_eq!(done.told, ["#resolver: no se hizo, falta la solución."]);
    let EventKind::FollowedUp { body, visibility } = &done.events[0].kind else {
        panic!("{done:?}")
    };
    assert_eq!(
        (body.as_str(), *visibility),
        ("#resolver", Visibility::Internal)
    );
}

#[test]
fn an_officer_reports_and_gives_back() {
    let officer = person(OFFICER);
    let mut story = Story::escalated("redes");
    let done = does(
        &mut story,
        &officer,
        Hand::Officer,
        "#Solución se cambió el switch",
    );
    assert_eq!(kinds(&done), ["solution_reported"]);
    let done = does(
        &mut story,
        &officer,
        Hand::Officer,
        "#devolver No es de redes",
    );
    assert_eq!(kinds(&done), ["returned"]);
    // It is no longer his.
    let written = Written::read("#devolver otra vez");
    let again = carry_out(
        &written,
        Hand::Officer,
        &story.ticket,
        &officer,
        at(story.now),
    );
    assert!(again.unwrap().told[0].contains("no se hizo"));
}

#[test]
fn who_was_copied_leaves() {
    let mut story = Story::assigned("plataforma");
    story.ticket.request.observers = vec![crate::world::caller("copiado").person()];
    for text in ["#salir", "Buenos días,\n#Salir."] {
        let mut story = story.clone();
        let done = does(&mut story, &person("copiado"), Hand::Observer, text);
        assert_eq!(kinds(&done), ["observer_removed"]);
        assert!(story.ticket.request.observers.is_empty());
        assert!(done.told[0].starts_with("#salir: "), "{:?}", done.told);
    }
}
