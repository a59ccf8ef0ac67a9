// What the payment window and the widgets share: language, elements, icons, calls and messages.
// Text from a merchant, a server or an address only ever becomes a text node.

const CHANNEL = "toss-sandbox";
const LANG_KEY = "toss-sandbox-lang";
const CALL_TIMEOUT_MS = 15000;

/** "ko" or "en": the address (`#lang=` or `?lang=`), then the last choice, then the given language, or the browser's. */
export function firstLanguage(hints, otherwise = navigator.language) {
  const asked = hints.get("lang") || stored();
  if (asked === "ko" || asked === "en") return asked;
  return /^en\b/i.test(otherwise) ? "en" : "ko";
}

export function rememberLanguage(lang) {
  try {
    localStorage.setItem(LANG_KEY, lang);
  } catch {
    // Storage may be closed in a third-party frame; the choice then lasts as long as the page.
  }
}

function stored() {
  try {
    return localStorage.getItem(LANG_KEY);
  } catch {
    return null;
  }
}

/** An amount as a buyer reads it: 1,234원 or ₩1,234, US$12.34 or $12.34. */
export function money(amount, currency, lang) {
  if (currency === "KRW" && lang === "ko") return `${new Intl.NumberFormat("ko-KR").format(amount)}원`;
  return new Intl.NumberFormat(lang === "ko" ? "ko-KR" : "en-US", { style: "currency", currency }).format(amount);
}

/** Builds an element: properties by name, `data`/`aria`/`on`/`attrs` as objects, children as nodes or text. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  const { data = {}, aria = {}, on = {}, attrs = {}, ...rest } = props;
  Object.assign(node, rest);
  Object.assign(node.dataset, data);
  for (const [name, value] of Object.entries(aria)) node.setAttribute(`aria-${name}`, value);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, value);
  for (const [name, handler] of Object.entries(on)) node.addEventListener(name, handler);
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Outline icons on a 24-unit grid, drawn with the text colour. */
const ICONS = {
  CARD: "M3 7.5A2.5 2.5 0 0 1 5.5 5h13A2.5 2.5 0 0 1 21 7.5v9a2.5 2.5 0 0 1-2.5 2.5h-13A2.5 2.5 0 0 1 3 16.5zM3 10h18M7 15h3",
  EASY_PAY: "M4 8a3 3 0 0 1 3-3h9a2 2 0 0 1 2 2v1M4 8v8a3 3 0 0 0 3 3h11a2 2 0 0 0 2-2v-7a2 2 0 0 0-2-2H4M16 13.5h.01",
  TRANSFER: "M4 9.5 12 5l8 4.5zM6 10v7M10 10v7M14 10v7M18 10v7M4 19h16",
  VIRTUAL_ACCOUNT: "M6 3.5h9l4 4V19a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 19V4.5a1 1 0 0 1 1-1zM9 11h6M9 14.5h6M9 7.5h2",
  MOBILE_PHONE: "M8 3h8a1.5 1.5 0 0 1 1.5 1.5v15A1.5 1.5 0 0 1 16 21H8a1.5 1.5 0 0 1-1.5-1.5v-15A1.5 1.5 0 0 1 8 3zM11 18h2",
  GIFT: "M4 11h16v8.5H4zM3 7.5h18V11H3zM12 7.5v12M12 7.5C9 7.5 7.5 6.5 7.5 5S10 2.8 12 7.5c2-4.7 4.5-4 4.5-2.5S15 7.5 12 7.5z",
  FOREIGN_EASY_PAY: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3 12h18M12 3c2.5 2.6 3.8 5.6 3.8 9s-1.3 6.4-3.8 9c-2.5-2.6-3.8-5.6-3.8-9S9.5 5.6 12 3z",
  shield: "M12 3l7 2.8v5.4c0 4.4-2.8 7.9-7 9.8-4.2-1.9-7-5.4-7-9.8V5.8zM9 12l2.2 2.2L15.2 10",
  close: "M6 6l12 12M18 6 6 18",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert: "M12 8v5M12 16.5h.01M12 3.5l9.5 16.5h-19z",
  flask: "M9.5 3.5h5M10.5 3.5v6L5 18.5A1.3 1.3 0 0 0 6.2 20.5h11.6a1.3 1.3 0 0 0 1.2-2L13.5 9.5v-6M8 15h8",
};

export function icon(name, size = 24) {
  const ns = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(ns, "svg");
  const known = ICONS[name] || (name.endsWith("GIFT_CERTIFICATE") ? ICONS.GIFT : ICONS.EASY_PAY);
  for (const [key, value] of Object.entries({
    viewBox: "0 0 24 24",
    width: size,
    height: size,
    fill: "none",
    stroke: "currentColor",
    "stroke-width": 1.7,
    "stroke-linecap": "round",
    "stroke-linejoin": "round",
    "aria-hidden": "true",
    focusable: "false",
  })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(ns, "path");
  path.setAttribute("d", known);
  svg.append(path);
  return svg;
}

/** A refusal of the sandbox: `code` and `message` as it sent them. */
export class Refused extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}

/** One JSON call to the sandbox this page came from; GET without a body, POST with one. */
export async function call(path, body) {
  const response = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "omit",
    cache: "no-store",
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
  });
  const answer = await response.json();
  if (!response.ok) throw new Refused(String(answer.code || "UNKNOWN"), String(answer.message || ""));
  return answer;
}

/**
 * The line to the page that framed us. Until it has said hello from its own window we know no origin to send to,
 * and say nothing but that we are ready; then every message goes to that origin alone. `null` when not framed.
 */
export function parentLine(onHello, onMessage = () => {}) {
  if (window.parent === window) return null;
  let origin = null;
  const waiting = [];
  const post = (message) => window.parent.postMessage({ ...message, channel: CHANNEL }, origin);
  window.addEventListener("message", (event) => {
    const message = event.data;
    if (event.source !== window.parent || !message || message.channel !== CHANNEL) return;
    if (message.type === "hello" && origin === null) {
      origin = event.origin;
      onHello(message);
      waiting.splice(0).forEach(post);
    } else if (event.origin === origin) {
      onMessage(message);
    }
  });
  const send = (type, data = {}) => (origin === null ? waiting.push({ ...data, type }) : post({ ...data, type }));
  return {
    /** Nothing in this message is worth hiding, and the receiver's origin is not known yet. */
    ready: () => window.parent.postMessage({ channel: CHANNEL, type: "ready" }, "*"),
    send,
    /** Keeps the frame as tall as `element`. */
    follow(element) {
      new ResizeObserver(() => send("size", { height: Math.ceil(element.getBoundingClientRect().height) })).observe(
        element,
      );
    },
  };
}
