// Parts that the pages of the payment window are made of: choices, fields, a cash receipt, an account.
//
// `ctx` is what a page may know and do: `t` and `name` for words, `form` for what was entered, `set` to keep a
// value, `change` to keep it and draw again, `problem` for what is missing, `payment` and `request` for what the
// merchant asked.

import { el, icon, money } from "./common.js";
import { BANKS, CASH_RECEIPTS } from "./lists.js";

/** One group of radio buttons as chips; `look` draws what stands before the name. */
export function chips(ctx, group, legend, items, chosen, pick, look = () => null) {
  const chip = (item) => {
    const input = el("input", {
      type: "radio",
      name: group,
      id: `${group}-${item.code}`,
      value: item.code,
      checked: item.code === chosen,
      on: { change: () => pick(item.code) },
    });
    return el("label", { className: "chip", data: { [group]: item.code } }, input, look(item), ctx.name(item));
  };
  const row = el("div", { className: `chips ${items.length < 4 ? "few" : ""}` }, ...items.map(chip));
  return el("fieldset", { className: "group" }, el("legend", {}, legend), row);
}

/** The little coloured card before an issuer's name. */
export function swatch(item) {
  const node = el("span", { className: "swatch", aria: { hidden: "true" } });
  node.style.background = item.tint;
  return node;
}

/** A list to choose one of. */
export function select(ctx, id, label, items, chosen, pick, more = {}) {
  const option = (item) => el("option", { value: item.code, selected: item.code === chosen }, ctx.name(item));
  const box = el("select", { id, ...more, on: { change: () => pick(box.value) } }, ...items.map(option));
  return el("label", { className: "field" }, el("span", {}, label), box);
}

/** A line of text that is kept in `ctx.form[key]`; `hint` stands below it, or what is wrong with it. */
export function textField(ctx, id, label, key, { hint = "", ...look } = {}) {
  const wrong = ctx.problem?.field === id ? ctx.problem.text : "";
  const below = wrong || hint;
  const aria = { ...(wrong && { invalid: "true" }), ...(below && { describedby: `${id}-below` }) };
  const input = el("input", {
    id,
    type: "text",
    autocomplete: "off",
    ...look,
    value: ctx.form[key] ?? "",
    aria,
    on: { input: () => ctx.set({ [key]: input.value.trim() }) },
  });
  const field = el("div", { className: "field" }, el("label", { htmlFor: id }, label), input);
  if (below) field.append(el("p", { id: `${id}-below`, className: wrong ? "wrong" : "hint" }, below));
  return field;
}

/** A tick that is kept in `ctx.form[key]`. */
export function tick(ctx, id, label, key) {
  const input = el("input", {
    type: "checkbox",
    id,
    checked: ctx.form[key] === true,
    on: { change: () => ctx.change({ [key]: input.checked }) },
  });
  return el("label", { className: "tick" }, input, el("span", {}, label));
}

export function note(text) {
  return el("p", { className: "note" }, text);
}

/** A sum as the buyer's language writes it. */
export function sum(ctx, amount) {
  return money(amount, ctx.payment.currency, ctx.lang);
}

/** Something is missing, if `ok` is false: where, and in which words. */
export function missing(ctx, ok, field, text) {
  return ok ? null : { field, text: ctx.t(text) };
}

export const isDigits = (text, from, to) => new RegExp(`^\\d{${from},${to}}$`).test((text ?? "").replaceAll("-", ""));

// ---- a bank ----

export function bankField(ctx, id, label, key, only = () => true) {
  return select(ctx, id, ctx.t(label), BANKS.filter(only), ctx.form[key], (code) => ctx.set({ [key]: code }));
}

// ---- a cash receipt ----

/** The merchant may have chosen the type; the number is the buyer's own. */
export function prepareCashReceipt(ctx, asked) {
  const receipt = asked?.type || "소득공제";
  return { receipt, receiptNumber: receiptNumber(ctx, receipt), fixedReceipt: asked?.type !== undefined };
}

/** What a test buyer would enter: a business's number, or their own. */
function receiptNumber(ctx, receipt) {
  return receipt === "지출증빙" ? "1234567890" : ctx.request.customerMobilePhone || "01012345678";
}

export function cashReceipt(ctx) {
  const { receipt, fixedReceipt } = ctx.form;
  const items = fixedReceipt ? CASH_RECEIPTS.filter((one) => one.code === receipt) : CASH_RECEIPTS;
  const pick = (code) => ctx.change({ receipt: code, receiptNumber: receiptNumber(ctx, code) });
  const nodes = [chips(ctx, "receipt", ctx.t("cashReceipt"), items, receipt, pick)];
  const label = { 소득공제: "receiptPhone", 지출증빙: "receiptBusiness" }[receipt];
  if (label) nodes.push(textField(ctx, "receipt-number", ctx.t(label), "receiptNumber", { inputMode: "numeric" }));
  return nodes;
}

export function checkCashReceipt(ctx) {
  const { receipt, receiptNumber } = ctx.form;
  if (receipt === "지출증빙") return missing(ctx, isDigits(receiptNumber, 10, 10), "receipt-number", "badBusiness");
  return missing(ctx, receipt === "미발행" || isDigits(receiptNumber, 8, 19), "receipt-number", "badReceipt");
}

export function cashReceiptWish(ctx) {
  const { receipt, receiptNumber } = ctx.form;
  if (receipt === "미발행") return { type: receipt };
  return { type: receipt, registrationNumber: receiptNumber.replaceAll("-", "") };
}

/** A heading of a page, with the method's icon. */
export function heading(code, text) {
  return el("h2", {}, icon(code, 22), text);
}
