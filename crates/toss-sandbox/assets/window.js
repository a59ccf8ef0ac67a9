// The payment window. The buyer authenticates here; nothing is charged before the merchant's server confirms.
//
// 1. load the payment  2. show the method and its choices  3. approve, fail or close  4. hand the answer over

import { call, el, firstLanguage, icon, money, parentLine, rememberLanguage, Refused } from "./common.js";
import { BANKS, CARRIERS, ISSUERS, METHODS, REASONS, say, WALLETS, WINDOW_REASONS } from "./text.js";

/** Won from which a card can be paid in instalments. */
const INSTALMENTS_FROM = 50000;

const root = document.getElementById("window");
const hints = new URLSearchParams(location.hash.slice(1));
const paymentKey = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop());
const base = `/sandbox/browser/payments/${encodeURIComponent(paymentKey)}`;
const line = parentLine(() => {});

const state = {
  lang: firstLanguage(hints),
  payment: null,
  view: { kind: "loading" },
  method: null,
  wallet: null,
  issuer: null,
  months: 0,
  bank: null,
  carrier: null,
  declining: false,
  busy: false,
  error: "",
};

const t = (key, values) => say(state.lang, key, values);
const name = (item) => item[state.lang];

// ---- 1. load ----

async function load() {
  document.documentElement.dataset.framed = String(line !== null);
  render();
  line?.follow(root);
  line?.ready();
  try {
    state.payment = await call(base);
    choose(state.payment);
    state.view = state.payment.status === "READY" ? { kind: "form" } : { kind: "gone", text: "alreadyDone" };
  } catch (error) {
    state.view = { kind: "gone", text: error instanceof Refused ? "unknownPayment" : "unreachable" };
  }
  render();
  root.querySelector("h1")?.focus({ preventScroll: true });
}

/** First choices: what the merchant or the widget asked for, else the first of each list. */
function choose(payment) {
  state.method = methodCode(payment.method);
  state.wallet = walletCode(payment.easyPayProvider);
  if (state.wallet) state.method = "EASY_PAY";
  const asked = hints.get("issuer");
  const issuer = ISSUERS.find((one) => asked === one.code || asked === one.id || asked === one.ko);
  state.issuer = (issuer || ISSUERS[0]).code;
  const months = Number(hints.get("months"));
  if (mayInstal() && Number.isInteger(months) && months >= 2 && months <= 12) state.months = months;
  state.wallet ??= Object.keys(WALLETS)[0];
  state.carrier = carriers()[0].code;
  state.bank = BANKS[0].code;
  state.fixedMethod = state.method !== null;
  state.fixedWallet = walletCode(payment.easyPayProvider) !== null;
  state.method ??= "CARD";
}

function methodCode(given) {
  if (!given) return null;
  return Object.keys(METHODS).find((code) => code === given || METHODS[code].ko === given) || (given === "카드" ? "CARD" : null);
}

function walletCode(given) {
  if (!given) return null;
  return Object.keys(WALLETS).find((code) => code === given || WALLETS[code].ko === given) || null;
}

function mayInstal() {
  return state.payment.currency === "KRW" && state.payment.amount >= INSTALMENTS_FROM;
}

function carriers() {
  const allowed = (hints.get("carriers") || "").split(",");
  const some = CARRIERS.filter((one) => allowed.includes(one.code));
  return some.length > 0 ? some : CARRIERS;
}

// ---- 2. show ----

