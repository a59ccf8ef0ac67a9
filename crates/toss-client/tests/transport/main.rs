//! What every failure on the wire means, proved against real sockets on the loopback interface.

mod billing;
mod lists;
mod pages;
mod server;

use std::time::Duration;

use server::{Behaviour, Server};
use toss_client::{
    Cancel, Client, ClientBuilder, Confirm, CreatePayment, Error, ErrorCode, IdempotencyKey,
    IssueVirtualAccount, KeyIn, NotSentCause, Operation, Payment, Reply, RequestOptions, RetryClass,
    SecretKey, UnansweredCause,
    model::{BankCode, Extra, Method},
};

const DONE: &str = include_str!("../fixtures/card-done.json");
const REFUSAL: &str =
    r#"{"code":"REJECT_CARD_PAYMENT","message":"한도초과 혹은 잔액부족으로 결제에 실패했습니다."}"#;
const SHORT: Duration = Duration::from_millis(200);

fn builder(url: &str) -> ClientBuilder {
    Client::builder(SecretKey::parse("test_sk_abc").expect("a key")).base_url(url)
}

fn client(url: &str) -> Client {
    builder(url).build().expect("a client")
}

async fn confirm(client: &Client, order_id: &str) -> Result<Reply<Payment>, Error> {
    let request = Confirm { payment_key: "tviva20260302140509Ab3Xz", order_id, amount: 42_900.into() };
    client.confirm(&request, &RequestOptions::default()).await
}

fn unanswered(result: Result<Reply<Payment>, Error>) -> (UnansweredCause, Option<u16>) {
    match result {
        Err(error @ Error::Unknown(_)) => {
            assert_eq!(error.class(Operation::Confirm), RetryClass::Query);
            let Error::Unknown(broken) = error else { unreachable!("matched above") };
            (broken.cause, broken.http_status)
        }
        other => panic!("expected an unknown outcome, not {other:?}"),
    }
}

fn not_sent(result: Result<Reply<Payment>, Error>) -> NotSentCause {
    match result {
        Err(Error::NotSent(failed)) => failed.cause,
        other => panic!("expected that nothing was sent, not {other:?}"),
    }
}

#[tokio::test]
async fn a_confirm_reads_on_the_wire_as_documented() {
    let server = Server::start(Behaviour::answer(200, DONE)).await;
    let client =
        builder(&server.url).header("x-shop", "7").accept_language("en-US").build().expect("a client");
    let options = RequestOptions {
        idempotency_key: Some(IdempotencyKey::parse("key-1").expect("visible")),
        test_code: Some(ErrorCode::RejectCardPayment),
    };
    let request = Confirm { payment_key: "pk", order_id: "ord-1", amount: 42_900.into() };

    let reply = client.confirm(&request, &options).await.expect("a payment");

    assert_eq!(reply.raw, DONE);
    assert_eq!(reply.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));
    let seen = server.requests().remove(0);
    assert!(seen.starts_with("POST /v1/payments/confirm HTTP/1.1\r\n"), "{seen}");
    assert!(
        seen.ends_with("\r\n\r\n{\"paymentKey\":\"pk\",\"orderId\":\"ord-1\",\"amount\":42900}"),
        "{seen}"
    );
    for line in [
        "authorization: Basic dGVzdF9za19hYmM6",
        "content-type: application/json",
        "accept: application/json",
        "idempotency-key: key-1",
        "tosspayments-test-code: REJECT_CARD_PAYMENT",
        "accept-language: en-US",
        "x-shop: 7",
    ] {
        assert_eq!(seen.lines().filter(|seen| *seen == line).count(), 1, "{line} in {seen}");
    }
}

