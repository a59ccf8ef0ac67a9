//! The only file that touches a socket: connections, time-outs and limits, and what each failure means.
//!
//! The question that every failure is sorted by: can a byte of the request have left? The connector says so for
//! certain (name, port, handshake); after it, nothing does, and the outcome counts as unknown.

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::{
    error::{Error, NotSentCause, Unanswered, UnansweredCause},
    wire::{Call, trace_id},
};

/// Everything that bounds a call.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    pub(crate) connect_timeout: Duration,
    pub(crate) timeout: Duration,
    pub(crate) max_response: usize,
    pub(crate) pool_idle_per_host: usize,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) system_proxy: bool,
}

pub(crate) struct Transport {
    http: reqwest::Client,
    /// Scheme, host and an optional path, without a slash at the end.
    base: String,
    max_response: usize,
}

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Transport {
    /// `headers` go with every request.
    pub(crate) fn new(base: String, headers: HeaderMap, limits: &Limits) -> Result<Self, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls())
            .http1_only()
            .default_headers(headers)
            .connect_timeout(limits.connect_timeout)
            .timeout(limits.timeout)
            .pool_max_idle_per_host(limits.pool_idle_per_host)
            .pool_idle_timeout(limits.pool_idle_timeout)
            .tcp_nodelay(true)
            // A redirect would carry the secret key and the body to an address that nobody configured.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // Repeating a payment is the caller's decision, with the caller's key.
            .retry(reqwest::retry::never());
        if !limits.system_proxy {
            builder = builder.no_proxy();
        }
        Ok(Self { http: builder.build()?, base, max_response: limits.max_response })
    }

    /// Sends once and reads the whole answer.
    pub(crate) async fn send(&self, call: Call) -> Result<Answer, Error> {
        let mut request =
            self.http.request(call.method, format!("{}{}", self.base, call.path)).headers(call.headers);
        if !call.body.is_empty() {
            request = request.body(call.body);
        }
        let mut response = request.send().await.map_err(before_the_answer)?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        match self.body(&mut response).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            Err((cause, source)) => Err(Error::Unknown(Unanswered {
                cause,
                http_status: Some(status.as_u16()),
                trace_id: trace_id(&headers),
                source: source.map(|error| error.without_url().into()),
            })),
        }
    }

    /// Reads the body within the bound; a body of one piece, the usual case, is not copied.
    async fn body(
        &self,
        response: &mut reqwest::Response,
    ) -> Result<Bytes, (UnansweredCause, Option<reqwest::Error>)> {
        let mut first = Bytes::new();
        let mut rest = BytesMut::new();
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => break,
                Err(error) => return Err((cause(&error), Some(error))),
            };
            if first.len() + rest.len() + chunk.len() > self.max_response {
                return Err((UnansweredCause::Oversized, None));
            }
            if first.is_empty() && rest.is_empty() {
                first = chunk;
                continue;
            }
            if rest.is_empty() {
                rest.extend_from_slice(&std::mem::take(&mut first));
            }
            rest.extend_from_slice(&chunk);
        }
        Ok(if rest.is_empty() { first } else { rest.freeze() })
    }
}

/// A failure before the head of an answer.
fn before_the_answer(error: reqwest::Error) -> Error {
    let error = error.without_url();
    if error.is_builder() {
        return Error::not_sent(NotSentCause::Request, error);
    }
    if error.is_connect() {
        let cause = if error.is_timeout() { NotSentCause::ConnectTimeout } else { NotSentCause::Connect };
        return Error::not_sent(cause, error);
    }
    Error::Unknown(Unanswered {
        cause: cause(&error),
        http_status: None,
        trace_id: None,
        source: Some(error.into()),
    })
}

fn cause(error: &reqwest::Error) -> UnansweredCause {
    if error.is_timeout() { UnansweredCause::Timeout } else { UnansweredCause::Broken }
}

/// TLS 1.2 and newer with Mozilla's roots; the provider is named here, so no process-wide one is needed.
fn tls() -> rustls::ClientConfig {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let mut config =
        rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has the cipher suites of TLS 1.2 and 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// A header value that no `Debug` prints.
pub(crate) fn secret_header(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
