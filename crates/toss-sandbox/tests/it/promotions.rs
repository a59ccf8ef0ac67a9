//! Promotions of card companies and banks.

use serde_json::json;
use toss_sandbox::{Config, ConfigError, Promotion, Sandbox};

use crate::client::{Ask, Toss, config};

#[tokio::test]
async fn the_cards_of_the_window_are_listed_by_what_they_give() {
    let toss = Toss::start().await;
    let expected = json!({
        "discountCards": [{
            "issuerCode": "61", "currency": "KRW", "discountAmount": 1_000, "balance": 10_000_000,
            "discountCode": "7915660000", "dueDate": "2030-12-31", "minimumPaymentAmount": 10_000,
            "maximumPaymentAmount": 500_000,
        }],
        "interestFreeCards": [{
            "issuerCode": "11", "dueDate": "2030-12-31", "installmentFreeMonths": [2, 3, 4, 5],
            "minimumPaymentAmount": 50_000,
        }],
    });
    assert_eq!(toss.send(Ask::get("/v1/promotions/card")).await.json(), expected);
}

#[tokio::test]
async fn every_promotion_fills_the_object_of_its_kind() {
    let toss = Toss::start().await;
    let all = toss.send(Ask::get("/v1/promotions")).await.json();
    let fields = ["cardDiscount", "cardInterestFree", "cardPoint", "bankDiscount"];
    for (at, field) in fields.into_iter().enumerate() {
        let filled: Vec<_> = fields.into_iter().filter(|field| !all[at][*field].is_null()).collect();
        assert_eq!(filled, [field], "{}", all[at]);
    }
    assert_eq!((&all[3]["payType"], &all[3]["type"]), (&json!("BRANDPAY"), &json!("BANK_DISCOUNT")));
    let bank = &all[3]["bankDiscount"];
    assert_eq!((&bank["bankCode"], bank["discountRate"].to_string()), (&json!("20"), String::from("0.05")));
    let nobody = Ask::get("/v1/promotions").without("authorization");
    assert_eq!(toss.send(nobody).await.verdict(), "401 UNAUTHORIZED_KEY");
}

#[tokio::test]
async fn the_table_is_configured() {
    let mut promotions = Promotion::examples();
    promotions.truncate(1);
    promotions[0].company = String::from("41");
    let toss = Toss::start_with(Config { promotions: promotions.clone(), ..config() }).await;
    let listed = toss.send(Ask::get("/v1/promotions")).await.json();
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["cardDiscount"]["issuerCode"]),
        (1, &json!("41"))
    );
    promotions[0].company = String::from("99");
    let refused = Sandbox::new(Config { promotions, ..config() }).unwrap_err();
    assert!(matches!(refused, ConfigError::Promotion(company) if company == "99"));
}
