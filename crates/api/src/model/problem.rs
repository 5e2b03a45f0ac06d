use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is wrong with a request, or why it cannot be answered (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem; stays the same from version to version.
    #[schema(example = "urn:causeway:problem:unknown-field")]
    pub r#type: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What is wrong with this request, and what would be right.
    pub detail: String,
    /// The request's id, as it is in the log and in the header `x-request-id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Which fields are wrong, where that can be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field.
    #[schema(example = "limit")]
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}
