// The ways to pay, as tiles; a card asks for its company, a virtual account may ask for a refund account.

import { call, el, icon } from "./common.js";
import { ISSUERS, LIVE_WALLETS, METHODS, PROVIDERS, SMALL_ISSUERS, WALLETS } from "./lists.js";
import { INSTALMENTS_FROM } from "./page-card.js";
import { bankField, isDigits, note, select, textField, tick } from "./parts.js";

export function methodsWidget({ t, lang, query, redraw, changed, drawError }) {
  const own = { all: [], amount: null, code: null, lacking: "" };
  const form = { issuer: "", months: 0, refund: false, refundBank: "06", refundNumber: "", refundHolder: "" };
  const keep = (part) => Object.assign(form, part);
  const ctx = {
    t,
    lang,
    form,
    name: (item) => item[lang],
    set: keep,
    change(part) {
      keep(part);
      own.lacking = "";
      changed();
    },
  };
  const mayInstal = () => own.amount?.currency === "KRW" && own.amount.value >= INSTALMENTS_FROM;
  const currency = () => own.amount?.currency ?? "KRW";
  /** Each currency has its own methods; a key of the merchant's own is paid outside of this widget. */
  const methods = () => own.all.filter((method) => (method.currencies ?? ["KRW"]).includes(currency()));
  /** Among the ways to pay in won, the wallets from abroad stand behind one tile. */
  const abroad = () => (currency() === "KRW" ? methods().filter((method) => method.currencies) : []);
  const isAbroad = () => abroad().some((method) => method.code === own.code);
  const chosen = () => methods().find((method) => method.code === own.code);

  async function load() {
    const config = await call(`/sandbox/browser/config?clientKey=${encodeURIComponent(query.get("clientKey") || "")}`);
    const custom = (query.get("custom") || "").split(",").filter(Boolean);
    own.all = [...config.methods, ...custom.map((code) => ({ code, label: code, labelEn: code }))];
    chooseFirst();
  }

  function chooseFirst() {
    if (!chosen()) own.code = methods()[0]?.code ?? null;
  }

  function label(method) {
    const known = METHODS[method.code] || WALLETS[method.code] || LIVE_WALLETS[method.code] || PROVIDERS[method.code];
    const english = method.labelEn === method.code ? null : method.labelEn;
    if (lang === "en") return english || known?.en || method.code;
    return (method.label === method.code ? null : method.label) || known?.ko || method.code;
  }

  function choose(code) {
    own.code = code;
    own.lacking = "";
    changed();
  }

  function tile(method, checked = method.code === own.code, first = method.code) {
    const input = el("input", {
      type: "radio",
      name: "method",
      id: `method-${method.code}`,
      value: method.code,
      checked,
      on: { change: () => choose(first) },
    });
    const live = method.inTest === false ? el("small", {}, t("liveOnly")) : null;
    const words = el("span", {}, label(method), live);
    return el("label", { className: "tile", data: { method: method.code } }, input, mark(method), words);
  }

  /** A wallet's own colour, or the method's icon. */
  function mark(method) {
    const brand = WALLETS[method.code] ?? PROVIDERS[method.code];
    if (!brand) return icon(method.code);
    const dot = el("span", { className: "dot", aria: { hidden: "true" } }, brand.en.slice(0, 1));
    dot.style.background = brand.tint;
    return dot;
  }

  function tiles() {
    const wallets = abroad();
    const each = methods().filter((method) => !wallets.includes(method)).map((method) => tile(method));
    if (wallets.length > 0) each.push(tile({ code: "FOREIGN_EASY_PAY" }, isAbroad(), wallets[0].code));
    return each;
  }

  function abroadDetail() {
    const list = abroad().map(({ code }) => ({ code, ...PROVIDERS[code] }));
    const provider = select(ctx, "provider", t("provider"), list, own.code, choose);
    return el("div", { className: "detail one" }, provider);
  }

  function cardDetail() {
    const first = { code: "", ko: t("chooseCardCompany"), en: t("chooseCardCompany") };
    const wrong = own.lacking === "needCard" ? { aria: { invalid: "true", describedby: "detail-error" } } : {};
    const pick = (issuer) => ctx.change({ issuer });
    const list = [first, ...ISSUERS, ...SMALL_ISSUERS];
    const company = select(ctx, "card-company", t("cardCompany"), list, form.issuer, pick, wrong);
    const box = el("div", { className: "detail", data: { testid: "card-detail" } }, company);
    if (!mayInstal()) return box;
    const plan = (months) => {
      const text = months === 0 ? t("single") : t("months", { n: months });
      return { code: String(months), ko: text, en: text };
    };
    const plans = [0, ...Array.from({ length: 11 }, (_, i) => i + 2)].map(plan);
    const instal = (months) => ctx.change({ months: Number(months) });
    box.append(select(ctx, "installment", t("instalments"), plans, String(form.months), instal));
    return box;
  }

  /** Where a deposit goes back to; the window hands it over with the payment. */
  function accountDetail() {
    const box = el("div", { className: "detail one" }, tick(ctx, "refund", t("refundAhead"), "refund"));
    if (!form.refund) return box;
    box.append(
      bankField(ctx, "refund-bank", "bank", "refundBank"),
      textField(ctx, "refund-number", t("accountNumber"), "refundNumber", { inputMode: "numeric", maxLength: 20 }),
      textField(ctx, "refund-holder", t("holder"), "refundHolder", { maxLength: 60 }),
    );
    return box;
  }

  const refundIncomplete = () => form.refund && !(isDigits(form.refundNumber, 7, 20) && form.refundHolder !== "");

  function draw() {
    const title = t("method");
    const test = el("span", { className: "test" }, icon("flask", 14), "TEST");
    const head = el("div", { className: "head" }, el("h2", { id: "title" }, title), test);
    const each = el("div", { className: "tiles" }, ...tiles());
    const nodes = [head, el("fieldset", { aria: { labelledby: "title" } }, each)];
    if (own.code === "CARD") nodes.push(cardDetail());
    if (isAbroad()) nodes.push(abroadDetail());
    if (own.code === "VIRTUAL_ACCOUNT") nodes.push(accountDetail(), note(t("depositNote")));
    if (own.lacking) nodes.push(el("div", { id: "detail-error" }, drawError(t(own.lacking))));
    return nodes;
  }

  function state() {
    const card = own.code === "CARD";
    const told = {
      code: own.code,
      inTest: chosen()?.inTest !== false,
      issuerCode: card && form.issuer ? form.issuer : null,
      installmentPlanMonths: card && mayInstal() ? form.months : 0,
    };
    if (own.code !== "VIRTUAL_ACCOUNT" || !form.refund) return told;
    told.refundIncomplete = refundIncomplete();
    const { refundBank: bank, refundNumber, refundHolder: holderName } = form;
    told.refundReceiveAccount = { bank, accountNumber: refundNumber.replaceAll("-", ""), holderName };
    return told;
  }

  return {
    title: t("method"),
    load,
    draw,
    state,
    onAmount(amount) {
      own.amount = amount;
      chooseFirst();
    },
    /** The merchant's page has asked for a payment that lacks something. */
    onAttention() {
      const card = own.code === "CARD" && form.issuer === "";
      if (card) own.lacking = "needCard";
      else if (refundIncomplete()) own.lacking = "needRefund";
      redraw();
      document.getElementById(card ? "card-company" : "refund-number")?.focus();
    },
  };
}
