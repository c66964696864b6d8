use jiff::civil::date;

use serde_json::json;

use super::*;

fn rules(rules: &[HolidayRule]) -> PublicHolidays {
    PublicHolidays::parse("holidays", rules).unwrap()
}

/// The shipped rules with one more.
fn with(rule: serde_json::Value) -> Vec<HolidayRule> {
    let mut rules = shipped();
    rules.push(serde_json::from_value(rule).unwrap());
    rules
}

#[track_caller]
fn check_holidays(year: i16, expected: &[(i8, i8)]) {
    let rules = rules(&shipped());
    let holidays = rules.of_year(year);
    let days: Vec<_> = holidays
        .iter()
        .map(|(date, _)| (date.month(), date.day()))
        .collect();
    assert_eq!(days, expected);
    assert!(holidays.iter().all(|(date, _)| date.year() == year));
}

#[test]
#[rustfmt::skip]
fn holidays_of_colombia() {
    check_holidays(2024, &[
        (1, 1), (1, 8), (3, 25), (3, 28), (3, 29), (5, 1), (5, 13), (6, 3), (6, 10),
        (7, 1), (7, 20), (8, 7), (8, 19), (10, 14), (11, 4), (11, 11), (12, 8), (12, 25),
    ]);
    // The Sacred Heart and San Pedro y San Pablo fall on one day.
    check_holidays(2025, &[
        (1, 1), (1, 6), (3, 24), (4, 17), (4, 18), (5, 1), (6, 2), (6, 23), (6, 30),
        (6, 30), (7, 20), (8, 7), (8, 18), (10, 13), (11, 3), (11, 17), (12, 8), (12, 25),
    ]);
    check_holidays(2026, &[
        (1, 1), (1, 12), (3, 23), (4, 2), (4, 3), (5, 1), (5, 18), (6, 8), (6, 15),
        (6, 29), (7, 13), (7, 20), (8, 7), (8, 17), (10, 12), (11, 2), (11, 16), (12, 8), (12, 25),
    ]);
    check_holidays(2027, &[
        (1, 1), (1, 11), (3, 22), (3, 25), (3, 26), (5, 1), (5, 10), (5, 31), (6, 7),
        (7, 5), (7, 12), (7, 20), (8, 7), (8, 16), (10, 18), (11, 1), (11, 15), (12, 8), (12, 25),
    ]);
}

#[test]
fn holidays_have_names() {
    let rules = rules(&shipped());
    let names: Vec<_> = rules
        .of_year(2026)
        .into_iter()
        .map(|(_, name)| name)
        .collect();
    assert_eq!(
        names,
        [
            "Año Nuevo",
            "Día de los Reyes Magos",
            "Día de San José",
            "Jueves Santo",
            "Viernes Santo",
            "Día del Trabajo",
            "Ascensión del Señor",
            "Corpus Christi",
            "Sagrado Corazón de Jesús",
            "San Pedro y San Pablo",
            "Nuestra Señora del Rosario de Chiquinquirá",
            "Día de la Independencia",
            "Batalla de Boyacá",
            "Asunción de la Virgen",
            "Día de la Diversidad Étnica y Cultural",
            "Día de Todos los Santos",
            "Independencia de Cartagena",
            "Inmaculada Concepción",
            "Navidad",
        ]
    );
}

#[test]
fn easter_sundays() {
    // The earliest and the latest that there are, and some between.
    for sunday in [
        date(1818, 3, 22),
        date(1943, 4, 25),
        date(1954, 4, 18),
        date(1981, 4, 19),
        date(2000, 4, 23),
        date(2008, 3, 23),
        date(2024, 3, 31),
        date(2025, 4, 20),
        date(2026, 4, 5),
        date(2027, 3, 28),
        date(2038, 4, 25),
        date(2049, 4, 18),
    ] {
        assert_eq!(easter(sunday.year()), Some(sunday));
    }
}

/// Whether one rule more makes a day a holiday.
#[track_caller]
fn check_rule(rule: serde_json::Value, days: &[(Date, bool)]) {
    let rules = rules(&with(rule));
    for (day, expected) in days {
        let holidays = rules.of_year(day.year());
        let found = holidays.iter().any(|(date, _)| date == day);
        assert_eq!(found, *expected, "{day}");
    }
}

#[test]
fn a_rule_goes_from_its_first_year_to_its_last() {
    let rule = |kind: &str, day: &str, last: Option<i16>| {
        let mut rule = json!({
            "id": "x", "name": "X", "kind": kind, "day": day, "first_year": 2027, "law": "Ley 1",
        });
        if let Some(last) = last {
            rule["last_year"] = json!(last);
        }
        rule
    };
    check_rule(
        rule("fixed", "12-24", None),
        &[
            (date(2026, 12, 24), false),
            (date(2027, 12, 24), true),
            (date(2060, 12, 24), true),
        ],
    );
    // A Tuesday, a Wednesday and a Monday.
    check_rule(
        rule("monday", "09-07", Some(2028)),
        &[
            (date(2027, 9, 7), false),
            (date(2027, 9, 13), true),
            (date(2028, 9, 11), true),
            (date(2029, 9, 10), false),
        ],
    );
    check_rule(
        rule("easter", "1", Some(2027)),
        &[
            (date(2026, 4, 6), false),
            (date(2027, 3, 29), true),
            (date(2028, 4, 17), false),
        ],
    );
    check_rule(
        rule("fixed", "02-29", None),
        &[(date(2027, 3, 1), false), (date(2028, 2, 29), true)],
    );
}

#[test]
fn a_law_is_in_force_from_its_year_on() {
    let rules = rules(&shipped());
    let count = |year| rules.of_year(year).len();
    assert_eq!([1983, 1984, 2025, 2026].map(count), [0, 18, 18, 19]);
    assert_eq!(rules.next(date(2026, 7, 1)), Some(date(2026, 7, 13)));
    assert_eq!(rules.next(date(2026, 12, 26)), Some(date(2027, 1, 1)));
    for year in [i16::MIN, -9999, -1, 0, 9999, i16::MAX] {
        let _ = rules.of_year(year);
    }
}

#[test]
fn a_rule_that_cannot_be_is_refused_at_its_field() {
    for (kind, day, first, last, law, field) in [
        ("fixed", "07-32", 2026, None, "Ley 1", "day"),
        ("monday", "9 de julio", 2026, None, "Ley 1", "day"),
        ("fixed", "43", 2026, None, "Ley 1", "day"),
        ("easter", "07-09", 2026, None, "Ley 1", "day"),
        ("easter", "400", 2026, None, "Ley 1", "day"),
        ("fixed", "07-09", 26, None, "Ley 1", "first_year"),
        ("fixed", "07-09", 2026, Some(2025), "Ley 1", "last_year"),
        ("fixed", "07-09", 2026, None, " ", "law"),
    ] {
        let rule = json!({
            "id": "x", "name": "X", "kind": kind, "day": day, "first_year": first,
            "last_year": last, "law": law,
        });
        let errors = PublicHolidays::parse("holidays", &with(rule)).unwrap_err();
        let found: Vec<_> = errors.iter().map(|e| (e.field.as_str(), e.code)).collect();
        let field = format!("holidays[19].{field}");
        assert_eq!(found, [(field.as_str(), "invalid_holiday")], "{kind} {day}");
    }
}
