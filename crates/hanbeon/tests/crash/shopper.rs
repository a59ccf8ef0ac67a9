//! The load: buyers who double-click, leave, come back, open two tabs, and change their minds; a shop that gives money
//! back, in parts, at once, while the buyer still pays, and in Toss's own dashboard; and strangers who send webhooks.
use crate::buyer::Buyer;
use crate::plan::Dice;
pub(crate) use crate::street::{Ask, Heard, Street, Tale};
use crate::street::{Keyed, with_amount, with_cookie};
use crate::support::{BOUND, unique};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::time::{sleep, timeout};
use toss_sandbox::{NewPayment, WebhookFault, WebhookFaultKind};

/// What everything costs.
pub(crate) const AMOUNT: i64 = 1_000;
/// What is given back at a time.
const PART: i64 = 300;
/// Two of it are more than there is.
const MOST: i64 = 600;
/// More than is left after [`ELSEWHERE`].
const NEARLY_ALL: i64 = 900;
/// What somebody gives back in Toss's dashboard.
const ELSEWHERE: i64 = 150;

/// What a purchase is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Closes the browser before the answer can be there.
    Leaves,
    TwoTabs,
    /// Wants everything back while it is being charged: on the storefront, or by the shop.
    Regrets,
    ShopRegrets,
    /// The same, with two parts.
    ShopRegretsInParts,
    /// Afterwards: everything, with two clicks.
    ReturnsAll,
    /// A part, and at once another one, or the rest.
    ReturnsPart,
    ReturnsPartAndRest,
    /// The shop gives two parts back at once, and then the rest.
    ShopInParts,
    /// The shop asks the same twice at once.
    ShopTwice,
    /// The shop wants to give back more than there is.
    ShopTooMuch,
    /// A part in the dashboard, and then two by the shop, who does not know: one of them is too much by now.
    DashboardAndShop,
    /// A part in the dashboard, perhaps before we know that there is a charge.
    DashboardMeanwhile,
    /// All of it in the dashboard.
    DashboardAll,
    Pays,
}

const MOODS: [Mood; 16] = [
    Mood::Leaves,
    Mood::TwoTabs,
    Mood::TwoTabs,
    Mood::Regrets,
    Mood::ShopRegrets,
    Mood::ShopRegretsInParts,
    Mood::ReturnsAll,
    Mood::ReturnsPart,
    Mood::ReturnsPartAndRest,
    Mood::ShopInParts,
    Mood::ShopTwice,
    Mood::ShopTooMuch,
    Mood::DashboardAndShop,
    Mood::DashboardMeanwhile,
    Mood::DashboardAll,
    Mood::Pays,
];

impl Street {
    /// Shops until the street closes.
    pub(crate) async fn shop(&self, mut dice: Dice) -> Vec<Tale> {
        let mut tales = Vec::new();
        while self.is_open() {
            tales.push(self.purchase(&mut dice).await);
        }
        tales
    }

    /// One purchase, from the order to the last look at it.
    async fn purchase(&self, dice: &mut Dice) -> Tale {
        let mood = MOODS[usize::try_from(dice.below(16)).expect("a small number")];
        let mut tale = Tale::default();
        let buyer = self.ready(&mut tale, dice.below(2) == 0).await;
        self.spoil_webhooks(&buyer, dice.below(8));
        if dice.below(4) == 0 {
            tale.heard.extend(self.forge(&buyer, dice.below(6)).await);
        }
        self.pay(mood, &buyer, &mut tale).await;
        tale.heard.push(self.read(&buyer).await);
        self.think_again(mood, &buyer, &mut tale).await;
        if dice.below(4) == 0 {
            tale.heard.extend(self.forge(&buyer, dice.below(6)).await);
        }
        tale.heard.push(self.read(&buyer).await);
        tale
    }

    async fn pay(&self, mood: Mood, buyer: &Buyer, tale: &mut Tale) {
        tale.gives_back = matches!(mood, Mood::Regrets | Mood::ShopRegrets | Mood::ShopRegretsInParts);
        match mood {
            Mood::Leaves => self.leave_in_the_middle(buyer).await,
            Mood::TwoTabs => {
                let mut other = Buyer { toss_order: toss_order(), ..buyer.clone() };
                other.key = self.authenticate(&other);
                tale.keys.push(other.key.clone());
                let (one, two) = tokio::join!(self.confirm(buyer), self.confirm(&other));
                tale.heard.extend([one, two]);
            }
            Mood::Regrets => {
                let (one, two) = tokio::join!(self.confirm(buyer), self.cancel(buyer));
                tale.heard.extend([one, two]);
            }
            Mood::ShopRegrets | Mood::ShopRegretsInParts => {
                let parts: &[Option<i64>] =
                    if mood == Mood::ShopRegrets { &[None] } else { &[Some(PART), Some(PART)] };
                let (confirmed, ()) =
                    tokio::join!(self.confirm(buyer), self.refund(buyer, parts, &mut *tale));
                tale.heard.push(confirmed);
            }
            Mood::DashboardMeanwhile => {
                tale.gives_back = true;
                let (confirmed, ()) = tokio::join!(self.confirm(buyer), self.dashboard_soon(buyer));
                tale.heard.push(confirmed);
            }
            _ => {
                let (one, two) = tokio::join!(self.confirm(buyer), self.confirm(buyer));
                tale.heard.extend([one, two]);
            }
        }
    }

