-- Who changed what, and what it was before. Rows are only ever added.
CREATE TABLE audit_log (
  id BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  staff_id BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  via TEXT NOT NULL CHECK (via IN ('session', 'api_key', 'system')),
  action TEXT NOT NULL,
  kind TEXT NOT NULL,
  record_id BIGINT NOT NULL,
  before_json TEXT,
  after_json TEXT
);
CREATE INDEX audit_log_record ON audit_log (kind, record_id, id);
CREATE INDEX audit_log_staff ON audit_log (staff_id, id);
-- How many addresses somebody has had shown today is asked each time one is.
CREATE INDEX audit_log_revealed ON audit_log (staff_id, at) WHERE action = 'contact.revealed';
-- What somebody did to tags at a moment is looked up to take it back.
CREATE INDEX audit_log_tagged ON audit_log (staff_id, at) WHERE action = 'contact.tags_changed';
