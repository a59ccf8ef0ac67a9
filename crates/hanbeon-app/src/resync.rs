//! Resync: the books are older than Toss's, because a backup was restored or a standby took over that had not heard
//! everything. Toss's own list says what was forgotten, and the state machine makes it known again. Nothing that moves
//! money is sent; it can be ended at any moment and run again.
//!
//! 1. **under way**: what the books hold as being charged or given back, as Toss has it by now;
//! 2. **the list**: each payment that Toss names since then. One that we know is led through what it went through;
//! 3. one that was forgotten, with the order still there, is begun and led likewise;
//! 4. **orphans**: money whose order was forgotten too, or cannot be told, is named, and a human decides.
use crate::reconcile::ReconcileError;
use crate::{App, env};
use hanbeon_domain::{
    Action, Actor, CancelRequest, Checkout, ConfirmRequest, Decision, Event, Order, OrderId, Payment,
    Snapshot, State, StateName, Step, Timestamp, TossOrderId, TossStatus, Verdict, Won,
};
use hanbeon_psp::Transaction;
use hanbeon_store::{Begun, Hint, PaymentRecord, Progress, RefundRecord, StoreError};
use std::collections::HashMap;
use tracing::info;

/// Payments that may be under way at once: far more than a server takes on.
const UNDER_WAY_MAX: usize = 100_000;
/// An order's id in its name at Toss: so many characters, and after them nothing or a dash.
const ID_CHARS: usize = 32;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resynced {
    /// Payments that Toss lists.
    pub listed: usize,
    /// Of these and of those under way, what the books said already.
    pub known: usize,
    /// Payments of which the books had forgotten something.
    pub caught_up: usize,
    /// Payments that the books had forgotten, made known again.
    pub rebuilt: usize,
    /// Payments that are still under way: the server's recovery asks about them, and carries them on.
    pub under_way: usize,
    /// Money that no order of ours explains.
    pub orphans: Vec<Orphan>,
    /// Payments of which Toss did not tell: run again.
    pub untold: Vec<String>,
}

/// A payment at Toss that the books cannot place. It is left as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// The order's name at Toss.
    pub toss_order: String,
    /// The payment's key, all but its end hidden.
    pub payment: String,
    /// As Toss's list has it.
    pub amount: Option<Won>,
    /// What stands in the way.
    pub why: String,
}

impl App {
    /// Compares the books with everything that Toss lists since `since`, and makes known again what they forgot.
    /// `orders` says, for names at Toss, which of our orders they are, where nothing else tells. Only for who knows that
    /// no server is at work on the same books.
    ///
    /// # Errors
    /// [`ReconcileError`]; what was caught up before it stays.
    pub async fn resync(
        &self,
        since: Timestamp,
        orders: &HashMap<String, OrderId>,
    ) -> Result<Resynced, ReconcileError> {
        let mut done = Resynced::default();
        for state in [StateName::Confirming, StateName::Canceling] {
            for payment in self.store.payments_in(state, UNDER_WAY_MAX).await? {
                self.catch_up(payment, &mut done).await?;
            }
        }
        let rows = self.listed(since).await?;
        done.listed = rows.len();
        let mut forgotten = Vec::new();
        for row in rows {
            let Some(key) = &row.payment else { continue };
            match self.store.payment_by_key(key).await? {
                Some(payment) => self.catch_up(payment, &mut done).await?,
                None => forgotten.push(row),
            }
        }
        // An order's payment that was given back does not stand in the way of the one that pays it.
        forgotten.sort_by_key(|row| !row.holds_money);
        for row in forgotten {
            self.rebuild(&row, orders, &mut done).await?;
        }
        Ok(done)
    }

