//! The shop's server: what it calls with its API key and a name of its own for each request.
use crate::buyer::Buyer;
use crate::support::{Answer, Api, World, send, unique, until};
use serde_json::{Value, json};

/// A key that no other request in this process has.
pub(crate) fn fresh_key() -> String {
    format!("shop-{}", unique())
}

/// The body of a refund.
pub(crate) fn refund(amount: Option<i64>) -> Value {
    let mut body = json!({"cancelReason": "단순 변심"});
    if let Some(amount) = amount {
        body["cancelAmount"] = amount.into();
    }
    body
}

impl Api {
    /// A call of the shop's server under this `Idempotency-Key`.
    pub(crate) async fn once(&self, key: &str, path: &str, body: &Value) -> Answer {
        send(self.keyed(key, path, body)).await
    }

    /// See [`Api::once`]; not sent yet.
    pub(crate) fn keyed(&self, key: &str, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.post(path, body.to_string()).bearer_auth(&self.key).header("idempotency-key", key)
    }
}

/// A payment as the shop knows it.
#[derive(Clone, Debug)]
pub(crate) struct Shop {
    api: Api,
    pub(crate) payment: String,
}

impl Shop {
    /// Of the buyer's payment, as soon as there is one.
    pub(crate) async fn of(world: &World, buyer: &Buyer) -> Self {
        let path = format!("/v1/orders/{}", buyer.order);
        let payment = until("the order has a payment", async || {
            let order = world.api.shop_get(&path).await.has_status(200);
            order["payments"][0]["id"].as_str().map(str::to_owned)
        })
        .await;
        Self { api: world.api.clone(), payment }
    }

    /// After a restart the server listens elsewhere.
    pub(crate) fn at(&self, world: &World) -> Self {
        Self { api: world.api.clone(), ..self.clone() }
    }

    pub(crate) fn path(&self) -> String {
        format!("/v1/payments/{}/cancel", self.payment)
    }

    pub(crate) fn request(&self, key: &str, amount: Option<i64>) -> reqwest::RequestBuilder {
        self.api.keyed(key, &self.path(), &refund(amount))
    }

    pub(crate) async fn refund(&self, key: &str, amount: Option<i64>) -> Answer {
        send(self.request(key, amount)).await
    }

    /// Repeats a refund until it has been carried out, however that ended.
    pub(crate) async fn refund_until_answered(&self, key: &str, amount: Option<i64>) -> Answer {
        until("the refund is answered", async || {
            let answer = self.refund(key, amount).await;
            (answer.header("retry-after").is_empty()).then_some(answer)
        })
        .await
    }

    pub(crate) async fn read(&self) -> Value {
        self.api.shop_get(&format!("/v1/payments/{}", self.payment)).await.has_status(200)
    }

    pub(crate) async fn refunds(&self) -> Vec<Value> {
        let path = format!("/v1/payments/{}/refunds", self.payment);
        let list = self.api.shop_get(&path).await.has_status(200);
        list["refunds"].as_array().expect("a list").clone()
    }

    /// State and amount of each refund, oldest first.
    pub(crate) async fn amounts(&self) -> Vec<(String, i64)> {
        let refunds = self.refunds().await;
        let short = |refund: &Value| {
            let state = refund["state"].as_str().expect("a state").to_owned();
            (state, refund["amount"].as_i64().expect("an amount"))
        };
        refunds.iter().map(short).collect()
    }

    /// Waits until the refunds are these, in this order.
    pub(crate) async fn until_amounts(&self, want: &[(&str, i64)]) {
        until(&format!("the refunds are {want:?}"), async || {
            let amounts = self.amounts().await;
            let is = |(got, want): (&(String, i64), &(&str, i64))| (got.0.as_str(), got.1) == *want;
            (amounts.len() == want.len() && amounts.iter().zip(want).all(is)).then_some(())
        })
        .await;
    }
}
