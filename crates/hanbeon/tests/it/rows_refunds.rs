//! What a method, and the tax, say of giving money back.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key};
use crate::support::{SECRET_KEY, World, at_once, http_client, send, unique};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use toss_sandbox::{Config, EffectKind, NewPayment, Operation, system_clock};

/// Longer than any method's limit that we know.
const LONG_AGO: Duration = Duration::from_secs(200 * 24 * 60 * 60);

#[tokio::test]
async fn f8_a_refund_that_the_method_allows_no_more_is_refused_before_toss_is_asked() {
    // To this Toss everything happens 200 days ago: asked in time, it would give the money back.
    let now = system_clock();
    let toss = Config { clock: Arc::new(move || now() - LONG_AGO), ..Config::default() };
    let mut world = World::beside(toss, "").await;
    world.open_toss();
    world.start().await;
    let paid_by = async |method: &str| {
        let mut buyer = Buyer::ready(&world, 10_000).await;
        let window = NewPayment::card(&buyer.toss_order, 10_000).by(method);
        buyer.key = world.toss.authenticate(&window).unwrap();
        buyer.confirm(&world.api).await.is(200, &buyer.view_by(&format!("{method:?}"), "DONE"));
        buyer
    };
    for method in ["휴대폰", "계좌이체"] {
        let buyer = paid_by(method).await;
        let words = r#"{"code":"EXCEED_MAX_REFUND_DUE","message":"환불 가능한 기간이 지났습니다."}"#;
        buyer.cancel(&world.api).await.is(403, words);
        buyer.cancel_part(&world.api, 1).await.is(403, words);
        let shop = Shop::of(&world, &buyer).await;
        let refused = shop.refund(&fresh_key(), Some(4_000)).await;
        assert_eq!(refused.has_status(409)["code"], "EXCEED_MAX_REFUND_DUE");
        refused.is_refusal();
        let payment = shop.read().await;
        assert_eq!((&payment["state"], &payment["refundableAmount"]), (&json!("paid"), &json!(10_000)));
        assert_eq!(shop.refunds().await, Vec::<Value>::new());
        assert_eq!(world.effects(&buyer.key), [(EffectKind::Approved, Some(10_000))]);
    }
    assert_eq!(world.calls(Operation::Cancel), 0);
    // A card has no limit that anybody knows: Toss decides.
    let buyer = paid_by("카드").await;
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["balanceAmount"], 0);
}

/// supplied + VAT + tax-free + tax-exempt, and what is left.
fn sums(payment: &Value) -> (i64, i64) {
    let won = |field: &str| payment[field].as_i64().unwrap_or_else(|| panic!("{field}: {payment}"));
    let parts = ["suppliedAmount", "vat", "taxFreeAmount", "taxExemptionAmount"];
    (parts.into_iter().map(won).sum(), won("balanceAmount"))
}

/// A payment with so much of it tax-free, authenticated.
async fn authenticated(world: &World, amount: i64, tax_free: i64) -> Buyer {
    let mut buyer = Buyer::new(&world.api, amount).await;
    buyer.toss_order = format!("taxed-{}", unique());
    let window = json!({"orderId": buyer.toss_order, "amount": amount, "taxFreeAmount": tax_free});
    let request = http_client().post(format!("{}/sandbox/payments", world.toss_url));
    let made = send(request.basic_auth(SECRET_KEY, Some("")).json(&window)).await.has_status(200);
    made["paymentKey"].as_str().unwrap().clone_into(&mut buyer.key);
    buyer
}

#[tokio::test]
async fn f9_s20_the_parts_of_what_is_left_add_up_after_the_charge_and_after_every_refund() {
    let mut toss = Config::default();
    toss.merchants[0].mixed_tax = true;
    let mut world = World::beside(toss, "").await;
    world.open_toss();
    world.start().await;
    let mut purchases = Vec::new();
    for (amount, tax_free, parts) in [
        (10_001, 0, [1, 333, 4_444]),
        (9_999, 0, [7, 11, 9_980]),
        (15_000, 4_567, [13, 1_000, 3_333]),
        (101, 33, [1, 1, 1]),
        (999_999_999, 123_456_789, [1, 99_999_999, 700_000_000]),
    ] {
        let buyer = authenticated(&world, amount, tax_free).await;
        buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
        let paid = world.toss.payment(&buyer.key).unwrap();
        assert_eq!((sums(&paid), &paid["taxFreeAmount"]), ((amount, amount), &json!(tax_free)));
        purchases.push((buyer, parts));
    }
    let refunded = purchases.into_iter().map(|(buyer, parts)| {
        let (api, toss) = (world.api.clone(), world.toss.clone());
        async move {
            let mut left = buyer.amount;
            for part in parts.map(Some).into_iter().chain([None]) {
                left -= part.unwrap_or(left);
                let body = buyer.cancellation(part);
                let answer = api.shop_post("/payments/cancel", &body).await.has_status(200);
                assert_eq!(sums(&answer), (left, left), "{} less {part:?}", buyer.amount);
                assert_eq!(
                    toss.payment(&buyer.key).unwrap(),
                    answer,
                    "what hanbeon passes on is what Toss has"
                );
            }
            let cancels = toss.payment(&buyer.key).unwrap()["cancels"].as_array().unwrap().clone();
            let given = cancels.iter().map(|cancel| cancel["cancelAmount"].as_i64().unwrap());
            assert_eq!((cancels.len(), given.sum::<i64>()), (4, buyer.amount));
        }
    });
    at_once(refunded).await;
}

#[tokio::test]
async fn f9_a_part_that_the_taxed_rest_does_not_cover_is_refused_before_toss_is_asked() {
    let mut toss = Config::default();
    toss.merchants[0].mixed_tax = true;
    let mut world = World::beside(toss, "").await;
    world.open_toss();
    world.start().await;
    let buyer = authenticated(&world, 10_000, 9_000).await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    // Nobody says that it is tax-free, so it is taxed money, as it is to Toss; and of that there are 1,000 won.
    let refused = world.api.shop_post("/payments/cancel", &buyer.cancellation(Some(1_001))).await;
    assert_eq!(refused.has_status(403)["code"], "NOT_CANCELABLE_AMOUNT");
    assert_eq!(world.calls(Operation::Cancel), 0);
    let after = world.toss.payment(&buyer.key).unwrap();
    assert_eq!((sums(&after), &after["taxFreeAmount"]), ((10_000, 10_000), &json!(9_000)));
    assert_eq!(Shop::of(&world, &buyer).await.read().await["refundableAmount"], 10_000);
    let part = world.api.shop_post("/payments/cancel", &buyer.cancellation(Some(1_000))).await;
    assert_eq!(sums(&part.has_status(200)), (9_000, 9_000));
    // All that is left takes the tax-free part with it.
    let rest = world.api.shop_post("/payments/cancel", &buyer.cancellation(None)).await;
    assert_eq!(sums(&rest.has_status(200)), (0, 0));
}
