//! Toss's notice that a billing key was deleted (Toss webhooks, `BILLING_DELETED`). It has no proof, and nothing can be
//! read: it marks the key, and the next charge tells. It names the key itself, which is not kept.
use crate::routes::Api;
use hanbeon_app::StoreError;
use hanbeon_app::billing::Secret;
use serde_json::Value;

/// What to keep of a webhook: as it came, unless it holds a billing key. The key that it names is marked.
pub(crate) async fn hear(api: &Api, body: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let Some((secret, rest)) = read(&body) else { return Ok(body) };
    if let Some(billing) = &api.billing {
        billing.doubt_key(&secret).await?;
    }
    Ok(rest)
}

/// The key that a notice names, and the notice without it.
fn read(body: &[u8]) -> Option<(Secret, Vec<u8>)> {
    let mentions = body.windows(KEY.len()).any(|window| window == KEY.as_bytes());
    let mut notice: Value = mentions.then(|| serde_json::from_slice(body).ok())??;
    let key = notice.get_mut("data")?.get_mut(KEY)?;
    let secret = Secret::new(key.as_str()?);
    *key = Value::from("***");
    Some((secret, notice.to_string().into_bytes()))
}

const KEY: &str = "billingKey";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_kept_without_the_key_that_it_names() {
        let body = br#"{"eventType":"BILLING_DELETED","data":{"billingKey":"Zk3t=","reason":"r"}}"#;
        let (secret, rest) = read(body).unwrap();
        assert_eq!(secret.expose(), "Zk3t=");
        let rest = String::from_utf8(rest).unwrap();
        assert!(rest.contains("BILLING_DELETED") && rest.contains("***") && !rest.contains("Zk3t"), "{rest}");
        for other in [&b"{}"[..], b"billingKey", br#"{"data":{"billingKey":7}}"#, br#"{"billingKey":"x"}"#] {
            assert!(read(other).is_none(), "{other:?}");
        }
    }
}
