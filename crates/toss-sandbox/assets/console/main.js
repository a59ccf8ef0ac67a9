// The console: which page is open, and how it is kept fresh.
//
// A page is `{ node, load, show }`: `node` is built once and holds its forms; `load` asks the server; `show` replaces
// what has changed, and is called only when the answer differs from the last one. One question is under way at a
// time, and none while nobody looks.

import { el, rememberLanguage } from "/sandbox/assets/common.js";
import { billing } from "./billing.js";
import { clock } from "./clock.js";
import { faults } from "./faults.js";
import { keepingFocus, notices } from "./parts.js";
import { payment } from "./payment.js";
import { payments } from "./payments.js";
import { switches } from "./switches.js";
import { webhooks } from "./webhooks.js";
import { language, setLanguage, t } from "./words.js";

const EVERY_MS = 1500;
const PAGES = { payments, billing, webhooks, faults, switches };

const root = document.getElementById("console");
let page = null;
let shown = "";
let timer = 0;
/** Counts changes of page and language: an answer to an older one is nobody's. */
let turn = 0;

const watch = clock(refresh);
const offline = el("p", { id: "offline", className: "offline", hidden: true, attrs: { role: "alert" } });

/** `#/payments/KEY?status=DONE` → name, argument, query. */
function address() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, argument = ""] = path.split("/");
  return { name: PAGES[name] ? name : "payments", argument: decode(argument), query: new URLSearchParams(query) };
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function open() {
  turn += 1;
  shown = "";
  const { name, argument, query } = address();
  document.documentElement.lang = language();
  document.title = `${t(name)} · ${t("title")}`;
  const make = name === "payments" && argument ? payment : PAGES[name];
  page = make({ argument, query, refresh });
  const main = el("main", { id: "main", tabIndex: -1 }, page.node);
  root.replaceChildren(head(name), offline, main, notices());
  refresh();
}

function head(current) {
  const link = (name) =>
    el("a", { href: `#/${name}`, id: `nav-${name}`, textContent: t(name), aria: name === current ? { current: "page" } : {} });
  const switchTo = language() === "ko" ? "en" : "ko";
  const speak = () => {
    setLanguage(switchTo);
    rememberLanguage(switchTo);
    open();
  };
  return el(
    "header",
    { className: "head" },
    el("a", { className: "brand", href: "#/payments" }, el("span", { className: "mark", aria: { hidden: "true" } }), t("title")),
    el("nav", { aria: { label: t("title") } }, ...Object.keys(PAGES).map(link)),
    watch.node(),
    el("button", {
      id: "language",
      className: "quiet",
      type: "button",
      textContent: switchTo === "en" ? "English" : "한국어",
      lang: switchTo,
      on: { click: speak },
    }),
  );
}

/** Asks at once, and then again and again. */
async function refresh() {
  clearTimeout(timer);
  turn += 1;
  const mine = turn;
  let problem = null;
  try {
    const [answer] = await Promise.all([page.load(), watch.load()]);
    if (mine !== turn) return;
    const text = JSON.stringify(answer);
    if (text !== shown) {
      keepingFocus(page.node, () => page.show(answer));
      shown = text;
    }
  } catch (error) {
    if (mine !== turn) return;
    problem = error;
  }
  offline.hidden = problem === null;
  offline.textContent = problem === null ? "" : `${t("unreachable")} ${problem.message}`;
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

addEventListener("hashchange", () => {
  open();
  document.getElementById("main").focus();
  scrollTo(0, 0);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
open();
