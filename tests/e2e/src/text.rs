//! What people write arrives as they wrote it, and as nothing else.

use std::collections::BTreeSet;

use serde_json::json;
use workbench::people::{ANA, LUIS, SUPPORT, SUPPORT_MAILBOX};
use workbench::{Host, Mail};

use crate::{assignee, await_assigned, last_mail, survey_of};

/// The headers that our mails have, and none that somebody smuggled in.
const HEADERS: [&str; 13] = [
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "X-USPEC-Ticket",
    "MIME-Version",
    "Content-Type",
];

const TITLE: &str =
    r#"Impresión dañada: «ñandú» 🖨️ <b>"&'</b> =?utf-8?q?x?= %0D%0ABcc: x@y.co \r\n"#;
const NAME: &str = r#"José "Pepe" Ñáñez <script>alert('1')</script> 👩‍💻, Oficina"#;

fn description() -> String {
    [
        "Primera línea con tilde: acción, ñ, ü, ¿?, €.",
        "",
        "<script>alert(\"hola\")</script> & <img src=x onerror=alert(1)> &amp; &lt;",
        ".",
        "From quien sea",
        "Bcc: victima@example.com",
        "--boundary",
        "\tTabulado 👨‍👩‍👧‍👦 中文 العربية",
        &"larga ".repeat(400),
    ]
    .join("\r\n")
}

/// HTML's entities as the templates write them.
fn unescaped(html: &str) -> String {
    [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#38;", "&"),
    ]
    .iter()
    .fold(html.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// Line by line, without what the text part puts before quoted lines.
fn lines(text: &str) -> Vec<&str> {
    text.lines()
        .map(|line| line.strip_prefix("> ").unwrap_or(line).trim_end())
        .collect()
}

/// The mail is well-formed and says `quote` in both of its parts.
#[track_caller]
fn check(mail: &Mail, kind: &str, number: u64, quote: &str) {
    assert_eq!(
        mail.subject,
        format!("[USPEC #{number:06}] {kind}: {TITLE}")
    );
    for name in HEADERS {
        assert_eq!(mail.headers(name).len(), 1, "{name}: {mail:?}");
    }
    assert_eq!(mail.header_names(), BTreeSet::from(HEADERS));
    for name in HEADERS {
        let value = mail.headers(name)[0];
        assert!(value.is_ascii(), "{name}: {value}");
    }
    let text = lines(&mail.text);
    for line in lines(quote) {
        assert!(text.contains(&line), "{line:?} in {:?}", mail.text);
    }
    for tag in ["<script", "<img", "<b>", "&amp;amp;"] {
        assert!(!mail.html.contains(tag), "{tag}: {}", mail.html);
    }
    let html = unescaped(&mail.html).replace("\r\n", "\n");
    assert!(html.contains(&quote.replace("\r\n", "\n")), "{}", mail.html);
    assert!(html.contains(TITLE), "{}", mail.html);
}

#[test]
fn what_people_write_comes_out_right() {
    let host = Host::start();
    let body = json!({
        "title": TITLE,
        "description": description(),
        "category": "plataforma",
        "channel": "phone",
        "requester": { "email": ANA, "name": NAME, "unit": "Dirección «A»" },
    });
    let desk = host.client(SUPPORT[0]);
    let registered = desk.post("/tickets", &body).must_be(201).json();
    let ana = host.client(ANA);
    let ticket = await_assigned(&ana, &registered);
    let number = &ticket["number"];
    for shown in [&registered, &ticket, &ana.list("/tickets?limit=1")[0]] {
        assert_eq!(shown["title"], body["title"]);
        assert_eq!(shown["requester"]["name"], NAME);
        assert_eq!(shown["requester"]["unit"], "Dirección «A»");
    }
    for shown in [&registered, &ticket] {
        assert_eq!(shown["description"], body["description"]);
    }
    host.settle();
    let agent = assignee(&ticket).to_owned();
    let mail = last_mail(&host, ANA, "Solicitud registrada");
    check(&mail, "Solicitud registrada", 1, &description());
    let greeting = format!("Estimado(a) {NAME}:");
    assert!(mail.text.contains(&greeting), "{}", mail.text);
    assert!(unescaped(&mail.html).contains(&greeting), "{}", mail.html);
    let mail = last_mail(&host, &agent, "Solicitud asignada a usted");
    check(&mail, "Solicitud asignada a usted", 1, &description());

    // Notes, the solution, the survey's page and its comment.
    let agent_client = host.client(&agent);
    let note = json!({ "body": description(), "visibility": "public" });
    ana.command(number, "followups", &note).must_be(200);
    agent_client
        .command(number, "followups", &note)
        .must_be(200);
    let solution = json!({ "solution": description() });
    let solved = agent_client
        .command(number, "resolution", &solution)
        .must_be(200)
        .json();
    assert_eq!(solved["solution"], description());
    host.settle();
    for (to, kind) in [
        (agent.as_str(), "El solicitante escribió"),
        (ANA, "Nuevo seguimiento"),
        (ANA, "Solicitud resuelta"),
    ] {
        check(&last_mail(&host, to, kind), kind, 1, &description());
    }
    let survey = survey_of(&host, ANA);
    let page = host
        .nobody()
        .request("GET", &survey)
        .header("accept", "text/html")
        .send()
        .must_be(200);
    // The page has a script and words in bold of its own.
    for tag in ["<script>", "<img", TITLE] {
        assert!(!page.body.contains(tag), "{tag}: {}", page.body);
    }
    assert!(unescaped(&page.body).contains(TITLE), "{}", page.body);
    let comment = "Gracias 🙏 <b>a todos</b>\r\nSubject: otra cosa";
    let answer = json!({ "solved": true, "rating": 5, "comment": comment });
    host.nobody().post(&survey, &answer).must_be(200);
    host.settle();
    let kind = "El usuario respondió la encuesta";
    check(&last_mail(&host, SUPPORT_MAILBOX, kind), kind, 1, comment);

    the_longest_title(&host);
}

/// Two hundred characters of four bytes each: the subject is folded on its way
/// and whole when it arrives.
fn the_longest_title(host: &Host) {
    let luis = host.client(LUIS);
    let title = "🖨".repeat(200);
    let ticket = luis.register("redes", &format!("  {title} "));
    assert_eq!(ticket["title"], title);
    host.settle();
    let mail = last_mail(host, LUIS, "Solicitud registrada");
    assert_eq!(
        mail.subject,
        format!("[USPEC #000002] Solicitud registrada: {title}")
    );
}
