// One order: what hanbeon knows of it, where to pay in while it waits for a deposit, and the way to cancel it.
import { byId, myOrders, notice, orderNumber, preparePage, readConfig, statusWords, t, won } from "./shop.js";
import { NoAnswer, hanbeonAt, pollOrder, withRetries } from "./hanbeon.js";
import { drawAccount, isVirtualAccount, refundAccountFields } from "./account.js";

const CANCELLABLE = ["DONE", "PARTIAL_CANCELED", "WAITING_FOR_DEPOSIT"];
/** Statuses that change without the buyer's doing anything here. */
const UNSETTLED = ["IN_PROGRESS", "WAITING_FOR_DEPOSIT"];
const dialog = byId("cancel-dialog");
const cancelResult = byId("cancel-result");
const backendOrderId = orderNumber(decodeURIComponent(location.pathname.split("/").pop()));
const mine = myOrders().find((order) => order.backendOrderId === backendOrderId);

let hanbeon = null;
let order = null;

preparePage();
const sayProblem = (text) => (byId("cancel-error").textContent = text);
const refundAccount = refundAccountFields(byId("refund-account"), sayProblem);
start();

async function start() {
  byId("order-name").textContent = mine?.orderName ?? t("orderUnnamed");
  byId("order-number").textContent = backendOrderId ?? "–";
  if (!backendOrderId) return showProblem(t("badOrderNumber"));
  try {
    const { storefrontPrefix, desk } = await readConfig();
    byId("to-desk").hidden = !desk;
    byId("to-desk").href = `/desk/${backendOrderId}`;
    hanbeon = hanbeonAt(storefrontPrefix);
    draw(await withRetries(() => hanbeon.readOrder(backendOrderId)));
  } catch (error) {
    if (error.status === 404) return showProblem(t("orderNotFound"));
    return showProblem(error instanceof NoAnswer ? t("noAnswer") : error.message);
  }
  await follow();
}

/** Still being found out (the buyer may have left the success page early), or waiting for the money: keep asking. */
async function follow() {
  while (UNSETTLED.includes(order.tossPaymentStatus)) {
    const before = order.tossPaymentStatus;
    if (before === "WAITING_FOR_DEPOSIT") await showAccount();
    const moved = (now) => now.tossPaymentStatus !== before || order.tossPaymentStatus !== before;
    const now = await pollOrder(hanbeon, backendOrderId, moved).catch(() => null);
    if (!now || order.tossPaymentStatus !== before) return;
    draw(now);
    if (before === "WAITING_FOR_DEPOSIT" && now.tossPaymentStatus === "DONE") {
      notice(byId("order-advice"), t("depositSeen"), "good");
    }
  }
}

/** Only the browser that ordered is told the account; any other is told where to look. */
async function showAccount() {
  const account = await hanbeon.readAccount(backendOrderId).catch(() => null);
  if (order.tossPaymentStatus !== "WAITING_FOR_DEPOSIT") return;
  drawAccount(account);
  notice(byId("order-advice"), t(account ? "waitingText" : "waitingNoAccount"));
}

function draw(now) {
  order = now;
  const status = byId("order-status");
  status.dataset.status = now.tossPaymentStatus ?? "NONE";
  status.textContent = statusWords(now.tossPaymentStatus);
  byId("order-amount").textContent = won(now.totalAmount);
  byId("order-method").textContent = now.tossPaymentMethod ?? "–";
  if (now.tossPaymentStatus !== "WAITING_FOR_DEPOSIT") drawAccount(null);
  const advice = { ABORTED: "adviceAborted", EXPIRED: "adviceExpired", PARTIAL_CANCELED: "advicePartial" };
  const key = advice[now.tossPaymentStatus];
  notice(byId("order-advice"), key ? t(key) : null);
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

byId("cancel-open").addEventListener("click", openDialog);
byId("cancel-back").addEventListener("click", () => dialog.close());
byId("cancel-reason").addEventListener("change", drawOther);
byId("cancel-reason-text").addEventListener("input", () => sayProblem(""));
drawOther();

/** Money that came into a virtual account goes back only where the buyer says. */
const needsAccount = () => isVirtualAccount(order.tossPaymentMethod) && order.tossPaymentStatus !== "WAITING_FOR_DEPOSIT";

function openDialog() {
  byId("refund-account").hidden = !needsAccount();
  const unpaid = order.tossPaymentStatus === "WAITING_FOR_DEPOSIT";
  byId("cancel-lead").textContent = t(unpaid ? "cancelLeadUnpaid" : needsAccount() ? "cancelLeadAccount" : "cancelLead");
  dialog.showModal();
}

function drawOther() {
  sayProblem("");
  byId("cancel-other").hidden = byId("cancel-reason").value !== "other";
}

byId("cancel-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const chosen = byId("cancel-reason").value;
  const reason = (chosen === "other" ? byId("cancel-reason-text").value : chosen).trim();
  sayProblem(reason ? "" : t("cancelReasonNeeded"));
  if (!reason) return byId("cancel-reason-text").focus();
  const account = needsAccount() ? refundAccount.read() : undefined;
  if (account === null) return;
  dialog.close();
  cancel(reason, account);
});

async function cancel(reason, account) {
  byId("cancel-open").disabled = true;
  notice(cancelResult, t("cancelling"), "info");
  try {
    const { status, body } = await hanbeon.cancel(mine.paymentKey, reason, account);
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
  const unpaid = order.tossPaymentStatus === "WAITING_FOR_DEPOSIT";
  draw({ ...order, tossPaymentStatus: payment?.status ?? "CANCELED" });
  notice(byId("order-advice"), null);
  if (unpaid) notice(cancelResult, t("cancelUnpaidDone"), "good");
  else showCancelledAmount(last?.cancelAmount);
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
