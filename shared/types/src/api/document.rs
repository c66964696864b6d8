//! The API's document, OpenAPI 3.1, made from the table of routes and the types.
//! `openapi.json` is what it comes to; the test below holds the two together, and
//! writes the file anew with `UPDATE_OPENAPI=1 cargo test -p types`.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::{JsonSchema, Schema, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Access, EXPECTED_VERSION, ROUTES, Row, requests};
use crate::account::{ClockExplained, ClocksExplained};
use crate::catalogue::{Catalogue, CatalogueDocument, Role};
use crate::clock::ClockState;
use crate::command::{Application, Setting, admit};
use crate::difference::difference;
use crate::enrolment::{Reach, enrolled, tally};
use crate::format::document;
use crate::format::schema::newest;
use crate::format::view::FormatView;
use crate::ids::{CategoryId, EmailAddress, FormatCode, TicketId, TicketNumber, UploadId};
use crate::input::Kind;
use crate::mail::{MailOutcome, MailRecord, MailReport, RefusalReason};
use crate::permission::{Actor, Caller, roles};
use crate::problem::{FieldError, Problem, ProblemBody, ProblemCode};
use crate::quarter::Quarter;
use crate::review::{Review, ReviewView};
use crate::ticket::{Channel, Event, EventKind, Request, Ticket};
use crate::upload::{UploadHeaders, UploadView};
use crate::view::{
    CatalogueVersionView, CatalogueView, DirectoryChangeView, EventView, LinkView, Reader,
    SurveyView, TicketSummary, TicketView,
};

/// What the document says of a route beside what the functions know of it.
pub struct Documented {
    pub about: &'static str,
    pub takes: Taken,
    pub answers: Answered,
    pub example: fn() -> Option<Value>,
}

/// What a route takes.
pub enum Taken {
    Nothing,
    Query(fn() -> Vec<Member>),
    Body(fn() -> Vec<Member>),
    /// A body, and the same as an HTML form sends it.
    BodyOrForm(fn() -> Vec<Member>),
    Catalogue,
    /// A query, and a spreadsheet of people.
    Sheet(fn() -> Vec<Member>),
}

/// What a route answers where all goes well.
pub enum Answered {
    Json(fn(&mut SchemaGenerator) -> Schema),
    /// A page, too, for whoever asks for one.
    JsonOrPage(fn(&mut SchemaGenerator) -> Schema),
    /// Or the same as JSON, for whoever asks for that.
    RedirectOrJson(fn(&mut SchemaGenerator) -> Schema),
    AnyJson,
}

macro_rules! takes {
    () => {
        crate::api::document::Taken::Nothing
    };
    (query $input:ty) => {
        crate::api::document::Taken::Query(<$input as crate::input::Input>::members)
    };
    (body $input:ty) => {
        crate::api::document::Taken::Body(<$input as crate::input::Input>::members)
    };
    (body_or_form $input:ty) => {
        crate::api::document::Taken::BodyOrForm(<$input as crate::input::Input>::members)
    };
    (catalogue $input:ty) => {
        crate::api::document::Taken::Catalogue
    };
    (sheet $input:ty) => {
        crate::api::document::Taken::Sheet(<$input as crate::input::Input>::members)
    };
}

macro_rules! answers {
    (json $answer:ty) => {
        crate::api::document::Answered::Json(|g| g.subschema_for::<$answer>())
    };
    (json_or_page $answer:ty) => {
        crate::api::document::Answered::JsonOrPage(|g| g.subschema_for::<$answer>())
    };
    (redirect_or_json $answer:ty) => {
        crate::api::document::Answered::RedirectOrJson(|g| g.subschema_for::<$answer>())
    };
    (any $answer:ty) => {
        crate::api::document::Answered::AnyJson
    };
}

macro_rules! example {
    () => {
        None
    };
    ((shipped_catalogue)) => {
        Some(crate::api::document::shipped_catalogue())
    };
    ($example:tt) => {
        Some(serde_json::json!($example))
    };
}

pub(crate) use {answers, example, takes};

/// A field of what a route takes.
pub struct Member {
    pub name: &'static str,
    pub about: &'static str,
    pub asked: Asked,
}

/// How a field is asked for.
pub struct Asked {
    required: bool,
    schema: Value,
    default: Option<Value>,
}

impl Asked {
    pub fn required(schema: Value) -> Self {
        Asked {
            required: true,
            schema,
            default: None,
        }
    }

    pub fn optional(schema: Value) -> Self {
        Asked {
            required: false,
            schema,
            default: None,
        }
    }

    pub fn with_default<T: Serialize>(schema: Value, default: &T) -> Self {
        Asked {
            required: false,
            schema,
            default: Some(serde_json::to_value(default).unwrap()),
        }
    }
}

