//! The parameters of a template, and what they come to.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::document::Parameter;
use crate::error::TemplateError;

/// The value of each parameter that is declared: what is given, or offered, or its
/// default. One that is given has to be declared, one that is offered has not.
pub(crate) fn values(
    declared: &BTreeMap<String, Parameter>,
    offered: &[(&str, String)],
    given: &[(String, String)],
) -> Result<BTreeMap<String, Value>, TemplateError> {
    if let Some((name, _)) = given.iter().find(|(name, _)| !declared.contains_key(name)) {
        return Err(TemplateError::new(
            name,
            "the template has no parameter of this name",
        ));
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            let given = given
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value);
            let offered = offered
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value);
            let value = given.or(offered).map(|value| json!(value));
            let value = value.or_else(|| declaration.default.clone());
            let value = value.ok_or_else(|| {
                TemplateError::new(
                    name,
                    "this parameter has no default: give it with --parameter",
                )
            })?;
            let value = match (declaration.kind.as_deref(), value.as_str()) {
                (Some("CommaDelimitedList"), Some(list)) => {
                    list.split(',').map(|item| json!(item.trim())).collect()
                }
                _ => value,
            };
            Ok((name.clone(), value))
        })
        .collect()
}
