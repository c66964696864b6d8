//! What pages tell those who work here: whose a request is and where, what a command came
//! to, who else may do what they may not, and what a search could not find.

use in_process::people::{
    AGENT, ANA, AUDITOR, COLLEAGUE, COORDINATOR, HEAD, LUIS, OFFICER, PROVIDER, address,
};
use in_process::{Case, Started, World, application, get, monday, now};
use types::SignedDuration;
use types::command::Command;
use types::ticket::Channel;

use super::ReadSide;

async fn started(world: &World) -> Started<ReadSide> {
    world.start("desk").await
}

/// A page, as somebody's browser gets it.
async fn shown(world: &World, desk: &Started<ReadSide>, who: &str, path: &str) -> String {
    let session = world.signed_in(who).await;
    let answer = desk.answers(&get(path).seen_by(&session)).await;
    assert_eq!(answer.status, 200, "{who} {path}");
    answer.body
}

fn place(case: &Case) -> String {
    format!("/solicitudes/{}", case.number.0)
}

#[tokio::test]
async fn each_is_told_the_keys_of_what_he_may_do() {
    let world = World::new().await;
    let desk = started(&world).await;
    for (who, keys) in [
        (AGENT, "a r n h l e Shift+E"),
        (COORDINATOR, "a Shift+A r n h l e Shift+E"),
        (OFFICER, "r n"),
        (HEAD, "r n l"),
        (AUDITOR, ""),
    ] {
        let body = shown(&world, &desk, who, "/cola").await;
        let acts = format!(" data-acts=\"{keys}\"");
        assert!(body.contains(&acts), "{who}: {body}");
    }
}

#[tokio::test]
async fn who_may_not_assign_is_told_who_may() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let who_may = "asignársela lo hace la coordinación (Coordinador de Mesa de Ayuda)";
    for (who, told) in [
        (AGENT, true),
        (COLLEAGUE, true),
        (COORDINATOR, false),
        (AUDITOR, false),
    ] {
        let body = shown(&world, &desk, who, &place(&case)).await;
        assert_eq!(body.contains(who_may), told, "{who}");
    }
    let over = case.solved().await;
    let body = shown(&world, &desk, AGENT, &place(&over)).await;
    assert!(!body.contains(who_may), "{body}");
}

#[tokio::test]
async fn what_cannot_be_done_about_a_request_elsewhere_is_said_where_it_would_be() {
    let world = World::new().await;
    let case = world.escalated("redes").await;
    let desk = started(&world).await;
    let why = "<span class=\"soft\" data-why>Está en Tecnología: ";
    let body = shown(&world, &desk, AGENT, &place(&case)).await;
    assert!(body.contains(why), "{body}");
    let body = shown(&world, &desk, OFFICER, &place(&case)).await;
    assert!(!body.contains("data-why"), "{body}");
    let own = world.assigned("redes").await;
    let body = shown(&world, &desk, AGENT, &place(&own)).await;
    assert!(!body.contains("data-why"), "{body}");
}

#[tokio::test]
async fn what_becomes_of_the_solution_time_is_said_before_it_does() {
    let world = World::new().await;
    let anew = "El tiempo de solución empieza de nuevo para quien la recibe";
    let provider = "Al proveedor lo llama la Oficina de Tecnología";
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let form = async |who: &str, case: &Case, id: &str| {
        let body = shown(&world, &desk, who, &place(case)).await;
        let (_, form) = body.split_once(&format!("id=\"acto-{id}\"")).unwrap();
        form.split_once("</details>").unwrap().0.to_owned()
    };
    let escalates = form(AGENT, &case, "escalate").await;
    assert!(escalates.contains(anew) && escalates.contains(provider));
    assert!(form(COORDINATOR, &case, "assign").await.contains(anew));
    // What waits goes on waiting.
    let waits = form(COORDINATOR, &case.held().await, "assign").await;
    assert!(
        !waits.contains(anew) && waits.contains("Sigue en espera"),
        "{waits}"
    );
}

#[tokio::test]
async fn a_command_says_what_it_came_to() {
    let world = World::new().await;
    let assigned = world.assigned("redes").await;
    let held = world.assigned("redes").await.held().await;
    let escalated = world.escalated("redes").await;
    let provider = world.escalated("redes").await.at_provider().await;
    let desk = started(&world).await;
    let due = "Su tiempo de solución vence ";
    for (case, word, said) in [
        (
            &assigned,
            "asignada",
            &["Asignada a Agente 1 de Soporte.", due][..],
        ),
        (
            &held,
            "espera",
            &["En espera de Ana Pérez: el tiempo de solución se detuvo."],
        ),
        (
            &escalated,
            "escalada",
            &["Escalada a Funcionario 1 de Tecnología.", due],
        ),
        (
            &provider,
            "consultada",
            &["el tiempo de solución se detuvo."],
        ),
    ] {
        let path = format!("{}?hecho={word}", place(case));
        let body = shown(&world, &desk, COORDINATOR, &path).await;
        let (_, notice) = body.split_once("class=\"notice notice--ok\"").unwrap();
        let (notice, _) = notice.split_once("</p>").unwrap();
        for part in said {
            assert!(notice.contains(part), "{word}: {notice}");
        }
        // Whoever has no more to do there goes on.
        let next = format!("href=\"/cola/siguiente?tras={}\"", case.number.0);
        assert_eq!(notice.contains(&next), word != "asignada", "{word}");
    }
}

