//! What the parameters of the lists have in common.

use crate::codes::{self, Code};

/// A parameter with something in it: the official samples send empty ones, too.
pub(crate) fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// How many rows a page has: as asked, within the usual and the largest number.
pub(crate) fn limit(asked: Option<String>, (usual, most): (usize, usize)) -> Result<usize, Code> {
    let limit = given(asked).map_or(Ok(usual), |text| text.parse());
    match limit.map_err(|_| codes::INVALID_REQUEST)? {
        0 => Err(codes::INVALID_REQUEST),
        limit if limit <= most => Ok(limit),
        _ => Err(codes::EXCEED_MAX_QUERY_LIMIT),
    }
}