#[tokio::test]
async fn reads_and_cancels_go_to_their_paths_over_one_connection() {
    let server = Server::start(Behaviour::answer(200, DONE)).await;
    let client = client(&server.url);
    let cancel = Cancel { cancel_reason: "order withdrawn", ..Cancel::default() };

    client.payment("pk/1").await.expect("a payment");
    client.payment_by_order("ord-1").await.expect("a payment");
    client.cancel("pk", &cancel, &RequestOptions::default()).await.expect("a payment");

    let lines: Vec<String> =
        server.requests().iter().map(|seen| seen.lines().next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/payments/pk%2F1 HTTP/1.1",
            "GET /v1/payments/orders/ord-1 HTTP/1.1",
            "POST /v1/payments/pk/cancel HTTP/1.1"
        ]
    );
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn every_way_to_make_a_payment_goes_to_its_path() {
    let server = Server::start(Behaviour::answer(200, DONE)).await;
    let client = client(&server.url);
    let options = RequestOptions::default();
    let confirm = Confirm { payment_key: "pk", order_id: "ord-1", amount: 42_900.into() };
    let account = IssueVirtualAccount::new(42_900.into(), "ord-1", "mug", "홍길동", BankCode::Woori);
    let window = CreatePayment {
        method: Method::Card,
        amount: 42_900.into(),
        order_id: "ord-1",
        order_name: "mug",
        success_url: "https://shop.example/ok",
        fail_url: "https://shop.example/no",
        window: Extra::default(),
    };

    client.confirm_legacy(&confirm, &options).await.expect("a payment");
    client.key_in(&KeyIn::default(), &options).await.expect("a payment");
    client.issue_virtual_account(&account, &options).await.expect("a payment");
    client.create_payment(&window, &options).await.expect("a payment");

    let lines: Vec<String> =
        server.requests().iter().map(|seen| seen.lines().next().unwrap_or_default().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "POST /v1/payments/pk HTTP/1.1",
            "POST /v1/payments/key-in HTTP/1.1",
            "POST /v1/virtual-accounts HTTP/1.1",
            "POST /v1/payments HTTP/1.1",
        ]
    );
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let refused = format!("http://{}", free.local_addr().expect("bound"));
    drop(free);
    let plain = Server::start(Behaviour::answer(200, DONE)).await;
    let no_tls = plain.url.replace("http://", "https://");
    let no_host = "https://no-such-host.invalid".to_owned();
    for (what, url) in [("refused port", refused), ("no such host", no_host), ("no TLS", no_tls)] {
        let error = confirm(&client(&url), "ord-1").await.expect_err(what);
        assert_eq!(error.class(Operation::Confirm), RetryClass::SameKey, "{what}");
        let cause = not_sent(Err(error));
        // A resolver may take longer than the connect timeout to say no.
        assert!(cause == NotSentCause::Connect || what == "no such host", "{what}: {cause}");
    }
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn an_error_tells_each_thing_once_and_no_address() {
    let server = Server::start(Behaviour::ReadThenClose).await;
    let error = confirm(&client(&server.url), "ord-1").await.expect_err("a break");
    let mut told = vec![error.to_string()];
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        told.push(cause.to_string());
        source = cause.source();
    }
    assert_eq!(told[..2], ["the outcome of the request is unknown", "the connection broke"]);
    assert!(told.len() > 2, "{told:?}");
    let shown = format!("{told:?} {error:?}");
    assert!(!shown.contains("127.0.0.1") && !shown.contains("dGVzdF9za19hYmM6"), "{shown}");
}

#[tokio::test]
async fn a_connect_time_out_says_that_nothing_was_sent() {
    // The connection is made, but its TLS handshake is never answered.
    let server = Server::start(Behaviour::SilentAtOnce).await;
    let client =
        builder(&server.url.replace("http://", "https://")).connect_timeout(SHORT).build().expect("a client");
    assert_eq!(not_sent(confirm(&client, "ord-1").await), NotSentCause::ConnectTimeout);
}

