// Webhooks: who is told, what was told, and how it went.

import { el } from "/sandbox/assets/common.js";
import { attempt, button, chip, field, form, marksOf, panel, table, when } from "./parts.js";
import { get, post, remove, withQuery } from "./server.js";
import { t } from "./words.js";

const PER_PAGE = 50;
const KINDS = ["drop", "duplicate", "delay", "reorder"];
const FORGED = ["PAYMENT_STATUS_CHANGED", "DEPOSIT_CALLBACK", "CANCEL_STATUS_CHANGED", "PAYMENT_TELEPORTED"];
const SECRETS = ["wrong", "none", "right"];

export function webhooks({ query, refresh }) {
  const endpoints = el("div", {});
  const log = el("div", {});
  const rules = el("div", {});
  const add = form(
    "add-endpoint",
    [field("url", t("endpoint.url"), { type: "url", required: true, placeholder: "http://127.0.0.1:8080/webhooks/toss" })],
    t("add"),
    async (body) => {
      if (await attempt(() => post("/sandbox/webhooks/endpoints", body), refresh)) add.reset();
    },
  );
  return {
    node: el(
      "div",
      {},
      el("h1", { textContent: t("webhooks") }),
      panel(t("endpoints"), endpoints, add),
      panel(t("deliveries"), log),
      panel(t("webhook.rules"), el("p", { className: "hint", textContent: t("webhook.rules.hint") }), rules, spoiling(refresh)),
      panel(t("forge"), el("p", { className: "hint", textContent: t("forge.hint") }), forging(query, refresh)),
    ),
    async load() {
      const [first, where, faults] = await Promise.all([
        get("/sandbox/webhooks?limit=0"),
        get("/sandbox/webhooks/endpoints"),
        get("/sandbox/webhooks/faults"),
      ]);
      const page = await get(withQuery("/sandbox/webhooks", { after: Math.max(0, first.lastId - PER_PAGE), limit: PER_PAGE }));
      return { ...page, ...where, ...faults };
    },
    show(answer) {
      endpoints.replaceChildren(listed(answer.endpoints, refresh));
      log.replaceChildren(logged(answer.webhooks, refresh));
      rules.replaceChildren(ruled(answer.faults, refresh));
    },
  };
}

function listed(endpoints, refresh) {
  const drop = (id) => () => attempt(() => remove(`/sandbox/webhooks/endpoints/${id}`), refresh);
  const rows = endpoints.map(({ id, url, events }) => [
    el("code", { textContent: url }),
    events.join(", "),
    button(t("remove"), drop(id), { id: `endpoint-${id}`, look: "small", label: `${t("remove")}: ${url}` }),
  ]);
  return table("endpoints", [[t("endpoint.url")], [t("events")], [""]], rows, t("endpoints.empty"));
}

function logged(webhooks, refresh) {
  const resend = (id) => () => attempt(() => post(`/sandbox/webhooks/${id}/resend`), refresh, t("webhook.resent"));
  const duplicate = (id) => () => attempt(() => post(`/sandbox/webhooks/${id}/duplicate`), refresh, t("webhook.duplicated"));
  const rows = [...webhooks].reverse().map((webhook) => [
    when(webhook.createdAt),
    el(
      "div",
      {},
      el("span", { textContent: [webhook.event, webhook.status].filter(Boolean).join(" · ") }),
      webhook.paymentKey && about(webhook),
      el("span", { className: "under", textContent: marksOf(webhook).join(" · ") }),
    ),
    el("div", {}, chip(webhook.state, "webhook"), el("span", { className: "under", textContent: tries(webhook) })),
    body(webhook),
    el(
      "div",
      { className: "row" },
      button(t("webhook.resend"), resend(webhook.id), { id: `resend-${webhook.id}`, look: "small" }),
      button(t("webhook.duplicate"), duplicate(webhook.id), { id: `duplicate-${webhook.id}`, look: "small" }),
    ),
  ]);
  return table("deliveries", [[t("made")], [t("event")], [t("state")], [t("body"), "wide"], [""]], rows, t("deliveries.empty"));
}

