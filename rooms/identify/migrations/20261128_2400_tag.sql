-- Words people are sorted by, as staff make them up. name_key is the name without regard to case, import_id the import that made it.
CREATE TABLE tags (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  tone TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  import_id BIGINT
);

-- Who has which, and by which import.
CREATE TABLE contact_tags (
  contact_id BIGINT NOT NULL,
  tag_id BIGINT NOT NULL REFERENCES tags (id),
  at BIGINT NOT NULL,
  import_id BIGINT,
  PRIMARY KEY (contact_id, tag_id)
);
CREATE INDEX contact_tags_tag ON contact_tags (tag_id, contact_id);
CREATE INDEX contact_tags_import ON contact_tags (import_id) WHERE import_id IS NOT NULL;

-- For other rooms: every tag of everybody, folded.
CREATE VIEW v_identify_tag AS SELECT h.contact_id, t.name_key AS value FROM contact_tags h JOIN tags t ON t.id = h.tag_id;
