-- The same CHECKs in words that cost less. For `x IN (a, b, c)` SQLite makes a table of the three at every INSERT and UPDATE,
-- eight tables per confirm; for `x = a OR x = b OR x = c` it compares. What is allowed stays the same and no row is touched:
-- only the text of the schema changes, which SQLite allows for CHECKs.
PRAGMA writable_schema = ON;

UPDATE sqlite_schema SET sql = replace(replace(replace(replace(sql,
  'CHECK (toss_payment_status IN (
    ''READY'', ''IN_PROGRESS'', ''WAITING_FOR_DEPOSIT'', ''DONE'', ''CANCELED'', ''PARTIAL_CANCELED'', ''ABORTED'', ''EXPIRED'',
    ''UNKNOWN''))',
  'CHECK (
    toss_payment_status = ''DONE'' OR toss_payment_status = ''READY'' OR toss_payment_status = ''IN_PROGRESS''
    OR toss_payment_status = ''WAITING_FOR_DEPOSIT'' OR toss_payment_status = ''CANCELED''
    OR toss_payment_status = ''PARTIAL_CANCELED'' OR toss_payment_status = ''ABORTED''
    OR toss_payment_status = ''EXPIRED'' OR toss_payment_status = ''UNKNOWN'')'),
  'CHECK (state IN (
    ''confirming'', ''waiting_for_deposit'', ''paid'', ''canceling'', ''partially_canceled'', ''canceled'', ''declined'',
    ''expired'', ''needs_review''))',
  'CHECK (
    state = ''confirming'' OR state = ''paid'' OR state = ''waiting_for_deposit'' OR state = ''canceling''
    OR state = ''partially_canceled'' OR state = ''canceled'' OR state = ''declined'' OR state = ''expired''
    OR state = ''needs_review'')'),
  'CHECK (canceled_by IN (''request'', ''compensation'', ''elsewhere''))',
  'CHECK (canceled_by = ''request'' OR canceled_by = ''compensation'' OR canceled_by = ''elsewhere'')'),
  'CHECK (told_state IN (
  ''waiting_for_deposit'', ''paid'', ''partially_canceled'', ''canceled'', ''declined'', ''expired'', ''needs_review''))',
  'CHECK (
  told_state = ''paid'' OR told_state = ''waiting_for_deposit'' OR told_state = ''partially_canceled''
  OR told_state = ''canceled'' OR told_state = ''declined'' OR told_state = ''expired''
  OR told_state = ''needs_review'')')
  WHERE type = 'table' AND name = 'payments';

UPDATE sqlite_schema SET sql = replace(replace(sql,
  'CHECK (state IN (
    ''queued'', ''sending'', ''done'', ''refused'', ''needs_review'', ''elsewhere''))',
  'CHECK (
    state = ''queued'' OR state = ''sending'' OR state = ''done'' OR state = ''refused'' OR state = ''needs_review''
    OR state = ''elsewhere'')'),
  'CHECK (cause IN (''requested'', ''compensation'', ''late_success''))',
  'CHECK (cause = ''requested'' OR cause = ''compensation'' OR cause = ''late_success'')')
  WHERE type = 'table' AND name = 'refunds';

PRAGMA writable_schema = RESET;
-- Makes every other connection read the schema again.
CREATE TABLE reread (x INTEGER) STRICT;
DROP TABLE reread;
