-- Which books are coming in from another store; no server starts before they are whole.
ALTER TABLE generation ADD COLUMN moving_from BYTEA CHECK (length(moving_from) = 32);
