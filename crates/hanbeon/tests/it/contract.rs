//! The five endpoints, byte for byte.
use crate::buyer::Buyer;
use crate::support::{Answer, SECRET_KEY, World, http_client, send};
use serde_json::json;
use toss_sandbox::{EffectKind, NewPayment, Operation};

const SAVED: &str = r#""Payment temp save successful""#;
const VALID: &str = r#""Payment is valid""#;
const INVALID: &str = r#"{"code":400,"message":"결제 금액 정보가 유효하지 않습니다."}"#;

#[tokio::test]
async fn the_five_endpoints_answer_byte_for_byte() {
    let world = World::new().await;
    let api = &world.api;
    let mut buyer = Buyer::new(api, 1_000).await;
    let saved = buyer.save(api).await;
    saved.is(200, SAVED);
    assert_eq!(saved.header("content-type"), "application/json");
    buyer.verify(api).await.is(200, VALID);
    buyer.verify(api).await.is(400, INVALID);
    buyer.key = world.authenticate(&buyer.toss_order, 1_000);
    buyer.confirm(api).await.is(200, &buyer.view("DONE"));
    buyer.read(api).await.is(200, &buyer.view("DONE"));
    let canceled = buyer.cancel(api).await;
    assert_eq!(canceled.header("content-type"), "application/json");
    assert_eq!(canceled.has_status(200)["status"], "CANCELED");
    buyer.read(api).await.is(200, &buyer.view("CANCELED"));
    assert_eq!(
        world.effects(&buyer.key),
        [(EffectKind::Approved, Some(1_000)), (EffectKind::Canceled, Some(1_000))]
    );
}

#[tokio::test]
async fn an_order_id_is_taken_in_any_spelling_and_an_amount_as_number_or_digits() {
    let world = World::new().await;
    let buyer = Buyer::ready(&world, 15_000).await;
    let id = &buyer.order;
    let dashed = [&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]].join("-");
    for spelling in [id.to_uppercase(), dashed.clone(), dashed.to_uppercase(), id.clone()] {
        for amount in [json!("15000"), json!(15_000)] {
            let mut body = buyer.confirmation();
            (body["backendOrderId"], body["amount"]) = (json!(spelling), amount);
            buyer.post(&world.api, "confirm", &body).await.is(200, &buyer.view("DONE"));
        }
        let read = send(world.api.get(&format!("/payments/{spelling}"))).await;
        read.is(200, &buyer.view("DONE"));
    }
    for amount in [json!("15000"), json!(15_000)] {
        let body = json!({"orderId": buyer.toss_order, "amount": amount});
        buyer.post(&world.api, "saveAmount", &body).await.is(200, SAVED);
        buyer.post(&world.api, "verifyAmount", &body).await.is(200, VALID);
    }
    assert_eq!(world.calls(Operation::Confirm), 1);
}

#[tokio::test]
async fn a_saved_amount_is_verified_once_and_by_its_own_session_only() {
    let world = World::new().await;
    let api = &world.api;
    let mut buyer = Buyer::new(api, 1_000).await;
    buyer.save(api).await.is(200, SAVED);
    buyer.stranger().verify(api).await.is(400, INVALID);
    let mut other = Buyer::new(api, 1_000).await;
    other.save(api).await.is(200, SAVED);
    assert_ne!(other.cookie, buyer.cookie);
    Buyer { cookie: other.cookie.clone(), ..buyer.clone() }.verify(api).await.is(400, INVALID);
    Buyer { amount: 999, ..buyer.clone() }.verify(api).await.is(400, INVALID);
    buyer.verify(api).await.is(200, VALID);
    buyer.verify(api).await.is(400, INVALID);
    buyer.save(api).await.is(200, SAVED);
    buyer.verify(api).await.is(200, VALID);
}

#[tokio::test]
async fn a_decline_passes_tosss_own_words_through_and_leaves_the_order_payable() {
    let world = World::new().await;
    for (at, code) in
        ["REJECT_CARD_PAYMENT", "REJECT_ACCOUNT_PAYMENT", "EXCEED_MAX_AMOUNT", "INVALID_STOPPED_CARD"]
            .into_iter()
            .enumerate()
    {
        let mut buyer = Buyer::ready(&world, 1_000).await;
        let refused = NewPayment::card(&buyer.toss_order, 1_000).refused_with(code);
        buyer.key = world.toss.authenticate(&refused).unwrap();
        let answer = buyer.confirm(&world.api).await;

        // What Toss says to a payment that differs in nothing but its name.
        let twin_order = format!("twin-order-{at}");
        let twin = world.toss.authenticate(&NewPayment::card(&twin_order, 1_000).refused_with(code)).unwrap();
        let theirs =
            at_toss(&world, "confirm", &json!({"paymentKey": twin, "orderId": twin_order, "amount": 1_000}))
                .await;
        assert_eq!(theirs.json()["code"], code);
        answer.is(theirs.status, &theirs.body);
        assert_eq!(answer.header("content-type"), "application/json");

        buyer.confirm(&world.api).await.is(theirs.status, &theirs.body);
        buyer.read(&world.api).await.is(200, &buyer.view_by("null", "ABORTED"));
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Aborted, None)]);
        buyer.key = world.authenticate(&buyer.toss_order, 1_000);
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
    }
}

