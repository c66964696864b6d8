//! The lives that tickets live, each step tried until it is answered.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::coordination::Coordination;
use crate::people::{COORDINATOR, HEAD, OFFICER, OTHER_OFFICER, SUPPORT, SUPPORT_MAILBOX};
use crate::{Answer, Client, Host, Letter, Request, Smtp};

/// The pause before a step is tried again.
const PAUSE: Duration = Duration::from_millis(400);

/// Everybody that a life needs.
pub struct People {
    pub coordination: Coordination,
    staff: BTreeMap<&'static str, Client>,
    pub nobody: Client,
    pub smtp_port: u16,
    pub patience: Duration,
}

impl People {
    pub fn of(host: &Host, patience: Duration) -> Self {
        let work = [COORDINATOR, HEAD, OFFICER, OTHER_OFFICER];
        let staff = work.into_iter().chain(SUPPORT);
        People {
            coordination: Coordination::new(host.client(COORDINATOR)),
            staff: staff.map(|email| (email, host.client(email))).collect(),
            nobody: host.nobody(),
            smtp_port: host.smtp_port(),
            patience,
        }
    }

    /// One of those who work, by his address.
    fn named(&self, email: &str) -> Option<(&'static str, &Client)> {
        let found = self.staff.get_key_value(email);
        found.map(|(email, client)| (*email, client))
    }
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
        let outset = Outset { life: self, people };
        let requester = match self.kind {
            Kind::Bounced => people.nobody.clone(),
            _ => outset.sign_in(&self.requester())?,
        };
        let number = outset.register(&requester)?;
        let mut expected = vec!["registered"];
        if self.kind == Kind::Mail {
            expected.push("attachments_added");
        }
        expected.push("assigned");
        let mut way = Way {
            agent: outset.agent(&number)?,
            officer: OFFICER,
            outset,
            number,
            expected,
        };
        way.go(&requester)?;
        let Way {
            number, expected, ..
        } = way;
        Ok(End { number, expected })
    }
}

/// An address that SES refuses for good.
pub fn refused(n: usize) -> String {
    format!("rechazada{n}@uspec.gov.co")
}

/// A life before there is a ticket.
struct Outset<'a> {
    life: &'a Life,
    people: &'a People,
}

/// A life on its way.
struct Way<'a> {
    outset: Outset<'a>,
    number: Value,
    /// Whoever is responsible, as far as is known.
    agent: &'static str,
    /// Whoever it is escalated to.
    officer: &'static str,
    /// What has happened so far.
    expected: Vec<&'static str>,
}

