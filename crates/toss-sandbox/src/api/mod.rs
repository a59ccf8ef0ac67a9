//! The core API: what every call has in common.
//!
//! 1. read: who calls, about what, under which idempotency key (no lock)
//! 2. judge: a fault rule, a stored answer, a test code, each may answer instead (one lock)
//! 3. execute: the call's own file, in the same lock; the journal is written with the effect
//! 4. reply: bytes and headers, or none

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;

use crate::answer::{Answer, Said};
use crate::auth::MerchantId;
use crate::clock::Ms;
use crate::codes::{self, Code, Refusal};
use crate::faults::{FaultKind, When, code_of};
use crate::idempotency::{Known, Stored};
use crate::journal::{Effect, Entry, Operation};
use crate::money::Currency;
use crate::promotions;
use crate::shared::Shared;
use crate::state::World;

use call::{Ask, Call};
use reply::{Delivery, Reply};

mod billing;
mod call;
pub(crate) mod cancel;
mod confirm;
mod create;
mod key_in;
mod lists;
mod read;
mod receipts;
pub(crate) mod reply;
mod routes;
mod settlements;
mod tomorrow;
mod transactions;
mod virtual_accounts;

pub(crate) use routes::routes;

async fn serve(
    shared: Arc<Shared>,
    operation: Operation,
    subject: Option<String>,
    request: Request,
) -> Response {
    let line = reply::line_of(&request);
    let call = match call::read(&shared.directory, operation, subject, request).await {
        Ok(call) => call,
        Err(response) => return response,
    };
    let reply = match begin(&shared, &call) {
        Begun::Decided(reply) => reply,
        // A caller who hangs up must not stop what Toss has begun: the wait lives in its own task.
        Begun::Delayed(delayed) => {
            let waiting = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(delayed.ms)).await;
                let reply = delayed.end(&shared, &call);
                (call, reply)
            });
            return match waiting.await {
                Ok((call, reply)) => reply::send(&reply, call.echo, line),
                Err(_) => reply::gateway(500),
            };
        }
    };
    reply::send(&reply, call.echo, line)
}

/// What step 2 and 3 came to.
enum Begun {
    Decided(Reply),
    Delayed(Delayed),
}

/// A call that a rule holds up.
struct Delayed {
    ms: u64,
    rest: Rest,
}

/// What is still to be done when the time has passed.
enum Rest {
    /// Everything: the call has had no effect yet. `marked`: it marked its payment as being confirmed.
    Execute {
        marked: bool,
    },
    /// The key of the call still counts as running.
    Settle(Reply),
    Send(Reply),
}

impl Delayed {
    fn end(self, shared: &Shared, call: &Call) -> Reply {
        let mut world = shared.world();
        let reply = match self.rest {
            Rest::Send(reply) => return reply,
            Rest::Settle(reply) => reply,
            Rest::Execute { marked } => {
                if marked {
                    world.mark_confirming(shared, call, false);
                }
                world.conclude(shared, call, None)
            }
        };
        world.settle(call, &reply);
        reply
    }
}

/// Step 2, and 3 unless a rule holds it up.
fn begin(shared: &Shared, call: &Call) -> Begun {
    let now = shared.now();
    let mut world = shared.world();
    let fault = world.fault(call);
    if let Some(reply) = world.spoil(shared, call, fault.as_ref(), now) {
        return Begun::Decided(reply);
    }
    let delay = match fault {
        Some(FaultKind::Delay { ms, when }) => Some((ms, when)),
        _ => None,
    };
    if let Some(early) = world.judge(call, now) {
        let reply = world.word(shared, call, early, Effect::NONE, fault.as_ref());
        return match delay {
            Some((ms, _)) => Begun::Delayed(Delayed { ms, rest: Rest::Send(reply) }),
            None => Begun::Decided(reply),
        };
    }
    if let Some(identity) = &call.identity {
        world.idempotency.reserve(identity, now);
    }
    if let Some((ms, When::Before)) = delay {
        let marked = world.mark_confirming(shared, call, true);
        return Begun::Delayed(Delayed { ms, rest: Rest::Execute { marked } });
    }
    let reply = world.conclude(shared, call, fault.as_ref());
    if let Some((ms, _)) = delay {
        return Begun::Delayed(Delayed { ms, rest: Rest::Settle(reply) });
    }
    world.settle(call, &reply);
    Begun::Decided(reply)
}

