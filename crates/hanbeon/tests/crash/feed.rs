//! The shop's reader of events: it keeps its place, goes on there in the next life of the server, and in the end holds
//! what it was told against the whole list.
use crate::story::Findings;
use crate::street::Street;
use crate::support::{World, until};
use rusqlite::Connection;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Events by their numbers, as they were told.
pub(crate) type Told = BTreeMap<u64, Value>;

/// Follows the list while the street is open.
pub(crate) async fn follow(street: Arc<Street>) -> Told {
    let mut told = Told::new();
    while street.is_open() {
        let page = street.ask(|api| page(api, &told)).await;
        if page.status == 200 {
            take(&mut told, &page.json());
        }
        sleep(Duration::from_millis(5)).await;
    }
    told
}

/// Reads the whole list, when nothing is under way any more, and checks it.
pub(crate) async fn check(world: &World, early: &Told, findings: &mut Findings) {
    let mut all = Told::new();
    until("the whole list is read", async || {
        let page = crate::support::send(page(&world.api, &all)).await.has_status(200);
        take(&mut all, &page);
        (page["hasMore"] == false).then_some(())
    })
    .await;
    findings.count("events", all.len());
    findings.count("events that were read while the server was being killed", early.len());
    for (number, event) in early {
        if all.get(number) != Some(event) {
            findings.lost_events.push(format!("event {number} was {event}, and is {:?}", all.get(number)));
        }
    }
    let mut of_order = BTreeMap::<&str, u64>::new();
    let mut last = BTreeMap::<String, &str>::new();
    let mut paid = BTreeMap::<String, u64>::new();
    for event in all.values() {
        let data = &event["data"];
        let sequence = of_order.entry(data["backendOrderId"].as_str().expect("an order")).or_default();
        *sequence += 1;
        if event["sequence"] != *sequence {
            findings.lost_events.push(format!("not the {sequence}th event of its order: {event}"));
        }
        let payment = data["paymentId"].as_str().expect("a payment").replace('-', "");
        last.insert(payment.clone(), data["state"].as_str().expect("a state"));
        *paid.entry(payment).or_default() += u64::from(event["type"] == "payment.paid");
    }
    for (payment, times) in paid.into_iter().filter(|(_, times)| *times > 1) {
        findings.doubles.push(format!("{payment} was told as paid {times} times"));
    }
    for (payment, state) in states(&world.db()) {
        if last.get(&payment) != Some(&&*state) {
            findings.lost_events.push(format!("{payment} is {state}, and was told {:?}", last.get(&payment)));
        }
    }
}

/// The events of an order, as they are told now.
pub(crate) async fn of_order(world: &World, order: &str) -> Vec<Value> {
    let page = world.api.shop_get("/v1/events?limit=1000").await.has_status(200);
    let events = page["events"].as_array().expect("a list").iter();
    events.filter(|event| event["data"]["backendOrderId"] == *order).cloned().collect()
}

fn page(api: &crate::support::Api, told: &Told) -> reqwest::RequestBuilder {
    let after = told.last_key_value().map_or(0, |(number, _)| *number);
    api.get(&format!("/v1/events?after={after}&limit=50")).bearer_auth(&api.key)
}

fn take(told: &mut Told, page: &Value) {
    for event in page["events"].as_array().expect("a list") {
        told.insert(event["number"].as_u64().expect("a number"), event.clone());
    }
}

/// Every payment, by its digits, and its state.
fn states(db: &Connection) -> Vec<(String, String)> {
    let query = "SELECT lower(hex(payment_id)), state FROM payments";
    let mut statement = db.prepare(query).expect("a statement");
    statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .expect("rows")
        .map(|row| row.expect("a row"))
        .collect()
}
