//! The world of a test: a sandbox in this process, the server as a child, its database in a folder of its own.
//!
//! Nothing here sleeps for a time: [`until`] looks at a condition again and again, with a bound.
use reqwest::{Client, RequestBuilder};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpSocket};
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;
use toss_sandbox::{
    Config, EffectKind, FaultKind, FaultOperation, FaultRule, JournalEntry, NewPayment, Operation, Sandbox,
};

/// The first merchant of every sandbox: Toss's public documentation pair.
pub(crate) const SECRET_KEY: &str = "test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R";
/// How long a condition may take to come true. Far more than it ever should: the machine may be busy.
pub(crate) const BOUND: Duration = Duration::from_secs(45);
/// A call that takes so long has not ended when its test has.
pub(crate) const FOREVER_MS: u64 = 300_000;
/// The contract's answer when the payment could not be stored.
pub(crate) const DATABASE_ERROR: &str = r#"{"message":"데이터베이스 오류","code":500}"#;

/// Looks until there is something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(started.elapsed() < BOUND, "not within {BOUND:?}: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A number that no other call in this process got.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Relaxed)
}

/// An answer, whole.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
    }

    #[track_caller]
    pub(crate) fn has_status(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.json()
    }

    /// Every refusal says what and why.
    #[track_caller]
    pub(crate) fn is_refusal(&self) {
        assert!((400..500).contains(&self.status), "{} {}", self.status, self.body);
        let body = self.json();
        assert!(
            body["code"].is_u64() || body["code"].as_str().is_some_and(|code| !code.is_empty()),
            "{body}"
        );
        assert!(body["message"].as_str().is_some_and(|message| !message.trim().is_empty()), "{body}");
    }

    /// The session cookie that came with it, as it is sent back.
    pub(crate) fn cookie(&self) -> Option<String> {
        let cookie = self.headers.get("set-cookie")?.to_str().ok()?;
        cookie.split(';').next().map(str::to_owned)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// How to reach the server; a clone can be given to a task.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    /// Without a slash at the end.
    pub(crate) url: String,
    pub(crate) prefix: String,
    pub(crate) key: String,
}

impl Api {
    pub(crate) fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> RequestBuilder {
        let request = self.http.post(format!("{}{path}", self.url));
        request.header("content-type", "application/json").body(body)
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.url))
    }

    /// A call of the shop's server, with the API key.
    pub(crate) async fn shop_post(&self, path: &str, body: &Value) -> Answer {
        send(self.post(path, body.to_string()).bearer_auth(&self.key)).await
    }

    /// See [`Api::shop_post`].
    pub(crate) async fn shop_get(&self, path: &str) -> Answer {
        send(self.get(path).bearer_auth(&self.key)).await
    }

    pub(crate) async fn new_order(&self, total: i64) -> String {
        let reference = format!("ref-{}", unique());
        let order =
            json!({"merchantReference": reference, "orderName": "티셔츠 외 1건", "totalAmount": total});
        let made = self.shop_post("/v1/orders", &order).await.has_status(201);
        made["id"].as_str().expect("an order has an id").to_owned()
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    try_send(request).await.unwrap_or_else(|e| panic!("no answer: {e:?}"))
}

/// The answer, if one comes: a server that is killed gives none.
pub(crate) async fn try_send(request: RequestBuilder) -> Result<Answer, reqwest::Error> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(Answer { status, headers, body: answer.text().await? })
}

/// Runs all of them at the same time; their results in the same order.
pub(crate) async fn at_once<F>(jobs: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    let jobs: Vec<_> = jobs.into_iter().map(tokio::spawn).collect();
    let mut ended = Vec::with_capacity(jobs.len());
    for job in jobs {
        ended.push(job.await.expect("no job panics"));
    }
    ended
}

pub(crate) fn http_client() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring speaks TLS")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let client = Client::builder().tls_backend_preconfigured(tls).timeout(BOUND).no_proxy();
    client.redirect(reqwest::redirect::Policy::none()).build().expect("a client")
}

/// Sandbox, server, database.
pub(crate) struct World {
    pub(crate) toss: Sandbox,
    pub(crate) toss_url: String,
    pub(crate) api: Api,
    pub(crate) folder: TempDir,
    /// What the server has in its environment; nothing, when it is empty.
    pub(crate) secret_key: String,
    /// The binary, or a script that ends in it.
    pub(crate) program: PathBuf,
    /// What else it has there.
    pub(crate) environment: Vec<(&'static str, String)>,
    server: Option<Child>,
    serving: Mutex<Option<JoinHandle<()>>>,
    /// The door of a Toss that is not reachable yet.
    shut: Mutex<Option<TcpSocket>>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with("").await
    }

