//! What there is to do for somebody who works here: the lists behind the views of the
//! queue, the counts of the rail, and what a browser's copy of the queue is known by.
//! All of it without a ticket being read.

use std::iter::once;

use cloud::desk::problem_of;
use cloud::store::ListPlan;
use futures_util::future::{try_join, try_join_all};
use pages::assets::EDITION;
use pages::mailroom::may_look;
use pages::shell::{Counts, Shell, View, works_here};
use sha2::{Digest, Sha256};
use types::catalogue::Role;
use types::ids::TeamId;
use types::mail::day;
use types::preferences::Preferences;
use types::problem::Problem;
use types::ticket::Status;

use super::{ROWS, SOON, Visit};
use crate::preferences::SET_UP;

/// Where tickets stand in the lists of somebody who works here: their keys, in the
/// order of the queue, as far as anybody counts. Every view is made of them.
pub(super) struct Worklist {
    /// His own, of whatever he has to do.
    own: Vec<String>,
    /// Those of everybody whose work he sees, by status, as [`Status::OPEN`] has them. Nothing
    /// where he sees nobody's.
    all: Option<[Vec<String>; 4]>,
    /// What is due before this is due now.
    soon: String,
}

impl Worklist {
    /// The keys of a view; nothing where he has no such view, or it is of what is
    /// closed.
    fn keys(&self, view: View) -> Option<Vec<&str>> {
        let all = self.all.as_ref();
        match view {
            View::Own => Some(self.own.iter().map(String::as_str).collect()),
            View::Due => all.map(|all| {
                let mut keys = in_order(&all[..3]);
                keys.retain(|key| *key < self.soon.as_str());
                keys
            }),
            View::Free => all.map(|all| in_order(&all[..1])),
            View::Waiting => all.map(|all| in_order(&all[2..3])),
            View::Solved => all.map(|all| in_order(&all[3..])),
            View::Open => all.map(|all| in_order(all)),
            View::Closed => None,
        }
    }

    fn counts(&self) -> Counts {
        let views = View::ALL.iter().copied();
        let counted = views.filter_map(|view| Some((view, self.keys(view)?.len())));
        Counts::of(counted.collect())
    }
}

