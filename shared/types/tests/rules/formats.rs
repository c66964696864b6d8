//! The formats of the procedure (section 5.1, activities 4 and 9): filled in and signed in
//! order, each section by whoever it is for, and never changed after that.

use proptest::prelude::*;
use serde_json::{Value, json};
use types::command::{Command, Rejection};
use types::effects::{Effect, MailKind, effects};
use types::format::accounts::{Change, Holder, Standing};
use types::format::record::Values;
use types::format::schema::{formats as all_formats, newest};
use types::format::signing;
use types::format::turn::{Party, awaited, missing, parties};
use types::format::view::FormatView;
use types::ids::{FormatCode, SectionId};
use types::permission::{Actor, Denial, may_read, may_read_format};
use types::problem::FieldError;
use types::ticket::{State, replay};

use crate::world::{
    AGENT, COORDINATOR, OFFICER, REQUESTER, Story, address, caller, fields, first_section, person,
};

const FO_01: &str = "A3-S1-FO-01";
const FO_03: &str = "A3-S1-FO-03";
const FO_11: &str = "A3-FO-11";
const FO_12: &str = "A3-FO-12";

const BOSS: &str = "jefa.juridica";
/// Who supervises a contract stands in the directory.
const SUPERVISOR: &str = "coordinador.mesa";
const NEWCOMER: &str = "ricardo.perez";

fn resources() -> Values {
    fields(json!({
        "accounts": [
            { "system": "correo", "profile": "contratista", "justification": "Comunicarse" },
            { "system": "orfeo", "profile": "radicador", "justification": "Radicar", "valid_until": "2027-03-31" }
        ],
        "email_wanted": "yes", "vpn": "no", "equipment_wanted": "yes"
    }))
}

fn equipment() -> Values {
    fields(json!({
        "equipment": [
            { "kind": "laptop", "brand": "Lenovo", "serial": "PF-1", "asset_tag": "4411", "state": "new" }
        ],
        "warehouse_out": "118", "custodian": "Ricardo Pérez"
    }))
}

fn creation() -> Values {
    fields(json!({
        "created": [
            { "system": "correo", "outcome": "created", "username": "ricardo.perez",
              "profile_granted": "contratista", "created_at": "2026-11-23", "by": "Funcionario 1" },
            { "system": "orfeo", "outcome": "created", "username": "rperez",
              "profile_granted": "radicador", "created_at": "2026-11-23", "by": "Funcionario 1" }
        ],
        "prepared": [
            { "asset_tag": "4411", "hostname": "PC-4411", "os": "Windows 11", "antivirus": true, "encrypted": "yes" }
        ],
        "user_email": address(NEWCOMER)
    }))
}

fn delivery() -> Values {
    fields(json!({
        "delivered_at": "2026-11-23", "place": "Piso 3",
        "induction": [
            { "system": "correo", "given": "given" },
            { "system": "orfeo", "given": "not_applicable" }
        ],
        "induction_desk": true, "induction_policy": true, "induction_minutes": 40
    }))
}

fn receipt() -> Values {
    fields(json!({
        "received": true, "policies_accepted": true, "confidentiality_accepted": true
    }))
}

/// The five sections of A3-S1-FO-01, each with whoever signs it.
fn account_form() -> Vec<(&'static str, &'static str, Values)> {
    vec![
        ("user", "contratos", first_section()),
        ("resources", BOSS, resources()),
        ("resources", "administrativo", equipment()),
        ("creation", OFFICER, creation()),
        ("delivery", AGENT, delivery()),
        ("receipt", NEWCOMER, receipt()),
    ]
}

fn leaving_form() -> Vec<(&'static str, &'static str, Values)> {
    let leaving = fields(json!({
        "document_type": "CC", "document_number": "52.345.618".replace('.', ""),
        "first_names": "Ricardo", "last_names": "Pérez", "reason": "contract_end",
        "effective_at": "2026-11-23T22:00:00Z", "urgent": "no", "act_or_contract": "318 de 2026",
        "supervisor": address(SUPERVISOR), "mail_policy": "none", "has_equipment": "yes"
    }));
    let disabling = fields(json!({
        "disabled": [
            { "system": "correo", "username": "ricardo.perez", "outcome": "disabled",
              "disabled_at": "2026-11-23T13:00:00Z", "by": "Funcionario 1" },
            { "system": "orfeo", "username": "RPEREZ", "outcome": "revoked",
              "disabled_at": "2026-11-23T13:00:00Z", "by": "Funcionario 1" }
        ],
        "tokens_removed": "yes", "access_removed": "none", "mailbox_export": "stored"
    }));
    let returns = fields(json!({
        "returned": [{ "asset_tag": "4411", "condition": "good" }],
        "data_wiped": "yes", "warehouse_in": "77"
    }));
    let pending = fields(json!({
        "documents_at_zero": "yes", "hand_over_report": "delivered", "folder_delivered": "yes"
    }));
    let closing = fields(json!({ "clearance": "issued" }));
    vec![
        ("leaving", "contratos", leaving),
        ("disabling", OFFICER, disabling),
        ("returns", "administrativo", returns),
        ("pending", SUPERVISOR, pending),
        ("closing", AGENT, closing),
    ]
}

