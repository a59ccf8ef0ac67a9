//! A Rust client that others wrote for the real Toss, against the sandbox: nothing but the address is ours.
//!
//! usage: toss-sandbox-conformance http://127.0.0.1:8081
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tosspayments::api::{
    CancelCashReceipt, CancelCashReceiptBody, CancelPayment, CancelPaymentBody, ConfirmBilling, ConfirmBillingBody,
    ConfirmKeyinPayment, ConfirmPayment, GetPayment, IssueBillingCustomerKeyBody, IssueCashReceipt,
    IssueVirtualAccount, ListCashReceipts, ListTransactions,
};
use tosspayments::data::{BankCode, CashReceiptType, ErrorCode, PaymentStatus};
use tosspayments::{Client, Error};

/// It encodes the key without padding, which Toss may not take: this key needs none.
const SECRET_KEY: &str = "test_gsk_docs_OaPz8L5KdmQXkzRz3y47BMw6";
const CARD: &str = "9410001234567890";

struct Driver {
    host: String,
    client: Client,
    run: String,
    passed: u32,
}

impl Driver {
    fn check(&mut self, what: &str, holds: bool) {
        assert!(holds, "not so: {what}");
        self.passed += 1;
    }

    fn order(&self, number: u32) -> String {
        format!("rs-{}-{number}", self.run)
    }

    /// The buyer has been through the payment window.
    async fn authenticated(&self, order: &str, amount: i32) -> String {
        let body = json!({"orderId": order, "orderName": "머그컵", "amount": amount});
        let door = reqwest::Client::new().post(format!("{}/sandbox/payments", self.host));
        let answer = door.basic_auth(SECRET_KEY, Some("")).json(&body).send().await.expect("an answer");
        let payment: Value = answer.json().await.expect("a payment");
        payment["paymentKey"].as_str().expect("its key").to_owned()
    }

    async fn cards(&mut self) {
        let order = self.order(1);
        let payment_key = self.authenticated(&order, 25_000).await;
        let confirm = ConfirmPayment { payment_key: payment_key.clone(), order_id: order.clone(), amount: 25_000 };
        let paid = self.client.execute(&confirm).await.expect("confirmed");
        self.check("confirmed", paid.status == PaymentStatus::Done && paid.total_amount == 25_000);
        let twice = self.client.execute(&confirm).await.expect_err("confirmed once");
        self.check("confirmed once", is(&twice, 400, ErrorCode::AlreadyProcessedPayment));
        let read = self.client.execute(&GetPayment::OrderId(order)).await.expect("read");
        self.check("read by order", read.payment_key == payment_key);
        let body = CancelPaymentBody::builder().cancel_reason("변심".to_owned()).cancel_amount(Some(5_000)).build();
        let cancel = CancelPayment { payment_key: payment_key.clone(), body, idempotency_key: Some(self.order(2)) };
        let part = self.client.execute(&cancel).await.expect("cancelled");
        self.check("a part is back", part.status == PaymentStatus::PartialCanceled && part.balance_amount == 20_000);
        let again = self.client.execute(&cancel).await.expect("the same answer");
        self.check("the same key is the same answer", again.balance_amount == 20_000);
        let list = ListTransactions {
            start_date: "2020-01-01T00:00:00".to_owned(),
            end_date: "2090-01-01T00:00:00".to_owned(),
            starting_after: None,
            limit: Some(5_000),
        };
        let rows = self.client.execute(&list).await.expect("a list");
        let own = rows.iter().filter(|row| row.payment_key == payment_key);
        self.check("an approval and a cancel", own.map(|row| row.amount).collect::<Vec<_>>() == [25_000, 5_000]);
        let nobody = GetPayment::PaymentKey("nobody".to_owned());
        let missing = self.client.execute(&nobody).await.expect_err("nobody's");
        self.check("nobody's", is(&missing, 404, ErrorCode::NotFoundPayment));
    }

