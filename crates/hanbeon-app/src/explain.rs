//! Why is this order in its state? Told from what is stored, in English or Korean, for whoever answers for the money.
//!
//! 1. the order, and whether anything holds it;
//! 2. each payment: what its state means, in money, and why;
//! 3. how it came there: every line of its journal, in [`words`];
//! 4. its refunds;
//! 5. the [charge](explain_charge) without a window that it came from.
mod charge;
mod words;

pub use charge::explain_charge;

use hanbeon_domain::{State, Timestamp};
use hanbeon_store::{OrderRecord, PaymentRecord, Store, StoreError};
use std::fmt::Write as _;
use words::Words;

/// In which language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// For operators.
    #[default]
    English,
    /// For whoever talks to buyers.
    Korean,
}

/// Reads all there is about an order; `None` when there is no such order.
///
/// # Errors
/// What the store says.
pub async fn explain(
    store: &dyn Store,
    now: Timestamp,
    order: hanbeon_domain::OrderId,
    language: Language,
) -> Result<Option<String>, StoreError> {
    let Some(record) = store.order(order).await? else { return Ok(None) };
    let mut payments = Vec::new();
    for payment in &record.payments {
        payments.extend(store.payment(payment.id).await?);
    }
    Ok(Some(tell(&record, &payments, now, language)))
}

/// The story, from what was read. Others wrote parts of it: every line of it is [`plain`].
#[must_use]
pub fn tell(order: &OrderRecord, payments: &[PaymentRecord], now: Timestamp, language: Language) -> String {
    let words = Words(language);
    let mut lines = vec![words.order(order, now)];
    for record in payments {
        let payment = &record.payment;
        lines.extend([String::new(), words.payment(payment)]);
        lines.push(format!("  {}", words.state(payment.state.name())));
        lines.extend(words.cause(&payment.state).map(|cause| format!("  {cause}")));
        if payment.late {
            lines.push(format!("  {}", words.late()));
        }
        lines.push(format!("  {}", words.money(payment)));
        let needs_review = matches!(payment.state, State::NeedsReview { .. });
        lines.extend(record.refunds.iter().map(|refund| format!("  {}", words.refund(refund, needs_review))));
        lines.push(format!("  {}", words.history()));
        lines.extend(record.history.iter().map(|line| format!("    {} {}", when(line.at), words.line(line))));
    }
    on_a_terminal(&lines)
}

fn on_a_terminal(lines: &[String]) -> String {
    lines.iter().fold(String::new(), |mut story, line| {
        let _ = writeln!(story, "{}", plain(line));
        story
    })
}

/// Text that others wrote, for a terminal: nothing in it may pass for a line of ours, move the cursor, or turn the
/// order of what is read around.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if deceives(c) { '\u{FFFD}' } else { c }).collect()
}

/// Control characters, line and paragraph separators, and what is invisible or changes the direction of writing.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}')
        || matches!(c, '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Korean time, as Toss writes it.
#[must_use]
pub fn when(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    instant.display_with_offset(jiff::tz::offset(9)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn j7_nothing_that_others_wrote_moves_a_terminal() {
        for c in (0..=0x10_FFFF).filter_map(char::from_u32).filter(|c| c.is_control()) {
            assert_eq!(plain(&c.to_string()), "\u{FFFD}", "{c:?}");
        }
        let evil = "a\u{1b}[2Jb\rc\nd\u{9b}1me\u{202e}f\u{2066}g\u{2028}h\u{200b}i\u{e0041}j";
        let shown = plain(evil);
        assert_eq!(shown.chars().filter(|c| *c == '\u{FFFD}').count(), 9);
        assert_eq!(shown.replace('\u{FFFD}', ""), "a[2Jbcd1mefghij");
        let honest = "주문 \"머그컵\" <b>=1+1</b> 👨‍👩‍👧 né";
        assert_eq!(plain(honest), honest);
    }
}
