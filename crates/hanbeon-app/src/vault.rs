//! The vault: billing keys are as good as money, and account numbers are personal, so the store sees them sealed only
//! (AES-256-GCM). What is sealed is bound to its owner: as another's it does not open.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hanbeon_psp::billing::Secret;
use hanbeon_store::Sealed;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Keys that the operator keeps outside the database. The first one seals; all of them open.
pub struct Vault {
    keys: Vec<(String, LessSafeKey)>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.keys.iter().map(|(name, _)| name).collect();
        write!(f, "Vault({names:?})")
    }
}

/// Text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a billing vault key is 32 bytes, written as 64 hex digits or in base64, one key a line, the newest first"
)]
pub struct NotAKey;

/// Something does not open: sealed by a key that is not here, altered, or another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what is sealed cannot be opened: its vault key is missing, or it belongs to another owner")]
pub struct Shut;

impl Vault {
    /// Reads keys, the newest first.
    ///
    /// # Errors
    /// [`NotAKey`] when there is none, or a line is none.
    pub fn parse(text: &str) -> Result<Self, NotAKey> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let keys = lines.map(named).collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() { Err(NotAKey) } else { Ok(Self { keys }) }
    }

    /// Seals, for this owner only. `random` is never used twice.
    pub(crate) fn seal(&self, secret: &Secret, owner: &[u8], random: [u8; 32]) -> Result<Sealed, Shut> {
        let (name, key) = self.keys.first().ok_or(Shut)?;
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&random[..NONCE_LEN]);
        let mut text = secret.expose().as_bytes().to_vec();
        let bound = Aad::from(owner);
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), bound, &mut text)
            .map_err(|_| Shut)?;
        Ok(Sealed { by: name.clone(), bytes: [&nonce[..], &text].concat() })
    }

    /// Opens what was sealed for this owner.
    pub(crate) fn open(&self, sealed: &Sealed, owner: &[u8]) -> Result<Secret, Shut> {
        let (_, key) = self.keys.iter().find(|(name, _)| *name == sealed.by).ok_or(Shut)?;
        let (nonce, text) = sealed.bytes.split_at_checked(NONCE_LEN).ok_or(Shut)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Shut)?;
        let mut text = text.to_vec();
        let text = key.open_in_place(nonce, Aad::from(owner), &mut text).map_err(|_| Shut)?;
        String::from_utf8(text.to_vec()).map(Secret::new).map_err(|_| Shut)
    }
}

/// A key is named after itself, so that nobody has to number them.
fn named(line: &str) -> Result<(String, LessSafeKey), NotAKey> {
    let bytes = from_hex(line).or_else(|| STANDARD.decode(line).ok()).ok_or(NotAKey)?;
    let key = UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| NotAKey)?;
    let digest = Sha256::digest(&bytes);
    let name = u32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    Ok((format!("{name:08x}"), LessSafeKey::new(key)))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = is_hex.then(|| text.as_bytes().chunks_exact(2))?;
    digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const NEW: &str = "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=";

    #[test]
    fn h3_a_key_opens_only_for_the_customer_key_that_it_was_sealed_for() {
        let vault = Vault::parse(OLD).unwrap();
        let secret = Secret::new("Zk3tQm1x=");
        let sealed = vault.seal(&secret, b"key 1 of buyer 1", [7; 32]).unwrap();
        assert_eq!(vault.open(&sealed, b"key 1 of buyer 1"), Ok(secret.clone()));
        assert_eq!(vault.open(&sealed, b"key 1 of buyer 2"), Err(Shut));
        assert_eq!(vault.open(&sealed, b"key 2 of buyer 1"), Err(Shut));
        for at in 0..sealed.bytes.len() {
            let mut altered = sealed.clone();
            altered.bytes[at] ^= 1;
            assert_eq!(vault.open(&altered, b"key 1 of buyer 1"), Err(Shut));
        }
        let shown = format!("{secret:?} {sealed:?} {vault:?}");
        assert!(!shown.contains("Zk3t") && !shown.contains("0001"), "{shown}");
        assert!(!sealed.bytes.windows(4).any(|window| window == b"Zk3t"));
    }

    #[test]
    fn a_new_vault_key_seals_and_the_old_one_still_opens() {
        let old = Vault::parse(OLD).unwrap();
        let sealed = old.seal(&Secret::new("k"), b"buyer 1", [1; 32]).unwrap();
        let both = Vault::parse(&format!("{NEW}\n{OLD}\n")).unwrap();
        assert_eq!(both.open(&sealed, b"buyer 1"), Ok(Secret::new("k")));
        let newer = both.seal(&Secret::new("k"), b"buyer 1", [2; 32]).unwrap();
        assert_eq!(old.open(&newer, b"buyer 1"), Err(Shut));
    }

    #[test]
    fn a_vault_key_is_32_bytes() {
        for bad in ["", "00", &OLD[2..], "q83vASNFZ4k=", "not a key at all", &format!("{OLD}\nx")] {
            assert!(Vault::parse(bad).is_err(), "{bad}");
        }
    }
}
