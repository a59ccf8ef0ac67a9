//! A network that fails on request: a TCP proxy on loopback, between a client that speaks HTTP/1.1 and one
//! upstream. It knows where a request begins and ends, and nothing else about what is said.
//!
//! 1. [`Target`] says which requests are meant, [`Fault`] what becomes of them;
//! 2. [`FaultProxy::spoil`] queues a fault for one request, [`FaultProxy::afflict`] for all until it is lifted,
//!    [`FaultProxy::chance`] for some, drawn with a seed; all of them at any time, while requests run;
//! 3. [`FaultProxy::refuse`] closes the door itself: connections are refused until the guard is dropped;
//! 4. [`FaultProxy::records`] tells what was done to every request, so that a test can see that its fault was real.
//!
//! Everything is bounded: connections, the size of a message, rules and records. Dropping the proxy ends it and
//! every connection through it. It needs Linux: the port stays taken while the door is closed.

mod carry;
mod door;
mod fault;
mod http;
mod line;
mod record;
mod script;
#[cfg(test)]
mod tests;

pub use door::Refusing;
pub use fault::{Fault, Target, When};
pub use record::{Record, RuleId};

use door::Door;
use script::Script;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio_util::task::AbortOnDropHandle;

/// A proxy that is running; dropping it ends it.
#[derive(Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    door: Door,
    script: Arc<Script>,
    _accepting: AbortOnDropHandle<()>,
}

#[expect(clippy::must_use_candidate, reason = "a rule that is never lifted needs no name")]
impl FaultProxy {
    /// Listens on a free port of loopback. `seed` is where the draws of [`FaultProxy::chance`] begin.
    ///
    /// # Errors
    /// When there is no port to be had.
    pub async fn start(upstream: SocketAddr, seed: u64) -> io::Result<Self> {
        let (door, address, doorkeeper) = Door::new()?;
        let script = Arc::new(Script::new(seed));
        let accepting =
            doorkeeper.accept(line::Way { upstream, script: Arc::clone(&script), door: door.clone() });
        let accepting = AbortOnDropHandle::new(tokio::spawn(accepting));
        door.is_open().await;
        Ok(Self { address, door, script, _accepting: accepting })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same, as the base of URLs.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that is meant meets this fault, once. Rules are looked at in the order in which they were
    /// made, before any chance.
    ///
    /// # Panics
    /// When there are too many rules: a test that makes them without end is a mistake.
    pub fn spoil(&self, target: Target, fault: Fault) -> RuleId {
        self.script.add(target, fault, Some(1))
    }

    /// Every request that is meant meets this fault, until [`FaultProxy::lift`].
    ///
    /// # Panics
    /// See [`FaultProxy::spoil`].
    pub fn afflict(&self, target: Target, fault: Fault) -> RuleId {
        self.script.add(target, fault, None)
    }

    /// Of the requests that are meant and that no rule has met, so many in a thousand meet this fault. Every
    /// request draws once per chance that means it, in the order of arrival.
    ///
    /// # Panics
    /// See [`FaultProxy::spoil`].
    pub fn chance(&self, permille: u16, target: Target, fault: Fault) -> RuleId {
        self.script.add_chance(permille, target, fault)
    }

    /// Takes a rule or a chance back. What it holds is let go; a request that it has met stays met.
    pub fn lift(&self, rule: RuleId) {
        self.script.lift(|it| it == rule);
    }

    /// Takes all rules and chances back.
    pub fn lift_all(&self) {
        self.script.lift(|_| true);
    }

    /// Closes the door: from the moment that this returns until the guard is dropped, connections are refused by
    /// the system, and connections that wait for a request are gone. Requests under way go on.
    pub async fn refuse(&self) -> Refusing {
        self.door.refuse().await
    }

    /// What was done, oldest first: one record per request. Beyond 100,000 the oldest are forgotten.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.script.records(|_| true)
    }

    /// The requests that this rule or chance has met.
    #[must_use]
    pub fn met(&self, rule: RuleId) -> Vec<Record> {
        self.script.records(|record| record.rule == Some(rule))
    }
}
