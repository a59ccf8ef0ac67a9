//! Cash receipts on their own. Those of a payment come and go with it.

use super::Client;
use crate::{
    calls::{
        CashReceipts, IssueCashReceipt, encode_cash_receipt, encode_cash_receipt_cancel, encode_cash_receipts,
    },
    error::Error,
    model::{Amount, CashReceiptPage, IssuedReceipt},
    wire::{Reply, RequestOptions},
};

impl Client {
    /// Issues a cash receipt. Send an idempotency key: Toss issues a second one for the same order without a word.
    ///
    /// The tax service confirms after a day or two; until then the receipt is `IN_PROGRESS`.
    ///
    /// ```no_run
    /// # use toss_client::{Client, IdempotencyKey, IssueCashReceipt, RequestOptions, model::CashReceiptType};
    /// # async fn run(client: Client, phone: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = IssueCashReceipt {
    ///     amount: 15_000.into(),
    ///     order_id: "ord-0011",
    ///     order_name: "mug",
    ///     customer_identity_number: phone,
    ///     kind: CashReceiptType::IncomeDeduction,
    ///     tax_free_amount: None,
    /// };
    /// let idempotency_key = Some(IdempotencyKey::parse("receipt:ord-0011")?);
    /// let options = RequestOptions { idempotency_key, ..RequestOptions::default() };
    /// let receipt = client.issue_cash_receipt(&request, &options).await?.value;
    /// println!("{:?}", receipt.receipt_key);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn issue_cash_receipt(
        &self,
        request: &IssueCashReceipt<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<IssuedReceipt>, Error> {
        self.call(encode_cash_receipt(request, options)?).await
    }

    /// Cancels a cash receipt that was issued on its own; `amount` is `None` for all of it.
    ///
    /// ```no_run
    /// # use toss_client::{Client, Error, RequestOptions};
    /// # async fn run(client: Client, receipt_key: &str) -> Result<(), Error> {
    /// client.cancel_cash_receipt(receipt_key, None, &RequestOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel_cash_receipt(
        &self,
        receipt_key: &str,
        amount: Option<Amount>,
        options: &RequestOptions,
    ) -> Result<Reply<IssuedReceipt>, Error> {
        self.call(encode_cash_receipt_cancel(receipt_key, amount, options)?).await
    }

    /// One page of a day's receipts; [`pages`](Self::pages) walks through all.
    ///
    /// ```no_run
    /// # use toss_client::{CashReceipts, Client, Error};
    /// # async fn run(client: Client, day: jiff::civil::Date) -> Result<(), Error> {
    /// let mut pages = client.pages(CashReceipts::of(day), 100);
    /// while let Some(page) = pages.next().await? {
    ///     println!("{} receipts", page.value.data.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cash_receipts(&self, request: &CashReceipts) -> Result<Reply<CashReceiptPage>, Error> {
        self.call(encode_cash_receipts(request)?).await
    }
}
