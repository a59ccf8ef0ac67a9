//! The checker: our database, the sandbox's books and everything that anybody was told, joined. It is asked when
//! nothing is under way any more, and reads all of it: nothing is sampled.
use crate::shopper::{AMOUNT, Ask, Heard, PART, Tale};
use crate::support::{Answer, DATABASE_ERROR, World};
use rusqlite::{Connection, Row};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use toss_sandbox::{EffectKind, JournalEntry, Operation};

/// What the join showed.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) orders: usize,
    pub(crate) intents: usize,
    pub(crate) calls: usize,
    pub(crate) charges: usize,
    pub(crate) refunds: usize,
    pub(crate) compensations: usize,
    /// Calls whose answer was lost or spoiled on its way to us.
    pub(crate) lost_calls: usize,
    /// "We are looking into the cancel" and then nothing was cancelled.
    pub(crate) idle_cancels: usize,
    /// Answers, by what was asked and how it was answered.
    pub(crate) answers: BTreeMap<String, usize>,
    /// Orders that were paid twice, or payments that were charged twice.
    pub(crate) doubles: Vec<String>,
    /// Charges that we know nothing of.
    pub(crate) orphans: Vec<String>,
    /// Everything else in which the two sides, or the told and the true, differ.
    pub(crate) differences: Vec<String>,
}

/// One payment in our database.
struct Stored {
    order: String,
    state: String,
    version: i64,
    captured: i64,
    refunded: i64,
    reserved: i64,
    canceled_by: Option<String>,
    /// The refunds that are done.
    refunds: Vec<(Option<String>, i64)>,
    /// Version, from, to.
    history: Vec<(i64, String, String)>,
}

/// The same payment at Toss.
#[derive(Default)]
struct Booked {
    status: String,
    balance: i64,
    approvals: usize,
    cancels: Vec<(Option<String>, i64)>,
    confirm_keys: BTreeSet<String>,
}

/// Checks it all.
pub(crate) fn told(world: &World, tales: &[Tale]) -> Findings {
    let db = world.db();
    let ours = stored(&db);
    let journal = world.journal();
    let theirs = booked(world, &journal, tales);
    let mut findings = Findings {
        orders: tales.len(),
        intents: ours.len(),
        calls: journal.len(),
        charges: theirs.values().map(|booked| booked.approvals).sum(),
        refunds: theirs.values().map(|booked| booked.cancels.len()).sum(),
        compensations: ours.values().filter(|stored| stored.by_compensation()).count(),
        lost_calls: journal.iter().filter(|entry| entry.lost).count(),
        ..Findings::default()
    };
    for (key, booked) in &theirs {
        findings.charged_once_and_known(key, booked, ours.get(key));
    }
    for (key, stored) in &ours {
        findings.note(key, stored.agrees(theirs.get(key)));
        findings.note(key, stored.is_continuous());
    }
    for tale in tales {
        findings.paid_once(tale, &theirs);
        for key in &tale.keys {
            let foreign = ours.get(key).filter(|stored| stored.order != tale.order);
            findings.note(key, foreign.map_or(Ok(()), |other| Err(format!("it pays {}", other.order))));
        }
        let truth = Truth { tale, ours: &ours, theirs: &theirs, none: Booked::default() };
        for heard in &tale.heard {
            let asked = format!("{} {}", heard.asked.name(), heard.answer.status);
            *findings.answers.entry(asked).or_default() += 1;
            findings.idle_cancels += usize::from(is_idle(heard, &theirs));
            findings.note(&tale.order, truth.check(heard));
        }
        findings.note(&tale.order, never_backwards(tale));
    }
    findings.note("the database", is_sound(&db));
    findings
}

impl Findings {
    fn note(&mut self, about: &str, finding: Result<(), String>) {
        if let Err(difference) = finding {
            self.differences.push(format!("{about}: {difference}"));
        }
    }

