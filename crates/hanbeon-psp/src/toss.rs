//! Toss Payments behind the door. Every call is: encode, send, judge.
mod billing;
mod receipts;

use crate::judge::{self, Asked};
use crate::{AccountDetails, Fence, Page, Psp, Transaction};
use async_trait::async_trait;
use hanbeon_domain::{
    Payment, PaymentKey, Refund, RefundAccount, Timestamp, TossOrderId, TossStatus, Verdict, Won,
};
use std::sync::Arc;
use toss_client::model::Currency;
use toss_client::{
    Amount, Cancel, Client, Confirm, IdempotencyKey, Operation, RefundReceiveAccount, RequestOptions,
    Transactions,
};

/// Rows of a page: about half a megabyte.
const PAGE_ROWS: u16 = 1_000;

/// Toss Payments, through its core API.
#[derive(Clone, Debug)]
pub struct TossPsp {
    client: Client,
    merchant_id: Option<String>,
    fence: Option<Arc<dyn Fence>>,
}

impl TossPsp {
    /// Talks through `client`; `merchant_id` (Toss's `mId`), when known, is part of what makes a reply ours.
    #[must_use]
    pub const fn new(client: Client, merchant_id: Option<String>) -> Self {
        Self { client, merchant_id, fence: None }
    }

    /// Sends what moves money only as long as the fence lets it.
    #[must_use]
    pub fn behind(self, fence: Arc<dyn Fence>) -> Self {
        Self { fence: Some(fence), ..self }
    }

    fn asked<'a>(&'a self, payment: &'a Payment) -> Asked<'a> {
        Asked { payment, merchant_id: self.merchant_id.as_deref() }
    }

    /// The amount is left out when everything is to be cancelled, as Toss documents a full cancel;
    /// `refundableAmount` makes Toss refuse if the balance is not the one that the refund was decided on.
    async fn give_back(
        &self,
        payment: &Payment,
        refund: &Refund,
        account: Option<&RefundAccount>,
    ) -> Verdict {
        if let Err(why) = self.may_send().await {
            return Verdict::NotSent(why);
        }
        let whole = refund.amount == refund.balance_before;
        // All that is left takes its parts with it, and none is what Toss takes for granted.
        let part =
            |part: Option<Won>| part.filter(|won| !whole && !won.is_zero()).map(|won| Amount::won(won.get()));
        let key = payment.cancel_key(refund);
        let call = Cancel {
            cancel_reason: refund.reason.as_str(),
            cancel_amount: (!whole).then(|| Amount::won(refund.amount.get())),
            refundable_amount: Some(Amount::won(refund.balance_before.get())),
            refund_receive_account: account.map(|account| {
                let (bank, account_number, holder_name) = account.parts();
                RefundReceiveAccount { bank: bank.into(), account_number, holder_name }
            }),
            tax_free_amount: part(refund.untaxed.map(|untaxed| untaxed.free)),
            tax_exemption_amount: part(refund.untaxed.map(|untaxed| untaxed.exempt)),
            currency: payment.cancels_later().then_some(Currency::Krw),
            cancel_request_id: payment.cancels_later().then_some(key.as_str()),
        };
        let answer = self.client.cancel(payment.key.as_str(), &call, &under(&key)).await;
        judge::judge_cancel(answer, self.asked(payment), refund)
    }
}

#[async_trait]
impl Psp for TossPsp {
    async fn may_send(&self) -> Result<(), String> {
        match &self.fence {
            Some(fence) => fence.may_send().await,
            None => Ok(()),
        }
    }

    async fn confirm(&self, payment: &Payment) -> Verdict {
        if let Err(why) = self.may_send().await {
            return Verdict::NotSent(why);
        }
        let call = Confirm {
            payment_key: payment.key.as_str(),
            order_id: payment.toss_order.as_str(),
            amount: Amount::won(payment.amount.get()),
        };
        let answer = self.client.confirm(&call, &under(&payment.confirm_key())).await;
        judge::judge(answer, self.asked(payment), Operation::Confirm)
    }

    async fn lookup(&self, payment: &Payment) -> Verdict {
        let answer = self.client.payment(payment.key.as_str()).await;
        judge::judge_read(answer, self.asked(payment))
    }

    async fn cancel(&self, payment: &Payment, refund: &Refund) -> Verdict {
        self.give_back(payment, refund, None).await
    }

    async fn cancel_into(&self, payment: &Payment, refund: &Refund, account: &RefundAccount) -> Verdict {
        self.give_back(payment, refund, Some(account)).await
    }

    async fn account(&self, payment: &Payment) -> Result<Option<AccountDetails>, String> {
        let reply = self.client.payment(payment.key.as_str()).await.map_err(|error| error.to_string())?;
        match judge::not_ours(&reply.value, self.asked(payment)) {
            Some(why) => Err(why),
            None => Ok(reply.value.virtual_account.as_ref().and_then(AccountDetails::of)),
        }
    }

    async fn transactions(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<&str>,
    ) -> Result<Page, String> {
        let instant = |at: Timestamp| jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
        let mut request = Transactions::between(instant(from), instant(until));
        request.starting_after = after.map(str::to_owned);
        request.limit = Some(PAGE_ROWS);
        let reply = self.client.transactions(&request).await.map_err(|error| error.to_string())?;
        let full = reply.value.len() >= usize::from(PAGE_ROWS);
        let next = if full { reply.value.last().map(|row| row.transaction_key.clone()) } else { None };
        // A page that leads back to where it began would never end.
        let next = next.filter(|next| Some(next.as_str()) != after);
        Ok(Page { rows: reply.value.into_iter().map(transaction).collect(), next })
    }
}

/// Our keys are short and plain; one that Toss would not take would be a defect, and is sent as none: the
/// payment key's single use still guards a charge, and `refundableAmount` a refund.
fn under(key: &str) -> RequestOptions {
    RequestOptions { idempotency_key: IdempotencyKey::parse(key).ok(), ..RequestOptions::default() }
}

fn transaction(row: toss_client::model::Transaction) -> Transaction {
    let status = TossStatus::parse(row.status.as_str());
    Transaction {
        payment: PaymentKey::parse(row.payment_key).ok(),
        order: TossOrderId::parse(row.order_id).ok(),
        amount: row.amount.as_won().and_then(|won| Won::new(won).ok()),
        holds_money: matches!(
            status,
            TossStatus::Done | TossStatus::WaitingForDeposit | TossStatus::PartialCanceled
        ),
        is_cancel: matches!(status, TossStatus::Canceled | TossStatus::PartialCanceled),
        transaction_key: row.transaction_key,
    }
}