#[tokio::test]
async fn a_malformed_request_never_opens_a_connection() {
    let server = Server::start(Behaviour::answer(200, DONE)).await;
    let client = client(&server.url);
    assert_eq!(not_sent(client.payment("..").await), NotSentCause::Request);
    assert_eq!(not_sent(client.payment_by_order("").await), NotSentCause::Request);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn after_the_connection_every_break_leaves_the_outcome_unknown() {
    for (behaviour, status) in [
        (Behaviour::CloseAtOnce, None),
        (Behaviour::ReadThenClose, None),
        (Behaviour::ReadThenReset, None),
        (Behaviour::Raw("HTTP/1.1 200 OK\r\ncontent-le"), None),
        (Behaviour::Raw("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"paymentKey\":"), Some(200)),
        (Behaviour::Raw("HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"co"), Some(500)),
        (Behaviour::Raw("SMTP ready\r\n\r\n"), None),
    ] {
        let server = Server::start(behaviour.clone()).await;
        let result = confirm(&client(&server.url), "ord-1").await;
        assert_eq!(unanswered(result), (UnansweredCause::Broken, status), "{behaviour:?}");
        assert!(server.requests().len() <= 1, "{behaviour:?}");
        assert_eq!(server.connections(), 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn no_answer_in_time_leaves_the_outcome_unknown() {
    for (behaviour, status) in [
        (Behaviour::Silent, None),
        (
            Behaviour::RawThenSilent("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{\"paymentKey\":"),
            Some(200),
        ),
    ] {
        let server = Server::start(behaviour.clone()).await;
        let client = builder(&server.url).timeout(SHORT).build().expect("a client");
        assert_eq!(
            unanswered(confirm(&client, "ord-1").await),
            (UnansweredCause::Timeout, status),
            "{behaviour:?}"
        );
        assert_eq!(server.requests().len(), 1, "{behaviour:?}");
    }
}

#[tokio::test]
async fn an_answer_larger_than_the_bound_is_cut_off_while_it_arrives() {
    for head in ["content-length: 999999999999\r\n", ""] {
        let server = Server::start(Behaviour::Endless(head)).await;
        let client = builder(&server.url).max_response_bytes(100_000).build().expect("a client");
        assert_eq!(
            unanswered(confirm(&client, "ord-1").await),
            (UnansweredCause::Oversized, Some(200)),
            "{head}"
        );
    }
    let server = Server::start(Behaviour::answer(200, DONE)).await;
    let exact = builder(&server.url).max_response_bytes(DONE.len()).build().expect("a client");
    confirm(&exact, "ord-1").await.expect("an answer of exactly the bound");
    let short = builder(&server.url).max_response_bytes(DONE.len() - 1).build().expect("a client");
    assert_eq!(unanswered(confirm(&short, "ord-1").await).0, UnansweredCause::Oversized);
}

#[tokio::test]
async fn an_answer_in_many_pieces_arrives_byte_for_byte() {
    let padded = format!("{}{DONE}", " ".repeat(500_000));
    let server = Server::start(Behaviour::answer(200, &padded)).await;
    let reply = confirm(&client(&server.url), "ord-1").await.expect("a payment");
    assert!(reply.raw == padded.as_bytes());
    assert_eq!(reply.value.order_id, "ord-20260302-0007");
}

#[tokio::test]
async fn a_refusal_is_told_from_a_gateways_page() {
    let server = Server::start(Behaviour::answer(403, REFUSAL)).await;
    let Err(Error::Refused(refusal)) = confirm(&client(&server.url), "ord-1").await else {
        panic!("a refusal")
    };
    assert_eq!((refusal.code, refusal.http_status), (ErrorCode::RejectCardPayment, 403));
    assert_eq!(refusal.raw, REFUSAL);
    assert_eq!(refusal.trace_id.as_deref(), Some("0af7651916cd43dd8448eb211c80319c"));

    for (status, body) in
        [(502, "<html>Bad Gateway</html>"), (200, "<html>login</html>"), (503, ""), (404, "{}")]
    {
        let server = Server::start(Behaviour::answer(status, body)).await;
        let result = confirm(&client(&server.url), "ord-1").await;
        let Err(Error::Unreadable(answer)) = result else { panic!("{status}: {result:?}") };
        assert_eq!((answer.http_status, &answer.raw[..]), (status, body.as_bytes()));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Server::start(Behaviour::answer(200, DONE)).await;
    let moved =
        format!("HTTP/1.1 307 Moved\r\nlocation: {}/x\r\ncontent-length: 0\r\n\r\n", target.url).leak();
    let server = Server::start(Behaviour::Raw(moved)).await;
    let result = confirm(&client(&server.url), "ord-1").await;
    assert!(matches!(result, Err(Error::Unreadable(answer)) if answer.http_status == 307));
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_post_on_a_kept_connection_that_breaks_is_not_sent_again() {
    let server = Server::start(Behaviour::AnswerOnceThenReadAndClose(DONE)).await;
    let client = client(&server.url);
    confirm(&client, "ord-1").await.expect("a payment");
    assert_eq!(unanswered(confirm(&client, "ord-2").await), (UnansweredCause::Broken, None));
    assert_eq!((server.requests().len(), server.connections()), (2, 1));
}

#[tokio::test]
async fn a_post_over_a_dying_connection_reaches_the_server_at_most_once() {
    // The server closes right after each answer, while the client believes the connection to be alive: whatever
    // the timing, no order may be read twice, and a good answer means that it was read.
    let server = Server::start(Behaviour::AnswerThenClose(DONE)).await;
    let client = client(&server.url);
    for round in 0..200 {
        let order_id = format!("ord-{round:04}");
        let result = confirm(&client, &order_id).await;
        if result.is_err() {
            assert_eq!(unanswered(result), (UnansweredCause::Broken, None));
        } else {
            assert!(server.requests().iter().any(|seen| seen.contains(&order_id)), "{order_id}");
        }
    }
    let seen = server.requests();
    for round in 0..200 {
        let order_id = format!("ord-{round:04}");
        assert!(seen.iter().filter(|seen| seen.contains(&order_id)).count() <= 1, "{order_id}");
    }
}
