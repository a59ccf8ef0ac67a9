//! Toss, as it is: the books. They are the oracle. The lies are told by the [line](super::line) to it.
use super::later::{Abroad, Taken};
use super::planted::Bug;
use hanbeon_domain::{
    ConfirmRequest, Evidence, OrderId, Payment, PaymentKey, Refund, Refusal, Snapshot, Timestamp, TossCancel,
    TossOrderId, TossStatus, Verdict, Won,
};
use hanbeon_psp::Transaction;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Toss drops a payment that is not confirmed so long after the buyer authenticated it (Toss state machine, clocks).
const SESSION: Duration = Duration::from_secs(600);

/// A second cancel of a payment within a second is ignored.
const CANCEL_SPACING: Duration = Duration::from_secs(1);

/// The books of the payment provider.
pub(super) struct Bank {
    pub(super) accounts: BTreeMap<PaymentKey, Account>,
    /// By idempotency key: what was answered, or that nothing was answered yet.
    answered: BTreeMap<String, Option<Verdict>>,
    under_way: Vec<(Timestamp, Order)>,
    /// Payments that a human may have to look at, because Toss itself refused or lied without end.
    pub(super) excused: BTreeSet<PaymentKey>,
    /// How many asynchronous cancels were carried out, and how many were given up.
    pub(super) ended: (u32, u32),
    bug: Option<Bug>,
}

/// How cancels are named that were made in Toss's own console.
pub(super) const ELSEWHERE: &str = "elsewhere-";

/// One payment in the books.
pub(super) struct Account {
    /// The order that the buyer means to pay; Toss does not know it.
    pub(super) pays: OrderId,
    pub(super) toss_order: TossOrderId,
    pub(super) amount: Won,
    pub(super) status: TossStatus,
    pub(super) balance: Won,
    /// The idempotency key that confirmed it.
    confirmed_by: Option<String>,
    /// The idempotency keys that charged it.
    pub(super) charges: Vec<String>,
    /// The idempotency keys that cancelled, and how much; a cancel that was made elsewhere has none of ours.
    pub(super) cancels: Vec<(String, Won)>,
    pub(super) canceled_at: Option<Timestamp>,
    /// Cancels that were only taken: they are under way, or were given up.
    pub(super) taken: Vec<Taken>,
    /// By then we can have heard how the last of them ended.
    pub(super) told_at: Timestamp,
    pub(super) hidden_until: Timestamp,
    /// It was hidden for so long that we had to give it up.
    pub(super) long_hidden: bool,
    session_ends: Timestamp,
    pub(super) deposit: Deposit,
    /// The bank took a deposit back.
    pub(super) was_taken_back: bool,
}

/// What is known of an idempotency key.
pub(super) enum Replay {
    New,
    Running,
    Answered(Verdict),
}

/// How the buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deposit {
    /// At once.
    Card,
    /// Into a virtual account.
    Account(VirtualAccount),
    /// At once, with a wallet abroad, whose cancels end later.
    Abroad(Abroad),
}

/// What becomes of a virtual account, if anything does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct VirtualAccount {
    /// The buyer pays into it.
    pub(super) paid_at: Option<Timestamp>,
    /// The bank takes that back.
    pub(super) taken_back_at: Option<Timestamp>,
    /// Nobody can pay into it any more.
    pub(super) closes_at: Option<Timestamp>,
    pub(super) is_closed: bool,
}

/// What the bank is told to do.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) idempotency_key: String,
    pub(super) key: PaymentKey,
    /// What the bank says to it.
    pub(super) says: Says,
    /// It takes back a charge that could not be recorded: a refusal of that needs a human.
    pub(super) compensates: bool,
    pub(super) what: What,
}

/// See [`Order`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Says {
    Yes,
    /// The payment is over.
    No,
    /// The payment stays as it is.
    NotNow,
}

/// See [`Order`].
#[derive(Clone, Debug)]
pub(super) enum What {
    Charge { toss_order: TossOrderId, amount: Won },
    Cancel { amount: Won, balance_before: Won },
}

