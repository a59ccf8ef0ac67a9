-- Cash receipts of payments, and their cancels. The buyer's number is nowhere in here.

CREATE TABLE receipts (
  receipt_id       BLOB    NOT NULL PRIMARY KEY CHECK (length(receipt_id) = 16),
  payment_id       BLOB    NOT NULL REFERENCES payments,
  kind             TEXT    NOT NULL CHECK (kind IN ('소득공제', '지출증빙')),
  amount           INTEGER NOT NULL CHECK (amount > 0),
  -- The sum of its cancels.
  canceled_amount  INTEGER NOT NULL CHECK (canceled_amount BETWEEN 0 AND amount),
  created_at       INTEGER NOT NULL,
  version          INTEGER NOT NULL CHECK (version > 0),
  due_at           INTEGER,
  state            TEXT    NOT NULL CHECK (state IN (
    'issuing', 'issued', 'canceling', 'canceled', 'failed', 'needs_review')),
  toss_receipt_key TEXT    UNIQUE CHECK (octet_length(toss_receipt_key) BETWEEN 1 AND 200),
  url              TEXT,
  tries            INTEGER CHECK (tries >= 0),
  -- The cancel that is under way, also while a human looks at it.
  cancel_amount    INTEGER CHECK (cancel_amount > 0),
  cancel_since     INTEGER,
  called_at        INTEGER,
  round            INTEGER CHECK (round >= 0),
  answered         INTEGER CHECK (answered IN (0, 1)),
  landing          INTEGER CHECK (landing IN (0, 1)),
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
) STRICT;

-- One receipt at a time: another one follows only one that is cancelled, or that there never was.
CREATE UNIQUE INDEX one_receipt_per_payment ON receipts (payment_id) WHERE state NOT IN ('canceled', 'failed');
CREATE INDEX receipts_of_payment ON receipts (payment_id);
CREATE INDEX receipts_due ON receipts (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX receipts_to_review ON receipts (receipt_id) WHERE state = 'needs_review';

CREATE TABLE receipt_cancels (
  receipt_id  BLOB    NOT NULL REFERENCES receipts,
  -- Counts from 1 within the receipt.
  ordinal     INTEGER NOT NULL CHECK (ordinal > 0),
  amount      INTEGER NOT NULL CHECK (amount > 0),
  -- In Toss's words: part of what tells one from another.
  canceled_at INTEGER NOT NULL,
  PRIMARY KEY (receipt_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER receipt_cancels_are_not_changed BEFORE UPDATE ON receipt_cancels
BEGIN SELECT RAISE(ABORT, 'what was cancelled stays'); END;
CREATE TRIGGER receipt_cancels_are_not_deleted BEFORE DELETE ON receipt_cancels
BEGIN SELECT RAISE(ABORT, 'what was cancelled stays'); END;

-- Money goes back, whoever gives it: in the same transaction somebody is to look at the receipt.
CREATE TRIGGER receipts_follow_their_payment AFTER UPDATE OF captured_amount, refunded_amount ON payments
WHEN NEW.captured_amount - NEW.refunded_amount < OLD.captured_amount - OLD.refunded_amount
BEGIN
  UPDATE receipts SET due_at = NEW.updated_at
    WHERE payment_id = NEW.payment_id AND state = 'issued'
      AND amount - canceled_amount > NEW.captured_amount - NEW.refunded_amount;
END;
