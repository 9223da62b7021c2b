-- Files brought in, what became of each line, and what is needed to take it all back.
CREATE TABLE imports (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('contacts', 'companies', 'events')),
  state TEXT NOT NULL CHECK (state IN ('draft', 'waiting', 'running', 'done', 'failed', 'undoing', 'undone')),
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
CREATE INDEX imports_recent ON imports (created_at);

-- The uploaded file as it came, base 64, until the import is over.
CREATE TABLE import_chunks (
  import_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (import_id, number)
);

-- Lines that were not taken. cause is a code, detail the column or value it is about.
CREATE TABLE import_errors (
  import_id BIGINT NOT NULL,
  line BIGINT NOT NULL,
  cause TEXT NOT NULL,
  detail TEXT NOT NULL,
  PRIMARY KEY (import_id, line)
);

-- What an import changed on people or companies that were there before: {"field": [before, after], …}.
CREATE TABLE import_changes (
  import_id BIGINT NOT NULL,
  record_id BIGINT NOT NULL,
  changes TEXT NOT NULL,
  updated_before_at BIGINT NOT NULL,
  updated_after_at BIGINT NOT NULL,
  PRIMARY KEY (import_id, record_id)
);
CREATE INDEX import_changes_record ON import_changes (record_id);
