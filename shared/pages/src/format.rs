//! A format of a request: what is signed, whose turn it is, and the form of that, drawn
//! from the schema. It works without a script: a row more is a draft kept.

use askama::Template;
use serde_json::{Map, Value};
use types::format::accounts::{Account, Holder, Standing};
use types::format::record::{Filled, Known, Values};
use types::format::schema::{
    AccountPart, Condition, Field, Kind, Prefill, Schema, Section, systems,
};
use types::format::turn::{self, SectionState, Turn, section_state, signers};
use types::format::view::{self, AccountFate, Clearance};
use types::ids::FormatCode;
use types::permission::{Caller, may_read};
use types::problem::{FieldError, Problem};
use types::review::{Check, checks};
use types::spanish::in_words;
use types::ticket::Ticket;

use crate::forms::sent;
use crate::review::Standings;
use crate::shell::Shell;
use crate::wrong::Wrong;

/// What the names of the fields begin with.
const FIELD: &str = "c.";

/// Most choices that are drawn side by side.
const FEW: usize = 5;

/// A format.
#[derive(Template)]
#[template(path = "format.html")]
pub struct Page<'a> {
    pub shell: Shell<'a>,
    ticket: &'a Ticket,
    code: &'a FormatCode,
    name: &'static str,
    version: u32,
    complete: bool,
    /// Whether whoever looks reads the request, too.
    reads: bool,
    sections: Vec<Shown>,
    form: Option<Drawn>,
    correction: Option<&'static str>,
    key: String,
    wrong: Wrong,
    accounts: Vec<Row>,
    clearance: Option<Clearance<'a>>,
    typed_reason: String,
}

/// A section that is not being filled in by whoever looks.
struct Shown {
    id: &'static str,
    number: usize,
    title: &'static str,
    state: SectionState,
    /// Whose turn it is, or will be.
    who: String,
    yours: bool,
    /// Whether whoever looks may say that it was signed on paper.
    attested: bool,
    facts: Vec<Fact>,
    signatures: Vec<Signed>,
    edition: u32,
    correctable: bool,
}

