//! What the shop's server calls, with an API key. English, for developers and operators.
//!
//! One file per endpoint: [`create_order`], [`get_order`], [`get_payment`], [`cancel`], [`get_refunds`],
//! [`get_account`], [`get_events`]; then [`key`],
//! who may, [`idempotent`], once, [`view`], what the shop gets, and [`problem`], what went wrong.

pub(crate) mod billing;
pub(crate) mod cancel;
pub(crate) mod create_order;
pub(crate) mod get_account;
pub(crate) mod get_events;
pub(crate) mod get_order;
pub(crate) mod get_payment;
pub(crate) mod get_refunds;
mod idempotent;
mod key;
mod problem;
pub(crate) mod receipts;
mod view;
