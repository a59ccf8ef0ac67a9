"""Two Python clients that others wrote for the real Toss, against the sandbox: nothing but the address is ours.

usage: drive.py http://127.0.0.1:8081
"""

import importlib.util
import json
import sys
import threading
import time
import types
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from tosspayments.main import TossPayments

# Its `__init__` imports a name that it does not have; the modules beside it are whole.
package = types.ModuleType("tosspayments_server_sdk")
package.__path__ = importlib.util.find_spec("tosspayments_server_sdk").submodule_search_locations
sys.modules["tosspayments_server_sdk"] = package
from tosspayments_server_sdk.client import Client
from tosspayments_server_sdk.exceptions import APIError, PaymentNotFoundError

SANDBOX = sys.argv[1]
SECRET_KEY = "test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R"
RUN = f"{time.time_ns():x}"
passed = 0


def check(what, true):
    global passed
    if not true:
        raise SystemExit(f"not so: {what}")
    passed += 1


def order(number):
    return f"py-{RUN}-{number}"


def authenticated(order_id, amount, **wish):
    """The buyer has been through the payment window."""
    body = {"orderId": order_id, "orderName": "머그컵", "amount": amount, **wish}
    answer = requests.post(f"{SANDBOX}/sandbox/payments", json=body, auth=(SECRET_KEY, ""), timeout=10)
    answer.raise_for_status()
    return answer.json()["paymentKey"]


def deposit(payment_key):
    requests.post(f"{SANDBOX}/sandbox/payments/{payment_key}/deposit", timeout=10).raise_for_status()


def refused(call, code, status):
    """This client raises an exception of a class of its own, which it does not export."""
    try:
        call()
    except Exception as error:
        return (error.error_type, error.code) == (code, status)
    return False


def python_tosspayments():
    client = TossPayments(SECRET_KEY)
    client._TossPayments__base_url = f"{SANDBOX}/"
    key = authenticated(order(1), 50_000)
    payment = client.confirm(key, order(1), 50_000, idempotency_key=f"confirm-{RUN}")
    check("confirmed", (payment["status"], payment["totalAmount"], payment["method"]) == ("DONE", 50_000, "카드"))
    again = client.confirm(key, order(1), 50_000, idempotency_key=f"confirm-{RUN}")
    check("the same key is the same answer", again == payment)
    check("confirmed once", refused(lambda: client.confirm(key, order(1), 50_000), "ALREADY_PROCESSED_PAYMENT", 400))
    check("read by key", client.get_payment_by_payment_key(key) == client.get_payment_by_order_id(order(1)))
    part = client.cancel(key, {"cancelReason": "변심", "cancelAmount": 20_000}, idempotency_key=f"part-{RUN}")
    check("a part is back", (part["status"], part["balanceAmount"]) == ("PARTIAL_CANCELED", 30_000))
    time.sleep(1.1)  # Toss ignores the second of two cancels within a second.
    rest = client.cancel(key, {"cancelReason": "변심"})
    check("the rest is back", (rest["status"], rest["balanceAmount"], len(rest["cancels"])) == ("PARTIAL_CANCELED", 0, 2))
    more = lambda: client.cancel(key, {"cancelReason": "변심"})
    check("nothing is left", refused(more, "NOT_CANCELABLE_AMOUNT", 403))
    now = datetime.now()
    day = lambda at: at.strftime("%Y-%m-%dT%H:%M:%S")
    rows = client.get_transaction(day(now - timedelta(days=1)), day(now + timedelta(days=1)), limit=5000)
    mine = [row for row in rows if row["paymentKey"] == key]
    check("an approval and two cancels", [row["amount"] for row in mine] == [50_000, 20_000, 30_000])
    card = {
        "cardNumber": "9410001234567890", "cardExpirationYear": "30", "cardExpirationMonth": "12",
        "customerIdentityNumber": "900101", "cardPassword": "12",
    }
    typed = client.pay_with_card_number({"amount": 10_000, "orderId": order(2), "orderName": "엽서", **card})
    check("typed in", (typed["status"], typed["card"]["number"][:4]) == ("DONE", "9410"))
    billing = client.create_billing_key({"customerKey": f"customer-{RUN}", **card})
    check("a billing key", len(billing["billingKey"]) > 20 and billing["customerKey"] == f"customer-{RUN}")
    charge = {"customerKey": f"customer-{RUN}", "amount": 4_900, "orderId": order(3), "orderName": "구독"}
    charged = client.pay_with_billing_key(billing["billingKey"], charge)
    check("charged", (charged["type"], charged["status"], charged["totalAmount"]) == ("BILLING", "DONE", 4_900))
    other = {**charge, "customerKey": "somebody-else", "orderId": order(4)}
    foreign = lambda: client.pay_with_billing_key(billing["billingKey"], other)
    check("not for another customer", refused(foreign, "NOT_MATCHES_CUSTOMER_KEY", 400))


