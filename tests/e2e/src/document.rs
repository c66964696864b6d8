//! The examples of the API's document, carried out in the order of a ticket's life.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use workbench::forms::{self, CONTRACTING};
use workbench::people::{ANA, COORDINATOR, LUIS, OFFICER, SUPPORT};
use workbench::{Answer, Client, Host, Letter};

use crate::files::put;
use crate::mail::{OUTSIDER, asked, check_no_dead_letters, file, taken};
use crate::{assigned, survey_of};

/// The document, as the desk serves it, and what of it was carried out.
struct Document {
    value: Value,
    done: BTreeSet<String>,
}

impl Document {
    /// Follows references to elsewhere in the document.
    fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => {
                let place = reference.strip_prefix('#').unwrap();
                self.resolved(self.value.pointer(place).unwrap())
            }
            None => value,
        }
    }

    /// Path, method and description of an operation.
    #[track_caller]
    fn operation(&self, name: &str) -> (&str, &str, &Value) {
        let paths = self.value["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, operation)| (path.as_str(), method.as_str(), operation))
        });
        let mut named = operations.filter(|(_, _, o)| o["operationId"] == name);
        named.next().unwrap_or_else(|| panic!("no {name}"))
    }

    /// The one example of a body.
    #[track_caller]
    fn example<'a>(&'a self, described: &'a Value) -> &'a Value {
        if let Some(example) = described.get("example") {
            return example;
        }
        let examples = described["examples"].as_object().unwrap();
        let mut examples = examples.values();
        let (Some(one), None) = (examples.next(), examples.next()) else {
            panic!("not one example: {described}")
        };
        &self.resolved(one)["value"]
    }

    /// Carries an operation's example out, with this in its path, and holds the
    /// answer against what is documented.
    #[track_caller]
    fn carry_out(&mut self, who: &Client, name: &str, in_path: &[(&str, &str)]) -> Answer {
        let (path, method, operation) = self.operation(name);
        let mut path = in_path.iter().fold(path.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let query = parameters.map(|p| self.resolved(p)).filter_map(|p| {
            let value = &p["example"];
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (p["in"] == "query" && !value.is_null())
                .then(|| format!("{}={text}", p["name"].as_str().unwrap()))
        });
        let query: Vec<_> = query.collect();
        if !query.is_empty() {
            path = format!("{path}?{}", query.join("&"));
        }
        let mut request = who.request(&method.to_uppercase(), &path);
        let body = &operation["requestBody"]["content"]["application/json"];
        if !body.is_null() {
            let example = self.example(body);
            assert_eq!(self.errors(&body["schema"], example), "", "{name}");
            request = request.json(example);
        }
        let sheet = &operation["requestBody"]["content"]["text/csv"];
        if !sheet.is_null() {
            let example = self.example(sheet);
            assert_eq!(self.errors(&sheet["schema"], example), "", "{name}");
            let text = example.as_str().unwrap();
            request = request.body("text/csv", text.as_bytes());
        }
        let answer = request.send();
        self.check(name, operation, &answer);
        self.done.insert(name.to_owned());
        answer
    }

    /// The answer is the documented one of those where all goes well.
    #[track_caller]
    fn check(&self, name: &str, operation: &Value, answer: &Answer) {
        let responses: &Map<_, _> = operation["responses"].as_object().unwrap();
        let status = answer.status.to_string();
        let mut good = responses.keys().filter(|status| status.as_str() < "400");
        let body = &answer.body;
        assert!(good.any(|good| *good == status), "{name}: {status} {body}");
        let documented = &responses[&status];
        for header in documented["headers"].as_object().into_iter().flatten() {
            assert_ne!(answer.header(header.0), "", "{name}: {header:?}");
        }
        let content = &documented["content"]["application/json"];
        if !content.is_null() {
            let errors = self.errors(&content["schema"], &answer.json());
            assert_eq!(errors, "", "{name}: {body}");
            if !content["examples"].is_null() {
                let example = self.example(content);
                assert_eq!(self.errors(&content["schema"], example), "", "{name}");
            }
        }
    }

    /// What of a value is not as its schema has it.
    fn errors(&self, schema: &Value, value: &Value) -> String {
        let mut schema = schema.clone();
        schema["components"] = self.value["components"].clone();
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        let errors = validator.iter_errors(value);
        let lines = errors.map(|e| format!("{}: {e}\n", e.instance_path()));
        lines.collect()
    }

    #[track_caller]
    fn carry_out_on(&mut self, who: &Client, name: &str, ticket: &Value) -> Value {
        let number = ticket["number"].to_string();
        self.carry_out(who, name, &[("ref", &number)]).json()
    }
}

