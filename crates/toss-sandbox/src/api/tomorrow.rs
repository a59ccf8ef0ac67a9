//! An answer as a later version of Toss may word it. Only what Toss has always promised is still there: the ids, the
//! amounts, and to a call that moved money the status.

use serde_json::{Value, json};

use crate::journal::Operation;

/// Rewords a payment or an error; a list stays as it is.
pub(super) fn reword(body: Vec<u8>, answered: Operation) -> Vec<u8> {
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(&body) else { return body };
    fields.insert("carbonFootprint".to_owned(), json!({ "grams": 12.5, "scopes": [1, null, {}] }));
    fields.insert("balance_amount".to_owned(), json!(0));
    if fields.contains_key("paymentKey") {
        fields.insert("method".to_owned(), json!("뇌파결제"));
        fields.insert("approvedAt".to_owned(), Value::Null);
        fields.insert(
            "card".to_owned(),
            json!({ "issuerCode": "ZZ", "acquireStatus": "DREAMT", "amount": null }),
        );
        if let Some(Value::Array(cancels)) = fields.get_mut("cancels") {
            for cancel in cancels {
                cancel["settledIn"] = json!("stardust");
            }
        }
        if matches!(answered, Operation::Read | Operation::ReadByOrder) {
            fields.insert("status".to_owned(), json!("SETTLING"));
        }
    }
    Value::Object(fields).to_string().into_bytes()
}
