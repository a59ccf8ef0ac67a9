//! The small vocabularies of the Payment object, all of them open.

use super::open_enum::open_enum;

open_enum! {
    /// How the buyer pays (`method`). Answers carry the Korean word.
    pub enum Method {
        /// Card.
        Card = "카드" / "CARD";
        /// Virtual account: the buyer deposits into an account issued for this payment.
        VirtualAccount = "가상계좌" / "VIRTUAL_ACCOUNT";
        /// Easy pay; the provider is in `easyPay`.
        EasyPay = "간편결제" / "EASY_PAY";
        /// Mobile phone bill.
        MobilePhone = "휴대폰" / "MOBILE_PHONE";
        /// Account transfer.
        Transfer = "계좌이체" / "TRANSFER";
        /// Culture gift certificate.
        CultureGiftCertificate = "문화상품권" / "CULTURE_GIFT_CERTIFICATE";
        /// Book and culture gift certificate.
        BookGiftCertificate = "도서문화상품권" / "BOOK_GIFT_CERTIFICATE";
        /// Game and culture gift certificate.
        GameGiftCertificate = "게임문화상품권" / "GAME_GIFT_CERTIFICATE";
        /// Easy pay from abroad.
        ForeignEasyPay = "해외간편결제" / "FOREIGN_EASY_PAY";
    }
}

open_enum! {
    /// Provider of an easy payment (`easyPay.provider`). Domestic providers come by their Korean name, foreign ones by
    /// their code.
    pub enum EasyPayProvider {
        /// Toss Pay.
        TossPay = "토스페이" / "TOSSPAY";
        /// Naver Pay.
        NaverPay = "네이버페이" / "NAVERPAY";
        /// Samsung Pay.
        SamsungPay = "삼성페이" / "SAMSUNGPAY";
        /// Apple Pay.
        ApplePay = "애플페이" / "APPLEPAY";
        /// L.Pay.
        LPay = "엘페이" / "LPAY";
        /// SSG Pay.
        SsgPay = "SSG페이" / "SSG";
        /// Pin Pay.
        PinPay = "핀페이" / "PINPAY";
        /// Kakao Pay.
        KakaoPay = "카카오페이" / "KAKAOPAY";
        /// Payco.
        Payco = "페이코" / "PAYCO";
        /// KB Pay.
        KbPay = "KB페이" / "KBPAY";
        /// `PayPal`.
        PayPal = "PAYPAL" / "PAYPAL";
        /// `PayPay` of Japan.
        PayPay = "PAYPAY" / "PAYPAY";
        /// Alipay.
        Alipay = "ALIPAY" / "ALIPAY";
        /// Alipay of Hong Kong.
        AlipayHk = "ALIPAYHK" / "ALIPAYHK";
        /// `GCash`.
        GCash = "GCASH" / "GCASH";
        /// Touch 'n Go.
        TouchNGo = "TOUCHNGO" / "TOUCHNGO";
        /// Boost.
        Boost = "BOOST" / "BOOST";
        /// BPI.
        Bpi = "BPI" / "BPI";
        /// `BillEase`.
        BillEase = "BILLEASE" / "BILLEASE";
        /// DANA.
        Dana = "DANA" / "DANA";
        /// `TrueMoney`.
        TrueMoney = "TRUEMONEY" / "TRUEMONEY";
        /// Rabbit LINE Pay.
        RabbitLinePay = "RABBIT_LINE_PAY" / "RABBIT_LINE_PAY";
    }
}

open_enum! {
    /// Kind of payment (`type`).
    pub enum PaymentType {
        /// An ordinary payment.
        Normal = "NORMAL", "일반", "NORMAL";
        /// A charge of a billing key.
        Billing = "BILLING", "자동", "BILLING";
        /// A payment through the merchant's own wallet.
        BrandPay = "BRANDPAY", "브랜드페이", "BRANDPAY";
        /// A card number that the buyer typed in; only the success redirect of older browser SDKs says so.
        KeyIn = "KEYIN", "카드 번호 입력", "KEYIN";
    }
}

open_enum! {
    /// State of a payment (`status`). A refund in parts ends at `PARTIAL_CANCELED` with a balance of 0.
    pub enum PaymentStatus {
        /// Created, the buyer has not authenticated.
        Ready = "READY", "결제 준비", "READY";
        /// Authenticated, not confirmed: no money has moved.
        InProgress = "IN_PROGRESS", "인증 완료", "IN_PROGRESS";
        /// A virtual account was issued and is not paid yet.
        WaitingForDeposit = "WAITING_FOR_DEPOSIT", "입금 대기", "WAITING_FOR_DEPOSIT";
        /// Paid.
        Done = "DONE", "결제 완료", "DONE";
        /// Cancelled in one piece.
        Canceled = "CANCELED", "전액 취소", "CANCELED";
        /// Cancelled in part, or completely in several parts.
        PartialCanceled = "PARTIAL_CANCELED", "부분 취소", "PARTIAL_CANCELED";
        /// Refused at confirm; the reason is in `failure`.
        Aborted = "ABORTED", "승인 실패", "ABORTED";
        /// Not confirmed in time.
        Expired = "EXPIRED", "기한 만료", "EXPIRED";
    }
}

