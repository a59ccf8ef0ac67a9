// Words and lists of the payment window and the widgets, Korean first.

/** Payment methods by code. A wallet is `EASY_PAY` with a provider of `WALLETS`. */
export const METHODS = {
  CARD: { ko: "신용·체크카드", en: "Credit or debit card" },
  EASY_PAY: { ko: "간편결제", en: "Easy pay" },
  TRANSFER: { ko: "계좌이체", en: "Bank transfer" },
  VIRTUAL_ACCOUNT: { ko: "가상계좌", en: "Virtual account" },
  MOBILE_PHONE: { ko: "휴대폰", en: "Mobile phone bill" },
  CULTURE_GIFT_CERTIFICATE: { ko: "문화상품권", en: "Culture gift card" },
  BOOK_GIFT_CERTIFICATE: { ko: "도서문화상품권", en: "Book gift card" },
  GAME_GIFT_CERTIFICATE: { ko: "게임문화상품권", en: "Game gift card" },
};

/** Wallets that work with a test key (KakaoPay and Payco do not). */
export const WALLETS = {
  TOSSPAY: { ko: "토스페이", en: "Toss Pay" },
  NAVERPAY: { ko: "네이버페이", en: "Naver Pay" },
  SAMSUNGPAY: { ko: "삼성페이", en: "Samsung Pay" },
  APPLEPAY: { ko: "애플페이", en: "Apple Pay" },
  LPAY: { ko: "엘페이", en: "L.PAY" },
  SSG: { ko: "SSG페이", en: "SSG Pay" },
  PINPAY: { ko: "핀페이", en: "PIN Pay" },
};

/** Issuers a buyer can choose: code, names and the colour of the little card. */
export const ISSUERS = [
  { code: "51", ko: "삼성", en: "Samsung", id: "SAMSUNG", tint: "#1a4fb4" },
  { code: "41", ko: "신한", en: "Shinhan", id: "SHINHAN", tint: "#1f6fe5" },
  { code: "61", ko: "현대", en: "Hyundai", id: "HYUNDAI", tint: "#20252b" },
  { code: "11", ko: "국민", en: "Kookmin", id: "KOOKMIN", tint: "#8a6d3b" },
  { code: "71", ko: "롯데", en: "Lotte", id: "LOTTE", tint: "#c62828" },
  { code: "21", ko: "하나", en: "Hana", id: "HANA", tint: "#00806b" },
  { code: "31", ko: "BC", en: "BC", id: "BC", tint: "#d1435b" },
  { code: "91", ko: "농협", en: "Nonghyup", id: "NONGHYEOP", tint: "#2e7d32" },
  { code: "33", ko: "우리", en: "Woori", id: "WOORI", tint: "#0277bd" },
  { code: "24", ko: "토스뱅크", en: "Toss Bank", id: "TOSSBANK", tint: "#455a64" },
  { code: "15", ko: "카카오뱅크", en: "Kakao Bank", id: "KAKAOBANK", tint: "#6d4c00" },
  { code: "3A", ko: "케이뱅크", en: "K Bank", id: "KBANK", tint: "#4a3fb5" },
];

/** Banks: `deposit` marks those that issue virtual accounts. */
export const BANKS = [
  { code: "06", ko: "국민은행", en: "Kookmin", deposit: true },
  { code: "88", ko: "신한은행", en: "Shinhan", deposit: true },
  { code: "20", ko: "우리은행", en: "Woori", deposit: true },
  { code: "81", ko: "하나은행", en: "Hana", deposit: true },
  { code: "11", ko: "농협은행", en: "Nonghyup", deposit: true },
  { code: "03", ko: "기업은행", en: "IBK", deposit: true },
  { code: "71", ko: "우체국", en: "Korea Post", deposit: true },
  { code: "45", ko: "새마을금고", en: "Saemaul", deposit: true },
  { code: "31", ko: "iM뱅크(대구)", en: "iM Bank (Daegu)", deposit: true },
  { code: "32", ko: "부산은행", en: "Busan", deposit: true },
  { code: "39", ko: "경남은행", en: "Kyongnam", deposit: true },
  { code: "34", ko: "광주은행", en: "Gwangju", deposit: true },
  { code: "07", ko: "수협은행", en: "Suhyup", deposit: true },
  { code: "90", ko: "카카오뱅크", en: "Kakao Bank", deposit: false },
  { code: "92", ko: "토스뱅크", en: "Toss Bank", deposit: false },
  { code: "89", ko: "케이뱅크", en: "K Bank", deposit: false },
  { code: "23", ko: "SC제일은행", en: "SC", deposit: false },
  { code: "27", ko: "씨티은행", en: "Citi", deposit: false },
];

