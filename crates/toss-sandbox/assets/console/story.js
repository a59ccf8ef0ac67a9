// The story of a payment: what the journal, the payment itself and the webhooks tell of it, by time.

import { el } from "/sandbox/assets/common.js";
import { marksOf, when, won } from "./parts.js";
import { t } from "./words.js";

export function story({ payment, calls, webhooks }) {
  const events = [opened(payment), ...deposited(payment), ...calls.map((call) => called(call, payment)), ...webhooks.flatMap(sent)];
  // Same second: as listed, cause before effect.
  const at = (event) => event.at.slice(0, 19);
  events.sort((one, other) => (at(one) < at(other) ? -1 : at(one) > at(other) ? 1 : 0));
  return el("ol", { id: "story", className: "story" }, ...events.map(shown));
}

function shown({ at, kind, tone, title, marks = [], lines = [] }) {
  return el(
    "li",
    { data: { kind, tone } },
    when(at),
    el(
      "div",
      {},
      el("p", { className: "what" }, el("strong", { textContent: title }), ...marks.map((mark) => el("span", { className: "mark", textContent: mark }))),
      ...lines.filter(Boolean).map((line) => el("p", { className: "line-of", textContent: line })),
    ),
  );
}

function opened(payment) {
  return {
    at: payment.requestedAt,
    kind: "opened",
    tone: "quiet",
    title: t("event.opened"),
    lines: [`${payment.orderName} · ${won(payment.totalAmount, payment.currency)}`],
  };
}

/** No call brings a deposit: the account itself tells of it. */
function deposited(payment) {
  if (!payment.virtualAccount || !payment.approvedAt) return [];
  const by = payment.virtualAccount.depositorName;
  return [{ at: payment.approvedAt, kind: "deposit", tone: "good", title: t("event.deposit"), lines: [by] }];
}

function called(call, payment) {
  const went = call.status !== null && call.status < 400;
  const marks = [];
  if (call.status !== null) marks.push(`HTTP ${call.status}`);
  if (call.code) marks.push(call.code);
  if (call.replayed) marks.push(t("mark.replayed"));
  if (call.lost) marks.push(t("mark.lost"));
  const amount = call.effectAmount ?? call.amount;
  const effect = call.effect === "none" ? "" : t(`effect.${call.effect}`, call.effect);
  const byPeople = call.operation === "dashboard_cancel" || call.operation === "cancel_ended";
  return {
    at: call.at,
    kind: "call",
    tone: call.lost ? "bad" : went || byPeople ? (effect ? "good" : "quiet") : "bad",
    title: t(`operation.${call.operation}`, call.operation),
    marks,
    lines: [
      [effect, amount === null ? "" : won(amount, payment.currency)].filter(Boolean).join(" · "),
      call.idempotencyKey && `Idempotency-Key ${call.idempotencyKey}`,
      call.transactionKey && `transactionKey ${call.transactionKey}`,
    ],
  };
}

function sent(webhook) {
  const where = `${[webhook.event, webhook.status].filter(Boolean).join(" ")} → ${webhook.url}`;
  const made = {
    at: webhook.createdAt,
    kind: "webhook",
    tone: webhook.state === "dropped" ? "bad" : "quiet",
    title: t("event.webhook"),
    marks: [t(`webhook.${webhook.state}`, webhook.state), ...marksOf(webhook)],
    lines: [where],
  };
  if (webhook.deliveries.length === 0) return [made];
  return webhook.deliveries.map((one) => ({
    at: one.at,
    kind: "webhook",
    tone: one.status === 200 ? "good" : "bad",
    title: t("event.webhook"),
    marks: [
      one.status === null ? t(`error.${one.error}`, one.error) : `HTTP ${one.status}`,
      ...(one.retriedCount > 0 ? [t("mark.retry")(one.retriedCount)] : []),
      ...(one.byHand ? [t("mark.byHand")] : []),
      ...marksOf(webhook),
    ],
    lines: [where],
  }));
}
