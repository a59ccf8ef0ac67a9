// Frames, messages and the payment window.

/** Every message between this script and the sandbox's pages carries this tag. */
const CHANNEL = "toss-sandbox";

/**
 * Listens to one frame of the sandbox. A message counts only if it comes from the sandbox's origin, from this
 * very frame, with our tag. Returns `{send, stop}`.
 */
function listen(frame, onMessage) {
  const handler = (event) => {
    if (event.origin !== ORIGIN || event.source !== frame.contentWindow) return;
    const message = event.data;
    if (isRecord(message) && message.channel === CHANNEL && isText(message.type)) onMessage(message);
  };
  window.addEventListener("message", handler);
  return {
    send(type, data) {
      frame.contentWindow?.postMessage({ ...data, channel: CHANNEL, type }, ORIGIN);
    },
    stop() {
      window.removeEventListener("message", handler);
    },
  };
}

/** Styles through the object model, not a style attribute: a merchant's Content-Security-Policy may forbid those. */
function styled(element, style) {
  Object.assign(element.style, style);
  return element;
}

function newFrame(id, title, url) {
  const frame = document.createElement("iframe");
  frame.id = id;
  frame.title = title;
  frame.src = url;
  return styled(frame, { border: "0", display: "block", width: "100%", colorScheme: "normal" });
}

/**
 * A modal overlay: a `dialog` element, so that the browser itself keeps focus inside and the page inert.
 * `onEscape` is asked when the buyer presses Escape while the page has the focus.
 */
function openOverlay(label, onEscape) {
  const opener = document.activeElement;
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-label", label);
  dialog.dataset.tossSandbox = "overlay";
  styled(dialog, {
    position: "fixed",
    inset: "0",
    width: "100vw",
    height: "100dvh",
    maxWidth: "100vw",
    maxHeight: "100dvh",
    margin: "0",
    padding: "16px",
    border: "0",
    boxSizing: "border-box",
    background: "rgba(15, 23, 32, 0.58)",
    display: "flex",
    alignItems: "center",
    justifyContent: "center",
    overflow: "auto",
    zIndex: "2147483647",
  });
  const pageOverflow = document.documentElement.style.overflow;
  document.documentElement.style.overflow = "hidden";
  let open = true;
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    onEscape();
  });
  // The browser may close a dialog over our veto (a second Escape); that is a close like any other.
  dialog.addEventListener("close", () => open && onEscape());
  document.body.append(dialog);
  dialog.showModal();
  return {
    dialog,
    remove() {
      if (!open) return;
      open = false;
      dialog.close();
      dialog.remove();
      document.documentElement.style.overflow = pageOverflow;
      if (opener instanceof HTMLElement) opener.focus({ preventScroll: true });
    },
  };
}

/** True if the server's redirect goes where the merchant asked: same origin and path as one of the two URLs. */
function isMerchantUrl(redirectUrl, req) {
  if (!isAbsolute(redirectUrl)) return false;
  const there = new URL(redirectUrl);
  return [req.successUrl, req.failUrl].filter(isAbsolute).some((given) => {
    const url = new URL(given);
    return url.origin === there.origin && url.pathname === there.pathname;
  });
}

/** A settled answer of the window → `{leave}` to another page, a `{value}` or an `{error}` for the promise. */
function conclude(answer, req, mode) {
  const closed = answer.outcome === "closed";
  if (mode.redirect && (!closed || (SWITCHES.windowClose === "fail_url" && answer.redirectUrl))) {
    return isMerchantUrl(answer.redirectUrl, req) ? { leave: answer.redirectUrl } : { error: tossError("UNKNOWN") };
  }
  if (closed) return { error: tossError("USER_CANCEL") };
  if (answer.outcome !== "success") {
    return { error: tossError(String(answer.code || "UNKNOWN"), answer.message ? String(answer.message) : "") };
  }
  const value = { paymentKey: answer.paymentKey, orderId: answer.orderId, amount: answer.amount };
  if (answer.paymentType) value.paymentType = answer.paymentType;
  return { value };
}

