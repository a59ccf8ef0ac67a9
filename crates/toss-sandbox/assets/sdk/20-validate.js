// What a merchant may pass. Nothing here talks to the network.

/** Phones and tablets navigate to the payment window; everything else gets an overlay. */
function isMobile() {
  const touchMac = /Macintosh/.test(navigator.userAgent) && navigator.maxTouchPoints > 1;
  return touchMac || /Android|iPhone|iPad|iPod|Mobile/i.test(navigator.userAgent);
}

/** Checks the two keys of an init call; throws synchronously. `family` is "gck" (widgets) or "ck" (payment). */
function checkKeys(clientKey, params, family) {
  const known = typeof clientKey === "string" && /^test_(gck|ck)_\w+$/.exec(clientKey);
  if (!known) {
    const live = typeof clientKey === "string" && clientKey.startsWith("live_");
    throw tossError(
      "INVALID_CLIENT_KEY",
      live ? `${MESSAGES.INVALID_CLIENT_KEY} 샌드박스는 live 키를 받지 않습니다.` : "",
    );
  }
  if (family === "gck" && known[1] !== "gck") throw tossError("NOT_SUPPORTED_API_INDIVIDUAL_KEY");
  if (family === "ck" && known[1] !== "ck") throw tossError("NOT_SUPPORTED_WIDGET_KEY");
  const customerKey = isRecord(params) ? params.customerKey : undefined;
  if (customerKey === ANONYMOUS) return;
  if (typeof customerKey === "string" && /^(test|live)_g?sk_/.test(customerKey)) {
    throw tossError("INSECURE_KEY_USAGE");
  }
  if (typeof customerKey !== "string" || !/^[A-Za-z0-9\-_=.@]{2,50}$/.test(customerKey)) {
    throw tossError("INVALID_CUSTOMER_KEY");
  }
}

/** `{currency, value}` as setAmount and payment() take it; returns a copy. */
function checkAmount(amount) {
  if (!isRecord(amount)) throw invalid("amount");
  refuseUnknown(amount, ["currency", "value"], "amount.");
  if (!["KRW", "USD", "JPY"].includes(amount.currency)) throw tossError("INVALID_AMOUNT_CURRENCY");
  const value = amount.value;
  // A dollar has cents; won and yen have no smaller part.
  const least = amount.currency === "USD" ? value * 100 : value;
  if (!Number.isFinite(value) || Math.abs(least - Math.round(least)) > 1e-6) throw tossError("INVALID_AMOUNT_VALUE");
  if (!Number.isSafeInteger(Math.round(least))) throw tossError("INVALID_AMOUNT_VALUE");
  return { currency: amount.currency, value };
}

/** Last look before a window opens: a domestic payment is in won, PayPal is paid in dollars, and none is for nothing. */
function checkPayable(amount, foreign) {
  if (foreign ? foreign === "PAYPAL" && amount.currency !== "USD" : amount.currency !== "KRW") {
    throw tossError("INVALID_AMOUNT_CURRENCY");
  }
  if (amount.value <= 0) throw tossError("BELOW_ZERO_AMOUNT");
}

/** `variantKey`: every well-formed key, or only those of `/v2/standard?variants=A,B` and the two usual ones. */
function checkVariantKey(key, usual = "DEFAULT") {
  if (key === undefined || key === null) return usual;
  if (typeof key !== "string" || !/^[\w-]{1,50}$/.test(key)) throw tossError("INVALID_VARIANT_KEY");
  const known = ["DEFAULT", "AGREEMENT", ...ASKED.variants];
  if (ASKED.variants.length > 0 && !known.includes(key)) throw tossError("INVALID_VARIANT_KEY");
  return key;
}