    /// The last row of each payment.
    async fn listed(&self, since: Timestamp) -> Result<Vec<Transaction>, ReconcileError> {
        let (mut rows, mut places) = (Vec::<Transaction>::new(), HashMap::new());
        let mut after: Option<String> = None;
        for _ in 0..crate::reconcile::PAGES_MAX {
            let page = self.page(since, self.now(), after.as_deref()).await?;
            for row in page.rows {
                let Some(key) = row.payment.clone() else { continue };
                let place = *places.entry(key).or_insert(rows.len());
                match rows.get_mut(place) {
                    Some(earlier) => *earlier = Transaction { amount: earlier.amount, ..row },
                    None => rows.push(row),
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(rows),
            }
        }
        Err(ReconcileError::TooLong)
    }

    async fn catch_up(&self, payment: Payment, done: &mut Resynced) -> Result<(), ReconcileError> {
        let seen = match self.psp.lookup(&payment).await {
            Verdict::Seen(seen) => *seen,
            Verdict::Absent if payment.is_moving() => {
                done.under_way += 1;
                return Ok(());
            }
            other => {
                done.untold.push(format!("payment {}: {other:?}", payment.id));
                return Ok(());
            }
        };
        let promised =
            matches!(payment.state, State::Confirming { .. }) && self.store.undo_promised(payment.id).await?;
        if promised && !seen.balance.is_zero() {
            // It is to be taken back, which is the server's to do.
            done.under_way += 1;
            return Ok(());
        }
        let Some(record) = self.store.payment(payment.id).await? else { return Ok(()) };
        if says_it_all(&record, &seen) {
            done.known += 1;
            return Ok(());
        }
        let now = self.now();
        let Some(turn) = self.store.lease(payment.id, now, now).await? else {
            done.under_way += 1;
            return Ok(());
        };
        let stages = stages(&turn.payment, &record, &seen, promised);
        let before = (turn.payment.state.name(), turn.payment.refunded);
        let after = self.lead(turn.payment, stages, now).await?;
        match after {
            None => done.under_way += 1,
            Some(after) if (after.state.name(), after.refunded) == before => done.known += 1,
            Some(_) => done.caught_up += 1,
        }
        Ok(())
    }

    /// Leads a payment that is held through what Toss shows; `None` where a call would be next.
    async fn lead(
        &self,
        mut payment: Payment,
        stages: Vec<Snapshot>,
        until: Timestamp,
    ) -> Result<Option<Payment>, ReconcileError> {
        for stage in stages {
            let wish = self.fulfilled(&payment, &stage).await?;
            let begun = wish.map(|wish| payment.step(Event::CancelRequested(wish), self.recovering()));
            if let Some(Ok(step)) = begun {
                let step = resynced(step);
                if self.store.begin(&step, until).await? == Begun::Taken {
                    return Err(StoreError::Superseded.into());
                }
                payment = step.next;
            }
            let step = payment.step(Event::PspSaid(Verdict::Seen(Box::new(stage))), self.recovering())?;
            if !matches!(step.then, Action::Rest { .. }) {
                return Ok(None);
            }
            let step = resynced(step);
            self.store.commit(&step, until).await?;
            payment = step.next;
        }
        Ok(Some(payment).filter(|payment| !payment.is_moving()))
    }

    /// The wish that waits, and that this stage's last cancel has carried out already: it must not happen again.
    async fn fulfilled(
        &self,
        payment: &Payment,
        stage: &Snapshot,
    ) -> Result<Option<CancelRequest>, StoreError> {
        let Some(cancel) = stage.cancels.last().filter(|_| !payment.is_moving()) else { return Ok(None) };
        let refunds = self.store.payment(payment.id).await?.map(|record| record.refunds).unwrap_or_default();
        let waits = |refund: &&RefundRecord| refund.progress == Progress::Queued;
        let wished = |refund: &&RefundRecord| {
            let left = payment.captured.minus(payment.refunded);
            let amount = if refund.refund.whole { left } else { Some(refund.refund.amount) };
            amount == Some(cancel.amount) && refund.refund.reason.as_str() == cancel.reason
        };
        let listed = |key: &str| refunds.iter().any(|refund| refund.transaction_key() == Some(key));
        if listed(&cancel.transaction_key) {
            return Ok(None);
        }
        let found = refunds.iter().filter(waits).find(wished);
        Ok(found.map(|RefundRecord { refund, .. }| CancelRequest {
            id: refund.id,
            amount: (!refund.whole).then_some(refund.amount),
            reason: refund.reason.clone(),
            untaxed: refund.untaxed,
        }))
    }

    async fn rebuild(
        &self,
        row: &Transaction,
        orders: &HashMap<String, OrderId>,
        done: &mut Resynced,
    ) -> Result<(), ReconcileError> {
        let Some((intent, seen)) = (match self.placed(row, orders).await? {
            Ok(placed) => Some(placed),
            Err(why) => {
                if row.holds_money {
                    self.counters.orphan();
                    done.orphans.push(Orphan::of(row, why));
                }
                None
            }
        }) else {
            return Ok(());
        };
        let Some(seen) = seen else {
            done.untold.push(format!("{}: Toss does not show it", Orphan::of(row, String::new()).payment));
            return Ok(());
        };
        if matches!(seen.status, TossStatus::Ready | TossStatus::InProgress | TossStatus::Unknown) {
            return Ok(());
        }
        let (now, intent) = (self.now(), resynced(intent));
        if self.store.begin(&intent, now).await? == Begun::Taken {
            done.orphans.push(Orphan::of(row, "its order has another payment by now".to_owned()));
            return Ok(());
        }
        let stages = forgotten_stages(&intent.next, &seen);
        match self.lead(intent.next, stages, now).await? {
            Some(_) => done.rebuilt += 1,
            None => done.under_way += 1,
        }
        Ok(())
    }

    /// The intent that must have been, and what Toss shows of it; or why there is none.
    async fn placed(
        &self,
        row: &Transaction,
        orders: &HashMap<String, OrderId>,
    ) -> Result<Result<(Step, Option<Snapshot>), String>, StoreError> {
        let (Some(key), Some(toss_order)) = (row.payment.clone(), row.order.clone()) else {
            return Ok(Err("its names are none that we could have".to_owned()));
        };
        let Some(order) = self.order_of(&toss_order, orders).await? else {
            return Ok(Err(
                "no order of ours has this name at Toss; --orders can say which one it is".to_owned()
            ));
        };
        let request = ConfirmRequest { order: order.id, toss_order, key, amount: order.total, session: None };
        let moment = self.moment(order.created_at, Actor::Recovery);
        let view = Checkout { saved: None, ..self.store.checkout(&request).await? };
        let step = match view.decide(request, env::payment_id(&*self.env), moment) {
            Ok(Decision::Begin(step)) => *step,
            Ok(Decision::Known(payment)) => return Ok(Err(format!("it is {} by now", payment.state.name()))),
            Err(why) => return Ok(Err(why.to_string())),
        };
        match self.psp.lookup(&step.next).await {
            Verdict::Seen(seen) => Ok(Ok((step, Some(*seen)))),
            Verdict::NotOurs(why) => Ok(Err(why)),
            _ => Ok(Ok((step, None))),
        }
    }

    /// An earlier payment says it, or the shop's list, or the name itself: the order's id, with a dash and a count after it.
    async fn order_of(
        &self,
        toss_order: &TossOrderId,
        orders: &HashMap<String, OrderId>,
    ) -> Result<Option<Order>, StoreError> {
        let earlier = self.store.payment_of_hint(&Hint::Order(toss_order.clone())).await?;
        let named = || {
            let (id, rest) = toss_order.as_str().split_at_checked(ID_CHARS)?;
            OrderId::parse(id).ok().filter(|_| rest.is_empty() || rest.starts_with('-'))
        };
        let id =
            earlier.map(|payment| payment.order).or(orders.get(toss_order.as_str()).copied()).or_else(named);
        let Some(id) = id else { return Ok(None) };
        Ok(self.store.order(id).await?.map(|record| record.order))
    }

    fn recovering(&self) -> hanbeon_domain::Moment<'_> {
        self.moment(self.now(), Actor::Recovery)
    }
}

