//! Cash receipts: issued once, and in force over what is left of the payment, whatever is lost, late or killed.
use crate::buyer::Buyer;
use crate::shop::{Shop, fresh_key};
use crate::support::{Answer, FOREVER_MS, SECRET_KEY, World, at_once, http_client, send, try_send, until};
use serde_json::{Value, json};
use toss_sandbox::{FaultKind, FaultOperation, NewPayment, Operation, When};

/// A person's phone, which is nowhere to be read.
const PHONE: &str = "01098761234";

fn wish() -> Value {
    json!({"type": "소득공제", "customerIdentityNumber": PHONE})
}

/// A payment by bank transfer, and its shop.
struct Scene {
    world: World,
    buyer: Buyer,
    shop: Shop,
}

impl Scene {
    async fn new() -> Self {
        Self::paid_in(World::new().await).await
    }

    async fn paid_in(world: World) -> Self {
        let mut buyer = Buyer::ready(&world, 10_000).await;
        let transfer = NewPayment::card(&buyer.toss_order, 10_000).by("계좌이체");
        buyer.key = world.toss.authenticate(&transfer).expect("a payment");
        buyer.confirm(&world.api).await.is(200, &buyer.view_by(r#""계좌이체""#, "DONE"));
        let shop = Shop::of(&world, &buyer).await;
        Self { world, buyer, shop }
    }

    /// The same, with a receipt.
    async fn issued() -> Self {
        let scene = Self::new().await;
        let receipt = scene.ask(&fresh_key()).await.has_status(201);
        assert_eq!((&receipt["state"], &receipt["inForceAmount"]), (&json!("issued"), &json!(10_000)));
        scene
    }

    fn path(&self) -> String {
        format!("/v1/payments/{}/cash-receipt", self.shop.payment)
    }

    async fn ask(&self, key: &str) -> Answer {
        self.world.api.once(key, &self.path(), &wish()).await
    }

    /// What the shop is shown.
    async fn receipts(&self) -> Vec<Value> {
        let list = self.world.api.shop_get(&format!("{}s", self.path())).await.has_status(200);
        list["cashReceipts"].as_array().expect("a list").clone()
    }

    async fn until_receipt(&self, state: &str, in_force: i64) -> Value {
        until(&format!("the receipt is {state} over {in_force}"), async || {
            let receipt = self.receipts().await.pop()?;
            (receipt["state"] == state && receipt["inForceAmount"] == in_force).then_some(receipt)
        })
        .await
    }

    /// What Toss lists, as type and amount: whatever stands alone, of three days.
    async fn listed(&self) -> Vec<(String, i64)> {
        listed(&self.world).await.iter().map(|row| (text(row, "transactionType"), amount(row))).collect()
    }

    /// What we and Toss say is the same, and is what is left of the payment; nothing else is wrong either.
    async fn agrees(&self, left: i64) {
        let sign = |(what, amount): (String, i64)| if what == "CANCEL" { -amount } else { amount };
        let at_toss: i64 = self.listed().await.into_iter().map(sign).sum();
        assert_eq!(at_toss, left, "{:?}", self.listed().await);
        let ours = self.receipts().await;
        let in_force: i64 = ours.iter().map(|receipt| receipt["inForceAmount"].as_i64().expect("won")).sum();
        assert_eq!(in_force, left, "{ours:?}");
        let payment = self.shop.read().await;
        let taken = |name: &str| payment[name].as_i64().expect("won");
        assert_eq!(taken("capturedAmount") - taken("refundedAmount"), left);
        self.world.tool(&["verify"]).await.well();
    }

    async fn restart(&mut self) {
        self.world.restart().await;
        self.shop = self.shop.at(&self.world);
    }

    async fn refund(&self, amount: Option<i64>) {
        self.shop.refund(&fresh_key(), amount).await.has_status(200);
    }
}

async fn listed(world: &World) -> Vec<Value> {
    let mut rows = Vec::new();
    for days in -1_i64..=1 {
        let day = korean_day(days);
        let url = format!("{}/v1/cash-receipts?requestDate={day}&limit=10000", world.toss_url);
        let page = send(http_client().get(url).basic_auth(SECRET_KEY, Some(""))).await.has_status(200);
        rows.extend(page["data"].as_array().expect("rows").iter().cloned());
    }
    rows
}

#[expect(clippy::disallowed_methods, reason = "the sandbox runs by the real clock, and lists by the day")]
fn korean_day(days_from_now: i64) -> jiff::civil::Date {
    let today = jiff::tz::offset(9).to_datetime(jiff::Timestamp::now()).date();
    today.saturating_add(jiff::Span::new().days(days_from_now))
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().expect("a text").to_owned()
}

fn amount(row: &Value) -> i64 {
    row["amount"].as_i64().expect("won")
}

fn confirmed(amount: i64) -> (String, i64) {
    ("CONFIRM".to_owned(), amount)
}

fn canceled(amount: i64) -> (String, i64) {
    ("CANCEL".to_owned(), amount)
}

#[tokio::test]
async fn f13_a_receipt_goes_with_its_payment() {
    let scene = Scene::issued().await;
    scene.agrees(10_000).await;
    scene.refund(None).await;
    let receipt = scene.until_receipt("canceled", 0).await;
    assert_eq!(receipt["cancels"].as_array().map(Vec::len), Some(1));
    assert_eq!(scene.listed().await, [confirmed(10_000), canceled(10_000)]);
    scene.agrees(0).await;
}

#[tokio::test]
async fn f13_s20_a_receipt_follows_each_part_that_goes_back() {
    let scene = Scene::new().await;
    scene.refund(Some(1_000)).await;
    let receipt = scene.ask(&fresh_key()).await.has_status(201);
    assert_eq!(receipt["amount"], 9_000, "what is left");
    for (part, left) in [(3_000, 6_000), (2_000, 4_000)] {
        scene.refund(Some(part)).await;
        scene.until_receipt("issued", left).await;
        scene.agrees(left).await;
    }
    scene.refund(None).await;
    scene.until_receipt("canceled", 0).await;
    assert_eq!(scene.listed().await, [confirmed(9_000), canceled(3_000), canceled(2_000), canceled(4_000)]);
    scene.agrees(0).await;
}

#[tokio::test]
async fn f13_f5_a_cancel_in_tosss_console_takes_the_receipt_with_it() {
    let scene = Scene::issued().await;
    for (part, left) in [(Some(4_000), 6_000), (None, 0)] {
        scene.world.toss.cancel_in_dashboard(&scene.buyer.key, part).unwrap();
        let hint = json!({"eventType": "PAYMENT_STATUS_CHANGED", "createdAt": "2026-01-01T00:00:00.000000",
            "data": {"paymentKey": scene.buyer.key, "orderId": scene.buyer.toss_order, "status": "PARTIAL_CANCELED"}});
        send(scene.world.api.post("/webhooks/toss", hint.to_string())).await.has_status(200);
        scene.until_receipt(if left == 0 { "canceled" } else { "issued" }, left).await;
        scene.agrees(left).await;
    }
}

#[tokio::test]
async fn f13_c2_an_issue_whose_answer_is_lost_is_found_in_the_list_and_not_issued_again() {
    for kind in [FaultKind::LoseReply, FaultKind::FailAfter { status: 500, code: None }] {
        let scene = Scene::new().await;
        scene.world.spoil(FaultOperation::CashReceiptIssue, kind);
        let receipt = scene.ask(&fresh_key()).await.has_status(202);
        assert_eq!(receipt["state"], "issuing");
        scene.until_receipt("issued", 10_000).await;
        assert_eq!(scene.world.calls(Operation::CashReceiptIssue), 1, "nobody has the number any more");
        scene.agrees(10_000).await;
    }
}

#[tokio::test]
async fn f13_c2_a_cancel_whose_answer_is_lost_happens_once() {
    for kind in [FaultKind::LoseReply, FaultKind::Drop, FaultKind::CutBody { bytes: 10 }] {
        let scene = Scene::issued().await;
        scene.world.spoil(FaultOperation::CashReceiptCancel, kind);
        scene.refund(Some(4_000)).await;
        scene.until_receipt("issued", 6_000).await;
        assert_eq!(scene.listed().await, [confirmed(10_000), canceled(4_000)]);
        scene.agrees(6_000).await;
    }
}

#[tokio::test]
async fn f13_b2_killed_while_it_is_issued() {
    let mut scene = Scene::new().await;
    let held = FaultKind::Delay { ms: FOREVER_MS, when: When::After };
    scene.world.spoil(FaultOperation::CashReceiptIssue, held);
    let asked = scene.world.api.keyed("dies", &scene.path(), &wish());
    let asked = tokio::spawn(async move { try_send(asked).await.is_err() });
    scene.world.spoiled().await;
    scene.restart().await;
    assert!(asked.await.unwrap(), "the server died over it");
    scene.until_receipt("issued", 10_000).await;
    assert_eq!(scene.world.calls(Operation::CashReceiptIssue), 1);
    // Whoever takes over the request finds the receipt that it had made; until then it counts as running.
    let again = scene.ask("other").await.has_status(409);
    assert_eq!(again["code"], "DUPLICATED_CASH_RECEIPT");
    scene.refund(None).await;
    scene.until_receipt("canceled", 0).await;
    scene.agrees(0).await;
}

#[tokio::test]
async fn f13_b2_killed_while_it_is_cancelled() {
    for when in [When::After, When::Before] {
        let mut scene = Scene::issued().await;
        let ms = if when == When::After { FOREVER_MS } else { 1_500 };
        scene.world.spoil(FaultOperation::CashReceiptCancel, FaultKind::Delay { ms, when });
        scene.refund(Some(2_500)).await;
        scene.world.spoiled().await;
        assert_eq!(scene.receipts().await[0]["state"], "canceling");
        scene.restart().await;
        scene.until_receipt("issued", 7_500).await;
        assert_eq!(scene.listed().await, [confirmed(10_000), canceled(2_500)]);
        scene.agrees(7_500).await;
    }
}

#[tokio::test]
async fn f13_killed_between_the_refund_and_its_receipt() {
    let mut scene = Scene::issued().await;
    scene
        .world
        .db()
        .execute_batch(
            "CREATE TRIGGER shut BEFORE UPDATE ON receipts WHEN NEW.version > OLD.version
        BEGIN SELECT RAISE(ABORT, 'not now'); END",
        )
        .unwrap();
    scene.refund(Some(2_500)).await;
    scene.world.kill().await;
    scene.world.db().execute_batch("DROP TRIGGER shut").unwrap();
    assert_eq!(scene.world.calls(Operation::CashReceiptCancel), 0);
    scene.world.start().await;
    scene.shop = scene.shop.at(&scene.world);
    scene.until_receipt("issued", 7_500).await;
    scene.agrees(7_500).await;
}

#[tokio::test]
async fn f13_a_cancel_that_toss_refuses_needs_a_human_who_is_told() {
    let scene = Scene::issued().await;
    let no = FaultKind::FailBefore { status: 403, code: Some("NOT_CANCELABLE_PAYMENT".to_owned()) };
    scene.world.spoil(FaultOperation::CashReceiptCancel, no);
    scene.refund(None).await;
    let receipt = scene.until_receipt("needs_review", 10_000).await;
    let why = "Toss refused to cancel 10000 won of it: NOT_CANCELABLE_PAYMENT";
    assert_eq!(receipt["failure"]["message"], why);
    assert_eq!(scene.world.metric("hanbeon_cash_receipts_need_review").await, Some(1));
    assert!(scene.world.logs().contains("a cash receipt needs review"));
    let list = scene.world.tool(&["receipts", "list"]).await.well();
    assert!(list.contains(why) && list.lines().count() == 1, "{list}");
    // Somebody cancels it in Toss's console, and says so.
    let id = text(&receipt, "id");
    let rows = listed(&scene.world).await;
    let url = format!("{}/v1/cash-receipts/{}/cancel", scene.world.toss_url, text(&rows[0], "receiptKey"));
    let cancel = http_client().post(url).basic_auth(SECRET_KEY, Some("")).body("{}");
    send(cancel.header("content-type", "application/json")).await.has_status(200);
    scene.world.tool(&["receipts", "again", &id]).await.well();
    scene.until_receipt("canceled", 0).await;
    assert_eq!(scene.world.metric("hanbeon_cash_receipts_need_review").await, Some(0));
    scene.world.tool(&["receipts", "again", &id]).await.badly("needs no human");
    scene.agrees(0).await;
}

#[tokio::test]
async fn f13_a_receipt_that_toss_never_lets_go_is_closed_by_an_operator_with_a_reason() {
    let scene = Scene::issued().await;
    let id = text(&scene.receipts().await[0], "id");
    let close = ["receipts", "close", &id, "--reason"];
    let tool = async |reason: &str| scene.world.tool(&[&close[..], &[reason]].concat()).await;
    tool("kim").await.badly("needs no human");
    let no = FaultKind::FailBefore { status: 403, code: Some("NOT_CANCELABLE_PAYMENT".to_owned()) };
    scene.world.spoil(FaultOperation::CashReceiptCancel, no);
    scene.refund(Some(4_000)).await;
    scene.until_receipt("needs_review", 10_000).await;
    let calls = scene.world.calls(Operation::CashReceiptCancel);
    tool(" ").await.badly("a reason must be");
    tool("kim: the tax office has struck it out").await.well();
    let closed = scene.until_receipt("failed", 0).await;
    assert_eq!(closed["failure"]["code"], "CLOSED_BY_OPERATOR");
    let why = text(&closed["failure"], "message");
    for word in ["kim: the tax office", "closed 20", "Toss refused to cancel 4000 won"] {
        assert!(why.contains(word), "{why}");
    }
    assert_eq!(scene.world.metric("hanbeon_cash_receipts_need_review").await, Some(0));
    tool("kim").await.badly("needs no human");
    // The buyer may have one over what is left.
    assert_eq!(scene.ask(&fresh_key()).await.has_status(201)["amount"], 6_000);
    assert_eq!(scene.world.calls(Operation::CashReceiptCancel), calls, "nothing was sent");
    scene.world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn f13_a_receipt_that_the_tax_service_refused_is_none() {
    let scene = Scene::issued().await;
    let rows = listed(&scene.world).await;
    scene.world.toss.fail_cash_receipt(&text(&rows[0], "receiptKey")).unwrap();
    scene.refund(None).await;
    let receipt = scene.until_receipt("failed", 0).await;
    assert_eq!(receipt["failure"]["code"], "NTS_ERROR");
    scene.world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn f13_what_the_tax_service_refuses_days_later_is_found_in_the_lists_and_another_may_follow() {
    let scene = Scene::issued().await;
    let check = async || scene.world.tool(&["receipts", "check"]).await.well();
    assert_eq!(check().await, "");
    scene.until_receipt("issued", 10_000).await;
    let rows = listed(&scene.world).await;
    scene.world.toss.fail_cash_receipt(&text(&rows[0], "receiptKey")).unwrap();
    let id = text(&scene.receipts().await[0], "id");
    let told = check().await;
    assert!(told.starts_with(&id) && told.lines().count() == 1, "{told}");
    let receipt = scene.until_receipt("failed", 0).await;
    assert_eq!(receipt["failure"]["code"], "NTS_ERROR");
    assert_eq!(check().await, "", "it is taken up once");
    assert_eq!(scene.ask(&fresh_key()).await.has_status(201)["state"], "issued");
    scene.world.tool(&["verify"]).await.well();
}

#[tokio::test]
async fn one_request_of_many_issues_a_receipt_and_repeats_get_the_same_bytes() {
    let scene = Scene::new().await;
    let asks = (0..8).map(|_| {
        let ask = scene.world.api.keyed(&fresh_key(), &scene.path(), &wish());
        async move { send(ask).await.status }
    });
    let mut ends = at_once(asks).await;
    ends.sort_unstable();
    assert_eq!(ends, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(scene.listed().await, [confirmed(10_000)]);

    let scene = Scene::new().await;
    let first = scene.ask("once").await;
    scene.ask("once").await.is(201, &first.body);
    let other = json!({"type": "소득공제", "customerIdentityNumber": "01000000000"});
    let other = scene.world.api.once("once", &scene.path(), &other).await;
    assert_eq!(other.has_status(422)["code"], "IDEMPOTENCY_KEY_OF_ANOTHER_REQUEST");
    assert_eq!(scene.world.calls(Operation::CashReceiptIssue), 1);
    scene.agrees(10_000).await;
}

#[tokio::test]
async fn what_has_no_receipt_is_refused_before_toss_is_asked() {
    let scene = Scene::new().await;
    let card = Shop::of(&scene.world, &Buyer::paid(&scene.world, 1_000).await).await;
    let refuse = async |payment: &str, body: Value, status: u16, code: &str| {
        let path = format!("/v1/payments/{payment}/cash-receipt");
        let answer = scene.world.api.once(&fresh_key(), &path, &body).await;
        assert_eq!(answer.has_status(status)["code"], code, "{body}");
        assert!(!answer.body.contains("876"), "the number is in the answer: {}", answer.body);
    };
    refuse(&card.payment, wish(), 409, "CASH_RECEIPT_NOT_POSSIBLE").await;
    refuse(&"0".repeat(32), wish(), 404, "NOT_FOUND").await;
    let ours = &scene.shop.payment;
    for (kind, number) in
        [("소득공제", "0101876"), ("지출증빙", PHONE), ("미발행", PHONE), ("소득공제", "876@a.kr")]
    {
        let body = json!({"type": kind, "customerIdentityNumber": number});
        refuse(ours, body, 400, "INVALID_REQUEST").await;
    }
    let keyless = scene.world.api.shop_post(&scene.path(), &wish()).await;
    assert_eq!(keyless.has_status(400)["code"], "MISSING_IDEMPOTENCY_KEY");
    send(scene.world.api.post(&scene.path(), wish().to_string())).await.has_status(401);
    scene.refund(None).await;
    refuse(ours, wish(), 409, "CASH_RECEIPT_NOT_POSSIBLE").await;
    assert_eq!(scene.world.calls(Operation::CashReceiptIssue), 0);
    assert_eq!(scene.receipts().await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_refusal_of_tosss_is_told_and_another_receipt_may_be_asked_for() {
    let scene = Scene::new().await;
    let no = FaultKind::FailBefore { status: 400, code: Some("INVALID_CASH_RECEIPT_INFO".to_owned()) };
    scene.world.spoil(FaultOperation::CashReceiptIssue, no);
    let refused = scene.ask("first").await;
    assert_eq!(refused.has_status(409)["code"], "INVALID_CASH_RECEIPT_INFO");
    scene.ask("first").await.is(409, &refused.body);
    assert_eq!(scene.receipts().await[0]["state"], "failed");
    scene.ask("second").await.has_status(201);
    scene.agrees(10_000).await;
}

#[tokio::test]
async fn a_receipt_of_the_payment_window_is_tosss_and_there_is_no_second_one() {
    let world = World::new().await;
    let mut buyer = Buyer::ready(&world, 10_000).await;
    let cash = json!({"type": "소득공제", "registrationNumber": "01011112222"});
    let window = json!({"orderId": buyer.toss_order, "amount": 10_000, "orderName": "mug", "method": "TRANSFER",
        "transfer": {"bank": "신한", "cashReceipt": cash}});
    buyer.key = world.toss.authenticate_as(window).unwrap();
    buyer.confirm(&world.api).await.is(200, &buyer.view_by(r#""계좌이체""#, "DONE"));
    let shop = Shop::of(&world, &buyer).await;
    let scene = Scene { world, buyer, shop };
    assert_ne!(scene.world.toss.payment(&scene.buyer.key).unwrap()["cashReceipt"], json!(null));
    let refused = scene.ask(&fresh_key()).await.has_status(409);
    assert_eq!(refused["code"], "DUPLICATED_CASH_RECEIPT");
    scene.refund(None).await;
    scene.world.until_quiet().await;
    let calls =
        [Operation::CashReceiptIssue, Operation::CashReceiptCancel].map(|what| scene.world.calls(what));
    assert_eq!((calls, scene.receipts().await), ([0, 0], vec![]));
}

#[tokio::test]
async fn a_deposit_that_has_not_settled_has_no_receipt_yet() {
    let world = World::with("[payments]\ndeposit_settle_ms = 3000\n").await;
    let mut buyer = Buyer::ready(&world, 10_000).await;
    let account = NewPayment::card(&buyer.toss_order, 10_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    buyer.confirm(&world.api).await.has_status(200);
    let shop = Shop::of(&world, &buyer).await;
    let scene = Scene { world, buyer, shop };
    let early = scene.ask(&fresh_key()).await.has_status(409);
    assert_eq!(early["code"], "CASH_RECEIPT_NOT_POSSIBLE");
    scene.world.toss.deposit(&scene.buyer.key).unwrap();
    let hint = json!({"eventType": "PAYMENT_STATUS_CHANGED", "createdAt": "2026-01-01T00:00:00.000000",
        "data": {"paymentKey": scene.buyer.key, "orderId": scene.buyer.toss_order, "status": "DONE"}});
    send(scene.world.api.post("/webhooks/toss", hint.to_string())).await.has_status(200);
    scene.world.until_stored(&scene.buyer.key, "paid").await;
    until("the deposit has settled", async || {
        let answer = scene.ask(&fresh_key()).await;
        (answer.status == 201).then_some(())
    })
    .await;
    scene.agrees(10_000).await;
}

#[tokio::test]
async fn j6_a_buyers_number_is_in_no_log_no_answer_and_no_file() {
    let mut scene = Scene::paid_in(World::with("[log]\nfilter = \"trace\"\n").await).await;
    scene.world.spoil(FaultOperation::CashReceiptIssue, FaultKind::LoseReply);
    let answer = scene.ask(&fresh_key()).await;
    scene.until_receipt("issued", 10_000).await;
    scene.refund(None).await;
    scene.until_receipt("canceled", 0).await;
    let shown = format!("{:?}{:?}{}", answer, scene.receipts().await, scene.world.logs());
    assert!(!shown.contains(PHONE), "the number is shown");
    scene.world.terminate().await;
    scene.world.ended().await;
    for file in std::fs::read_dir(scene.world.folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let found = bytes.windows(PHONE.len()).any(|window| window == PHONE.as_bytes());
        assert!(!found, "the number is in {}", path.display());
    }
}
