//! The library's own door: a sandbox to serve, and its controls without HTTP.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::account::Deposit;
use crate::api::{cancel, reply};
use crate::auth::MerchantId;
use crate::choice::Wish;
use crate::codes::{self, Code};
use crate::config::{Config, ConfigError};
use crate::control::{self, Deed};
use crate::faults::{Fault, FaultError, FaultRule};
use crate::journal::JournalPage;
use crate::kept;
use crate::lang::Lang;
use crate::money::Written;
use crate::opening::{Amount, Wanted};
use crate::plastic::AuthWish;
use crate::serve::{self, Door};
use crate::shared::Shared;
use crate::switches::Switches;
use crate::view;
use crate::webhooks::{self, SentWebhook, WebhookEndpoint, WebhookError, WebhookFault, WebhookForgery};
use crate::{api, browser, console, window};

/// A sandbox. Clones share everything.
#[derive(Clone, Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
}

/// A payment to be opened and authenticated in-process, as if a buyer had been through the window.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// The merchant; the first one of the configuration by default.
    pub secret_key: Option<String>,
    /// 6 to 64 of `[A-Za-z0-9_=-]`.
    pub order_id: String,
    /// Won.
    pub amount: i64,
    /// `카드`, `CARD`, `가상계좌`, `TOSSPAY` and so on; a card by default.
    pub method: Option<String>,
    /// The refusal that a confirm will meet, which leaves the payment ABORTED.
    pub confirm_outcome: Option<String>,
}

impl NewPayment {
    /// A card payment of the first merchant.
    #[must_use]
    pub fn card(order_id: &str, amount: i64) -> Self {
        Self { secret_key: None, order_id: order_id.to_owned(), amount, method: None, confirm_outcome: None }
    }

    /// By another method.
    #[must_use]
    pub fn by(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Of the merchant with this secret key.
    #[must_use]
    pub fn of(mut self, secret_key: &str) -> Self {
        self.secret_key = Some(secret_key.to_owned());
        self
    }

    /// Refused at confirm with this code.
    #[must_use]
    pub fn refused_with(mut self, code: &str) -> Self {
        self.confirm_outcome = Some(code.to_owned());
        self
    }
}

/// A buyer's agreement to be charged, made in-process, as if there had been a billing window.
#[derive(Clone, Debug)]
pub struct NewBillingAuth {
    /// The merchant; the first one of the configuration by default.
    pub secret_key: Option<String>,
    /// The merchant's own name for the buyer, 2 to 300 characters.
    pub customer_key: String,
    /// `카드`, `CARD`, `계좌이체` or `TRANSFER`; a card by default.
    pub method: Option<String>,
    /// The refusal that every charge will meet.
    pub outcome: Option<String>,
}

impl NewBillingAuth {
    /// The documents' example card, for the first merchant.
    #[must_use]
    pub fn card(customer_key: &str) -> Self {
        Self { secret_key: None, customer_key: customer_key.to_owned(), method: None, outcome: None }
    }

    /// By another method.
    #[must_use]
    pub fn by(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Of the merchant with this secret key.
    #[must_use]
    pub fn of(mut self, secret_key: &str) -> Self {
        self.secret_key = Some(secret_key.to_owned());
        self
    }

    /// Every charge is refused with this code.
    #[must_use]
    pub fn refused_with(mut self, code: &str) -> Self {
        self.outcome = Some(code.to_owned());
        self
    }
}

/// A request that the sandbox refused, with Toss's code and Korean message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refused {
    /// Toss's code.
    pub code: &'static str,
    /// Toss's message.
    pub message: &'static str,
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self { code: code.name(), message: code.message(Lang::Ko) }
    }
}