function render() {
  document.documentElement.lang = state.lang;
  document.title = t("windowTitle");
  root.dataset.state = state.view.kind;
  root.dataset.testid = "payment-window";
  const focused = document.activeElement?.id;
  const draw = { loading: drawLoading, form: drawForm, gone: drawGone, leaving: drawLeaving };
  root.replaceChildren(...draw[state.view.kind]());
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function drawLoading() {
  return [drawBadge(), el("div", { className: "message", attrs: { role: "status" } }, el("p", {}, t("loading")))];
}

function drawGone() {
  const heading = el("h1", { tabIndex: -1 }, t("goneTitle"));
  const text = el("p", { attrs: { role: "alert" } }, t(state.view.text));
  const button = el("button", { type: "button", id: "pay-close", className: "button", on: { click: close } }, t("close"));
  return [drawBadge(), el("div", { className: "message gone" }, icon("alert", 44), heading, text, button)];
}

function drawLeaving() {
  const heading = el("h1", { tabIndex: -1 }, t("finishedTitle"));
  const text = el("p", { attrs: { role: "status" } }, t(state.view.text));
  return [drawBadge(), el("div", { className: "message" }, icon("shield", 44), heading, text)];
}

function drawBadge() {
  return el("p", { className: "badge", data: { testid: "sandbox-badge" } }, icon("flask", 16), t("badge"));
}

function drawForm() {
  const form = el("form", { className: "window-form", noValidate: true, on: { submit: approve } });
  form.append(drawBar(), drawBadge());
  const content = el("div", { className: "content" }, drawSummary());
  if (!state.fixedMethod) content.append(drawMethods());
  content.append(drawMethod());
  content.append(drawFailure());
  form.append(content, drawActions());
  return [form];
}

function drawBar() {
  const language = (code, label) =>
    el(
      "button",
      {
        type: "button",
        id: `lang-${code}`,
        lang: code,
        aria: { pressed: String(state.lang === code) },
        on: { click: () => speak(code) },
      },
      label,
    );
  const mark = el("img", { className: "mark", src: "/sandbox/assets/icon.svg", alt: "" });
  const heading = el("h1", { tabIndex: -1 }, state.payment.merchantName || t("merchant"), el("small", {}, t("secure")));
  const languages = el("div", { className: "languages", attrs: { role: "group" }, aria: { label: t("language") } });
  languages.append(language("ko", "한국어"), language("en", "EN"));
  return el("header", { className: "bar" }, mark, heading, languages);
}

function drawSummary() {
  const { orderName, orderId, amount, currency, customerName } = state.payment;
  const fact = (label, value, testid) => [el("dt", {}, t(label)), el("dd", { data: { testid } }, value)];
  const facts = el("dl", { className: "facts" }, ...fact("orderId", orderId, "order-id"));
  if (customerName) facts.append(...fact("customer", customerName, "customer-name"));
  return el(
    "section",
    { className: "summary", aria: { label: t("amount") } },
    el("p", { className: "name", data: { testid: "order-name" } }, orderName),
    el("p", { className: "amount", data: { testid: "amount" } }, money(amount, currency, state.lang)),
    facts,
  );
}

/** One group of radio buttons as chips; `pick` is called with the chosen code. */
function drawChoice(group, legend, items, chosen, pick, look) {
  const chip = (item) => {
    const input = el("input", {
      type: "radio",
      name: group,
      id: `${group}-${item.code}`,
      value: item.code,
      checked: item.code === chosen,
      on: { change: () => pick(item.code) },
    });
    return el("label", { className: "chip", data: { [group]: item.code } }, input, look?.(item) ?? null, name(item));
  };
  const wide = items.length < 9 && group === "method" ? "chips wide" : "chips";
  return el("fieldset", { className: "block" }, el("legend", {}, legend), el("div", { className: wide }, ...items.map(chip)));
}

function drawMethods() {
  const items = Object.entries(METHODS).map(([code, words]) => ({ code, ...words }));
  const pick = (code) => change({ method: code });
  return drawChoice("method", t("method"), items, state.method, pick, (item) => icon(item.code, 20));
}

function drawMethod() {
  const block = el("div", { className: "block", data: { testid: "method", method: state.method } });
  if (state.fixedMethod) {
    block.append(el("h2", {}, icon(state.method, 22), name(METHODS[state.method])));
  }
  const choices = {
    CARD: drawCard,
    EASY_PAY: drawWallet,
    TRANSFER: () => [drawBank("transferBank", () => true)],
    VIRTUAL_ACCOUNT: () => [
      drawBank("depositBank", (bank) => bank.deposit),
      el("p", { className: "note" }, t("depositNote")),
    ],
    MOBILE_PHONE: () => [drawChoice("carrier", t("carrier"), carriers(), state.carrier, (code) => change({ carrier: code }))],
  };
  const draw = choices[state.method];
  const gift = () => [el("p", { className: "note" }, t("giftNote", { name: name(METHODS[state.method]) }))];
  block.append(...(draw || gift)());
  return block;
}

function drawCard() {
  const swatch = (issuer) => {
    const node = el("span", { className: "swatch", aria: { hidden: "true" } });
    node.style.background = issuer.tint;
    return node;
  };
  const pick = (code) => change({ issuer: code });
  const companies = drawChoice("issuer", t("cardCompany"), ISSUERS, state.issuer, pick, swatch);
  const most = Number(hints.get("max")) || 12;
  const plans = [0, ...Array.from({ length: 11 }, (_, i) => i + 2).filter((months) => months <= most)];
  const option = (months) => {
    const text = months === 0 ? t("single") : t("months", { n: months });
    return el("option", { value: String(months), selected: months === state.months }, text);
  };
  const select = el(
    "select",
    {
      id: "installment",
      disabled: !mayInstal(),
      on: { change: () => change({ months: Number(select.value) }) },
    },
    ...plans.map(option),
  );
  const field = el("label", { className: "field" }, el("span", {}, t("instalments")), select);
  if (mayInstal()) return [companies, field];
  return [companies, field, el("p", { className: "note" }, t("instalmentRule"))];
}

function drawWallet() {
  const items = Object.entries(WALLETS).map(([code, words]) => ({ code, ...words }));
  const note = el("p", { className: "note" }, t("walletNote", { name: name(WALLETS[state.wallet]) }));
  if (state.fixedWallet) return [note];
  return [drawChoice("wallet", t("provider"), items, state.wallet, (code) => change({ wallet: code })), note];
}

function drawBank(label, filter) {
  const option = (bank) => el("option", { value: bank.code, selected: bank.code === state.bank }, name(bank));
  const select = el(
    "select",
    { id: "bank", on: { change: () => change({ bank: select.value }) } },
    ...BANKS.filter(filter).map(option),
  );
  return el("label", { className: "field" }, el("span", {}, t(label)), select);
}

function drawFailure() {
  const known = new Map(Object.entries(REASONS).map(([code, words]) => [code, { code, ...words }]));
  for (const one of state.payment.declineReasons || []) {
    known.set(one.code, { code: one.code, ko: one.message, en: one.messageEn || one.message });
  }
  const reason = (one) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", data: { code: one.code }, disabled: state.busy, on: { click: () => decline(one.code) } },
        el("span", {}, name(one)),
        el("code", {}, one.code),
      ),
    );
  const group = (id, title, hint, list) =>
    el(
      "div",
      { attrs: { role: "group" }, aria: { labelledby: id } },
      el("h3", { id }, t(title)),
      el("p", { className: "hint" }, t(hint)),
      el("ul", {}, ...list.map(reason)),
    );
  const all = [...known.values()];
  const inWindow = all.filter((one) => WINDOW_REASONS.includes(one.code));
  const atConfirm = all.filter((one) => !WINDOW_REASONS.includes(one.code) && one.code !== "PAY_PROCESS_CANCELED");
  return el(
    "section",
    { id: "decline-reasons", className: "failure", hidden: !state.declining, aria: { label: t("fail") }, tabIndex: -1 },
    el("p", {}, t("failIntro")),
    group("fails-in-window", "failInWindow", "failInWindowHint", inWindow),
    group("fails-at-confirm", "failAtConfirm", "failAtConfirmHint", atConfirm),
  );
}

