//! The console, and who may use it and the control door.

use serde_json::{Value, json};
use toss_sandbox::{Config, WebhookEndpoint};

use crate::client::{Ask, Toss, config};

fn call(method: &'static str, path: &str) -> Ask {
    Ask::new(method, path, Vec::new()).without("authorization")
}

fn orders(list: &Value) -> Vec<&str> {
    let payments = list["payments"].as_array().expect("a list of payments");
    payments.iter().map(|payment| payment["orderId"].as_str().expect("an order id")).collect()
}

#[tokio::test]
async fn the_console_opens_in_the_language_of_the_browser_and_loads_nothing_from_elsewhere() {
    let toss = Toss::start().await;
    let home = toss.send(call("GET", "/")).await;
    assert_eq!((home.status, home.header("location")), (307, Some("/sandbox")));
    for (accepted, lang) in [("en-US,en;q=0.9", "en"), ("ko-KR", "ko"), ("fr", "ko")] {
        let page = toss.send(call("GET", "/sandbox").with("accept-language", accepted)).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(&format!("<html lang=\"{lang}\">")), "{accepted}");
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.starts_with("default-src 'none'"), "{policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
}

#[tokio::test]
async fn every_file_that_the_console_names_is_served_and_none_is_written_as_markup() {
    let toss = Toss::start().await;
    let mut left = vec![String::from("/sandbox")];
    let mut seen = Vec::new();
    while let Some(path) = left.pop() {
        let file = toss.send(call("GET", &path)).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(file.header("x-content-type-options"), Some("nosniff"), "{path}");
        let text = file.text();
        for forbidden in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "https://"] {
            assert!(!text.contains(forbidden), "{path} has {forbidden}");
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_file = |word: &&str| matches!(word.rsplit_once('.'), Some((_, "js" | "css")));
        let named = text.split('"').filter(is_file);
        let named =
            named.map(|word| word.strip_prefix("./").map_or(word.into(), |of| format!("{folder}/{of}")));
        seen.push(path.clone());
        left.extend(named.filter(|path| path.starts_with('/')));
        left.retain(|path| !seen.contains(path));
    }
    assert!(seen.len() > 10, "{seen:?}");
    assert_eq!(toss.send(call("GET", "/sandbox/console/nothing.js")).await.status, 404);
}

#[tokio::test]
async fn every_word_that_the_console_says_is_one_it_knows() {
    let toss = Toss::start().await;
    let file = async |name: &str| toss.send(call("GET", &format!("/sandbox/console/{name}"))).await.text();
    let words = file("words.js").await;
    let knows = |word: &str| {
        let (bare, quoted) = (format!("\n  {word}: ["), format!("\n  \"{word}\": ["));
        words.contains(&bare) || words.contains(&quoted)
    };
    let mut said = 0;
    for name in [
        "clock", "payments", "payment", "story", "webhooks", "billing", "switches", "faults", "parts", "main",
    ] {
        let text = file(&format!("{name}.js")).await;
        for (at, call) in text.match_indices("t(\"") {
            let is_call = !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
            let (word, after) = text[at + call.len()..].split_once('"').expect("a closed word");
            // What is given a second word to fall back on may be unknown.
            if is_call && after.starts_with(')') {
                said += 1;
                assert!(knows(word), "{name}.js says {word:?}");
            }
        }
    }
    assert!(said > 100, "the scan is blind: {said}");
}

#[tokio::test]
async fn the_newest_payments_come_first_filtered_and_by_the_page() {
    let toss = Toss::start().await;
    for at in 1..=3 {
        toss.approved(&format!("ord-card-{at}"), 1_000, "CARD").await;
    }
    toss.approved("ord-account", 2_000, "VIRTUAL_ACCOUNT").await;
    toss.authenticated("ord-open", 3_000);
    for (query, found, more) in [
        ("", vec!["ord-open", "ord-account", "ord-card-3", "ord-card-2", "ord-card-1"], false),
        ("?limit=2", vec!["ord-open", "ord-account"], true),
        ("?limit=2&offset=4", vec!["ord-card-1"], false),
        ("?find=card", vec!["ord-card-3", "ord-card-2", "ord-card-1"], false),
        ("?status=DONE&limit=1", vec!["ord-card-3"], true),
        ("?method=VIRTUAL_ACCOUNT", vec!["ord-account"], false),
        ("?status=WAITING_FOR_DEPOSIT&method=CARD", vec![], false),
        ("?offset=99", vec![], false),
    ] {
        let list = toss.send(call("GET", &format!("/sandbox/console/payments{query}"))).await.json();
        assert_eq!(
            (orders(&list), &list["more"], &list["total"]),
            (found, &json!(more), &json!(5)),
            "{query}"
        );
    }
    assert_eq!(toss.send(call("GET", "/sandbox/console/payments?limit=many")).await.status, 400);
}