/// How the field that becomes a `T` is asked for.
pub fn asked<T>(asked: &impl crate::input::Asked<Value = T>) -> Asked {
    asked.describe()
}

/// Control characters but line breaks and tabulators, and the marks that reorder
/// the text around them.
const UNPRINTABLE: &str =
    r"\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069";

/// One character that a reader sees (`crate::ids`).
const VISIBLE: &str = concat!(
    r"[^\u0000-\u0020\u007f-\u00a0\u00ad\u034f\u061c\u115f-\u1160\u1680\u17b4-\u17b5\u180b-\u180f",
    r"\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8",
    "\u{e0000}-\u{e0fff}]"
);

/// What [`crate::ids::parse_text`] takes: something to see, and nothing that is
/// not printable.
pub fn text(max: usize) -> Value {
    let pattern = format!("^[^{UNPRINTABLE}]*{VISIBLE}[^{UNPRINTABLE}]*$");
    json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": pattern })
}

/// What [`crate::ids::parse_line`] takes: no line breaks and tabulators either,
/// once the blanks at both ends are gone.
pub fn line(max: usize) -> Value {
    let blank = r"[\t-\r\u0085\u2028\u2029]*";
    let printable = r"[^\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]*";
    let pattern = format!("^{blank}{printable}{VISIBLE}{printable}{blank}$");
    json!({ "type": "string", "minLength": 1, "maxLength": max, "pattern": pattern })
}

/// What [`EmailAddress::parse`] takes, in any case; all of it but the longest
/// local parts and labels.
pub fn email() -> Value {
    let atom = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
    let label = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?";
    let pattern = format!(r"^{atom}(\.{atom})*@{label}(\.{label})+$");
    json!({
        "type": "string", "format": "email",
        "maxLength": EmailAddress::MAX_LEN, "pattern": pattern
    })
}

/// An object of these fields alone.
pub fn object(members: &[Member]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        let mut schema = member.asked.schema.clone();
        if member.asked.required {
            required.push(member.name);
        } else {
            schema = nullable(schema);
        }
        describe(&mut schema, member);
        properties.insert(member.name.to_owned(), schema);
    }
    json!({
        "type": "object", "additionalProperties": false,
        "properties": properties, "required": required
    })
}

/// `null` is the same as leaving it out.
fn nullable(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.push(Value::Null);
    }
    schema
}

fn describe(schema: &mut Value, member: &Member) {
    schema["description"] = json!(member.about);
    if let Some(default) = &member.asked.default {
        schema["default"] = default.clone();
    }
}

impl JsonSchema for TicketId {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "TicketId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$" })
    }
}

impl JsonSchema for EmailAddress {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "EmailAddress".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        email().try_into().unwrap()
    }
}

/// `data` goes by `kind`; a requester does not get all of it.
impl JsonSchema for EventView<'_> {
    fn schema_name() -> Cow<'static, str> {
        "Event".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut kinds = EventKind::json_schema(generator).to_value();
        let kinds = kinds["oneOf"].as_array_mut().unwrap();
        for kind in &mut *kinds {
            let kind = kind.as_object_mut().unwrap();
            kind.remove("additionalProperties");
            let data = kind["properties"]["data"].take();
            let withheld = json!({ "type": "object", "maxProperties": 0 });
            kind["properties"]["data"] = json!({ "anyOf": [data, withheld] });
        }
        json_schema!({
            "type": "object",
            "properties": {
                "seq": { "type": "integer", "minimum": 1, "description": "1 for the registration, without gaps: of what the reader is shown." },
                "at": { "type": "string", "format": "date-time" },
                "actor": generator.subschema_for::<crate::ticket::EventActor>(),
                "kind": { "type": "string" },
                "data": { "description": "What `kind` says; empty where it is not for the caller." },
                "mail": {
                    "type": ["string", "null"],
                    "description": "The mail that brought it about; the raw one is kept as evidence."
                },
                "whole": {
                    "type": "string",
                    "description": "All that the mail says, where what `data` has of it was folded: without the mail that it answers and without a signature. Left out where nothing was, or where it is not for the caller."
                }
            },
            "required": ["seq", "at", "actor", "kind", "data", "mail"],
            "oneOf": kinds
        })
    }
}

fn shipped() -> Catalogue {
    Catalogue::shipped().unwrap()
}

/// What the catalogue's route takes, for an example.
pub fn shipped_catalogue() -> Value {
    serde_json::to_value(shipped().document()).unwrap()
}

