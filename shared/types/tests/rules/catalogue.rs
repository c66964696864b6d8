//! A change of the catalogue: in what two differ, how one entry is changed, and what
//! that does to what is open.

use serde_json::{Map, Value, json};
use types::catalogue::{Catalogue, CatalogueDocument, Category};
use types::command::{Command, Rejection, Setting, admit, decide};
use types::consequences::{Consequence, Count, Open, consequences};
use types::difference::difference;
use types::entries::Part;
use types::problem::FieldError;
use types::revision::{Revision, entry_of, new_key, revised};
use types::succession::may_follow;

use crate::world::{
    AGENT as WHO, CATALOGUE, OFFICER, REQUESTER, Story, application, monday, person,
};

const AGENT: &str = "agente1.soporte@uspec.gov.co";
const COORDINATOR: &str = "coordinador.mesa@uspec.gov.co";

/// A catalogue in which every field of every part says something.
fn whole() -> Value {
    let mut whole = serde_json::to_value(CATALOGUE.document()).unwrap();
    whole["calendars"]["mixto"] = json!({
        "always": false, "time_zone": "America/Bogota", "holidays": "colombia",
        "hours": {
            "monday": ["08:00-17:00"], "tuesday": ["08:00-17:00"], "wednesday": ["08:00-17:00"],
            "thursday": ["08:00-17:00"], "friday": ["08:00-17:00"], "saturday": ["08:00-12:00"],
            "sunday": ["08:00-12:00"],
        },
        "closures": [
            { "name": "Receso", "from": "12-24", "to": "01-02", "yearly": true },
            { "name": "Inventario", "from": "2026-12-14", "to": "2026-12-15", "yearly": false },
        ],
    });
    whole
}

fn document(value: &Value) -> CatalogueDocument {
    serde_json::from_value(value.clone()).unwrap()
}

fn said(before: &Value, after: &Value) -> Vec<String> {
    let found = difference(&document(before), &document(after));
    found.iter().map(ToString::to_string).collect()
}

/// What a change of the whole catalogue reads as.
#[track_caller]
fn check(change: impl FnOnce(&mut Value), expected: &[&str]) {
    let before = whole();
    let mut after = before.clone();
    change(&mut after);
    assert_eq!(said(&before, &after), expected);
}

fn index(list: &Value, key: &str, of: &str) -> usize {
    let mut entries = list.as_array().unwrap().iter();
    entries.position(|entry| entry[key] == of).unwrap()
}

#[test]
fn every_field_of_a_person_is_told() {
    let set = |field: &'static str, value: Value| {
        move |c: &mut Value| {
            let at = index(&c["directory"], "email", AGENT);
            c["directory"][at][field] = value;
        }
    };
    let who = "Persona «Agente 1 de Soporte» (agente1.soporte@uspec.gov.co)";
    for (field, value, told) in [
        (
            "name",
            json!("Marta Ruiz"),
            "Nombre: «Agente 1 de Soporte» → «Marta Ruiz»",
        ),
        (
            "roles",
            json!(["coordinator", "head"]),
            "Funciones: se agregan coordinación y jefatura de Tecnología; se quita agente",
        ),
        (
            "teams",
            json!(["soporte", "impresion"]),
            "Equipos: se agrega Impresión y Copiado",
        ),
        ("teams", json!([]), "Equipos: se quita Mesa de Ayuda"),
        ("available", json!(false), "Disponible: sí → no"),
    ] {
        check(set(field, value), &[&format!("{who}: {told}")]);
    }
}

#[test]
fn every_field_of_a_team_is_told() {
    for (field, value, told) in [
        ("name", json!("Mesa"), "Nombre: «Mesa de Ayuda» → «Mesa»"),
        (
            "mailbox",
            json!("mesa@uspec.gov.co"),
            "Buzón: soportespmic@uspec.gov.co → mesa@uspec.gov.co",
        ),
        (
            "mailbox",
            json!(null),
            "Buzón: soportespmic@uspec.gov.co → ninguno",
        ),
        (
            "extensions",
            json!(["391", "392", "393", "400"]),
            "Extensiones: se agrega 400; se quita 395",
        ),
        (
            "extensions",
            json!(["392", "391", "393", "395"]),
            "Extensiones: cambia el orden",
        ),
        (
            "category",
            json!("redes"),
            "Categoría de los correos: Plataforma tecnológica → Configuración de redes",
        ),
        ("retired", json!(true), "Retirado de lo nuevo: no → sí"),
    ] {
        let told = format!("Equipo «Mesa de Ayuda»: {told}");
        check(|c| c["teams"][0][field] = value, &[&told]);
    }
}

#[test]
fn every_field_of_a_category_is_told() {
    for (field, value, told) in [
        (
            "name",
            json!("Plataforma"),
            "Nombre: «Plataforma tecnológica» → «Plataforma»",
        ),
        (
            "team",
            json!("impresion"),
            "Equipo: Mesa de Ayuda → Impresión y Copiado",
        ),
        ("survey", json!(false), "Encuesta: sí → no"),
        (
            "web_request",
            json!(true),
            "Pregunta por la página web: no → sí",
        ),
        ("attention_minutes", json!(20), "Atención: 15 min → 20 min"),
        (
            "solution_minutes",
            json!(90),
            "Solución: 30 min → 1 h 30 min",
        ),
        ("validation_minutes", json!(60), "Validación: 9 h → 1 h"),
        ("calendar", json!("24x7"), "Calendario: habil → 24x7"),
        ("retired", json!(true), "Retirado de lo nuevo: no → sí"),
        (
            "formats",
            json!(["A3-FO-12"]),
            "Formatos: se agrega A3-FO-12",
        ),
        (
            "steps",
            json!([{ "clock": "attention", "percent": 80, "tells": "responsible" }]),
            "Avisos: se quitan atención al 100 % a la coordinación, atención al 200 % a la \
             jefatura, solución al 80 % a quien la tiene, solución al 100 % a la coordinación, \
             solución al 200 % a la jefatura, espera del solicitante al 100 % a quien pidió, \
             espera del solicitante al 200 % a quien la tiene, espera del solicitante al 500 % a \
             la coordinación, espera del proveedor al 100 % a quien la tiene, espera del proveedor \
             al 300 % a la jefatura y validación al 50 % a quien pidió",
        ),
        ("waiting_minutes", json!(60), "Espera: 9 h → 1 h"),
    ] {
        let told = format!("Categoría «Plataforma tecnológica»: {told}");
        check(|c| c["categories"][0][field] = value, &[&told]);
    }
}

