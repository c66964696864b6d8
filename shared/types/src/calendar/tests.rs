use jiff::civil::date;
use jiff::fmt::strtime;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// The calendar of the desk.
const DESK: &str = r#"{
        "time_zone": "America/Bogota",
        "holidays": "colombia",
        "hours": {
            "monday": ["08:00-17:00"], "tuesday": ["08:00-17:00"], "wednesday": ["08:00-17:00"],
            "thursday": ["08:00-17:00"], "friday": ["08:00-17:00"]
        }
    }"#;

/// A lunch break, a holiday of two weeks, one over New Year, and daylight saving.
const MADRID: &str = r#"{
        "time_zone": "Europe/Madrid",
        "hours": {
            "monday": ["09:00-14:00", "15:00-18:00"], "tuesday": ["09:00-14:00", "15:00-18:00"],
            "wednesday": ["09:00-14:00", "15:00-18:00"], "thursday": ["15:00-18:00", "09:00-14:00"],
            "friday": ["09:00-14:00", "15:00-18:00"]
        },
        "closures": [
            {"name": "New Year", "from": "12-24", "to": "01-02", "yearly": true},
            {"name": "Summer", "from": "2026-08-03", "to": "2026-08-14"},
            {"name": "The move", "from": "2026-05-15"}
        ]
    }"#;

/// Every hour of every day, written out.
const ROUND_THE_CLOCK: &str = r#"{
        "time_zone": "America/New_York",
        "hours": {
            "monday": ["00:00-24:00"], "tuesday": ["00:00-24:00"], "wednesday": ["00:00-24:00"],
            "thursday": ["00:00-24:00"], "friday": ["00:00-24:00"], "saturday": ["00:00-24:00"],
            "sunday": ["00:00-24:00"]
        }
    }"#;

/// A night shift from Saturday to Sunday.
const NIGHT: &str = r#"{
        "time_zone": "America/New_York",
        "hours": {"saturday": ["22:00-24:00"], "sunday": ["00:00-06:00"]}
    }"#;

/// Opens at a time that the night of 8 March 2026 skips.
const OPENS_IN_THE_GAP: &str =
    r#"{"time_zone": "America/New_York", "hours": {"sunday": ["02:30-05:00"]}}"#;

/// Closes at a time that the night of 1 November 2026 has twice.
const CLOSES_IN_THE_FOLD: &str =
    r#"{"time_zone": "America/New_York", "hours": {"sunday": ["00:00-01:30"]}}"#;

/// Two intervals that touch at a time that the night of 1 November 2026 has twice.
const TOUCHES_IN_THE_FOLD: &str =
    r#"{"time_zone": "America/New_York", "hours": {"sunday": ["00:00-01:30", "01:30-03:00"]}}"#;

const ALWAYS: &str = r#"{"always": true}"#;

fn parse(definition: &str) -> Result<Calendar, CalendarError> {
    let holidays = PublicHolidays::parse("holidays", &crate::holidays::shipped()).unwrap();
    Calendar::parse(&serde_json::from_str(definition).unwrap(), &holidays)
}

/// Reads a time on the calendar's wall clock; an offset tells apart the two
/// showings of a time. A day of the week that does not fit fails.
fn instant(calendar: &Calendar, time: &str) -> Timestamp {
    let zone = match &calendar.0 {
        Hours::Always => TimeZone::UTC,
        Hours::Weekly(week) => week.time_zone.clone(),
    };
    match strtime::parse("%a %Y-%m-%d %H:%M %z", time) {
        Ok(with_offset) => with_offset.to_timestamp().unwrap(),
        Err(_) => {
            let time = strtime::parse("%a %Y-%m-%d %H:%M", time)
                .unwrap()
                .to_datetime()
                .unwrap();
            zone.to_ambiguous_timestamp(time).unambiguous().unwrap()
        }
    }
}

#[track_caller]
fn check(definition: &str, start: &str, working: &str, due: &str) {
    let calendar = parse(definition).unwrap();
    let start = instant(&calendar, start);
    let working = working.parse::<SignedDuration>().unwrap().unsigned_abs();
    let due = instant(&calendar, due);
    assert_eq!(
        calendar.add(start, working),
        Ok(due),
        "{start} + {working:?}"
    );
    assert_eq!(calendar.between(start, due), working, "{start} to {due}");
}