export const CARRIERS = [
  { code: "SKT", ko: "SKT", en: "SKT" },
  { code: "KT", ko: "KT", en: "KT" },
  { code: "LGU", ko: "LG U+", en: "LG U+" },
  { code: "HELLO", ko: "LG헬로비전", en: "LG HelloVision" },
  { code: "KCT", ko: "KCT", en: "KCT" },
  { code: "SK7", ko: "SK 7mobile", en: "SK 7mobile" },
];

/** Refusals that happen in the window itself and lead to failUrl; every other reason is refused at confirm. */
export const WINDOW_REASONS = ["REJECT_CARD_COMPANY", "PAY_PROCESS_ABORTED"];

/** Used for what the server does not list itself. */
export const REASONS = {
  REJECT_CARD_COMPANY: { ko: "결제 승인이 거절되었습니다.", en: "Payment was rejected." },
  PAY_PROCESS_ABORTED: {
    ko: "결제 진행 중 승인에 실패하여 결제가 중단되었습니다.",
    en: "Payment has been canceled or has not been processed.",
  },
  REJECT_CARD_PAYMENT: {
    ko: "한도초과 혹은 잔액부족으로 결제에 실패했습니다.",
    en: "Payment failed due to limit exceeded or insufficient balance.",
  },
  REJECT_ACCOUNT_PAYMENT: {
    ko: "잔액부족으로 결제에 실패했습니다.",
    en: "Payment failed due to insufficient balance",
  },
  EXCEED_MAX_DAILY_PAYMENT_COUNT: {
    ko: "하루 결제 가능 횟수를 초과했습니다.",
    en: "You have exceeded the number of daily payments.",
  },
  INVALID_STOPPED_CARD: { ko: "정지된 카드 입니다.", en: "This is a suspended card." },
  NOT_AVAILABLE_BANK: { ko: "은행 서비스 시간이 아닙니다.", en: "Not bank service time." },
  FDS_ERROR: {
    ko: "[토스페이먼츠] 위험거래가 감지되어 결제가 제한됩니다. 발송된 문자에 포함된 링크를 통해 본인인증 후 결제가 가능합니다. (고객센터: 1644-8051)",
    en: "A fraudulent transaction has been detected.",
  },
};

/** Terms of the agreement widget. The first three are required. */
export const TERMS = [
  {
    id: "ELECTRONIC_FINANCE",
    required: true,
    ko: "전자금융거래 이용약관",
    en: "Electronic financial transaction terms",
    koBody: "테스트용 약관입니다. 실제 결제에서는 전자금융거래의 권리와 의무에 관한 약관이 표시됩니다.",
    enBody: "Test terms. A real payment shows the rights and duties of electronic financial transactions here.",
  },
  {
    id: "PERSONAL_INFORMATION",
    required: true,
    ko: "개인정보 수집 및 이용 동의",
    en: "Collection and use of personal information",
    koBody: "테스트용 약관입니다. 샌드박스는 입력한 정보를 외부로 보내지 않습니다.",
    enBody: "Test terms. The sandbox sends nothing you enter to anyone else.",
  },
  {
    id: "THIRD_PARTY",
    required: true,
    ko: "개인정보 제3자 제공 동의",
    en: "Provision of personal information to third parties",
    koBody: "테스트용 약관입니다. 실제 결제에서는 정보를 제공받는 카드사와 은행이 표시됩니다.",
    enBody: "Test terms. A real payment names the card companies and banks here.",
  },
  {
    id: "MARKETING",
    required: false,
    ko: "결제 혜택 알림 수신 동의",
    en: "Notices about payment benefits",
    koBody: "테스트용 약관입니다. 동의하지 않아도 결제할 수 있습니다.",
    enBody: "Test terms. You can pay without agreeing to this one.",
  },
];

