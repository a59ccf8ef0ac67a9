// widgets(): payment methods and agreement in frames, and the request that reads them.

/** Longest wait until a widget says that it is on the screen, in milliseconds. */
const RENDER_TIMEOUT_MS = 10000;

/** Longest wait for a widget to repeat its state; after it the last state that it reported counts. */
const STATE_TIMEOUT_MS = 1000;

/** Wallet codes of the widget: asked for as `EASY_PAY` with the code as provider. */
const WALLETS = ["TOSSPAY", "NAVERPAY", "SAMSUNGPAY", "APPLEPAY", "LPAY", "SSG", "PINPAY", "KAKAOPAY", "PAYCO", "KBPAY"];

/** Refusals after which the order form of requestPaymentWindow stays open for another try. */
const TRY_AGAIN = [
  "USER_CANCEL",
  "NEED_CARD_PAYMENT_DETAIL",
  "NEED_REFUND_ACCOUNT_DETAIL",
  "NEED_AGREEMENT_WITH_REQUIRED_TERMS",
];

/** The words in which the server is asked for a code of the widget. */
function methodOf(code) {
  if (WALLETS.includes(code)) return { method: "EASY_PAY", easyPay: code };
  if (FOREIGN_PROVIDERS.includes(code)) return { method: "FOREIGN_EASY_PAY" };
  return { method: code };
}

/** The code of what keeps this choice from being paid, if anything does. */
function lackOf(selected, amount) {
  if (ASKED.custom.includes(selected.code)) return "CUSTOM_PAYMENT_METHOD_UNABLE_TO_PAY";
  if (ASKED.unhealthy.includes(selected.code)) return "PROVIDER_STATUS_UNHEALTHY";
  if (selected.inTest === false) return "UNSUPPORTED_TEST_PHASE_PAYMENT_METHOD";
  if (selected.code === "CARD" && !selected.issuerCode) return "NEED_CARD_PAYMENT_DETAIL";
  if (selected.code !== "VIRTUAL_ACCOUNT") return null;
  if (amount.value > ASKED.depositLimit) return "EXCEED_DEPOSIT_AMOUNT_LIMIT";
  return selected.refundIncomplete ? "NEED_REFUND_ACCOUNT_DETAIL" : null;
}

/** Subscriptions to one event. A late subscriber hears the present state at once, as buttons rely on it. */
function eventSource(eventName, present) {
  const callbacks = [];
  let told = "";
  return {
    on(name, callback) {
      if (name !== eventName) throw tossError("INVALID_PARAMETER", "허용하지 않는 이벤트입니다.");
      if (typeof callback !== "function") throw tossError("INVALID_PARAMETER");
      callbacks.push(callback);
      const state = present();
      if (state) queueMicrotask(() => callback(state));
    },
    /** Said once: a widget reports more than this event is about. */
    emit(state) {
      const news = JSON.stringify(state);
      if (news === told) return;
      told = news;
      for (const callback of callbacks) callback(state);
    },
  };
}

/**
 * Puts one widget frame into `element` and resolves when it is drawn. `onState` gets every state that the
 * widget reports; `greeting` is asked for what the widget has to know at its start.
 */
function renderFrame(element, id, title, path, greeting, onState) {
  const frame = newFrame(id, title, ORIGIN + path);
  styled(frame, { height: "0", overflow: "hidden" });
  let link;
  let giveUp;
  const asked = new Map();
  /** Whoever waits for a frame that is gone waits no longer. */
  const remove = () => {
    link.stop();
    frame.remove();
    giveUp(tossError("USER_CANCEL"));
  };
  const drawn = new Promise((resolve, reject) => {
    giveUp = reject;
    const timer = setTimeout(
      () => reject(tossError("UNKNOWN", `${MESSAGES.UNKNOWN} 위젯을 불러오지 못했습니다.`)),
      RENDER_TIMEOUT_MS,
    );
    link = listen(frame, (message) => {
      if (message.type === "ready") link.send("hello", greeting());
      if (message.type === "size" && Number.isFinite(message.height)) {
        frame.style.height = `${Math.max(0, Math.min(message.height, 4000))}px`;
      }
      if (message.type === "reply" && asked.has(message.id) && isRecord(message.state)) {
        asked.get(message.id)(message.state);
      }
      if (message.type === "error") {
        clearTimeout(timer);
        reject(tossError(String(message.code || "UNKNOWN"), message.message ? String(message.message) : ""));
      }
      if (message.type === "state" && isRecord(message.state)) {
        onState(message.state);
        clearTimeout(timer);
        resolve();
      }
    });
  });
  element.append(frame);
  drawn.catch(remove);
  /** The state as of now: a choice made a moment ago may still be on its way here. Null when no answer comes. */
  const ask = () =>
    new Promise((resolve) => {
      const id = `${Date.now()}-${Math.random()}`;
      const settle = (state) => {
        clearTimeout(timer);
        asked.delete(id);
        resolve(state);
      };
      const timer = setTimeout(settle, STATE_TIMEOUT_MS, null);
      asked.set(id, settle);
      link.send("ask", { id });
    });
  return { drawn, remove, ask, send: (type, data) => link.send(type, data) };
}

