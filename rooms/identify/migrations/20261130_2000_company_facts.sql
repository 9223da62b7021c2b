-- For other rooms: what is known of companies beside their own columns, as long as they are not deleted. A row of one of these fields is a company's.
CREATE VIEW v_identify_company_field AS SELECT id, key, label, kind, currency, options, revision, position FROM fields
WHERE deleted_at IS NULL AND subject = 'company';
-- The fields of both, for whoever only wants to know that one has changed.
CREATE VIEW v_identify_any_field AS SELECT id, revision FROM fields WHERE deleted_at IS NULL;
CREATE VIEW v_identify_company_text AS SELECT v.record_id AS company_id, v.field_id, v.value_key FROM field_texts v
JOIN companies c ON c.id = v.record_id AND c.deleted_at IS NULL;
CREATE VIEW v_identify_company_number AS SELECT v.record_id AS company_id, v.field_id, v.value FROM field_numbers v
JOIN companies c ON c.id = v.record_id AND c.deleted_at IS NULL;
CREATE VIEW v_identify_company_choice AS SELECT v.record_id AS company_id, v.field_id, v.choice FROM field_choices v
JOIN companies c ON c.id = v.record_id AND c.deleted_at IS NULL;

-- Every tag of every company, folded, under each of its names.
CREATE VIEW v_identify_company_tag AS
SELECT h.record_id AS company_id, t.name_key AS value FROM record_tags h JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL
JOIN companies c ON c.id = h.record_id AND c.deleted_at IS NULL WHERE h.subject = 'company'
UNION ALL
SELECT h.record_id AS company_id, a.name_key AS value FROM record_tags h JOIN tag_aliases a ON a.tag_id = h.tag_id
JOIN tags t ON t.id = h.tag_id AND t.name_key IS NOT NULL
JOIN companies c ON c.id = h.record_id AND c.deleted_at IS NULL WHERE h.subject = 'company';
