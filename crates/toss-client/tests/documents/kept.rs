//! What "nothing is lost" means.

use std::fmt;

use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use toss_client::Amount;

/// Decodes, encodes, decodes: the same value, and nothing of the text lost on the way.
pub(crate) fn assert_round_trip<T: Serialize + DeserializeOwned + PartialEq + fmt::Debug>(json: &Value) -> T {
    let first: T = serde_json::from_str(&json.to_string()).expect("decodes");
    let encoded = serde_json::to_string(&first).expect("encodes");
    assert_eq!(serde_json::from_str::<T>(&encoded).expect("decodes again"), first);
    assert_kept(json, &serde_json::from_str(&encoded).expect("JSON"), "");
    assert_eq!(serde_json::from_value::<T>(json.clone()).expect("from a value"), first);
    first
}

/// Every name and value of `small` is in `big`; names that only `big` has are null. Numbers compare by value.
fn assert_kept(small: &Value, big: &Value, at: &str) {
    match (small, big) {
        (Value::Object(small), Value::Object(big)) => {
            for (name, value) in small {
                assert_kept(
                    value,
                    big.get(name).unwrap_or_else(|| panic!("{at}/{name} is lost")),
                    &format!("{at}/{name}"),
                );
            }
            for (name, value) in big {
                assert!(small.contains_key(name) || value.is_null(), "{at}/{name} appeared");
            }
        }
        (Value::Array(small), Value::Array(big)) => {
            assert_eq!(small.len(), big.len(), "{at}");
            for (index, (small, big)) in small.iter().zip(big).enumerate() {
                assert_kept(small, big, &format!("{at}/{index}"));
            }
        }
        (Value::Number(small), Value::Number(big)) => {
            let exact = |number: &serde_json::Number| number.to_string().parse::<Amount>();
            assert!(small == big || exact(small) == exact(big), "{at}: {small} became {big}");
        }
        _ => assert_eq!(small, big, "{at}"),
    }
}

/// Any JSON that an unknown field may hold. Integers only: `extra` keeps other numbers as JSON floats.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~가-힣]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..3)
                .prop_map(|map| Value::from(map.into_iter().collect::<Map<_, _>>())),
        ]
    })
}
