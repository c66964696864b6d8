//! The formats of the procedure, filled in as people would: each section with whoever
//! signs it. Dates are long over, or far away, so that any day is right.

use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::host::Host;
use crate::people::{COORDINATOR, OFFICER};

/// Whoever has the offices' addresses.
pub use crate::people::PERSONNEL;
pub const CONTRACTING: &str = "contratos@uspec.gov.co";
pub const ADMINISTRATIVE: &str = "administrativo@uspec.gov.co";
/// A chief who is in no directory.
pub const BOSS: &str = "jefa.juridica@uspec.gov.co";
/// Whom the accounts are for.
pub const NEWCOMER: &str = "ricardo.perez@uspec.gov.co";

/// A section, whoever signs it, and what he fills in.
pub struct Part {
    pub section: &'static str,
    pub by: String,
    pub fields: Value,
}

fn part(section: &'static str, by: &str, fields: Value) -> Part {
    Part {
        section,
        by: by.to_owned(),
        fields,
    }
}

/// A3-S1-FO-01 for a contractor with this document: mail, Orfeo and a laptop.
pub fn accounts(document: &str, agent: &str) -> Vec<Part> {
    vec![
        part(
            "user",
            CONTRACTING,
            json!({
                "novelty": "entry", "kind": "contractor",
                "document_type": "CC", "document_number": document,
                "first_names": "Ricardo", "last_names": "Pérez",
                "unit": "Supervisión de Contratos", "position": "Apoyo jurídico",
                "contract_number": "318", "contract_start": "2020-01-01", "contract_end": "2090-05-31",
                "supervisor": COORDINATOR, "boss": BOSS, "personal_email": "ricardo@example.com"
            }),
        ),
        part(
            "resources",
            BOSS,
            json!({
                "accounts": [
                    { "system": "correo", "profile": "contratista", "justification": "Comunicarse" },
                    { "system": "orfeo", "profile": "radicador", "justification": "Radicar", "valid_until": "2090-03-31" }
                ],
                "email_wanted": "yes", "vpn": "no", "equipment_wanted": "yes"
            }),
        ),
        part(
            "resources",
            ADMINISTRATIVE,
            json!({
                "equipment": [
                    { "kind": "laptop", "brand": "Lenovo", "serial": "PF-1", "asset_tag": "4411", "state": "new" }
                ],
                "warehouse_out": "118", "custodian": "Ricardo Pérez"
            }),
        ),
        part(
            "creation",
            OFFICER,
            json!({
                "created": [
                    { "system": "correo", "outcome": "created", "username": NEWCOMER,
                      "profile_granted": "contratista", "created_at": "2026-01-15", "by": "Tecnología" },
                    { "system": "orfeo", "outcome": "created", "username": "rperez",
                      "profile_granted": "radicador", "created_at": "2026-01-15", "by": "Tecnología" }
                ],
                "prepared": [
                    { "asset_tag": "4411", "hostname": "PC-4411", "os": "Windows 11", "antivirus": "yes", "encrypted": "yes" }
                ],
                "user_email": NEWCOMER
            }),
        ),
        part(
            "delivery",
            agent,
            json!({
                "delivered_at": "2026-01-15", "place": "Piso 3",
                "induction": [
                    { "system": "correo", "given": "given" }, { "system": "orfeo", "given": "given" }
                ],
                "induction_desk": true, "induction_policy": true, "induction_minutes": 40
            }),
        ),
        part(
            "receipt",
            NEWCOMER,
            json!({
                "received": true, "policies_accepted": true, "confidentiality_accepted": true
            }),
        ),
    ]
}

/// A3-FO-12 for the same person.
pub fn leaving(document: &str, agent: &str) -> Vec<Part> {
    vec![
        part(
            "leaving",
            CONTRACTING,
            json!({
                "document_type": "CC", "document_number": document,
                "first_names": "Ricardo", "last_names": "Pérez", "reason": "contract_end",
                "effective_at": "2026-01-15T22:00:00Z", "urgent": "no", "act_or_contract": "318",
                "supervisor": COORDINATOR, "mail_policy": "none", "has_equipment": "yes"
            }),
        ),
        part(
            "disabling",
            OFFICER,
            json!({
                "disabled": [
                    { "system": "correo", "username": NEWCOMER, "outcome": "disabled",
                      "disabled_at": "2026-01-15T22:00:00Z", "by": "Tecnología" },
                    { "system": "orfeo", "username": "rperez", "outcome": "disabled",
                      "disabled_at": "2026-01-15T22:00:00Z", "by": "Tecnología" }
                ],
                "tokens_removed": "yes", "access_removed": "none", "mailbox_export": "stored"
            }),
        ),
        part(
            "returns",
            ADMINISTRATIVE,
            json!({
                "returned": [{ "asset_tag": "4411", "condition": "good" }],
                "data_wiped": "yes", "warehouse_in": "77"
            }),
        ),
        part(
            "pending",
            COORDINATOR,
            json!({
                "documents_at_zero": "yes", "hand_over_report": "delivered", "folder_delivered": "yes"
            }),
        ),
        part("closing", agent, json!({ "clearance": "issued" })),
    ]
}

/// A3-S1-FO-03, a document to be published for somebody.
pub fn publication(requester: &str) -> Vec<Part> {
    vec![
        part(
            "request",
            requester,
            json!({
                "action": "publish", "unit": "Comunicaciones", "requester": "Ana", "approver": BOSS,
                "title": "Informe de gestión", "menu_path": "Entidad > Informes",
                "summary": "El informe del año.", "publish_from": "2090-01-01", "new_or_replaces": "new"
            }),
        ),
        part(
            "checklist",
            requester,
            json!({
                "is_final_version": "yes", "no_personal_data": "yes", "not_classified_or_reserved": "yes",
                "accessible_document": "yes", "plain_language": "yes"
            }),
        ),
        part("approval", BOSS, json!({ "decision": "approved" })),
        part(
            "publication",
            OFFICER,
            json!({
                "published_at": "2026-01-15", "final_url": "https://www.uspec.gov.co/informes",
                "evidence": "captura.png"
            }),
        ),
        part("verification", requester, json!({ "conforms": "yes" })),
    ]
}

/// Tries to sign a section.
pub fn try_sign(
    client: &Client,
    number: &Value,
    code: &str,
    section: &str,
    fields: &Value,
) -> Answer {
    let path = format!("/tickets/{number}/formats/{code}/sections/{section}/signature");
    client.post(&path, &json!({ "fields": fields }))
}

/// Signs all parts of a format, each by whoever it is for.
pub fn sign_all(host: &Host, number: &Value, code: &str, parts: &[Part]) -> Vec<Value> {
    let signed = parts.iter().map(|part| {
        let client = host.client(&part.by);
        try_sign(&client, number, code, part.section, &part.fields)
            .must_be(200)
            .json()
    });
    signed.collect()
}
