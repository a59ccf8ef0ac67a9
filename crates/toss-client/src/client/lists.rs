//! What happened, what is paid out, and what is on offer.

use super::Client;
use crate::{
    calls::{
        Settlements, Transactions, encode_card_promotions, encode_promotions, encode_settlement_request,
        encode_settlements, encode_transactions,
    },
    error::Error,
    model::{CardPromotions, Promotion, Settlement, SettlementRequested, Transaction},
    wire::{Reply, RequestOptions},
};

impl Client {
    /// One page of approvals and cancels, in Toss's order. A page with fewer rows than its limit is the last one;
    /// [`pages`](Self::pages) walks through all.
    ///
    /// ```no_run
    /// # use toss_client::{Client, Error, Transactions};
    /// # async fn run(client: Client, from: jiff::Timestamp, until: jiff::Timestamp) -> Result<(), Error> {
    /// for row in client.transactions(&Transactions::between(from, until)).await?.value {
    ///     println!("{} {} {}", row.order_id, row.status, row.amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn transactions(&self, request: &Transactions) -> Result<Reply<Vec<Transaction>>, Error> {
        self.call(encode_transactions(request)?).await
    }

    /// One page of settlements; [`pages`](Self::pages) walks through all. Live keys only.
    ///
    /// ```no_run
    /// # use toss_client::{Client, Error, Settlements};
    /// # async fn run(client: Client, first: jiff::civil::Date, last: jiff::civil::Date) -> Result<(), Error> {
    /// for row in client.settlements(&Settlements::between(first, last)).await?.value {
    ///     println!("{} {} {:?}", row.order_id, row.amount, row.pay_out_amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn settlements(&self, request: &Settlements) -> Result<Reply<Vec<Settlement>>, Error> {
        self.call(encode_settlements(request)?).await
    }

    /// Asks for the settlement of one payment by hand (extra contract).
    ///
    /// ```no_run
    /// # use toss_client::{Client, Error, RequestOptions};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// client.request_settlement("tviva20260302140509Ab3Xz", &RequestOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn request_settlement(
        &self,
        payment_key: &str,
        options: &RequestOptions,
    ) -> Result<Reply<SettlementRequested>, Error> {
        self.call(encode_settlement_request(payment_key, options)?).await
    }

    /// The discounts and the interest-free instalments of card companies.
    ///
    /// ```no_run
    /// # async fn run(client: toss_client::Client) -> Result<(), toss_client::Error> {
    /// for offer in client.card_promotions().await?.value.discount_cards.unwrap_or_default() {
    ///     println!("{:?} {:?}", offer.issuer(), offer.discount_amount);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn card_promotions(&self) -> Result<Reply<CardPromotions>, Error> {
        self.call(encode_card_promotions()?).await
    }

    /// Every promotion, of cards and of banks.
    ///
    /// ```no_run
    /// # async fn run(client: toss_client::Client) -> Result<(), toss_client::Error> {
    /// for promotion in client.promotions().await?.value {
    ///     println!("{:?} {:?}", promotion.kind, promotion.pay_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn promotions(&self) -> Result<Reply<Vec<Promotion>>, Error> {
        self.call(encode_promotions()?).await
    }
}
