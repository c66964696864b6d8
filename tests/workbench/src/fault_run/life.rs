//! The lives that tickets live, each step tried until it is answered.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::people::{OFFICER, SUPPORT, SUPPORT_MAILBOX};
use crate::{Answer, Client, Letter, Request, Smtp};

/// The pause before a step is tried again.
const PAUSE: Duration = Duration::from_millis(400);

/// Everybody that a life needs.
pub struct People {
    pub coordinator: Client,
    pub agents: Vec<Client>,
    pub officer: Client,
    pub nobody: Client,
    pub smtp_port: u16,
    pub patience: Duration,
}

/// What happens to a ticket. The first six follow the procedure's ways; the last
/// two are of people whom no mail reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// By form; solved, and rated.
    Form,
    /// By mail, with a file; rated as not solved, and solved again.
    Mail,
    /// By phone; escalated, reported, solved, rated.
    Phone,
    /// Escalated, and on to a provider; closed because nobody rated it.
    Provider,
    /// Out of scope.
    Declined,
    /// On hold, resumed, solved, rejected, solved, closed by the desk.
    Rejected,
    /// SES refuses the requester's address for good; closed by the desk.
    Refused,
    /// The requester's address bounces; closed by the desk.
    Bounced,
}

impl Kind {
    /// The kinds in turn: the last two seldom.
    pub fn of(n: usize) -> Self {
        const USUAL: [Kind; 6] = [
            Kind::Form,
            Kind::Mail,
            Kind::Phone,
            Kind::Provider,
            Kind::Declined,
            Kind::Rejected,
        ];
        match n % 20 {
            18 => Kind::Refused,
            19 => Kind::Bounced,
            _ => USUAL[n % USUAL.len()],
        }
    }
}

/// A ticket's life to come.
pub struct Life {
    pub n: usize,
    pub kind: Kind,
}

/// How a life ended.
pub struct End {
    pub number: Value,
    /// The kinds of events that its history should have, in this order, but for
    /// what time and the mail add.
    pub expected: Vec<&'static str>,
}

/// Why a life could not be lived.
pub struct Broken(pub String);

impl Life {
    pub fn new(n: usize, kind: Kind) -> Self {
        Life { n, kind }
    }

    pub fn title(&self) -> String {
        format!("Vida {}", self.n)
    }

    /// The requester, who has no other ticket.
    pub fn requester(&self) -> String {
        match self.kind {
            Kind::Bounced => format!("bounce+{}@simulator.amazonses.com", self.n),
            Kind::Refused => refused(self.n),
            _ => format!("persona{}@uspec.gov.co", self.n),
        }
    }

    /// Lives it, whatever happens around it.
    pub fn live(&self, people: &People) -> Result<End, Broken> {
        let way = Way { life: self, people };
        let requester = match self.kind {
            Kind::Bounced => people.nobody.clone(),
            _ => way.sign_in(&self.requester())?,
        };
        let number = way.register(&requester)?;
        let agent = way.agent(&number)?;
        let mut expected = vec!["registered"];
        if self.kind == Kind::Mail {
            expected.push("attachments_added");
        }
        expected.push("assigned");
        let solve = json!({ "solution": "Se cambió el cable." });
        let mut step = |client: &Client, command: &str, body: &Value, events: &[&'static str]| {
            expected.extend(events);
            let key = expected.len().to_string();
            way.command(client, &number, command, body, &key)
        };
        match self.kind {
            Kind::Form => {
                step(
                    agent,
                    "contact",
                    &json!({ "note": "Llamada" }),
                    &["contacted"],
                )?;
                step(agent, "resolution", &solve, &["resolved"])?;
            }
            Kind::Mail => {
                step(agent, "resolution", &solve, &["resolved"])?;
                let answer = json!({ "solved": false, "rating": 1, "comment": "Sigue igual." });
                way.survey(&number, &answer)?;
                expected.extend(["survey_answered", "reopened", "resolved"]);
                way.command(agent, &number, "resolution", &solve, "otra-vez")?;
            }
            Kind::Phone => {
                let wanted = json!({ "officer": OFFICER, "justification": "No responde." });
                step(agent, "escalation", &wanted, &["escalated"])?;
                let note = json!({ "body": "¿Cómo va?", "visibility": "public" });
                step(&requester, "followups", &note, &["followed_up"])?;
                let report = json!({ "body": "Se reinició." });
                step(
                    &people.officer,
                    "solution-report",
                    &report,
                    &["solution_reported"],
                )?;
                step(agent, "resolution", &solve, &["resolved"])?;
            }
            Kind::Provider => {
                let wanted = json!({ "officer": OFFICER, "justification": "Es del enlace." });
                step(agent, "escalation", &wanted, &["escalated"])?;
                let wanted = json!({ "provider": "redes_externo", "message": "Revisen." });
                step(
                    &people.officer,
                    "provider",
                    &wanted,
                    &["provider_requested"],
                )?;
                let reply = json!({ "body": "Listo." });
                step(
                    &people.officer,
                    "provider-reply",
                    &reply,
                    &["provider_replied"],
                )?;
                let report = json!({ "body": "El proveedor lo arregló." });
                step(
                    &people.officer,
                    "solution-report",
                    &report,
                    &["solution_reported"],
                )?;
                step(agent, "resolution", &solve, &["resolved"])?;
            }
            Kind::Declined => {
                let reason = json!({ "reason": "El diseño no es de la Mesa de Ayuda." });
                step(agent, "decline", &reason, &["declined"])?;
                step(agent, "closure", &json!({}), &["closed"])?;
            }
            Kind::Rejected => {
                step(
                    agent,
                    "hold",
                    &json!({ "note": "¿Qué equipo es?" }),
                    &["held"],
                )?;
                step(
                    agent,
                    "resume",
                    &json!({ "note": "Ya lo dijo." }),
                    &["resumed"],
                )?;
                step(agent, "resolution", &solve, &["resolved"])?;
                let reason = json!({ "reason": "Sigue sin red." });
                step(&requester, "rejection", &reason, &["reopened"])?;
                step(agent, "resolution", &solve, &["resolved"])?;
                step(agent, "closure", &json!({}), &["closed"])?;
            }
            // No mail reaches him: the desk learns of it, and closes it itself.
            Kind::Refused | Kind::Bounced => {
                step(agent, "resolution", &solve, &["resolved"])?;
                way.unheard(&number)?;
                step(agent, "closure", &json!({}), &["closed"])?;
            }
        }
        match self.kind {
            Kind::Form | Kind::Mail | Kind::Phone => {
                way.survey(&number, &json!({ "solved": true, "rating": 5 }))?;
                expected.extend(["survey_answered", "closed"]);
            }
            // Closed when the time is over.
            Kind::Provider => expected.push("closed"),
            Kind::Declined | Kind::Rejected | Kind::Refused | Kind::Bounced => {}
        }
        Ok(End { number, expected })
    }
}

