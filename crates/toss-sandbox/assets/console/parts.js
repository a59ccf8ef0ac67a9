// What the pages are built of. Text from outside only ever becomes a text node or a property.

import { el, money } from "/sandbox/assets/common.js";
import { language, t } from "./words.js";

const SAID_MS = 6000;

/** Where something stands, as a coloured word; the word itself tells it too. */
export function chip(status, prefix = "status") {
  return el("span", { className: "chip", data: { tone: tone(status), status }, textContent: t(`${prefix}.${status}`, status) });
}

const TONES = {
  good: ["DONE", "delivered", "COMPLETED", "approved"],
  wait: ["WAITING_FOR_DEPOSIT", "IN_PROGRESS", "READY", "pending", "sending", "held", "PENDING"],
  back: ["CANCELED", "PARTIAL_CANCELED", "canceled"],
};

function tone(status) {
  return Object.keys(TONES).find((name) => TONES[name].includes(status)) || "bad";
}

export const won = (amount, currency = "KRW") =>
  amount === null || amount === undefined ? "–" : money(amount, currency, language());

/** What a webhook's place in the log does not tell: that Toss never sent it, or that it is a copy made by hand. */
export const marksOf = ({ forged, duplicateOf }) => [
  ...(forged ? [t("mark.forged")] : []),
  ...(duplicateOf ? [t("mark.duplicateOf")(duplicateOf)] : []),
];

/** Korea time as the sandbox writes it, without its zone: `03-02 14:05:09`. */
export function when(at) {
  return el("time", { dateTime: at, title: at, textContent: at.slice(5, 19).replace("T", " ") });
}

/** A table whose cells say their column's name where there is no room for a head. */
export function table(id, columns, rows, empty) {
  if (rows.length === 0) return el("p", { className: "empty", textContent: empty });
  const head = columns.map(([name, align]) => el("th", { scope: "col", className: align || "", textContent: name }));
  const body = rows.map((cells) =>
    el(
      "tr",
      {},
      ...cells.map((cell, at) => el("td", { className: columns[at][1] || "", data: { label: columns[at][0] } }, cell)),
    ),
  );
  return el("table", { id }, el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...body));
}

export function button(text, onclick, { id = "", look = "", label = "" } = {}) {
  const aria = label ? { label } : {};
  return el("button", { type: "button", id, className: look, textContent: text, aria, on: { click: onclick } });
}

/** A labelled field: an input, or a select when there are choices of `[value, text]`. */
export function field(name, label, { choices, value = "", ...rest } = {}) {
  const options = choices?.map(([of, text]) => el("option", { value: of, textContent: text }));
  const input = options ? el("select", { name, ...rest }, ...options) : el("input", { name, autocomplete: "off", ...rest });
  input.value = value;
  return el("label", { className: "field", data: { field: name } }, el("span", { textContent: label }), input);
}

/** A form that hands its filled fields over, as a plain object, and is locked meanwhile. */
export function form(id, fields, submit, onsubmit, look = "") {
  const go = el("button", { type: "submit", className: look, textContent: submit });
  const send = async (event) => {
    event.preventDefault();
    const filled = [...new FormData(node)].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== "");
    go.disabled = true;
    await onsubmit(Object.fromEntries(filled));
    go.disabled = false;
  };
  const node = el("form", { id, className: "line", on: { submit: send } }, ...fields, go);
  return node;
}

export const panel = (title, ...children) =>
  el("section", { className: "panel" }, el("h2", { textContent: title }), ...children);

/** JSON as text, indented. */
export const code = (value) => el("pre", { className: "code", tabIndex: 0, textContent: JSON.stringify(value, null, 2) });

const told = el("div", { id: "notice", className: "notice", attrs: { role: "status" } });
let fading = 0;

export const notices = () => told;

function say(text, kind) {
  clearTimeout(fading);
  told.dataset.kind = kind;
  told.textContent = text;
  fading = setTimeout(() => told.replaceChildren(), SAID_MS);
}

/** Does something, tells what came of it, and looks again. True when it went well. */
export async function attempt(deed, refresh, done = t("done")) {
  let went = true;
  try {
    await deed();
    say(done, "good");
  } catch (error) {
    went = false;
    say(error.code ? `${error.message} (${error.code})` : error.message, "bad");
  }
  await refresh();
  return went;
}

/** Replaces parts of a page under a reader's hands: focus and what is unfolded stay where they were. */
export function keepingFocus(node, replace) {
  const focused = node.contains(document.activeElement) ? document.activeElement.id : "";
  const unfolded = [...node.querySelectorAll("details[open][id]")].map((one) => one.id);
  replace();
  for (const id of unfolded) {
    const again = document.getElementById(id);
    if (again) again.open = true;
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