impl Order {
    pub(super) fn charge(payment: &Payment) -> Self {
        let what = What::Charge { toss_order: payment.toss_order.clone(), amount: payment.amount };
        let idempotency_key = payment.confirm_key();
        Self { idempotency_key, key: payment.key.clone(), says: Says::Yes, compensates: false, what }
    }

    pub(super) fn cancel(payment: &Payment, refund: &Refund) -> Self {
        let what = What::Cancel { amount: refund.amount, balance_before: refund.balance_before };
        let idempotency_key = payment.cancel_key(refund);
        let compensates = refund.undoes_a_charge();
        Self { idempotency_key, key: payment.key.clone(), says: Says::Yes, compensates, what }
    }
}

impl Bank {
    pub(super) fn new(bug: Option<Bug>) -> Self {
        Self {
            accounts: BTreeMap::new(),
            answered: BTreeMap::new(),
            under_way: Vec::new(),
            excused: BTreeSet::new(),
            ended: (0, 0),
            bug,
        }
    }

    /// The buyer has authenticated a payment.
    pub(super) fn authenticate(&mut self, request: &ConfirmRequest, deposit: Deposit, now: Timestamp) {
        let ConfirmRequest { order: pays, toss_order, key, amount, .. } = request.clone();
        let account = Account {
            pays,
            toss_order,
            amount,
            status: TossStatus::InProgress,
            balance: amount,
            confirmed_by: None,
            charges: Vec::new(),
            cancels: Vec::new(),
            canceled_at: None,
            taken: Vec::new(),
            told_at: now,
            hidden_until: now,
            long_hidden: false,
            session_ends: now.plus(SESSION),
            deposit,
            was_taken_back: false,
        };
        self.accounts.insert(key, account);
    }

    /// Lets everything happen that was due by now, in its order.
    pub(super) fn catch_up(&mut self, now: Timestamp) {
        self.under_way.sort_by_key(|(at, _)| *at);
        while self.under_way.first().is_some_and(|(at, _)| *at <= now) {
            let (at, order) = self.under_way.remove(0);
            self.pass_time(at);
            let verdict = self.carry_out(&order, at);
            let answer = self.answered.entry(order.idempotency_key).or_default();
            answer.get_or_insert(verdict);
        }
        self.pass_time(now);
    }

    fn pass_time(&mut self, now: Timestamp) {
        for (key, account) in &mut self.accounts {
            for end in account.end_cancels(now) {
                if end.carried_out {
                    self.ended.0 += 1;
                } else {
                    self.ended.1 += 1;
                    // What a refusal needs, this needs too: nobody can take the charge back.
                    if end.compensates {
                        self.excused.insert(key.clone());
                    }
                }
            }
            match (account.status, account.deposit) {
                (TossStatus::InProgress, _) if account.session_ends <= now => {
                    account.status = TossStatus::Expired;
                }
                (TossStatus::WaitingForDeposit | TossStatus::Done, Deposit::Account(_)) => {
                    account.pass_time_at_the_bank(now);
                }
                _ => {}
            }
        }
    }

    /// What is known of this idempotency key.
    pub(super) fn replay(&self, idempotency_key: &str) -> Replay {
        let forgets = self.bug == Some(Bug::NothingStopsASecondCharge);
        match self.answered.get(idempotency_key) {
            Some(Some(verdict)) if !forgets => Replay::Answered(verdict.clone()),
            Some(None) if !forgets => Replay::Running,
            _ => Replay::New,
        }
    }

    /// Did a call with this idempotency key ever arrive?
    pub(super) fn has_heard_of(&self, idempotency_key: &str) -> bool {
        self.answered.contains_key(idempotency_key)
    }

    /// From now on this idempotency key is answered so.
    pub(super) fn remember(&mut self, idempotency_key: &str, verdict: Verdict) {
        self.answered.insert(idempotency_key.to_owned(), Some(verdict));
    }

