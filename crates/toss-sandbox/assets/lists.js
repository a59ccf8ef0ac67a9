// What can be chosen in the payment window and the widgets, Korean first. Codes are Toss's.

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
  FOREIGN_EASY_PAY: { ko: "해외 간편결제", en: "Overseas wallet" },
};

/** Wallets that work with a test key: names, colour, and whether a buyer can pay a part with points. */
export const WALLETS = {
  TOSSPAY: { ko: "토스페이", en: "Toss Pay", tint: "#1b64da", points: true },
  NAVERPAY: { ko: "네이버페이", en: "Naver Pay", tint: "#03803f", points: true },
  SAMSUNGPAY: { ko: "삼성페이", en: "Samsung Pay", tint: "#1428a0", points: false },
  APPLEPAY: { ko: "애플페이", en: "Apple Pay", tint: "#20252b", points: false },
  LPAY: { ko: "엘페이", en: "L.PAY", tint: "#c2262e", points: false },
  SSG: { ko: "SSG페이", en: "SSG Pay", tint: "#a8123e", points: false },
  PINPAY: { ko: "핀페이", en: "PIN Pay", tint: "#4a3fb5", points: false },
};

/** Wallets that a test key cannot use: the widget shows them, a request is refused. */
export const LIVE_WALLETS = {
  KAKAOPAY: { ko: "카카오페이", en: "Kakao Pay" },
  PAYCO: { ko: "페이코", en: "Payco" },
};

/** Wallets outside of Korea, and where their buyers are. */
export const PROVIDERS = {
  PAYPAL: { ko: "PayPal", en: "PayPal", tint: "#003087", country: "US" },
  PAYPAY: { ko: "PayPay", en: "PayPay", tint: "#c8102e", country: "JP" },
  ALIPAY: { ko: "Alipay", en: "Alipay", tint: "#0d62c9", country: "CN" },
  ALIPAYHK: { ko: "AlipayHK", en: "AlipayHK", tint: "#0d62c9", country: "HK" },
  GCASH: { ko: "GCash", en: "GCash", tint: "#0b5cd6", country: "PH" },
  TOUCHNGO: { ko: "Touch 'n Go", en: "Touch 'n Go", tint: "#1b4fa0", country: "MY" },
  BOOST: { ko: "Boost", en: "Boost", tint: "#c51b3a", country: "MY" },
  BPI: { ko: "BPI", en: "BPI", tint: "#9b1c20", country: "PH" },
  BILLEASE: { ko: "BillEase", en: "BillEase", tint: "#20638f", country: "PH" },
  DANA: { ko: "DANA", en: "DANA", tint: "#0f6fc0", country: "ID" },
  TRUEMONEY: { ko: "TrueMoney", en: "TrueMoney", tint: "#b85300", country: "TH" },
  RABBIT_LINE_PAY: { ko: "Rabbit LINE Pay", en: "Rabbit LINE Pay", tint: "#067a3c", country: "TH" },
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

/** Issuers behind "more". */
export const SMALL_ISSUERS = [
  { code: "3K", ko: "기업BC", en: "IBK BC", id: "IBK_BC", tint: "#1d4f91" },
  { code: "36", ko: "씨티", en: "Citi", id: "CITI", tint: "#0b5cab" },
  { code: "34", ko: "수협", en: "Suhyup", id: "SUHYEOP", tint: "#0e6eb8" },
  { code: "46", ko: "광주", en: "Gwangju", id: "GWANGJUBANK", tint: "#1a3f8f" },
  { code: "35", ko: "전북", en: "Jeonbuk", id: "JEONBUKBANK", tint: "#1f4aa8" },
  { code: "42", ko: "제주", en: "Jeju", id: "JEJUBANK", tint: "#00695c" },
  { code: "30", ko: "산업", en: "KDB", id: "KDBBANK", tint: "#0f4c9a" },
  { code: "37", ko: "우체국", en: "Korea Post", id: "POST", tint: "#b5121b" },
  { code: "38", ko: "새마을", en: "Saemaul", id: "SAEMAUL", tint: "#1565a8" },
  { code: "39", ko: "저축", en: "Savings bank", id: "SAVINGBANK", tint: "#5d6b7a" },
  { code: "62", ko: "신협", en: "Shinhyup", id: "SHINHYEOP", tint: "#0b66a8" },
  { code: "W1", ko: "우리(독자)", en: "Woori (own)", id: "WOORI_OWN", tint: "#0277bd" },
];

/** Brands of cards that were issued outside of Korea. */
export const OVERSEAS_ISSUERS = [
  { code: "4V", ko: "비자", en: "Visa", id: "VISA", tint: "#1a1f71" },
  { code: "4M", ko: "마스터", en: "Mastercard", id: "MASTER", tint: "#b3261e" },
  { code: "4J", ko: "JCB", en: "JCB", id: "JCB", tint: "#0b4ea2" },
  { code: "7A", ko: "아메리칸 익스프레스", en: "American Express", id: "AMEX", tint: "#016fd0" },
  { code: "3C", ko: "유니온페이", en: "UnionPay", id: "UNIONPAY", tint: "#00796b" },
  { code: "6D", ko: "다이너스", en: "Diners", id: "DINERS", tint: "#37474f" },
  { code: "6I", ko: "디스커버", en: "Discover", id: "DISCOVER", tint: "#b85300" },
];

/** The particulars that a test card may have, by Toss's Korean names. */
export const CARD_TYPES = [
  { code: "신용", ko: "신용", en: "Credit" },
  { code: "체크", ko: "체크", en: "Debit" },
  { code: "기프트", ko: "기프트", en: "Gift" },
  { code: "미확인", ko: "미확인", en: "Unknown" },
];
export const OWNER_TYPES = [
  { code: "개인", ko: "개인", en: "Personal", asked: "PERSONAL" },
  { code: "법인", ko: "법인", en: "Corporate", asked: "CORPORATE" },
];

/** What becomes of the cash receipt. */
export const CASH_RECEIPTS = [
  { code: "소득공제", ko: "소득공제", en: "Income deduction" },
  { code: "지출증빙", ko: "지출증빙", en: "Business expense" },
  { code: "미발행", ko: "미발행", en: "None" },
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