fn web_form() -> Vec<(&'static str, &'static str, Values)> {
    let request = fields(json!({
        "action": "publish", "unit": "Comunicaciones", "requester": "Funcionaria",
        "approver": address(BOSS), "title": "Informe de gestión", "menu_path": "Entidad > Informes",
        "summary": "El informe del año.", "publish_from": "2026-11-24", "new_or_replaces": "new"
    }));
    let checklist = fields(json!({
        "is_final_version": "yes", "no_personal_data": "yes", "not_classified_or_reserved": "yes",
        "accessible_document": "yes", "plain_language": "yes"
    }));
    let publication = fields(json!({
        "published_at": "2026-11-23", "final_url": "https://www.uspec.gov.co/informes/2026",
        "evidence": "captura.png"
    }));
    vec![
        ("request", REQUESTER, request),
        ("checklist", REQUESTER, checklist),
        ("approval", BOSS, fields(json!({ "decision": "approved" }))),
        ("publication", OFFICER, publication),
        (
            "verification",
            REQUESTER,
            fields(json!({ "conforms": "yes" })),
        ),
    ]
}

fn sign(code: &str, section: &str, values: Values, holder: Option<Holder>) -> Command {
    Command::SignSection {
        code: code.into(),
        section: section.into(),
        fields: Some(values),
        on_paper: None,
        holder: holder.map(Box::new),
    }
}

fn draft(code: &str, section: &str, values: Values) -> Command {
    Command::DraftSection {
        code: code.into(),
        section: section.into(),
        fields: values,
    }
}

/// Signs the first so many sections of a form. Gives the last change of the matrix, too.
fn signed(
    mut story: Story,
    code: &str,
    form: &[(&str, &str, Values)],
    matrix: Option<&Holder>,
) -> (Story, Option<Change>) {
    let mut change = None;
    for (section, who, values) in form {
        let command = sign(code, section, values.clone(), matrix.cloned());
        let before = story.ticket.clone();
        story = story.when(&person(who), command);
        let event = story.events.last().unwrap();
        change = signing::accounts(event, &before, matrix).or(change);
    }
    (story, change)
}

/// The first signature that an account form takes.
pub fn first_signature() -> Command {
    sign(FO_01, "user", first_section(), None)
}

/// Somebody with two accounts until the end of his contract, the 31st of May of 2027.
pub fn holder() -> Holder {
    let (_, change) = signed(
        Story::assigned("cuentas_equipos"),
        FO_01,
        &account_form(),
        None,
    );
    change.unwrap().holder
}

/// What such a signature makes of the person's accounts.
pub fn signs(
    story: Story,
    section: &str,
    who: &str,
    values: Option<Values>,
    matrix: Option<&Holder>,
) -> (Story, Option<Change>) {
    let command = Command::SignSection {
        code: FO_12.into(),
        section: section.into(),
        fields: values,
        on_paper: None,
        holder: matrix.cloned().map(Box::new),
    };
    let before = story.ticket.clone();
    let story = story.when(&person(who), command);
    let change = signing::accounts(story.events.last().unwrap(), &before, matrix);
    (story, change)
}

/// A form that was drafted, signed, corrected and signed again.
pub fn lived() -> Story {
    let (story, _) = signed(
        Story::assigned("cuentas_equipos")
            .when(&person("contratos"), draft(FO_01, "user", first_section())),
        FO_01,
        &account_form()[..2],
        None,
    );
    let correct = Command::CorrectSection {
        code: FO_01.into(),
        section: "user".into(),
        reason: "El contrato termina antes".to_owned(),
    };
    let story = story.when(&person("contratos"), correct);
    signed(story, FO_01, &account_form(), None).0
}

fn errors(rejection: Rejection) -> Vec<FieldError> {
    match rejection {
        Rejection::Fields(errors) => errors,
        other => panic!("{other:?}"),
    }
}

fn codes(errors: &[FieldError]) -> Vec<(&str, &str)> {
    errors.iter().map(|e| (e.field.as_str(), e.code)).collect()
}

fn resolve() -> Command {
    Command::Resolve {
        solution: "Entregado".to_owned(),
    }
}

#[test]
fn five_parties_sign_in_order_and_then_there_is_a_solution() {
    let mut story = Story::assigned("cuentas_equipos");
    assert_eq!(missing(&story.ticket), [&FO_01.into(), &FO_11.into()]);
    for (place, (section, who, values)) in account_form().into_iter().enumerate() {
        let refused = story.refuses(&person(AGENT), resolve());
        assert!(
            matches!(refused, Rejection::InvalidTransition(_)),
            "{place}"
        );
        // Nobody else's turn, and no other section's.
        for (other_section, other, values) in account_form() {
            if other != who {
                let command = sign(FO_01, other_section, values, None);
                assert!(matches!(
                    story.refuses(&person(other), command),
                    Rejection::InvalidTransition(_) | Rejection::Denied(_)
                ));
            }
        }
        story = story.when(&person(who), draft(FO_01, section, values.clone()));
        story = story.when(
            &person(who),
            Command::SignSection {
                code: FO_01.into(),
                section: section.into(),
                fields: None,
                on_paper: None,
                holder: None,
            },
        );
        let signature = story.ticket.formats[&FO_01.into()].sections[&section.into()]
            .signatures
            .last()
            .unwrap();
        assert_eq!(signature.by.email, address(who));
        assert_eq!(signature.sha256.len(), 64);
    }
    assert!(missing(&story.ticket).is_empty());
    assert!(awaited(&story.ticket).is_empty());
    assert_eq!(replay(&story.events).unwrap(), story.ticket);
    let story = story.when(&person(AGENT), resolve());
    assert_eq!(story.ticket.state, State::Solved);
}

