// Bank accounts: the one that an order is paid into, and the one that its money goes back to.
import { byId, element, lang, t } from "./shop.js";

/** Toss's codes of the banks that most people have. */
const BANKS = [
  ["88", "신한은행", "Shinhan"],
  ["06", "국민은행", "Kookmin"],
  ["20", "우리은행", "Woori"],
  ["81", "하나은행", "Hana"],
  ["11", "농협은행", "Nonghyup"],
  ["03", "기업은행", "IBK"],
  ["90", "카카오뱅크", "Kakao Bank"],
  ["92", "토스뱅크", "Toss Bank"],
  ["89", "케이뱅크", "K Bank"],
  ["45", "새마을금고", "Saemaul"],
  ["71", "우체국", "Korea Post"],
  ["23", "SC제일은행", "SC"],
];

/** In the words of Toss, in either language. */
export const isVirtualAccount = (method) => method === "가상계좌" || method === "VIRTUAL_ACCOUNT";

/** Shows where to pay in, or takes it away. */
export function drawAccount(account) {
  for (const row of document.querySelectorAll(".account-row")) row.hidden = !account;
  byId("account-copy").hidden = !account;
  if (!account) return;
  const { bankName, bankCode, accountNumber, customerName, dueDate } = account;
  byId("account-number").replaceChildren(
    element("strong", { className: "account-digits" }, t("accountLine", { bank: bankName ?? bankCode, number: accountNumber })),
    ...(customerName ? [element("span", { className: "quiet" }, t("accountHolder", { name: customerName }))] : []),
  );
  byId("account-due").textContent = dueDate ? t("accountDue", { time: koreanTime(dueDate) }) : "–";
  byId("account-copy").onclick = async ({ target }) => {
    try {
      await navigator.clipboard.writeText(accountNumber);
      target.textContent = t("accountCopied");
    } catch {
      // No clipboard here: the number is on the screen.
      target.hidden = true;
    }
  };
}

/** A deadline in Korea, whatever the buyer's clock: 11월 30일 (월) 오후 11:59. */
function koreanTime(instant) {
  const look = { month: "long", day: "numeric", weekday: "short", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(lang === "en" ? "en-GB" : "ko-KR", { ...look, timeZone: "Asia/Seoul" }).format(
    new Date(instant),
  );
}

/** Draws the fields of the account that money goes back to into `fieldset`. `read()` resolves to the account in Toss's
 *  words, or puts the buyer where something is missing and says null. */
export function refundAccountFields(fieldset, sayProblem) {
  const bank = element("select", { id: "refund-bank" });
  bank.append(...BANKS.map(([code, korean, english]) => element("option", { value: code }, lang === "en" ? english : korean)));
  const look = { autocomplete: "off", "aria-describedby": "cancel-error" };
  const number = element("input", { id: "refund-number", inputMode: "numeric", maxLength: 24, ...look });
  const holder = element("input", { id: "refund-holder", maxLength: 60, ...look });
  const field = (input, key) =>
    element("div", { className: "field" }, element("label", { htmlFor: input.id }, t(key)), input);
  fieldset.replaceChildren(
    element("legend", {}, t("refundAccount")),
    field(bank, "refundBank"),
    field(number, "refundNumber"),
    field(holder, "refundHolder"),
  );
  for (const input of [number, holder]) {
    input.addEventListener("input", () => {
      input.removeAttribute("aria-invalid");
      sayProblem("");
    });
  }
  const wrong = (input, key) => {
    input.setAttribute("aria-invalid", "true");
    sayProblem(t(key));
    input.focus();
    return null;
  };
  return {
    read() {
      const digits = number.value.replace(/[-\s]/g, "");
      if (!/^\d{7,20}$/.test(digits)) return wrong(number, "badRefundNumber");
      if (holder.value.trim() === "") return wrong(holder, "badRefundHolder");
      return { bank: bank.value, accountNumber: digits, holderName: holder.value.trim() };
    },
  };
}