/**
 * Lets the buyer authenticate. `start` resolves to the window's address, or to an `answer` when no window is
 * needed. `slot.current` holds the open request, so that a second one is refused and `destroy()` can end the first.
 *
 * 1. start  2. navigate (self) or overlay (iframe)  3. one answer settles everything, exactly once
 */
function runRequest(slot, start, req, mode) {
  if (slot.current) return Promise.reject(tossError("INVALID_METHOD_TRANSACTION"));
  return new Promise((resolve, reject) => {
    const request = { closeView: () => {}, done: false };
    slot.current = request;
    const release = () => {
      slot.current = null;
      window.removeEventListener("pageshow", onReturn);
      request.closeView();
    };
    // Back into a page that the browser kept alive: the buyer gave up, and the pay button must work again.
    const onReturn = (event) => {
      if (!event.persisted) return;
      request.done = true;
      release();
      reject(tossError("USER_CANCEL"));
    };
    window.addEventListener("pageshow", onReturn);
    request.fail = (error) => {
      if (request.done) return;
      request.done = true;
      release();
      reject(error);
    };
    request.answer = (answer) => {
      if (request.done) return;
      const end = conclude(answer, req, mode);
      if (end.error) return request.fail(end.error);
      request.done = true;
      // A page on its way out stays covered and its promise pending: nothing may run as if it were to stay.
      if (end.leave) return location.assign(end.leave);
      release();
      resolve(end.value);
    };

    start()
      .then(({ url, answer }) => {
        if (request.done) return undefined;
        if (answer) return request.answer(answer);
        if (mode.target === "self") return location.assign(url);
        return openWindow(url, request);
      })
      .catch((error) => request.fail(error));
  });
}

/** Creates the payment at the sandbox, then lets the buyer authenticate it. */
function runPayment(slot, body, req, mode, options) {
  const start = async () => {
    const created = await callSandbox("/sandbox/browser/payments", body);
    if (req.sandbox?.paymentResult) return { answer: await autoComplete(created, req) };
    return { url: windowAddress(created.windowUrl, options) };
  };
  return runRequest(slot, start, req, mode);
}

/** The window's address. What the merchant wants of the method's page travels in its fragment. */
function windowAddress(windowUrl, options) {
  const url = new URL(windowUrl, ORIGIN);
  if (url.origin !== ORIGIN) throw tossError("UNKNOWN");
  const hints = new URLSearchParams({ request: JSON.stringify(options) });
  const language = windowLanguage(options.language);
  if (language) hints.set("lang", language);
  url.hash = hints.toString();
  return url.href;
}

/** The hidden `sandbox.paymentResult`: ends the payment without a window, for end-to-end tests. */
async function autoComplete(created, req) {
  const base = `/sandbox/browser/payments/${encodeURIComponent(created.paymentKey)}`;
  const success = req.sandbox.paymentResult === "SUCCESS";
  const answer = success
    ? await callSandbox(`${base}/authenticate`, {})
    : await callSandbox(`${base}/fail`, { code: "PAY_PROCESS_ABORTED" });
  return { ...answer, outcome: success ? "success" : "failed" };
}

function openWindow(url, request) {
  let ready = false;
  // The window itself tells the server that it was closed; one that never came up cannot.
  const close = () => (ready ? link.send("close", {}) : request.fail(tossError("USER_CANCEL")));
  const overlay = openOverlay("결제창", close);
  const frame = newFrame("toss-sandbox-window", "결제창", url);
  frame.allow = "payment";
  styled(frame, {
    maxWidth: "468px",
    height: "640px",
    maxHeight: "100%",
    borderRadius: "20px",
    background: "transparent",
    boxShadow: "0 24px 64px rgba(8, 15, 25, 0.32)",
  });
  const link = listen(frame, (message) => {
    if (message.type === "ready") {
      ready = true;
      link.send("hello", {});
      frame.focus();
    } else if (message.type === "size" && Number.isFinite(message.height)) {
      frame.style.height = `${Math.max(320, Math.min(message.height, 4000))}px`;
    } else if (message.type === "result" && isRecord(message.answer)) {
      request.answer(message.answer);
    }
  });
  request.closeView = () => {
    link.stop();
    overlay.remove();
  };
  overlay.dialog.append(frame);
}