#[test]
fn its_examples_are_a_tickets_life() {
    let host = Host::start();
    let [nobody, ana, officer, coordinator] = [
        host.nobody(),
        host.client(ANA),
        host.client(OFFICER),
        host.client(COORDINATOR),
    ];
    // Whom the example of an assignment names.
    let agent = host.client(SUPPORT[1]);
    let value = nobody.get("/openapi.json").must_be(200).json();
    let done = BTreeSet::new();
    let mut document = Document { value, done };
    document.carry_out(&nobody, "Document", &[]);
    document.carry_out(&ana, "Catalogue", &[]);

    let ticket = document.carry_out(&ana, "Register", &[]).json();
    crate::await_assigned(&ana, &ticket);
    take(&coordinator, &ticket);
    document.carry_out_on(&coordinator, "Assign", &ticket);
    for name in ["Contact", "Hold", "Resume", "FollowUp", "Escalate"] {
        document.carry_out_on(&agent, name, &ticket);
    }
    document.carry_out_on(&officer, "Return", &ticket);
    document.carry_out_on(&agent, "Escalate", &ticket);
    for name in ["RequestProvider", "RecordProviderReply", "ReportSolution"] {
        document.carry_out_on(&officer, name, &ticket);
    }
    document.carry_out_on(&agent, "Resolve", &ticket);
    host.settle();
    let survey = survey_of(&host, ANA);
    let token = survey.strip_prefix("/surveys/").unwrap();
    document.carry_out(&nobody, "ShowSurvey", &[("token", token)]);
    let closed = document.carry_out(&nobody, "AnswerSurvey", &[("token", token)]);
    assert_eq!(closed.json()["status"], "closed");
    for name in ["Show", "Clocks", "History"] {
        // To whoever sees all of it, too.
        document.carry_out_on(&ana, name, &ticket);
        document.carry_out_on(&coordinator, name, &ticket);
    }

    let other = assigned(&ana, "plataforma", "Otra");
    take(&coordinator, &other);
    document.carry_out_on(&coordinator, "Assign", &other);
    for (who, name) in [
        (&agent, "Recategorise"),
        (&agent, "Resolve"),
        (&ana, "Reject"),
        (&agent, "Resolve"),
        (&agent, "Close"),
    ] {
        document.carry_out_on(who, name, &other);
    }
    let copied = json!({
        "title": "Con copia", "description": "Para los dos.", "category": "redes", "observers": [LUIS],
    });
    let copied = ana.post("/tickets", &copied).must_be(201).json();
    let number = copied["number"].to_string();
    let off = [("ref", number.as_str()), ("email", LUIS)];
    document.carry_out(&coordinator, "RemoveObserver", &off);
    let another_s = assigned(&ana, "plataforma", "Lo que pidió Rosa");
    document.carry_out_on(&coordinator, "ChangeRequester", &another_s);
    let declined = assigned(&ana, "plataforma", "Rediseñar el portal");
    take(&coordinator, &declined);
    document.carry_out_on(&coordinator, "Assign", &declined);
    document.carry_out(&coordinator, "List", &[]);
    document.carry_out_on(&agent, "Decline", &declined);
    document.carry_out_on(&coordinator, "RevokeLink", &declined);
    let petition = assigned(&ana, "plataforma", "Copia de un contrato");
    document.carry_out_on(&coordinator, "MarkPetition", &petition);
    document.carry_out_on(&coordinator, "Forward", &petition);
    let incident = json!({
        "title": "Correo sospechoso", "description": "Pide la clave.",
        "category": "incidente_seguridad",
        "incident": { "kind": "phishing", "asset": "Mi buzón", "personal_data": "unknown" },
    });
    let incident = ana.post("/tickets", &incident).must_be(201).json();
    let number = incident["number"].to_string();
    document.carry_out(&coordinator, "DescribeIncident", &[("ref", &number)]);
    document.carry_out(&coordinator, "RecordReport", &[("ref", &number)]);

    let (headers, body) = file(
        "application/pdf",
        "attachment; filename=acta.pdf",
        b"%PDF-1.7",
    );
    let letter = Letter::new(ANA, "Con acta", "Va adjunta.").part(&headers, &body);
    let by_mail = asked(&host, &letter);
    let id = by_mail["attachments"][0]["id"].as_str().unwrap();
    let number = by_mail["number"].to_string();
    let place = [("ref", number.as_str()), ("id", id)];
    document.carry_out(&ana, "Attachment", &place);
    let path = format!("/tickets/{number}/attachments/{id}");
    let asked_as = ana
        .request("GET", &path)
        .header("accept", "application/json");
    let told = asked_as.send().must_be(200);
    document.check("Attachment", document.operation("Attachment").2, &told);
    document.carry_out(&ana, "AnnounceUpload", &[]);
    let announced = document.carry_out_on(&ana, "AnnounceAttachment", &by_mail);
    let mut picture = b"\x89PNG\r\n\x1a\n".to_vec();
    picture.resize(188_416, 0);
    put(&host, &announced, &picture, &[]).must_be(200);
    let id = announced["id"].as_str().unwrap();
    document.carry_out(&ana, "Attach", &[("ref", &number), ("id", id)]);

    let accounts = assigned(&ana, "cuentas_equipos", "Cuenta para un contratista");
    let number = accounts["number"].to_string();
    let office = host.client(CONTRACTING);
    let code = ("code", "A3-S1-FO-01");
    document.carry_out(&office, "Formats", &[]);
    document.carry_out(&office, "FormatSchema", &[code]);
    let place = [("ref", number.as_str()), code, ("section", "user")];
    for name in ["DraftSection", "SignSection", "CorrectSection", "Format"] {
        document.carry_out(&office, name, &place);
    }
    document.carry_out(&coordinator, "Accounts", &[]);
    // Who answers for somebody with accounts reviews them.
    let given = assigned(&ana, "cuentas_equipos", "Cuenta para otro contratista");
    let form = forms::accounts("52345618", crate::assignee(&given));
    forms::sign_all(&host, &given["number"], "A3-S1-FO-01", &form);
    for name in ["Review", "DecideReview"] {
        document.carry_out(&coordinator, name, &[]);
    }

    let refused = taken(&host, &Letter::new(OUTSIDER, "Oferta", "Compre."));
    let id = refused["id"].as_str().unwrap();
    document.carry_out(&coordinator, "Refused", &[]);
    document.carry_out(&coordinator, "Report", &[]);
    document.carry_out(&coordinator, "Accept", &[("id", id)]);
    document.carry_out(&coordinator, "ChangeCatalogue", &[]);
    document.carry_out(&coordinator, "ImportDirectory", &[]);
    document.carry_out(&coordinator, "CatalogueVersions", &[]);

    let paths = document.value["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let names = operations.filter_map(|operation| operation["operationId"].as_str());
    let undone: Vec<_> = names
        .filter(|name| !document.done.contains(*name))
        .collect();
    assert!(
        undone.is_empty(),
        "no example was carried out of {undone:?}"
    );
    host.settle();
    check_no_dead_letters(&host);
}

/// Somebody else has it, so that it can be assigned to whom the example names.
fn take(coordinator: &Client, ticket: &Value) {
    let colleague = json!({ "agent": SUPPORT[2] });
    let assigned = coordinator.command(&ticket["number"], "assignment", &colleague);
    // Whoever has it already is somebody else, too.
    assert!([200, 409].contains(&assigned.status), "{}", assigned.body);
}