/// One case a line: start + working time = due. Lines with a # are comments.
#[track_caller]
fn check_table(definition: &str, table: &str) {
    for case in table.lines().map(str::trim) {
        if case.is_empty() || case.starts_with('#') {
            continue;
        }
        let (start, rest) = case.split_once(" + ").unwrap();
        let (working, due) = rest.split_once(" = ").unwrap();
        check(definition, start.trim(), working.trim(), due.trim());
    }
}

#[test]
fn within_a_day() {
    check_table(
        DESK,
        "
        Mon 2026-03-02 09:00 +  1h = Mon 2026-03-02 10:00
        # From opening to closing: due as the day ends, not as the next begins.
        Mon 2026-03-02 08:00 +  9h = Mon 2026-03-02 17:00
        # Before opening.
        Mon 2026-03-02 06:30 + 30m = Mon 2026-03-02 08:30
        ",
    );
    check_table(
        MADRID,
        "
        # Across lunch, from within it, and up to it.
        Tue 2026-05-05 13:30 +  1h = Tue 2026-05-05 15:30
        Tue 2026-05-05 14:20 + 30m = Tue 2026-05-05 15:30
        Tue 2026-05-05 09:00 +  5h = Tue 2026-05-05 14:00
        # Thursday's intervals are written in the other order.
        Thu 2026-05-07 09:00 +  6h = Thu 2026-05-07 16:00
        ",
    );
}

#[test]
fn across_nights_and_weekends() {
    check_table(
        DESK,
        "
        Mon 2026-03-02 08:00 + 9h 1m = Tue 2026-03-03 08:01
        # From closing, and after it.
        Mon 2026-03-02 17:00 +    1m = Tue 2026-03-03 08:01
        Mon 2026-03-02 19:00 +    1h = Tue 2026-03-03 09:00
        # The desk's own example, and a start at the weekend.
        Fri 2026-03-06 16:55 +   15m = Mon 2026-03-09 08:10
        Sat 2026-03-07 12:00 +    1h = Mon 2026-03-09 09:00
        # Three days of nine hours, and two across a weekend.
        Mon 2026-03-02 10:00 +   27h = Thu 2026-03-05 10:00
        Thu 2026-03-05 10:00 +   18h = Mon 2026-03-09 10:00
        # Thirty days: six weeks and three days, less the holiday of 23
        # March, Maundy Thursday and Good Friday.
        Mon 2026-03-02 08:00 +  270h = Wed 2026-04-15 17:00
        # Nothing to work is due at once, open or closed.
        Mon 2026-03-02 09:00 +    0s = Mon 2026-03-02 09:00
        Sat 2026-03-07 12:00 +    0s = Sat 2026-03-07 12:00
        ",
    );
}

#[test]
fn across_colombian_holidays() {
    check_table(
        DESK,
        "
        # San José is on Thursday 19 March and kept on Monday 23.
        Fri 2026-03-20 16:55 + 15m = Tue 2026-03-24 08:10
        Thu 2026-03-19 09:00 +  1h = Thu 2026-03-19 10:00
        Mon 2026-03-23 10:00 +  1h = Tue 2026-03-24 09:00
        # Maundy Thursday and Good Friday.
        Wed 2026-04-01 16:00 +  2h = Mon 2026-04-06 09:00
        # New Year's Day, a Friday.
        Thu 2026-12-31 16:00 +  2h = Mon 2027-01-04 09:00
        # 20 July, a Monday.
        Fri 2026-07-17 12:00 +  9h = Tue 2026-07-21 12:00
        # 7 August, a Friday.
        Thu 2026-08-06 16:00 +  2h = Mon 2026-08-10 09:00
        # 1 May, a Saturday, is not moved.
        Fri 2027-04-30 16:30 +  1h = Mon 2027-05-03 08:30
        # Two holidays on Monday 30 June close one day.
        Fri 2025-06-27 16:00 +  2h = Tue 2025-07-01 09:00
        ",
    );
}

