//! The parts of the tests of the network: a world with a proxy in it, the calls that a fault can hit, and what must be
//! true in the end.
use crate::buyer::Buyer;
use crate::support::{Answer, BOUND, World, at_once, until};
use hanbeon_testkit::proxy::{Fault, FaultProxy, Record, Target, When};
use std::sync::Arc;
use std::time::Duration;
use toss_sandbox::{EffectKind, Operation};

pub(crate) const AMOUNT: i64 = 1_000;
pub(crate) const PART: i64 = 400;
pub(crate) const CHARGED: (EffectKind, Option<i64>) = (EffectKind::Approved, Some(AMOUNT));

/// A world whose server reaches Toss through the proxy only.
pub(crate) struct Wire {
    pub(crate) world: World,
    pub(crate) proxy: FaultProxy,
}

impl Wire {
    pub(crate) async fn new(settings: &str) -> Self {
        let mut world = World::without_server(settings).await;
        world.open_toss();
        let upstream = world.toss_url.trim_start_matches("http://").parse().unwrap();
        let proxy = FaultProxy::start(upstream, 0x5eed).await.unwrap();
        world.toss_url = proxy.url();
        world.start().await;
        Self { world, proxy }
    }

    /// Our database, Toss's books and what the buyer is told are one story: one charge, and at most one refund.
    pub(crate) async fn agrees_with_toss(&self, call: Call, buyer: &Buyer, what: &str) {
        let (state, status, refunded) = match call {
            Call::Confirm | Call::Lookup => ("paid", "DONE", 0),
            Call::Cancel => ("partially_canceled", "PARTIAL_CANCELED", PART),
            Call::LookupOfCancel => ("canceled", "CANCELED", AMOUNT),
        };
        let refund = (refunded > 0).then_some((EffectKind::Canceled, Some(refunded)));
        let effects: Vec<_> = [CHARGED].into_iter().chain(refund).collect();
        assert_eq!(self.world.effects(&buyer.key), effects, "{what}");
        assert_eq!(self.books(&buyer.key), (state.to_owned(), AMOUNT, refunded, 0), "{what}");
        let theirs = self.world.toss.payment(&buyer.key).unwrap();
        let (shown, balance) = (&theirs["status"], &theirs["balanceAmount"]);
        assert_eq!((shown, balance), (&status.into(), &(AMOUNT - refunded).into()), "{what}");
        buyer.read(&self.world.api).await.is(200, &buyer.view(status));
        buyer.confirm(&self.world.api).await.is(200, &buyer.view(status));
    }

    /// A buyer for each case, all of them through the payment window before anything goes wrong: once Toss is
    /// silent, the breaker lets nobody in.
    pub(crate) async fn prepare_all<T>(
        self: &Arc<Self>,
        table: impl IntoIterator<Item = (Call, T)>,
    ) -> Vec<((Call, T), Buyer)> {
        let table: Vec<_> = table.into_iter().collect();
        let jobs = table.iter().map(|(call, _)| {
            let (call, wire) = (*call, Arc::clone(self));
            async move { call.prepare(&wire.world).await }
        });
        let buyers = at_once(jobs).await;
        table.into_iter().zip(buyers).collect()
    }

    /// Our record of a payment: state, captured, refunded, reserved.
    pub(crate) fn books(&self, key: &str) -> (String, i64, i64, i64) {
        let query = "SELECT state, captured_amount, refunded_amount, reserved_amount FROM payments
                     WHERE toss_payment_key = ?1";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?));
        self.world.db().query_row(query, [key], read).unwrap()
    }

    /// How many bytes a confirm and a cancel have, and their answers.
    pub(crate) async fn sizes(&self) -> ((usize, usize), (usize, usize)) {
        let buyer = Call::Cancel.prepare(&self.world).await;
        Call::Cancel.make(&self.world, &buyer).await.has_status(200);
        let of = |operation| {
            let record = self.calls_of(&buyer.key, operation).remove(0);
            (record.request_bytes, record.reply_bytes)
        };
        (of(Operation::Confirm), of(Operation::Cancel))
    }

    /// The calls of this kind for a payment, as the proxy has seen them: matched by the keys that Toss's journal has.
    pub(crate) fn calls_of(&self, key: &str, operation: Operation) -> Vec<Record> {
        let journal = self.world.journal();
        let its = journal
            .iter()
            .filter(|call| call.operation == operation && call.payment_key.as_deref() == Some(key));
        let keys: Vec<_> = its.filter_map(|call| call.idempotency_key.clone()).collect();
        let sent_with =
            |record: &Record| record.idempotency_key.as_ref().is_some_and(|key| keys.contains(key));
        self.proxy.records().into_iter().filter(sent_with).collect()
    }

    /// Waits until nothing is under way.
    pub(crate) async fn until_quiet(&self) {
        let query = "SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling')";
        let db = self.world.db();
        until("nothing is under way", async || {
            let moving: i64 = db.query_row(query, [], |row| row.get(0)).unwrap();
            (moving == 0).then_some(())
        })
        .await;
    }

