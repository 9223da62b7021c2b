-- What a run of the retention rules removed: lines as JSON, one a class of data. No person is named.
CREATE TABLE retention_runs (
  id BIGINT PRIMARY KEY,
  job_id BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'done', 'cancelled')),
  staff_name TEXT NOT NULL,
  lines TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX retention_runs_job ON retention_runs (job_id);

-- People nothing of whom may go by itself, and why.
CREATE TABLE holds (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT NOT NULL,
  reason TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX holds_contact ON holds (contact_id);

-- Since when an import cannot be taken back any more.
ALTER TABLE imports ADD COLUMN undo_gone_at BIGINT;
