-- How far each journal beside the store has been written into it; moved in the transaction that writes.
CREATE TABLE inbox_marks (
  name TEXT PRIMARY KEY,
  through BIGINT NOT NULL
);
