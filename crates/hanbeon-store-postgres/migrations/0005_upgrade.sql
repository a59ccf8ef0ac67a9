-- From which schema on a program may work beside this migration, although it does not know it. Nothing: only those that
-- know it.
ALTER TABLE schema_migrations ADD COLUMN usable_from BIGINT CHECK (usable_from BETWEEN 5 AND version);
