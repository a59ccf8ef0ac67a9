//! Billing keys: issue, charge, delete.

use super::Client;
use crate::{
    calls::{
        BillingCharge, IssueBillingKey, IssueBillingKeyFromCard, encode_billing_charge,
        encode_billing_delete, encode_billing_issue, encode_billing_issue_from_card,
    },
    error::Error,
    model::{Billing, BillingKey, Payment},
    transport::Answer,
    wire::{Reply, RequestOptions, decode_empty},
};

impl Client {
    /// Makes a billing key of the `authKey` that the billing window left. The answer is the only time that Toss
    /// shows the key.
    ///
    /// ```no_run
    /// # use toss_client::{Client, IdempotencyKey, IssueBillingKey, RequestOptions};
    /// # async fn run(client: Client, auth_key: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = IssueBillingKey { auth_key, customer_key: "a9f0c1de-77b2-4f0e-9f3a-2b1f6a1c0d55" };
    /// let idempotency_key = Some(IdempotencyKey::parse("billing:a9f0c1de")?);
    /// let options = RequestOptions { idempotency_key, ..RequestOptions::default() };
    /// let billing = client.issue_billing_key(&request, &options).await?.value;
    /// store_encrypted(billing.billing_key.expose());
    /// # fn store_encrypted(_: &str) {}
    /// # Ok(())
    /// # }
    /// ```
    pub async fn issue_billing_key(
        &self,
        request: &IssueBillingKey<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Billing>, Error> {
        self.call(encode_billing_issue(request, options)?).await
    }

    /// Makes a billing key of raw card data (extra contract).
    ///
    /// ```no_run
    /// # use toss_client::{CardDetails, Client, Error, IssueBillingKeyFromCard, RequestOptions};
    /// # async fn run(client: Client, card: CardDetails<'_>) -> Result<(), Error> {
    /// let request = IssueBillingKeyFromCard { customer_key: "a9f0c1de", card, ..Default::default() };
    /// let billing = client.issue_billing_key_from_card(&request, &RequestOptions::default()).await?.value;
    /// println!("{:?}", billing.card);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn issue_billing_key_from_card(
        &self,
        request: &IssueBillingKeyFromCard<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Billing>, Error> {
        self.call(encode_billing_issue_from_card(request, options)?).await
    }

    /// Charges a billing key. Answers with a payment of type `BILLING`, usually `DONE`.
    ///
    /// After an unknown outcome [`payment_by_order`](Self::payment_by_order) tells what happened.
    ///
    /// ```no_run
    /// # use toss_client::{BillingCharge, BillingKey, Client, IdempotencyKey, RequestOptions};
    /// # async fn run(client: Client, billing_key: BillingKey) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = BillingCharge {
    ///     amount: 9_900.into(),
    ///     customer_key: "a9f0c1de",
    ///     order_id: "sub-0001-2026-03",
    ///     order_name: "March",
    ///     ..BillingCharge::default()
    /// };
    /// let idempotency_key = Some(IdempotencyKey::parse("charge:sub-0001-2026-03")?);
    /// let options = RequestOptions { idempotency_key, ..RequestOptions::default() };
    /// let payment = client.charge_billing_key(&billing_key, &request, &options).await?.value;
    /// println!("{}", payment.status);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn charge_billing_key(
        &self,
        billing_key: &BillingKey,
        request: &BillingCharge<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_billing_charge(billing_key, request, options)?).await
    }

    /// Deletes a billing key: later charges end in `ALREADY_REMOVED_BILLING_KEY`. May be repeated.
    ///
    /// ```no_run
    /// # use toss_client::{BillingKey, Client, Error};
    /// # async fn run(client: Client, billing_key: BillingKey) -> Result<(), Error> {
    /// client.delete_billing_key(&billing_key).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn delete_billing_key(&self, billing_key: &BillingKey) -> Result<Reply<()>, Error> {
        let Answer { status, headers, body } =
            self.transport.send(encode_billing_delete(billing_key)?).await?;
        decode_empty(status, &headers, body)
    }
}
