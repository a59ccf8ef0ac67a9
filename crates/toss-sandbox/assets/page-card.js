// The card page: issuer, instalments, card points. `flowMode: DIRECT` goes to the issuer's own app.

import { el } from "./common.js";
import { CARD_TYPES, ISSUERS, OVERSEAS_ISSUERS, OWNER_TYPES, SMALL_ISSUERS } from "./lists.js";
import { chips, note, select, swatch, tick } from "./parts.js";

/** Won from which a card can be paid in instalments. */
export const INSTALMENTS_FROM = 50000;

const ALL = [...ISSUERS, ...SMALL_ISSUERS, ...OVERSEAS_ISSUERS];

/** An issuer by its code, its English code or its Korean name. */
export function findIssuer(word) {
  return ALL.find((one) => word === one.code || word === one.id || word === one.ko);
}

export const cardPage = {
  prepare({ request, payment }) {
    const asked = findIssuer(request.cardCompany);
    const chosen = asked || findIssuer(request.issuer);
    const months = request.cardInstallmentPlan ?? request.months ?? 0;
    return {
      fixedIssuer: asked !== undefined,
      issuer: (chosen || (request.useInternationalCardOnly ? OVERSEAS_ISSUERS : ISSUERS)[0]).code,
      allIssuers: SMALL_ISSUERS.includes(chosen),
      months: mayInstal(payment) ? months : 0,
      cardPoints: request.useCardPoint === true,
      cardType: request.useInternationalCardOnly ? "미확인" : "신용",
      ownerType: "개인",
    };
  },

  draw(ctx) {
    const nodes = ctx.form.fixedIssuer ? [fixedIssuer(ctx)] : issuers(ctx);
    nodes.push(instalments(ctx));
    if (!mayInstal(ctx.payment)) nodes.push(note(ctx.t("instalmentRule")));
    if (ctx.request.useCardPoint !== false) nodes.push(tick(ctx, "card-points", ctx.t("cardPoints"), "cardPoints"));
    if (ctx.request.useAppCardOnly) nodes.push(note(ctx.t("onlyAppCard")));
    nodes.push(cardKind(ctx));
    return nodes;
  },

  check: () => null,

  wish: ({ form }) => ({
    method: "CARD",
    card: {
      issuerCode: form.issuer,
      installmentPlanMonths: form.months,
      useCardPoint: form.cardPoints,
      cardType: form.cardType,
      ownerType: form.ownerType,
    },
  }),
};

function mayInstal(payment) {
  return payment.currency === "KRW" && payment.amount >= INSTALMENTS_FROM;
}

function issuers(ctx) {
  const { allIssuers, issuer } = ctx.form;
  const domestic = allIssuers ? [...ISSUERS, ...SMALL_ISSUERS] : ISSUERS;
  const items = ctx.request.useInternationalCardOnly ? OVERSEAS_ISSUERS : domestic;
  const nodes = [chips(ctx, "issuer", ctx.t("cardCompany"), items, issuer, (code) => ctx.change({ issuer: code }), swatch)];
  if (items === ISSUERS) {
    const more = { type: "button", id: "issuer-more", className: "more" };
    nodes.push(el("button", { ...more, on: { click: () => ctx.change({ allIssuers: true }) } }, ctx.t("moreIssuers")));
  }
  return nodes;
}

/** The one issuer that the merchant asked for: its card, and its app if the merchant goes there directly. */
function fixedIssuer(ctx) {
  const issuer = findIssuer(ctx.form.issuer);
  const plastic = el("div", { className: "plastic", data: { issuer: issuer.code } }, el("strong", {}, ctx.name(issuer)));
  plastic.append(el("span", {}, "•••• •••• •••• 1234"));
  plastic.style.background = issuer.tint;
  if (ctx.request.flowMode !== "DIRECT") return plastic;
  return el("div", { className: "direct" }, plastic, note(ctx.t("directCard", { name: ctx.name(issuer) })));
}

/** The plans that amount and merchant allow: one fixed plan, or all up to a limit. */
function plans({ request, payment }) {
  if (!mayInstal(payment)) return [0];
  if (request.cardInstallmentPlan !== undefined && request.cardInstallmentPlan !== null) return [request.cardInstallmentPlan];
  const most = request.maxCardInstallmentPlan ?? 12;
  return [0, ...Array.from({ length: 11 }, (_, i) => i + 2).filter((months) => months <= most)];
}

function instalments(ctx) {
  const free = (ctx.request.freeInstallmentPlans ?? []).filter((plan) => findIssuer(plan.company)?.code === ctx.form.issuer);
  const words = (months) => {
    if (months === 0) return "single";
    return free.some((plan) => plan.months.includes(months)) ? "interestFree" : "months";
  };
  const item = (months) => {
    const text = ctx.t(words(months), { n: months });
    return { code: String(months), ko: text, en: text };
  };
  const list = plans(ctx);
  const pick = (months) => ctx.change({ months: Number(months) });
  const more = { disabled: list.length < 2 };
  return select(ctx, "installment", ctx.t("instalments"), list.map(item), String(ctx.form.months), pick, more);
}

/** What a real window learns from the card itself. */
function cardKind(ctx) {
  const keep = (key) => (code) => ctx.set({ [key]: code });
  return el(
    "details",
    { className: "kind", id: "card-kind", open: ctx.form.kindOpen === true, on: { toggle: ({ target }) => ctx.set({ kindOpen: target.open }) } },
    el("summary", {}, ctx.t("cardKind")),
    el(
      "div",
      { className: "pair" },
      select(ctx, "card-type", ctx.t("cardType"), CARD_TYPES, ctx.form.cardType, keep("cardType")),
      select(ctx, "owner-type", ctx.t("ownerType"), OWNER_TYPES, ctx.form.ownerType, keep("ownerType")),
    ),
  );
}