    fn charged_once_and_known(&mut self, key: &str, booked: &Booked, stored: Option<&Stored>) {
        if booked.approvals > 1 {
            self.doubles.push(format!("{key} was charged {} times", booked.approvals));
        }
        match stored {
            None if booked.approvals > 0 => {
                self.orphans.push(format!("{key} was charged, and we do not know it"));
            }
            None if !booked.confirm_keys.is_empty() => {
                self.orphans.push(format!("{key}: a call without an intent"));
            }
            _ => {}
        }
        // The keys come from what is stored: the payment's id, and how often Toss was read in between.
        let keys = booked.confirm_keys.iter();
        let stems: BTreeSet<_> = keys.map(|key| Some(key.rsplit_once('-')?.0)).collect();
        if stems.len() > 1 || stems.contains(&None) {
            self.differences.push(format!("{key}: idempotency keys {:?}", booked.confirm_keys));
        }
    }

    /// At most one payment of an order holds money.
    fn paid_once(&mut self, tale: &Tale, theirs: &HashMap<String, Booked>) {
        let holding =
            tale.keys.iter().filter(|key| theirs.get(*key).is_some_and(|booked| booked.balance > 0));
        let holding: Vec<_> = holding.collect();
        if holding.len() > 1 {
            self.doubles.push(format!("order {} is paid by {holding:?}", tale.order));
        }
    }
}

impl Stored {
    fn by_compensation(&self) -> bool {
        self.canceled_by.as_deref() == Some("compensation")
    }

    /// State, money and refunds are what Toss has.
    fn agrees(&self, booked: Option<&Booked>) -> Result<(), String> {
        let none = Booked::default();
        let booked = booked.unwrap_or(&none);
        let left = self.captured - self.refunded;
        let want = match self.state.as_str() {
            "paid" => ("DONE", AMOUNT),
            "partially_canceled" => ("PARTIAL_CANCELED", left),
            "canceled" if booked.status == "PARTIAL_CANCELED" => ("PARTIAL_CANCELED", 0),
            "canceled" => ("CANCELED", 0),
            other => return Err(format!("{other} at rest, and {} at Toss", booked.status)),
        };
        let is = (booked.status.as_str(), booked.balance);
        if is != want || left != booked.balance || self.captured != AMOUNT || self.reserved != 0 {
            let Self { state, captured, refunded, reserved, .. } = self;
            return Err(format!("{state} {captured} - {refunded} ({reserved} reserved), and {is:?} at Toss"));
        }
        self.refunds_agree(&booked.cancels)
    }

    /// Refunds and cancels are the same, one to one.
    fn refunds_agree(&self, cancels: &[(Option<String>, i64)]) -> Result<(), String> {
        // A compensation that was sent while the store was down has no row of its own.
        let unrecorded = self.by_compensation() && self.refunds.is_empty();
        let sorted = |refunds: &[(Option<String>, i64)]| {
            let mut amounts: Vec<_> = refunds.iter().map(|(_, amount)| *amount).collect();
            amounts.sort_unstable();
            amounts
        };
        let ours = if unrecorded { vec![AMOUNT] } else { sorted(&self.refunds) };
        let known: BTreeSet<_> = cancels.iter().filter_map(|(key, _)| key.as_ref()).collect();
        let foreign =
            self.refunds.iter().filter_map(|(key, _)| key.as_ref()).find(|key| !known.contains(key));
        if ours != sorted(cancels) || foreign.is_some() {
            return Err(format!("our refunds are {:?}, theirs are {cancels:?}", self.refunds));
        }
        Ok(())
    }

    /// Each line begins where the one before it ended, and the last one ends where the payment is.
    fn is_continuous(&self) -> Result<(), String> {
        let (mut at, mut version) = ("ready", 0);
        for (next, from, to) in &self.history {
            if from != at || *next <= version {
                return Err(format!("the history is broken at version {next}: {:?}", self.history));
            }
            (at, version) = (to, *next);
        }
        if at != self.state || version > self.version {
            return Err(format!("the history ends at {at}, the payment is {}", self.state));
        }
        Ok(())
    }
}

impl Ask {
    fn name(&self) -> &'static str {
        match self {
            Self::Confirm(_) => "confirm",
            Self::Read => "read",
            Self::Cancel(_) => "cancel",
            Self::CancelPart(_) => "cancel a part",
        }
    }
}

