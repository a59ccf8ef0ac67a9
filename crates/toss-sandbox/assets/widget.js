// The two widgets of the order page. `/sandbox/widget/methods` lists the ways to pay, `/sandbox/widget/agreement`
// the terms. Both report their state to the page that framed them and ask nothing of it but the amount.

import { call, el, firstLanguage, icon, parentLine, Refused } from "./common.js";
import { ISSUERS, METHODS, say, TERMS, WALLETS } from "./text.js";

/** Won from which a card can be paid in instalments. */
const INSTALMENTS_FROM = 50000;

const root = document.getElementById("widget");
const query = new URLSearchParams(location.search);
const lang = firstLanguage(query);
const t = (key, values) => say(lang, key, values);
const kind = location.pathname.endsWith("/agreement") ? "agreement" : "methods";
const widget = kind === "agreement" ? agreementWidget() : methodsWidget();

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
    if (drawn && message.type === "amount") redraw();
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

function drawHead(title) {
  const test = el("span", { className: "test" }, icon("flask", 14), "TEST");
  return el("div", { className: "head" }, el("h2", { id: "title" }, title), test);
}

// ---- payment methods ----

function methodsWidget() {
  const own = { methods: [], amount: null, code: null, issuer: "", months: 0, missing: false };
  const mayInstal = () => own.amount?.currency === "KRW" && own.amount.value >= INSTALMENTS_FROM;

  async function load() {
    const config = await call(`/sandbox/browser/config?clientKey=${encodeURIComponent(query.get("clientKey") || "")}`);
    own.methods = config.methods;
    own.code = config.methods[0]?.code ?? null;
  }

  function label(method) {
    const known = METHODS[method.code] || WALLETS[method.code];
    const english = method.labelEn === method.code ? null : method.labelEn;
    if (lang === "en") return english || known?.en || method.code;
    return method.label || known?.ko || method.code;
  }

  function tile(method) {
    const input = el("input", {
      type: "radio",
      name: "method",
      id: `method-${method.code}`,
      value: method.code,
      checked: method.code === own.code,
      on: {
        change: () => {
          own.code = method.code;
          own.missing = false;
          changed();
        },
      },
    });
    return el("label", { className: "tile", data: { method: method.code } }, input, icon(method.code), label(method));
  }

  function cardDetail() {
    const company = el(
      "select",
      {
        id: "card-company",
        aria: own.missing ? { invalid: "true", describedby: "detail-error" } : {},
        on: {
          change: () => {
            own.issuer = company.value;
            own.missing = false;
            changed();
          },
        },
      },
      el("option", { value: "", selected: own.issuer === "" }, t("chooseCardCompany")),
      ...ISSUERS.map((one) => el("option", { value: one.code, selected: one.code === own.issuer }, one[lang])),
    );
    const option = (months) =>
      el(
        "option",
        { value: String(months), selected: months === own.months },
        months === 0 ? t("single") : t("months", { n: months }),
      );
    const plan = el(
      "select",
      {
        id: "installment",
        on: {
          change: () => {
            own.months = Number(plan.value);
            changed();
          },
        },
      },
      ...[0, ...Array.from({ length: 11 }, (_, i) => i + 2)].map(option),
    );
    const field = (text, control) => el("label", { className: "field" }, el("span", {}, t(text)), control);
    const box = el("div", { className: "detail", data: { testid: "card-detail" } }, field("cardCompany", company));
    if (mayInstal()) box.append(field("instalments", plan));
    return box;
  }

  function draw() {
    const tiles = el(
      "fieldset",
      { aria: { labelledby: "title" } },
      el("div", { className: "tiles" }, ...own.methods.map(tile)),
    );
    const error = el("div", { id: "detail-error", attrs: { role: "alert" } });
    if (own.missing) error.append(drawError(t("needCard")));
    const nodes = [drawHead(t("method")), tiles];
    if (own.code === "CARD") nodes.push(cardDetail());
    if (own.code === "VIRTUAL_ACCOUNT") nodes.push(el("p", { className: "note" }, t("depositNote")));
    if (own.missing) nodes.push(error);
    return nodes;
  }

  return {
    title: t("method"),
    load,
    draw,
    state: () => ({
      code: own.code,
      issuerCode: own.code === "CARD" && own.issuer ? own.issuer : null,
      installmentPlanMonths: own.code === "CARD" && mayInstal() ? own.months : 0,
    }),
    onAmount(amount) {
      own.amount = amount;
    },
    onAttention() {
      own.missing = own.code === "CARD" && own.issuer === "";
      redraw();
      document.getElementById("card-company")?.focus();
    },
  };
}

// ---- agreement ----

function agreementWidget() {
  const agreed = new Map(TERMS.map((term) => [term.id, term.required]));
  const open = new Set();
  let missing = false;
  const required = TERMS.filter((term) => term.required);
  const allRequired = () => required.every((term) => agreed.get(term.id));

  function set(terms, value) {
    for (const term of terms) agreed.set(term.id, value);
    if (allRequired()) missing = false;
    changed();
  }

  function check(id, terms, on, ...words) {
    const input = el("input", {
      type: "checkbox",
      id,
      checked: on,
      on: { change: () => set(terms, input.checked) },
    });
    return el("label", { className: "check" }, input, el("span", {}, ...words));
  }

  function item(term) {
    const tag = el("em", {}, `[${t(term.required ? "required" : "optional")}] `);
    const shown = open.has(term.id);
    const body = `body-${term.id}`;
    const view = el(
      "button",
      {
        type: "button",
        id: `view-${term.id}`,
        className: "view",
        aria: { expanded: String(shown), controls: body, label: `${term[lang]} ${t("view")}` },
        on: {
          click: () => {
            if (!open.delete(term.id)) open.add(term.id);
            redraw();
          },
        },
      },
      t("view"),
    );
    return el(
      "li",
      { className: term.required ? "required" : "optional", data: { term: term.id } },
      el("div", {}, check(`term-${term.id}`, [term], agreed.get(term.id), tag, term[lang]), view),
      el("p", { id: body, className: "note", hidden: !shown }, term[`${lang}Body`]),
    );
  }

  function draw() {
    const all = check("agree-all", required, allRequired(), t("agreeAll"));
    all.classList.add("all");
    const terms = el("div", { className: "terms" }, all, el("ul", {}, ...TERMS.map(item)));
    return missing ? [terms, drawError(t("needTerms"))] : [terms];
  }

  return {
    title: lang === "ko" ? "약관 동의" : "Terms",
    load: async () => {},
    draw,
    state: () => ({
      agreedRequiredTerms: allRequired(),
      agreements: TERMS.map((term) => ({
        term: { id: term.id, required: term.required },
        agreed: agreed.get(term.id),
      })),
    }),
    onAttention() {
      missing = !allRequired();
      redraw();
      document.getElementById("agree-all").focus();
    },
  };
}

if (line) {
  line.follow(root);
  line.ready();
} else {
  start();
}