#[tokio::test]
async fn whose_it_is_and_where_is_the_same_in_the_list_and_on_its_page() {
    let world = World::new().await;
    let held = world.assigned("redes").await.held().await;
    let escalated = world.escalated("redes").await;
    let provider = world.escalated("redes").await.at_provider().await;
    let desk = started(&world).await;
    let list = shown(&world, &desk, COLLEAGUE, "/cola?vista=en-espera").await;
    for (case, place_of) in [
        (&held, "espera a Ana Pérez"),
        (&escalated, "en Tecnología: Funcionario 1 de Tecnología"),
        (
            &provider,
            "en Tecnología: Funcionario 1 de Tecnología · espera a ",
        ),
    ] {
        let (_, row) = list
            .split_once(&format!("id=\"r{}\"", case.number.0))
            .unwrap();
        let (row, _) = row.split_once("</tr>").unwrap();
        let page = shown(&world, &desk, COLLEAGUE, &place(case)).await;
        let (_, responsible) = page.split_once("<dt>Responsable</dt>").unwrap();
        let (responsible, _) = responsible.split_once("</dd>").unwrap();
        for text in [row, responsible] {
            assert!(text.contains("Agente 1 de Soporte"), "{text}");
            assert!(text.contains(place_of), "{text}");
            assert!(!text.contains(PROVIDER) && !text.contains("redes_externo"));
        }
    }
    let today = shown(&world, &desk, COORDINATOR, "/hoy").await;
    let both = "Agente 1 de Soporte · en Tecnología: Funcionario 1 de Tecnología";
    assert!(today.contains(both), "{today}");
}

#[tokio::test]
async fn what_was_kept_too_late_does_not_look_as_if_it_was_kept() {
    let world = World::new().await;
    let case = world.registered_at("redes", monday()).await;
    let case = case.assigned_to(AGENT).await.later(20);
    let note = "Llamé.".to_owned();
    let late = case.when(AGENT, Command::Contact { note }).await;
    let desk = started(&world).await;
    let body = shown(&world, &desk, AGENT, &place(&late)).await;
    let (before, _) = body.split_once("cumplida tarde").unwrap();
    let badge = &before[before.rfind("<span class=\"clock\"").unwrap()..];
    assert!(badge.contains("data-state=\"late\"") && badge.contains("#i-late"));
    assert!(body.contains("class=\"bar\" data-state=\"late\""), "{body}");
}

#[tokio::test]
async fn above_a_request_stands_what_runs_out_next_as_well() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let body = shown(&world, &desk, AGENT, &place(&case)).await;
    let (_, urgent) = body.split_once("class=\"urgent\"").unwrap();
    let (urgent, _) = urgent.split_once("</div>").unwrap();
    for kind in ["Atención: ", "Solución: "] {
        assert!(urgent.contains(kind), "{urgent}");
    }
    assert!(!urgent.contains("Validación"), "{urgent}");
}

#[tokio::test]
async fn a_row_says_what_can_be_done_to_it_with_others() {
    let world = World::new().await;
    let minutes_ago = now() - SignedDuration::from_mins(3);
    let case = world.registered_at("redes", minutes_ago).await;
    let open = case.assigned_to(AGENT).await;
    let solved = world.assigned("redes").await.solved().await;
    let desk = started(&world).await;
    for (who, case, can) in [
        (AGENT, &open, "responder"),
        (COLLEAGUE, &open, "tomar responder"),
        (COORDINATOR, &open, "tomar asignar responder"),
        (AGENT, &solved, "cerrar responder"),
    ] {
        let body = shown(&world, &desk, who, "/cola?vista=abiertas").await;
        let row = format!("id=\"r{}\" data-can=\"{can}\"", case.number.0);
        assert!(body.contains(&row), "{who} {can}: {body}");
    }
}

