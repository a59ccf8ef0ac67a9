// Switches: what the sandbox does where Toss's documents are silent.

import { el } from "/sandbox/assets/common.js";
import { attempt, field, form, panel } from "./parts.js";
import { ask, get } from "./server.js";
import { t } from "./words.js";

export function switches({ refresh }) {
  const list = el("div", { className: "switches" });
  const set = (name, value) => attempt(() => ask("PATCH", "/sandbox/switches", { [name]: value }), refresh);
  return {
    node: el(
      "div",
      {},
      el("h1", { textContent: t("switches") }),
      panel(t("switches.list"), el("p", { className: "hint", textContent: t("switches.hint") }), list),
    ),
    load: () => get("/sandbox/console/switches"),
    show: ({ switches }) => list.replaceChildren(...switches.map((one) => row(one, set))),
  };
}

function row({ name, value, meaning }, set) {
  return el(
    "div",
    { className: "switch" },
    el("div", {}, el("code", { textContent: name }), el("p", { className: "hint", textContent: meaning.replaceAll("`", ""), lang: "en" })),
    control(name, value, set),
  );
}

/** Yes or no is a box; anything else is text that is read as JSON reads it. */
function control(name, value, set) {
  if (typeof value === "boolean") {
    const box = el("input", {
      type: "checkbox",
      id: `switch-${name}`,
      checked: value,
      aria: { label: name },
      on: { change: () => set(name, box.checked) },
    });
    return box;
  }
  const numeric = typeof value === "number";
  return form(
    `form-${name}`,
    [field("value", t("value"), { id: `switch-${name}`, type: numeric ? "number" : "text", required: true, value: String(value) })],
    t("set"),
    (body) => set(name, numeric ? Number(body.value) : body.value),
  );
}
