//! The table of error codes: status, Korean message, English message.
//!
//! From Toss error codes, "valid on every endpoint", Confirm, Read, Cancel, and the window's parameter codes.
//! A blank English cell in the documents answers in Korean, as everything else without a translation does.
//! The texts marked *ours* stand for messages that the documents name a code for and no words.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::lang::{Lang, Word};

/// One code of Toss with the status and the messages that belong to it.
#[derive(Clone, Copy)]
pub(crate) struct Code(&'static Row);

struct Row {
    name: &'static str,
    status: u16,
    ko: &'static str,
    en: &'static str,
}

impl Code {
    /// The name on the wire, `NOT_FOUND_PAYMENT`.
    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    /// The HTTP status that Toss gives this code.
    pub(crate) fn status(self) -> u16 {
        self.0.status
    }

    /// The message in the caller's language; Korean where Toss published no English.
    pub(crate) fn message(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En if !self.0.en.is_empty() => self.0.en,
            _ => self.0.ko,
        }
    }

    /// The code of this name, if Toss has published it.
    pub(crate) fn find(name: &str) -> Option<Self> {
        TABLE.iter().copied().find(|code| code.name() == name)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| D::Error::custom("a code that does not exist"))
    }
}

impl std::fmt::Debug for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What the provider says of a payment that is being confirmed already.
pub(crate) const BUSY_PROVIDER: &str = "[S008] 기존 요청을 처리중입니다.";

/// A refusal as it leaves the sandbox: a code, the status it is sent with, and at times the provider's words.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Refusal {
    pub(crate) code: Code,
    pub(crate) status: u16,
    #[serde(deserialize_with = "kept_words")]
    pub(crate) provider: Option<Word>,
}

fn kept_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Word>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(|_| BUSY_PROVIDER))
}

impl Refusal {
    /// The same code under another status: what a fault rule asks for.
    pub(crate) fn with_status(code: Code, status: u16) -> Self {
        Self { code, status, provider: None }
    }

    /// `FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING` carries whatever the provider said.
    pub(crate) fn from_provider(words: &'static str) -> Self {
        let code = FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING;
        Self { code, status: code.status(), provider: Some(words) }
    }

    pub(crate) fn message(self, lang: Lang) -> &'static str {
        self.provider.unwrap_or_else(|| self.code.message(lang))
    }

    /// The JSON body, `{"code":…,"message":…}`.
    pub(crate) fn body(self, lang: Lang) -> Vec<u8> {
        let body = serde_json::json!({ "code": self.code.name(), "message": self.message(lang) });
        body.to_string().into_bytes()
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, status: code.status(), provider: None }
    }
}

macro_rules! codes {
    ($($name:ident $status:literal $ko:literal $en:literal)*) => {
        $(pub(crate) const $name: Code =
            Code(&Row { name: stringify!($name), status: $status, ko: $ko, en: $en });)*
        const TABLE: &[Code] = &[$($name),*];
    };
}