    /// Carries an order out, and remembers the answer.
    pub(super) fn obey(&mut self, order: &Order, now: Timestamp) -> Verdict {
        let verdict = self.carry_out(order, now);
        self.remember(&order.idempotency_key, verdict.clone());
        verdict
    }

    /// Carries an order out later. It has arrived in time, and so the session waits for it.
    pub(super) fn obey_at(&mut self, at: Timestamp, order: Order) {
        self.answered.insert(order.idempotency_key.clone(), None);
        self.land_at(at, order);
    }

    /// The same, whatever was answered already; that answer stands.
    pub(super) fn land_at(&mut self, at: Timestamp, order: Order) {
        if let Some(account) = self.accounts.get_mut(&order.key) {
            account.session_ends = account.session_ends.max(at.plus(Duration::from_micros(1)));
        }
        self.under_way.push((at, order));
    }

    /// Somebody cancels in Toss's own console: some of it, or all that is left.
    pub(super) fn cancel_elsewhere(&mut self, key: &PaymentKey, amount: Option<Won>, now: Timestamp) -> bool {
        let Some(account) = self.accounts.get_mut(key) else { return false };
        let amount = amount.filter(|amount| *amount <= account.balance).unwrap_or(account.balance);
        let holds = matches!(account.status, TossStatus::Done | TossStatus::PartialCanceled);
        if !holds || account.balance.is_zero() || account.deposit != Deposit::Card {
            return false;
        }
        let left = account.balance.minus(amount).unwrap_or(Won::ZERO);
        let whole = left.is_zero() && account.status == TossStatus::Done;
        account.status = if whole { TossStatus::Canceled } else { TossStatus::PartialCanceled };
        account.balance = left;
        account.canceled_at = Some(now);
        account.cancels.push((format!("{ELSEWHERE}{}", account.cancels.len()), amount));
        true
    }

    /// The list of what happened: one row for each approval and each cancel.
    pub(super) fn transactions(&self) -> Vec<Transaction> {
        let mut rows = Vec::new();
        for (key, account) in &self.accounts {
            let payment = Some(key.clone());
            if !account.charges.is_empty() || account.status == TossStatus::WaitingForDeposit {
                let transaction_key = format!("{key} approved");
                rows.push(Transaction {
                    transaction_key,
                    payment: payment.clone(),
                    order: None,
                    amount: None,
                    holds_money: true,
                    is_cancel: false,
                });
            }
            for cancel in account.shown_cancels() {
                let holds_money = !account.balance.is_zero();
                let transaction_key = cancel.transaction_key;
                rows.push(Transaction {
                    transaction_key,
                    payment: payment.clone(),
                    order: None,
                    amount: None,
                    holds_money,
                    is_cancel: true,
                });
            }
        }
        rows
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Has every cancel that was taken come to its end?
    pub(super) fn has_ended_all(&self) -> bool {
        self.accounts.values().all(|account| account.taken.iter().all(|taken| taken.given_up))
    }

    fn carry_out(&mut self, order: &Order, now: Timestamp) -> Verdict {
        let Some(account) = self.accounts.get_mut(&order.key) else {
            return refused("NOT_FOUND_PAYMENT", order);
        };
        let twice = self.bug == Some(Bug::NothingStopsASecondCharge);
        match &order.what {
            What::Charge { toss_order, amount } => {
                if *toss_order != account.toss_order || *amount != account.amount {
                    return refused("INVALID_REQUEST", order);
                }
                account.charge(order, twice)
            }
            What::Cancel { balance_before, .. } if account.cancels_differently(*balance_before) && !twice => {
                // Toss documents: ask, then decide anew.
                Verdict::Unclear { answered: true, why: "400 NOT_MATCHES_REFUNDABLE_AMOUNT".to_owned() }
            }
            What::Cancel { amount, .. } => {
                let verdict = account.cancel(order, *amount, now, twice);
                if order.compensates && matches!(verdict, Verdict::Refused(_)) {
                    self.excused.insert(order.key.clone());
                }
                verdict
            }
        }
    }
}

impl Account {
    fn pass_time_at_the_bank(&mut self, now: Timestamp) {
        let Deposit::Account(mut at_bank) = self.deposit else { return };
        let is_over = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
        if self.status == TossStatus::WaitingForDeposit && !at_bank.is_closed && is_over(at_bank.paid_at) {
            self.status = TossStatus::Done;
            self.charges.push("deposit".to_owned());
            at_bank.paid_at = None;
        }
        if self.status == TossStatus::Done && is_over(at_bank.taken_back_at) {
            self.status = TossStatus::WaitingForDeposit;
            self.charges.clear();
            self.was_taken_back = true;
            at_bank.taken_back_at = None;
        }
        at_bank.is_closed |= self.status == TossStatus::WaitingForDeposit && is_over(at_bank.closes_at);
        self.deposit = Deposit::Account(at_bank);
    }

