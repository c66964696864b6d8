//! The directory from a spreadsheet: how its rows are read, what is wrong with them, and
//! what they make of the directory.

use std::fmt::Write as _;

use types::catalogue::{CatalogueDocument, DirectoryEntry, Role};
use types::enrolment::{MOST_TOLD, Reach, Tally, enrolled, tally};
use types::person::RequesterKind;
use types::problem::FieldError;
use types::spreadsheet::{rows, text};

use crate::world::CATALOGUE;

const AGENT: &str = "agente1.soporte@uspec.gov.co";

/// What a sheet makes of the directory that ships.
fn read(bytes: &[u8], reach: Reach) -> Result<Vec<DirectoryEntry>, Vec<FieldError>> {
    let text = text(bytes).map_err(|error| vec![error])?;
    let rows = rows(&text).map_err(|error| vec![error])?;
    enrolled(&rows, CATALOGUE.document(), reach)
}

#[track_caller]
fn one(directory: &[DirectoryEntry], email: &str) -> DirectoryEntry {
    let mut found = directory.iter().filter(|of| of.email.as_str() == email);
    let entry = found.next().unwrap_or_else(|| panic!("no {email}"));
    assert!(found.next().is_none(), "{email} twice");
    entry.clone()
}

#[track_caller]
fn refused(bytes: &[u8]) -> Vec<(String, &'static str, String)> {
    let errors = read(bytes, Reach::Listed).unwrap_err().into_iter();
    errors.map(|e| (e.field, e.code, e.detail)).collect()
}

const SHEET: &str = "correo;nombre;roles;equipos;disponible;ausente_hasta;dependencia;extension;vinculacion\n\
    agente1.soporte@uspec.gov.co;Núñez Peña, Íñigo;agente, coordinación;Mesa de Ayuda;no;24/12/2026;Oficina de Tecnología;391;planta\n\
    ana@uspec.gov.co;Ana Pérez;;;;;Jurídica;402;contratista\n";

#[test]
fn a_sheet_is_read_however_it_was_saved() {
    let quoted = SHEET
        .replace("Núñez Peña, Íñigo", "\"Núñez Peña, Íñigo\"")
        .replace("agente, coordinación", "agente|coordinación");
    let commas = quoted.replace(';', ",");
    let tabs = SHEET.replace(';', "\t");
    let windows: Vec<u8> = SHEET
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    let utf16: Vec<u8> = "\u{feff}"
        .chars()
        .chain(tabs.chars())
        .flat_map(|c| u16::try_from(u32::from(c)).unwrap().to_le_bytes())
        .collect();
    let saved: [(&str, Vec<u8>); 9] = [
        ("semicolons", SHEET.into()),
        ("commas", commas.into()),
        ("tabs", tabs.clone().into()),
        ("lines of Windows", SHEET.replace('\n', "\r\n").into()),
        ("UTF-8 with its mark", format!("\u{feff}{SHEET}").into()),
        ("Windows-1252", windows),
        ("Unicode text of Excel", utf16),
        ("its separator said", format!("sep=;\r\n{SHEET}").into()),
        ("blank rows", SHEET.replace('\n', "\n;;;;;;;;\n\n").into()),
    ];
    let expected = read(SHEET.as_bytes(), Reach::Listed).unwrap();
    for (how, bytes) in saved {
        assert_eq!(read(&bytes, Reach::Listed), Ok(expected.clone()), "{how}");
    }
    let agent = one(&expected, AGENT);
    assert_eq!(agent.name, "Núñez Peña, Íñigo");
    assert_eq!(agent.roles, [Role::Agent, Role::Coordinator].into());
    assert_eq!(agent.teams, ["soporte".into()].into());
    assert!(!agent.available);
    assert_eq!(agent.away_until, Some(jiff::civil::date(2026, 12, 24)));
    assert_eq!(agent.kind, Some(RequesterKind::Official));
    let ana = one(&expected, "ana@uspec.gov.co");
    assert_eq!(
        (ana.unit.as_deref(), ana.extension.as_deref(), ana.available),
        (Some("Jurídica"), Some("402"), true)
    );
    // Whoever is new comes last, and the others stay in their order.
    assert_eq!(expected.last(), Some(&ana));
    assert_eq!(expected.len(), CATALOGUE.document().directory.len() + 1);
}

/// What Windows writes between 0x80 and 0x9F is no control character.
#[test]
fn the_signs_of_windows_are_read() {
    let mut bytes = b"correo;nombre\na@uspec.gov.co;D".to_vec();
    bytes.extend([0x92, b'A', b'l', 0xf3, b' ', 0x96, b' ', 0x8e, b'\n']);
    let directory = read(&bytes, Reach::Listed).unwrap();
    assert_eq!(one(&directory, "a@uspec.gov.co").name, "D’Aló – Ž");
}