#[test]
fn every_field_of_a_provider_is_told() {
    for (field, value, told) in [
        (
            "name",
            json!("Redes"),
            "Nombre: «Proveedor de redes y conectividad» → «Redes»",
        ),
        (
            "email",
            json!("a@b.co"),
            "Correo: soporte@proveedor-redes.example.com → a@b.co",
        ),
        ("retired", json!(true), "Retirado de lo nuevo: no → sí"),
    ] {
        let told = format!("Proveedor «Proveedor de redes y conectividad»: {told}");
        check(|c| c["providers"][0][field] = value, &[&told]);
    }
}

#[test]
fn every_field_of_a_canned_text_is_told() {
    let first = &CATALOGUE.document().texts[0];
    for (field, value, told) in [
        (
            "name",
            json!("Hola"),
            format!("Nombre: «{}» → «Hola»", first.name),
        ),
        (
            "text",
            json!("Hola."),
            format!("Texto: «{}» → «Hola.»", first.text),
        ),
        (
            "categories",
            json!(["redes"]),
            "Categorías: se agrega Configuración de redes".to_owned(),
        ),
    ] {
        let told = format!("Texto «{}»: {told}", first.name);
        check(|c| c["texts"][0][field] = value, &[&told]);
    }
}

#[test]
fn every_field_of_a_calendar_is_told() {
    for (field, value, told) in [
        (
            "time_zone",
            json!("America/Lima"),
            vec!["Zona horaria: America/Bogota → America/Lima"],
        ),
        (
            "holidays",
            json!("none"),
            vec!["Festivos: los de Colombia → ninguno"],
        ),
        (
            "retired",
            json!(true),
            vec!["Retirado de lo nuevo: no → sí"],
        ),
        (
            "closures",
            json!([{ "name": "Receso", "from": "12-24", "to": "01-03", "yearly": true }]),
            vec![
                "Cierres: se agrega Receso (24 de diciembre a 3 de enero, cada año); se quitan \
                 Receso (24 de diciembre a 2 de enero, cada año) e Inventario (14 de diciembre de \
                 2026 a 15 de diciembre de 2026)",
            ],
        ),
        (
            "hours",
            json!({ "monday": ["08:00-12:00", "13:00-17:00"] }),
            vec![
                "Lunes: 08:00-17:00 → 08:00-12:00 y 13:00-17:00",
                "Martes: 08:00-17:00 → cerrado",
                "Miércoles: 08:00-17:00 → cerrado",
                "Jueves: 08:00-17:00 → cerrado",
                "Viernes: 08:00-17:00 → cerrado",
                "Sábado: 08:00-12:00 → cerrado",
                "Domingo: 08:00-12:00 → cerrado",
            ],
        ),
    ] {
        let told: Vec<_> = told
            .iter()
            .map(|told| format!("Calendario «mixto»: {told}"))
            .collect();
        let told: Vec<_> = told.iter().map(String::as_str).collect();
        check(|c| c["calendars"]["mixto"][field] = value, &told);
    }
    check(
        |c| c["calendars"]["24x7"]["always"] = json!(false),
        &["Calendario «24x7»: Siempre abierto: sí → no"],
    );
}

#[test]
fn every_field_of_a_holiday_is_told() {
    for (field, value, told) in [
        (
            "name",
            json!("Virgen de Chiquinquirá"),
            "Nombre: «Nuestra Señora del Rosario de Chiquinquirá» → «Virgen de Chiquinquirá»",
        ),
        (
            "kind",
            json!("fixed"),
            "Cuándo: 9 de julio, o el lunes que sigue → 9 de julio",
        ),
        (
            "day",
            json!("07-10"),
            "Cuándo: 9 de julio, o el lunes que sigue → 10 de julio, o el lunes que sigue",
        ),
        ("first_year", json!(2027), "Rige: desde 2026 → desde 2027"),
        (
            "last_year",
            json!(2030),
            "Rige: desde 2026 → de 2026 a 2030",
        ),
        (
            "law",
            json!("Ley 1 de 2027"),
            "Norma: Ley 2578 de 2026 → Ley 1 de 2027",
        ),
    ] {
        let told = format!("Festivo «Nuestra Señora del Rosario de Chiquinquirá»: {told}");
        check(
            |c| {
                let at = index(&c["holidays"], "id", "chiquinquira");
                c["holidays"][at][field] = value;
            },
            &[&told],
        );
    }
    check(
        |c| {
            let at = index(&c["holidays"], "id", "ascension");
            c["holidays"][at]["day"] = json!("-3");
        },
        &[
            "Festivo «Ascensión del Señor»: Cuándo: 43 días después del Domingo de Pascua → 3 días \
             antes del Domingo de Pascua",
        ],
    );
}

#[test]
fn a_catalogue_that_says_nothing_of_holidays_has_those_that_ship() {
    let mut old = whole();
    old.as_object_mut().unwrap().remove("holidays");
    let catalogue = Catalogue::new(document(&old)).unwrap();
    let calendar = catalogue.calendar(&"habil".into()).unwrap();
    let day = "2026-07-13".parse().unwrap();
    assert!(calendar.closed(day).is_some());
    // One that says that there are none has none.
    old["holidays"] = json!([]);
    let catalogue = Catalogue::new(document(&old)).unwrap();
    let calendar = catalogue.calendar(&"habil".into()).unwrap();
    assert_eq!(calendar.closed(day), None);
}

