// The terms that a buyer agrees to. Three are required.

import { el } from "./common.js";
import { TERMS } from "./lists.js";

export function agreementWidget({ t, lang, redraw, changed, drawError }) {
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
