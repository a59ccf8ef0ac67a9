//! Where the database is: a URL as PostgreSQL's own programs take it, several hosts included, and what we add to it.
use crate::open::OpenError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::net::IpAddr;
use std::sync::Arc;
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
    pub(crate) config: Config,
    pub(crate) tls: MakeRustlsConnect,
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
        let mut config: Config = url.parse().map_err(wrong)?;
        if config.get_hosts().is_empty() {
            return Err(OpenError::Url("it names no host".to_owned()));
        }
        let is_here = config.get_hosts().iter().all(is_here);
        config.ssl_mode(mode.unwrap_or(if is_here { SslMode::Disable } else { SslMode::Require }));
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        config.connect_timeout(*config.get_connect_timeout().unwrap_or(&HOST_MAX));
        config.tcp_user_timeout(SILENCE_MAX);
        config.keepalives_idle(ASK_AFTER).keepalives_interval(ASK_EVERY).keepalives_retries(ASK_TIMES);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.map_err(|error| OpenError::Certificates(error.to_string()))?;
        let tls = tls.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { config, tls: MakeRustlsConnect::new(tls) })
    }
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
        Address::of(url).unwrap_or_else(|error| panic!("{url}: {error}")).config.get_ssl_mode()
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
        assert_eq!(address.config.get_hosts().len(), 2);
        assert_eq!(address.config.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
        assert_eq!(address.config.get_application_name(), Some("x"));
    }

    #[test]
    fn a_url_that_is_wrong_is_refused_without_its_password() {
        for url in [
            "postgres://shop:hunter2@db/hanbeon?sslmode=prefer",
            "postgres://shop:hunter2@db/hanbeon?sslrootcert=/nowhere.pem",
            "postgres://shop:hunter2@db:port/hanbeon",
            "postgres:///hanbeon",
        ] {
            let error = Address::of(url).err().expect("a refusal").to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
