// The pages that register a card, an account or a wallet for later charges.

import { el } from "./common.js";
import { BANKS, OWNER_TYPES, WALLETS } from "./lists.js";
import { findIssuer } from "./page-card.js";
import { checkCode, codeField } from "./page-small.js";
import { bankField, chips, isDigits, missing, note, textField } from "./parts.js";

/** A card that Toss's own test accepts for registering and for charging. */
const TEST_CARD = "9410001234567890";

export const billingCardPage = {
  prepare({ request }) {
    const owner = owners(request)[0].code;
    const card = { cardNumber: TEST_CARD, expiry: "12/30", cardPassword: "12" };
    return { ...card, billingOwner: owner, identity: testIdentity(owner) };
  },

  draw(ctx) {
    if (wallet(ctx)) return [app(ctx)];
    const { billingOwner } = ctx.form;
    const personal = billingOwner === "개인";
    const list = owners(ctx.request);
    const pick = (code) => ctx.change({ billingOwner: code, identity: testIdentity(code) });
    const issuer = findIssuer(ctx.request.cardCompany);
    const nodes = list.length > 1 ? [chips(ctx, "owner", ctx.t("ownerType"), list, billingOwner, pick)] : [];
    if (issuer) nodes.push(note(ctx.t("directCard", { name: ctx.name(issuer) })));
    const digits = { inputMode: "numeric" };
    return [
      ...nodes,
      textField(ctx, "card-number", ctx.t("cardNumber"), "cardNumber", { ...digits, maxLength: 25 }),
      el(
        "div",
        { className: "pair" },
        textField(ctx, "expiry", ctx.t("expiry"), "expiry", { ...digits, maxLength: 5, placeholder: "12/30" }),
        textField(ctx, "card-password", ctx.t("cardPassword"), "cardPassword", { ...digits, type: "password", maxLength: 2 }),
      ),
      textField(ctx, "identity", ctx.t(personal ? "birth" : "receiptBusiness"), "identity", {
        ...digits,
        maxLength: 12,
        placeholder: testIdentity(billingOwner),
      }),
    ];
  },

  check(ctx) {
    if (wallet(ctx)) return null;
    const { cardNumber, expiry, identity, cardPassword, billingOwner } = ctx.form;
    const [long, words] = billingOwner === "개인" ? [6, "badBirth"] : [10, "badBusiness"];
    return (
      missing(ctx, isDigits(cardNumber.replaceAll(" ", ""), 14, 20), "card-number", "badCardNumber") ||
      missing(ctx, /^(0[1-9]|1[0-2])\/\d\d$/.test(expiry), "expiry", "badExpiry") ||
      missing(ctx, isDigits(cardPassword, 2, 2), "card-password", "badCardPassword") ||
      missing(ctx, isDigits(identity, long, long), "identity", words)
    );
  },

  /** The server needs number and owner; what else was typed in proves that the page asks for it. */
  wish(ctx) {
    const provider = wallet(ctx);
    if (provider) return { method: "CARD", easyPay: provider };
    const { cardNumber, billingOwner } = ctx.form;
    const issuer = findIssuer(ctx.request.cardCompany);
    const card = { number: cardNumber.replace(/\D/g, ""), ownerType: billingOwner };
    if (issuer) card.issuerCode = issuer.code;
    return { method: "CARD", card };
  },
};

/** What a test buyer enters as their own: a date of birth, or a business's number. */
const testIdentity = (owner) => (owner === "개인" ? "900101" : "1234567890");

/** Whose cards the merchant takes, in the order that it asked for. */
function owners(request) {
  const asked = request.selectableCardTypes ?? [];
  const found = asked.map((type) => OWNER_TYPES.find((one) => one.asked === type)).filter(Boolean);
  return found.length > 0 ? found : OWNER_TYPES;
}

/** The wallet that the merchant goes to directly, by its code. */
function wallet({ request }) {
  return WALLETS[request.easyPay] ? request.easyPay : null;
}

function app(ctx) {
  const brand = WALLETS[wallet(ctx)];
  const band = el("div", { className: "band" }, el("strong", {}, ctx.name(brand)), el("span", {}, ctx.t("billingCard")));
  band.style.background = brand.tint;
  return el("section", { className: "app" }, band, el("div", { className: "inside" }, note(ctx.t("billingIntro"))));
}

export const billingAccountPage = {
  prepare: () => ({ bank: BANKS[0].code, account: "12345678901234", accountCode: "" }),

  draw: (ctx) => [
    bankField(ctx, "bank", "bank", "bank"),
    textField(ctx, "account", ctx.t("accountNumber"), "account", { inputMode: "numeric", maxLength: 20 }),
    codeField(ctx, "accountCode"),
  ],

  check: (ctx) => missing(ctx, isDigits(ctx.form.account, 7, 20), "account", "badAccount") || checkCode(ctx, "accountCode"),

  wish: ({ form }) => ({ method: "TRANSFER", bank: form.bank }),
};