    async fn think_again(&self, mood: Mood, buyer: &Buyer, tale: &mut Tale) {
        tale.gives_back |= !matches!(mood, Mood::Leaves | Mood::TwoTabs | Mood::Pays);
        match mood {
            Mood::ReturnsAll => {
                let reason = reason();
                let (one, two) =
                    tokio::join!(self.cancel_for(buyer, &reason), self.cancel_for(buyer, &reason));
                tale.heard.extend([one, two]);
            }
            Mood::ReturnsPart | Mood::ReturnsPartAndRest => {
                tale.heard.extend(self.cancel_part(buyer).await);
                if mood == Mood::ReturnsPart {
                    tale.heard.extend(self.cancel_part(buyer).await);
                } else {
                    tale.heard.push(self.cancel(buyer).await);
                }
            }
            Mood::ShopInParts => {
                self.refund(buyer, &[Some(PART), Some(PART)], tale).await;
                self.refund(buyer, &[None], tale).await;
            }
            Mood::ShopTwice => self.refund_twice(buyer, tale).await,
            Mood::ShopTooMuch => self.refund(buyer, &[Some(MOST), Some(MOST)], tale).await,
            Mood::DashboardAndShop => {
                self.dashboard(buyer, Some(ELSEWHERE));
                self.refund(buyer, &[Some(NEARLY_ALL), Some(PART)], tale).await;
            }
            Mood::DashboardAll => self.dashboard(buyer, None),
            _ => {}
        }
    }

