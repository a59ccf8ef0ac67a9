// The order page: goods → order (our server, our prices) → saved amount → Toss's payment window.
import { byId, element, lang, load, notice, preparePage, readConfig, store, t, won } from "./shop.js";
import { NoAnswer, Refused, hanbeonAt } from "./hanbeon.js";
import { freshOrderId, mountPayment } from "./toss.js";

const MAX_QUANTITY = 99;
const payButton = byId("pay-button");
const payNotice = byId("pay-notice");
const form = byId("buyer");

let goods = [];
let cart = {}; // goods id → quantity
let payment = null; // Toss, once it has loaded
let hanbeon = null;
let busy = false;
let order = null; // the order that hanbeon knows for this very cart and buyer: a second try pays the same one

preparePage();
start();

async function start() {
  try {
    goods = await (await fetch("/shop/goods.json")).json();
  } catch {
    notice(payNotice, t("goodsFailed"), "error");
    return;
  }
  cart = savedCart();
  drawGoods();
  changed();
  try {
    const config = await readConfig();
    hanbeon = hanbeonAt(config.storefrontPrefix);
    payment = await mountPayment({
      ...config,
      // The widget wants an amount above zero; an empty cart cannot be paid anyway.
      amount: total() || goods[0].price,
      methods: byId("payment-methods"),
      agreement: byId("agreement"),
    });
    document.body.classList.add("payment-ready");
  } catch (error) {
    console.error(error);
    byId("payment-loading").textContent = t("sdkFailed");
    notice(payNotice, t("sdkFailed"), "error");
  }
  changed();
}

// ---- the cart ----

/** The cart of this tab, so that a failed payment or a reload does not empty it. */
function savedCart() {
  const saved = load(sessionStorage, "shop.cart") ?? { tee: 1 };
  return Object.fromEntries(
    goods.map(({ id }) => [id, saved[id]]).filter(([, n]) => Number.isInteger(n) && n > 0 && n <= MAX_QUANTITY),
  );
}

const total = () => goods.reduce((sum, { id, price }) => sum + price * (cart[id] ?? 0), 0);
const nameOf = (item) => (lang === "en" ? item.nameEn : item.name);

function setQuantity(id, quantity) {
  cart[id] = Math.max(0, Math.min(MAX_QUANTITY, quantity));
  if (cart[id] === 0) delete cart[id];
  store(sessionStorage, "shop.cart", cart);
  notice(payNotice, null);
  changed();
}

/** Brings everything on the page that depends on the cart up to date. */
function changed() {
  for (const card of document.querySelectorAll("[data-goods-id]")) {
    const quantity = cart[card.dataset.goodsId] ?? 0;
    card.classList.toggle("chosen", quantity > 0);
    card.querySelector(".qty").textContent = quantity;
    card.querySelector(".qty-minus").disabled = quantity === 0;
    card.querySelector(".qty-plus").disabled = quantity === MAX_QUANTITY;
  }
  const lines = goods.filter(({ id }) => cart[id]);
  byId("summary-lines").replaceChildren(
    ...lines.map((item) =>
      element(
        "li",
        {},
        element("span", { className: "line-name" }, nameOf(item)),
        element("span", { className: "line-quantity" }, t("times", { quantity: cart[item.id] })),
        element("span", { className: "line-price" }, won(item.price * cart[item.id])),
      ),
    ),
  );
  if (lines.length === 0) byId("summary-lines").append(element("li", { className: "quiet" }, t("cartEmpty")));
  byId("total-amount").textContent = won(total());
  byId("total-amount").dataset.value = total();
  drawPayButton();
  // Toss shows and charges this amount; a cart of nothing is never asked for.
  if (payment && total() > 0) payment.setAmount(total()).catch((error) => notice(payNotice, error.message, "error"));
}

function drawPayButton() {
  payButton.disabled = busy || !payment || total() === 0;
  payButton.setAttribute("aria-busy", String(busy));
  payButton.textContent = busy ? t("payBusy") : total() === 0 ? t("paySelect") : t("pay", { amount: won(total()) });
}

function drawGoods() {
  byId("goods").replaceChildren(...goods.map(goodsCard));
}

function goodsCard(item) {
  const name = nameOf(item);
  const step = (className, sign, by, label) => {
    const button = element("button", { type: "button", className, "aria-label": label }, sign);
    button.addEventListener("click", () => setQuantity(item.id, (cart[item.id] ?? 0) + by));
    return button;
  };
  return element(
    "li",
    { className: "card", "data-goods-id": item.id, "data-testid": `goods-${item.id}` },
    element("img", { src: item.image, alt: "", width: 240, height: 210 }),
    element("h3", {}, name),
    element("p", { className: "quiet" }, lang === "en" ? item.noteEn : item.note),
    element(
      "div",
      { className: "card-foot" },
      element("strong", { className: "price" }, won(item.price)),
      element(
        "div",
        { className: "stepper", role: "group", "aria-label": t("quantityOf", { name }) },
        step("qty-minus", "−", -1, t("less", { name })),
        element("output", { className: "qty", "aria-live": "polite" }, "0"),
        step("qty-plus", "+", 1, t("more", { name })),
      ),
    ),
  );
}

