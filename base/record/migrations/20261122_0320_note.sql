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
  deleted_at BIGINT,
  pinned_at BIGINT
);
CREATE INDEX notes_record ON notes (record_id, created_at);

-- What a note said before somebody changed it: until when, and who changed it.
CREATE TABLE note_versions (
  id BIGINT PRIMARY KEY,
  note_id BIGINT NOT NULL,
  record_id BIGINT NOT NULL,
  body TEXT NOT NULL,
  staff_id BIGINT NOT NULL,
  staff_name TEXT NOT NULL,
  until_at BIGINT NOT NULL
);
CREATE INDEX note_versions_note ON note_versions (note_id, until_at);
CREATE INDEX note_versions_record ON note_versions (record_id);
