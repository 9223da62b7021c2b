-- What the last search learned of all contacts, and of all companies.
CREATE TABLE duplicate_models (
  subject TEXT PRIMARY KEY CHECK (subject = 'contact' OR subject = 'company'),
  model TEXT NOT NULL,
  records BIGINT NOT NULL,
  at BIGINT NOT NULL
);

-- Which two records were taken for the same. left_id is the lower one. state: found by the search, or told apart by somebody, which no search
-- takes back.
CREATE TABLE duplicate_pairs (
  left_id BIGINT NOT NULL,
  right_id BIGINT NOT NULL,
  subject TEXT NOT NULL CHECK (subject = 'contact' OR subject = 'company'),
  probability DOUBLE PRECISION NOT NULL,
  -- [{"column": ..., "level": ..., "weight": bits}, ...]
  evidence TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'found' OR state = 'apart'),
  found_at BIGINT NOT NULL,
  decided_at BIGINT,
  decided_by TEXT,
  PRIMARY KEY (left_id, right_id)
);
CREATE INDEX duplicate_pairs_right ON duplicate_pairs (right_id);
CREATE INDEX duplicate_pairs_likely ON duplicate_pairs (subject, state, probability, left_id, right_id);