/// The end, against which everything is held that was said before it.
struct Truth<'a> {
    tale: &'a Tale,
    ours: &'a HashMap<String, Stored>,
    theirs: &'a HashMap<String, Booked>,
    none: Booked,
}

impl Truth<'_> {
    /// Did what somebody was told become true?
    fn check(&self, Heard { asked, answer }: &Heard) -> Result<(), String> {
        let Answer { status, body, .. } = answer;
        let truth = match asked {
            Ask::Confirm(key) => self.confirm(key, *status, body),
            Ask::Read => self.read(*status, body),
            Ask::Cancel(key) => self.cancel(key, *status, body, None),
            Ask::CancelPart(key) => self.cancel(key, *status, body, Some(PART)),
        };
        let books =
            || self.tale.keys.iter().map(|key| (&self.at_toss(key).status, self.at_toss(key).balance));
        match truth {
            Some(true) => Ok(()),
            Some(false) => {
                Err(format!("told and not true, Toss has {:?}: {answer:?}", books().collect::<Vec<_>>()))
            }
            None => Err(format!("an answer that nobody should get: {answer:?}")),
        }
    }

    fn confirm(&self, key: &str, status: u16, body: &str) -> Option<bool> {
        let balance = self.at_toss(key).balance;
        match status {
            200 if says(body, "DONE") => Some(self.charged(key) && (self.wished() || balance == AMOUNT)),
            200 => Some(self.charged(key) && self.wished() && balance < AMOUNT),
            // Pending: whatever becomes of it, we know the payment.
            202 => Some(self.ours.contains_key(key)),
            // The other tab has it.
            409 => Some(self.at_toss(key).approvals == 0 && self.tale.keys.len() > 1),
            500 => Some(body == DATABASE_ERROR && balance == 0),
            _ => None,
        }
    }

    fn read(&self, status: u16, body: &str) -> Option<bool> {
        let mut keys = self.tale.keys.iter();
        match status {
            200 if says(body, "DONE") => Some(keys.any(|key| self.charged(key))),
            200 if says(body, "CANCELED") => Some(keys.all(|key| self.at_toss(key).balance == 0)),
            200 if says(body, "PARTIAL_CANCELED") => Some(self.tale.parts_wished > 0),
            200 => Some(says(body, "IN_PROGRESS")),
            404 => Some(true),
            _ => None,
        }
    }

    /// An answer of Toss's names the cancels that there are; any other promises nothing.
    fn cancel(&self, key: &str, status: u16, body: &str, part: Option<i64>) -> Option<bool> {
        match status {
            200 => {}
            202 | 400 | 403 | 404 | 409 | 500 => return Some(true),
            _ => return None,
        }
        let replied: Value = serde_json::from_str(body).ok()?;
        let named = replied["cancels"].as_array()?;
        let booked = self.at_toss(key);
        let is_booked = |cancel: &Value| {
            let named = cancel["transactionKey"].as_str();
            named.is_some() && booked.cancels.iter().any(|(key, _)| key.as_deref() == named)
        };
        let given_back = match part {
            None => booked.balance == 0,
            Some(part) => booked.cancels.iter().any(|(_, amount)| *amount == part),
        };
        Some(!named.is_empty() && named.iter().all(is_booked) && given_back)
    }

    fn at_toss(&self, key: &str) -> &Booked {
        self.theirs.get(key).unwrap_or(&self.none)
    }

    /// Charged, and not taken back by ourselves.
    fn charged(&self, key: &str) -> bool {
        let kept = self.ours.get(key).is_some_and(|stored| !stored.by_compensation());
        kept && self.at_toss(key).approvals == 1
    }

    /// Did anybody want money back?
    fn wished(&self) -> bool {
        self.tale.whole_wished || self.tale.parts_wished > 0
    }
}

