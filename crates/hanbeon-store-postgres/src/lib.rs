//! The shared store: PostgreSQL, many servers on one database.
//!
//! Every verb is in one transaction, `READ COMMITTED`, perhaps with others that waited with it, and a write locks the payment's row by naming the version that it
//! expects. A transaction that the database rolls back because of others (serialization, deadlock) is run again: no verb
//! calls anybody, so nothing happens twice. A commit whose answer was lost is not.
//!
//! It will never: decide anything, read this machine's clock, keep a transaction open between two verbs, or answer `Ok` for
//! a write that the database has not confirmed.
//!
//! In reading order:
//! 1. [`address`]: the URL; [`open`]: what is asked of the server;
//! 2. [`migrate`]: its schema (`migrations/*.sql`), forward only; 3. [`connect`]: one connection; 4. [`pool`]: a few of them;
//! 5. [`group`]: verbs that share a transaction; 6. [`tx`]: a transaction, as the verbs see it;
//! 7. [`verbs`]: one small function per verb of [`Store`](hanbeon_store::Store);
//! 8. [`rows`]: rows are parsed, never trusted; 9. [`error`]: PostgreSQL's words as store errors;
//! 10. [`stats`], counters; 11. [`arriving`]: the books of another store on their way in here.

mod address;
mod arriving;
mod connect;
mod error;
mod group;
mod migrate;
mod open;
mod pool;
mod rows;
mod stats;
mod tx;
mod verbs;

pub use arriving::{Arriving, Found};
pub use migrate::{Migration, SCHEMA_VERSION};
pub use open::{OpenError, Options, PostgresStore};
pub use stats::Stats;
