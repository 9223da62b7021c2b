-- What an administrator has changed from its default; a missing row means the default.
CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  updated_at BIGINT NOT NULL,
  staff_id BIGINT
);