function drawActions() {
  const { amount, currency } = state.payment;
  const error = el("div", { id: "window-error", attrs: { role: "alert" } });
  if (state.error) {
    error.className = "error";
    error.append(icon("alert", 18), el("span", {}, state.error));
  }
  const pay = state.busy ? t("paying") : t("pay", { amount: money(amount, currency, state.lang) });
  const button = (id, look, type, text, more = {}) =>
    el("button", { id, className: `button ${look}`, type, disabled: state.busy, ...more }, text);
  return el(
    "footer",
    { className: "actions" },
    error,
    button("pay-approve", "primary", "submit", pay, { aria: { busy: String(state.busy) } }),
    button("pay-decline", "danger", "button", t("fail"), {
      aria: { expanded: String(state.declining), controls: "decline-reasons" },
      on: { click: toggleFailure },
    }),
    button("pay-close", "", "button", t("cancel"), { on: { click: close } }),
  );
}

function change(part) {
  Object.assign(state, { error: "" }, part);
  render();
}

function speak(lang) {
  rememberLanguage(lang);
  change({ lang });
}

function toggleFailure() {
  change({ declining: !state.declining });
  const section = document.getElementById("decline-reasons");
  if (!state.declining) return;
  section.focus({ preventScroll: true });
  section.scrollIntoView({ block: "nearest" });
}