    async fn typed_in_and_billed(&mut self) {
        let key_in = ConfirmKeyinPayment::builder()
            .amount(12_000)
            .order_id(self.order(3))
            .order_name("엽서".to_owned())
            .card_number(CARD.to_owned())
            .card_expiration_year("30".to_owned())
            .card_expiration_month("12".to_owned())
            .customer_identity_number("900101".to_owned())
            .build();
        let typed = self.client.execute(&key_in).await.expect("typed in");
        self.check("typed in", typed.status == PaymentStatus::Done && typed.card.is_some());
        let customer_key = format!("customer-{}", self.run);
        let issue = IssueBillingCustomerKeyBody::builder()
            .customer_key(customer_key.clone())
            .card_number(CARD.to_owned())
            .card_expiration_year("30".to_owned())
            .card_expiration_month("12".to_owned())
            .customer_identity_number("900101".to_owned())
            .build();
        let billing = self.client.execute(&issue).await.expect("a billing key");
        self.check("a billing key", billing.customer_key == customer_key);
        let body = ConfirmBillingBody::builder()
            .amount(4_900)
            .customer_key(customer_key)
            .order_id(self.order(4))
            .order_name("구독".to_owned())
            .build();
        let charge = ConfirmBilling { billing_key: billing.billing_key, body };
        let charged = self.client.execute(&charge).await.expect("charged");
        self.check("charged", charged.status == PaymentStatus::Done && charged.total_amount == 4_900);
        let twice = self.client.execute(&charge).await.expect_err("an order is paid once");
        self.check("an order is paid once", is(&twice, 400, ErrorCode::DuplicatedOrderId));
    }

    async fn accounts_and_receipts(&mut self) {
        let order = self.order(5);
        let issue = IssueVirtualAccount::builder()
            .amount(30_000)
            .order_id(order.clone())
            .order_name("머그컵".to_owned())
            .customer_name("홍길동".to_owned())
            .bank(BankCode::신한은행)
            .build();
        let account = self.client.execute(&issue).await.expect("an account");
        self.check("waits", account.status == PaymentStatus::WaitingForDeposit && account.secret.is_some());
        let door = format!("{}/sandbox/payments/{}/deposit", self.host, account.payment_key);
        reqwest::Client::new().post(door).send().await.expect("a deposit");
        let paid = self.client.execute(&GetPayment::PaymentKey(account.payment_key)).await.expect("read");
        self.check("deposited", paid.status == PaymentStatus::Done);
        let issue = IssueCashReceipt::builder()
            .amount(30_000)
            .order_id(order)
            .order_name("머그컵".to_owned())
            .customer_identity_number("01012345678".to_owned())
            .r#type(CashReceiptType::Consumer)
            .tax_free_amount(0)
            .build();
        let receipt = self.client.execute(&issue).await.expect("a receipt");
        self.check("a receipt", receipt.amount == 30_000);
        let request_date = receipt.requested_at[..10].to_owned();
        let list = ListCashReceipts { request_date, cursor: None, limit: None };
        let day = self.client.execute(&list).await.expect("a day of receipts");
        self.check("is listed", day.data.iter().any(|listed| listed.receipt_key == receipt.receipt_key));
        let body = Some(CancelCashReceiptBody { amount: Some(30_000) });
        let cancel = CancelCashReceipt { receipt_key: receipt.receipt_key, body };
        self.check("and none", self.client.execute(&cancel).await.expect("cancelled").amount == 30_000);
    }
}

fn is(error: &Error, status: u16, code: ErrorCode) -> bool {
    matches!(error, Error::Tosspayments(refused) if refused.http_status == status && refused.code == code)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let host = std::env::args().nth(1).expect("the sandbox's address");
    let run = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_nanos();
    let client = Client::from_url(host.clone(), SECRET_KEY);
    let mut driver = Driver { host, client, run: format!("{run:x}"), passed: 0 };
    driver.cards().await;
    driver.typed_in_and_billed().await;
    driver.accounts_and_receipts().await;
    println!("{}", json!({"rust": driver.passed}));
}
