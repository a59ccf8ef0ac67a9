//! Whatever is wrong with a request, it is refused with words, nothing has changed here, and Toss heard nothing
//! that it could act on.
use crate::buyer::Buyer;
use crate::support::{Answer, World, send, unique};
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use toss_sandbox::{EffectKind, Operation};

/// A paid order, an order that could be paid at once, and a right body for every endpoint.
struct Bench {
    world: World,
    paid: Buyer,
    ready: Buyer,
}

impl Bench {
    async fn new() -> Self {
        let world = World::new().await;
        let (paid, ready) = (Buyer::paid(&world, 10_000).await, Buyer::ready(&world, 10_000).await);
        Self { world, paid, ready }
    }

    fn bodies(&self) -> [(&'static str, Value); 5] {
        let amount = json!({"orderId": self.ready.toss_order, "amount": 10_000});
        let line = json!({"name": "공책", "quantity": 2, "unitPrice": 500});
        let reference = format!("good-{}", unique());
        let order = json!({"merchantReference": reference, "orderName": "공책", "totalAmount": 1_000, "lines": [line]});
        [
            ("/payments/saveAmount", amount.clone()),
            ("/payments/verifyAmount", amount),
            ("/payments/confirm", self.ready.confirmation()),
            ("/payments/cancel", self.paid.cancellation(Some(10_000))),
            ("/v1/orders", order),
        ]
    }

    /// Sent by somebody who may do it: only the body can be what is wrong.
    fn request(&self, path: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        let request = self.world.api.post(path, body);
        let cookie = if path.ends_with("/cancel") { &self.paid.cookie } else { &self.ready.cookie };
        match cookie {
            Some(cookie) if !path.starts_with("/v1/") => request.header("cookie", cookie),
            _ => request.bearer_auth(&self.world.api.key),
        }
    }

    /// Everything in the database and at Toss that a request could have changed.
    fn everything(&self) -> (Vec<String>, usize) {
        let db = self.world.db();
        let tables = ["orders", "sessions", "saved_amounts", "payments", "refunds", "journal"];
        let rows = tables.iter().flat_map(|table| {
            let mut statement = db.prepare(&format!("SELECT * FROM {table} ORDER BY 1, 2")).unwrap();
            let columns = statement.column_count();
            let mut found = statement.query([]).unwrap();
            let mut rows = Vec::new();
            while let Some(row) = found.next().unwrap() {
                let cells = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap_or(ValueRef::Null)));
                rows.push(format!("{table}: {}", cells.collect::<Vec<_>>().join("|")));
            }
            rows
        });
        (rows.collect(), self.world.journal().len())
    }

    /// The request is refused and nothing has changed.
    async fn refuses(&self, what: &str, request: reqwest::RequestBuilder) -> Answer {
        let before = self.everything();
        let answer = send(request).await;
        assert!((400..500).contains(&answer.status), "{what}: {answer:?}");
        answer.is_refusal();
        assert!(self.everything() == before, "{what}: something has changed: {answer:?}");
        answer
    }

    /// After all of it, the right bodies still do what they should.
    async fn still_works(&self) {
        for (path, body) in self.bodies() {
            let answer = send(self.request(path, body.to_string())).await;
            assert!(matches!(answer.status, 200 | 201), "{path}: {answer:?}");
        }
        assert_eq!(self.world.effects(&self.ready.key), [(EffectKind::Approved, Some(10_000))]);
        assert_eq!(
            self.world.effects(&self.paid.key),
            [(EffectKind::Approved, Some(10_000)), (EffectKind::Canceled, Some(10_000)),]
        );
    }
}

#[tokio::test]
async fn a_body_that_is_not_the_right_json_is_refused_everywhere() {
    let bench = Bench::new().await;
    for (path, good) in bench.bodies() {
        let text = good.to_string();
        let (deep_list, deep_object) = ("[".repeat(100_000), r#"{"a":"#.repeat(30_000));
        let mut not_text = text.clone().into_bytes();
        let inside = text.rfind('"').unwrap() - 1;
        not_text[inside] = 0xff;
        let bodies: [(&str, Vec<u8>); 13] = [
            ("nothing", Vec::new()),
            ("no JSON", b"amount=1000&orderId=x".to_vec()),
            ("cut off", text.as_bytes()[..text.len() - 1].to_vec()),
            ("half", text.as_bytes()[..text.len() / 2].to_vec()),
            ("more after it", format!("{text}{text}").into_bytes()),
            ("a list", format!("[{text}]").into_bytes()),
            ("null", b"null".to_vec()),
            ("a number", b"1000".to_vec()),
            ("a string", json!(text).to_string().into_bytes()),
            ("an empty object", b"{}".to_vec()),
            ("not UTF-8", not_text),
            ("a deep list", deep_list.into_bytes()),
            ("a deep object", deep_object.into_bytes()),
        ];
        for (what, body) in bodies {
            let answer = bench.refuses(&format!("{path}: {what}"), bench.request(path, body)).await;
            assert_eq!(answer.status, 400, "{path}: {what}");
        }
        for content_type in
            ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "json"]
        {
            let request = bench.request(path, text.clone());
            let (client, request) = request.build_split();
            let mut request = request.unwrap();
            request.headers_mut().remove("content-type");
            if !content_type.is_empty() {
                request.headers_mut().insert("content-type", content_type.parse().unwrap());
            }
            let request = reqwest::RequestBuilder::from_parts(client, request);
            let answer = bench.refuses(&format!("{path}: content type {content_type:?}"), request).await;
            assert_eq!(answer.status, 415, "{path}: content type {content_type:?}");
        }
    }
    bench.still_works().await;
}

