-- Words people are sorted by, as staff make them up. name_key is the name without regard to case.
CREATE TABLE tags (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT NOT NULL UNIQUE,
  tone TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

-- Who has which.
CREATE TABLE contact_tags (
  contact_id BIGINT NOT NULL,
  tag_id BIGINT NOT NULL REFERENCES tags (id),
  at BIGINT NOT NULL,
  PRIMARY KEY (contact_id, tag_id)
);
CREATE INDEX contact_tags_tag ON contact_tags (tag_id, contact_id);

-- For other rooms: every tag of everybody, folded.
CREATE VIEW v_identify_tag AS SELECT h.contact_id, t.name_key AS value FROM contact_tags h JOIN tags t ON t.id = h.tag_id;
