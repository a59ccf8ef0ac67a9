-- Subscriptions have events, too. A table that others do not refer to is made anew, for a column loses its NOT NULL.
CREATE TABLE news (
  number     INTEGER PRIMARY KEY,
  -- The order, or the subscription.
  about_id   BLOB    NOT NULL,
  -- Counts from 1 within the order or subscription, without gaps.
  sequence   INTEGER NOT NULL CHECK (sequence > 0),
  payment_id BLOB    REFERENCES payments,
  kind       TEXT    NOT NULL,
  at         INTEGER NOT NULL,
  -- As it is told, each time.
  body       TEXT    NOT NULL CHECK (json_valid(body)),
  UNIQUE (about_id, sequence),
  CONSTRAINT of_a_payment_or_a_subscription CHECK ((payment_id IS NULL) = (kind LIKE 'subscription.%'))
) STRICT;

INSERT INTO news (number, about_id, sequence, payment_id, kind, at, body)
  SELECT number, order_id, sequence, payment_id, kind, at, body FROM events ORDER BY number;
DROP TABLE events;
ALTER TABLE news RENAME TO events;

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'the events are append-only'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'the events are append-only'); END;
