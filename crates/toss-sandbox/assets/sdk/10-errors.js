// The browser SDK of the sandbox: where the sandbox is, how it was loaded, and its errors.
// The parts share one function scope; the server joins them in the order of their names.

/** The sandbox's own origin: the only place this script ever talks to. The server writes it in. */
const ORIGIN = "__SANDBOX_ORIGIN__";

/** The buyer that has no customerKey. */
const ANONYMOUS = "@@ANONYMOUS";

/** What the sandbox does where Toss's documents are silent; the server writes it in. */
const SWITCHES = "__SANDBOX_SWITCHES__";

/** What a test asks of this script by the query of its address, `/v2/standard?lang=en`; `assets/README.md` lists it. */
const ASKED = (() => {
  const script = document.currentScript;
  const asked = new URLSearchParams(script ? new URL(script.src, location.href).search : "");
  const list = (name) => (asked.get(name) ?? "").split(",").filter(Boolean);
  return {
    reject: asked.get("reject"),
    variants: list("variants"),
    unhealthy: list("unhealthy"),
    custom: list("custom"),
    depositLimit: asked.has("depositLimit") ? Number(asked.get("depositLimit")) : Infinity,
    language: asked.get("lang"),
  };
})();

/** "ko" or "en" for frames: what one request asked for (KO, EN, JA, ZH), else what the script was asked for. */
function windowLanguage(asked) {
  if (asked) return asked === "KO" ? "ko" : "en";
  return ASKED.language;
}

/** Korean messages of the SDK error table; a `detail` given to `tossError` replaces the text. */
const MESSAGES = {
  USER_CANCEL: "취소되었습니다.",
  INVALID_CLIENT_KEY: "ClientKey 형태가 올바르지 않습니다.",
  INVALID_CUSTOMER_KEY:
    "고객키는 영문 대소문자, 숫자, 특수문자 -, _, =, ., @로 2자 이상 50자 이하여야 합니다.",
  INSECURE_KEY_USAGE:
    "시크릿 키(test_gsk, live_gsk)는 브라우저에서 사용할 수 없습니다. 노출된 키는 즉시 재발급하세요.",
  NOT_SUPPORTED_API_INDIVIDUAL_KEY:
    "API 개별 연동 키는 지원하지 않습니다. 결제위젯 연동 클라이언트 키(test_gck)를 사용해주세요.",
  NOT_SUPPORTED_WIDGET_KEY:
    "결제위젯 연동 키는 지원하지 않습니다. API 개별 연동 클라이언트 키(test_ck)를 사용해주세요.",
  NOT_SETUP_AMOUNT: "결제금액이 설정되지 않았습니다. setAmount를 호출해주세요.",
  INVALID_AMOUNT_VALUE: "결제금액이 올바르지 않습니다.",
  INVALID_AMOUNT_CURRENCY: "잘못된 통화 값입니다.",
  BELOW_ZERO_AMOUNT: "금액은 0보다 커야 합니다.",
  INVALID_PARAMETERS: "파라미터가 올바르지 않습니다.",
  INVALID_PARAMETER: "콜백 함수가 올바르지 않습니다.",
  INVALID_METADATA: "올바르지 않은 metadata 형식입니다.",
  INVALID_SELECTOR: "selector에 해당하는 요소를 찾을 수 없습니다.",
  INVALID_VARIANT_KEY: "variantKey에 해당하는 위젯을 찾을 수 없습니다.",
  PAYMENT_METHODS_WIDGET_ALREADY_RENDERED: "하나의 결제수단 위젯만을 사용할 수 있어요.",
  AGREEMENT_WIDGET_ALREADY_RENDERED: "하나의 약관 위젯만을 사용할 수 있어요.",
  PAYMENT_WINDOW_ALREADY_RENDERED: "이미 결제창이 렌더링되어 있어요.",
  INVALID_METHOD_TRANSACTION: "이미 다른 요청을 수행하고 있어요.",
  NOT_SELECTED_PAYMENT_METHOD: "결제수단이 아직 선택되지 않았어요. 결제수단을 선택해 주세요.",
  NEED_AGREEMENT_WITH_REQUIRED_TERMS: "필수 약관에 동의해주세요.",
  NEED_CARD_PAYMENT_DETAIL: "카드 결제 정보를 선택해주세요.",
  NEED_REFUND_ACCOUNT_DETAIL: "환불계좌 정보를 모두 입력해주세요.",
  EXCEED_DEPOSIT_AMOUNT_LIMIT: "가상계좌 입금 제한 금액을 초과했어요. 다른 결제수단을 이용해주세요.",
  EXCEED_MAX_DUE_DATE: "가상 계좌의 최대 유효만료 기간을 초과했습니다.",
  CUSTOM_PAYMENT_METHOD_UNABLE_TO_PAY: "커스텀 결제수단으로 결제할 수 없습니다.",
  PROVIDER_STATUS_UNHEALTHY: "결제 기관(카드사, 은행, 국세청 등) 오류입니다. 다른 결제수단을 선택해 주세요.",
  UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD: "테스트 환경을 지원하지 않는 결제수단입니다.",
  INCORRECT_SUCCESS_URL_FORMAT: "잘못된 successUrl 입니다.",
  INCORRECT_FAIL_URL_FORMAT: "잘못된 failUrl 입니다.",
  NOT_SUPPORTED_PROMISE: "Promise 방식을 지원하지 않습니다. successUrl, failUrl을 사용해주세요.",
  NOT_SUPPORTED_METHOD: "지원되지 않는 결제수단입니다.",
  PAYMENT_REQUEST_ABORTED: "결제 요청이 중단되었습니다.",
  NO_ACTIVE_PAYMENT_REQUEST: "진행 중인 결제 요청이 없습니다.",
  V1_METHOD_NOT_SUPPORTED: "해당 API 는 v1 에서만 제공됩니다.",
  UNKNOWN: "알 수 없는 에러가 발생했습니다.",
};