/// The document.
fn document() -> Value {
    let answers = |contract| {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = Cow::Borrowed("/components/schemas");
        settings.contract = contract;
        settings.meta_schema = None;
        settings.into_generator()
    };
    let mut generator = answers(Contract::Serialize);
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let samples = Samples::new();
    let mut shared = BTreeMap::new();
    let mut examples = Map::new();
    examples.insert(
        "CatalogueDocument".to_owned(),
        json!({ "value": shipped_catalogue() }),
    );
    // Pages alone have sessions that end.
    let codes = ProblemCode::ALL.iter();
    for code in codes.filter(|code| **code != ProblemCode::SignedOut) {
        let value = json!({ "value": samples.problem(*code) });
        examples.insert(code.word().to_owned(), value);
    }
    for row in ROUTES {
        let operation = operation(row, &mut generator, &mut shared);
        if let Answered::Json(_) | Answered::JsonOrPage(_) | Answered::RedirectOrJson(_) =
            row.documented.answers
        {
            let value = json!({ "value": samples.of(row) });
            examples.insert(Samples::name(row).to_owned(), value);
        }
        let path = paths.entry(row.path).or_default();
        let parameters = path_parameters(row.path, &samples);
        if !parameters.is_empty() {
            path.insert("parameters".to_owned(), json!(parameters));
        }
        path.insert(row.method.to_lowercase(), operation);
    }
    generator.subschema_for::<ProblemBody>();
    let mut schemas = generator.take_definitions(true);
    schemas.insert(
        "GatewayMessage".to_owned(),
        json!({
            "type": "object",
            "description": "What API Gateway answers by itself, before any function is asked.",
            "properties": { "message": { "type": "string" } },
            "required": ["message"]
        }),
    );
    let taken = taken_catalogue();
    schemas.insert("CatalogueChange".to_owned(), taken);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Mesa de Ayuda USPEC",
            "version": "1",
            "summary": "The support desk of USPEC, procedure A3-PR-01.",
            "description": "Times are RFC 3339 in UTC. `{ref}` is a ticket's number or its id. \
                Unknown fields are refused. Problems are RFC 9457, with a stable `code` for programs and \
                sentences in Spanish for people. A path that exists answers 405 with `Allow` to a method \
                that it does not have; everything else that is unknown answers 404. Somebody else's \
                ticket answers 404.",
            "license": { "name": "MIT", "identifier": "MIT" }
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": shared,
            "examples": examples,
            "parameters": {
                "IdempotencyKey": {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "description": "Whoever repeats a request with the same key and body gets the same \
                        answer, and it is carried out once. The same key with another body is refused.",
                    "schema": {
                        "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"
                    }
                }
            },
            "securitySchemes": {
                "jwt": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A token of the OIDC issuer that people sign in with, with a verified \
                        `email`. Roles come from the catalogue's directory, by that address."
                }
            }
        }
    })
}

fn tags() -> Value {
    let mut tags: Vec<&str> = ROUTES.iter().map(|row| row.function.name()).collect();
    tags.dedup();
    tags.into_iter()
        .map(|name| json!({ "name": name, "description": format!("The function `{name}`.") }))
        .collect()
}

fn path_parameters(path: &str, samples: &Samples) -> Vec<Value> {
    let names = path.split('/').filter_map(|segment| {
        let name = segment.strip_prefix('{')?.strip_suffix('}')?;
        Some(name)
    });
    names
        .map(|name| {
            let (about, schema, example) = match (name, path.starts_with("/mail")) {
                ("ref", _) => (
                    "A ticket's number or its id.",
                    json!({
                        "type": "string", "maxLength": 26,
                        "pattern": "^(0{0,14}[1-9][0-9]{0,14}|[0-7][0-9A-HJKMNP-TV-Z]{25})$"
                    }),
                    json!(samples.ticket.number.0.to_string()),
                ),
                ("token", _) => (
                    "The token of the link in the mail.",
                    json!({ "type": "string", "pattern": "^[a-z2-7]{52}$" }),
                    json!("a".repeat(52)),
                ),
                ("id", true) => (
                    "The mail's id, from the list of refused mails.",
                    json!({ "type": "string", "pattern": r"^[A-Za-z0-9._-]{1,128}$" }),
                    json!(samples.mail.id.0),
                ),
                ("id", false) => (
                    "The file's id, from the ticket's `attachments`.",
                    json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
                    json!("0-plano.pdf"),
                ),
                ("email", _) => (
                    "The address of somebody who was copied.",
                    json!({ "type": "string", "format": "email", "maxLength": 254 }),
                    json!("luis@uspec.gov.co"),
                ),
                ("code", _) => (
                    "The code of a format.",
                    json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
                    json!("A3-S1-FO-01"),
                ),
                ("section", _) => (
                    "The key of a section of the format.",
                    json!({ "type": "string", "minLength": 1, "maxLength": 64 }),
                    json!("user"),
                ),
                (other, _) => panic!("{path}: what is {other}?"),
            };
            json!({
                "name": name, "in": "path", "required": true,
                "description": about, "schema": schema, "example": example
            })
        })
        .collect()
}

