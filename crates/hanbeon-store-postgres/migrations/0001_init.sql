-- What hanbeon remembers, shared by many servers. Instants are microseconds since 1970-01-01T00:00:00Z, amounts are whole
-- won, sessions and API keys are SHA-256 digests. A CHECK says what the domain says: a row that breaks one is a bug, and
-- it is better not stored.
--
-- Nothing here is numbered by a sequence, and no row is written by every payment: the keys are UUIDs or names, so an engine
-- that spreads rows over machines can (CockroachDB: PRIMARY KEY … USING HASH, because the UUIDs begin with the time;
-- YugabyteDB hashes the first column by itself). The one counter, of events, is touched by those who read them.

CREATE TABLE orders (
  order_id           UUID    NOT NULL PRIMARY KEY,
  merchant_reference TEXT    NOT NULL UNIQUE CHECK (octet_length(merchant_reference) BETWEEN 1 AND 400),
  order_name         TEXT    NOT NULL CHECK (octet_length(order_name) BETWEEN 1 AND 400),
  -- Above zero, and exact as a browser's double.
  total_amount       BIGINT  NOT NULL CHECK (total_amount BETWEEN 1 AND 9007199254740991),
  -- What of it is not taxed.
  tax_free_amount    BIGINT  NOT NULL DEFAULT 0 CHECK (tax_free_amount >= 0),
  tax_exemption_amount BIGINT NOT NULL DEFAULT 0 CHECK (tax_exemption_amount >= 0),
  -- [{"name":…,"quantity":…,"unitPrice":…}, …]
  lines              TEXT    NOT NULL CHECK (lines::json IS NOT NULL),
  customer_name      TEXT,
  customer_email     TEXT,
  customer_phone     TEXT,
  created_at         BIGINT  NOT NULL,
  expires_at         BIGINT,
  CONSTRAINT untaxed_within_total CHECK (tax_free_amount + tax_exemption_amount <= total_amount),
  CONSTRAINT expires_later CHECK (expires_at > created_at)
);

CREATE TABLE sessions (
  session_id BYTEA  NOT NULL PRIMARY KEY CHECK (length(session_id) = 32),
  created_at BIGINT NOT NULL
);

-- What a session says that it will pay. `seq` grows with every save of the session: the oldest goes first.
CREATE TABLE saved_amounts (
  session_id    BYTEA  NOT NULL REFERENCES sessions,
  toss_order_id TEXT   NOT NULL CHECK (octet_length(toss_order_id) BETWEEN 6 AND 64),
  seq           BIGINT NOT NULL CHECK (seq > 0),
  amount        BIGINT NOT NULL CHECK (amount >= 0),
  saved_at      BIGINT NOT NULL,
  consumed_at   BIGINT,
  PRIMARY KEY (session_id, toss_order_id)
);

