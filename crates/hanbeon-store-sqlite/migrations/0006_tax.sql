-- How orders, what is left of payments, and refunds are taxed. Rows from before say nothing of it: orders named no part.
ALTER TABLE orders ADD COLUMN tax_free_amount INTEGER NOT NULL DEFAULT 0 CHECK (tax_free_amount >= 0);
ALTER TABLE orders ADD COLUMN tax_exemption_amount INTEGER NOT NULL DEFAULT 0
  CHECK (tax_exemption_amount >= 0) CONSTRAINT untaxed_within_total CHECK (tax_free_amount + tax_exemption_amount <= total_amount);

-- What Toss last said of what is left; NULL until it has. That the parts add up is Toss's to keep, and ours to report.
ALTER TABLE payments ADD COLUMN supplied_amount INTEGER CHECK (supplied_amount >= 0);
ALTER TABLE payments ADD COLUMN vat INTEGER CHECK (vat >= 0 AND (vat IS NULL) = (supplied_amount IS NULL));
ALTER TABLE payments ADD COLUMN tax_free_amount INTEGER
  CHECK (tax_free_amount >= 0 AND (tax_free_amount IS NULL) = (supplied_amount IS NULL));
ALTER TABLE payments ADD COLUMN tax_exemption_amount INTEGER
  CHECK (tax_exemption_amount >= 0 AND (tax_exemption_amount IS NULL) = (supplied_amount IS NULL));

-- What of a refund is not taxed; NULL when nobody has said it.
ALTER TABLE refunds ADD COLUMN tax_free_amount INTEGER CHECK (tax_free_amount >= 0);
ALTER TABLE refunds ADD COLUMN tax_exemption_amount INTEGER
  CHECK (tax_exemption_amount >= 0 AND (tax_exemption_amount IS NULL) = (tax_free_amount IS NULL))
  CONSTRAINT untaxed_within_amount CHECK (state = 'elsewhere' OR tax_free_amount + tax_exemption_amount <= amount);
