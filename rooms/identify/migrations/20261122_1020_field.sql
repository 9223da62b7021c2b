-- Fields this workspace has added to contacts. Values are typed rows here and, for display, a JSON copy in contacts.fields.
-- Dates are µs UTC, booleans 0 or 1 and money minor units in contact_numbers. Options of choices are known by keys that never change.
CREATE TABLE fields (
  id BIGINT PRIMARY KEY,
  key TEXT NOT NULL,
  label TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('text', 'number', 'money', 'date', 'bool', 'choice', 'choices')),
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

-- What a contact has of choices: one row per option.
CREATE TABLE contact_choices (
  contact_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  choice TEXT NOT NULL,
  PRIMARY KEY (contact_id, field_id, choice)
);
CREATE INDEX contact_choices_value ON contact_choices (field_id, choice, contact_id);

CREATE VIEW v_identify_field AS SELECT id, key, label, kind, currency, options, revision, position FROM fields WHERE deleted_at IS NULL;
CREATE VIEW v_identify_contact_text AS SELECT contact_id, field_id, value_key FROM contact_texts;
CREATE VIEW v_identify_contact_number AS SELECT contact_id, field_id, value FROM contact_numbers;
CREATE VIEW v_identify_contact_choice AS SELECT contact_id, field_id, choice FROM contact_choices;
