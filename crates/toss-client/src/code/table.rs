//! The table of known error codes: text, documented HTTP status, retry class (`default, Operation => exception`).
//!
//! From Toss's error-code pages, grouped by the endpoint that lists a code first. Where the pages say "read the
//! payment, then …" the class is [`Query`](super::RetryClass::Query) or
//! [`MaybeDone`](super::RetryClass::MaybeDone): asking comes before everything else.

use super::{Operation, RetryClass, error_codes};

error_codes! {
    // On every endpoint.
    /// The bad request.
    InvalidRequest = "INVALID_REQUEST" 400 Config;
    /// Incorrect secret key.
    InvalidApiKey = "INVALID_API_KEY" 400 Config;
    /// The required parameter is missing.
    InvalidRequiredParam = "INVALID_REQUIRED_PARAM" 400 Config;
    /// The call needs a newer API version.
    ApiVersionUpdateNeeded = "API_VERSION_UPDATE_NEEDED" 400 Config;
    /// Invalid test code.
    InvalidTestCode = "INVALID_TEST_CODE" 400 Config;
    /// The idempotency key is longer than 300 characters.
    InvalidIdempotencyKey = "INVALID_IDEMPOTENCY_KEY" 400 Config;
    /// This is an unauthenticated secret key or client key.
    UnauthorizedKey = "UNAUTHORIZED_KEY" 401 Config;
    /// Invalid request. Please encode including the ':' character.
    IncorrectBasicAuthFormat = "INCORRECT_BASIC_AUTH_FORMAT" 403 Config;
    /// This request is not allowed.
    ForbiddenRequest = "FORBIDDEN_REQUEST" 403 Config;
    /// Repetitive requests are not allowed. Please try again in a few minutes.
    ForbiddenConsecutiveRequest = "FORBIDDEN_CONSECUTIVE_REQUEST" 403 Query, Read => SameKey;
    /// This information does not exist.
    NotFound = "NOT_FOUND" 404 Final;
    /// This HTTP method is not allowed.
    NotFoundHttpMethod = "NOT_FOUND_HTTP_METHOD" 404 Config;
    /// The merchant does not exist.
    NotFoundMerchant = "NOT_FOUND_MERCHANT" 404 Config;
    /// An earlier request with the same idempotency key is still running.
    IdempotentRequestProcessing = "IDEMPOTENT_REQUEST_PROCESSING" 409 SameKey;
    /// Internal system processing operation has failed. Please try again in a few minutes.
    FailedInternalSystemProcessing = "FAILED_INTERNAL_SYSTEM_PROCESSING" 500 Query;
    /// A DB error occurred while processing with an invalid request value.
    FailedDbProcessing = "FAILED_DB_PROCESSING" 500 Query;
    /// There was a temporary error in processing the payment method you selected during checkout.
    FailedMethodHandling = "FAILED_METHOD_HANDLING" 500 Query;
    /// A temporary error has occurred. Please try again in a few minutes.
    CommonError = "COMMON_ERROR" 500 Query;
    /// An unknown error occurred. Please try again in a few minutes.
    UnknownError = "UNKNOWN_ERROR" 500 Query;
    // Confirm.
    /// This is a payment that has already been processed.
    AlreadyProcessedPayment = "ALREADY_PROCESSED_PAYMENT" 400 MaybeDone;
    /// This is a temporary error of the provider.
    ProviderError = "PROVIDER_ERROR" 400 Query;
    /// You have exceeded the maximum number of installment months that can be set.
    ExceedMaxCardInstallmentPlan = "EXCEED_MAX_CARD_INSTALLMENT_PLAN" 400 Final;
    /// Card point payment failed because the card cannot be used points.
    NotAllowedPointUse = "NOT_ALLOWED_POINT_USE" 400 Final;
    /// Refer to card issuer/decline.
    InvalidRejectCard = "INVALID_REJECT_CARD" 400 Final;
    /// Payment can be made from 100 won or more by credit card, and 200 won or more for account.
    BelowMinimumAmount = "BELOW_MINIMUM_AMOUNT" 400 Final;
    /// Please check the card expiration date information again.
    InvalidCardExpiration = "INVALID_CARD_EXPIRATION" 400 Final;
    /// This is a suspended card.
    InvalidStoppedCard = "INVALID_STOPPED_CARD" 400 Final;
    /// You have exceeded the number of daily payments.
    ExceedMaxDailyPaymentCount = "EXCEED_MAX_DAILY_PAYMENT_COUNT" 400 Final;
    /// This card or merchant does not support installment.
    NotSupportedInstallmentPlanCardOrMerchant = "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT" 400 Final;
    /// The installment month information is incorrect.
    InvalidCardInstallmentPlan = "INVALID_CARD_INSTALLMENT_PLAN" 400 Final;
    /// This card does not support installment.
    NotSupportedMonthlyInstallmentPlan = "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN" 400 Final;
    /// You have exceeded the amount you can pay per day.
    ExceedMaxPaymentAmount = "EXCEED_MAX_PAYMENT_AMOUNT" 400 Final;
    /// There is no Terminal Id. Please contact Toss Payments.
    NotFoundTerminalId = "NOT_FOUND_TERMINAL_ID" 400 Config;
    /// Incorrect authentication.
    InvalidAuthorizeAuth = "INVALID_AUTHORIZE_AUTH" 400 Final;
    /// This is a lost or stolen card.
    InvalidCardLostOrStolen = "INVALID_CARD_LOST_OR_STOLEN" 400 Final;
    /// A bank account can pay only 12 hours after its registration.
    RestrictedTransferAccount = "RESTRICTED_TRANSFER_ACCOUNT" 400 Final;
    /// Please check your card number again.
    InvalidCardNumber = "INVALID_CARD_NUMBER" 400 Final;
    /// Not registered PG sub-mall business number.
    InvalidUnregisteredSubmall = "INVALID_UNREGISTERED_SUBMALL" 400 Config;
    /// Unregistered business registration number.
    NotRegisteredBusiness = "NOT_REGISTERED_BUSINESS" 400 Config;
    /// You have exceeded the one-day withdrawal limit.
    ExceedMaxOneDayWithdrawAmount = "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT" 400 Final;
    /// You have exceeded the one-time withdrawal limit.
    ExceedMaxOneTimeWithdrawAmount = "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT" 400 Final;
    /// The card company was not able to process the request.
    CardProcessingError = "CARD_PROCESSING_ERROR" 400 Query;
    /// The transaction amount limit has been exceeded.
    ExceedMaxAmount = "EXCEED_MAX_AMOUNT" 400 Final;
    /// Account transfers are limited to 10,000,000 KRW per transaction. Please lower the amount and try again.
    ExceedsTransferAmountMaximum = "EXCEEDS_TRANSFER_AMOUNT_MAXIMUM" 400 Final;
    /// Invalid account. Please re-register the account and try again.
    InvalidAccountInfoReRegister = "INVALID_ACCOUNT_INFO_RE_REGISTER" 400 Final;
    /// Payment is unavailable at this time.
    NotAvailablePayment = "NOT_AVAILABLE_PAYMENT" 400 Final;
    /// This order id has not been approved for payment.
    UnapprovedOrderId = "UNAPPROVED_ORDER_ID" 400 Query;
    /// You have exceeded the allowed monthly payment amount of 1,000,000 KRW.
    ExceedMaxMonthlyPaymentAmount = "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT" 400 Final;
    /// The order id has already been approved or cancelled; use a different one.
    DuplicatedOrderId = "DUPLICATED_ORDER_ID" 400 MaybeDone;
    /// Payment failed due to insufficient balance.
    RejectAccountPayment = "REJECT_ACCOUNT_PAYMENT" 403 Final;
    /// Payment failed due to limit exceeded or insufficient balance.
    RejectCardPayment = "REJECT_CARD_PAYMENT" 403 Final, BillingCharge => NewKey;
    /// Payment confirm is rejected.
    RejectCardCompany = "REJECT_CARD_COMPANY" 403 Final;
    /// Your account invalidated. Please register another account.
    RejectTosspayInvalidAccount = "REJECT_TOSSPAY_INVALID_ACCOUNT" 403 Final;
    /// The maximum number of authentications has been exceeded. Please contact your credit card company.
    ExceedMaxAuthCount = "EXCEED_MAX_AUTH_COUNT" 403 Final;
    /// You have exceeded your daily limit.
    ExceedMaxOneDayAmount = "EXCEED_MAX_ONE_DAY_AMOUNT" 403 Final;
    /// Not bank service time.
    NotAvailableBank = "NOT_AVAILABLE_BANK" 403 Final, Cancel => NewKey;
    /// Payment password does not match.
    InvalidPassword = "INVALID_PASSWORD" 403 Final;
    /// A risky transaction was detected; the buyer must verify their identity first.
    FdsError = "FDS_ERROR" 403 Final;
    /// The payment does not exist.
    NotFoundPayment = "NOT_FOUND_PAYMENT" 404 Config, Read => Final;
    /// Payment session does not exist because the session time has expired.
    NotFoundPaymentSession = "NOT_FOUND_PAYMENT_SESSION" 404 Final;
    /// The provider failed; the message is whatever the provider sent.
    FailedPaymentInternalSystemProcessing = "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING" 500 Query, Read => SameKey;
    /// Payment failed. If the same problem occurs, please contact your bank or credit card company.
    UnknownPaymentError = "UNKNOWN_PAYMENT_ERROR" 500 Query;
    /// The payment key is wrong.
    InvalidPaymentKey = "INVALID_PAYMENT_KEY" 400 Config;
    /// The payment was cancelled or did not proceed.
    PayProcessAborted = "PAY_PROCESS_ABORTED" 400 Final;
    /// The payment is already completed.
    AlreadyCompletedPayment = "ALREADY_COMPLETED_PAYMENT" 400 MaybeDone;
    // Read.
    /// Instalments need a payment of more than 50,000 won.
    NotSupportedMonthlyInstallmentPlanBelowAmount = "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN_BELOW_AMOUNT" 400 Final;
    // Cancel.
    /// The payment has already been canceled.
    AlreadyCanceledPayment = "ALREADY_CANCELED_PAYMENT" 400 MaybeDone;
    /// Refund account number and account holder name do not match.
    InvalidRefundAccountInfo = "INVALID_REFUND_ACCOUNT_INFO" 400 NewKey;
    /// A partial cancel below the instant discount is not possible.
    ExceedCancelAmountDiscountAmount = "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT" 400 Final;
    /// Incorrect refund account number.
    InvalidRefundAccountNumber = "INVALID_REFUND_ACCOUNT_NUMBER" 400 NewKey;
    /// It is an Invalid bank.
    InvalidBank = "INVALID_BANK" 400 Config, Cancel => NewKey;
    /// Balance results do not match.
    NotMatchesRefundableAmount = "NOT_MATCHES_REFUNDABLE_AMOUNT" 400 Query;
    /// The refund has been rejected. Please contact the respective payment provider.
    RefundRejected = "REFUND_REJECTED" 400 Final;
    /// The payment has already been refunded.
    AlreadyRefundPayment = "ALREADY_REFUND_PAYMENT" 400 MaybeDone;
    /// The account of the customer cannot receive deposits.
    ForbiddenBankRefundRequest = "FORBIDDEN_BANK_REFUND_REQUEST" 400 NewKey;
    /// This is a non-cancelable amount.
    NotCancelableAmount = "NOT_CANCELABLE_AMOUNT" 403 MaybeDone;
    /// This is a non-cancelable payment.
    NotCancelablePayment = "NOT_CANCELABLE_PAYMENT" 403 Final;
    /// The refundable period has been exceeded.
    ExceedMaxRefundDue = "EXCEED_MAX_REFUND_DUE" 403 Final;
    /// Partial refunds are not available while pending deposit.
    NotAllowedPartialRefundWaitingDeposit = "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT" 403 Final;
    /// Partial refunds are not available for reasons such as escrow or cash payment.
    NotAllowedPartialRefund = "NOT_ALLOWED_PARTIAL_REFUND" 403 Final;
    /// The payment of a dormant member cannot be cancelled.
    NotCancelablePaymentForDormantUser = "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER" 403 Final;
    /// The cancel limit of the shop is exceeded.
    ExceedCancelLimit = "EXCEED_CANCEL_LIMIT" 403 NewKey;
    /// The refund request failed due to a delay in the bank response time or a temporary error.
    FailedRefundProcess = "FAILED_REFUND_PROCESS" 500 Query;
    /// A temporary error occurred while processing cancellation.
    FailedMethodHandlingCancel = "FAILED_METHOD_HANDLING_CANCEL" 500 Query;
    /// The partial refund failed: bank maintenance, closed account or similar.
    FailedPartialRefund = "FAILED_PARTIAL_REFUND" 500 Query;
    /// A refund of the payment is already under way.
    AlreadyRefundingPayment = "ALREADY_REFUNDING_PAYMENT" 400 MaybeDone;
    /// The refund amount is wrong.
    InvalidRefundAmount = "INVALID_REFUND_AMOUNT" 400 Config;
    /// The refundable amount of the day or month is exceeded.
    ExceedMaxRefundAmount = "EXCEED_MAX_REFUND_AMOUNT" 403 NewKey;
    /// This bank cannot receive refunds.
    NotAllowedRefundBank = "NOT_ALLOWED_REFUND_BANK" 403 NewKey;
    /// The shop cannot refund.
    NotSupportedRefund = "NOT_SUPPORTED_REFUND" 403 Config;
    // Key-in.
    /// Please check the card information again.
    InvalidCardPassword = "INVALID_CARD_PASSWORD" 400 Final;
    /// The entered resident registration number/business number does not match the cardholder information.
    InvalidCardIdentity = "INVALID_CARD_IDENTITY" 400 Final;
    /// The birth date format must be in 6 length of yyMMdd format.
    InvalidBirthDayFormat = "INVALID_BIRTH_DAY_FORMAT" 400 Final;
    /// This card type is not supported.
    NotSupportedCardType = "NOT_SUPPORTED_CARD_TYPE" 400 Final;
    /// The card has to be registered for use first.
    NotRegisteredCardCompany = "NOT_REGISTERED_CARD_COMPANY" 400 Final;
    /// It doesn't match the email address format.
    InvalidEmail = "INVALID_EMAIL" 400 Final;
    /// The order id breaks its format.
    InvalidOrderId = "INVALID_ORDER_ID" 400 Config;
    /// The order name must be 100 characters or less.
    InvalidOrderName = "INVALID_ORDER_NAME" 400 Config;
    /// This card cannot be used for installment transactions less than KRW 10000.
    NotAllowedInstallmentBelowAmount = "NOT_ALLOWED_INSTALLMENT_BELOW_AMOUNT" 400 Final;
    /// The card company answered with an error.
    FailedCardCompanyResponse = "FAILED_CARD_COMPANY_RESPONSE" 500 Query;
    // Virtual account.
    /// The registration number type is wrong.
    InvalidRegistrationNumberType = "INVALID_REGISTRATION_NUMBER_TYPE" 400 Final;
    /// The date data is invalid.
    InvalidDate = "INVALID_DATE" 400 Config;
    /// You have exceeded the maximum expiry period for your virtual account.
    ExceedMaxDueDate = "EXCEED_MAX_DUE_DATE" 400 Config;
    /// The maximum validity time of the virtual account has been exceeded.
    ExceedMaxValidHours = "EXCEED_MAX_VALID_HOURS" 400 Config;
    /// Valid hours and due date cannot be used together.
    InvalidValidHoursWithDueDateAndSingle = "INVALID_VALID_HOURS_WITH_DUE_DATE_AND_SINGLE" 400 Config;
    /// Invalid virtual account type.
    InvalidVirtualAccountType = "INVALID_VIRTUAL_ACCOUNT_TYPE" 400 Config;
    /// For fixed accounts, a customer key value is required.
    RequiredAccountKey = "REQUIRED_ACCOUNT_KEY" 400 Config;
    /// Cash receipt information is incorrect.
    InvalidCashReceiptInfo = "INVALID_CASH_RECEIPT_INFO" 400 Config, CashReceipt => Final;
    /// It is not possible to change the information of the account that has already been deposited or returned.
    NotAllowedChangingAccount = "NOT_ALLOWED_CHANGING_ACCOUNT" 403 Final;
    // Billing-key issue.
    /// This payment method is not supported.
    NotSupportedMethod = "NOT_SUPPORTED_METHOD" 400 Config;
    /// The customer key breaks its format.
    InvalidCustomerKey = "INVALID_CUSTOMER_KEY" 400 Config;
    /// Invalid billing authentication.
    InvalidBillingAuth = "INVALID_BILLING_AUTH" 400 Final;
    /// Billing payment authentication information that does not exist.
    NotFoundBilling = "NOT_FOUND_BILLING" 404 Final;
    /// Key generation failed during billing payment verification. Please try again in a few minutes.
    FailedBillKeyAuthCreation = "FAILED_BILL_KEY_AUTH_CREATION" 500 SameKey;
    // Billing charge.
    /// Billing key authentication has not been completed or is an invalid billing transaction.
    InvalidBillKeyRequest = "INVALID_BILL_KEY_REQUEST" 400 Final;
    /// The billing key is already deleted.
    AlreadyRemovedBillingKey = "ALREADY_REMOVED_BILLING_KEY" 400 Final, BillingDelete => MaybeDone;
    /// The billing authentication customer key and the payment request customer key do not match.
    NotMatchesCustomerKey = "NOT_MATCHES_CUSTOMER_KEY" 400 Config;
    /// A temporary error occurred while billing auth cancellation.
    FailedBillingAutoCancel = "FAILED_BILLING_AUTO_CANCEL" 500 Query;
    // Lists, settlements, cash receipts.
    /// The time is not in ISO 8601 format.
    InvalidIsoDateFormat = "INVALID_ISO_DATE_FORMAT" 400 Config;
    /// You have exceeded the maximum number of query limit.
    ExceedMaxQueryLimit = "EXCEED_MAX_QUERY_LIMIT" 400 Config;
    /// Bad paging key.
    InvalidPagingKey = "INVALID_PAGING_KEY" 400 Config;
    /// This is a duplicate request that has already been issued.
    DuplicatedCashReceipt = "DUPLICATED_CASH_RECEIPT" 400 MaybeDone;
    /// The business registration number is wrong.
    InvalidBusinessNumber = "INVALID_BUSINESS_NUMBER" 400 Final;
    /// The shop has no business number.
    NotFoundMerchantBusinessNumber = "NOT_FOUND_MERCHANT_BUSINESS_NUMBER" 404 Config;
    // Validation of payment-window requests.
    /// The amount must be greater than 0.
    BelowZeroAmount = "BELOW_ZERO_AMOUNT" 400 Config;
    /// The amount is missing.
    RequiredAmount = "REQUIRED_AMOUNT" 400 Config;
    /// The currency is wrong.
    InvalidCurrency = "INVALID_CURRENCY" 400 Config;
    /// The client key is wrong.
    InvalidClientKey = "INVALID_CLIENT_KEY" 400 Config;
    /// The card company is wrong.
    InvalidCardCompany = "INVALID_CARD_COMPANY" 400 Config;
    /// The easy-pay provider is wrong.
    InvalidEasyPay = "INVALID_EASY_PAY" 400 Config;
    /// Direct flow without a card, bank or easy-pay code.
    InvalidFlowModeParameters = "INVALID_FLOW_MODE_PARAMETERS" 400 Config;
    /// A fixed and a maximum instalment plan cannot be used together.
    InvalidCardInstallmentPlansWithMaxAndSingle = "INVALID_CARD_INSTALLMENT_PLANS_WITH_MAX_AND_SINGLE" 400 Config;
    /// The instalment plan is below the minimum.
    ExceedMinCardInstallmentPlan = "EXCEED_MIN_CARD_INSTALLMENT_PLAN" 400 Config;
    /// The amount does not allow instalments.
    InvalidCardInstallmentAmount = "INVALID_CARD_INSTALLMENT_AMOUNT" 400 Config;
    /// The authentication type of the gift certificate is wrong.
    InvalidAuthorizeAuthTypeGiftCertificate = "INVALID_AUTHORIZE_AUTH_TYPE_GIFT_CERTIFICATE" 400 Config;
    /// The success URL is malformed.
    IncorrectSuccessUrlFormat = "INCORRECT_SUCCESS_URL_FORMAT" 400 Config;
    /// The fail URL is malformed.
    IncorrectFailUrlFormat = "INCORRECT_FAIL_URL_FORMAT" 400 Config;
    /// The success URL is wrong.
    InvalidSuccessUrl = "INVALID_SUCCESS_URL" 400 Config;
    /// The URL is wrong.
    InvalidUrl = "INVALID_URL" 400 Config;
    /// The URL is malformed.
    InvalidUrlFormat = "INVALID_URL_FORMAT" 400 Config;
    /// USD is not supported here.
    NotSupportedUsd = "NOT_SUPPORTED_USD" 400 Config;
    /// The mobile carrier is not supported.
    NotSupportedCarrier = "NOT_SUPPORTED_CARRIER" 400 Final;
    /// The process is not supported.
    NotSupportedProcess = "NOT_SUPPORTED_PROCESS" 400 Config;
    /// The payment method is under maintenance.
    MaintainedMethod = "MAINTAINED_METHOD" 400 Final;
    /// The request is a duplicate.
    DuplicatedRequest = "DUPLICATED_REQUEST" 400 MaybeDone;
    /// The buyer cancelled the payment.
    PayProcessCanceled = "PAY_PROCESS_CANCELED" 400 Final;
    /// Hash data could not be created.
    FailedHashDataCreation = "FAILED_HASH_DATA_CREATION" 500 Query;
    // Only inside objects (the failure of a payment, a cash receipt or a payout); the status is nominal.
    /// The payment expired before it was confirmed.
    ExpiredPayment = "EXPIRED_PAYMENT" 400 Final;
    /// The tax service refused the cash receipt.
    NtsError = "NTS_ERROR" 400 Final;
    /// The account's holder could not be checked.
    AccountOwnerCheckFailed = "ACCOUNT_OWNER_CHECK_FAILED" 400 Final;
    /// The account number is wrong.
    InvalidAccountNumber = "INVALID_ACCOUNT_NUMBER" 400 Final;
    /// There is not enough money to pay out.
    NotEnoughAmount = "NOT_ENOUGH_AMOUNT" 400 Final;
    /// The payout does not exist.
    PayoutNotFound = "PAYOUT_NOT_FOUND" 404 Final;
    // Seen elsewhere.
    /// The refund failed because the account is closed.
    FailedClosedAccountRefund = "FAILED_CLOSED_ACCOUNT_REFUND" 500 Query;
}
