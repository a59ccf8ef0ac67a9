//! The switches: one table, set by configuration, by text and while the sandbox runs.

use std::fmt::Write as _;
use std::{env, fs};

use serde_json::json;
use toss_sandbox::{Mismatch, Switches};

use crate::client::{Ask, Toss};

#[test]
fn the_readme_lists_every_switch_with_its_default() {
    let mut table = String::from("| switch | default | |\n| --- | --- | --- |\n");
    for switch in Switches::default().list() {
        let value = switch.value.as_str().map_or_else(|| switch.value.to_string(), str::to_owned);
        writeln!(table, "| `{}` | `{value}` | {} |", switch.name, switch.meaning).unwrap();
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = fs::read_to_string(path).expect("the README of the crate");
    let (before, rest) = readme.split_once("<!-- switches -->\n").expect("the mark before the table");
    let (shown, after) = rest.split_once("<!-- /switches -->").expect("the mark after the table");
    if env::var_os("HANBEON_BLESS").is_some() {
        let blessed = format!("{before}<!-- switches -->\n{table}<!-- /switches -->{after}");
        fs::write(path, blessed).expect("the README can be written");
    } else {
        assert_eq!(shown, table, "HANBEON_BLESS=1 rewrites the table");
    }
}

#[test]
fn a_switch_is_set_by_name_and_value_and_a_wrong_one_is_refused() {
    let switches = Switches::default();
    let set = switches.with("mismatch=FORBIDDEN_REQUEST").and_then(|set| set.with("quickCancelsMs=0"));
    let wanted = Switches { mismatch: Mismatch::ForbiddenRequest, quick_cancels_ms: 0, ..switches };
    assert_eq!(set.unwrap(), wanted);
    for wrong in
        ["mismatch", "mismatch=MAYBE", "sorcery=true", "quickCancelsMs=-1", "quickCancelsMs=86400001"]
    {
        assert!(switches.with(wrong).is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_switch_is_set_while_the_sandbox_runs_and_counts_from_the_next_call_on() {
    let toss = Toss::start().await;
    let key = toss.authenticated("ord-switched", 1_000);
    assert_eq!(toss.confirm(&key, "ord-switched", 999).await.verdict(), "400 INVALID_REQUEST");
    let set = toss.send(Ask::patch("/sandbox/switches", json!({ "mismatch": "FORBIDDEN_REQUEST" }))).await;
    assert_eq!((set.status, &set.json()["mismatch"]), (200, &json!("FORBIDDEN_REQUEST")));
    assert_eq!(toss.confirm(&key, "ord-switched", 999).await.verdict(), "403 FORBIDDEN_REQUEST");

    let both = json!({ "mismatch": "INVALID_REQUEST", "cancelSign": "sideways" });
    let refused = toss.send(Ask::patch("/sandbox/switches", both)).await;
    assert_eq!(refused.verdict(), "400 INVALID_REQUEST");
    let message = refused.json()["message"].to_string();
    assert!(message.contains("sideways"), "{message}");
    let unchanged = toss.send(Ask::get("/sandbox/switches")).await.json();
    assert_eq!(unchanged["mismatch"], "FORBIDDEN_REQUEST", "half a patch is none");
}
