//! People, as records name them.

use serde::{Deserialize, Serialize};

use crate::ids::EmailAddress;

/// Somebody, as answers and mails name him.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Person {
    pub email: EmailAddress,
    pub name: String,
}
