//! Lists of tickets, without a scan. A list is a row of stages, each of them
//! some partitions of one index merged by their sort keys; a cursor names the
//! stage and the last sort key. Indexes hold keys alone, and lag: the tickets
//! themselves are read from the table, so that a list and a ticket agree.

use std::collections::{HashMap, HashSet};

use data_encoding::BASE64URL_NOPAD;
use futures_util::future::try_join_all;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use types::format::turn::Party;
use types::ids::{EmailAddress, TeamId, TicketId};
use types::ticket::{Status, Ticket};

use super::query::{Order, Query};
use super::{Store, StoreError};
use crate::keys;

/// Most keys that one request looks at: a filter that few tickets pass answers
/// with a cursor rather than with a long wait.
const MAX_LOOKED_AT: usize = 1_000;

/// Bytes of the tickets of a page, with which it ends: one more may stand on it. A list's
/// answer stays below Lambda's six megabytes, and below what reading it takes.
const PAGE_BYTES: usize = 1_000_000;

/// Bytes of a sort key, at most:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>.
const MAX_SORT_KEY: usize = 1_024;

/// Bytes of a cursor, at most: one such key, in base64, with the stage beside it.
const MAX_CURSOR: usize = 2_048;

/// Partitions that are listed, stage after stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPlan(Vec<Stage>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Stage {
    index: &'static str,
    partitions: Vec<String>,
    order: Order,
    /// Where it ends, though its partitions do not: before this sort key.
    until: Option<String>,
    /// Of which tickets the stages before it are.
    before: Option<Held>,
}

/// Tickets that are in a list already.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    Teams(Vec<TeamId>),
    Officer(EmailAddress),
}

