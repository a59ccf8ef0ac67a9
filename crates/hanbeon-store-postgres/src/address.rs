//! Where the database is: a URL as PostgreSQL's own programs take it, several hosts included, and what we add to it.
use crate::migrate::SCHEMA_VERSION;
use crate::open::OpenError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

/// Longest that one host of the URL may take to answer at all.
const HOST_MAX: Duration = Duration::from_secs(3);
/// A host that acknowledges nothing for so long is gone: its connections end, and the next one is looked for.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// How long nothing is heard before it is asked for a sign of life, and how often then.
const ASK_AFTER: Duration = Duration::from_secs(5);
const ASK_EVERY: Duration = Duration::from_secs(2);
const ASK_TIMES: u32 = 3;

/// Where the database is, and how to speak to it.
#[derive(Clone)]
pub(crate) struct Address {
    /// One for each host of the URL. The driver would not look at the next one while one takes the connection and says
    /// nothing.
    pub(crate) hosts: Vec<Config>,
    /// Which of them took writes when it was asked last.
    pub(crate) primary: Arc<AtomicUsize>,
    pub(crate) tls: MakeRustlsConnect,
    /// The newest schema that we know.
    pub(crate) knows: i64,
}

impl Address {
    /// Reads a URL. Beside what libpq's URLs have, these hold:
    /// * only a server that takes writes is used, so that several hosts may be named, and whichever is the primary is found;
    /// * `sslmode`: `disable`, `require`, `verify-full`. Where TLS is spoken the certificate is verified, always. Without
    ///   `sslmode` a server on another machine must speak it, and one on this machine need not;
    /// * `sslrootcert`: a PEM file with the certificates to trust instead of the public ones.
    ///
    /// # Errors
    /// [`OpenError::Url`] or [`OpenError::Certificates`].
    pub(crate) fn of(url: &str) -> Result<Self, OpenError> {
        let (url, Tls { mode, roots }) = Tls::taken_from(url)?;
        let wrong = |error: tokio_postgres::Error| OpenError::Url(error.to_string());
        let hosts: Result<Vec<Config>, _> = one_by_one(&url).iter().map(|url| url.parse()).collect();
        let mut hosts = hosts.map_err(wrong)?;
        if hosts.iter().any(|host| host.get_hosts().is_empty()) {
            return Err(OpenError::Url("it names no host".to_owned()));
        }
        let is_here = hosts.iter().flat_map(Config::get_hosts).all(is_here);
        for config in &mut hosts {
            config.ssl_mode(mode.unwrap_or(if is_here { SslMode::Disable } else { SslMode::Require }));
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
            config.connect_timeout(*config.get_connect_timeout().unwrap_or(&HOST_MAX));
            config.tcp_user_timeout(SILENCE_MAX);
            config.keepalives_idle(ASK_AFTER).keepalives_interval(ASK_EVERY).keepalives_retries(ASK_TIMES);
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| OpenError::Certificates(error.to_string()))?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        let primary = Arc::default();
        Ok(Self { hosts, primary, tls: MakeRustlsConnect::new(tls), knows: SCHEMA_VERSION })
    }
}

/// A URL for each host that this one names before its path. (Those in its parameters stay together.)
fn one_by_one(url: &str) -> Vec<String> {
    let Some(authority) = url.find("://").map(|at| at + 3) else { return vec![url.to_owned()] };
    let from = url[authority..].find('@').map_or(authority, |at| authority + at + 1);
    let to = url[from..].find(['/', '?']).map_or(url.len(), |at| from + at);
    url[from..to].split(',').map(|host| format!("{}{host}{}", &url[..from], &url[to..])).collect()
}

/// Is it on this machine?
fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        Host::Unix(_) => true,
    }
}

/// What the URL says of TLS.
struct Tls {
    mode: Option<SslMode>,
    roots: RootCertStore,
}

impl Tls {
    /// The URL without it, for the driver knows less of it.
    fn taken_from(url: &str) -> Result<(String, Self), OpenError> {
        let (place, query) = url.split_once('?').unwrap_or((url, ""));
        let mut tls = Self { mode: None, roots: RootCertStore { roots: Vec::new() } };
        let mut others = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", mode)) => tls.mode = Some(mode_of(mode)?),
                Some(("sslrootcert", path)) => tls.trust(path)?,
                _ => others.push(pair),
            }
        }
        if tls.roots.is_empty() {
            tls.roots.roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
        }
        let url = if others.is_empty() { place.to_owned() } else { format!("{place}?{}", others.join("&")) };
        Ok((url, tls))
    }

    fn trust(&mut self, path: &str) -> Result<(), OpenError> {
        let wrong = |error: &dyn std::fmt::Display| OpenError::Certificates(format!("{path}: {error}"));
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            self.roots.add(certificate).map_err(|error| wrong(&error))?;
        }
        Ok(())
    }
}

fn mode_of(text: &str) -> Result<SslMode, OpenError> {
    match text {
        "disable" => Ok(SslMode::Disable),
        "require" | "verify-full" => Ok(SslMode::Require),
        _ => Err(OpenError::Url(format!("sslmode={text:?} is none of disable, require, verify-full"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        Address::of(url).unwrap_or_else(|error| panic!("{url}: {error}")).hosts[0].get_ssl_mode()
    }

    #[test]
    fn a_server_on_another_machine_speaks_tls_unless_told_otherwise() {
        assert_eq!(mode("postgres://shop@127.0.0.1:5432/hanbeon"), SslMode::Disable);
        assert_eq!(mode("postgres://shop@localhost/hanbeon"), SslMode::Disable);
        assert_eq!(mode("postgres://shop@db.internal/hanbeon"), SslMode::Require);
        assert_eq!(mode("postgres://shop@localhost,db.internal/hanbeon"), SslMode::Require);
        assert_eq!(mode("postgres://shop@db.internal/hanbeon?sslmode=disable"), SslMode::Disable);
        assert_eq!(mode("postgres://shop@localhost/hanbeon?sslmode=verify-full"), SslMode::Require);
    }

    #[test]
    fn only_a_server_that_takes_writes_is_used() {
        let address =
            Address::of("postgres://shop@one,two:5433/hanbeon?application_name=x").expect("an address");
        let places = [("one", 5432), ("two", 5433)];
        assert_eq!(address.hosts.len(), places.len());
        for (config, (host, port)) in address.hosts.iter().zip(places) {
            assert_eq!(config.get_hosts(), [Host::Tcp(host.to_owned())]);
            assert_eq!(config.get_ports().first().unwrap_or(&5432), &port);
            assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
            assert_eq!((config.get_user(), config.get_dbname()), (Some("shop"), Some("hanbeon")));
            assert_eq!(config.get_application_name(), Some("x"));
        }
    }

    #[test]
    fn a_url_that_is_wrong_is_refused_without_its_password() {
        for url in [
            "postgres://shop:hunter2@db/hanbeon?sslmode=prefer",
            "postgres://shop:hunter2@db/hanbeon?sslrootcert=/nowhere.pem",
            "postgres://shop:hunter2@db:port/hanbeon",
            "postgres://shop:hunter2@db,other:port/hanbeon",
            "postgres:///hanbeon",
        ] {
            let error = Address::of(url).err().expect("a refusal").to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