fn operation(
    row: &Row,
    generator: &mut SchemaGenerator,
    shared: &mut BTreeMap<String, Value>,
) -> Value {
    let example = (row.documented.example)();
    let about = row.documented.about.trim();
    let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
    let summary = about
        .split(". ")
        .next()
        .unwrap_or_default()
        .trim_end_matches('.');
    let mut operation = json!({
        "operationId": row.name,
        "tags": [row.function.name()],
        "summary": summary,
        "description": format!("{about}\n\nBy {}.", who(row.access)),
        "responses": responses(row, generator, shared),
    });
    if row.access.is_public() {
        operation["security"] = json!([]);
    } else {
        operation["security"] = json!([{ "jwt": [] }]);
    }
    let mut parameters = Vec::new();
    match &row.documented.takes {
        Taken::Nothing => {}
        Taken::Query(members) | Taken::Sheet(members) => {
            for member in members() {
                let mut schema = member.asked.schema.clone();
                if let Some(default) = &member.asked.default {
                    schema["default"] = default.clone();
                }
                let mut parameter = json!({
                    "name": member.name, "in": "query", "description": member.about,
                    "required": member.asked.required, "schema": schema
                });
                if let Some(value) = example.as_ref().and_then(|e| e.get(member.name)) {
                    parameter["example"] = value.clone();
                }
                parameters.push(parameter);
            }
        }
        Taken::Body(members) => {
            let json = json!({ "schema": body(row, members), "example": example });
            operation["requestBody"] = json!({
                // A command without fields needs no body.
                "required": members().iter().any(|member| member.asked.required),
                "content": { "application/json": json }
            });
        }
        Taken::BodyOrForm(members) => {
            let json = json!({ "schema": body(row, members), "example": example });
            operation["requestBody"] = json!({
                "required": true,
                "content": {
                    "application/json": json,
                    "application/x-www-form-urlencoded": {
                        "schema": survey_form(),
                        "example": { "solved": "yes", "rating": "5", "comment": "Muy rápido." }
                    }
                }
            });
        }
        Taken::Catalogue => {
            operation["requestBody"] = json!({
                "required": true,
                "content": { "application/json": {
                    "schema": { "$ref": "#/components/schemas/CatalogueChange" },
                    "examples": shown("CatalogueDocument")
                } }
            });
        }
    }
    if let Taken::Sheet(_) = row.documented.takes {
        operation["requestBody"] = json!({
            "required": true,
            "content": { "text/csv": {
                "schema": { "type": "string", "maxLength": crate::spreadsheet::MAX_BYTES },
                "example": SHEET
            } }
        });
    }
    if row.problems.contains(&ProblemCode::IdempotencyMismatch) {
        parameters.push(json!({ "$ref": "#/components/parameters/IdempotencyKey" }));
    }
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    operation
}

/// A spreadsheet of people.
const SHEET: &str = "correo;nombre;roles;equipos;dependencia\n\
    ana.perez@uspec.gov.co;Ana Pérez;agente;Mesa de Ayuda;Oficina de Tecnología\n";

/// A body; in a command's, the version that it starts from may be named.
fn body(row: &Row, members: &fn() -> Vec<Member>) -> Value {
    let mut members = members();
    if let Access::Command(_) = row.access {
        members.push(Member {
            name: "expected_version",
            about: "The ticket's version that the caller has seen: 409 where there is a later one.",
            asked: crate::input::Asked::describe(&EXPECTED_VERSION),
        });
    }
    object(&members)
}

/// What the survey's page sends (`functions/closure`).
fn survey_form() -> Value {
    json!({
        "type": "object",
        "properties": {
            "solved": { "type": "string", "enum": ["yes", "no"] },
            "rating": { "type": "string", "enum": ["1", "2", "3", "4", "5"] },
            "comment": { "type": "string", "maxLength": requests::MAX_COMMENT }
        },
        "required": ["solved", "rating"]
    })
}

