//! Registering, over AWS in memory.

use cloud::session::COOKIE;
use in_process::people::{AGENT, ANA, AUDITOR, COLLEAGUE, LUIS, STRANGER};
use in_process::{Answer, Case, Fault, Request, Rows, Started, World, post};
use serde_json::{Value, json};
use types::clock::ClockState;
use types::effects::{Effect, MailKind, QueueName};
use types::ticket::{Channel, State, Ticket};

use super::Intake;

async fn started() -> (World, Started<Intake>) {
    let world = World::new().await;
    let intake = world.start("intake").await;
    (world, intake)
}

/// What Ana asks for.
fn body() -> Value {
    json!({
        "title": "No abre el correo",
        "description": "Desde hoy no abre el correo.",
        "category": "plataforma",
    })
}

fn request() -> Request {
    post("/tickets").by(ANA).json(body())
}

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";

fn announcement() -> Value {
    json!({ "name": "oficio.pdf", "content_type": "application/pdf", "size": PDF.len() })
}

/// A file of Ana's for a request that she is about to register.
async fn uploaded(world: &World, intake: &Started<Intake>, bytes: &[u8]) -> String {
    let request = post("/uploads").by(ANA).json(announcement());
    let announced = intake.answers(&request).await.must_be(201);
    world.uploads(&announced, bytes);
    announced["id"].as_str().unwrap().to_owned()
}

fn files(world: &World, prefix: &str) -> usize {
    let keys = world.objects(&world.variable("FILES_BUCKET")).into_keys();
    keys.filter(|key| key.starts_with(prefix)).count()
}

#[tokio::test]
async fn files_come_with_a_request_and_are_there_from_its_first_moment() {
    let (world, intake) = started().await;
    let ids = [
        uploaded(&world, &intake, PDF).await,
        uploaded(&world, &intake, PDF).await,
    ];
    let mut body = body();
    body["attachments"] = json!(ids);
    let send = post("/tickets")
        .by(ANA)
        .json(body.clone())
        .key("con-archivos");
    let view = intake.answers(&send).await.must_be(201);
    let attached = view["attachments"].as_array().unwrap();
    let found: Vec<_> = attached.iter().map(|file| file["id"].as_str()).collect();
    assert_eq!(found, [Some(ids[0].as_str()), Some(ids[1].as_str())]);
    let (ticket, case) = the_ticket(&world).await;
    assert_eq!(case.kinds().await, ["registered", "attachments_added"]);
    assert_eq!(
        (files(&world, "uploads/"), files(&world, "tickets/")),
        (0, 2)
    );
    // The same once more is the same, although nothing is left of what was uploaded.
    let again = intake.answers(&send).await.must_be(201);
    assert_eq!(again["number"], view["number"]);
    assert_eq!(world.tickets().await, [ticket]);

    // They are no other request's, and of no other person's.
    let refused = intake
        .answers(&post("/tickets").by(ANA).json(body.clone()))
        .await;
    let problem = refused.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][1]["code"], "unknown_upload");
    let his = uploaded(&world, &intake, PDF).await;
    body["attachments"] = json!([his]);
    let refused = intake.answers(&post("/tickets").by(LUIS).json(body)).await;
    let problem = refused.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "attachments[0]");
    assert_eq!(world.tickets().await.len(), 1);
}

#[tokio::test]
async fn a_request_whose_file_is_refused_is_sent_again_without_it() {
    let (world, intake) = started().await;
    let id = uploaded(&world, &intake, b"no es un pdf").await;
    let mut with = body();
    with["attachments"] = json!([id]);
    let rows = world.rows();
    let send = |body: &Value| {
        post("/tickets")
            .by(ANA)
            .json(body.clone())
            .key("formulario")
    };
    let refused = intake.answers(&send(&with)).await;
    let problem = refused.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "other_size");
    // Neither a number nor the key is gone for it.
    world.must_still_have(&rows);
    let view = intake.answers(&send(&body())).await.must_be(201);
    assert_eq!(view["number"], 1);
    assert_eq!(view["attachments"], json!([]));
}