    /// A world whose configuration file is this.
    pub(crate) async fn with(settings: &str) -> Self {
        let world = Self::without_toss(settings).await;
        world.open_toss();
        world
    }

    /// A world in which Toss refuses connections until [`World::open_toss`].
    pub(crate) async fn without_toss(settings: &str) -> Self {
        let mut world = Self::without_server(settings).await;
        world.start().await;
        world
    }

    /// The port of Toss is taken from the first moment, but nobody listens, and the server is not started.
    pub(crate) async fn without_server(settings: &str) -> Self {
        Self::beside(Config::default(), settings).await
    }

    /// The same, beside such a sandbox.
    pub(crate) async fn beside(toss: Config, settings: &str) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port");
        let toss_url = format!("http://{}", socket.local_addr().expect("its address"));
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("hanbeon.toml"), settings).expect("a configuration file");
        let (_, prefix) = settings.split_once("prefix = \"").unwrap_or(("", "/payments\""));
        let prefix = prefix.split('"').next().unwrap_or_default().to_owned();
        let api = Api { http: http_client(), url: String::new(), prefix, key: String::new() };
        let toss = Sandbox::new(toss).expect("a sandbox");
        let (serving, shut) = (Mutex::default(), Mutex::new(Some(socket)));
        let secret_key = SECRET_KEY.to_owned();
        let (environment, program) = (Vec::new(), env!("CARGO_BIN_EXE_hanbeon").into());
        let server = None;
        let mut world =
            Self { toss, toss_url, api, folder, secret_key, program, environment, server, serving, shut };
        world.make_key().await;
        world
    }

    /// Makes the shop's API key, and the database if there is none.
    pub(crate) async fn make_key(&mut self) {
        let made = self.run(&["keys", "create", "--name", "test"]).await;
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).expect("text").trim().clone_into(&mut self.api.key);
    }

    /// From now on Toss answers.
    pub(crate) fn open_toss(&self) {
        let socket = self.shut.lock().expect("no panic").take().expect("Toss was shut");
        let (toss, listener) = (self.toss.clone(), socket.listen(1024).expect("a listener"));
        *self.serving.lock().expect("no panic") = Some(tokio::spawn(serve(toss, listener)));
    }

    /// The binary with this world's configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().kill_on_drop(true).current_dir(self.folder.path());
        command.env("HANBEON_CONFIG", self.folder.path().join("hanbeon.toml"));
        command.env("HANBEON_TOSS_SECRET_KEY", &self.secret_key).env("HANBEON_TOSS_API_URL", &self.toss_url);
        command.env("HANBEON_DATABASE_URL", format!("sqlite://{}", self.database().display()));
        command.env("HANBEON_LISTEN", "127.0.0.1:0").stdin(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        tokio::time::timeout(BOUND, self.command(arguments).output())
            .await
            .expect("it ends")
            .expect("it runs")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.folder.path().join("hanbeon.db")
    }

    /// Everything that the server has logged, over all its lives.
    pub(crate) fn logs(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("server.log")).unwrap_or_default()
    }

    /// Starts the server, and waits until it is ready.
    pub(crate) async fn start(&mut self) {
        if let Err(status) = self.try_start().await {
            panic!("{status}: {}", self.logs());
        }
    }

    /// The same, of a server that may end before it is ready.
    pub(crate) async fn try_start(&mut self) -> Result<(), ExitStatus> {
        let append = |name: &str| {
            let path = self.folder.path().join(name);
            std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a log")
        };
        let said = self.folder.path().join("server.out");
        std::fs::write(&said, "").expect("an empty file");
        let mut command = self.command(&["serve"]);
        let mut server =
            command.stdout(append("server.out")).stderr(append("server.log")).spawn().expect("the server");
        self.api.url = until("the server says where it listens", async || {
            let ended = server.try_wait().expect("a child");
            ended.map(Err).or_else(|| listening(&said).map(Ok))
        })
        .await?;
        let api = &self.api;
        until("the server is ready", async || {
            let ready = try_send(api.get("/readyz")).await;
            let ended = server.try_wait().expect("a child");
            ended.map(Err).or_else(|| ready.ok().filter(|answer| answer.status == 200).map(|_| Ok(())))
        })
        .await?;
        self.server = Some(server);
        Ok(())
    }

    /// `kill -9`.
    pub(crate) async fn kill(&mut self) {
        self.server.take().expect("a server runs").kill().await.expect("it dies");
    }

    pub(crate) async fn restart(&mut self) {
        self.kill().await;
        self.start().await;
    }

    /// SIGTERM; [`World::ended`] waits.
    pub(crate) async fn terminate(&self) {
        self.signal("TERM").await;
    }

    /// Sends the server a signal.
    pub(crate) async fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.pid()]).status().await;
        assert!(sent.expect("kill runs").success());
    }

    pub(crate) fn pid(&self) -> String {
        self.server.as_ref().and_then(Child::id).expect("a server runs").to_string()
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        until("the server ends", async || self.has_ended()).await
    }

    /// How the server ended, once it has.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        let status = self.server.as_mut().expect("a server runs").try_wait().expect("a child")?;
        self.server = None;
        Some(status)
    }

    /// A connection of our own to the server's database.
    pub(crate) fn db(&self) -> Connection {
        let db = Connection::open(self.database()).expect("the database");
        db.busy_timeout(BOUND).expect("a timeout");
        db
    }

    /// Authenticates a card payment, as a buyer in the window does; returns its key.
    pub(crate) fn authenticate(&self, toss_order: &str, amount: i64) -> String {
        self.toss.authenticate(&NewPayment::card(toss_order, amount)).expect("a payment")
    }

    /// The status of a payment at Toss.
    pub(crate) fn status_at_toss(&self, key: &str) -> String {
        self.toss.payment(key).expect("Toss has it")["status"].as_str().expect("a status").to_owned()
    }

    /// Spoils the next call of this kind.
    pub(crate) fn spoil(&self, operation: FaultOperation, kind: FaultKind) {
        self.toss.add_fault(FaultRule::new(operation, kind)).expect("a good rule");
    }

    /// Waits until every rule has met its call: a delayed call is then at Toss.
    pub(crate) async fn spoiled(&self) {
        until("the fault has met its call", async || self.toss.faults(1).is_empty().then_some(())).await;
    }

    pub(crate) fn journal(&self) -> Vec<JournalEntry> {
        let page = self.toss.journal(0, 1_000_000);
        assert_eq!(u64::try_from(page.entries.len()), Ok(page.last_seq), "the journal has forgotten nothing");
        page.entries
    }

    /// How many calls of this kind Toss got.
    pub(crate) fn calls(&self, operation: Operation) -> usize {
        self.journal().iter().filter(|entry| entry.operation == operation).count()
    }

    /// What happened at Toss to the payment, in order.
    pub(crate) fn effects(&self, key: &str) -> Vec<(EffectKind, Option<i64>)> {
        let journal = self.journal();
        let its = journal.iter().filter(|entry| entry.payment_key.as_deref() == Some(key));
        its.filter(|entry| entry.effect != EffectKind::None)
            .map(|entry| (entry.effect, entry.effect_amount))
            .collect()
    }

    /// What our database says of the payment with this key.
    pub(crate) fn stored(&self, key: &str) -> Option<String> {
        let query = "SELECT state FROM payments WHERE toss_payment_key = ?1";
        self.db().query_row(query, [key], |row| row.get(0)).ok()
    }

    pub(crate) async fn until_stored(&self, key: &str, state: &str) {
        until(&format!("{key} is {state}"), async || (self.stored(key)? == state).then_some(())).await;
    }

    /// Waits until nothing is under way, and nobody is looking at anything.
    pub(crate) async fn until_quiet(&self) {
        let query = "SELECT count(*) FROM payments WHERE state IN ('confirming', 'canceling') OR held = 1";
        let db = self.db();
        until("nothing is under way", async || {
            let moving: i64 = db.query_row(query, [], |row| row.get(0)).expect("a count");
            (moving == 0).then_some(())
        })
        .await;
    }
}

async fn serve(toss: Sandbox, listener: TcpListener) {
    toss.serve(listener, std::future::pending()).await.expect("the sandbox serves");
}

/// Where the server says it listens, once it has.
pub(crate) fn listening(said: &Path) -> Option<String> {
    let said = std::fs::read_to_string(said).ok()?;
    let line = said.lines().find(|_| said.ends_with('\n'))?;
    line.strip_prefix("hanbeon: ").map(str::to_owned)
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(serving) = self.serving.lock().ok().and_then(|mut serving| serving.take()) {
            serving.abort();
        }
        if std::thread::panicking() {
            eprintln!("--- the server's log\n{}", self.logs());
        }
    }
}