def tosspayments_server_sdk():
    client = Client(SECRET_KEY)
    client.config.api_base = SANDBOX
    bodies = []
    with Receiver(bodies) as address:
        key = authenticated(order(11), 33_000)
        payment = client.payments.confirm(key, order(11), 33_000)
        check("confirmed", payment.is_paid() and payment.total_amount == 33_000)
        check("read", client.payments.retrieve(key).order_id == order(11))
        check("read by order", client.payments.retrieve_by_order_id(order(11)).payment_key == key)
        canceled = client.payments.cancel(key, "변심", 3_000)
        check("a part is back", canceled.balance_amount == 30_000)
        try:
            client.payments.cancel(key, "변심", 40_000)
            check("more than there is", False)
        except APIError as error:
            check("more than there is", error.error_code == "NOT_CANCELABLE_AMOUNT")
        try:
            client.payments.retrieve("no-such-payment")
            check("nobody's", False)
        except PaymentNotFoundError as error:
            check("nobody's", error.error_code == "NOT_FOUND_PAYMENT")
        transfer = authenticated(order(12), 70_000, method="TRANSFER")
        check("by bank transfer", client.payments.confirm(transfer, order(12), 70_000).transfer["bankCode"])
        check("all of it is back", client.payments.cancel(transfer, "변심").is_canceled())
        # It cannot read a virtual account: it wants a `settledAmount` that Toss's documents do not have. Its deposits it can.
        account = authenticated(order(13), 70_000, method="VIRTUAL_ACCOUNT")
        body = {"paymentKey": account, "orderId": order(13), "amount": 70_000}
        requests.post(f"{SANDBOX}/v1/payments/confirm", json=body, auth=(SECRET_KEY, ""), timeout=10).raise_for_status()
        deposit(account)
        events = wait_for(client, bodies, 8)
    kinds = [event.event_type for event in events]
    check("both kinds of webhooks", {"PAYMENT_STATUS_CHANGED", "DEPOSIT_CALLBACK"} <= set(kinds))
    paid = [event for event in events if event.is_payment_event and event.payment_key == key]
    check("of its own payment", [event.status.value for event in paid] == ["DONE", "PARTIAL_CANCELED"])
    deposits = [event for event in events if event.is_virtual_account_event and event.order_id == order(13)]
    check("the deposit is told", "DONE" in [event.status.value for event in deposits])


def wait_for(client, bodies, least):
    """What the client reads in the webhooks that came; those of virtual accounts with a payment in them it cannot."""
    until = time.monotonic() + 10
    while len(bodies) < least and time.monotonic() < until:
        time.sleep(0.05)
    readable = [body for body in list(bodies) if b'"virtualAccount":{' not in body]
    return [client.webhooks.verify_and_parse(body) for body in readable]


class Receiver:
    """Receives webhooks, as long as it is there."""

    def __init__(self, bodies):
        class Door(BaseHTTPRequestHandler):
            def do_POST(self):
                bodies.append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{self.server.server_port}/"
        answer = requests.post(f"{SANDBOX}/sandbox/webhooks/endpoints", json={"url": address}, timeout=10)
        answer.raise_for_status()
        self.endpoint = answer.json()
        return address

    def __exit__(self, *_):
        requests.delete(f"{SANDBOX}/sandbox/webhooks/endpoints/{self.endpoint.get('id')}", timeout=10)
        self.server.shutdown()


python_tosspayments()
tosspayments_server_sdk()
print(json.dumps({"python": passed}))
