// The buyer's own orders, as this browser remembers them, and a look-up by order number.
import { byId, element, myOrders, orderNumber, preparePage, readConfig, statusWords, t, won } from "./shop.js";
import { hanbeonAt } from "./hanbeon.js";

preparePage();
drawOrders();

byId("lookup").addEventListener("submit", (event) => {
  event.preventDefault();
  const input = byId("lookup-number");
  const number = orderNumber(input.value);
  input.setAttribute("aria-invalid", String(!number));
  byId("lookup-error").textContent = number ? "" : t("badOrderNumber");
  if (number) location.assign(`/orders/${number}`);
  else input.focus();
});

async function drawOrders() {
  const orders = myOrders();
  byId("no-orders").hidden = orders.length > 0;
  const rows = orders.map((order) => ({ order, row: orderRow(order) }));
  byId("my-orders").replaceChildren(...rows.map(({ row }) => row));
  if (orders.length === 0) return;
  const hanbeon = hanbeonAt((await readConfig()).storefrontPrefix);
  // At most twenty short reads, one after the other: a list is not worth a burst.
  for (const { order, row } of rows) {
    const chip = row.querySelector(".chip");
    try {
      const { tossPaymentStatus, totalAmount } = await hanbeon.readOrder(order.backendOrderId);
      chip.dataset.status = tossPaymentStatus ?? "NONE";
      chip.textContent = statusWords(tossPaymentStatus);
      row.querySelector(".order-amount").textContent = won(totalAmount);
    } catch {
      chip.textContent = t("statusUnreadable");
    }
  }
}

function orderRow({ backendOrderId, orderName }) {
  return element(
    "li",
    {},
    element(
      "a",
      { className: "order-row", href: `/orders/${backendOrderId}`, "data-order-id": backendOrderId },
      element("span", { className: "order-title" }, orderName ?? t("orderUnnamed")),
      element("span", { className: "order-amount" }, ""),
      element("span", { className: "quiet mono" }, backendOrderId),
      element("span", { className: "chip" }, t("statusLoading")),
    ),
  );
}