#[tokio::test]
async fn whoever_is_of_the_entity_announces_files() {
    let (world, intake) = started().await;
    let stranger = post("/uploads").by(STRANGER).json(announcement());
    let refused = intake.answers(&stranger).await;
    refused.must_refuse(403, "forbidden");
    let session = world.signed_in(ANA).await;
    let size = PDF.len().to_string();
    let fields = [
        ("name", "oficio.pdf"),
        ("content_type", "application/pdf"),
        ("size", size.as_str()),
    ];
    let form = post("/archivos").seen_by(&session).form(&fields);
    let elsewhere = intake.answers(&form).await;
    elsewhere.must_refuse(403, "forbidden");
    let announced = intake.answers(&form.from_own_page()).await.must_be(201);
    world.uploads(&announced, PDF);
    let id = announced["id"].as_str().unwrap();
    let request = post("/solicitudes")
        .seen_by(&session)
        .from_own_page()
        .form(&[
            ("description", "Va el oficio."),
            ("category", "plataforma"),
            ("attachments", id),
        ]);
    assert_eq!(intake.answers(&request).await.status, 303);
    let (ticket, _) = the_ticket(&world).await;
    assert_eq!(ticket.attachments[0].name, "oficio.pdf");
    assert!(files(&world, "tickets/") == 1);
}

/// The one ticket that there is.
async fn the_ticket(world: &World) -> (Ticket, Case) {
    let tickets = world.tickets().await;
    let [ticket] = tickets.as_slice() else {
        panic!("{tickets:?}")
    };
    (ticket.clone(), world.case(ticket))
}

/// Nothing was registered, and no number was taken.
async fn must_have_changed_nothing(world: &World) {
    world.must_still_have(&Rows::default());
    assert_eq!(world.all_rung(), []);
}

#[tokio::test]
async fn a_request_is_registered_whole_and_both_queues_are_rung() {
    let (world, intake) = started().await;
    let answer = intake.answers(&request()).await;
    let view = answer.must_be(201);
    assert_eq!(answer.header("location"), Some("/tickets/1"));
    assert_eq!(view["number"], 1);
    assert_eq!(view["status"], "new");
    assert_eq!(view["requester"]["email"], ANA);

    let (ticket, case) = the_ticket(&world).await;
    assert_eq!(view["id"], ticket.id.to_string());
    assert_eq!((ticket.state, ticket.version), (State::New, 1));
    assert_eq!(ticket.request.channel, Channel::Web);
    assert_eq!(case.kinds().await, ["registered"]);
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
    assert_eq!(
        world.row("NUMBER#1", "NUMBER")["ticket"]["S"],
        ticket.id.to_string()
    );
    let registered = Effect::Mail(MailKind::Registered);
    assert_eq!(
        world.rung(QueueName::Assignment),
        [case.owes(1, Effect::Assign)]
    );
    assert_eq!(
        world.rung(QueueName::Notification),
        [case.owes(1, registered)]
    );
}

#[tokio::test]
async fn a_registration_costs_a_counter_a_transaction_and_a_message_a_queue() {
    let (world, intake) = started().await;
    // The catalogue is read once in five seconds, and not by each of them.
    intake.answers(&request()).await.must_be(201);
    world.forget();
    intake.answers(&request()).await.must_be(201);
    assert_eq!(
        world.operations(),
        [
            "UpdateItem",
            "TransactWriteItems",
            "SendMessage",
            "SendMessage"
        ]
    );
    world.forget();
    // With a key there is the claim of it; the transaction ends it.
    intake.answers(&request().key("k")).await.must_be(201);
    assert_eq!(
        world.operations(),
        [
            "PutItem",
            "UpdateItem",
            "TransactWriteItems",
            "SendMessage",
            "SendMessage"
        ]
    );
    world.forget();
    // Sent again it costs the look at the key, and the history that is answered.
    intake.answers(&request().key("k")).await.must_be(201);
    assert_eq!(world.operations(), ["PutItem", "Query"]);
}