/// Something that is filled in.
enum Fact {
    One(&'static str, String),
    /// Rows, each with its columns' names and values.
    Rows(&'static str, Vec<Row>),
}

/// Names and values of a row.
struct Row(Vec<(&'static str, String)>);

/// A signature, in words.
struct Signed {
    who: String,
    at: String,
    print: String,
    on_paper: bool,
}

/// The form of whose turn it is.
struct Drawn {
    section: &'static str,
    number: usize,
    title: &'static str,
    what: Option<&'static str>,
    fields: Vec<Cell>,
    /// The file that was chosen as what was signed on paper.
    scan: String,
}

/// A field of the form.
struct Cell {
    id: String,
    name: String,
    label: &'static str,
    hint: String,
    required: bool,
    /// Whether what is typed may be kept in the browser: nothing that copies do not show.
    drafted: bool,
    /// What it hangs on in the form, where that is.
    when: Option<When>,
    control: Control,
}

/// What a field hangs on: another one's name, and what that has to say.
struct When {
    name: String,
    is: String,
    /// The same, for people.
    words: String,
}

impl When {
    /// `prefix` is what the other's name begins with, and `words` a sentence that takes
    /// its name and what it has to say.
    fn of(condition: &Condition, of: &Field, prefix: &str, words: &str) -> Self {
        let said = condition.is.iter();
        let said: Vec<_> = said
            .map(|is| of.words(&Value::from(is.as_str()), None))
            .collect();
        When {
            name: format!("{FIELD}{prefix}{}", condition.field),
            is: condition.is.join(" "),
            words: format!(
                "{words} «{}» es {}.",
                of.label,
                types::spanish::either(&said)
            ),
        }
    }
}

enum Control {
    Input {
        kind: &'static str,
        value: String,
    },
    Text(String),
    Few(Vec<Choice>),
    Many(Vec<Group>),
    Check(bool),
    Rows {
        one: &'static str,
        rows: Vec<Vec<Cell>>,
        /// What takes one more.
        list: Option<&'static str>,
    },
}

struct Choice {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

struct Group {
    label: &'static str,
    choices: Vec<Choice>,
}

/// Who looks at a format of a ticket, and what of the person's accounts is known.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    pub ticket: &'a Ticket,
    pub code: &'a FormatCode,
    pub caller: &'a Caller,
    pub holder: Option<&'a Holder>,
}

/// What was typed, where it could not be taken.
#[derive(Clone, Copy)]
pub struct Again<'a> {
    pub typed: &'a [(String, String)],
    pub problem: &'a Problem,
}

impl<'a> Page<'a> {
    /// The page; nothing, where the ticket has no such format with sections.
    pub fn of(
        shell: Shell<'a>,
        look: Look<'a>,
        again: Option<Again<'_>>,
        key: String,
    ) -> Option<Self> {
        let Look {
            ticket,
            code,
            caller,
            ..
        } = look;
        let schema = turn::schema_of(ticket, code)?;
        let format = ticket.formats.get(code);
        let turn = turn::turn(schema, format);
        let is_open = ticket.is_open_to_formats();
        let signatory = caller.signatory();
        let open = turn.filter(|_| is_open);
        let mine = open.filter(|turn| turn::may_fill(turn, signatory, ticket));
        let attested = open.filter(|turn| {
            mine.is_none() && turn.section.on_paper && turn::attests(signatory, ticket)
        });
        let sections = schema.sections.iter().enumerate();
        let sections: Vec<_> = sections
            .map(|(place, section)| {
                let mut shown = Shown::of(place, section, look, turn.as_ref());
                shown.yours = mine.is_some_and(|mine| mine.place == place);
                shown.attested = attested.is_some_and(|turn| turn.place == place);
                shown.correctable &= is_open;
                shown
            })
            .collect();
        let form = mine.or(attested);
        let form = form.map(|turn| Drawn::of(&turn, look, again.map(|again| again.typed)));
        let generated = schema.is_generated();
        let accounts = match generated {
            true => view::account_changes(ticket, schema)
                .iter()
                .map(Row::of_account)
                .collect(),
            false => vec![],
        };
        let asked = again.and_then(|again| sent(again.typed, "corregir"));
        let correction = sections
            .iter()
            .find(|shown| shown.correctable && asked == Some(shown.id));
        Some(Page {
            ticket,
            code,
            name: &schema.name,
            version: schema.version,
            complete: match generated {
                true => !turn::missing(ticket).contains(&code),
                false => format.is_some_and(|format| format.complete),
            },
            reads: may_read(caller, ticket),
            correction: correction.map(|shown| shown.id),
            typed_reason: again
                .and_then(|again| sent(again.typed, "motivo"))
                .unwrap_or_default()
                .to_owned(),
            sections,
            form,
            key,
            wrong: again.map_or(Wrong::default(), |again| {
                let said = |error: &FieldError| (id_of_pointer(&error.field), error.detail.clone());
                let name = |error: &FieldError| label_of_pointer(schema, &error.field);
                Wrong::said(again.problem, said).naming(again.problem, name)
            }),
            accounts,
            clearance: view::clearance(ticket, schema),
            shell,
        })
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }

    fn action(&self) -> String {
        format!(
            "/solicitudes/{}/formatos/{}",
            self.ticket.number.0, self.code
        )
    }

    fn turn_of(&self) -> Option<&Shown> {
        let mut sections = self.sections.iter();
        sections.find(|shown| shown.state == SectionState::InProgress)
    }
}

/// The element of a field, by the pointer that an error names it with.
fn id_of_pointer(pointer: &str) -> String {
    match pointer.strip_prefix("/fields/") {
        Some(path) => format!("c-{}", path.replace('/', "-")),
        None if pointer.contains("paper") => "on_paper".to_owned(),
        None if pointer == "reason" => "motivo".to_owned(),
        None => "seccion".to_owned(),
    }
}

/// What a field is called, by the pointer that an error names it with; of a row with its
/// place.
fn label_of_pointer(schema: &Schema, pointer: &str) -> Option<String> {
    let mut path = pointer.strip_prefix("/fields/")?.split('/');
    let list = path.next()?;
    let (_, field) = schema.fields().find(|(_, field)| field.id.0 == list)?;
    Some(match (path.next(), path.next()) {
        (Some(place), Some(column)) => {
            let column = field.column(column)?;
            let place: usize = place.parse().ok()?;
            format!("{}, fila {}, {}", field.label, place + 1, column.label)
        }
        (_, _) => field.label.clone(),
    })
}

impl Row {
    fn of_account(change: &view::AccountChange<'_>) -> Self {
        let system = systems().get(change.system);
        let system = system.map_or(change.system, |system| &system.name);
        let fate = match change.change {
            AccountFate::Granted => "Se otorga",
            AccountFate::Disabled => "Se deshabilita",
            AccountFate::Excepted => "Sigue activa, con excepción",
        };
        Row(vec![
            ("Sistema", system.to_owned()),
            ("Usuario", change.username.to_owned()),
            ("Cambio", fate.to_owned()),
            ("Desde", in_words(change.at)),
        ])
    }
}

impl Shown {
    fn of(place: usize, section: &'static Section, look: Look<'_>, turn: Option<&Turn>) -> Self {
        let Look {
            ticket,
            code,
            caller,
            ..
        } = look;
        let format = ticket.formats.get(code);
        let filled = format.and_then(|format| format.section(&section.id));
        let state = section_state(section, filled, turn);
        let signing = match turn {
            Some(turn) if turn.place == place => turn.signing,
            Some(_) | None => 0,
        };
        let seen = filled.map(|filled| view::shown(section, filled, caller, ticket, code));
        let signs = turn::signs(section, code, caller.signatory(), ticket);
        let is_signed = filled.is_some_and(|filled| !filled.signatures.is_empty());
        Shown {
            id: &section.id.0,
            number: place + 1,
            title: &section.title,
            state,
            who: signers(&section.signings[signing], format),
            yours: false,
            attested: false,
            facts: seen.map_or(vec![], |seen| facts(section, &seen)),
            signatures: filled.map_or(vec![], signatures),
            edition: filled.map_or(0, |filled| filled.edition),
            correctable: is_signed
                && (signs || turn::attests(look.caller.signatory(), look.ticket)),
        }
    }

    fn tag(&self) -> (&'static str, &'static str) {
        match (self.state, self.yours) {
            (SectionState::Signed, _) => ("tag tag--ok", "Firmada"),
            (SectionState::InProgress, true) => ("tag tag--accent", "Le toca a usted"),
            (SectionState::InProgress, false) => ("tag tag--paused", "Espera la firma"),
            (SectionState::Pending, _) => ("tag", "Pendiente"),
        }
    }

    fn waits(&self) -> bool {
        self.state != SectionState::Signed
    }
}

fn signatures(filled: &Filled) -> Vec<Signed> {
    let all = filled.signatures.iter();
    all.map(|signature| Signed {
        who: match signature.by.name == signature.by.email.as_str() {
            true => signature.by.name.clone(),
            false => format!("{} <{}>", signature.by.name, signature.by.email),
        },
        at: in_words(signature.at),
        print: signature
            .sha256
            .as_bytes()
            .chunks(4)
            .take(4)
            .map(|four| String::from_utf8_lossy(four).into_owned())
            .collect::<Vec<_>>()
            .join(" "),
        on_paper: signature.on_paper.is_some(),
    })
    .collect()
}

fn facts(section: &'static Section, values: &Values) -> Vec<Fact> {
    let fields = section.fields.iter();
    fields
        .filter_map(|field| {
            let value = values.get(&field.id.0)?;
            Some(match (&field.kind, value) {
                (Kind::List { columns, .. }, Value::Array(rows)) => {
                    let rows = rows.iter().filter_map(Value::as_object);
                    let row = |row: &Values| {
                        let cells = columns.iter();
                        Row(cells
                            .filter_map(|column| {
                                let value = row.get(&column.id.0)?;
                                Some((&*column.label, column.words(value, Some(row))))
                            })
                            .collect())
                    };
                    Fact::Rows(&field.label, rows.map(row).collect())
                }
                (_, value) => Fact::One(&field.label, field.words(value, None)),
            })
        })
        .collect()
}

impl Drawn {
    fn of(turn: &Turn, look: Look<'_>, typed: Option<&[(String, String)]>) -> Self {
        let format = look.ticket.formats.get(look.code);
        let filled = format.and_then(|format| format.section(&turn.section.id));
        let stored = filled.map_or(Values::new(), |filled| filled.fields.clone());
        let known = format.map_or(Known(vec![]), |format| format.known());
        let values = match typed {
            Some(typed) => values_of(typed),
            None => proposed(turn, stored, &known, look),
        };
        let fields = turn.section.fields.iter();
        Drawn {
            section: &turn.section.id.0,
            number: turn.place + 1,
            title: &turn.section.title,
            what: turn.line().title.as_deref(),
            fields: fields
                .filter(|field| turn.section.signing_of(field) == turn.signing)
                .filter(|field| field.prefill != Some(Prefill::PrivacyNotice))
                .filter(|field| applies(turn, field, &known))
                .map(|field| Cell::of(field, turn, &values))
                .collect(),
            scan: typed
                .and_then(|typed| sent(typed, "on_paper"))
                .unwrap_or_default()
                .to_owned(),
        }
    }
}

/// Whether a field may apply: what hangs on another section is known, what hangs on this
/// one is said beside it.
fn applies(turn: &Turn, field: &Field, known: &Known<'_>) -> bool {
    field.when.as_ref().is_none_or(|when| {
        let own = turn.section.field(&when.field);
        let is_own = own.is_some_and(|own| turn.section.signing_of(own) == turn.signing);
        is_own || when.says(None, &Values::new(), known).unwrap_or(true)
    })
}

/// What a form is proposed with: what is there, and what is known already.
fn proposed(turn: &Turn, mut values: Values, known: &Known<'_>, look: Look<'_>) -> Values {
    let request = &look.ticket.request;
    for field in &turn.section.fields {
        if values.contains_key(&field.id.0) || turn.section.signing_of(field) != turn.signing {
            continue;
        }
        let said = match field.prefill {
            None => None,
            Some(Prefill::RequesterName) => Some(request.requester.person.name.clone()),
            Some(Prefill::PrivacyNotice) => None,
            Some(Prefill::RequesterUnit) => request.requester.unit.clone(),
            Some(Prefill::WebAction) => request.web_request.as_ref().map(|web| {
                let word: &'static str = web.action.into();
                word.to_owned()
            }),
        };
        if let Some(said) = said {
            values.insert(field.id.0.clone(), said.into());
        }
        let rows = rows_of(field, known, look.holder);
        if !rows.is_empty() {
            values.insert(field.id.0.clone(), Value::Array(rows));
        }
    }
    values
}

/// The rows that a list begins with.
fn rows_of(field: &Field, known: &Known<'_>, holder: Option<&Holder>) -> Vec<Value> {
    let Kind::List {
        rows_of,
        rows_of_accounts,
        ..
    } = &field.kind
    else {
        return vec![];
    };
    let mut rows = Vec::new();
    if let Some(of) = rows_of {
        let wanted = |row: &&Values| {
            let when = of.when.as_ref();
            when.is_none_or(|when| when.holds(Some(row), &Values::new(), known))
        };
        for row in known.rows(&of.field.0).filter(wanted) {
            let columns = of.columns.iter();
            let columns: Map<String, Value> = columns
                .filter_map(|(column, from)| Some((column.0.clone(), row.get(&from.0)?.clone())))
                .collect();
            rows.push(Value::Object(columns));
        }
    }
    if let (Some(columns), Some(holder)) = (rows_of_accounts, holder) {
        for account in holder.active() {
            let columns = columns.iter().map(|(column, part)| {
                let value = match part {
                    AccountPart::System => &account.system,
                    AccountPart::Username => &account.username,
                };
                (column.0.clone(), Value::from(value.as_str()))
            });
            rows.push(Value::Object(columns.collect()));
        }
    }
    rows
}

/// The fields of a form, as the API takes them. What was left blank is left out; a list
/// keeps the places of its rows.
pub fn values_of(typed: &[(String, String)]) -> Values {
    let mut values = Values::new();
    for (name, value) in typed {
        let Some(path) = name.strip_prefix(FIELD) else {
            continue;
        };
        let value = value.replace("\r\n", "\n");
        match path.split('.').collect::<Vec<_>>().as_slice() {
            [field] if !value.trim().is_empty() => {
                values.insert((*field).to_owned(), value.into());
            }
            [list, place, column] => {
                let Some(place) = place.parse().ok().filter(|place| *place < MOST_ROWS) else {
                    continue;
                };
                let rows = values.entry(*list).or_insert_with(|| Value::Array(vec![]));
                let Value::Array(rows) = rows else { continue };
                if rows.len() <= place {
                    rows.resize(place + 1, Value::Object(Map::new()));
                }
                if let Some(Value::Object(row)) = rows.get_mut(place)
                    && !value.trim().is_empty()
                {
                    row.insert((*column).to_owned(), value.into());
                }
            }
            _ => {}
        }
    }
    values
}

/// Most rows that a form may send of a list.
const MOST_ROWS: usize = 200;

/// What a field hangs on, where that is in the same form: what others signed is known.
fn of_form(when: &Condition, turn: &Turn) -> Option<When> {
    let of = turn.section.field(&when.field)?;
    let is_here = turn.section.signing_of(of) == turn.signing;
    is_here.then(|| When::of(when, of, "", "Solo si"))
}

impl Cell {
    fn of(field: &'static Field, turn: &Turn, values: &Values) -> Self {
        let path = field.id.0.clone();
        let when = field.when.as_ref().and_then(|when| of_form(when, turn));
        Self::drawn(field, &path, values.get(&field.id.0), when)
    }

    fn drawn(field: &'static Field, path: &str, value: Option<&Value>, when: Option<When>) -> Self {
        let words = when.as_ref().map(|when| when.words.as_str());
        let hint = [words, field.hint.as_deref()];
        let hint: Vec<_> = hint.into_iter().flatten().collect();
        Cell {
            id: format!("c-{}", path.replace('.', "-")),
            name: format!("{FIELD}{path}"),
            label: &field.label,
            hint: hint.join(" "),
            required: field.required,
            drafted: field.shown == types::format::schema::Shown::Plain,
            control: Control::of(field, path, value),
            when,
        }
    }

    fn described(&self, wrong: &Wrong) -> String {
        let error = wrong.at(&self.id).map(|_| format!("{}-e", self.id));
        let hint = (!self.hint.is_empty()).then(|| format!("{}-h", self.id));
        error.into_iter().chain(hint).collect::<Vec<_>>().join(" ")
    }
}

impl Control {
    fn of(field: &'static Field, path: &str, value: Option<&Value>) -> Self {
        let text = match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Bool(yes)) => if *yes { "true" } else { "false" }.to_owned(),
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => String::new(),
        };
        let input = |kind| Control::Input {
            kind,
            value: text.clone(),
        };
        let choice = |value: &'static str, label: &'static str| Choice {
            value,
            label,
            chosen: text == value,
        };
        match &field.kind {
            Kind::Line { .. } => input("text"),
            Kind::Text { .. } => Control::Text(text),
            Kind::Email => input("email"),
            Kind::Url => input("url"),
            Kind::Date => input("date"),
            Kind::Count { .. } => input("number"),
            Kind::Moment => Control::Input {
                kind: "datetime-local",
                value: local(&text),
            },
            Kind::Accepted => Control::Check(text == "true"),
            Kind::YesNo => Control::Few(vec![choice("yes", "Sí"), choice("no", "No")]),
            Kind::Choice { options, .. } => {
                let choices: Vec<_> = options
                    .iter()
                    .map(|of| choice(&of.value, &of.label))
                    .collect();
                // A row has no room for them side by side.
                match choices.len() <= FEW && !path.contains('.') {
                    true => Control::Few(choices),
                    false => Control::Many(vec![Group { label: "", choices }]),
                }
            }
            Kind::System => {
                let all = systems().systems.iter();
                let choices = all
                    .map(|system| choice(&system.id.0, &system.name))
                    .collect();
                Control::Many(vec![Group { label: "", choices }])
            }
            Kind::Profile => {
                let groups = systems().systems.iter();
                let groups = groups.map(|system| Group {
                    label: &system.name,
                    choices: system
                        .profiles
                        .iter()
                        .map(|of| choice(&of.id, &of.name))
                        .collect(),
                });
                Control::Many(groups.collect())
            }
            Kind::List {
                columns,
                one,
                most,
                rows_of,
                rows_of_accounts,
            } => {
                let there = value
                    .and_then(Value::as_array)
                    .map_or(&[][..], Vec::as_slice);
                // One more, to be filled in, where it is not known which there are.
                let spare = Value::Null;
                let comes_of_others = rows_of.is_some() || rows_of_accounts.is_some();
                let is_known = comes_of_others && !there.is_empty();
                let more = (there.len() < *most && !is_known).then_some(&spare);
                let rows = there.iter().chain(more).enumerate();
                Control::Rows {
                    one,
                    rows: rows
                        .map(|(place, row)| {
                            let cells = columns.iter();
                            cells
                                .map(|column| {
                                    let row_path = format!("{path}.{place}.");
                                    let path = format!("{row_path}{}", column.id);
                                    let when = column.when.as_ref().and_then(|when| {
                                        let mut others = columns.iter();
                                        let of = others.find(|other| other.id == when.field)?;
                                        Some(When::of(when, of, &row_path, "Si"))
                                    });
                                    Cell::drawn(column, &path, row.get(&column.id.0), when)
                                })
                                .collect()
                        })
                        .collect(),
                    list: more.map(|_| &*field.id.0),
                }
            }
        }
    }
}

/// A time as a browser's field takes it: the entity's.
fn local(text: &str) -> String {
    let zone = jiff::tz::TimeZone::get("America/Bogota");
    match (text.parse::<types::Timestamp>(), zone) {
        (Ok(at), Ok(zone)) => at.to_zoned(zone).strftime("%Y-%m-%dT%H:%M").to_string(),
        (_, _) => text.to_owned(),
    }
}

/// A format, as a request's page names it.
pub struct Mention {
    pub code: FormatCode,
    pub name: &'static str,
    pub state: String,
    /// Whether anybody signs it: it does not come of others.
    pub is_signed: bool,
}

impl Mention {
    /// The same within a sentence.
    pub(crate) fn waits(&self) -> String {
        let mut letters = self.state.chars();
        let first = letters.next().map(char::to_lowercase);
        first.into_iter().flatten().chain(letters).collect()
    }
}

/// The formats of a request that somebody may read.
pub fn mentions(ticket: &Ticket) -> Vec<Mention> {
    let mention = |code: &FormatCode| {
        let schema = turn::schema_of(ticket, code)?;
        let format = ticket.formats.get(code);
        let turn = turn::turn(schema, format);
        let state = match (schema.is_generated(), turn) {
            (true, _) => "Sale de los que se firman".to_owned(),
            (false, Some(turn)) => format!(
                "Espera la sección {}: {}",
                turn.place + 1,
                signers(turn.line(), format)
            ),
            (false, None) => "Completo".to_owned(),
        };
        Some(Mention {
            code: code.clone(),
            name: &schema.name,
            state,
            is_signed: !schema.is_generated(),
        })
    };
    turn::codes(ticket).filter_map(mention).collect()
}

/// The formats that wait for somebody.
#[derive(Template)]
#[template(path = "formats.html")]
pub struct List<'a> {
    pub shell: Shell<'a>,
    pub rows: Vec<Waiting>,
    /// What of the quarter's review waits for him: how many accounts are not decided, and until
    /// when there is time.
    pub review: Option<(usize, String)>,
    pub next: Option<String>,
}

