// The sandbox's clock in the head of every page: what it says; moving it, and stopping it.

import { el } from "/sandbox/assets/common.js";
import { attempt, button, field, form } from "./parts.js";
import { get, post } from "./server.js";
import { t } from "./words.js";

const STEPS = [
  ["10m", 600],
  ["30m", 1800],
  ["1d", 86400],
  ["7d", 7 * 86400],
  ["15d", 15 * 86400],
];
const UNITS = [
  ["1", "seconds"],
  ["60", "minutes"],
  ["3600", "hours"],
  ["86400", "days"],
];
const KOREA_MS = 9 * 3600 * 1000;

export function clock(refresh) {
  const face = el("span", { id: "clock-now", className: "face" });
  /** What the sandbox's clock is ahead of this machine's. */
  let ahead = null;
  let frozen = false;
  const freeze = button("", () => turn({ frozen: !frozen }), { id: "clock-freeze", look: "small" });
  const show = () => {
    freeze.textContent = t(frozen ? "clock.run" : "clock.freeze");
    face.dataset.frozen = frozen;
    if (ahead === null) return;
    const korea = new Date(Date.now() + ahead + KOREA_MS).toISOString();
    face.textContent = korea.slice(0, 19).replace("T", " ");
  };
  setInterval(() => frozen || show(), 1000);

  const turn = (how, done) => attempt(() => post("/sandbox/clock", how), refresh, done);
  const move = (seconds) => turn({ advanceSeconds: seconds }, t("clock.moved"));

  return {
    async load() {
      const clock = await get("/sandbox/clock");
      const seen = Date.parse(clock.now) - Date.now();
      frozen = clock.frozen;
      // The sandbox tells whole seconds: less than that is no news of a clock that runs.
      if (frozen || ahead === null || Math.abs(seen - ahead) > 1500) ahead = seen;
      show();
    },
    node() {
      const steps = STEPS.map(([name, seconds]) =>
        button(t(`clock.${name}`), () => move(seconds), { id: `clock-${name}`, look: "small" }),
      );
      const custom = form(
        "clock-custom",
        [
          field("number", t("clock.custom"), { type: "number", min: "0", max: "100000", required: true }),
          field("unit", t("clock.unit"), {
            choices: UNITS.map(([value, name]) => [value, t(`clock.${name}`)]),
            value: "60",
          }),
        ],
        t("clock.move"),
        ({ number, unit }) => move(Number(number) * Number(unit)),
      );
      return el(
        "details",
        { id: "clock", className: "clock" },
        el("summary", { title: t("clock.hint") }, el("span", { className: "visually-hidden", textContent: t("clock") }), face),
        el(
          "div",
          { className: "sheet" },
          el("p", { className: "hint", textContent: t("clock.hint") }),
          el("div", { className: "row" }, ...steps, freeze),
          custom,
        ),
      );
    },
  };
}
