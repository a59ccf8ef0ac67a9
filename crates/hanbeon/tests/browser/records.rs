//! What hanbeon and the sandbox say afterwards: the judges of every test.
use crate::stage::{Done, Stage, until};
use serde_json::{Value, json};

impl Stage {
    /// hanbeon's own answer about an order: `GET /payments/{backendOrderId}`.
    pub(crate) async fn stored(&self, order: &str) -> Done<Value> {
        let answer = self.http.get(format!("{}/payments/{order}", self.shop)).send().await?;
        Ok(answer.json().await?)
    }

    /// The calls of this kind that moved money or refused to: `("confirm", "approved")`.
    pub(crate) async fn effects(&self, operation: &str, effect: &str) -> Done<Vec<Value>> {
        let page: Value = self.sandbox_says("/sandbox/journal?limit=10000").await?;
        let entries = page["entries"].as_array().ok_or("a journal has entries")?;
        let of_kind = |entry: &&Value| entry["operation"] == operation && entry["effect"] == effect;
        Ok(entries.iter().filter(of_kind).cloned().collect())
    }

    /// The payments that were ever opened at the sandbox, newest first or last.
    pub(crate) async fn sandbox_payments(&self) -> Done<Vec<Value>> {
        let page: Value = self.sandbox_says("/sandbox/payments").await?;
        Ok(page["payments"].as_array().ok_or("a page has payments")?.clone())
    }

    /// Exactly one charge was made, of so many won.
    pub(crate) async fn assert_charged_once(&self, amount: i64) -> Done {
        let approved = self.effects("confirm", "approved").await?;
        let amounts: Vec<_> = approved.iter().map(|entry| entry["effectAmount"].as_i64()).collect();
        assert_eq!(amounts, [Some(amount)], "{approved:#?}");
        Ok(())
    }

    /// hanbeon has the order with this method, status and amount.
    pub(crate) async fn assert_stored(&self, order: &str, method: &str, status: &str, amount: i64) -> Done {
        let stored = self.stored(order).await?;
        let expected = json!({
            "backendOrderId": order,
            "tossPaymentMethod": method,
            "tossPaymentStatus": status,
            "totalAmount": amount,
        });
        assert_eq!(stored, expected);
        Ok(())
    }

    /// Something happens at the sandbox's side.
    pub(crate) async fn at_toss(&self, path: &str, body: &Value) -> Done {
        let answer = self.http.post(format!("{}{path}", self.sandbox)).json(body).send().await?;
        answer.error_for_status()?;
        Ok(())
    }

    /// Makes the sandbox lie; returns the rule's number.
    pub(crate) async fn plant(&self, rule: Value) -> Done<u64> {
        let answer = self.http.post(format!("{}/sandbox/faults", self.sandbox)).json(&rule).send().await?;
        let fault: Value = answer.error_for_status()?.json().await?;
        Ok(fault["id"].as_u64().ok_or("a rule has a number")?)
    }

    /// Lets the sandbox tell the truth again.
    pub(crate) async fn pull_out(&self, rule: u64) -> Done {
        let url = format!("{}/sandbox/faults/{rule}", self.sandbox);
        self.http.delete(url).send().await?.error_for_status()?;
        Ok(())
    }

    /// Waits until a rule has spoiled at least so many calls.
    pub(crate) async fn wait_for_spoiled(&self, rule: u64, calls: u64) -> Done {
        until("the planted fault", async || {
            let page = self.sandbox_says("/sandbox/faults").await?;
            let rules = page["faults"].as_array().ok_or("a page has rules")?;
            let mut same = rules.iter().filter(|other| other["id"] == rule);
            Ok(same.any(|rule| rule["spoiled"].as_u64() >= Some(calls)).then_some(()))
        })
        .await
    }

    async fn sandbox_says(&self, path: &str) -> Done<Value> {
        let answer = self.http.get(format!("{}{path}", self.sandbox)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }
}