/// A format that waits.
pub struct Waiting {
    number: u64,
    label: String,
    title: String,
    code: FormatCode,
    name: String,
    section: String,
    /// When the request was registered.
    since: String,
}

impl Waiting {
    /// What of a ticket waits for some parties.
    pub fn of(ticket: &Ticket, parties: &[turn::Party], now: types::Timestamp) -> Vec<Self> {
        let awaited = turn::awaited(ticket).into_iter();
        let his = awaited.filter(|of| parties.iter().any(|party| of.parties.contains(party)));
        his.map(|of| Waiting {
            number: ticket.number.0,
            label: ticket.number.to_string(),
            title: ticket.request.title.clone(),
            name: of.turn.schema.name.clone(),
            section: format!("Sección {}, {}", of.turn.place + 1, of.turn.section.title),
            since: crate::words::when(ticket.created_at, now),
            code: of.code,
        })
        .collect()
    }
}

impl List<'_> {
    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

/// The matrix of accounts (A3-FO-11).
#[derive(Template)]
#[template(path = "accounts.html")]
pub struct Matrix<'a> {
    shell: Shell<'a>,
    /// How the quarter's reviews stand; nothing on a later page of the matrix.
    standings: Option<Standings>,
    /// None, for those who see the reviews alone.
    people: Option<Vec<Person>>,
    next: Option<String>,
}

