CREATE TABLE jobs (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'ready' OR state = 'running' OR state = 'done' OR state = 'failed' OR state = 'cancelled'),
  run_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  unique_key TEXT,
  worker TEXT,
  lease_until BIGINT,
  last_error TEXT,
  done_count BIGINT NOT NULL,
  total_count BIGINT,
  cancel_asked BOOLEAN NOT NULL,
  result TEXT,
  staff_id BIGINT,
  created_at BIGINT NOT NULL,
  finished_at BIGINT
);
CREATE INDEX jobs_due ON jobs (run_at) WHERE state = 'ready';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX jobs_unique_key ON jobs (unique_key) WHERE unique_key IS NOT NULL AND state IN ('ready', 'running');

-- One row per thing that becomes due at an exact moment: a window that closes, a score that falls below its threshold.
CREATE TABLE timers (
  kind TEXT NOT NULL,
  key BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  PRIMARY KEY (kind, key)
);
CREATE INDEX timers_due ON timers (kind, due_at);