#[test]
fn a_column_that_is_there_decides_and_one_that_is_not_changes_nothing() {
    let before = one(&CATALOGUE.document().directory, AGENT);
    let named = format!("correo;nombre\n{AGENT};Marta Ruiz\n");
    let after = one(&read(named.as_bytes(), Reach::Listed).unwrap(), AGENT);
    assert_eq!(
        after,
        DirectoryEntry {
            name: "Marta Ruiz".to_owned(),
            ..before.clone()
        }
    );
    // A row that ends early has blank cells.
    let blank = format!("correo;nombre;equipos;dependencia\n{AGENT};Marta Ruiz\n");
    let after = one(&read(blank.as_bytes(), Reach::Listed).unwrap(), AGENT);
    assert!(after.teams.is_empty());
    assert_eq!(after.roles, before.roles);
}

#[test]
fn those_who_are_not_in_the_sheet_stay_unless_it_is_the_whole_directory() {
    let before = &CATALOGUE.document().directory;
    let sheet = format!("nombre;correo\nMarta Ruiz;{AGENT}\nAna;ana@uspec.gov.co\n");
    let listed = read(sheet.as_bytes(), Reach::Listed).unwrap();
    let counted = |added, changed, removed, unchanged| Tally {
        added,
        changed,
        removed,
        unchanged,
    };
    let others = before.len() - 1;
    assert_eq!(tally(before, &listed), counted(1, 1, 0, others));
    let whole = read(sheet.as_bytes(), Reach::Whole).unwrap();
    assert_eq!(tally(before, &whole), counted(1, 1, others, 0));
    assert_eq!(whole.len(), 2);
}

#[test]
fn roles_go_by_their_names_here_and_in_the_api() {
    for (word, role) in [
        ("agent", Role::Agent),
        ("AGENTE", Role::Agent),
        ("funcionario de Tecnología", Role::Officer),
        ("oficial", Role::Officer),
        ("Coordinación", Role::Coordinator),
        ("coordinadora", Role::Coordinator),
        ("Administración de personal", Role::Personnel),
        ("Gestión contractual", Role::Contracting),
        ("grupo administrativo", Role::Administrative),
        ("auditoria", Role::Auditor),
        ("jefe", Role::Head),
        ("solicitante", Role::Requester),
    ] {
        let sheet = format!("correo;nombre;rol\nana@uspec.gov.co;Ana;{word}\n");
        let ana = one(
            &read(sheet.as_bytes(), Reach::Listed).unwrap(),
            "ana@uspec.gov.co",
        );
        assert_eq!(ana.roles, [role].into(), "{word}");
    }
}

/// Three thousand people, as a spreadsheet of the entity would have them.
fn three_thousand() -> Vec<String> {
    let people = (0..3_000).map(|n| {
        let unit = n % 40;
        let extension = 1_000 + n;
        format!(
            "persona{n}.apellido@uspec.gov.co;Persona {n} Apellido;;;sí;;Dependencia {unit};{extension};planta"
        )
    });
    people.collect()
}

const TITLES: &str =
    "correo;nombre;roles;equipos;disponible;ausente_hasta;dependencia;extension;vinculacion";

fn sheet_of(people: &[String]) -> String {
    let mut sheet = format!("{TITLES}\r\n");
    for person in people {
        let _ = write!(sheet, "{person}\r\n");
    }
    sheet
}

