//! The rows of what people have set up for themselves.

use aws_sdk_dynamodb::types::AttributeValue;
use types::ids::EmailAddress;
use types::preferences::Preferences;

use super::in_the_way::insist;
use super::item::Item;
use super::{Store, StoreError, condition_failed, failed};
use crate::keys;

/// How often a change is decided anew where the same person was faster elsewhere.
const ATTEMPTS: u32 = 5;

impl Store {
    /// What somebody has set up for himself, and how often he did: 0 is never.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn preferences(
        &self,
        email: &EmailAddress,
    ) -> Result<(Preferences, i64), StoreError> {
        match self.get(&keys::preferences(email)).await? {
            None => Ok((Preferences::default(), 0)),
            Some(row) => Ok((row.doc()?, row.number("version").unwrap_or(0))),
        }
    }

    /// Changes what somebody has set up for himself, in one row. Where he changed it in
    /// another tab meanwhile, the change is made to that.
    ///
    /// # Errors
    /// See [`StoreError`]; and, inside, what `change` refuses: nothing is written then.
    pub async fn change_preferences<T, E>(
        &self,
        email: &EmailAddress,
        change: impl Fn(&mut Preferences) -> Result<T, E>,
    ) -> Result<Result<T, E>, StoreError> {
        let operation = "write somebody's settings";
        for _ in 0..ATTEMPTS {
            let (mut preferences, over) = self.preferences(email).await?;
            let before = preferences.clone();
            let done = match change(&mut preferences) {
                Ok(done) => done,
                Err(refused) => return Ok(Err(refused)),
            };
            if preferences == before {
                return Ok(Ok(done));
            }
            let row = Item::with_doc(&keys::preferences(email), &preferences)?
                .set_number("version", over + 1);
            let put = self
                .client
                .put_item()
                .table_name(&self.table)
                .set_item(Some(row.0));
            let put = match over {
                0 => put.condition_expression("attribute_not_exists(pk)"),
                over => put
                    .condition_expression("version = :over")
                    .expression_attribute_values(":over", AttributeValue::N(over.to_string())),
            };
            match insist(|| put.clone().send()).await {
                Ok(_) => return Ok(Ok(done)),
                Err(error) if condition_failed(&error) => {}
                Err(error) => return Err(failed(operation, error)),
            }
        }
        Err(StoreError::Retryable {
            operation,
            source: "somebody else was faster each time".into(),
        })
    }
}