#[tokio::test]
async fn the_desk_registers_a_call_for_somebody() {
    let (world, intake) = started().await;
    let mut body = body();
    body["channel"] = json!("phone");
    body["extension"] = json!("391");
    body["requester"] = json!({
        "email": LUIS, "name": "Luis Rojas", "unit": "Dirección General", "kind": "contractor",
    });
    let view = intake
        .answers(&post("/tickets").by(AGENT).json(body.clone()))
        .await
        .must_be(201);
    assert_eq!(
        (&view["requester"]["email"], &view["channel"]),
        (&json!(LUIS), &json!("phone"))
    );
    let (ticket, case) = the_ticket(&world).await;
    assert_eq!(
        ticket.request.requester.unit.as_deref(),
        Some("Dirección General")
    );
    let events = case.events().await;
    assert_eq!(events[0].actor.email.as_ref().unwrap().as_str(), AGENT);

    // A requester registers for himself alone.
    let refused = intake
        .answers(&post("/tickets").by(ANA).json(body.clone()))
        .await;
    refused.must_refuse(403, "forbidden");
    // Whoever called has to be named.
    body.as_object_mut().unwrap().remove("requester");
    let problem = intake.answers(&post("/tickets").by(AGENT).json(body)).await;
    let problem = problem.must_refuse(422, "validation_failed");
    assert_eq!(problem["errors"][0]["field"], "requester");
    assert_eq!(world.tickets().await.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_registered_takes_no_number() {
    let (world, intake) = started().await;
    let with = |name: &str, value: Value| {
        let mut body = body();
        body[name] = value;
        post("/tickets").by(ANA).json(body)
    };
    for (request, status, code) in [
        (with("title", json!("")), 422, "validation_failed"),
        (with("category", json!("cocina")), 422, "validation_failed"),
        (with("prioridad", json!("alta")), 422, "validation_failed"),
        // Section 5: what is asked of the page has to be said.
        (
            with("category", json!("publicacion_web")),
            422,
            "validation_failed",
        ),
        (
            request().body("application/json", "{"),
            400,
            "malformed_body",
        ),
        (request().key("con espacio"), 422, "validation_failed"),
        (post("/tickets").by(STRANGER).json(body()), 403, "forbidden"),
        (
            post("/tickets")
                .claiming(json!({ "email": ANA, "email_verified": "false" }))
                .json(body()),
            403,
            "forbidden",
        ),
        (post("/tickets").json(body()), 403, "forbidden"),
    ] {
        let answer: Answer = intake.answers(&request).await;
        answer.must_refuse(status, code);
        must_have_changed_nothing(&world).await;
    }
    // An auditor is of the entity, too.
    intake
        .answers(&post("/tickets").by(AUDITOR).json(body()))
        .await
        .must_be(201);
}

#[tokio::test]
async fn the_same_request_is_registered_once() {
    let (world, intake) = started().await;
    let first = intake.answers(&request().key("k")).await;
    let rows = world.rows();
    world.forget();
    let again = intake.answers(&request().key("k")).await;
    assert_eq!(again.must_be(201), first.must_be(201));
    assert_eq!(again.header("location"), first.header("location"));
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);

    // The same key of somebody else is another one.
    let other = intake.answers(&request().by(LUIS).key("k")).await;
    assert_eq!(other.must_be(201)["number"], 2);
    // With another body it is a mistake.
    let mut body = body();
    body["title"] = json!("Otra cosa");
    let mismatch = intake
        .answers(&post("/tickets").by(ANA).key("k").json(body))
        .await;
    mismatch.must_refuse(422, "idempotency_mismatch");
    assert_eq!(world.tickets().await.len(), 2);
}

#[tokio::test]
async fn what_was_registered_is_answered_alike_whatever_the_catalogue_says_by_now() {
    let (world, intake) = started().await;
    let request = || {
        let mut body = body();
        body["category"] = json!("redes");
        post("/tickets").by(ANA).json(body)
    };
    let first = intake.answers(&request().key("k")).await;
    world
        .catalogue(|document| {
            for category in &mut document.categories {
                category.retired = category.id.0 == "redes";
            }
        })
        .await;
    let intake: Started<Intake> = world.start("intake").await;
    let again = intake.answers(&request().key("k")).await;
    assert_eq!(again.must_be(201), first.must_be(201));
    let rows = world.rows();
    // What is new goes there no more, and leaves no trace of its key.
    for request in [request().key("other"), request()] {
        let answer = intake.answers(&request).await;
        answer.must_refuse(422, "validation_failed");
        world.must_still_have(&rows);
        assert_eq!(world.rows_of("IDEMPOTENCY#").len(), 1);
    }
}

#[tokio::test]
async fn whoever_comes_while_the_same_is_registered_gets_its_answer() {
    let (world, intake) = started().await;
    let (other_world, other) = (world.clone(), world.start::<Intake>("intake").await);
    // Right before the transaction of the first, the second asks; the first is done
    // soon after, and the second, who waits for it, gets the same.
    let (send, receive) = tokio::sync::oneshot::channel();
    world.meanwhile("TransactWriteItems", 0, async move {
        let second = tokio::spawn(async move { other.answers(&request().key("k")).await });
        // Its claim of the key failed, and it looks whether the first is done.
        let waits = |operations: &[String]| {
            let claims = operations.iter().filter(|o| *o == "PutItem").count();
            claims == 2 && operations.last().is_some_and(|o| o == "GetItem")
        };
        while !waits(&other_world.operations()) {
            tokio::task::yield_now().await;
        }
        send.send(second).ok().unwrap();
    });
    let first = intake.answers(&request().key("k")).await.must_be(201);
    let second = receive.await.unwrap().await.unwrap().must_be(201);
    assert_eq!(first, second);
    assert_eq!(world.tickets().await.len(), 1);
    assert_eq!(world.row("COUNTER", "COUNTER")["taken"]["N"], "1");
}

#[tokio::test]
async fn a_number_that_the_sweep_voided_is_left_for_the_next() {
    let (world, intake) = started().await;
    let sweep = world.clone();
    world.meanwhile("TransactWriteItems", 0, async move {
        sweep.void_number(1).await;
    });
    let view = intake.answers(&request()).await.must_be(201);
    assert_eq!(view["number"], 2);
    let (_, case) = the_ticket(&world).await;
    assert_eq!(case.kinds().await, ["registered"]);
    assert!(world.row("NUMBER#1", "NUMBER")["void_since"].is_object());
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_said_and_the_key_is_free_again() {
    let (world, intake) = started().await;
    world.fails("UpdateItem", 0..3, Fault::Throttled);
    let answer = intake.answers(&request().key("k")).await;
    answer.must_refuse(503, "unavailable");
    assert_eq!(answer.header("retry-after"), Some("2"));
    assert_eq!(world.rows_of("IDEMPOTENCY#").len(), 0);
    must_have_changed_nothing(&world).await;
    // The three attempts of the SDK are over: it works again.
    let view = intake.answers(&request().key("k")).await.must_be(201);
    assert_eq!(view["number"], 1);
}

#[tokio::test]
async fn an_answer_that_is_lost_registers_nothing_twice() {
    let (world, intake) = started().await;
    // The SDK asks again, with the same token.
    world.fails("TransactWriteItems", 0..1, Fault::Lost);
    intake.answers(&request().key("k")).await.must_be(201);
    let (_, case) = the_ticket(&world).await;
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
    assert_eq!(world.all_rung().len(), 2);
}

#[tokio::test]
async fn a_transaction_that_another_is_in_the_way_of_is_tried_again() {
    let (world, intake) = started().await;
    world.fails("TransactWriteItems", 0..2, Fault::Conflict);
    intake.answers(&request()).await.must_be(201);
    let written = world
        .operations()
        .iter()
        .filter(|o| *o == "TransactWriteItems")
        .count();
    assert_eq!(written, 3);
    the_ticket(&world).await;
}

#[tokio::test]
async fn a_call_that_hangs_is_given_up_in_time() {
    let (world, intake) = started().await;
    world.fails("UpdateItem", 0..9, Fault::Hung);
    intake
        .answers(&request())
        .await
        .must_refuse(503, "unavailable");
    must_have_changed_nothing(&world).await;
}

#[tokio::test]
async fn a_doorbell_that_cannot_be_rung_is_left_to_the_sweep() {
    let (world, intake) = started().await;
    world.fails("SendMessage", 0..99, Fault::Failed);
    intake.answers(&request()).await.must_be(201);
    let (_, case) = the_ticket(&world).await;
    assert_eq!(world.all_rung(), []);
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
}

// ---------------------------------------------------------- by the page's form

/// The form of a new request, as somebody's browser sends it.
fn sent(session: &str, fields: &[(&str, &str)]) -> Request {
    post("/solicitudes")
        .cookie(COOKIE, session)
        .header("accept", "text/html,*/*")
        .from_own_page()
        .form(fields)
}

const FILLED: [(&str, &str); 4] = [
    ("idempotency_key", "una-vez"),
    ("title", "No abre el correo"),
    ("description", "Desde hoy\r\nno abre."),
    ("category", "plataforma"),
];

#[tokio::test]
async fn a_form_pressed_twice_is_one_request() {
    let (world, intake) = started().await;
    let ana = world.signed_in(ANA).await;
    for _ in 0..2 {
        let answer = intake.answers(&sent(&ana, &FILLED)).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let page = "/solicitudes/1?hecho=registrada";
        assert_eq!(answer.header("location"), Some(page));
    }
    let (ticket, _) = the_ticket(&world).await;
    assert_eq!(ticket.request.requester.person.email.as_str(), ANA);
    assert_eq!(ticket.request.description, "Desde hoy\nno abre.");
    assert_eq!(ticket.request.channel, Channel::Web);
    let by_script = sent(&ana, &FILLED).header("accept", "application/json");
    let answer = intake.answers(&by_script).await;
    answer.must_be(201);
    assert_eq!(
        answer.header("location"),
        Some("/solicitudes/1?hecho=registrada")
    );
}

#[tokio::test]
async fn a_form_that_cannot_be_taken_comes_back_filled_in() {
    let (world, intake) = started().await;
    let ana = world.signed_in(ANA).await;
    let mut fields = FILLED.to_vec();
    fields.retain(|(name, _)| *name != "description");
    fields.push(("description", "  "));
    fields.push(("observers", "luis@otra.example, nadie"));
    let answer = intake.answers(&sent(&ana, &fields)).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    for part in [
        "Error: ",
        "href=\"#descripcion\"",
        "href=\"#copias\"",
        "luis@otra.example, nadie",
        "value=\"plataforma\" checked",
        "value=\"una-vez\"",
    ] {
        assert!(answer.body.contains(part), "{part}: {}", answer.body);
    }
    // What is missing is said in the order of the page.
    let answer = intake.answers(&sent(&ana, &[])).await;
    assert_eq!(answer.status, 422, "{}", answer.body);
    let at = |part: &str| {
        let found = answer.body.find(part);
        found.unwrap_or_else(|| panic!("{part}: {}", answer.body))
    };
    let places = [
        at("href=\"#categoria\">Elija una opción."),
        at("href=\"#descripcion\">Es obligatorio"),
    ];
    assert!(places.is_sorted(), "{}", answer.body);
    // Nobody is signed in any more: what he wrote is still there.
    let answer = intake.answers(&sent("nadie", &FILLED)).await;
    assert_eq!(answer.status, 401, "{}", answer.body);
    assert!(answer.body.contains("Desde hoy"), "{}", answer.body);
    // From another site nothing is taken.
    let foreign = post("/solicitudes")
        .cookie(COOKIE, &ana)
        .header("sec-fetch-site", "cross-site");
    let answer = intake.answers(&foreign.form(&FILLED)).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(world.tickets().await.is_empty());
}

#[tokio::test]
async fn a_request_without_a_title_is_called_by_how_it_begins() {
    let (world, intake) = started().await;
    let ana = world.signed_in(ANA).await;
    let mut fields = FILLED.to_vec();
    fields.retain(|(name, _)| !["title", "description"].contains(name));
    fields.push(("title", " "));
    fields.push((
        "description",
        "\r\n No abre el correo. Desde hoy.\r\nGracias.",
    ));
    let answer = intake.answers(&sent(&ana, &fields)).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let (ticket, _) = the_ticket(&world).await;
    assert_eq!(ticket.request.title, "No abre el correo");
    // Over the API it is asked for.
    let mut body = body();
    body.as_object_mut().unwrap().remove("title");
    let request = post("/tickets").by(ANA).json(body);
    let refused = intake.answers(&request).await;
    refused.must_refuse(422, "validation_failed");
}

#[tokio::test]
async fn whoever_is_to_know_of_it_is_of_the_entity() {
    let (world, intake) = started().await;
    let with = |observers: Value| {
        let mut body = body();
        body["observers"] = observers;
        post("/tickets").by(ANA).json(body)
    };
    for (observers, field) in [
        (json!(["luis@otra.example"]), "observers"),
        (json!(["nadie"]), "observers[0]"),
        (json!("luis"), "observers"),
    ] {
        let answer = intake.answers(&with(observers)).await;
        let problem = answer.must_refuse(422, "validation_failed");
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    must_have_changed_nothing(&world).await;
    // Twice is once; whoever asks knows already, and so does the desk.
    let mailbox = "soportespmic@uspec.gov.co";
    let observers = json!([LUIS, LUIS, ANA, mailbox, AGENT]);
    let answer = intake.answers(&with(observers)).await;
    answer.must_be(201);
    let (ticket, _) = the_ticket(&world).await;
    let observers = ticket.request.observers.iter();
    let observers: Vec<_> = observers
        .map(|o| (o.email.as_str(), o.name.as_str()))
        .collect();
    assert_eq!(observers, [(LUIS, LUIS), (AGENT, "Agente 1 de Soporte")]);
}

// ------------------------------------------------------------------- calls

/// What the page of a call sends: Luis is on the line.
const CALL: [(&str, &str); 7] = [
    ("idempotency_key", "llamada-1"),
    ("requester.email", LUIS),
    ("requester.name", "Luis Rojas"),
    ("requester.unit", "Dirección General"),
    ("extension", "391"),
    ("title", "No abre el correo"),
    ("description", "Desde hoy no abre."),
];

fn called(session: &str, category: &str) -> Request {
    let mut fields = CALL.to_vec();
    fields.push(("category", category));
    post("/llamada")
        .seen_by(session)
        .from_own_page()
        .form(&fields)
}

#[tokio::test]
async fn a_call_is_registered_taken_and_attended_in_one_commit() {
    let (world, intake) = started().await;
    let agent = world.signed_in(AGENT).await;
    let answer = intake.answers(&called(&agent, "plataforma")).await;
    assert_eq!(answer.status, 303);
    let page = "/solicitudes/1?hecho=atendida";
    assert_eq!(answer.header("location"), Some(page));
    let (ticket, case) = the_ticket(&world).await;
    assert_eq!(case.kinds().await, ["registered", "assigned", "contacted"]);
    assert_eq!((ticket.state, ticket.version), (State::Assigned, 3));
    assert_eq!(ticket.assignee.as_ref().unwrap().email.as_str(), AGENT);
    assert_eq!(ticket.clocks.attention.state, ClockState::Met);
    assert_eq!(ticket.request.channel, Channel::Phone);
    assert_eq!(ticket.request.extension.as_deref(), Some("391"));
    let requester = &ticket.request.requester;
    assert_eq!(
        (requester.person.email.as_str(), requester.unit.as_deref()),
        (LUIS, Some("Dirección General"))
    );
    assert_eq!(world.load(AGENT), 1);
    let written = world.operations();
    let written = written.iter().filter(|o| *o == "TransactWriteItems");
    assert_eq!(written.count(), 1);

    // Pressed twice it is the same.
    let rows = world.rows();
    let again = intake.answers(&called(&agent, "plataforma")).await;
    assert_eq!((again.status, again.header("location")), (303, Some(page)));
    world.must_still_have(&rows);
    // A script is told where to go on.
    let by_script = called(&agent, "plataforma").header("accept", "application/json");
    let by_script = intake.answers(&by_script).await;
    assert_eq!(by_script.must_be(201)["number"], 1);
    assert_eq!(by_script.header("location"), Some(page));
}

#[tokio::test]
async fn a_call_of_which_nothing_is_known_is_whole_or_not_there() {
    let (world, intake) = started().await;
    let agent = world.signed_in(AGENT).await;
    // The function dies, or the table does not answer, in the middle of it.
    world.fails("TransactWriteItems", 0..9, Fault::Failed);
    let failed = intake.answers(&called(&agent, "plataforma")).await;
    assert_eq!(failed.status, 503);
    assert!(
        failed.body.contains("Desde hoy no abre."),
        "{}",
        failed.body
    );
    assert!(failed.body.contains("llamada-1"), "the key comes back");
    assert_eq!(world.tickets().await.len(), 0);
    world.heals();
    let again = intake.answers(&called(&agent, "plataforma")).await;
    assert_eq!(again.status, 303);
    let (_, case) = the_ticket(&world).await;
    assert_eq!(case.kinds().await, ["registered", "assigned", "contacted"]);
}

#[tokio::test]
async fn a_call_about_what_another_team_does_is_registered_for_them() {
    let (world, intake) = started().await;
    let agent = world.signed_in(AGENT).await;
    let answer = intake.answers(&called(&agent, "impresion")).await;
    assert_eq!(answer.status, 303);
    // He could not read its page.
    assert_eq!(
        answer.header("location"),
        Some("/llamada?registrada=1&equipo=impresion")
    );
    let (ticket, case) = the_ticket(&world).await;
    assert_eq!(case.kinds().await, ["registered"]);
    assert_eq!(ticket.clocks.attention.state, ClockState::Running);
    assert_eq!(case.owed(), ["1 assign", "1 mail_registered"]);
}

#[tokio::test]
async fn whoever_takes_calls_works_at_the_desk_and_sends_it_from_here() {
    let (world, intake) = started().await;
    let ana = world.signed_in(ANA).await;
    let agent = world.signed_in(AGENT).await;
    let rows = world.rows();
    let refused = intake.answers(&called(&ana, "plataforma")).await;
    assert_eq!(refused.status, 403);
    let elsewhere = called(&agent, "plataforma").header("sec-fetch-site", "cross-site");
    assert_eq!(intake.answers(&elsewhere).await.status, 403);
    // Whose session has ended gets his words back, and nothing of anybody else's.
    let ended = intake.answers(&called("x", "plataforma")).await;
    assert_eq!(ended.status, 401);
    assert!(ended.body.contains("Desde hoy no abre."), "{}", ended.body);
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);
}

#[tokio::test]
async fn a_call_that_lacks_something_comes_back_as_it_was_typed() {
    let (world, intake) = started().await;
    let agent = world.signed_in(AGENT).await;
    let rows = world.rows();
    let fields = [("requester.email", "luis@"), ("title", "No abre <b>")];
    let request = post("/llamada")
        .seen_by(&agent)
        .from_own_page()
        .form(&fields);
    let answer = intake.answers(&request).await;
    assert_eq!(answer.status, 422);
    for shown in [
        "error-summary",
        "href=\"#correo\"",
        "href=\"#categoria\"",
        "value=\"luis@\"",
        "No abre &#60;b&#62;",
    ] {
        assert!(answer.body.contains(shown), "{shown}: {}", answer.body);
    }
    // Who is in the directory is not asked for his name.
    let fields = [("requester.email", COLLEAGUE), ("title", "No abre")];
    let request = post("/llamada")
        .seen_by(&agent)
        .from_own_page()
        .form(&fields);
    let answer = intake.answers(&request).await;
    assert!(!answer.body.contains("href=\"#nombre\""), "{}", answer.body);
    world.must_still_have(&rows);
    assert_eq!(world.all_rung(), []);
}