/// Asks the sandbox itself, as nobody but our server should.
async fn at_toss(world: &World, path: &str, body: &serde_json::Value) -> Answer {
    let request = http_client().post(format!("{}/v1/payments/{path}", world.toss_url));
    send(request.basic_auth(SECRET_KEY, Some("")).json(body)).await
}

#[tokio::test]
async fn what_is_not_there_is_404_in_the_words_of_the_contract() {
    let world = World::new().await;
    let missing = r#"{"code":404,"message":"결제 정보를 찾을 수 없습니다."}"#;
    let unpaid = Buyer::new(&world.api, 1_000).await;
    unpaid.read(&world.api).await.is(404, missing);
    for id in ["01e79a1568cc4b39ae5d4c8eeef9d590", "LOGIN_USER", "1", "%00", "..%2F..%2Fetc", "한글"] {
        send(world.api.get(&format!("/payments/{id}"))).await.is(404, missing);
    }
    let unknown = json!({"paymentKey": "tgen_20240912110836g1MW8", "cancelReason": "단순 변심"});
    let body = r#"{"code":"NOT_FOUND_PAYMENT","message":"존재하지 않는 결제 정보 입니다."}"#;
    unpaid.post(&world.api, "cancel", &unknown).await.is(404, body);
    assert_eq!(send(world.api.get("/nothing/here")).await.status, 404);
    assert_eq!(send(world.api.get("/payments/confirm/more")).await.status, 404);
    assert_eq!(world.journal(), []);
}

#[tokio::test]
async fn the_prefix_is_what_the_configuration_says_even_empty() {
    for prefix in ["", "/shop/pay"] {
        let world = World::with(&format!("[storefront]\nprefix = \"{prefix}\"\n")).await;
        assert_eq!(world.api.prefix, prefix);
        let buyer = Buyer::ready(&world, 1_000).await;
        buyer.verify(&world.api).await.is(200, VALID);
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
        buyer.cancel(&world.api).await.has_status(200);
        assert_eq!(
            send(world.api.post("/payments/confirm", buyer.confirmation().to_string())).await.status,
            404
        );
    }
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let world = World::new().await;
    let body = || json!({"orderId": "MC42Nzg3MTc2OTQ5ODYz", "amount": 1000}).to_string();
    let plain = send(world.api.post("/payments/saveAmount", body())).await;
    let attributes: Vec<_> = plain.header("set-cookie").split("; ").skip(1).collect();
    assert_eq!(attributes, ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age=2592000"]);
    let https = world.api.post("/payments/saveAmount", body()).header("x-forwarded-proto", "https");
    let https = send(https).await;
    assert!(https.header("set-cookie").split("; ").any(|attribute| attribute == "Secure"), "{https:?}");
    // A browser that has one is not given another.
    let again = world.api.post("/payments/saveAmount", body()).header("cookie", plain.cookie().unwrap());
    assert_eq!(send(again).await.cookie(), None);

    let strict = World::with("[storefront]\nsecure_cookie = true\n").await;
    let strict = send(strict.api.post("/payments/saveAmount", body())).await;
    assert!(strict.header("set-cookie").ends_with("; Secure"), "{strict:?}");
}

#[tokio::test]
async fn a_cookie_that_a_stranger_planted_is_not_taken_over() {
    let world = World::new().await;
    let mut buyer = Buyer::new(&world.api, 1_000).await;
    let planted = format!("hanbeon_session={}", "a".repeat(64));
    buyer.cookie = Some(planted.clone());
    buyer.save(&world.api).await.is(200, SAVED);
    assert_ne!(buyer.cookie.as_ref(), Some(&planted), "a session of our own making");
    buyer.key = world.authenticate(&buyer.toss_order, 1_000);
    // The browser has lost its cookie and has the planted one again when it confirms.
    let tricked = Buyer { cookie: Some(planted.clone()), ..buyer.clone() };
    let paid = tricked.confirm(&world.api).await;
    paid.is(200, &buyer.view("DONE"));
    assert!(paid.cookie().is_some_and(|cookie| cookie != planted), "{paid:?}");
    tricked.cancel(&world.api).await.has_status(403);
    let own = Buyer { cookie: paid.cookie(), ..buyer.clone() };
    own.cancel(&world.api).await.has_status(200);
}

#[tokio::test]
async fn a_cancel_is_tosss_answer_byte_for_byte_and_repeating_it_changes_nothing() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 12_345).await;
    let first = buyer.cancel(&world.api).await;
    first.has_status(200);
    // The sandbox keeps every answer under its idempotency key: the recorded reply.
    let journal = world.journal();
    let call = journal.iter().find(|entry| entry.operation == Operation::Cancel).unwrap();
    let request = http_client().post(format!("{}/v1/payments/{}/cancel", world.toss_url, buyer.key));
    let request = request.header("idempotency-key", call.idempotency_key.as_deref().unwrap());
    let recorded = send(request.basic_auth(SECRET_KEY, Some("")).json(&json!({"cancelReason": "?"}))).await;
    first.is(recorded.status, &recorded.body);
    assert_eq!(first.json(), world.toss.payment(&buyer.key).unwrap());

    let calls = world.calls(Operation::Cancel);
    for _ in 0..3 {
        buyer.cancel(&world.api).await.is(200, &first.body);
    }
    assert_eq!(world.calls(Operation::Cancel), calls, "Toss is not even asked again");
    buyer.confirm(&world.api).await.is(200, &buyer.view("CANCELED"));
}