open_enum! {
    /// State of one cancellation (`cancels[].cancelStatus`). Domestic ones are always done.
    pub enum CancelStatus {
        /// Finished.
        Done = "DONE", "취소 완료", "DONE";
        /// Asked for, not finished (overseas easy pay).
        InProgress = "IN_PROGRESS", "취소 진행 중", "IN_PROGRESS";
        /// Failed.
        Aborted = "ABORTED", "취소 실패", "ABORTED";
    }
}

open_enum! {
    /// Kind of card (`card.cardType`).
    pub enum CardType {
        /// Credit.
        Credit = "신용" / "CREDIT";
        /// Debit.
        Debit = "체크" / "DEBIT" | "CHECK";
        /// Gift.
        Gift = "기프트" / "GIFT";
        /// Not known to Toss: an overseas card or a mixed easy payment.
        Unidentified = "미확인" / "UNKNOWN";
    }
}

open_enum! {
    /// Owner of the card (`card.ownerType`).
    pub enum OwnerType {
        /// A person.
        Personal = "개인" / "PERSONAL";
        /// A company.
        Corporate = "법인" / "CORPORATE";
        /// Not known to Toss.
        Unidentified = "미확인" / "UNKNOWN";
    }
}

open_enum! {
    /// Whether the sale was presented to the card company (`card.acquireStatus`).
    pub enum AcquireStatus {
        /// Not presented yet; a test payment stays here.
        Ready = "READY", "매입 대기", "READY";
        /// Presented.
        Requested = "REQUESTED", "매입 요청", "REQUESTED";
        /// Accepted.
        Completed = "COMPLETED", "매입 완료", "COMPLETED";
        /// The withdrawal was presented.
        CancelRequested = "CANCEL_REQUESTED", "매입 취소 요청", "CANCEL_REQUESTED";
        /// Withdrawn.
        Canceled = "CANCELED", "매입 취소", "CANCELED";
    }
}

open_enum! {
    /// Who pays the interest of an instalment plan (`card.interestPayer`).
    pub enum InterestPayer {
        /// The buyer.
        Buyer = "BUYER", "구매자", "BUYER";
        /// The card company.
        CardCompany = "CARD_COMPANY", "카드사", "CARD_COMPANY";
        /// The merchant.
        Merchant = "MERCHANT", "상점", "MERCHANT";
    }
}

open_enum! {
    /// Kind of virtual account (`virtualAccount.accountType`).
    pub enum AccountType {
        /// Issued for one payment.
        Normal = "일반" / "NORMAL";
        /// Kept for one customer.
        Fixed = "고정" / "FIXED";
    }
}

open_enum! {
    /// State of the refund of a virtual-account payment (`virtualAccount.refundStatus`).
    pub enum RefundStatus {
        /// No refund was asked for.
        None = "NONE", "환불 없음", "NONE";
        /// Under way.
        Pending = "PENDING", "환불 처리 중", "PENDING";
        /// Failed.
        Failed = "FAILED", "환불 실패", "FAILED";
        /// A refund in part failed.
        PartialFailed = "PARTIAL_FAILED", "부분 환불 실패", "PARTIAL_FAILED";
        /// Paid back.
        Completed = "COMPLETED", "환불 완료", "COMPLETED";
    }
}

open_enum! {
    /// Whether Toss has settled the payment with the merchant (`settlementStatus`).
    pub enum SettlementStatus {
        /// Not yet.
        Incompleted = "INCOMPLETED", "정산 전", "INCOMPLETED";
        /// Settled.
        Completed = "COMPLETED", "정산 완료", "COMPLETED";
    }
}

open_enum! {
    /// Purpose of a cash receipt (`cashReceipt.type`).
    pub enum CashReceiptType {
        /// Income deduction of a person.
        IncomeDeduction = "소득공제" / "INCOME_DEDUCTION";
        /// Proof of expense of a business.
        ExpenseProof = "지출증빙" / "EXPENSE_PROOF";
        /// Do not issue (in requests only).
        NotIssued = "미발행" / "NOT_ISSUED";
    }
}

open_enum! {
    /// Whether a cash receipt records a sale or its cancellation (`cashReceipts[].transactionType`).
    pub enum ReceiptTransaction {
        /// A sale.
        Confirm = "CONFIRM", "발급", "CONFIRM";
        /// A cancellation.
        Cancel = "CANCEL", "취소", "CANCEL";
    }
}

open_enum! {
    /// Progress of a cash receipt at the tax service (`cashReceipts[].issueStatus`).
    pub enum IssueStatus {
        /// Reported, not confirmed yet; a test receipt stays here.
        InProgress = "IN_PROGRESS", "발급 진행 중", "IN_PROGRESS";
        /// Confirmed.
        Completed = "COMPLETED", "발급 완료", "COMPLETED";
        /// Refused; the reason is in `failure`.
        Failed = "FAILED", "발급 실패", "FAILED";
    }
}

open_enum! {
    /// Currency of all amounts of a payment.
    pub enum Currency {
        /// Won: no decimals.
        Krw = "KRW", "원", "KRW";
        /// US dollar: two decimals.
        Usd = "USD", "달러", "USD";
        /// Yen: no decimals.
        Jpy = "JPY", "엔", "JPY";
    }
}
