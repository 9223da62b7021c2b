-- Words people and companies are sorted by, as staff make them up. name_key is the name without regard to case, import_id the import that made it.
CREATE TABLE tags (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  tone TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  import_id BIGINT
);

-- Who has which, and by which import.
CREATE TABLE record_tags (
  record_id BIGINT NOT NULL,
  subject TEXT NOT NULL CHECK (subject = 'contact' OR subject = 'company'),
  tag_id BIGINT NOT NULL REFERENCES tags (id),
  at BIGINT NOT NULL,
  import_id BIGINT,
  PRIMARY KEY (record_id, tag_id)
);
CREATE INDEX record_tags_tag ON record_tags (tag_id, record_id);
CREATE INDEX record_tags_import ON record_tags (import_id) WHERE import_id IS NOT NULL;

-- For other rooms: every tag of every contact, folded.
CREATE VIEW v_identify_tag AS SELECT h.record_id AS contact_id, t.name_key AS value
FROM record_tags h JOIN tags t ON t.id = h.tag_id WHERE h.subject = 'contact';