CREATE TABLE payments (
  payment_id          UUID    NOT NULL PRIMARY KEY,
  order_id            UUID    NOT NULL REFERENCES orders,
  -- Counts from 1 within the order: which attempt to pay it this is.
  attempt             BIGINT  NOT NULL CHECK (attempt > 0),
  toss_order_id       TEXT    NOT NULL CHECK (octet_length(toss_order_id) BETWEEN 6 AND 64),
  toss_payment_key    TEXT    NOT NULL UNIQUE CHECK (octet_length(toss_payment_key) BETWEEN 3 AND 200),
  -- Toss's Korean name of the method: an open set, unknown before Toss has told it.
  toss_payment_method TEXT,
  toss_payment_status TEXT    NOT NULL CHECK (toss_payment_status IN (
    'READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT', 'DONE', 'CANCELED', 'PARTIAL_CANCELED', 'ABORTED', 'EXPIRED',
    'UNKNOWN')),
  total_amount        BIGINT  NOT NULL CHECK (total_amount > 0),
  requested_at        BIGINT,
  approved_at         BIGINT,
  -- SHA-256 of Toss's secret.
  toss_secret         BYTEA   CHECK (length(toss_secret) = 32),
  payer_session       BYTEA   REFERENCES sessions,
  created_at          BIGINT  NOT NULL,
  updated_at          BIGINT  NOT NULL,
  -- The fencing token: grows with every write, and every write names the version that it expects.
  version             BIGINT  NOT NULL CHECK (version > 0),
  -- When somebody has to look next. While a worker holds the payment, the end of its lease.
  due_at              BIGINT,
  -- Is somebody carrying it out? Then `due_at` is the end of the lease.
  held                BOOLEAN NOT NULL,
  -- When the last notice came that nobody has taken up.
  noticed_at          BIGINT,
  -- Does whoever takes it have a reason to look at Toss?
  look                BOOLEAN NOT NULL,
  -- From when on, after the last step, a refund that waits may have its turn, and a notice may be followed.
  refund_from         BIGINT,
  notice_from         BIGINT,
  -- What Toss last said of how what is left is taxed; all or none.
  supplied_amount     BIGINT  CHECK (supplied_amount >= 0),
  vat                 BIGINT  CHECK (vat >= 0),
  tax_free_amount     BIGINT  CHECK (tax_free_amount >= 0),
  tax_exemption_amount BIGINT CHECK (tax_exemption_amount >= 0),
  captured_amount     BIGINT  NOT NULL CHECK (captured_amount BETWEEN 0 AND total_amount),
  refunded_amount     BIGINT  NOT NULL CHECK (refunded_amount >= 0),
  reserved_amount     BIGINT  NOT NULL CHECK (reserved_amount >= 0),
  last_cancel_at      BIGINT,
  -- The money turned up after the payment had let go of its order.
  late                BOOLEAN NOT NULL,
  -- What the shop was last told of a payment; and when a deposit that was seen once may be told.
  told_state          TEXT    CHECK (told_state IN (
    'waiting_for_deposit', 'paid', 'partially_canceled', 'canceled', 'declined', 'expired', 'needs_review')),
  told_refunded       BIGINT  CHECK (told_refunded >= 0),
  settles_at          BIGINT,
  -- The seal of the last journal line.
  seal                BYTEA   CHECK (length(seal) = 32),
  state               TEXT    NOT NULL CHECK (state IN (
    'confirming', 'waiting_for_deposit', 'paid', 'canceling', 'partially_canceled', 'canceled', 'declined',
    'expired', 'needs_review')),
  -- The facts of single states; the CHECKs below say which.
  tries               BIGINT  CHECK (tries >= 0),
  round               BIGINT  CHECK (round >= 0),
  answered            BOOLEAN,
  unchanged           BOOLEAN,
  -- Until then a cancel under an earlier key may still take effect.
  landing_until       BIGINT,
  canceled_by         TEXT    CHECK (canceled_by IN ('request', 'compensation', 'elsewhere')),
  refusal_status      BIGINT  CHECK (refusal_status BETWEEN 0 AND 65535),
  refusal_code        TEXT,
  refusal_message     TEXT,
  refusal_body        BYTEA,
  review_reason       TEXT,
  holds_order         BOOLEAN NOT NULL GENERATED ALWAYS AS (NOT late AND NOT (
    state IN ('declined', 'expired') OR (state = 'canceled' AND canceled_by = 'compensation'))) STORED,
  CONSTRAINT budget CHECK (reserved_amount + refunded_amount <= captured_amount),
  CONSTRAINT paid_is_captured CHECK (state <> 'paid' OR captured_amount = total_amount),
  CONSTRAINT reserved_while_canceling CHECK (reserved_amount = 0 OR state = 'canceling'),
  CONSTRAINT moving_is_due CHECK (due_at IS NOT NULL OR state NOT IN ('confirming', 'canceling')),
  CONSTRAINT held_is_due CHECK (NOT held OR due_at IS NOT NULL),
  CONSTRAINT tries_while_moving CHECK ((tries IS NOT NULL) = (state IN ('confirming', 'canceling'))),
  CONSTRAINT round_while_moving CHECK ((round IS NOT NULL) = (state IN ('confirming', 'canceling'))),
  CONSTRAINT answered_while_moving CHECK ((answered IS NOT NULL) = (state IN ('confirming', 'canceling'))),
  CONSTRAINT unchanged_while_canceling CHECK ((unchanged IS NOT NULL) = (state = 'canceling')),
  CONSTRAINT tax_is_whole CHECK (num_nulls(supplied_amount, vat, tax_free_amount, tax_exemption_amount) IN (0, 4)),
  CONSTRAINT landing_while_canceling CHECK (landing_until IS NULL OR state = 'canceling'),
  CONSTRAINT canceled_by_somebody CHECK ((canceled_by IS NOT NULL) = (state = 'canceled')),
  CONSTRAINT declined_with_refusal CHECK (
    (refusal_status IS NOT NULL) = (state = 'declined') AND (refusal_code IS NOT NULL) = (state = 'declined')
    AND (refusal_message IS NOT NULL) = (state = 'declined') AND (refusal_body IS NOT NULL) = (state = 'declined')),
  CONSTRAINT review_with_reason CHECK ((review_reason IS NOT NULL) = (state = 'needs_review')),
  CONSTRAINT told_whole CHECK ((told_refunded IS NULL) = (told_state IS NULL)),
  CONSTRAINT settles_while_paid CHECK (settles_at IS NULL OR state = 'paid'),
  CONSTRAINT one_attempt UNIQUE (order_id, attempt)
);