    /// Has an order, a cookie perhaps, and has been through the payment window.
    async fn ready(&self, tale: &mut Tale, with_cookie: bool) -> Buyer {
        tale.order = loop {
            let order = Keyed::order(AMOUNT);
            tale.keyed.push(order.clone());
            if let Some(made) = self.ask_keyed(&order).await {
                let id = made.answer.has_status(201)["id"].as_str().expect("an id").to_owned();
                tale.heard.push(made);
                break id;
            }
        };
        let order = tale.order.clone();
        let mut buyer =
            Buyer { order, toss_order: toss_order(), amount: AMOUNT, key: String::new(), cookie: None };
        if with_cookie {
            let body = json!({"orderId": buyer.toss_order, "amount": AMOUNT});
            let answer = self.ask_once(|api| api.post("/payments/saveAmount", body.to_string())).await;
            // So many silent calls that nobody new should begin: this one was in the window before.
            assert!(answer.as_ref().is_none_or(|it| self.may_say(it.status)), "{answer:?}");
            buyer.cookie = answer.and_then(|answer| answer.cookie());
        }
        buyer.key = self.authenticate(&buyer);
        tale.keys.push(buyer.key.clone());
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

    async fn leave_in_the_middle(&self, buyer: &Buyer) {
        let api = self.somebody().await;
        let request = with_cookie(api.post("/payments/confirm", buyer.confirmation().to_string()), buyer);
        // Whatever comes of it is not heard.
        let _ = timeout(Duration::from_millis(8), request.send()).await;
    }

    async fn read(&self, buyer: &Buyer) -> Heard {
        let path = format!("/payments/{}", buyer.order);
        Heard { asked: Ask::Read, answer: self.look(|api| api.get(&path)).await }
    }

    async fn cancel(&self, buyer: &Buyer) -> Heard {
        self.cancel_for(buyer, &reason()).await
    }

    /// All of it, on the storefront: by the session that paid, or by the shop. Asked again until it is answered,
    /// because it can only be done once.
    async fn cancel_for(&self, buyer: &Buyer, reason: &str) -> Heard {
        let body = json!({"paymentKey": buyer.key, "cancelReason": reason}).to_string();
        let answer = self.ask(|api| {
            let request = api.post("/payments/cancel", body.clone());
            if buyer.cookie.is_some() { with_cookie(request, buyer) } else { request.bearer_auth(&api.key) }
        });
        let (payment, reason) = (buyer.key.clone(), reason.to_owned());
        Heard { answer: answer.await, asked: Ask::Cancel { payment, amount: None, reason } }
    }

    /// A part, on the storefront, by the shop. It has no name: asked again, it would be a wish for another part.
    async fn cancel_part(&self, buyer: &Buyer) -> Option<Heard> {
        let (reason, amount) = (reason(), Some(PART));
        let body = with_amount(json!({"paymentKey": buyer.key, "cancelReason": reason}), amount).to_string();
        let request =
            |api: &crate::support::Api| api.post("/payments/cancel", body.clone()).bearer_auth(&api.key);
        let answer = self.ask_once(request).await?;
        Some(Heard { answer, asked: Ask::Cancel { payment: buyer.key.clone(), amount, reason } })
    }

    /// By the shop, all at once, as soon as there is a payment. Each has its name, and is repeated under it.
    async fn refund(&self, buyer: &Buyer, amounts: &[Option<i64>], tale: &mut Tale) {
        let Some(id) = self.payment(buyer).await else { return };
        let wishes = amounts.iter().map(|amount| Keyed::refund(&id, &buyer.key, *amount));
        let wishes: Vec<_> = wishes.collect();
        tale.keyed.extend(wishes.clone());
        match &wishes[..] {
            [one] => tale.heard.extend(self.ask_keyed(one).await),
            [one, two] => {
                let (one, two) = tokio::join!(self.ask_keyed(one), self.ask_keyed(two));
                tale.heard.extend(one.into_iter().chain(two));
            }
            _ => unreachable!("one or two"),
        }
    }

    /// The same wish twice at once, and another one of the same amount after it.
    async fn refund_twice(&self, buyer: &Buyer, tale: &mut Tale) {
        let Some(id) = self.payment(buyer).await else { return };
        let wish = Keyed::refund(&id, &buyer.key, Some(PART));
        tale.keyed.push(wish.clone());
        let (one, two) = tokio::join!(self.ask_keyed(&wish), self.ask_keyed(&wish));
        tale.heard.extend(one.into_iter().chain(two));
        self.refund(buyer, &[Some(PART)], tale).await;
    }

    /// Our name of the buyer's payment, as soon as there is one; nothing, if a store that is down took none.
    async fn payment(&self, buyer: &Buyer) -> Option<String> {
        let (path, started) = (format!("/v1/orders/{}", buyer.order), Instant::now());
        loop {
            let order = self.ask(|api| api.get(&path).bearer_auth(&api.key)).await.has_status(200);
            if let Some(id) = order["payments"][0]["id"].as_str() {
                return Some(id.to_owned());
            }
            if self.gives_up(started) {
                return None;
            }
            assert!(started.elapsed() < BOUND, "the payment does not come");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// In Toss's own dashboard. It may be too late for it.
    fn dashboard(&self, buyer: &Buyer, amount: Option<i64>) {
        let _ = self.toss.cancel_in_dashboard(&buyer.key, amount);
    }

    /// As soon as there is a charge.
    async fn dashboard_soon(&self, buyer: &Buyer) {
        let started = Instant::now();
        while self.toss.cancel_in_dashboard(&buyer.key, Some(ELSEWHERE)).is_err() {
            // A charge that could not be stored has gone back, all of it.
            let status = self.toss.payment(&buyer.key).expect("a payment")["status"].clone();
            if status == "CANCELED" || self.gives_up(started) {
                return;
            }
            assert!(started.elapsed() < BOUND, "the charge does not come");
            sleep(Duration::from_millis(3)).await;
        }
    }

    /// Of this order Toss's webhooks are lost, late, doubled, or in the wrong order; of half of the orders none is.
    fn spoil_webhooks(&self, buyer: &Buyer, how: u64) {
        let (kind, times) = match how {
            0 => (WebhookFaultKind::Drop, 0),
            1 => (WebhookFaultKind::Duplicate { copies: 2 }, 0),
            2 => (WebhookFaultKind::Delay { ms: 400 }, 0),
            3 => (WebhookFaultKind::Reorder, 2),
            _ => return,
        };
        let fault = WebhookFault::new(kind).times(times).on_order(&buyer.toss_order);
        self.toss.add_webhook_fault(fault).expect("a good rule");
    }

    /// Anybody can send a webhook, and say anything.
    async fn forge(&self, buyer: &Buyer, what: u64) -> Option<Heard> {
        let status = ["DONE", "ABORTED", "EXPIRED", "CANCELED", "PARTIAL_CANCELED", "NO_STATUS"];
        let status = status[usize::try_from(what).expect("a small number")];
        let body = json!({
            "eventType": if what == 5 { "NO_EVENT" } else { "PAYMENT_STATUS_CHANGED" },
            "createdAt": "2026-03-02T10:00:00.000000",
            "data": {
                "mId": "tvivarepublica", "paymentKey": buyer.key, "orderId": buyer.toss_order, "status": status,
                "balanceAmount": 0, "lastTransactionKey": format!("forged-{}", unique()),
            },
        })
        .to_string();
        let answer = self.ask_once(|api| api.post("/webhooks/toss", body.clone())).await?;
        Some(Heard { asked: Ask::Forged(body), answer })
    }
}

/// No other wish has it.
fn reason() -> String {
    format!("변심 {}", unique())
}

fn toss_order() -> String {
    format!("MC42Nzg3MTc2OTQ5ODYz-{}", unique())
}
