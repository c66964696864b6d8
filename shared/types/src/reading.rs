//! A catalogue as it is sent, read. What cannot be read is said in Spanish, at its
//! place: what the reader of JSON says of it, in English, reaches nobody.

use serde_json::Value;

use crate::catalogue::CatalogueDocument;
use crate::problem::FieldError;

/// Reads a catalogue.
///
/// # Errors
/// The first place that cannot be read, and why.
pub fn catalogue(value: Value) -> Result<CatalogueDocument, FieldError> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = match error.path().to_string() {
            root if root == "." => String::new(),
            path => path,
        };
        said(&path, &error.inner().to_string())
    })
}

/// What the reader of JSON says of a place.
fn said(path: &str, english: &str) -> FieldError {
    let words = quoted(english);
    let first = words.first().copied().unwrap_or_default();
    let member = || match path {
        "" => first.to_owned(),
        path if path.ends_with(first) => path.to_owned(),
        path => format!("{path}.{first}"),
    };
    let expected = english.split_once(", expected ").map(|(_, what)| what);
    if english.starts_with("missing field ") {
        FieldError::required(&member())
    } else if english.starts_with("unknown field ") {
        FieldError::new(&member(), "unknown_field", "Este campo no existe.")
    } else if english.starts_with("unknown variant ") {
        let known = words.get(1..).unwrap_or_default().iter();
        let known: Vec<_> = known.map(|word| format!("«{word}»")).collect();
        let detail = format!("«{first}» no se conoce. Es uno de: {}.", known.join(", "));
        FieldError::new(path, "unknown_value", detail)
    } else if english == crate::ids::InvalidEmail.to_string() {
        let detail = "No es una dirección de correo válida.";
        FieldError::new(path, "invalid_email", detail)
    } else if path.ends_with(".away_until") {
        let detail = "Debe ser una fecha que exista: año, mes y día, como 2026-12-24.";
        FieldError::new(path, "malformed", detail)
    } else if let Some(expected) = expected {
        FieldError::new(path, "wrong_type", kind(expected))
    } else {
        FieldError::new(path, "malformed", "No se puede leer.")
    }
}

/// The words between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What is expected of a place.
fn kind(expected: &str) -> &'static str {
    match expected {
        "a string" | "string or map" | "borrowed string" => "Debe ser un texto.",
        "a boolean" => "Debe ser verdadero o falso.",
        "a sequence" => "Debe ser una lista.",
        "u64" | "u32" | "u16" | "i64" | "i16" => "Debe ser un número entero, no negativo.",
        _ => "Debe ser un objeto con sus campos.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shipped() -> Value {
        let shipped = crate::catalogue::Catalogue::shipped();
        serde_json::to_value(shipped.unwrap().document()).unwrap()
    }

    #[test]
    fn what_cannot_be_read_is_said_at_its_place() {
        let roles = "«requester», «agent», «officer», «coordinator», «personnel», «contracting», \
                     «administrative», «auditor», «head»";
        for (place, value, field, code, detail) in [
            (
                "/directory/0/roles",
                json!(["jefe"]),
                "directory[0].roles[0]",
                "unknown_value",
                format!("«jefe» no se conoce. Es uno de: {roles}."),
            ),
            (
                "/directory/0/roles",
                json!("agent"),
                "directory[0].roles",
                "wrong_type",
                "Debe ser una lista.".to_owned(),
            ),
            (
                "/directory/1/roles",
                json!([7]),
                "directory[1].roles[0]",
                "wrong_type",
                "Debe ser un texto.".to_owned(),
            ),
            (
                "/directory/0/telefono",
                json!("1"),
                "directory[0].telefono",
                "unknown_field",
                "Este campo no existe.".to_owned(),
            ),
            (
                "/directory/0/available",
                json!("no"),
                "directory[0].available",
                "wrong_type",
                "Debe ser verdadero o falso.".to_owned(),
            ),
            (
                "/directory/2/email",
                json!("agente"),
                "directory[2].email",
                "invalid_email",
                "No es una dirección de correo válida.".to_owned(),
            ),
            (
                "/directory/2/email",
                json!(null),
                "directory[2].email",
                "wrong_type",
                "Debe ser un texto.".to_owned(),
            ),
            (
                "/directory/2/away_until",
                json!("01/12/2026"),
                "directory[2].away_until",
                "malformed",
                "Debe ser una fecha que exista: año, mes y día, como 2026-12-24.".to_owned(),
            ),
            (
                "/categories/3",
                json!("redes"),
                "categories[3]",
                "wrong_type",
                "Debe ser un objeto con sus campos.".to_owned(),
            ),
            (
                "/categories/3",
                json!([]),
                "categories[3]",
                "wrong_type",
                "Debe ser un objeto con sus campos.".to_owned(),
            ),
            (
                "/categories/3/attention_minutes",
                json!(-1),
                "categories[3].attention_minutes",
                "wrong_type",
                "Debe ser un número entero, no negativo.".to_owned(),
            ),
            (
                "/categories/3/attention_minutes",
                json!(1.5),
                "categories[3].attention_minutes",
                "wrong_type",
                "Debe ser un número entero, no negativo.".to_owned(),
            ),
            (
                "/categories/3/steps/0/clock",
                json!("descanso"),
                "categories[3].steps[0].clock",
                "unknown_value",
                "«descanso» no se conoce. Es uno de: «attention», «solution», «waiting», «provider», «validation», «csirt_report», «sic_report», «forwarding»."
                    .to_owned(),
            ),
            (
                "/teams/0/mailbox",
                json!(5),
                "teams[0].mailbox",
                "wrong_type",
                "Debe ser un texto.".to_owned(),
            ),
            (
                "/calendars",
                json!([]),
                "calendars",
                "wrong_type",
                "Debe ser un objeto con sus campos.".to_owned(),
            ),
            (
                "/calendars/habil/hours/monday",
                json!("08:00-17:00"),
                "calendars.habil.hours.monday",
                "wrong_type",
                "Debe ser una lista.".to_owned(),
            ),
            (
                "/calendars/habil/holidays",
                json!("francia"),
                "calendars.habil.holidays",
                "unknown_value",
                "«francia» no se conoce. Es uno de: «none», «colombia».".to_owned(),
            ),
            (
                "/equipos",
                json!([]),
                "equipos",
                "unknown_field",
                "Este campo no existe.".to_owned(),
            ),
        ] {
            let mut sent = shipped();
            match sent.pointer_mut(place) {
                Some(found) => *found = value,
                None => {
                    let (parent, name) = place.rsplit_once('/').unwrap();
                    sent.pointer_mut(parent).unwrap()[name] = value;
                }
            }
            let error = catalogue(sent).unwrap_err();
            assert_eq!(error, FieldError::new(field, code, detail), "{place}");
        }
        for (parent, name, field) in [
            ("", "teams", "teams"),
            ("/providers/0", "name", "providers[0].name"),
            ("/texts/1", "text", "texts[1].text"),
        ] {
            let mut sent = shipped();
            let fields = sent.pointer_mut(parent).unwrap().as_object_mut().unwrap();
            fields.remove(name).unwrap();
            assert_eq!(catalogue(sent).unwrap_err(), FieldError::required(field));
        }
        assert_eq!(catalogue(shipped()).map(|_| ()), Ok(()));
    }
}
