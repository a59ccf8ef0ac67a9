-- Which copy of the books this is. A restore makes a new one, and an older one must send nothing any more.
CREATE TABLE generation (
  generation_id INTEGER PRIMARY KEY CHECK (generation_id = 1),
  -- The numbers of the events of a generation begin at number * 2^40, and all stay exact as a browser's double.
  number        INTEGER NOT NULL CHECK (number BETWEEN 0 AND 8190),
  -- When it was restored, until it has been compared with Toss.
  restored_at   INTEGER
) STRICT;
INSERT INTO generation VALUES (1, 0, NULL);