#[tokio::test]
async fn parts_are_cancelled_one_by_one_and_then_the_rest() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 10_000).await;
    for (part, left) in [(3_000, 7_000), (3_000, 4_000)] {
        let payment = buyer.cancel_part(&world.api, part).await.has_status(200);
        assert_eq!(
            (&payment["status"], &payment["balanceAmount"]),
            (&json!("PARTIAL_CANCELED"), &json!(left))
        );
        buyer.read(&world.api).await.is(200, &buyer.view("PARTIAL_CANCELED"));
    }
    let too_much = r#"{"code":"NOT_CANCELABLE_AMOUNT","message":"취소 할 수 없는 금액 입니다."}"#;
    buyer.cancel_part(&world.api, 4_001).await.is(403, too_much);
    let rest = buyer.cancel(&world.api).await.has_status(200);
    // Toss goes on calling it PARTIAL_CANCELED; its balance says that nothing is left.
    assert_eq!((&rest["status"], &rest["balanceAmount"]), (&json!("PARTIAL_CANCELED"), &json!(0)));
    world.until_stored(&buyer.key, "canceled").await;
    let gone = r#"{"code":"ALREADY_CANCELED_PAYMENT","message":"이미 취소된 결제 입니다."}"#;
    buyer.cancel_part(&world.api, 1).await.is(400, gone);
    let canceled = [3_000, 3_000, 4_000].map(|amount| (EffectKind::Canceled, Some(amount)));
    assert_eq!(world.effects(&buyer.key)[1..], canceled);
}

#[tokio::test]
async fn f10_only_the_session_that_paid_or_the_shop_cancels() {
    let world = World::new().await;
    let forbidden = r#"{"code":"FORBIDDEN_REQUEST","message":"허용되지 않은 요청입니다."}"#;
    let buyer = Buyer::paid(&world, 1_000).await;
    buyer.stranger().cancel(&world.api).await.is(403, forbidden);
    let other = Buyer::paid(&world, 1_000).await;
    Buyer { cookie: other.cookie.clone(), ..buyer.clone() }.cancel(&world.api).await.is(403, forbidden);
    let wrong_key = world.api.post("/payments/cancel", buyer.cancellation(None).to_string());
    assert_eq!(send(wrong_key.bearer_auth("hb_sk_00")).await.has_status(401)["code"], "UNAUTHORIZED_KEY");
    assert_eq!(world.calls(Operation::Cancel), 0);
    let shop = world.api.shop_post("/payments/cancel", &buyer.cancellation(Some(400))).await;
    assert_eq!(shop.has_status(200)["balanceAmount"], 600);
    buyer.cancel(&world.api).await.has_status(200);
}

#[tokio::test]
async fn a_shop_may_keep_cancelling_to_itself() {
    let world = World::with("[storefront]\nsession_may_cancel = false\n").await;
    let buyer = Buyer::paid(&world, 1_000).await;
    assert_eq!(buyer.cancel(&world.api).await.has_status(403)["code"], "FORBIDDEN_REQUEST");
    world.api.shop_post("/payments/cancel", &buyer.cancellation(None)).await.has_status(200);
    assert_eq!(world.status_at_toss(&buyer.key), "CANCELED");
}

#[tokio::test]
async fn g1_a_virtual_account_waits_for_its_deposit_and_can_be_cancelled_before_it() {
    let world = World::new().await;
    let mut buyer = Buyer::ready(&world, 30_000).await;
    buyer.key = world.toss.authenticate(&NewPayment::card(&buyer.toss_order, 30_000).by("가상계좌")).unwrap();
    let waiting = buyer.view_by(r#""가상계좌""#, "WAITING_FOR_DEPOSIT");
    buyer.confirm(&world.api).await.is(200, &waiting);
    buyer.confirm(&world.api).await.is(200, &waiting);
    let code = &buyer.cancel_part(&world.api, 1_000).await.has_status(403)["code"];
    assert_eq!(code, "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT");
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["status"], "CANCELED");
    buyer.read(&world.api).await.is(200, &buyer.view_by(r#""가상계좌""#, "CANCELED"));
}
