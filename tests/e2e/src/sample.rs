//! The sample: a desk that lives, by the product's own rules.

use std::collections::BTreeSet;

use workbench::people::{COORDINATOR, SUPPORT};
use workbench::{Host, eventually};

use crate::LEASES;

#[test]
fn an_empty_desk_is_filled_once_and_goes_on_as_any() {
    // A Tuesday at noon: whatever the day of the test.
    let host = Host::start_with(&["--sample", "--now", "2026-11-24T12:00:00-05:00"]);
    let coordinator = host.client(COORDINATOR);
    let all = eventually("every request is there", || {
        let all = coordinator.list("/tickets?limit=100");
        (all.len() == 86).then_some(all)
    });
    let told =
        |name: &str| -> BTreeSet<String> { all.iter().map(|t| t[name].to_string()).collect() };
    let states = ["new", "assigned", "on_hold", "solved", "closed"];
    // The two of the last minutes are assigned by the functions themselves.
    let open = told("status");
    assert!(
        states[1..]
            .iter()
            .all(|s| open.contains(&format!("\"{s}\""))),
        "{open:?}"
    );
    assert!(told("hold_reason").len() == 4, "{:?}", told("hold_reason"));
    assert!(
        told("close_reason").len() == 4,
        "{:?}",
        told("close_reason")
    );
    assert!(told("outcome").contains("\"declined\""));

    // What is open goes on with the next sweep: whoever was not assigned is, and is
    // written to.
    host.sweep("2026-11-24T17:05:00Z".parse().unwrap());
    eventually("nobody waits for an agent", || {
        coordinator
            .list("/tickets?status=new&limit=100")
            .is_empty()
            .then_some(())
    });
    // A mail that was rung for twice is tried again when its claim has run out.
    host.settle_within(LEASES);
    assert!(!host.mails_to(SUPPORT[0]).is_empty());

    // Filling it again changes nothing.
    let before = coordinator.list("/tickets?limit=100").len();
    let nobody = host.nobody();
    let again = nobody.request("POST", "/_local/sample").send();
    assert_eq!((again.status, again.header("location")), (303, "/entrar"));
    assert_eq!(coordinator.list("/tickets?limit=100").len(), before);
    let foreign = nobody.request("POST", "/_local/sample");
    let foreign = foreign.header("sec-fetch-site", "cross-site").send();
    assert_eq!(foreign.status, 403);
    host.audit(&["--grace", "120"]).must_be_clean();
}