/// What a call's own file comes back with.
pub(crate) struct Outcome {
    pub(crate) answer: Answer,
    pub(crate) effect: Effect,
}

impl Outcome {
    fn refused(refusal: impl Into<Refusal>, call: &Call) -> Self {
        Self { answer: Answer::refused(refusal, call.lang), effect: Effect::NONE }
    }

    /// An answer that is no payment, or a refusal; neither moves money.
    fn told(told: Result<Value, Code>, call: &Call) -> Self {
        match told {
            Ok(told) => Self::said(told.to_string().into_bytes(), call),
            Err(code) => Self::refused(code, call),
        }
    }

    /// These bytes.
    fn said(text: Vec<u8>, call: &Call) -> Self {
        let said = Said::Text(text.into());
        Self { answer: Answer { said, lang: call.lang }, effect: Effect::NONE }
    }
}

impl World {
    /// The rule that spoils this call, if one does; unauthorised calls are nobody's.
    fn fault(&mut self, call: &Call) -> Option<FaultKind> {
        if self.faults.is_empty() && call.fault.is_none() {
            return None;
        }
        let merchant = call.merchant.ok()?;
        if let Some(kind) = &call.fault {
            return Some(kind.clone());
        }
        let (order, payment, _) = self.names(call, merchant);
        self.faults.take(call.operation, order.as_deref(), payment.as_deref(), &mut self.ids)
    }

    /// The rules that answer instead of Toss: nothing behind them hears of the call.
    fn spoil(&mut self, shared: &Shared, call: &Call, fault: Option<&FaultKind>, now: Ms) -> Option<Reply> {
        match fault? {
            FaultKind::Drop => {
                self.log(shared, call, None, Effect::NONE, Mark { lost: true, ..Mark::default() });
                Some(Reply { delivery: Delivery::Nothing, ..self.reply(None) })
            }
            FaultKind::Html { status } => {
                self.log(shared, call, None, Effect::NONE, Mark { status: Some(*status), ..Mark::default() });
                Some(Reply { delivery: Delivery::Gateway(*status), ..self.reply(None) })
            }
            FaultKind::FailBefore { status, code } => {
                let refusal = Refusal::with_status(code_of(*status, code.as_deref()), *status);
                let answer = Answer::refused(refusal, call.lang);
                self.log(shared, call, Some(&answer), Effect::NONE, Mark::default());
                let reply = self.reply(Some(answer));
                let known = call.identity.as_ref().map(|identity| self.idempotency.look_up(identity, now));
                if let (Some(identity), Some(Known::Nothing)) = (&call.identity, known) {
                    self.idempotency.reserve(identity, now);
                    self.settle(call, &reply);
                }
                Some(reply)
            }
            FaultKind::OtherPayment { shown } => {
                let said = self.payment(shown, now).map(|other| Said::Payment(Box::new(other.clone())));
                let answer = match said {
                    Some(said) => Answer { said, lang: call.lang },
                    None => Answer::refused(codes::NOT_FOUND_PAYMENT, call.lang),
                };
                self.log(shared, call, Some(&answer), Effect::NONE, Mark::default());
                Some(self.reply(Some(answer)))
            }
            _ => None,
        }
    }

