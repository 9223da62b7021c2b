-- Fields this workspace has added to contacts. Values are typed rows here and, for display, a JSON copy in contacts.fields.
-- Dates are µs UTC and booleans 0 or 1 in contact_numbers.
CREATE TABLE fields (
  id BIGINT PRIMARY KEY,
  key TEXT NOT NULL,
  label TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'date', 'bool')),
  position BIGINT NOT NULL,
  import_id BIGINT,
  created_at BIGINT NOT NULL,
  -- Set while its values are being removed.
  deleted_at BIGINT
);
CREATE UNIQUE INDEX fields_key ON fields (key) WHERE deleted_at IS NULL;

CREATE TABLE contact_texts (
  contact_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  value TEXT NOT NULL,
  value_key TEXT NOT NULL,
  PRIMARY KEY (contact_id, field_id)
);
CREATE INDEX contact_texts_value ON contact_texts (field_id, value_key, contact_id);

CREATE TABLE contact_numbers (
  contact_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (contact_id, field_id)
);
CREATE INDEX contact_numbers_value ON contact_numbers (field_id, value, contact_id);

CREATE VIEW v_identify_field AS SELECT id, key, label, kind, position FROM fields WHERE deleted_at IS NULL;
CREATE VIEW v_identify_contact_text AS SELECT contact_id, field_id, value_key FROM contact_texts;
CREATE VIEW v_identify_contact_number AS SELECT contact_id, field_id, value FROM contact_numbers;
