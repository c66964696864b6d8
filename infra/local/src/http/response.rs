//! A function's answer as the response that it stands for.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::Value;

use crate::http::answers::json_response;

/// A function's answer in payload format 2.0.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    status_code: u16,
    #[serde(default)]
    headers: Option<BTreeMap<String, Value>>,
    #[serde(default)]
    multi_value_headers: Option<BTreeMap<String, Vec<Value>>>,
    #[serde(default)]
    cookies: Option<Vec<String>>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

/// Turns a function's answer into a response, or says why it is none.
pub(super) fn response(answer: &[u8]) -> Result<Response, String> {
    let answer: Answer = match serde_json::from_slice(answer) {
        Ok(answer) => answer,
        // Without a status code, the answer as a whole is the body.
        Err(_) => {
            let value: Value = serde_json::from_slice(answer).map_err(|error| error.to_string())?;
            if value.get("statusCode").is_some() {
                return Err("its fields are not those of a response".to_owned());
            }
            return Ok(json_response(StatusCode::OK, &value));
        }
    };
    let body = match answer.body {
        Some(body) if answer.is_base64_encoded => BASE64_STANDARD
            .decode(body)
            .map_err(|error| format!("its body: {error}"))?
            .into(),
        Some(body) => Body::from(body),
        None => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(answer.status_code).map_err(|error| error.to_string())?;
    let single = answer
        .headers
        .into_iter()
        .flatten()
        .map(|(name, value)| (name, vec![value]));
    let several = answer.multi_value_headers.into_iter().flatten();
    let cookies = answer
        .cookies
        .into_iter()
        .flatten()
        .map(|cookie| ("set-cookie".to_owned(), vec![cookie.into()]));
    for (name, values) in several.chain(single).chain(cookies) {
        let name = HeaderName::try_from(name).map_err(|error| error.to_string())?;
        // The server counts the body itself.
        if name == header::CONTENT_LENGTH || name == header::TRANSFER_ENCODING {
            continue;
        }
        // A name that is in both maps counts once, with the single value.
        let replace = name != header::SET_COOKIE;
        for (index, value) in values.iter().enumerate() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let value = HeaderValue::try_from(text).map_err(|error| error.to_string())?;
            if replace && index == 0 {
                response.headers_mut().insert(name.clone(), value);
            } else {
                response.headers_mut().append(name.clone(), value);
            }
        }
    }
    if !response.headers().contains_key(header::CONTENT_TYPE) && answer.status_code != 204 {
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    Ok(response)
}
