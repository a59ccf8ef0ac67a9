//! The Payment object on the wire: every field, nulls included, in the order of Toss's own example.
//!
//! The same payment always gives the same bytes, which is what lets a replay be made from a snapshot.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;

use crate::account::{Account, Refund};
use crate::cash::{CashEntryView, CashView, cash_view, cash_views};
use crate::clock::Korea;
use crate::ids::Transaction;
use crate::lang::Lang;
use crate::means::{EasyPay, Means};
use crate::money::Shown;
use crate::payment::{Payment, Status};
use crate::refund::Cancel;

/// The JSON text of a payment.
pub(crate) fn to_json(payment: &Payment, lang: Lang) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(2_048);
    serde_json::to_writer(&mut bytes, &view(payment, lang))
        .expect("a payment has string keys only, and a Vec takes every byte");
    bytes
}

/// The same as a value, for lists.
pub(crate) fn to_value(payment: &Payment, lang: Lang) -> Value {
    serde_json::to_value(view(payment, lang)).expect("a payment has string keys only")
}

/// The asynchronous cancel that ended last; whether Toss names its payment is not documented, and here it does not.
pub(crate) fn ended_cancel_to_json(payment: &Payment) -> Vec<u8> {
    let ended = payment.cancels.iter().find(|cancel| Some(cancel.transaction) == payment.ended);
    let view = ended.map(|cancel| cancel_view(payment, cancel));
    serde_json::to_vec(&view).expect("a cancel has string keys only")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentView<'a> {
    m_id: &'a str,
    version: &'a str,
    payment_key: &'a str,
    last_transaction_key: Option<Transaction>,
    order_id: &'a str,
    order_name: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    method: Option<&'static str>,
    status: &'static str,
    requested_at: Korea,
    approved_at: Option<Korea>,
    use_escrow: Option<bool>,
    culture_expense: bool,
    currency: &'static str,
    country: &'a str,
    total_amount: Shown,
    balance_amount: Shown,
    supplied_amount: Shown,
    vat: Shown,
    tax_free_amount: Shown,
    tax_exemption_amount: Shown,
    is_partial_cancelable: bool,
    card: Option<CardView<'a>>,
    virtual_account: Option<AccountView<'a>>,
    transfer: Option<TransferView>,
    mobile_phone: Option<PhoneView<'a>>,
    gift_certificate: Option<GiftView>,
    easy_pay: Option<EasyPayView>,
    cash_receipt: Option<CashView<'a>>,
    cash_receipts: Option<Vec<CashEntryView<'a>>>,
    discount: Option<DiscountView>,
    cancels: Option<Vec<CancelView<'a>>>,
    secret: Option<&'a str>,
    failure: Option<FailureView>,
    metadata: Option<&'a Value>,
    receipt: Option<UrlView>,
    checkout: UrlView,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardView<'a> {
    issuer_code: &'static str,
    acquirer_code: &'static str,
    number: Cow<'a, str>,
    installment_plan_months: u8,
    is_interest_free: bool,
    interest_payer: Option<&'static str>,
    approve_no: &'static str,
    use_card_point: bool,
    card_type: &'static str,
    owner_type: &'static str,
    acquire_status: &'static str,
    amount: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AccountView<'a> {
    account_type: &'static str,
    account_number: &'a str,
    bank_code: &'static str,
    customer_name: &'a str,
    depositor_name: Option<&'a str>,
    due_date: Korea,
    expired: bool,
    settlement_status: &'static str,
    refund_status: &'static str,
    refund_receive_account: Option<RefundToView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RefundToView<'a> {
    bank_code: &'static str,
    account_number: &'a str,
    holder_name: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransferView {
    bank_code: &'static str,
    settlement_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhoneView<'a> {
    customer_mobile_phone: &'a str,
    settlement_status: &'static str,
    receipt_url: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GiftView {
    approve_no: &'static str,
    settlement_status: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EasyPayView {
    provider: &'static str,
    amount: Shown,
    discount_amount: Shown,
}

#[derive(Serialize)]
struct DiscountView {
    amount: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CancelView<'a> {
    transaction_key: Transaction,
    cancel_reason: &'a str,
    cancel_amount: Shown,
    tax_free_amount: Shown,
    tax_exemption_amount: Shown,
    refundable_amount: Shown,
    card_discount_amount: Shown,
    transfer_discount_amount: Shown,
    easy_pay_discount_amount: Shown,
    canceled_at: Korea,
    receipt_key: Option<&'a str>,
    cancel_status: &'static str,
    cancel_request_id: Option<&'a str>,
}

#[derive(Serialize)]
struct FailureView {
    code: &'static str,
    message: &'static str,
}

#[derive(Serialize)]
struct UrlView {
    url: String,
}

const NOT_SETTLED: &str = "INCOMPLETED";

fn view(payment: &Payment, lang: Lang) -> PaymentView<'_> {
    let about = &*payment.about;
    let parts = payment.split();
    let show = |amount| about.currency.show(amount);
    let extras = payment.extras();
    // The particulars of a method exist from the approval on; before it only its name is known.
    let paid = payment.means.filter(|_| payment.last.is_some());
    let account = payment.account.as_ref();
    let method = payment.method();
    let is_foreign = matches!(method, Some(Means::Foreign(_)));
    let charged = about.terms.billing.as_ref().filter(|_| paid.is_some());
    PaymentView {
        m_id: &about.mid,
        version: &about.version,
        payment_key: &about.key,
        last_transaction_key: payment.last,
        order_id: &about.order,
        order_name: &about.order_name,
        kind: if about.terms.billing.is_some() { "BILLING" } else { "NORMAL" },
        method: payment.means.map(|means| means.name(lang)),
        status: payment.status.name(),
        requested_at: Korea(about.requested_at),
        approved_at: payment.approved_at.map(Korea),
        use_escrow: (payment.status != Status::Expired && !is_foreign).then_some(extras.escrow),
        culture_expense: extras.culture
            && matches!(method, Some(Means::Transfer(_) | Means::VirtualAccount(_))),
        currency: about.currency.code(),
        country: country(payment),
        total_amount: show(about.amount),
        balance_amount: show(payment.balance),
        supplied_amount: show(parts.supplied),
        vat: show(parts.vat),
        tax_free_amount: show(payment.tax_free),
        tax_exemption_amount: show(payment.tax_exempt),
        is_partial_cancelable: payment.is_partial_cancelable(),
        card: paid.and_then(|means| card_view(payment, means, lang)),
        virtual_account: account
            .zip(paid)
            .map(|(account, means)| account_view(payment, account, means, lang)),
        transfer: transfer_view(paid),
        mobile_phone: phone_view(payment, paid),
        gift_certificate: matches!(paid, Some(Means::Gift(_)))
            .then_some(GiftView { approve_no: "00000000", settlement_status: NOT_SETTLED }),
        easy_pay: paid.and_then(|means| easy_pay_view(payment, means, lang)),
        cash_receipt: payment.cash.as_deref().map(|cash| cash_view(cash, lang)),
        cash_receipts: payment.cash.as_deref().map(|cash| cash_views(payment, cash, lang)),
        discount: (about.terms.discount > 0 && paid.is_some())
            .then_some(DiscountView { amount: about.terms.discount }),
        cancels: cancel_views(payment),
        secret: account
            .map(|account| &*account.secret)
            .or(charged.and_then(|charged| charged.secret.as_deref())),
        failure: payment.failure.map(|code| FailureView { code: code.name(), message: code.message(lang) }),
        metadata: about.terms.metadata.as_deref(),
        receipt: paid.filter(|_| !is_foreign).map(|means| UrlView { url: receipt_url(means, &about.key) }),
        checkout: UrlView { url: format!("{}/v1/payments/{}/checkout", about.origin, about.key) },
    }
}

/// The particulars of the card; a wallet's points, and no card at all where they paid everything.
fn card_view(payment: &Payment, means: Means, lang: Lang) -> Option<CardView<'_>> {
    let card = means.card()?;
    let points = if let Means::EasyPay(easy) = means { easy.points } else { 0 };
    let amount = payment.about.amount - points;
    let typed_in = payment.more.as_ref().and_then(|more| more.card_number.as_deref());
    (amount > 0).then(|| CardView {
        issuer_code: card.issuer.code,
        acquirer_code: card.issuer.acquirer,
        number: typed_in.map_or_else(|| format!("{}****123*", card.issuer.bin).into(), Cow::Borrowed),
        installment_plan_months: card.months,
        is_interest_free: card.is_interest_free,
        interest_payer: card.interest_payer(),
        approve_no: "00000000",
        use_card_point: card.uses_points,
        card_type: card.kind.name(lang),
        owner_type: card.owner.name(lang),
        acquire_status: "READY",
        amount,
    })
}

fn account_view<'a>(payment: &'a Payment, account: &'a Account, means: Means, lang: Lang) -> AccountView<'a> {
    let collected = payment.more.as_ref().and_then(|more| more.refund_to.as_ref());
    AccountView {
        account_type: if account.is_fixed {
            lang.pick("고정", "FIXED")
        } else {
            lang.pick("일반", "NORMAL")
        },
        account_number: &account.number,
        bank_code: means.bank_code(),
        customer_name: payment.customer(),
        depositor_name: account.depositor.as_deref(),
        due_date: Korea(account.due),
        expired: account.expired,
        settlement_status: NOT_SETTLED,
        refund_status: match account.refund {
            Refund::None => "NONE",
            Refund::Pending { .. } => "PENDING",
            Refund::Completed => "COMPLETED",
            Refund::Failed => "FAILED",
            Refund::PartialFailed => "PARTIAL_FAILED",
        },
        refund_receive_account: collected.filter(|_| account.shows_refund_to).map(|to| RefundToView {
            bank_code: to.bank,
            account_number: &to.number,
            holder_name: &to.holder,
        }),
    }
}

fn transfer_view(paid: Option<Means>) -> Option<TransferView> {
    match paid {
        Some(Means::Transfer(bank)) => {
            Some(TransferView { bank_code: bank.code, settlement_status: NOT_SETTLED })
        }
        _ => None,
    }
}

fn phone_view(payment: &Payment, paid: Option<Means>) -> Option<PhoneView<'_>> {
    let Some(means @ Means::MobilePhone) = paid else { return None };
    let terms = &payment.about.terms;
    let chosen = payment.more.as_ref().and_then(|more| more.phone.as_deref());
    Some(PhoneView {
        customer_mobile_phone: chosen.or(terms.customer_phone.as_deref()).unwrap_or("01000000000"),
        settlement_status: NOT_SETTLED,
        receipt_url: receipt_url(means, &payment.about.key),
    })
}