    /// Everything that Toss answers before it looks at the payment.
    fn judge(&mut self, call: &Call, now: Ms) -> Option<Early> {
        let early = |code: Code| Some(Early { answer: Answer::refused(code, call.lang), original: None });
        let merchant = match call.merchant {
            Ok(merchant) => merchant,
            Err(code) => return early(code),
        };
        if self.limits.exceeds(merchant, call.operation, self.switches.requests_per_minute, now) {
            return early(codes::TOO_MANY_REQUESTS);
        }
        if call.key_too_long {
            return early(codes::INVALID_IDEMPOTENCY_KEY);
        }
        let known = call.identity.as_ref().map(|identity| self.idempotency.look_up(identity, now));
        match known {
            Some(Known::Finished(stored)) => {
                return Some(Early { answer: stored.answer, original: Some(stored.trace) });
            }
            Some(Known::Running) => return early(codes::IDEMPOTENT_REQUEST_PROCESSING),
            _ => {}
        }
        let window = self.switches.consecutive_requests_ms;
        if window > 0 && self.limits.repeats(call.operation, call.about(), window, now) {
            return early(codes::FORBIDDEN_CONSECUTIVE_REQUEST);
        }
        let code = match call.test_code? {
            Err(_) if !self.switches.refuse_unknown_test_codes => return None,
            code => code.unwrap_or(codes::INVALID_TEST_CODE),
        };
        if let (Some(identity), true) = (&call.identity, self.switches.store_test_code_answers) {
            self.idempotency.reserve(identity, now);
            let reply = self.reply(Some(Answer::refused(code, call.lang)));
            self.settle(call, &reply);
        }
        early(code)
    }

    /// Step 3: the call itself.
    fn conclude(&mut self, shared: &Shared, call: &Call, fault: Option<&FaultKind>) -> Reply {
        let outcome = self.execute(shared, call, shared.now());
        let early = Early { answer: outcome.answer, original: None };
        self.word(shared, call, early, outcome.effect, fault)
    }

    /// Words the reply, as a rule leaves it, and writes the journal.
    fn word(
        &mut self,
        shared: &Shared,
        call: &Call,
        early: Early,
        effect: Effect,
        fault: Option<&FaultKind>,
    ) -> Reply {
        let Early { mut answer, original } = early;
        let mut delivery = Delivery::Whole;
        match fault {
            Some(FaultKind::LoseReply) => delivery = Delivery::Nothing,
            Some(FaultKind::CutBody { bytes }) => delivery = Delivery::Cut(*bytes),
            Some(FaultKind::FutureFields) => delivery = Delivery::OfTomorrow(call.operation),
            Some(FaultKind::FailAfter { status, code }) => {
                let refusal = Refusal::with_status(code_of(*status, code.as_deref()), *status);
                answer = Answer::refused(refusal, call.lang);
            }
            _ => {}
        }
        let lost = matches!(delivery, Delivery::Nothing | Delivery::Cut(_));
        let mark = Mark { lost, replayed: original.is_some(), status: None };
        self.log(shared, call, Some(&answer), effect, mark);
        Reply { original, delivery, ..self.reply(Some(answer)) }
    }

    fn execute(&mut self, shared: &Shared, call: &Call, now: Ms) -> Outcome {
        let Ok(merchant) = call.merchant else { return Outcome::refused(codes::UNAUTHORIZED_KEY, call) };
        match &call.ask {
            Err(code) => Outcome::refused(*code, call),
            Ok(Ask::Confirm(ask)) => confirm::execute(self, merchant, ask, call, now),
            Ok(Ask::Cancel(ask)) => cancel::execute(self, shared, merchant, ask, call, now),
            Ok(Ask::Create(ask)) => create::execute(self, shared, merchant, ask, call),
            Ok(Ask::KeyIn(ask)) => key_in::execute(self, shared, merchant, ask, call, now),
            Ok(Ask::VirtualAccount(ask)) => virtual_accounts::execute(self, shared, merchant, ask, call, now),
            Ok(Ask::Read(subject)) => read::execute(self, merchant, subject, call, now),
            Ok(Ask::Settlements(ask)) => settlements::execute(self, shared, merchant, ask, call, now),
            Ok(Ask::Promotions { of_cards: true }) => {
                Outcome::told(Ok(promotions::of_cards(&shared.config.promotions)), call)
            }
            Ok(Ask::Promotions { of_cards: false }) => {
                Outcome::told(Ok(promotions::all(&shared.config.promotions)), call)
            }
            Ok(Ask::Receipts(ask)) => receipts::execute(self, shared, merchant, ask, call, now),
            Ok(Ask::Billing(ask)) => billing::execute(self, shared, merchant, ask, call, now),
            Ok(Ask::Transactions(ask)) => transactions::execute(self, merchant, ask, call, now),
        }
    }

