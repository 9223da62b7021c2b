-- An import can be cancelled: one more state. A check cannot be changed in place on every engine, so the table is made anew.
CREATE TABLE imports_new (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('contacts', 'companies', 'events')),
  state TEXT NOT NULL CHECK (state IN ('draft', 'waiting', 'running', 'done', 'failed', 'cancelled', 'undoing', 'undone')),
  file_name TEXT NOT NULL,
  file_bytes BIGINT NOT NULL,
  plan TEXT NOT NULL,
  total_rows BIGINT,
  rows_read BIGINT NOT NULL,
  created BIGINT NOT NULL,
  updated BIGINT NOT NULL,
  skipped BIGINT NOT NULL,
  rejected BIGINT NOT NULL,
  job_id BIGINT,
  staff_id BIGINT NOT NULL,
  error TEXT,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
INSERT INTO imports_new (id, kind, state, file_name, file_bytes, plan, total_rows, rows_read, created, updated, skipped, rejected, job_id, staff_id, error, created_at, finished_at)
SELECT id, kind, state, file_name, file_bytes, plan, total_rows, rows_read, created, updated, skipped, rejected, job_id, staff_id, error, created_at, finished_at FROM imports;
DROP TABLE imports;
ALTER TABLE imports_new RENAME TO imports;
CREATE INDEX imports_recent ON imports (created_at);
