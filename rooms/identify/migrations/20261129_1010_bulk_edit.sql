-- One change of one attribute of many contacts or companies, asked for once, done and perhaps undone by a job.
CREATE TABLE bulk_edits (
  id BIGINT PRIMARY KEY,
  staff_id BIGINT NOT NULL,
  -- What it is of.
  subject TEXT NOT NULL CHECK (subject = 'contact' OR subject = 'company'),
  state TEXT NOT NULL CHECK (state = 'waiting' OR state = 'running' OR state = 'done' OR state = 'failed' OR state = 'cancelled' OR state = 'undoing' OR state = 'undone'),
  -- city, owner_id, company_id … or f: and the key of an own field.
  attribute TEXT NOT NULL,
  -- What it becomes, JSON; null empties it.
  value TEXT NOT NULL,
  -- What became of its rows; the counters go with them.
  total BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  same BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  restored BIGINT NOT NULL,
  kept BIGINT NOT NULL,
  job_id BIGINT,
  created_at BIGINT NOT NULL
);
CREATE INDEX bulk_edits_staff ON bulk_edits (staff_id, id);

-- What it is about: fixed when it is asked for, each with what it was before. Kept for 30 days, for as long as it can be undone.
CREATE TABLE bulk_rows (
  edit_id BIGINT NOT NULL,
  -- A contact or a company: ids never meet.
  record_id BIGINT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'planned' OR state = 'changed' OR state = 'same' OR state = 'refused' OR state = 'restored' OR state = 'left'),
  -- Why it was refused, or kept when the rest was undone.
  cause TEXT CHECK (cause = 'scope' OR cause = 'gone' OR cause = 'changed' OR cause = 'value' OR cause = 'hidden' OR cause = 'itself'),
  -- {attribute: value} as it was, and where that came from if it was noted.
  before_json TEXT,
  fact TEXT,
  before_at BIGINT,
  after_at BIGINT,
  PRIMARY KEY (edit_id, record_id)
);
CREATE INDEX bulk_rows_state ON bulk_rows (edit_id, state, record_id);
CREATE INDEX bulk_rows_record ON bulk_rows (record_id);