#[test]
fn whose_turn_it_is_is_told_and_listed() {
    use types::catalogue::Role;
    let story = Story::registered("cuentas_equipos");
    let offices = [Role::Personnel, Role::Contracting].map(Party::Office);
    assert_eq!(
        parties(&story.ticket).into_iter().collect::<Vec<_>>(),
        offices
    );
    let mail = Effect::Mail(MailKind::SectionAwaits);
    assert!(effects(&story.events[0], &story.ticket).contains(&mail));

    let form = account_form();
    let told = [
        Party::Person(address(BOSS)),
        Party::Office(Role::Administrative),
        Party::Office(Role::Officer),
        Party::Person(address(AGENT)),
        Party::Person(address(NEWCOMER)),
    ];
    let mut story = Story::assigned("cuentas_equipos");
    for ((section, who, values), told) in form.into_iter().zip(told) {
        story = story.when(&person(who), sign(FO_01, section, values, None));
        assert!(
            parties(&story.ticket).contains(&told),
            "{section}: {told:?}"
        );
        let owed = effects(story.events.last().unwrap(), &story.ticket);
        assert!(owed.contains(&mail), "{section}");
        // The desk hears of each, unless it is its own turn: then it is told that.
        let hears = Effect::Mail(MailKind::SectionSignedToAgent);
        assert_eq!(
            owed.contains(&hears),
            told != Party::Person(address(AGENT)) && who != AGENT,
            "{section}"
        );
    }
}

#[test]
fn whoever_signs_sees_the_format_and_nothing_else() {
    let (story, _) = signed(
        Story::assigned("cuentas_equipos"),
        FO_01,
        &account_form()[..1],
        None,
    );
    let code = FormatCode::from(FO_01);
    for (who, format) in [
        ("contratos", true),
        ("administrativo", true),
        (BOSS, true),
        // It is a contractor's form.
        ("personal", false),
        // His address is named in section 3 alone.
        (NEWCOMER, false),
        ("otro", false),
    ] {
        let who = caller(who);
        assert!(!may_read(&who, &story.ticket), "{}", who.email);
        let sees = may_read_format(&who, &story.ticket, &code);
        assert_eq!(sees, format, "{}", who.email);
        assert!(!may_read_format(&who, &story.ticket, &FO_12.into()));
    }
    let seen = |who: &str, field: &str| -> Option<String> {
        let view = FormatView::of(&story.ticket, &code, &caller(who)).unwrap();
        let value = view.sections[0].fields.get(field)?;
        Some(value.as_str().unwrap().to_owned())
    };
    for (who, number, mail) in [
        ("contratos", "52345618", true),
        (AGENT, "52345618", true),
        ("administrativo", "52·····18", false),
        (BOSS, "52·····18", false),
    ] {
        assert_eq!(
            seen(who, "document_number").as_deref(),
            Some(number),
            "{who}"
        );
        assert_eq!(seen(who, "personal_email").is_some(), mail, "{who}");
    }
    // A stranger is told nothing; a party, that it is not his turn.
    let command = || sign(FO_01, "resources", resources(), None);
    assert_eq!(
        story.refuses(&person("otro"), command()),
        Rejection::Denied(Denial::Hidden)
    );
    let refused = story.refuses(&person("administrativo"), command());
    assert_eq!(
        refused,
        Rejection::Denied(Denial::OthersToSign(format!(
            "La sección 2 la firma {} o {}.",
            address(BOSS),
            address(SUPERVISOR)
        )))
    );
}

#[test]
fn what_is_signed_is_frozen_and_a_correction_is_an_edition_of_its_own() {
    let (story, _) = signed(
        Story::assigned("cuentas_equipos"),
        FO_01,
        &account_form()[..3],
        None,
    );
    let changed = || {
        let mut values = first_section();
        values.insert("unit".to_owned(), "Otra".into());
        values
    };
    let refused = story.refuses(&person("contratos"), draft(FO_01, "user", changed()));
    assert!(
        matches!(refused, Rejection::InvalidTransition(_)),
        "{refused:?}"
    );
    let correct = |section: &str| Command::CorrectSection {
        code: FO_01.into(),
        section: section.into(),
        reason: "El contrato termina antes".to_owned(),
    };
    assert!(matches!(
        story.refuses(&person("administrativo"), correct("user")),
        Rejection::Denied(Denial::OthersToSign(_))
    ));
    assert!(matches!(
        story.refuses(&person("contratos"), correct("creation")),
        Rejection::InvalidTransition(_) | Rejection::Denied(_)
    ));
    let before = story.ticket.formats[&FO_01.into()].clone();
    let story = story.when(&person("contratos"), correct("user"));
    let after = &story.ticket.formats[&FO_01.into()];
    for section in ["user", "resources"] {
        let section = SectionId::from(section);
        assert_eq!(after.sections[&section].edition, 1);
        assert!(after.sections[&section].signatures.is_empty());
        assert_eq!(
            after.sections[&section].fields,
            before.sections[&section].fields
        );
    }
    let owed = effects(story.events.last().unwrap(), &story.ticket);
    assert!(owed.contains(&Effect::Mail(MailKind::SectionAwaits)));
    // The same text under another edition is another signature.
    let story = story.when(
        &person("contratos"),
        sign(FO_01, "user", first_section(), None),
    );
    let again = &story.ticket.formats[&FO_01.into()].sections[&"user".into()].signatures[0];
    assert_ne!(
        again.sha256,
        before.sections[&"user".into()].signatures[0].sha256
    );
}

