//! The sandbox over real HTTP: one sentence for each rule that it keeps.

mod auth;
mod billing;
mod browser;
mod cancel;
mod client;
mod confirm;
mod console;
mod control;
mod create;
mod faults;
mod idempotency;
mod key_in;
mod later_cancels;
mod limits;
mod quick_cancels;
mod read;
mod receipts;
mod receiver;
mod switches;
mod transactions;
mod virtual_account;
mod virtual_accounts;
mod ways;
mod webhook_faults;
mod webhooks;
