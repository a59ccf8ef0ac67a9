// payment(): one request per method, without widgets.

/** `method` → the name of its parameter object; null where there is none. */
const METHOD_OBJECTS = {
  CARD: "card",
  TRANSFER: "transfer",
  VIRTUAL_ACCOUNT: "virtualAccount",
  MOBILE_PHONE: "mobilePhone",
  CULTURE_GIFT_CERTIFICATE: null,
  BOOK_GIFT_CERTIFICATE: null,
  GAME_GIFT_CERTIFICATE: null,
  FOREIGN_EASY_PAY: "foreignEasyPay",
};

/** Easy-pay providers as merchants write them: the code, or the Korean name. */
const EASY_PAY_NAMES = {
  토스페이: "TOSSPAY",
  네이버페이: "NAVERPAY",
  삼성페이: "SAMSUNGPAY",
  애플페이: "APPLEPAY",
  엘페이: "LPAY",
  SSG페이: "SSG",
  핀페이: "PINPAY",
  카카오페이: "KAKAOPAY",
  페이코: "PAYCO",
  KB페이: "KBPAY",
};

/** Parameters that the sandbox's server is told, beside amount and method. */
const SENT = [
  "orderId",
  "orderName",
  "customerName",
  "customerEmail",
  "customerMobilePhone",
  "taxFreeAmount",
  "successUrl",
  "failUrl",
  "metadata",
  "card",
  "transfer",
  "virtualAccount",
  "mobilePhone",
  "foreignEasyPay",
];

function paymentBody(clientKey, surface, req, amount, mode) {
  const body = { clientKey, surface, amount, windowTarget: mode.target, origin: location.origin };
  for (const name of SENT) {
    if (req[name] !== undefined && req[name] !== null) body[name] = req[name];
  }
  return body;
}

/** The wallet of `card: {flowMode: "DIRECT", easyPay}`; undefined when the request is an ordinary card. */
function directWallet(card) {
  if (!card || card.easyPay === undefined || card.easyPay === null) {
    if (card?.flowMode === "DIRECT" && !card.cardCompany) {
      throw invalid("card.flowMode", "DIRECT는 cardCompany 또는 easyPay가 필요합니다");
    }
    return undefined;
  }
  if (card.flowMode !== "DIRECT") throw invalid("card.easyPay", "flowMode: DIRECT와 함께 사용합니다");
  const code = EASY_PAY_NAMES[card.easyPay] ?? card.easyPay;
  if (!WALLETS.includes(code)) throw invalid("card.easyPay");
  return code;
}

function checkCardPlans(card) {
  if (!card) return;
  const given = (value) => value !== undefined && value !== null;
  if (given(card.cardInstallmentPlan) && given(card.maxCardInstallmentPlan)) {
    throw invalid("card.cardInstallmentPlan", "maxCardInstallmentPlan과 함께 사용할 수 없습니다");
  }
  if (given(card.discountCode) && card.flowMode !== "DIRECT") {
    throw invalid("card.discountCode", "flowMode: DIRECT와 함께 사용합니다");
  }
}

/** One `payment()` instance. */
function createPayment(clientKey, customerKey) {
  const slot = { current: null };

  async function requestPayment(req) {
    if (ASKED.reject) throw tossError(ASKED.reject);
    if (slot.current) throw tossError("INVALID_METHOD_TRANSACTION");
    if (!isRecord(req) || !isGiven(req.method)) throw invalid("method");
    if (!Object.hasOwn(METHOD_OBJECTS, req.method)) throw tossError("NOT_SUPPORTED_METHOD");
    const objectName = METHOD_OBJECTS[req.method];
    const objects = objectName ? { [objectName]: PAYMENT_OBJECTS[objectName] } : {};
    const foreign = req.method === "FOREIGN_EASY_PAY";
    const mode = checkRequest(req, ["method", "amount", "orderProductCode"], objects, foreign);
    if (foreign && !isGiven(req.foreignEasyPay?.provider)) throw invalid("foreignEasyPay.provider");
    const amount = checkAmount(req.amount);
    checkPayable(amount, req.foreignEasyPay?.provider);
    const options = req[objectName] ?? {};
    checkDue(objectName, options);
    const wallet = req.method === "CARD" ? directWallet(req.card) : undefined;
    checkCardPlans(req.card);
    const body = {
      ...paymentBody(clientKey, "payment", req, amount, mode),
      method: wallet ? "EASY_PAY" : req.method,
    };
    if (wallet) body.easyPay = wallet;
    return runPayment(slot, body, req, mode, { ...options, customerMobilePhone: req.customerMobilePhone });
  }

  async function destroy() {
    if (!slot.current) throw tossError("NO_ACTIVE_PAYMENT_REQUEST");
    slot.current.fail(tossError("PAYMENT_REQUEST_ABORTED"));
  }

  return { requestPayment, requestBillingAuth: billingAuth(slot, clientKey, customerKey), destroy };
}
