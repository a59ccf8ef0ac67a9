//! Moving the books from one kind of store to another: every table, row by row, in words that both kinds have.
//!
//! What is not here is not carried: the record of migrations, the health check's row, and what follows from the rows
//! (the generation and the counter of events are set in the end).
use crate::hex;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use uuid::Uuid;

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number: an amount, an instant in microseconds, a count.
    Number,
    /// Yes or no.
    Truth,
    /// Text.
    Text,
    /// Bytes.
    Bytes,
    /// A UUID.
    Id,
}

/// What stands in a row, in one column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "as in Kind")]
pub enum Cell {
    /// Nothing.
    Null,
    Number(i64),
    Truth(bool),
    Text(String),
    Bytes(Vec<u8>),
    Id(Uuid),
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// In both kinds of store.
    pub name: &'static str,
    /// What stands in it.
    pub kind: Kind,
}

/// A table.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// In both kinds of store.
    pub name: &'static str,
    /// So many columns, from the first on, tell its rows apart. Rows are carried in their order, byte by byte.
    pub key: usize,
    /// In the order of a row's cells.
    pub columns: &'static [Column],
}

macro_rules! table {
    ($name:ident by $key:literal: $($kind:ident $($column:ident)+);+ $(;)?) => {
        Table {
            name: stringify!($name),
            key: $key,
            columns: &[$($(Column { name: stringify!($column), kind: Kind::$kind }),+),+],
        }
    };
}

/// Every table, each after those that it refers to.
pub const TABLES: &[Table] = &[
    table!(api_keys by 1: Bytes hash; Text name; Number created_at revoked_at),
    table!(claims by 1: Text idempotency_key; Bytes request; Id operation; Number until; Truth released;
        Number answer_status; Bytes answer_body),
    table!(webhooks by 1: Number webhook_id received_at;
        Text transmission_id meaning event_type hint_key hint_order verdict; Truth repeated; Bytes body),
    table!(orders by 1: Id order_id;
        Text merchant_reference order_name lines customer_name customer_email customer_phone;
        Number total_amount tax_free_amount tax_exemption_amount created_at expires_at),
    table!(sessions by 1: Bytes session_id; Number created_at),
    table!(saved_amounts by 2: Bytes session_id; Number seq; Text toss_order_id; Number amount saved_at consumed_at),
    table!(payments by 1: Id payment_id order_id; Number attempt;
        Text toss_order_id toss_payment_key toss_payment_method toss_payment_status;
        Number total_amount requested_at approved_at; Bytes toss_secret payer_session;
        Number created_at updated_at version due_at; Truth held; Number noticed_at; Truth look;
        Number refund_from notice_from supplied_amount vat tax_free_amount tax_exemption_amount;
        Number captured_amount refunded_amount reserved_amount last_cancel_at; Truth late;
        Text told_state; Number told_refunded settles_at; Bytes seal; Text state; Number tries round;
        Truth answered unchanged; Number landing_until; Text canceled_by; Number refusal_status;
        Text refusal_code refusal_message; Bytes refusal_body; Text review_reason),
    table!(refunds by 1: Id refund_id payment_id;
        Number seq began_version amount tax_free_amount tax_exemption_amount; Truth whole; Text reason cause actor;
        Number balance_before requested_at; Text state; Number settled_at; Text transaction_key; Number reply_status;
        Bytes reply_body; Text refusal_code refusal_message),
    table!(refund_accounts by 1: Id refund_id; Text sealed_by; Bytes sealed),
    table!(journal by 2: Id payment_id; Number version at; Text actor from_state to_state event; Bytes evidence seal),
    table!(events by 1: Number number; Id about_id; Number sequence; Id payment_id; Text kind; Number at; Text body;
        Number ripe_at),
    table!(undo_promises by 1: Id payment_id),
    table!(customers by 1: Id customer_id; Text customer_key; Number created_at),
    table!(billing_keys by 1: Id billing_key_id customer_id; Number created_at version due_at; Text state; Number tries;
        Text label; Number doubted_at; Text sealed_by; Bytes sealed fingerprint; Number refusal_status;
        Text refusal_code refusal_message; Bytes refusal_body),
    table!(subscriptions by 1: Id subscription_id customer_id billing_key_id; Number amount; Text order_name start_day;
        Number anchor months created_at version period; Text status; Truth retry_now; Number due_at),
    table!(charges by 1: Id charge_id customer_id billing_key_id subscription_id; Number period ordinal;
        Text toss_order_id; Number amount; Text order_name; Number created_at version due_at; Text state;
        Number settled_at tries round; Truth answered; Number refusal_status; Text refusal_code refusal_message;
        Bytes refusal_body; Id payment_id),
    table!(receipts by 1: Id receipt_id payment_id; Text kind; Number amount canceled_amount created_at version due_at;
        Text state toss_receipt_key url; Number tries cancel_amount cancel_since called_at round;
        Truth answered landing; Text reason_code reason_message review_reason),
    table!(receipt_cancels by 2: Id receipt_id; Number ordinal amount canceled_at),
];

