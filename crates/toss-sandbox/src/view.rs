//! The Payment object on the wire: every field, nulls included, in the order of Toss's own example.
//!
//! The same payment always gives the same bytes, which is what lets a replay be made from a snapshot.

use serde::Serialize;
use serde_json::Value;

use crate::clock::Korea;
use crate::ids::Transaction;
use crate::lang::Lang;
use crate::means::{Card, Means};
use crate::money::split;
use crate::payment::{Account, Payment, Refund, Status};

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
    country: &'static str,
    total_amount: i64,
    balance_amount: i64,
    supplied_amount: i64,
    vat: i64,
    tax_free_amount: i64,
    tax_exemption_amount: i64,
    is_partial_cancelable: bool,
    card: Option<CardView>,
    virtual_account: Option<AccountView<'a>>,
    transfer: Option<TransferView>,
    mobile_phone: Option<PhoneView<'a>>,
    gift_certificate: Option<GiftView>,
    easy_pay: Option<EasyPayView>,
    cash_receipt: (),
    cash_receipts: (),
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
struct CardView {
    issuer_code: &'static str,
    acquirer_code: &'static str,
    number: String,
    installment_plan_months: u8,
    is_interest_free: bool,
    interest_payer: (),
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
    refund_receive_account: (),
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
    amount: i64,
    discount_amount: i64,
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
    cancel_amount: i64,
    tax_free_amount: i64,
    tax_exemption_amount: i64,
    refundable_amount: i64,
    card_discount_amount: i64,
    transfer_discount_amount: i64,
    easy_pay_discount_amount: i64,
    canceled_at: Korea,
    receipt_key: (),
    cancel_status: &'static str,
    cancel_request_id: (),
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
    let parts = split(payment.balance, payment.tax_free);
    // The particulars of a method exist from the approval on; before it only its name is known.
    let paid = payment.means.filter(|_| payment.last.is_some());
    let account = payment.account.as_ref();
    PaymentView {
        m_id: &about.mid,
        version: &about.version,
        payment_key: &about.key,
        last_transaction_key: payment.last,
        order_id: &about.order,
        order_name: &about.order_name,
        kind: "NORMAL",
        method: payment.means.map(|means| means.name(lang)),
        status: payment.status.name(),
        requested_at: Korea(about.requested_at),
        approved_at: payment.approved_at.map(Korea),
        use_escrow: (payment.status != Status::Expired).then_some(false),
        culture_expense: false,
        currency: "KRW",
        country: "KR",
        total_amount: about.amount,
        balance_amount: payment.balance,
        supplied_amount: parts.supplied,
        vat: parts.vat,
        tax_free_amount: payment.tax_free,
        tax_exemption_amount: 0,
        is_partial_cancelable: !about.terms.whole_cancels_only,
        card: paid.and_then(Means::card).map(|card| card_view(card, about.amount, lang)),
        virtual_account: account
            .zip(paid)
            .map(|(account, means)| account_view(payment, account, means, lang)),
        transfer: transfer_view(paid),
        mobile_phone: phone_view(payment, paid),
        gift_certificate: matches!(paid, Some(Means::Gift(_)))
            .then_some(GiftView { approve_no: "00000000", settlement_status: NOT_SETTLED }),
        easy_pay: easy_pay_view(paid, about.amount, lang),
        cash_receipt: (),
        cash_receipts: (),
        discount: (about.terms.discount > 0 && paid.is_some())
            .then_some(DiscountView { amount: about.terms.discount }),
        cancels: cancel_views(payment),
        secret: account.map(|account| &*account.secret),
        failure: payment.failure.map(|code| FailureView { code: code.name(), message: code.message(lang) }),
        metadata: about.terms.metadata.as_deref(),
        receipt: paid.map(|means| UrlView { url: receipt_url(means, &about.key) }),
        checkout: UrlView { url: format!("{}/v1/payments/{}/checkout", about.origin, about.key) },
    }
}

fn card_view(card: Card, amount: i64, lang: Lang) -> CardView {
    CardView {
        issuer_code: card.issuer.code,
        acquirer_code: card.issuer.acquirer,
        number: format!("{}****123*", card.issuer.bin),
        installment_plan_months: card.months,
        is_interest_free: false,
        interest_payer: (),
        approve_no: "00000000",
        use_card_point: false,
        card_type: lang.pick("신용", "CREDIT"),
        owner_type: lang.pick("개인", "PERSONAL"),
        acquire_status: "READY",
        amount,
    }
}

fn account_view<'a>(payment: &'a Payment, account: &'a Account, means: Means, lang: Lang) -> AccountView<'a> {
    AccountView {
        account_type: lang.pick("일반", "NORMAL"),
        account_number: &account.number,
        bank_code: match means {
            Means::VirtualAccount(bank) => bank.code,
            _ => "",
        },
        customer_name: payment.about.customer(),
        depositor_name: account.depositor.as_deref(),
        due_date: Korea(account.due),
        expired: account.expired,
        settlement_status: NOT_SETTLED,
        refund_status: match account.refund {
            Refund::None => "NONE",
            Refund::Pending { .. } => "PENDING",
            Refund::Completed => "COMPLETED",
        },
        refund_receive_account: (),
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
    Some(PhoneView {
        customer_mobile_phone: payment.about.terms.customer_phone.as_deref().unwrap_or("01000000000"),
        settlement_status: NOT_SETTLED,
        receipt_url: receipt_url(means, &payment.about.key),
    })
}

/// A linked card pays through `card.amount`, charged money through `easyPay.amount` (amount relation 5).
fn easy_pay_view(paid: Option<Means>, amount: i64, lang: Lang) -> Option<EasyPayView> {
    let Some(Means::EasyPay(wallet, card)) = paid else { return None };
    Some(EasyPayView {
        provider: lang.pick(wallet.ko, wallet.code),
        amount: if card.is_some() { 0 } else { amount },
        discount_amount: 0,
    })
}

fn cancel_views(payment: &Payment) -> Option<Vec<CancelView<'_>>> {
    if payment.cancels.is_empty() {
        return None;
    }
    let views = payment.cancels.iter().map(|cancel| CancelView {
        transaction_key: cancel.transaction,
        cancel_reason: &cancel.reason,
        cancel_amount: cancel.amount,
        tax_free_amount: cancel.tax_free,
        tax_exemption_amount: 0,
        refundable_amount: cancel.left,
        card_discount_amount: 0,
        transfer_discount_amount: 0,
        easy_pay_discount_amount: 0,
        canceled_at: Korea(cancel.at),
        receipt_key: (),
        cancel_status: "DONE",
        cancel_request_id: (),
    });
    Some(views.collect())
}

/// The documented addresses; as in Toss's test mode there is no document behind them.
pub(crate) fn receipt_url(means: Means, key: &str) -> String {
    let page = match means {
        Means::VirtualAccount(_) => "payment-detail/bank-transfer",
        _ => "redirection",
    };
    format!("https://dashboard.tosspayments.com/receipt/{page}?transactionId={key}&ref=PX")
}
