#![doc = include_str!("../README.md")]
//!
//! # Modules, in reading order
//!
//! [`client`] is the front door. [`calls`] holds each request and its pure encoding, [`wire`] a request and an
//! answer as plain values, [`error`] and [`code`] what can go wrong and what to do then, [`model`] what Toss
//! answers with, [`keys`] the keys, [`pages`] the walk through a list, [`webhook`] what Toss sends by itself,
//! [`signature`] the proof that some of it carries. The private `transport` is the only file that touches a socket.

pub mod calls;
pub mod client;
pub mod code;
pub mod error;
pub mod keys;
pub mod model;
pub mod pages;
pub mod signature;
mod transport;
pub mod webhook;
pub mod wire;

pub use calls::{
    BillingCharge, Cancel, CardDetails, CashReceiptWish, CashReceipts, Confirm, CreatePayment,
    DepositDeadline, EscrowProduct, IssueBillingKey, IssueBillingKeyFromCard, IssueCashReceipt,
    IssueVirtualAccount, KeyIn, RefundReceiveAccount, Settlements, Transactions, Vbv,
};
pub use client::{BuildError, Client, ClientBuilder};
pub use code::{ErrorCode, Operation, RetryClass};
pub use error::{ApiError, Error, NotSent, NotSentCause, Unanswered, UnansweredCause, Unreadable};
pub use keys::{ClientKey, IdempotencyKey, IdempotencyKeyError, KeyError, KeyFamily, Mode, SecretKey};
pub use model::{Amount, Billing, BillingKey, Payment, Settlement, Transaction};
pub use pages::{List, Pages};
pub use signature::SecurityKey;
pub use webhook::Webhook;
pub use wire::{Reply, RequestOptions};
