//! `hanbeon doctor`: is everything there that a payment needs? Each line is a check; a bad one says how to
//! mend it. Nothing is charged and nothing is changed.
use crate::cli::Failure;
use crate::config::{Config, TOSS_API_URL};
use crate::stores::Place;
use crate::{keys, wire};
use hanbeon_app::Env;
use hanbeon_app::env::SystemEnv;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// A clock further off than this makes leases and Toss's 10-minute window lie.
const CLOCK_SKEW_MAX_SECONDS: i64 = 30;
const TIMEOUT: Duration = Duration::from_secs(5);

struct Report {
    failed: bool,
}

impl Report {
    fn say(&mut self, what: &str, found: Result<String, String>) {
        match found {
            Ok(found) => println!("ok    {what}: {found}"),
            Err(mend) => {
                self.failed = true;
                println!("FAIL  {what}: {mend}");
            }
        }
    }
}

pub(crate) async fn run(config: &Config) -> Result<ExitCode, Failure> {
    let mut report = Report { failed: false };
    report.say("database", database(config).await);
    report.say("API keys", api_keys(config).await);
    report.say("archive", archive(config).await);
    report.say("Toss secret key", secret_key(config));
    report.say("Toss client key", client_key(config));
    let toss = reach(config).await;
    report.say(
        "clock",
        toss.as_ref().map_or_else(|e| Err(format!("not compared, because {e}")), |date| clock(date)),
    );
    report.say("Toss reachable", toss.map(|date| format!("{} answers ({date})", api_url(config))));
    Ok(if report.failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn database(config: &Config) -> Result<String, String> {
    let url = config.database_shown();
    if let Place::File(path) = Place::of(&config.database_url()).map_err(|e| e.to_string())?
        && !path.exists()
    {
        return Err(format!(
            "{url} is not there yet; `hanbeon serve` makes it. Is the working directory right?"
        ));
    }
    let store = keys::open(config).await.map_err(|e| e.to_string())?;
    store.check().await.map_err(|e| format!("{e}; is the disk full, or the file read-only?"))?;
    Ok(format!("{url} reads and writes"))
}

async fn api_keys(config: &Config) -> Result<String, String> {
    if let Place::File(path) = Place::of(&config.database_url()).map_err(|e| e.to_string())?
        && !path.exists()
    {
        return Err("no database yet".to_owned());
    }
    let store = keys::open(config).await.map_err(|e| e.to_string())?;
    match store.api_keys().await.map_err(|e| e.to_string())?.len() {
        0 => Err("none: the shop cannot make orders; make one with `hanbeon keys create`".to_owned()),
        count => Ok(format!("{count} in force")),
    }
}

async fn archive(config: &Config) -> Result<String, String> {
    let env: Arc<dyn Env> = Arc::new(SystemEnv);
    let Some(archive) = config.retention.archive(&env) else {
        return Ok("none; what is past its date is deleted (retention.archive)".to_owned());
    };
    let folder = archive.folder().display();
    if !archive.folder().exists() {
        return Ok(format!("{folder} is not there yet; `hanbeon serve` makes it"));
    }
    archive.check().await.map_err(|e| e.to_string())?;
    Ok(format!("{folder} can be written"))
}

fn secret_key(config: &Config) -> Result<String, String> {
    config.toss.secret_key().map(|key| format!("{key:?}")).map_err(|e| e.to_string())
}

fn client_key(config: &Config) -> Result<String, String> {
    let missing = "not set; the server does not need it, but pages do: set HANBEON_TOSS_CLIENT_KEY";
    config.toss.client_key.clone().ok_or_else(|| missing.to_owned())
}

fn api_url(config: &Config) -> &str {
    config.toss.api_url.as_deref().unwrap_or(TOSS_API_URL)
}

/// Asks for nothing in particular; any HTTP answer will do. Gives back the `Date` of it.
async fn reach(config: &Config) -> Result<String, String> {
    let url = api_url(config);
    let client = wire::http_client(TIMEOUT).map_err(|e| e.to_string())?;
    let answer = client.get(url).send().await.map_err(|e| {
        format!("{url} does not answer ({}); check the network, or start `hanbeon sandbox`", wire::chain(&e))
    })?;
    let date = answer.headers().get("date").and_then(|date| date.to_str().ok());
    Ok(date.unwrap_or("without a date").to_owned())
}

fn clock(date: &str) -> Result<String, String> {
    let Ok(there) = jiff::fmt::rfc2822::parse(date) else {
        return Ok("not compared: Toss's answer has no date".to_owned());
    };
    let here = SystemEnv.now().as_micros() / 1_000_000;
    let skew = here - there.timestamp().as_second();
    if skew.abs() > CLOCK_SKEW_MAX_SECONDS {
        return Err(format!("{skew} s off Toss's; set up time synchronisation (chrony, systemd-timesyncd)"));
    }
    Ok(format!("{skew} s off Toss's"))
}
