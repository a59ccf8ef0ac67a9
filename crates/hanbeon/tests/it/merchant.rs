//! What the shop's server calls with its API key, and what whoever runs it looks at.
use crate::buyer::Buyer;
use crate::support::{World, send};
use serde_json::{Value, json};

fn order(reference: &str) -> Value {
    json!({
        "merchantReference": reference, "orderName": "토스 티셔츠 외 1건", "totalAmount": 116_000,
        "lines": [
            {"name": "토스 티셔츠", "quantity": 2, "unitPrice": 50_000},
            {"name": "온기 머그컵", "quantity": 1, "unitPrice": 16_000},
        ],
        "customer": {"name": "김토스", "email": "toss@example.com", "mobilePhone": "01012341234"},
    })
}

#[tokio::test]
async fn an_order_is_made_once_and_read_with_what_was_paid_on_it() {
    let world = World::new().await;
    let made = world.api.shop_post("/v1/orders", &order("2026-0001")).await.has_status(201);
    let id = made["id"].as_str().unwrap();
    assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)), "{id}");
    for field in ["merchantReference", "orderName", "totalAmount", "lines", "customer"] {
        assert_eq!(made[field], order("2026-0001")[field], "{field}");
    }
    assert_eq!((&made["payments"], &made["expiresAt"]), (&json!([]), &Value::Null));
    assert!(made["createdAt"].as_str().unwrap().ends_with("+09:00"), "{made}");
    assert_eq!(world.api.shop_get(&format!("/v1/orders/{id}")).await.has_status(200), made);

    let again = world.api.shop_post("/v1/orders", &order("2026-0001")).await.has_status(409);
    assert_eq!(again["code"], "DUPLICATED_MERCHANT_REFERENCE");
    assert!(again["message"].as_str().unwrap().contains(id), "{again}");

    let mut buyer = Buyer::new(&world.api, 1).await;
    (buyer.order, buyer.amount) = (id.to_owned(), 116_000);
    buyer.key = world.authenticate(&buyer.toss_order, 116_000);
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    let paid = world.api.shop_get(&format!("/v1/orders/{id}")).await.has_status(200);
    let payment = &paid["payments"][0];
    for (field, want) in [
        ("backendOrderId", json!(id)),
        ("state", json!("paid")),
        ("tossOrderId", json!(buyer.toss_order)),
        ("tossPaymentKey", json!(buyer.key)),
        ("tossPaymentMethod", json!("카드")),
        ("tossPaymentStatus", json!("DONE")),
        ("totalAmount", json!(116_000)),
        ("capturedAmount", json!(116_000)),
        ("refundedAmount", json!(0)),
        ("refundableAmount", json!(116_000)),
    ] {
        assert_eq!(payment[field], want, "{field}");
    }
    let at_toss = world.toss.payment(&buyer.key).unwrap();
    for field in ["requestedAt", "approvedAt"] {
        let (ours, theirs) = (payment[field].as_str().unwrap(), at_toss[field].as_str().unwrap());
        assert_eq!(ours.get(..19), theirs.get(..19), "{field}");
    }
}

#[tokio::test]
async fn a_payment_is_read_with_its_refunds_and_its_history() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 10_000).await;
    buyer.cancel_part(&world.api, 4_000).await.has_status(200);
    world.api.shop_post("/payments/cancel", &buyer.cancellation(None)).await.has_status(200);
    let order = world.api.shop_get(&format!("/v1/orders/{}", buyer.order)).await.has_status(200);
    let id = order["payments"][0]["id"].as_str().unwrap();
    let payment = world.api.shop_get(&format!("/v1/payments/{id}")).await.has_status(200);
    assert_eq!(payment["state"], "canceled");
    assert_eq!((&payment["refundedAmount"], &payment["refundableAmount"]), (&json!(10_000), &json!(0)));

    let refunds = payment["refunds"].as_array().unwrap();
    let cancels = world.toss.payment(&buyer.key).unwrap()["cancels"].clone();
    assert_eq!(refunds.len(), 2);
    for (refund, cancel) in refunds.iter().zip(cancels.as_array().unwrap()) {
        assert_eq!(refund["amount"], cancel["cancelAmount"]);
        assert_eq!(refund["transactionKey"], cancel["transactionKey"]);
        assert_eq!((&refund["state"], &refund["reason"]), (&json!("done"), &json!("단순 변심")));
    }
    let history: Vec<_> = payment["history"].as_array().unwrap().iter().collect();
    let path: Vec<_> = history.iter().map(|line| line["to"].as_str().unwrap()).collect();
    assert_eq!(path, ["confirming", "paid", "canceling", "partially_canceled", "canceling", "canceled"]);
    let actors: Vec<_> = history.iter().map(|line| line["actor"].as_str().unwrap()).collect();
    assert_eq!(actors, ["buyer", "buyer", "buyer", "buyer", "merchant", "merchant"]);
    for (earlier, later) in history.iter().zip(&history[1..]) {
        assert_eq!(earlier["to"], later["from"]);
        assert!(earlier["version"].as_u64() < later["version"].as_u64());
    }
}

