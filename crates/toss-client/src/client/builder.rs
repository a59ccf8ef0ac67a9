//! Where Toss is, and what bounds a call to it.

use std::{fmt, sync::Arc, time::Duration};

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{ACCEPT, ACCEPT_LANGUAGE, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST, USER_AGENT},
};
use reqwest::Url;

use super::Client;
use crate::{
    keys::SecretKey,
    transport::{Limits, Transport, secret_header},
};

/// One host for test and live: the key decides (Toss core API, Transport).
const BASE_URL: &str = "https://api.tosspayments.com";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Toss documents calls of up to 60 s; giving up earlier turns slow successes into unknown outcomes.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A payment is a few kilobytes; a list is the largest answer.
const MAX_RESPONSE: usize = 1024 * 1024;
const POOL_IDLE_PER_HOST: usize = 256;
/// Shorter than the usual keep-alive of a server: a request on a connection that the server is about to close
/// ends as an unknown outcome.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(20);

/// Collects the limits of a [`Client`]; every one has a default.
#[derive(Clone)]
pub struct ClientBuilder {
    secret_key: SecretKey,
    base_url: String,
    connect_timeout: Option<Duration>,
    timeout: Duration,
    max_response: usize,
    pool_idle_per_host: usize,
    pool_idle_timeout: Duration,
    system_proxy: bool,
    accept_language: Option<String>,
    headers: Vec<(String, String)>,
}

/// Why a client cannot be built. Never contains a key or a header's value.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Not an absolute URL, or one with a user, a query or a fragment.
    #[error("the base URL must be an absolute URL without user, query and fragment")]
    BaseUrl,
    /// The secret key would travel in the open.
    #[error("the base URL must use https; http is allowed for a loopback host only")]
    Insecure,
    /// Time-outs must be positive, and the one for connecting the shorter.
    #[error("time-outs must be longer than zero, and the connect timeout shorter than the total timeout")]
    Timeout,
    /// A header that is malformed or belongs to the client.
    #[error("the header {0:?} is malformed or set by the client itself")]
    Header(String),
    /// The HTTP client refused its configuration.
    #[error("the HTTP client refused its configuration")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl ClientBuilder {
    pub(super) fn new(secret_key: SecretKey) -> Self {
        Self {
            secret_key,
            base_url: BASE_URL.to_owned(),
            connect_timeout: None,
            timeout: TIMEOUT,
            max_response: MAX_RESPONSE,
            pool_idle_per_host: POOL_IDLE_PER_HOST,
            pool_idle_timeout: POOL_IDLE_TIMEOUT,
            system_proxy: false,
            accept_language: None,
            headers: Vec::new(),
        }
    }

    /// Where Toss is; `https://api.tosspayments.com` by default. `http` only for a loopback host.
    #[must_use]
    pub fn base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// How long to wait for a connection including the TLS handshake: 5 s, or half of a shorter total timeout.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// How long to wait for the whole answer; 60 s by default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How many bytes of an answer to take, enforced while they arrive; 1 MiB by default.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response = bytes;
        self
    }

    /// How many idle connections to keep; 64 by default.
    #[must_use]
    pub fn pool_max_idle(mut self, connections: usize) -> Self {
        self.pool_idle_per_host = connections;
        self
    }

    /// How long to keep an idle connection; 20 s by default.
    #[must_use]
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = timeout;
        self
    }

    /// Whether to obey the proxy variables of the environment; no by default.
    #[must_use]
    pub fn system_proxy(mut self, obey: bool) -> Self {
        self.system_proxy = obey;
        self
    }

    /// Language of messages and of field values, such as `en-US`; Korean by default.
    #[must_use]
    pub fn accept_language(mut self, tag: impl Into<String>) -> Self {
        self.accept_language = Some(tag.into());
        self
    }

    /// A header to send with every request.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Checks everything and makes the client. Opens no connection.
    pub fn build(self) -> Result<Client, BuildError> {
        let base = base(&self.base_url)?;
        let connect_timeout = self.connect_timeout.unwrap_or_else(|| CONNECT_TIMEOUT.min(self.timeout / 2));
        if connect_timeout.is_zero() || connect_timeout >= self.timeout {
            return Err(BuildError::Timeout);
        }
        let limits = Limits {
            connect_timeout,
            timeout: self.timeout,
            max_response: self.max_response,
            pool_idle_per_host: self.pool_idle_per_host,
            pool_idle_timeout: self.pool_idle_timeout,
            system_proxy: self.system_proxy,
        };
        let mode = self.secret_key.mode();
        let transport = Transport::new(base, self.static_headers()?, &limits)
            .map_err(|error| BuildError::Http(error.into()))?;
        Ok(Client { transport: Arc::new(transport), mode })
    }

    fn static_headers(&self) -> Result<HeaderMap, BuildError> {
        let malformed = |name: &str| BuildError::Header(name.to_owned());
        let mut headers = HeaderMap::new();
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("toss-client/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        for (name, value) in &self.headers {
            let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed(name))?;
            let own = [AUTHORIZATION, CONTENT_TYPE, CONTENT_LENGTH, HOST].contains(&parsed)
                || ["idempotency-key", "tosspayments-test-code", "transfer-encoding", "connection"]
                    .contains(&parsed.as_str());
            if own {
                return Err(malformed(name));
            }
            headers.insert(parsed, secret_header(value).ok_or_else(|| malformed(name))?);
        }
        if let Some(tag) = &self.accept_language {
            headers.insert(
                ACCEPT_LANGUAGE,
                HeaderValue::from_str(tag).map_err(|_| malformed("accept-language"))?,
            );
        }
        let authorization =
            secret_header(&self.secret_key.basic_auth()).ok_or_else(|| malformed("authorization"))?;
        headers.insert(AUTHORIZATION, authorization);
        Ok(headers)
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("secret_key", &self.secret_key)
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("max_response", &self.max_response)
            .finish_non_exhaustive()
    }
}