#[test]
fn accounts_come_into_the_matrix_and_leave_it() {
    let form = account_form();
    let (story, change) = signed(Story::assigned("cuentas_equipos"), FO_01, &form, None);
    let change = change.unwrap();
    assert_eq!(change.over, None);
    let holder = change.holder;
    assert_eq!(
        (holder.name.as_str(), holder.accounts.len()),
        ("Ricardo Pérez", 2)
    );
    let until: Vec<_> = holder
        .accounts
        .iter()
        .map(|a| a.valid_until.unwrap().to_string())
        .collect();
    assert_eq!(
        until,
        ["2027-05-31", "2027-03-31"],
        "the contract's end where nothing is said"
    );
    let on = |day: &str| holder.accounts[1].standing(day.parse().unwrap());
    assert_eq!(on("2027-03-20"), Standing::Expiring);
    assert_eq!(on("2027-04-01"), Standing::Expired);
    let delta =
        FormatView::of(&story.ticket, &FO_11.into(), &caller(AGENT)).map(|v| v.accounts.len());
    assert_eq!(delta, Some(2));

    // A3-FO-12 is not signed while one of them is left.
    let leaving = leaving_form();
    let (story, _) = signed(
        Story::escalated("desvinculacion"),
        FO_12,
        &leaving[..1],
        None,
    );
    let mut left = leaving[1].2.clone();
    left["disabled"].as_array_mut().unwrap().pop();
    let refused = errors(story.refuses(
        &person(OFFICER),
        sign(FO_12, "disabling", left, Some(holder.clone())),
    ));
    assert_eq!(codes(&refused), [("/fields/disabled", "accounts_left")]);
    assert_eq!(
        refused[0].detail,
        "Quedan cuentas activas en la matriz: Orfeo (gestión documental) (rperez)."
    );
    let (story, change) = signed(story, FO_12, &leaving[1..4], Some(&holder));
    let gone = change.unwrap();
    assert_eq!(gone.over, Some(1));
    assert_eq!(gone.holder.active().count(), 0);
    let story = story.when(
        &person(OFFICER),
        Command::ReportSolution {
            body: "Listo".to_owned(),
        },
    );
    let (story, _) = signed(story, FO_12, &leaving[4..], None);
    let view = FormatView::of(&story.ticket, &FO_12.into(), &caller(AGENT)).unwrap();
    let clearance = view.clearance.unwrap();
    assert!(clearance.issued && clearance.code.len() == 16);
    story.when(&person(AGENT), resolve());
}

#[test]
fn a_reasoned_exception_stays_and_there_is_no_clearance() {
    let (_, change) = signed(
        Story::assigned("cuentas_equipos"),
        FO_01,
        &account_form(),
        None,
    );
    let holder = change.unwrap().holder;
    let leaving = leaving_form();
    let (story, _) = signed(
        Story::escalated("desvinculacion"),
        FO_12,
        &leaving[..1],
        None,
    );
    let mut excepted = leaving[1].2.clone();
    excepted["disabled"][1] = json!({
        "system": "orfeo", "username": "rperez", "outcome": "excepted", "by": "Funcionario 1",
        "exception": "Firma una resolución pendiente"
    });
    let (story, change) = signed(
        story,
        FO_12,
        &[("disabling", OFFICER, excepted)],
        Some(&holder),
    );
    let holder = change.unwrap().holder;
    assert_eq!(holder.active().count(), 1);
    assert!(holder.active().all(|account| account.exception.is_some()));
    let (story, _) = signed(story, FO_12, &leaving[2..4], None);
    let refused = errors(story.refuses(
        &person(AGENT),
        sign(FO_12, "closing", leaving[4].2.clone(), None),
    ));
    assert_eq!(codes(&refused), [("/fields/clearance", "not_allowed")]);
}

