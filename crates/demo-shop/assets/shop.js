// What every page of the shop shares: language, money, small DOM helpers and the buyer's own orders.
import { WORDS } from "./words.js";

// ---- language: Korean, unless ?lang=en or the switch in the header said otherwise ----

const asked = new URLSearchParams(location.search).get("lang");
if (asked === "en" || asked === "ko") store(localStorage, "shop.lang", asked);
export const lang = asked === "en" || (asked !== "ko" && load(localStorage, "shop.lang") === "en") ? "en" : "ko";

/** The sentence `key` in the buyer's language, with `{name}`s filled in. */
export function t(key, values = {}) {
  const [korean, english] = WORDS[key] ?? [key, key];
  return (lang === "en" ? english : korean).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Translates the page and wires the language switch. Every page calls it first. */
export function preparePage() {
  if (lang === "en") {
    document.documentElement.lang = "en";
    for (const element of document.querySelectorAll("[data-en]")) element.textContent = element.dataset.en;
    for (const element of document.querySelectorAll("[data-en-label]")) {
      element.setAttribute("aria-label", element.dataset.enLabel);
    }
    for (const element of document.querySelectorAll("[data-en-placeholder]")) {
      element.placeholder = element.dataset.enPlaceholder;
    }
  }
  byId("lang-switch").lang = lang === "en" ? "ko" : "en"; // it is named in the other language
  byId("lang-switch").addEventListener("click", () => {
    store(localStorage, "shop.lang", lang === "en" ? "ko" : "en");
    const here = new URL(location.href);
    here.searchParams.delete("lang");
    location.replace(here);
  });
}

// ---- money: integer won, never a fraction ----

const digits = new Intl.NumberFormat("ko-KR");

/** 50000 → "50,000원" or "₩50,000". */
export function won(amount) {
  if (!Number.isSafeInteger(amount)) return "–";
  return lang === "en" ? `₩${digits.format(amount)}` : `${digits.format(amount)}원`;
}

// ---- DOM: text is always set as text, so nothing from a server or an address can become HTML ----

export const byId = (id) => document.getElementById(id);

/** element("a", { href: "/", className: "link" }, "text", child, …) */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Shows `text` in a notice (`role="status"` or `"alert"`), or hides the notice when there is none. */
export function notice(box, text, kind = "info") {
  box.textContent = text ?? "";
  box.dataset.kind = kind;
  box.hidden = !text;
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

/** The words for one of Toss's statuses; one that this shop has never met is shown as it is. */
export function statusWords(status) {
  const key = `status${status ?? "NONE"}`;
  return key in WORDS ? t(key) : String(status);
}

// ---- orders ----

/** 32 hex digits in lower case, from any of the forms that a buyer or an address may hold; otherwise null. */
export function orderNumber(text) {
  const bare = String(text ?? "").trim().replaceAll("-", "").toLowerCase();
  return /^[0-9a-f]{32}$/.test(bare) ? bare : null;
}

const MY_ORDERS = "shop.myOrders";
const MAX_MY_ORDERS = 20;

/** This browser's orders, newest first: [{ backendOrderId, paymentKey, orderName }]. A shop with accounts
 *  would keep them on its server; a guest's orders live here. */
export function myOrders() {
  const saved = load(localStorage, MY_ORDERS);
  return Array.isArray(saved) ? saved.filter((order) => orderNumber(order?.backendOrderId)) : [];
}

export function rememberOrder(order) {
  const orders = myOrders();
  const known = orders.find((other) => other.backendOrderId === order.backendOrderId);
  const others = orders.filter((other) => other !== known);
  // A reload in another tab may not know the name any more: keep the one we had.
  const merged = { ...known, ...order, orderName: order.orderName ?? known?.orderName };
  store(localStorage, MY_ORDERS, [merged, ...others].slice(0, MAX_MY_ORDERS));
}

// ---- storage: a browser may refuse it (private windows, full disk), and the shop works without ----

export function load(storage, key) {
  try {
    return JSON.parse(storage.getItem(key));
  } catch {
    return null;
  }
}

export function store(storage, key, value) {
  try {
    storage.setItem(key, JSON.stringify(value));
  } catch {
    // Only convenience is lost: the cart, the list of orders, the language.
  }
}

/** The shop's public configuration: { sdkUrl, clientKey, storefrontPrefix }. */
export async function readConfig() {
  const answer = await fetch("/shop/config.json");
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  return answer.json();
}