fn says(body: &str, status: &str) -> bool {
    body.contains(&format!(r#""tossPaymentStatus":"{status}""#))
}

/// Was the cancel said to be under way, and nothing was cancelled?
fn is_idle(heard: &Heard, theirs: &HashMap<String, Booked>) -> bool {
    let (Ask::Cancel(key) | Ask::CancelPart(key)) = &heard.asked else { return false };
    heard.answer.status == 202 && theirs.get(key).is_none_or(|booked| booked.cancels.is_empty())
}

/// One who asks again and again never hears an older state.
fn never_backwards(tale: &Tale) -> Result<(), String> {
    let reads = tale.heard.iter().filter(|heard| heard.asked == Ask::Read);
    let ranks: Vec<_> = reads.map(|heard| rank(&heard.answer.body)).collect();
    if ranks.is_sorted() { Ok(()) } else { Err(format!("heard an older state later: {:?}", tale.heard)) }
}

fn rank(body: &str) -> usize {
    let order = ["IN_PROGRESS", "DONE", "PARTIAL_CANCELED", "CANCELED"];
    order.iter().position(|status| says(body, status)).map_or(0, |place| place + 1)
}

fn is_sound(db: &Connection) -> Result<(), String> {
    let integrity: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("a check");
    let foreign: i64 =
        db.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).expect("a count");
    if integrity == "ok" && foreign == 0 {
        Ok(())
    } else {
        Err(format!("{integrity}, {foreign} foreign keys"))
    }
}

fn stored(db: &Connection) -> HashMap<String, Stored> {
    let mut payments = rows(db, "SELECT toss_payment_key, lower(hex(order_id)), state, version, captured_amount, refunded_amount, reserved_amount, canceled_by FROM payments", |row| {
        let stored = Stored {
            order: row.get(1)?,
            state: row.get(2)?,
            version: row.get(3)?,
            captured: row.get(4)?,
            refunded: row.get(5)?,
            reserved: row.get(6)?,
            canceled_by: row.get(7)?,
            refunds: Vec::new(),
            history: Vec::new(),
        };
        Ok((row.get(0)?, stored))
    })
    .into_iter()
    .collect::<HashMap<String, _>>();
    let lines = "SELECT toss_payment_key, j.version, from_state, to_state FROM journal AS j JOIN payments USING (payment_id) ORDER BY payment_id, j.version";
    for (key, line) in rows(db, lines, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?, row.get(3)?)))) {
        let key: String = key;
        payments.get_mut(&key).expect("its payment").history.push(line);
    }
    let refunds = "SELECT toss_payment_key, transaction_key, amount FROM refunds AS r JOIN payments USING (payment_id) WHERE r.state = 'done'";
    for (key, refund) in rows(db, refunds, |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?)))) {
        let key: String = key;
        payments.get_mut(&key).expect("its payment").refunds.push(refund);
    }
    payments
}

fn rows<T>(db: &Connection, query: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = db.prepare(query).expect("a good query");
    let rows = statement.query_map([], read).expect("rows");
    rows.collect::<Result<_, _>>().expect("good rows")
}

fn booked(world: &World, journal: &[JournalEntry], tales: &[Tale]) -> HashMap<String, Booked> {
    let mut books: HashMap<String, Booked> = HashMap::new();
    for key in tales.iter().flat_map(|tale| &tale.keys) {
        let payment = world.toss.payment(key).expect("Toss forgets nothing");
        let status = payment["status"].as_str().unwrap_or_default().to_owned();
        let balance = payment["balanceAmount"].as_i64().unwrap_or_default();
        books.insert(key.clone(), Booked { status, balance, ..Booked::default() });
    }
    for entry in journal {
        let Some(booked) = entry.payment_key.as_ref().and_then(|key| books.get_mut(key)) else { continue };
        booked.approvals += usize::from(entry.effect == EffectKind::Approved);
        if entry.effect == EffectKind::Canceled {
            let amount = entry.effect_amount.unwrap_or_default();
            booked.cancels.push((entry.transaction_key.clone(), amount));
        }
        if entry.operation == Operation::Confirm {
            booked.confirm_keys.insert(entry.idempotency_key.clone().unwrap_or_default());
        }
    }
    for booked in books.values_mut().filter(|booked| booked.approvals == 0) {
        // A payment that is only authenticated has its whole amount as its balance, and holds nothing.
        booked.balance = 0;
    }
    books
}
