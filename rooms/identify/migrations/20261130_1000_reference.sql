-- Which record an own field of kind contact or company names. target_id is whom somebody named then and is never rewritten: who that is today
-- is asked of merged_into, so that a merge and a split need to know nothing of it.
CREATE TABLE field_references (
  record_id BIGINT NOT NULL,
  field_id BIGINT NOT NULL,
  target_id BIGINT NOT NULL,
  PRIMARY KEY (record_id, field_id)
);
CREATE INDEX field_references_target ON field_references (target_id, field_id, record_id);
CREATE INDEX field_references_field ON field_references (field_id, record_id);

-- Who is meant today: whom the one named has become part of, nobody who is deleted, and never the record itself.
CREATE VIEW field_meanings AS
SELECT r.record_id, r.field_id, t.id AS target_id FROM field_references r JOIN contacts t ON t.id = r.target_id
WHERE t.deleted_at IS NULL AND t.id <> r.record_id
UNION ALL
SELECT r.record_id, r.field_id, t.id AS target_id FROM contacts t JOIN contacts a ON a.merged_into = t.id JOIN field_references r ON r.target_id = a.id
WHERE t.deleted_at IS NULL AND t.id <> r.record_id
UNION ALL
SELECT r.record_id, r.field_id, c.id AS target_id FROM field_references r JOIN companies c ON c.id = r.target_id
WHERE c.deleted_at IS NULL AND c.id <> r.record_id
UNION ALL
SELECT r.record_id, r.field_id, c.id AS target_id FROM companies c JOIN companies a ON a.merged_into = c.id JOIN field_references r ON r.target_id = a.id
WHERE c.deleted_at IS NULL AND c.id <> r.record_id;

-- For other rooms: what whom a contact's fields name is called, by the field's key; nobody's address.
CREATE VIEW v_identify_named AS
SELECT m.record_id AS contact_id, f.key, t.name FROM field_meanings m JOIN fields f ON f.id = m.field_id AND f.deleted_at IS NULL
JOIN contacts t ON t.id = m.target_id WHERE f.subject = 'contact'
UNION ALL
SELECT m.record_id AS contact_id, f.key, t.name FROM field_meanings m JOIN fields f ON f.id = m.field_id AND f.deleted_at IS NULL
JOIN companies t ON t.id = m.target_id WHERE f.subject = 'contact';

-- For rules of other rooms: whom an own field names today, if they are there and not the record itself. Joins alone, so that a planner comes to
-- it from the records it is asked about.
CREATE VIEW v_identify_reference AS
SELECT r.record_id, r.field_id, COALESCE(t.id, c.id) AS target_id FROM field_references r
LEFT JOIN contacts a ON a.id = r.target_id LEFT JOIN contacts t ON t.id = COALESCE(a.merged_into, a.id) AND t.deleted_at IS NULL
LEFT JOIN companies b ON b.id = r.target_id LEFT JOIN companies c ON c.id = COALESCE(b.merged_into, b.id) AND c.deleted_at IS NULL
WHERE COALESCE(t.id, c.id) <> r.record_id;

-- The same of the companies that are there.
CREATE VIEW v_identify_company_reference AS
SELECT f.record_id AS company_id, f.field_id, f.target_id FROM companies o JOIN v_identify_reference f ON f.record_id = o.id WHERE o.deleted_at IS NULL;

-- Who names a record, whether it is there or not.
CREATE VIEW v_identify_naming AS SELECT target_id, field_id, record_id FROM field_references;