-- One charge per order: whatever the program does, an order has at most one payment that has not let go of it; money that
-- turned up late claims no order.
CREATE UNIQUE INDEX one_charge_per_order ON payments (order_id) WHERE holds_order;
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;
-- A notice of a deposit names nothing else.
CREATE INDEX payments_of_toss_order ON payments (toss_order_id);
CREATE INDEX payments_to_review ON payments (updated_at) WHERE state = 'needs_review';

CREATE TABLE refunds (
  refund_id       UUID    NOT NULL PRIMARY KEY,
  payment_id      UUID    NOT NULL REFERENCES payments,
  -- Counts from 1 within the payment: the order of its refunds.
  seq             BIGINT  NOT NULL CHECK (seq > 0),
  -- The payment's version that began it; NULL before its turn, and of one that was made elsewhere.
  began_version   BIGINT  CHECK (began_version > 0),
  amount          BIGINT  NOT NULL CHECK (amount >= 0),
  -- What of it is not taxed; NULL when nobody has said it.
  tax_free_amount BIGINT  CHECK (tax_free_amount >= 0),
  tax_exemption_amount BIGINT CHECK (tax_exemption_amount >= 0),
  -- Was it asked for as "everything that is left"?
  whole           BOOLEAN NOT NULL,
  reason          TEXT    NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 800),
  cause           TEXT    NOT NULL CHECK (cause IN ('requested', 'compensation', 'late_success')),
  -- Who wished it, if it had to wait for its turn.
  actor           TEXT,
  balance_before  BIGINT  NOT NULL,
  requested_at    BIGINT  NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN (
    'queued', 'sending', 'done', 'refused', 'needs_review', 'elsewhere')),
  settled_at      BIGINT,
  transaction_key TEXT,
  -- Toss's answer, byte for byte.
  reply_status    BIGINT  CHECK (reply_status BETWEEN 0 AND 65535),
  reply_body      BYTEA,
  refusal_code    TEXT,
  refusal_message TEXT,
  -- What Toss shows of elsewhere is written as it is; what we do ourselves makes sense.
  CONSTRAINT above_zero CHECK (amount > 0 OR state = 'elsewhere'),
  CONSTRAINT within_balance CHECK (amount <= balance_before OR state = 'elsewhere'),
  CONSTRAINT taxed_or_not CHECK ((tax_free_amount IS NULL) = (tax_exemption_amount IS NULL)),
  CONSTRAINT untaxed_within_amount CHECK (state = 'elsewhere' OR tax_free_amount + tax_exemption_amount <= amount),
  CONSTRAINT begun CHECK (CASE state
    WHEN 'queued' THEN began_version IS NULL WHEN 'elsewhere' THEN began_version IS NULL
    WHEN 'refused' THEN TRUE ELSE began_version IS NOT NULL END),
  CONSTRAINT settled_once CHECK ((settled_at IS NULL) = (state IN ('queued', 'sending'))),
  CONSTRAINT replied CHECK ((reply_status IS NOT NULL) = (state IN ('done', 'refused'))
    AND (reply_body IS NOT NULL) = (state IN ('done', 'refused'))),
  CONSTRAINT refused_with_code CHECK ((refusal_code IS NOT NULL) = (state = 'refused')
    AND (refusal_message IS NOT NULL) = (state = 'refused')),
  CONSTRAINT transaction_when_done CHECK (transaction_key IS NULL OR state IN ('done', 'elsewhere')),
  CONSTRAINT elsewhere_by_transaction CHECK (state <> 'elsewhere' OR transaction_key IS NOT NULL),
  CONSTRAINT one_place UNIQUE (payment_id, seq)
);