/// The catalogue as it is written: what has a default may be left out.
fn taken_catalogue() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    settings.contract = Contract::Deserialize;
    settings.meta_schema = None;
    let schema = settings
        .into_generator()
        .into_root_schema_for::<crate::catalogue::CatalogueDocument>();
    let mut schema = schema.to_value();
    schema.as_object_mut().unwrap().remove("title");
    schema["description"] = json!("A catalogue, and the version that it starts from.");
    let mut version = nullable(requests::CATALOGUE_VERSION.schema());
    version["description"] = json!("Refused with 409 where it is no longer the one in force.");
    schema["properties"]["version"] = version;
    // Those that ship are in the catalogue that is answered.
    let holidays = schema["properties"]["holidays"].as_object_mut();
    holidays.unwrap().remove("default");
    schema
}

/// Who may call it, from the same table that the functions ask.
fn who(access: Access) -> String {
    let words = |roles: &[Role]| {
        let words: Vec<_> = roles
            .iter()
            .map(|role| format!("`{}`", word(role)))
            .collect();
        words.join(", ")
    };
    match access {
        Access::Anyone => "anyone".to_owned(),
        Access::Link => "whoever holds the link that was mailed to the requester".to_owned(),
        Access::SignedIn => "whoever is signed in, as far as he may see it".to_owned(),
        Access::Entity => "whoever has a role here".to_owned(),
        Access::Roles(roles) => words(roles),
        Access::Command(commands) => {
            let may: BTreeSet<Role> = commands.iter().copied().flat_map(roles).collect();
            let roles: Vec<_> = may.into_iter().collect();
            format!("{}, where the ticket is theirs", words(&roles))
        }
    }
}

fn word<T: Serialize>(value: &T) -> String {
    let value = serde_json::to_value(value).unwrap();
    value.as_str().unwrap().to_owned()
}

fn shown(name: &str) -> Value {
    let reference = format!("#/components/examples/{name}");
    json!({ name: { "$ref": reference } })
}

fn answer_example(row: &Row) -> Value {
    shown(Samples::name(row))
}

/// `NotFound`, `InvalidTransitionOrVersionConflict`: what a status may mean.
fn response_name(row: &Row, status: u16, codes: &[ProblemCode]) -> String {
    let words: Vec<_> = codes.iter().map(|code| format!("{code:?}")).collect();
    let name = match words.is_empty() {
        true => format!("Gateway{status}"),
        false => words.join("Or"),
    };
    match takes_form(row) && status != 404 {
        true => format!("{name}OrPage"),
        false => name,
    }
}

/// Whoever sends a form gets a page.
fn takes_form(row: &Row) -> bool {
    matches!(row.documented.takes, Taken::BodyOrForm(_))
}

fn responses(
    row: &Row,
    generator: &mut SchemaGenerator,
    shared: &mut BTreeMap<String, Value>,
) -> Value {
    let mut responses = Map::new();
    let good = match &row.documented.answers {
        Answered::Json(schema) => {
            let schema = schema(generator);
            let content = json!({ "schema": schema, "examples": answer_example(row) });
            json!({
                "description": "It is done.",
                "content": { "application/json": content }
            })
        }
        Answered::JsonOrPage(schema) => {
            let schema = schema(generator);
            let content = json!({ "schema": schema, "examples": answer_example(row) });
            json!({
                "description": "It is done.",
                "content": {
                    "application/json": content,
                    "text/html": { "schema": { "type": "string" } }
                }
            })
        }
        Answered::RedirectOrJson(schema) => {
            let schema = schema(generator);
            let content = json!({ "schema": schema, "examples": answer_example(row) });
            let asked = json!({
                "description": "The same, to whoever asks for JSON.",
                "content": { "application/json": content }
            });
            responses.insert("200".to_owned(), asked);
            json!({
                "description": "Where the file lies, for a short while.",
                "headers": { "Location": {
                    "required": true, "schema": { "type": "string", "format": "uri" }
                } }
            })
        }
        Answered::AnyJson => json!({
            "description": "It is this.",
            "content": { "application/json": { "schema": { "type": "object" } } }
        }),
    };
    responses.insert(row.status.to_string(), good);
    if row.status == 201 && Samples::name(row) == "Ticket" {
        responses["201"]["headers"] = json!({ "Location": {
            "required": true, "description": "The ticket.",
            "schema": { "type": "string", "pattern": "^/tickets/[0-9]+$" }
        } });
        responses["201"]["links"] = links("$response.body#/number");
    }
    let mut by_status: BTreeMap<u16, Vec<ProblemCode>> = BTreeMap::new();
    for code in row.problems {
        by_status.entry(code.status()).or_default().push(*code);
    }
    // What goes wrong on the way to the function.
    by_status.entry(500).or_default();
    by_status.entry(503).or_default();
    let mut share = |status: u16, name: String, answer: Value| {
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        responses.insert(status.to_string(), reference);
        shared.insert(name, answer);
    };
    for (status, codes) in by_status {
        let name = response_name(row, status, &codes);
        share(status, name, refused(row, status, &codes));
    }
    if !row.access.is_public() {
        let mut answer = gateway("Without a token that counts.", "Unauthorized");
        answer["headers"] = json!({ "WWW-Authenticate": {
            "required": true, "schema": { "type": "string" }
        } });
        share(401, "Unauthorized".to_owned(), answer);
    }
    let busy = gateway("More requests than the route takes.", "Too Many Requests");
    share(429, "TooManyRequests".to_owned(), busy);
    Value::Object(responses)
}

