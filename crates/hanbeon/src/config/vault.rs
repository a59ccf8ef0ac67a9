//! The key of the vault, which keeps billing keys and refund accounts from whoever reads the database.
use crate::cli::Failure;
use hanbeon_app::vault::Vault;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

const KEY_VARIABLE: &str = "HANBEON_VAULT_KEY";
const KEY_FILE_VARIABLE: &str = "HANBEON_VAULT_KEY_FILE";

/// See the module.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct VaultConfig {
    /// A file that holds the keys of the vault and nothing else, one a line, the newest first.
    pub(crate) key_file: Option<PathBuf>,
}

impl VaultConfig {
    /// The vault, if a key is set: in the environment, or in a file.
    ///
    /// # Errors
    /// In words for the operator.
    pub(crate) fn open(&self) -> Result<Option<Vault>, Failure> {
        let set = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let file = set(KEY_FILE_VARIABLE).map(PathBuf::from).or_else(|| self.key_file.clone());
        let text = match (set(KEY_VARIABLE), file) {
            (Some(text), _) => text,
            (None, Some(path)) => std::fs::read_to_string(&path)
                .map_err(|e| format!("cannot read the vault key {}: {e}", path.display()))?,
            (None, None) => return Ok(None),
        };
        Ok(Some(Vault::parse(&text).map_err(|e| format!("{KEY_VARIABLE}: {e}"))?))
    }
}
