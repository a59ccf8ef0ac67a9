//! The commands, as an operator or a script runs them.
use crate::buyer::Buyer;
use crate::support::{World, http_client, send, try_send, until};
use std::process::{Output, Stdio};

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

#[track_caller]
fn fails_with(output: &Output, words: &str) {
    let (out, err) = text(output);
    assert!(!output.status.success(), "{out}{err}");
    assert!(err.starts_with("hanbeon: ") && err.contains(words), "{words} is not in {err:?} ({out:?})");
}

#[tokio::test]
async fn keys_create_prints_the_key_alone_and_works_while_a_server_runs() {
    let world = World::new().await;
    let made = world.run(&["keys", "create", "--name", "second"]).await;
    assert!(made.status.success());
    let (key, err) = text(&made);
    assert_eq!(err, "");
    let key = key.strip_suffix('\n').unwrap();
    let digits = key.strip_prefix("hb_sk_").unwrap();
    assert!(digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{key}");
    let missing = format!("/v1/orders/{}", "0".repeat(32));
    assert_eq!(
        send(world.api.get(&missing).bearer_auth(key)).await.status,
        404,
        "the server knows it at once"
    );

    assert_eq!(text(&world.run(&["keys", "list"]).await).0, "test\nsecond\n");
    fails_with(&world.run(&["keys", "create", "--name", "second"]).await, "in force");
    assert!(world.run(&["keys", "revoke", "second"]).await.status.success());
    fails_with(&world.run(&["keys", "revoke", "second"]).await, "no key named");
    assert_eq!(send(world.api.get(&missing).bearer_auth(key)).await.status, 401);
    assert_eq!(text(&world.run(&["keys", "list"]).await).0, "test\n");
}

#[tokio::test]
async fn config_prints_what_is_in_force_as_a_file_that_can_be_read_again() {
    let world = World::without_server("[storefront]\nprefix = \"/pay\"\n").await;
    let printed = world.run(&["config"]).await;
    let (printed, _) = text(&printed);
    assert!(printed.starts_with("# toss secret key: set, "), "{printed}");
    for line in [
        "prefix = \"/pay\"",
        "answer_within_ms = 15000",
        "unrecorded = \"cancel\"",
        "listen = \"127.0.0.1:0\"",
    ] {
        assert!(printed.lines().any(|given| given == line), "{line} is not in {printed}");
    }
    std::fs::write(world.folder.path().join("hanbeon.toml"), &printed).unwrap();
    assert_eq!(text(&world.run(&["config"]).await).0, printed);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_meant_is_refused_before_anything_starts() {
    let world = World::without_server("").await;
    let file = world.folder.path().join("hanbeon.toml");
    for (settings, words) in [
        ("[limits]\nanswer_within = 5\n", "unknown field `answer_within`"),
        ("prefix = \"/payments\"\n", "unknown field `prefix`"),
        ("[toss]\nsecret_key = \"test_sk_x\"\n", "unknown field `secret_key`"),
        ("[storefront]\nunrecorded = \"ignore\"\n", "unrecorded"),
        ("[storefront]\nprefix = \"payments\"\n", "storefront.prefix"),
        ("[limits]\ntoss_timeout_ms = 90000\n", "toss_timeout_ms"),
        ("[storefront\n", "hanbeon.toml"),
        ("[toss]\nclient_key = \"live_ck_x\"\n", "use a pair"),
        ("[toss]\nclient_key = \"test_gck_x\"\n", "use a pair"),
    ] {
        std::fs::write(&file, settings).unwrap();
        fails_with(&world.run(&["serve"]).await, words);
    }
    std::fs::remove_file(&file).unwrap();
    fails_with(&world.run(&["serve"]).await, "cannot read");
}

#[tokio::test]
async fn a11_s18_a_live_key_never_meets_a_sandbox_and_no_key_is_no_server() {
    let mut world = World::without_server("").await;
    world.open_toss();
    world.secret_key = "live_sk_zXLkKEypNArWmo50nX3lmeaxYG5R".to_owned();
    for command in ["serve", "smoke", "config"] {
        let refused = world.run(&[command]).await;
        fails_with(&refused, "a live secret key with a sandbox");
        assert!(!text(&refused).1.contains("zXLkKEyp"), "{refused:?}");
    }
    world.secret_key.clear();
    fails_with(&world.run(&["serve"]).await, "HANBEON_TOSS_SECRET_KEY");
    world.secret_key = "sk_of_another_kind".to_owned();
    let refused = world.run(&["serve"]).await;
    fails_with(&refused, "secret key");
    assert!(!text(&refused).1.contains("of_another_kind"), "{refused:?}");
    let plain = world
        .command(&["serve"])
        .env("HANBEON_TOSS_SECRET_KEY", crate::support::SECRET_KEY)
        .env("HANBEON_TOSS_API_URL", "http://api.tosspayments.com")
        .output()
        .await
        .unwrap();
    fails_with(&plain, "https");
    assert_eq!(world.journal(), []);
}

#[tokio::test]
async fn two_servers_do_not_share_one_database() {
    let mut world = World::new().await;
    let buyer = Buyer::paid(&world, 1_000).await;
    fails_with(&world.run(&["serve"]).await, "another hanbeon server holds");
    buyer.confirm(&world.api).await.is(200, &buyer.view("DONE"));
    let taken = world.api.url.trim_start_matches("http://").to_owned();
    let other = format!("sqlite://{}", world.folder.path().join("other.db").display());
    let elsewhere = world.run(&["serve", "--database-url", &other, "--listen", &taken]).await;
    let (_, err) = text(&elsewhere);
    assert!(!elsewhere.status.success() && err.contains("hanbeon: cannot listen on"), "{err}");
    // A server that was killed leaves no lock behind.
    world.restart().await;
    buyer.read(&world.api).await.is(200, &buyer.view("DONE"));
}

#[tokio::test]
async fn a_database_of_another_program_is_left_alone() {
    let world = World::without_server("").await;
    let path = world.folder.path().join("shop.db");
    let shop = rusqlite::Connection::open(&path).unwrap();
    shop.execute_batch("CREATE TABLE orders (id INTEGER); INSERT INTO orders VALUES (7)").unwrap();
    let before = std::fs::read(&path).unwrap();
    let url = format!("sqlite://{}", path.display());
    fails_with(&world.run(&["serve", "--database-url", &url]).await, "not one of hanbeon");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    for url in ["mysql://localhost/hanbeon", "sqlite://:memory:", "hanbeon.db", "sqlite://"] {
        fails_with(&world.run(&["serve", "--database-url", url]).await, "database URL must be sqlite://PATH");
    }
}

#[tokio::test]
async fn smoke_is_green_on_a_good_server_and_fails_on_any_other() {
    let mut world = World::new().await;
    let (server, sandbox) = (world.api.url.clone(), world.toss_url.clone());
    let smoke = async |world: &World, url: &str, more: &[&str]| {
        let arguments = [&["smoke", "--url", url, "--sandbox-url", &sandbox], more].concat();
        world.run(&arguments).await
    };
    for more in [&[][..], &["--api-key", &world.api.key]] {
        let green = smoke(&world, &server, more).await;
        let (out, err) = text(&green);
        assert!(green.status.success() && out.ends_with("smoke: ok\n"), "{out}{err}");
        assert_eq!(out.lines().filter(|line| line.starts_with("ok ")).count(), 11, "{out}");
    }
    assert_eq!(text(&world.run(&["keys", "list"]).await).0, "test\n", "its own key is revoked");

    // Another server, a key that is not in force, a server that forbids buyers to cancel, and none at all.
    let wrong = [smoke(&world, &sandbox, &[]).await, smoke(&world, &server, &["--api-key", "hb_sk_0"]).await];
    std::fs::write(world.folder.path().join("hanbeon.toml"), "[storefront]\nsession_may_cancel = false\n")
        .unwrap();
    world.restart().await;
    let strict = smoke(&world, &world.api.url, &[]).await;
    world.kill().await;
    let dead = smoke(&world, &world.api.url, &[]).await;
    for wrong in wrong.into_iter().chain([strict, dead]) {
        let (out, err) = text(&wrong);
        assert_eq!(wrong.status.code(), Some(1), "{out}{err}");
        assert!(out.contains("smoke: FAILED: "), "{out}{err}");
    }
}

#[tokio::test]
async fn doctor_says_what_is_wrong_and_how_to_mend_it() {
    let mut world = World::without_server("[toss]\nclient_key = \"test_ck_x\"\n").await;
    let ill = world.run(&["doctor"]).await;
    let (out, _) = text(&ill);
    assert_eq!(ill.status.code(), Some(1), "{out}");
    assert!(out.contains("FAIL  Toss reachable") && out.contains("hanbeon sandbox"), "{out}");

    world.open_toss();
    world.start().await;
    let well = world.run(&["doctor"]).await;
    let (out, _) = text(&well);
    assert!(well.status.success(), "{out}");
    assert_eq!(out.lines().filter(|line| line.starts_with("ok ")).count(), 7, "{out}");
    assert_eq!(world.journal(), [], "nothing was charged");

    world.secret_key.clear();
    world.run(&["keys", "revoke", "test"]).await;
    let (out, _) = text(&world.run(&["doctor"]).await);
    for words in ["FAIL  API keys", "hanbeon keys create", "FAIL  Toss secret key", "HANBEON_TOSS_SECRET_KEY"]
    {
        assert!(out.contains(words), "{words} is not in {out}");
    }
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_is_named_and_buyers_pay_all_the_same() {
    let mut world = World::without_server("[retention]\narchive = \"old\"\n").await;
    let folder = world.folder.path().join("old");
    let (out, _) = text(&world.run(&["doctor"]).await);
    assert!(out.contains("ok    archive: ") && out.contains("old is not there yet"), "{out}");
    std::fs::write(&folder, "a file").unwrap();
    world.open_toss();
    world.start().await;
    until("it says so", async || world.logs().contains("old cannot be written: ").then_some(())).await;
    Buyer::paid(&world, 1_000).await;
    let (out, _) = text(&world.run(&["doctor"]).await);
    assert!(
        out.contains("FAIL  archive: retention.archive: ") && out.contains("old cannot be written: "),
        "{out}"
    );
    std::fs::remove_file(&folder).unwrap();
    world.restart().await;
    let is_empty = async || std::fs::read_dir(&folder).ok()?.next().is_none().then_some(());
    until("the server has made it, and left nothing in it", is_empty).await;
    let (out, _) = text(&world.run(&["doctor"]).await);
    assert!(out.contains("old can be written"), "{out}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "to look leaves nothing");
}

#[tokio::test]
async fn the_demo_runs_in_an_empty_folder_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let said = folder.path().join("said");
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_hanbeon"));
    command.args(["--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"]).env_clear();
    command.current_dir(folder.path()).kill_on_drop(true).stdin(Stdio::null()).stderr(Stdio::null());
    let mut demo = command.stdout(std::fs::File::create(&said).unwrap()).spawn().unwrap();
    let shop = until("the demo greets", async || {
        let said = std::fs::read_to_string(&said).unwrap();
        let line = said.lines().find(|line| line.trim_start().starts_with("shop "))?.to_owned();
        said.contains("Ctrl-C").then(|| line.split_whitespace().nth(1).unwrap().to_owned())
    })
    .await;
    let http = http_client();
    let page = until("the shop opens", async || try_send(http.get(&shop)).await.ok()).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("<html"), "{}", page.body);
    assert!(folder.path().join("hanbeon-data/hanbeon.db").exists());
    let id = demo.id().unwrap().to_string();
    assert!(tokio::process::Command::new("kill").args(["-INT", &id]).status().await.unwrap().success());
    let ended = tokio::time::timeout(crate::support::BOUND, demo.wait()).await.unwrap().unwrap();
    assert!(ended.success(), "{ended}");
}
