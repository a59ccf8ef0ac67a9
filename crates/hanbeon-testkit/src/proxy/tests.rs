//! The proxy between a plain client and an upstream that counts.
use super::http::{self, Request};
use super::{Fault, FaultProxy, Target, When};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

const BOUND: Duration = Duration::from_secs(20);
const CONFIRM: &str = "POST /v1/payments/confirm HTTP/1.1\r\nhost: x\r\nidempotency-key: k1\r\ncontent-length: 12\r\n\r\n{\"key\":\"p1\"}";
const READ: &str = "GET /v1/payments/p1 HTTP/1.1\r\nhost: x\r\n\r\n";
const FIXED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const CHUNKED: &str =
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nt: 1\r\n\r\n";
const TO_THE_END: &str = "HTTP/1.1 200 OK\r\n\r\nhello";

/// An upstream that gives every request the same answer, and remembers the whole ones.
struct Upstream {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

impl Upstream {
    async fn new(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let hearing = Arc::clone(&heard);
        let serving = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if let Ok(Some(request)) = http::request(&mut stream, &mut Vec::new()).await {
                    hearing.lock().unwrap().push(request.line);
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        });
        Self { address, heard, _serving: AbortOnDropHandle::new(serving) }
    }

    fn heard(&self) -> usize {
        self.heard.lock().unwrap().len()
    }
}

async fn both(answer: &'static str) -> (Upstream, FaultProxy) {
    let upstream = Upstream::new(answer).await;
    let proxy = FaultProxy::start(upstream.address, 1).await.unwrap();
    (upstream, proxy)
}