#[test]
fn across_closures() {
    check_table(
        MADRID,
        "
        # 24 December to 2 January, which is a Friday in 2026.
        Tue 2025-12-23 17:00 + 2h = Mon 2026-01-05 10:00
        Wed 2025-12-24 09:00 + 1h = Mon 2026-01-05 10:00
        Thu 2026-01-01 10:00 + 1h = Mon 2026-01-05 10:00
        Wed 2026-12-23 17:00 + 2h = Mon 2027-01-04 10:00
        # Two weeks, in one year only.
        Fri 2026-07-31 17:00 + 2h = Mon 2026-08-17 10:00
        Mon 2027-08-09 09:00 + 1h = Mon 2027-08-09 10:00
        # A single day, a Friday.
        Thu 2026-05-14 17:00 + 2h = Mon 2026-05-18 10:00
        ",
    );
}

#[test]
fn daylight_saving() {
    // Two days of eight hours from Friday 10:00 are due on Tuesday 10:00,
    // with the change of 29 March between them, and with that of 25 October.
    check_table(
        MADRID,
        "
        Fri 2026-03-27 10:00 + 16h = Tue 2026-03-31 10:00
        Fri 2026-10-23 10:00 + 16h = Tue 2026-10-27 10:00
        ",
    );
    // Within working hours, what elapses counts. In New York the night of 8
    // March has no 02:00 to 03:00, and that of 1 November has 01:00 to 02:00
    // twice.
    check_table(
        ROUND_THE_CLOCK,
        "
        Sat 2026-03-07 12:00 + 24h = Sun 2026-03-08 13:00
        Sat 2026-10-31 12:00 + 24h = Sun 2026-11-01 11:00
        ",
    );
    check_table(
        NIGHT,
        "
        Sat 2026-03-07 22:00       + 7h = Sun 2026-03-08 06:00
        Sat 2026-10-31 22:00       + 9h = Sun 2026-11-01 06:00
        Sun 2026-11-01 01:30 -0400 + 1h = Sun 2026-11-01 01:30 -0500
        # A week later it is eight hours again, and the ninth is a week away.
        Sat 2026-11-07 22:00       + 9h = Sat 2026-11-14 23:00
        ",
    );
}

#[test]
fn boundaries_that_are_skipped_or_shown_twice() {
    check_table(
        OPENS_IN_THE_GAP,
        "
        Sun 2026-03-08 00:00 + 2h = Sun 2026-03-08 05:00
        Sun 2026-03-08 00:00 + 1m = Sun 2026-03-08 03:01
        ",
    );
    check_table(
        CLOSES_IN_THE_FOLD,
        "
        Sun 2026-11-01 00:00 + 90m = Sun 2026-11-01 01:30 -0400
        Sun 2026-11-01 00:00 + 91m = Sun 2026-11-08 00:01
        ",
    );
    check_table(
        TOUCHES_IN_THE_FOLD,
        "Sun 2026-11-01 00:00 + 4h = Sun 2026-11-01 03:00",
    );
}

#[test]
fn clocks_that_change_at_midnight() {
    // Chile skips the first hour of 6 September 2026, and sees the last one
    // of 4 April twice.
    check_table(
        r#"{
                "time_zone": "America/Santiago",
                "hours": {"saturday": ["20:00-24:00"], "sunday": ["00:00-04:00"]}
            }"#,
        "
        Sat 2026-09-05 20:00 + 7h = Sun 2026-09-06 04:00
        Sat 2026-04-04 20:00 + 9h = Sun 2026-04-05 04:00
        ",
    );
    // Samoa had no 30 December 2011, which was to be a Friday.
    check_table(
        r#"{
                "time_zone": "Pacific/Apia",
                "hours": {
                    "thursday": ["08:00-24:00"], "friday": ["00:00-24:00"],
                    "saturday": ["00:00-16:00"]
                }
            }"#,
        "Thu 2011-12-29 22:00 + 3h = Sat 2011-12-31 01:00",
    );
    // Newfoundland set its clocks back from Sunday 00:01 to Saturday 23:01.
    check_table(
        r#"{
                "time_zone": "America/St_Johns",
                "hours": {"saturday": ["23:00-24:00"], "sunday": ["00:00-01:00"]}
            }"#,
        "
        Sat 2010-11-06 23:00       +  3h = Sun 2010-11-07 01:00
        Sat 2010-11-06 23:00       + 90m = Sat 2010-11-06 23:30 -0330
        Sat 2010-11-06 23:30 -0330 + 30m = Sun 2010-11-07 00:00 -0330
        ",
    );
}

