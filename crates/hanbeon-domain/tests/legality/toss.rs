//! A Toss that keeps books: what it has done, what it has answered under which key, and what is still on its way to
//! it.
use crate::samples::{AMOUNT, refusal, snapshot, won};
use hanbeon_domain::{Payment, Refund, Snapshot, Timestamp, TossCancel, TossStatus as T, Verdict, Won};
use std::collections::BTreeMap;
use std::time::Duration;

/// Then Toss forgets a key.
const KEY_LIVES: Duration = Duration::from_secs(15 * 24 * 3600);

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Nothing,
    /// Done, and nobody hears of it.
    ReplyLost,
    /// Done, and answered with an error, which is repeated.
    FailsAfter,
    /// Not done, and answered with an error, which is repeated.
    FailsBefore,
    /// It does not arrive.
    Lost,
    NotSent,
    /// It arrives later; nobody hears of it.
    Delayed,
    /// It is answered with an error, which is repeated, and done later all the same.
    FailsAndLands,
    /// A definite no, which is repeated.
    Refused,
    /// We die before it, or after it.
    KilledBefore,
    KilledAfter,
    /// A read shows what was true some seconds ago.
    Lags,
    /// A read says that there is no such payment.
    Absent,
}

#[derive(Clone, Debug)]
enum Call {
    Confirm,
    Cancel { amount: Won, balance_before: Won },
}

#[derive(Clone, Debug)]
struct OnItsWay {
    key: String,
    call: Call,
    lands_at: Timestamp,
    /// Its answer has been given already.
    answered: bool,
}

/// The books.
pub(crate) struct Toss {
    pub(crate) status: T,
    pub(crate) cancels: Vec<TossCancel>,
    /// Which key made which cancel.
    pub(crate) made_by: BTreeMap<String, String>,
    /// Under which key, until it is forgotten.
    answers: BTreeMap<String, (Timestamp, Verdict)>,
    on_its_way: Vec<OnItsWay>,
    shown: Vec<(Timestamp, Snapshot)>,
    last_cancel_at: Option<Timestamp>,
    virtual_account: bool,
}

impl Toss {
    pub(crate) fn new(virtual_account: bool) -> Self {
        let toss = Self {
            status: T::InProgress,
            cancels: Vec::new(),
            made_by: BTreeMap::new(),
            answers: BTreeMap::new(),
            on_its_way: Vec::new(),
            shown: Vec::new(),
            last_cancel_at: None,
            virtual_account,
        };
        toss.shown_since(Timestamp::default())
    }

    fn shown_since(mut self, at: Timestamp) -> Self {
        self.note(at);
        self
    }

    pub(crate) fn balance(&self) -> i64 {
        AMOUNT - self.cancels.iter().map(|cancel| cancel.amount.get()).sum::<i64>()
    }

    /// What it has of the buyer's money.
    pub(crate) fn holds(&self) -> i64 {
        if matches!(self.status, T::Done | T::PartialCanceled) { self.balance() } else { 0 }
    }

    pub(crate) fn confirm(&mut self, payment: &Payment, fault: Fault, now: Timestamp) -> Option<Verdict> {
        self.call(payment.confirm_key(), Call::Confirm, fault, now)
    }

    pub(crate) fn cancel(
        &mut self,
        payment: &Payment,
        refund: &Refund,
        fault: Fault,
        now: Timestamp,
    ) -> Option<Verdict> {
        let call = Call::Cancel { amount: refund.amount, balance_before: refund.balance_before };
        self.call(payment.cancel_key(refund), call, fault, now)
    }

    pub(crate) fn lookup(&self, fault: Fault, now: Timestamp) -> Option<Verdict> {
        let age = if fault == Fault::Lags { Duration::from_secs(6) } else { Duration::ZERO };
        match fault {
            Fault::KilledBefore | Fault::KilledAfter => None,
            Fault::Lost | Fault::ReplyLost | Fault::Delayed | Fault::FailsBefore => Some(silence()),
            Fault::NotSent => Some(Verdict::NotSent("refused".to_owned())),
            Fault::Absent => Some(Verdict::Absent),
            _ => {
                let known = self.shown.iter().rev().find(|(at, _)| at.plus(age) <= now);
                let (_, seen) = known.unwrap_or(&self.shown[0]);
                Some(Verdict::Seen(Box::new(seen.clone())))
            }
        }
    }

    /// What was on its way until now arrives, each at its time.
    pub(crate) fn land(&mut self, now: Timestamp) {
        self.on_its_way.sort_by_key(|call| call.lands_at);
        let (landing, waiting) = self.on_its_way.drain(..).partition(|call| call.lands_at <= now);
        self.on_its_way = waiting;
        let landing: Vec<OnItsWay> = landing;
        for OnItsWay { key, call, answered, lands_at } in landing {
            if answered {
                self.carry_out(&key, &call, lands_at);
            } else {
                self.answer(&key, &call, lands_at);
            }
        }
        self.answers.retain(|_, (at, _)| now < at.plus(KEY_LIVES));
    }

