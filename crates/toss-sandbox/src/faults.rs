//! Lies on request: rules that spoil chosen calls, before or after they take effect.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use crate::codes::{self, Code};
use crate::ids::Ids;
use crate::journal::Operation;

mod header;

/// Rules kept at once.
const MOST_RULES: usize = 100_000;
/// The longest delay, in milliseconds: ten minutes.
const LONGEST_DELAY_MS: u64 = 600_000;

/// One rule. It spoils the next `times` calls that match.
///
/// ```
/// use toss_sandbox::{FaultKind, FaultOperation, FaultRule};
///
/// let rule = FaultRule::new(FaultOperation::Confirm, FaultKind::LoseReply).on_order("ord-20260302-0007");
/// assert_eq!(rule.times, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FaultRule {
    /// The calls that the rule is about.
    #[serde(default)]
    pub operation: FaultOperation,
    /// Only calls about this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// Only calls about this payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_key: Option<String>,
    /// How many calls it spoils; 0 means every one until the rule is deleted.
    #[serde(default = "once")]
    pub times: u32,
    /// Spoils a matching call only this often in a thousand (1 to 1000, all by default).
    #[serde(default = "always")]
    pub permille: u16,
    /// What it does to them.
    #[serde(flatten)]
    pub kind: FaultKind,
}

fn once() -> u32 {
    1
}

fn always() -> u16 {
    1_000
}

/// The core calls that a rule can be about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultOperation {
    /// `POST /v1/payments/confirm`.
    Confirm,
    /// `POST /v1/payments/{paymentKey}/cancel`.
    Cancel,
    /// `GET /v1/payments/{paymentKey}`.
    Read,
    /// `GET /v1/payments/orders/{orderId}`.
    ReadByOrder,
    /// `POST /v1/payments`.
    Create,
    /// `POST /v1/payments/key-in`.
    KeyIn,
    /// `POST /v1/virtual-accounts`.
    VirtualAccount,
    /// `GET /v1/transactions`.
    Transactions,
    /// `POST /v1/billing/authorizations/issue`.
    BillingIssue,
    /// `POST /v1/billing/authorizations/card`.
    BillingCard,
    /// `POST /v1/billing/{billingKey}`.
    BillingCharge,
    /// `DELETE /v1/billing/{billingKey}`.
    BillingDelete,
    /// `POST /v1/cash-receipts`.
    CashReceiptIssue,
    /// `POST /v1/cash-receipts/{receiptKey}/cancel`.
    CashReceiptCancel,
    /// `GET /v1/cash-receipts`.
    CashReceipts,
    /// `GET /v1/settlements`.
    Settlements,
    /// `POST /v1/settlements`.
    SettlementRequest,
    /// `GET /v1/promotions/card`.
    CardPromotions,
    /// `GET /v1/promotions`.
    Promotions,
    /// Every core call.
    #[default]
    Any,
}

/// What happens to a spoiled call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The call takes effect; the connection is reset without an answer.
    LoseReply,
    /// The call has no effect; the connection is reset without an answer.
    Drop,
    /// The call has no effect; this error is answered.
    FailBefore {
        /// The HTTP status.
        status: u16,
        /// A code of Toss; by default a general one of that status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// The call takes effect; this error is answered all the same.
    FailAfter {
        /// The HTTP status.
        status: u16,
        /// A code of Toss; by default a general one of that status.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
    },
    /// The answer takes longer.
    Delay {
        /// Milliseconds.
        ms: u64,
        /// Whether the time passes before or after the call takes effect.
        #[serde(default)]
        when: When,
    },
    /// The call takes effect; the body breaks off after so many bytes, below its `Content-Length`.
    CutBody {
        /// Bytes of the body that arrive.
        bytes: usize,
    },
    /// The call has no effect; a gateway's HTML page is answered.
    Html {
        /// The HTTP status.
        status: u16,
    },
    /// The call takes effect; the answer is worded as by a Toss of tomorrow: with fields, a method and, to a read, a
    /// status that nobody knows, and without the time of the approval.
    FutureFields,
    /// The call has no effect; the answer is a success, and shows this other payment, whoever's it is. A payment that
    /// does not exist is a 404.
    OtherPayment {
        /// The payment that is shown.
        shown: String,
    },
}

