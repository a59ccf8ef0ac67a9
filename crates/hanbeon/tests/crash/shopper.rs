//! The load: buyers who double-click, leave, come back, open two tabs, and change their minds, and a shop that gives
//! parts of the money back. Whoever hears nothing because the server died asks the next one the same again, and
//! everything that is heard is kept.
use crate::buyer::Buyer;
use crate::plan::Dice;
use crate::support::{Answer, Api, BOUND, try_send, unique};
use reqwest::RequestBuilder;
use serde_json::json;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use toss_sandbox::{NewPayment, Sandbox};

/// What everything costs.
pub(crate) const AMOUNT: i64 = 1_000;
/// What the shop gives back at a time.
pub(crate) const PART: i64 = 300;

/// The street on which the shoppers are.
pub(crate) struct Street {
    toss: Sandbox,
    /// Whoever serves now; nobody between two lives.
    server: watch::Receiver<Option<Api>>,
    /// How long the shop waits between two refunds of one payment.
    between_refunds: Duration,
    closing: AtomicBool,
    lost: AtomicU64,
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
    /// Did anybody ask for all the money back?
    pub(crate) whole_wished: bool,
    /// How many parts were asked for.
    pub(crate) parts_wished: usize,
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
    Cancel(String),
    CancelPart(String),
}

impl Street {
    pub(crate) fn new(
        toss: Sandbox,
        server: watch::Receiver<Option<Api>>,
        between_refunds: Duration,
    ) -> Self {
        Self { toss, server, between_refunds, closing: AtomicBool::new(false), lost: AtomicU64::new(0) }
    }

    /// No new purchases from now on.
    pub(crate) fn close(&self) {
        self.closing.store(true, Relaxed);
    }

