//! What the rules may look at besides the ticket.

use jiff::Timestamp;

use crate::catalogue::Catalogue;

/// What [`decide`](super::decide) may look at besides the ticket.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    pub now: Timestamp,
    pub catalogue: &'a Catalogue,
}
