// Every refusal of the SDK that a page can bring about by itself: [expected code, what was done]. Ends with the
// rows that came out otherwise.
const [clientKey, widgetKey, done] = arguments;
const me = { customerKey: "member-1" };
const guest = { customerKey: TossPayments.ANONYMOUS };
const toss = () => TossPayments(clientKey);
const payment = () => toss().payment(me);
const widgets = (key = widgetKey) => TossPayments(key).widgets(me);
const won = (value, currency = "KRW") => ({ currency, value });
const card = (more = {}) => order({ method: "CARD", amount: won(50000), ...more });
const ask = (more) => payment().requestPayment(card(more));
const paypal = (more = {}) => order({ method: "FOREIGN_EASY_PAY", amount: won(12.5, "USD"), foreignEasyPay: { provider: "PAYPAL", country: "US" }, ...more });
const priced = async (value = 50000) => {
  const shop = widgets();
  await shop.setAmount(won(value));
  return shop;
};
const rendered = async (act) => {
  const shop = await priced();
  const methods = await shop.renderPaymentMethods({ selector: "#methods" });
  const agreement = await shop.renderAgreement({ selector: "#agreement" });
  try {
    return await act(shop, methods, agreement);
  } finally {
    await methods.destroy();
    await agreement.destroy();
  }
};
const bill = (more) => payment().requestBillingAuth({ method: "CARD", ...ways(), ...more });
const far = "2099-01-01T00:00:00";

