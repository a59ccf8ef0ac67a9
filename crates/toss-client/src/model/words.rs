//! The small vocabularies of lists, requests and events, all of them open.

use super::open_enum::open_enum;

open_enum! {
    /// A way to pay that only the payment window and the widget name. Besides these they name those of
    /// [`Method`](super::Method), [`EasyPayProvider`](super::EasyPayProvider) and
    /// [`CardCompany`](super::CardCompany), in English, and the keys that a merchant made up.
    pub enum WindowMethod {
        /// The merchant's own wallet.
        BrandPay = "BRANDPAY", "브랜드페이", "BRANDPAY";
        /// A card number that the buyer types in.
        KeyIn = "KEYIN", "카드 번호 입력", "KEYIN";
        /// Bank pay.
        BankPay = "BANKPAY", "뱅크페이", "BANKPAY";
        /// Toss Payments' window of all methods.
        TossPayments = "TOSS_PAYMENTS", "토스페이먼츠", "TOSS_PAYMENTS";
    }
}

open_enum! {
    /// Mobile carrier (in requests only; Toss never says which it was).
    pub enum Carrier {
        /// SK Telecom.
        Skt = "SKT", "SK텔레콤", "SKT";
        /// KT.
        Kt = "KT", "KT", "KT";
        /// LG U+.
        Lgu = "LGU", "LG유플러스", "LGU";
        /// LG `HelloVision`.
        Hello = "HELLO", "LG헬로비전", "HELLO";
        /// T-plus.
        Kct = "KCT", "티플러스", "KCT";
        /// SK 7mobile.
        Sk7 = "SK7", "SK 7mobile", "SK7";
    }
}

open_enum! {
    /// Language of the payment window (in requests of the browser SDK).
    pub enum Language {
        /// Korean.
        Korean = "KO", "한국어", "KO";
        /// English.
        English = "EN", "영어", "EN";
        /// Japanese.
        Japanese = "JA", "일본어", "JA";
        /// Chinese.
        Chinese = "ZH", "중국어", "ZH";
    }
}

open_enum! {
    /// What number a cash receipt is registered under (brandpay).
    pub enum RegistrationNumberType {
        /// A mobile phone.
        Mobile = "MOBILE", "휴대폰 번호", "MOBILE";
        /// A cash-receipt card.
        CashReceiptCard = "CASH_RECEIPT_CARD", "현금영수증 카드 번호", "CASH_RECEIPT_CARD";
        /// A business.
        BusinessRegistration = "BUSINESS_REGISTRATION", "사업자등록번호", "BUSINESS_REGISTRATION";
    }
}

open_enum! {
    /// What a fee of a settlement is for (`fees[].type`).
    pub enum FeeType {
        /// The ordinary fee.
        Base = "BASE", "기본 수수료", "BASE";
        /// A discount of instalments.
        InstallmentDiscount = "INSTALLMENT_DISCOUNT", "할부 할인", "INSTALLMENT_DISCOUNT";
        /// Instalments.
        Installment = "INSTALLMENT", "할부 수수료", "INSTALLMENT";
        /// Points given to the buyer.
        PointSaving = "POINT_SAVING", "포인트 적립", "POINT_SAVING";
        /// Anything else.
        Etc = "ETC", "기타", "ETC";
    }
}

open_enum! {
    /// Which day of a settlement a list goes by (`dateType`).
    pub enum SettlementDate {
        /// The day of the sale.
        Sold = "soldDate", "매출일", "soldDate";
        /// The day of the payout.
        PaidOut = "paidOutDate", "지급일", "paidOutDate";
    }
}

open_enum! {
    /// Kind of promotion (`type`).
    pub enum PromotionType {
        /// An instant discount of a card company.
        CardDiscount = "CARD_DISCOUNT", "카드 즉시 할인", "CARD_DISCOUNT";
        /// Instalments free of interest.
        CardInterestFree = "CARD_INTEREST_FREE", "카드 무이자 할부", "CARD_INTEREST_FREE";
        /// Payment with card points.
        CardPoint = "CARD_POINT", "카드 포인트", "CARD_POINT";
        /// An instant discount of a bank.
        BankDiscount = "BANK_DISCOUNT", "계좌 즉시 할인", "BANK_DISCOUNT";
    }
}

open_enum! {
    /// State of a payout to a seller.
    pub enum PayoutStatus {
        /// Asked for.
        Requested = "REQUESTED", "지급 요청", "REQUESTED";
        /// Under way.
        InProgress = "IN_PROGRESS", "지급 진행 중", "IN_PROGRESS";
        /// Paid.
        Completed = "COMPLETED", "지급 완료", "COMPLETED";
        /// Failed or rejected.
        Failed = "FAILED", "지급 실패", "FAILED";
        /// Cancelled (first version of payouts).
        Canceled = "CANCELED", "지급 취소", "CANCELED";
    }
}

open_enum! {
    /// How far Toss has approved a seller.
    pub enum SellerStatus {
        /// Nothing may be paid out.
        ApprovalRequired = "APPROVAL_REQUIRED", "승인 필요", "APPROVAL_REQUIRED";
        /// Payouts up to a limit.
        PartiallyApproved = "PARTIALLY_APPROVED", "부분 승인", "PARTIALLY_APPROVED";
        /// The seller has to prove who they are.
        KycRequired = "KYC_REQUIRED", "고객 확인 필요", "KYC_REQUIRED";
        /// Payouts without a limit.
        Approved = "APPROVED", "승인 완료", "APPROVED";
    }
}

open_enum! {
    /// What became of a method of payment in a merchant's own wallet.
    pub enum MethodStatus {
        /// May be used. Toss's example writes `ENABLE`.
        Enabled = "ENABLED", "사용 가능", "ENABLED" | "ENABLE";
        /// May not be used.
        Disabled = "DISABLED", "사용 불가", "DISABLED";
        /// Has another name.
        AliasUpdated = "ALIAS_UPDATED", "별명 변경", "ALIAS_UPDATED";
    }
}

open_enum! {
    /// What became of a customer of a merchant's own wallet.
    pub enum CustomerStatus {
        /// Joined.
        Created = "CREATED", "가입", "CREATED";
        /// Left.
        Removed = "REMOVED", "탈퇴", "REMOVED";
        /// Has another password.
        PasswordChanged = "PASSWORD_CHANGED", "비밀번호 변경", "PASSWORD_CHANGED";
        /// Pays with one touch.
        OneTouchActivated = "ONE_TOUCH_ACTIVATED", "원터치 결제 사용", "ONE_TOUCH_ACTIVATED";
        /// No longer pays with one touch.
        OneTouchDeactivated = "ONE_TOUCH_DEACTIVATED", "원터치 결제 해제", "ONE_TOUCH_DEACTIVATED";
    }
}

open_enum! {
    /// How a reserved call to a buyer ended.
    pub enum ArsStatus {
        /// Made.
        Done = "DONE", "완료", "DONE";
        /// Cancelled.
        Canceled = "CANCELED", "취소", "CANCELED";
    }
}