    /// Stores the answer of a reserved key, or gives the key back: a 409 and a 429 are no outcomes, and
    /// whether a 5xx is one the configuration says.
    fn settle(&mut self, call: &Call, reply: &Reply) {
        let (Some(identity), Some(answer)) = (&call.identity, &reply.answer) else { return };
        let stored = match answer.status() {
            409 | 429 => false,
            500.. => self.switches.replay_server_errors,
            _ => true,
        };
        if stored {
            self.idempotency.finish(identity, Stored { answer: answer.clone(), trace: reply.trace });
        } else {
            self.idempotency.release(identity);
        }
    }

    /// Marks, or unmarks, the payment of a confirm that is held up; true if this call set the mark.
    fn mark_confirming(&mut self, shared: &Shared, call: &Call, on: bool) -> bool {
        match (&call.ask, call.merchant) {
            (Ok(Ask::Confirm(ask)), Ok(merchant)) => self.set_confirming(shared, merchant, ask, on),
            _ => false,
        }
    }

    fn reply(&mut self, answer: Option<Answer>) -> Reply {
        Reply { answer, trace: self.ids.wide(), original: None, delivery: Delivery::Whole }
    }

    fn log(&mut self, shared: &Shared, call: &Call, answer: Option<&Answer>, effect: Effect, mark: Mark) {
        let (order, payment, currency) = self.names(call, call.merchant.unwrap_or(MerchantId::MAX));
        self.journal.write(Entry {
            at: shared.now(),
            operation: call.operation,
            order,
            payment,
            amount: call.amount(currency),
            key: call.key.clone(),
            replayed: mark.replayed,
            lost: mark.lost,
            status: mark.status.or(answer.map(Answer::status)),
            code: answer.and_then(Answer::code),
            effect,
        });
    }

    /// Order and payment of a call: its own words, completed from the payment that they name; and its currency.
    fn names(&self, call: &Call, merchant: MerchantId) -> (Option<Arc<str>>, Option<Arc<str>>, Currency) {
        let (order, payment) = call.names();
        let rule = self.switches.read_by_order;
        let found = payment.and_then(|key| self.peek(key)).filter(|found| found.about.merchant == merchant);
        let found = found.or_else(|| {
            let key = order.filter(|_| payment.is_none()).and_then(|id| self.of_order(merchant, id, rule))?;
            self.peek(&key)
        });
        let about = found.map(|payment| &payment.about);
        // A confirm may name an order that is not the payment's: the journal keeps the caller's word.
        let order = match (order, about) {
            (Some(order), Some(about)) if *about.order != *order => Some(Arc::from(order)),
            (order, about) => about.map(|about| Arc::clone(&about.order)).or_else(|| order.map(Arc::from)),
        };
        let payment = about.map(|about| Arc::clone(&about.key)).or_else(|| payment.map(Arc::from));
        (order, payment, about.map_or(Currency::Krw, |about| about.currency))
    }
}

/// An answer on its way to be worded; with the first answer's trace if it is a replay.
struct Early {
    answer: Answer,
    original: Option<u128>,
}

/// What the journal says about a reply beside its answer.
#[derive(Clone, Copy, Default)]
struct Mark {
    lost: bool,
    replayed: bool,
    /// The status of a gateway that answered in Toss's place.
    status: Option<u16>,
}
