// The page that Toss sends the buyer to. The buyer has authenticated the payment; no money has moved yet.
//
// 1. read the address           4. show what happened
// 2. verify the amount          5. if nobody knows yet, ask until somebody does
// 3. confirm: now they pay
//
// A browser may run this page twice (reload, back button, restored tab). Nothing here minds.
import { byId, load, orderNumber, preparePage, readConfig, rememberOrder, t, won } from "./shop.js";
import { NoAnswer, Refused, hanbeonAt, pollOrder, withRetries } from "./hanbeon.js";
import { drawAccount } from "./account.js";

const result = byId("result");

preparePage();
start().catch((error) => {
  console.error(error);
  showUnknown();
});
byId("check-again").addEventListener("click", () => location.reload());

async function start() {
  const payment = readAddress();
  if (!payment) return showFailed(t("missingOrder"));
  byId("order-number").textContent = payment.backendOrderId;
  byId("result-amount").textContent = won(payment.amount);
  byId("order-name").textContent = payment.orderName ?? t("orderUnnamed");
  byId("view-order").href = `/orders/${payment.backendOrderId}`;
  // Before the charge, not after it: if this tab dies in the next second, the buyer still finds the order.
  rememberOrder({
    backendOrderId: payment.backendOrderId,
    paymentKey: payment.paymentKey,
    orderName: payment.orderName,
  });

  const hanbeon = hanbeonAt((await readConfig()).storefrontPrefix);
  await verify(hanbeon, payment);
  await confirm(hanbeon, payment);
}

function readAddress() {
  const query = new URLSearchParams(location.search);
  const attempt = load(sessionStorage, "shop.attempt");
  const [orderId, paymentKey, amount] = ["orderId", "paymentKey", "amount"].map((name) => query.get(name));
  // This tab's own attempt, if the address is about it.
  const mine = attempt?.orderId === orderId ? attempt : null;
  const backendOrderId = orderNumber(query.get("backendOrderId") ?? mine?.backendOrderId);
  if (!backendOrderId || !orderId || !paymentKey || !/^\d{1,15}$/.test(amount ?? "")) return null;
  return { backendOrderId, orderId, paymentKey, amount: Number(amount), orderName: mine?.orderName };
}

async function verify(hanbeon, { orderId, amount }) {
  try {
    await hanbeon.verifyAmount(orderId, amount);
  } catch (error) {
    // Verifying uses the saved amount up, so on a reload it fails although all is well. `confirm` compares
    // the amount with the order by itself, and it is the authority: go on and let it decide.
    console.info("verifyAmount:", error.message);
  }
}

async function confirm(hanbeon, payment) {
  try {
    // Repeating a confirm is safe: hanbeon stores the intent before it calls Toss and answers a repeat from
    // what it stored, so the same payment is charged once however often it is asked for. Not repeating would
    // leave the buyer with a page that does not know whether they paid.
    const { status, body } = await withRetries(() => hanbeon.confirm(payment));
    if (status === 202 || body?.tossPaymentStatus === "IN_PROGRESS") return wait(hanbeon, payment);
    await showOrder(hanbeon, body);
  } catch (error) {
    if (error instanceof NoAnswer) return wait(hanbeon, payment);
    if (!(error instanceof Refused)) throw error;
    showFailed(error.message, error.code);
  }
}

/** Nobody knows yet. hanbeon asks Toss until it is known; this page asks hanbeon. */
async function wait(hanbeon, { backendOrderId }) {
  show("pending", t("pendingTitle"), t("pendingText"));
  const settled = ({ tossPaymentStatus }) => tossPaymentStatus !== "IN_PROGRESS";
  try {
    const order = await pollOrder(hanbeon, backendOrderId, settled);
    if (order) await showOrder(hanbeon, order);
    else showUnknown();
  } catch (error) {
    console.error(error);
    showUnknown();
  }
}

async function showOrder(hanbeon, order) {
  byId("result-amount").textContent = won(order.totalAmount);
  byId("result-method").textContent = order.tossPaymentMethod ?? "–";
  switch (order.tossPaymentStatus) {
    case "DONE":
    case "PARTIAL_CANCELED":
      return show("paid", t("paidTitle"), t("paidText"));
    case "WAITING_FOR_DEPOSIT":
      return awaitDeposit(hanbeon, order);
    case "IN_PROGRESS":
      return showUnknown();
    default:
      return showFailed(t("failedText"), order.tossPaymentStatus);
  }
}

async function accountOf(hanbeon, { backendOrderId }) {
  try {
    return await hanbeon.readAccount(backendOrderId);
  } catch (error) {
    // The order stands; only the account cannot be shown now.
    console.info("virtual-account:", error.message);
    return null;
  }
}

/** Where to pay in, if hanbeon says it (Toss tells the buyer by text message and e-mail in any case); and whoever pays
 *  in at once, with the bank's app beside this page, sees it arrive. */
async function awaitDeposit(hanbeon, order) {
  const account = await accountOf(hanbeon, order);
  drawAccount(account);
  show("waiting", t("waitingTitle"), account ? t("waitingText") : t("waitingNoAccount"));
  const arrived = ({ tossPaymentStatus }) => tossPaymentStatus !== "WAITING_FOR_DEPOSIT";
  const now = await pollOrder(hanbeon, order.backendOrderId, arrived).catch(() => null);
  if (!now) return;
  drawAccount(null);
  await showOrder(hanbeon, now);
}

function showFailed(message, code) {
  byId("fail-code").textContent = code ?? "";
  show("failed", t("failedTitle"), message);
}

/** Never "failed": we do not know, and the buyer may have paid. */
function showUnknown() {
  show("pending", t("pendingTitle"), t("pendingSlow"));
  byId("check-again").hidden = false;
}

function show(state, title, text) {
  result.dataset.state = state;
  byId("result-title").textContent = title;
  byId("result-text").textContent = text;
  document.title = `${title} · ${t("orderUnnamed")}`;
}
