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

-- Who is meant today: whom the one named has become part of, nobody who is deleted, and never the record itself. Joins alone, here and below, so that
-- a planner comes to it from the records it is asked about; a union of joins is read whole.
CREATE VIEW field_meanings AS
SELECT r.record_id, r.field_id, COALESCE(t.id, c.id) AS target_id FROM field_references r
LEFT JOIN contacts a ON a.id = r.target_id LEFT JOIN contacts t ON t.id = COALESCE(a.merged_into, a.id) AND t.deleted_at IS NULL
LEFT JOIN companies b ON b.id = r.target_id LEFT JOIN companies c ON c.id = COALESCE(b.merged_into, b.id) AND c.deleted_at IS NULL
WHERE COALESCE(t.id, c.id) <> r.record_id;

-- For other rooms: what whom a contact's fields name is called, by the field's key; nobody's address.
CREATE VIEW v_identify_named AS
SELECT m.record_id AS contact_id, f.key, COALESCE(t.name, c.name) AS name FROM field_meanings m
JOIN fields f ON f.id = m.field_id AND f.deleted_at IS NULL AND f.subject = 'contact'
LEFT JOIN contacts t ON t.id = m.target_id LEFT JOIN companies c ON c.id = m.target_id;

-- For rules of other rooms.
CREATE VIEW v_identify_reference AS SELECT record_id, field_id, target_id FROM field_meanings;

-- The same of the companies that are there.
CREATE VIEW v_identify_company_reference AS
SELECT m.record_id AS company_id, m.field_id, m.target_id FROM companies o JOIN field_meanings m ON m.record_id = o.id WHERE o.deleted_at IS NULL;

-- Who names a record, whether it is there or not.
CREATE VIEW v_identify_naming AS SELECT target_id, field_id, record_id FROM field_references;