    /// Waits until every request that the proxy has held back has been to Toss.
    pub(crate) async fn until_nothing_is_late(&self) {
        let is_late = |record: &Record| {
            let comes_late = matches!(
                record.fault,
                Some(
                    Fault::DelayRequest(_)
                        | Fault::HoldRequest
                        | Fault::GatewayTimeout(_)
                        | Fault::HoldBehindTimeout
                )
            );
            comes_late && record.reply.is_none()
        };
        until("nothing is late any more", async || (!self.proxy.records().iter().any(is_late)).then_some(()))
            .await;
    }
}

/// A call that a fault can hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Confirm,
    /// A part of the money.
    Cancel,
    /// The look-up that follows a confirm whose reply was lost.
    Lookup,
    /// The same after a cancel, of everything.
    LookupOfCancel,
}

impl Call {
    pub(crate) const ALL: [Self; 4] = [Self::Confirm, Self::Cancel, Self::Lookup, Self::LookupOfCancel];

    pub(crate) fn target(self) -> Target {
        match self {
            Self::Confirm => Target::confirm(),
            Self::Cancel => Target::cancel(),
            Self::Lookup | Self::LookupOfCancel => Target::read(),
        }
    }

    /// The call after which this one looks.
    pub(crate) fn before(self) -> Option<Self> {
        match self {
            Self::Confirm | Self::Cancel => None,
            Self::Lookup => Some(Self::Confirm),
            Self::LookupOfCancel => Some(Self::Cancel),
        }
    }

    pub(crate) fn is_refund(self) -> bool {
        matches!(self, Self::Cancel | Self::LookupOfCancel)
    }

    pub(crate) fn operation(self) -> Operation {
        if self.is_refund() { Operation::Cancel } else { Operation::Confirm }
    }

    /// A buyer who is about to cause this call.
    pub(crate) async fn prepare(self, world: &World) -> Buyer {
        let buyer = Buyer::ready(world, AMOUNT).await;
        if self.is_refund() {
            in_time("the buyer has paid", async {
                while buyer.confirm(&world.api).await.status != 200 {
                    moment().await;
                }
            })
            .await;
        }
        buyer
    }

    /// What the buyer does to cause it; to do it again is to refresh, not to want more.
    pub(crate) async fn make(self, world: &World, buyer: &Buyer) -> Answer {
        match self {
            Self::Confirm | Self::Lookup => buyer.confirm(&world.api).await,
            Self::Cancel => buyer.cancel_part(&world.api, PART).await,
            Self::LookupOfCancel => buyer.cancel(&world.api).await,
        }
    }

    pub(crate) fn is_pending(self, answer: &Answer, buyer: &Buyer) {
        if self.is_refund() {
            assert_eq!(
                (answer.status, &answer.json()["code"]),
                (202, &"CANCEL_IN_PROGRESS".into()),
                "{self:?}"
            );
        } else {
            answer.is(202, &buyer.view_by("null", "IN_PROGRESS"));
        }
    }

    pub(crate) fn reads_as_unsettled(self, answer: &Answer, buyer: &Buyer) {
        let view = if self.is_refund() { buyer.view("DONE") } else { buyer.view_by("null", "IN_PROGRESS") };
        answer.is(200, &view);
    }
}

/// Did the fault do to this request what it is there for?
pub(crate) fn is_real(record: &Record) -> bool {
    let Record { request_bytes, forwarded, reply, reply_bytes, returned, .. } = record;
    let Some(fault) = record.fault else { return false };
    let withheld = *forwarded == 0 && reply.is_none();
    let answered = *reply == Some(200);
    match fault {
        Fault::RequestLost | Fault::DelayRequest(_) | Fault::HoldRequest | Fault::Refuse(_) => withheld,
        Fault::GatewayTimeout(_) | Fault::HoldBehindTimeout => withheld && *returned > 0,
        Fault::CutRequestAfter(bytes) => *forwarded == bytes.min(*request_bytes) && *returned == 0,
        Fault::CutReplyAfter(bytes) => answered && *returned == bytes && *returned < *reply_bytes,
        Fault::ReplyLost | Fault::HalfOpen | Fault::DelayReply(_) | Fault::HoldReply => {
            answered && *returned == 0
        }
        Fault::SlowReply { .. } => answered && *returned < *reply_bytes,
        Fault::Reset(When::Before) => withheld && record.done,
        Fault::Garbage(When::Before) | Fault::Html(When::Before) | Fault::Error(When::Before, _) => {
            withheld && *returned > 0
        }
        Fault::Reset(When::After) => answered && record.done,
        Fault::Garbage(When::After) | Fault::Html(When::After) | Fault::Error(When::After, _) => {
            answered && *returned > 0
        }
    }
}

/// Waits until the server has noted that a call was not sent.
pub(crate) async fn until_not_sent(world: &World, key: &str) {
    let query = "SELECT count(*) FROM journal JOIN payments USING (payment_id)
                 WHERE toss_payment_key = ?1 AND event LIKE 'psp_not_sent%'";
    let db = world.db();
    until("a call was not sent", async || {
        let noted: i64 = db.query_row(query, [key], |row| row.get(0)).unwrap();
        (noted > 0).then_some(())
    })
    .await;
}

/// Like [`until`], for what runs on a task of its own.
pub(crate) async fn in_time(what: &str, work: impl Future<Output = ()>) {
    let ended = tokio::time::timeout(BOUND, work).await;
    assert!(ended.is_ok(), "not within {BOUND:?}: {what}");
}

pub(crate) async fn moment() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}
