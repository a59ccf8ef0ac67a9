-- Charges without a window: customers, their billing keys (sealed), charges and subscriptions.

CREATE TABLE customers (
  customer_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(customer_id) = 16),
  -- Toss's name for the buyer. A billing key is of use only together with the one that it was issued for.
  customer_key TEXT    NOT NULL UNIQUE CHECK (octet_length(customer_key) BETWEEN 2 AND 300),
  created_at   INTEGER NOT NULL
) STRICT;

CREATE TRIGGER customers_are_not_changed BEFORE UPDATE ON customers
BEGIN SELECT RAISE(ABORT, 'a customer key never changes'); END;

CREATE TABLE billing_keys (
  billing_key_id  BLOB    NOT NULL PRIMARY KEY CHECK (length(billing_key_id) = 16),
  customer_id     BLOB    NOT NULL REFERENCES customers,
  created_at      INTEGER NOT NULL,
  version         INTEGER NOT NULL CHECK (version > 0),
  due_at          INTEGER,
  state           TEXT    NOT NULL CHECK (state IN ('issuing', 'active', 'deleting', 'deleted', 'refused')),
  tries           INTEGER CHECK (tries >= 0),
  label           TEXT,
  doubted_at      INTEGER,
  -- The buyer's one-time proof while it is being issued, then Toss's key: encrypted, and bound to the customer key.
  sealed_by       TEXT,
  sealed          BLOB,
  -- SHA-256 of Toss's key.
  fingerprint     BLOB    UNIQUE CHECK (length(fingerprint) = 32),
  refusal_status  INTEGER CHECK (refusal_status BETWEEN 0 AND 65535),
  refusal_code    TEXT,
  refusal_message TEXT,
  refusal_body    BLOB,
  CONSTRAINT secret_while_of_use CHECK ((sealed IS NOT NULL) = (state IN ('issuing', 'active', 'deleting'))
    AND (sealed_by IS NOT NULL) = (sealed IS NOT NULL)),
  CONSTRAINT moving_is_due CHECK (due_at IS NOT NULL OR state NOT IN ('issuing', 'deleting')),
  CONSTRAINT tries_while_moving CHECK ((tries IS NOT NULL) = (state IN ('issuing', 'deleting'))),
  CONSTRAINT refused_with_refusal CHECK ((refusal_status IS NOT NULL) = (state = 'refused')
    AND (refusal_code IS NOT NULL) = (state = 'refused') AND (refusal_message IS NOT NULL) = (state = 'refused')
    AND (refusal_body IS NOT NULL) = (state = 'refused'))
) STRICT;

CREATE INDEX billing_keys_of_customer ON billing_keys (customer_id);
CREATE INDEX billing_keys_due ON billing_keys (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE subscriptions (
  subscription_id BLOB    NOT NULL PRIMARY KEY CHECK (length(subscription_id) = 16),
  customer_id     BLOB    NOT NULL REFERENCES customers,
  billing_key_id  BLOB    NOT NULL REFERENCES billing_keys,
  amount          INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
  order_name      TEXT    NOT NULL CHECK (octet_length(order_name) BETWEEN 1 AND 400),
  -- YYYY-MM-DD, in Korea.
  start_day       TEXT    NOT NULL CHECK (length(start_day) = 10),
  anchor          INTEGER NOT NULL CHECK (anchor BETWEEN 1 AND 31),
  months          INTEGER NOT NULL CHECK (months BETWEEN 1 AND 12),
  created_at      INTEGER NOT NULL,
  version         INTEGER NOT NULL CHECK (version > 0),
  period          INTEGER NOT NULL CHECK (period >= 0),
  status          TEXT    NOT NULL CHECK (status IN ('active', 'past_due', 'unpaid', 'paused', 'canceled')),
  retry_now       INTEGER NOT NULL CHECK (retry_now IN (0, 1)),
  due_at          INTEGER
) STRICT;

CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE charges (
  charge_id       BLOB    NOT NULL PRIMARY KEY CHECK (length(charge_id) = 16),
  customer_id     BLOB    NOT NULL REFERENCES customers,
  billing_key_id  BLOB    NOT NULL REFERENCES billing_keys,
  subscription_id BLOB    REFERENCES subscriptions,
  period          INTEGER CHECK (period >= 0),
  ordinal         INTEGER CHECK (ordinal >= 0),
  -- Toss charges an order once.
  toss_order_id   TEXT    NOT NULL UNIQUE CHECK (octet_length(toss_order_id) BETWEEN 6 AND 64),
  amount          INTEGER NOT NULL CHECK (amount BETWEEN 1 AND 9007199254740991),
  order_name      TEXT    NOT NULL CHECK (octet_length(order_name) BETWEEN 1 AND 400),
  created_at      INTEGER NOT NULL,
  version         INTEGER NOT NULL CHECK (version > 0),
  due_at          INTEGER,
  state           TEXT    NOT NULL CHECK (state IN ('charging', 'done', 'refused')),
  settled_at      INTEGER,
  tries           INTEGER CHECK (tries >= 0),
  round           INTEGER CHECK (round >= 0),
  answered        INTEGER CHECK (answered IN (0, 1)),
  -- While it is being charged, a refusal that a read has not confirmed yet.
  refusal_status  INTEGER CHECK (refusal_status BETWEEN 0 AND 65535),
  refusal_code    TEXT,
  refusal_message TEXT,
  refusal_body    BLOB,
  -- The payment that it ended in.
  payment_id      BLOB    REFERENCES payments,
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
) STRICT;

-- One charge per period: whatever the program and the clock do, another one follows only a refusal.
CREATE UNIQUE INDEX one_charge_per_period ON charges (subscription_id, period)
  WHERE subscription_id IS NOT NULL AND state <> 'refused';
CREATE INDEX charges_due ON charges (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX open_charges_of_key ON charges (billing_key_id) WHERE state = 'charging';
