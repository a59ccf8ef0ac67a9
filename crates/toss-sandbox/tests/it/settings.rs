//! A sandbox from a file.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::json;
use toss_sandbox::{Sandbox, Settings, WebhookEvent};

use crate::client::{Ask, Toss, config};

const WHOLE: &str = r#"
listen = "127.0.0.1:0"
seed = 7
webhookCompression = 60
webhooksAnywhere = true
maxPayments = 500

[[merchants]]
name = "머그 가게"
mId = "tmug"
clientKey = "test_ck_mug"
secretKey = "test_sk_mug"
mixedTax = true

[[webhooks]]
url = "http://shop.example/webhooks/toss"
events = ["DEPOSIT_CALLBACK"]

[switches]
quickCancelsMs = 0
readByOrder = "approved_first"
"#;

#[test]
fn a_file_says_everything_that_the_command_line_can() {
    let Settings { listen, config } = Settings::from_toml(WHOLE).unwrap();
    assert_eq!((listen.port(), config.seed, config.webhook_compression), (0, Some(7), 60));
    let merchant = &config.merchants[0];
    assert_eq!((config.merchants.len(), merchant.name.as_str(), &*merchant.mid), (1, "머그 가게", "tmug"));
    assert_eq!((merchant.client_key.as_str(), merchant.mixed_tax), ("test_ck_mug", true));
    assert_eq!(config.webhooks[0].events, [WebhookEvent::DepositCallback]);
    assert_eq!(config.switches.quick_cancels_ms, 0);
    assert_eq!((config.max_payments, config.max_journal, config.max_idempotency_keys), (500, 500, 500));
    assert!(Sandbox::new(config).is_ok());
}

#[test]
fn an_empty_file_changes_nothing() {
    let (empty, none) = (Settings::from_toml("").unwrap(), Settings::default());
    assert_eq!((empty.listen, empty.config.switches), (none.listen, none.config.switches));
    assert_eq!(empty.config.merchants.len(), none.config.merchants.len());
}

#[test]
fn what_a_file_should_not_have_is_refused_with_its_line_and_no_key_is_repeated() {
    for (text, why) in [
        ("seed = 7\nsede = 8\n", "line 2: unknown field `sede`"),
        ("listen = \"here\"\n", "line 1: "),
        ("\n\nseed = \"seven\"\n", "line 3: "),
        ("[[webhooks]]\nurl = \"http://127.0.0.1/\"\nsecret = 1\n", "line 3: unknown field `secret`"),
        ("[[webhooks]]\nurl = \"http://127.0.0.1/\"\nevents = [\"NOTHING\"]\n", "line 3: unknown variant"),
        ("[[merchants]]\nname = \"x\"\n", "missing field `mId`"),
        ("[[merchants]]\nsecretKey = \"test_sk_hidden\n", "line 2: "),
        ("[switches]\nquickCancels = 0\n", "[switches]: unknown field `quickCancels`"),
        ("[switches]\nquickCancelsMs = \"soon\"\n", "[switches]: "),
    ] {
        let error = whole_text(&Settings::from_toml(text).expect_err(text));
        assert!(error.contains(why), "{error:?} does not say {why:?}");
        assert!(!error.contains("hidden"), "{error}");
    }
}

fn whole_text(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

#[tokio::test]
async fn the_program_takes_a_file_and_its_other_options_go_before_it() {
    let file = kept("whole.toml", WHOLE);
    let mut served = Command::new(env!("CARGO_BIN_EXE_toss-sandbox"));
    served.args(["--switch", "readByOrder=newest", "--config"]).arg(&file);
    let mut served = Running(served.stdout(Stdio::piped()).spawn().expect("the program starts"));
    let mut line = String::new();
    let output = served.0.stdout.take().expect("its output");
    BufReader::new(output).read_line(&mut line).expect("a line");
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address");
    let toss = Toss { sandbox: Sandbox::new(config()).unwrap(), address: address.parse().unwrap() };
    let switches = toss.send(Ask::get("/sandbox/switches")).await.json();
    assert_eq!((&switches["quickCancelsMs"], &switches["readByOrder"]), (&json!(0), &json!("newest")));
    let endpoints = toss.send(Ask::get("/sandbox/webhooks/endpoints")).await.json();
    assert_eq!(endpoints["endpoints"][0]["url"], "http://shop.example/webhooks/toss");
    let other = Ask::get("/v1/payments/orders/ord-none");
    assert_eq!(toss.send(other).await.status, 401, "the file's merchant is the only one");
}

#[test]
fn the_program_refuses_a_file_that_it_does_not_understand() {
    let file = kept("wrong.toml", "listen = \"127.0.0.1:0\"\nswitch = 1\n");
    let output = Command::new(env!("CARGO_BIN_EXE_toss-sandbox")).arg("--config").arg(&file).output();
    let output = output.expect("it ran");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && told.contains("wrong.toml: line 2: unknown field `switch`"),
        "{told}"
    );
}

fn kept(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    fs::write(&path, text).expect("a file");
    path
}

/// A program that ends with its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}
