//! API keys, and the health check.
use super::world::World;
use hanbeon_domain::{ApiKeyHash, Timestamp};
use hanbeon_store::{ApiKey, Store, StoreError};
use std::sync::Arc;

fn key(name: &str, hash: u8, at: i64) -> ApiKey {
    ApiKey {
        name: name.to_owned(),
        hash: ApiKeyHash::from_bytes([hash; 32]),
        created_at: Timestamp::from_micros(at),
    }
}

/// By its hash, and by nothing else.
pub async fn a_key_is_found_until_it_is_revoked(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let shop = key("상점", 1, 10);
    world.store.insert_api_key(&shop).await.expect("insert_api_key");
    assert_eq!(world.store.api_key(shop.hash).await.expect("api_key"), Some(shop.clone()));
    let other = ApiKeyHash::from_bytes([2; 32]);
    assert_eq!(world.store.api_key(other).await.expect("api_key"), None);
    let now = world.now();
    assert!(!world.store.revoke_api_key("another", now).await.expect("revoke_api_key"));
    assert!(world.store.revoke_api_key("상점", now).await.expect("revoke_api_key"));
    assert!(!world.store.revoke_api_key("상점", now).await.expect("revoke_api_key"));
    assert_eq!(world.store.api_key(shop.hash).await.expect("api_key"), None);
    assert_eq!(world.store.api_keys().await.expect("api_keys"), []);
}

/// Then it may name a new key; the old key stays dead, and does not come back under another name.
pub async fn a_name_is_taken_until_it_is_revoked(store: Arc<dyn Store>) {
    let mut world = World::new(store);
    let first = key("shop", 1, 10);
    world.store.insert_api_key(&first).await.expect("insert_api_key");
    let second = key("shop", 2, 20);
    let end = world.store.insert_api_key(&second).await;
    assert!(matches!(end, Err(StoreError::NameTaken(_))), "{end:?}");
    let now = world.now();
    assert!(world.store.revoke_api_key("shop", now).await.expect("revoke_api_key"));
    world.store.insert_api_key(&second).await.expect("insert_api_key");
    let end = world.store.insert_api_key(&key("reborn", 1, 30)).await;
    assert!(matches!(end, Err(StoreError::NameTaken(_))), "{end:?}");
    assert_eq!(world.store.api_key(first.hash).await.expect("api_key"), None);
    assert_eq!(world.store.api_keys().await.expect("api_keys"), [second]);
}

/// By when they were made.
pub async fn keys_are_listed_oldest_first(store: Arc<dyn Store>) {
    for key in [key("b", 1, 20), key("c", 2, 10), key("a", 3, 30)] {
        store.insert_api_key(&key).await.expect("insert_api_key");
    }
    let names: Vec<_> = store.api_keys().await.expect("api_keys").into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["c", "b", "a"]);
}

/// As often as it is asked.
pub async fn a_healthy_store_says_so(store: Arc<dyn Store>) {
    for _ in 0..3 {
        store.check().await.expect("it is healthy");
    }
}