const rows = [
  ["INVALID_CLIENT_KEY", () => TossPayments("nonsense").payment(me)],
  ["INVALID_CLIENT_KEY", () => TossPayments("live_ck_abcdef").payment(me)],
  ["INVALID_CLIENT_KEY", () => TossPayments("test_ck_unknown").payment(me).requestPayment(card())],
  ["NOT_SUPPORTED_API_INDIVIDUAL_KEY", () => toss().widgets(me)],
  ["NOT_SUPPORTED_WIDGET_KEY", () => TossPayments(widgetKey).payment(me)],
  ["NOT_SUPPORTED_WIDGET_KEY", () => TossPayments(widgetKey).brandpay(me)],
  ["V1_METHOD_NOT_SUPPORTED", () => toss().requestPayment("카드", { amount: 50000 })],
  ["V1_METHOD_NOT_SUPPORTED", () => toss().requestBillingAuth("카드", me)],
  ["INVALID_CUSTOMER_KEY", () => toss().payment({ customerKey: "a" })],
  ["INVALID_CUSTOMER_KEY", () => toss().payment({ customerKey: "회원-1" })],
  ["INVALID_CUSTOMER_KEY", () => toss().payment({ customerKey: "a".repeat(51) })],
  ["INSECURE_KEY_USAGE", () => TossPayments(widgetKey).widgets({ customerKey: "test_gsk_abc" })],

  ["INVALID_PARAMETERS", () => widgets().setAmount(50000)],
  ["INVALID_PARAMETERS", () => widgets().setAmount({ ...won(1), unit: "won" })],
  ["INVALID_AMOUNT_CURRENCY", () => widgets().setAmount(won(1, "EUR"))],
  ["INVALID_AMOUNT_VALUE", () => widgets().setAmount(won("50000"))],
  ["INVALID_AMOUNT_VALUE", () => widgets().setAmount(won(10.5))],
  ["INVALID_AMOUNT_VALUE", () => widgets().setAmount(won(1.005, "USD"))],
  ["NOT_SETUP_AMOUNT", () => widgets().renderPaymentMethods({ selector: "#methods" })],
  ["NOT_SETUP_AMOUNT", () => widgets().requestPayment(order())],
  ["NOT_SETUP_AMOUNT", () => widgets().renderPaymentWindow()],
  ["INVALID_SELECTOR", async () => (await priced()).renderPaymentMethods({ selector: "#nowhere" })],
  ["INVALID_SELECTOR", async () => (await priced()).renderAgreement({ selector: ":::" })],
  ["INVALID_VARIANT_KEY", async () => (await priced()).renderPaymentMethods({ selector: "#methods", variantKey: "a b" })],
  ["INVALID_CLIENT_KEY", async () => {
    const shop = widgets("test_gck_unknown");
    await shop.setAmount(won(1));
    await shop.renderPaymentMethods({ selector: "#methods" });
  }],
  ["PAYMENT_METHODS_WIDGET_ALREADY_RENDERED", () => rendered((shop) => shop.renderPaymentMethods({ selector: "#methods" }))],
  ["AGREEMENT_WIDGET_ALREADY_RENDERED", () => rendered((shop) => shop.renderAgreement({ selector: "#agreement" }))],
  ["INVALID_PARAMETER", () => rendered((shop, methods) => methods.on("paymentSelect", () => {}))],
  ["INVALID_PARAMETER", () => rendered((shop, methods, agreement) => agreement.on("agreementStatusChange", "log"))],
  ["NOT_SELECTED_PAYMENT_METHOD", async () => (await priced()).requestPayment(order())],
  ["NEED_CARD_PAYMENT_DETAIL", () => rendered((shop) => shop.requestPayment(order()))],
  ["PAYMENT_WINDOW_ALREADY_RENDERED", async () => {
    const shop = await priced();
    const form = await shop.renderPaymentWindow();
    try {
      await shop.renderPaymentWindow();
    } finally {
      await form.destroy();
    }
  }],
  ["USER_CANCEL", async () => {
    const shop = await priced();
    const form = shop.renderPaymentWindow();
    document.getElementById("toss-sandbox-form-close").click();
    await form;
  }],
  // A widget of the page's own is none of a refused order form's.
  ["PAYMENT_METHODS_WIDGET_ALREADY_RENDERED", () => rendered(async (shop, methods) => {
    const refused = await shop.renderPaymentWindow().catch((error) => error);
    if (!(await methods.getSelectedPaymentMethod())) throw new Error("the page's widget is gone");
    throw refused;
  })],

  ["INVALID_PARAMETERS", () => payment().requestPayment(order({ amount: won(50000) }))],
  ["INVALID_PARAMETERS", () => ask({ orderId: "short" })],
  ["INVALID_PARAMETERS", () => ask({ orderName: "" })],
  ["INVALID_PARAMETERS", () => ask({ customerEmail: undefined })],
  ["INVALID_PARAMETERS", () => ask({ totalPrice: 1 })],
  ["INVALID_PARAMETERS", () => ask({ customerMobilePhone: "010-1234-5678" })],
  ["INVALID_PARAMETERS", () => ask({ card: { cardInstallmentPlan: 3, maxCardInstallmentPlan: 6 } })],
  ["INVALID_PARAMETERS", () => ask({ card: { flowMode: "DIRECT" } })],
  ["INVALID_PARAMETERS", () => ask({ card: { easyPay: "TOSSPAY" } })],
  ["INVALID_PARAMETERS", () => ask({ transfer: {} })],
  ["INVALID_METADATA", () => ask({ metadata: { "a[0]": "x" } })],
  ["INVALID_METADATA", () => ask({ metadata: { a: "1", b: "2", c: "3", d: "4", e: "5", f: "6" } })],
  ["NOT_SUPPORTED_METHOD", () => ask({ method: "CHEQUE" })],
  ["BELOW_ZERO_AMOUNT", () => ask({ amount: won(0) })],
  ["INVALID_AMOUNT_CURRENCY", () => ask({ amount: won(5, "USD") })],
  ["INCORRECT_SUCCESS_URL_FORMAT", () => ask({ successUrl: "/ok", failUrl: here("/no") })],
  ["INCORRECT_FAIL_URL_FORMAT", () => ask({ successUrl: here("/ok") })],
  ["NOT_SUPPORTED_PROMISE", () => ask({ windowTarget: "self" })],
  ["UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD", () => ask({ card: { flowMode: "DIRECT", easyPay: "PAYCO" } })],
  ["EXCEED_MAX_DUE_DATE", () => payment().requestPayment(order({ method: "VIRTUAL_ACCOUNT", amount: won(50000), virtualAccount: { dueDate: far } }))],
  ["NOT_SUPPORTED_PROMISE", () => payment().requestPayment(paypal())],
  ["INVALID_AMOUNT_CURRENCY", () => payment().requestPayment(paypal({ ...ways(), amount: won(50000) }))],
  ["INVALID_PARAMETERS", () => payment().requestPayment(paypal({ ...ways(), foreignEasyPay: { country: "US" } }))],
  ["NO_ACTIVE_PAYMENT_REQUEST", () => payment().destroy()],
  ["INVALID_METHOD_TRANSACTION", async () => {
    const shop = payment();
    const first = shop.requestPayment(card()).catch((error) => error.code);
    try {
      await shop.requestPayment(card());
    } finally {
      await shop.destroy();
      if ((await first) !== "PAYMENT_REQUEST_ABORTED") throw new Error("the first request went on");
    }
  }],
  ["PAY_PROCESS_ABORTED", () => ask({ sandbox: { paymentResult: "FAIL" } })],

  ["NOT_SUPPORTED_PROMISE", () => payment().requestBillingAuth({ method: "CARD" })],
  ["NOT_SUPPORTED_METHOD", () => bill({ method: "MOBILE_PHONE" })],
  ["INVALID_PARAMETERS", () => bill({ easyPay: "TOSSPAY" })],
  ["INVALID_PARAMETERS", () => bill({ amount: won(1) })],
  ["INCORRECT_FAIL_URL_FORMAT", () => bill({ failUrl: "no" })],
  ["INVALID_CUSTOMER_KEY", () => toss().payment(guest).requestBillingAuth({ method: "CARD", ...ways() })],

  ["NOT_SUPPORTED_METHOD", () => toss().brandpay(me).requestPayment({})],
  ["V1_METHOD_NOT_SUPPORTED", () => toss().requestPayment("카드", {})],
];

(async () => {
  const wrong = [];
  for (const [expected, act] of rows) {
    let code = "nothing";
    let message = "";
    try {
      await act();
    } catch (error) {
      ({ code, message } = error);
    }
    if (code !== expected || !/[가-힣]/.test(message)) wrong.push(`${act}: ${code} ${message}, not ${expected}`);
  }
  const fine = await ask({ sandbox: { paymentResult: "SUCCESS" } });
  done({ rows: rows.length, wrong, fine: Object.keys(fine).sort().join() });
})();