#[tokio::test]
async fn the_story_of_a_payment_holds_its_calls_and_its_webhooks_and_no_others() {
    let receiver = WebhookEndpoint::new("http://127.0.0.1:9/webhooks");
    let toss = Toss::start_with(Config { webhooks: vec![receiver], ..config() }).await;
    toss.approved("ord-other", 1_000, "CARD").await;
    let key = toss.authenticated("ord-story", 5_000);
    for ask in [
        Ask::confirm(&key, "ord-story", 5_000).key("intent"),
        Ask::confirm(&key, "ord-story", 5_000).key("intent"),
        Ask::post(&format!("/sandbox/payments/{key}/cancel"), json!({ "amount": 500, "reason": "console" })),
    ] {
        assert_eq!(toss.send(ask).await.status, 200);
    }
    let story = toss.send(call("GET", &format!("/sandbox/console/payments/{key}"))).await.json();
    assert_eq!((&story["payment"]["status"], &story["method"]), (&json!("PARTIAL_CANCELED"), &json!("CARD")));
    let calls = story["calls"].as_array().expect("calls").iter();
    let calls: Vec<_> = calls.map(|call| json!([call["seq"], call["operation"], call["replayed"]])).collect();
    let expected =
        [json!([2, "confirm", false]), json!([3, "confirm", true]), json!([4, "dashboard_cancel", false])];
    assert_eq!(calls, expected);
    let webhooks = story["webhooks"].as_array().expect("webhooks").iter();
    let webhooks: Vec<_> = webhooks.map(|sent| json!([sent["orderId"], sent["status"]])).collect();
    assert_eq!(webhooks, [json!(["ord-story", "DONE"]), json!(["ord-story", "PARTIAL_CANCELED"])]);
    assert_eq!(
        toss.send(call("GET", "/sandbox/console/payments/none")).await.verdict(),
        "404 NOT_FOUND_PAYMENT"
    );
}

#[tokio::test]
async fn another_page_of_the_browser_changes_nothing() {
    let toss = Toss::start().await;
    let key = toss.approved("ord-foreign", 1_000, "CARD").await;
    let here = toss.address;
    let deeds = [
        call("POST", &format!("/sandbox/payments/{key}/cancel")),
        call("DELETE", "/sandbox/journal"),
        call("POST", "/sandbox/faults"),
        call("POST", "/sandbox/clock"),
        call("POST", "/sandbox/webhooks/endpoints"),
    ];
    let foreign = [
        String::from("http://shop.example"),
        format!("http://{here}.example"),
        format!("http://127.0.0.1:{}", u32::from(here.port()) + 1),
        format!("ftp://{here}"),
        String::from("null"),
        String::new(),
    ];
    for deed in deeds {
        for origin in &foreign {
            let answer = toss.send(deed.clone().with("origin", origin)).await;
            assert_eq!(answer.verdict(), "403 FORBIDDEN_REQUEST", "{origin:?}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
    assert_eq!(toss.status(&key), "DONE");
    assert_eq!(toss.journal().len(), 1);
    let own = call("POST", &format!("/sandbox/payments/{key}/cancel"));
    assert_eq!(toss.send(own.with("origin", &format!("http://{here}"))).await.status, 200);
    let server = call("DELETE", "/sandbox/journal");
    assert_eq!(toss.send(server).await.status, 204, "a program has no origin");
}

#[tokio::test]
async fn a_name_that_was_rebound_to_this_machine_reads_and_changes_nothing() {
    let toss = Toss::start().await;
    let port = toss.address.port();
    let doors = [
        ("GET", "/sandbox"),
        ("GET", "/sandbox/journal"),
        ("GET", "/sandbox/console/payments"),
        ("DELETE", "/sandbox/faults"),
    ];
    for (method, path) in doors {
        for name in [
            format!("rebound.example:{port}"),
            String::from("127.0.0.1.example"),
            format!("localhost.example:{port}"),
            String::new(),
        ] {
            let ask = call(method, path).under(&name).with("origin", &format!("http://{name}"));
            assert_eq!(toss.send(ask).await.verdict(), "403 FORBIDDEN_REQUEST", "{path} as {name:?}");
        }
        for name in [format!("localhost:{port}"), format!("[::1]:{port}"), format!("toss.localhost:{port}")] {
            let answer = toss.send(call(method, path).under(&name)).await;
            assert!(answer.status < 300, "{path} as {name}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn each_switch_comes_with_its_value_and_its_meaning() {
    let toss = Toss::start().await;
    let off = Ask::new("PATCH", "/sandbox/switches", br#"{"replayServerErrors":false}"#.to_vec());
    assert_eq!(toss.send(off.with("content-type", "application/json")).await.status, 200);
    let list = toss.send(call("GET", "/sandbox/console/switches")).await.json();
    let values = toss.send(call("GET", "/sandbox/switches")).await.json();
    let switches = list["switches"].as_array().expect("switches");
    assert_eq!(switches.len(), values.as_object().expect("an object").len());
    for one in switches {
        let name = one["name"].as_str().expect("a name");
        assert_eq!(one["value"], values[name], "{name}");
        assert!(one["meaning"].as_str().is_some_and(|meaning| meaning.len() > 10), "{name}");
    }
    assert_eq!(values["replayServerErrors"], false);
}
