//! How the load asks: whoever hears nothing because the server died asks the next one the same again, and everything
//! that is heard is kept.
use crate::buyer::Buyer;
use crate::doors::Doors;
use crate::support::{Answer, Api, BOUND, try_send, unique};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::time::sleep;
use toss_sandbox::Sandbox;

/// How long a request that is being carried out may be, before its sender leaves it for later: its claimant has died.
const RUNNING_MAX: u32 = 8;

/// How long somebody waits for a payment that nobody may have begun.
const GIVES_UP: Duration = Duration::from_secs(8);

/// The street on which the shoppers are.
pub(crate) struct Street {
    pub(crate) toss: Sandbox,
    doors: Doors,
    /// Is who is told "not now" to ask again?
    patient: bool,
    closing: AtomicBool,
    lost: AtomicU64,
    turned_away: AtomicU64,
}

/// One purchase, and everything that was said about it.
#[derive(Debug, Default)]
pub(crate) struct Tale {
    /// Our id of the order.
    pub(crate) order: String,
    /// The payments that its buyer authenticated.
    pub(crate) keys: Vec<String>,
    /// In the order of the hearing; of what is asked at the same time, in any.
    pub(crate) heard: Vec<Heard>,
    /// Did anybody ask for money, or give some back in Toss's dashboard?
    pub(crate) gives_back: bool,
    /// Everything that was asked under a name of its own, answered or not.
    pub(crate) keyed: Vec<Keyed>,
}

/// A question and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) asked: Ask,
    pub(crate) answer: Answer,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Confirm(String),
    Read,
    /// On the storefront: of which payment, how much of it, under which reason (no other wish has it).
    Cancel {
        payment: String,
        amount: Option<i64>,
        reason: String,
    },
    Keyed(Keyed),
    /// A webhook that Toss never sent.
    Forged(String),
}

/// A request of the shop's under an `Idempotency-Key`, which is also an order's reference or a refund's reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keyed {
    pub(crate) name: String,
    path: String,
    body: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Order,
    /// Of which payment at Toss, and how much of it.
    Refund {
        payment: String,
        amount: Option<i64>,
    },
}

impl Keyed {
    pub(crate) fn order(total: i64) -> Self {
        let name = format!("ref-{}", unique());
        let body = json!({"merchantReference": name, "orderName": "티셔츠", "totalAmount": total});
        Self { name, path: "/v1/orders".to_owned(), body: body.to_string(), what: What::Order }
    }

    /// `id` is our name of the payment, `payment` is Toss's.
    pub(crate) fn refund(id: &str, payment: &str, amount: Option<i64>) -> Self {
        let name = format!("wish-{}", unique());
        let body = with_amount(json!({"cancelReason": name}), amount);
        let what = What::Refund { payment: payment.to_owned(), amount };
        Self { name, path: format!("/v1/payments/{id}/cancel"), body: body.to_string(), what }
    }

    pub(crate) fn request(&self, api: &Api) -> RequestBuilder {
        let request = api.post(&self.path, self.body.clone()).bearer_auth(&api.key);
        request.header("idempotency-key", &self.name)
    }
}

impl Street {
    pub(crate) fn new(toss: Sandbox, doors: Doors) -> Self {
        let (lost, turned_away) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { toss, doors, patient: false, closing: AtomicBool::new(false), lost, turned_away }
    }

    /// Whoever is told that the store cannot be used now asks again, as it says there. Otherwise nobody should be told so.
    pub(crate) fn with_patience(self) -> Self {
        Self { patient: true, ..self }
    }

    /// No new purchases from now on.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    pub(crate) fn is_open(&self) -> bool {
        !self.closing.load(Relaxed)
    }

    /// Answers that did not come although the question had left.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Where a store may be down, the storefront may say so.
    pub(crate) fn may_say(&self, status: u16) -> bool {
        matches!(status, 200 | 503) || (self.patient && status == 500)
    }

    /// Is it time to go home without what does not come? Only where a store may have been down when it was asked for.
    pub(crate) fn gives_up(&self, since: Instant) -> bool {
        self.patient && since.elapsed() > GIVES_UP
    }

    /// Answers of "not now".
    pub(crate) fn turned_away(&self) -> u64 {
        self.turned_away.load(Relaxed)
    }

    /// Asks the same until somebody answers.
    pub(crate) async fn ask(&self, request: impl Fn(&Api) -> RequestBuilder) -> Answer {
        self.ask_until(request, |answer| answer.status != 503).await
    }

    /// Looks at something on the storefront, which says 500 when it cannot see.
    pub(crate) async fn look(&self, request: impl Fn(&Api) -> RequestBuilder) -> Answer {
        self.ask_until(request, |answer| !matches!(answer.status, 500 | 503)).await
    }

    async fn ask_until(
        &self,
        request: impl Fn(&Api) -> RequestBuilder,
        is_answer: impl Fn(&Answer) -> bool,
    ) -> Answer {
        let started = Instant::now();
        loop {
            let api = self.doors.somebody().await;
            match try_send(request(&api)).await {
                Ok(answer) if self.patient && !is_answer(&answer) => {
                    self.turned_away.fetch_add(1, Relaxed);
                    sleep(Duration::from_millis(50)).await;
                }
                Ok(answer) => return answer,
                Err(error) => {
                    self.lost.fetch_add(u64::from(!error.is_connect()), Relaxed);
                    // It is dead; the next one comes soon.
                    self.doors.another(&api).await;
                }
            }
            assert!(started.elapsed() < BOUND, "nobody answers");
        }
    }

    /// Asks once, of whoever serves now.
    pub(crate) async fn ask_once(&self, request: impl Fn(&Api) -> RequestBuilder) -> Option<Answer> {
        let answer = try_send(request(&self.somebody().await)).await;
        self.lost.fetch_add(u64::from(answer.is_err()), Relaxed);
        answer.ok()
    }

    /// Whoever serves now, or next.
    pub(crate) async fn somebody(&self) -> Api {
        self.doors.somebody().await
    }

    /// Repeats a request under its key until it has been carried out; nothing while another claimant, who is dead, is
    /// taken to be at it.
    pub(crate) async fn ask_keyed(&self, keyed: &Keyed) -> Option<Heard> {
        for _ in 0..RUNNING_MAX {
            let answer = self.ask(|api| keyed.request(api)).await;
            if is_final(&answer) {
                return Some(Heard { asked: Ask::Keyed(keyed.clone()), answer });
            }
            sleep(Duration::from_millis(80)).await;
        }
        None
    }
}

/// Is it the answer, and not "ask again later"?
pub(crate) fn is_final(answer: &Answer) -> bool {
    answer.header("retry-after").is_empty()
}

pub(crate) fn with_cookie(request: RequestBuilder, buyer: &Buyer) -> RequestBuilder {
    buyer.cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie))
}

pub(crate) fn with_amount(mut body: Value, amount: Option<i64>) -> Value {
    if let Some(amount) = amount {
        body["cancelAmount"] = amount.into();
    }
    body
}
