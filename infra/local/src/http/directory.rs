//! The people of the directory, as the API gives them to anybody of the entity: what
//! a coordinator has changed is in it.

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde::Deserialize;

use crate::http::gateway::Gateway;

/// The largest catalogue that is read.
const CATALOGUE: usize = 10 * 1024 * 1024;

/// Somebody.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub(super) struct Person {
    pub(super) email: String,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) roles: Vec<String>,
}

impl Person {
    /// Somebody of whom nothing but the address is known.
    pub(super) fn of(email: &str) -> Self {
        Person {
            email: email.to_owned(),
            name: None,
            roles: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
struct Catalogue {
    directory: Vec<Person>,
}

/// The directory; nobody, where the API does not give it.
pub(super) async fn read(gateway: &Gateway, token: &str) -> Vec<Person> {
    let request = Request::get("/catalog")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty());
    let response = match request {
        Ok(request) => {
            let (parts, body) = request.into_parts();
            gateway.answer(parts, body).await
        }
        Err(error) => {
            tracing::error!(%error, "the directory could not be asked for");
            return Vec::new();
        }
    };
    let status = response.status();
    let body = to_bytes(response.into_body(), CATALOGUE).await;
    let catalogue = body.map(|body| serde_json::from_slice::<Catalogue>(&body));
    match (status, catalogue) {
        (StatusCode::OK, Ok(Ok(catalogue))) => catalogue.directory,
        (status, _) => {
            tracing::warn!(%status, "the API gives no directory to choose from");
            Vec::new()
        }
    }
}

/// The person with an address: of the directory, or anybody else. `None` where it is
/// no address.
pub(super) fn somebody(email: &str, people: &[Person]) -> Option<Person> {
    let email = email.trim().to_lowercase();
    let (name, domain) = email.rsplit_once('@')?;
    let is_address = !name.is_empty()
        && domain.contains('.')
        && email.len() <= 254
        && email.chars().all(|c| !c.is_whitespace() && !c.is_control());
    let known = people.iter().find(|person| person.email == email);
    is_address.then(|| known.cloned().unwrap_or_else(|| Person::of(&email)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anybody_with_an_address_is_somebody() {
        let known = Person {
            name: Some("Agente 1".to_owned()),
            roles: vec!["agent".to_owned()],
            ..Person::of("agente1@uspec.gov.co")
        };
        let people = [known.clone()];
        assert_eq!(somebody(" Agente1@USPEC.gov.co ", &people), Some(known));
        let ana = Person::of("ana@uspec.gov.co");
        assert_eq!(somebody("ana@uspec.gov.co", &people), Some(ana));
        for nobody in [
            "",
            "ana",
            "@uspec.gov.co",
            "ana@uspec",
            "a na@x.co",
            "a@b.c\n@d.co",
        ] {
            assert_eq!(somebody(nobody, &people), None, "{nobody}");
        }
    }
}
