//! The quarterly reviews: a row for each chief, one for the quarter, and one for whoever is
//! still to be told of either. What is told, and the next quarter, are timers; what a chief
//! signed is owed work until it is carried out.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use jiff::Timestamp;
use types::format::accounts::{Change, Holder};
use types::ids::EmailAddress;
use types::quarter::Quarter;
use types::review::{Asked, Notice, Review};

use super::idempotency::RequestKey;
use super::in_the_way::insist;
use super::item::Item;
use super::outbox::OutboxClaim;
use super::query::{Order, Query};
use super::transaction::{CommitError, Parts};
use super::{Store, StoreError, condition_failed, failed};
use crate::clock;
use crate::keys::{self, DueKind, Key};

/// When the matrix is gone through next, and which quarter's reviews were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub due: Timestamp,
    /// None, where nobody has gone through it yet.
    pub quarter: Option<Quarter>,
}

/// A chief's review as it is stored.
#[derive(Clone, Debug)]
pub struct StoredReview {
    pub review: Review,
    /// The key of the request that wrote it last, and what that said.
    request: Option<(String, String)>,
}

impl StoredReview {
    fn of(row: &Item) -> Result<Self, StoreError> {
        let text = |name| row.text(name).map(str::to_owned);
        Ok(StoredReview {
            review: row.doc()?,
            request: text("request").zip(text("fingerprint")),
        })
    }

    /// Whether a request of this key wrote it last, and whether it said the same.
    pub fn written_by(&self, request: RequestKey<'_>) -> Option<Said> {
        let (key, said) = self.request.as_ref()?;
        (key == request.key).then_some(match said == request.fingerprint {
            true => Said::TheSame,
            false => Said::SomethingElse,
        })
    }
}

/// What a request said that has the key of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said {
    TheSame,
    SomethingElse,
}

/// What somebody is to be told of a review next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    pub notice: Notice,
    pub due: Timestamp,
}

fn due_of(row: &Item) -> Option<Timestamp> {
    let sort = row.text("due_sk")?;
    sort.split('#').next()?.parse().ok()
}

fn shard_of(quarter: Quarter, chief: Option<&EmailAddress>) -> u8 {
    let chief = chief.map(EmailAddress::as_str).unwrap_or_default();
    let bytes = chief.bytes().chain(quarter.to_string().into_bytes());
    bytes.fold(0u8, u8::wrapping_add) % keys::SHARDS
}

