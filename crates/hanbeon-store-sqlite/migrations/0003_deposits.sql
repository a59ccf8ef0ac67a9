-- What the shop was last told of a payment; and when a deposit that was seen once may be told.
ALTER TABLE payments ADD COLUMN told_state TEXT CHECK (told_state IN (
  'waiting_for_deposit', 'paid', 'partially_canceled', 'canceled', 'declined', 'expired', 'needs_review'));
ALTER TABLE payments ADD COLUMN told_refunded INTEGER
  CHECK ((told_refunded IS NULL) = (told_state IS NULL) AND told_refunded >= 0);
ALTER TABLE payments ADD COLUMN settles_at INTEGER CHECK (settles_at IS NULL OR state = 'paid');

-- Nobody could be told before there were events: what payments are now counts as known.
UPDATE payments SET told_state = state, told_refunded = refunded_amount
  WHERE state NOT IN ('confirming', 'canceling');
UPDATE payments SET told_refunded = refunded_amount,
  told_state = CASE WHEN captured_amount = 0 THEN 'waiting_for_deposit' WHEN refunded_amount > 0 THEN 'partially_canceled'
    ELSE 'paid' END
  WHERE state = 'canceling';

-- The events, in the order in which they became true.
CREATE TABLE events (
  number     INTEGER PRIMARY KEY,
  order_id   BLOB    NOT NULL REFERENCES orders,
  -- Counts from 1 within the order, without gaps.
  sequence   INTEGER NOT NULL CHECK (sequence > 0),
  payment_id BLOB    NOT NULL REFERENCES payments,
  kind       TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  -- As it is told, each time.
  body       TEXT    NOT NULL CHECK (json_valid(body)),
  UNIQUE (order_id, sequence)
) STRICT;

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the events are append-only'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the events are append-only'); END;

-- Where the money of a refund is to go: sealed by a key that is not in here, and gone when the refund has ended.
CREATE TABLE refund_accounts (
  refund_id BLOB NOT NULL PRIMARY KEY REFERENCES refunds (refund_id),
  sealed_by TEXT NOT NULL,
  sealed    BLOB NOT NULL
) STRICT;
