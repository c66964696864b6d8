//! What open requests a new catalogue concerns: whose they are, where the directory has
//! changed under them, and by which hours they go.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Holidays;
use crate::catalogue::{CatalogueDocument, DirectoryEntry, Role, default_calendar};
use crate::ids::{CalendarId, EmailAddress};

/// What is to be looked after once a version is in force. The rules decide about each
/// request ([`Command::HandOver`](crate::command::Command::HandOver),
/// [`Command::FireSteps`](crate::command::Command::FireSteps)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Concerned {
    /// Everybody whose place it changes or leaves out, of those who may have requests.
    pub people: Vec<EmailAddress>,
    /// The calendars by which the same day has other hours.
    pub calendars: Vec<CalendarId>,
}

impl Concerned {
    /// Whether there is nothing to look after.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty() && self.calendars.is_empty()
    }
}

/// What a new catalogue concerns.
pub fn concerned(before: &CatalogueDocument, after: &CatalogueDocument) -> Concerned {
    let new: BTreeMap<_, _> = after.directory.iter().map(|of| (&of.email, of)).collect();
    // What somebody is called or where he sits takes nothing off him.
    let place = |of: &DirectoryEntry| {
        let DirectoryEntry {
            email: _,
            name: _,
            roles,
            teams,
            available,
            away_until,
            unit: _,
            extension: _,
            kind: _,
        } = of;
        (roles.clone(), teams.clone(), *available, *away_until)
    };
    let same = |old: &DirectoryEntry| {
        let new = new.get(&old.email);
        new.is_some_and(|new| place(new) == place(old))
    };
    let works = |entry: &&DirectoryEntry| {
        entry.is_technology()
            || entry.roles.contains(&Role::Agent)
            || entry.roles.contains(&Role::Coordinator)
    };
    let staff = before.directory.iter().filter(works);
    let changed = staff.filter(|entry| !same(entry));
    let other_holidays = before.holidays != after.holidays;
    let kept = after.calendars.iter();
    let moved = kept.filter(|(id, new)| {
        before.calendars.get(*id).is_some_and(|old| {
            let keeps_holidays = new.holidays != Holidays::None;
            old != *new || (other_holidays && keeps_holidays)
        })
    });
    // Other days before accounts end are as other hours.
    let other_days = before.accounts.notice_days != after.accounts.notice_days;
    let default = other_days.then(default_calendar);
    let default = default.filter(|id| after.calendars.contains_key(id));
    let moved: BTreeSet<_> = moved.map(|(id, _)| id.clone()).chain(default).collect();
    Concerned {
        people: changed.map(|entry| entry.email.clone()).collect(),
        calendars: moved.into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn those_who_leave_or_change_are_looked_after() {
        let shipped = Catalogue::shipped().unwrap();
        let before = shipped.document();
        assert_eq!(concerned(before, before), Concerned::default());
        let mut after = before.clone();
        after
            .directory
            .retain(|entry| !entry.email.as_str().starts_with("agente1.soporte"));
        for entry in &mut after.directory {
            if entry.email.as_str().starts_with("oficial1") {
                entry.away_until = Some(jiff::civil::date(2026, 12, 1));
            }
            // Who has no requests has none to give away.
            if entry.roles.contains(&Role::Auditor) {
                entry.available = false;
            }
        }
        let concerned = concerned(before, &after);
        assert_eq!(concerned.calendars, []);
        let concerned: Vec<_> = concerned.people.iter().map(EmailAddress::as_str).collect();
        assert_eq!(
            concerned,
            [
                "agente1.soporte@uspec.gov.co",
                "oficial1.tecnologia@uspec.gov.co"
            ]
        );
    }

    #[test]
    fn hours_that_change_are_looked_after() {
        let shipped = Catalogue::shipped().unwrap();
        let before = shipped.document();
        let moved = |change: &dyn Fn(&mut CatalogueDocument)| {
            let mut after = before.clone();
            change(&mut after);
            let moved = concerned(before, &after).calendars;
            moved.into_iter().map(|id| id.0).collect::<Vec<_>>()
        };
        // One that always runs keeps no holidays.
        let without = moved(&|after| {
            after.holidays.pop();
        });
        assert_eq!(without, ["habil"]);
        let zone = moved(&|after| {
            for (_, calendar) in after.calendars.iter_mut() {
                calendar.time_zone = Some("America/Lima".to_owned());
            }
        });
        assert_eq!(zone, ["24x7", "habil"]);
        // Nothing goes by one that is new.
        let new = moved(&|after| {
            let week = after.calendars[&CalendarId::from("habil")].clone();
            after.calendars.insert(CalendarId::from("otro"), week);
        });
        assert_eq!(new, [] as [&str; 0]);
    }
}
