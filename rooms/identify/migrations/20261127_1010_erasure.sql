-- Receipts of people who were erased: by whom, when, how many rows of each table. No name, no address.
CREATE TABLE erasures (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  staff_id BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  -- The id the record had. It leads nowhere any more, but tells which request this answers.
  record_id BIGINT NOT NULL,
  -- The record and those that had become part of it.
  records BIGINT NOT NULL,
  -- [{"table": ..., "rows": ..., "kept": rows that stay without the person}, ...]
  counts TEXT NOT NULL,
  -- Uploaded files of imports that were not over: they may still hold the person.
  open_files BIGINT NOT NULL,
  -- When the store had forgotten what was deleted.
  forgotten_at BIGINT
);
CREATE INDEX erasures_waiting ON erasures (at) WHERE forgotten_at IS NULL;