#[test]
fn days_are_closed_for_a_reason() {
    let desk = parse(DESK).unwrap();
    let madrid = parse(MADRID).unwrap();
    let holiday = |name| Some(Closed::Holiday(vec![name]));
    for (calendar, date, closed) in [
        (&desk, date(2026, 11, 20), None),
        (&desk, date(2026, 11, 21), Some(Closed::NoHours)),
        (&desk, date(2026, 11, 2), holiday("Día de Todos los Santos")),
        // A Saturday: both are true, and the name tells more.
        (&desk, date(2027, 5, 1), holiday("Día del Trabajo")),
        (&madrid, date(2026, 8, 14), Some(Closed::Closure("Summer"))),
        (
            &madrid,
            date(2026, 12, 26),
            Some(Closed::Closure("New Year")),
        ),
        (&madrid, date(2026, 11, 2), None),
        (&parse(ALWAYS).unwrap(), date(2026, 12, 25), None),
    ] {
        assert_eq!(calendar.closed(date), closed, "{date}");
    }
    let both = ["Sagrado Corazón de Jesús", "San Pedro y San Pablo"];
    let closed = desk.closed(date(2025, 6, 30));
    assert_eq!(closed, Some(Closed::Holiday(both.to_vec())));
}

#[test]
fn stretches_are_told_by_day() {
    let lines = |definition: &str, from: &str, to: &str| -> Vec<String> {
        let calendar = parse(definition).unwrap();
        let zone = calendar.time_zone();
        calendar
            .stretches(from.parse().unwrap(), to.parse().unwrap())
            .iter()
            .map(|stretch| {
                let [from, to] = [stretch.from, stretch.to].map(|at| zone.to_datetime(at));
                format!("{}: {} {}", stretch.date, from.time(), to.time())
            })
            .collect()
    };
    assert_eq!(
        lines(DESK, "2026-11-20T21:55:00Z", "2026-11-23T13:10:00Z"),
        [
            "2026-11-20: 16:55:00 17:00:00",
            "2026-11-23: 08:00:00 08:10:00",
        ]
    );
    assert_eq!(
        lines(MADRID, "2026-05-05T08:30:00Z", "2026-05-05T14:00:00Z"),
        [
            "2026-05-05: 10:30:00 14:00:00",
            "2026-05-05: 15:00:00 16:00:00",
        ]
    );
    // What is always open is told in days of the entity.
    assert_eq!(
        lines(ALWAYS, "2026-11-20T21:55:00Z", "2026-11-21T13:00:00Z"),
        [
            "2026-11-20: 16:55:00 00:00:00",
            "2026-11-21: 00:00:00 08:00:00",
        ]
    );
}

#[test]
fn always_open() {
    check_table(
        ALWAYS,
        "
        Fri 2026-03-06 16:55 + 15m = Fri 2026-03-06 17:10
        Thu 2026-12-31 23:00 + 48h = Sat 2027-01-02 23:00
        ",
    );
}

#[test]
fn is_open_from_the_first_instant_to_the_last() {
    let desk = parse(DESK).unwrap();
    let nanosecond = SignedDuration::from_nanos(1);
    let opening = instant(&desk, "Mon 2026-03-02 08:00");
    let closing = instant(&desk, "Mon 2026-03-02 17:00");
    assert!(!desk.is_open(opening - nanosecond));
    assert!(desk.is_open(opening));
    assert!(desk.is_open(closing - nanosecond));
    assert!(!desk.is_open(closing));
    assert!(
        !desk.is_open(instant(&desk, "Mon 2026-03-23 10:00")),
        "a holiday"
    );
    assert!(parse(ALWAYS).unwrap().is_open(Timestamp::MAX));
}