    /// Somebody cancels in Toss's console.
    pub(crate) fn cancel_in_console(&mut self, amount: i64, now: Timestamp) {
        if self.holds() > 0 {
            let amount = won(amount.min(self.balance()));
            self.carry_out("console", &Call::Cancel { amount, balance_before: won(self.balance()) }, now);
        }
    }

    /// Somebody pays into the virtual account, or the bank takes the deposit back.
    pub(crate) fn deposit(&mut self, now: Timestamp) {
        self.status = match self.status {
            T::WaitingForDeposit => T::Done,
            T::Done if self.virtual_account => T::WaitingForDeposit,
            other => other,
        };
        self.note(now);
    }

    fn call(&mut self, key: String, call: Call, fault: Fault, now: Timestamp) -> Option<Verdict> {
        // Soon, or minutes later; from the time, as good as dice.
        let later = u64::try_from(now.as_micros() / 1_000).unwrap_or(0) % 300;
        let lands_at = now.plus(Duration::from_secs(5 + later));
        let error = Verdict::Unclear { answered: true, why: "500".to_owned() };
        match fault {
            Fault::KilledBefore => None,
            Fault::KilledAfter => {
                self.answer(&key, &call, now);
                None
            }
            Fault::Lost | Fault::Absent => Some(silence()),
            Fault::NotSent => Some(Verdict::NotSent("refused".to_owned())),
            Fault::ReplyLost => {
                self.answer(&key, &call, now);
                Some(silence())
            }
            Fault::Delayed => {
                self.on_its_way.push(OnItsWay { key, call, lands_at, answered: false });
                Some(silence())
            }
            _ if self.answers.contains_key(&key) => self.answers.get(&key).map(|(_, known)| known.clone()),
            Fault::FailsBefore => Some(self.keep(key, error, now)),
            Fault::FailsAfter => {
                self.carry_out(&key, &call, now);
                Some(self.keep(key, error, now))
            }
            Fault::FailsAndLands => {
                self.on_its_way.push(OnItsWay { key: key.clone(), call, lands_at, answered: true });
                Some(self.keep(key, error, now))
            }
            Fault::Refused => {
                if matches!((&call, self.status), (Call::Confirm, T::InProgress)) {
                    self.status = T::Aborted;
                    self.note(now);
                }
                Some(self.keep(key, Verdict::Refused(refusal("REJECT")), now))
            }
            Fault::Nothing | Fault::Lags => Some(self.answer(&key, &call, now)),
        }
    }

    fn answer(&mut self, key: &str, call: &Call, now: Timestamp) -> Verdict {
        if let Some((_, known)) = self.answers.get(key) {
            return known.clone();
        }
        let verdict = self.carry_out(key, call, now);
        self.keep(key.to_owned(), verdict, now)
    }

    fn keep(&mut self, key: String, verdict: Verdict, now: Timestamp) -> Verdict {
        self.answers.entry(key).or_insert((now, verdict)).1.clone()
    }

    fn carry_out(&mut self, key: &str, call: &Call, now: Timestamp) -> Verdict {
        match call {
            Call::Confirm if self.status == T::InProgress => {
                self.status = if self.virtual_account { T::WaitingForDeposit } else { T::Done };
            }
            Call::Confirm => return Verdict::ReadIt,
            Call::Cancel { amount, balance_before } => {
                let waits = self.status == T::WaitingForDeposit;
                if self.balance() == 0 {
                    return Verdict::ReadIt;
                }
                if !waits && !matches!(self.status, T::Done | T::PartialCanceled) {
                    return Verdict::Refused(refusal("NOT_CANCELABLE_PAYMENT"));
                }
                if balance_before.get() != self.balance() {
                    return Verdict::Unclear {
                        answered: true,
                        why: "NOT_MATCHES_REFUNDABLE_AMOUNT".to_owned(),
                    };
                }
                if waits && amount != balance_before {
                    return Verdict::Refused(refusal("NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT"));
                }
                // The second one within a second is ignored, without a word.
                if self.last_cancel_at.is_none_or(|at| at.plus(Duration::from_secs(1)) <= now) {
                    self.take_off(key, *amount, now);
                }
            }
        }
        self.note(now);
        Verdict::Seen(Box::new(self.snapshot()))
    }

    fn take_off(&mut self, key: &str, amount: Won, now: Timestamp) {
        let whole = amount.get() == self.balance() && self.status != T::PartialCanceled;
        let transaction_key = format!("t-{}", self.cancels.len());
        self.made_by.insert(transaction_key.clone(), key.to_owned());
        let balance_after = Some(won(self.balance() - amount.get()));
        let reason = "a wish".to_owned();
        self.cancels.push(TossCancel {
            transaction_key,
            amount,
            balance_after,
            canceled_at: Some(now),
            reason,
            request: None,
            untaxed: None,
        });
        self.status = if whole { T::Canceled } else { T::PartialCanceled };
        self.last_cancel_at = Some(now);
    }

    fn snapshot(&self) -> Snapshot {
        snapshot(self.status, self.balance(), self.cancels.clone())
    }

    fn note(&mut self, now: Timestamp) {
        self.shown.push((now, self.snapshot()));
    }
}

fn silence() -> Verdict {
    Verdict::Unclear { answered: false, why: "silence".to_owned() }
}