#[test]
fn a_page_is_published_as_its_unit_and_its_chief_say() {
    let form = web_form();
    let (story, _) = signed(Story::assigned("publicacion_web"), FO_03, &form[..2], None);
    // The chief returns it: the unit has it again, with the reason.
    let reject = fields(json!({ "decision": "rejected", "decision_remarks": "Falta el anexo" }));
    let story = story.when(&person(BOSS), sign(FO_03, "approval", reject, None));
    let waits = awaited(&story.ticket);
    assert_eq!(waits[0].turn.section.id, "request".into());
    let owed = effects(story.events.last().unwrap(), &story.ticket);
    assert_eq!(
        owed.iter()
            .filter(|e| **e == Effect::Mail(MailKind::SectionAwaits))
            .count(),
        1
    );
    let (story, _) = signed(story, FO_03, &form[..4], None);
    let not_yet = fields(json!({ "conforms": "no", "conforms_remarks": "El enlace no abre" }));
    let story = story.when(
        &person(REQUESTER),
        sign(FO_03, "verification", not_yet, None),
    );
    assert_eq!(
        awaited(&story.ticket)[0].turn.section.id,
        "publication".into()
    );
    let (story, _) = signed(story, FO_03, &form[3..], None);
    story.when(&person(AGENT), resolve());
}

#[test]
fn the_desk_attests_what_was_signed_on_paper() {
    let (story, _) = signed(
        Story::assigned("cuentas_equipos"),
        FO_01,
        &account_form()[..5],
        None,
    );
    let attest = |scan: &str, section: &str| Command::SignSection {
        code: FO_01.into(),
        section: section.into(),
        fields: Some(receipt()),
        on_paper: Some(scan.to_owned()),
        holder: None,
    };
    let refused = story.refuses(&person(AGENT), attest("7", "receipt"));
    assert!(matches!(refused, Rejection::Validation(e) if e.field == "/on_paper"));
    let file = types::ticket::Attachment {
        id: "7".to_owned(),
        name: "firmado.pdf".to_owned(),
        content_type: "application/pdf".to_owned(),
        size: 10,
        visibility: types::ticket::Visibility::Internal,
        digest: None,
    };
    let add = Command::AddAttachments {
        attachments: vec![file],
        left_out: 0,
    };
    let story = story.when(&person(AGENT), add);
    assert!(matches!(
        story.refuses(&person("agente2.soporte"), attest("7", "receipt")),
        Rejection::Denied(_) | Rejection::InvalidTransition(_)
    ));
    let story = story.when(&person(AGENT), attest("7", "receipt"));
    let signature = &story.ticket.formats[&FO_01.into()].sections[&"receipt".into()].signatures[0];
    assert_eq!(signature.on_paper.as_deref(), Some("7"));
    assert_eq!(signature.by.email, address(AGENT));
}

