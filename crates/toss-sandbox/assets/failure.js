// The ways to fail, as a tester chooses them: in the window, at confirm or at a charge, or by the clock.

import { el } from "./common.js";
import { REASONS, WINDOW_REASONS } from "./lists.js";

/** `reasons` are the server's own; `ends` says what a choice does: `decline(code)` and, for a payment, `expire()`. */
export function drawFailure(ctx, reasons, shown, { decline, expire }) {
  const { t } = ctx;
  const known = new Map(Object.entries(REASONS).map(([code, words]) => [code, { code, ...words }]));
  for (const one of reasons ?? []) {
    known.set(one.code, { code: one.code, ko: one.message, en: one.messageEn || one.message });
  }
  const all = [...known.values()].filter((one) => one.code !== "PAY_PROCESS_CANCELED");
  const button = (act, text, code, id = "") => {
    const look = { type: "button", id, data: { code }, disabled: ctx.busy, on: { click: act } };
    return el("li", {}, el("button", look, el("span", {}, text), el("code", {}, code)));
  };
  const reason = (one) => button(() => decline(one.code), ctx.name(one), one.code);
  const group = (id, title, hint, list) =>
    el(
      "div",
      { attrs: { role: "group" }, aria: { labelledby: id } },
      el("h3", { id }, t(title)),
      el("p", { className: "hint" }, t(hint)),
      el("ul", {}, ...list),
    );
  const inWindow = all.filter((one) => WINDOW_REASONS.includes(one.code)).map(reason);
  const atConfirm = all.filter((one) => !WINDOW_REASONS.includes(one.code)).map(reason);
  const later = expire ? ["failAtConfirm", "failAtConfirmHint"] : ["failAtCharge", "failAtChargeHint"];
  const groups = [
    group("fails-in-window", "failInWindow", "failInWindowHint", inWindow),
    group("fails-later", ...later, atConfirm),
  ];
  if (expire) {
    const end = button(expire, t("expire"), "EXPIRED", "pay-expire");
    groups.push(group("fails-by-time", "expireTitle", "expireHint", [end]));
  }
  return el(
    "section",
    { id: "decline-reasons", className: "failure", hidden: !shown, aria: { label: t("fail") }, tabIndex: -1 },
    el("p", {}, t("failIntro")),
    ...groups,
  );
}
