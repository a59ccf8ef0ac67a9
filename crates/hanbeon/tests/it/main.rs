//! The real binary, seen from outside: a process of its own with a real database, beside a sandbox that lives in
//! the test and is its oracle. What the sandbox's journal says is what happened; what our answers and our
//! database say must agree with it, whatever was killed, lost or slow in between.
//!
//! In reading order: [`support`] (the world of a test), [`contract`], [`merchant`], [`bad_input`], [`races`], [`once`]
//! and [`refunds`] (the shop's server), [`webhooks`], [`lost`], [`network`], [`breaker`] and [`crashes`] (what Toss, the
//! wire and `kill -9` do), [`store_down`] (a database that refuses), [`secrets`], [`access`], [`load`],
//! [`cli`], [`billing`], [`receipts`], the operator's tools ([`tool`]: [`operator`], [`inspect`], [`tamper`], [`backup`], [`resync`], [`standby`], [`moving`]); [`rows_orders`],
//! [`rows_replies`] and [`rows_refunds`] are rows of docs/failures.md that nothing else showed. Crash loops are in
//! `tests/crash`.

mod abroad;
mod access;
mod backup;
mod bad_input;
mod billing;
mod breaker;
mod buyer;
mod cli;
mod contract;
mod crashes;
mod deposits;
mod events;
mod inspect;
mod load;
mod lost;
mod merchant;
mod moving;
mod network;
mod once;
mod operator;
mod races;
mod receipts;
mod refunds;
mod resync;
mod rows_orders;
mod rows_refunds;
mod rows_replies;
mod secrets;
mod shop;
mod standby;
mod store_down;
mod support;
mod tamper;
mod tool;
mod webhooks;