#[test]
fn fractions_of_a_second_are_kept() {
    let desk = parse(DESK).unwrap();
    let start = instant(&desk, "Fri 2026-03-06 16:55") + SignedDuration::from_millis(1);
    let due = desk.add(start, Duration::from_secs(15 * 60)).unwrap();
    assert_eq!(
        due,
        instant(&desk, "Mon 2026-03-09 08:10") + SignedDuration::from_millis(1)
    );
    let closing = instant(&desk, "Fri 2026-03-06 17:00");
    assert_eq!(desk.between(start, closing), Duration::from_millis(299_999));
}

#[test]
fn backwards_is_nothing() {
    for definition in [DESK, ALWAYS] {
        let calendar = parse(definition).unwrap();
        let (from, to) = ("Tue 2026-03-03 12:00", "Mon 2026-03-02 12:00");
        let (from, to) = (instant(&calendar, from), instant(&calendar, to));
        assert_eq!(calendar.between(from, to), Duration::ZERO);
    }
}

#[test]
fn the_search_for_working_time_ends() {
    let closed_for_good = json!({
        "time_zone": "America/Bogota",
        "hours": {"monday": ["08:00-17:00"]},
        "closures": [{"name": "All year", "from": "01-01", "to": "12-31", "yearly": true}],
    });
    let closed_for_good = parse(&closed_for_good.to_string()).unwrap();
    let start = instant(&closed_for_good, "Mon 2026-03-02 09:00");
    let working = Duration::from_secs(60);
    let error = CalendarError::NeverOpen { start, working };
    assert_eq!(closed_for_good.add(start, working), Err(error.clone()));
    assert_eq!(
        error.to_string(),
        "the calendar has less than 60 s of working time in the ten years after 2026-03-02T14:00:00Z"
    );
    assert_eq!(
        closed_for_good.between(start, start + SignedDuration::from_hours(87_600)),
        Duration::ZERO
    );
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for definition in [DESK, MADRID, ROUND_THE_CLOCK, ALWAYS] {
        let calendar = parse(definition).unwrap();
        for at in [Timestamp::MIN, Timestamp::MAX] {
            let _ = calendar.is_open(at);
            assert_eq!(calendar.between(at, at), Duration::ZERO);
            assert_eq!(calendar.add(at, Duration::ZERO), Ok(at));
        }
        assert!(
            calendar
                .add(Timestamp::MAX, Duration::from_secs(1))
                .is_err()
        );
        assert!(calendar.add(Timestamp::UNIX_EPOCH, Duration::MAX).is_err());
        assert!(
            calendar
                .add(Timestamp::MIN, Duration::from_secs(3_600))
                .is_ok()
        );
    }
}

#[track_caller]
fn check_error(definition: serde_json::Value, message: &str) {
    assert_eq!(
        parse(&definition.to_string()).unwrap_err().to_string(),
        message
    );
}

#[test]
fn definitions_that_are_not_calendars() {
    let hours =
        |monday: &[&str]| json!({"time_zone": "America/Bogota", "hours": {"monday": monday}});
    check_error(
        json!({}),
        "the calendar is not open at any hour of a normal week",
    );
    check_error(
        hours(&[]),
        "the calendar is not open at any hour of a normal week",
    );
    check_error(
        json!({"hours": {"monday": ["08:00-17:00"]}}),
        "the calendar has no time zone; give the IANA name of one, as in America/Bogota",
    );
    for zone in ["Bogota", "", "Etc/Unknown", "America/Bogota "] {
        check_error(
            json!({"time_zone": zone, "hours": {"monday": ["08:00-17:00"]}}),
            &format!("there is no time zone {zone:?}; give an IANA name, as in America/Bogota"),
        );
    }
    for interval in [
        "",
        "-",
        "08:00",
        "8:00-12:00",
        "08:00-12",
        "08:60-12:00",
        "08:00-24:01",
        "08:00-25:00",
        "08:00 - 12:00",
        "+8:00-12:00",
        "08:00-12:00-13:00",
        "٠٨:00-12:00",
    ] {
        check_error(
            hours(&[interval]),
            &format!("monday: {interval:?} is not an interval of a day, as in 08:00-12:00"),
        );
    }
    for interval in ["12:00-12:00", "17:00-08:00", "24:00-24:00"] {
        check_error(
            hours(&[interval]),
            &format!(
                "monday: {interval:?} ends before it has begun; split hours that pass midnight at 24:00"
            ),
        );
    }
    check_error(
        hours(&["12:59-17:00", "08:00-13:00"]),
        r#"monday: "08:00-13:00" and "12:59-17:00" overlap"#,
    );
    check_error(
        hours(&["08:00-17:00", "08:00-17:00"]),
        r#"monday: "08:00-17:00" and "08:00-17:00" overlap"#,
    );
    check_error(
        json!({"always": true, "holidays": "colombia"}),
        "a calendar that is always open takes no time zone, hours, holidays or closures",
    );
}