struct Person {
    name: String,
    document: String,
    unit: String,
    rows: Vec<AccountRow>,
}

struct AccountRow {
    /// Whether it still lets its holder in.
    active: bool,
    what: String,
    username: String,
    granted: String,
    by: u64,
    label: String,
    until: String,
    tags: Vec<(&'static str, String)>,
    /// The request by which it was asked to be disabled at its end.
    ends_by: Option<(u64, String)>,
    reviewed: String,
}

impl<'a> Matrix<'a> {
    /// The page of the reviews alone.
    pub fn of_reviews(shell: Shell<'a>, standings: Standings) -> Self {
        Matrix {
            shell,
            standings: Some(standings),
            people: None,
            next: None,
        }
    }

    /// The page of some people.
    pub fn of(
        shell: Shell<'a>,
        standings: Option<Standings>,
        holders: &[Holder],
        today: types::Date,
        next: Option<String>,
    ) -> Self {
        let people = holders.iter().map(|holder| Person {
            name: holder.name.clone(),
            document: holder.masked(),
            unit: holder
                .unit
                .clone()
                .unwrap_or_else(|| "Sin dependencia".to_owned()),
            rows: holder
                .accounts
                .iter()
                .map(|account| AccountRow::of(holder, account, today))
                .collect(),
        });
        Matrix {
            shell,
            standings,
            people: Some(people.collect()),
            next,
        }
    }

