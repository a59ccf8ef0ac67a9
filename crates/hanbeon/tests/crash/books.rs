//! The two sets of books: what our database has, and what the sandbox's journal says happened.
use crate::shopper::Tale;
use crate::support::World;
use rusqlite::{Connection, Row};
use std::collections::{BTreeSet, HashMap};
use toss_sandbox::{EffectKind, JournalEntry, Operation, SentWebhook};

/// Our side.
pub(crate) struct Ours {
    /// By Toss's payment key.
    pub(crate) payments: HashMap<String, Stored>,
    /// The ids of the orders under each reference.
    pub(crate) orders: HashMap<String, Vec<String>>,
    /// How often each transmission was kept, and each body.
    pub(crate) transmissions: HashMap<String, usize>,
    pub(crate) bodies: HashMap<Vec<u8>, usize>,
}

/// One payment in our database.
pub(crate) struct Stored {
    /// The payment's own id, which is also that of the refund that undoes its charge.
    pub(crate) id: String,
    pub(crate) order: String,
    pub(crate) state: String,
    pub(crate) version: i64,
    pub(crate) captured: i64,
    pub(crate) refunded: i64,
    pub(crate) reserved: i64,
    pub(crate) canceled_by: Option<String>,
    /// Oldest first.
    pub(crate) refunds: Vec<Refund>,
    /// Version, from, to.
    pub(crate) history: Vec<(i64, String, String)>,
}

/// One refund of it.
#[derive(Debug)]
pub(crate) struct Refund {
    pub(crate) id: String,
    pub(crate) reason: String,
    pub(crate) amount: i64,
    pub(crate) state: String,
    pub(crate) transaction: Option<String>,
    /// Did it wait for its turn?
    pub(crate) queued: bool,
}

impl Refund {
    /// Has the money gone back?
    pub(crate) fn is_back(&self) -> bool {
        matches!(self.state.as_str(), "done" | "elsewhere")
    }
}

impl Stored {
    pub(crate) fn by_compensation(&self) -> bool {
        self.canceled_by.as_deref() == Some("compensation")
    }

    /// The refunds of this wish: no other wish has its reason.
    pub(crate) fn wish(&self, reason: &str) -> impl Iterator<Item = &Refund> {
        self.refunds.iter().filter(move |refund| refund.reason == reason)
    }
}

/// The same payment at Toss.
#[derive(Default)]
pub(crate) struct Booked {
    pub(crate) status: String,
    pub(crate) balance: i64,
    pub(crate) approvals: usize,
    pub(crate) cancels: Vec<Canceled>,
    pub(crate) confirm_keys: BTreeSet<String>,
    pub(crate) cancel_keys: BTreeSet<String>,
}

/// One cancel that happened.
#[derive(Debug)]
pub(crate) struct Canceled {
    pub(crate) transaction: String,
    pub(crate) amount: i64,
    /// The key of the call; `None` when it was made in the dashboard.
    pub(crate) key: Option<String>,
}

impl Ours {
    pub(crate) fn read(db: &Connection) -> Self {
        let mut orders: HashMap<String, Vec<String>> = HashMap::new();
        let known = "SELECT merchant_reference, lower(hex(order_id)) FROM orders";
        for (reference, id) in rows(db, known, |row| Ok((row.get(0)?, row.get(1)?))) {
            orders.entry(reference).or_default().push(id);
        }
        let (mut transmissions, mut bodies) = (HashMap::new(), HashMap::new());
        for (transmission, body) in
            rows(db, "SELECT transmission_id, body FROM webhooks", |row| Ok((row.get(0)?, row.get(1)?)))
        {
            let transmission: Option<String> = transmission;
            if let Some(transmission) = transmission {
                *transmissions.entry(transmission).or_default() += 1;
            }
            *bodies.entry(body).or_default() += 1;
        }
        Self { payments: payments(db), orders, transmissions, bodies }
    }

    /// How many webhooks are kept.
    pub(crate) fn webhooks(&self) -> usize {
        self.bodies.values().sum()
    }
}

