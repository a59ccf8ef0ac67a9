//! A simulation of the real application, in which everything goes wrong.
//!
//! The store is in memory, Toss is a set of books and a line to it that loses and delays things, the time is
//! tokio's paused clock (so waiting costs nothing), and a process dies at any of its calls to the outside. What
//! runs is [`hanbeon_app::App`] as it is. The same seed gives the same run.
//!
//! The bank's books are the oracle. In the end, when nothing fails any more, three things must agree: the books,
//! our records, and whatever any client was told; and while it runs, every call that moves money must have a
//! durable intent. [`Bug`]s can be planted, to show that the simulation would see them.
//!
//! In reading order:
//! 1. [`faults`]: what may go wrong;
//! 2. `world`, `process`: the time and the dice; one life of the process, and how it dies;
//! 3. `bank`, `later`, `line`: the books, the cancels of wallets abroad, and how to reach them;
//! 4. `shaky`, `spy`: the store, as it is seen and as it is watched;
//! 5. `client`, `heard`: who asks, and what they were told;
//! 6. `check`, `unknown`: what must be true in the end; what became of calls that nobody heard of again;
//! 7. [`scenes`]: every fault at every place; [`swarm`]: many at once, by chance;
//! 8. `planted`: bugs on purpose.

mod bank;
mod check;
mod client;
pub mod faults;
mod heard;
mod later;
mod line;
mod planted;
mod process;
pub mod scenes;
mod shaky;
mod spy;
pub mod swarm;
mod unknown;
mod world;

pub use later::Abroad;
pub use planted::Bug;
