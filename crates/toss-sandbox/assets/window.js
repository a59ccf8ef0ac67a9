// The payment window. The buyer authenticates here; nothing is charged before the merchant's server confirms.
//
// 1. load  2. show the method's page  3. approve, fail, expire or close  4. hand the answer over

import { el, firstLanguage, icon, money, parentLine, rememberLanguage, Refused } from "./common.js";
import { drawFailure } from "./failure.js";
import { METHODS, WALLETS, WINDOW_REASONS } from "./lists.js";
import { transferPage, virtualAccountPage } from "./page-bank.js";
import { billingAccountPage, billingCardPage } from "./page-billing.js";
import { cardPage } from "./page-card.js";
import { foreignPage, giftPage, phonePage } from "./page-small.js";
import { walletPage } from "./page-wallet.js";
import { chips, heading, note } from "./parts.js";
import { billingSession, paymentSession } from "./session.js";
import { say } from "./text.js";

/** The page of each method: `prepare` what it fills in, `draw`, `check` what is missing, and the `wish` it sends. */
const PAYMENT_PAGES = {
  CARD: cardPage,
  EASY_PAY: walletPage,
  TRANSFER: transferPage,
  VIRTUAL_ACCOUNT: virtualAccountPage,
  MOBILE_PHONE: phonePage,
  CULTURE_GIFT_CERTIFICATE: giftPage,
  BOOK_GIFT_CERTIFICATE: giftPage,
  GAME_GIFT_CERTIFICATE: giftPage,
  FOREIGN_EASY_PAY: foreignPage,
};
const BILLING_PAGES = { CARD: billingCardPage, TRANSFER: billingAccountPage };

const root = document.getElementById("window");
const hints = new URLSearchParams(location.hash.slice(1) || location.search);
const request = readRequest(hints.get("request"));
const last = decodeURIComponent(location.pathname.split("/").filter(Boolean).pop());
const billing = last === "billing";
const session = billing ? billingSession(request) : paymentSession(last);
const PAGES = billing ? BILLING_PAGES : PAYMENT_PAGES;
const line = parentLine(() => {}, (message) => message.type === "close" && close());

const state = {
  lang: firstLanguage(hints),
  payment: null,
  view: { kind: "loading" },
  method: null,
  fixedMethod: false,
  form: {},
  problem: null,
  declining: false,
  busy: false,
  error: "",
};

const t = (key, values) => say(state.lang, key, values);
const name = (item) => item[state.lang];

/** What a page may know and do. */
function context() {
  const { form, problem, payment, method, lang, busy } = state;
  const set = (part) => Object.assign(state.form, part);
  const keep = (part) => change({ problem: null, form: set(part) });
  return { t, name, lang, form, problem, payment, request, method, busy, set, change: keep };
}

