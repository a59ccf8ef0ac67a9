// The pages of a mobile phone's bill, of a gift certificate and of a wallet from outside of Korea.

import { el } from "./common.js";
import { CARRIERS, METHODS, PROVIDERS } from "./lists.js";
import { chips, isDigits, missing, note, select, sum, swatch, textField } from "./parts.js";

/** The code of every test (Toss test mode). */
const TEST_CODE = "000000";

export const phonePage = {
  prepare: ({ request }) => ({
    carrier: carriers(request)[0].code,
    phone: request.customerMobilePhone || "01012345678",
    phoneCode: "",
  }),

  draw: (ctx) => [
    chips(ctx, "carrier", ctx.t("carrier"), carriers(ctx.request), ctx.form.carrier, (code) => ctx.change({ carrier: code })),
    textField(ctx, "phone", ctx.t("phoneNumber"), "phone", { inputMode: "tel", maxLength: 20 }),
    codeField(ctx, "phoneCode"),
  ],

  check: (ctx) =>
    missing(ctx, isDigits(ctx.form.phone, 8, 15), "phone", "badPhone") || checkCode(ctx, "phoneCode"),

  wish: ({ form }) => ({
    method: "MOBILE_PHONE",
    mobilePhone: { carrier: form.carrier, number: form.phone.replaceAll("-", "") },
  }),
};

function carriers(request) {
  const some = CARRIERS.filter((one) => request.mobileCarriers?.includes(one.code));
  return some.length > 0 ? some : CARRIERS;
}

/** The code that a phone would receive. */
export function codeField(ctx, key) {
  const look = { inputMode: "numeric", maxLength: 6, placeholder: TEST_CODE, hint: ctx.t("codeHint") };
  return textField(ctx, "code", ctx.t("code"), key, look);
}

export function checkCode(ctx, key) {
  return missing(ctx, ctx.form[key] === TEST_CODE, "code", "badCode");
}

export const giftPage = {
  prepare: () => ({ gift: "test-buyer" }),
  draw(ctx) {
    const method = ctx.name(METHODS[ctx.method]);
    return [textField(ctx, "gift-id", ctx.t("giftId", { name: method }), "gift", { maxLength: 50 })];
  },
  check: (ctx) => missing(ctx, ctx.form.gift !== "", "gift-id", "badGift"),
  wish: ({ form, method }) => ({ method, giftCertificate: { id: form.gift } }),
};

const COUNTRIES = [
  { code: "US", ko: "미국", en: "United States" },
  { code: "JP", ko: "일본", en: "Japan" },
  { code: "CN", ko: "중국", en: "China" },
  { code: "HK", ko: "홍콩", en: "Hong Kong" },
  { code: "TW", ko: "대만", en: "Taiwan" },
  { code: "SG", ko: "싱가포르", en: "Singapore" },
  { code: "PH", ko: "필리핀", en: "Philippines" },
  { code: "TH", ko: "태국", en: "Thailand" },
  { code: "MY", ko: "말레이시아", en: "Malaysia" },
  { code: "ID", ko: "인도네시아", en: "Indonesia" },
  { code: "GB", ko: "영국", en: "United Kingdom" },
];

export const foreignPage = {
  prepare({ request, payment }) {
    const asked = [request.provider, payment.easyPayProvider].find((code) => PROVIDERS[code]);
    const provider = asked ?? "PAYPAL";
    return {
      fixedProvider: asked !== undefined,
      provider,
      country: request.country || PROVIDERS[provider].country,
      email: "buyer@example.com",
      password: "test-buyer",
    };
  },

  draw(ctx) {
    const { fixedProvider, provider } = ctx.form;
    const items = Object.entries(PROVIDERS).map(([code, words]) => ({ code, ...words }));
    const pick = (code) => ctx.change({ provider: code });
    const list = fixedProvider ? [] : [chips(ctx, "provider", ctx.t("provider"), items, provider, pick, swatch)];
    return [...list, login(ctx)];
  },

  check: (ctx) => missing(ctx, ctx.form.email !== "", "email", "badEmail"),

  wish: ({ form }) => ({
    method: "FOREIGN_EASY_PAY",
    foreignEasyPay: { provider: form.provider, country: form.country },
  }),
};

/** The provider's own login page. */
function login(ctx) {
  const brand = PROVIDERS[ctx.form.provider];
  const band = el("div", { className: "band" }, el("strong", {}, ctx.name(brand)), el("span", {}, sum(ctx, ctx.payment.amount)));
  band.style.background = brand.tint;
  const asked = COUNTRIES.some((one) => one.code === ctx.form.country);
  const countries = asked ? COUNTRIES : [{ code: ctx.form.country, ko: ctx.form.country, en: ctx.form.country }, ...COUNTRIES];
  const inside = el(
    "div",
    { className: "inside" },
    textField(ctx, "email", ctx.t("email"), "email", { type: "email", maxLength: 100 }),
    textField(ctx, "password", ctx.t("password"), "password", { type: "password", maxLength: 100 }),
    select(ctx, "country", ctx.t("country"), countries, ctx.form.country, (code) => ctx.set({ country: code })),
    note(ctx.t("foreignNote")),
  );
  return el("section", { className: "app", aria: { label: ctx.name(brand) } }, band, inside);
}
