//! Webhooks out: what Toss sends to a merchant by itself, on time, late, twice, in the wrong order, or never.
//!
//! A transition is told to the [`Outbox`] in the same lock as its effect, as a snapshot; nothing is serialised and
//! nothing is sent there, so a slow or dead receiver never holds up a call. [`deliver`] sends from a task of its
//! own: success is HTTP 200 within 10 seconds, anything else is tried again 1, 4, 16, 64, 256, 1024 and 4096
//! minutes after the try before it, on the sandbox's own clock (`Config::webhook_compression` divides those
//! minutes). Then the webhook has failed for good, but for `resend`.
//!
//! A webhook keeps its id and its bytes over all its tries; that the id stays is not documented (UNVERIFIED, U10).
//! No order is promised. Nothing is signed: Toss signs payout and seller events only. Endpoints are loopback
//! addresses, the opposite of Toss, where a public host is demanded: a sandbox must not call strangers, unless
//! `Config::webhooks_anywhere` says that it may.

mod body;
mod deliver;
mod endpoint;
mod faults;
mod forge;
mod outbox;
mod parcel;

pub use endpoint::{WebhookEndpoint, WebhookError, WebhookEvent};
pub use faults::{WebhookFault, WebhookFaultKind};
pub use forge::{ForgedSecret, WebhookForgery};
pub use parcel::{SentWebhook, WebhookDelivery, WebhookState};

pub(crate) use deliver::deliver;
pub(crate) use outbox::Outbox;