/** The merchant's wishes for this method, as the SDK wrote them into the address; anything else is none. */
function readRequest(text) {
  try {
    const value = JSON.parse(text ?? "{}");
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

// ---- 1. load ----

async function load() {
  document.documentElement.dataset.framed = String(line !== null);
  render();
  line?.follow(root);
  line?.ready();
  try {
    state.payment = await session.load();
    choose(state.payment);
    state.view = state.payment.status === "READY" ? { kind: "form" } : { kind: "gone", text: "alreadyDone" };
  } catch (error) {
    state.view = { kind: "gone", text: error instanceof Refused ? "unknownPayment" : "unreachable" };
  }
  render();
  root.querySelector("h1")?.focus({ preventScroll: true });
}

/** The method that the merchant asked for, or all of them; and what each page fills in beforehand. */
function choose(payment) {
  const asked = billing ? request.method : payment.method;
  state.fixedMethod = PAGES[asked] !== undefined;
  state.method = state.fixedMethod ? asked : methods()[0];
  for (const page of Object.values(PAGES)) Object.assign(state.form, page.prepare(context()));
  Object.assign(state.form, PAGES[state.method].prepare(context()));
}

/** Won pay in Korea; any other money is a wallet's from outside. */
function methods() {
  const foreign = state.payment.currency !== "KRW";
  return Object.keys(PAGES).filter((code) => (code === "FOREIGN_EASY_PAY") === foreign);
}

// ---- 2. show ----

function render() {
  document.documentElement.lang = state.lang;
  document.title = t(billing ? "billingTitle" : "windowTitle");
  root.dataset.state = state.view.kind;
  root.dataset.testid = "payment-window";
  const focused = document.activeElement?.id;
  const draw = { loading: drawLoading, form: drawForm, gone: drawGone, leaving: drawLeaving };
  root.replaceChildren(...draw[state.view.kind]());
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function drawLoading() {
  const dots = el("span", { className: "dots", aria: { hidden: "true" } });
  return [drawBadge(), el("div", { className: "message", attrs: { role: "status" } }, dots, el("p", {}, t("loading")))];
}

function drawGone() {
  const title = el("h1", { tabIndex: -1 }, t("goneTitle"));
  const text = el("p", { attrs: { role: "alert" } }, t(state.view.text));
  const button = el("button", { type: "button", id: "pay-close", className: "button", on: { click: close } }, t("close"));
  return [drawBadge(), el("div", { className: "message gone" }, icon("alert", 44), title, text, button)];
}

function drawLeaving() {
  const title = el("h1", { tabIndex: -1 }, t("finishedTitle"));
  const text = el("p", { attrs: { role: "status" } }, t(state.view.text));
  return [drawBadge(), el("div", { className: "message" }, icon("shield", 44), title, text)];
}

function drawBadge() {
  return el("p", { className: "badge", data: { testid: "sandbox-badge" } }, icon("flask", 16), t("badge"));
}

function drawForm() {
  const form = el("form", { className: "window-form", noValidate: true, on: { submit: approve } });
  const content = el("div", { className: "content" }, billing ? note(t("billingIntro")) : drawSummary());
  if (!state.fixedMethod) content.append(drawMethods());
  const ctx = context();
  const page = el("div", { className: "page", data: { testid: "method", method: state.method } }, drawHeading());
  page.append(...PAGES[state.method].draw(ctx));
  const ends = { decline, expire: session.expire ? expire : null };
  content.append(page, drawFailure(ctx, state.payment.declineReasons, state.declining, ends));
  form.append(drawBar(), drawBadge(), content, drawActions());
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
  const small = el("small", {}, t(billing ? "billingTitle" : "secure"));
  const title = el("h1", { tabIndex: -1 }, state.payment.merchantName || t("merchant"), small);
  const languages = el("div", { className: "languages", attrs: { role: "group" }, aria: { label: t("language") } });
  languages.append(language("ko", "한국어"), language("en", "EN"));
  return el("header", { className: "bar" }, mark, title, languages);
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

function drawHeading() {
  if (billing) return heading(state.method, t(state.method === "CARD" ? "billingCard" : "billingAccount"));
  const wallet = state.method === "EASY_PAY" && state.form.fixedWallet ? WALLETS[state.form.wallet] : null;
  return heading(state.method, name(wallet ?? METHODS[state.method]));
}

function drawMethods() {
  const items = methods().map((code) => ({ code, ...METHODS[code] }));
  const pick = (method) => {
    state.method = method;
    context().change(PAGES[method].prepare(context()));
  };
  return chips(context(), "method", t("method"), items, state.method, pick, (item) => icon(item.code, 20));
}

function drawActions() {
  const { amount, currency } = state.payment;
  const error = el("div", { id: "window-error", attrs: { role: "alert" } });
  if (state.error) {
    error.className = "error";
    error.append(icon("alert", 18), el("span", {}, state.error));
  }
  const idle = billing ? t("register") : t("pay", { amount: money(amount, currency, state.lang) });
  const button = (id, look, type, text, more = {}) =>
    el("button", { id, className: `button ${look}`, type, disabled: state.busy, ...more }, text);
  return el(
    "footer",
    { className: "actions" },
    error,
    button("pay-approve", "primary", "submit", state.busy ? t("paying") : idle, { aria: { busy: String(state.busy) } }),
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
  change({ lang, problem: null });
}

function toggleFailure() {
  change({ declining: !state.declining });
  const section = document.getElementById("decline-reasons");
  if (!state.declining) return;
  section.focus({ preventScroll: true });
  section.scrollIntoView({ block: "nearest" });
}

// ---- 3. approve, fail, expire, close ----

function approve(event) {
  event.preventDefault();
  const problem = PAGES[state.method].check(context());
  if (!problem) return end("success", () => session.approve(wish()));
  change({ problem });
  const field = document.getElementById(problem.field);
  field?.focus({ preventScroll: true });
  field?.scrollIntoView({ block: "center" });
}

/** What the buyer chose, as the server takes it. */
const wish = () => PAGES[state.method].wish(context());

function decline(code) {
  if (WINDOW_REASONS.includes(code)) return end("failed", () => session.fail(code));
  return end("success", () => session.approve({ ...wish(), confirmOutcome: code }));
}

const expire = () => end("failed", () => session.expire());

function close() {
  if (state.view.kind === "leaving" || state.busy) return undefined;
  if (state.view.kind === "form") return end("closed", () => session.close());
  if (line) return leave({ outcome: "closed", redirectUrl: null });
  return history.back();
}

/** Refusals after which nothing more can be done here. */
const FINAL = ["NOT_FOUND_PAYMENT", "NOT_FOUND_PAYMENT_SESSION", "ALREADY_PROCESSED_PAYMENT"];

/** One call ends the window. A refusal is shown and leaves the buyer where they are; a frame can always be closed. */
async function end(outcome, ask) {
  if (state.busy || state.view.kind !== "form") return;
  change({ busy: true });
  try {
    leave({ ...(await ask()), outcome });
  } catch (error) {
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
