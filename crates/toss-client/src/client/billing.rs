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
    pub async fn issue_billing_key(
        &self,
        request: &IssueBillingKey<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Billing>, Error> {
        self.call(encode_billing_issue(request, options)?).await
    }

    /// Makes a billing key of raw card data (extra contract).
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
    pub async fn charge_billing_key(
        &self,
        billing_key: &BillingKey,
        request: &BillingCharge<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_billing_charge(billing_key, request, options)?).await
    }

    /// Deletes a billing key: later charges end in `ALREADY_REMOVED_BILLING_KEY`. May be repeated.
    pub async fn delete_billing_key(&self, billing_key: &BillingKey) -> Result<Reply<()>, Error> {
        let Answer { status, headers, body } =
            self.transport.send(encode_billing_delete(billing_key)?).await?;
        decode_empty(status, &headers, body)
    }
}
