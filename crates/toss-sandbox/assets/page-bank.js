// The pages of a bank transfer and of a virtual account.

import { el } from "./common.js";
import { BANKS } from "./lists.js";
import {
  bankField,
  cashReceipt,
  cashReceiptWish,
  checkCashReceipt,
  missing,
  note,
  prepareCashReceipt,
  textField,
} from "./parts.js";

/** How long a virtual account can be paid when the merchant says nothing, in hours. */
const USUAL_HOURS = 168;

const HOUR_MS = 3600000;

export const transferPage = {
  prepare: (ctx) => ({ bank: BANKS[0].code, ...prepareCashReceipt(ctx, ctx.request.cashReceipt) }),
  draw: (ctx) => [bankField(ctx, "bank", "transferBank", "bank"), note(ctx.t("transferNote")), ...cashReceipt(ctx)],
  check: checkCashReceipt,
  wish: (ctx) => ({
    method: "TRANSFER",
    transfer: { bank: ctx.form.bank, cashReceipt: cashReceiptWish(ctx) },
  }),
};

export const virtualAccountPage = {
  prepare: (ctx) => ({
    bank: BANKS[0].code,
    depositor: ctx.payment.customerName || "김토스",
    ...prepareCashReceipt(ctx, ctx.request.cashReceipt),
  }),

  draw: (ctx) => [
    bankField(ctx, "bank", "depositBank", "bank", (bank) => bank.deposit),
    textField(ctx, "depositor", ctx.t("depositor"), "depositor", { maxLength: 100 }),
    ...cashReceipt(ctx),
    el("dl", { className: "facts due" }, el("dt", {}, ctx.t("due")), el("dd", { data: { testid: "due" } }, due(ctx))),
    note(ctx.t("depositNote")),
  ],

  check: (ctx) => missing(ctx, ctx.form.depositor !== "", "depositor", "badDepositor") || checkCashReceipt(ctx),

  wish(ctx) {
    const { bank, depositor } = ctx.form;
    const virtualAccount = { bank, customerName: depositor, cashReceipt: cashReceiptWish(ctx) };
    const { refundReceiveAccount } = ctx.request;
    if (refundReceiveAccount) virtualAccount.refundReceiveAccount = refundReceiveAccount;
    return { method: "VIRTUAL_ACCOUNT", virtualAccount };
  },
};

/** The last minute, in Korea: the merchant's own date as it stands, or so many hours from the sandbox's now. */
function due(ctx) {
  const { dueDate, validHours } = ctx.request;
  const hours = validHours ?? USUAL_HOURS;
  const at = dueDate ? new Date(`${dueDate}+09:00`) : new Date(Date.parse(ctx.payment.now) + hours * HOUR_MS);
  const look = { dateStyle: "medium", timeStyle: "short", timeZone: "Asia/Seoul" };
  return new Intl.DateTimeFormat(ctx.lang === "ko" ? "ko-KR" : "en-GB", look).format(at);
}