#[tokio::test]
async fn a_field_that_is_there_twice_means_neither() {
    let bench = Bench::new().await;
    let fields = ["orderId", "amount", "amount", "paymentKey", "totalAmount"];
    for ((path, good), field) in bench.bodies().into_iter().zip(fields) {
        let text = good.to_string();
        let twice = format!("{},{}:{}}}", &text[..text.len() - 1], json!(field), good[field]);
        assert_eq!(bench.refuses(path, bench.request(path, twice)).await.status, 400, "{path}");
    }
    bench.still_works().await;
}

#[tokio::test]
async fn a_field_that_we_do_not_know_is_passed_over_however_deep_it_is() {
    let bench = Bench::new().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for (path, mut body) in bench.bodies().into_iter().take(4) {
        body["metadata"] = json!("<here>");
        let body = body.to_string().replace(r#""<here>""#, &deep);
        let answer = send(bench.request(path, body)).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn ten_megabytes_are_refused_everywhere_without_being_read() {
    let bench = Bench::new().await;
    for (path, body) in bench.bodies() {
        let before = bench.everything();
        let request = bench.request(path, Vec::new()).header("content-length", 10 << 20).build().unwrap();
        let answer = only_the_beginning(&bench.world.api.url, &request, &body.to_string()).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{path}: {answer}");
        let (_, refusal) = answer.split_once("\r\n\r\n").unwrap();
        let refusal: Value = serde_json::from_str(refusal).unwrap();
        assert!(!refusal["message"].as_str().unwrap().is_empty() && !refusal["code"].is_null(), "{refusal}");
        assert!(bench.everything() == before, "{path}");
    }
    bench.still_works().await;
}

/// Announces the whole body and sends 300 KB of it: who has read as much has read enough.
async fn only_the_beginning(url: &str, request: &reqwest::Request, body: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = url.trim_start_matches("http://");
    let mut head =
        format!("POST {} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n", request.url().path());
    for (name, value) in request.headers() {
        head.extend([name.as_str(), ": ", value.to_str().unwrap(), "\r\n"]);
    }
    let beginning = format!("{head}\r\n{}{}", &body[..body.len() - 1], " ".repeat(300 * 1024));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(beginning.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(crate::support::BOUND, stream.read_to_end(&mut answer)).await;
    read.expect("an answer in time").ok();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a6_an_amount_is_a_whole_number_of_won_above_zero_and_nothing_else() {
    let bench = Bench::new().await;
    let fields = ["amount", "amount", "amount", "cancelAmount", "totalAmount"];
    for ((path, good), field) in bench.bodies().into_iter().zip(fields) {
        for wrong in [
            "10000.0",
            "1e4",
            "1E4",
            "0.5",
            "-10000",
            "0",
            "-0",
            "9223372036854775808",
            "18446744073709551616",
            "1e400",
            r#""""#,
            r#"" ""#,
            r#""10000.0""#,
            r#""1e4""#,
            r#""-10000""#,
            r#""+10000""#,
            r#""0""#,
            r#""10,000""#,
            r#""10 000""#,
            r#""0x2710""#,
            r#""9223372036854775808""#,
            r#""１００００""#,
            "true",
            "[10000]",
            r#"{"value":10000}"#,
        ] {
            let mark = good.clone();
            let body = with_raw(mark, field, wrong);
            let answer = bench.refuses(&format!("{path}: {field} {wrong}"), bench.request(path, body)).await;
            assert_eq!(answer.status, 400, "{path}: {field} {wrong}");
        }
        // For a cancel, null and nothing are the same: everything that is left.
        if field != "cancelAmount" {
            for body in [with_raw(good.clone(), field, "null"), without(good.clone(), field).to_string()] {
                assert_eq!(bench.refuses(path, bench.request(path, body)).await.status, 400);
            }
        }
    }
    bench.still_works().await;
}

/// The body, with a field that `serde_json` itself could not hold.
fn with_raw(mut body: Value, field: &str, raw: &str) -> String {
    body[field] = json!("<here>");
    body.to_string().replace(r#""<here>""#, raw)
}

fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().unwrap().remove(field);
    body
}

#[tokio::test]
async fn names_are_what_they_must_be() {
    let bench = Bench::new().await;
    let (long, longest) = ("x".repeat(65), "x".repeat(201));
    let toss_orders = [
        "",
        "five5",
        &long,
        "has space",
        "한글아이디",
        "semi;colon",
        "a/../b/c",
        "null\u{0}byte",
        "new\nline",
    ];
    let keys = ["", "a/b", "../secrets", "a%2fb", "a?b", "a#b", "a b", "키", &longest, ".", ".."];
    let orders =
        ["", "LOGIN_USER", "1", "{01e79a15-68cc-4b39-ae5d-4c8eeef9d590}", "01e79a1568cc4b39ae5d4c8eeef9d59"];
    let table: [(&str, &str, &[&str]); 6] = [
        ("/payments/saveAmount", "orderId", &toss_orders),
        ("/payments/verifyAmount", "orderId", &toss_orders),
        ("/payments/confirm", "orderId", &toss_orders),
        ("/payments/confirm", "paymentKey", &keys),
        ("/payments/confirm", "backendOrderId", &orders),
        ("/payments/cancel", "paymentKey", &keys),
    ];
    for (path, field, wrongs) in table {
        let (_, good) = bench.bodies().into_iter().find(|(of, _)| *of == path).unwrap();
        let wrongs = wrongs.iter().map(|wrong| json!(wrong));
        for wrong in wrongs.chain([Value::Null, json!(7), json!(["x"]), json!({"x": 1})]) {
            let mut body = good.clone();
            body[field] = wrong.clone();
            let what = format!("{path}: {field} {wrong}");
            assert_eq!(
                bench.refuses(&what, bench.request(path, body.to_string())).await.status,
                400,
                "{what}"
            );
        }
        let answer = bench.refuses(path, bench.request(path, without(good, field).to_string())).await;
        assert_eq!(answer.status, 400, "{path} without {field}");
    }
    bench.still_works().await;
}

#[tokio::test]
async fn an_order_must_make_sense() {
    let bench = Bench::new().await;
    let line =
        |quantity: Value, price: Value| json!([{"name": "공책", "quantity": quantity, "unitPrice": price}]);
    let table: [(&str, Value); 22] = [
        ("totalAmount", json!(1_001)),
        ("totalAmount", json!(9_007_199_254_740_992_i64)),
        ("lines", line(json!(0), json!(500))),
        ("lines", line(json!(-2), json!(-500))),
        ("lines", line(json!(2), json!(0))),
        ("lines", line(json!(2), json!(499))),
        ("lines", line(json!(2.0), json!(500))),
        ("lines", line(json!(4_294_967_295_u32), json!(i64::MAX))),
        ("lines", json!([{"name": "", "quantity": 2, "unitPrice": 500}])),
        ("lines", json!([{"name": "공책", "quantity": 2, "unitPrice": 500, "price": 1}])),
        ("lines", json!({"name": "공책"})),
        ("orderName", json!("")),
        ("orderName", json!("x".repeat(101))),
        ("orderName", Value::Null),
        ("merchantReference", json!("")),
        ("merchantReference", json!("x".repeat(101))),
        ("merchantReference", json!("tab\there")),
        ("customer", json!({"mobilePhone": "010-1234-1234"})),
        ("customer", json!({"phone": "01012341234"})),
        ("expiresAt", json!("2020-01-01T00:00:00+09:00")),
        ("expiresAt", json!("tomorrow")),
        ("amount", json!(1_000)),
    ];
    for (field, wrong) in table {
        let [.., (path, mut body)] = bench.bodies();
        body[field] = wrong;
        let what = body.to_string();
        assert_eq!(bench.refuses(&what, bench.request(path, what.clone())).await.status, 400, "{what}");
    }
    bench.still_works().await;
}

#[tokio::test]
async fn a1_an_amount_that_is_not_the_orders_is_refused_before_toss_hears_of_it() {
    let bench = Bench::new().await;
    let calls = bench.world.calls(Operation::Confirm);
    let invalid = r#"{"code":400,"message":"결제 금액 정보가 유효하지 않습니다."}"#;
    for amount in [1, 100, 9_999, 10_001, i64::MAX] {
        let mut body = bench.ready.confirmation();
        body["amount"] = amount.into();
        bench.refuses("amount", bench.request("/payments/confirm", body.to_string())).await.is(400, invalid);
    }
    // The buyer saves 100 won, authenticates 100 won, and says 100 won, or the truth: the order costs 10,000.
    let mut cheat = Buyer::new(&bench.world.api, 10_000).await;
    cheat.amount = 100;
    cheat.save(&bench.world.api).await.has_status(200);
    cheat.key = bench.world.authenticate(&cheat.toss_order, 100);
    for amount in [100, 10_000] {
        cheat.amount = amount;
        cheat.confirm(&bench.world.api).await.is(400, invalid);
    }
    assert_eq!(bench.world.calls(Operation::Confirm), calls, "Toss was not asked");
    assert_eq!(bench.world.status_at_toss(&cheat.key), "IN_PROGRESS");
    bench.still_works().await;
}

#[tokio::test]
async fn a8_a_payment_key_pays_one_order_and_an_order_takes_one_payment_key() {
    let bench = Bench::new().await;
    let Bench { world, paid, ready } = &bench;
    let calls = world.calls(Operation::Confirm);
    let second = world.authenticate("second-attempt", 10_000);
    let table = [
        ("an unknown order", 404, Buyer { order: "0".repeat(32), ..ready.clone() }),
        ("the key of another order", 409, Buyer { key: paid.key.clone(), ..ready.clone() }),
        ("another order's name", 409, Buyer { toss_order: ready.toss_order.clone(), ..paid.clone() }),
        ("a second payment of a paid order", 409, Buyer { key: second, ..paid.clone() }),
        ("the payment of one order for another", 409, Buyer { order: ready.order.clone(), ..paid.clone() }),
    ];
    for (what, status, wrong) in table {
        let request = bench.request("/payments/confirm", wrong.confirmation().to_string());
        assert_eq!(bench.refuses(what, request).await.status, status, "{what}");
    }
    assert_eq!(world.calls(Operation::Confirm), calls, "Toss was not asked");
    bench.still_works().await;
}

#[tokio::test]
async fn a9_an_order_whose_time_is_over_is_not_paid() {
    let bench = Bench::new().await;
    let late = Buyer::ready(&bench.world, 500).await;
    let past = "UPDATE orders SET created_at = created_at - 10000000, expires_at = created_at - 5000000
                WHERE hex(order_id) = upper(?1)";
    assert_eq!(bench.world.db().execute(past, [&late.order]).unwrap(), 1);
    let calls = bench.world.calls(Operation::Confirm);
    let request = bench.request("/payments/confirm", late.confirmation().to_string());
    assert_eq!(bench.refuses("expired", request).await.status, 400);
    assert_eq!(bench.world.calls(Operation::Confirm), calls, "Toss was not asked");
    bench.still_works().await;
}

#[tokio::test]
async fn a_cancel_beyond_the_balance_or_without_a_reason_is_refused() {
    let bench = Bench::new().await;
    let (long, blank) = ("변".repeat(201), "   ");
    let mut wrongs = vec![json!({"cancelAmount": 10_001}), json!({"cancelAmount": i64::MAX})];
    wrongs.extend(["", blank, &long].map(|reason| json!({"cancelReason": reason})));
    wrongs.extend([Value::Null, json!(7), json!(["x"])].map(|reason| json!({"cancelReason": reason})));
    for wrong in wrongs {
        let mut body = bench.paid.cancellation(None);
        body.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        bench.refuses(&body.to_string(), bench.request("/payments/cancel", body.to_string())).await;
    }
    assert_eq!(bench.world.calls(Operation::Cancel), 0, "Toss was not asked");
    bench.still_works().await;
}

#[tokio::test]
async fn f11_a_reason_may_say_anything_and_stays_one_string() {
    let world = World::new().await;
    let longest = "변".repeat(200);
    for reason in [
        r#"단순 변심", "cancelAmount": 1, "x": ""#,
        "줄\n바꿈\t탭\r",
        "이모지 😀👨‍👩‍👧 와 \\ 백슬래시",
        "\u{0} \u{1f} \u{2028}",
        "' OR 1=1; DROP TABLE payments; --",
        "</script><script>alert(1)</script>",
        &longest,
    ] {
        let buyer = Buyer::paid(&world, 1_000).await;
        let body = json!({"paymentKey": buyer.key, "cancelReason": reason});
        let canceled = buyer.post(&world.api, "cancel", &body).await.has_status(200);
        assert_eq!(canceled["cancels"][0]["cancelReason"], reason);
        assert_eq!(canceled["balanceAmount"], 0, "{reason}");
        assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(1_000))]);
    }
}
