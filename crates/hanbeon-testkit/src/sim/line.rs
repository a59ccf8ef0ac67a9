//! The line to the bank, which loses and delays things: the simulated [`Psp`].
use super::bank::{Bank, Order, Replay, Says};
use super::faults::{Fault, HIDDEN, LATE, LONG_HIDDEN, Look, SLOW};
use super::process::Process;
use async_trait::async_trait;
use hanbeon_app::settings::CALL_TIMEOUT;
use hanbeon_domain::{Payment, Refund, Timestamp, Verdict};
use hanbeon_psp::{Page, Psp};
use std::future::pending;
use std::sync::{Arc, Weak};
use tokio::time::sleep;

/// One process's line to the bank.
pub(super) struct Line(Weak<Process>);

impl Line {
    pub(super) fn new(process: &Arc<Process>) -> Self {
        Self(Arc::downgrade(process))
    }

    /// The process; a call from one that is gone is never answered.
    async fn process(&self) -> Arc<Process> {
        match self.0.upgrade() {
            Some(process) => process,
            None => pending().await,
        }
    }
}

#[async_trait]
impl Psp for Line {
    async fn confirm(&self, payment: &Payment) -> Verdict {
        let process = self.process().await;
        process.gate(process.send(payment, Order::charge(payment))).await
    }

    async fn lookup(&self, payment: &Payment) -> Verdict {
        let process = self.process().await;
        process.gate(process.look(payment)).await
    }

    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict {
        let process = self.process().await;
        process.gate(process.send(payment, Order::cancel(payment, refund))).await
    }

    async fn transactions(&self, _: Timestamp, _: Timestamp, _: Option<&str>) -> Result<Page, String> {
        let process = self.process().await;
        let list = async {
            match process.next_look() {
                Look::Fine => Ok(Page { rows: process.world.bank().transactions(), next: None }),
                _ => Err("429".to_owned()),
            }
        };
        process.gate(list).await
    }
}

impl Process {
    /// A call that moves money.
    async fn send(&self, payment: &Payment, order: Order) -> Verdict {
        let world = &self.world;
        world.spy().check_intended(world, payment, &order);
        let fault = self.next_fault();
        world.count(fault.name());
        match fault {
            Fault::NotSent => return Verdict::NotSent("connection refused".to_owned()),
            Fault::RequestLost => return self.give_up_waiting().await,
            _ => {}
        }
        let known = world.bank().replay(&order.idempotency_key);
        match known {
            Replay::New => {}
            Replay::Running => return busy(),
            Replay::Answered(verdict) => return verdict,
        }
        match fault {
            Fault::ReplyLost => {
                world.bank().obey(&order, world.now());
                self.give_up_waiting().await
            }
            Fault::Declines => world.bank().obey(&Order { says: Says::No, ..order }, world.now()),
            Fault::Refuses => world.bank().obey(&Order { says: Says::NotNow, ..order }, world.now()),
            Fault::Slow => {
                let key = order.idempotency_key.clone();
                world.bank().obey_at(world.now().plus(SLOW), order);
                sleep(SLOW).await;
                match world.bank().replay(&key) {
                    Replay::Answered(verdict) => verdict,
                    Replay::New | Replay::Running => silence(),
                }
            }
            Fault::Late => {
                world.bank().obey_at(world.now().plus(LATE), order);
                self.give_up_waiting().await
            }
            Fault::ErrorBefore => {
                world.bank().keep_error(&order);
                error()
            }
            Fault::ErrorAfter => {
                let mut bank = world.bank();
                bank.obey(&order, world.now());
                bank.keep_error(&order);
                error()
            }
            Fault::ErrorLate => {
                let mut bank = world.bank();
                bank.keep_error(&order);
                bank.land_at(world.now().plus(LATE), order);
                error()
            }
            Fault::Busy => busy(),
            Fault::WrongPayment => {
                let mut bank = world.bank();
                let wrong = Verdict::NotOurs("the reply is about another payment".to_owned());
                bank.remember(&order.idempotency_key, wrong.clone());
                wrong
            }
            Fault::Hidden | Fault::LongHidden => {
                let mut bank = world.bank();
                let verdict = bank.obey(&order, world.now());
                if let Some(account) = bank.accounts.get_mut(&order.key) {
                    let long = fault == Fault::LongHidden && account.cancels.is_empty();
                    account.hidden_until = world.now().plus(if long { LONG_HIDDEN } else { HIDDEN });
                    account.long_hidden |= long;
                }
                verdict
            }
            Fault::None | Fault::NotSent | Fault::RequestLost => world.bank().obey(&order, world.now()),
        }
    }

    async fn look(&self, payment: &Payment) -> Verdict {
        let world = &self.world;
        let fault = self.next_look();
        world.count(fault.name());
        match fault {
            Look::Fine => {}
            Look::Silent => return self.give_up_waiting().await,
            Look::Error => return busy(),
            Look::Absent => return Verdict::Absent,
            Look::Wrong => return Verdict::NotOurs("another payment was shown".to_owned()),
        }
        let now = world.now();
        match world.bank().accounts.get(&payment.key) {
            Some(account) if account.hidden_until <= now => account.show("look"),
            _ => Verdict::Absent,
        }
    }

    fn next_fault(&self) -> Fault {
        let odds = {
            let mut script = self.world.script();
            if let Some(fault) = script.money.pop_front() {
                return fault;
            }
            script.odds.clone()
        };
        if !odds.faults.is_empty() && self.world.once_in(odds.money) {
            self.world.pick(&odds.faults)
        } else {
            Fault::None
        }
    }

    fn next_look(&self) -> Look {
        let odds = {
            let mut script = self.world.script();
            if let Some(look) = script.looks.pop_front() {
                return look;
            }
            script.odds.look
        };
        if self.world.once_in(odds) { self.world.pick(&Look::ALL) } else { Look::Fine }
    }

    /// Silence, for as long as a caller waits.
    async fn give_up_waiting(&self) -> Verdict {
        sleep(CALL_TIMEOUT).await;
        silence()
    }
}

impl Bank {
    fn keep_error(&mut self, order: &Order) {
        self.remember(&order.idempotency_key, error());
    }
}

fn silence() -> Verdict {
    Verdict::Unclear { answered: false, why: "no answer in time".to_owned() }
}

/// Nothing is stored under the key, so nothing will be repeated.
fn busy() -> Verdict {
    Verdict::Unclear { answered: false, why: "409 IDEMPOTENT_REQUEST_PROCESSING".to_owned() }
}

fn error() -> Verdict {
    Verdict::Unclear { answered: true, why: "500 FAILED_INTERNAL_SYSTEM_PROCESSING".to_owned() }
}
