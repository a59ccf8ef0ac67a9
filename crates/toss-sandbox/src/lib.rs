//! A local Toss Payments that lies on request.
//!
//! It serves the core API with Toss's own statuses, codes and messages, the browser SDK with its payment
//! window, and a control door through which a test loses replies, delays calls, breaks connections, and reads
//! back what really happened. Money never moves; `live_` keys are refused outright.
//!
//! It depends on no other crate of this workspace. It is a second, independent reading of Toss's documents:
//! were it to share a client's types, one misreading would pass its own test.
//!
//! What it promises:
//!
//! * **The journal is exact.** Every core call is written down in the same lock as its effect, replays and
//!   lost replies included. "One charge, never two" is counted there and not in the caller's belief.
//! * **A lost reply is lost.** The connection is reset; no status, no header, no half answer arrives.
//! * **Time is a value.** Clocks strike when something looks: 30 minutes to authenticate, 10 to confirm, 168
//!   hours to deposit, 15 days of idempotency; a test moves the clock and waits for nothing.
//! * **A webhook is only as good as a receiver makes it.** It is sent from a task of its own, retried on Toss's
//!   schedule, and dropped, doubled, delayed, reordered or forged on request; no call waits for it.
//! * **It is bounded and quick.** Payments, journal, keys, bodies, rules, webhooks and connections all have a limit.
//!
//! What it will never do: `BrandPay`, or speaking TLS.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use toss_sandbox::{Config, FaultKind, FaultOperation, FaultRule, NewPayment, Sandbox};
//!
//! let sandbox = Sandbox::new(Config::default())?;
//! let payment_key = sandbox.authenticate(&NewPayment::card("ord-20260302-0007", 42_900))?;
//! sandbox.add_fault(FaultRule::new(FaultOperation::Confirm, FaultKind::LoseReply))?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! sandbox.serve(listener, std::future::pending()).await?;
//! # drop(payment_key);
//! # Ok(())
//! # }
//! ```
//!
//! In reading order: `codes`, `enums`, `money`, `clock` and `ids` are the tables and the small things;
//! `means`, `terms`, `choice`, `payment`, `account`, `refund`, `cash` and `view` are the payment, its transitions and its JSON; `plastic` and `billing` are what
//! it can be charged from without a buyer; `receipts`, `settlements` and `promotions` are the things beside it; `switches` is what the documents leave open; `shared`, `state`, `idempotency`,
//! `journal`, `ledger`, `timers` and `faults` are the store, and `kept` its file; `webhooks` is what it sends by itself; `auth`, `opening`, `answer`, `urls` and `lang` read and word requests;
//! `api`, `browser`, `control`, `console` and `window` are the doors, `serve` is the wire, and `settings` a file that says all of it.

mod account;
mod answer;
mod api;
mod auth;
mod billing;
mod browser;
mod cash;
mod choice;
mod clock;
mod codes;
mod config;
mod console;
mod control;
mod enums;
mod faults;
mod idempotency;
mod ids;
mod journal;
mod kept;
mod lang;
mod ledger;
mod limits;
mod means;
mod money;
mod opening;
mod payment;
mod plastic;
mod promotions;
mod receipts;
mod refund;
mod sandbox;
mod serve;
mod settings;
mod settlements;
mod shared;
mod state;
mod switches;
mod terms;
mod timers;
mod urls;
mod view;
mod webhooks;
mod window;

pub use clock::{Clock, system_clock};
pub use config::{Config, ConfigError, Merchant};
pub use faults::{Fault, FaultError, FaultKind, FaultOperation, FaultRule, When};
pub use journal::{EffectKind, JournalEntry, JournalPage, Operation};
pub use promotions::{Benefit, Discount, Off, PayType, Promotion};
pub use sandbox::{NewBillingAuth, NewPayment, Refused, Sandbox};
pub use settings::{Settings, SettingsError};
pub use settlements::Fees;
pub use switches::{
    CancelSign, LaterCancelMoves, Mismatch, ReadByOrder, SdkErrorCodes, Switch, SwitchError, Switches,
    WindowClose,
};
pub use webhooks::{
    ForgedSecret, SentWebhook, WebhookDelivery, WebhookEndpoint, WebhookError, WebhookEvent, WebhookFault,
    WebhookFaultKind, WebhookForgery, WebhookState,
};