    /// Answers that did not come although the question had left.
    pub(crate) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }

    /// Shops until the street closes.
    pub(crate) async fn shop(&self, mut dice: Dice) -> Vec<Tale> {
        let mut tales = Vec::new();
        while !self.closing.load(Relaxed) {
            tales.push(self.purchase(dice.below(10)).await);
        }
        tales
    }

    /// One purchase, from the order to the last look at it.
    async fn purchase(&self, mood: u64) -> Tale {
        let buyer = self.ready(mood.is_multiple_of(2)).await;
        let mut tale = Tale { order: buyer.order.clone(), keys: vec![buyer.key.clone()], ..Tale::default() };
        let seen = &mut tale.heard;
        match mood {
            0 => self.leave_in_the_middle(&buyer).await,
            1 | 2 => {
                let mut other = Buyer { toss_order: toss_order(), ..buyer.clone() };
                other.key = self.authenticate(&other);
                tale.keys.push(other.key.clone());
                let (one, two) = tokio::join!(self.confirm(&buyer), self.confirm(&other));
                seen.extend([one, two]);
            }
            3 => {
                tale.whole_wished = true;
                let (one, two) = tokio::join!(self.confirm(&buyer), self.cancel(&buyer));
                seen.extend([one, two]);
            }
            _ => {
                let (one, two) = tokio::join!(self.confirm(&buyer), self.confirm(&buyer));
                seen.extend([one, two]);
            }
        }
        // A webhook about the payment would be sent here, as soon as the server takes webhooks.
        seen.push(self.read(&buyer).await);
        match mood {
            4 | 5 => {
                tale.whole_wished = true;
                let (one, two) = tokio::join!(self.cancel(&buyer), self.cancel(&buyer));
                seen.extend([one, two]);
            }
            6..=8 => {
                tale.parts_wished = 1;
                let first = self.cancel_part(&buyer).await;
                let done = first.as_ref().is_some_and(|heard| heard.answer.status == 200);
                seen.extend(first);
                if done {
                    tokio::time::sleep(self.between_refunds).await;
                    if mood == 8 {
                        tale.whole_wished = true;
                        seen.push(self.cancel(&buyer).await);
                    } else {
                        tale.parts_wished = 2;
                        seen.extend(self.cancel_part(&buyer).await);
                    }
                }
            }
            _ => {}
        }
        seen.push(self.read(&buyer).await);
        tale
    }

    /// Has an order, a cookie perhaps, and has been through the payment window.
    async fn ready(&self, with_cookie: bool) -> Buyer {
        // Each try is another order: an answer that is lost leaves an order that nobody pays.
        let made = self.ask(|api| {
            let reference = format!("ref-{}", unique());
            let order = json!({"merchantReference": reference, "orderName": "티셔츠", "totalAmount": AMOUNT});
            api.post("/v1/orders", order.to_string()).bearer_auth(&api.key)
        });
        let order = made.await.has_status(201)["id"].as_str().expect("an id").to_owned();
        let mut buyer =
            Buyer { order, toss_order: toss_order(), amount: AMOUNT, key: String::new(), cookie: None };
        if with_cookie {
            let body = json!({"orderId": buyer.toss_order, "amount": AMOUNT});
            let answer = self.ask(|api| api.post("/payments/saveAmount", body.to_string())).await;
            answer.has_status(200);
            buyer.cookie = answer.cookie();
        }
        buyer.key = self.authenticate(&buyer);
        buyer
    }

    fn authenticate(&self, buyer: &Buyer) -> String {
        self.toss.authenticate(&NewPayment::card(&buyer.toss_order, buyer.amount)).expect("a payment")
    }

    async fn confirm(&self, buyer: &Buyer) -> Heard {
        let body = buyer.confirmation().to_string();
        let answer = self.ask(|api| with_cookie(api.post("/payments/confirm", body.clone()), buyer)).await;
        Heard { asked: Ask::Confirm(buyer.key.clone()), answer }
    }

    /// Closes the browser before the answer can be there.
    async fn leave_in_the_middle(&self, buyer: &Buyer) {
        let api = self.somebody().await;
        let request = with_cookie(api.post("/payments/confirm", buyer.confirmation().to_string()), buyer);
        // Whatever comes of it is not heard.
        let _ = tokio::time::timeout(Duration::from_millis(8), request.send()).await;
    }

    async fn read(&self, buyer: &Buyer) -> Heard {
        let path = format!("/payments/{}", buyer.order);
        Heard { asked: Ask::Read, answer: self.ask(|api| api.get(&path)).await }
    }

    /// All of it: by the session that paid, or by the shop. Asked again until it is answered, because it can only be
    /// done once.
    async fn cancel(&self, buyer: &Buyer) -> Heard {
        let body = buyer.cancellation(None).to_string();
        let answer = self.ask(|api| {
            let request = api.post("/payments/cancel", body.clone());
            if buyer.cookie.is_some() { with_cookie(request, buyer) } else { request.bearer_auth(&api.key) }
        });
        Heard { asked: Ask::Cancel(buyer.key.clone()), answer: answer.await }
    }

    /// A part, by the shop. Not asked again: that would be a wish for another part.
    async fn cancel_part(&self, buyer: &Buyer) -> Option<Heard> {
        let api = self.somebody().await;
        let request = api.post("/payments/cancel", buyer.cancellation(Some(PART)).to_string());
        let answer = try_send(request.bearer_auth(&api.key)).await;
        self.lost.fetch_add(u64::from(answer.is_err()), Relaxed);
        Some(Heard { asked: Ask::CancelPart(buyer.key.clone()), answer: answer.ok()? })
    }

    /// Asks the same until somebody answers.
    async fn ask(&self, request: impl Fn(&Api) -> RequestBuilder) -> Answer {
        let started = Instant::now();
        loop {
            let api = self.somebody().await;
            match try_send(request(&api)).await {
                Ok(answer) => return answer,
                Err(error) => self.lost.fetch_add(u64::from(!error.is_connect()), Relaxed),
            };
            assert!(started.elapsed() < BOUND, "nobody answers");
            // It is dead; the next one comes soon.
            let mut server = self.server.clone();
            let other = server.wait_for(|now| now.as_ref().is_some_and(|now| now.url != api.url));
            let _ = tokio::time::timeout(Duration::from_secs(1), other).await;
        }
    }

    /// Whoever serves now, or next.
    async fn somebody(&self) -> Api {
        let mut server = self.server.clone();
        let found = tokio::time::timeout(BOUND, server.wait_for(Option::is_some)).await;
        found.expect("a server comes").expect("the loop lives").clone().expect("it was there")
    }
}

fn with_cookie(request: RequestBuilder, buyer: &Buyer) -> RequestBuilder {
    buyer.cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie))
}

fn toss_order() -> String {
    format!("MC42Nzg3MTc2OTQ5ODYz-{}", unique())
}