impl Held {
    fn has(&self, ticket: &Ticket) -> bool {
        match self {
            Held::Teams(teams) => teams.contains(&ticket.policy.team),
            Held::Officer(email) => ticket.officer.as_ref().is_some_and(|o| o.email == *email),
        }
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct Page {
    pub tickets: Vec<Ticket>,
    pub next: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    stage: usize,
    after: String,
}

/// A cursor that no list of ours gave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursor is none of ours")]
pub struct InvalidCursor;

impl ListPlan {
    /// The tickets of some teams: what is open by what is due next, then what
    /// is closed, the latest first.
    pub fn of_teams(teams: &[TeamId], statuses: &[Status]) -> Self {
        Self::by_status("team", teams.len(), statuses, |i, status| {
            keys::team_partition(&teams[i], status)
        })
    }

    /// The tickets that somebody is responsible for, in the same order.
    pub fn of_assignee(email: &EmailAddress, statuses: &[Status]) -> Self {
        Self::by_status("assignee", 1, statuses, |_, status| {
            keys::assignee_partition(email, status)
        })
    }

    /// The tickets that were escalated to somebody, in the same order.
    pub fn of_officer(email: &EmailAddress, statuses: &[Status]) -> Self {
        Self::by_status("officer", 1, statuses, |_, status| {
            keys::officer_partition(email, status)
        })
    }

    /// The tickets that somebody asked for or is copied on, the latest first.
    pub fn of_requester(email: &EmailAddress) -> Self {
        ListPlan(vec![Stage {
            index: "requester",
            partitions: vec![keys::requester_partition(email)],
            order: Order::Descending,
            until: None,
            before: None,
        }])
    }

    /// The tickets with a format that waits for one of these, the latest first.
    pub fn of_awaiting(parties: &[Party]) -> Self {
        ListPlan(vec![Stage {
            index: "requester",
            partitions: parties.iter().map(keys::awaited_partition).collect(),
            order: Order::Descending,
            until: None,
            before: None,
        }])
    }

    /// What somebody works on for his teams, then what he asked for or is copied on
    /// besides.
    pub fn of_agent(email: &EmailAddress, teams: &[TeamId], statuses: &[Status]) -> Self {
        let held = Held::Teams(teams.to_vec());
        Self::of_teams(teams, statuses).and_own(email, held)
    }

    /// What was escalated to somebody, then what he asked for or is copied on besides.
    pub fn of_officer_and_own(email: &EmailAddress, statuses: &[Status]) -> Self {
        let held = Held::Officer(email.clone());
        Self::of_officer(email, statuses).and_own(email, held)
    }

    fn and_own(mut self, email: &EmailAddress, held: Held) -> Self {
        let own = Self::of_requester(email).0.into_iter();
        self.0.extend(own.map(|stage| Stage {
            before: Some(held.clone()),
            ..stage
        }));
        self
    }

    /// The same list, of what is open and due before a time alone.
    #[must_use]
    pub fn due_before(mut self, at: Timestamp) -> Self {
        self.0.retain(|stage| stage.order == Order::Ascending);
        for stage in &mut self.0 {
            stage.until = Some(keys::sortable(at));
        }
        self
    }

    fn by_status(
        index: &'static str,
        count: usize,
        statuses: &[Status],
        partition: impl Fn(usize, Status) -> String,
    ) -> Self {
        let of = |status: &Status| {
            (0..count)
                .map(|i| partition(i, *status))
                .collect::<Vec<_>>()
        };
        let (closed, open): (Vec<_>, Vec<_>) = statuses.iter().partition(|s| **s == Status::Closed);
        let stage = |statuses: Vec<&Status>, order| Stage {
            index,
            partitions: statuses.into_iter().flat_map(of).collect(),
            order,
            until: None,
            before: None,
        };
        let stages = [
            stage(open, Order::Ascending),
            stage(closed, Order::Descending),
        ];
        ListPlan(
            stages
                .into_iter()
                .filter(|s| !s.partitions.is_empty())
                .collect(),
        )
    }
}

impl Cursor {
    fn parse(text: &str, plan: &ListPlan) -> Result<Self, InvalidCursor> {
        if text.len() > MAX_CURSOR {
            return Err(InvalidCursor);
        }
        let bytes = BASE64URL_NOPAD
            .decode(text.as_bytes())
            .map_err(|_| InvalidCursor)?;
        let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| InvalidCursor)?;
        let stage = plan.0.get(cursor.stage).ok_or(InvalidCursor)?;
        // DynamoDB refuses a key that is empty or too long, and a range that ends
        // before it begins.
        let is_key = (1..=MAX_SORT_KEY).contains(&cursor.after.len());
        let until = stage.until.as_ref();
        let is_range = until.is_none_or(|until| cursor.after <= *until);
        match is_key && is_range {
            true => Ok(cursor),
            false => Err(InvalidCursor),
        }
    }

    fn encode(&self) -> Option<String> {
        serde_json::to_vec(self)
            .ok()
            .map(|json| BASE64URL_NOPAD.encode(&json))
    }
}

impl Store {
    /// A page of at most `limit` tickets that `wanted` lets through; of fewer, where they
    /// are large.
    ///
    /// # Errors
    /// The inner error is a cursor of somebody else's making; for the outer see
    /// [`StoreError`].
    pub async fn list(
        &self,
        plan: &ListPlan,
        cursor: Option<&str>,
        limit: usize,
        wanted: impl Fn(&Ticket) -> bool,
    ) -> Result<Result<Page, InvalidCursor>, StoreError> {
        let (mut stage, mut after) = match cursor.map(|text| Cursor::parse(text, plan)) {
            None => (0, None),
            Some(Ok(cursor)) => (cursor.stage, Some(cursor.after)),
            Some(Err(invalid)) => return Ok(Err(invalid)),
        };
        let mut tickets: Vec<Ticket> = Vec::new();
        let mut seen: HashSet<TicketId> = HashSet::new();
        let (mut looked_at, mut bytes) = (0, 0);
        while let Some(current) = plan.0.get(stage) {
            let chunk = limit.max(20);
            let rows = self.merged(current, after.as_deref(), chunk).await?;
            let ended = rows.len() < chunk;
            looked_at += rows.len();
            let mut found = self.tickets(rows.iter().map(|row| row.ticket)).await?;
            let last = rows.len().saturating_sub(1);
            for (i, row) in rows.into_iter().enumerate() {
                after = Some(row.sort);
                let known = |ticket: &Ticket| {
                    let before = current.before.as_ref();
                    before.is_some_and(|before| before.has(ticket))
                };
                if let Some((ticket, size)) = found.remove(&row.ticket)
                    && !known(&ticket)
                    && wanted(&ticket)
                    && seen.insert(ticket.id)
                {
                    tickets.push(ticket);
                    bytes += size;
                }
                let more = i < last || !ended || stage + 1 < plan.0.len();
                if (tickets.len() == limit || bytes >= PAGE_BYTES) && more {
                    let next = after.and_then(|after| Cursor { stage, after }.encode());
                    return Ok(Ok(Page { tickets, next }));
                }
            }
            if ended {
                stage += 1;
                after = None;
            } else if looked_at >= MAX_LOOKED_AT {
                let next = after.and_then(|after| Cursor { stage, after }.encode());
                return Ok(Ok(Page { tickets, next }));
            }
        }
        Ok(Ok(Page {
            tickets,
            next: None,
        }))
    }

    /// The sort keys that a list begins with, at most so many: what tells whether
    /// it is as it was, and how long it is, without a ticket being read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn list_keys(&self, plan: &ListPlan, most: usize) -> Result<Vec<String>, StoreError> {
        let mut keys = Vec::new();
        for stage in &plan.0 {
            let left = most - keys.len();
            if left == 0 {
                break;
            }
            let rows = self.merged(stage, None, left).await?;
            keys.extend(rows.into_iter().map(|row| row.sort));
        }
        Ok(keys)
    }