#[test]
fn a_holiday_that_a_coordinator_adds_is_kept_by_every_calendar_that_keeps_them() {
    let document = CATALOGUE.document();
    let added = |entry: Value| Revision::Put {
        key: None,
        entry: fields(entry),
    };
    let rule = json!({
        "id": "san_isidro", "name": "San Isidro", "kind": "monday", "day": "05-15",
        "first_year": 2027, "law": "Ley 9 de 2027",
    });
    let after = revised(document, Part::Holidays, added(rule.clone())).unwrap();
    // A Saturday.
    for (day, closed) in [
        ("2027-05-17", true),
        ("2027-05-18", false),
        ("2026-05-19", false),
    ] {
        let day = day.parse().unwrap();
        let habil = after.calendar(&"habil".into()).unwrap();
        assert_eq!(habil.closed(day).is_some(), closed, "{day}");
        let always = after.calendar(&"24x7".into()).unwrap();
        assert_eq!(always.closed(day), None);
    }
    let mut wrong = rule.clone();
    wrong["day"] = json!("15 de mayo");
    let errors = revised(document, Part::Holidays, added(wrong)).unwrap_err();
    let found: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
    assert_eq!(found, [("day", "invalid_holiday")]);
    let mut twice = rule;
    twice["id"] = json!("navidad");
    let errors = revised(document, Part::Holidays, added(twice)).unwrap_err();
    assert_eq!(errors[0].code, "duplicate");
    let told = follows(Part::Holidays, "navidad", open(0, 0), |c| {
        let at = index(&c["holidays"], "id", "navidad");
        c["holidays"].as_array_mut().unwrap().remove(at);
    });
    assert_eq!(told[0], "Lo guarda el calendario «habil».");
    assert!(
        told[2].starts_with("! También deja de ser festivo"),
        "{told:?}"
    );
}

#[test]
fn what_is_added_taken_out_and_moved_is_told() {
    check(
        |c| {
            let list = c["providers"].as_array_mut().unwrap();
            list.remove(0);
            list.push(json!({ "id": "x", "name": "Equis", "email": "a@b.co" }));
        },
        &[
            "Proveedor «Equis»: se agrega. Correo: a@b.co; Retirado de lo nuevo: no",
            "Proveedor «Proveedor de redes y conectividad»: se quita",
        ],
    );
    check(
        |c| c["teams"].as_array_mut().unwrap().swap(0, 1),
        &["Equipos: cambia el orden"],
    );
    // Two teams of one name are two.
    check(
        |c| c["teams"][1]["name"] = json!("Mesa de Ayuda"),
        &["Equipo «Impresión y Copiado»: Nombre: «Impresión y Copiado» → «Mesa de Ayuda»"],
    );
    let mut before = whole();
    before["teams"][1]["name"] = json!("Mesa de Ayuda");
    let mut after = before.clone();
    after["categories"][0]["team"] = json!("impresion");
    assert_eq!(
        said(&before, &after),
        [
            "Categoría «Plataforma tecnológica»: Equipo: Mesa de Ayuda (soporte) → Mesa de Ayuda (impresion)"
        ]
    );
}

/// Every value in a document, by its path.
fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                leaves(value, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                leaves(value, &format!("{path}/{i}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            found.push(path.to_owned());
        }
    }
}

#[test]
fn no_value_changes_unsaid() {
    let before = whole();
    assert_eq!(said(&before, &before), Vec::<String>::new());
    let mut paths = Vec::new();
    leaves(&before, "", &mut paths);
    let mut tried = 0;
    for path in &paths {
        let words = [
            "habil",
            "24x7",
            "agent",
            "head",
            "colombia",
            "none",
            "fixed",
            "easter",
            "attention",
            "solution",
            "coordinator",
            "requester",
            "otro@uspec.gov.co",
            "otro",
        ];
        let words = words.map(Value::from).into_iter();
        for other in words.chain([json!(true), json!(false), json!(7)]) {
            let mut after = before.clone();
            *after.pointer_mut(path).unwrap() = other;
            let Ok(changed) = serde_json::from_value::<CatalogueDocument>(after) else {
                continue;
            };
            if changed != document(&before) {
                tried += 1;
                let found = difference(&document(&before), &changed);
                assert!(!found.is_empty(), "{path}");
            }
        }
    }
    assert!(
        tried > paths.len(),
        "{tried} changes of {} values",
        paths.len()
    );
}

fn fields(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// What is refused, by field and sentence.
fn refused(part: Part, revision: Revision) -> Vec<(String, String)> {
    let errors = revised(CATALOGUE.document(), part, revision).unwrap_err();
    let errors = errors.into_iter();
    errors.map(|error| (error.field, error.detail)).collect()
}

fn put(part: Part, key: &str, change: impl FnOnce(&mut Map<String, Value>)) -> Revision {
    let mut entry = entry_of(CATALOGUE.document(), part, key).unwrap();
    change(&mut entry);
    Revision::Put {
        key: Some(key.to_owned()),
        entry,
    }
}

#[test]
fn an_entry_takes_its_place_is_added_or_goes() {
    let document = CATALOGUE.document();
    let renamed = put(Part::Categories, "redes", |entry| {
        entry.insert("name".to_owned(), json!("Redes"));
    });
    let after = revised(document, Part::Categories, renamed).unwrap();
    let found = difference(document, after.document());
    assert_eq!(found.len(), 1, "{found:?}");
    let added = Revision::Put {
        key: None,
        entry: fields(
            json!({ "id": "noche", "time_zone": "America/Bogota", "hours": { "monday": ["20:00-24:00"] } }),
        ),
    };
    let after = revised(document, Part::Calendars, added.clone()).unwrap();
    assert!(after.calendar(&"noche".into()).is_some());
    assert_eq!(
        revised(after.document(), Part::Calendars, added).unwrap_err()[0].code,
        "duplicate"
    );
    let gone = Revision::Remove {
        key: "redes_externo".to_owned(),
    };
    let after = revised(document, Part::Providers, gone.clone()).unwrap();
    assert!(after.provider(&"redes_externo".into()).is_none());
    assert_eq!(
        revised(after.document(), Part::Providers, gone).unwrap_err()[0].code,
        "unknown_reference"
    );
}

#[test]
fn a_mistake_is_the_fields_or_names_the_other_entry() {
    let of = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        let pairs = pairs.iter();
        pairs
            .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
            .collect()
    };
    let long = put(Part::Categories, "redes", |entry| {
        entry.insert("attention_minutes".to_owned(), json!(0));
        entry["steps"][1]["percent"] = json!(0);
    });
    assert_eq!(
        refused(Part::Categories, long),
        of(&[
            ("attention_minutes", "Debe estar entre 1 y 525600 minutos."),
            ("steps[1].percent", "Debe estar entre 1 y 1000."),
        ])
    );
    let team = Revision::Remove {
        key: "impresion".to_owned(),
    };
    let found = refused(Part::Teams, team);
    assert!(
        found.contains(&(
            String::new(),
            "Categoría «Impresión y copiado»: «impresion» no existe en el catálogo. Lo nombran \
             otras 3 entradas."
                .to_owned()
        )),
        "{found:?}"
    );
    let broken = put(Part::Calendars, "habil", |entry| {
        entry["hours"]["monday"] = json!(["08:00-17:00", "12:00-18:00"]);
    });
    assert_eq!(
        refused(Part::Calendars, broken),
        of(&[("hours.monday", "«08:00-17:00» y «12:00-18:00» se cruzan.")])
    );
    let last = put(Part::People, COORDINATOR, |entry| {
        entry.insert("roles".to_owned(), json!(["agent"]));
    });
    let nobody = "Nadie quedaría en la coordinación: ya no se podría cambiar el catálogo.";
    assert_eq!(refused(Part::People, last), of(&[("", nobody)]));
    let gone = Revision::Remove {
        key: COORDINATOR.to_owned(),
    };
    assert_eq!(refused(Part::People, gone), of(&[("", nobody)]));
}