/// The base URL in the form that a path is appended to.
fn base(text: &str) -> Result<String, BuildError> {
    let url = Url::parse(text).map_err(|_| BuildError::BaseUrl)?;
    let host = url.host_str().ok_or(BuildError::BaseUrl)?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.scheme() {
        "https" | "http" if !bare => return Err(BuildError::BaseUrl),
        "https" => {}
        "http" if is_loopback(host) => {}
        "http" => return Err(BuildError::Insecure),
        _ => return Err(BuildError::BaseUrl),
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// `localhost`, 127.0.0.0/8 or `[::1]`. The URL parser has already put addresses into their one normal form.
fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn builder() -> ClientBuilder {
        Client::builder(SecretKey::parse("test_sk_verySecret").expect("a key"))
    }

    #[test]
    fn plain_http_is_for_loopback_hosts_only() {
        for (url, kept) in [
            ("https://api.tosspayments.com", "https://api.tosspayments.com"),
            ("https://proxy.example/toss/", "https://proxy.example/toss"),
            ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
            ("http://127.9.9.9", "http://127.9.9.9"),
            ("http://localhost:1", "http://localhost:1"),
            ("http://[::1]:9", "http://[::1]:9"),
            ("http://2130706433/", "http://127.0.0.1"),
        ] {
            assert_eq!(base(url).expect(url), kept);
        }
        for url in [
            "http://api.tosspayments.com",
            "http://10.0.0.1",
            "http://localhost.example",
            "http://127.0.0.1.example",
        ] {
            assert!(matches!(base(url), Err(BuildError::Insecure)), "{url}");
        }
        for url in [
            "",
            "api.tosspayments.com",
            "ftp://localhost",
            "https://u:p@host",
            "https://h/?q",
            "https://h/#f",
        ] {
            assert!(matches!(base(url), Err(BuildError::BaseUrl)), "{url}");
        }
    }

    #[test]
    fn time_outs_must_leave_room_for_each_other() {
        let second = Duration::from_secs(1);
        for refused in [
            builder().timeout(Duration::ZERO),
            builder().connect_timeout(Duration::ZERO),
            builder().connect_timeout(second).timeout(second),
        ] {
            assert!(matches!(refused.build(), Err(BuildError::Timeout)));
        }
        assert!(builder().timeout(Duration::from_millis(200)).build().is_ok());
    }

    #[test]
    fn the_clients_own_headers_cannot_be_replaced() {
        for name in ["Authorization", "Idempotency-Key", "TossPayments-Test-Code", "Host", "bad name", ""] {
            assert!(matches!(builder().header(name, "x").build(), Err(BuildError::Header(_))), "{name}");
        }
        assert!(matches!(builder().header("x-a", "line\nbreak").build(), Err(BuildError::Header(_))));
        assert!(builder().header("x-shop", "7").accept_language("en-US").build().is_ok());
    }

    #[test]
    fn no_debug_shows_the_key() {
        let builder = builder().header("x-token", "verySecret");
        let headers = builder.static_headers().expect("good headers");
        let encoded = builder.secret_key.basic_auth();
        let client = builder.clone().build().expect("a client");
        let shown = format!("{builder:?} {client:?} {headers:?}");
        assert!(!shown.contains("verySecret") && !shown.contains(&encoded), "{shown}");
        assert!(shown.contains("SecretKey(test_sk_***)"), "{shown}");
    }
}
