// The global that the official loader and script tags look for. It must exist when this script ends.

const BRANDPAY_METHODS = [
  "requestPayment",
  "requestBillingAuth",
  "changePassword",
  "addPaymentMethod",
  "openSettings",
  "changeOneTouchPay",
  "isOneTouchPayEnabled",
];

function createBrandpay() {
  const refuse = async () => {
    throw notInSandbox("brandpay");
  };
  return Object.fromEntries(BRANDPAY_METHODS.map((name) => [name, refuse]));
}

function TossPayments(clientKey) {
  const v1 = async () => {
    throw tossError("V1_METHOD_NOT_SUPPORTED");
  };
  return {
    widgets(params) {
      checkKeys(clientKey, params, "gck");
      return createWidgets(clientKey);
    },
    payment(params) {
      checkKeys(clientKey, params, "ck");
      return createPayment(clientKey, params.customerKey);
    },
    brandpay(params) {
      checkKeys(clientKey, params, "ck");
      return createBrandpay();
    },
    requestPayment: v1,
    requestBillingAuth: v1,
    cancelPayment: v1,
  };
}

TossPayments.ANONYMOUS = ANONYMOUS;
window.TossPayments = TossPayments;
