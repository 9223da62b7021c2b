-- What somebody wrote about a record. record_id is an id of any kind; ids are unique over all kinds.
CREATE TABLE notes (
  id BIGINT PRIMARY KEY,
  kind TEXT NOT NULL,
  record_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT
);
CREATE INDEX notes_record ON notes (record_id, created_at);
