-- A session goes when nothing names it any more: whether a payment does must not take a walk through all of them.
CREATE INDEX payments_of_session ON payments (payer_session) WHERE payer_session IS NOT NULL;
