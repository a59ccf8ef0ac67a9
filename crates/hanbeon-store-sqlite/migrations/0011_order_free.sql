-- Whether a payment leaves its order free, as a column of its own. An index on what is worked out from the state is written anew
-- each time the state changes; this one changes only when the answer does.
ALTER TABLE payments ADD COLUMN leaves_order_free INTEGER NOT NULL DEFAULT 0
  CHECK (leaves_order_free = 0 OR leaves_order_free = 1);
UPDATE payments SET leaves_order_free = 1 WHERE holds_order = 0;

-- One charge per order, as before.
DROP INDEX one_charge_per_order;
CREATE UNIQUE INDEX one_charge_per_order ON payments (order_id) WHERE leaves_order_free = 0;

-- And it cannot say anything else than the state. SQLite tests the rows that there are when a column is added, which had to be
-- filled first: so the words of its CHECK change afterwards.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
  'CHECK (leaves_order_free = 0 OR leaves_order_free = 1)',
  'CONSTRAINT order_is_held_or_free CHECK (leaves_order_free = 1 - holds_order)')
  WHERE type = 'table' AND name = 'payments';
PRAGMA writable_schema = RESET;
-- Makes every other connection read the schema again.
CREATE TABLE reread (x INTEGER) STRICT;
DROP TABLE reread;