    /// Is it a virtual account that nobody can pay into any more?
    pub(super) fn is_closed(&self) -> bool {
        self.status == TossStatus::WaitingForDeposit
            && matches!(self.deposit, Deposit::Account(VirtualAccount { is_closed: true, .. }))
    }

    /// Is something left, but not what the canceller thinks?
    fn cancels_differently(&self, balance_before: Won) -> bool {
        matches!(self.status, TossStatus::Done | TossStatus::PartialCanceled)
            && !self.balance.is_zero()
            && self.balance != balance_before
    }

    fn charge(&mut self, order: &Order, twice: bool) -> Verdict {
        match self.status {
            TossStatus::InProgress if order.says == Says::NotNow => refused("NOT_AVAILABLE_PAYMENT", order),
            TossStatus::InProgress if order.says == Says::No => {
                self.status = TossStatus::Aborted;
                refused("REJECT_CARD_PAYMENT", order)
            }
            TossStatus::InProgress if matches!(self.deposit, Deposit::Account(_)) => {
                self.status = TossStatus::WaitingForDeposit;
                self.confirmed_by = Some(order.idempotency_key.clone());
                self.show("charge")
            }
            TossStatus::InProgress => {
                self.status = TossStatus::Done;
                self.confirmed_by = Some(order.idempotency_key.clone());
                self.charges.push(order.idempotency_key.clone());
                self.show("charge")
            }
            TossStatus::Done if twice => {
                self.charges.push(order.idempotency_key.clone());
                self.show("charge")
            }
            TossStatus::Expired => refused("NOT_FOUND_PAYMENT_SESSION", order),
            _ => Verdict::ReadIt,
        }
    }

    fn cancel(&mut self, order: &Order, amount: Won, now: Timestamp, twice: bool) -> Verdict {
        let waiting = self.status == TossStatus::WaitingForDeposit;
        let after_deposit = matches!(self.deposit, Deposit::Account(_)) && !waiting;
        let soon = self.canceled_at.is_some_and(|at| now < at.plus(CANCEL_SPACING));
        match self.status {
            _ if order.says != Says::Yes => refused("NOT_CANCELABLE_PAYMENT", order),
            // Toss answers a cancel that comes so soon as if it had carried it out, and does nothing.
            _ if soon && !twice => {
                Verdict::Unclear { answered: true, why: "taken, and nothing cancelled".to_owned() }
            }
            // Its refund needs a bank account, which nobody gave us.
            TossStatus::Done | TossStatus::PartialCanceled if after_deposit => {
                refused("INVALID_REFUND_ACCOUNT_INFO", order)
            }
            TossStatus::WaitingForDeposit | TossStatus::Done | TossStatus::PartialCanceled => {
                let Some(left) = self.balance.minus(amount) else {
                    return refused("NOT_CANCELABLE_AMOUNT", order);
                };
                if self.balance.is_zero() {
                    return Verdict::ReadIt;
                }
                if let Deposit::Abroad(abroad) = self.deposit {
                    return self.take(order, amount, abroad, now);
                }
                let whole = left.is_zero() && self.status != TossStatus::PartialCanceled;
                self.status = if whole { TossStatus::Canceled } else { TossStatus::PartialCanceled };
                self.balance = left;
                self.canceled_at = Some(now);
                self.cancels.push((order.idempotency_key.clone(), amount));
                self.show(&format!("cancel {}", order.idempotency_key))
            }
            TossStatus::Canceled if twice => {
                self.cancels.push((order.idempotency_key.clone(), amount));
                self.show(&format!("cancel {}", order.idempotency_key))
            }
            TossStatus::Canceled => Verdict::ReadIt,
            _ => refused("NOT_CANCELABLE_PAYMENT", order),
        }
    }