#[test]
fn a_new_key_is_made_of_the_name_and_free() {
    let document = CATALOGUE.document();
    for (name, key) in [
        ("Atención a niños, año 2", "atencion_a_ninos_ano_2"),
        ("Redes", "redes_2"),
        ("  ", "categories"),
        ("<script>", "script"),
    ] {
        assert_eq!(new_key(document, Part::Categories, name), key, "{name}");
    }
}

fn open(tickets: usize, escalated: usize) -> Open {
    Open {
        tickets: Count::Exactly(tickets),
        escalated: Count::Exactly(escalated),
    }
}

/// What a change does, each with what it is: `!` where it is to be noticed.
fn follows(part: Part, key: &str, open: Open, change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut after = serde_json::to_value(CATALOGUE.document()).unwrap();
    change(&mut after);
    let after = Catalogue::new(document(&after)).unwrap();
    let before = CATALOGUE.document();
    let found = consequences(part, key, before, after.document(), open, monday());
    match found {
        Ok(found) => found
            .into_iter()
            .map(|consequence| match consequence {
                Consequence::Follows(text) => text,
                Consequence::Beware(text) => format!("! {text}"),
            })
            .collect(),
        Err(error) => vec![format!("no: {}", error.detail)],
    }
}

#[test]
fn what_an_agent_has_open_goes_to_others_while_he_is_away() {
    let away = |agents: &'static [&'static str]| {
        move |c: &mut Value| {
            for agent in agents {
                let at = index(&c["directory"], "email", agent);
                c["directory"][at]["available"] = json!(false);
            }
        }
    };
    assert_eq!(
        follows(Part::People, AGENT, open(6, 0), away(&[AGENT])),
        [
            "! Tiene 6 solicitudes abiertas: lo que ya no puede atender pasa enseguida a quien esté \
             en el equipo, con su reloj como va. Se avisa a la coordinación.",
            "Mientras no esté disponible no recibe solicitudes nuevas por turno.",
            "Lo nuevo de Mesa de Ayuda va por turno a Agente 2 de Soporte y Agente 3 de Soporte.",
        ]
    );
    // Until a day is the same.
    let until = |c: &mut Value| {
        let at = index(&c["directory"], "email", AGENT);
        c["directory"][at]["away_until"] = json!("2026-12-01");
    };
    assert_eq!(
        follows(Part::People, AGENT, open(6, 0), until),
        follows(Part::People, AGENT, open(6, 0), away(&[AGENT]))
    );
    const OTHERS: &[&str] = &[
        "agente2.soporte@uspec.gov.co",
        "agente3.soporte@uspec.gov.co",
        AGENT,
    ];
    let found = follows(Part::People, AGENT, open(0, 0), away(OTHERS));
    assert_eq!(
        found.last().unwrap(),
        "! En Mesa de Ayuda no queda nadie disponible: lo nuevo espera sin asignar."
    );
}

#[test]
fn whoever_leaves_loses_what_he_could_do() {
    let gone = |who: &'static str| {
        move |c: &mut Value| {
            let at = index(&c["directory"], "email", who);
            c["directory"].as_array_mut().unwrap().remove(at);
        }
    };
    assert_eq!(
        follows(Part::People, AGENT, open(1, 0), gone(AGENT))[0],
        "! Tiene 1 solicitud abierta: lo que ya no puede atender pasa enseguida a quien esté en el \
         equipo, con su reloj como va. Se avisa a la coordinación."
    );
    let officer = "oficial1.tecnologia@uspec.gov.co";
    assert_eq!(
        follows(Part::People, officer, open(0, 2), gone(officer)),
        [
            "! Tiene 2 solicitudes abiertas por escalamiento: no estará para informar ni devolver. Se \
             avisa a la coordinación y a la jefatura, que deben escalar a otra persona.",
            "Lo que puede hacer cambia de inmediato.",
        ]
    );
}

#[test]
fn what_is_open_keeps_its_rules_and_what_it_needs_stays() {
    let limit = |c: &mut Value| {
        let at = index(&c["categories"], "id", "incidente_seguridad");
        c["categories"][at]["solution_minutes"] = json!(45);
    };
    assert_eq!(
        follows(Part::Categories, "incidente_seguridad", open(3, 0), limit),
        [
            "Tiene 3 solicitudes abiertas: lo abierto conserva el equipo, los tiempos, los avisos y \
             los formatos con que se registró.",
            "Lo nuevo rige para las que se registren o pasen a esta categoría desde ahora.",
        ]
    );
    assert_eq!(
        follows(Part::Categories, "incidente_seguridad", open(0, 0), limit)[0],
        "No tiene solicitudes abiertas."
    );
    let gone = |c: &mut Value| {
        let at = index(&c["categories"], "id", "incidente_seguridad");
        c["categories"].as_array_mut().unwrap().remove(at);
    };
    assert_eq!(
        follows(Part::Categories, "incidente_seguridad", open(3, 0), gone),
        [
            "no: Categoría «Incidente de seguridad»: no se puede quitar; hay 3 solicitudes abiertas de \
             esta categoría. Retírelo de lo nuevo."
        ]
    );
    assert_eq!(
        follows(Part::Categories, "incidente_seguridad", open(0, 0), gone).len(),
        1
    );
    let hours = |c: &mut Value| c["calendars"]["habil"]["hours"]["friday"] = json!(["08:00-16:00"]);
    let told = follows(Part::Calendars, "habil", open(0, 0), hours);
    assert!(told[0].starts_with("Lo usan "), "{told:?}");
    assert!(told[1].starts_with("Rige también lo abierto"), "{told:?}");
}

