//! The shop over real HTTP, beside a small hanbeon that behaves: it knows one key, adds up what it is told and
//! keeps its orders.

mod support;

use serde_json::{Value, json};
use support::{FakeHanbeon, KEY, Mood, Shop};

fn cart(items: &Value) -> String {
    json!({ "items": items, "customer": { "name": "김토스", "email": "toss@example.com", "mobilePhone": "010-1234-1234" } })
        .to_string()
}

#[tokio::test]
async fn an_order_reaches_hanbeon_at_the_shops_own_prices() {
    let hanbeon = FakeHanbeon::start(Mood::Kind).await;
    let shop = Shop::beside(&hanbeon.url).await;

    let answer = shop
        .post(
            "/shop/orders",
            &cart(&json!([{"id":"tee","quantity":2},{"id":"mug","quantity":1},{"id":"note","quantity":3}])),
        )
        .await;

    assert_eq!(answer.status, 200, "{}", answer.body);
    let [(reference, order)] = hanbeon.orders().try_into().unwrap();
    assert_eq!(
        answer.json(),
        json!({ "backendOrderId": order["id"], "orderName": "토스 티셔츠 외 2건", "totalAmount": 138_500 })
    );
    assert_eq!(order["totalAmount"], 138_500);
    assert_eq!(
        order["customer"],
        json!({"name":"김토스","email":"toss@example.com","mobilePhone":"01012341234"})
    );
    assert_eq!(
        order["lines"],
        json!([
            {"name":"토스 티셔츠","quantity":2,"unitPrice":50_000},
            {"name":"온기 머그컵","quantity":1,"unitPrice":16_000},
            {"name":"모눈 노트","quantity":3,"unitPrice":7_500},
        ])
    );
    assert!(reference.starts_with("shop-"), "{reference}");
}

#[tokio::test]
async fn the_same_cart_twice_is_two_orders() {
    let hanbeon = FakeHanbeon::start(Mood::Kind).await;
    let shop = Shop::beside(&hanbeon.url).await;
    let body = cart(&json!([{"id":"sticker","quantity":1}]));
    let first = shop.post("/shop/orders", &body).await.json();
    let second = shop.post("/shop/orders", &body).await.json();
    assert_ne!(first["backendOrderId"], second["backendOrderId"]);
    assert_eq!(hanbeon.orders().len(), 2);
}