impl Store {
    /// When the matrix is gone through next; nothing, where there is nobody in it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review_schedule(&self) -> Result<Option<Schedule>, StoreError> {
        let row = self.get(&keys::reviews_next()).await?;
        let Some(row) = row else {
            return Ok(None);
        };
        let due = due_of(&row).ok_or_else(|| row.corrupt("it has no time"))?;
        let quarter = row.text("quarter").and_then(|text| text.parse().ok());
        Ok(Some(Schedule { due, quarter }))
    }

    /// Says when it is gone through next, over what was said before. Nothing happens where
    /// somebody else said it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_review_schedule(
        &self,
        before: Schedule,
        next: Schedule,
    ) -> Result<(), StoreError> {
        let quarter = next.quarter.map(|quarter| quarter.to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::reviews_next().attributes()))
            .update_expression("SET due_sk = :next, quarter = :quarter")
            .condition_expression("due_sk = :seen")
            .expression_attribute_values(":next", text(keys::reviews_sort(next.due)))
            .expression_attribute_values(":seen", text(keys::reviews_sort(before.due)))
            .expression_attribute_values(":quarter", text(quarter.unwrap_or_default()));
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("say when reviews are asked for", e)),
        }
    }

    /// Has the matrix gone through at once, where there is somebody in it: the hours are others.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn go_through_matrix(&self, now: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::reviews_next().attributes()))
            .update_expression("SET due_sk = :now")
            .condition_expression("due_sk > :now")
            .expression_attribute_values(":now", text(keys::reviews_sort(now)));
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("have the matrix gone through", e)),
        }
    }

    /// A chief's review of a quarter.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review(
        &self,
        quarter: Quarter,
        chief: &EmailAddress,
    ) -> Result<Option<StoredReview>, StoreError> {
        let row = self.get(&keys::review(quarter, chief)).await?;
        row.map(|row| StoredReview::of(&row)).transpose()
    }

    /// All reviews of a quarter, by the addresses of the chiefs.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reviews(&self, quarter: Quarter) -> Result<Vec<Review>, StoreError> {
        let rows = self
            .query(Query {
                operation: "read the reviews of a quarter",
                index: None,
                condition: "pk = :pk AND begins_with(sk, :prefix)",
                values: vec![
                    (":pk", keys::review_partition(quarter)),
                    (":prefix", keys::CHIEF_PREFIX.to_owned()),
                ],
                order: Order::Ascending,
                limit: None,
            })
            .await?;
        rows.iter().map(Item::doc).collect()
    }

    /// A quarter whose reviews were asked for.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review_quarter(&self, quarter: Quarter) -> Result<Option<Asked>, StoreError> {
        let row = self.get(&keys::review_quarter(quarter)).await?;
        row.map(|row| row.doc()).transpose()
    }

    /// Writes a chief's review over the version that was seen; none, where there was none. Says
    /// `false` when somebody else wrote in between. One that is signed is owed from then on.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn write_review(
        &self,
        review: &Review,
        over: Option<u64>,
        request: Option<RequestKey<'_>>,
    ) -> Result<bool, StoreError> {
        let version = |version: u64| i64::try_from(version).unwrap_or(i64::MAX);
        let chief = &review.chief.email;
        let mut row = Item::with_large_doc(&keys::review(review.quarter, chief), review)?
            .set_number("version", version(review.version));
        if let Some(request) = request {
            row = row
                .set("request", request.key)
                .set("fingerprint", request.fingerprint);
        }
        if let Some(signed) = &review.signed {
            let shard = shard_of(review.quarter, Some(chief));
            row = row
                .set("due_pk", keys::due_partition(DueKind::Outbox, shard))
                .set(
                    "due_sk",
                    keys::review_sort(signed.at, review.quarter, Some(chief)),
                );
        }
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row.0));
        let put = match over {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(over) => put
                .condition_expression("version = :over")
                .expression_attribute_values(":over", AttributeValue::N(version(over).to_string())),
        };
        match insist(|| put.clone().send()).await {
            Ok(_) => Ok(true),
            Err(e) if condition_failed(&e) => {
                // An attempt of ours whose answer was lost may have done it.
                let there = self.review(review.quarter, chief).await?;
                Ok(there.is_some_and(|there| there.review == *review))
            }
            Err(e) => Err(failed("write a review", e)),
        }
    }

    /// What was signed is carried out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_review(
        &self,
        quarter: Quarter,
        chief: &EmailAddress,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::review(quarter, chief).attributes()))
            .update_expression("SET carried_out_at = :now REMOVE due_pk, due_sk")
            .condition_expression("attribute_exists(due_pk)")
            .expression_attribute_values(":now", text(keys::sortable(clock::now())));
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("say that a review is carried out", e)),
        }
    }

    /// Puts on record that a quarter's reviews were asked for, unless that is on record.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open_review_quarter(&self, asked: &Asked) -> Result<(), StoreError> {
        let row = Item::with_doc(&keys::review_quarter(asked.quarter), asked)?;
        self.put_absent("say that reviews are asked for", row).await
    }

    /// Owes somebody a notice, unless he is owed or was told one already: a chief, or the
    /// coordinators.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn owe_notice(
        &self,
        quarter: Quarter,
        chief: Option<&EmailAddress>,
        owed: NoticeRow,
    ) -> Result<(), StoreError> {
        let shard = shard_of(quarter, chief);
        let row = Item::new(&keys::review_notice(quarter, chief))
            .set("notice", owed.notice.word())
            .set("due_pk", keys::due_partition(DueKind::Timer, shard))
            .set("due_sk", keys::review_sort(owed.due, quarter, chief));
        self.put_absent("owe a notice of a review", row).await
    }

    async fn put_absent(&self, operation: &'static str, row: Item) -> Result<(), StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(row.0))
            .condition_expression("attribute_not_exists(pk)");
        match insist(|| put.clone().send()).await {
            Ok(_) => Ok(()),
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed(operation, e)),
        }
    }

    /// What somebody is still to be told.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn notice(
        &self,
        quarter: Quarter,
        chief: Option<&EmailAddress>,
    ) -> Result<Option<NoticeRow>, StoreError> {
        let row = self.get(&keys::review_notice(quarter, chief)).await?;
        let read = |row: Item| {
            Some(NoticeRow {
                notice: Notice::parse(row.text("notice")?)?,
                due: due_of(&row)?,
            })
        };
        Ok(row.and_then(read))
    }

    /// Takes a notice for `claimant` until `until`, unless somebody has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_notice(
        &self,
        (quarter, chief): (Quarter, Option<&EmailAddress>),
        notice: Notice,
        claimant: &str,
        until: Timestamp,
    ) -> Result<OutboxClaim, StoreError> {
        let now = clock::now();
        let millis = |at: Timestamp| AttributeValue::N(at.as_millisecond().to_string());
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::review_notice(quarter, chief).attributes()))
            .update_expression("SET claimed_by = :me, claimed_until = :until")
            .condition_expression(
                "attribute_exists(due_pk) AND notice = :notice AND \
                 (attribute_not_exists(claimed_until) OR claimed_until < :now)",
            )
            .expression_attribute_values(":me", text(claimant.to_owned()))
            .expression_attribute_values(":notice", text(notice.word().to_owned()))
            .expression_attribute_values(":until", millis(until))
            .expression_attribute_values(":now", millis(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(OutboxClaim::Mine),
            Err(SdkError::ServiceError(e)) if e.err().is_conditional_check_failed_exception() => {
                let old = match e.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                let old = old.map(Item);
                if old.as_ref().and_then(|row| row.text("claimed_by")) == Some(claimant) {
                    return Ok(OutboxClaim::Mine);
                }
                let is_it = |row: &Item| {
                    row.text("due_pk").is_some() && row.text("notice") == Some(notice.word())
                };
                let until = old
                    .filter(is_it)
                    .and_then(|row| row.number("claimed_until"));
                Ok(match until {
                    Some(until) => {
                        let left = (until - now.as_millisecond()).max(0).unsigned_abs();
                        OutboxClaim::Busy(std::time::Duration::from_millis(left + 1))
                    }
                    None => OutboxClaim::Gone,
                })
            }
            Err(e) => Err(failed("claim a notice of a review", e)),
        }
    }

    /// Puts on record what came of a notice that is the claimant's, and what is told next.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn finish_notice(
        &self,
        (quarter, chief): (Quarter, Option<&EmailAddress>),
        notice: Notice,
        claimant: &str,
        outcome: &str,
        next: Option<NoticeRow>,
    ) -> Result<(), StoreError> {
        let mut update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(keys::review_notice(quarter, chief).attributes()))
            .condition_expression("claimed_by = :me AND notice = :notice")
            .expression_attribute_names("#came", format!("told_{}", notice.word()))
            .expression_attribute_values(":me", text(claimant.to_owned()))
            .expression_attribute_values(":notice", text(notice.word().to_owned()))
            .expression_attribute_values(":came", text(outcome.to_owned()));
        update = match next {
            None => update.update_expression(
                "SET #came = :came REMOVE due_pk, due_sk, claimed_by, claimed_until",
            ),
            Some(next) => update
                .update_expression(
                    "SET #came = :came, notice = :next, due_sk = :due \
                     REMOVE claimed_by, claimed_until",
                )
                .expression_attribute_values(":next", text(next.notice.word().to_owned()))
                .expression_attribute_values(
                    ":due",
                    text(keys::review_sort(next.due, quarter, chief)),
                ),
        };
        match insist(|| update.clone().send()).await {
            Ok(_) => Ok(()),
            // An attempt of ours whose answer was lost did it, or the claim has ended.
            Err(e) if condition_failed(&e) => Ok(()),
            Err(e) => Err(failed("say that a notice of a review went out", e)),
        }
    }

    /// The people of a chief: those with active accounts, and those whose last one was
    /// disabled since a day.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn people_of(
        &self,
        chief: &EmailAddress,
        since: Timestamp,
    ) -> Result<Vec<Holder>, StoreError> {
        let found = self
            .query(Query {
                operation: "list a chief's people",
                index: Some("assignee"),
                condition: "assignee_pk = :pk AND assignee_sk >= :since",
                values: vec![
                    (":pk", keys::chief_partition(chief)),
                    (":since", keys::past_sort(since, "")),
                ],
                order: Order::Ascending,
                limit: None,
            })
            .await?;
        let rows: Vec<Key> = found.iter().map(Item::key).collect::<Result<_, _>>()?;
        let mut holders: Vec<Holder> = self
            .get_many(rows)
            .await?
            .into_iter()
            .map(|item| item.doc())
            .collect::<Result<_, _>>()?;
        // The index lags: he may have another chief by now.
        holders.retain(|holder| holder.chief().as_ref() == Some(chief));
        holders.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(holders)
    }

    /// Writes a person over the version that was seen, by itself.
    ///
    /// # Errors
    /// [`CommitError::HolderChanged`] where somebody else wrote in between.
    pub async fn write_holder(&self, change: &Change) -> Result<(), CommitError> {
        let mut parts = Parts::new(&self.table);
        parts.put_holder(change)?;
        self.write(parts).await
    }
}

fn text(text: String) -> AttributeValue {
    AttributeValue::S(text)
}