// ---- 3. approve, fail, close ----

/** What the buyer chose, as the authenticate call takes it. */
function choice() {
  switch (state.method) {
    case "CARD":
      return { method: "CARD", card: { issuerCode: state.issuer, installmentPlanMonths: state.months } };
    case "EASY_PAY":
      return { method: "EASY_PAY", easyPay: state.wallet };
    case "TRANSFER":
    case "VIRTUAL_ACCOUNT":
      return { method: state.method, bank: state.bank };
    default:
      return { method: state.method };
  }
}

function approve(event) {
  event.preventDefault();
  return end("success", "/authenticate", choice());
}

function decline(code) {
  if (WINDOW_REASONS.includes(code)) return end("failed", "/fail", { code });
  return end("success", "/authenticate", { ...choice(), confirmOutcome: code });
}

function close() {
  if (state.view.kind !== "gone") return end("closed", "/close", {});
  if (line) return leave({ outcome: "closed", redirectUrl: null });
  history.back();
}

/** Refusals after which nothing more can be done here. */
const FINAL = ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION", "ALREADY_PROCESSED_PAYMENT"];

/** One call ends the window. A refusal is shown and leaves the buyer where they are; a frame can always be closed. */
async function end(outcome, path, body) {
  if (state.busy || state.view.kind !== "form") return;
  change({ busy: true });
  line?.send("busy", { busy: true });
  try {
    leave({ ...(await call(base + path, body)), outcome });
  } catch (error) {
    line?.send("busy", { busy: false });
    if (outcome === "closed" && line) return leave({ outcome, redirectUrl: null });
    const final = error instanceof Refused && FINAL.includes(error.code);
    if (final) return change({ busy: false, view: { kind: "gone", text: "alreadyDone" } });
    change({ busy: false, error: error instanceof Refused && error.message ? error.message : t("unreachable") });
  }
}

// ---- 4. hand over ----

function leave(answer) {
  const away = /^https?:\/\//i.test(answer.redirectUrl || "") ? answer.redirectUrl : null;
  state.view = { kind: "leaving", text: line || away ? "leaving" : "finished" };
  render();
  if (line) return line.send("result", { answer });
  // Replaced, so that the Back button of the result page leads to the shop and not to a finished window.
  if (away) location.replace(away);
}

window.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (state.declining) {
    change({ declining: false });
    document.getElementById("pay-decline").focus();
  } else if (line) {
    close();
  }
});

// A page restored from the browser's memory may show a payment that has gone on without it.
window.addEventListener("pageshow", (event) => event.persisted && location.reload());

load();