#[tokio::test]
async fn a_request_that_cannot_be_sold_never_reaches_hanbeon() {
    let hanbeon = FakeHanbeon::start(Mood::Kind).await;
    let shop = Shop::beside(&hanbeon.url).await;
    let buyer = json!({ "name": "김토스", "email": "no address", "mobilePhone": "01012341234" });
    let cases = [
        (cart(&json!([{"id":"yacht","quantity":1}])), 400, "UNKNOWN_GOODS"),
        (cart(&json!([{"id":"tee","quantity":0}])), 400, "INVALID_QUANTITY"),
        (cart(&json!([{"id":"tee","quantity":100}])), 400, "INVALID_QUANTITY"),
        (cart(&json!([])), 400, "EMPTY_CART"),
        (json!({"items":[{"id":"tee","quantity":1}],"customer":buyer}).to_string(), 400, "INVALID_CUSTOMER"),
        (cart(&json!([{"id":"tee","quantity":-1}])), 422, "INVALID_REQUEST"),
        (cart(&json!([{"id":"tee","quantity":1,"price":1}])), 422, "INVALID_REQUEST"),
        ("not json".to_owned(), 400, "INVALID_REQUEST"),
        (format!("{{\"items\":[],\"x\":\"{}\"}}", "가".repeat(10_000)), 413, "INVALID_REQUEST"),
    ];
    for (body, status, code) in cases {
        let answer = shop.post("/shop/orders", &body).await;
        let shown: String = body.chars().take(120).collect();
        assert_eq!((answer.status, answer.json()["code"].as_str()), (status, Some(code)), "{shown}");
        assert!(answer.json()["message"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert!(hanbeon.orders().is_empty());
}

#[tokio::test]
async fn a_hanbeon_that_cannot_take_the_order_is_a_502_that_says_nothing_was_paid() {
    for mood in [Mood::Refusing, Mood::WrongAmount, Mood::WrongId, Mood::Redirecting, Mood::Endless] {
        let hanbeon = FakeHanbeon::start(mood).await;
        let shop = Shop::beside(&hanbeon.url).await;
        let answer = shop.post("/shop/orders", &cart(&json!([{"id":"tee","quantity":1}]))).await;
        assert_eq!((answer.status, &answer.json()["code"]), (502, &json!("HANBEON_REFUSED")), "{mood:?}");
        assert!(answer.body.contains("결제는 이루어지지 않았습니다"), "{}", answer.body);
    }
}

#[tokio::test]
async fn a_hanbeon_that_is_not_there_is_a_502_too() {
    let nobody = support::unused_url().await;
    let shop = Shop::beside(&nobody).await;
    let answer = shop.post("/shop/orders", &cart(&json!([{"id":"tee","quantity":1}]))).await;
    assert_eq!((answer.status, &answer.json()["code"]), (502, &json!("HANBEON_UNREACHABLE")));
}

#[tokio::test]
async fn every_page_is_html_with_the_headers_that_protect_it() {
    let shop = Shop::beside("http://127.0.0.1:9").await;
    for path in [
        "/",
        "/success?orderId=a",
        "/fail?code=X",
        "/orders",
        "/orders/01e79a1568cc4b39ae5d4c8eeef9d590",
        "/subscription",
        "/desk/01e79a1568cc4b39ae5d4c8eeef9d590",
    ] {
        let page = shop.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.header("cross-origin-opener-policy"), "same-origin-allow-popups");
        let policy = page.header("content-security-policy");
        assert!(policy.contains("script-src 'self' http://127.0.0.1:8081;"), "{policy}");
        assert!(!policy.contains("unsafe-inline"), "{policy}");
        for asset in page.body.split('"').filter(|part| part.starts_with("/shop/assets/")) {
            assert_eq!(shop.get(asset).await.status, 200, "{path} uses {asset}");
        }
    }
}

#[tokio::test]
async fn the_browser_gets_the_client_key_and_never_the_api_key() {
    let shop = Shop::beside("http://127.0.0.1:9").await;
    let config = shop.get("/shop/config.json").await;
    assert_eq!(
        config.json(),
        json!({"sdkUrl":"http://127.0.0.1:8081/v2/standard","clientKey":"test_gck_demo",
            "billingClientKey":"test_ck_demo","storefrontPrefix":"/payments","desk":true})
    );
    assert!(!config.body.contains(KEY));
}

#[tokio::test]
async fn the_goods_come_with_prices_in_won_and_names_in_two_languages() {
    let shop = Shop::beside("http://127.0.0.1:9").await;
    let goods = shop.get("/shop/goods.json").await.json();
    let tee = &goods[0];
    assert_eq!(
        (&tee["id"], &tee["price"], &tee["name"]),
        (&json!("tee"), &json!(50_000), &json!("토스 티셔츠"))
    );
    assert_eq!(tee["nameEn"], "Toss T-shirt");
}

#[tokio::test]
async fn the_desk_answers_nobody_who_calls_this_machine_by_another_name() {
    let shop = Shop::beside("http://127.0.0.1:9").await;
    let order = "01e79a1568cc4b39ae5d4c8eeef9d590";
    for (path, here) in [(format!("/desk/{order}"), 200), (format!("/shop/desk/orders/{order}"), 504)] {
        assert_eq!(shop.get(&path).await.status, here, "{path}");
        assert_eq!(shop.get_as("evil.example", &path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn an_asset_that_is_not_on_the_list_is_not_found() {
    let shop = Shop::beside("http://127.0.0.1:9").await;
    for path in
        ["/shop/assets/order.html", "/shop/assets/..%2fCargo.toml", "/shop/assets/", "/shop/assets/x.js"]
    {
        assert_eq!(shop.get(path).await.status, 404, "{path}");
    }
}
