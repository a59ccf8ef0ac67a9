//! The checker: our database, the sandbox's books and everything that anybody was told, joined. It is asked when
//! nothing is under way any more, and reads all of it: nothing is sampled.
use crate::books::{Booked, Canceled, Ours, Refund, Stored, booked, named_by, sent, taken};
use crate::shopper::{AMOUNT, Ask, Heard, Tale};
use crate::street::{Keyed, What};
use crate::support::World;
use crate::truth::{Truth, always_the_same, never_backwards};
use crate::unknown::{self, Unknown};
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use toss_sandbox::WebhookState;

/// What the join showed.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// How often what, for people.
    pub(crate) counts: BTreeMap<&'static str, usize>,
    pub(crate) charges: usize,
    /// Answers, by what was asked and how it was answered.
    pub(crate) answers: BTreeMap<String, usize>,
    /// Calls whose outcome we were not told.
    pub(crate) unknown: Unknown,
    /// Orders that were paid twice, or payments that were charged twice.
    pub(crate) doubles: Vec<String>,
    /// Money that moved, and we do not know it.
    pub(crate) orphans: Vec<String>,
    /// Everything else in which the two sides, or the told and the true, differ.
    pub(crate) differences: Vec<String>,
    /// Events that the shop was not told, or told twice in different words.
    pub(crate) lost_events: Vec<String>,
}

/// Checks it all.
pub(crate) fn told(world: &World, tales: &[Tale]) -> Findings {
    let db = world.db();
    let ours = Ours::read(&db);
    let journal = world.journal();
    let theirs = booked(world, &journal, tales);
    let mut findings = Findings { unknown: unknown::spoiled(&journal), ..Findings::default() };
    findings.charges = theirs.values().map(|booked| booked.approvals).sum();
    for (key, booked) in &theirs {
        findings.charged_once_and_known(key, booked, ours.payments.get(key));
    }
    for (key, stored) in &ours.payments {
        findings
            .doubles
            .extend(stored.given_twice().map(|reason| format!("{key}: {reason:?} was given back twice")));
        findings.note(key, stored.agrees(theirs.get(key)));
        findings.note(key, stored.is_continuous());
    }
    for tale in tales {
        findings.paid_once(tale, &theirs);
        for key in &tale.keys {
            let foreign = ours.payments.get(key).filter(|stored| stored.order != tale.order);
            findings.note(key, foreign.map_or(Ok(()), |other| Err(format!("it pays {}", other.order))));
        }
        findings.was_told_the_truth(&Truth { tale, ours: &ours, theirs: &theirs, none: Booked::default() });
    }
    findings.webhooks_are_kept(world, tales, &ours);
    findings.note("the database", is_sound(&db));
    findings.count("orders", tales.len());
    findings.count("intents to charge", ours.payments.len());
    findings.count("calls to Toss", journal.len());
    findings.count(
        "calls to Toss whose answer was lost on its way to us",
        journal.iter().filter(|it| it.lost).count(),
    );
    findings.count_refunds(&ours);
    findings
}

impl Findings {
    pub(crate) fn count(&mut self, what: &'static str, times: usize) {
        *self.counts.entry(what).or_default() += times;
    }

