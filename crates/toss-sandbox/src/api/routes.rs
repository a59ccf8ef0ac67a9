//! The addresses of the core API.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, any, get, on};

use crate::api::{reply, serve};
use crate::codes::{self, Code};
use crate::journal::Operation;
use crate::lang::Lang;
use crate::shared::Shared;

/// The routes of the core API.
pub(crate) fn routes() -> Router<Arc<Shared>> {
    Calls(Router::new())
        .route("/v1/payments", post(Operation::Create))
        .route("/v1/payments/confirm", post(Operation::Confirm))
        // The form of confirm that was in use before 2021 has the payment in its address.
        .route("/v1/payments/{payment_key}", read(Operation::Read).merge(post(Operation::Confirm)))
        .route("/v1/payments/{payment_key}/cancel", post(Operation::Cancel))
        .route("/v1/payments/{payment_key}/checkout", get(checkout))
        .route("/v1/payments/orders/{order_id}", read(Operation::ReadByOrder))
        .route("/v1/payments/key-in", post(Operation::KeyIn))
        .route("/v1/virtual-accounts", post(Operation::VirtualAccount))
        .route("/v1/transactions", read(Operation::Transactions))
        .route("/v1/billing/authorizations/issue", post(Operation::BillingIssue))
        .route("/v1/billing/authorizations/card", post(Operation::BillingCard))
        .route(
            "/v1/billing/{billing_key}",
            post(Operation::BillingCharge).merge(call(MethodFilter::DELETE, Operation::BillingDelete)),
        )
        .route("/v1/cash-receipts", post(Operation::CashReceiptIssue).merge(read(Operation::CashReceipts)))
        .route("/v1/cash-receipts/{receipt_key}/cancel", post(Operation::CashReceiptCancel))
        .route("/v1/settlements", read(Operation::Settlements).merge(post(Operation::SettlementRequest)))
        .route("/v1/promotions", read(Operation::Promotions))
        .route("/v1/promotions/card", read(Operation::CardPromotions))
        .0
        .route("/v1/brandpay/{*rest}", any(no_brandpay))
        .method_not_allowed_fallback(wrong_method)
}

/// Routes, each with a slash at its end as well: Toss's documents have none, and a client that others wrote sends it (see
/// conformance/).
struct Calls(Router<Arc<Shared>>);

impl Calls {
    fn route(self, path: &str, methods: MethodRouter<Arc<Shared>>) -> Self {
        Self(self.0.route(path, methods.clone()).route(&format!("{path}/"), methods))
    }
}

fn read(operation: Operation) -> MethodRouter<Arc<Shared>> {
    call(MethodFilter::GET, operation)
}

fn post(operation: Operation) -> MethodRouter<Arc<Shared>> {
    call(MethodFilter::POST, operation)
}

/// Every call comes in alike; its subject is the part of its path that varies.
fn call(method: MethodFilter, operation: Operation) -> MethodRouter<Arc<Shared>> {
    let handler = async move |State(shared), subject: Option<Path<String>>, request: Request| {
        serve(shared, operation, subject.map(|Path(subject)| subject), request).await
    };
    on(method, handler)
}

/// `checkout.url`: opens the payment window without the SDK.
async fn checkout(Path(key): Path<String>) -> Response {
    reply::redirect(&format!("/sandbox/window/{}", crate::urls::component(&key)))
}

async fn wrong_method(state: State<Arc<Shared>>, request: Request) -> Response {
    refused(state, &request, codes::NOT_FOUND_HTTP_METHOD)
}

/// `BrandPay` is not here. Said in Toss's words, an app shows it instead of stumbling over a gateway's page.
async fn no_brandpay(state: State<Arc<Shared>>, request: Request) -> Response {
    refused(state, &request, codes::NOT_SUPPORTED_METHOD)
}

fn refused(State(shared): State<Arc<Shared>>, request: &Request, code: Code) -> Response {
    let trace = shared.world().ids.wide();
    reply::refused(code, Lang::of(request.headers()), trace)
}