fn payments(db: &Connection) -> HashMap<String, Stored> {
    let mut payments = rows(
        db,
        "SELECT toss_payment_key, lower(hex(payment_id)), lower(hex(order_id)), state, version, captured_amount,
           refunded_amount, reserved_amount, canceled_by FROM payments",
        |row| {
            let stored = Stored {
                id: row.get(1)?,
                order: row.get(2)?,
                state: row.get(3)?,
                version: row.get(4)?,
                captured: row.get(5)?,
                refunded: row.get(6)?,
                reserved: row.get(7)?,
                canceled_by: row.get(8)?,
                refunds: Vec::new(),
                history: Vec::new(),
            };
            Ok((row.get(0)?, stored))
        },
    )
    .into_iter()
    .collect::<HashMap<String, _>>();
    let lines = "SELECT toss_payment_key, j.version, from_state, to_state
                 FROM journal AS j JOIN payments USING (payment_id) ORDER BY payment_id, j.version";
    for (key, line) in rows(db, lines, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))) {
        let key: String = key;
        payments.get_mut(&key).expect("its payment").history.push(line);
    }
    let refunds = "SELECT toss_payment_key, lower(hex(refund_id)), reason, amount, r.state, transaction_key,
                     actor IS NOT NULL
                   FROM refunds AS r JOIN payments USING (payment_id) ORDER BY seq";
    for (key, refund) in rows(db, refunds, |row| Ok((row.get(0)?, refund(row)?))) {
        let key: String = key;
        payments.get_mut(&key).expect("its payment").refunds.push(refund);
    }
    payments
}

fn refund(row: &Row<'_>) -> rusqlite::Result<Refund> {
    Ok(Refund {
        id: row.get(1)?,
        reason: row.get(2)?,
        amount: row.get(3)?,
        state: row.get(4)?,
        transaction: row.get(5)?,
        queued: row.get(6)?,
    })
}

fn rows<T>(db: &Connection, query: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = db.prepare(query).expect("a good query");
    let rows = statement.query_map([], read).expect("rows");
    rows.collect::<Result<_, _>>().expect("good rows")
}

/// Their side, by payment key.
pub(crate) fn booked(world: &World, journal: &[JournalEntry], tales: &[Tale]) -> HashMap<String, Booked> {
    let mut books: HashMap<String, Booked> = HashMap::new();
    for key in tales.iter().flat_map(|tale| &tale.keys) {
        let payment = world.toss.payment(key).expect("Toss forgets nothing");
        let status = payment["status"].as_str().unwrap_or_default().to_owned();
        let balance = payment["balanceAmount"].as_i64().unwrap_or_default();
        books.insert(key.clone(), Booked { status, balance, ..Booked::default() });
    }
    for entry in journal {
        let Some(booked) = entry.payment_key.as_ref().and_then(|key| books.get_mut(key)) else { continue };
        booked.enter(entry);
    }
    for booked in books.values_mut().filter(|booked| booked.approvals == 0) {
        // A payment that is only authenticated has its whole amount as its balance, and holds nothing.
        booked.balance = 0;
    }
    books
}

impl Booked {
    fn enter(&mut self, entry: &JournalEntry) {
        self.approvals += usize::from(entry.effect == EffectKind::Approved);
        let key = entry.idempotency_key.clone();
        if entry.effect == EffectKind::Canceled {
            self.cancels.push(Canceled {
                transaction: entry.transaction_key.clone().expect("a cancel has one"),
                amount: entry.effect_amount.expect("an amount"),
                key: key.clone(),
            });
        }
        match entry.operation {
            Operation::Confirm => self.confirm_keys.extend([key.unwrap_or_default()]),
            Operation::Cancel => self.cancel_keys.extend([key.unwrap_or_default()]),
            _ => {}
        }
    }
}

/// The webhooks that Toss has sent, or wanted to.
pub(crate) fn sent(world: &World) -> Vec<SentWebhook> {
    world.toss.webhooks(0, usize::MAX)
}

/// How often it was answered with 200.
pub(crate) fn taken(sent: &SentWebhook) -> usize {
    sent.deliveries.iter().filter(|delivery| delivery.status == Some(200)).count()
}

/// Which refund a call of ours was for, by its key; a charge's key names its payment.
pub(crate) fn named_by(key: &str) -> &str {
    key.strip_prefix("hanbeon-").and_then(|key| key.split('-').next()).unwrap_or_default()
}
