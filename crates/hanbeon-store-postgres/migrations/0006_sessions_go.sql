-- A session goes when nothing names it any more: whether a payment does must not take a walk through all of them. It may be there
-- already: with millions of payments it is made beforehand, beside those who write (docs/runbooks/upgrade.md).
CREATE INDEX IF NOT EXISTS payments_of_session ON payments (payer_session) WHERE payer_session IS NOT NULL;