#[tokio::test]
async fn without_a_key_in_force_the_shops_interface_is_shut() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let paths = [format!("/v1/orders/{}", buyer.order), format!("/v1/payments/{}", "0".repeat(32))];
    for path in &paths {
        let none = send(world.api.get(path)).await.has_status(401);
        assert_eq!(none["code"], "MISSING_API_KEY");
        for wrong in ["hb_sk_0000", &world.api.key[..20], &format!("{}x", world.api.key)] {
            let wrong = send(world.api.get(path).bearer_auth(wrong)).await.has_status(401);
            assert_eq!(wrong["code"], "UNAUTHORIZED_KEY");
        }
        let basic = send(world.api.get(path).basic_auth(&world.api.key, Some(""))).await;
        assert_eq!(basic.has_status(401)["code"], "MISSING_API_KEY");
    }
    let make = world.api.post("/v1/orders", order("without a key").to_string());
    send(make).await.has_status(401);

    assert_eq!(world.api.shop_get(&paths[0]).await.status, 200);
    let revoked = world.run(&["keys", "revoke", "test"]).await;
    assert!(revoked.status.success(), "{revoked:?}");
    assert_eq!(world.api.shop_get(&paths[0]).await.has_status(401)["code"], "UNAUTHORIZED_KEY");
    world.api.shop_post("/payments/cancel", &buyer.cancellation(None)).await.has_status(401);
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let world = World::new().await;
    for path in ["orders", "payments"] {
        for id in ["01e79a1568cc4b39ae5d4c8eeef9d590", "x", "..%2F"] {
            let missing = world.api.shop_get(&format!("/v1/{path}/{id}")).await.has_status(404);
            assert_eq!(missing["code"], "NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn health_and_metrics_say_what_is_going_on() {
    let world = World::new().await;
    send(world.api.get("/healthz")).await.is(200, r#"{"status":"ok"}"#);
    send(world.api.get("/readyz")).await.is(200, r#"{"status":"ready"}"#);
    let buyer = Buyer::paid(&world, 1_000).await;
    buyer.cancel(&world.api).await.has_status(200);
    let metrics = send(world.api.get("/metrics")).await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"), "{metrics:?}");
    for line in [
        r#"hanbeon_payment_transitions_total{state="paid"} 1"#,
        r#"hanbeon_payment_transitions_total{state="canceled"} 1"#,
        r#"hanbeon_psp_verdicts_total{verdict="seen"} 2"#,
        r#"hanbeon_incidents_total{kind="compensated"} 0"#,
        r#"hanbeon_http_requests_total{method="POST",route="/payments/confirm",status="200"} 1"#,
        "# EOF",
    ] {
        assert!(metrics.body.lines().any(|given| given == line), "{line} is not in\n{}", metrics.body);
    }
    for secret in [buyer.key.as_str(), &buyer.order, &buyer.toss_order] {
        assert!(!metrics.body.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn every_answer_carries_the_request_id_that_it_is_logged_under() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 1_000).await;
    let confirm = world.api.post("/payments/confirm", buyer.confirmation().to_string());
    let answer = send(confirm.header("x-request-id", "shop-7f3a.1")).await;
    answer.is(200, &buyer.view("DONE"));
    assert_eq!(answer.header("x-request-id"), "shop-7f3a.1");
    let lines = world.logs();
    let lines: Vec<_> = lines.lines().filter(|line| line.contains("shop-7f3a.1")).collect();
    assert!(lines.iter().any(|line| line.contains("confirming")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("payment.state=paid")), "{lines:?}");
    for bad in ["", "two words", &"x".repeat(65)] {
        let answer = send(world.api.get("/healthz").header("x-request-id", bad)).await;
        assert!(answer.header("x-request-id").starts_with('r'), "{bad:?}: {answer:?}");
        assert_ne!(answer.header("x-request-id"), bad);
    }
    for header in ["cache-control", "x-content-type-options"] {
        assert!(!answer.header(header).is_empty(), "{header}");
    }
}