/// What is wrong with a document, by field and code.
fn mistakes(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str, String)> {
    let mut after = whole();
    change(&mut after);
    let errors = Catalogue::new(document(&after)).unwrap_err().into_iter();
    errors.map(|e| (e.field, e.code, e.detail)).collect()
}

#[test]
fn one_mistake_is_one_error_whatever_hangs_on_it() {
    let calendar = mistakes(|c| {
        c["calendars"]["habil"]["hours"]["monday"] = json!(["17:00-08:00"]);
    });
    assert_eq!(calendar.len(), 1, "{calendar:?}");
    assert_eq!(
        (calendar[0].0.as_str(), calendar[0].1),
        ("calendars.habil.hours.monday", "invalid_calendar")
    );
    let team = mistakes(|c| c["teams"][1]["id"] = json!("impresoras"));
    let detail = "«impresion» no existe en el catálogo. Lo nombran otras 3 entradas.";
    let at = "categories[7].team".to_owned();
    assert_eq!(team, [(at, "unknown_reference", detail.to_owned())]);
    let category = mistakes(|c| {
        c["categories"].as_array_mut().unwrap().remove(7);
    });
    let found: Vec<_> = category.iter().map(|e| (e.0.as_str(), e.1)).collect();
    assert_eq!(found, [("teams[1].category", "unknown_reference")]);
    // Two mistakes are two.
    let two = mistakes(|c| {
        c["categories"][0]["team"] = json!("cocina");
        c["categories"][1]["calendar"] = json!("cocina");
    });
    let found: Vec<_> = two.iter().map(|e| e.0.as_str()).collect();
    assert_eq!(found, ["categories[0].team", "categories[1].calendar"]);
}

/// What a change of the whole catalogue is refused for, by field and code.
#[track_caller]
fn refuses(change: impl Fn(&mut Value), expected: &[(&str, &str)]) {
    let before = whole();
    let mut after = before.clone();
    change(&mut after);
    let after = Catalogue::new(document(&after)).unwrap();
    let errors = may_follow(after.document(), &document(&before));
    let errors = errors.err().unwrap_or_default();
    let found: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
    assert_eq!(found, expected);
    // What was there before is no reason to refuse what comes after.
    assert_eq!(may_follow(after.document(), after.document()), Ok(()));
}

#[test]
fn nobody_is_left_without_whom_the_procedure_does_not_work() {
    let without = |is: fn(&Value) -> bool| {
        move |c: &mut Value| {
            let directory = c["directory"].as_array_mut().unwrap();
            directory.retain(|entry| !is(entry));
        }
    };
    refuses(
        without(|entry| entry["roles"] == json!(["officer"])),
        &[("directory", "last_officer")],
    );
    refuses(
        without(|entry| entry["email"] == COORDINATOR),
        &[("directory", "last_coordinator")],
    );
    refuses(
        without(|entry| {
            entry["teams"] == json!(["impresion"]) && entry["roles"] == json!(["agent"])
        }),
        &[("directory", "last_agent")],
    );
    // A role taken away is as good as a person gone.
    refuses(
        |c| {
            for entry in c["directory"].as_array_mut().unwrap() {
                if entry["teams"] == json!(["impresion"]) {
                    entry["teams"] = json!(["soporte"]);
                }
            }
        },
        &[("directory", "last_agent")],
    );
    // One of several may go, and a team without categories needs nobody.
    refuses(without(|entry| entry["email"] == AGENT), &[]);
    refuses(
        without(|entry| entry["email"] == "oficial1.tecnologia@uspec.gov.co"),
        &[],
    );
}

#[test]
fn a_mailbox_is_one_teams_and_nobodys_address() {
    let mailbox =
        |address: &'static str| move |c: &mut Value| c["teams"][1]["mailbox"] = json!(address);
    let field = "teams[1].mailbox";
    refuses(
        mailbox("soportespmic@uspec.gov.co"),
        &[(field, "duplicate")],
    );
    refuses(mailbox(AGENT), &[(field, "not_a_mailbox")]);
    refuses(
        mailbox("soporte@proveedor-redes.example.com"),
        &[(field, "not_a_mailbox")],
    );
    refuses(mailbox("copias@uspec.gov.co"), &[]);
    // A person who takes a mailbox for his own.
    refuses(
        |c| c["directory"][0]["email"] = json!("soportespmic@uspec.gov.co"),
        &[("teams[0].mailbox", "not_a_mailbox")],
    );
}

#[test]
fn what_people_choose_from_has_a_name() {
    refuses(
        |c| c["categories"][3]["name"] = json!("  "),
        &[("categories[3].name", "required")],
    );
    refuses(
        |c| c["teams"][0]["name"] = json!(""),
        &[("teams[0].name", "required")],
    );
    refuses(
        |c| {
            c["categories"] = json!([]);
            c["texts"] = json!([]);
            for team in c["teams"].as_array_mut().unwrap() {
                team["mailbox"] = json!(null);
                team["category"] = json!(null);
            }
        },
        &[("categories", "last_category")],
    );
}

/// A catalogue in which something is retired.
fn retired(change: impl FnOnce(&mut Value)) -> Catalogue {
    let mut after = whole();
    change(&mut after);
    Catalogue::new(document(&after)).unwrap()
}

fn retire(list: &'static str, key: &'static str) -> impl Fn(&mut Value) {
    move |c| match c[list].as_array_mut() {
        Some(entries) => {
            let mut entries = entries.iter_mut();
            let entry = entries.find(|entry| entry["id"] == key).unwrap();
            entry["retired"] = json!(true);
        }
        None => {
            c[list][key]["retired"] = json!(true);
            // The law's time is not reckoned by it any more.
            c["legal_terms"]["csirt_calendar"] = json!(null);
        }
    }
}

