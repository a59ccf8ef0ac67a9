// The list of payments: newest first, filtered, one page at a time.

import { el } from "/sandbox/assets/common.js";
import { button, chip, field, table, when, won } from "./parts.js";
import { get, withQuery } from "./server.js";
import { t } from "./words.js";

const PER_PAGE = 50;
const STATUSES = ["READY", "IN_PROGRESS", "WAITING_FOR_DEPOSIT", "DONE", "CANCELED", "PARTIAL_CANCELED", "ABORTED", "EXPIRED"];
const METHODS = [
  "CARD",
  "EASY_PAY",
  "VIRTUAL_ACCOUNT",
  "TRANSFER",
  "MOBILE_PHONE",
  "CULTURE_GIFT_CERTIFICATE",
  "BOOK_GIFT_CERTIFICATE",
  "GAME_GIFT_CERTIFICATE",
  "FOREIGN_EASY_PAY",
];

export function payments({ query, refresh }) {
  let offset = 0;
  const list = el("div", { className: "panel flush" });
  const all = (names, prefix) => [["", t("all")], ...names.map((name) => [name, t(`${prefix}.${name}`, name)])];
  const filter = el(
    "form",
    { id: "filter", className: "line filter", attrs: { role: "search" } },
    field("find", t("find"), { type: "search", maxLength: 200, value: query.get("find") || "" }),
    field("status", t("status"), { choices: all(STATUSES, "status"), value: query.get("status") || "" }),
    field("method", t("method"), { choices: all(METHODS, "method"), value: query.get("method") || "" }),
  );
  const asked = () => Object.fromEntries([...new FormData(filter)].map(([name, value]) => [name, value.trim()]));
  const again = () => {
    offset = 0;
    history.replaceState(null, "", withQuery("#/payments", asked()));
    refresh();
  };
  filter.addEventListener("input", again);
  filter.addEventListener("submit", (event) => {
    event.preventDefault();
    again();
  });
  const turn = (by) => () => {
    offset = Math.max(0, offset + by);
    refresh();
  };

  return {
    node: el("div", {}, el("h1", { textContent: t("payments") }), filter, list),
    load: () => get(withQuery("/sandbox/console/payments", { ...asked(), offset, limit: PER_PAGE })),
    show(answer) {
      const narrowed = Object.values(asked()).some((value) => value !== "");
      const empty = narrowed ? t("payments.none") : t("payments.empty");
      const foot = el("div", { className: "foot" }, el("span", { textContent: t("payments.kept")(answer.total) }));
      if (offset > 0) foot.append(button(t("newer"), turn(-PER_PAGE), { id: "newer", look: "small" }));
      if (answer.more) foot.append(button(t("older"), turn(PER_PAGE), { id: "older", look: "small" }));
      list.replaceChildren(table("payments", columns(), answer.payments.map(row), empty), foot);
    },
  };
}

const columns = () => [
  [t("requested")],
  [t("order")],
  [t("method")],
  [t("status")],
  [t("amount"), "number"],
  [t("balance"), "number"],
];

function row(payment) {
  const order = el(
    "a",
    { id: `payment-${payment.paymentKey}`, href: `#/payments/${encodeURIComponent(payment.paymentKey)}`, data: { order: payment.orderId } },
    payment.orderId,
  );
  return [
    when(payment.requestedAt),
    el("div", {}, order, el("span", { className: "under", textContent: payment.orderName })),
    payment.method ? t(`method.${payment.method}`, payment.method) : "–",
    chip(payment.status),
    won(payment.amount, payment.currency),
    won(payment.balance, payment.currency),
  ];
}