-- One refund at a time per payment.
CREATE UNIQUE INDEX one_refund_under_way ON refunds (payment_id) WHERE state = 'sending';
CREATE INDEX refunds_that_wait ON refunds (payment_id) WHERE state = 'queued';
-- A cancel at Toss is one refund.
CREATE UNIQUE INDEX one_refund_per_transaction ON refunds (payment_id, transaction_key)
  WHERE transaction_key IS NOT NULL;

-- Where the money of a refund is to go: sealed by a key that is not in here, and gone when the refund has ended.
CREATE TABLE refund_accounts (
  refund_id UUID  NOT NULL PRIMARY KEY REFERENCES refunds,
  sealed_by TEXT  NOT NULL,
  sealed    BYTEA NOT NULL
);

-- The history. A lease takes a version without a line, so versions may have gaps.
CREATE TABLE journal (
  payment_id UUID   NOT NULL REFERENCES payments,
  version    BIGINT NOT NULL CHECK (version > 0),
  at         BIGINT NOT NULL,
  actor      TEXT   NOT NULL,
  from_state TEXT   NOT NULL,
  to_state   TEXT   NOT NULL,
  event      TEXT   NOT NULL,
  -- SHA-256 of Toss's answer, if one was the reason; and of this line with the seal of the line before it.
  evidence   BYTEA  CHECK (length(evidence) = 32),
  seal       BYTEA  CHECK (length(seal) = 32),
  PRIMARY KEY (payment_id, version)
);

-- The events, written without a number: who reads the list numbers them (see `event_counter`).
CREATE TABLE events (
  order_id   UUID   NOT NULL REFERENCES orders,
  -- Counts from 1 within the order, without gaps.
  sequence   BIGINT NOT NULL CHECK (sequence > 0),
  payment_id UUID   NOT NULL REFERENCES payments,
  kind       TEXT   NOT NULL,
  at         BIGINT NOT NULL,
  -- As it is told, each time.
  body       TEXT   NOT NULL CHECK (body::json IS NOT NULL),
  -- When it may be told: `at`, or that of the event before it if that is later.
  ripe_at    BIGINT NOT NULL,
  -- Its place in the list.
  number     BIGINT CHECK (number > 0),
  CONSTRAINT one_event PRIMARY KEY (order_id, sequence)
);

CREATE UNIQUE INDEX events_by_number ON events (number) WHERE number IS NOT NULL;
CREATE INDEX events_to_number ON events (ripe_at, order_id, sequence) WHERE number IS NULL;

-- The last number that was given. Whoever gives numbers holds the row: so a number that is seen has none before it that
-- is not.
CREATE TABLE event_counter (
  counter_id  BIGINT NOT NULL PRIMARY KEY CHECK (counter_id = 1),
  last_number BIGINT NOT NULL CHECK (last_number BETWEEN 0 AND 9007199254740991)
);
INSERT INTO event_counter VALUES (1, 0);

-- Promises to take a charge back. It refers to no other table and checks nothing: it takes a promise when they take nothing.
CREATE TABLE undo_promises (
  payment_id UUID NOT NULL PRIMARY KEY
);