/// What follows from a new ticket: every route that is about one.
fn links(number: &str) -> Value {
    let about = ROUTES
        .iter()
        .filter(|row| row.path.starts_with("/tickets/{ref}"));
    let whole = |row: &&&Row| !row.path.contains("{id}") && !row.path.contains("{email}");
    let links = about.filter(whole).map(|row| {
        let link = json!({ "operationId": row.name, "parameters": { "ref": number } });
        (row.name.to_owned(), link)
    });
    Value::Object(links.collect())
}

fn gateway(about: &str, message: &str) -> Value {
    json!({
        "description": about,
        "content": { "application/json": {
            "schema": { "$ref": "#/components/schemas/GatewayMessage" },
            "example": { "message": message }
        } }
    })
}

fn refused(row: &Row, status: u16, codes: &[ProblemCode]) -> Value {
    let mut content = Map::new();
    if !codes.is_empty() {
        let words: Vec<_> = codes.iter().map(|code| code.word()).collect();
        let mut examples = Map::new();
        for word in &words {
            examples.extend(shown(word).as_object().unwrap().clone());
        }
        content.insert(
            "application/problem+json".to_owned(),
            json!({
                "schema": {
                    "allOf": [{ "$ref": "#/components/schemas/Problem" }],
                    "properties": { "status": { "const": status }, "code": { "enum": words } }
                },
                "examples": examples
            }),
        );
    }
    if status >= 500 {
        content.insert(
            "application/json".to_owned(),
            json!({ "schema": { "$ref": "#/components/schemas/GatewayMessage" } }),
        );
    }
    if takes_form(row) && status != 404 {
        content.insert(
            "text/html".to_owned(),
            json!({ "schema": { "type": "string" } }),
        );
    }
    let mut titles: Vec<_> = codes.iter().map(|code| code.title()).collect();
    if titles.is_empty() {
        titles.push("API Gateway had no answer of the function");
    }
    let mut answer = json!({ "description": titles.join("; "), "content": content });
    if status == 503 {
        answer["headers"] = json!({ "Retry-After": {
            "description": "Seconds.", "schema": { "type": "integer", "minimum": 0 }
        } });
    }
    answer
}

/// What the examples show.
struct Samples {
    ticket: Ticket,
    events: Vec<Event>,
    catalogue: Catalogue,
    mail: MailRecord,
}

impl Samples {
    fn new() -> Self {
        let catalogue = shipped();
        let now = "2026-11-23T13:00:00Z".parse().unwrap();
        let ana = EmailAddress::parse("ana@uspec.gov.co").unwrap();
        let domains = ["uspec.gov.co".to_owned()];
        let caller = Caller::identify(ana, Some("Ana Pérez".to_owned()), &catalogue, &domains);
        let application = Application {
            request: Request::new(
                "No abre el correo".to_owned(),
                "Desde hoy no abre.".to_owned(),
                Channel::Web,
                caller.person(),
            ),
            category: CategoryId::from("plataforma"),
            links: vec![],
        };
        let setting = Setting {
            now,
            catalogue: &catalogue,
        };
        let admission = admit(application, &Actor::Person(caller), setting).unwrap();
        let new = admission.register(TicketId::new(now, 7), TicketNumber(1));
        let mail = MailRecord {
            id: crate::ids::MailId("0102018f3c".to_owned()),
            received_at: now,
            object: "kept/2026/11/23/0102018f3c".to_owned(),
            envelope_from: Some("alguien@example.com".to_owned()),
            recipients: vec!["soportespmic@uspec.gov.co".to_owned()],
            from: EmailAddress::parse("alguien@example.com").ok(),
            subject: Some("Oferta".to_owned()),
            message_id: Some("x@example.com".to_owned()),
            text: Some("No abre el correo.".to_owned()),
            outcome: MailOutcome::Refused {
                reason: RefusalReason::OutsideSender,
                detail: RefusalReason::OutsideSender.sentence().to_owned(),
            },
            accepted: None,
            verbs: None,
        };
        Samples {
            ticket: new.ticket,
            events: new.events,
            catalogue,
            mail,
        }
    }