codes! {
    // Every endpoint.
    INVALID_REQUEST 400 "잘못된 요청입니다." "The bad request."
    INVALID_API_KEY 400 "잘못된 시크릿키 연동 정보 입니다." "Incorrect secret key."
    INVALID_REQUIRED_PARAM 400 "필수 파라미터가 누락되었습니다." "The required parameter is missing."
    INVALID_TEST_CODE 400 "유효하지 않은 테스트 코드입니다." "Invalid test code"
    INVALID_IDEMPOTENCY_KEY 400 "멱등키는 300자 이하여야 합니다." ""
    UNAUTHORIZED_KEY 401 "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다." "This is an unauthenticated secret key or client key."
    INCORRECT_BASIC_AUTH_FORMAT 403 "잘못된 요청입니다. ':' 를 포함해 인코딩해주세요." "Invalid request. Please encode including the ':' character."
    FORBIDDEN_REQUEST 403 "허용되지 않은 요청입니다." "This request is not allowed."
    FORBIDDEN_CONSECUTIVE_REQUEST 403 "반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요." "Repetitive requests are not allowed. Please try again in a few minutes."
    NOT_FOUND 404 "존재하지 않는 정보 입니다." "This information does not exist."
    NOT_FOUND_HTTP_METHOD 404 "존재하지 않는 HTTP 메소드 접근입니다." "This HTTP method does not allowed."
    NOT_FOUND_MERCHANT 404 "존재하지 않는 상점 정보 입니다." "The merchant does not exist."
    IDEMPOTENT_REQUEST_PROCESSING 409 "이전 멱등 요청이 처리중입니다." ""
    // Ours, code and words: Toss publishes no code for its 429.
    TOO_MANY_REQUESTS 429 "요청이 너무 많습니다. 잠시 후 다시 시도해주세요." "Too many requests. Please try again in a few minutes."
    FAILED_INTERNAL_SYSTEM_PROCESSING 500 "내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요." "Internal system processing operation has failed. Please try again in a few minutes."
    FAILED_DB_PROCESSING 500 "잘못된 요청 값으로 처리 중 DB 에러가 발생했습니다." "A DB error occurred while processing with an invalid request value."
    FAILED_METHOD_HANDLING 500 "결제 중 선택한 결제수단 처리에 일시적인 오류가 발생했습니다." "There was a temporary error in processing the payment method you selected during checkout."
    COMMON_ERROR 500 "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요." "A temporary error has occurred. Please try again in a few minutes."
    UNKNOWN_ERROR 500 "확인되지 않은 오류입니다. 잠시 후 다시 시도해주세요." "An unknown error occurred. Please try again in a few minutes."

    // Confirm.
    ALREADY_PROCESSED_PAYMENT 400 "이미 처리된 결제 입니다." "This is a payment that has already been processed."
    PROVIDER_ERROR 400 "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요." "This is temporary error. Please try again in a few minutes."
    EXCEED_MAX_CARD_INSTALLMENT_PLAN 400 "설정 가능한 최대 할부 개월 수를 초과했습니다." "You have exceeded the maximum number of installment months that can be set."
    NOT_ALLOWED_POINT_USE 400 "포인트 사용이 불가한 카드로 카드 포인트 결제에 실패했습니다." "Card point payment failed because the card cannot be used points."
    INVALID_REJECT_CARD 400 "카드 사용이 거절되었습니다. 카드사 문의가 필요합니다." "Refer to card issuer/decline."
    BELOW_MINIMUM_AMOUNT 400 "신용카드는 결제금액이 100원 이상, 계좌는 200원이상부터 결제가 가능합니다." "Payment can be made from 100 won or more by credit card, and 200 won or more for account."
    INVALID_CARD_EXPIRATION 400 "카드 정보를 다시 확인해주세요. (유효기간)" "Please check the card expiration date information again."
    INVALID_STOPPED_CARD 400 "정지된 카드 입니다." "This is a suspended card."
    EXCEED_MAX_DAILY_PAYMENT_COUNT 400 "하루 결제 가능 횟수를 초과했습니다." "You have exceeded the number of daily payments."
    NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT 400 "할부가 지원되지 않는 카드 또는 가맹점 입니다." "This card or merchant does not support installment."
    INVALID_CARD_INSTALLMENT_PLAN 400 "할부 개월 정보가 잘못되었습니다." "The installment month information is incorrect."
    NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN 400 "할부가 지원되지 않는 카드입니다." "This card does not support installment."
    NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT 400 "5만원 이하의 결제는 할부가 불가능해서 결제에 실패했습니다." ""
    EXCEED_MAX_PAYMENT_AMOUNT 400 "하루 결제 가능 금액을 초과했습니다." "You have exceeded the amount you can pay per day."
    NOT_FOUND_TERMINAL_ID 400 "단말기번호(Terminal Id)가 없습니다. 토스페이먼츠로 문의 바랍니다." "There is no Terminal Id. Please contact Toss Payments."
    INVALID_AUTHORIZE_AUTH 400 "유효하지 않은 인증 방식입니다." "Incorrect authentication."
    INVALID_CARD_LOST_OR_STOLEN 400 "분실 혹은 도난 카드입니다." "This is a lost or stolen card."
    RESTRICTED_TRANSFER_ACCOUNT 400 "계좌는 등록 후 12시간 뒤부터 결제할 수 있습니다. 관련 정책은 해당 은행으로 문의해주세요." "You can withdraw from this bank account after 12 hours from initial register. For related policies, please contact your bank."
    INVALID_CARD_NUMBER 400 "카드번호를 다시 확인해주세요." "Please check your card number again."
    INVALID_UNREGISTERED_SUBMALL 400 "등록되지 않은 서브몰입니다. 서브몰이 없는 가맹점이라면 안심클릭이나 ISP 결제가 필요합니다." "Not registered PG sub-mall business number."
    NOT_REGISTERED_BUSINESS 400 "등록되지 않은 사업자 번호입니다." "Unregistered business registration number."
    EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT 400 "1일 출금 한도를 초과했습니다." "You have exceeded the one-day withdrawal limit."
    EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT 400 "1회 출금 한도를 초과했습니다." "You have exceeded the one-time withdrawal limit."
    CARD_PROCESSING_ERROR 400 "카드사에서 오류가 발생했습니다." "The card company was not able to process the request."
    EXCEED_MAX_AMOUNT 400 "거래금액 한도를 초과했습니다." "The transaction amount limit has been exceeded."
    EXCEEDS_TRANSFER_AMOUNT_MAXIMUM 400 "계좌이체는 한 번에 1,000만 원 이하로만 결제하실 수 있어요. 금액을 낮춰 다시 시도해 주세요." "Account transfers are limited to 10,000,000 KRW per transaction. Please lower the amount and try again."
    INVALID_ACCOUNT_INFO_RE_REGISTER 400 "유효하지 않은 계좌입니다. 계좌 재등록 후 시도해주세요." "Invalid account. Please re-register the account and try again."
    NOT_AVAILABLE_PAYMENT 400 "결제가 불가능한 시간대입니다" "Payment is unavailable at this time."
    UNAPPROVED_ORDER_ID 400 "아직 승인되지 않은 주문번호입니다." "This order id has not been approved for payment."
    EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT 400 "당월 결제 가능금액인 1,000,000원을 초과 하셨습니다." "You have exceeded the allowed monthly payment amount of 1,000,000 KRW."
    DUPLICATED_ORDER_ID 400 "이미 승인 및 취소가 진행된 중복된 주문번호 입니다. 다른 주문번호로 진행해주세요." "This is a duplicate order id that has already been approved or canceled. Please proceed with a different order id."
    INVALID_PAYMENT_KEY 400 "잘못된 결제 키 입니다." ""
    PAY_PROCESS_ABORTED 400 "결제가 취소되었거나 진행되지 않았습니다." "Payment has been canceled or has not been processed."
    ALREADY_COMPLETED_PAYMENT 400 "이미 완료된 결제 입니다." ""
    REJECT_ACCOUNT_PAYMENT 403 "잔액부족으로 결제에 실패했습니다." "Payment failed due to insufficient balance"
    REJECT_CARD_PAYMENT 403 "한도초과 혹은 잔액부족으로 결제에 실패했습니다." "Payment failed due to limit exceeded or insufficient balance."
    REJECT_CARD_COMPANY 403 "결제 승인이 거절되었습니다." "Payment confirm is rejected"
    REJECT_TOSSPAY_INVALID_ACCOUNT 403 "선택하신 출금 계좌가 출금이체 등록이 되어 있지 않아요. 계좌를 다시 등록해 주세요." "Your account invalidated. Please register another account."
    EXCEED_MAX_AUTH_COUNT 403 "최대 인증 횟수를 초과했습니다. 카드사로 문의해주세요." "The maximum number of authentications has been exceeded. Please contact your credit card company."
    EXCEED_MAX_ONE_DAY_AMOUNT 403 "일일 한도를 초과했습니다." "You have exceeded your daily limit."
    NOT_AVAILABLE_BANK 403 "은행 서비스 시간이 아닙니다." "Not bank service time."
    INVALID_PASSWORD 403 "결제 비밀번호가 일치하지 않습니다." "Payment password does not match."
    FDS_ERROR 403 "[토스페이먼츠] 위험거래가 감지되어 결제가 제한됩니다. 발송된 문자에 포함된 링크를 통해 본인인증 후 결제가 가능합니다. (고객센터: 1644-8051)" ""
    NOT_FOUND_PAYMENT 404 "존재하지 않는 결제 정보 입니다." "The payment does not exist."
    NOT_FOUND_PAYMENT_SESSION 404 "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다." "Payment session does not exist because the session time has expired."
    FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING 500 "결제가 완료되지 않았어요. 다시 시도해주세요." "Payment has not been completed. please try again."
    UNKNOWN_PAYMENT_ERROR 500 "결제에 실패했어요. 같은 문제가 반복된다면 은행이나 카드사로 문의해주세요." "Payment failed. If the same problem occurs, please contact your bank or credit card company."

    // Billing. The words of ALREADY_REMOVED_BILLING_KEY are measured.
    INVALID_CUSTOMER_KEY 400 "`customerKey`는 영문 대소문자, 숫자, 특수문자 -, *, =, ., @로 2자 이상 255자 이하여야 합니다." ""
    INVALID_BILLING_AUTH 400 "유효하지 않은 빌링 인증입니다." "Invalid billing authentication."
    INVALID_BILL_KEY_REQUEST 400 "빌링키 인증이 완료되지 않았거나 유효하지 않은 빌링 거래 건입니다." "Billing key authentication has not been completed or is an invalid billing transaction."
    ALREADY_REMOVED_BILLING_KEY 400 "이미 삭제된 빌링키입니다" ""
    NOT_MATCHES_CUSTOMER_KEY 400 "빌링 인증 고객키와 결제 요청 고객키가 일치하지 않습니다." "The billing authentication customer key and the payment request customer key do not match."
    NOT_FOUND_BILLING 404 "존재하지 않는 빌링 결제 인증 정보 입니다." "Billing payment authentication information that does not exist."
    FAILED_BILL_KEY_AUTH_CREATION 500 "빌링 결제 인증 중 키 생성에 실패했습니다. 잠시 후 다시 시도해주세요." "Key generation failed during billing payment verification. Please try again in a few minutes."
    FAILED_BILLING_AUTO_CANCEL 500 "빌링 자동결제 취소에 일시적인 오류가 발생했습니다." "A temporary error occurred while billing auth cancellation."

    // Cancel.
    ALREADY_CANCELED_PAYMENT 400 "이미 취소된 결제 입니다." "The payment has already been canceled."
    INVALID_REFUND_ACCOUNT_INFO 400 "환불 계좌번호와 예금주명이 일치하지 않습니다." "Refund account number and account holder name do not match."
    EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT 400 "즉시할인금액보다 적은 금액은 부분취소가 불가능합니다." ""
    INVALID_REFUND_ACCOUNT_NUMBER 400 "잘못된 환불 계좌번호입니다." "Incorrect refund account number."
    INVALID_BANK 400 "유효하지 않은 은행입니다." "It is an Invalid bank."
    NOT_MATCHES_REFUNDABLE_AMOUNT 400 "잔액 결과가 일치하지 않습니다." "Balance results do not match."
    REFUND_REJECTED 400 "환불이 거절됐습니다. 결제사에 문의 부탁드립니다." "The refund has been rejected. Please contact the respective payment provider."
    ALREADY_REFUND_PAYMENT 400 "이미 환불된 결제입니다." "The payment has already been refunded."
    FORBIDDEN_BANK_REFUND_REQUEST 400 "고객 계좌가 입금이 되지 않는 상태입니다." ""
    ALREADY_REFUNDING_PAYMENT 400 "이미 환불 중인 결제입니다." ""
    INVALID_REFUND_AMOUNT 400 "잘못된 환불 금액입니다." ""
    NOT_CANCELABLE_AMOUNT 403 "취소 할 수 없는 금액 입니다." "This is a non-cancelable amount."
    NOT_CANCELABLE_PAYMENT 403 "취소 할 수 없는 결제 입니다." "This is a non-cancelable payment."
    EXCEED_MAX_REFUND_DUE 403 "환불 가능한 기간이 지났습니다." "The refundable period has been exceeded."
    NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT 403 "입금 대기중인 결제는 부분 환불이 불가합니다." "Partial refunds are not available while pending deposit."
    NOT_ALLOWED_PARTIAL_REFUND 403 "에스크로 주문, 현금 카드 결제일 때는 부분 환불이 불가합니다. 이외 다른 결제 수단에서 부분 취소가 되지 않을 때는 토스페이먼츠에 문의해 주세요." "Partial refunds are not available for reasons such as escrow or cash payment."
    NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER 403 "휴면 처리된 회원의 결제는 취소할 수 없습니다." ""
    EXCEED_CANCEL_LIMIT 403 "취소 한도 금액을 초과 하였습니다." ""
    EXCEED_MAX_REFUND_AMOUNT 403 "하루 또는 한달 환불 가능한 금액을 초과했습니다." ""
    NOT_ALLOWED_REFUND_BANK 403 "환불 가능한 은행이 아닙니다." ""
    NOT_SUPPORTED_REFUND 403 "환불 가능한 상점이 아닙니다." ""
    FAILED_REFUND_PROCESS 500 "은행 응답시간 지연이나 일시적인 오류로 환불요청에 실패했습니다." "The refund request failed due to a delay in the bank response time or a temporary error."
    FAILED_METHOD_HANDLING_CANCEL 500 "취소 중 결제 시 사용한 결제 수단 처리과정에서 일시적인 오류가 발생했습니다." "A temporary error occurred while processing cancellation."
    FAILED_PARTIAL_REFUND 500 "은행 점검, 해약 계좌 등의 사유로 부분 환불이 실패했습니다." ""
    FAILED_CLOSED_ACCOUNT_REFUND 500 "해약된 계좌로 인해 환불이 실패했습니다." ""

    // Key-in.
    INVALID_CARD_PASSWORD 400 "카드 정보를 다시 확인해주세요. (비밀번호)" "Please check the card information again."
    INVALID_CARD_IDENTITY 400 "입력하신 주민번호/사업자번호가 카드 소유주 정보와 일치하지 않습니다." "The entered resident registration number/business number does not match the cardholder information."
    INVALID_BIRTH_DAY_FORMAT 400 "생년월일 정보는 6자리의 yyMMdd 형식이어야 합니다. 사업자등록번호는 10자리의 숫자여야 합니다." "The birth date format must be in 6 length of yyMMdd format."
    NOT_SUPPORTED_CARD_TYPE 400 "지원되지 않는 카드 종류입니다." "This card type is not supported."
    NOT_REGISTERED_CARD_COMPANY 400 "카드를 사용 등록 후 이용해주세요." ""
    INVALID_EMAIL 400 "유효하지 않은 이메일 주소 형식입니다." "It doesn't match the email address format."
    NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT 400 "해당 카드는 10000원 미만 할부 거래가 불가한 카드입니다." "This card cannot be used for installment transactions less than KRW 10000."
    FAILED_CARD_COMPANY_RESPONSE 500 "카드사에서 에러가 발생했습니다. 잠시 후 다시 시도해 주세요." ""

    // Virtual accounts.
    INVALID_REGISTRATION_NUMBER_TYPE 400 "유효하지 않은 등록 번호 타입입니다." ""
    EXCEED_MAX_DUE_DATE 400 "가상 계좌의 최대 유효만료 기간을 초과했습니다." "You have exceeded the maximum expiry period for your virtual account."
    EXCEED_MAX_VALID_HOURS 400 "가상 계좌의 최대 유효시간을 초과했습니다." "The maximum validity time of the virtual account has been exceeded."
    INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE 400 "validHours와 dueDate는 같이 사용할 수 없습니다." "validHours and dueDate cannot be used together."
    INVALID_VIRTUAL_ACCOUNT_TYPE 400 "유효하지 않은 가상계좌 타입입니다." "Invalid virtual account type."
    REQUIRED_ACCOUNT_KEY 400 "고정계좌는 발급용 고객키값이 필수입니다." "For fixed accounts, a customer key value is required."
    INVALID_CASH_RECEIPT_INFO 400 "현금 영수증 정보가 잘못되었습니다." "Cash receipt information is incorrect."
    NOT_ALLOWED_CHANGING_ACCOUNT 403 "이미 입금, 반납된 계좌의 정보 변경은 불가합니다." "It is not possible to change the information of the account that has already been deposited or returned."

    // Cash receipts.
    DUPLICATED_CASH_RECEIPT 400 "이미 현금영수증이 발급된 주문입니다." "This is a duplicate request that has already been issued."
    INVALID_BUSINESS_NUMBER 400 "사업자 등록번호가 잘못되었습니다." ""
    API_VERSION_UPDATE_NEEDED 400 "이 API를 사용하려면 2022-07-27 이상의 버전을 사용해야 합니다." "To use the api need to upgrade version to 2022-07-27."
    // Ours, the words: the code is measured on the list of cash receipts.
    NOT_FOUND_MERCHANT_BUSINESS_NUMBER 404 "존재하지 않는 상점 사업자 번호입니다." ""

    // Lists.
    INVALID_DATE 400 "날짜 데이터가 잘못 되었습니다." "The date data is invalid."
    INVALID_ISO_DATE_FORMAT 400 "시간 일시 형식이 잘못되었습니다." "The format is incorrect. The time format must conform to ISO 8601 format."
    EXCEED_MAX_QUERY_LIMIT 400 "최대 조회 개수를 초과했습니다." "You have exceeded the maximum number of query limit."
    INVALID_PAGING_KEY 400 "잘못된 페이징 키 입니다." "Bad paging key."

    // Ours, the words of the next three.
    INVALID_FLOW_MODE_PARAMETERS 400 "flowMode가 DIRECT이면 카드사 또는 간편결제 코드가 필요합니다." "A DIRECT flow mode needs a card company or an easy-pay provider."
    INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE 400 "cardInstallmentPlan과 maxCardInstallmentPlan은 같이 사용할 수 없습니다." "cardInstallmentPlan and maxCardInstallmentPlan cannot be used together."
    NOT_SUPPORTED_CARRIER 400 "지원되지 않는 통신사입니다." "This carrier is not supported."
    DUPLICATED_REQUEST 400 "중복된 요청입니다." ""

    // The window and its parameters (error codes, window codes; browser SDK v2, error codes).
    INVALID_ORDER_ID 400 "`orderId`는 영문 대소문자, 숫자, 특수문자(-, _) 만 허용합니다. 6자 이상 64자 이하여야 합니다." "The order id must be at least 6 and maximum 64 characters of letters, digits, -, _ and =."
    INVALID_ORDER_NAME 400 "주문 이름은 100자 이하여야 합니다." "The order name must be 100 characters or less."
    BELOW_ZERO_AMOUNT 400 "금액은 0보다 커야 합니다." ""
    INVALID_AMOUNT_VALUE 400 "결제금액이 올바르지 않습니다." ""
    INVALID_AMOUNT_CURRENCY 400 "잘못된 통화 값입니다." ""
    INVALID_CURRENCY 400 "잘못된 통화 값입니다." ""
    INVALID_CLIENT_KEY 400 "ClientKey 형태가 올바르지 않습니다." ""
    // Ours, the words of the next six.
    INVALID_PARAMETERS 400 "파라미터가 누락되었거나 올바르지 않습니다." "A parameter is missing or not valid."
    NOT_SUPPORTED_API_INDIVIDUAL_KEY 400 "API 개별 연동 키는 지원하지 않습니다. 결제위젯 연동 키의 클라이언트 키를 사용해주세요." "Use a widget client key."
    NOT_SUPPORTED_WIDGET_KEY 400 "결제위젯 연동 키는 지원하지 않습니다. API 개별 연동 키의 클라이언트 키를 사용해주세요." "Use an API individual client key."
    INVALID_CARD_COMPANY 400 "유효하지 않은 카드사입니다." "It is an invalid card company."
    INVALID_EASY_PAY 400 "유효하지 않은 간편결제입니다." "It is an invalid easy-pay provider."
    EXPIRED_PAYMENT 400 "결제가 만료되었습니다. 다시 시도해주세요." ""
    INVALID_METADATA 400 "올바르지 않은 metadata 형식입니다." ""
    INCORRECT_SUCCESS_URL_FORMAT 400 "잘못된 successUrl 입니다." ""
    INCORRECT_FAIL_URL_FORMAT 400 "잘못된 failUrl 입니다." ""
    NOT_SUPPORTED_METHOD 400 "지원되지 않는 결제수단입니다." "This payment method is not supported."
    UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD 400 "테스트 환경을 지원하지 않는 결제수단입니다." ""
    PAY_PROCESS_CANCELED 400 "사용자에 의해 결제가 취소되었습니다." "Payment has been canceled by the customer."

    // Listed without a message, most of them: ours, the words of the next ones.
    REQUIRED_AMOUNT 400 "결제 금액은 필수입니다." "The amount is required."
    EXCEED_MIN_CARD_INSTALLMENT_PLAN 400 "설정 가능한 최소 할부 개월 수보다 작습니다." "The number of installment months is below the minimum."
    INVALID_CARD_INSTALLMENT_AMOUNT 400 "할부가 가능한 결제 금액이 아닙니다." "This amount cannot be paid in installments."
    INVALID_AUTHORIZE_AUTH_TYPE_GIFT_CERTIFICATE 400 "유효하지 않은 상품권 인증 방식입니다." "Incorrect authentication of a gift certificate."
    INVALID_SUCCESS_URL 400 "유효하지 않은 successUrl 입니다." "The successUrl is not valid."
    INVALID_URL 400 "유효하지 않은 URL 입니다." "The URL is not valid."
    INVALID_URL_FORMAT 400 "잘못된 URL 형식입니다." "The format of the URL is not valid."
    NOT_SUPPORTED_USD 400 "달러 결제를 지원하지 않습니다." "Payments in USD are not supported."
    NOT_SUPPORTED_PROCESS 400 "지원되지 않는 요청입니다." "This process is not supported."
    MAINTAINED_METHOD 400 "점검 중인 결제수단입니다." "This payment method is under maintenance."
    ACCOUNT_OWNER_CHECK_FAILED 400 "예금주 확인에 실패했습니다." "The owner of the account could not be checked."
    INVALID_ACCOUNT_NUMBER 400 "잘못된 계좌번호입니다." "Incorrect account number."
    NOT_ENOUGH_AMOUNT 400 "잔액이 부족합니다." "The balance is not sufficient."
    PAYOUT_NOT_FOUND 404 "존재하지 않는 지급대행 정보입니다." "The payout does not exist."
    FAILED_HASH_DATA_CREATION 500 "해시 데이터 생성에 실패했습니다." "The hash could not be made."
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_code_is_lost_none_is_listed_twice_and_each_says_something_in_both_languages() {
        let names: HashSet<_> = TABLE.iter().map(|code| code.name()).collect();
        assert_eq!(names.len(), TABLE.len(), "a code stands twice");
        assert!(TABLE.len() >= 161, "{} codes, 161 at least", TABLE.len());
        for code in TABLE {
            assert!(matches!(code.status(), 400 | 401 | 403 | 404 | 409 | 429 | 500), "{code:?}");
            assert!(!code.message(Lang::Ko).is_empty() && !code.message(Lang::En).is_empty(), "{code:?}");
        }
    }
}
