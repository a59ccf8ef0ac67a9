// The shop's desk: an order as hanbeon's merchant API tells it, and giving money back, whole or in parts.
import { byId, element, notice, orderNumber, preparePage, sleep, t, won } from "./shop.js";
import { NoAnswer, call, withRetries } from "./hanbeon.js";
import { isVirtualAccount, refundAccountFields } from "./account.js";
import { freshOrderId } from "./toss.js";

/** A payment in one of these can give money back. */
const REFUNDABLE = ["paid", "partially_canceled", "waiting_for_deposit"];
/** What changes by itself. */
const UNSETTLED = { payments: ["confirming", "canceling"], refunds: ["queued", "sending"] };
/** Our states in the colours of Toss's. */
const COLOURS = {
  paid: "DONE",
  done: "DONE",
  elsewhere: "DONE",
  waiting_for_deposit: "IN_PROGRESS",
  confirming: "IN_PROGRESS",
  canceling: "IN_PROGRESS",
  queued: "IN_PROGRESS",
  sending: "IN_PROGRESS",
  partially_canceled: "PARTIAL_CANCELED",
  declined: "ABORTED",
  refused: "ABORTED",
  expired: "EXPIRED",
  needs_review: "UNKNOWN",
};

const order = orderNumber(decodeURIComponent(location.pathname.split("/").pop()));
const sayProblem = (text) => (byId("cancel-error").textContent = text);
const result = byId("refund-result");
const amountField = byId("refund-amount");

preparePage();
const refundAccount = refundAccountFields(byId("refund-account"), sayProblem);
let payment = null;
let attempt = null; // { name, wish }: the same wish keeps its name until it is answered
byId("to-order").href = `/orders/${order}`;
byId("refund-form").addEventListener("submit", submit);
amountField.addEventListener("input", drawButton);
look().catch(explain);

/** Reads and draws, until nothing moves any more. */
async function look() {
  if (!order) throw new Error(t("badOrderNumber"));
  for (let looks = 0; looks < 40; looks += 1) {
    const { body } = await withRetries(() => call("GET", `/shop/desk/orders/${order}`));
    draw(body);
    const moves =
      UNSETTLED.payments.includes(payment?.state) ||
      payment?.refunds.some(({ state }) => UNSETTLED.refunds.includes(state));
    if (!moves) return;
    await sleep(1_500);
  }
}

function draw({ order: { orderName, id, lines, customer }, payment: now }) {
  payment = now;
  byId("desk-name").textContent = orderName;
  byId("desk-number").textContent = id.replaceAll("-", "");
  byId("desk-lines").textContent = lines.map((line) => t("deskLine", line)).join(", ");
  byId("desk-customer").textContent = customer?.name ?? "–";
  const chip = byId("desk-state");
  const state = now?.state ?? "ready";
  chip.dataset.status = COLOURS[state] ?? "NONE";
  chip.textContent = t(`deskState_${state}`);
  byId("desk-refund").hidden = !REFUNDABLE.includes(state);
  byId("desk-refunds").hidden = !now?.refunds.length;
  if (!now) return notice(byId("desk-problem"), t("deskNothing"));
  notice(byId("desk-problem"), now.failure?.message ?? null, "error");
  byId("desk-method").textContent = now.tossPaymentMethod ?? "–";
  byId("desk-paid").textContent = won(now.capturedAmount);
  byId("desk-refunded").textContent = won(now.refundedAmount);
  byId("desk-left").textContent = won(now.capturedAmount - now.refundedAmount);
  byId("refunds").replaceChildren(...now.refunds.map(refundRow));
  const waits = state === "waiting_for_deposit";
  amountField.readOnly = waits;
  amountField.value = most();
  byId("refund-hint").textContent = waits ? t("whyPartialBeforeDeposit") : "";
  byId("refund-account").hidden = !needsAccount();
  drawButton();
}

/** What can be given back now, in won; of a deposit that has not come, the whole order is called off. */
const most = () => (payment.state === "waiting_for_deposit" ? payment.totalAmount : payment.refundableAmount);
const needsAccount = () => isVirtualAccount(payment.tossPaymentMethod) && payment.state !== "waiting_for_deposit";
const amount = () => Number(amountField.value.replace(/[,\s원]/g, ""));

function drawButton() {
  sayProblem("");
  byId("refund-go").textContent = t("refundButton", { amount: won(amount()) });
}

function refundRow({ amount: sum, reason, state, failure }) {
  return element(
    "li",
    { "data-state": state },
    element("span", {}, reason, failure ? element("span", { className: "quiet" }, ` ${failure.message}`) : null),
    element("strong", {}, won(sum)),
    element("span", { className: "chip", "data-status": COLOURS[state] ?? "NONE" }, t(`refundState_${state}`)),
  );
}

// ---- giving back ----

async function submit(event) {
  event.preventDefault();
  sayProblem("");
  const reason = byId("refund-reason").value.trim();
  if (!Number.isSafeInteger(amount()) || amount() < 1 || amount() > most()) {
    sayProblem(t("badRefundAmount", { most: won(most()) }));
    return amountField.focus();
  }
  if (!reason) {
    sayProblem(t("cancelReasonNeeded"));
    return byId("refund-reason").focus();
  }
  const account = needsAccount() ? refundAccount.read() : undefined;
  if (account === null) return;
  const whole = payment.state === "waiting_for_deposit";
  await refund({ reason, amount: whole ? undefined : amount(), refundReceiveAccount: account }, amount());
}

async function refund(wish, sum) {
  // One name for one wish: whoever presses again after a lost answer asks about the same refund.
  if (JSON.stringify(attempt?.wish) !== JSON.stringify(wish)) attempt = { name: freshOrderId(), wish };
  byId("refund-go").disabled = true;
  byId("refund-go").textContent = t("refundBusy");
  notice(result, t("refundBusy"));
  try {
    const path = `/shop/desk/payments/${payment.id}/refunds`;
    const { status } = await withRetries(() => call("POST", path, { attempt: attempt.name, ...wish }));
    attempt = null;
    if (status === 202) notice(result, t("refundPending"));
    else notice(result, t("refundDone", { amount: won(sum) }), "good");
  } catch (error) {
    explain(error);
    if (!(error instanceof NoAnswer) && ![409, 503, 504].includes(error.status)) attempt = null;
  }
  byId("refund-go").disabled = false;
  await look().catch(explain);
}

function explain(error) {
  console.error(error);
  const box = payment ? result : byId("desk-problem");
  if (!payment && error.status === 404) return notice(box, t("orderNotFound"), "error");
  notice(box, error instanceof NoAnswer ? t("noAnswer") : error.message, "error");
}