impl Way<'_> {
    fn go(&mut self, requester: &Client) -> Result<(), Broken> {
        let solve = json!({ "solution": "Se cambió el cable." });
        let kind = self.outset.life.kind;
        match kind {
            Kind::Form => {
                self.by_agent("contact", &json!({ "note": "Llamada" }), "contacted")?;
                self.by_agent("resolution", &solve, "resolved")?;
            }
            Kind::Mail => {
                self.by_agent("resolution", &solve, "resolved")?;
                let answer = json!({ "solved": false, "rating": 1, "comment": "Sigue igual." });
                self.survey(&answer, "reopened")?;
                self.by_agent("resolution", &solve, "resolved")?;
            }
            Kind::Phone => {
                self.escalate("No responde.", By::Agent)?;
                let note = json!({ "body": "¿Cómo va?", "visibility": "public" });
                self.by(requester, "followups", &note, "followed_up")?;
                self.with_officer()?;
                self.report("Se reinició.")?;
                self.by_agent("resolution", &solve, "resolved")?;
            }
            Kind::Provider => {
                self.escalate("Es del enlace.", By::Agent)?;
                let wanted = json!({ "provider": "redes_externo", "message": "Revisen." });
                let reply = json!({ "body": "Listo." });
                loop {
                    self.with_officer()?;
                    self.by_officer("provider", &wanted, "provider_requested")?;
                    // Whoever gets it from him asks the provider himself.
                    if !self.with_officer()? {
                        break;
                    }
                }
                self.by_officer("provider-reply", &reply, "provider_replied")?;
                self.with_officer()?;
                self.report("El proveedor lo arregló.")?;
                self.by_agent("resolution", &solve, "resolved")?;
            }
            Kind::Declined => {
                let reason = json!({ "reason": "El diseño no es de la Mesa de Ayuda." });
                self.by_agent("decline", &reason, "declined")?;
                self.by_agent("closure", &json!({}), "closed")?;
            }
            Kind::Rejected => {
                self.by_agent("hold", &json!({ "note": "¿Qué equipo es?" }), "held")?;
                self.by_agent("resume", &json!({ "note": "Ya lo dijo." }), "resumed")?;
                self.by_agent("resolution", &solve, "resolved")?;
                let reason = json!({ "reason": "Sigue sin red." });
                self.by(requester, "rejection", &reason, "reopened")?;
                self.by_agent("resolution", &solve, "resolved")?;
                self.by_agent("closure", &json!({}), "closed")?;
            }
            // No mail reaches him: the desk learns of it, and closes it itself.
            Kind::Refused | Kind::Bounced => {
                self.by_agent("resolution", &solve, "resolved")?;
                self.outset.unheard(&self.number)?;
                self.by_agent("closure", &json!({}), "closed")?;
            }
        }
        match kind {
            Kind::Form | Kind::Mail | Kind::Phone => {
                self.survey(&json!({ "solved": true, "rating": 5 }), "closed")?;
            }
            // Closed when the time is over.
            Kind::Provider => self.expected.push("closed"),
            Kind::Declined | Kind::Rejected | Kind::Refused | Kind::Bounced => {}
        }
        Ok(())
    }

    /// A step of somebody whom nothing takes it from.
    fn by(
        &mut self,
        client: &Client,
        command: &str,
        body: &Value,
        event: &'static str,
    ) -> Result<(), Broken> {
        let answer = self.command(client, command, body, "")?;
        self.outset.must_be(200, command, &answer)?;
        self.expected.push(event);
        Ok(())
    }

    /// A step of whoever is responsible. Where that is somebody else by now, he looks
    /// whether it was taken, and takes it otherwise.
    fn by_agent(&mut self, command: &str, body: &Value, event: &'static str) -> Result<(), Broken> {
        let began = Instant::now();
        loop {
            let client = self.client(self.agent)?;
            let answer = self.command(client, command, body, self.agent)?;
            if answer.status == 200 || self.has_come(event)? {
                self.expected.push(event);
                return Ok(());
            }
            self.gone_from_agent(command, &answer, began)?;
        }
    }

    fn by_officer(
        &mut self,
        command: &str,
        body: &Value,
        event: &'static str,
    ) -> Result<(), Broken> {
        let client = self.client(self.officer)?.clone();
        self.by(&client, command, body, event)
    }

    fn report(&mut self, body: &str) -> Result<(), Broken> {
        let report = json!({ "body": body });
        self.by_officer("solution-report", &report, "solution_reported")
    }

    /// Escalates it to an officer who is there.
    fn escalate(&mut self, why: &str, by: By) -> Result<(), Broken> {
        let began = Instant::now();
        let coordination = &self.outset.people.coordination;
        loop {
            let officer = coordination.officer();
            let wanted = json!({ "officer": officer, "justification": why });
            let who = match by {
                By::Agent => self.agent,
                By::Head => HEAD,
            };
            let client = self.client(who)?;
            let key = format!("{officer}-{who}");
            let answer = self.command(client, "escalation", &wanted, &key)?;
            if answer.status == 200 {
                self.officer = officer;
                break;
            }
            if self.has_come("escalated")? {
                let ticket = self.ticket()?;
                let email = ticket["officer"]["email"].as_str().unwrap_or_default();
                let officer = self.outset.people.named(email);
                let officer = officer.ok_or_else(|| self.outset.broken("no officer has it"))?;
                self.officer = officer.0;
                break;
            }
            let is_away = answer.status == 422 && answer.body.contains("confirm_away");
            match by {
                // He has just gone; the other one is there.
                _ if is_away && coordination.accounts_for(officer, began) => {
                    self.outset.pause("escalation", began)?;
                }
                By::Agent => self.gone_from_agent("escalation", &answer, began)?,
                By::Head => return Err(self.outset.refused("escalation", &answer)),
            }
        }
        self.expected.push("escalated");
        Ok(())
    }

    /// Where the officer is away the head gives it to the other one. Says whether
    /// that was so.
    fn with_officer(&mut self) -> Result<bool, Broken> {
        let is_away = self.outset.people.coordination.is_away(self.officer);
        if is_away {
            self.escalate("No está.", By::Head)?;
        }
        Ok(is_away)
    }

    /// Whoever was taken to be responsible was refused: who is? It breaks where
    /// nobody took it off him.
    fn gone_from_agent(
        &mut self,
        command: &str,
        answer: &Answer,
        began: Instant,
    ) -> Result<(), Broken> {
        self.outset.pause(command, began)?;
        let ticket = self.ticket()?;
        let whose = ticket["assignee"]["email"].as_str();
        let is_his = whose == Some(self.agent);
        let coordination = &self.outset.people.coordination;
        if is_his && !coordination.accounts_for(self.agent, began) {
            return Err(self.outset.refused(command, answer));
        }
        // What is solved goes to nobody else: the coordination sees to it.
        if ticket["status"] == "solved" && (is_his || whose.is_none()) {
            self.agent = COORDINATOR;
        } else if !is_his {
            self.agent = self.outset.agent(&self.number)?;
        }
        Ok(())
    }

    /// Whether an event that is to come has come once more than it had.
    fn has_come(&self, event: &str) -> Result<bool, Broken> {
        let path = format!("/tickets/{}/events?limit=100", self.number);
        let events = self
            .outset
            .get(&self.outset.people.coordination.client, &path)?;
        let events = events["items"].as_array().into_iter().flatten();
        let come = events.filter(|of| of["kind"] == event).count();
        let had = self.expected.iter().filter(|kind| **kind == event).count();
        Ok(come > had)
    }

    fn ticket(&self) -> Result<Value, Broken> {
        let path = format!("/tickets/{}", self.number);
        self.outset
            .get(&self.outset.people.coordination.client, &path)
    }

    fn client(&self, email: &str) -> Result<&Client, Broken> {
        let named = self.outset.people.named(email);
        let named =
            named.ok_or_else(|| self.outset.broken(format!("{email} does not work here")))?;
        Ok(named.1)
    }

    /// What is answered to a command: of whoever gives it, at this point of the life.
    fn command(
        &self,
        client: &Client,
        command: &str,
        body: &Value,
        whose: &str,
    ) -> Result<Answer, Broken> {
        let path = format!("/tickets/{}/{command}", self.number);
        let (n, point) = (self.outset.life.n, self.expected.len());
        let key = format!("vida-{n}-{command}-{point}-{whose}");
        self.outset.answer(&path, || {
            let request = client.request("POST", &path).json(body);
            sent(request.header("idempotency-key", &key))
        })
    }

    /// Answers the survey of the solution at hand, by the link in the mail.
    fn survey(&mut self, answer: &Value, then: &'static str) -> Result<(), Broken> {
        self.outset.survey(&self.number, answer)?;
        self.expected.extend(["survey_answered", then]);
        Ok(())
    }
}

