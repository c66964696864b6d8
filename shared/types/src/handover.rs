//! Whose open requests may have to go to somebody else, after the directory has
//! changed under them.

use crate::catalogue::{CatalogueDocument, DirectoryEntry, Role};
use crate::ids::EmailAddress;

/// Everybody whose entry a new catalogue changes or leaves out, of those who may
/// have requests. The rules decide about each request
/// ([`Command::HandOver`](crate::command::Command::HandOver)).
pub fn concerned(before: &CatalogueDocument, after: &CatalogueDocument) -> Vec<EmailAddress> {
    let same = |old: &DirectoryEntry| after.directory.iter().any(|new| new == old);
    let works = |entry: &&DirectoryEntry| {
        entry.is_technology()
            || entry.roles.contains(&Role::Agent)
            || entry.roles.contains(&Role::Coordinator)
    };
    let staff = before.directory.iter().filter(works);
    let changed = staff.filter(|entry| !same(entry));
    changed.map(|entry| entry.email.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn those_who_leave_or_change_are_looked_after() {
        let shipped = Catalogue::from_toml(include_str!("../../../infra/catalog.toml")).unwrap();
        let before = shipped.document();
        assert_eq!(concerned(before, before), []);
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
        let concerned: Vec<_> = concerned.iter().map(EmailAddress::as_str).collect();
        assert_eq!(
            concerned,
            [
                "agente1.soporte@uspec.gov.co",
                "oficial1.tecnologia@uspec.gov.co"
            ]
        );
    }
}
