//! What comes to `/webhooks/toss`: genuine, forged, repeated, early, or no webhook at all. It is kept and answered, and
//! changes nothing but when we look.
use crate::buyer::Buyer;
use crate::shop::Shop;
use crate::support::{Answer, World, at_once, send, unique, until};
use serde_json::{Value, json};
use std::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use toss_sandbox::{
    EffectKind, FaultKind, FaultOperation, NewPayment, Operation, WebhookEndpoint, WebhookEvent, When,
};

pub(crate) const URL: &str = "/webhooks/toss";

/// "The buyer's payment has changed", as Toss words it, and as anybody can.
pub(crate) fn changed(buyer: &Buyer, status: &str) -> String {
    about(&buyer.key, &buyer.toss_order, status, "tvivarepublica").to_string()
}

fn about(key: &str, order: &str, status: &str, merchant: &str) -> Value {
    json!({
        "eventType": "PAYMENT_STATUS_CHANGED", "createdAt": "2026-03-02T10:00:00.000000",
        "data": {
            "mId": merchant, "paymentKey": key, "orderId": order, "status": status,
            "lastTransactionKey": format!("t-{}", unique()),
        },
    })
}

pub(crate) async fn tell(world: &World, body: impl Into<reqwest::Body>) -> Answer {
    send(world.api.post(URL, body)).await
}

/// The lines of `hanbeon webhooks list`, newest first.
pub(crate) async fn listed(world: &World) -> Vec<String> {
    let list = world.run(&["webhooks", "list", "--limit", "1000"]).await;
    assert!(list.status.success(), "{list:?}");
    String::from_utf8(list.stdout).unwrap().lines().map(str::to_owned).collect()
}

pub(crate) async fn metric(world: &World, line: &str) -> Option<u64> {
    let metrics = send(world.api.get("/metrics")).await.body;
    let found = metrics.lines().find_map(|given| given.strip_prefix(line)?.strip_prefix(' '));
    found.map(|count| count.parse().expect("a number"))
}

/// Waits until Toss was asked about the payment after this many calls.
async fn until_looked(world: &World, calls: usize) {
    until("Toss is asked", async || (calls < world.calls(Operation::Read)).then_some(())).await;
    world.until_quiet().await;
}

#[tokio::test]
async fn e1_e2_forgeries_change_nothing_and_a_flood_of_them_is_a_few_reads() {
    let world = World::new().await;
    let (paid, unpaid) = (Buyer::paid(&world, 1_000).await, Buyer::ready(&world, 1_000).await);
    let (shop, reads) = (Shop::of(&world, &paid).await, world.calls(Operation::Read));
    let started = Instant::now();
    let forgeries = (0..400).map(|number| {
        let status = ["ABORTED", "EXPIRED", "CANCELED", "DONE"][number % 4];
        let body = changed(if number % 2 == 0 { &paid } else { &unpaid }, status);
        let api = world.api.clone();
        async move { send(api.post(URL, body)).await.status }
    });
    let statuses = at_once(forgeries).await;
    assert!(statuses.iter().all(|status| matches!(status, 200 | 503)), "{statuses:?}");
    assert!(statuses.contains(&200));
    until_looked(&world, reads).await;
    // The first look is at once, and each further one waits three seconds.
    let looks = world.calls(Operation::Read) - reads;
    let most = 2 + usize::try_from(started.elapsed().as_secs() / 3).unwrap();
    assert!(looks <= most, "{looks} looks in {:?}", started.elapsed());
    assert_eq!(shop.read().await["state"], "paid");
    unpaid.read(&world.api).await.has_status(404);
    assert_eq!(world.effects(&unpaid.key), []);
    unpaid.confirm(&world.api).await.is(200, &unpaid.view("DONE"));
    let history = shop.read().await["history"].as_array().unwrap().clone();
    assert!(history.iter().all(|line| line["to"] != "canceled" && line["to"] != "expired"), "{history:?}");
}