// ---- the buyer ----

const CHECKS = {
  name: (value) => (value.trim() ? null : "needName"),
  mobilePhone: (value) => (/^\d{8,15}$/.test(value.replace(/[-\s]/g, "")) ? null : "needPhone"),
  email: (value) => (/^\S+@\S+\.\S+$/.test(value.trim()) ? null : "needEmail"),
};

/** Marks each field; returns the buyer, or null after moving the focus to the first wrong field. */
function readBuyer() {
  let firstWrong = null;
  for (const [name, check] of Object.entries(CHECKS)) {
    const input = form.elements[name];
    const problem = check(input.value);
    input.setAttribute("aria-invalid", String(problem !== null));
    byId(`${name}-error`).textContent = problem ? t(problem) : "";
    if (problem) firstWrong ??= input;
  }
  if (firstWrong) {
    // In the middle of the screen, clear of the bar at the bottom, with its message below it.
    firstWrong.focus({ preventScroll: true });
    firstWrong.scrollIntoView({ block: "center" });
    return null;
  }
  return {
    name: form.elements.name.value.trim(),
    email: form.elements.email.value.trim(),
    mobilePhone: form.elements.mobilePhone.value.replace(/[-\s]/g, ""),
  };
}

// ---- paying ----

payButton.addEventListener("click", pay);
form.addEventListener("submit", (event) => {
  event.preventDefault();
  pay();
});

async function pay() {
  if (busy || payButton.disabled) return; // a double click is one payment
  notice(payNotice, null);
  const buyer = readBuyer();
  if (!buyer) {
    notice(payNotice, t("needCheck"), "error");
    return;
  }
  setBusy(true);
  try {
    const { backendOrderId, orderName, totalAmount, taxFreeAmount } = await orderFor(buyer);
    // Every attempt has an id of its own at Toss, even for the same order: Toss never takes one twice.
    const orderId = freshOrderId();
    await hanbeon.saveAmount(orderId, totalAmount);
    store(sessionStorage, "shop.attempt", { backendOrderId, orderId, orderName });
    // The order's own id also travels in the address: a bank's app may come back in another browser, where
    // this tab's storage does not exist.
    const back = `backendOrderId=${backendOrderId}`;
    await payment.request({
      orderId,
      orderName,
      // A shop that sells tax-free goods tells Toss here, and hanbeon in its order, how much of it they are.
      ...(taxFreeAmount && { taxFreeAmount }),
      successUrl: `${location.origin}/success?${back}`,
      failUrl: `${location.origin}/fail?${back}`,
      customerName: buyer.name,
      customerEmail: buyer.email,
      customerMobilePhone: buyer.mobilePhone,
    });
    // Toss is leaving this page now; the button stays closed until the buyer comes back to it.
  } catch (error) {
    setBusy(false);
    explain(error);
  }
}

/** The order at hanbeon for this cart and this buyer. It is made once: whoever closes the payment window and
 *  presses the button again pays the same order. */
async function orderFor(customer) {
  const items = Object.entries(cart).map(([id, quantity]) => ({ id, quantity }));
  const request = JSON.stringify({ items, customer });
  if (order?.request === request) return order.answer;
  let response;
  try {
    response = await fetch("/shop/orders", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: request,
    });
  } catch (cause) {
    throw new NoAnswer("no answer", { cause });
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer);
  // Our server's prices are the truth. If they moved while this page was open, the buyer has to see it first.
  if (answer.totalAmount !== total()) throw new Refused(409, { code: "PRICE_CHANGED", message: t("priceChanged") });
  order = { request, answer };
  return answer;
}

function explain(error) {
  if (error.code === "USER_CANCEL" || error.code === "PAY_PROCESS_CANCELED") {
    notice(payNotice, t("payCancelled"), "info");
  } else if (error instanceof NoAnswer) {
    notice(payNotice, t("noAnswer"), "error");
  } else {
    // Toss's and hanbeon's messages are written for buyers ("필수 약관에 동의해주세요.").
    notice(payNotice, error.message || t("unknownError"), "error");
  }
}

function setBusy(now) {
  busy = now;
  drawPayButton();
}

// The back button may bring this page back as it was left, with the button closed and an order that may
// have been paid since.
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  order = null;
  setBusy(false);
});
