// One order: what hanbeon knows of it, and the way to cancel it.
import { byId, myOrders, notice, orderNumber, preparePage, readConfig, statusWords, t, won } from "./shop.js";
import { NoAnswer, hanbeonAt, pollOrder, withRetries } from "./hanbeon.js";

const CANCELLABLE = ["DONE", "PARTIAL_CANCELED", "WAITING_FOR_DEPOSIT"];
const dialog = byId("cancel-dialog");
const cancelResult = byId("cancel-result");
const backendOrderId = orderNumber(decodeURIComponent(location.pathname.split("/").pop()));
const mine = myOrders().find((order) => order.backendOrderId === backendOrderId);

let hanbeon = null;
let order = null;

preparePage();
start();

async function start() {
  byId("order-name").textContent = mine?.orderName ?? t("orderUnnamed");
  byId("order-number").textContent = backendOrderId ?? "–";
  if (!backendOrderId) return showProblem(t("badOrderNumber"));
  try {
    hanbeon = hanbeonAt((await readConfig()).storefrontPrefix);
    draw(await withRetries(() => hanbeon.readOrder(backendOrderId)));
  } catch (error) {
    if (error.status === 404) return showProblem(t("orderNotFound"));
    return showProblem(error instanceof NoAnswer ? t("noAnswer") : error.message);
  }
  // Still being found out (the buyer may have left the success page early): keep asking.
  if (order.tossPaymentStatus === "IN_PROGRESS") {
    const settled = await pollOrder(hanbeon, backendOrderId, (now) => now.tossPaymentStatus !== "IN_PROGRESS").catch(
      () => null,
    );
    if (settled) draw(settled);
  }
}

function draw(now) {
  order = now;
  const status = byId("order-status");
  status.dataset.status = now.tossPaymentStatus ?? "NONE";
  status.textContent = statusWords(now.tossPaymentStatus);
  byId("order-amount").textContent = won(now.totalAmount);
  byId("order-method").textContent = now.tossPaymentMethod ?? "–";
  const cancellable = CANCELLABLE.includes(now.tossPaymentStatus);
  byId("cancel-open").hidden = !cancellable || !mine?.paymentKey;
  // Cancelling needs the payment key, which only the browser that paid has ever seen.
  byId("cancel-elsewhere").hidden = !cancellable || Boolean(mine?.paymentKey);
}

function showProblem(text) {
  byId("order-status").dataset.status = "UNKNOWN";
  byId("order-status").textContent = t("statusUnreadable");
  notice(byId("order-problem"), text, "error");
}

// ---- cancelling ----

byId("cancel-open").addEventListener("click", () => dialog.showModal());
byId("cancel-back").addEventListener("click", () => dialog.close());
byId("cancel-reason").addEventListener("change", drawOther);
byId("cancel-reason-text").addEventListener("input", () => (byId("cancel-error").textContent = ""));
drawOther();

function drawOther() {
  byId("cancel-error").textContent = "";
  byId("cancel-other").hidden = byId("cancel-reason").value !== "other";
}

byId("cancel-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = byId("cancel-reason").value;
  const reason = (chosen === "other" ? byId("cancel-reason-text").value : chosen).trim();
  byId("cancel-error").textContent = reason ? "" : t("cancelReasonNeeded");
  if (!reason) return byId("cancel-reason-text").focus();
  dialog.close();
  cancel(reason);
});

async function cancel(reason) {
  byId("cancel-open").disabled = true;
  notice(cancelResult, t("cancelling"), "info");
  try {
    const { status, body } = await hanbeon.cancel(mine.paymentKey, reason);
    if (status === 202) await waitForCancel();
    else showCancelled(body);
  } catch (error) {
    // A lost answer is not a "no": the money may be on its way back. Look before telling the buyer anything.
    if (error instanceof NoAnswer) await waitForCancel();
    else notice(cancelResult, error.message, "error");
  } finally {
    byId("cancel-open").disabled = false;
  }
}

/** `payment` is Toss's Payment object, which hanbeon passes through as it came. */
function showCancelled(payment) {
  const last = payment?.cancels?.at(-1);
  draw({ ...order, tossPaymentStatus: payment?.status ?? "CANCELED" });
  showCancelledAmount(last?.cancelAmount);
}

function showCancelledAmount(amount) {
  const text = Number.isSafeInteger(amount) ? t("cancelDone", { amount: won(amount) }) : t("cancelDoneNoAmount");
  notice(cancelResult, text, "good");
}

async function waitForCancel() {
  notice(cancelResult, t("cancelPending"), "info");
  const before = order.tossPaymentStatus;
  const settled = ({ tossPaymentStatus }) => tossPaymentStatus === "CANCELED" || tossPaymentStatus !== before;
  const now = await pollOrder(hanbeon, backendOrderId, settled).catch(() => null);
  if (!now) return notice(cancelResult, t("cancelSlow"), "info");
  draw(now);
  notice(cancelResult, t("cancelDoneNoAmount"), "good");
}