#[test]
fn nothing_new_goes_to_what_is_retired_and_what_is_open_goes_on() {
    let catalogue = retired(|c| {
        retire("categories", "redes")(c);
        retire("providers", "redes_externo")(c);
    });
    let after = |now| Setting {
        now,
        catalogue: &catalogue,
    };
    let code = |rejection: Rejection| match rejection {
        Rejection::Validation(error) => error.code,
        other => panic!("{other:?}"),
    };
    // Activity 2: registered.
    let who = person(REQUESTER);
    let refused = admit(application("redes"), &who, after(monday())).unwrap_err();
    assert_eq!(code(refused), "retired");
    assert!(admit(application("ofimatica"), &who, after(monday())).is_ok());
    // Changed to it.
    let story = Story::assigned("ofimatica");
    let to = Command::Recategorise {
        category: "redes".into(),
    };
    let refused = decide(&story.ticket, &to, &person(WHO), after(story.now)).unwrap_err();
    assert_eq!(code(refused), "retired");
    // Activity 10: asked.
    let story = Story::escalated("redes");
    let ask = Command::RequestProvider {
        provider: "redes_externo".into(),
        message: "¿Qué pasó?".to_owned(),
    };
    let refused = decide(&story.ticket, &ask, &person(OFFICER), after(story.now)).unwrap_err();
    assert_eq!(code(refused), "retired");
    // What is open of it is worked on as ever, also where he was asked already.
    let story = story.when(&person(OFFICER), ask);
    let answered = Command::RecordProviderReply {
        body: "Un cable.".to_owned(),
    };
    assert!(decide(&story.ticket, &answered, &person(OFFICER), after(story.now)).is_ok());
    let story = Story::assigned("redes");
    let solved = Command::Resolve {
        solution: "Era el cable.".to_owned(),
    };
    assert!(decide(&story.ticket, &solved, &person(WHO), after(story.now)).is_ok());
    assert!(catalogue.category(&"redes".into()).is_some());
    assert!(catalogue.offered_categories().all(|of| of.id.0 != "redes"));
}

#[test]
fn nothing_that_takes_what_is_new_leads_to_what_is_retired() {
    let found = |change: &dyn Fn(&mut Value)| {
        let found = mistakes(change).into_iter();
        let found: Vec<_> = found.map(|(field, code, _)| (field, code)).collect();
        found
    };
    let one = |field: &str| vec![(field.to_owned(), "retired")];
    assert_eq!(found(&retire("teams", "soporte")), one("teams[0].retired"));
    let calendar = found(&retire("calendars", "habil"));
    assert_eq!(calendar, one("calendars.habil.retired"));
    let mails = found(&retire("categories", "plataforma"));
    assert_eq!(mails, one("categories[0].retired"));
    // A team that goes with its categories, its mails to another's.
    let gone = retired(|c| {
        retire("teams", "impresion")(c);
        retire("categories", "impresion")(c);
        c["teams"][1]["category"] = json!("plataforma");
        c["teams"][2]["mailbox"] = json!(null);
    });
    assert!(gone.team(&"impresion".into()).is_some());
    // Its agents may go, too: nothing new comes.
    let mut without = serde_json::to_value(gone.document()).unwrap();
    let directory = without["directory"].as_array_mut().unwrap();
    directory.retain(|entry| entry["teams"] != json!(["impresion"]));
    let without = Catalogue::new(document(&without)).unwrap();
    assert_eq!(may_follow(without.document(), gone.document()), Ok(()));
    // One that is always open may be retired as any other.
    retired(retire("calendars", "24x7"));
}

#[test]
fn what_retiring_does_is_told() {
    for (part, list, key) in [
        (Part::Categories, "categories", "redes"),
        (Part::Providers, "providers", "redes_externo"),
        (Part::Calendars, "calendars", "24x7"),
    ] {
        assert_eq!(
            follows(part, key, open(2, 0), retire(list, key)),
            [
                "Nada nuevo le llega. Tiene 2 solicitudes abiertas: siguen a la vista y se atienden \
                 como hasta ahora."
            ],
            "{key}"
        );
        assert_eq!(
            follows(part, key, open(0, 0), retire(list, key)),
            ["Nada nuevo le llega. No tiene solicitudes abiertas."]
        );
    }
}

#[test]
fn every_field_that_a_person_may_have_is_told() {
    let who = "Persona «Agente 1 de Soporte» (agente1.soporte@uspec.gov.co)";
    for (field, value, told) in [
        (
            "unit",
            json!("Jurídica"),
            "Dependencia: sin anotar → Jurídica",
        ),
        ("extension", json!("402"), "Extensión: sin anotar → 402"),
        (
            "kind",
            json!("contractor"),
            "Vinculación: sin anotar → contratista",
        ),
    ] {
        let change = |c: &mut Value| {
            let at = index(&c["directory"], "email", AGENT);
            c["directory"][at][field] = value;
        };
        check(change, &[&format!("{who}: {told}")]);
    }
}

#[test]
fn how_long_a_category_is_kept_is_told() {
    check(
        |c| {
            c["categories"][0]["retention"] = json!({
                "series": "300-36.2", "office_years": 1, "central_years": 4,
                "disposition": "elimination",
            });
        },
        &[
            "Categoría «Plataforma tecnológica»: Serie documental: sin asignar → 300-36.2",
            "Categoría «Plataforma tecnológica»: Años en gestión: 2 años → 1 año",
            "Categoría «Plataforma tecnológica»: Años en el archivo central: 8 años → 4 años",
            "Categoría «Plataforma tecnológica»: Disposición final: selección → eliminación",
        ],
    );
}

#[test]
fn a_notice_that_changes_has_a_version_of_its_own() {
    check(
        |c| {
            c["privacy_notice"]["version"] = json!(2);
            c["privacy_notice"]["contact"] = json!("datos@uspec.gov.co");
        },
        &[
            "Aviso de privacidad: Versión: 1 → 2",
            "Aviso de privacidad: Canal para pedir y corregir datos: soportespmic@uspec.gov.co → \
             datos@uspec.gov.co",
        ],
    );
    let text = |version: u32| {
        put(Part::Notice, "privacy_notice", |entry| {
            entry.insert("version".to_owned(), json!(version));
            entry.insert("text".to_owned(), json!("Escriba a {canal}."));
        })
    };
    let detail = "El aviso cambia: dele una versión mayor que la 1.";
    let refusal = vec![("version".to_owned(), detail.to_owned())];
    assert_eq!(refused(Part::Notice, text(1)), refusal);
    let after = revised(CATALOGUE.document(), Part::Notice, text(2)).unwrap();
    assert_eq!(after.document().privacy_notice.version, 2);
    // What somebody accepted is not taken back.
    let back = may_follow(CATALOGUE.document(), after.document()).unwrap_err();
    assert_eq!(back[0].code, "same_version");
    let gone = Revision::Remove {
        key: "privacy_notice".to_owned(),
    };
    assert_eq!(
        refused(Part::Notice, gone)[0].1,
        "No se puede quitar: cambie lo que dice."
    );
    // A catalogue that was stored before there was any has the one that ships.
    let mut old = whole();
    old.as_object_mut().unwrap().remove("privacy_notice");
    assert_eq!(document(&old), document(&whole()));
}

