// Toss's browser SDK, version 2, behind two calls that look the same for both kinds of client key:
//   …_gck_…  the payment widget: methods and terms are drawn by Toss inside the page
//   …_ck_…   the payment window: the shop draws a simple choice of methods
import { element, t } from "./shop.js";

/** The ways to pay in won of the payment window. Easy pay is among the window's cards. */
const METHODS = [
  "CARD",
  "TRANSFER",
  "VIRTUAL_ACCOUNT",
  "MOBILE_PHONE",
  "CULTURE_GIFT_CERTIFICATE",
  "BOOK_GIFT_CERTIFICATE",
  "GAME_GIFT_CERTIFICATE",
];

/** Loads the SDK and shows the payment methods. Resolves to { setAmount(won), request(payment) }. */
export async function mountPayment({ sdkUrl, clientKey, amount, methods, agreement }) {
  await loadSdk(sdkUrl);
  const toss = window.TossPayments(clientKey);
  // A guest. For a member, pass a random id of your own: never an e-mail address, a phone number or a serial.
  const customerKey = window.TossPayments.ANONYMOUS;
  return clientKey.includes("_gck_")
    ? mountWidget(toss.widgets({ customerKey }), amount, methods, agreement)
    : mountWindow(toss.payment({ customerKey }), amount, methods);
}

async function mountWidget(widgets, amount, methods, agreement) {
  // The order of these calls is Toss's: first the amount, then the methods and the terms.
  await widgets.setAmount({ currency: "KRW", value: amount });
  await Promise.all([
    widgets.renderPaymentMethods({ selector: `#${methods.id}`, variantKey: "DEFAULT" }),
    widgets.renderAgreement({ selector: `#${agreement.id}`, variantKey: "AGREEMENT" }),
  ]);
  // Quick clicks change the amount faster than the widget answers: one change after the other, and a payment
  // only after the last.
  let lastChange = Promise.resolve();
  return {
    setAmount(value) {
      lastChange = lastChange.then(() => widgets.setAmount({ currency: "KRW", value }));
      return lastChange;
    },
    async request(payment) {
      await lastChange;
      return widgets.requestPayment(payment);
    },
  };
}

function mountWindow(payment, amount, methods) {
  let value = amount;
  const choices = METHODS.map((method, index) =>
    element(
      "label",
      { className: "method" },
      element("input", { type: "radio", name: "method", value: method, checked: index === 0 }),
      element("span", {}, t(`method${method}`)),
    ),
  );
  methods.replaceChildren(
    element("fieldset", { className: "methods" }, element("legend", {}, t("methodLegend")), ...choices),
  );
  return {
    async setAmount(next) {
      value = next;
    },
    request(request) {
      const method = methods.querySelector("input:checked").value;
      return payment.requestPayment({ method, amount: { currency: "KRW", value }, ...request });
    },
  };
}

/** Opens the window that registers a card for later charges; the browser leaves for `successUrl` or `failUrl`. */
export async function registerCard({ sdkUrl, billingClientKey, customerKey, successUrl, failUrl }) {
  await loadSdk(sdkUrl);
  const payment = window.TossPayments(billingClientKey).payment({ customerKey });
  return payment.requestBillingAuth({ method: "CARD", successUrl, failUrl });
}

/** Appends the SDK's script once; a failed load may be tried again. */
function loadSdk(src) {
  if (window.TossPayments) return Promise.resolve();
  return new Promise((loaded, failed) => {
    const script = element("script", { src });
    script.onload = () => (window.TossPayments ? loaded() : failed(new Error("no TossPayments in the SDK")));
    script.onerror = () => {
      script.remove();
      failed(new Error("the SDK could not be loaded"));
    };
    document.head.append(script);
  });
}

/** A fresh id for one payment attempt: 22 characters of A–Z, a–z, 0–9, - and _. Toss wants 6 to 64, and wants
 *  it never used before. */
export function freshOrderId() {
  const random = crypto.getRandomValues(new Uint8Array(16));
  return btoa(String.fromCharCode(...random)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
