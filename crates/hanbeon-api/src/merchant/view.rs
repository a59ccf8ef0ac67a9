//! What the shop gets. Instants are ISO 8601 in Korean time, as Toss writes them.
use crate::answer::korean_time;
use hanbeon_app::{JournalLine, OrderRecord, PaymentRecord, Progress, RefundRecord};
use hanbeon_domain::order::{Customer, Line};
use hanbeon_domain::{Payment, RefundOutcome, Refusal, State, Tax, Untaxed};
use serde::Serialize;

/// An order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderView {
    id: String,
    merchant_reference: String,
    order_name: String,
    total_amount: i64,
    tax_free_amount: i64,
    tax_exemption_amount: i64,
    lines: Vec<LineView>,
    customer: CustomerView,
    created_at: String,
    expires_at: Option<String>,
    payments: Vec<PaymentSummary>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LineView {
    name: String,
    quantity: u32,
    unit_price: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CustomerView {
    name: Option<String>,
    email: Option<String>,
    mobile_phone: Option<String>,
}

/// A payment, in short. `state` is ours, `tossPaymentStatus` what Toss last said.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentSummary {
    id: String,
    backend_order_id: String,
    state: &'static str,
    toss_order_id: String,
    toss_payment_key: String,
    toss_payment_method: Option<String>,
    toss_payment_status: &'static str,
    total_amount: i64,
    captured_amount: i64,
    refunded_amount: i64,
    refundable_amount: i64,
    #[serde(flatten)]
    tax: Option<TaxView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    created_at: String,
    requested_at: Option<String>,
    approved_at: Option<String>,
}

/// How Toss says that what is left is taxed; not there until it has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaxView {
    supplied_amount: i64,
    vat: i64,
    #[serde(flatten)]
    untaxed: UntaxedView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UntaxedView {
    tax_free_amount: i64,
    tax_exemption_amount: i64,
}

#[derive(Serialize)]
pub(super) struct FailureView {
    pub(super) code: String,
    pub(super) message: String,
}

/// A payment with its refunds and its history.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentDetail {
    #[serde(flatten)]
    payment: PaymentSummary,
    refunds: Vec<RefundView>,
    history: Vec<HistoryLine>,
}

/// The refund that was asked for, and the payment as it then is.
#[derive(Serialize)]
pub(crate) struct RefundAnswer {
    refund: RefundView,
    payment: PaymentSummary,
}

/// The refunds of a payment, oldest first.
#[derive(Serialize)]
pub(crate) struct RefundList {
    refunds: Vec<RefundView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundView {
    id: String,
    amount: i64,
    #[serde(flatten)]
    untaxed: Option<UntaxedView>,
    reason: String,
    state: &'static str,
    transaction_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<FailureView>,
    requested_at: String,
    settled_at: Option<String>,
}

#[derive(Serialize)]
struct HistoryLine {
    version: u64,
    at: String,
    actor: String,
    from: String,
    to: String,
    event: String,
}

impl OrderView {
    pub(super) fn of(record: OrderRecord) -> Self {
        let OrderRecord { order, payments } = record;
        let Customer { name, email, mobile_phone } = order.customer;
        Self {
            id: order.id.to_string(),
            merchant_reference: order.reference.as_str().to_owned(),
            order_name: order.name,
            total_amount: order.total.get(),
            tax_free_amount: order.untaxed.free.get(),
            tax_exemption_amount: order.untaxed.exempt.get(),
            lines: order.lines.into_iter().map(LineView::from).collect(),
            customer: CustomerView { name, email, mobile_phone },
            created_at: korean_time(order.created_at),
            expires_at: order.expires_at.map(korean_time),
            payments: payments.into_iter().map(PaymentSummary::from).collect(),
        }
    }
}

impl From<Line> for LineView {
    fn from(line: Line) -> Self {
        Self { name: line.name, quantity: line.quantity, unit_price: line.unit_price.get() }
    }
}

impl From<Payment> for PaymentSummary {
    fn from(payment: Payment) -> Self {
        let failure = match &payment.state {
            State::Declined { refusal } => {
                Some(FailureView { code: refusal.code.clone(), message: refusal.message.clone() })
            }
            State::NeedsReview { why } => {
                Some(FailureView { code: "NEEDS_REVIEW".to_owned(), message: why.clone() })
            }
            _ => None,
        };
        Self {
            id: payment.id.to_string(),
            backend_order_id: payment.order.to_string(),
            state: payment.state.name().as_str(),
            toss_order_id: payment.toss_order.as_str().to_owned(),
            toss_payment_key: payment.key.as_str().to_owned(),
            toss_payment_status: payment.toss.status.as_str(),
            total_amount: payment.amount.get(),
            captured_amount: payment.captured.get(),
            refunded_amount: payment.refunded.get(),
            refundable_amount: payment.refundable().get(),
            tax: payment.toss.tax.map(TaxView::from),
            failure,
            created_at: korean_time(payment.created_at),
            requested_at: payment.toss.requested_at.map(korean_time),
            approved_at: payment.toss.approved_at.map(korean_time),
            toss_payment_method: payment.toss.method,
        }
    }
}

impl From<Tax> for TaxView {
    fn from(Tax { supplied, vat, untaxed }: Tax) -> Self {
        Self { supplied_amount: supplied.get(), vat: vat.get(), untaxed: untaxed.into() }
    }
}

impl From<Untaxed> for UntaxedView {
    fn from(Untaxed { free, exempt }: Untaxed) -> Self {
        Self { tax_free_amount: free.get(), tax_exemption_amount: exempt.get() }
    }
}

impl PaymentDetail {
    pub(super) fn of(record: PaymentRecord) -> Self {
        let PaymentRecord { payment, refunds, history, events: _, seal: _ } = record;
        Self {
            payment: payment.into(),
            refunds: refunds.into_iter().map(RefundView::from).collect(),
            history: history.into_iter().map(HistoryLine::from).collect(),
        }
    }
}

impl RefundAnswer {
    pub(super) fn of(refund: RefundRecord, payment: Payment) -> Self {
        Self { refund: refund.into(), payment: payment.into() }
    }
}

impl RefundList {
    pub(super) fn of(refunds: Vec<RefundRecord>) -> Self {
        Self { refunds: refunds.into_iter().map(RefundView::from).collect() }
    }
}

impl From<RefundRecord> for RefundView {
    fn from(record: RefundRecord) -> Self {
        let RefundRecord { refund, progress, settled_at, .. } = record;
        let (state, transaction_key, failure) = match progress {
            Progress::Queued => ("queued", None, None),
            Progress::Sending => ("sending", None, None),
            Progress::Settled(RefundOutcome::Done { transaction_key, .. }) => ("done", transaction_key, None),
            Progress::Settled(RefundOutcome::Refused(Refusal { code, message, .. })) => {
                ("refused", None, Some(FailureView { code, message }))
            }
            Progress::Settled(RefundOutcome::NeedsReview) => ("needs_review", None, None),
            Progress::Elsewhere { transaction_key } => ("elsewhere", Some(transaction_key), None),
        };
        Self {
            id: refund.id.to_string(),
            amount: refund.amount.get(),
            untaxed: refund.untaxed.map(UntaxedView::from),
            reason: refund.reason.as_str().to_owned(),
            state,
            transaction_key,
            failure,
            requested_at: korean_time(refund.requested_at),
            settled_at: settled_at.map(korean_time),
        }
    }
}

impl From<JournalLine> for HistoryLine {
    fn from(line: JournalLine) -> Self {
        let JournalLine { version, at, actor, from, to, event, .. } = line;
        Self { version, at: korean_time(at), actor, from, to, event }
    }
}
