-- Words people and companies are sorted by, as staff make them up. name_key is the name without regard to case; it is NULL once the tag was deleted
-- or became part of another: then nobody finds it any more, and its name is free. import_id is the import that made it.
CREATE TABLE tags (
  id BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  name_key TEXT UNIQUE,
  tone TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  import_id BIGINT,
  -- Since when it is deleted. Who has it stays written for as long as it can come back.
  deleted_at BIGINT,
  -- What it became part of. The row stays, so that addresses and views that name it lead there.
  merged_into BIGINT
);

-- Names a tag had before, or that became part of it: rules, files and whoever types them mean it still.
CREATE TABLE tag_aliases (
  name_key TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  tag_id BIGINT NOT NULL
);
CREATE INDEX tag_aliases_tag ON tag_aliases (tag_id);

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

-- For other rooms: every tag of every contact, folded, under each of its names.
CREATE VIEW v_identify_tag AS
SELECT h.record_id AS contact_id, t.name_key AS value FROM record_tags h JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL WHERE h.subject = 'contact'
UNION ALL
SELECT h.record_id AS contact_id, a.name_key AS value FROM record_tags h JOIN tag_aliases a ON a.tag_id = h.tag_id
JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL WHERE h.subject = 'contact';
