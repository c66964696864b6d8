//! Queries, paged to their end: DynamoDB answers at most a megabyte at a time,
//! and says so only by where to go on.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::item::Item;
use super::{Store, StoreError, failed};

/// A query of one partition.
pub(super) struct Query<'a> {
    pub(super) operation: &'static str,
    /// An index, or the table itself, which is read consistently.
    pub(super) index: Option<&'a str>,
    pub(super) condition: &'a str,
    /// The values that the condition names.
    pub(super) values: Vec<(&'a str, String)>,
    pub(super) order: Order,
    /// Most rows wanted.
    pub(super) limit: Option<usize>,
}

/// Which end of a partition comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

impl Store {
    pub(super) async fn query(&self, query: Query<'_>) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let left = query.limit.map(|limit| limit - items.len());
            let mut request = self
                .client
                .query()
                .table_name(&self.table)
                .set_index_name(query.index.map(str::to_owned))
                .consistent_read(query.index.is_none())
                .key_condition_expression(query.condition)
                .scan_index_forward(query.order == Order::Ascending)
                .set_limit(left.map(|left| i32::try_from(left).unwrap_or(i32::MAX)))
                .set_exclusive_start_key(start)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            for (name, value) in &query.values {
                request =
                    request.expression_attribute_values(*name, AttributeValue::S(value.clone()));
            }
            let answer = request
                .send()
                .await
                .map_err(|e| failed(query.operation, e))?;
            self.charge(&answer.consumed_capacity);
            items.extend(answer.items.unwrap_or_default().into_iter().map(Item));
            start = answer.last_evaluated_key;
            if start.is_none() || query.limit.is_some_and(|limit| items.len() >= limit) {
                return Ok(items);
            }
        }
    }
}