    /// What the example of a route's answer is called.
    fn name(row: &Row) -> &'static str {
        match row.name {
            "List" => "Tickets",
            "History" => "Events",
            "Clocks" => "Clocks",
            "ShowSurvey" | "AnswerSurvey" => "Survey",
            "Catalogue" | "ChangeCatalogue" => "Catalogue",
            "CatalogueVersions" => "CatalogueVersions",
            "ImportDirectory" => "DirectoryChange",
            "Refused" => "RefusedMails",
            "Report" => "MailReport",
            "AnnounceUpload" | "AnnounceAttachment" => "Upload",
            "Attachment" => "FileLink",
            "Formats" => "Formats",
            "FormatSchema" => "FormatSchema",
            "Format" | "DraftSection" | "SignSection" | "CorrectSection" => "TicketFormat",
            "Accounts" => "Accounts",
            "Review" | "DecideReview" => "Review",
            _ => "Ticket",
        }
    }

    /// What a route's answer looks like.
    fn of(&self, row: &Row) -> Value {
        let now = self.ticket.created_at;
        let written = |value: Result<Value, serde_json::Error>| value.unwrap();
        let ticket = || {
            written(serde_json::to_value(TicketView::of(
                &self.ticket,
                Reader::Requester,
                now,
            )))
        };
        let page = |item: Value| json!({ "items": [item], "next_cursor": null });
        match Samples::name(row) {
            "Tickets" => {
                let summary = TicketSummary::of(&self.ticket, now);
                page(written(serde_json::to_value(summary)))
            }
            "Events" => {
                let view = EventView::of(&self.events[0], Reader::Requester).unwrap();
                page(written(serde_json::to_value(view)))
            }
            "Formats" => json!({ "items": document::all(), "next_cursor": null }),
            "FormatSchema" => newest(&FormatCode::from("A3-FO-11"))
                .map(document::json_schema)
                .unwrap(),
            "TicketFormat" => {
                let mut ticket = self.ticket.clone();
                let code = FormatCode::from("A3-S1-FO-01");
                ticket.policy.formats = vec![code.clone()];
                let email = ticket.request.requester.person.email.clone();
                let caller = Caller::identify(email, None, &self.catalogue, &[]);
                let view = FormatView::of(&ticket, &code, &caller);
                written(serde_json::to_value(view.unwrap()))
            }
            "Accounts" => json!({ "items": [], "next_cursor": null }),
            "Review" => {
                let quarter = Quarter::of(crate::mail::day(now));
                let chief = self.ticket.request.requester.person.clone();
                let review = Review::new(quarter, chief, now, None);
                let view = ReviewView::of(&review, &[], crate::mail::day(now), vec![]);
                written(serde_json::to_value(view))
            }
            "Clocks" => {
                let clock = |limit_seconds| ClockExplained {
                    state: ClockState::Idle,
                    calendar: None,
                    limit_seconds,
                    segments: vec![],
                    used_seconds: 0,
                    left_seconds: limit_seconds,
                    due_at: None,
                    met_at: None,
                    breached: false,
                    steps: None,
                    explanation: "Todavía no ha empezado.".to_owned(),
                };
                let clocks = ClocksExplained {
                    number: self.ticket.number.0,
                    attention: clock(900),
                    solution: clock(1_800),
                    waiting: None,
                    provider: None,
                    validation: clock(32_400),
                    csirt_report: None,
                    sic_report: None,
                    forwarding: None,
                };
                written(serde_json::to_value(clocks))
            }
            "Survey" => written(serde_json::to_value(SurveyView::of(&self.ticket, false))),
            "Catalogue" => {
                let view = CatalogueView {
                    document: self.catalogue.document(),
                    version: 1,
                    warnings: vec![],
                };
                written(serde_json::to_value(view))
            }
            "CatalogueVersions" => {
                let mut after = self.catalogue.document().clone();
                after.categories[5].solution_minutes = 45;
                let view = CatalogueVersionView {
                    version: 1,
                    written_at: Some(now),
                    by: Some(self.ticket.request.requester.person.clone()),
                    differences: difference(self.catalogue.document(), &after),
                    more_differences: 0,
                };
                page(written(serde_json::to_value(view)))
            }
            "DirectoryChange" => {
                let before = self.catalogue.document();
                let text = crate::spreadsheet::text(SHEET.as_bytes()).unwrap();
                let rows = crate::spreadsheet::rows(&text).unwrap();
                let directory = enrolled(&rows, before, Reach::Listed).unwrap();
                let after = CatalogueDocument {
                    directory,
                    ..before.clone()
                };
                let tally = tally(&before.directory, &after.directory);
                let view = DirectoryChangeView {
                    version: 1,
                    preview: true,
                    added: tally.added,
                    changed: tally.changed,
                    removed: tally.removed,
                    unchanged: tally.unchanged,
                    differences: difference(before, &after),
                    more_differences: 0,
                    warnings: vec![],
                };
                written(serde_json::to_value(view))
            }
            "RefusedMails" => page(written(serde_json::to_value(&self.mail))),
            "MailReport" => {
                let mut report = MailReport::of(crate::mail::day(now));
                report.received = 1;
                report.recorded = 1;
                report.outcomes.insert("refused", 1);
                report.balanced = true;
                written(serde_json::to_value(report))
            }
            "Upload" => {
                let url = "https://files.example/uploads/01ARZ3NDEKTSV4RRFFQ69G5FAV";
                written(serde_json::to_value(UploadView {
                    id: UploadId(self.ticket.id.0),
                    name: "pantalla.png",
                    upload_url: url,
                    upload_headers: UploadHeaders {
                        content_type: "image/png",
                        x_amz_checksum_sha256: None,
                    },
                    upload_until: now,
                    expires_at: now,
                }))
            }
            "FileLink" => {
                let url = "https://files.example/tickets/1";
                written(serde_json::to_value(LinkView { url }))
            }
            _ => ticket(),
        }
    }

    fn problem(&self, code: ProblemCode) -> Value {
        let problem = match code {
            ProblemCode::MalformedBody => {
                Problem::MalformedBody("El cuerpo debe ser un objeto JSON.".to_owned())
            }
            ProblemCode::Forbidden => {
                Problem::Forbidden("Su función no le permite esta operación sobre la solicitud.")
            }
            ProblemCode::SignedOut => Problem::SignedOut,
            ProblemCode::NotFound => Problem::NotFound("No existe esa solicitud."),
            ProblemCode::VoidNumber => Problem::VoidNumber(crate::ids::TicketNumber(12)),
            ProblemCode::LinkEnded => Problem::LinkEnded("La solicitud se cerró hace tiempo."),
            ProblemCode::MethodNotAllowed => Problem::MethodNotAllowed("GET".to_owned()),
            ProblemCode::InvalidTransition => Problem::InvalidTransition(
                "No se puede cerrar una solicitud en estado «Nueva».".to_owned(),
            ),
            ProblemCode::VersionConflict => Problem::VersionConflict {
                expected: 2,
                actual: 3,
            },
            ProblemCode::Validation => Problem::Validation(vec![FieldError::required("title")]),
            ProblemCode::IdempotencyMismatch => Problem::IdempotencyMismatch,
            ProblemCode::Internal => Problem::Internal,
            ProblemCode::Unavailable => Problem::Unavailable,
        };
        serde_json::to_value(problem.body()).unwrap()
    }
}

