-- Payments that somebody holds, notices, refunds that wait for their turn or were made elsewhere, late money, a sealed
-- history, webhooks and idempotency keys. Rows are carried over; what they cannot know is NULL.

-- Is somebody carrying it out? Then `due_at` is the end of the lease.
ALTER TABLE payments ADD COLUMN held INTEGER NOT NULL DEFAULT 0
  CHECK (held IN (0, 1)) CONSTRAINT held_is_due CHECK (held = 0 OR due_at IS NOT NULL);
-- When the last notice came that nobody has taken up.
ALTER TABLE payments ADD COLUMN noticed_at INTEGER;
-- Does whoever takes it have a reason to look at Toss?
ALTER TABLE payments ADD COLUMN look INTEGER NOT NULL DEFAULT 0 CHECK (look IN (0, 1));
-- From when on, after the last step, a refund that waits may have its turn, and a notice may be followed.
ALTER TABLE payments ADD COLUMN refund_from INTEGER;
ALTER TABLE payments ADD COLUMN notice_from INTEGER;
ALTER TABLE payments ADD COLUMN last_cancel_at INTEGER;
-- Until then a cancel under an earlier key may still take effect.
ALTER TABLE payments ADD COLUMN landing_until INTEGER CHECK (landing_until IS NULL OR state = 'canceling');
-- The money turned up after the payment had let go of its order.
ALTER TABLE payments ADD COLUMN late INTEGER NOT NULL DEFAULT 0 CHECK (late IN (0, 1));
-- SHA-256 of Toss's secret.
ALTER TABLE payments ADD COLUMN toss_secret BLOB CHECK (length(toss_secret) = 32);
-- The seal of the last journal line; NULL until there is one with a seal.
ALTER TABLE payments ADD COLUMN seal BLOB CHECK (length(seal) = 32);
ALTER TABLE payments ADD COLUMN holds_order INTEGER GENERATED ALWAYS AS (
  late = 0 AND NOT (state IN ('declined', 'expired') OR (state = 'canceled' AND canceled_by = 'compensation'))
) VIRTUAL;

-- One charge per order, as before; money that turned up late claims no order.
DROP INDEX one_charge_per_order;
CREATE UNIQUE INDEX one_charge_per_order ON payments (order_id) WHERE holds_order = 1;
-- A notice of a deposit names nothing else.
CREATE INDEX payments_of_toss_order ON payments (toss_order_id);
CREATE INDEX payments_to_review ON payments (updated_at) WHERE state = 'needs_review';

CREATE TABLE refunds_2 (
  -- The order of the refunds within a payment.
  seq             INTEGER PRIMARY KEY,
  refund_id       BLOB    NOT NULL UNIQUE CHECK (length(refund_id) = 16),
  payment_id      BLOB    NOT NULL REFERENCES payments,
  -- The payment's version that began it; NULL before its turn, and of one that was made elsewhere.
  began_version   INTEGER CHECK (began_version > 0),
  amount          INTEGER NOT NULL CHECK (amount >= 0),
  -- Was it asked for as "everything that is left"?
  whole           INTEGER NOT NULL CHECK (whole IN (0, 1)),
  reason          TEXT    NOT NULL CHECK (octet_length(reason) BETWEEN 1 AND 800),
  cause           TEXT    NOT NULL CHECK (cause IN ('requested', 'compensation', 'late_success')),
  -- Who wished it, if it had to wait for its turn.
  actor           TEXT,
  balance_before  INTEGER NOT NULL,
  requested_at    INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN (
    'queued', 'sending', 'done', 'refused', 'needs_review', 'elsewhere')),
  settled_at      INTEGER,
  transaction_key TEXT,
  -- Toss's answer, byte for byte.
  reply_status    INTEGER CHECK (reply_status BETWEEN 0 AND 65535),
  reply_body      BLOB,
  refusal_code    TEXT,
  refusal_message TEXT,
  -- What Toss shows of elsewhere is written as it is; what we do ourselves makes sense.
  CONSTRAINT above_zero CHECK (amount > 0 OR state = 'elsewhere'),
  CONSTRAINT within_balance CHECK (amount <= balance_before OR state = 'elsewhere'),
  CONSTRAINT begun CHECK (CASE state
    WHEN 'queued' THEN began_version IS NULL WHEN 'elsewhere' THEN began_version IS NULL
    WHEN 'refused' THEN TRUE ELSE began_version IS NOT NULL END),
  CONSTRAINT settled_once CHECK ((settled_at IS NULL) = (state IN ('queued', 'sending'))),
  CONSTRAINT replied CHECK ((reply_status IS NOT NULL) = (state IN ('done', 'refused'))
    AND (reply_body IS NOT NULL) = (state IN ('done', 'refused'))),
  CONSTRAINT refused_with_code CHECK ((refusal_code IS NOT NULL) = (state = 'refused')
    AND (refusal_message IS NOT NULL) = (state = 'refused')),
  CONSTRAINT transaction_when_done CHECK (transaction_key IS NULL OR state IN ('done', 'elsewhere')),
  CONSTRAINT elsewhere_by_transaction CHECK (state <> 'elsewhere' OR transaction_key IS NOT NULL)
) STRICT;

