-- What hanbeon remembers. Instants are microseconds since 1970-01-01T00:00:00Z, amounts are whole won, ids are
-- the 16 bytes of a UUID, sessions and API keys are SHA-256 digests. A CHECK says what the domain says: a row
-- that breaks one is a bug, and it is better not stored.

CREATE TABLE orders (
  order_id           BLOB    NOT NULL PRIMARY KEY CHECK (length(order_id) = 16),
  merchant_reference TEXT    NOT NULL UNIQUE CHECK (octet_length(merchant_reference) BETWEEN 1 AND 400),
  order_name         TEXT    NOT NULL CHECK (octet_length(order_name) BETWEEN 1 AND 400),
  -- Above zero, and exact as a browser's double.
  total_amount       INTEGER NOT NULL CHECK (total_amount BETWEEN 1 AND 9007199254740991),
  -- [{"name":…,"quantity":…,"unitPrice":…}, …]
  lines              TEXT    NOT NULL CHECK (json_valid(lines)),
  customer_name      TEXT,
  customer_email     TEXT,
  customer_phone     TEXT,
  created_at         INTEGER NOT NULL,
  expires_at         INTEGER,
  CONSTRAINT expires_later CHECK (expires_at > created_at)
) STRICT;

CREATE TABLE sessions (
  session_id BLOB    NOT NULL PRIMARY KEY CHECK (length(session_id) = 32),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a session says that it will pay. `seq` grows with every save: the oldest goes first.
CREATE TABLE saved_amounts (
  seq           INTEGER PRIMARY KEY,
  session_id    BLOB    NOT NULL REFERENCES sessions,
  toss_order_id TEXT    NOT NULL CHECK (octet_length(toss_order_id) BETWEEN 6 AND 64),
  amount        INTEGER NOT NULL CHECK (amount >= 0),
  saved_at      INTEGER NOT NULL,
  consumed_at   INTEGER,
  UNIQUE (session_id, toss_order_id)
) STRICT;

CREATE TABLE payments (
  payment_id          BLOB    NOT NULL PRIMARY KEY CHECK (length(payment_id) = 16),
  order_id            BLOB    NOT NULL REFERENCES orders,
  -- Counts from 1 within the order: which attempt to pay it this is.
  attempt             INTEGER NOT NULL CHECK (attempt > 0),
  toss_order_id       TEXT    NOT NULL CHECK (octet_length(toss_order_id) BETWEEN 6 AND 64),
  toss_payment_key    TEXT    NOT NULL UNIQUE CHECK (octet_length(toss_payment_key) BETWEEN 3 AND 200),
  -- Toss's Korean name of the method: an open set, unknown before Toss has told it.
  toss_payment_method TEXT,
  toss_payment_status TEXT    NOT NULL CHECK (toss_payment_status IN (
    'READY', 'IN_PROGRESS', 'WAITING_FOR_DEPOSIT', 'DONE', 'CANCELED', 'PARTIAL_CANCELED', 'ABORTED', 'EXPIRED',
    'UNKNOWN')),
  total_amount        INTEGER NOT NULL CHECK (total_amount > 0),
  requested_at        INTEGER,
  approved_at         INTEGER,
  payer_session       BLOB    REFERENCES sessions,
  created_at          INTEGER NOT NULL,
  updated_at          INTEGER NOT NULL,
  -- The fencing token: grows with every write, and every write names the version that it expects.
  version             INTEGER NOT NULL CHECK (version > 0),
  -- When somebody has to look next. While a worker holds the payment, the end of its lease.
  due_at              INTEGER,
  captured_amount     INTEGER NOT NULL CHECK (captured_amount BETWEEN 0 AND total_amount),
  refunded_amount     INTEGER NOT NULL CHECK (refunded_amount >= 0),
  reserved_amount     INTEGER NOT NULL CHECK (reserved_amount >= 0),
  state               TEXT    NOT NULL CHECK (state IN (
    'confirming', 'waiting_for_deposit', 'paid', 'canceling', 'partially_canceled', 'canceled', 'declined',
    'expired', 'needs_review')),
  -- The facts of single states; the CHECKs below say which.
  tries               INTEGER CHECK (tries >= 0),
  round               INTEGER CHECK (round >= 0),
  answered            INTEGER CHECK (answered IN (0, 1)),
  unchanged           INTEGER CHECK (unchanged IN (0, 1)),
  canceled_by         TEXT    CHECK (canceled_by IN ('request', 'compensation', 'elsewhere')),
  refusal_status      INTEGER CHECK (refusal_status BETWEEN 0 AND 65535),
  refusal_code        TEXT,
  refusal_message     TEXT,
  refusal_body        BLOB,
  review_reason       TEXT,
  CONSTRAINT budget CHECK (reserved_amount + refunded_amount <= captured_amount),
  CONSTRAINT paid_is_captured CHECK (state <> 'paid' OR captured_amount = total_amount),
  CONSTRAINT reserved_while_canceling CHECK (reserved_amount = 0 OR state = 'canceling'),
  CONSTRAINT moving_is_due CHECK (due_at IS NOT NULL OR state NOT IN ('confirming', 'canceling')),
  CONSTRAINT tries_while_moving CHECK ((tries IS NOT NULL) = (state IN ('confirming', 'canceling'))),
  CONSTRAINT round_while_moving CHECK ((round IS NOT NULL) = (state IN ('confirming', 'canceling'))),
  CONSTRAINT answered_while_moving CHECK ((answered IS NOT NULL) = (state IN ('confirming', 'canceling'))),
  CONSTRAINT unchanged_while_canceling CHECK ((unchanged IS NOT NULL) = (state = 'canceling')),
  CONSTRAINT canceled_by_somebody CHECK ((canceled_by IS NOT NULL) = (state = 'canceled')),
  CONSTRAINT declined_with_refusal CHECK (
    (refusal_status IS NOT NULL) = (state = 'declined') AND (refusal_code IS NOT NULL) = (state = 'declined')
    AND (refusal_message IS NOT NULL) = (state = 'declined') AND (refusal_body IS NOT NULL) = (state = 'declined')),
  CONSTRAINT review_with_reason CHECK ((review_reason IS NOT NULL) = (state = 'needs_review')),
  UNIQUE (order_id, attempt)
) STRICT;

-- One charge per order: whatever the program does, an order has at most one payment that has not let go of it.
CREATE UNIQUE INDEX one_charge_per_order ON payments (order_id)
  WHERE NOT (state IN ('declined', 'expired') OR (state = 'canceled' AND canceled_by = 'compensation'));
CREATE INDEX payments_due ON payments (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE refunds (
  refund_id       BLOB    NOT NULL PRIMARY KEY CHECK (length(refund_id) = 16),
  payment_id      BLOB    NOT NULL REFERENCES payments,
  -- The payment's version that began it: the order of the refunds within a payment.
  began_version   INTEGER NOT NULL CHECK (began_version > 0),
  amount          INTEGER NOT NULL CHECK (amount > 0),
  -- Was it asked for as "everything that is left"?
  whole           INTEGER NOT NULL CHECK (whole IN (0, 1)),
  reason          TEXT    NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 800),
  cause           TEXT    NOT NULL CHECK (cause IN ('requested', 'compensation')),
  balance_before  INTEGER NOT NULL,
  requested_at    INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('sending', 'done', 'refused', 'needs_review')),
  settled_at      INTEGER,
  transaction_key TEXT,
  -- Toss's answer, byte for byte.
  reply_status    INTEGER CHECK (reply_status BETWEEN 0 AND 65535),
  reply_body      BLOB,
  refusal_code    TEXT,
  refusal_message TEXT,
  CONSTRAINT within_balance CHECK (amount <= balance_before),
  CONSTRAINT settled_once CHECK ((settled_at IS NULL) = (state = 'sending')),
  CONSTRAINT replied CHECK ((reply_status IS NOT NULL) = (state IN ('done', 'refused'))
    AND (reply_body IS NOT NULL) = (state IN ('done', 'refused'))),
  CONSTRAINT refused_with_code CHECK ((refusal_code IS NOT NULL) = (state = 'refused')
    AND (refusal_message IS NOT NULL) = (state = 'refused')),
  CONSTRAINT transaction_when_done CHECK (transaction_key IS NULL OR state = 'done'),
  UNIQUE (payment_id, began_version)
) STRICT;

-- One refund at a time per payment.
CREATE UNIQUE INDEX one_refund_under_way ON refunds (payment_id) WHERE state = 'sending';

-- The history. A lease takes a version without a line, so versions may have gaps.
CREATE TABLE journal (
  payment_id BLOB    NOT NULL REFERENCES payments,
  version    INTEGER NOT NULL CHECK (version > 0),
  at         INTEGER NOT NULL,
  actor      TEXT    NOT NULL,
  from_state TEXT    NOT NULL,
  to_state   TEXT    NOT NULL,
  event      TEXT    NOT NULL,
  PRIMARY KEY (payment_id, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER journal_is_not_changed BEFORE UPDATE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TABLE api_keys (
  hash       BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
  name       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE UNIQUE INDEX api_key_names ON api_keys (name) WHERE revoked_at IS NULL;

-- One row that the health check rewrites with itself: a real commit that leaves nothing behind.
CREATE TABLE probe (
  probe_id INTEGER PRIMARY KEY CHECK (probe_id = 1),
  spare    INTEGER NOT NULL
) STRICT;
INSERT INTO probe VALUES (1, 0);
