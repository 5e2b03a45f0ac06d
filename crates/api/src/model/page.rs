use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The page. It may be shorter than the limit, and even empty, while there is a `next`: a filter that
    /// few items pass is looked up a piece at a time.
    pub items: Vec<T>,
    /// Where the next page begins: the `cursor` to ask with. Null when the list has ended.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// All there is.
    pub const fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
