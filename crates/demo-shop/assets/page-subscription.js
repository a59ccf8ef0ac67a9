// 정기배송: a card that is registered once and charged each month.
//
// 1. our server makes a member; Toss's window registers the card of its customerKey
// 2. the buyer comes back with an authKey: our server has it exchanged, the first month charged, the next ones planned.
//    The attempt in the address names all of that, so loading this page again repeats nothing
// 3. this browser remembers the subscription; a shop with accounts would keep it on its server
import { byId, element, lang, load, notice, preparePage, readConfig, sleep, store, t, won } from "./shop.js";
import { NoAnswer, call, withRetries } from "./hanbeon.js";
import { freshOrderId, registerCard } from "./toss.js";

const MINE = "shop.subscription"; // { id, first, method }
const MEMBER = "shop.member"; // { id, customerKey }
const planNotice = byId("plan-notice");
const query = new URLSearchParams(location.search);

preparePage();
byId("plan-start").addEventListener("click", register);
byId("plan-end").addEventListener("click", () => byId("end-dialog").showModal());
byId("end-dialog").addEventListener("close", ({ target }) => target.returnValue === "end" && end());
start().catch(explain);

async function start() {
  if (query.get("authKey") && query.get("attempt")) return exchange();
  if (query.get("code")) {
    explain({ code: query.get("code"), message: (query.get("message") ?? "").slice(0, 300) });
    forgetAddress();
  }
  const mine = load(localStorage, MINE);
  if (!mine?.id) return offer();
  try {
    await show(mine);
  } catch (error) {
    if (error.status !== 404) throw error;
    notice(planNotice, t("planGone"), "error");
    await offer();
  }
}

async function offer() {
  const { billingClientKey } = await readConfig();
  byId("plan-start").hidden = !billingClientKey;
  if (!billingClientKey) notice(planNotice, t("planNotHere"));
}

// ---- registering ----

async function register() {
  busy(byId("plan-start"), "planBusy");
  notice(planNotice, null);
  try {
    const config = await readConfig();
    const { body: member } = await call("POST", "/shop/members");
    store(localStorage, MEMBER, member);
    const here = `${location.origin}/subscription`;
    const successUrl = `${here}?member=${member.id}&attempt=${freshOrderId()}`;
    await registerCard({ ...config, customerKey: member.customerKey, successUrl, failUrl: here });
  } catch (error) {
    free(byId("plan-start"), "planStart");
    explain(error);
  }
}

async function exchange() {
  notice(planNotice, t("planWorking"));
  const [member, authKey, attempt] = ["member", "authKey", "attempt"].map((name) => query.get(name));
  let started;
  try {
    const request = { member, authKey, attempt };
    started = (await withRetries(() => call("POST", "/shop/subscriptions", request))).body;
  } catch (error) {
    // Not a "no": the address stays as it is, and loading the page again asks again.
    if (error instanceof NoAnswer || [503, 504].includes(error.status)) return notice(planNotice, t("planUnknown"));
    forgetAddress();
    notice(planNotice, error.message, "error");
    return offer();
  }
  const { subscription, firstCharge, method } = started;
  const mine = { id: subscription.id, first: firstCharge.id, method };
  store(localStorage, MINE, mine);
  forgetAddress();
  await show(mine);
  notice(planNotice, t("planStarted"), "good");
}

/** What is in the address has been used; a bookmark of it would be of no use. */
function forgetAddress() {
  history.replaceState(null, "", "/subscription");
}

// ---- what there is ----

async function show(mine) {
  const path = `/shop/subscriptions/${mine.id}${mine.first ? `?first=${mine.first}` : ""}`;
  for (let looks = 0; looks < 20; looks += 1) {
    const { body } = await withRetries(() => call("GET", path));
    draw(body, mine);
    if (!body.charges.some(({ state }) => state === "charging")) return;
    await sleep(3_000);
  }
}

function draw({ subscription, charges }, mine) {
  const { status, anchor, nextCharge } = subscription;
  const ended = status === "canceled";
  byId("plan-status").hidden = false;
  byId("plan-status").dataset.status = { active: "DONE", canceled: "CANCELED" }[status] ?? "IN_PROGRESS";
  byId("plan-status").textContent = t(`planStatus_${status}`);
  for (const row of document.querySelectorAll(".plan-row")) row.hidden = ended;
  byId("plan-card").textContent = mine.method ?? t("planCard");
  byId("plan-anchor").textContent = t("planAnchor", { day: anchor });
  byId("plan-next-row").hidden = !nextCharge;
  byId("plan-next").textContent = nextCharge ? day(`${nextCharge}T00:00:00+09:00`) : "–";
  byId("plan-start").hidden = !ended;
  byId("plan-end").hidden = ended;
  byId("plan-charges").hidden = charges.length === 0;
  byId("charges").replaceChildren(...charges.map(chargeRow));
}

function chargeRow({ state, amount, createdAt, failure }) {
  const look = { done: "DONE", refused: "ABORTED" }[state] ?? "IN_PROGRESS";
  return element(
    "li",
    { "data-state": state },
    element("span", {}, day(createdAt), failure ? element("span", { className: "quiet" }, ` ${failure.message}`) : null),
    element("strong", {}, won(amount)),
    element("span", { className: "chip", "data-status": look }, t(`chargeState_${state}`)),
  );
}

/** A day in Korea: 2026년 12월 24일. */
function day(instant) {
  const look = { year: "numeric", month: "long", day: "numeric", timeZone: "Asia/Seoul" };
  return new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "ko-KR", look).format(new Date(instant));
}

// ---- ending ----

async function end() {
  const mine = load(localStorage, MINE);
  byId("plan-end").disabled = true;
  try {
    await withRetries(() => call("POST", `/shop/subscriptions/${mine.id}/cancel`));
    await show(mine);
    notice(planNotice, t("planEnded"), "good");
  } catch (error) {
    explain(error);
  } finally {
    byId("plan-end").disabled = false;
  }
}

function explain(error) {
  if (["USER_CANCEL", "PAY_PROCESS_CANCELED"].includes(error.code)) return notice(planNotice, t("planClosed"));
  console.error(error);
  notice(planNotice, error instanceof NoAnswer ? t("noAnswer") : error.message || t("unknownError"), "error");
}

function busy(button, key) {
  button.disabled = true;
  button.textContent = t(key);
}

function free(button, key) {
  button.disabled = false;
  button.textContent = t(key);
}
