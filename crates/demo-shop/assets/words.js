// Every sentence that a script writes, Korean first. What a page says by itself is in its HTML, with the
// English beside it in `data-en`.
export const WORDS = {
  pay: ["{amount} 결제하기", "Pay {amount}"],
  paySelect: ["상품을 담아 주세요", "Choose something first"],
  payBusy: ["결제창을 여는 중…", "Opening the payment window…"],
  quantityOf: ["{name} 수량", "Quantity of {name}"],
  more: ["{name} 하나 더 담기", "One more {name}"],
  less: ["{name} 하나 빼기", "One {name} less"],
  times: ["{quantity}개", "× {quantity}"],
  cartEmpty: ["담은 상품이 없습니다.", "Your cart is empty."],
  goodsFailed: ["상품을 불러오지 못했습니다. 새로 고침해 주세요.", "The goods could not be loaded. Please reload."],
  sdkFailed: [
    "결제수단을 불러오지 못했습니다. 잠시 후 새로 고침해 주세요.",
    "The payment methods could not be loaded. Please reload in a moment.",
  ],
  payCancelled: [
    "결제창을 닫으셨어요. 결제는 이루어지지 않았고, 언제든 다시 결제할 수 있습니다.",
    "You closed the payment window. Nothing was charged; pay again whenever you like.",
  ],
  priceChanged: [
    "그 사이 상품 가격이 바뀌었습니다. 새로 고침한 뒤 다시 결제해 주세요.",
    "A price has changed in the meantime. Please reload and pay again.",
  ],
  noAnswer: [
    "서버와 연결이 끊겼습니다. 잠시 후 다시 시도해 주세요.",
    "The connection to the server was lost. Please try again in a moment.",
  ],
  unknownError: ["알 수 없는 오류가 발생했습니다.", "Something went wrong."],
  needName: ["이름을 입력해 주세요.", "Please enter a name."],
  needPhone: ["휴대폰 번호를 숫자로 입력해 주세요.", "Please enter a mobile number in digits."],
  needEmail: ["이메일 주소를 확인해 주세요.", "Please check the e-mail address."],
  needCheck: ["입력한 내용을 확인해 주세요.", "Please check what you have entered."],
  methodLegend: ["결제 방법", "Payment method"],
  methodCARD: ["카드 · 간편결제", "Card or wallet"],
  methodVIRTUAL_ACCOUNT: ["가상계좌", "Virtual account"],
  methodTRANSFER: ["계좌이체", "Bank transfer"],
  methodMOBILE_PHONE: ["휴대폰", "Mobile phone bill"],

  pendingTitle: ["결제 결과를 확인하고 있습니다", "Checking your payment"],
  pendingText: [
    "창을 닫지 말고 잠시만 기다려 주세요. 두 번 결제되는 일은 없습니다.",
    "Please keep this page open for a moment. You will never be charged twice.",
  ],
  pendingSlow: [
    "확인이 조금 길어지고 있습니다. 이 창을 닫아도 결제는 안전하며, 주문 내역에서 결과를 볼 수 있습니다.",
    "This is taking longer than usual. You may close this page safely; the result will be among your orders.",
  ],
  paidTitle: ["결제가 완료되었습니다", "Payment complete"],
  paidText: ["주문해 주셔서 고맙습니다. 정성껏 준비할게요.", "Thank you for your order. We will prepare it with care."],
  waitingTitle: ["입금을 기다리고 있습니다", "Waiting for your deposit"],
  waitingText: [
    "아래 계좌로 기한 안에 입금하시면 주문이 완료됩니다.",
    "Your order is complete as soon as you pay into the account below.",
  ],
  waitingNoAccount: [
    "입금하실 계좌와 기한은 휴대폰과 이메일로 보내 드린 안내에 있습니다. 입금하시면 주문이 완료됩니다.",
    "The account and the deadline are in the notice sent to your phone and e-mail. Your order is complete once you have paid in.",
  ],
  failedTitle: ["결제하지 못했습니다", "The payment did not go through"],
  failedText: ["결제가 이루어지지 않았습니다.", "Nothing was charged."],
  missingOrder: [
    "주문 정보를 찾을 수 없습니다. 결제창에서 돌아온 주소가 아닌 것 같습니다.",
    "There is no order in this address. Did you come back from the payment window?",
  ],
  accountLine: ["{bank} {number}", "{bank} {number}"],
  failFallback: ["결제가 완료되지 않았습니다.", "The payment was not completed."],

  statusNONE: ["결제 전", "Not paid"],
  statusREADY: ["결제 전", "Not paid"],
  statusIN_PROGRESS: ["결제 확인 중", "Checking payment"],
  statusWAITING_FOR_DEPOSIT: ["입금 대기", "Waiting for deposit"],
  statusDONE: ["결제 완료", "Paid"],
  statusCANCELED: ["취소 완료", "Cancelled"],
  statusPARTIAL_CANCELED: ["부분 취소", "Partly cancelled"],
  statusABORTED: ["결제 실패", "Failed"],
  statusEXPIRED: ["기한 만료", "Expired"],
  statusLoading: ["확인 중", "Loading"],
  statusUnreadable: ["조회할 수 없음", "Not available"],

  orderUnnamed: ["한번상점 주문", "Hanbeon Store order"],
  badOrderNumber: ["주문 번호는 32자리 영문과 숫자입니다.", "An order number has 32 letters and digits."],
  orderNotFound: ["주문을 찾을 수 없습니다.", "There is no such order."],
  cancelling: ["주문을 취소하는 중…", "Cancelling…"],
  cancelPending: [
    "취소 결과를 확인하고 있습니다. 두 번 환불되는 일은 없습니다.",
    "Checking the cancellation. It is never refunded twice.",
  ],
  cancelSlow: [
    "취소 결과가 아직 확인되지 않았습니다. 잠시 후 이 페이지를 새로 고침해 주세요.",
    "The cancellation is not settled yet. Please reload this page in a moment.",
  ],
  cancelDone: [
    "{amount}이 취소되었습니다. 환불은 결제수단에 따라 며칠이 걸릴 수 있습니다.",
    "{amount} has been cancelled. Depending on the method, the refund may take a few days.",
  ],
  cancelDoneNoAmount: ["주문이 취소되었습니다.", "The order has been cancelled."],
  cancelReasonNeeded: ["취소 사유를 입력해 주세요.", "Please enter a reason."],
};
