-- Subscriptions have events, too: an event is about an order or a subscription.
DROP TRIGGER events_are_not_changed ON events;
ALTER TABLE events DROP CONSTRAINT events_order_id_fkey;
ALTER TABLE events RENAME COLUMN order_id TO about_id;
ALTER TABLE events ALTER COLUMN payment_id DROP NOT NULL;
ALTER TABLE events ADD CONSTRAINT of_a_payment_or_a_subscription
  CHECK ((payment_id IS NULL) = (kind LIKE 'subscription.%'));

-- As before: an event is numbered once.
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events FOR EACH ROW
  WHEN (OLD.number IS NOT NULL OR NEW.number IS NULL OR NEW.sequence <> OLD.sequence OR NEW.about_id <> OLD.about_id
    OR NEW.payment_id IS DISTINCT FROM OLD.payment_id OR NEW.kind <> OLD.kind OR NEW.at <> OLD.at
    OR NEW.body <> OLD.body)
  EXECUTE FUNCTION refuse_change();
