//! The limit: the HTTP server of hanbeon and its client of Toss, with the store left out. It remembers nothing,
//! so it must never be used for anything but a comparison.
use crate::{Failure, SECRET_KEY};
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use clap::Args;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use tokio::net::TcpListener;
use toss_client::model::{Method, PaymentStatus};
use toss_client::{Amount, Client, Confirm, IdempotencyKey, RequestOptions, SecretKey};

#[derive(Args, Debug)]
pub(crate) struct LimitArgs {
    /// Where to listen.
    #[arg(long, value_name = "ADDR")]
    listen: SocketAddr,
    /// The sandbox.
    #[arg(long, value_name = "URL")]
    toss_api_url: String,
}

/// Serves until it is stopped.
pub(crate) async fn run(args: LimitArgs) -> Result<(), Failure> {
    let listener = TcpListener::bind(args.listen).await?;
    Ok(axum::serve(listener, router(&args.toss_api_url)?).await?)
}

/// The server, with a client of the sandbox at this URL. Time-outs and pool are the client's defaults, which
/// are hanbeon's.
pub(crate) fn router(toss_api_url: &str) -> Result<Router, Failure> {
    let client = Client::builder(SecretKey::parse(SECRET_KEY)?).base_url(toss_api_url).build()?;
    let router = Router::new()
        .route("/payments/confirm", post(confirm))
        .route("/payments/{id}", get(read))
        .route("/readyz", get(readyz));
    Ok(router.with_state(client))
}

async fn readyz() -> &'static str {
    "ready"
}

/// A bare handler: as many bytes as the answer of hanbeon to the same question, and no question asked.
async fn read() -> impl IntoResponse {
    const VIEW: &str = r#"{"backendOrderId":"00000000000070008000000000000001","tossPaymentMethod":"카드","tossPaymentStatus":"DONE","totalAmount":12900}"#;
    ([(CONTENT_TYPE, "application/json")], VIEW)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfirmBody {
    amount: String,
    backend_order_id: String,
    order_id: String,
    payment_key: String,
}

/// The four fields of the contract.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    backend_order_id: String,
    toss_payment_method: Option<Method>,
    toss_payment_status: PaymentStatus,
    total_amount: Amount,
}

async fn confirm(State(client): State<Client>, Json(body): Json<ConfirmBody>) -> Response {
    let Ok(amount) = body.amount.parse::<i64>() else {
        return (StatusCode::BAD_REQUEST, "the amount is not whole won").into_response();
    };
    // As long as hanbeon's key, so that the sandbox has the same work.
    let key = format!("hanbeon-{}-confirm-0", body.backend_order_id);
    let options =
        RequestOptions { idempotency_key: IdempotencyKey::parse(&key).ok(), ..RequestOptions::default() };
    let request =
        Confirm { payment_key: &body.payment_key, order_id: &body.order_id, amount: Amount::won(amount) };
    match client.confirm(&request, &options).await {
        Ok(reply) => Json(PaymentView {
            backend_order_id: body.backend_order_id,
            toss_payment_method: reply.value.method,
            toss_payment_status: reply.value.status,
            total_amount: reply.value.total_amount,
        })
        .into_response(),
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}
