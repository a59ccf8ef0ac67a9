//! Confirms one payment: `TOSS_SECRET_KEY=test_sk_… cargo run --example confirm -- PAYMENT_KEY ORDER_ID WON`.

use std::{env, error::Error};

use toss_client::{Client, Confirm, IdempotencyKey, Operation, RequestOptions, SecretKey};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [payment_key, order_id, won] = arguments.as_slice() else {
        return Err("usage: confirm PAYMENT_KEY ORDER_ID WON".into());
    };
    let mut builder = Client::builder(SecretKey::parse(&env::var("TOSS_SECRET_KEY")?)?);
    if let Ok(url) = env::var("TOSS_BASE_URL") {
        builder = builder.base_url(url);
    }
    let client = builder.build()?;

    let request = Confirm { payment_key, order_id, amount: won.parse()? };
    let options = RequestOptions {
        // Derived from what is asked for, so that running this twice cannot charge twice.
        idempotency_key: Some(IdempotencyKey::parse(&format!("confirm:{order_id}:{payment_key}"))?),
        ..RequestOptions::default()
    };
    match client.confirm(&request, &options).await {
        Ok(reply) => println!("{} {} {}", reply.value.order_id, reply.value.status, reply.value.total_amount),
        Err(error) => println!("{error}; next step: {:?}", error.class(Operation::Confirm)),
    }
    Ok(())
}