#[test]
fn what_the_directory_knows_nobody_has_to_say() {
    let mut known = whole();
    let at = index(&known["directory"], "email", AGENT);
    known["directory"][at]["unit"] = json!("Oficina de Tecnología");
    known["directory"][at]["extension"] = json!("391");
    known["directory"][at]["kind"] = json!("contractor");
    let known = Catalogue::new(document(&known)).unwrap();
    let setting = Setting {
        now: monday(),
        catalogue: &known,
    };
    let registered = |change: &dyn Fn(&mut types::ticket::Request)| {
        let mut application = application("redes");
        application.request.requester.person.email =
            types::ids::EmailAddress::parse(AGENT).unwrap();
        change(&mut application.request);
        let admission = admit(application, &person(WHO), setting).unwrap();
        let id = crate::world::id();
        let new = admission.register(id, types::ids::TicketNumber(7));
        new.ticket.request
    };
    let request = registered(&|_| {});
    assert_eq!(
        request.requester.unit.as_deref(),
        Some("Oficina de Tecnología")
    );
    assert_eq!(request.extension.as_deref(), Some("391"));
    let contractor = Some(types::person::RequesterKind::Contractor);
    assert_eq!(request.requester.kind, contractor);
    // What he says himself is what counts.
    let request = registered(&|request| {
        request.requester.unit = Some("Jurídica".to_owned());
        request.extension = Some("500".to_owned());
    });
    assert_eq!(request.requester.unit.as_deref(), Some("Jurídica"));
    assert_eq!(request.extension.as_deref(), Some("500"));
    assert_eq!(request.requester.kind, contractor);
}

/// A document with one mistake has one error, at its place, in Spanish: whether it cannot
/// be read, does not hold by itself, or may not follow the one before it.
#[test]
fn a_broken_document_has_one_error_at_its_place() {
    let refusal = |sent: Value| -> Vec<FieldError> {
        let read = types::reading::catalogue(sent).map_err(|error| vec![error]);
        let checked = read.and_then(Catalogue::new);
        let followed = checked.and_then(|after| may_follow(after.document(), &document(&whole())));
        followed.unwrap_err()
    };
    for (place, value, field, code, detail) in [
        (
            "/categories/0/team",
            json!("cocina"),
            "categories[0].team",
            "unknown_reference",
            "«cocina» no existe en el catálogo.",
        ),
        (
            "/categories/1/calendar",
            json!("nunca"),
            "categories[1].calendar",
            "unknown_reference",
            "«nunca» no existe en el catálogo.",
        ),
        (
            "/categories/3/id",
            json!("redes"),
            "categories[5]",
            "duplicate",
            "«redes» está repetido.",
        ),
        (
            "/categories/0/name",
            json!(" "),
            "categories[0].name",
            "required",
            "Es obligatorio y no puede estar vacío.",
        ),
        (
            "/categories/3/attention_minutes",
            json!(0),
            "categories[3].attention_minutes",
            "out_of_range",
            "Debe estar entre 1 y 525600 minutos.",
        ),
        (
            "/categories/3/solution_minutes",
            json!("30"),
            "categories[3].solution_minutes",
            "wrong_type",
            "Debe ser un número entero, no negativo.",
        ),
        (
            "/categories/3/steps/0/percent",
            json!(1001),
            "categories[3].steps[0].percent",
            "out_of_range",
            "Debe estar entre 1 y 1000.",
        ),
        (
            "/categories/3/steps/0/tells",
            json!("requester"),
            "categories[3].steps[0].tells",
            "out_of_range",
            "Debe ser responsible, coordinator o head.",
        ),
        (
            "/categories/3/retention",
            json!({ "office_years": 101 }),
            "categories[3].retention.office_years",
            "out_of_range",
            "Debe estar entre 0 y 100 años.",
        ),
        (
            "/categories/3/retention",
            json!({ "disposition": "quemar" }),
            "categories[3].retention.disposition",
            "unknown_value",
            "«quemar» no se conoce. Es uno de: «permanent», «selection», «elimination».",
        ),
        (
            "/teams/0/mailbox",
            json!("soporte"),
            "teams[0].mailbox",
            "invalid_email",
            "No es una dirección de correo válida.",
        ),
        (
            "/teams/1/mailbox",
            json!("soportespmic@uspec.gov.co"),
            "teams[1].mailbox",
            "duplicate",
            "«soportespmic@uspec.gov.co» ya es el buzón del equipo «Mesa de Ayuda».",
        ),
        (
            "/teams/0/category",
            json!("publicacion_web"),
            "teams[0].category",
            "needs_web_request",
            "Un correo no dice qué se pide de la página web.",
        ),
        (
            "/teams/0/category",
            json!(null),
            "teams[0].category",
            "required",
            "Es obligatorio y no puede estar vacío.",
        ),
        (
            "/directory/1/email",
            json!("agente1.soporte@uspec.gov.co"),
            "directory[1]",
            "duplicate",
            "«agente1.soporte@uspec.gov.co» está repetido.",
        ),
        (
            "/directory/0/roles",
            json!(["ministro"]),
            "directory[0].roles[0]",
            "unknown_value",
            "«ministro» no se conoce. Es uno de: «requester», «agent», «officer», «coordinator», «personnel», «contracting», «administrative», «auditor», «head».",
        ),
        (
            "/directory/0/teams",
            json!(["soporte", "cocina"]),
            "directory[0].teams",
            "unknown_reference",
            "«cocina» no existe en el catálogo.",
        ),
        (
            "/directory/0/extension",
            json!("123456789012345678901"),
            "directory[0].extension",
            "too_long",
            "No puede tener más de 20 caracteres.",
        ),
        (
            "/directory/9/roles",
            json!(["agent"]),
            "directory",
            "last_coordinator",
            "Nadie quedaría en la coordinación: ya no se podría cambiar el catálogo.",
        ),
        (
            "/providers/0/email",
            json!("a"),
            "providers[0].email",
            "invalid_email",
            "No es una dirección de correo válida.",
        ),
        (
            "/texts/2/text",
            json!("Hola, {nombre}."),
            "texts[2].text",
            "unknown_placeholder",
            "«{nombre}» no se puede llenar. Se llenan {solicitante}, {ticket} y {vence}.",
        ),
        (
            "/texts/3/categories",
            json!(["cocina"]),
            "texts[3].categories",
            "unknown_reference",
            "«cocina» no existe en el catálogo.",
        ),
        (
            "/holidays/0/day",
            json!("1 de enero"),
            "holidays[0].day",
            "invalid_holiday",
            "Debe ser un día del año, por ejemplo 07-09.",
        ),
        (
            "/calendars/habil/hours/monday",
            json!(["17:00-08:00"]),
            "calendars.habil.hours.monday",
            "invalid_calendar",
            "El calendario «habil» no es válido el lunes: «17:00-08:00» termina antes de empezar; lo que pasa de medianoche se parte en 24:00.",
        ),
        (
            "/form_senders",
            json!(["formularios"]),
            "form_senders[0]",
            "invalid_email",
            "No es una dirección de correo válida.",
        ),
        (
            "/privacy_notice/version",
            json!(0),
            "privacy_notice.version",
            "out_of_range",
            "Las versiones empiezan en 1.",
        ),
        (
            "/privacy_notice/url",
            json!("http://uspec.gov.co"),
            "privacy_notice.url",
            "invalid_url",
            "Debe ser la dirección de una página, que empieza por https://.",
        ),
        (
            "/privacy_notice/contact",
            json!("datos"),
            "privacy_notice.contact",
            "invalid_email",
            "No es una dirección de correo válida.",
        ),
        (
            "/privacy_notice/text",
            json!("A {canal}, {nombre}."),
            "privacy_notice.text",
            "unknown_placeholder",
            "«{nombre}.» no se puede llenar. Se llenan {canal} y {politica}.",
        ),
        (
            "/privacy_notice/text",
            json!(""),
            "privacy_notice.text",
            "required",
            "Es obligatorio y no puede estar vacío.",
        ),
        (
            "/privacy_notice/text",
            json!("Escriba a {canal}."),
            "privacy_notice.version",
            "same_version",
            "El aviso cambia: dele una versión mayor que la 1.",
        ),
        (
            "/equipos",
            json!([]),
            "equipos",
            "unknown_field",
            "Este campo no existe.",
        ),
    ] {
        let mut sent = whole();
        match sent.pointer_mut(place) {
            Some(found) => *found = value,
            None => {
                let (parent, name) = place.rsplit_once('/').unwrap();
                sent.pointer_mut(parent).unwrap()[name] = value;
            }
        }
        assert_eq!(
            refusal(sent),
            [FieldError::new(field, code, detail)],
            "{place}"
        );
    }
}