/// On which side of the effect a delay lies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// First the time passes, then the call takes effect.
    #[default]
    Before,
    /// First the call takes effect, then the time passes.
    After,
}

/// A rule as the sandbox keeps it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// Its number, for deleting it.
    pub id: u64,
    /// Calls that it has spoiled so far.
    pub spoiled: u64,
    /// The rule; `times` counts down, 0 still means without end.
    #[serde(flatten)]
    pub rule: FaultRule,
}

/// Why a rule was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// A status outside 400..=599.
    #[error("a fault's status is between 400 and 599")]
    Status,
    /// A code that Toss does not have.
    #[error("Toss has no such code")]
    Code,
    /// A delay of more than ten minutes.
    #[error("a delay is at most ten minutes")]
    Delay,
    /// A share outside 1..=1000.
    #[error("permille is between 1 and 1000")]
    Permille,
    /// A `Sandbox-Fault` header that is no fault.
    #[error(
        "Sandbox-Fault is one of lose-reply, drop, future-fields, delay-before=MS, delay-after=MS, \
         fail-before=STATUS[:CODE], fail-after=STATUS[:CODE], html=STATUS, cut-body=BYTES, other-payment=KEY"
    )]
    Header,
    /// No room for another rule.
    #[error("there are too many rules already")]
    TooMany,
}

impl FaultRule {
    /// A rule that spoils the next call of this operation.
    #[must_use]
    pub fn new(operation: FaultOperation, kind: FaultKind) -> Self {
        Self { operation, order_id: None, payment_key: None, times: once(), permille: always(), kind }
    }

    /// Only for one order.
    #[must_use]
    pub fn on_order(mut self, order_id: &str) -> Self {
        self.order_id = Some(order_id.to_owned());
        self
    }

    /// Only for one payment.
    #[must_use]
    pub fn on_payment(mut self, payment_key: &str) -> Self {
        self.payment_key = Some(payment_key.to_owned());
        self
    }

    /// For so many calls; 0 for every one until the rule is deleted.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    fn check(&self) -> Result<(), FaultError> {
        if !(1..=1_000).contains(&self.permille) {
            return Err(FaultError::Permille);
        }
        self.kind.check()
    }

    fn matches(&self, operation: Operation, order: Option<&str>, payment: Option<&str>) -> bool {
        let about = |wanted: &Option<String>, is: Option<&str>| wanted.is_none() || wanted.as_deref() == is;
        self.operation.covers(operation) && about(&self.order_id, order) && about(&self.payment_key, payment)
    }
}

impl FaultKind {
    fn check(&self) -> Result<(), FaultError> {
        match self {
            Self::FailBefore { status, code } | Self::FailAfter { status, code } => {
                check_status(*status)?;
                code.as_deref().map_or(Ok(()), |name| Code::find(name).map(drop).ok_or(FaultError::Code))
            }
            Self::Html { status } => check_status(*status),
            Self::Delay { ms, .. } if *ms > LONGEST_DELAY_MS => Err(FaultError::Delay),
            _ => Ok(()),
        }
    }
}

fn check_status(status: u16) -> Result<(), FaultError> {
    if (400..=599).contains(&status) { Ok(()) } else { Err(FaultError::Status) }
}