/// A linked card pays through `card.amount`, charged money through `easyPay.amount`, points through
/// `easyPay.discountAmount` (amount relation 5).
fn easy_pay_view(payment: &Payment, means: Means, lang: Lang) -> Option<EasyPayView> {
    let about = &payment.about;
    let (provider, money, points) = match means {
        Means::EasyPay(EasyPay { wallet, card, points }) => {
            let money = if card.is_some() { 0 } else { about.amount - points };
            (lang.pick(wallet.ko, wallet.code), money, points)
        }
        Means::Foreign(wallet) => (wallet.code, about.amount, 0),
        _ => return None,
    };
    let show = |amount| about.currency.show(amount);
    Some(EasyPayView { provider, amount: show(money), discount_amount: show(points) })
}

fn country(payment: &Payment) -> &str {
    let chosen = payment.more.as_ref().and_then(|more| more.country.as_deref());
    match payment.method() {
        Some(Means::Foreign(wallet)) => chosen.unwrap_or(wallet.country),
        _ => "KR",
    }
}

fn cancel_views(payment: &Payment) -> Option<Vec<CancelView<'_>>> {
    if payment.cancels.is_empty() {
        return None;
    }
    Some(payment.cancels.iter().map(|cancel| cancel_view(payment, cancel)).collect())
}

