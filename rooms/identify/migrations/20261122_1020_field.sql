-- Fields this workspace has added to contacts or to companies. Values are typed rows here, whosever they are, and, for display, a JSON copy
-- in contacts.fields or companies.fields. Dates are µs UTC, booleans 0 or 1 and money minor units in field_numbers. Options of choices are known by keys that never change.
CREATE TABLE fields (
  id BIGINT PRIMARY KEY,
  -- What has it.
  subject TEXT NOT NULL CHECK (subject = 'contact' OR subject = 'company'),
  key TEXT NOT NULL,
  label TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'money', 'date', 'bool', 'choice', 'choices', 'contact', 'company')),
  -- ISO 4217 code of money; one per field, so that amounts can be compared.
  currency TEXT,
  -- [{key, label, gone}] in menu order; gone is set while an option's values are being removed.
  options TEXT NOT NULL,
  -- Grows whenever the options change.
  revision BIGINT NOT NULL,
  position BIGINT NOT NULL,
  import_id BIGINT,
  created_at BIGINT NOT NULL,
  -- Set while its values are being removed.
  deleted_at BIGINT
);
CREATE UNIQUE INDEX fields_key ON fields (subject, key) WHERE deleted_at IS NULL;

CREATE TABLE field_texts (
  record_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  value TEXT NOT NULL,
  value_key TEXT NOT NULL,
  PRIMARY KEY (record_id, field_id)
);
CREATE INDEX contact_texts_value ON field_texts (field_id, value_key, record_id);

CREATE TABLE field_numbers (
  record_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  PRIMARY KEY (record_id, field_id)
);
CREATE INDEX contact_numbers_value ON field_numbers (field_id, value, record_id);

-- What a record has of choices: one row per option.
CREATE TABLE field_choices (
  record_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  choice TEXT NOT NULL,
  PRIMARY KEY (record_id, field_id, choice)
);
CREATE INDEX contact_choices_value ON field_choices (field_id, choice, record_id);

-- For other rooms: the fields of contacts; a row of one of these fields is a contact's.
CREATE VIEW v_identify_field AS SELECT id, key, label, kind, currency, options, revision, position FROM fields
WHERE deleted_at IS NULL AND subject = 'contact';
CREATE VIEW v_identify_contact_text AS SELECT record_id AS contact_id, field_id, value_key FROM field_texts;
CREATE VIEW v_identify_contact_number AS SELECT record_id AS contact_id, field_id, value FROM field_numbers;
CREATE VIEW v_identify_contact_choice AS SELECT record_id AS contact_id, field_id, choice FROM field_choices;