    /// Tickets, and how many bytes each is.
    async fn tickets(
        &self,
        ids: impl Iterator<Item = TicketId>,
    ) -> Result<HashMap<TicketId, (Ticket, usize)>, StoreError> {
        let items = self.get_many(ids.map(keys::ticket)).await?;
        items
            .into_iter()
            .map(|item| {
                let ticket: Ticket = item.doc()?;
                Ok((ticket.id, (ticket, item.doc_text()?.len())))
            })
            .collect()
    }

    /// The first `count` rows of a stage after a sort key, from all of its
    /// partitions.
    async fn merged(
        &self,
        stage: &Stage,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let reads = stage
            .partitions
            .iter()
            .map(|p| self.partition(stage, p, after, count));
        let mut rows: Vec<Row> = try_join_all(reads).await?.into_iter().flatten().collect();
        match stage.order {
            Order::Ascending => rows.sort_unstable_by(|a, b| a.sort.cmp(&b.sort)),
            Order::Descending => rows.sort_unstable_by(|a, b| b.sort.cmp(&a.sort)),
        }
        rows.truncate(count);
        Ok(rows)
    }

    async fn partition(
        &self,
        stage: &Stage,
        partition: &str,
        after: Option<&str>,
        count: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let index = stage.index;
        let compare = match stage.order {
            Order::Ascending => ">",
            Order::Descending => "<",
        };
        let mut condition = format!("{index}_pk = :pk");
        let mut values = vec![(":pk", partition.to_owned())];
        match (after, &stage.until) {
            (None, None) => {}
            (Some(after), None) => {
                condition.push_str(&format!(" AND {index}_sk {compare} :after"));
                values.push((":after", after.to_owned()));
            }
            (None, Some(until)) => {
                condition.push_str(&format!(" AND {index}_sk < :until"));
                values.push((":until", until.clone()));
            }
            // Both ends of what there is between belong to it: the first is left out
            // below.
            (Some(after), Some(until)) => {
                condition.push_str(&format!(" AND {index}_sk BETWEEN :after AND :until"));
                values.push((":after", after.to_owned()));
                values.push((":until", until.clone()));
            }
        }
        let items = self
            .query(Query {
                operation: "list tickets",
                index: Some(index),
                condition: &condition,
                values,
                order: stage.order,
                // One more where the row after which it goes on comes along.
                limit: Some(count + usize::from(after.is_some() && stage.until.is_some())),
            })
            .await?;
        let sort_name = format!("{index}_sk");
        let mut rows = Vec::with_capacity(items.len());
        for item in items {
            if let (Some(ticket), Some(sort)) =
                (keys::parse_ticket(&item.key()?), item.text(&sort_name))
                && Some(sort) != after
            {
                let sort = sort.to_owned();
                rows.push(Row { ticket, sort });
            }
        }
        Ok(rows)
    }
}

struct Row {
    ticket: TicketId,
    sort: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_first_then_closed() {
        let plan = ListPlan::of_teams(&[TeamId::from("soporte")], Status::ALL);
        let stages: Vec<_> = plan
            .0
            .iter()
            .map(|s| (s.partitions.len(), s.order))
            .collect();
        assert_eq!(stages, [(4, Order::Ascending), (1, Order::Descending)]);
        assert_eq!(ListPlan::of_teams(&[], Status::ALL).0, []);
    }

    #[test]
    fn cursors_come_back_and_others_are_refused() {
        let plan = ListPlan::of_requester(&EmailAddress::parse("a@b.co").unwrap());
        let text = Cursor {
            stage: 0,
            after: "x".to_owned(),
        }
        .encode()
        .unwrap();
        assert_eq!(Cursor::parse(&text, &plan).unwrap().after, "x");
        let beyond = Cursor {
            stage: 1,
            after: "x".to_owned(),
        }
        .encode()
        .unwrap();
        for text in ["", "%%%", "bm8", &beyond] {
            assert!(Cursor::parse(text, &plan).is_err(), "{text}");
        }
        let forged = |after: String| Cursor { stage: 0, after }.encode().unwrap();
        for (after, good) in [(0, false), (1, true), (1_024, true), (1_025, false)] {
            let text = forged("x".repeat(after));
            assert_eq!(Cursor::parse(&text, &plan).is_ok(), good, "{after}");
        }
        let plan = ListPlan::of_teams(&[TeamId::from("soporte")], &[Status::New]);
        let plan = plan.due_before("2026-11-24T12:00:00Z".parse().unwrap());
        for (after, good) in [("2026-11-24T11", true), ("2026-11-25", false)] {
            let text = forged(after.to_owned());
            assert_eq!(Cursor::parse(&text, &plan).is_ok(), good, "{after}");
        }
    }
}
