// Two packages for Node that others wrote, against the sandbox: a client, and Toss's own list of the words that requests may
// use. Nothing but the address is ours.
//
// usage: node drive.mjs http://127.0.0.1:8081
import words from "@tosspayments/sdk-constants";
import toss from "toss-payments-server-api";

const host = process.argv[2];
const secretKey = "test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R";
const authorization = `Basic ${Buffer.from(`${secretKey}:`).toString("base64")}`;
const connection = { host, headers: { Authorization: authorization } };
const run = Date.now().toString(36) + process.pid.toString(36);
const { payments, billing, virtual_accounts: accounts, cash_receipts: receipts } = toss.functional.v1;
let passed = 0;

function check(what, actual, expected) {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what}: ${is}, not ${should}`);
  passed += 1;
}

async function refused(what, call, status, code) {
  try {
    await call();
  } catch (error) {
    return check(what, [error.status, JSON.parse(error.message).code], [status, code]);
  }
  throw new Error(`${what}: it was not refused`);
}

const order = (number) => `node-${run}-${number}`;

async function post(path, body) {
  const headers = { Authorization: authorization, "Content-Type": "application/json" };
  const answer = await fetch(host + path, { method: "POST", headers, body: JSON.stringify(body) });
  return { httpStatus: answer.status, ...(await answer.json()) };
}

/** The buyer has been through the payment window. */
async function authenticated(orderId, amount, wish = {}) {
  return (await post("/sandbox/payments", { orderId, orderName: "머그컵", amount, ...wish })).paymentKey;
}

async function cards() {
  const paymentKey = await authenticated(order(1), 25_000);
  check("before the confirm", (await payments.at(connection, paymentKey)).status, "IN_PROGRESS");
  // The form of the confirm that was in use before 2021: the payment is in the address.
  const paid = await payments.approve(connection, paymentKey, { orderId: order(1), amount: 25_000 });
  check("confirmed", [paid.status, paid.method, paid.totalAmount], ["DONE", "카드", 25_000]);
  await refused(
    "confirmed once",
    () => payments.approve(connection, paymentKey, { orderId: order(1), amount: 25_000 }),
    400,
    "ALREADY_PROCESSED_PAYMENT",
  );
  const part = await payments.cancel(connection, paymentKey, { paymentKey, cancelReason: "변심", cancelAmount: 5_000 });
  check("a part is back", [part.status, part.balanceAmount], ["PARTIAL_CANCELED", 20_000]);
  const other = await authenticated(order(2), 25_000);
  await refused(
    "another amount",
    () => payments.approve(connection, other, { orderId: order(2), amount: 1_000 }),
    400,
    "INVALID_REQUEST",
  );
}

// Of before version 1.4, it calls the buyer's number `customerBirthday`; today's Toss wants it by its new name.
const card = {
  cardNumber: "9410001234567890",
  cardExpirationYear: "30",
  cardExpirationMonth: "12",
  cardPassword: "12",
  customerBirthday: "900101",
  customerIdentityNumber: "900101",
};

async function typedIn() {
  const input = { method: "card", ...card, orderId: order(3), orderName: "엽서", amount: 12_000 };
  const typed = await payments.key_in(connection, input);
  check("typed in", [typed.status, typed.card.number.slice(0, 6)], ["DONE", "941000"]);
}

async function subscriptions() {
  const customerKey = `customer-${run}`;
  const key = await billing.authorizations.card.create(connection, { ...card, customerKey });
  check("a billing key", [key.customerKey, key.method], [customerKey, "카드"]);
  const charge = { method: "billing", billingKey: key.billingKey, customerKey, orderName: "구독", amount: 4_900 };
  const charged = await billing.pay(connection, key.billingKey, { ...charge, orderId: order(4) });
  check("charged", [charged.type, charged.status], ["BILLING", "DONE"]);
  await refused(
    "an order is paid once",
    () => billing.pay(connection, key.billingKey, { ...charge, orderId: order(4) }),
    400,
    "DUPLICATED_ORDER_ID",
  );
}

async function virtualAccounts() {
  const input = { method: "virtual-account", orderId: order(5), orderName: "머그컵", amount: 30_000 };
  const account = await accounts.create(connection, { ...input, bank: "신한", customerName: "홍길동" });
  check("waits", [account.status, account.virtualAccount.bankCode], ["WAITING_FOR_DEPOSIT", "88"]);
  await fetch(`${host}/sandbox/payments/${account.paymentKey}/deposit`, { method: "POST" });
  const paid = await payments.at(connection, account.paymentKey);
  check("deposited", [paid.status, paid.secret === null || paid.secret === account.secret], ["DONE", true]);
  // Of before 2022-07-27, it calls the number on a receipt `registrationNumber`.
  const receipt = await receipts.create(connection, {
    type: "소득공제",
    paymentKey: account.paymentKey,
    orderId: order(5),
    orderName: "머그컵",
    registrationNumber: "01012345678",
    customerIdentityNumber: "01012345678",
    amount: 30_000,
  });
  check("a receipt", [receipt.type, receipt.orderId], ["소득공제", order(5)]);
  const canceled = await receipts.cancel(connection, receipt.receiptKey, { amount: 30_000 });
  check("and none", canceled.transactionType, "CANCEL");
}

/** Every name in Toss's own package, Korean and English, is one that a request may use. */
async function everyName() {
  let number = 100;
  const taken = async (what, wish) => {
    const opened = await post("/sandbox/payments", { orderId: order((number += 1)), amount: 50_000, ...wish });
    check(what, [opened.httpStatus, opened.code], [200, undefined]);
  };
  for (const name of Object.entries(words.CardCompany).flat()) await taken(name, { method: "CARD", cardCompany: name });
  for (const carrier of Object.values(words.MobileCarrier)) {
    await taken(carrier, { method: "MOBILE_PHONE", mobilePhone: { carrier } });
  }
  for (const wallet of Object.entries(words.EasyPayProvider).flat()) {
    // At Toss these two have no test mode either.
    const live = ["카카오페이", "KAKAOPAY", "페이코", "PAYCO"].includes(wallet);
    if (!live) await taken(wallet, { method: "간편결제", easyPay: wallet });
  }
  for (const bank of Object.entries(words.Bank).flat()) {
    const orderId = order((number += 1));
    const paymentKey = await authenticated(orderId, 10_000, { method: "VIRTUAL_ACCOUNT" });
    await post("/v1/payments/confirm", { paymentKey, orderId, amount: 10_000 });
    await post(`/sandbox/payments/${paymentKey}/deposit`, {});
    const refundReceiveAccount = { bank, accountNumber: "110123456789", holderName: "홍길동" };
    const back = await post(`/v1/payments/${paymentKey}/cancel`, { cancelReason: "변심", refundReceiveAccount });
    check(bank, [back.httpStatus, back.status], [200, "CANCELED"]);
  }
}

await cards();
await typedIn();
await subscriptions();
await virtualAccounts();
await everyName();
console.log(JSON.stringify({ node: passed }));