impl FaultOperation {
    fn covers(self, operation: Operation) -> bool {
        match self {
            Self::Any => true,
            Self::Confirm => operation == Operation::Confirm,
            Self::Cancel => operation == Operation::Cancel,
            Self::Read => operation == Operation::Read,
            Self::ReadByOrder => operation == Operation::ReadByOrder,
            Self::Create => operation == Operation::Create,
            Self::KeyIn => operation == Operation::KeyIn,
            Self::VirtualAccount => operation == Operation::VirtualAccount,
            Self::Transactions => operation == Operation::Transactions,
            Self::BillingIssue => operation == Operation::BillingIssue,
            Self::BillingCard => operation == Operation::BillingCard,
            Self::BillingCharge => operation == Operation::BillingCharge,
            Self::BillingDelete => operation == Operation::BillingDelete,
            Self::CashReceiptIssue => operation == Operation::CashReceiptIssue,
            Self::CashReceiptCancel => operation == Operation::CashReceiptCancel,
            Self::CashReceipts => operation == Operation::CashReceipts,
            Self::Settlements => operation == Operation::Settlements,
            Self::SettlementRequest => operation == Operation::SettlementRequest,
            Self::CardPromotions => operation == Operation::CardPromotions,
            Self::Promotions => operation == Operation::Promotions,
        }
    }
}

/// The code of a rule that names only a status.
pub(crate) fn code_of(status: u16, name: Option<&str>) -> Code {
    name.and_then(Code::find).unwrap_or(match status {
        401 => codes::UNAUTHORIZED_KEY,
        403 => codes::FORBIDDEN_REQUEST,
        404 => codes::NOT_FOUND,
        409 => codes::IDEMPOTENT_REQUEST_PROCESSING,
        429 => codes::TOO_MANY_REQUESTS,
        500..=599 => codes::FAILED_INTERNAL_SYSTEM_PROCESSING,
        _ => codes::INVALID_REQUEST,
    })
}

/// The rules, found by order or payment without looking at those of the others.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    rules: BTreeMap<u64, Fault>,
    /// Rule numbers by what they name; a rule that names neither stands under `general`.
    by_order: HashMap<String, Vec<u64>>,
    by_payment: HashMap<String, Vec<u64>>,
    general: Vec<u64>,
    next: u64,
}

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) -> Result<Fault, FaultError> {
        rule.check()?;
        if self.rules.len() >= MOST_RULES {
            return Err(FaultError::TooMany);
        }
        self.next += 1;
        let fault = Fault { id: self.next, spoiled: 0, rule };
        self.shelf(&fault.rule).push(fault.id);
        self.rules.insert(fault.id, fault.clone());
        Ok(fault)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(crate) fn list(&self, limit: usize) -> Vec<Fault> {
        self.rules.values().take(limit).cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self { next: self.next, ..Self::default() };
    }

    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let Some(fault) = self.rules.remove(&id) else { return false };
        self.shelf(&fault.rule).retain(|other| *other != id);
        self.by_order.retain(|_, ids| !ids.is_empty());
        self.by_payment.retain(|_, ids| !ids.is_empty());
        true
    }

    /// The oldest rule that matches the call, counted as used.
    pub(crate) fn take(
        &mut self,
        operation: Operation,
        order: Option<&str>,
        payment: Option<&str>,
        ids: &mut Ids,
    ) -> Option<FaultKind> {
        let on_order = order.and_then(|order| self.by_order.get(order));
        let on_payment = payment.and_then(|payment| self.by_payment.get(payment));
        let candidates = [Some(&self.general), on_order, on_payment].into_iter().flatten().flatten();
        let fits = |id: &&u64| {
            let rule = self.rules.get(*id).map(|fault| &fault.rule);
            rule.is_some_and(|rule| rule.matches(operation, order, payment) && ids.chance(rule.permille))
        };
        let id = candidates.filter(fits).min().copied()?;
        let fault = self.rules.get_mut(&id)?;
        fault.spoiled += 1;
        let kind = fault.rule.kind.clone();
        match fault.rule.times {
            0 => {}
            1 => drop(self.remove(id)),
            _ => fault.rule.times -= 1,
        }
        Some(kind)
    }

    fn shelf(&mut self, rule: &FaultRule) -> &mut Vec<u64> {
        match (&rule.order_id, &rule.payment_key) {
            (Some(order), _) => self.by_order.entry(order.clone()).or_default(),
            (None, Some(payment)) => self.by_payment.entry(payment.clone()).or_default(),
            (None, None) => &mut self.general,
        }
    }
}