/** Errors whose class Toss's types name and whose code they do not by a fixed code: our code → the class. */
const CLASSES = {
  PAYMENT_REQUEST_ABORTED: "PaymentRequestAbortedError",
  NO_ACTIVE_PAYMENT_REQUEST: "NoActivePaymentRequestError",
  PAYMENT_WINDOW_ALREADY_RENDERED: "PaymentWindowAlreadyRenderedError",
};

/** An Error as the SDK throws and rejects it: `code` to branch on, a Korean `message` to show. */
function tossError(code, detail) {
  const error = new Error(detail || MESSAGES[code] || MESSAGES.UNKNOWN);
  error.name = CLASSES[code] ?? "TossPaymentsError";
  error.code = SWITCHES.sdkErrorCodes === "class" ? (CLASSES[code] ?? code) : code;
  return error;
}

/** A feature of Toss that this sandbox does not have yet: said plainly, never half done. */
function notInSandbox(feature) {
  return tossError(
    "NOT_SUPPORTED_METHOD",
    `${MESSAGES.NOT_SUPPORTED_METHOD} 이 샌드박스는 아직 ${feature}을(를) 제공하지 않습니다. ` +
      `(${feature} is not available in this sandbox yet.)`,
  );
}

/** Longest wait for one answer of the sandbox, in milliseconds. */
const CALL_TIMEOUT_MS = 15000;

/** One JSON call to the sandbox. A refusal becomes an Error with the server's own code and message. */
async function callSandbox(path, body) {
  let response;
  let answer;
  try {
    response = await fetch(ORIGIN + path, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    answer = await response.json();
  } catch (cause) {
    const error = tossError("UNKNOWN", `${MESSAGES.UNKNOWN} 샌드박스(${ORIGIN})에 연결할 수 없습니다.`);
    error.cause = cause;
    throw error;
  }
  if (!response.ok) {
    throw tossError(String(answer.code || "UNKNOWN"), answer.message ? String(answer.message) : "");
  }
  return answer;
}
