//! What is not AWS, as far as a function calls it.

use std::sync::Arc;

use serde_json::Value;

use crate::wire::lock;
use crate::world::World;

/// A request to somebody else.
#[derive(Clone, Debug)]
pub struct WebRequest {
    pub method: String,
    pub url: String,
    /// Empty where there is none.
    pub authorization: String,
    pub form: Vec<(String, String)>,
}

impl WebRequest {
    /// A field of the form; empty where it is missing.
    pub fn field(&self, name: &str) -> &str {
        let found = self.form.iter().find(|(found, _)| found == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Answers all of it, with a status and JSON.
pub(crate) type Site = Arc<dyn Fn(&WebRequest) -> (u16, Value) + Send + Sync>;

impl World {
    /// From now on something answers that is not AWS, whatever its address.
    pub fn answers_beside_aws(
        &self,
        site: impl Fn(&WebRequest) -> (u16, Value) + Send + Sync + 'static,
    ) {
        *lock(&self.aws.site) = Some(Arc::new(site));
    }
}
