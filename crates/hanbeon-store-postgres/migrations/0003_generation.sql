-- Which copy of the books this is. Books that were restored, or lag behind, become a younger copy, and an older one must
-- send nothing any more.
CREATE TABLE generation (
  generation_id BIGINT NOT NULL PRIMARY KEY CHECK (generation_id = 1),
  -- The numbers of the events of a generation begin at number * 2^40, and all stay exact as a browser's double.
  number        BIGINT NOT NULL CHECK (number BETWEEN 0 AND 8190),
  -- When it became that, until it has been compared with Toss.
  restored_at   BIGINT
);
INSERT INTO generation VALUES (1, 0, NULL);

-- What is forgotten goes oldest first.
CREATE INDEX saved_amounts_by_age ON saved_amounts (saved_at);