    fn signed_words(&self, standings: &Standings) -> String {
        let all = standings.rows.len();
        match standings.signed {
            signed if signed == all && all > 1 => format!("Firmaron los {all}."),
            0 => format!("No ha firmado ninguno de {all}."),
            1 => format!("Firmó 1 de {all}."),
            signed => format!("Firmaron {signed} de {all}."),
        }
    }

    /// As markup.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn written(&self) -> Result<String, askama::Error> {
        self.render()
    }
}

impl AccountRow {
    fn of(holder: &Holder, account: &Account, today: types::Date) -> Self {
        let system = systems().get(&account.system);
        let profile = system.and_then(|system| system.profile(&account.profile));
        let profile = profile.map_or(&*account.profile, |profile| &profile.name);
        let name = system.map_or(&*account.system, |system| &system.name);
        let day = |at| types::spanish::short_date(types::mail::day(at));
        let standing = match account.standing(today) {
            Standing::Active => None,
            Standing::Expiring => Some(("tag tag--soon", "Por vencer".to_owned())),
            Standing::Expired => Some(("tag tag--danger", "Vencida y activa".to_owned())),
            Standing::Disabled => account
                .disabled
                .as_ref()
                .map(|disabled| ("tag", format!("Deshabilitada el {}", day(disabled.at)))),
        };
        let mut tags: Vec<_> = standing.into_iter().collect();
        let asked = holder.asked_for_end().filter(|_| account.is_active());
        if account.is_active() {
            let found = checks(holder, account, today).into_iter();
            tags.extend(found.filter_map(|check| match check {
                // Its standing says so, and its unit stands beside the name.
                Check::Expired { .. } | Check::NoUnit => None,
                Check::Conflict { with, .. } => {
                    Some(("tag tag--soon", format!("Choca con {with}")))
                }
            }));
        }
        AccountRow {
            active: account.disabled.is_none(),
            what: format!("{name}, {profile}"),
            username: account.username.clone(),
            granted: day(account.granted_at),
            by: account.granted_by.0,
            label: account.granted_by.to_string(),
            until: match account.valid_until {
                Some(until) => types::spanish::short_date(until),
                None => "Sin término".to_owned(),
            },
            tags,
            ends_by: asked.map(|number| (number.0, number.to_string())),
            reviewed: match account.last_reviewed {
                Some(at) => day(at),
                None => "Nunca".to_owned(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_says_what_the_api_takes() {
        let typed = [
            ("c.kind", "contractor"),
            ("c.site", " "),
            ("c.accounts.0.system", "correo"),
            ("c.accounts.0.profile", ""),
            ("c.accounts.2.system", "orfeo"),
            ("c.accounts.9999.system", "orfeo"),
            ("c.accounts.x.system", "orfeo"),
            ("c.notes", "a\r\nb"),
            ("expected_version", "3"),
        ];
        let typed: Vec<_> = typed
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect();
        assert_eq!(
            Value::Object(values_of(&typed)),
            json!({
                "kind": "contractor",
                "accounts": [{ "system": "correo" }, {}, { "system": "orfeo" }],
                "notes": "a\nb"
            })
        );
    }

    #[test]
    fn an_error_leads_to_its_field() {
        assert_eq!(
            id_of_pointer("/fields/accounts/1/valid_until"),
            "c-accounts-1-valid_until"
        );
        assert_eq!(id_of_pointer("/fields/kind"), "c-kind");
        assert_eq!(id_of_pointer("/on_paper"), "on_paper");
        assert_eq!(local("2026-11-27T22:00:00Z"), "2026-11-27T17:00");
    }
}