mod tests {
    use strum::VariantArray;

    use super::*;
    use crate::command::CommandKind;

    #[test]
    fn the_committed_document_is_what_the_types_say() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
        if std::env::var_os("UPDATE_OPENAPI").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(path).unwrap();
        // Not `assert_eq`: two whole documents would hide what differs.
        let differing = text
            .lines()
            .zip(committed.lines())
            .find(|(new, old)| new != old);
        assert!(
            text == committed,
            "openapi.json is not what the types say (UPDATE_OPENAPI=1 cargo test -p types): {differing:?}"
        );
    }

    /// Every command that a person may give has its route, and every route's
    /// command somebody who may give it.
    #[test]
    fn routes_and_permissions_agree() {
        for command in CommandKind::VARIANTS {
            let behind = ROUTES.iter().filter(|row| match row.access {
                Access::Command(commands) => commands.contains(command),
                Access::Anyone
                | Access::Link
                | Access::SignedIn
                | Access::Entity
                | Access::Roles(_) => false,
            });
            let given = roles(*command).next().is_some();
            let expected = match command {
                // A file is announced, and then it is there.
                CommandKind::AddAttachments => 2,
                _ => usize::from(given),
            };
            assert_eq!(
                behind.count(),
                expected,
                "routes of {command:?}, which somebody may give: {given}"
            );
        }
    }

    #[test]
    fn names_and_keys_are_unique() {
        for (i, row) in ROUTES.iter().enumerate() {
            let key = format!("{} {}", row.method, row.path);
            for other in &ROUTES[i + 1..] {
                assert_ne!(row.name, other.name);
                assert!(!other.is(&key), "{key}");
            }
        }
    }

    #[test]
    fn the_samples_are_what_they_say() {
        for code in ProblemCode::ALL {
            let problem = Samples::new().problem(*code);
            assert_eq!(problem["code"], code.word());
            assert_eq!(problem["status"], code.status());
        }
    }
}
