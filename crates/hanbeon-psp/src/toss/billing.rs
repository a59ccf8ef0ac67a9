//! Billing keys at Toss (Toss core API, Billing).
use super::{TossPsp, under};
use crate::Psp as _;
use crate::billing::{BillingPsp, Deleted, Issued, Secret};
use crate::judge::{self, Asked};
use async_trait::async_trait;
use hanbeon_domain::billing::{BillingKey, Charge, Heard};
use hanbeon_domain::{CustomerKey, Evidence, PaymentKey, Refusal, Timestamp, Verdict};
use toss_client::model::Billing;
use toss_client::{
    Amount, ApiError, BillingCharge, Error, IssueBillingKey, Operation, Payment as TossPayment, Reply,
    RetryClass,
};

type Answer = Result<Reply<TossPayment>, Error>;

#[async_trait]
impl BillingPsp for TossPsp {
    async fn issue(&self, key: &BillingKey, customer: &CustomerKey, proof: &Secret) -> Issued {
        let call = IssueBillingKey { auth_key: proof.expose(), customer_key: customer.as_str() };
        match self.client.issue_billing_key(&call, &under(&key.issue_key())).await {
            Ok(reply) => issued(&reply.value, customer),
            Err(error) => match (error.class(Operation::BillingIssue), error) {
                (RetryClass::Final | RetryClass::Config | RetryClass::NewKey, Error::Refused(refusal))
                    if refusal.http_status != 429 =>
                {
                    Issued::Refused(said(*refusal))
                }
                (_, error) => Issued::Unclear(error.to_string()),
            },
        }
    }

    async fn charge(&self, charge: &Charge, customer: &CustomerKey, key: &Secret) -> Heard {
        if let Err(why) = self.may_send().await {
            return Heard { verdict: Verdict::NotSent(why), key: None };
        }
        let call = BillingCharge {
            amount: Amount::won(charge.amount.get()),
            customer_key: customer.as_str(),
            order_id: charge.toss_order.as_str(),
            order_name: &charge.name,
            ..BillingCharge::default()
        };
        let key = toss_client::model::BillingKey::from(key.expose());
        let answer = self.client.charge_billing_key(&key, &call, &under(&charge.charge_key())).await;
        self.heard(answer, charge, |answer, asked| judge::judge(answer, asked, Operation::BillingCharge))
    }

    async fn look(&self, charge: &Charge) -> Heard {
        let answer = self.client.payment_by_order(charge.toss_order.as_str()).await;
        self.heard(answer, charge, judge::judge_read)
    }

    async fn delete(&self, key: &Secret) -> Deleted {
        let key = toss_client::model::BillingKey::from(key.expose());
        match self.client.delete_billing_key(&key).await {
            Ok(_) => Deleted::Gone,
            Err(Error::Refused(refusal)) if is_gone(refusal.code.as_str()) => Deleted::Gone,
            Err(error) => Deleted::Unclear(error.to_string()),
        }
    }
}

impl TossPsp {
    /// A charge learns the name of its payment from the answer; everything else of it must be as we asked.
    fn heard(&self, answer: Answer, charge: &Charge, judge: impl Fn(Answer, Asked<'_>) -> Verdict) -> Heard {
        let shown = answer.as_ref().ok().map(|reply| PaymentKey::parse(reply.value.payment_key.as_str()));
        let key = match shown {
            Some(Ok(key)) => Some(key),
            Some(Err(_)) => {
                return Heard {
                    verdict: Verdict::NotOurs("a paymentKey that is none".to_owned()),
                    key: None,
                };
            }
            None => None,
        };
        let nameless = || PaymentKey::parse("none").expect("letters");
        let payment = charge.payment(key.clone().unwrap_or_else(nameless), Timestamp::default());
        Heard { verdict: judge(answer, self.asked(&payment)), key }
    }
}

/// A key is of use only with the customer that it was issued for, so Toss's word about that is compared.
fn issued(shown: &Billing, customer: &CustomerKey) -> Issued {
    let theirs = shown.customer_key.as_ref().map(toss_client::model::Sensitive::expose);
    if theirs.is_some_and(|theirs| theirs != customer.as_str()) {
        return Issued::OfAnother;
    }
    let number = shown.card.as_ref().and_then(|card| card.number.as_deref());
    let method = shown.method.as_ref().map(toss_client::model::Method::as_str);
    let label: Vec<_> = [method, number].into_iter().flatten().collect();
    let label = (!label.is_empty()).then(|| label.join(" "));
    Issued::Key { secret: Secret::new(shown.billing_key.expose()), label }
}

fn said(refusal: ApiError) -> Refusal {
    let ApiError { http_status, code, message, raw, .. } = refusal;
    Refusal { code: code.to_string(), message, evidence: Evidence { http_status, body: raw.as_ref().into() } }
}

fn is_gone(code: &str) -> bool {
    matches!(code, "ALREADY_REMOVED_BILLING_KEY" | "NOT_FOUND_BILLING")
}
