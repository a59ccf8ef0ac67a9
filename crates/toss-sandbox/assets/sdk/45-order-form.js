// The order form of renderPaymentWindow.

/** An overlay with a place for each widget and the two buttons. */
function openOrderForm(amount) {
  const form = { callbacks: { paymentRequest: [], cancel: [] }, onCancel: () => {}, onPay: () => {} };
  form.overlay = openOverlay("주문서", () => form.onCancel());
  const box = (tag, style) => styled(document.createElement(tag), style);
  const panel = box("div", {
    width: "100%",
    maxWidth: "520px",
    maxHeight: "100%",
    overflow: "auto",
    background: "#fff",
    color: "#17212b",
    borderRadius: "20px",
    padding: "20px",
    boxSizing: "border-box",
    font: "16px/1.5 Pretendard, 'Apple SD Gothic Neo', 'Noto Sans KR', 'Noto Sans CJK KR', 'Malgun Gothic', system-ui, sans-serif",
  });
  panel.id = "toss-sandbox-order-form";
  const head = box("div", { display: "flex", justifyContent: "space-between", alignItems: "center" });
  const title = box("strong", { fontSize: "20px" });
  title.textContent = "주문서";
  const button = (id, text, style, act) => {
    const made = box("button", { font: "inherit", border: "0", borderRadius: "12px", cursor: "pointer", ...style });
    made.type = "button";
    made.id = id;
    made.textContent = text;
    made.addEventListener("click", act);
    return made;
  };
  const closeStyle = { background: "#eef1f4", color: "#17212b", padding: "8px 16px" };
  const payStyle = {
    width: "100%",
    padding: "15px",
    background: "#0b6b5c",
    color: "#fff",
    fontWeight: "700",
    marginTop: "8px",
  };
  head.append(title, button("toss-sandbox-form-close", "닫기", closeStyle, () => form.onCancel()));
  form.methodsBox = box("div", {});
  form.agreementBox = box("div", {});
  const sum = new Intl.NumberFormat("ko-KR").format(amount.value);
  const label = amount.currency === "KRW" ? `${sum}원 결제하기` : `${sum} ${amount.currency} 결제하기`;
  form.pay = button("toss-sandbox-form-pay", label, { ...payStyle, opacity: "0.5" }, () => form.onPay());
  form.pay.disabled = true;
  panel.append(head, form.methodsBox, form.agreementBox, form.pay);
  form.overlay.dialog.append(panel);
  return form;
}
