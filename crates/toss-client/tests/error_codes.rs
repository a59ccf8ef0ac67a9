//! The retry classes against the tables of Toss's error-code pages, transcribed row by row.

use std::collections::BTreeSet;

use toss_client::{ErrorCode, Operation, RetryClass};

/// operation (`Any` = valid on every endpoint), HTTP status, code, class; one row of the pages per line.
const TABLE: &str = include_str!("fixtures/error-codes.tsv");

const OPERATIONS: [Operation; 11] = [
    Operation::Confirm,
    Operation::Read,
    Operation::Cancel,
    Operation::BillingIssue,
    Operation::BillingCharge,
    Operation::BillingDelete,
    Operation::KeyIn,
    Operation::VirtualAccount,
    Operation::Create,
    Operation::CashReceipt,
    Operation::Settlement,
];

/// What nobody can ask about afterwards is repeated, where the pages say "ask first".
fn asked_by_repeating(operation: Operation, class: RetryClass) -> RetryClass {
    let repeated = [Operation::BillingIssue, Operation::BillingDelete].contains(&operation);
    if repeated && class == RetryClass::Query { RetryClass::SameKey } else { class }
}

struct Row {
    operation: Option<Operation>,
    status: u16,
    code: &'static str,
    class: RetryClass,
}

fn rows() -> Vec<Row> {
    TABLE
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [operation, status, code, class] = fields[..] else { panic!("{line}") };
            let operation = OPERATIONS.into_iter().find(|known| format!("{known:?}") == operation);
            assert!(operation.is_some() || line.starts_with("Any\t"), "{line}");
            let class = [
                RetryClass::SameKey,
                RetryClass::NewKey,
                RetryClass::Query,
                RetryClass::Final,
                RetryClass::Config,
                RetryClass::MaybeDone,
            ]
            .into_iter()
            .find(|known| format!("{known:?}") == class)
            .expect(line);
            Row { operation, status: status.parse().expect(line), code, class }
        })
        .collect()
}

#[test]
fn every_row_of_the_documents_has_its_class() {
    let rows = rows();
    assert_eq!(rows.len(), 240);
    for row in &rows {
        let code = ErrorCode::from(row.code);
        assert_eq!(code.documented_status(), Some(row.status), "{}", row.code);
        match row.operation {
            Some(operation) => {
                assert_eq!(code.class(operation, row.status), row.class, "{operation:?} {}", row.code);
            }
            None => {
                for operation in OPERATIONS {
                    let own =
                        rows.iter().find(|own| own.operation == Some(operation) && own.code == row.code);
                    let class = asked_by_repeating(operation, own.map_or(row.class, |own| own.class));
                    assert_eq!(code.class(operation, row.status), class, "{operation:?} {}", row.code);
                }
            }
        }
    }
}

#[test]
fn every_code_that_is_known_is_in_the_documents_and_every_one_there_is_known() {
    let listed: BTreeSet<&str> = rows().iter().map(|row| row.code).collect();
    let known: BTreeSet<&str> = ErrorCode::KNOWN.iter().map(ErrorCode::as_str).collect();
    assert_eq!(listed, known);
    assert_eq!(known.len(), ErrorCode::KNOWN.len());
}

#[test]
fn the_codes_that_decide_about_money_are_spelled_out() {
    use Operation::{BillingCharge, BillingDelete, BillingIssue, Cancel, Confirm, Read};
    for (operation, code, class) in [
        (Confirm, "ALREADY_PROCESSED_PAYMENT", RetryClass::MaybeDone),
        (Confirm, "PROVIDER_ERROR", RetryClass::Query),
        (Confirm, "REJECT_CARD_PAYMENT", RetryClass::Final),
        (Confirm, "NOT_FOUND_PAYMENT", RetryClass::Config),
        (Read, "NOT_FOUND_PAYMENT", RetryClass::Final),
        (Confirm, "IDEMPOTENT_REQUEST_PROCESSING", RetryClass::SameKey),
        (Confirm, "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", RetryClass::Query),
        (Read, "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING", RetryClass::SameKey),
        (Confirm, "NOT_AVAILABLE_BANK", RetryClass::Final),
        (Cancel, "NOT_AVAILABLE_BANK", RetryClass::NewKey),
        (Cancel, "ALREADY_CANCELED_PAYMENT", RetryClass::MaybeDone),
        (Cancel, "NOT_CANCELABLE_AMOUNT", RetryClass::MaybeDone),
        (Cancel, "NOT_MATCHES_REFUNDABLE_AMOUNT", RetryClass::Query),
        (Cancel, "REFUND_REJECTED", RetryClass::Final),
        (BillingIssue, "COMMON_ERROR", RetryClass::SameKey),
        (BillingIssue, "INVALID_BILLING_AUTH", RetryClass::Final),
        (BillingCharge, "COMMON_ERROR", RetryClass::Query),
        (BillingCharge, "DUPLICATED_ORDER_ID", RetryClass::MaybeDone),
        (BillingCharge, "REJECT_CARD_PAYMENT", RetryClass::NewKey),
        (BillingCharge, "ALREADY_REMOVED_BILLING_KEY", RetryClass::Final),
        (BillingDelete, "ALREADY_REMOVED_BILLING_KEY", RetryClass::MaybeDone),
        (BillingDelete, "COMMON_ERROR", RetryClass::SameKey),
    ] {
        assert_eq!(ErrorCode::from(code).class(operation, 418), class, "{operation:?} {code}");
    }
}

#[test]
fn an_unknown_code_is_classed_by_its_status() {
    let unknown = ErrorCode::from("NEVER_SEEN_BEFORE");
    assert_eq!(unknown.as_str(), "NEVER_SEEN_BEFORE");
    assert_eq!(unknown.documented_status(), None);
    for operation in OPERATIONS {
        for (status, class) in [
            (400, RetryClass::Final),
            (401, RetryClass::Final),
            (403, RetryClass::Final),
            (404, RetryClass::Final),
            (409, RetryClass::SameKey),
            (429, RetryClass::NewKey),
            (499, RetryClass::Final),
            (500, RetryClass::Query),
            (503, RetryClass::Query),
            (302, RetryClass::Query),
        ] {
            let class = asked_by_repeating(operation, class);
            assert_eq!(unknown.class(operation, status), class, "{operation:?} {status}");
        }
    }
}