const about = ({ paymentKey, orderId }) =>
  el("a", { className: "under", href: `#/payments/${encodeURIComponent(paymentKey)}`, textContent: orderId });

function tries({ deliveries, nextAt }) {
  const ends = deliveries.map((one) => one.status ?? t(`error.${one.error}`, one.error));
  const next = nextAt && deliveries.length > 0 ? ` · ${t("next")} ${nextAt.slice(5, 19).replace("T", " ")}` : "";
  return ends.length === 0 ? t("tries.none") : `${t("tries")(ends.length)}: ${ends.join(", ")}${next}`;
}

function body({ id, url, body }) {
  return el(
    "details",
    { id: `body-${id}` },
    el("summary", { textContent: url }),
    el("pre", { className: "code", tabIndex: 0, textContent: pretty(body) }),
  );
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function ruled(faults, refresh) {
  const clear = () => attempt(() => remove("/sandbox/webhooks/faults"), refresh);
  const rows = faults.map(({ kind, times, orderId, event, ...rest }) => [
    t(`kind.${kind}`, kind),
    Object.values(rest).join(" "),
    [event, orderId].filter(Boolean).join(" · ") || t("everything"),
    times === 0 ? t("always") : String(times),
  ]);
  const list = table("webhook-faults", [[t("kind")], [""], [t("about")], [t("times"), "number"]], rows, t("faults.empty"));
  return rows.length === 0 ? list : el("div", {}, list, button(t("clear"), clear, { id: "clear-webhook-faults", look: "small" }));
}

function spoiling(refresh) {
  const spoil = form(
    "add-webhook-fault",
    [
      field("kind", t("kind"), { choices: KINDS.map((kind) => [kind, t(`kind.${kind}`, kind)]), value: "drop" }),
      field("copies", t("copies"), { type: "number", min: "1", max: "100", value: "1" }),
      field("ms", t("ms"), { type: "number", min: "0", value: "60000" }),
      field("times", t("times"), { type: "number", min: "0", value: "1" }),
      field("orderId", t("order"), { maxLength: 64 }),
    ],
    t("add"),
    ({ kind, copies, ms, times, orderId }) =>
      attempt(
        () =>
          post("/sandbox/webhooks/faults", {
            kind,
            times: Number(times ?? 1),
            orderId,
            ...(kind === "duplicate" && { copies: Number(copies ?? 1) }),
            ...(kind === "delay" && { ms: Number(ms ?? 0) }),
          }),
        refresh,
      ),
  );
  const fit = () => {
    const kind = spoil.elements.kind.value;
    spoil.querySelector("[data-field=copies]").hidden = kind !== "duplicate";
    spoil.querySelector("[data-field=ms]").hidden = kind !== "delay";
  };
  spoil.addEventListener("change", fit);
  fit();
  return spoil;
}

function forging(query, refresh) {
  return form(
    "forge-webhook",
    [
      field("paymentKey", t("paymentKey"), { required: true, maxLength: 200, value: query.get("paymentKey") || "" }),
      field("event", t("event"), { choices: FORGED.map((event) => [event, event]), value: FORGED[0] }),
      field("status", t("status"), { maxLength: 60, placeholder: t("forge.true") }),
      field("amount", t("amount"), { type: "number", step: "any", placeholder: t("forge.true") }),
      field("secret", t("secret"), { choices: SECRETS.map((secret) => [secret, t(`secret.${secret}`)]), value: "wrong" }),
    ],
    t("forge.send"),
    ({ amount, ...rest }) =>
      attempt(
        () => post("/sandbox/webhooks/forge", { ...rest, amount: amount && Number(amount) }),
        refresh,
        t("forge.sent"),
      ),
    "danger",
  );
}
