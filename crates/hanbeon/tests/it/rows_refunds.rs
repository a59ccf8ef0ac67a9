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
    let order = taxed(amount, tax_free);
    let made = world.api.shop_post("/v1/orders", &order).await.has_status(201);
    assert_eq!((&made["taxFreeAmount"], &made["taxExemptionAmount"]), (&json!(tax_free), &json!(0)));
    let mut buyer = Buyer {
        order: made["id"].as_str().unwrap().to_owned(),
        toss_order: format!("taxed-{}", unique()),
        amount,
        key: String::new(),
        cookie: None,
    };
    buyer.save(&world.api).await.is(200, r#""Payment temp save successful""#);
    let window =
        json!({"orderId": buyer.toss_order, "amount": amount, "taxFreeAmount": made["taxFreeAmount"]});
    let request = http_client().post(format!("{}/sandbox/payments", world.toss_url));
    let made = send(request.basic_auth(SECRET_KEY, Some("")).json(&window)).await.has_status(200);
    made["paymentKey"].as_str().unwrap().clone_into(&mut buyer.key);
    buyer
}

/// An order with so much of it tax-free.
fn taxed(amount: i64, tax_free: i64) -> Value {
    let reference = format!("taxed-{}", unique());
    json!({"merchantReference": reference, "orderName": "도서 외 1건", "totalAmount": amount, "taxFreeAmount": tax_free})
}

#[tokio::test]
async fn f9_s20_the_parts_of_what_is_left_add_up_after_the_charge_and_after_every_refund() {
    let world = mixed().await;
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

/// Beside a Toss whose merchant sells taxed and tax-free goods.
async fn mixed() -> World {
    let mut toss = Config::default();
    toss.merchants[0].mixed_tax = true;
    let mut world = World::beside(toss, "").await;
    world.open_toss();
    world.start().await;
    world
}

#[tokio::test]
async fn f9_a_part_that_the_taxed_rest_does_not_cover_is_refused_before_toss_is_asked() {
    let world = mixed().await;
    let buyer = authenticated(&world, 10_000, 9_000).await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    // Nobody says that it is tax-free, so it is taxed money, as it is to Toss; and of that there are 1,000 won.
    let words = r#"{"code":"NOT_CANCELABLE_AMOUNT","message":"취소 할 수 없는 금액 입니다."}"#;
    buyer.cancel_part(&world.api, 1_001).await.is(403, words);
    let shop = Shop::of(&world, &buyer).await;
    let part = |amount: i64, tax_free: i64| json!({"cancelReason": "단순 변심", "cancelAmount": amount, "taxFreeAmount": tax_free});
    for (amount, tax_free) in [(1_001, 0), (9_001, 9_001), (5_000, 3_999), (1_000, 1_001)] {
        let refused = world.api.once(&fresh_key(), &shop.path(), &part(amount, tax_free)).await;
        assert_eq!(refused.has_status(409)["code"], "NOT_CANCELABLE_AMOUNT", "{amount} with {tax_free}");
    }
    assert_eq!(world.calls(Operation::Cancel), 0);
    assert_eq!(shop.read().await["refundableAmount"], 10_000);
}

#[tokio::test]
async fn f9_s20_what_comes_back_untaxed_is_said_by_the_shop_and_counted() {
    let world = mixed().await;
    let buyer = authenticated(&world, 10_000, 9_000).await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    let shop = Shop::of(&world, &buyer).await;
    let (mut left, mut free_left) = (10_000, 9_000);
    for (amount, tax_free) in [(3_300, Some(3_000)), (200, None), (5_000, Some(5_000)), (1_500, None)] {
        let mut body = json!({"cancelReason": "단순 변심", "cancelAmount": amount});
        if let Some(tax_free) = tax_free {
            body["taxFreeAmount"] = tax_free.into();
        }
        let done = world.api.once(&fresh_key(), &shop.path(), &body).await.has_status(200);
        left -= amount;
        // All that is left takes the tax-free part with it.
        let tax_free = if left == 0 { free_left } else { tax_free.unwrap_or(0) };
        free_left -= tax_free;
        assert_eq!(
            (&done["refund"]["amount"], &done["refund"]["taxFreeAmount"]),
            (&json!(amount), &json!(tax_free))
        );
        let shown = shop.read().await;
        let at_toss = world.toss.payment(&buyer.key).unwrap();
        assert_eq!((sums(&at_toss), &at_toss["taxFreeAmount"]), ((left, left), &json!(free_left)));
        for part in ["suppliedAmount", "vat", "taxFreeAmount", "taxExemptionAmount"] {
            assert_eq!(shown[part], at_toss[part], "{part}");
        }
    }
    assert_eq!((left, free_left), (0, 0));
    world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn f9_an_order_whose_parts_are_more_than_it_is_no_order() {
    let world = World::new().await;
    let mut both = taxed(1_000, 600);
    both["taxExemptionAmount"] = 401.into();
    for order in [taxed(1_000, 1_001), both] {
        let refused = world.api.shop_post("/v1/orders", &order).await;
        assert_eq!(refused.has_status(400)["code"], "INVALID_ORDER");
    }
    let negative = world.api.shop_post("/v1/orders", &taxed(1_000, -1)).await;
    assert_eq!(negative.has_status(400)["code"], "INVALID_REQUEST");
}

#[tokio::test]
async fn s20_an_order_that_says_other_than_toss_is_found_by_verify_and_stops_nothing() {
    // To an ordinary merchant's Toss nothing is tax-free, whatever was sent.
    let world = World::new().await;
    let buyer = authenticated(&world, 10_000, 9_000).await;
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    let found = world.run(&["verify"]).await;
    let said = String::from_utf8_lossy(&found.stdout);
    let what = "of its order 9000 won are tax free and 0 exempt, and to Toss 0 and 0";
    assert!(!found.status.success() && said.contains("S20") && said.contains(what), "{found:?}");
    assert_eq!(buyer.cancel(&world.api).await.has_status(200)["balanceAmount"], 0);
}
