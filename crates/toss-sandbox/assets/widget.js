// The two widgets of the order page. `/sandbox/widget/methods` lists the ways to pay, `/sandbox/widget/agreement`
// the terms. Both report their state to the page that framed them and ask nothing of it but the amount.

import { el, firstLanguage, icon, parentLine, Refused } from "./common.js";
import { say } from "./text.js";
import { agreementWidget } from "./widget-agreement.js";
import { methodsWidget } from "./widget-methods.js";

const root = document.getElementById("widget");
const query = new URLSearchParams(location.search);
const lang = firstLanguage(query);
const t = (key, values) => say(lang, key, values);
const kind = location.pathname.endsWith("/agreement") ? "agreement" : "methods";
/** What a widget may know and do. */
const host = { t, lang, query, redraw, changed, drawError };
const widget = kind === "agreement" ? agreementWidget(host) : methodsWidget(host);

let drawn = false;
const line = parentLine(
  (hello) => {
    widget.onAmount?.(hello.amount);
    start();
  },
  (message) => {
    if (message.type === "amount") widget.onAmount?.(message.amount);
    if (message.type === "attention") widget.onAttention();
    if (message.type === "ask") line.send("reply", { id: message.id, state: widget.state() });
    if (drawn && message.type === "amount") changed();
  },
);

async function start() {
  try {
    await widget.load();
    redraw();
    drawn = true;
    line?.send("state", { state: widget.state() });
  } catch (error) {
    const refused = error instanceof Refused;
    root.replaceChildren(drawError(refused && error.message ? error.message : t("unreachable")));
    line?.send("error", { code: refused ? error.code : "UNKNOWN", message: refused ? error.message : "" });
  }
}

function redraw() {
  document.documentElement.lang = lang;
  document.title = widget.title;
  const focused = document.activeElement?.id;
  root.replaceChildren(...widget.draw());
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

function changed() {
  redraw();
  line?.send("state", { state: widget.state() });
}

function drawError(text) {
  return el("p", { className: "error", attrs: { role: "alert" } }, icon("alert", 18), el("span", {}, text));
}

if (line) {
  line.follow(root);
  line.ready();
} else {
  start();
}