#[test]
fn closures_that_are_none() {
    let closure = |closure| json!({"time_zone": "UTC", "hours": {"monday": ["08:00-17:00"]}, "closures": [closure]});
    for date in ["12-24", "2026-02-29", "2026-12-24T00:00", "20261224", ""] {
        check_error(
            closure(json!({"name": "x", "from": date})),
            &format!(r#"closure "x": {date:?} is not a date; write 2026-12-24"#),
        );
    }
    for date in ["2026-12-24", "02-30", "13-01", "1-1", "12-24T00"] {
        check_error(
            closure(json!({"name": "x", "from": "12-24", "to": date, "yearly": true})),
            &format!(r#"closure "x": {date:?} is not a date; write 12-24"#),
        );
    }
    check_error(
        closure(json!({"name": "x", "from": "2026-12-24", "to": "2026-01-02"})),
        r#"closure "x" ends on 2026-01-02, before it starts on 2026-12-24"#,
    );
    let leap_day = closure(json!({"name": "x", "from": "02-29", "yearly": true}));
    assert!(parse(&leap_day.to_string()).is_ok());
}

#[test]
fn definitions_survive_serde_and_refuse_what_they_do_not_know() {
    for definition in [DESK, MADRID, ROUND_THE_CLOCK, NIGHT, ALWAYS] {
        let read: CalendarDefinition = serde_json::from_str(definition).unwrap();
        let written = serde_json::to_value(&read).unwrap();
        assert_eq!(
            written,
            serde_json::from_str::<serde_json::Value>(definition).unwrap()
        );
    }
    for unknown in [
        r#"{"allways": true}"#,
        r#"{"hours": {"lunes": []}}"#,
        r#"{"holidays": "perú"}"#,
        r#"{"closures": [{"name": "x", "from": "2026-12-24", "until": "2026-12-26"}]}"#,
    ] {
        assert!(
            serde_json::from_str::<CalendarDefinition>(unknown).is_err(),
            "{unknown}"
        );
    }
}

/// The three that the laws are checked on, and two whose boundaries move.
fn any_calendar() -> impl Strategy<Value = Calendar> {
    prop::sample::select(vec![ALWAYS, DESK, MADRID, NIGHT, CLOSES_IN_THE_FOLD])
        .prop_map(|definition| parse(definition).unwrap())
}

/// Any nanosecond from 2024 to 2029.
fn any_instant() -> impl Strategy<Value = Timestamp> {
    (1_704_067_200_000_000_000..1_893_456_000_000_000_000_i128)
        .prop_map(|nanosecond| Timestamp::from_nanosecond(nanosecond).unwrap())
}

/// Up to two hundred hours, in whole minutes half of the time, so that
/// spans are often used up exactly.
fn any_working() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..200 * 60_u64).prop_map(|minutes| Duration::from_secs(60 * minutes)),
        (0..200 * 3_600_000_000_000_u64).prop_map(Duration::from_nanos),
    ]
}

const NANOSECOND: SignedDuration = SignedDuration::from_nanos(1);