impl Sandbox {
    /// A sandbox without any payment, or with those of its state file.
    ///
    /// Refuses live keys, key pairs of mixed families, merchants that share a key or an id, and a state file that is
    /// in use or not its own.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Self { shared: Arc::new(Shared::new(config)?) })
    }

    /// All routes. No webhook is delivered unless [`Sandbox::serve`] runs, too. Connections can only be broken under [`Sandbox::serve`]; elsewhere a lost reply shows as a
    /// body that breaks off.
    pub fn router(&self) -> Router {
        Router::new()
            .merge(api::routes())
            .merge(browser::routes())
            .merge(console::guarded(control::routes().merge(console::routes())))
            .merge(window::routes())
            .fallback(no_such_route)
            .with_state(Arc::clone(&self.shared))
    }

    /// Serves, and delivers webhooks, until `shutdown` is done; then lets open requests end. Webhooks that are
    /// still to be sent wait for the next time that this sandbox is served.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<()> {
        let door = Door::new(listener, self.shared.config.max_connections);
        let served = tokio::select! {
            served = serve::serve(self.router(), door, shutdown) => served,
            never = webhooks::deliver(Arc::clone(&self.shared)) => match never {},
            never = kept::keep(Arc::clone(&self.shared)) => match never {},
        };
        served.and(self.shared.save())
    }

    /// Opens a payment and authenticates its buyer: `IN_PROGRESS`, ready to be confirmed. Returns its key.
    pub fn authenticate(&self, new: &NewPayment) -> Result<String, Refused> {
        let merchant = self.merchant(new.secret_key.as_deref())?;
        let wanted = Wanted {
            order_id: Some(new.order_id.clone()),
            amount: Some(Amount::Plain(Written::whole(new.amount))),
            confirm_outcome: new.confirm_outcome.clone(),
            wish: Wish::by(new.method.as_deref()),
            ..Wanted::default()
        };
        let payment = control::authenticate(&self.shared, merchant, wanted, None)?;
        Ok(payment.about.key.to_string())
    }

    /// A buyer agrees to be charged. Returns the `authKey` that a billing key is issued from, once.
    pub fn authenticate_billing(&self, new: &NewBillingAuth) -> Result<String, Refused> {
        let merchant = self.merchant(new.secret_key.as_deref())?;
        let wish = AuthWish {
            customer_key: Some(new.customer_key.clone()),
            method: new.method.clone(),
            outcome: new.outcome.clone(),
            ..AuthWish::default()
        };
        Ok(control::authenticate_billing(&self.shared, merchant, &wish)?.to_string())
    }

    /// The provider removes a billing key, and tells the merchant.
    pub fn remove_billing_key(&self, billing_key: &str) -> Result<(), Refused> {
        let now = self.shared.now();
        Ok(self.shared.world().remove_billing_key(billing_key, None, now)?)
    }

    /// The next `times` charges of a key are refused with this code, all of them if `times` is 0; `None` lets them
    /// succeed again.
    pub fn refuse_charges(&self, billing_key: &str, code: Option<&str>, times: u32) -> Result<(), Refused> {
        Ok(control::set_billing_outcome(&self.shared, billing_key, code, times)?)
    }

    /// The tax service confirms a stand-alone cash receipt, or the cancel of one.
    pub fn complete_cash_receipt(&self, receipt_key: &str) -> Result<(), Refused> {
        Ok(self.shared.world().receipts.answer(receipt_key, None).map(drop)?)
    }

    /// The tax service refuses it.
    pub fn fail_cash_receipt(&self, receipt_key: &str) -> Result<(), Refused> {
        Ok(self.shared.world().receipts.answer(receipt_key, Some(control::REFUSAL)).map(drop)?)
    }

    /// The merchant of a secret key, the first one without.
    fn merchant(&self, secret_key: Option<&str>) -> Result<MerchantId, Code> {
        match secret_key {
            None if self.shared.directory.len() == 0 => Err(codes::UNAUTHORIZED_KEY),
            None => Ok(0),
            Some(key) => self.shared.directory.by_secret_key(key).ok_or(codes::UNAUTHORIZED_KEY),
        }
    }

    /// The same for any way to pay, in the words that `POST /sandbox/payments` takes; of the first merchant.
    pub fn authenticate_as(&self, wish: Value) -> Result<String, Refused> {
        if self.shared.directory.len() == 0 {
            return Err(codes::UNAUTHORIZED_KEY.into());
        }
        let wanted: Wanted = serde_json::from_value(wish).map_err(|_| codes::INVALID_REQUEST)?;
        let payment = control::authenticate(&self.shared, 0, wanted, None)?;
        Ok(payment.about.key.to_string())
    }

    /// A payment as a read would answer it, whoever's it is; no journal entry is written.
    #[must_use]
    pub fn payment(&self, payment_key: &str) -> Option<Value> {
        let now = self.shared.now();
        let payment = self.shared.world().payment(payment_key, now).cloned();
        payment.map(|payment| view::to_value(&payment, Lang::Ko))
    }

    /// At most `limit` journal entries whose number is above `after`, oldest first.
    #[must_use]
    pub fn journal(&self, after: u64, limit: usize) -> JournalPage {
        self.shared.world().journal.page(after, limit)
    }

    /// Forgets the journal; its numbers go on.
    pub fn clear_journal(&self) {
        self.shared.world().journal.clear();
    }

    /// Adds a rule that spoils calls.
    pub fn add_fault(&self, rule: FaultRule) -> Result<Fault, FaultError> {
        self.shared.world().faults.add(rule)
    }

    /// The first `limit` rules that are still in force.
    #[must_use]
    pub fn faults(&self, limit: usize) -> Vec<Fault> {
        self.shared.world().faults.list(limit)
    }

    /// Deletes every rule.
    pub fn clear_faults(&self) {
        self.shared.world().faults.clear();
    }

    /// The switches as they stand.
    #[must_use]
    pub fn switches(&self) -> Switches {
        self.shared.world().switches
    }

    /// Sets every switch, for the calls from now on.
    pub fn set_switches(&self, switches: Switches) {
        self.shared.world().switches = switches;
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        self.shared.advance(i64::try_from(by.as_millis()).unwrap_or(i64::MAX));
    }

    /// The sandbox's own time, to the millisecond.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        // What is outside of jiff's years cannot be shown, and no clock gets there.
        Timestamp::from_millisecond(self.shared.now()).unwrap_or(Timestamp::MAX)
    }

    /// Moves the clock to an instant. False, and nothing happens, when that would be back.
    #[must_use]
    pub fn set_clock(&self, to: Timestamp) -> bool {
        self.shared.set_clock(to.as_millisecond())
    }

    /// Stops the clock where it stands; it can still be moved and set.
    pub fn freeze(&self) {
        self.shared.freeze(true);
    }

    /// Lets a stopped clock run on from where it stands.
    pub fn unfreeze(&self) {
        self.shared.freeze(false);
    }

    /// The buyer pays into a virtual account.
    pub fn deposit(&self, payment_key: &str) -> Result<(), Refused> {
        Ok(control::act(&self.shared, payment_key, &Deed::Deposit(Deposit::default())).map(drop)?)
    }

    /// The buyer pays into a virtual account, and the bank takes the deposit back after this time on the sandbox's clock.
    pub fn deposit_for(&self, payment_key: &str, time: Duration) -> Result<(), Refused> {
        let reverses_after = Some(i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2));
        let deposit = Deposit { reverses_after, ..Deposit::default() };
        Ok(control::act(&self.shared, payment_key, &Deed::Deposit(deposit)).map(drop)?)
    }

    /// The transfer of a virtual account's refund fails.
    pub fn fail_refund(&self, payment_key: &str) -> Result<(), Refused> {
        Ok(control::act(&self.shared, payment_key, &Deed::FailRefund).map(drop)?)
    }

    /// An asynchronous cancel ends, well or not: the oldest one under way, if none is named.
    pub fn end_cancel(&self, payment_key: &str, request: Option<&str>, well: bool) -> Result<(), Refused> {
        let now = self.shared.now();
        Ok(self.shared.world().end_cancel(payment_key, request, well, now).map(drop)?)
    }

    /// The bank takes a deposit back as an error.
    pub fn reverse_deposit(&self, payment_key: &str) -> Result<(), Refused> {
        Ok(control::act(&self.shared, payment_key, &Deed::ReverseDeposit).map(drop)?)
    }

    /// The merchant's people cancel in Toss's own dashboard, `None` for everything left: no call, no key.
    pub fn cancel_in_dashboard(&self, payment_key: &str, amount: Option<i64>) -> Result<(), Refused> {
        let mut world = self.shared.world();
        let amount = amount.map(Written::whole);
        Ok(cancel::in_dashboard(&mut world, &self.shared, payment_key.to_owned(), amount, None).map(drop)?)
    }

    /// Registers a receiver of webhooks.
    pub fn add_webhook_endpoint(&self, endpoint: WebhookEndpoint) -> Result<(), WebhookError> {
        self.shared.world().outbox.register(endpoint).map(drop)
    }

    /// At most `limit` webhooks whose number is above `after`, oldest first.
    #[must_use]
    pub fn webhooks(&self, after: u64, limit: usize) -> Vec<SentWebhook> {
        let page = self.shared.world().outbox.page(after, limit);
        page.parcels.iter().map(|(id, parcel)| parcel.show(*id)).collect()
    }

    /// Sends a webhook once more, now, whatever became of it.
    pub fn resend_webhook(&self, id: u64) -> Result<(), WebhookError> {
        let now = self.shared.now();
        self.shared.world().outbox.resend(id, now)
    }

    /// Sends so many copies of a webhook, 1 to 100, now and side by side, whatever became of it; each is a webhook
    /// of its own in the log, of the same id and the same bytes. Returns their numbers.
    ///
    /// # Errors
    ///
    /// An unknown webhook, too many copies.
    pub fn duplicate_webhook(&self, id: u64, copies: u32) -> Result<Vec<u64>, WebhookError> {
        let now = self.shared.now();
        self.shared.world().outbox.duplicate(id, copies, now)
    }

    /// Sends every endpoint a webhook that Toss never sent. Returns their numbers in the log.
    ///
    /// # Errors
    ///
    /// No endpoint, an unknown payment, a forgery that cannot be written.
    pub fn forge_webhook(&self, forgery: &WebhookForgery) -> Result<Vec<u64>, WebhookError> {
        let now = self.shared.now();
        self.shared.world().forge_webhook(forgery, now)
    }

    /// Adds a rule that spoils webhooks.
    pub fn add_webhook_fault(&self, fault: WebhookFault) -> Result<(), WebhookError> {
        self.shared.world().outbox.add_fault(fault)
    }

    /// Deletes every rule about webhooks and lets go of what they hold back.
    pub fn clear_webhook_faults(&self) {
        let now = self.shared.now();
        self.shared.world().outbox.clear_faults(now);
    }

    /// Lets the payment's current clock strike: its window, its session, or its account's due date.
    pub fn expire(&self, payment_key: &str) -> Result<(), Refused> {
        Ok(control::act(&self.shared, payment_key, &Deed::Expire).map(drop)?)
    }
}

/// Toss's gateway answers an unknown route itself, without code and message.
async fn no_such_route(State(shared): State<Arc<Shared>>) -> Response {
    let trace = format!("{:032x}", shared.world().ids.wide());
    ([("x-tosspayments-trace-id", trace)], reply::gateway(404)).into_response()
}
