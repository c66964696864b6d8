//! The quarterly review of accounts, as its chief sees and changes it.

use pages::shell::sees_reviews;
use types::Timestamp;
use types::format::accounts::Holder;
use types::mail::{bounds, day};
use types::permission::Caller;
use types::person::Person;
use types::problem::Problem;
use types::quarter::Quarter;
use types::review::{ChiefView, Review, ReviewView};

use crate::desk::{Desk, problem_of};
use crate::store::StoredReview;

/// A chief's review of the quarter that is, and the people that it is about.
pub struct Seen {
    /// As it is stored; none, where nobody asked for it and he has not begun.
    pub stored: Option<StoredReview>,
    pub review: Review,
    pub holders: Vec<Holder>,
}

impl Seen {
    /// Whether there is anything to review, or was.
    pub fn is_chief(&self) -> bool {
        self.stored.is_some() || self.holders.iter().any(|of| of.active().next().is_some())
    }
}

impl Desk {
    /// A chief's review, read consistently; his people as far as an index knows them.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn review_of(&self, chief: Person, now: Timestamp) -> Result<Seen, Problem> {
        let quarter = Quarter::of(day(now));
        let stored = self.store.review(quarter, &chief.email).await;
        let stored = stored.map_err(|e| problem_of(&e))?;
        let begins = bounds(quarter.begins()).map_or(now, |(begins, _)| begins);
        let holders = self.store.people_of(&chief.email, begins).await;
        let holders = holders.map_err(|e| problem_of(&e))?;
        let review = match &stored {
            Some(stored) => stored.review.clone(),
            None => Review::new(quarter, chief, now, None),
        };
        Ok(Seen {
            stored,
            review,
            holders,
        })
    }

    /// A caller's review as the API answers it, and for those who oversee them all who has
    /// signed.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn review_view(
        &self,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<ReviewView, Problem> {
        let seen = self.review_of(caller.person(), now).await?;
        let chiefs = match sees_reviews(caller) {
            true => self.chiefs(seen.review.quarter).await?,
            false => vec![],
        };
        let today = day(now);
        Ok(ReviewView::of(&seen.review, &seen.holders, today, chiefs))
    }

    /// Who has signed in a quarter and who has not: those first who have not.
    ///
    /// # Errors
    /// When the table does not say.
    pub async fn chiefs(&self, quarter: Quarter) -> Result<Vec<ChiefView>, Problem> {
        let reviews = self.store.reviews(quarter).await;
        let reviews = reviews.map_err(|e| problem_of(&e))?;
        let mut chiefs: Vec<_> = reviews.iter().map(ChiefView::from).collect();
        chiefs.sort_by_key(|view| (view.signed_at.is_some(), view.chief.name.to_lowercase()));
        Ok(chiefs)
    }
}
