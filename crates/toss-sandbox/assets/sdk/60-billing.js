// Registering a card or an account for later charges: payment().requestBillingAuth().

/** Parameters of both methods; the wallets and issuers that can be gone to directly are a card's own. */
const BILLING = {
  successUrl: () => true,
  failUrl: () => true,
  customerName: isUpTo100,
  customerEmail: isUpTo100,
  windowTarget: isOneOf("iframe", "self"),
};
const BILLING_CARD = {
  selectableCardTypes: isListOf(isOneOf("PERSONAL", "CORPORATE")),
  flowMode: isOneOf("DEFAULT", "DIRECT"),
  easyPay: isOneOf("토스페이", "TOSSPAY", "네이버페이", "NAVERPAY"),
  cardCompany: isText,
};

/** `requestBillingAuth` of one `payment()` instance: always by redirect. */
function billingAuth(slot, clientKey, customerKey) {
  return async (req) => {
    if (ASKED.reject) throw tossError(ASKED.reject);
    if (slot.current) throw tossError("INVALID_METHOD_TRANSACTION");
    if (!isRecord(req) || !isGiven(req.method)) throw invalid("method");
    if (!["CARD", "TRANSFER"].includes(req.method)) throw tossError("NOT_SUPPORTED_METHOD");
    // A key is issued to somebody: an anonymous buyer has no name to charge later.
    if (customerKey === ANONYMOUS) throw tossError("INVALID_CUSTOMER_KEY");
    const fields = req.method === "CARD" ? { ...BILLING, ...BILLING_CARD } : BILLING;
    checkBilling(req, fields);
    const mode = checkMode(req, true);
    const { easyPay, windowTarget, ...wishes } = req;
    const options = { ...wishes, clientKey, customerKey };
    if (isGiven(easyPay)) options.easyPay = EASY_PAY_NAMES[easyPay] ?? easyPay;
    const start = async () => {
      await callSandbox(`/sandbox/browser/config?clientKey=${encodeURIComponent(clientKey)}`);
      return { url: windowAddress("/sandbox/window/billing", options) };
    };
    return runRequest(slot, start, req, mode);
  };
}

function checkBilling(req, fields) {
  refuseUnknown(req, ["method", ...Object.keys(fields)], "");
  for (const [name, ok] of Object.entries(fields)) {
    if (isGiven(req[name]) && !ok(req[name])) throw invalid(name);
  }
  const direct = isGiven(req.easyPay) || isGiven(req.cardCompany);
  if (direct && req.flowMode !== "DIRECT") throw invalid("flowMode", "easyPay와 cardCompany는 DIRECT와 함께 사용합니다");
  if (!direct && req.flowMode === "DIRECT") throw invalid("flowMode", "DIRECT는 cardCompany 또는 easyPay가 필요합니다");
}