proptest! {
    #[test]
    fn what_was_added_lies_between(
        calendar in any_calendar(), start in any_instant(), working in any_working(),
    ) {
        let due = calendar.add(start, working).unwrap();
        prop_assert!(start <= due);
        prop_assert_eq!(calendar.between(start, due), working);
        if start < due {
            prop_assert!(calendar.between(start, due - NANOSECOND) < working, "due too late");
        }
    }

    #[test]
    fn what_lies_between_is_due_by_the_end(
        calendar in any_calendar(), start in any_instant(), length in 0..400 * 86_400_i64,
    ) {
        let end = start + SignedDuration::from_secs(length);
        let working = calendar.between(start, end);
        let due = calendar.add(start, working).unwrap();
        prop_assert!(due <= end);
        prop_assert_eq!(calendar.between(due, end), Duration::ZERO);
    }

    #[test]
    fn longer_or_later_work_is_due_no_earlier(
        calendar in any_calendar(),
        start in any_instant(), delay in 0..30 * 86_400_i64,
        working in any_working(), more in any_working(),
    ) {
        let due = calendar.add(start, working).unwrap();
        prop_assert!(due <= calendar.add(start, working + more).unwrap());
        let delayed = start + SignedDuration::from_secs(delay);
        prop_assert!(due <= calendar.add(delayed, working).unwrap());
        prop_assert!(calendar.between(start, delayed) <= calendar.between(start, delayed + NANOSECOND));
    }

    #[test]
    fn parts_make_up_the_whole(
        calendar in any_calendar(), mut instants in prop::array::uniform3(any_instant()),
        first in any_working(), second in any_working(),
    ) {
        instants.sort();
        let [from, middle, to] = instants;
        prop_assert_eq!(
            calendar.between(from, middle) + calendar.between(middle, to),
            calendar.between(from, to)
        );
        let in_parts = calendar.add(calendar.add(from, first).unwrap(), second).unwrap();
        prop_assert_eq!(in_parts, calendar.add(from, first + second).unwrap());
    }

    /// What is told of the hours is what is counted.
    #[test]
    fn stretches_make_up_what_lies_between(
        calendar in any_calendar(), from in any_instant(), length in 0..30 * 86_400_i64,
    ) {
        let to = from + SignedDuration::from_secs(length);
        let stretches = calendar.stretches(from, to);
        let total: Duration = stretches.iter().map(Stretch::length).sum();
        prop_assert_eq!(total, calendar.between(from, to));
        let mut last = from;
        for stretch in &stretches {
            prop_assert!(last <= stretch.from && stretch.from < stretch.to && stretch.to <= to);
            prop_assert_eq!(calendar.between(stretch.from, stretch.to), stretch.length());
            prop_assert_eq!(calendar.closed(stretch.date), None);
            last = stretch.to;
        }
    }

    #[test]
    fn time_counts_where_the_calendar_is_open(calendar in any_calendar(), at in any_instant()) {
        let counted = calendar.between(at, at + NANOSECOND);
        prop_assert_eq!(counted, Duration::from_nanos(calendar.is_open(at).into()));
    }

    /// The same sum by the slowest way: read the wall clock every minute.
    #[test]
    fn minutes_add_up(
        definition in prop::sample::select(vec![DESK, MADRID, ROUND_THE_CLOCK, NIGHT]),
        start in any_instant(), minutes in 0..8 * 24 * 60_i64,
    ) {
        let calendar = parse(definition).unwrap();
        let Hours::Weekly(week) = &calendar.0 else { unreachable!() };
        let start = start.round(jiff::Unit::Minute).unwrap();
        let open = |minute: &i64| {
            let wall = week.time_zone.to_datetime(start + SignedDuration::from_mins(*minute));
            let minute = u16::try_from(60 * i32::from(wall.hour()) + i32::from(wall.minute())).unwrap();
            let day = wall.date();
            week.intervals_of(day.weekday()).iter().any(|i| i.opens <= minute && minute < i.closes)
                && !week.closures.iter().any(|closure| closure.days.contain(day))
                && !week.holidays.of_year(day.year()).iter().any(|(holiday, _)| *holiday == day)
        };
        let counted = u64::try_from((0..minutes).filter(open).count()).unwrap();
        let end = start + SignedDuration::from_mins(minutes);
        prop_assert_eq!(calendar.between(start, end), Duration::from_secs(60 * counted));
    }
}