    pub(crate) fn note(&mut self, about: &str, finding: Result<(), String>) {
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
        let stems: BTreeSet<_> = booked.confirm_keys.iter().map(|key| named_by(key)).collect();
        if stems.len() > 1 || stems.contains("") {
            self.differences.push(format!("{key}: idempotency keys {:?}", booked.confirm_keys));
        }
        for cancel in booked.cancel_keys.iter().map(|key| named_by(key)) {
            let intended = |stored: &Stored| {
                stored.id == cancel || stored.refunds.iter().any(|refund| refund.id == cancel)
            };
            if !stored.is_some_and(intended) {
                self.orphans.push(format!("{key}: a cancel {cancel:?} without an intent"));
            }
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

    fn was_told_the_truth(&mut self, truth: &Truth<'_>) {
        let tale = truth.tale;
        for heard in &tale.heard {
            let asked = format!("{} {}", name(&heard.asked), heard.answer.status);
            *self.answers.entry(asked).or_default() += 1;
            let books = || tale.keys.iter().filter_map(|key| truth.theirs.get(key));
            let books = || books().map(|at_toss| (&at_toss.status, at_toss.balance)).collect::<Vec<_>>();
            match truth.bears_out(heard) {
                Some(true) => {}
                Some(false) => {
                    let said = format!("told and not true, Toss has {:?}: {}", books(), brief(heard));
                    self.note(&tale.order, Err(said));
                }
                None => {
                    self.note(
                        &tale.order,
                        Err(format!("an answer that nobody should get: {}", brief(heard))),
                    );
                }
            }
        }
        self.note(&tale.order, never_backwards(tale));
        self.note(&tale.order, always_the_same(tale));
    }

    /// Whatever was answered with 200 is in the database: these are far fewer than the most that are kept.
    fn webhooks_are_kept(&mut self, world: &World, tales: &[Tale], ours: &Ours) {
        let sent = sent(world);
        for webhook in &sent {
            let kept = ours.transmissions.get(&webhook.transmission_id).copied().unwrap_or(0);
            if kept < taken(webhook) {
                let lost = format!("answered {} times, kept {kept} times", taken(webhook));
                self.note(&format!("webhook {}", webhook.transmission_id), Err(lost));
            }
        }
        let dropped = sent.iter().filter(|webhook| webhook.state == WebhookState::Dropped);
        self.count("webhooks that Toss dropped", dropped.count());
        self.count("webhooks delivered, answered 200", sent.iter().map(taken).sum());
        for Heard { asked, answer } in tales.iter().flat_map(|tale| &tale.heard) {
            let Ask::Forged(body) = asked else { continue };
            self.count("webhooks forged", 1);
            if answer.status == 200 && !ours.bodies.contains_key(body.as_bytes()) {
                self.note("webhook", Err(format!("answered and not kept: {body}")));
            }
        }
        self.count("webhooks kept", ours.webhooks());
    }

    fn count_refunds(&mut self, ours: &Ours) {
        for refund in ours.payments.values().flat_map(|stored| &stored.refunds) {
            self.count("refunds that were queued", usize::from(refund.queued));
            self.count(
                match refund.state.as_str() {
                    "done" => "refunds done",
                    "refused" => "refunds refused",
                    "elsewhere" => "refunds made elsewhere",
                    _ => "refunds not at rest",
                },
                1,
            );
        }
        let undone = ours.payments.values().filter(|stored| stored.by_compensation()).count();
        self.count("charges that could not be stored and went back", undone);
    }
}

impl Stored {
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

    /// Refunds that are back and cancels are the same, one to one, by their transaction; and each call's effect is with
    /// the refund that it was made for.
    fn refunds_agree(&self, cancels: &[Canceled]) -> Result<(), String> {
        let both = || format!("our refunds are {:?}, theirs are {cancels:?}", self.refunds);
        let back: Vec<_> = self.refunds.iter().filter(|refund| refund.is_back()).collect();
        if back.len() != cancels.len() {
            return Err(both());
        }
        for cancel in cancels {
            let mut its =
                back.iter().filter(|refund| refund.transaction.as_ref() == Some(&cancel.transaction));
            let (Some(refund), None) = (its.next(), its.next()) else { return Err(both()) };
            if refund.amount != cancel.amount || !self.is_of(refund, cancel) {
                return Err(both());
            }
        }
        let resting = |refund: &Refund| refund.is_back() || refund.state == "refused";
        if self.refunds.iter().all(resting) { Ok(()) } else { Err(both()) }
    }

    fn is_of(&self, refund: &Refund, cancel: &Canceled) -> bool {
        match cancel.key.as_deref().map(named_by) {
            // One of our amount, made at our balance while our own call was on its way, cannot be told from ours: the
            // wish counts as fulfilled, and the money has gone back once (docs/correctness.md, assumption 7).
            None => matches!(refund.state.as_str(), "elsewhere" | "done"),
            // A compensation that was sent while the store was down is found as if it had been made elsewhere.
            Some(id) if self.by_compensation() && id == self.id => true,
            Some(id) => refund.state == "done" && refund.id == id,
        }
    }

    /// Wishes, each of which has its own reason, for which money has gone back more than once.
    fn given_twice(&self) -> impl Iterator<Item = &str> {
        let done: Vec<_> = self.refunds.iter().filter(|refund| refund.state == "done").collect();
        let again =
            done.clone().into_iter().enumerate().filter(move |(at, refund)| {
                done[..*at].iter().any(|earlier| earlier.reason == refund.reason)
            });
        again.map(|(_, refund)| &*refund.reason)
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

fn name(asked: &Ask) -> &'static str {
    match asked {
        Ask::Confirm(_) => "confirm",
        Ask::Read => "read",
        Ask::Cancel { amount: None, .. } => "cancel",
        Ask::Cancel { .. } => "cancel a part",
        Ask::Keyed(Keyed { what: What::Order, .. }) => "order",
        Ask::Keyed(Keyed { what: What::Refund { amount: None, .. }, .. }) => "refund",
        Ask::Keyed(_) => "refund a part",
        Ask::Forged(_) => "forged webhook",
    }
}

fn brief(Heard { asked, answer }: &Heard) -> String {
    format!("{asked:?} was answered {} {}", answer.status, answer.body)
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
