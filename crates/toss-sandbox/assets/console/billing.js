// Billing keys: who agreed to be charged, and what the next charges come to.

import { el } from "/sandbox/assets/common.js";
import { attempt, button, panel, table, when } from "./parts.js";
import { get, post, withQuery } from "./server.js";
import { t } from "./words.js";

const PER_PAGE = 50;
/** What a charge is most often refused with; no code lets it pass. */
const REFUSALS = ["", "REJECT_CARD_COMPANY", "REJECT_ACCOUNT_PAYMENT", "INVALID_STOPPED_CARD", "EXCEED_MAX_DAILY_PAYMENT_COUNT"];

export function billing({ refresh }) {
  const list = el("div", {});
  const deed = (key, name, body) => attempt(() => post(`/sandbox/billing-keys/${encodeURIComponent(key)}/${name}`, body), refresh);
  return {
    node: el(
      "div",
      {},
      el("h1", { textContent: t("billing") }),
      panel(t("billing.keys"), el("p", { className: "hint", textContent: t("billing.hint") }), list),
    ),
    async load() {
      const { total } = await get("/sandbox/billing-keys?limit=0");
      const page = { offset: Math.max(0, total - PER_PAGE), limit: PER_PAGE };
      return get(withQuery("/sandbox/billing-keys", page));
    },
    show({ billingKeys }) {
      const rows = [...billingKeys].reverse().map((key) => row(key, deed));
      const columns = [[t("billing.at")], [t("billing.key")], [t("billing.means")], [t("billing.next")], [""]];
      list.replaceChildren(table("billing-keys", columns, rows, t("billing.empty")));
    },
  };
}

function row({ billingKey, customerKey, method, number, authenticatedAt, removed, outcome, outcomeTimes }, deed) {
  const name = el(
    "div",
    {},
    el("code", { textContent: billingKey }),
    el("span", { className: "under", textContent: `customerKey ${customerKey}` }),
  );
  const remove = () => deed(billingKey, "remove", {});
  return [
    when(authenticatedAt),
    name,
    `${method} ${number}`,
    removed ? "–" : el("div", {}, next(billingKey, outcome, deed), outcome && el("span", { className: "under", textContent: howMany(outcomeTimes) })),
    removed
      ? el("span", { className: "chip", data: { tone: "bad" }, textContent: t("billing.removed") })
      : button(t("remove"), remove, { id: `billing-${billingKey}`, look: "small", label: `${t("remove")}: ${billingKey}` }),
  ];
}

const howMany = (times) => (times > 0 ? t("billing.times")(times) : t("always"));

function next(billingKey, outcome, deed) {
  const codes = outcome && !REFUSALS.includes(outcome) ? [...REFUSALS, outcome] : REFUSALS;
  const choices = codes.map((code) => el("option", { value: code, textContent: code || t("billing.passes") }));
  const choose = (event) => deed(billingKey, "outcome", { code: event.target.value || null });
  const select = el("select", { id: `outcome-${billingKey}`, aria: { label: t("billing.next") }, on: { change: choose } }, ...choices);
  select.value = outcome || "";
  return select;
}
