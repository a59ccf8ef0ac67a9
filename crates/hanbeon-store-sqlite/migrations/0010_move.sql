-- When these books were moved to another store; no server starts on them from then on.
ALTER TABLE generation ADD COLUMN moved_at INTEGER;
