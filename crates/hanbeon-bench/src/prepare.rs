//! What a confirm needs, made before the clock starts: an order at hanbeon, and a payment at the sandbox that
//! its buyer has authenticated.
use crate::http::{self, Connection};
use crate::{Failure, SECRET_KEY};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Most payments that one measurement may ask for: some minutes of preparation.
pub(crate) const POOL_MAX: usize = 200_000;
/// How many are prepared at once: enough to share flushes, and far below the queue of hanbeon's store.
const HANDS: usize = 64;
/// How long preparing may take altogether.
const WITHIN: Duration = Duration::from_secs(300);
/// What each payment is over, in won.
const AMOUNT: i64 = 12_900;

/// Where things are prepared.
#[derive(Clone, Debug)]
pub(crate) struct Doors {
    /// Orders are named after it: another one for each use of a database.
    pub(crate) name: String,
    pub(crate) sandbox: SocketAddr,
    /// Where the shop's orders are made first; the limit knows none.
    pub(crate) orders: Option<Orders>,
}

/// The call that makes an order.
#[derive(Clone, Debug)]
pub(crate) struct Orders {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    /// The header's value, or empty.
    pub(crate) authorization: String,
}

/// Prepares `count` payments, and answers with the bodies that confirm them, in the order in which they were prepared: a
/// buyer who has authenticated is sent to the shop at once.
///
/// # Errors
/// The first refusal, or when it takes too long.
pub(crate) async fn pool(doors: &Doors, count: usize) -> Result<Vec<String>, Failure> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut hands = JoinSet::new();
    for _ in 0..HANDS.min(count) {
        hands.spawn(hand(doors.clone(), Arc::clone(&next), count));
    }
    let all = async {
        let mut bodies = Vec::with_capacity(count);
        while let Some(made) = hands.join_next().await {
            bodies.append(&mut made??);
        }
        bodies.sort_unstable_by_key(|(at, _)| *at);
        Ok::<_, Failure>(bodies.into_iter().map(|(_, body)| body).collect())
    };
    timeout(WITHIN, all).await.map_err(|_| format!("preparing took more than {WITHIN:?}"))?
}

async fn hand(doors: Doors, next: Arc<AtomicUsize>, count: usize) -> Result<Vec<(usize, String)>, Failure> {
    let basic = format!("Basic {}", STANDARD.encode(format!("{SECRET_KEY}:")));
    let mut sandbox = Connection::open(doors.sandbox).await?;
    let mut shop = match &doors.orders {
        Some(orders) => Some((Connection::open(orders.address).await?, orders)),
        None => None,
    };
    let mut bodies = Vec::new();
    loop {
        let at = next.fetch_add(1, Relaxed);
        if at >= count {
            return Ok(bodies);
        }
        let toss_order = format!("{}-{at:08}", doors.name);
        let order = match &mut shop {
            Some((connection, Orders { address, path, authorization })) => {
                let order = json!({
                    "merchantReference": toss_order, "orderName": "bench", "totalAmount": AMOUNT,
                });
                let request = http::post(*address, path, authorization, &order.to_string());
                made(connection, &request, 201, "id").await?
            }
            // As long as hanbeon's own ids.
            None => format!("00000000-0000-7000-8000-{at:012}"),
        };
        let wish = json!({"orderId": toss_order, "amount": AMOUNT, "orderName": "bench", "method": "카드"});
        let request = http::post(doors.sandbox, "/sandbox/payments", &basic, &wish.to_string());
        let key = made(&mut sandbox, &request, 200, "paymentKey").await?;
        let body = json!({
            "amount": AMOUNT.to_string(), "backendOrderId": order, "orderId": toss_order, "paymentKey": key,
        });
        bodies.push((at, body.to_string()));
    }
}

/// Makes something, and answers with its id.
async fn made(connection: &mut Connection, request: &[u8], status: u16, id: &str) -> Result<String, Failure> {
    let answer = connection.exchange(request).await?;
    if answer.status != status {
        return Err(format!("preparing: expected {status}, got {}", answer.text()).into());
    }
    let made: Value = serde_json::from_slice(answer.body)?;
    Ok(made[id].as_str().ok_or_else(|| format!("preparing: no {id} in the answer"))?.to_owned())
}