/// An address that SES refuses for good.
pub fn refused(n: usize) -> String {
    format!("rechazada{n}@uspec.gov.co")
}

/// A life on its way.
struct Way<'a> {
    life: &'a Life,
    people: &'a People,
}

impl Way<'_> {
    fn broken(&self, what: impl Into<String>) -> Broken {
        Broken(format!("{}: {}", self.life.title(), what.into()))
    }

    /// Tries until there is what it tries for, or patience ends.
    fn until<T>(&self, what: &str, attempt: impl Fn() -> Result<T, String>) -> Result<T, Broken> {
        let began = Instant::now();
        loop {
            match attempt() {
                Ok(found) => return Ok(found),
                Err(why) if began.elapsed() > self.people.patience => {
                    return Err(self.broken(format!("{what}: {why}")));
                }
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    /// An answer of this status; what may pass is tried again.
    fn ask(
        &self,
        what: &str,
        status: u16,
        request: impl Fn() -> Result<Answer, String>,
    ) -> Result<Answer, Broken> {
        let answer = self.until(what, || {
            let answer = request()?;
            match answer.status {
                429 | 500 | 502 | 503 | 504 => Err(format!("{} {}", answer.status, answer.body)),
                _ => Ok(answer),
            }
        })?;
        if answer.status == status {
            Ok(answer)
        } else {
            Err(self.broken(format!("{what}: {} {}", answer.status, answer.body)))
        }
    }

    fn get(&self, client: &Client, path: &str) -> Result<Value, Broken> {
        let answer = self.ask(path, 200, || sent(client.request("GET", path)))?;
        Ok(answer.json())
    }

    fn sign_in(&self, email: &str) -> Result<Client, Broken> {
        let body = json!({ "email": email });
        let nobody = &self.people.nobody;
        let answer = self.ask("sign in", 200, || {
            sent(nobody.request("POST", "/_local/token").json(&body))
        })?;
        let token = answer.json()["token"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        Ok(nobody.authorized(&format!("Bearer {token}")))
    }

    /// Registers the request, and gives its number.
    fn register(&self, requester: &Client) -> Result<Value, Broken> {
        let title = self.life.title();
        let mut body = json!({ "title": title, "description": "No funciona." });
        let (client, category) = match self.life.kind {
            Kind::Mail => return self.write(requester),
            Kind::Phone | Kind::Bounced | Kind::Refused => {
                let requester = json!({ "email": self.life.requester(), "name": "Quien llama" });
                body["channel"] = json!("phone");
                body["extension"] = json!("391");
                body["requester"] = requester;
                (
                    &self.people.agents[self.life.n % SUPPORT.len()],
                    "plataforma",
                )
            }
            Kind::Form | Kind::Provider => (requester, "plataforma"),
            Kind::Declined => {
                body["web_request"] = json!({ "action": "design" });
                (requester, "publicacion_web")
            }
            Kind::Rejected => (requester, "redes"),
        };
        body["category"] = json!(category);
        let key = format!("{title}-registro").replace(' ', "-");
        let answer = self.ask("register", 201, || {
            let request = client.request("POST", "/tickets").json(&body);
            sent(request.header("idempotency-key", &key))
        })?;
        Ok(answer.json()["number"].clone())
    }

    /// Writes a mail, again where nobody said that it was taken.
    fn write(&self, requester: &Client) -> Result<Value, Broken> {
        let from = self.life.requester();
        let letter = Letter::new(&from, &self.life.title(), "No funciona.")
            .with("Message-ID", &format!("<vida-{}@uspec.gov.co>", self.life.n))
            .part(
                "Content-Type: text/plain\nContent-Disposition: attachment; filename=\"registro.txt\"",
                "Una línea.",
            );
        let raw = letter.raw();
        self.until("write", || {
            let mut smtp = Smtp::try_connect(self.people.smtp_port).map_err(|e| e.to_string())?;
            let reply = smtp.try_send(&from, &[SUPPORT_MAILBOX], &raw);
            let reply = reply.map_err(|e| e.to_string())?;
            (reply.code == 250).then_some(()).ok_or(reply.text)
        })?;
        self.until("the mail's ticket", || {
            let listed = self.get(requester, "/tickets").map_err(|Broken(why)| why)?;
            let number = listed["items"][0]["number"].clone();
            Some(number).filter(Value::is_u64).ok_or("none".to_owned())
        })
    }

    /// Waits until somebody is responsible.
    fn agent(&self, number: &Value) -> Result<&Client, Broken> {
        let ticket = self.until("it is assigned", || {
            let path = format!("/tickets/{number}");
            let ticket = self.get(&self.people.coordinator, &path);
            let ticket = ticket.map_err(|Broken(why)| why)?;
            let is_assigned = ticket["assignee"].is_object();
            is_assigned
                .then_some(ticket)
                .ok_or("not assigned".to_owned())
        })?;
        let email = ticket["assignee"]["email"].as_str().unwrap_or_default();
        let agent = SUPPORT.iter().position(|agent| *agent == email);
        let agent = agent.ok_or_else(|| self.broken(format!("{email} is no agent")))?;
        Ok(&self.people.agents[agent])
    }

    /// Waits until it is on record that no mail reaches whoever asked.
    fn unheard(&self, number: &Value) -> Result<(), Broken> {
        let path = format!("/tickets/{number}/events?limit=100");
        self.until("the bounce is on record", || {
            let events = self.get(&self.people.coordinator, &path);
            let events = events.map_err(|Broken(why)| why)?;
            let mut events = events["items"].as_array().into_iter().flatten();
            let bounced = events.any(|event| event["kind"] == "mail_bounced");
            bounced.then_some(()).ok_or("not yet".to_owned())
        })
    }

    fn command(
        &self,
        client: &Client,
        number: &Value,
        command: &str,
        body: &Value,
        key: &str,
    ) -> Result<(), Broken> {
        let path = format!("/tickets/{number}/{command}");
        let key = format!("vida-{}-{command}-{key}", self.life.n);
        self.ask(&path, 200, || {
            let request = client.request("POST", &path).json(body);
            sent(request.header("idempotency-key", &key))
        })?;
        Ok(())
    }

    /// Answers the survey of the solution at hand, by the link in the mail.
    fn survey(&self, number: &Value, answer: &Value) -> Result<(), Broken> {
        let again = answer["solved"] == true && self.life.kind == Kind::Mail;
        let wanted = if again { 2 } else { 1 };
        let listed = format!("/_local/mail?to={}", self.life.requester());
        let path = self.until("the survey's mail", || {
            let mails = self.get(&self.people.nobody, &listed);
            let mails = mails.map_err(|Broken(why)| why)?;
            let mut links: Vec<String> = Vec::new();
            for mail in mails["items"].as_array().into_iter().flatten() {
                let text = mail["text"].as_str().unwrap_or_default();
                if let Some((_, rest)) = text.split_once("/surveys/") {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
                    let link = format!("/surveys/{}", &rest[..end.unwrap_or(rest.len())]);
                    if !links.contains(&link) {
                        links.push(link);
                    }
                }
            }
            let link = links.get(wanted - 1).cloned();
            link.ok_or(format!("{} of {wanted} links", links.len()))
        })?;
        let key = format!("vida-{}-encuesta-{wanted}", self.life.n);
        let what = format!("the survey of {number}");
        self.ask(&what, 200, || {
            let request = self.people.nobody.request("POST", &path).json(answer);
            sent(request.header("idempotency-key", &key))
        })?;
        Ok(())
    }
}

fn sent(request: Request<'_>) -> Result<Answer, String> {
    request.try_send().map_err(|error| error.to_string())
}
