// One payment: where it stands, what can be done to it from Toss's side, its story and its JSON.

import { el } from "/sandbox/assets/common.js";
import { attempt, button, chip, code, field, form, panel, when, won } from "./parts.js";
import { get, ofPayment, post } from "./server.js";
import { story } from "./story.js";
import { t } from "./words.js";

export function payment({ argument: key, refresh }) {
  const head = el("div", { className: "title" });
  const facts = el("dl", { className: "facts" });
  const deeds = el("div", { className: "deeds" });
  const events = el("div", {});
  const json = el("div", {});
  /** Which deeds are on the page: their forms stay as they are until it changes. */
  let offered = "";

  return {
    node: el(
      "div",
      {},
      el("p", { className: "up" }, el("a", { href: "#/payments", textContent: `← ${t("payments")}` })),
      head,
      el(
        "div",
        { className: "columns" },
        el("div", {}, panel(t("facts"), facts), panel(t("deeds"), deeds)),
        el("div", {}, panel(t("story"), events), panel("JSON", json)),
      ),
    ),
    load: () => get(`/sandbox/console/payments/${encodeURIComponent(key)}`),
    show(answer) {
      const { payment } = answer;
      head.replaceChildren(el("h1", { textContent: payment.orderId }), chip(payment.status));
      facts.replaceChildren(...factsOf(answer).flatMap(fact));
      events.replaceChildren(story(answer));
      json.replaceChildren(
        el("details", { id: "json" }, el("summary", { textContent: t("json.show") }), code(payment)),
      );
      const possible = deedsOf(answer);
      if (possible.join() !== offered) {
        offered = possible.join();
        deeds.replaceChildren(...possible.map((name) => FORMS[name](key, refresh, answer)));
        const about = `paymentKey=${encodeURIComponent(key)}`;
        deeds.append(el("a", { id: "spoil", href: `#/faults?${about}`, textContent: t("spoil") }));
        deeds.append(el("a", { id: "forge", href: `#/webhooks?${about}`, textContent: t("spoil.webhook") }));
      }
    },
  };
}

const fact = ([name, value]) => [el("dt", { textContent: name }), el("dd", {}, value)];

function factsOf({ payment, method }) {
  const account = payment.virtualAccount;
  const facts = [
    [t("amount"), won(payment.totalAmount, payment.currency)],
    [t("balance"), won(payment.balanceAmount, payment.currency)],
    [t("orderName"), payment.orderName],
    [t("method"), method ? t(`method.${method}`, method) : "–"],
    [t("merchant"), payment.mId],
    [t("requested"), when(payment.requestedAt)],
    [t("approved"), payment.approvedAt ? when(payment.approvedAt) : "–"],
    [t("paymentKey"), el("code", { textContent: payment.paymentKey })],
  ];
  if (account) {
    facts.push([t("account"), `${account.bankCode} ${account.accountNumber}`], [t("due"), when(account.dueDate)]);
    if (account.refundStatus !== "NONE") facts.push([t("refund"), chip(account.refundStatus, "refund")]);
  }
  return facts;
}

/** What Toss would allow now: where this is wrong, the sandbox refuses and says so. */
function deedsOf({ payment }) {
  const { status, virtualAccount: account } = payment;
  const is = (...names) => names.includes(status);
  const possible = {
    deposit: is("WAITING_FOR_DEPOSIT"),
    reverse: is("DONE") && account,
    cancel: is("DONE", "PARTIAL_CANCELED", "WAITING_FOR_DEPOSIT"),
    failRefund: ["PENDING", "COMPLETED"].includes(account?.refundStatus),
    endCancel: payment.cancels?.some((cancel) => cancel.cancelStatus === "IN_PROGRESS"),
    expire: is("READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT"),
  };
  return Object.keys(possible).filter((name) => possible[name]);
}

const deed = (id, path, look) => (key, refresh) =>
  el(
    "div",
    { className: "deed" },
    button(t(`deed.${id}`), () => attempt(() => post(ofPayment(key, path)), refresh), { id: `deed-${id}`, look }),
    el("p", { className: "hint", textContent: t(`deed.${id}.hint`) }),
  );

const FORMS = {
  deposit: (key, refresh) =>
    form(
      "deed-deposit",
      [field("depositorName", t("depositor"), { maxLength: 60 })],
      t("deed.deposit"),
      (body) => attempt(() => post(ofPayment(key, "deposit"), body), refresh),
      "strong",
    ),
  cancel: (key, refresh, { payment }) =>
    form(
      "deed-cancel",
      [
        field("amount", t("cancel.amount"), {
          type: "number",
          min: "0",
          step: payment.currency === "USD" ? "0.01" : "1",
          placeholder: t("cancel.all"),
        }),
        field("reason", t("cancel.reason"), { maxLength: 200 }),
      ],
      t("deed.cancel"),
      ({ amount, reason }) =>
        attempt(() => post(ofPayment(key, "cancel"), { amount: amount && Number(amount), reason }), refresh),
      "danger",
    ),
  endCancel: (key, refresh) => {
    const end = (cancelStatus) => () => attempt(() => post(ofPayment(key, "end-cancel"), { cancelStatus }), refresh);
    return el(
      "div",
      { className: "deed row" },
      button(t("deed.endCancel"), end("DONE"), { id: "deed-end-cancel" }),
      button(t("deed.abortCancel"), end("ABORTED"), { id: "deed-abort-cancel" }),
    );
  },
  reverse: deed("reverse", "reverse-deposit", "danger"),
  failRefund: deed("failRefund", "fail-refund", "danger"),
  expire: deed("expire", "expire", ""),
};