/** Sentences by name. */
export const TEXT = {
  windowTitle: { ko: "결제하기", en: "Payment" },
  badge: { ko: "테스트 결제 – 실제로 결제되지 않습니다", en: "Sandbox – no money will move" },
  language: { ko: "언어", en: "Language" },
  amount: { ko: "결제 금액", en: "Amount" },
  orderId: { ko: "주문번호", en: "Order number" },
  orderName: { ko: "주문 상품", en: "Order" },
  merchant: { ko: "판매자", en: "Merchant" },
  customer: { ko: "구매자", en: "Buyer" },
  method: { ko: "결제수단", en: "Payment method" },
  chooseMethod: { ko: "결제수단을 선택해 주세요", en: "Choose a payment method" },
  cardCompany: { ko: "카드사", en: "Card company" },
  chooseCardCompany: { ko: "카드사를 선택해 주세요", en: "Choose a card company" },
  instalments: { ko: "할부 기간", en: "Instalments" },
  single: { ko: "일시불", en: "Pay in full" },
  months: { ko: "{n}개월", en: "{n} months" },
  instalmentRule: { ko: "할부는 5만원 이상부터 가능합니다.", en: "Instalments are available from ₩50,000." },
  transferBank: { ko: "출금 은행", en: "Bank to pay from" },
  depositBank: { ko: "입금 은행", en: "Bank to deposit at" },
  chooseBank: { ko: "은행을 선택해 주세요", en: "Choose a bank" },
  depositNote: {
    ko: "가상계좌가 발급되며, 입금이 확인되면 결제가 완료됩니다.",
    en: "You will get an account number; the payment is complete once the deposit arrives.",
  },
  carrier: { ko: "통신사", en: "Carrier" },
  provider: { ko: "간편결제 서비스", en: "Wallet" },
  walletNote: {
    ko: "{name}(으)로 결제합니다. 테스트 결제에서는 앱을 열지 않습니다.",
    en: "Paying with {name}. No app is opened in a test payment.",
  },
  giftNote: {
    ko: "{name}(으)로 결제합니다. 테스트 결제에서는 상품권 번호를 묻지 않습니다.",
    en: "Paying with {name}. A test payment asks for no voucher number.",
  },
  pay: { ko: "{amount} 결제하기", en: "Pay {amount}" },
  paying: { ko: "처리 중…", en: "Processing…" },
  cancel: { ko: "취소", en: "Cancel" },
  close: { ko: "닫기", en: "Close" },
  fail: { ko: "결제 실패시키기", en: "Make it fail" },
  failIntro: { ko: "어떻게 실패할지 선택하세요.", en: "Choose how the payment fails." },
  failInWindow: { ko: "결제창에서 실패", en: "Fails in this window" },
  failInWindowHint: { ko: "구매자가 실패 페이지로 돌아갑니다.", en: "The buyer returns to the failure page." },
  failAtConfirm: { ko: "승인 단계에서 거절", en: "Refused at confirm" },
  failAtConfirmHint: {
    ko: "인증은 성공하고, 서버가 승인을 요청할 때 거절됩니다.",
    en: "Authentication succeeds; your server's confirm call is refused.",
  },
  secure: { ko: "안전한 결제창", en: "Secure checkout" },
  loading: { ko: "결제 정보를 불러오는 중입니다.", en: "Loading the payment." },
  leaving: { ko: "판매자 페이지로 돌아가는 중입니다.", en: "Returning to the merchant." },
  finishedTitle: { ko: "인증이 끝났습니다", en: "All done here" },
  finished: { ko: "이 창을 닫고 판매자 페이지에서 확인해 주세요.", en: "Close this window and return to the merchant." },
  goneTitle: { ko: "진행할 수 없는 결제입니다", en: "This payment cannot continue" },
  unknownPayment: { ko: "결제 정보를 찾을 수 없습니다.", en: "The payment could not be found." },
  alreadyDone: {
    ko: "이미 처리되었거나 유효 시간이 지난 결제입니다.",
    en: "It has already been processed, or its time has run out.",
  },
  unreachable: {
    ko: "서버에 연결할 수 없습니다. 잠시 후 다시 시도해 주세요.",
    en: "The server cannot be reached. Please try again in a moment.",
  },
  needCard: { ko: "카드 결제 정보를 선택해주세요.", en: "Choose a card company first." },
  agreeAll: { ko: "필수 약관에 모두 동의합니다", en: "I agree to all required terms" },
  required: { ko: "필수", en: "Required" },
  optional: { ko: "선택", en: "Optional" },
  view: { ko: "보기", en: "View" },
  needTerms: { ko: "필수 약관에 동의해주세요.", en: "Agree to the required terms to continue." },
};

/** The sentence in the language, with `{name}` filled in. */
export function say(lang, key, values = {}) {
  return TEXT[key][lang].replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
