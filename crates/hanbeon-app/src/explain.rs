//! Why is this order in its state? Told from what is stored, in English or Korean, for whoever answers for the money.
//!
//! 1. the order, and whether anything holds it;
//! 2. each payment: what its state means, in money;
//! 3. how it came there: every line of its journal, in words.
use hanbeon_domain::{Payment, StateName, Timestamp};
use hanbeon_store::{JournalLine, OrderRecord, PaymentRecord, Progress, RefundRecord, Store, StoreError};
use std::fmt::Write as _;

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
    order: hanbeon_domain::OrderId,
    language: Language,
) -> Result<Option<String>, StoreError> {
    let Some(record) = store.order(order).await? else { return Ok(None) };
    let mut payments = Vec::new();
    for payment in &record.payments {
        payments.extend(store.payment(payment.id).await?);
    }
    Ok(Some(tell(&record, &payments, language)))
}

/// The story, from what was read.
#[must_use]
pub fn tell(order: &OrderRecord, payments: &[PaymentRecord], language: Language) -> String {
    let mut story = String::new();
    let words = Words(language);
    let _ = writeln!(story, "{}", words.order(order));
    for record in payments {
        let payment = &record.payment;
        let _ = writeln!(story, "\n{}", words.payment(payment));
        let _ = writeln!(story, "  {}", words.state(payment.state.name()));
        let _ = writeln!(story, "  {}", words.money(payment));
        for line in &record.history {
            let _ = writeln!(story, "  {} {}", when(line.at), words.line(line));
        }
        for refund in &record.refunds {
            let _ = writeln!(story, "  {}", words.refund(refund));
        }
    }
    story
}

struct Words(Language);

impl Words {
    const fn pick<'a>(&self, english: &'a str, korean: &'a str) -> &'a str {
        match self.0 {
            Language::English => english,
            Language::Korean => korean,
        }
    }

    fn order(&self, record: &OrderRecord) -> String {
        let OrderRecord { order, payments } = record;
        let (id, reference, total, tried) =
            (order.id, plain(order.reference.as_str()), order.total, payments.len());
        let held = payments.iter().any(|payment| !payment.leaves_order_free());
        match (self.0, held) {
            (Language::English, true) => {
                format!(
                    "Order {id} ({reference}) costs {total} won. Payments: {tried}; one of them holds it."
                )
            }
            (Language::English, false) => {
                format!(
                    "Order {id} ({reference}) costs {total} won. Payments: {tried}; none holds it: it can be paid."
                )
            }
            (Language::Korean, true) => {
                format!(
                    "주문 {id} ({reference}), {total}원. 결제 시도 {tried}건, 그중 하나가 이 주문의 결제입니다."
                )
            }
            (Language::Korean, false) => {
                format!(
                    "주문 {id} ({reference}), {total}원. 결제 시도 {tried}건, 유효한 결제가 없어 결제할 수 있습니다."
                )
            }
        }
    }

    fn payment(&self, payment: &Payment) -> String {
        let (id, key, state) = (payment.id, payment.key.as_str(), payment.state.name());
        match self.0 {
            Language::English => format!("Payment {id} (paymentKey {key}): {state}"),
            Language::Korean => format!("결제 {id} (paymentKey {key}): {state}"),
        }
    }

