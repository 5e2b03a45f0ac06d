//! What requests are read into, with refusals that name what is wrong.

use axum::{
    extract::{FromRequestParts, Path, Query},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use crate::{Kind, Refusal};

/// The query. Fields that do not exist are refused by name.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        match Query::try_from_uri(&parts.uri) {
            Ok(Query(asked)) => Ok(Self(asked)),
            Err(rejection) => Err(refuse(&rejection.body_text())),
        }
    }
}

/// The name of the one thing that is asked for, as it stands in the path.
pub(crate) struct Named(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Self(name)),
            Err(_) => Err(Refusal::new(
                Kind::BadParameter,
                "what is percent-encoded in the path is no text",
            )),
        }
    }
}

/// The library says which field it is in words.
fn refuse(said: &str) -> Refusal {
    let (_, reason) = said.split_once(": ").unwrap_or(("", said));
    let quoted = |opening: &str| {
        let (_, rest) = reason.split_once(opening)?;
        rest.split_once('`').map(|(field, _)| field)
    };
    if let Some(field) = quoted("unknown field `") {
        let detail = format!("there is no field `{field}` here");
        return Refusal::new(Kind::UnknownField, detail).field(field, "it does not exist");
    }
    if let Some(field) = quoted("duplicate field `") {
        let detail = format!("`{field}` is given more than once");
        return Refusal::new(Kind::BadParameter, detail).field(field, "give it once");
    }
    let refusal = Refusal::new(Kind::BadParameter, reason);
    match reason.split_once(": ") {
        Some((field, problem)) if is_name(field) => refusal.field(field, problem),
        _ => refusal,
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