/// A section with one thing changed, and what is told of it.
type Wrong = (&'static str, Value, &'static str, &'static str);

fn check_wrong(
    code: &str,
    form: &[(&str, &str, Values)],
    at: usize,
    category: &str,
    wrong: &[Wrong],
) {
    let story = match category {
        "desvinculacion" => Story::escalated(category),
        _ => Story::assigned(category),
    };
    let (story, _) = signed(story, code, &form[..at], None);
    let (section, who, good) = &form[at];
    for (field, value, at, expected) in wrong {
        let mut values = good.clone();
        match value {
            Value::Null => drop(values.remove(*field)),
            value => drop(values.insert((*field).to_owned(), value.clone())),
        }
        let refused = story.refuses(&person(who), sign(code, section, values, None));
        let told = errors(refused);
        assert_eq!(
            codes(&told),
            [(*at, *expected)],
            "{field} = {value}: {told:?}"
        );
    }
}

#[test]
fn every_rule_of_the_account_form_has_a_bad_value() {
    let form = account_form();
    let row = |list: &str, place: usize, column: &str, value: Value, at: usize| -> Value {
        let mut rows = form[at].2[list].clone();
        rows[place][column] = value;
        rows
    };
    check_wrong(
        FO_01,
        &form,
        0,
        "cuentas_equipos",
        &[
            (
                "novelty",
                json!("visit"),
                "/fields/novelty",
                "unknown_value",
            ),
            ("novelty", Value::Null, "/fields/novelty", "required"),
            (
                "document_type",
                json!("TI"),
                "/fields/document_type",
                "unknown_value",
            ),
            (
                "document_number",
                json!("52.345.618"),
                "/fields/document_number",
                "malformed",
            ),
            (
                "document_number",
                json!("1234"),
                "/fields/document_number",
                "malformed",
            ),
            (
                "first_names",
                json!("x".repeat(61)),
                "/fields/first_names",
                "too_long",
            ),
            ("last_names", json!(" "), "/fields/last_names", "required"),
            ("unit", Value::Null, "/fields/unit", "required"),
            ("position", Value::Null, "/fields/position", "required"),
            (
                "contract_number",
                Value::Null,
                "/fields/contract_number",
                "required",
            ),
            (
                "contract_start",
                json!("2026-02-30"),
                "/fields/contract_start",
                "invalid_date",
            ),
            (
                "contract_end",
                json!("2026-12-01"),
                "/fields/contract_end",
                "out_of_order",
            ),
            (
                "supervisor",
                json!("otro@uspec.gov.co"),
                "/fields/supervisor",
                "unknown_person",
            ),
            (
                "boss",
                json!("jefe@gmail.com"),
                "/fields/boss",
                "not_of_the_entity",
            ),
            ("boss", json!("jefe"), "/fields/boss", "invalid_email"),
            (
                "personal_email",
                json!(7),
                "/fields/personal_email",
                "wrong_type",
            ),
            ("password", json!("x"), "/fields/password", "unknown_field"),
        ],
    );
    check_wrong(
        FO_01,
        &form,
        1,
        "cuentas_equipos",
        &[
            (
                "accounts",
                row("accounts", 1, "valid_until", json!("2027-06-01"), 1),
                "/fields/accounts/1/valid_until",
                "out_of_order",
            ),
            (
                "accounts",
                row("accounts", 0, "system", json!("facebook"), 1),
                "/fields/accounts/0/system",
                "unknown_value",
            ),
            (
                "accounts",
                row("accounts", 0, "profile", json!("rey"), 1),
                "/fields/accounts/0/profile",
                "unknown_value",
            ),
            (
                "accounts",
                row("accounts", 0, "justification", json!(""), 1),
                "/fields/accounts/0/justification",
                "required",
            ),
            (
                "accounts",
                row("accounts", 0, "clave", json!("x"), 1),
                "/fields/accounts/0/clave",
                "unknown_field",
            ),
            (
                "accounts",
                json!("correo"),
                "/fields/accounts",
                "wrong_type",
            ),
            (
                "accounts",
                json!([
                    { "system": "siif", "profile": "registrador", "justification": "Registrar" },
                    { "system": "siif", "profile": "aprobador", "justification": "Aprobar" }
                ]),
                "/fields/accounts/1/profile",
                "conflicting_profiles",
            ),
            ("vpn", json!("yes"), "/fields/vpn_reason", "required"),
            (
                "equipment_wanted",
                Value::Null,
                "/fields/equipment_wanted",
                "required",
            ),
            // It is the Grupo Administrativo's to fill in.
            (
                "warehouse_out",
                json!("1"),
                "/fields/warehouse_out",
                "unknown_field",
            ),
        ],
    );
    check_wrong(
        FO_01,
        &form,
        2,
        "cuentas_equipos",
        &[
            ("equipment", Value::Null, "/fields/equipment", "required"),
            (
                "equipment",
                row("equipment", 0, "asset_tag", json!(""), 2),
                "/fields/equipment/0/asset_tag",
                "required",
            ),
            (
                "equipment",
                row("equipment", 0, "serial", json!(""), 2),
                "/fields/equipment/0/serial",
                "required",
            ),
            (
                "equipment",
                json!([form[2].2["equipment"][0], form[2].2["equipment"][0]]),
                "/fields/equipment/1/asset_tag",
                "duplicate",
            ),
            (
                "warehouse_out",
                Value::Null,
                "/fields/warehouse_out",
                "required",
            ),
            ("custodian", Value::Null, "/fields/custodian", "required"),
        ],
    );
    let mut one_missing = form[3].2["created"].clone();
    one_missing.as_array_mut().unwrap().pop();
    check_wrong(
        FO_01,
        &form,
        3,
        "cuentas_equipos",
        &[
            ("created", one_missing, "/fields/created", "incomplete"),
            (
                "created",
                row("created", 0, "username", json!(""), 3),
                "/fields/created/0/username",
                "required",
            ),
            (
                "created",
                row("created", 0, "created_at", json!("2026-12-24"), 3),
                "/fields/created/0/created_at",
                "out_of_order",
            ),
            (
                "created",
                row("created", 1, "outcome", json!("refused"), 3),
                "/fields/created/1/reason",
                "required",
            ),
            (
                "prepared",
                row("prepared", 0, "antivirus", json!("tal vez"), 3),
                "/fields/prepared/0/antivirus",
                "unknown_value",
            ),
            (
                "user_email",
                json!("ricardo@gmail.com"),
                "/fields/user_email",
                "not_of_the_entity",
            ),
        ],
    );
    check_wrong(
        FO_01,
        &form,
        4,
        "cuentas_equipos",
        &[
            (
                "delivered_at",
                json!("2026-11-24"),
                "/fields/delivered_at",
                "out_of_order",
            ),
            (
                "induction",
                json!([form[4].2["induction"][0]]),
                "/fields/induction",
                "incomplete",
            ),
            (
                "induction_minutes",
                json!(0),
                "/fields/induction_minutes",
                "out_of_range",
            ),
            (
                "induction_minutes",
                json!("muchos"),
                "/fields/induction_minutes",
                "out_of_range",
            ),
            (
                "induction_desk",
                json!(false),
                "/fields/induction_desk",
                "required",
            ),
        ],
    );
    check_wrong(
        FO_01,
        &form,
        5,
        "cuentas_equipos",
        &[
            ("received", Value::Null, "/fields/received", "required"),
            (
                "policies_accepted",
                json!(false),
                "/fields/policies_accepted",
                "required",
            ),
            (
                "confidentiality_accepted",
                json!(false),
                "/fields/confidentiality_accepted",
                "required",
            ),
        ],
    );
}

#[test]
fn every_rule_of_the_other_forms_has_a_bad_value() {
    let web = web_form();
    check_wrong(
        FO_03,
        &web,
        0,
        "publicacion_web",
        &[
            ("action", json!("design"), "/fields/action", "out_of_scope"),
            (
                "action",
                json!("style_correction"),
                "/fields/action",
                "out_of_scope",
            ),
            ("action", json!("remove"), "/fields/url", "required"),
            ("menu_path", Value::Null, "/fields/menu_path", "required"),
            (
                "url",
                json!("http://uspec.gov.co"),
                "/fields/url",
                "invalid_url",
            ),
            (
                "url",
                json!("https://<script>"),
                "/fields/url",
                "invalid_url",
            ),
            (
                "publish_from",
                json!("2026-11-22"),
                "/fields/publish_from",
                "out_of_order",
            ),
            (
                "remove_at",
                json!("2026-11-24"),
                "/fields/remove_at",
                "out_of_order",
            ),
            (
                "approver",
                json!("jefe@otra.gov.co"),
                "/fields/approver",
                "not_of_the_entity",
            ),
            (
                "legal_basis",
                json!("ninguna"),
                "/fields/legal_basis",
                "unknown_value",
            ),
        ],
    );
    check_wrong(
        FO_03,
        &web,
        1,
        "publicacion_web",
        &[
            (
                "is_final_version",
                json!("no"),
                "/fields/is_final_version_reason",
                "required",
            ),
            (
                "not_classified_or_reserved",
                json!("no"),
                "/fields/not_classified_or_reserved",
                "not_allowed",
            ),
            (
                "plain_language",
                Value::Null,
                "/fields/plain_language",
                "required",
            ),
        ],
    );
    let (story, _) = signed(Story::assigned("publicacion_web"), FO_03, &web[..1], None);
    let mut personal = web[1].2.clone();
    personal.extend(fields(json!({
        "no_personal_data": "no", "data_authorised": "no", "data_basis": "Ninguno"
    })));
    let told = errors(story.refuses(&person(REQUESTER), sign(FO_03, "checklist", personal, None)));
    assert_eq!(codes(&told), [("/fields/data_authorised", "not_allowed")]);
    check_wrong(
        FO_03,
        &web,
        2,
        "publicacion_web",
        &[(
            "decision",
            json!("rejected"),
            "/fields/decision_remarks",
            "required",
        )],
    );
    check_wrong(
        FO_03,
        &web,
        3,
        "publicacion_web",
        &[
            ("final_url", Value::Null, "/fields/final_url", "required"),
            (
                "published_at",
                json!("2026-11-24"),
                "/fields/published_at",
                "out_of_order",
            ),
            ("evidence", Value::Null, "/fields/evidence", "required"),
        ],
    );
    let leaving = leaving_form();
    check_wrong(
        FO_12,
        &leaving,
        0,
        "desvinculacion",
        &[
            (
                "effective_at",
                json!("mañana"),
                "/fields/effective_at",
                "invalid_time",
            ),
            (
                "reason",
                json!("aburrimiento"),
                "/fields/reason",
                "unknown_value",
            ),
            (
                "mail_policy",
                json!("auto_reply"),
                "/fields/mail_policy_days",
                "required",
            ),
            (
                "supervisor",
                json!("x@gmail.com"),
                "/fields/supervisor",
                "not_of_the_entity",
            ),
            ("urgent", Value::Null, "/fields/urgent", "required"),
        ],
    );
    check_wrong(
        FO_12,
        &leaving,
        1,
        "desvinculacion",
        &[
            (
                "tokens_removed",
                Value::Null,
                "/fields/tokens_removed",
                "required",
            ),
            (
                "disabled",
                json!([{ "system": "correo", "username": "a", "outcome": "disabled", "by": "b" }]),
                "/fields/disabled/0/disabled_at",
                "required",
            ),
            (
                "disabled",
                json!([{ "system": "correo", "username": "a", "outcome": "excepted", "by": "b" }]),
                "/fields/disabled/0/exception",
                "required",
            ),
        ],
    );
    check_wrong(
        FO_12,
        &leaving,
        2,
        "desvinculacion",
        &[
            (
                "returned",
                json!([{ "asset_tag": "1", "condition": "missing" }]),
                "/fields/returned/0/novelty",
                "required",
            ),
            (
                "warehouse_in",
                Value::Null,
                "/fields/warehouse_in",
                "required",
            ),
        ],
    );
    check_wrong(
        FO_12,
        &leaving,
        3,
        "desvinculacion",
        &[(
            "documents_at_zero",
            json!("no"),
            "/fields/documents_left",
            "required",
        )],
    );
    let (story, _) = signed(
        Story::escalated("desvinculacion"),
        FO_12,
        &leaving[..3],
        None,
    );
    let mut left = leaving[3].2.clone();
    left.insert("hand_over_report".to_owned(), "missing".into());
    let story = story.when(&person(SUPERVISOR), sign(FO_12, "pending", left, None));
    let told = errors(story.refuses(
        &person(AGENT),
        sign(FO_12, "closing", leaving[4].2.clone(), None),
    ));
    assert_eq!(codes(&told), [("/fields/clearance", "not_allowed")]);
    let refused = fields(json!({ "clearance": "refused", "clearance_reason": "Falta el acta" }));
    let story = story.when(&person(AGENT), sign(FO_12, "closing", refused, None));
    let view = FormatView::of(&story.ticket, &FO_12.into(), &caller(AGENT)).unwrap();
    assert!(!view.clearance.unwrap().issued);
}

#[test]
fn what_does_not_apply_is_not_signed() {
    let mut values = first_section();
    values.insert("start_date".to_owned(), "2026-12-01".into());
    let story = Story::assigned("cuentas_equipos");
    let story = story.when(&person("contratos"), sign(FO_01, "user", values, None));
    let kept = &story.ticket.formats[&FO_01.into()].sections[&"user".into()].fields;
    assert!(
        kept.get("start_date").is_none(),
        "a contractor takes no office"
    );
}

#[test]
fn every_format_has_its_document() {
    for schema in all_formats() {
        let document = types::format::document::json_schema(schema);
        for section in &schema.sections {
            let there = &document["properties"][&section.id.0];
            for field in &section.fields {
                let property = &there["properties"][&field.id.0];
                assert_eq!(property["title"], json!(field.label), "{}", field.id);
            }
        }
    }
    assert_eq!(newest(&FO_03.into()).unwrap().sections.len(), 5);
}

/// Whatever is tried by whomever in whatever order.
fn attempts() -> impl Strategy<Value = Vec<(usize, usize, u8)>> {
    proptest::collection::vec((0..6usize, 0..6usize, 0..4u8), 1..60)
}

proptest! {
    #[test]
    fn nothing_is_signed_out_of_order_or_changed_after(steps in attempts()) {
        let form = account_form();
        let mut story = Story::assigned("cuentas_equipos");
        for (what, who, how) in steps {
            let (section, _, values) = &form[what];
            let by = person(form[who].1);
            let before = story.ticket.clone();
            let command = match how {
                0 => draft(FO_01, section, values.clone()),
                1 => Command::CorrectSection {
                    code: FO_01.into(),
                    section: (*section).into(),
                    reason: "Un error".to_owned(),
                },
                _ => sign(FO_01, section, values.clone(), None),
            };
            let done = story.attempt(&by, &command).is_ok();
            let Some(format) = story.ticket.formats.get(&FO_01.into()) else {
                prop_assert!(!done);
                continue;
            };
            // Signatures are a beginning of the whole row of them, in its order.
            let schema = newest(&FO_01.into()).unwrap();
            let mut ended = false;
            for line in &schema.sections {
                let filled = format.section(&line.id);
                let signatures = filled.map_or(0, |f| f.signatures.len());
                prop_assert!(signatures == 0 || !ended, "{} out of order", line.id);
                ended |= signatures < line.signings.len();
                let names = filled.into_iter().flat_map(|f| &f.signatures).map(|s| &s.signing);
                let order = line.signings.iter().map(|s| &s.id).take(signatures);
                prop_assert!(names.eq(order));
            }
            prop_assert_eq!(format.complete, !ended);
            prop_assert_eq!(missing(&story.ticket).is_empty(), !ended);
            // What was signed stays as it was, while it is signed.
            if let Some(old) = before.formats.get(&FO_01.into()) {
                for (id, was) in &old.sections {
                    let now = &format.sections[id];
                    let signed_whole = was.signatures.len() == schema.section(id).unwrap().1.signings.len();
                    if signed_whole && now.edition == was.edition {
                        prop_assert_eq!(was, now);
                    }
                }
            }
            // Whoever signed was the one whose turn it was.
            let expected: Vec<_> = form.iter().map(|(_, who, _)| address(who)).collect();
            let signed = schema.sections.iter().filter_map(|line| format.section(&line.id));
            let by: Vec<_> = signed.flat_map(|f| &f.signatures).map(|s| s.by.email.clone()).collect();
            prop_assert!(by.iter().zip(&expected).all(|(by, expected)| {
                // The supervisor may ask in the chief's place.
                by == expected || *by == address(SUPERVISOR)
            }), "{:?}", by);
            prop_assert_eq!(&replay(&story.events).unwrap(), &story.ticket);
        }
    }
}

#[test]
fn nobody_makes_himself_the_supervisor_but_who_asked() {
    let mut story = Story::registered("cuentas_equipos");
    let asks = |who: &str, story: &Story| {
        let mut values = first_section();
        values.insert("supervisor".to_owned(), json!(address(who)));
        let mut story = story.clone();
        story
            .attempt(&person(who), &sign(FO_01, "user", values, None))
            .is_ok()
    };
    assert!(
        !asks("coordinador.mesa", &story),
        "he reads it, and is named by nobody"
    );
    story.ticket.request.requester.person = caller("coordinador.mesa").person();
    assert!(asks("coordinador.mesa", &story));
    assert!(!asks("oficial1.tecnologia", &story));
    // Whoever the contracting office named may.
    let story = story.when(&person("contratos"), draft(FO_01, "user", first_section()));
    assert!(asks(SUPERVISOR, &story));
}

#[test]
fn nobody_signs_who_is_nobody() {
    let story = Story::assigned("cuentas_equipos");
    for actor in [Actor::System, Actor::SurveyHolder, person(COORDINATOR)] {
        let refused = story.refuses(&actor, sign(FO_01, "user", first_section(), None));
        assert!(
            matches!(refused, Rejection::Denied(_)),
            "{actor:?}: {refused:?}"
        );
    }
}
