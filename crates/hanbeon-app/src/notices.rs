//! Notices: a webhook of Toss's is kept, answered, and taken as a reason to look. It never changes a payment; what a
//! read shows does.
//!
//! 1. **read** as far as it says where to look;
//! 2. **judge**: another merchant's, one with a wrong secret, and one that tells what we know, is kept and not followed;
//! 3. **keep**: durable, and the payment due, in one transaction; then Toss gets its answer;
//! 4. the recovery looks, as soon as the payment is free and was not looked at a moment ago.
use crate::App;
use hanbeon_domain::{Payment, RefundId, State, Timestamp, TossStatus};
use hanbeon_psp::notice::Notice;
use hanbeon_store::{Hint, Kept, NewWebhook, StoreError, Webhook, WebhookId, WebhookVerdict};
use tracing::{error, info, warn};

pub use hanbeon_psp::notice::NotAWebhook;

/// Why a webhook was not kept. Toss will send it again.
#[derive(Debug, thiserror::Error)]
pub enum NoticeError {
    /// Not even an object.
    #[error(transparent)]
    NotAWebhook(#[from] NotAWebhook),
    /// It could not be stored.
    #[error("the webhook could not be stored")]
    Store(#[from] StoreError),
}

impl App {
    /// Keeps a webhook. `body` is of bounded length; `transmission_id` is Toss's header of that name.
    ///
    /// # Errors
    /// [`NoticeError`]; nothing was kept then.
    pub async fn webhook(&self, transmission_id: Option<String>, body: Vec<u8>) -> Result<Kept, NoticeError> {
        let notice = Notice::read(&body)?;
        let hint = notice.payment.clone().map(Hint::Key).or(notice.order.clone().map(Hint::Order));
        let hint = match (hint, notice.refund) {
            (None, Some(refund)) => self.hint_of(refund).await?,
            (hint, _) => hint,
        };
        let payment = match &hint {
            Some(hint) => self.store.payment_of_hint(hint).await?,
            None => None,
        };
        let verdict = self.judge(&notice, hint.as_ref(), payment.as_ref());
        let now = self.now();
        let Notice { event_type, meaning, .. } = notice;
        let new = NewWebhook { received_at: now, transmission_id, meaning, event_type, hint, verdict, body };
        let kept = self.store.keep_webhook(&new, now).await?;
        self.counters.webhook(verdict, matches!(kept, Kept::Repeated(_)));
        info!(webhook = ?kept, webhook.event = new.event_type, webhook.verdict = verdict.as_str(), "webhook kept");
        if verdict == WebhookVerdict::Hint {
            self.left_work.notify_one();
        }
        Ok(kept)
    }

    /// Where to look for what a notice says of a refund.
    async fn hint_of(&self, refund: RefundId) -> Result<Option<Hint>, StoreError> {
        let Some(known) = self.store.refund(refund).await? else { return Ok(None) };
        let record = self.store.payment(known.payment).await?;
        Ok(record.map(|record| Hint::Key(record.payment.key)))
    }

    fn judge(&self, notice: &Notice, hint: Option<&Hint>, payment: Option<&Payment>) -> WebhookVerdict {
        let ours = self.settings.merchant_id.as_deref();
        let theirs = notice.merchant_id.as_deref();
        if ours.zip(theirs).is_some_and(|(ours, theirs)| ours != theirs) {
            error!(webhook.event = notice.event_type, "a webhook is about another merchant");
            return WebhookVerdict::Foreign;
        }
        let known = payment.and_then(|payment| payment.toss.secret);
        // Digests: how long the comparison takes tells nothing of the secret.
        if known.zip(notice.secret).is_some_and(|(known, claimed)| known != claimed) {
            warn!(webhook.event = notice.event_type, "a webhook has a wrong secret");
            return WebhookVerdict::Forged;
        }
        match payment {
            Some(payment) if tells_nothing_new(payment, notice) => WebhookVerdict::Known,
            _ if hint.is_some() => WebhookVerdict::Hint,
            _ => WebhookVerdict::Unknown,
        }
    }

    /// Webhooks that are kept, newest first.
    ///
    /// # Errors
    /// What the store says.
    pub async fn webhooks(
        &self,
        before: Option<WebhookId>,
        limit: usize,
    ) -> Result<Vec<Webhook>, StoreError> {
        self.store.webhooks(before, limit).await
    }

    /// Looks at a payment again, as if a webhook had come; says whether there is one.
    ///
    /// # Errors
    /// What the store says.
    pub async fn look_again(&self, hint: &Hint) -> Result<bool, StoreError> {
        let now: Timestamp = self.now();
        let found = self.store.notice(hint, now, now).await?;
        self.left_work.notify_one();
        Ok(found)
    }
}

/// Is it what we know already? "Charged", of a payment that is, and "all given back", of one of which all is: after
/// these there is nothing that the same words could announce.
fn tells_nothing_new(payment: &Payment, notice: &Notice) -> bool {
    match (&payment.state, notice.status) {
        (State::Paid, Some(TossStatus::Done)) => true,
        (State::Canceled { .. }, Some(TossStatus::Canceled)) => payment.refunded == payment.captured,
        _ => false,
    }
}