async fn connect(proxy: &FaultProxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Everything until the connection ends; `false` when it was reset.
async fn to_the_end(client: &mut TcpStream) -> (Vec<u8>, bool) {
    let mut said = Vec::new();
    let in_order = timeout(BOUND, client.read_to_end(&mut said)).await.unwrap().is_ok();
    (said, in_order)
}

async fn ask(proxy: &FaultProxy, request: &str) -> (Vec<u8>, bool) {
    let mut client = connect(proxy).await;
    client.write_all(request.as_bytes()).await.unwrap();
    to_the_end(&mut client).await
}

/// The status of the answer on a connection that stays.
async fn status(client: &mut TcpStream, request: &str) -> u16 {
    client.write_all(request.as_bytes()).await.unwrap();
    timeout(BOUND, http::reply(client)).await.unwrap().unwrap().status
}

async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let looking = async {
        while !look() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(BOUND, looking).await.unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test]
async fn without_a_fault_every_byte_passes_and_the_connection_stays() {
    for answer in [FIXED, CHUNKED] {
        let (upstream, proxy) = both(answer).await;
        let mut client = connect(&proxy).await;
        for request in [CONFIRM, READ, CONFIRM] {
            client.write_all(request.as_bytes()).await.unwrap();
            let mut said = vec![0; answer.len()];
            timeout(BOUND, client.read_exact(&mut said)).await.unwrap().unwrap();
            assert_eq!(said, answer.as_bytes());
        }
        let lines = upstream.heard.lock().unwrap().clone();
        let confirm = "POST /v1/payments/confirm";
        assert_eq!(lines, [confirm, "GET /v1/payments/p1", confirm]);
        until("the record is complete", || proxy.records().iter().all(|record| record.done)).await;
        let record = proxy.records().remove(0);
        assert_eq!((record.idempotency_key.as_deref(), record.reply), (Some("k1"), Some(200)));
        assert_eq!((record.returned, record.was_forwarded()), (answer.len(), true));
    }
    let (_upstream, proxy) = both(TO_THE_END).await;
    assert_eq!(ask(&proxy, READ).await, (TO_THE_END.as_bytes().to_vec(), true));
}

/// A fault that ends the connection: how often the upstream hears the request, what the client gets, and how.
#[tokio::test]
async fn a_fault_that_ends_the_connection_does_what_it_says() {
    let short = Duration::from_millis(20);
    let cases: &[(Fault, usize, Option<&str>, bool)] = &[
        (Fault::Refuse(short), 0, Some(""), false),
        (Fault::CutRequestAfter(30), 0, Some(""), true),
        (Fault::CutRequestAfter(usize::MAX), 1, Some(""), true),
        (Fault::CutReplyAfter(0), 1, Some(""), true),
        (Fault::CutReplyAfter(40), 1, Some(&FIXED[..40]), true),
        (Fault::ReplyLost, 1, Some(""), true),
        (Fault::Garbage(When::Before), 0, None, true),
        (Fault::Garbage(When::After), 1, None, true),
        (Fault::Reset(When::Before), 0, Some(""), false),
        (Fault::Reset(When::After), 1, Some(""), false),
        (Fault::GatewayTimeout(short), 1, None, true),
    ];
    for &(fault, hears, wanted, ends_in_order) in cases {
        let (upstream, proxy) = both(FIXED).await;
        let rule = proxy.spoil(Target::confirm(), fault);
        let (said, in_order) = ask(&proxy, CONFIRM).await;
        assert_eq!(in_order, ends_in_order, "{fault:?}");
        if let Some(wanted) = wanted {
            assert_eq!(said, wanted.as_bytes(), "{fault:?}");
        }
        until("it is carried out", || proxy.met(rule).iter().any(|record| record.done)).await;
        until("the upstream hears", || upstream.heard() == hears).await;
        let record = proxy.met(rule).remove(0);
        assert_eq!((record.was_forwarded(), record.returned), (hears == 1, said.len()), "{fault:?}");
        assert_eq!(record.fault, Some(fault));
    }
}

#[tokio::test]
async fn an_answer_made_by_the_proxy_leaves_the_connection_usable() {
    for (fault, hears, wanted) in [
        (Fault::Html(When::Before), 0, 502),
        (Fault::Html(When::After), 1, 502),
        (Fault::Error(When::Before, 500), 0, 500),
        (Fault::Error(When::After, 503), 1, 503),
        (Fault::DelayRequest(Duration::from_millis(5)), 1, 200),
        (Fault::DelayReply(Duration::from_millis(5)), 1, 200),
        (Fault::SlowReply { bytes: 7, every: Duration::from_millis(1) }, 1, 200),
    ] {
        let (upstream, proxy) = both(FIXED).await;
        proxy.spoil(Target::confirm(), fault);
        let mut client = connect(&proxy).await;
        assert_eq!(status(&mut client, CONFIRM).await, wanted, "{fault:?}");
        assert_eq!(upstream.heard(), hears, "{fault:?}");
        assert_eq!(status(&mut client, CONFIRM).await, 200, "{fault:?}");
    }
}

#[tokio::test]
async fn silence_lasts_until_the_client_leaves() {
    for (fault, hears) in [(Fault::RequestLost, 0), (Fault::HalfOpen, 1)] {
        let (upstream, proxy) = both(FIXED).await;
        let rule = proxy.spoil(Target::confirm(), fault);
        let mut client = connect(&proxy).await;
        client.write_all(CONFIRM.as_bytes()).await.unwrap();
        until("it has been met", || proxy.met(rule).len() == 1 && upstream.heard() == hears).await;
        let nothing = timeout(Duration::from_millis(50), client.read(&mut [0; 1])).await;
        assert!(nothing.is_err(), "{fault:?}: {nothing:?}");
        assert!(!proxy.met(rule)[0].done);
        drop(client);
        until("the proxy has seen it leave", || proxy.met(rule)[0].done).await;
    }
}

#[tokio::test]
async fn what_a_rule_holds_is_let_go_when_it_is_lifted() {
    for (fault, hears) in [(Fault::HoldRequest, 0), (Fault::HoldReply, 1)] {
        let (upstream, proxy) = both(FIXED).await;
        let rule = proxy.spoil(Target::confirm(), fault);
        let mut held = connect(&proxy).await;
        held.write_all(CONFIRM.as_bytes()).await.unwrap();
        until("it is held", || proxy.met(rule).len() == 1 && upstream.heard() == hears).await;
        assert_eq!(status(&mut connect(&proxy).await, CONFIRM).await, 200, "only one was to be held");
        assert_eq!(upstream.heard(), hears + 1);
        proxy.lift(rule);
        assert_eq!(timeout(BOUND, http::reply(&mut held)).await.unwrap().unwrap().status, 200);
        assert_eq!(upstream.heard(), 2);
    }
}

#[tokio::test]
async fn a_gateway_that_has_lost_patience_forwards_when_the_rule_is_lifted() {
    let (upstream, proxy) = both(FIXED).await;
    let rule = proxy.spoil(Target::confirm(), Fault::HoldBehindTimeout);
    let (said, _) = ask(&proxy, CONFIRM).await;
    assert!(said.starts_with(b"HTTP/1.1 504 "), "{}", String::from_utf8_lossy(&said));
    assert_eq!((upstream.heard(), proxy.met(rule)[0].forwarded), (0, 0));
    proxy.lift(rule);
    until("it is forwarded", || proxy.met(rule)[0].done).await;
    assert_eq!(upstream.heard(), 1);
}

#[tokio::test]
async fn a_closed_door_refuses_until_it_is_opened_again() {
    let (upstream, proxy) = both(FIXED).await;
    let mut idle = connect(&proxy).await;
    assert_eq!(status(&mut idle, READ).await, 200);
    for _ in 0..20 {
        let one = proxy.refuse().await;
        let other = proxy.refuse().await;
        drop(one);
        let refused = TcpStream::connect(proxy.address()).await.unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        drop(other);
        proxy.door.is_open().await;
    }
    assert_eq!(to_the_end(&mut idle).await.0, b"", "who waited for a request is gone");
    assert_eq!(status(&mut connect(&proxy).await, READ).await, 200);
    assert_eq!(upstream.heard(), 2);
}

#[tokio::test]
async fn a_dropped_proxy_takes_its_connections_and_its_port_with_it() {
    let (_upstream, proxy) = both(FIXED).await;
    let address = proxy.address();
    proxy.spoil(Target::new(""), Fault::RequestLost);
    let mut client = connect(&proxy).await;
    client.write_all(READ.as_bytes()).await.unwrap();
    until("it is under way", || proxy.records().len() == 1).await;
    drop(proxy);
    assert_eq!(to_the_end(&mut client).await.0, b"");
    let again = async {
        while TcpListener::bind(address).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(BOUND, again).await.expect("the port is free again");
}

#[tokio::test]
async fn rules_apply_in_their_order_and_only_to_what_they_mean() {
    let (_upstream, proxy) = both(FIXED).await;
    let mut client = connect(&proxy).await;
    proxy.spoil(Target::confirm().holding("p2"), Fault::Error(When::Before, 501));
    proxy.spoil(Target::confirm().holding("\"p1\""), Fault::Error(When::Before, 502));
    let all = proxy.afflict(Target::new("POST"), Fault::Error(When::Before, 503));
    proxy.chance(1_000, Target::new(""), Fault::Error(When::Before, 504));
    let mut heard = Vec::new();
    for request in [READ, CONFIRM, CONFIRM, CONFIRM] {
        heard.push(status(&mut client, request).await);
    }
    proxy.lift(all);
    heard.push(status(&mut client, CONFIRM).await);
    proxy.lift_all();
    heard.push(status(&mut client, CONFIRM).await);
    assert_eq!(heard, [504, 502, 503, 503, 504, 200]);
}

#[test]
fn a_target_means_what_its_pattern_says() {
    for (target, line, means) in [
        (Target::cancel(), "POST /v1/payments/abc/cancel", true),
        (Target::cancel(), "POST /v1/payments/confirm", false),
        (Target::confirm(), "POST /v1/payments/confirm", true),
        (Target::confirm(), "GET /v1/payments/confirm", false),
        (Target::read(), "GET /v1/payments/abc", true),
        (Target::new(""), "PUT /", true),
    ] {
        assert_eq!(target.means(line, b""), means, "{target:?} {line}");
    }
}

#[tokio::test]
async fn the_same_seed_draws_the_same_faults() {
    let mut runs = Vec::new();
    for seed in [7, 7, 8] {
        let upstream = Upstream::new(FIXED).await;
        let proxy = FaultProxy::start(upstream.address, seed).await.unwrap();
        proxy.chance(300, Target::read(), Fault::Error(When::Before, 500));
        proxy.chance(300, Target::read(), Fault::Error(When::Before, 503));
        let mut client = connect(&proxy).await;
        let mut drawn = Vec::new();
        for _ in 0..100 {
            drawn.push(status(&mut client, READ).await);
        }
        runs.push(drawn);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
    for status in [200, 500, 503] {
        let times = runs[0].iter().filter(|drawn| **drawn == status).count();
        assert!((10..80).contains(&times), "{status} {times} times in 100");
    }
}

#[tokio::test]
async fn a_message_ends_where_it_ends_however_it_is_cut() {
    let whole = format!("{CONFIRM}{READ}");
    for cut in 0..=whole.len() {
        let (mut near, mut far) = tokio::io::duplex(1_024);
        near.write_all(&whole.as_bytes()[..cut]).await.unwrap();
        let rest = whole[cut..].to_owned();
        let writing = tokio::spawn(async move {
            near.write_all(rest.as_bytes()).await.unwrap();
        });
        let mut unread = Vec::new();
        let mut read = Vec::new();
        while let Some(Request { bytes, .. }) = http::request(&mut far, &mut unread).await.unwrap() {
            read.push(String::from_utf8(bytes).unwrap());
        }
        assert_eq!(read, [CONFIRM, READ], "cut at {cut}");
        writing.await.unwrap();
    }
    for answer in [FIXED, CHUNKED, TO_THE_END] {
        for cut in 0..answer.len() {
            let (_, pieces) = answer.as_bytes().split_at(0);
            let mut reader = (&pieces[..cut]).chain(&pieces[cut..]);
            let reply = http::reply(&mut reader).await.unwrap();
            assert_eq!((reply.bytes.as_slice(), reply.is_last), (pieces, answer == TO_THE_END));
            let short = http::reply(&mut &pieces[..cut]).await;
            assert!(short.is_err() || answer == TO_THE_END, "cut at {cut}: {short:?}");
        }
    }
}

#[tokio::test]
async fn a_message_without_bounds_is_refused() {
    for endless in ["POST / HTTP/1.1\r\ncontent-length: 99999999\r\n\r\n", "GET / HTTP/1.1\r\nx: "] {
        let endless = endless.as_bytes().chain(tokio::io::repeat(b'x'));
        tokio::pin!(endless);
        assert!(http::request(&mut endless, &mut Vec::new()).await.is_err());
    }
    for bad in ["nonsense\r\n\r\n", "POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", "POST / HT"] {
        assert!(http::request(&mut bad.as_bytes(), &mut Vec::new()).await.is_err(), "{bad}");
    }
}