CREATE TABLE api_keys (
  hash       BYTEA  NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
  name       TEXT   NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE UNIQUE INDEX api_key_names ON api_keys (name) WHERE revoked_at IS NULL;

CREATE TABLE webhooks (
  -- When it arrived, by the database's clock; who comes in the same microsecond tries again. No sequence is needed.
  webhook_id      BIGINT  NOT NULL PRIMARY KEY CHECK (webhook_id > 0),
  received_at     BIGINT  NOT NULL,
  transmission_id TEXT,
  -- What makes two webhooks the same notice.
  meaning         TEXT    NOT NULL,
  event_type      TEXT    NOT NULL,
  -- Which payment it is about: by its key, or by the order's name at Toss.
  hint_key        TEXT,
  hint_order      TEXT,
  verdict         TEXT    NOT NULL CHECK (verdict IN ('hint', 'known', 'unknown', 'forged', 'foreign')),
  repeated        BOOLEAN NOT NULL,
  body            BYTEA   NOT NULL CHECK (length(body) <= 32768),
  CONSTRAINT one_hint CHECK (hint_key IS NULL OR hint_order IS NULL)
);

-- One of the same is the first, however many come at once.
CREATE UNIQUE INDEX one_first_transmission ON webhooks (transmission_id)
  WHERE transmission_id IS NOT NULL AND NOT repeated;
CREATE UNIQUE INDEX one_first_meaning ON webhooks (meaning) WHERE NOT repeated;

CREATE TABLE claims (
  idempotency_key TEXT    NOT NULL PRIMARY KEY CHECK (octet_length(idempotency_key) BETWEEN 1 AND 1200),
  -- SHA-256 of method, path and body.
  request         BYTEA   NOT NULL CHECK (length(request) = 32),
  operation       UUID    NOT NULL,
  -- Until then the claimant has time to answer; long after, nobody asks again.
  until           BIGINT  NOT NULL,
  -- Given up: the next one may have it at once.
  released        BOOLEAN NOT NULL DEFAULT FALSE,
  answer_status   BIGINT  CHECK (answer_status BETWEEN 100 AND 999),
  answer_body     BYTEA,
  CONSTRAINT answered_whole CHECK ((answer_status IS NULL) = (answer_body IS NULL)),
  CONSTRAINT answered_or_released CHECK (answer_status IS NULL OR NOT released)
);

CREATE INDEX claims_by_age ON claims (until);

-- One row that the health check rewrites: a real commit that leaves nothing behind.
CREATE TABLE probe (
  probe_id BIGINT NOT NULL PRIMARY KEY CHECK (probe_id = 1),
  spare    BIGINT NOT NULL
);
INSERT INTO probe VALUES (1, 0);

-- Charges without a window: customers, their billing keys (sealed), charges and subscriptions.

CREATE TABLE customers (
  customer_id  UUID   NOT NULL PRIMARY KEY,
  -- Toss's name for the buyer. A billing key is of use only together with the one that it was issued for.
  customer_key TEXT   NOT NULL UNIQUE CHECK (octet_length(customer_key) BETWEEN 2 AND 300),
  created_at   BIGINT NOT NULL
);

CREATE TABLE billing_keys (
  billing_key_id  UUID   NOT NULL PRIMARY KEY,
  customer_id     UUID   NOT NULL REFERENCES customers,
  created_at      BIGINT NOT NULL,
  version         BIGINT NOT NULL CHECK (version > 0),
  due_at          BIGINT,
  state           TEXT   NOT NULL CHECK (state IN ('issuing', 'active', 'deleting', 'deleted', 'refused')),
  tries           BIGINT CHECK (tries >= 0),
  label           TEXT,
  doubted_at      BIGINT,
  -- The buyer's one-time proof while it is being issued, then Toss's key: encrypted, and bound to the customer key.
  sealed_by       TEXT,
  sealed          BYTEA,
  -- SHA-256 of Toss's key.
  fingerprint     BYTEA  CHECK (length(fingerprint) = 32),
  refusal_status  BIGINT CHECK (refusal_status BETWEEN 0 AND 65535),
  refusal_code    TEXT,
  refusal_message TEXT,
  refusal_body    BYTEA,
  CONSTRAINT one_fingerprint UNIQUE (fingerprint),
  CONSTRAINT secret_while_of_use CHECK ((sealed IS NOT NULL) = (state IN ('issuing', 'active', 'deleting'))
    AND (sealed_by IS NOT NULL) = (sealed IS NOT NULL)),
  CONSTRAINT moving_is_due CHECK (due_at IS NOT NULL OR state NOT IN ('issuing', 'deleting')),
  CONSTRAINT tries_while_moving CHECK ((tries IS NOT NULL) = (state IN ('issuing', 'deleting'))),
  CONSTRAINT refused_with_refusal CHECK ((refusal_status IS NOT NULL) = (state = 'refused')
    AND (refusal_code IS NOT NULL) = (state = 'refused') AND (refusal_message IS NOT NULL) = (state = 'refused')
    AND (refusal_body IS NOT NULL) = (state = 'refused'))
);

CREATE INDEX billing_keys_of_customer ON billing_keys (customer_id);
CREATE INDEX billing_keys_due ON billing_keys (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE subscriptions (
  subscription_id UUID    NOT NULL PRIMARY KEY,
  customer_id     UUID    NOT NULL REFERENCES customers,
  billing_key_id  UUID    NOT NULL REFERENCES billing_keys,
  amount          BIGINT  NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
  order_name      TEXT    NOT NULL CHECK (octet_length(order_name) BETWEEN 1 AND 400),
  -- YYYY-MM-DD, in Korea.
  start_day       TEXT    NOT NULL CHECK (length(start_day) = 10),
  anchor          BIGINT  NOT NULL CHECK (anchor BETWEEN 1 AND 31),
  months          BIGINT  NOT NULL CHECK (months BETWEEN 1 AND 12),
  created_at      BIGINT  NOT NULL,
  version         BIGINT  NOT NULL CHECK (version > 0),
  period          BIGINT  NOT NULL CHECK (period >= 0),
  status          TEXT    NOT NULL CHECK (status IN ('active', 'past_due', 'unpaid', 'paused', 'canceled')),
  retry_now       BOOLEAN NOT NULL,
  due_at          BIGINT
);

CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE charges (
  charge_id       UUID    NOT NULL PRIMARY KEY,
  customer_id     UUID    NOT NULL REFERENCES customers,
  billing_key_id  UUID    NOT NULL REFERENCES billing_keys,
  subscription_id UUID    REFERENCES subscriptions,
  period          BIGINT  CHECK (period >= 0),
  ordinal         BIGINT  CHECK (ordinal >= 0),
  -- Toss charges an order once.
  toss_order_id   TEXT    NOT NULL UNIQUE CHECK (octet_length(toss_order_id) BETWEEN 6 AND 64),
  amount          BIGINT  NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
  order_name      TEXT    NOT NULL CHECK (octet_length(order_name) BETWEEN 1 AND 400),
  created_at      BIGINT  NOT NULL,
  version         BIGINT  NOT NULL CHECK (version > 0),
  due_at          BIGINT,
  state           TEXT    NOT NULL CHECK (state IN ('charging', 'done', 'refused')),
  settled_at      BIGINT,
  tries           BIGINT  CHECK (tries >= 0),
  round           BIGINT  CHECK (round >= 0),
  answered        BOOLEAN,
  -- While it is being charged, a refusal that a read has not confirmed yet.
  refusal_status  BIGINT  CHECK (refusal_status BETWEEN 0 AND 65535),
  refusal_code    TEXT,
  refusal_message TEXT,
  refusal_body    BYTEA,
  -- The payment that it ended in.
  payment_id      UUID    REFERENCES payments,
  CONSTRAINT of_a_period CHECK ((subscription_id IS NULL) = (period IS NULL)
    AND (subscription_id IS NULL) = (ordinal IS NULL)),
  CONSTRAINT moving_is_due CHECK ((due_at IS NOT NULL) = (state = 'charging')),
  CONSTRAINT settled_once CHECK ((settled_at IS NULL) = (state = 'charging')),
  CONSTRAINT tries_while_moving CHECK ((tries IS NOT NULL) = (state = 'charging')
    AND (round IS NOT NULL) = (state = 'charging') AND (answered IS NOT NULL) = (state = 'charging')),
  CONSTRAINT refused_with_refusal CHECK ((refusal_status IS NOT NULL) = (refusal_code IS NOT NULL)
    AND (refusal_status IS NOT NULL) = (refusal_message IS NOT NULL)
    AND (refusal_status IS NOT NULL) = (refusal_body IS NOT NULL)
    AND CASE state WHEN 'refused' THEN refusal_code IS NOT NULL WHEN 'done' THEN refusal_code IS NULL ELSE TRUE END),
  CONSTRAINT done_is_a_payment CHECK ((payment_id IS NOT NULL) = (state = 'done')),
  UNIQUE (subscription_id, period, ordinal)
);

-- One charge per period: whatever the program and the clock do, another one follows only a refusal.
CREATE UNIQUE INDEX one_charge_per_period ON charges (subscription_id, period)
  WHERE subscription_id IS NOT NULL AND state <> 'refused';
CREATE INDEX charges_due ON charges (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX open_charges_of_key ON charges (billing_key_id) WHERE state = 'charging';

-- Cash receipts of payments, and their cancels. The buyer's number is nowhere in here.

CREATE TABLE receipts (
  receipt_id       UUID    NOT NULL PRIMARY KEY,
  payment_id       UUID    NOT NULL REFERENCES payments,
  kind             TEXT    NOT NULL CHECK (kind IN ('소득공제', '지출증빙')),
  amount           BIGINT  NOT NULL CHECK (amount > 0),
  -- The sum of its cancels.
  canceled_amount  BIGINT  NOT NULL CHECK (canceled_amount BETWEEN 0 AND amount),
  created_at       BIGINT  NOT NULL,
  version          BIGINT  NOT NULL CHECK (version > 0),
  due_at           BIGINT,
  state            TEXT    NOT NULL CHECK (state IN (
    'issuing', 'issued', 'canceling', 'canceled', 'failed', 'needs_review')),
  toss_receipt_key TEXT    UNIQUE CHECK (octet_length(toss_receipt_key) BETWEEN 1 AND 200),
  url              TEXT,
  tries            BIGINT  CHECK (tries >= 0),
  -- The cancel that is under way, also while a human looks at it.
  cancel_amount    BIGINT  CHECK (cancel_amount > 0),
  cancel_since     BIGINT,
  called_at        BIGINT,
  round            BIGINT  CHECK (round >= 0),
  answered         BOOLEAN,
  landing          BOOLEAN,
  -- Why there is none; while it is being cancelled, a refusal that a list has not confirmed yet.
  reason_code      TEXT,
  reason_message   TEXT,
  review_reason    TEXT,
  CONSTRAINT issued_has_a_key CHECK (CASE
    WHEN state IN ('issued', 'canceling', 'canceled') THEN toss_receipt_key IS NOT NULL
    WHEN state = 'issuing' THEN toss_receipt_key IS NULL ELSE TRUE END),
  CONSTRAINT canceled_is_all CHECK ((state = 'canceled') = (canceled_amount = amount)),
  CONSTRAINT moving_is_due CHECK (due_at IS NOT NULL OR state NOT IN ('issuing', 'canceling')),
  CONSTRAINT ended_is_not_due CHECK (due_at IS NULL OR state NOT IN ('canceled', 'failed', 'needs_review')),
  CONSTRAINT cancel_whole CHECK ((cancel_since IS NULL) = (cancel_amount IS NULL)
    AND (called_at IS NULL) = (cancel_amount IS NULL) AND (round IS NULL) = (cancel_amount IS NULL)
    AND (answered IS NULL) = (cancel_amount IS NULL) AND (landing IS NULL) = (cancel_amount IS NULL)),
  CONSTRAINT cancel_while_canceling CHECK (CASE state
    WHEN 'canceling' THEN cancel_amount IS NOT NULL WHEN 'needs_review' THEN TRUE ELSE cancel_amount IS NULL END),
  CONSTRAINT cancel_fits CHECK (cancel_amount IS NULL OR cancel_amount <= amount - canceled_amount),
  CONSTRAINT tries_while_moving CHECK ((tries IS NOT NULL) = (state = 'issuing' OR cancel_amount IS NOT NULL)),
  CONSTRAINT reasons CHECK ((reason_code IS NULL) = (reason_message IS NULL) AND CASE
    WHEN state = 'failed' THEN reason_code IS NOT NULL
    ELSE reason_code IS NULL OR cancel_amount IS NOT NULL END),
  CONSTRAINT review_with_reason CHECK ((review_reason IS NOT NULL) = (state = 'needs_review'))
);

-- One receipt at a time: another one follows only one that is cancelled, or that there never was.
CREATE UNIQUE INDEX one_receipt_per_payment ON receipts (payment_id) WHERE state NOT IN ('canceled', 'failed');
CREATE INDEX receipts_of_payment ON receipts (payment_id);
CREATE INDEX receipts_due ON receipts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX receipts_to_review ON receipts (receipt_id) WHERE state = 'needs_review';

CREATE TABLE receipt_cancels (
  receipt_id  UUID   NOT NULL REFERENCES receipts,
  -- Counts from 1 within the receipt.
  ordinal     BIGINT NOT NULL CHECK (ordinal > 0),
  amount      BIGINT NOT NULL CHECK (amount > 0),
  -- In Toss's words: part of what tells one from another.
  canceled_at BIGINT NOT NULL,
  PRIMARY KEY (receipt_id, ordinal)
);

-- What was written stays.

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE integrity_constraint_violation USING MESSAGE = TG_TABLE_NAME || ' is append-only';
END $$;

CREATE TRIGGER journal_is_not_changed BEFORE UPDATE OR DELETE ON journal
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER receipt_cancels_are_not_changed BEFORE UPDATE OR DELETE ON receipt_cancels
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER customers_are_not_changed BEFORE UPDATE ON customers
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
-- But an event is numbered once.
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events FOR EACH ROW
  WHEN (OLD.number IS NOT NULL OR NEW.number IS NULL OR NEW.sequence <> OLD.sequence OR NEW.order_id <> OLD.order_id
    OR NEW.payment_id <> OLD.payment_id OR NEW.kind <> OLD.kind OR NEW.at <> OLD.at OR NEW.body <> OLD.body)
  EXECUTE FUNCTION refuse_change();

-- What waits, with what is under way and what was given back, is never more than was paid.
CREATE FUNCTION refuse_more_than_was_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.amount
    + (SELECT coalesce(sum(amount), 0) FROM refunds
       WHERE payment_id = NEW.payment_id AND state IN ('queued', 'sending'))
    > (SELECT total_amount - refunded_amount FROM payments WHERE payment_id = NEW.payment_id)
  THEN
    RAISE integrity_constraint_violation USING MESSAGE = 'more would be given back than was paid';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER waiting_refunds_fit BEFORE INSERT ON refunds FOR EACH ROW WHEN (NEW.state = 'queued')
  EXECUTE FUNCTION refuse_more_than_was_paid();

-- Money goes back, whoever gives it: in the same transaction somebody is to look at the receipt.
CREATE FUNCTION look_at_the_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE receipts SET due_at = NEW.updated_at
    WHERE payment_id = NEW.payment_id AND state = 'issued'
      AND amount - canceled_amount > NEW.captured_amount - NEW.refunded_amount;
  RETURN NULL;
END $$;

CREATE TRIGGER receipts_follow_their_payment AFTER UPDATE ON payments FOR EACH ROW
  WHEN (NEW.captured_amount - NEW.refunded_amount < OLD.captured_amount - OLD.refunded_amount)
  EXECUTE FUNCTION look_at_the_receipt();
