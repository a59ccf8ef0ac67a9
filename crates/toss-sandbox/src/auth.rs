//! Who is calling: Basic auth exactly as Toss judges it (Toss core API, Authentication).

use std::collections::HashMap;
use std::fmt;

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::codes::{self, Code};
use crate::config::Merchant;

/// A merchant's place in the directory; also the tenant of every order id.
pub(crate) type MerchantId = usize;

/// The merchants by key.
pub(crate) struct Directory {
    merchants: Vec<Merchant>,
    by_secret: HashMap<String, MerchantId>,
    by_client: HashMap<String, MerchantId>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The maps are keyed by secrets.
        f.debug_struct("Directory").field("merchants", &self.merchants).finish_non_exhaustive()
    }
}

impl Directory {
    pub(crate) fn new(merchants: Vec<Merchant>) -> Self {
        let by_secret = merchants.iter().enumerate().map(|(id, m)| (m.secret_key.clone(), id)).collect();
        let pages = |(id, of): (MerchantId, &Merchant)| {
            of.client_keys().map(|key| (key.clone(), id)).collect::<Vec<_>>()
        };
        let by_client = merchants.iter().enumerate().flat_map(pages).collect();
        Self { merchants, by_secret, by_client }
    }

    pub(crate) fn len(&self) -> usize {
        self.merchants.len()
    }

    pub(crate) fn merchant(&self, id: MerchantId) -> &Merchant {
        &self.merchants[id]
    }

    pub(crate) fn by_client_key(&self, key: &str) -> Option<MerchantId> {
        self.by_client.get(key).copied()
    }

    pub(crate) fn by_secret_key(&self, key: &str) -> Option<MerchantId> {
        self.by_secret.get(key).copied()
    }

    /// The merchant whose secret key is the user of `Authorization: Basic base64(secretKey + ":")`.
    ///
    /// No header, another scheme, an unknown key, a client key, a live key or a password: 401
    /// `UNAUTHORIZED_KEY`. Text without a colon, and text that is not base64 with padding, where no colon can
    /// be found either: 403 `INCORRECT_BASIC_AUTH_FORMAT`.
    pub(crate) fn authenticate(&self, headers: &HeaderMap) -> Result<MerchantId, Code> {
        let header = headers.get(AUTHORIZATION).ok_or(codes::UNAUTHORIZED_KEY)?;
        let header = header.to_str().map_err(|_| codes::UNAUTHORIZED_KEY)?;
        let (scheme, encoded) = header.split_once(' ').ok_or(codes::UNAUTHORIZED_KEY)?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return Err(codes::UNAUTHORIZED_KEY);
        }
        let plain = STANDARD.decode(encoded.trim()).map_err(|_| codes::INCORRECT_BASIC_AUTH_FORMAT)?;
        let plain = std::str::from_utf8(&plain).map_err(|_| codes::UNAUTHORIZED_KEY)?;
        let (key, password) = plain.split_once(':').ok_or(codes::INCORRECT_BASIC_AUTH_FORMAT)?;
        if !password.is_empty() {
            return Err(codes::UNAUTHORIZED_KEY);
        }
        self.by_secret_key(key).ok_or(codes::UNAUTHORIZED_KEY)
    }
}
