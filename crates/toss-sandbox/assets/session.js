// What the window is about, and what it says to the server: a payment, or the registration for later charges.

import { call } from "./common.js";
import { REASONS } from "./lists.js";

/**
 * The payment of this address. `load` shows it; each other verb ends the window and answers with what the
 * merchant's page is told.
 */
export function paymentSession(paymentKey) {
  const key = encodeURIComponent(paymentKey);
  const base = `/sandbox/browser/payments/${key}`;
  const fail = (code) => call(`${base}/fail`, { code });
  return {
    load: () => call(base),
    approve: (wish) => call(`${base}/authenticate`, wish),
    fail,
    close: () => call(`${base}/close`, {}),
    async expire() {
      await call(`/sandbox/payments/${key}/expire`, {});
      return fail("PAY_PROCESS_ABORTED");
    },
  };
}

/** A registration: the server knows it only once it has succeeded, so its failures are worded here. */
export function billingSession(request) {
  const failed = (code, message) => ({ code, message, redirectUrl: withQuery(request.failUrl, { code, message }) });
  return {
    async load() {
      const config = await call(`/sandbox/browser/config?clientKey=${encodeURIComponent(request.clientKey ?? "")}`);
      const { customerName = null } = request;
      return { merchantName: config.merchantName, customerName, status: "READY", currency: "KRW", amount: null };
    },
    async approve({ confirmOutcome: outcome, ...wish }) {
      const { clientKey, customerKey } = request;
      const { authKey } = await call("/sandbox/browser/billing-auths", { clientKey, customerKey, outcome, ...wish });
      return { customerKey, authKey, redirectUrl: withQuery(request.successUrl, { customerKey, authKey }) };
    },
    fail: async (code) => failed(code, REASONS[code].ko),
    close: async () => failed("PAY_PROCESS_CANCELED", "사용자에 의해 결제가 취소되었습니다."),
  };
}

/** An address with parameters behind its own query and before its fragment. */
function withQuery(url, parameters) {
  const [, base, fragment] = /^([^#]*)(.*)$/s.exec(url ?? "");
  const joint = base.includes("?") ? "&" : "?";
  const added = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${base}${joint}${added.join("&")}${fragment}`;
}