/// Who escalates.
#[derive(Clone, Copy)]
enum By {
    Agent,
    Head,
}

impl Outset<'_> {
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

    /// Waits before something is tried in another way, unless patience has ended.
    fn pause(&self, what: &str, began: Instant) -> Result<(), Broken> {
        if began.elapsed() > self.people.patience {
            return Err(self.broken(format!("{what}: nobody can do it")));
        }
        std::thread::sleep(PAUSE);
        Ok(())
    }

    fn refused(&self, what: &str, answer: &Answer) -> Broken {
        self.broken(format!("{what}: {} {}", answer.status, answer.body))
    }

    fn must_be(&self, status: u16, what: &str, answer: &Answer) -> Result<(), Broken> {
        match answer.status == status {
            true => Ok(()),
            false => Err(self.refused(what, answer)),
        }
    }

    /// What is answered; what may pass is tried again.
    fn answer(
        &self,
        what: &str,
        request: impl Fn() -> Result<Answer, String>,
    ) -> Result<Answer, Broken> {
        self.until(what, || {
            let answer = request()?;
            match answer.status {
                429 | 500 | 502 | 503 | 504 => Err(format!("{} {}", answer.status, answer.body)),
                _ => Ok(answer),
            }
        })
    }

    /// An answer of this status; what may pass is tried again.
    fn ask(
        &self,
        what: &str,
        status: u16,
        request: impl Fn() -> Result<Answer, String>,
    ) -> Result<Answer, Broken> {
        let answer = self.answer(what, request)?;
        self.must_be(status, what, &answer)?;
        Ok(answer)
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
        if self.life.kind == Kind::Mail {
            return self.write(requester);
        }
        let began = Instant::now();
        let by_phone = matches!(self.life.kind, Kind::Phone | Kind::Bounced | Kind::Refused);
        let mut category = match self.life.kind {
            Kind::Declined => "publicacion_web",
            Kind::Rejected => "redes",
            _ => "plataforma",
        };
        let mut desk = SUPPORT.iter().cycle().skip(self.life.n % SUPPORT.len());
        let mut whose = desk.next().copied().unwrap_or_default();
        loop {
            let client = match by_phone {
                true => self.people.named(whose).map_or(requester, |named| named.1),
                false => requester,
            };
            let answer = self.application(client, category, whose)?;
            let coordination = &self.people.coordination;
            match answer.status {
                201 => return Ok(answer.json()["number"].clone()),
                // It is offered no more: what comes closest to it.
                422 if category == "redes" && coordination.accounts_for("redes", began) => {
                    category = "aplicaciones";
                }
                // Whoever picked up has left: a colleague does.
                403 if by_phone && coordination.accounts_for(whose, began) => {
                    self.pause("register", began)?;
                    whose = desk.next().copied().unwrap_or_default();
                }
                _ => return Err(self.refused("register", &answer)),
            }
        }
    }

    /// What is answered to the request, of this category and by whoever picked up.
    fn application(&self, client: &Client, category: &str, whose: &str) -> Result<Answer, Broken> {
        let title = self.life.title();
        let mut body =
            json!({ "title": title, "description": "No funciona.", "category": category });
        match self.life.kind {
            Kind::Phone | Kind::Bounced | Kind::Refused => {
                let requester = json!({ "email": self.life.requester(), "name": "Quien llama" });
                body["channel"] = json!("phone");
                body["extension"] = json!("391");
                body["requester"] = requester;
            }
            Kind::Declined => body["web_request"] = json!({ "action": "design" }),
            Kind::Form | Kind::Mail | Kind::Provider | Kind::Rejected => {}
        }
        let key = format!("vida-{}-registro-{category}-{whose}", self.life.n);
        self.answer("register", || {
            let request = client.request("POST", "/tickets").json(&body);
            sent(request.header("idempotency-key", &key))
        })
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
    fn agent(&self, number: &Value) -> Result<&'static str, Broken> {
        let ticket = self.until("it is assigned", || {
            let path = format!("/tickets/{number}");
            let ticket = self.get(&self.people.coordination.client, &path);
            let ticket = ticket.map_err(|Broken(why)| why)?;
            let is_assigned = ticket["assignee"].is_object();
            is_assigned
                .then_some(ticket)
                .ok_or("not assigned".to_owned())
        })?;
        let email = ticket["assignee"]["email"].as_str().unwrap_or_default();
        let agent = SUPPORT.into_iter().find(|agent| *agent == email);
        agent.ok_or_else(|| self.broken(format!("{email} is no agent")))
    }

    /// Waits until it is on record that no mail reaches whoever asked.
    fn unheard(&self, number: &Value) -> Result<(), Broken> {
        let path = format!("/tickets/{number}/events?limit=100");
        self.until("the bounce is on record", || {
            let events = self.get(&self.people.coordination.client, &path);
            let events = events.map_err(|Broken(why)| why)?;
            let mut events = events["items"].as_array().into_iter().flatten();
            let bounced = events.any(|event| event["kind"] == "mail_bounced");
            bounced.then_some(()).ok_or("not yet".to_owned())
        })
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