fn cancel_view<'a>(payment: &'a Payment, cancel: &'a Cancel) -> CancelView<'a> {
    let show = |amount| payment.about.currency.show(amount);
    let by_transfer = matches!(payment.means, Some(Means::Transfer(_)));
    let (by_card, by_transfer) =
        if by_transfer { (0, cancel.parts.discount) } else { (cancel.parts.discount, 0) };
    CancelView {
        transaction_key: cancel.transaction,
        cancel_reason: &cancel.reason,
        cancel_amount: show(cancel.parts.amount),
        tax_free_amount: show(cancel.parts.tax_free),
        tax_exemption_amount: show(cancel.parts.tax_exempt),
        refundable_amount: show(cancel.left),
        card_discount_amount: show(by_card),
        transfer_discount_amount: show(by_transfer),
        easy_pay_discount_amount: show(cancel.parts.points),
        canceled_at: Korea(cancel.at),
        receipt_key: cancel.receipt.as_deref(),
        cancel_status: cancel.stage.name(),
        cancel_request_id: cancel.request.as_deref(),
    }
}

/// The documented addresses; as in Toss's test mode there is no document behind them.
pub(crate) fn receipt_url(means: Means, key: &str) -> String {
    let page = match means {
        Means::VirtualAccount(_) => "payment-detail/bank-transfer",
        _ => "redirection",
    };
    format!("https://dashboard.tosspayments.com/receipt/{page}?transactionId={key}&ref=PX")
}
