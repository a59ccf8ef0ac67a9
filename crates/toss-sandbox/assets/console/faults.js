// Faults: which calls are answered wrongly, late or not at all.

import { el } from "/sandbox/assets/common.js";
import { attempt, button, field, form, panel, table } from "./parts.js";
import { get, post, remove } from "./server.js";
import { t } from "./words.js";

const OPERATIONS = [
  "any",
  "confirm",
  "cancel",
  "read",
  "read_by_order",
  "create",
  "key_in",
  "virtual_account",
  "transactions",
  "billing_issue",
  "billing_card",
  "billing_charge",
  "billing_delete",
];
/** A kind, and the fields that it takes beside the others. */
const KINDS = {
  lose_reply: [],
  drop: [],
  fail_before: ["status", "code"],
  fail_after: ["status", "code"],
  delay: ["ms", "when"],
  cut_body: ["bytes"],
  html: ["status"],
  future_fields: [],
  other_payment: ["shown"],
};
const NUMBERS = ["status", "ms", "bytes", "times", "permille"];

export function faults({ query, refresh }) {
  const list = el("div", {});
  const add = form("add-fault", fields(query), t("add"), (filled) =>
    attempt(() => post("/sandbox/faults", rule(filled)), refresh, t("fault.added")),
    "strong",
  );
  const hint = el("p", { id: "fault-hint", className: "hint" });
  const fit = () => {
    const kind = add.elements.kind.value;
    for (const name of new Set(Object.values(KINDS).flat())) {
      add.querySelector(`[data-field=${name}]`).hidden = !KINDS[kind].includes(name);
    }
    hint.textContent = t(`kind.${kind}.hint`, "");
  };
  add.addEventListener("change", fit);
  fit();
  return {
    node: el("div", {}, el("h1", { textContent: t("faults") }), panel(t("fault.add"), add, hint), panel(t("fault.list"), list)),
    load: () => get("/sandbox/faults"),
    show: (answer) => list.replaceChildren(listed(answer.faults, refresh)),
  };
}

function fields(query) {
  const choices = (names, prefix) => names.map((name) => [name, t(`${prefix}.${name}`, name)]);
  return [
    field("operation", t("operation"), { choices: choices(OPERATIONS, "operation"), value: "confirm" }),
    field("kind", t("kind"), { choices: choices(Object.keys(KINDS), "kind"), value: "lose_reply" }),
    field("status", t("fault.status"), { type: "number", min: "400", max: "599", value: "500" }),
    field("code", t("code"), { maxLength: 60, placeholder: t("code.default") }),
    field("ms", t("ms"), { type: "number", min: "0", max: "600000", value: "5000" }),
    field("when", t("when"), { choices: choices(["before", "after"], "when"), value: "before" }),
    field("bytes", t("bytes"), { type: "number", min: "0", value: "20" }),
    field("shown", t("shown"), { maxLength: 200 }),
    field("times", t("times"), { type: "number", min: "0", value: "1" }),
    field("permille", t("permille"), { type: "number", min: "1", max: "1000", value: "1000" }),
    field("orderId", t("order"), { maxLength: 64, value: query.get("orderId") || "" }),
    field("paymentKey", t("paymentKey"), { maxLength: 200, value: query.get("paymentKey") || "" }),
  ];
}

/** What the form says, without the fields of other kinds. */
function rule(filled) {
  const foreign = Object.values(KINDS).flat().filter((name) => !KINDS[filled.kind].includes(name));
  const own = Object.entries(filled).filter(([name]) => !foreign.includes(name));
  return Object.fromEntries(own.map(([name, value]) => [name, NUMBERS.includes(name) ? Number(value) : value]));
}

function listed(faults, refresh) {
  const drop = (id) => () => attempt(() => remove(`/sandbox/faults/${id}`), refresh);
  const rows = faults.map((fault) => [
    t(`operation.${fault.operation}`, fault.operation),
    el("div", {}, t(`kind.${fault.kind}`, fault.kind), el("span", { className: "under", textContent: particulars(fault) })),
    [fault.orderId, fault.paymentKey].filter(Boolean).join(" · ") || t("everything"),
    fault.times === 0 ? t("always") : String(fault.times),
    String(fault.spoiled),
    button(t("remove"), drop(fault.id), { id: `fault-${fault.id}`, look: "small", label: `${t("remove")}: ${fault.id}` }),
  ]);
  const columns = [[t("operation")], [t("kind")], [t("about")], [t("left"), "number"], [t("spoiled"), "number"], [""]];
  return table("fault-list", columns, rows, t("faults.empty"));
}

function particulars(fault) {
  const own = (KINDS[fault.kind] || []).filter((name) => fault[name] !== undefined).map((name) => `${name} ${fault[name]}`);
  if (fault.permille < 1000) own.push(`${fault.permille}‰`);
  return own.join(", ");
}