impl Visit<'_> {
    /// The partitions of a view: `None` where somebody works no queue.
    pub(super) fn plan(&self, view: View) -> Option<ListPlan> {
        let plan = match view {
            View::Own => self.own(&Status::OPEN[..3]),
            View::Due => self.all(&Status::OPEN[..3])?.due_before(self.now + SOON),
            View::Free => self.all(&[Status::New])?,
            View::Waiting => self.all(&[Status::OnHold])?,
            View::Solved => self.all(&[Status::Solved])?,
            View::Open => self.all(&Status::OPEN)?,
            View::Closed => self.all(&[Status::Closed])?,
        };
        Some(plan)
    }

    /// What whoever looks has himself.
    fn own(&self, statuses: &[Status]) -> ListPlan {
        match self.caller.is(Role::Officer) {
            true => ListPlan::of_officer(&self.caller.email, statuses),
            false => ListPlan::of_assignee(&self.caller.email, statuses),
        }
    }

    /// What everybody has whose work he sees.
    fn all(&self, statuses: &[Status]) -> Option<ListPlan> {
        let caller = self.caller;
        let everything = [Role::Coordinator, Role::Auditor, Role::Head];
        let everything = everything.into_iter().any(|role| caller.is(role));
        let teams: Vec<TeamId> = match (everything, caller.is(Role::Agent)) {
            (true, _) => {
                let teams = self.stored.catalogue.document().teams.iter();
                teams.map(|team| team.id.clone()).collect()
            }
            (false, true) => caller.teams.iter().cloned().collect(),
            (false, false) => vec![],
        };
        match (teams.is_empty(), caller.is(Role::Officer)) {
            (false, _) => Some(ListPlan::of_teams(&teams, statuses)),
            (true, true) => Some(ListPlan::of_officer(&caller.email, statuses)),
            (true, false) => None,
        }
    }

    /// Has the rail say how much there is.
    pub(super) async fn count(&self, shell: &mut Shell<'_>) -> Result<Option<Worklist>, Problem> {
        let (worklist, refused) = try_join(self.worklist(), self.refused()).await?;
        shell.counts = worklist.as_ref().map(Worklist::counts);
        shell.refused = refused;
        Ok(worklist)
    }

    async fn worklist(&self) -> Result<Option<Worklist>, Problem> {
        if !works_here(self.caller) {
            return Ok(None);
        }
        let store = &self.desk.store;
        let of_each = Status::OPEN.iter().map(|status| self.all(&[*status]));
        let plans: Vec<_> = once(Some(self.own(&Status::OPEN[..3])))
            .chain(of_each)
            .collect();
        let read = plans.iter().map(|plan| async move {
            match plan {
                Some(plan) => store.list_keys(plan, Counts::MOST + 1).await.map(Some),
                None => Ok(None),
            }
        });
        let mut read = try_join_all(read)
            .await
            .map_err(|e| problem_of(&e))?
            .into_iter();
        let own = read.next().flatten().unwrap_or_default();
        let all: Option<Vec<_>> = read.collect();
        Ok(Some(Worklist {
            own,
            all: all.and_then(|all| all.try_into().ok()),
            soon: cloud::keys::sortable(self.now + SOON),
        }))
    }

    /// What whoever looks has set up for himself.
    pub(super) async fn preferences(&self) -> Result<Preferences, Problem> {
        if !works_here(self.caller) {
            return Ok(Preferences::default());
        }
        let read = self.desk.store.preferences(&self.caller.email).await;
        let (own, _) = read.map_err(|e| problem_of(&e))?;
        Ok(own)
    }

    /// Has the rail say how much there is, and be as he has set it up.
    pub(super) async fn furnish(&self, shell: &mut Shell<'_>) -> Result<(), Problem> {
        let (_, own) = try_join(self.count(shell), self.preferences()).await?;
        self.set_up(shell, own);
        Ok(())
    }

    pub(super) fn set_up(&self, shell: &mut Shell<'_>, own: Preferences) {
        let here = (self.call.path == "/cola").then(|| self.filter());
        shell.set_up(own, here.as_ref());
    }

    /// Today's refused mails that nobody has accepted, for the rail of those who look
    /// through them.
    async fn refused(&self) -> Result<Option<usize>, Problem> {
        if !may_look(self.caller) {
            return Ok(None);
        }
        let store = &self.desk.store;
        let count = store.waiting_mails(day(self.now), Counts::MOST + 1).await;
        count.map(Some).map_err(|e| problem_of(&e))
    }

    /// What a browser's copy of the queue is known by: everything that it shows but
    /// what it counts down by itself.
    pub(super) async fn tag(
        &self,
        view: View,
        worklist: &Option<Worklist>,
        shell: &Shell<'_>,
    ) -> Result<String, Problem> {
        let mut hash = Sha256::new();
        let mut add = |key: &str| {
            hash.update(key);
            hash.update([0]);
        };
        let known = worklist.as_ref().and_then(|worklist| worklist.keys(view));
        match (known, self.plan(view)) {
            (Some(keys), _) => keys.iter().take(ROWS).for_each(|key| add(key)),
            (None, Some(plan)) => {
                let keys = self.desk.store.list_keys(&plan, ROWS).await;
                let keys = keys.map_err(|e| problem_of(&e))?;
                keys.iter().for_each(|key| add(key));
            }
            (None, None) => {}
        }
        let counts = (&shell.counts, shell.refused);
        // What he has set up would have to be read: his browser knows since when.
        let own = self.call.cookie(SET_UP);
        // A list that is the same is in other bands a minute later.
        let minute = self.now.as_second() / 60;
        let rest = format!(
            "{}/{EDITION}/{}/{}/{counts:?}/{own:?}/{minute}",
            view.word(),
            self.stored.version,
            self.caller.email,
        );
        hash.update(rest);
        let tag = data_encoding::HEXLOWER.encode(&hash.finalize()[..12]);
        Ok(format!("W/\"{tag}\""))
    }
}

fn in_order(keys: &[Vec<String>]) -> Vec<&str> {
    let mut keys: Vec<_> = keys.iter().flatten().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
