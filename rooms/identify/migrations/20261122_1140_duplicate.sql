-- What the last search learned of everybody, and whom it took for the same person.
CREATE TABLE duplicate_models (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  model TEXT NOT NULL,
  contacts BIGINT NOT NULL,
  at BIGINT NOT NULL
);

-- left_id is the lower one. state: found by the search, or told apart by somebody, which no search takes back.
CREATE TABLE duplicate_pairs (
  left_id BIGINT NOT NULL,
  right_id BIGINT NOT NULL,
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
CREATE INDEX duplicate_pairs_likely ON duplicate_pairs (state, probability, left_id, right_id);
