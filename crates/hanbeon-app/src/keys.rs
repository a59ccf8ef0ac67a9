//! API keys of the shop: shown once, stored as a hash.
use crate::sessions::hex;
use crate::{App, Env};
use hanbeon_domain::ApiKeyHash;
use hanbeon_store::{ApiKey, Store, StoreError};
use sha2::{Digest, Sha256};

/// How every key begins, so that scanners for leaked secrets can find it.
pub const PREFIX: &str = "hb_sk_";

/// Makes a key and stores its hash. The key itself is returned, and exists nowhere else.
///
/// # Errors
/// [`StoreError::NameTaken`] when a key that is in force has this name.
pub async fn create(store: &dyn Store, env: &dyn Env, name: &str) -> Result<String, StoreError> {
    let key = format!("{PREFIX}{}", hex(&env.random()));
    let record = ApiKey { name: name.to_owned(), hash: hash(&key), created_at: env.now() };
    store.insert_api_key(&record).await?;
    Ok(key)
}

/// The hash under which a key is stored. A key has 256 random bits, so a plain hash is enough; a slow one
/// would only slow down every request.
#[must_use]
pub fn hash(key: &str) -> ApiKeyHash {
    ApiKeyHash::from_bytes(Sha256::digest(key.as_bytes()).into())
}

impl App {
    /// Is this a key of the shop, in force?
    ///
    /// # Errors
    /// What the store says.
    pub async fn knows_key(&self, key: &str) -> Result<bool, StoreError> {
        if !key.starts_with(PREFIX) {
            return Ok(false);
        }
        Ok(self.store.api_key(hash(key)).await?.is_some())
    }
}