/// Whether a field of an error leads into a document: to something in it, or to where
/// something is missing of an entry that there is.
fn leads_into(document: &Value, field: &str) -> bool {
    let pointer = field.replace('[', ".").replace(']', "");
    let mut at = document;
    for part in pointer.split('.') {
        let found = match at {
            Value::Object(fields) => match fields.get(part) {
                Some(found) => found,
                // Whatever else would be in it is missing, too.
                None => return true,
            },
            Value::Array(list) => match part.parse().ok().and_then(|at: usize| list.get(at)) {
                Some(found) => found,
                None => return false,
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return false,
        };
        at = found;
    }
    true
}

/// A document in which any value is another one is in force and holds together, or is
/// refused where it is wrong. Nothing of it panics.
#[test]
fn any_change_is_usable_or_refused_at_its_place() {
    use proptest::prelude::*;
    let shipped = whole();
    let mut paths = Vec::new();
    leaves(&shipped, "", &mut paths);
    let words = [
        "",
        " ",
        "soporte",
        "redes",
        "habil",
        "24x7",
        "agent",
        "coordinator",
        "requester",
        "none",
        "fixed",
        "easter",
        "attention",
        "otro@uspec.gov.co",
        "08:00-17:00",
        "{canal}",
        "{",
        "02-30",
        "https://a.b",
        "ñ",
        "\u{0}",
    ];
    let value = prop_oneof![
        proptest::sample::select(words.to_vec()).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..200).prop_map(Value::from),
        Just(Value::Null),
        Just(json!([])),
        Just(json!({})),
        "\\PC{0,200}".prop_map(Value::from),
    ];
    let change = (proptest::sample::select(paths), value);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(changes in proptest::collection::vec(change, 1..4))| {
        let mut sent = shipped.clone();
        for (path, value) in changes {
            // One that another change has taken away is no place any more.
            if let Some(place) = sent.pointer_mut(&path) {
                *place = value;
            }
        }
        let read = types::reading::catalogue(sent.clone()).map_err(|error| vec![error]);
        match read.and_then(Catalogue::new) {
            Ok(catalogue) => holds_together(&catalogue),
            Err(errors) => {
                prop_assert!(!errors.is_empty());
                for error in errors {
                    prop_assert!(leads_into(&sent, &error.field), "{error:?}");
                    prop_assert!(!error.detail.is_empty(), "{error:?}");
                }
            }
        }
    });
}

/// Every reference of a catalogue resolves, and requests can be registered under it.
fn holds_together(catalogue: &Catalogue) {
    let document = catalogue.document();
    for category in &document.categories {
        assert!(catalogue.team(&category.team).is_some(), "{}", category.id);
        assert!(
            catalogue.calendar(&category.calendar).is_some(),
            "{}",
            category.id
        );
    }
    for team in &document.teams {
        let own = team.category.as_ref();
        assert!(
            own.is_none_or(|id| catalogue.category(id).is_some()),
            "{}",
            team.id
        );
    }
    let named = document.directory.iter().flat_map(|entry| &entry.teams);
    for team in named {
        assert!(catalogue.team(team).is_some(), "{team}");
    }
    let named = document.texts.iter().flat_map(|text| &text.categories);
    for category in named {
        assert!(catalogue.category(category).is_some(), "{category}");
    }
    let setting = Setting {
        now: monday(),
        catalogue,
    };
    let plain = |of: &&Category| !of.web_request && !of.incident;
    for category in catalogue.offered_categories().filter(plain) {
        let mut application = application(&category.id.0);
        // Where a category asked for them before the change.
        application.request.web_request = None;
        application.request.incident = None;
        admit(application, &person(REQUESTER), setting).unwrap();
    }
    assert!(!document.privacy_notice.paragraphs().is_empty());
    // What is said of it in words is said of all of it.
    assert_eq!(difference(document, document), []);
}
