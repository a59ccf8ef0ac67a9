//! The public HTTP interface. A handler is extract, call, show; nothing here decides about money.
//!
//! In reading order:
//! 1. [`routes`]: every URL of the house, in one file;
//! 2. [`extract`]: where raw strings end: amounts, ids, sessions, keys, bounded bodies;
//! 3. [`storefront`]: the five endpoints that a shop's front end calls, under a prefix (`/payments`);
//! 4. [`merchant`]: what the shop's server calls, with an API key (`/v1`);
//! 5. [`webhook`]: what Toss calls (`/webhooks/toss`);
//! 6. [`ops`]: health, readiness, metrics; request ids and logs;
//! 7. [`answer`]: the shape of an error, and [`account`], of a virtual account.
//!
//! It will never: touch SQL or Toss, branch on a payment's state (but to show it), or log a body.

mod account;
mod answer;
mod extract;
mod merchant;
mod ops;
mod routes;
mod storefront;
mod webhook;

pub use ops::metrics::{Metrics, Number, Numbers};
pub use routes::{ApiConfig, router};
