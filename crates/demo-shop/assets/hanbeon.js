// hanbeon's storefront API: six calls. The session cookie travels by itself, because the shop's pages are
// on hanbeon's own origin.
import { sleep } from "./shop.js";

/** hanbeon, or Toss through hanbeon, said no: `code` and `message` are theirs, `status` is HTTP's. */
export class Refused extends Error {
  constructor(status, body) {
    super(body.message || `HTTP ${status}`);
    this.status = status;
    this.code = body.code ?? status;
  }
}

/** There was no usable answer: the network failed, or something between us and hanbeon did.
 *  Nobody knows what happened to the request. It is not a "no". */
export class NoAnswer extends Error {}

// hanbeon itself waits for Toss and answers 202 when Toss is too slow; this only ends a dead connection.
const CALL_TIMEOUT_MS = 75_000;

/** `prefix` is where hanbeon mounts its storefront API, for example "/payments". */
export function hanbeonAt(prefix) {
  return {
    /** Remembers, in this session, what the buyer is about to pay. Call it before Toss's requestPayment. */
    saveAmount: (orderId, amount) => call("POST", `${prefix}/saveAmount`, { orderId, amount }),

    /** Compares what came back in the address with what was saved, and uses the saved value up. */
    verifyAmount: (orderId, amount) => call("POST", `${prefix}/verifyAmount`, { orderId, amount }),

    /** Charges the buyer. Resolves to { status: 200 | 202, body }. */
    confirm: ({ backendOrderId, orderId, paymentKey, amount }) =>
      call("POST", `${prefix}/confirm`, { amount: String(amount), backendOrderId, orderId, paymentKey }),

    /** { backendOrderId, tossPaymentMethod, tossPaymentStatus, totalAmount }, from hanbeon's own records. */
    readOrder: async (backendOrderId) =>
      (await call("GET", `${prefix}/${encodeURIComponent(backendOrderId)}`)).body,

    /** Where to pay in, while the order waits for a deposit: { bankName, accountNumber, dueDate, … }. Only for the
     *  browser that ordered. */
    readAccount: async (backendOrderId) =>
      (await call("GET", `${prefix}/${encodeURIComponent(backendOrderId)}/virtual-account`)).body,

    /** Gives all of the money back; that of a virtual account into `refundReceiveAccount`. Resolves to
     *  { status: 200, body: Toss's Payment } or { status: 202 }. */
    cancel: (paymentKey, cancelReason, refundReceiveAccount) =>
      call("POST", `${prefix}/cancel`, { paymentKey, cancelReason, refundReceiveAccount }),
  };
}

/** One call of hanbeon's, or of the shop's own server, which speaks in the same way. */
export async function call(method, url, body) {
  let answer;
  let text;
  try {
    answer = await fetch(url, {
      method,
      headers: body ? { "Content-Type": "application/json" } : {},
      body: body && JSON.stringify(body),
      cache: "no-store",
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    text = await answer.text();
  } catch (cause) {
    throw new NoAnswer("no answer", { cause });
  }
  const parsed = parse(text);
  if (answer.ok) return { status: answer.status, body: parsed };
  // An error without hanbeon's { code, message } is a proxy's, and says nothing about the payment.
  if (typeof parsed?.message !== "string") throw new NoAnswer(`HTTP ${answer.status}`);
  throw new Refused(answer.status, parsed);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Repeats `action` while there is no answer or hanbeon is too busy: five tries within half a minute.
 *  Only for calls that are safe to repeat. */
export async function withRetries(action) {
  for (const wait of [1_000, 2_000, 4_000, 8_000, null]) {
    try {
      return await action();
    } catch (error) {
      const worthAnother = error instanceof NoAnswer || [429, 503, 504].includes(error.status);
      if (!worthAnother || wait === null) throw error;
      await sleep(wait);
    }
  }
}

/** Reads the order until `settled(order)`, more and more slowly, for about three minutes.
 *  Resolves to the order, or to null when it is still not settled. */
export async function pollOrder(hanbeon, backendOrderId, settled) {
  let wait = 1_000;
  for (let tries = 0; tries < 22; tries += 1) {
    await sleep(wait);
    wait = Math.min(wait * 1.5, 10_000);
    try {
      const order = await hanbeon.readOrder(backendOrderId);
      if (settled(order)) return order;
    } catch (error) {
      // A lost answer to a question changes nothing: ask again. A 4xx will not get better by asking.
      const passing = error instanceof NoAnswer || error.status === 429 || error.status >= 500;
      if (!passing) throw error;
    }
  }
  return null;
}
