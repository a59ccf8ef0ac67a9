// The page that Toss sends the buyer to when the payment was not authenticated. Nothing was charged.
//
// Whoever wrote the address wrote `code` and `message`: they are shown as text and change nothing.
import { byId, preparePage, t } from "./shop.js";

const MAX_MESSAGE = 300;

preparePage();
const query = new URLSearchParams(location.search);
byId("fail-message").textContent = (query.get("message") || t("failFallback")).slice(0, MAX_MESSAGE);
byId("fail-code").textContent = (query.get("code") || "–").slice(0, 64);
byId("fail-order").textContent = (query.get("orderId") || "–").slice(0, 64);
