//! The five endpoints that a shop's front end calls. Paths and bodies are a contract: a front end that was
//! written for the original Spring server works against them unchanged. And a sixth, [`get_account`], which the original
//! lacks: whoever pays by virtual account has to see it.
//!
//! One file per endpoint, in the order of a purchase: [`save_amount`], [`verify_amount`], [`confirm`],
//! [`get_payment`], [`cancel`]; then [`view`], what the buyer gets, and [`problem`], what went wrong.

pub(crate) mod cancel;
pub(crate) mod confirm;
pub(crate) mod get_account;
pub(crate) mod get_payment;
mod problem;
pub(crate) mod save_amount;
pub(crate) mod verify_amount;
mod view;
