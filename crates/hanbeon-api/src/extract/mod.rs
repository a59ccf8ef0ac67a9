//! Where raw strings end. Below this line there are amounts, ids and sessions only.
//!
//! - [`body`]: a bounded JSON body, with an error that says what to mend;
//! - [`fields`]: the fields of our bodies, as types;
//! - [`caller`]: the session of a browser, the key of a shop.

pub(crate) mod body;
pub(crate) mod caller;
pub(crate) mod fields;
