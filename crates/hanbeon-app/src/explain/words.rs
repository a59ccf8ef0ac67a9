//! The sentences.
use super::Language;
use hanbeon_domain::payment::CanceledBy;
use hanbeon_domain::{Payment, RefundOutcome, Refusal, State, StateName, Timestamp};
use hanbeon_store::{JournalLine, OrderRecord, Progress, RefundRecord};

pub(super) struct Words(pub(super) Language);

impl Words {
    pub(super) const fn pick<'a>(&self, english: &'a str, korean: &'a str) -> &'a str {
        match self.0 {
            Language::English => english,
            Language::Korean => korean,
        }
    }

    pub(super) fn order(&self, record: &OrderRecord, now: Timestamp) -> String {
        let OrderRecord { order, payments } = record;
        let (id, reference, total) = (order.id, &order.reference, order.total);
        let tried = payments.len();
        let held = payments.iter().any(|payment| !payment.leaves_order_free());
        let over = order.expires_at.is_some_and(|at| at <= now);
        let stands = match (held, over) {
            (true, _) => self.pick("one of them holds it.", "그중 하나가 이 주문의 결제입니다."),
            (false, false) => self.pick(
                "none holds it: it can be paid.",
                "이 주문을 차지한 결제가 없어 지금 결제할 수 있습니다.",
            ),
            (false, true) => self.pick(
                "none holds it, and its time is over: it can no longer be paid.",
                "이 주문을 차지한 결제가 없고, 결제 기한이 지나 더는 결제할 수 없습니다.",
            ),
        };
        match self.0 {
            Language::English => {
                format!("Order {id} ({reference}) costs {total} won. Payments: {tried}; {stands}")
            }
            Language::Korean => format!("주문 {id} ({reference}), {total}원. 결제 시도 {tried}건, {stands}"),
        }
    }

    pub(super) fn payment(&self, payment: &Payment) -> String {
        let (id, key, state) = (payment.id, payment.key.as_str(), payment.state.name());
        match self.0 {
            Language::English => format!("Payment {id} (paymentKey {key}): {state}"),
            Language::Korean => format!("결제 {id} (paymentKey {key}): {state}"),
        }
    }

    pub(super) const fn state(&self, state: StateName) -> &'static str {
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
                "It was never confirmed. Nothing was taken.",
                "승인되지 않은 채 끝났습니다. 청구된 금액이 없습니다.",
            ),
            S::NeedsReview => self.pick(
                "Toss did not tell, or told what cannot be. A human has to look: `hanbeon review show`.",
                "결과를 확정할 수 없어 담당자의 확인이 필요합니다: `hanbeon review show`.",
            ),
        }
    }

    pub(super) fn money(&self, payment: &Payment) -> String {
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

    pub(super) fn line(&self, line: &JournalLine) -> String {
        let JournalLine { version, actor, from, to, event, .. } = line;
        let kind = event.strip_prefix("imported: ").unwrap_or(event);
        let kind = kind.split([' ', ':']).next().unwrap_or_default();
        let what = self.event(kind);
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

    pub(super) fn refund(&self, record: &RefundRecord, payment_needs_review: bool) -> String {
        use RefundOutcome as O;
        let (id, amount, reason) = (record.refund.id, record.refund.amount, record.refund.reason.as_str());
        let stands = match &record.progress {
            Progress::Queued => self.pick("waits for its turn", "대기 중").to_owned(),
            Progress::Sending => self.pick("under way", "진행 중").to_owned(),
            Progress::Settled(O::Done { .. }) => self.pick("done", "완료").to_owned(),
            Progress::Settled(O::Refused(Refusal { code, message, .. })) => {
                format!("{} {code} ({message})", self.pick("refused:", "거절됨:"))
            }
            Progress::Settled(O::NeedsReview) if payment_needs_review => self
                .pick("nobody knows; a human has to look", "결과를 알 수 없어 담당자의 확인이 필요")
                .to_owned(),
            Progress::Settled(O::NeedsReview) => self
                .pick(
                    "its outcome was never told; the payment above is what is true",
                    "결과를 끝내 확인하지 못함, 위 결제 상태가 사실임",
                )
                .to_owned(),
            Progress::Elsewhere { .. } => {
                self.pick("made at Toss's side, not by us", "토스페이먼츠에서 직접 취소").to_owned()
            }
        };
        match self.0 {
            Language::English => format!("Refund {id} of {amount} won: {stands}. Reason: {reason}"),
            Language::Korean => format!("환불 {id}, {amount}원: {stands}. 사유: {reason}"),
        }
    }

    /// Why it is in its state, where the state alone does not say it.
    pub(super) fn cause(&self, state: &State) -> Option<String> {
        let why = match state {
            State::NeedsReview { why } => format!("{} {why}", self.pick("Why:", "사유:")),
            State::Declined { refusal: told } => {
                let Refusal { code, message, .. } = &**told;
                format!("{} {code} ({message})", self.pick("The refusal:", "거절 사유:"))
            }
            State::Canceled { by } => match by {
                CanceledBy::Request => self.pick(
                    "The buyer or the shop asked for it, through us.",
                    "구매자 또는 상점이 요청했습니다.",
                ),
                CanceledBy::Compensation => self.pick(
                    "The charge could not be kept, so it was taken back, and the order was freed.",
                    "승인을 유지할 수 없어 되돌렸고, 주문은 다시 결제할 수 있습니다.",
                ),
                CanceledBy::Elsewhere => self.pick(
                    "It was done at Toss's side, or a human said so; the history tells which.",
                    "토스페이먼츠에서 직접 취소되었거나 담당자가 확인했습니다. 아래 이력을 보십시오.",
                ),
            }
            .to_owned(),
            State::Ready
            | State::Confirming { .. }
            | State::WaitingForDeposit
            | State::Paid
            | State::Canceling { .. }
            | State::PartiallyCanceled
            | State::Expired => return None,
        };
        Some(why)
    }

    pub(super) const fn late(&self) -> &'static str {
        self.pick(
            "Its money turned up late, after it had let go of its order; it claims no order.",
            "이 결제가 주문을 놓은 뒤에 뒤늦게 승인이 확인되었고, 주문의 결제로 치지 않습니다.",
        )
    }

    pub(super) const fn history(&self) -> &'static str {
        self.pick("How it came there:", "이력:")
    }
}