    /// Did this key confirm it? A virtual account is charged by its deposit, and confirmed before.
    pub(super) fn confirmed_by(&self, idempotency_key: &str) -> bool {
        self.confirmed_by.as_deref() == Some(idempotency_key)
    }

    /// Is this the key of the cancel that takes our own charge back? It has the payment's id in it, as the charge has.
    pub(super) fn undoes(&self, cancel: &str) -> bool {
        let payment = |key: &str, end| key.split_once(end).map(|(id, _)| id.to_owned());
        self.charges.iter().any(|charge| payment(charge, "-confirm") == payment(cancel, "-cancel"))
    }

    pub(super) fn was_canceled_elsewhere(&self) -> bool {
        self.cancels.iter().any(|(key, _)| key.starts_with(ELSEWHERE))
    }

    fn shown_cancels(&self) -> Vec<TossCancel> {
        let mut left = self.amount;
        let keeps_names = matches!(self.deposit, Deposit::Abroad(_));
        let show = |(at, (key, amount)): (usize, &(String, Won))| {
            left = left.minus(*amount).unwrap_or(Won::ZERO);
            TossCancel {
                transaction_key: format!("{at} {key} of {}", self.toss_order.as_str()),
                amount: *amount,
                balance_after: Some(left),
                canceled_at: None,
                reason: "a wish".to_owned(),
                request: keeps_names.then(|| key.clone()),
                untaxed: None,
            }
        };
        self.cancels.iter().enumerate().map(show).collect()
    }

    /// The payment, as Toss shows it. The body says what was asked, so that an answer can be held against the books.
    pub(super) fn show(&self, asked: &str) -> Verdict {
        let (method, account) = match self.deposit {
            Deposit::Card => (None, None),
            Deposit::Abroad(_) => (Some("해외간편결제".to_owned()), None),
            Deposit::Account(VirtualAccount { closes_at, .. }) => {
                let account = hanbeon_domain::Account { closes_at, is_closed: self.is_closed() };
                (Some("가상계좌".to_owned()), Some(account))
            }
        };
        Verdict::Seen(Box::new(Snapshot {
            method,
            account,
            last_transaction_key: self.cancels.last().map(|(key, _)| key.clone()),
            cancels: self.shown_cancels(),
            pending: self.shown_taken(),
            ..snapshot(self.status, self.balance, asked)
        }))
    }
}

pub(super) fn snapshot(status: TossStatus, balance: Won, body: &str) -> Snapshot {
    Snapshot {
        status,
        method: None,
        balance,
        requested_at: None,
        approved_at: None,
        last_transaction_key: None,
        cancels: Vec::new(),
        secret: None,
        account: None,
        failure: None,
        evidence: Evidence { http_status: 200, body: body.as_bytes().into() },
        tax: None,
        pending: Vec::new(),
    }
}

pub(super) fn refused(code: &str, order: &Order) -> Verdict {
    let body = format!("refused {}", order.idempotency_key).into_bytes().into();
    let evidence = Evidence { http_status: 403, body };
    Verdict::Refused(Refusal {
        code: code.to_owned(), message: "거절되었습니다.".to_owned(), evidence
    })
}
