//! What the shop's server calls, with an API key. English, for developers and operators.
//!
//! One file per endpoint: [`create_order`], [`get_order`], [`get_payment`]; then [`key`], who may, [`view`],
//! what the shop gets, and [`problem`], what went wrong.

pub(crate) mod create_order;
pub(crate) mod get_order;
pub(crate) mod get_payment;
mod key;
mod problem;
mod view;