-- A transaction that two refunds claim stays with the first; the answers of both are kept as they came.
INSERT INTO refunds_2 (refund_id, payment_id, began_version, amount, whole, reason, cause, balance_before,
    requested_at, state, settled_at, transaction_key, reply_status, reply_body, refusal_code, refusal_message)
  SELECT refund_id, payment_id, began_version, amount, whole, reason, cause, balance_before,
    requested_at, state, settled_at,
    iif(row_number() OVER (PARTITION BY payment_id, transaction_key ORDER BY began_version) = 1,
      transaction_key, NULL),
    reply_status, reply_body, refusal_code, refusal_message
  FROM refunds ORDER BY payment_id, began_version;
DROP TABLE refunds;
ALTER TABLE refunds_2 RENAME TO refunds;

CREATE INDEX refunds_of_payment ON refunds (payment_id);
-- One refund at a time per payment.
CREATE UNIQUE INDEX one_refund_under_way ON refunds (payment_id) WHERE state = 'sending';
CREATE INDEX refunds_that_wait ON refunds (payment_id) WHERE state = 'queued';
-- A cancel at Toss is one refund.
CREATE UNIQUE INDEX one_refund_per_transaction ON refunds (payment_id, transaction_key)
  WHERE transaction_key IS NOT NULL;

-- What waits, with what is under way and what was given back, is never more than was paid.
CREATE TRIGGER waiting_refunds_fit BEFORE INSERT ON refunds WHEN NEW.state = 'queued'
  AND NEW.amount
    + (SELECT coalesce(sum(amount), 0) FROM refunds
       WHERE payment_id = NEW.payment_id AND state IN ('queued', 'sending'))
    > (SELECT total_amount - refunded_amount FROM payments WHERE payment_id = NEW.payment_id)
BEGIN SELECT RAISE(ABORT, 'more would be given back than was paid'); END;

-- SHA-256 of Toss's answer, if one was the reason; and of this line with the seal of the line before it. Lines from
-- before have neither.
ALTER TABLE journal ADD COLUMN evidence BLOB CHECK (length(evidence) = 32);
ALTER TABLE journal ADD COLUMN seal BLOB CHECK (length(seal) = 32);

CREATE TABLE webhooks (
  webhook_id      INTEGER PRIMARY KEY,
  received_at     INTEGER NOT NULL,
  transmission_id TEXT,
  -- What makes two webhooks the same notice.
  meaning         TEXT    NOT NULL,
  event_type      TEXT    NOT NULL,
  -- Which payment it is about: by its key, or by the order's name at Toss.
  hint_key        TEXT,
  hint_order      TEXT,
  verdict         TEXT    NOT NULL CHECK (verdict IN ('hint', 'known', 'unknown', 'forged', 'foreign')),
  repeated        INTEGER NOT NULL CHECK (repeated IN (0, 1)),
  body            BLOB    NOT NULL CHECK (length(body) <= 32768),
  CONSTRAINT one_hint CHECK (hint_key IS NULL OR hint_order IS NULL)
) STRICT;

CREATE INDEX webhooks_by_transmission ON webhooks (transmission_id) WHERE transmission_id IS NOT NULL;
CREATE INDEX webhooks_by_meaning ON webhooks (meaning);

CREATE TABLE claims (
  idempotency_key TEXT    NOT NULL PRIMARY KEY CHECK (octet_length(idempotency_key) BETWEEN 1 AND 1200),
  -- SHA-256 of method, path and body.
  request         BLOB    NOT NULL CHECK (length(request) = 32),
  operation       BLOB    NOT NULL CHECK (length(operation) = 16),
  -- Until then the claimant has time to answer; long after, nobody asks again.
  until           INTEGER NOT NULL,
  -- Given up: the next one may have it at once.
  released        INTEGER NOT NULL DEFAULT 0 CHECK (released IN (0, 1)),
  answer_status   INTEGER CHECK (answer_status BETWEEN 100 AND 999),
  answer_body     BLOB,
  CONSTRAINT answered_whole CHECK ((answer_status IS NULL) = (answer_body IS NULL)),
  CONSTRAINT answered_or_released CHECK (answer_status IS NULL OR released = 0)
) STRICT;

CREATE INDEX claims_by_age ON claims (until);