function publicMethod(state) {
  return state && isText(state.code) ? { code: state.code } : undefined;
}

function publicAgreement(state) {
  return { agreedRequiredTerms: state.agreedRequiredTerms === true, agreements: state.agreements };
}

/** One `widgets()` instance. */
function createWidgets(clientKey) {
  const slot = { current: null };
  const own = { amount: null, methods: null, agreement: null, orderForm: null, config: null, asking: false };

  const config = () => {
    own.config ??= callSandbox(`/sandbox/browser/config?clientKey=${encodeURIComponent(clientKey)}`).catch((error) => {
      own.config = null;
      throw error;
    });
    return own.config;
  };
  const greeting = () => ({ amount: own.amount });
  const address = (kind, variantKey) =>
    `/sandbox/widget/${kind}?${new URLSearchParams({
      clientKey,
      variantKey,
      ...(ASKED.language && { lang: ASKED.language }),
      ...(ASKED.custom.length > 0 && { custom: ASKED.custom.join(",") }),
    })}`;

  /** Renders one kind of widget: `own[kind]` is taken at once, so that a second call cannot slip in. */
  async function render(kind, element, variantKey, words) {
    if (own[kind]) throw tossError(words.again);
    const widget = { state: null, frame: null, element };
    own[kind] = widget;
    try {
      await config();
      if (own[kind] !== widget) throw tossError("USER_CANCEL");
      const events = eventSource(words.event, () => widget.state && words.view(widget.state));
      widget.frame = renderFrame(element, words.id, words.title, address(words.path, variantKey), greeting, (state) => {
        widget.state = state;
        events.emit(words.view(state));
      });
      await widget.frame.drawn;
      widget.on = events.on;
      widget.destroy = async () => {
        widget.frame.remove();
        if (own[kind] === widget) own[kind] = null;
      };
      return widget;
    } catch (error) {
      if (own[kind] === widget) own[kind] = null;
      throw error;
    }
  }

  const renderMethodsInto = (element, variantKey) =>
    render("methods", element, variantKey, {
      again: "PAYMENT_METHODS_WIDGET_ALREADY_RENDERED",
      event: "paymentMethodSelect",
      id: "toss-sandbox-methods",
      title: "결제수단 선택",
      path: "methods",
      view: publicMethod,
    });
  const renderAgreementInto = (element, variantKey) =>
    render("agreement", element, variantKey, {
      again: "AGREEMENT_WIDGET_ALREADY_RENDERED",
      event: "agreementStatusChange",
      id: "toss-sandbox-agreement",
      title: "결제 약관 동의",
      path: "agreement",
      view: publicAgreement,
    });

  async function setAmount(amount) {
    own.amount = checkAmount(amount);
    own.methods?.frame?.send("amount", { amount: own.amount });
  }

  async function renderPaymentMethods(params) {
    const element = checkSelector(params);
    const variantKey = checkVariantKey(params.variantKey);
    if (!own.amount) throw tossError("NOT_SETUP_AMOUNT");
    const widget = await renderMethodsInto(element, variantKey);
    return {
      on: widget.on,
      getSelectedPaymentMethod: async () => publicMethod(await present(widget)),
      destroy: widget.destroy,
    };
  }

  async function renderAgreement(params) {
    const element = checkSelector(params);
    const widget = await renderAgreementInto(element, checkVariantKey(params.variantKey, "AGREEMENT"));
    return { on: widget.on, destroy: widget.destroy };
  }

  async function present(widget) {
    if (!widget?.state) return null;
    const state = await widget.frame.ask();
    if (state) widget.state = state;
    return widget.state;
  }

  async function requestPayment(req) {
    if (ASKED.reject) throw tossError(ASKED.reject);
    if (slot.current || own.asking) throw tossError("INVALID_METHOD_TRANSACTION");
    if (!own.amount) throw tossError("NOT_SETUP_AMOUNT");
    const mode = checkRequest(req, [], WIDGET_OBJECTS);
    own.asking = true;
    const [selected, terms] = await Promise.all([present(own.methods), present(own.agreement)]);
    own.asking = false;
    return startPayment(req, mode, selected, terms);
  }

  function startPayment(req, mode, selected, terms) {
    if (!selected?.code) throw tossError("NOT_SELECTED_PAYMENT_METHOD");
    if (terms && !terms.agreedRequiredTerms) {
      own.agreement?.frame.send("attention", {});
      throw tossError("NEED_AGREEMENT_WITH_REQUIRED_TERMS");
    }
    const lacking = lackOf(selected, own.amount);
    if (lacking) {
      own.methods?.frame.send("attention", {});
      throw tossError(lacking);
    }
    const foreign = FOREIGN_PROVIDERS.includes(selected.code) ? selected.code : undefined;
    checkPayable(own.amount, foreign);
    if (foreign && !mode.redirect) throw tossError("NOT_SUPPORTED_PROMISE");
    const body = { ...paymentBody(clientKey, "widgets", req, own.amount, mode), ...methodOf(selected.code) };
    if (foreign) body.foreignEasyPay = { ...req.foreignEasyPay, provider: foreign };
    const options = { ...req[METHOD_OBJECTS[body.method]], customerMobilePhone: req.customerMobilePhone };
    if (foreign) options.provider = foreign;
    if (selected.code === "CARD") Object.assign(options, { issuer: selected.issuerCode, months: selected.installmentPlanMonths });
    if (selected.refundReceiveAccount) options.refundReceiveAccount = selected.refundReceiveAccount;
    return runPayment(slot, body, req, mode, options);
  }

  /** Both widgets and a pay button in one overlay. The merchant's `paymentRequest` callback asks for the payment. */
  async function renderPaymentWindow(params = {}) {
    if (!isRecord(params)) throw invalid("params");
    const keys = params.variantKey ?? {};
    if (!isRecord(keys)) throw tossError("INVALID_VARIANT_KEY");
    const variants = [checkVariantKey(keys.paymentMethod), checkVariantKey(keys.agreement, "AGREEMENT")];
    if (!own.amount) throw tossError("NOT_SETUP_AMOUNT");
    if (own.orderForm) throw tossError("PAYMENT_WINDOW_ALREADY_RENDERED");
    const form = openOrderForm(own.amount);
    own.orderForm = form;
    const destroy = async () => {
      if (own.orderForm !== form) return;
      own.orderForm = null;
      form.overlay.remove();
      for (const kind of ["methods", "agreement"]) {
        if (!form.overlay.dialog.contains(own[kind]?.element ?? null)) continue;
        own[kind].frame?.remove();
        own[kind] = null;
      }
    };
    form.onCancel = async () => {
      if (slot.current) return;
      await destroy();
      form.callbacks.cancel.forEach((callback) => callback());
    };
    form.onPay = async () => {
      const paymentMethod = publicMethod(form.methods.state);
      for (const callback of form.callbacks.paymentRequest) await callback({ paymentMethod });
    };
    try {
      form.methods = await renderMethodsInto(form.methodsBox, variants[0]);
      form.agreement = await renderAgreementInto(form.agreementBox, variants[1]);
    } catch (error) {
      await destroy();
      throw error;
    }
    if (own.orderForm !== form) throw tossError("USER_CANCEL");
    form.agreement.on("agreementStatusChange", (state) => {
      form.pay.disabled = !state.agreedRequiredTerms;
      form.pay.style.opacity = form.pay.disabled ? "0.5" : "1";
    });
    const on = (name, callback) => {
      if (!["paymentRequest", "cancel"].includes(name)) {
        throw tossError("INVALID_PARAMETER", "허용하지 않는 이벤트입니다.");
      }
      if (typeof callback !== "function") throw tossError("INVALID_PARAMETER");
      form.callbacks[name].push(callback);
    };
    return { on, destroy };
  }

  /** Deprecated by Toss: renderPaymentWindow whose button requests the given payment. */
  async function requestPaymentWindow(request, options) {
    if (!isRecord(request)) throw invalid("paymentRequest");
    const { amount, ...req } = request;
    checkRequest(req, [], WIDGET_OBJECTS);
    await setAmount(amount);
    const form = await renderPaymentWindow({ variantKey: options?.variantKey ?? undefined });
    return new Promise((resolve, reject) => {
      form.on("cancel", () => reject(tossError("USER_CANCEL")));
      form.on("paymentRequest", async () => {
        try {
          const result = await requestPayment(req);
          await form.destroy();
          resolve(result);
        } catch (error) {
          if (TRY_AGAIN.includes(error.code)) return;
          await form.destroy();
          reject(error);
        }
      });
    });
  }

  return { setAmount, renderPaymentMethods, renderAgreement, requestPayment, renderPaymentWindow, requestPaymentWindow };
}