#[tokio::test]
async fn e3_an_old_event_that_is_replayed_changes_nothing_and_is_known_as_a_repeat() {
    let world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let (old, reads) = (changed(&buyer, "DONE"), world.calls(Operation::Read));
    tell(&world, old.clone()).await.is(200, "{}");
    world.until_quiet().await;
    assert_eq!(world.calls(Operation::Read), reads, "it told what is known");
    buyer.cancel(&world.api).await.has_status(200);
    for _ in 0..3 {
        tell(&world, old.clone()).await.is(200, "{}");
    }
    let reads = world.calls(Operation::Read);
    until_looked(&world, reads).await;
    buyer.read(&world.api).await.is(200, &buyer.view("CANCELED"));
    let lines = listed(&world).await;
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.contains("(again)")).count(), 3, "{lines:?}");
    assert_eq!(metric(&world, r#"hanbeon_incidents_total{kind="webhook_repeated"}"#).await, Some(3));
}

#[tokio::test]
async fn e5_a_deposit_that_is_told_twice_is_one_transition() {
    let world = World::new().await;
    let url = format!("{}{URL}", world.api.url);
    world.toss.add_webhook_endpoint(WebhookEndpoint::new(url)).unwrap();
    let mut buyer = Buyer::ready(&world, 1_000).await;
    let account = NewPayment::card(&buyer.toss_order, 1_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    buyer.confirm(&world.api).await.has_status(200);
    world.toss.deposit(&buyer.key).unwrap();
    world.until_stored(&buyer.key, "paid").await;
    // The account was told of twice, and its deposit too.
    let told = |event| world.toss.webhooks(0, 100).iter().filter(|sent| sent.event == event).count();
    assert_eq!((told(WebhookEvent::DepositCallback), told(WebhookEvent::PaymentStatusChanged)), (2, 2));
    until("all four are kept", async || (listed(&world).await.len() == 4).then_some(())).await;
    world.until_quiet().await;
    let history = Shop::of(&world, &buyer).await.read().await["history"].as_array().unwrap().clone();
    let moves = history.iter().filter(|line| line["from"] != "paid" && line["to"] == "paid");
    assert_eq!(moves.count(), 1, "{history:?}");
}

#[tokio::test]
async fn e6_a_webhook_before_the_row_is_kept_and_one_before_its_commit_is_followed_after_it() {
    let world = World::new().await;
    let mut buyer = Buyer::ready(&world, 1_000).await;
    let account = NewPayment::card(&buyer.toss_order, 1_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    tell(&world, changed(&buyer, "DONE")).await.is(200, "{}");
    buyer.read(&world.api).await.has_status(404);
    assert_eq!(world.journal(), [], "there was nothing to ask about");
    // The account is issued, and its deposit comes, before we have the answer to our confirm.
    world.spoil(FaultOperation::Confirm, FaultKind::Delay { ms: 1_500, when: When::After });
    let confirm = tokio::spawn({
        let (buyer, api) = (buyer.clone(), world.api.clone());
        async move { buyer.confirm(&api).await }
    });
    until("the account is issued", async || {
        (world.status_at_toss(&buyer.key) == "WAITING_FOR_DEPOSIT").then_some(())
    })
    .await;
    world.toss.deposit(&buyer.key).unwrap();
    tell(&world, changed(&buyer, "DONE")).await.is(200, "{}");
    assert_eq!(world.stored(&buyer.key).as_deref(), Some("confirming"));
    confirm.await.unwrap().has_status(200);
    // Without the webhook the account would be asked about in ten minutes.
    world.until_stored(&buyer.key, "paid").await;
    let lines = listed(&world).await;
    assert!(lines.iter().all(|line| !line.contains("payment -")), "both are about it by now: {lines:?}");
}

#[tokio::test]
async fn e10_what_is_no_webhook_is_refused_and_what_is_a_strange_one_is_kept() {
    let world = World::new().await;
    for wrong in ["", "null", "[]", "\"text\"", "7", "{", "{}{}", "eventType=DONE"] {
        let refused = tell(&world, wrong).await;
        assert_eq!(refused.has_status(400)["code"], "INVALID_REQUEST", "{wrong}");
    }
    assert_eq!(listed(&world).await, Vec::<String>::new());
    let depth = 15_000;
    let bomb = format!(r#"{{"eventType":"BOMB","data":{}{}}}"#, "[".repeat(depth), "]".repeat(depth));
    let unknown = r#"{"eventType":"SOMETHING_NEW","data":{"paymentKey":7,"status":{}}}"#;
    for kept in ["{}", unknown, &bomb, r#"{"eventType":"PAYMENT_STATUS_CHANGED","data":null}"#] {
        tell(&world, kept.to_owned()).await.is(200, "{}");
    }
    // Neither the announced type nor the charset of the bytes is a reason to fall over.
    let plain = world.api.post(URL, unknown).header("content-type", "text/plain; charset=euc-kr");
    assert!(matches!(send(plain).await.status, 200 | 400));
    let euc_kr = [&br#"{"eventType":"X","note":""#[..], &[0xB0, 0xA1, 0xFF], b"\"}"].concat();
    assert!(matches!(tell(&world, euc_kr).await.status, 200 | 400));
    assert!(matches!(tell(&world, "\u{feff}{}").await.status, 200 | 400));
    let lines = listed(&world).await;
    assert!(lines.iter().any(|line| line.contains("unknown") && line.contains("SOMETHING_NEW")), "{lines:?}");
    assert_eq!(world.journal(), [], "nobody was asked");
}

#[tokio::test]
async fn e10_a_body_beyond_32_kib_is_refused_whether_it_is_announced_or_not() {
    let world = World::new().await;
    let padded = |length: usize| {
        let frame = r#"{"eventType":"LONG","pad":""}"#;
        frame.replace(r#"pad":""#, &format!(r#"pad":"{}"#, "x".repeat(length - frame.len())))
    };
    tell(&world, padded(32 * 1024)).await.is(200, "{}");
    tell(&world, padded(32 * 1024 + 1)).await.has_status(413);
    let address = world.api.url.trim_start_matches("http://").to_owned();
    for (length, chunk) in [("content-length: 10485760", ""), ("transfer-encoding: chunked", "A00000\r\n")] {
        let head = format!("POST {URL} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{length}\r\n\r\n");
        let mut stream = TcpStream::connect(&address).await.unwrap();
        // Whoever has read 40 KB of ten megabytes has read enough.
        let beginning = format!("{head}{chunk}{}", &padded(10 << 20)[..40 * 1024]);
        stream.write_all(beginning.as_bytes()).await.unwrap();
        let answer = whole_answer(stream).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{length}: {answer}");
    }
    assert_eq!(listed(&world).await.len(), 1);
}

async fn whole_answer(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = tokio::time::timeout(crate::support::BOUND, stream.read_to_end(&mut answer)).await;
    read.expect("an answer in time").ok();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn e10_slow_senders_are_cut_off_and_hold_up_no_buyer() {
    let world = World::new().await;
    let address = world.api.url.trim_start_matches("http://").to_owned();
    let slow = format!("POST {URL} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 100\r\n\r\n{{");
    let mut streams = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(slow.as_bytes()).await.unwrap();
        streams.push(stream);
    }
    Buyer::paid(&world, 1_000).await;
    let mut cut = 0;
    for mut stream in streams {
        let mut answer = [0; 12];
        let read = tokio::time::timeout(crate::support::BOUND, stream.read_exact(&mut answer)).await;
        read.expect("an answer in time").expect("an answer");
        assert!([&b"HTTP/1.1 408"[..], b"HTTP/1.1 503"].contains(&&answer[..]), "{answer:?}");
        cut += usize::from(answer.ends_with(b"408"));
    }
    assert!(cut > 0, "somebody was heard out, for a while");
    until("there is room again", async || (tell(&world, "{}").await.status == 200).then_some(())).await;
}

#[tokio::test]
async fn e11_an_event_of_another_merchant_is_kept_apart_and_nobody_is_asked() {
    let world = World::with("[toss]\nmerchant_id = \"tvivarepublica\"\n").await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let reads = world.calls(Operation::Read);
    world.toss.cancel_in_dashboard(&buyer.key, Some(400)).unwrap();
    let foreign = about(&buyer.key, &buyer.toss_order, "PARTIAL_CANCELED", "somebodyelse");
    tell(&world, foreign.to_string()).await.is(200, "{}");
    let lines = listed(&world).await;
    assert!(lines.len() == 1 && lines[0].contains("foreign"), "{lines:?}");
    assert_eq!(metric(&world, r#"hanbeon_webhooks_total{verdict="foreign"}"#).await, Some(1));
    assert_eq!(metric(&world, r#"hanbeon_webhooks_total{verdict="hint"}"#).await, Some(0));
    assert!(world.logs().contains("a webhook is about another merchant"), "an alarm");
    assert_eq!(world.calls(Operation::Read), reads);
    // Our own is followed; and what it makes us see is only the truth.
    tell(&world, changed(&buyer, "CANCELED")).await.is(200, "{}");
    world.until_stored(&buyer.key, "partially_canceled").await;
}

#[tokio::test]
async fn g7_a_deposit_callback_with_a_wrong_secret_is_not_followed() {
    let world = World::new().await;
    let mut buyer = Buyer::ready(&world, 1_000).await;
    let account = NewPayment::card(&buyer.toss_order, 1_000).by("가상계좌");
    buyer.key = world.toss.authenticate(&account).unwrap();
    buyer.confirm(&world.api).await.has_status(200);
    let reads = world.calls(Operation::Read);
    let forged = json!({
        "createdAt": "2026-03-02T10:00:00.000000", "secret": "ps_forged", "status": "DONE",
        "transactionKey": "t-1", "orderId": buyer.toss_order,
    });
    tell(&world, forged.to_string()).await.is(200, "{}");
    let lines = listed(&world).await;
    assert!(lines.len() == 1 && lines[0].contains("forged"), "{lines:?}");
    assert_eq!(
        (world.calls(Operation::Read), world.stored(&buyer.key).as_deref()),
        (reads, Some("waiting_for_deposit"))
    );
}

#[tokio::test]
async fn l6_what_was_answered_survives_kill_9_and_is_followed_after_it() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    let notes = (0..20).map(|number| format!(r#"{{"eventType":"NOTE_{number}"}}"#));
    let answers = at_once(notes.map(|note| {
        let api = world.api.clone();
        async move { send(api.post(URL, note)).await.status }
    }));
    assert_eq!(answers.await, [200; 20]);
    world.toss.cancel_in_dashboard(&buyer.key, Some(400)).unwrap();
    tell(&world, changed(&buyer, "PARTIAL_CANCELED")).await.is(200, "{}");
    world.kill().await;
    let lines = listed(&world).await;
    assert_eq!(lines.len(), 21, "{lines:?}");
    world.start().await;
    world.until_stored(&buyer.key, "partially_canceled").await;
    Shop::of(&world, &buyer).await.until_amounts(&[("elsewhere", 400)]).await;
    assert_eq!(world.effects(&buyer.key)[1..], [(EffectKind::Canceled, Some(400))]);
}

#[tokio::test]
async fn a_webhook_that_cannot_be_stored_is_503_and_comes_again() {
    let world = World::new().await;
    let refused = "CREATE TRIGGER refused BEFORE INSERT ON webhooks
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    world.db().execute_batch(refused).unwrap();
    let note = r#"{"eventType":"NOTE","buyer":"kim-tosil@example.com"}"#;
    let later = tell(&world, note).await;
    assert_eq!(later.has_status(503)["code"], "STORE_UNAVAILABLE");
    assert!(!later.header("retry-after").is_empty());
    world.db().execute_batch("DROP TRIGGER refused").unwrap();
    tell(&world, note).await.is(200, "{}");
    assert!(world.logs().contains("webhook kept"));
    assert!(!world.logs().contains("kim-tosil"), "no body is logged");
}
