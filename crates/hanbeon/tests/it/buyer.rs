//! A buyer: one order, one browser with its cookie, one payment window.
use crate::support::{Answer, Api, World, send, try_send, unique};
use serde_json::{Value, json};

/// What a buyer's browser knows. Clones are further tabs of the same browser.
#[derive(Clone, Debug)]
pub(crate) struct Buyer {
    /// Ours.
    pub(crate) order: String,
    /// Its name at Toss.
    pub(crate) toss_order: String,
    pub(crate) amount: i64,
    /// The payment, once it is authenticated.
    pub(crate) key: String,
    pub(crate) cookie: Option<String>,
}

impl Buyer {
    /// With an order to pay, and nothing done yet.
    pub(crate) async fn new(api: &Api, amount: i64) -> Self {
        let order = api.new_order(amount).await;
        let toss_order = format!("MC42Nzg3MTc2OTQ5ODYz-{}", unique());
        Self { order, toss_order, amount, key: String::new(), cookie: None }
    }

    /// Has been through the payment window: everything but the confirm.
    pub(crate) async fn ready(world: &World, amount: i64) -> Self {
        let mut buyer = Self::new(&world.api, amount).await;
        buyer.save(&world.api).await.is(200, r#""Payment temp save successful""#);
        buyer.key = world.authenticate(&buyer.toss_order, amount);
        buyer
    }

    /// Has paid.
    pub(crate) async fn paid(world: &World, amount: i64) -> Self {
        let buyer = Self::ready(world, amount).await;
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        buyer
    }

    pub(crate) async fn save(&mut self, api: &Api) -> Answer {
        let body = json!({"orderId": self.toss_order, "amount": self.amount});
        let answer = self.post(api, "saveAmount", &body).await;
        self.cookie = answer.cookie().or(self.cookie.take());
        answer
    }

    pub(crate) async fn verify(&self, api: &Api) -> Answer {
        self.post(api, "verifyAmount", &json!({"orderId": self.toss_order, "amount": self.amount})).await
    }

    /// The body of the confirm, as the original's front end sends it.
    pub(crate) fn confirmation(&self) -> Value {
        json!({
            "amount": self.amount.to_string(), "backendOrderId": self.order.to_uppercase(),
            "orderId": self.toss_order, "paymentKey": self.key,
        })
    }

    pub(crate) async fn confirm(&self, api: &Api) -> Answer {
        self.post(api, "confirm", &self.confirmation()).await
    }

    /// The answer, unless the server dies over it.
    pub(crate) async fn try_confirm(&self, api: &Api) -> Option<Answer> {
        try_send(self.request(api, "confirm", &self.confirmation())).await.ok()
    }

    pub(crate) async fn read(&self, api: &Api) -> Answer {
        send(api.get(&format!("{}/{}", api.prefix, self.order))).await
    }

    pub(crate) async fn cancel(&self, api: &Api) -> Answer {
        self.post(api, "cancel", &self.cancellation(None)).await
    }

    /// See [`Buyer::try_confirm`].
    pub(crate) async fn try_cancel(&self, api: &Api) -> Option<Answer> {
        try_send(self.request(api, "cancel", &self.cancellation(None))).await.ok()
    }

    pub(crate) async fn cancel_part(&self, api: &Api, amount: i64) -> Answer {
        self.post(api, "cancel", &self.cancellation(Some(amount))).await
    }

    pub(crate) fn cancellation(&self, amount: Option<i64>) -> Value {
        let mut body = json!({"paymentKey": self.key, "cancelReason": "단순 변심"});
        if let Some(amount) = amount {
            body["cancelAmount"] = amount.into();
        }
        body
    }

    pub(crate) async fn post(&self, api: &Api, what: &str, body: &Value) -> Answer {
        send(self.request(api, what, body)).await
    }

    fn request(&self, api: &Api, what: &str, body: &Value) -> reqwest::RequestBuilder {
        let request = api.post(&format!("{}/{what}", api.prefix), body.to_string());
        self.cookie.iter().fold(request, |request, cookie| request.header("cookie", cookie))
    }

    /// The same purchase from a browser without our cookie.
    pub(crate) fn stranger(&self) -> Self {
        Self { cookie: None, ..self.clone() }
    }

    /// The four fields of the contract, paid by card.
    pub(crate) fn view(&self, status: &str) -> String {
        self.view_by(r#""카드""#, status)
    }

    /// The same, with this method.
    pub(crate) fn view_by(&self, method: &str, status: &str) -> String {
        let Self { order, amount, .. } = self;
        format!(
            r#"{{"backendOrderId":"{order}","tossPaymentMethod":{method},"tossPaymentStatus":"{status}","totalAmount":{amount}}}"#
        )
    }
}