/** The element a widget is rendered into. */
function checkSelector(params) {
  if (!isRecord(params)) throw invalid("selector");
  refuseUnknown(params, ["selector", "variantKey"], "");
  if (typeof params.selector !== "string") throw tossError("INVALID_SELECTOR");
  let element = null;
  try {
    element = document.querySelector(params.selector);
  } catch {
    // Not a CSS selector at all: the same answer as one that matches nothing.
  }
  if (!element) throw tossError("INVALID_SELECTOR", `${MESSAGES.INVALID_SELECTOR} (${params.selector})`);
  return element;
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isBool = (value) => typeof value === "boolean";
const isText = (value) => typeof value === "string";
const isAmountPart = (value) => Number.isFinite(value) && value >= 0;
const isUpTo100 = (value) => isText(value) && value.length <= 100;
const isOneOf = (...allowed) => (value) => allowed.includes(value);
const isListOf = (check) => (value) => Array.isArray(value) && value.every(check);
const isShape = (fields, required = []) => (value) =>
  isRecord(value) &&
  Object.keys(value).every((key) => key in fields && (value[key] === null || fields[key](value[key]))) &&
  required.every((key) => value[key] !== undefined && value[key] !== null);

const isHours = (value) => Number.isInteger(value) && value > 0 && value <= 2160;
const isLocalTime = (value) => isText(value) && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?$/.test(value);
const isInstalment = (value) => value === 0 || (Number.isInteger(value) && value >= 2 && value <= 12);
const isCashReceipt = isShape({ type: isOneOf("소득공제", "지출증빙", "미발행") }, ["type"]);
const isEscrow = isListOf(
  isShape({ id: isText, name: isText, code: isText, unitPrice: isAmountPart, quantity: isAmountPart }),
);
const isSplit = isListOf(isRecord);
const isCountry = (value) => isText(value) && /^[A-Z]{2}$/.test(value);

/** Wallets from outside of Korea. */
const FOREIGN_PROVIDERS = [
  "PAYPAL",
  "PAYPAY",
  "ALIPAY",
  "ALIPAYHK",
  "GCASH",
  "TOUCHNGO",
  "BOOST",
  "BPI",
  "BILLEASE",
  "DANA",
  "TRUEMONEY",
  "RABBIT_LINE_PAY",
];

/** What a request to one of them may say. */
const FOREIGN = {
  country: isCountry,
  products: isListOf(
    isShape({ name: isText, quantity: isAmountPart, unitAmount: isAmountPart, currency: isText, description: isText }),
  ),
  shipping: isShape({
    fullName: isText,
    address: isShape({ country: isCountry, line1: isText, line2: isText, area1: isText, area2: isText, postalCode: isText }),
  }),
  paymentMethodOptions: isRecord,
};

/** Optional parameters of every request: name → what it must be when it is not null. */
const OPTIONAL = {
  customerName: isUpTo100,
  customerEmail: isUpTo100,
  customerMobilePhone: (value) => isText(value) && /^\d{8,15}$/.test(value),
  taxFreeAmount: isAmountPart,
  successUrl: () => true,
  failUrl: () => true,
  windowTarget: isOneOf("iframe", "self"),
  metadata: () => true,
  pendingUrl: isText,
  sandbox: isShape({ paymentResult: isOneOf("SUCCESS", "FAIL") }),
  subOrders: isListOf(isRecord),
};

const DEPOSIT = {
  taxExemptionAmount: isAmountPart,
  cashReceipt: isCashReceipt,
  useEscrow: isBool,
  escrowProducts: isEscrow,
  validHours: isHours,
  dueDate: isLocalTime,
  isCulturalExpenses: isBool,
};

/** The method objects of payment(), by parameter name. */
const PAYMENT_OBJECTS = {
  card: {
    useEscrow: isBool,
    escrowProducts: isEscrow,
    taxExemptionAmount: isAmountPart,
    flowMode: isOneOf("DEFAULT", "DIRECT"),
    cardCompany: isText,
    easyPay: isText,
    cardInstallmentPlan: isInstalment,
    maxCardInstallmentPlan: isInstalment,
    freeInstallmentPlans: isListOf(isShape({ company: isText, months: isListOf(isInstalment) }, ["company", "months"])),
    useCardPoint: isBool,
    useAppCardOnly: isBool,
    discountCode: isText,
    validHours: isHours,
    dueDate: isLocalTime,
    useInternationalCardOnly: isBool,
    language: isOneOf("KO", "EN", "JA", "ZH"),
    showEstimatedAmount: isBool,
    threeDS: isRecord,
    appScheme: isText,
    keyin: isShape({ selectableCardTypes: isListOf(isOneOf("PERSONAL", "CORPORATE", "FOREIGN")) }),
    showMobileAppHeader: isBool,
    affiliateCards: isListOf(isRecord),
    dividedSettlements: isSplit,
  },
  virtualAccount: { ...DEPOSIT, showCustomerMobilePhone: isBool, refundReceiveAccount: isRecord },
  transfer: {
    ...DEPOSIT,
    encryptedCustomerCi: isText,
    showSecuritiesAccount: isBool,
    provider: isOneOf("OPENBANKING", "BANKPAY"),
    dividedSettlements: isSplit,
  },
  mobilePhone: { mobileCarriers: isListOf(isOneOf("KT", "LGU", "SKT", "HELLO", "KCT", "SK7")) },
  foreignEasyPay: { provider: isOneOf(...FOREIGN_PROVIDERS), ...FOREIGN },
};

/** The method objects of widgets(): all may be given, the selected method uses its own. */
const WIDGET_OBJECTS = {
  card: { taxExemptionAmount: isAmountPart, appScheme: isText, threeDS: isRecord },
  transfer: { useEscrow: isBool, escrowProducts: isEscrow, isCulturalExpenses: isBool },
  virtualAccount: {
    useEscrow: isBool,
    escrowProducts: isEscrow,
    cashReceipt: isCashReceipt,
    isCulturalExpenses: isBool,
  },
  foreignEasyPay: FOREIGN,
  subMerchantSetting: null,
};

function invalid(name, rule) {
  return tossError("INVALID_PARAMETERS", `${MESSAGES.INVALID_PARAMETERS} (${name}${rule ? `: ${rule}` : ""})`);
}

function refuseUnknown(params, allowed, prefix) {
  for (const key of Object.keys(params)) {
    if (!allowed.includes(key)) throw invalid(prefix + key, "정의되지 않은 파라미터입니다");
    if (params[key] === undefined) throw invalid(prefix + key, "undefined는 사용할 수 없습니다");
  }
}

/**
 * Checks a requestPayment parameter object and says how the payment will run:
 * `{redirect, target}`. `extra` lists parameters beyond the common ones; `objects` the method objects;
 * `redirectOnly` is a method that keeps no promise.
 */
function checkRequest(req, extra, objects, redirectOnly = false) {
  if (!isRecord(req)) throw invalid("paymentRequest");
  const allowed = ["orderId", "orderName", ...Object.keys(OPTIONAL), ...extra, ...Object.keys(objects)];
  refuseUnknown(req, allowed, "");
  if (!isText(req.orderId) || !/^[A-Za-z0-9\-_=]{6,64}$/.test(req.orderId)) {
    throw invalid("orderId", "영문 대소문자, 숫자, 특수문자 -, _, = 로 6자 이상 64자 이하");
  }
  if (!isUpTo100(req.orderName) || req.orderName.trim() === "") throw invalid("orderName", "1자 이상 100자 이하");
  for (const [name, ok] of Object.entries(OPTIONAL)) {
    if (isGiven(req[name]) && !ok(req[name])) throw invalid(name);
  }
  for (const [name, fields] of Object.entries(objects)) checkMethodObject(name, req[name], fields);
  checkMetadata(req.metadata);
  return checkMode(req, redirectOnly);
}

function checkMethodObject(name, given, fields) {
  if (given === undefined || given === null) return;
  if (!isRecord(given)) throw invalid(name);
  if (fields === null) return;
  refuseUnknown(given, Object.keys(fields), `${name}.`);
  for (const [key, value] of Object.entries(given)) {
    if (value !== null && !fields[key](value)) throw invalid(`${name}.${key}`);
  }
}

function checkMetadata(metadata) {
  if (metadata === undefined || metadata === null) return;
  const pairs = isRecord(metadata) ? Object.entries(metadata) : null;
  const ok =
    pairs &&
    pairs.length <= 5 &&
    pairs.every(([key, value]) => /^[^[\]]{1,40}$/.test(key) && isText(value) && value.length <= 2000);
  if (!ok) throw tossError("INVALID_METADATA");
}

const isGiven = (value) => value !== undefined && value !== null;

/**
 * Both URLs: redirect mode. Neither: promise mode, on a PC only, and never where the method is redirect-only. One
 * of the two: the other one is wrong.
 */
function checkMode(req, redirectOnly = false) {
  const redirect = isGiven(req.successUrl) || isGiven(req.failUrl);
  const mobile = isMobile();
  if (redirect && !isAbsolute(req.successUrl)) throw tossError("INCORRECT_SUCCESS_URL_FORMAT");
  if (redirect && !isAbsolute(req.failUrl)) throw tossError("INCORRECT_FAIL_URL_FORMAT");
  if (mobile && req.windowTarget === "iframe") throw invalid("windowTarget", "모바일에서는 iframe을 사용할 수 없습니다");
  const target = req.windowTarget || (mobile ? "self" : "iframe");
  // A page that navigates away cannot keep a promise: `self` needs the two URLs as much as a phone does.
  if (!redirect && (target === "self" || redirectOnly)) throw tossError("NOT_SUPPORTED_PROMISE");
  return { redirect, target };
}

/** The longest life of a virtual account, in milliseconds: 2160 hours. */
const LONGEST_DUE_MS = 2160 * 3600000;

/** `dueDate` and `validHours` exclude each other, and a date is not too far away. */
function checkDue(name, given) {
  if (!given) return;
  if (isGiven(given.dueDate) && isGiven(given.validHours)) {
    throw invalid(`${name}.dueDate`, "validHours와 함께 사용할 수 없습니다");
  }
  if (isGiven(given.dueDate) && Date.parse(`${given.dueDate}+09:00`) > Date.now() + LONGEST_DUE_MS) {
    throw tossError("EXCEED_MAX_DUE_DATE");
  }
}

function isAbsolute(value) {
  if (!isText(value) || !/^https?:\/\//i.test(value)) return false;
  try {
    return new URL(value).hostname !== "";
  } catch {
    return false;
  }
}
