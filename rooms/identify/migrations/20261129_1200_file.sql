-- Files on a contact or a company. One that is coming in, or whose sender broke off, has no kept_at.
CREATE TABLE files (
  id BIGINT PRIMARY KEY,
  contact_id BIGINT,
  company_id BIGINT,
  file_name TEXT NOT NULL,
  bytes BIGINT NOT NULL,
  staff_id BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  kept_at BIGINT,
  deleted_at BIGINT,
  CHECK ((contact_id IS NULL) <> (company_id IS NULL))
);
CREATE INDEX files_contact ON files (contact_id, id) WHERE contact_id IS NOT NULL;
CREATE INDEX files_company ON files (company_id, id) WHERE company_id IS NOT NULL;
CREATE INDEX files_going ON files (deleted_at) WHERE deleted_at IS NOT NULL;

-- What is in them, piece by piece, base 64.
CREATE TABLE file_chunks (
  file_id BIGINT NOT NULL,
  number BIGINT NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (file_id, number)
);