fn resynced(step: Step) -> Step {
    let step = Step { event: format!("resynced: {}", step.event), ..step };
    info!(payment.id = %step.next.id, payment.state = %step.next.state.name(), event = step.event, "resynced");
    step
}

/// Is there nothing in this answer that the books do not have?
fn says_it_all(record: &PaymentRecord, seen: &Snapshot) -> bool {
    let payment = &record.payment;
    let ours = payment.captured.minus(payment.refunded);
    let state = match payment.state {
        State::Paid | State::PartiallyCanceled | State::Canceled { .. } => ours == Some(seen.balance),
        State::WaitingForDeposit => seen.status == TossStatus::WaitingForDeposit && !seen.is_closed_account(),
        State::Declined { .. } | State::Expired => {
            matches!(seen.status, TossStatus::Aborted | TossStatus::Expired) || seen.balance.is_zero()
        }
        State::Ready | State::Confirming { .. } | State::Canceling { .. } | State::NeedsReview { .. } => {
            false
        }
    };
    state && seen.cancels.iter().all(|cancel| has(record, &cancel.transaction_key))
}

fn has(record: &PaymentRecord, transaction: &str) -> bool {
    record.refunds.iter().any(|refund| refund.transaction_key() == Some(transaction))
}

/// What a payment of ours went through since the books ended, one snapshot after each cancel that they do not have.
fn stages(payment: &Payment, record: &PaymentRecord, seen: &Snapshot, promised: bool) -> Vec<Snapshot> {
    let mut stages = Vec::new();
    if payment.captured.is_zero() && !promised {
        stages.extend(charged(payment, seen));
    }
    stages.extend(canceled(seen, |transaction| has(record, transaction)));
    stages
}

