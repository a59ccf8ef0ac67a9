//! Who may see and do what: strangers, and a shop that changes its key.
use crate::buyer::Buyer;
use crate::support::{Api, World, send, unique, until};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use tokio::sync::RwLock;
use toss_sandbox::{FaultKind, FaultOperation};

#[tokio::test]
async fn j5_a_stranger_with_an_order_id_reads_the_contracts_four_fields_and_no_more() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let declined = Buyer::ready(&world, 1_000).await;
    let code = Some("REJECT_CARD_PAYMENT".to_owned());
    world.spoil(FaultOperation::Confirm, FaultKind::FailBefore { status: 403, code });
    declined.confirm(&world.api).await.has_status(403);
    for (known, status) in [(&buyer, "DONE"), (&declined, "ABORTED")] {
        let answer = known.stranger().read(&world.api).await;
        let read = answer.has_status(200);
        let fields: Vec<_> = read.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["backendOrderId", "tossPaymentMethod", "tossPaymentStatus", "totalAmount"]);
        assert_eq!(read["tossPaymentStatus"], status);
        for private in [&known.key, &known.toss_order] {
            assert!(!answer.body.contains(private.as_str()), "{}", answer.body);
        }
        assert_eq!(answer.cookie(), None, "a look makes no session");
        // What the shop may see, and what the payer may do, is not theirs.
        for path in ["/v1/orders/{}", "/v1/payments/{}", "/v1/payments/{}/refunds"] {
            send(world.api.get(&path.replace("{}", &known.order))).await.has_status(401);
        }
        known.stranger().cancel(&world.api).await.has_status(403);
    }
    // What is not there looks like an order that nobody has paid: nothing can be told apart.
    let unpaid = Buyer::new(&world.api, 1_000).await;
    let nothing = unpaid.stranger().read(&world.api).await;
    nothing.has_status(404);
    for id in
        ["01e79a1568cc4b39ae5d4c8eeef9d590", "1", "%00", "..%2f..%2fetc", "LOGIN_USER", &"f".repeat(4_000)]
    {
        let unknown = send(world.api.get(&format!("{}/{id}", world.api.prefix))).await;
        unknown.is(404, &nothing.body);
    }
    // Whoever knows when an order was made still has 62 random bits at its end to guess, and more in the middle.
    let mut ends = std::collections::BTreeSet::new();
    for _ in 0..20 {
        assert!(ends.insert(world.api.new_order(1_000).await[24..].to_owned()), "{ends:?}");
    }
}

/// The shop's requests, under the key that is in its configuration at the moment.
#[derive(Default)]
struct Requests {
    key: RwLock<String>,
    made: AtomicUsize,
    rotated: AtomicBool,
}

impl Requests {
    /// At least so many, and on until the key was changed; each that failed.
    async fn run(self: Arc<Self>, api: Api, at_least: usize) -> Vec<(u16, String)> {
        let mut failed = Vec::new();
        while self.made.fetch_add(1, Relaxed) < at_least || !self.rotated.load(Relaxed) {
            // A shop revokes its old key once nothing that it sent with that is under way.
            let key = self.key.read().await;
            let body: Value = json!({"merchantReference": format!("j10-{}", unique()), "orderName": "티셔츠", "totalAmount": 1_000});
            let answer = send(api.post("/v1/orders", body.to_string()).bearer_auth(&*key)).await;
            if answer.status != 201 {
                failed.push((answer.status, answer.body));
            }
        }
        failed
    }
}

#[tokio::test]
async fn j10_keys_are_rotated_while_1000_requests_run_and_none_fails() {
    let world = World::new().await;
    let old = world.api.key.clone();
    let requests = Arc::new(Requests { key: RwLock::new(old.clone()), ..Requests::default() });
    let shops: Vec<_> =
        (0..8).map(|_| tokio::spawn(Arc::clone(&requests).run(world.api.clone(), 1_000))).collect();
    let some_more = async |requests: &Requests| {
        let before = requests.made.load(Relaxed);
        until("requests run", async || (before + 100 < requests.made.load(Relaxed)).then_some(())).await;
    };

    some_more(&requests).await;
    let new = world.tool(&["keys", "create", "--name", "second"]).await.well().trim().to_owned();
    some_more(&requests).await;
    // Both are in force.
    for key in [&old, &new] {
        send(world.api.get("/v1/orders/x").bearer_auth(key)).await.has_status(404);
    }
    requests.key.write().await.clone_from(&new);
    world.tool(&["keys", "revoke", "test"]).await.well();
    some_more(&requests).await;
    requests.rotated.store(true, Relaxed);

    let mut failed = Vec::new();
    for shop in shops {
        failed.extend(shop.await.unwrap());
    }
    assert_eq!(failed, []);
    let made: i64 = world.db().query_row("SELECT count(*) FROM orders", [], |row| row.get(0)).unwrap();
    assert!(made >= 1_000, "{made}");
    send(world.api.get("/v1/orders/x").bearer_auth(&old)).await.has_status(401);
    assert_eq!(world.tool(&["keys", "list"]).await.well(), "second\n");
}
