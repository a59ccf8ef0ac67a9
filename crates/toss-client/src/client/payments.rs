//! Payments: made, confirmed, read, cancelled.

use super::Client;
use crate::{
    calls::{
        Cancel, Confirm, CreatePayment, IssueVirtualAccount, KeyIn, encode_cancel, encode_confirm,
        encode_confirm_legacy, encode_create, encode_key_in, encode_payment, encode_payment_by_order,
        encode_virtual_account,
    },
    error::Error,
    model::Payment,
    wire::{Reply, RequestOptions},
};

impl Client {
    /// Takes the money of an authenticated payment, within 10 minutes of the authentication.
    ///
    /// Answers with status `DONE`, or `WAITING_FOR_DEPOSIT` for a virtual account.
    ///
    /// ```no_run
    /// # use toss_client::{Client, Confirm, IdempotencyKey, RequestOptions};
    /// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = Confirm { payment_key: "tviva20260302140509Ab3Xz", order_id: "ord-0007", amount: 42_900.into() };
    /// let idempotency_key = Some(IdempotencyKey::parse("confirm:ord-0007")?);
    /// let options = RequestOptions { idempotency_key, ..RequestOptions::default() };
    /// let payment = client.confirm(&request, &options).await?.value;
    /// println!("{} {}", payment.status, payment.total_amount);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn confirm(
        &self,
        request: &Confirm<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_confirm(request, options)?).await
    }

    /// [`confirm`](Self::confirm) in its form from before 2021, for programs that have to stay with it.
    ///
    /// ```no_run
    /// # use toss_client::{Client, Confirm, Error, RequestOptions};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let request = Confirm { payment_key: "tviva20260302140509Ab3Xz", order_id: "ord-0007", amount: 42_900.into() };
    /// client.confirm_legacy(&request, &RequestOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn confirm_legacy(
        &self,
        request: &Confirm<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_confirm_legacy(request, options)?).await
    }

    /// Reads a payment by Toss's key. Works before confirm and after expiry, too.
    ///
    /// ```no_run
    /// # async fn run(client: toss_client::Client) -> Result<(), toss_client::Error> {
    /// let payment = client.payment("tviva20260302140509Ab3Xz").await?.value;
    /// println!("{} of {} left", payment.balance_amount, payment.total_amount);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn payment(&self, payment_key: &str) -> Result<Reply<Payment>, Error> {
        self.call(encode_payment(payment_key)?).await
    }

    /// Reads a payment by the merchant's order id: the way to learn an unknown outcome.
    ///
    /// ```no_run
    /// # use toss_client::{Client, Error, ErrorCode};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// match client.payment_by_order("ord-0007").await {
    ///     Ok(reply) => println!("{}", reply.value.status),
    ///     Err(Error::Refused(refusal)) if refusal.code == ErrorCode::NotFoundPayment => println!("not there yet"),
    ///     Err(error) => return Err(error),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn payment_by_order(&self, order_id: &str) -> Result<Reply<Payment>, Error> {
        self.call(encode_payment_by_order(order_id)?).await
    }

    /// Gives back all or a part of a payment. The answer is the whole payment; its last cancellation is this one.
    ///
    /// ```no_run
    /// # use toss_client::{Cancel, Client, IdempotencyKey, RequestOptions};
    /// # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let request = Cancel {
    ///     cancel_reason: "size exchange",
    ///     cancel_amount: Some(12_900.into()),
    ///     refundable_amount: Some(42_900.into()),
    ///     ..Cancel::default()
    /// };
    /// let idempotency_key = Some(IdempotencyKey::parse("refund:ord-0007:1")?);
    /// let options = RequestOptions { idempotency_key, ..RequestOptions::default() };
    /// let payment = client.cancel("tviva20260302140509Ab3Xz", &request, &options).await?.value;
    /// println!("{} left", payment.balance_amount);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel(
        &self,
        payment_key: &str,
        request: &Cancel<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_cancel(payment_key, request, options)?).await
    }

    /// Charges a card that its owner reads out (extra contract). Answers with a payment that is `DONE`.
    ///
    /// ```no_run
    /// # use toss_client::{CardDetails, Client, Error, KeyIn, RequestOptions};
    /// # async fn run(client: Client, number: &str, year: &str, month: &str, birth: &str) -> Result<(), Error> {
    /// let card = CardDetails {
    ///     card_number: number,
    ///     card_expiration_year: year,
    ///     card_expiration_month: month,
    ///     customer_identity_number: birth,
    ///     ..CardDetails::default()
    /// };
    /// let request = KeyIn { amount: 42_900.into(), order_id: "ord-0008", order_name: "mug", card, ..KeyIn::default() };
    /// client.key_in(&request, &RequestOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn key_in(
        &self,
        request: &KeyIn<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_key_in(request, options)?).await
    }

    /// Issues a virtual account without a window. Answers with `WAITING_FOR_DEPOSIT`; keep the payment's `secret`.
    ///
    /// ```no_run
    /// # use toss_client::{Client, DepositDeadline, Error, IssueVirtualAccount, RequestOptions, model::BankCode};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let request = IssueVirtualAccount {
    ///     deadline: Some(DepositDeadline::Hours(24)),
    ///     ..IssueVirtualAccount::new(15_000.into(), "ord-0009", "mug", "홍길동", BankCode::Woori)
    /// };
    /// let payment = client.issue_virtual_account(&request, &RequestOptions::default()).await?.value;
    /// let account = payment.virtual_account.unwrap_or_default();
    /// println!("until {:?}", account.due_date);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn issue_virtual_account(
        &self,
        request: &IssueVirtualAccount<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_virtual_account(request, options)?).await
    }

    /// Opens a payment window from the server. Answers with `READY`; the buyer goes to the payment's `checkout`.
    ///
    /// ```no_run
    /// # use toss_client::{Client, CreatePayment, Error, RequestOptions, model::{Extra, Method}};
    /// # async fn run(client: Client) -> Result<(), Error> {
    /// let request = CreatePayment {
    ///     method: Method::Card,
    ///     amount: 42_900.into(),
    ///     order_id: "ord-0010",
    ///     order_name: "mug",
    ///     success_url: "https://shop.example/success",
    ///     fail_url: "https://shop.example/fail",
    ///     window: Extra::default(),
    /// };
    /// let payment = client.create_payment(&request, &RequestOptions::default()).await?.value;
    /// println!("{:?}", payment.checkout);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn create_payment(
        &self,
        request: &CreatePayment<'_>,
        options: &RequestOptions,
    ) -> Result<Reply<Payment>, Error> {
        self.call(encode_create(request, options)?).await
    }
}
