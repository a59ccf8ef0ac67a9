// The page of a wallet: pay from a linked card or from charged money, a part with points.

import { el } from "./common.js";
import { ISSUERS, WALLETS } from "./lists.js";
import { chips, select, sum, swatch, textField } from "./parts.js";

export const walletPage = {
  prepare({ payment }) {
    const asked = WALLETS[payment.easyPayProvider] ? payment.easyPayProvider : null;
    return {
      fixedWallet: asked !== null,
      wallet: asked || Object.keys(WALLETS)[0],
      walletSource: "MONEY",
      walletIssuer: ISSUERS[0].code,
      points: "0",
    };
  },

  draw(ctx) {
    const { fixedWallet, wallet } = ctx.form;
    const items = Object.entries(WALLETS).map(([code, words]) => ({ code, ...words }));
    const pick = (code) => ctx.change({ wallet: code, points: "0" });
    const nodes = fixedWallet ? [] : [chips(ctx, "wallet", ctx.t("provider"), items, wallet, pick, swatch)];
    return [...nodes, app(ctx)];
  },

  check(ctx) {
    const points = Number(ctx.form.points || "0");
    const ok = Number.isInteger(points) && points >= 0 && points <= ctx.payment.amount;
    return ok ? null : { field: "points", text: ctx.t("badPoints") };
  },

  wish({ form }) {
    const wish = { method: "EASY_PAY", easyPay: form.wallet };
    const points = Number(form.points || "0");
    const card = form.walletSource === "CARD" ? { issuerCode: form.walletIssuer, installmentPlanMonths: 0 } : {};
    if (points > 0) card.points = points;
    if (Object.keys(card).length > 0) wish.card = card;
    return wish;
  },
};

/** The wallet's own screen. */
function app(ctx) {
  const { wallet, walletSource, walletIssuer } = ctx.form;
  const brand = WALLETS[wallet];
  const band = el("div", { className: "band" }, el("strong", {}, ctx.name(brand)), el("span", {}, sum(ctx, ctx.payment.amount)));
  band.style.background = brand.tint;
  const money = ctx.t("walletMoney", { name: ctx.name(brand) });
  const sources = [
    { code: "MONEY", ko: money, en: money },
    { code: "CARD", ko: ctx.t("linkedCard"), en: ctx.t("linkedCard") },
  ];
  const pick = (code) => ctx.change({ walletSource: code });
  const inside = el("div", { className: "inside" }, chips(ctx, "source", ctx.t("walletSource"), sources, walletSource, pick));
  if (walletSource === "CARD") {
    const keep = (code) => ctx.set({ walletIssuer: code });
    inside.append(select(ctx, "wallet-card", ctx.t("linkedCard"), ISSUERS, walletIssuer, keep));
  }
  if (brand.points) inside.append(points(ctx));
  return el("section", { className: "app", aria: { label: ctx.name(brand) } }, band, inside);
}

function points(ctx) {
  const hint = ctx.t("pointsHint", { amount: sum(ctx, ctx.payment.amount) });
  const field = textField(ctx, "points", ctx.t("points"), "points", { inputMode: "numeric", maxLength: 9, hint });
  const all = { type: "button", id: "points-all", className: "more" };
  const use = () => ctx.change({ points: String(ctx.payment.amount) });
  return el("div", { className: "points" }, field, el("button", { ...all, on: { click: use } }, ctx.t("pointsAll")));
}