/// Each kind of mistake is told by its line and column, all at once.
#[test]
fn three_thousand_people_with_ten_kinds_of_mistakes() {
    let people = three_thousand();
    let whole = read(sheet_of(&people).as_bytes(), Reach::Listed).unwrap();
    let before = &CATALOGUE.document().directory;
    assert_eq!(tally(before, &whole).added, 3_000);

    let long = "x".repeat(121);
    let broken = [
        // Line, what stands there, column, code, and what is told.
        (
            2,
            "persona0;Ana;;;;;;;",
            "correo",
            "invalid_email",
            "Línea 2, columna «correo»: «persona0» no es una dirección de correo válida.",
        ),
        (
            302,
            ";Ana;;;;;;;",
            "correo",
            "required",
            "Línea 302, columna «correo»: falta el correo.",
        ),
        (
            602,
            "PERSONA1.apellido@uspec.gov.co;Otra;;;;;;;",
            "correo",
            "duplicate",
            "Línea 602, columna «correo»: «persona1.apellido@uspec.gov.co» ya está en la línea 3.",
        ),
        (
            902,
            "a@uspec.gov.co;;;;;;;;",
            "nombre",
            "required",
            "Línea 902, columna «nombre»: falta el nombre.",
        ),
        (
            1202,
            "b@uspec.gov.co;LARGO;;;;;;;",
            "nombre",
            "too_long",
            "Línea 1202, columna «nombre»: No puede tener más de 120 caracteres.",
        ),
        (
            1502,
            "c@uspec.gov.co;Ce;ministro;;;;;;",
            "roles",
            "unknown_value",
            "Línea 1502, columna «roles»: «ministro» no es una función. Son: solicitante, agente, funcionario de Tecnología, coordinación, Administración de Personal, Gestión Contractual, Grupo Administrativo, auditoría, jefatura de Tecnología.",
        ),
        (
            1802,
            "d@uspec.gov.co;De;agente;Cocina;;;;;",
            "equipos",
            "unknown_reference",
            "Línea 1802, columna «equipos»: «Cocina» no es un equipo. Son: Mesa de Ayuda, Impresión y Copiado, Grupo de Seguridad de la Información, Oficina de Tecnología.",
        ),
        (
            2102,
            "e@uspec.gov.co;E;;;tal vez;;;;",
            "disponible",
            "unknown_value",
            "Línea 2102, columna «disponible»: «tal vez» debe ser sí o no.",
        ),
        (
            2402,
            "f@uspec.gov.co;Efe;;;;31/02/2027;;;",
            "ausente_hasta",
            "invalid_date",
            "Línea 2402, columna «ausente_hasta»: «31/02/2027» debe ser una fecha: 2026-12-24 o 24/12/2026.",
        ),
        (
            2702,
            "g@uspec.gov.co;Ge;;;;;Jurídica;123456789012345678901;",
            "extension",
            "too_long",
            "Línea 2702, columna «extension»: No puede tener más de 20 caracteres.",
        ),
        (
            2802,
            "h@uspec.gov.co;Hache;;;;;;;socio",
            "vinculacion",
            "unknown_value",
            "Línea 2802, columna «vinculacion»: «socio» debe ser servidor público o contratista.",
        ),
        (
            3001,
            "i@uspec.gov.co;I;;;;;;;;sobra",
            "",
            "too_many_cells",
            "Línea 3001: «sobra» está fuera de las columnas. Lo que lleva el separador va entre comillas.",
        ),
    ];
    let mut wrong = people;
    for (line, row, ..) in &broken {
        wrong[line - 2] = row.replace("LARGO", &long);
    }
    let found = refused(sheet_of(&wrong).as_bytes());
    let expected: Vec<_> = broken
        .iter()
        .map(|(line, _, column, code, detail)| {
            let field = match *column {
                "" => format!("lines[{line}]"),
                column => format!("lines[{line}].{column}"),
            };
            (field, *code, (*detail).to_owned())
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn whoever_made_many_mistakes_begins_with_the_first() {
    let people = (0..250).map(|n| format!("persona{n};Persona;;;;;;;"));
    let found = refused(sheet_of(&people.collect::<Vec<_>>()).as_bytes());
    assert_eq!(found.len(), MOST_TOLD + 1);
    let (_, code, detail) = found.last().unwrap();
    assert_eq!(
        (*code, detail.as_str()),
        ("more_errors", "Hay 150 errores más en la hoja.")
    );
}

/// What is wrong before there is anybody: nothing else is told then.
#[test]
fn what_is_no_sheet_of_people_is_said_so() {
    let too_large = vec![b'a'; 2_000_001];
    for (bytes, field, code) in [
        (&b""[..], "", "empty_sheet"),
        (b"\n \n", "", "empty_sheet"),
        (b"correo;nombre\n", "", "empty_sheet"),
        (b"PK\x03\x04lo que sea", "", "not_csv"),
        (b"\xd0\xcf\x11\xe0\xa1", "", "not_csv"),
        (b"correo;nombre\na\0@b.co;A", "", "not_csv"),
        (&too_large, "", "sheet_too_large"),
        (
            b"correo;nombre;cumplea\xf1os\na@b.co;A;1\n",
            "lines[1].3",
            "unknown_column",
        ),
        (
            b"correo;nombre;e-mail\na@b.co;A;b@b.co\n",
            "lines[1].3",
            "duplicate_column",
        ),
        (
            b"correo;rol\na@b.co;agente\n",
            "lines[1].nombre",
            "missing_column",
        ),
        (b"\nnombre\nAna\n", "lines[2].correo", "missing_column"),
        (
            b"correo;nombre\n\na@b.co;\"Ana\nb@b.co;Be\n",
            "lines[3]",
            "unclosed_cell",
        ),
    ] {
        let found = refused(bytes);
        let found: Vec<_> = found.iter().map(|e| (e.0.as_str(), e.1)).collect();
        assert_eq!(found, [(field, code)], "{}", String::from_utf8_lossy(bytes));
    }
}

/// What nobody saw in a sheet before breaks nothing.
#[test]
fn any_bytes_at_all_are_a_sheet_or_refused() {
    use proptest::prelude::*;
    let document: &CatalogueDocument = CATALOGUE.document();
    let cell = "[ -~áñ;,\"\\n\\t]{0,12}";
    let line = proptest::collection::vec(cell, 0..6).prop_map(|cells| cells.join(";"));
    let lines = proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"));
    let titled = lines.prop_map(|rest| format!("correo;nombre;roles\n{rest}").into_bytes());
    let any = proptest::collection::vec(any::<u8>(), 0..400);
    let config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(bytes in prop_oneof![titled, any])| {
        match read(&bytes, Reach::Listed) {
            Ok(directory) => {
                prop_assert!(directory.len() >= document.directory.len());
            }
            Err(errors) => {
                prop_assert!(!errors.is_empty() && errors.len() <= MOST_TOLD + 1);
                for error in errors {
                    prop_assert!(!error.detail.is_empty());
                }
            }
        }
    });
}