#[tokio::test]
async fn hyphens_make_no_difference_to_a_search_and_what_is_closed_is_a_click_away() {
    let world = World::new().await;
    for (title, description) in [
        ("El Wi-Fi no conecta", "Desde ayer."),
        ("No abre", "La red wifi de la sala se cae."),
    ] {
        let mut asked = application("redes");
        title.clone_into(&mut asked.request.title);
        description.clone_into(&mut asked.request.description);
        world.registers(asked, now()).await.assigned_to(AGENT).await;
    }
    let desk = started(&world).await;
    for words in ["wifi", "Wi-Fi", "wi%20fi", "WIFI"] {
        let body = shown(&world, &desk, AGENT, &format!("/cola?q={words}")).await;
        let found = ["r1", "r2"].map(|id| body.contains(&format!("id=\"{id}\"")));
        assert_eq!(found, [words != "wi%20fi"; 2], "{words}");
    }
    let closed = "href=\"/cola?vista=cerradas&#38;q=toner\">Buscar también entre las cerradas";
    let body = shown(&world, &desk, AGENT, "/cola?q=toner").await;
    assert!(body.contains("Ninguna abierta."), "{body}");
    assert!(body.contains(closed), "{body}");
}

#[tokio::test]
async fn a_call_carries_what_was_searched_and_says_what_is_a_guess() {
    let world = World::new().await;
    let mut asked = application("redes");
    asked.request.requester.person.email = address(LUIS);
    asked.request.extension = Some("391".to_owned());
    let case = world.registers(asked, now()).await;
    let desk = started(&world).await;
    let unknown = shown(&world, &desk, AGENT, "/llamada?quien=402").await;
    assert!(
        unknown.contains("name=\"extension\" value=\"402\""),
        "{unknown}"
    );
    let nobody = "data-of=\"quien\">Nadie del directorio tiene la extensión 402.";
    assert!(unknown.contains(nobody), "{unknown}");
    // It is kept below; a name can be written over nothing.
    assert!(unknown.contains("type=\"search\" value=\"\""), "{unknown}");
    let two = shown(&world, &desk, AGENT, "/llamada?quien=nadie+conocido").await;
    assert!(two.contains("Pruebe con un solo apellido"), "{two}");
    // What goes to another team says so, before and after.
    assert!(
        unknown.contains("<small>La atiende Impresión y Copiado</small>"),
        "{unknown}"
    );
    assert!(!unknown.contains("<small>La atiende Mesa"), "{unknown}");
    let path = "/llamada?registrada=7&equipo=impresion";
    let registered = shown(&world, &desk, AGENT, path).await;
    assert!(
        registered.contains("La atiende <b>Impresión y Copiado</b>"),
        "{registered}"
    );
    // Whoever gave it with what is open is found by it, in the directory or not.
    let known = shown(&world, &desk, AGENT, "/llamada?quien=391").await;
    let link = "href=\"/llamada?quien=luis.rojas%40uspec.gov.co&#38;extension=391\"";
    assert!(known.contains(link), "{known}");
    assert!(known.contains("dio la extensión 391 antes"), "{known}");
    let guess = shown(&world, &desk, AGENT, "/llamada?quien=gomez").await;
    assert!(guess.contains("¿Es gomez@uspec.gov.co?"), "{guess}");
    assert!(guess.contains("Es una suposición"), "{guess}");
    // With the examples of the form that requesters have.
    assert!(guess.contains("<small>Punto de red, Wi-Fi, conexión lenta</small>"));
    assert_eq!(case.number.0, 1);
}

#[tokio::test]
async fn what_was_told_by_telephone_are_the_words_of_whoever_called() {
    let world = World::new().await;
    let mut told = application("redes");
    told.request.channel = Channel::Phone;
    let asker = told.request.requester.person.name.clone();
    let case = world.registers_by(AGENT, told, now()).await;
    let desk = started(&world).await;
    let said = format!("<b>{asker}</b><span>por teléfono; la registró Agente 1 de Soporte</span>");
    for (who, class) in [(AGENT, "msg"), (ANA, "msg msg--mine")] {
        let body = shown(&world, &desk, who, &place(&case)).await;
        assert!(body.contains(&said), "{who}: {body}");
        let class = format!("<li class=\"{class}\" id=\"m1\">");
        assert!(body.contains(&class), "{who}: {body}");
    }
}

#[tokio::test]
async fn who_only_reads_the_catalogue_is_told_who_changes_it_and_sees_no_keys() {
    let world = World::new().await;
    let case = world.assigned("redes").await;
    let desk = started(&world).await;
    let parts = ["textos", "proveedores", "plazos", "cuentas"];
    for (who, told) in [(AGENT, true), (COORDINATOR, false)] {
        for part in parts {
            let body = shown(&world, &desk, who, &format!("/catalogo/{part}")).await;
            assert_eq!(body.contains("Lo edita la coordinación."), told, "{who}");
            for key in ["redes_externo", "legal_terms", "accounts"] {
                assert!(!body.contains(&format!("<small>{key}")), "{who} {part}");
            }
        }
        let body = shown(&world, &desk, who, &place(&case)).await;
        assert_eq!(body.contains("Los edita la coordinación."), told, "{who}");
        assert!(!body.contains("«habil»"), "{body}");
    }
}