/// The same, of one of which the books have nothing.
fn forgotten_stages(payment: &Payment, seen: &Snapshot) -> Vec<Snapshot> {
    charged(payment, seen).into_iter().chain(canceled(seen, |_| false)).collect()
}

/// The moment at which the money had come in, if some went back since.
fn charged(payment: &Payment, seen: &Snapshot) -> Option<Snapshot> {
    let was_charged = seen.approved_at.is_some() && !seen.cancels.is_empty();
    was_charged.then(|| Snapshot {
        status: TossStatus::Done,
        balance: payment.amount,
        last_transaction_key: None,
        cancels: Vec::new(),
        ..seen.clone()
    })
}

/// The moment after each cancel that is not known, and now.
fn canceled(seen: &Snapshot, known: impl Fn(&str) -> bool) -> Vec<Snapshot> {
    let mut stages = Vec::new();
    for (at, cancel) in seen.cancels.iter().enumerate() {
        let Some(balance) = cancel.balance_after.filter(|_| !known(&cancel.transaction_key)) else {
            continue;
        };
        stages.push(Snapshot {
            status: if balance.is_zero() { TossStatus::Canceled } else { TossStatus::PartialCanceled },
            balance,
            last_transaction_key: Some(cancel.transaction_key.clone()),
            cancels: seen.cancels[..=at].to_vec(),
            ..seen.clone()
        });
    }
    if stages
        .last()
        .is_none_or(|last| last.balance != seen.balance || last.cancels.len() != seen.cancels.len())
    {
        stages.push(seen.clone());
    }
    stages
}

impl Orphan {
    fn of(row: &Transaction, why: String) -> Self {
        let key = row.payment.as_ref().map_or("", |key| key.as_str());
        let shown: String = key.chars().rev().take(6).collect::<Vec<_>>().into_iter().rev().collect();
        Self {
            toss_order: row.order.as_ref().map_or_else(|| "?".to_owned(), |order| order.as_str().to_owned()),
            payment: format!("…{shown}"),
            amount: row.amount,
            why,
        }
    }
}