    const fn state(&self, state: StateName) -> &'static str {
        use StateName as S;
        match state {
            S::Ready => self.pick("Nothing has been decided.", "아직 아무것도 결정되지 않았습니다."),
            S::Confirming => self.pick(
                "We meant to charge, and do not know yet whether Toss did. It is being asked.",
                "승인을 요청했으나 결과를 아직 모릅니다. 토스페이먼츠에 확인하고 있습니다.",
            ),
            S::WaitingForDeposit => self.pick(
                "A virtual account waits for the buyer's money.",
                "가상계좌가 발급되었고 입금을 기다리고 있습니다.",
            ),
            S::Paid => self.pick("Toss took the money, and it is ours.", "결제가 승인되어 완료되었습니다."),
            S::Canceling => self.pick(
                "We meant to give money back, and do not know yet whether Toss did. It is being asked.",
                "환불을 요청했으나 결과를 아직 모릅니다. 토스페이먼츠에 확인하고 있습니다.",
            ),
            S::PartiallyCanceled => {
                self.pick("Some of the money was given back.", "일부 금액이 환불되었습니다.")
            }
            S::Canceled => self.pick("All of the money was given back.", "전액 환불(취소)되었습니다."),
            S::Declined => self.pick(
                "Toss refused the charge. Nothing was taken.",
                "승인이 거절되었습니다. 청구된 금액이 없습니다.",
            ),
            S::Expired => self.pick(
                "It was not confirmed in time. Nothing was taken.",
                "승인 시간이 지나 만료되었습니다. 청구된 금액이 없습니다.",
            ),
            S::NeedsReview => self.pick(
                "Toss did not tell, or told what cannot be. A human has to look: `hanbeon review show`.",
                "결과를 확정할 수 없어 담당자의 확인이 필요합니다: `hanbeon review show`.",
            ),
        }
    }

    fn money(&self, payment: &Payment) -> String {
        let Payment { amount, captured, refunded, .. } = payment;
        let (reserved, toss) = (payment.reserved(), payment.toss.status.as_str());
        match self.0 {
            Language::English => format!(
                "Of {amount} won, {captured} were taken, {refunded} given back, {reserved} are being given back. Toss last said {toss}."
            ),
            Language::Korean => format!(
                "결제 금액 {amount}원 중 승인 {captured}원, 환불 완료 {refunded}원, 환불 진행 {reserved}원. 토스페이먼츠 상태: {toss}."
            ),
        }
    }

    fn line(&self, line: &JournalLine) -> String {
        let JournalLine { version, actor, from, to, event, .. } = line;
        let kind = event.split([' ', ':']).next().unwrap_or_default();
        let what = self.event(kind);
        let event = plain(event);
        format!("{version:>3}. {actor}: {from} → {to}: {what} [{event}]")
    }

    fn event(&self, kind: &str) -> &'static str {
        match kind {
            "confirm_requested" => {
                self.pick("the intent to charge is written, before Toss is asked", "승인 요청을 먼저 기록")
            }
            "cancel_requested" => {
                self.pick("the intent to give back is written, before Toss is asked", "환불 요청을 먼저 기록")
            }
            "compensation_due" => self.pick(
                "the charge could not be recorded in time, and is taken back",
                "승인 결과를 저장하지 못해 자동 취소를 결정",
            ),
            "psp_seen" => self.pick("Toss showed the payment", "토스페이먼츠가 결제 상태를 알려줌"),
            "psp_refused" => self.pick("Toss refused", "토스페이먼츠가 거절"),
            "psp_read_it" => self
                .pick("Toss says it was done before: ask what it is", "이미 처리되었다는 응답, 상태를 조회"),
            "psp_absent" => self.pick("Toss does not know the payment", "토스페이먼츠에 결제 정보가 없음"),
            "psp_not_sent" => self.pick("the request never left us", "요청이 전송되지 않음"),
            "psp_unclear" => self.pick("no clear answer: anything may have happened", "응답이 불분명함"),
            "psp_not_ours" => self.pick(
                "the answer was about another payment, and is not believed",
                "다른 결제에 대한 응답이라 무시",
            ),
            "tries_exhausted" => self.pick("asked often enough", "확인 횟수 초과"),
            "operator_said" => self.pick("a human looked into it", "담당자가 확인"),
            _ => self.pick("something else", "기타"),
        }
    }

    fn refund(&self, record: &RefundRecord) -> String {
        let (id, amount, reason) =
            (record.refund.id, record.refund.amount, plain(record.refund.reason.as_str()));
        let stands = match record.progress {
            Progress::Queued => self.pick("waits for its turn", "대기 중"),
            Progress::Sending => self.pick("under way", "진행 중"),
            Progress::Settled(hanbeon_domain::RefundOutcome::Done { .. }) => self.pick("done", "완료"),
            Progress::Settled(hanbeon_domain::RefundOutcome::Refused(_)) => self.pick("refused", "거절"),
            Progress::Settled(hanbeon_domain::RefundOutcome::NeedsReview) => {
                self.pick("needs a human", "담당자 확인 필요")
            }
            Progress::Elsewhere { .. } => self.pick("made at Toss's side", "토스페이먼츠에서 직접 취소"),
        };
        let word = self.pick("Refund", "환불");
        let won = self.pick("won", "원");
        format!("{word} {id}: {amount} {won}, {stands} ({reason})")
    }
}

/// Text that others wrote, for a terminal: no control character may pass for one of ours.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect()
}

/// Korean time, as Toss writes it.
fn when(at: Timestamp) -> String {
    let instant = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
    instant.display_with_offset(jiff::tz::offset(9)).to_string()
}