/// Which books are being carried: a digest that no two installations share.
pub type BooksName = [u8; 32];

/// What a table holds, in two numbers: how many rows, and the SHA-256 of all of them in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Rows.
    pub rows: u64,
    /// Of the canonical text of each row, one after another.
    pub checksum: [u8; 32],
}

/// Adds rows up.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    rows: u64,
    hash: Sha256,
}

impl Tally {
    /// Takes the next row in.
    pub fn add(&mut self, row: &[Cell]) {
        let mut text = String::new();
        for cell in row {
            cell.write(&mut text);
            text.push('|');
        }
        text.push('\n');
        self.rows += 1;
        self.hash.update(text);
    }

    /// What came together.
    #[must_use]
    pub fn sum(self) -> Sum {
        Sum { rows: self.rows, checksum: self.hash.finalize().into() }
    }
}

impl Cell {
    /// As canonical text: no two cells have the same, and none can be mistaken for two.
    fn write(&self, text: &mut String) {
        // Writing to a String does not fail.
        let _ = match self {
            Self::Null => text.write_str("-"),
            Self::Number(number) => write!(text, "{number}"),
            Self::Truth(truth) => text.write_str(if *truth { "yes" } else { "no" }),
            Self::Text(words) => write!(text, "\"{}:{words}", words.len()),
            Self::Bytes(bytes) => write!(text, "x{}", hex(bytes)),
            Self::Id(id) => write!(text, "#{}", id.as_simple()),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(rows: &[&[Cell]]) -> Sum {
        let mut tally = Tally::default();
        for row in rows {
            tally.add(row);
        }
        tally.sum()
    }

    #[test]
    fn rows_that_differ_in_any_cell_differ_in_their_checksum() {
        let text = |words: &str| Cell::Text(words.to_owned());
        let rows: Vec<Vec<Cell>> = vec![
            vec![Cell::Null, Cell::Null],
            vec![Cell::Number(1), Cell::Null],
            vec![Cell::Null, Cell::Number(1)],
            vec![Cell::Truth(true), Cell::Null],
            vec![text("1"), Cell::Null],
            vec![text(""), Cell::Null],
            vec![text("a|\"1:b"), Cell::Null],
            vec![text("a"), text("b")],
            vec![text("ab"), text("")],
            vec![Cell::Bytes(vec![1]), Cell::Null],
            vec![Cell::Bytes(Vec::new()), Cell::Null],
            vec![Cell::Id(Uuid::from_u128(1)), Cell::Null],
        ];
        for (at, one) in rows.iter().enumerate() {
            for (other_at, other) in rows.iter().enumerate() {
                assert_eq!(sum(&[one]) == sum(&[other]), at == other_at, "{one:?} {other:?}");
            }
        }
        assert_ne!(sum(&[&rows[0], &rows[1]]), sum(&[&rows[1], &rows[0]]), "their order counts");
    }
}
